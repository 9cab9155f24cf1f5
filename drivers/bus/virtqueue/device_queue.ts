/**
 * The device's half of a split virtqueue: virtio 1.3 section 2.7. Everything that it reads was written by a guest, so each
 * value is read once, checked, and then used; a check that fails breaks the queue and says which clause was broken.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import { DrmError } from "../../../core/error.ts";
import type { GuestMemory, GuestSlot } from "../../../core/guest_memory.ts";
import {
  VRING_AVAIL_F_NO_INTERRUPT,
  VRING_DESC_F_INDIRECT,
  VRING_DESC_F_NEXT,
  VRING_DESC_F_WRITE,
  vring_need_event,
  VRING_USED_F_NO_NOTIFY,
} from "../../../uapi/virtio_ring.ts";
import { DESC_WORDS, SplitRing, type SplitRingAddress } from "./split_ring.ts";

/** What a device's queue is made of. */
export interface SplitDeviceQueueOptions {
  /** Its number. */
  readonly index: number;
  /** Where the driver put the ring. */
  readonly address: SplitRingAddress;
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Whether VIRTIO_F_INDIRECT_DESC was accepted. */
  readonly indirect: boolean;
  /** Whether VIRTIO_F_EVENT_IDX was accepted. */
  readonly eventIdx: boolean;
  /** Sends a used buffer notification for queue `index`. */
  readonly interrupt: (index: number) => void;
  /**
   * The available index to go on from, u16, for a ring that was in use before; what was used so far then stands in the ring.
   * A new ring by default: both are 0.
   */
  readonly base?: number;
  /** Hears of what is written into buffers: `length` bytes at guest address `gpa`. */
  readonly written?: (gpa: number, length: number) => void;
  /** Hears of what is written into the used ring: `length` bytes at `offset` of it. */
  readonly usedWritten?: (offset: number, length: number) => void;
}

/** Copies up to here are done in a loop: a view costs more than it saves. */
const LOOP_BYTES = 96;
const EMPTY = new Uint32Array(0);

class Chain implements DeviceChain {
  head = 0;
  readable = 0;
  writable = 0;
  readonly gpas: number[] = [];
  readonly lengths: number[] = [];
  outCount = 0;
  inCount = 0;
}

/** The device's half of a split virtqueue. */
export class SplitDeviceQueue implements DeviceQueue, Disposable {
  /** Its number. */
  readonly index: number;
  /** Descriptors in all. */
  readonly size: number;
  readonly #memory: GuestMemory;
  readonly #ring: SplitRing | undefined;
  readonly #indirect: boolean;
  readonly #eventIdx: boolean;
  readonly #interrupt: (index: number) => void;
  readonly #written: ((gpa: number, length: number) => void) | undefined;
  readonly #usedWritten: ((offset: number, length: number) => void) | undefined;
  readonly #inFlight: Uint8Array;
  // An indirect table is copied before it is looked at; it grows to what the largest chain needs.
  #table: Uint32Array = EMPTY;
  #tableBytes: Uint8Array = new Uint8Array(0);
  // Requests and responses lie in few slots: the one hit last is tried first.
  #readSlot: GuestSlot | undefined;
  #writeSlot: GuestSlot | undefined;
  #lastAvail = 0;
  #usedIdx = 0;
  #signalled = 0;
  #signalledValid = false;
  #outstanding = 0;
  #broken: string | undefined;

  /**
   * A ring that cannot be used (size, alignment, memory) gives a queue that is broken from the start.
   *
   * @param options where the ring is, features.
   */
  constructor(options: SplitDeviceQueueOptions) {
    this.index = options.index;
    this.size = options.address.size;
    this.#memory = options.memory;
    this.#indirect = options.indirect;
    this.#eventIdx = options.eventIdx;
    this.#interrupt = options.interrupt;
    this.#written = options.written;
    this.#usedWritten = options.usedWritten;
    try {
      this.#ring = new SplitRing(options.memory, options.address);
      if (options.base !== undefined) {
        this.#lastAvail = options.base & 0xffff;
        this.#usedIdx = this.#ring.used[1];
      }
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      this.#broken = error.message;
    }
    this.#inFlight = new Uint8Array(this.#ring?.size ?? 0);
  }

