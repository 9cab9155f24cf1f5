import { assert, assertEquals, assertMatch, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { GuestMemory } from "../../../core/guest_memory.ts";
import { VIRGL_FORMAT_R8_UNORM } from "../../../uapi/virgl_format.ts";
import { VCMD_RESOURCE_CREATE2 } from "../../../uapi/vtest.ts";
import { close } from "../../os/mod.ts";
import "../../os/testing.ts";
import { SharedMemories } from "./shared_memory.ts";
import { texture } from "./testing.ts";
import { Pair } from "./testing_pair.ts";

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

Deno.test("resources with shared memory have a limit of their own: descriptors are few", () => {
  using pair = new Pair({ shares: 3 });
  const { client } = pair, buffer = (width: number) => texture(width, 1, VIRGL_FORMAT_R8_UNORM, { target: 0 });
  client.handshake("shares", 2);
  const share = (id: number) => close(client.create2(id, buffer(8), 8, 2)[1]);
  for (const id of [1, 2, 3]) share(id);
  client.unref(2);
  share(4);
  client.create2(5, buffer(8), 0, 2);
  client.busyWait(5, true);
  assertEquals(pair.session.resources, 4);
  client.message(11, VCMD_RESOURCE_CREATE2, [6, 0, VIRGL_FORMAT_R8_UNORM, 0, 8, 1, 1, 1, 0, 0, 8]);
  assertMatch(pair.end() ?? "", /RESOURCE_CREATE2: there are 3 resources with shared memory/);
});
