/**
 * `PagesMapping`: a client's view of pages, which keeps them in place and their owner alive.
 * @module
 */

import type { Mapping } from "./file.ts";
import type { Pages, PageSegment } from "./memory.ts";

/** What a mapping keeps alive: an object, a buffer, a file. */
export interface Counted {
  /** Drops a reference. */
  put(): void;
}

/** A mapping of pages, which pins them and holds a reference of their owner. */
export class PagesMapping implements Mapping {
  /** The bytes. */
  readonly bytes: Uint8Array;
  readonly #pages: Pages;
  readonly #offset: number;
  readonly #length: number;
  #owner: Counted | undefined;

  /**
   * Maps a range of pages.
   *
   * @param pages what is mapped. @param offset bytes. @param length bytes.
   * @param owner whose reference the mapping takes over; it is dropped if the pages cannot be mapped (ENOMEM).
   */
  constructor(pages: Pages, offset: number, length: number, owner: Counted) {
    this.#pages = pages;
    this.#offset = offset;
    this.#length = length;
    this.#owner = owner;
    pages.pin();
    try {
      this.bytes = pages.bytes().subarray(offset, offset + length);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The descriptor behind the bytes, if they have one. Pages may make it only when they are asked. */
  get fd(): number | undefined {
    return this.#pages.fd;
  }

  /** Where in `fd` the bytes are. */
  get fdOffset(): number {
    return (this.#pages.fdOffset ?? 0) + this.#offset;
  }

  /** The parts of the pages' ranges that are mapped, if the pages are several. */
  get segments(): readonly PageSegment[] | undefined {
    const { segments } = this.#pages;
    if (segments === undefined) return undefined;
    const out: PageSegment[] = [];
    const end = this.#offset + this.#length;
    let start = 0;
    for (const segment of segments) {
      const from = Math.max(this.#offset, start), to = Math.min(end, start + segment.length);
      if (from < to) out.push({ pages: segment.pages, offset: segment.offset + from - start, length: to - from });
      start += segment.length;
    }
    return out;
  }

  /** Unmaps; harmless when repeated. */
  [Symbol.dispose](): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    this.#pages.unpin();
    owner.put();
  }
}
