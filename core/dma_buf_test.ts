import { assert, assertEquals } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { DmaBuf } from "./dma_buf.ts";
import { Fence } from "./fence.ts";
import { FenceArray } from "./fence_array.ts";
import type { OpenFile } from "./process.ts";
import { ResvUsage } from "./resv.ts";
import { SyncFile } from "./sync_file.ts";
import { errno, type TestSystem, testSystem } from "./testing.ts";

/** A system with one exported buffer of two pages. */
function rig(): { t: TestSystem; file: OpenFile; buffer: DmaBuf; fence(usage?: ResvUsage): Fence } {
  const t = testSystem();
  const file = t.task.file(t.exportFd(t.dumb(t.card, 2)));
  const buffer = file.file;
  assert(buffer instanceof DmaBuf);
  const fence = (usage?: ResvUsage): Fence => {
    const made = new Fence({
      clock: t.clock,
      context: t.system.fenceContexts.allocate(),
      seqno: 1,
      driverName: "test",
      timelineName: "line",
    });
    if (usage === undefined) return made;
    buffer.resv.reserve(1);
    buffer.resv.add(made, usage);
    return made;
  };
  return { t, file, buffer, fence };
}

function exportSync(file: OpenFile, flags: number): number {
  const arg = uapi.dma_buf_export_sync_file.of({ flags });
  file.ioctl(uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg);
  return arg.fd;
}
function fenceOf(t: TestSystem, fd: number): Fence {
  const file = t.task.file(fd).file;
  assert(file instanceof SyncFile);
  return file.fence;
}

Deno.test("C9 lseek knows SEEK_END and SEEK_SET with offset 0, nothing else", () => {
  const { t, file } = rig();
  using _ = t;
  assertEquals([file.lseek(0, uapi.SEEK_END), file.lseek(0, uapi.SEEK_SET)], [8192, 0]);
  for (
    const [offset, whence] of [[0, uapi.SEEK_CUR], [1, uapi.SEEK_END], [-1, uapi.SEEK_END], [4096, uapi.SEEK_SET], [
      0,
      uapi.SEEK_DATA,
    ], [0, 99]]
  ) {
    assertEquals(errno(() => file.lseek(offset, whence)), "EINVAL", `${offset} ${whence}`);
  }
});

Deno.test("C10 mmap of a dma-buf beyond its size is EINVAL; an offset inside is fine", () => {
  const { t, file } = rig();
  using _ = t;
  file.mmap(8192)[4096] = 5;
  assertEquals(file.mmap(4096, 4096)[0], 5);
  assertEquals(t.card.mmap(8192, t.offset(1))[4096], 5);
  for (const [length, offset] of [[8193, 0], [4097, 4096], [4096, 8192], [1, 2 ** 40], [2 ** 40, 0]]) {
    assertEquals(errno(() => file.mmap(length, offset)), "EINVAL", `${length} at ${offset}`);
  }
  assertEquals(errno(() => file.mmap(4096, 0, uapi.PROT_READ, uapi.MAP_PRIVATE)), "EINVAL");
});

Deno.test("C11 POLLIN waits for KERNEL and WRITE fences, POLLOUT for READ ones too, nobody for BOOKKEEP", () => {
  for (
    const [usage, expected] of [
      [ResvUsage.KERNEL, 0],
      [ResvUsage.WRITE, 0],
      [ResvUsage.READ, uapi.POLLIN],
      [ResvUsage.BOOKKEEP, uapi.POLLIN | uapi.POLLOUT],
    ] as const
  ) {
    const { t, file, fence } = rig();
    using _ = t;
    const made = fence(usage);
    assertEquals(file.poll(uapi.POLLIN | uapi.POLLOUT | uapi.POLLPRI), expected);
    made.signal();
    assertEquals(file.poll(uapi.POLLIN | uapi.POLLOUT | uapi.POLLPRI), uapi.POLLIN | uapi.POLLOUT);
    assertEquals([file.poll(uapi.POLLPRI), file.poll(uapi.POLLOUT)], [0, uapi.POLLOUT]);
  }
});

Deno.test("C11 one callback a direction is armed however many wait, and all of them are woken", () => {
  const { t, buffer, fence } = rig();
  using _ = t;
  const made = fence(ResvUsage.WRITE);
  let armed = 0;
  const add = made.addCallback.bind(made);
  made.addCallback = (callback) => {
    armed++;
    return add(callback);
  };
  let woken = 0;
  const waiters = Array.from({ length: 5 }, () => ({ wake: () => woken++ }));
  for (const waiter of waiters) assertEquals(buffer.poll(uapi.POLLIN | uapi.POLLOUT, waiter), 0);
  assertEquals([armed, woken], [2, 0]);
  buffer.unpoll(waiters[0]);
  made.signal();
  assertEquals(woken, 8);
  for (const waiter of waiters) {
    assertEquals(buffer.poll(uapi.POLLIN | uapi.POLLOUT, waiter), uapi.POLLIN | uapi.POLLOUT);
  }
});

