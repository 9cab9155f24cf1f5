import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { arbitraryBytes, arbitraryStruct } from "../tests/arbitrary.ts";
import * as uapi from "./mod.ts";
import {
  array,
  type ArrayView,
  bytes,
  chars,
  type Struct,
  struct,
  tailBytes,
  tailStruct,
  u16,
  u32,
  u64,
  u8,
  VIEW,
  type View,
} from "./struct.ts";

interface pair {
  x: number;
  y: bigint;
}
const pair: Struct<pair> = struct<pair>("pair", { x: u32, y: u64 }, { size: 16 });

interface nest {
  kind: number;
  pair: View<pair>;
  more: ArrayView<View<pair>>;
}
const nest: Struct<nest> = struct<nest>("nest", {
  kind: u8,
  pair: pair.field("anonymous"),
  more: array(pair.field("anonymous"), 2),
}, { size: 56 });

Deno.test("struct refuses a size that the layout does not have", () => {
  assertEquals(pair.size, 16);
  assertThrows(
    () => struct<pair>("pair", { x: u32, y: u64 }, { size: 12 }),
    TypeError,
    "Cannot declare struct pair: sizeof is 16, not 12",
  );
});

Deno.test("struct places members at their alignment and rounds its size up to its own", () => {
  interface holes {
    a: number;
    b: number;
    c: bigint;
    d: number;
  }
  const holes = struct<holes>("holes", { a: u8, b: u16, c: u64, d: u8 }, { size: 24 });
  assertEquals(holes.fields.map((field) => field.offset), [0, 2, 8, 16]);
  assertEquals(holes.align, 8);
});

Deno.test("members of an anonymous struct are listed as offsetof names them", () => {
  assertEquals(nest.fields.map(({ name, offset, size }) => [name, offset, size]), [
    ["kind", 0, 1],
    ["pair", 8, 16],
    ["pair.x", 8, 4],
    ["pair.y", 16, 8],
    ["more", 24, 32],
    ["more[0].x", 24, 4],
    ["more[0].y", 32, 8],
  ]);
});

Deno.test("a union's members share their memory", () => {
  const wait = uapi.drm_wait_vblank.of({ request: { type: 1, sequence: 7, signal: 9n } });
  assertEquals(wait.reply.sequence, 7);
  wait.reply.tval_sec = -1n;
  assertEquals(wait.request.signal, (1n << 64n) - 1n);
});

Deno.test("of refuses a member that the struct does not have", () => {
  assertEquals(pair.of({ x: 1 }).x, 1);
  assertThrows(() => pair.of({ z: 1 } as unknown as pair), TypeError, "struct pair has no such member");
  assertThrows(() => pair.of({ toString: 1 } as unknown as pair), TypeError, "struct pair has no such member");
});

Deno.test("64-bit members are bigints, and take whole Numbers", () => {
  const view = pair.of({ x: 1, y: 0x2_0000_0003 });
  assertEquals(view.y, 0x2_0000_0003n);
  view.y = -1n;
  assertEquals(view.y, 0xffff_ffff_ffff_ffffn);
  assertThrows(() => pair.of({ y: 1.5 }), RangeError);
});

Deno.test("of copies a nested view", () => {
  const inner = pair.of({ x: 1, y: 2n });
  const view = nest.of({ pair: inner });
  inner.x = 5;
  assertEquals(view.pair.toJSON(), { x: 1, y: "0x2" });
});

Deno.test("at views memory in place, at offsets without alignment too", () => {
  const memory = new Uint8Array(40).subarray(3);
  const view = pair.at(memory, 5);
  view.x = 0x01020304;
  view.y = 0x1112131415161718n;
  assertEquals([...memory.subarray(5, 9)], [4, 3, 2, 1]);
  assertEquals(pair.at(memory.buffer, 8).y, view.y);
  assertEquals(pair.at(new DataView(memory.buffer, 1), 7).y, view.y);
});

