/**
 * Pixel formats of colour indices, single channels and RGB. Mirrors include/uapi/drm/drm_fourcc.h. Bits are those of a
 * little-endian word; x is unused.
 * @module
 */

import { fourcc_code } from "./drm_fourcc_code.ts";

/** 8 bits, high to low: eight pixels of 1-bit colour index, the leftmost in the highest bits. */
export const DRM_FORMAT_C1: number = fourcc_code("C", "1", " ", " ");
/** 8 bits, high to low: four pixels of 2-bit colour index, the leftmost in the highest bits. */
export const DRM_FORMAT_C2: number = fourcc_code("C", "2", " ", " ");
/** 8 bits, high to low: two pixels of 4-bit colour index, the leftmost in the highest bits. */
export const DRM_FORMAT_C4: number = fourcc_code("C", "4", " ", " ");
/** 8 bits: colour index. */
export const DRM_FORMAT_C8: number = fourcc_code("C", "8", " ", " ");
/** 8 bits, high to low: eight pixels of 1-bit darkness, the leftmost in the highest bits. */
export const DRM_FORMAT_D1: number = fourcc_code("D", "1", " ", " ");
/** 8 bits, high to low: four pixels of 2-bit darkness, the leftmost in the highest bits. */
export const DRM_FORMAT_D2: number = fourcc_code("D", "2", " ", " ");
/** 8 bits, high to low: two pixels of 4-bit darkness, the leftmost in the highest bits. */
export const DRM_FORMAT_D4: number = fourcc_code("D", "4", " ", " ");
/** 8 bits: darkness. */
export const DRM_FORMAT_D8: number = fourcc_code("D", "8", " ", " ");
/** 8 bits, high to low: eight pixels of 1-bit red, the leftmost in the highest bits. */
export const DRM_FORMAT_R1: number = fourcc_code("R", "1", " ", " ");
/** 8 bits, high to low: four pixels of 2-bit red, the leftmost in the highest bits. */
export const DRM_FORMAT_R2: number = fourcc_code("R", "2", " ", " ");
/** 8 bits, high to low: two pixels of 4-bit red, the leftmost in the highest bits. */
export const DRM_FORMAT_R4: number = fourcc_code("R", "4", " ", " ");
/** 8 bits: red. */
export const DRM_FORMAT_R8: number = fourcc_code("R", "8", " ", " ");
/** 16 bits, high to low: x:R 6:10. */
export const DRM_FORMAT_R10: number = fourcc_code("R", "1", "0", " ");
/** 16 bits, high to low: x:R 4:12. */
export const DRM_FORMAT_R12: number = fourcc_code("R", "1", "2", " ");
/** 16 bits: red. */
export const DRM_FORMAT_R16: number = fourcc_code("R", "1", "6", " ");
/** 16 bits: R, a half float. */
export const DRM_FORMAT_R16F: number = fourcc_code("R", " ", " ", "H");
/** 32 bits: R, a float. */
export const DRM_FORMAT_R32F: number = fourcc_code("R", " ", " ", "F");

/** 16 bits, high to low: R:G 8:8. */
export const DRM_FORMAT_RG88: number = fourcc_code("R", "G", "8", "8");
/** 16 bits, high to low: G:R 8:8. */
export const DRM_FORMAT_GR88: number = fourcc_code("G", "R", "8", "8");
/** 32 bits, high to low: R:G 16:16. */
export const DRM_FORMAT_RG1616: number = fourcc_code("R", "G", "3", "2");
/** 32 bits, high to low: G:R 16:16. */
export const DRM_FORMAT_GR1616: number = fourcc_code("G", "R", "3", "2");
/** 32 bits, high to low: G:R 16:16 half floats. */
export const DRM_FORMAT_GR1616F: number = fourcc_code("G", "R", " ", "H");
/** 64 bits, high to low: G:R 32:32 floats. */
export const DRM_FORMAT_GR3232F: number = fourcc_code("G", "R", " ", "F");

