/**
 * DMA buffers, contexts, locks and AGP of user-mode setting. Mirrors the parts of include/uapi/drm/drm.h whose requests today's
 * kernels answer with EINVAL; a decoder of traces and a permission test need their numbers.
 * @module
 */

import { IO, type Ioctl, IOR, IOW, IOWR } from "./ioctl.ts";
import { s32, type Struct, struct, u16, u32, u53, u64 } from "./struct.ts";

/** drm_lock.flags: wait until the hardware is ready for DMA. */
export const _DRM_LOCK_READY = 0x1;
/** drm_lock.flags: wait until the hardware is quiet. */
export const _DRM_LOCK_QUIESCENT = 0x2;
/** drm_lock.flags: flush this context's queue first. */
export const _DRM_LOCK_FLUSH = 0x4;
/** drm_lock.flags: flush all queues first. */
export const _DRM_LOCK_FLUSH_ALL = 0x8;
/** drm_lock.flags: halt all queues. */
export const _DRM_HALT_ALL_QUEUES = 0x10;
/** drm_lock.flags: halt all current queues. */
export const _DRM_HALT_CUR_QUEUES = 0x20;

/** Argument of {@linkcode DRM_IOCTL_LOCK}, {@linkcode DRM_IOCTL_UNLOCK} and {@linkcode DRM_IOCTL_FINISH}. */
export interface drm_lock {
  /** in; context */
  context: number;
  /** in; _DRM_LOCK_* and _DRM_HALT_* */
  flags: number;
}
/** Layout of `struct drm_lock`: 8 bytes. */
export const drm_lock: Struct<drm_lock> = struct<drm_lock>("drm_lock", { context: s32, flags: u32 }, { size: 8 });

/** Removed: EINVAL. */
export const DRM_IOCTL_LOCK: Ioctl<drm_lock> = IOW("d", 0x2a, drm_lock);

/** Removed: EINVAL. */
export const DRM_IOCTL_UNLOCK: Ioctl<drm_lock> = IOW("d", 0x2b, drm_lock);

/** Does nothing. */
export const DRM_IOCTL_FINISH: Ioctl<drm_lock> = IOW("d", 0x2c, drm_lock);

/** drm_buf_desc.flags: align to pages. */
export const _DRM_PAGE_ALIGN = 0x1;
/** drm_buf_desc.flags: in AGP space. */
export const _DRM_AGP_BUFFER = 0x2;
/** drm_buf_desc.flags: in scattered pages. */
export const _DRM_SG_BUFFER = 0x4;
/** drm_buf_desc.flags: in video memory. */
export const _DRM_FB_BUFFER = 0x8;
/** drm_buf_desc.flags: map read-only. */
export const _DRM_PCI_BUFFER_RO = 0x10;

/** Argument of {@linkcode DRM_IOCTL_ADD_BUFS} and {@linkcode DRM_IOCTL_MARK_BUFS}. */
export interface drm_buf_desc {
  /** buffers of this size */
  count: number;
  /** bytes */
  size: number;
  /** low water mark */
  low_mark: number;
  /** high water mark */
  high_mark: number;
  /** _DRM_PAGE_ALIGN and so on */
  flags: number;
  /** in; start in AGP space */
  agp_start: bigint;
}
/** Layout of `struct drm_buf_desc`: 32 bytes. */
export const drm_buf_desc: Struct<drm_buf_desc> = struct<drm_buf_desc>("drm_buf_desc", {
  count: s32,
  size: s32,
  low_mark: s32,
  high_mark: s32,
  flags: u32,
  agp_start: u64,
}, { size: 32 });

/** Removed: EINVAL. */
export const DRM_IOCTL_ADD_BUFS: Ioctl<drm_buf_desc> = IOWR("d", 0x16, drm_buf_desc);

/** Removed: EINVAL. */
export const DRM_IOCTL_MARK_BUFS: Ioctl<drm_buf_desc> = IOW("d", 0x17, drm_buf_desc);

