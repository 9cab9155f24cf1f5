/**
 * The fences that a client puts on vgem objects by hand. Mirrors drivers/gpu/drm/vgem/vgem_fence.c (behaviour L1).
 * @module
 */

import type { Timer } from "../../../core/clock.ts";
import type { DrmFile } from "../../../core/drm_file.ts";
import { DrmError, EBUSY } from "../../../core/error.ts";
import { Fence } from "../../../core/fence.ts";
import { lookupObject } from "../../../core/gem.ts";
import { ResvUsage } from "../../../core/resv.ts";
import type { System } from "../../../core/system.ts";
import type { View } from "../../../uapi/struct.ts";
import { type drm_vgem_fence_attach, type drm_vgem_fence_signal, VGEM_FENCE_WRITE } from "../../../uapi/vgem_drm.ts";

/** A fence signals itself after so long, ns: nobody may hang on a client that forgot. */
export const VGEM_FENCE_TIMEOUT = 10e9;
/** Fences of one file that wait for the client's SIGNAL; the kernel's bound is its memory. */
const MAX_FENCES = 1 << 20;

interface Pending {
  readonly fence: Fence;
  readonly timer: Timer;
}

/** The fences of one open file, by the id that ATTACH gave. */
export class VgemFences {
  readonly #system: System;
  readonly #pending = new Map<number, Pending>();
  // The kernel empties an id's place at SIGNAL and never frees it: ids of a file only grow.
  #lastId = 0;

  /** No fences yet. @param system gives the clock and the fence contexts. */
  constructor(system: System) {
    this.#system = system;
  }

  /**
   * FENCE_ATTACH: puts a new fence on an object, which times out after 10 s.
   *
   * @returns 0, or -EBUSY if a conflicting fence is pending: a writer's for a reader, any for a writer.
   * @throws {DrmError} EINVAL for unknown flags or pad; ENOENT for an unknown handle; ENOMEM for too many fences.
   */
  attach(file: DrmFile<VgemFences>, arg: View<drm_vgem_fence_attach>): number {
    if ((arg.flags & ~VGEM_FENCE_WRITE) !== 0) {
      throw new DrmError("EINVAL", `Cannot attach a fence with flags ${arg.flags}`);
    }
    if (arg.pad !== 0) throw new DrmError("EINVAL", "Cannot attach a fence: pad is not zero");
    const object = lookupObject(file, arg.handle);
    if (this.#pending.size >= MAX_FENCES) {
      throw new DrmError("ENOMEM", `Cannot attach a fence: ${MAX_FENCES} are pending`);
    }
    const write = (arg.flags & VGEM_FENCE_WRITE) !== 0;
    if (!object.resv.testSignaled(write ? ResvUsage.READ : ResvUsage.WRITE)) return EBUSY;
    object.resv.reserve(1);
    const { clock, fenceContexts } = this.#system;
    const context = fenceContexts.allocate();
    const fence = new Fence({ clock, context, seqno: 1, driverName: "vgem", timelineName: "unbound" });
    object.resv.add(fence, write ? ResvUsage.WRITE : ResvUsage.READ);
    const timer = clock.at(clock.now() + VGEM_FENCE_TIMEOUT, () => fence.signal());
    this.#pending.set(++this.#lastId, { fence, timer });
    arg.out_fence = this.#lastId;
    return 0;
  }

  /**
   * FENCE_SIGNAL: signals and forgets a fence.
   *
   * @throws {DrmError} EINVAL for flags; ENOENT for an unknown or already signalled id; ETIMEDOUT if it had expired.
   */
  signal(arg: View<drm_vgem_fence_signal>): number {
    if (arg.flags !== 0) throw new DrmError("EINVAL", `Cannot signal a fence with flags ${arg.flags}`);
    const pending = this.#pending.get(arg.fence);
    if (pending === undefined) {
      throw new DrmError("ENOENT", `Cannot signal fence ${arg.fence}: it is unknown or signalled`);
    }
    this.#pending.delete(arg.fence);
    pending.timer.cancel();
    if (!pending.fence.signal()) throw new DrmError("ETIMEDOUT", `Cannot signal fence ${arg.fence}: it has expired`);
    return 0;
  }

  /** The file is closed: signals all. */
  close(): void {
    for (const { fence, timer } of this.#pending.values()) {
      timer.cancel();
      fence.signal();
    }
    this.#pending.clear();
  }
}
