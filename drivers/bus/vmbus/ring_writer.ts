/**
 * The sending half of a VMBus ring: hv_ringbuffer_write and hv_signal_on_write of the kernel's drivers/hv/ring_buffer.c.
 * The peer shares the memory and is not trusted: its index is read once, then checked; ours are kept aside.
 * @module
 */

import { HV_RING_FEAT_PENDING_SEND_SZ, HV_RING_HEADER_SIZE, VMBUS_PACKET_TRAILER_SIZE } from "../../../uapi/vmbus.ts";

/** Words of hv_ring_buffer. */
export const WRITE_INDEX = 0;
/** Word of hv_ring_buffer. */
export const READ_INDEX = 1;
/** Word of hv_ring_buffer. */
export const INTERRUPT_MASK = 2;
/** Word of hv_ring_buffer. */
export const PENDING_SEND_SZ = 3;
/** Word of hv_ring_buffer. */
export const FEATURE_BITS = 16;

/** Bytes of a packet's descriptor. */
export const DESCRIPTOR_SIZE = 16;

/** {@linkcode RingWriter.put}: the packet does not fit; the reader will signal when it does. */
export const FULL = 0;
/** {@linkcode RingWriter.put}: written; the reader needs no signal. */
export const QUIET = 1;
/** {@linkcode RingWriter.put}: written; signal the reader. */
export const SIGNAL = 2;
/** {@linkcode RingWriter.put}: the peer has broken the ring. */
export const BROKEN = 3;

/** Checks the memory of a ring: a header page and data in whole pages. Throws a RangeError. */
export function ringData(ring: Uint8Array): Uint8Array {
  const size = ring.length - HV_RING_HEADER_SIZE;
  if (!(size >= 4096 && size % 4096 === 0 && size < 2 ** 31 && ring.byteOffset % 8 === 0)) {
    throw new RangeError(`Cannot use ${ring.length} bytes as a ring: a header page and whole pages of data are needed`);
  }
  return ring.subarray(HV_RING_HEADER_SIZE);
}

/** The sending half of a ring. */
export class RingWriter {
  readonly #words: Int32Array;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #size: number;
  #write: number;
  #read: number;
  #waiting = 0;
  #broken: string | undefined;

  /** Writes from the start of the data. @param ring a header page and data, zeroed, shared with the reader. */
  constructor(ring: Uint8Array) {
    this.#data = ringData(ring);
    this.#size = this.#data.length;
    this.#view = new DataView(this.#data.buffer, this.#data.byteOffset, this.#size);
    this.#words = new Int32Array(ring.buffer, ring.byteOffset, FEATURE_BITS + 1);
    this.#write = this.#read = 0;
    Atomics.or(this.#words, FEATURE_BITS, HV_RING_FEAT_PENDING_SEND_SZ);
  }

  /** How the reader has broken the ring, or undefined. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** Whether a packet waits for room. */
  get waiting(): boolean {
    return this.#waiting !== 0;
  }

  /** The most bytes of data that a packet may have to fit into the empty ring. */
  get capacity(): number {
    return this.#size - DESCRIPTOR_SIZE - VMBUS_PACKET_TRAILER_SIZE - 8;
  }

  /** Whether the packet that waited fits now. */
  hasRoom(): boolean {
    if (this.#waiting === 0 || this.#free() <= this.#waiting) return false;
    this.#waiting = 0;
    Atomics.store(this.#words, PENDING_SEND_SZ, 0);
    return true;
  }

  /** Bytes free, after a look at the reader's index. -1 once broken. */
  #free(): number {
    if (this.#broken !== undefined) return -1;
    const size = this.#size;
    const read = Atomics.load(this.#words, READ_INDEX) >>> 0;
    if (read >= size || (read & 7) !== 0) return this.#break(`read index ${read} of ${size}`);
    // What was read since the last look may not pass what was written.
    const unread = (this.#write - this.#read + size) % size;
    const done = (read - this.#read + size) % size;
    if (done > unread) return this.#break(`read index ${read} passes write index ${this.#write}`);
    this.#read = read;
    return size - (unread - done);
  }

  #break(reason: string): number {
    this.#broken = reason;
    return -1;
  }

  /**
   * Writes one packet.
   *
   * @param type VM_PKT_*. @param flags VMBUS_DATA_PACKET_FLAG_*. @param idLow low half of the cookie. @param idHigh high half.
   * @param payload bytes, of which the first `length` are sent. @returns FULL, QUIET, SIGNAL or BROKEN.
   */
  put(type: number, flags: number, idLow: number, idHigh: number, payload: Uint8Array, length: number): number {
    const padded = (length + 7) & ~7;
    const total = DESCRIPTOR_SIZE + padded + VMBUS_PACKET_TRAILER_SIZE;
    let free = this.#free();
    if (free < 0) return BROKEN;
    // One byte stays free: equal indices mean an empty ring.
    if (free <= total) {
      this.#waiting = total;
      Atomics.store(this.#words, PENDING_SEND_SZ, total);
      free = this.#free(); // the reader may have made room before it could see that we wait
      if (free < 0) return BROKEN;
      if (free <= total) return FULL;
    }
    if (this.#waiting !== 0) {
      this.#waiting = 0;
      Atomics.store(this.#words, PENDING_SEND_SZ, 0);
    }
    const start = this.#write;
    this.#put32(start, (type & 0xffff) | ((DESCRIPTOR_SIZE / 8) << 16));
    this.#put32(start + 4, ((DESCRIPTOR_SIZE + padded) >>> 3) | (flags << 16));
    this.#put32(start + 8, idLow);
    this.#put32(start + 12, idHigh);
    this.#copy(start + DESCRIPTOR_SIZE, payload, length, padded);
    this.#put32(start + DESCRIPTOR_SIZE + padded, 0);
    this.#put32(start + DESCRIPTOR_SIZE + padded + 4, start);
    this.#write = (start + total) % this.#size;
    Atomics.store(this.#words, WRITE_INDEX, this.#write);
    if (Atomics.load(this.#words, INTERRUPT_MASK) !== 0) return QUIET;
    // Only a reader that had read everything sleeps.
    return Atomics.load(this.#words, READ_INDEX) >>> 0 === start ? SIGNAL : QUIET;
  }

  #put32(offset: number, value: number): void {
    this.#view.setUint32(offset % this.#size, value, true);
  }

  #copy(offset: number, payload: Uint8Array, length: number, padded: number): void {
    const data = this.#data;
    const start = offset % this.#size;
    const head = Math.min(length, this.#size - start);
    if (length <= 64) {
      // A short loop is faster than two views.
      for (let i = 0; i < head; i++) data[start + i] = payload[i];
      for (let i = head; i < length; i++) data[i - head] = payload[i];
    } else {
      data.set(head === payload.length ? payload : payload.subarray(0, head), start);
      if (head < length) data.set(payload.subarray(head, length), 0);
    }
    for (let i = length; i < padded; i++) data[(start + i) % this.#size] = 0;
  }
}
