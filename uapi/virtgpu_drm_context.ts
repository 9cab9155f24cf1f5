/**
 * Contexts of the virtio-gpu DRM driver: their parameters, capability sets, submissions and events. Mirrors that part of
 * include/uapi/drm/virtgpu_drm.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { s32, type Struct, struct, u32, u64 } from "./struct.ts";
import { DRM_COMMAND_BASE } from "./drm.ts";

/** Number of DRM_IOCTL_VIRTGPU_EXECBUFFER. */
export const DRM_VIRTGPU_EXECBUFFER = 0x02;
/** Number of DRM_IOCTL_VIRTGPU_GET_CAPS. */
export const DRM_VIRTGPU_GET_CAPS = 0x09;
/** Number of DRM_IOCTL_VIRTGPU_CONTEXT_INIT. */
export const DRM_VIRTGPU_CONTEXT_INIT = 0x0b;

/** drm_virtgpu_execbuffer.flags: `fence_fd` is a sync_file to wait for. */
export const VIRTGPU_EXECBUF_FENCE_FD_IN = 0x01;
/** drm_virtgpu_execbuffer.flags: return a sync_file in `fence_fd`. */
export const VIRTGPU_EXECBUF_FENCE_FD_OUT = 0x02;
/** drm_virtgpu_execbuffer.flags: `ring_idx` counts. */
export const VIRTGPU_EXECBUF_RING_IDX = 0x04;
/** drm_virtgpu_execbuffer.flags: all of them. */
export const VIRTGPU_EXECBUF_FLAGS = 0x07;
/** drm_virtgpu_execbuffer_syncobj.flags: empty the syncobj after the wait. */
export const VIRTGPU_EXECBUF_SYNCOBJ_RESET = 0x01;
/** drm_virtgpu_execbuffer_syncobj.flags: all of them. */
export const VIRTGPU_EXECBUF_SYNCOBJ_FLAGS = 0x01;

/** A syncobj that a submission waits for or signals. */
export interface drm_virtgpu_execbuffer_syncobj {
  /** in; syncobj handle */
  handle: number;
  /** in; VIRTGPU_EXECBUF_SYNCOBJ_* */
  flags: number;
  /** in; timeline point, 0 for a binary syncobj */
  point: bigint;
}
/** Layout of `struct drm_virtgpu_execbuffer_syncobj`: 16 bytes. */
export const drm_virtgpu_execbuffer_syncobj: Struct<drm_virtgpu_execbuffer_syncobj> = struct<
  drm_virtgpu_execbuffer_syncobj
>("drm_virtgpu_execbuffer_syncobj", {
  handle: u32,
  flags: u32,
  point: u64,
}, { size: 16 });

/**
 * Argument of {@linkcode DRM_IOCTL_VIRTGPU_EXECBUFFER}. Calls from before the syncobjs came are 40 bytes, from before
 * `ring_idx` 32.
 */
export interface drm_virtgpu_execbuffer {
  /** in; VIRTGPU_EXECBUF_* */
  flags: number;
  /** in; of the commands, bytes */
  size: number;
  /** in; user address of the commands */
  command: bigint;
  /** in; user address of u32 GEM handles that the commands use */
  bo_handles: bigint;
  /** in; GEM handles */
  num_bo_handles: number;
  /** in, out; sync_file, by `flags` */
  fence_fd: number;
  /** in; ring of the context, with VIRTGPU_EXECBUF_RING_IDX */
  ring_idx: number;
  /** in; size of an element of both arrays, bytes */
  syncobj_stride: number;
  /** in; syncobjs to wait for */
  num_in_syncobjs: number;
  /** in; syncobjs to signal */
  num_out_syncobjs: number;
  /** in; user address of drm_virtgpu_execbuffer_syncobj */
  in_syncobjs: bigint;
  /** in; user address of drm_virtgpu_execbuffer_syncobj */
  out_syncobjs: bigint;
}
/** Layout of `struct drm_virtgpu_execbuffer`: 64 bytes. */
export const drm_virtgpu_execbuffer: Struct<drm_virtgpu_execbuffer> = struct<drm_virtgpu_execbuffer>(
  "drm_virtgpu_execbuffer",
  {
    flags: u32,
    size: u32,
    command: u64,
    bo_handles: u64,
    num_bo_handles: u32,
    fence_fd: s32,
    ring_idx: u32,
    syncobj_stride: u32,
    num_in_syncobjs: u32,
    num_out_syncobjs: u32,
    in_syncobjs: u64,
    out_syncobjs: u64,
  },
  { size: 64 },
);

