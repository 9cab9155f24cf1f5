import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ChainFinder } from "./chain_finder.ts";
import { VirtualClock } from "./clock.ts";
import { Fence, FenceContexts, type FenceSource, stubFence } from "./fence.ts";
import { FenceArray } from "./fence_array.ts";
import { chainFindSeqno, chainNext, FenceChain } from "./fence_chain.ts";
import { mergeFences, unwrapFence } from "./fence_unwrap.ts";

const clock = new VirtualClock();
const source: FenceSource = { clock, fenceContexts: new FenceContexts() };
const fence = (context = source.fenceContexts.allocate(), seqno = 1): Fence =>
  new Fence({ clock, context, seqno, driverName: "test", timelineName: "line" });
const fences = (count: number): Fence[] => Array.from({ length: count }, () => fence());

for (const watched of [false, true]) {
  const how = watched ? "watched" : "polled";
  Deno.test(`D9 an array signals when all members have (${how})`, () => {
    const members = fences(3);
    const array = new FenceArray(source, members);
    let ran = 0;
    if (watched) array.addCallback(() => ran++);
    for (const i of [2, 0]) members[i].signal();
    assertEquals(array.isSignaled, false);
    members[1].signal();
    assertEquals([array.status, ran], [1, watched ? 1 : 0]);
  });

  Deno.test(`D9 with any, the first member signals it, and gives its error (${how})`, () => {
    const members = fences(3);
    const array = new FenceArray(source, members, { any: true });
    if (watched) array.addCallback(() => {});
    assertEquals(array.isSignaled, false);
    members[1].setError(-5);
    members[1].signal(10);
    members[0].setError(-6);
    members[0].signal(11);
    assertEquals(array.status, -5);
  });

  Deno.test(`D9 the first member error becomes the array's (${how})`, () => {
    const members = fences(3);
    const array = new FenceArray(source, members);
    if (watched) array.addCallback(() => {});
    members[2].setError(-7);
    members[2].signal(10);
    members[0].setError(-8);
    members[0].signal(11);
    members[1].signal(12);
    assertEquals(array.status, -7);
  });
}

Deno.test("D9 an array of signalled members is signalled; callbacks are refused", () => {
  const members = fences(2);
  for (const member of members) member.signal();
  assertEquals(new FenceArray(source, members).addCallback(() => {}), undefined);
});

Deno.test("arrays take no containers and are never empty; hints reach the members", () => {
  const inner = new FenceArray(source, fences(1));
  assertThrows(() => new FenceArray(source, [inner]), TypeError);
  assertThrows(() => new FenceArray(source, [new FenceChain(source, undefined, fence(), 1)]), TypeError);
  assertThrows(() => new FenceArray(source, []), TypeError);
  inner.setDeadline(4);
  assertEquals([inner.deadline, inner.fences[0].deadline], [4, 4]);
});

Deno.test("D10 a chain node signals when its own and all earlier fences have", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]) {
    const members = fences(3);
    let head: FenceChain | undefined;
    const nodes = members.map((member, i) => head = new FenceChain(source, head, member, i + 1));
    const told: number[] = [];
    nodes.forEach((node, i) => node.addCallback(() => told.push(i)));
    const done = new Set<number>();
    for (const i of order) {
      members[i].signal();
      done.add(i);
      nodes.forEach((node, k) => {
        const all = [0, 1, 2].slice(0, k + 1).every((n) => done.has(n));
        assertEquals([node.isSignaled, told.includes(k)], [all, all], `node ${k} after ${[...done]} of ${order}`);
      });
    }
    assertEquals(told.length, 3);
  }
});

Deno.test("D10 a chain does not pass on the errors of what it contains", () => {
  const failing = fence();
  const node = new FenceChain(source, undefined, failing, 1);
  failing.setError(-5);
  failing.signal();
  assertEquals([failing.status, node.status], [-5, 1]);
});

