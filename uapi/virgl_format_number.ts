/**
 * Numbers of virgl's formats whose channels are integers, floats or fixed-point numbers. Mirrors enum virgl_formats of
 * Mesa's virgl_hw.h; virgl_format.ts describes each.
 * @module
 */

/** No format. */
export const VIRGL_FORMAT_NONE = 0;
/** R64, lowest bits first: floats. */
export const VIRGL_FORMAT_R64_FLOAT = 24;
/** R64 G64, lowest bits first: floats. */
export const VIRGL_FORMAT_R64G64_FLOAT = 25;
/** R64 G64 B64, lowest bits first: floats. */
export const VIRGL_FORMAT_R64G64B64_FLOAT = 26;
/** R64 G64 B64 A64, lowest bits first: floats. */
export const VIRGL_FORMAT_R64G64B64A64_FLOAT = 27;
/** R32, lowest bits first: floats. */
export const VIRGL_FORMAT_R32_FLOAT = 28;
/** R32 G32, lowest bits first: floats. */
export const VIRGL_FORMAT_R32G32_FLOAT = 29;
/** R32 G32 B32, lowest bits first: floats. */
export const VIRGL_FORMAT_R32G32B32_FLOAT = 30;
/** R32 G32 B32 A32, lowest bits first: floats. */
export const VIRGL_FORMAT_R32G32B32A32_FLOAT = 31;
/** R32, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R32_USCALED = 36;
/** R32 G32, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R32G32_USCALED = 37;
/** R32 G32 B32, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R32G32B32_USCALED = 38;
/** R32 G32 B32 A32, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R32G32B32A32_USCALED = 39;
/** R32, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R32_SSCALED = 44;
/** R32 G32, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R32G32_SSCALED = 45;
/** R32 G32 B32, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R32G32B32_SSCALED = 46;
/** R32 G32 B32 A32, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R32G32B32A32_SSCALED = 47;
/** R16, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R16_USCALED = 52;
/** R16 G16, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R16G16_USCALED = 53;
/** R16 G16 B16, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R16G16B16_USCALED = 54;
/** R16 G16 B16 A16, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R16G16B16A16_USCALED = 55;
/** R16, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R16_SSCALED = 60;
/** R16 G16, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R16G16_SSCALED = 61;
/** R16 G16 B16, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R16G16B16_SSCALED = 62;
/** R16 G16 B16 A16, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R16G16B16A16_SSCALED = 63;
/** R8, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R8_USCALED = 69;
/** R8 G8, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R8G8_USCALED = 70;
/** R8 G8 B8, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R8G8B8_USCALED = 71;
/** R8 G8 B8 A8, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R8G8B8A8_USCALED = 72;
/** R8, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R8_SSCALED = 82;
/** R8 G8, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R8G8_SSCALED = 83;
/** R8 G8 B8, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R8G8B8_SSCALED = 84;
/** R8 G8 B8 A8, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R8G8B8A8_SSCALED = 85;
/** R32, lowest bits first: 16.16 fixed point. */
export const VIRGL_FORMAT_R32_FIXED = 87;
/** R32 G32, lowest bits first: 16.16 fixed point. */
export const VIRGL_FORMAT_R32G32_FIXED = 88;
/** R32 G32 B32, lowest bits first: 16.16 fixed point. */
export const VIRGL_FORMAT_R32G32B32_FIXED = 89;
/** R32 G32 B32 A32, lowest bits first: 16.16 fixed point. */
export const VIRGL_FORMAT_R32G32B32A32_FIXED = 90;
/** R16, lowest bits first: floats. */
export const VIRGL_FORMAT_R16_FLOAT = 91;
/** R16 G16, lowest bits first: floats. */
export const VIRGL_FORMAT_R16G16_FLOAT = 92;
/** R16 G16 B16, lowest bits first: floats. */
export const VIRGL_FORMAT_R16G16B16_FLOAT = 93;
/** R16 G16 B16 A16, lowest bits first: floats. */
export const VIRGL_FORMAT_R16G16B16A16_FLOAT = 94;
/** R10 G10 B10 A2, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R10G10B10A2_USCALED = 123;
/** Small floats without sign, of 11, 11 and 10 bits. */
export const VIRGL_FORMAT_R11G11B10_FLOAT = 124;
/** Three mantissas of 9 bits with a common exponent of 5. */
export const VIRGL_FORMAT_R9G9B9E5_FLOAT = 125;
/** R10 G10 B10 X2, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_R10G10B10X2_USCALED = 128;
/** A16, lowest bits first: floats. */
export const VIRGL_FORMAT_A16_FLOAT = 155;
/** L16, lowest bits first: floats. */
export const VIRGL_FORMAT_L16_FLOAT = 156;
/** L16 A16, lowest bits first: floats. */
export const VIRGL_FORMAT_L16A16_FLOAT = 157;
/** I16, lowest bits first: floats. */
export const VIRGL_FORMAT_I16_FLOAT = 158;
/** A32, lowest bits first: floats. */
export const VIRGL_FORMAT_A32_FLOAT = 159;
/** L32, lowest bits first: floats. */
export const VIRGL_FORMAT_L32_FLOAT = 160;
/** L32 A32, lowest bits first: floats. */
export const VIRGL_FORMAT_L32A32_FLOAT = 161;
/** I32, lowest bits first: floats. */
export const VIRGL_FORMAT_I32_FLOAT = 162;
/** R10 G10 B10 A2, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_R10G10B10A2_SSCALED = 172;
/** B10 G10 R10 A2, lowest bits first: unsigned integers read as floats. */
export const VIRGL_FORMAT_B10G10R10A2_USCALED = 174;
/** B10 G10 R10 A2, lowest bits first: signed integers read as floats. */
export const VIRGL_FORMAT_B10G10R10A2_SSCALED = 175;
/** R8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R8_UINT = 177;
/** R8 G8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R8G8_UINT = 178;
/** R8 G8 B8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R8G8B8_UINT = 179;
/** R8 G8 B8 A8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R8G8B8A8_UINT = 180;
/** R8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R8_SINT = 181;
/** R8 G8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R8G8_SINT = 182;
/** R8 G8 B8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R8G8B8_SINT = 183;
/** R8 G8 B8 A8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R8G8B8A8_SINT = 184;
/** R16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R16_UINT = 185;
/** R16 G16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R16G16_UINT = 186;
/** R16 G16 B16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R16G16B16_UINT = 187;
/** R16 G16 B16 A16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R16G16B16A16_UINT = 188;
/** R16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R16_SINT = 189;
/** R16 G16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R16G16_SINT = 190;
/** R16 G16 B16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R16G16B16_SINT = 191;
/** R16 G16 B16 A16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R16G16B16A16_SINT = 192;
/** R32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R32_UINT = 193;
/** R32 G32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R32G32_UINT = 194;
/** R32 G32 B32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R32G32B32_UINT = 195;
/** R32 G32 B32 A32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R32G32B32A32_UINT = 196;
/** R32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R32_SINT = 197;
/** R32 G32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R32G32_SINT = 198;
/** R32 G32 B32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R32G32B32_SINT = 199;
/** R32 G32 B32 A32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R32G32B32A32_SINT = 200;
/** A8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A8_UINT = 201;
/** I8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_I8_UINT = 202;
/** L8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_L8_UINT = 203;
/** L8 A8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_L8A8_UINT = 204;
/** A8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_A8_SINT = 205;
/** I8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_I8_SINT = 206;
/** L8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_L8_SINT = 207;
/** L8 A8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_L8A8_SINT = 208;
/** A16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A16_UINT = 209;
/** I16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_I16_UINT = 210;
/** L16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_L16_UINT = 211;
/** L16 A16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_L16A16_UINT = 212;
/** A16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_A16_SINT = 213;
/** I16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_I16_SINT = 214;
/** L16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_L16_SINT = 215;
/** L16 A16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_L16A16_SINT = 216;
/** A32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_A32_UINT = 217;
/** I32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_I32_UINT = 218;
/** L32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_L32_UINT = 219;
/** L32 A32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_L32A32_UINT = 220;
/** A32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_A32_SINT = 221;
/** I32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_I32_SINT = 222;
/** L32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_L32_SINT = 223;
/** L32 A32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_L32A32_SINT = 224;
/** B10 G10 R10 A2, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_B10G10R10A2_UINT = 225;
/** R8 G8 B8 X8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R8G8B8X8_UINT = 231;
/** R8 G8 B8 X8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R8G8B8X8_SINT = 232;
/** R16 G16 B16 X16, lowest bits first: floats. */
export const VIRGL_FORMAT_R16G16B16X16_FLOAT = 236;
/** R16 G16 B16 X16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R16G16B16X16_UINT = 237;
/** R16 G16 B16 X16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R16G16B16X16_SINT = 238;
/** R32 G32 B32 X32, lowest bits first: floats. */
export const VIRGL_FORMAT_R32G32B32X32_FLOAT = 239;
/** R32 G32 B32 X32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R32G32B32X32_UINT = 240;
/** R32 G32 B32 X32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R32G32B32X32_SINT = 241;
/** R16 A16, lowest bits first: floats. */
export const VIRGL_FORMAT_R16A16_FLOAT = 245;
/** R32 A32, lowest bits first: floats. */
export const VIRGL_FORMAT_R32A32_FLOAT = 246;
/** R8 A8, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R8A8_UINT = 247;
/** R8 A8, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R8A8_SINT = 248;
/** R16 A16, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R16A16_UINT = 249;
/** R16 A16, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R16A16_SINT = 250;
/** R32 A32, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R32A32_UINT = 251;
/** R32 A32, lowest bits first: signed integers. */
export const VIRGL_FORMAT_R32A32_SINT = 252;
/** R10 G10 B10 A2, lowest bits first: unsigned integers. */
export const VIRGL_FORMAT_R10G10B10A2_UINT = 253;
