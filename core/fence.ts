/**
 * `Fence`, the one asynchronous primitive: signals once, in order on its timeline. Mirrors drivers/dma-buf/dma-fence.c.
 * @module
 */

import { ERRNO } from "../uapi/errno.ts";
import type { Clock } from "./clock.ts";

/** A place in a fence's list of callbacks. */
export interface FenceCallback {
  /** Takes the callback back; false if it already ran. */
  remove(): boolean;
}

/** What makes fences: a clock and the numbers of new timelines. A `System` is one. */
export interface FenceSource {
  /** Gives fences their timestamps. */
  readonly clock: Clock;
  /** Gives timelines their numbers. */
  readonly fenceContexts: FenceContexts;
}

/** The contexts (timelines) of one system: every new one has a number of its own, from 1. */
export class FenceContexts {
  #next = 1;
  /** `count` consecutive new context numbers; the first of them. */
  allocate(count = 1): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }
}

/** What a fence is made of. */
export interface FenceOptions {
  /** The clock that gives its timestamp. */
  readonly clock: Clock;
  /** Its timeline's number (dma_fence_context_alloc). */
  readonly context: number;
  /** Its place on the timeline: 32 bits that wrap, or 64 with `seqno64` (a Number where it is a safe integer). */
  readonly seqno: number | bigint;
  /** Whether the sequence number is compared with 64 bits (chains). */
  readonly seqno64?: boolean;
  /** The driver's name, as sync_file shows it. */
  readonly driverName: string;
  /** The timeline's name, as sync_file shows it. */
  readonly timelineName: string;
}

// A doubly linked list, as the kernel's: with many waiters on one fence, each leaves in constant time.
class CallbackList {
  first: CallbackNode | undefined;
  last: CallbackNode | undefined;
}

class CallbackNode implements FenceCallback {
  readonly callback: (fence: Fence) => void;
  list: CallbackList | undefined;
  prev: CallbackNode | undefined;
  next: CallbackNode | undefined;

  constructor(list: CallbackList, callback: (fence: Fence) => void) {
    this.callback = callback;
    this.list = list;
    this.prev = list.last;
    if (list.last) list.last.next = this;
    else list.first = this;
    list.last = this;
  }

  remove(): boolean {
    const list = this.list;
    if (list === undefined) return false;
    if (this.prev) this.prev.next = this.next;
    else list.first = this.next;
    if (this.next) this.next.prev = this.prev;
    else list.last = this.prev;
    this.list = this.prev = this.next = undefined;
    return true;
  }
}

/** A completion that happens once. */
export class Fence {
  /** The clock that gives its timestamp. */
  readonly clock: Clock;
  /** Its timeline's number. */
  readonly context: number;
  /** Its place on the timeline. */
  readonly seqno: number | bigint;
  /** Whether the sequence number has 64 bits. */
  readonly seqno64: boolean;
  /** The driver's name. */
  readonly driverName: string;
  /** The timeline's name. */
  readonly timelineName: string;
  #callbacks: CallbackList | undefined;
  #signaled = false;
  #timestamp = 0;
  #error = 0;
  #deadline = Infinity;

  /** dma_fence_init. @param options timeline, place, names. */
  constructor(options: FenceOptions) {
    this.clock = options.clock;
    this.context = options.context;
    this.seqno = options.seqno;
    this.seqno64 = options.seqno64 ?? false;
    this.driverName = options.driverName;
    this.timelineName = options.timelineName;
  }

