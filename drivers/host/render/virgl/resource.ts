/**
 * A resource of virgl: a buffer or an image on the GPU, what is known of its uses since the last barrier, and its views.
 * Images are in VK_IMAGE_LAYOUT_GENERAL from their first use on.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Backing, RenderResource } from "../../../../core/host.ts";
import type { Resource3d, Resource3dInfo } from "../../../../core/host3d.ts";
import { PIPE_TEXTURE_2D_ARRAY, PIPE_TEXTURE_3D } from "../../../../uapi/pipe.ts";
import { VIRGL_BIND_RENDER_TARGET } from "../../../../uapi/virgl_hw.ts";
import {
  type Device,
  type DeviceBuffer,
  type DeviceImage,
  type ImageOptions,
  VK_ERROR_FORMAT_NOT_SUPPORTED,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT,
  VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT,
  VK_IMAGE_TILING_LINEAR,
  VK_IMAGE_TYPE_2D,
  VkError,
} from "../../vulkan/mod.ts";
import { BackingReader } from "../backing_reader.ts";
import type { Disposer } from "../imports.ts";
import type { Holdings } from "../holdings.ts";
import type { Holder } from "../picture_frame.ts";
import { BufferViews } from "./buffer_views.ts";
import { type GpuFormat, imageUsage, lesserUsage } from "./formats.ts";
import type { Gpu } from "./gpu.ts";
import { ImageViews } from "./image_views.ts";
import { bufferSize, imageBytes, type ImageShape, imageShape, isBuffer } from "./resource_shape.ts";
import type { SmallBuffers } from "./small_buffers.ts";
import { type Payer, ViewPayment } from "./view_payment.ts";

/** A resource's buffer. */
export interface ResourceBuffer {
  /** The VkBuffer. */
  readonly handle: bigint;
  /** Bytes that the client has; the VkBuffer may be a little larger. */
  readonly size: number;
  /** Bytes of the VkBuffer, a multiple of 4. */
  readonly capacity: number;
  /** Where the CPU can reach it; written only while the GPU does not use it (`usedBy` is complete). */
  readonly bytes: Uint8Array | undefined;
  /** The buffer and its memory. */
  readonly device: DeviceBuffer;
}

/** Texels of an image that the CPU can reach. */
export interface Texels {
  /** The image's memory. */
  readonly bytes: Uint8Array;
  /** Where in it the first texel is. */
  readonly offset: number;
  /** Bytes from row to row. */
  readonly pitch: number;
}

/** What resources are made with. */
export interface ResourceOwner extends Disposer {
  /** Where. */
  readonly gpu: Gpu;
  /** What they are counted against; gives their numbers. */
  readonly holdings: Holdings;
  /** Where buffers come from, and go. */
  readonly buffers: SmallBuffers;
  /** Says whose commands are executed. */
  readonly recorder: Payer;
}

/** A resource. Disposing frees it at once: `unref` does it when the GPU is done. */
export class VirglResource implements Resource3d, Disposable {
  /** Unique among its renderer's resources that are alive. */
  readonly id: number;
  /** How it was made. */
  readonly info: Resource3dInfo;
  /** Columns of level 0, or bytes. */
  readonly width: number;
  /** Rows of level 0. */
  readonly height: number;
  /** VIRGL_FORMAT_*. */
  readonly format: number;
  /** That format on this GPU; a buffer's is R8_UNORM. */
  readonly gpuFormat: GpuFormat;
  /** PIPE_BUFFER, PIPE_TEXTURE_*. */
  readonly target: number;
  /** The buffer, if it is one. */
  readonly buffer: ResourceBuffer | undefined;
  /** The image, if it is one. */
  readonly image: DeviceImage | undefined;
  /** Its texels, where the CPU can reach them; read only while the GPU does not write it (`writtenBy` is complete). */
  readonly texels: Texels | undefined;
  /** The shape of the image. */
  readonly shape: ImageShape | undefined;
  /** Samples. */
  readonly samples: number;
  /** Levels. */
  readonly levels: number;
  /** Layers; 1 for 3D images. */
  readonly layers: number;
  /** The recorder's stamp when `reads` and `writes` were noted: older ones say nothing. */
  stamp = 0;
  /** Usage classes that read since the last barrier. */
  reads = 0;
  /** Usage classes that wrote since the last barrier. */
  writes = 0;
  /** The last submission that uses it. */
  usedBy = 0;
  /** The last submission whose main command buffer uses it. */
  recordedBy = 0;
  /** The last submission in which the GPU writes it. */
  writtenBy = 0;
  /** Grows with each write that is recorded or done: what was made of its contents is stale then. */
  version = 0;
  /** Nothing was written yet: its memory is to be zeroed before its first use. The recorder does that. */
  raw = true;
  /** The guest memory behind it. */
  backing: Backing | undefined;
  /** The place in `backing` that was used last. */
  readonly reader: BackingReader = new BackingReader();
  /** Frames that displays hold. */
  readonly holders: Holder[] = [];
  /** Its creator gave it up; whoever refers to it keeps it alive. */
  destroyed = false;
  readonly #owner: ResourceOwner;
  readonly #imageViews: ImageViews | undefined;
  readonly #bufferViews: BufferViews | undefined;
  readonly #bytes: number;
  readonly #payment: ViewPayment;
  #refs = 1;
  #open = true;

