/**
 * Pictures: rows of pixels in memory that shaders sample, read and write, and draws render into. GPUs want tiled images, so
 * each use of a picture copies it into one before and out of it after; the images are kept for the next use.
 * @module
 */

import { DXP_FORMAT_D32_SFLOAT, DXP_FORMAT_SIZE } from "../../../../uapi/dxp_object.ts";
import { isShortOfMemory } from "../vk_errno.ts";
import {
  Barriers,
  BufferImageCopies,
  type DeviceImage,
  VK_ACCESS_2_MEMORY_READ_BIT,
  VK_ACCESS_2_MEMORY_WRITE_BIT,
  VK_ACCESS_2_TRANSFER_READ_BIT,
  VK_ACCESS_2_TRANSFER_WRITE_BIT,
  VK_ERROR_FORMAT_NOT_SUPPORTED,
  VK_FILTER_LINEAR,
  VK_FILTER_NEAREST,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_ASPECT_DEPTH_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VK_IMAGE_USAGE_TRANSFER_DST_BIT,
  VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
  VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
  VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
  VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
  VK_SAMPLER_ADDRESS_MODE_REPEAT,
  VK_SAMPLER_MIPMAP_MODE_LINEAR,
  VK_SAMPLER_MIPMAP_MODE_NEAREST,
  VkError,
  VkSamplerCreateInfo,
} from "../../vulkan/mod.ts";
import { imageFeatures, VK_FORMATS } from "./formats.ts";
import type { PacketMemory } from "./memory.ts";
import type { Recorder } from "./recorder.ts";

/** Images that are kept although nobody uses them. */
const MAX_FREE = 32;
/** Their bytes. */
const MAX_FREE_BYTES = 256 << 20;
const ALL = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
const ANY = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
const COPY = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT;
const COPIES = VK_ACCESS_2_TRANSFER_READ_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT;

/** An image for a picture, all layers of it. */
export interface PictureImage {
  /** The image. */
  readonly image: DeviceImage;
  /** What it can be used again for. */
  readonly key: string;
  /** DXP_FORMAT_*. */
  readonly format: number;
}

/** The images of an engine. */
export class Pictures implements Disposable {
  /** VkFormatFeatureFlags by DXP_FORMAT_*. */
  readonly features: readonly number[];
  readonly #recorder: Recorder;
  readonly #barriers: Barriers;
  readonly #copies = new BufferImageCopies(1);
  readonly #free: PictureImage[] = [];
  readonly #samplers: bigint[] = [];
  #freeBytes = 0;

