import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import * as drm from "../uapi/drm_syncobj.ts";
import { O_CLOEXEC, POLLIN } from "../uapi/fcntl.ts";
import { DrmError } from "./error.ts";
import { EventFd } from "./eventfd.ts";
import type { Fence } from "./fence.ts";
import { FenceArray } from "./fence_array.ts";
import { FenceChain } from "./fence_chain.ts";
import type { LocalFdTable } from "./fd_table.ts";
import { SyncFile, syncFileFence } from "./sync_file.ts";
import { SyncobjFile } from "./syncobj.ts";
import { Client } from "./syncobj_testing.ts";

const SUBMIT = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
const AVAILABLE = drm.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
const SYNC_FILE = drm.DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
const TIMELINE = drm.DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE;

function fails(code: string, act: () => unknown): void {
  assertEquals((assertThrows(act, DrmError) as DrmError).code, code);
}

Deno.test("F1 CREATE takes only SIGNALED; without it there is no fence", () => {
  using c = new Client();
  assertEquals([c.create(), c.create(1)], [1, 2]);
  assertEquals([c.syncobj(1).fence, c.syncobj(2).fence?.status], [undefined, 1]);
  for (const flags of [2, 3, 0x8000_0000]) fails("EINVAL", () => c.create(flags));
});

Deno.test("F1 handles are the lowest free ones, per file", () => {
  using c = new Client();
  for (let i = 1; i <= 4; i++) assertEquals(c.create(), i);
  c.destroy(2);
  c.destroy(1);
  assertEquals([c.create(), c.create(), c.create()], [1, 2, 5]);
});

Deno.test("F2 unknown handles: DESTROY and opaque export EINVAL, everything else ENOENT", () => {
  using c = new Client();
  c.create();
  for (const handle of [0, 2, 0xffff_ffff]) {
    fails("EINVAL", () => c.destroy(handle));
    fails("EINVAL", () => c.toFd(handle));
    fails("ENOENT", () => c.toFd(handle, SYNC_FILE));
    fails("ENOENT", () => c.wait([handle]));
    fails("ENOENT", () => c.wait([1, handle], { flags: SUBMIT }));
    fails("ENOENT", () => c.timelineWait([handle], [0]));
    fails("ENOENT", () => c.reset(handle));
    fails("ENOENT", () => c.signal(handle));
    fails("ENOENT", () => c.timelineSignal([handle], [1]));
    fails("ENOENT", () => c.query(handle));
    fails("ENOENT", () => c.transfer(handle, 0, 1, 0));
    fails("ENOENT", () => c.transfer(1, 0, handle, 0));
    fails("ENOENT", () => c.eventfd(handle, 0, c.task.install(new EventFd())));
    fails("ENOENT", () => c.fromFd(c.task.install(new SyncFile(c.fence())), SYNC_FILE, { handle }));
  }
});

Deno.test("F2 an unknown handle in an array leaves the others untouched", () => {
  using c = new Client();
  c.create();
  fails("ENOENT", () => c.signal(1, 7));
  assertEquals(c.syncobj(1).fence, undefined);
});

Deno.test("F3 pad must be 0, save in the waits", () => {
  using c = new Client();
  const handle = c.create(1), list = c.handles(handle);
  const efd = c.task.install(new EventFd());
  fails("EINVAL", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_DESTROY, drm.drm_syncobj_destroy.of({ handle, pad: 1 })));
  const shared = drm.drm_syncobj_handle.of({ handle, fd: c.toFd(handle), pad: 1 });
  fails("EINVAL", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, shared));
  fails("EINVAL", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, shared));
  const both = { src_handle: handle, dst_handle: handle };
  fails("EINVAL", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_TRANSFER, drm.drm_syncobj_transfer.of({ ...both, pad: 1 })));
  const array = drm.drm_syncobj_array.of({ handles: list, count_handles: 1, pad: 1 });
  fails("EINVAL", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_RESET, array));
  fails("EINVAL", () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_SIGNAL, array));
  fails(
    "EINVAL",
    () => c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_EVENTFD, drm.drm_syncobj_eventfd.of({ handle, fd: efd, pad: 1 })),
  );
  const wait = drm.drm_syncobj_wait.of({ handles: list, count_handles: 1, pad: 1 });
  assertEquals(c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, wait), 0);
  const timeline = drm.drm_syncobj_timeline_wait.of({ handles: list, count_handles: 1, pad: 1 });
  assertEquals(c.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, timeline), 0);
});

