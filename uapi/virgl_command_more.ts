/**
 * What the commands of virgl around drawing carry: shader resources, compute, barriers, linking, notes, video. Places are in
 * dwords from the header of the command. Mirrors Mesa's virgl_protocol.h.
 * @module
 */

import { type BitField, bitField } from "./virgl_bits.ts";

/** Dwords an element of SET_SHADER_BUFFERS. */
export const VIRGL_SET_SHADER_BUFFER_ELEMENT_SIZE = 3;
/** Payload of SET_SHADER_BUFFERS with n elements, dwords. */
export function VIRGL_SET_SHADER_BUFFER_SIZE(n: number): number {
  return 2 + 3 * n;
}
/** Place in SET_SHADER_BUFFERS: shader type. */
export const VIRGL_SET_SHADER_BUFFER_SHADER_TYPE = 1;
/** Place in SET_SHADER_BUFFERS: start slot. */
export const VIRGL_SET_SHADER_BUFFER_START_SLOT = 2;
/** Place in SET_SHADER_BUFFERS: offset of number n. */
export function VIRGL_SET_SHADER_BUFFER_OFFSET(n: number): number {
  return 3 + 3 * n;
}
/** Place in SET_SHADER_BUFFERS: length of number n. */
export function VIRGL_SET_SHADER_BUFFER_LENGTH(n: number): number {
  return 4 + 3 * n;
}
/** Place in SET_SHADER_BUFFERS: res handle of number n. */
export function VIRGL_SET_SHADER_BUFFER_RES_HANDLE(n: number): number {
  return 5 + 3 * n;
}
/** Dwords an element of SET_SHADER_IMAGES. */
export const VIRGL_SET_SHADER_IMAGE_ELEMENT_SIZE = 5;
/** Payload of SET_SHADER_IMAGES with n elements, dwords. */
export function VIRGL_SET_SHADER_IMAGE_SIZE(n: number): number {
  return 2 + 5 * n;
}
/** Place in SET_SHADER_IMAGES: shader type. */
export const VIRGL_SET_SHADER_IMAGE_SHADER_TYPE = 1;
/** Place in SET_SHADER_IMAGES: start slot. */
export const VIRGL_SET_SHADER_IMAGE_START_SLOT = 2;
/** Place in SET_SHADER_IMAGES: format of number n. */
export function VIRGL_SET_SHADER_IMAGE_FORMAT(n: number): number {
  return 3 + 5 * n;
}
/** Place in SET_SHADER_IMAGES: access of number n. */
export function VIRGL_SET_SHADER_IMAGE_ACCESS(n: number): number {
  return 4 + 5 * n;
}
/** Place in SET_SHADER_IMAGES: layer offset of number n. */
export function VIRGL_SET_SHADER_IMAGE_LAYER_OFFSET(n: number): number {
  return 5 + 5 * n;
}
/** Place in SET_SHADER_IMAGES: level size of number n. */
export function VIRGL_SET_SHADER_IMAGE_LEVEL_SIZE(n: number): number {
  return 6 + 5 * n;
}
/** Place in SET_SHADER_IMAGES: res handle of number n. */
export function VIRGL_SET_SHADER_IMAGE_RES_HANDLE(n: number): number {
  return 7 + 5 * n;
}
/** Payload of MEMORY_BARRIER, dwords. */
export const VIRGL_MEMORY_BARRIER_SIZE = 1;
/** Place in MEMORY_BARRIER: flags. */
export const VIRGL_MEMORY_BARRIER_FLAGS = 1;
/** Place in LAUNCH_GRID: grid size. */
export const VIRGL_LAUNCH_GRID_SIZE = 8;
/** Place in LAUNCH_GRID: block x. */
export const VIRGL_LAUNCH_BLOCK_X = 1;
/** Place in LAUNCH_GRID: block y. */
export const VIRGL_LAUNCH_BLOCK_Y = 2;
/** Place in LAUNCH_GRID: block z. */
export const VIRGL_LAUNCH_BLOCK_Z = 3;
/** Place in LAUNCH_GRID: grid x. */
export const VIRGL_LAUNCH_GRID_X = 4;
/** Place in LAUNCH_GRID: grid y. */
export const VIRGL_LAUNCH_GRID_Y = 5;
/** Place in LAUNCH_GRID: grid z. */
export const VIRGL_LAUNCH_GRID_Z = 6;
/** Place in LAUNCH_GRID: indirect handle. */
export const VIRGL_LAUNCH_INDIRECT_HANDLE = 7;
/** Place in LAUNCH_GRID: indirect offset. */
export const VIRGL_LAUNCH_INDIRECT_OFFSET = 8;
/** Payload of TEXTURE_BARRIER, dwords. */
export const VIRGL_TEXTURE_BARRIER_SIZE = 1;
/** Place in TEXTURE_BARRIER: flags. */
export const VIRGL_TEXTURE_BARRIER_FLAGS = 1;
/** Dwords an element of SET_ATOMIC_BUFFERS. */
export const VIRGL_SET_ATOMIC_BUFFER_ELEMENT_SIZE = 3;
/** Payload of SET_ATOMIC_BUFFERS with n elements, dwords. */
export function VIRGL_SET_ATOMIC_BUFFER_SIZE(n: number): number {
  return 1 + 3 * n;
}
/** Place in SET_ATOMIC_BUFFERS: start slot. */
export const VIRGL_SET_ATOMIC_BUFFER_START_SLOT = 1;
/** Place in SET_ATOMIC_BUFFERS: offset of number n. */
export function VIRGL_SET_ATOMIC_BUFFER_OFFSET(n: number): number {
  return 2 + 3 * n;
}
/** Place in SET_ATOMIC_BUFFERS: length of number n. */
export function VIRGL_SET_ATOMIC_BUFFER_LENGTH(n: number): number {
  return 3 + 3 * n;
}
/** Place in SET_ATOMIC_BUFFERS: res handle of number n. */
export function VIRGL_SET_ATOMIC_BUFFER_RES_HANDLE(n: number): number {
  return 4 + 3 * n;
}
/** Least payload of SET_DEBUG_FLAGS, dwords. */
export const VIRGL_SET_DEBUG_FLAGS_MIN_SIZE = 2;
/** Place in SET_DEBUG_FLAGS: flagstring offset. */
export const VIRGL_SET_DEBUG_FLAGSTRING_OFFSET = 1;
/** Payload of SET_TWEAKS, dwords. */
export const VIRGL_SET_TWEAKS_SIZE = 2;
/** Place in SET_TWEAKS: id. */
export const VIRGL_SET_TWEAKS_ID = 1;
/** Place in SET_TWEAKS: value. */
export const VIRGL_SET_TWEAKS_VALUE = 2;
/** Least payload of EMIT_STRING_MARKER, dwords. */
export const VIRGL_SEND_STRING_MARKER_MIN_SIZE = 2;
/** Place in EMIT_STRING_MARKER: string size. */
export const VIRGL_SEND_STRING_MARKER_STRING_SIZE = 1;
/** Place in EMIT_STRING_MARKER: offset. */
export const VIRGL_SEND_STRING_MARKER_OFFSET = 2;
/** Payload of LINK_SHADER, dwords. */
export const VIRGL_LINK_SHADER_SIZE = 6;
/** Place in LINK_SHADER: vertex handle. */
export const VIRGL_LINK_SHADER_VERTEX_HANDLE = 1;
/** Place in LINK_SHADER: fragment handle. */
export const VIRGL_LINK_SHADER_FRAGMENT_HANDLE = 2;
/** Place in LINK_SHADER: geometry handle. */
export const VIRGL_LINK_SHADER_GEOMETRY_HANDLE = 3;
/** Place in LINK_SHADER: tess ctrl handle. */
export const VIRGL_LINK_SHADER_TESS_CTRL_HANDLE = 4;
/** Place in LINK_SHADER: tess eval handle. */
export const VIRGL_LINK_SHADER_TESS_EVAL_HANDLE = 5;
/** Place in LINK_SHADER: compute handle. */
export const VIRGL_LINK_SHADER_COMPUTE_HANDLE = 6;
/** Payload of CREATE_VIDEO_CODEC, dwords. */
export const VIRGL_CREATE_VIDEO_CODEC_SIZE = 7;
/** Its name since Mesa 23: least payload of CREATE_VIDEO_CODEC, dwords. */
export const VIRGL_CREATE_VIDEO_CODEC_MIN_SIZE = 7;
/** Place in CREATE_VIDEO_CODEC: handle. */
export const VIRGL_CREATE_VIDEO_CODEC_HANDLE = 1;
/** Place in CREATE_VIDEO_CODEC: profile. */
export const VIRGL_CREATE_VIDEO_CODEC_PROFILE = 2;
/** Place in CREATE_VIDEO_CODEC: entrypoint. */
export const VIRGL_CREATE_VIDEO_CODEC_ENTRYPOINT = 3;
/** Place in CREATE_VIDEO_CODEC: chroma fmt. */
export const VIRGL_CREATE_VIDEO_CODEC_CHROMA_FMT = 4;
/** Place in CREATE_VIDEO_CODEC: level. */
export const VIRGL_CREATE_VIDEO_CODEC_LEVEL = 5;
/** Place in CREATE_VIDEO_CODEC: width. */
export const VIRGL_CREATE_VIDEO_CODEC_WIDTH = 6;
/** Place in CREATE_VIDEO_CODEC: height. */
export const VIRGL_CREATE_VIDEO_CODEC_HEIGHT = 7;
/** Place in CREATE_VIDEO_CODEC: max ref; for hosts of feature version 14. */
export const VIRGL_CREATE_VIDEO_CODEC_MAX_REF = 8;
/** Payload of DESTROY_VIDEO_CODEC, dwords. */
export const VIRGL_DESTROY_VIDEO_CODEC_SIZE = 1;
/** Its name since Mesa 23: least payload of DESTROY_VIDEO_CODEC, dwords. */
export const VIRGL_DESTROY_VIDEO_CODEC_MIN_SIZE = 1;
/** Place in DESTROY_VIDEO_CODEC: handle. */
export const VIRGL_DESTROY_VIDEO_CODEC_HANDLE = 1;
/** Least payload of CREATE_VIDEO_BUFFER, dwords. */
export const VIRGL_CREATE_VIDEO_BUFFER_MIN_SIZE = 5;
/** Place in CREATE_VIDEO_BUFFER: handle. */
export const VIRGL_CREATE_VIDEO_BUFFER_HANDLE = 1;
/** Place in CREATE_VIDEO_BUFFER: format. */
export const VIRGL_CREATE_VIDEO_BUFFER_FORMAT = 2;
/** Place in CREATE_VIDEO_BUFFER: width. */
export const VIRGL_CREATE_VIDEO_BUFFER_WIDTH = 3;
/** Place in CREATE_VIDEO_BUFFER: height. */
export const VIRGL_CREATE_VIDEO_BUFFER_HEIGHT = 4;
/** Place in CREATE_VIDEO_BUFFER: res base. */
export const VIRGL_CREATE_VIDEO_BUFFER_RES_BASE = 5;
/** Payload of DESTROY_VIDEO_BUFFER, dwords. */
export const VIRGL_DESTROY_VIDEO_BUFFER_SIZE = 1;
/** Its name since Mesa 23: least payload of DESTROY_VIDEO_BUFFER, dwords. */
export const VIRGL_DESTROY_VIDEO_BUFFER_MIN_SIZE = 1;
/** Place in DESTROY_VIDEO_BUFFER: handle. */
export const VIRGL_DESTROY_VIDEO_BUFFER_HANDLE = 1;
/** Payload of BEGIN_FRAME, dwords. */
export const VIRGL_BEGIN_FRAME_SIZE = 2;
/** Its name since Mesa 23: least payload of BEGIN_FRAME, dwords. */
export const VIRGL_BEGIN_FRAME_MIN_SIZE = 2;
/** Place in BEGIN_FRAME: cdc handle. */
export const VIRGL_BEGIN_FRAME_CDC_HANDLE = 1;
/** Place in BEGIN_FRAME: tgt handle. */
export const VIRGL_BEGIN_FRAME_TGT_HANDLE = 2;
/** Payload of DECODE_BITSTREAM, dwords. */
export const VIRGL_DECODE_BS_SIZE = 5;
/** Its name since Mesa 23: least payload of DECODE_BITSTREAM, dwords. */
export const VIRGL_DECODE_BS_MIN_SIZE = 5;
/** Place in DECODE_BITSTREAM: cdc handle. */
export const VIRGL_DECODE_BS_CDC_HANDLE = 1;
/** Place in DECODE_BITSTREAM: tgt handle. */
export const VIRGL_DECODE_BS_TGT_HANDLE = 2;
/** Place in DECODE_BITSTREAM: dsc handle. */
export const VIRGL_DECODE_BS_DSC_HANDLE = 3;
/** Place in DECODE_BITSTREAM: buf handle. */
export const VIRGL_DECODE_BS_BUF_HANDLE = 4;
/** Place in DECODE_BITSTREAM: buf size. */
export const VIRGL_DECODE_BS_BUF_SIZE = 5;
/** Least payload of ENCODE_BITSTREAM, dwords. */
export const VIRGL_ENCODE_BS_MIN_SIZE = 5;
/** Place in ENCODE_BITSTREAM: cdc handle. */
export const VIRGL_ENCODE_BS_CDC_HANDLE = 1;
/** Place in ENCODE_BITSTREAM: src handle. */
export const VIRGL_ENCODE_BS_SRC_HANDLE = 2;
/** Place in ENCODE_BITSTREAM: dest handle. */
export const VIRGL_ENCODE_BS_DEST_HANDLE = 3;
/** Place in ENCODE_BITSTREAM: desc handle. */
export const VIRGL_ENCODE_BS_DESC_HANDLE = 4;
/** Place in ENCODE_BITSTREAM: feed handle. */
export const VIRGL_ENCODE_BS_FEED_HANDLE = 5;
/** Payload of END_FRAME, dwords. */
export const VIRGL_END_FRAME_SIZE = 2;
/** Its name since Mesa 23: least payload of END_FRAME, dwords. */
export const VIRGL_END_FRAME_MIN_SIZE = 2;
/** Place in END_FRAME: cdc handle. */
export const VIRGL_END_FRAME_CDC_HANDLE = 1;
/** Place in END_FRAME: tgt handle. */
export const VIRGL_END_FRAME_TGT_HANDLE = 2;

