/**
 * `Resv`: the fences of a buffer, each with what its work does to the buffer: implicit synchronisation. Mirrors
 * drivers/dma-buf/dma-resv.c.
 * @module
 */

import { DrmError } from "./error.ts";
import { type Fence, type FenceCallback, type FenceSource, stubFence } from "./fence.ts";
import { FenceArray, isFenceContainer } from "./fence_array.ts";
import { unwrapFence } from "./fence_unwrap.ts";
import { Wait } from "./wait.ts";

/** enum dma_resv_usage: asking for a level returns it and all lower ones (D6). */
export const ResvUsage = {
  /** Memory management: everybody waits for it. */
  KERNEL: 0,
  /** Implicit writers. */
  WRITE: 1,
  /** Implicit readers. */
  READ: 2,
  /** Work that nobody waits for implicitly. */
  BOOKKEEP: 3,
} as const;

/** One of {@linkcode ResvUsage}. */
export type ResvUsage = (typeof ResvUsage)[keyof typeof ResvUsage];

/** dma_resv_usage_rw: the level that a new writer (true) or reader (false) has to wait for. */
export function resvUsageRw(write: boolean): ResvUsage {
  return write ? ResvUsage.READ : ResvUsage.WRITE;
}

/** How long to wait for a buffer's fences. */
export interface ResvWaitOptions {
  /** Absolute time of the time-out, ns; none by default. */
  readonly deadline?: number;
  /** The result when the time is up. */
  readonly onTimeout?: () => number;
}

// A kmalloc of slots, 8 bytes each, cannot have more than 4 MiB.
const SLOTS_MAX = 2 ** 19;

/** A buffer's fences. Costs nothing until the first one comes. */
export class Resv {
  #fences: Fence[] | undefined;
  #usages: ResvUsage[] = NO_USAGES;
  #slots = 0;
  #watchers: Set<() => void> | undefined = undefined;

  /** Fences in slots, signalled ones too. */
  get count(): number {
    return this.#fences?.length ?? 0;
  }

