/**
 * `deno task bench [NAME...] [--json FILE]`: every bench, or those whose names contain a word given, as a table and as JSON.
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Bench, type BenchRow, reached } from "./harness.ts";

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  ioctl: async () => (await import("./ioctl.ts")).bench,
  gem: async () => (await import("./gem.ts")).bench,
  syncobj: async () => (await import("./syncobj.ts")).bench,
  live_objects: async () => (await import("./live_objects.ts")).bench,
  virtqueue: async () => (await import("./virtqueue.ts")).bench,
  flip: async () => (await import("./flip.ts")).bench,
  door: async () => (await import("./door.ts")).bench,
  vkms: async () => (await import("./vkms.ts")).bench,
  vulkan2d: async () => (await import("./vulkan2d.ts")).bench,
  rfb: async () => (await import("./rfb.ts")).bench,
  virgl: async () => (await import("./virgl.ts")).bench,
  virgl_draw: async () => (await import("./virgl_draw.ts")).bench,
  dxg: async () => (await import("./dxg.ts")).bench,
  vk_cmd: async () => (await import("./vk_cmd.ts")).bench,
  guest: async () => (await import("./guest.ts")).bench,
};

const HELP = `Usage: deno task bench [NAME...] [--json FILE]

Measures udrm against references of the same run. A ratio is udrm's figure divided by the reference's.

  NAME         only these: ${Object.keys(BENCHES).join(", ")}
  --json FILE  also write the rows: {name, value, unit, reference, referenceValue, ratio}
  --help       this text

Example: deno task bench ioctl gem --json out/bench.json`;

const round = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);

function table(rows: readonly BenchRow[]): string {
  const lines = [["bench", "value", "unit", "reference", "value", "ratio", "target", ""]];
  for (const row of rows) {
    const ok = reached(row);
    const verdict = ok === undefined ? "" : ok ? "ok" : "MISSED";
    lines.push([
      row.name,
      round(row.value),
      row.unit,
      row.reference,
      round(row.referenceValue),
      row.ratio.toFixed(2),
      row.target ?? "",
      verdict,
    ]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const right = new Set([1, 4, 5]);
  return lines.map((line) =>
    line.map((cell, i) => right.has(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ").trimEnd()
  ).join("\n");
}

if (import.meta.main) {
  const unknown: string[] = [];
  const args = parseArgs(Deno.args, {
    string: ["json"],
    boolean: ["help"],
    alias: { help: "h" },
    unknown: (word) => !word.startsWith("-") || (unknown.push(word), false),
  });
  if (args.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  if (unknown.length > 0 || args.json === "") {
    const what = unknown.length > 0 ? `there is no option ${unknown[0]}` : "--json needs a file's name";
    console.error(`bench: ${what}; deno task bench --help tells what there is`);
    Deno.exit(2);
  }
  const words = args._.map(String);
  for (const word of words) {
    if (!Object.keys(BENCHES).some((name) => name.includes(word))) {
      console.error(`bench: there is none named "${word}": choose of ${Object.keys(BENCHES).join(", ")}`);
      Deno.exit(2);
    }
  }
  if (args.json !== undefined) {
    try {
      await Deno.writeTextFile(args.json, "[]\n"); // what cannot be written is better known before the minutes of measuring
    } catch (error) {
      console.error(`bench: cannot write ${args.json}: ${error instanceof Error ? error.message : error}`);
      Deno.exit(1);
    }
  }
  const rows: BenchRow[] = [];
  for (const [name, load] of Object.entries(BENCHES)) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    console.error(`measuring ${name} ...`);
    rows.push(...await (await load())());
  }
  console.log(table(rows));
  if (args.json) {
    await Deno.writeTextFile(args.json, JSON.stringify(rows, undefined, 1) + "\n");
    console.error(`${rows.length} rows written to ${args.json}`);
  }
}
