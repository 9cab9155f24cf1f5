/**
 * The boxes that copies have touched since the last barrier in one command buffer, so that copies which do not overlap need
 * none between them. A full list asks for a barrier.
 * @module
 */

const WORDS = 8;

/** The boxes. */
export class BoxList {
  readonly #capacity: number;
  readonly #boxes: Float64Array;
  #count = 0;

  /** An empty list. @param capacity boxes; a look-up scans them all. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#boxes = new Float64Array(capacity * WORDS);
  }

  /** Forgets all. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Adds a box of a level of a resource.
   * @returns false if it overlaps one that is there, or there is no room: a barrier is due, and `clear`, and then this again.
   */
  add(
    id: number,
    level: number,
    x: number,
    y: number,
    z: number,
    width: number,
    height: number,
    depth: number,
  ): boolean {
    const boxes = this.#boxes, end = this.#count * WORDS;
    for (let i = 0; i < end; i += WORDS) {
      if (
        boxes[i] === id && boxes[i + 1] === level && x < boxes[i + 5] && boxes[i + 2] < x + width &&
        y < boxes[i + 6] && boxes[i + 3] < y + height && z < boxes[i + 7] && boxes[i + 4] < z + depth
      ) {
        return false;
      }
    }
    if (this.#count === this.#capacity) return false;
    this.#count++;
    boxes[end] = id;
    boxes[end + 1] = level;
    boxes[end + 2] = x;
    boxes[end + 3] = y;
    boxes[end + 4] = z;
    boxes[end + 5] = x + width;
    boxes[end + 6] = y + height;
    boxes[end + 7] = z + depth;
    return true;
  }
}
