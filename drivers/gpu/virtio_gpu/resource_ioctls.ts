/**
 * Requests of objects: MAP, RESOURCE_*, TRANSFER_*, WAIT. Mirrors drivers/gpu/drm/virtio/virtgpu_ioctl.c.
 * @module
 */

import type { DrmFile } from "../../../core/drm_file.ts";
import { DrmError, EBUSY } from "../../../core/error.ts";
import { createHandle } from "../../../core/gem.ts";
import type { Process } from "../../../core/process.ts";
import { ResvUsage } from "../../../core/resv.ts";
import type { Wait } from "../../../core/wait.ts";
import { VIEW, type View } from "../../../uapi/struct.ts";
import * as uapi from "../../../uapi/virtgpu_drm.ts";
import { VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D } from "../../../uapi/virtio_gpu.ts";
import type { VirtioGpuFile } from "./file.ts";
import type { FileContext } from "./file_context.ts";
import { createHostObject, createObject, lookup, type ObjectParams, type VirtioGpuObject } from "./object.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

const WAIT_TIMEOUT = 15e9;
/** Commands that go with a blob, bytes: what kmalloc gives at most. */
const BLOB_COMMANDS_MAX = 2 ** 22;
const BLOB_FLAGS = uapi.VIRTGPU_BLOB_FLAG_USE_MAPPABLE | uapi.VIRTGPU_BLOB_FLAG_USE_SHAREABLE |
  uapi.VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE;

const find = (file: VirtioGpuFile, handle: number): VirtioGpuObject => lookup(file as unknown as DrmFile, handle);
const deviceOf = (file: VirtioGpuFile): VirtioGpuObject["device"] =>
  file.device as unknown as VirtioGpuObject["device"];

/** MAP, and MAP_DUMB: the offset for mmap; imported objects have one too (B10). Throws ENOENT. */
export function mapOffset(file: VirtioGpuFile, handle: number): number {
  return find(file, handle).mmapOffset;
}

/** RESOURCE_CREATE: with 3D the host judges what can be; without it, a plain 2D texture. */
export function resourceCreate(
  file: VirtioGpuFile,
  arg: View<uapi.drm_virtgpu_resource_create>,
  task: Process,
): number {
  const { format, width, height, depth, target } = arg;
  const { nr_samples: nrSamples, last_level: lastLevel, array_size: arraySize } = arg;
  const size = arg.size || 4096;
  const context = file.priv;
  let params: ObjectParams;
  if (context !== undefined) {
    context.create(task.comm);
    const { bind, flags } = arg;
    const texture = { target, format, bind, width, height, depth, arraySize, lastLevel, nrSamples, flags };
    params = { size, texture };
  } else {
    if (depth > 1 || nrSamples > 1 || lastLevel > 1 || target !== 2 || arraySize > 1) {
      throw new DrmError("EINVAL", "Cannot create the resource: without 3D there are single 2D textures only");
    }
    params = { size, image: { format, width, height }, fenced: true };
  }
  return giveHandle(file, createObject(file.device.priv, deviceOf(file), params), arg);
}

function giveHandle(
  file: VirtioGpuFile,
  object: VirtioGpuObject,
  arg: { bo_handle: number; res_handle: number },
): number {
  try {
    const handle = createHandle(file as unknown as DrmFile, object);
    arg.res_handle = object.resourceId;
    arg.bo_handle = handle;
    return 0;
  } finally {
    object.put();
  }
}

/** RESOURCE_INFO. */
export function resourceInfo(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_resource_info>): number {
  const object = find(file, arg.bo_handle);
  arg.size = object.size;
  arg.res_handle = object.resourceId;
  if (object.blob) arg.blob_mem = object.blobMem;
  return 0;
}

/** TRANSFER_FROM_HOST. */
export function transferFromHost(
  file: VirtioGpuFile,
  arg: View<uapi.drm_virtgpu_3d_transfer_from_host>,
  task: Process,
): number | Wait {
  const context = file.priv;
  if (context === undefined) throw new DrmError("ENOSYS", "Cannot transfer from the host: the device has no 3D");
  context.create(task.comm);
  const object = transferable(file, arg.bo_handle);
  return transfer3d(file, context, VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, object, arg[VIEW]);
}

/**
 * TRANSFER_TO_HOST. Without 3D, level and strides are not looked at, and the host alone judges box and offset. The box is read by
 * its offsets, since a nested view would be an allocation a call.
 */
export function transferToHost(
  file: VirtioGpuFile,
  arg: View<uapi.drm_virtgpu_3d_transfer_to_host>,
  task: Process,
): number | Wait {
  const object = transferable(file, arg.bo_handle);
  const view = arg[VIEW];
  const context = file.priv;
  if (context !== undefined) {
    context.create(task.comm);
    return transfer3d(file, context, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, object, view);
  }
  const gpu = file.device.priv;
  const x = view.getUint32(4, true), y = view.getUint32(8, true);
  const width = view.getUint32(16, true), height = view.getUint32(20, true);
  const offset = view.getUint32(32, true);
  if (gpu.queue.hasRoom) return transfer2d(gpu, object, x, y, width, height, offset);
  return inRoom(gpu, object, () => transfer2d(gpu, object, x, y, width, height, offset));
}

// What the guest alone holds the host sees as it is.
function transferable(file: VirtioGpuFile, handle: number): VirtioGpuObject {
  const object = find(file, handle);
  if (object.blob && !object.host3d) {
    throw new DrmError("EINVAL", "Cannot transfer a blob of guest memory: the host sees it as it is");
  }
  return object;
}

