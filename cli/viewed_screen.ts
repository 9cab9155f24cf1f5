/**
 * The screen of a device that people look at, in the kernel thread: what is shared with the viewers, and what takes pictures.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Frame } from "../core/display.ts";
import type { Picture } from "../drivers/display/pixels.ts";
import type { Screen } from "./screens.ts";

/** Two displays as one screen. */
export class ViewedScreen implements Screen {
  /** Always "viewed". */
  readonly name = "viewed";
  /** Set by the device. */
  onModeChange?: (scanout: number, mode: DisplayMode) => void;
  /** Set by the device. */
  onRefresh?: (scanout: number) => void;
  readonly #shared: Display;
  readonly #pictures: Screen;
  // Who has asked for a frame: the other has seen it.
  #asking: Display | undefined;

  /** @param shared for the viewers; it may ask for modes. @param pictures for screenshots. Their owners dispose them. */
  constructor(shared: Display, pictures: Screen) {
    this.#shared = shared;
    this.#pictures = pictures;
    shared.onModeChange = (scanout, mode) => this.onModeChange?.(scanout, mode);
    for (const display of [shared, pictures]) {
      display.onRefresh = (scanout) => {
        const before = this.#asking;
        this.#asking = display;
        try {
          this.onRefresh?.(scanout);
        } finally {
          this.#asking = before;
        }
      };
    }
  }

  /** Both show it, or the one that has asked. */
  present(scanout: number, frame: Frame | undefined): void {
    if (this.#asking !== this.#pictures) this.#shared.present(scanout, frame);
    if (this.#asking !== this.#shared) this.#pictures.present(scanout, frame);
  }

  /** Both show it. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    this.#shared.cursor(scanout, image, x, y);
    this.#pictures.cursor(scanout, image, x, y);
  }

  /** What a scanout shows now. */
  picture(scanout: number): Picture | undefined {
    return this.#pictures.picture(scanout);
  }

  /** Leaves both as they are. */
  [Symbol.dispose](): void {}
}