Deno.test("C11 poll waits for one fence after the other, and stops listening when nobody waits", async () => {
  const { t, file, buffer, fence } = rig();
  using _ = t;
  const first = fence(ResvUsage.WRITE), second = fence(ResvUsage.READ);
  let done = 0;
  const pending = file.pollWait(uapi.POLLOUT).then((bits) => done = bits);
  first.signal();
  await Promise.resolve();
  assertEquals(done, 0);
  second.signal();
  assertEquals(await pending, uapi.POLLOUT);
  const third = fence(ResvUsage.WRITE);
  const waiter = { wake: () => done++ };
  buffer.poll(uapi.POLLIN, waiter);
  buffer.unpoll(waiter);
  done = 0;
  third.signal();
  assertEquals(done, 0);
});

Deno.test("C12 SYNC names READ or WRITE and knows one flag more, END", () => {
  const { t, file } = rig();
  using _ = t;
  const sync = (flags: bigint) => errno(() => file.ioctl(uapi.DMA_BUF_IOCTL_SYNC, uapi.dma_buf_sync.of({ flags })));
  for (const flags of [1n, 2n, 3n, 5n, 6n, 7n]) assertEquals(sync(flags), 0, String(flags));
  for (const flags of [0n, 4n, 8n, 9n, 1n << 32n, (1n << 63n) | 1n]) assertEquals(sync(flags), "EINVAL", String(flags));
  assertEquals(errno(() => file.ioctl(uapi.DMA_BUF_IOCTL_SYNC, 0n)), "EFAULT");
});

Deno.test("C12 SYNC START waits for the fences in the way: a reader for writers, a writer for readers too; END never", async () => {
  const { t, file, fence } = rig();
  using _ = t;
  const reader = fence(ResvUsage.READ);
  const sync = (flags: number) => file.wait(uapi.DMA_BUF_IOCTL_SYNC, uapi.dma_buf_sync.of({ flags: BigInt(flags) }));
  assertEquals(await sync(uapi.DMA_BUF_SYNC_READ | uapi.DMA_BUF_SYNC_START), 0);
  assertEquals(await sync(uapi.DMA_BUF_SYNC_WRITE | uapi.DMA_BUF_SYNC_END), 0);
  let done = false;
  const writing = sync(uapi.DMA_BUF_SYNC_WRITE).then((result) => {
    done = true;
    return result;
  });
  await Promise.resolve();
  assertEquals(done, false);
  reader.signal();
  assertEquals(await writing, 0);
});

Deno.test("C13 EXPORT_SYNC_FILE: a reader gets the writers' fences, a writer the readers' too; BOOKKEEP is left out", () => {
  const { t, file, fence } = rig();
  using _ = t;
  const write = fence(ResvUsage.WRITE), read = fence(ResvUsage.READ), hidden = fence(ResvUsage.BOOKKEEP);
  assertEquals(fenceOf(t, exportSync(file, uapi.DMA_BUF_SYNC_READ)) === write, true);
  for (const flags of [uapi.DMA_BUF_SYNC_WRITE, uapi.DMA_BUF_SYNC_RW]) {
    const both = fenceOf(t, exportSync(file, flags));
    assert(both instanceof FenceArray);
    assertEquals([both.fences.includes(write), both.fences.includes(read), both.fences.includes(hidden)], [
      true,
      true,
      false,
    ]);
  }
});

Deno.test("C13 EXPORT_SYNC_FILE with nothing pending gives a signalled stub", () => {
  const { t, file, fence } = rig();
  using _ = t;
  fence(ResvUsage.WRITE).signal();
  fence(ResvUsage.BOOKKEEP);
  const stub = fenceOf(t, exportSync(file, uapi.DMA_BUF_SYNC_RW));
  assertEquals([stub.isSignaled, stub.driverName], [true, "stub"]);
});

Deno.test("C13 EXPORT_SYNC_FILE: no direction or an unknown one is EINVAL; EMFILE and EFAULT leave no fd", () => {
  const t = testSystem({ process: { fdLimit: 3 } });
  using _ = t;
  const file = t.task.file(t.exportFd(t.dumb()));
  for (const flags of [0, 4, 7, 0x8000_0001]) assertEquals(errno(() => exportSync(file, flags)), "EINVAL");
  assertEquals(errno(() => file.ioctl(uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, new Uint8Array(4))), "EFAULT");
  assertEquals(t.task.fdCount, 2);
  assertEquals(exportSync(file, uapi.DMA_BUF_SYNC_READ), 2);
  assertEquals(errno(() => exportSync(file, uapi.DMA_BUF_SYNC_READ)), "EMFILE");
});