/** Submits commands to the context. */
export const DRM_IOCTL_VIRTGPU_EXECBUFFER: Ioctl<drm_virtgpu_execbuffer> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_EXECBUFFER,
  drm_virtgpu_execbuffer,
);

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_GET_CAPS}. */
export interface drm_virtgpu_get_caps {
  /** in; VIRTIO_GPU_CAPSET_* */
  cap_set_id: number;
  /** in; version */
  cap_set_ver: number;
  /** in; user address for the set */
  addr: bigint;
  /** in; room, bytes */
  size: number;
  /** ignored */
  pad: number;
}
/** Layout of `struct drm_virtgpu_get_caps`: 24 bytes. */
export const drm_virtgpu_get_caps: Struct<drm_virtgpu_get_caps> = struct<drm_virtgpu_get_caps>("drm_virtgpu_get_caps", {
  cap_set_id: u32,
  cap_set_ver: u32,
  addr: u64,
  size: u32,
  pad: u32,
}, { size: 24 });

/** Reads a capability set of the host. */
export const DRM_IOCTL_VIRTGPU_GET_CAPS: Ioctl<drm_virtgpu_get_caps> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_GET_CAPS,
  drm_virtgpu_get_caps,
);

/** drm_virtgpu_context_set_param.param: capability set. */
export const VIRTGPU_CONTEXT_PARAM_CAPSET_ID = 0x0001;
/** drm_virtgpu_context_set_param.param: rings, at most 64. */
export const VIRTGPU_CONTEXT_PARAM_NUM_RINGS = 0x0002;
/** drm_virtgpu_context_set_param.param: bit for each ring whose fences send an event. */
export const VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK = 0x0003;
/** drm_virtgpu_context_set_param.param: user address of a name. */
export const VIRTGPU_CONTEXT_PARAM_DEBUG_NAME = 0x0004;

/** A parameter of a context. */
export interface drm_virtgpu_context_set_param {
  /** in; VIRTGPU_CONTEXT_PARAM_* */
  param: bigint;
  /** in */
  value: bigint;
}
/** Layout of `struct drm_virtgpu_context_set_param`: 16 bytes. */
export const drm_virtgpu_context_set_param: Struct<drm_virtgpu_context_set_param> = struct<
  drm_virtgpu_context_set_param
>("drm_virtgpu_context_set_param", {
  param: u64,
  value: u64,
}, { size: 16 });

/** Argument of {@linkcode DRM_IOCTL_VIRTGPU_CONTEXT_INIT}. */
export interface drm_virtgpu_context_init {
  /** in; parameters */
  num_params: number;
  /** ignored */
  pad: number;
  /** in; user address of drm_virtgpu_context_set_param */
  ctx_set_params: bigint;
}
/** Layout of `struct drm_virtgpu_context_init`: 16 bytes. */
export const drm_virtgpu_context_init: Struct<drm_virtgpu_context_init> = struct<drm_virtgpu_context_init>(
  "drm_virtgpu_context_init",
  {
    num_params: u32,
    pad: u32,
    ctx_set_params: u64,
  },
  { size: 16 },
);

/** Sets up the file's context, once. */
export const DRM_IOCTL_VIRTGPU_CONTEXT_INIT: Ioctl<drm_virtgpu_context_init> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VIRTGPU_CONTEXT_INIT,
  drm_virtgpu_context_init,
);

/** drm_event.type: a fence of a polled ring has signaled; a bare drm_event of 8 bytes. */
export const VIRTGPU_EVENT_FENCE_SIGNALED = 0x90000000;
