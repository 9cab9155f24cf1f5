/**
 * A ring as a front end describes it piece by piece, and as the device sees it: empty until it is started and enabled, and
 * whenever it is not. "Ring states" of the vhost-user protocol.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import type { GuestMemory } from "../../../core/guest_memory.ts";
import { SplitDeviceQueue } from "../virtqueue/mod.ts";
import { closed, type Doorbells } from "./descriptors.ts";
import type { DirtyLog } from "./dirty_log.ts";
import type { Regions } from "./regions.ts";

/** Where a ring lies, in addresses of the front end. */
export interface VringAddress {
  /** Of the descriptor table. */
  readonly desc: number;
  /** Of the available ring. */
  readonly avail: number;
  /** Of the used ring. */
  readonly used: number;
}

/** What rings share. */
export interface VringOwner {
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** The front end's regions. */
  readonly regions: Regions;
  /** Signals eventfds. */
  readonly doorbells: Doorbells;
  /** The dirty log while VHOST_F_LOG_ALL is on, else undefined. */
  readonly log: DirtyLog | undefined;
}

/** What was negotiated for a ring. */
export interface VringFeatures {
  /** VIRTIO_F_INDIRECT_DESC. */
  readonly indirect: boolean;
  /** VIRTIO_F_EVENT_IDX. */
  readonly eventIdx: boolean;
}

/** A ring. */
export class Vring implements DeviceQueue {
  /** Its number. */
  readonly index: number;
  /** Descriptors; 0 until told. */
  num = 0;
  /** The available index to begin with. */
  base = 0;
  /** Where it lies, once told. */
  address: VringAddress | undefined;
  /** Whether what is written into the used ring is logged. */
  logged = false;
  /** Guest address under which the used ring is logged. */
  logAddress = 0;
  /** The eventfd that kicks, or -1. */
  kickFd = -1;
  /** The eventfd that interrupts, or -1. */
  callFd = -1;
  /** The eventfd that tells of a broken ring, or -1. */
  errFd = -1;
  /** A kick descriptor was given since the ring was stopped last. */
  started = false;
  /** SET_VRING_ENABLE. */
  enabled = false;
  /** A kick waits until the front end has said what its displays are. */
  deferred = false;
  readonly #owner: VringOwner;
  #queue: SplitDeviceQueue | undefined;
  #features: VringFeatures = { indirect: false, eventIdx: false };
  #open = false;
  #told = false;

  /** @param index its number. @param owner what rings share. */
  constructor(index: number, owner: VringOwner) {
    this.index = index;
    this.#owner = owner;
  }

  /** Whether the device can take from it. */
  get running(): boolean {
    return this.#open;
  }
  /** Whether it was started and not stopped. */
  get attached(): boolean {
    return this.#queue !== undefined;
  }
  /** Buffers that the device has and has not given back. */
  get outstanding(): number {
    return this.#queue?.outstanding ?? 0;
  }
  /** Why it cannot be used, or undefined. */
  get broken(): string | undefined {
    return this.#queue?.broken;
  }

  /** Makes it usable. A ring that does not lie in memory is broken from the start. */
  attach(features: VringFeatures): void {
    this.#features = features;
    this.#make(this.base);
    this.#open = true;
  }

  /** Its memory has moved: looks at it anew, where it was. Nothing may be outstanding. */
  reattach(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    this.#make(queue.base);
  }

  #make(base: number): void {
    this.#queue?.[Symbol.dispose]();
    const { regions, memory, doorbells } = this.#owner;
    const { num: size, address } = this;
    // An address that nothing is mapped at is one that no slot holds.
    const at = (user: number | undefined, length: number): number =>
      (user === undefined ? undefined : regions.guestAddress(user, length)) ?? Number.MAX_SAFE_INTEGER - 15;
    this.#told = false;
    this.#queue = new SplitDeviceQueue({
      index: this.index,
      address: {
        size,
        desc: at(address?.desc, 16 * size),
        avail: at(address?.avail, 6 + 2 * size),
        used: at(address?.used, 6 + 8 * size),
      },
      memory,
      ...this.#features,
      base,
      interrupt: () => doorbells.ring(this.callFd),
      written: (gpa, length) => this.#owner.log?.mark(gpa, length),
      usedWritten: (offset, length) => {
        if (this.logged) this.#owner.log?.mark(this.logAddress + offset, length);
      },
    });
  }

  /** Takes nothing from it any more (or again). What is outstanding can be given back. */
  setOpen(open: boolean): void {
    this.#open = open && this.#queue !== undefined;
  }

  /** Stops it. @returns the available index at which another device can go on. */
  stop(): number {
    if (this.#queue !== undefined) {
      this.base = this.#queue.base;
      this.#queue[Symbol.dispose]();
      this.#queue = undefined;
    }
    this.#open = this.started = this.deferred = false;
    return this.base;
  }

  /** Why it is broken, the first time that this is asked after it broke: the front end's err eventfd is signalled. */
  takeFailure(): string | undefined {
    const reason = this.broken;
    if (reason === undefined || this.#told) return undefined;
    this.#told = true;
    this.#owner.doorbells.ring(this.errFd);
    return reason;
  }

  /** Stops it and closes its descriptors. */
  close(): void {
    this.stop();
    this.kickFd = closed(this.kickFd);
    this.callFd = closed(this.callFd);
    this.errFd = closed(this.errFd);
  }

  /** A chain to pop into. */
  chain(): DeviceChain {
    return { head: 0, readable: 0, writable: 0, gpas: [], lengths: [], outCount: 0, inCount: 0 };
  }
  /** Takes the next buffer; false while the ring does not run. */
  pop(chain: DeviceChain): boolean {
    return this.#open && this.#queue !== undefined && this.#queue.pop(chain);
  }
  /** Copies readable bytes of a chain. */
  read(chain: DeviceChain, offset: number, target: Uint8Array): number {
    return this.#queue?.read(chain, offset, target) ?? 0;
  }
  /** Copies into the writable bytes of a chain. */
  write(chain: DeviceChain, offset: number, source: Uint8Array): number {
    return this.#queue?.write(chain, offset, source) ?? 0;
  }
  /** Gives a buffer back. */
  push(head: number, written: number): void {
    this.#queue?.push(head, written);
  }
  /** Interrupts the driver for what was pushed, if it wants to know. */
  interrupt(): void {
    this.#queue?.interrupt();
  }
  /** Asks for a kick at the next buffer; false if one is there already. */
  enableKicks(): boolean {
    return !this.#open || (this.#queue?.enableKicks() ?? true);
  }
  /** Says that no kick is needed. */
  disableKicks(): void {
    if (this.#open) this.#queue?.disableKicks();
  }
}
