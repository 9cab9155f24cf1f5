/**
 * One half of a VMBus channel over two rings: requests, completions, back-pressure. Guest and host are built alike.
 * Mirrors vmbus_sendpacket, vmbus_on_event and the packet loop of a driver's channel callback.
 * @module
 */

import type { VmbusChannel, VmbusHandlers } from "../../../core/vmbus.ts";
import {
  VM_PKT_COMP,
  VM_PKT_DATA_INBAND,
  VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED,
  VMBUS_MAX_PAYLOAD,
} from "../../../uapi/vmbus.ts";
import { RingReader } from "./ring_reader.ts";
import { BROKEN, FULL, RingWriter, SIGNAL } from "./ring_writer.ts";

/** Packets that one call of `poll` handles, so that a peer that never stops sending cannot hold it. */
const BATCH = 1024;
/** Requests that may be without completion, unless told; further ones stay in the ring. It bounds what waits for room. */
const MAX_OWED = 256;

/** A completion that waits for room. */
interface Waiting {
  readonly idLow: number;
  readonly idHigh: number;
  readonly data: Uint8Array;
}

/** How a {@linkcode RingChannel} is made. */
export interface RingChannelOptions {
  /** The ring that this half writes: header page and data. */
  readonly outgoing: Uint8Array;
  /** The ring that this half reads. */
  readonly incoming: Uint8Array;
  /** The most bytes of data in a packet, each way. */
  readonly maxPacket: number;
  /** Requests of the peer that may be without completion, 256 by default. */
  readonly maxOwed?: number;
  /** Wakes the peer. */
  readonly signal: () => void;
  /** Called by `close`, once. */
  readonly closed?: () => void;
}

/** One half of a channel over rings, which reads at once. @param options the rings and the peer, and what is done with what arrives */
export function ringChannel(options: RingChannelOptions & { readonly handlers: VmbusHandlers }): RingChannel {
  const channel = new RingChannel(options);
  channel.handle(options.handlers);
  return channel;
}

/** One half of a channel. */
export class RingChannel implements VmbusChannel {
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly #signal: () => void;
  readonly #closed: (() => void) | undefined;
  #handlers: VmbusHandlers | undefined;
  readonly #backlog: Waiting[] = [];
  readonly #maxOwed: number;
  #owed = 0;
  #polling = false;
  #roomWanted = false;
  #broken: string | undefined;
  #dropped = 0;
  #isClosed = false;
  readonly maxPacket: number;
  /** Whether the peer is not to wake this half, which looks again and again by itself: `poll` once more after it is set to false. */
  quiet = false;

  /** A half that reads nothing before `handle`. @param options the rings and the peer. `maxPacket` is lowered to what fits into the empty ring and a descriptor. */
  constructor(options: RingChannelOptions) {
    this.#writer = new RingWriter(options.outgoing);
    this.maxPacket = Math.min(options.maxPacket, this.#writer.capacity, VMBUS_MAX_PAYLOAD);
    this.#reader = new RingReader(options.incoming, Math.min(options.maxPacket, VMBUS_MAX_PAYLOAD));
    this.#maxOwed = options.maxOwed ?? MAX_OWED;
    this.#signal = options.signal;
    this.#closed = options.closed;
  }

  /** Says what to do with what arrives. Until then nothing is read. */
  handle(handlers: VmbusHandlers): void {
    this.#handlers = handlers;
  }

  get broken(): string | undefined {
    return this.#broken;
  }

  /** Packets of kinds that nobody handles, and completions that nobody wants. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether something can be read now, or something that waits fits now. */
  get busy(): boolean {
    return this.#broken === undefined && this.#reader.pending && !this.#paused;
  }

  get #paused(): boolean {
    return this.#backlog.length > 0 || this.#owed >= this.#maxOwed;
  }

