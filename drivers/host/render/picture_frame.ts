/**
 * Frames of pictures on a GPU. One costs nothing until a display reads it; one that is held costs a copy on the GPU if the guest
 * draws meanwhile.
 * @module
 */

import type { Frame, Rect } from "../../../core/display.ts";
import { DRM_FORMAT_MOD_LINEAR } from "../../../uapi/drm_fourcc.ts";
import { checkRead, frameFormat } from "./frame_checks.ts";
import type { ReadbackBuffer } from "./readback.ts";

/** Who is told before a picture that it shows is written. */
export interface Holder {
  /** Takes what it needs of the picture, now. Throws a DrmError. */
  keep(): void;
}

/** What a frame can show. */
export interface HeldPicture {
  /** VIRTIO_GPU_FORMAT_*. */
  readonly format: number;
  /** Whether it is still there. */
  readonly open: boolean;
  /** Frames that displays hold: told, and forgotten, before it is written. */
  readonly holders: Holder[];
}

/** A copy of a frame's pixels, packed: `FrameSource.keep`'s. */
export interface Kept {
  /** Where they are. */
  readonly buffer: ReadbackBuffer;
  /** The timeline value at which they are there. */
  readonly value: number;
}

/** What frames ask of their renderer. */
export interface FrameSource<P extends HeldPicture> {
  /** Copies a rectangle of a picture to rows of `stride` bytes. Waits for the GPU. Throws EIO, ENOMEM. */
  read(picture: P, x: number, y: number, width: number, height: number, target: Uint8Array, stride: number): void;
  /** Copies a rectangle aside, before what is recorded from now on. Throws EIO, ENOMEM. */
  keep(picture: P, x: number, y: number, width: number, height: number): Kept;
  /** Waits for the GPU to reach a timeline value. Throws EIO. */
  finish(value: number): void;
  /** Frees what `keep` gave. */
  drop(kept: Kept): void;
  /** A picture lost a holder. */
  released(picture: P): void;
}

/** A frame of a rectangle of a picture. */
export class PictureFrame<P extends HeldPicture> implements Frame, Holder {
  /** DRM_FORMAT_*. */
  readonly format: number;
  /** Linear, as `read` gives it. */
  readonly modifier: bigint = DRM_FORMAT_MOD_LINEAR;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** What changed. */
  readonly damage: readonly Rect[];
  readonly #source: FrameSource<P>;
  readonly #picture: P;
  readonly #x: number;
  readonly #y: number;
  #held = false;
  #kept: Kept | undefined;

  /** @param source the renderer. @param rect which part of the picture. @param damage what changed, in pixels of the frame. */
  constructor(source: FrameSource<P>, picture: P, rect: Rect, damage: readonly Rect[]) {
    this.format = frameFormat(picture.format);
    this.width = rect.width;
    this.height = rect.height;
    this.damage = damage;
    this.#source = source;
    this.#picture = picture;
    this.#x = rect.x;
    this.#y = rect.y;
  }

  /** Copies pixels out; waits for the GPU. Throws a RangeError if they do not fit, EIO if the device is lost, ENOMEM. */
  read(target: Uint8Array, stride: number, rect?: Rect): void {
    const { x, y, width, height } = rect ?? { x: 0, y: 0, width: this.width, height: this.height };
    checkRead(this, target, stride, { x, y, width, height });
    if (width === 0 || height === 0) return;
    const kept = this.#kept;
    if (kept === undefined) this.#source.read(this.#picture, this.#x + x, this.#y + y, width, height, target, stride);
    else {
      this.#source.finish(kept.value);
      const pitch = this.width * 4;
      kept.buffer.rows(y * pitch + x * 4, pitch, width * 4, height, target, 0, stride);
    }
  }

  /** Keeps the pixels when the guest writes over them. */
  hold(): void {
    if (this.#held || !this.#picture.open) return;
    this.#held = true;
    this.#picture.holders.push(this);
  }

  /** The picture is about to be written. Throws EIO, ENOMEM. */
  keep(): void {
    this.#kept = this.#source.keep(this.#picture, this.#x, this.#y, this.width, this.height);
  }

  /** Ends `hold`. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    const kept = this.#kept, { holders } = this.#picture;
    if (kept !== undefined) {
      this.#kept = undefined;
      this.#source.drop(kept);
      return;
    }
    const index = holders.indexOf(this);
    if (index >= 0) holders.splice(index, 1);
    this.#source.released(this.#picture);
  }
}
