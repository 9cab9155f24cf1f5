/**
 * `FenceArray`: several fences as one that signals with all of them, or with any. Mirrors drivers/dma-buf/dma-fence-array.c.
 * @module
 */

import { Fence, type FenceSource } from "./fence.ts";
import { FenceChain } from "./fence_chain.ts";

/** Whether a fence is made of other fences: an array or a chain (dma_fence_is_container). */
export function isFenceContainer(fence: Fence): fence is FenceArray | FenceChain {
  return fence instanceof FenceArray || fence instanceof FenceChain;
}

/** What a {@linkcode FenceArray} is made of besides its fences. */
export interface FenceArrayOptions {
  /** Its timeline, default a new one. */
  readonly context?: number;
  /** Its place on the timeline, default 1. */
  readonly seqno?: number;
  /** Whether the first fence to signal signals the array; by default all must. */
  readonly any?: boolean;
}

/** Several fences as one (D9). */
export class FenceArray extends Fence {
  /** Its members. */
  readonly fences: readonly Fence[];
  readonly #any: boolean;
  // With "all": members before it have signalled, so that looking again is cheap.
  #pending = 0;

  /**
   * dma_fence_array_create.
   *
   * @param source clock and timelines. @param fences members, at least one. @param options timeline, any or all.
   * @throws {TypeError} for a member that is an array or chain itself: unwrap it first.
   */
  constructor(source: FenceSource, fences: readonly Fence[], options: FenceArrayOptions = {}) {
    super({
      clock: source.clock,
      context: options.context ?? source.fenceContexts.allocate(),
      seqno: options.seqno ?? 1,
      driverName: "dma_fence_array",
      timelineName: "unbound",
    });
    if (fences.length === 0) throw new TypeError("Cannot make a fence array: it has no members");
    if (fences.some(isFenceContainer)) throw new TypeError("Cannot put a fence container into a fence array");
    this.fences = fences;
    this.#any = options.any ?? false;
  }

  /** Looks at what it is made of (D5). */
  protected override poll(): boolean {
    if (this.#any) {
      if (!this.fences.some((fence) => fence.isSignaled)) return false;
    } else {
      while (this.#pending < this.fences.length && this.fences[this.#pending].isSignaled) this.#pending++;
      if (this.#pending < this.fences.length) return false;
    }
    this.#takeError();
    return true;
  }

  /** Has itself called by what it is made of. */
  protected override enableSignaling(): void {
    let left = this.#any ? 1 : this.fences.length;
    const done = (): void => {
      if (--left !== 0 || this.hasSignaled) return;
      this.#takeError();
      this.signal();
    };
    for (const fence of this.fences) if (fence.addCallback(done) === undefined) done();
  }

  // The error of the member that failed first; with "any", of the member that signalled it.
  #takeError(): void {
    let first: Fence | undefined;
    for (const fence of this.fences) {
      if (!fence.isSignaled || (!this.#any && fence.error === 0)) continue;
      if (first === undefined || fence.timestamp < first.timestamp) first = fence;
    }
    if (first !== undefined && first.error !== 0 && !this.hasSignaled) this.setError(first.error);
  }

  /** Passes the hint on to its members, unless they have had it or an earlier one. */
  override setDeadline(deadline: number): void {
    if (this.isSignaled || this.deadline <= deadline) return;
    super.setDeadline(deadline);
    for (const fence of this.fences) fence.setDeadline(deadline);
  }
}
