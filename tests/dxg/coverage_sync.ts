/** Coverage of the ioctls about synchronization objects, shared objects, sync_files and escapes. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_CPU_VISIBLE } from "udrm/uapi/dxg_driver.ts";
import type { View } from "udrm/uapi/struct.ts";
import type { Coverage } from "./coverage.ts";
import type { Client } from "./rig.ts";

const SHARED = k.d3dkmt_createallocationflags.create_resource | k.d3dkmt_createallocationflags.create_shared |
  k.d3dkmt_createallocationflags.nt_security_sharing;
const FENCE_SHARED = k.d3dddi_synchronizationobject_flags.shared |
  k.d3dddi_synchronizationobject_flags.nt_security_sharing;

const pageOf = (fence: View<k.d3dkmt_createsynchronizationobject2>): bigint =>
  fence.info.monitored_fence.fence_cpu_virtual_address;

/** Calls each of them. @param other another process. */
export async function fences(t: Coverage, other: Client): Promise<void> {
  await monitored(t);
  await legacy(t);
  await shared(t, other);
  await syncFiles(t);
  await escapes(t);
}

async function monitored(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const made = k.d3dkmt_createsynchronizationobject2.of({
    device: c.device,
    info: { type: k._D3DDDI_MONITORED_FENCE, monitored_fence: { initial_fence_value: 7n } },
  });
  await t.see("D3DKMTCreateSynchronizationObject2", made, "a fence, its first value in the caller's memory", () => {
    assertEquals(c.peek(pageOf(made)), 7n);
  });
  const fence = made.sync_object, page = pageOf(made);
  const event = c.task.eventfd();
  const wait = c.cpuWait(fence, 8n, event.fd);
  const cpu = k.d3dkmt_signalsynchronizationobjectfromcpu.of({
    device: c.device,
    object_count: 1,
    objects: c.handles(fence),
    fence_values: c.values(8n),
  });
  await t.see(
    "D3DKMTWaitForSynchronizationObjectFromCpu",
    wait,
    "the eventfd counts when the value is there",
    async () => {
      await t.stays(page, 7n);
      assertEquals(event.poll(1), 0);
      assertEquals(kmt.D3DKMTSignalSynchronizationObjectFromCpu(cpu), 0);
      await t.until(() => event.poll(1) === 1, "the eventfd");
    },
  );
  cpu.fence_values = c.values(9n);
  await t.see("D3DKMTSignalSynchronizationObjectFromCpu", cpu, "the fence gets the value", () => t.reach(page, 9n));
  const one = { object_count: 1, objects: c.handles(fence) };
  const behind = c.fence();
  const gpuWait = k.d3dkmt_waitforsynchronizationobjectfromgpu.of({
    context: c.context,
    object_count: 1,
    objects: c.handles(behind.sync_object),
    monitored_fence_values: c.values(1n),
  });
  const gpu = k.d3dkmt_signalsynchronizationobjectfromgpu.of({
    context: c.context,
    ...one,
    monitored_fence_values: c.values(10n),
  });
  await t.see("D3DKMTSignalSynchronizationObjectFromGpu", gpu, "the fence gets the value", () => t.reach(page, 10n));
  await t.see(
    "D3DKMTWaitForSynchronizationObjectFromGpu",
    gpuWait,
    "a signal behind it stays away until then",
    async () => {
      gpu.monitored_fence_values = c.values(11n);
      assertEquals(kmt.D3DKMTSignalSynchronizationObjectFromGpu(gpu), 0);
      await t.stays(page, 10n);
      c.signalFromCpu(behind.sync_object, 1n);
      await t.reach(page, 11n);
    },
  );
  const two = k.d3dkmt_signalsynchronizationobjectfromgpu2.of({
    ...one,
    context_count: 2,
    contexts: c.handles(c.context, c.makeContext()),
    monitored_fence_values: c.values(12n),
  });
  await t.see(
    "D3DKMTSignalSynchronizationObjectFromGpu2",
    two,
    "the fence gets the value by two contexts",
    () => t.reach(page, 12n),
  );
  const destroy = k.d3dkmt_destroysynchronizationobject.of({ sync_object: fence });
  await t.see("D3DKMTDestroySynchronizationObject", destroy, "its handle is dead", () => {
    t.refused(kmt.D3DKMTWaitForSynchronizationObjectFromCpu(c.cpuWait(fence, 1n)));
  });
}

