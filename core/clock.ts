/**
 * Time: CLOCK_MONOTONIC in nanoseconds as a Number, and timers on it. Virtual time moves only when a test says so.
 * @module
 */

/** A pending timer. */
export interface Timer {
  /** When it is due, ns. */
  readonly deadline: number;
  /** Takes it back; harmless after it fired. */
  cancel(): void;
}

/** A source of time and timers. */
export interface Clock {
  /** Now, ns of CLOCK_MONOTONIC. */
  now(): number;
  /** Calls `callback` once `deadline` (absolute, ns) has come and somebody runs the clock. */
  at(deadline: number, callback: () => void): Timer;
  /** The earliest deadline, ns; Infinity when no timer waits. */
  readonly next: number;
  /** Fires what is due. Returns how many fired. */
  run(): number;
  /** Whether time stands still until somebody advances it. */
  readonly virtual: boolean;
  /** Set by the system that the clock serves: called when a timer becomes the earliest. */
  onEarlier?: () => void;
}

class HeapTimer implements Timer {
  readonly deadline: number;
  readonly order: number;
  callback: (() => void) | undefined;
  index = -1;
  readonly #heap: TimerHeap;

  constructor(heap: TimerHeap, deadline: number, order: number, callback: () => void) {
    this.#heap = heap;
    this.deadline = deadline;
    this.order = order;
    this.callback = callback;
  }

  cancel(): void {
    this.callback = undefined;
    if (this.index >= 0) this.#heap.remove(this);
  }
}

/** Binary heap of timers; equal deadlines fire in the order of arming. */
class TimerHeap {
  readonly #heap: HeapTimer[] = [];
  #order = 0;

  get next(): number {
    return this.#heap.length > 0 ? this.#heap[0].deadline : Infinity;
  }

  add(deadline: number, callback: () => void): HeapTimer {
    const timer = new HeapTimer(this, deadline, this.#order++, callback);
    timer.index = this.#heap.push(timer) - 1;
    this.#up(timer.index);
    return timer;
  }

  remove(timer: HeapTimer): void {
    const index = timer.index;
    const last = this.#heap.pop();
    timer.index = -1;
    if (last === undefined || last === timer) return;
    this.#heap[index] = last;
    last.index = index;
    this.#up(index);
    this.#down(last.index);
  }

  /** Fires what is due at `now`; timers armed meanwhile wait for the next run. */
  run(now: number): number {
    const limit = this.#order;
    let fired = 0;
    while (this.#heap.length > 0 && this.#heap[0].deadline <= now && this.#heap[0].order < limit) {
      const timer = this.#heap[0];
      this.remove(timer);
      fired++;
      timer.callback?.();
    }
    return fired;
  }

  #before(a: HeapTimer, b: HeapTimer): boolean {
    return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
  }

  #swap(i: number, j: number): void {
    const a = this.#heap[i], b = this.#heap[j];
    this.#heap[i] = b;
    this.#heap[j] = a;
    b.index = i;
    a.index = j;
  }

  #up(index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(this.#heap[index], this.#heap[parent])) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(index: number): void {
    for (;;) {
      let least = index;
      const left = 2 * index + 1, right = left + 1;
      if (left < this.#heap.length && this.#before(this.#heap[left], this.#heap[least])) least = left;
      if (right < this.#heap.length && this.#before(this.#heap[right], this.#heap[least])) least = right;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }
}

/** Real time. The default source needs no permission and starts near zero; `os` has one that reads CLOCK_MONOTONIC itself. */
export class RealClock implements Clock {
  /** Always false: real time moves by itself. */
  readonly virtual = false;
  /** Called when a timer becomes the earliest. */
  onEarlier?: () => void;
  readonly #timers = new TimerHeap();
  readonly #source: () => number;

  /** A clock without timers. @param source ns of CLOCK_MONOTONIC. */
  constructor(source: () => number = () => performance.now() * 1e6) {
    this.#source = source;
  }

  /** Now, ns. */
  now(): number {
    return Math.floor(this.#source());
  }
  /** The earliest deadline, ns. */
  get next(): number {
    return this.#timers.next;
  }
  /** Arms a timer for an absolute time, ns. */
  at(deadline: number, callback: () => void): Timer {
    const earlier = deadline < this.#timers.next;
    const timer = this.#timers.add(deadline, callback);
    if (earlier) this.onEarlier?.();
    return timer;
  }
  /** Fires what is due; returns how many fired. */
  run(): number {
    return this.#timers.next === Infinity ? 0 : this.#timers.run(this.now());
  }
}

/** Time that stands still until `advance`. */
export class VirtualClock implements Clock {
  /** Always true. */
  readonly virtual = true;
  /** Called when a timer becomes the earliest. */
  onEarlier?: () => void;
  readonly #timers = new TimerHeap();
  #now: number;

  /** Stands at `start`. @param start the first value of now, ns. */
  constructor(start = 1_000_000_000) {
    this.#now = start;
  }

  /** Now, ns. */
  now(): number {
    return this.#now;
  }
  /** The earliest deadline, ns. */
  get next(): number {
    return this.#timers.next;
  }
  /** Arms a timer for an absolute time, ns. */
  at(deadline: number, callback: () => void): Timer {
    const earlier = deadline < this.#timers.next;
    const timer = this.#timers.add(deadline, callback);
    if (earlier) this.onEarlier?.();
    return timer;
  }
  /** Fires what is due now; returns how many fired. */
  run(): number {
    return this.#timers.run(this.#now);
  }
  /** Moves time forward by `ns`, stopping at each deadline on the way to fire it. */
  advance(ns: number): void {
    const end = this.#now + ns;
    while (this.#timers.next <= end) {
      this.#now = Math.max(this.#now, this.#timers.next);
      this.#timers.run(this.#now);
    }
    this.#now = end;
  }
}
