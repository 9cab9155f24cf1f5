/**
 * DRM_IOCTL_VIRTGPU_*, as far as 2D goes; the rest answers as the kernel's driver does for a device without 3D. Mirrors
 * drivers/gpu/drm/virtio/virtgpu_ioctl.c.
 * @module
 */

import type { DrmFile } from "../../../core/drm_file.ts";
import { DrmError, EBUSY } from "../../../core/error.ts";
import { createHandle } from "../../../core/gem.ts";
import { type IoctlEntry, type IoctlMaker, MAY_WAIT, RENDER_ALLOW } from "../../../core/ioctl.ts";
import type { Process } from "../../../core/process.ts";
import { ResvUsage } from "../../../core/resv.ts";
import type { Wait } from "../../../core/wait.ts";
import { VIEW, type View } from "../../../uapi/struct.ts";
import * as uapi from "../../../uapi/virtgpu_drm.ts";
import { createObject, lookup, type VirtioGpuObject } from "./object.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

/** A file of this driver. It has no state of its own without 3D contexts. */
export type VirtioGpuFile = DrmFile<undefined, VirtioGpu>;

const WAIT_TIMEOUT = 15e9;
const BLOB_FLAGS = uapi.VIRTGPU_BLOB_FLAG_USE_MAPPABLE | uapi.VIRTGPU_BLOB_FLAG_USE_SHAREABLE |
  uapi.VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE;

const has = (feature: boolean): number => feature ? 1 : 0;
const find = (file: VirtioGpuFile, handle: number): VirtioGpuObject => lookup(file as unknown as DrmFile, handle);

function no3d(what: string): never {
  throw new DrmError("ENOSYS", `Cannot ${what}: the device has no 3D`);
}

/** MAP, and MAP_DUMB: the offset for mmap; imported objects have one too (B10). Throws ENOENT. */
export function mapOffset(file: VirtioGpuFile, handle: number): number {
  return find(file, handle).mmapOffset;
}

function parameter(gpu: VirtioGpu, param: bigint): number {
  switch (param) {
    case BigInt(uapi.VIRTGPU_PARAM_3D_FEATURES):
    case BigInt(uapi.VIRTGPU_PARAM_HOST_VISIBLE):
    case BigInt(uapi.VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs):
      return 0;
    case BigInt(uapi.VIRTGPU_PARAM_CAPSET_QUERY_FIX):
      return 1;
    case BigInt(uapi.VIRTGPU_PARAM_RESOURCE_BLOB):
      return has(gpu.hasResourceBlob);
    case BigInt(uapi.VIRTGPU_PARAM_CROSS_DEVICE):
      return has(gpu.hasResourceUuid);
    case BigInt(uapi.VIRTGPU_PARAM_CONTEXT_INIT):
    case BigInt(uapi.VIRTGPU_PARAM_EXPLICIT_DEBUG_NAME):
      return has(gpu.hasContextInit);
    case BigInt(uapi.VIRTGPU_PARAM_BLOB_ALIGNMENT):
      if (gpu.blobAlignment === 0) {
        throw new DrmError("ENOENT", "Cannot tell the alignment of blobs: the device asks for none");
      }
      return gpu.blobAlignment;
  }
  throw new DrmError("EINVAL", `Cannot tell parameter ${param}: it is unknown`);
}

/** GETPARAM: the value is an int at a user address (L2). */
function getParam(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_getparam>, task: Process): number {
  const value = parameter(file.device.priv, arg.param);
  task.memory.copyOut(arg.value, new Uint8Array(Int32Array.of(value).buffer));
  return 0;
}

