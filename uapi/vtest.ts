/**
 * The vtest protocol: virgl over a Unix stream socket. Mirrors Mesa's vtest_protocol.h, with what virglrenderer 0.10.4 and Mesa
 * 22.3.6 do. A message is two dwords, length and command, then its payload; all little-endian. The structs are of payloads;
 * the table of commands is vtest_table.ts.
 * @module
 */

import { s32, type Struct, struct, u32, u64 } from "./struct.ts";

export * from "./vtest_table.ts";

/** Where Mesa's client looks for the server; that of Mesa 25 goes where VTEST_SOCKET_NAME in its environment says. */
export const VTEST_DEFAULT_SOCKET_NAME = "/tmp/.virgl_test";
/**
 * The newest version here; Mesa 22.3.6's virgl client speaks 2, Venus and its synchronization want 3. Mesa 25's virgl client asks
 * for 3, and again for 2 when it has read a capability set whose host_feature_check_version is less than 23.
 */
export const VTEST_PROTOCOL_VERSION = 3;
/** Dwords of a message's header. */
export const VTEST_HDR_SIZE = 2;
/** Place in a message: length of the payload; dwords, but bytes for VCMD_CREATE_RENDERER. */
export const VTEST_CMD_LEN = 0;
/** Place in a message: VCMD_*. */
export const VTEST_CMD_ID = 1;
/** Place in a message: the payload. */
export const VTEST_CMD_DATA_START = 2;

/** Command: virgl_caps_v1. */
export const VCMD_GET_CAPS = 1;
/** Command: make a resource. */
export const VCMD_RESOURCE_CREATE = 2;
/** Command: end a resource. */
export const VCMD_RESOURCE_UNREF = 3;
/** Command: read a resource; its bytes come in the reply. */
export const VCMD_TRANSFER_GET = 4;
/** Command: write a resource; its bytes follow. */
export const VCMD_TRANSFER_PUT = 5;
/** Command: execute virgl commands. */
export const VCMD_SUBMIT_CMD = 6;
/** Command: ask whether the renderer is busy, or wait. */
export const VCMD_RESOURCE_BUSY_WAIT = 7;
/** Command: the first message: the client's name. */
export const VCMD_CREATE_RENDERER = 8;
/** Command: virgl_caps_v2. */
export const VCMD_GET_CAPS2 = 9;
/** Command: ask whether the server knows versions. */
export const VCMD_PING_PROTOCOL_VERSION = 10;
/** Command: agree on a version. */
export const VCMD_PROTOCOL_VERSION = 11;
/** Command: make a resource with shared memory. */
export const VCMD_RESOURCE_CREATE2 = 12;
/** Command: read a resource into its shared memory. */
export const VCMD_TRANSFER_GET2 = 13;
/** Command: write a resource from its shared memory. */
export const VCMD_TRANSFER_PUT2 = 14;
/** Command: a parameter of the server. */
export const VCMD_GET_PARAM = 15;
/** Command: a capability set. */
export const VCMD_GET_CAPSET = 16;
/** Command: choose a capability set for the context. */
export const VCMD_CONTEXT_INIT = 17;
/** Command: make a blob. */
export const VCMD_RESOURCE_CREATE_BLOB = 18;
/** Command: make a timeline. */
export const VCMD_SYNC_CREATE = 19;
/** Command: end a timeline. */
export const VCMD_SYNC_UNREF = 20;
/** Command: the value of a timeline. */
export const VCMD_SYNC_READ = 21;
/** Command: set the value of a timeline. */
export const VCMD_SYNC_WRITE = 22;
/** Command: an fd that tells when timelines have come so far. */
export const VCMD_SYNC_WAIT = 23;
/** Command: execute batches of commands and signal timelines. */
export const VCMD_SUBMIT_CMD2 = 24;

