import { assert, assertEquals, assertMatch } from "@std/assert";
import * as uapi from "../uapi/mod.ts";
import { IOWR } from "../uapi/ioctl.ts";
import { type Struct, struct, u64 } from "../uapi/struct.ts";
import { Fence } from "./fence.ts";
import { ResvUsage } from "./resv.ts";
import { formatTrace, type TraceEvent } from "./trace.ts";
import { errno, testDriver, testSystem } from "./testing.ts";

interface cookie {
  value: bigint;
}
const cookie: Struct<cookie> = struct<cookie>("cookie", { value: u64 }, { size: 8 });
const DRM_IOCTL_TEST_COOKIE = IOWR<cookie>("d", 0x40, cookie);

Deno.test("while somebody listens every request is told, named and decoded by the table that dispatches it", () => {
  using t = testSystem({
    drivers: [testDriver({
      uapi: { DRM_IOCTL_TEST_COOKIE },
      ioctls: ({ ioctl }) => [ioctl(DRM_IOCTL_TEST_COOKIE, cookie, 0, (_f, arg) => (arg.value++, 0))],
    })],
  });
  const events: TraceEvent[] = [];
  const listening = t.system.trace.listen((event) => events.push(event));
  const handle = t.dumb();
  t.card.ioctl(DRM_IOCTL_TEST_COOKIE, t.task.heap.from(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)).address);
  errno(() => t.closeGem(99));
  errno(() => t.card.ioctl(0xc004_64ff, 1n));
  listening[Symbol.dispose]();
  t.closeGem(handle);
  assertEquals(events.map((e) => [e.name, e.subject, e.result]), [
    ["DRM_IOCTL_MODE_CREATE_DUMB", "card0", 0],
    ["DRM_IOCTL_TEST_COOKIE", "card0", 0],
    ["DRM_IOCTL_GEM_CLOSE", "card0", "EINVAL: Cannot close GEM handle 99: it is not open in this file"],
    ["ioctl 0xc00464ff", "card0", "EINVAL: Cannot do ioctl 0xc00464ff: the table has no such number"],
  ]);
  assertEquals(events[1].args, { value: "0x2" });
  assertEquals(t.system.trace.enabled, false);
  assertMatch(
    formatTrace(events[0]),
    /^1\.000000 client {2}DRM_IOCTL_MODE_CREATE_DUMB\(card0, \{height: 1, .*handle: 1, pitch: 4096, size: 4096\}\) = 0 <[0-9.]+us>$/,
  );
});

Deno.test("a bad pointer is shown as it is, and arguments of any kind are decoded", () => {
  using t = testSystem();
  const events: TraceEvent[] = [];
  using _listening = t.system.trace.listen((event) => events.push(event));
  const cap = uapi.DRM_IOCTL_GET_CAP;
  errno(() => t.card.ioctl(cap, 16n));
  t.card.ioctl(cap, new Uint8Array(Uint32Array.of(6, 0, 0, 0).buffer));
  errno(() => t.card.ioctl(cap, undefined));
  errno(() => t.card.ioctl(cap, -1.5));
  assertEquals(events.map((e) => e.args), [16n, { capability: "0x6", value: "0x1" }, undefined, -1.5]);
  assert(events.every((e) => formatTrace(e).includes("DRM_IOCTL_GET_CAP(card0")));
});

Deno.test("requests of other files are told too, and a request that waits is told when it waits and when it is done", async () => {
  using t = testSystem();
  const file = t.task.file(t.exportFd(t.dumb()));
  const fence = new Fence({ clock: t.clock, context: 1, seqno: 1, driverName: "test", timelineName: "line" });
  const { resv } = t.object(1);
  resv.reserve(1);
  resv.add(fence, ResvUsage.WRITE);
  const events: TraceEvent[] = [];
  using _listening = t.system.trace.listen((event) => events.push(event));
  const pending = file.wait(uapi.DMA_BUF_IOCTL_SYNC, uapi.dma_buf_sync.of({ flags: 1n }));
  fence.signal();
  await pending;
  errno(() => file.ioctl(0x40_0862_07, 0n));
  assertEquals(events.map((e) => [e.name, e.subject, e.result]), [
    ["DMA_BUF_IOCTL_SYNC", "dma_buf", "waits"],
    ["DMA_BUF_IOCTL_SYNC", "dma_buf", 0],
    ["ioctl 0x40086207", "dma_buf", "ENOTTY: Cannot do ioctl 0x40086207: the table has no such number"],
  ]);
});

Deno.test("formatTrace shortens long arrays and prints bigints, strings and nested values", () => {
  const line = formatTrace({
    time: 0,
    floor: "host",
    name: "X",
    args: { a: 5n, b: "text", c: "0xff", d: Array.from({ length: 20 }, (_, i) => i), e: { f: null } },
    result: "ok",
  });
  assertEquals(
    line,
    '0.000000 host    X({a: 0x5, b: "text", c: 0xff, d: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, ... 20 in all], e: {f: null}}) = ok',
  );
});
