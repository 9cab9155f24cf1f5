/**
 * Numbers of virgl's formats of colour channels and depth that came after Mesa 22.3. Mirrors enum virgl_formats of Mesa 25's
 * virgl_hw.h; virgl_format.ts describes each.
 * @module
 */

/** Depth of 16 bits, then stencil of 8. */
export const VIRGL_FORMAT_Z16_UNORM_S8_UINT = 328;
/** A1 B5 G5 R5, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A1B5G5R5_UINT = 330;
/** A1 B5 G5 R5, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A1B5G5R5_UNORM = 331;
/** A1 R5 G5 B5, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A1R5G5B5_UINT = 332;
/** A1 R5 G5 B5, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A1R5G5B5_UNORM = 333;
/** A2 B10 G10 R10, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A2B10G10R10_UINT = 334;
/** A2 B10 G10 R10, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A2B10G10R10_UNORM = 335;
/** A2 R10 G10 B10, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A2R10G10B10_UINT = 336;
/** A2 R10 G10 B10, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A2R10G10B10_UNORM = 337;
/** A4 B4 G4 R4, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A4B4G4R4_UINT = 338;
/** A4 R4 G4 B4, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A4R4G4B4_UINT = 339;
/** A4 R4 G4 B4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A4R4G4B4_UNORM = 340;
/** A8 B8 G8 R8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_A8B8G8R8_SINT = 341;
/** A8 B8 G8 R8, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_A8B8G8R8_SSCALED = 342;
/** A8 B8 G8 R8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A8B8G8R8_UINT = 343;
/** A8 B8 G8 R8, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_A8B8G8R8_USCALED = 344;
/** A8 R8 G8 B8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_A8R8G8B8_SINT = 345;
/** A8 R8 G8 B8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_A8R8G8B8_SNORM = 346;
/** A8 R8 G8 B8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A8R8G8B8_UINT = 347;
/** B10 G10 R10 A2, lowest bits first: signed integers. */
export const VIRGL_FORMAT_B10G10R10A2_SINT = 372;
/** B10 G10 R10 X2, lowest bits first: signed integers. */
export const VIRGL_FORMAT_B10G10R10X2_SINT = 373;
/** B10 G10 R10 X2, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_B10G10R10X2_SNORM = 374;
/** B2 G3 R3, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B2G3R3_UINT = 375;
/** B4 G4 R4 A4, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B4G4R4A4_UINT = 376;
/** B5 G5 R5 A1, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B5G5R5A1_UINT = 377;
/** B5 G6 R5, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B5G6R5_UINT = 378;
/** B8 G8 R8 A8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_B8G8R8A8_SINT = 379;
/** B8 G8 R8 A8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_B8G8R8A8_SNORM = 380;
/** B8 G8 R8 A8, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_B8G8R8A8_SSCALED = 381;
/** B8 G8 R8 A8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B8G8R8A8_UINT = 382;
/** B8 G8 R8 A8, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_B8G8R8A8_USCALED = 383;
/** B8 G8 R8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_B8G8R8_SINT = 385;
/** B8 G8 R8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_B8G8R8_SNORM = 386;
/** B8 G8 R8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_B8G8R8_SRGB = 387;
/** B8 G8 R8, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_B8G8R8_SSCALED = 388;
/** B8 G8 R8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B8G8R8_UINT = 389;
/** B8 G8 R8, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_B8G8R8_USCALED = 390;
/** B8 G8 R8 X8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_B8G8R8X8_SINT = 391;
/** B8 G8 R8 X8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_B8G8R8X8_SNORM = 392;
/** B8 G8 R8 X8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B8G8R8X8_UINT = 393;
/** G16 R16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_G16R16_SINT = 397;
/** G8 R8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_G8R8_SINT = 401;
/** R10 G10 B10 A2, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R10G10B10A2_SINT = 403;
/** R10 G10 B10 X2, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R10G10B10X2_SINT = 404;
/** R3 G3 B2, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R3G3B2_UINT = 405;
/** R4 G4 B4 A4, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R4G4B4A4_UINT = 406;
/** R4 G4 B4 X4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R4G4B4X4_UNORM = 407;
/** R5 G5 B5 A1, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R5G5B5A1_UINT = 408;
/** R5 G5 B5 X1, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R5G5B5X1_UNORM = 409;
/** R5 G6 B5, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_R5G6B5_SRGB = 410;
/** R5 G6 B5, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R5G6B5_UINT = 411;
/** R64 G64 B64 A64, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R64G64B64A64_SINT = 412;
/** R64 G64 B64 A64, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R64G64B64A64_UINT = 413;
/** R64 G64 B64, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R64G64B64_SINT = 414;
/** R64 G64 B64, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R64G64B64_UINT = 415;
/** R64 G64, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R64G64_SINT = 416;
/** R64 G64, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R64G64_UINT = 417;
/** R64, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R64_SINT = 418;
/** R64, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R64_UINT = 419;
/** X1 B5 G5 R5, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X1B5G5R5_UNORM = 427;
/** X1 R5 G5 B5, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X1R5G5B5_UNORM = 428;
/** X8 B8 G8 R8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_X8B8G8R8_SINT = 430;
/** X8 R8 G8 B8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_X8R8G8B8_SINT = 431;
/** X8 R8 G8 B8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_X8R8G8B8_SNORM = 432;
/** X6 R10, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X6R10_UNORM = 450;
/** X6 R10 X6 G10, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X6R10X6G10_UNORM = 451;
/** X4 R12, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X4R12_UNORM = 452;
/** X4 R12 X4 G12, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X4R12X4G12_UNORM = 453;
