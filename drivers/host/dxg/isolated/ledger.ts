/**
 * Who has how much of the adapters' memory: the broker's books, which all host processes draw on. It is the broker that counts; what a
 * process says of itself decides at most whom the others are served from.
 *
 * Free memory is everybody's. Who needs more is served from what nobody wants resident, and up to an equal share from what others have
 * beyond theirs: they are told to come down, and who does not is ended.
 * @module
 */

import { PAGE_SIZE } from "../../../../core/memory.ts";
import * as words from "./ledger_words.ts";
import { chunkOf, POOL_MAX, SEGMENTS, UNLIMITED, wordOf } from "./ledger_words.ts";

/** Who has some: a host process. */
export interface LedgerUser {
  /** Why it is to be ended; "": it is not. */
  verdict: string;
  /** Wakes it. */
  ring(): void;
}

/** What a process has of a pool; in pages. */
interface Account<P> {
  readonly process: P;
  readonly words: Uint32Array;
  granted: number;
  /** What it wants to have; 0: no more. */
  want: number;
  reserved: number;
  /** What it is to come down to. */
  limit: number;
  /** What it could keep in any case when it was told so. */
  floor: number;
  /** It has said that it cannot give more of what it may keep. */
  isFirm: boolean;
}

/** A segment of an adapter. */
interface Pool<P> {
  readonly adapter: number;
  readonly segment: number;
  readonly size: number;
  readonly chunk: number;
  readonly accounts: Map<P, Account<P>>;
  /** Who waits for memory, the first first. */
  readonly waiting: Set<Account<P>>;
  /** Who was told to come down. */
  readonly limited: Set<Account<P>>;
  granted: number;
  reserved: number;
}

/** What the broker knows of a process. */
interface Member {
  readonly words: Uint32Array;
  limits: number;
  /** When it was told to come down; Infinity: it was not. */
  since: number;
}

/** The books. */
export class Ledger<P extends LedgerUser> {
  readonly #pools: readonly Pool<P>[];
  readonly #members = new Map<P, Member>();
  readonly #now: () => number;

