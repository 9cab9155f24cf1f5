/**
 * What a virgl host reports: errors, results of queries, its memory. Mirrors enum virgl_errors and virgl_ctx_errors of Mesa's
 * virgl_hw.h, and the first part of its virgl_protocol.h.
 * @module
 */

import { type Struct, struct, u32, u64 } from "./struct.ts";

/** No error. */
export const VIRGL_ERROR_NONE = 0;
/** An error without a number. */
export const VIRGL_ERROR_UNKNOWN = 1;
/** A resource of a format that is none. */
export const VIRGL_ERROR_UNKNOWN_RESOURCE_FORMAT = 2;
/** Context: no error. */
export const VIRGL_ERROR_CTX_NONE = 0;
/** Context: an error without a number. */
export const VIRGL_ERROR_CTX_UNKNOWN = 1;
/** Context: a shader that does not compile or link. */
export const VIRGL_ERROR_CTX_ILLEGAL_SHADER = 2;
/** Context: an object handle that is none. */
export const VIRGL_ERROR_CTX_ILLEGAL_HANDLE = 3;
/** Context: a resource that is none, or unfit. */
export const VIRGL_ERROR_CTX_ILLEGAL_RESOURCE = 4;
/** Context: a surface that is none, or unfit. */
export const VIRGL_ERROR_CTX_ILLEGAL_SURFACE = 5;
/** Context: a vertex format that is none. */
export const VIRGL_ERROR_CTX_ILLEGAL_VERTEX_FORMAT = 6;
/** Context: a command that cannot be read. */
export const VIRGL_ERROR_CTX_ILLEGAL_CMD_BUFFER = 7;
/** Context: tessellation evaluation without control, which GL ES refuses. */
export const VIRGL_ERROR_CTX_GLES_HAVE_TES_BUT_MISS_TCS = 8;
/** Context: a predicate query where only counters exist. */
export const VIRGL_ERROR_GL_ANY_SAMPLES_PASSED = 9;
/** Context: a format that is none, or unfit. */
export const VIRGL_ERROR_CTX_ILLEGAL_FORMAT = 10;
/** Context: a sampler view of a target that its resource has not. */
export const VIRGL_ERROR_CTX_ILLEGAL_SAMPLER_VIEW_TARGET = 11;
/** Context: a transfer outside its backing. */
export const VIRGL_ERROR_CTX_TRANSFER_IOV_BOUNDS = 12;
/** Context: dual-source blending into several colour buffers. */
export const VIRGL_ERROR_CTX_ILLEGAL_DUAL_SRC_BLEND = 13;
/** Context: what the host's GL has not. */
export const VIRGL_ERROR_CTX_UNSUPPORTED_FUNCTION = 14;
/** Context: stages that do not fit each other. */
export const VIRGL_ERROR_CTX_ILLEGAL_PROGRAM_PIPELINE = 15;
/** Context: more vertex attributes than there may be. */
export const VIRGL_ERROR_CTX_TOO_MANY_VERTEX_ATTRIBUTES = 16;
/** Context: a wrap mode that the host has not. */
export const VIRGL_ERROR_CTX_UNSUPPORTED_TEX_WRAP = 17;
/** Context: a face that a cube has not. */
export const VIRGL_ERROR_CTX_CUBE_MAP_FACE_OUT_OF_RANGE = 18;
/** Context: a blit outside its resource. */
export const VIRGL_ERROR_CTX_BLIT_AREA_OUT_OF_RANGE = 19;
/** Context: a storage buffer's part outside its resource. */
export const VIRGL_ERROR_CTX_SSBO_BINDING_RANGE = 20;
/** Context: something outside a resource. */
export const VIRGL_ERROR_CTX_RESOURCE_OUT_OF_RANGE = 21;
/** virgl_host_query_state.query_state: not asked for. */
export const VIRGL_QUERY_STATE_NEW = 0;
/** virgl_host_query_state.query_state: the result is there. */
export const VIRGL_QUERY_STATE_DONE = 1;
/** virgl_host_query_state.query_state: the guest waits for the host. */
export const VIRGL_QUERY_STATE_WAIT_HOST = 2;

/** What a host writes into a query's buffer. */
export interface virgl_host_query_state {
  /** VIRGL_QUERY_STATE_* */
  query_state: number;
  /** of the result, bytes: 4 or 8 */
  result_size: number;
  /** the count, time or truth */
  result: bigint;
}
/** Layout of `struct virgl_host_query_state`: 16 bytes. */
export const virgl_host_query_state: Struct<virgl_host_query_state> = struct<virgl_host_query_state>(
  "virgl_host_query_state",
  { query_state: u32, result_size: u32, result: u64 },
  { size: 16 },
);

/** What a host writes for GET_MEMORY_INFO; KiB. */
export interface virgl_memory_info {
  /** device memory */
  total_device_memory: number;
  /** device memory that is free */
  avail_device_memory: number;
  /** memory for staging */
  total_staging_memory: number;
  /** memory for staging that is free */
  avail_staging_memory: number;
  /** evicted so far */
  device_memory_evicted: number;
  /** evictions so far */
  nr_device_memory_evictions: number;
}
/** Layout of `struct virgl_memory_info`: 24 bytes. */
export const virgl_memory_info: Struct<virgl_memory_info> = struct<virgl_memory_info>("virgl_memory_info", {
  total_device_memory: u32,
  avail_device_memory: u32,
  total_staging_memory: u32,
  avail_staging_memory: u32,
  device_memory_evicted: u32,
  nr_device_memory_evictions: u32,
}, { size: 24 });
