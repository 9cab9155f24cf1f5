/**
 * Colour: gamma and degamma tables, matrices, colour pipelines, HDR metadata. Mirrors the colour part of
 * include/uapi/drm/drm_mode.h; colour encoding and range are those of include/drm/drm_color_mgmt.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, type Struct, struct, u16, u32, u64, u8, type View } from "./struct.ts";

/** Argument of {@linkcode DRM_IOCTL_MODE_GETGAMMA} and {@linkcode DRM_IOCTL_MODE_SETGAMMA}. */
export interface drm_mode_crtc_lut {
  /** in; CRTC object id */
  crtc_id: number;
  /** in; entries, exactly the CRTC's gamma_size */
  gamma_size: number;
  /** in; user address of u16 entries */
  red: bigint;
  /** in; user address of u16 entries */
  green: bigint;
  /** in; user address of u16 entries */
  blue: bigint;
}
/** Layout of `struct drm_mode_crtc_lut`: 32 bytes. */
export const drm_mode_crtc_lut: Struct<drm_mode_crtc_lut> = struct<drm_mode_crtc_lut>("drm_mode_crtc_lut", {
  crtc_id: u32,
  gamma_size: u32,
  red: u64,
  green: u64,
  blue: u64,
}, { size: 32 });

/** Reads a CRTC's gamma table. */
export const DRM_IOCTL_MODE_GETGAMMA: Ioctl<drm_mode_crtc_lut> = IOWR("d", 0xa4, drm_mode_crtc_lut);

/** Sets a CRTC's gamma table. */
export const DRM_IOCTL_MODE_SETGAMMA: Ioctl<drm_mode_crtc_lut> = IOWR("d", 0xa5, drm_mode_crtc_lut);

/** An entry of the GAMMA_LUT and DEGAMMA_LUT blobs. */
export interface drm_color_lut {
  /** 0 to 0xffff */
  red: number;
  /** 0 to 0xffff */
  green: number;
  /** 0 to 0xffff */
  blue: number;
  /** zero */
  reserved: number;
}
/** Layout of `struct drm_color_lut`: 8 bytes. */
export const drm_color_lut: Struct<drm_color_lut> = struct<drm_color_lut>("drm_color_lut", {
  red: u16,
  green: u16,
  blue: u16,
  reserved: u16,
}, { size: 8 });

/** An entry of a colour pipeline's lookup table. */
export interface drm_color_lut32 {
  /** 0 to 0xffffffff */
  red: number;
  /** 0 to 0xffffffff */
  green: number;
  /** 0 to 0xffffffff */
  blue: number;
  /** zero */
  reserved: number;
}
/** Layout of `struct drm_color_lut32`: 16 bytes. */
export const drm_color_lut32: Struct<drm_color_lut32> = struct<drm_color_lut32>("drm_color_lut32", {
  red: u32,
  green: u32,
  blue: u32,
  reserved: u32,
}, { size: 16 });

/** The CTM blob. */
export interface drm_color_ctm {
  /** 3x3, row after row; each sign and magnitude, 31.32 fixed point */
  matrix: ArrayView<bigint>;
}
/** Layout of `struct drm_color_ctm`: 72 bytes. */
export const drm_color_ctm: Struct<drm_color_ctm> = struct<drm_color_ctm>("drm_color_ctm", {
  matrix: array(u64, 9),
}, { size: 72 });

/** The matrix blob of a colour pipeline. */
export interface drm_color_ctm_3x4 {
  /** 3x4, row after row; each sign and magnitude, 31.32 fixed point */
  matrix: ArrayView<bigint>;
}
/** Layout of `struct drm_color_ctm_3x4`: 96 bytes. */
export const drm_color_ctm_3x4: Struct<drm_color_ctm_3x4> = struct<drm_color_ctm_3x4>("drm_color_ctm_3x4", {
  matrix: array(u64, 12),
}, { size: 96 });

