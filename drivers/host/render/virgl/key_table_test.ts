import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { KeyTable } from "./key_table.ts";

Deno.test("KeyTable does what a Map of the words as text does", () => {
  const word = fc.integer({ min: 0, max: 3 });
  const step = fc.record({
    what: fc.constantFrom("set", "delete", "get"),
    key: fc.tuple(word, word, word),
    value: fc.nat(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const table = new KeyTable<number>(3), model = new Map<string, number>();
    for (const { what, key, value } of steps) {
      const words = Int32Array.from(key), text = key.join();
      if (what === "set") table.set(words, value), model.set(text, value);
      else if (what === "delete") table.delete(words), model.delete(text);
      assertEquals(table.get(words), model.get(text));
      assertEquals(table.size, model.size);
    }
    assertEquals([...table.values()].sort((a, b) => a - b), [...model.values()].sort((a, b) => a - b));
  }));
});

Deno.test("KeyTable keeps a copy of the key, and only its own words of it", () => {
  const table = new KeyTable<string>(2), key = Int32Array.of(1, 2, 3);
  table.set(key, "a");
  key[2] = 9;
  assertEquals(table.get(key), "a");
  key[0] = 5;
  assertEquals(table.get(key), undefined);
  assertEquals(table.get(Int32Array.of(1, 2)), "a");
  table.clear();
  assertEquals(table.get(Int32Array.of(1, 2)), undefined);
});
