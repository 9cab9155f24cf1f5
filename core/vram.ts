/**
 * `Vram`: which objects lie in which segment of a GPU's memory, who must go when another needs the room, and how much of it
 * each client may keep resident. It counts bytes and decides; its owner moves contents. The counterpart of TTM's resource
 * managers (drivers/gpu/drm/ttm) and of WDDM's video memory manager.
 * @module
 */

import { DrmError } from "./error.ts";
import { VramClient, VramNode, VramPriority } from "./vram_node.ts";

export * from "./vram_node.ts";

const CLASSES = 8;

/** A kind of memory. */
export interface VramSegment {
  /** Its name, for people. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** What the owner of the memory does. Nothing here may call back into the Vram. */
export interface VramOps<O> {
  /** Gives the object memory in a segment, with what was saved of it, or zero. Throws ENOMEM: it stays where it was. */
  place(object: O, segment: number): void;
  /** Saves the contents and gives the memory back. Throws ENOMEM if they cannot be saved: it stays where it is. */
  evict(object: O): void;
  /** Gives the memory back; the contents are lost. */
  discard(object: O): void;
  /** Whether the GPU uses it now: it cannot be moved. */
  busy(object: O): boolean;
}

/** Numbers since the beginning. */
export interface VramStatistics {
  /** Objects that were moved out. */
  readonly evictions: number;
  /** Bytes that were moved out. */
  readonly bytesEvicted: number;
  /** Objects that were placed with contents that had been saved. */
  readonly restores: number;
  /** Objects whose contents were dropped. */
  readonly discards: number;
}

/** The books of an adapter's memory. */
export class Vram<O> {
  /** Its segments. */
  readonly segments: readonly VramSegment[];
  readonly #ops: VramOps<O>;
  readonly #used: number[];
  // Placed objects that may go, by segment and priority; the one that was given up first goes first. Offered ones are class 0.
  readonly #idle: Set<VramNode<O>>[][];
  readonly #clients = new Set<VramClient>();
  // Placed objects that are pinned, by segment: those of clients beyond their share give way when nothing else does.
  readonly #pinned: Set<VramNode<O>>[];
  #nodes = 0;
  #evictions = 0;
  #bytesEvicted = 0;
  #restores = 0;
  #discards = 0;

  /** Nothing in it yet. @param segments at least one. @param ops what moves contents. @throws {RangeError} without segments */
  constructor(segments: readonly VramSegment[], ops: VramOps<O>) {
    if (segments.length === 0) throw new RangeError("Cannot manage memory without a segment");
    this.segments = segments;
    this.#ops = ops;
    this.#used = segments.map(() => 0);
    this.#idle = segments.map(() => Array.from({ length: CLASSES }, () => new Set<VramNode<O>>()));
    this.#pinned = segments.map(() => new Set<VramNode<O>>());
  }

  /** Objects in the books. */
  get count(): number {
    return this.#nodes;
  }

  /** What happened so far. */
  get statistics(): VramStatistics {
    return {
      evictions: this.#evictions,
      bytesEvicted: this.#bytesEvicted,
      restores: this.#restores,
      discards: this.#discards,
    };
  }

  /** Bytes of a segment that are taken. */
  used(segment: number): number {
    return this.#used[segment];
  }

  /** A client with nothing resident. */
  addClient(): VramClient {
    const client = new VramClient();
    for (let i = 0; i < this.segments.length; i++) {
      client.usage.push(0);
      client.reservation.push(0);
    }
    this.#clients.add(client);
    return client;
  }

  /** The client is gone; its objects must have been removed or unpinned before. */
  removeClient(client: VramClient): void {
    this.#clients.delete(client);
  }

