/**
 * Synchronization objects: mutexes, semaphores, fences, CPU notifications, monitored fences. What a process opens is a
 * `SyncHandle`; the object behind it may be shared. A monitored fence is no dma-fence: it may be waited for before anybody
 * has promised to signal it, and nothing here ever turns one into the other.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { SortedMap } from "../../../core/sorted_map.ts";
import {
  _D3DDDI_CPU_NOTIFICATION,
  _D3DDDI_FENCE,
  _D3DDDI_MONITORED_FENCE,
  _D3DDDI_SEMAPHORE,
  _D3DDDI_SYNCHRONIZATION_MUTEX,
} from "../../../uapi/d3dkmthk_sync.ts";
import type { DxgDevice } from "./device.ts";
import type { FencePage } from "./fence_page.ts";
import type { DxgProcess } from "./process.ts";
import type { SharedObject } from "./sharing.ts";
import { type U64, U64_MAX } from "./u64.ts";

/** Who waits. */
export interface SyncWaiter {
  /** The object may be satisfied now: look again, later. The registration is over. */
  woken(): void;
}

/** A registration. */
export interface SyncWait {
  /** The value that it waits for. */
  readonly value: U64;
  /** Who. */
  readonly waiter: SyncWaiter;
}

/** What an object has in common with those that stand for it in other hosts (`Peers`). */
export interface SyncRemote {
  /** Its value, where all of them see it: one element. */
  readonly cell: BigUint64Array;
  /** The value has changed. */
  changed(): void;
  /** No handle here names it any more: others may still. */
  unnamed(): void;
  /** Nobody here uses it any more. */
  released(): void;
}

/** How an object begins. */
export interface SyncInit {
  /** _D3DDDI_*. */
  readonly type: number;
  /** d3dddi_synchronizationobject_flags. */
  readonly flags: number;
  /** First value of a fence; 1 for a mutex that begins owned; first count of a semaphore. */
  readonly value: U64;
  /** Greatest count of a semaphore. */
  readonly max: number;
  /** What a signalled CPU notification does. */
  readonly notify?: () => void;
}

/** An object. */
export class SyncObject {
  /** _D3DDDI_*. */
  readonly type: number;
  /** d3dddi_synchronizationobject_flags. */
  readonly flags: number;
  /** Greatest count of a semaphore. */
  readonly max: number;
  /** Its handle for other processes, when it was made shared. */
  shared: SharedObject | undefined;
  /** Where the guest and the GPU see a monitored fence's value. */
  page: FencePage | undefined;
  /** Which of the page's values. */
  index = 0;
  // With a remote the last value that was seen here.
  #value: U64;
  #remote: SyncRemote | undefined;
  readonly #notify: (() => void) | undefined;
  #refs = 0;
  #names = 0;
  #closed = false;
  // By value as a Number: values beyond 2^53 that round to the same one share a set.
  readonly #waits = new SortedMap<Set<SyncWait>>();

  /** @param init what it is. */
  constructor(init: SyncInit) {
    this.type = init.type;
    this.flags = init.flags;
    this.#value = init.value;
    this.max = init.max;
    this.#notify = init.notify;
  }

  /** Whether it has a page. */
  get isMonitored(): boolean {
    return this.type === _D3DDDI_MONITORED_FENCE;
  }

