/**
 * Modifiers of Arm: AFBC and AFRC compression. Mirrors include/uapi/drm/drm_fourcc.h.
 * @module
 */

import { DRM_FORMAT_MOD_VENDOR_ARM, fourcc_mod_code } from "./drm_fourcc_code.ts";

/** Arm: kind of modifier, lossless compression. */
export const DRM_FORMAT_MOD_ARM_TYPE_AFBC = 0x00;
/** Arm: kind of modifier, others. */
export const DRM_FORMAT_MOD_ARM_TYPE_MISC = 0x01;
/** Arm: kind of modifier, compression at a fixed rate. */
export const DRM_FORMAT_MOD_ARM_TYPE_AFRC = 0x02;

/**
 * A modifier of Arm.
 *
 * @param type DRM_FORMAT_MOD_ARM_TYPE_*.
 * @param val 52 bits; higher ones are dropped.
 */
export function DRM_FORMAT_MOD_ARM_CODE(type: number, val: bigint): bigint {
  return fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_ARM, (BigInt(type) << 52n) | (val & 0xfffffffffffffn));
}

/** A modifier of AFBC, from AFBC_FORMAT_MOD_* bits. */
export function DRM_FORMAT_MOD_ARM_AFBC(mode: bigint): bigint {
  return DRM_FORMAT_MOD_ARM_CODE(DRM_FORMAT_MOD_ARM_TYPE_AFBC, mode);
}

/** A modifier of AFRC, from AFRC_FORMAT_MOD_* bits. */
export function DRM_FORMAT_MOD_ARM_AFRC(mode: bigint): bigint {
  return DRM_FORMAT_MOD_ARM_CODE(DRM_FORMAT_MOD_ARM_TYPE_AFRC, mode);
}

/** AFBC: the bits of the superblock's size. */
export const AFBC_FORMAT_MOD_BLOCK_SIZE_MASK = 0xfn;
/** AFBC: superblocks of 16x16. */
export const AFBC_FORMAT_MOD_BLOCK_SIZE_16x16 = 1n;
/** AFBC: superblocks of 32x8. */
export const AFBC_FORMAT_MOD_BLOCK_SIZE_32x8 = 2n;
/** AFBC: superblocks of 64x4. */
export const AFBC_FORMAT_MOD_BLOCK_SIZE_64x4 = 3n;
/** AFBC: luma of 32x8, chroma of 64x4. */
export const AFBC_FORMAT_MOD_BLOCK_SIZE_32x8_64x4 = 4n;
/** AFBC: lossless colour transform. */
export const AFBC_FORMAT_MOD_YTR = 0x10n;
/** AFBC: superblocks split in halves. */
export const AFBC_FORMAT_MOD_SPLIT = 0x20n;
/** AFBC: each superblock has room for its worst case. */
export const AFBC_FORMAT_MOD_SPARSE = 0x40n;
/** AFBC: copy-block restrict. */
export const AFBC_FORMAT_MOD_CBR = 0x80n;
/** AFBC: tiled headers. */
export const AFBC_FORMAT_MOD_TILED = 0x100n;
/** AFBC: solid colour blocks. */
export const AFBC_FORMAT_MOD_SC = 0x200n;
/** AFBC: may be drawn to the front buffer. */
export const AFBC_FORMAT_MOD_DB = 0x400n;
/** AFBC: content hints in the buffer. */
export const AFBC_FORMAT_MOD_BCH = 0x800n;
/** AFBC: uncompressed blocks may be stored. */
export const AFBC_FORMAT_MOD_USM = 0x1000n;

/** AFRC: the bits of a coding unit's size. */
export const AFRC_FORMAT_MOD_CU_SIZE_MASK = 0xfn;
/** AFRC: coding units of 16 bytes. */
export const AFRC_FORMAT_MOD_CU_SIZE_16 = 1n;
/** AFRC: coding units of 24 bytes. */
export const AFRC_FORMAT_MOD_CU_SIZE_24 = 2n;
/** AFRC: coding units of 32 bytes. */
export const AFRC_FORMAT_MOD_CU_SIZE_32 = 3n;
/** AFRC: laid out for scanlines, else for rotation. */
export const AFRC_FORMAT_MOD_LAYOUT_SCAN = 0x100n;

/** AFRC: the coding unit's size of plane 0, AFRC_FORMAT_MOD_CU_SIZE_*. */
export function AFRC_FORMAT_MOD_CU_SIZE_P0(size: bigint): bigint {
  return size;
}

/** AFRC: the coding unit's size of planes 1 and 2, AFRC_FORMAT_MOD_CU_SIZE_*. */
export function AFRC_FORMAT_MOD_CU_SIZE_P12(size: bigint): bigint {
  return size << 4n;
}

/** Arm: blocks of 16x16, interleaved as a Mali GPU draws them. */
export const DRM_FORMAT_MOD_ARM_16X16_BLOCK_U_INTERLEAVED: bigint = DRM_FORMAT_MOD_ARM_CODE(
  DRM_FORMAT_MOD_ARM_TYPE_MISC,
  1n,
);
