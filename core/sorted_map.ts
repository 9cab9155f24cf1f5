/**
 * `SortedMap`: values by number, in order. The counterpart of the kernel's interval and red-black trees.
 * @module
 */

// Values stand in runs of at most so many, so that inserting moves few, and few runs have to be searched.
const RUN = 256;

interface Run<V> {
  readonly keys: number[];
  readonly values: V[];
}

/** A map from numbers to values that can be walked in the order of keys. Takes logarithmic time, and moves at most a run. */
export class SortedMap<V> {
  #runs: Run<V>[] = [];
  #size = 0;

  /** Entries. */
  get size(): number {
    return this.#size;
  }

  /** The value of a key. */
  get(key: number): V | undefined {
    const run = this.#runs[this.#run(key)];
    if (run === undefined) return undefined;
    const at = lowerBound(run.keys, key);
    return run.keys[at] === key ? run.values[at] : undefined;
  }

  /** Puts in a value, in place of the one that the key had. */
  set(key: number, value: V): void {
    if (this.#runs.length === 0) this.#runs.push({ keys: [], values: [] });
    const index = Math.max(0, this.#run(key));
    const { keys, values } = this.#runs[index];
    const at = lowerBound(keys, key);
    if (keys[at] === key) {
      values[at] = value;
      return;
    }
    keys.splice(at, 0, key);
    values.splice(at, 0, value);
    this.#size++;
    if (keys.length > RUN) {
      this.#runs.splice(index + 1, 0, { keys: keys.splice(RUN / 2), values: values.splice(RUN / 2) });
    }
  }

  /** Takes out a key; false if it was not there. */
  delete(key: number): boolean {
    const index = this.#run(key);
    const run = this.#runs[index];
    if (run === undefined) return false;
    const at = lowerBound(run.keys, key);
    if (run.keys[at] !== key) return false;
    run.keys.splice(at, 1);
    run.values.splice(at, 1);
    this.#size--;
    if (run.keys.length === 0) this.#runs.splice(index, 1);
    return true;
  }

  /** The value of the greatest key below `key`. */
  below(key: number): V | undefined {
    for (let index = this.#run(key); index >= 0; index--) {
      const run = this.#runs[index];
      const at = lowerBound(run.keys, key);
      if (at > 0) return run.values[at - 1];
    }
    return undefined;
  }

  /** Values of keys from `key` on, in order. The map must not change meanwhile. */
  *from(key: number): Generator<V> {
    for (let index = Math.max(0, this.#run(key)); index < this.#runs.length; index++) {
      const { keys, values } = this.#runs[index];
      for (let at = lowerBound(keys, key); at < keys.length; at++) yield values[at];
    }
  }

  // The last run that begins at or below `key`; -1 for a key below all.
  #run(key: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle].keys[0] <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function lowerBound(keys: readonly number[], key: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
