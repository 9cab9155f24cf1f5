/** The request numbers against the table of ioctls: numbers, arguments, and the encodings that older headers gave. */

import { assert, assertEquals } from "@std/assert";
import * as uapi from "udrm/uapi/mod.ts";
import type { Struct } from "udrm/uapi/struct.ts";

const symbols = uapi as unknown as Record<string, unknown>;

type Row = Record<string, string>;

async function readTable(): Promise<Row[]> {
  const text = await Deno.readTextFile(new URL("../data/ioctls.tsv", import.meta.url));
  const [head, ...lines] = text.trimEnd().split("\n").map((line) => line.split("\t"));
  return lines.map((cells) => Object.fromEntries(head.map((name, i): [string, string] => [name, cells[i] ?? ""])));
}

Deno.test("every request of the table has its number, type, size and argument", async () => {
  const rows = await readTable();
  assert(rows.length >= 138, `${rows.length} rows`);
  for (const row of rows) {
    const request = symbols[row.name];
    assert(typeof request === "number", `${row.name} is missing`);
    assertEquals(request, Number(row.hex), row.name);
    assertEquals(uapi._IOC_NR(request), Number(row.nr), row.name);
    assertEquals(String.fromCharCode(uapi._IOC_TYPE(request)), row.type, row.name);
    const [, tag] = /^(?:struct|union) (\w+)$/.exec(row.arg) ?? [];
    if (tag) assertEquals((symbols[tag] as Struct<unknown>).size, uapi._IOC_SIZE(request), row.name);
  }
});

Deno.test("LEGACY_ENCODINGS are the table's, no more and no less", async () => {
  const expected = (await readTable()).flatMap((row) =>
    [...row.legacy_encodings.matchAll(/0x[0-9a-f]{8}/g)].map(([hex]) => `${row.name} ${hex}`)
  );
  const ours = uapi.LEGACY_ENCODINGS.map(({ name, encoding }) => `${name} 0x${encoding.toString(16)}`);
  assert(expected.length > 0, "the table has a column of older encodings");
  assertEquals(ours.toSorted(), expected.toSorted());
});
