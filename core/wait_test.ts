import { assertEquals } from "@std/assert";
import { VirtualClock } from "./clock.ts";
import { Wait } from "./wait.ts";

Deno.test("a Wait completes once; clean-up runs once and before the door hears", () => {
  const seen: (string | number)[] = [];
  const wait = new Wait({ cleanup: () => seen.push("cleanup") });
  wait.onDone((result) => seen.push(result));
  assertEquals(wait.result, undefined);
  wait.complete(7);
  wait.complete(8);
  wait.cancel();
  assertEquals([seen, wait.result], [["cleanup", 7], 7]);
});

Deno.test("a Wait times out at its deadline, and not after it completed", () => {
  const clock = new VirtualClock(0);
  const late = new Wait({ clock, deadline: 10, onTimeout: () => -62 });
  const early = new Wait({ clock, deadline: 10, onTimeout: () => -62 });
  early.complete(0);
  clock.advance(10);
  assertEquals([late.result, early.result, clock.next], [-62, 0, Infinity]);
});

Deno.test("a Wait's finish may change the result, before and after completion; a late door is told at once", () => {
  const first = new Wait();
  first.finish = (result) => result + 1;
  first.complete(1);
  const second = new Wait();
  second.complete(1);
  second.finish = (result) => result + 2;
  const seen: number[] = [];
  first.onDone((result) => seen.push(result));
  second.onDone((result) => seen.push(result));
  assertEquals(seen, [2, 3]);
});

Deno.test("a Wait is cancelled with EINTR; completing it from its own clean-up changes nothing", () => {
  const wait: Wait = new Wait({ cleanup: () => wait.complete(5) });
  wait.cancel();
  assertEquals(wait.result, -4);
});
