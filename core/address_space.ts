/**
 * The fake mmap offsets of a device's objects (drm_vma_offset_manager): page-granular ranges from 4 GiB on.
 * @module
 */

import { DrmError } from "./error.ts";
import { PAGE_SIZE } from "./memory.ts";
import { type Range, RangeAllocator } from "./range_allocator.ts";

/** The first offset (DRM_FILE_PAGE_OFFSET_START on 64 bits), bytes. */
export const FIRST_OFFSET = 0x1_0000_0000;
/** Offsets in all, bytes: 256 times 4 GiB (DRM_FILE_PAGE_OFFSET_SIZE on 64 bits). */
export const OFFSET_SPACE = 256 * 0x1_0000_0000;

const CHUNK_BITS = 10;
const CHUNK = 1 << CHUNK_BITS;

interface Entry<T> {
  readonly value: T;
  readonly range: Range;
}

interface Chunk<T> {
  readonly entries: (Entry<T> | undefined)[];
  count: number;
}

/** Ranges of offsets and what they stand for. Taking, freeing and finding an exact start do not slow down with their number. */
export class AddressSpace<T> {
  // By page, counted from the first, in chunks. (A Map slows down when few keys come and go among many that stay: V8 keeps
  // the removed ones in the chain of their hash.)
  readonly #chunks: (Chunk<T> | undefined)[] = [];
  #spare: Chunk<T> | undefined;
  #count = 0;
  readonly #ranges = new RangeAllocator(0, OFFSET_SPACE / PAGE_SIZE);

  /** Ranges taken. */
  get count(): number {
    return this.#count;
  }

  /** Takes a range of `size` bytes (rounded up to pages); its first offset. Throws ENOSPC when none is left. */
  add(value: T, size: number): number {
    const range = this.#ranges.allocate(Math.max(1, Math.ceil(size / PAGE_SIZE)));
    if (range === undefined) throw new DrmError("ENOSPC", `Cannot find an mmap offset for ${size} bytes`);
    const index = range.start >>> CHUNK_BITS;
    // Filled from the front, so that the array of chunks has no holes.
    while (this.#chunks.length <= index) this.#chunks.push(undefined);
    let chunk = this.#chunks[index];
    if (chunk === undefined) {
      chunk = this.#spare ?? { entries: new Array(CHUNK).fill(undefined), count: 0 };
      this.#spare = undefined;
      this.#chunks[index] = chunk;
    }
    chunk.entries[range.start & (CHUNK - 1)] = { value, range };
    chunk.count++;
    this.#count++;
    return FIRST_OFFSET + range.start * PAGE_SIZE;
  }

  /** What a range that starts exactly at `start` stands for. */
  get(start: number): T | undefined {
    return this.#find(start)?.value;
  }

  /** Frees the range at `start`. An empty space begins at {@linkcode FIRST_OFFSET} again. */
  remove(start: number): void {
    const entry = this.#find(start);
    if (entry === undefined) return;
    const index = entry.range.start >>> CHUNK_BITS;
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    chunk.entries[entry.range.start & (CHUNK - 1)] = undefined;
    if (--chunk.count === 0) {
      this.#spare = chunk;
      this.#chunks[index] = undefined;
    }
    this.#count--;
    this.#ranges.release(entry.range);
  }

  #find(start: number): Entry<T> | undefined {
    const page = (start - FIRST_OFFSET) / PAGE_SIZE;
    if (!(page >= 0) || page >= this.#chunks.length * CHUNK || !Number.isInteger(page)) return undefined;
    return this.#chunks[page >>> CHUNK_BITS]?.entries[page & (CHUNK - 1)];
  }
}
