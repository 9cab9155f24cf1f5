/**
 * Finds the bytes behind an offset of a resource's backing, which may be scattered over guest memory and cross its slots.
 * Nothing is allocated while consecutive look-ups stay in one slot.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { GuestSlot } from "../../../core/guest_memory.ts";
import type { Backing } from "../../../core/host.ts";

const NONE = new Uint8Array(0);

/** A place in a backing: `locate` moves it. */
export class BackingReader {
  /** The bytes of the slot at the place; good until guest code runs again. */
  bytes: Uint8Array = NONE;
  /** The same as words, or undefined if they do not lie on a word boundary. */
  words: Uint32Array | undefined;
  /** Where in `bytes` the place is. */
  start = 0;
  /** Bytes from there on that lie side by side. */
  room = 0;
  /** The slot of the place, once one was located. */
  get slot(): GuestSlot | undefined {
    return this.#slot;
  }
  #backing: Backing | undefined;
  #starts: number[] = [];
  #piece = 0;
  #slot: GuestSlot | undefined;

  /** Reads `backing` from now on. */
  open(backing: Backing): void {
    if (backing === this.#backing) return;
    this.#backing = backing;
    this.#piece = 0;
    this.#slot = undefined;
    this.#starts = [];
    let start = 0;
    for (const length of backing.lengths) {
      this.#starts.push(start);
      start += length;
    }
  }

  /** Forgets the backing and its memory. */
  close(): void {
    this.#backing = this.#slot = this.words = undefined;
    this.#starts = [];
    this.bytes = NONE;
  }

  /** Moves to byte `offset`. Throws EFAULT if the backing ends before it, or its memory is gone. */
  locate(offset: number): void {
    const backing = this.#backing;
    if (backing === undefined || !(offset < backing.size)) {
      throw new DrmError("EFAULT", `Cannot read byte ${offset}: the backing holds ${backing?.size ?? 0}`);
    }
    const starts = this.#starts;
    let piece = this.#piece;
    if (offset < starts[piece] || offset >= starts[piece] + backing.lengths[piece]) piece = this.#search(offset);
    const inside = offset - starts[piece];
    const gpa = backing.gpas[piece] + inside;
    let slot = this.#slot;
    if (slot === undefined || !slot.live || gpa < slot.gpa || gpa >= slot.gpa + slot.length) {
      slot = this.#slot = backing.memory.find(gpa);
      if (slot === undefined) {
        throw new DrmError("EFAULT", `Cannot read guest address 0x${gpa.toString(16)}: no slot holds it`);
      }
    }
    const bytes = slot.pages.bytes();
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.words = bytes.byteOffset % 4 === 0
        ? new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4))
        : undefined;
    }
    this.start = slot.offset + (gpa - slot.gpa);
    this.room = Math.min(backing.lengths[piece] - inside, slot.gpa + slot.length - gpa);
  }

  /** Copies `length` bytes from `offset` to `target` at `at`. Throws EFAULT. */
  copy(offset: number, length: number, target: Uint8Array, at: number): void {
    for (let done = 0; done < length;) {
      this.locate(offset + done);
      const count = Math.min(length - done, this.room);
      target.set(this.bytes.subarray(this.start, this.start + count), at + done);
      done += count;
    }
  }

  #search(offset: number): number {
    let low = 0, high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#piece = low;
  }
}