  /** The value of a fence, the count of a semaphore, 1 for an owned mutex. */
  get value(): U64 {
    if (this.#remote === undefined) return this.#value;
    const value = Atomics.load(this.#remote.cell, 0);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  /** What it has in common with other hosts. */
  get remote(): SyncRemote | undefined {
    return this.#remote;
  }

  /** Its value is in other hosts' sight from now on. @param keep whether what stands there is its value. */
  connect(remote: SyncRemote, keep: boolean): void {
    if (!keep) Atomics.store(remote.cell, 0, BigInt(this.#value));
    this.#remote = remote;
    this.#value = this.value;
  }

  /** Another host has changed the value. */
  refreshed(): void {
    this.#value = this.value;
    this.#wake();
  }

  /** No handle of any host names it any more: who waits is let go. */
  abandoned(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Whether a wait for a value is over now. */
  isSatisfied(value: U64): boolean {
    if (this.#closed) return true; // nobody can signal it any more: whoever waits must not wait for ever
    switch (this.type) {
      case _D3DDDI_SYNCHRONIZATION_MUTEX:
        return this.value === 0;
      case _D3DDDI_SEMAPHORE:
        return this.value > 0;
      default:
        return this.value >= value;
    }
  }

  /** What a wait that is over takes: a mutex, one of a semaphore. False: another host was faster. */
  take(): boolean {
    if (this.#closed) return true;
    const isMutex = this.type === _D3DDDI_SYNCHRONIZATION_MUTEX;
    if (!isMutex && this.type !== _D3DDDI_SEMAPHORE) return true;
    if (this.#remote === undefined) {
      this.#value = isMutex ? 1 : Number(this.#value) - 1;
      return true;
    }
    const { cell } = this.#remote;
    for (;;) {
      const now = Atomics.load(cell, 0);
      if (isMutex ? now !== 0n : now === 0n) return false;
      const next = isMutex ? 1n : now - 1n;
      if (Atomics.compareExchange(cell, 0, now, next) === now) return true;
    }
  }

  /** Ends a `take` that came to nothing. */
  giveBack(): void {
    if (this.type === _D3DDDI_SYNCHRONIZATION_MUTEX || this.type === _D3DDDI_SEMAPHORE) this.signal(0, false);
  }

  /**
   * Signals. The value is stored in its page before anybody is woken.
   * @param value of a fence. @param rewind whether a fence may go back.
   * @returns false if that is no signal: a fence does not go back, a semaphore has no more room, a mutex is free
   */
  signal(value: U64, rewind: boolean): boolean {
    if (this.#remote !== undefined) {
      if (!this.#signalAll(this.#remote.cell, value, rewind)) return false;
      this.#remote.changed();
      this.refreshed();
      return true;
    }
    switch (this.type) {
      case _D3DDDI_SYNCHRONIZATION_MUTEX:
        if (this.#value === 0) return false;
        this.#value = 0;
        break;
      case _D3DDDI_SEMAPHORE:
        if (this.#value >= this.max) return false;
        this.#value = Number(this.#value) + 1;
        break;
      case _D3DDDI_CPU_NOTIFICATION:
        this.#notify?.();
        return true;
      default:
        if (value < this.#value && !rewind) return false;
        this.#value = value;
        this.page?.store(this.index, value);
    }
    this.#wake();
    return true;
  }

  // A value that other hosts change, too: none of their changes is lost.
  #signalAll(cell: BigUint64Array, value: U64, rewind: boolean): boolean {
    for (;;) {
      const now = Atomics.load(cell, 0);
      let next: bigint;
      if (this.type === _D3DDDI_SYNCHRONIZATION_MUTEX) {
        if (now === 0n) return false;
        next = 0n;
      } else if (this.type === _D3DDDI_SEMAPHORE) {
        if (now >= BigInt(this.max)) return false;
        next = now + 1n;
      } else {
        next = BigInt(value);
        if (next < now && !rewind) return false;
      }
      if (Atomics.compareExchange(cell, 0, now, next) === now) return true;
    }
  }

  /** The GPU has stored a value in the page. */
  loaded(value: U64): void {
    if (value === this.#value) return;
    this.#value = value;
    this.#remote?.changed();
    this.#wake();
  }

  /** The end of a device that signals it: fences get their greatest value, so that nobody waits for ever. */
  release(): void {
    if (this.type === _D3DDDI_FENCE || this.isMonitored) this.signal(U64_MAX, true);
    else if (this.type !== _D3DDDI_CPU_NOTIFICATION) this.signal(0, true);
  }

  /** Asks to be woken. */
  wait(wait: SyncWait): void {
    const key = this.#key(wait);
    const set = this.#waits.get(key);
    if (set === undefined) this.#waits.set(key, new Set([wait]));
    else set.add(wait);
  }

  /** Takes a registration back. */
  cancel(wait: SyncWait): void {
    const key = this.#key(wait);
    const set = this.#waits.get(key);
    if (set?.delete(wait) && set.size === 0) this.#waits.delete(key);
  }

  /** A handle more names it. */
  name(): void {
    this.#names++;
    this.#refs++;
  }

  /** A handle less. After the last nobody can signal it any more: who waits is let go. */
  unname(): void {
    if (--this.#names === 0) {
      if (this.#remote !== undefined) this.#remote.unnamed();
      else this.abandoned();
    }
    this.drop();
  }

  /** Somebody more uses it. */
  hold(): void {
    this.#refs++;
  }

  /** Somebody less. */
  drop(): void {
    if (--this.#refs > 0) return;
    this.page?.release(this.index);
    this.page = undefined;
    this.#remote?.released();
  }

  #key(wait: SyncWait): number {
    return this.type === _D3DDDI_FENCE || this.isMonitored ? Number(wait.value) : 0;
  }

  #wake(): void {
    if (this.#waits.size === 0) return;
    const limit = this.#closed ? Infinity : Number(this.value);
    const ordered = this.type === _D3DDDI_FENCE || this.isMonitored;
    const woken: Set<SyncWait>[] = [];
    for (const set of this.#waits.from(0)) {
      const [first] = set;
      if (ordered && Number(first.value) > limit) break;
      woken.push(set);
    }
    for (const set of woken) {
      for (const wait of [...set]) {
        if (!this.isSatisfied(wait.value)) continue;
        this.cancel(wait);
        wait.waiter.woken();
      }
    }
  }
}

/** An object as a process has it. */
export class SyncHandle {
  /** Whose. */
  readonly process: DxgProcess;
  /** The device that made or opened it. */
  readonly device: DxgDevice;
  /** The object. */
  readonly object: SyncObject;
  /** Its handle. */
  readonly handle: number;
  /** Where the GPU sees the fence's value; 0 if it does not. */
  gpuVa = 0;
  /** Whether it lives and dies with a paging or hardware queue. */
  readonly isInternal: boolean;
  /** Whether its device made the object. */
  readonly isCreator: boolean;
  #closed = false;

  /** Holds the object. Throws ENOMEM. */
  constructor(
    process: DxgProcess,
    device: DxgDevice,
    object: SyncObject,
    how: { readonly internal?: boolean; readonly creator?: boolean } = {},
  ) {
    this.process = process;
    this.device = device;
    this.object = object;
    this.isInternal = how.internal ?? false;
    this.isCreator = how.creator ?? false;
    this.handle = process.add(this);
    object.name();
    device.syncs.add(this);
  }

  /** Makes the GPU see a monitored fence's value. Throws ENOMEM. */
  map(): void {
    const { page } = this.object;
    if (page === undefined) throw new DrmError("EINVAL", "Cannot map: the object has no value in memory");
    this.gpuVa = this.device.space.addPage(page) + this.object.index * 8;
  }

  /** Gives handle and object up. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.process.remove(this.handle);
    this.device.syncs.delete(this);
    if (this.gpuVa !== 0 && this.object.page !== undefined) this.device.space.removePage(this.object.page);
    if (this.isCreator) {
      this.object.shared?.drop(); // those who opened it, or have an NT handle, keep it
      this.object.shared = undefined;
    }
    this.object.unname();
  }
}
