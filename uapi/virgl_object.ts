/**
 * What CREATE_OBJECT carries, by type of object: places in dwords from the header of the command, and the fields of state words.
 * Mirrors Mesa's virgl_protocol.h.
 * @module
 */

import { type BitField, bitField } from "./virgl_bits.ts";

/** Place in an object to make: header. */
export const VIRGL_OBJ_CREATE_HEADER = 0;
/** Place in an object to make: handle. */
export const VIRGL_OBJ_CREATE_HANDLE = 1;
/** Place in an object to bind: header. */
export const VIRGL_OBJ_BIND_HEADER = 0;
/** Place in an object to bind: handle. */
export const VIRGL_OBJ_BIND_HANDLE = 1;
/** Place in an object to destroy: handle. */
export const VIRGL_OBJ_DESTROY_HANDLE = 1;
/** Payload of a blend object, dwords. */
export const VIRGL_OBJ_BLEND_SIZE = 11;
/** Place in a blend object: handle. */
export const VIRGL_OBJ_BLEND_HANDLE = 1;
/** Place in a blend object: s0. */
export const VIRGL_OBJ_BLEND_S0 = 2;
/** Field of a blend object: s0 independent blend enable. */
export const VIRGL_OBJ_BLEND_S0_INDEPENDENT_BLEND_ENABLE: BitField = bitField(0, 1);
/** Field of a blend object: s0 logicop enable. */
export const VIRGL_OBJ_BLEND_S0_LOGICOP_ENABLE: BitField = bitField(1, 1);
/** Field of a blend object: s0 dither. */
export const VIRGL_OBJ_BLEND_S0_DITHER: BitField = bitField(2, 1);
/** Field of a blend object: s0 alpha to coverage. */
export const VIRGL_OBJ_BLEND_S0_ALPHA_TO_COVERAGE: BitField = bitField(3, 1);
/** Field of a blend object: s0 alpha to one. */
export const VIRGL_OBJ_BLEND_S0_ALPHA_TO_ONE: BitField = bitField(4, 1);
/** Place in a blend object: s1. */
export const VIRGL_OBJ_BLEND_S1 = 3;
/** Field of a blend object: s1 logicop func. */
export const VIRGL_OBJ_BLEND_S1_LOGICOP_FUNC: BitField = bitField(0, 4);
/** Place in a blend object: s2 of number n. */
export function VIRGL_OBJ_BLEND_S2(n: number): number {
  return 4 + n;
}
/** Field of a blend object: s2 rt blend enable. */
export const VIRGL_OBJ_BLEND_S2_RT_BLEND_ENABLE: BitField = bitField(0, 1);
/** Field of a blend object: s2 rt rgb func. */
export const VIRGL_OBJ_BLEND_S2_RT_RGB_FUNC: BitField = bitField(1, 3);
/** Field of a blend object: s2 rt rgb src factor. */
export const VIRGL_OBJ_BLEND_S2_RT_RGB_SRC_FACTOR: BitField = bitField(4, 5);
/** Field of a blend object: s2 rt rgb dst factor. */
export const VIRGL_OBJ_BLEND_S2_RT_RGB_DST_FACTOR: BitField = bitField(9, 5);
/** Field of a blend object: s2 rt alpha func. */
export const VIRGL_OBJ_BLEND_S2_RT_ALPHA_FUNC: BitField = bitField(14, 3);
/** Field of a blend object: s2 rt alpha src factor. */
export const VIRGL_OBJ_BLEND_S2_RT_ALPHA_SRC_FACTOR: BitField = bitField(17, 5);
/** Field of a blend object: s2 rt alpha dst factor. */
export const VIRGL_OBJ_BLEND_S2_RT_ALPHA_DST_FACTOR: BitField = bitField(22, 5);
/** Field of a blend object: s2 rt colormask. */
export const VIRGL_OBJ_BLEND_S2_RT_COLORMASK: BitField = bitField(27, 4);
/** Payload of a depth, stencil and alpha object, dwords. */
export const VIRGL_OBJ_DSA_SIZE = 5;
/** Place in a depth, stencil and alpha object: handle. */
export const VIRGL_OBJ_DSA_HANDLE = 1;
/** Place in a depth, stencil and alpha object: s0. */
export const VIRGL_OBJ_DSA_S0 = 2;
/** Field of a depth, stencil and alpha object: s0 depth enable. */
export const VIRGL_OBJ_DSA_S0_DEPTH_ENABLE: BitField = bitField(0, 1);
/** Field of a depth, stencil and alpha object: s0 depth writemask. */
export const VIRGL_OBJ_DSA_S0_DEPTH_WRITEMASK: BitField = bitField(1, 1);
/** Field of a depth, stencil and alpha object: s0 depth func. */
export const VIRGL_OBJ_DSA_S0_DEPTH_FUNC: BitField = bitField(2, 3);
/** Field of a depth, stencil and alpha object: s0 alpha enabled. */
export const VIRGL_OBJ_DSA_S0_ALPHA_ENABLED: BitField = bitField(8, 1);
/** Field of a depth, stencil and alpha object: s0 alpha func. */
export const VIRGL_OBJ_DSA_S0_ALPHA_FUNC: BitField = bitField(9, 3);
/** Place in a depth, stencil and alpha object: s1. */
export const VIRGL_OBJ_DSA_S1 = 3;
/** Place in a depth, stencil and alpha object: s2. */
export const VIRGL_OBJ_DSA_S2 = 4;
/** Field of a depth, stencil and alpha object: s1 stencil enabled. */
export const VIRGL_OBJ_DSA_S1_STENCIL_ENABLED: BitField = bitField(0, 1);
/** Field of a depth, stencil and alpha object: s1 stencil func. */
export const VIRGL_OBJ_DSA_S1_STENCIL_FUNC: BitField = bitField(1, 3);
/** Field of a depth, stencil and alpha object: s1 stencil fail op. */
export const VIRGL_OBJ_DSA_S1_STENCIL_FAIL_OP: BitField = bitField(4, 3);
/** Field of a depth, stencil and alpha object: s1 stencil zpass op. */
export const VIRGL_OBJ_DSA_S1_STENCIL_ZPASS_OP: BitField = bitField(7, 3);
/** Field of a depth, stencil and alpha object: s1 stencil zfail op. */
export const VIRGL_OBJ_DSA_S1_STENCIL_ZFAIL_OP: BitField = bitField(10, 3);
/** Field of a depth, stencil and alpha object: s1 stencil valuemask. */
export const VIRGL_OBJ_DSA_S1_STENCIL_VALUEMASK: BitField = bitField(13, 8);
/** Field of a depth, stencil and alpha object: s1 stencil writemask. */
export const VIRGL_OBJ_DSA_S1_STENCIL_WRITEMASK: BitField = bitField(21, 8);
/** Place in a depth, stencil and alpha object: alpha ref. */
export const VIRGL_OBJ_DSA_ALPHA_REF = 5;
/** Payload of a rasterizer object, dwords. */
export const VIRGL_OBJ_RS_SIZE = 9;
/** Place in a rasterizer object: handle. */
export const VIRGL_OBJ_RS_HANDLE = 1;
/** Place in a rasterizer object: s0. */
export const VIRGL_OBJ_RS_S0 = 2;
/** Field of a rasterizer object: s0 flatshade. */
export const VIRGL_OBJ_RS_S0_FLATSHADE: BitField = bitField(0, 1);
/** Field of a rasterizer object: s0 depth clip. */
export const VIRGL_OBJ_RS_S0_DEPTH_CLIP: BitField = bitField(1, 1);
/** Field of a rasterizer object: s0 clip halfz. */
export const VIRGL_OBJ_RS_S0_CLIP_HALFZ: BitField = bitField(2, 1);
/** Field of a rasterizer object: s0 rasterizer discard. */
export const VIRGL_OBJ_RS_S0_RASTERIZER_DISCARD: BitField = bitField(3, 1);
/** Field of a rasterizer object: s0 flatshade first. */
export const VIRGL_OBJ_RS_S0_FLATSHADE_FIRST: BitField = bitField(4, 1);
/** Field of a rasterizer object: s0 light twosize. */
export const VIRGL_OBJ_RS_S0_LIGHT_TWOSIZE: BitField = bitField(5, 1);
/** Field of a rasterizer object: s0 sprite coord mode. */
export const VIRGL_OBJ_RS_S0_SPRITE_COORD_MODE: BitField = bitField(6, 1);
/** Field of a rasterizer object: s0 point quad rasterization. */
export const VIRGL_OBJ_RS_S0_POINT_QUAD_RASTERIZATION: BitField = bitField(7, 1);
/** Field of a rasterizer object: s0 cull face. */
export const VIRGL_OBJ_RS_S0_CULL_FACE: BitField = bitField(8, 2);
/** Field of a rasterizer object: s0 fill front. */
export const VIRGL_OBJ_RS_S0_FILL_FRONT: BitField = bitField(10, 2);
/** Field of a rasterizer object: s0 fill back. */
export const VIRGL_OBJ_RS_S0_FILL_BACK: BitField = bitField(12, 2);
/** Field of a rasterizer object: s0 scissor. */
export const VIRGL_OBJ_RS_S0_SCISSOR: BitField = bitField(14, 1);
/** Field of a rasterizer object: s0 front ccw. */
export const VIRGL_OBJ_RS_S0_FRONT_CCW: BitField = bitField(15, 1);
/** Field of a rasterizer object: s0 clamp vertex color. */
export const VIRGL_OBJ_RS_S0_CLAMP_VERTEX_COLOR: BitField = bitField(16, 1);
/** Field of a rasterizer object: s0 clamp fragment color. */
export const VIRGL_OBJ_RS_S0_CLAMP_FRAGMENT_COLOR: BitField = bitField(17, 1);
/** Field of a rasterizer object: s0 offset line. */
export const VIRGL_OBJ_RS_S0_OFFSET_LINE: BitField = bitField(18, 1);
/** Field of a rasterizer object: s0 offset point. */
export const VIRGL_OBJ_RS_S0_OFFSET_POINT: BitField = bitField(19, 1);
/** Field of a rasterizer object: s0 offset tri. */
export const VIRGL_OBJ_RS_S0_OFFSET_TRI: BitField = bitField(20, 1);
/** Field of a rasterizer object: s0 poly smooth. */
export const VIRGL_OBJ_RS_S0_POLY_SMOOTH: BitField = bitField(21, 1);
/** Field of a rasterizer object: s0 poly stipple enable. */
export const VIRGL_OBJ_RS_S0_POLY_STIPPLE_ENABLE: BitField = bitField(22, 1);
/** Field of a rasterizer object: s0 point smooth. */
export const VIRGL_OBJ_RS_S0_POINT_SMOOTH: BitField = bitField(23, 1);
/** Field of a rasterizer object: s0 point size per vertex. */
export const VIRGL_OBJ_RS_S0_POINT_SIZE_PER_VERTEX: BitField = bitField(24, 1);
/** Field of a rasterizer object: s0 multisample. */
export const VIRGL_OBJ_RS_S0_MULTISAMPLE: BitField = bitField(25, 1);
/** Field of a rasterizer object: s0 line smooth. */
export const VIRGL_OBJ_RS_S0_LINE_SMOOTH: BitField = bitField(26, 1);
/** Field of a rasterizer object: s0 line stipple enable. */
export const VIRGL_OBJ_RS_S0_LINE_STIPPLE_ENABLE: BitField = bitField(27, 1);
/** Field of a rasterizer object: s0 line last pixel. */
export const VIRGL_OBJ_RS_S0_LINE_LAST_PIXEL: BitField = bitField(28, 1);
/** Field of a rasterizer object: s0 half pixel center. */
export const VIRGL_OBJ_RS_S0_HALF_PIXEL_CENTER: BitField = bitField(29, 1);
/** Field of a rasterizer object: s0 bottom edge rule. */
export const VIRGL_OBJ_RS_S0_BOTTOM_EDGE_RULE: BitField = bitField(30, 1);
/** Field of a rasterizer object: s0 force persample interp. */
export const VIRGL_OBJ_RS_S0_FORCE_PERSAMPLE_INTERP: BitField = bitField(31, 1);
/** Place in a rasterizer object: point size. */
export const VIRGL_OBJ_RS_POINT_SIZE = 3;
/** Place in a rasterizer object: sprite coord enable. */
export const VIRGL_OBJ_RS_SPRITE_COORD_ENABLE = 4;
/** Place in a rasterizer object: s3. */
export const VIRGL_OBJ_RS_S3 = 5;
/** Field of a rasterizer object: s3 line stipple pattern. */
export const VIRGL_OBJ_RS_S3_LINE_STIPPLE_PATTERN: BitField = bitField(0, 16);
/** Field of a rasterizer object: s3 line stipple factor. */
export const VIRGL_OBJ_RS_S3_LINE_STIPPLE_FACTOR: BitField = bitField(16, 8);
/** Field of a rasterizer object: s3 clip plane enable. */
export const VIRGL_OBJ_RS_S3_CLIP_PLANE_ENABLE: BitField = bitField(24, 8);
/** Place in a rasterizer object: line width. */
export const VIRGL_OBJ_RS_LINE_WIDTH = 6;
/** Place in a rasterizer object: offset units. */
export const VIRGL_OBJ_RS_OFFSET_UNITS = 7;
/** Place in a rasterizer object: offset scale. */
export const VIRGL_OBJ_RS_OFFSET_SCALE = 8;
/** Place in a rasterizer object: offset clamp. */
export const VIRGL_OBJ_RS_OFFSET_CLAMP = 9;
/** Payload of a shader object before its text, dwords: with outputs of transform feedback, and without. */
export function VIRGL_OBJ_SHADER_HDR_SIZE(outputs: number): number {
  return outputs > 0 ? 9 + 2 * outputs : 5;
}
/** Place in a shader object: handle. */
export const VIRGL_OBJ_SHADER_HANDLE = 1;
/** Place in a shader object: type. */
export const VIRGL_OBJ_SHADER_TYPE = 2;
/** Place in a shader object: offset. */
export const VIRGL_OBJ_SHADER_OFFSET = 3;
/** In the offset of a shader: bytes of the whole, or where a continuation goes. */
export const VIRGL_OBJ_SHADER_OFFSET_VAL: BitField = bitField(0, 31);
/** Bit of the offset of a shader: this is a continuation, the other bits say where it goes, bytes. */
export const VIRGL_OBJ_SHADER_OFFSET_CONT = 0x80000000;
/** Place in a shader object: num tokens. */
export const VIRGL_OBJ_SHADER_NUM_TOKENS = 4;
/** Place in a shader object: so num outputs. */
export const VIRGL_OBJ_SHADER_SO_NUM_OUTPUTS = 5;
/** Place in a shader object: so stride of number n. */
export function VIRGL_OBJ_SHADER_SO_STRIDE(n: number): number {
  return 6 + n;
}
/** Place in a shader object: so output0 of number n. */
export function VIRGL_OBJ_SHADER_SO_OUTPUT0(n: number): number {
  return 10 + 2 * n;
}
/** Field of a shader object: so output register index. */
export const VIRGL_OBJ_SHADER_SO_OUTPUT_REGISTER_INDEX: BitField = bitField(0, 8);
/** Field of a shader object: so output start component. */
export const VIRGL_OBJ_SHADER_SO_OUTPUT_START_COMPONENT: BitField = bitField(8, 2);
/** Field of a shader object: so output num components. */
export const VIRGL_OBJ_SHADER_SO_OUTPUT_NUM_COMPONENTS: BitField = bitField(10, 3);
/** Field of a shader object: so output buffer. */
export const VIRGL_OBJ_SHADER_SO_OUTPUT_BUFFER: BitField = bitField(13, 3);
/** Field of a shader object: so output dst offset. */
export const VIRGL_OBJ_SHADER_SO_OUTPUT_DST_OFFSET: BitField = bitField(16, 16);
/** Place in a shader object: so output0 so of number n. */
export function VIRGL_OBJ_SHADER_SO_OUTPUT0_SO(n: number): number {
  return 11 + 2 * n;
}
/** Field of a shader object: so output stream. */
export const VIRGL_OBJ_SHADER_SO_OUTPUT_STREAM: BitField = bitField(0, 2);
/** Payload of a vertex elements object with n elements, dwords. */
export function VIRGL_OBJ_VERTEX_ELEMENTS_SIZE(n: number): number {
  return 1 + 4 * n;
}
/** Place in a vertex elements object: handle. */
export const VIRGL_OBJ_VERTEX_ELEMENTS_HANDLE = 1;
/** Place in a vertex elements object: v0 src offset of number n. */
export function VIRGL_OBJ_VERTEX_ELEMENTS_V0_SRC_OFFSET(n: number): number {
  return 2 + 4 * n;
}
/** Place in a vertex elements object: v0 instance divisor of number n. */
export function VIRGL_OBJ_VERTEX_ELEMENTS_V0_INSTANCE_DIVISOR(n: number): number {
  return 3 + 4 * n;
}
/** Place in a vertex elements object: v0 vertex buffer index of number n. */
export function VIRGL_OBJ_VERTEX_ELEMENTS_V0_VERTEX_BUFFER_INDEX(n: number): number {
  return 4 + 4 * n;
}
/** Place in a vertex elements object: v0 src format of number n. */
export function VIRGL_OBJ_VERTEX_ELEMENTS_V0_SRC_FORMAT(n: number): number {
  return 5 + 4 * n;
}
/** Payload of a surface object, dwords. */
export const VIRGL_OBJ_SURFACE_SIZE = 5;
/** Place in a surface object: handle. */
export const VIRGL_OBJ_SURFACE_HANDLE = 1;
/** Place in a surface object: res handle. */
export const VIRGL_OBJ_SURFACE_RES_HANDLE = 2;
/** Place in a surface object: format. */
export const VIRGL_OBJ_SURFACE_FORMAT = 3;
/** Place in a surface object: buffer first element. */
export const VIRGL_OBJ_SURFACE_BUFFER_FIRST_ELEMENT = 4;
/** Place in a surface object: buffer last element. */
export const VIRGL_OBJ_SURFACE_BUFFER_LAST_ELEMENT = 5;
/** Place in a surface object: texture level. */
export const VIRGL_OBJ_SURFACE_TEXTURE_LEVEL = 4;
/** Place in a surface object: texture layers. */
export const VIRGL_OBJ_SURFACE_TEXTURE_LAYERS = 5;
/** Payload of an MSAA surface object, dwords. */
export const VIRGL_OBJ_MSAA_SURFACE_SIZE = 6;
/** Place in a surface object: sample count. */
export const VIRGL_OBJ_SURFACE_SAMPLE_COUNT = 6;
/** Payload of a streamout target object, dwords. */
export const VIRGL_OBJ_STREAMOUT_SIZE = 4;
/** Place in a streamout target object: handle. */
export const VIRGL_OBJ_STREAMOUT_HANDLE = 1;
/** Place in a streamout target object: res handle. */
export const VIRGL_OBJ_STREAMOUT_RES_HANDLE = 2;
/** Place in a streamout target object: buffer offset. */
export const VIRGL_OBJ_STREAMOUT_BUFFER_OFFSET = 3;
/** Place in a streamout target object: buffer size. */
export const VIRGL_OBJ_STREAMOUT_BUFFER_SIZE = 4;
/** Payload of a sampler state object, dwords. */
export const VIRGL_OBJ_SAMPLER_STATE_SIZE = 9;
/** Place in a sampler state object: handle. */
export const VIRGL_OBJ_SAMPLER_STATE_HANDLE = 1;
/** Place in a sampler state object: s0. */
export const VIRGL_OBJ_SAMPLER_STATE_S0 = 2;
/** Field of a sampler state object: s0 wrap s. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_WRAP_S: BitField = bitField(0, 3);
/** Field of a sampler state object: s0 wrap t. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_WRAP_T: BitField = bitField(3, 3);
/** Field of a sampler state object: s0 wrap r. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_WRAP_R: BitField = bitField(6, 3);
/** Field of a sampler state object: s0 min img filter. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_MIN_IMG_FILTER: BitField = bitField(9, 2);
/** Field of a sampler state object: s0 min mip filter. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_MIN_MIP_FILTER: BitField = bitField(11, 2);
/** Field of a sampler state object: s0 mag img filter. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_MAG_IMG_FILTER: BitField = bitField(13, 2);
/** Field of a sampler state object: s0 compare mode. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_COMPARE_MODE: BitField = bitField(15, 1);
/** Field of a sampler state object: s0 compare func. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_COMPARE_FUNC: BitField = bitField(16, 3);
/** Field of a sampler state object: s0 seamless cube map. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_SEAMLESS_CUBE_MAP: BitField = bitField(19, 1);
/** Field of a sampler state object: s0 max anisotropy. */
export const VIRGL_OBJ_SAMPLE_STATE_S0_MAX_ANISOTROPY: BitField = bitField(20, 6);
/** Place in a sampler state object: lod bias. */
export const VIRGL_OBJ_SAMPLER_STATE_LOD_BIAS = 3;
/** Place in a sampler state object: min lod. */
export const VIRGL_OBJ_SAMPLER_STATE_MIN_LOD = 4;
/** Place in a sampler state object: max lod. */
export const VIRGL_OBJ_SAMPLER_STATE_MAX_LOD = 5;
/** Place in a sampler state object: border color of number n. */
export function VIRGL_OBJ_SAMPLER_STATE_BORDER_COLOR(n: number): number {
  return 6 + n;
}
/** Payload of a sampler view object, dwords. */
export const VIRGL_OBJ_SAMPLER_VIEW_SIZE = 6;
/** Place in a sampler view object: handle. */
export const VIRGL_OBJ_SAMPLER_VIEW_HANDLE = 1;
/** Place in a sampler view object: res handle. */
export const VIRGL_OBJ_SAMPLER_VIEW_RES_HANDLE = 2;
/** Place in a sampler view object: format. */
export const VIRGL_OBJ_SAMPLER_VIEW_FORMAT = 3;
/** Place in a sampler view object: buffer first element. */
export const VIRGL_OBJ_SAMPLER_VIEW_BUFFER_FIRST_ELEMENT = 4;
/** Place in a sampler view object: buffer last element. */
export const VIRGL_OBJ_SAMPLER_VIEW_BUFFER_LAST_ELEMENT = 5;
/** Place in a sampler view object: texture layer. */
export const VIRGL_OBJ_SAMPLER_VIEW_TEXTURE_LAYER = 4;
/** Place in a sampler view object: texture level. */
export const VIRGL_OBJ_SAMPLER_VIEW_TEXTURE_LEVEL = 5;
/** Place in a sampler view object: swizzle. */
export const VIRGL_OBJ_SAMPLER_VIEW_SWIZZLE = 6;
/** Field of a sampler view object: swizzle r. */
export const VIRGL_OBJ_SAMPLER_VIEW_SWIZZLE_R: BitField = bitField(0, 3);
/** Field of a sampler view object: swizzle g. */
export const VIRGL_OBJ_SAMPLER_VIEW_SWIZZLE_G: BitField = bitField(3, 3);
/** Field of a sampler view object: swizzle b. */
export const VIRGL_OBJ_SAMPLER_VIEW_SWIZZLE_B: BitField = bitField(6, 3);
/** Field of a sampler view object: swizzle a. */
export const VIRGL_OBJ_SAMPLER_VIEW_SWIZZLE_A: BitField = bitField(9, 3);
/** Payload of a query object, dwords. */
export const VIRGL_OBJ_QUERY_SIZE = 4;
/** Place in a query object: handle. */
export const VIRGL_OBJ_QUERY_HANDLE = 1;
/** Place in a query object: type index. */
export const VIRGL_OBJ_QUERY_TYPE_INDEX = 2;
/** Field of a query object: type. */
export const VIRGL_OBJ_QUERY_TYPE: BitField = bitField(0, 16);
/** Field of a query object: index. */
export const VIRGL_OBJ_QUERY_INDEX: BitField = bitField(16, 16);
/** Place in a query object: offset. */
export const VIRGL_OBJ_QUERY_OFFSET = 3;
/** Place in a query object: res handle. */
export const VIRGL_OBJ_QUERY_RES_HANDLE = 4;

