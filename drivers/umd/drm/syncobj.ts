/**
 * `Syncobj`: a DRM synchronisation object of a client, binary or a timeline.
 * @module
 */

import { ETIME } from "../../../core/error.ts";
import * as so from "../../../uapi/drm_syncobj.ts";
import type { DrmCard } from "./card.ts";
import { release } from "./dispose.ts";
import { SyncFileFd } from "./sync_file.ts";
import { readU64 } from "./user_arrays.ts";

/** How to wait. */
export interface SyncobjWaitOptions {
  /** Absolute time-out, CLOCK_MONOTONIC, ns; none by default. */
  readonly timeoutNs?: bigint;
  /** DRM_SYNCOBJ_WAIT_FLAGS_*. */
  readonly flags?: number;
  /** A hint for the drivers, CLOCK_MONOTONIC, ns. */
  readonly deadlineNs?: bigint;
}

const FOREVER = 0x7fff_ffff_ffff_ffffn;

/** Waits for several syncobjs, of one card, or points of them. @returns the index of the first signalled one; undefined: time is up. */
export async function waitSyncobjs(
  syncobjs: readonly Syncobj[],
  options: SyncobjWaitOptions & { readonly points?: readonly bigint[] } = {},
): Promise<number | undefined> {
  const card = syncobjs[0]?.card;
  if (card === undefined) throw new TypeError("Cannot wait for no syncobjs");
  using scratch = card.scratch();
  const deadline = options.deadlineNs === undefined ? 0 : so.DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE;
  const common = {
    handles: scratch.u32(syncobjs.map((s) => s.handle)).address,
    count_handles: syncobjs.length,
    timeout_nsec: options.timeoutNs ?? FOREVER,
    flags: (options.flags ?? 0) | deadline,
    deadline_nsec: options.deadlineNs ?? 0n,
  };
  if (options.points !== undefined) {
    const arg = so.drm_syncobj_timeline_wait.of({ ...common, points: scratch.u64(options.points).address });
    return await card.file.wait(so.DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, arg) === ETIME ? undefined : arg.first_signaled;
  }
  const arg = so.drm_syncobj_wait.of(common);
  return await card.file.wait(so.DRM_IOCTL_SYNCOBJ_WAIT, arg) === ETIME ? undefined : arg.first_signaled;
}

/** A syncobj. */
export class Syncobj implements Disposable {
  /** The card. */
  readonly card: DrmCard;
  /** Its handle. */
  readonly handle: number;
  #open = true;

  /** A syncobj that exists. @param card the card. @param handle its handle. */
  constructor(card: DrmCard, handle: number) {
    this.card = card;
    this.handle = handle;
  }

  /** SYNCOBJ_CREATE. */
  static create(card: DrmCard, signaled = false): Syncobj {
    const arg = so.drm_syncobj_create.of({ flags: signaled ? so.DRM_SYNCOBJ_CREATE_SIGNALED : 0 });
    card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_CREATE, arg);
    return new Syncobj(card, arg.handle);
  }

  /** SYNCOBJ_FD_TO_HANDLE: the syncobj behind an opaque fd of the same process. Throws EINVAL. */
  static fromFd(card: DrmCard, fd: number): Syncobj {
    const arg = so.drm_syncobj_handle.of({ fd });
    card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, arg);
    return new Syncobj(card, arg.handle);
  }

  /** SYNCOBJ_HANDLE_TO_FD: an opaque fd, for another card file or process. */
  exportFd(): number {
    const arg = so.drm_syncobj_handle.of({ handle: this.handle });
    this.card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, arg);
    return arg.fd;
  }

  /** The present fence as a sync_file. Throws EINVAL if there is none. */
  exportSyncFile(): SyncFileFd {
    const arg = so.drm_syncobj_handle.of({
      handle: this.handle,
      flags: so.DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
    });
    this.card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, arg);
    return new SyncFileFd(this.card.file.process.file(arg.fd));
  }

  /** Replaces its fence by a sync_file's. */
  importSyncFile(fd: number): void {
    const flags = so.DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
    this.card.file.ioctl(
      so.DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE,
      so.drm_syncobj_handle.of({ handle: this.handle, flags, fd }),
    );
  }

  /** SYNCOBJ_SIGNAL: a signalled fence in place of what it had. */
  signal(): void {
    this.#array(so.DRM_IOCTL_SYNCOBJ_SIGNAL);
  }

  /** SYNCOBJ_RESET: no fence. */
  reset(): void {
    this.#array(so.DRM_IOCTL_SYNCOBJ_RESET);
  }

  /** SYNCOBJ_TIMELINE_SIGNAL: adds a signalled point. */
  signalPoint(point: bigint): void {
    using scratch = this.card.scratch();
    const arg = so.drm_syncobj_timeline_array.of({
      handles: scratch.u32([this.handle]).address,
      points: scratch.u64([point]).address,
      count_handles: 1,
    });
    this.card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, arg);
  }

  /** SYNCOBJ_QUERY: the last signalled point, or with `submitted` the last one that has a fence. */
  query(submitted = false): bigint {
    using scratch = this.card.scratch();
    const points = scratch.u64([0n]);
    const arg = so.drm_syncobj_timeline_array.of({
      handles: scratch.u32([this.handle]).address,
      points: points.address,
      count_handles: 1,
      flags: submitted ? so.DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED : 0,
    });
    this.card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_QUERY, arg);
    return readU64(points, 1)[0];
  }

  /** SYNCOBJ_TRANSFER: puts the fence of `sourcePoint` of `source` at `point` here; point 0 replaces all. */
  transferFrom(source: Syncobj, sourcePoint: bigint, point: bigint, flags = 0): number {
    const arg = so.drm_syncobj_transfer.of({
      src_handle: source.handle,
      src_point: sourcePoint,
      dst_handle: this.handle,
      dst_point: point,
      flags,
    });
    return this.card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_TRANSFER, arg);
  }

  /** Waits for its fence. @returns false when the time is up. Throws EINVAL if it has none and WAIT_FOR_SUBMIT is not set. */
  async wait(options: SyncobjWaitOptions = {}): Promise<boolean> {
    return await waitSyncobjs([this], options) !== undefined;
  }

  /** Waits for a point. @returns false when the time is up. */
  async waitPoint(point: bigint, options: SyncobjWaitOptions = {}): Promise<boolean> {
    return await waitSyncobjs([this], { ...options, points: [point] }) !== undefined;
  }

  #array(cmd: typeof so.DRM_IOCTL_SYNCOBJ_SIGNAL): void {
    using scratch = this.card.scratch();
    const arg = so.drm_syncobj_array.of({ handles: scratch.u32([this.handle]).address, count_handles: 1 });
    this.card.file.ioctl(cmd, arg);
  }

  /** SYNCOBJ_DESTROY. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    const destroy = so.drm_syncobj_destroy.of({ handle: this.handle });
    release(() => this.card.file.ioctl(so.DRM_IOCTL_SYNCOBJ_DESTROY, destroy));
  }
}
