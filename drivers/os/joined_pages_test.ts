import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import { heapAllocator, PAGE_SIZE } from "udrm/core/memory.ts";
import { JoinedPages, memfdAllocator } from "./mod.ts";
import { assertNoFdLeak } from "./testing.ts";

Deno.test("JoinedPages shows ranges of several files side by side, and is them", () => {
  assertNoFdLeak(() => {
    const allocator = memfdAllocator();
    const [a, b] = [allocator.allocate(4 * PAGE_SIZE, "a"), allocator.allocate(2 * PAGE_SIZE, "b")];
    for (let i = 0; i < 4; i++) a.bytes()[i * PAGE_SIZE] = i + 1;
    b.bytes()[0] = 9;
    using joined = new JoinedPages([
      { pages: a, offset: 2 * PAGE_SIZE, length: 2 * PAGE_SIZE },
      { pages: b, offset: 0, length: PAGE_SIZE },
      { pages: a, offset: 0, length: PAGE_SIZE },
    ]);
    const bytes = joined.bytes();
    assertEquals([joined.size, bytes.length], [4 * PAGE_SIZE, 4 * PAGE_SIZE]);
    assertEquals([0, 1, 2, 3].map((page) => bytes[page * PAGE_SIZE]), [3, 4, 9, 1]);
    bytes[2 * PAGE_SIZE + 5] = 77;
    a.bytes()[5] = 66;
    assertEquals([b.bytes()[5], bytes[3 * PAGE_SIZE + 5]], [77, 66]);
    assert(joined.bytes() === bytes);
    joined[Symbol.dispose]();
    assertEquals(bytes.length, 0);
    a[Symbol.dispose]();
    b[Symbol.dispose]();
  });
});

Deno.test("JoinedPages refuses memory without a descriptor, and too many ranges", () => {
  const heap = heapAllocator().allocate(PAGE_SIZE, "heap");
  const none = new JoinedPages([{ pages: heap, offset: 0, length: PAGE_SIZE }]);
  assertEquals(assertThrows(() => none.bytes(), DrmError).code, "ENOMEM");
  const pages = memfdAllocator().allocate(PAGE_SIZE, "one");
  const segment = { pages, offset: 0, length: PAGE_SIZE };
  const many = new JoinedPages(new Array(16385).fill(segment));
  assertEquals(assertThrows(() => many.bytes(), DrmError).code, "ENOMEM");
  pages[Symbol.dispose]();
});
