/**
 * Modifiers of NVIDIA and Broadcom, which carry parameters. Mirrors include/uapi/drm/drm_fourcc.h.
 * @module
 */

import { DRM_FORMAT_MOD_VENDOR_BROADCOM, DRM_FORMAT_MOD_VENDOR_NVIDIA, fourcc_mod_code } from "./drm_fourcc_code.ts";

/** NVIDIA: tiles of old Tegra. */
export const DRM_FORMAT_MOD_NVIDIA_TEGRA_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_NVIDIA, 1n);

/**
 * A block-linear modifier of NVIDIA.
 *
 * @param c compression, 3 bits.
 * @param s sector layout, 1 bit.
 * @param g generation of page kinds, 2 bits.
 * @param k page kind, 8 bits.
 * @param h log2 of the block's height in GOBs, 4 bits.
 */
export function DRM_FORMAT_MOD_NVIDIA_BLOCK_LINEAR_2D(c: number, s: number, g: number, k: number, h: number): bigint {
  const value = 0x10 | (h & 0xf) | ((k & 0xff) << 12) | ((g & 0x3) << 20) | ((s & 0x1) << 22) | ((c & 0x7) << 23);
  return fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_NVIDIA, BigInt(value));
}

/**
 * A block-linear modifier of NVIDIA with page kind 0, as old kernels gave them: see
 * {@linkcode drm_fourcc_canonicalize_nvidia_format_mod}.
 */
export function DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(v: number): bigint {
  return DRM_FORMAT_MOD_NVIDIA_BLOCK_LINEAR_2D(0, 0, 0, 0, v);
}

/** The modifier with page kind 0xfe in place of 0, if it is a block-linear one of NVIDIA; else the modifier itself. */
export function drm_fourcc_canonicalize_nvidia_format_mod(modifier: bigint): bigint {
  return (modifier & 0x10n) === 0n || (modifier & (0xffn << 12n)) !== 0n ? modifier : modifier | (0xfen << 12n);
}

/** NVIDIA: blocks one GOB high. */
export const DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK_ONE_GOB: bigint = DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(0);
/** NVIDIA: blocks two GOBs high. */
export const DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK_TWO_GOB: bigint = DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(1);
/** NVIDIA: blocks four GOBs high. */
export const DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK_FOUR_GOB: bigint = DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(2);
/** NVIDIA: blocks eight GOBs high. */
export const DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK_EIGHT_GOB: bigint = DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(3);
/** NVIDIA: blocks sixteen GOBs high. */
export const DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK_SIXTEEN_GOB: bigint = DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(4);
/** NVIDIA: blocks thirty-two GOBs high. */
export const DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK_THIRTYTWO_GOB: bigint = DRM_FORMAT_MOD_NVIDIA_16BX2_BLOCK(5);

/** Broadcom: where the parameter begins. */
export const __fourcc_mod_broadcom_param_shift = 8;
/** Broadcom: bits of the parameter. */
export const __fourcc_mod_broadcom_param_bits = 48;

const BROADCOM_PARAM = ((1n << BigInt(__fourcc_mod_broadcom_param_bits)) - 1n) <<
  BigInt(__fourcc_mod_broadcom_param_shift);

/**
 * A modifier of Broadcom.
 *
 * @param val the layout, 8 bits.
 * @param params its parameter, 48 bits.
 */
export function fourcc_mod_broadcom_code(val: number, params: number): bigint {
  const value = (BigInt(params) << BigInt(__fourcc_mod_broadcom_param_shift)) | BigInt(val);
  return fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_BROADCOM, value);
}

/** The parameter of a modifier of Broadcom, as the header's macro cuts it: a signed 32-bit number. */
export function fourcc_mod_broadcom_param(modifier: bigint): number {
  return Number(BigInt.asIntN(32, (modifier & BROADCOM_PARAM) >> BigInt(__fourcc_mod_broadcom_param_shift)));
}

/** A modifier of Broadcom without its parameter. */
export function fourcc_mod_broadcom_mod(modifier: bigint): bigint {
  return modifier & ~BROADCOM_PARAM;
}

/** Broadcom: columns of 32 bytes, `v` lines apart. */
export function DRM_FORMAT_MOD_BROADCOM_SAND32_COL_HEIGHT(v: number): bigint {
  return fourcc_mod_broadcom_code(2, v);
}
/** Broadcom: columns of 64 bytes, `v` lines apart. */
export function DRM_FORMAT_MOD_BROADCOM_SAND64_COL_HEIGHT(v: number): bigint {
  return fourcc_mod_broadcom_code(3, v);
}
/** Broadcom: columns of 128 bytes, `v` lines apart. */
export function DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(v: number): bigint {
  return fourcc_mod_broadcom_code(4, v);
}
/** Broadcom: columns of 256 bytes, `v` lines apart. */
export function DRM_FORMAT_MOD_BROADCOM_SAND256_COL_HEIGHT(v: number): bigint {
  return fourcc_mod_broadcom_code(5, v);
}

/** Broadcom: T tiles of VC4. */
export const DRM_FORMAT_MOD_BROADCOM_VC4_T_TILED: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_BROADCOM, 1n);
/** Broadcom: columns of 32 bytes. */
export const DRM_FORMAT_MOD_BROADCOM_SAND32: bigint = DRM_FORMAT_MOD_BROADCOM_SAND32_COL_HEIGHT(0);
/** Broadcom: columns of 64 bytes. */
export const DRM_FORMAT_MOD_BROADCOM_SAND64: bigint = DRM_FORMAT_MOD_BROADCOM_SAND64_COL_HEIGHT(0);
/** Broadcom: columns of 128 bytes. */
export const DRM_FORMAT_MOD_BROADCOM_SAND128: bigint = DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(0);
/** Broadcom: columns of 256 bytes. */
export const DRM_FORMAT_MOD_BROADCOM_SAND256: bigint = DRM_FORMAT_MOD_BROADCOM_SAND256_COL_HEIGHT(0);
/** Broadcom: tiles of V3D. */
export const DRM_FORMAT_MOD_BROADCOM_UIF: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_BROADCOM, 6n);
