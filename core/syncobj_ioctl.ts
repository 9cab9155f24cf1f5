/**
 * DRM_IOCTL_SYNCOBJ_*: handles, waits, timelines, sharing. Mirrors the requests of drivers/gpu/drm/drm_syncobj.c.
 * @module
 */

import {
  DRM_IOCTL_SYNCOBJ_CREATE,
  DRM_IOCTL_SYNCOBJ_DESTROY,
  DRM_IOCTL_SYNCOBJ_EVENTFD,
  DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD,
  DRM_IOCTL_SYNCOBJ_QUERY,
  DRM_IOCTL_SYNCOBJ_RESET,
  DRM_IOCTL_SYNCOBJ_SIGNAL,
  DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
  DRM_IOCTL_SYNCOBJ_TRANSFER,
  DRM_IOCTL_SYNCOBJ_WAIT,
  drm_syncobj_array,
  drm_syncobj_create,
  DRM_SYNCOBJ_CREATE_SIGNALED,
  drm_syncobj_destroy,
  drm_syncobj_eventfd,
  DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
  DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE,
  drm_syncobj_handle,
  DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
  DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE,
  DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED,
  drm_syncobj_timeline_array,
  drm_syncobj_timeline_wait,
  drm_syncobj_transfer,
  drm_syncobj_wait,
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL,
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE,
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE,
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
} from "../uapi/drm_syncobj.ts";
import type { View } from "../uapi/struct.ts";
import type { Feature } from "./driver.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError, errnoOf, ETIME } from "./error.ts";
import { eventFdContext } from "./eventfd.ts";
import { type Fence, stubFence } from "./fence.ts";
import { mergeFences } from "./fence_unwrap.ts";
import { type IoctlEntry, ioctlMaker, MAY_WAIT, RENDER_ALLOW } from "./ioctl.ts";
import type { Process } from "./process.ts";
import { SyncFile, syncFileFence } from "./sync_file.ts";
import type { SubmitWaiter } from "./submit_queue.ts";
import { findSyncobj, findSyncobjFence, Syncobj, SyncobjFile } from "./syncobj.ts";
import { waitSyncobjs } from "./syncobj_wait.ts";
import { Wait } from "./wait.ts";

// kmalloc_array gives 4 MiB at most: so many u32 handles, and so many pointers or u64 points.
const HANDLES_MAX = 2 ** 20;
const POINTERS_MAX = 2 ** 19;

// How long TRANSFER waits for a fence to be submitted (DRM_SYNCOBJ_WAIT_FOR_SUBMIT_TIMEOUT), ns.
const SUBMIT_TIMEOUT = 5_000_000_000;

function need(file: DrmFile, feature: Feature): void {
  if (!file.device.has(feature)) throw new DrmError("EOPNOTSUPP", `Cannot use syncobjs: the driver lacks ${feature}`);
}

function refuse(condition: boolean, reason: string): void {
  if (condition) throw new DrmError("EINVAL", `Cannot use the syncobj: ${reason}`);
}

// A point as core keeps it: a Number where that is exact.
function toPoint(point: bigint): number | bigint {
  return point <= Number.MAX_SAFE_INTEGER ? Number(point) : point;
}

// Most calls name one syncobj: these hold its handle and its point on the way, so that nothing is allocated for them.
const one = new DataView(new ArrayBuffer(8));
const oneHandle = new Uint8Array(one.buffer, 0, 4);
const onePoint = new Uint8Array(one.buffer);

function readHandle(task: Process, address: bigint): number {
  task.memory.copyIn(address, oneHandle);
  return one.getUint32(0, true);
}

function pointAt(view: DataView, offset: number): number | bigint {
  const high = view.getUint32(offset + 4, true);
  return high < 0x20_0000 ? high * 2 ** 32 + view.getUint32(offset, true) : view.getBigUint64(offset, true);
}

function storePoint(view: DataView, offset: number, point: number | bigint): void {
  if (typeof point === "bigint") return view.setBigUint64(offset, point, true);
  view.setUint32(offset, point % 2 ** 32, true);
  view.setUint32(offset + 4, point / 2 ** 32, true);
}

// A null pointer means 0.
function readPoint(task: Process, address: bigint): number | bigint {
  if (address === 0n) return 0;
  task.memory.copyIn(address, onePoint);
  return pointAt(one, 0);
}

