/**
 * What the GPU has yet to write into a memory: ranges with the submission that writes them, so that the CPU knows what it
 * may read already.
 * @module
 */

/** Ranges that are told apart; more are joined to one over everything. */
const RANGES = 16;

/** The pending writes of a memory. */
export class PendingWrites {
  readonly #starts = new Float64Array(RANGES);
  readonly #ends = new Float64Array(RANGES);
  readonly #values = new Float64Array(RANGES);
  #count = 0;

  /** The submission `value` writes a range. @param completed what is done already. */
  add(start: number, end: number, value: number, completed: number): void {
    const starts = this.#starts, ends = this.#ends, values = this.#values;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      if (starts[i] === start && ends[i] === end) {
        values[i] = value;
        return;
      }
      if (values[i] <= completed) continue;
      if (kept !== i) {
        starts[kept] = starts[i];
        ends[kept] = ends[i];
        values[kept] = values[i];
      }
      kept++;
    }
    if (kept === RANGES) {
      starts[0] = 0;
      ends[0] = Infinity;
      values[0] = value;
      this.#count = 1;
      return;
    }
    starts[kept] = start;
    ends[kept] = end;
    values[kept] = value;
    this.#count = kept + 1;
  }

  /** The last submission that writes into a range; 0 for none. */
  last(start: number, end: number): number {
    let last = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#starts[i] < end && start < this.#ends[i] && this.#values[i] > last) last = this.#values[i];
    }
    return last;
  }
}
