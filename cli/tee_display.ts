/**
 * A display that is several: all of them show what the device shows; the monitors are those of the first.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Frame } from "../core/display.ts";

/** Several displays as one. */
export class TeeDisplay implements Display {
  /** "tee". */
  readonly name: string = "tee";
  readonly #displays: readonly Display[];
  // Which one has asked for a frame: the others have seen it.
  #only: Display | undefined;

  /** @param displays at least one; their owners dispose them. */
  constructor(displays: readonly Display[]) {
    this.#displays = displays;
  }

  /** Set by the host. */
  set onModeChange(hear: ((scanout: number, mode: DisplayMode) => void) | undefined) {
    this.#displays[0].onModeChange = hear;
  }
  /** Set by the host. */
  set onRefresh(refresh: ((scanout: number) => void) | undefined) {
    for (const display of this.#displays) {
      display.onRefresh = refresh && ((scanout) => {
        const before = this.#only;
        this.#only = display;
        try {
          refresh(scanout);
        } finally {
          this.#only = before;
        }
      });
    }
  }

  /** All show it, or the one that has asked. */
  present(scanout: number, frame: Frame | undefined): void {
    if (this.#only !== undefined) return this.#only.present(scanout, frame);
    for (const display of this.#displays) display.present(scanout, frame);
  }

  /** All show it. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    for (const display of this.#displays) display.cursor(scanout, image, x, y);
  }

  /** Leaves them as they are. */
  [Symbol.dispose](): void {}
}
