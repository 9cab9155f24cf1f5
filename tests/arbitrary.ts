/**
 * Generators of test input from the struct tables of uapi/: random bytes, and structs whose members prefer the values at
 * which checks go wrong (0, 1, the largest, the sign bit, page and 32-bit borders).
 * @module
 */

import fc from "fast-check";
import type { FieldInfo, Struct, View } from "../uapi/struct.ts";

/** Bytes of a struct, or of a buffer somewhat shorter or longer when `slack` is given. */
export function arbitraryBytes(type: Struct<unknown>, slack = 0): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.uint8Array({ minLength: Math.max(0, type.size - slack), maxLength: type.size + slack })
    .map((bytes) => new Uint8Array(bytes));
}

const BORDERS = [
  0n,
  1n,
  2n,
  3n,
  0x7fn,
  0x80n,
  0xfffn,
  0x1000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  1n << 53n,
];

/** A number of `size` bytes: borders as often as anything else. */
function arbitraryScalar(size: number): fc.Arbitrary<bigint> {
  const max = (1n << BigInt(8 * size)) - 1n;
  return fc.oneof(
    fc.constantFrom(...BORDERS.filter((border) => border <= max), max, max >> 1n, (max >> 1n) + 1n),
    fc.bigInt({ min: 0n, max }),
  );
}

/** The bytes of one member. */
function arbitraryMember(field: FieldInfo): fc.Arbitrary<Uint8Array> {
  switch (field.kind) {
    case "array":
    case "bytes":
    case "struct":
      return fc.uint8Array({ minLength: field.size, maxLength: field.size });
    case "chars":
      return fc.tuple(fc.uint8Array({ minLength: field.size, maxLength: field.size }), fc.nat(field.size - 1))
        .map(([bytes, length]) => bytes.fill(0, length));
    case "float":
      return fc.float({ noNaN: true }).map((value) => { // a NaN may come back with other bits
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setFloat32(0, value, true);
        return bytes;
      });
    default:
      return arbitraryScalar(field.size).map((value) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, value, true);
        return bytes.subarray(0, field.size);
      });
  }
}

/** A struct with members of arbitrary values; strings end in a NUL, padding is zero. */
export function arbitraryStruct<T>(type: Struct<T>): fc.Arbitrary<View<T>> {
  const members = type.fields.filter((field) => !field.name.includes(".") && field.size > 0);
  return fc.tuple(...members.map(arbitraryMember)).map((values) => {
    const view = type.of();
    const bytes = type.bytes(view);
    members.forEach((field, i) => bytes.set(values[i], field.offset));
    return view;
  });
}
