/**
 * Ioctls that wait for synchronization objects: the caller, an eventfd, a context, a hardware queue. Mirrors ioctl.c.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import { Wait } from "../../../core/wait.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import * as k from "../../../uapi/d3dkmthk_signal.ts";
import {
  DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMCPU,
  DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMGPU,
} from "../../../uapi/dxgvmbus_number.ts";
import {
  dxgkvmb_command_waitforsyncobjectfromcpu,
  dxgkvmb_command_waitforsyncobjectfromgpu,
} from "../../../uapi/dxgvmbus_sync.ts";
import type { Call } from "./call.ts";
import { check, invalid, line, MAX_COUNT, MAX_OBJECT_WAITED_ON, offsetOf, status, takeEvent } from "./handler.ts";
import { EventFdEvent, type HostEvent, type HostEvents } from "./host_events.ts";
import { SyncObject } from "./fences.ts";
import type { DxgDevice } from "./objects.ts";
import type { QueueOrder } from "./promises.ts";
import type { DxgProcess } from "./process.ts";
import { markBlock } from "./queue_marker.ts";
import type { Steps } from "./steps.ts";

/** What a WAITFORSYNCOBJECTFROMGPU is sent to. */
interface Queue {
  readonly handle: number;
  readonly device: DxgDevice;
  readonly order: QueueOrder;
}

/** Queues a wait. @param values one for each object. @param isLegacy whether the first one counts for all. */
export function* waitOnQueue(
  process: DxgProcess,
  queue: Queue,
  objects: Uint32Array,
  values: BigUint64Array,
  isLegacy: boolean,
): Steps<number> {
  const count = objects.length;
  if (count === 0 || count > MAX_OBJECT_WAITED_ON) invalid(`Cannot wait for ${count} objects`);
  const struct = dxgkvmb_command_waitforsyncobjectfromgpu;
  const { isAsync } = process.global;
  const size = struct.size + (count - 1) * 8 + count * 4;
  const { adapter } = queue.device;
  const message = adapter.message(DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMGPU, struct, process, size, isAsync);
  const body = message.body(struct);
  body.context = queue.handle;
  body.object_count = count;
  body.legacy_fence_object = isLegacy ? 1 : 0;
  const at = offsetOf(struct, "fence_values");
  message.part(at, count * 8).set(new Uint8Array(values.buffer, values.byteOffset, count * 8));
  message.part(at + count * 8, count * 4).set(new Uint8Array(objects.buffer, objects.byteOffset, count * 4));
  const result = check(yield* status(message));
  const block = process.noteWaits(queue.order, objects, (i) => values[i]);
  if (block !== 0) yield* markBlock(process, queue, block);
  return result;
}

function readValues(call: Call<unknown>, address: bigint, count: number): BigUint64Array {
  const values = new BigUint64Array(count);
  call.copyIn(address, new Uint8Array(values.buffer));
  return values;
}

function* waitLegacy(process: DxgProcess, call: Call<k.d3dkmt_waitforsynchronizationobject2>): Steps {
  const { args } = call;
  const count = args.object_count;
  if (count > MAX_OBJECT_WAITED_ON || count === 0) invalid(`Cannot wait for ${count} objects`);
  const context = process.context(args.context);
  const objects = Uint32Array.from({ length: count }, (_, i) => args.object_array[i]);
  const values = new BigUint64Array(count).fill(args.fence.fence_value);
  return yield* waitOnQueue(process, context, objects, values, true);
}

function* waitFromGpu(process: DxgProcess, call: Call<k.d3dkmt_waitforsynchronizationobjectfromgpu>): Steps {
  const { args } = call;
  const count = args.object_count;
  if (count > MAX_COUNT || count === 0) invalid(`Cannot wait for ${count} objects`);
  const objects = call.readU32s(args.objects, count);
  const context = process.context(args.context);
  // The first object says of which kind all of them are.
  const first = process.fence(objects[0]) ?? invalid(`Cannot wait for 0x${objects[0].toString(16)}`);
  const isMonitored = !(first instanceof SyncObject) || first.isMonitored;
  if (count > MAX_OBJECT_WAITED_ON && !isMonitored) invalid(`Cannot wait for ${count} objects`);
  const values = isMonitored
    ? readValues(call, args.monitored_fence_values, count)
    : new BigUint64Array(count).fill(args.fence_value);
  return yield* waitOnQueue(process, context, objects, values, !isMonitored);
}

