/**
 * What a host process may take of its adapters' memory, which all processes of the guest have in common: it asks the broker, in large
 * pieces, before it takes any, and gives back what it does not need.
 * @module
 */

import { PAGE_SIZE } from "../../../../core/memory.ts";
import type { VramAnswer, VramLedger } from "../../../../core/vram.ts";
import type { DxgAdapter } from "../adapter.ts";
import * as words from "./ledger_words.ts";
import { chunkOf, toPages, wordOf } from "./ledger_words.ts";

/** How long it waits for an answer before it goes on without, ns. */
const ANSWER_NS = 20e6;
/** How long it looks for the answer before it sleeps, ns. */
const SPIN_NS = 30_000;

/** How a process reaches its broker. */
export interface GrantsWire {
  /** The words. */
  readonly words: Uint32Array;
  /** Wakes the broker. */
  readonly ring: () => void;
  /** Sleeps until the broker rings, for at most so many ms. */
  readonly rest: (ms: number) => void;
  /** Time, ns. */
  readonly now: () => number;
}

/** A segment of an adapter. */
interface Pool {
  readonly adapter: number;
  readonly segment: number;
  /** Pages by which it grows. */
  readonly chunk: number;
  /** Pages that may be held. */
  usable: number;
  /** Pages that are. */
  used: number;
  /** Pages that its client wants resident. */
  wanted: number;
  /** Pages that were asked for, and may come later. */
  pending: number;
  /** Pages that were asked for, until who needs them has tried again: they are not to go to the next. */
  claim: number;
  /** Whether what came later than asked is not told yet. */
  news: boolean;
}

/** The grants of a process. */
export class Grants {
  readonly #wire: GrantsWire;
  readonly #pools: Pool[] = [];
  #adapters: readonly DxgAdapter[] = [];
  #asked: number;
  #news = 0;
  // Whether others wait for memory of this process that the GPU uses.
  #owing = false;
  // Whether something was given up: what is left over may go back.
  #slack = false;
  #heldSince = 0;
  #hold = 500e6;

  /** Nothing is granted yet. @param wire to the broker. */
  constructor(wire: GrantsWire) {
    this.#wire = wire;
    this.#asked = Atomics.load(wire.words, words.ASK);
  }

  /** The ledger of an adapter. @param sizes of its segments, bytes. */
  ledger(adapter: number, sizes: readonly number[]): VramLedger {
    const pools = sizes.map((size, segment): Pool => {
      const chunk = chunkOf(toPages(size));
      return { adapter, segment, chunk, usable: 0, used: 0, wanted: 0, pending: 0, claim: 0, news: false };
    });
    this.#pools.push(...pools);
    const bytesIn = (segment: number, word: number): number => this.#load(pools[segment], word) * PAGE_SIZE;
    return {
      granted: (segment) => this.#granted(pools[segment]),
      ask: (segment, bytes, force) => this.#ask(pools[segment], toPages(bytes), force),
      taken: (segment, bytes) => this.#taken(pools[segment], toPages(bytes)),
      wanted: (segment, bytes) => {
        pools[segment].wanted = toPages(bytes);
        this.#want(pools[segment]);
      },
      budget: (segment) => bytesIn(segment, words.BUDGET),
      reservable: (segment) => bytesIn(segment, words.RESERVABLE),
      reserve: (segment, bytes) => this.#reserve(pools[segment], toPages(bytes)),
      used: (segment) => bytesIn(segment, words.USED),
    };
  }

  /** The adapters whose memory it is. @param timeout of their jobs, ns. */
  attach(adapters: readonly DxgAdapter[], timeout: number): void {
    this.#adapters = adapters;
    this.#hold = Math.min(500e6, timeout / 4);
  }

  /** Goes on with what others asked for, hears what has come, gives back what is left over. @returns whether who waits may try again */
  poll(): boolean {
    const now = Atomics.load(this.#wire.words, words.NEWS);
    if (now === this.#news && !this.#owing && !this.#slack) return false;
    this.#news = now;
    this.#refresh();
    let any = this.#yield();
    for (const pool of this.#pools) {
      if (pool.news) any = true;
      pool.news = false;
    }
    // Who tries again has the first go at what has come, and may need less by now.
    if (any) this.#slack = true;
    else if (this.#slack) this.#trim();
    return any;
  }

  #at(pool: Pool, word: number): number {
    return wordOf(pool.adapter, pool.segment, word);
  }

  #load(pool: Pool, word: number): number {
    return Atomics.load(this.#wire.words, this.#at(pool, word));
  }

  #store(pool: Pool, word: number, value: number): void {
    Atomics.store(this.#wire.words, this.#at(pool, word), value);
  }

  #want(pool: Pool): void {
    this.#store(pool, words.WANTED, Math.max(pool.wanted, pool.claim));
  }

  get #isAnswered(): boolean {
    return Atomics.load(this.#wire.words, words.ANSWERED) === this.#asked;
  }

  #granted(pool: Pool): number {
    const limit = this.#load(pool, words.LIMIT);
    return Math.min(pool.usable, limit) * PAGE_SIZE;
  }