// The header has no names for these halves; the client packs them so (virgl_encode.c).

/** In the texture layers of a surface: the first one. */
export const VIRGL_OBJ_SURFACE_TEXTURE_LAYERS_FIRST: BitField = bitField(0, 16);
/** In the texture layers of a surface: the last one. */
export const VIRGL_OBJ_SURFACE_TEXTURE_LAYERS_LAST: BitField = bitField(16, 16);
/** In the format of a sampler view: VIRGL_FORMAT_*. */
export const VIRGL_OBJ_SAMPLER_VIEW_FORMAT_FORMAT: BitField = bitField(0, 24);
/** In the format of a sampler view, under VIRGL_CAP_TEXTURE_VIEW: the PIPE_TEXTURE_* to view as; 0 for the resource's own. */
export const VIRGL_OBJ_SAMPLER_VIEW_FORMAT_TARGET: BitField = bitField(24, 8);
/** In the texture layer of a sampler view: the first one. */
export const VIRGL_OBJ_SAMPLER_VIEW_TEXTURE_LAYER_FIRST: BitField = bitField(0, 16);
/** In the texture layer of a sampler view: the last one. */
export const VIRGL_OBJ_SAMPLER_VIEW_TEXTURE_LAYER_LAST: BitField = bitField(16, 16);
/** In the texture level of a sampler view: the first one. */
export const VIRGL_OBJ_SAMPLER_VIEW_TEXTURE_LEVEL_FIRST: BitField = bitField(0, 8);
/** In the texture level of a sampler view: the last one. */
export const VIRGL_OBJ_SAMPLER_VIEW_TEXTURE_LEVEL_LAST: BitField = bitField(8, 8);
