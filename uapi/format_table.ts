/**
 * The pixel formats that the kernel knows, and what it knows of them. Mirrors the table of drivers/gpu/drm/drm_fourcc.c as of
 * Linux 6.12.
 * @module
 */

import * as rgb from "./drm_fourcc_rgb.ts";
import * as yuv from "./drm_fourcc_yuv.ts";
import type { drm_format_info } from "./format.ts";

/** A row's differences from one plane of RGB without alpha. */
type Traits = Partial<Omit<drm_format_info, "format" | "num_planes" | "char_per_block">>;

function rows(formats: readonly number[], char_per_block: readonly number[], traits: Traits): drm_format_info[] {
  const ones = char_per_block.map(() => 1);
  return formats.map((format) =>
    Object.freeze({
      format,
      depth: 0,
      num_planes: char_per_block.length,
      char_per_block,
      block_w: ones,
      block_h: ones,
      hsub: 1,
      vsub: 1,
      has_alpha: false,
      is_yuv: false,
      is_color_indexed: false,
      ...traits,
    })
  );
}

/** Every format that {@linkcode drm_format_info} describes. */
export const DRM_FORMAT_TABLE: readonly drm_format_info[] = Object.freeze([
  ...rows([rgb.DRM_FORMAT_C1], [1], { depth: 1, block_w: [8], is_color_indexed: true }),
  ...rows([rgb.DRM_FORMAT_C2], [1], { depth: 2, block_w: [4], is_color_indexed: true }),
  ...rows([rgb.DRM_FORMAT_C4], [1], { depth: 4, block_w: [2], is_color_indexed: true }),
  ...rows([rgb.DRM_FORMAT_C8], [1], { depth: 8, is_color_indexed: true }),
  ...rows([rgb.DRM_FORMAT_D1, rgb.DRM_FORMAT_R1], [1], { depth: 1, block_w: [8] }),
  ...rows([rgb.DRM_FORMAT_D2, rgb.DRM_FORMAT_R2], [1], { depth: 2, block_w: [4] }),
  ...rows([rgb.DRM_FORMAT_D4, rgb.DRM_FORMAT_R4], [1], { depth: 4, block_w: [2] }),
  ...rows([rgb.DRM_FORMAT_D8, rgb.DRM_FORMAT_R8, rgb.DRM_FORMAT_RGB332, rgb.DRM_FORMAT_BGR233], [1], { depth: 8 }),
  ...rows([rgb.DRM_FORMAT_R10], [2], { depth: 10 }),
  ...rows([rgb.DRM_FORMAT_R12], [2], { depth: 12 }),
  ...rows(
    [rgb.DRM_FORMAT_XRGB4444, rgb.DRM_FORMAT_XBGR4444, rgb.DRM_FORMAT_RGBX4444, rgb.DRM_FORMAT_BGRX4444],
    [2],
    {},
  ),
  ...rows([rgb.DRM_FORMAT_ARGB4444, rgb.DRM_FORMAT_ABGR4444, rgb.DRM_FORMAT_RGBA4444, rgb.DRM_FORMAT_BGRA4444], [2], {
    has_alpha: true,
  }),
  ...rows([rgb.DRM_FORMAT_XRGB1555, rgb.DRM_FORMAT_XBGR1555, rgb.DRM_FORMAT_RGBX5551, rgb.DRM_FORMAT_BGRX5551], [2], {
    depth: 15,
  }),
  ...rows([rgb.DRM_FORMAT_ARGB1555, rgb.DRM_FORMAT_ABGR1555, rgb.DRM_FORMAT_RGBA5551, rgb.DRM_FORMAT_BGRA5551], [2], {
    depth: 15,
    has_alpha: true,
  }),
  ...rows([rgb.DRM_FORMAT_RGB565, rgb.DRM_FORMAT_BGR565], [2], { depth: 16 }),
  ...rows([rgb.DRM_FORMAT_RGB888, rgb.DRM_FORMAT_BGR888], [3], { depth: 24 }),
  ...rows([rgb.DRM_FORMAT_XRGB8888, rgb.DRM_FORMAT_XBGR8888, rgb.DRM_FORMAT_RGBX8888, rgb.DRM_FORMAT_BGRX8888], [4], {
    depth: 24,
  }),
  ...rows([rgb.DRM_FORMAT_RGB565_A8, rgb.DRM_FORMAT_BGR565_A8], [2, 1], { depth: 24, has_alpha: true }),
  ...rows(
    [rgb.DRM_FORMAT_XRGB2101010, rgb.DRM_FORMAT_XBGR2101010, rgb.DRM_FORMAT_RGBX1010102, rgb.DRM_FORMAT_BGRX1010102],
    [4],
    { depth: 30 },
  ),
  ...rows(
    [rgb.DRM_FORMAT_ARGB2101010, rgb.DRM_FORMAT_ABGR2101010, rgb.DRM_FORMAT_RGBA1010102, rgb.DRM_FORMAT_BGRA1010102],
    [4],
    { depth: 30, has_alpha: true },
  ),
  ...rows([rgb.DRM_FORMAT_ARGB8888, rgb.DRM_FORMAT_ABGR8888, rgb.DRM_FORMAT_RGBA8888, rgb.DRM_FORMAT_BGRA8888], [4], {
    depth: 32,
    has_alpha: true,
  }),
  ...rows(
    [
      rgb.DRM_FORMAT_XRGB16161616F,
      rgb.DRM_FORMAT_XBGR16161616F,
      rgb.DRM_FORMAT_XRGB16161616,
      rgb.DRM_FORMAT_XBGR16161616,
    ],
    [8],
    {},
  ),
  ...rows(
    [
      rgb.DRM_FORMAT_ARGB16161616F,
      rgb.DRM_FORMAT_ABGR16161616F,
      rgb.DRM_FORMAT_AXBXGXRX106106106106,
      rgb.DRM_FORMAT_ARGB16161616,
      rgb.DRM_FORMAT_ABGR16161616,
    ],
    [8],
    { has_alpha: true },
  ),
  ...rows([rgb.DRM_FORMAT_RGB888_A8, rgb.DRM_FORMAT_BGR888_A8], [3, 1], { depth: 32, has_alpha: true }),
  ...rows(
    [rgb.DRM_FORMAT_XRGB8888_A8, rgb.DRM_FORMAT_XBGR8888_A8, rgb.DRM_FORMAT_RGBX8888_A8, rgb.DRM_FORMAT_BGRX8888_A8],
    [4, 1],
    { depth: 32, has_alpha: true },
  ),
  ...rows([yuv.DRM_FORMAT_YUV410, yuv.DRM_FORMAT_YVU410], [1, 1, 1], { hsub: 4, vsub: 4, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_YUV411, yuv.DRM_FORMAT_YVU411], [1, 1, 1], { hsub: 4, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_YUV420, yuv.DRM_FORMAT_YVU420], [1, 1, 1], { hsub: 2, vsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_YUV422, yuv.DRM_FORMAT_YVU422], [1, 1, 1], { hsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_YUV444, yuv.DRM_FORMAT_YVU444], [1, 1, 1], { is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_NV12, yuv.DRM_FORMAT_NV21], [1, 2], { hsub: 2, vsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_NV16, yuv.DRM_FORMAT_NV61], [1, 2], { hsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_NV24, yuv.DRM_FORMAT_NV42], [1, 2], { is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_YUYV, yuv.DRM_FORMAT_YVYU, yuv.DRM_FORMAT_UYVY, yuv.DRM_FORMAT_VYUY], [2], {
    hsub: 2,
    is_yuv: true,
  }),
  ...rows([yuv.DRM_FORMAT_XYUV8888, yuv.DRM_FORMAT_XVYU2101010], [4], { is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_VUY888], [3], { is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_AYUV, yuv.DRM_FORMAT_Y410], [4], { has_alpha: true, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_Y210, yuv.DRM_FORMAT_Y212, yuv.DRM_FORMAT_Y216], [4], { hsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_Y412, yuv.DRM_FORMAT_Y416], [8], { has_alpha: true, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_XVYU12_16161616, yuv.DRM_FORMAT_XVYU16161616], [8], { is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_Y0L0, yuv.DRM_FORMAT_Y0L2], [8], {
    block_w: [2],
    block_h: [2],
    hsub: 2,
    vsub: 2,
    has_alpha: true,
    is_yuv: true,
  }),
  ...rows([yuv.DRM_FORMAT_X0L0, yuv.DRM_FORMAT_X0L2], [8], {
    block_w: [2],
    block_h: [2],
    hsub: 2,
    vsub: 2,
    is_yuv: true,
  }),
  ...rows([yuv.DRM_FORMAT_P010, yuv.DRM_FORMAT_P012, yuv.DRM_FORMAT_P016], [2, 4], { hsub: 2, vsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_P210], [2, 4], { hsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_VUY101010], [0], { is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_YUV420_8BIT, yuv.DRM_FORMAT_YUV420_10BIT], [0], { hsub: 2, vsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_NV15], [5, 5], { block_w: [4, 2], hsub: 2, vsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_NV20], [5, 5], { block_w: [4, 2], hsub: 2, is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_NV30], [5, 5], { block_w: [4, 2], is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_Q410, yuv.DRM_FORMAT_Q401], [2, 2, 2], { is_yuv: true }),
  ...rows([yuv.DRM_FORMAT_P030], [4, 8], { block_w: [3, 3], hsub: 2, vsub: 2, is_yuv: true }),
]);
