/**
 * Bit fields of a dword, for the state words of the virgl protocol.
 * @module
 */

/** Some bits of a dword. */
export interface BitField {
  /** the lowest one */
  readonly shift: number;
  /** how many */
  readonly bits: number;
  /** The field's value in a dword, unsigned. */
  get(dword: number): number;
  /** A dword with the field's value, other bits 0; of a greater value, its lower bits. */
  put(value: number): number;
}

/** A field of `bits` bits, 1 to 31, the lowest of which is bit `shift`. Throws a RangeError if they are not in 32. */
export function bitField(shift: number, bits: number): BitField {
  if (!(shift >= 0 && bits > 0 && bits < 32 && shift + bits <= 32)) {
    throw new RangeError(`Cannot have ${bits} bits at bit ${shift}: a dword has 32`);
  }
  const mask = 2 ** bits - 1;
  return Object.freeze({
    shift,
    bits,
    get: (dword: number) => dword >>> shift & mask,
    put: (value: number) => ((value & mask) << shift) >>> 0,
  });
}
