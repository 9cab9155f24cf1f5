import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { IdTable, Quota } from "./id_table.ts";

Deno.test("IdTable hands out the lowest free id, from 1", () => {
  const table = new IdTable<string>();
  assertEquals([table.add("a"), table.add("b"), table.add("c")], [1, 2, 3]);
  assertEquals(table.remove(2), "b");
  assertEquals(table.remove(1), "a");
  assertEquals([table.add("d"), table.add("e"), table.add("f")], [1, 2, 4]);
  assertEquals([...table], [[1, "d"], [2, "e"], [3, "c"], [4, "f"]]);
});

Deno.test("IdTable takes any number as an id", () => {
  const table = new IdTable<string>();
  table.add("a");
  for (const id of [0, -1, 2, 33, 1.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32 + 1, -(2 ** 32) + 1]) {
    assertEquals(table.get(id), undefined, String(id));
    assertEquals(table.remove(id), undefined, String(id));
    assertEquals(table.unpublish(id), undefined, String(id));
  }
  assertEquals(table.get(1), "a");
  assertEquals(table.count, 1);
});

Deno.test("IdTable: a reserved id is taken and invisible, an unpublished one too", () => {
  const table = new IdTable<string>();
  const id = table.reserve();
  assertEquals([id, table.get(id), table.count], [1, undefined, 1]);
  assertEquals(table.add("b"), 2);
  table.publish(id, "a");
  assertEquals(table.get(id), "a");
  assertEquals(table.unpublish(id), "a");
  assertEquals([table.get(id), table.unpublish(id), table.add("c")], [undefined, undefined, 3]);
  table.remove(id);
  assertEquals(table.add("d"), 1);
});

Deno.test("IdTable gives 0 when no id is left", () => {
  const table = new IdTable<number>(3);
  assertEquals([table.add(1), table.add(1), table.add(1), table.add(1), table.reserve()], [1, 2, 3, 0, 0]);
  table.remove(2);
  assertEquals([table.add(1), table.add(1)], [2, 0]);
});

Deno.test("IdTable behaves as a plain list of slots", () => {
  const command = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 80 }) }),
    fc.record({ kind: fc.constant("remove" as const), index: fc.nat() }),
    fc.record({ kind: fc.constant("reserve" as const) }),
  );
  fc.assert(fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
    const table = new IdTable<number>();
    const model: (number | null | undefined)[] = []; // null: reserved
    let next = 0;
    const lowest = (): number => {
      const free = model.indexOf(undefined);
      return free < 0 ? model.length : free;
    };
    for (const c of commands) {
      if (c.kind === "add") {
        for (let i = 0; i < c.count; i++) {
          const at = lowest();
          assertEquals(table.add(next), at + 1);
          model[at] = next++;
        }
      } else if (c.kind === "reserve") {
        const at = lowest();
        assertEquals(table.reserve(), at + 1);
        model[at] = null;
      } else if (model.length > 0) {
        const at = c.index % model.length;
        assertEquals(table.remove(at + 1), model[at] ?? undefined);
        model[at] = undefined;
      }
    }
    assertEquals(table.count, model.filter((v) => v !== undefined).length);
    assertEquals([...table], model.flatMap((v, i) => typeof v === "number" ? [[i + 1, v] as [number, number]] : []));
    for (let i = 0; i < model.length; i++) assertEquals(table.get(i + 1), model[i] ?? undefined);
  }));
});

Deno.test("IdTable grows over all its levels and fills every hole again", () => {
  const table = new IdTable<number>();
  const size = 32 ** 3 + 100;
  for (let i = 1; i <= size; i++) if (table.add(i) !== i) throw new Error(`id ${i}`);
  const holes = [1, 31, 32, 33, 1024, 1025, 32767, 32768, 32769, size];
  for (const id of holes) assertEquals(table.remove(id), id);
  for (const id of holes) assertEquals(table.add(-id), id);
  assertEquals(table.add(0), size + 1);
  for (let i = 1; i <= size + 1; i++) table.remove(i);
  assertEquals(table.count, 0);
  assert(table.add(1) === 1);
});

Deno.test("Quota: tables that share one are full together, and a removed id serves the other", () => {
  const quota = new Quota(3);
  const [a, b] = [new IdTable<string>(undefined, quota), new IdTable<string>(undefined, quota)];
  assertEquals([a.add("1"), a.add("2"), b.add("3")], [1, 2, 1]);
  assertEquals([a.add("4"), b.reserve()], [0, 0]);
  a.remove(1);
  a.remove(1);
  assertEquals(b.add("5"), 2);
  assertEquals([quota.used, a.count, b.count], [3, 1, 2]);
});
