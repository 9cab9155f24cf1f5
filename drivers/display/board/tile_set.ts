/**
 * A set of tiles of a screen, as a bitmap.
 * @module
 */

import { TILE, TILE_WORDS, TILES_ACROSS } from "./board.ts";

/** Tiles by column and row. */
export class TileSet {
  /** Bit `row * TILES_ACROSS + column`. */
  readonly words: Uint32Array = new Uint32Array(TILE_WORDS);

  /** Whether a tile is in it. */
  has(column: number, row: number): boolean {
    const bit = row * TILES_ACROSS + column;
    return (this.words[bit >>> 5] >>> (bit & 31) & 1) !== 0;
  }

  /** Adds a tile. */
  add(column: number, row: number): void {
    const bit = row * TILES_ACROSS + column;
    this.words[bit >>> 5] |= 1 << (bit & 31);
  }

  /** Takes a tile out. */
  delete(column: number, row: number): void {
    const bit = row * TILES_ACROSS + column;
    this.words[bit >>> 5] &= ~(1 << (bit & 31));
  }

  /** Adds all tiles of a rectangle in pixels, which lies inside the largest screen. */
  addRect(x: number, y: number, width: number, height: number): void {
    if (width <= 0 || height <= 0) return;
    const right = Math.floor((x + width - 1) / TILE), bottom = Math.floor((y + height - 1) / TILE);
    for (let row = Math.floor(y / TILE); row <= bottom; row++) {
      for (let column = Math.floor(x / TILE); column <= right; column++) this.add(column, row);
    }
  }

  /** Takes out all tiles that a rectangle in pixels touches. */
  deleteRect(x: number, y: number, width: number, height: number): void {
    if (width <= 0 || height <= 0) return;
    const right = Math.floor((x + width - 1) / TILE), bottom = Math.floor((y + height - 1) / TILE);
    for (let row = Math.floor(y / TILE); row <= bottom; row++) {
      for (let column = Math.floor(x / TILE); column <= right; column++) this.delete(column, row);
    }
  }

  /** Whether all tiles that a rectangle in pixels touches are in it. */
  hasRect(x: number, y: number, width: number, height: number): boolean {
    const right = Math.floor((x + width - 1) / TILE), bottom = Math.floor((y + height - 1) / TILE);
    for (let row = Math.floor(y / TILE); row <= bottom; row++) {
      for (let column = Math.floor(x / TILE); column <= right; column++) if (!this.has(column, row)) return false;
    }
    return true;
  }

  /** Adds all of another set. */
  addAll(other: TileSet): void {
    for (let i = 0; i < this.words.length; i++) this.words[i] |= other.words[i];
  }

  /** Whether there is none. */
  get empty(): boolean {
    for (let i = 0; i < this.words.length; i++) if (this.words[i] !== 0) return false;
    return true;
  }

  /** Takes all out. */
  clear(): void {
    this.words.fill(0);
  }
}
