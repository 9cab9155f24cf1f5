/**
 * Records copies into the command buffer of the current batch. Regions between one buffer and one image are gathered into one
 * vkCmdCopyBufferToImage, whose regions have no order among themselves: a rectangle that overlaps one written since the last
 * barrier waits behind a barrier. Nothing is allocated a region, and no bigint is made.
 * @module
 */

import {
  Arena,
  Barriers,
  BufferImageCopies,
  type CommandBuffer,
  type Device,
  type Queue,
  VK_ACCESS_2_HOST_READ_BIT,
  VK_ACCESS_2_TRANSFER_READ_BIT,
  VK_ACCESS_2_TRANSFER_WRITE_BIT,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
  VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
  VK_IMAGE_LAYOUT_UNDEFINED,
  VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
  VK_PIPELINE_STAGE_2_HOST_BIT,
  VkClearColorValue,
  VkDependencyInfo,
  VkImageSubresourceRange,
} from "../../vulkan/mod.ts";
import type { Picture } from "./picture.ts";
import type { StagingRing } from "./staging_ring.ts";

/** Regions of one command, and rectangles that are remembered between two barriers. */
const REGIONS = 512;

const DST = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, SRC = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
const TRANSFER = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT;
const READ = VK_ACCESS_2_TRANSFER_READ_BIT, WRITE = VK_ACCESS_2_TRANSFER_WRITE_BIT;
/** The words of a remembered rectangle: picture, left, top, right, bottom. */
const RECT = 5;

/** The commands of a batch. */
export class Recorder {
  readonly #device: Device;
  readonly #queue: Queue;
  readonly #ring: StagingRing;
  #commands: CommandBuffer | undefined;
  readonly #m = new Arena(1024);
  readonly #copyToCopy: bigint;
  readonly #copyToHost: bigint;
  readonly #zero: bigint;
  readonly #whole: bigint;
  readonly #barriers: Barriers;
  readonly #in = new BufferImageCopies(REGIONS);
  readonly #out = new BufferImageCopies(1);
  #target: Picture | undefined;
  #source = 0n;
  readonly #rects = new Int32Array(REGIONS * RECT);
  #rectWords = 0;
  // What the commands being recorded use, to be disposed of behind them.
  readonly #garbage: Disposable[] = [];

