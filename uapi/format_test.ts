import { assert, assertEquals } from "@std/assert";
import * as fourcc from "./drm_fourcc.ts";
import {
  drm_format_info,
  drm_format_info_block_width,
  drm_format_info_bpp,
  drm_format_info_min_pitch,
  drm_format_info_plane_height,
  drm_format_info_plane_width,
  drm_mode_legacy_fb_format,
} from "./format.ts";

function known(format: number): drm_format_info {
  const info = drm_format_info(format);
  assert(info, fourcc.fourccName(format));
  return info;
}

Deno.test("drm_format_info knows no format that the kernel does not know", () => {
  assertEquals(drm_format_info(fourcc.DRM_FORMAT_XRGB8888)?.depth, 24);
  assertEquals(drm_format_info(fourcc.DRM_FORMAT_INVALID), undefined);
  assertEquals(drm_format_info((fourcc.DRM_FORMAT_XRGB8888 | fourcc.DRM_FORMAT_BIG_ENDIAN) >>> 0), undefined);
});

Deno.test("drm_format_info_min_pitch rounds the last block up", () => {
  const pitches = ([
    [fourcc.DRM_FORMAT_XRGB8888, 0, 3],
    [fourcc.DRM_FORMAT_RGB888, 0, 3],
    [fourcc.DRM_FORMAT_C1, 0, 9], // eight pixels a byte
    [fourcc.DRM_FORMAT_NV15, 0, 5], // four pixels in five bytes
    [fourcc.DRM_FORMAT_NV15, 1, 3],
    [fourcc.DRM_FORMAT_P030, 1, 4], // three pixels in eight bytes
    [fourcc.DRM_FORMAT_Y0L0, 0, 4], // four pixels of two lines in eight bytes
  ] as const).map(([format, plane, width]) => drm_format_info_min_pitch(known(format), plane, width));
  assertEquals(pitches, [12, 9, 2, 7, 8, 11, 8]);
});

Deno.test("drm_format_info_min_pitch is exact at the greatest width", () => {
  assertEquals(drm_format_info_min_pitch(known(fourcc.DRM_FORMAT_ARGB16161616), 0, 0xffffffff), 0xffffffff * 8);
});

Deno.test("a plane that the format has not has no size", () => {
  const nv12 = known(fourcc.DRM_FORMAT_NV12);
  assertEquals(drm_format_info_min_pitch(nv12, 1, 4), 8);
  for (const plane of [-1, 2, 3]) {
    assertEquals(drm_format_info_min_pitch(nv12, plane, 4), 0);
    assertEquals(drm_format_info_bpp(nv12, plane), 0);
    assertEquals(drm_format_info_block_width(nv12, plane), 0);
    assertEquals(drm_format_info_plane_width(nv12, 4, plane), 0);
    assertEquals(drm_format_info_plane_height(nv12, 4, plane), 0);
  }
});

Deno.test("planes 1 and 2 are subsampled, rounded up", () => {
  const yuv = known(fourcc.DRM_FORMAT_YUV410);
  assertEquals([0, 1, 2].map((plane) => drm_format_info_plane_width(yuv, 9, plane)), [9, 3, 3]);
  assertEquals([0, 1, 2].map((plane) => drm_format_info_plane_height(yuv, 8, plane)), [8, 2, 2]);
});

Deno.test("drm_format_info_bpp counts bits of a pixel", () => {
  const formats = [fourcc.DRM_FORMAT_C1, fourcc.DRM_FORMAT_RGB565, fourcc.DRM_FORMAT_RGB888, fourcc.DRM_FORMAT_Y0L2];
  assertEquals(formats.map((format) => drm_format_info_bpp(known(format), 0)), [1, 16, 24, 16]);
  assertEquals(drm_format_info_bpp(known(fourcc.DRM_FORMAT_NV15), 0), 10);
});

Deno.test("I6b ADDFB's bits a pixel and depth mean one format, or none", () => {
  const pairs: Record<string, number> = {
    "1/1": fourcc.DRM_FORMAT_C1,
    "2/2": fourcc.DRM_FORMAT_C2,
    "4/4": fourcc.DRM_FORMAT_C4,
    "8/8": fourcc.DRM_FORMAT_C8,
    "16/15": fourcc.DRM_FORMAT_XRGB1555,
    "16/16": fourcc.DRM_FORMAT_RGB565,
    "24/24": fourcc.DRM_FORMAT_RGB888,
    "32/24": fourcc.DRM_FORMAT_XRGB8888,
    "32/30": fourcc.DRM_FORMAT_XRGB2101010,
    "32/32": fourcc.DRM_FORMAT_ARGB8888,
  };
  for (let bpp = 0; bpp <= 64; bpp++) {
    for (let depth = 0; depth <= 64; depth++) {
      assertEquals(drm_mode_legacy_fb_format(bpp, depth), pairs[`${bpp}/${depth}`] ?? fourcc.DRM_FORMAT_INVALID);
    }
  }
});

Deno.test("fourccName prints what is printable", () => {
  assertEquals(fourcc.fourccName(fourcc.DRM_FORMAT_XRGB8888), "XR24");
  assertEquals(fourcc.fourccName(fourcc.DRM_FORMAT_C8), "C8");
  assertEquals(fourcc.fourccName((fourcc.DRM_FORMAT_RGB565 | fourcc.DRM_FORMAT_BIG_ENDIAN) >>> 0), "RG16-BE");
  assertEquals(fourcc.fourccName(fourcc.DRM_FORMAT_INVALID), "....");
});

Deno.test("a modifier keeps its vendor and 56 bits", () => {
  const modifier = fourcc.fourcc_mod_code(fourcc.DRM_FORMAT_MOD_VENDOR_APPLE, (1n << 60n) | 5n);
  assertEquals(modifier, 0x0c00000000000005n);
  assert(fourcc.fourcc_mod_is_vendor(modifier, fourcc.DRM_FORMAT_MOD_VENDOR_APPLE));
  assert(!fourcc.fourcc_mod_is_vendor(modifier, fourcc.DRM_FORMAT_MOD_VENDOR_AMD));
});

Deno.test("fields of AMD's modifiers are set, read and cleared at their bits", () => {
  const modifier = fourcc.AMD_FMT_MOD | fourcc.AMD_FMT_MOD_SET("TILE", 27) | fourcc.AMD_FMT_MOD_SET("PIPE", 5);
  assertEquals(fourcc.AMD_FMT_MOD_GET("TILE", modifier), 27);
  assertEquals(fourcc.AMD_FMT_MOD_GET("PIPE", modifier), 5);
  assertEquals(fourcc.AMD_FMT_MOD_GET("PIPE", modifier & fourcc.AMD_FMT_MOD_CLEAR("PIPE")), 0);
  assertEquals(fourcc.AMD_FMT_MOD_GET("TILE", modifier & fourcc.AMD_FMT_MOD_CLEAR("PIPE")), 27);
  assert(fourcc.IS_AMD_FMT_MOD(modifier));
});
