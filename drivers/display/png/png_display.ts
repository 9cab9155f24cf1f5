/**
 * A display that remembers: what each scanout shows, as a picture, a PNG file, or an animation.
 * @module
 */

import type { CursorImage, Display, Frame } from "../../../core/display.ts";
import { composeCursor, type Picture, Shadow, shrinkCursor } from "../pixels.ts";
import { encodeApng, encodePng } from "./apng.ts";

/** What a {@linkcode PngDisplay} records. */
export interface PngDisplayOptions {
  /** Keeps every n-th frame for `apng`; 0, the default, keeps none. */
  readonly recordEvery?: number;
  /** Recorded pictures are made smaller by this factor, default 4. */
  readonly recordShrink?: number;
  /** The most pictures kept, default 120; later frames are not recorded. */
  readonly recordLimit?: number;
}

interface Scanout {
  readonly shadow: Shadow;
  cursor: CursorImage | undefined;
  x: number;
  y: number;
  frames: number;
}

/** The display. It holds one copy of each scanout's pixels. */
export class PngDisplay implements Display {
  /** Always "png". */
  readonly name = "png";
  readonly #scanouts = new Map<number, Scanout>();
  readonly #recorded: Picture[] = [];
  readonly #every: number;
  readonly #shrink: number;
  readonly #limit: number;

  /** A display that shows nothing yet. @param options what to record. */
  constructor(options: PngDisplayOptions = {}) {
    this.#every = options.recordEvery ?? 0;
    this.#shrink = options.recordShrink ?? 4;
    this.#limit = options.recordLimit ?? 120;
  }

  /** Takes in a frame. */
  present(scanout: number, frame: Frame | undefined): void {
    const state = this.#scanout(scanout);
    if (frame === undefined) return state.shadow.clear();
    state.shadow.update(frame);
    frame.release?.();
    state.frames++;
    if (this.#every > 0 && (state.frames - 1) % this.#every === 0 && this.#recorded.length < this.#limit) {
      const small = state.shadow.shrunk(this.#shrink);
      if (state.cursor !== undefined) {
        const { x, y } = state;
        composeCursor(
          small,
          shrinkCursor(state.cursor, this.#shrink),
          Math.round(x / this.#shrink),
          Math.round(y / this.#shrink),
        );
      }
      this.#recorded.push(small);
    }
  }

  /** Takes in a cursor. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    const state = this.#scanout(scanout);
    state.cursor = image;
    state.x = x;
    state.y = y;
  }

  /** Frames that a scanout has shown. */
  frames(scanout = 0): number {
    return this.#scanouts.get(scanout)?.frames ?? 0;
  }

  /** What a scanout shows, cursor and all; undefined while it is off. */
  picture(scanout = 0, options: { readonly cursor?: boolean } = {}): Picture | undefined {
    const state = this.#scanouts.get(scanout);
    if (state === undefined || state.shadow.width === 0) return undefined;
    const picture = state.shadow.picture();
    if (state.cursor !== undefined && options.cursor !== false) composeCursor(picture, state.cursor, state.x, state.y);
    return picture;
  }

  /** What a scanout shows, as its own bytes and format, without cursor; undefined while it is off. */
  raw(
    scanout = 0,
  ):
    | { readonly format: number; readonly width: number; readonly height: number; readonly bytes: Uint8Array }
    | undefined {
    const shadow = this.#scanouts.get(scanout)?.shadow;
    if (shadow === undefined || shadow.width === 0) return undefined;
    return { format: shadow.format, width: shadow.width, height: shadow.height, bytes: shadow.raw };
  }

  /** What a scanout shows, as a PNG file. Throws a RangeError while it is off. */
  png(scanout = 0): Uint8Array {
    const picture = this.picture(scanout);
    if (picture === undefined) throw new RangeError(`Cannot take a picture: scanout ${scanout} shows nothing`);
    return encodePng(picture);
  }

  /** What was recorded, as an animated PNG. Throws a RangeError if nothing was. */
  apng(delayMs: number): Uint8Array {
    return encodeApng(this.#recorded, delayMs);
  }

  /** Forgets all pictures. */
  [Symbol.dispose](): void {
    this.#scanouts.clear();
    this.#recorded.length = 0;
  }

  #scanout(index: number): Scanout {
    let state = this.#scanouts.get(index);
    if (state === undefined) {
      this.#scanouts.set(index, state = { shadow: new Shadow(), cursor: undefined, x: 0, y: 0, frames: 0 });
    }
    return state;
  }
}
