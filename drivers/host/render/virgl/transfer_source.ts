/**
 * Where the bytes of a transfer come from, and how they get into a ring.
 * @module
 */

import { BackingReader } from "../backing_reader.ts";

/** None. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Where bytes come from: guest memory, or memory at hand. */
export interface Source {
  /**
   * Copies rows and packs them.
   * @param offset of the first row, bytes. @param stride from row to row there. @param length bytes of a row
   * @throws {DrmError} EFAULT if the memory is gone
   */
  rows(offset: number, stride: number, length: number, count: number, target: Uint8Array, at: number): void;
}

/** Takes bytes from a ring at a multiple of the block size, which need not be a power of two. */
export function takeBlocks(
  ring: { take(size: number, align: number): number },
  size: number,
  blockBytes: number,
): number {
  if ((blockBytes & blockBytes - 1) === 0) return ring.take(size, 16);
  return Math.ceil(ring.take(size + blockBytes, 16) / blockBytes) * blockBytes;
}

/** Guest memory, scattered or not. */
export class BackingSource implements Source {
  /** The place in it. */
  reader: BackingReader = new BackingReader();

  /** See {@linkcode Source}. */
  rows(offset: number, stride: number, length: number, count: number, target: Uint8Array, at: number): void {
    const { reader } = this;
    reader.locate(offset);
    const span = (count - 1) * stride + length;
    if (reader.room < span) {
      for (let row = 0; row < count; row++) reader.copy(offset + row * stride, length, target, at + row * length);
    } else copyRows(reader.bytes, reader.start, stride, length, count, target, at);
  }
}

/** Memory at hand. */
export class BytesSource implements Source {
  /** It. */
  bytes: Uint8Array = NO_BYTES;

  /** See {@linkcode Source}. */
  rows(offset: number, stride: number, length: number, count: number, target: Uint8Array, at: number): void {
    copyRows(this.bytes, offset, stride, length, count, target, at);
  }
}

function copyRows(
  source: Uint8Array,
  start: number,
  stride: number,
  length: number,
  count: number,
  target: Uint8Array,
  at: number,
): void {
  if (stride === length || count === 1) target.set(source.subarray(start, start + length * count), at);
  else {
    for (let row = 0, from = start, to = at; row < count; row++, from += stride, to += length) {
      target.set(source.subarray(from, from + length), to);
    }
  }
}
