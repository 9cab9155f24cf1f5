/**
 * Device memory: blocks per memory type, divided among buffers and images. Buffers and linear images never share a block with tiled
 * images, which satisfies bufferImageGranularity; host-visible blocks stay mapped.
 */
import { VkError } from "./error.ts";
import {
  VK_ERROR_OUT_OF_DEVICE_MEMORY,
  VK_ERROR_TOO_MANY_OBJECTS,
  VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
  VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
  VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT,
  VkMappedMemoryRange,
  VkMemoryAllocateInfo,
  VkMemoryDedicatedAllocateInfo,
} from "./generated/mod.ts";
import type { Device } from "./device.ts";
import { alignUp, Ranges } from "./ranges.ts";
import { chain, type Chained } from "./struct.ts";

/** What memory is for: the GPU alone, writing from the CPU, reading on the CPU. */
export type MemoryKind = "device" | "upload" | "readback";

/** What to allocate. */
export interface MemoryRequest {
  /** Bytes. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly alignment: number;
  /** memoryTypeBits of the requirements. */
  readonly typeBits: number;
  /** What it is for. */
  readonly kind: MemoryKind;
  /** Whether it is for an image of tiling OPTIMAL or DRM_FORMAT_MODIFIER. */
  readonly tiled: boolean;
  /** The buffer or image that gets an allocation of its own; undefined to share a block. */
  readonly dedicated?: { readonly buffer?: bigint; readonly image?: bigint };
}

/** Memory type flags that only special code may use: protected, lazily allocated, AMD's device-coherent, NVIDIA's RDMA. */
const unusable = 0x20 | 0x10 | 0x40 | 0x80 | 0x100;
const { min, max } = Math;
const wantedBlock = 64 * 1024 * 1024;

/** Scores a memory type for a kind: lower is better, -1 is unusable. */
export function memoryTypeCost(flags: number, kind: MemoryKind): number {
  if ((flags & unusable) !== 0) return -1;
  const visible = (flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) !== 0;
  const cost = (bit: number, want: boolean, weight: number) => ((flags & bit) !== 0) === want ? 0 : weight;
  if (kind === "device") {
    return cost(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, true, 4) + cost(VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT, false, 1);
  }
  if (!visible) return -1;
  if (kind === "upload") {
    return cost(VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, true, 4) + cost(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, false, 2) +
      cost(VK_MEMORY_PROPERTY_HOST_CACHED_BIT, false, 1);
  }
  return cost(VK_MEMORY_PROPERTY_HOST_CACHED_BIT, true, 4) + cost(VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, true, 2) +
    cost(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, false, 1);
}

/** One VkDeviceMemory of the allocator. */
export class Block {
  /** The handle. */
  readonly memory: bigint;
  /** Index of its memory type. */
  readonly type: number;
  /** Whether it holds tiled images rather than buffers and linear images. */
  readonly tiled: boolean;
  /** What of it is free. */
  readonly ranges: Ranges;
  /** Whether several allocations may share it. */
  readonly shared: boolean;
  /** All its bytes, where the CPU can reach them. */
  readonly mapped: Uint8Array<ArrayBuffer> | undefined;

  /** For the allocator. */
  constructor(
    memory: bigint,
    type: number,
    tiled: boolean,
    size: number,
    shared: boolean,
    mapped: Uint8Array<ArrayBuffer> | undefined,
  ) {
    this.memory = memory;
    this.type = type;
    this.tiled = tiled;
    this.ranges = new Ranges(size);
    this.shared = shared;
    this.mapped = mapped;
  }
}

/** A part of a VkDeviceMemory. Disposing it gives it back; nothing may be bound to it then. */
export class Allocation implements Disposable {
  /** The VkDeviceMemory. */
  readonly memory: bigint;
  /** Byte offset in it. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** VkMemoryPropertyFlags of its type. */
  readonly flags: number;
  readonly #owner: MemoryAllocator;
  readonly #block: Block;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #live = true;

  /** For the allocator. */
  constructor(owner: MemoryAllocator, block: Block, offset: number, size: number, flags: number) {
    this.#owner = owner;
    this.#block = block;
    this.memory = block.memory;
    this.offset = offset;
    this.size = size;
    this.flags = flags;
  }

  /** Whether the CPU can reach it. */
  get hostVisible(): boolean {
    return this.#block.mapped !== undefined;
  }

