/**
 * The events of one open file: space is reserved when an event is asked for, and whole events are read. Mirrors
 * drm_event_reserve_init, drm_send_event and drm_read (drivers/gpu/drm/drm_file.c).
 * @module
 */

import { POLLIN, POLLRDNORM } from "../uapi/fcntl.ts";
import { DrmError, EAGAIN } from "./error.ts";
import type { PollWaiter } from "./file.ts";
import { Wait } from "./wait.ts";

/** Bytes of events that may be asked for and unread at once (G1). */
export const EVENT_SPACE = 4096;

/** Room for one event, held from request to delivery. */
export interface EventSlot {
  /** Bytes. */
  readonly size: number;
  /** Puts the event into the queue; a closed file drops it (G3). Once only. */
  send(event: Uint8Array): void;
  /** Gives the room back unused. */
  cancel(): void;
}

class Reservation implements EventSlot {
  readonly size: number;
  #queue: EventQueue | undefined;

  constructor(queue: EventQueue, size: number) {
    this.size = size;
    this.#queue = queue;
  }
  send(event: Uint8Array): void {
    if (event.length !== this.size) {
      throw new RangeError(`Cannot send ${event.length} bytes: ${this.size} were reserved`);
    }
    const queue = this.#queue;
    this.#queue = undefined;
    queue?.deliver(event);
  }
  cancel(): void {
    this.#queue?.unreserve(this.size);
    this.#queue = undefined;
  }
}

/** The queue. */
export class EventQueue {
  #space = EVENT_SPACE;
  #events: Uint8Array[] = [];
  #closed = false;
  readonly #readers: Set<() => void> = new Set();
  readonly #pollers: Set<PollWaiter> = new Set();

  /** Events that wait to be read. */
  get length(): number {
    return this.#events.length;
  }

  /** Bytes that may still be reserved. */
  get space(): number {
    return this.#space;
  }

  /** Reserves room for an event of `size` bytes. Throws ENOMEM when the 4096 bytes are spoken for. */
  reserve(size: number): EventSlot {
    if (size > this.#space) {
      throw new DrmError("ENOMEM", `Cannot queue an event: ${this.#space} bytes of event space are left`);
    }
    this.#space -= size;
    return new Reservation(this, size);
  }

  /** A reservation is used; called by the slot that `reserve` gave. */
  deliver(event: Uint8Array): void {
    if (this.#closed) return;
    this.#events.push(event);
    this.#wake();
  }

  /** A reservation is given back; called by the slot that `reserve` gave. */
  unreserve(size: number): void {
    this.#space += size;
  }

  /**
   * drm_read: copies as many whole events as fit into `target`.
   *
   * @param store called with each event and its offset; throwing EFAULT puts that event back (G2).
   * @returns bytes read: 0 when the first event does not fit; -EAGAIN when empty and `nonblock`; else a Wait.
   */
  read(capacity: number, nonblock: boolean, store: (event: Uint8Array, offset: number) => void): number | Wait {
    if (this.#events.length === 0) {
      if (nonblock) return EAGAIN;
      const attempt = (): void => {
        if (this.#events.length === 0) return;
        let result: number;
        try {
          result = this.#take(capacity, store);
        } catch (error) {
          if (!(error instanceof DrmError)) throw error;
          result = -error.errno;
        }
        wait.complete(result);
      };
      const wait = new Wait({ cleanup: () => this.#readers.delete(attempt) });
      this.#readers.add(attempt);
      return wait;
    }
    return this.#take(capacity, store);
  }

  #take(capacity: number, store: (event: Uint8Array, offset: number) => void): number {
    let done = 0;
    let taken = 0;
    try {
      for (const event of this.#events) {
        if (done + event.length > capacity) break;
        store(event, done);
        done += event.length;
        taken++;
      }
    } catch (error) {
      if (taken === 0) throw error;
    }
    this.#events = this.#events.slice(taken);
    this.#space += done;
    return done;
  }

  /** POLL* bits that hold of `events`; with a waiter, it is woken when one arrives. */
  poll(events: number, waiter?: PollWaiter): number {
    if (waiter) this.#pollers.add(waiter);
    return this.#events.length > 0 ? events & (POLLIN | POLLRDNORM) : 0;
  }

  /** Forgets a waiter. */
  unpoll(waiter: PollWaiter): void {
    this.#pollers.delete(waiter);
  }

  /** drm_events_release: what is queued and what is yet to come is dropped (G3). */
  close(): void {
    this.#closed = true;
    this.#events = [];
    this.#readers.clear();
    this.#pollers.clear();
  }

  #wake(): void {
    for (const reader of [...this.#readers]) reader();
    for (const waiter of [...this.#pollers]) waiter.wake();
  }
}
