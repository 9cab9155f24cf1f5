import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as uapi from "udrm/uapi/mod.ts";
import { Machine, outcome, type Timeline } from "./client.ts";

Deno.test("E1 any tree of merges holds the latest value of each timeline, and signals with the last of them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 20 })), { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.nat(1000)),
      (parts, random) => {
        using machine = new Machine();
        const c = machine.client();
        const lines = [0, 1, 2, 3].map(() => c.timeline());
        const latest = new Map<number, number>();
        for (const [line, value] of parts) latest.set(line, Math.max(latest.get(line) ?? 0, value));
        const fds = parts.map(([line, value]) => lines[line].fence(value));
        const next = (count: number): number => (random.next().value ?? 0) % count;
        while (fds.length > 1) {
          const [a] = fds.splice(next(fds.length), 1), [b] = fds.splice(next(fds.length), 1);
          fds.push(c.merge(a, b));
        }
        assertEquals(c.info(fds[0]).fences.length, latest.size);
        for (const [line, value] of latest) {
          lines[line].inc(value - 1);
          assertEquals([c.info(fds[0]).status, c.signaled(fds[0])], [0, false]);
          lines[line].inc(1);
          latest.delete(line);
          assertEquals(c.info(fds[0]).status, latest.size === 0 ? 1 : 0);
        }
        assertEquals(c.signaled(fds[0]), true);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("E1 merging a fence with itself, or with an earlier one of its timeline, is that very fence", () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  const early = line.fence(1), late = line.fence(2);
  const fds = [c.merge(late, late), c.merge(early, late), c.merge(late, early)];
  assertEquals(fds.map((fd) => c.info(fd).fences.map((f) => f.driver)), [["sw_sync"], ["sw_sync"], ["sw_sync"]]);
  line.inc();
  assertEquals([early, ...fds].map((fd) => c.signaled(fd)), [true, false, false, false]);
  line.inc();
  assertEquals(fds.map((fd) => c.signaled(fd)), [true, true, true]);
});

Deno.test("E1 merging with what has signalled keeps what is pending alone; merging what has all signalled gives a stub", () => {
  using machine = new Machine();
  const c = machine.client();
  const [a, b] = [c.timeline(), c.timeline()];
  const [x, y] = [a.fence(1), b.fence(1)];
  const before = c.merge(x, y);
  machine.clock.advance(1000);
  a.inc();
  const time = BigInt(machine.clock.now());
  const after = c.merge(x, y);
  // Merged before, both are in it, each with its state; merged after, what had signalled is not.
  assertEquals(c.info(before).fences.map((f) => [f.status, f.time]), [[1, time], [0, 0n]]);
  assertEquals(c.info(after).fences.map((f) => f.status), [0]);
  machine.clock.advance(1000);
  b.inc();
  const stub = c.merge(before, after);
  assertEquals(c.info(stub), {
    status: 1,
    worst: 1,
    fences: [{ status: 1, driver: "stub", timeline: "stub", time: time + 1000n }],
  });
});

Deno.test("E8 a timeline that ends fails what is pending, in other processes and in merged fences too", () => {
  using machine = new Machine();
  const a = machine.client(), b = machine.client();
  const [dying, living] = [a.timeline(), b.timeline()];
  const done = dying.fence(1), pending = dying.fence(2);
  const received = b.process.receive(a.process, pending);
  const merged = b.merge(received, living.fence(1));
  dying.inc();
  a.process[Symbol.dispose]();
  assertEquals(b.info(received), {
    status: -2,
    worst: -2,
    fences: [{ status: -2, driver: "sw_sync", timeline: "igt", time: BigInt(machine.clock.now()) }],
  });
  assertEquals([b.signaled(received), b.signaled(merged)], [true, false]);
  const { status, worst, fences } = b.info(merged);
  assertEquals([status, worst, fences.map((f) => f.status)], [0, -2, [-2, 0]]);
  living.inc();
  assertEquals(b.signaled(merged), true);
  assertEquals(outcome(() => a.info(done)), "EBADF");
});

Deno.test("E8 a dup keeps the timeline; its last close ends it", () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  const fence = line.fence(1);
  const twin = c.process.dup(line.file.fd);
  line.close();
  assertEquals(c.info(fence).status, 0);
  c.process.close(twin);
  assertEquals(c.info(fence).status, -2);
});

