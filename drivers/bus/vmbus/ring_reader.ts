/**
 * The receiving half of a VMBus ring: hv_pkt_iter_first, hv_pkt_iter_next and hv_pkt_iter_close of the kernel's
 * drivers/hv/ring_buffer.c. A packet is copied out of the shared memory once, and only then looked at; a writer that moves
 * its index back, or describes a packet that cannot be, breaks the ring.
 * @module
 */

import type { VmbusPacket } from "../../../core/vmbus.ts";
import {
  HV_RING_FEAT_PENDING_SEND_SZ,
  VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED,
  VMBUS_PACKET_TRAILER_SIZE,
} from "../../../uapi/vmbus.ts";
import {
  DESCRIPTOR_SIZE,
  FEATURE_BITS,
  INTERRUPT_MASK,
  PENDING_SEND_SZ,
  READ_INDEX,
  ringData,
  WRITE_INDEX,
} from "./ring_writer.ts";

/** The packet that a reader fills again and again. */
export interface ReceivedPacket extends VmbusPacket {
  /** VM_PKT_* */
  type: number;
  /** Low 32 bits of the sender's cookie. */
  idLow: number;
  /** High 32 bits of it. */
  idHigh: number;
  /** Whether the sender waits for a completion. */
  wantsCompletion: boolean;
  /** Bytes of data. */
  length: number;
}

/** The receiving half of a ring. */
export class RingReader {
  readonly #words: Int32Array;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #size: number;
  readonly #maxPacket: number;
  #read = 0;
  #write = 0;
  #broken: string | undefined;
  /** The packet that `next` fills. */
  readonly packet: ReceivedPacket;

  /**
   * Reads from the start of the data.
   *
   * @param ring a header page and data, zeroed, shared with the writer.
   * @param maxPacket the most bytes of data in a packet; a longer one breaks the ring.
   */
  constructor(ring: Uint8Array, maxPacket: number) {
    this.#data = ringData(ring);
    this.#size = this.#data.length;
    this.#view = new DataView(this.#data.buffer, this.#data.byteOffset, this.#size);
    this.#words = new Int32Array(ring.buffer, ring.byteOffset, FEATURE_BITS + 1);
    this.#maxPacket = (maxPacket + 7) & ~7;
    const data = new Uint8Array(this.#maxPacket);
    this.packet = {
      type: 0,
      idLow: 0,
      idHigh: 0,
      wantsCompletion: false,
      data,
      view: new DataView(data.buffer),
      length: 0,
    };
  }

  /** How the writer has broken the ring, or undefined. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** Says that no signal is needed, while packets are read. */
  mask(): void {
    Atomics.store(this.#words, INTERRUPT_MASK, 1);
  }

  /** Asks for a signal at the next packet; false if one is there already. */
  unmask(): boolean {
    Atomics.store(this.#words, INTERRUPT_MASK, 0);
    return this.#broken !== undefined || Atomics.load(this.#words, WRITE_INDEX) >>> 0 === this.#read;
  }

  /** Whether a packet is there, as far as the writer's index says. */
  get pending(): boolean {
    return this.#broken === undefined && Atomics.load(this.#words, WRITE_INDEX) >>> 0 !== this.#read;
  }

  /** Copies the next packet into {@linkcode packet} and frees its room. False if there is none, or the ring is broken. */
  next(): boolean {
    const available = this.#available();
    if (available <= 0) return false;
    if (available < DESCRIPTOR_SIZE + VMBUS_PACKET_TRAILER_SIZE) return this.#break(`a packet of ${available} bytes`);
    const size = this.#size;
    const start = this.#read;
    const first = this.#view.getUint32(start, true);
    const second = this.#view.getUint32((start + 4) % size, true);
    const offset = (first >>> 16) * 8;
    const length = (second & 0xffff) * 8;
    if (offset < DESCRIPTOR_SIZE || offset > length || length + VMBUS_PACKET_TRAILER_SIZE > available) {
      return this.#break(`a packet of ${length} bytes with data at ${offset}, where ${available} are there`);
    }
    if (length - offset > this.#maxPacket) {
      return this.#break(`a packet with ${length - offset} bytes of data, more than ${this.#maxPacket}`);
    }
    const packet = this.packet;
    packet.type = first & 0xffff;
    packet.wantsCompletion = ((second >>> 16) & VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED) !== 0;
    packet.idLow = this.#view.getUint32((start + 8) % size, true);
    packet.idHigh = this.#view.getUint32((start + 12) % size, true);
    packet.length = length - offset;
    this.#copy((start + offset) % size, packet.length);
    this.#read = (start + length + VMBUS_PACKET_TRAILER_SIZE) % size;
    Atomics.store(this.#words, READ_INDEX, this.#read);
    return true;
  }

  /**
   * Whether the writer waits for room that is there now, by the last packet that was read (hv_pkt_iter_close): it must be
   * signaled then.
   */
  writerWaits(): boolean {
    if (this.#broken !== undefined) return false;
    if ((Atomics.load(this.#words, FEATURE_BITS) & HV_RING_FEAT_PENDING_SEND_SZ) === 0) return false;
    const wanted = Atomics.load(this.#words, PENDING_SEND_SZ) >>> 0;
    if (wanted === 0) return false;
    const available = this.#available();
    return available >= 0 && this.#size - available > wanted;
  }

  /** Bytes to read, after a look at the writer's index; -1 once broken. */
  #available(): number {
    if (this.#broken !== undefined) return -1;
    const size = this.#size;
    const write = Atomics.load(this.#words, WRITE_INDEX) >>> 0;
    if (write >= size || (write & 7) !== 0) {
      this.#break(`write index ${write} of ${size}`);
      return -1;
    }
    // What was written since the last look fits into what was free then, and leaves the ring not quite full.
    const before = (this.#write - this.#read + size) % size;
    const added = (write - this.#write + size) % size;
    if (before + added >= size) {
      this.#break(`write index ${write} passes read index ${this.#read}`);
      return -1;
    }
    this.#write = write;
    return before + added;
  }

  #break(reason: string): false {
    this.#broken = reason;
    return false;
  }

  #copy(start: number, length: number): void {
    const source = this.#data;
    const target = this.packet.data;
    const head = Math.min(length, this.#size - start);
    if (length <= 64) {
      for (let i = 0; i < head; i++) target[i] = source[start + i];
      for (let i = head; i < length; i++) target[i] = source[i - head];
      return;
    }
    target.set(source.subarray(start, start + head));
    if (head < length) target.set(source.subarray(0, length - head), head);
  }
}
