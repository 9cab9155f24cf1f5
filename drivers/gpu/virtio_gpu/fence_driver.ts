/**
 * The fences of the control queue: the device's own timeline, and one for each ring of a context. Sequence numbers are the fence
 * ids on the wire, and grow over all timelines. Mirrors drivers/gpu/drm/virtio/virtgpu_fence.c.
 * @module
 */

import type { EventSlot } from "../../../core/event_queue.ts";
import { Fence } from "../../../core/fence.ts";
import type { System } from "../../../core/system.ts";
import { U32Map } from "../../../core/u32_map.ts";
import { VIRTGPU_EVENT_FENCE_SIGNALED } from "../../../uapi/virtgpu_drm.ts";

/** -ENODEV, as which fences fail whose device is gone. */
const ENODEV = -19;
/** A bare drm_event: type, length. */
const SIGNALED = new Uint8Array(Uint32Array.of(VIRTGPU_EVENT_FENCE_SIGNALED, 8).buffer);
/** Bytes of the event that tells of a fence of a polled ring. */
export const EVENT_BYTES: number = SIGNALED.length;

/** A timeline: its fences signal in order. */
export class FenceTimeline {
  /** Its number among all timelines of the system. */
  readonly context: number;
  /** Which ring of a context it is; -1 for the device's own timeline. */
  readonly ring: number;
  /** The first fence that has not signalled. */
  first: VirtioGpuFence | undefined = undefined;
  /** The last one emitted; of meaning while there is a first. */
  last: VirtioGpuFence | undefined = undefined;

  /** @param context its number. @param ring 0 to 63, or -1. */
  constructor(context: number, ring: number) {
    this.context = context;
    this.ring = ring;
  }
}

/** A fence that an answer of the device signals. */
export class VirtioGpuFence extends Fence {
  /** Its timeline. */
  readonly timeline: FenceTimeline;
  /** The event that tells of it, until it was sent. */
  event: EventSlot | undefined;
  /** The next one of its timeline. */
  next: VirtioGpuFence | undefined = undefined;

  /** @param system gives the clock. @param timeline whose it is. @param seqno its id. @param event tells of it. */
  constructor(system: System, timeline: FenceTimeline, seqno: number, event: EventSlot | undefined) {
    super({
      clock: system.clock,
      context: timeline.context,
      seqno,
      driverName: "virtio_gpu",
      timelineName: "controlq",
    });
    this.timeline = timeline;
    this.event = event;
  }
}

/** Emitted fences, until the device answers with their ids. */
export class FenceDriver {
  /** The device's own timeline. */
  readonly timeline: FenceTimeline;
  readonly #system: System;
  readonly #pending = new U32Map<VirtioGpuFence>();
  #lastId = 0;

  /** @param system gives clock and contexts. */
  constructor(system: System) {
    this.#system = system;
    this.timeline = new FenceTimeline(system.fenceContexts.allocate(), -1);
  }

  /** Fences that have not signalled. */
  get pending(): number {
    return this.#pending.size;
  }

  /** virtio_gpu_fence_emit: the next fence of a timeline; its `seqno` is the fence id. @param event sent once it has signalled. */
  emit(timeline: FenceTimeline = this.timeline, event?: EventSlot): VirtioGpuFence {
    // The table's keys have 32 bits and are not 0.
    if (++this.#lastId % 0x1_0000_0000 === 0) this.#lastId++;
    const fence = new VirtioGpuFence(this.#system, timeline, this.#lastId, event);
    this.#pending.set(this.#lastId >>> 0, fence);
    if (timeline.first === undefined || timeline.last === undefined) timeline.first = fence;
    else timeline.last.next = fence;
    timeline.last = fence;
    return fence;
  }

  /**
   * virtio_gpu_fence_event_process: the device is done with `id`, and so with all before it on its timeline. An id that is not
   * pending is ignored. Throws what a callback throws, once all are signalled.
   */
  process(id: number): void {
    const fence = id >>> 0 === 0 ? undefined : this.#pending.get(id >>> 0);
    if (fence === undefined || fence.seqno !== id) return;
    const timestamp = this.#system.clock.now();
    const { timeline } = fence;
    let failed = false, failure: unknown;
    for (let done = timeline.first; done !== undefined; done = timeline.first) {
      timeline.first = done.next;
      if (timeline.first === undefined) timeline.last = undefined;
      try {
        this.#signal(done, timestamp);
      } catch (error) {
        failed = true;
        failure = error;
      }
      if (done === fence) break;
    }
    if (failed) throw failure;
  }

  #signal(fence: VirtioGpuFence, timestamp: number): void {
    this.#pending.delete((fence.seqno as number) >>> 0);
    const { event } = fence;
    fence.event = fence.next = undefined;
    try {
      fence.signal(timestamp);
    } finally {
      event?.send(SIGNALED);
      const { trace } = this.#system;
      if (trace.enabled) {
        const args = { context: fence.context, seqno: fence.seqno };
        trace.emit({ time: timestamp, floor: "gpu", name: "dma_fence_signaled", subject: "controlq", args });
      }
    }
  }

  /** The device is gone: everything pending fails with -ENODEV. */
  abandon(): void {
    const left = [...this.#pending.values()].sort((a, b) => (a.seqno as number) - (b.seqno as number));
    for (const fence of left) {
      fence.timeline.first = fence.timeline.last = undefined;
      if (!fence.isSignaled) fence.setError(ENODEV);
      this.#signal(fence, this.#system.clock.now());
    }
  }
}
