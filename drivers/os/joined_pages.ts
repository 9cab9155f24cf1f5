// Ranges of several files as one range of addresses (mmap(2), MAP_FIXED): what a udmabuf of several memfds is to the CPU.
import { DrmError } from "../../core/error.ts";
import type { Pages, PageSegment } from "../../core/memory.ts";
import { errnoName } from "../../uapi/errno.ts";
import { MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, Mapping } from "./mapping.ts";

/** Ranges that all joined pages of a thread may have mapped at once: the kernel allows a process 65530 mappings. */
const RANGES_MAX = 16384;
let ranges = 0;

/** Several ranges of pages, mapped side by side when they are first read. */
export class JoinedPages implements Pages {
  readonly size: number;
  /** The ranges. */
  readonly segments: readonly PageSegment[];
  #mapping: Mapping | undefined;
  #bytes: Uint8Array | undefined;

  /** Nothing is mapped yet. @param segments whole pages each, of memory with a descriptor; their owners outlive this. */
  constructor(segments: readonly PageSegment[]) {
    this.segments = segments;
    this.size = segments.reduce((sum, segment) => sum + segment.length, 0);
  }

  /**
   * All of it.
   *
   * @returns the memory itself
   * @throws {DrmError} ENOMEM if a range has no descriptor, or cannot be mapped
   */
  bytes(): Uint8Array {
    return this.#bytes ??= this.#map();
  }

  #map(): Uint8Array {
    if (ranges + this.segments.length > RANGES_MAX) {
      throw new DrmError("ENOMEM", `Cannot join ${this.segments.length} ranges of pages: ${ranges} are joined`);
    }
    const mapping = Mapping.tryMap(-1, this.size, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
    if (typeof mapping === "number") {
      throw new DrmError("ENOMEM", `Cannot map ${this.size} bytes: ${errnoName(mapping)}`);
    }
    let at = 0;
    for (const { pages, offset, length } of this.segments) {
      const fd = pages.fd;
      const result = fd === undefined ? -1 : mapping.place(at, length, fd, (pages.fdOffset ?? 0) + offset);
      if (result < 0) {
        mapping[Symbol.dispose]();
        throw new DrmError("ENOMEM", `Cannot join ${this.segments.length} ranges of pages at byte ${at}`);
      }
      at += length;
    }
    ranges += this.segments.length;
    this.#mapping = mapping;
    return new Uint8Array(mapping.buffer);
  }

  /** Joined pages stay mapped, and so do their ranges. */
  pin(): void {
    for (const { pages } of this.segments) pages.pin();
  }

  /** Ends one `pin`. */
  unpin(): void {
    for (const { pages } of this.segments) pages.unpin();
  }

  /** Unmaps. The ranges are their owners'. */
  [Symbol.dispose](): void {
    if (this.#mapping === undefined) return;
    ranges -= this.segments.length;
    this.#mapping[Symbol.dispose]();
    this.#mapping = this.#bytes = undefined;
  }
}