  /**
   * Makes a resource.
   * @throws {DrmError} EINVAL for one that cannot be; ENOMEM. @throws {VkError}
   */
  constructor(owner: ResourceOwner, info: Resource3dInfo, format: GpuFormat) {
    const { device } = owner.gpu;
    this.#owner = owner;
    this.#payment = new ViewPayment(owner.recorder);
    this.id = owner.holdings.nextId();
    this.info = info;
    this.width = info.width;
    this.height = info.height;
    this.format = info.format;
    this.gpuFormat = format;
    this.target = info.target;
    if (isBuffer(info.target)) {
      const size = bufferSize(info), capacity = Math.ceil(size / 16) * 16;
      this.samples = this.levels = this.layers = 1;
      this.shape =
        this.image =
        this.texels =
        this.#imageViews =
          undefined;
      const made = owner.holdings.take(
        this,
        this.#bytes = capacity,
        () => owner.buffers.take(capacity),
      );
      const bytes = made.allocation.hostVisible ? made.bytes : undefined;
      this.buffer = { handle: made.handle, size, capacity, bytes, device: made };
      this.#bufferViews = new BufferViews(owner.gpu, this.buffer, this.#payment);
      return;
    }
    if (!(format.canSample || format.canDepth || format.canRender) || format.viewAspect !== viewable(format)) {
      throw new DrmError("EINVAL", `Cannot make a texture of ${format.info.name}: the GPU has none`);
    }
    const shape = this.shape = imageShape(owner.gpu, info, format);
    const cubes = info.target === PIPE_TEXTURE_2D_ARRAY && shape.width === shape.height && shape.layers >= 6 &&
      shape.samples === 1;
    const mutable = format.aspect === VK_IMAGE_ASPECT_COLOR_BIT ? VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT : 0;
    const flags = shape.flags | mutable | (cubes ? VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT : 0);
    this.samples = shape.samples;
    this.levels = shape.levels;
    this.layers = shape.layers;
    this.buffer = this.#bufferViews = undefined;
    let usage = imageUsage(format, shape.samples === 1);
    const options = { ...shape, format: format.vk, aspect: format.aspect, flags };
    const bytes = this.#bytes = imageBytes(shape, format);
    const image = this.image = owner.holdings.take(this, bytes, () => {
      if (isReadByCpu(owner.gpu, info, format, shape)) {
        const linear = makeImage(device, { ...options, usage, tiling: VK_IMAGE_TILING_LINEAR, memory: "readback" });
        if (linear !== undefined) return linear;
      }
      for (;;) {
        const made = makeImage(device, { ...options, usage }), next = lesserUsage(usage);
        if (made !== undefined) return made;
        if (next === usage) throw new VkError(VK_ERROR_FORMAT_NOT_SUPPORTED, "vkCreateImage", format.info.name);
        usage = next;
      }
    });
    this.texels = texelsOf(image);
    const cubic = (flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT) !== 0;
    this.#imageViews = new ImageViews(image, shape, format, usage, cubic, this.#payment);
  }

  /** Columns of a level (bytes of a buffer). */
  levelWidth(level: number): number {
    return this.buffer !== undefined ? this.width : Math.max(1, this.width >>> level);
  }

  /** Rows of a level. */
  levelHeight(level: number): number {
    return Math.max(1, this.height >>> level);
  }

  /** Slices of a level of a 3D image, layers of others: what a box's z and depth count. */
  levelDepth(level: number): number {
    return this.target === PIPE_TEXTURE_3D ? Math.max(1, this.info.depth >>> level) : this.layers;
  }

  /**
   * A view to render to: a level, and layers (slices of 3D) of it.
   * @param format how it is seen; of the resource's size class
   * @throws {DrmError} EINVAL for a range or format that the image has not. @throws {VkError}
   */
  attachmentView(format: GpuFormat, level: number, firstLayer: number, layerCount: number): bigint {
    return this.#views("a surface").attachment(format, level, firstLayer, layerCount);
  }

  /**
   * A view to sample.
   * @param format how it is seen. @param target PIPE_TEXTURE_*. @param swizzle four times 3 bits of PIPE_SWIZZLE_*, as
   * VIRGL_OBJ_SAMPLER_VIEW has them; the format's own permutation is added
   * @throws {DrmError} EINVAL for what the image has not. @throws {VkError}
   */
  sampledView(
    format: GpuFormat,
    target: number,
    firstLevel: number,
    lastLevel: number,
    firstLayer: number,
    lastLayer: number,
    swizzle: number,
  ): bigint {
    return this.#views("a sampler view").sampled(format, target, firstLevel, lastLevel, firstLayer, lastLayer, swizzle);
  }

