/**
 * VHOST_USER_GPU_UPDATE: pixels to the front end, directly from where they are. A rectangle goes in bands: the front end allocates a
 * buffer for each message and reads it to its end before it does anything else.
 * @module
 */

import type { Frame } from "../../../core/display.ts";
import {
  DRM_FORMAT_ABGR8888,
  DRM_FORMAT_ARGB8888,
  DRM_FORMAT_BGRA8888,
  DRM_FORMAT_BGRX8888,
  DRM_FORMAT_RGBA8888,
  DRM_FORMAT_RGBX8888,
  DRM_FORMAT_XBGR8888,
  DRM_FORMAT_XRGB8888,
} from "../../../uapi/drm_fourcc.ts";
import { VHOST_USER_GPU_UPDATE } from "../../../uapi/vhost_user_gpu.ts";
import { IoVectors } from "../../os/mod.ts";
import type { DisplaySocket } from "./display_socket.ts";

const HEAD = 12 + 20;
/** Pixels of a band, about. */
const BAND_PIXELS = 32768;
/** Rows of a band: each may be a piece of its own. */
const ROWS_MAX = 512;
/** Bands of one system call. */
const BATCH = 8;
/** Pixels that one call of `send` is given at most, about. */
export const UPDATE_PIXELS: number = BAND_PIXELS * BATCH;

/** Sends updates over a display socket. */
export class UpdateSender {
  readonly #socket: DisplaySocket;
  readonly #vectors = new IoVectors();
  readonly #heads = new Uint8Array(HEAD * BATCH);
  readonly #headView = new DataView(this.#heads.buffer);
  readonly #starts = new Float64Array(BATCH + 1);
  readonly #band = { x: 0, y: 0, width: 0, height: 0 };

  /** @param socket where they go. */
  constructor(socket: DisplaySocket) {
    this.#socket = socket;
  }

  /**
   * Sends a rectangle of a frame, which is not empty and lies inside, as far as there is room. The socket is ready.
   *
   * @returns rows that are sent, or kept to be sent: all below them are the caller's to remember
   */
  send(scanout: number, frame: Frame, x: number, y: number, width: number, height: number): number {
    const inPlace = frame.format === DRM_FORMAT_XRGB8888 || frame.format === DRM_FORMAT_ARGB8888;
    const direct = inPlace ? frame.direct?.() : undefined;
    const rows = Math.max(1, Math.min(ROWS_MAX, Math.floor(BAND_PIXELS / width)));
    let done = 0;
    while (done < height && this.#socket.ready) {
      done += direct === undefined
        ? this.#copied(scanout, frame, x, y + done, width, Math.min(rows, height - done))
        : this.#batch(scanout, frame, direct, x, y + done, width, height - done, rows);
    }
    return done;
  }

  #batch(
    scanout: number,
    frame: Frame,
    { bytes, stride }: { readonly bytes: Uint8Array; readonly stride: number },
    x: number,
    y: number,
    width: number,
    height: number,
    rows: number,
  ): number {
    const vectors = this.#vectors;
    vectors.clear();
    const whole = stride === width * 4;
    let bands = 0, at = 0;
    for (; bands < BATCH && at < height; bands++) {
      const count = Math.min(rows, height - at);
      if (vectors.count + 1 + (whole ? 1 : count) > vectors.capacity) break;
      this.#starts[bands] = vectors.size;
      this.#head(bands, scanout, x, y + at, width, count);
      vectors.add(this.#heads, bands * HEAD, HEAD);
      if (whole) vectors.add(bytes, (y + at) * stride, count * stride);
      else for (let row = 0; row < count; row++) vectors.add(bytes, (y + at + row) * stride + x * 4, width * 4);
      at += count;
    }
    const sent = this.#socket.send(vectors);
    const { size } = vectors;
    vectors.clear();
    if (sent === size) return at;
    if (sent < 0) return height;
    // Bands that went out whole, then the one that was cut: the rest of it is packed, because the guest draws on.
    let cut = 0, before = 0;
    while (cut + 1 < bands && this.#starts[cut + 1] <= sent) {
      cut++;
      before += Math.min(rows, height - before);
    }
    const count = Math.min(rows, height - before);
    if (sent === this.#starts[cut]) {
      this.#socket.wantRoom();
      return before;
    }
    const length = this.#pack(scanout, frame, x, y + before, width, count);
    this.#socket.keep(length, sent - this.#starts[cut]);
    return before + count;
  }

  // A frame whose pixels are not in place, or in another order: a band at a time through a copy.
  #copied(scanout: number, frame: Frame, x: number, y: number, width: number, rows: number): number {
    this.#socket.keep(this.#pack(scanout, frame, x, y, width, rows), 0);
    this.#socket.flush();
    return rows;
  }

  #pack(scanout: number, frame: Frame, x: number, y: number, width: number, rows: number): number {
    const size = HEAD + width * rows * 4;
    const target = this.#socket.reserve(size);
    this.#head(0, scanout, x, y, width, rows);
    target.set(this.#heads.subarray(0, HEAD));
    const pixels = target.subarray(HEAD, size);
    const band = this.#band;
    band.x = x;
    band.y = y;
    band.width = width;
    band.height = rows;
    frame.read(pixels, width * 4, band);
    toXrgb(frame.format, pixels);
    return size;
  }

  #head(index: number, scanout: number, x: number, y: number, width: number, height: number): void {
    const view = this.#headView, at = index * HEAD;
    view.setUint32(at, VHOST_USER_GPU_UPDATE, true);
    view.setUint32(at + 8, 20 + width * height * 4, true);
    view.setUint32(at + 12, scanout, true);
    view.setUint32(at + 16, x, true);
    view.setUint32(at + 20, y, true);
    view.setUint32(at + 24, width, true);
    view.setUint32(at + 28, height, true);
  }
}

// Byte places of red, green and blue in a pixel; a fourcc names components from the highest bits of a little-endian word.
const ORDERS: ReadonlyMap<number, readonly [number, number, number]> = new Map([
  [DRM_FORMAT_XBGR8888, [0, 1, 2]],
  [DRM_FORMAT_ABGR8888, [0, 1, 2]],
  [DRM_FORMAT_RGBX8888, [3, 2, 1]],
  [DRM_FORMAT_RGBA8888, [3, 2, 1]],
  [DRM_FORMAT_BGRX8888, [1, 2, 3]],
  [DRM_FORMAT_BGRA8888, [1, 2, 3]],
]);

/** Turns pixels of 4 bytes into DRM_FORMAT_XRGB8888 where they are. */
function toXrgb(format: number, pixels: Uint8Array): void {
  const order = ORDERS.get(format);
  if (order === undefined) return;
  const [r, g, b] = order;
  for (let i = 0; i < pixels.length; i += 4) {
    const red = pixels[i + r], green = pixels[i + g], blue = pixels[i + b];
    pixels[i] = blue;
    pixels[i + 1] = green;
    pixels[i + 2] = red;
    pixels[i + 3] = 0;
  }
}
