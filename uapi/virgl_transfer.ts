/**
 * What the commands of virgl carry that make, move and clear resources: places in dwords from the header of the command.
 * Mirrors Mesa's virgl_protocol.h.
 * @module
 */

import { type BitField, bitField } from "./virgl_bits.ts";

/** Payload of RESOURCE_COPY_REGION, dwords. */
export const VIRGL_CMD_RESOURCE_COPY_REGION_SIZE = 13;
/** Place in RESOURCE_COPY_REGION: dst res handle. */
export const VIRGL_CMD_RCR_DST_RES_HANDLE = 1;
/** Place in RESOURCE_COPY_REGION: dst level. */
export const VIRGL_CMD_RCR_DST_LEVEL = 2;
/** Place in RESOURCE_COPY_REGION: dst x. */
export const VIRGL_CMD_RCR_DST_X = 3;
/** Place in RESOURCE_COPY_REGION: dst y. */
export const VIRGL_CMD_RCR_DST_Y = 4;
/** Place in RESOURCE_COPY_REGION: dst z. */
export const VIRGL_CMD_RCR_DST_Z = 5;
/** Place in RESOURCE_COPY_REGION: src res handle. */
export const VIRGL_CMD_RCR_SRC_RES_HANDLE = 6;
/** Place in RESOURCE_COPY_REGION: src level. */
export const VIRGL_CMD_RCR_SRC_LEVEL = 7;
/** Place in RESOURCE_COPY_REGION: src x. */
export const VIRGL_CMD_RCR_SRC_X = 8;
/** Place in RESOURCE_COPY_REGION: src y. */
export const VIRGL_CMD_RCR_SRC_Y = 9;
/** Place in RESOURCE_COPY_REGION: src z. */
export const VIRGL_CMD_RCR_SRC_Z = 10;
/** Place in RESOURCE_COPY_REGION: src w. */
export const VIRGL_CMD_RCR_SRC_W = 11;
/** Place in RESOURCE_COPY_REGION: src h. */
export const VIRGL_CMD_RCR_SRC_H = 12;
/** Place in RESOURCE_COPY_REGION: src d. */
export const VIRGL_CMD_RCR_SRC_D = 13;
/** Payload of BLIT, dwords. */
export const VIRGL_CMD_BLIT_SIZE = 21;
/** Place in BLIT: s0. */
export const VIRGL_CMD_BLIT_S0 = 1;
/** Field of BLIT: s0 mask. */
export const VIRGL_CMD_BLIT_S0_MASK: BitField = bitField(0, 8);
/** Field of BLIT: s0 filter. */
export const VIRGL_CMD_BLIT_S0_FILTER: BitField = bitField(8, 2);
/** Field of BLIT: s0 scissor enable. */
export const VIRGL_CMD_BLIT_S0_SCISSOR_ENABLE: BitField = bitField(10, 1);
/** Field of BLIT: s0 render condition enable. */
export const VIRGL_CMD_BLIT_S0_RENDER_CONDITION_ENABLE: BitField = bitField(11, 1);
/** Field of BLIT: s0 alpha blend. */
export const VIRGL_CMD_BLIT_S0_ALPHA_BLEND: BitField = bitField(12, 1);
/** Place in BLIT: scissor minx miny. */
export const VIRGL_CMD_BLIT_SCISSOR_MINX_MINY = 2;
/** Place in BLIT: scissor maxx maxy. */
export const VIRGL_CMD_BLIT_SCISSOR_MAXX_MAXY = 3;
/** Place in BLIT: dst res handle. */
export const VIRGL_CMD_BLIT_DST_RES_HANDLE = 4;
/** Place in BLIT: dst level. */
export const VIRGL_CMD_BLIT_DST_LEVEL = 5;
/** Place in BLIT: dst format. */
export const VIRGL_CMD_BLIT_DST_FORMAT = 6;
/** Place in BLIT: dst x. */
export const VIRGL_CMD_BLIT_DST_X = 7;
/** Place in BLIT: dst y. */
export const VIRGL_CMD_BLIT_DST_Y = 8;
/** Place in BLIT: dst z. */
export const VIRGL_CMD_BLIT_DST_Z = 9;
/** Place in BLIT: dst w. */
export const VIRGL_CMD_BLIT_DST_W = 10;
/** Place in BLIT: dst h. */
export const VIRGL_CMD_BLIT_DST_H = 11;
/** Place in BLIT: dst d. */
export const VIRGL_CMD_BLIT_DST_D = 12;
/** Place in BLIT: src res handle. */
export const VIRGL_CMD_BLIT_SRC_RES_HANDLE = 13;
/** Place in BLIT: src level. */
export const VIRGL_CMD_BLIT_SRC_LEVEL = 14;
/** Place in BLIT: src format. */
export const VIRGL_CMD_BLIT_SRC_FORMAT = 15;
/** Place in BLIT: src x. */
export const VIRGL_CMD_BLIT_SRC_X = 16;
/** Place in BLIT: src y. */
export const VIRGL_CMD_BLIT_SRC_Y = 17;
/** Place in BLIT: src z. */
export const VIRGL_CMD_BLIT_SRC_Z = 18;
/** Place in BLIT: src w. */
export const VIRGL_CMD_BLIT_SRC_W = 19;
/** Place in BLIT: src h. */
export const VIRGL_CMD_BLIT_SRC_H = 20;
/** Place in BLIT: src d. */
export const VIRGL_CMD_BLIT_SRC_D = 21;
/** Place in RESOURCE_INLINE_WRITE: res handle. */
export const VIRGL_RESOURCE_IW_RES_HANDLE = 1;
/** Place in RESOURCE_INLINE_WRITE: level. */
export const VIRGL_RESOURCE_IW_LEVEL = 2;
/** Place in RESOURCE_INLINE_WRITE: usage. */
export const VIRGL_RESOURCE_IW_USAGE = 3;
/** Place in RESOURCE_INLINE_WRITE: stride. */
export const VIRGL_RESOURCE_IW_STRIDE = 4;
/** Place in RESOURCE_INLINE_WRITE: layer stride. */
export const VIRGL_RESOURCE_IW_LAYER_STRIDE = 5;
/** Place in RESOURCE_INLINE_WRITE: x. */
export const VIRGL_RESOURCE_IW_X = 6;
/** Place in RESOURCE_INLINE_WRITE: y. */
export const VIRGL_RESOURCE_IW_Y = 7;
/** Place in RESOURCE_INLINE_WRITE: z. */
export const VIRGL_RESOURCE_IW_Z = 8;
/** Place in RESOURCE_INLINE_WRITE: w. */
export const VIRGL_RESOURCE_IW_W = 9;
/** Place in RESOURCE_INLINE_WRITE: h. */
export const VIRGL_RESOURCE_IW_H = 10;
/** Place in RESOURCE_INLINE_WRITE: d. */
export const VIRGL_RESOURCE_IW_D = 11;
/** Place in RESOURCE_INLINE_WRITE: data start. */
export const VIRGL_RESOURCE_IW_DATA_START = 12;
/** TRANSFER3D: into the resource. */
export const VIRGL_TRANSFER_TO_HOST = 1;
/** TRANSFER3D: out of the resource. */
export const VIRGL_TRANSFER_FROM_HOST = 2;
/** Payload of TRANSFER3D, dwords. */
export const VIRGL_TRANSFER3D_SIZE = 13;
/** Place in TRANSFER3D: data offset. */
export const VIRGL_TRANSFER3D_DATA_OFFSET = 12;
/** Place in TRANSFER3D: direction. */
export const VIRGL_TRANSFER3D_DIRECTION = 13;
/** Payload of COPY_TRANSFER3D, dwords. */
export const VIRGL_COPY_TRANSFER3D_SIZE = 14;
/** Place in COPY_TRANSFER3D: src res handle. */
export const VIRGL_COPY_TRANSFER3D_SRC_RES_HANDLE = 12;
/** Place in COPY_TRANSFER3D: src res offset. */
export const VIRGL_COPY_TRANSFER3D_SRC_RES_OFFSET = 13;
/** Place in COPY_TRANSFER3D: flags. */
export const VIRGL_COPY_TRANSFER3D_FLAGS = 14;
/** COPY_TRANSFER3D flag: wait for the host. */
export const VIRGL_COPY_TRANSFER3D_FLAGS_SYNCHRONIZED = 1;
/** COPY_TRANSFER3D flag: out of the resource. */
export const VIRGL_COPY_TRANSFER3D_FLAGS_READ_FROM_HOST = 2;
/** Payload of CLEAR_TEXTURE, dwords. */
export const VIRGL_CLEAR_TEXTURE_SIZE = 12;
/** Place in CLEAR_TEXTURE: handle. */
export const VIRGL_TEXTURE_HANDLE = 1;
/** Place in CLEAR_TEXTURE: level. */
export const VIRGL_TEXTURE_LEVEL = 2;
/** Place in CLEAR_TEXTURE: src x. */
export const VIRGL_TEXTURE_SRC_X = 3;
/** Place in CLEAR_TEXTURE: src y. */
export const VIRGL_TEXTURE_SRC_Y = 4;
/** Place in CLEAR_TEXTURE: src z. */
export const VIRGL_TEXTURE_SRC_Z = 5;
/** Place in CLEAR_TEXTURE: src w. */
export const VIRGL_TEXTURE_SRC_W = 6;
/** Place in CLEAR_TEXTURE: src h. */
export const VIRGL_TEXTURE_SRC_H = 7;
/** Place in CLEAR_TEXTURE: src d. */
export const VIRGL_TEXTURE_SRC_D = 8;
/** Place in CLEAR_TEXTURE: array a. */
export const VIRGL_TEXTURE_ARRAY_A = 9;
/** Place in CLEAR_TEXTURE: array b. */
export const VIRGL_TEXTURE_ARRAY_B = 10;
/** Place in CLEAR_TEXTURE: array c. */
export const VIRGL_TEXTURE_ARRAY_C = 11;
/** Place in CLEAR_TEXTURE: array d. */
export const VIRGL_TEXTURE_ARRAY_D = 12;
/** Payload of PIPE_RESOURCE_CREATE, dwords. */
export const VIRGL_PIPE_RES_CREATE_SIZE = 11;
/** Place in PIPE_RESOURCE_CREATE: target. */
export const VIRGL_PIPE_RES_CREATE_TARGET = 1;
/** Place in PIPE_RESOURCE_CREATE: format. */
export const VIRGL_PIPE_RES_CREATE_FORMAT = 2;
/** Place in PIPE_RESOURCE_CREATE: bind. */
export const VIRGL_PIPE_RES_CREATE_BIND = 3;
/** Place in PIPE_RESOURCE_CREATE: width. */
export const VIRGL_PIPE_RES_CREATE_WIDTH = 4;
/** Place in PIPE_RESOURCE_CREATE: height. */
export const VIRGL_PIPE_RES_CREATE_HEIGHT = 5;
/** Place in PIPE_RESOURCE_CREATE: depth. */
export const VIRGL_PIPE_RES_CREATE_DEPTH = 6;
/** Place in PIPE_RESOURCE_CREATE: array size. */
export const VIRGL_PIPE_RES_CREATE_ARRAY_SIZE = 7;
/** Place in PIPE_RESOURCE_CREATE: last level. */
export const VIRGL_PIPE_RES_CREATE_LAST_LEVEL = 8;
/** Place in PIPE_RESOURCE_CREATE: nr samples. */
export const VIRGL_PIPE_RES_CREATE_NR_SAMPLES = 9;
/** Place in PIPE_RESOURCE_CREATE: flags. */
export const VIRGL_PIPE_RES_CREATE_FLAGS = 10;
/** Place in PIPE_RESOURCE_CREATE: blob id. */
export const VIRGL_PIPE_RES_CREATE_BLOB_ID = 11;
/** Payload of PIPE_RESOURCE_SET_TYPE with n elements, dwords. */
export function VIRGL_PIPE_RES_SET_TYPE_SIZE(n: number): number {
  return 8 + 2 * n;
}
/** Place in PIPE_RESOURCE_SET_TYPE: res handle. */
export const VIRGL_PIPE_RES_SET_TYPE_RES_HANDLE = 1;
/** Place in PIPE_RESOURCE_SET_TYPE: format. */
export const VIRGL_PIPE_RES_SET_TYPE_FORMAT = 2;
/** Place in PIPE_RESOURCE_SET_TYPE: bind. */
export const VIRGL_PIPE_RES_SET_TYPE_BIND = 3;
/** Place in PIPE_RESOURCE_SET_TYPE: width. */
export const VIRGL_PIPE_RES_SET_TYPE_WIDTH = 4;
/** Place in PIPE_RESOURCE_SET_TYPE: height. */
export const VIRGL_PIPE_RES_SET_TYPE_HEIGHT = 5;
/** Place in PIPE_RESOURCE_SET_TYPE: usage. */
export const VIRGL_PIPE_RES_SET_TYPE_USAGE = 6;
/** Place in PIPE_RESOURCE_SET_TYPE: modifier lo. */
export const VIRGL_PIPE_RES_SET_TYPE_MODIFIER_LO = 7;
/** Place in PIPE_RESOURCE_SET_TYPE: modifier hi. */
export const VIRGL_PIPE_RES_SET_TYPE_MODIFIER_HI = 8;
/** Place in PIPE_RESOURCE_SET_TYPE: plane stride of number n. */
export function VIRGL_PIPE_RES_SET_TYPE_PLANE_STRIDE(n: number): number {
  return 9 + 2 * n;
}
/** Place in PIPE_RESOURCE_SET_TYPE: plane offset of number n. */
export function VIRGL_PIPE_RES_SET_TYPE_PLANE_OFFSET(n: number): number {
  return 10 + 2 * n;
}
