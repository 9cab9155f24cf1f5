/**
 * Codes of pixel formats and modifiers: how they are put together. Mirrors the macros of include/uapi/drm/drm_fourcc.h.
 * @module
 */

/**
 * A format code from its four characters, as a u32; the first is the lowest byte.
 *
 * ```ts
 * import { fourcc_code } from "udrm/uapi/drm_fourcc.ts";
 * if (fourcc_code("X", "R", "2", "4") !== 0x34325258) throw new Error("DRM_FORMAT_XRGB8888");
 * ```
 */
export function fourcc_code(a: string, b: string, c: string, d: string): number {
  return (a.charCodeAt(0) | (b.charCodeAt(0) << 8) | (c.charCodeAt(0) << 16) | (d.charCodeAt(0) << 24)) >>> 0;
}

/**
 * The four characters of a format code, for people: blanks at the end dropped, others than printable ASCII as dots, `-BE`
 * behind a big-endian one.
 */
export function fourccName(format: number): string {
  let name = "";
  for (let shift = 0; shift < 32; shift += 8) {
    const c = ((format & ~DRM_FORMAT_BIG_ENDIAN) >>> shift) & 0xff;
    name += c >= 0x20 && c < 0x7f ? String.fromCharCode(c) : ".";
  }
  return name.trimEnd() + (format >>> 31 ? "-BE" : "");
}

/** Bit of a format code: big-endian in place of little-endian. */
export const DRM_FORMAT_BIG_ENDIAN = 0x80000000;
/** No format. */
export const DRM_FORMAT_INVALID = 0;
/** The modifier value that no vendor may use. */
export const DRM_FORMAT_RESERVED = 0xffffffffffffffn;

/** Vendor of modifiers: none. */
export const DRM_FORMAT_MOD_VENDOR_NONE = 0x00;
/** Vendor of modifiers: Intel. */
export const DRM_FORMAT_MOD_VENDOR_INTEL = 0x01;
/** Vendor of modifiers: AMD. */
export const DRM_FORMAT_MOD_VENDOR_AMD = 0x02;
/** Vendor of modifiers: NVIDIA. */
export const DRM_FORMAT_MOD_VENDOR_NVIDIA = 0x03;
/** Vendor of modifiers: Samsung. */
export const DRM_FORMAT_MOD_VENDOR_SAMSUNG = 0x04;
/** Vendor of modifiers: Qualcomm. */
export const DRM_FORMAT_MOD_VENDOR_QCOM = 0x05;
/** Vendor of modifiers: Vivante. */
export const DRM_FORMAT_MOD_VENDOR_VIVANTE = 0x06;
/** Vendor of modifiers: Broadcom. */
export const DRM_FORMAT_MOD_VENDOR_BROADCOM = 0x07;
/** Vendor of modifiers: Arm. */
export const DRM_FORMAT_MOD_VENDOR_ARM = 0x08;
/** Vendor of modifiers: Allwinner. */
export const DRM_FORMAT_MOD_VENDOR_ALLWINNER = 0x09;
/** Vendor of modifiers: Amlogic. */
export const DRM_FORMAT_MOD_VENDOR_AMLOGIC = 0x0a;
/** Vendor of modifiers: MediaTek. */
export const DRM_FORMAT_MOD_VENDOR_MTK = 0x0b;
/** Vendor of modifiers: Apple. */
export const DRM_FORMAT_MOD_VENDOR_APPLE = 0x0c;

/**
 * A modifier from its vendor and the vendor's value.
 *
 * @param vendor DRM_FORMAT_MOD_VENDOR_*.
 * @param val 56 bits; higher ones are dropped.
 */
export function fourcc_mod_code(vendor: number, val: bigint): bigint {
  return (BigInt(vendor) << 56n) | (val & 0xffffffffffffffn);
}

/** The vendor of a modifier: DRM_FORMAT_MOD_VENDOR_*. */
export function fourcc_mod_get_vendor(modifier: bigint): number {
  return Number((modifier >> 56n) & 0xffn);
}

/** Whether a modifier is of a vendor, DRM_FORMAT_MOD_VENDOR_*. */
export function fourcc_mod_is_vendor(modifier: bigint, vendor: number): boolean {
  return fourcc_mod_get_vendor(modifier) === vendor;
}

/** Modifier: line after line. */
export const DRM_FORMAT_MOD_LINEAR = 0n;
/** Modifier: DRM_FORMAT_MOD_LINEAR by its old name. */
export const DRM_FORMAT_MOD_NONE = 0n;
/** Modifier: none given. */
export const DRM_FORMAT_MOD_INVALID = 0xffffffffffffffn;
