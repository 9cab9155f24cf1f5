/**
 * User-mode setting of the past: maps, hardware locks, contexts, drawables. Mirrors the parts of include/uapi/drm/drm.h whose
 * requests today's kernels answer with EINVAL or with nothing; a decoder of traces and a permission test need their numbers.
 * @module
 */

import { type Ioctl, IOR, IOW, IOWR } from "./ioctl.ts";
import { array, type ArrayView, bytes, s32, type Struct, struct, u16, u32, u53, u64, u8, type View } from "./struct.ts";

/** drm_hw_lock.lock: somebody holds it. */
export const _DRM_LOCK_HELD = 0x80000000;
/** drm_hw_lock.lock: somebody waits for it. */
export const _DRM_LOCK_CONT = 0x40000000;
/** Smallest buffer, log2 bytes. */
export const DRM_MIN_ORDER = 5;
/** Largest buffer, log2 bytes. */
export const DRM_MAX_ORDER = 0x16;
/** Most of the system's memory that buffers could take, percent. */
export const DRM_RAM_PERCENT = 0xa;

/** A rectangle of the screen; MODE_DIRTYFB still takes it. */
export interface drm_clip_rect {
  /** left, pixels */
  x1: number;
  /** top, pixels */
  y1: number;
  /** right, exclusive, pixels */
  x2: number;
  /** bottom, exclusive, pixels */
  y2: number;
}
/** Layout of `struct drm_clip_rect`: 8 bytes. */
export const drm_clip_rect: Struct<drm_clip_rect> = struct<drm_clip_rect>("drm_clip_rect", {
  x1: u16,
  y1: u16,
  x2: u16,
  y2: u16,
}, { size: 8 });

/** Clip rectangles of a drawable. */
export interface drm_drawable_info {
  /** rectangles */
  num_rects: number;
  /** user address of drm_clip_rect */
  rects: bigint;
}
/** Layout of `struct drm_drawable_info`: 16 bytes. */
export const drm_drawable_info: Struct<drm_drawable_info> = struct<drm_drawable_info>("drm_drawable_info", {
  num_rects: u32,
  rects: u64,
}, { size: 16 });

/** A region of texture memory in the shared area. */
export interface drm_tex_region {
  /** index of the next region */
  next: number;
  /** index of the previous region */
  prev: number;
  /** 1 when a context uses it */
  in_use: number;
  /** unused */
  padding: number;
  /** when it was last used */
  age: number;
}
/** Layout of `struct drm_tex_region`: 8 bytes. */
export const drm_tex_region: Struct<drm_tex_region> = struct<drm_tex_region>("drm_tex_region", {
  next: u8,
  prev: u8,
  in_use: u8,
  padding: u8,
  age: u32,
}, { size: 8 });

/** The hardware lock in the shared area, padded to a cache line. */
export interface drm_hw_lock {
  /** holder's context, _DRM_LOCK_HELD, _DRM_LOCK_CONT */
  lock: number;
  /** unused */
  padding: Uint8Array;
}
/** Layout of `struct drm_hw_lock`: 64 bytes. */
export const drm_hw_lock: Struct<drm_hw_lock> = struct<drm_hw_lock>("drm_hw_lock", {
  lock: u32,
  padding: bytes(60),
}, { size: 64 });

/** Argument of {@linkcode DRM_IOCTL_IRQ_BUSID}. */
export interface drm_irq_busid {
  /** out; interrupt number */
  irq: number;
  /** in; PCI bus */
  busnum: number;
  /** in; PCI device */
  devnum: number;
  /** in; PCI function */
  funcnum: number;
}
/** Layout of `struct drm_irq_busid`: 16 bytes. */
export const drm_irq_busid: Struct<drm_irq_busid> = struct<drm_irq_busid>("drm_irq_busid", {
  irq: s32,
  busnum: s32,
  devnum: s32,
  funcnum: s32,
}, { size: 16 });

/** Removed: EINVAL. */
export const DRM_IOCTL_IRQ_BUSID: Ioctl<drm_irq_busid> = IOWR("d", 0x03, drm_irq_busid);

