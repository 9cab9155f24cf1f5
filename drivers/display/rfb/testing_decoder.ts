/**
 * `RectDecoder`: a viewer's picture, and decoders of rectangles into it, for tests. They share nothing with the server's encoders but
 * the numbers of the wire.
 * @module
 */

import { constants, createInflate, type Inflate } from "node:zlib";
import { NATIVE_FORMAT, type PixelFormat } from "./pixel_format.ts";
import { Encoding } from "./wire.ts";

/** Left, top, columns, rows as on the wire. */
export type RectPlace = readonly [x: number, y: number, width: number, height: number];

/** Inflates a stream that never ends. */
class Inflater {
  readonly #inflate: Inflate = createInflate({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH });
  #parts: Uint8Array[] = [];
  #error: Error | undefined;

  constructor() {
    this.#inflate.on("data", (part: Uint8Array) => this.#parts.push(part));
    this.#inflate.on("error", (error: Error) => this.#error = error);
  }

  async take(data: Uint8Array): Promise<Uint8Array> {
    this.#parts = [];
    await new Promise<void>((resolve) => this.#inflate.write(data, () => setTimeout(resolve, 0)));
    if (this.#error !== undefined) throw this.#error;
    const out = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  close(): void {
    this.#inflate.close();
  }
}

/** A picture that rectangles come into. */
export class RectDecoder implements Disposable {
  /** Columns. */
  width = 0;
  /** Rows. */
  height = 0;
  /** XRGB8888. */
  words: Uint32Array = new Uint32Array(0);
  /** Pixels as they come. */
  format: PixelFormat = NATIVE_FORMAT;
  /** Red, green, blue of 16 bits each, for formats that need them. */
  map: Uint16Array | undefined;
  readonly #take: (length: number) => Promise<Uint8Array>;
  readonly #zrle = new Inflater();
  readonly #tight = [new Inflater(), new Inflater(), new Inflater(), new Inflater()];

  /** @param take reads as many bytes as are asked for. */
  constructor(take: (length: number) => Promise<Uint8Array>) {
    this.#take = take;
  }

  /** Another size, all black. */
  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.words = new Uint32Array(width * height);
  }

  /** Takes one in. @returns whether its encoding is one of pixels. @throws {Error} for what is wrong with it. */
  async rect(at: RectPlace, encoding: number): Promise<boolean> {
    const [x, y, width, height] = at;
    const bytes = this.format.bitsPerPixel / 8;
    if (encoding >= 0 && (x + width > this.width || y + height > this.height)) {
      throw new Error(`a rectangle ${at.join(" ")} of a screen of ${this.width}x${this.height}`);
    }
    switch (encoding) {
      case Encoding.raw: {
        const data = await this.#take(width * height * bytes);
        for (let i = 0; i < width * height; i++) this.#put(at, i, this.#colour(data, i * bytes, bytes, 0));
        return true;
      }
      case Encoding.copyRect:
        await this.#copyRect(at);
        return true;
      case Encoding.zrle:
        await this.#zrleRect(at);
        return true;
      case Encoding.tight:
        await this.#tightRect(at);
        return true;
      default:
        return false;
    }
  }

  async #copyRect(at: RectPlace): Promise<void> {
    const [, , width, height] = at;
    const [high, low, above, below] = await this.#take(4);
    const left = high << 8 | low, top = above << 8 | below;
    if (left + width > this.width || top + height > this.height) throw new Error(`a copy from ${left} ${top}`);
    const part = new Uint32Array(width * height);
    for (let i = 0; i < part.length; i++) {
      part[i] = this.words[(top + Math.floor(i / width)) * this.width + left + i % width];
    }
    part.forEach((word, i) => this.#put(at, i, word));
  }

  // A pixel of the format as XRGB8888.
  #colour(bytes: Uint8Array, at: number, size: number, offset: number): number {
    const { bitsPerPixel, bigEndian, trueColour, max, shift } = this.format;
    const whole = bitsPerPixel / 8;
    let value = 0;
    for (let i = 0; i < size; i++) {
      const place = i + offset;
      value += bytes[at + i] * 2 ** (8 * (bigEndian ? whole - 1 - place : place));
    }
    if (!trueColour) {
      const map = this.map;
      if (map === undefined) throw new Error("there is no colour map");
      return (map[value * 3] >> 8) << 16 | (map[value * 3 + 1] >> 8) << 8 | map[value * 3 + 2] >> 8;
    }
    let word = 0;
    for (let i = 0; i < 3; i++) {
      const component = Math.floor(value / 2 ** shift[i]) & max[i];
      word = word << 8 | Math.round(component * 255 / max[i]);
    }
    return word;
  }

  #put([x, y, width]: RectPlace, i: number, word: number): void {
    this.words[(y + Math.floor(i / width)) * this.width + x + i % width] = word;
  }

