/**
 * Ranges of a space of numbers, handed out and taken back: mmap offsets, guest-physical addresses. The counterpart of
 * drm_mm, with lists by size (two-level, powers of two) in place of trees.
 * @module
 */

/** A range: handed out, or a hole. */
export class Range {
  /** First number. */
  start: number;
  /** How many. */
  length: number;
  /** Whether it is a hole. */
  free = true;
  /** Neighbours in the order of addresses. */
  before: Range | undefined = undefined;
  /** Neighbours in the order of addresses. */
  after: Range | undefined = undefined;
  /** Neighbours in the list of holes of its size. */
  left: Range | undefined = undefined;
  /** Neighbours in the list of holes of its size. */
  right: Range | undefined = undefined;

  /** A hole. @param start first number. @param length how many. */
  constructor(start: number, length: number) {
    this.start = start;
    this.length = length;
  }
}

const BINS = 53;
// Holes of a list that are looked at for one that fits, before a larger one is cut.
const TRIES = 8;

function bin(length: number): number {
  return length < 0x1_0000_0000 ? 31 - Math.clz32(length) : 63 - Math.clz32(length / 0x1_0000_0000);
}

/** Hands out ranges; taking and giving back cost the same however many there are. */
export class RangeAllocator {
  // Holes of length 2^i to 2^(i+1) - 1.
  readonly #bins: (Range | undefined)[] = new Array(BINS).fill(undefined);
  readonly #first: Range;

  /** One hole, all of the space. @param start first number of the space. @param length how many; at most 2^52. */
  constructor(start: number, length: number) {
    this.#first = new Range(start, length);
    this.#link(this.#first);
  }

  /** A range of `length` (at least 1); undefined when no hole is long enough. */
  allocate(length: number): Range | undefined {
    const own = bin(length);
    let hole = this.#bins[own];
    for (let tries = 0; hole !== undefined && hole.length < length; hole = hole.right) {
      if (++tries === TRIES) {
        hole = undefined;
        break;
      }
    }
    for (let i = own + 1; hole === undefined && i < BINS; i++) hole = this.#bins[i];
    // Nothing larger is left: the list of its own size is searched to the end after all.
    for (let last = hole === undefined ? this.#bins[own] : undefined; last !== undefined; last = last.right) {
      if (last.length >= length) {
        hole = last;
        break;
      }
    }
    if (hole === undefined) return undefined;
    this.#unlink(hole);
    this.#cut(hole, length);
    return hole;
  }

  /** Takes exactly `start` to `start + length`; undefined if any of it is taken or outside. Walks the ranges: for rare use. */
  claim(start: number, length: number): Range | undefined {
    for (let range: Range | undefined = this.#first; range !== undefined; range = range.after) {
      if (start >= range.start + range.length) continue;
      if (!range.free || start < range.start || start + length > range.start + range.length) return undefined;
      this.#unlink(range);
      let taken = range;
      if (start > range.start) {
        taken = this.#insertAfter(range, start, range.start + range.length - start);
        range.length = start - range.start;
        this.#link(range);
      }
      this.#cut(taken, length);
      return taken;
    }
    return undefined;
  }

  /** Gives a range back. Once only. */
  release(range: Range): void {
    range.free = true;
    const after = range.after;
    if (after?.free) {
      this.#unlink(after);
      this.#swallow(range, after);
    }
    const before = range.before;
    if (before?.free) {
      this.#unlink(before);
      this.#swallow(before, range);
      this.#link(before);
    } else this.#link(range);
  }

  // Makes `hole`, which is in no list, a taken range of `length`; the rest becomes a hole behind it.
  #cut(hole: Range, length: number): void {
    hole.free = false;
    if (hole.length === length) return;
    const rest = this.#insertAfter(hole, hole.start + length, hole.length - length);
    hole.length = length;
    this.#link(rest);
  }

  #insertAfter(range: Range, start: number, length: number): Range {
    const made = new Range(start, length);
    made.before = range;
    made.after = range.after;
    if (range.after !== undefined) range.after.before = made;
    range.after = made;
    return made;
  }

  // `range` grows over its neighbour `after`.
  #swallow(range: Range, after: Range): void {
    range.length += after.length;
    range.after = after.after;
    if (after.after !== undefined) after.after.before = range;
  }

  #link(hole: Range): void {
    hole.free = true;
    const i = bin(hole.length);
    const head = this.#bins[i];
    hole.left = undefined;
    hole.right = head;
    if (head !== undefined) head.left = hole;
    this.#bins[i] = hole;
  }

  #unlink(hole: Range): void {
    if (hole.left !== undefined) hole.left.right = hole.right;
    else this.#bins[bin(hole.length)] = hole.right;
    if (hole.right !== undefined) hole.right.left = hole.left;
    hole.left = hole.right = undefined;
  }
}
