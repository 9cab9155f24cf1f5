/**
 * `Vram`: which objects lie in which segment of a GPU's memory, who must go when another needs the room, and how much of it
 * each client may keep resident. It counts bytes and decides; its owner moves contents. The counterpart of TTM's resource
 * managers (drivers/gpu/drm/ttm) and of WDDM's video memory manager.
 * @module
 */

import { DrmError } from "./error.ts";
import { VramClients } from "./vram_clients.ts";
import { VramLists } from "./vram_lists.ts";
import { type VramClient, VramNode } from "./vram_node.ts";
import type { VramAnswer, VramLedger, VramOps, VramSegment, VramStatistics } from "./vram_ops.ts";

export * from "./vram_node.ts";
export * from "./vram_ops.ts";

/** The books of an adapter's memory. */
export class Vram<O> {
  /** Its segments. */
  readonly segments: readonly VramSegment[];
  readonly #ops: VramOps<O>;
  readonly #ledger: VramLedger | undefined;
  readonly #used: number[];
  // Segments that are to shrink as soon as the GPU lets them.
  readonly #shrinking = new Set<number>();
  readonly #lists: VramLists<O>;
  readonly #clients: VramClients;
  #nodes = 0;
  #evictions = 0;
  #bytesEvicted = 0;
  #restores = 0;
  #discards = 0;

