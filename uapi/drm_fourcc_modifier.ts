/**
 * Modifiers of vendors whose layouts are few: Intel, Samsung, Qualcomm, Vivante, Allwinner, MediaTek, Apple, Amlogic. Mirrors
 * include/uapi/drm/drm_fourcc.h, which describes each layout in full.
 * @module
 */

import {
  DRM_FORMAT_MOD_VENDOR_ALLWINNER,
  DRM_FORMAT_MOD_VENDOR_AMLOGIC,
  DRM_FORMAT_MOD_VENDOR_APPLE,
  DRM_FORMAT_MOD_VENDOR_INTEL,
  DRM_FORMAT_MOD_VENDOR_MTK,
  DRM_FORMAT_MOD_VENDOR_QCOM,
  DRM_FORMAT_MOD_VENDOR_SAMSUNG,
  DRM_FORMAT_MOD_VENDOR_VIVANTE,
  fourcc_mod_code,
} from "./drm_fourcc_code.ts";

/** Intel: X tiles, 4 KiB, row after row. */
export const I915_FORMAT_MOD_X_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 1n);
/** Intel: Y tiles, 4 KiB, columns of 16 bytes. */
export const I915_FORMAT_MOD_Y_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 2n);
/** Intel: Yf tiles, 4 KiB of 64-byte blocks. */
export const I915_FORMAT_MOD_Yf_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 3n);
/** Intel: Y tiles with render compression in plane 1. */
export const I915_FORMAT_MOD_Y_TILED_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 4n);
/** Intel: Yf tiles with render compression in plane 1. */
export const I915_FORMAT_MOD_Yf_TILED_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 5n);
/** Intel: Y tiles with render compression of Gen-12. */
export const I915_FORMAT_MOD_Y_TILED_GEN12_RC_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 6n);
/** Intel: Y tiles with media compression of Gen-12. */
export const I915_FORMAT_MOD_Y_TILED_GEN12_MC_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 7n);
/** Intel: Y tiles with render compression of Gen-12 and a clear colour. */
export const I915_FORMAT_MOD_Y_TILED_GEN12_RC_CCS_CC: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 8n);
/** Intel: tile 4, 4 KiB. */
export const I915_FORMAT_MOD_4_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 9n);
/** Intel: tile 4 with render compression of DG2. */
export const I915_FORMAT_MOD_4_TILED_DG2_RC_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 10n);
/** Intel: tile 4 with media compression of DG2. */
export const I915_FORMAT_MOD_4_TILED_DG2_MC_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 11n);
/** Intel: tile 4 with render compression of DG2 and a clear colour. */
export const I915_FORMAT_MOD_4_TILED_DG2_RC_CCS_CC: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 12n);
/** Intel: tile 4 with render compression of Meteor Lake. */
export const I915_FORMAT_MOD_4_TILED_MTL_RC_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 13n);
/** Intel: tile 4 with media compression of Meteor Lake. */
export const I915_FORMAT_MOD_4_TILED_MTL_MC_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 14n);
/** Intel: tile 4 with render compression of Meteor Lake and a clear colour. */
export const I915_FORMAT_MOD_4_TILED_MTL_RC_CCS_CC: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 15n);
/** Intel: tile 4 with the compression of Lunar Lake. */
export const I915_FORMAT_MOD_4_TILED_LNL_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 16n);
/** Intel: tile 4 with the compression of Battlemage. */
export const I915_FORMAT_MOD_4_TILED_BMG_CCS: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_INTEL, 17n);

/** Samsung: tiles of 64x32 in Z order. */
export const DRM_FORMAT_MOD_SAMSUNG_64_32_TILE: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_SAMSUNG, 1n);
/** Samsung: tiles of 16x16. */
export const DRM_FORMAT_MOD_SAMSUNG_16_16_TILE: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_SAMSUNG, 2n);
/** Tiles of 16x16, whoever makes them. */
export const DRM_FORMAT_MOD_GENERIC_16_16_TILE: bigint = DRM_FORMAT_MOD_SAMSUNG_16_16_TILE;

/** Qualcomm: compressed, UBWC. */
export const DRM_FORMAT_MOD_QCOM_COMPRESSED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_QCOM, 1n);
/** Qualcomm: tiled, without compression, second kind. */
export const DRM_FORMAT_MOD_QCOM_TILED2: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_QCOM, 2n);
/** Qualcomm: tiled, without compression, third kind. */
export const DRM_FORMAT_MOD_QCOM_TILED3: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_QCOM, 3n);

