import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as drm from "../uapi/drm_syncobj.ts";
import { VirtualClock } from "./clock.ts";
import { DrmError, EINTR, ETIME } from "./error.ts";
import type { Fence } from "./fence.ts";
import { JIFFY, waitDeadline } from "./syncobj_wait.ts";
import { Client } from "./syncobj_testing.ts";

const ALL = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
const SUBMIT = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
const AVAILABLE = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
const DEADLINE = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE;
const UNWRITTEN = -7;
const FOREVER = 2n ** 63n - 1n;

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

/** Syncobjs with pending fences of their own. */
function pending(c: Client, count: number): { handles: number[]; fences: Fence[] } {
  const handles = Array.from({ length: count }, () => c.create());
  const fences = handles.map((handle) => {
    const fence = c.fence();
    c.syncobj(handle).replaceFence(fence);
    return fence;
  });
  return { handles, fences };
}

Deno.test("F4 no handles: the waits return 0, the others EINVAL", () => {
  using c = new Client();
  assertEquals([c.wait([]).result, c.timelineWait([], undefined).result], [0, 0]);
  fails("EINVAL", () => c.wait([], { flags: AVAILABLE }));
  for (const act of [() => c.reset(), () => c.signal(), () => c.timelineSignal([], []), () => c.query([])]) {
    fails("EINVAL", act);
  }
});

Deno.test("F5 a time-out that is 0, negative or past polls", () => {
  using c = new Client();
  const { handles, fences } = pending(c, 1);
  for (const timeout of [0, -1, -(2n ** 63n), 1, c.clock.now()]) {
    assertEquals(c.wait(handles, { timeout }), { result: ETIME, first: UNWRITTEN });
  }
  fences[0].signal();
  assertEquals(c.wait(handles, { timeout: -1 }), { result: 0, first: 0 });
});

