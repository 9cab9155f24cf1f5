/**
 * PNG files as pictures for a screen: every colour type and depth of the format (W3C PNG, section 6.1) as words of XRGB8888.
 * first_light.ts reads a user's picture with it; it is no example of its own.
 * @module
 */

import { decode, type DecodedPng } from "fast-png";

/** A decoded picture. Its samples stay as they lie in the file, so that a large one costs no second copy. */
export interface Picture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** The pixel at column `x`, row `y` as 0xffRRGGBB; what is transparent lies over black, as a screen has nothing behind it. */
  at(x: number, y: number): number;
}

/** The most pixels of a picture: what a decoder allocates is bounded by them. */
export const MOST_PIXELS = 100_000_000;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** First bytes of other files that people take for PNG. */
const OTHERS: readonly (readonly [string, RegExp])[] = [
  ["a JPEG file", /^\xff\xd8\xff/],
  ["a GIF file", /^GIF8/],
  ["a WebP file", /^RIFF[^]{4}WEBP/],
  ["an AVIF or HEIC file", /^[^]{4}ftyp(avif|heic|heix|mif1)/],
  ["a BMP file", /^BM/],
  ["a TIFF file", /^(II\*\0|MM\0\*)/],
  ["a JPEG XL file", /^[^]{4}JXL /],
  ["an SVG file", /^\s*(<\?xml|<svg)/],
];

function check(file: Uint8Array): void {
  if (file.length === 0) throw new TypeError("it is empty");
  if (!SIGNATURE.every((byte, i) => file[i] === byte)) {
    const head = String.fromCharCode(...file.subarray(0, 16));
    const other = OTHERS.find(([, pattern]) => pattern.test(head));
    throw new TypeError(`it is ${other?.[0] ?? "no PNG file"}: convert it to PNG first`);
  }
  if (file.length < 33) throw new TypeError("the file ends within its header");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const width = view.getUint32(16), height = view.getUint32(20);
  if (width === 0 || height === 0) throw new TypeError(`its header says ${width}x${height} pixels`);
  if (width * height > MOST_PIXELS) {
    throw new TypeError(`it has ${width}x${height} pixels: ${MOST_PIXELS / 1e6} million are the most`);
  }
}

/** Sample `index` of a row whose samples of less than 8 bits are packed, the first in the highest bits. */
function packed(row: number, index: number, { depth, data }: DecodedPng): number {
  const bit = index * depth;
  return data[row + (bit >>> 3)] >>> (8 - depth - (bit & 7)) & ((1 << depth) - 1);
}

/** `value` of 0 to 255 at `alpha` of 0 to 255, over black. */
const over = (value: number, alpha: number): number => Math.round(value * alpha / 255);

const word = (r: number, g: number, b: number): number => (0xff000000 | r << 16 | g << 8 | b) >>> 0;

/**
 * Decodes a PNG file.
 *
 * @param file its bytes; not to be changed while the picture is in use
 * @throws {TypeError} when it is no PNG file, too large, or damaged: a phrase that says which
 */
export function readPicture(file: Uint8Array): Picture {
  check(file);
  let png: DecodedPng;
  try {
    png = decode(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/:\s*$/, "") : String(error);
    throw new TypeError(`the file is damaged or cut off (${reason})`, { cause: error });
  }
  const { width, height, depth, channels, data, palette, transparency } = png;
  const stride = depth < 8 ? Math.ceil(width * channels * depth / 8) : width * channels;
  if (data.length < stride * height) throw new TypeError("the file is damaged or cut off (rows are missing)");

  if (palette !== undefined) {
    const words = palette.map(([r, g, b, a = 255]) => word(over(r, a), over(g, a), over(b, a)));
    // An index beyond the palette is an error that viewers show as black (section 11.2.2).
    const at = (x: number, y: number) =>
      words[depth < 8 ? packed(y * stride, x, png) : data[y * stride + x]] ?? 0xff000000;
    return { width, height, at };
  }
  const most = 2 ** depth - 1;
  const grey = channels < 3;
  const hasAlpha = channels === 2 || channels === 4;
  const at = (x: number, y: number): number => {
    const i = y * stride + x * channels;
    const r = depth < 8 ? packed(y * stride, x, png) : data[i];
    const g = grey ? r : data[i + 1], b = grey ? r : data[i + 2];
    if (transparency !== undefined && r === transparency[0]) {
      // tRNS of these types names one colour, at full depth, that is transparent (section 11.3.1.1).
      if (grey || g === transparency[1] && b === transparency[2]) return 0xff000000;
    }
    const alpha = hasAlpha ? data[i + channels - 1] : most;
    if (most === 255 && alpha === 255) return word(r, g, b);
    const scale = 255 / most * (alpha / most);
    return word(Math.round(r * scale), Math.round(g * scale), Math.round(b * scale));
  };
  return { width, height, at };
}
