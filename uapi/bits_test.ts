import { assertEquals, assertThrows } from "@std/assert";
import { BITS, bits, bits64, bitsField, bitsField64, shiftOf } from "./bits.ts";
import { overlay, struct, u32, u64 } from "./struct.ts";

Deno.test("bits gives one mask a field, the highest bit unsigned", () => {
  const b = bits("b", { one: 1, three: 3, rest: 28 });
  assertEquals([b.one, b.three, b.rest], [1, 0xe, 0xfffffff0]);
  assertEquals(bits("w", { all: 32 }).all, 0xffffffff);
  assertEquals([shiftOf(b.one), shiftOf(b.three), shiftOf(b.rest), shiftOf(0x80000000)], [0, 1, 4, 31]);
});

Deno.test("bits64 gives bigints", () => {
  assertEquals(bits64("b", { one: 1, rest: 63 }).rest, 0xfffffffffffffffen);
});

Deno.test("bits: one may lie over another, and none beyond the scalar", () => {
  assertEquals(bits("b", { a: 1, b: 31, code: [1, 31] }).code, 0xfffffffe);
  assertThrows(() => bits("b", { a: 8, b: 1 }, 1), TypeError, "ends at bit 9 of 8");
});

Deno.test("bitsField is a scalar of the right size that knows its bits", () => {
  const b = bits("b", { low: 3, high: 5 }, 1);
  const s = struct<{ x: number; y: bigint }>("s", { x: bitsField(b), y: bitsField64(bits64("q", { q: 64 })) }, {
    size: 16,
  });
  assertEquals(s.fields[0], { name: "x", offset: 0, size: 1, kind: "uint", bits: b[BITS].bits });
  assertEquals(s.of({ x: b.high, y: 5n }).toJSON(), { x: 0xf8, y: "0x5" });
});

Deno.test("overlay lays members over each other; the next one follows the longest", () => {
  const s = struct<{ a: number; b: bigint; c: number; d: number }>("s", {
    a: u32,
    b: u64,
    c: overlay(8, u32),
    d: u32,
  }, { size: 24 });
  assertEquals(s.fields.map((f) => f.offset), [0, 8, 8, 16]);
  const view = s.of({ b: 0x1_0000_0007n });
  view.c = 9;
  assertEquals(view.b, 0x1_0000_0009n);
});

Deno.test("a packed struct has no padding and aligns to nothing", () => {
  const s = struct<{ a: number; b: bigint }>("s", { a: u32, b: u64 }, { size: 12, packed: true });
  assertEquals([s.align, s.fields[1].offset], [1, 4]);
});