  /**
   * What a client may keep resident in a segment: an equal share, or all that the others leave, whichever is more; never what
   * others have reserved.
   */
  budget(client: VramClient, segment: number): number {
    const { size } = this.segments[segment];
    let others = 0;
    let reserved = 0;
    for (const other of this.#clients) {
      if (other === client) continue;
      others += Math.max(other.usage[segment], other.reservation[segment]);
      reserved += other.reservation[segment];
    }
    const share = Math.min(Math.floor(size / Math.max(1, this.#clients.size)), size - reserved);
    return Math.max(share, size - others, client.reservation[segment]);
  }

  /** What a client may still reserve beside what it has: half of a segment may be reserved in all. */
  reservable(client: VramClient, segment: number): number {
    let reserved = 0;
    for (const other of this.#clients) if (other !== client) reserved += other.reservation[segment];
    return Math.max(0, Math.floor(this.segments[segment].size / 2) - reserved);
  }

  /** Sets a client's reservation. Throws EINVAL beyond `reservable`. */
  reserve(client: VramClient, segment: number, bytes: number): void {
    if (!(bytes >= 0 && bytes <= this.reservable(client, segment))) {
      throw new DrmError("EINVAL", `Cannot reserve ${bytes} bytes: ${this.reservable(client, segment)} can be`);
    }
    client.reservation[segment] = bytes;
  }

  /**
   * An object without memory.
   * @param size bytes, above 0. @param placements segments that it may lie in, the best first.
   * @throws {DrmError} ENOMEM if it is larger than each of them
   */
  add(object: O, size: number, placements: readonly number[]): VramNode<O> {
    if (!placements.some((segment) => size <= this.segments[segment].size)) {
      throw new DrmError("ENOMEM", `Cannot place ${size} bytes: no segment is that large`);
    }
    this.#nodes++;
    return new VramNode<O>(object, size, placements);
  }

  /** The object is gone, its memory too. */
  remove(node: VramNode<O>): void {
    for (const client of node.pins.keys()) {
      client.usage[node.segment] -= node.size;
      client.displaced.delete(node as VramNode<unknown>);
    }
    node.pins.clear();
    if (node.state === "placed") {
      this.#unlist(node);
      this.#used[node.segment] -= node.size;
      this.#ops.discard(node.object);
    }
    node.state = "absent";
    this.#nodes--;
  }

  /** What a client would be beyond its budget, bytes, if it made the objects resident that it has not yet; 0 if within. */
  excess(client: VramClient, nodes: readonly VramNode<O>[]): number {
    const more = this.segments.map(() => 0);
    const seen = new Set<VramNode<O>>();
    for (const node of nodes) {
      if (node.pins.has(client) || seen.has(node)) continue;
      seen.add(node);
      more[node.segment] += node.size;
    }
    let excess = 0;
    for (let i = 0; i < more.length; i++) {
      if (more[i] > 0) excess += Math.max(0, client.usage[i] + more[i] - this.budget(client, i));
    }
    return excess;
  }

  /** Says that a client wants an object resident, once more. {@linkcode Vram.place} then brings it. */
  pin(client: VramClient, node: VramNode<O>): void {
    const pins = node.pins.get(client) ?? 0;
    node.pins.set(client, pins + 1);
    if (pins > 0) return;
    client.usage[node.segment] += node.size;
    if (node.state !== "placed") {
      client.displaced.add(node as VramNode<unknown>);
    } else if (node.pins.size === 1) {
      this.#unlist(node);
      this.#list(node);
    }
  }

  /** Ends one `pin`; false if there was none. The memory stays until somebody needs it. @param all ends all of the client's */
  unpin(client: VramClient, node: VramNode<O>, all = false): boolean {
    const pins = node.pins.get(client);
    if (pins === undefined) return false;
    if (pins > 1 && !all) {
      node.pins.set(client, pins - 1);
      return true;
    }
    node.pins.delete(client);
    client.usage[node.segment] -= node.size;
    client.displaced.delete(node as VramNode<unknown>);
    if (node.state === "placed" && node.pins.size === 0) {
      this.#unlist(node);
      this.#list(node);
    }
    return true;
  }

  /** Changes where an object may lie, from the next time on that it is placed. Throws ENOMEM if it is larger than each of them. */
  setPlacements(node: VramNode<O>, placements: readonly number[]): void {
    if (!placements.some((segment) => node.size <= this.segments[segment].size)) {
      throw new DrmError("ENOMEM", `Cannot place ${node.size} bytes: no segment is that large`);
    }
    node.placements = placements;
    if (node.state !== "placed") this.#count(node, placements[0]);
  }

  /** Who goes first. */
  setPriority(node: VramNode<O>, priority: number): void {
    node.priority = priority;
    if (node.state !== "placed") return;
    this.#unlist(node);
    this.#list(node);
  }

  /** Its contents may be discarded, before anything else is evicted. It must not be used until `reclaim`. */
  offer(node: VramNode<O>): void {
    node.offered = true;
    if (node.state === "evicted") { // the saved contents are let go at once: nobody needs them
      this.#ops.discard(node.object);
      this.#discards++;
      node.state = "discarded";
    } else if (node.state === "placed") {
      this.#unlist(node);
      this.#list(node);
    }
  }

  /** Takes an offer back; false if the contents were discarded meanwhile: it begins with zeroes again. */
  reclaim(node: VramNode<O>): boolean {
    node.offered = false;
    if (node.state === "placed") {
      this.#unlist(node);
      this.#list(node);
    }
    const kept = node.state !== "discarded";
    if (!kept) node.state = "absent";
    return kept;
  }

  /** Moves an object out now, if it is there and nobody uses it; whether it is out. */
  trim(node: VramNode<O>): boolean {
    if (node.state !== "placed") return true;
    if (this.#ops.busy(node.object)) return false;
    this.#out(node);
    return true;
  }

  /**
   * Brings a pinned object into memory, moving others out if it must.
   *
   * @returns false if that has to wait for work of the GPU: try again when something completed.
   * @throws {DrmError} ENOMEM if it cannot be, however long one waits
   */
  place(node: VramNode<O>): boolean {
    if (node.state === "placed") return true;
    let wait = false;
    let failure: DrmError | undefined;
    for (const segment of node.placements) {
      const { size } = this.segments[segment];
      if (node.size > size) continue;
      const room = this.#makeRoom(segment, node);
      if (room === "busy") wait = true;
      if (room !== "done") continue;
      try {
        this.#in(node, segment);
        return true;
      } catch (error) {
        if (!(error instanceof DrmError)) throw error;
        failure = error;
      }
    }
    if (wait) return false;
    throw failure ?? new DrmError("ENOMEM", `Cannot place ${node.size} bytes: what is resident may stay`);
  }

  /** Places what a client has pinned and lost. @returns and @throws as `place` */
  placeAll(client: VramClient): boolean {
    for (const node of [...client.displaced]) {
      if (!this.place(node as VramNode<O>)) return false;
    }
    return true;
  }

  #in(node: VramNode<O>, segment: number): void {
    this.#ops.place(node.object, segment);
    if (node.state === "evicted") this.#restores++;
    this.#count(node, segment);
    node.state = "placed";
    this.#used[segment] += node.size;
    for (const client of node.pins.keys()) client.displaced.delete(node as VramNode<unknown>);
    this.#list(node);
  }

  // Counts what clients have of it in another segment.
  #count(node: VramNode<O>, segment: number): void {
    for (const client of node.pins.keys()) {
      client.usage[node.segment] -= node.size;
      client.usage[segment] += node.size;
    }
    node.segment = segment;
  }

  #out(node: VramNode<O>): void {
    if (node.offered) {
      this.#ops.discard(node.object);
      this.#discards++;
      node.state = "discarded";
    } else {
      this.#ops.evict(node.object);
      this.#evictions++;
      this.#bytesEvicted += node.size;
      node.state = "evicted";
    }
    this.#unlist(node);
    this.#used[node.segment] -= node.size;
    for (const client of node.pins.keys()) client.displaced.add(node as VramNode<unknown>);
  }

  #list(node: VramNode<O>): void {
    const idle = node.offered || node.pins.size === 0;
    const kind = node.offered ? 0 : 1 + Math.min(CLASSES - 2, Math.floor(node.priority / VramPriority.MINIMUM));
    node.list = idle ? this.#idle[node.segment][kind] : this.#pinned[node.segment];
    node.list.add(node);
  }

  #unlist(node: VramNode<O>): void {
    node.list?.delete(node);
    node.list = undefined;
  }

