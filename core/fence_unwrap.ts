/**
 * Looking through arrays and chains, and merging fences into one. Mirrors drivers/dma-buf/dma-fence-unwrap.c.
 * @module
 */

import { DrmError } from "./error.ts";
import { type Fence, type FenceSource, privateStub } from "./fence.ts";
import { FenceArray } from "./fence_array.ts";
import { chainContained, chainNext } from "./fence_chain.ts";

// The kernel gathers the fences in one allocation, of 4 MiB at most (KMALLOC_MAX_SIZE), 8 bytes each.
const MERGE_MAX = 2 ** 19;

/** dma_fence_unwrap_for_each: the single fences that arrays and chains are made of; a single fence gives itself. */
export function* unwrapFence(fence: Fence): Generator<Fence> {
  for (let node: Fence | undefined = fence; node !== undefined; node = chainNext(node)) {
    const contained = chainContained(node);
    if (contained instanceof FenceArray) yield* contained.fences;
    else yield contained;
  }
}

/**
 * dma_fence_unwrap_merge: one fence for several (E1). Of each timeline the latest that has not signalled counts. None left:
 * a signalled stub with the latest timestamp, whatever errors there were; one left: that very fence; else an array.
 *
 * @throws {DrmError} ENOMEM for more than 2^19 pending fences.
 */
export function mergeFences(source: FenceSource, ...fences: readonly Fence[]): Fence {
  let timestamp = 0;
  let count = 0;
  const latest = new Map<number, Fence>();
  for (const head of fences) {
    for (const fence of unwrapFence(head)) {
      if (fence.isSignaled) {
        if (fence.timestamp > timestamp) timestamp = fence.timestamp;
        continue;
      }
      if (++count > MERGE_MAX) throw new DrmError("ENOMEM", `Cannot merge more than ${MERGE_MAX} pending fences`);
      const other = latest.get(fence.context);
      if (other === undefined || fence.isLater(other)) latest.set(fence.context, fence);
    }
  }
  if (latest.size === 0) return privateStub(source.clock, timestamp);
  const left = [...latest.values()];
  if (left.length === 1) return left[0];
  return new FenceArray(source, left.sort((a, b) => a.context - b.context));
}
