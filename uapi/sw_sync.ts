/**
 * Timelines that user space advances, for tests: /sys/kernel/debug/sync/sw_sync. Mirrors drivers/dma-buf/sw_sync.c, whose ABI
 * stands in no header.
 * @module
 */

import { type Ioctl, IOW, IOWR } from "./ioctl.ts";
import { chars, s32, type Struct, struct, u32, u64 } from "./struct.ts";

/** Type byte of the requests: `'W'`. */
export const SW_SYNC_IOC_MAGIC = 0x57;

/** Argument of {@linkcode SW_SYNC_IOC_CREATE_FENCE}. */
export interface sw_sync_create_fence_data {
  /** in; the timeline's value at which the fence signals */
  value: number;
  /** in; of the sync_file */
  name: string;
  /** out; fd of the sync_file */
  fence: number;
}
/** Layout of `struct sw_sync_create_fence_data`: 40 bytes. */
export const sw_sync_create_fence_data: Struct<sw_sync_create_fence_data> = struct<sw_sync_create_fence_data>(
  "sw_sync_create_fence_data",
  {
    value: u32,
    name: chars(32),
    fence: s32,
  },
  { size: 40 },
);

/** Makes a fence on the timeline, as a sync_file. */
export const SW_SYNC_IOC_CREATE_FENCE: Ioctl<sw_sync_create_fence_data> = IOWR("W", 0x00, sw_sync_create_fence_data);

/** Advances the timeline. The argument counts by how much. */
export const SW_SYNC_IOC_INC: Ioctl<number> = IOW<number>("W", 0x01, 4);

/** Argument of {@linkcode SW_SYNC_GET_DEADLINE}. */
export interface sw_sync_get_deadline {
  /** out; absolute CLOCK_MONOTONIC, ns */
  deadline_ns: bigint;
  /** must be zero */
  pad: number;
  /** in; a sync_file of this driver */
  fence_fd: number;
}
/** Layout of `struct sw_sync_get_deadline`: 16 bytes. */
export const sw_sync_get_deadline: Struct<sw_sync_get_deadline> = struct<sw_sync_get_deadline>("sw_sync_get_deadline", {
  deadline_ns: u64,
  pad: u32,
  fence_fd: s32,
}, { size: 16 });

/** Reads the deadline hint of a fence: ENOENT when it has none. */
export const SW_SYNC_GET_DEADLINE: Ioctl<sw_sync_get_deadline> = IOWR("W", 0x02, sw_sync_get_deadline);
