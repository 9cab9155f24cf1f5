/**
 * `ViewerScreen`: what one viewer has on its screen, and which parts of that are no longer what the source shows.
 * @module
 */

import type { Rect } from "../../../core/display.ts";
import type { ScreenSource, ScreenViewer } from "../screen_source.ts";
import { TILE } from "../board/board.ts";
import { TileSet } from "../board/tile_set.ts";

/** A copy of the screen. */
export class ViewerScreen implements ScreenViewer {
  /** Tiles that may differ from the source. */
  readonly dirty: TileSet = new TileSet();
  /** Tiles that are to be sent even if they are the same. */
  readonly forced: TileSet = new TileSet();
  /** Columns. */
  width = 0;
  /** Rows. */
  height = 0;
  /** XRGB8888, what the viewer has been sent. */
  words: Uint32Array = new Uint32Array(0);
  /** Whether the last `update` has anything that is to be sent even if it is the same. */
  whole = false;
  /** Whether the cursor is drawn into the screen: for viewers that draw none. */
  composesCursor = true;
  /** Called when the source has changed. */
  readonly wake: () => void;
  // Tiles that the viewer has, all of them as `words` says; and those that it has once this update is sent.
  readonly #exact = new TileSet();
  readonly #sent = new TileSet();
  readonly #source: ScreenSource;
  readonly #row = new Uint32Array(TILE);
  // What the cursor covers in the copy.
  #covered: Rect = { x: 0, y: 0, width: 0, height: 0 };
  #image: unknown;
  #generation = -1;

  /** An empty copy. @param source what is copied. @param wake called when the source has changed. */
  constructor(source: ScreenSource, wake: () => void) {
    this.#source = source;
    this.wake = wake;
  }

