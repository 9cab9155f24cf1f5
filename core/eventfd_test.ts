import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { EFD_NONBLOCK, EFD_SEMAPHORE, POLLERR, POLLIN, POLLOUT } from "../uapi/fcntl.ts";
import { DrmError, EAGAIN, EINTR } from "./error.ts";
import { EventFd, eventFdContext } from "./eventfd.ts";
import { SyncRig } from "./sync_testing.ts";
import { Wait } from "./wait.ts";

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

const bytes = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
const MAX = 2n ** 64n - 1n;

function reader(rig: SyncRig, file: EventFd): () => bigint | number {
  return () => {
    const target = new Uint8Array(8);
    const result = file.read(rig.task, target);
    if (result instanceof Wait) throw new Error("it waits");
    return result === 8 ? new DataView(target.buffer).getBigUint64(0, true) : result;
  };
}

Deno.test("eventfd reads give the counter and clear it; empty is EAGAIN", () => {
  using rig = new SyncRig();
  const file = new EventFd(5, EFD_NONBLOCK);
  const read = reader(rig, file);
  assertEquals([file.write(rig.task, bytes(3n)), read(), read()], [8, 8n, EAGAIN]);
});

Deno.test("eventfd with EFD_SEMAPHORE gives 1 at a time", () => {
  using rig = new SyncRig();
  const read = reader(rig, new EventFd(2, EFD_NONBLOCK | EFD_SEMAPHORE));
  assertEquals([read(), read(), read()], [1n, 1n, EAGAIN]);
});

Deno.test("eventfd takes 8 bytes, never 2^64 - 1, and waits where it would overflow", () => {
  using rig = new SyncRig();
  const file = new EventFd(0, EFD_NONBLOCK);
  fails("EINVAL", () => file.read(rig.task, new Uint8Array(7)));
  for (const size of [0, 7, 9, 16]) fails("EINVAL", () => file.write(rig.task, new Uint8Array(size)));
  fails("EINVAL", () => file.write(rig.task, bytes(MAX)));
  assertEquals(file.write(rig.task, bytes(MAX - 1n)), 8);
  assertEquals([file.write(rig.task, bytes(1n)), file.write(rig.task, bytes(0n)), file.poll(POLLIN | POLLOUT)], [
    EAGAIN,
    8,
    POLLIN,
  ]);
});

Deno.test("eventfd signals saturate, and poll says so", () => {
  using rig = new SyncRig();
  const file = new EventFd(0, EFD_NONBLOCK);
  assertEquals(file.poll(POLLIN | POLLOUT), POLLOUT);
  const context = file.takeContext();
  context.signal();
  assertEquals([file.count, file.poll(POLLIN | POLLOUT)], [1n, POLLIN | POLLOUT]);
  file.write(rig.task, bytes(MAX - 2n));
  context.signal();
  context.signal();
  assertEquals([file.count, file.poll(POLLIN | POLLOUT)], [MAX, POLLIN | POLLERR]);
  assertEquals(reader(rig, file)(), MAX);
});

Deno.test("eventfd readers and writers that wait go on in the order in which they came", () => {
  using rig = new SyncRig();
  const file = new EventFd(0, EFD_SEMAPHORE);
  const waits = [1, 2, 3].map(() => file.read(rig.task, new Uint8Array(8)));
  for (const wait of waits) assertInstanceOf(wait, Wait);
  const [a, b, c] = waits as Wait[];
  b.cancel();
  file.write(rig.task, bytes(1n));
  assertEquals([a.result, b.result, c.result], [8, EINTR, undefined]);
  file.takeContext().signal();
  assertEquals([c.result, file.count], [8, 0n]);
  file.write(rig.task, bytes(MAX - 1n));
  const full = file.write(rig.task, bytes(1n));
  assertInstanceOf(full, Wait);
  const target = new Uint8Array(8);
  file.read(rig.task, target);
  assertEquals([full.result, file.count], [8, MAX - 1n]);
});

Deno.test("eventfd wakes pollers", async () => {
  using rig = new SyncRig();
  const file = new EventFd();
  const fd = rig.install(file);
  const woken = rig.task.file(fd).pollWait(POLLIN);
  file.takeContext().signal();
  assertEquals(await woken, POLLIN);
});

Deno.test("eventfd contexts: EBADF for no fd, EINVAL for other files; they outlive the file", () => {
  using rig = new SyncRig();
  fails("EBADF", () => eventFdContext(rig.task, 99));
  fails("EINVAL", () => eventFdContext(rig.task, rig.card.fd));
  const file = new EventFd();
  const fd = rig.install(file);
  const context = eventFdContext(rig.task, fd);
  rig.task.close(fd);
  context.signal();
  assertEquals(file.count, 1n);
});
