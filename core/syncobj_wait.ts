/**
 * Waiting for syncobjs. Mirrors drm_syncobj_array_wait_timeout (drivers/gpu/drm/drm_syncobj.c).
 * @module
 */

import {
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL,
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE,
  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
} from "../uapi/drm_syncobj.ts";
import { ChainFinder } from "./chain_finder.ts";
import type { Clock } from "./clock.ts";
import { DrmError, ETIME } from "./error.ts";
import type { Fence, FenceCallback } from "./fence.ts";
import type { SubmitWaiter } from "./submit_queue.ts";
import type { Syncobj } from "./syncobj.ts";
import { Wait } from "./wait.ts";

/** Nanoseconds of a jiffy: CONFIG_HZ=250, as distributions build. */
export const JIFFY = 4_000_000;

/** What WAIT_ALL stores as first_signaled when it had to sleep with nothing signalled (F8). */
export const NONE_SIGNALED = 0xffff_ffff;

// kcalloc gives 4 MiB at most, and a wait entry takes 64 bytes.
const WAIT_ENTRIES_MAX = 2 ** 16;

// Beyond this (146 years) a time-out is none.
const FOREVER = 2 ** 62;

/**
 * When a wait with a time-out ends: drm_timeout_abs_to_jiffies counts whole jiffies and adds one, the timer fires on the tick
 * after. So a wait ends on a tick, never early, and at most two jiffies late (F5).
 *
 * @param timeout absolute, ns. @returns absolute ns; 0 for "do not sleep", Infinity for "for good".
 */
export function waitDeadline(clock: Clock, timeout: number): number {
  if (timeout <= 0 || timeout <= clock.now()) return 0;
  return timeout >= FOREVER ? Infinity : (Math.ceil(timeout / JIFFY) + 1) * JIFFY;
}

/** What to wait for, and how. */
export interface SyncobjWaitOptions {
  /** DRM_SYNCOBJ_WAIT_FLAGS_*. */
  readonly flags: number;
  /** A point for each syncobj, u64 (a Number where it is a safe integer); without, the whole fence of each. */
  readonly points?: readonly (number | bigint)[];
  /** Absolute time of the time-out, ns; 0, negative or past: do not sleep. */
  readonly timeout: number;
  /** A hint for the fences, absolute ns. */
  readonly deadline?: number;
  /** Told, before the wait ends with 0, which syncobj signalled (F8). */
  readonly onSuccess: (first: number) => void;
}

class WaitEntry implements SubmitWaiter {
  readonly owner: ArrayWait;
  readonly index: number;
  readonly point: number | bigint;
  fence: Fence | undefined;
  callback: FenceCallback | undefined;
  satisfied = false;

  constructor(owner: ArrayWait, index: number, point: number | bigint, fence: Fence | undefined) {
    this.owner = owner;
    this.index = index;
    this.point = point;
    this.fence = fence;
  }

  submitted(fence: Fence): void {
    this.fence = fence;
    this.arm();
  }

  // Satisfied already, or told when the fence signals.
  arm(): void {
    if (this.fence === undefined || this.satisfied || this.callback !== undefined) return;
    if ((this.owner.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE) === 0) {
      this.callback = this.fence.addCallback(() => this.#satisfy());
      if (this.callback !== undefined) return;
    }
    this.#satisfy();
  }

  // The kernel's waiter looks at all of them anew, in order, when it wakes.
  get isSatisfied(): boolean {
    return this.satisfied || (this.fence !== undefined && this.fence.isSignaled);
  }

  #satisfy(): void {
    this.callback = undefined;
    this.satisfied = true;
    this.owner.progress();
  }
}

class ArrayWait {
  readonly flags: number;
  readonly #syncobjs: readonly Syncobj[];
  readonly #entries: WaitEntry[];
  readonly #first: number;
  readonly #onSuccess: (first: number) => void;
  #missing: number;
  #wait: Wait | undefined;
  #finished = false;

