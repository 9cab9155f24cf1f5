/**
 * Memory for commands and their responses, in guest memory that the device sees: fixed slots, made by the chunk and reused,
 * so that sending a command allocates nothing. The counterpart of virtio_gpu_vbuffer's cache (virtgpu_vq.c).
 * @module
 */

import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import type { PageAllocator, Pages } from "../../../core/memory.ts";

/** Bytes of a slot: command, then response. */
const SLOT_BYTES = 256;
/** 32-bit words of a slot. */
const SLOT_WORDS = SLOT_BYTES / 4;
/** Where the response begins, bytes; also the longest command. */
export const RESPONSE_OFFSET = 192;
/** The longest response that a slot holds, bytes. */
export const RESPONSE_ROOM = SLOT_BYTES - RESPONSE_OFFSET;
/** Slots of a chunk. */
const CHUNK_SLOTS = 256;

interface Chunk {
  readonly pages: Pages;
  readonly slot: GuestSlot;
  readonly words: Uint32Array;
}

/** Numbered slots. Guests are little-endian, as every platform that Deno runs on: words are stored as they are. */
export class CommandSlots implements Disposable {
  readonly #memory: GuestMemory;
  readonly #allocator: PageAllocator;
  readonly #name: string;
  readonly #chunks: Chunk[] = [];
  readonly #free: number[] = [];

  /** No slots yet; the first command makes a chunk. @param memory where the device sees them. @param allocator where pages come from. @param name for debugging. */
  constructor(memory: GuestMemory, allocator: PageAllocator, name: string) {
    this.#memory = memory;
    this.#allocator = allocator;
    this.#name = name;
  }

  /** Slots in use. */
  get used(): number {
    return this.#chunks.length * CHUNK_SLOTS - this.#free.length;
  }

  /** Makes sure that the next `count` calls of `take` find a slot. Throws ENOMEM. */
  reserve(count: number): void {
    while (this.#free.length < count) this.#grow();
  }

  /** Takes a slot. Throws ENOMEM, unless `reserve` has seen to it. */
  take(): number {
    if (this.#free.length === 0) this.#grow();
    return this.#free.pop() as number;
  }

  /** Gives a slot back. */
  release(slot: number): void {
    this.#free.push(slot);
  }

  /** The words that hold a slot. */
  words(slot: number): Uint32Array {
    return this.#chunks[slot >>> 8].words;
  }

  /** Index of the slot's first word in `words`. */
  start(slot: number): number {
    return (slot & 0xff) * SLOT_WORDS;
  }

  /** Guest address of the slot. */
  gpa(slot: number): number {
    return this.#chunks[slot >>> 8].slot.gpa + (slot & 0xff) * SLOT_BYTES;
  }

  /** A copy of `length` bytes of a slot from `offset`. */
  copy(slot: number, offset: number, length: number): Uint8Array {
    const words = this.words(slot);
    const start = words.byteOffset + this.start(slot) * 4 + offset;
    return new Uint8Array(words.buffer, start, length).slice();
  }

  #grow(): void {
    const size = CHUNK_SLOTS * SLOT_BYTES;
    using undo = new DisposableStack();
    const pages = undo.use(this.#allocator.allocate(size, this.#name));
    const slot = undo.adopt(this.#memory.add(pages, 0, size), (slot) => this.#memory.remove(slot));
    const bytes = pages.bytes();
    pages.pin(); // the words are kept
    undo.move(); // all is well: nothing is to be undone
    const first = this.#chunks.length * CHUNK_SLOTS;
    this.#chunks.push({ pages, slot, words: new Uint32Array(bytes.buffer, bytes.byteOffset, size / 4) });
    for (let i = CHUNK_SLOTS - 1; i >= 0; i--) this.#free.push(first + i);
  }

  /** Takes everything out of guest memory. */
  [Symbol.dispose](): void {
    for (const chunk of this.#chunks) {
      this.#memory.remove(chunk.slot);
      chunk.pages.unpin();
      chunk.pages[Symbol.dispose]();
    }
    this.#chunks.length = 0;
    this.#free.length = 0;
  }
}
