/**
 * How long work took on the GPU, by its own clock.
 * @module
 */

/** The queue, as a measurement sees it. */
export interface Measured {
  /** Waits for what was recorded when it was taken. */
  waitFor(value: number): void;
}

/** A measurement of `ComputeQueue.measure`. */
export class Measurement {
  readonly #queue: Measured;
  readonly #frequency: number;
  #value = 0;
  #begin = NaN;
  #end = NaN;

  /** @internal */
  constructor(queue: Measured, frequency: number) {
    this.#queue = queue;
    this.#frequency = frequency;
  }

  /** @internal The batch of its end. */
  endsWith(value: number): void {
    this.#value = value;
  }

  /** @internal Ticks of one end. */
  set(isEnd: boolean, ticks: number): void {
    if (isEnd) this.#end = ticks;
    else this.#begin = ticks;
  }

  /** Whether it is known. */
  get isDone(): boolean {
    return !Number.isNaN(this.#end) && !Number.isNaN(this.#begin);
  }

  /** Seconds; waits for the work if it is not done. @throws {ComputeError} if the work failed */
  get seconds(): number {
    if (!this.isDone) this.#queue.waitFor(this.#value);
    return (this.#end - this.#begin) / this.#frequency;
  }
}