/** VCMD_RESOURCE_BUSY_WAIT flag: wait. */
export const VCMD_BUSY_WAIT_FLAG_WAIT = 1;
/** VCMD_GET_PARAM: queues, or timelines, of the context. */
export const VCMD_PARAM_MAX_SYNC_QUEUE_COUNT = 1;
/** VCMD_GET_PARAM: its name since Mesa 23. */
export const VCMD_PARAM_MAX_TIMELINE_COUNT = 1;
/** Blob type: memory of the client. */
export const VCMD_BLOB_TYPE_GUEST = 1;
/** Blob type: memory of the renderer. */
export const VCMD_BLOB_TYPE_HOST3D = 2;
/** Blob type: memory of both. */
export const VCMD_BLOB_TYPE_HOST3D_GUEST = 3;
/** Blob flag: the client maps it. */
export const VCMD_BLOB_FLAG_MAPPABLE = 0x1;
/** Blob flag: shared with other contexts. */
export const VCMD_BLOB_FLAG_SHAREABLE = 0x2;
/** Blob flag: shared with other devices. */
export const VCMD_BLOB_FLAG_CROSS_DEVICE = 0x4;
/** VCMD_SYNC_WAIT flag: one of them suffices. */
export const VCMD_SYNC_WAIT_FLAG_ANY = 0x1;
/** vcmd_submit_cmd2_batch flag: the queue counts. */
export const VCMD_SUBMIT_CMD2_FLAG_SYNC_QUEUE = 0x1;
/** vcmd_submit_cmd2_batch flag: its name since Mesa 23. */
export const VCMD_SUBMIT_CMD2_FLAG_RING_IDX = 0x1;

/** Payload of VCMD_RESOURCE_CREATE. */
export interface vcmd_res_create {
  /** id, chosen by the client; 0 since version 3, when the server chooses */
  res_handle: number;
  /** PIPE_TEXTURE_*, PIPE_BUFFER */
  target: number;
  /** VIRGL_FORMAT_* */
  format: number;
  /** VIRGL_BIND_* */
  bind: number;
  /** pixels, or bytes of a buffer */
  width: number;
  /** lines */
  height: number;
  /** slices */
  depth: number;
  /** layers */
  array_size: number;
  /** greatest mipmap level */
  last_level: number;
  /** samples a pixel */
  nr_samples: number;
}
/** Layout of `struct vcmd_res_create`: 40 bytes. */
export const vcmd_res_create: Struct<vcmd_res_create> = struct<vcmd_res_create>("vcmd_res_create", {
  res_handle: u32,
  target: u32,
  format: u32,
  bind: u32,
  width: u32,
  height: u32,
  depth: u32,
  array_size: u32,
  last_level: u32,
  nr_samples: u32,
}, { size: 40 });

/** Payload of VCMD_RESOURCE_CREATE2. */
export interface vcmd_res_create2 {
  /** id, chosen by the client; 0 since version 3, when the server chooses */
  res_handle: number;
  /** PIPE_TEXTURE_*, PIPE_BUFFER */
  target: number;
  /** VIRGL_FORMAT_* */
  format: number;
  /** VIRGL_BIND_* */
  bind: number;
  /** pixels, or bytes of a buffer */
  width: number;
  /** lines */
  height: number;
  /** slices */
  depth: number;
  /** layers */
  array_size: number;
  /** greatest mipmap level */
  last_level: number;
  /** samples a pixel */
  nr_samples: number;
  /** of the shared memory, bytes; 0 for none */
  data_size: number;
}
/** Layout of `struct vcmd_res_create2`: 44 bytes. */
export const vcmd_res_create2: Struct<vcmd_res_create2> = struct<vcmd_res_create2>("vcmd_res_create2", {
  res_handle: u32,
  target: u32,
  format: u32,
  bind: u32,
  width: u32,
  height: u32,
  depth: u32,
  array_size: u32,
  last_level: u32,
  nr_samples: u32,
  data_size: u32,
}, { size: 44 });

/** Payload of VCMD_TRANSFER_GET, and beginning of that of VCMD_TRANSFER_PUT. */
export interface vcmd_transfer {
  /** resource */
  res_handle: number;
  /** mipmap level */
  level: number;
  /** bytes a line in the data, 0 for tight */
  stride: number;
  /** bytes a layer in the data, 0 for tight */
  layer_stride: number;
  /** left */
  x: number;
  /** top */
  y: number;
  /** first slice or layer */
  z: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** slices or layers */
  depth: number;
  /** of the data, bytes */
  data_size: number;
}
/** Layout of `struct vcmd_transfer`: 44 bytes. */
export const vcmd_transfer: Struct<vcmd_transfer> = struct<vcmd_transfer>("vcmd_transfer", {
  res_handle: u32,
  level: u32,
  stride: u32,
  layer_stride: u32,
  x: u32,
  y: u32,
  z: u32,
  width: u32,
  height: u32,
  depth: u32,
  data_size: u32,
}, { size: 44 });

