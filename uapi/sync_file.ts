/**
 * Fences as files. Mirrors include/uapi/linux/sync_file.h.
 * @module
 */

import { type Ioctl, IOW, IOWR } from "./ioctl.ts";
import { chars, s32, type Struct, struct, u32, u64 } from "./struct.ts";

/** Type byte of the requests: `'>'`. */
export const SYNC_IOC_MAGIC = 0x3e;

/** Argument of {@linkcode SYNC_IOC_MERGE}. */
export interface sync_merge_data {
  /** in; of the new sync_file */
  name: string;
  /** in; the other sync_file */
  fd2: number;
  /** out; fd of the new sync_file */
  fence: number;
  /** must be zero */
  flags: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct sync_merge_data`: 48 bytes. */
export const sync_merge_data: Struct<sync_merge_data> = struct<sync_merge_data>("sync_merge_data", {
  name: chars(32),
  fd2: s32,
  fence: s32,
  flags: u32,
  pad: u32,
}, { size: 48 });

/** Makes a sync_file that signals when both have. */
export const SYNC_IOC_MERGE: Ioctl<sync_merge_data> = IOWR(">", 0x03, sync_merge_data);

/** A fence of a sync_file. */
export interface sync_fence_info {
  /** out; of its timeline */
  obj_name: string;
  /** out */
  driver_name: string;
  /** out; 1 signaled, 0 active, or a negative errno */
  status: number;
  /** zero */
  flags: number;
  /** out; when it signaled, CLOCK_MONOTONIC, ns */
  timestamp_ns: bigint;
}
/** Layout of `struct sync_fence_info`: 80 bytes. */
export const sync_fence_info: Struct<sync_fence_info> = struct<sync_fence_info>("sync_fence_info", {
  obj_name: chars(32),
  driver_name: chars(32),
  status: s32,
  flags: u32,
  timestamp_ns: u64,
}, { size: 80 });

/** Argument of {@linkcode SYNC_IOC_FILE_INFO}. */
export interface sync_file_info {
  /** out */
  name: string;
  /** out; 1 signaled, 0 active, or a negative errno */
  status: number;
  /** must be zero */
  flags: number;
  /** in: room; out: fences */
  num_fences: number;
  /** must be zero */
  pad: number;
  /** in; user address for sync_fence_info */
  sync_fence_info: bigint;
}
/** Layout of `struct sync_file_info`: 56 bytes. */
export const sync_file_info: Struct<sync_file_info> = struct<sync_file_info>("sync_file_info", {
  name: chars(32),
  status: s32,
  flags: u32,
  num_fences: u32,
  pad: u32,
  sync_fence_info: u64,
}, { size: 56 });

/** Reads a sync_file's state and fences. */
export const SYNC_IOC_FILE_INFO: Ioctl<sync_file_info> = IOWR(">", 0x04, sync_file_info);

/** Argument of {@linkcode SYNC_IOC_SET_DEADLINE}. */
export interface sync_set_deadline {
  /** in; absolute CLOCK_MONOTONIC, ns */
  deadline_ns: bigint;
  /** must be zero */
  pad: bigint;
}
/** Layout of `struct sync_set_deadline`: 16 bytes. */
export const sync_set_deadline: Struct<sync_set_deadline> = struct<sync_set_deadline>("sync_set_deadline", {
  deadline_ns: u64,
  pad: u64,
}, { size: 16 });

/** Says by when the fence should signal: a hint. */
export const SYNC_IOC_SET_DEADLINE: Ioctl<sync_set_deadline> = IOW(">", 0x05, sync_set_deadline);