  /** Whether it has signalled. Kinds that learn of completion by looking (D5) look here and signal as a side effect. */
  get isSignaled(): boolean {
    if (!this.#signaled && this.poll()) this.signal();
    return this.#signaled;
  }

  /** Whether it has signalled, without looking at the work. */
  protected get hasSignaled(): boolean {
    return this.#signaled;
  }

  /** The driver's own look whether the work is done; false where completion is only ever told. */
  protected poll(): boolean {
    return false;
  }

  /** Called once when the first callback is added: kinds that must arm something to signal at all do it here. */
  protected enableSignaling(): void {}

  /** D3: 0 while active, 1 when signalled, a negative errno when it signalled with an error. */
  get status(): number {
    return !this.isSignaled ? 0 : this.#error < 0 ? this.#error : 1;
  }

  /** When it signalled, ns; 0 before. */
  get timestamp(): number {
    return this.#timestamp;
  }

  /** The error set before it signalled: a negative errno, or 0. */
  get error(): number {
    return this.#error;
  }

  /** dma_fence_set_error. @param error a negative errno. @throws {RangeError} after signalling: it would go unseen. */
  setError(error: number): void {
    if (this.#signaled) throw new RangeError("Cannot set the error of a fence that has signalled");
    if (!(error < 0)) throw new RangeError(`Cannot set ${error} as a fence's error: it is no negative errno`);
    this.#error = error;
  }

  /** Signals; callbacks run in the order of their registration (D2). False (D1) if it had signalled already. */
  signal(timestamp: number = this.clock.now()): boolean {
    if (this.#signaled) return false;
    this.#signaled = true;
    this.#timestamp = timestamp;
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    if (callbacks === undefined) return true;
    for (let node = callbacks.first; node !== undefined; node = callbacks.first) {
      node.remove(); // first, so that its own `remove` says that it ran
      node.callback(this);
    }
    return true;
  }

  /** Runs `callback` when it signals. Undefined (the kernel's -ENOENT), without calling, if it has signalled already (D2). */
  addCallback(callback: (fence: Fence) => void): FenceCallback | undefined {
    if (this.isSignaled) return undefined;
    if (this.#callbacks === undefined) {
      this.#callbacks = new CallbackList();
      this.enableSignaling();
      if (this.#signaled) return undefined;
    }
    return new CallbackNode(this.#callbacks, callback);
  }

  /** Whether anybody waits for it. */
  get hasCallbacks(): boolean {
    return this.#callbacks?.first !== undefined;
  }

  /** D4: whether this comes after `other` on their common timeline. */
  isLater(other: Fence): boolean {
    if (this.seqno64 || other.seqno64) return this.seqno > other.seqno;
    return ((Number(this.seqno) - Number(other.seqno)) | 0) > 0;
  }

  /** dma_fence_is_later_or_same: whether this comes after `other` on their common timeline, or is the very same fence. */
  isLaterOrSame(other: Fence): boolean {
    return this === other || this.isLater(other);
  }

  /** A hint that somebody wants it signalled by `deadline`, ns. */
  setDeadline(deadline: number): void {
    this.noteDeadline(deadline);
  }

  /** Keeps the hint, for kinds that pass it on in a way of their own. */
  protected noteDeadline(deadline: number): void {
    if (!this.isSignaled && deadline < this.#deadline) this.#deadline = deadline;
  }

  /** The earliest deadline asked for, ns; Infinity for none. */
  get deadline(): number {
    return this.#deadline;
  }

  /** D11: nobody will signal it any more. Unsignalled with callbacks, it gets -EDEADLK and signals. */
  abandon(): void {
    if (this.#signaled || !this.hasCallbacks) return;
    this.#error = -ERRNO.EDEADLK;
    this.signal();
  }
}

const stubs = new WeakMap<Clock, Fence>();

/** The signalled fence that stands for "nothing to wait for" (dma_fence_get_stub): one a clock. */
export function stubFence(clock: Clock): Fence {
  let stub = stubs.get(clock);
  if (stub === undefined) stubs.set(clock, stub = privateStub(clock, clock.now()));
  return stub;
}

/** A signalled fence of its own (dma_fence_allocate_private_stub) with the given timestamp, ns. Context and seqno are 0. */
export function privateStub(clock: Clock, timestamp: number): Fence {
  const stub = new Fence({ clock, context: 0, seqno: 0, driverName: "stub", timelineName: "stub" });
  stub.signal(timestamp);
  return stub;
}
