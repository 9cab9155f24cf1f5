/**
 * Pixels of frames as displays want them: RGBA bytes, with the cursor composed over. Formats by drm_fourcc.h.
 * @module
 */

import type { CursorImage, Frame, Rect } from "../../core/display.ts";
import {
  DRM_FORMAT_ABGR8888,
  DRM_FORMAT_ARGB8888,
  DRM_FORMAT_BGRA8888,
  DRM_FORMAT_BGRX8888,
  DRM_FORMAT_RGBA8888,
  DRM_FORMAT_RGBX8888,
  DRM_FORMAT_XBGR8888,
  DRM_FORMAT_XRGB8888,
} from "../../uapi/drm_fourcc.ts";

/** A picture in memory: `width * height * 4` bytes, red first, opaque where a scanout has no alpha. */
export interface Picture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** RGBA, rows without padding. */
  readonly data: Uint8Array;
}

/** Byte places of red, green, blue in a pixel of 4 bytes in memory. */
interface Order {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

// A fourcc names components from the highest bits of a little-endian word: XRGB8888 lies as B, G, R, X.
const ORDERS: ReadonlyMap<number, Order> = new Map([
  [DRM_FORMAT_XRGB8888, { r: 2, g: 1, b: 0 }],
  [DRM_FORMAT_ARGB8888, { r: 2, g: 1, b: 0 }],
  [DRM_FORMAT_XBGR8888, { r: 0, g: 1, b: 2 }],
  [DRM_FORMAT_ABGR8888, { r: 0, g: 1, b: 2 }],
  [DRM_FORMAT_RGBX8888, { r: 3, g: 2, b: 1 }],
  [DRM_FORMAT_RGBA8888, { r: 3, g: 2, b: 1 }],
  [DRM_FORMAT_BGRX8888, { r: 1, g: 2, b: 3 }],
  [DRM_FORMAT_BGRA8888, { r: 1, g: 2, b: 3 }],
]);

function orderOf(format: number): Order {
  const order = ORDERS.get(format);
  if (order === undefined) {
    throw new TypeError(`Cannot show format 0x${format.toString(16)}: displays take 32-bit RGB formats`);
  }
  return order;
}

/** Formats that displays can show. */
export const DISPLAY_FORMATS: readonly number[] = [...ORDERS.keys()];

/**
 * Turns pixels of 4 bytes into opaque RGBA. A screen has nothing behind it: alpha of a scanout is ignored.
 *
 * @param format DRM_FORMAT_*. @param source pixels. @param target as many bytes. @throws {TypeError} for a format that displays cannot show.
 */
export function toRgba(format: number, source: Uint8Array, target: Uint8Array): void {
  const { r, g, b } = orderOf(format);
  for (let i = 0; i + 3 < source.length; i += 4) {
    target[i] = source[i + r];
    target[i + 1] = source[i + g];
    target[i + 2] = source[i + b];
    target[i + 3] = 255;
  }
}

/** Turns pixels of 4 bytes into XRGB8888, in place, as {@linkcode toRgba} does. @throws {TypeError} for a format that displays cannot show. */
export function toXrgb(format: number, pixels: Uint8Array): void {
  const { r, g, b } = orderOf(format);
  if (r === 2 && g === 1 && b === 0) return;
  for (let i = 0; i + 3 < pixels.length; i += 4) {
    const red = pixels[i + r], green = pixels[i + g], blue = pixels[i + b];
    pixels[i] = blue;
    pixels[i + 1] = green;
    pixels[i + 2] = red;
    pixels[i + 3] = 255;
  }
}

/** Composes a premultiplied ARGB8888 cursor over a picture, its top left corner at x, y; what hangs over is clipped. */
export function composeCursor(picture: Picture, image: CursorImage, x: number, y: number): void {
  for (let row = Math.max(0, -y); row < image.height && y + row < picture.height; row++) {
    for (let column = Math.max(0, -x); column < image.width && x + column < picture.width; column++) {
      const s = (row * image.width + column) * 4;
      const t = ((y + row) * picture.width + x + column) * 4;
      const rest = 255 - image.bytes[s + 3];
      for (let c = 0; c < 3; c++) {
        picture.data[t + c] = Math.min(255, image.bytes[s + 2 - c] + Math.round(picture.data[t + c] * rest / 255));
      }
    }
  }
}

/** A cursor made smaller by averaging blocks of `factor` by `factor` pixels; premultiplied alpha averages like a colour. */
export function shrinkCursor(image: CursorImage, factor: number): CursorImage {
  const width = Math.max(1, Math.floor(image.width / factor));
  const height = Math.max(1, Math.floor(image.height / factor));
  const bytes = new Uint8Array(width * height * 4);
  for (let i = 0; i < bytes.length; i++) {
    const x = (i >> 2) % width * factor, y = Math.floor((i >> 2) / width) * factor;
    let sum = 0;
    for (let block = 0; block < factor * factor; block++) {
      const row = y + Math.floor(block / factor), column = x + block % factor;
      sum += image.bytes[(row * image.width + column) * 4 + (i & 3)] ?? 0;
    }
    bytes[i] = Math.round(sum / (factor * factor));
  }
  return { width, height, bytes, hotX: Math.floor(image.hotX / factor), hotY: Math.floor(image.hotY / factor) };
}

/** A display's own copy of what a scanout shows, kept up to date by damage. */
export class Shadow {
  #raw = new Uint8Array(0);
  #format = 0;
  /** Columns; 0 while the scanout is off. */
  width = 0;
  /** Rows. */
  height = 0;

