/**
 * `Client`: DRM_IOCTL_SYNCOBJ_* as calls, for tests.
 * @module
 */

import * as drm from "../uapi/drm_syncobj.ts";
import { DrmFile } from "./drm_file.ts";
import { SyncRig } from "./sync_testing.ts";
import type { Syncobj } from "./syncobj.ts";

/** Points as tests write them. */
export type Points = readonly (number | bigint)[];

/** How to wait. */
export interface WaitArgs {
  /** DRM_SYNCOBJ_WAIT_FLAGS_*. */
  readonly flags?: number;
  /** Absolute ns, default 0: poll. */
  readonly timeout?: number | bigint;
  /** With WAIT_DEADLINE, absolute ns. */
  readonly deadline?: number | bigint;
}

/** What a wait gave. */
export interface Waited {
  /** 0 or -ETIME. */
  readonly result: number;
  /** first_signaled; -7 if it was not written. */
  readonly first: number;
}

/** A client that synchronises. */
export class Client extends SyncRig {
  /** CREATE; the handle. */
  create(flags = 0): number {
    const arg = drm.drm_syncobj_create.of({ flags });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_CREATE, arg);
    return arg.handle;
  }

  /** DESTROY. */
  destroy(handle: number): void {
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_DESTROY, drm.drm_syncobj_destroy.of({ handle }));
  }

  /** The object of a handle. */
  syncobj(handle: number): Syncobj {
    const { file } = this.card;
    const syncobj = file instanceof DrmFile ? file.syncobjs.get(handle) : undefined;
    if (syncobj === undefined) throw new TypeError(`No syncobj ${handle}`);
    return syncobj;
  }

  /** RESET. */
  reset(...handles: number[]): void {
    const arg = drm.drm_syncobj_array.of({ handles: this.handles(...handles), count_handles: handles.length });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_RESET, arg);
  }

  /** SIGNAL. */
  signal(...handles: number[]): void {
    const arg = drm.drm_syncobj_array.of({ handles: this.handles(...handles), count_handles: handles.length });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_SIGNAL, arg);
  }

  /** TIMELINE_SIGNAL. */
  timelineSignal(handles: number[], points: Points | undefined, flags = 0): void {
    const arg = drm.drm_syncobj_timeline_array.of({
      handles: this.handles(...handles),
      points: points ? this.points(...points).address : 0n,
      count_handles: handles.length,
      flags,
    });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, arg);
  }

  /** QUERY; the points. */
  query(handles: number | number[], lastSubmitted = false, flags = 0): bigint[] {
    const list = typeof handles === "number" ? [handles] : handles;
    const points = this.points(...list.map(() => 0));
    const arg = drm.drm_syncobj_timeline_array.of({
      handles: this.handles(...list),
      points: points.address,
      count_handles: list.length,
      flags: flags | (lastSubmitted ? drm.DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED : 0),
    });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_QUERY, arg);
    const view = new DataView(points.bytes.buffer, points.bytes.byteOffset);
    return list.map((_, i) => view.getBigUint64(i * 8, true));
  }

  #transfer(src: number, srcPoint: number, dst: number, dstPoint: number, flags: number) {
    return drm.drm_syncobj_transfer.of({
      src_handle: src,
      src_point: BigInt(srcPoint),
      dst_handle: dst,
      dst_point: BigInt(dstPoint),
      flags,
    });
  }

  /** TRANSFER. */
  transfer(src: number, srcPoint: number, dst: number, dstPoint: number, flags = 0): void {
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_TRANSFER, this.#transfer(src, srcPoint, dst, dstPoint, flags));
  }

  /** TRANSFER that may wait. */
  transferWait(src: number, srcPoint: number, dst: number, dstPoint: number, flags = 0): Promise<number> {
    return this.card.wait(drm.DRM_IOCTL_SYNCOBJ_TRANSFER, this.#transfer(src, srcPoint, dst, dstPoint, flags));
  }

  /** HANDLE_TO_FD; the fd. */
  toFd(handle: number, flags = 0, more: { point?: bigint } = {}): number {
    const arg = drm.drm_syncobj_handle.of({ handle, flags, fd: -1, ...more });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, arg);
    return arg.fd;
  }

  /** FD_TO_HANDLE; the handle. */
  fromFd(fd: number, flags = 0, more: { handle?: number; point?: bigint } = {}): number {
    const arg = drm.drm_syncobj_handle.of({ fd, flags, ...more });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, arg);
    return arg.handle;
  }

  /** EVENTFD. */
  eventfd(handle: number, point: number, fd: number, flags = 0): void {
    const arg = drm.drm_syncobj_eventfd.of({ handle, point: BigInt(point), fd, flags });
    this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_EVENTFD, arg);
  }

  #waitArg(handles: number[], args: WaitArgs) {
    return {
      handles: this.handles(...handles),
      count_handles: handles.length,
      flags: args.flags ?? 0,
      timeout_nsec: BigInt(args.timeout ?? 0),
      deadline_nsec: BigInt(args.deadline ?? 0),
      first_signaled: -7 >>> 0,
    };
  }

  /** WAIT that must not sleep. */
  wait(handles: number[], args: WaitArgs = {}): Waited {
    const arg = drm.drm_syncobj_wait.of(this.#waitArg(handles, args));
    return { result: this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_WAIT, arg), first: arg.first_signaled | 0 };
  }

  /** WAIT that may sleep. */
  async sleep(handles: number[], args: WaitArgs = {}, signal?: AbortSignal): Promise<Waited> {
    const arg = drm.drm_syncobj_wait.of(this.#waitArg(handles, args));
    return { result: await this.card.wait(drm.DRM_IOCTL_SYNCOBJ_WAIT, arg, { signal }), first: arg.first_signaled | 0 };
  }

  /** TIMELINE_WAIT that must not sleep. */
  timelineWait(handles: number[], points: Points | undefined, args: WaitArgs = {}): Waited {
    const address = points ? this.points(...points).address : 0n;
    const arg = drm.drm_syncobj_timeline_wait.of({ ...this.#waitArg(handles, args), points: address });
    return { result: this.card.ioctl(drm.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, arg), first: arg.first_signaled | 0 };
  }

  /** TIMELINE_WAIT that may sleep. */
  async timelineSleep(handles: number[], points: Points, args: WaitArgs = {}): Promise<Waited> {
    const arg = drm.drm_syncobj_timeline_wait.of({
      ...this.#waitArg(handles, args),
      points: this.points(...points).address,
    });
    return { result: await this.card.wait(drm.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, arg), first: arg.first_signaled | 0 };
  }
}