/** 8 bits, high to low: R:G:B 3:3:2. */
export const DRM_FORMAT_RGB332: number = fourcc_code("R", "G", "B", "8");
/** 8 bits, high to low: B:G:R 2:3:3. */
export const DRM_FORMAT_BGR233: number = fourcc_code("B", "G", "R", "8");
/** 16 bits, high to low: x:R:G:B 4:4:4:4. */
export const DRM_FORMAT_XRGB4444: number = fourcc_code("X", "R", "1", "2");
/** 16 bits, high to low: x:B:G:R 4:4:4:4. */
export const DRM_FORMAT_XBGR4444: number = fourcc_code("X", "B", "1", "2");
/** 16 bits, high to low: R:G:B:x 4:4:4:4. */
export const DRM_FORMAT_RGBX4444: number = fourcc_code("R", "X", "1", "2");
/** 16 bits, high to low: B:G:R:x 4:4:4:4. */
export const DRM_FORMAT_BGRX4444: number = fourcc_code("B", "X", "1", "2");
/** 16 bits, high to low: A:R:G:B 4:4:4:4. */
export const DRM_FORMAT_ARGB4444: number = fourcc_code("A", "R", "1", "2");
/** 16 bits, high to low: A:B:G:R 4:4:4:4. */
export const DRM_FORMAT_ABGR4444: number = fourcc_code("A", "B", "1", "2");
/** 16 bits, high to low: R:G:B:A 4:4:4:4. */
export const DRM_FORMAT_RGBA4444: number = fourcc_code("R", "A", "1", "2");
/** 16 bits, high to low: B:G:R:A 4:4:4:4. */
export const DRM_FORMAT_BGRA4444: number = fourcc_code("B", "A", "1", "2");
/** 16 bits, high to low: x:R:G:B 1:5:5:5. */
export const DRM_FORMAT_XRGB1555: number = fourcc_code("X", "R", "1", "5");
/** 16 bits, high to low: x:B:G:R 1:5:5:5. */
export const DRM_FORMAT_XBGR1555: number = fourcc_code("X", "B", "1", "5");
/** 16 bits, high to low: R:G:B:x 5:5:5:1. */
export const DRM_FORMAT_RGBX5551: number = fourcc_code("R", "X", "1", "5");
/** 16 bits, high to low: B:G:R:x 5:5:5:1. */
export const DRM_FORMAT_BGRX5551: number = fourcc_code("B", "X", "1", "5");
/** 16 bits, high to low: A:R:G:B 1:5:5:5. */
export const DRM_FORMAT_ARGB1555: number = fourcc_code("A", "R", "1", "5");
/** 16 bits, high to low: A:B:G:R 1:5:5:5. */
export const DRM_FORMAT_ABGR1555: number = fourcc_code("A", "B", "1", "5");
/** 16 bits, high to low: R:G:B:A 5:5:5:1. */
export const DRM_FORMAT_RGBA5551: number = fourcc_code("R", "A", "1", "5");
/** 16 bits, high to low: B:G:R:A 5:5:5:1. */
export const DRM_FORMAT_BGRA5551: number = fourcc_code("B", "A", "1", "5");
/** 16 bits, high to low: R:G:B 5:6:5. */
export const DRM_FORMAT_RGB565: number = fourcc_code("R", "G", "1", "6");
/** 16 bits, high to low: B:G:R 5:6:5. */
export const DRM_FORMAT_BGR565: number = fourcc_code("B", "G", "1", "6");

/** 24 bits, high to low: R:G:B 8:8:8. */
export const DRM_FORMAT_RGB888: number = fourcc_code("R", "G", "2", "4");
/** 24 bits, high to low: B:G:R 8:8:8. */
export const DRM_FORMAT_BGR888: number = fourcc_code("B", "G", "2", "4");
/** 32 bits, high to low: x:R:G:B 8:8:8:8. */
export const DRM_FORMAT_XRGB8888: number = fourcc_code("X", "R", "2", "4");
/** 32 bits, high to low: x:B:G:R 8:8:8:8. */
export const DRM_FORMAT_XBGR8888: number = fourcc_code("X", "B", "2", "4");
/** 32 bits, high to low: R:G:B:x 8:8:8:8. */
export const DRM_FORMAT_RGBX8888: number = fourcc_code("R", "X", "2", "4");
/** 32 bits, high to low: B:G:R:x 8:8:8:8. */
export const DRM_FORMAT_BGRX8888: number = fourcc_code("B", "X", "2", "4");
/** 32 bits, high to low: A:R:G:B 8:8:8:8. */
export const DRM_FORMAT_ARGB8888: number = fourcc_code("A", "R", "2", "4");
/** 32 bits, high to low: A:B:G:R 8:8:8:8. */
export const DRM_FORMAT_ABGR8888: number = fourcc_code("A", "B", "2", "4");
/** 32 bits, high to low: R:G:B:A 8:8:8:8. */
export const DRM_FORMAT_RGBA8888: number = fourcc_code("R", "A", "2", "4");
/** 32 bits, high to low: B:G:R:A 8:8:8:8. */
export const DRM_FORMAT_BGRA8888: number = fourcc_code("B", "A", "2", "4");
/** 32 bits, high to low: x:R:G:B 2:10:10:10. */
export const DRM_FORMAT_XRGB2101010: number = fourcc_code("X", "R", "3", "0");
/** 32 bits, high to low: x:B:G:R 2:10:10:10. */
export const DRM_FORMAT_XBGR2101010: number = fourcc_code("X", "B", "3", "0");
/** 32 bits, high to low: R:G:B:x 10:10:10:2. */
export const DRM_FORMAT_RGBX1010102: number = fourcc_code("R", "X", "3", "0");
/** 32 bits, high to low: B:G:R:x 10:10:10:2. */
export const DRM_FORMAT_BGRX1010102: number = fourcc_code("B", "X", "3", "0");
/** 32 bits, high to low: A:R:G:B 2:10:10:10. */
export const DRM_FORMAT_ARGB2101010: number = fourcc_code("A", "R", "3", "0");
/** 32 bits, high to low: A:B:G:R 2:10:10:10. */
export const DRM_FORMAT_ABGR2101010: number = fourcc_code("A", "B", "3", "0");
/** 32 bits, high to low: R:G:B:A 10:10:10:2. */
export const DRM_FORMAT_RGBA1010102: number = fourcc_code("R", "A", "3", "0");
/** 32 bits, high to low: B:G:R:A 10:10:10:2. */
export const DRM_FORMAT_BGRA1010102: number = fourcc_code("B", "A", "3", "0");

