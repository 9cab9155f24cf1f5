/** Residency at the wire: budgets, eviction with contents that come back, offer and reclaim, priorities, small memory. */

import { assert, assertEquals } from "@std/assert";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_CPU_VISIBLE } from "../../../uapi/dxg_driver.ts";
import { DxpWriter } from "../../../uapi/dxp_encode.ts";
import * as isa from "../../../uapi/dxp_isa.ts";
import type { DxpOp } from "../../../uapi/dxp.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import * as nt from "../../../uapi/ntstatus.ts";
import { CpuEngine, TestGuest, words } from "./testing.ts";

const PAGE = 4096;
const CANT_TRIM = kmt.d3dddi_makeresident_flags.cant_trim_further;

/** A guest with 64 KiB of GPU memory, and a way to run one packet. */
class Small extends TestGuest {
  dev = 0;
  ctx = 0;
  queue = 0;
  #code = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(options: ConstructorParameters<typeof TestGuest>[0] = {}) {
    super({ localMemory: 16 * PAGE, ...options });
    this.boot();
    this.open();
  }

  open(): void {
    this.dev = this.device();
    this.ctx = this.context(this.dev);
    this.queue = this.pagingQueue(this.dev).paging_queue;
    const { handles: [code] } = this.allocate(this.dev, [this.priv(PAGE, DXG_ALLOCATION_CPU_VISIBLE)]);
    this.#bytes = this.lock(this.dev, code, PAGE);
    this.#code = this.map(this.queue, code, 1);
    this.resident(this.queue, [code]);
  }

  run(op: DxpOp, operands: readonly number[]): void {
    const writer = new DxpWriter().put(op, operands).end();
    this.#bytes.set(new Uint8Array(writer.words.slice().buffer));
    this.submit(this.ctx, this.#code, writer.length * 4);
  }

  /** Device memory of some pages, and its address. */
  memoryOf(pages: number): { readonly handle: number; readonly va: number } {
    const { handles: [handle] } = this.allocate(this.dev, [this.priv(pages * PAGE)]);
    return { handle, va: this.map(this.queue, handle, pages) };
  }

  evict(allocations: readonly number[], flags = 0): number {
    return this.ask("EVICT", vmb.dxgkvmb_command_evict, vmb.dxgkvmb_command_evict_return, {
      device: this.dev,
      alloc_count: allocations.length,
      flags,
    }, words(allocations)).num_bytes_to_trim;
  }

  where(allocations: readonly number[]): number[] {
    const { all } = this.ask(
      "QUERYALLOCATIONRESIDENCY",
      vmb.dxgkvmb_command_queryallocationresidency,
      vmb.dxgkvmb_command_queryallocationresidency_return,
      { args: { device: this.dev, allocation_count: allocations.length } },
      words(allocations),
    );
    return [...new Uint32Array(all.slice(4).buffer)];
  }

  info(group = 0): number[] {
    const { budget, current_usage, current_reservation, available_for_reservation } = this.ask(
      "QUERYVIDEOMEMORYINFO",
      vmb.dxgkvmb_command_queryvideomemoryinfo,
      vmb.dxgkvmb_command_queryvideomemoryinfo_return,
      { memory_segment_group: group },
    );
    return [budget, current_usage, current_reservation, available_for_reservation].map((bytes) => bytes / PAGE);
  }

  reclaim(allocations: readonly number[]): number[] {
    const reply = this.ask(
      "RECLAIMALLOCATIONS",
      vmb.dxgkvmb_command_reclaimallocations,
      vmb.dxgkvmb_command_reclaimallocations_return,
      { paging_queue: this.queue, allocation_count: allocations.length, write_results: 1 },
      words(allocations),
    );
    assertEquals(reply.status, nt.STATUS_PENDING);
    const view = new DataView(reply.all.buffer);
    return allocations.map((_, i) => view.getUint32(12 + 4 * i, true));
  }

  offer(allocations: readonly number[]): number {
    return this.tell("OFFERALLOCATIONS", vmb.dxgkvmb_command_offerallocations, {
      device: this.dev,
      allocation_count: allocations.length,
      priority: kmt._D3DKMT_OFFER_PRIORITY_NORMAL,
    }, words(allocations));
  }

  /** The first word of device memory, copied out by the GPU. */
  read(va: number): number {
    const { handles: [out] } = this.allocate(this.dev, [this.priv(PAGE, DXG_ALLOCATION_CPU_VISIBLE)]);
    const bytes = this.lock(this.dev, out, PAGE);
    const to = this.map(this.queue, out, 1);
    this.resident(this.queue, [out]);
    this.run(isa.DXP_COPY_LINEAR, [to, va, 4]);
    return bytes[0];
  }
}