  /** Nothing is granted. @param sizes of each adapter's segments, bytes. @param now time, ns. */
  constructor(sizes: readonly (readonly number[])[], now: () => number) {
    this.#now = now;
    this.#pools = sizes.flatMap((list, adapter) =>
      list.slice(0, SEGMENTS).map((bytes, segment): Pool<P> => {
        const size = Math.min(POOL_MAX, Math.floor(bytes / PAGE_SIZE));
        return {
          ...{ adapter, segment, size, chunk: chunkOf(size), granted: 0, reserved: 0 },
          accounts: new Map(),
          waiting: new Set(),
          limited: new Set(),
        };
      })
    );
  }

  /** Bytes of all adapters that a process has. */
  granted(process: P): number {
    let pages = 0;
    for (const { accounts } of this.#pools) pages += accounts.get(process)?.granted ?? 0;
    return pages * PAGE_SIZE;
  }

  /** A process begins to ask. @param ledger its words. */
  add(process: P, ledger: Uint32Array): void {
    this.#members.set(process, { words: ledger, limits: 0, since: Infinity });
    for (const pool of this.#pools) {
      const none = { granted: 0, want: 0, reserved: 0, limit: UNLIMITED, floor: 0, isFirm: false };
      const account: Account<P> = { process, words: ledger, ...none };
      pool.accounts.set(process, account);
      this.#store(pool, account, words.LIMIT, UNLIMITED);
      this.#tell(pool, account);
    }
  }

  /** A process is gone: what it had is the others' at once. */
  remove(process: P): void {
    if (!this.#members.delete(process)) return;
    for (const pool of this.#pools) {
      const account = pool.accounts.get(process);
      if (account === undefined) continue;
      pool.accounts.delete(process);
      pool.waiting.delete(account);
      pool.limited.delete(account);
      pool.granted -= account.granted;
      pool.reserved -= account.reserved;
    }
    for (const pool of this.#pools) this.#serve(pool);
  }

  /** A process has asked something. */
  hear(process: P): void {
    const member = this.#members.get(process);
    if (member === undefined) return;
    const asked = Atomics.load(member.words, words.ASK);
    const hasYielded = Atomics.load(member.words, words.YIELDED) === member.limits;
    for (const pool of this.#pools) {
      const account = pool.accounts.get(process);
      if (account === undefined) continue;
      const hold = this.#load(pool, account, words.HOLD);
      if (hold < account.granted) {
        pool.granted -= account.granted - hold;
        account.granted = hold;
      }
      account.isFirm = false;
      if (account.limit !== UNLIMITED && (hasYielded || account.granted <= account.limit)) this.#yielded(pool, account);
      this.#reserve(pool, account, this.#load(pool, account, words.RESERVE));
      this.#want(pool, account);
    }
    if (!this.#isLimited(process)) member.since = Infinity;
    // All is counted before anybody is served.
    for (const pool of this.#pools) this.#serve(pool);
    this.refresh(process);
    Atomics.store(member.words, words.ANSWERED, asked);
    this.#awake(process, member);
  }

  /** Writes anew what a process may keep resident: others may have changed that meanwhile. */
  refresh(process: P): void {
    for (const pool of this.#pools) {
      const account = pool.accounts.get(process);
      if (account !== undefined) this.#tell(pool, account);
    }
  }

  /** Ends the time of who does not come down. @param ns it has had. @returns who keeps what is not its own, for the broker to end */
  overdue(ns: number): readonly P[] {
    const late: P[] = [];
    const now = this.#now();
    for (const [process, member] of this.#members) {
      if (now - member.since <= ns) continue;
      member.since = Infinity;
      for (const pool of this.#pools) {
        const account = pool.accounts.get(process);
        if (account === undefined || account.limit === UNLIMITED) continue;
        if (this.#yielded(pool, account)) this.#serve(pool);
        else if (!late.includes(process)) late.push(process);
      }
    }
    return late;
  }

  #load(pool: Pool<P>, account: Account<P>, word: number): number {
    return Atomics.load(account.words, wordOf(pool.adapter, pool.segment, word));
  }

  #store(pool: Pool<P>, account: Account<P>, word: number, value: number): void {
    Atomics.store(account.words, wordOf(pool.adapter, pool.segment, word), value);
  }

  #isLimited(process: P): boolean {
    return this.#pools.some(({ limited }) => {
      for (const account of limited) if (account.process === process) return true;
      return false;
    });
  }

  // What its client wants resident, as it says: it can say no more than it has been given.
  #wanted(pool: Pool<P>, account: Account<P>): number {
    return account.isFirm ? account.granted : Math.min(this.#load(pool, account, words.WANTED), account.granted);
  }

  // What a process may have whatever others want: what is reserved for it, and an equal part of what is not reserved.
  #floor(pool: Pool<P>, own: Account<P>): number {
    let count = 1;
    for (const account of pool.accounts.values()) {
      if (account === own) continue;
      if (account.granted > 0 || account.want > 0 || account.reserved > 0) count++;
    }
    return own.reserved + Math.floor((pool.size - pool.reserved) / count);
  }

  #tell(pool: Pool<P>, own: Account<P>): void {
    let others = 0;
    for (const account of pool.accounts.values()) {
      if (account !== own) others += Math.max(this.#wanted(pool, account), account.reserved);
    }
    const budget = Math.max(this.#floor(pool, own), pool.size - others);
    this.#store(pool, own, words.GRANT, own.granted);
    this.#store(pool, own, words.BUDGET, budget);
    this.#store(pool, own, words.RESERVED, own.reserved);
    this.#store(pool, own, words.RESERVABLE, this.#reservable(pool, own));
    this.#store(pool, own, words.USED, pool.granted);
  }

  // Half of a segment may be reserved in all.
  #reservable(pool: Pool<P>, own: Account<P>): number {
    return Math.max(0, Math.floor(pool.size / 2) - (pool.reserved - own.reserved));
  }

  #reserve(pool: Pool<P>, account: Account<P>, pages: number): void {
    if (pages === account.reserved || pages > this.#reservable(pool, account)) return;
    pool.reserved += pages - account.reserved;
    account.reserved = pages;
  }

  // It has come down, or keeps what it may; false: it keeps more.
  #yielded(pool: Pool<P>, account: Account<P>): boolean {
    if (account.granted > account.limit) {
      if (account.granted > account.floor) {
        account.process.verdict ||= "it does not give back memory that is not its own";
        return false;
      }
      account.isFirm = true;
    }
    this.#unlimit(pool, account);
    return true;
  }

  #unlimit(pool: Pool<P>, account: Account<P>): void {
    account.limit = UNLIMITED;
    pool.limited.delete(account);
    this.#store(pool, account, words.LIMIT, UNLIMITED);
  }

  // A process wants more, or no more.
  #want(pool: Pool<P>, account: Account<P>): void {
    const want = this.#load(pool, account, words.WANT);
    if (want <= account.granted) {
      account.want = 0;
      pool.waiting.delete(account);
      return;
    }
    if (this.#load(pool, account, words.FORCE) !== 0) {
      account.want = want;
      pool.waiting.add(account); // whoever waited keeps its place
      this.#store(pool, account, words.REFUSED, 0);
      return;
    }
    account.want = 0;
    pool.waiting.delete(account);
    // What is free is for those first who wait.
    if (pool.waiting.size > 0 || want - account.granted > pool.size - pool.granted) return;
    this.#grant(pool, account, want);
  }

  #grant(pool: Pool<P>, account: Account<P>, want: number): void {
    const rounded = Math.ceil(want / pool.chunk) * pool.chunk;
    const more = Math.min(rounded - account.granted, pool.size - pool.granted);
    account.granted += more;
    pool.granted += more;
  }

  // Serves who waits, in order, from what is free; for the first whom that is not enough for, others are told to come down.
  #serve(pool: Pool<P>): void {
    let limits: ReadonlyMap<Account<P>, number> | undefined;
    for (const account of pool.waiting) {
      const missing = account.want - account.granted - (pool.size - pool.granted);
      if (missing > 0) {
        limits = this.#victims(pool, account, missing);
        if (limits !== undefined) break;
        this.#store(pool, account, words.REFUSED, 1);
      } else this.#grant(pool, account, account.want);
      pool.waiting.delete(account);
      account.want = 0;
      this.#tell(pool, account);
      const member = this.#members.get(account.process);
      if (member !== undefined) this.#awake(account.process, member);
    }
    for (const account of pool.limited) if (!limits?.has(account)) this.#unlimit(pool, account);
    if (limits !== undefined) { for (const [account, limit] of limits) this.#limit(pool, account, limit); }
  }

  // From whom so much can be had: what each is to come down to. Undefined: it cannot.
  #victims(pool: Pool<P>, own: Account<P>, missing: number): ReadonlyMap<Account<P>, number> | undefined {
    const limits = new Map<Account<P>, number>();
    let left = missing;
    for (const account of pool.accounts.values()) {
      if (account === own || left === 0) continue;
      const taken = Math.min(left, account.granted - this.#wanted(pool, account));
      if (taken > 0) limits.set(account, account.granted - taken);
      left -= taken;
    }
    if (left > 0 && own.want > this.#floor(pool, own)) return undefined;
    for (const account of pool.accounts.values()) {
      if (account === own || left === 0) continue;
      const now = limits.get(account) ?? account.granted;
      const taken = Math.min(left, Math.max(0, now - this.#floor(pool, account)));
      if (taken > 0) limits.set(account, now - taken);
      left -= taken;
    }
    return left > 0 ? undefined : limits;
  }

  #limit(pool: Pool<P>, account: Account<P>, limit: number): void {
    if (account.limit === limit) return;
    pool.limited.add(account);
    account.floor = this.#floor(pool, account);
    this.#store(pool, account, words.FLOOR, account.floor);
    account.limit = limit;
    this.#store(pool, account, words.LIMIT, limit);
    const member = this.#members.get(account.process);
    if (member === undefined) return;
    member.limits = (member.limits + 1) >>> 0;
    Atomics.store(member.words, words.LIMITS, member.limits);
    if (member.since === Infinity) member.since = this.#now();
    this.#awake(account.process, member);
  }

  #awake(process: P, member: Member): void {
    Atomics.add(member.words, words.NEWS, 1);
    process.ring();
  }
}