// drm_syncobj_array_find: all or none, ENOENT before anything is done.
function readSyncobjs(file: DrmFile, task: Process, address: bigint, count: number): Syncobj[] {
  if (count === 1) return [findSyncobj(file, readHandle(task, address))];
  if (count > HANDLES_MAX) throw new DrmError("ENOMEM", `Cannot copy ${count} handles: at most ${HANDLES_MAX}`);
  const handles = new Uint32Array(count);
  task.memory.copyIn(address, new Uint8Array(handles.buffer));
  if (count > POINTERS_MAX) throw new DrmError("ENOMEM", `Cannot look up ${count} handles: at most ${POINTERS_MAX}`);
  const syncobjs: Syncobj[] = [];
  for (let i = 0; i < count; i++) syncobjs.push(findSyncobj(file, handles[i]));
  return syncobjs;
}

// A null pointer means all zeros. `count` is bounded by the handles that were read before.
function readPoints(task: Process, address: bigint, count: number): (number | bigint)[] {
  if (count === 1) return [readPoint(task, address)];
  if (address === 0n) return new Array(count).fill(0);
  const bytes = new Uint8Array(count * 8);
  task.memory.copyIn(address, bytes);
  const view = new DataView(bytes.buffer);
  const points: (number | bigint)[] = [];
  for (let at = 0; at < bytes.length; at += 8) points.push(pointAt(view, at));
  return points;
}

const line = ioctlMaker<DrmFile>();

const create = line.ioctl(DRM_IOCTL_SYNCOBJ_CREATE, drm_syncobj_create, RENDER_ALLOW, (file, arg) => {
  need(file, "SYNCOBJ");
  const flags = arg.flags;
  refuse((flags & ~DRM_SYNCOBJ_CREATE_SIGNALED) !== 0, "unknown flags");
  const syncobj = new Syncobj(file.device.system);
  if (flags !== 0) syncobj.signal();
  arg.handle = addHandle(file, syncobj);
  return 0;
});

function addHandle(file: DrmFile, syncobj: Syncobj): number {
  const handle = file.syncobjs.add(syncobj);
  if (handle === 0) throw new DrmError("ENOSPC", "Cannot make a syncobj handle: all are in use");
  return handle;
}

const destroy = line.ioctl(DRM_IOCTL_SYNCOBJ_DESTROY, drm_syncobj_destroy, RENDER_ALLOW, (file, arg) => {
  need(file, "SYNCOBJ");
  refuse(arg.pad !== 0, "pad must be 0");
  const syncobj = file.syncobjs.remove(arg.handle);
  if (syncobj === undefined) throw new DrmError("EINVAL", `Cannot destroy syncobj ${arg.handle}: there is none`);
  syncobj.put();
  return 0;
});

const handleToFd = line.ioctl(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, drm_syncobj_handle, RENDER_ALLOW, (file, arg, task) => {
  need(file, "SYNCOBJ");
  refuse(arg.pad !== 0, "pad must be 0");
  const { flags, handle } = arg;
  const known = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE | DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE;
  refuse((flags & ~known) !== 0, "unknown flags");
  if ((flags & DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE) !== 0) {
    const point = (flags & DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE) !== 0 ? toPoint(arg.point) : 0;
    const fd = task.fds.reserve(); // EMFILE comes before ENOENT here
    try {
      task.fds.install(fd, new SyncFile(findSyncobjFence(file, handle, point)), true);
    } catch (error) {
      task.fds.unreserve(fd);
      throw error;
    }
    arg.fd = fd;
    return 0;
  }
  refuse(arg.point !== 0n, "a point goes with a sync_file only");
  const syncobj = file.syncobjs.get(handle);
  if (syncobj === undefined) throw new DrmError("EINVAL", `Cannot export syncobj ${handle}: there is none`);
  arg.fd = task.install(new SyncobjFile(syncobj), true);
  return 0;
});