  /** Why the queue can no longer be used, or undefined. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** Buffers that were popped and not pushed yet; at most as many as descriptors. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** The available index that the next `pop` looks at, u16: where another device can go on. */
  get base(): number {
    return this.#lastAvail;
  }

  /** A chain to pop into. */
  chain(): DeviceChain {
    return new Chain();
  }

  /** Takes the next available buffer; false when there is none or the queue is broken. */
  pop(chain: DeviceChain): boolean {
    const ring = this.#ring;
    if (this.#broken !== undefined || ring === undefined) return false;
    if (!ring.live) return this.#break("the ring's memory was removed (2.7)");
    const pending = (Atomics.load(ring.avail, 1) - this.#lastAvail) & 0xffff;
    if (pending === 0) return false;
    if (pending > ring.size) return this.#break(`avail idx runs ${pending} ahead of ${ring.size} descriptors (2.7.6)`);
    const head = ring.avail[2 + (this.#lastAvail & (ring.size - 1))];
    if (head >= ring.size) return this.#break(`head ${head} is out of range (2.7.6)`);
    if (this.#inFlight[head] !== 0) return this.#break(`head ${head} was made available twice (2.7.13.1)`);

    chain.head = head;
    chain.readable =
      chain.writable =
      chain.outCount =
      chain.inCount =
        0;
    if (!this.#walk(chain, ring, head)) return false;
    const pieces = chain.outCount + chain.inCount;
    if (chain.gpas.length !== pieces) chain.gpas.length = chain.lengths.length = pieces;
    this.#lastAvail = (this.#lastAvail + 1) & 0xffff;
    this.#inFlight[head] = 1;
    this.#outstanding++;
    return true;
  }

  /** Copies readable bytes from `offset` of the chain into `target`; how many. Memory that went away breaks the queue. */
  read(chain: DeviceChain, offset: number, target: Uint8Array): number {
    if (this.#broken !== undefined) return 0;
    const most = Math.min(target.length, chain.readable - offset);
    let done = 0;
    let start = 0;
    for (let i = 0; i < chain.outCount && done < most; i++) {
      const length = chain.lengths[i];
      while (offset + done >= start && offset + done < start + length && done < most) {
        const inside = offset + done - start;
        const gpa = chain.gpas[i] + inside;
        let slot = this.#readSlot;
        if (slot === undefined || !slot.live || gpa < slot.gpa || gpa >= slot.gpa + slot.length) {
          slot = this.#readSlot = this.#memory.find(gpa);
          if (slot === undefined) return this.#gone(gpa);
        }
        const count = Math.min(length - inside, most - done, slot.gpa + slot.length - gpa);
        const bytes = slot.pages.bytes();
        const from = slot.offset + (gpa - slot.gpa);
        if (count <= LOOP_BYTES) { for (let b = 0; b < count; b++) target[done + b] = bytes[from + b]; }
        else target.set(bytes.subarray(from, from + count), done);
        done += count;
      }
      start += length;
    }
    return done;
  }

  /** Copies `source` into writable bytes from `offset` of the chain; how many fitted. Memory that went away breaks the queue. */
  write(chain: DeviceChain, offset: number, source: Uint8Array): number {
    if (this.#broken !== undefined) return 0;
    const most = Math.min(source.length, chain.writable - offset);
    const pieces = chain.outCount + chain.inCount;
    let done = 0;
    let start = 0;
    for (let i = chain.outCount; i < pieces && done < most; i++) {
      const length = chain.lengths[i];
      while (offset + done >= start && offset + done < start + length && done < most) {
        const inside = offset + done - start;
        const gpa = chain.gpas[i] + inside;
        let slot = this.#writeSlot;
        if (slot === undefined || !slot.live || gpa < slot.gpa || gpa >= slot.gpa + slot.length) {
          slot = this.#writeSlot = this.#memory.find(gpa);
          if (slot === undefined) return this.#gone(gpa);
        }
        const count = Math.min(length - inside, most - done, slot.gpa + slot.length - gpa);
        const bytes = slot.pages.bytes();
        const to = slot.offset + (gpa - slot.gpa);
        if (count <= LOOP_BYTES) { for (let b = 0; b < count; b++) bytes[to + b] = source[done + b]; }
        else bytes.set(source.subarray(done, done + count), to);
        this.#written?.(gpa, count);
        done += count;
      }
      start += length;
    }
    return done;
  }

  /**
   * Gives a buffer back. A broken queue takes nothing: its ring may be gone.
   *
   * @throws {RangeError} if no buffer with this head is out.
   */
  push(head: number, written: number): void {
    if (this.#inFlight[head] !== 1) {
      throw new RangeError(`Cannot push head ${head} of queue ${this.index}: it is not out`);
    }
    this.#inFlight[head] = 0;
    this.#outstanding--;
    const ring = this.#ring;
    if (this.#broken !== undefined || ring === undefined) return;
    const entry = 1 + 2 * (this.#usedIdx & (ring.size - 1));
    ring.usedWords[entry] = head;
    ring.usedWords[entry + 1] = written;
    this.#usedIdx = (this.#usedIdx + 1) & 0xffff;
    // 2.7.8.2: len is set before idx.
    Atomics.store(ring.used, 1, this.#usedIdx);
    if (this.#usedWritten !== undefined) {
      this.#usedWritten(entry * 4, 8);
      this.#usedWritten(2, 2);
    }
  }

  /** Interrupts the driver for what was pushed since, if it wants to know: 2.7.7.2. */
  interrupt(): void {
    const ring = this.#ring;
    if (this.#broken !== undefined || ring === undefined) return;
    if (this.#signalledValid && this.#signalled === this.#usedIdx) return;
    const old = this.#signalled;
    const valid = this.#signalledValid;
    this.#signalled = this.#usedIdx;
    this.#signalledValid = true;
    const wanted = this.#eventIdx
      ? !valid || vring_need_event(Atomics.load(ring.avail, ring.usedEvent), this.#usedIdx, old)
      : (Atomics.load(ring.avail, 0) & VRING_AVAIL_F_NO_INTERRUPT) === 0;
    if (wanted) this.#interrupt(this.index);
  }

  /** Asks for a kick at the next available buffer (2.7.10.2); false if one is there already and must be handled first. */
  enableKicks(): boolean {
    const ring = this.#ring;
    if (this.#broken !== undefined || ring === undefined) return true;
    if (this.#eventIdx) Atomics.store(ring.used, ring.availEvent, this.#lastAvail);
    else Atomics.store(ring.used, 0, 0);
    this.#usedWritten?.(this.#eventIdx ? ring.availEvent * 2 : 0, 2);
    return Atomics.load(ring.avail, 1) === this.#lastAvail;
  }

  /** Says that no kick is needed; a hint. With the event index, the index that was asked for lies behind and says so already. */
  disableKicks(): void {
    if (this.#broken !== undefined || this.#ring === undefined || this.#eventIdx) return;
    Atomics.store(this.#ring.used, 0, VRING_USED_F_NO_NOTIFY);
    this.#usedWritten?.(0, 2);
  }

  /** Lets the ring go; nothing is popped or pushed any more. */
  [Symbol.dispose](): void {
    this.#broken ??= "the queue was reset";
    this.#readSlot = this.#writeSlot = undefined;
    this.#ring?.[Symbol.dispose]();
  }

  #walk(chain: DeviceChain, ring: SplitRing, head: number): boolean {
    const words = ring.desc;
    let index = head;
    for (;;) {
      const at = index * DESC_WORDS;
      const low = words[at], high = words[at + 1], length = words[at + 2], control = words[at + 3];
      if ((control & VRING_DESC_F_INDIRECT) !== 0) {
        return this.#walkTable(chain, high * 0x1_0000_0000 + low, length, control);
      }
      if (!this.#piece(chain, high * 0x1_0000_0000 + low, length, control)) return false;
      if ((control & VRING_DESC_F_NEXT) === 0) return true;
      index = control >>> 16;
      if (index >= ring.size) return this.#break(`next ${index} is out of range (2.7.5)`);
    }
  }

  /** 2.7.5.3: the last link of a chain may be a table. Its WRITE flag is ignored (2.7.5.3.2). */
  #walkTable(chain: DeviceChain, gpa: number, length: number, control: number): boolean {
    if (!this.#indirect) return this.#break("an indirect descriptor without VIRTIO_F_INDIRECT_DESC (2.7.5.3.1)");
    if ((control & VRING_DESC_F_NEXT) !== 0) return this.#break("an indirect descriptor with NEXT (2.7.5.3.1)");
    if (length === 0 || length % 16 !== 0) return this.#break(`an indirect table of ${length} bytes (2.7.5.3)`);
    if (!this.#memory.contains(gpa, length)) return this.#break(`an indirect table outside memory (2.7.5.3)`);
    // `next` has 16 bits, and a chain has at most `size` links, but they may be anywhere in a larger table. Such a table is
    // read link by link: a guest must not make the device copy a megabyte for one descriptor.
    const count = Math.min(length / 16, 0x10000);
    const whole = count <= this.size;
    const table = this.#copyTable(gpa, whole ? count : 1);
    if (table === undefined) return false;
    let index = 0;
    for (;;) {
      if (!whole && index > 0 && this.#copyTable(gpa + index * 16, 1) === undefined) return false;
      const at = whole ? index * DESC_WORDS : 0;
      const entry = table[at + 3];
      if ((entry & VRING_DESC_F_INDIRECT) !== 0) {
        return this.#break("an indirect table inside an indirect table (2.7.5.3.1)");
      }
      if (!this.#piece(chain, table[at + 1] * 0x1_0000_0000 + table[at], table[at + 2], entry)) return false;
      if ((entry & VRING_DESC_F_NEXT) === 0) return true;
      index = entry >>> 16;
      if (index >= count) return this.#break(`next ${index} is outside its indirect table (2.7.5.3)`);
    }
  }

  #copyTable(gpa: number, count: number): Uint32Array | undefined {
    if (this.#table.length < count * DESC_WORDS) {
      let capacity = 16;
      while (capacity < count) capacity *= 2;
      this.#table = new Uint32Array(capacity * DESC_WORDS);
      this.#tableBytes = new Uint8Array(this.#table.buffer);
    }
    try {
      this.#memory.read(gpa, this.#tableBytes.subarray(0, count * 16));
      return this.#table;
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      this.#gone(gpa);
      return undefined;
    }
  }

  #piece(chain: DeviceChain, gpa: number, length: number, control: number): boolean {
    const count = chain.outCount + chain.inCount;
    // No longer than the queue, wherever its descriptors lie (2.7.5.3.1): which ends loops, too (2.7.5.2).
    if (count >= this.size) return this.#break(`a chain longer than ${this.size} descriptors, or a loop (2.7.5.2)`);
    // An element is a piece of memory (2.7.13.1); one without bytes is none.
    if (length === 0) return this.#break("a descriptor of no bytes (2.7.13.1)");
    const slot = (control & VRING_DESC_F_WRITE) !== 0 ? this.#writeSlot : this.#readSlot;
    const known = slot !== undefined && slot.live && gpa >= slot.gpa && gpa + length <= slot.gpa + slot.length;
    if (!known && !this.#memory.contains(gpa, length)) {
      return this.#break(`${length} bytes at 0x${gpa.toString(16)} are outside memory (2.7.5)`);
    }
    if ((control & VRING_DESC_F_WRITE) !== 0) {
      chain.inCount++;
      chain.writable += length;
    } else {
      if (chain.inCount > 0) return this.#break("a readable descriptor after a writable one (2.7.4.2)");
      chain.outCount++;
      chain.readable += length;
    }
    if (chain.readable + chain.writable > 0x1_0000_0000) {
      return this.#break("a chain of more than 2^32 bytes (2.7.5.2)");
    }
    chain.gpas[count] = gpa;
    chain.lengths[count] = length;
    return true;
  }

  #gone(gpa: number): 0 {
    this.#break(`memory at 0x${gpa.toString(16)} was removed while in use (2.7.5)`);
    return 0;
  }

  #break(reason: string): false {
    this.#broken ??= `queue ${this.index}: ${reason}`;
    return false;
  }
}
