/**
 * `Syncobj`: a container of a fence, binary or a timeline of points, and `SyncobjFile`, the opaque fd by which processes
 * share it. Mirrors drivers/gpu/drm/drm_syncobj.c; the requests are in syncobj_ioctl.ts, waiting in syncobj_wait.ts.
 * @module
 */

import { DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE } from "../uapi/drm_syncobj.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError } from "./error.ts";
import type { EventFdContext } from "./eventfd.ts";
import { type Fence, type FenceSource, privateStub, stubFence } from "./fence.ts";
import type { ChainFinder } from "./chain_finder.ts";
import { chainFindSeqno, chainNext, FenceChain } from "./fence_chain.ts";
import { mergeFences } from "./fence_unwrap.ts";
import { File } from "./file.ts";
import { SubmitQueue, type SubmitWaiter } from "./submit_queue.ts";

interface EventEntry extends SubmitWaiter {
  readonly context: EventFdContext;
}

// Nodes that one added point looks at to find signalled ones: the kernel walks the whole chain, which makes the n-th
// pending point cost n steps.
const COLLECT_STEPS = 32;

// The kernel's limit is memory; this one keeps a client from taking all of it.
const EVENTS_MAX = 2 ** 16;

/** A synchronization object, counted by handles, fds and waits. */
export class Syncobj {
  readonly #source: FenceSource;
  #fence: Fence | undefined;
  #references = 1;
  #waiters: SubmitQueue<SubmitWaiter> | undefined;
  // eventfds whose point has no fence yet; #eventCount counts those that wait for their fence too.
  #events: SubmitQueue<EventEntry> | undefined;
  #eventCount = 0;
  #collect: Fence | undefined;
  // Fences of which waiters are to be told: being told of one, a TRANSFER gives it to another syncobj, for which another one
  // waits, and so on. That is done one after the other, not one within the other. Set only while a syncobj tells.
  static #news: (readonly [Syncobj, Fence])[] | undefined;

  /** drm_syncobj_create: without a fence. @param source clock and timelines, a `System`. */
  constructor(source: FenceSource) {
    this.#source = source;
  }

  /** Takes a reference. */
  ref(): this {
    this.#references++;
    return this;
  }

