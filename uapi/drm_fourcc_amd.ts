/**
 * Modifiers of AMD: a tile version, a tiling, and fields of bits. Mirrors include/uapi/drm/drm_fourcc.h.
 * @module
 */

import { DRM_FORMAT_MOD_VENDOR_AMD, fourcc_mod_code } from "./drm_fourcc_code.ts";

/** AMD: the vendor's bits. */
export const AMD_FMT_MOD: bigint = fourcc_mod_code(DRM_FORMAT_MOD_VENDOR_AMD, 0n);

/** Whether a modifier is AMD's. */
export function IS_AMD_FMT_MOD(val: bigint): boolean {
  return val >> 56n === BigInt(DRM_FORMAT_MOD_VENDOR_AMD);
}

/** TILE_VERSION: GFX9. */
export const AMD_FMT_MOD_TILE_VER_GFX9 = 1;
/** TILE_VERSION: GFX10. */
export const AMD_FMT_MOD_TILE_VER_GFX10 = 2;
/** TILE_VERSION: GFX10 with RB+. */
export const AMD_FMT_MOD_TILE_VER_GFX10_RBPLUS = 3;
/** TILE_VERSION: GFX11. */
export const AMD_FMT_MOD_TILE_VER_GFX11 = 4;
/** TILE_VERSION: GFX12. */
export const AMD_FMT_MOD_TILE_VER_GFX12 = 5;

/** TILE: 64 KiB, standard. */
export const AMD_FMT_MOD_TILE_GFX9_64K_S = 9;
/** TILE: 64 KiB, display. */
export const AMD_FMT_MOD_TILE_GFX9_64K_D = 10;
/** TILE: 64 KiB, standard, swizzled. */
export const AMD_FMT_MOD_TILE_GFX9_64K_S_X = 25;
/** TILE: 64 KiB, display, swizzled. */
export const AMD_FMT_MOD_TILE_GFX9_64K_D_X = 26;
/** TILE: 64 KiB, render, swizzled. */
export const AMD_FMT_MOD_TILE_GFX9_64K_R_X = 27;
/** TILE: 256 KiB, render, swizzled. */
export const AMD_FMT_MOD_TILE_GFX11_256K_R_X = 31;
/** TILE of GFX12: 256 bytes. */
export const AMD_FMT_MOD_TILE_GFX12_256B_2D = 1;
/** TILE of GFX12: 4 KiB. */
export const AMD_FMT_MOD_TILE_GFX12_4K_2D = 2;
/** TILE of GFX12: 64 KiB. */
export const AMD_FMT_MOD_TILE_GFX12_64K_2D = 3;
/** TILE of GFX12: 256 KiB. */
export const AMD_FMT_MOD_TILE_GFX12_256K_2D = 4;

/** DCC_MAX_COMPRESSED_BLOCK: 64 bytes. */
export const AMD_FMT_MOD_DCC_BLOCK_64B = 0;
/** DCC_MAX_COMPRESSED_BLOCK: 128 bytes. */
export const AMD_FMT_MOD_DCC_BLOCK_128B = 1;
/** DCC_MAX_COMPRESSED_BLOCK: 256 bytes. */
export const AMD_FMT_MOD_DCC_BLOCK_256B = 2;

/** TILE_VERSION, the tile version: its lowest bit. */
export const AMD_FMT_MOD_TILE_VERSION_SHIFT = 0;
/** TILE_VERSION: its bits, before the shift. */
export const AMD_FMT_MOD_TILE_VERSION_MASK = 0xff;
/** TILE, the tiling: its lowest bit. */
export const AMD_FMT_MOD_TILE_SHIFT = 8;
/** TILE: its bits, before the shift. */
export const AMD_FMT_MOD_TILE_MASK = 0x1f;
/** DCC, compression with DCC: its lowest bit. */
export const AMD_FMT_MOD_DCC_SHIFT = 13;
/** DCC: its bits, before the shift. */
export const AMD_FMT_MOD_DCC_MASK = 0x1;
/** DCC_RETILE, a second DCC surface for the display: its lowest bit. */
export const AMD_FMT_MOD_DCC_RETILE_SHIFT = 14;
/** DCC_RETILE: its bits, before the shift. */
export const AMD_FMT_MOD_DCC_RETILE_MASK = 0x1;
/** DCC_PIPE_ALIGN, DCC aligned to pipes: its lowest bit. */
export const AMD_FMT_MOD_DCC_PIPE_ALIGN_SHIFT = 15;
/** DCC_PIPE_ALIGN: its bits, before the shift. */
export const AMD_FMT_MOD_DCC_PIPE_ALIGN_MASK = 0x1;
/** DCC_INDEPENDENT_64B, independent blocks of 64 bytes: its lowest bit. */
export const AMD_FMT_MOD_DCC_INDEPENDENT_64B_SHIFT = 16;
/** DCC_INDEPENDENT_64B: its bits, before the shift. */
export const AMD_FMT_MOD_DCC_INDEPENDENT_64B_MASK = 0x1;
/** DCC_INDEPENDENT_128B, independent blocks of 128 bytes: its lowest bit. */
export const AMD_FMT_MOD_DCC_INDEPENDENT_128B_SHIFT = 17;
/** DCC_INDEPENDENT_128B: its bits, before the shift. */
export const AMD_FMT_MOD_DCC_INDEPENDENT_128B_MASK = 0x1;
/** DCC_MAX_COMPRESSED_BLOCK, the greatest compressed block: its lowest bit. */
export const AMD_FMT_MOD_DCC_MAX_COMPRESSED_BLOCK_SHIFT = 18;
/** DCC_MAX_COMPRESSED_BLOCK: its bits, before the shift. */
export const AMD_FMT_MOD_DCC_MAX_COMPRESSED_BLOCK_MASK = 0x3;
/** DCC_CONSTANT_ENCODE, constant encoding: its lowest bit. */
export const AMD_FMT_MOD_DCC_CONSTANT_ENCODE_SHIFT = 20;
/** DCC_CONSTANT_ENCODE: its bits, before the shift. */
export const AMD_FMT_MOD_DCC_CONSTANT_ENCODE_MASK = 0x1;
/** PIPE_XOR_BITS, bits of the pipe swizzle: its lowest bit. */
export const AMD_FMT_MOD_PIPE_XOR_BITS_SHIFT = 21;
/** PIPE_XOR_BITS: its bits, before the shift. */
export const AMD_FMT_MOD_PIPE_XOR_BITS_MASK = 0x7;
/** BANK_XOR_BITS, bits of the bank swizzle: its lowest bit. */
export const AMD_FMT_MOD_BANK_XOR_BITS_SHIFT = 24;
/** BANK_XOR_BITS: its bits, before the shift. */
export const AMD_FMT_MOD_BANK_XOR_BITS_MASK = 0x7;
/** PACKERS, log2 of packers: its lowest bit. */
export const AMD_FMT_MOD_PACKERS_SHIFT = 27;
/** PACKERS: its bits, before the shift. */
export const AMD_FMT_MOD_PACKERS_MASK = 0x7;
/** RB, log2 of render backends: its lowest bit. */
export const AMD_FMT_MOD_RB_SHIFT = 30;
/** RB: its bits, before the shift. */
export const AMD_FMT_MOD_RB_MASK = 0x7;
/** PIPE, log2 of pipes: its lowest bit. */
export const AMD_FMT_MOD_PIPE_SHIFT = 33;
/** PIPE: its bits, before the shift. */
export const AMD_FMT_MOD_PIPE_MASK = 0x7;

