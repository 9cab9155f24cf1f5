/**
 * Messages about synchronization objects: making, opening, destroying, signalling, waiting.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import {
  d3dddi_waitforsynchronizationobjectfromcpu_flags,
  d3dddicb_signalflags,
} from "../../../uapi/d3dkmthk_signal.ts";
import * as kmt from "../../../uapi/d3dkmthk_sync.ts";
import * as uapi from "../../../uapi/dxgvmbus_sync.ts";
import type { Struct, View } from "../../../uapi/struct.ts";
import type { Call } from "./call.ts";
import { keepSync } from "./context.ts";
import { CpuWait } from "./cpu_wait.ts";
import type { DxgDevice } from "./device.ts";
import { SignalCommand, WaitCommand } from "./command.ts";
import type { HostCore } from "./host_core.ts";
import { global, type Message, offsetOf, vgpu } from "./message.ts";
import { findShared, shareSync } from "./share_commands.ts";
import { SyncHandle, SyncObject } from "./sync_object.ts";
import { readU64, type U64 } from "./u64.ts";

/** Objects that one message may name (D3DDDI_MAX_OBJECT_WAITED_ON, _SIGNALED). */
const MAX_OBJECTS = 32;
/** Contexts that one message may name (D3DDDI_MAX_BROADCAST_CONTEXT and the context itself). */
const MAX_CONTEXTS = 65;
const FLAGS = kmt.d3dddi_synchronizationobject_flags;
/** SignalByKmd of WDDM 3.0's d3dukmdt.h, for CPU notifications; dxgkrnl's header has it among the reserved bits, and hands it on. */
const SIGNAL_BY_KMD = 0x100;
const SIGNAL = uapi.dxgkvmb_command_signalsyncobject.size;
const WAIT_GPU = offsetOf(uapi.dxgkvmb_command_waitforsyncobjectfromgpu as Struct<unknown>, "fence_values");
const LEGACY_VALUE = offsetOf(uapi.dxgkvmb_command_signalsyncobject as Struct<unknown>, "fence_value");
// The union of d3dddi_synchronizationobjectinfo2: its first 64 bits are a fence's first value.
const INITIAL_VALUE = offsetOf(uapi.dxgkvmb_command_createsyncobject as Struct<unknown>, "args") +
  offsetOf(kmt.d3dkmt_createsynchronizationobject2 as Struct<unknown>, "info") +
  offsetOf(kmt.d3dddi_synchronizationobjectinfo2 as Struct<unknown>, "fence");
const WAIT_CPU = uapi.dxgkvmb_command_waitforsyncobjectfromcpu.size;

function makeObject(
  device: DxgDevice,
  info: View<kmt.d3dddi_synchronizationobjectinfo2>,
  initial: U64,
): SyncObject {
  const { type, flags } = info;
  const events = device.process.host.events;
  const { pid } = device.process;
  switch (type) {
    case kmt._D3DDDI_SYNCHRONIZATION_MUTEX:
      return new SyncObject({ type, flags, value: info.synchronization_mutex.initial_state !== 0 ? 1 : 0, max: 1 });
    case kmt._D3DDDI_SEMAPHORE: {
      const { max_count: max, initial_count: value } = info.semaphore;
      if (max === 0 || value > max) throw new DrmError("EINVAL", `Cannot count to ${value} of ${max}`);
      return new SyncObject({ type, flags, value, max });
    }
    case kmt._D3DDDI_FENCE:
      return new SyncObject({ type, flags, value: initial, max: 0 });
    case kmt._D3DDDI_CPU_NOTIFICATION: {
      const { event } = info.cpu_notification;
      return new SyncObject({ type, flags, value: 0, max: 0, notify: () => events.notify(event, pid) });
    }
    case kmt._D3DDDI_MONITORED_FENCE: {
      const object = new SyncObject({ type, flags, value: initial, max: 0 });
      device.part.assignPage(object, (flags & FLAGS.shared) !== 0);
      return object;
    }
    case kmt._D3DDDI_PERIODIC_MONITORED_FENCE:
      throw new DrmError("EPERM", "Cannot make a periodic fence: the adapter has no display");
    default:
      throw new DrmError("EINVAL", `Cannot make a synchronization object of type ${type}`);
  }
}

