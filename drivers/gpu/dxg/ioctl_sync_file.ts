/**
 * Ioctls between monitored fences and sync_files. A sync_file is made only of a value that is promised; one of another driver is
 * refused, as is one whose fence others cannot open. Mirrors dxgsyncfile.c.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import type { Process } from "../../../core/process.ts";
import { syncFileFence } from "../../../core/sync_file.ts";
import { d3dddi_synchronizationobject_flags } from "../../../uapi/d3dkmthk_sync.ts";
import * as k from "../../../uapi/d3dkmthk_sync_file.ts";
import type { Call } from "./call.ts";
import { check, fdOf, invalid, line } from "./handler.ts";
import { destroySyncObjectMessage, openShared } from "./ioctl_sync.ts";
import { waitFromCpuMessage, waitOnQueue } from "./ioctl_wait.ts";
import { SyncObject } from "./fences.ts";
import type { DxgProcess } from "./process.ts";
import { NtHandle, type SharedSyncObject } from "./shared.ts";
import type { Steps } from "./steps.ts";
import { SyncPoint } from "./sync_point.ts";

const { shared: SHARED, nt_security_sharing, no_signal } = d3dddi_synchronizationobject_flags;
/** A fence behind a sync_file is only waited for. */
const OPEN_FLAGS = SHARED | nt_security_sharing | no_signal;

function* createSyncFile(process: DxgProcess, call: Call<k.d3dkmt_createsyncfile>): Steps {
  const { args, task } = call;
  const fd = task.fds.reserve();
  let file: ReturnType<SyncPoint["file"]> | undefined;
  try {
    const device = process.device(args.device);
    const fence = process.fence(args.monitored_fence);
    if (fence === undefined || (fence instanceof SyncObject && !fence.isMonitored)) {
      return invalid(`Cannot make a sync_file of 0x${args.monitored_fence.toString(16)}: it is no monitored fence`);
    }
    // A dma-fence must end, and nobody has promised to signal this.
    if (args.fence_value > fence.values.promised) {
      invalid(`Cannot make a sync_file of value ${args.fence_value}: only ${fence.values.promised} was submitted`);
    }
    const shared = fence instanceof SyncObject ? fence.shared : undefined;
    const nt = shared === undefined ? undefined : yield* NtHandle.make(process, args.monitored_fence);
    const point = new SyncPoint(process.global.system, process, args.fence_value, shared, nt);
    file = point.file();
    process.global.events.assign(point.event, device.adapter);
    const handles = Uint32Array.of(args.monitored_fence);
    check(yield* waitFromCpuMessage(device, handles, BigUint64Array.of(args.fence_value), 0, point.event));
    args.sync_file_handle = BigInt(fd);
    call.out();
  } catch (error) {
    file?.put();
    task.fds.unreserve(fd);
    throw error;
  }
  task.fds.install(fd, file, true);
  return 0;
}

/** The point behind a sync_file, and the fence that can be opened. Throws EINVAL for all others. */
function pointOf(task: Process, handle: bigint): { readonly point: SyncPoint; readonly shared: SharedSyncObject } {
  const fence = syncFileFence(task.fds.get(fdOf(handle)));
  if (fence === undefined) return invalid(`Cannot use fd ${handle}: it is no sync_file`);
  if (!(fence instanceof SyncPoint)) return invalid(`Cannot use fd ${handle}: its fence is ${fence.driverName}'s`);
  if (fence.shared === undefined) return invalid(`Cannot use fd ${handle}: its fence was not made shared`);
  return { point: fence, shared: fence.shared };
}

// The host waits for the fence by a handle that is opened for that and closed at once: waits stay.
function* waitSyncFile(process: DxgProcess, call: Call<k.d3dkmt_waitsyncfile>): Steps {
  const { args } = call;
  const { point, shared } = pointOf(call.task, args.sync_file_handle);
  const context = process.context(args.context);
  const { object, handle } = yield* openShared(context.device, call, shared, OPEN_FLAGS, 0);
  let result: number;
  try {
    result = yield* waitOnQueue(process, context, Uint32Array.of(handle), BigUint64Array.of(point.value), false);
    context.order.wait(shared.values, point.value);
  } catch (error) {
    object.close();
    yield* destroySyncObjectMessage(process, handle);
    throw error;
  }
  object.close();
  check(yield* destroySyncObjectMessage(process, handle));
  return result;
}

function* openFromSyncFile(process: DxgProcess, call: Call<k.d3dkmt_opensyncobjectfromsyncfile>): Steps {
  const { args } = call;
  const { point, shared } = pointOf(call.task, args.sync_file_handle);
  const device = process.device(args.device);
  const { object, handle, cpuAddress, gpuAddress } = yield* openShared(device, call, shared, OPEN_FLAGS, 0);
  try {
    object.publish(handle);
    args.syncobj = handle;
    args.fence_value = point.value;
    args.fence_value_cpu_va = cpuAddress;
    args.fence_value_gpu_va = gpuAddress;
    call.out();
  } catch (error) {
    object.close();
    yield* destroySyncObjectMessage(process, handle);
    throw error;
  }
  return 0;
}

/** Lines of the table. */
export const SYNC_FILE_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXCREATESYNCFILE, k.d3dkmt_createsyncfile, createSyncFile),
  line(k.LX_DXWAITSYNCFILE, k.d3dkmt_waitsyncfile, waitSyncFile),
  line(k.LX_DXOPENSYNCOBJECTFROMSYNCFILE, k.d3dkmt_opensyncobjectfromsyncfile, openFromSyncFile),
];
