/**
 * The fences of the control queue: one timeline, whose sequence numbers are the fence ids on the wire. Mirrors
 * drivers/gpu/drm/virtio/virtgpu_fence.c.
 * @module
 */

import { Fence } from "../../../core/fence.ts";
import type { System } from "../../../core/system.ts";

/** -ENODEV, as which fences fail whose device is gone. */
const ENODEV = -19;

/** Emitted fences, until the device answers with their id. */
export class FenceTimeline {
  readonly #system: System;
  readonly #context: number;
  #lastId = 0;
  // Ids are given in order, so the pending ones follow each other: pending[head + i] has id first + i.
  #pending: Fence[] = [];
  #head = 0;
  #first = 1;

  /** A timeline of its own. @param system gives clock and context. */
  constructor(system: System) {
    this.#system = system;
    this.#context = system.fenceContexts.allocate();
  }

  /** Fences that have not signalled. */
  get pending(): number {
    return this.#pending.length - this.#head;
  }

  /** virtio_gpu_fence_emit: the next fence; its `seqno` is the fence id. */
  emit(): Fence {
    const fence = new Fence({
      clock: this.#system.clock,
      context: this.#context,
      seqno: ++this.#lastId,
      driverName: "virtio_gpu",
      timelineName: "controlq",
    });
    this.#pending.push(fence);
    return fence;
  }

  /**
   * virtio_gpu_fence_event_process: the device is done with `id`, and so with all before it. An id never emitted is ignored.
   * Throws what a callback throws, once all are signalled.
   */
  process(id: number): void {
    if (!(id >= this.#first) || id > this.#lastId) return;
    const timestamp = this.#system.clock.now();
    let failed = false, failure: unknown;
    while (this.#first <= id && this.#head < this.#pending.length) {
      const fence = this.#pending[this.#head];
      this.#head++;
      this.#first++;
      if (this.#head === this.#pending.length) {
        this.#pending.length = 0;
        this.#head = 0;
      } else if (this.#head >= 1024) {
        this.#pending = this.#pending.slice(this.#head);
        this.#head = 0;
      }
      try {
        fence.signal(timestamp);
      } catch (error) {
        failed = true;
        failure = error;
      }
      const trace = this.#system.trace;
      if (trace.enabled) {
        const args = { context: fence.context, seqno: fence.seqno };
        trace.emit({ time: timestamp, floor: "gpu", name: "dma_fence_signaled", subject: "controlq", args });
      }
    }
    if (failed) throw failure;
  }

  /** The device is gone: everything pending fails with -ENODEV. */
  abandon(): void {
    while (this.#head < this.#pending.length) {
      const fence = this.#pending[this.#head++];
      this.#first++;
      if (!fence.isSignaled) fence.setError(ENODEV);
      fence.signal();
    }
    this.#pending.length = 0;
    this.#head = 0;
  }
}