/** Objects and values that a message names. */
function objectsOf(call: Call, offset: number, count: number, least: number): SyncObject[] {
  if (count < least || count > MAX_OBJECTS) throw new DrmError("EINVAL", `Cannot name ${count} objects`);
  call.tail(offset, count, 4);
  const process = call.owner();
  const objects: SyncObject[] = [];
  for (let i = 0; i < count; i++) objects.push(process.sync(call.u32(offset + 4 * i)).object);
  return objects;
}

function valuesOf(call: Call, offset: number, count: number): U64[] {
  call.tail(offset, count, 8);
  const values: U64[] = [];
  for (let i = 0; i < count; i++) values.push(call.u64(offset + 8 * i));
  return values;
}

function signal(call: Call, request: View<uapi.dxgkvmb_command_signalsyncobject>): number {
  const process = call.owner();
  const { object_count, context_count, flags } = request;
  if ((flags & d3dddicb_signalflags.reserved) !== 0 || context_count > MAX_CONTEXTS) {
    throw new DrmError("EINVAL", `Cannot signal on ${context_count} contexts with flags 0x${flags.toString(16)}`);
  }
  const isEvent = (flags & d3dddicb_signalflags.enqueue_cpu_event) !== 0;
  if (isEvent && object_count !== 0) throw new DrmError("EINVAL", "Cannot signal objects and an event at once");
  const objects = objectsOf(call, SIGNAL, object_count, isEvent ? 0 : 1);
  const contexts = SIGNAL + 4 * object_count;
  let at = call.tail(contexts, context_count, 4);
  // Old callers send one value for all, in the struct.
  let values: U64[];
  if (object_count > 0 && call.length - at >= 8 * object_count) {
    values = valuesOf(call, at, object_count);
    at += 8 * object_count;
  } else values = objects.map(() => readU64(call.view, LEGACY_VALUE));
  const rewind = (flags & d3dddicb_signalflags.allow_fence_rewind) !== 0;
  if (context_count === 0) {
    if (isEvent) throw new DrmError("EINVAL", "Cannot signal an event: on no context");
    const device = process.device(request.device);
    device.checkActive();
    for (let i = 0; i < objects.length; i++) {
      if (!objects[i].signal(values[i], rewind)) {
        throw new DrmError("EINVAL", `Cannot signal ${values[i]}: the object is at ${objects[i].value}`);
      }
    }
    return 0;
  }
  const queues = Array.from({ length: context_count }, (_, i) => process.commands(call.u32(contexts + 4 * i)).queue);
  if (new Set(queues).size !== queues.length) throw new DrmError("EINVAL", "Cannot signal twice on one context");
  for (const queue of queues) queue.checkRoom();
  call.device = queues[0].device;
  const event = request.cpu_event_handle;
  const { events } = process.host;
  const command = new SignalCommand(
    objects,
    values,
    rewind,
    (flags & d3dddicb_signalflags.signal_at_submission) !== 0,
    queues.length,
    isEvent ? () => events.signal(event, process.pid, false) : undefined,
  );
  for (const queue of queues) queue.push(command);
  return 0;
}

function waitFromGpu(call: Call, request: View<uapi.dxgkvmb_command_waitforsyncobjectfromgpu>): number {
  const { object_count } = request;
  const owner = call.owner().commands(request.context);
  call.device = owner.queue.device;
  // dxgkrnl sends as many values as objects, the legacy one for all in the first place.
  const values = valuesOf(call, WAIT_GPU, object_count);
  const objects = objectsOf(call, WAIT_GPU + 8 * object_count, object_count, 1);
  if (request.legacy_fence_object !== 0) values.fill(values[0]);
  owner.queue.checkRoom();
  owner.queue.push(new WaitCommand(objects, values));
  return 0;
}

