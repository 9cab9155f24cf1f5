/**
 * `PixelRow`: a line of pixels between formats, 16 bits a channel, alpha first, as struct pixel_argb_u16 of the kernel's
 * vkms has them: its bytes are what the CRC of a frame is taken of.
 * @module
 */

/** 16-bit channels a pixel: alpha, red, green, blue. */
export const LANES = 4;

/** A line of pixels. */
export class PixelRow {
  /** Pixels. */
  readonly width: number;
  /** Alpha, red, green, blue of each pixel, 0..0xffff. */
  readonly lanes: Uint16Array<ArrayBuffer>;
  /** The same memory, two words a pixel: red over alpha, blue over green. */
  readonly words: Int32Array<ArrayBuffer>;

  /** A line. @param width pixels. @param buffer where it is to lie, from the start; default: memory of its own, zeroed. */
  constructor(width: number, buffer: ArrayBuffer = new ArrayBuffer(width * LANES * 2)) {
    this.width = width;
    this.lanes = new Uint16Array(buffer, 0, width * LANES);
    this.words = new Int32Array(buffer, 0, width * LANES / 2);
  }

  /** Makes every pixel the same. Channels are 0..0xffff. */
  fill(alpha: number, red: number, green: number, blue: number): void {
    const { words } = this;
    const low = alpha | (red << 16), high = green | (blue << 16);
    if (low === high) {
      words.fill(low);
      return;
    }
    for (let i = 0; i < words.length; i += 2) {
      words[i] = low;
      words[i + 1] = high;
    }
  }
}