/** Argument of {@linkcode DRM_IOCTL_INFO_BUFS}. */
export interface drm_buf_info {
  /** in: room; out: kinds of buffers */
  count: number;
  /** in; user address of drm_buf_desc */
  list: bigint;
}
/** Layout of `struct drm_buf_info`: 16 bytes. */
export const drm_buf_info: Struct<drm_buf_info> = struct<drm_buf_info>("drm_buf_info", {
  count: s32,
  list: u64,
}, { size: 16 });

/** Removed: EINVAL. */
export const DRM_IOCTL_INFO_BUFS: Ioctl<drm_buf_info> = IOWR("d", 0x18, drm_buf_info);

/** Argument of {@linkcode DRM_IOCTL_FREE_BUFS}. */
export interface drm_buf_free {
  /** in; buffers */
  count: number;
  /** in; user address of int indices */
  list: bigint;
}
/** Layout of `struct drm_buf_free`: 16 bytes. */
export const drm_buf_free: Struct<drm_buf_free> = struct<drm_buf_free>("drm_buf_free", {
  count: s32,
  list: u64,
}, { size: 16 });

/** Removed: EINVAL. */
export const DRM_IOCTL_FREE_BUFS: Ioctl<drm_buf_free> = IOW("d", 0x1a, drm_buf_free);

/** A mapped buffer, of {@linkcode drm_buf_map}. */
export interface drm_buf_pub {
  /** index */
  idx: number;
  /** size, bytes */
  total: number;
  /** bytes in use */
  used: number;
  /** user address */
  address: bigint;
}
/** Layout of `struct drm_buf_pub`: 24 bytes. */
export const drm_buf_pub: Struct<drm_buf_pub> = struct<drm_buf_pub>("drm_buf_pub", {
  idx: s32,
  total: s32,
  used: s32,
  address: u64,
}, { size: 24 });

/** Argument of {@linkcode DRM_IOCTL_MAP_BUFS}. */
export interface drm_buf_map {
  /** in: room; out: buffers */
  count: number;
  /** out; user address of the mapping */
  virtual: bigint;
  /** in; user address of drm_buf_pub */
  list: bigint;
}
/** Layout of `struct drm_buf_map`: 24 bytes. */
export const drm_buf_map: Struct<drm_buf_map> = struct<drm_buf_map>("drm_buf_map", {
  count: s32,
  virtual: u64,
  list: u64,
}, { size: 24 });

/** Removed: EINVAL. */
export const DRM_IOCTL_MAP_BUFS: Ioctl<drm_buf_map> = IOWR("d", 0x19, drm_buf_map);

/** drm_dma.flags: block until dispatched. */
export const _DRM_DMA_BLOCK = 0x1;
/** drm_dma.flags: dispatch while the lock is held. */
export const _DRM_DMA_WHILE_LOCKED = 0x2;
/** drm_dma.flags: dispatch first. */
export const _DRM_DMA_PRIORITY = 0x4;
/** drm_dma.flags: wait for free buffers. */
export const _DRM_DMA_WAIT = 0x10;
/** drm_dma.flags: smaller buffers will do. */
export const _DRM_DMA_SMALLER_OK = 0x20;
/** drm_dma.flags: larger buffers will do. */
export const _DRM_DMA_LARGER_OK = 0x40;

/** Argument of {@linkcode DRM_IOCTL_DMA}. */
export interface drm_dma {
  /** in; context */
  context: number;
  /** in; buffers to send */
  send_count: number;
  /** in; user address of int indices */
  send_indices: bigint;
  /** in; user address of int sizes */
  send_sizes: bigint;
  /** in; _DRM_DMA_* */
  flags: number;
  /** in; buffers wanted */
  request_count: number;
  /** in; their size, bytes */
  request_size: number;
  /** in; user address for int indices */
  request_indices: bigint;
  /** in; user address for int sizes */
  request_sizes: bigint;
  /** out; buffers granted */
  granted_count: number;
}
/** Layout of `struct drm_dma`: 64 bytes. */
export const drm_dma: Struct<drm_dma> = struct<drm_dma>("drm_dma", {
  context: s32,
  send_count: s32,
  send_indices: u64,
  send_sizes: u64,
  flags: u32,
  request_count: s32,
  request_size: s32,
  request_indices: u64,
  request_sizes: u64,
  granted_count: s32,
}, { size: 64 });