Deno.test("F11 RESET drops the fence; SIGNAL puts in a new stub of its moment, in place of any timeline", () => {
  using c = new Client();
  const handle = c.create(1);
  const created = c.syncobj(handle).fence;
  c.reset(handle);
  assertEquals(c.syncobj(handle).fence, undefined);
  c.clock.advance(5);
  c.signal(handle);
  const first = c.syncobj(handle).fence;
  assertEquals([first?.status, first?.timestamp, first === created], [1, c.clock.now(), false]);
  c.signal(handle);
  assertEquals(c.syncobj(handle).fence === first, false);
  c.timelineSignal([handle], [7]);
  assertEquals(c.query(handle), [7n]);
  c.signal(handle);
  assertEquals([c.query(handle), c.syncobj(handle).fence instanceof FenceChain], [[0n], false]);
});

Deno.test("F13 a point not beyond the last keeps the higher number, in a new context", () => {
  using c = new Client();
  const handle = c.create();
  const syncobj = c.syncobj(handle);
  c.timelineSignal([handle], [10]);
  const first = syncobj.fence;
  c.timelineSignal([handle], [4]);
  assertEquals([c.query(handle), syncobj.fence?.context === first?.context], [[10n], false]);
  // Of the old context a pending point hides nothing: QUERY looks at the newest context only, and the node waits for all.
  using d = new Client();
  const h = d.create(), pending = d.fence();
  d.syncobj(h).addPoint(pending, 3);
  d.timelineSignal([h], [2]);
  assertEquals([d.query(h), d.query(h, true)], [[0n], [3n]]);
  pending.signal();
  assertEquals(d.query(h), [3n]);
  const later = d.fence();
  d.syncobj(h).addPoint(later, 5);
  assertEquals(d.query(h), [3n]);
  d.timelineSignal([h], [4]);
  assertEquals([d.query(h), d.query(h, true)], [[0n], [5n]]);
});

Deno.test("F14 QUERY: 0 when empty or binary, else the last point reached; LAST_SUBMITTED the newest", () => {
  using c = new Client();
  const [empty, binary, timeline] = [c.create(), c.create(1), c.create()];
  const fences = [c.fence(), c.fence(), c.fence()];
  fences.forEach((f, i) => c.syncobj(timeline).addPoint(f, (i + 1) * 10));
  const reached = (): unknown => [c.query([empty, binary, timeline]), c.query([timeline], true)];
  assertEquals(reached(), [[0n, 0n, 0n], [30n]]);
  fences[1].signal();
  assertEquals(reached(), [[0n, 0n, 0n], [30n]]);
  fences[0].signal();
  assertEquals(reached(), [[0n, 0n, 20n], [30n]]);
  fences[2].signal();
  assertEquals(reached(), [[0n, 0n, 30n], [30n]]);
  fails("EINVAL", () => c.query([timeline], false, 2));
});

Deno.test("F14 TIMELINE_SIGNAL takes no flags; without points they are 0; points have 64 bits", () => {
  using c = new Client();
  const handle = c.create();
  fails("EINVAL", () => c.timelineSignal([handle], [1], 1));
  c.timelineSignal([handle], undefined);
  assertEquals([c.syncobj(handle).fence?.status, c.query(handle)], [1, [0n]]);
  c.timelineSignal([handle], [2n ** 53n + 1n]);
  assertEquals(c.query(handle), [2n ** 53n + 1n]);
  c.timelineSignal([handle], [2n ** 64n - 1n]);
  assertEquals(c.query(handle), [2n ** 64n - 1n]);
});

Deno.test("F16 TRANSFER looks up the target first, then the source, then flags", () => {
  using c = new Client();
  const full = c.create(1), empty = c.create();
  fails("ENOENT", () => c.transfer(88, 0, 99, 0, 0x10));
  fails("ENOENT", () => c.transfer(88, 0, full, 0, 0x10));
  fails("ENOENT", () => c.transfer(88, 0, full, 0));
  fails("EINVAL", () => c.transfer(empty, 0, full, 0, 0x10));
  fails("EINVAL", () => c.transfer(empty, 0, full, 0));
  fails("EINVAL", () => c.transfer(full, 1, empty, 0));
  for (const flags of [1, 4, 8, 3]) fails("EINVAL", () => c.transfer(full, 0, empty, 0, flags));
});

