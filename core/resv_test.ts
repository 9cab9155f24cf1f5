import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "./clock.ts";
import { ETIME } from "./error.ts";
import { Fence, FenceContexts, type FenceSource, stubFence } from "./fence.ts";
import { FenceArray } from "./fence_array.ts";
import { FenceChain } from "./fence_chain.ts";
import { Resv, ResvUsage, resvUsageRw } from "./resv.ts";
import { Wait } from "./wait.ts";

const { KERNEL, WRITE, READ, BOOKKEEP } = ResvUsage;
const clock = new VirtualClock();
const source: FenceSource = { clock, fenceContexts: new FenceContexts() };
const fence = (context = source.fenceContexts.allocate(), seqno = 1): Fence =>
  new Fence({ clock, context, seqno, driverName: "test", timelineName: "line" });

function resvOf(...entries: [Fence, ResvUsage][]): Resv {
  const resv = new Resv();
  resv.reserve(entries.length);
  for (const [f, usage] of entries) resv.add(f, usage);
  return resv;
}

Deno.test("D6 asking for a level returns it and all lower ones, pending fences only", () => {
  const [k, w, r, b] = [fence(), fence(), fence(), fence()];
  const resv = resvOf([b, BOOKKEEP], [r, READ], [w, WRITE], [k, KERNEL]);
  const at = (usage: ResvUsage): Fence[] => [...resv.fences(usage)];
  assertEquals([at(KERNEL), at(WRITE), at(READ), at(BOOKKEEP)], [[k], [w, k], [r, w, k], [b, r, w, k]]);
  w.signal();
  assertEquals([at(KERNEL), at(WRITE)], [[k], [k]]);
  k.signal();
  assertEquals([KERNEL, WRITE, READ, BOOKKEEP].map((u) => resv.testSignaled(u)), [true, true, false, false]);
  assertEquals([resvUsageRw(true), resvUsageRw(false)], [READ, WRITE]);
});

Deno.test("D7 a later fence of the same context replaces an old one of the same or a weaker usage", () => {
  for (const old of [KERNEL, WRITE, READ, BOOKKEEP]) {
    for (const usage of [KERNEL, WRITE, READ, BOOKKEEP]) {
      const context = source.fenceContexts.allocate();
      const resv = resvOf([fence(context, 1), old], [fence(context, 2), usage]);
      assertEquals(resv.count, old >= usage ? 1 : 2, `${old} then ${usage}`);
    }
  }
});

Deno.test("D7 the same fence is promoted; an earlier one does not replace; a signalled slot is reused", () => {
  const f = fence(5000, 9);
  assertEquals(resvOf([f, READ], [f, WRITE]).count, 1);
  assertEquals(resvOf([f, READ], [fence(5000, 8), READ]).count, 2);
  const done = fence();
  const resv = resvOf([done, WRITE]);
  done.signal();
  resv.add(f, BOOKKEEP);
  assertEquals([resv.count, [...resv.fences(BOOKKEEP)]], [1, [f]]);
});

Deno.test("D8 slots are reserved first, and containers are refused", () => {
  assertThrows(() => new Resv().add(fence(), READ), TypeError);
  const resv = new Resv();
  resv.reserve(4);
  for (let i = 0; i < 4; i++) resv.add(fence(), READ);
  assertThrows(() => resv.add(fence(), READ), TypeError);
  assertThrows(() => resv.add(new FenceArray(source, [fence()]), READ), TypeError);
  assertThrows(() => resv.add(new FenceChain(source, undefined, fence(), 1), READ), TypeError);
  assertThrows(() => resv.reserve(2 ** 20), Error, "Cannot reserve");
});

Deno.test("reserving frees the slots of signalled fences: a buffer's list does not grow with its use", () => {
  const resv = new Resv();
  for (let i = 0; i < 10_000; i++) {
    resv.reserve(1);
    const f = fence();
    resv.add(f, WRITE);
    f.signal();
  }
  assertEquals(resv.count <= 4, true);
});

Deno.test("a level as one fence: none, the only one, an array", () => {
  const [a, b] = [fence(), fence()];
  const resv = resvOf([a, WRITE], [b, READ]);
  assertStrictEquals(resv.singleton(KERNEL, source), undefined);
  assertStrictEquals(resv.singleton(WRITE, source), a);
  const both = resv.singleton(READ, source);
  assertInstanceOf(both, FenceArray);
  assertEquals(both.fences, [a, b]);
  a.signal();
  b.signal();
  assertStrictEquals(resv.singleton(BOOKKEEP, source), undefined);
});

