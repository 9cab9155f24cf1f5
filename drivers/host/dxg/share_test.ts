/** Sharing between processes: resources, synchronization objects, handles that live and die. */

import { assert, assertEquals } from "@std/assert";
import * as kmt from "../../../uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_CPU_VISIBLE } from "../../../uapi/dxg_driver.ts";
import * as vmb from "../../../uapi/dxgvmbus.ts";
import * as nt from "../../../uapi/ntstatus.ts";
import { TestGuest } from "./testing.ts";

const CREATE = kmt.d3dkmt_createallocationflags;
const SHARED = CREATE.create_resource | CREATE.create_shared | CREATE.nt_security_sharing;

function share(g: TestGuest, object: number): number {
  return g.tell("CREATENTSHAREDOBJECT", vmb.dxgkvmb_command_createntsharedobject, { object }) >>> 0;
}

function open(g: TestGuest, device: number, global_share: number, allocation_count = 2, bytes = 112) {
  const reply = g.ask("OPENRESOURCE", vmb.dxgkvmb_command_openresource, vmb.dxgkvmb_command_openresource_return, {
    device,
    nt_security_sharing: 1,
    global_share,
    allocation_count,
    total_priv_drv_data_size: bytes,
  });
  return { reply, handles: [...new Uint32Array(reply.all.slice(8, 8 + 4 * allocation_count).buffer)] };
}

Deno.test("two processes see the same memory, and it outlives its creator", () => {
  using g = new TestGuest();
  g.boot();
  const first = g.device();
  const visible = g.priv(4096, DXG_ALLOCATION_CPU_VISIBLE);
  const made = g.allocate(first, [visible, g.priv(8192)], SHARED);
  g.lock(first, made.handles[0], 4096)[9] = 0x42;
  const handle = share(g, made.resource);
  assert(handle !== 0);
  const creator = g.process;
  g.createProcess(2);
  const second = g.device();
  const { reply, handles } = open(g, second, handle);
  assertEquals([reply.status, reply.all.length, g.lock(second, handles[0], 4096)[9]], [0, 16, 0x42]);
  g.tell("DESTROYPROCESS", vmb.dxgkvmb_command_destroyprocess, {}, [], { process: creator } as never);
  assertEquals(g.lock(second, handles[0], 4096)[9], 0x42);
  g.tell("DESTROYALLOCATION", vmb.dxgkvmb_command_destroyallocation, { device: second, resource: reply.resource });
  // The NT handle still names it.
  assertEquals(open(g, second, handle).reply.status, 0);
  g.tell("DESTROYNTSHAREDOBJECT", vmb.dxgkvmb_command_destroyntsharedobject, { shared_handle: handle });
  assertEquals(open(g, second, handle).reply.status, nt.STATUS_INVALID_HANDLE);
  g.tell("DESTROYPROCESS", vmb.dxgkvmb_command_destroyprocess, {});
  assertEquals([g.adapter.vram.count, g.host.shared.count], [0, 0]);
});

Deno.test("sharing seals a resource: it gets no further allocations", () => {
  using g = new TestGuest();
  g.boot();
  const device = g.device();
  const made = g.allocate(device, [g.priv(4096)], SHARED);
  assertEquals(g.allocate(device, [g.priv(4096)], 0, made.resource).handles[0] !== 0, true);
  share(g, made.resource);
  assertEquals(g.allocate(device, [g.priv(4096)], 0, made.resource).handles[0], 0);
});

