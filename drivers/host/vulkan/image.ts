/** A VkImage with memory of its own, its views, and the layout that it is in. */
import type { Device } from "./device.ts";
import { VkError } from "./error.ts";
import {
  VK_ERROR_FORMAT_NOT_SUPPORTED,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_LAYOUT_UNDEFINED,
  VK_IMAGE_TILING_LINEAR,
  VK_IMAGE_TILING_OPTIMAL,
  VK_IMAGE_TYPE_2D,
  VK_IMAGE_VIEW_TYPE_2D,
  VkImageCreateInfo,
  VkImageFormatProperties2,
  VkImageMemoryRequirementsInfo2,
  VkImageSubresource,
  VkImageViewCreateInfo,
  VkMemoryDedicatedRequirements,
  VkMemoryRequirements2,
  VkPhysicalDeviceImageFormatInfo2,
  VkSubresourceLayout,
} from "./generated/mod.ts";
import type { Allocation, MemoryKind } from "./memory.ts";
import type { Out } from "./struct.ts";

/** What an image is. */
export interface ImageOptions {
  /** VkFormat. */
  readonly format: number;
  /** Texels. */
  readonly width: number;
  /** Texels; 1 by default. */
  readonly height?: number;
  /** Texels; 1 by default. */
  readonly depth?: number;
  /** Mip levels; 1 by default. */
  readonly levels?: number;
  /** Array layers; 1 by default. */
  readonly layers?: number;
  /** Samples; 1 by default. */
  readonly samples?: number;
  /** VkImageUsageFlags. */
  readonly usage: number;
  /** VkImageType; 2D by default. */
  readonly type?: number;
  /** VkImageTiling; OPTIMAL by default. */
  readonly tiling?: number;
  /** VkImageCreateFlags. */
  readonly flags?: number;
  /** What its memory is for; "device" by default. Only linear images can be reached by the CPU. */
  readonly memory?: MemoryKind;
  /** VkImageAspectFlags of a whole view; COLOR by default. */
  readonly aspect?: number;
}

/** An image. Dispose of it when the GPU is done with it (`queue.disposeLater`). */
export class DeviceImage implements Disposable {
  /** The VkImage. */
  readonly handle: bigint;
  /** VkFormat. */
  readonly format: number;
  /** Texels. */
  readonly width: number;
  /** Texels. */
  readonly height: number;
  /** Texels. */
  readonly depth: number;
  /** Mip levels. */
  readonly levels: number;
  /** Array layers. */
  readonly layers: number;
  /** VkImageAspectFlags. */
  readonly aspect: number;
  /** Whether its tiling is LINEAR: `subresourceLayout` says where texels are. */
  readonly linear: boolean;
  /** Its memory. */
  readonly allocation: Allocation;
  /** The VkImageLayout that the commands recorded so far leave it in; whoever records a barrier sets it. */
  layout: number = VK_IMAGE_LAYOUT_UNDEFINED;
  readonly #device: Device;
  readonly #views: bigint[] = [];
  #whole = 0n;
  #open = true;