Deno.test("waiting: 0 at once, 0 when the last signals, the time-out's answer else", () => {
  assertEquals(new Resv().wait(BOOKKEEP, source), 0);
  const [a, b] = [fence(), fence()];
  const resv = resvOf([a, WRITE], [b, READ]);
  const wait = resv.wait(READ, source);
  assertInstanceOf(wait, Wait);
  a.signal();
  assertEquals(wait.result, undefined);
  const late = resv.wait(READ, source, { deadline: clock.now() + 100, onTimeout: () => ETIME });
  assertInstanceOf(late, Wait);
  clock.advance(100);
  assertEquals([wait.result, late.result], [undefined, ETIME]);
  b.signal();
  assertEquals([wait.result, late.result, b.hasCallbacks], [0, ETIME, false]);
});

Deno.test("C13 a reader waits for writes, a writer for reads too; BOOKKEEP never; nothing pending is a signalled stub", () => {
  const [w, r, b] = [fence(), fence(), fence()];
  const resv = resvOf([w, WRITE], [r, READ], [b, BOOKKEEP]);
  assertStrictEquals(resv.exportFence(false, source), w);
  const all = resv.exportFence(true, source);
  assertInstanceOf(all, FenceArray);
  assertEquals(all.fences, [w, r]);
  assertStrictEquals(resvOf([b, BOOKKEEP]).exportFence(true, source), stubFence(clock));
});

Deno.test("C14 importing adds single fences as WRITE or READ, and nothing that has signalled", () => {
  const [a, b, c] = [fence(), fence(), fence()];
  const chain = new FenceChain(source, new FenceArray(source, [a, b]), c, 4);
  a.signal();
  const resv = new Resv();
  resv.importFence(chain, true);
  assertEquals([...resv.fences(WRITE)], [c, b]);
  const read = new Resv();
  read.importFence(chain, false);
  assertEquals([[...read.fences(WRITE)], [...read.fences(READ)]], [[], [c, b]]);
  read.importFence(stubFence(clock), true);
  assertEquals(read.testSignaled(WRITE), true);
});

Deno.test("progress is told once; replacing by context; copying up to READ; hints", () => {
  const [a, b, c] = [fence(), fence(), fence()];
  const resv = resvOf([a, WRITE], [b, READ], [c, BOOKKEEP]);
  let told = 0;
  resv.onProgress(READ, () => told++);
  a.signal();
  b.signal();
  assertEquals([told, resv.onProgress(READ, () => told++)], [1, undefined]);
  const d = fence();
  resv.replace(c.context, d, KERNEL);
  assertEquals([...resv.fences(KERNEL)], [d]);
  resv.setDeadline(KERNEL, 7);
  assertEquals(d.deadline, 7);
  const copy = new Resv();
  copy.copyFrom(resvOf([d, WRITE], [fence(), BOOKKEEP]));
  assertEquals([...copy.fences(BOOKKEEP)], [d]);
});

Deno.test("D7 whatever is added, no pending fence is lost or weakened", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 3 }), fc.boolean()), { maxLength: 40 }),
    (steps) => {
      const resv = new Resv();
      const base = source.fenceContexts.allocate(3);
      const model: { fence: Fence; usage: ResvUsage }[] = [];
      steps.forEach(([line, usage, signal], i) => {
        const f = fence(base + line, i);
        resv.reserve();
        resv.add(f, usage as ResvUsage);
        model.push({ fence: f, usage: usage as ResvUsage });
        if (signal) { for (const old of model) if (old.fence.context === f.context) old.fence.signal(); }
        for (const level of [KERNEL, WRITE, READ, BOOKKEEP]) {
          const listed = [...resv.fences(level)];
          for (const old of model) {
            if (old.usage > level || old.fence.isSignaled) continue;
            // It is there itself, or a later one of its timeline stands for it.
            assertEquals(listed.some((x) => x.context === old.fence.context && x.isLaterOrSame(old.fence)), true);
          }
        }
      });
    },
  ));
});

Deno.test("Resv tells who watches of each fence that comes, and nobody else", () => {
  const resv = new Resv();
  let heard = 0;
  const changed = (): void => {
    heard++;
  };
  const first = fence();
  resv.reserve(2);
  resv.add(fence(), READ);
  assertEquals(heard, 0);
  resv.watch(changed);
  resv.add(first, WRITE);
  resv.add(fence(first.context, 2), WRITE); // takes the other's slot
  assertEquals(heard, 2);
  first.signal();
  assertEquals(heard, 2);
  resv.replace(first.context, fence(), WRITE);
  resv.copyFrom(resvOf([fence(), READ]));
  assertEquals(heard, 4);
  resv.unwatch(changed);
  resv.importFence(fence(), true);
  assertEquals(heard, 4);
});
