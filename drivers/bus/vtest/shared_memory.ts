/**
 * The memory that one client shares with its renderer, by resource. Pieces of a page are kept when they are given back: Mesa makes
 * one a frame as a fence, and a new file takes three system calls more.
 * @module
 */

import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import { SharedPages } from "./shared_pages.ts";

/** Bytes of the pieces that are kept. */
const PAGE = 4096;
/** How many are kept. */
const KEPT = 32;

/** Pages that a client shares, and where its renderer sees them. Both stay until the GPU is done. */
export class SharedMemory implements Disposable {
  readonly pages: SharedPages;
  readonly slot: GuestSlot;
  readonly #home: SharedMemories;

  /** For SharedMemories. */
  constructor(home: SharedMemories, pages: SharedPages, slot: GuestSlot) {
    this.#home = home;
    this.pages = pages;
    this.slot = slot;
  }
  /** The descriptor that the client gets. */
  get fd(): number {
    return this.pages.fd;
  }
  /** Gives it back; once, and neither is used any more. */
  [Symbol.dispose](): void {
    this.#home.give(this);
  }
}

/** All of a client's. What one client had is never given to another, who would share it with the first. */
export class SharedMemories implements Disposable {
  readonly #memory: GuestMemory;
  readonly #spare: SharedMemory[] = [];
  #open = true;

  /** @param memory where the renderer sees it. */
  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Zeroed memory. @param size bytes, at least 1. @throws {VtestError} if there are no descriptors or no memory left */
  take(size: number): SharedMemory {
    const spare = size <= PAGE ? this.#spare.pop() : undefined;
    if (spare !== undefined) return spare;
    const pages = new SharedPages(size);
    try {
      return new SharedMemory(this, pages, this.#memory.add(pages, 0, pages.size));
    } catch (error) {
      pages[Symbol.dispose]();
      throw error;
    }
  }

  /** Takes some back. */
  give(memory: SharedMemory): void {
    const { pages } = memory;
    if (this.#open && pages.size === PAGE && this.#spare.length < KEPT && pages.clear()) this.#spare.push(memory);
    else this.#free(memory);
  }

  #free({ slot, pages }: SharedMemory): void {
    this.#memory.remove(slot);
    pages[Symbol.dispose]();
  }

  /** Frees what is kept, and from now on at once what is given back. */
  [Symbol.dispose](): void {
    this.#open = false;
    for (const spare of this.#spare.splice(0)) this.#free(spare);
  }
}
