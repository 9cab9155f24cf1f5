/**
 * The one handle table: integer ids from 1, the lowest free one first, as the kernel's `idr_alloc(start = 1)`.
 * @module
 */

const BITS = 32;

/** What several tables may hold together: ids are small objects, but a client can ask for very many. */
export class Quota {
  /** Ids taken. */
  used = 0;
  /** Ids that may be taken. */
  readonly limit: number;

  /** Nothing taken yet. @param limit ids that may be taken at once. */
  constructor(limit: number) {
    this.limit = limit;
  }
}

/**
 * Maps ids to objects. Allocation, look-up and removal take the same time with 100 and with 100,000 entries: free ids are
 * kept in bitmap levels, each bit of a level telling whether 32 bits of the level below hold a free one.
 */
export class IdTable<T> {
  #slots: (T | undefined)[] = [];
  // levels[0] has a bit an id (1 = taken); levels[k + 1] has a bit a word of levels[k] (1 = full).
  #levels: Uint32Array[] = [new Uint32Array(1)];
  #count = 0;
  // All ids below this index are taken, so that it is where the next one is looked for first.
  #floor = 0;
  readonly #max: number;
  readonly #quota: Quota | undefined;

  /** An empty table. @param max the highest id, default 2^31 - 1. @param quota what it shares with other tables. */
  constructor(max = 0x7fff_ffff, quota?: Quota) {
    this.#max = max;
    this.#quota = quota;
  }

  /** Published and reserved ids. */
  get count(): number {
    return this.#count;
  }

  /** Takes the lowest free id without publishing it: look-ups do not see it yet. Returns 0 if none is left. */
  reserve(): number {
    const quota = this.#quota;
    if (quota !== undefined && quota.used >= quota.limit) return 0;
    const index = this.#lowestFree();
    if (index >= this.#max) return 0;
    if (quota !== undefined) quota.used++;
    this.#take(index);
    this.#floor = index + 1;
    this.#count++;
    return index + 1;
  }

  /** Makes a reserved id visible. */
  publish(id: number, value: T): void {
    this.#slots[id - 1] = value;
  }

  /** Hides an id from look-ups and keeps it taken until `remove`; its object, or undefined if there was none. */
  unpublish(id: number): T | undefined {
    const value = this.get(id);
    if (value !== undefined) this.#slots[id - 1] = undefined;
    return value;
  }

  /** Takes the lowest free id for `value`; 0 if none is left. */
  add(value: T): number {
    const id = this.reserve();
    if (id !== 0) this.#slots[id - 1] = value;
    return id;
  }

  /** The object of an id, or undefined. Any number is a legal argument. */
  get(id: number): T | undefined {
    return id > 0 && id <= this.#slots.length ? this.#slots[id - 1] : undefined;
  }

  /** Frees an id, published or reserved; returns its object. Unknown ids are ignored. */
  remove(id: number): T | undefined {
    const index = id - 1;
    if (!this.#taken(index)) return undefined;
    const value = this.#slots[index];
    this.#slots[index] = undefined;
    this.#free(index);
    this.#count--;
    if (this.#quota !== undefined) this.#quota.used--;
    return value;
  }

  /** Published ids with their objects, in ascending order. */
  *[Symbol.iterator](): Generator<[number, T]> {
    for (let i = 0; i < this.#slots.length; i++) {
      const value = this.#slots[i];
      if (value !== undefined) yield [i + 1, value];
    }
  }

  #taken(index: number): boolean {
    const word = this.#levels[0][Math.floor(index / BITS)];
    return index >= 0 && Number.isInteger(index) && word !== undefined && (word & (1 << (index % BITS))) !== 0;
  }

  #lowestFree(): number {
    const bits = this.#levels[0][this.#floor >>> 5];
    if (bits !== undefined && (bits & (1 << (this.#floor % BITS))) === 0) return this.#floor;
    let level = this.#levels.length - 1;
    let word = 0;
    if (this.#levels[level][0] === 0xffff_ffff) return this.#grow();
    for (;;) {
      const bit = Math.clz32(~this.#levels[level][word] & -~this.#levels[level][word]) ^ 31;
      const index = word * BITS + bit;
      if (level === 0) return index;
      level--;
      word = index;
      if (word >= this.#levels[level].length) this.#widen(level, word);
    }
  }

  // The top word is full: one level more, whose first bit stands for all there is.
  #grow(): number {
    this.#levels.push(Uint32Array.of(1));
    return this.#lowestFree();
  }

  #widen(level: number, word: number): void {
    const wider = new Uint32Array(Math.max(word + 1, this.#levels[level].length * 2));
    wider.set(this.#levels[level]);
    this.#levels[level] = wider;
  }

  #take(index: number): void {
    for (let level = 0; level < this.#levels.length; level++) {
      const word = Math.floor(index / BITS);
      if (word >= this.#levels[level].length) this.#widen(level, word);
      const bits = this.#levels[level];
      bits[word] |= 1 << (index % BITS);
      if (bits[word] !== 0xffff_ffff) return;
      index = word;
    }
  }

  #free(index: number): void {
    if (index < this.#floor) this.#floor = index;
    for (const bits of this.#levels) {
      const word = Math.floor(index / BITS);
      const wasFull = bits[word] === 0xffff_ffff;
      bits[word] &= ~(1 << (index % BITS));
      if (!wasFull) return;
      index = word;
    }
  }
}
