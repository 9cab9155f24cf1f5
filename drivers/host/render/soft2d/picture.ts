/**
 * A picture of soft2d: its pixels in heap memory, exactly as the guest wrote them. Copy on write for frames that a display holds.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Backing, RenderResource } from "../../../../core/host.ts";
import { BackingReader } from "../backing_reader.ts";

/** Rows up to here are copied word by word: making a view for each costs more. Pixels. */
const LOOP_PIXELS = 192;

/** A picture that soft2d made. */
export class Picture implements RenderResource {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** VIRTIO_GPU_FORMAT_*. */
  readonly format: number;
  /** The pixels, `width * 4` bytes a row. Another array after a write to a picture that frames hold. */
  bytes: Uint8Array;
  /** Frames that hold `bytes`. */
  holders = 0;
  #words: Uint32Array;
  readonly #reader = new BackingReader();

  /** A zeroed picture. Throws ENOMEM. */
  constructor(format: number, width: number, height: number) {
    this.width = width;
    this.height = height;
    this.format = format;
    try {
      this.bytes = new Uint8Array(width * height * 4);
    } catch {
      throw new DrmError("ENOMEM", `Cannot make a picture of ${width}x${height}: no memory`);
    }
    this.#words = new Uint32Array(this.bytes.buffer);
  }

  /** Copies a rectangle from guest memory: `Renderer.transferToHost`. Throws EFAULT. */
  transfer(x: number, y: number, width: number, height: number, offset: number, backing: Backing): void {
    if (width === 0 || height === 0) return;
    if (this.holders > 0) this.#unshare();
    const reader = this.#reader;
    reader.open(backing);
    const stride = this.width * 4;
    if (x === 0 && width === this.width && width * height > LOOP_PIXELS) {
      // Rows of the whole width lie one behind the other on both sides.
      reader.copy(offset, stride * height, this.bytes, y * stride);
      return;
    }
    const length = width * 4;
    reader.locate(offset);
    if (reader.room >= (height - 1) * stride + length) return this.#rows(x, y, width, height);
    for (let row = 0; row < height; row++) {
      reader.copy(offset + row * stride, length, this.bytes, (y + row) * stride + x * 4);
    }
  }

  /** Lets guest memory go; for a picture that is destroyed. */
  close(): void {
    this.#reader.close();
  }

  /** Copies rows that all lie in the reader's slot. */
  #rows(x: number, y: number, width: number, height: number): void {
    const { words, start, bytes } = this.#reader;
    if (words !== undefined && start % 4 === 0 && width <= LOOP_PIXELS) {
      const target = this.#words;
      const pitch = this.width;
      let from = start / 4, to = y * pitch + x;
      for (let row = 0; row < height; row++) {
        for (let i = 0; i < width; i++) target[to + i] = words[from + i];
        from += pitch;
        to += pitch;
      }
      return;
    }
    const stride = this.width * 4;
    let from = start, to = y * stride + x * 4;
    for (let row = 0; row < height; row++) {
      this.bytes.set(bytes.subarray(from, from + width * 4), to);
      from += stride;
      to += stride;
    }
  }

  #unshare(): void {
    try {
      this.bytes = this.bytes.slice();
    } catch {
      throw new DrmError("ENOMEM", `Cannot write to a picture that a frame holds: no memory for a copy`);
    }
    this.#words = new Uint32Array(this.bytes.buffer);
    this.holders = 0;
  }
}
