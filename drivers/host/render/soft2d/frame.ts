/**
 * Frames of soft2d's pictures.
 * @module
 */

import type { Frame, Rect } from "../../../../core/display.ts";
import { DRM_FORMAT_MOD_LINEAR } from "../../../../uapi/drm_fourcc.ts";
import { checkRead, frameFormat } from "../frame_checks.ts";
import type { Picture } from "./picture.ts";

/** A frame of a rectangle of a picture. */
export class PictureFrame implements Frame {
  /** DRM_FORMAT_*. */
  readonly format: number;
  /** Linear. */
  readonly modifier: bigint = DRM_FORMAT_MOD_LINEAR;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** What changed. */
  readonly damage: readonly Rect[];
  readonly #picture: Picture;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #held = false;

  /** @param picture whose. @param rect which part. @param damage what changed, in pixels of the frame. */
  constructor(picture: Picture, rect: Rect, damage: readonly Rect[]) {
    this.format = frameFormat(picture.format);
    this.width = rect.width;
    this.height = rect.height;
    this.damage = damage;
    this.#picture = picture;
    this.#bytes = picture.bytes;
    this.#start = (rect.y * picture.width + rect.x) * 4;
  }

  /** Copies pixels out. Throws a RangeError if they do not fit. */
  read(target: Uint8Array, stride: number, rect?: Rect): void {
    const { x, y, width, height } = rect ?? { x: 0, y: 0, width: this.width, height: this.height };
    checkRead(this, target, stride, { x, y, width, height });
    const pitch = this.#picture.width * 4;
    const start = this.#start + y * pitch + x * 4;
    if (stride === pitch && width * 4 === pitch) target.set(this.#bytes.subarray(start, start + height * pitch));
    else {
      for (let row = 0; row < height; row++) {
        const from = start + row * pitch;
        target.set(this.#bytes.subarray(from, from + width * 4), row * stride);
      }
    }
  }

  /** The pixels in place. */
  direct(): { readonly bytes: Uint8Array; readonly stride: number } {
    const stride = this.#picture.width * 4;
    const end = this.#start + (this.height - 1) * stride + this.width * 4;
    return { bytes: this.#bytes.subarray(this.#start, end), stride };
  }

  /** Keeps the pixels when the guest writes over them. */
  hold(): void {
    if (this.#held || this.#picture.bytes !== this.#bytes) return;
    this.#held = true;
    this.#picture.holders++;
  }

  /** Ends `hold`. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.#picture.bytes === this.#bytes) this.#picture.holders--;
  }
}
