/**
 * A VMBus in one isolate: offers, channels, GPADLs and PCI functions of host devices, for a guest driver beside them. Guest
 * and host meet in `GuestMemory` alone. Signals never nest: what is raised inside a handler runs after it.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { GuestMemory, type GuestSlot } from "../../../core/guest_memory.ts";
import { heapAllocator, type PageAllocator, type Pages } from "../../../core/memory.ts";
import type {
  GpaRange,
  PciFunction,
  VmbusBackend,
  VmbusBus,
  VmbusChannel,
  VmbusDevice,
  VmbusHostTransport,
  VmbusOffer,
  VmbusOpen,
} from "../../../core/vmbus.ts";
import { HV_RING_HEADER_SIZE } from "../../../uapi/vmbus.ts";
import { RingChannel } from "./channel.ts";

/** Rounds of signals that one call runs; the rest waits for `poll`. */
const ROUNDS = 4096;
/** The largest ring, bytes of data. */
const MAX_RING = 16 << 20;
/** The most GPADLs of a guest, and ranges in one. */
const MAX_GPADLS = 65536;

/** How {@linkcode vmbusLoopback} is made. */
export interface VmbusLoopbackOptions {
  /** The guest's memory; new by default. */
  readonly memory?: GuestMemory;
  /** Where the pages of rings come from; the heap by default. */
  readonly allocator?: PageAllocator;
}

/** The bus and its host devices. */
export interface VmbusLoopback extends VmbusBus, Disposable {}

/** A bus with the channels of `backends`, which it owns from now on. */
export function vmbusLoopback(backends: readonly VmbusBackend[], options: VmbusLoopbackOptions = {}): VmbusLoopback {
  return new Loopback(backends, options);
}

class Loopback implements VmbusLoopback, VmbusHostTransport {
  readonly memory: GuestMemory;
  readonly devices: readonly LoopbackDevice[];
  readonly functions: readonly PciFunction[];
  readonly allocator: PageAllocator;
  readonly #backends: readonly VmbusBackend[];
  readonly #gpadls = new Map<number, readonly GpaRange[]>();
  readonly #signaled: RingChannel[] = [];
  #nextGpadl = 1;
  #running = false;

  constructor(backends: readonly VmbusBackend[], options: VmbusLoopbackOptions) {
    this.memory = options.memory ?? new GuestMemory();
    this.allocator = options.allocator ?? heapAllocator();
    this.#backends = backends;
    this.devices = backends.map((backend) => new LoopbackDevice(this, backend));
    this.functions = backends.flatMap((backend) => backend.pci ?? []);
  }

  establishGpadl(ranges: readonly GpaRange[]): number {
    if (ranges.length === 0 || ranges.length > MAX_GPADLS || this.#gpadls.size >= MAX_GPADLS) {
      throw new DrmError("ENOMEM", `Cannot make a GPADL of ${ranges.length} ranges beside ${this.#gpadls.size} others`);
    }
    for (const { gpa, length } of ranges) {
      if (!(length > 0) || !this.memory.contains(gpa, length)) {
        throw new DrmError("EFAULT", `Cannot make a GPADL: ${length} bytes at ${gpa} are no memory`);
      }
    }
    const handle = this.#nextGpadl;
    this.#nextGpadl = handle % 0xffff_ffff + 1;
    this.#gpadls.set(handle, ranges.map(({ gpa, length }) => ({ gpa, length })));
    return handle;
  }