/** 64 bits, high to low: x:R:G:B 16:16:16:16. */
export const DRM_FORMAT_XRGB16161616: number = fourcc_code("X", "R", "4", "8");
/** 64 bits, high to low: x:B:G:R 16:16:16:16. */
export const DRM_FORMAT_XBGR16161616: number = fourcc_code("X", "B", "4", "8");
/** 64 bits, high to low: A:R:G:B 16:16:16:16. */
export const DRM_FORMAT_ARGB16161616: number = fourcc_code("A", "R", "4", "8");
/** 64 bits, high to low: A:B:G:R 16:16:16:16. */
export const DRM_FORMAT_ABGR16161616: number = fourcc_code("A", "B", "4", "8");
/** 64 bits, high to low: x:R:G:B 16:16:16:16 half floats. */
export const DRM_FORMAT_XRGB16161616F: number = fourcc_code("X", "R", "4", "H");
/** 64 bits, high to low: x:B:G:R 16:16:16:16 half floats. */
export const DRM_FORMAT_XBGR16161616F: number = fourcc_code("X", "B", "4", "H");
/** 64 bits, high to low: A:R:G:B 16:16:16:16 half floats. */
export const DRM_FORMAT_ARGB16161616F: number = fourcc_code("A", "R", "4", "H");
/** 64 bits, high to low: A:B:G:R 16:16:16:16 half floats. */
export const DRM_FORMAT_ABGR16161616F: number = fourcc_code("A", "B", "4", "H");
/** 64 bits, high to low: A:x:B:x:G:x:R:x 10:6:10:6:10:6:10:6. */
export const DRM_FORMAT_AXBXGXRX106106106106: number = fourcc_code("A", "B", "1", "0");
/** 128 bits, high to low: A:B:G:R 32:32:32:32 floats. */
export const DRM_FORMAT_ABGR32323232F: number = fourcc_code("A", "B", "8", "F");
/** 48 bits, high to low: B:G:R 16:16:16. */
export const DRM_FORMAT_BGR161616: number = fourcc_code("B", "G", "4", "8");
/** 48 bits, high to low: B:G:R 16:16:16 half floats. */
export const DRM_FORMAT_BGR161616F: number = fourcc_code("B", "G", "R", "H");
/** 96 bits, high to low: B:G:R 32:32:32 floats. */
export const DRM_FORMAT_BGR323232F: number = fourcc_code("B", "G", "R", "F");
/** 48 bits, high to low: R:G:B 16:16:16. */
export const DRM_FORMAT_RGB161616: number = fourcc_code("R", "G", "4", "8");

/** Planes DRM_FORMAT_XRGB8888 and A, 8 bits. */
export const DRM_FORMAT_XRGB8888_A8: number = fourcc_code("X", "R", "A", "8");
/** Planes DRM_FORMAT_XBGR8888 and A, 8 bits. */
export const DRM_FORMAT_XBGR8888_A8: number = fourcc_code("X", "B", "A", "8");
/** Planes DRM_FORMAT_RGBX8888 and A, 8 bits. */
export const DRM_FORMAT_RGBX8888_A8: number = fourcc_code("R", "X", "A", "8");
/** Planes DRM_FORMAT_BGRX8888 and A, 8 bits. */
export const DRM_FORMAT_BGRX8888_A8: number = fourcc_code("B", "X", "A", "8");
/** Planes DRM_FORMAT_RGB888 and A, 8 bits. */
export const DRM_FORMAT_RGB888_A8: number = fourcc_code("R", "8", "A", "8");
/** Planes DRM_FORMAT_BGR888 and A, 8 bits. */
export const DRM_FORMAT_BGR888_A8: number = fourcc_code("B", "8", "A", "8");
/** Planes DRM_FORMAT_RGB565 and A, 8 bits. */
export const DRM_FORMAT_RGB565_A8: number = fourcc_code("R", "5", "A", "8");
/** Planes DRM_FORMAT_BGR565 and A, 8 bits. */
export const DRM_FORMAT_BGR565_A8: number = fourcc_code("B", "5", "A", "8");