  /**
   * A view for a storage image: a level, and layers of it. All slices of a 3D image.
   * @throws {DrmError} EINVAL for what the image has not, or cannot store to
   */
  storageView(format: GpuFormat, target: number, level: number, firstLayer: number, lastLayer: number): bigint {
    return this.#views("an image view").storage(format, target, level, firstLayer, lastLayer);
  }

  /**
   * A view of a buffer's texels.
   * @param offset bytes, a multiple of minTexelBufferOffsetAlignment. @param size bytes; cut to what the GPU can address
   * @throws {DrmError} EINVAL for a range or format that the buffer has not
   */
  bufferView(format: GpuFormat, offset: number, size: number): bigint {
    if (this.#bufferViews === undefined) throw new DrmError("EINVAL", "Cannot view texels of a texture as a buffer");
    return this.#bufferViews.of(format, offset, size);
  }

  /** Another resource of the same renderer, for work behind the client's back. @throws {DrmError} as the constructor */
  sibling(info: Resource3dInfo, format: GpuFormat): VirglResource {
    return new VirglResource(this.#owner, info, format);
  }

  /** Whether it is of a GPU: those of another renderer are not. */
  isOf(gpu: Gpu): boolean {
    return this.#owner.gpu === gpu;
  }

  /** Says that a submission's commands write it. */
  written(submission: number): void {
    this.writtenBy = submission;
    this.version++;
  }

  /** Keeps it alive. */
  ref(): void {
    this.#refs++;
  }

  /** Ends one `ref`: with the last it goes, once the GPU is done with it. */
  unref(): void {
    if (--this.#refs > 0) return;
    this.reader.close();
    this.backing = undefined;
    this.#owner.disposeLater(this);
  }

  /** Whether TRANSFER_FROM_HOST of it is a copy by the CPU once the GPU is done: waiting first is the quicker way. */
  get readableByCpu(): boolean {
    return this.texels !== undefined;
  }

  /** Bytes of the device's memory that it takes. */
  get footprint(): number {
    return this.#bytes;
  }

  /** How many refer to it; 0: it is gone, or going. */
  get refs(): number {
    return this.#refs;
  }

  /** Whether it is still there. */
  get open(): boolean {
    return this.#open;
  }

  /** Frees it; the GPU must be done with it. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#bufferViews?.[Symbol.dispose]();
    this.#payment[Symbol.dispose]();
    if (this.buffer !== undefined) this.#owner.buffers.give(this.buffer.device);
    this.image?.[Symbol.dispose]();
    this.#owner.holdings.remove(this, this.#bytes);
  }

  #views(what: string): ImageViews {
    if (this.#imageViews === undefined) throw new DrmError("EINVAL", `Cannot make ${what} of a buffer`);
    return this.#imageViews;
  }
}

// The image, or undefined if the GPU has none such.
function makeImage(device: Device, options: ImageOptions): DeviceImage | undefined {
  try {
    return device.createImage(options);
  } catch (error) {
    if (error instanceof VkError && error.result === VK_ERROR_FORMAT_NOT_SUPPORTED) return undefined;
    throw error;
  }
}

// Whether it is better linear, where the CPU reads it: what is rendered to, by a GPU that is the CPU, to which all tilings are one.
function isReadByCpu({ device }: Gpu, info: Resource3dInfo, format: GpuFormat, shape: ImageShape): boolean {
  return device.physical.type === "cpu" && (info.bind & VIRGL_BIND_RENDER_TARGET) !== 0 && format.copy === "direct" &&
    format.aspect === VK_IMAGE_ASPECT_COLOR_BIT && shape.type === VK_IMAGE_TYPE_2D && shape.levels === 1 &&
    shape.layers === 1 && shape.samples === 1;
}

function texelsOf(image: DeviceImage): Texels | undefined {
  if (!image.linear || !image.allocation.hostVisible) return undefined;
  const { offset, rowPitch } = image.subresourceLayout();
  return { bytes: image.allocation.bytes, offset: Number(offset), pitch: Number(rowPitch) };
}

// Formats that name the stencil of another are for views alone.
function viewable(format: GpuFormat): number {
  return format.info.isDepth || !format.info.isStencil || format.aspect === format.viewAspect ? format.viewAspect : -1;
}

/** What a caller holds as a resource, as one of a GPU. @throws {TypeError} if another renderer made it */
export function resourceOf(resource: RenderResource, gpu: Gpu): VirglResource {
  if (resource instanceof VirglResource && resource.isOf(gpu)) return resource;
  throw new TypeError("Cannot use a resource that virgl did not make");
}
