/**
 * Drawing on a linear scanout buffer with nothing but the CPU: fill a rectangle, write text. Mirrors
 * drivers/gpu/drm/drm_draw.c and struct drm_scanout_buffer.
 * @module
 */

import {
  DRM_FORMAT_ABGR2101010,
  DRM_FORMAT_ABGR8888,
  DRM_FORMAT_ARGB1555,
  DRM_FORMAT_ARGB2101010,
  DRM_FORMAT_ARGB8888,
  DRM_FORMAT_RGB565,
  DRM_FORMAT_RGB888,
  DRM_FORMAT_RGBA5551,
  DRM_FORMAT_XBGR8888,
  DRM_FORMAT_XRGB1555,
  DRM_FORMAT_XRGB2101010,
  DRM_FORMAT_XRGB8888,
} from "../../uapi/mod.ts";
import { FONT_HEIGHT, FONT_WIDTH, fontRow } from "./panic_font.ts";

/** What a plane scans out (struct drm_scanout_buffer). */
export interface ScanoutBuffer {
  /** fourcc code. */
  readonly format: number;
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** Bytes a line. */
  readonly pitch: number;
  /** Where it begins; not used with `setPixel`. */
  readonly bytes: Uint8Array;
  /** Sets a pixel, for memory that is not linear. @param color in the buffer's format. */
  setPixel?(x: number, y: number, color: number): void;
}

/** Whether the core draws on a format, and how many bytes its pixels have. */
const BYTES: ReadonlyMap<number, number> = new Map([
  [DRM_FORMAT_RGB565, 2],
  [DRM_FORMAT_RGBA5551, 2],
  [DRM_FORMAT_XRGB1555, 2],
  [DRM_FORMAT_ARGB1555, 2],
  [DRM_FORMAT_RGB888, 3],
  [DRM_FORMAT_XRGB8888, 4],
  [DRM_FORMAT_ARGB8888, 4],
  [DRM_FORMAT_XBGR8888, 4],
  [DRM_FORMAT_ABGR8888, 4],
  [DRM_FORMAT_XRGB2101010, 4],
  [DRM_FORMAT_ARGB2101010, 4],
  [DRM_FORMAT_ABGR2101010, 4],
]);

// Eight bits as ten: the most significant ones come again below.
const ten = (value: number): number => value << 2 | value >> 6;

/** drm_draw_color_from_xrgb8888: a colour in a format; undefined for formats that are not drawn on. */
export function colorFromXrgb8888(color: number, format: number): number | undefined {
  const r = color >> 16 & 0xff, g = color >> 8 & 0xff, b = color & 0xff;
  const rgb555 = r >> 3 << 10 | g >> 3 << 5 | b >> 3;
  const rgb888 = color & 0xff_ffff;
  const bgr888 = b << 16 | g << 8 | r;
  switch (format) {
    case DRM_FORMAT_RGB565:
      return r >> 3 << 11 | g >> 2 << 5 | b >> 3;
    case DRM_FORMAT_RGBA5551:
      return rgb555 << 1 | 1;
    case DRM_FORMAT_XRGB1555:
      return rgb555;
    case DRM_FORMAT_ARGB1555:
      return 0x8000 | rgb555;
    case DRM_FORMAT_RGB888:
    case DRM_FORMAT_XRGB8888:
      return rgb888;
    case DRM_FORMAT_ARGB8888:
      return (0xff00_0000 | rgb888) >>> 0;
    case DRM_FORMAT_XBGR8888:
      return bgr888;
    case DRM_FORMAT_ABGR8888:
      return (0xff00_0000 | bgr888) >>> 0;
    case DRM_FORMAT_XRGB2101010:
      return ten(r) << 20 | ten(g) << 10 | ten(b);
    case DRM_FORMAT_ARGB2101010:
      return (3 << 30 | ten(r) << 20 | ten(g) << 10 | ten(b)) >>> 0;
    case DRM_FORMAT_ABGR2101010:
      return (3 << 30 | ten(b) << 20 | ten(g) << 10 | ten(r)) >>> 0;
    default:
      return undefined;
  }
}

/** Whether a buffer can be drawn on: a known format, and memory for all its pixels. */
export function canDraw(buffer: ScanoutBuffer): boolean {
  const { width, height, pitch, bytes } = buffer;
  const cpp = BYTES.get(buffer.format);
  if (cpp === undefined || !(width > 0) || !(height > 0)) return false;
  if (buffer.setPixel !== undefined) return true;
  return pitch >= width * cpp && bytes.length >= pitch * (height - 1) + width * cpp;
}

/** A buffer to draw on. */
export class Canvas {
  /** Pixels. */
  readonly width: number;
  /** Lines. */
  readonly height: number;
  /** How many pixels wide and high a dot of a character is. */
  readonly scale: number;
  readonly #buffer: ScanoutBuffer;
  readonly #cpp: number;

  /** Use {@linkcode canDraw} first. @param buffer where to. */
  constructor(buffer: ScanoutBuffer) {
    this.#buffer = buffer;
    this.#cpp = BYTES.get(buffer.format) ?? 4;
    this.width = buffer.width;
    this.height = buffer.height;
    // As get_default_font: dots grow with the screen, so that some 80 characters stay in a line.
    this.scale = Math.max(1, Math.min(8, Math.floor(Math.min(buffer.width / 400, buffer.height / 300))));
  }

  /** Characters in a line. */
  get columns(): number {
    return Math.floor(this.width / this.charWidth);
  }

  /** Pixels from one character to the next. */
  get charWidth(): number {
    return FONT_WIDTH * this.scale;
  }

  /** Pixels from one line of text to the next. */
  get charHeight(): number {
    return FONT_HEIGHT * this.scale;
  }

  /** A colour in the buffer's format. @param color XRGB8888. */
  color(color: number): number {
    return colorFromXrgb8888(color, this.#buffer.format) ?? 0;
  }

  /** Fills a rectangle, clipped to the buffer. @param color in the buffer's format. */
  fill(x: number, y: number, width: number, height: number, color: number): void {
    const left = Math.max(0, x), right = Math.min(this.width, x + width);
    const top = Math.max(0, y), bottom = Math.min(this.height, y + height);
    if (left >= right || top >= bottom) return;
    const buffer = this.#buffer;
    if (buffer.setPixel !== undefined) {
      for (let line = top; line < bottom; line++) {
        for (let column = left; column < right; column++) buffer.setPixel(column, line, color);
      }
      return;
    }
    // A line of it, then copies of that.
    const { bytes, pitch } = buffer;
    const cpp = this.#cpp;
    const start = top * pitch + left * cpp, end = top * pitch + right * cpp;
    for (let at = start; at < end; at += cpp) {
      for (let i = 0; i < cpp; i++) bytes[at + i] = color >>> (8 * i);
    }
    for (let line = 1; line < bottom - top; line++) bytes.copyWithin(start + line * pitch, start, end);
  }

  /** Writes text in one line; what leaves the buffer is cut off. Characters beyond ASCII are boxes. */
  text(x: number, y: number, text: string, color: number): void {
    const { scale, charWidth } = this;
    let left = x;
    for (const letter of text) {
      if (left >= this.width) return;
      const code = letter.codePointAt(0) ?? 0;
      for (let row = 0; row < FONT_HEIGHT; row++) {
        const dots = fontRow(code, row);
        for (let dot = 0; dots >> dot !== 0; dot++) {
          if ((dots >> dot & 1) !== 0) this.fill(left + dot * scale, y + row * scale, scale, scale, color);
        }
      }
      left += charWidth;
    }
  }
}
