/**
 * `Composer`: puts layers on top of each other, line by line, and gives the picture as 16-bit channels, as its CRC, in a format,
 * or as XRGB8888. Mirrors drivers/gpu/drm/vkms/vkms_composer.c; knows nothing of KMS.
 * @module
 */

import { DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import { DRM_MODE_BLEND_PIXEL_NONE, DRM_MODE_BLEND_PREMULTI } from "../../../uapi/drm_mode_plane.ts";
import type { Rect } from "../../../core/display.ts";
import { blendRow } from "./blend.ts";
import { blendWords16, blendWords8, narrow8, narrowWords, widenWords } from "./blend8.ts";
import { sharedBlender, SIMD_WIDTH, type SimdBlender } from "./blend_simd.ts";
import { ColorPipeline } from "./color_pipeline.ts";
import { crc32Words } from "./crc32.ts";
import type { Layer } from "./layer.ts";
import { PACKED_FORMATS } from "./packed_format.ts";
import type { ReadPixels } from "./packed_format.ts";
import { hasAlpha, readerOf, writerOf } from "./pixel_format.ts";
import { PixelRow } from "./pixel_row.ts";
import { readLayer, readsForward, sourceLine } from "./read_layer.ts";

const MAX = 0xffff;

/** How a layer is drawn. */
const enum Way {
  /** Words of XRGB8888 that hide what is below: copied. */
  CopyWords,
  /** Words of premultiplied ARGB8888. */
  BlendWords,
  /** Hides what is below, 8 bits a channel at most. */
  Copy8,
  /** Hides what is below, more than 8 bits a channel. */
  Copy,
  /** All else. */
  Blend,
}

interface Prepared {
  readonly layer: Layer;
  readonly read: ReadPixels;
  readonly way: Way;
}

/** What a {@linkcode Composer} does otherwise. */
export interface ComposerOptions {
  /** Draws everything in the one general way; for tests that hold the fast ways against it. */
  readonly plain?: boolean;
}

/** The composer of one CRTC. It allocates when its size or its layers change, never for a frame. */
export class Composer {
  /** What is done to the composed picture. */
  readonly color: ColorPipeline = new ColorPipeline();
  readonly #plain: boolean;
  #simd: SimdBlender | undefined;
  #width = 0;
  #height = 0;
  #row: PixelRow = new PixelRow(0);
  #stage: PixelRow = new PixelRow(0);
  #line: Int32Array<ArrayBuffer> = new Int32Array(0);
  #layers: Prepared[] = [];
  #red = 0;
  #green = 0;
  #blue = 0;

  /** A composer of an empty picture. */
  constructor(options: ComposerOptions = {}) {
    this.#plain = options.plain ?? false;
  }

  /** Columns of the picture. */
  get width(): number {
    return this.#width;
  }

  /** Lines of the picture. */
  get height(): number {
    return this.#height;
  }

  /** Sets the size of the picture, pixels. */
  resize(width: number, height: number): void {
    this.#height = height;
    if (width === this.#width) return;
    this.#width = width;
    // The row lies where the vector instructions find it.
    this.#simd = this.#plain || width > SIMD_WIDTH ? undefined : sharedBlender();
    this.#row = new PixelRow(width, this.#simd?.buffer);
    this.#stage = new PixelRow(width);
    this.#line = new Int32Array(width);
  }

  /** Sets the colour below all layers, 0..0xffff each; black at first. */
  setBackground(red: number, green: number, blue: number): void {
    this.#red = red;
    this.#green = green;
    this.#blue = blue;
  }

  /** Sets the layers, which lie inside the picture, from the lowest to the highest. Layers that show nothing are left out. */
  setLayers(layers: readonly Layer[]): void {
    this.#layers = layers.filter((layer) => layer.x2 > layer.x1 && layer.y2 > layer.y1).map((layer) => ({
      layer,
      read: readerOf(layer.format),
      way: this.#plain ? Way.Blend : wayOf(layer),
    }));
  }

  /** Composes a line. The row is good until any composer composes another one. */
  row(y: number): PixelRow {
    const row = this.#row;
    const first = this.#base(y);
    if (first < 0) row.fill(MAX, this.#red, this.#green, this.#blue);
    for (let i = Math.max(0, first); i < this.#layers.length; i++) {
      const { layer } = this.#layers[i];
      if (y >= layer.y1 && y < layer.y2) this.#draw16(this.#layers[i], y, layer.x1, layer.x2);
    }
    if (this.color.active) this.color.apply(row.lanes);
    return row;
  }

  /** The CRC of the frame as vkms_composer_worker computes it: crc32_le from 0 over all lines of struct pixel_argb_u16. */
  crc(): number {
    let crc = 0;
    for (let y = 0; y < this.#height; y++) crc = crc32Words(crc, this.row(y).words, this.#width * 2);
    return crc;
  }

  /**
   * Writes the frame, and computes its CRC on the way.
   *
   * @param format DRM_FORMAT_*. @param target memory. @param offset of the first line, bytes. @param pitch bytes a line.
   * @throws {TypeError} for a format that cannot be written.
   */
  write(format: number, target: Uint8Array, offset: number, pitch: number): number {
    const write = writerOf(format);
    let crc = 0;
    for (let y = 0; y < this.#height; y++) {
      const { lanes, words } = this.row(y);
      crc = crc32Words(crc, words, this.#width * 2);
      write(lanes, this.#width, target, offset + y * pitch);
    }
    return crc;
  }

  /**
   * Composes a part of the frame as XRGB8888: what `write` gives, but for the highest byte of each pixel, which means nothing.
   *
   * @param target rows of `stride` bytes, the rectangle's first. @param rect pixels of the frame, inside it; all by default.
   */
  paint(target: Uint8Array, stride: number, rect?: Rect): void {
    const width = this.#width;
    const x = rect?.x ?? 0, y = rect?.y ?? 0, columns = rect?.width ?? width, rows = rect?.height ?? this.#height;
    if (columns === width && stride % 4 === 0 && target.byteOffset % 4 === 0) {
      const words = new Int32Array(target.buffer, target.byteOffset, target.length >>> 2);
      for (let i = 0; i < rows; i++) this.#paintLine(y + i, words, i * stride / 4);
      return;
    }
    const line = this.#line;
    const bytes = new Uint8Array(line.buffer, x * 4, columns * 4);
    for (let i = 0; i < rows; i++) {
      this.#paintLine(y + i, line, 0);
      target.set(bytes, i * stride);
    }
  }

  // The highest layer that hides all of a line, or -1.
  #base(y: number): number {
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const { layer, way } = this.#layers[i];
      if (
        way !== Way.Blend && way !== Way.BlendWords && layer.x1 <= 0 && layer.x2 >= this.#width && y >= layer.y1 &&
        y < layer.y2
      ) return i;
    }
    return -1;
  }

  // Draws a part of a layer's line into the row of 16-bit channels.
  #draw16(prepared: Prepared, y: number, from: number, to: number): void {
    const { layer, read, way } = prepared;
    const { words } = layer;
    const count = to - from;
    if (words !== undefined && way === Way.CopyWords) {
      widenWords(this.#row.words, from, words, this.#wordAt(layer, y, from), count);
    } else if (words !== undefined && way === Way.BlendWords) {
      const at = this.#wordAt(layer, y, from);
      if (this.#simd !== undefined) this.#simd.blend(from, words, at, count);
      else blendWords16(this.#row.words, from, words, at, count);
    } else if (way === Way.Copy || way === Way.Copy8) {
      readLayer(read, layer, y, from, count, this.#row.lanes, from);
    } else {
      readLayer(read, layer, y, from, count, this.#stage.lanes, 0);
      blendRow(this.#row.lanes, from, this.#stage.lanes, count, layer.blend, layer.alpha);
    }
  }

  #wordAt(layer: Layer, y: number, x: number): number {
    return sourceLine(layer, y) * (layer.pitches[0] >>> 2) + layer.srcX + x - layer.x1;
  }

  // A line as XRGB8888. Eight bits are enough until something is blended over what has more of them: two blended layers, or a
  // format that is finer. From there on the columns concerned are composed in 16 bits.
  #paintLine(y: number, target: Int32Array, at: number): void {
    const width = this.#width;
    const first = this.#base(y);
    const coarse = first >= 0 || (this.#red % 257 === 0 && this.#green % 257 === 0 && this.#blue % 257 === 0);
    if (this.#plain || this.color.active || !coarse) {
      narrowWords(target, at, this.row(y).words, 0, width);
      return;
    }
    if (first < 0) {
      const background = 0xff000000 | (narrow8(this.#red) << 16) | (narrow8(this.#green) << 8) | narrow8(this.#blue);
      target.fill(background, at, at + width);
    }
    const start = Math.max(0, first);
    let left = width, right = 0, fine = this.#layers.length, deep = false;
    for (let i = start; i < this.#layers.length; i++) {
      const { layer, way } = this.#layers[i];
      if (y < layer.y1 || y >= layer.y2 || way === Way.CopyWords || way === Way.Copy8) continue;
      if (way === Way.Blend || (way === Way.BlendWords && layer.x1 < right && layer.x2 > left)) deep = true;
      if (fine > i) fine = i;
      if (layer.x1 < left) left = layer.x1;
      if (layer.x2 > right) right = layer.x2;
    }
    if (!deep) fine = this.#layers.length;
    for (let i = start; i < fine; i++) {
      const { layer } = this.#layers[i];
      if (y >= layer.y1 && y < layer.y2) this.#draw8(this.#layers[i], y, target, at);
    }
    if (!deep) return;
    widenWords(this.#row.words, left, target, at + left, right - left);
    for (let i = fine; i < this.#layers.length; i++) {
      const { layer } = this.#layers[i];
      if (y < layer.y1 || y >= layer.y2) continue;
      // What lies outside the columns in question is coarse.
      if (layer.x1 < left || layer.x2 > right) this.#draw8(this.#layers[i], y, target, at);
      const from = Math.max(left, layer.x1), to = Math.min(right, layer.x2);
      if (from < to) this.#draw16(this.#layers[i], y, from, to);
    }
    narrowWords(target, at + left, this.#row.words, left, right - left);
  }

  // Draws a layer's line into words of XRGB8888.
  #draw8(prepared: Prepared, y: number, target: Int32Array, at: number): void {
    const { layer, read, way } = prepared;
    const { words, x1, x2 } = layer;
    if (words !== undefined && way === Way.CopyWords) {
      const from = this.#wordAt(layer, y, x1);
      target.set(words.subarray(from, from + x2 - x1), at + x1);
    } else if (words !== undefined && way === Way.BlendWords) {
      blendWords8(target, at + x1, words, this.#wordAt(layer, y, x1), x2 - x1);
    } else {
      readLayer(read, layer, y, x1, x2 - x1, this.#stage.lanes, 0);
      narrowWords(target, at + x1, this.#stage.words, 0, x2 - x1);
    }
  }
}

function wayOf(layer: Layer): Way {
  const { format, blend } = layer;
  if (layer.alpha !== MAX) return Way.Blend;
  const words = layer.words !== undefined && readsForward(layer.rotation);
  if (format === DRM_FORMAT_XRGB8888 && words) return Way.CopyWords;
  if (hasAlpha(format)) {
    if (format !== DRM_FORMAT_ARGB8888 || !words) return Way.Blend;
    return blend === DRM_MODE_BLEND_PREMULTI
      ? Way.BlendWords
      : blend === DRM_MODE_BLEND_PIXEL_NONE
      ? Way.CopyWords
      : Way.Blend;
  }
  const packed = PACKED_FORMATS.get(format);
  const coarse = packed !== undefined && packed.red[1] === 8;
  return coarse ? Way.Copy8 : Way.Copy;
}
