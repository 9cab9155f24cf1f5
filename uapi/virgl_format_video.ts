/**
 * Numbers of virgl's formats that came after Mesa 22.3 and are more than channels side by side: YCbCr, planes, blocks of other
 * compressions. Mirrors enum virgl_formats of Mesa 25's virgl_hw.h. Nothing here reads them: virgl_format.ts describes none.
 * @module
 */

/** Luma alone, 8 bits: YCbCr 4:0:0. */
export const VIRGL_FORMAT_Y8_400_UNORM = 322;
/** YCbCr 4:4:4 in three planes of 8 bits a channel: Y, U, V. */
export const VIRGL_FORMAT_Y8_U8_V8_444_UNORM = 323;
/** YCbCr 4:2:2 in three planes of 8 bits a channel: Y, U, V. */
export const VIRGL_FORMAT_Y8_U8_V8_422_UNORM = 324;
/** YCbCr 4:2:2 in two planes: Y, UV. */
export const VIRGL_FORMAT_NV16 = 325;
/** Luma alone, 8 bits. */
export const VIRGL_FORMAT_Y8_UNORM = 326;
/** YCbCr 4:2:2: two pixels are the bytes Y V Y U. */
export const VIRGL_FORMAT_YVYU = 327;
/** Depth of 24 bits and stencil of 8, read as four bytes. */
export const VIRGL_FORMAT_Z24_UNORM_S8_UINT_AS_R8G8B8A8 = 329;
/** ASTC, blocks of 3x3x3 texels. */
export const VIRGL_FORMAT_ASTC_3x3x3 = 348;
/** ASTC, blocks of 3x3x3 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_3x3x3_SRGB = 349;
/** ASTC, blocks of 4x3x3 texels. */
export const VIRGL_FORMAT_ASTC_4x3x3 = 350;
/** ASTC, blocks of 4x3x3 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_4x3x3_SRGB = 351;
/** ASTC, blocks of 4x4x3 texels. */
export const VIRGL_FORMAT_ASTC_4x4x3 = 352;
/** ASTC, blocks of 4x4x3 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_4x4x3_SRGB = 353;
/** ASTC, blocks of 4x4x4 texels. */
export const VIRGL_FORMAT_ASTC_4x4x4 = 354;
/** ASTC, blocks of 4x4x4 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_4x4x4_SRGB = 355;
/** ASTC, blocks of 5x4x4 texels. */
export const VIRGL_FORMAT_ASTC_5x4x4 = 356;
/** ASTC, blocks of 5x4x4 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_5x4x4_SRGB = 357;
/** ASTC, blocks of 5x5x4 texels. */
export const VIRGL_FORMAT_ASTC_5x5x4 = 358;
/** ASTC, blocks of 5x5x4 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_5x5x4_SRGB = 359;
/** ASTC, blocks of 5x5x5 texels. */
export const VIRGL_FORMAT_ASTC_5x5x5 = 360;
/** ASTC, blocks of 5x5x5 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_5x5x5_SRGB = 361;
/** ASTC, blocks of 6x5x5 texels. */
export const VIRGL_FORMAT_ASTC_6x5x5 = 362;
/** ASTC, blocks of 6x5x5 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_6x5x5_SRGB = 363;
/** ASTC, blocks of 6x6x5 texels. */
export const VIRGL_FORMAT_ASTC_6x6x5 = 364;
/** ASTC, blocks of 6x6x5 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_6x6x5_SRGB = 365;
/** ASTC, blocks of 6x6x6 texels. */
export const VIRGL_FORMAT_ASTC_6x6x6 = 366;
/** ASTC, blocks of 6x6x6 texels, sRGB. */
export const VIRGL_FORMAT_ASTC_6x6x6_SRGB = 367;
/** ATC, blocks of 4x4 texels, without alpha. */
export const VIRGL_FORMAT_ATC_RGB = 368;
/** ATC, blocks of 4x4 texels, alpha of 4 bits each. */
export const VIRGL_FORMAT_ATC_RGBA_EXPLICIT = 369;
/** ATC, blocks of 4x4 texels, alpha between two values. */
export const VIRGL_FORMAT_ATC_RGBA_INTERPOLATED = 370;
/** YCbCr 4:4:4: a pixel is the bytes V U Y A. */
export const VIRGL_FORMAT_AYUV = 371;
/** RGB with red and blue shared by two pixels: the bytes B G R G R. */
export const VIRGL_FORMAT_B8G8_R8G8_UNORM = 384;
/** RGB with red and blue shared by two pixels: the bytes B R G R R. */
export const VIRGL_FORMAT_B8R8_G8R8_UNORM = 394;
/** FXT1, blocks of 8x4 texels, without alpha. */
export const VIRGL_FORMAT_FXT1_RGB = 395;
/** FXT1, blocks of 8x4 texels, with alpha. */
export const VIRGL_FORMAT_FXT1_RGBA = 396;
/** RGB with red and blue shared by two pixels: the bytes G B G R R. */
export const VIRGL_FORMAT_G8B8_G8R8_UNORM = 398;
/** RGB 4:2:0 in three planes of 8 bits a channel: G, B, R. */
export const VIRGL_FORMAT_G8_B8_R8_420_UNORM = 399;
/** RGB 4:2:0 in two planes of 8 bits a channel: G, BR. */
export const VIRGL_FORMAT_G8_B8R8_420_UNORM = 400;
/** YCbCr 4:2:0 in two planes: three channels of 10 bits a word. */
export const VIRGL_FORMAT_P030 = 402;
/** RGB 4:2:0 in three planes of 8 bits a channel: R, B, G. */
export const VIRGL_FORMAT_R8_B8_G8_420_UNORM = 420;
/** RGB 4:2:0 in two planes of 8 bits a channel: R, BG. */
export const VIRGL_FORMAT_R8_B8G8_420_UNORM = 421;
/** RGB with red and blue shared by two pixels: the bytes R B R G R. */
export const VIRGL_FORMAT_R8B8_R8G8_UNORM = 422;
/** RGB 4:2:0 in three planes of 8 bits a channel: R, G, B. */
export const VIRGL_FORMAT_R8_G8_B8_420_UNORM = 423;
/** RGB 4:2:0 in two planes of 8 bits a channel: R, GB. */
export const VIRGL_FORMAT_R8_G8B8_420_UNORM = 424;
/** RGB in three planes. */
export const VIRGL_FORMAT_R8_G8_B8_UNORM = 425;
/** YCbCr 4:2:2: two pixels are the bytes V Y U Y. */
export const VIRGL_FORMAT_VYUY = 426;
/** YCbCr 4:4:4: a pixel is the bytes V U Y X. */
export const VIRGL_FORMAT_XYUV = 429;
/** YCbCr 4:2:0 in three planes of 16 bits a channel: Y, U, V. */
export const VIRGL_FORMAT_Y16_U16_V16_420_UNORM = 433;
/** YCbCr 4:2:2 in three planes of 16 bits a channel: Y, U, V. */
export const VIRGL_FORMAT_Y16_U16_V16_422_UNORM = 434;
/** YCbCr 4:2:2 in two planes of 16 bits a channel: Y, UV. */
export const VIRGL_FORMAT_Y16_U16V16_422_UNORM = 435;
/** YCbCr 4:4:4 in three planes of 16 bits a channel: Y, U, V. */
export const VIRGL_FORMAT_Y16_U16_V16_444_UNORM = 436;
/** YCbCr 4:2:2: Y U Y V of 10 bits, each at the top of 16. */
export const VIRGL_FORMAT_Y210 = 437;
/** YCbCr 4:2:2: Y U Y V of 12 bits, each at the top of 16. */
export const VIRGL_FORMAT_Y212 = 438;
/** YCbCr 4:2:2: Y U Y V of 16 bits. */
export const VIRGL_FORMAT_Y216 = 439;
/** YCbCr 4:4:4: U Y V of 10 bits, A of 2. */
export const VIRGL_FORMAT_Y410 = 440;
/** YCbCr 4:4:4: U Y V A of 12 bits, each at the top of 16. */
export const VIRGL_FORMAT_Y412 = 441;
/** YCbCr 4:4:4: U Y V A of 16 bits. */
export const VIRGL_FORMAT_Y416 = 442;
/** YCbCr 4:2:0 in two planes: channels of 10 bits without gaps. */
export const VIRGL_FORMAT_NV15 = 443;
/** YCbCr 4:2:2 in two planes: channels of 10 bits without gaps. */
export const VIRGL_FORMAT_NV20 = 444;
/** YCbCr 4:4:0 in three planes of 8 bits a channel: Y, U, V. */
export const VIRGL_FORMAT_Y8_U8_V8_440_UNORM = 445;
/** RGB 4:2:0 in two planes of 10 bits a channel: R, GB. */
export const VIRGL_FORMAT_R10_G10B10_420_UNORM = 446;
/** RGB 4:2:2 in two planes of 10 bits a channel: R, GB. */
export const VIRGL_FORMAT_R10_G10B10_422_UNORM = 447;
/** RGB 4:2:0 in two planes of 10 bits a channel, each at the top of 16: G, BR. */
export const VIRGL_FORMAT_X6G10_X6B10X6R10_420_UNORM = 448;
/** RGB 4:2:0 in two planes of 12 bits a channel, each at the top of 16: G, BR. */
export const VIRGL_FORMAT_X4G12_X4B12X4R12_420_UNORM = 449;
/** RGB 4:2:2 in two planes of 8 bits a channel: R, GB. */
export const VIRGL_FORMAT_R8_G8B8_422_UNORM = 454;
