import { assertEquals, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import type { Frame, Rect } from "../../../core/display.ts";
import { DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";
import { DISPLAY_FORMATS, toRgba } from "../pixels.ts";
import { PngDisplay } from "./png_display.ts";

/** A frame of 32-bit words, each of them one pixel. */
function frame(format: number, width: number, words: number[], damage: Rect[] = [], reads: Rect[] = []): Frame {
  const source = new Uint8Array(Uint32Array.from(words).buffer);
  const height = words.length / width;
  return {
    format,
    modifier: 0n,
    width,
    height,
    damage,
    read(target, stride, rect = { x: 0, y: 0, width, height }) {
      reads.push(rect);
      for (let y = 0; y < rect.height; y++) {
        const from = ((rect.y + y) * width + rect.x) * 4;
        target.set(source.subarray(from, from + rect.width * 4), y * stride);
      }
    },
  };
}

Deno.test("toRgba takes every format of a scanout apart as its fourcc says, and ignores alpha", () => {
  const shifts: Record<string, [number, number, number]> = {
    XR24: [16, 8, 0],
    AR24: [16, 8, 0],
    XB24: [0, 8, 16],
    AB24: [0, 8, 16],
    RX24: [24, 16, 8],
    RA24: [24, 16, 8],
    BX24: [8, 16, 24],
    BA24: [8, 16, 24],
  };
  assertEquals(DISPLAY_FORMATS.length, 8);
  for (const format of DISPLAY_FORMATS) {
    const name = String.fromCharCode(format & 0xff, format >> 8 & 0xff, format >> 16 & 0xff, format >> 24 & 0xff);
    const [r, g, b] = shifts[name];
    const word = (0x11 << r | 0x22 << g | 0x33 << b) >>> 0;
    const out = new Uint8Array(4);
    toRgba(format, new Uint8Array(Uint32Array.of(word).buffer), out);
    assertEquals([...out], [0x11, 0x22, 0x33, 255], name);
  }
  assertThrows(() => toRgba(0x20203852, new Uint8Array(4), new Uint8Array(4)), TypeError, "0x20203852");
});

Deno.test("PngDisplay reads damage alone, and all of a frame of another size or format", () => {
  using display = new PngDisplay();
  const reads: Rect[] = [];
  display.present(0, frame(DRM_FORMAT_XRGB8888, 2, [0x010203, 0x040506, 0x070809, 0x0a0b0c], [], reads));
  const corner = { x: 1, y: 1, width: 1, height: 1 };
  display.present(0, frame(DRM_FORMAT_XRGB8888, 2, [0xff0000, 0xff0000, 0xff0000, 0x00ff00], [corner], reads));
  assertEquals(reads, [{ x: 0, y: 0, width: 2, height: 2 }, corner]);
  assertEquals([...display.picture()?.data ?? []], [1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 0, 255, 0, 255]);
  display.present(0, frame(DRM_FORMAT_XBGR8888, 2, [0x010203, 0, 0, 0], [corner], reads));
  assertEquals(reads[2], { x: 0, y: 0, width: 2, height: 2 });
  assertEquals([...display.picture()?.data.subarray(0, 4) ?? []], [3, 2, 1, 255]);
  assertEquals(display.frames(), 3);
});

Deno.test("PngDisplay composes a premultiplied cursor, clipped at every edge", () => {
  using display = new PngDisplay();
  display.present(0, frame(DRM_FORMAT_XRGB8888, 2, [0x646464, 0x646464, 0x646464, 0x646464]));
  const bytes = new Uint8Array(Uint32Array.of(0xffff0000, 0x80008000, 0, 0xff0000ff).buffer);
  const image = { width: 2, height: 2, bytes, hotX: 0, hotY: 0 };
  const pixels = (x: number, y: number): number[][] => {
    display.cursor(0, image, x, y);
    const data = display.picture()?.data ?? [];
    return [0, 1, 2, 3].map((i) => [...data.slice(i * 4, i * 4 + 3)]);
  };
  const grey = [100, 100, 100];
  const half = [50, 178, 50]; // 0x80 green over what is left of 100
  assertEquals(pixels(0, 0), [[255, 0, 0], half, grey, [0, 0, 255]]);
  assertEquals(pixels(-1, 0), [half, grey, [0, 0, 255], grey]);
  assertEquals(pixels(1, 1), [grey, grey, grey, [255, 0, 0]]);
  assertEquals(pixels(0, -1), [grey, [0, 0, 255], grey, grey]);
  assertEquals(pixels(9, 9), [grey, grey, grey, grey]);
  display.cursor(0, undefined, 0, 0);
  assertEquals(display.picture()?.data[0], 100);
});

Deno.test("PngDisplay writes a PNG that decodes to its pixels, and says when there is nothing to write", () => {
  using display = new PngDisplay();
  assertThrows(() => display.png(), RangeError, "scanout 0 shows nothing");
  display.present(0, frame(DRM_FORMAT_ARGB8888, 2, [0x00010203, 0x40040506]));
  const image = decode(display.png());
  assertEquals([image.width, image.height, image.channels, ...image.data], [2, 1, 3, 1, 2, 3, 4, 5, 6]);
  display.present(0, undefined);
  assertEquals(display.picture(), undefined);
});

Deno.test("PngDisplay records every n-th frame, shrunk, as an animated PNG", () => {
  using display = new PngDisplay({ recordEvery: 2, recordShrink: 2, recordLimit: 2 });
  assertThrows(() => display.apng(40), RangeError, "no pictures");
  const bytes = new Uint8Array(Uint32Array.of(0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000).buffer);
  for (let n = 0; n < 9; n++) {
    display.present(0, frame(DRM_FORMAT_XRGB8888, 4, [n, n, 0, 4, n + 4, n, 0, 0]));
    if (n === 0) display.cursor(0, { width: 2, height: 2, bytes, hotX: 0, hotY: 0 }, 2, 0);
  }
  const file = display.apng(40);
  const text = new TextDecoder("latin1").decode(file);
  assertEquals(text.match(/fcTL/g)?.length, 2);
  assertEquals(text.match(/fdAT/g)?.length, 1);
  const view = new DataView(file.buffer);
  const frames = text.indexOf("acTL") + 4;
  assertEquals(view.getUint32(frames), 2);
  const control = text.indexOf("fcTL") + 4;
  assertEquals([view.getUint32(control + 4), view.getUint32(control + 8), view.getUint16(control + 20)], [2, 1, 40]);
  // The default image, which any PNG reader shows: blocks averaged, before the cursor came.
  const still = decode(file);
  assertEquals([...still.data], [0, 0, 1, 0, 0, 1]);
});
