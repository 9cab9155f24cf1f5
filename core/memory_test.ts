import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DrmError } from "./error.ts";
import { BudgetAllocator, heapAllocator, pageAlign, type UserBuffer, UserHeap } from "./memory.ts";
import { errno } from "./testing.ts";

Deno.test("pageAlign rounds up to whole pages", () => {
  assertEquals([0, 1, 4096, 4097].map(pageAlign), [0, 4096, 4096, 8192]);
});

Deno.test("UserHeap: what is stored at an address is read there, across struct boundaries", () => {
  const heap = new UserHeap();
  const a = heap.from(Uint8Array.of(1, 2, 3));
  const b = heap.alloc(5);
  assertEquals([a.address % 16n, b.address % 16n, b.bytes.length], [0n, 0n, 5]);
  heap.copyOut(a.address + 1n, Uint8Array.of(9));
  assertEquals([...a.bytes], [1, 9, 3]);
  const out = new Uint8Array(2);
  heap.copyIn(a.address + 1n, out);
  assertEquals([...out], [9, 3]);
});

Deno.test("UserHeap refuses what is not its memory with EFAULT; nothing at all is reachable everywhere", () => {
  const heap = new UserHeap();
  const big = heap.alloc(3 << 20);
  heap.copyIn(big.address + (2n << 20n), new Uint8Array(1 << 20));
  const end = big.address + (3n << 20n);
  const reach = (address: bigint, size: number) => [
    errno(() => heap.copyIn(address, new Uint8Array(size))),
    errno(() => heap.copyOut(address, new Uint8Array(size))),
  ];
  for (
    const [address, size] of [[0n, 1], [end, 1], [end - 1n, 2], [big.address - 1n, 1], [2n ** 64n - 1n, 1], [-1n, 1], [
      1n << 63n,
      4096,
    ]] as const
  ) {
    assertEquals(reach(address, size), ["EFAULT", "EFAULT"], String(address));
    assertEquals(reach(address, 0), [undefined, undefined], String(address));
  }
});

Deno.test("UserHeap: live buffers never overlap, new ones are zero, freed memory comes back", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constant(700_000), fc.constant(2_500_000), fc.constant(-1)),
        { maxLength: 40 },
      ),
      (sizes) => {
        const heap = new UserHeap();
        const live: UserBuffer[] = [];
        let tag = 0;
        for (const size of sizes) {
          const old = size < 0 ? live.shift() : undefined;
          if (old) heap.free(old);
          if (size < 0) continue;
          const buffer = heap.alloc(size);
          assertEquals(buffer.bytes.length, size);
          assertEquals(buffer.bytes.findIndex((b) => b !== 0), -1);
          buffer.bytes.fill(++tag);
          live.push(buffer);
        }
        for (const buffer of live) {
          const copy = new Uint8Array(buffer.bytes.length);
          heap.copyIn(buffer.address, copy);
          assertEquals(copy.findIndex((b) => b !== copy[0]), -1);
        }
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("UserHeap: a small buffer at the end of a large chunk outlives its neighbour", () => {
  const heap = new UserHeap();
  const large = heap.alloc(2_500_000);
  const small = heap.alloc(1);
  small.bytes[0] = 7;
  heap.free(large);
  const copy = new Uint8Array(1);
  heap.copyIn(small.address, copy);
  assertEquals(copy[0], 7);
  heap.free(small);
  const next = heap.alloc(3_000_000);
  assertEquals(next.address, large.address);
});

Deno.test("UserHeap: ten thousand buffers taken and freed stay in the same memory", () => {
  const heap = new UserHeap();
  const first = heap.alloc(1000);
  heap.free(first);
  let highest = 0n;
  for (let i = 0; i < 10_000; i++) {
    const buffer = heap.alloc(1000);
    if (buffer.address > highest) highest = buffer.address;
    heap.free(buffer);
  }
  assertEquals(highest, first.address);
});

Deno.test("BudgetAllocator counts what is alive and answers ENOMEM beyond its limit", () => {
  const budget = new BudgetAllocator(heapAllocator(), 8192);
  const a = budget.allocate(4096, "a");
  const b = budget.allocate(4096, "b");
  assertEquals(budget.used, 8192);
  assertThrows(() => budget.allocate(4096, "c"), DrmError, "Cannot allocate");
  assertEquals(errno(() => budget.allocate(NaN, "d")), "ENOMEM");
  a[Symbol.dispose]();
  a[Symbol.dispose]();
  assertEquals(budget.used, 4096);
  budget.allocate(4096, "c")[Symbol.dispose]();
  b[Symbol.dispose]();
  assertEquals(budget.used, 0);
});

Deno.test("heap pages are zero, and the same bytes each time", () => {
  const pages = heapAllocator().allocate(4096, "x");
  assertEquals([pages.bytes().length, pages.bytes()[7]], [4096, 0]);
  pages.bytes()[7] = 1;
  assertEquals(pages.bytes()[7], 1);
});

Deno.test("BudgetAllocator asks for memory back before it refuses", () => {
  const budget = new BudgetAllocator(heapAllocator(), 8192);
  const old = budget.allocate(8192, "old");
  let asked = 0;
  assertEquals(errno(() => budget.allocate(4096, "new")), "ENOMEM");
  budget.onShort = () => {
    asked++;
    old[Symbol.dispose]();
  };
  const pages = budget.allocate(4096, "new");
  assertEquals([asked, budget.used], [1, 4096]);
  assertEquals([errno(() => budget.allocate(8192, "more")), asked], ["ENOMEM", 2]);
  pages[Symbol.dispose]();
});
