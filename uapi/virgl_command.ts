/**
 * What the drawing and state commands of virgl carry: places in dwords from the header of the command. Mirrors Mesa's
 * virgl_protocol.h.
 * @module
 */

import { type BitField, bitField } from "./virgl_bits.ts";

export * from "./virgl_command_more.ts";

/** Payload of CLEAR, dwords. */
export const VIRGL_OBJ_CLEAR_SIZE = 8;
/** Place in CLEAR: buffers. */
export const VIRGL_OBJ_CLEAR_BUFFERS = 1;
/** Place in CLEAR: color 0. */
export const VIRGL_OBJ_CLEAR_COLOR_0 = 2;
/** Place in CLEAR: color 1. */
export const VIRGL_OBJ_CLEAR_COLOR_1 = 3;
/** Place in CLEAR: color 2. */
export const VIRGL_OBJ_CLEAR_COLOR_2 = 4;
/** Place in CLEAR: color 3. */
export const VIRGL_OBJ_CLEAR_COLOR_3 = 5;
/** Place in CLEAR: depth 0. */
export const VIRGL_OBJ_CLEAR_DEPTH_0 = 6;
/** Place in CLEAR: depth 1. */
export const VIRGL_OBJ_CLEAR_DEPTH_1 = 7;
/** Place in CLEAR: stencil. */
export const VIRGL_OBJ_CLEAR_STENCIL = 8;
/** Payload of SET_VIEWPORT_STATE with n elements, dwords. */
export function VIRGL_SET_VIEWPORT_STATE_SIZE(n: number): number {
  return 1 + 6 * n;
}
/** Place in SET_VIEWPORT_STATE: start slot. */
export const VIRGL_SET_VIEWPORT_START_SLOT = 1;
/** Place in SET_VIEWPORT_STATE: scale 0 of number n. */
export function VIRGL_SET_VIEWPORT_STATE_SCALE_0(n: number): number {
  return 2 + 6 * n;
}
/** Place in SET_VIEWPORT_STATE: scale 1 of number n. */
export function VIRGL_SET_VIEWPORT_STATE_SCALE_1(n: number): number {
  return 3 + 6 * n;
}
/** Place in SET_VIEWPORT_STATE: scale 2 of number n. */
export function VIRGL_SET_VIEWPORT_STATE_SCALE_2(n: number): number {
  return 4 + 6 * n;
}
/** Place in SET_VIEWPORT_STATE: translate 0 of number n. */
export function VIRGL_SET_VIEWPORT_STATE_TRANSLATE_0(n: number): number {
  return 5 + 6 * n;
}
/** Place in SET_VIEWPORT_STATE: translate 1 of number n. */
export function VIRGL_SET_VIEWPORT_STATE_TRANSLATE_1(n: number): number {
  return 6 + 6 * n;
}
/** Place in SET_VIEWPORT_STATE: translate 2 of number n. */
export function VIRGL_SET_VIEWPORT_STATE_TRANSLATE_2(n: number): number {
  return 7 + 6 * n;
}
/** Payload of SET_FRAMEBUFFER_STATE with n elements, dwords. */
export function VIRGL_SET_FRAMEBUFFER_STATE_SIZE(n: number): number {
  return 2 + n;
}
/** Place in SET_FRAMEBUFFER_STATE: nr cbufs. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NR_CBUFS = 1;
/** Place in SET_FRAMEBUFFER_STATE: nr zsurf handle. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NR_ZSURF_HANDLE = 2;
/** Place in SET_FRAMEBUFFER_STATE: cbuf handle of number n. */
export function VIRGL_SET_FRAMEBUFFER_STATE_CBUF_HANDLE(n: number): number {
  return 3 + n;
}
/** Payload of SET_VERTEX_BUFFERS with n elements, dwords. */
export function VIRGL_SET_VERTEX_BUFFERS_SIZE(n: number): number {
  return 3 * n;
}
/** Place in SET_VERTEX_BUFFERS: stride of number n. */
export function VIRGL_SET_VERTEX_BUFFER_STRIDE(n: number): number {
  return 1 + 3 * n;
}
/** Place in SET_VERTEX_BUFFERS: offset of number n. */
export function VIRGL_SET_VERTEX_BUFFER_OFFSET(n: number): number {
  return 2 + 3 * n;
}
/** Place in SET_VERTEX_BUFFERS: handle of number n. */
export function VIRGL_SET_VERTEX_BUFFER_HANDLE(n: number): number {
  return 3 + 3 * n;
}
/** Payload of SET_INDEX_BUFFER, dwords. */
export function VIRGL_SET_INDEX_BUFFER_SIZE(buffer: number): number {
  return buffer !== 0 ? 3 : 1;
}
/** Place in SET_INDEX_BUFFER: handle. */
export const VIRGL_SET_INDEX_BUFFER_HANDLE = 1;
/** Place in SET_INDEX_BUFFER: index size. */
export const VIRGL_SET_INDEX_BUFFER_INDEX_SIZE = 2;
/** Place in SET_INDEX_BUFFER: offset. */
export const VIRGL_SET_INDEX_BUFFER_OFFSET = 3;
/** Place in SET_CONSTANT_BUFFER: shader type. */
export const VIRGL_SET_CONSTANT_BUFFER_SHADER_TYPE = 1;
/** Place in SET_CONSTANT_BUFFER: index. */
export const VIRGL_SET_CONSTANT_BUFFER_INDEX = 2;
/** Place in SET_CONSTANT_BUFFER: data start. */
export const VIRGL_SET_CONSTANT_BUFFER_DATA_START = 3;
/** Payload of SET_UNIFORM_BUFFER, dwords. */
export const VIRGL_SET_UNIFORM_BUFFER_SIZE = 5;
/** Place in SET_UNIFORM_BUFFER: shader type. */
export const VIRGL_SET_UNIFORM_BUFFER_SHADER_TYPE = 1;
/** Place in SET_UNIFORM_BUFFER: index. */
export const VIRGL_SET_UNIFORM_BUFFER_INDEX = 2;
/** Place in SET_UNIFORM_BUFFER: offset. */
export const VIRGL_SET_UNIFORM_BUFFER_OFFSET = 3;
/** Place in SET_UNIFORM_BUFFER: length. */
export const VIRGL_SET_UNIFORM_BUFFER_LENGTH = 4;
/** Place in SET_UNIFORM_BUFFER: res handle. */
export const VIRGL_SET_UNIFORM_BUFFER_RES_HANDLE = 5;
/** Payload of DRAW_VBO, dwords. */
export const VIRGL_DRAW_VBO_SIZE = 12;
/** Payload of DRAW_VBO with the members of tessellation, dwords. */
export const VIRGL_DRAW_VBO_SIZE_TESS = 14;
/** Payload of an indirect DRAW_VBO, dwords. */
export const VIRGL_DRAW_VBO_SIZE_INDIRECT = 20;
/** Place in DRAW_VBO: start. */
export const VIRGL_DRAW_VBO_START = 1;
/** Place in DRAW_VBO: count. */
export const VIRGL_DRAW_VBO_COUNT = 2;
/** Place in DRAW_VBO: mode. */
export const VIRGL_DRAW_VBO_MODE = 3;
/** Place in DRAW_VBO: indexed. */
export const VIRGL_DRAW_VBO_INDEXED = 4;
/** Place in DRAW_VBO: instance count. */
export const VIRGL_DRAW_VBO_INSTANCE_COUNT = 5;
/** Place in DRAW_VBO: index bias. */
export const VIRGL_DRAW_VBO_INDEX_BIAS = 6;
/** Place in DRAW_VBO: start instance. */
export const VIRGL_DRAW_VBO_START_INSTANCE = 7;
/** Place in DRAW_VBO: primitive restart. */
export const VIRGL_DRAW_VBO_PRIMITIVE_RESTART = 8;
/** Place in DRAW_VBO: restart index. */
export const VIRGL_DRAW_VBO_RESTART_INDEX = 9;
/** Place in DRAW_VBO: min index. */
export const VIRGL_DRAW_VBO_MIN_INDEX = 10;
/** Place in DRAW_VBO: max index. */
export const VIRGL_DRAW_VBO_MAX_INDEX = 11;
/** Place in DRAW_VBO: count from so. */
export const VIRGL_DRAW_VBO_COUNT_FROM_SO = 12;
/** Place in DRAW_VBO: vertices per patch. */
export const VIRGL_DRAW_VBO_VERTICES_PER_PATCH = 13;
/** Place in DRAW_VBO: drawid. */
export const VIRGL_DRAW_VBO_DRAWID = 14;
/** Place in DRAW_VBO: indirect handle. */
export const VIRGL_DRAW_VBO_INDIRECT_HANDLE = 15;
/** Place in DRAW_VBO: indirect offset. */
export const VIRGL_DRAW_VBO_INDIRECT_OFFSET = 16;
/** Place in DRAW_VBO: indirect stride. */
export const VIRGL_DRAW_VBO_INDIRECT_STRIDE = 17;
/** Place in DRAW_VBO: indirect draw count. */
export const VIRGL_DRAW_VBO_INDIRECT_DRAW_COUNT = 18;
/** Place in DRAW_VBO: indirect draw count offset. */
export const VIRGL_DRAW_VBO_INDIRECT_DRAW_COUNT_OFFSET = 19;
/** Place in DRAW_VBO: indirect draw count handle. */
export const VIRGL_DRAW_VBO_INDIRECT_DRAW_COUNT_HANDLE = 20;
/** Payload of SET_SAMPLER_VIEWS with n elements, dwords. */
export function VIRGL_SET_SAMPLER_VIEWS_SIZE(n: number): number {
  return 2 + n;
}
/** Place in SET_SAMPLER_VIEWS: shader type. */
export const VIRGL_SET_SAMPLER_VIEWS_SHADER_TYPE = 1;
/** Place in SET_SAMPLER_VIEWS: start slot. */
export const VIRGL_SET_SAMPLER_VIEWS_START_SLOT = 2;
/** Place in SET_SAMPLER_VIEWS: v0 handle. */
export const VIRGL_SET_SAMPLER_VIEWS_V0_HANDLE = 3;
/** Payload of BIND_SAMPLER_STATES with that many samplers, dwords. */
export function VIRGL_BIND_SAMPLER_STATES(n: number): number {
  return 2 + n;
}
/** Place in BIND_SAMPLER_STATES: shader type. */
export const VIRGL_BIND_SAMPLER_STATES_SHADER_TYPE = 1;
/** Place in BIND_SAMPLER_STATES: start slot. */
export const VIRGL_BIND_SAMPLER_STATES_START_SLOT = 2;
/** Place in BIND_SAMPLER_STATES: s0 handle. */
export const VIRGL_BIND_SAMPLER_STATES_S0_HANDLE = 3;
/** Payload of SET_STENCIL_REF, dwords. */
export const VIRGL_SET_STENCIL_REF_SIZE = 1;
/** Place of both references in SET_STENCIL_REF. */
export const VIRGL_SET_STENCIL_REF = 1;
/** Both stencil references of SET_STENCIL_REF in a dword. */
export function VIRGL_STENCIL_REF_VAL(front: number, back: number): number {
  return front & 0xff | (back & 0xff) << 8;
}
/** Payload of SET_BLEND_COLOR, dwords. */
export const VIRGL_SET_BLEND_COLOR_SIZE = 4;
/** Place of channel 0 to 3 in SET_BLEND_COLOR of number n. */
export function VIRGL_SET_BLEND_COLOR(n: number): number {
  return 1 + n;
}
/** Payload of SET_SCISSOR_STATE with n elements, dwords. */
export function VIRGL_SET_SCISSOR_STATE_SIZE(n: number): number {
  return 1 + 2 * n;
}
/** Place in SET_SCISSOR_STATE: start slot. */
export const VIRGL_SET_SCISSOR_START_SLOT = 1;
/** Place in SET_SCISSOR_STATE: minx miny of number n. */
export function VIRGL_SET_SCISSOR_MINX_MINY(n: number): number {
  return 2 + 2 * n;
}
/** Place in SET_SCISSOR_STATE: maxx maxy of number n. */
export function VIRGL_SET_SCISSOR_MAXX_MAXY(n: number): number {
  return 3 + 2 * n;
}
/** Place in BEGIN_QUERY: handle. */
export const VIRGL_QUERY_BEGIN_HANDLE = 1;
/** Place in END_QUERY: handle. */
export const VIRGL_QUERY_END_HANDLE = 1;
/** Payload of GET_QUERY_RESULT, dwords. */
export const VIRGL_QUERY_RESULT_SIZE = 2;
/** Place in GET_QUERY_RESULT: handle. */
export const VIRGL_QUERY_RESULT_HANDLE = 1;
/** Place in GET_QUERY_RESULT: wait. */
export const VIRGL_QUERY_RESULT_WAIT = 2;
/** Payload of SET_RENDER_CONDITION, dwords. */
export const VIRGL_RENDER_CONDITION_SIZE = 3;
/** Place in SET_RENDER_CONDITION: handle. */
export const VIRGL_RENDER_CONDITION_HANDLE = 1;
/** Place in SET_RENDER_CONDITION: condition. */
export const VIRGL_RENDER_CONDITION_CONDITION = 2;
/** Place in SET_RENDER_CONDITION: mode. */
export const VIRGL_RENDER_CONDITION_MODE = 3;
/** Place in SET_STREAMOUT_TARGETS: append bitmask. */
export const VIRGL_SET_STREAMOUT_TARGETS_APPEND_BITMASK = 1;
/** Place in SET_STREAMOUT_TARGETS: h0. */
export const VIRGL_SET_STREAMOUT_TARGETS_H0 = 2;
/** Payload of SET_SAMPLE_MASK, dwords. */
export const VIRGL_SET_SAMPLE_MASK_SIZE = 1;
/** Place in SET_SAMPLE_MASK: mask. */
export const VIRGL_SET_SAMPLE_MASK_MASK = 1;
/** Payload of SET_CLIP_STATE, dwords. */
export const VIRGL_SET_CLIP_STATE_SIZE = 32;
/** Place in SET_CLIP_STATE: c0. */
export const VIRGL_SET_CLIP_STATE_C0 = 1;
/** Payload of SET_POLYGON_STIPPLE, dwords. */
export const VIRGL_POLYGON_STIPPLE_SIZE = 32;
/** Place in SET_POLYGON_STIPPLE: p0. */
export const VIRGL_POLYGON_STIPPLE_P0 = 1;
/** Payload of BIND_SHADER, dwords. */
export const VIRGL_BIND_SHADER_SIZE = 2;
/** Place in BIND_SHADER: handle. */
export const VIRGL_BIND_SHADER_HANDLE = 1;
/** Place in BIND_SHADER: type. */
export const VIRGL_BIND_SHADER_TYPE = 2;
/** Payload of SET_TESS_STATE, dwords. */
export const VIRGL_TESS_STATE_SIZE = 6;
/** Payload of SET_MIN_SAMPLES, dwords. */
export const VIRGL_SET_MIN_SAMPLES_SIZE = 1;
/** Place in SET_MIN_SAMPLES: mask. */
export const VIRGL_SET_MIN_SAMPLES_MASK = 1;
/** Payload of SET_FRAMEBUFFER_STATE_NO_ATTACH, dwords. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NO_ATTACH_SIZE = 2;
/** Place in SET_FRAMEBUFFER_STATE_NO_ATTACH: width height. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NO_ATTACH_WIDTH_HEIGHT = 1;
/** Field of SET_FRAMEBUFFER_STATE_NO_ATTACH: width. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NO_ATTACH_WIDTH: BitField = bitField(0, 16);
/** Field of SET_FRAMEBUFFER_STATE_NO_ATTACH: height. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NO_ATTACH_HEIGHT: BitField = bitField(16, 16);
/** Place in SET_FRAMEBUFFER_STATE_NO_ATTACH: layers samples. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NO_ATTACH_LAYERS_SAMPLES = 2;
/** Field of SET_FRAMEBUFFER_STATE_NO_ATTACH: layers. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NO_ATTACH_LAYERS: BitField = bitField(0, 16);
/** Field of SET_FRAMEBUFFER_STATE_NO_ATTACH: samples. */
export const VIRGL_SET_FRAMEBUFFER_STATE_NO_ATTACH_SAMPLES: BitField = bitField(16, 8);
/** Payload of GET_QUERY_RESULT_QBO, dwords. */
export const VIRGL_QUERY_RESULT_QBO_SIZE = 6;
/** Place in GET_QUERY_RESULT_QBO: handle. */
export const VIRGL_QUERY_RESULT_QBO_HANDLE = 1;
/** Place in GET_QUERY_RESULT_QBO: qbo handle. */
export const VIRGL_QUERY_RESULT_QBO_QBO_HANDLE = 2;
/** Place in GET_QUERY_RESULT_QBO: wait. */
export const VIRGL_QUERY_RESULT_QBO_WAIT = 3;
/** Place in GET_QUERY_RESULT_QBO: result type. */
export const VIRGL_QUERY_RESULT_QBO_RESULT_TYPE = 4;
/** Place in GET_QUERY_RESULT_QBO: offset. */
export const VIRGL_QUERY_RESULT_QBO_OFFSET = 5;
/** Place in GET_QUERY_RESULT_QBO: index. */
export const VIRGL_QUERY_RESULT_QBO_INDEX = 6;

/** In a corner of SET_SCISSOR_STATE or BLIT: x. */
export const VIRGL_SET_SCISSOR_X: BitField = bitField(0, 16);
/** In a corner of SET_SCISSOR_STATE or BLIT: y. */
export const VIRGL_SET_SCISSOR_Y: BitField = bitField(16, 16);