  /** Takes in a frame: what changed of it, or all of it. */
  update(frame: Frame): void {
    const fresh = frame.width !== this.width || frame.height !== this.height || frame.format !== this.#format;
    if (fresh) {
      this.width = frame.width;
      this.height = frame.height;
      this.#format = frame.format;
      this.#raw = new Uint8Array(frame.width * frame.height * 4);
    }
    const stride = this.width * 4;
    if (fresh || frame.damage.length === 0) return frame.read(this.#raw, stride);
    for (const rect of frame.damage) this.#read(frame, rect, stride);
  }

  #read(frame: Frame, rect: Rect, stride: number): void {
    if (rect.width === 0 || rect.height === 0) return;
    const start = rect.y * stride + rect.x * 4;
    frame.read(this.#raw.subarray(start, start + (rect.height - 1) * stride + rect.width * 4), stride, rect);
  }

  /** The scanout is off. */
  clear(): void {
    this.width = this.height = 0;
    this.#raw = new Uint8Array(0);
  }

  /** What the scanout shows, without cursor. */
  picture(): Picture {
    const data = new Uint8Array(this.#raw.length);
    if (data.length > 0) toRgba(this.#format, this.#raw, data);
    return { width: this.width, height: this.height, data };
  }

  /** What the scanout shows, made smaller by averaging blocks of `factor` by `factor` pixels; a block that is not whole is left out. */
  shrunk(factor: number): Picture {
    const width = Math.max(1, Math.floor(this.width / factor));
    const height = Math.max(1, Math.floor(this.height / factor));
    const { r, g, b } = orderOf(this.#format);
    const data = new Uint8Array(width * height * 4);
    const raw = this.#raw;
    const pixels = factor * factor;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let red = 0, green = 0, blue = 0;
        for (let row = 0; row < factor; row++) {
          let at = ((y * factor + row) * this.width + x * factor) * 4;
          for (let column = 0; column < factor; column++, at += 4) {
            red += raw[at + r];
            green += raw[at + g];
            blue += raw[at + b];
          }
        }
        const to = (y * width + x) * 4;
        data[to] = Math.round(red / pixels);
        data[to + 1] = Math.round(green / pixels);
        data[to + 2] = Math.round(blue / pixels);
        data[to + 3] = 255;
      }
    }
    return { width, height, data };
  }

  /** The bytes as the scanout has them, in its format. */
  get raw(): Uint8Array {
    return this.#raw;
  }

  /** The scanout's format, DRM_FORMAT_*. */
  get format(): number {
    return this.#format;
  }
}
