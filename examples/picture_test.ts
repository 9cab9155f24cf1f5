import { assertEquals, assertThrows } from "@std/assert";
import { crc32, deflateSync } from "node:zlib";
import { readPicture } from "./picture.ts";

const GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGBA = 6;

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** A PNG file of rows that are packed already; `passes` in place of rows makes it an interlaced one. */
function png(
  width: number,
  height: number,
  depth: number,
  type: number,
  rows: readonly (readonly number[])[],
  extra: { palette?: number[]; transparency?: number[]; interlaced?: boolean } = {},
): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, type, 0, 0, extra.interlaced ? 1 : 0], 8);
  const parts = [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), chunk("IHDR", header)];
  if (extra.palette) parts.push(chunk("PLTE", Uint8Array.from(extra.palette)));
  if (extra.transparency) parts.push(chunk("tRNS", Uint8Array.from(extra.transparency)));
  parts.push(chunk("IDAT", deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))));
  return join(...parts, chunk("IEND", new Uint8Array(0)));
}

function words(file: Uint8Array): string[] {
  const picture = readPicture(file);
  return Array.from(
    { length: picture.width * picture.height },
    (_, i) => picture.at(i % picture.width, Math.floor(i / picture.width)).toString(16),
  );
}

Deno.test("readPicture: grey of every depth spans black to white, the first sample in the highest bits", () => {
  assertEquals(words(png(9, 1, 1, GREY, [[0b10100000, 0b10000000]])), [
    ..."101000001".replaceAll("0", "ff000000 ").replaceAll("1", "ffffffff ").trim().split(" "),
  ]);
  assertEquals(words(png(5, 1, 2, GREY, [[0b00011011, 0b10000000]])), [
    "ff000000",
    "ff555555",
    "ffaaaaaa",
    "ffffffff",
    "ffaaaaaa",
  ]);
  assertEquals(words(png(3, 1, 4, GREY, [[0x0f, 0x10]])), ["ff000000", "ffffffff", "ff111111"]);
  assertEquals(words(png(2, 2, 8, GREY, [[0, 1], [254, 255]])), ["ff000000", "ff010101", "fffefefe", "ffffffff"]);
  assertEquals(words(png(3, 1, 16, GREY, [[0, 0, 0x80, 0x80, 0xff, 0xff]])), ["ff000000", "ff808080", "ffffffff"]);
});

Deno.test("readPicture: colours of 8 and 16 bits, and alpha over black", () => {
  assertEquals(words(png(2, 1, 8, RGB, [[1, 2, 3, 255, 128, 0]])), ["ff010203", "ffff8000"]);
  assertEquals(words(png(1, 1, 16, RGB, [[0x12, 0x12, 0x34, 0x34, 0xff, 0xff]])), ["ff1234ff"]);
  assertEquals(words(png(3, 1, 8, RGBA, [[200, 100, 50, 255, 200, 100, 50, 51, 200, 100, 50, 0]])), [
    "ffc86432",
    "ff28140a",
    "ff000000",
  ]);
  assertEquals(words(png(1, 1, 16, RGBA, [[0xff, 0xff, 0x80, 0x80, 0, 0, 0x80, 0x80]])), ["ff804000"]);
  assertEquals(words(png(2, 1, 8, GREY_ALPHA, [[200, 255, 200, 51]])), ["ffc8c8c8", "ff282828"]);
});

Deno.test("readPicture: palettes of every depth, with transparent entries and an index that is none", () => {
  const palette = [255, 0, 0, 0, 255, 0, 0, 0, 255];
  assertEquals(words(png(2, 1, 1, PALETTE, [[0b01000000]], { palette })), ["ffff0000", "ff00ff00"]);
  assertEquals(words(png(3, 1, 2, PALETTE, [[0b10010000]], { palette })), ["ff0000ff", "ff00ff00", "ffff0000"]);
  assertEquals(words(png(2, 1, 4, PALETTE, [[0x21]], { palette, transparency: [255, 51] })), ["ff0000ff", "ff003300"]);
  assertEquals(words(png(3, 1, 8, PALETTE, [[1, 200, 0]], { palette })), ["ff00ff00", "ff000000", "ffff0000"]);
});

Deno.test("readPicture: one transparent colour of a picture without alpha", () => {
  assertEquals(words(png(2, 1, 8, GREY, [[7, 8]], { transparency: [0, 7] })), ["ff000000", "ff080808"]);
  assertEquals(words(png(3, 1, 8, RGB, [[1, 2, 3, 1, 2, 4, 1, 2, 3]], { transparency: [0, 1, 0, 2, 0, 3] })), [
    "ff000000",
    "ff010204",
    "ff000000",
  ]);
});

Deno.test("readPicture: an interlaced picture", () => {
  // Adam7 of 2x2: pass 1 has (0,0), pass 6 has (1,0), pass 7 has row 1.
  const file = png(2, 2, 8, RGB, [[1, 0, 0], [2, 0, 0], [3, 0, 0, 4, 0, 0]], { interlaced: true });
  assertEquals(words(file), ["ff010000", "ff020000", "ff030000", "ff040000"]);
});

Deno.test("readPicture says what a file is when it is no picture", () => {
  const good = png(2, 1, 8, RGB, [[1, 2, 3, 4, 5, 6]]);
  assertEquals(words(good).length, 2);
  const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
  for (
    const [file, phrase] of [
      [new Uint8Array(0), "it is empty"],
      [text("\xff\xd8\xff\xe0\0\x10JFIF"), "a JPEG file: convert it to PNG first"],
      [text("GIF89a"), "a GIF file"],
      [text("RIFF....WEBPVP8 "), "a WebP file"],
      [text("hello"), "no PNG file"],
      [good.subarray(0, 20), "ends within its header"],
      [good.subarray(0, 50), "damaged or cut off"],
      [png(0, 1, 8, RGB, []), "0x1 pixels"],
      [png(100_000, 100_000, 8, RGBA, []), "100 million are the most"],
      [png(64, 64, 8, RGB, [[1, 2, 3]]), "damaged or cut off"],
    ] as const
  ) assertThrows(() => readPicture(file), TypeError, phrase);
});
