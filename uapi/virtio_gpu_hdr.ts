/**
 * What every virtio-gpu command has: numbers, header, features, configuration space. Mirrors the first part of
 * include/uapi/linux/virtio_gpu.h and section 5.7 of the virtio 1.3 specification.
 * @module
 */

import { bytes, type Struct, struct, u32, u53, u64, u8 } from "./struct.ts";

/** Feature bit: 3D by virgl. */
export const VIRTIO_GPU_F_VIRGL = 0;
/** Feature bit: VIRTIO_GPU_CMD_GET_EDID. */
export const VIRTIO_GPU_F_EDID = 1;
/** Feature bit: VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID. */
export const VIRTIO_GPU_F_RESOURCE_UUID = 2;
/** Feature bit: blob resources. */
export const VIRTIO_GPU_F_RESOURCE_BLOB = 3;
/** Feature bit: contexts of many kinds, with rings. */
export const VIRTIO_GPU_F_CONTEXT_INIT = 4;
/** Feature bit: virtio_gpu_config.blob_alignment counts. */
export const VIRTIO_GPU_F_BLOB_ALIGNMENT = 5;

/** No command. */
export const VIRTIO_GPU_UNDEFINED = 0;
/** Command: sizes and places of the scanouts. */
export const VIRTIO_GPU_CMD_GET_DISPLAY_INFO = 0x100;
/** Command: make a 2D resource. */
export const VIRTIO_GPU_CMD_RESOURCE_CREATE_2D = 0x101;
/** Command: drop a resource. */
export const VIRTIO_GPU_CMD_RESOURCE_UNREF = 0x102;
/** Command: show a resource on a scanout. */
export const VIRTIO_GPU_CMD_SET_SCANOUT = 0x103;
/** Command: bring what was drawn to the screen. */
export const VIRTIO_GPU_CMD_RESOURCE_FLUSH = 0x104;
/** Command: copy from guest memory to a 2D resource. */
export const VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D = 0x105;
/** Command: give a resource guest pages. */
export const VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING = 0x106;
/** Command: take them away. */
export const VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING = 0x107;
/** Command: which capability set has an index. */
export const VIRTIO_GPU_CMD_GET_CAPSET_INFO = 0x108;
/** Command: read a capability set. */
export const VIRTIO_GPU_CMD_GET_CAPSET = 0x109;
/** Command: read the EDID of a scanout. */
export const VIRTIO_GPU_CMD_GET_EDID = 0x10a;
/** Command: give a resource a UUID, for other devices. */
export const VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID = 0x10b;
/** Command: make a blob resource. */
export const VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB = 0x10c;
/** Command: show a blob on a scanout. */
export const VIRTIO_GPU_CMD_SET_SCANOUT_BLOB = 0x10d;
/** Command: make a context. */
export const VIRTIO_GPU_CMD_CTX_CREATE = 0x200;
/** Command: drop a context. */
export const VIRTIO_GPU_CMD_CTX_DESTROY = 0x201;
/** Command: let a context use a resource. */
export const VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE = 0x202;
/** Command: no longer. */
export const VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE = 0x203;
/** Command: make a 3D resource. */
export const VIRTIO_GPU_CMD_RESOURCE_CREATE_3D = 0x204;
/** Command: copy from guest memory to a 3D resource. */
export const VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D = 0x205;
/** Command: copy from a 3D resource to guest memory. */
export const VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D = 0x206;
/** Command: execute a context's commands. */
export const VIRTIO_GPU_CMD_SUBMIT_3D = 0x207;
/** Command: map a blob into the host-visible region. */
export const VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB = 0x208;
/** Command: unmap it. */
export const VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB = 0x209;
/** Command of the cursor queue: set image and place. */
export const VIRTIO_GPU_CMD_UPDATE_CURSOR = 0x300;
/** Command of the cursor queue: set the place. */
export const VIRTIO_GPU_CMD_MOVE_CURSOR = 0x301;

