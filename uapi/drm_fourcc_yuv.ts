/**
 * Pixel formats of YCbCr. Mirrors include/uapi/drm/drm_fourcc.h. Bits are those of a little-endian word; x is unused.
 * @module
 */

import { fourcc_code } from "./drm_fourcc_code.ts";

/** 32 bits for two pixels, high to low: Cr0:Y1:Cb0:Y0 8:8:8:8. */
export const DRM_FORMAT_YUYV: number = fourcc_code("Y", "U", "Y", "V");
/** 32 bits for two pixels, high to low: Cb0:Y1:Cr0:Y0 8:8:8:8. */
export const DRM_FORMAT_YVYU: number = fourcc_code("Y", "V", "Y", "U");
/** 32 bits for two pixels, high to low: Y1:Cr0:Y0:Cb0 8:8:8:8. */
export const DRM_FORMAT_UYVY: number = fourcc_code("U", "Y", "V", "Y");
/** 32 bits for two pixels, high to low: Y1:Cb0:Y0:Cr0 8:8:8:8. */
export const DRM_FORMAT_VYUY: number = fourcc_code("V", "Y", "U", "Y");
/** 32 bits, high to low: A:Y:Cb:Cr 8:8:8:8. */
export const DRM_FORMAT_AYUV: number = fourcc_code("A", "Y", "U", "V");
/** 32 bits, high to low: X:Y:Cb:Cr 8:8:8:8. */
export const DRM_FORMAT_XYUV8888: number = fourcc_code("X", "Y", "U", "V");
/** 24 bits, high to low: Cr:Cb:Y 8:8:8. */
export const DRM_FORMAT_VUY888: number = fourcc_code("V", "U", "2", "4");
/** 10 bits, not subsampled, one plane; no linear layout. */
export const DRM_FORMAT_VUY101010: number = fourcc_code("V", "U", "3", "0");
/** 64 bits for two pixels, high to low: Cr0:0:Y1:0:Cb0:0:Y0:0 10:6:10:6:10:6:10:6. */
export const DRM_FORMAT_Y210: number = fourcc_code("Y", "2", "1", "0");
/** 64 bits for two pixels, high to low: Cr0:0:Y1:0:Cb0:0:Y0:0 12:4:12:4:12:4:12:4. */
export const DRM_FORMAT_Y212: number = fourcc_code("Y", "2", "1", "2");
/** 64 bits for two pixels, high to low: Cr0:Y1:Cb0:Y0 16:16:16:16. */
export const DRM_FORMAT_Y216: number = fourcc_code("Y", "2", "1", "6");
/** 32 bits, high to low: A:Cr:Y:Cb 2:10:10:10. */
export const DRM_FORMAT_Y410: number = fourcc_code("Y", "4", "1", "0");
/** 64 bits, high to low: A:0:Cr:0:Y:0:Cb:0 12:4:12:4:12:4:12:4. */
export const DRM_FORMAT_Y412: number = fourcc_code("Y", "4", "1", "2");
/** 64 bits, high to low: A:Cr:Y:Cb 16:16:16:16. */
export const DRM_FORMAT_Y416: number = fourcc_code("Y", "4", "1", "6");
/** 32 bits, high to low: X:Cr:Y:Cb 2:10:10:10. */
export const DRM_FORMAT_XVYU2101010: number = fourcc_code("X", "V", "3", "0");
/** 64 bits, high to low: X:0:Cr:0:Y:0:Cb:0 12:4:12:4:12:4:12:4. */
export const DRM_FORMAT_XVYU12_16161616: number = fourcc_code("X", "V", "3", "6");
/** 64 bits, high to low: X:Cr:Y:Cb 16:16:16:16. */
export const DRM_FORMAT_XVYU16161616: number = fourcc_code("X", "V", "4", "8");
/** 64 bits a 2x2 tile, high to low: A3:A2:Y3:0:Cr0:0:Y2:0:A1:A0:Y1:0:Cb0:0:Y0:0 1:1:8:2:8:2:8:2:1:1:8:2:8:2:8:2. */
export const DRM_FORMAT_Y0L0: number = fourcc_code("Y", "0", "L", "0");
/** As Y0L0, without alpha. */
export const DRM_FORMAT_X0L0: number = fourcc_code("X", "0", "L", "0");
/** 64 bits a 2x2 tile, high to low: A3:A2:Y3:Cr0:Y2:A1:A0:Y1:Cb0:Y0 1:1:10:10:10:1:1:10:10:10. */
export const DRM_FORMAT_Y0L2: number = fourcc_code("Y", "0", "L", "2");
/** As Y0L2, without alpha. */
export const DRM_FORMAT_X0L2: number = fourcc_code("X", "0", "L", "2");
/** 8 bits, 2x2 subsampled, one plane; no linear layout. */
export const DRM_FORMAT_YUV420_8BIT: number = fourcc_code("Y", "U", "0", "8");
/** 10 bits, 2x2 subsampled, one plane; no linear layout. */
export const DRM_FORMAT_YUV420_10BIT: number = fourcc_code("Y", "U", "1", "0");
/** 32 bits, high to low: A:Cr:Cb:Y 8:8:8:8. */
export const DRM_FORMAT_AVUY8888: number = fourcc_code("A", "V", "U", "Y");
/** 32 bits, high to low: x:Cr:Cb:Y 2:10:10:10. */
export const DRM_FORMAT_XVUY2101010: number = fourcc_code("X", "Y", "3", "0");
/** 32 bits, high to low: x:Cr:Cb:Y 8:8:8:8. */
export const DRM_FORMAT_XVUY8888: number = fourcc_code("X", "V", "U", "Y");
/** 8 bits: Y. */
export const DRM_FORMAT_Y8: number = fourcc_code("G", "R", "E", "Y");

