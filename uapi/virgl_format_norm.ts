/**
 * Numbers of virgl's formats whose channels are fractions of 1: unorm, snorm, sRGB. Mirrors enum virgl_formats of Mesa's
 * virgl_hw.h; virgl_format.ts describes each.
 * @module
 */

/** B8 G8 R8 A8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B8G8R8A8_UNORM = 1;
/** B8 G8 R8 X8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B8G8R8X8_UNORM = 2;
/** A8 R8 G8 B8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A8R8G8B8_UNORM = 3;
/** X8 R8 G8 B8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X8R8G8B8_UNORM = 4;
/** B5 G5 R5 A1, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B5G5R5A1_UNORM = 5;
/** B4 G4 R4 A4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B4G4R4A4_UNORM = 6;
/** B5 G6 R5, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B5G6R5_UNORM = 7;
/** R10 G10 B10 A2, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R10G10B10A2_UNORM = 8;
/** L8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_L8_UNORM = 9;
/** A8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A8_UNORM = 10;
/** I8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_I8_UNORM = 11;
/** L8 A8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_L8A8_UNORM = 12;
/** L16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_L16_UNORM = 13;
/** R32, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R32_UNORM = 32;
/** R32 G32, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R32G32_UNORM = 33;
/** R32 G32 B32, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R32G32B32_UNORM = 34;
/** R32 G32 B32 A32, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R32G32B32A32_UNORM = 35;
/** R32, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R32_SNORM = 40;
/** R32 G32, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R32G32_SNORM = 41;
/** R32 G32 B32, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R32G32B32_SNORM = 42;
/** R32 G32 B32 A32, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R32G32B32A32_SNORM = 43;
/** R16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R16_UNORM = 48;
/** R16 G16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R16G16_UNORM = 49;
/** R16 G16 B16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R16G16B16_UNORM = 50;
/** R16 G16 B16 A16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R16G16B16A16_UNORM = 51;
/** R16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R16_SNORM = 56;
/** R16 G16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R16G16_SNORM = 57;
/** R16 G16 B16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R16G16B16_SNORM = 58;
/** R16 G16 B16 A16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R16G16B16A16_SNORM = 59;
/** R8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R8_UNORM = 64;
/** R8 G8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R8G8_UNORM = 65;
/** R8 G8 B8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R8G8B8_UNORM = 66;
/** R8 G8 B8 A8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R8G8B8A8_UNORM = 67;
/** X8 B8 G8 R8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_X8B8G8R8_UNORM = 68;
/** R8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R8_SNORM = 74;
/** R8 G8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R8G8_SNORM = 75;
/** R8 G8 B8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R8G8B8_SNORM = 76;
/** R8 G8 B8 A8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R8G8B8A8_SNORM = 77;
/** L8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_L8_SRGB = 95;
/** L8 A8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_L8A8_SRGB = 96;
/** R8 G8 B8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_R8G8B8_SRGB = 97;
/** A8 B8 G8 R8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_A8B8G8R8_SRGB = 98;
/** X8 B8 G8 R8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_X8B8G8R8_SRGB = 99;
/** B8 G8 R8 A8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_B8G8R8A8_SRGB = 100;
/** B8 G8 R8 X8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_B8G8R8X8_SRGB = 101;
/** A8 R8 G8 B8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_A8R8G8B8_SRGB = 102;
/** X8 R8 G8 B8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_X8R8G8B8_SRGB = 103;
/** R8 G8 B8 A8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_R8G8B8A8_SRGB = 104;
/** Red and green -1 to 1, blue 0 to 1, 8 bits each. */
export const VIRGL_FORMAT_R8SG8SB8UX8U_NORM = 119;
/** Red and green of 5 bits -1 to 1, blue of 6 bits 0 to 1. */
export const VIRGL_FORMAT_R5SG5SB6U_NORM = 120;
/** A8 B8 G8 R8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A8B8G8R8_UNORM = 121;
/** B5 G5 R5 X1, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B5G5R5X1_UNORM = 122;
/** A bit a pixel, eight pixels a byte. */
export const VIRGL_FORMAT_R1_UNORM = 127;
/** R10 G10 B10 X2, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R10G10B10X2_SNORM = 129;
/** L4 A4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_L4A4_UNORM = 130;
/** B10 G10 R10 A2, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B10G10R10A2_UNORM = 131;
/** Colours of 10 bits -1 to 1, alpha of 2 bits 0 to 1. */
export const VIRGL_FORMAT_R10SG10SB10SA2U_NORM = 132;
/** Red and green -1 to 1, 8 bits each; blue makes the length 1. */
export const VIRGL_FORMAT_R8G8Bx_SNORM = 133;
/** R8 G8 B8 X8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R8G8B8X8_UNORM = 134;
/** B4 G4 R4 X4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B4G4R4X4_UNORM = 135;
/** B2 G3 R3, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B2G3R3_UNORM = 139;
/** L16 A16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_L16A16_UNORM = 140;
/** A16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A16_UNORM = 141;
/** I16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_I16_UNORM = 142;
/** A8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_A8_SNORM = 147;
/** L8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_L8_SNORM = 148;
/** L8 A8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_L8A8_SNORM = 149;
/** I8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_I8_SNORM = 150;
/** A16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_A16_SNORM = 151;
/** L16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_L16_SNORM = 152;
/** L16 A16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_L16A16_SNORM = 153;
/** I16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_I16_SNORM = 154;
/** A4 R4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A4R4_UNORM = 168;
/** R4 A4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R4A4_UNORM = 169;
/** R8 A8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R8A8_UNORM = 170;
/** A8 R8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A8R8_UNORM = 171;
/** R10 G10 B10 A2, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R10G10B10A2_SNORM = 173;
/** B10 G10 R10 A2, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_B10G10R10A2_SNORM = 176;
/** R8 G8 B8 X8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R8G8B8X8_SNORM = 229;
/** R8 G8 B8 X8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_R8G8B8X8_SRGB = 230;
/** B10 G10 R10 X2, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B10G10R10X2_UNORM = 233;
/** R16 G16 B16 X16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R16G16B16X16_UNORM = 234;
/** R16 G16 B16 X16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R16G16B16X16_SNORM = 235;
/** R8 A8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R8A8_SNORM = 242;
/** R16 A16, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R16A16_UNORM = 243;
/** R16 A16, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_R16A16_SNORM = 244;
/** B5 G6 R5, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_B5G6R5_SRGB = 254;
/** A8 L8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A8L8_UNORM = 259;
/** A8 L8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_A8L8_SNORM = 260;
/** A8 L8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_A8L8_SRGB = 261;
/** A16 L16, lowest bits first: 0 to 1. Clients of Mesa 22.3 mean A1B5G5R5. */
export const VIRGL_FORMAT_A16L16_UNORM = 262;
/** G8 R8, lowest bits first: 0 to 1. Clients of Mesa 22.3 mean A1R5G5B5. */
export const VIRGL_FORMAT_G8R8_UNORM = 263;
/** G8 R8, lowest bits first: -1 to 1. Clients of Mesa 22.3 mean A2B10G10R10. */
export const VIRGL_FORMAT_G8R8_SNORM = 264;
/** G16 R16, lowest bits first: 0 to 1. Clients of Mesa 22.3 mean A2R10G10B10. */
export const VIRGL_FORMAT_G16R16_UNORM = 265;
/** G16 R16, lowest bits first: -1 to 1. Clients of Mesa 22.3 mean A4R4G4B4. */
export const VIRGL_FORMAT_G16R16_SNORM = 266;
/** A8 B8 G8 R8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_A8B8G8R8_SNORM = 267;
/** X8 B8 G8 R8, lowest bits first: -1 to 1. */
export const VIRGL_FORMAT_X8B8G8R8_SNORM = 268;
/** R10 G10 B10 X2, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R10G10B10X2_UNORM = 308;
/** A4 B4 G4 R4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_A4B4G4R4_UNORM = 311;
/** R8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_R8_SRGB = 312;
/** R8 G8, lowest bits first: 0 to 1, sRGB. */
export const VIRGL_FORMAT_R8G8_SRGB = 313;
/** B8 G8 R8, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_B8G8R8_UNORM = 317;
/** R3 G3 B2, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R3G3B2_UNORM = 318;
/** R4 G4 B4 A4, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R4G4B4A4_UNORM = 319;
/** R5 G5 B5 A1, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R5G5B5A1_UNORM = 320;
/** R5 G6 B5, lowest bits first: 0 to 1. */
export const VIRGL_FORMAT_R5G6B5_UNORM = 321;