  /**
   * Nothing in it yet.
   * @param segments at least one. @param ops what moves contents. @param ledger who gives the memory out, if others have it, too
   * @throws {RangeError} without segments
   */
  constructor(segments: readonly VramSegment[], ops: VramOps<O>, ledger?: VramLedger) {
    if (segments.length === 0) throw new RangeError("Cannot manage memory without a segment");
    this.segments = segments;
    this.#ops = ops;
    this.#ledger = ledger;
    this.#used = segments.map(() => 0);
    this.#clients = new VramClients(segments, ledger);
    this.#lists = new VramLists(segments.length);
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

  /** Bytes of a segment that are taken by everybody who has it. */
  usedByAll(segment: number): number {
    return this.#ledger?.used(segment) ?? this.#used[segment];
  }

  /** Whether something is to go as soon as the GPU does not use it: nothing new is to be given to the GPU. */
  get isShrinking(): boolean {
    return this.#shrinking.size > 0;
  }

  /** The GPU may be given work meanwhile, until the next `shrink`. */
  goOn(): void {
    this.#shrinking.clear();
  }

  /** A client with nothing resident. */
  addClient(): VramClient {
    return this.#clients.add();
  }

  /** The client is gone; its objects must have been removed or unpinned before. */
  removeClient(client: VramClient): void {
    this.#clients.remove(client);
  }

  /**
   * What a client may keep resident in a segment: an equal share, or all that the others leave, whichever is more; never what
   * others have reserved.
   */
  budget(client: VramClient, segment: number): number {
    return this.#clients.budget(client, segment);
  }

  /** What a client may still reserve beside what it has: half of a segment may be reserved in all. */
  reservable(client: VramClient, segment: number): number {
    return this.#clients.reservable(client, segment);
  }

  /** Sets a client's reservation. Throws EINVAL beyond `reservable`. */
  reserve(client: VramClient, segment: number, bytes: number): void {
    this.#clients.reserve(client, segment, bytes);
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
      this.#clients.want(client, node.segment, -node.size);
      client.displaced.delete(node as VramNode<unknown>);
    }
    node.pins.clear();
    if (node.state === "placed") {
      this.#lists.take(node);
      this.#ops.discard(node.object);
      this.#take(node.segment, -node.size);
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
    this.#clients.want(client, node.segment, node.size);
    if (node.state !== "placed") {
      client.displaced.add(node as VramNode<unknown>);
    } else if (node.pins.size === 1) {
      this.#lists.put(node);
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
    this.#clients.want(client, node.segment, -node.size);
    client.displaced.delete(node as VramNode<unknown>);
    if (node.state === "placed" && node.pins.size === 0) {
      this.#lists.put(node);
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
    this.#lists.put(node);
  }

  /** Its contents may be discarded, before anything else is evicted. It must not be used until `reclaim`. */
  offer(node: VramNode<O>): void {
    node.offered = true;
    if (node.state === "evicted") { // the saved contents are let go at once: nobody needs them
      this.#ops.discard(node.object);
      this.#discards++;
      node.state = "discarded";
    } else if (node.state === "placed") {
      this.#lists.put(node);
    }
  }

  /** Takes an offer back; false if the contents were discarded meanwhile: it begins with zeroes again. */
  reclaim(node: VramNode<O>): boolean {
    node.offered = false;
    if (node.state === "placed") {
      this.#lists.put(node);
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
    // What is left anywhere comes before what others would have to give back.
    for (let force = 0; force < 2; force++) {
      if (force > 0 && (this.#ledger === undefined || wait || failure !== undefined)) break;
      for (const segment of node.placements) {
        if (node.size > this.segments[segment].size) continue;
        const room = force === 0 ? this.#makeRoom(segment, node) : this.#ask(segment, node, true);
        if (room === "busy") {
          wait = true;
          if (force > 0) break; // others are asked for it once
        }
        if (room !== "done") continue;
        try {
          this.#in(node, segment);
          return true;
        } catch (error) {
          if (!(error instanceof DrmError)) throw error;
          failure = error;
        }
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
    this.#take(segment, node.size);
    for (const client of node.pins.keys()) client.displaced.delete(node as VramNode<unknown>);
    this.#lists.put(node);
  }

  // Counts what clients have of it in another segment.
  #count(node: VramNode<O>, segment: number): void {
    for (const client of node.pins.keys()) {
      this.#clients.want(client, node.segment, -node.size);
      this.#clients.want(client, segment, node.size);
    }
    node.segment = segment;
  }

  #take(segment: number, bytes: number): void {
    this.#used[segment] += bytes;
    this.#ledger?.taken(segment, this.#used[segment]);
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
    this.#lists.take(node);
    this.#take(node.segment, -node.size);
    for (const client of node.pins.keys()) client.displaced.add(node as VramNode<unknown>);
  }

  #missing(segment: number, node: VramNode<O>): number {
    const { size } = this.segments[segment];
    return this.#used[segment] + node.size - (this.#ledger === undefined ? size : this.#ledger.granted(segment));
  }

  #ask(segment: number, node: VramNode<O>, force: boolean): VramAnswer {
    return this.#ledger?.ask(segment, this.#used[segment] + node.size, force) ?? "no";
  }

  // Victims: offered ones, then what nobody wants resident, by priority; then what clients beyond their share have.
  #makeRoom(segment: number, node: VramNode<O>): VramAnswer {
    if (this.#missing(segment, node) <= 0 || this.#ask(segment, node, false) === "done") return "done";
    const enough = (): boolean => this.#missing(segment, node) <= 0;
    let busy = false;
    for (const list of this.#lists.idle(segment)) {
      const room = this.#clear(list, () => true, enough);
      if (room === "done") return "done";
      if (room === "busy") busy = true;
    }
    const greedy = (victim: VramNode<O>): boolean => {
      for (const client of victim.pins.keys()) {
        if (node.pins.has(client) || !this.#clients.isGreedy(client, segment)) return false;
      }
      return true;
    };
    const room = this.#clear(this.#lists.pinned(segment), greedy, enough);
    return room === "no" && busy ? "busy" : room;
  }

  // Moves objects out until it is enough; "busy": the GPU uses some.
  #clear(list: Iterable<VramNode<O>>, may: (victim: VramNode<O>) => boolean, enough: () => boolean): VramAnswer {
    let answer: VramAnswer = "no";
    for (const victim of list) {
      if (!may(victim)) continue;
      if (this.#ops.busy(victim.object)) {
        answer = "busy";
        continue;
      }
      this.#out(victim);
      if (enough()) return "done";
    }
    return answer;
  }

  /**
   * Others need the memory: moves objects out until at most `bytes` of a segment are taken; those that are wanted resident only
   * while more than `floor` bytes are.
   *
   * @returns false if the GPU uses some of them: try again when something completed, and give it nothing new before
   */
  shrink(segment: number, bytes: number, floor: number): boolean {
    this.#shrinking.delete(segment);
    const enough = (): boolean => this.#used[segment] <= bytes;
    const least = Math.max(bytes, floor);
    let busy = false;
    const enoughPinned = (): boolean => this.#used[segment] <= least;
    const pinned = this.#lists.pinned(segment);
    for (const list of [...this.#lists.idle(segment), pinned]) {
      const done = list === pinned ? enoughPinned : enough;
      if (done()) continue;
      try {
        if (this.#clear(list, () => true, done) === "busy") busy = true;
      } catch (error) {
        if (!(error instanceof DrmError)) throw error; // what cannot be saved stays
      }
    }
    const over = this.#used[segment] > bytes && busy;
    if (over) this.#shrinking.add(segment);
    return !over;
  }
}
