/**
 * `MoveFinder`: what moved between two pictures, however far and in whatever direction. It guesses by short pieces of rows that are
 * in both; whoever asks looks at what a guess would do before believing it.
 * @module
 */

import type { Rect } from "../../../core/display.ts";

/** Pixels of a piece of a row. */
const SPAN = 32;
/** Rows from one row of pieces to the next. */
const STEP = 8;
/** Places for pieces, and for shifts; powers of two. */
const PIECES = 1 << 14, SHIFTS = 1 << 10;
/** Places that are looked at for one thing: pictures can be made so that all of them would have to be. */
const PROBES = 8;
/** A hash of pixels goes on by this; and what a pixel has become when it leaves the piece: FACTOR ** SPAN. */
const FACTOR = 0x0100_0193;
const LEAVING = ((): number => {
  let power = 1;
  for (let i = 0; i < SPAN; i++) power = Math.imul(power, FACTOR);
  return power;
})();

/** A part of a picture that was elsewhere in the one before. */
export interface Move extends Rect {
  /** Where its left column was. */
  readonly fromX: number;
  /** Where its top row was. */
  readonly fromY: number;
}

/** Finds moves. */
export class MoveFinder {
  // A piece of the new picture: its hash, and its place; -1 for several, which tell nothing.
  readonly #hashes = new Int32Array(PIECES);
  readonly #places = new Int32Array(PIECES);
  readonly #stamps = new Uint32Array(PIECES);
  // A shift, how many pieces have it, and where these are: left, top, right, bottom.
  readonly #shifts = new Int32Array(SHIFTS);
  readonly #votes = new Uint32Array(SHIFTS);
  readonly #bounds = new Int32Array(SHIFTS * 4);
  #stamp = 0;

  // Where a hash is, or would be; -1 if there is no place for it.
  #slot(hash: number): number {
    const first = hash ^ hash >>> 15;
    for (let i = 0; i < PROBES; i++) {
      const slot = first + i & PIECES - 1;
      if (this.#stamps[slot] !== this.#stamp || this.#hashes[slot] === hash) return slot;
    }
    return -1;
  }

