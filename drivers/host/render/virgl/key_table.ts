/**
 * A hash table whose keys are some words (Int32Array) of a fixed number: state that is looked up for each draw. Nothing is
 * allocated by a lookup.
 * @module
 */

const FIRST_SLOTS = 16;

/** The table. */
export class KeyTable<T> {
  readonly #words: number;
  // Open addressing with linear probing; a slot without value is empty. At most half are in use.
  #keys: Int32Array;
  #hashes: Int32Array = new Int32Array(FIRST_SLOTS);
  #values: (T | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #size = 0;

  /** An empty one. @param words of a key */
  constructor(words: number) {
    this.#words = words;
    this.#keys = new Int32Array(FIRST_SLOTS * words);
  }

  /** Entries. */
  get size(): number {
    return this.#size;
  }

  /** The value of a key, or undefined. @param key its first words count */
  get(key: Int32Array): T | undefined {
    return this.#values[this.#find(key, this.#hash(key))];
  }

  /** Sets or replaces a value. The key is copied. */
  set(key: Int32Array, value: T): void {
    const hash = this.#hash(key);
    let slot = this.#find(key, hash);
    if (this.#values[slot] === undefined) {
      if ((this.#size + 1) * 2 > this.#values.length) {
        this.#resize(this.#values.length * 2);
        slot = this.#find(key, hash);
      }
      this.#size++;
      this.#hashes[slot] = hash;
      const words = this.#words, at = slot * words;
      for (let i = 0; i < words; i++) this.#keys[at + i] = key[i];
    }
    this.#values[slot] = value;
  }

  /** Takes a key out. */
  delete(key: Int32Array): void {
    let hole = this.#find(key, this.#hash(key));
    if (this.#values[hole] === undefined) return;
    const mask = this.#values.length - 1, words = this.#words;
    for (let slot = (hole + 1) & mask; this.#values[slot] !== undefined; slot = (slot + 1) & mask) {
      const home = this.#hashes[slot] & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#hashes[hole] = this.#hashes[slot];
      this.#values[hole] = this.#values[slot];
      this.#keys.copyWithin(hole * words, slot * words, (slot + 1) * words);
      hole = slot;
    }
    this.#values[hole] = undefined;
    this.#size--;
  }

  /** Takes everything out. */
  clear(): void {
    if (this.#size === 0) return;
    this.#keys = new Int32Array(FIRST_SLOTS * this.#words);
    this.#hashes = new Int32Array(FIRST_SLOTS);
    this.#values = new Array(FIRST_SLOTS).fill(undefined);
    this.#size = 0;
  }

  /** The values, in no order. */
  *values(): Generator<T> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  #hash(key: Int32Array): number {
    let hash = 0x811c_9dc5 | 0;
    for (let i = 0; i < this.#words; i++) hash = Math.imul(hash ^ key[i], 0x0100_0193) + (hash >>> 15) | 0;
    return Math.imul(hash ^ hash >>> 16, 0x9e37_79b1) >>> 3;
  }

  #find(key: Int32Array, hash: number): number {
    const hashes = this.#hashes,
      values = this.#values,
      keys = this.#keys,
      words = this.#words,
      mask = values.length - 1;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      if (values[slot] === undefined) return slot;
      if (hashes[slot] !== hash) continue;
      const at = slot * words;
      let i = 0;
      while (i < words && keys[at + i] === key[i]) i++;
      if (i === words) return slot;
    }
  }

  #resize(slots: number): void {
    const keys = this.#keys, values = this.#values, hashes = this.#hashes, words = this.#words, mask = slots - 1;
    this.#keys = new Int32Array(slots * words);
    this.#values = new Array(slots).fill(undefined);
    this.#hashes = new Int32Array(slots);
    for (let old = 0; old < values.length; old++) {
      if (values[old] === undefined) continue;
      let slot = hashes[old] & mask;
      while (this.#values[slot] !== undefined) slot = (slot + 1) & mask;
      this.#values[slot] = values[old];
      this.#hashes[slot] = hashes[old];
      this.#keys.set(keys.subarray(old * words, (old + 1) * words), slot * words);
    }
  }
}