/** TYPE property of a colour operation: a curve by name. */
export const DRM_COLOROP_1D_CURVE = 0;
/** TYPE property of a colour operation: a one-dimensional table. */
export const DRM_COLOROP_1D_LUT = 1;
/** TYPE property of a colour operation: a matrix. */
export const DRM_COLOROP_CTM_3X4 = 2;
/** TYPE property of a colour operation: a factor. */
export const DRM_COLOROP_MULTIPLIER = 3;
/** TYPE property of a colour operation: a three-dimensional table. */
export const DRM_COLOROP_3D_LUT = 4;
/** Interpolation of a three-dimensional table: tetrahedral. */
export const DRM_COLOROP_LUT3D_INTERPOLATION_TETRAHEDRAL = 0;
/** Interpolation of a one-dimensional table: linear. */
export const DRM_COLOROP_LUT1D_INTERPOLATION_LINEAR = 0;

/** COLOR_ENCODING property: ITU-R BT.601. */
export const DRM_COLOR_YCBCR_BT601 = 0;
/** COLOR_ENCODING property: ITU-R BT.709. */
export const DRM_COLOR_YCBCR_BT709 = 1;
/** COLOR_ENCODING property: ITU-R BT.2020. */
export const DRM_COLOR_YCBCR_BT2020 = 2;
/** COLOR_RANGE property: limited. */
export const DRM_COLOR_YCBCR_LIMITED_RANGE = 0;
/** COLOR_RANGE property: full. */
export const DRM_COLOR_YCBCR_FULL_RANGE = 1;

/** A point of the CIE 1931 diagram, as HDR metadata gives it. */
export interface hdr_chromaticity {
  /** 0.00002 units */
  x: number;
  /** 0.00002 units */
  y: number;
}
/** Layout of {@linkcode hdr_chromaticity}: 4 bytes. */
export const hdr_chromaticity: Struct<hdr_chromaticity> = struct<hdr_chromaticity>("hdr_chromaticity", {
  x: u16,
  y: u16,
}, { size: 4 });

/** Static metadata of CTA-861.3, type 1. */
export interface hdr_metadata_infoframe {
  /** electro-optical transfer function of the stream */
  eotf: number;
  /** 0 */
  metadata_type: number;
  /** of the mastering display */
  display_primaries: ArrayView<View<hdr_chromaticity>>;
  /** of the mastering display */
  white_point: View<hdr_chromaticity>;
  /** cd/m2 */
  max_display_mastering_luminance: number;
  /** 0.0001 cd/m2 */
  min_display_mastering_luminance: number;
  /** greatest content light level, cd/m2 */
  max_cll: number;
  /** greatest frame-average light level, cd/m2 */
  max_fall: number;
}
/** Layout of `struct hdr_metadata_infoframe`: 26 bytes. */
export const hdr_metadata_infoframe: Struct<hdr_metadata_infoframe> = struct<hdr_metadata_infoframe>(
  "hdr_metadata_infoframe",
  {
    eotf: u8,
    metadata_type: u8,
    display_primaries: array(hdr_chromaticity.field("anonymous"), 3),
    white_point: hdr_chromaticity.field("anonymous"),
    max_display_mastering_luminance: u16,
    min_display_mastering_luminance: u16,
    max_cll: u16,
    max_fall: u16,
  },
  { size: 26 },
);

/** The HDR_OUTPUT_METADATA blob; its union has one member so far. */
export interface hdr_output_metadata {
  /** 0 */
  metadata_type: number;
  /** the infoframe */
  hdmi_metadata_type1: View<hdr_metadata_infoframe>;
}
/** Layout of `struct hdr_output_metadata`: 32 bytes. */
export const hdr_output_metadata: Struct<hdr_output_metadata> = struct<hdr_output_metadata>("hdr_output_metadata", {
  metadata_type: u32,
  hdmi_metadata_type1: hdr_metadata_infoframe.field(),
}, { size: 32 });