const fdToHandle = line.ioctl(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, drm_syncobj_handle, RENDER_ALLOW, (file, arg, task) => {
  need(file, "SYNCOBJ");
  refuse(arg.pad !== 0, "pad must be 0");
  const { flags, fd } = arg;
  const known = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE | DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE;
  refuse((flags & ~known) !== 0, "unknown flags");
  if ((flags & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE) !== 0) {
    const fence = syncFileFence(task.fds.get(fd));
    if (fence === undefined) throw new DrmError("EINVAL", `Cannot import fd ${fd}: it is no sync_file`);
    const point = (flags & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_TIMELINE) !== 0 ? toPoint(arg.point) : 0;
    const syncobj = findSyncobj(file, arg.handle);
    if (point === 0) syncobj.replaceFence(fence);
    else syncobj.addPoint(fence, point);
    return 0;
  }
  refuse(arg.point !== 0n, "a point goes with a sync_file only");
  const shared = task.fds.get(fd);
  if (!(shared instanceof SyncobjFile)) throw new DrmError("EINVAL", `Cannot import fd ${fd}: it is no syncobj`);
  arg.handle = addHandle(file, shared.syncobj);
  shared.syncobj.ref();
  return 0;
});

const transfer = line.ioctl(DRM_IOCTL_SYNCOBJ_TRANSFER, drm_syncobj_transfer, RENDER_ALLOW | MAY_WAIT, (file, arg) => {
  need(file, "SYNCOBJ_TIMELINE");
  refuse(arg.pad !== 0, "pad must be 0");
  const source = file.device.system;
  const target = findSyncobj(file, arg.dst_handle);
  const from = findSyncobj(file, arg.src_handle);
  refuse((arg.flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT) !== 0, "unknown flags");
  const dstPoint = toPoint(arg.dst_point);
  const move = (fence: Fence): number => {
    if (dstPoint === 0) target.replaceFence(fence);
    else target.addPoint(mergeFences(source, fence), dstPoint);
    return 0;
  };
  const point = toPoint(arg.src_point);
  const fence = from.find(point);
  if (fence !== undefined) return move(fence);
  refuse(arg.flags === 0, "the source has no fence at that point");
  const waiter: SubmitWaiter = {
    point,
    submitted: (submitted) => {
      let result: number;
      try {
        result = move(submitted);
      } catch (error) {
        result = errnoOf(error);
      }
      wait.complete(result);
    },
  };
  const wait = new Wait({
    clock: source.clock,
    deadline: source.clock.now() + SUBMIT_TIMEOUT,
    onTimeout: () => ETIME,
    cleanup: () => {
      from.removeWaiter(waiter);
      from.put();
      target.put();
    },
  });
  from.ref().addWaiter(waiter);
  target.ref();
  return wait;
});

const WAIT_FLAGS = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE;

function wait(
  file: DrmFile,
  arg: View<drm_syncobj_wait> | View<drm_syncobj_timeline_wait>,
  syncobjs: readonly Syncobj[],
  points: readonly (number | bigint)[] | undefined,
): number | Wait {
  const { flags } = arg;
  const deadline = (flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE) !== 0
    ? Number(BigInt.asIntN(64, arg.deadline_nsec))
    : undefined;
  return waitSyncobjs(file.device.system.clock, syncobjs, {
    flags,
    points,
    timeout: Number(arg.timeout_nsec),
    deadline,
    onSuccess: (first) => arg.first_signaled = first,
  });
}

const binaryWait = line.ioctl(DRM_IOCTL_SYNCOBJ_WAIT, drm_syncobj_wait, RENDER_ALLOW | MAY_WAIT, (file, arg, task) => {
  need(file, "SYNCOBJ");
  const { flags, count_handles: count } = arg;
  refuse((flags & ~WAIT_FLAGS) !== 0, "unknown flags");
  if (count === 0) return 0;
  if (count === 1) {
    // The usual call, and the usual answer, without an allocation.
    const syncobj = findSyncobj(file, readHandle(task, arg.handles));
    if (syncobj.fence?.isSignaled) {
      arg.first_signaled = 0;
      return 0;
    }
    return wait(file, arg, [syncobj], undefined);
  }
  return wait(file, arg, readSyncobjs(file, task, arg.handles, count), undefined);
});

