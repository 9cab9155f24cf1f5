/**
 * `Encoder`: rectangles of a viewer's copy of the screen as Raw, ZRLE or Tight (RFC 6143, 7.7.1, 7.7.6; rfbproto, 7.7.7).
 * @module
 */

import { DeflateStream } from "./deflate.ts";
import type { Output } from "./output.ts";
import { Palette } from "./palette.ts";
import type { PixelCodec } from "./pixel_format.ts";
import { Encoding } from "./wire.ts";

/** An encoding of pixels that a viewer may choose. */
export type PixelEncoding = typeof Encoding.raw | typeof Encoding.zrle | typeof Encoding.tight;

const ZRLE_TILE = 64;
// Tight rectangles are at most 2048 wide; smaller ones have fewer colours each.
const TIGHT_TILE = 128;
const TIGHT_FILL = 0x80, TIGHT_FILTER = 0x40, TIGHT_PALETTE = 1;
/** Less than this is not worth a zlib stream. */
const TIGHT_PLAIN = 12;
// Streams: full colour, two colours, palette.
const TIGHT_STREAMS = 3;

/** The encodings of one viewer, with their streams. */
export class Encoder {
  /** How hard to compress, 1 to 9. */
  level = 1;
  readonly #zrle = new DeflateStream();
  readonly #tight: readonly DeflateStream[] = Array.from({ length: TIGHT_STREAMS }, () => new DeflateStream());
  readonly #palette = new Palette();
  readonly #pixels = new Uint32Array(TIGHT_TILE * TIGHT_TILE);
  #scratch = new Uint8Array(1 << 16);
  #used = 0;

  /**
   * Adds a rectangle, header and all.
   *
   * @param screen XRGB8888, `stride` words a row. @returns how many rectangles it became.
   */
  rect(
    out: Output,
    encoding: PixelEncoding,
    codec: PixelCodec,
    screen: Uint32Array,
    stride: number,
    x: number,
    y: number,
    width: number,
    height: number,
  ): number {
    if (encoding === Encoding.tight) return this.#tightRects(out, codec, screen, stride, x, y, width, height);
    out.u16(x).u16(y).u16(width).u16(height).u32(encoding);
    if (encoding === Encoding.zrle) this.#zrleRect(out, codec, screen, stride, x, y, width, height);
    else this.#raw(out, codec, screen, stride, x, y, width, height);
    return 1;
  }

  #raw(
    out: Output,
    codec: PixelCodec,
    screen: Uint32Array,
    stride: number,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void {
    const { bytes } = codec;
    out.reserve(width * height * bytes);
    const pixels = this.#pixels;
    // As many whole rows as there is room for, or parts of one.
    const across = Math.min(width, pixels.length), down = Math.max(1, Math.floor(pixels.length / width));
    for (let row = y; row < y + height; row += down) {
      const rows = Math.min(down, y + height - row);
      for (let column = x; column < x + width; column += across) {
        const columns = Math.min(across, x + width - column);
        codec.convert(screen, stride, column, row, columns, rows, pixels);
        const length = columns * rows;
        // Words lie in memory as they go, lowest byte first.
        if (bytes === 4) out.raw(new Uint8Array(pixels.buffer, 0, length * 4));
        else for (let i = 0; i < length; i++) out.pixel(pixels[i], bytes);
      }
    }
  }

