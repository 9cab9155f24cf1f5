/**
 * Submission of command buffers to contexts and hardware queues. Mirrors include/uapi/misc/d3dkmthk.h.
 * @module
 */

import { type Bits, bits, bitsField } from "./bits.ts";
import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, overlay, type Struct, struct, u32, u64 } from "./struct.ts";

/** Bits of a submission. */
export const d3dkmt_submitcommandflags: Bits<"null_rendering" | "present_redirected" | "reserved"> = bits(
  "d3dkmt_submitcommandflags",
  {
    null_rendering: 1,
    present_redirected: 1,
    reserved: 30,
  },
);

/** Argument of {@linkcode LX_DXSUBMITCOMMAND}. */
export interface d3dkmt_submitcommand {
  /** GPU virtual address of the commands */
  command_buffer: bigint;
  /** of the commands, bytes */
  command_length: number;
  /** bits; d3dkmt_submitcommandflags */
  flags: number;
  /** ignored */
  present_history_token: bigint;
  /** contexts, 1 to 64 */
  broadcast_context_count: number;
  /** context handles */
  broadcast_context: ArrayView<number>;
  /** must be zero */
  reserved: number;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** at most 128 KiB */
  priv_drv_data_size: number;
  /** primaries that are written */
  num_primaries: number;
  /** allocation handles of the primaries */
  written_primaries: ArrayView<number>;
  /** allocations with history, at most 1024 */
  num_history_buffers: number;
  /** must be zero */
  reserved1: number;
  /** user address of allocation handles */
  history_buffer_array: bigint;
}
/** Layout of `struct d3dkmt_submitcommand`: 384 bytes. */
export const d3dkmt_submitcommand: Struct<d3dkmt_submitcommand> = struct<d3dkmt_submitcommand>("d3dkmt_submitcommand", {
  command_buffer: u64,
  command_length: u32,
  flags: bitsField(d3dkmt_submitcommandflags),
  present_history_token: u64,
  broadcast_context_count: u32,
  broadcast_context: array(u32, 64),
  reserved: u32,
  priv_drv_data: u64,
  priv_drv_data_size: u32,
  num_primaries: u32,
  written_primaries: array(u32, 16),
  num_history_buffers: u32,
  reserved1: u32,
  history_buffer_array: u64,
}, { size: 384 });

/** Submits a command buffer to 1 to 64 contexts. */
export const LX_DXSUBMITCOMMAND: Ioctl<d3dkmt_submitcommand> = IOWR("G", 0x0f, d3dkmt_submitcommand);

/** Argument of {@linkcode LX_DXSUBMITCOMMANDTOHWQUEUE}. */
export interface d3dkmt_submitcommandtohwqueue {
  /** hardware queue handle */
  hwqueue: number;
  /** must be zero */
  reserved: number;
  /** value that the progress fence gets at the end */
  hwqueue_progress_fence_id: bigint;
  /** GPU virtual address of the commands */
  command_buffer: bigint;
  /** of the commands, bytes */
  command_length: number;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** primaries that are written */
  num_primaries: number;
  /** must be zero */
  reserved1: number;
  /** user address of allocation handles */
  written_primaries: bigint;
}
/** Layout of `struct d3dkmt_submitcommandtohwqueue`: 56 bytes. */
export const d3dkmt_submitcommandtohwqueue: Struct<d3dkmt_submitcommandtohwqueue> = struct<
  d3dkmt_submitcommandtohwqueue
>("d3dkmt_submitcommandtohwqueue", {
  hwqueue: u32,
  reserved: u32,
  hwqueue_progress_fence_id: u64,
  command_buffer: u64,
  command_length: u32,
  priv_drv_data_size: u32,
  priv_drv_data: u64,
  num_primaries: u32,
  reserved1: u32,
  written_primaries: u64,
}, { size: 56 });

/** Submits a command buffer to a hardware queue. */
export const LX_DXSUBMITCOMMANDTOHWQUEUE: Ioctl<d3dkmt_submitcommandtohwqueue> = IOWR(
  "G",
  0x34,
  d3dkmt_submitcommandtohwqueue,
);

/** Bit-fields of {@linkcode d3dddi_allocationlist}.value. */
export const d3dddi_allocationlist_flags: Bits<
  "write_operation" | "do_not_retire_instance" | "offer_priority" | "reserved"
> = bits("d3dddi_allocationlist_flags", {
  write_operation: 1,
  do_not_retire_instance: 1,
  offer_priority: 3,
  reserved: 27,
});

