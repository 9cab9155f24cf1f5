/**
 * Answers on rings of contexts (VIRTIO_GPU_FLAG_INFO_RING_IDX, virtio 1.3 section 5.7.6.7): each ring is a timeline of its own,
 * so that an answer waits for the work of its ring and for nothing else of the queue.
 * @module
 */

import type { DeviceQueue } from "../../../core/bus.ts";

/** Rings of a context. */
export const RINGS_MAX = 64;

/** A ring of a context. */
export interface Ring {
  /** The batch with its last work; Infinity for the one that is being recorded. */
  batch: number;
}

/** The answers that wait, in the order of their batches. */
export class RingAnswers {
  readonly #heads: Uint32Array;
  readonly #written: Uint32Array;
  readonly #batches: Float64Array;
  readonly #open: Ring[] = [];
  #count = 0;

  /** @param size the most that can wait: descriptors of the queue. */
  constructor(size: number) {
    this.#heads = new Uint32Array(size);
    this.#written = new Uint32Array(size);
    this.#batches = new Float64Array(size);
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds an answer that was written already and needs to be pushed. A queue has no more buffers than descriptors.
   *
   * @param ring whose it is. @param recorded whether its command has work in the batch that is being recorded.
   */
  add(ring: Ring, recorded: boolean, head: number, written: number): void {
    if (recorded && ring.batch !== Infinity) {
      ring.batch = Infinity;
      this.#open.push(ring);
    }
    const batches = this.#batches;
    let at = this.#count++;
    for (; at > 0 && batches[at - 1] > ring.batch; at--) {
      batches[at] = batches[at - 1];
      this.#heads[at] = this.#heads[at - 1];
      this.#written[at] = this.#written[at - 1];
    }
    batches[at] = ring.batch;
    this.#heads[at] = head;
    this.#written[at] = written;
  }

  /** What was recorded since is `batch`. */
  seal(batch: number): void {
    for (let i = 0; i < this.#open.length; i++) this.#open[i].batch = batch;
    this.#open.length = 0;
    for (let i = this.#count - 1; i >= 0 && this.#batches[i] === Infinity; i--) this.#batches[i] = batch;
  }

  /** Pushes what waits for batches up to `completed`; whether there was any. */
  complete(queue: DeviceQueue, completed: number): boolean {
    let done = 0;
    while (done < this.#count && this.#batches[done] <= completed) {
      queue.push(this.#heads[done], this.#written[done]);
      done++;
    }
    if (done === 0) return false;
    this.#heads.copyWithin(0, done, this.#count);
    this.#written.copyWithin(0, done, this.#count);
    this.#batches.copyWithin(0, done, this.#count);
    this.#count -= done;
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
    this.#open.length = 0;
  }
}
