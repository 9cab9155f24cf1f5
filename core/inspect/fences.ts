/**
 * Timelines and their fences, as far as buffers, syncobjs, planes and sw_sync hold them.
 * @module
 */

import type { Fence } from "../fence.ts";
import { unwrapFence } from "../fence_unwrap.ts";
import type { System } from "../system.ts";
import { each, type Limits, type Listed } from "./limits.ts";

/** A fence that has not signalled. */
export interface PendingFence {
  /** Its place on the timeline. */
  readonly seqno: string;
  /** Who holds it: "object 3", "syncobj", "plane 31", "sw_sync". */
  readonly holder: string;
  /** Whether somebody waits for it. */
  readonly awaited: boolean;
}

/** A timeline. */
export interface TimelineInspection {
  /** Its fence context. */
  readonly context: number;
  /** The driver's name. */
  readonly driver: string;
  /** The timeline's name. */
  readonly name: string;
  /** How far it is known to have come; undefined if no signalled fence of it is around. */
  readonly signaled: { readonly seqno: string; readonly time: number; readonly error: number } | undefined;
  /** Fences that are to come, in order. */
  readonly pending: Listed<PendingFence>;
}

interface Timeline {
  readonly first: Fence;
  signaled: Fence | undefined;
  readonly pending: Map<Fence, string>;
  count: number;
}

/** Gathers fences. */
export class FenceGathering {
  readonly #timelines = new Map<number, Timeline>();
  readonly #limits: Limits;
  #left: number;

  /** None yet. @param limits how many. */
  constructor(limits: Limits) {
    this.#limits = limits;
    this.#left = limits.visits;
  }

  /** Adds a fence, or what it is made of. @param holder who holds it. */
  add(fence: Fence | undefined, holder: string): void {
    if (fence === undefined) return;
    for (const single of unwrapFence(fence)) {
      if (this.#left-- <= 0) return;
      // Stubs stand for "nothing to wait for".
      if (single.context !== 0) this.#single(single, holder);
    }
  }

  #single(fence: Fence, holder: string): void {
    let timeline = this.#timelines.get(fence.context);
    if (timeline === undefined) {
      if (this.#timelines.size >= this.#limits.timelines) return;
      timeline = { first: fence, signaled: undefined, pending: new Map(), count: 0 };
      this.#timelines.set(fence.context, timeline);
    }
    if (fence.isSignaled) {
      if (timeline.signaled === undefined || fence.isLater(timeline.signaled)) timeline.signaled = fence;
    } else if (!timeline.pending.has(fence)) {
      timeline.count++;
      if (timeline.pending.size < this.#limits.fences) timeline.pending.set(fence, holder);
    }
  }

  /** sw_sync's timelines, which may have no fences at all. */
  swTimelines(system: System): TimelineInspection[] {
    const { items } = each(system.swTimelines, this.#limits.timelines);
    return items.map(({ context, name, value, pending }) => ({
      context,
      driver: "sw_sync",
      name,
      signaled: { seqno: String(value), time: 0, error: 0 },
      pending: each(
        pending,
        this.#limits.fences,
        (fence) => ({ seqno: String(fence.seqno), holder: "sw_sync", awaited: fence.hasCallbacks }),
      ),
    }));
  }

  /** All timelines, sw_sync's included, by their contexts. */
  timelines(system: System): TimelineInspection[] {
    const found = new Map<number, TimelineInspection>();
    for (const [context, { first, signaled, pending, count }] of this.#timelines) {
      const fences = [...pending].sort(([a], [b]) => a === b ? 0 : a.isLater(b) ? 1 : -1);
      found.set(context, {
        context,
        driver: first.driverName,
        name: first.timelineName,
        signaled: signaled &&
          { seqno: String(signaled.seqno), time: signaled.timestamp, error: signaled.error },
        pending: {
          items: fences.map(([fence, holder]) => ({
            seqno: String(fence.seqno),
            holder,
            awaited: fence.hasCallbacks,
          })),
          count,
        },
      });
    }
    for (const timeline of this.swTimelines(system)) found.set(timeline.context, timeline);
    return [...found.values()].sort((a, b) => a.context - b.context).slice(0, this.#limits.timelines);
  }
}
