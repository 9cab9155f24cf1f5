/**
 * The guest's half of a split virtqueue: virtio 1.3 section 2.7.13 and 2.7.14, and what drivers/virtio/virtio_ring.c does with it.
 * It trusts the device no further than the kernel does: a used entry that names no buffer of its own breaks the queue.
 * @module
 */

import type { DriverQueue } from "../../../core/bus.ts";
import { DrmError } from "../../../core/error.ts";
import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import { pageAlign, type PageAllocator, type Pages } from "../../../core/memory.ts";
import {
  VRING_AVAIL_F_NO_INTERRUPT,
  VRING_DESC_F_INDIRECT,
  VRING_DESC_F_NEXT,
  VRING_DESC_F_WRITE,
  vring_need_event,
  VRING_USED_F_NO_NOTIFY,
  vringLayout,
} from "../../../uapi/virtio_ring.ts";
import { DESC_WORDS, SplitRing, type SplitRingAddress } from "./split_ring.ts";

/** What a driver's queue is made of. */
export interface SplitDriverQueueOptions {
  /** Its number on the device. */
  readonly index: number;
  /** Descriptors: a power of two, 1 to 32768. */
  readonly size: number;
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Where ring memory comes from. */
  readonly allocator: PageAllocator;
  /** Whether VIRTIO_F_INDIRECT_DESC was accepted. */
  readonly indirect: boolean;
  /** Whether VIRTIO_F_EVENT_IDX was accepted. */
  readonly eventIdx: boolean;
  /** Sends an available buffer notification for queue `index`. */
  readonly notify: (index: number) => void;
}

/** Pieces of a chain beyond which a table of its own costs less than descriptors of the ring. */
const DIRECT_PIECES = 2;

interface Table {
  readonly pages: Pages;
  readonly slot: GuestSlot;
  readonly words: Uint32Array;
}

/** The guest's half of a split virtqueue. Owns its ring's memory. */
export class SplitDriverQueue implements DriverQueue, Disposable {
  /** Its number on the device. */
  readonly index: number;
  /** Descriptors in all. */
  readonly size: number;
  /** Where the ring lies: what a transport tells the device. */
  readonly address: SplitRingAddress;
  readonly #memory: GuestMemory;
  readonly #allocator: PageAllocator;
  readonly #indirect: boolean;
  readonly #eventIdx: boolean;
  readonly #notify: (index: number) => void;
  readonly #pages: Pages;
  readonly #slot: GuestSlot;
  readonly #ring: SplitRing;
  // Bookkeeping is private: what lies in the ring may be overwritten by the device.
  readonly #links: Uint16Array;
  readonly #lasts: Uint16Array;
  readonly #counts: Uint16Array;
  readonly #tokens: Float64Array;
  readonly #writable: Float64Array;
  readonly #tables: (Table | undefined)[];
  readonly #spare: Table[] = [];
  readonly #twoGpas: number[] = [0, 0];
  readonly #twoLengths: number[] = [0, 0];
  #free: number;
  #freeHead = 0;
  #availIdx = 0;
  #added = 0;
  #lastUsed = 0;
  #written = 0;
  #interrupts = true;
  #broken: string | undefined;
  #disposed = false;

  /** Allocates the ring. @param options size, memory, features. @throws {DrmError} ENOMEM; EINVAL for a wrong size. */
  constructor(options: SplitDriverQueueOptions) {
    const { size, memory, allocator } = options;
    if (!Number.isInteger(size) || size < 1 || size > 32768 || (size & (size - 1)) !== 0) {
      throw new DrmError("EINVAL", `Cannot use a ring of ${size} descriptors`);
    }
    this.index = options.index;
    this.size = size;
    this.#memory = memory;
    this.#allocator = allocator;
    this.#indirect = options.indirect;
    this.#eventIdx = options.eventIdx;
    this.#notify = options.notify;
    const layout = vringLayout(size, 64);
    const length = pageAlign(layout.size);
    using undo = new DisposableStack();
    this.#pages = undo.use(allocator.allocate(length, `virtqueue ${options.index}`));
    this.#slot = undo.adopt(memory.add(this.#pages, 0, length), (slot) => memory.remove(slot));
    const { gpa } = this.#slot;
    this.address = { size, desc: gpa + layout.desc, avail: gpa + layout.avail, used: gpa + layout.used };
    this.#ring = new SplitRing(memory, this.address);
    undo.move(); // all is well: nothing is to be undone
    this.#links = new Uint16Array(size);
    for (let i = 0; i < size; i++) this.#links[i] = i + 1;
    this.#lasts = new Uint16Array(size);
    this.#counts = new Uint16Array(size);
    this.#tokens = new Float64Array(size).fill(-1);
    this.#writable = new Float64Array(size);
    this.#tables = new Array<Table | undefined>(size).fill(undefined);
    this.#free = size;
  }

