/**
 * Pixels from the GPU to the CPU: a buffer that a rectangle is copied into, and its rows out of it.
 * @module
 */

import { type Device, type DeviceBuffer, VK_BUFFER_USAGE_TRANSFER_DST_BIT } from "../vulkan/mod.ts";
import type { Holdings } from "./holdings.ts";

/** A buffer of packed rows that the CPU reads. */
export class ReadbackBuffer implements Disposable {
  readonly #buffer: DeviceBuffer;
  readonly #holdings: Holdings;

  /** @param device where. @param holdings what it is counted against. @param size bytes. Throws ENOMEM, or a VkError. */
  constructor(device: Device, holdings: Holdings, size: number) {
    this.#holdings = holdings;
    const options = { size, usage: VK_BUFFER_USAGE_TRANSFER_DST_BIT, memory: "readback" } as const;
    this.#buffer = holdings.take(this, size, () => device.createBuffer(options));
  }

  /** The VkBuffer. */
  get handle(): bigint {
    return this.#buffer.handle;
  }
  /** Bytes. */
  get size(): number {
    return this.#buffer.size;
  }

  /**
   * Copies rows out, once the GPU has written them.
   *
   * @param start of the first pixel, bytes. @param pitch bytes from row to row here. @param at of the first pixel in `target`.
   */
  rows(
    start: number,
    pitch: number,
    length: number,
    count: number,
    target: Uint8Array,
    at: number,
    stride: number,
  ): void {
    const { bytes, allocation } = this.#buffer;
    const size = (count - 1) * pitch + length;
    allocation.invalidate(start, size);
    if (length === pitch && pitch === stride) target.set(bytes.subarray(start, start + size), at);
    else {
      for (let row = 0, from = start, to = at; row < count; row++, from += pitch, to += stride) {
        target.set(bytes.subarray(from, from + length), to);
      }
    }
  }

  /** Frees the memory; the GPU must be done with it. */
  [Symbol.dispose](): void {
    this.#buffer[Symbol.dispose]();
    this.#holdings.remove(this, this.size);
  }
}
