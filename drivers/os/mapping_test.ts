import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ERRNO } from "udrm/uapi/errno.ts";
import { close } from "./fd.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, Mapping, PROT_READ, PROT_WRITE } from "./mapping.ts";
import { F_SEAL_FUTURE_WRITE, openMemfd } from "./memfd.ts";
import { OsError } from "./os_error.ts";
import { mappingsOf } from "./testing.ts";

const { EPERM, EBADF, ENOMEM, EINVAL } = ERRNO;

Deno.test("Mapping: two mappings of one file are one memory, and outlive its descriptor", () => {
  const fd = openMemfd("alias", 8192);
  using a = Mapping.map(fd, 8192);
  using b = Mapping.map(fd, 4096, PROT_READ, undefined, 4096);
  close(fd);
  new Uint8Array(a.buffer)[4097] = 42;
  assertEquals(new Uint8Array(b.buffer)[1], 42);
  assertStrictEquals(a.buffer, a.buffer);
  assertEquals(new Uint8Array(a.buffer)[0], 0);
});

Deno.test("Mapping: every view is detached before the memory goes", () => {
  const fd = openMemfd("detach-me", 4096);
  const mapping = Mapping.map(fd, 4096);
  const bytes = new Uint8Array(mapping.buffer), view = new DataView(mapping.buffer);
  bytes[0] = 1;
  assertEquals(mappingsOf("memfd:detach-me"), 1);
  assertEquals(mapping.unmap(), 0);
  assertEquals(mappingsOf("memfd:detach-me"), 0);
  assertEquals([bytes.length, bytes[0]], [0, undefined]);
  assertThrows(() => view.getUint8(0), TypeError);
  assertThrows(() => mapping.buffer, TypeError);
  assertThrows(() => mapping.protect(0), TypeError);
  mapping[Symbol.dispose]();
  close(fd);
});

Deno.test("Mapping answers mmap's errno", () => {
  const fd = openMemfd("errno", 4096);
  assertEquals(Mapping.tryMap(fd, 0), -EINVAL);
  assertEquals(Mapping.tryMap(fd, 4096, PROT_READ, undefined, 1), -EINVAL);
  assertEquals(Mapping.tryMap(-1, 4096), -EBADF);
  assertEquals(Mapping.tryMap(fd, 2 ** 52), -ENOMEM);
  assertThrows(() => Mapping.map(-1, 4096), OsError, "EBADF");
  close(fd);
});

Deno.test("Mapping: a file sealed against future writes maps read-only alone", () => {
  const fd = openMemfd("read-only", 4096, F_SEAL_FUTURE_WRITE);
  assertEquals(Mapping.tryMap(fd, 4096), -EPERM);
  using mapping = Mapping.map(fd, 4096, PROT_READ);
  assertEquals(new Uint8Array(mapping.buffer)[0], 0);
  close(fd);
});

Deno.test("Mapping.protect takes away and gives back", () => {
  using mapping = Mapping.map(-1, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  const bytes = new Uint8Array(mapping.buffer);
  bytes[7] = 7;
  assertEquals(mapping.protect(PROT_READ), 0);
  assertEquals(bytes[7], 7);
  assertEquals(mapping.protect(PROT_READ | PROT_WRITE), 0);
  bytes[7]++;
  assertEquals(bytes[7], 8);
});

Deno.test("Mapping.replace puts a file under existing views", () => {
  const fd = openMemfd("under", 4096);
  using file = Mapping.map(fd, 4096);
  using mapping = Mapping.map(-1, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  const bytes = new Uint8Array(mapping.buffer);
  new Uint8Array(file.buffer)[5] = 5;
  assertEquals(bytes[5], 0);
  assertEquals(mapping.replace(fd), 0);
  assertEquals(bytes[5], 5);
  bytes[6] = 6;
  assertEquals(new Uint8Array(file.buffer)[6], 6);
  close(fd);
});

Deno.test("Mapping: ten thousand make no growth", () => {
  const fd = openMemfd("growth", 65536);
  for (let i = 0; i < 10_000; i++) {
    using mapping = Mapping.map(fd, 65536);
    new Uint8Array(mapping.buffer)[0] = i;
  }
  assertEquals(mappingsOf("memfd:growth"), 0);
  close(fd);
});
