/**
 * DRM_IOCTL_VIRTGPU_*: the table, and the requests of the device and of contexts; those of objects are in resource_ioctls.ts.
 * Mirrors drivers/gpu/drm/virtio/virtgpu_ioctl.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { type IoctlEntry, type IoctlMaker, MAY_WAIT, RENDER_ALLOW } from "../../../core/ioctl.ts";
import type { Process } from "../../../core/process.ts";
import type { Wait } from "../../../core/wait.ts";
import type { View } from "../../../uapi/struct.ts";
import * as uapi from "../../../uapi/virtgpu_drm.ts";
import type { VirtioGpuFile } from "./file.ts";
import {
  createBlob,
  mapOffset,
  resourceCreate,
  resourceInfo,
  transferFromHost,
  transferToHost,
  wait,
} from "./resource_ioctls.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

const has = (feature: boolean): number => feature ? 1 : 0;

function parameter(gpu: VirtioGpu, param: bigint): number {
  switch (param) {
    case BigInt(uapi.VIRTGPU_PARAM_3D_FEATURES):
      return has(gpu.has3d);
    case BigInt(uapi.VIRTGPU_PARAM_HOST_VISIBLE):
      return 0;
    case BigInt(uapi.VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs):
      return gpu.capsets.mask;
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

/** EXECBUFFER (L7). */
function execBuffer(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_execbuffer>, task: Process): number | Wait {
  const gpu = file.device.priv, context = file.priv;
  if (context === undefined) throw new DrmError("ENOSYS", "Cannot execute commands: the device has no 3D");
  const { flags } = arg;
  if ((flags & ~uapi.VIRTGPU_EXECBUF_FLAGS) !== 0) {
    throw new DrmError("EINVAL", `Cannot execute with flags 0x${flags.toString(16)}`);
  }
  let timeline = gpu.queue.timeline, polled = false;
  if ((flags & uapi.VIRTGPU_EXECBUF_RING_IDX) !== 0) {
    const ring = context.ring(arg.ring_idx);
    if (ring === undefined) throw new DrmError("EINVAL", `Cannot execute on ring ${arg.ring_idx}: there is none such`);
    timeline = ring;
    polled = context.isPolled(arg.ring_idx);
  }
  context.create(task.comm);
  const submission = gpu.takeSubmission();
  let waits = false;
  try {
    const result = submission.begin(file, arg, task, context, timeline, polled);
    if (result !== undefined) return result;
    waits = true;
    return submission.suspend((over) => gpu.giveSubmission(over));
  } finally {
    if (!waits) gpu.giveSubmission(submission);
  }
}

/** CONTEXT_INIT. */
function contextInit(file: VirtioGpuFile, arg: View<uapi.drm_virtgpu_context_init>, task: Process): number {
  if (file.priv === undefined) throw new DrmError("EINVAL", "Cannot set up a context: the device has no 3D");
  return file.priv.init(arg, task);
}

/** The driver's table. */
export function virtgpuIoctls({ ioctl }: IoctlMaker<VirtioGpuFile>): IoctlEntry[] {
  const waits = RENDER_ALLOW | MAY_WAIT;
  return [
    ioctl(uapi.DRM_IOCTL_VIRTGPU_MAP, uapi.drm_virtgpu_map, RENDER_ALLOW, (file, arg) => {
      arg.offset = mapOffset(file, arg.handle);
      return 0;
    }),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_EXECBUFFER, uapi.drm_virtgpu_execbuffer, waits, execBuffer),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_GETPARAM, uapi.drm_virtgpu_getparam, RENDER_ALLOW, getParam),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, uapi.drm_virtgpu_resource_create, RENDER_ALLOW, resourceCreate),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_RESOURCE_INFO, uapi.drm_virtgpu_resource_info, RENDER_ALLOW, resourceInfo),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST,
      uapi.drm_virtgpu_3d_transfer_from_host,
      waits,
      transferFromHost,
    ),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, uapi.drm_virtgpu_3d_transfer_to_host, waits, transferToHost),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_WAIT, uapi.drm_virtgpu_3d_wait, waits, wait),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_GET_CAPS,
      uapi.drm_virtgpu_get_caps,
      waits,
      (file, arg, task) => file.device.priv.capsets.get(arg, task),
    ),
    ioctl(
      uapi.DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB,
      uapi.drm_virtgpu_resource_create_blob,
      RENDER_ALLOW,
      createBlob,
    ),
    ioctl(uapi.DRM_IOCTL_VIRTGPU_CONTEXT_INIT, uapi.drm_virtgpu_context_init, RENDER_ALLOW, contextInit),
  ];
}
