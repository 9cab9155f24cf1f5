/**
 * A screen as viewers see it, in the isolate of the viewers: pixels, what changed of them, the cursor, and the way back for input.
 * Sources of frames implement it; servers such as RFB's consume it.
 * @module
 */

import type { TileSet } from "./board/tile_set.ts";

/** A cursor as a viewer draws it. */
export interface ViewerCursor {
  /** Columns; 0 while it is hidden. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Hot spot. */
  readonly hotX: number;
  /** Hot spot. */
  readonly hotY: number;
  /** ARGB8888, premultiplied, rows without padding. */
  readonly bytes: Uint8Array;
}

/** One who looks. */
export interface ScreenViewer {
  /** Tiles that changed since the viewer took them out; all of them after a change of size. */
  readonly dirty: TileSet;
  /** Something changed: damage, size, cursor. Called often; look at `take` then. */
  wake(): void;
}

/** A screen. */
export interface ScreenSource {
  /** For people. */
  readonly name: string;
  /** Columns; 0 while the screen is off. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Changes with the size. */
  readonly generation: number;
  /**
   * `width * height` words XRGB8888. Somebody else may write them at any moment: copy first, then look at the copy. Whatever was
   * written after the copying is damage once more.
   */
  readonly pixels: Uint32Array;
  /** The cursor's image; another object whenever it changes. */
  readonly cursor: ViewerCursor;
  /** Column of the cursor's hot spot. */
  readonly cursorX: number;
  /** Row of the cursor's hot spot. */
  readonly cursorY: number;
  /** Looks, until disposed. What is there now is dirty. */
  watch(viewer: ScreenViewer): Disposable;
  /** Brings size, cursor and every viewer's `dirty` up to date: for a viewer that is about to draw. */
  take(): void;
  /** A key (KEY_*) goes down or up. */
  key(code: number, down: boolean): void;
  /** The pointer is at a pixel. @param buttons bit 0 left, 1 middle, 2 right, 7 back, 8 forward. */
  pointer(x: number, y: number, buttons: number): void;
  /** The wheel turns. @param down steps down, negative up. @param right steps to the right. */
  wheel(down: number, right: number): void;
  /** A viewer would like another size. @returns whether anybody can be asked. */
  resize(width: number, height: number): boolean;
}
