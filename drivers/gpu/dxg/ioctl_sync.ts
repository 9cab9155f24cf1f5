/**
 * Ioctls that make and destroy synchronization objects, and open shared ones. Mirrors ioctl.c.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as k from "../../../uapi/d3dkmthk_sync.ts";
import * as f from "../../../uapi/d3dkmthk_sync_file.ts";
import {
  DXGK_VMBCOMMAND_CREATESYNCOBJECT,
  DXGK_VMBCOMMAND_DESTROYSYNCOBJECT,
  DXGK_VMBCOMMAND_OPENSYNCOBJECT,
} from "../../../uapi/dxgvmbus_number.ts";
import * as w from "../../../uapi/dxgvmbus_sync.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import type { Call } from "./call.ts";
import { check, fdOf, invalid, line, status, takeEvent } from "./handler.ts";
import { EventFdEvent } from "./host_events.ts";
import { mapFence } from "./io_space.ts";
import { SyncObject } from "./fences.ts";
import type { DxgDevice } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import { FenceValues } from "./promises.ts";
import { DxgSyncObjectFile, SharedSyncObject } from "./shared.ts";
import type { Steps } from "./steps.ts";

const { shared: SHARED, nt_security_sharing } = k.d3dddi_synchronizationobject_flags;
/** Who asks (CLIENTHINT_UMD). */
const CLIENT_HINT_UMD = 1;

/** DESTROYSYNCOBJECT. */
export function* destroySyncObjectMessage(process: DxgProcess, handle: number): Steps<number> {
  const struct = w.dxgkvmb_command_destroysyncobject;
  const message = process.global.message(DXGK_VMBCOMMAND_DESTROYSYNCOBJECT, struct, process.hostHandle);
  message.body(struct).sync_object = handle;
  return yield* status(message);
}

function* createSyncObject(process: DxgProcess, call: Call<k.d3dkmt_createsynchronizationobject2>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const { type, flags } = args.info;
  const isShared = (flags & SHARED) !== 0;
  if (isShared && (flags & nt_security_sharing) === 0) invalid("Cannot share an object by a global handle");
  let event: EventFdEvent | undefined;
  if (type === k._D3DDDI_CPU_NOTIFICATION) {
    const context = takeEvent(call.task, args.info.cpu_notification.event);
    event = new EventFdEvent(process.global.events, process.eventFds, context, true);
    process.global.events.assign(event.id, device.adapter);
    args.info.cpu_notification.event = BigInt(event.id);
  }
  let handle = 0;
  let object: SyncObject | undefined;
  try {
    const made = yield* sendCreate(device, call);
    handle = made.sync_object;
    if (handle === 0) invalid("Cannot make a synchronization object: the host gives no handle");
    if (isShared && made.global_sync_object === 0) invalid("Cannot share the object: the host gives no handle");
    const values = new FenceValues(initialValue(args.info));
    const shared = isShared ? new SharedSyncObject(type, made.global_sync_object, values) : undefined;
    object = new SyncObject(device, type, values, shared, () => event?.remove());
    args.sync_object = handle;
    if (isShared) args.info.shared_handle = made.global_sync_object;
    if (object.isMonitored) {
      const view = mapFence(process.global, call, made.fence_storage_address, made.fence_storage_offset);
      object.mapped(view);
      const arm = type === k._D3DDDI_MONITORED_FENCE ? args.info.monitored_fence : args.info.periodic_monitored_fence;
      arm.fence_gpu_virtual_address = made.fence_gpu_va;
      arm.fence_cpu_virtual_address = view.address;
    }
    if (process.handles.get(device.handle) !== device) invalid("Cannot make an object: the device was destroyed");
    call.out();
    object.publish(handle);
  } catch (error) {
    object?.close();
    event?.remove();
    if (handle !== 0) yield* destroySyncObjectMessage(process, handle);
    throw error;
  }
  return 0;
}

function initialValue(info: Call<k.d3dkmt_createsynchronizationobject2>["args"]["info"]): bigint {
  if (info.type === k._D3DDDI_FENCE) return info.fence.fence_value;
  return info.type === k._D3DDDI_MONITORED_FENCE ? info.monitored_fence.initial_fence_value : 0n;
}