  /** Hears of every fence that comes, until `unwatch`: for doors that show what is pending as a state. */
  watch(changed: () => void): void {
    (this.#watchers ??= new Set()).add(changed);
  }

  /** Ends `watch`. */
  unwatch(changed: () => void): void {
    this.#watchers?.delete(changed);
    if (this.#watchers?.size === 0) this.#watchers = undefined;
  }

  #changed(): void {
    for (const changed of [...this.#watchers ?? []]) changed();
  }

  /**
   * dma_resv_reserve_fences: makes sure that `count` fences can be added. When slots run out, those of signalled fences
   * are freed.
   *
   * @throws {DrmError} ENOMEM beyond 2^19 slots.
   */
  reserve(count = 1): void {
    const fences = this.#fences ??= [];
    if (this.#usages === NO_USAGES) this.#usages = [];
    if (fences.length + count <= this.#slots) return;
    let kept = 0;
    for (let i = 0; i < fences.length; i++) {
      if (fences[i].isSignaled) continue;
      fences[kept] = fences[i];
      this.#usages[kept++] = this.#usages[i];
    }
    fences.length = this.#usages.length = kept;
    if (kept + count <= this.#slots) return; // the kernel grows here too; we need not
    const slots = this.#slots === 0
      ? Math.max(4, 2 ** Math.ceil(Math.log2(count)))
      : Math.max(kept + count, this.#slots * 2);
    if (slots > SLOTS_MAX) throw new DrmError("ENOMEM", `Cannot reserve ${slots} fence slots`);
    this.#slots = slots;
  }

  /**
   * dma_resv_add_fence: takes the slot of an older fence of the same timeline with the same or a weaker usage, or of a
   * signalled one; else a reserved one (D7).
   *
   * @throws {TypeError} for an array or chain (add what it is made of), and when no slot was reserved (D8).
   */
  add(fence: Fence, usage: ResvUsage): void {
    if (isFenceContainer(fence)) {
      throw new TypeError("Cannot add a fence container to a reservation object: unwrap it first");
    }
    const fences = this.#fences ?? NO_FENCES;
    for (let i = 0; i < fences.length; i++) {
      const old = fences[i];
      if (
        (old.context === fence.context && this.#usages[i] >= usage && fence.isLaterOrSame(old)) || old.isSignaled
      ) {
        fences[i] = fence;
        this.#usages[i] = usage;
        if (this.#watchers !== undefined) this.#changed();
        return;
      }
    }
    if (fences.length >= this.#slots) throw new TypeError("Cannot add a fence: no slot was reserved");
    fences.push(fence);
    this.#usages.push(usage);
    if (this.#watchers !== undefined) this.#changed();
  }

  /** dma_resv_replace_fences: puts `replacement` in place of every fence of timeline `context`. */
  replace(context: number, replacement: Fence, usage: ResvUsage): void {
    const fences = this.#fences ?? NO_FENCES;
    for (let i = 0; i < fences.length; i++) {
      if (fences[i].context !== context) continue;
      fences[i] = replacement;
      this.#usages[i] = usage;
    }
    if (this.#watchers !== undefined) this.#changed();
  }

  /** dma_resv_for_each_fence_unlocked: pending fences of level `usage` and below, in the order of their slots. */
  *fences(usage: ResvUsage): Generator<Fence> {
    const fences = this.#fences ?? NO_FENCES;
    for (let i = 0; i < fences.length; i++) {
      if (this.#usages[i] <= usage && !fences[i].isSignaled) yield fences[i];
    }
  }

  /** dma_resv_describe: what buffers' descriptions show: all fences up to READ, signalled ones too, in the order of their slots. */
  *describe(): Generator<{ fence: Fence; usage: ResvUsage }> {
    const fences = this.#fences ?? NO_FENCES;
    for (let i = 0; i < fences.length; i++) {
      if (this.#usages[i] <= ResvUsage.READ) yield { fence: fences[i], usage: this.#usages[i] };
    }
  }

  /** dma_resv_test_signaled: whether nothing of level `usage` and below is pending. */
  testSignaled(usage: ResvUsage): boolean {
    const fences = this.#fences ?? NO_FENCES;
    for (let i = 0; i < fences.length; i++) {
      if (this.#usages[i] <= usage && !fences[i].isSignaled) return false;
    }
    return true;
  }

  /** dma_resv_get_singleton: one fence for a level: undefined for none pending, the only one, or an array. */
  singleton(usage: ResvUsage, source: FenceSource): Fence | undefined {
    const fences = [...this.fences(usage)];
    return fences.length > 1 ? new FenceArray(source, fences) : fences[0];
  }

  /** dma_resv_set_deadline: passes a hint on to the fences of a level. */
  setDeadline(usage: ResvUsage, deadline: number): void {
    for (const fence of this.fences(usage)) fence.setDeadline(deadline);
  }

  /**
   * Calls `callback` once, when the first of the fences that are pending now has signalled: then look again.
   *
   * @returns the callback's place, for taking it back; undefined, without calling, when nothing is pending.
   */
  onProgress(usage: ResvUsage, callback: () => void): FenceCallback | undefined {
    for (const fence of this.fences(usage)) {
      const place = fence.addCallback(callback);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  /** dma_resv_wait_timeout: 0 when nothing of the level is pending, else a Wait for 0. Fences that come later do not count. */
  wait(usage: ResvUsage, source: FenceSource, options: ResvWaitOptions = {}): number | Wait {
    const fence = this.singleton(usage, source);
    if (fence === undefined) return 0;
    const wait = new Wait({ ...options, clock: source.clock, cleanup: () => place?.remove() });
    const place = fence.addCallback(() => wait.complete(0));
    if (place === undefined) wait.complete(0);
    return wait.result ?? wait;
  }

  /** The fence of DMA_BUF_IOCTL_EXPORT_SYNC_FILE: what a writer or a reader has to wait for; a signalled stub for nothing (C13). */
  exportFence(write: boolean, source: FenceSource): Fence {
    return this.singleton(resvUsageRw(write), source) ?? stubFence(source.clock);
  }

  /** What DMA_BUF_IOCTL_IMPORT_SYNC_FILE does: adds the fences that `fence` is made of as writers or readers (C14). Throws ENOMEM. */
  importFence(fence: Fence, write: boolean): void {
    const pending: Fence[] = [];
    for (const single of unwrapFence(fence)) if (!single.isSignaled) pending.push(single);
    if (pending.length === 0) return;
    this.reserve(pending.length);
    for (const single of pending) this.add(single, write ? ResvUsage.WRITE : ResvUsage.READ);
  }

  /** dma_resv_copy_fences: takes over the READ-level fences of `source` in place of its own. */
  copyFrom(source: Resv): void {
    const fences = source.#fences ?? NO_FENCES;
    const kept: Fence[] = [];
    const usages: ResvUsage[] = [];
    for (let i = 0; i < fences.length; i++) {
      if (source.#usages[i] > ResvUsage.READ || fences[i].isSignaled) continue;
      kept.push(fences[i]);
      usages.push(source.#usages[i]);
    }
    this.#fences = kept;
    this.#usages = usages;
    this.#slots = kept.length;
    if (this.#watchers !== undefined) this.#changed();
  }
}

const NO_FENCES: Fence[] = [];
const NO_USAGES: ResvUsage[] = [];
