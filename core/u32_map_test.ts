import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { U32Map } from "./u32_map.ts";

Deno.test("U32Map does what a Map does, whatever the ids", () => {
  const id = fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 0xffff_ffff }),
    fc.constant(0xffff_ffff),
  );
  const step = fc.record({ id, action: fc.constantFrom("set", "set", "delete", "get", "clear") });
  fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const map = new U32Map<number>();
    const model = new Map<number, number>();
    steps.forEach(({ id, action }, n) => {
      if (action === "set") {
        map.set(id, n);
        model.set(id, n);
      } else if (action === "delete") assertEquals(map.delete(id), model.delete(id));
      else if (action === "clear" && n % 50 === 0) {
        map.clear();
        model.clear();
      }
      assertEquals(map.get(id), model.get(id));
      assertEquals(map.size, model.size);
    });
    assertEquals([...map.values()].sort((a, b) => a - b), [...model.values()].sort((a, b) => a - b));
    for (const [key, value] of model) assertEquals(map.get(key), value);
  }));
});

Deno.test("U32Map: id 0 is never there", () => {
  const map = new U32Map<string>();
  map.set(1, "one");
  assertEquals(map.get(0), undefined);
  assertEquals(map.delete(0), false);
});

Deno.test("U32Map finds 100,000 ids that differ in their high bits alone", () => {
  const map = new U32Map<number>();
  for (let i = 1; i <= 100_000; i++) map.set((i << 12) >>> 0 || 1, i);
  assertEquals(map.get((99_999 << 12) >>> 0), 99_999);
});
