import { assertEquals } from "@std/assert";
import { EventFd } from "udrm/core/eventfd.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { Machine, outcome } from "./client.ts";

const ALL = uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
const SUBMIT = uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
const AVAILABLE = uapi.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
const LAST = uapi.DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED;
const FOREVER = 2n ** 63n - 1n;

Deno.test("F14 points go on where 32 and 53 bits end", () => {
  using machine = new Machine();
  const c = machine.client();
  for (const limit of [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n]) {
    const handle = c.create();
    for (const point of [limit - 1n, limit, limit + 1n]) {
      assertEquals(c.wait([handle], { flags: SUBMIT }, [point]).result, "ETIME");
      c.signalPoint(handle, point);
      assertEquals([c.query([handle]), c.query([handle], LAST)], [[point], [point]]);
      assertEquals(c.wait([handle], {}, [point]).result, 0);
      assertEquals(c.wait([handle], {}, [point + 1n]).result, "EINVAL");
    }
  }
});

Deno.test("F12 F13 a point on top of a binary fence waits for it too; QUERY knows of points alone", () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  const handle = c.create();
  c.submit(handle, line.fence(1));
  c.signalPoint(handle, 5);
  assertEquals([c.query([handle]), c.query([handle], LAST), c.wait([handle], {}, [5]).result], [[0n], [5n], "ETIME"]);
  line.inc();
  assertEquals([c.query([handle]), c.wait([handle], {}, [5]).result], [[5n], 0]);
  c.set(true, handle);
  assertEquals([c.query([handle], LAST), c.wait([handle], {}, [1]).result], [[0n], "EINVAL"]);
});

Deno.test("F15 fences that signal out of order: points come in order", () => {
  using machine = new Machine();
  const c = machine.client();
  const lines = [c.timeline(), c.timeline(), c.timeline(), c.timeline()];
  const handle = c.create();
  lines.forEach((line, i) => c.submit(handle, line.fence(1), BigInt(i + 1)));
  const reached = (): unknown[] => [
    c.query([handle])[0],
    [1, 2, 3, 4].map((point) => c.wait([handle], {}, [point]).result === 0),
  ];
  assertEquals(reached(), [0n, [false, false, false, false]]);
  lines[3].inc();
  lines[1].inc();
  assertEquals(reached(), [0n, [false, false, false, false]]);
  lines[0].inc();
  assertEquals(reached(), [2n, [true, true, false, false]]);
  lines[2].inc();
  assertEquals(reached(), [4n, [true, true, true, true]]);
});

Deno.test("F8 F15 many points of one timeline in one wait, in any order: the lowest index that has come", () => {
  using machine = new Machine();
  const c = machine.client();
  const lines = Array.from({ length: 9 }, () => c.timeline());
  const handle = c.create();
  lines.forEach((line, i) => c.submit(handle, line.fence(1), BigInt(10 * (i + 1))));
  const asked = [90, 41, 85, 40, 1, 20, 11, 31, 80];
  const handles = asked.map(() => handle);
  for (let reached = 0; reached <= 90; reached += 10) {
    const first = asked.findIndex((point) => point <= reached);
    const waited = c.wait(handles, {}, asked);
    assertEquals([waited.result, waited.first], first < 0 ? ["ETIME", 0] : [0, first], `reached ${reached}`);
    assertEquals(c.wait(handles, { flags: ALL }, asked).result, reached === 90 ? 0 : "ETIME");
    lines[reached / 10]?.inc();
  }
});

Deno.test("F13 a point that is not beyond the last: it keeps the last's number, and QUERY knows nothing of those before", () => {
  using machine = new Machine();
  const c = machine.client();
  const lines = [c.timeline(), c.timeline(), c.timeline()];
  const handle = c.create();
  [3n, 5n, 4n].forEach((point, i) => c.submit(handle, lines[i].fence(1), point));
  const seen = (): unknown[] => [c.query([handle])[0], c.query([handle], LAST)[0], c.wait([handle], {}, [1]).result];
  assertEquals(seen(), [0n, 5n, "ETIME"]);
  lines[0].inc();
  assertEquals(seen(), [0n, 5n, "ETIME"]);
  lines[2].inc();
  lines[1].inc();
  assertEquals(seen(), [5n, 5n, 0]);
  assertEquals(c.wait([handle], {}, [6]).result, "EINVAL");
});

Deno.test("F8 waits for several points of several timelines, any and all", async () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  const handles = [c.create(), c.create()];
  handles.forEach((handle, i) => [1, 2, 3].forEach((p) => c.submit(handle, line.fence(2 * p + i), BigInt(10 * p))));
  const asked = [handles[1], handles[0], handles[1]], points = [30, 20, 10];
  const any = c.sleep(asked, { timeout: FOREVER }, points);
  const all = c.sleep(asked, { timeout: FOREVER, flags: ALL }, points);
  line.inc(3);
  assertEquals(await any, { result: 0, first: 2 });
  line.inc(3);
  assertEquals(await Promise.race([all, Promise.resolve("asleep")]), "asleep");
  line.inc(1);
  assertEquals((await all).result, 0);
  assertEquals(c.query(handles), [30n, 30n]);
});

