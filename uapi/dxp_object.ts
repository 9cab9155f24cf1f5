/**
 * What lies beside the packets of the dxg packet format: descriptors in memory, attachments and vertex attributes in tails,
 * and the words of state in SET_GRAPHICS.
 * @module
 */

import { type Bits, bits } from "./bits.ts";
import { DXP_U32, dxpEnum, type DxpOperand, dxpVa } from "./dxp.ts";
import { type Struct, struct, u32, u64 } from "./struct.ts";

/** Kind of a descriptor: none; a shader must not use it. */
export const DXP_DESCRIPTOR_NONE = 0;
/** Kind of a descriptor: bytes that a shader reads and writes. */
export const DXP_DESCRIPTOR_STORAGE_BUFFER = 1;
/** Kind of a descriptor: bytes that a shader reads. */
export const DXP_DESCRIPTOR_UNIFORM_BUFFER = 2;
/** Kind of a descriptor: a picture with a sampler. */
export const DXP_DESCRIPTOR_SAMPLED_IMAGE = 3;
/** Kind of a descriptor: a picture that a shader reads and writes. */
export const DXP_DESCRIPTOR_STORAGE_IMAGE = 4;
/** End of the kinds. */
export const DXP_DESCRIPTOR_LIMIT = 5;

/** Format: none. */
export const DXP_FORMAT_NONE = 0;
/** Format: 8 bits each of red, green, blue, alpha. */
export const DXP_FORMAT_R8G8B8A8_UNORM = 1;
/** Format: 8 bits each of blue, green, red, alpha. */
export const DXP_FORMAT_B8G8R8A8_UNORM = 2;
/** Format: four halves. */
export const DXP_FORMAT_R16G16B16A16_SFLOAT = 3;
/** Format: one float. */
export const DXP_FORMAT_R32_SFLOAT = 4;
/** Format: two floats. */
export const DXP_FORMAT_R32G32_SFLOAT = 5;
/** Format: three floats; for vertex attributes alone. */
export const DXP_FORMAT_R32G32B32_SFLOAT = 6;
/** Format: four floats. */
export const DXP_FORMAT_R32G32B32A32_SFLOAT = 7;
/** Format: one unsigned word. */
export const DXP_FORMAT_R32_UINT = 8;
/** Format: depth as a float. */
export const DXP_FORMAT_D32_SFLOAT = 9;
/** End of the formats. */
export const DXP_FORMAT_LIMIT = 10;

/** Bytes of a pixel, by format. */
export const DXP_FORMAT_SIZE: readonly number[] = [0, 4, 4, 8, 4, 8, 12, 16, 4, 4];

/** Bit-fields of dxp_descriptor.sampler. */
export const dxp_sampler: Bits<"linear" | "linear_mip" | "clamp_u" | "clamp_v" | "clamp_w"> = bits("dxp_sampler", {
  linear: 1,
  linear_mip: 1,
  clamp_u: 1,
  clamp_v: 1,
  clamp_w: 1,
});

/** One entry of a table of descriptors. */
export interface dxp_descriptor {
  /** DXP_DESCRIPTOR_* */
  kind: number;
  /** binding in set 0 */
  binding: number;
  /** GPU virtual address of the first byte */
  va: bigint;
  /** bytes of a buffer */
  size: bigint;
  /** DXP_FORMAT_* of a picture */
  format: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** bytes a line */
  pitch: number;
  /** dxp_sampler */
  sampler: number;
  /** must be zero */
  reserved0: number;
  /** must be zero */
  reserved1: bigint;
  /** must be zero */
  reserved2: bigint;
}
/** Layout of `struct dxp_descriptor`: 64 bytes. */
export const dxp_descriptor: Struct<dxp_descriptor> = struct<dxp_descriptor>("dxp_descriptor", {
  kind: u32,
  binding: u32,
  va: u64,
  size: u64,
  format: u32,
  width: u32,
  height: u32,
  pitch: u32,
  sampler: u32,
  reserved0: u32,
  reserved1: u64,
  reserved2: u64,
}, { size: 64 });

/** At the beginning of rendering: keep what is there. */
export const DXP_LOAD = 0;
/** At the beginning of rendering: clear. */
export const DXP_CLEAR = 1;
/** At the beginning of rendering: what is there does not matter. */
export const DXP_DISCARD = 2;

/** One attachment of RENDER_BEGIN: a picture in memory, row after row. The clear words are floats, or integers by format. */
export const DXP_ATTACHMENT: Readonly<Record<string, DxpOperand>> = {
  va: dxpVa(4),
  format: dxpEnum(DXP_FORMAT_LIMIT, 1),
  width: dxpEnum(16385, 1),
  height: dxpEnum(16385, 1),
  pitch: DXP_U32,
  load: dxpEnum(3),
  store: dxpEnum(2),
  clear0: DXP_U32,
  clear1: DXP_U32,
  clear2: DXP_U32,
  clear3: DXP_U32,
};

/** One vertex attribute of SET_GRAPHICS. */
export const DXP_VERTEX_ATTRIBUTE: Readonly<Record<string, DxpOperand>> = {
  location: dxpEnum(16),
  slot: dxpEnum(16),
  format: dxpEnum(DXP_FORMAT_LIMIT, 1),
  offset: dxpEnum(2048),
};

/** Bit-fields of SET_GRAPHICS.raster: topology 0 points, 1 lines, 2 line strip, 3 triangles, 4 strip, 5 fan; cull 1 front, 2 back. */
export const dxp_raster: Bits<"topology" | "cull" | "clockwise"> = bits("dxp_raster", {
  topology: 4,
  cull: 2,
  clockwise: 1,
});
/** Bits that dxp_raster has. */
export const DXP_RASTER_MASK = 0x7f;

/** Bit-fields of SET_GRAPHICS.depth: compare as VkCompareOp. */
export const dxp_depth: Bits<"test" | "write" | "compare"> = bits("dxp_depth", { test: 1, write: 1, compare: 3 });
/** Bits that dxp_depth has. */
export const DXP_DEPTH_MASK = 0x1f;

/** Bit-fields of SET_GRAPHICS.blend: factors as VkBlendFactor (0 to 15), operations as VkBlendOp (0 to 4). */
export const dxp_blend: Bits<
  "enable" | "src_color" | "dst_color" | "color_op" | "src_alpha" | "dst_alpha" | "alpha_op"
> = bits("dxp_blend", {
  enable: 1,
  src_color: 4,
  dst_color: 4,
  color_op: 3,
  src_alpha: 4,
  dst_alpha: 4,
  alpha_op: 3,
});
/** Bits that dxp_blend has. */
export const DXP_BLEND_MASK = 0x7fffff;