  async #zrleRect(at: RectPlace): Promise<void> {
    const length = new DataView((await this.#take(4)).buffer).getUint32(0);
    const data = await this.#zrle.take(await this.#take(length));
    const { bitsPerPixel, depth, trueColour, max, shift } = this.format;
    const bits = max.map((each, i) => each * 2 ** shift[i]);
    const low = bits.every((each) => each < 2 ** 24), high = shift.every((each) => each >= 8);
    const compact = trueColour && bitsPerPixel === 32 && depth <= 24 && (low || high);
    const size = compact ? 3 : bitsPerPixel / 8;
    // The unused byte is the last of a low little-endian pixel, the first of a low big-endian one.
    const offset = compact && !low ? 1 : 0;
    const skip = compact && this.format.bigEndian ? 1 - offset : offset;
    let place = 0;
    const colour = (): number => this.#colour(data, (place += size) - size, size, compact ? skip : 0);
    const byte = (): number => {
      if (place >= data.length) throw new Error("ZRLE ends too early");
      return data[place++];
    };
    const [left, top, width, height] = at;
    for (let y = 0; y < height; y += 64) {
      for (let x = 0; x < width; x += 64) {
        const tile = [left + x, top + y, Math.min(64, width - x), Math.min(64, height - y)] as const;
        const count = tile[2] * tile[3];
        const kind = byte();
        const run = (): number => {
          let sum = 1;
          for (;;) {
            const next = byte();
            sum += next;
            if (next !== 255) return sum;
          }
        };
        if (kind === 0) { for (let i = 0; i < count; i++) this.#put(tile, i, colour()); }
        else if (kind === 1) {
          const solid = colour();
          for (let i = 0; i < count; i++) this.#put(tile, i, solid);
        } else if (kind <= 16) {
          const palette = Array.from({ length: kind }, colour);
          const wide = kind === 2 ? 1 : kind <= 4 ? 2 : 4;
          for (let row = 0; row < tile[3]; row++) {
            let held = 0, have = 0;
            for (let column = 0; column < tile[2]; column++) {
              if (have === 0) [held, have] = [byte(), 8];
              have -= wide;
              this.#put(tile, row * tile[2] + column, palette[held >> have & (1 << wide) - 1]);
            }
          }
        } else if (kind === 128) {
          for (let i = 0; i < count;) {
            const word = colour();
            for (let rest = run(); rest > 0; rest--) this.#put(tile, i++, word);
          }
        } else if (kind >= 130) {
          const palette = Array.from({ length: kind - 128 }, colour);
          for (let i = 0; i < count;) {
            const index = byte();
            for (let rest = index < 128 ? 1 : run(); rest > 0; rest--) this.#put(tile, i++, palette[index & 127]);
          }
        } else throw new Error(`a ZRLE tile of kind ${kind}`);
      }
    }
    if (place !== data.length) throw new Error(`ZRLE has ${data.length - place} bytes too many`);
  }

  async #tightRect(at: RectPlace): Promise<void> {
    const [, , width, height] = at;
    const { bitsPerPixel, depth, trueColour, max } = this.format;
    const rgb = trueColour && bitsPerPixel === 32 && depth === 24 && max.every((each) => each === 255);
    const size = rgb ? 3 : bitsPerPixel / 8;
    const colour = (bytes: Uint8Array, i: number): number =>
      rgb ? bytes[i * 3] << 16 | bytes[i * 3 + 1] << 8 | bytes[i * 3 + 2] : this.#colour(bytes, i * size, size, 0);
    const [control] = await this.#take(1);
    if ((control & 0x0f) !== 0) throw new Error("a stream is reset");
    if (control === 0x80) {
      const solid = colour(await this.#take(size), 0);
      for (let i = 0; i < width * height; i++) this.#put(at, i, solid);
      return;
    }
    if ((control & 0x80) !== 0) throw new Error(`a Tight rectangle of kind ${control}`);
    const filter = (control & 0x40) !== 0 ? (await this.#take(1))[0] : 0;
    let palette: number[] | undefined;
    if (filter === 1) {
      const count = (await this.#take(1))[0] + 1;
      const bytes = await this.#take(count * size);
      palette = Array.from({ length: count }, (_, i) => colour(bytes, i));
    } else if (filter !== 0) throw new Error(`a Tight filter ${filter}`);
    const across = palette?.length === 2 ? Math.ceil(width / 8) : palette ? width : width * size;
    const length = across * height;
    let data: Uint8Array;
    if (length < 12) data = await this.#take(length);
    else {
      let packed = 0;
      for (let i = 0; i < 3; i++) {
        const [byte] = await this.#take(1);
        packed |= (i < 2 ? byte & 0x7f : byte) << 7 * i;
        if (byte < 0x80) break;
      }
      data = await this.#tight[control >> 4 & 3].take(await this.#take(packed));
      if (data.length !== length) throw new Error(`Tight data of ${data.length} bytes, not ${length}`);
    }
    for (let i = 0; i < width * height; i++) {
      const row = Math.floor(i / width), column = i % width;
      const word = palette === undefined
        ? colour(data, i)
        : palette.length === 2
        ? palette[data[row * across + (column >> 3)] >> 7 - (column & 7) & 1]
        : palette[data[i]];
      this.#put(at, i, word);
    }
  }

  /** Ends its streams. */
  [Symbol.dispose](): void {
    this.#zrle.close();
    for (const each of this.#tight) each.close();
  }
}