/** Payload of CLEAR_SURFACE, dwords. */
export const VIRGL_CLEAR_SURFACE_SIZE = 10;
/** Place in CLEAR_SURFACE: whether the render condition counts, and which buffers. */
export const VIRGL_CLEAR_SURFACE_S0 = 1;
/** Field of CLEAR_SURFACE's S0: the render condition counts. */
export const VIRGL_CLEAR_SURFACE_S0_RENDER_CONDITION: BitField = bitField(0, 1);
/** Field of CLEAR_SURFACE's S0: PIPE_CLEAR_DEPTH, _STENCIL, _COLOR0. */
export const VIRGL_CLEAR_SURFACE_S0_BUFFERS: BitField = bitField(1, 3);
/** Place in CLEAR_SURFACE: handle. */
export const VIRGL_CLEAR_SURFACE_HANDLE = 2;
/** Place in CLEAR_SURFACE: red, or the low half of the depth. */
export const VIRGL_CLEAR_SURFACE_COLOR_0 = 3;
/** Place in CLEAR_SURFACE: green, or the high half of the depth. */
export const VIRGL_CLEAR_SURFACE_COLOR_1 = 4;
/** Place in CLEAR_SURFACE: blue. */
export const VIRGL_CLEAR_SURFACE_COLOR_2 = 5;
/** Place in CLEAR_SURFACE: alpha, or the stencil. */
export const VIRGL_CLEAR_SURFACE_COLOR_3 = 6;
/** Place in CLEAR_SURFACE: dst x. */
export const VIRGL_CLEAR_SURFACE_DST_X = 7;
/** Place in CLEAR_SURFACE: dst y. */
export const VIRGL_CLEAR_SURFACE_DST_Y = 8;
/** Place in CLEAR_SURFACE: width. */
export const VIRGL_CLEAR_SURFACE_WIDTH = 9;
/** Place in CLEAR_SURFACE: height. */
export const VIRGL_CLEAR_SURFACE_HEIGHT = 10;

/** SET_TWEAKS: swap red and blue of BGRA on a GL ES host. */
export const virgl_tweak_gles_brga_emulate = 0;
/** SET_TWEAKS: do it while writing. */
export const virgl_tweak_gles_brga_apply_dest_swizzle = 1;
/** SET_TWEAKS: what a sample query on GL ES counts as. */
export const virgl_tweak_gles_tf3_samples_passes_multiplier = 2;
/** SET_TWEAKS: one more than the last. */
export const virgl_tweak_undefined = 3;