Deno.test("D10 points compare with 64 bits; an out-of-order point begins a new context at the old point", () => {
  const a = new FenceChain(source, undefined, fence(), 2n ** 63n);
  const b = new FenceChain(source, a, fence(), 2n ** 63n + 1n);
  assertEquals([b.context === a.context, b.seqno, b.prevSeqno, b.isLater(a)], [true, 2n ** 63n + 1n, 2n ** 63n, true]);
  const c = new FenceChain(source, b, fence(), 5);
  assertEquals([c.context === b.context, c.seqno, c.prevSeqno], [false, 2n ** 63n + 1n, 0]);
  const same = new FenceChain(source, b, fence(), 2n ** 63n + 1n);
  assertEquals([same.context === b.context, same.seqno], [false, 2n ** 63n + 1n]);
  assertThrows(() => new FenceChain(source, undefined, a, 9), TypeError);
});

Deno.test("D10 walking drops what has signalled, wherever it stands", () => {
  const members = fences(5);
  let head: FenceChain | undefined;
  const nodes = members.map((member, i) => head = new FenceChain(source, head, member, i + 1));
  members[1].signal();
  members[3].signal();
  const seen: (number | bigint)[] = [];
  for (let node: Fence | undefined = nodes[4]; node; node = chainNext(node)) seen.push(node.seqno);
  assertEquals(seen, [5, 3, 1]);
  for (const member of members) member.signal();
  assertEquals([chainNext(nodes[4]), nodes[4].isSignaled], [undefined, true]);
});

Deno.test("D10 a chain on a plain fence waits for it too", () => {
  const before = fence(), own = fence();
  const node = new FenceChain(source, before, own, 1);
  own.signal();
  assertEquals(node.isSignaled, false);
  before.signal();
  assertEquals(node.isSignaled, true);
});

Deno.test("F15 finding a point: 0 is the head, between points the next higher, beyond the head nothing", () => {
  const members = fences(3);
  let head: FenceChain | undefined;
  const nodes = members.map((member, i) => head = new FenceChain(source, head, member, (i + 1) * 10));
  const [a, b, c] = nodes;
  const found = (point: number): unknown => chainFindSeqno(c, point);
  assertEquals(
    [found(0), found(1), found(10), found(11), found(20), found(30)].map((f) => nodes.indexOf(f as FenceChain)),
    [
      2,
      0,
      0,
      1,
      1,
      2,
    ],
  );
  assertStrictEquals(found(31), undefined);
  members[0].signal();
  assertStrictEquals(found(10), null);
  assertEquals([found(11), a.isSignaled, b.isSignaled], [b, true, false]);
  assertStrictEquals(chainFindSeqno(fence(), 1), undefined);
});

Deno.test("a chain of 100000 points neither overflows the stack nor keeps what has signalled", () => {
  const members = fences(100_000);
  let head: FenceChain | undefined;
  const nodes = members.map((member, i) => head = new FenceChain(source, head, member, i + 1));
  let told = 0;
  head?.addCallback(() => told++);
  nodes[50_000].addCallback(() => told++);
  for (const member of members.reverse()) member.signal();
  assertEquals([told, head?.isSignaled, head && chainNext(head)], [2, true, undefined]);
});

Deno.test("E1 merging: pending fences only, the latest of each context, and the fence itself if it is the only one", () => {
  const context = source.fenceContexts.allocate();
  const early = fence(context, 1), late = fence(context, 2), other = fence();
  assertStrictEquals(mergeFences(source, early, late), late);
  assertStrictEquals(mergeFences(source, late, early), late);
  const merged = mergeFences(source, other, late, early);
  assertInstanceOf(merged, FenceArray);
  assertEquals([merged.fences.length, merged.fences[0] === late, merged.fences[1] === other], [2, true, true]);
  late.signal();
  assertStrictEquals(mergeFences(source, other, late), other);
});

Deno.test("E1 merging what has signalled gives a stub of the latest timestamp, status 1: errors vanish", () => {
  const a = fence(), b = fence();
  a.setError(-5);
  a.signal(30);
  b.signal(20);
  const merged = mergeFences(source, a, b);
  assertEquals([merged.status, merged.timestamp, merged.timelineName], [1, 30, "stub"]);
  assertEquals(mergeFences(source).timestamp, 0);
});

