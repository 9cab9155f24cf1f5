/**
 * What keeps the queues of a host going: who was woken, who has work on an engine, who waits for memory, and for how long a
 * job may run. Waking never runs anything itself, so that queues which wait for each other in a ring cost no stack.
 * @module
 */

import type { Clock, Timer } from "../../../core/clock.ts";

/** A queue of commands. */
export interface Runnable {
  /** Goes on as far as it can. */
  pump(): void;
  /** Looks what the engine has done; true if anything was. */
  reap(): boolean;
  /** Blocks until something of it on the engine is done, or `ns` are over. */
  rest?(ns: number): void;
  /** When its oldest job on the engine will have run too long, ns; Infinity without one. */
  readonly deadline: number;
  /** Its oldest job has run too long. */
  hang(): void;
}

/** The queues of one host. */
export class Scheduler {
  /** Time. */
  readonly clock: Clock;
  readonly #ready: Runnable[] = [];
  readonly #isReady = new Set<Runnable>();
  readonly #running = new Set<Runnable>();
  readonly #stalled = new Set<Runnable>();
  #draining = false;
  #timer: Timer | undefined;

  /** @param clock of the time-outs. */
  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Whether some engine works for some queue, or a queue waits for memory. */
  get busy(): boolean {
    return this.#running.size > 0 || this.#stalled.size > 0;
  }

  /** A queue may go on. It does when the message or the poll that is handled now has been. */
  wake(queue: Runnable): void {
    if (this.#isReady.has(queue)) return;
    this.#isReady.add(queue);
    this.#ready.push(queue);
  }

  /** A queue has work on its engine. */
  began(queue: Runnable): void {
    if (this.#running.has(queue)) return;
    this.#running.add(queue);
    this.#arm();
  }

  /** It has none any more. */
  ended(queue: Runnable): void {
    this.#running.delete(queue);
    if (this.#running.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A queue waits for memory that others use now: it is woken when something completes. */
  stall(queue: Runnable): void {
    this.#stalled.add(queue);
  }

  /** The queue is gone. */
  forget(queue: Runnable): void {
    this.ended(queue);
    this.#stalled.delete(queue);
    this.#isReady.delete(queue);
  }

  /** Lets everybody go on who may. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      // What is woken meanwhile is appended.
      for (let i = 0; i < this.#ready.length; i++) {
        const queue = this.#ready[i];
        if (!this.#isReady.delete(queue)) continue;
        queue.pump();
      }
    } finally {
      this.#ready.length = 0;
      this.#isReady.clear();
      this.#draining = false;
    }
  }

  /** Blocks until some engine may be done with something, or `ns` are over; whether there is such a one. */
  rest(ns: number): boolean {
    for (const queue of this.#running) {
      if (queue.rest === undefined) continue;
      queue.rest(ns);
      return true;
    }
    return false;
  }

  /** Looks at what engines have done; true if anything was. */
  poll(): boolean {
    let done = false;
    for (const queue of this.#running) if (queue.reap()) done = true;
    if (done) this.resume();
    this.drain();
    return done;
  }

  /** Memory may have become free: those who wait for it try again. */
  resume(): void {
    for (const queue of this.#stalled) this.wake(queue);
    this.#stalled.clear();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    let next = Infinity;
    for (const queue of this.#running) next = Math.min(next, queue.deadline);
    if (next === Infinity) return;
    this.#timer = this.clock.at(next, () => {
      this.#timer = undefined;
      this.poll();
      const now = this.clock.now();
      for (const queue of [...this.#running]) if (queue.deadline <= now) queue.hang();
      this.resume();
      this.drain();
      this.#arm();
    });
  }
}