/** drm_map.type: video memory. */
export const _DRM_FRAME_BUFFER = 0;
/** drm_map.type: registers. */
export const _DRM_REGISTERS = 1;
/** drm_map.type: shared memory. */
export const _DRM_SHM = 2;
/** drm_map.type: AGP memory. */
export const _DRM_AGP = 3;
/** drm_map.type: scattered pages. */
export const _DRM_SCATTER_GATHER = 4;
/** drm_map.type: memory coherent with DMA. */
export const _DRM_CONSISTENT = 5;
/** drm_map.flags: only for root. */
export const _DRM_RESTRICTED = 0x1;
/** drm_map.flags: not writable. */
export const _DRM_READ_ONLY = 0x2;
/** drm_map.flags: pages locked. */
export const _DRM_LOCKED = 0x4;
/** drm_map.flags: the kernel uses it. */
export const _DRM_KERNEL = 0x8;
/** drm_map.flags: write-combining. */
export const _DRM_WRITE_COMBINING = 0x10;
/** drm_map.flags: the hardware lock lies in it. */
export const _DRM_CONTAINS_LOCK = 0x20;
/** drm_map.flags: a client may remove it. */
export const _DRM_REMOVABLE = 0x40;
/** drm_map.flags: the driver manages it. */
export const _DRM_DRIVER = 0x80;

/** Argument of {@linkcode DRM_IOCTL_GET_MAP}, {@linkcode DRM_IOCTL_ADD_MAP} and {@linkcode DRM_IOCTL_RM_MAP}. */
export interface drm_map {
  /** physical address */
  offset: bigint;
  /** bytes */
  size: number;
  /** _DRM_FRAME_BUFFER and so on */
  type: number;
  /** _DRM_RESTRICTED and so on */
  flags: number;
  /** user token, or kernel address */
  handle: bigint;
  /** memory type range register */
  mtrr: number;
}
/** Layout of `struct drm_map`: 40 bytes. */
export const drm_map: Struct<drm_map> = struct<drm_map>("drm_map", {
  offset: u64,
  size: u53,
  type: u32,
  flags: u32,
  handle: u64,
  mtrr: s32,
}, { size: 40 });

/** Removed: EINVAL. */
export const DRM_IOCTL_GET_MAP: Ioctl<drm_map> = IOWR("d", 0x04, drm_map);

/** Removed: EINVAL. */
export const DRM_IOCTL_ADD_MAP: Ioctl<drm_map> = IOWR("d", 0x15, drm_map);

/** Removed: EINVAL. */
export const DRM_IOCTL_RM_MAP: Ioctl<drm_map> = IOW("d", 0x1b, drm_map);

/** drm_stats type: times the lock was taken. */
export const _DRM_STAT_LOCK = 0;
/** drm_stats type: opens. */
export const _DRM_STAT_OPENS = 1;
/** drm_stats type: closes. */
export const _DRM_STAT_CLOSES = 2;
/** drm_stats type: ioctls. */
export const _DRM_STAT_IOCTLS = 3;
/** drm_stats type: locks. */
export const _DRM_STAT_LOCKS = 4;
/** drm_stats type: unlocks. */
export const _DRM_STAT_UNLOCKS = 5;
/** drm_stats type: a plain value. */
export const _DRM_STAT_VALUE = 6;
/** drm_stats type: bytes. */
export const _DRM_STAT_BYTE = 7;
/** drm_stats type: a plain count. */
export const _DRM_STAT_COUNT = 8;
/** drm_stats type: interrupts. */
export const _DRM_STAT_IRQ = 9;
/** drm_stats type: primary DMA bytes. */
export const _DRM_STAT_PRIMARY = 0xa;
/** drm_stats type: secondary DMA bytes. */
export const _DRM_STAT_SECONDARY = 0xb;
/** drm_stats type: DMA transfers. */
export const _DRM_STAT_DMA = 0xc;
/** drm_stats type: special DMA transfers. */
export const _DRM_STAT_SPECIAL = 0xd;
/** drm_stats type: missed DMA transfers. */
export const _DRM_STAT_MISSED = 0xe;

/** One statistic of {@linkcode drm_stats}. */
export interface drm_stats_data {
  /** out; always 0 today */
  value: number;
  /** out; _DRM_STAT_* */
  type: number;
}
/** Layout of {@linkcode drm_stats_data}: 16 bytes. */
export const drm_stats_data: Struct<drm_stats_data> = struct<drm_stats_data>("drm_stats_data", {
  value: u53,
  type: u32,
}, { size: 16 });

/** Argument of {@linkcode DRM_IOCTL_GET_STATS}. */
export interface drm_stats {
  /** out; statistics, always 0 today */
  count: number;
  /** out; zero */
  data: ArrayView<View<drm_stats_data>>;
}
/** Layout of `struct drm_stats`: 248 bytes. */
export const drm_stats: Struct<drm_stats> = struct<drm_stats>("drm_stats", {
  count: u53,
  data: array(drm_stats_data.field("anonymous"), 15),
}, { size: 248 });

/** Answers all zeros. */
export const DRM_IOCTL_GET_STATS: Ioctl<drm_stats> = IOR("d", 0x06, drm_stats);

