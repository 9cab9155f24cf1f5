import { assertEquals, assertThrows } from "@std/assert";
import * as drm from "../uapi/drm_syncobj.ts";
import { DrmError } from "./error.ts";
import { EventFd } from "./eventfd.ts";
import { Syncobj } from "./syncobj.ts";
import { Client } from "./syncobj_testing.ts";

const AVAILABLE = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

Deno.test("F20 an eventfd is signalled once, when the point signals, or is submitted with WAIT_AVAILABLE", () => {
  using c = new Client();
  const handle = c.create();
  const files = [0, 1, 2, 3].map(() => new EventFd());
  const fds = files.map((file) => c.task.install(file));
  const counts = (): bigint[] => files.map((file) => file.count);
  c.eventfd(handle, 0, fds[0]);
  c.eventfd(handle, 2, fds[1]);
  c.eventfd(handle, 2, fds[2], AVAILABLE);
  assertEquals(counts(), [0n, 0n, 0n, 0n]);
  const [a, b] = [c.fence(), c.fence()];
  c.syncobj(handle).addPoint(a, 1);
  assertEquals(counts(), [0n, 0n, 0n, 0n]);
  c.syncobj(handle).addPoint(b, 2);
  assertEquals(counts(), [0n, 0n, 1n, 0n]);
  a.signal();
  assertEquals(counts(), [1n, 0n, 1n, 0n]);
  c.eventfd(handle, 1, fds[3]);
  assertEquals(counts(), [1n, 0n, 1n, 1n]);
  b.signal();
  c.signal(handle);
  assertEquals(counts(), [1n, 1n, 1n, 1n]);
});

Deno.test("F20 points beyond 2^53 that a Number cannot tell apart wait each for its own", () => {
  using c = new Client();
  const handle = c.create(), base = 2n ** 60n;
  const files = [2n, 0n, 1n].map((more) => {
    const file = new EventFd();
    c.syncobj(handle).addEventFd(base + more, AVAILABLE, file.takeContext());
    return file;
  });
  const counts = (): bigint[] => files.map((file) => file.count);
  for (const expected of [[0n, 1n, 0n], [0n, 1n, 1n], [1n, 1n, 1n]]) {
    c.timelineSignal([handle], [base + expected.reduce((a, b) => a + b) - 1n]);
    assertEquals(counts(), expected);
  }
});

Deno.test("F20 eventfds: EINVAL for flags and other files, EBADF for no file; dropped with the syncobj", () => {
  using c = new Client();
  const handle = c.create(), file = new EventFd(), fd = c.task.install(file);
  for (const flags of [1, 2, 8]) fails("EINVAL", () => c.eventfd(handle, 0, fd, flags));
  fails("EBADF", () => c.eventfd(handle, 0, 99));
  fails("EINVAL", () => c.eventfd(handle, 0, c.card.fd));
  c.eventfd(handle, 0, fd);
  const syncobj = c.syncobj(handle);
  c.destroy(handle);
  syncobj.signal();
  assertEquals(file.count, 0n);
});

Deno.test("F20 an eventfd that waits for its fence outlives the syncobj; contexts are put exactly once", () => {
  using c = new Client();
  const log: string[] = [];
  const context = (name: string) => ({
    ref() {
      return this;
    },
    put: () => void log.push(`${name} put`),
    signal: () => void log.push(`${name} signal`),
  });
  const syncobj = new Syncobj(c.system), fence = c.fence();
  syncobj.addEventFd(1, 0, context("later"));
  syncobj.replaceFence(fence);
  syncobj.addEventFd(0, 0, context("armed"));
  syncobj.put();
  assertEquals(log, ["later put"]);
  fence.signal();
  assertEquals(log, ["later put", "armed signal", "armed put"]);
});
