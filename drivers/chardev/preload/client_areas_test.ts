/** What lies at a client's addresses: /proc/PID/maps read, and the addresses that are given out. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "../../../core/error.ts";
import { areasOf, fileOf, parseAreas } from "./client_areas.ts";
import { ClientSpaces } from "./client_space.ts";

const MAPS = `7f0000000000-7f0000004000 rw-p 00000000 00:00 0 
7f0000004000-7f0000006000 rw-s 00003000 00:01 1234                       /memfd:udrm-pinned (deleted)
7f0000006000-7f0000007000 r--p 00000000 fe:10 99                         /usr/lib/a name with spaces
7f0000008000-7f0000009000 rw-p 00000000 00:00 0                          [heap]
`;

Deno.test("areasOf cuts what lies there to the range, with offsets into files", () => {
  const all = parseAreas(MAPS);
  assertEquals(all.length, 4);
  const [first, second, ...more] = areasOf(all, 0x7f00_0000_3000n, 0x2000);
  assertEquals(more, []);
  assertEquals([first.start, first.end, first.isShared], [0x7f00_0000_3000n, 0x7f00_0000_4000n, false]);
  assertEquals([second.start, second.end, second.isShared], [0x7f00_0000_4000n, 0x7f00_0000_5000n, true]);
  assertEquals([second.file, second.offset], ["00:01 1234", 0x3000]);
  assertEquals(areasOf(all, 0x7f00_0000_5000n, 0x1000)[0].offset, 0x4000);
  assertEquals(all[2].name, "/usr/lib/a name with spaces");
});

Deno.test("areasOf refuses what is not there, and what cannot be written", () => {
  const all = parseAreas(MAPS);
  for (
    const [start, length] of [[0x7f00_0000_5000n, 0x2000], [0x7f00_0000_7000n, 0x1000], [0x7f00_0000_8000n, 0x2000], [
      0n,
      0x1000,
    ], [0xffff_ffff_ffff_f000n, 0x1000]] as const
  ) {
    assertThrows(() => areasOf(all, start, length), DrmError, "Cannot use");
  }
});

Deno.test("fileOf names a file as the kernel does in maps", () => {
  assertEquals([fileOf(1n, 1234n), fileOf(0xfe10n, 5n), fileOf(0x10_3405n, 7n)], ["00:01 1234", "fe:10 5", "34:105 7"]);
});

Deno.test("ClientSpaces: one for the threads of a process, another after exec; what is no range has no addresses", () => {
  const spaces = new ClientSpaces();
  const first = spaces.enter(7, 0x1000_0000, 0x3000);
  assert(spaces.enter(7, 0x1000_0000, 0x3000) === first);
  const range = first.take(0x2000);
  assertEquals([range?.start, range?.length], [0x1_0000, 2]);
  assertEquals(first.take(0x2000), undefined);
  assert(spaces.enter(7, 0x2000_0000, 0x3000) !== first);
  for (const [base, size] of [[0, 0x1000], [0x1001, 0x1000], [0x1000, 0], [0x1000, 1], [2 ** 47, 0x1000], [-1, 1]]) {
    assertEquals(spaces.enter(8, base, size).take(0x1000), undefined, `${base} ${size}`);
  }
});

Deno.test("ClientSpaces forgets a process once nothing of it is left", () => {
  const spaces = new ClientSpaces();
  const space = spaces.enter(7, 0x1000_0000, 0x3000);
  const range = space.take(0x1000);
  space.connections--;
  assertEquals(spaces.count, 1);
  assert(range !== undefined);
  space.give(range);
  assertEquals(spaces.count, 0);
});
