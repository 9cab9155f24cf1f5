/**
 * `FenceChain`: a timeline of 64-bit points, each node a fence behind a point and the way to the point before. Mirrors
 * drivers/dma-buf/dma-fence-chain.c.
 * @module
 */

import { Fence, type FenceSource } from "./fence.ts";

/** A node; it signals when its own fence and all earlier ones have (D10). Their errors are not its errors. */
export class FenceChain extends Fence {
  /** The fence behind this point. */
  readonly fence: Fence;
  /** The point before, if it stands on the same timeline; 0 otherwise. */
  readonly prevSeqno: number | bigint;
  #prev: Fence | undefined;
  // What `oldest` found last: while it is pending it is the answer.
  #oldest: FenceChain | undefined;

  /**
   * dma_fence_chain_init. A point that is not beyond `prev`'s begins a new timeline (context) at `prev`'s point (F13).
   *
   * @param source clock and timelines. @param prev what came before: a chain, any other fence, or nothing.
   * @param fence behind the point. @param seqno the point, u64 (a Number where it is a safe integer).
   * @throws {TypeError} if `fence` is a chain itself: unwrap it first.
   */
  constructor(source: FenceSource, prev: Fence | undefined, fence: Fence, seqno: number | bigint) {
    const inOrder = prev instanceof FenceChain && seqno > prev.seqno;
    super({
      clock: source.clock,
      context: inOrder ? prev.context : source.fenceContexts.allocate(),
      seqno: prev instanceof FenceChain && prev.seqno > seqno ? prev.seqno : seqno,
      seqno64: true,
      driverName: "dma_fence_chain",
      timelineName: "unbound",
    });
    if (fence instanceof FenceChain) throw new TypeError("Cannot put a fence chain behind a point of a fence chain");
    this.fence = fence;
    this.prevSeqno = inOrder ? prev.seqno : 0;
    this.#prev = prev;
  }

  /** dma_fence_chain_walk: the nearest earlier fence (node or other) that has not signalled; drops those that have. */
  walk(): Fence | undefined {
    let prev = this.#prev;
    while (prev !== undefined) {
      if (prev instanceof FenceChain) {
        if (!prev.fence.isSignaled) break;
        prev = prev.#prev;
      } else {
        if (!prev.isSignaled) break;
        prev = undefined;
      }
    }
    return this.#prev = prev;
  }

  /** Looks at what it is made of (D5). */
  protected override poll(): boolean {
    return this.fence.isSignaled && this.walk() === undefined;
  }

  /** Has itself called by what it is made of. */
  protected override enableSignaling(): void {
    this.#arm();
  }

  // Waits for one fence at a time, newest first; when none is left the node signals.
  #arm(): void {
    for (let fence: Fence | undefined = this.fence; fence !== undefined;) {
      if (fence.addCallback(() => this.#arm()) !== undefined) return;
      const prev = this.walk();
      fence = prev instanceof FenceChain ? prev.fence : prev;
    }
    this.signal();
  }

  /** Passes the hint on to all fences of the chain. */
  override setDeadline(deadline: number): void {
    FenceChain.#hint(this, deadline);
  }

  // Where a node has had the hint, or an earlier one, all before it have too.
  static #hint(head: Fence, deadline: number): void {
    for (let node: Fence | undefined = head; node !== undefined; node = chainNext(node)) {
      if (node instanceof FenceChain) {
        if (node.deadline <= deadline) return;
        node.noteDeadline(deadline);
      }
      chainContained(node).setDeadline(deadline);
    }
  }

  /** The oldest node of `head`'s timeline whose fence is pending; `head` if there is none before it. */
  static oldest(head: FenceChain): FenceChain {
    let node = head;
    let oldest: FenceChain | undefined;
    while (oldest === undefined) {
      if (node.#oldest !== undefined && !node.#oldest.fence.isSignaled) oldest = node.#oldest;
      else {
        const prev = node.walk();
        if (prev instanceof FenceChain && prev.context === head.context) node = prev;
        else oldest = node;
      }
    }
    // All on the way remember it: a long tail, which many chains may share, is walked once.
    let at: Fence | undefined = head;
    for (; at instanceof FenceChain && at.context === head.context && at !== node; at = at.#prev) at.#oldest = oldest;
    return oldest;
  }
}

/** The next earlier fence of a chain that has not signalled; undefined at its end, and for other fences. */
export function chainNext(fence: Fence): Fence | undefined {
  return fence instanceof FenceChain ? fence.walk() : undefined;
}

/** dma_fence_chain_contained: the fence behind a node's point; any other fence itself. */
export function chainContained(fence: Fence): Fence {
  return fence instanceof FenceChain ? fence.fence : fence;
}

/**
 * dma_fence_chain_find_seqno: the fence that signals when point `seqno` of `head`'s timeline has (F12, F15).
 *
 * @param head a chain's newest node, or any fence. @param seqno u64; 0 for `head` itself.
 * @returns undefined when the point is not submitted yet; null when it has signalled and left the chain.
 */
export function chainFindSeqno(head: Fence, seqno: number | bigint): Fence | null | undefined {
  if (seqno === 0) return head;
  if (!(head instanceof FenceChain) || head.seqno < seqno) return undefined;
  let fence: Fence | undefined = head;
  while (fence !== undefined) {
    if (endsSearch(fence, head, seqno)) return fence;
    fence = chainNext(fence);
  }
  return null;
}

/** Whether `fence`, met on the way from `head`, is what the search for point `seqno` ends at. */
export function endsSearch(fence: Fence, head: Fence, seqno: number | bigint): boolean {
  return !(fence instanceof FenceChain) || fence.context !== head.context || fence.prevSeqno < seqno;
}
