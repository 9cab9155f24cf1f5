/**
 * Test doubles of both halves of a virtqueue: a guest that writes any descriptor it likes, hostile ones included, and a
 * device whose answers are a function. They serve tests, benches and fuzzing.
 * @module
 */

import type { BackendTransport, DeviceChain, DeviceQueue, VirtioBackend } from "../../../core/bus.ts";
import { GuestMemory, type GuestSlot } from "../../../core/guest_memory.ts";
import { heapAllocator, pageAlign, type PageAllocator, type Pages } from "../../../core/memory.ts";
import { VIRTIO_F_VERSION_1 } from "../../../uapi/virtio_config.ts";
import {
  VIRTIO_RING_F_EVENT_IDX,
  VIRTIO_RING_F_INDIRECT_DESC,
  VRING_DESC_F_NEXT,
  VRING_DESC_F_WRITE,
  vringLayout,
} from "../../../uapi/virtio_ring.ts";
import { SplitDeviceQueue } from "./device_queue.ts";
import type { SplitRingAddress } from "./split_ring.ts";

/** A piece of guest memory that a test owns. */
export interface RawMemory {
  /** Its guest-physical address. */
  readonly gpa: number;
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its slot, for removing it. */
  readonly slot: GuestSlot;
}

/** A ring that is written by hand. Checks nothing. */
export class RawRing {
  /** Where it lies. */
  readonly address: SplitRingAddress;
  /** Its memory's slot. */
  readonly slot: GuestSlot;
  readonly #view: DataView;
  readonly #layout: {
    readonly avail: number;
    readonly used: number;
    readonly usedEvent: number;
    readonly availEvent: number;
  };
  #seen = 0;

  /** Allocates a zeroed ring. @param memory the guest's memory. @param size descriptors, a power of two. @param allocator where pages come from. */
  constructor(memory: GuestMemory, size: number, allocator: PageAllocator = heapAllocator()) {
    const layout = this.#layout = vringLayout(size, 64);
    const pages = allocator.allocate(pageAlign(layout.size), "raw ring");
    this.slot = memory.add(pages, 0, pages.size);
    pages.pin();
    const bytes = pages.bytes();
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { gpa } = this.slot;
    this.address = { size, desc: gpa, avail: gpa + layout.avail, used: gpa + layout.used };
  }

  /** Writes descriptor `index`. `gpa` may have all 64 bits. */
  descriptor(index: number, gpa: number | bigint, length: number, flags: number, next = 0): void {
    writeDescriptor(this.#view, index * 16, gpa, length, flags, next);
  }

  /** Writes entry `index` (modulo the size) of the available ring, without moving its idx. */
  available(index: number, head: number): void {
    this.#view.setUint16(this.#layout.avail + 4 + 2 * (index & (this.address.size - 1)), head, true);
  }

  /** The available ring's idx, u16. */
  get availIdx(): number {
    return this.#view.getUint16(this.#layout.avail + 2, true);
  }
  set availIdx(idx: number) {
    this.#view.setUint16(this.#layout.avail + 2, idx & 0xffff, true);
  }

  /** The available ring's flags, VRING_AVAIL_F_*. */
  set availFlags(flags: number) {
    this.#view.setUint16(this.#layout.avail, flags, true);
  }

  /** The driver's used_event, u16. */
  get usedEvent(): number {
    return this.#view.getUint16(this.#layout.usedEvent, true);
  }
  set usedEvent(idx: number) {
    this.#view.setUint16(this.#layout.usedEvent, idx & 0xffff, true);
  }

  /** The device's avail_event, u16. */
  get availEvent(): number {
    return this.#view.getUint16(this.#layout.availEvent, true);
  }

  /** The used ring's flags, VRING_USED_F_*. */
  get usedFlags(): number {
    return this.#view.getUint16(this.#layout.used, true);
  }

  /** The used ring's idx, u16. A hostile device may set it. */
  get usedIdx(): number {
    return this.#view.getUint16(this.#layout.used + 2, true);
  }
  set usedIdx(idx: number) {
    this.#view.setUint16(this.#layout.used + 2, idx & 0xffff, true);
  }

  /** Entry `index` (modulo the size) of the used ring. */
  used(index: number): { readonly id: number; readonly length: number } {
    const at = this.#layout.used + 4 + 8 * (index & (this.address.size - 1));
    return { id: this.#view.getUint32(at, true), length: this.#view.getUint32(at + 4, true) };
  }

  /** Makes `head` available: entry and idx. */
  expose(head: number): void {
    this.available(this.availIdx, head);
    this.availIdx = this.availIdx + 1;
  }

  /** The next used entry that was not asked for yet, or undefined. */
  take(): { readonly id: number; readonly length: number } | undefined {
    if (this.#seen === this.usedIdx) return undefined;
    const entry = this.used(this.#seen);
    this.#seen = (this.#seen + 1) & 0xffff;
    return entry;
  }

  /** Takes all used entries at once without looking at them; how many there were. */
  takeAll(): number {
    const count = (this.usedIdx - this.#seen) & 0xffff;
    this.#seen = this.usedIdx;
    return count;
  }
}

/** Writes a descriptor at `offset` of any table: an indirect one, say. */
export function writeDescriptor(
  view: DataView,
  offset: number,
  gpa: number | bigint,
  length: number,
  flags: number,
  next: number,
): void {
  view.setBigUint64(offset, BigInt(gpa), true);
  view.setUint32(offset + 8, length, true);
  view.setUint16(offset + 12, flags, true);
  view.setUint16(offset + 14, next, true);
}

/** Options of {@linkcode RawGuest}. */
export interface RawGuestOptions {
  /** Features of the device to accept; all by default. */
  readonly deviceFeatures?: bigint;
  /** Whether to accept VIRTIO_F_INDIRECT_DESC; yes by default. */
  readonly indirect?: boolean;
  /** Whether to accept VIRTIO_F_EVENT_IDX; no by default. */
  readonly eventIdx?: boolean;
  /** Where memory comes from; the heap by default. */
  readonly allocator?: PageAllocator;
}

/** How long a device may take to answer. */
const PATIENCE_MS = 10_000;

/** A guest without a driver: raw rings joined to a device, and a memory to put things into. */
export class RawGuest implements Disposable {
  /** The guest's memory. */
  readonly memory: GuestMemory = new GuestMemory();
  /** The rings, by queue. New ones after `restart`. */
  rings: RawRing[] = [];
  /** The device's halves, by queue. */
  queues: SplitDeviceQueue[] = [];
  /** Used buffer notifications by queue. */
  interrupts: number[] = [];
  /** Configuration change notifications. */
  configChanges = 0;
  /** Why the device wants to be reset, or undefined. */
  resetReason: string | undefined;
  readonly #backend: VirtioBackend;
  readonly #options: RawGuestOptions;
  readonly #allocator: PageAllocator;
  readonly #scratch: RawMemory[] = [];

  /** Sets up the rings and starts the device. */
  constructor(backend: VirtioBackend, options: RawGuestOptions = {}) {
    this.#backend = backend;
    this.#options = options;
    this.#allocator = options.allocator ?? heapAllocator();
    this.#start();
  }

  /** New memory, zeroed, in a slot of its own. */
  alloc(size: number, gpa?: number): RawMemory {
    const pages: Pages = this.#allocator.allocate(pageAlign(size), "raw guest");
    const slot = this.memory.add(pages, 0, pages.size, gpa);
    pages.pin();
    return { gpa: slot.gpa, bytes: pages.bytes().subarray(0, size), slot };
  }

  /** Rings the doorbell of a queue. */
  kick(queue: number): void {
    this.#backend.kick(queue);
  }

  /**
   * Sends a command in descriptors 0 and 1 of a queue, waits for its answer by polling, and returns what was written.
   *
   * @param room bytes of the writable piece; 0 for none.
   * @throws {Error} if the device breaks the queue or never answers.
   */
  request(queue: number, request: Uint8Array, room: number): Uint8Array {
    const ring = this.rings[queue];
    const memory = this.#buffer(queue, request.length + room);
    memory.bytes.set(request);
    memory.bytes.fill(0xee, request.length, request.length + room);
    ring.takeAll();
    ring.descriptor(0, memory.gpa, request.length, room > 0 ? VRING_DESC_F_NEXT : 0, 1);
    if (room > 0) ring.descriptor(1, memory.gpa + request.length, room, VRING_DESC_F_WRITE);
    ring.expose(0);
    this.kick(queue);
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const used = ring.take();
      if (used !== undefined) return memory.bytes.slice(request.length, request.length + used.length);
      if (this.resetReason !== undefined) throw new Error(`Cannot complete the request: ${this.resetReason}`);
      this.#backend.poll();
    }
    throw new Error("Cannot complete the request: no answer");
  }

  /** Resets the device and starts it again with new rings. Memory stays. */
  restart(): void {
    this.#stop();
    this.#start();
  }

  /** Resets the device. */
  [Symbol.dispose](): void {
    this.#stop();
  }

  #buffer(queue: number, size: number): RawMemory {
    const old = this.#scratch[queue];
    if (old !== undefined && old.bytes.length >= size && old.slot.live) return old;
    if (old !== undefined) this.memory.remove(old.slot);
    return this.#scratch[queue] = this.alloc(Math.max(4096, pageAlign(size)));
  }

  #start(): void {
    const indirect = this.#options.indirect ?? true, eventIdx = this.#options.eventIdx ?? false;
    const bit = (on: boolean, number: number): bigint => on ? 1n << BigInt(number) : 0n;
    const features = (this.#options.deviceFeatures ?? this.#backend.features) | bit(true, VIRTIO_F_VERSION_1) |
      bit(indirect, VIRTIO_RING_F_INDIRECT_DESC) | bit(eventIdx, VIRTIO_RING_F_EVENT_IDX);
    const { memory } = this;
    this.rings = this.#backend.queueSizes.map((size) => new RawRing(memory, size, this.#allocator));
    this.interrupts = this.rings.map(() => 0);
    this.configChanges = 0;
    this.resetReason = undefined;
    this.queues = this.rings.map(({ address }, index) =>
      new SplitDeviceQueue({ index, address, memory, indirect, eventIdx, interrupt: (i) => this.interrupts[i]++ })
    );
    this.#backend.start({
      features,
      queues: this.queues,
      memory,
      configChanged: () => this.configChanges++,
      needsReset: (reason) => this.resetReason ??= reason,
    });
  }

  #stop(): void {
    this.#backend.reset();
    for (const queue of this.queues) queue[Symbol.dispose]();
    for (const ring of this.rings) this.memory.remove(ring.slot);
  }
}

