/** Best-fit allocation of ranges of one block, with neighbours merged when freed. Plain numbers: it knows nothing of Vulkan. */

/** The free ranges of `size` units. */
export class Ranges {
  /** Units in all. */
  readonly size: number;
  readonly #offsets: number[];
  readonly #sizes: number[];
  #free: number;

  /** Makes one free range of everything. @param size units, a positive integer */
  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size <= 0) throw new RangeError(`Cannot divide a block of ${size} bytes`);
    this.size = size;
    this.#offsets = [0];
    this.#sizes = [size];
    this.#free = size;
  }

  /** Units that are free. */
  get free(): number {
    return this.#free;
  }

  /** Whether nothing is allocated. */
  get isEmpty(): boolean {
    return this.#free === this.size;
  }

  /** How many separate free ranges there are. */
  get fragments(): number {
    return this.#offsets.length;
  }

  /**
   * Takes the smallest free range that fits.
   * @param size units, above 0
   * @param align a power of two
   * @returns the offset, or -1 when nothing fits
   */
  alloc(size: number, align: number): number {
    if (!(size > 0) || size > this.#free) return -1;
    let best = -1, bestSize = Infinity;
    for (let i = 0; i < this.#sizes.length; i++) {
      const room = this.#sizes[i];
      if (room < size || room >= bestSize) continue;
      const padding = alignUp(this.#offsets[i], align) - this.#offsets[i];
      if (room < size + padding) continue;
      best = i;
      bestSize = room;
      if (room === size) break;
    }
    if (best < 0) return -1;
    const start = this.#offsets[best], end = start + bestSize;
    const at = alignUp(start, align);
    const before = at - start, after = end - at - size;
    if (before > 0 && after > 0) {
      this.#sizes[best] = before;
      this.#offsets.splice(best + 1, 0, at + size);
      this.#sizes.splice(best + 1, 0, after);
    } else if (before > 0) this.#sizes[best] = before;
    else if (after > 0) {
      this.#offsets[best] = at + size;
      this.#sizes[best] = after;
    } else {
      this.#offsets.splice(best, 1);
      this.#sizes.splice(best, 1);
    }
    this.#free -= size;
    return at;
  }

  /**
   * Gives a range back.
   * @throws {RangeError} when part of it is free already
   */
  release(offset: number, size: number): void {
    let low = 0, high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offsets[middle] < offset) low = middle + 1;
      else high = middle;
    }
    const end = offset + size;
    const before = low > 0 ? this.#offsets[low - 1] + this.#sizes[low - 1] : -1;
    const after = low < this.#offsets.length ? this.#offsets[low] : Infinity;
    if (offset < 0 || end > this.size || before > offset || after < end) {
      throw new RangeError(`Cannot free ${size} bytes at ${offset}: part of it is not allocated`);
    }
    this.#free += size;
    if (before === offset && after === end) {
      this.#sizes[low - 1] += size + this.#sizes[low];
      this.#offsets.splice(low, 1);
      this.#sizes.splice(low, 1);
    } else if (before === offset) this.#sizes[low - 1] += size;
    else if (after === end) {
      this.#offsets[low] = offset;
      this.#sizes[low] += size;
    } else {
      this.#offsets.splice(low, 0, offset);
      this.#sizes.splice(low, 0, size);
    }
  }
}

/** Rounds up to a multiple of a power of two; exact to 2^53. */
export function alignUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}