  /** The viewer has a screen of another size now, and nothing on it. */
  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.words = new Uint32Array(width * height);
    this.dirty.clear();
    this.forced.clear();
    this.forget();
    this.force({ x: 0, y: 0, width, height });
  }

  /** A part is to be sent, changed or not: nobody knows what the viewer has there. @param rect inside the screen. */
  force({ x, y, width, height }: Rect): void {
    this.dirty.addRect(x, y, width, height);
    this.forced.addRect(x, y, width, height);
    this.#exact.deleteRect(x, y, width, height);
    this.#sent.deleteRect(x, y, width, height);
  }

  /** The viewer's pixels are no longer those that it would be sent: it has another format. */
  forget(): void {
    this.#exact.clear();
    this.#sent.clear();
  }

  /** Whether the viewer has a part as it is here, but for what the last `update` has said. */
  has(x: number, y: number, width: number, height: number): boolean {
    return this.#exact.hasRect(x, y, width, height);
  }

  // The cursor has moved or changed: what it covered and what it covers differ.
  #moveCursor(): void {
    const { cursor, cursorX, cursorY } = this.#source;
    const now = this.composesCursor
      ? this.#clip(cursorX - cursor.hotX, cursorY - cursor.hotY, cursor.width, cursor.height)
      : { x: 0, y: 0, width: 0, height: 0 };
    const old = this.#covered;
    const same = now.x === old.x && now.y === old.y && now.width === old.width && now.height === old.height;
    if (same && cursor === this.#image) return;
    this.dirty.addRect(old.x, old.y, old.width, old.height);
    this.dirty.addRect(now.x, now.y, now.width, now.height);
    this.#covered = now;
    this.#image = cursor;
  }

  #clip(x: number, y: number, width: number, height: number): Rect {
    const left = Math.max(0, x), top = Math.max(0, y);
    return {
      x: left,
      y: top,
      width: Math.max(0, Math.min(this.width, x + width) - left),
      height: Math.max(0, Math.min(this.height, y + height) - top),
    };
  }

  // A row of the source, black beyond it, with the cursor if that is drawn here.
  #load(x: number, y: number, width: number): void {
    const { pixels, width: sourceWidth, height, cursor, cursorX, cursorY } = this.#source;
    const row = this.#row;
    const inside = y < height ? Math.max(0, Math.min(width, sourceWidth - x)) : 0;
    for (let i = 0, from = y * sourceWidth + x; i < inside; i++) row[i] = pixels[from++] & 0xff_ffff;
    row.fill(0, inside, width);
    if (!this.composesCursor || cursor.width === 0) return;
    const left = cursorX - cursor.hotX, line = y - cursorY + cursor.hotY;
    if (line < 0 || line >= cursor.height) return;
    const end = Math.min(x + width, left + cursor.width);
    for (let column = Math.max(x, left); column < end; column++) {
      const at = (line * cursor.width + column - left) * 4;
      const rest = 255 - cursor.bytes[at + 3];
      const under = row[column - x];
      let word = 0;
      for (let c = 0; c < 3; c++) {
        const value = cursor.bytes[at + c] + Math.round((under >>> 8 * c & 0xff) * rest / 255);
        word |= Math.min(255, value) << 8 * c;
      }
      row[column - x] = word;
    }
  }

  // Copies a part of a tile; whether anything was another.
  #copy(x: number, y: number, width: number, height: number): boolean {
    const { words } = this;
    const row = this.#row;
    let changed = false;
    for (let line = y; line < y + height; line++) {
      this.#load(x, line, width);
      let at = line * this.width + x;
      for (let i = 0; i < width; i++, at++) {
        if (words[at] !== row[i]) {
          words[at] = row[i];
          changed = true;
        }
      }
    }
    return changed;
  }

  /**
   * Brings a part of the copy up to date.
   *
   * @param clip inside the screen. @param limit pixels at most; what is left stays dirty.
   * @returns rectangles to be sent, which do not overlap.
   */
  update(clip: Rect, limit: number): Rect[] {
    if (this.#generation !== this.#source.generation) {
      // Other pixels altogether; beyond them it is black.
      this.#generation = this.#source.generation;
      this.dirty.addRect(0, 0, this.width, this.height);
    }
    this.#moveCursor();
    // The update before has gone.
    this.#exact.addAll(this.#sent);
    this.#sent.clear();
    this.whole = false;
    const rects: Rect[] = [];
    const right = clip.x + clip.width, bottom = clip.y + clip.height;
    if (clip.width <= 0 || clip.height <= 0) return rects;
    let pixels = 0;
    // Rectangles that end at the row of tiles before.
    let open: { -readonly [K in keyof Rect]: Rect[K] }[] = [];
    for (let row = Math.floor(clip.y / TILE); row * TILE < bottom && pixels < limit; row++) {
      const top = Math.max(clip.y, row * TILE), down = Math.min(bottom, (row + 1) * TILE);
      const here: typeof open = [];
      for (let column = Math.floor(clip.x / TILE); column * TILE < right; column++) {
        if (!this.dirty.has(column, row)) continue;
        const left = Math.max(clip.x, column * TILE), end = Math.min(right, (column + 1) * TILE);
        const forced = this.forced.has(column, row);
        this.whole ||= forced;
        const changed = this.#copy(left, top, end - left, down - top);
        if (this.#covers(column, row, left, top, end, down)) {
          this.dirty.delete(column, row);
          if (forced) this.#sent.add(column, row);
          this.forced.delete(column, row);
        }
        if (!changed && !forced) continue;
        pixels += (end - left) * (down - top);
        const last = here.at(-1);
        if (last !== undefined && last.x + last.width === left) last.width += end - left;
        else here.push({ x: left, y: top, width: end - left, height: down - top });
      }
      open = here.map((rect) => {
        const above = open.find(({ x, width }) => x === rect.x && width === rect.width);
        if (above === undefined) {
          rects.push(rect);
          return rect;
        }
        above.height += rect.height;
        return above;
      });
    }
    return rects;
  }

  // Whether a part is all that a tile has.
  #covers(column: number, row: number, left: number, top: number, right: number, bottom: number): boolean {
    return left === column * TILE && top === row * TILE && right === Math.min(this.width, (column + 1) * TILE) &&
      bottom === Math.min(this.height, (row + 1) * TILE);
  }
}
