/**
 * `Tally`: how many of something processes have, each and together, so that none takes all.
 * @module
 */

/** Counts by process. */
export class Tally {
  readonly #each: number;
  readonly #all: number;
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** Nothing yet. @param each the most for one process. @param all the most for all. */
  constructor(each: number, all: number) {
    this.#each = each;
    this.#all = all;
  }

  /** All that there are. */
  get total(): number {
    return this.#total;
  }

  /** One more for a process; false if it may have no more. */
  take(pid: number): boolean {
    const count = this.#counts.get(pid) ?? 0;
    if (count >= this.#each || this.#total >= this.#all) return false;
    this.#counts.set(pid, count + 1);
    this.#total++;
    return true;
  }

  /** One less. */
  give(pid: number): void {
    const count = (this.#counts.get(pid) ?? 1) - 1;
    if (count > 0) this.#counts.set(pid, count);
    else this.#counts.delete(pid);
    this.#total--;
  }
}