Deno.test("F5 a wait ends with ETIME on a tick, at least one jiffy after its time and less than two", async () => {
  using c = new Client();
  const { handles } = pending(c, 1);
  const timeout = c.clock.now() + 10_000_001;
  let ended = 0;
  const waited = c.sleep(handles, { timeout }).then((w) => [w, ended = c.clock.now()]);
  for (let i = 0; i < 10 && ended === 0; i++) {
    c.clock.advance(JIFFY);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(await waited, [{ result: ETIME, first: UNWRITTEN }, 1_016_000_000]);
});

Deno.test("F5 deadlines are never early, at most two jiffies late, and infinite for INT64_MAX", () => {
  const clock = new VirtualClock(1);
  fc.assert(fc.property(fc.integer({ min: 2, max: 2 ** 50 }), (timeout) => {
    const end = waitDeadline(clock, timeout);
    assertEquals([end % JIFFY, end >= timeout + JIFFY, end < timeout + 2 * JIFFY], [0, true, true]);
  }));
  assertEquals([waitDeadline(clock, 2 ** 63), waitDeadline(clock, 1), waitDeadline(clock, -5)], [Infinity, 0, 0]);
});

Deno.test("F6 one without a fence is EINVAL at once, wherever it stands and whatever has signalled", () => {
  using c = new Client();
  const full = c.create(1), empty = c.create();
  for (const handles of [[empty], [full, empty], [empty, full]]) {
    fails("EINVAL", () => c.wait(handles));
    fails("EINVAL", () => c.wait(handles, { flags: ALL }));
    fails("EINVAL", () => c.timelineWait(handles, undefined));
  }
  fails("EINVAL", () => c.timelineWait([full], [1]));
  assertEquals(c.wait([full, empty], { flags: SUBMIT }), { result: 0, first: 0 });
});

Deno.test("F7 WAIT_AVAILABLE goes with TIMELINE_WAIT only, implies waiting for submit, and asks for a fence alone", async () => {
  using c = new Client();
  const handle = c.create();
  fails("EINVAL", () => c.wait([handle], { flags: AVAILABLE }));
  fails("EINVAL", () => c.timelineWait([handle], [0], { flags: 0x10 }));
  assertEquals(c.timelineWait([handle], [3], { flags: AVAILABLE }).result, ETIME);
  const waited = c.timelineSleep([handle], [3], { flags: AVAILABLE, timeout: FOREVER });
  c.syncobj(handle).addPoint(c.fence(), 2);
  c.syncobj(handle).addPoint(c.fence(), 3);
  assertEquals(await waited, { result: 0, first: 0 });
  assertEquals(c.timelineWait([handle], [3], { flags: AVAILABLE | ALL }), { result: 0, first: 0 });
});

Deno.test("F8 first_signaled: the lowest signalled index; not written on failure", async () => {
  using c = new Client();
  const { handles, fences } = pending(c, 4);
  assertEquals(c.wait(handles), { result: ETIME, first: UNWRITTEN });
  const any = c.sleep(handles, { timeout: FOREVER });
  fences[2].signal();
  assertEquals(await any, { result: 0, first: 2 });
  fences[1].signal();
  assertEquals(c.wait(handles), { result: 0, first: 1 });
});

Deno.test("F8 what signals at the same moment: the waiter looks at all in order, whichever woke it", async () => {
  using c = new Client();
  const { handles, fences } = pending(c, 3);
  const any = c.sleep(handles, { timeout: FOREVER });
  // As a driver that signals several completions of one interrupt: the last one first, the others are seen by looking.
  Object.defineProperty(fences[1], "poll", { value: () => fences[2].status === 1 });
  fences[2].signal();
  assertEquals(await any, { result: 0, first: 1 });
  assertEquals(fences.map((fence) => fence.hasCallbacks), [false, false, false]);
});

Deno.test("F8 a wait that ends while it looks around ends once", () => {
  using c = new Client();
  const { handles, fences } = pending(c, 2);
  let looks = 0;
  Object.defineProperty(fences[0], "poll", { value: () => looks > 1 });
  Object.defineProperty(fences[1], "poll", { value: () => ++looks > 1 });
  assertEquals(c.wait(handles, { timeout: FOREVER }), { result: 0, first: 0 });
  // Its reference was dropped once: the syncobjs are alive.
  assertEquals(handles.map((handle, i) => c.syncobj(handle).fence === fences[i]), [true, true]);
});

Deno.test("F8 WAIT_ALL that slept: 0xffffffff, or what the first look saw signalled", async () => {
  using c = new Client();
  const { handles, fences } = pending(c, 3);
  const none = c.sleep(handles, { flags: ALL, timeout: FOREVER });
  fences[1].signal();
  const some = c.sleep(handles, { flags: ALL, timeout: FOREVER });
  assertEquals(c.wait(handles, { flags: ALL }).result, ETIME);
  fences[0].signal();
  fences[2].signal();
  assertEquals([await none, await some], [{ result: 0, first: -1 }, { result: 0, first: 1 }]);
  assertEquals(c.wait(handles, { flags: ALL }), { result: 0, first: 0 });
});

Deno.test("F8 the same syncobj twice counts twice", async () => {
  using c = new Client();
  const { handles: [h], fences } = pending(c, 1);
  const waited = c.sleep([h, h], { flags: ALL, timeout: FOREVER });
  fences[0].signal();
  assertEquals(await waited, { result: 0, first: -1 });
});

Deno.test("F9 WAIT_DEADLINE hints, before sleeping, whatever comes of the wait; F10 the short struct hints 0", () => {
  using c = new Client();
  const { handles, fences } = pending(c, 2);
  assertEquals(c.wait(handles, { flags: DEADLINE, deadline: 500 }).result, ETIME);
  assertEquals(fences.map((f) => f.deadline), [500, 500]);
  assertEquals(c.timelineWait(handles, [0, 0], { flags: DEADLINE, deadline: 400 }).result, ETIME);
  assertEquals(fences.map((f) => f.deadline), [400, 400]);
  const arg = new Uint8Array(32);
  const view = new DataView(arg.buffer);
  view.setBigUint64(0, c.handles(...handles), true);
  view.setUint32(16, 1, true);
  view.setUint32(20, DEADLINE, true);
  assertEquals(c.card.ioctl(0xc02064c3, arg), ETIME);
  assertEquals(fences.map((f) => f.deadline), [0, 400]);
});

Deno.test("F11 RESET leaves waiters waiting for a new fence, and those that have one for theirs", async () => {
  using c = new Client();
  const empty = c.create();
  const { handles: [h], fences: [old] } = pending(c, 1);
  const waits = [c.sleep([empty], { flags: SUBMIT, timeout: FOREVER }), c.sleep([h], { timeout: FOREVER })];
  c.reset(empty, h);
  c.signal(h);
  assertEquals(old.hasCallbacks, true);
  old.signal();
  assertEquals((await waits[1]).result, 0);
  c.signal(empty);
  assertEquals((await waits[0]).result, 0);
});

Deno.test("F12 timeline point 0 means the whole current fence", async () => {
  using c = new Client();
  const handle = c.create();
  const [a, b] = [c.fence(), c.fence()];
  c.syncobj(handle).addPoint(a, 1);
  c.syncobj(handle).addPoint(b, 2);
  const whole = c.timelineSleep([handle], [0], { timeout: FOREVER });
  b.signal();
  assertEquals([c.timelineWait([handle], [0]).result, c.timelineWait([handle], undefined).result], [ETIME, ETIME]);
  a.signal();
  assertEquals((await whole).result, 0);
});

Deno.test("F15 a point between two waits for the next higher; beyond the newest EINVAL, or waits for submit", async () => {
  using c = new Client();
  const handle = c.create();
  const [a, b, d] = [c.fence(), c.fence(), c.fence()];
  c.syncobj(handle).addPoint(a, 10);
  c.syncobj(handle).addPoint(b, 20);
  a.signal();
  assertEquals([5, 10, 15, 20].map((p) => c.timelineWait([handle], [p]).result), [0, 0, ETIME, ETIME]);
  fails("EINVAL", () => c.timelineWait([handle], [21]));
  assertEquals(c.timelineWait([handle], [21], { flags: SUBMIT }).result, ETIME);
  const waited = c.timelineSleep([handle], [21], { flags: SUBMIT, timeout: FOREVER });
  b.signal();
  assertEquals(c.timelineWait([handle], [15]).result, 0);
  c.syncobj(handle).addPoint(d, 30);
  assertEquals(d.hasCallbacks, true);
  d.signal();
  assertEquals(await waited, { result: 0, first: 0 });
});

Deno.test("a signal ends a wait with EINTR and takes everything back", async () => {
  using c = new Client();
  const { handles, fences } = pending(c, 2);
  const empty = c.create();
  const syncobj = c.syncobj(empty);
  const stop = new AbortController();
  const waited = c.sleep([...handles, empty], { flags: SUBMIT, timeout: FOREVER }, stop.signal);
  c.destroy(empty); // the wait keeps it alive
  stop.abort();
  assertEquals([(await waited).result, fences.map((f) => f.hasCallbacks)], [EINTR, [false, false]]);
  syncobj.signal();
});

Deno.test("a wait keeps its syncobjs alive: destroying the handle does not end it", async () => {
  using c = new Client();
  const { handles, fences } = pending(c, 1);
  const waited = c.sleep(handles, { timeout: FOREVER });
  c.destroy(handles[0]);
  fences[0].signal();
  assertEquals((await waited).result, 0);
});

Deno.test("waiting synchronously for what is not there is a TypeError, and leaves nothing behind", () => {
  using c = new Client();
  const { handles, fences } = pending(c, 1);
  assertThrows(() => c.wait(handles, { timeout: FOREVER }), TypeError);
  assertEquals(fences[0].hasCallbacks, false);
});

Deno.test("absurd counts are ENOMEM before anything is allocated or read; bad pointers EFAULT", () => {
  using c = new Client();
  const array = (count_handles: number, handles = 4096n) => drm.drm_syncobj_wait.of({ handles, count_handles });
  fails("ENOMEM", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, array(0xffff_ffff)));
  fails("ENOMEM", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, array(2 ** 20 + 1)));
  fails("EFAULT", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, array(2 ** 20)));
  fails("EFAULT", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, array(1)));
  const handle = c.create(1);
  const many = c.task.heap.from(new Uint8Array(Uint32Array.from({ length: 2 ** 16 + 1 }, () => handle).buffer)).address;
  fails("ENOMEM", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, array(2 ** 16 + 1, many)));
  assertEquals(c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, array(2 ** 16, many)), 0);
  const more = c.task.heap.from(new Uint8Array(Uint32Array.from({ length: 2 ** 19 + 1 }, () => handle).buffer)).address;
  const signal = (count_handles: number) => drm.drm_syncobj_array.of({ handles: more, count_handles });
  fails("ENOMEM", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_SIGNAL, signal(2 ** 19 + 1)));
  assertEquals(c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_SIGNAL, signal(2 ** 19)), 0);
  const points = drm.drm_syncobj_timeline_array.of({ handles: c.handles(handle), count_handles: 1, points: 0n });
  fails("EFAULT", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_QUERY, points));
  points.points = 8n;
  fails("EFAULT", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, points));
  fails("EFAULT", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, points as never));
});

