/**
 * The first command on a resource: an image gets its layout, and everything is zeroed, so that nobody sees what memory held
 * before.
 * @module
 */

import { PIPE_TEXTURE_3D } from "../../../../uapi/pipe.ts";
import {
  Arena,
  Barriers,
  BufferImageCopies,
  VK_ACCESS_2_TRANSFER_READ_BIT,
  VK_ACCESS_2_TRANSFER_WRITE_BIT,
  VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
  VK_REMAINING_ARRAY_LAYERS,
  VK_REMAINING_MIP_LEVELS,
  VkClearColorValue,
  VkImageSubresourceRange,
} from "../../vulkan/mod.ts";
import type { Disposer } from "../imports.ts";
import type { Gpu } from "./gpu.ts";
import type { VirglResource } from "./resource.ts";

const TRANSFER = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT, WRITE = VK_ACCESS_2_TRANSFER_WRITE_BIT;

/** Initializes. */
export class Initializer {
  readonly #gpu: Gpu;
  readonly #barriers: Barriers;
  readonly #m = new Arena(256);
  readonly #range: number;
  readonly #zero: bigint;

  /** For the recorder. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#barriers = new Barriers(gpu.vk, 1);
    this.#zero = this.#m.address(this.#m.alloc(VkClearColorValue.size));
    this.#range = this.#m.place(VkImageSubresourceRange, {
      levelCount: VK_REMAINING_MIP_LEVELS,
      layerCount: VK_REMAINING_ARRAY_LAYERS,
    });
  }

  /**
   * Records it.
   * @param disposer gets what is needed until the GPU is done. @param overwritten whether zeroes would not be seen
   * @throws {VkError} if memory does not suffice
   */
  initialize(disposer: Disposer, resource: VirglResource, commands: bigint, overwritten: boolean): void {
    const { vk } = this.#gpu, { buffer, image, gpuFormat } = resource;
    if (buffer !== undefined) {
      if (!overwritten) vk.vkCmdFillBuffer(commands, buffer.handle, 0n, BigInt(buffer.capacity), 0);
      return;
    }
    if (image === undefined) return;
    this.#barriers.image(image, VK_IMAGE_LAYOUT_GENERAL, TRANSFER, 0n, TRANSFER, WRITE);
    this.#barriers.record(commands);
    if (overwritten) return;
    const { handle, aspect } = image, range = this.#m.address(this.#range);
    this.#m.u32[this.#range >>> 2] = aspect;
    if (aspect !== VK_IMAGE_ASPECT_COLOR_BIT) {
      vk.vkCmdClearDepthStencilImage(commands, handle, VK_IMAGE_LAYOUT_GENERAL, this.#zero, 1, range);
    } else if (gpuFormat.blockWidth * gpuFormat.blockHeight === 1) {
      vk.vkCmdClearColorImage(commands, handle, VK_IMAGE_LAYOUT_GENERAL, this.#zero, 1, range);
    } else this.#copyZeros(disposer, resource, handle, commands);
  }

  // Compressed images cannot be cleared: blocks of zeros are copied, level by level and slice by slice.
  #copyZeros(disposer: Disposer, resource: VirglResource, image: bigint, commands: bigint): void {
    const { device, vk } = this.#gpu, { blockWidth, blockHeight, blockBytes } = resource.gpuFormat;
    const size = Math.ceil(resource.width / blockWidth) * Math.ceil(resource.height / blockHeight) * blockBytes;
    const zeros = device.createBuffer({
      size: Math.ceil(size / 16) * 16,
      usage: VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    });
    disposer.disposeLater(zeros);
    vk.vkCmdFillBuffer(commands, zeros.handle, 0n, BigInt(zeros.size), 0);
    this.#barriers.memory(TRANSFER, WRITE, TRANSFER, VK_ACCESS_2_TRANSFER_READ_BIT);
    this.#barriers.record(commands);
    const copies = new BufferImageCopies(256), solid = resource.target === PIPE_TEXTURE_3D;
    const flush = () => {
      vk.vkCmdCopyBufferToImage(commands, zeros.handle, image, VK_IMAGE_LAYOUT_GENERAL, copies.count, copies.address);
      copies.clear();
    };
    for (let level = 0; level < resource.levels; level++) {
      const width = resource.levelWidth(level), height = resource.levelHeight(level);
      for (let z = 0; z < resource.levelDepth(level); z++) {
        if (copies.isFull) flush();
        const layer = solid ? 0 : z, slice = solid ? z : 0;
        copies.push(0, 0, 0, VK_IMAGE_ASPECT_COLOR_BIT, level, layer, 0, 0, slice, width, height, 1);
      }
    }
    if (copies.count > 0) flush();
  }
}
