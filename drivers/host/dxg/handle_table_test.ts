import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "../../../core/error.ts";
import { HandleTable } from "./handle_table.ts";

Deno.test("the first handles are 0x40000000 and 0x40000040", () => {
  const table = new HandleTable<string>(8);
  assertEquals([table.add("a"), table.add("b")], [0x4000_0000, 0x4000_0040]);
  assertEquals([table.get(0x4000_0000), table.get(0x4000_0040), table.get(0x4000_0080)], ["a", "b", undefined]);
});

Deno.test("a handle of another unique or instance is refused, and so is 0", () => {
  const table = new HandleTable<string>(8);
  table.add("a");
  assertEquals([0, 0x8000_0000, 0xc000_0000, 0x4000_0001].map((h) => table.get(h)), Array(4).fill(undefined));
  assertEquals(table.remove(0x8000_0000), false);
});

Deno.test("a stale handle is refused after 20,000 reuses of the table", () => {
  const table = new HandleTable<number>(8);
  const stale = table.add(-1);
  assert(table.remove(stale));
  for (let i = 0; i < 20_000; i++) {
    const handle = table.add(i);
    assert(handle !== stale && table.get(stale) === undefined);
    table.remove(handle);
  }
  assertEquals(table.count, 0);
});

Deno.test("add throws ENOMEM at the limit, and has room again after a removal", () => {
  const table = new HandleTable<number>(2);
  const handle = table.add(1);
  table.add(2);
  assertThrows(() => table.add(3), DrmError);
  table.remove(handle);
  assertEquals(table.get(table.add(3)), 3);
});