/** Planes Y and Cr:Cb: 8 bits a component; 2x2 subsampled. */
export const DRM_FORMAT_NV12: number = fourcc_code("N", "V", "1", "2");
/** Planes Y and Cb:Cr: 8 bits a component; 2x2 subsampled. */
export const DRM_FORMAT_NV21: number = fourcc_code("N", "V", "2", "1");
/** Planes Y and Cr:Cb: 8 bits a component; 2x1 subsampled. */
export const DRM_FORMAT_NV16: number = fourcc_code("N", "V", "1", "6");
/** Planes Y and Cb:Cr: 8 bits a component; 2x1 subsampled. */
export const DRM_FORMAT_NV61: number = fourcc_code("N", "V", "6", "1");
/** Planes Y and Cr:Cb: 8 bits a component; not subsampled. */
export const DRM_FORMAT_NV24: number = fourcc_code("N", "V", "2", "4");
/** Planes Y and Cb:Cr: 8 bits a component; not subsampled. */
export const DRM_FORMAT_NV42: number = fourcc_code("N", "V", "4", "2");
/** Planes Y and Cr:Cb: four 10-bit components in 5 bytes; 2x2 subsampled. */
export const DRM_FORMAT_NV15: number = fourcc_code("N", "V", "1", "5");
/** Planes Y and Cr:Cb: 10 bits in the high bits of 16; 2x1 subsampled. */
export const DRM_FORMAT_P210: number = fourcc_code("P", "2", "1", "0");
/** Planes Y and Cr:Cb: 10 bits in the high bits of 16; 2x2 subsampled. */
export const DRM_FORMAT_P010: number = fourcc_code("P", "0", "1", "0");
/** Planes Y and Cr:Cb: 12 bits in the high bits of 16; 2x2 subsampled. */
export const DRM_FORMAT_P012: number = fourcc_code("P", "0", "1", "2");
/** Planes Y and Cr:Cb: 16 bits in the high bits of 16; 2x2 subsampled. */
export const DRM_FORMAT_P016: number = fourcc_code("P", "0", "1", "6");
/** Planes Y and Cr:Cb: three 10-bit components in 4 bytes; 2x2 subsampled. */
export const DRM_FORMAT_P030: number = fourcc_code("P", "0", "3", "0");
/** Planes Y and Cr:Cb: four 10-bit components in 5 bytes; 2x1 subsampled. */
export const DRM_FORMAT_NV20: number = fourcc_code("N", "V", "2", "0");
/** Planes Y and Cr:Cb: four 10-bit components in 5 bytes; not subsampled. */
export const DRM_FORMAT_NV30: number = fourcc_code("N", "V", "3", "0");