for (
  const [name, offset] of [["one byte short", 1], ["behind the end", 17], ["negative", -1], [
    "not a number",
    NaN,
  ]] as const
) {
  Deno.test(`at refuses an offset that is ${name}`, () => {
    assertThrows(() => pair.at(new Uint8Array(16), offset), RangeError);
    assertEquals(pair.at(new Uint8Array(16), 0).x, 0);
  });
}

Deno.test("at does not reach past the end of a subarray", () => {
  assertThrows(() => pair.at(new Uint8Array(64).subarray(8, 23)), RangeError);
});

Deno.test("is tells views of its own struct from others", () => {
  assert(pair.is(pair.of()));
  assert(!pair.is(nest.of()));
  assert(!pair.is({ x: 1, y: 2n }));
});

Deno.test("JSON.stringify prints members, 64-bit ones in hexadecimal", () => {
  interface named {
    name: string;
    raw: Uint8Array;
    pair: View<pair>;
  }
  const named = struct<named>("named", { name: chars(4), raw: bytes(2), pair: pair.field() }, { size: 24 });
  const view = named.of({ name: "ab", raw: new Uint8Array([1, 2]), pair: { x: 3, y: 255n } });
  assertEquals(JSON.stringify(view), '{"name":"ab","raw":[1,2],"pair":{"x":3,"y":"0xff"}}');
});

interface list {
  count: bigint;
}
interface blob {
  count: number;
}
const list = tailStruct<list, pair>("list", { count: u64 }, "items", pair, { size: 8 });
const blob = tailBytes<blob>("blob", { count: u32 }, "data", { size: 4 });

Deno.test("tail gives as many elements as asked for, and never more than lie inside", () => {
  const memory = new Uint8Array(8 + 16 * 2 + 15);
  memory[8] = 1;
  memory[24] = 2;
  assertEquals(list.tail(memory, 1).map((item) => item.x), [1]);
  for (const count of [2, 3, 2 ** 32, Infinity]) assertEquals(list.tail(memory, count).map((item) => item.x), [1, 2]);
  for (const count of [0, -1, NaN]) assertEquals(list.tail(memory, count), []);
  assertEquals(list.tail(memory, 1, 16).map((item) => item.x), [2]);
  assertEquals(list.tail(memory, 1, 1000), []);
});

Deno.test("tail of bytes gives as many as asked for, and never more than lie inside", () => {
  const memory = new Uint8Array([9, 9, 9, 9, 1, 2, 3]);
  assertEquals(blob.tail(memory, 2), [1, 2]);
  for (const count of [3, 4, 2 ** 32, Infinity]) assertEquals(blob.tail(memory, count), [1, 2, 3]);
  for (const count of [0, -1, -6, NaN]) assertEquals(blob.tail(memory, count), []);
  assertEquals(blob.tail(memory, 5, 1), [2, 3]);
  assertEquals(blob.tail(memory, 5, 1000), []);
  assertThrows(() => blob.tail(memory, 1, -6), RangeError);
});

const everyStruct = (Object.values(uapi) as unknown[]).filter((value): value is Struct<Record<string, unknown>> =>
  typeof value === "object" && value !== null && "fields" in value && "of" in value
);

Deno.test("mod.ts exports every struct of the headers", () => {
  assert(everyStruct.length >= 166, `${everyStruct.length} structs`);
});

for (const type of everyStruct) {
  Deno.test(`${type.name}: of, bytes and at keep every member`, () => {
    fc.assert(
      fc.property(arbitraryStruct(type), (view) => {
        const copy = type.at(type.bytes(type.of(view)));
        assertEquals(JSON.stringify(copy), JSON.stringify(view));
      }),
      { numRuns: 40 },
    );
  });

  Deno.test(`${type.name}: reading random bytes never throws`, () => {
    fc.assert(
      fc.property(arbitraryBytes(type), (memory) => {
        const view = type.at(memory);
        JSON.stringify(view);
        assertEquals(type.bytes(view), memory);
        assertEquals(view[VIEW].byteLength, type.size);
      }),
      { numRuns: 40 },
    );
  });
}
