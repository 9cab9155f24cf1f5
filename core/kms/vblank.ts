/**
 * Vertical blanking by the clock: a CRTC that is on counts frames of its mode, computed when somebody looks; a timer is
 * armed only while somebody waits. Mirrors drivers/gpu/drm/drm_vblank.c with the timer of drm_vblank_timer.
 * @module
 */

import type { Clock, Timer } from "../clock.ts";
import type { Mode } from "./mode.ts";

/** Somebody who waits for a frame. */
export interface VblankWaiter {
  /** The frame. */
  readonly target: number;
  /** On whose behalf, for `forget`. */
  readonly owner?: unknown;
  /**
   * The frame has come, or the CRTC was switched off before it did.
   *
   * @param sequence the frame's number; the last one's, when switched off. @param time its time, ns.
   */
  fire(sequence: number, time: number): void;
}

/** The frames of one CRTC. */
export class Vblank {
  readonly #clock: Clock;
  // Frame #base was at #start; the next ones follow every #period ns.
  #base = 0;
  #start = 0;
  #period = 0;
  #enabled = false;
  #timer: Timer | undefined = undefined;
  #due = Infinity;
  readonly #waiters: VblankWaiter[] = [];
  readonly #onTimer = (): void => this.#run();

  /** A counter that is off. @param clock the system's. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether frames come. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** Time between frames, ns; 0 while off. */
  get period(): number {
    return this.#enabled ? this.#period : 0;
  }

  /** drm_crtc_vblank_on: frames of `mode` come from now on, every `period` ns; the number goes on from the last. */
  on(mode: Mode, period: number = mode.frameTime): void {
    if (this.#enabled) return;
    this.#enabled = true;
    this.#period = Math.max(1, period);
    // Whole ns: with a fraction, a timer could come a rounding error before its frame, again and again.
    this.#start = Math.floor(this.#clock.now());
  }

  /** drm_crtc_vblank_off: no frame comes any more; whoever waits is told now (H6). */
  off(): void {
    if (!this.#enabled) return;
    const count = this.count;
    const time = this.timeOf(count);
    this.#enabled = false;
    this.#base = count;
    this.#start = time;
    this.#disarm();
    for (const waiter of this.#waiters.splice(0)) waiter.fire(count, time);
  }

  /** drm_crtc_vblank_count: number of the latest frame. */
  get count(): number {
    if (!this.#enabled) return this.#base;
    const elapsed = this.#clock.now() - this.#start;
    const frames = Math.floor(elapsed / this.#period);
    // Times of frames are whole ns: the one that begins now may be a fraction ahead.
    return this.#base + (elapsed >= Math.round((frames + 1) * this.#period) ? frames + 1 : frames);
  }

  /** Time of a frame, ns of CLOCK_MONOTONIC. */
  timeOf(sequence: number): number {
    return this.#enabled ? this.#start + Math.round((sequence - this.#base) * this.#period) : this.#start;
  }

  /** Tells `waiter` when its frame comes. Frames that have come already are told of with the next run of the clock. */
  add(waiter: VblankWaiter): void {
    const waiters = this.#waiters;
    let i = waiters.length;
    while (i > 0 && waiters[i - 1].target > waiter.target) i--;
    if (i === waiters.length) waiters.push(waiter);
    else waiters.splice(i, 0, waiter);
    if (i === 0) this.#arm();
  }

  /** Takes a waiter back. */
  remove(waiter: VblankWaiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index < 0) return;
    this.#waiters.splice(index, 1);
    if (index === 0) this.#arm();
  }

  /** Drops whoever waits on behalf of `owner`: a closed file's events reach nobody, and must not pile up. */
  forget(owner: unknown): void {
    const waiters = this.#waiters;
    let kept = 0;
    for (const waiter of waiters) if (waiter.owner !== owner) waiters[kept++] = waiter;
    if (kept === waiters.length) return;
    waiters.length = kept;
    this.#arm();
  }

  #arm(): void {
    const due = this.#waiters.length > 0 ? this.timeOf(this.#waiters[0].target) : Infinity;
    if (due === this.#due && this.#timer !== undefined) return;
    this.#disarm();
    // A target of centuries hence is as good as none: only off() tells of it.
    if (due > Number.MAX_SAFE_INTEGER) return;
    this.#due = due;
    this.#timer = this.#clock.at(due, this.#onTimer);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = Infinity;
  }

  #run(): void {
    this.#timer = undefined;
    this.#due = Infinity;
    const count = this.count;
    const waiters = this.#waiters;
    // A late timer tells of each frame with its own number and time, as if it had been in time.
    while (this.#enabled && waiters.length > 0 && waiters[0].target <= count) {
      const waiter = waiters[0];
      if (waiters.length === 1) waiters.length = 0;
      else waiters.shift();
      waiter.fire(waiter.target, this.timeOf(waiter.target));
    }
    if (this.#enabled) this.#arm();
  }
}
