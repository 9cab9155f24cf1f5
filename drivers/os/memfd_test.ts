import { assert, assertEquals, assertThrows } from "@std/assert";
import { ERRNO } from "udrm/uapi/errno.ts";
import { eventfd } from "./eventfd.ts";
import { close, fdName, fstat, S_IFMT, S_IFREG } from "./fd.ts";
import {
  addSeals,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  ftruncate,
  getSeals,
  memfdCreate,
  openMemfd,
  sealedFile,
  zeroFile,
} from "./memfd.ts";
import { Mapping } from "./mapping.ts";
import { OsError } from "./os_error.ts";
import { assertNoFdLeak } from "./testing.ts";

const { EPERM, EBADF, EINVAL } = ERRNO;

Deno.test("memfdCreate makes a regular file of the size, with an inode of its own", () => {
  assertNoFdLeak(() => {
    const a = openMemfd("one", 8192), b = openMemfd("one", 4096);
    assertEquals(fstat(a).size, 8192);
    assertEquals(fstat(a).mode & S_IFMT, S_IFREG);
    assert(fstat(a).ino !== fstat(b).ino);
    assertEquals([close(a), close(b)], [0, 0]);
  });
});

Deno.test("memfdCreate seals the size: EPERM on growth and shrinking", () => {
  const sealed = openMemfd("sealed", 8192), open = openMemfd("open", 8192, 0);
  assertEquals(getSeals(sealed), F_SEAL_SHRINK | F_SEAL_GROW);
  assertEquals([ftruncate(sealed, 4096), ftruncate(sealed, 16384), ftruncate(sealed, 8192)], [-EPERM, -EPERM, 0]);
  assertEquals([ftruncate(open, 4096), ftruncate(open, 16384)], [0, 0]);
  close(sealed), close(open);
});

Deno.test("addSeals is refused after F_SEAL_SEAL, getSeals on a file without seals", () => {
  const fd = openMemfd("seals", 4096, 0);
  assertEquals(addSeals(fd, F_SEAL_SHRINK | F_SEAL_SEAL), 0);
  assertEquals(addSeals(fd, F_SEAL_GROW), -EPERM);
  close(fd);
  assertEquals(getSeals(-1), -EBADF);
  const unsealable = eventfd();
  assertEquals(getSeals(unsealable), -EINVAL);
  close(unsealable);
});

Deno.test("memfdCreate answers the errno of the call that failed, and leaves nothing open", () => {
  assertNoFdLeak(() => {
    assertEquals(memfdCreate("n".repeat(250), 4096), -EINVAL);
    assertThrows(() => memfdCreate("size", -1), RangeError);
    assertThrows(() => memfdCreate("size", 1.5), RangeError);
    assertThrows(() => memfdCreate("a\0b", 1), TypeError);
    const error = assertThrows(() => openMemfd("n".repeat(250), 1), OsError, "EINVAL");
    assertEquals([error.code, error.errno], ["EINVAL", 22]);
  });
});

Deno.test("errno belongs to the call just made, whatever ran before", () => {
  for (let i = 0; i < 2000; i++) {
    assertEquals(close(-1), -EBADF);
    JSON.parse(JSON.stringify({ a: new Array(50).fill(i) }));
    assertEquals(memfdCreate("n".repeat(250), 1), -EINVAL);
  }
});

Deno.test("sealedFile is read from its beginning, and never changes", () => {
  assertNoFdLeak(() => {
    for (const length of [0, 5, 70000]) {
      const text = "abcdefg".repeat(10000).slice(0, length);
      const fd = sealedFile("text", new TextEncoder().encode(text));
      assertEquals(Deno.readTextFileSync(`/proc/self/fd/${fd}`), text);
      assertEquals(getSeals(fd), 0xf);
      assert(ftruncate(fd, 3) < 0);
      close(fd);
    }
  });
});

Deno.test("zeroFile empties a file's pages in every mapping, keeps its size, and obeys seals", () => {
  assertNoFdLeak(() => {
    const fd = openMemfd("zero", 8192);
    using mapping = Mapping.map(fd, 8192);
    const bytes = new Uint8Array(mapping.buffer).fill(9);
    assertEquals(zeroFile(fd, 4096), 0);
    assertEquals([bytes[0], bytes[4095], bytes[4096]], [0, 0, 9]);
    assertEquals(fstat(fd).size, 8192);
    close(fd);
    const sealed = sealedFile("sealed", new Uint8Array(4096));
    assert(zeroFile(sealed, 4096) < 0);
    close(sealed);
    assertEquals(zeroFile(-1, 4096), -EBADF);
  });
});

Deno.test("fdName is what the kernel calls an open file", () => {
  const memory = openMemfd("one", 4096), event = eventfd();
  assertEquals([fdName(memory), fdName(event), fdName(9999)], ["/memfd:one (deleted)", "anon_inode:[eventfd]", ""]);
  close(memory);
  close(event);
});