/** Removed: EINVAL. */
export const DRM_IOCTL_DMA: Ioctl<drm_dma> = IOWR("d", 0x29, drm_dma);

/** drm_ctx.flags: the hardware keeps its state. */
export const _DRM_CONTEXT_PRESERVED = 0x1;
/** drm_ctx.flags: for 2D only. */
export const _DRM_CONTEXT_2DONLY = 0x2;

/** Argument of the context requests. */
export interface drm_ctx {
  /** context */
  handle: number;
  /** _DRM_CONTEXT_* */
  flags: number;
}
/** Layout of `struct drm_ctx`: 8 bytes. */
export const drm_ctx: Struct<drm_ctx> = struct<drm_ctx>("drm_ctx", { handle: u32, flags: u32 }, { size: 8 });

/** Removed: EINVAL. */
export const DRM_IOCTL_ADD_CTX: Ioctl<drm_ctx> = IOWR("d", 0x20, drm_ctx);

/** Removed: EINVAL. */
export const DRM_IOCTL_RM_CTX: Ioctl<drm_ctx> = IOWR("d", 0x21, drm_ctx);

/** Removed: EINVAL. */
export const DRM_IOCTL_MOD_CTX: Ioctl<drm_ctx> = IOW("d", 0x22, drm_ctx);

/** Removed: EINVAL. */
export const DRM_IOCTL_GET_CTX: Ioctl<drm_ctx> = IOWR("d", 0x23, drm_ctx);

/** Removed: EINVAL. */
export const DRM_IOCTL_SWITCH_CTX: Ioctl<drm_ctx> = IOW("d", 0x24, drm_ctx);

/** Removed: EINVAL. */
export const DRM_IOCTL_NEW_CTX: Ioctl<drm_ctx> = IOW("d", 0x25, drm_ctx);

/** Argument of {@linkcode DRM_IOCTL_RES_CTX}. */
export interface drm_ctx_res {
  /** in: room; out: reserved contexts */
  count: number;
  /** in; user address for drm_ctx */
  contexts: bigint;
}
/** Layout of `struct drm_ctx_res`: 16 bytes. */
export const drm_ctx_res: Struct<drm_ctx_res> = struct<drm_ctx_res>("drm_ctx_res", {
  count: s32,
  contexts: u64,
}, { size: 16 });

/** Removed: EINVAL. */
export const DRM_IOCTL_RES_CTX: Ioctl<drm_ctx_res> = IOWR("d", 0x26, drm_ctx_res);

/** Argument of {@linkcode DRM_IOCTL_SET_SAREA_CTX} and {@linkcode DRM_IOCTL_GET_SAREA_CTX}. */
export interface drm_ctx_priv_map {
  /** in; context */
  ctx_id: number;
  /** token of the context's private map */
  handle: bigint;
}
/** Layout of `struct drm_ctx_priv_map`: 16 bytes. */
export const drm_ctx_priv_map: Struct<drm_ctx_priv_map> = struct<drm_ctx_priv_map>("drm_ctx_priv_map", {
  ctx_id: u32,
  handle: u64,
}, { size: 16 });

/** Removed: EINVAL. */
export const DRM_IOCTL_SET_SAREA_CTX: Ioctl<drm_ctx_priv_map> = IOW("d", 0x1c, drm_ctx_priv_map);

/** Removed: EINVAL. */
export const DRM_IOCTL_GET_SAREA_CTX: Ioctl<drm_ctx_priv_map> = IOWR("d", 0x1d, drm_ctx_priv_map);

/** Argument of {@linkcode DRM_IOCTL_AGP_ENABLE}. */
export interface drm_agp_mode {
  /** in; AGP mode bits */
  mode: bigint;
}
/** Layout of `struct drm_agp_mode`: 8 bytes. */
export const drm_agp_mode: Struct<drm_agp_mode> = struct<drm_agp_mode>("drm_agp_mode", { mode: u64 }, { size: 8 });

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_ACQUIRE: Ioctl<void> = IO("d", 0x30);

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_RELEASE: Ioctl<void> = IO("d", 0x31);

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_ENABLE: Ioctl<drm_agp_mode> = IOW("d", 0x32, drm_agp_mode);

