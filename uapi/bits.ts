/**
 * C bit-fields as masks over the scalar that holds them: `flags & d3dddi_evict_flags.not_written_to`.
 * @module
 */

import { type BitInfo, type Field, s32, u16, u32, u64, u8 } from "./struct.ts";

/** The key under which a {@linkcode Bits} keeps its layout. */
export const BITS: unique symbol = Symbol("udrm.bits");

/** The layout behind a {@linkcode Bits}. */
export interface BitsLayout {
  /** The C tag. */
  readonly name: string;
  /** `sizeof`, bytes. */
  readonly size: number;
  /** The bit-fields, in the header's order. */
  readonly bits: readonly BitInfo[];
}

/** A struct of bit-fields: one mask for each, by the header's name. */
export type Bits<K extends string> = { readonly [N in K]: number } & { readonly [BITS]: BitsLayout };

/** As {@linkcode Bits}, of 64 bits: the masks are bigints. */
export type Bits64<K extends string> = { readonly [N in K]: bigint } & { readonly [BITS]: BitsLayout };

/** Widths of bit-fields in the header's order; `[shift, width]` where one lies over others. */
export type Widths<K extends string> = { readonly [N in K]: number | readonly [shift: number, width: number] };

function layout(name: string, widths: Readonly<Record<string, number | readonly [number, number]>>, size: number) {
  let next = 0;
  const bits = Object.entries(widths).map(([name, width]): BitInfo => {
    const info = typeof width === "number" ? { name, shift: next, width } : { name, shift: width[0], width: width[1] };
    next = info.shift + info.width;
    if (next > size * 8) throw new TypeError(`Cannot place ${name}: it ends at bit ${next} of ${size * 8}`);
    return info;
  });
  return { name, size, bits };
}

/**
 * Declares a struct of bit-fields.
 *
 * @param name the C tag.
 * @param widths bits of each, from the lowest bit up.
 * @param size of the scalar that holds them, bytes: 1, 2 or 4.
 * @throws {TypeError} when the fields do not fit.
 */
export function bits<K extends string>(name: string, widths: Widths<K>, size: 1 | 2 | 4 = 4): Bits<K> {
  const made = layout(name, widths, size);
  const masks = made.bits.map(({ name, shift, width }) => [name, ((2 ** width - 1) * 2 ** shift) >>> 0]);
  return { ...Object.fromEntries(masks), [BITS]: made };
}

/** As {@linkcode bits}, of 64 bits. */
export function bits64<K extends string>(name: string, widths: Widths<K>): Bits64<K> {
  const made = layout(name, widths, 8);
  const masks = made.bits.map(({ name, shift, width }) => [name, ((1n << BigInt(width)) - 1n) << BigInt(shift)]);
  return { ...Object.fromEntries(masks), [BITS]: made };
}

/** The scalar that holds bit-fields, as a member of a struct: u8, u16 or u32 by their size. */
export function bitsField(of: { readonly [BITS]: BitsLayout }): Field<number> {
  const { size, bits } = of[BITS];
  return { ...(size === 1 ? u8 : size === 2 ? u16 : u32), bits };
}

/** As {@linkcode bitsField}, signed. */
export function bitsFieldSigned(of: { readonly [BITS]: BitsLayout }): Field<number> {
  return { ...s32, bits: of[BITS].bits };
}

/** As {@linkcode bitsField}, of 64 bits. */
export function bitsField64(of: { readonly [BITS]: BitsLayout }): Field<bigint> {
  return { ...u64, bits: of[BITS].bits };
}

/** The lowest bit of a mask: what a value shifts by. @param mask more than 0. */
export function shiftOf(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
