/** Coverage of the ioctls about devices, contexts, hardware queues, and what is submitted to them. */

import { assert, assertEquals } from "@std/assert";
import * as k from "udrm/uapi/d3dkmthk.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import type { Coverage } from "./coverage.ts";

/** Memory that the CPU sees, and commands that fill its first bytes with a word. */
function filler(
  t: Coverage,
  word: number,
): { readonly seen: Uint8Array; readonly address: bigint; readonly length: number } {
  const { client: c } = t;
  const { allocation } = c.allocate(c.privateData(4096));
  const seen = c.task.at(c.lock(allocation), 4096), va = c.map(allocation, 1);
  c.resident(allocation);
  return { seen, ...c.commands((w) => w.put(isa.DXP_FILL, [Number(va), 16, word])) };
}

/** Calls each of them. */
export async function devices(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const made = k.d3dkmt_createdevice.of({ adapter: c.adapter });
  await t.see("D3DKMTCreateDevice", made, "a device: contexts are made on it", () => {
    const context = k.d3dkmt_createcontextvirtual.of({ device: made.device, engine_affinity: 1 });
    assertEquals(kmt.D3DKMTCreateContextVirtual(context), 0);
  });
  const { device } = made;
  const state = k.d3dkmt_getdevicestate.of({ device, state_type: k._D3DKMT_DEVICESTATE_EXECUTION });
  assertEquals(kmt.D3DKMTGetDeviceState(state), 0);
  assertEquals(state.execution_state, k._D3DKMT_DEVICEEXECUTION_ACTIVE);
  const mark = k.d3dkmt_markdeviceaserror.of({ device, reason: k._D3DKMT_DEVICE_ERROR_REASON_GENERIC });
  await t.see("D3DKMTMarkDeviceAsError", mark, "the device refuses new fences", () => {
    const fence = k.d3dkmt_createsynchronizationobject2.of({ device, info: { type: k._D3DDDI_MONITORED_FENCE } });
    t.refused(kmt.D3DKMTCreateSynchronizationObject2(fence));
  });
  await t.see("D3DKMTGetDeviceState", state, "ACTIVE, and RESET once the device was marked", () => {
    assertEquals(state.execution_state, k._D3DKMT_DEVICEEXECUTION_RESET);
  });
  await t.see("D3DKMTDestroyDevice", k.d3dkmt_destroydevice.of({ device }), "its handle is dead", () => {
    t.refused(kmt.D3DKMTGetDeviceState(state));
  });
  await contexts(t);
  await queues(t);
  const { seen, address, length } = filler(t, 0x1234abcd);
  const submit = k.d3dkmt_submitcommand.of({
    command_buffer: address,
    command_length: length,
    broadcast_context_count: 1,
    broadcast_context: [c.context],
  });
  await t.see("D3DKMTSubmitCommand", submit, "the bytes that its packets write", async () => {
    await t.until(() => seen[0] !== 0, "the packet");
    assertEquals([...seen.subarray(12, 20)], [0xcd, 0xab, 0x34, 0x12, 0, 0, 0, 0]);
  });
}

async function contexts(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const made = k.d3dkmt_createcontextvirtual.of({ device: c.device, engine_affinity: 1 });
  const fence = c.fence(), page = fence.info.monitored_fence.fence_cpu_virtual_address;
  const signal = (value: bigint): number =>
    kmt.D3DKMTSignalSynchronizationObjectFromGpu(k.d3dkmt_signalsynchronizationobjectfromgpu.of({
      context: made.context,
      object_count: 1,
      objects: c.handles(fence.sync_object),
      monitored_fence_values: c.values(value),
    }));
  await t.see("D3DKMTCreateContextVirtual", made, "a context: what is queued on it happens", async () => {
    assertEquals(signal(1n), 0);
    await t.reach(page, 1n);
  });
  const { context } = made;
  const pairs = [
    ["D3DKMTSetContextSchedulingPriority", "D3DKMTGetContextSchedulingPriority", 3],
    ["D3DKMTSetContextInProcessSchedulingPriority", "D3DKMTGetContextInProcessSchedulingPriority", 2],
  ] as const;
  for (const [set, get, priority] of pairs) {
    const answer = k.d3dkmt_getcontextschedulingpriority.of({ context });
    const argument = k.d3dkmt_setcontextschedulingpriority.of({ context, priority });
    await t.see(set, argument, "the priority is told by the next query", () => {
      assertEquals(kmt[get](answer), 0);
      assertEquals(answer.priority, priority);
    });
  }
  for (const [, get, priority] of pairs) {
    const answer = k.d3dkmt_getcontextschedulingpriority.of({ context });
    await t.see(get, answer, "the priority that was set, and not the one of the other kind", () => {
      assertEquals(answer.priority, priority);
    });
  }
  await t.see("D3DKMTDestroyContext", k.d3dkmt_destroycontext.of({ context }), "its handle is dead", async () => {
    t.refused(signal(2n));
    await t.stays(page, 1n);
  });
}

async function queues(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const queue = k.d3dkmt_createhwqueue.of({ context: c.context });
  await t.see("D3DKMTCreateHwQueue", queue, "a queue; its progress fence is in the caller's memory, and 0", () => {
    assertEquals(c.peek(queue.queue_progress_fence_cpu_va), 0n);
    assert(queue.queue !== 0 && queue.queue_progress_fence !== 0);
  });
  const { seen, address, length } = filler(t, 0x77);
  const submit = k.d3dkmt_submitcommandtohwqueue.of({
    hwqueue: queue.queue,
    hwqueue_progress_fence_id: 7n,
    command_buffer: address,
    command_length: length,
  });
  const effect = "the bytes that its packets write, then the progress fence's value";
  await t.see("D3DKMTSubmitCommandToHwQueue", submit, effect, async () => {
    await t.reach(queue.queue_progress_fence_cpu_va, 7n);
    assertEquals([...seen.subarray(0, 4)], [0x77, 0, 0, 0]);
  });
  const first = c.fence(), second = c.fence();
  const page = second.info.monitored_fence.fence_cpu_virtual_address;
  const signal = k.d3dkmt_submitsignalsyncobjectstohwqueue.of({
    hwqueue_count: 1,
    hwqueues: c.handles(queue.queue),
    object_count: 1,
    objects: c.handles(second.sync_object),
    fence_values: c.values(2n),
  });
  await t.see("D3DKMTSubmitSignalSyncObjectsToHwQueue", signal, "the fence gets the value", () => t.reach(page, 2n));
  const wait = k.d3dkmt_submitwaitforsyncobjectstohwqueue.of({
    hwqueue: queue.queue,
    object_count: 1,
    objects: c.handles(first.sync_object),
    fence_values: c.values(1n),
  });
  await t.see(
    "D3DKMTSubmitWaitForSyncObjectsToHwQueue",
    wait,
    "a signal behind it stays away until the fence",
    async () => {
      signal.fence_values = c.values(3n);
      assertEquals(kmt.D3DKMTSubmitSignalSyncObjectsToHwQueue(signal), 0);
      await t.stays(page, 2n);
      c.signalFromCpu(first.sync_object, 1n);
      await t.reach(page, 3n);
    },
  );
  await t.see("D3DKMTDestroyHwQueue", k.d3dkmt_destroyhwqueue.of({ queue: queue.queue }), "its handle is dead", () => {
    t.refused(kmt.D3DKMTSubmitCommandToHwQueue(submit));
  });
}
