/**
 * Ioctls that signal synchronization objects, now or in a queue. Mirrors ioctl.c and dxgvmb_send_signal_sync_object.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as k from "../../../uapi/d3dkmthk_signal.ts";
import { DXGK_VMBCOMMAND_SIGNALSYNCOBJECT } from "../../../uapi/dxgvmbus_number.ts";
import { dxgkvmb_command_signalsyncobject } from "../../../uapi/dxgvmbus_sync.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { Call } from "./call.ts";
import {
  check,
  invalid,
  line,
  MAX_BROADCAST_CONTEXT,
  MAX_COUNT,
  MAX_OBJECT_SIGNALED,
  status,
  takeEvent,
} from "./handler.ts";
import { EventFdEvent } from "./host_events.ts";
import type { QueueOrder } from "./promises.ts";
import { DxgContext, HwQueue } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";

const { enqueue_cpu_event, allow_fence_rewind } = k.d3dddicb_signalflags;

/** A signal as it is sent. */
interface Signal {
  readonly flags: number;
  readonly objects: Uint32Array;
  readonly contexts: Uint32Array;
  /** One value for each object. */
  readonly values?: BigUint64Array;
  /** The value of a legacy fence. */
  readonly legacyValue?: bigint;
  /** The eventfd, for enqueue_cpu_event. */
  readonly event?: EventFdEvent;
  /** The device of a signal from the CPU. */
  readonly device?: number;
}

const NONE = new Uint32Array(0);

