/**
 * What a `Vram` has in its books: objects, and the clients whose residency is counted.
 * @module
 */

/** Whose residency is counted: a process. */
export class VramClient {
  /** Bytes resident, by segment. */
  readonly usage: number[] = [];
  /** Bytes that nobody else may take, by segment. */
  readonly reservation: number[] = [];
  /** @internal Its objects that are pinned and were made to give way. */
  readonly displaced: Set<VramNode<unknown>> = new Set();
}

/** Priorities as WDDM names them (D3DDDI_ALLOCATIONPRIORITY_*): lower ones go first. */
export const VramPriority = {
  MINIMUM: 0x28000000,
  LOW: 0x50000000,
  NORMAL: 0x78000000,
  HIGH: 0xa0000000,
  MAXIMUM: 0xc8000000,
} as const;

/** Where an object is. `offered`: it may be discarded. */
export type VramState = "absent" | "placed" | "evicted" | "discarded";

/** An object in the books. */
export class VramNode<O> {
  /** The owner's object. */
  readonly object: O;
  /** Bytes. */
  readonly size: number;
  /** Segments that it may lie in, the best first. */
  placements: readonly number[];
  /** @internal How often each client has made it resident. */
  readonly pins: Map<VramClient, number> = new Map();
  /** @internal */
  state: VramState = "absent";
  /** @internal The segment it lies in, or is counted in. */
  segment: number;
  /** @internal */
  priority: number = VramPriority.NORMAL;
  /** @internal Whether its contents may be discarded. */
  offered = false;
  /** @internal The list that it waits for eviction in. */
  list: Set<VramNode<O>> | undefined;

  /** Made by `Vram.add`. */
  constructor(object: O, size: number, placements: readonly number[]) {
    this.object = object;
    this.size = size;
    this.placements = placements;
    this.segment = placements[0];
  }

  /** Whether its memory is there. */
  get isPlaced(): boolean {
    return this.state === "placed";
  }

  /** Whether somebody wants it resident. */
  get isPinned(): boolean {
    return this.pins.size > 0;
  }
}
