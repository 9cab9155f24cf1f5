/**
 * Answers that wait for the renderer, in the order of their requests: a fence is answered when its work is done, and nothing
 * overtakes it. One ring of numbers, as long as the queue.
 * @module
 */

import type { DeviceQueue } from "../../../core/bus.ts";

/** The answers that wait. */
export class Pending {
  readonly #heads: Uint32Array;
  readonly #written: Uint32Array;
  readonly #batches: Float64Array;
  readonly #mask: number;
  #first = 0;
  #sealed = 0;
  #count = 0;

  /** @param size the most that can wait: descriptors of the queue, a power of two. */
  constructor(size: number) {
    this.#heads = new Uint32Array(size);
    this.#written = new Uint32Array(size);
    this.#batches = new Float64Array(size);
    this.#mask = size - 1;
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /** Adds an answer that was written already and needs to be pushed. A queue has no more buffers than descriptors. */
  add(head: number, written: number): void {
    const at = (this.#first + this.#count++) & this.#mask;
    this.#heads[at] = head;
    this.#written[at] = written;
  }

  /** What was added since waits for `batch`. */
  seal(batch: number): void {
    for (; this.#sealed < this.#count; this.#sealed++) this.#batches[(this.#first + this.#sealed) & this.#mask] = batch;
  }

  /** Pushes what waits for batches up to `completed`; whether there was any. */
  complete(queue: DeviceQueue, completed: number): boolean {
    const before = this.#sealed;
    while (this.#sealed > 0 && this.#batches[this.#first] <= completed) {
      queue.push(this.#heads[this.#first], this.#written[this.#first]);
      this.#first = (this.#first + 1) & this.#mask;
      this.#sealed--;
      this.#count--;
    }
    return this.#sealed !== before;
  }

  /** Forgets everything. */
  clear(): void {
    this.#first = this.#sealed = this.#count = 0;
  }
}
