/**
 * In which order the objects of a `Vram` have to go.
 * @module
 */

import { type VramNode, VramPriority } from "./vram_node.ts";

const CLASSES = 8;

/** Placed objects by segment. */
export class VramLists<O> {
  // Those that may go, by segment and priority; the one that was given up first goes first. Offered ones are class 0.
  readonly #idle: readonly (readonly Set<VramNode<O>>[])[];
  // Those that are pinned, by segment: those of clients beyond their share give way when nothing else does.
  readonly #pinned: readonly Set<VramNode<O>>[];

  /** @param segments how many there are. */
  constructor(segments: number) {
    const each = Array.from({ length: segments });
    this.#idle = each.map(() => Array.from({ length: CLASSES }, () => new Set<VramNode<O>>()));
    this.#pinned = each.map(() => new Set<VramNode<O>>());
  }

  /** Those of a segment that nobody wants: lists, the first goes first. */
  idle(segment: number): readonly Set<VramNode<O>>[] {
    return this.#idle[segment];
  }

  /** Those of a segment that somebody wants. */
  pinned(segment: number): Set<VramNode<O>> {
    return this.#pinned[segment];
  }

  /** Puts an object where it belongs now. */
  put(node: VramNode<O>): void {
    node.list?.delete(node);
    const idle = node.offered || node.pins.size === 0;
    const kind = node.offered ? 0 : 1 + Math.min(CLASSES - 2, Math.floor(node.priority / VramPriority.MINIMUM));
    node.list = idle ? this.#idle[node.segment][kind] : this.#pinned[node.segment];
    node.list.add(node);
  }

  /** It has no memory any more. */
  take(node: VramNode<O>): void {
    node.list?.delete(node);
    node.list = undefined;
  }
}
