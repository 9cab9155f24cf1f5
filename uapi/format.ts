/**
 * What the kernel knows of pixel formats, and the arithmetic of their planes. Mirrors the helpers of
 * include/drm/drm_fourcc.h and drivers/gpu/drm/drm_fourcc.c; the table itself is format_table.ts.
 *
 * ```ts
 * import { drm_format_info, drm_format_info_min_pitch } from "udrm/uapi/format.ts";
 * import { DRM_FORMAT_NV12 } from "udrm/uapi/drm_fourcc.ts";
 * const nv12 = drm_format_info(DRM_FORMAT_NV12);
 * if (!nv12 || drm_format_info_min_pitch(nv12, 1, 320) !== 640) throw new Error("two bytes for each pair of Cb and Cr");
 * ```
 * @module
 */

import { DRM_FORMAT_INVALID } from "./drm_fourcc_code.ts";
import {
  DRM_FORMAT_ARGB8888,
  DRM_FORMAT_C1,
  DRM_FORMAT_C2,
  DRM_FORMAT_C4,
  DRM_FORMAT_C8,
  DRM_FORMAT_RGB565,
  DRM_FORMAT_RGB888,
  DRM_FORMAT_XRGB1555,
  DRM_FORMAT_XRGB2101010,
  DRM_FORMAT_XRGB8888,
} from "./drm_fourcc_rgb.ts";
import { DRM_FORMAT_TABLE } from "./format_table.ts";

export { DRM_FORMAT_TABLE } from "./format_table.ts";

/** What the kernel knows of a pixel format. Arrays have an element for each plane. */
export interface drm_format_info {
  /** fourcc code */
  readonly format: number;
  /** bits of colour a pixel, for ADDFB; 0 for formats that ADDFB cannot name */
  readonly depth: number;
  /** planes, 1 to 3 */
  readonly num_planes: number;
  /** of a block, bytes; 0 where only modifiers give it a size */
  readonly char_per_block: readonly number[];
  /** of a block, pixels; 1 but for packed formats */
  readonly block_w: readonly number[];
  /** of a block, lines */
  readonly block_h: readonly number[];
  /** horizontal subsampling of planes 1 and 2 */
  readonly hsub: number;
  /** vertical subsampling of planes 1 and 2 */
  readonly vsub: number;
  /** some bits are alpha */
  readonly has_alpha: boolean;
  /** YCbCr, not RGB */
  readonly is_yuv: boolean;
  /** pixels are indices of a colour table */
  readonly is_color_indexed: boolean;
}

const byFormat: ReadonlyMap<number, drm_format_info> = new Map(DRM_FORMAT_TABLE.map((info) => [info.format, info]));

/** What the kernel knows of a fourcc code; undefined for a format that it does not know. */
export function drm_format_info(format: number): drm_format_info | undefined {
  return byFormat.get(format);
}

/** Whether the format has a plane of this number. */
const hasPlane = (info: drm_format_info, plane: number): boolean => plane >= 0 && plane < info.num_planes;

/** Width of a block of a plane, pixels; 0 for a plane that the format has not. */
export function drm_format_info_block_width(info: drm_format_info, plane: number): number {
  return hasPlane(info, plane) ? info.block_w[plane] : 0;
}

/** Height of a block of a plane, lines; 0 for a plane that the format has not. */
export function drm_format_info_block_height(info: drm_format_info, plane: number): number {
  return hasPlane(info, plane) ? info.block_h[plane] : 0;
}

/** Bits a pixel of a plane, rounded down; 0 for a plane that the format has not. */
export function drm_format_info_bpp(info: drm_format_info, plane: number): number {
  if (!hasPlane(info, plane)) return 0;
  return Math.floor(info.char_per_block[plane] * 8 / (info.block_w[plane] * info.block_h[plane]));
}

/**
 * The least pitch of a plane, bytes; 0 for a plane that the format has not.
 *
 * @param info the format.
 * @param plane the plane's number.
 * @param buffer_width width of that plane, pixels: see {@linkcode drm_format_info_plane_width}.
 */
export function drm_format_info_min_pitch(info: drm_format_info, plane: number, buffer_width: number): number {
  if (!hasPlane(info, plane)) return 0;
  return Math.ceil(buffer_width * info.char_per_block[plane] / (info.block_w[plane] * info.block_h[plane]));
}

/** Width of a plane of a picture that is `width` pixels wide; 0 for a plane that the format has not. */
export function drm_format_info_plane_width(info: drm_format_info, width: number, plane: number): number {
  if (!hasPlane(info, plane)) return 0;
  return plane === 0 ? width : Math.ceil(width / info.hsub);
}

/** Height of a plane of a picture that is `height` lines high; 0 for a plane that the format has not. */
export function drm_format_info_plane_height(info: drm_format_info, height: number, plane: number): number {
  if (!hasPlane(info, plane)) return 0;
  return plane === 0 ? height : Math.ceil(height / info.vsub);
}

/** The format that ADDFB means by bits a pixel and depth; DRM_FORMAT_INVALID for a pair that means none. */
export function drm_mode_legacy_fb_format(bpp: number, depth: number): number {
  switch (bpp) {
    case 1:
      return depth === 1 ? DRM_FORMAT_C1 : DRM_FORMAT_INVALID;
    case 2:
      return depth === 2 ? DRM_FORMAT_C2 : DRM_FORMAT_INVALID;
    case 4:
      return depth === 4 ? DRM_FORMAT_C4 : DRM_FORMAT_INVALID;
    case 8:
      return depth === 8 ? DRM_FORMAT_C8 : DRM_FORMAT_INVALID;
    case 16:
      return depth === 15 ? DRM_FORMAT_XRGB1555 : depth === 16 ? DRM_FORMAT_RGB565 : DRM_FORMAT_INVALID;
    case 24:
      return depth === 24 ? DRM_FORMAT_RGB888 : DRM_FORMAT_INVALID;
    case 32:
      if (depth === 24) return DRM_FORMAT_XRGB8888;
      if (depth === 30) return DRM_FORMAT_XRGB2101010;
      return depth === 32 ? DRM_FORMAT_ARGB8888 : DRM_FORMAT_INVALID;
    default:
      return DRM_FORMAT_INVALID;
  }
}
