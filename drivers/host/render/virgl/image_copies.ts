/**
 * Copies, blits and resolves of Vulkan between resources, recorded outside of render passes with the barriers that they need.
 * Whoever calls checked every box: it lies in both levels, and the formats and sample counts are what the command takes.
 * @module
 */

import { PIPE_TEXTURE_3D } from "../../../../uapi/pipe.ts";
import {
  Arena,
  VK_IMAGE_LAYOUT_GENERAL,
  VkBufferCopy,
  VkBufferImageCopy,
  VkImageBlit,
  VkImageCopy,
} from "../../vulkan/mod.ts";
import type { Engine } from "./engine.ts";
import type { VirglResource } from "./resource.ts";

/** A level of an image and a corner in it. */
export interface Place {
  /** The image. */
  readonly resource: VirglResource;
  /** Its level. */
  readonly level: number;
  /** Column. */
  readonly x: number;
  /** Row. */
  readonly y: number;
  /** Slice or layer. */
  readonly z: number;
}

const LAYERS = 16, OFFSET = 12;
const copySrc = VkImageCopy.offsets.srcSubresource, copyDst = VkImageCopy.offsets.dstSubresource;
const blitSrc = VkImageBlit.offsets.srcSubresource, blitDst = VkImageBlit.offsets.dstSubresource;

/** The commands. */
export class ImageCopies implements Disposable {
  readonly #engine: Engine;
  readonly #m = new Arena(512);
  readonly #copy: number;
  readonly #blit: number;
  readonly #bytes: number;
  readonly #image: number;

  /** Prepares the structs. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#copy = this.#m.alloc(VkImageCopy.size);
    this.#blit = this.#m.alloc(VkImageBlit.size);
    this.#bytes = this.#m.alloc(VkBufferCopy.size);
    this.#image = this.#m.alloc(VkBufferImageCopy.size);
  }

  /** vkCmdCopyBuffer. The ranges must not overlap. */
  bytes(dst: VirglResource, dstOffset: number, src: VirglResource, srcOffset: number, size: number): void {
    const from = src.buffer, to = dst.buffer;
    if (from === undefined || to === undefined) throw new TypeError("Cannot copy bytes of an image");
    const commands = this.#engine.recorder.useForCopy(src, dst);
    this.#m.setU53(this.#bytes, srcOffset);
    this.#m.setU53(this.#bytes + 8, dstOffset);
    this.#m.setU53(this.#bytes + 16, size);
    this.#engine.recorder.work++;
    this.#engine.vk.vkCmdCopyBuffer(commands, from.handle, to.handle, 1, this.#m.address(this.#bytes));
  }

  /** vkCmdCopyImage, of one or all aspects; the boxes must not overlap. The size is in texels of the source. */
  copy(dst: Place, src: Place, width: number, height: number, depth: number, aspect: number): void {
    const commands = this.#engine.recorder.useForCopy(src.resource, dst.resource);
    this.#region(dst, src, width, height, depth, aspect);
    this.#engine.recorder.work++;
    this.#engine.vk.vkCmdCopyImage(
      commands,
      handleOf(src.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      handleOf(dst.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      1,
      this.#m.address(this.#copy),
    );
  }

  /** vkCmdResolveImage. */
  resolve(dst: Place, src: Place, width: number, height: number, layers: number, aspect: number): void {
    const commands = this.#engine.recorder.useForCopy(src.resource, dst.resource);
    this.#region(dst, src, width, height, layers, aspect); // VkImageResolve is laid out as VkImageCopy
    this.#engine.recorder.work++;
    this.#engine.vk.vkCmdResolveImage(
      commands,
      handleOf(src.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      handleOf(dst.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      1,
      this.#m.address(this.#copy),
    );
  }

  #region(dst: Place, src: Place, width: number, height: number, depth: number, aspect: number): void {
    const src3d = src.resource.target === PIPE_TEXTURE_3D, dst3d = dst.resource.target === PIPE_TEXTURE_3D;
    this.#place(this.#copy + copySrc, src, src3d, depth, aspect);
    this.#place(this.#copy + copyDst, dst, dst3d, depth, aspect);
    const { u32 } = this.#m, extent = (this.#copy + VkImageCopy.offsets.extent) >>> 2;
    u32[extent] = width;
    u32[extent + 1] = height;
    u32[extent + 2] = src3d || dst3d ? depth : 1;
  }

  /** A VkImageSubresourceLayers and the VkOffset3D behind it. */
  #place(at: number, place: Place, is3d: boolean, depth: number, aspect: number): void {
    const { u32, i32 } = this.#m, w = at >>> 2;
    u32[w] = aspect;
    u32[w + 1] = place.level;
    u32[w + 2] = is3d ? 0 : place.z;
    u32[w + 3] = is3d ? 1 : depth;
    const o = (at + LAYERS) >>> 2;
    i32[o] = place.x;
    i32[o + 1] = place.y;
    i32[o + 2] = is3d ? place.z : 0;
  }