  teardownGpadl(handle: number): void {
    if (!this.#gpadls.delete(handle)) throw new DrmError("EINVAL", `Cannot tear down GPADL ${handle}: it is not there`);
  }

  gpadl(handle: number): readonly GpaRange[] | undefined {
    return this.#gpadls.get(handle);
  }

  /** Wakes one half, now or after what runs. */
  signal(half: RingChannel): void {
    if (!this.#signaled.includes(half)) this.#signaled.push(half);
    if (!this.#running) this.#run();
  }

  #run(): boolean {
    this.#running = true;
    let any = false;
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const half = this.#signaled.shift();
        if (half === undefined) break;
        if (half.poll()) any = true;
        if (half.busy && !this.#signaled.includes(half)) this.#signaled.push(half);
      }
    } finally {
      this.#running = false;
    }
    return any;
  }

  poll(): boolean {
    if (this.#running) return false;
    let any = this.#run();
    for (const backend of this.#backends) if (backend.poll()) any = true;
    return any;
  }

  get completionFd(): number | undefined {
    for (const { completionFd } of this.#backends) if (completionFd !== undefined) return completionFd;
    return undefined;
  }

  get busy(): boolean {
    return this.#signaled.length > 0 || this.#backends.some((backend) => backend.busy);
  }

  rest(ns: number): boolean {
    if (this.#signaled.length > 0) return true;
    return this.#backends.some((backend) => backend.rest?.(ns) === true);
  }

  [Symbol.dispose](): void {
    for (const device of this.devices) device.withdraw();
    for (const backend of this.#backends) backend[Symbol.dispose]();
  }
}

class LoopbackDevice implements VmbusDevice {
  readonly offer: VmbusOffer;
  readonly #bus: Loopback;
  readonly #backend: VmbusBackend;
  #open: { guest: RingChannel; host: RingChannel; pages: Pages; slot: GuestSlot } | undefined;
  #withdrawn = false;

  constructor(bus: Loopback, backend: VmbusBackend) {
    this.#bus = bus;
    this.#backend = backend;
    this.offer = backend.offer;
  }

  open({ ringSize, maxPacket, handlers }: VmbusOpen): VmbusChannel {
    const name = `VMBus channel ${this.offer.instance}`;
    if (this.#withdrawn) throw new DrmError("ENODEV", `Cannot open ${name}: the offer was withdrawn`);
    if (this.#open !== undefined) throw new DrmError("EBUSY", `Cannot open ${name}: it is open`);
    if (!(ringSize >= 4096 && ringSize <= MAX_RING && ringSize % 4096 === 0)) {
      throw new DrmError("EINVAL", `Cannot open ${name} with rings of ${ringSize} bytes`);
    }
    const whole = HV_RING_HEADER_SIZE + ringSize;
    const pages = this.#bus.allocator.allocate(2 * whole, name);
    pages.pin();
    const slot = this.#bus.memory.add(pages, 0, pages.size);
    const toHost = pages.bytes().subarray(0, whole);
    const toGuest = pages.bytes().subarray(whole, 2 * whole);
    const guest: RingChannel = new RingChannel({
      outgoing: toHost,
      incoming: toGuest,
      maxPacket,
      signal: () => this.#bus.signal(host),
      closed: () => this.#close(),
    });
    const host: RingChannel = new RingChannel({
      outgoing: this.#bus.memory.bytes(slot.gpa + whole, whole),
      incoming: this.#bus.memory.bytes(slot.gpa, whole),
      maxPacket: this.#backend.maxPacket,
      maxOwed: this.#backend.maxOwed,
      signal: () => this.#bus.signal(guest),
      closed: () => guest.breakOff("closed by the host"),
    });
    this.#open = { guest, host, pages, slot };
    guest.handle(handlers);
    const own = this.#backend.open(host, this.#bus);
    host.handle({
      packet: (packet) => own.packet(packet),
      completion: own.completion && ((packet) => own.completion?.(packet)),
      room: () => own.room?.(),
      broken: (reason) => {
        own.broken?.(reason);
        guest.breakOff(`broken: ${reason}`);
      },
    });
    return guest;
  }

  /** The host takes the offer back: an open channel breaks. */
  withdraw(): void {
    this.#withdrawn = true;
    this.#open?.guest.breakOff("the offer was withdrawn");
    this.#close();
  }

  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    open.host.breakOff("closed by the guest");
    this.#backend.close();
    this.#bus.memory.remove(open.slot);
    open.pages.unpin();
    open.pages[Symbol.dispose]();
  }
}