function* sendCreate(
  device: DxgDevice,
  call: Call<k.d3dkmt_createsynchronizationobject2>,
): Steps<w.dxgkvmb_command_createsyncobject_return> {
  const struct = w.dxgkvmb_command_createsyncobject;
  const message = device.adapter.message(DXGK_VMBCOMMAND_CREATESYNCOBJECT, struct, device.process);
  const body = message.body(struct);
  body.args = call.args;
  body.client_hint = CLIENT_HINT_UMD;
  yield message.expects(w.dxgkvmb_command_createsyncobject_return.size);
  return message.result(w.dxgkvmb_command_createsyncobject_return);
}

function destroySyncObject(
  process: DxgProcess,
  call: Call<k.d3dkmt_destroysynchronizationobject>,
): Steps {
  const object = process.syncObject(call.args.sync_object);
  const { handle } = object;
  object.close();
  return destroySyncObjectMessage(process, handle);
}

/** What opening a shared object gives. */
export interface OpenedSync {
  /** It, not published. */
  readonly object: SyncObject;
  /** The host's handle. */
  readonly handle: number;
  /** Where the client sees its value; 0 for one without. */
  readonly cpuAddress: bigint;
  /** Where the GPU sees it. */
  readonly gpuAddress: bigint;
}

/** OPENSYNCOBJECT, and the mapping of its value. Throws what the host says. */
export function* openShared(
  device: DxgDevice,
  call: Call<unknown>,
  shared: SharedSyncObject,
  flags: number,
  engineAffinity: number,
): Steps<OpenedSync> {
  const { process } = device;
  const object = new SyncObject(device, shared.type, shared.values, shared);
  const struct = w.dxgkvmb_command_opensyncobject;
  const message = process.global.message(DXGK_VMBCOMMAND_OPENSYNCOBJECT, struct, process.hostHandle);
  const body = message.body(struct);
  body.device = device.handle;
  body.global_sync_object = shared.hostHandle;
  body.flags = flags;
  if (object.isMonitored) body.engine_affinity = engineAffinity;
  yield message.expects(w.dxgkvmb_command_opensyncobject_return.size);
  const reply = message.result(w.dxgkvmb_command_opensyncobject_return);
  check(ntstatusToReturn(reply.status));
  const handle = reply.sync_object;
  try {
    let cpuAddress = 0n;
    if (object.isMonitored) {
      const view = mapFence(process.global, call, reply.guest_cpu_physical_address);
      object.mapped(view);
      cpuAddress = view.address;
    }
    if (process.handles.get(device.handle) !== device) invalid("Cannot open an object: the device was destroyed");
    return { object, handle, cpuAddress, gpuAddress: reply.gpu_virtual_address };
  } catch (error) {
    object.close();
    yield* destroySyncObjectMessage(process, handle);
    throw error;
  }
}

function* openFromNtHandle(process: DxgProcess, call: Call<f.d3dkmt_opensyncobjectfromnthandle2>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const file = call.task.fds.get(fdOf(args.nt_handle));
  if (!(file instanceof DxgSyncObjectFile)) {
    invalid(`Cannot open fd ${args.nt_handle}: it is no synchronization object`);
  }
  file.ref();
  try {
    const opened = yield* openShared(device, call, file.object, args.flags, args.monitored_fence.engine_affinity);
    const { object, handle } = opened;
    try {
      object.publish(handle);
      args.sync_object = handle;
      if (object.isMonitored) {
        args.monitored_fence.fence_value_cpu_va = opened.cpuAddress;
        args.monitored_fence.fence_value_gpu_va = opened.gpuAddress;
      }
      call.out();
    } catch (error) {
      object.close();
      yield* destroySyncObjectMessage(process, handle);
      throw error;
    }
  } finally {
    file.put();
  }
  return 0;
}

/** Lines of the table. */
export const SYNC_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXCREATESYNCHRONIZATIONOBJECT, k.d3dkmt_createsynchronizationobject2, createSyncObject),
  line(k.LX_DXDESTROYSYNCHRONIZATIONOBJECT, k.d3dkmt_destroysynchronizationobject, destroySyncObject),
  line(f.LX_DXOPENSYNCOBJECTFROMNTHANDLE2, f.d3dkmt_opensyncobjectfromnthandle2, openFromNtHandle),
];