  /** @param recorder where copies are recorded. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    this.#barriers = new Barriers(recorder.vk, 1);
    this.features = imageFeatures(recorder.device);
  }

  /** An image; undefined if the GPU has none such, or no memory for it. @param usage besides copying. @throws {VkError} */
  acquire(format: number, width: number, height: number, layers: number, usage: number): PictureImage | undefined {
    const key = `${format} ${width} ${height} ${layers} ${usage}`;
    const at = this.#free.findLastIndex((picture) => picture.key === key);
    if (at >= 0) {
      const [picture] = this.#free.splice(at, 1);
      this.#freeBytes -= picture.image.allocation.size;
      return picture;
    }
    try {
      const image = this.#recorder.device.createImage({
        format: VK_FORMATS[format],
        width,
        height,
        layers,
        usage: usage | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        aspect: format === DXP_FORMAT_D32_SFLOAT ? VK_IMAGE_ASPECT_DEPTH_BIT : VK_IMAGE_ASPECT_COLOR_BIT,
      });
      return { image, key, format };
    } catch (error) {
      if (isShortOfMemory(error)) return undefined;
      if (error instanceof VkError && error.result === VK_ERROR_FORMAT_NOT_SUPPORTED) return undefined;
      throw error;
    }
  }

  /** What is recorded from now on does not use an image. */
  release(picture: PictureImage): void {
    this.#free.push(picture);
    this.#freeBytes += picture.image.allocation.size;
    while (this.#free.length > MAX_FREE || this.#freeBytes > MAX_FREE_BYTES) {
      const old = this.#free.shift();
      if (old === undefined) return;
      this.#freeBytes -= old.image.allocation.size;
      this.#retired.push(old.image);
    }
  }

  readonly #retired: DeviceImage[] = [];

  /** Frees images that are kept no longer; outside of recording. */
  sweep(): void {
    for (const image of this.#retired.splice(0)) this.#recorder.disposeLater(image);
  }

  /** Records: an image is ready for use, with whatever is in it. */
  prepare({ image }: PictureImage): void {
    this.#barriers.image(image, VK_IMAGE_LAYOUT_GENERAL, ALL, VK_ACCESS_2_MEMORY_WRITE_BIT, ALL, ANY);
    this.#barriers.record(this.#recorder.begin());
  }

  /** Records: layers of an image from rows in memory. @param slice bytes from layer to layer. */
  load(picture: PictureImage, memory: PacketMemory, offset: number, pitch: number, slice: number): void {
    const { image } = picture, barriers = this.#barriers, recorder = this.#recorder;
    const command = recorder.begin();
    barriers.memory(ALL, VK_ACCESS_2_MEMORY_WRITE_BIT, COPY, COPIES);
    barriers.image(
      image,
      VK_IMAGE_LAYOUT_GENERAL,
      ALL,
      VK_ACCESS_2_MEMORY_WRITE_BIT,
      COPY,
      VK_ACCESS_2_TRANSFER_WRITE_BIT,
    );
    barriers.record(command);
    memory.reads();
    for (let layer = 0; layer < image.layers; layer++) {
      this.#region(picture, offset + layer * slice, pitch, layer);
      const { count, address } = this.#copies;
      recorder.vk.vkCmdCopyBufferToImage(command, memory.handle, image.handle, VK_IMAGE_LAYOUT_GENERAL, count, address);
      this.#copies.clear();
    }
    barriers.image(image, VK_IMAGE_LAYOUT_GENERAL, COPY, VK_ACCESS_2_TRANSFER_WRITE_BIT, ALL, ANY);
    barriers.record(command);
  }

  /** Records: rows in memory from layers of an image. */
  store(picture: PictureImage, memory: PacketMemory, offset: number, pitch: number, slice: number): void {
    const { image } = picture, barriers = this.#barriers, recorder = this.#recorder;
    const command = recorder.begin();
    barriers.memory(ALL, VK_ACCESS_2_MEMORY_WRITE_BIT, COPY, COPIES);
    barriers.image(
      image,
      VK_IMAGE_LAYOUT_GENERAL,
      ALL,
      VK_ACCESS_2_MEMORY_WRITE_BIT,
      COPY,
      VK_ACCESS_2_TRANSFER_READ_BIT,
    );
    barriers.record(command);
    for (let layer = 0; layer < image.layers; layer++) {
      const at = offset + layer * slice;
      this.#region(picture, at, pitch, layer);
      memory.writesTo(at, pictureSize(picture.format, image.width, image.height, pitch));
      const { count, address } = this.#copies;
      recorder.vk.vkCmdCopyImageToBuffer(command, image.handle, VK_IMAGE_LAYOUT_GENERAL, memory.handle, count, address);
      this.#copies.clear();
    }
  }

  #region({ image, format }: PictureImage, offset: number, pitch: number, layer: number): void {
    const row = pitch / DXP_FORMAT_SIZE[format];
    this.#copies.push(offset, row, 0, image.aspect, 0, layer, 0, 0, 0, image.width, image.height, 1);
  }

  /** A VkSampler. @param bits dxp_sampler. @throws {VkError} */
  sampler(bits: number): bigint {
    const known = this.#samplers[bits];
    if (known !== undefined) return known;
    const { device, vk } = this.#recorder;
    const mode = (bit: number) =>
      (bits & bit) !== 0 ? VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE : VK_SAMPLER_ADDRESS_MODE_REPEAT;
    const filter = (bits & 1) !== 0 ? VK_FILTER_LINEAR : VK_FILTER_NEAREST;
    return this.#samplers[bits] = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkSamplerCreateInfo, {
        magFilter: filter,
        minFilter: filter,
        mipmapMode: (bits & 2) !== 0 ? VK_SAMPLER_MIPMAP_MODE_LINEAR : VK_SAMPLER_MIPMAP_MODE_NEAREST,
        addressModeU: mode(4),
        addressModeV: mode(8),
        addressModeW: mode(16),
      });
      device.check(vk.vkCreateSampler(device.handle, info, 0n, m.address(out)), "vkCreateSampler");
      return m.u64[out >>> 3];
    });
  }

  /** Frees everything; the GPU must be idle. */
  [Symbol.dispose](): void {
    for (const { image } of this.#free.splice(0)) image[Symbol.dispose]();
    for (const image of this.#retired.splice(0)) image[Symbol.dispose]();
    const { device, vk } = this.#recorder;
    this.#samplers.forEach((sampler) => vk.vkDestroySampler(device.handle, sampler, 0n));
    this.#samplers.length = 0;
  }
}

/** Bytes of a picture from its first pixel to its last. */
export function pictureSize(format: number, width: number, height: number, pitch: number): number {
  return (height - 1) * pitch + width * DXP_FORMAT_SIZE[format];
}
