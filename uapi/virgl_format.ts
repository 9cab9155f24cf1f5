/**
 * The formats of virgl: their numbers, and what each one is made of. Mirrors enum virgl_formats of Mesa's virgl_hw.h; what
 * a format means is Gallium's (src/util/format/u_format.csv), whose names tell nearly all of it.
 *
 * ```ts
 * import { VIRGL_FORMAT_B8G8R8A8_UNORM, virglFormat } from "udrm/uapi/virgl_format.ts";
 * const bgra = virglFormat(VIRGL_FORMAT_B8G8R8A8_UNORM);
 * if (bgra?.blockBytes !== 4 || bgra.swizzle[0] !== 2) throw new Error("red is the third channel");
 * ```
 * @module
 */

import { describeFormat } from "./virgl_format_name.ts";
import * as block from "./virgl_format_block.ts";
import * as later from "./virgl_format_later.ts";
import * as norm from "./virgl_format_norm.ts";
import * as number from "./virgl_format_number.ts";

export * from "./virgl_format_block.ts";
export * from "./virgl_format_later.ts";
export * from "./virgl_format_norm.ts";
export * from "./virgl_format_number.ts";
export * from "./virgl_format_video.ts";

/** One more than the greatest number that a client may use. */
export const VIRGL_FORMAT_MAX = 455;
/** Inside a host: B8G8R8X8 on a GL ES without BGRA. No client may use it. */
export const VIRGL_FORMAT_B8G8R8X8_UNORM_EMULATED = 456;
/** Inside a host: B8G8R8A8 on a GL ES without BGRA. No client may use it. */
export const VIRGL_FORMAT_B8G8R8A8_UNORM_EMULATED = 457;
/** One more than the greatest number of all. */
export const VIRGL_FORMAT_MAX_EXTENDED = 458;

/** How the bits of a channel become a value; `void` bits mean nothing. */
export type VirglChannelType =
  | "unorm"
  | "snorm"
  | "uint"
  | "sint"
  | "float"
  | "uscaled"
  | "sscaled"
  | "fixed"
  | "void";

/** A channel in memory. */
export interface VirglChannel {
  /** how its bits are read */
  readonly type: VirglChannelType;
  /** bits, 1 to 64 */
  readonly bits: number;
  /** its lowest bit in the little-endian block */
  readonly shift: number;
}

/**
 * How a block is made. `plain`: channels of 8, 16, 32 or 64 bits side by side. `packed`: channels of other widths in a
 * little-endian word. `depth_stencil`: the same, but depth and stencil. `other`: read at `channels`, yet with a rule of its
 * own (shared exponent, derived blue, bits). The rest are compressed (`channels` is empty), or YCbCr and its like.
 */
export type VirglLayout =
  | "plain"
  | "packed"
  | "depth_stencil"
  | "other"
  | "s3tc"
  | "rgtc"
  | "bptc"
  | "etc"
  | "astc"
  | "subsampled"
  | "planar2"
  | "planar3";

/** What a format's texels hold. */
export type VirglAspect = "color" | "depth" | "stencil" | "depth_stencil";

/** What a virgl format is. */
export interface VirglFormatInfo {
  /** the header's name without `VIRGL_FORMAT_`, for example `B8G8R8A8_UNORM` */
  readonly name: string;
  /** the number on the wire */
  readonly number: number;
  /** pixels; 1 but for compressed, subsampled and one-bit formats */
  readonly blockWidth: number;
  /** lines; 1 but for compressed formats */
  readonly blockHeight: number;
  /** bytes; 0 for planar formats, whose planes differ */
  readonly blockBytes: number;
  /** how a block is made */
  readonly layout: VirglLayout;
  /** in memory order, padding too; empty where no channel lies at a fixed place */
  readonly channels: readonly VirglChannel[];
  /**
   * where R, G, B and A come from: PIPE_SWIZZLE_X to W name channels 0 to 3, then _0, _1, and _NONE. Of depth and stencil
   * formats: depth, stencil, none, none
   */
  readonly swizzle: readonly [number, number, number, number];
  /** how a shader reads it: of depth_stencil, the depth */
  readonly type: VirglChannelType;
  /** R, G and B are stored with sRGB's curve */
  readonly srgb: boolean;
  /** shaders read and write it as integers; a pure stencil is one */
  readonly isInteger: boolean;
  /** has depth */
  readonly isDepth: boolean;
  /** has stencil */
  readonly isStencil: boolean;
  /** depth, stencil, both, or colour */
  readonly aspect: VirglAspect;
}

/**
 * Whether clients of different age mean different formats by a number: Mesa 22.3 gave 262 to 266 to other formats, Mesa 25 has
 * these elsewhere. A host that names none of the numbers among what it has is never asked for one.
 */
export function virglFormatIsAmbiguous(format: number): boolean {
  return format >= norm.VIRGL_FORMAT_A16L16_UNORM && format <= norm.VIRGL_FORMAT_G16R16_SNORM;
}

const PREFIX = "VIRGL_FORMAT_";
const table: (VirglFormatInfo | undefined)[] = new Array(VIRGL_FORMAT_MAX).fill(undefined);
for (const [key, value] of Object.entries<number>({ ...norm, ...number, ...block, ...later })) {
  const name = key.slice(PREFIX.length);
  if (value !== 0) table[value] = Object.freeze(describeFormat(name, value));
}

/** Every format that {@linkcode virglFormat} describes, by number. */
export const VIRGL_FORMATS: readonly VirglFormatInfo[] = Object.freeze(table.filter((info) => info !== undefined));

/** What a format is; undefined for VIRGL_FORMAT_NONE, those of virgl_format_video.ts, and a number that is no format. */
export function virglFormat(format: number): VirglFormatInfo | undefined {
  return table[format];
}

/** Bytes of a row of `width` pixels, whole blocks, without padding; 0 for a planar format. */
export function virglRowBytes(info: VirglFormatInfo, width: number): number {
  return Math.ceil(width / info.blockWidth) * info.blockBytes;
}

/** Rows of blocks in `height` lines. */
export function virglRows(info: VirglFormatInfo, height: number): number {
  return Math.ceil(height / info.blockHeight);
}