Deno.test("F16 TRANSFER to point 0 replaces with the very fence; to a point it adds what is pending", () => {
  using c = new Client();
  const from = c.create(), to = c.create();
  const [a, b] = [c.fence(), c.fence()];
  c.syncobj(from).addPoint(a, 1);
  c.syncobj(from).addPoint(b, 2);
  c.transfer(from, 2, to, 0);
  assertStrictEquals(c.syncobj(to).fence, c.syncobj(from).fence);
  c.reset(to);
  c.transfer(from, 2, to, 9);
  const node = c.syncobj(to).fence;
  assertInstanceOf(node, FenceChain);
  assertInstanceOf(node.fence, FenceArray);
  assertEquals([node.seqno, c.query(to), c.query(to, true)], [9, [0n], [9n]]);
  a.signal();
  b.signal();
  assertEquals(c.query(to), [9n]);
});

Deno.test("F16 TRANSFER with WAIT_FOR_SUBMIT waits for the fence, 5 s at most", async () => {
  using c = new Client();
  const from = c.create(), to = c.create();
  const done = c.transferWait(from, 0, to, 3, SUBMIT);
  c.signal(from);
  assertEquals([await done, c.query(to)], [0, [3n]]);
  const late = c.transferWait(from, 8, to, 0, SUBMIT);
  c.clock.advance(5_000_000_000);
  assertEquals(await late, -62);
});

Deno.test("F17 opaque fds share the object; every import makes a new handle; they are close-on-exec, without read or poll", () => {
  using c = new Client();
  const handle = c.create(1);
  const fd = c.toFd(handle);
  assertEquals((c.task.fds as LocalFdTable).cloexec(fd), true);
  assertEquals([c.fromFd(fd), c.fromFd(fd)], [2, 3]);
  assertEquals([c.syncobj(2) === c.syncobj(1), c.syncobj(3) === c.syncobj(1)], [true, true]);
  c.destroy(1);
  c.reset(2);
  assertEquals(c.syncobj(3).fence, undefined);
  c.signal(2);
  const copy = c.toFd(2);
  c.task.close(copy);
  c.destroy(2);
  assertEquals(c.syncobj(3).fence?.status, 1);
  const file = c.task.file(fd);
  fails("EINVAL", () => file.read(new Uint8Array(8)));
  assertEquals(file.poll(POLLIN), POLLIN); // as any file that has no poll
  fails("ENOTTY", () => file.ioctl(drm.DRM_IOCTL_SYNCOBJ_CREATE, drm.drm_syncobj_create.of()));
  for (const bad of [99, -1, c.card.fd, c.task.install(new SyncFile(c.fence()))]) fails("EINVAL", () => c.fromFd(bad));
});

Deno.test("F17 the object lives as long as a handle or fd has it", () => {
  using c = new Client();
  const handle = c.create(1), fd = c.toFd(handle), syncobj = c.syncobj(handle);
  const again = c.toFd(handle), imported = c.fromFd(again);
  c.task.close(again);
  c.destroy(handle);
  c.task.close(c.toFd(imported));
  assertEquals(syncobj.fence?.status, 1);
  c.destroy(imported);
  assertEquals(syncobj.fence?.status, 1);
  assertInstanceOf(c.task.file(fd).file, SyncobjFile);
  c.task.close(fd);
  assertEquals(syncobj.fence, undefined);
  const other = c.task.open("/dev/dri/renderD128");
  const arg = drm.drm_syncobj_create.of({ flags: 1 });
  other.ioctl(drm.DRM_IOCTL_SYNCOBJ_CREATE, arg);
  assertEquals(arg.handle, 1);
  other.close();
});

Deno.test("F18 exporting a sync_file: EINVAL when empty; else the fence of that moment", () => {
  using c = new Client();
  const handle = c.create();
  fails("EINVAL", () => c.toFd(handle, SYNC_FILE));
  const fence = c.fence();
  c.syncobj(handle).replaceFence(fence);
  const fd = c.toFd(handle, SYNC_FILE);
  c.reset(handle);
  assertStrictEquals(syncFileFence(c.task.file(fd).file), fence);
});

Deno.test("F18 with TIMELINE it exports the fence of a point", () => {
  using c = new Client();
  const handle = c.create();
  const [a, b] = [c.fence(), c.fence()];
  c.syncobj(handle).addPoint(a, 5);
  c.syncobj(handle).addPoint(b, 6);
  const exported = (point: bigint): Fence | undefined =>
    syncFileFence(c.task.file(c.toFd(handle, SYNC_FILE | TIMELINE, { point })).file);
  assertEquals([exported(4n)?.seqno, exported(6n)?.seqno], [5, 6]);
  fails("EINVAL", () => exported(7n));
  a.signal();
  assertEquals(exported(5n)?.status, 1);
});

