/**
 * A ring of memory that stays mapped: bytes are put there at once, and the GPU copies them later. What a submission used is
 * free again when its timeline value is reached.
 * @module
 */

import { type Device, type DeviceBuffer, VK_BUFFER_USAGE_TRANSFER_SRC_BIT } from "../../vulkan/mod.ts";

/** Submissions with staged bytes that can be in flight: more than a queue has command buffers. */
const MARKS = 512;

/** The ring. */
export class StagingRing implements Disposable {
  /** The VkBuffer. */
  readonly handle: bigint;
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** The same as words. */
  readonly words: Uint32Array;
  /** Bytes. */
  readonly size: number;
  readonly #buffer: DeviceBuffer;
  readonly #align: number;
  // Where the next bytes go; bytes that are taken, all in all and since the last submission.
  #at = 0;
  #used = 0;
  #open = 0;
  // The last bytes that were taken, and where they were taken from.
  #last = 0;
  #before = 0;
  // Submissions in a circle: their values, and what they took.
  readonly #values = new Float64Array(MARKS);
  readonly #taken = new Float64Array(MARKS);
  #first = 0;
  #count = 0;

  /** @param device where. @param size bytes, a multiple of 4096. Throws a VkError if memory does not suffice. */
  constructor(device: Device, size: number) {
    this.#buffer = device.createBuffer({ size, usage: VK_BUFFER_USAGE_TRANSFER_SRC_BIT, memory: "upload" });
    this.handle = this.#buffer.handle;
    this.size = size;
    this.bytes = this.#buffer.bytes;
    this.words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, size / 4);
    const optimal = Number(device.physical.limits.optimalBufferCopyOffsetAlignment);
    this.#align = Math.min(4096, Math.max(4, optimal));
  }

  /** The lowest timeline value that frees something, or 0. */
  get oldest(): number {
    return this.#count > 0 ? this.#values[this.#first] : 0;
  }
  /** Bytes that are taken. */
  get used(): number {
    return this.#used;
  }

  /** Takes `size` bytes, at most a quarter of the ring; where they begin, or -1 if there is no room now. */
  take(size: number): number {
    const length = Math.ceil(size / this.#align) * this.#align;
    const before = this.#at;
    const padding = before + length > this.size ? this.size - before : 0;
    if (this.#used + length + padding > this.size) return -1;
    const at = padding > 0 ? 0 : before;
    this.#before = before;
    this.#last = length + padding;
    this.#used += this.#last;
    this.#open += this.#last;
    this.#at = at + length === this.size ? 0 : at + length;
    return at;
  }

  /** Gives back what the last `take` gave. */
  undo(): void {
    this.#at = this.#before;
    this.#used -= this.#last;
    this.#open -= this.#last;
    this.#last = 0;
  }

  /** Makes what was written visible to the GPU. Throws a VkError. */
  flush(): void {
    const start = this.#at - this.#open;
    if (this.#open === 0) return;
    const { allocation } = this.#buffer;
    if (start >= 0) allocation.flush(start, this.#open);
    else {
      allocation.flush(0, this.#at);
      allocation.flush(this.size + start, -start);
    }
  }

  /** What was taken since the last call is used by the submission with timeline value `value`. */
  seal(value: number): void {
    if (this.#open === 0) return;
    if (this.#count === MARKS) throw new RangeError(`Cannot note a submission: ${MARKS} are in flight`);
    const mark = (this.#first + this.#count++) % MARKS;
    this.#values[mark] = value;
    this.#taken[mark] = this.#open;
    this.#open = this.#last = 0;
    this.#before = this.#at;
  }

  /** Frees what submissions up to `completed` used. */
  reclaim(completed: number): void {
    while (this.#count > 0 && this.#values[this.#first] <= completed) {
      this.#used -= this.#taken[this.#first];
      this.#first = (this.#first + 1) % MARKS;
      this.#count--;
    }
    // Beginning anew keeps the memory that is used in the CPU's cache.
    if (this.#used === 0) this.#at = 0;
  }

  /** Frees the memory; the GPU must be done with it. */
  [Symbol.dispose](): void {
    this.#buffer[Symbol.dispose]();
  }
}