  // Takes over what the broker says, unless a question is on its way: what it says then may be older than that.
  #refresh(): void {
    if (!this.#isAnswered) return;
    for (const pool of this.#pools) {
      pool.usable = this.#load(pool, words.GRANT);
      if (pool.pending === 0) continue;
      if (pool.usable < pool.pending && this.#load(pool, words.REFUSED) === 0) continue;
      pool.pending = 0;
      this.#store(pool, words.WANT, 0);
      pool.news = true;
    }
  }

  // From here on nothing beyond `usable` is held, until there is an answer.
  #post(): void {
    for (const pool of this.#pools) this.#store(pool, words.HOLD, pool.usable);
    this.#asked = (this.#asked + 1) >>> 0;
    Atomics.store(this.#wire.words, words.ASK, this.#asked);
    this.#wire.ring();
  }

  #wait(): boolean {
    const { now, rest } = this.#wire;
    const start = now();
    while (!this.#isAnswered) {
      const passed = now() - start;
      if (passed > ANSWER_NS) return false;
      if (passed > SPIN_NS) rest(1);
    }
    return true;
  }

  #ask(pool: Pool, want: number, force: boolean): VramAnswer {
    this.#refresh();
    // Others wait for what this process has: it comes behind them.
    if (this.#load(pool, words.LIMIT) < pool.usable) return force ? "busy" : "no";
    if (pool.usable >= want) return "done";
    if (pool.pending >= want) return force ? "busy" : "no";
    if (pool.pending > 0 && !force) return "no";
    this.#store(pool, words.WANT, want);
    this.#store(pool, words.FORCE, force ? 1 : 0);
    if (force) {
      pool.pending = pool.claim = want;
      this.#want(pool);
    }
    this.#post();
    if (!this.#wait()) {
      // A question that is not forced is asked again, forced, when nothing else helps: its answer may be too much then.
      this.#slack = true;
      return force ? "busy" : "no";
    }
    this.#refresh();
    if (force && pool.pending > 0) return "busy";
    this.#slack = true;
    pool.news = false;
    if (!force) this.#store(pool, words.WANT, 0);
    return this.#granted(pool) >= want * PAGE_SIZE ? "done" : "no";
  }

  #reserve(pool: Pool, pages: number): boolean {
    const before = this.#load(pool, words.RESERVED);
    this.#refresh();
    this.#store(pool, words.RESERVE, pages);
    this.#post();
    if (this.#wait() && this.#load(pool, words.RESERVED) === pages) return true;
    this.#store(pool, words.RESERVE, before);
    return false;
  }

  #taken(pool: Pool, pages: number): void {
    if (pages < pool.used) this.#slack = true;
    pool.used = pages;
  }

  // What is granted beyond a piece goes back, so that there is not a question for each object.
  #trim(): void {
    if (!this.#isAnswered) return;
    this.#refresh();
    this.#slack = false;
    let any = false;
    for (const pool of this.#pools) {
      if (pool.news) this.#slack = true;
      else if (pool.pending === 0 && pool.claim > 0) {
        pool.claim = 0;
        this.#want(pool);
      }
      if (pool.news || pool.pending > 0 || pool.usable <= pool.used + 2 * pool.chunk) continue;
      pool.usable = pool.used + pool.chunk;
      any = true;
    }
    if (any) this.#post();
  }

  // Comes down to what the broker says, as far as the GPU lets it. Whether work that was held back goes on.
  #yield(): boolean {
    const limits = Atomics.load(this.#wire.words, words.LIMITS);
    let all = true, any = false;
    for (const pool of this.#pools) {
      const limit = this.#load(pool, words.LIMIT), adapter = this.#adapters[pool.adapter];
      if (limit >= pool.usable && !adapter?.vram.isShrinking) continue;
      const floor = this.#load(pool, words.FLOOR);
      if (adapter?.vram.shrink(pool.segment, limit * PAGE_SIZE, floor * PAGE_SIZE) === false) all = false;
      const least = Math.max(pool.used, limit);
      if (least >= pool.usable) continue;
      pool.usable = least;
      any = true;
    }
    let goesOn = false;
    if (all) {
      goesOn = this.#owing;
      this.#owing = false;
      this.#heldSince = 0;
      if (Atomics.load(this.#wire.words, words.YIELDED) !== limits) {
        Atomics.store(this.#wire.words, words.YIELDED, limits);
        any = goesOn = true;
      }
    } else {
      this.#owing = true;
      const time = this.#wire.now();
      if (this.#heldSince === 0) this.#heldSince = time;
      // A job that runs may wait for one that is held back: now and then all of them go on.
      if (Math.floor((time - this.#heldSince) / this.#hold) % 2 === 1) {
        for (const { vram } of this.#adapters) vram.goOn();
        goesOn = true;
      }
    }
    if (any) this.#post();
    return goesOn;
  }
}
