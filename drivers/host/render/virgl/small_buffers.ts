/**
 * Small buffers that resources have given up, for the next ones of their size: Mesa's fences are buffers of a few bytes, one or
 * more of them a frame, that nothing ever touches.
 * @module
 */

import type { Device, DeviceBuffer } from "../../vulkan/mod.ts";

/** The largest that are kept, bytes, and how many of each size. */
const MAX_BYTES = 1024, MAX_COUNT = 64;

/** Buffers at hand. What is in them is of no meaning. */
export class SmallBuffers implements Disposable {
  readonly #device: Device;
  readonly #usage: number;
  readonly #spare = new Map<number, DeviceBuffer[]>();
  #open = true;

  /** None yet. @param usage VkBufferUsageFlags of all of them */
  constructor(device: Device, usage: number) {
    this.#device = device;
    this.#usage = usage;
  }

  /** A buffer, an old one if there is one. @param size bytes, a multiple of 16. @throws {VkError} */
  take(size: number): DeviceBuffer {
    return this.#spare.get(size)?.pop() ?? this.#device.createBuffer({ size, usage: this.#usage });
  }

  /** Takes a buffer back that the GPU is done with. */
  give(buffer: DeviceBuffer): void {
    if (!this.#open || buffer.size > MAX_BYTES) return buffer[Symbol.dispose]();
    let spare = this.#spare.get(buffer.size);
    if (spare === undefined) this.#spare.set(buffer.size, spare = []);
    if (spare.length < MAX_COUNT) spare.push(buffer);
    else buffer[Symbol.dispose]();
  }

  /** Frees what is at hand, and what is given later. */
  [Symbol.dispose](): void {
    this.#open = false;
    for (const spare of this.#spare.values()) for (const buffer of spare) buffer[Symbol.dispose]();
    this.#spare.clear();
  }
}