  /**
   * vkCmdBlitImage. Corners are first and last + 1, swapped to flip; of images that are not 3D, z counts layers and does not flip.
   * @param to behind the last texel of the target. @param from behind the last texel of the source
   */
  blit(
    dst: Place,
    to: { readonly x: number; readonly y: number; readonly z: number },
    src: Place,
    from: { readonly x: number; readonly y: number; readonly z: number },
    aspect: number,
    filter: number,
  ): void {
    const commands = this.#engine.recorder.useForCopy(src.resource, dst.resource);
    this.#corners(this.#blit + blitSrc, src, from, aspect);
    this.#corners(this.#blit + blitDst, dst, to, aspect);
    this.#engine.recorder.work++;
    this.#engine.vk.vkCmdBlitImage(
      commands,
      handleOf(src.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      handleOf(dst.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      1,
      this.#m.address(this.#blit),
      filter,
    );
  }

  #corners(
    at: number,
    place: Place,
    end: { readonly x: number; readonly y: number; readonly z: number },
    aspect: number,
  ): void {
    const is3d = place.resource.target === PIPE_TEXTURE_3D;
    this.#place(at, place, is3d, end.z - place.z, aspect);
    const { i32 } = this.#m, o = (at + LAYERS + OFFSET) >>> 2;
    i32[o] = end.x;
    i32[o + 1] = end.y;
    i32[o + 2] = is3d ? end.z : 1;
  }

  /** vkCmdCopyImageToBuffer, tightly packed from the buffer's first byte on. */
  toBuffer(buffer: VirglResource, src: Place, width: number, height: number, depth: number, aspect: number): void {
    const commands = this.#engine.recorder.useForCopy(src.resource, buffer);
    this.#bufferRegion(src, width, height, depth, aspect, 0, 0, 0);
    this.#engine.recorder.work++;
    this.#engine.vk.vkCmdCopyImageToBuffer(
      commands,
      handleOf(src.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      buffer.buffer?.handle ?? 0n,
      1,
      this.#m.address(this.#image),
    );
  }

  /** vkCmdCopyBufferToImage from a buffer's first byte on. @param row texels of a row there. @param rows of a slice there */
  fromBuffer(
    dst: Place,
    buffer: VirglResource,
    width: number,
    height: number,
    depth: number,
    aspect: number,
    row: number,
    rows: number,
  ): void {
    const commands = this.#engine.recorder.useForCopy(buffer, dst.resource);
    this.#bufferRegion(dst, width, height, depth, aspect, 0, row, rows);
    this.#engine.recorder.work++;
    this.#engine.vk.vkCmdCopyBufferToImage(
      commands,
      buffer.buffer?.handle ?? 0n,
      handleOf(dst.resource),
      VK_IMAGE_LAYOUT_GENERAL,
      1,
      this.#m.address(this.#image),
    );
  }

  #bufferRegion(
    place: Place,
    width: number,
    height: number,
    depth: number,
    aspect: number,
    offset: number,
    row: number,
    rows: number,
  ): void {
    const { u32 } = this.#m, is3d = place.resource.target === PIPE_TEXTURE_3D, { offsets } = VkBufferImageCopy;
    this.#m.setU53(this.#image + offsets.bufferOffset, offset);
    u32[(this.#image + offsets.bufferRowLength) >>> 2] = row;
    u32[(this.#image + offsets.bufferImageHeight) >>> 2] = rows;
    this.#place(this.#image + offsets.imageSubresource, place, is3d, depth, aspect);
    const extent = (this.#image + offsets.imageExtent) >>> 2;
    u32[extent] = width;
    u32[extent + 1] = height;
    u32[extent + 2] = is3d ? depth : 1;
  }

  /** Nothing to free. */
  [Symbol.dispose](): void {}
}

function handleOf(resource: VirglResource): bigint {
  if (resource.image === undefined) throw new TypeError("Cannot copy texels of a buffer");
  return resource.image.handle;
}
