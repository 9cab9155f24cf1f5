import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  sw_sync_create_fence_data,
  SW_SYNC_GET_DEADLINE,
  sw_sync_get_deadline,
  SW_SYNC_IOC_CREATE_FENCE,
  SW_SYNC_IOC_INC,
} from "../uapi/sw_sync.ts";
import { DrmError } from "./error.ts";
import type { OpenFile } from "./process.ts";
import type { Fence } from "./fence.ts";
import { SwSyncFile } from "./sw_sync.ts";
import { SyncFile, syncFileFence } from "./sync_file.ts";
import { SyncRig } from "./sync_testing.ts";

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

function create(timeline: OpenFile, value: number): number {
  const arg = sw_sync_create_fence_data.of({ value, name: "ignored" });
  assertEquals(timeline.ioctl(SW_SYNC_IOC_CREATE_FENCE, arg), 0);
  return arg.fence;
}

function fence(timeline: OpenFile, value: number): Fence {
  const found = syncFileFence(timeline.process.file(create(timeline, value)).file);
  if (found === undefined) throw new Error("no sync_file");
  return found;
}

const inc = (timeline: OpenFile, count: number): number => timeline.ioctl(SW_SYNC_IOC_INC, Uint32Array.of(count));

Deno.test("E6 values up to the counter are born signalled; the same pending value is the same fence", () => {
  using rig = new SyncRig();
  const line = rig.task.open("/dev/sw_sync");
  assertEquals(fence(line, 0).status, 1);
  inc(line, 5);
  assertEquals([fence(line, 5).status, fence(line, 4).status], [1, 1]);
  const six = fence(line, 6);
  assertEquals([six.status, fence(line, 6) === six, fence(line, 7) === six, fence(line, 5) === fence(line, 5)], [
    0,
    true,
    false,
    false,
  ]);
});

Deno.test("E6 values wrap, and an increment above INT_MAX goes in steps", () => {
  using rig = new SyncRig();
  const line = rig.task.open("/dev/sw_sync");
  inc(line, 0xffff_fff0);
  const soon = fence(line, 0xffff_ffff), wrapped = fence(line, 5);
  assertEquals([soon.status, wrapped.status], [0, 0]);
  inc(line, 15);
  assertEquals([soon.status, wrapped.status], [1, 0]);
  inc(line, 6);
  assertEquals(wrapped.status, 1);
  const far = fence(line, 0x6000_0000), middle = fence(line, 0x3000_0000);
  inc(line, 0xf000_0000); // signed, one step of this size would look like a step back
  assertEquals([far.status, middle.status], [1, 1]);
});

Deno.test("E7 fences signal in the order of their values, up to the first that has not come", () => {
  using rig = new SyncRig();
  const line = rig.task.open("/dev/sw_sync");
  const order: number[] = [];
  for (const value of [7, 3, 9, 1, 5]) fence(line, value).addCallback(() => order.push(value));
  inc(line, 7);
  assertEquals(order, [1, 3, 5, 7]);
  inc(line, 2);
  assertEquals(order, [1, 3, 5, 7, 9]);
});

Deno.test("E8 closing the timeline fails what is pending with ENOENT", () => {
  using rig = new SyncRig();
  const line = rig.task.open("/dev/sw_sync");
  const done = fence(line, 1), pending = fence(line, 2);
  inc(line, 1);
  line.close();
  assertEquals([done.status, pending.status], [1, -2]);
});

Deno.test("E9 the timeline bears the opener's command name, the driver is sw_sync", () => {
  using rig = new SyncRig();
  const f = fence(rig.task.open("/dev/sw_sync"), 3);
  assertEquals([f.timelineName, f.driverName, f.seqno], ["tester", "sw_sync", 3]);
});

Deno.test("E10 GET_DEADLINE gives the earliest hint, ENOENT without one, EINVAL for other files", () => {
  using rig = new SyncRig();
  const line = rig.task.open("/dev/sw_sync");
  const fd = create(line, 3);
  const ask = (init: object): bigint => {
    const arg = sw_sync_get_deadline.of({ fence_fd: fd, ...init });
    line.ioctl(SW_SYNC_GET_DEADLINE, arg);
    return arg.deadline_ns;
  };
  fails("ENOENT", () => ask({}));
  for (const deadline of [900, 500, 700]) syncFileFence(rig.task.file(fd).file)?.setDeadline(deadline);
  assertEquals(ask({}), 500n);
  fails("EINVAL", () => ask({ deadline_ns: 1n }));
  fails("EINVAL", () => ask({ pad: 1 }));
  fails("EINVAL", () => ask({ fence_fd: 99 }));
  fails("EINVAL", () => ask({ fence_fd: rig.card.fd }));
  fails("EINVAL", () => ask({ fence_fd: rig.task.install(new SyncFile(rig.fence())) }));
});

Deno.test("sw_sync requests match whole: other sizes and numbers are ENOTTY, bad pointers EFAULT", () => {
  using rig = new SyncRig();
  const line = rig.task.open("/dev/sw_sync");
  fails("ENOTTY", () => line.ioctl(SW_SYNC_IOC_INC + 1, Uint32Array.of(1)));
  fails("EFAULT", () => line.ioctl(SW_SYNC_IOC_INC, 3n));
  fails("EFAULT", () => line.ioctl(SW_SYNC_IOC_CREATE_FENCE, 3n));
});

Deno.test("a pending fence whose files are closed unseen leaves the timeline; one that somebody holds does not", () => {
  using rig = new SyncRig();
  const line = rig.task.open("/dev/sw_sync");
  const kept = fence(line, 50);
  rig.task.close(line.fd + 1);
  for (let i = 0; i < 10_000; i++) rig.task.close(create(line, 100 + i % 7));
  assertInstanceOf(line.file, SwSyncFile);
  const files = [line.file.createFence(200), line.file.createFence(200)];
  const [unseen, same] = files.map((file) => file.info().fences[0]);
  for (const file of files) file.put();
  const [fresh] = line.file.createFence(200).info().fences;
  assertEquals([unseen === same, unseen === fresh], [true, false]);
  assertEquals(fence(line, 50) === kept, true);
  inc(line, 50);
  assertEquals(kept.status, 1);
});

Deno.test("E7 any mix of fences and increments signals exactly what has come", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(400).map((v) => ({ v })), fc.nat(60).map((n) => ({ n })))),
      fc.nat(0xffff_ffff),
      (steps, start) => {
        using rig = new SyncRig();
        const line = rig.task.open("/dev/sw_sync");
        inc(line, start);
        const all: { at: number; fence: Fence }[] = [];
        let now = 0;
        for (const step of steps) {
          if ("n" in step) {
            now += step.n;
            inc(line, step.n);
          } else all.push({ at: step.v, fence: fence(line, (start + step.v) >>> 0) });
          for (const { at, fence } of all) assertEquals(fence.status, at <= now ? 1 : 0);
        }
      },
    ),
    { numRuns: 50 },
  );
});