/** Argument of {@linkcode DRM_IOCTL_AGP_INFO}. */
export interface drm_agp_info {
  /** out */
  agp_version_major: number;
  /** out */
  agp_version_minor: number;
  /** out; AGP mode bits */
  mode: bigint;
  /** out; physical address */
  aperture_base: bigint;
  /** out, bytes */
  aperture_size: number;
  /** out, bytes */
  memory_allowed: number;
  /** out, bytes */
  memory_used: number;
  /** out; PCI vendor */
  id_vendor: number;
  /** out; PCI device */
  id_device: number;
}
/** Layout of `struct drm_agp_info`: 56 bytes. */
export const drm_agp_info: Struct<drm_agp_info> = struct<drm_agp_info>("drm_agp_info", {
  agp_version_major: s32,
  agp_version_minor: s32,
  mode: u64,
  aperture_base: u64,
  aperture_size: u53,
  memory_allowed: u53,
  memory_used: u53,
  id_vendor: u16,
  id_device: u16,
}, { size: 56 });

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_INFO: Ioctl<drm_agp_info> = IOR("d", 0x33, drm_agp_info);

/** Argument of {@linkcode DRM_IOCTL_AGP_ALLOC} and {@linkcode DRM_IOCTL_AGP_FREE}. */
export interface drm_agp_buffer {
  /** in, bytes */
  size: number;
  /** ALLOC: out; FREE: in; token */
  handle: bigint;
  /** in; memory type */
  type: bigint;
  /** out; physical address */
  physical: bigint;
}
/** Layout of `struct drm_agp_buffer`: 32 bytes. */
export const drm_agp_buffer: Struct<drm_agp_buffer> = struct<drm_agp_buffer>("drm_agp_buffer", {
  size: u53,
  handle: u64,
  type: u64,
  physical: u64,
}, { size: 32 });

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_ALLOC: Ioctl<drm_agp_buffer> = IOWR("d", 0x34, drm_agp_buffer);

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_FREE: Ioctl<drm_agp_buffer> = IOW("d", 0x35, drm_agp_buffer);

/** Argument of {@linkcode DRM_IOCTL_AGP_BIND} and {@linkcode DRM_IOCTL_AGP_UNBIND}. */
export interface drm_agp_binding {
  /** in; token */
  handle: bigint;
  /** in; into the aperture, bytes */
  offset: number;
}
/** Layout of `struct drm_agp_binding`: 16 bytes. */
export const drm_agp_binding: Struct<drm_agp_binding> = struct<drm_agp_binding>("drm_agp_binding", {
  handle: u64,
  offset: u53,
}, { size: 16 });

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_BIND: Ioctl<drm_agp_binding> = IOW("d", 0x36, drm_agp_binding);

/** Removed: EINVAL. */
export const DRM_IOCTL_AGP_UNBIND: Ioctl<drm_agp_binding> = IOW("d", 0x37, drm_agp_binding);

/** Argument of {@linkcode DRM_IOCTL_SG_ALLOC} and {@linkcode DRM_IOCTL_SG_FREE}. */
export interface drm_scatter_gather {
  /** in, bytes */
  size: number;
  /** ALLOC: out; FREE: in; token */
  handle: bigint;
}
/** Layout of `struct drm_scatter_gather`: 16 bytes. */
export const drm_scatter_gather: Struct<drm_scatter_gather> = struct<drm_scatter_gather>("drm_scatter_gather", {
  size: u53,
  handle: u64,
}, { size: 16 });

/** Removed: EINVAL. */
export const DRM_IOCTL_SG_ALLOC: Ioctl<drm_scatter_gather> = IOWR("d", 0x38, drm_scatter_gather);

/** Removed: EINVAL. */
export const DRM_IOCTL_SG_FREE: Ioctl<drm_scatter_gather> = IOW("d", 0x39, drm_scatter_gather);
