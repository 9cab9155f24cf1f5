/**
 * `PseudoRects`: rectangles of an update that are no pixels: what the server can, the desktop's size and name, the cursor.
 * @module
 */

import type { ScreenSource, ViewerCursor } from "../screen_source.ts";
import type { Output } from "./output.ts";
import type { PixelCodec } from "./pixel_format.ts";
import type { ViewerScreen } from "./viewer_screen.ts";
import { DesktopSize, Encoding } from "./wire.ts";

/** What a viewer has yet to be told. */
export class PseudoRects {
  readonly #source: ScreenSource;
  readonly #screen: ViewerScreen;
  // Empty rectangles by which the server says what it can.
  #announcements: number[] = [];
  #sizeAnswers: { readonly reason: number; readonly status: number }[] = [];
  #cursor: ViewerCursor | undefined;
  // What ServerInit has said.
  #name: string;

  /** @param source the screen. @param screen the viewer's. */
  constructor(source: ScreenSource, screen: ViewerScreen) {
    this.#source = source;
    this.#screen = screen;
    this.#name = source.name;
  }

  /** The viewer knows other encodings now. */
  change(before: ReadonlySet<number>, known: ReadonlySet<number>): void {
    this.#cursor = undefined;
    for (const each of [Encoding.qemuKey, Encoding.extendedMouseButtons]) {
      if (known.has(each) && !before.has(each)) this.#announcements.push(each);
    }
    if (known.has(Encoding.extendedDesktopSize) && !before.has(Encoding.extendedDesktopSize)) {
      this.answerSize(DesktopSize.byServer, DesktopSize.ok);
    }
  }

  /** The viewer is told the size, and what became of its wish. */
  answerSize(reason: number, status: number): void {
    if (this.#sizeAnswers.length < 16) this.#sizeAnswers.push({ reason, status });
  }

  /** Writes all. @returns how many; less than 0 if nothing may follow. */
  write(out: Output, known: ReadonlySet<number>, codec: PixelCodec): number {
    const screen = this.#screen;
    let rects = 0;
    for (const each of this.#announcements.splice(0)) {
      out.u16(0).u16(0).u16(0).u16(0).u32(each);
      rects++;
    }
    const { width, height, name, cursor } = this.#source;
    if (known.has(Encoding.desktopName) && name !== this.#name) {
      this.#name = name;
      const bytes = new TextEncoder().encode(name);
      out.u16(0).u16(0).u16(0).u16(0).u32(Encoding.desktopName).u32(bytes.length).raw(bytes);
      rects++;
    }
    const extended = known.has(Encoding.extendedDesktopSize);
    const resized = width > 0 && (width !== screen.width || height !== screen.height) &&
      (extended || known.has(Encoding.desktopSize));
    if (resized) screen.resize(width, height);
    if (extended) {
      if (resized && this.#sizeAnswers.length === 0) this.answerSize(DesktopSize.byServer, DesktopSize.ok);
      for (const { reason, status } of this.#sizeAnswers.splice(0)) {
        out.u16(reason).u16(status).u16(screen.width).u16(screen.height).u32(Encoding.extendedDesktopSize);
        out.u8(1).u8(0).u16(0).u32(0).u16(0).u16(0).u16(screen.width).u16(screen.height).u32(0);
        rects++;
      }
    } else {
      this.#sizeAnswers.length = 0;
      if (resized) {
        out.u16(0).u16(0).u16(width).u16(height).u32(Encoding.desktopSize);
        rects++;
      }
    }
    if (resized) return -rects;
    if (!screen.composesCursor && cursor !== this.#cursor) {
      this.#cursor = cursor;
      if (known.has(Encoding.cursorWithAlpha)) cursorWithAlpha(out, cursor);
      else cursorWithMask(out, cursor, codec);
      rects++;
    }
    return rects;
  }
}

// RGBA, premultiplied, as a Raw rectangle.
function cursorWithAlpha(out: Output, { width, height, hotX, hotY, bytes }: ViewerCursor): void {
  out.u16(hotX).u16(hotY).u16(width).u16(height).u32(Encoding.cursorWithAlpha).u32(Encoding.raw);
  out.reserve(width * height * 4);
  for (let i = 0; i < width * height * 4; i += 4) out.u8(bytes[i + 2]).u8(bytes[i + 1]).u8(bytes[i]).u8(bytes[i + 3]);
}

// Pixels of the viewer's format, and a bit for each that is more there than not (RFC 6143, 7.8.1).
function cursorWithMask(out: Output, { width, height, hotX, hotY, bytes }: ViewerCursor, codec: PixelCodec): void {
  out.u16(hotX).u16(hotY).u16(width).u16(height).u32(Encoding.cursor);
  out.reserve(width * height * codec.bytes);
  for (let i = 0; i < width * height * 4; i += 4) {
    const alpha = bytes[i + 3];
    const full = (value: number): number => alpha === 0 ? 0 : Math.min(255, Math.round(value * 255 / alpha));
    out.pixel(codec.pixel(full(bytes[i + 2]) << 16 | full(bytes[i + 1]) << 8 | full(bytes[i])), codec.bytes);
  }
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column += 8) {
      let mask = 0;
      for (let bit = 0; bit < 8 && column + bit < width; bit++) {
        if (bytes[(row * width + column + bit) * 4 + 3] >= 128) mask |= 0x80 >> bit;
      }
      out.u8(mask);
    }
  }
}
