/**
 * Fast blending of premultiplied ARGB8888, which gives what the exact way of blend.ts gives. With 8 bits of source s and alpha a,
 * that comes to 257 * s + round(d * (255 - a) / 255) over a target d of 16 bits; over one of 8 bits, rounded a second time, to
 * s + round(d * (255 - a) / 255). The latter holds where s <= a; other pixels take the exact way.
 * @module
 */

import { blendPremultiplied } from "./blend.ts";

/** 16 bits to 8: DIV_ROUND_CLOSEST(value, 257). @param value 0..0xffff. */
export function narrow8(value: number): number {
  const v = value + 128 | 0;
  return (v - (v >>> 8) | 0) >>> 8;
}

const exact8 = (source: number, target: number, alpha: number): number =>
  narrow8(blendPremultiplied(source * 257, target * 257, alpha * 257));

// A pixel that is brighter than its alpha allows.
function blendOdd8(p: number, q: number): number {
  const a = p >>> 24;
  return 0xff000000 | (exact8((p >>> 16) & 255, (q >>> 16) & 255, a) << 16) |
    (exact8((p >>> 8) & 255, (q >>> 8) & 255, a) << 8) | exact8(p & 255, q & 255, a);
}

/**
 * Blends words of ARGB8888 over words of XRGB8888; what comes out has its highest byte set.
 *
 * @param target the row below, and the result. @param at first word of it.
 * @param source pixels. @param from first word of them. @param count pixels.
 */
export function blendWords8(target: Int32Array, at: number, source: Int32Array, from: number, count: number): void {
  const end = from + count | 0;
  let to = at | 0;
  for (let i = from | 0; i < end; i = i + 1 | 0) {
    const p = source[i], q = target[to];
    const a = p >>> 24;
    const rb = p & 0xff00ff, g = (p >>> 8) & 255;
    // Guard bits above each channel fall where one is greater than alpha.
    if (((Math.imul(a, 0x10001) + 0x1000100 - rb | 0) & 0x1000100) !== 0x1000100 || g > a) {
      target[to] = blendOdd8(p, q);
    } else {
      const rest = 255 - a | 0;
      const u = Math.imul(q & 0xff00ff, rest) + 0x7f007f | 0;
      const v = Math.imul((q >>> 8) & 255, rest) + 127 | 0;
      // (x + 1 + (x >> 8)) >> 8 is x / 255 for 16 bits.
      const w = (u + ((u >>> 8) & 0xff00ff) | 0) + 0x10001 | 0;
      target[to] = ((p & 0xffffff) + ((w >>> 8) & 0xff00ff) + ((v + (v >>> 8) + 1 | 0) & 0xff00) | 0) | 0xff000000;
    }
    to = to + 1 | 0;
  }
}

/**
 * Blends words of ARGB8888 over a row of 16-bit channels.
 *
 * @param words the row, two words a pixel: red over alpha, blue over green. @param at first pixel of it.
 * @param source pixels. @param from first word of them. @param count pixels.
 */
export function blendWords16(words: Int32Array, at: number, source: Int32Array, from: number, count: number): void {
  const end = from + count | 0;
  let to = at * 2 | 0;
  for (let i = from | 0; i < end; i = i + 1 | 0) {
    const p = source[i];
    const low = words[to], high = words[to + 1 | 0];
    const rest = 255 - (p >>> 24) | 0;
    // Times 1/255 in floating point and cut off: right for all 24 bits.
    const r = Math.imul((p >>> 16) & 255, 257) + (((Math.imul(low >>> 16, rest) + 127 | 0) * (1 / 255)) | 0) | 0;
    const g = Math.imul((p >>> 8) & 255, 257) + (((Math.imul(high & 0xffff, rest) + 127 | 0) * (1 / 255)) | 0) | 0;
    const b = Math.imul(p & 255, 257) + (((Math.imul(high >>> 16, rest) + 127 | 0) * (1 / 255)) | 0) | 0;
    if (((r | g | b) >>> 16) === 0) {
      words[to] = (r << 16) | 0xffff;
      words[to + 1 | 0] = (b << 16) | g;
    } else {
      words[to] = (wrap(r) << 16) | 0xffff;
      words[to + 1 | 0] = (wrap(b) << 16) | wrap(g);
    }
    to = to + 2 | 0;
  }
}

// The kernel's sum of 32 bits has overflowed: 2^32 is 65537 * 65535 + 1.
const wrap = (value: number): number => value > 65536 ? value - 65537 : value & 0xffff;

/** Widens words of XRGB8888 to a row of 16-bit channels, opaque. @param at first pixel of the row. */
export function widenWords(words: Int32Array, at: number, source: Int32Array, from: number, count: number): void {
  const end = from + count | 0;
  let to = at * 2 | 0;
  for (let i = from | 0; i < end; i = i + 1 | 0) {
    const p = source[i];
    words[to] = (Math.imul((p >>> 16) & 255, 257) << 16) | 0xffff;
    words[to + 1 | 0] = (Math.imul(p & 255, 257) << 16) | Math.imul((p >>> 8) & 255, 257);
    to = to + 2 | 0;
  }
}

/** Narrows a row of 16-bit channels to words of XRGB8888, the highest byte set. @param at first pixel of the row. */
export function narrowWords(target: Int32Array, to: number, words: Int32Array, at: number, count: number): void {
  let i = at * 2 | 0;
  for (let n = 0; n < count; n = n + 1 | 0) {
    const low = words[i], high = words[i + 1 | 0];
    const r = (low >>> 16) + 128 | 0, g = (high & 0xffff) + 128 | 0, b = (high >>> 16) + 128 | 0;
    target[to + n | 0] = 0xff000000 | (((r - (r >>> 8) | 0) << 8) & 0xff0000) | ((g - (g >>> 8) | 0) & 0xff00) |
      ((b - (b >>> 8) | 0) >>> 8);
    i = i + 2 | 0;
  }
}