async function legacy(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const made = k.d3dkmt_createsynchronizationobject2.of({
    device: c.device,
    info: { type: k._D3DDDI_SEMAPHORE, semaphore: { max_count: 4, initial_count: 0 } },
  });
  assertEquals(kmt.D3DKMTCreateSynchronizationObject2(made), 0);
  const fence = c.fence(), page = pageOf(fence);
  const context = c.makeContext();
  const wait = k.d3dkmt_waitforsynchronizationobject2.of({
    context,
    object_count: 1,
    object_array: [made.sync_object],
  });
  const other = k.d3dkmt_signalsynchronizationobject2.of({
    context: c.context,
    object_count: 1,
    object_array: [made.sync_object],
  });
  const after = k.d3dkmt_signalsynchronizationobjectfromgpu.of({
    context,
    object_count: 1,
    objects: c.handles(fence.sync_object),
    monitored_fence_values: c.values(1n),
  });
  await t.see(
    "D3DKMTWaitForSynchronizationObject2",
    wait,
    "a semaphore at 0 keeps a signal behind it away",
    async () => {
      assertEquals(kmt.D3DKMTSignalSynchronizationObjectFromGpu(after), 0);
      await t.stays(page, 0n);
    },
  );
  await t.see("D3DKMTSignalSynchronizationObject2", other, "the semaphore's waiter goes on", () => t.reach(page, 1n));
}

async function shared(t: Coverage, other: Client): Promise<void> {
  const { client: c, kmt } = t;
  const fence = c.fence(FENCE_SHARED), out = c.buffer(8);
  const share = k.d3dkmt_shareobjects.of({
    object_count: 1,
    objects: c.handles(fence.sync_object),
    shared_handle: out.address,
  });
  await t.see("D3DKMTShareObjects", share, "a file descriptor, which another process opens", () => {
    const fd = other.task.receive(c.task, Number(c.peek(out.address)));
    assertEquals(other.task.file(fd).file.kind, "dxgsyncobj");
    const open = k.d3dkmt_opensyncobjectfromnthandle2.of({
      device: other.device,
      nt_handle: BigInt(fd),
      flags: FENCE_SHARED,
    });
    assertEquals(other.dxg.ioctl(k.LX_DXOPENSYNCOBJECTFROMNTHANDLE2, open), 0);
    assertEquals(other.signalFromCpu(open.sync_object, 3n), 0);
    assertEquals(c.peek(pageOf(fence)), 3n);
  });
  const theirs = other.fence(FENCE_SHARED);
  const fd = c.task.receive(other.task, other.share(theirs.sync_object));
  const open = k.d3dkmt_opensyncobjectfromnthandle2.of({
    device: c.device,
    nt_handle: BigInt(fd),
    flags: FENCE_SHARED,
  });
  await t.see(
    "D3DKMTOpenSyncObjectFromNtHandle2",
    open,
    "both processes see each other's signals in their pages",
    async () => {
      other.signalFromCpu(theirs.sync_object, 2n);
      await t.reach(open.monitored_fence.fence_value_cpu_va, 2n);
      assertEquals(c.signalFromCpu(open.sync_object, 4n), 0);
      assertEquals(other.peek(pageOf(theirs)), 4n);
    },
  );
  const made = other.allocate(other.privateData(4096, { flags: DXG_ALLOCATION_CPU_VISIBLE }), { flags: SHARED });
  const resource = BigInt(c.task.receive(other.task, other.share(made.resource)));
  const info = k.d3dkmt_queryresourceinfofromnthandle.of({ device: c.device, nt_handle: resource });
  await t.see(
    "D3DKMTQueryResourceInfoFromNtHandle",
    info,
    "what the other process made: one allocation, its private data's size",
    () => {
      assertEquals([info.allocation_count, info.total_priv_drv_data_size], [1, made.data.length]);
    },
  );
  const opened = c.buffer(k.d3dddi_openallocationinfo2.size), data = c.buffer(made.data.length);
  const arg = k.d3dkmt_openresourcefromnthandle.of({
    device: c.device,
    nt_handle: resource,
    allocation_count: 1,
    open_alloc_info: opened.address,
    total_priv_drv_data: data.address,
    total_priv_drv_data_size: data.bytes.length,
  });
  await t.see("D3DKMTOpenResourceFromNtHandle", arg, "the other process's bytes, and its private data", () => {
    other.task.at(other.lock(made.allocation), 1)[0] = 9;
    assertEquals(c.task.at(c.lock(k.d3dddi_openallocationinfo2.at(opened.bytes).allocation), 1)[0], 9);
    assertEquals([...data.bytes.subarray(0, made.data.length)], [...made.data]);
  });
  const host = k.d3dkmt_shareobjectwithhost.of({ device_handle: c.device, object_handle: arg.resource });
  await t.see(
    "D3DKMTShareObjectWithHost",
    host,
    "a handle of the host's, another each time; none of what is not shared",
    () => {
      const first = host.object_vail_nt_handle;
      assertNotEquals(first, 0n);
      assertEquals(kmt.D3DKMTShareObjectWithHost(host), 0);
      assertNotEquals(host.object_vail_nt_handle, first);
      host.object_handle = c.fence().sync_object;
      t.refused(kmt.D3DKMTShareObjectWithHost(host));
    },
  );
}

