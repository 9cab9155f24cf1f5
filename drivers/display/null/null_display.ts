/**
 * The display without a screen: it counts what it is given and reads no pixel. For benches, tests and servers without clients.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Frame } from "../../../core/display.ts";

/** A display that counts. */
export class NullDisplay implements Display {
  /** Always "null". */
  readonly name = "null";
  /** Set by the host. */
  onModeChange: ((scanout: number, mode: DisplayMode) => void) | undefined;
  #frames = 0;
  #offs = 0;
  #cursors = 0;

  /** Frames presented so far. */
  get frames(): number {
    return this.#frames;
  }
  /** Times that a scanout was switched off. */
  get offs(): number {
    return this.#offs;
  }
  /** Cursor changes so far. */
  get cursors(): number {
    return this.#cursors;
  }

  /** Counts a frame, and lets it go. */
  present(_scanout: number, frame: Frame | undefined): void {
    if (frame === undefined) this.#offs++;
    else {
      this.#frames++;
      frame.release?.();
    }
  }
  /** Counts a cursor. */
  cursor(_scanout: number, _image: CursorImage | undefined, _x: number, _y: number): void {
    this.#cursors++;
  }
  /** Nothing is held. */
  [Symbol.dispose](): void {
    this.onModeChange = undefined;
  }
}

/** A display that counts frames and copies nothing. */
export function nullDisplay(): NullDisplay {
  return new NullDisplay();
}
