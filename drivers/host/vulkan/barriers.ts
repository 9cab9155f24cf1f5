/** A preallocated VkDependencyInfo with one memory barrier and an array of image barriers, filled by patching and recorded at once. */
import { Arena } from "./arena.ts";
import type { DeviceImage } from "./image.ts";
import {
  VK_QUEUE_FAMILY_IGNORED,
  VK_REMAINING_ARRAY_LAYERS,
  VK_REMAINING_MIP_LEVELS,
  VkDependencyInfo,
  VkImageMemoryBarrier2,
  VkMemoryBarrier2,
} from "./generated/mod.ts";
import type { Vulkan } from "./loader.ts";

const image = VkImageMemoryBarrier2.offsets, memory = VkMemoryBarrier2.offsets;

/** Barriers to record together. Stages and accesses are VkPipelineStageFlags2 and VkAccessFlags2 bigints. */
export class Barriers {
  readonly #vk: Vulkan;
  readonly #m: Arena;
  readonly #capacity: number;
  readonly #images: number;
  readonly #memory: number;
  readonly #info: number;
  readonly #address: bigint;
  #count = 0;
  #hasMemory = false;

  /** Preallocates the structs. @param capacity image barriers that fit; a full array is recorded by who fills it */
  constructor(vk: Vulkan, capacity = 64) {
    this.#vk = vk;
    this.#capacity = capacity;
    const m = this.#m = new Arena(256 + capacity * VkImageMemoryBarrier2.size);
    this.#images = m.allocRaw(capacity * VkImageMemoryBarrier2.size);
    for (let i = 0; i < capacity; i++) {
      VkImageMemoryBarrier2.write(m, this.#images + i * VkImageMemoryBarrier2.size, {
        image: 0n,
        srcQueueFamilyIndex: VK_QUEUE_FAMILY_IGNORED,
        dstQueueFamilyIndex: VK_QUEUE_FAMILY_IGNORED,
        subresourceRange: { levelCount: VK_REMAINING_MIP_LEVELS, layerCount: VK_REMAINING_ARRAY_LAYERS },
      });
    }
    this.#memory = m.place(VkMemoryBarrier2, {});
    this.#info = m.place(VkDependencyInfo, {
      memoryBarrierCount: 0,
      pMemoryBarriers: m.address(this.#memory),
      imageMemoryBarrierCount: 0,
      pImageMemoryBarriers: m.address(this.#images),
    });
    this.#address = m.address(this.#info);
  }

  /** Whether no further image barrier fits. */
  get isFull(): boolean {
    return this.#count === this.#capacity;
  }

  /** Whether there is nothing to record. */
  get isEmpty(): boolean {
    return this.#count === 0 && !this.#hasMemory;
  }

  /** Adds to the one global memory barrier. */
  memory(srcStage: bigint, srcAccess: bigint, dstStage: bigint, dstAccess: bigint): void {
    const q = this.#memory >>> 3, u64 = this.#m.u64, add = this.#hasMemory;
    u64[q + memory.srcStageMask / 8] = srcStage | (add ? u64[q + memory.srcStageMask / 8] : 0n);
    u64[q + memory.srcAccessMask / 8] = srcAccess | (add ? u64[q + memory.srcAccessMask / 8] : 0n);
    u64[q + memory.dstStageMask / 8] = dstStage | (add ? u64[q + memory.dstStageMask / 8] : 0n);
    u64[q + memory.dstAccessMask / 8] = dstAccess | (add ? u64[q + memory.dstAccessMask / 8] : 0n);
    this.#hasMemory = true;
  }

  /**
   * Takes a whole image to a layout, and notes that layout in it.
   * @throws {RangeError} when the array is full
   */
  image(
    of: DeviceImage,
    layout: number,
    srcStage: bigint,
    srcAccess: bigint,
    dstStage: bigint,
    dstAccess: bigint,
  ): void {
    if (this.#count >= this.#capacity) throw new RangeError(`Cannot add a barrier: all ${this.#capacity} are in use`);
    const at = this.#images + this.#count++ * VkImageMemoryBarrier2.size, q = at >>> 3, w = at >>> 2;
    const { u64, u32 } = this.#m;
    u64[q + image.srcStageMask / 8] = srcStage;
    u64[q + image.srcAccessMask / 8] = srcAccess;
    u64[q + image.dstStageMask / 8] = dstStage;
    u64[q + image.dstAccessMask / 8] = dstAccess;
    u32[w + image.oldLayout / 4] = of.layout;
    u32[w + image.newLayout / 4] = layout;
    u64[q + image.image / 8] = of.handle;
    u32[w + image.subresourceRange / 4] = of.aspect;
    of.layout = layout;
  }

  /** Records the barriers into a command buffer, and forgets them. */
  record(commandBuffer: bigint): void {
    if (this.isEmpty) return;
    const w = this.#info >>> 2;
    this.#m.u32[w + VkDependencyInfo.offsets.memoryBarrierCount / 4] = this.#hasMemory ? 1 : 0;
    this.#m.u32[w + VkDependencyInfo.offsets.imageMemoryBarrierCount / 4] = this.#count;
    this.#vk.vkCmdPipelineBarrier2(commandBuffer, this.#address);
    this.#count = 0;
    this.#hasMemory = false;
  }
}
