/**
 * Synchronization objects: containers of a fence, binary or with a timeline of points. Mirrors the syncobj part of
 * include/uapi/drm/drm.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { s32, s64, type Struct, struct, u32, u64 } from "./struct.ts";

/** drm_syncobj_create.flags: it begins with a signaled fence. */
export const DRM_SYNCOBJ_CREATE_SIGNALED = 0x1;

/** Argument of {@linkcode DRM_IOCTL_SYNCOBJ_CREATE}. */
export interface drm_syncobj_create {
  /** out; syncobj handle */
  handle: number;
  /** in; DRM_SYNCOBJ_CREATE_* */
  flags: number;
}
/** Layout of `struct drm_syncobj_create`: 8 bytes. */
export const drm_syncobj_create: Struct<drm_syncobj_create> = struct<drm_syncobj_create>("drm_syncobj_create", {
  handle: u32,
  flags: u32,
}, { size: 8 });

/** Makes a syncobj. */
export const DRM_IOCTL_SYNCOBJ_CREATE: Ioctl<drm_syncobj_create> = IOWR("d", 0xbf, drm_syncobj_create);

/** Argument of {@linkcode DRM_IOCTL_SYNCOBJ_DESTROY}. */
export interface drm_syncobj_destroy {
  /** in; syncobj handle */
  handle: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct drm_syncobj_destroy`: 8 bytes. */
export const drm_syncobj_destroy: Struct<drm_syncobj_destroy> = struct<drm_syncobj_destroy>("drm_syncobj_destroy", {
  handle: u32,
  pad: u32,
}, { size: 8 });

/** Drops a syncobj handle. */
export const DRM_IOCTL_SYNCOBJ_DESTROY: Ioctl<drm_syncobj_destroy> = IOWR("d", 0xc0, drm_syncobj_destroy);

/** drm_syncobj_handle.flags: `fd` is a sync_file; its fence goes into the syncobj `handle`. */
export const DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE = 0x1;
/** drm_syncobj_handle.flags: the sync_file's fence becomes `point` of the timeline. */
export const DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE = 0x2;
/** drm_syncobj_handle.flags: `fd` shall be a sync_file of the present fence. */
export const DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE = 0x1;
/** drm_syncobj_handle.flags: the sync_file shall hold the fence of `point`. */
export const DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE = 0x2;

/**
 * Argument of {@linkcode DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD} and {@linkcode DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE}. Calls from
 * before `point` came (16 bytes) mean 0.
 */
export interface drm_syncobj_handle {
  /** HANDLE_TO_FD, and importing a sync_file: in; else out; syncobj handle */
  handle: number;
  /** in; DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_* or DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_* */
  flags: number;
  /** HANDLE_TO_FD: out; FD_TO_HANDLE: in */
  fd: number;
  /** must be zero */
  pad: number;
  /** in; timeline point, with the TIMELINE flag; else zero */
  point: bigint;
}
/** Layout of `struct drm_syncobj_handle`: 24 bytes. */
export const drm_syncobj_handle: Struct<drm_syncobj_handle> = struct<drm_syncobj_handle>("drm_syncobj_handle", {
  handle: u32,
  flags: u32,
  fd: s32,
  pad: u32,
  point: u64,
}, { size: 24 });

/** Exports a syncobj, or its fence as a sync_file. */
export const DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD: Ioctl<drm_syncobj_handle> = IOWR("d", 0xc1, drm_syncobj_handle);

/** Imports a syncobj, or a sync_file's fence into one. */
export const DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE: Ioctl<drm_syncobj_handle> = IOWR("d", 0xc2, drm_syncobj_handle);

/** Argument of {@linkcode DRM_IOCTL_SYNCOBJ_TRANSFER}. */
export interface drm_syncobj_transfer {
  /** in; syncobj handle */
  src_handle: number;
  /** in; syncobj handle */
  dst_handle: number;
  /** in; timeline point, 0 for the whole present fence */
  src_point: bigint;
  /** in; timeline point, 0 to make the target binary */
  dst_point: bigint;
  /** in; 0 or DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT */
  flags: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct drm_syncobj_transfer`: 32 bytes. */
export const drm_syncobj_transfer: Struct<drm_syncobj_transfer> = struct<drm_syncobj_transfer>("drm_syncobj_transfer", {
  src_handle: u32,
  dst_handle: u32,
  src_point: u64,
  dst_point: u64,
  flags: u32,
  pad: u32,
}, { size: 32 });

/** Puts a fence of one syncobj into another. */
export const DRM_IOCTL_SYNCOBJ_TRANSFER: Ioctl<drm_syncobj_transfer> = IOWR("d", 0xcc, drm_syncobj_transfer);

/** flags of a wait: return when all have signaled, not the first. */
export const DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL = 0x1;
/** flags of a wait: a syncobj without a fence is waited for, not refused. */
export const DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT = 0x2;
/** flags of a timeline wait: return when fences are there, signaled or not. */
export const DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE = 0x4;
/** flags of a wait: `deadline_nsec` goes to the fences as a hint. */
export const DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE = 0x8;

/** Argument of {@linkcode DRM_IOCTL_SYNCOBJ_WAIT}. Calls from before `deadline_nsec` came are 8 bytes shorter. */
export interface drm_syncobj_wait {
  /** in; user address of u32 syncobj handles */
  handles: bigint;
  /** in; absolute CLOCK_MONOTONIC, ns; 0 or less polls */
  timeout_nsec: bigint;
  /** in; syncobjs */
  count_handles: number;
  /** in; DRM_SYNCOBJ_WAIT_FLAGS_* */
  flags: number;
  /** out; index of a syncobj that has signaled, unless WAIT_ALL */
  first_signaled: number;
  /** ignored */
  pad: number;
  /** in; absolute CLOCK_MONOTONIC, ns, with WAIT_DEADLINE */
  deadline_nsec: bigint;
}
/** Layout of `struct drm_syncobj_wait`: 40 bytes. */
export const drm_syncobj_wait: Struct<drm_syncobj_wait> = struct<drm_syncobj_wait>("drm_syncobj_wait", {
  handles: u64,
  timeout_nsec: s64,
  count_handles: u32,
  flags: u32,
  first_signaled: u32,
  pad: u32,
  deadline_nsec: u64,
}, { size: 40 });

/** Waits for syncobjs: ETIME when the time is up. */
export const DRM_IOCTL_SYNCOBJ_WAIT: Ioctl<drm_syncobj_wait> = IOWR("d", 0xc3, drm_syncobj_wait);

/**
 * Argument of {@linkcode DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT}. Calls from before `deadline_nsec` came are 8 bytes shorter.
 */
export interface drm_syncobj_timeline_wait {
  /** in; user address of u32 syncobj handles */
  handles: bigint;
  /** in; user address of u64 points, one a handle */
  points: bigint;
  /** in; absolute CLOCK_MONOTONIC, ns; 0 or less polls */
  timeout_nsec: bigint;
  /** in; syncobjs */
  count_handles: number;
  /** in; DRM_SYNCOBJ_WAIT_FLAGS_* */
  flags: number;
  /** out; index of a point that has signaled, unless WAIT_ALL */
  first_signaled: number;
  /** ignored */
  pad: number;
  /** in; absolute CLOCK_MONOTONIC, ns, with WAIT_DEADLINE */
  deadline_nsec: bigint;
}
/** Layout of `struct drm_syncobj_timeline_wait`: 48 bytes. */
export const drm_syncobj_timeline_wait: Struct<drm_syncobj_timeline_wait> = struct<drm_syncobj_timeline_wait>(
  "drm_syncobj_timeline_wait",
  {
    handles: u64,
    points: u64,
    timeout_nsec: s64,
    count_handles: u32,
    flags: u32,
    first_signaled: u32,
    pad: u32,
    deadline_nsec: u64,
  },
  { size: 48 },
);

/** Waits for timeline points: ETIME when the time is up. */
export const DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: Ioctl<drm_syncobj_timeline_wait> = IOWR(
  "d",
  0xca,
  drm_syncobj_timeline_wait,
);

/** Argument of {@linkcode DRM_IOCTL_SYNCOBJ_EVENTFD}. */
export interface drm_syncobj_eventfd {
  /** in; syncobj handle */
  handle: number;
  /** in; 0 or DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE */
  flags: number;
  /** in; timeline point, 0 for a binary syncobj */
  point: bigint;
  /** in; an eventfd, which gains 1 when the point signals */
  fd: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct drm_syncobj_eventfd`: 24 bytes. */
export const drm_syncobj_eventfd: Struct<drm_syncobj_eventfd> = struct<drm_syncobj_eventfd>("drm_syncobj_eventfd", {
  handle: u32,
  flags: u32,
  point: u64,
  fd: s32,
  pad: u32,
}, { size: 24 });

/** Lets an eventfd tell when a point signals. */
export const DRM_IOCTL_SYNCOBJ_EVENTFD: Ioctl<drm_syncobj_eventfd> = IOWR("d", 0xcf, drm_syncobj_eventfd);

/** Argument of {@linkcode DRM_IOCTL_SYNCOBJ_RESET} and {@linkcode DRM_IOCTL_SYNCOBJ_SIGNAL}. */
export interface drm_syncobj_array {
  /** in; user address of u32 syncobj handles */
  handles: bigint;
  /** in; syncobjs, at least 1 */
  count_handles: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct drm_syncobj_array`: 16 bytes. */
export const drm_syncobj_array: Struct<drm_syncobj_array> = struct<drm_syncobj_array>("drm_syncobj_array", {
  handles: u64,
  count_handles: u32,
  pad: u32,
}, { size: 16 });

/** Empties syncobjs of their fences. */
export const DRM_IOCTL_SYNCOBJ_RESET: Ioctl<drm_syncobj_array> = IOWR("d", 0xc4, drm_syncobj_array);

/** Puts a signaled fence into syncobjs. */
export const DRM_IOCTL_SYNCOBJ_SIGNAL: Ioctl<drm_syncobj_array> = IOWR("d", 0xc5, drm_syncobj_array);

/** drm_syncobj_timeline_array.flags of QUERY: the last point submitted, not the last signaled. */
export const DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED = 0x1;

/** Argument of {@linkcode DRM_IOCTL_SYNCOBJ_QUERY} and {@linkcode DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL}. */
export interface drm_syncobj_timeline_array {
  /** in; user address of u32 syncobj handles */
  handles: bigint;
  /** in; user address of u64 points: QUERY writes them, TIMELINE_SIGNAL reads them */
  points: bigint;
  /** in; syncobjs, at least 1 */
  count_handles: number;
  /** in; DRM_SYNCOBJ_QUERY_FLAGS_* */
  flags: number;
}
/** Layout of `struct drm_syncobj_timeline_array`: 24 bytes. */
export const drm_syncobj_timeline_array: Struct<drm_syncobj_timeline_array> = struct<drm_syncobj_timeline_array>(
  "drm_syncobj_timeline_array",
  {
    handles: u64,
    points: u64,
    count_handles: u32,
    flags: u32,
  },
  { size: 24 },
);

/** Reads the points that timelines have reached. */
export const DRM_IOCTL_SYNCOBJ_QUERY: Ioctl<drm_syncobj_timeline_array> = IOWR("d", 0xcb, drm_syncobj_timeline_array);

/** Signals points of timelines. */
export const DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL: Ioctl<drm_syncobj_timeline_array> = IOWR(
  "d",
  0xcd,
  drm_syncobj_timeline_array,
);
