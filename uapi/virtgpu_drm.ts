/**
 * Requests of the virtio-gpu DRM driver: objects, transfers, waiting; contexts and submission come from virtgpu_drm_context.ts.
 * Mirrors include/uapi/drm/virtgpu_drm.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { type Struct, struct, u32, u53, u64, type View } from "./struct.ts";
import { DRM_COMMAND_BASE } from "./drm.ts";

export * from "./virtgpu_drm_context.ts";

/** Number of DRM_IOCTL_VIRTGPU_MAP, from DRM_COMMAND_BASE. */
export const DRM_VIRTGPU_MAP = 0x01;
/** Number of DRM_IOCTL_VIRTGPU_GETPARAM. */
export const DRM_VIRTGPU_GETPARAM = 0x03;
/** Number of DRM_IOCTL_VIRTGPU_RESOURCE_CREATE. */
export const DRM_VIRTGPU_RESOURCE_CREATE = 0x04;
/** Number of DRM_IOCTL_VIRTGPU_RESOURCE_INFO. */
export const DRM_VIRTGPU_RESOURCE_INFO = 0x05;
/** Number of DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST. */
export const DRM_VIRTGPU_TRANSFER_FROM_HOST = 0x06;
/** Number of DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST. */
export const DRM_VIRTGPU_TRANSFER_TO_HOST = 0x07;
/** Number of DRM_IOCTL_VIRTGPU_WAIT. */
export const DRM_VIRTGPU_WAIT = 0x08;
/** Number of DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB. */
export const DRM_VIRTGPU_RESOURCE_CREATE_BLOB = 0x0a;

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_MAP}. */
export interface drm_virtgpu_map {
  /** out; offset for mmap of the DRM file, bytes */
  offset: number;
  /** in; GEM handle */
  handle: number;
  /** ignored */
  pad: number;
}
/** Layout of `struct drm_virtgpu_map`: 16 bytes. */
export const drm_virtgpu_map: Struct<drm_virtgpu_map> = struct<drm_virtgpu_map>("drm_virtgpu_map", {
  offset: u53,
  handle: u32,
  pad: u32,
}, { size: 16 });

/** Asks where to map an object. */
export const DRM_IOCTL_VIRTGPU_MAP: Ioctl<drm_virtgpu_map> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_MAP,
  drm_virtgpu_map,
);

/** drm_virtgpu_getparam.param: 1 if the host renders 3D. */
export const VIRTGPU_PARAM_3D_FEATURES = 1;
/** drm_virtgpu_getparam.param: 1 if GET_CAPS is right about sizes. */
export const VIRTGPU_PARAM_CAPSET_QUERY_FIX = 2;
/** drm_virtgpu_getparam.param: 1 if there are blobs. */
export const VIRTGPU_PARAM_RESOURCE_BLOB = 3;
/** drm_virtgpu_getparam.param: 1 if blobs of the host can be mapped. */
export const VIRTGPU_PARAM_HOST_VISIBLE = 4;
/** drm_virtgpu_getparam.param: 1 if blobs can be shared with other virtio devices. */
export const VIRTGPU_PARAM_CROSS_DEVICE = 5;
/** drm_virtgpu_getparam.param: 1 if CONTEXT_INIT is there. */
export const VIRTGPU_PARAM_CONTEXT_INIT = 6;
/** drm_virtgpu_getparam.param: bit for each capability set. */
export const VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs = 7;
/** drm_virtgpu_getparam.param: 1 if contexts can be named. */
export const VIRTGPU_PARAM_EXPLICIT_DEBUG_NAME = 8;
/** drm_virtgpu_getparam.param: alignment of blob sizes, bytes. */
export const VIRTGPU_PARAM_BLOB_ALIGNMENT = 9;

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_GETPARAM}. */
export interface drm_virtgpu_getparam {
  /** in; VIRTGPU_PARAM_* */
  param: bigint;
  /** in; user address for an int */
  value: bigint;
}
/** Layout of `struct drm_virtgpu_getparam`: 16 bytes. */
export const drm_virtgpu_getparam: Struct<drm_virtgpu_getparam> = struct<drm_virtgpu_getparam>("drm_virtgpu_getparam", {
  param: u64,
  value: u64,
}, { size: 16 });

