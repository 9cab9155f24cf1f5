/**
 * A hash table from ids that somebody else chose (u32, not 0) to objects. A Map would do, were it not that V8's keeps what
 * was deleted in its chains: setting and deleting the same ids while many others live gets slower each time.
 * @module
 */

const FIRST_SLOTS = 16;

/** Ids to objects; setting, finding and deleting take the same time with 100 and with 100,000 entries. */
export class U32Map<T> {
  // Open addressing with linear probing; 0 is an empty slot. A quarter to a half of the slots is in use.
  #keys = new Uint32Array(FIRST_SLOTS);
  #values: (T | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #size = 0;

  /** Entries. */
  get size(): number {
    return this.#size;
  }

  /** The object of an id, or undefined. */
  get(id: number): T | undefined {
    const slot = this.#slot(id);
    return this.#keys[slot] === 0 ? undefined : this.#values[slot];
  }

  /** Sets or replaces the object of an id, 1 to 2^32 - 1. */
  set(id: number, value: T): void {
    let slot = this.#slot(id);
    if (this.#keys[slot] === 0) {
      if ((this.#size + 1) * 2 > this.#keys.length) {
        this.#resize(this.#keys.length * 2);
        slot = this.#slot(id);
      }
      this.#size++;
      this.#keys[slot] = id;
    }
    this.#values[slot] = value;
  }

  /** Takes an id out; whether it was there. */
  delete(id: number): boolean {
    let hole = this.#slot(id);
    if (this.#keys[hole] === 0) return false;
    const mask = this.#keys.length - 1;
    // Entries behind the hole move up, as far as their own places allow, so that no chain is cut.
    for (let slot = (hole + 1) & mask; this.#keys[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hash(this.#keys[slot]);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#keys[hole] = this.#keys[slot];
      this.#values[hole] = this.#values[slot];
      hole = slot;
    }
    this.#keys[hole] = 0;
    this.#values[hole] = undefined;
    this.#size--;
    if (this.#keys.length > FIRST_SLOTS && this.#size * 8 < this.#keys.length) this.#resize(this.#keys.length / 2);
    return true;
  }

  /** Takes everything out. */
  clear(): void {
    this.#keys = new Uint32Array(FIRST_SLOTS);
    this.#values = new Array(FIRST_SLOTS).fill(undefined);
    this.#size = 0;
  }

  /** The objects, in no order. Do not set or delete meanwhile. */
  *values(): Generator<T> {
    for (let slot = 0; slot < this.#keys.length; slot++) {
      if (this.#keys[slot] !== 0) yield this.#values[slot] as T;
    }
  }

  // Fibonacci hashing spreads the runs of small ids that drivers use.
  #hash(id: number): number {
    return (Math.imul(id, 0x9e37_79b1) >>> 7) & (this.#keys.length - 1);
  }

  #slot(id: number): number {
    const mask = this.#keys.length - 1;
    let slot = this.#hash(id);
    while (this.#keys[slot] !== 0 && this.#keys[slot] !== id) slot = (slot + 1) & mask;
    return slot;
  }

  #resize(slots: number): void {
    const keys = this.#keys, values = this.#values;
    this.#keys = new Uint32Array(slots);
    this.#values = new Array(slots).fill(undefined);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === 0) continue;
      const slot = this.#slot(keys[i]);
      this.#keys[slot] = keys[i];
      this.#values[slot] = values[i];
    }
  }
}
