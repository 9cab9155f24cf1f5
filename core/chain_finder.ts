/**
 * `ChainFinder`: `chainFindSeqno` for many points. The kernel walks a chain anew for each, so that points x depth steps may
 * go by in one request; here each chain is walked once.
 * @module
 */

import { DrmError } from "./error.ts";
import type { Fence } from "./fence.ts";
import { chainNext, endsSearch, FenceChain } from "./fence_chain.ts";

// Chains may have a long tail in common, which is walked for each of them: this many steps take a tenth of a second.
const STEPS_MAX = 2 ** 22;

/** Finds points of chains, within one request. */
export class ChainFinder {
  // What was met on the way from a head so far. Each look-up walks on from there.
  readonly #walks = new Map<Fence, Fence[]>();
  #steps = 0;

  /**
   * As `chainFindSeqno`.
   *
   * @throws {DrmError} ENOMEM after more than 2^22 steps.
   */
  find(head: Fence, seqno: number | bigint): Fence | null | undefined {
    if (seqno === 0) return head;
    if (!(head instanceof FenceChain) || head.seqno < seqno) return undefined;
    let met = this.#walks.get(head);
    if (met === undefined) this.#walks.set(head, met = [head]);
    while (!endsSearch(met[met.length - 1], head, seqno)) {
      const next = chainNext(met[met.length - 1]);
      if (next === undefined) return null;
      if (++this.#steps > STEPS_MAX) throw new DrmError("ENOMEM", `Cannot find points in more than ${STEPS_MAX} steps`);
      met.push(next);
    }
    let low = 0;
    let high = met.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (endsSearch(met[middle], head, seqno)) high = middle;
      else low = middle + 1;
    }
    return met[low];
  }
}
