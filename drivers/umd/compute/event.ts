/**
 * Events: a point in a queue's work.
 * @module
 */

import type { ComputeQueue } from "./queue.ts";

/** The end of a batch. */
export class ComputeEvent {
  /** Whose. */
  readonly queue: ComputeQueue;
  /** The value that the queue's fence then has. */
  readonly value: number;

  /** @internal `ComputeQueue.flush` makes them. */
  constructor(queue: ComputeQueue, value: number) {
    this.queue = queue;
    this.value = value;
  }

  /** Whether it is past. */
  get isDone(): boolean {
    return this.queue.isDone(this.value);
  }

  /** Resolves when it is; rejects with a ComputeError if the work failed. */
  get done(): Promise<void> {
    return this.queue.whenDone(this.value);
  }

  /**
   * A sync_file of it: what a display takes as IN_FENCE_FD.
   *
   * @returns its fd in the process of the device, which closes it. @throws {ComputeError}
   */
  syncFile(): number {
    return this.queue.syncFile(this.value);
  }

  /** Waits for it. @throws {ComputeError} if the work failed */
  wait(): void {
    this.queue.waitFor(this.value);
  }
}
