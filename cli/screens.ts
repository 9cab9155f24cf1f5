/**
 * Displays of the kernel thread: one that takes a picture only when it is asked, and one that remembers what was shown last.
 * @module
 */

import type { CursorImage, Display, DisplayMode, Frame } from "../core/display.ts";
import { composeCursor, type Picture, Shadow } from "../drivers/display/pixels.ts";
import { PngDisplay } from "../drivers/display/png/mod.ts";

/** A display that can give a picture of each scanout. */
export interface Screen extends Display {
  /** What a scanout shows now; undefined while it is off. */
  picture(scanout: number): Picture | undefined;
}

/** A display that reads a frame only while a picture is taken: until then its device composes and copies nothing for it. */
export class AskingScreen implements Screen {
  /** Always "screen". */
  readonly name = "screen";
  /** Set by the device. */
  onModeChange?: (scanout: number, mode: DisplayMode) => void;
  /** Set by the device. */
  onRefresh?: (scanout: number) => void;
  readonly #cursors = new Map<number, { readonly image: CursorImage; readonly x: number; readonly y: number }>();
  #asked: number | undefined;
  #shadow: Shadow | undefined;

  /** Takes in the frame that was asked for. */
  present(scanout: number, frame: Frame | undefined): void {
    if (frame === undefined) return;
    if (scanout === this.#asked) {
      this.#shadow = new Shadow();
      this.#shadow.update(frame);
    }
    frame.release?.();
  }

  /** Remembers where the cursor is. */
  cursor(scanout: number, image: CursorImage | undefined, x: number, y: number): void {
    if (image === undefined) this.#cursors.delete(scanout);
    else this.#cursors.set(scanout, { image, x, y });
  }

  /** What a scanout shows now, cursor and all. */
  picture(scanout: number): Picture | undefined {
    this.#asked = scanout;
    this.#shadow = undefined;
    try {
      this.onRefresh?.(scanout);
      const shadow: Shadow | undefined = this.#shadow;
      if (shadow === undefined) return undefined;
      const picture = (shadow as Shadow).picture();
      const cursor = this.#cursors.get(scanout);
      if (cursor !== undefined) composeCursor(picture, cursor.image, cursor.x, cursor.y);
      return picture;
    } finally {
      this.#asked = this.#shadow = undefined;
    }
  }

  /** Forgets all. */
  [Symbol.dispose](): void {
    this.#cursors.clear();
  }
}

/**
 * A display that remembers what it showed before its client went: then it is switched off, or black, where the driver leaves the
 * CRTC running without a plane.
 */
export class LastPicture extends PngDisplay implements Screen {
  #last: Picture | undefined;
  #dark = true;
  #probe = new Uint8Array(0);

  /** Takes in a frame. */
  override present(scanout: number, frame: Frame | undefined): void {
    if (scanout === 0) {
      const dark = frame === undefined || this.#isBlack(frame);
      if (dark && !this.#dark) this.keep();
      this.#dark = dark;
    }
    super.present(scanout, frame);
  }

  // Programs often take their framebuffer away before they end. A few rows tell most pictures from black ones.
  #isBlack(frame: Frame): boolean {
    const { width, height } = frame;
    for (const step of [Math.max(1, height >> 3), 1]) {
      for (let y = step >> 1; y < height; y += step) {
        if (this.#probe.length !== width * 4) this.#probe = new Uint8Array(width * 4);
        frame.read(this.#probe, width * 4, { x: 0, y, width, height: 1 });
        for (let i = 0; i < this.#probe.length; i++) if (this.#probe[i] !== 0 && (i & 3) !== 3) return false;
      }
    }
    return true;
  }

  /** Remembers the first screen, unless it is off or black. */
  keep(): void {
    const now = this.picture(0);
    if (now?.data.some((byte, i) => byte !== 0 && (i & 3) !== 3)) this.#last = now;
  }

  /** What the first screen showed last; undefined if it never showed anything. */
  get last(): Picture | undefined {
    return this.#last ?? this.picture(0);
  }
}