  /** @param device its first queue executes. @param ring sealed with each submission. */
  constructor(device: Device, ring: StagingRing) {
    this.#device = device;
    this.#queue = device.queue;
    this.#ring = ring;
    this.#barriers = new Barriers(device.vk, 1);
    const m = this.#m;
    const barrier = (dstStageMask: bigint, dstAccessMask: bigint): bigint =>
      m.put(VkDependencyInfo, {
        pMemoryBarriers: [{ srcStageMask: TRANSFER, srcAccessMask: WRITE, dstStageMask, dstAccessMask }],
      });
    this.#copyToCopy = barrier(TRANSFER, READ | WRITE);
    this.#copyToHost = barrier(VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_READ_BIT);
    this.#zero = m.address(m.alloc(VkClearColorValue.size));
    this.#whole = m.put(VkImageSubresourceRange, {
      aspectMask: VK_IMAGE_ASPECT_COLOR_BIT,
      levelCount: 1,
      layerCount: 1,
    });
  }

  /** Whether something was recorded since the last `submit`. */
  get recording(): boolean {
    return this.#commands !== undefined;
  }

  /** The timeline value at which everything recorded so far is done. */
  get value(): number {
    return this.#queue.lastSubmitted + (this.#commands === undefined ? 0 : 1);
  }

  /**
   * Copies bytes of a buffer into a rectangle of a picture, after all that was recorded before.
   *
   * @param offset of the first pixel in the buffer, bytes, a multiple of 4. @param rowLength pixels from row to row; 0: `width`.
   * @throws {VkError} nothing was recorded then.
   */
  copyIn(
    picture: Picture,
    buffer: bigint,
    offset: number,
    rowLength: number,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void {
    const commands = this.#begin();
    const { image, id } = picture;
    if (image.layout !== DST) {
      const fresh = image.layout === VK_IMAGE_LAYOUT_UNDEFINED;
      this.#transition(commands, picture, DST);
      if (fresh && (width !== picture.width || height !== picture.height)) this.#clear(commands, picture);
    }
    const right = x + width, bottom = y + height;
    if (this.#rectWords === REGIONS * RECT || this.#overlaps(id, x, y, right, bottom)) {
      this.#flush(commands);
      this.#device.vk.vkCmdPipelineBarrier2(commands, this.#copyToCopy);
      this.#rectWords = 0;
    }
    if (picture !== this.#target || buffer !== this.#source || this.#in.isFull) {
      this.#flush(commands);
      this.#target = picture;
      this.#source = buffer;
    }
    this.#in.push(offset, rowLength, 0, VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, x, y, 0, width, height, 1);
    this.#remember(id, x, y, right, bottom);
  }

  /**
   * Copies a rectangle of a picture to the start of a buffer, packed, for the CPU to read once `value` is reached.
   *
   * @returns that value. @throws {VkError} nothing was recorded then.
   */
  copyOut(picture: Picture, buffer: bigint, x: number, y: number, width: number, height: number): number {
    const commands = this.#begin();
    this.#flush(commands);
    const { image } = picture;
    if (image.layout === VK_IMAGE_LAYOUT_UNDEFINED) {
      this.#transition(commands, picture, DST);
      this.#clear(commands, picture);
    }
    if (image.layout !== SRC) this.#transition(commands, picture, SRC);
    this.#out.push(0, 0, 0, VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, x, y, 0, width, height, 1);
    const { vk } = this.#device;
    vk.vkCmdCopyImageToBuffer(commands, image.handle, SRC, buffer, 1, this.#out.address);
    this.#out.clear();
    vk.vkCmdPipelineBarrier2(commands, this.#copyToHost);
    return this.value;
  }

  /** Disposes of something once the GPU has done all that is recorded now. */
  disposeLater(item: Disposable): void {
    if (this.#commands === undefined) this.#queue.disposeLater(item);
    else this.#garbage.push(item);
  }

  /**
   * Submits what was recorded.
   *
   * @returns the timeline value that says it is done; the last one if there was nothing.
   * @throws {VkError} the commands are lost then.
   */
  submit(): number {
    const commands = this.#commands;
    if (commands === undefined) return this.#queue.lastSubmitted;
    this.#flush(commands.handle);
    this.#ring.flush();
    this.#ring.reclaim(this.#queue.completed());
    const value = this.#queue.submit(commands);
    this.#commands = undefined;
    this.#rectWords = 0;
    this.#target = undefined;
    this.#ring.seal(value);
    for (let i = 0; i < this.#garbage.length; i++) this.#queue.disposeLater(this.#garbage[i]);
    this.#garbage.length = 0;
    return value;
  }

  /** Gives up what was recorded and not submitted; for a device that is of no use any more. */
  abandon(): void {
    const commands = this.#commands;
    this.#commands = this.#target = undefined;
    this.#in.clear();
    this.#rectWords = 0;
    if (commands !== undefined) {
      try {
        this.#queue.discard(commands);
      } catch {
        // A submission that failed has discarded it.
      }
    }
    for (const item of this.#garbage.splice(0)) this.#queue.disposeLater(item);
  }

  #begin(): bigint {
    if (this.#commands !== undefined) return this.#commands.handle;
    this.#commands = this.#queue.begin();
    const { handle } = this.#commands;
    // Batches before this one may still be copying.
    if (this.#queue.lastSubmitted > 0) this.#device.vk.vkCmdPipelineBarrier2(handle, this.#copyToCopy);
    return handle;
  }

  #flush(commands: bigint): void {
    const target = this.#target;
    if (this.#in.count === 0 || target === undefined) return;
    const { handle } = target.image;
    this.#device.vk.vkCmdCopyBufferToImage(commands, this.#source, handle, DST, this.#in.count, this.#in.address);
    this.#in.clear();
  }

  #transition(commands: bigint, picture: Picture, layout: number): void {
    this.#barriers.image(picture.image, layout, TRANSFER, WRITE, TRANSFER, layout === SRC ? READ : WRITE);
    this.#barriers.record(commands);
  }

  #clear(commands: bigint, picture: Picture): void {
    this.#device.vk.vkCmdClearColorImage(commands, picture.image.handle, DST, this.#zero, 1, this.#whole);
    if (this.#rectWords === REGIONS * RECT) {
      this.#flush(commands);
      this.#device.vk.vkCmdPipelineBarrier2(commands, this.#copyToCopy);
      this.#rectWords = 0;
    } else this.#remember(picture.id, 0, 0, picture.width, picture.height);
  }

  #remember(id: number, left: number, top: number, right: number, bottom: number): void {
    const rects = this.#rects, at = this.#rectWords;
    rects[at] = id;
    rects[at + 1] = left;
    rects[at + 2] = top;
    rects[at + 3] = right;
    rects[at + 4] = bottom;
    this.#rectWords = at + RECT;
  }

  #overlaps(id: number, left: number, top: number, right: number, bottom: number): boolean {
    const rects = this.#rects, end = this.#rectWords;
    for (let i = 0; i < end; i += RECT) {
      if (
        rects[i] === id && left < rects[i + 3] && rects[i + 1] < right && top < rects[i + 4] && rects[i + 2] < bottom
      ) {
        return true;
      }
    }
    return false;
  }
}