// The words of a message are little-endian, as this machine's are.
function bytes(words: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function* send(process: DxgProcess, adapter: DxgAdapter, signal: Signal): Steps<number> {
  const struct = dxgkvmb_command_signalsyncobject;
  const { objects, contexts, values } = signal;
  const parts = values === undefined ? [objects, contexts] : [objects, contexts, values];
  const size = parts.reduce((sum, part) => sum + part.byteLength, struct.size);
  const { isAsync } = process.global;
  const message = adapter.message(DXGK_VMBCOMMAND_SIGNALSYNCOBJECT, struct, process, size, isAsync);
  const body = message.body(struct);
  body.object_count = objects.length;
  body.flags = signal.flags;
  body.context_count = contexts.length;
  body.fence_value = signal.legacyValue ?? 0n;
  if (signal.event !== undefined) body.cpu_event_handle = BigInt(signal.event.id);
  else if (signal.device !== undefined) body.device = signal.device;
  let at = struct.size;
  for (const part of parts) {
    message.part(at, part.byteLength).set(bytes(part));
    at += part.byteLength;
  }
  try {
    return check(yield* status(message));
  } catch (error) {
    signal.event?.remove();
    throw error;
  }
}

function readValues(call: Call<unknown>, address: bigint, count: number): BigUint64Array {
  const values = new BigUint64Array(count);
  call.copyIn(address, bytes(values));
  return values;
}

/** Queues promise what they signal, unless they wait for something that is no promise. */
function note(process: DxgProcess, queues: Uint32Array, objects: Uint32Array, value: (i: number) => bigint): void {
  // A broadcast signals when all of its queues have come there: it is promised by the last of them.
  const orders: QueueOrder[] = [];
  for (const handle of queues) {
    const queue = process.handles.get(handle);
    if (queue instanceof DxgContext || queue instanceof HwQueue) orders.push(queue.order);
  }
  if (orders.length === 1) process.noteSignals(orders[0], objects, value);
}

function* signalSyncObject(process: DxgProcess, call: Call<k.d3dkmt_signalsynchronizationobject2>): Steps {
  const { args } = call;
  if (args.context_count >= MAX_BROADCAST_CONTEXT || args.object_count > MAX_OBJECT_SIGNALED) {
    invalid(`Cannot signal ${args.object_count} objects on ${args.context_count} contexts`);
  }
  const event = (args.flags & enqueue_cpu_event) !== 0 ? addEvent(process, call, args.cpu_event_handle) : undefined;
  const context = contextOr(process, args.context, event);
  const objects = Uint32Array.from({ length: args.object_count }, (_, i) => args.object_array[i]);
  const others = Array.from({ length: args.context_count }, (_, i) => args.contexts[i]);
  const contexts = Uint32Array.of(args.context, ...others);
  const legacyValue = args.fence.fence_value;
  const result = yield* send(process, context.device.adapter, {
    flags: args.flags,
    objects,
    contexts,
    legacyValue,
    event,
  });
  note(process, contexts, objects, () => legacyValue);
  return result;
}

function addEvent(process: DxgProcess, call: Call<unknown>, handle: bigint): EventFdEvent {
  return new EventFdEvent(process.global.events, process.eventFds, takeEvent(call.task, handle), false);
}

function contextOr(process: DxgProcess, handle: number, event: EventFdEvent | undefined): DxgContext {
  try {
    const context = process.context(handle);
    if (event !== undefined) process.global.events.assign(event.id, context.device.adapter);
    return context;
  } catch (error) {
    event?.remove();
    throw error;
  }
}

function* signalFromCpu(process: DxgProcess, call: Call<k.d3dkmt_signalsynchronizationobjectfromcpu>): Steps {
  const { args } = call;
  const count = args.object_count;
  if (count === 0 || count > MAX_OBJECT_SIGNALED) invalid(`Cannot signal ${count} objects`);
  const { adapter } = process.device(args.device);
  const objects = call.readU32s(args.objects, count);
  const values = readValues(call, args.fence_values, count);
  const signal: Signal = { flags: args.flags, objects, contexts: NONE, values, device: args.device };
  const result = yield* send(process, adapter, signal);
  for (let i = 0; i < count; i++) {
    const fence = process.fence(objects[i]);
    if ((args.flags & allow_fence_rewind) !== 0) fence?.values.rewind(values[i]);
    else fence?.values.promise(values[i]);
  }
  return result;
}

function* signalFromGpu(process: DxgProcess, call: Call<k.d3dkmt_signalsynchronizationobjectfromgpu>): Steps {
  const { args } = call;
  const count = args.object_count;
  if (count === 0 || count > MAX_COUNT) invalid(`Cannot signal ${count} objects`);
  const { adapter } = process.context(args.context).device;
  const objects = call.readU32s(args.objects, count);
  const contexts = Uint32Array.of(args.context);
  const values = readValues(call, args.monitored_fence_values, count);
  const result = yield* send(process, adapter, { flags: 0, objects, contexts, values });
  note(process, contexts, objects, (i) => values[i]);
  return result;
}

function* signalFromGpu2(process: DxgProcess, call: Call<k.d3dkmt_signalsynchronizationobjectfromgpu2>): Steps {
  const { args } = call;
  const { object_count: count, context_count: contextCount } = args;
  const hasEvent = (args.flags & enqueue_cpu_event) !== 0;
  const wrong = hasEvent
    ? count !== 0 || args.cpu_event_handle === 0n || contextCount > MAX_COUNT
    : count === 0 || count > MAX_COUNT || contextCount === 0 || contextCount > MAX_COUNT;
  if (wrong) invalid(`Cannot signal ${count} objects on ${contextCount} contexts`);
  const first = call.readU32(args.contexts);
  const event = hasEvent ? addEvent(process, call, args.cpu_event_handle) : undefined;
  const { adapter } = contextOr(process, first, event).device;
  let signal: Signal;
  try {
    const objects = call.readU32s(args.objects, count);
    const contexts = call.readU32s(args.contexts, contextCount);
    const values = hasEvent ? undefined : readValues(call, args.monitored_fence_values, count);
    signal = { flags: args.flags, objects, contexts, values, event };
  } catch (error) {
    event?.remove();
    throw error;
  }
  const result = yield* send(process, adapter, signal);
  note(process, signal.contexts, signal.objects, (i) => signal.values?.[i] ?? 0n);
  return result;
}

function* signalToHwQueue(process: DxgProcess, call: Call<k.d3dkmt_submitsignalsyncobjectstohwqueue>): Steps {
  const { args } = call;
  const { object_count: count, hwqueue_count: queueCount } = args;
  if (queueCount > MAX_BROADCAST_CONTEXT || queueCount === 0) invalid(`Cannot signal on ${queueCount} queues`);
  if (count > MAX_OBJECT_SIGNALED || count === 0) invalid(`Cannot signal ${count} objects`);
  const { adapter } = process.hwQueue(call.readU32(args.hwqueues)).device;
  const objects = call.readU32s(args.objects, count);
  const contexts = call.readU32s(args.hwqueues, queueCount);
  const values = readValues(call, args.fence_values, count);
  const result = yield* send(process, adapter, { flags: args.flags, objects, contexts, values });
  note(process, contexts, objects, (i) => values[i]);
  return result;
}

/** Lines of the table. */
export const SIGNAL_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXSIGNALSYNCHRONIZATIONOBJECT, k.d3dkmt_signalsynchronizationobject2, signalSyncObject),
  line(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, k.d3dkmt_signalsynchronizationobjectfromcpu, signalFromCpu),
  line(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU, k.d3dkmt_signalsynchronizationobjectfromgpu, signalFromGpu),
  line(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2, k.d3dkmt_signalsynchronizationobjectfromgpu2, signalFromGpu2),
  line(k.LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE, k.d3dkmt_submitsignalsyncobjectstohwqueue, signalToHwQueue),
];
