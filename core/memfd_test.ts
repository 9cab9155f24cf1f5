import { assert, assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { MemFd } from "./memfd.ts";
import type { OpenFile } from "./process.ts";
import { errno, testSystem } from "./testing.ts";

function make(t: ReturnType<typeof testSystem>, size = 0, flags?: number): { file: OpenFile; memfd: MemFd } {
  const file = t.task.memfdCreate("m", flags);
  assert(file.file instanceof MemFd);
  file.file.truncate(size);
  return { file, memfd: file.file };
}

Deno.test("MemFd grows with zeros, shrinks, and what grows back reads as zero", () => {
  using t = testSystem();
  const { file, memfd } = make(t, 5000);
  file.write(new Uint8Array(5000).fill(1));
  memfd.truncate(100);
  memfd.truncate(5000);
  file.lseek(0, uapi.SEEK_SET);
  const bytes = new Uint8Array(6000);
  assertEquals([
    file.read(bytes),
    bytes.subarray(0, 100).every((b) => b === 1),
    bytes.subarray(100).every((b) => b === 0),
  ], [5000, true, true]);
  assertEquals([errno(() => memfd.truncate(-1)), errno(() => memfd.truncate(0.5))], ["EINVAL", "EINVAL"]);
});

Deno.test("MemFd reads and writes at its position and grows by writing", () => {
  using t = testSystem();
  const { file, memfd } = make(t);
  assertEquals([file.write(Uint8Array.of(1, 2, 3)), memfd.size, file.lseek(0, uapi.SEEK_CUR)], [3, 3, 3]);
  assertEquals([file.lseek(8190, uapi.SEEK_SET), file.write(Uint8Array.of(4, 5, 6)), memfd.size], [8190, 3, 8193]);
  file.lseek(-3, uapi.SEEK_END);
  const out = new Uint8Array(9);
  assertEquals([file.read(out), [...out.subarray(0, 3)], file.read(out)], [3, [4, 5, 6], 0]);
  assertEquals([errno(() => file.lseek(-1, uapi.SEEK_SET)), errno(() => file.lseek(0, 9))], ["EINVAL", "EINVAL"]);
});

Deno.test("MemFd seals: shrink, grow, write, and no more seals", () => {
  using t = testSystem();
  const { file, memfd } = make(t, 4096);
  memfd.addSeals(uapi.F_SEAL_SHRINK);
  assertEquals([errno(() => memfd.truncate(0)), errno(() => memfd.truncate(8192))], ["EPERM", undefined]);
  memfd.addSeals(uapi.F_SEAL_GROW);
  assertEquals([errno(() => memfd.truncate(8193)), memfd.seals], ["EPERM", uapi.F_SEAL_SHRINK | uapi.F_SEAL_GROW]);
  const bytes = file.mmap(4096);
  assertEquals(errno(() => memfd.addSeals(uapi.F_SEAL_WRITE)), "EBUSY");
  t.task.munmap(bytes);
  memfd.addSeals(uapi.F_SEAL_WRITE);
  assertEquals([errno(() => file.write(Uint8Array.of(1))), errno(() => file.mmap(4096))], ["EPERM", "EPERM"]);
  assertEquals(file.mmap(4096, 0, uapi.PROT_READ).length, 4096);
  memfd.addSeals(uapi.F_SEAL_SEAL);
  assertEquals([errno(() => memfd.addSeals(0)), errno(() => memfd.addSeals(0x1000))], ["EPERM", "EINVAL"]);
});

Deno.test("MemFd without MFD_ALLOW_SEALING takes no seals; unknown flags and long names are EINVAL", () => {
  using t = testSystem();
  assertEquals(errno(() => make(t, 0, uapi.MFD_CLOEXEC).memfd.addSeals(uapi.F_SEAL_SHRINK)), "EPERM");
  assertEquals(make(t, 0, uapi.MFD_NOEXEC_SEAL).memfd.seals, uapi.F_SEAL_EXEC);
  assertEquals(errno(() => t.task.memfdCreate("x", 0x1000)), "EINVAL");
  assertEquals(errno(() => t.task.memfdCreate("x".repeat(250))), "EINVAL");
});

Deno.test("MemFd mappings share its memory, private ones copy it; a range outside the file is refused", () => {
  using t = testSystem();
  const { file } = make(t, 8192);
  const a = file.mmap(8192), b = file.mmap(4096, 4096);
  const copy = file.mmap(4096, 4096, uapi.PROT_READ | uapi.PROT_WRITE, uapi.MAP_PRIVATE);
  a[4096] = 5;
  copy[1] = 6;
  assertEquals([b[0], copy[0], a[4097]], [5, 0, 0]);
  assertEquals([errno(() => file.mmap(8193)), errno(() => file.mmap(4096, 8192))], ["EINVAL", "EINVAL"]);
});

Deno.test("MemFd that grows while it is mapped keeps the mapping in place; only the seam cannot be mapped", () => {
  using t = testSystem();
  const { file, memfd } = make(t, 4096);
  const old = file.mmap(4096);
  memfd.truncate(12288);
  old[1] = 7;
  const behind = file.mmap(8192, 4096);
  behind[0] = 8;
  assertEquals([file.mmap(4096)[1], errno(() => file.mmap(8192))], [7, "ENOMEM"]);
  for (const bytes of [old, behind]) t.task.munmap(bytes);
  file.lseek(4096, uapi.SEEK_SET);
  const out = new Uint8Array(1);
  file.read(out);
  assertEquals([out[0], t.used], [8, 12288]);
});

Deno.test("MemFd gives its memory back, after the last mapping", () => {
  using t = testSystem();
  const { file, memfd } = make(t, 4096);
  const bytes = file.mmap(4096);
  file.close();
  assertEquals([memfd.references, t.used], [1, 4096]);
  t.task.munmap(bytes);
  assertEquals([memfd.references, t.used], [0, 0]);
});