  send(data: Uint8Array, length: number, id: number, wantCompletion: boolean): boolean {
    this.#check(data, length);
    if (this.#broken !== undefined) return false;
    const flags = wantCompletion ? VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED : 0;
    // Completions that wait go first: a sender that does not stop must not starve them.
    if (this.#backlog.length > 0 && !this.#flush()) {
      this.#roomWanted = true;
      return false;
    }
    const written = this.#put(
      VM_PKT_DATA_INBAND,
      flags,
      id % 0x1_0000_0000,
      Math.floor(id / 0x1_0000_0000),
      data,
      length,
    );
    if (!written) this.#roomWanted = true;
    return written;
  }

  complete(idLow: number, idHigh: number, data: Uint8Array, length: number): void {
    this.#check(data, length);
    if (this.#broken !== undefined) return;
    if (this.#owed > 0) this.#owed--;
    if (this.#backlog.length > 0 || !this.#put(VM_PKT_COMP, 0, idLow, idHigh, data, length)) {
      if (this.#broken === undefined) this.#backlog.push({ idLow, idHigh, data: data.slice(0, length) });
    } else if (this.#owed === this.#maxOwed - 1 && this.#reader.pending) this.poll();
  }

  poll(): boolean {
    const handlers = this.#handlers;
    if (this.#polling || this.#broken !== undefined || handlers === undefined) return false;
    this.#polling = true;
    let any = false;
    try {
      if (this.#backlog.length > 0) any = this.#flush();
      if (this.#roomWanted && this.#backlog.length === 0 && (!this.#writer.waiting || this.#writer.hasRoom())) {
        this.#roomWanted = false;
        any = true;
        handlers.room?.();
      }
      if (this.#writer.broken !== undefined) this.#break(this.#writer.broken);
      this.#reader.mask();
      let left = BATCH;
      for (;;) {
        while (left > 0 && this.#broken === undefined && !this.#paused && this.#reader.next()) {
          left--;
          any = true;
          this.#deliver(handlers);
          if (this.#reader.writerWaits()) this.#signal();
        }
        if (this.quiet) break;
        if (this.#reader.unmask() || left === 0 || this.#broken !== undefined || this.#paused) break;
        this.#reader.mask();
        if (this.#reader.broken !== undefined) break;
      }
      if (this.#reader.broken !== undefined) this.#break(this.#reader.broken);
    } finally {
      this.#polling = false;
    }
    return any;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#broken === undefined) this.#broken = "closed";
    this.#backlog.length = 0;
    this.#closed?.();
  }

  /** The peer is gone, or has broken the bus: as if a ring were broken. */
  breakOff(reason: string): void {
    this.#break(reason);
  }

  #deliver(handlers: VmbusHandlers): void {
    const packet = this.#reader.packet;
    if (packet.type === VM_PKT_DATA_INBAND) {
      if (packet.wantsCompletion) this.#owed++;
      handlers.packet(packet);
    } else if (packet.type === VM_PKT_COMP && handlers.completion !== undefined) handlers.completion(packet);
    else this.#dropped++;
  }

  #put(type: number, flags: number, low: number, high: number, data: Uint8Array, length: number): boolean {
    const result = this.#writer.put(type, flags, low, high, data, length);
    if (result === SIGNAL) this.#signal();
    else if (result === BROKEN) this.#break(this.#writer.broken ?? "broken");
    return result !== FULL && result !== BROKEN;
  }

  /** Sends completions that waited; whether all are gone. */
  #flush(): boolean {
    while (this.#backlog.length > 0) {
      const { idLow, idHigh, data } = this.#backlog[0];
      if (!this.#put(VM_PKT_COMP, 0, idLow, idHigh, data, data.length)) return false;
      this.#backlog.shift();
    }
    return true;
  }

  #break(reason: string): void {
    if (this.#broken !== undefined) return;
    this.#broken = reason;
    this.#backlog.length = 0;
    this.#handlers?.broken?.(reason);
  }

  #check(data: Uint8Array, length: number): void {
    if (!(length >= 0 && length <= this.maxPacket && length <= data.length)) {
      throw new RangeError(`Cannot send ${length} of ${data.length} bytes: a packet has at most ${this.maxPacket}`);
    }
  }
}
