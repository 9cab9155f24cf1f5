/**
 * Paging queues: changes of residency in order, each with a value of the queue's fence that says that it is done.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { VramNode } from "../../../core/vram.ts";
import type { Backing } from "./backing.ts";
import { monitoredFence } from "./context.ts";
import type { DxgDevice } from "./device.ts";
import type { Runnable } from "./scheduler.ts";
import type { SyncHandle } from "./sync_object.ts";

interface Operation {
  readonly value: number;
  readonly nodes: readonly VramNode<Backing>[];
}

/** A paging queue. */
export class PagingQueue implements Runnable {
  /** Whose. */
  readonly device: DxgDevice;
  /** Its handle. */
  readonly handle: number;
  /** Its fence. */
  readonly fence: SyncHandle;
  /** Nothing of it runs on an engine. */
  readonly deadline = Infinity;
  #last = 0;
  #operations: Operation[] = [];
  #closed = false;

  /** @throws {DrmError} ENOMEM, ENODEV; EINVAL without I/O window */
  constructor(device: DxgDevice) {
    device.checkActive();
    this.device = device;
    this.fence = monitoredFence(device, false);
    try {
      this.handle = device.process.add(this);
    } catch (error) {
      this.fence.close();
      throw error;
    }
    device.pagingQueues.add(this);
  }

  /** The value of what was asked last. */
  get lastValue(): number {
    return this.#last;
  }

  /**
   * Brings objects into memory, after all that was asked before.
   *
   * @returns the value that the fence has when it is done. @throws {DrmError} ENOMEM if it is known now that it cannot be
   */
  bring(nodes: readonly VramNode<Backing>[]): number {
    if (this.#operations.length >= this.device.adapter.limits.queued) {
      throw new DrmError("ENOMEM", `Cannot queue: ${this.#operations.length} operations wait`);
    }
    if (this.#operations.length > 0 || !this.#place(nodes)) {
      this.#operations.push({ value: ++this.#last, nodes });
      this.device.scheduler.stall(this);
    } else this.fence.object.signal(++this.#last, false);
    return this.#last;
  }

  /** A value for something that is done at once when all before it is. */
  mark(): number {
    return this.bring([]);
  }

  #place(nodes: readonly VramNode<Backing>[]): boolean {
    const { vram } = this.device.adapter;
    for (const node of nodes) {
      // What was evicted or freed meanwhile is not wanted any more.
      if (node.pins.has(this.device.client) && !vram.place(node)) return false;
    }
    return true;
  }

  /** Goes on. */
  pump(): void {
    while (!this.#closed && this.#operations.length > 0) {
      const [first] = this.#operations;
      try {
        if (!this.#place(first.nodes)) {
          this.device.scheduler.stall(this);
          return;
        }
      } catch (error) {
        if (!(error instanceof DrmError)) throw error;
        this.device.outOfMemory(error.message);
        return;
      }
      this.#operations.shift();
      this.fence.object.signal(first.value, false);
    }
  }

  /** Nothing of it runs on an engine. */
  reap(): boolean {
    return false;
  }

  /** Nothing of it can hang. */
  hang(): void {}

  /** Drops what waits. */
  drop(): void {
    this.#operations = [];
    this.device.scheduler.forget(this);
  }

  /** Frees it and its fence. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.drop();
    this.device.pagingQueues.delete(this);
    this.fence.object.release();
    this.fence.close();
    this.device.process.remove(this.handle);
  }
}
