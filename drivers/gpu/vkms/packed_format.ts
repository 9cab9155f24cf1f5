/**
 * RGB formats whose pixels are little-endian numbers of 1 to 4 bytes: where each channel lies (drm_fourcc.h), and reading and
 * writing rows of them. Mirrors the conversions of drivers/gpu/drm/vkms/vkms_formats.c.
 * @module
 */

import * as fourcc from "../../../uapi/drm_fourcc.ts";
import type { PixelSource } from "./layer.ts";

/**
 * Reads pixels into a row: `count` of them from `x`, `y` of the picture, each a step of `dx`, `dy` from the last (one of them
 * 1 or -1, the other 0), all inside the picture.
 *
 * @param lanes alpha, red, green, blue of a row. @param at the first pixel of the row to be written.
 */
export type ReadPixels = (
  source: PixelSource,
  x: number,
  y: number,
  dx: number,
  dy: number,
  count: number,
  lanes: Uint16Array,
  at: number,
) => void;

/**
 * Writes the first `count` pixels of a row.
 *
 * @param lanes alpha, red, green, blue. @param target memory. @param offset where the row begins in it, bytes.
 */
export type WritePixels = (lanes: Uint16Array, count: number, target: Uint8Array, offset: number) => void;

/** Lowest bit and number of bits of a channel. */
export type Channel = readonly [shift: number, bits: number];

/** Where the channels of a pixel lie. */
export interface PackedFormat {
  /** Bytes a pixel, 1 to 4. */
  readonly size: number;
  /** Red. */
  readonly red: Channel;
  /** Green. */
  readonly green: Channel;
  /** Blue. */
  readonly blue: Channel;
  /** Alpha; absent: opaque. */
  readonly alpha?: Channel;
}

// Channels from the highest bits down, as fourcc names have them: "xrgb" with bits of each.
function packed(order: string, ...bits: number[]): PackedFormat {
  let shift = bits.reduce((sum, n) => sum + n, 0);
  const size = shift / 8;
  const found = new Map<string, Channel>();
  [...order].forEach((name, i) => found.set(name, [shift -= bits[i], bits[i]]));
  const need = (name: string): Channel => found.get(name) ?? found.get("y") ?? [0, 0];
  return { size, red: need("r"), green: need("g"), blue: need("b"), alpha: found.get("a") };
}

/** The formats by fourcc code. */
export const PACKED_FORMATS: ReadonlyMap<number, PackedFormat> = new Map([
  [fourcc.DRM_FORMAT_XRGB8888, packed("xrgb", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_ARGB8888, packed("argb", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_XBGR8888, packed("xbgr", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_ABGR8888, packed("abgr", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_RGBX8888, packed("rgbx", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_RGBA8888, packed("rgba", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_BGRX8888, packed("bgrx", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_BGRA8888, packed("bgra", 8, 8, 8, 8)],
  [fourcc.DRM_FORMAT_RGB888, packed("rgb", 8, 8, 8)],
  [fourcc.DRM_FORMAT_BGR888, packed("bgr", 8, 8, 8)],
  [fourcc.DRM_FORMAT_RGB565, packed("rgb", 5, 6, 5)],
  [fourcc.DRM_FORMAT_BGR565, packed("bgr", 5, 6, 5)],
  [fourcc.DRM_FORMAT_XRGB1555, packed("xrgb", 1, 5, 5, 5)],
  [fourcc.DRM_FORMAT_ARGB1555, packed("argb", 1, 5, 5, 5)],
  [fourcc.DRM_FORMAT_XRGB4444, packed("xrgb", 4, 4, 4, 4)],
  [fourcc.DRM_FORMAT_ARGB4444, packed("argb", 4, 4, 4, 4)],
  [fourcc.DRM_FORMAT_XRGB2101010, packed("xrgb", 2, 10, 10, 10)],
  [fourcc.DRM_FORMAT_ARGB2101010, packed("argb", 2, 10, 10, 10)],
  [fourcc.DRM_FORMAT_XBGR2101010, packed("xbgr", 2, 10, 10, 10)],
  [fourcc.DRM_FORMAT_ABGR2101010, packed("abgr", 2, 10, 10, 10)],
  [fourcc.DRM_FORMAT_R8, packed("y", 8)],
]);

/**
 * A channel of `bits` bits widened to 16, by value. 8 bits by 257, 5 and 6 bits by the nearest of v * 65535 / 31 or 63, as the
 * kernel's vkms has them; it is never half way between two.
 */
export function widenTable(bits: number): Uint16Array {
  const max = 2 ** bits - 1;
  return Uint16Array.from({ length: max + 1 }, (_, value) => Math.round(value * 65535 / max));
}

const OPAQUE = Uint16Array.of(0xffff);

/** What reads a format. */
export function packedReader(format: PackedFormat): ReadPixels {
  const { size, red, green, blue, alpha } = format;
  const [rs, rt] = [red[0], widenTable(red[1])], [gs, gt] = [green[0], widenTable(green[1])];
  const [bs, bt] = [blue[0], widenTable(blue[1])];
  const as = alpha?.[0] ?? 0, at_ = alpha === undefined ? OPAQUE : widenTable(alpha[1]);
  const rm = rt.length - 1, gm = gt.length - 1, bm = bt.length - 1, am = at_.length - 1;
  return (source, x, y, dx, dy, count, lanes, at) => {
    const bytes = source.bytes[0];
    const pitch = source.pitches[0];
    const step = dx * size + dy * pitch;
    let from = source.offsets[0] + y * pitch + x * size;
    for (let i = at * 4, end = i + count * 4; i < end; i += 4, from += step) {
      let word = bytes[from];
      if (size > 1) word |= bytes[from + 1] << 8;
      if (size > 2) word |= bytes[from + 2] << 16;
      if (size > 3) word |= bytes[from + 3] << 24;
      lanes[i] = at_[(word >>> as) & am];
      lanes[i + 1] = rt[(word >>> rs) & rm];
      lanes[i + 2] = gt[(word >>> gs) & gm];
      lanes[i + 3] = bt[(word >>> bs) & bm];
    }
  };
}

// 8 bits: DIV_ROUND_CLOSEST(v, 257). 5 and 6 bits are rounded down in the kernel's vkms; of the others the nearest.
function narrow(value: number, bits: number): number {
  const max = 2 ** bits - 1;
  if (bits === 5 || bits === 6) return Math.floor(value * max / 65535);
  return Math.floor((value * max + 32767) / 65535);
}

/** What writes a format; bits without meaning are ones. */
export function packedWriter(format: PackedFormat): WritePixels {
  const { size, red, green, blue, alpha } = format;
  let unused = size === 4 ? -1 : 2 ** (size * 8) - 1;
  for (const [shift, bits] of [red, green, blue, ...alpha === undefined ? [] : [alpha]]) {
    unused &= ~((2 ** bits - 1) << shift);
  }
  return (lanes, count, target, offset) => {
    for (let i = 0, to = offset; i < count * 4; i += 4, to += size) {
      let word = unused | (narrow(lanes[i + 1], red[1]) << red[0]) | (narrow(lanes[i + 2], green[1]) << green[0]) |
        (narrow(lanes[i + 3], blue[1]) << blue[0]);
      if (alpha !== undefined) word |= narrow(lanes[i], alpha[1]) << alpha[0];
      for (let byte = 0; byte < size; byte++) target[to + byte] = word >>> (byte * 8);
    }
  };
}