Deno.test("evicted contents are saved, and come back when the allocation is made resident again", () => {
  using g = new Small();
  const a = g.memoryOf(10), b = g.memoryOf(10);
  assertEquals(g.resident(g.queue, [a.handle]).status, nt.STATUS_PENDING);
  g.run(isa.DXP_FILL, [a.va, 10 * PAGE, 0x77]);
  assertEquals(g.resident(g.queue, [a.handle]).status, 0); // it is there
  // b does not fit beside a, which is pinned twice.
  assertEquals(g.resident(g.queue, [b.handle]).status, nt.STATUS_NO_MEMORY);
  g.evict([a.handle], kmt.d3dddi_evict_flags.evict_only_if_necessary);
  g.evict([a.handle], kmt.d3dddi_evict_flags.evict_only_if_necessary);
  assertEquals(g.where([a.handle, b.handle]), [1, 3]);
  assertEquals(g.resident(g.queue, [b.handle]).status, nt.STATUS_PENDING);
  assertEquals(g.where([a.handle, b.handle]), [3, 1]);
  g.run(isa.DXP_FILL, [b.va, 10 * PAGE, 0x33]);
  g.evict([b.handle]);
  g.resident(g.queue, [a.handle]);
  assertEquals([g.read(a.va), g.adapter.vram.statistics.restores], [0x77, 1]);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
});

Deno.test("the paging fence has the value of what is done", () => {
  using g = new Small();
  const paging = g.pagingQueue(g.dev);
  const a = g.memoryOf(2);
  const { paging_fence_value: value } = g.resident(paging.paging_queue, [a.handle]);
  assertEquals(g.peek(paging.fence_storage_physical_address + BigInt(paging.fence_storage_offset)), value);
  assert(value > 0n);
});

Deno.test("eviction waits for the GPU: the paging fence comes when the job is done", () => {
  using g = new Small({ engine: new CpuEngine({ nonLocalMemory: 0 }) });
  const a = g.memoryOf(10), b = g.memoryOf(10);
  g.resident(g.queue, [a.handle]);
  const paging = g.pagingQueue(g.dev);
  const gpa = paging.fence_storage_physical_address + BigInt(paging.fence_storage_offset);
  g.engine.mode = "step";
  g.run(isa.DXP_FILL, [a.va, 4, 0x12]);
  g.evict([a.handle]);
  assertEquals(g.where([a.handle]), [1]);
  const reply = g.resident(paging.paging_queue, [b.handle]);
  assertEquals([reply.status, g.peek(gpa)], [nt.STATUS_PENDING, 0n]);
  g.engine.step();
  g.host.poll();
  assertEquals([g.peek(gpa), g.where([a.handle, b.handle])], [reply.paging_fence_value, [3, 1]]);
  g.evict([b.handle]);
  g.engine.mode = "auto";
  g.resident(g.queue, [a.handle]);
  assertEquals(g.read(a.va), 0x12);
});

Deno.test("an allocation that is not resident faults, whether or not its memory is still there", () => {
  using g = new Small();
  const a = g.memoryOf(2);
  g.resident(g.queue, [a.handle]);
  g.evict([a.handle], kmt.d3dddi_evict_flags.evict_only_if_necessary);
  assertEquals(g.where([a.handle]), [1]);
  g.run(isa.DXP_FILL, [a.va, 4, 1]);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
});

Deno.test("beyond the budget make-resident says how much to trim, unless the process cannot", () => {
  using g = new Small();
  const a = g.memoryOf(10), b = g.memoryOf(10);
  g.resident(g.queue, [a.handle]);
  const refused = g.resident(g.queue, [b.handle]);
  assertEquals([refused.status, refused.num_bytes_to_trim], [nt.STATUS_NO_MEMORY, 4 * PAGE]);
  // With system memory behind it there is another segment to go to.
  assertEquals(g.resident(g.queue, [b.handle], CANT_TRIM).status, nt.STATUS_PENDING);
  assertEquals(g.where([a.handle, b.handle]), [1, 2]);
  assertEquals(g.info(1)[1], 1 + 10); // the commands are CPU-visible: system memory too
});

