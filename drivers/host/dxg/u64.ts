/**
 * 64-bit members as Numbers where they are exact, as bigints beyond: fence values compare right either way, and the usual
 * ones cost no bigint.
 * @module
 */

/** 0 to 2^64 - 1; a Number if it is a safe integer. */
export type U64 = number | bigint;

/** The greatest. */
export const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** Reads 8 bytes at an offset. */
export function readU64(view: DataView, offset: number): U64 {
  const high = view.getUint32(offset + 4, true);
  if (high < 0x20_0000) return high * 0x1_0000_0000 + view.getUint32(offset, true);
  return view.getBigUint64(offset, true);
}

/** Writes 8 bytes at an offset. */
export function writeU64(view: DataView, offset: number, value: U64): void {
  if (typeof value === "number") {
    view.setUint32(offset, value >>> 0, true);
    view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
  } else view.setBigUint64(offset, value, true);
}

/** One more; 2^64 - 1 stays. */
export function nextU64(value: U64): U64 {
  if (typeof value === "number" && value < Number.MAX_SAFE_INTEGER) return value + 1;
  const next = BigInt(value) + 1n;
  return next > U64_MAX ? U64_MAX : next;
}