Deno.test("C14 IMPORT_SYNC_FILE adds as WRITE for writers, as READ for readers", () => {
  const { t, file, buffer, fence } = rig();
  using _ = t;
  const importSync = (flags: number, made: Fence) =>
    errno(() =>
      file.ioctl(
        uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
        uapi.dma_buf_import_sync_file.of({ flags, fd: t.task.install(new SyncFile(made)) }),
      )
    );
  const [read, write, both] = [fence(), fence(), fence()];
  assertEquals(importSync(uapi.DMA_BUF_SYNC_READ, read), 0);
  assertEquals([...buffer.resv.fences(ResvUsage.WRITE)], []);
  assertEquals([...buffer.resv.fences(ResvUsage.READ)], [read]);
  assertEquals([importSync(uapi.DMA_BUF_SYNC_WRITE, write), importSync(uapi.DMA_BUF_SYNC_RW, both)], [0, 0]);
  assertEquals(new Set(buffer.resv.fences(ResvUsage.WRITE)), new Set([write, both]));
  assertEquals([importSync(0, read), importSync(8, read)], ["EINVAL", "EINVAL"]);
});

Deno.test("C14 IMPORT_SYNC_FILE takes containers apart; signalled fences add nothing; what is no sync_file is EINVAL", () => {
  const { t, file, buffer, fence } = rig();
  using _ = t;
  const [a, b, done] = [fence(), fence(), fence()];
  done.signal();
  const array = new FenceArray(t.system, [a, b, done]);
  const fd = t.task.install(new SyncFile(array));
  const arg = uapi.dma_buf_import_sync_file.of({ flags: uapi.DMA_BUF_SYNC_WRITE, fd });
  assertEquals(file.ioctl(uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, arg), 0);
  assertEquals(new Set(buffer.resv.fences(ResvUsage.WRITE)), new Set([a, b]));
  for (const bad of [-1, 99, t.card.fd, file.fd]) {
    const wrong = uapi.dma_buf_import_sync_file.of({ flags: uapi.DMA_BUF_SYNC_WRITE, fd: bad });
    assertEquals(errno(() => file.ioctl(uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, wrong)), "EINVAL", String(bad));
  }
});

Deno.test("C15 SET_NAME takes up to 31 bytes; the argument is the pointer; both sizes of the request do", () => {
  const { t, file, buffer } = rig();
  using _ = t;
  const set = (text: string, cmd: number = uapi.DMA_BUF_SET_NAME_B) =>
    errno(() => file.ioctl(cmd, t.task.heap.from(new TextEncoder().encode(text + "\0")).address));
  assertEquals([set("scanout"), buffer.name], [0, "scanout"]);
  assertEquals([set("a".repeat(31)), buffer.name.length], [0, 31]);
  assertEquals([set("b".repeat(32)), buffer.name[0]], ["EINVAL", "a"]);
  assertEquals([set("old", uapi.DMA_BUF_SET_NAME_A), buffer.name], [0, "old"]);
  assertEquals([set(""), buffer.name], [0, ""]);
  assertEquals(errno(() => file.ioctl(uapi.DMA_BUF_SET_NAME_B, 0n)), "EFAULT");
});

Deno.test("C15 SET_NAME reads no further than the string, which may end where memory does", () => {
  const { t, file, buffer } = rig();
  using _ = t;
  const chunk = t.task.alloc(1 << 20);
  chunk.bytes.set([0x78, 0x79, 0], (1 << 20) - 3);
  const end = chunk.address + (1n << 20n);
  assertEquals([errno(() => file.ioctl(uapi.DMA_BUF_SET_NAME_B, end - 3n)), buffer.name], [0, "xy"]);
  chunk.bytes[(1 << 20) - 1] = 0x7a;
  assertEquals([errno(() => file.ioctl(uapi.DMA_BUF_SET_NAME_B, end - 3n)), buffer.name], ["EFAULT", "xy"]);
});

Deno.test("dma-buf requests match the whole number: another size or direction is ENOTTY, and so is read", () => {
  const { t, file } = rig();
  using _ = t;
  const sizes = [0, 4, 12, 16].map((size) => uapi._IOC(uapi._IOC_WRITE, "b", 0, size));
  for (const cmd of [...sizes, uapi._IOC(3, "b", 0, 8), uapi._IOC(1, "b", 4, 8), uapi.DRM_IOCTL_GEM_CLOSE]) {
    assertEquals(errno(() => file.ioctl(cmd, new Uint8Array(16))), "ENOTTY", cmd.toString(16));
  }
  assertEquals(errno(() => file.read(new Uint8Array(8))), "EINVAL");
});

Deno.test("C11 a poll that a fence wakes tells all bits that the fence brought", async () => {
  const { t, file, fence } = rig();
  using _ = t;
  const made = fence(ResvUsage.WRITE);
  const pending = file.pollWait(uapi.POLLIN | uapi.POLLOUT);
  made.signal();
  assertEquals(await pending, uapi.POLLIN | uapi.POLLOUT);
});