  constructor(
    syncobjs: readonly Syncobj[],
    fences: readonly (Fence | undefined)[],
    options: SyncobjWaitOptions,
    first: number,
  ) {
    this.flags = options.flags;
    this.#syncobjs = syncobjs;
    this.#onSuccess = options.onSuccess;
    this.#first = first;
    this.#missing = syncobjs.length;
    this.#entries = fences.map((fence, i) => new WaitEntry(this, i, options.points?.[i] ?? 0, fence));
  }

  run(clock: Clock, options: SyncobjWaitOptions): number | Wait {
    for (const syncobj of this.#syncobjs) syncobj.ref();
    const submit = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
    if ((this.flags & submit) !== 0) {
      for (const entry of this.#entries) if (entry.fence === undefined) this.#syncobjs[entry.index].addWaiter(entry);
    }
    if (options.deadline !== undefined) {
      for (const entry of this.#entries) {
        entry.fence?.setDeadline(options.deadline);
      }
    }
    for (const entry of this.#entries) {
      if (this.#finished) return 0;
      entry.arm();
    }
    if (this.#finished) return 0;
    const deadline = waitDeadline(clock, options.timeout);
    if (deadline === 0) {
      this.#cleanup();
      return ETIME;
    }
    return this.#wait = new Wait({ clock, deadline, onTimeout: () => ETIME, cleanup: () => this.#cleanup() });
  }

  /** An entry is satisfied. */
  progress(): void {
    this.#missing--;
    if (this.#finished) return;
    const all = (this.flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL) !== 0;
    if (all && this.#missing > 0) return;
    this.#finished = true; // looking at fences may make them signal, and so come back here
    this.#onSuccess(all ? this.#first : this.#entries.findIndex((entry) => entry.isSatisfied));
    if (this.#wait !== undefined) this.#wait.complete(0);
    else this.#cleanup();
  }

  #cleanup(): void {
    this.#finished = true;
    this.#entries.forEach((entry, i) => {
      this.#syncobjs[i].removeWaiter(entry);
      entry.callback?.remove();
    });
    for (const syncobj of this.#syncobjs) syncobj.put();
  }
}

/**
 * Waits for any or all of some syncobjs (F4 to F9).
 *
 * @param clock of the time-out. @param syncobjs at least one.
 * @returns 0, -ETIME, or a Wait for one of them (or -EINTR).
 * @throws {DrmError} EINVAL when one has no fence at its point and `flags` do not wait for that (F6); ENOMEM for more than
 * 2^16 syncobjs, and as a {@linkcode ChainFinder} does.
 */
export function waitSyncobjs(clock: Clock, syncobjs: readonly Syncobj[], options: SyncobjWaitOptions): number | Wait {
  const { flags, points } = options;
  const count = syncobjs.length;
  if (count > WAIT_ENTRIES_MAX) {
    throw new DrmError("ENOMEM", `Cannot wait for ${count} syncobjs: at most ${WAIT_ENTRIES_MAX}`);
  }
  const available = (flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE) !== 0;
  const submit = available || (flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT) !== 0;
  const finder = count > 1 && points !== undefined ? new ChainFinder() : undefined;
  const fences: (Fence | undefined)[] = [];
  let first = NONE_SIGNALED;
  let signaled = 0;
  for (let i = 0; i < count; i++) {
    const fence = syncobjs[i].find(points === undefined ? 0 : points[i], finder);
    fences.push(fence);
    if (fence === undefined) {
      if (submit) continue;
      throw new DrmError("EINVAL", "Cannot wait for a syncobj: it has no fence, and the flags do not wait for one");
    }
    if (available || fence.isSignaled) {
      if (signaled++ === 0) first = i;
    }
  }
  if (signaled === count || (signaled > 0 && (flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL) === 0)) {
    options.onSuccess(first);
    return 0;
  }
  return new ArrayWait(syncobjs, fences, options, first).run(clock, options);
}
