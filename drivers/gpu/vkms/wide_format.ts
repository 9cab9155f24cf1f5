/**
 * Formats of 16 bits a channel, integers and half floats, and grey ones of 1, 2 and 4 bits (drm_fourcc.h).
 * @module
 */

import * as fourcc from "../../../uapi/drm_fourcc.ts";
import type { ReadPixels, WritePixels } from "./packed_format.ts";
import { widenTable } from "./packed_format.ts";

/** A format of four channels of 16 bits. */
export interface WideFormat {
  /** Whether blue lies above red: XBGR, ABGR. */
  readonly bgr: boolean;
  /** Whether the highest channel is alpha. */
  readonly alpha: boolean;
  /** Whether channels are IEEE 754 half floats. */
  readonly float: boolean;
}

/** The formats by fourcc code. */
export const WIDE_FORMATS: ReadonlyMap<number, WideFormat> = new Map([
  [fourcc.DRM_FORMAT_XRGB16161616, { bgr: false, alpha: false, float: false }],
  [fourcc.DRM_FORMAT_ARGB16161616, { bgr: false, alpha: true, float: false }],
  [fourcc.DRM_FORMAT_XBGR16161616, { bgr: true, alpha: false, float: false }],
  [fourcc.DRM_FORMAT_ABGR16161616, { bgr: true, alpha: true, float: false }],
  [fourcc.DRM_FORMAT_XRGB16161616F, { bgr: false, alpha: false, float: true }],
  [fourcc.DRM_FORMAT_ARGB16161616F, { bgr: false, alpha: true, float: true }],
  [fourcc.DRM_FORMAT_XBGR16161616F, { bgr: true, alpha: false, float: true }],
  [fourcc.DRM_FORMAT_ABGR16161616F, { bgr: true, alpha: true, float: true }],
]);

// The value of a half float: 0..1 as 0..0xffff, the nearest; what is outside is clamped, NaN is black.
function halfValue(bits: number): number {
  const exponent = (bits >>> 10) & 31, fraction = bits & 0x3ff;
  if ((bits & 0x8000) !== 0) return 0;
  if (exponent === 31) return fraction === 0 ? 0xffff : 0;
  const value = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return Math.round(Math.min(1, value) * 65535);
}

let halves: Uint16Array | undefined;

function halfTable(): Uint16Array {
  return halves ??= Uint16Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
}

/** What reads a format of 16 bits a channel. */
export function wideReader(format: WideFormat): ReadPixels {
  const { alpha, float } = format;
  const red = format.bgr ? 0 : 4, blue = 4 - red;
  const table = float ? halfTable() : undefined;
  return (source, x, y, dx, dy, count, lanes, at) => {
    const bytes = source.bytes[0];
    const pitch = source.pitches[0];
    const step = dx * 8 + dy * pitch;
    let from = source.offsets[0] + y * pitch + x * 8;
    for (let i = at * 4, end = i + count * 4; i < end; i += 4, from += step) {
      let a = alpha ? bytes[from + 6] | (bytes[from + 7] << 8) : 0xffff;
      let r = bytes[from + red] | (bytes[from + red + 1] << 8);
      let g = bytes[from + 2] | (bytes[from + 3] << 8);
      let b = bytes[from + blue] | (bytes[from + blue + 1] << 8);
      if (table !== undefined) {
        if (alpha) a = table[a];
        r = table[r];
        g = table[g];
        b = table[b];
      }
      lanes[i] = a;
      lanes[i + 1] = r;
      lanes[i + 2] = g;
      lanes[i + 3] = b;
    }
  };
}

/** What writes a format of integers of 16 bits a channel; the channel without meaning is ones. */
export function wideWriter(format: WideFormat): WritePixels {
  const { alpha } = format;
  const red = format.bgr ? 0 : 4, blue = 4 - red;
  return (lanes, count, target, offset) => {
    for (let i = 0, to = offset; i < count * 4; i += 4, to += 8) {
      const a = alpha ? lanes[i] : 0xffff;
      target[to + 6] = a;
      target[to + 7] = a >>> 8;
      target[to + red] = lanes[i + 1];
      target[to + red + 1] = lanes[i + 1] >>> 8;
      target[to + 2] = lanes[i + 2];
      target[to + 3] = lanes[i + 2] >>> 8;
      target[to + blue] = lanes[i + 3];
      target[to + blue + 1] = lanes[i + 3] >>> 8;
    }
  };
}

/** Bits a pixel of grey formats with several pixels a byte, the first one in the highest bits. */
export const GREY_FORMATS: ReadonlyMap<number, number> = new Map([
  [fourcc.DRM_FORMAT_R1, 1],
  [fourcc.DRM_FORMAT_R2, 2],
  [fourcc.DRM_FORMAT_R4, 4],
]);

/** What reads a grey format. @param bits a pixel: 1, 2 or 4. */
export function greyReader(bits: number): ReadPixels {
  const table = widenTable(bits);
  const perByte = 8 / bits, mask = table.length - 1;
  return (source, x, y, dx, dy, count, lanes, at) => {
    const bytes = source.bytes[0];
    const offset = source.offsets[0], pitch = source.pitches[0];
    for (let i = at * 4, end = i + count * 4; i < end; i += 4, x += dx, y += dy) {
      const place = x % perByte;
      const value = table[(bytes[offset + y * pitch + (x - place) / perByte] >>> (8 - bits * (place + 1))) & mask];
      lanes[i] = 0xffff;
      lanes[i + 1] = lanes[i + 2] = lanes[i + 3] = value;
    }
  };
}
