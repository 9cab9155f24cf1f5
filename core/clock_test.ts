import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RealClock, type Timer, VirtualClock } from "./clock.ts";

Deno.test("VirtualClock stands still until advanced, and stops at each deadline on the way", () => {
  const clock = new VirtualClock(100);
  const seen: [string, number][] = [];
  clock.at(130, () => seen.push(["b", clock.now()]));
  clock.at(110, () => seen.push(["a", clock.now()]));
  clock.at(131, () => seen.push(["c", clock.now()]));
  assertEquals([clock.now(), clock.next, clock.run()], [100, 110, 0]);
  clock.advance(30);
  assertEquals(seen, [["a", 110], ["b", 130]]);
  assertEquals([clock.now(), clock.next], [130, 131]);
});

Deno.test("timers of one deadline fire in the order of arming; one armed in the past fires at once", () => {
  const clock = new VirtualClock(0);
  const seen: number[] = [];
  for (let i = 0; i < 20; i++) clock.at(5, () => seen.push(i));
  clock.at(-1, () => seen.push(-1));
  clock.advance(5);
  assertEquals(seen, [-1, ...Array.from({ length: 20 }, (_, i) => i)]);
});

Deno.test("a timer that is armed while timers fire waits for the next run", () => {
  const clock = new VirtualClock(10);
  let count = 0;
  const again = (): void => {
    count++;
    clock.at(10, again);
  };
  clock.at(10, again);
  assertEquals([clock.run(), count], [1, 1]);
  assertEquals([clock.run(), count], [1, 2]);
});

Deno.test("a cancelled timer never fires, also when it is cancelled by an earlier one of the same run", () => {
  const clock = new VirtualClock(0);
  const seen: string[] = [];
  const second: Timer = clock.at(1, () => seen.push("second"));
  clock.at(0, () => {
    seen.push("first");
    second.cancel();
    second.cancel();
  });
  clock.advance(2);
  assertEquals([seen, clock.next], [["first"], Infinity]);
});

Deno.test("onEarlier tells when a timer becomes the earliest", () => {
  const clock = new VirtualClock(0);
  let told = 0;
  clock.onEarlier = () => told++;
  clock.at(10, () => {});
  clock.at(20, () => {});
  assertEquals(told, 1);
  clock.at(5, () => {});
  assertEquals(told, 2);
});

Deno.test("timers fire in the order of their deadlines, whatever is armed and cancelled", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 200 }), (spec) => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    const timers = spec.map(([deadline], i) => clock.at(deadline, () => fired.push(i)));
    timers.forEach((timer, i) => spec[i][1] && timer.cancel());
    clock.advance(60);
    const expected = spec.map(([deadline, gone], i) => ({ deadline, gone, i })).filter((t) => !t.gone)
      .sort((a, b) => a.deadline - b.deadline || a.i - b.i).map((t) => t.i);
    assertEquals(fired, expected);
    assertEquals(clock.next, Infinity);
  }));
});

Deno.test("RealClock reads its source, never backwards by itself, and fires what is due", () => {
  let time = 5.7;
  const clock = new RealClock(() => time);
  assertEquals([clock.now(), clock.virtual], [5, false]);
  let fired = 0;
  clock.at(10, () => fired++);
  assertEquals([clock.run(), fired], [0, 0]);
  time = 10;
  assertEquals([clock.run(), fired, clock.next], [1, 1, Infinity]);
  const real = new RealClock();
  const before = real.now();
  assert(real.now() >= before);
});