Deno.test("without another segment there is no memory, and the pins are taken back", () => {
  using g = new Small({ engine: new CpuEngine({ nonLocalMemory: 0 }) });
  const a = g.memoryOf(10), b = g.memoryOf(10);
  g.resident(g.queue, [a.handle]);
  assertEquals(g.resident(g.queue, [b.handle], CANT_TRIM).status, nt.STATUS_NO_MEMORY);
  assertEquals(g.info()[1], 11);
  g.evict([a.handle]);
  assertEquals(g.resident(g.queue, [b.handle]).status, nt.STATUS_PENDING);
});

Deno.test("offered memory is dropped first, and reclaim says whether the content is lost", () => {
  using g = new Small({ engine: new CpuEngine({ nonLocalMemory: 0 }) });
  const a = g.memoryOf(6), b = g.memoryOf(6);
  g.resident(g.queue, [a.handle, b.handle]);
  g.run(isa.DXP_FILL, [a.va, 4, 0x44]);
  assertEquals(g.offer([a.handle]), 0);
  assertEquals(g.reclaim([a.handle]), [kmt._D3DDDI_RECLAIM_RESULT_OK]);
  g.offer([a.handle]);
  const c = g.memoryOf(6);
  assertEquals(g.resident(g.queue, [c.handle], CANT_TRIM).status, nt.STATUS_PENDING);
  g.evict([c.handle]);
  assertEquals(g.reclaim([a.handle, b.handle]), [
    kmt._D3DDDI_RECLAIM_RESULT_DISCARDED,
    kmt._D3DDDI_RECLAIM_RESULT_OK,
  ]);
  assertEquals([g.read(a.va), g.adapter.vram.statistics.discards], [0, 1]);
  g.offer([b.handle]);
  g.run(isa.DXP_FILL, [b.va, 4, 1]);
  assertEquals(g.state(g.dev), kmt._D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
});

Deno.test("two processes: who has more than a share gives way, and gets it back before its next job", () => {
  using g = new Small({ engine: new CpuEngine({ nonLocalMemory: 0 }) });
  const a = g.memoryOf(5), b = g.memoryOf(5);
  g.resident(g.queue, [a.handle, b.handle]);
  g.run(isa.DXP_FILL, [a.va, 4, 0x61]);
  const first = { process: g.process, dev: g.dev, ctx: g.ctx, queue: g.queue };
  g.createProcess(2);
  const run = g.run.bind(g);
  const other = g.device();
  const { paging_queue: queue } = g.pagingQueue(other);
  const { handles: [mine] } = g.allocate(other, [g.priv(7 * PAGE)]);
  assertEquals(g.resident(queue, [mine]).status, nt.STATUS_PENDING);
  assert(g.adapter.vram.statistics.evictions > 0);
  g.tell("DESTROYDEVICE", vmb.dxgkvmb_command_destroydevice, { device: other });
  g.process = first.process;
  run(isa.DXP_FILL, [b.va, 4, 0x62]);
  assertEquals(g.state(first.dev), kmt._D3DKMT_DEVICEEXECUTION_ACTIVE);
  assertEquals(g.adapter.vram.statistics.restores, g.adapter.vram.statistics.evictions);
});

Deno.test("QUERYVIDEOMEMORYINFO and CHANGEVIDEOMEMORYRESERVATION", () => {
  using g = new Small();
  const reserve = (pages: number, more: object = {}): number =>
    g.tell("CHANGEVIDEOMEMORYRESERVATION", vmb.dxgkvmb_command_changevideomemoryreservation, {
      args: { reservation: pages * PAGE, ...more },
    });
  assertEquals(g.info(), [16, 0, 0, 8]);
  assertEquals(reserve(8), 0);
  assertEquals(g.info(), [16, 0, 8, 8]);
  assertEquals(reserve(9), nt.STATUS_INVALID_PARAMETER);
  assertEquals(reserve(1, { process: 5n }), nt.STATUS_INVALID_PARAMETER);
  assertEquals(reserve(1, { memory_segment_group: 2 }), nt.STATUS_INVALID_PARAMETER);
  const first = g.process;
  g.createProcess(3);
  assertEquals(g.info(), [8, 0, 0, 0]); // what others reserved is no budget
  g.process = first;
});

Deno.test("allocation priorities are kept, and decide who goes first", () => {
  using g = new Small();
  const a = g.memoryOf(6), b = g.memoryOf(6), c = g.memoryOf(6);
  const set = (list: readonly number[], priorities: readonly number[]): number =>
    g.tell("SETALLOCATIONPRIORITY", vmb.dxgkvmb_command_setallocationpriority, {
      device: g.dev,
      allocation_count: list.length,
    }, words([...list, ...priorities]));
  assertEquals(set([a.handle, b.handle], [0xa000_0000, 0x5000_0000]), 0);
  assertEquals(set([a.handle], [5]), nt.STATUS_INVALID_PARAMETER);
  assertEquals(set([a.handle], []), nt.STATUS_INVALID_PARAMETER);
  const got = g.ask(
    "GETALLOCATIONPRIORITY",
    vmb.dxgkvmb_command_getallocationpriority,
    vmb.dxgkvmb_command_getallocationpriority_return,
    { device: g.dev, allocation_count: 2 },
    words([a.handle, b.handle]),
  );
  assertEquals([...new Uint32Array(got.all.slice(4).buffer)], [0xa000_0000, 0x5000_0000]);
  g.resident(g.queue, [a.handle, b.handle]);
  g.evict([a.handle, b.handle], kmt.d3dddi_evict_flags.evict_only_if_necessary);
  g.resident(g.queue, [c.handle]);
  assertEquals(g.where([a.handle, b.handle, c.handle]), [1, 3, 1]);
});

Deno.test("UPDATEALLOCATIONPROPERTY restricts and orders segments", () => {
  using g = new Small();
  const a = g.memoryOf(2);
  const update = (members: object): number =>
    g.ask(
      "UPDATEALLOCATIONPROPERTY",
      vmb.dxgkvmb_command_updateallocationproperty,
      vmb.dxgkvmb_command_updateallocationproperty_return,
      { args: { paging_queue: g.queue, allocation: a.handle, ...members } },
    ).status;
  const mask = kmt.d3dddi_updateallocproperty_property_mask;
  assertEquals(update({ property_mask_value: mask.set_preferred_segment, preferred_segment: 2 }), nt.STATUS_PENDING);
  g.resident(g.queue, [a.handle]);
  assertEquals(g.where([a.handle]), [2]);
  assertEquals(
    update({ property_mask_value: mask.set_supported_segmentSet, supported_segment_set: 4 }),
    nt.STATUS_INVALID_PARAMETER,
  );
  assertEquals(update({ property_mask_value: 8 }), nt.STATUS_INVALID_PARAMETER);
});

for (
  const [name, change] of Object.entries<(g: Small, a: number) => number>({
    "of another process": (g, a) => {
      const { queue } = g;
      g.createProcess(9);
      return g.resident(queue, [a]).status;
    },
    "of another device": (g, a) => g.resident(g.pagingQueue(g.device()).paging_queue, [a]).status,
    "of none": (g) => g.resident(g.queue, []).status,
    "that are devices": (g) => g.resident(g.queue, [g.dev]).status,
    "that were destroyed": (g, a) => {
      g.tell("DESTROYALLOCATION", vmb.dxgkvmb_command_destroyallocation, { device: g.dev, alloc_count: 1 }, words([a]));
      return g.resident(g.queue, [a]).status;
    },
    "with unknown flags": (g, a) => g.resident(g.queue, [a], 0x10).status,
    "that are offered": (g, a) => (g.offer([a]), g.resident(g.queue, [a]).status),
  })
) {
  Deno.test(`MAKERESIDENT refuses allocations ${name}`, () => {
    using g = new Small();
    const { handle } = g.memoryOf(1);
    const before = g.info()[1];
    assert(change(g, handle) < 0);
    assertEquals(g.info()[1], before);
  });
}
