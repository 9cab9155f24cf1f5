/**
 * The VMBus slot: how a guest driver meets a device of its host across channels, after the kernel's vmbus_channel,
 * hv_device and pci_dev. A channel is two rings of packets in shared pages; both halves of a channel have the same shape.
 * Notifications are asynchronous, as on virtqueues.
 * @module
 */

import type { Poller } from "./bus.ts";
import type { GuestMemory } from "./guest_memory.ts";

/** A packet that was received: copied out of the ring once, and overwritten by the next one. */
export interface VmbusPacket {
  /** Low 32 bits of the sender's cookie; a completion repeats the cookie of its request. */
  readonly idLow: number;
  /** High 32 bits of it. */
  readonly idHigh: number;
  /** Whether the sender waits for a completion. */
  readonly wantsCompletion: boolean;
  /** A private buffer whose first `length` bytes are the packet's data. */
  readonly data: Uint8Array;
  /** The same buffer. */
  readonly view: DataView;
  /** Bytes of data: what the sender wrote, rounded up to 8. */
  readonly length: number;
}

/** What the owner of one half of a channel does with what arrives. Nothing here may throw. */
export interface VmbusHandlers {
  /** An in-band packet. */
  packet(packet: VmbusPacket): void;
  /** The completion of a packet that this half has sent; absent: completions are dropped. */
  completion?(packet: VmbusPacket): void;
  /** There is room again, after a `send` that returned false. */
  room?(): void;
  /** The peer has broken the protocol, or closed the channel: nothing more arrives, and nothing can be sent. */
  broken?(reason: string): void;
}

/** One half of a channel. */
export interface VmbusChannel {
  /**
   * Sends an in-band packet.
   *
   * @param data bytes. @param length of them, at most `maxPacket`.
   * @param id a cookie for the completion, 0 to 2^53-1. @param wantCompletion whether the peer shall answer.
   * @returns false if the ring is full: `room` is called when the packet fits; false too once the channel is broken.
   * @throws {RangeError} when `length` is more than `maxPacket` or than `data` has.
   */
  send(data: Uint8Array, length: number, id: number, wantCompletion: boolean): boolean;
  /**
   * Answers a packet that wants a completion, at once or later, in any order. It is never refused: what does not fit waits,
   * and this half reads no further request meanwhile.
   *
   * @param idLow and `idHigh` of the packet. @throws {RangeError} as `send`.
   */
  complete(idLow: number, idHigh: number, data: Uint8Array, length: number): void;
  /** Handles what has arrived; true if anything had. For peers of other processes, and what an interrupt left over. */
  poll(): boolean;
  /** The most bytes of data in a packet. */
  readonly maxPacket: number;
  /** Why the channel can no longer be used, or undefined. */
  readonly broken: string | undefined;
  /** Closes this half; the peer's `broken` handler is told. */
  close(): void;
}

/** A channel that the host offers (vmbus_channel_offer). */
export interface VmbusOffer {
  /** Interface type, a GUID in lower case. */
  readonly type: string;
  /** Instance, a GUID in lower case. */
  readonly instance: string;
  /** Guest-physical addresses that the device asks for, MiB. */
  readonly mmioMegabytes: number;
}

/** How a guest opens a channel. */
export interface VmbusOpen {
  /** Bytes of data in each ring, a multiple of 4096. */
  readonly ringSize: number;
  /** The most bytes of a packet that the guest receives; longer ones break the channel. */
  readonly maxPacket: number;
  /** What arrives. */
  readonly handlers: VmbusHandlers;
}

/** An offered channel as the guest sees it (hv_device). */
export interface VmbusDevice {
  /** What is offered. */
  readonly offer: VmbusOffer;
  /** Opens it. Throws EBUSY if it is open, ENODEV if the offer was withdrawn, ENOMEM without pages for the rings. */
  open(how: VmbusOpen): VmbusChannel;
}

/** A PCI function of the guest, as far as dxgkrnl looks at one. */
export interface PciFunction {
  /** Vendor. */
  readonly vendorId: number;
  /** Device. */
  readonly deviceId: number;
  /** Reads 32 bits of configuration space. @param offset a multiple of 4; 0xffffffff outside. */
  readConfig(offset: number): number;
  /** Writes 32 bits. */
  writeConfig(offset: number, value: number): void;
}

/** A range of guest-physical addresses. */
export interface GpaRange {
  /** First address. */
  readonly gpa: number;
  /** Bytes. */
  readonly length: number;
}

/** The bus as the guest sees it. */
export interface VmbusBus extends Poller {
  /** Guest memory: rings, pages behind GPADLs, and what the host maps into the guest's window. */
  readonly memory: GuestMemory;
  /** What the host offers. */
  readonly devices: readonly VmbusDevice[];
  /** PCI functions that the host shows. */
  readonly functions: readonly PciFunction[];
  /** Gives the host a handle on guest pages (vmbus_establish_gpadl). @returns the handle, not 0. Throws EFAULT if a range is no memory. */
  establishGpadl(ranges: readonly GpaRange[]): number;
  /** Takes the handle away. Throws EINVAL for one that is not there. */
  teardownGpadl(handle: number): void;
}

/** What a host device gets when the guest opens its channel. */
export interface VmbusHostTransport {
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** The ranges behind a GPADL, or undefined. */
  gpadl(handle: number): readonly GpaRange[] | undefined;
}

/** A device of the host with one channel. */
export interface VmbusBackend extends Poller, Disposable {
  /** What it offers. */
  readonly offer: VmbusOffer;
  /** The PCI function that stands for it, if any. */
  readonly pci?: PciFunction;
  /** The most bytes of a packet that it receives. */
  readonly maxPacket: number;
  /** Requests of the guest that may be without completion, 256 by default: further ones stay in the ring. */
  readonly maxOwed?: number;
  /** The guest opens the channel. @returns what to do with what arrives on it. */
  open(channel: VmbusChannel, transport: VmbusHostTransport): VmbusHandlers;
  /** The guest has closed it, or broke it: forget all that belongs to it. */
  close(): void;
}
