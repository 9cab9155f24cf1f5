/** Allocations at the wire: private data, resources, existing memory, standard allocations, locks; addresses. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ACCESS_READ, ACCESS_WRITE, type EngineRange } from "../../../core/host_dxg.ts";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import * as driver from "../../../uapi/dxg_driver.ts";
import { DRM_FORMAT_NV12, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import { DxpWriter } from "../../../uapi/dxp_encode.ts";
import * as isa from "../../../uapi/dxp_isa.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import * as nt from "../../../uapi/ntstatus.ts";
import { CpuEngine, longs, TestGuest, words } from "./testing.ts";

const CREATE = kmt.d3dkmt_createallocationflags;
const VISIBLE = driver.DXG_ALLOCATION_CPU_VISIBLE;
const SYSMEM = driver.DXG_ALLOCATION_EXISTING_SYSMEM;
const IMAGE = { usage: driver.DXG_USAGE_IMAGE, format: DRM_FORMAT_XRGB8888, width: 100, height: 10 };

function boot(options: ConstructorParameters<typeof TestGuest>[0] = {}): TestGuest {
  return new TestGuest(options).boot();
}

Deno.test("CREATEALLOCATION answers with handles, sizes and the private data, filled in", () => {
  using g = boot();
  const device = g.device();
  const reply = g.allocate(device, [g.priv(5000, VISIBLE), g.priv(0, 0, IMAGE)], CREATE.create_resource);
  assertEquals(reply.all.length, 16 + 2 * 72 + 2 * 56);
  const info = (i: number) => vmb.dxgkvmb_command_allocinfo_return.at(reply.all, 16 + 72 * i);
  assertEquals([info(0).allocation_size, info(1).allocation_size], [8192, 8192]);
  const data = driver.dxg_driver_allocation.at(reply.all, 16 + 144 + 56);
  assertEquals([data.pitch, data.size], [512, 8192]); // 100 pixels of 4 bytes, rounded up to 256
  assert(reply.resource !== 0);
  assertEquals(
    g.tell("DESTROYALLOCATION", vmb.dxgkvmb_command_destroyallocation, { device, resource: reply.resource }),
    0,
  );
  assertEquals(g.adapter.vram.count, 0);
});

for (
  const [name, change] of Object.entries<(g: TestGuest) => Uint8Array>({
    "private data that is short": (g) => g.priv(4096).subarray(0, 48),
    "private data of another driver": () => new Uint8Array(536).fill(7),
    "no size": (g) => g.priv(0),
    "more than there is": (g) => g.priv(2 ** 40),
    "more than any address space holds": (g) => g.priv(2 ** 52),
    "unknown flags": (g) => g.priv(4096, 8),
    "unknown usages": (g) => g.priv(4096, 0, { usage: 8 }),
    "reserved bits": (g) => g.priv(4096, 0, { reserved: 1n }),
    "a buffer with a format": (g) => g.priv(4096, 0, { format: DRM_FORMAT_XRGB8888 }),
    "an image without a format": (g) => g.priv(0, 0, { ...IMAGE, format: 0 }),
    "an image of two planes": (g) => g.priv(0, 0, { ...IMAGE, format: DRM_FORMAT_NV12 }),
    "an image of no lines": (g) => g.priv(0, 0, { ...IMAGE, height: 0 }),
    "a pitch that is too short": (g) => g.priv(0, 0, { ...IMAGE, pitch: 399 }),
    "a size that is too small": (g) => g.priv(100, 0, IMAGE),
    "a modifier that is not linear": (g) => g.priv(0, 0, { ...IMAGE, modifier: 1n }),
    "existing memory without its flag": (g) => g.priv(4096, SYSMEM),
  })
) {
  Deno.test(`CREATEALLOCATION refuses ${name}, and undoes what it made before`, () => {
    using g = boot();
    const device = g.device();
    const reply = g.allocate(device, [g.priv(4096), change(g)], CREATE.create_resource);
    assertEquals([reply.resource, ...reply.handles], [0, 0, 0]);
    assertEquals([g.adapter.vram.count, g.host.processes.get(g.process)?.count], [0, 1]);
    assertEquals(g.host.processes.get(g.process)?.memory, 0);
  });
}

Deno.test("CREATEALLOCATION refuses flags that do not go together, and counts beyond the message", () => {
  using g = boot();
  const device = g.device();
  const one = g.priv(4096);
  for (const flags of [CREATE.create_shared, CREATE.create_protected, CREATE.existing_section, 1 << 18]) {
    assertEquals(g.allocate(device, [one], flags).handles, [0]);
  }
  for (const alloc_count of [0, 2, 1025, 0xffff_ffff]) {
    const { bytes } = g.send(g.packet("CREATEALLOCATION", { device, alloc_count } as never, new Uint8Array(12)));
    assertEquals(new DataView(bytes.buffer).getUint32(16, true), 0);
  }
});

Deno.test("a process has so much memory and no more", () => {
  using g = boot({ limits: { memory: 10 * 4096 } });
  const device = g.device();
  const { handles: [a] } = g.allocate(device, [g.priv(8 * 4096)]);
  assertEquals(g.allocate(device, [g.priv(3 * 4096)]).handles, [0]);
  g.tell("DESTROYALLOCATION", vmb.dxgkvmb_command_destroyallocation, { device, alloc_count: 1 }, words([a]));
  assert(g.allocate(device, [g.priv(3 * 4096)]).handles[0] !== 0);
});

Deno.test("DESTROYALLOCATION refuses parts of resources, both and neither, and stale handles", () => {
  using g = boot();
  const device = g.device();
  const { resource, handles: [part] } = g.allocate(device, [g.priv(4096)], CREATE.create_resource);
  const { handles: [plain] } = g.allocate(device, [g.priv(4096)]);
  const destroy = (members: object, list: readonly number[]): number =>
    g.tell("DESTROYALLOCATION", vmb.dxgkvmb_command_destroyallocation, {
      device,
      alloc_count: list.length,
      ...members,
    }, words(list));
  assertEquals(destroy({}, [part]), nt.STATUS_INVALID_PARAMETER);
  assertEquals(destroy({ resource }, [plain]), nt.STATUS_INVALID_PARAMETER);
  assertEquals(destroy({}, []), nt.STATUS_INVALID_PARAMETER);
  assertEquals(destroy({ device: g.device() }, [plain]), nt.STATUS_INVALID_PARAMETER);
  assertEquals(destroy({}, [plain, plain]), 0); // once
  assertEquals(destroy({}, [plain]), nt.STATUS_INVALID_HANDLE);
  assertEquals(destroy({ resource }, []), 0);
});

Deno.test("LOCK2 counts; what the CPU cannot see is not locked", () => {
  using g = boot();
  const device = g.device();
  const { handles: [a, b] } = g.allocate(device, [g.priv(4096, VISIBLE), g.priv(4096)]);
  const unlock = (allocation: number): number =>
    g.tell("UNLOCK2", vmb.dxgkvmb_command_unlock2, { args: { device, allocation } });
  const lock = (allocation: number) =>
    g.ask("LOCK2", vmb.dxgkvmb_command_lock2, vmb.dxgkvmb_command_lock2_return, { args: { device, allocation } });
  const first = lock(a).cpu_visible_buffer_offset;
  assertEquals([lock(a).cpu_visible_buffer_offset, lock(b).status], [first, nt.STATUS_INVALID_PARAMETER]);
  assertEquals([unlock(a), unlock(a), unlock(a)], [0, 0, nt.STATUS_INVALID_PARAMETER]);
  assertEquals(g.memory.find(Number(first)), undefined);
  const invalidate = (offset: number, length: number): number =>
    g.tell("INVALIDATECACHE", vmb.dxgkvmb_command_invalidatecache, { device, allocation: a, offset, length });
  assertEquals([invalidate(0, 4096), invalidate(1, 4096)], [0, nt.STATUS_INVALID_PARAMETER]);
});

for (const canImport of [true, false]) {
  Deno.test(`existing memory is read and written by the GPU, ${canImport ? "in place" : "by copies"}`, () => {
    const engine = new CpuEngine();
    engine.canImport = canImport;
    using g = boot({ engine });
    const device = g.device();
    const context = g.context(device);
    const { paging_queue: queue } = g.pagingQueue(device);
    const { handles: [a] } = g.allocate(device, [g.priv(3 * 4096, SYSMEM)], CREATE.existing_sysmem);
    assertEquals(g.resident(queue, [a]).status, nt.STATUS_INVALID_PARAMETER); // not all pages are known
    const { gpa, pages } = g.pages(3);
    const order = canImport ? [0, 1, 2] : [2, 0, 1];
    const pfns = order.map((i) => BigInt(gpa / 4096 + i));
    const set = (list: readonly bigint[], alloc_offset_in_pages: number): number =>
      g.tell("SETEXISTINGSYSMEMPAGES", vmb.dxgkvmb_command_setexistingsysmempages, {
        device,
        allocation: a,
        num_pages: list.length,
        alloc_offset_in_pages,
      }, longs(list));
    assertEquals(set([0x9_9999_9999n], 0), nt.STATUS_INVALID_PARAMETER);
    assertEquals(set(pfns.slice(0, 2), 0), 0);
    assertEquals(set(pfns.slice(2), 1), nt.STATUS_INVALID_PARAMETER);
    assertEquals(set([...pfns.slice(2), 1n], 2), nt.STATUS_INVALID_PARAMETER);
    assertEquals(set(pfns.slice(2), 2), 0);
    const { handles: [code] } = g.allocate(device, [g.priv(4096, VISIBLE)]);
    const va = g.map(queue, a, 3), at = g.map(queue, code, 1);
    assertEquals(g.resident(queue, [a, code]).status, nt.STATUS_PENDING);
    pages.bytes()[order[1] * 4096] = 0x21;
    const writer = new DxpWriter().put(isa.DXP_COPY_LINEAR, [va + 8192, va + 4096, 4]).end();
    g.lock(device, code, 4096).set(new Uint8Array(writer.words.slice().buffer));
    g.submit(context, at, writer.length * 4);
    assertEquals(pages.bytes()[order[2] * 4096], 0x21);
    assertEquals(g.state(device), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
  });
}

Deno.test("SETEXISTINGSYSMEMSTORE takes the pages behind a GPADL", () => {
  using g = boot();
  const device = g.device();
  const { handles: [a] } = g.allocate(device, [g.priv(8192, SYSMEM)], CREATE.existing_sysmem);
  const { gpa } = g.pages(2);
  g.gpadls.set(5, [{ gpa, length: 8192 }]);
  const set = (gpadl: number): number =>
    g.tell("SETEXISTINGSYSMEMSTORE", vmb.dxgkvmb_command_setexistingsysmemstore, { device, allocation: a, gpadl });
  assertEquals([set(6), set(5), set(5)], [nt.STATUS_INVALID_HANDLE, 0, nt.STATUS_INVALID_PARAMETER]);
  assertEquals(g.resident(g.pagingQueue(device).paging_queue, [a]).status, nt.STATUS_PENDING);
});

Deno.test("a standard allocation over existing memory: first the sizes, then the data, which makes one", () => {
  using g = boot();
  const device = g.device();
  const ask = (room: number) =>
    g.ask(
      "DDIGETSTANDARDALLOCATIONDRIVERDATA",
      vmb.dxgkvmb_command_getstandardallocprivdata,
      vmb.dxgkvmb_command_getstandardallocprivdata_return,
      {
        alloc_type: kmt._D3DKMDT_STANDARDALLOCATION_GDISURFACE,
        priv_driver_data_size: room,
        gdi_surface: { width: 8192, height: 1, type: kmt._D3DKMDT_GDISURFACE_EXISTINGSYSMEM },
      },
    );
  const { status, priv_driver_data_size: size } = ask(0);
  assertEquals([status, size], [0, 56]);
  const data = ask(size).all.slice(36, 36 + size);
  assert(g.allocate(device, [data], CREATE.existing_sysmem).handles[0] !== 0);
  assertEquals(ask(10).status, nt.STATUS_BUFFER_TOO_SMALL);
});

Deno.test("RESERVE, MAP and FREE of addresses", () => {
  using g = boot();
  const device = g.device();
  const { paging_queue: queue } = g.pagingQueue(device);
  const { handles: [a] } = g.allocate(device, [g.priv(8192)]);
  const reserve = (base: bigint, size: number, more: object = {}): number =>
    Number(
      g.ask(
        "RESERVEGPUVIRTUALADDRESS",
        vmb.dxgkvmb_command_reservegpuvirtualaddress,
        vmb.dxgkvmb_command_reservegpuvirtualaddress_return,
        { args: { base_address: base, size, ...more } },
      ).virtual_address,
    );
  assertEquals(reserve(0x40_0000n, 0x1_0000), 0x40_0000);
  assertEquals(reserve(0x40_0000n, 0x1_0000), 0); // taken
  assertEquals(reserve(0n, 0x1_0000, { minimum_address: 0x50_0000n, maximum_address: 0x51_0000n }), 0x50_0000);
  assertEquals(reserve(0n, 0x1_0000, { minimum_address: 0x50_0000n, maximum_address: 0x51_0000n }), 0); // no room
  assertEquals([reserve(1n, 4096), reserve(0n, 100), reserve(0n, 0), reserve(0n, 4096, { reservation_type: 3 })], [
    0,
    0,
    0,
    0,
  ]);
  assertEquals(g.map(queue, a, 2, 0x40_0000), 0x40_0000);
  assertEquals(g.map(queue, a, 3), 0); // beyond the allocation
  assertEquals(g.map(queue, 0, 1), 0);
  // Emptied again, whether or not what was there is named; but nothing that is not there.
  const empty = (allocation: number): bigint =>
    g.ask(
      "MAPGPUVIRTUALADDRESS",
      vmb.dxgkvmb_command_mapgpuvirtualaddress,
      vmb.dxgkvmb_command_mapgpuvirtualaddress_return,
      {
        args: {
          paging_queue: queue,
          base_address: 0x40_0000n,
          allocation,
          size_in_pages: 2,
          protection: kmt.d3dddigpuva_protection_type.no_access,
        },
      },
    ).virtual_address;
  assertEquals([empty(a), empty(0), empty(a + 0x40)], [0x40_0000n, 0x40_0000n, 0n]);
  const free = (base: bigint, size: number): number =>
    g.tell("FREEGPUVIRTUALADDRESS", vmb.dxgkvmb_command_freegpuvirtualaddress, { args: { base_address: base, size } });
  assertEquals([free(0x40_0000n, 0x1_0000), free(0n, 4096), free(0x40_0000n, 1)], [
    0,
    nt.STATUS_INVALID_PARAMETER,
    nt.STATUS_INVALID_PARAMETER,
  ]);
  assertEquals(reserve(0x40_0000n, 0x1_0000), 0x40_0000);
});

Deno.test("a process may map all addresses that it has on the CPU, and none of the fences'", () => {
  using g = boot();
  const top = 2n ** 47n;
  const reserve = (base_address: bigint, size: number): bigint =>
    g.ask(
      "RESERVEGPUVIRTUALADDRESS",
      vmb.dxgkvmb_command_reservegpuvirtualaddress,
      vmb.dxgkvmb_command_reservegpuvirtualaddress_return,
      { args: { base_address, size } },
    ).virtual_address;
  const asked: [bigint, number][] = [[top - 0x1_0000n, 0x1_0000], [0x7fc5_e486_6000n, 0x1000]];
  for (const [base, size] of asked) assertEquals(reserve(base, size), base);
  assertEquals([reserve(top, 0x1000), reserve(top - 0x1000n, 0x2000)], [0n, 0n]);
});

Deno.test("whatever is mapped and freed, each page shows what was put there last", () => {
  const page = fc.nat(31);
  const step = fc.record({
    op: fc.constantFrom("map", "read", "reserve", "zero", "free", "copy"),
    at: page,
    size: fc.integer({ min: 1, max: 12 }),
    from: page,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      using g = boot();
      const device = g.device();
      const { paging_queue: queue } = g.pagingQueue(device);
      const { handles: [a] } = g.allocate(device, [g.priv(64 * 4096)]);
      g.resident(queue, [a]);
      const process = g.host.processes.get(g.process);
      const space = process?.part(g.adapter).space;
      const backing = process?.allocation(a).backing;
      assert(space !== undefined && backing !== undefined);
      const BASE = 0x100_0000;
      // What each page shows: a page of the allocation, writable or not, zero, or nothing.
      const model: (readonly [page: number, write: boolean] | "zero" | "no access" | undefined)[] = Array(64).fill(
        undefined,
      );
      for (const { op, at, size, from } of steps) {
        const addr = BASE + at * 4096, range = size * 4096;
        if (op === "map" || op === "read") {
          space.map(addr, range, backing, from * 4096, op === "map");
          for (let i = 0; i < size; i++) model[at + i] = [from + i, op === "map"];
        } else if (op === "reserve" || op === "zero") {
          space.reserve(addr, range, op === "zero");
          model.fill(op === "zero" ? "zero" : "no access", at, at + size);
        } else if (op === "free") {
          space.free(addr, range);
          model.fill(undefined, at, at + size);
        } else if (Math.abs(at - from) >= size && space.covers(BASE + from * 4096, range)) {
          space.copy(BASE + from * 4096, addr, range);
          for (let i = 0; i < size; i++) model[at + i] = model[from + i];
        }
        const found: EngineRange = { memory: undefined, offset: 0, length: 0 };
        const user = { touch: () => {}, touchPage: () => {}, mayUse: () => false };
        model.forEach((want, i) => {
          const isMapped = typeof want === "object";
          const readable = space.resolve(BASE + i * 4096 + 5, ACCESS_READ, found, user);
          assertEquals(readable, isMapped || want === "zero");
          if (isMapped) assertEquals([found.memory, found.offset], [backing.memory, want[0] * 4096 + 5]);
          assertEquals(space.resolve(BASE + i * 4096, ACCESS_WRITE, found, user), isMapped && want[1]);
        });
      }
    }),
    { numRuns: 100 },
  );
});
