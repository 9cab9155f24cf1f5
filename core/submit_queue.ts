/**
 * `SubmitQueue`: who waits for points of a syncobj that have no fence yet (the cb_list and ev_fd_list of drm_syncobj).
 * @module
 */

import type { Fence } from "./fence.ts";
import { SortedMap } from "./sorted_map.ts";

/** Who waits for a point to be submitted. */
export interface SubmitWaiter {
  /** The point, u64 (a Number where it is a safe integer); 0 for any fence. */
  readonly point: number | bigint;
  /** Called once, when the point has a fence. */
  submitted(fence: Fence): void;
}

interface Bucket<W> {
  readonly key: number;
  // With the order in which they came.
  readonly waiters: Map<W, number>;
}

/** Waiters in the order of their points: a new point costs what it ends, not what waits. The kernel looks at all. */
export class SubmitQueue<W extends SubmitWaiter> {
  // By point as a Number: points beyond 2^53 that round to the same one share a bucket.
  readonly #buckets = new SortedMap<Bucket<W>>();
  #order = 0;

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#buckets.size === 0;
  }

  /** Adds a waiter. */
  add(waiter: W): void {
    const key = Number(waiter.point);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, bucket = { key, waiters: new Map() });
    bucket.waiters.set(waiter, this.#order++);
  }

  /** Takes a waiter out; false if it was not there. */
  delete(waiter: W): boolean {
    const key = Number(waiter.point);
    const bucket = this.#buckets.get(key);
    if (bucket === undefined || !bucket.waiters.delete(waiter)) return false;
    if (bucket.waiters.size === 0) this.#buckets.delete(key);
    return true;
  }

  /** Those whose points are not beyond `point`, in the order in which they came. They stay until `delete`. */
  reached(point: number | bigint): W[] {
    const found: [order: number, waiter: W][] = [];
    for (const { key, waiters } of this.#buckets.from(0)) {
      if (key > Number(point)) break;
      for (const [waiter, order] of waiters) if (waiter.point <= point) found.push([order, waiter]);
    }
    return found.sort((a, b) => a[0] - b[0]).map(([, waiter]) => waiter);
  }
}
