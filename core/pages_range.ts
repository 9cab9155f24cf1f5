/**
 * Ranges of pages as pages: what a udmabuf is made of. Nothing is copied.
 * @module
 */

import { DrmError } from "./error.ts";
import type { PageAllocator, Pages, PageSegment } from "./memory.ts";

/** One range of other pages. Their owner outlives it. */
class PagesRange implements Pages {
  readonly size: number;
  readonly #pages: Pages;
  readonly #offset: number;

  constructor(segment: PageSegment) {
    this.size = segment.length;
    this.#pages = segment.pages;
    this.#offset = segment.offset;
  }
  get fd(): number | undefined {
    return this.#pages.fd;
  }
  get fdOffset(): number {
    return (this.#pages.fdOffset ?? 0) + this.#offset;
  }
  bytes(): Uint8Array {
    return this.#pages.bytes().subarray(this.#offset, this.#offset + this.size);
  }
  pin(): void {
    this.#pages.pin();
  }
  unpin(): void {
    this.#pages.unpin();
  }
  [Symbol.dispose](): void {}
}

/** Several ranges that no allocator can join: devices reach them one by one, the CPU not at all. */
class ScatteredPages implements Pages {
  readonly size: number;
  readonly segments: readonly PageSegment[];

  constructor(segments: readonly PageSegment[]) {
    this.segments = segments;
    this.size = segments.reduce((sum, segment) => sum + segment.length, 0);
  }
  bytes(): Uint8Array {
    throw new DrmError(
      "ENOMEM",
      `Cannot map ${this.segments.length} ranges of pages as one: the allocator cannot join them`,
    );
  }
  pin(): void {
    for (const { pages } of this.segments) pages.pin();
  }
  unpin(): void {
    for (const { pages } of this.segments) pages.unpin();
  }
  [Symbol.dispose](): void {}
}

/** Ranges with neighbours joined. */
function coalesce(segments: readonly PageSegment[]): PageSegment[] {
  const out: PageSegment[] = [];
  for (const segment of segments) {
    const last = out.at(-1);
    if (last !== undefined && last.pages === segment.pages && last.offset + last.length === segment.offset) {
      out[out.length - 1] = { ...last, length: last.length + segment.length };
    } else out.push(segment);
  }
  return out;
}

/** Pages over `segments`, in their order, whose owners must outlive them. One range of addresses wherever that can be. */
export function joinPages(allocator: PageAllocator, segments: readonly PageSegment[]): Pages {
  const ranges = coalesce(segments);
  if (ranges.length === 1) return new PagesRange(ranges[0]);
  return allocator.join?.(ranges) ?? new ScatteredPages(ranges);
}

/** What pages are made of: one range for most. */
export function pageSegments(pages: Pages): readonly PageSegment[] {
  return pages.segments ?? [{ pages, offset: 0, length: pages.size }];
}
