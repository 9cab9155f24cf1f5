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
  /** Its handle for other processes, when it was made shared. */
  shared: SharedObject | undefined;
  /** Where the guest and the GPU see a monitored fence's value. */
  page: FencePage | undefined;
  /** Which of the page's values. */
  index = 0;
  #value: U64;
  readonly #max: number;
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
    this.#max = init.max;
    this.#notify = init.notify;
  }

  /** Whether it has a page. */
  get isMonitored(): boolean {
    return this.type === _D3DDDI_MONITORED_FENCE;
  }

  /** The value of a fence, the count of a semaphore, 1 for an owned mutex. */
  get value(): U64 {
    return this.#value;
  }

  /** Whether a wait for a value is over now. */
  isSatisfied(value: U64): boolean {
    if (this.#closed) return true; // nobody can signal it any more: whoever waits must not wait for ever
    switch (this.type) {
      case _D3DDDI_SYNCHRONIZATION_MUTEX:
        return this.#value === 0;
      case _D3DDDI_SEMAPHORE:
        return this.#value > 0;
      default:
        return this.#value >= value;
    }
  }

  /** What a wait that is over takes: a mutex, one of a semaphore. */
  take(): void {
    if (this.#closed) return;
    if (this.type === _D3DDDI_SYNCHRONIZATION_MUTEX) this.#value = 1;
    else if (this.type === _D3DDDI_SEMAPHORE && typeof this.#value === "number") this.#value--;
  }

  /**
   * Signals. The value is stored in its page before anybody is woken.
   * @param value of a fence. @param rewind whether a fence may go back.
   * @returns false if that is no signal: a fence does not go back, a semaphore has no more room, a mutex is free
   */
  signal(value: U64, rewind: boolean): boolean {
    switch (this.type) {
      case _D3DDDI_SYNCHRONIZATION_MUTEX:
        if (this.#value === 0) return false;
        this.#value = 0;
        break;
      case _D3DDDI_SEMAPHORE:
        if (this.#value >= this.#max) return false;
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

  /** The GPU has stored a value in the page. */
  loaded(value: U64): void {
    if (value === this.#value) return;
    this.#value = value;
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
      this.#closed = true;
      this.#wake();
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
  }

  #key(wait: SyncWait): number {
    return this.type === _D3DDDI_FENCE || this.isMonitored ? Number(wait.value) : 0;
  }

  #wake(): void {
    if (this.#waits.size === 0) return;
    const limit = this.#closed ? Infinity : Number(this.#value);
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
