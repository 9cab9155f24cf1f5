/** A VkQueue with its timeline: each submission gets the next value, and everything that it uses lives until that value is reached. */
import { Arena } from "./arena.ts";
import { type CommandBuffer, CommandRing } from "./command_ring.ts";
import { DeletionQueue } from "./deletion_queue.ts";
import type { Device } from "./device.ts";
import {
  VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  VkCommandBufferSubmitInfo,
  VkSemaphoreSubmitInfo,
  VkSubmitInfo2,
} from "./generated/mod.ts";
import { forever, Timeline } from "./timeline.ts";

/** How many command buffers of a queue may be in flight. */
const ringCapacity = 256;

/** Each so many submissions look at what is done, so that what waits to be disposed of cannot pile up behind a caller who never asks. */
const pollInterval = 64;

/** A queue of a device. One thread uses it. */
export class Queue implements Disposable {
  /** The VkQueue. */
  readonly handle: bigint;
  /** Its family. */
  readonly family: number;
  /** VkQueueFlags of the family. */
  readonly flags: number;
  /** Signalled by each submission with its value. */
  readonly timeline: Timeline;
  readonly #device: Device;
  readonly #ring: CommandRing;
  readonly #deletions = new DeletionQueue();
  /** VkSubmitInfo2s with one and with two command buffers and the timeline's signal, patched for each submission. */
  readonly #m = new Arena(512);
  readonly #submitInfo: bigint;
  readonly #submitBothInfo: bigint;
  readonly #earlySlot: number;
  readonly #commandSlot: number;
  readonly #valueAt: number;
  #submitted = 0;
  #completed = 0;

