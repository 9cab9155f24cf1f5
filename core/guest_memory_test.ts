import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { GuestMemory, type GuestSlot } from "./guest_memory.ts";
import { heapAllocator, type Pages } from "./memory.ts";
import { errno } from "./testing.ts";

const pagesOf = (size: number): Pages => heapAllocator().allocate(size, "test");

Deno.test("GuestMemory: what is written at a guest address lies in the slot's pages", () => {
  const memory = new GuestMemory();
  const pages = pagesOf(8192);
  const slot = memory.add(pages, 4096, 4096);
  memory.write(slot.gpa + 10, Uint8Array.of(1, 2, 3));
  assertEquals([...pages.bytes().subarray(4106, 4109)], [1, 2, 3]);
  assertEquals([...memory.bytes(slot.gpa + 11, 2)], [2, 3]);
  const out = new Uint8Array(3);
  memory.read(slot.gpa + 10, out);
  assertEquals([...out], [1, 2, 3]);
  assertEquals([memory.contains(slot.gpa, 4096), memory.contains(slot.gpa, 4097)], [true, false]);
});

Deno.test("GuestMemory: accesses outside slots are EFAULT, in place ones also across slots", () => {
  const memory = new GuestMemory();
  const a = memory.add(pagesOf(4096), 0, 4096, 0x1000);
  memory.add(pagesOf(4096), 0, 4096, 0x2000);
  memory.write(0x1ffe, Uint8Array.of(1, 2, 3, 4));
  const out = new Uint8Array(4);
  memory.read(0x1ffe, out);
  assertEquals([...out], [1, 2, 3, 4]);
  assertEquals(errno(() => memory.bytes(0x1ffe, 4)), "EFAULT");
  assertEquals(errno(() => memory.read(0x2ffe, new Uint8Array(4))), "EFAULT");
  assertEquals(errno(() => memory.write(0xfff, new Uint8Array(2))), "EFAULT");
  for (const gpa of [NaN, -1, Infinity, 2 ** 60]) assertEquals(errno(() => memory.read(gpa, out)), "EFAULT");
  assertEquals(memory.find(0x1000), a);
  memory.remove(a);
  memory.remove(a);
  assertEquals([a.live, memory.find(0x1000), memory.count], [false, undefined, 1]);
  assertEquals(errno(() => memory.bytes(0x1000, 1)), "EFAULT");
});

Deno.test("GuestMemory: overlapping slots are EEXIST, ranges outside pages and bad addresses EINVAL", () => {
  const memory = new GuestMemory();
  const own = memory.add(pagesOf(4096), 0, 4096);
  memory.add(pagesOf(2 << 20), 0, 2 << 20, 0x10_0000);
  const add = (gpa: number | undefined, offset = 0, length = 4096) =>
    errno(() => memory.add(pagesOf(4096), offset, length, gpa));
  assertEquals([add(own.gpa), add(own.gpa + 4095, 0, 1), add(0xf_f001), add(0x2f_ffff, 0, 1)], Array(4).fill("EEXIST"));
  assertEquals([add(0x1000, 1), add(0x1000, 0, 0), add(0x1000, -1, 1), add(0x1000, 0, NaN)], Array(4).fill("EINVAL"));
  assertEquals([add(-4096), add(0.5), add(2 ** 53), add(NaN)], Array(4).fill("EINVAL"));
  memory.add(pagesOf(4096), 0, 4096, own.gpa + 4096);
  const next = memory.add(pagesOf(4096), 0, 4096);
  assert(next.gpa >= own.gpa + 8192, "a chosen address avoids a slot placed by hand");
});

Deno.test("GuestMemory: every byte is found in the slot that holds it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.boolean(), fc.nat()), { maxLength: 60 }),
      (spec) => {
        const memory = new GuestMemory();
        const live: GuestSlot[] = [];
        for (const [pages, drop, index] of spec) {
          live.push(memory.add(pagesOf(pages * 65536), 0, pages * 65536));
          if (drop) {
            const [slot] = live.splice(index % live.length, 1);
            memory.remove(slot);
            assertEquals(memory.find(slot.gpa), undefined);
          }
        }
        assertEquals(memory.count, live.length);
        assertEquals(new Set(live.map((slot) => slot.generation)).size, live.length);
        for (const slot of live) {
          for (const gpa of [slot.gpa, slot.gpa + slot.length - 1]) assertEquals(memory.find(gpa), slot);
        }
        const sorted = live.toSorted((a, b) => a.gpa - b.gpa);
        for (let i = 1; i < sorted.length; i++) assert(sorted[i - 1].gpa + sorted[i - 1].length <= sorted[i].gpa);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("GuestMemory: ten thousand slots that come and go leave nothing and use the same addresses", () => {
  const memory = new GuestMemory();
  const first = memory.add(pagesOf(65536), 0, 65536);
  memory.remove(first);
  for (let i = 0; i < 10_000; i++) {
    const slot = memory.add(pagesOf(65536), 0, 65536);
    assertEquals(slot.gpa, first.gpa);
    memory.remove(slot);
  }
  assertEquals(memory.count, 0);
});

Deno.test("GuestMemory: reserved addresses are for slots whose place is given", () => {
  const memory = new GuestMemory(), pages = heapAllocator().allocate(4096, "test");
  const window = 2 ** 46, range = memory.reserve(window, 64 * 4096);
  const first = memory.add(pages, 0, 4096, window), third = memory.add(pages, 0, 4096, window + 8192);
  // A hole of one page is what a slot of one page would be put in.
  for (let i = 0; i < 100; i++) {
    const { gpa } = memory.add(pages, 0, 4096);
    assertEquals(gpa >= window && gpa < window + 64 * 4096, false, String(gpa));
  }
  const second = memory.add(pages, 0, 4096, window + 4096);
  assertEquals(errno(() => memory.add(pages, 0, 4096, window)), "EEXIST");
  assertEquals(errno(() => memory.reserve(window, 4096)), "EEXIST");
  assertEquals(errno(() => memory.reserve(window + 100, 4096)), "EINVAL");
  assertEquals(errno(() => memory.reserve(0, 4096)), "EINVAL");
  for (const slot of [first, third]) memory.remove(slot);
  memory.release(range);
  assertEquals(errno(() => memory.reserve(window, 4096)), "EEXIST");
  memory.remove(second);
  memory.release(range);
  memory.release(range);
  memory.reserve(window, 64 * 4096);
});