Deno.test("E6 a counter near its end: fences beyond the wrap are pending, and increments of any size reach them", () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  line.inc(0xffff_ffff);
  const [last, wrapped, far] = [line.fence(0xffff_ffff), line.fence(0), line.fence(0x7fff_fffe)];
  const behind = line.fence(0x7fff_ffff); // 2^31 ahead is behind, with 32 bits
  const states = (): boolean[] => [last, wrapped, far, behind].map((fd) => c.signaled(fd));
  assertEquals(states(), [true, false, false, true]);
  line.inc(0);
  assertEquals(states(), [true, false, false, true]);
  line.inc(1);
  assertEquals(states(), [true, true, false, true]);
  line.inc(0xffff_ffff); // all the way round, past the far one
  assertEquals(states(), [true, true, true, true]);
});

Deno.test("E2 E4 what FILE_INFO tells of a fence of several timelines, while they signal", () => {
  using machine = new Machine();
  const c = machine.client();
  const lines: Timeline[] = [c.timeline(), c.timeline(), c.timeline()];
  const fd = lines.map((line) => line.fence(1)).reduce((a, b) => c.merge(a, b));
  const expected: [number, bigint][] = [[0, 0n], [0, 0n], [0, 0n]];
  for (const i of [1, 2, 0]) {
    machine.clock.advance(10);
    lines[i].inc();
    expected[i] = [1, BigInt(machine.clock.now())];
    const { status, fences } = c.info(fd);
    assertEquals([status, fences.map((f) => [f.status, f.time])], [i === 0 ? 1 : 0, expected]);
  }
});

Deno.test("E5 poll of a merged fence sleeps until the last has signalled, however they come", async () => {
  using machine = new Machine();
  const c = machine.client();
  for (const order of [[0, 1, 2], [2, 0, 1], [1, 2, 0]]) {
    const lines = [c.timeline(), c.timeline(), c.timeline()];
    const fd = lines.map((line) => line.fence(1)).reduce((a, b) => c.merge(a, b));
    let woken = false;
    const polled = c.process.file(fd).pollWait(uapi.POLLIN).then((bits) => (woken = true, bits));
    for (const i of order) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals(woken, false);
      lines[i].inc();
    }
    assertEquals(await polled, uapi.POLLIN);
  }
});

Deno.test("C8 E1 the second fd of MERGE must be a sync_file: other files are ENOENT and nothing is opened", () => {
  using machine = new Machine();
  const c = machine.client();
  const line = c.timeline();
  const fence = line.fence(1);
  const fds = c.process.fdCount;
  for (const fd of [line.file.fd, c.card.fd, -1, 4000]) assertEquals(outcome(() => c.merge(fence, fd)), "ENOENT");
  assertEquals(outcome(() => line.file.ioctl(uapi.SYNC_IOC_MERGE, uapi.sync_merge_data.of({ fd2: fence }))), "ENOTTY");
  assertEquals(c.process.fdCount, fds);
});

Deno.test("E6 when fds run out, CREATE_FENCE and MERGE are EMFILE and the timeline goes on", () => {
  using machine = new Machine();
  const c = machine.client(0, machine.system.process({ fdLimit: 4 }));
  const line = c.timeline();
  const [a, b] = [line.fence(1), line.fence(2)];
  assertEquals([outcome(() => line.fence(3)), outcome(() => c.merge(a, b))], ["EMFILE", "EMFILE"]);
  c.process.close(a);
  line.inc(2);
  assertEquals([line.fence(3), c.signaled(b)], [a, true]);
});