/** Asks what the device can do. */
export const DRM_IOCTL_VIRTGPU_GETPARAM: Ioctl<drm_virtgpu_getparam> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_GETPARAM,
  drm_virtgpu_getparam,
);

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_RESOURCE_CREATE}. */
export interface drm_virtgpu_resource_create {
  /** in; Gallium texture target */
  target: number;
  /** in; virgl format */
  format: number;
  /** in; virgl bind flags */
  bind: number;
  /** in; pixels, or bytes of a buffer */
  width: number;
  /** in; lines */
  height: number;
  /** in; slices */
  depth: number;
  /** in; layers */
  array_size: number;
  /** in; greatest mipmap level */
  last_level: number;
  /** in; samples a pixel */
  nr_samples: number;
  /** in; VIRTIO_GPU_RESOURCE_FLAG_* */
  flags: number;
  /** out; GEM handle */
  bo_handle: number;
  /** out; the host's resource id */
  res_handle: number;
  /** in; of the guest memory, bytes */
  size: number;
  /** in; bytes a line, 0 for none */
  stride: number;
}
/** Layout of `struct drm_virtgpu_resource_create`: 56 bytes. */
export const drm_virtgpu_resource_create: Struct<drm_virtgpu_resource_create> = struct<drm_virtgpu_resource_create>(
  "drm_virtgpu_resource_create",
  {
    target: u32,
    format: u32,
    bind: u32,
    width: u32,
    height: u32,
    depth: u32,
    array_size: u32,
    last_level: u32,
    nr_samples: u32,
    flags: u32,
    bo_handle: u32,
    res_handle: u32,
    size: u32,
    stride: u32,
  },
  { size: 56 },
);

/** Makes a resource with guest memory. */
export const DRM_IOCTL_VIRTGPU_RESOURCE_CREATE: Ioctl<drm_virtgpu_resource_create> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_RESOURCE_CREATE,
  drm_virtgpu_resource_create,
);

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_RESOURCE_INFO}. */
export interface drm_virtgpu_resource_info {
  /** in; GEM handle */
  bo_handle: number;
  /** out; the host's resource id */
  res_handle: number;
  /** out, bytes */
  size: number;
  /** out; VIRTGPU_BLOB_MEM_*, 0 for a classic resource */
  blob_mem: number;
}
/** Layout of `struct drm_virtgpu_resource_info`: 16 bytes. */
export const drm_virtgpu_resource_info: Struct<drm_virtgpu_resource_info> = struct<drm_virtgpu_resource_info>(
  "drm_virtgpu_resource_info",
  {
    bo_handle: u32,
    res_handle: u32,
    size: u32,
    blob_mem: u32,
  },
  { size: 16 },
);

/** Reads what a GEM handle is to the host. */
export const DRM_IOCTL_VIRTGPU_RESOURCE_INFO: Ioctl<drm_virtgpu_resource_info> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_RESOURCE_INFO,
  drm_virtgpu_resource_info,
);

/** A box of texels. */
export interface drm_virtgpu_3d_box {
  /** left */
  x: number;
  /** top */
  y: number;
  /** first slice or layer */
  z: number;
  /** width */
  w: number;
  /** height */
  h: number;
  /** slices or layers */
  d: number;
}
/** Layout of `struct drm_virtgpu_3d_box`: 24 bytes. */
export const drm_virtgpu_3d_box: Struct<drm_virtgpu_3d_box> = struct<drm_virtgpu_3d_box>("drm_virtgpu_3d_box", {
  x: u32,
  y: u32,
  z: u32,
  w: u32,
  h: u32,
  d: u32,
}, { size: 24 });

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST}. */
export interface drm_virtgpu_3d_transfer_to_host {
  /** in; GEM handle */
  bo_handle: number;
  /** in; the part of the image */
  box: View<drm_virtgpu_3d_box>;
  /** in; mipmap level */
  level: number;
  /** in; into the guest memory, bytes */
  offset: number;
  /** in; bytes a line in guest memory, 0 for tight */
  stride: number;
  /** in; bytes a layer in guest memory, 0 for tight */
  layer_stride: number;
}
/** Layout of `struct drm_virtgpu_3d_transfer_to_host`: 44 bytes. */
export const drm_virtgpu_3d_transfer_to_host: Struct<drm_virtgpu_3d_transfer_to_host> = struct<
  drm_virtgpu_3d_transfer_to_host
