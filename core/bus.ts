/**
 * The bus slot: how a guest driver meets a device across virtqueues, after the virtio specification 1.3 section 2 and the
 * kernel's virtio_device. Both halves share bytes in a GuestMemory and nothing else; notifications are asynchronous:
 * a kick goes out, an interrupt comes back, perhaps before `kick` returns, perhaps from another process.
 * @module
 */

import type { GuestMemory } from "./guest_memory.ts";

/** One virtqueue as its driver sees it (virtqueue_add_sgs, virtqueue_kick, virtqueue_get_buf). */
export interface DriverQueue {
  /** Its number on the device. */
  readonly index: number;
  /** Descriptors in all. */
  readonly size: number;
  /** Descriptors free now. */
  readonly free: number;
  /**
   * Exposes one buffer of one readable and at most one writable piece.
   *
   * @param outGpa first byte that the device reads. @param outLength bytes, more than 0.
   * @param inGpa first byte that the device writes. @param inLength bytes; 0 for none.
   * @param token what `next` will return for it, 0 or more.
   * @returns false if the queue has no room: kick, and try again when a buffer came back.
   */
  add(outGpa: number, outLength: number, inGpa: number, inLength: number, token: number): boolean;
  /**
   * Exposes one buffer of several pieces: `out` of them readable, then `in` writable.
   *
   * @param gpas first bytes. @param lengths bytes. @returns false if the queue has no room.
   */
  addPieces(gpas: readonly number[], lengths: readonly number[], out: number, inCount: number, token: number): boolean;
  /** Notifies the device of what was added, if it wants to know (event index, NO_NOTIFY). */
  kick(): void;
  /** The token of a buffer that the device is done with, or -1. */
  next(): number;
  /** Bytes that the device wrote into the buffer that `next` returned last. */
  readonly written: number;
  /** Asks for an interrupt at the next used buffer; false if one is there already and must be handled first. */
  enableInterrupts(): boolean;
  /** Says that no interrupt is needed; a hint. */
  disableInterrupts(): void;
  /** How the device has broken the specification, or undefined: nothing can be added and nothing comes back any more. */
  readonly broken: string | undefined;
}

/** A device as its driver sees it across a transport. */
export interface VirtioDevice {
  /** Device type of the specification: 16 is a GPU. */
  readonly deviceId: number;
  /** Where the driver puts what the device is to see. */
  readonly memory: GuestMemory;
  /** The transport's name for the device, for example "virtio0" or "pci:0000:00:02.0". */
  readonly name: string;
  /** Features that the device offers. */
  readonly deviceFeatures: bigint;
  /** Accepts features (FEATURES_OK). Throws EINVAL if the device refuses the set. */
  acceptFeatures(features: bigint): void;
  /** Whether a feature bit was accepted. */
  hasFeature(bit: number): boolean;
  /** Copies device configuration space from `offset` into `target`. */
  readConfig(offset: number, target: Uint8Array): void;
  /** Writes device configuration space. */
  writeConfig(offset: number, source: Uint8Array): void;
  /** Sets up the queues. `interrupts[i]` is called when queue i has used buffers; undefined queues are left out. */
  setupQueues(interrupts: readonly (() => void)[]): DriverQueue[];
  /** Called when the device changes its configuration. */
  onConfigChange: (() => void) | undefined;
  /** DRIVER_OK: the device may use the queues from now on. */
  ready(): void;
  /** Resets the device; queues are gone, memory slots stay. */
  reset(): void;
  /** Whether the device says that it cannot go on (DEVICE_NEEDS_RESET). */
  readonly needsReset: boolean;
}

/** One buffer that a driver exposed, as its device sees it. Filled by `DeviceQueue.pop`; reused from call to call. */
export interface DeviceChain {
  /** The head descriptor: names the chain to `push`. */
  head: number;
  /** Bytes that the device may read. */
  readable: number;
  /** Bytes that the device may write. */
  writable: number;
  /** Guest-physical addresses of the pieces; readable ones first. */
  readonly gpas: number[];
  /** Their lengths, bytes. */
  readonly lengths: number[];
  /** Pieces that are readable. */
  outCount: number;
  /** Pieces that are writable. */
  inCount: number;
}