/** Planes Y, Cb, Cr: 10 bits in the high bits of 16; not subsampled. */
export const DRM_FORMAT_Q410: number = fourcc_code("Q", "4", "1", "0");
/** Planes Y, Cr, Cb: 10 bits in the high bits of 16; not subsampled. */
export const DRM_FORMAT_Q401: number = fourcc_code("Q", "4", "0", "1");
/** Planes Y, Cb, Cr: 8 bits; 4x4 subsampled. */
export const DRM_FORMAT_YUV410: number = fourcc_code("Y", "U", "V", "9");
/** Planes Y, Cr, Cb: 8 bits; 4x4 subsampled. */
export const DRM_FORMAT_YVU410: number = fourcc_code("Y", "V", "U", "9");
/** Planes Y, Cb, Cr: 8 bits; 4x1 subsampled. */
export const DRM_FORMAT_YUV411: number = fourcc_code("Y", "U", "1", "1");
/** Planes Y, Cr, Cb: 8 bits; 4x1 subsampled. */
export const DRM_FORMAT_YVU411: number = fourcc_code("Y", "V", "1", "1");
/** Planes Y, Cb, Cr: 8 bits; 2x2 subsampled. */
export const DRM_FORMAT_YUV420: number = fourcc_code("Y", "U", "1", "2");
/** Planes Y, Cr, Cb: 8 bits; 2x2 subsampled. */
export const DRM_FORMAT_YVU420: number = fourcc_code("Y", "V", "1", "2");
/** Planes Y, Cb, Cr: 8 bits; 2x1 subsampled. */
export const DRM_FORMAT_YUV422: number = fourcc_code("Y", "U", "1", "6");
/** Planes Y, Cr, Cb: 8 bits; 2x1 subsampled. */
export const DRM_FORMAT_YVU422: number = fourcc_code("Y", "V", "1", "6");
/** Planes Y, Cb, Cr: 8 bits; not subsampled. */
export const DRM_FORMAT_YUV444: number = fourcc_code("Y", "U", "2", "4");
/** Planes Y, Cr, Cb: 8 bits; not subsampled. */
export const DRM_FORMAT_YVU444: number = fourcc_code("Y", "V", "2", "4");
/** Planes Y, Cb, Cr: 10 bits in 16, 6 zero bits above; 2x2 subsampled. */
export const DRM_FORMAT_S010: number = fourcc_code("S", "0", "1", "0");
/** Planes Y, Cb, Cr: 12 bits in 16, 4 zero bits above; 2x2 subsampled. */
export const DRM_FORMAT_S012: number = fourcc_code("S", "0", "1", "2");
/** Planes Y, Cb, Cr: 16 bits in 16; 2x2 subsampled. */
export const DRM_FORMAT_S016: number = fourcc_code("S", "0", "1", "6");
/** Planes Y, Cb, Cr: 10 bits in 16, 6 zero bits above; 2x1 subsampled. */
export const DRM_FORMAT_S210: number = fourcc_code("S", "2", "1", "0");
/** Planes Y, Cb, Cr: 12 bits in 16, 4 zero bits above; 2x1 subsampled. */
export const DRM_FORMAT_S212: number = fourcc_code("S", "2", "1", "2");
/** Planes Y, Cb, Cr: 16 bits in 16; 2x1 subsampled. */
export const DRM_FORMAT_S216: number = fourcc_code("S", "2", "1", "6");
/** Planes Y, Cb, Cr: 10 bits in 16, 6 zero bits above; not subsampled. */
export const DRM_FORMAT_S410: number = fourcc_code("S", "4", "1", "0");
/** Planes Y, Cb, Cr: 12 bits in 16, 4 zero bits above; not subsampled. */
export const DRM_FORMAT_S412: number = fourcc_code("S", "4", "1", "2");
/** Planes Y, Cb, Cr: 16 bits in 16; not subsampled. */
export const DRM_FORMAT_S416: number = fourcc_code("S", "4", "1", "6");
