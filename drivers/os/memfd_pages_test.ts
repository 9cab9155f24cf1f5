import { assert, assertEquals, assertGreater, assertLessOrEqual, assertThrows } from "@std/assert";
import { DrmError } from "../../core/error.ts";
import type { Pages } from "../../core/memory.ts";
import { fstat } from "./fd.ts";
import { Mapping } from "./mapping.ts";
import { getSeals } from "./memfd.ts";
import { MemfdAllocator, memfdAllocator } from "./memfd_pages.ts";
import { assertNoFdLeak, mappingsOf, openFds } from "./testing.ts";

const PAGE = 4096;
const dispose = (pages: Pages) => pages[Symbol.dispose]();

Deno.test("MemfdPages read as zero, keep what is written, and lie on a memfd sealed in size", () => {
  assertNoFdLeak(() => {
    using pages = memfdAllocator().allocate(2 * PAGE, "zero");
    const bytes = pages.bytes();
    assertEquals([bytes.length, bytes[0], bytes[2 * PAGE - 1]], [2 * PAGE, 0, 0]);
    bytes[PAGE] = 9;
    assertEquals(pages.bytes()[PAGE], 9);
    const fd = pages.fd ?? -1;
    assertEquals([getSeals(fd), fstat(fd).size], [6, 2 * PAGE]);
    using other = Mapping.map(fd, 2 * PAGE);
    assertEquals(new Uint8Array(other.buffer)[PAGE], 9);
  });
});

Deno.test("MemfdPages are mapped at first use", () => {
  const allocator = memfdAllocator();
  const pages = allocator.allocate(PAGE, "lazy");
  assertEquals([allocator.mappings, mappingsOf("memfd:lazy")], [0, 0]);
  pages.bytes();
  assertEquals([allocator.mappings, mappingsOf("memfd:lazy")], [1, 1]);
  dispose(pages);
  assertEquals([allocator.mappings, allocator.fds, mappingsOf("memfd:lazy")], [0, 0, 0]);
});

Deno.test("MemfdPages beyond maxMappings drop the least used mapping, not its contents", () => {
  const allocator = new MemfdAllocator({ maxMappings: 4 });
  const all = Array.from({ length: 6 }, (_, i) => allocator.allocate(PAGE, `drop${i}`));
  const views = all.map((pages, i) => {
    const bytes = pages.bytes();
    bytes[0] = i + 1;
    return bytes;
  });
  assertEquals(allocator.mappings, 4);
  assertEquals(views.filter((view) => view.length === 0).length, 2);
  assertEquals(all.map((pages) => pages.bytes()[0]), [1, 2, 3, 4, 5, 6]);
  assertEquals(allocator.mappings, 4);
  all.forEach(dispose);
  assertEquals([allocator.mappings, allocator.fds], [0, 0]);
});

Deno.test("MemfdPages in use get a second chance before those that are not", () => {
  const allocator = new MemfdAllocator({ maxMappings: 8 });
  const drops = (touched: boolean) => {
    const hot = allocator.allocate(PAGE, "hot");
    const cold: Pages[] = [];
    let count = 0;
    let view = hot.bytes();
    for (let i = 0; i < 140; i++) {
      const pages = allocator.allocate(PAGE, "cold");
      cold.push(pages);
      pages.bytes();
      if (view.length === 0) count++;
      if (touched || view.length === 0) view = hot.bytes();
    }
    dispose(hot);
    cold.forEach(dispose);
    return count;
  };
  assertEquals([drops(true) <= 1, drops(false) >= 10], [true, true]);
});

Deno.test("MemfdPages.pin keeps views; unpin lets them go", () => {
  const allocator = new MemfdAllocator({ maxMappings: 2 });
  using pinned = allocator.allocate(PAGE, "pinned");
  pinned.pin();
  const view = pinned.bytes();
  view[0] = 77;
  const others = Array.from({ length: 8 }, () => allocator.allocate(PAGE, "other"));
  for (const pages of others) pages.bytes();
  assertEquals(view[0], 77);
  pinned.unpin();
  for (const pages of others) pages.bytes();
  for (const pages of others) pages.bytes();
  assertEquals(view.length, 0);
  assertEquals(pinned.bytes()[0], 77);
  assertThrows(() => pinned.unpin(), RangeError);
  others.forEach(dispose);
});

Deno.test("MemfdPages all pinned go beyond maxMappings", () => {
  const allocator = new MemfdAllocator({ maxMappings: 2 });
  const all = Array.from({ length: 5 }, () => allocator.allocate(PAGE, "pinned"));
  const views = all.map((pages) => {
    pages.pin();
    return pages.bytes();
  });
  assertEquals(allocator.mappings, 5);
  assert(views.every((view) => view.length === PAGE));
  all.forEach(dispose);
  assert(views.every((view) => view.length === 0));
  assertEquals(allocator.mappings, 0);
});