  /** For the device. */
  constructor(device: Device, handle: bigint, family: number, flags: number) {
    this.#device = device;
    this.handle = handle;
    this.family = family;
    this.flags = flags;
    this.timeline = new Timeline(device);
    this.#ring = new CommandRing(device, family, ringCapacity);
    const m = this.#m;
    const early = m.place(VkCommandBufferSubmitInfo, { commandBuffer: 0n });
    const command = m.place(VkCommandBufferSubmitInfo, { commandBuffer: 0n });
    const signal = m.place(VkSemaphoreSubmitInfo, {
      semaphore: this.timeline.handle,
      stageMask: VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    });
    this.#submitInfo = m.put(VkSubmitInfo2, {
      commandBufferInfoCount: 1,
      pCommandBufferInfos: m.address(command),
      signalSemaphoreInfoCount: 1,
      pSignalSemaphoreInfos: m.address(signal),
    });
    this.#submitBothInfo = m.put(VkSubmitInfo2, {
      commandBufferInfoCount: 2,
      pCommandBufferInfos: m.address(early),
      signalSemaphoreInfoCount: 1,
      pSignalSemaphoreInfos: m.address(signal),
    });
    this.#earlySlot = (early + VkCommandBufferSubmitInfo.offsets.commandBuffer) >>> 3;
    this.#commandSlot = (command + VkCommandBufferSubmitInfo.offsets.commandBuffer) >>> 3;
    this.#valueAt = signal + VkSemaphoreSubmitInfo.offsets.value;
  }

  /** The value of the last submission; 0 before the first. */
  get lastSubmitted(): number {
    return this.#submitted;
  }

  /** Things that wait for the GPU before they are disposed of. */
  get deletionCount(): number {
    return this.#deletions.length;
  }

  /** Command buffers that exist. */
  get commandBufferCount(): number {
    return this.#ring.size;
  }

  /**
   * A command buffer to record into; submit or discard it. Waits for the oldest submission when too many are in flight.
   * @throws {VkError} when the device is lost or has no memory left
   */
  begin(): CommandBuffer {
    this.#device.assertUsable();
    if (this.#ring.blockedBy > 0) {
      this.completed();
      const value = this.#ring.blockedBy;
      if (value > 0) this.waitFor(value);
    }
    return this.#ring.begin();
  }

  /** Gives back a command buffer without submitting it. */
  discard(buffer: CommandBuffer): void {
    this.#ring.discard(buffer);
  }

  /**
   * Ends and submits a command buffer.
   * @param waits semaphores that the GPU waits for first
   * @param signals further semaphores to signal (the timeline always is)
   * @returns the timeline value that says it is done
   * @throws {VkError} when recording failed or the device is lost; the command buffer is free again
   */
  submit(
    buffer: CommandBuffer,
    waits: readonly VkSemaphoreSubmitInfo[] = none,
    signals: readonly VkSemaphoreSubmitInfo[] = none,
  ): number {
    const device = this.#device, { vk } = device;
    device.assertUsable();
    let result = vk.vkEndCommandBuffer(buffer.handle);
    const value = this.#submitted + 1;
    if (result >= 0) {
      if (waits.length + signals.length > 0) result = this.#submitWith(buffer, value, waits, signals);
      else {
        this.#m.u64[this.#commandSlot] = buffer.handle;
        this.#m.setU53(this.#valueAt, value);
        result = vk.vkQueueSubmit2(this.handle, 1, this.#submitInfo, 0n);
      }
    }
    if (result < 0) {
      this.#ring.discard(buffer);
      device.check(result, "vkQueueSubmit2");
    }
    this.#submitted = value;
    this.#ring.submitted(buffer, value);
    if (value % pollInterval === 0) this.completed();
    return value;
  }

  /**
   * As {@linkcode Queue.submit}, of two command buffers in one submission: `early` executes before `buffer`.
   * @throws {VkError} as there; both command buffers are free again
   */
  submitBoth(early: CommandBuffer, buffer: CommandBuffer): number {
    const device = this.#device, { vk } = device, value = this.#submitted + 1;
    device.assertUsable();
    let result = vk.vkEndCommandBuffer(early.handle);
    if (result >= 0) result = vk.vkEndCommandBuffer(buffer.handle);
    if (result >= 0) {
      this.#m.u64[this.#earlySlot] = early.handle;
      this.#m.u64[this.#commandSlot] = buffer.handle;
      this.#m.setU53(this.#valueAt, value);
      result = vk.vkQueueSubmit2(this.handle, 1, this.#submitBothInfo, 0n);
    }
    if (result < 0) {
      this.#ring.discard(early);
      this.#ring.discard(buffer);
      device.check(result, "vkQueueSubmit2");
    }
    this.#submitted = value;
    this.#ring.submitted(early, value);
    this.#ring.submitted(buffer, value);
    if (value % pollInterval === 0) this.completed();
    return value;
  }

  #submitWith(
    buffer: CommandBuffer,
    value: number,
    waits: readonly VkSemaphoreSubmitInfo[],
    signals: readonly VkSemaphoreSubmitInfo[],
  ): number {
    const own = {
      semaphore: this.timeline.handle,
      value: BigInt(value),
      stageMask: VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
    };
    return this.#device.arena.scope((m) => {
      const info = m.put(VkSubmitInfo2, {
        pWaitSemaphoreInfos: waits,
        pCommandBufferInfos: [{ commandBuffer: buffer.handle }],
        pSignalSemaphoreInfos: [own, ...signals],
      });
      return this.#device.vk.vkQueueSubmit2(this.handle, 1, info, 0n);
    });
  }

  /**
   * The value that the GPU has reached. Polls (vkGetSemaphoreCounterValue) only while something is in flight; reclaims command buffers,
   * disposes of what waited, and serves asynchronous waiters.
   * @throws {VkError} when the device is lost
   */
  completed(): number {
    if (this.#completed < this.#submitted) {
      this.#device.assertUsable();
      this.#advance(this.timeline.read());
    }
    return this.#completed;
  }

  #advance(value: number): void {
    if (value <= this.#completed) return;
    this.#completed = value;
    this.#ring.reclaim(value);
    this.timeline.serve(value);
    this.#deletions.sweep(value);
  }

  /**
   * Blocks until a submission is done.
   * @param value what {@linkcode Queue.submit} returned
   * @param timeout nanoseconds; by default as long as it takes
   * @returns whether it is done; false when the time ran out
   * @throws {RangeError} for a value that was not submitted: nothing would end the wait
   * @throws {VkError} when the device is lost
   */
  waitFor(value: number, timeout: bigint = forever): boolean {
    this.#assertSubmitted(value);
    if (value <= this.#completed) return true;
    this.#device.assertUsable();
    if (!this.timeline.wait(value, timeout)) return false;
    this.#advance(Math.max(value, this.timeline.read()));
    return true;
  }

  /**
   * Resolves when a submission is done, with at most one wait a queue on a thread of Deno's pool.
   * @throws {RangeError} for a value that was not submitted
   * @throws {VkError} (the promise rejects) when the device is lost
   */
  async waitForAsync(value: number): Promise<void> {
    this.#assertSubmitted(value);
    if (value <= this.completed()) return;
    await this.timeline.waitAsync(value);
    this.completed();
  }

  #assertSubmitted(value: number): void {
    if (!(Number.isInteger(value) && value >= 0 && value <= this.#submitted)) {
      throw new RangeError(`Cannot wait for value ${value}: the last submission is ${this.#submitted}`);
    }
  }

  /** Disposes of something once the GPU has done all that is submitted now (at once when it has). */
  disposeLater(item: Disposable): void {
    if (this.#completed >= this.#submitted) item[Symbol.dispose]();
    else this.#deletions.push(this.#submitted, item);
  }

  /** What can be freed as soon as the GPU is idle or lost; serves the waiters. */
  drain(): void {
    if (this.#device.lost === undefined) this.#advance(this.#submitted);
    this.#deletions[Symbol.dispose]();
    this.#ring[Symbol.dispose]();
  }

  /** Destroys the timeline; for the device, after {@linkcode Queue.drain}. */
  [Symbol.dispose](): void {
    this.timeline[Symbol.dispose]();
  }
}

const none: readonly VkSemaphoreSubmitInfo[] = [];