  /** Descriptors free now. */
  get free(): number {
    return this.#free;
  }

  /** Bytes that the device wrote into the buffer that `next` returned last; never more than the buffer holds. */
  get written(): number {
    return this.#written;
  }

  /** Why the queue can no longer be used, or undefined. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** Exposes one buffer of one readable and at most one writable piece; false if there is no room. */
  add(outGpa: number, outLength: number, inGpa: number, inLength: number, token: number): boolean {
    const gpas = this.#twoGpas, lengths = this.#twoLengths;
    gpas[0] = outGpa;
    gpas[1] = inGpa;
    lengths[0] = outLength;
    lengths[1] = inLength;
    return this.addPieces(gpas, lengths, 1, inLength > 0 ? 1 : 0, token);
  }

  /**
   * Exposes one buffer of several pieces: `out` readable ones, then `inCount` writable ones.
   *
   * @returns false if there is no room now, or the queue is broken.
   * @throws {RangeError} for a buffer that no ring of this size can hold, an empty piece, or a negative token.
   */
  addPieces(gpas: readonly number[], lengths: readonly number[], out: number, inCount: number, token: number): boolean {
    const count = out + inCount;
    if (!(count > 0) || count > this.size || count > gpas.length || count > lengths.length) {
      throw new RangeError(`Cannot add a buffer of ${out} + ${inCount} pieces to a queue of ${this.size} descriptors`);
    }
    if (!(token >= 0)) throw new RangeError(`Cannot add a buffer with token ${token}`);
    let writable = 0;
    for (let i = 0; i < count; i++) {
      if (!(lengths[i] > 0 && lengths[i] <= 0xffffffff)) {
        throw new RangeError(`Cannot add a piece of ${lengths[i]} bytes`);
      }
      if (i >= out) writable += lengths[i];
    }
    if (this.#broken !== undefined || this.#disposed) return false;

    let table: Table | undefined;
    if (this.#indirect && this.#free > 0 && (count > DIRECT_PIECES || count > this.#free)) table = this.#takeTable();
    if (table === undefined && count > this.#free) return false;

    const head = this.#freeHead;
    if (table !== undefined) {
      for (let i = 0; i < count; i++) {
        setDescriptor(table.words, i, gpas[i], lengths[i], i >= out, i + 1 < count, i + 1);
      }
      const words = this.#ring.desc;
      setDescriptor(words, head, table.slot.gpa, count * 16, false, false, 0);
      words[head * DESC_WORDS + 3] = VRING_DESC_F_INDIRECT;
      this.#tables[head] = table;
      this.#freeHead = this.#links[head];
      this.#lasts[head] = head;
      this.#counts[head] = 1;
      this.#free--;
    } else {
      const words = this.#ring.desc;
      let index = head, last = head;
      for (let i = 0; i < count; i++) {
        last = index;
        index = this.#links[index];
        setDescriptor(words, last, gpas[i], lengths[i], i >= out, i + 1 < count, index);
      }
      this.#freeHead = index;
      this.#lasts[head] = last;
      this.#counts[head] = count;
      this.#free -= count;
    }
    this.#tokens[head] = token;
    this.#writable[head] = writable;

    const avail = this.#ring.avail;
    avail[2 + (this.#availIdx & (this.size - 1))] = head;
    this.#availIdx = (this.#availIdx + 1) & 0xffff;
    // The barrier of 2.7.13.3.1: descriptors and ring entry are visible before idx.
    Atomics.store(avail, 1, this.#availIdx);
    // Beyond 2^16 additions the event index could no longer tell (virtqueue_add_split).
    if (++this.#added === 0xffff) this.kick();
    return true;
  }

  /** Notifies the device of what was added, if it wants to know: 2.7.10. */
  kick(): void {
    if (this.#added === 0 || this.#broken !== undefined || this.#disposed) return;
    const used = this.#ring.used;
    const old = (this.#availIdx - this.#added) & 0xffff;
    this.#added = 0;
    const wanted = this.#eventIdx
      ? vring_need_event(Atomics.load(used, this.#ring.availEvent), this.#availIdx, old)
      : (Atomics.load(used, 0) & VRING_USED_F_NO_NOTIFY) === 0;
    if (wanted) this.#notify(this.index);
  }

  /** The token of a buffer that the device is done with, or -1. */
  next(): number {
    if (this.#broken !== undefined || this.#disposed) return -1;
    const ring = this.#ring;
    const pending = (Atomics.load(ring.used, 1) - this.#lastUsed) & 0xffff;
    if (pending === 0) return -1;
    if (pending > this.size) return this.#break(`used idx runs ${pending} ahead of ${this.size} descriptors`);
    const entry = 1 + 2 * (this.#lastUsed & (this.size - 1));
    const head = ring.usedWords[entry];
    const written = ring.usedWords[entry + 1];
    if (head >= this.size) return this.#break(`used id ${head} is out of range`);
    const token = this.#tokens[head];
    if (token < 0) return this.#break(`used id ${head} is not a head`);
    this.#lastUsed = (this.#lastUsed + 1) & 0xffff;
    this.#tokens[head] = -1;
    this.#written = Math.min(written, this.#writable[head]);
    this.#links[this.#lasts[head]] = this.#freeHead;
    this.#freeHead = head;
    this.#free += this.#counts[head];
    const table = this.#tables[head];
    if (table !== undefined) {
      this.#tables[head] = undefined;
      this.#spare.push(table);
    }
    if (this.#interrupts && this.#eventIdx) Atomics.store(ring.avail, ring.usedEvent, this.#lastUsed);
    return token;
  }

  /** Asks for an interrupt at the next used buffer (2.7.7); false if one is there already and must be handled first. */
  enableInterrupts(): boolean {
    if (this.#broken !== undefined || this.#disposed) return true;
    this.#interrupts = true;
    const { avail, used, usedEvent } = this.#ring;
    if (this.#eventIdx) Atomics.store(avail, usedEvent, this.#lastUsed);
    else Atomics.store(avail, 0, 0);
    return Atomics.load(used, 1) === this.#lastUsed;
  }

  /** Says that no interrupt is needed; a hint. */
  disableInterrupts(): void {
    if (this.#disposed) return;
    this.#interrupts = false;
    const { avail, usedEvent } = this.#ring;
    // With the event index, flags stay 0 (2.7.7.1), and an index just passed is the farthest away.
    if (this.#eventIdx) Atomics.store(avail, usedEvent, (this.#lastUsed - 1) & 0xffff);
    else Atomics.store(avail, 0, VRING_AVAIL_F_NO_INTERRUPT);
  }

  /** Takes the ring and its tables out of guest memory and frees them. Buffers that are still out are forgotten. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#ring[Symbol.dispose]();
    for (const table of [...this.#tables, ...this.#spare]) {
      if (table === undefined) continue;
      table.pages.unpin();
      this.#memory.remove(table.slot);
      table.pages[Symbol.dispose]();
    }
    this.#memory.remove(this.#slot);
    this.#pages[Symbol.dispose]();
  }

  #break(reason: string): -1 {
    this.#broken = reason;
    return -1;
  }

  #takeTable(): Table | undefined {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    try {
      using undo = new DisposableStack();
      const length = pageAlign(this.size * 16);
      const pages = undo.use(this.#allocator.allocate(length, `virtqueue ${this.index} indirect table`));
      const slot = undo.adopt(this.#memory.add(pages, 0, length), (slot) => this.#memory.remove(slot));
      const bytes = pages.bytes();
      pages.pin();
      undo.move();
      return { pages, slot, words: new Uint32Array(bytes.buffer, bytes.byteOffset, this.size * DESC_WORDS) };
    } catch (error) {
      // As the kernel: without memory for a table the ring's own descriptors must do.
      if (error instanceof DrmError) return undefined;
      throw error;
    }
  }
}

function setDescriptor(
  words: Uint32Array,
  index: number,
  gpa: number,
  length: number,
  write: boolean,
  more: boolean,
  next: number,
): void {
  const at = index * DESC_WORDS;
  words[at] = gpa; // ToUint32 takes it modulo 2^32
  words[at + 1] = gpa / 0x1_0000_0000;
  words[at + 2] = length;
  words[at + 3] = more
    ? (next << 16) | VRING_DESC_F_NEXT | (write ? VRING_DESC_F_WRITE : 0)
    : write
    ? VRING_DESC_F_WRITE
    : 0;
}