function waitFromCpu(call: Call, request: View<uapi.dxgkvmb_command_waitforsyncobjectfromcpu>): number {
  const process = call.owner();
  const { object_count, flags } = request;
  const any = d3dddi_waitforsynchronizationobjectfromcpu_flags.wait_any;
  if ((flags & ~any) !== 0) throw new DrmError("EINVAL", `Cannot wait with flags 0x${flags.toString(16)}`);
  process.device(request.device);
  const objects = objectsOf(call, WAIT_CPU, object_count, 1);
  const values = valuesOf(call, WAIT_CPU + 4 * object_count, object_count);
  if (!objects.every((object) => object.isMonitored)) {
    throw new DrmError("EINVAL", "Cannot wait from the CPU: only monitored fences can be waited for");
  }
  new CpuWait(
    process,
    objects,
    values,
    (flags & any) !== 0,
    request.guest_event_pointer,
    request.dereference_event !== 0,
  );
  return 0;
}

/** The messages. */
export function syncMessages(host: HostCore): Message[] {
  return [
    vgpu.answer(
      "CREATESYNCOBJECT",
      uapi.dxgkvmb_command_createsyncobject,
      uapi.dxgkvmb_command_createsyncobject_return,
      (call, request, reply) => {
        const { args } = request;
        const device = call.owner().device(args.device);
        device.checkActive();
        const { info } = args;
        const known = info.type === kmt._D3DDDI_CPU_NOTIFICATION ? SIGNAL_BY_KMD : 0;
        if ((info.flags & FLAGS.reserved & ~known) !== 0) throw new DrmError("EINVAL", "Cannot make it: unknown flags");
        const isShared = (info.flags & FLAGS.shared) !== 0;
        if ((info.flags & FLAGS.nt_security_sharing) !== 0 && !isShared) {
          throw new DrmError("EINVAL", "Cannot secure what is not shared");
        }
        const object = makeObject(device, info, call.u64(INITIAL_VALUE));
        const sync = keepSync(device, object, false);
        try {
          if (object.isMonitored && (info.flags & FLAGS.no_gpu_access) === 0) sync.map();
          if (isShared) reply.global_sync_object = shareSync(host, sync);
        } catch (error) {
          sync.close();
          throw error;
        }
        reply.sync_object = sync.handle;
        reply.fence_gpu_va = BigInt(sync.gpuVa);
        if (object.page !== undefined) {
          reply.fence_storage_address = BigInt(object.page.gpa);
          reply.fence_storage_offset = object.index * 8;
        }
        return 0;
      },
    ),
    global.answer(
      "OPENSYNCOBJECT",
      uapi.dxgkvmb_command_opensyncobject,
      uapi.dxgkvmb_command_opensyncobject_return,
      (call, request, reply) => {
        const process = call.owner();
        const device = process.device(request.device);
        device.checkActive();
        const { content } = findShared(host, request.global_sync_object);
        if (content.kind !== "sync") throw new DrmError("EPROTOTYPE", "Cannot open: it is no synchronization object");
        const { object } = content;
        const crossAdapter = (object.flags & FLAGS.cross_adapter) !== 0;
        if (content.adapter !== device.adapter && !crossAdapter) {
          throw new DrmError("EINVAL", "Cannot open: the object is another adapter's");
        }
        const sync = new SyncHandle(process, device, object);
        try {
          if (object.isMonitored && ((request.flags | object.flags) & FLAGS.no_gpu_access) === 0) sync.map();
        } catch (error) {
          sync.close();
          throw error;
        }
        reply.sync_object = sync.handle;
        reply.gpu_virtual_address = BigInt(sync.gpuVa);
        if (object.page !== undefined) reply.guest_cpu_physical_address = BigInt(object.page.gpa);
        return 0;
      },
    ),
    global.message("DESTROYSYNCOBJECT", uapi.dxgkvmb_command_destroysyncobject, (call, request) => {
      const sync = call.owner().sync(request.sync_object);
      if (sync.isInternal) throw new DrmError("EINVAL", "Cannot destroy: the fence belongs to a queue");
      sync.close();
      return 0;
    }),
    vgpu.message("SIGNALSYNCOBJECT", uapi.dxgkvmb_command_signalsyncobject, signal),
    vgpu.message("WAITFORSYNCOBJECTFROMGPU", uapi.dxgkvmb_command_waitforsyncobjectfromgpu, waitFromGpu),
    vgpu.message("WAITFORSYNCOBJECTFROMCPU", uapi.dxgkvmb_command_waitforsyncobjectfromcpu, waitFromCpu),
  ];
}