/** How a {@linkcode FakeDevice} behaves. */
export interface FakeDeviceOptions {
  /** Device type; 16, a GPU, by default. */
  readonly deviceId?: number;
  /** Features that it offers; none by default. */
  readonly features?: bigint;
  /** Descriptors by queue; 64 and 16 by default. */
  readonly queueSizes?: readonly number[];
  /** Its configuration space; empty by default. */
  readonly config?: Uint8Array;
  /**
   * Answers a request: fills `response` (all its writable bytes, zeroed) and returns how many count, or -1 to keep the
   * buffer until `complete`.
   */
  readonly handle?: (queue: number, request: Uint8Array, response: Uint8Array) => number;
}

/** A device whose answers are a function; it records what it was asked. */
export class FakeDevice implements VirtioBackend {
  /** Device type. */
  readonly deviceId: number;
  /** Features that it offers. */
  readonly features: bigint;
  /** Descriptors by queue. */
  readonly queueSizes: readonly number[];
  /** Its configuration space. */
  readonly config: Uint8Array;
  /** Every request so far. */
  readonly requests: { readonly queue: number; readonly bytes: Uint8Array }[] = [];
  /** Resets so far. */
  resets = 0;
  /** What it was started with; undefined before DRIVER_OK and after a reset. */
  transport: BackendTransport | undefined;
  readonly #handle: (queue: number, request: Uint8Array, response: Uint8Array) => number;
  readonly #held: { readonly queue: DeviceQueue; readonly chain: DeviceChain }[] = [];

