/**
 * Small pictures of framebuffers: linear RGB formats of one plane whose memory the CPU reaches. Formats by drm_fourcc.h.
 * @module
 */

import {
  DRM_FORMAT_ABGR2101010,
  DRM_FORMAT_ABGR8888,
  DRM_FORMAT_ARGB2101010,
  DRM_FORMAT_ARGB8888,
  DRM_FORMAT_BGR888,
  DRM_FORMAT_BGRA8888,
  DRM_FORMAT_BGRX8888,
  DRM_FORMAT_MOD_LINEAR,
  DRM_FORMAT_RGB565,
  DRM_FORMAT_RGB888,
  DRM_FORMAT_RGBA8888,
  DRM_FORMAT_RGBX8888,
  DRM_FORMAT_XBGR2101010,
  DRM_FORMAT_XBGR8888,
  DRM_FORMAT_XRGB2101010,
  DRM_FORMAT_XRGB8888,
} from "../../uapi/drm_fourcc.ts";
import type { Framebuffer } from "../kms/framebuffer.ts";

/** A small picture. */
export interface Thumbnail {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** RGBA bytes, rows without padding, alpha not premultiplied; as base64. */
  readonly rgba: string;
}

/** A part of a framebuffer, pixels. */
export interface ThumbnailArea {
  /** Left edge. */
  readonly x: number;
  /** Top edge. */
  readonly y: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** Where the components of a pixel lie in its little-endian word: shift and bits of red, green, blue, alpha. */
interface Layout {
  readonly bytes: number;
  readonly r: number;
  readonly g: number;
  readonly b: number;
  /** Undefined: opaque. */
  readonly a?: number;
  /** Bits of red, green and blue, 8 by default; of alpha too, unless it has 2. */
  readonly bits?: readonly [number, number, number];
}

const TEN: readonly [number, number, number] = [10, 10, 10];
const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [DRM_FORMAT_XRGB8888, { bytes: 4, r: 16, g: 8, b: 0 }],
  [DRM_FORMAT_ARGB8888, { bytes: 4, r: 16, g: 8, b: 0, a: 24 }],
  [DRM_FORMAT_XBGR8888, { bytes: 4, r: 0, g: 8, b: 16 }],
  [DRM_FORMAT_ABGR8888, { bytes: 4, r: 0, g: 8, b: 16, a: 24 }],
  [DRM_FORMAT_RGBX8888, { bytes: 4, r: 24, g: 16, b: 8 }],
  [DRM_FORMAT_RGBA8888, { bytes: 4, r: 24, g: 16, b: 8, a: 0 }],
  [DRM_FORMAT_BGRX8888, { bytes: 4, r: 8, g: 16, b: 24 }],
  [DRM_FORMAT_BGRA8888, { bytes: 4, r: 8, g: 16, b: 24, a: 0 }],
  [DRM_FORMAT_RGB888, { bytes: 3, r: 16, g: 8, b: 0 }],
  [DRM_FORMAT_BGR888, { bytes: 3, r: 0, g: 8, b: 16 }],
  [DRM_FORMAT_RGB565, { bytes: 2, r: 11, g: 5, b: 0, bits: [5, 6, 5] }],
  [DRM_FORMAT_XRGB2101010, { bytes: 4, r: 20, g: 10, b: 0, bits: TEN }],
  [DRM_FORMAT_ARGB2101010, { bytes: 4, r: 20, g: 10, b: 0, a: 30, bits: TEN }],
  [DRM_FORMAT_XBGR2101010, { bytes: 4, r: 0, g: 10, b: 20, bits: TEN }],
  [DRM_FORMAT_ABGR2101010, { bytes: 4, r: 0, g: 10, b: 20, a: 30, bits: TEN }],
]);

/** Pixels that are averaged for one of the thumbnail, across and down. */
const SAMPLES = 2;

function wordAt(bytes: Uint8Array, at: number, size: number): number {
  let word = 0;
  for (let i = size - 1; i >= 0; i--) word = word << 8 | bytes[at + i];
  return word >>> 0;
}

const component = (word: number, shift: number, bits: number): number =>
  ((word >>> shift) & ((1 << bits) - 1)) * 255 / ((1 << bits) - 1);

/**
 * A small picture of a framebuffer, proportions kept. Alpha is taken as premultiplied, as planes do by default.
 *
 * @param fb what. @param area which part, clipped to the framebuffer; all by default.
 * @param maxWidth columns at most. @param maxHeight rows at most.
 * @returns undefined where there is nothing to read: memory out of the CPU's reach, a tiled layout, another format.
 */
export function thumbnail(
  fb: Framebuffer,
  maxWidth: number,
  maxHeight: number,
  area: ThumbnailArea = { x: 0, y: 0, width: fb.width, height: fb.height },
): Thumbnail | undefined {
  const layout = LAYOUTS.get(fb.format);
  const pages = fb.objects[0]?.pages;
  if (layout === undefined || pages === undefined || fb.modifier !== DRM_FORMAT_MOD_LINEAR) return undefined;
  const left = Math.max(0, Math.floor(area.x)), top = Math.max(0, Math.floor(area.y));
  const columns = Math.min(fb.width, Math.ceil(area.x + area.width)) - left;
  const rows = Math.min(fb.height, Math.ceil(area.y + area.height)) - top;
  if (!(columns > 0 && rows > 0)) return undefined;
  const scale = Math.min(1, maxWidth / columns, maxHeight / rows);
  const width = Math.max(1, Math.round(columns * scale)), height = Math.max(1, Math.round(rows * scale));
  const bytes = pages.bytes();
  const { r, g, b, a, bits = [8, 8, 8] } = layout;
  const [redBits, greenBits, blueBits] = bits;
  const alphaBits = bits === TEN ? 2 : 8;
  const out = new Uint8Array(width * height * 4);
  const across = Math.min(SAMPLES, Math.ceil(columns / width)), down = Math.min(SAMPLES, Math.ceil(rows / height));
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 4) {
      let red = 0, green = 0, blue = 0, alpha = 0;
      for (let j = 0; j < down; j++) {
        const line = top + Math.min(rows - 1, Math.floor((y + (j + 0.5) / down) * rows / height));
        for (let i = 0; i < across; i++) {
          const column = left + Math.min(columns - 1, Math.floor((x + (i + 0.5) / across) * columns / width));
          const word = wordAt(bytes, fb.offsets[0] + line * fb.pitches[0] + column * layout.bytes, layout.bytes);
          red += component(word, r, redBits);
          green += component(word, g, greenBits);
          blue += component(word, b, blueBits);
          alpha += a === undefined ? 255 : component(word, a, alphaBits);
        }
      }
      const divide = alpha === 0 ? 1 : alpha / 255;
      out[to] = Math.min(255, Math.round(red / divide));
      out[to + 1] = Math.min(255, Math.round(green / divide));
      out[to + 2] = Math.min(255, Math.round(blue / divide));
      out[to + 3] = Math.round(alpha / (across * down));
    }
  }
  return { width, height, rgba: out.toBase64() };
}