function* waitOnHwQueue(process: DxgProcess, call: Call<k.d3dkmt_submitwaitforsyncobjectstohwqueue>): Steps {
  const { args } = call;
  const count = args.object_count;
  if (count > MAX_OBJECT_WAITED_ON || count === 0) invalid(`Cannot wait for ${count} objects`);
  const objects = call.readU32s(args.objects, count);
  const values = readValues(call, args.fence_values, count);
  return yield* waitOnQueue(process, process.hwQueue(args.hwqueue), objects, values, false);
}

/** WAITFORSYNCOBJECTFROMCPU: the host signals `event` once. */
export function* waitFromCpuMessage(
  device: DxgDevice,
  objects: Uint32Array,
  values: BigUint64Array,
  flags: number,
  event: number,
): Steps<number> {
  const struct = dxgkvmb_command_waitforsyncobjectfromcpu;
  const size = struct.size + objects.byteLength + values.byteLength;
  const { adapter, process } = device;
  const message = adapter.message(DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMCPU, struct, process, size);
  const body = message.body(struct);
  body.device = device.handle;
  body.object_count = objects.length;
  body.flags = flags;
  body.guest_event_pointer = BigInt(event);
  message.part(struct.size, objects.byteLength).set(new Uint8Array(objects.buffer));
  message.part(struct.size + objects.byteLength, values.byteLength).set(new Uint8Array(values.buffer));
  return yield* status(message);
}

/** A call that waits. */
class WaitingCall implements HostEvent {
  readonly isPersistent = false;
  readonly #events: HostEvents;
  /** Its number. */
  readonly id: number;
  /** Completes when the host signals. */
  readonly wait: Wait;

  constructor(events: HostEvents) {
    this.#events = events;
    this.id = events.add(this);
    this.wait = new Wait({ cleanup: () => this.remove() });
  }

  /** Takes it out, if it is still there: a signal that comes late finds nobody. */
  remove(): void {
    this.#events.remove(this.id);
  }

  signaled(): void {
    this.wait.complete(0);
  }

  dropped(): void {
    this.wait.complete(-ERRNO.ENODEV);
  }
}

function* waitFromCpu(process: DxgProcess, call: Call<k.d3dkmt_waitforsynchronizationobjectfromcpu>): Steps {
  const { args } = call;
  const count = args.object_count;
  if (count > MAX_COUNT || count === 0) invalid(`Cannot wait for ${count} objects`);
  const { events } = process.global;
  const event = args.async_event !== 0n
    ? new EventFdEvent(events, process.eventFds, takeEvent(call.task, args.async_event), false)
    : new WaitingCall(events);
  try {
    const device = process.device(args.device);
    events.assign(event.id, device.adapter);
    const objects = call.readU32s(args.objects, count);
    const values = readValues(call, args.fence_values, count);
    const result = check(yield* waitFromCpuMessage(device, objects, values, args.flags, event.id));
    if (event instanceof EventFdEvent) return result;
  } catch (error) {
    event.remove();
    throw error;
  }
  // The event may have come before the answer.
  return event.wait.result ?? event.wait;
}

/** Lines of the table. */
export const WAIT_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXWAITFORSYNCHRONIZATIONOBJECT, k.d3dkmt_waitforsynchronizationobject2, waitLegacy),
  line(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, k.d3dkmt_waitforsynchronizationobjectfromcpu, waitFromCpu),
  line(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU, k.d3dkmt_waitforsynchronizationobjectfromgpu, waitFromGpu),
  line(k.LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE, k.d3dkmt_submitwaitforsyncobjectstohwqueue, waitOnHwQueue),
];