  /** A device. @param options what it is and how it answers. */
  constructor(options: FakeDeviceOptions = {}) {
    this.deviceId = options.deviceId ?? 16;
    this.features = options.features ?? 0n;
    this.queueSizes = options.queueSizes ?? [64, 16];
    this.config = options.config ?? new Uint8Array(0);
    this.#handle = options.handle ?? (() => 0);
  }

  /** Buffers kept back, oldest first. */
  get held(): number {
    return this.#held.length;
  }
  /** Whether buffers are kept back. */
  get busy(): boolean {
    return this.#held.length > 0;
  }

  /** Copies configuration space. */
  readConfig(offset: number, target: Uint8Array): void {
    for (let i = 0; i < target.length; i++) target[i] = this.config[offset + i] ?? 0;
  }
  /** Stores into configuration space. */
  writeConfig(offset: number, source: Uint8Array): void {
    for (let i = 0; i < source.length; i++) if (offset + i < this.config.length) this.config[offset + i] = source[i];
  }
  /** DRIVER_OK. */
  start(transport: BackendTransport): void {
    this.transport = transport;
  }
  /** Answers what is in the queue. */
  kick(index: number): void {
    const queue = this.transport?.queues[index];
    if (queue === undefined) return;
    do {
      for (let chain = queue.chain(); queue.pop(chain); chain = queue.chain()) {
        const request = new Uint8Array(chain.readable);
        queue.read(chain, 0, request);
        this.requests.push({ queue: index, bytes: request });
        const response = new Uint8Array(chain.writable);
        const written = this.#handle(index, request, response);
        if (written < 0) this.#held.push({ queue, chain });
        else queue.push(chain.head, queue.write(chain, 0, response.subarray(0, written)));
      }
      if (queue.broken !== undefined) return this.transport?.needsReset(queue.broken);
      queue.interrupt();
    } while (!queue.enableKicks());
  }
  /** Answers the buffer kept back for longest, or the `nth` longest, with `response`. */
  complete(response: Uint8Array = new Uint8Array(0), nth = 0): void {
    const [held] = this.#held.splice(nth, 1);
    if (held === undefined) throw new RangeError("Cannot complete: no buffer is held");
    held.queue.push(held.chain.head, held.queue.write(held.chain, 0, response));
    held.queue.interrupt();
  }
  /** Nothing completes by itself. */
  poll(): boolean {
    return false;
  }
  /** Forgets the queues and what was kept back. */
  reset(): void {
    this.resets++;
    this.#held.length = 0;
    this.transport = undefined;
  }
  /** As a reset. */
  [Symbol.dispose](): void {
    this.reset();
  }
}
