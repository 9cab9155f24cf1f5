/**
 * A composed frame as a `Display` gets it: pixels are computed where and when the display reads them.
 * @module
 */

import type { Frame, Rect } from "../../../core/display.ts";
import { DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import type { Composer } from "./composer.ts";

const ALL: readonly Rect[] = [];

/** What a CRTC shows. It can be read until `present` returns, or once held, until it is released. */
export class ComposedFrame implements Frame {
  /** DRM_FORMAT_XRGB8888. */
  readonly format: number = DRM_FORMAT_XRGB8888;
  /** Linear. */
  readonly modifier = 0n;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Empty: all of it may have changed, since clients draw into what is shown without a word. */
  readonly damage: readonly Rect[] = ALL;
  readonly #compose: () => Composer;
  #held: Uint8Array | undefined = undefined;

  /** A frame of what the composer has now. @param compose the composer, ready to compose the latest picture. */
  constructor(compose: () => Composer) {
    const { width, height } = compose();
    this.#compose = compose;
    this.width = width;
    this.height = height;
  }

  /** Whether a display keeps it. */
  get held(): boolean {
    return this.#held !== undefined;
  }

  /** Copies a rectangle, all by default. @throws {RangeError} if it leaves the frame or `target`, or comes too late. */
  read(target: Uint8Array, stride: number, rect?: Rect): void {
    const { x, y, width, height } = rect ?? { x: 0, y: 0, width: this.width, height: this.height };
    if (x < 0 || y < 0 || x + width > this.width || y + height > this.height) {
      throw new RangeError(`Cannot read ${width}x${height} at ${x},${y} of ${this.width}x${this.height} pixels`);
    }
    if (width === 0 || height === 0) return;
    if (stride < width * 4 || (height - 1) * stride + width * 4 > target.length) {
      throw new RangeError(`Cannot read ${height} rows of ${stride} bytes into ${target.length} bytes`);
    }
    const held = this.#held;
    if (held === undefined) return this.#paint(target, stride, rect);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * this.width + x) * 4;
      target.set(held.subarray(from, from + width * 4), row * stride);
    }
  }

  /** Keeps the picture as it is. */
  hold(): void {
    if (this.#held !== undefined) return;
    const bytes = new Uint8Array(this.width * this.height * 4);
    this.#paint(bytes, this.width * 4);
    this.#held = bytes;
  }

  #paint(target: Uint8Array, stride: number, rect?: Rect): void {
    const composer = this.#compose();
    if (composer.width !== this.width || composer.height !== this.height) {
      throw new RangeError("Cannot read a frame after its time: the mode has changed");
    }
    composer.paint(target, stride, rect);
  }

  /** Ends the keeping. */
  release(): void {
    this.#held = undefined;
  }
}
