import { assertEquals } from "@std/assert";
import { Tally } from "./tally.ts";

Deno.test("Tally bounds each process and all together, and counts down again", () => {
  const tally = new Tally(2, 3);
  assertEquals([tally.take(1), tally.take(1), tally.take(1)], [true, true, false]);
  assertEquals([tally.take(2), tally.take(2), tally.take(3), tally.total], [true, false, false, 3]);
  tally.give(1);
  assertEquals([tally.take(3), tally.total], [true, 3]);
  for (const pid of [1, 2, 3]) tally.give(pid);
  assertEquals([tally.total, tally.take(1)], [0, true]);
});
