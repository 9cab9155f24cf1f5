import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { GuestMemory } from "../../../core/guest_memory.ts";
import "../../os/testing.ts";
import { SharedMemories } from "./shared_memory.ts";

Deno.test("SharedMemories: a page that is given back is used again, zeroed and at the same place", () => {
  using memories = new SharedMemories(new GuestMemory());
  const first = memories.take(8), { fd } = first, { gpa } = first.slot;
  first.pages.bytes().fill(7);
  first[Symbol.dispose]();
  const second = memories.take(100);
  assertStrictEquals(second, first);
  assertEquals([second.fd, second.slot.gpa], [fd, gpa]);
  assert(second.pages.bytes().every((byte) => byte === 0));
  assertNotStrictEquals(memories.take(8), first);
});

Deno.test("SharedMemories: what is pinned or large is not used again", () => {
  using memories = new SharedMemories(new GuestMemory());
  const pinned = memories.take(8);
  pinned.pages.bytes()[0] = 7;
  pinned.pages.pin();
  pinned[Symbol.dispose]();
  const other = memories.take(8);
  assertNotStrictEquals(other, pinned);
  // Whoever pinned it reads on.
  assertEquals(pinned.pages.bytes()[0], 7);
  pinned.pages.unpin();
  const large = memories.take(8192);
  large[Symbol.dispose]();
  assert(!large.slot.live);
  assertNotStrictEquals(memories.take(8192), large);
});

Deno.test("SharedMemories: after the end nothing is kept", () => {
  const memory = new GuestMemory(), memories = new SharedMemories(memory);
  const early = memories.take(8), late = memories.take(8);
  early[Symbol.dispose]();
  memories[Symbol.dispose]();
  assert(!early.slot.live && late.slot.live);
  late[Symbol.dispose]();
  assert(!late.slot.live);
});