  /** Drops a reference; the last one drops the fence, and the eventfds that wait for one (F20). */
  put(): void {
    if (--this.#references > 0) return;
    this.replaceFence(undefined);
    const events = this.#events;
    this.#events = undefined;
    for (const entry of events?.reached(Infinity) ?? []) entry.context.put();
  }

  /** drm_syncobj_fence_get: the fence, a chain's newest node for a timeline, or undefined. */
  get fence(): Fence | undefined {
    return this.#fence;
  }

  /**
   * The fence that signals when `point` has: what drm_syncobj_find_fence finds without waiting.
   *
   * @param point u64; 0 for the whole present fence (F12). @param finder shared by the look-ups of one request.
   * @returns undefined when there is none yet. Throws ENOMEM as the finder does.
   */
  find(point: number | bigint, finder?: ChainFinder): Fence | undefined {
    if (this.#fence === undefined || point === 0) return this.#fence;
    return this.#lookUp(this.#fence, point, finder);
  }

  #lookUp(head: Fence, point: number | bigint, finder?: ChainFinder): Fence | undefined {
    const found = finder === undefined ? chainFindSeqno(head, point) : finder.find(head, point);
    return found === null ? stubFence(this.#source.clock) : found;
  }

  /** drm_syncobj_replace_fence: puts a fence in place of whatever there is; undefined empties it (F11). */
  replaceFence(fence: Fence | undefined): void {
    if (this.#fence === fence) return;
    this.#fence = fence;
    this.#collect = undefined;
    if (fence !== undefined) this.#tellWaiters(fence);
  }

  /** drm_syncobj_assign_null_handle: puts in a new signalled stub of this moment. */
  signal(): void {
    const clock = this.#source.clock;
    this.replaceFence(privateStub(clock, clock.now()));
  }

  /**
   * drm_syncobj_add_point: makes `fence` the newest point of the timeline.
   *
   * @param fence behind the point; a chain is unwrapped. @param point u64 (a Number where it is a safe integer).
   */
  addPoint(fence: Fence, point: number | bigint): void {
    const single = fence instanceof FenceChain ? mergeFences(this.#source, fence) : fence;
    const node = new FenceChain(this.#source, this.#fence, single, point);
    this.#fence = node;
    this.#tellWaiters(node);
    this.#collectSignaled();
  }

  /**
   * QUERY: the last point that has signalled, or with `lastSubmitted` the last one that has a fence; 0 for a binary or empty
   * syncobj (F14). Only points of the newest context count (F13).
   */
  query(lastSubmitted: boolean): number | bigint {
    const head = this.#fence;
    if (!(head instanceof FenceChain)) return 0;
    if (lastSubmitted) return head.seqno;
    const oldest = FenceChain.oldest(head);
    return oldest.isSignaled ? oldest.seqno : oldest.prevSeqno;
  }

  /** Tells `waiter` once its point has a fence; at once, and true, if it has one. */
  addWaiter(waiter: SubmitWaiter): boolean {
    const fence = this.find(waiter.point);
    if (fence === undefined) {
      (this.#waiters ??= new SubmitQueue()).add(waiter);
      return false;
    }
    waiter.submitted(fence);
    return true;
  }

  /** Forgets a waiter. */
  removeWaiter(waiter: SubmitWaiter): void {
    this.#waiters?.delete(waiter);
  }

  /**
   * EVENTFD: signals `context` once when `point` has signalled, or with WAIT_AVAILABLE in `flags` has a fence; at once if so
   * now (F20). Takes over the caller's reference.
   *
   * @throws {DrmError} ENOMEM for more than 2^16 at once.
   */
  addEventFd(point: number | bigint, flags: number, context: EventFdContext): void {
    if (this.#eventCount >= EVENTS_MAX) {
      context.put();
      throw new DrmError("ENOMEM", `Cannot add an eventfd: ${EVENTS_MAX} wait for the syncobj`);
    }
    const fire = (): void => {
      this.#eventCount--;
      context.signal();
      context.put();
    };
    const entry: EventEntry = {
      point,
      context,
      submitted: (fence) => {
        if ((flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE) !== 0 || fence.addCallback(fire) === undefined) fire();
      },
    };
    this.#eventCount++;
    const fence = this.find(point);
    if (fence === undefined) (this.#events ??= new SubmitQueue()).add(entry);
    else entry.submitted(fence);
  }

  // Tells those who waited for it of a fence that is new here.
  #tellWaiters(fence: Fence): void {
    if ((this.#waiters?.isEmpty ?? true) && (this.#events?.isEmpty ?? true)) return;
    if (Syncobj.#news !== undefined) {
      Syncobj.#news.push([this, fence]);
      return;
    }
    const news = Syncobj.#news = [[this as Syncobj, fence] as const];
    try {
      for (const [syncobj, fence] of news) { // which grows meanwhile
        if (syncobj.#waiters !== undefined) syncobj.#tell(syncobj.#waiters, fence);
        if (syncobj.#events !== undefined) syncobj.#tell(syncobj.#events, fence);
      }
    } finally {
      Syncobj.#news = undefined;
    }
  }

  #tell<W extends SubmitWaiter>(queue: SubmitQueue<W>, fence: Fence): void {
    for (const waiter of queue.reached(fence instanceof FenceChain ? fence.seqno : 0)) {
      const found = this.#lookUp(fence, waiter.point);
      if (found !== undefined && queue.delete(waiter)) waiter.submitted(found);
    }
  }

  // Drops nodes whose fences have signalled, a few at a time: a pass over n pending points is spread over n / 32 additions.
  #collectSignaled(): void {
    let node = this.#collect ?? this.#fence;
    for (let i = 0; i < COLLECT_STEPS && node !== undefined; i++) node = chainNext(node);
    this.#collect = node;
  }
}

/** A syncobj as a file: no read, no poll, no ioctl (F17). */
export class SyncobjFile extends File {
  /** Always "syncobj". */
  readonly kind = "syncobj";
  /** The shared object. */
  readonly syncobj: Syncobj;

  /** drm_syncobj_get_fd. @param syncobj the object, of which the file takes a reference. */
  constructor(syncobj: Syncobj) {
    super();
    this.syncobj = syncobj.ref();
  }

  /** Drops the reference. */
  protected override release(): void {
    this.syncobj.put();
  }
}

/** drm_syncobj_find: the syncobj of a handle. Throws ENOENT (F2). */
export function findSyncobj(file: DrmFile, handle: number): Syncobj {
  const syncobj = file.syncobjs.get(handle);
  if (syncobj === undefined) throw new DrmError("ENOENT", `Cannot find syncobj ${handle}`);
  return syncobj;
}

/**
 * drm_syncobj_find_fence without waiting, for drivers.
 *
 * @param point u64; 0 for the whole present fence.
 * @throws {DrmError} ENOENT for an unknown handle, EINVAL when the point has no fence.
 */
export function findSyncobjFence(file: DrmFile, handle: number, point: number | bigint = 0): Fence {
  const fence = findSyncobj(file, handle).find(point);
  if (fence === undefined) {
    throw new DrmError("EINVAL", `Cannot use syncobj ${handle}: it has no fence at point ${point}`);
  }
  return fence;
}

/** drm_syncobj_release: a file that closes drops its handles. */
export function releaseSyncobjs(file: DrmFile): void {
  for (const [handle, syncobj] of file.syncobjs) {
    file.syncobjs.remove(handle);
    syncobj.put();
  }
}
