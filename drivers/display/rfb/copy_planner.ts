/**
 * `CopyPlanner`: the picture that a viewer shows, and what of an update it can copy from there by itself (CopyRect). A copy is tried on
 * that picture first; what then still differs goes as pixels, so that no guess has to be right.
 * @module
 */

import type { Rect } from "../../../core/display.ts";
import { TILE } from "../board/board.ts";
import { TileSet } from "../board/tile_set.ts";
import { type Move, MoveFinder } from "./moves.ts";
import type { ViewerScreen } from "./viewer_screen.ts";

/** Less than this is sent as pixels. */
const WORTH = TILE * TILE;
/** Copies of one update at most. */
const COPIES = 4;
/** Updates in which nothing is looked for after some in which nothing was found. */
const REST = 16;

/** An update in two steps: copies in this order, then pixels. */
export interface Plan {
  /** What the viewer copies. */
  readonly copies: readonly Move[];
  /** What is sent as pixels; they do not overlap. */
  readonly rects: readonly Rect[];
}

/** Plans updates of one viewer. */
export class CopyPlanner {
  readonly #finder = new MoveFinder();
  readonly #touched = new TileSet();
  #shown: Uint32Array;
  // Updates until the next look, and how many it is after the next miss.
  #wait = 0;
  #rest = 1;

  /** @param screen as the viewer has it, all of it. */
  constructor({ words }: ViewerScreen) {
    this.#shown = words.slice();
  }

  /**
   * Plans an update.
   *
   * @param screen as the viewer will have it. @param rects where that differs from what it shows, or is to be sent anyhow.
   * @param whole whether everything in `rects` has to go as pixels.
   */
  plan(screen: ViewerScreen, rects: readonly Rect[], whole: boolean): Plan {
    if (this.#shown.length !== screen.words.length) {
      this.#shown = screen.words.slice();
      return { copies: [], rects };
    }
    const pixels = rects.reduce((sum, { width, height }) => sum + width * height, 0);
    let copies: Move[] = [];
    if (!whole && pixels >= WORTH && --this.#wait < 0) {
      copies = this.#find(screen, rects);
      this.#rest = copies.length > 0 ? 1 : Math.min(REST, this.#rest * 2);
      this.#wait = copies.length > 0 ? 0 : this.#rest - 1;
    }
    const rest = copies.length > 0 ? this.#rects(screen, rects, copies) : rects;
    for (const rect of rest) this.#take(screen, rect);
    return { copies, rects: rest };
  }

  #take({ words, width: stride }: ViewerScreen, { x, y, width, height }: Rect): void {
    for (let at = y * stride + x, row = 0; row < height; row++, at += stride) {
      this.#shown.set(words.subarray(at, at + width), at);
    }
  }

  #find(screen: ViewerScreen, rects: readonly Rect[]): Move[] {
    const area = this.#changed(screen, rects);
    const copies: Move[] = [];
    if (area === undefined) return copies;
    const { words, width: stride } = screen;
    for (const move of this.#finder.find(this.#shown, words, stride, area, COPIES)) {
      if (!screen.has(move.fromX, move.fromY, move.width, move.height) || !this.#worth(screen, move)) continue;
      copies.push(move);
      this.#copy(stride, move);
    }
    return copies;
  }

  // The smallest rectangle with all that differs.
  #changed({ words, width: stride }: ViewerScreen, rects: readonly Rect[]): Rect | undefined {
    const shown = this.#shown;
    let left = stride, top = Infinity, right = 0, bottom = 0;
    for (const { x, y, width, height } of rects) {
      for (let row = y; row < y + height; row++) {
        let from = row * stride + x, to = from + width - 1;
        while (from <= to && words[from] === shown[from]) from++;
        if (from > to) continue;
        while (words[to] === shown[to]) to--;
        left = Math.min(left, from - row * stride);
        right = Math.max(right, to - row * stride + 1);
        top = Math.min(top, row);
        bottom = row + 1 > bottom ? row + 1 : bottom;
      }
    }
    return right > left ? { x: left, y: top, width: right - left, height: bottom - top } : undefined;
  }

  // Whether a copy mends much more than it breaks.
  #worth({ words, width: stride }: ViewerScreen, move: Move): boolean {
    const shown = this.#shown;
    const shift = (move.fromY - move.y) * stride + move.fromX - move.x;
    let wrong = 0, left = 0;
    for (let y = move.y; y < move.y + move.height; y++) {
      for (let at = y * stride + move.x, end = at + move.width; at < end; at++) {
        const word = words[at];
        if (word !== shown[at]) wrong++;
        if (word !== shown[at + shift]) left++;
      }
    }
    return wrong >= WORTH >> 2 && left < wrong >> 2;
  }

  // As the viewer does it: as if by way of another place (RFC 6143, 7.7.2).
  #copy(stride: number, { x, y, width, height, fromX, fromY }: Move): void {
    for (let i = 0; i < height; i++) {
      const row = fromY < y ? height - 1 - i : i;
      const from = (fromY + row) * stride + fromX;
      this.#shown.copyWithin((y + row) * stride + x, from, from + width);
    }
  }

  // What differs after all copies, tile by tile, joined as far as it fits.
  #rects(screen: ViewerScreen, rects: readonly Rect[], copies: readonly Move[]): Rect[] {
    const touched = this.#touched;
    touched.clear();
    for (const { x, y, width, height } of rects) touched.addRect(x, y, width, height);
    for (const { x, y, width, height } of copies) touched.addRect(x, y, width, height);
    const out: Rect[] = [];
    for (let row = 0; row * TILE < screen.height; row++) {
      for (let column = 0; column * TILE < screen.width; column++) {
        if (!touched.has(column, row)) continue;
        const x = column * TILE, y = row * TILE;
        const part = this.#changed(screen, [{
          x,
          y,
          width: Math.min(TILE, screen.width - x),
          height: Math.min(TILE, screen.height - y),
        }]);
        if (part === undefined) continue;
        const last = out.at(-1);
        if (last !== undefined && last.y === part.y && last.height === part.height && last.x + last.width === part.x) {
          out[out.length - 1] = { ...last, width: last.width + part.width };
        } else out.push(part);
      }
    }
    return out;
  }
}