/** Response: done. */
export const VIRTIO_GPU_RESP_OK_NODATA = 0x1100;
/** Response: virtio_gpu_resp_display_info. */
export const VIRTIO_GPU_RESP_OK_DISPLAY_INFO = 0x1101;
/** Response: virtio_gpu_resp_capset_info. */
export const VIRTIO_GPU_RESP_OK_CAPSET_INFO = 0x1102;
/** Response: virtio_gpu_resp_capset. */
export const VIRTIO_GPU_RESP_OK_CAPSET = 0x1103;
/** Response: virtio_gpu_resp_edid. */
export const VIRTIO_GPU_RESP_OK_EDID = 0x1104;
/** Response: virtio_gpu_resp_resource_uuid. */
export const VIRTIO_GPU_RESP_OK_RESOURCE_UUID = 0x1105;
/** Response: virtio_gpu_resp_map_info. */
export const VIRTIO_GPU_RESP_OK_MAP_INFO = 0x1106;
/** Response: an error without a number of its own. */
export const VIRTIO_GPU_RESP_ERR_UNSPEC = 0x1200;
/** Response: no memory. */
export const VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY = 0x1201;
/** Response: no such scanout. */
export const VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID = 0x1202;
/** Response: no such resource, or the id is taken. */
export const VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID = 0x1203;
/** Response: no such context, or the id is taken. */
export const VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID = 0x1204;
/** Response: another member is wrong. */
export const VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER = 0x1205;

/** virtio_gpu_ctrl_hdr.flags: answer when the work is done; `fence_id` counts. */
export const VIRTIO_GPU_FLAG_FENCE = 0x1;
/** virtio_gpu_ctrl_hdr.flags: `ring_idx` counts. */
export const VIRTIO_GPU_FLAG_INFO_RING_IDX = 0x2;

/** The header of every command and response. */
export interface virtio_gpu_ctrl_hdr {
  /** VIRTIO_GPU_CMD_* or VIRTIO_GPU_RESP_* */
  type: number;
  /** VIRTIO_GPU_FLAG_* */
  flags: number;
  /** cookie of the guest, returned with the fence */
  fence_id: bigint;
  /** context of a 3D command, returned with the fence */
  ctx_id: number;
  /** ring of the context */
  ring_idx: number;
  /** unused */
  padding: Uint8Array;
}
/** Layout of `struct virtio_gpu_ctrl_hdr`: 24 bytes. */
export const virtio_gpu_ctrl_hdr: Struct<virtio_gpu_ctrl_hdr> = struct<virtio_gpu_ctrl_hdr>("virtio_gpu_ctrl_hdr", {
  type: u32,
  flags: u32,
  fence_id: u64,
  ctx_id: u32,
  ring_idx: u8,
  padding: bytes(3),
}, { size: 24 });

/** Most scanouts of a device. */
export const VIRTIO_GPU_MAX_SCANOUTS = 16;
/** events_read: the display information has changed. */
export const VIRTIO_GPU_EVENT_DISPLAY = 0x1;

/** The configuration space. */
export interface virtio_gpu_config {
  /** read by the driver; VIRTIO_GPU_EVENT_* pending */
  events_read: number;
  /** written by the driver; bits to clear in `events_read` */
  events_clear: number;
  /** read by the driver; scanouts, 1 to 16 */
  num_scanouts: number;
  /** read by the driver; capability sets */
  num_capsets: number;
  /** read by the driver; alignment of blob sizes and offsets, bytes */
  blob_alignment: number;
}
/** Layout of `struct virtio_gpu_config`: 20 bytes. */
export const virtio_gpu_config: Struct<virtio_gpu_config> = struct<virtio_gpu_config>("virtio_gpu_config", {
  events_read: u32,
  events_clear: u32,
  num_scanouts: u32,
  num_capsets: u32,
  blob_alignment: u32,
}, { size: 20 });

/** A rectangle. */
export interface virtio_gpu_rect {
  /** left, pixels */
  x: number;
  /** top, lines */
  y: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
}
/** Layout of `struct virtio_gpu_rect`: 16 bytes. */
export const virtio_gpu_rect: Struct<virtio_gpu_rect> = struct<virtio_gpu_rect>("virtio_gpu_rect", {
  x: u32,
  y: u32,
  width: u32,
  height: u32,
}, { size: 16 });

/** A range of guest memory. */
export interface virtio_gpu_mem_entry {
  /** guest physical address */
  addr: number;
  /** bytes */
  length: number;
  /** unused */
  padding: number;
}
/** Layout of `struct virtio_gpu_mem_entry`: 16 bytes. */
export const virtio_gpu_mem_entry: Struct<virtio_gpu_mem_entry> = struct<virtio_gpu_mem_entry>("virtio_gpu_mem_entry", {
  addr: u53,
  length: u32,
  padding: u32,
}, { size: 16 });
