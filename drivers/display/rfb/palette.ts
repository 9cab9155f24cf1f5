/**
 * What colours a rectangle of pixels has, and how they run: what ZRLE and Tight choose by.
 * @module
 */

const SLOTS = 1024;

/** The colours of the rectangle that was looked at last, up to a limit. */
export class Palette {
  /** Colours in the order of their first pixel. */
  readonly colours: Uint32Array = new Uint32Array(256);
  /** How many; 0 if there are more than the limit. */
  count = 0;
  /** Runs of one colour. */
  runs = 0;
  /** Runs of one pixel among them. */
  singles = 0;
  /** Bytes that the lengths of runs take, where 255 go on (RFC 6143, 7.7.6). */
  lengths = 0;
  // Slot of a hash: colour's index + 1; and which look filled it.
  readonly #slots = new Uint16Array(SLOTS);
  readonly #stamps = new Uint32Array(SLOTS);
  #stamp = 0;

  #slot(colour: number): number {
    let slot = Math.imul(colour, 0x9e37_79b1) >>> 22;
    while (this.#stamps[slot] === this.#stamp && this.colours[this.#slots[slot]] !== colour) {
      slot = slot + 1 & SLOTS - 1;
    }
    return slot;
  }

  /** Looks at `length` pixels. @param limit colours at most, up to 256. */
  look(pixels: Uint32Array, length: number, limit: number): void {
    this.#stamp = this.#stamp + 1 >>> 0;
    if (this.#stamp === 0) {
      this.#stamps.fill(0);
      this.#stamp = 1;
    }
    let count = 0, runs = 0, singles = 0, lengths = 0;
    for (let i = 0; i < length;) {
      const colour = pixels[i];
      const start = i++;
      while (i < length && pixels[i] === colour) i++;
      const run = i - start;
      runs++;
      lengths += 1 + ((run - 1) / 255 | 0);
      if (run === 1) singles++;
      if (count > limit) continue;
      const slot = this.#slot(colour);
      if (this.#stamps[slot] === this.#stamp) continue;
      if (count < limit) {
        this.#stamps[slot] = this.#stamp;
        this.#slots[slot] = count;
        this.colours[count] = colour;
      }
      count++;
    }
    this.count = count > limit ? 0 : count;
    this.runs = runs;
    this.singles = singles;
    this.lengths = lengths;
  }

  /** A colour's index. It must be one of them. */
  index(colour: number): number {
    return this.#slots[this.#slot(colour)];
  }
}
