/**
 * Pixel formats of viewers (RFC 6143, 7.4), and pixels turned into them.
 * @module
 */

/** As PIXEL_FORMAT on the wire. */
export interface PixelFormat {
  /** 8, 16 or 32. */
  readonly bitsPerPixel: number;
  /** Useful bits. */
  readonly depth: number;
  /** Whether the most significant byte comes first. */
  readonly bigEndian: boolean;
  /** Whether pixels are colours, and no indices. */
  readonly trueColour: boolean;
  /** The greatest value of red, green, blue. */
  readonly max: readonly [number, number, number];
  /** How far red, green, blue are shifted up. */
  readonly shift: readonly [number, number, number];
}

/** XRGB8888 as a screen has it. */
export const NATIVE_FORMAT: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  max: [255, 255, 255],
  shift: [16, 8, 0],
};

/** Bytes of PIXEL_FORMAT. */
export const PIXEL_FORMAT_SIZE = 16;

/** Reads PIXEL_FORMAT. @param bytes 16 of them. */
export function parsePixelFormat(bytes: Uint8Array): PixelFormat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PIXEL_FORMAT_SIZE);
  return {
    bitsPerPixel: bytes[0],
    depth: bytes[1],
    bigEndian: bytes[2] !== 0,
    trueColour: bytes[3] !== 0,
    max: [view.getUint16(4), view.getUint16(6), view.getUint16(8)],
    shift: [bytes[10], bytes[11], bytes[12]],
  };
}

/** Writes PIXEL_FORMAT. */
export function formatPixelFormat(format: PixelFormat): Uint8Array {
  const bytes = new Uint8Array(PIXEL_FORMAT_SIZE);
  const view = new DataView(bytes.buffer);
  bytes.set([format.bitsPerPixel, format.depth, format.bigEndian ? 1 : 0, format.trueColour ? 1 : 0]);
  format.max.forEach((max, i) => view.setUint16(4 + 2 * i, max));
  bytes.set(format.shift, 10);
  return bytes;
}

/** What is wrong with a format; undefined for one that can be served. Colour maps can, of 8 bits. */
export function formatProblem({ bitsPerPixel, trueColour, max, shift }: PixelFormat): string | undefined {
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32) return `${bitsPerPixel} bits per pixel`;
  if (!trueColour) return bitsPerPixel === 8 ? undefined : `a colour map with ${bitsPerPixel} bits per pixel`;
  for (let i = 0; i < 3; i++) {
    if (shift[i] >= bitsPerPixel || max[i] * 2 ** shift[i] >= 2 ** bitsPerPixel) {
      return `a component up to ${max[i]} shifted by ${shift[i]} in ${bitsPerPixel} bits`;
    }
  }
  return undefined;
}

/** Red and green of 3 bits, blue of 2: what viewers with colour maps get. */
const MAPPED: PixelFormat = { ...NATIVE_FORMAT, bitsPerPixel: 8, depth: 8, max: [7, 7, 3], shift: [5, 2, 0] };

/** The colour map of viewers that have one: 256 times red, green, blue of 16 bits each. */
export function colourMap(): Uint16Array {
  const out = new Uint16Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    out[i * 3] = Math.round((i >> 5) * 65535 / 7);
    out[i * 3 + 1] = Math.round((i >> 2 & 7) * 65535 / 7);
    out[i * 3 + 2] = Math.round((i & 3) * 65535 / 3);
  }
  return out;
}

function table(max: number, shift: number, bytes: number, swap: boolean): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, component) => {
    const value = (Math.round(component * max / 255) << shift) >>> 0;
    if (!swap || bytes === 1) return value;
    if (bytes === 2) return (value & 0xff) << 8 | value >>> 8;
    return (value << 24 | (value & 0xff00) << 8 | value >>> 8 & 0xff00 | value >>> 24) >>> 0;
  });
}

/**
 * Turns XRGB8888 into a viewer's pixels. A pixel is a word whose lowest byte comes first on the wire, whatever the byte order
 * of the viewer.
 */
export class PixelCodec {
  /** The format. */
  readonly format: PixelFormat;
  /** Bytes of a pixel. */
  readonly bytes: number;
  /** Bytes of a CPIXEL of ZRLE: 3 where a byte of 4 is never used (RFC 6143, 7.7.5). */
  readonly compactBytes: number;
  /** How far a CPIXEL is shifted within the word. */
  readonly compactShift: number;
  /** Whether a TPIXEL of Tight is red, green, blue. */
  readonly tightRgb: boolean;
  readonly #red: Uint32Array;
  readonly #green: Uint32Array;
  readonly #blue: Uint32Array;
  readonly #same: boolean;

  /** @param format one without a `formatProblem`. */
  constructor(format: PixelFormat) {
    this.format = format;
    const { bitsPerPixel, depth, bigEndian, max, shift } = format.trueColour ? format : MAPPED;
    this.bytes = bitsPerPixel >> 3;
    const swap = bigEndian;
    this.#red = table(max[0], shift[0], this.bytes, swap);
    this.#green = table(max[1], shift[1], this.bytes, swap);
    this.#blue = table(max[2], shift[2], this.bytes, swap);
    this.#same = bitsPerPixel === 32 && !bigEndian && max.every((each) => each === 255) && shift[0] === 16 &&
      shift[1] === 8 && shift[2] === 0;
    const bits = max.reduce((all, each, i) => (all | each << shift[i]) >>> 0, 0);
    const low = bits <= 0xff_ffff, high = (bits & 0xff) === 0;
    const compact = format.trueColour && bitsPerPixel === 32 && depth <= 24 && (low || high);
    this.compactBytes = compact ? 3 : this.bytes;
    this.compactShift = compact && low === bigEndian ? 8 : 0;
    this.tightRgb = format.trueColour && bitsPerPixel === 32 && depth === 24 && max.every((each) => each === 255);
  }

  /** One pixel. @param word XRGB8888. */
  pixel(word: number): number {
    return (this.#red[word >>> 16 & 0xff] | this.#green[word >>> 8 & 0xff] | this.#blue[word & 0xff]) >>> 0;
  }

  /** Turns a rectangle of a picture `stride` words wide into pixels without padding. */
  convert(
    source: Uint32Array,
    stride: number,
    x: number,
    y: number,
    width: number,
    height: number,
    target: Uint32Array,
  ): void {
    const red = this.#red, green = this.#green, blue = this.#blue;
    let to = 0;
    for (let row = y; row < y + height; row++) {
      let from = row * stride + x;
      const end = from + width;
      if (this.#same) { for (; from < end; from++) target[to++] = source[from] & 0xff_ffff; }
      else {
        for (; from < end; from++) {
          const word = source[from];
          target[to++] = red[word >>> 16 & 0xff] | green[word >>> 8 & 0xff] | blue[word & 0xff];
        }
      }
    }
  }
}