const timelineWait = line.ioctl(
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
  drm_syncobj_timeline_wait,
  RENDER_ALLOW | MAY_WAIT,
  (file, arg, task) => {
    need(file, "SYNCOBJ_TIMELINE");
    const count = arg.count_handles;
    refuse((arg.flags & ~(WAIT_FLAGS | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE)) !== 0, "unknown flags");
    if (count === 0) return 0;
    if (count === 1) {
      const syncobj = findSyncobj(file, readHandle(task, arg.handles));
      const point = readPoint(task, arg.points);
      if (syncobj.find(point)?.isSignaled) {
        arg.first_signaled = 0;
        return 0;
      }
      return wait(file, arg, [syncobj], [point]);
    }
    const syncobjs = readSyncobjs(file, task, arg.handles, count);
    return wait(file, arg, syncobjs, readPoints(task, arg.points, count));
  },
);

const reset = line.ioctl(DRM_IOCTL_SYNCOBJ_RESET, drm_syncobj_array, RENDER_ALLOW, (file, arg, task) => {
  need(file, "SYNCOBJ");
  refuse(arg.pad !== 0 || arg.count_handles === 0, "pad must be 0, count_handles must not");
  for (const syncobj of readSyncobjs(file, task, arg.handles, arg.count_handles)) syncobj.replaceFence(undefined);
  return 0;
});

const signal = line.ioctl(DRM_IOCTL_SYNCOBJ_SIGNAL, drm_syncobj_array, RENDER_ALLOW, (file, arg, task) => {
  need(file, "SYNCOBJ");
  const count = arg.count_handles;
  refuse(arg.pad !== 0 || count === 0, "pad must be 0, count_handles must not");
  if (count === 1) findSyncobj(file, readHandle(task, arg.handles)).signal();
  else for (const syncobj of readSyncobjs(file, task, arg.handles, count)) syncobj.signal();
  return 0;
});

const timelineSignal = line.ioctl(
  DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
  drm_syncobj_timeline_array,
  RENDER_ALLOW,
  (file, arg, task) => {
    need(file, "SYNCOBJ_TIMELINE");
    const count = arg.count_handles;
    refuse(arg.flags !== 0 || count === 0, "flags must be 0, count_handles must not");
    const stub = stubFence(file.device.system.clock);
    if (count === 1) {
      const syncobj = findSyncobj(file, readHandle(task, arg.handles));
      syncobj.addPoint(stub, readPoint(task, arg.points));
      return 0;
    }
    const syncobjs = readSyncobjs(file, task, arg.handles, count);
    const points = readPoints(task, arg.points, count);
    for (let i = 0; i < count; i++) syncobjs[i].addPoint(stub, points[i]);
    return 0;
  },
);

const query = line.ioctl(DRM_IOCTL_SYNCOBJ_QUERY, drm_syncobj_timeline_array, RENDER_ALLOW, (file, arg, task) => {
  need(file, "SYNCOBJ_TIMELINE");
  const { flags, count_handles: count } = arg;
  refuse((flags & ~DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED) !== 0, "unknown flags");
  refuse(count === 0, "count_handles must not be 0");
  const last = (flags & DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED) !== 0;
  if (count === 1) {
    storePoint(one, 0, findSyncobj(file, readHandle(task, arg.handles)).query(last));
    task.memory.copyOut(arg.points, onePoint);
    return 0;
  }
  const syncobjs = readSyncobjs(file, task, arg.handles, count);
  const bytes = new Uint8Array(count * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) storePoint(view, i * 8, syncobjs[i].query(last));
  task.memory.copyOut(arg.points, bytes);
  return 0;
});

const eventfd = line.ioctl(DRM_IOCTL_SYNCOBJ_EVENTFD, drm_syncobj_eventfd, RENDER_ALLOW, (file, arg, task) => {
  need(file, "SYNCOBJ_TIMELINE");
  refuse((arg.flags & ~DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE) !== 0, "unknown flags");
  refuse(arg.pad !== 0, "pad must be 0");
  const syncobj = findSyncobj(file, arg.handle);
  syncobj.addEventFd(toPoint(arg.point), arg.flags, eventFdContext(task, arg.fd));
  return 0;
});

/** The lines of DRM_IOCTL_SYNCOBJ_* for core's table. Drivers without the feature answer EOPNOTSUPP. */
export function syncobjIoctls(): readonly IoctlEntry[] {
  return [
    create,
    destroy,
    handleToFd,
    fdToHandle,
    binaryWait,
    reset,
    signal,
    timelineWait,
    query,
    transfer,
    timelineSignal,
    eventfd,
  ];
}