/** drm_modeset_ctl.cmd: before user-mode setting. */
export const _DRM_PRE_MODESET = 1;
/** drm_modeset_ctl.cmd: after it. */
export const _DRM_POST_MODESET = 2;

/** Argument of {@linkcode DRM_IOCTL_MODESET_CTL}. */
export interface drm_modeset_ctl {
  /** in; CRTC index */
  crtc: number;
  /** in; _DRM_PRE_MODESET or _DRM_POST_MODESET */
  cmd: number;
}
/** Layout of `struct drm_modeset_ctl`: 8 bytes. */
export const drm_modeset_ctl: Struct<drm_modeset_ctl> = struct<drm_modeset_ctl>("drm_modeset_ctl", {
  crtc: u32,
  cmd: u32,
}, { size: 8 });

/** Removed: EINVAL. */
export const DRM_IOCTL_MODESET_CTL: Ioctl<drm_modeset_ctl> = IOW("d", 0x08, drm_modeset_ctl);

/** Argument of {@linkcode DRM_IOCTL_BLOCK} and {@linkcode DRM_IOCTL_UNBLOCK}. */
export interface drm_block {
  /** ignored */
  unused: number;
}
/** Layout of `struct drm_block`: 4 bytes. */
export const drm_block: Struct<drm_block> = struct<drm_block>("drm_block", { unused: s32 }, { size: 4 });

/** Does nothing. */
export const DRM_IOCTL_BLOCK: Ioctl<drm_block> = IOWR("d", 0x12, drm_block);

/** Does nothing. */
export const DRM_IOCTL_UNBLOCK: Ioctl<drm_block> = IOWR("d", 0x13, drm_block);

/** Versions of the drivers of a system; no request carries it. */
export interface drm_list {
  /** drivers */
  count: number;
  /** user address of drm_version */
  version: bigint;
}
/** Layout of `struct drm_list`: 16 bytes. */
export const drm_list: Struct<drm_list> = struct<drm_list>("drm_list", { count: s32, version: u64 }, { size: 16 });

/** drm_control.func: add a command. */
export const DRM_ADD_COMMAND = 0;
/** drm_control.func: remove a command. */
export const DRM_RM_COMMAND = 1;
/** drm_control.func: install the interrupt handler. */
export const DRM_INST_HANDLER = 2;
/** drm_control.func: remove the interrupt handler. */
export const DRM_UNINST_HANDLER = 3;

/** Argument of {@linkcode DRM_IOCTL_CONTROL}. */
export interface drm_control {
  /** in; DRM_INST_HANDLER and so on */
  func: number;
  /** in; interrupt number */
  irq: number;
}
/** Layout of `struct drm_control`: 8 bytes. */
export const drm_control: Struct<drm_control> = struct<drm_control>("drm_control", {
  func: u32,
  irq: s32,
}, { size: 8 });

/** Removed: EINVAL. */
export const DRM_IOCTL_CONTROL: Ioctl<drm_control> = IOW("d", 0x14, drm_control);

/** Argument of {@linkcode DRM_IOCTL_UPDATE_DRAW}. */
export interface drm_update_draw {
  /** in; drawable */
  handle: number;
  /** in; DRM_DRAWABLE_CLIPRECTS */
  type: number;
  /** in; elements at `data` */
  num: number;
  /** in; user address */
  data: bigint;
}
/** Layout of `struct drm_update_draw`: 24 bytes. */
export const drm_update_draw: Struct<drm_update_draw> = struct<drm_update_draw>("drm_update_draw", {
  handle: u32,
  type: u32,
  num: u32,
  data: u64,
}, { size: 24 });

/** drm_update_draw.type: `data` are drm_clip_rect. */
export const DRM_DRAWABLE_CLIPRECTS = 0;

/** Does nothing. */
export const DRM_IOCTL_UPDATE_DRAW: Ioctl<drm_update_draw> = IOW("d", 0x3f, drm_update_draw);

/** Argument of {@linkcode DRM_IOCTL_ADD_DRAW} and {@linkcode DRM_IOCTL_RM_DRAW}. */
export interface drm_draw {
  /** drawable */
  handle: number;
}
/** Layout of `struct drm_draw`: 4 bytes. */
export const drm_draw: Struct<drm_draw> = struct<drm_draw>("drm_draw", { handle: u32 }, { size: 4 });

/** Does nothing. */
export const DRM_IOCTL_ADD_DRAW: Ioctl<drm_draw> = IOWR("d", 0x27, drm_draw);

/** Does nothing. */
export const DRM_IOCTL_RM_DRAW: Ioctl<drm_draw> = IOWR("d", 0x28, drm_draw);