>("drm_virtgpu_3d_transfer_to_host", {
  bo_handle: u32,
  box: drm_virtgpu_3d_box.field(),
  level: u32,
  offset: u32,
  stride: u32,
  layer_stride: u32,
}, { size: 44 });

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST}. */
export interface drm_virtgpu_3d_transfer_from_host {
  /** in; GEM handle */
  bo_handle: number;
  /** in; the part of the image */
  box: View<drm_virtgpu_3d_box>;
  /** in; mipmap level */
  level: number;
  /** in; into the guest memory, bytes */
  offset: number;
  /** in; bytes a line in guest memory, 0 for tight */
  stride: number;
  /** in; bytes a layer in guest memory, 0 for tight */
  layer_stride: number;
}
/** Layout of `struct drm_virtgpu_3d_transfer_from_host`: 44 bytes. */
export const drm_virtgpu_3d_transfer_from_host: Struct<drm_virtgpu_3d_transfer_from_host> = struct<
  drm_virtgpu_3d_transfer_from_host
>("drm_virtgpu_3d_transfer_from_host", {
  bo_handle: u32,
  box: drm_virtgpu_3d_box.field(),
  level: u32,
  offset: u32,
  stride: u32,
  layer_stride: u32,
}, { size: 44 });

/** Copies from the host's image to guest memory. */
export const DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST: Ioctl<drm_virtgpu_3d_transfer_from_host> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_TRANSFER_FROM_HOST,
  drm_virtgpu_3d_transfer_from_host,
);

/** Copies from guest memory to the host's image. */
export const DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST: Ioctl<drm_virtgpu_3d_transfer_to_host> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_TRANSFER_TO_HOST,
  drm_virtgpu_3d_transfer_to_host,
);

/** drm_virtgpu_3d_wait.flags: EBUSY at once. */
export const VIRTGPU_WAIT_NOWAIT = 1;

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_WAIT}. */
export interface drm_virtgpu_3d_wait {
  /** in; GEM handle */
  handle: number;
  /** in; VIRTGPU_WAIT_NOWAIT */
  flags: number;
}
/** Layout of `struct drm_virtgpu_3d_wait`: 8 bytes. */
export const drm_virtgpu_3d_wait: Struct<drm_virtgpu_3d_wait> = struct<drm_virtgpu_3d_wait>("drm_virtgpu_3d_wait", {
  handle: u32,
  flags: u32,
}, { size: 8 });

/** Waits until an object is idle. */
export const DRM_IOCTL_VIRTGPU_WAIT: Ioctl<drm_virtgpu_3d_wait> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_WAIT,
  drm_virtgpu_3d_wait,
);

/** blob_mem: pages of the guest. */
export const VIRTGPU_BLOB_MEM_GUEST = 0x0001;
/** blob_mem: memory of the host's renderer. */
export const VIRTGPU_BLOB_MEM_HOST3D = 0x0002;
/** blob_mem: both. */
export const VIRTGPU_BLOB_MEM_HOST3D_GUEST = 0x0003;
/** blob_flags: it will be mapped. */
export const VIRTGPU_BLOB_FLAG_USE_MAPPABLE = 0x0001;
/** blob_flags: it will be shared with other drivers. */
export const VIRTGPU_BLOB_FLAG_USE_SHAREABLE = 0x0002;
/** blob_flags: it will be shared with other virtio devices. */
export const VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE = 0x0004;

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB}. */
export interface drm_virtgpu_resource_create_blob {
  /** in; VIRTGPU_BLOB_MEM_* */
  blob_mem: number;
  /** in; VIRTGPU_BLOB_FLAG_* */
  blob_flags: number;
  /** out; GEM handle */
  bo_handle: number;
  /** out; the host's resource id */
  res_handle: number;
  /** in, bytes */
  size: number;
  /** ignored */
  pad: number;
  /** in; of the commands, bytes, a multiple of 4 */
  cmd_size: number;
  /** in; user address of commands that the host executes first */
  cmd: bigint;
  /** in; the host renderer's name for the memory */
  blob_id: bigint;
}
/** Layout of `struct drm_virtgpu_resource_create_blob`: 48 bytes. */
export const drm_virtgpu_resource_create_blob: Struct<drm_virtgpu_resource_create_blob> = struct<
  drm_virtgpu_resource_create_blob
>("drm_virtgpu_resource_create_blob", {
  blob_mem: u32,
  blob_flags: u32,
  bo_handle: u32,
  res_handle: u32,
  size: u53,
  pad: u32,
  cmd_size: u32,
  cmd: u64,
  blob_id: u64,
}, { size: 48 });

/** Makes a blob resource. */
export const DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB: Ioctl<drm_virtgpu_resource_create_blob> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_RESOURCE_CREATE_BLOB,
  drm_virtgpu_resource_create_blob,
);
