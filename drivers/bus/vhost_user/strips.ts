/**
 * Which pixels of a screen its viewer has not seen: strips of rows, each with the columns that changed. It takes any number of
 * changes, and as much room for a million as for one.
 * @module
 */

/** Rows of a strip. */
export const STRIP_ROWS = 16;

/** The strips of one screen. */
export class Strips {
  #left = new Int32Array(0);
  #right = new Int32Array(0);
  #width = 0;
  #height = 0;
  #count = 0;
  #next = 0;

  /** Whether everything was seen. */
  get empty(): boolean {
    return this.#count === 0;
  }

  /** Begins anew for a screen of another size, of which nothing was seen. */
  reset(width: number, height: number): void {
    const strips = Math.ceil(height / STRIP_ROWS);
    if (this.#left.length !== strips) {
      this.#left = new Int32Array(strips);
      this.#right = new Int32Array(strips);
    }
    this.#width = width;
    this.#height = height;
    this.#left.fill(0);
    this.#right.fill(width);
    this.#count = width > 0 ? strips : 0;
    this.#next = 0;
  }

  /** Everything was seen. */
  clear(): void {
    this.#left.fill(0);
    this.#right.fill(0);
    this.#count = 0;
  }

  /** A rectangle has changed; what of it is outside the screen does not count. */
  mark(x: number, y: number, width: number, height: number): void {
    const left = Math.max(0, x), right = Math.min(this.#width, x + width);
    const top = Math.max(0, y), bottom = Math.min(this.#height, y + height);
    if (left >= right || top >= bottom) return;
    const last = Math.floor((bottom - 1) / STRIP_ROWS);
    for (let strip = Math.floor(top / STRIP_ROWS); strip <= last; strip++) {
      if (this.#right[strip] === 0) {
        this.#count++;
        this.#left[strip] = left;
        this.#right[strip] = right;
      } else {
        this.#left[strip] = Math.min(this.#left[strip], left);
        this.#right[strip] = Math.max(this.#right[strip], right);
      }
    }
  }

  /**
   * Takes out what to show next: strips that lie one below the other and have the same columns. It goes round: a screen that
   * changes all the time is shown evenly.
   *
   * @param target x, y, width, height are stored here. @param pixels about how many at most. @returns false if there is nothing
   */
  take(target: { x: number; y: number; width: number; height: number }, pixels: number): boolean {
    if (this.#count === 0) return false;
    const strips = this.#left.length;
    let strip = this.#next % strips;
    while (this.#right[strip] === 0) strip = (strip + 1) % strips;
    const left = this.#left[strip], right = this.#right[strip];
    const most = Math.max(1, Math.floor(pixels / ((right - left) * STRIP_ROWS)));
    let end = strip;
    while (end < strips && end - strip < most && this.#left[end] === left && this.#right[end] === right) {
      this.#left[end] = this.#right[end] = 0;
      this.#count--;
      end++;
    }
    this.#next = end;
    target.x = left;
    target.y = strip * STRIP_ROWS;
    target.width = right - left;
    target.height = Math.min(this.#height, end * STRIP_ROWS) - target.y;
    return true;
  }
}