/** A field of AMD's modifiers, as the header's macros name it. */
export type AmdFmtModField =
  | "TILE_VERSION"
  | "TILE"
  | "DCC"
  | "DCC_RETILE"
  | "DCC_PIPE_ALIGN"
  | "DCC_INDEPENDENT_64B"
  | "DCC_INDEPENDENT_128B"
  | "DCC_MAX_COMPRESSED_BLOCK"
  | "DCC_CONSTANT_ENCODE"
  | "PIPE_XOR_BITS"
  | "BANK_XOR_BITS"
  | "PACKERS"
  | "RB"
  | "PIPE";

const FIELDS: Readonly<Record<AmdFmtModField, readonly [shift: number, mask: number]>> = {
  TILE_VERSION: [AMD_FMT_MOD_TILE_VERSION_SHIFT, AMD_FMT_MOD_TILE_VERSION_MASK],
  TILE: [AMD_FMT_MOD_TILE_SHIFT, AMD_FMT_MOD_TILE_MASK],
  DCC: [AMD_FMT_MOD_DCC_SHIFT, AMD_FMT_MOD_DCC_MASK],
  DCC_RETILE: [AMD_FMT_MOD_DCC_RETILE_SHIFT, AMD_FMT_MOD_DCC_RETILE_MASK],
  DCC_PIPE_ALIGN: [AMD_FMT_MOD_DCC_PIPE_ALIGN_SHIFT, AMD_FMT_MOD_DCC_PIPE_ALIGN_MASK],
  DCC_INDEPENDENT_64B: [AMD_FMT_MOD_DCC_INDEPENDENT_64B_SHIFT, AMD_FMT_MOD_DCC_INDEPENDENT_64B_MASK],
  DCC_INDEPENDENT_128B: [AMD_FMT_MOD_DCC_INDEPENDENT_128B_SHIFT, AMD_FMT_MOD_DCC_INDEPENDENT_128B_MASK],
  DCC_MAX_COMPRESSED_BLOCK: [AMD_FMT_MOD_DCC_MAX_COMPRESSED_BLOCK_SHIFT, AMD_FMT_MOD_DCC_MAX_COMPRESSED_BLOCK_MASK],
  DCC_CONSTANT_ENCODE: [AMD_FMT_MOD_DCC_CONSTANT_ENCODE_SHIFT, AMD_FMT_MOD_DCC_CONSTANT_ENCODE_MASK],
  PIPE_XOR_BITS: [AMD_FMT_MOD_PIPE_XOR_BITS_SHIFT, AMD_FMT_MOD_PIPE_XOR_BITS_MASK],
  BANK_XOR_BITS: [AMD_FMT_MOD_BANK_XOR_BITS_SHIFT, AMD_FMT_MOD_BANK_XOR_BITS_MASK],
  PACKERS: [AMD_FMT_MOD_PACKERS_SHIFT, AMD_FMT_MOD_PACKERS_MASK],
  RB: [AMD_FMT_MOD_RB_SHIFT, AMD_FMT_MOD_RB_MASK],
  PIPE: [AMD_FMT_MOD_PIPE_SHIFT, AMD_FMT_MOD_PIPE_MASK],
};

/** A field's value at its place in a modifier; it is not cut to the field's bits. */
export function AMD_FMT_MOD_SET(field: AmdFmtModField, value: number): bigint {
  return BigInt(value) << BigInt(FIELDS[field][0]);
}

/** A field's value out of a modifier. */
export function AMD_FMT_MOD_GET(field: AmdFmtModField, value: bigint): number {
  const [shift, mask] = FIELDS[field];
  return Number((value >> BigInt(shift)) & BigInt(mask));
}

/** The mask, 64 bits, that clears a field of a modifier. */
export function AMD_FMT_MOD_CLEAR(field: AmdFmtModField): bigint {
  const [shift, mask] = FIELDS[field];
  return BigInt.asUintN(64, ~(BigInt(mask) << BigInt(shift)));
}
