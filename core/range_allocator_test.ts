import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cpuMs } from "../tests/cpu_time.ts";
import { AddressSpace, FIRST_OFFSET } from "./address_space.ts";
import { type Range, RangeAllocator } from "./range_allocator.ts";
import { errno } from "./testing.ts";

Deno.test("RangeAllocator: ranges lie inside and apart, all space comes back, undefined when none fits", () => {
  const op = fc.oneof(
    fc.record({ kind: fc.constant("take" as const), length: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ kind: fc.constant("claim" as const), start: fc.nat(2100), length: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant("give" as const), index: fc.nat() }),
  );
  fc.assert(fc.property(fc.array(op, { maxLength: 120 }), (ops) => {
    const space = new RangeAllocator(100, 2000);
    const used = new Uint8Array(2400);
    const live: Range[] = [];
    const isFree = (start: number, length: number): boolean =>
      start >= 100 && start + length <= 2100 && used.subarray(start, start + length).every((u) => u === 0);
    const longestHole = (): number => {
      let longest = 0;
      for (let i = 100, run = 0; i < 2100; i++) longest = Math.max(longest, run = used[i] ? 0 : run + 1);
      return longest;
    };
    for (const o of ops) {
      if (o.kind === "give") {
        const [range] = live.splice(o.index % Math.max(1, live.length), 1);
        if (!range) continue;
        used.fill(0, range.start, range.start + range.length);
        space.release(range);
        continue;
      }
      const possible = o.kind === "take" ? longestHole() >= o.length : isFree(o.start, o.length);
      const range = o.kind === "take" ? space.allocate(o.length) : space.claim(o.start, o.length);
      assertEquals(range !== undefined, possible);
      if (!range) continue;
      assertEquals(range.length, o.length);
      if (o.kind === "claim") assertEquals(range.start, o.start);
      assert(isFree(range.start, range.length));
      used.fill(1, range.start, range.start + range.length);
      live.push(range);
    }
    for (const range of live) space.release(range);
    assertEquals(space.allocate(2000)?.start, 100);
  }));
});

Deno.test("AddressSpace starts at 4 GiB, finds exact starts alone, and starts there again once empty", () => {
  const space = new AddressSpace<string>();
  const a = space.add("a", 1);
  const b = space.add("b", 3 * 4096);
  assertEquals([a, b], [FIRST_OFFSET, FIRST_OFFSET + 4096]);
  assertEquals([space.get(a), space.get(b), space.get(b + 4096), space.get(b + 1)], ["a", "b", undefined, undefined]);
  for (const offset of [0, -4096, NaN, Infinity, 2 ** 52, FIRST_OFFSET - 4096]) {
    assertEquals(space.get(offset), undefined);
  }
  space.remove(a);
  space.remove(a);
  assertEquals([space.get(a), space.count], [undefined, 1]);
  space.remove(b);
  assertEquals([space.add("c", 2 ** 30), space.count], [FIRST_OFFSET, 1]);
});

Deno.test("AddressSpace: 1 TiB in all, then ENOSPC", () => {
  const space = new AddressSpace<number>();
  for (let i = 0; i < 4; i++) space.add(i, 2 ** 38);
  assertEquals(errno(() => space.add(4, 4096)), "ENOSPC");
  space.remove(FIRST_OFFSET + 2 ** 38);
  assertEquals(space.add(5, 4096), FIRST_OFFSET + 2 ** 38);
});

Deno.test("AddressSpace costs the same with 100 and with 30,000 ranges that stay", () => {
  const cost = (live: number): number => {
    const space = new AddressSpace<number>();
    for (let i = 0; i < live; i++) space.add(i, 4096);
    let best = Infinity;
    for (let round = 0; round < 5; round++) {
      const start = cpuMs();
      for (let i = 0; i < 5000; i++) space.remove(space.add(i, 65536));
      best = Math.min(best, cpuMs() - start);
    }
    return best;
  };
  cost(100);
  const few = cost(100), many = cost(30_000);
  // A wide margin, for a busy machine; a scan or a chain of removed keys costs hundreds of times as much.
  assert(many < few * 20 + 5, `${few} ms with 100, ${many} ms with 30,000`);
});
