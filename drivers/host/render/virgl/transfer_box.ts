/**
 * What a transfer moves, checked: the box against the resource, strides and offset against the memory. Mirrors
 * check_transfer_bounds and check_iov_bounds of virglrenderer's vrend_renderer.c.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Transfer3d } from "../../../../core/host3d.ts";
import { PIPE_TEXTURE_3D } from "../../../../uapi/pipe.ts";
import type { VirglResource } from "./resource.ts";

/** A checked transfer. One object is filled again for each. */
export class TransferBox {
  /** The level. */
  level = 0;
  /** First column, in texels; bytes of a buffer. */
  x = 0;
  /** First row. */
  y = 0;
  /** First slice or layer. */
  z = 0;
  /** Columns. */
  width = 0;
  /** Rows. */
  height = 0;
  /** Slices or layers. */
  depth = 0;
  /** Where the first block lies in memory, bytes. */
  offset = 0;
  /** Bytes from row of blocks to row of blocks in memory. */
  stride = 0;
  /** Bytes from slice to slice in memory. */
  layerStride = 0;
  /** Bytes of a row of blocks. */
  rowBytes = 0;
  /** Rows of blocks in a slice. */
  rows = 0;
  /** Bytes in memory from the first to the last. */
  span = 0;
  /** Whether z counts slices of a 3D image rather than layers. */
  solid = false;

  /**
   * Checks a transfer and takes it over.
   * @param size bytes of the memory
   * @returns whether anything is to be moved
   * @throws {DrmError} EINVAL for a box, stride or resource that cannot be; EFAULT if memory is short
   */
  set(resource: VirglResource, transfer: Transfer3d, size: number): boolean {
    const { level, x, y, z, width, height, depth } = transfer;
    const { levels, gpuFormat, buffer } = resource;
    if (!whole(transfer)) throw refused("its numbers are no whole ones");
    if (!(level >= 0 && level < levels)) throw refused(`it has ${levels} levels, and no ${level}`);
    if (resource.samples > 1) throw refused("it has several samples a pixel");
    const maxWidth = resource.levelWidth(level), maxHeight = resource.levelHeight(level);
    const maxDepth = resource.levelDepth(level);
    if (
      !(x >= 0 && y >= 0 && z >= 0 && width >= 0 && height >= 0 && depth >= 0 && x + width <= maxWidth &&
        y + height <= maxHeight && z + depth <= maxDepth)
    ) {
      throw refused(
        `${width}x${height}x${depth} at ${x},${y},${z} are outside of ${maxWidth}x${maxHeight}x${maxDepth}`,
      );
    }
    const { blockWidth, blockHeight } = gpuFormat, blockBytes = buffer !== undefined ? 1 : gpuFormat.blockBytes;
    if (blockWidth > 1 || blockHeight > 1) {
      const uncut = x % blockWidth === 0 && y % blockHeight === 0 &&
        (width % blockWidth === 0 || x + width === maxWidth) &&
        (height % blockHeight === 0 || y + height === maxHeight);
      if (!uncut) throw refused(`the box cuts blocks of ${blockWidth}x${blockHeight}`);
    }
    const rowBytes = Math.ceil(width / blockWidth) * blockBytes, rows = Math.ceil(height / blockHeight);
    const stride = transfer.stride !== 0 ? transfer.stride : rowBytes;
    const layerStride = transfer.layerStride !== 0 ? transfer.layerStride : stride * rows;
    if (!(stride >= rowBytes)) throw refused(`a stride of ${stride} bytes does not hold a row of ${rowBytes}`);
    if (depth > 1 && !(layerStride >= (rows - 1) * stride + rowBytes)) {
      throw refused(`a layer stride of ${layerStride} bytes does not hold ${rows} rows`);
    }
    this.level = level;
    this.x = x;
    this.y = y;
    this.z = z;
    this.width = width;
    this.height = height;
    this.depth = depth;
    this.offset = transfer.offset;
    this.stride = stride;
    this.layerStride = layerStride;
    this.rowBytes = rowBytes;
    this.rows = rows;
    this.solid = resource.target === PIPE_TEXTURE_3D;
    if (width === 0 || height === 0 || depth === 0) return false;
    this.span = (depth - 1) * layerStride + (rows - 1) * stride + rowBytes;
    if (!(this.offset >= 0 && this.offset + this.span <= size)) {
      throw new DrmError("EFAULT", `Cannot transfer ${this.span} bytes at ${this.offset}: the memory holds ${size}`);
    }
    return true;
  }

  /** Bytes of the box, packed. */
  get bytes(): number {
    return this.rowBytes * this.rows * this.depth;
  }

  /** Whether it is all of a resource of one level. */
  covers(resource: VirglResource): boolean {
    return resource.levels === 1 && this.width === resource.levelWidth(0) && this.height === resource.levelHeight(0) &&
      this.depth === resource.levelDepth(0);
  }
}

function whole({ level, stride, layerStride, x, y, z, width, height, depth, offset }: Transfer3d): boolean {
  const { isSafeInteger } = Number;
  return isSafeInteger(level) && isSafeInteger(stride) && isSafeInteger(layerStride) && isSafeInteger(x) &&
    isSafeInteger(y) && isSafeInteger(z) && isSafeInteger(width) && isSafeInteger(height) && isSafeInteger(depth) &&
    isSafeInteger(offset);
}

function refused(why: string): DrmError {
  return new DrmError("EINVAL", `Cannot transfer a box of the resource: ${why}`);
}