  // Victims: offered ones, then what nobody wants resident, by priority; then what clients beyond their share have.
  #makeRoom(segment: number, node: VramNode<O>): "done" | "busy" | "no" {
    const missing = (): number => this.#used[segment] + node.size - this.segments[segment].size;
    if (missing() <= 0) return "done";
    let busy = false;
    const take = (list: Iterable<VramNode<O>>, may: (victim: VramNode<O>) => boolean): boolean => {
      for (const victim of list) {
        if (!may(victim)) continue;
        if (this.#ops.busy(victim.object)) {
          busy = true;
          continue;
        }
        this.#out(victim);
        if (missing() <= 0) return true;
      }
      return false;
    };
    for (const list of this.#idle[segment]) if (take(list, () => true)) return "done";
    const greedy = (victim: VramNode<O>): boolean => {
      for (const client of victim.pins.keys()) if (!this.#isGreedy(client, segment, node)) return false;
      return true;
    };
    if (take(this.#pinned[segment], greedy)) return "done";
    return busy ? "busy" : "no";
  }

  // Whether a client has more than an equal share, and is not the one for whom room is made.
  #isGreedy(client: VramClient, segment: number, node: VramNode<O>): boolean {
    if (node.pins.has(client)) return false;
    const share = Math.floor(this.segments[segment].size / Math.max(1, this.#clients.size));
    let present = client.usage[segment];
    for (const away of client.displaced) if (away.segment === segment) present -= away.size;
    return present > Math.max(share, client.reservation[segment]);
  }
}
