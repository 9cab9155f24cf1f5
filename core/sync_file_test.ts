import { assertEquals, assertThrows } from "@std/assert";
import { POLLIN, POLLOUT } from "../uapi/fcntl.ts";
import {
  sync_fence_info,
  sync_file_info,
  SYNC_IOC_FILE_INFO,
  SYNC_IOC_MERGE,
  SYNC_IOC_SET_DEADLINE,
  sync_merge_data,
  sync_set_deadline,
} from "../uapi/sync_file.ts";
import { DrmError } from "./error.ts";
import type { Fence } from "./fence.ts";
import { FenceArray } from "./fence_array.ts";
import { FenceChain } from "./fence_chain.ts";
import { SyncFile, syncFileFence } from "./sync_file.ts";
import { SyncRig } from "./sync_testing.ts";

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

function info(
  rig: SyncRig,
  fd: number,
  room = 0,
): { status: number; count: number; name: string; fences: sync_fence_info[] } {
  const buffer = rig.task.alloc(Math.max(1, room) * sync_fence_info.size);
  const arg = sync_file_info.of({ num_fences: room, sync_fence_info: buffer.address });
  rig.task.file(fd).ioctl(SYNC_IOC_FILE_INFO, arg);
  const fences = Array.from(
    { length: Math.min(room, arg.num_fences) },
    (_, i) => sync_fence_info.at(buffer.bytes, i * 80),
  );
  return { status: arg.status, count: arg.num_fences, name: arg.name, fences };
}

function merge(rig: SyncRig, a: number, b: number, name = "merged"): number {
  const arg = sync_merge_data.of({ fd2: b, name });
  assertEquals(rig.task.file(a).ioctl(SYNC_IOC_MERGE, arg), 0);
  return arg.fence;
}

const open = (rig: SyncRig, fence: Fence): number => rig.task.install(new SyncFile(fence));

Deno.test("E1 MERGE gives a sync_file that signals when both have", () => {
  using rig = new SyncRig();
  const a = rig.fence(), b = rig.fence();
  const fd = merge(rig, open(rig, a), open(rig, b));
  a.signal();
  assertEquals(info(rig, fd).status, 0);
  b.signal();
  assertEquals([info(rig, fd, 2).status, info(rig, fd).name], [1, "merged"]);
});

Deno.test("E1 merging failed fences that have signalled gives status 1", () => {
  using rig = new SyncRig();
  const a = rig.fence();
  const fd = open(rig, a);
  a.setError(-5);
  a.signal();
  assertEquals([info(rig, fd).status, info(rig, merge(rig, fd, fd)).status], [-5, 1]);
});

Deno.test("E1 MERGE refuses flags, pad, and what is no sync_file; it leaves no fd behind", () => {
  using rig = new SyncRig();
  const file = rig.task.file(open(rig, rig.fence()));
  const count = rig.task.fdCount;
  fails("EINVAL", () => file.ioctl(SYNC_IOC_MERGE, sync_merge_data.of({ fd2: file.fd, flags: 1 })));
  fails("EINVAL", () => file.ioctl(SYNC_IOC_MERGE, sync_merge_data.of({ fd2: file.fd, pad: 1 })));
  fails("ENOENT", () => file.ioctl(SYNC_IOC_MERGE, sync_merge_data.of({ fd2: 77 })));
  fails("ENOENT", () => file.ioctl(SYNC_IOC_MERGE, sync_merge_data.of({ fd2: -1 })));
  fails("ENOENT", () => file.ioctl(SYNC_IOC_MERGE, sync_merge_data.of({ fd2: rig.card.fd })));
  fails("EFAULT", () => file.ioctl(SYNC_IOC_MERGE, 4096n));
  fails("ENOTTY", () => file.ioctl(SYNC_IOC_MERGE - (1 << 16), new Uint8Array(47)));
  assertEquals(rig.task.fdCount, count);
});

Deno.test("E2 FILE_INFO without room tells status and count; too little room is EINVAL", () => {
  using rig = new SyncRig();
  const [a, b, c] = [rig.fence(), rig.fence(), rig.fence()];
  const fd = merge(rig, merge(rig, open(rig, a), open(rig, b)), open(rig, c));
  assertEquals(info(rig, fd), { status: 0, count: 3, name: "merged", fences: [] });
  for (const room of [1, 2]) fails("EINVAL", () => info(rig, fd, room));
  assertEquals([info(rig, fd, 3).fences.length, info(rig, fd, 9).count], [3, 3]);
  fails("EINVAL", () => rig.task.file(fd).ioctl(SYNC_IOC_FILE_INFO, sync_file_info.of({ flags: 1 })));
  fails("EINVAL", () => rig.task.file(fd).ioctl(SYNC_IOC_FILE_INFO, sync_file_info.of({ pad: 1 })));
  fails(
    "EFAULT",
    () => rig.task.file(fd).ioctl(SYNC_IOC_FILE_INFO, sync_file_info.of({ num_fences: 3, sync_fence_info: 8n })),
  );
});