Deno.test("MemfdPages freed: views read as empty, bytes throws, freeing again does nothing", () => {
  const allocator = memfdAllocator();
  const pages = allocator.allocate(PAGE, "freed");
  const view = pages.bytes();
  dispose(pages);
  dispose(pages);
  assertEquals([view.length, pages.fd, allocator.fds], [0, undefined, 0]);
  assertThrows(() => pages.bytes(), TypeError);
});

Deno.test("MemfdAllocator refuses odd sizes with RangeError, unmappable ones with ENOMEM, and takes zero", () => {
  assertNoFdLeak(() => {
    const allocator = memfdAllocator();
    for (const size of [-PAGE, 1, PAGE + 1, NaN, Infinity, 2 ** 60]) {
      assertThrows(() => allocator.allocate(size, "odd"), RangeError);
    }
    using huge = allocator.allocate(2 ** 50, "huge");
    const error = assertThrows(() => huge.bytes(), DrmError);
    assertEquals(error.code, "ENOMEM");
    using nothing = allocator.allocate(0, "nothing");
    assertEquals(nothing.bytes().length, 0);
  });
});

Deno.test("MemfdAllocator out of descriptors: private memory, one warning, promotion in place when there are some again", () => {
  assertNoFdLeak(() => {
    const warnings: string[] = [];
    const allocator = new MemfdAllocator({ maxFds: 2, warn: (message) => warnings.push(message) });
    const first = allocator.allocate(PAGE, "first"), second = allocator.allocate(PAGE, "second");
    using third = allocator.allocate(2 * PAGE, "third");
    using fourth = allocator.allocate(PAGE, "fourth");
    assertEquals([warnings.length, allocator.fds], [1, 2]);
    const view = third.bytes();
    assertEquals([view.length, view[0]], [2 * PAGE, 0]);
    view[PAGE + 3] = 33;
    assertEquals([third.fd, fourth.fd], [undefined, undefined]);
    dispose(first);
    const fd = third.fd;
    assert(fd !== undefined && getSeals(fd) === 6);
    using other = Mapping.map(fd, 2 * PAGE);
    const seen = new Uint8Array(other.buffer);
    assertEquals(seen[PAGE + 3], 33);
    seen[1] = 11;
    view[2] = 22;
    assertEquals([view[1], seen[2]], [11, 22]);
    dispose(second);
    assert(fourth.fd !== undefined);
    fourth.bytes()[0] = 4;
    assertEquals(warnings.length, 1);
  });
});

Deno.test("MemfdAllocator: ten thousand create, map, touch, free cycles leave nothing", () => {
  const allocator = memfdAllocator();
  const fds = openFds();
  for (let i = 0; i < 10_000; i++) {
    using pages = allocator.allocate(65536, "cycle");
    pages.bytes()[0] = 1;
  }
  assertEquals([openFds() - fds, allocator.fds, allocator.mappings, mappingsOf("memfd:cycle")], [0, 0, 0, 0]);
});

Deno.test("MemfdAllocator: 10^5 live objects work, whatever the limit on descriptors", () => {
  const fds = openFds();
  const warnings: string[] = [];
  const allocator = new MemfdAllocator({ warn: (message) => warnings.push(message) });
  const all: Pages[] = [];
  for (let i = 0; i < 100_000; i++) all.push(allocator.allocate(PAGE, "many"));
  for (let i = 0; i < all.length; i++) {
    const bytes = all[i].bytes();
    bytes[0] = i;
    bytes[1] = i >> 8;
    bytes[2] = i >> 16;
  }
  let wrong = 0;
  for (let i = 0; i < all.length; i++) {
    const bytes = all[i].bytes();
    if ((bytes[0] | bytes[1] << 8 | bytes[2] << 16) !== i) wrong++;
  }
  assertEquals(wrong, 0);
  assertGreater(allocator.fds, 256);
  assertLessOrEqual(allocator.mappings, 16384);
  assertEquals(warnings.length, allocator.fds < 100_000 ? 1 : 0);
  // Every other one first: the worst order for the kernel's list of ranges.
  for (let i = 0; i < all.length; i += 2) dispose(all[i]);
  for (let i = 1; i < all.length; i += 2) dispose(all[i]);
  assertEquals([openFds() - fds, allocator.fds, allocator.mappings], [0, 0, 0]);
});
