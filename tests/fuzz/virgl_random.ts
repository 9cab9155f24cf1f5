/**
 * Numbers that a seed determines, for fuzzing: what it found once is found again.
 * @module
 */

/** A generator (mulberry32). */
export class Random {
  #state: number;

  /** @param seed 32 bits count. @param index of what is made, so that neighbours differ in everything */
  constructor(seed: number, index = 0) {
    this.#state = Math.imul(seed ^ Math.imul(index + 1, 0x9e37_79b1), 0x85eb_ca6b) ^ index;
  }

  /** 32 bits. */
  word(): number {
    let t = this.#state = this.#state + 0x6d2b_79f5 | 0;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return (t ^ t >>> 14) >>> 0;
  }

  /** A whole number from 0 up to, but without, `end`. */
  below(end: number): number {
    return end <= 1 ? 0 : this.word() % end;
  }

  /** Whether something of probability 1 in `n` happens. */
  one(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of a list, which is not empty. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
