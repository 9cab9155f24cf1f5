/**
 * The words by which a host process asks its broker for GPU memory, and is answered: in the memory that they share, so that no message
 * is made. Sizes count pages. A pool is a segment of an adapter.
 *
 * The process writes what it wants into its words and then a new number into ASK; the broker answers by that number in ANSWERED. Until
 * then the process keeps to what it had; between questions the broker only ever grants more. NEWS changes whenever the broker has
 * written something that was not asked.
 * @module
 */

import { PAGE_SIZE } from "../../../../core/memory.ts";

/** Adapters that a host has at most. */
const ADAPTERS = 64;
/** Pools of an adapter. */
export const SEGMENTS = 2;
/** Words of a pool. */
const POOL_WORDS = 16;
const HEADER_WORDS = 8;

/** Words of the process. */
export const ASK = 0;
/** The number of the last LIMITS that the process has done for what it can. */
export const YIELDED = 1;
/** Words of the broker. */
export const ANSWERED = 2;
/** Changes when something else has. */
export const NEWS = 3;
/** Changes when a LIMIT was set. */
export const LIMITS = 4;

/** Of the process, in a pool: more than this it does not hold. */
export const HOLD = 0;
/** What it wants to hold; 0: nothing more. */
export const WANT = 1;
/** Whether others are to give way. */
export const FORCE = 2;
/** What its client wants resident: the rest may be taken. */
export const WANTED = 3;
/** What it wants reserved. */
export const RESERVE = 4;
/** Of the broker, in a pool: what the process may hold. */
export const GRANT = 5;
/** Whether what it wants will not be: 1; it comes later: 0. */
export const REFUSED = 6;
/** What it is to come down to, because others need it; `UNLIMITED`. */
export const LIMIT = 7;
/** What it need not give away of what its client wants resident. */
export const FLOOR = 8;
/** What its client may keep resident. */
export const BUDGET = 9;
/** What is reserved for it. */
export const RESERVED = 10;
/** What it may reserve. */
export const RESERVABLE = 11;
/** What everybody holds. */
export const USED = 12;

/** No limit. */
export const UNLIMITED = 0xffff_ffff;
/** The most pages that a pool has. */
export const POOL_MAX = 0xffff_fffe;
/** Bytes of all words. */
export const LEDGER_SIZE: number = 4 * (HEADER_WORDS + ADAPTERS * SEGMENTS * POOL_WORDS);

/** Where a word of a pool is. */
export function wordOf(adapter: number, segment: number, word: number): number {
  return HEADER_WORDS + (adapter * SEGMENTS + segment) * POOL_WORDS + word;
}

/** Bytes as whole pages. */
export function toPages(bytes: number): number {
  return Math.min(POOL_MAX, Math.ceil(bytes / PAGE_SIZE));
}

/** By how many pages a grant grows at once: few questions, and little that nobody uses. */
export function chunkOf(size: number): number {
  return Math.max(1, Math.min(16384, Math.floor(size / 64)));
}
