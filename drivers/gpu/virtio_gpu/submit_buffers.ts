/**
 * Memory for commands of contexts, in guest memory that the device sees: a header's place, then what the client submits, copied
 * there once. Buffers are reused, so that submitting allocates nothing.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import type { PageAllocator, Pages } from "../../../core/memory.ts";

/** Bytes of virtio_gpu_cmd_submit, which go ahead. */
export const SUBMIT_HEADER = 32;
/** The most that one submission holds, bytes. */
export const SUBMIT_MAX: number = 2 ** 26 - SUBMIT_HEADER;
const SMALLEST_BITS = 12;
const CLASSES = 27 - SMALLEST_BITS;
/** Bytes of buffers that are kept for the next submission. */
const KEPT_MAX = 8 * 2 ** 20;

/** One buffer. It is the subject of its command: when that is over, the buffer is free again. */
export class SubmitBuffer {
  /** Guest address of the header; the commands follow. */
  readonly gpa: number;
  /** All of it as words. */
  readonly words: Uint32Array;
  /** What follows the header. */
  readonly data: Uint8Array;
  readonly #buffers: SubmitBuffers;
  readonly #pages: Pages;
  readonly #slot: GuestSlot;

  /** Takes over pages and slot. */
  constructor(buffers: SubmitBuffers, pages: Pages, slot: GuestSlot) {
    this.#buffers = buffers;
    this.#pages = pages;
    this.#slot = slot;
    this.gpa = slot.gpa;
    const bytes = pages.bytes();
    pages.pin();
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, pages.size / 4);
    this.data = bytes.subarray(SUBMIT_HEADER);
  }

  /** Bytes. */
  get size(): number {
    return this.#pages.size;
  }

  /** The command is over. */
  commandDone(): void {
    this.#buffers.release(this);
  }

  /** Takes it out of guest memory. */
  free(memory: GuestMemory): void {
    memory.remove(this.#slot);
    this.#pages.unpin();
    this.#pages[Symbol.dispose]();
  }
}

/** The buffers of one device, by sizes that are powers of two. */
export class SubmitBuffers implements Disposable {
  readonly #memory: GuestMemory;
  readonly #allocator: PageAllocator;
  readonly #free: SubmitBuffer[][] = Array.from({ length: CLASSES }, () => []);
  #kept = 0;
  #closed = false;

  /** No buffers yet. @param memory where the device sees them. @param allocator where pages come from. */
  constructor(memory: GuestMemory, allocator: PageAllocator) {
    this.#memory = memory;
    this.#allocator = allocator;
  }

  /** A buffer for `size` bytes of commands. Throws ENOMEM. */
  acquire(size: number): SubmitBuffer {
    if (size > SUBMIT_MAX) throw new DrmError("ENOMEM", `Cannot submit ${size} bytes of commands`);
    const index = classOf(size + SUBMIT_HEADER);
    const buffer = this.#free[index].pop();
    if (buffer !== undefined) {
      this.#kept -= buffer.size;
      return buffer;
    }
    using undo = new DisposableStack();
    const pages = undo.use(this.#allocator.allocate(2 ** (index + SMALLEST_BITS), "virtio_gpu submissions"));
    const slot = undo.adopt(this.#memory.add(pages, 0, pages.size), (slot) => this.#memory.remove(slot));
    const made = new SubmitBuffer(this, pages, slot);
    undo.move(); // all is well: nothing is to be undone
    return made;
  }

  /** Gives a buffer back. */
  release(buffer: SubmitBuffer): void {
    if (this.#closed || this.#kept + buffer.size > KEPT_MAX) return buffer.free(this.#memory);
    this.#kept += buffer.size;
    this.#free[classOf(buffer.size)].push(buffer);
  }

  /** Frees what is kept; what is in use goes when it is given back. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const buffers of this.#free) for (const buffer of buffers.splice(0)) buffer.free(this.#memory);
  }
}

function classOf(bytes: number): number {
  return bytes <= 2 ** SMALLEST_BITS ? 0 : 32 - Math.clz32(bytes - 1) - SMALLEST_BITS;
}