/** One allocation that a command buffer uses. */
export interface d3dddi_allocationlist {
  /** allocation handle */
  allocation: number;
  /** all the bits; d3dddi_allocationlist_flags */
  value: number;
}
/** Layout of `struct d3dddi_allocationlist`: 8 bytes. */
export const d3dddi_allocationlist: Struct<d3dddi_allocationlist> = struct<d3dddi_allocationlist>(
  "d3dddi_allocationlist",
  {
    allocation: u32,
    value: bitsField(d3dddi_allocationlist_flags),
  },
  { size: 8 },
);

/** Bit-fields of {@linkcode d3dddi_patchlocationlist}.value. */
export const d3dddi_patchlocationlist_flags: Bits<"slot_id" | "reserved"> = bits("d3dddi_patchlocationlist_flags", {
  slot_id: 24,
  reserved: 8,
});

/** One place of a command buffer to patch. */
export interface d3dddi_patchlocationlist {
  /** into the allocation list */
  allocation_index: number;
  /** all the bits; d3dddi_patchlocationlist_flags */
  value: number;
  /** bits of the driver */
  driver_id: number;
  /** from the start of the allocation, bytes */
  allocation_offset: number;
  /** into the command buffer, bytes */
  patch_offset: number;
  /** into the command buffer, bytes */
  split_offset: number;
}
/** Layout of `struct d3dddi_patchlocationlist`: 24 bytes. */
export const d3dddi_patchlocationlist: Struct<d3dddi_patchlocationlist> = struct<d3dddi_patchlocationlist>(
  "d3dddi_patchlocationlist",
  {
    allocation_index: u32,
    value: bitsField(d3dddi_patchlocationlist_flags),
    driver_id: u32,
    allocation_offset: u32,
    patch_offset: u32,
    split_offset: u32,
  },
  { size: 24 },
);

/** Bits of the old submission. */
export const d3dkmt_renderflags: Bits<
  | "resize_command_buffer"
  | "resize_allocation_list"
  | "resize_patch_location_list"
  | "null_rendering"
  | "present_redirected"
  | "render_km"
  | "render_km_readback"
  | "reserved"
> = bits("d3dkmt_renderflags", {
  resize_command_buffer: 1,
  resize_allocation_list: 1,
  resize_patch_location_list: 1,
  null_rendering: 1,
  present_redirected: 1,
  render_km: 1,
  render_km_readback: 1,
  reserved: 25,
});

/** Argument of {@linkcode LX_DXRENDER}. */
export interface d3dkmt_render {
  /** device handle */
  device: number;
  /** context handle */
  context: number;
  /** into the command buffer, bytes */
  command_offset: number;
  /** of the commands, bytes */
  command_length: number;
  /** allocations */
  allocation_count: number;
  /** elements */
  patch_location_count: number;
  /** user address of the next command buffer */
  new_command_buffer: bigint;
  /** bytes */
  new_command_buffer_size: number;
  /** user address of the next allocation list */
  new_allocation_list: bigint;
  /** elements */
  new_allocation_list_size: number;
  /** user address of the next patch location list */
  new_patch_pocation_list: bigint;
  /** elements */
  new_patch_pocation_list_size: number;
  /** bits; d3dkmt_renderflags */
  flags: number;
  /** ignored */
  present_history_token: bigint;
  /** contexts, 1 to 64 */
  broadcast_context_count: number;
  /** context handles */
  broadcast_context: ArrayView<number>;
  /** buffers in the queue */
  queued_buffer_count: number;
  /** ignored */
  obsolete: bigint;
  /** user address of private data of the user-mode driver */
  priv_drv_data: bigint;
  /** private data of the user-mode driver, bytes */
  priv_drv_data_size: number;
}
/** Layout of `struct d3dkmt_render`: 368 bytes. */
export const d3dkmt_render: Struct<d3dkmt_render> = struct<d3dkmt_render>("d3dkmt_render", {
  device: u32,
  context: overlay(0, u32),
  command_offset: u32,
  command_length: u32,
  allocation_count: u32,
  patch_location_count: u32,
  new_command_buffer: u64,
  new_command_buffer_size: u32,
  new_allocation_list: u64,
  new_allocation_list_size: u32,
  new_patch_pocation_list: u64,
  new_patch_pocation_list_size: u32,
  flags: bitsField(d3dkmt_renderflags),
  present_history_token: u64,
  broadcast_context_count: u32,
  broadcast_context: array(u32, 64),
  queued_buffer_count: u32,
  obsolete: u64,
  priv_drv_data: u64,
  priv_drv_data_size: u32,
}, { size: 368 });

/** Slot of an old call: ENOTTY. */
export const LX_DXRENDER: Ioctl<d3dkmt_render> = IOWR("G", 0x2d, d3dkmt_render);