/** Payload of VCMD_TRANSFER_GET2 and VCMD_TRANSFER_PUT2. */
export interface vcmd_transfer2 {
  /** resource */
  res_handle: number;
  /** mipmap level */
  level: number;
  /** left */
  x: number;
  /** top */
  y: number;
  /** first slice or layer */
  z: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** slices or layers */
  depth: number;
  /** unused */
  data_size: number;
  /** in the shared memory, bytes */
  offset: number;
}
/** Layout of `struct vcmd_transfer2`: 40 bytes. */
export const vcmd_transfer2: Struct<vcmd_transfer2> = struct<vcmd_transfer2>("vcmd_transfer2", {
  res_handle: u32,
  level: u32,
  x: u32,
  y: u32,
  z: u32,
  width: u32,
  height: u32,
  depth: u32,
  data_size: u32,
  offset: u32,
}, { size: 40 });

/** Payload of VCMD_RESOURCE_BUSY_WAIT. */
export interface vcmd_busy_wait {
  /** resource; servers look at all their work */
  handle: number;
  /** VCMD_BUSY_WAIT_FLAG_* */
  flags: number;
}
/** Layout of `struct vcmd_busy_wait`: 8 bytes. */
export const vcmd_busy_wait: Struct<vcmd_busy_wait> = struct<vcmd_busy_wait>("vcmd_busy_wait", {
  handle: u32,
  flags: u32,
}, { size: 8 });

/** Payload of VCMD_GET_CAPSET. */
export interface vcmd_get_capset {
  /** VIRTIO_GPU_CAPSET_* */
  id: number;
  /** version */
  version: number;
}
/** Layout of `struct vcmd_get_capset`: 8 bytes. */
export const vcmd_get_capset: Struct<vcmd_get_capset> = struct<vcmd_get_capset>("vcmd_get_capset", {
  id: u32,
  version: u32,
}, { size: 8 });

/** Payload of VCMD_RESOURCE_CREATE_BLOB. Its 64-bit numbers are two dwords each, low first. */
export interface vcmd_res_create_blob {
  /** VCMD_BLOB_TYPE_* */
  type: number;
  /** VCMD_BLOB_FLAG_* */
  flags: number;
  /** bytes */
  size: bigint;
  /** the context's name for the memory */
  blob_id: bigint;
}
/** Layout of `struct vcmd_res_create_blob`: 24 bytes. */
export const vcmd_res_create_blob: Struct<vcmd_res_create_blob> = struct<vcmd_res_create_blob>("vcmd_res_create_blob", {
  type: u32,
  flags: u32,
  size: u64,
  blob_id: u64,
}, { size: 24 });

/** Beginning of the payload of VCMD_SYNC_WAIT; then id, value low, value high of each timeline. */
export interface vcmd_sync_wait {
  /** VCMD_SYNC_WAIT_FLAG_* */
  flags: number;
  /** milliseconds; negative: for ever */
  timeout: number;
}
/** Layout of `struct vcmd_sync_wait`: 8 bytes. */
export const vcmd_sync_wait: Struct<vcmd_sync_wait> = struct<vcmd_sync_wait>("vcmd_sync_wait", {
  flags: u32,
  timeout: s32,
}, { size: 8 });

/** A batch of VCMD_SUBMIT_CMD2, after the count of batches. Offsets and sizes are dwords of the payload. */
export interface vcmd_submit_cmd2_batch {
  /** VCMD_SUBMIT_CMD2_FLAG_* */
  flags: number;
  /** where its commands begin */
  cmd_offset: number;
  /** of its commands */
  cmd_size: number;
  /** where its timelines begin: id, value low, value high */
  sync_offset: number;
  /** timelines */
  sync_count: number;
  /** queue of the context (ring_idx in virglrenderer) */
  sync_queue_index: number;
  /** the context's name for the queue (padding in virglrenderer) */
  sync_queue_id: bigint;
}
/** Layout of `struct vcmd_submit_cmd2_batch`: 32 bytes. */
export const vcmd_submit_cmd2_batch: Struct<vcmd_submit_cmd2_batch> = struct<vcmd_submit_cmd2_batch>(
  "vcmd_submit_cmd2_batch",
  {
    flags: u32,
    cmd_offset: u32,
    cmd_size: u32,
    sync_offset: u32,
    sync_count: u32,
    sync_queue_index: u32,
    sync_queue_id: u64,
  },
  { size: 32 },
);