Deno.test("F19 importing a sync_file replaces the fence, or adds a point with TIMELINE", () => {
  using c = new Client();
  const handle = c.create(), fence = c.fence();
  const fd = c.task.install(new SyncFile(fence));
  c.fromFd(fd, SYNC_FILE, { handle });
  assertStrictEquals(c.syncobj(handle).fence, fence);
  c.fromFd(fd, SYNC_FILE | TIMELINE, { handle, point: 4n });
  assertEquals(c.query(handle, true), [4n]);
  for (const bad of [99, c.card.fd, c.toFd(handle)]) fails("EINVAL", () => c.fromFd(bad, SYNC_FILE, { handle }));
});

Deno.test("F19 a chain that comes as a sync_file behind a point is unwrapped: nesting does not deepen", () => {
  using c = new Client();
  const handle = c.create(), fence = c.fence();
  c.syncobj(handle).replaceFence(fence);
  for (let point = 1n; point < 2000n; point++) {
    const fd = c.toFd(handle, SYNC_FILE);
    c.reset(handle);
    c.fromFd(fd, SYNC_FILE | TIMELINE, { handle, point });
    c.task.close(fd);
  }
  const head = c.syncobj(handle).fence;
  assertInstanceOf(head, FenceChain);
  assertStrictEquals(head.fence, fence);
});

Deno.test("F19 a point without TIMELINE is ignored with a sync_file and EINVAL without", () => {
  using c = new Client();
  const handle = c.create(1);
  assertInstanceOf(c.task.file(c.toFd(handle, SYNC_FILE, { point: 9n })).file, SyncFile);
  fails("EINVAL", () => c.toFd(handle, 0, { point: 9n }));
  fails("EINVAL", () => c.toFd(handle, TIMELINE, { point: 9n }));
  const fd = c.task.install(new SyncFile(c.fence()));
  c.fromFd(fd, SYNC_FILE, { handle, point: 9n });
  assertEquals(c.query(handle, true), [0n]);
  fails("EINVAL", () => c.fromFd(c.toFd(handle), 0, { point: 9n }));
  for (const flags of [4, 0x8000_0001]) {
    fails("EINVAL", () => c.toFd(handle, flags));
    fails("EINVAL", () => c.fromFd(fd, flags));
  }
});

Deno.test("F17 F18 a full fd table: EMFILE before ENOENT for a sync_file, EINVAL before EMFILE for an opaque fd", () => {
  using c = new Client();
  const small = c.system.process({ fdLimit: 1 });
  const card = small.open("/dev/dri/renderD128");
  const arg = (init: object): number => card.ioctl(drm.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, drm.drm_syncobj_handle.of(init));
  fails("EMFILE", () => arg({ handle: 9, flags: SYNC_FILE }));
  fails("EINVAL", () => arg({ handle: 9 }));
  card.ioctl(drm.DRM_IOCTL_SYNCOBJ_CREATE, drm.drm_syncobj_create.of({ flags: 1 }));
  fails("EMFILE", () => arg({ handle: 1 }));
  card.close();
  assertEquals(small.open("/dev/dri/renderD128", O_CLOEXEC).fd, 0);
});

Deno.test("F16 who waits is told of the fence that came, though another TRANSFER replaces it at once", async () => {
  using c = new Client();
  const [from, to] = [c.create(), c.create()];
  const moved = [c.transferWait(from, 0, to, 5, SUBMIT), c.transferWait(from, 0, to, 0, SUBMIT)];
  const file = new EventFd();
  c.syncobj(to).addEventFd(5, AVAILABLE, file.takeContext());
  c.signal(from);
  assertEquals([await Promise.all(moved), file.count, c.query(to, true)], [[0, 0], 1n, [0n]]);
});

Deno.test("drivers without the feature answer EOPNOTSUPP to every request", () => {
  using c = new Client(["GEM", "RENDER"]);
  const names = Object.keys(drm).filter((name) => /^DRM_IOCTL_SYNCOBJ_/.test(name));
  assertEquals(names.length, 12);
  for (const name of names) {
    const cmd = drm[name as keyof typeof drm] as number;
    fails("EOPNOTSUPP", () => c.card.ioctl(cmd, new Uint8Array((cmd >>> 16) & 0x3fff)));
  }
  using binary = new Client(["GEM", "RENDER", "SYNCOBJ"]);
  assertEquals(binary.create(1), 1);
  fails("EOPNOTSUPP", () => binary.timelineWait([1], [0]));
  fails("EOPNOTSUPP", () => binary.query(1));
});
