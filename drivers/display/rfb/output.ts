/**
 * `Output`: bytes of a message that is being made, big endian.
 * @module
 */

/** A buffer that grows. */
export class Output {
  /** What there is room for. */
  bytes: Uint8Array;
  /** Bytes written. */
  length = 0;
  #view: DataView;

  /** @param size bytes to begin with. */
  constructor(size = 4096) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.length + size));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  /** Writes a byte. */
  u8(value: number): this {
    this.reserve(1);
    this.bytes[this.length++] = value;
    return this;
  }

  /** Writes 16 bits. */
  u16(value: number): this {
    this.reserve(2);
    this.#view.setUint16(this.length, value);
    this.length += 2;
    return this;
  }

  /** Writes 32 bits. */
  u32(value: number): this {
    this.reserve(4);
    this.#view.setUint32(this.length, value);
    this.length += 4;
    return this;
  }

  /** Writes bytes. */
  raw(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** Writes a pixel of 1 to 4 bytes, the lowest first. There must be room. */
  pixel(value: number, bytes: number): void {
    const { bytes: out } = this;
    out[this.length++] = value;
    if (bytes === 1) return;
    out[this.length++] = value >>> 8;
    if (bytes === 2) return;
    out[this.length++] = value >>> 16;
    if (bytes === 4) out[this.length++] = value >>> 24;
  }

  /** Writes 16 bits where something was left open. */
  patch16(at: number, value: number): void {
    this.#view.setUint16(at, value);
  }

  /** Forgets what was written, and its memory. */
  drop(): void {
    this.bytes = new Uint8Array(0);
    this.#view = new DataView(this.bytes.buffer);
    this.length = 0;
  }

  /** What was written. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
