/**
 * Frames that show guest memory in place (SET_SCANOUT_BLOB): the same for every renderer, as nothing is rendered.
 * @module
 */

import type { Frame, Rect } from "../../../core/display.ts";
import type { Backing } from "../../../core/host.ts";
import { DRM_FORMAT_MOD_LINEAR } from "../../../uapi/drm_fourcc.ts";
import { BackingReader } from "./backing_reader.ts";
import { checkRead, frameFormat } from "./frame_checks.ts";

/** A frame of guest memory in place: what the guest writes later is seen, unless the frame is held. */
export class BlobFrame implements Frame {
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
  readonly #reader = new BackingReader();
  readonly #stride: number;
  readonly #offset: number;
  #copy: Uint8Array | undefined;

  /** @param backing whose bytes. @param format VIRTIO_GPU_FORMAT_*. @param stride bytes a row. @param offset of the first pixel. */
  constructor(
    backing: Backing,
    format: number,
    width: number,
    height: number,
    stride: number,
    offset: number,
    damage: readonly Rect[],
  ) {
    this.format = frameFormat(format);
    this.width = width;
    this.height = height;
    this.damage = damage;
    this.#stride = stride;
    this.#offset = offset;
    this.#reader.open(backing);
  }

  /** Copies pixels out. Throws a RangeError if they do not fit, EFAULT if the memory is gone. */
  read(target: Uint8Array, stride: number, rect?: Rect): void {
    const { x, y, width, height } = rect ?? { x: 0, y: 0, width: this.width, height: this.height };
    checkRead(this, target, stride, { x, y, width, height });
    for (let row = 0; row < height; row++) {
      if (this.#copy !== undefined) {
        const from = ((y + row) * this.width + x) * 4;
        target.set(this.#copy.subarray(from, from + width * 4), row * stride);
      } else this.#reader.copy(this.#offset + (y + row) * this.#stride + x * 4, width * 4, target, row * stride);
    }
  }

  /** The pixels in place, if they lie in one piece. Throws EFAULT if the memory is gone. */
  direct(): { readonly bytes: Uint8Array; readonly stride: number } | undefined {
    if (this.#copy !== undefined) return { bytes: this.#copy, stride: this.width * 4 };
    const length = (this.height - 1) * this.#stride + this.width * 4;
    this.#reader.locate(this.#offset);
    if (this.#reader.room < length) return undefined;
    const { bytes, start } = this.#reader;
    return { bytes: bytes.subarray(start, start + length), stride: this.#stride };
  }

  /** Copies the pixels: guest memory does not stand still. Throws EFAULT if it is gone. */
  hold(): void {
    if (this.#copy !== undefined) return;
    const copy = new Uint8Array(this.width * this.height * 4);
    this.read(copy, this.width * 4);
    this.#copy = copy;
  }

  /** Lets guest memory and the copy go. */
  release(): void {
    this.#copy = undefined;
  }
}