Deno.test("E2 more fences than 4 MiB tell of are ENOMEM with room for them, a count without", () => {
  using rig = new SyncRig();
  const most = 2 ** 22 / sync_fence_info.size | 0;
  const members = Array.from({ length: most + 1 }, () => rig.fence());
  const buffer = rig.task.alloc(1); // too small for any: what has room is EFAULT
  for (const [count, code] of [[most, "EFAULT"], [most + 1, "ENOMEM"]] as const) {
    const fd = open(rig, new FenceArray(rig.system, members.slice(0, count)));
    const arg = sync_file_info.of({ num_fences: count, sync_fence_info: buffer.address });
    fails(code, () => rig.task.file(fd).ioctl(SYNC_IOC_FILE_INFO, arg));
    assertEquals(info(rig, fd).count, count);
  }
});

Deno.test("E2 with room, status is the first that is not 1", () => {
  using rig = new SyncRig();
  const [a, b, c] = [rig.fence(), rig.fence(), rig.fence()];
  const fd = merge(rig, merge(rig, open(rig, a), open(rig, b)), open(rig, c));
  a.signal();
  b.setError(-5);
  b.signal();
  assertEquals([info(rig, fd, 3).status, info(rig, fd).status], [-5, 0]);
  assertEquals(info(rig, fd, 3).fences.map((f) => f.status), [1, -5, 0]);
});

Deno.test("E3 the name is the client's, cut at 31 bytes, or driver-timelineCONTEXT-SEQNO", () => {
  using rig = new SyncRig();
  const plain = open(rig, rig.fence(9, 4));
  assertEquals(info(rig, plain).name, "test-line9-4");
  assertEquals(info(rig, merge(rig, plain, plain, "x".repeat(40))).name, "x".repeat(31));
  assertEquals(info(rig, merge(rig, plain, plain, "")).name, "test-line9-4");
  const big = new FenceChain(rig.system, undefined, rig.fence(), 2n ** 64n - 1n);
  assertEquals(info(rig, open(rig, big)).name, `dma_fence_chain-unbound${big.context}--1`);
});

Deno.test("E4 fences tell timeline, driver, and when they signalled: 0 before", () => {
  using rig = new SyncRig();
  const a = rig.fence();
  const fd = open(rig, a);
  const only = (): unknown =>
    info(rig, fd, 1).fences.map((f) => [f.obj_name, f.driver_name, f.status, f.timestamp_ns, f.flags]);
  assertEquals(only(), [["line", "test", 0, 0n, 0]]);
  a.signal(1234);
  assertEquals(only(), [["line", "test", 1, 1234n, 0]]);
  const [stub] = info(rig, merge(rig, fd, fd), 1).fences;
  assertEquals([stub.obj_name, stub.driver_name, stub.timestamp_ns], ["stub", "stub", 1234n]);
});

Deno.test("E5 poll gives POLLIN alone, and wakes once the fence signals", async () => {
  using rig = new SyncRig();
  const a = rig.fence();
  const file = rig.task.file(open(rig, a));
  assertEquals(file.poll(POLLIN | POLLOUT), 0);
  const woken = file.pollWait(POLLIN | POLLOUT);
  const gaveUp = file.pollWait(POLLOUT, 1000);
  assertEquals(a.hasCallbacks, true);
  a.signal();
  assertEquals([await woken, file.poll(POLLIN | POLLOUT)], [POLLIN, POLLIN]);
  rig.clock.advance(1000);
  assertEquals(await gaveUp, 0);
});

Deno.test("E5 a closed or idle file leaves no callback behind", () => {
  using rig = new SyncRig();
  const a = rig.fence();
  const file = new SyncFile(a);
  const waiter = { wake: () => {} };
  file.poll(POLLIN, waiter);
  file.unpoll(waiter);
  assertEquals(a.hasCallbacks, false);
  file.poll(POLLIN, waiter);
  file.put();
  assertEquals(a.hasCallbacks, false);
});

Deno.test("SET_DEADLINE reaches the fence; pad must be 0", () => {
  using rig = new SyncRig();
  const a = rig.fence();
  const file = rig.task.file(open(rig, a));
  fails("EINVAL", () => file.ioctl(SYNC_IOC_SET_DEADLINE, sync_set_deadline.of({ pad: 1n })));
  file.ioctl(SYNC_IOC_SET_DEADLINE, sync_set_deadline.of({ deadline_ns: 77n }));
  assertEquals(a.deadline, 77);
});

Deno.test("the fence of a file: only of a sync_file", () => {
  using rig = new SyncRig();
  const a = rig.fence();
  const file = new SyncFile(a);
  assertEquals([syncFileFence(file), syncFileFence(rig.card.file), syncFileFence(undefined)], [
    a,
    undefined,
    undefined,
  ]);
});