async function syncFiles(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const gate = c.fence(), fence = c.fence(FENCE_SHARED), after = c.fence();
  const context = c.makeContext();
  // A promise that is not kept yet: the value is submitted behind a wait for one that was promised, too.
  const promise = k.d3dkmt_signalsynchronizationobjectfromgpu.of({
    context,
    object_count: 1,
    objects: c.handles(fence.sync_object),
    monitored_fence_values: c.values(2n),
  });
  assertEquals(kmt.D3DKMTSignalSynchronizationObjectFromGpu(promise), 0);
  await t.reach(pageOf(fence), 2n);
  const make = k.d3dkmt_createsyncfile.of({ device: c.device, monitored_fence: fence.sync_object, fence_value: 2n });
  await t.see(
    "D3DKMTCreateSyncFile",
    make,
    "a sync_file that is signalled; none of a value that nobody has submitted",
    async () => {
      const file = c.task.file(Number(make.sync_file_handle));
      await t.until(() => file.poll(1) === 1, "the sync_file");
      t.refused(kmt.D3DKMTCreateSyncFile(k.d3dkmt_createsyncfile.of({ ...make.toJSON(), fence_value: 3n })));
    },
  );
  const { sync_file_handle } = make;
  const wait = k.d3dkmt_waitsyncfile.of({ sync_file_handle, context });
  await t.see(
    "D3DKMTWaitSyncFile",
    wait,
    "a signal behind it comes; an fd that is no sync_file is refused",
    async () => {
      promise.objects = c.handles(after.sync_object);
      assertEquals(kmt.D3DKMTSignalSynchronizationObjectFromGpu(promise), 0);
      await t.reach(pageOf(after), 2n);
      const event = BigInt(c.task.eventfd().fd);
      t.refused(kmt.D3DKMTWaitSyncFile(k.d3dkmt_waitsyncfile.of({ sync_file_handle: event, context })));
    },
  );
  const open = k.d3dkmt_opensyncobjectfromsyncfile.of({ sync_file_handle, device: c.device });
  await t.see(
    "D3DKMTOpenSyncObjectFromSyncFile",
    open,
    "the fence and its value: signals of the first are seen",
    async () => {
      assertEquals([open.fence_value, c.peek(open.fence_value_cpu_va)], [2n, 2n]);
      c.signalFromCpu(fence.sync_object, 6n);
      await t.reach(open.fence_value_cpu_va, 6n);
    },
  );
  assertEquals(c.peek(pageOf(gate)), 0n);
}

// One that the guest answers alone would show nothing: this one goes to the host, which looks the handle up.
async function escapes(t: Coverage): Promise<void> {
  const { client: c, kmt } = t, { sync_object } = c.fence();
  const data = c.buffer(8);
  const words = new DataView(data.bytes.buffer, data.bytes.byteOffset);
  words.setUint32(0, k._D3DDDI_DRIVERESCAPETYPE_CPUEVENTUSAGE, true);
  words.setUint32(4, sync_object, true);
  const escape = k.d3dkmt_escape.of({
    adapter: c.adapter,
    flags: k.d3dddi_escapeflags.driver_known_escape,
    priv_drv_data: data.address,
    priv_drv_data_size: 8,
  });
  await t.see("D3DKMTEscape", escape, "the host answers a known escape, and refuses a handle that is no fence", () => {
    assert(words.getUint32(4, true) === sync_object);
    words.setUint32(4, c.device, true);
    t.refused(kmt.D3DKMTEscape(escape));
  });
}