/** One virtqueue as its device sees it. */
export interface DeviceQueue {
  /** Its number. */
  readonly index: number;
  /** A chain to pop into. */
  chain(): DeviceChain;
  /**
   * Takes the next available buffer into `chain`; false when there is none.
   *
   * A chain that breaks the specification (loops, descriptors out of range, readable after writable, addresses outside
   * memory) breaks the queue: `broken` says how, nothing more is popped, and the device sets DEVICE_NEEDS_RESET.
   */
  pop(chain: DeviceChain): boolean;
  /** Copies up to `target.length` readable bytes from `offset` of the chain; how many. */
  read(chain: DeviceChain, offset: number, target: Uint8Array): number;
  /** Copies `source` into the writable bytes from `offset`; how many fitted. */
  write(chain: DeviceChain, offset: number, source: Uint8Array): number;
  /** Gives a buffer back with `written` bytes, at once or later and in any order. Does not interrupt yet. */
  push(head: number, written: number): void;
  /** Interrupts the driver for what was pushed, if it wants to know. */
  interrupt(): void;
  /** Asks for a kick at the next available buffer; false if one is there already and must be handled first. */
  enableKicks(): boolean;
  /** Says that no kick is needed; a hint. */
  disableKicks(): void;
  /** Why the queue can no longer be used, or undefined. */
  readonly broken: string | undefined;
}

/** What a device gives its transport. */
export interface VirtioBackend extends Disposable {
  /** Device type: 16 is a GPU. */
  readonly deviceId: number;
  /** Features that it offers, transport features excluded. */
  readonly features: bigint;
  /** Whether it can run with this set of features; absent: with any subset of those it offers (2.2.2). */
  acceptsFeatures?(features: bigint): boolean;
  /** The most descriptors of each queue, powers of two; one element a queue. */
  readonly queueSizes: readonly number[];
  /** Copies configuration space from `offset` into `target`; bytes beyond it read as 0. */
  readConfig(offset: number, target: Uint8Array): void;
  /** A driver wrote configuration space. */
  writeConfig(offset: number, source: Uint8Array): void;
  /** DRIVER_OK: features were accepted and queues set up. */
  start(transport: BackendTransport): void;
  /** A kick of queue `index`. */
  kick(index: number): void;
  /** The driver resets the device: forget the queues and all guest state. */
  reset(): void;
  /** Completes what is done by now; true if anything was. */
  poll(): boolean;
  /** Whether work is under way that `poll` will complete. */
  readonly busy: boolean;
  /** As {@linkcode Poller.completionFd}. */
  readonly completionFd?: number | undefined;
}

/** What a transport gives its device at DRIVER_OK. */
export interface BackendTransport {
  /** Features that the driver accepted. */
  readonly features: bigint;
  /** The queues, in the order of `queueSizes`. */
  readonly queues: readonly DeviceQueue[];
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Interrupts the driver because configuration space changed. */
  configChanged(): void;
  /** Sets DEVICE_NEEDS_RESET and tells the driver. */
  needsReset(reason: string): void;
}

/** Something that makes progress when looked at: `System.pump` looks. */
export interface Poller {
  /** Completes what is done by now; true if anything was. */
  poll(): boolean;
  /** Whether work is under way that `poll` will complete. */
  readonly busy: boolean;
  /**
   * An eventfd that counts what `poll` may complete, where there is one: a server that watches its edges need not look at short
   * intervals. It is the same for as long as the poller lives, and whoever made it closes it.
   */
  readonly completionFd?: number | undefined;
  /** Blocks until `poll` may complete something, or `ns` are over; false, at once, where nothing tells of that. */
  rest?(ns: number): boolean;
}