/** RESOURCE_CREATE of a device without 3D: a plain 2D texture. */
function resourceCreate(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_resource_create>): number {
  const { depth, nr_samples, last_level, target, array_size } = arg;
  if (depth > 1 || nr_samples > 1 || last_level > 1 || target !== 2 || array_size > 1) {
    throw new DrmError("EINVAL", "Cannot create the resource: without 3D there are single 2D textures only");
  }
  const object = createObject(file.device.priv, file.device as unknown as VirtioGpuObject["device"], {
    size: arg.size || 4096,
    image: { format: arg.format, width: arg.width, height: arg.height },
    fenced: true,
  });
  return giveHandle(file, object, arg);
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

function resourceInfo(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_resource_info>): number {
  const object = find(file, arg.bo_handle);
  arg.size = object.size;
  arg.res_handle = object.resourceId;
  if (object.guestBlob) arg.blob_mem = object.blobMem;
  return 0;
}

// TRANSFER_TO_HOST without 3D: level and strides are not looked at, and the host alone judges box and offset. The box is
// read by its offsets, since a nested view would be an allocation a call.
function transferToHost(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_3d_transfer_to_host>): number | Wait {
  const object = find(file, arg.bo_handle);
  if (object.guestBlob) {
    throw new DrmError("EINVAL", "Cannot transfer a blob of guest memory: the host sees it as it is");
  }
  const view = arg[VIEW];
  const x = view.getUint32(4, true), y = view.getUint32(8, true);
  const width = view.getUint32(16, true), height = view.getUint32(20, true);
  const offset = view.getUint32(32, true);
  const { queue } = file.device.priv;
  if (queue.hasRoom) return transfer(file.device.priv, object, x, y, width, height, offset);
  object.ref();
  return queue.room(() => {
    try {
      return transfer(file.device.priv, object, x, y, width, height, offset);
    } finally {
      object.put();
    }
  }, () => object.put());
}

function transfer(
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

/** WAIT: at most 15 s, then EBUSY (L3). */
function wait(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_3d_wait>): number | Wait {
  const { resv } = find(file, arg.handle);
  if ((arg.flags & uapi.VIRTGPU_WAIT_NOWAIT) !== 0) return resv.testSignaled(ResvUsage.READ) ? 0 : EBUSY;
  const { system } = file.device;
  return resv.wait(ResvUsage.READ, system, { deadline: system.clock.now() + WAIT_TIMEOUT, onTimeout: () => EBUSY });
}

/** RESOURCE_CREATE_BLOB of guest memory (L6). */
function createBlob(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_resource_create_blob>): number {
  const gpu = file.device.priv;
  const fail = (why: string): never => {
    throw new DrmError("EINVAL", `Cannot create a blob: ${why}`);
  };
  if (!gpu.hasResourceBlob) fail("the device has none");
  if ((arg.blob_flags & ~BLOB_FLAGS) !== 0) fail(`flags 0x${arg.blob_flags.toString(16)} are unknown`);
  const shared = (arg.blob_flags & uapi.VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE) !== 0;
  if (shared && !gpu.hasResourceUuid) fail("the device gives no UUIDs to share it by");
  if (arg.blob_mem === uapi.VIRTGPU_BLOB_MEM_HOST3D || arg.blob_mem === uapi.VIRTGPU_BLOB_MEM_HOST3D_GUEST) {
    fail("memory of the host comes with 3D");
  }
  if (arg.blob_mem !== uapi.VIRTGPU_BLOB_MEM_GUEST) fail(`memory ${arg.blob_mem} is unknown`);
  if (arg.blob_id !== 0n || arg.cmd_size !== 0) fail("guest memory has no blob_id and no commands");
  if (gpu.blobAlignment !== 0 && arg.size % gpu.blobAlignment !== 0) {
    fail(`its size is no multiple of ${gpu.blobAlignment}`);
  }
  const object = createObject(gpu, file.device as unknown as VirtioGpuObject["device"], {
    size: arg.size,
    blobFlags: arg.blob_flags,
    blobMem: arg.blob_mem,
  });
  if (shared) object.assignUuid(); // its memory is prepared
  return giveHandle(file, object, arg);
}

/** The driver's table. */
export function virtgpuIoctls({ ioctl }: IoctlMaker<VirtioGpuFile>): IoctlEntry[] {
  return [
    ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, uapi.drm_virtgpu_map, RENDER_ALLOW, (file, arg) => {
      arg.offset = mapOffset(file, arg.handle);
      return 0;
    }),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_EXECBUFFER, uapi.drm_virtgpu_execbuffer, RENDER_ALLOW, () => no3d("execute commands")),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_GETPARAM, uapi.drm_virtgpu_getparam, RENDER_ALLOW, getParam),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE,
      uapi.drm_virtgpu_resource_create,
      RENDER_ALLOW,
      resourceCreate,
    ),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, uapi.drm_virtgpu_resource_info, RENDER_ALLOW, resourceInfo),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST,
      uapi.drm_virtgpu_3d_transfer_from_host,
      RENDER_ALLOW,
      () => no3d("transfer from the host"),
    ),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST,
      uapi.drm_virtgpu_3d_transfer_to_host,
      RENDER_ALLOW | MAY_WAIT,
      transferToHost,
    ),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, uapi.drm_virtgpu_3d_wait, RENDER_ALLOW | MAY_WAIT, wait),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_GET_CAPS,
      uapi.drm_virtgpu_get_caps,
      RENDER_ALLOW,
      () => no3d("read a capability set"),
    ),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB,
      uapi.drm_virtgpu_resource_create_blob,
      RENDER_ALLOW,
      createBlob,
    ),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_CONTEXT_INIT, uapi.drm_virtgpu_context_init, RENDER_ALLOW, () => {
      throw new DrmError("EINVAL", "Cannot set up a context: the device has no 3D");
    }),
  ];
}
