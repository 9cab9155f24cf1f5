/**
 * Test doubles of both halves of VMBus: a ring that is written by hand, hostile contents included, a pair of channels
 * without a bus, and a host whose answers are a function. They serve tests, benches and fuzzing.
 * @module
 */

import type {
  PciFunction,
  VmbusBackend,
  VmbusChannel,
  VmbusHandlers,
  VmbusHostTransport,
  VmbusOffer,
  VmbusPacket,
} from "../../../core/vmbus.ts";
import { HV_RING_HEADER_SIZE } from "../../../uapi/vmbus.ts";
import { RingChannel } from "./channel.ts";

/** The memory of a ring: header page and `size` bytes of data, zeroed. */
export function ringMemory(size: number): Uint8Array {
  return new Uint8Array(HV_RING_HEADER_SIZE + size);
}

/** A ring that is written by hand, as a hostile peer would. Checks nothing. */
export class RawRing {
  /** The shared bytes. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** A ring over memory that another half uses. @param bytes the ring's memory: header page and data. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes of data. */
  get size(): number {
    return this.bytes.length - HV_RING_HEADER_SIZE;
  }

  /** hv_ring_buffer.write_index. */
  get writeIndex(): number {
    return this.#view.getUint32(0, true);
  }
  set writeIndex(value: number) {
    this.#view.setUint32(0, value, true);
  }

  /** hv_ring_buffer.read_index. */
  get readIndex(): number {
    return this.#view.getUint32(4, true);
  }
  set readIndex(value: number) {
    this.#view.setUint32(4, value, true);
  }

  /** hv_ring_buffer.interrupt_mask. */
  get interruptMask(): number {
    return this.#view.getUint32(8, true);
  }
  set interruptMask(value: number) {
    this.#view.setUint32(8, value, true);
  }

  /** hv_ring_buffer.pending_send_sz. */
  get pendingSendSize(): number {
    return this.#view.getUint32(12, true);
  }
  set pendingSendSize(value: number) {
    this.#view.setUint32(12, value, true);
  }

  /** hv_ring_buffer.feature_bits. */
  get featureBits(): number {
    return this.#view.getUint32(64, true);
  }
  set featureBits(value: number) {
    this.#view.setUint32(64, value, true);
  }

  /** A descriptor at `offset` of the data, without moving an index. */
  descriptor(offset: number, type: number, offset8: number, len8: number, flags: number, id: bigint): void {
    const at = HV_RING_HEADER_SIZE + offset;
    this.#view.setUint16(at, type, true);
    this.#view.setUint16(at + 2, offset8, true);
    this.#view.setUint16(at + 4, len8, true);
    this.#view.setUint16(at + 6, flags, true);
    this.#view.setBigUint64(at + 8, id, true);
  }
}

/** Two halves of a channel over rings of their own, and those rings. */
export interface ChannelPair {
  /** One half. */
  readonly guest: RingChannel;
  /** The other. */
  readonly host: RingChannel;
  /** What the guest writes and the host reads. */
  readonly toHost: RawRing;
  /** What the host writes and the guest reads. */
  readonly toGuest: RawRing;
  /** Signals so far, for the host and for the guest. */
  readonly signals: { host: number; guest: number };
}

/**
 * Two halves that nothing wakes: a test calls `poll`.
 *
 * @param ringSize bytes of data each way. @param maxPacket bytes.
 */
export function channelPair(ringSize = 4096, maxPacket = 2048): ChannelPair {
  const [a, b] = [ringMemory(ringSize), ringMemory(ringSize)];
  const signals = { host: 0, guest: 0 };
  return {
    guest: new RingChannel({ outgoing: a, incoming: b, maxPacket, signal: () => void signals.host++ }),
    host: new RingChannel({ outgoing: b, incoming: a, maxPacket, signal: () => void signals.guest++ }),
    toHost: new RawRing(a),
    toGuest: new RawRing(b),
    signals,
  };
}

/** A packet as a test keeps it: a copy. */
export interface KeptPacket {
  /** The cookie. */
  readonly id: bigint;
  /** Whether an answer is wanted. */
  readonly wantsCompletion: boolean;
  /** The data. */
  readonly data: Uint8Array;
}

/** A copy of a packet that was received. */
export function keep(packet: VmbusPacket): KeptPacket {
  return {
    id: (BigInt(packet.idHigh) << 32n) | BigInt(packet.idLow),
    wantsCompletion: packet.wantsCompletion,
    data: packet.data.slice(0, packet.length),
  };
}

/** Handlers that keep all that arrives. */
export class Kept implements VmbusHandlers {
  /** Packets in order. */
  readonly packets: KeptPacket[] = [];
  /** Completions in order. */
  readonly completions: KeptPacket[] = [];
  /** Calls of `room`. */
  rooms = 0;
  /** What `broken` said. */
  reason: string | undefined;

  /** Keeps a packet. */
  packet(packet: VmbusPacket): void {
    this.packets.push(keep(packet));
  }
  /** Keeps a completion. */
  completion(packet: VmbusPacket): void {
    this.completions.push(keep(packet));
  }
  /** Counts. */
  room(): void {
    this.rooms++;
  }
  /** Keeps the reason. */
  broken(reason: string): void {
    this.reason = reason;
  }
}

/** A host device that answers by a function: its result completes the packet; undefined leaves it open. */
export class FakeVmbusHost implements VmbusBackend {
  readonly offer: VmbusOffer;
  readonly pci?: PciFunction;
  readonly maxPacket: number;
  /** What arrived, in order. */
  readonly packets: KeptPacket[] = [];
  /** The channel while it is open: for messages of the host's own. */
  channel: VmbusChannel | undefined;
  /** The bus while the channel is open. */
  transport: VmbusHostTransport | undefined;
  /** Why the channel broke. */
  reason: string | undefined;
  readonly #answer: (packet: KeptPacket) => Uint8Array | undefined;

  /** A host with one channel. @param offer what it offers. @param answer the answer to a packet. @param options of the device. */
  constructor(
    offer: VmbusOffer,
    answer: (packet: KeptPacket) => Uint8Array | undefined,
    options: { readonly maxPacket?: number; readonly pci?: PciFunction } = {},
  ) {
    this.offer = offer;
    this.#answer = answer;
    this.maxPacket = options.maxPacket ?? 0x20000;
    this.pci = options.pci;
  }

  open(channel: VmbusChannel, transport: VmbusHostTransport): VmbusHandlers {
    this.channel = channel;
    this.transport = transport;
    return {
      packet: (packet) => {
        const kept = keep(packet);
        this.packets.push(kept);
        const answer = this.#answer(kept);
        if (answer && packet.wantsCompletion) channel.complete(packet.idLow, packet.idHigh, answer, answer.length);
      },
      broken: (reason) => {
        this.reason = reason;
      },
    };
  }

  close(): void {
    this.channel = undefined;
    this.transport = undefined;
  }
  poll(): boolean {
    return false;
  }
  readonly busy = false;
  /** Holds nothing. */
  [Symbol.dispose](): void {}
}
