import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { cpuMs } from "../tests/cpu_time.ts";
import { VirtualClock } from "./clock.ts";
import { Fence, FenceContexts, privateStub, stubFence } from "./fence.ts";

const clock = new VirtualClock();
const fence = (seqno: number | bigint = 1, seqno64 = false): Fence =>
  new Fence({ clock, context: 7, seqno, seqno64, driverName: "test", timelineName: "line" });

Deno.test("D1 a fence signals once and keeps the first timestamp", () => {
  const f = fence();
  assertEquals([f.isSignaled, f.timestamp], [false, 0]);
  assertEquals(f.signal(5), true);
  assertEquals(f.signal(9), false);
  assertEquals([f.isSignaled, f.timestamp], [true, 5]);
});

Deno.test("D1 an error is set before signalling or not at all", () => {
  const f = fence();
  f.setError(-5);
  f.signal();
  assertEquals([f.status, f.error], [-5, -5]);
  assertThrows(() => f.setError(-6), RangeError);
  for (const error of [0, 5, NaN]) assertThrows(() => fence().setError(error), RangeError);
});

Deno.test("D2 callbacks run in the order of registration; one that was taken back does not", () => {
  const f = fence();
  const ran: string[] = [];
  f.addCallback((by) => ran.push(`a${by === f}`));
  const b = f.addCallback(() => ran.push("b"));
  f.addCallback(() => {
    ran.push("c");
    assertEquals(d?.remove(), true);
  });
  const d = f.addCallback(() => ran.push("d"));
  f.addCallback(() => ran.push("e"));
  assertEquals(b?.remove(), true);
  assertEquals(b?.remove(), false);
  f.signal();
  assertEquals(ran, ["atrue", "c", "e"]);
  assertEquals(d?.remove(), false);
});

Deno.test("D2 a callback on a signalled fence is refused, and not called", () => {
  const f = fence();
  f.signal();
  assertEquals(f.addCallback(() => assertEquals(1, 2)), undefined);
});

Deno.test("D2 callbacks leave in constant time", () => {
  const f = fence();
  const places = Array.from({ length: 100_000 }, () => f.addCallback(() => {}));
  const start = cpuMs();
  for (const place of places.reverse()) place?.remove();
  assertEquals(f.hasCallbacks, false);
  assertEquals(cpuMs() - start < 1000, true);
});

Deno.test("D3 status is 0 active, 1 signalled, negative for an error", () => {
  const good = fence(), bad = fence();
  assertEquals([good.status, bad.status], [0, 0]);
  good.signal();
  bad.setError(-125);
  assertEquals(bad.status, 0);
  bad.signal();
  assertEquals([good.status, bad.status], [1, -125]);
});

Deno.test("D4 seqnos compare with 32 bits that wrap", () => {
  assertEquals(fence(1).isLater(fence(0xffff_ffff)), true);
  assertEquals(fence(0xffff_ffff).isLater(fence(1)), false);
  assertEquals(fence(5).isLater(fence(5)), false);
  const five = fence(5);
  // Another fence at the same place is neither later nor the same.
  assertEquals([five, fence(4), fence(5), fence(6)].map((f) => f.isLaterOrSame(five)), [true, false, false, true]);
  fc.assert(fc.property(fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 0x7fff_ffff }), (a, d) => {
    assertEquals(fence((a + d) % 2 ** 32).isLater(fence(a)), true);
    assertEquals(fence(a).isLater(fence((a + d) % 2 ** 32)), false);
  }));
});

Deno.test("D4 with 64 bits they do not wrap", () => {
  assertEquals(fence(1, true).isLater(fence(2n ** 64n - 1n, true)), false);
  assertEquals(fence(2n ** 63n, true).isLater(fence(5, true)), true);
});

class Polled extends Fence {
  done = false;
  looks = 0;
  armed = 0;
  protected override poll(): boolean {
    this.looks++;
    return this.done;
  }
  protected override enableSignaling(): void {
    this.armed++;
  }
}

Deno.test("D5 isSignaled looks at the work and signals as a side effect", () => {
  const f = new Polled({ clock, context: 1, seqno: 1, driverName: "t", timelineName: "t" });
  let ran = 0;
  f.addCallback(() => ran++);
  f.addCallback(() => ran++);
  assertEquals([f.isSignaled, ran, f.armed], [false, 0, 1]);
  f.done = true;
  assertEquals([f.isSignaled, ran], [true, 2]);
  const { looks } = f;
  assertEquals([f.isSignaled, f.looks], [true, looks]);
});

Deno.test("a fence that signals while it is armed refuses the callback without calling it", () => {
  class Instant extends Fence {
    protected override enableSignaling(): void {
      this.signal();
    }
  }
  const f = new Instant({ clock, context: 1, seqno: 1, driverName: "t", timelineName: "t" });
  assertEquals(f.addCallback(() => assertEquals(1, 2)), undefined);
});

Deno.test("D11 an abandoned fence with callbacks fails with EDEADLK; one without stays as it is", () => {
  const f = fence(), alone = fence();
  const seen: number[] = [];
  f.addCallback((by) => seen.push(by.error));
  f.abandon();
  alone.abandon();
  assertEquals([seen, f.status, alone.status], [[-35], -35, 0]);
});

Deno.test("the earliest deadline counts, and none after signalling", () => {
  const f = fence();
  assertEquals(f.deadline, Infinity);
  for (const deadline of [50, 20, 70]) f.setDeadline(deadline);
  assertEquals(f.deadline, 20);
  f.signal();
  f.setDeadline(1);
  assertEquals(f.deadline, 20);
});

Deno.test("stubs are signalled; contexts are numbered from 1", () => {
  assertStrictEquals(stubFence(clock), stubFence(clock));
  assertEquals(stubFence(new VirtualClock()) === stubFence(clock), false);
  const stub = privateStub(clock, 3);
  assertEquals([stub.status, stub.timestamp, stub.context, stub.seqno], [1, 3, 0, 0]);
  const contexts = new FenceContexts();
  assertEquals([contexts.allocate(), contexts.allocate(2), contexts.allocate()], [1, 2, 4]);
});