  // Pieces of the new picture.
  #learn(now: Uint32Array, stride: number, area: Rect): void {
    if (++this.#stamp > 0xffff_ffff) {
      this.#stamp = 1;
      this.#stamps.fill(0);
    }
    const right = area.x + area.width - SPAN, bottom = area.y + area.height;
    // Of large areas fewer, so that a quarter of the places stays free.
    const across = SPAN, down = Math.max(STEP, Math.ceil(area.width / SPAN * area.height / (PIECES * 3 / 4)));
    for (let y = area.y; y < bottom; y += down) {
      for (let x = area.x; x <= right; x += across) {
        const at = y * stride + x;
        let hash = 0, changes = 0;
        for (let i = at; i < at + SPAN; i++) {
          hash = Math.imul(hash, FACTOR) + now[i] | 0;
          if (now[i] !== now[at]) changes++;
        }
        // One colour is everywhere.
        if (changes < 2) continue;
        const slot = this.#slot(hash);
        if (slot < 0) continue;
        if (this.#stamps[slot] === this.#stamp) {
          this.#places[slot] = -1;
          continue;
        }
        this.#stamps[slot] = this.#stamp;
        this.#hashes[slot] = hash;
        this.#places[slot] = at;
      }
    }
  }

  // A piece at (x, y) was dx further right, dy further down.
  #vote(x: number, y: number, dx: number, dy: number): void {
    const key = dy << 16 | dx & 0xffff;
    let slot = Math.imul(key, 0x9e37_79b1) >>> 22;
    for (let i = 0; this.#votes[slot] > 0 && this.#shifts[slot] !== key; i++) {
      if (i === PROBES) return;
      slot = slot + 1 & SHIFTS - 1;
    }
    const bounds = this.#bounds;
    if (this.#votes[slot]++ === 0) {
      this.#shifts[slot] = key;
      bounds[slot * 4] = bounds[slot * 4 + 2] = x;
      bounds[slot * 4 + 1] = bounds[slot * 4 + 3] = y;
    }
    if (x < bounds[slot * 4]) bounds[slot * 4] = x;
    if (y < bounds[slot * 4 + 1]) bounds[slot * 4 + 1] = y;
    if (x > bounds[slot * 4 + 2]) bounds[slot * 4 + 2] = x;
    if (y > bounds[slot * 4 + 3]) bounds[slot * 4 + 3] = y;
  }

  /**
   * Guesses.
   *
   * @param before the old picture, `stride` words a row. @param now the new one. @param area where to look, in both.
   * @returns moves, the likeliest first, at most `limit`; each lies in the area, and may be wrong.
   */
  find(before: Uint32Array, now: Uint32Array, stride: number, area: Rect, limit: number): Move[] {
    if (area.width < SPAN) return [];
    this.#learn(now, stride, area);
    this.#votes.fill(0);
    const right = area.x + area.width, bottom = area.y + area.height;
    const stamps = this.#stamps, stamp = this.#stamp;
    for (let y = area.y; y < bottom; y++) {
      let hash = 0;
      for (let x = area.x, at = y * stride + x; x < right; x++, at++) {
        hash = Math.imul(hash, FACTOR) + before[at] | 0;
        const start = x - SPAN + 1;
        if (start < area.x) continue;
        if (start > area.x) hash = hash - Math.imul(before[at - SPAN], LEAVING) | 0;
        // Most are nowhere.
        if (stamps[(hash ^ hash >>> 15) & PIECES - 1] !== stamp) continue;
        const slot = this.#slot(hash);
        if (slot < 0 || stamps[slot] !== stamp) continue;
        const place = this.#places[slot];
        if (place < 0) continue;
        const placeY = place / stride | 0, placeX = place - placeY * stride;
        if (placeX !== start || placeY !== y) this.#vote(placeX, placeY, start - placeX, y - placeY);
      }
    }
    const moves: Move[] = [];
    while (moves.length < limit) {
      let best = 0;
      for (let i = 1; i < SHIFTS; i++) if (this.#votes[i] > this.#votes[best]) best = i;
      if (this.#votes[best] < 2) break;
      this.#votes[best] = 0;
      const move = this.#grown(before, now, stride, area, best);
      if (move !== undefined) moves.push(move);
    }
    return moves;
  }

  // The rectangle of all pieces of a shift, and what lies around it and has moved as well.
  #grown(before: Uint32Array, now: Uint32Array, stride: number, area: Rect, slot: number): Move | undefined {
    const key = this.#shifts[slot], dy = key >> 16, dx = key << 16 >> 16, bounds = this.#bounds;
    let left = bounds[slot * 4],
      top = bounds[slot * 4 + 1],
      right = bounds[slot * 4 + 2] + SPAN,
      bottom = bounds[slot * 4 + 3] + 1;
    // Both ends stay in the area.
    const minX = Math.max(area.x, area.x - dx), minY = Math.max(area.y, area.y - dy);
    const maxX = Math.min(area.x + area.width, area.x + area.width - dx);
    const maxY = Math.min(area.y + area.height, area.y + area.height - dy);
    left = Math.max(left, minX);
    top = Math.max(top, minY);
    right = Math.min(right, maxX);
    bottom = Math.min(bottom, maxY);
    if (left >= right || top >= bottom) return undefined;
    const shift = dy * stride + dx;
    const row = (y: number): boolean => {
      for (let at = y * stride + left; at < y * stride + right; at++) if (now[at] !== before[at + shift]) return false;
      return true;
    };
    const column = (x: number): boolean => {
      for (let at = top * stride + x; at < bottom * stride + x; at += stride) {
        if (now[at] !== before[at + shift]) return false;
      }
      return true;
    };
    while (top > minY && row(top - 1)) top--;
    while (bottom < maxY && row(bottom)) bottom++;
    while (left > minX && column(left - 1)) left--;
    while (right < maxX && column(right)) right++;
    return { x: left, y: top, width: right - left, height: bottom - top, fromX: left + dx, fromY: top + dy };
  }
}
