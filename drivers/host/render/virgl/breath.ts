/**
 * When the recorder submits though no client has ended its batch: before rings grow, and where the GPU is the CPU, when it has nothing
 * to do: it draws the first half of a picture while the second one is decoded. On others that would tear render passes for nothing.
 * @module
 */

/** Bytes in rings, and work, from which on everything is submitted. */
const MOST_BYTES = 32 * 2 ** 20;
const MOST_WORK = 4096;
/** Work that is worth a submission of its own, which costs lavapipe some 50 us in threads that wake each other: twice that. */
const EARLY_WORK = 96;

/** What a recorder has to say. */
export interface Breathing {
  /** Draws and the like since the last submission. */
  readonly work: number;
  /** The number of the submission that is being recorded. */
  readonly submission: number;
  /** Bytes in rings. */
  readonly taken: number;
  /** The last submission that the GPU has done. */
  completed(): number;
}

/** Decides. */
export class Breath {
  readonly #step: number;
  #next: number;
  #submission = 0;

  /** @param isCpu whether the GPU is the CPU. */
  constructor(isCpu: boolean) {
    this.#step = isCpu ? EARLY_WORK : Infinity;
    this.#next = this.#step;
  }

  /** Whether to submit now. Looks at the GPU now and then only. */
  due(recorder: Breathing): boolean {
    const { work, submission } = recorder;
    if (work >= MOST_WORK || recorder.taken >= MOST_BYTES) return true;
    if (submission !== this.#submission) {
      this.#submission = submission;
      this.#next = this.#step;
    }
    if (work < this.#next) return false;
    this.#next = work + this.#step;
    return recorder.completed() >= submission - 1;
  }
}
