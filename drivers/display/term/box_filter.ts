/**
 * Makes a screen's pixels smaller: each pixel of the result is the average of those that it stands for.
 * @module
 */

import type { ViewerCursor } from "../screen_source.ts";

/** A size in pixels. */
export interface Size {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/**
 * The largest size within `room` with the proportions of `screen`, whose pixels are `aspect` times as high as wide.
 *
 * @param screen what is shown. @param room what there is. @param aspect height over width of a pixel of the room; 1 for square ones.
 */
export function fit(screen: Size, room: Size, aspect = 1): Size {
  const scale = Math.min(room.width / screen.width, room.height * aspect / screen.height);
  return {
    width: Math.max(1, Math.min(room.width, Math.round(screen.width * scale))),
    height: Math.max(1, Math.min(room.height, Math.round(screen.height * scale / aspect))),
  };
}

/**
 * Scales XRGB8888, words without padding, to RGB, 3 bytes a pixel. Where the result is larger than the source, pixels are repeated.
 *
 * @param source `from.width * from.height` words. @param from its size. @param target `to.width * to.height * 3` bytes.
 * @param to the size wanted.
 */
export function boxFilter(source: Uint32Array, from: Size, target: Uint8Array, to: Size): void {
  const starts = new Int32Array(to.width), ends = new Int32Array(to.width);
  for (let x = 0; x < to.width; x++) {
    starts[x] = Math.floor(x * from.width / to.width);
    ends[x] = Math.max(starts[x] + 1, Math.floor((x + 1) * from.width / to.width));
  }
  const sums = new Float64Array(to.width * 3);
  let out = 0;
  for (let y = 0; y < to.height; y++) {
    const top = Math.floor(y * from.height / to.height);
    const bottom = Math.max(top + 1, Math.floor((y + 1) * from.height / to.height));
    sums.fill(0);
    for (let row = top; row < bottom; row++) {
      const line = row * from.width;
      for (let x = 0, s = 0; x < to.width; x++, s += 3) {
        let red = 0, green = 0, blue = 0;
        for (let at = line + starts[x], end = line + ends[x]; at < end; at++) {
          const word = source[at];
          blue += word & 0xff;
          green += word >> 8 & 0xff;
          red += word >> 16 & 0xff;
        }
        sums[s] += red;
        sums[s + 1] += green;
        sums[s + 2] += blue;
      }
    }
    for (let x = 0, s = 0; x < to.width; x++, s += 3) {
      const count = (bottom - top) * (ends[x] - starts[x]);
      target[out++] = Math.round(sums[s] / count);
      target[out++] = Math.round(sums[s + 1] / count);
      target[out++] = Math.round(sums[s + 2] / count);
    }
  }
}

/**
 * Draws a cursor over what `boxFilter` made.
 *
 * @param rgb 3 bytes a pixel. @param size its size. @param screen the size of the screen that it shows. @param cursor its image.
 * @param x column of its hot spot on the screen. @param y row of it.
 */
export function drawCursor(
  rgb: Uint8Array,
  size: Size,
  screen: Size,
  cursor: ViewerCursor,
  x: number,
  y: number,
): void {
  const { width, height, bytes } = cursor;
  const left = x - cursor.hotX, top = y - cursor.hotY;
  const across = screen.width / size.width, down = screen.height / size.height;
  const lastColumn = Math.min(size.width, Math.ceil((left + width) / across));
  const lastRow = Math.min(size.height, Math.ceil((top + height) / down));
  for (let row = Math.max(0, Math.floor(top / down)); row < lastRow; row++) {
    const y0 = Math.floor(row * down) - top, y1 = Math.max(y0 + 1, Math.floor((row + 1) * down) - top);
    for (let column = Math.max(0, Math.floor(left / across)); column < lastColumn; column++) {
      const x0 = Math.floor(column * across) - left, x1 = Math.max(x0 + 1, Math.floor((column + 1) * across) - left);
      let red = 0, green = 0, blue = 0, alpha = 0;
      for (let v = Math.max(0, y0); v < Math.min(height, y1); v++) {
        for (let u = Math.max(0, x0); u < Math.min(width, x1); u++) {
          const at = (v * width + u) * 4;
          blue += bytes[at];
          green += bytes[at + 1];
          red += bytes[at + 2];
          alpha += bytes[at + 3];
        }
      }
      const count = (y1 - y0) * (x1 - x0), rest = 1 - alpha / count / 255;
      const to = (row * size.width + column) * 3;
      rgb[to] = Math.min(255, Math.round(red / count + rgb[to] * rest));
      rgb[to + 1] = Math.min(255, Math.round(green / count + rgb[to + 1] * rest));
      rgb[to + 2] = Math.min(255, Math.round(blue / count + rgb[to + 2] * rest));
    }
  }
}
