import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  array,
  type ArrayView,
  bytes,
  chars,
  s16,
  s32,
  s64,
  type Struct,
  struct,
  u16,
  u32,
  u53,
  u64,
  u8,
  type View,
} from "./struct.ts";

interface scalars {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: bigint;
  g: bigint;
  h: number;
}
const scalars: Struct<scalars> = struct<scalars>("scalars", {
  a: u8,
  b: u16,
  c: u32,
  d: s16,
  e: s32,
  f: u64,
  g: s64,
  h: u53,
}, { size: 40 });

interface inner {
  x: number;
  y: bigint;
}
const inner: Struct<inner> = struct<inner>("inner", { x: u32, y: u64 }, { size: 16 });

interface outer {
  list: ArrayView<number>;
  pairs: ArrayView<View<inner>>;
  raw: Uint8Array;
  name: string;
  one: View<inner>;
}
const outer: Struct<outer> = struct<outer>("outer", {
  list: array(u16, 3),
  pairs: array(inner.field(), 2),
  raw: bytes(5),
  name: chars(8),
  one: inner.field(),
}, { size: 72 });

const u64Bytes = (value: bigint): Uint8Array => new Uint8Array(new BigUint64Array([value]).buffer);
interface number53 {
  v: number;
}
const number53: Struct<number53> = struct<number53>("number53", { v: u53 }, { size: 8 });

Deno.test("scalars are little-endian at C's offsets, and wrap as C's conversions do", () => {
  const view = scalars.of({ a: 0x1ff, b: 0x10002, c: -1, d: -2, e: -3, f: -4n, g: -5n, h: 6 });
  assertEquals(view.toJSON(), { a: 0xff, b: 2, c: 0xffffffff, d: -2, e: -3, f: "0xfffffffffffffffc", g: "-0x5", h: 6 });
  assertEquals([...scalars.bytes(view).subarray(0, 12)], [0xff, 0, 2, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0, 0]);
});

Deno.test("u53 is exact up to 2^53", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => {
    const view = number53.of({ v: value });
    assertEquals(number53.bytes(view), u64Bytes(BigInt(value)));
    assertEquals(view.v, value);
  }));
});

Deno.test("u53 rounds above 2^53 as Number does, and never down to a small number", () => {
  fc.assert(fc.property(fc.bigInt({ min: 1n << 53n, max: (1n << 64n) - 1n }), (value) => {
    const view = number53.at(u64Bytes(value));
    assertEquals(view.v, Number(value));
    assertEquals(number53.of({ v: view.v }).v, view.v);
  }));
  assertEquals(number53.bytes(number53.of({ v: 2 ** 64 })), u64Bytes((1n << 64n) - 1n));
});

Deno.test("u64 and s64 are bit-exact", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
    const view = scalars.of({ f: value, g: BigInt.asIntN(64, value) });
    assertEquals(view.f, value);
    assertEquals(view.g, BigInt.asIntN(64, value));
    assertEquals(scalars.bytes(view).slice(16, 24), u64Bytes(value));
    assertEquals(scalars.bytes(view).slice(24, 32), u64Bytes(value));
  }));
});

Deno.test("chars reads up to the first NUL, or all of a field that has none", () => {
  const view = outer.of();
  const name = outer.bytes(view).subarray(45, 53);
  name.set([0x61, 0x62, 0, 0x63]);
  assertEquals(view.name, "ab");
  name.fill(0x7a);
  assertEquals(view.name, "zzzzzzzz");
});

Deno.test("chars truncates, keeps a final NUL, and clears what was there", () => {
  const view = outer.of({ name: "0123456789" });
  assertEquals(view.name, "0123456");
  view.name = "x";
  assertEquals([...outer.bytes(view).subarray(45, 53)], [0x78, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("chars keeps every byte but NUL, 0x80 to 0x9f too", () => {
  for (let byte = 1; byte < 256; byte++) {
    const view = outer.of({ name: String.fromCharCode(byte) });
    assertEquals(outer.bytes(view)[45], byte);
    assertEquals(view.name, String.fromCharCode(byte));
  }
});

Deno.test("an array reads and writes in place", () => {
  const view = outer.of({ list: [1, 2, 3] });
  view.list[1] = 7;
  assertEquals([...view.list], [1, 7, 3]);
  assertEquals(view.list.length, 3);
  assertEquals([...outer.bytes(view).subarray(0, 6)], [1, 0, 7, 0, 3, 0]);
});

Deno.test("an array clears the elements that it is not given", () => {
  const view = outer.of({ list: [1, 2, 3] });
  view.list = [9] as unknown as ArrayView<number>;
  assertEquals([...view.list], [9, 0, 0]);
});

Deno.test("an array refuses too many elements", () => {
  assertThrows(() => outer.of({ list: [1, 2, 3, 4] }), RangeError, "4 elements in an array of 3");
});

Deno.test("an index outside an array reads undefined and writes nothing", () => {
  const view = outer.of({ list: [1, 2, 3] });
  const before = outer.bytes(view).slice();
  assertEquals(view.list[3], undefined);
  view.list[3] = 5;
  view.list[-1] = 5;
  assertEquals(outer.bytes(view), before);
});

Deno.test("an array and bytes keep their values when assigned to themselves", () => {
  const view = outer.of({ list: [1, 2, 3], raw: new Uint8Array([5, 6, 7]) });
  const own = view.list;
  view.list = own;
  view.raw = view.raw.subarray(0, 2);
  assertEquals([...view.list], [1, 2, 3]);
  assertEquals([...view.raw], [5, 6, 0, 0, 0]);
});

Deno.test("bytes is a window over the struct's memory", () => {
  const view = outer.of();
  view.raw[4] = 0xaa;
  assertEquals(outer.bytes(view)[44], 0xaa);
  assertThrows(() => outer.of({ raw: new Uint8Array(6) }), RangeError, "6 bytes in an array of 5");
});

Deno.test("an array of structs takes partial objects, and its elements write through", () => {
  const view = outer.of({ pairs: [{ x: 1 }, { y: 2n }] });
  view.pairs[0].y = 3n;
  assertEquals(JSON.stringify(view.pairs), '[{"x":1,"y":"0x3"},{"x":0,"y":"0x2"}]');
  assertEquals(view.pairs[0].toJSON(), { x: 1, y: "0x3" });
  assertEquals(view.pairs[1].toJSON(), { x: 0, y: "0x2" });
});
