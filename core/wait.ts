/**
 * A handler that must wait returns a `Wait`: a record, not a Promise, that its door completes, cancels or times out.
 * @module
 */

import type { Clock, Timer } from "./clock.ts";
import { EINTR } from "./error.ts";

/** What a {@linkcode Wait} is made of. */
export interface WaitOptions {
  /** Absolute time of the time-out, ns; none by default. */
  readonly deadline?: number;
  /** The clock that the deadline is on. */
  readonly clock?: Clock;
  /** The result when the deadline comes first, called then. */
  readonly onTimeout?: () => number;
  /** Takes back what was registered; called once, at completion of any kind. */
  readonly cleanup?: () => void;
  /**
   * For work that may be done while only its pace is left to wait for: the result for a caller that cannot wait, or (with
   * `interrupted`) is not to wait any more; undefined while the work itself is to be waited for.
   */
  readonly detach?: (interrupted: boolean) => number | undefined;
}

/** A result that is not there yet. It completes once; later completions are ignored. */
export class Wait {
  #result: number | undefined;
  #timer: Timer | undefined;
  #cleanup: (() => void) | undefined;
  #finish: ((result: number) => number) | undefined;
  #done: ((result: number) => void) | undefined;
  #observer: ((result: number) => void) | undefined;
  #detach: ((interrupted: boolean) => number | undefined) | undefined;
  /** Absolute time of the time-out, ns; Infinity for none. */
  readonly deadline: number;

  /** A result to come. @param options deadline and clean-up. */
  constructor(options: WaitOptions = {}) {
    this.deadline = options.deadline ?? Infinity;
    this.#cleanup = options.cleanup;
    this.#detach = options.detach;
    if (options.clock && options.onTimeout && this.deadline !== Infinity) {
      const onTimeout = options.onTimeout;
      this.#timer = options.clock.at(this.deadline, () => this.complete(onTimeout()));
    }
  }

  /** The result: 0 or more, or a negative errno; undefined while waiting. */
  get result(): number | undefined {
    return this.#result;
  }

  /** Completes with a result; the first call counts. */
  complete(result: number): void {
    if (this.#result !== undefined) return;
    this.#timer?.cancel();
    const cleanup = this.#cleanup;
    this.#cleanup = undefined;
    this.#detach = undefined;
    this.#result = result; // before callbacks, so that a nested completion is ignored
    cleanup?.();
    if (this.#finish) this.#result = this.#finish(result);
    this.#done?.(this.#result);
    this.#observer?.(this.#result);
  }

  /** Gives up, as for a signal or a closed door: completes with `error`, default -EINTR. */
  cancel(error: number = EINTR): void {
    if (this.#result !== undefined) return;
    const result = this.#detach?.(true);
    this.complete(result ?? error);
  }

  /**
   * Completes at once if only pace is waited for; whether it did. For doors that cannot wait.
   *
   * @param interrupted leaves undone what is not done yet.
   */
  detach(interrupted = false): boolean {
    if (this.#result !== undefined) return false;
    const result = this.#detach?.(interrupted);
    if (result !== undefined) this.complete(result);
    return result !== undefined;
  }

  /** Runs when it completes and may change the result: ioctl dispatch copies the argument out here. One at most. */
  set finish(finish: (result: number) => number) {
    if (this.#result !== undefined) this.#result = finish(this.#result);
    else this.#finish = finish;
  }

  /** Tells the door; at once if already complete. One door at most. */
  onDone(callback: (result: number) => void): void {
    if (this.#result !== undefined) callback(this.#result);
    else this.#done = callback;
  }

  /** Tells somebody besides the door, after it; the trace listens here. Once it is complete nobody is told. One at most. */
  observe(callback: (result: number) => void): void {
    this.#observer = callback;
  }
}
