/**
 * Numbers of virgl's formats that are more than colour channels side by side: depth and stencil, compressed blocks, YCbCr.
 * Mirrors enum virgl_formats of Mesa's virgl_hw.h; virgl_format.ts describes each.
 * @module
 */

/** YCbCr 4:2:2: two pixels are the bytes U Y V Y. */
export const VIRGL_FORMAT_UYVY = 14;
/** YCbCr 4:2:2: two pixels are the bytes Y U Y V. */
export const VIRGL_FORMAT_YUYV = 15;
/** Depth of 16 bits. */
export const VIRGL_FORMAT_Z16_UNORM = 16;
/** Depth of 32 bits. */
export const VIRGL_FORMAT_Z32_UNORM = 17;
/** Depth as a float. */
export const VIRGL_FORMAT_Z32_FLOAT = 18;
/** Depth in the lower 24 bits, stencil above. */
export const VIRGL_FORMAT_Z24_UNORM_S8_UINT = 19;
/** Stencil in the lower 8 bits, depth above. */
export const VIRGL_FORMAT_S8_UINT_Z24_UNORM = 20;
/** Depth in the lower 24 bits. */
export const VIRGL_FORMAT_Z24X8_UNORM = 21;
/** Depth in the upper 24 bits. */
export const VIRGL_FORMAT_X8Z24_UNORM = 22;
/** Stencil of 8 bits. */
export const VIRGL_FORMAT_S8_UINT = 23;
/** S3TC: DXT1 RGB. */
export const VIRGL_FORMAT_DXT1_RGB = 105;
/** S3TC: DXT1 RGBA. */
export const VIRGL_FORMAT_DXT1_RGBA = 106;
/** S3TC: DXT3 RGBA. */
export const VIRGL_FORMAT_DXT3_RGBA = 107;
/** S3TC: DXT5 RGBA. */
export const VIRGL_FORMAT_DXT5_RGBA = 108;
/** S3TC: DXT1 RGB, sRGB. */
export const VIRGL_FORMAT_DXT1_SRGB = 109;
/** S3TC: DXT1 RGBA, sRGB. */
export const VIRGL_FORMAT_DXT1_SRGBA = 110;
/** S3TC: DXT3 RGBA, sRGB. */
export const VIRGL_FORMAT_DXT3_SRGBA = 111;
/** S3TC: DXT5 RGBA, sRGB. */
export const VIRGL_FORMAT_DXT5_SRGBA = 112;
/** RGTC: red, 0 to 1. */
export const VIRGL_FORMAT_RGTC1_UNORM = 113;
/** RGTC: red, -1 to 1. */
export const VIRGL_FORMAT_RGTC1_SNORM = 114;
/** RGTC: red and green, 0 to 1. */
export const VIRGL_FORMAT_RGTC2_UNORM = 115;
/** RGTC: red and green, -1 to 1. */
export const VIRGL_FORMAT_RGTC2_SNORM = 116;
/** Two pixels that share two of their channels: the bytes R G B G. */
export const VIRGL_FORMAT_R8G8_B8G8_UNORM = 117;
/** Two pixels that share two of their channels: the bytes G R G B. */
export const VIRGL_FORMAT_G8R8_G8B8_UNORM = 118;
/** Depth as a float, then a word with the stencil in its lower 8 bits. */
export const VIRGL_FORMAT_Z32_FLOAT_S8X24_UINT = 126;
/** The stencil of Z24_UNORM_S8_UINT. */
export const VIRGL_FORMAT_X24S8_UINT = 136;
/** The stencil of S8_UINT_Z24_UNORM. */
export const VIRGL_FORMAT_S8X24_UINT = 137;
/** The stencil of Z32_FLOAT_S8X24_UINT. */
export const VIRGL_FORMAT_X32_S8X24_UINT = 138;
/** LATC: luminance, 0 to 1. */
export const VIRGL_FORMAT_LATC1_UNORM = 143;
/** LATC: luminance, -1 to 1. */
export const VIRGL_FORMAT_LATC1_SNORM = 144;
/** LATC: luminance and alpha, 0 to 1. */
export const VIRGL_FORMAT_LATC2_UNORM = 145;
/** LATC: luminance and alpha, -1 to 1. */
export const VIRGL_FORMAT_LATC2_SNORM = 146;
/** YCbCr 4:2:0 in three planes: Y, V, U. */
export const VIRGL_FORMAT_YV12 = 163;
/** YCbCr 4:2:2 in three planes: Y, V, U. */
export const VIRGL_FORMAT_YV16 = 164;
/** YCbCr 4:2:0 in three planes: Y, U, V (I420). */
export const VIRGL_FORMAT_IYUV = 165;
/** YCbCr 4:2:0 in two planes: Y, UV. */
export const VIRGL_FORMAT_NV12 = 166;
/** YCbCr 4:2:0 in two planes: Y, VU. */
export const VIRGL_FORMAT_NV21 = 167;
/** ETC1: RGB8. */
export const VIRGL_FORMAT_ETC1_RGB8 = 226;
/** Two pixels that share two of their channels: the bytes R G R B. */
export const VIRGL_FORMAT_R8G8_R8B8_UNORM = 227;
/** Two pixels that share two of their channels: the bytes G R B R. */
export const VIRGL_FORMAT_G8R8_B8R8_UNORM = 228;
/** BPTC: RGBA, 0 to 1. */
export const VIRGL_FORMAT_BPTC_RGBA_UNORM = 255;
/** BPTC: RGBA, sRGB. */
export const VIRGL_FORMAT_BPTC_SRGBA = 256;
/** BPTC: RGB, signed floats. */
export const VIRGL_FORMAT_BPTC_RGB_FLOAT = 257;
/** BPTC: RGB, unsigned floats. */
export const VIRGL_FORMAT_BPTC_RGB_UFLOAT = 258;
/** ETC2: RGB8. */
export const VIRGL_FORMAT_ETC2_RGB8 = 269;
/** ETC2: RGB8, sRGB. */
export const VIRGL_FORMAT_ETC2_SRGB8 = 270;
/** ETC2: RGB8A1. */
export const VIRGL_FORMAT_ETC2_RGB8A1 = 271;
/** ETC2: RGB8A1, sRGB. */
export const VIRGL_FORMAT_ETC2_SRGB8A1 = 272;
/** ETC2: RGBA8. */
export const VIRGL_FORMAT_ETC2_RGBA8 = 273;
/** ETC2: RGBA8, sRGB. */
export const VIRGL_FORMAT_ETC2_SRGBA8 = 274;
/** ETC2: R11, 0 to 1. */
export const VIRGL_FORMAT_ETC2_R11_UNORM = 275;
/** ETC2: R11, -1 to 1. */
export const VIRGL_FORMAT_ETC2_R11_SNORM = 276;
/** ETC2: RG11, 0 to 1. */
export const VIRGL_FORMAT_ETC2_RG11_UNORM = 277;
/** ETC2: RG11, -1 to 1. */
export const VIRGL_FORMAT_ETC2_RG11_SNORM = 278;
/** ASTC, 4 x 4 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_4x4 = 279;
/** ASTC, 5 x 4 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_5x4 = 280;
/** ASTC, 5 x 5 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_5x5 = 281;
/** ASTC, 6 x 5 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_6x5 = 282;
/** ASTC, 6 x 6 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_6x6 = 283;
/** ASTC, 8 x 5 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_8x5 = 284;
/** ASTC, 8 x 6 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_8x6 = 285;
/** ASTC, 8 x 8 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_8x8 = 286;
/** ASTC, 10 x 5 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_10x5 = 287;
/** ASTC, 10 x 6 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_10x6 = 288;
/** ASTC, 10 x 8 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_10x8 = 289;
/** ASTC, 10 x 10 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_10x10 = 290;
/** ASTC, 12 x 10 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_12x10 = 291;
/** ASTC, 12 x 12 pixels in 16 bytes. */
export const VIRGL_FORMAT_ASTC_12x12 = 292;
/** ASTC, 4 x 4 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_4x4_SRGB = 293;
/** ASTC, 5 x 4 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_5x4_SRGB = 294;
/** ASTC, 5 x 5 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_5x5_SRGB = 295;
/** ASTC, 6 x 5 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_6x5_SRGB = 296;
/** ASTC, 6 x 6 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_6x6_SRGB = 297;
/** ASTC, 8 x 5 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_8x5_SRGB = 298;
/** ASTC, 8 x 6 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_8x6_SRGB = 299;
/** ASTC, 8 x 8 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_8x8_SRGB = 300;
/** ASTC, 10 x 5 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_10x5_SRGB = 301;
/** ASTC, 10 x 6 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_10x6_SRGB = 302;
/** ASTC, 10 x 8 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_10x8_SRGB = 303;
/** ASTC, 10 x 10 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_10x10_SRGB = 304;
/** ASTC, 12 x 10 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_12x10_SRGB = 305;
/** ASTC, 12 x 12 pixels in 16 bytes, sRGB. */
export const VIRGL_FORMAT_ASTC_12x12_SRGB = 306;
/** YCbCr 4:2:0 in two planes: the upper 10 of 16 bits a channel. */
export const VIRGL_FORMAT_P010 = 314;
/** YCbCr 4:2:0 in two planes: the upper 12 of 16 bits a channel. */
export const VIRGL_FORMAT_P012 = 315;
/** YCbCr 4:2:0 in two planes: 16 bits a channel. */
export const VIRGL_FORMAT_P016 = 316;
