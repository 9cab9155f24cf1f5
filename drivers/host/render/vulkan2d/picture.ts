/**
 * A picture of vulkan2d: an optimally tiled image in device memory. Copies never look inside pixels, so that formats which Vulkan
 * lacks (alpha or padding first) are held in another of 4 bytes.
 * @module
 */

import type { RenderResource } from "../../../../core/host.ts";
import { VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM } from "../../../../uapi/virtio_gpu.ts";
import {
  type Device,
  type DeviceImage,
  VK_FORMAT_B8G8R8A8_UNORM,
  VK_FORMAT_R8G8B8A8_UNORM,
  VK_IMAGE_USAGE_TRANSFER_DST_BIT,
  VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
} from "../../vulkan/mod.ts";
import { BackingReader } from "../backing_reader.ts";
import type { Holdings } from "../holdings.ts";
import type { Holder } from "../picture_frame.ts";

const USAGE = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;

/** A picture that vulkan2d made. Disposing frees the image at once: the recorder does it when the GPU is done. */
export class Picture implements RenderResource, Disposable {
  /** Unique among its renderer's pictures that are alive. */
  readonly id: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** VIRTIO_GPU_FORMAT_*. */
  readonly format: number;
  /** The image. VK_IMAGE_LAYOUT_UNDEFINED says that nothing was written yet: it is zeroed before its first use. */
  readonly image: DeviceImage;
  /** Where transfers read; it remembers the last place. */
  readonly reader: BackingReader = new BackingReader();
  /** Frames that displays hold. */
  readonly holders: Holder[] = [];
  /** The guest destroyed it; it lives on while frames hold it. */
  destroyed = false;
  readonly #holdings: Holdings;
  #open = true;

  /** @param device where. @param holdings what it is counted against. Throws ENOMEM, or a VkError. */
  constructor(device: Device, holdings: Holdings, format: number, width: number, height: number) {
    this.id = holdings.nextId();
    this.format = format;
    this.width = width;
    this.height = height;
    this.#holdings = holdings;
    const blueFirst = format === VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM || format === VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM;
    const vkFormat = blueFirst ? VK_FORMAT_B8G8R8A8_UNORM : VK_FORMAT_R8G8B8A8_UNORM;
    const options = { format: vkFormat, width, height, usage: USAGE };
    this.image = holdings.take(this, width * height * 4, () => device.createImage(options));
  }

  /** The picture that a resource is. Throws a TypeError for another renderer's. */
  static of(resource: RenderResource): Picture {
    if (resource instanceof Picture) return resource;
    throw new TypeError("Cannot use a resource that vulkan2d did not make");
  }

  /** Whether the image is still there. */
  get open(): boolean {
    return this.#open;
  }

  /** Frees the image; the GPU must be done with it. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.reader.close();
    this.image[Symbol.dispose]();
    this.#holdings.remove(this, this.width * this.height * 4);
  }
}