function inRoom(gpu: VirtioGpu, object: VirtioGpuObject, action: () => number): Wait {
  object.ref();
  return gpu.queue.room(() => {
    try {
      return action();
    } finally {
      object.put();
    }
  }, () => object.put());
}

function transfer2d(
  gpu: VirtioGpu,
  object: VirtioGpuObject,
  x: number,
  y: number,
  width: number,
  height: number,
  offset: number,
): number {
  gpu.queue.prepare(1);
  gpu.commands.transferToHost2d(object.resourceId, x, y, width, height, offset, object.ref());
  gpu.queue.notify();
  return 0;
}

function transfer3d(
  file: VirtioGpuFile,
  context: FileContext,
  command: number,
  object: VirtioGpuObject,
  argument: DataView,
): number | Wait {
  const stride = argument.getUint32(36, true), layerStride = argument.getUint32(40, true);
  if (!object.host3d && (stride !== 0 || layerStride !== 0)) {
    throw new DrmError("EINVAL", "Cannot transfer with strides: only blobs have such");
  }
  const gpu = file.device.priv;
  if (gpu.queue.hasRoom) return sendTransfer3d(gpu, context, command, object, argument);
  return inRoom(gpu, object, () => sendTransfer3d(gpu, context, command, object, argument));
}

function sendTransfer3d(
  gpu: VirtioGpu,
  context: FileContext,
  command: number,
  object: VirtioGpuObject,
  argument: DataView,
): number {
  gpu.checkRoom(1);
  object.resv.reserve(1);
  const fence = gpu.commands3d.transfer3d(command, context.id, object.resourceId, argument, object.ref());
  object.resv.add(fence, ResvUsage.WRITE);
  gpu.queue.notify();
  return 0;
}

/** WAIT: at most 15 s, then EBUSY (L3). */
export function wait(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_3d_wait>): number | Wait {
  const { resv } = find(file, arg.handle);
  if ((arg.flags & uapi.VIRTGPU_WAIT_NOWAIT) !== 0) return resv.testSignaled(ResvUsage.READ) ? 0 : EBUSY;
  const { system } = file.device;
  return resv.wait(ResvUsage.READ, system, { deadline: system.clock.now() + WAIT_TIMEOUT, onTimeout: () => EBUSY });
}

/** RESOURCE_CREATE_BLOB (L6). */
export function createBlob(
  file: VirtioGpuFile,
  arg: View<uapi.drm_virtgpu_resource_create_blob>,
  task: Process,
): number {
  const gpu = file.device.priv;
  const { size, blob_flags: blobFlags, blob_mem: blobMem, blob_id: blobId, cmd_size: length } = arg;
  const fail = (why: string): never => {
    throw new DrmError("EINVAL", `Cannot create a blob: ${why}`);
  };
  if (!gpu.hasResourceBlob) fail("the device has none");
  if ((blobFlags & ~BLOB_FLAGS) !== 0) fail(`flags 0x${blobFlags.toString(16)} are unknown`);
  const shared = (blobFlags & uapi.VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE) !== 0;
  if (shared && !gpu.hasResourceUuid) fail("the device gives no UUIDs to share it by");
  const ofHost = blobMem === uapi.VIRTGPU_BLOB_MEM_HOST3D || blobMem === uapi.VIRTGPU_BLOB_MEM_HOST3D_GUEST;
  if (!ofHost && blobMem !== uapi.VIRTGPU_BLOB_MEM_GUEST) fail(`memory ${blobMem} is unknown`);
  const context = file.priv;
  if (ofHost) {
    if (context === undefined) fail("memory of the host comes with 3D");
    if (length % 4 !== 0) fail(`${length} bytes are no whole commands`);
  } else if (blobId !== 0n || length !== 0) fail("guest memory has no blob_id and no commands");
  if (gpu.blobAlignment !== 0 && size % gpu.blobAlignment !== 0) {
    fail(`its size is no multiple of ${gpu.blobAlignment}`);
  }
  context?.create(task.comm);
  if (context !== undefined && length > 0) submitFor(gpu, context, task, arg.cmd, length);
  const host3d = context !== undefined && ofHost ? { context: context.id, blobId } : undefined;
  const params = { size, blobFlags, blobMem, host3d };
  const inGuest = blobMem !== uapi.VIRTGPU_BLOB_MEM_HOST3D;
  const object = (inGuest ? createObject : createHostObject)(gpu, deviceOf(file), params);
  if (!inGuest && (blobFlags & uapi.VIRTGPU_BLOB_FLAG_USE_MAPPABLE) !== 0) {
    // virtio_gpu_vram_map; the host has been told already.
    object.put();
    fail("the device has no region in which memory of the host could be mapped");
  }
  if (shared) object.assignUuid(); // its memory is prepared
  return giveHandle(file, object, arg);
}

// The commands by which the host's renderer learns of the memory.
function submitFor(gpu: VirtioGpu, context: FileContext, task: Process, address: bigint, length: number): void {
  if (length > BLOB_COMMANDS_MAX) throw new DrmError("ENOMEM", `Cannot submit ${length} bytes of commands`);
  gpu.checkRoom(1);
  const buffer = gpu.submitBuffers.acquire(length);
  try {
    task.memory.copyIn(address, buffer.data.subarray(0, length));
  } catch (error) {
    gpu.submitBuffers.release(buffer);
    throw error;
  }
  gpu.commands3d.submit3d(context.id, buffer, length, undefined);
}