  /**
   * Creates the image and binds memory to it.
   * @throws {RangeError} for a size or count that is no positive integer
   * @throws {VkError} VK_ERROR_FORMAT_NOT_SUPPORTED when the device has no such images or not of that size; others when memory runs out
   */
  constructor(device: Device, options: ImageOptions) {
    device.assertUsable();
    this.#device = device;
    this.format = options.format;
    this.width = options.width;
    this.height = options.height ?? 1;
    this.depth = options.depth ?? 1;
    this.levels = options.levels ?? 1;
    this.layers = options.layers ?? 1;
    this.aspect = options.aspect ?? VK_IMAGE_ASPECT_COLOR_BIT;
    const tiling = options.tiling ?? VK_IMAGE_TILING_OPTIMAL, imageType = options.type ?? VK_IMAGE_TYPE_2D;
    this.linear = tiling === VK_IMAGE_TILING_LINEAR;
    const samples = options.samples ?? 1, flags = options.flags ?? 0;
    const { format, width, height, depth, levels, layers } = this;
    for (const n of [width, height, depth, levels, layers, samples]) {
      if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`Cannot create an image with a size or count of ${n}`);
    }
    assertSupported(device, options, { width, height, depth, levels, layers, samples, imageType, tiling, flags });
    const { vk, handle, arena } = device;
    const mark = arena.mark();
    try {
      const out = arena.alloc(8);
      const info = arena.put(VkImageCreateInfo, {
        flags,
        imageType,
        format,
        extent: { width, height, depth },
        mipLevels: levels,
        arrayLayers: layers,
        samples,
        tiling,
        usage: options.usage,
      });
      device.check(vk.vkCreateImage(handle, info, 0n, arena.address(out)), "vkCreateImage");
      this.handle = arena.u64[out >>> 3];
      using cleanup = new DisposableStack();
      cleanup.defer(() => vk.vkDestroyImage(handle, this.handle, 0n));
      const dedicatedAt = arena.place(VkMemoryDedicatedRequirements, {});
      const at = arena.place(VkMemoryRequirements2, { pNext: arena.address(dedicatedAt) });
      vk.vkGetImageMemoryRequirements2(
        handle,
        arena.put(VkImageMemoryRequirementsInfo2, { image: this.handle }),
        arena.address(at),
      );
      const { memoryRequirements } = VkMemoryRequirements2.read(arena, at);
      const dedicated = VkMemoryDedicatedRequirements.read(arena, dedicatedAt);
      this.allocation = device.memory.allocate({
        size: Number(memoryRequirements.size),
        alignment: Number(memoryRequirements.alignment),
        typeBits: memoryRequirements.memoryTypeBits,
        kind: options.memory ?? "device",
        tiled: tiling !== VK_IMAGE_TILING_LINEAR,
        dedicated: dedicated.prefersDedicatedAllocation || dedicated.requiresDedicatedAllocation
          ? { image: this.handle }
          : undefined,
      });
      cleanup.use(this.allocation);
      device.check(
        vk.vkBindImageMemory(handle, this.handle, this.allocation.memory, BigInt(this.allocation.offset)),
        "vkBindImageMemory",
      );
      cleanup.move();
    } finally {
      arena.reset(mark);
    }
    device.own(this);
  }

  /** A view of the whole image as a 2D image of its own format, made when first asked for. */
  get view(): bigint {
    if (this.#whole === 0n) this.#whole = this.createView({});
    return this.#whole;
  }

  /**
   * Makes a view, which lives as long as the image.
   * @param options what differs from a 2D view of the whole image
   * @throws {VkError} when the device has no memory left
   */
  createView(options: Partial<Omit<VkImageViewCreateInfo, "image">>): bigint {
    const device = this.#device;
    return device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkImageViewCreateInfo, {
        viewType: VK_IMAGE_VIEW_TYPE_2D,
        format: this.format,
        subresourceRange: { aspectMask: this.aspect, levelCount: this.levels, layerCount: this.layers },
        ...options,
        image: this.handle,
      });
      device.check(device.vk.vkCreateImageView(device.handle, info, 0n, m.address(out)), "vkCreateImageView");
      const view = m.u64[out >>> 3];
      this.#views.push(view);
      return view;
    });
  }

  /** Offset and pitches of a subresource of a linear image. */
  subresourceLayout(level = 0, layer = 0): Out<VkSubresourceLayout> {
    const { vk, handle, arena } = this.#device;
    return arena.scope((m) => {
      const at = m.alloc(VkSubresourceLayout.size);
      const which = m.put(VkImageSubresource, { aspectMask: this.aspect, mipLevel: level, arrayLayer: layer });
      vk.vkGetImageSubresourceLayout(handle, this.handle, which, m.address(at));
      return VkSubresourceLayout.read(m, at);
    });
  }

  /** Destroys the image and its views, and frees its memory. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    const { vk, handle } = this.#device;
    this.#device.disown(this);
    for (const view of this.#views) vk.vkDestroyImageView(handle, view, 0n);
    vk.vkDestroyImage(handle, this.handle, 0n);
    this.allocation[Symbol.dispose]();
  }
}

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly levels: number;
  readonly layers: number;
  readonly samples: number;
  readonly imageType: number;
  readonly tiling: number;
  readonly flags: number;
}

/** Drivers do not check what a caller asks for: this does. */
function assertSupported(device: Device, options: ImageOptions, shape: Shape): void {
  device.arena.scope((m) => {
    const at = m.place(VkImageFormatProperties2, {});
    const info = m.put(VkPhysicalDeviceImageFormatInfo2, {
      format: options.format,
      type: shape.imageType,
      tiling: shape.tiling,
      usage: options.usage,
      flags: shape.flags,
    });
    const command = "vkGetPhysicalDeviceImageFormatProperties2";
    device.check(
      device.vk.vkGetPhysicalDeviceImageFormatProperties2(device.physical.handle, info, m.address(at)),
      command,
    );
    const { maxExtent, maxMipLevels, maxArrayLayers, sampleCounts } =
      VkImageFormatProperties2.read(m, at).imageFormatProperties;
    const fits = shape.width <= maxExtent.width && shape.height <= maxExtent.height && shape.depth <= maxExtent.depth &&
      shape.levels <= maxMipLevels && shape.layers <= maxArrayLayers && (sampleCounts & shape.samples) !== 0 &&
      shape.levels <= 1 + Math.floor(Math.log2(Math.max(shape.width, shape.height, shape.depth)));
    if (fits) return;
    const size =
      `${shape.width}x${shape.height}x${shape.depth}, ${shape.levels} levels, ${shape.layers} layers, ${shape.samples} samples`;
    throw new VkError(VK_ERROR_FORMAT_NOT_SUPPORTED, command, `format ${options.format} of ${size}`);
  });
}
