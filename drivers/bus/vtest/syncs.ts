/**
 * Timelines of protocol version 3: 64-bit values that the CPU or complete batches move, and eventfds that wait for them.
 * @module
 */

import { VCMD_SYNC_WAIT_FLAG_ANY } from "../../../uapi/vtest.ts";
import { close, dup, eventfd, eventfdWrite, monotonicNs } from "../../os/mod.ts";
import { VtestError } from "./error.ts";
import type { VtestLimits } from "./limits.ts";

/** A timeline. It lives as long as a wait or a batch names it, whether or not it has an id. */
interface Sync {
  value: bigint;
}

interface Wait {
  readonly fd: number;
  readonly any: boolean;
  readonly until: number;
  readonly points: { readonly sync: Sync; readonly value: bigint }[];
}

interface Signal {
  readonly batch: number;
  readonly sync: Sync;
  readonly value: bigint;
}

/** Timelines that a wait has on average, at most. */
const POINTS = 4;
/** Timeouts beyond the largest int last for ever. */
const FOREVER_MS = 0x7fff_ffff;

const word64 = (words: Uint32Array, at: number): bigint => BigInt(words[at + 1]) << 32n | BigInt(words[at]);

/** The timelines of one client. */
export class Syncs implements Disposable {
  readonly #limits: VtestLimits;
  readonly #syncs = new Map<number, Sync>();
  readonly #waits: Wait[] = [];
  // Points of all waits.
  #points = 0;
  // Every renderer completes its batches in their order, so that one queue holds the signals of all rings.
  readonly #signals: Signal[] = [];
  #lastId = 0;

  /** @param limits how many. */
  constructor(limits: VtestLimits) {
    this.#limits = limits;
  }

  /** Whether batches are awaited. */
  get pending(): boolean {
    return this.#signals.length > 0;
  }

  /** A new timeline. @returns its id. */
  create(lo: number, hi: number): number {
    if (this.#syncs.size >= this.#limits.syncs) throw new VtestError(`there are ${this.#syncs.size} timelines already`);
    do this.#lastId = this.#lastId >= 0xffff_ffff ? 1 : this.#lastId + 1; while (this.#syncs.has(this.#lastId));
    this.#syncs.set(this.#lastId, { value: BigInt(hi) << 32n | BigInt(lo) });
    return this.#lastId;
  }

  /** Takes an id away. */
  unref(id: number): void {
    this.#syncs.delete(id);
  }

  #get(id: number): Sync {
    const sync = this.#syncs.get(id);
    if (sync === undefined) throw new VtestError(`there is no timeline ${id}`);
    return sync;
  }

  /** The value of a timeline. @throws {VtestError} if there is none. */
  read(id: number): bigint {
    return this.#get(id).value;
  }

  /** Moves the timeline that `words` name at `at` (id, low, high) to the value there. @throws {VtestError} */
  write(words: Uint32Array, at: number): void {
    this.#signal(this.#get(words[at]), word64(words, at + 1));
  }

  /** The same once a batch is complete. @throws {VtestError} */
  writeAfter(batch: number, words: Uint32Array, at: number): void {
    if (this.#signals.length >= this.#limits.waits) throw new VtestError("too many timelines wait for the GPU");
    this.#signals.push({ batch, sync: this.#get(words[at]), value: word64(words, at + 1) });
  }

  /** Batches are complete. */
  complete(batch: number): void {
    let count = 0;
    while (count < this.#signals.length && this.#signals[count].batch <= batch) {
      const { sync, value } = this.#signals[count++];
      this.#signal(sync, value);
    }
    if (count > 0) this.#signals.splice(0, count);
  }

  #signal(sync: Sync, value: bigint): void {
    const rises = value > sync.value;
    sync.value = value;
    if (!rises || this.#waits.length === 0) return;
    this.#keep((wait) => {
      const before = wait.points.length;
      for (let i = before - 1; i >= 0; i--) {
        const point = wait.points[i];
        if (point.sync === sync && point.value <= value) wait.points.splice(i, 1);
      }
      if (wait.points.length > 0 && !(wait.any && wait.points.length < before)) return true;
      eventfdWrite(wait.fd);
      return false;
    });
  }

  // Each signal looks at all points: they are as few as waits may be, several times.
  #isFull(points: number): boolean {
    const { waits } = this.#limits;
    return this.#waits.length >= waits || this.#points + points > waits * POINTS;
  }

  // Keeps the waits of which `wanted` says so, and those only whose time is not over.
  #keep(wanted: (wait: Wait) => boolean): void {
    const now = monotonicNs();
    let kept = 0, points = 0;
    for (const wait of this.#waits) {
      if (wait.until >= now && wanted(wait)) {
        this.#waits[kept++] = wait;
        points += wait.points.length;
      } else close(wait.fd);
    }
    this.#waits.length = kept;
    this.#points = points;
  }

  /**
   * Waits for values of timelines.
   *
   * @param words holds `count` times id, low, high from `at`. @param timeoutMs after this it waits no more
   * @returns an eventfd, readable once the values are reached; the caller's to close
   * @throws {VtestError} for a timeline that is none
   */
  wait(flags: number, timeoutMs: number, words: Uint32Array, at: number, count: number): number {
    const any = (flags & VCMD_SYNC_WAIT_FLAG_ANY) !== 0;
    const points: Wait["points"] = [];
    for (let i = 0; i < count; i++) {
      const sync = this.#get(words[at + i * 3]);
      const value = word64(words, at + i * 3 + 1);
      if (sync.value < value) points.push({ sync, value });
    }
    const ready = points.length === 0 || any && points.length < count;
    if (ready || timeoutMs === 0) return eventfd(ready ? 1 : 0);
    if (this.#isFull(points.length)) this.#keep(() => true);
    if (this.#isFull(points.length)) throw new VtestError("too many waits for timelines");
    const until = timeoutMs > FOREVER_MS ? Infinity : monotonicNs() + timeoutMs * 1e6;
    const fd = eventfd();
    try {
      // One for whoever waits, one to ring.
      this.#waits.push({ fd: dup(fd), any, until, points });
    } catch (error) {
      close(fd);
      throw error;
    }
    this.#points += points.length;
    return fd;
  }

  /** Forgets all. */
  [Symbol.dispose](): void {
    for (const { fd } of this.#waits.splice(0)) close(fd);
    this.#signals.length = 0;
    this.#syncs.clear();
  }
}