Deno.test("F7 AVAILABLE ends with submission: for one any, for ALL every point", async () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  const [a, b] = [c.create(), c.create()];
  const any = c.sleep([a, b], { flags: AVAILABLE, timeout: FOREVER }, [2, 2]);
  const all = c.sleep([a, b], { flags: AVAILABLE | ALL, timeout: FOREVER }, [2, 2]);
  c.submit(b, line.fence(100), 1n);
  c.submit(b, line.fence(101), 2n);
  assertEquals(await any, { result: 0, first: 1 });
  c.submit(a, line.fence(102), 9n);
  assertEquals((await all).result, 0);
  assertEquals(c.wait([a, b], { flags: ALL }, [2, 2]).result, "ETIME");
});

Deno.test("F16 TRANSFER out of the middle of a timeline, onto itself, and between devices by a shared object", () => {
  using machine = new Machine(2);
  const a = machine.client(0), b = machine.client(1);
  const line = a.timeline();
  const [from, to] = [a.create(), a.create()];
  [1, 2, 3].forEach((p) => a.submit(from, line.fence(p), BigInt(p)));
  a.transfer(from, 2n, to, 0n); // the very fence, which is a node of the other timeline
  assertEquals(a.query([to], LAST), [2n]);
  a.set(false, to);
  a.transfer(from, 2n, to, 7n);
  a.transfer(from, 1n, from, 9n);
  assertEquals(a.query([from, to], LAST), [9n, 7n]);
  const there = b.fromFd(b.process.receive(a.process, a.toFd(to)));
  line.inc(2);
  assertEquals([a.query([from, to]), b.query([there])], [[2n, 7n], [7n]]);
  line.inc(1); // point 9 stands on point 3, whatever is behind it
  assertEquals(a.query([from]), [9n]);
});

Deno.test("F16 TRANSFER: unknown syncobjs are ENOENT before unknown flags are EINVAL, as is what has no fence", () => {
  using machine = new Machine();
  const c = machine.client();
  const [full, empty] = [c.create(1), c.create()];
  const table: [number, bigint, number, number, string | undefined][] = [
    [77, 0n, full, 0, "ENOENT"],
    [77, 0n, full, 0x80, "ENOENT"],
    [full, 0n, 77, 0x80, "ENOENT"],
    [full, 0n, empty, 0x80, "EINVAL"],
    [full, 0n, empty, ALL, "EINVAL"],
    [full, 0n, empty, AVAILABLE, "EINVAL"],
    [full, 1n, empty, 0, "EINVAL"],
    [empty, 0n, full, 0, "EINVAL"],
    [full, 0n, empty, SUBMIT, undefined],
  ];
  for (const [from, point, to, flags, code] of table) {
    for (const target of [0n, 3n]) assertEquals(outcome(() => c.transfer(from, point, to, target, flags)), code);
  }
});

Deno.test("F16 TRANSFERs that wait for each other's result are all done by the first signal, to the last", async () => {
  using machine = new Machine();
  const c = machine.client();
  const handles = Array.from({ length: 30_000 }, () => c.create());
  const done = handles.slice(1).map((to, i) =>
    c.card.wait(uapi.DRM_IOCTL_SYNCOBJ_TRANSFER, c.transferArg(handles[i], 0n, to, 1n, SUBMIT))
  );
  c.set(true, handles[0]);
  assertEquals((await Promise.all(done)).every((result) => result === 0), true);
  assertEquals(c.query(handles.slice(-1)), [1n]);
});

Deno.test("F20 eventfds of one syncobj by two handles; a RESET does not take them back", () => {
  using machine = new Machine();
  const c = machine.client();
  const handle = c.create(), twin = c.fromFd(c.toFd(handle));
  const line = c.timeline();
  const counters = [0, AVAILABLE].map((flags) => {
    const file = new EventFd();
    const arg = uapi.drm_syncobj_eventfd.of({ handle, point: 2n, fd: c.process.install(file), flags });
    c.card.ioctl(uapi.DRM_IOCTL_SYNCOBJ_EVENTFD, arg);
    return file;
  });
  const counts = (): bigint[] => counters.map((file) => file.count);
  c.signalPoint(twin, 1);
  c.set(false, twin);
  assertEquals(counts(), [0n, 0n]);
  c.submit(twin, line.fence(1), 2n);
  assertEquals(counts(), [0n, 1n]);
  c.set(false, handle);
  line.inc();
  assertEquals(counts(), [1n, 1n]);
});

Deno.test("F14 QUERY: an unknown handle or bad pointer is refused, whatever the others are", () => {
  using machine = new Machine();
  const c = machine.client();
  const handle = c.create();
  c.signalPoint(handle, 3);
  const ask = (handles: bigint, points: bigint, count: number): unknown =>
    outcome(() =>
      c.card.ioctl(
        uapi.DRM_IOCTL_SYNCOBJ_QUERY,
        uapi.drm_syncobj_timeline_array.of({ handles, points, count_handles: count }),
      )
    );
  for (const list of [[handle], [handle, handle]]) {
    assertEquals(ask(c.u32(list), c.u64([0, 0]), list.length), 0);
    assertEquals(ask(c.u32(list), 0n, list.length), "EFAULT");
    assertEquals(ask(0n, c.u64([0, 0]), list.length), "EFAULT");
    assertEquals(ask(c.u32([...list.slice(1), 99]), c.u64([0, 0]), list.length), "ENOENT");
  }
});
