/**
 * Takes the snapshot of a small transfer: rows of guest memory, packed into the staging ring.
 * @module
 */

import type { BackingReader } from "../backing_reader.ts";
import type { StagingRing } from "./staging_ring.ts";

/** Rows up to here are copied word by word: making a view for each costs more. Pixels. */
const LOOP_PIXELS = 192;

/**
 * Copies rows side by side.
 *
 * @param reader of the backing. @param offset of the first row in it, bytes. @param pitch pixels from row to row there.
 * @param at where in the ring, bytes, a multiple of 4. @param width pixels of a row.
 * @throws {DrmError} EFAULT
 */
export function packRows(
  reader: BackingReader,
  offset: number,
  pitch: number,
  ring: StagingRing,
  at: number,
  width: number,
  rows: number,
): void {
  const length = width * 4, stride = pitch * 4;
  reader.locate(offset);
  if (reader.room < (rows - 1) * stride + length) {
    if (width === pitch) reader.copy(offset, rows * length, ring.bytes, at);
    else for (let row = 0; row < rows; row++) reader.copy(offset + row * stride, length, ring.bytes, at + row * length);
    return;
  }
  const { words, start, bytes } = reader;
  if (words !== undefined && start % 4 === 0 && width <= LOOP_PIXELS) {
    const target = ring.words;
    for (let row = 0, from = start / 4, to = at / 4; row < rows; row++, from += pitch, to += width) {
      for (let i = 0; i < width; i++) target[to + i] = words[from + i];
    }
  } else if (width === pitch) ring.bytes.set(bytes.subarray(start, start + rows * length), at);
  else {
    for (let row = 0, from = start, to = at; row < rows; row++, from += stride, to += length) {
      ring.bytes.set(bytes.subarray(from, from + length), to);
    }
  }
}
