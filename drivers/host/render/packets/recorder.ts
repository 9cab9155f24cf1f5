/**
 * The command buffer in the making, one for all queues of an engine: it begins when something is recorded, and is submitted
 * as a whole. Its end orders it before everything later and shows what it wrote to the CPU.
 * @module
 */

import {
  Arena,
  type CommandBuffer,
  type Device,
  type Queue,
  VK_ACCESS_2_HOST_READ_BIT,
  VK_ACCESS_2_MEMORY_READ_BIT,
  VK_ACCESS_2_MEMORY_WRITE_BIT,
  VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  VK_PIPELINE_STAGE_2_HOST_BIT,
  VkDependencyInfo,
  VkMemoryBarrier2,
  type Vulkan,
} from "../../vulkan/mod.ts";

/** Records. */
export class Recorder implements Disposable {
  /** The device. */
  readonly device: Device;
  /** Core commands. */
  readonly vk: Vulkan;
  /** Where it submits. */
  readonly queue: Queue;
  /** Counts command buffers: what was bound in one is not bound in the next. */
  epoch = 0;
  readonly #m = new Arena(512);
  readonly #barrier: number;
  readonly #barrierInfo: bigint;
  readonly #fullInfo: bigint;
  readonly #later: Disposable[] = [];
  #open: CommandBuffer | undefined;
  #bound: object | undefined;
  #boundEpoch = 0;

  /** @param device whose main queue it uses alone. */
  constructor(device: Device) {
    this.device = device;
    this.vk = device.vk;
    this.queue = device.queue;
    const m = this.#m;
    const info = (at: number) => m.put(VkDependencyInfo, { memoryBarrierCount: 1, pMemoryBarriers: m.address(at) });
    const srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT;
    const dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
    this.#barrier = m.place(VkMemoryBarrier2, { srcAccessMask, dstAccessMask });
    const full = m.place(VkMemoryBarrier2, {
      srcStageMask: VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
      srcAccessMask,
      dstStageMask: VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_HOST_BIT,
      dstAccessMask: dstAccessMask | VK_ACCESS_2_HOST_READ_BIT,
    });
    this.#barrierInfo = info(this.#barrier);
    this.#fullInfo = info(full);
  }

  /** The submission that what is recorded now will be part of. */
  get value(): number {
    return this.queue.lastSubmitted + 1;
  }

  /** The last submission that is known to be done; `poll` looks anew. */
  completed = 0;

  /** What the GPU has done by now. @throws {VkError} when the device is lost */
  poll(): number {
    return this.completed = this.queue.completed();
  }

  /** Whether something is recorded that is not submitted. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** The VkCommandBuffer. @throws {VkError} */
  begin(): bigint {
    if (this.#open === undefined) {
      this.#open = this.queue.begin();
      this.epoch++;
    }
    return this.#open.handle;
  }

  /** Whether a pipeline is not the one that was last bound for dispatches in this command buffer; it is from now on. */
  isNew(pipeline: object): boolean {
    if (this.#bound === pipeline && this.#boundEpoch === this.epoch) return false;
    this.#bound = pipeline;
    this.#boundEpoch = this.epoch;
    return true;
  }

  /** Orders memory between stages (VkPipelineStageFlags2). */
  barrier(src: bigint, dst: bigint): void {
    const command = this.begin();
    const q = this.#barrier >>> 3, { u64 } = this.#m;
    u64[q + VkMemoryBarrier2.offsets.srcStageMask / 8] = src;
    u64[q + VkMemoryBarrier2.offsets.dstStageMask / 8] = dst;
    this.vk.vkCmdPipelineBarrier2(command, this.#barrierInfo);
  }

  /** Orders everything before it before everything after it. */
  fullBarrier(): void {
    this.vk.vkCmdPipelineBarrier2(this.begin(), this.#fullInfo);
  }

  /** Submits what is recorded. @returns the submission that says that all so far is done. @throws {VkError} */
  flush(): number {
    const open = this.#open;
    if (open === undefined) return this.queue.lastSubmitted;
    this.vk.vkCmdPipelineBarrier2(open.handle, this.#fullInfo);
    this.#open = undefined;
    const value = this.queue.submit(open);
    if (this.#later.length > 0) { for (const item of this.#later.splice(0)) this.queue.disposeLater(item); }
    return value;
  }

  /** Frees what waits for a submission that will not come; the GPU must be idle. */
  [Symbol.dispose](): void {
    if (this.#open !== undefined) this.queue.discard(this.#open);
    this.#open = undefined;
    for (const item of this.#later.splice(0)) item[Symbol.dispose]();
  }

  /** Disposes of something once all that is recorded is done. */
  disposeLater(item: Disposable): void {
    if (this.#open !== undefined) this.#later.push(item);
    else this.queue.disposeLater(item);
  }
}