  /**
   * The memory's bytes. Do not use them after disposing of the allocation: they alias what comes next (or nothing, once the block goes).
   * @throws {TypeError} when the memory is not host visible
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#block.mapped === undefined || !this.#live) {
      throw new TypeError("Cannot map the allocation: its memory is not host visible, or it was disposed of");
    }
    return this.#bytes ??= this.#block.mapped.subarray(this.offset, this.offset + this.size);
  }

  /** Makes CPU writes visible to the GPU; free of cost for coherent memory. */
  flush(offset = 0, size: number = this.size - offset): void {
    if ((this.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) === 0) this.#owner.sync(this, true, offset, size);
  }

  /** Makes GPU writes visible to the CPU; free of cost for coherent memory. */
  invalidate(offset = 0, size: number = this.size - offset): void {
    if ((this.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) === 0) this.#owner.sync(this, false, offset, size);
  }

  /** Gives the memory back. */
  [Symbol.dispose](): void {
    if (!this.#live) return;
    this.#live = false;
    this.#bytes = undefined;
    this.#owner.release(this.#block, this.offset, this.size);
  }
}

/** The allocator of a device. */
export class MemoryAllocator implements Disposable {
  readonly #device: Device;
  readonly #blocks: Set<Block> = new Set();
  readonly #atom: number;
  readonly #limit: number;
  #count = 0;
  #bytes = 0;

  /** Allocates nothing yet. @param device the device, whose limits hold */
  constructor(device: Device) {
    this.#device = device;
    this.#atom = Number(device.physical.limits.nonCoherentAtomSize);
    this.#limit = device.physical.limits.maxMemoryAllocationCount;
  }

  /** VkDeviceMemory objects that exist, imports included. */
  get blockCount(): number {
    return this.#count;
  }

  /** Bytes of all blocks. */
  get blockBytes(): number {
    return this.#bytes;
  }

  /** Memory types for a kind, best first. */
  candidates(typeBits: number, kind: MemoryKind): number[] {
    return this.#device.physical.memory.types
      .map((t, index) => ({ index, cost: (typeBits >>> index & 1) === 0 ? -1 : memoryTypeCost(t.flags, kind) }))
      .filter((t) => t.cost >= 0).sort((a, b) => a.cost - b.cost || a.index - b.index).map((t) => t.index);
  }

  /**
   * Allocates memory.
   * @throws {VkError} VK_ERROR_OUT_OF_DEVICE_MEMORY when no type has room or fits, VK_ERROR_TOO_MANY_OBJECTS at maxMemoryAllocationCount
   */
  allocate(request: MemoryRequest): Allocation {
    const candidates = this.candidates(request.typeBits, request.kind);
    if (candidates.length === 0) {
      throw new VkError(VK_ERROR_OUT_OF_DEVICE_MEMORY, "vkAllocateMemory", `no memory type is fit for ${request.kind}`);
    }
    let failure: unknown;
    for (const type of candidates) {
      try {
        return this.#allocateFrom(type, request);
      } catch (error) {
        if (!(error instanceof VkError) || error.result !== VK_ERROR_OUT_OF_DEVICE_MEMORY) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  #allocateFrom(type: number, request: MemoryRequest): Allocation {
    const { types, heaps } = this.#device.physical.memory;
    const { flags, heap } = types[type];
    const coherent = (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) !== 0;
    const visible = (flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) !== 0;
    // Flushed ranges are whole atoms, which no other allocation may share.
    const atom = visible && !coherent ? this.#atom : 1;
    const align = max(request.alignment, atom), size = alignUp(request.size, atom);
    const blockSize = min(wantedBlock, alignUp(Number(heaps[heap].size) / 16, 4096));
    if (request.dedicated !== undefined || size > blockSize / 2) {
      const block = this.#newBlock(type, request.tiled, size, false, request.dedicated);
      return new Allocation(this, block, block.ranges.alloc(size, 1), size, flags);
    }
    for (const block of this.#blocks) {
      if (!block.shared || block.type !== type || block.tiled !== request.tiled) continue;
      const offset = block.ranges.alloc(size, align);
      if (offset >= 0) return new Allocation(this, block, offset, size, flags);
    }
    const block = this.#newBlock(type, request.tiled, blockSize, true);
    return new Allocation(this, block, block.ranges.alloc(size, align), size, flags);
  }

  #newBlock(
    type: number,
    tiled: boolean,
    size: number,
    shared: boolean,
    dedicated?: { buffer?: bigint; image?: bigint },
  ): Block {
    const memory = this.allocateRaw(
      type,
      size,
      dedicated === undefined ? [] : [chain(VkMemoryDedicatedAllocateInfo, dedicated)],
    );
    let mapped: Uint8Array<ArrayBuffer> | undefined;
    if ((this.#device.physical.memory.types[type].flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) !== 0) {
      try {
        mapped = this.#map(memory, size);
      } catch (error) {
        this.freeRaw(memory, size);
        throw error;
      }
    }
    const block = new Block(memory, type, tiled, size, shared, mapped);
    this.#blocks.add(block);
    return block;
  }

  #map(memory: bigint, size: number): Uint8Array<ArrayBuffer> {
    const { vk, handle, arena } = this.#device;
    return arena.scope((m) => {
      const out = m.alloc(8);
      this.#device.check(vk.vkMapMemory(handle, memory, 0n, BigInt(size), 0, m.address(out)), "vkMapMemory");
      const pointer = Deno.UnsafePointer.create(m.u64[out >>> 3]);
      if (pointer === null) {
        throw new VkError(VK_ERROR_OUT_OF_DEVICE_MEMORY, "vkMapMemory", "the driver gave no address");
      }
      return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, size));
    });
  }