  // Room in the scratch; what is written goes behind what is there.
  #room(size: number): void {
    if (this.#used + size <= this.#scratch.length) return;
    const bytes = new Uint8Array(Math.max(this.#scratch.length * 2, this.#used + size));
    bytes.set(this.#scratch.subarray(0, this.#used));
    this.#scratch = bytes;
  }

  #put(value: number, bytes: number): void {
    const scratch = this.#scratch;
    scratch[this.#used++] = value;
    if (bytes === 1) return;
    scratch[this.#used++] = value >>> 8;
    if (bytes === 2) return;
    scratch[this.#used++] = value >>> 16;
    if (bytes === 4) scratch[this.#used++] = value >>> 24;
  }

  #zrleRect(
    out: Output,
    codec: PixelCodec,
    screen: Uint32Array,
    stride: number,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void {
    this.#used = 0;
    for (let row = 0; row < height; row += ZRLE_TILE) {
      for (let column = 0; column < width; column += ZRLE_TILE) {
        const across = Math.min(ZRLE_TILE, width - column), down = Math.min(ZRLE_TILE, height - row);
        codec.convert(screen, stride, x + column, y + row, across, down, this.#pixels);
        this.#zrleTile(codec, across, down);
      }
    }
    const { header, body } = this.#zrle.deflate(this.#scratch.subarray(0, this.#used), this.level);
    out.u32(header.length + body.length).raw(header).raw(body);
  }

  // The shortest of the subencodings before compression.
  #zrleTile(codec: PixelCodec, width: number, height: number): void {
    const palette = this.#palette, pixels = this.#pixels;
    const { compactBytes: bytes, compactShift: shift } = codec;
    const length = width * height;
    palette.look(pixels, length, 127);
    const { count, runs, singles, lengths } = palette;
    this.#room(1 + length * 4 + 127 * 4);
    const colour = (value: number): void => this.#put(value >>> shift, bytes);
    if (count === 1) {
      this.#put(1, 1);
      colour(pixels[0]);
      return;
    }
    const bits = count <= 2 ? 1 : count <= 4 ? 2 : 4;
    const packed = count > 1 && count <= 16 ? count * bytes + height * Math.ceil(width * bits / 8) : Infinity;
    const indexed = count > 1 ? count * bytes + runs + lengths - singles : Infinity;
    const run = runs * bytes + lengths, raw = length * bytes;
    const best = Math.min(packed, indexed, run, raw);
    if (best === raw) {
      this.#put(0, 1);
      for (let i = 0; i < length; i++) colour(pixels[i]);
    } else if (best === packed) {
      this.#put(count, 1);
      for (let i = 0; i < count; i++) colour(palette.colours[i]);
      this.#zrlePacked(width, height, bits);
    } else {
      const withPalette = best === indexed;
      this.#put(withPalette ? 128 + count : 128, 1);
      for (let i = 0; withPalette && i < count; i++) colour(palette.colours[i]);
      this.#zrleRuns(codec, length, withPalette);
    }
  }

  #zrlePacked(width: number, height: number, bits: number): void {
    const pixels = this.#pixels;
    for (let row = 0, at = 0; row < height; row++) {
      let byte = 0, filled = 0;
      for (let column = 0; column < width; column++) {
        byte = byte << bits | this.#palette.index(pixels[at++]);
        filled += bits;
        if (filled === 8) {
          this.#put(byte, 1);
          byte = filled = 0;
        }
      }
      if (filled > 0) this.#put(byte << 8 - filled, 1);
    }
  }

  #zrleRuns(codec: PixelCodec, length: number, withPalette: boolean): void {
    const pixels = this.#pixels;
    for (let i = 0; i < length;) {
      const colour = pixels[i];
      const start = i++;
      while (i < length && pixels[i] === colour) i++;
      let rest = i - start - 1;
      if (withPalette) {
        const index = this.#palette.index(colour);
        this.#put(rest > 0 ? index | 128 : index, 1);
        if (rest === 0) continue;
      } else this.#put(colour >>> codec.compactShift, codec.compactBytes);
      for (; rest >= 255; rest -= 255) this.#put(255, 1);
      this.#put(rest, 1);
    }
  }

  #tightRects(
    out: Output,
    codec: PixelCodec,
    screen: Uint32Array,
    stride: number,
    x: number,
    y: number,
    width: number,
    height: number,
  ): number {
    let rects = 0;
    for (let row = 0; row < height; row += TIGHT_TILE) {
      for (let column = 0; column < width; column += TIGHT_TILE) {
        const across = Math.min(TIGHT_TILE, width - column), down = Math.min(TIGHT_TILE, height - row);
        out.u16(x + column).u16(y + row).u16(across).u16(down).u32(Encoding.tight);
        codec.convert(screen, stride, x + column, y + row, across, down, this.#pixels);
        this.#tightRect(out, codec, across, down);
        rects++;
      }
    }
    return rects;
  }

  #tightColour(codec: PixelCodec, value: number): void {
    if (!codec.tightRgb) return this.#put(value, codec.bytes);
    const { shift, bigEndian } = codec.format;
    const word = bigEndian ? value << 24 | (value & 0xff00) << 8 | value >>> 8 & 0xff00 | value >>> 24 : value;
    for (let i = 0; i < 3; i++) this.#put(word >>> shift[i] & 0xff, 1);
  }

  #tightRect(out: Output, codec: PixelCodec, width: number, height: number): void {
    const palette = this.#palette, pixels = this.#pixels;
    const length = width * height;
    palette.look(pixels, length, codec.bytes === 1 ? 2 : Math.min(256, Math.max(2, length >> 2)));
    const { count } = palette;
    this.#used = 0;
    this.#room(length * 4 + 256 * 4);
    if (count === 1) {
      out.u8(TIGHT_FILL);
      this.#tightColour(codec, pixels[0]);
      out.raw(this.#scratch.subarray(0, this.#used));
      return;
    }
    if (count === 0) {
      out.u8(0);
      for (let i = 0; i < length; i++) this.#tightColour(codec, pixels[i]);
      return this.#tightData(out, 0);
    }
    const stream = count === 2 ? 1 : 2;
    out.u8(stream << 4 | TIGHT_FILTER).u8(TIGHT_PALETTE).u8(count - 1);
    for (let i = 0; i < count; i++) this.#tightColour(codec, palette.colours[i]);
    out.raw(this.#scratch.subarray(0, this.#used));
    this.#used = 0;
    if (count === 2) this.#zrlePacked(width, height, 1);
    else for (let i = 0; i < length; i++) this.#put(palette.index(pixels[i]), 1);
    this.#tightData(out, stream);
  }

  #tightData(out: Output, stream: number): void {
    const data = this.#scratch.subarray(0, this.#used);
    if (data.length < TIGHT_PLAIN) {
      out.raw(data);
      return;
    }
    const { header, body } = this.#tight[stream].deflate(data, this.level);
    const length = header.length + body.length;
    if (length < 0x80) out.u8(length);
    else if (length < 0x4000) out.u8(length & 0x7f | 0x80).u8(length >> 7);
    else out.u8(length & 0x7f | 0x80).u8(length >> 7 & 0x7f | 0x80).u8(length >> 14);
    out.raw(header).raw(body);
  }
}
