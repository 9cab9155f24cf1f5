// What many objects cost: requests that a hostile client makes as large as it can must neither overflow the stack nor take
// time in the square of their size.
import { assertEquals, assertThrows } from "@std/assert";
import { cpuMs } from "../tests/cpu_time.ts";
import * as drm from "../uapi/drm_syncobj.ts";
import { DrmError, ETIME } from "./error.ts";
import { EventFd } from "./eventfd.ts";
import type { Fence } from "./fence.ts";
import { unwrapFence } from "./fence_unwrap.ts";
import { Client } from "./syncobj_testing.ts";

const ALL = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
const SUBMIT = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
const DEADLINE = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE;
const FOREVER = 2n ** 63n - 1n;

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

Deno.test("F16 30000 TRANSFERs that wait for one another are done one after the other, not within each other", async () => {
  using c = new Client();
  const handles = Array.from({ length: 30_001 }, () => c.create());
  const done = handles.slice(1).map((to, i) => c.transferWait(handles[i], 0, to, i % 2, SUBMIT));
  c.signal(handles[0]);
  assertEquals(new Set(await Promise.all(done)), new Set([0]));
  assertEquals(c.wait(handles.slice(-1)).result, 0);
});

Deno.test("F14 QUERY of many timelines with a common tail walks the tail once", () => {
  using c = new Client();
  const trunk = c.create(), depth = 1000, count = 1000;
  let looks = 0;
  for (let i = 1; i <= depth; i++) {
    const fence = c.fence();
    Object.defineProperty(fence, "poll", { value: () => (looks++, false) });
    c.syncobj(trunk).addPoint(fence, i);
  }
  const handles = Array.from({ length: count }, () => {
    const handle = c.create();
    c.transfer(trunk, 0, handle, 0);
    c.syncobj(handle).addPoint(c.fence(), depth + 1);
    return handle;
  });
  looks = 0;
  assertEquals(new Set(c.query(handles)), new Set([0n]));
  assertEquals(looks < 10 * (depth + count), true, `${looks} looks`);
});

Deno.test("F20 a point costs what it ends: 2^16 eventfds that wait for other points are not looked at", () => {
  using c = new Client();
  const handle = c.create(), count = 2 ** 16;
  const fd = c.install(new EventFd());
  for (let i = 1; i <= count; i++) c.eventfd(handle, i, fd);
  fails("ENOMEM", () => c.eventfd(handle, 1, fd));
  const start = cpuMs();
  const points = Array.from({ length: count }, (_, i) => i + 1);
  c.timelineSignal(new Array(count).fill(handle), points);
  const file = c.task.file(fd).file as EventFd;
  // Looking at all that wait for each point would be more than 2 * 10^9 steps.
  assertEquals([file.count, cpuMs() - start < 2000], [BigInt(count), true]);
  c.eventfd(handle, 1, fd);
});

Deno.test("100000 pending points: adding stays cheap, and every wait is answered", async () => {
  using c = new Client();
  const handle = c.create();
  const syncobj = c.syncobj(handle);
  const fences: Fence[] = [];
  for (let i = 1; i <= 100_000; i++) {
    const fence = c.fence();
    fences.push(fence);
    syncobj.addPoint(fence, i);
  }
  const last = c.timelineSleep([handle], [100_000], { timeout: FOREVER });
  const middle = c.timelineSleep([handle], [500], { timeout: FOREVER });
  for (const fence of fences) fence.signal();
  assertEquals([(await middle).result, (await last).result, c.query(handle)], [0, 0, [100_000n]]);
});

Deno.test("F15 many points of a deep timeline: one walk finds them all, a hint reaches each fence once", async () => {
  using c = new Client();
  const handle = c.create(), depth = 50_000, count = 2 ** 16;
  let hints = 0;
  for (let i = 1; i <= depth; i++) {
    const fence = c.fence();
    fence.setDeadline = () => void hints++;
    c.syncobj(handle).addPoint(fence, i);
  }
  const handles = new Array(count).fill(handle), points = Array.from({ length: count }, (_, i) => 1 + i % depth);
  const start = cpuMs();
  assertEquals(c.timelineWait(handles, points, { flags: DEADLINE, deadline: 5 }).result, ETIME);
  // Each for itself would be more than 10^9 steps.
  assertEquals([hints, cpuMs() - start < 2000], [depth, true]);
  const waited = c.timelineSleep(handles, points, { flags: ALL, timeout: FOREVER });
  const fences = [...unwrapFence(c.syncobj(handle).fence as Fence)];
  assertEquals(fences.length, depth);
  for (const fence of fences.reverse()) fence.signal();
  assertEquals((await waited).result, 0);
});

Deno.test("a wait whose points take more than 2^22 steps is ENOMEM; each alone is answered", () => {
  using c = new Client();
  const trunk = c.create(), depth = 50_000;
  for (let i = 1; i <= depth; i++) c.syncobj(trunk).addPoint(c.fence(), i);
  const handles = Array.from({ length: 90 }, () => {
    const handle = c.create();
    c.transfer(trunk, 0, handle, 0);
    c.syncobj(handle).addPoint(c.fence(), depth + 1);
    return handle;
  });
  fails("ENOMEM", () => c.timelineWait(handles, handles.map(() => 1)));
  assertEquals(c.timelineWait(handles.slice(0, 80), handles.slice(0, 80).map(() => 1)).result, ETIME);
  assertEquals(c.timelineWait(handles, handles.map(() => depth)).result, ETIME);
  assertEquals(c.timelineWait(handles.slice(-1), [1]).result, ETIME);
});