/** Vivante: tiles of 4x4. */
export const DRM_FORMAT_MOD_VIVANTE_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_VIVANTE, 1n);
/** Vivante: supertiles of 64x64. */
export const DRM_FORMAT_MOD_VIVANTE_SUPER_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_VIVANTE, 2n);
/** Vivante: tiles, split between two pixel pipes. */
export const DRM_FORMAT_MOD_VIVANTE_SPLIT_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_VIVANTE, 3n);
/** Vivante: supertiles, split between two pixel pipes. */
export const DRM_FORMAT_MOD_VIVANTE_SPLIT_SUPER_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_VIVANTE, 4n);
/** Vivante: or-ed in; tile status of 4 bits for 64 bytes. */
export const VIVANTE_MOD_TS_64_4 = 0x1000000000000n;
/** Vivante: or-ed in; tile status of 2 bits for 64 bytes. */
export const VIVANTE_MOD_TS_64_2 = 0x2000000000000n;
/** Vivante: or-ed in; tile status of 4 bits for 128 bytes. */
export const VIVANTE_MOD_TS_128_4 = 0x3000000000000n;
/** Vivante: or-ed in; tile status of 4 bits for 256 bytes. */
export const VIVANTE_MOD_TS_256_4 = 0x4000000000000n;
/** Vivante: the bits of tile status. */
export const VIVANTE_MOD_TS_MASK = 0xf000000000000n;
/** Vivante: or-ed in; compression DEC400. */
export const VIVANTE_MOD_COMP_DEC400 = 0x10000000000000n;
/** Vivante: the bits of compression. */
export const VIVANTE_MOD_COMP_MASK = 0xf0000000000000n;
/** Vivante: the bits that are or-ed in. */
export const VIVANTE_MOD_EXT_MASK: bigint = VIVANTE_MOD_TS_MASK | VIVANTE_MOD_COMP_MASK;

/** Allwinner: tiles of 32x32. */
export const DRM_FORMAT_MOD_ALLWINNER_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_ALLWINNER, 1n);

/** MediaTek: the bits of tiling. */
export const MTK_FMT_MOD_TILE_MASK = 0xfn;
/** MediaTek: no tiles. */
export const MTK_FMT_MOD_TILE_NONE = 0n;
/** MediaTek: luma in tiles of 16x32, chroma of 16x16. */
export const MTK_FMT_MOD_TILE_16L32S = 1n;
/** MediaTek: the bits of compression. */
export const MTK_FMT_MOD_COMPRESS_MASK = 0xf00n;
/** MediaTek: no compression. */
export const MTK_FMT_MOD_COMPRESS_NONE = 0n;
/** MediaTek: compression, version 1. */
export const MTK_FMT_MOD_COMPRESS_V1 = 0x100n;
/** MediaTek: the bits of the 10-bit layout. */
export const MTK_FMT_MOD_10BIT_LAYOUT_MASK = 0xf0000n;
/** MediaTek: 10 bits packed. */
export const MTK_FMT_MOD_10BIT_LAYOUT_PACKED = 0n;
/** MediaTek: low bits of 10 beside each tile. */
export const MTK_FMT_MOD_10BIT_LAYOUT_LSBTILED = 0x10000n;
/** MediaTek: low bits of 10 in raster order. */
export const MTK_FMT_MOD_10BIT_LAYOUT_LSBRASTER = 0x20000n;

/** A modifier of MediaTek from MTK_FMT_MOD_* bits. */
export function DRM_FORMAT_MOD_MTK(flags: bigint): bigint {
  return fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_MTK, flags);
}

/** MediaTek: tiles, without compression. */
export const DRM_FORMAT_MOD_MTK_16L_32S_TILE: bigint = DRM_FORMAT_MOD_MTK(MTK_FMT_MOD_TILE_16L32S);

/** Apple: tiles of the GPU. */
export const DRM_FORMAT_MOD_APPLE_GPU_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_APPLE, 1n);
/** Apple: tiles of the GPU, compressed. */
export const DRM_FORMAT_MOD_APPLE_GPU_TILED_COMPRESSED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_APPLE, 2n);

/** Amlogic: the bits of the layout. */
export const __fourcc_mod_amlogic_layout_mask = 0xff;
/** Amlogic: where the options begin. */
export const __fourcc_mod_amlogic_options_shift = 8;
/** Amlogic: the bits of the options, before the shift. */
export const __fourcc_mod_amlogic_options_mask = 0xff;
/** Amlogic: header and body in one buffer. */
export const AMLOGIC_FBC_LAYOUT_BASIC = 1;
/** Amlogic: only readable by the hardware that wrote it. */
export const AMLOGIC_FBC_LAYOUT_SCATTER = 2;
/** Amlogic: less memory for 8-bit content. */
export const AMLOGIC_FBC_OPTION_MEM_SAVING = 0x1;

/**
 * A modifier of Amlogic's compression.
 *
 * @param layout AMLOGIC_FBC_LAYOUT_*.
 * @param options AMLOGIC_FBC_OPTION_* bits.
 */
export function DRM_FORMAT_MOD_AMLOGIC_FBC(layout: number, options: number): bigint {
  const value = (layout & __fourcc_mod_amlogic_layout_mask) |
    ((options & __fourcc_mod_amlogic_options_mask) << __fourcc_mod_amlogic_options_shift);
  return fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_AMLOGIC, BigInt(value));
}