Deno.test("F8 F15 timeline waits end exactly when their points have signalled", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.infiniteStream(fc.nat(1000)),
      async (gaps, asked, all, random) => {
        using c = new Client();
        const handle = c.create();
        const points: number[] = [];
        for (const gap of gaps) points.push((points.at(-1) ?? 0) + gap);
        const fences = points.map((point) => {
          const fence = c.fence();
          c.syncobj(handle).addPoint(fence, point);
          return fence;
        });
        const top = points.at(-1) ?? 0;
        const wanted = asked.map((point) => point % (top + 1));
        let result: number | undefined;
        const waited = c.timelineSleep(wanted.map(() => handle), wanted, { flags: all ? ALL : 0, timeout: FOREVER });
        void waited.then((w) => result = w.result);
        // Point p has signalled when every fence up to the first point >= p has; 0 asks for all.
        const reached = (point: number): boolean => {
          const end = point === 0 ? points.length - 1 : points.findIndex((p) => p >= point);
          return fences.slice(0, end + 1).every((f) => f.isSignaled);
        };
        const order = fences.map((_, i) => i);
        for (let i = order.length - 1; i > 0; i--) {
          const j = (random.next().value ?? 0) % (i + 1);
          [order[i], order[j]] = [order[j], order[i]];
        }
        for (const i of order) {
          fences[i].signal();
          await Promise.resolve();
          await new Promise((resolve) => setTimeout(resolve, 0));
          const done = all ? wanted.every(reached) : wanted.some(reached);
          assertEquals(result, done ? 0 : undefined);
        }
        await waited;
      },
    ),
    { numRuns: 30 },
  );
});
