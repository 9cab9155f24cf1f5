/** A preallocated array of VkBufferImageCopy, filled by patching: the regions of one vkCmdCopyBufferToImage or ...ImageToBuffer. */
import { Arena } from "./arena.ts";
import { VkBufferImageCopy } from "./generated/mod.ts";

const { size, offsets } = VkBufferImageCopy;
const bufferOffset = offsets.bufferOffset / 4,
  rowLength = offsets.bufferRowLength / 4,
  imageHeight = offsets.bufferImageHeight / 4;
const subresource = offsets.imageSubresource / 4,
  imageOffset = offsets.imageOffset / 4,
  imageExtent = offsets.imageExtent / 4;

/** Regions between a buffer and an image. */
export class BufferImageCopies {
  /** How many regions fit. */
  readonly capacity: number;
  /** Address of the first region, for the command. */
  readonly address: bigint;
  readonly #u32: Uint32Array<ArrayBuffer>;
  #count = 0;

  /** Preallocates the regions. @param capacity regions; each takes 56 bytes */
  constructor(capacity: number) {
    const arena = new Arena(capacity * size);
    this.capacity = capacity;
    this.address = arena.base;
    this.#u32 = arena.u32;
  }

  /** How many regions there are. */
  get count(): number {
    return this.#count;
  }

  /** Whether no further region fits. */
  get isFull(): boolean {
    return this.#count === this.capacity;
  }

  /** Forgets the regions, once the command that names them is recorded. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Adds a region of one layer. Everything must have been checked against the buffer and the image.
   * @param offset byte offset in the buffer
   * @param row bufferRowLength in texels; 0 for tightly packed
   * @param rows bufferImageHeight in texels; 0 for tightly packed
   * @param aspect one VkImageAspectFlagBits
   * @throws {RangeError} when the array is full
   */
  push(
    offset: number,
    row: number,
    rows: number,
    aspect: number,
    level: number,
    layer: number,
    x: number,
    y: number,
    z: number,
    width: number,
    height: number,
    depth: number,
  ): void {
    if (this.#count >= this.capacity) throw new RangeError(`Cannot add a region: all ${this.capacity} are in use`);
    const u32 = this.#u32, at = this.#count++ * (size / 4);
    u32[at + bufferOffset] = offset;
    u32[at + bufferOffset + 1] = offset / 0x1_0000_0000;
    u32[at + rowLength] = row;
    u32[at + imageHeight] = rows;
    u32[at + subresource] = aspect;
    u32[at + subresource + 1] = level;
    u32[at + subresource + 2] = layer;
    u32[at + subresource + 3] = 1;
    u32[at + imageOffset] = x;
    u32[at + imageOffset + 1] = y;
    u32[at + imageOffset + 2] = z;
    u32[at + imageExtent] = width;
    u32[at + imageExtent + 1] = height;
    u32[at + imageExtent + 2] = depth;
  }
}
