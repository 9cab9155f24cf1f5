/**
 * Transfers of depth and stencil that Vulkan's copies do not make as they are: rows go through the CPU, one slice of some rows at a
 * time. Rare, and small next to what is rendered.
 * @module
 */

import type { Backing } from "../../../../core/host.ts";
import {
  BufferImageCopies,
  VK_IMAGE_ASPECT_DEPTH_BIT,
  VK_IMAGE_ASPECT_STENCIL_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
} from "../../vulkan/mod.ts";
import { depthLayout, joinDepth, splitDepth } from "./depth_texels.ts";
import { type Readbacks, storeRows } from "./readbacks.ts";
import type { Recorder } from "./recorder.ts";
import type { VirglResource } from "./resource.ts";
import type { TransferBox } from "./transfer_box.ts";

/** Texels that are converted at once. */
const CHUNK_TEXELS = 256 * 1024;

/** Copies packed rows from memory: offset, stride and length in bytes, count of rows, and where to. */
export type ReadRows = (
  offset: number,
  stride: number,
  length: number,
  count: number,
  target: Uint8Array,
  at: number,
) => void;

/** Transfers of depth and stencil. */
export class DepthTransfers {
  readonly #recorder: Recorder;
  readonly #readbacks: Readbacks;
  readonly #copies = new BufferImageCopies(2);

  /** @param readbacks for what goes to memory. */
  constructor(recorder: Recorder, readbacks: Readbacks) {
    this.#recorder = recorder;
    this.#readbacks = readbacks;
  }

  /** To the resource. @throws {DrmError} ENOMEM, EFAULT. @throws {VkError} */
  toHost(resource: VirglResource, box: TransferBox, read: ReadRows): void {
    const { image, gpuFormat } = resource, recorder = this.#recorder, { staging } = recorder;
    if (image === undefined) return;
    const layout = depthLayout(gpuFormat);
    this.#each(box, (slice, row, rows) => {
      const count = rows * box.width;
      const texels = new Uint32Array(count * layout.words);
      const offset = box.offset + slice * box.layerStride + row * box.stride;
      read(offset, box.stride, box.rowBytes, rows, new Uint8Array(texels.buffer), 0);
      const depthAt = staging.take(count * 5 + 4, 16), stencilAt = depthAt + count * 4;
      splitDepth(
        layout,
        texels,
        count,
        staging.words.subarray(depthAt >>> 2),
        staging.bytes.subarray(stencilAt, stencilAt + count),
      );
      const y = box.y + row, z = box.z + slice;
      const commands = recorder.copyTo(resource, box.level, box.x, y, z, box.width, rows, 1);
      this.#push(resource, box, depthAt, stencilAt, y, z, rows);
      const { count: regions, address } = this.#copies;
      recorder.vk.vkCmdCopyBufferToImage(
        commands,
        staging.handle,
        image.handle,
        VK_IMAGE_LAYOUT_GENERAL,
        regions,
        address,
      );
      recorder.breathe();
    });
  }

  /** From the resource, to a backing or to bytes, complete with the submission. @throws {DrmError} ENOMEM. @throws {VkError} */
  fromHost(
    resource: VirglResource,
    box: TransferBox,
    backing: Backing | undefined,
    bytes: Uint8Array | undefined,
  ): void {
    const { image, gpuFormat } = resource, recorder = this.#recorder, { readback } = recorder;
    if (image === undefined) return;
    const layout = depthLayout(gpuFormat);
    this.#each(box, (slice, row, rows) => {
      const count = rows * box.width, y = box.y + row, z = box.z + slice;
      const depthAt = readback.take(count * 5 + 4, 16), stencilAt = depthAt + count * 4;
      const commands = recorder.copyFrom(resource);
      this.#push(resource, box, depthAt, stencilAt, y, z, rows);
      const { count: regions, address } = this.#copies;
      recorder.vk.vkCmdCopyImageToBuffer(
        commands,
        image.handle,
        VK_IMAGE_LAYOUT_GENERAL,
        readback.handle,
        regions,
        address,
      );
      const { words, bytes: ring } = readback, { stride, rowBytes } = box;
      const offset = box.offset + slice * box.layerStride + row * stride;
      this.#readbacks.later(depthAt, count * 5, () => {
        const texels = new Uint32Array(count * layout.words);
        const depth = words.subarray(depthAt >>> 2), stencil = ring.subarray(stencilAt, stencilAt + count);
        joinDepth(layout, depth, stencil, count, texels);
        const packed = new Uint8Array(texels.buffer);
        if (bytes !== undefined) storeRows(bytes, offset, stride, packed, 0, rowBytes, rows);
        else if (backing !== undefined) this.#readbacks.store(backing, offset, stride, packed, 0, rowBytes, rows);
      });
      this.#readbacks.relieve();
    });
  }

  #each(box: TransferBox, body: (slice: number, row: number, rows: number) => void): void {
    const { depth, height, width } = box, most = Math.max(1, Math.floor(CHUNK_TEXELS / width));
    for (let slice = 0; slice < depth; slice++) {
      for (let row = 0; row < height; row += most) body(slice, row, Math.min(most, height - row));
    }
  }

  #push(
    resource: VirglResource,
    box: TransferBox,
    depthAt: number,
    stencilAt: number,
    y: number,
    z: number,
    rows: number,
  ): void {
    const copies = this.#copies, { level, x, width, solid } = box, { info } = resource.gpuFormat;
    const layer = solid ? 0 : z, slice = solid ? z : 0;
    copies.clear();
    if (info.isDepth) {
      copies.push(depthAt, 0, 0, VK_IMAGE_ASPECT_DEPTH_BIT, level, layer, x, y, slice, width, rows, 1);
    }
    if (info.isStencil) {
      copies.push(stencilAt, 0, 0, VK_IMAGE_ASPECT_STENCIL_BIT, level, layer, x, y, slice, width, rows, 1);
    }
  }
}