Deno.test("E1 unwrapping looks through chains of arrays, and drops what has signalled from chains alone", () => {
  const [a, b, c, d] = fences(4);
  const chain = new FenceChain(source, new FenceChain(source, a, new FenceArray(source, [b, c]), 1), d, 2);
  assertEquals([...unwrapFence(chain)], [d, b, c, a]);
  b.signal();
  assertEquals([...unwrapFence(chain)], [d, b, c, a]);
  c.signal();
  assertEquals([...unwrapFence(chain)], [d, a]);
  assertEquals([...unwrapFence(stubFence(clock))], [stubFence(clock)]);
});

Deno.test("E1 a merged fence signals exactly when all of its sources have", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(3), fc.nat(5)), { minLength: 1, maxLength: 12 }),
    fc.array(fc.nat(11), { maxLength: 6 }),
    (spec, early) => {
      const base = source.fenceContexts.allocate(4);
      const members = spec.map(([line, seqno]) => fence(base + line, seqno));
      // A timeline signals in order: signalling one signals all before it.
      const signal = (which: Fence): void => {
        for (const m of members) if (m.context === which.context && m.seqno <= which.seqno) m.signal();
      };
      for (const i of early) if (i < members.length) signal(members[i]);
      let head: Fence | undefined;
      members.forEach((m, i) =>
        head = i % 2 ? new FenceChain(source, head, m, i) : head && mergeFences(source, head, m) || m
      );
      const merged = mergeFences(source, ...members);
      for (const m of members) {
        assertEquals(merged.isSignaled, members.every((x) => x.isSignaled));
        signal(m);
      }
      assertEquals([merged.isSignaled, head?.isSignaled], [true, true]);
    },
  ));
});

/** A history of a chain: some points out of order, some fences signalled. */
const gap = fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 1, max: 4 }) }, {
  weight: 1,
  arbitrary: fc.integer({ min: -2, max: 0 }),
});
const done = fc.nat(4).map((n) => n === 0);
const history = fc.array(fc.record({ gap, done }), { maxLength: 40 });

function build(steps: readonly { gap: number; done: boolean }[]): { head: FenceChain | undefined; members: Fence[] } {
  let head: FenceChain | undefined;
  const members = fences(steps.length);
  steps.forEach(({ gap }, i) =>
    head = new FenceChain(source, head, members[i], Math.max(1, Number(head?.seqno ?? 0) + gap))
  );
  steps.forEach(({ done }, i) => done && members[i].signal());
  return { head, members };
}

Deno.test("F15 a finder finds what single look-ups find, in whatever order points are asked for", () => {
  fc.assert(fc.property(history, fc.array(fc.nat(100)), (steps, asked) => {
    const { head } = build(steps);
    if (head === undefined) return;
    const finder = new ChainFinder();
    for (const point of asked) assertStrictEquals(finder.find(head, point), chainFindSeqno(head, point));
  }));
});

Deno.test("F14 the oldest node of a timeline is found as by walking it, again and again as fences signal", () => {
  fc.assert(fc.property(history, (steps) => {
    const { head, members } = build(steps);
    if (head === undefined) return;
    for (const member of members) {
      let oldest: FenceChain = head;
      for (
        let node = chainNext(head);
        node instanceof FenceChain && node.context === head.context;
        node = chainNext(node)
      ) {
        oldest = node;
      }
      assertStrictEquals(FenceChain.oldest(head), oldest);
      member.signal();
    }
  }));
});

Deno.test("a hint goes through an array once, and again only for an earlier time", () => {
  const members = fences(3);
  const array = new FenceArray(source, members);
  let hints = 0;
  for (const member of members) member.setDeadline = () => void hints++;
  for (const [deadline, expected] of [[9, 3], [9, 3], [10, 3], [8, 6]]) {
    array.setDeadline(deadline);
    assertEquals([hints, array.deadline], [expected, Math.min(deadline, 9)]);
  }
});