  /**
   * Allocates a VkDeviceMemory of its own: for imports and exports. It counts as the others do.
   * @throws {VkError} as {@linkcode MemoryAllocator.allocate}
   */
  allocateRaw(type: number, size: number, links: readonly Chained[]): bigint {
    const { vk, handle, arena } = this.#device;
    if (this.#count >= this.#limit) {
      throw new VkError(VK_ERROR_TOO_MANY_OBJECTS, "vkAllocateMemory", `maxMemoryAllocationCount is ${this.#limit}`);
    }
    return arena.scope((m) => {
      const at = m.place(VkMemoryAllocateInfo, { allocationSize: BigInt(size), memoryTypeIndex: type });
      m.toChain(at + 8, links);
      const out = m.alloc(8);
      this.#device.check(vk.vkAllocateMemory(handle, m.address(at), 0n, m.address(out)), "vkAllocateMemory");
      this.#count++;
      this.#bytes += size;
      return m.u64[out >>> 3];
    });
  }

  /** Frees what {@linkcode MemoryAllocator.allocateRaw} gave. */
  freeRaw(memory: bigint, size: number): void {
    this.#device.vk.vkFreeMemory(this.#device.handle, memory, 0n);
    this.#count--;
    this.#bytes -= size;
  }

  /** Flushes or invalidates a range of a non-coherent allocation, widened to whole atoms. */
  sync(allocation: Allocation, flush: boolean, offset: number, size: number): void {
    if (!(offset >= 0 && size >= 0 && offset + size <= allocation.size)) {
      throw new RangeError(`Cannot synchronize ${size} bytes at ${offset} of ${allocation.size}`);
    }
    if (size === 0) return;
    const { vk, handle, arena } = this.#device;
    const start = Math.floor((allocation.offset + offset) / this.#atom) * this.#atom;
    const end = alignUp(allocation.offset + offset + size, this.#atom);
    const mark = arena.mark();
    const range = arena.put(VkMappedMemoryRange, {
      memory: allocation.memory,
      offset: BigInt(start),
      size: BigInt(end - start),
    });
    arena.reset(mark);
    if (flush) this.#device.check(vk.vkFlushMappedMemoryRanges(handle, 1, range), "vkFlushMappedMemoryRanges");
    else this.#device.check(vk.vkInvalidateMappedMemoryRanges(handle, 1, range), "vkInvalidateMappedMemoryRanges");
  }

  /** Takes a range back; keeps at most one empty block of each sort. */
  release(block: Block, offset: number, size: number): void {
    block.ranges.release(offset, size);
    if (!block.ranges.isEmpty) return;
    const spare = [...this.#blocks].some((b) =>
      b !== block && b.shared && b.type === block.type && b.tiled === block.tiled && b.ranges.isEmpty
    );
    if (!block.shared || spare) this.#freeBlock(block);
  }

  #freeBlock(block: Block): void {
    this.#blocks.delete(block);
    block.mapped?.buffer.transfer(0); // vkFreeMemory unmaps: no view may survive it
    this.freeRaw(block.memory, block.ranges.size);
  }

  /** Frees every block. */
  [Symbol.dispose](): void {
    for (const block of [...this.#blocks]) this.#freeBlock(block);
  }
}