Deno.test("a shared fence wakes the other process, and shows it the value", () => {
  using g = new TestGuest();
  g.boot();
  const first = g.device();
  const flags = kmt.d3dddi_synchronizationobject_flags;
  const fence = g.fence(first, flags.shared | flags.nt_security_sharing);
  assertEquals(fence.fence_storage_offset, 0); // alone in its page: others may map it
  const handle = share(g, fence.sync_object);
  const creator = g.process;
  g.createProcess(2);
  const second = g.device();
  const opened = g.ask(
    "OPENSYNCOBJECT",
    vmb.dxgkvmb_command_opensyncobject,
    vmb.dxgkvmb_command_opensyncobject_return,
    {
      device: second,
      global_sync_object: handle,
    },
  );
  assertEquals([opened.status, opened.guest_cpu_physical_address], [0, fence.fence_storage_address]);
  g.waitCpu(second, [opened.sync_object], [3n], 8n);
  const other = g.process;
  g.process = creator;
  g.signal([fence.sync_object], [3n], [], first);
  assertEquals([g.events(), g.peek(opened.guest_cpu_physical_address)], [[8n], 3n]);
  // The end of the creator leaves the opener's handle good.
  g.tell("DESTROYPROCESS", vmb.dxgkvmb_command_destroyprocess, {});
  g.process = other;
  assertEquals(g.signal([opened.sync_object], [4n], [], second), 0);
});

Deno.test("SHAREOBJECTWITHHOST names an object for the host", () => {
  using g = new TestGuest();
  g.boot();
  const device = g.device();
  const { resource } = g.allocate(device, [g.priv(4096)], SHARED);
  const ask = (members: object) =>
    g.ask(
      "SHAREOBJECTWITHHOST",
      vmb.dxgkvmb_command_shareobjectwithhost,
      vmb.dxgkvmb_command_shareobjectwithhost_return,
      { device_handle: device, object_handle: resource, ...members },
    );
  const { status, vail_nt_handle } = ask({});
  assertEquals([status, g.host.shared.get(Number(vail_nt_handle))?.object.content.kind], [0, "resource"]);
  assertEquals(ask({ reserved: 1n }).status, nt.STATUS_INVALID_PARAMETER);
  assertEquals(ask({ object_handle: device }).status, nt.STATUS_INVALID_PARAMETER);
  // Nobody destroys such a handle: it goes with the process.
  g.tell("DESTROYPROCESS", vmb.dxgkvmb_command_destroyprocess, {});
  assertEquals([g.host.shared.count, g.adapter.vram.count], [0, 0]);
});

for (
  const [name, change] of Object.entries<(g: TestGuest, device: number) => number>({
    "a resource that was made without": (g, d) =>
      share(g, g.allocate(d, [g.priv(4096)], CREATE.create_resource).resource),
    "a fence that was made without": (g, d) => share(g, g.fence(d).sync_object),
    "a device": (g, d) => share(g, d),
    "a handle that is none": (g) => share(g, 0x4000_4000),
  })
) {
  Deno.test(`CREATENTSHAREDOBJECT refuses ${name}`, () => {
    using g = new TestGuest();
    g.boot();
    assertEquals(change(g, g.device()), 0);
    assertEquals(g.host.shared.count, 0);
  });
}

for (
  const [name, change] of Object.entries<(g: TestGuest, device: number, handle: number) => number>({
    "another count": (g, d, h) => open(g, d, h, 1).reply.status,
    "another size": (g, d, h) => open(g, d, h, 2, 111).reply.status,
    "a stale handle": (g, d, h) => open(g, d, h + 1).reply.status,
    "a fence": (g, d) => open(g, d, share(g, g.fence(d, 3).sync_object)).reply.status,
    "a count beyond all packets": (g, d, h) => open(g, d, h, 0xffff_ffff).reply.status,
  })
) {
  Deno.test(`OPENRESOURCE refuses ${name}`, () => {
    using g = new TestGuest();
    g.boot();
    const device = g.device();
    const { resource } = g.allocate(device, [g.priv(4096), g.priv(4096)], SHARED);
    const handle = share(g, resource);
    assertEquals(open(g, device, handle).reply.status, 0);
    const before = g.host.processes.get(g.process)?.count ?? 0;
    assert(change(g, device, handle) < 0);
    assert((g.host.processes.get(g.process)?.count ?? 0) <= before + 1); // the fence of one case
  });
}
