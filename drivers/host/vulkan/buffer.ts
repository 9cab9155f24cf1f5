/** A VkBuffer with memory of its own. */
import type { Device } from "./device.ts";
import {
  VkBufferCreateInfo,
  VkBufferMemoryRequirementsInfo2,
  VkMemoryDedicatedRequirements,
  VkMemoryRequirements2,
} from "./generated/mod.ts";
import type { Allocation, MemoryKind } from "./memory.ts";

/** What a buffer is. */
export interface BufferOptions {
  /** Bytes, above 0. */
  readonly size: number;
  /** VkBufferUsageFlags. */
  readonly usage: number;
  /** What its memory is for; "device" by default. */
  readonly memory?: MemoryKind;
}

/** A buffer. Dispose of it when the GPU is done with it (`queue.disposeLater`). */
export class DeviceBuffer implements Disposable {
  /** The VkBuffer. */
  readonly handle: bigint;
  /** Bytes. */
  readonly size: number;
  /** Its memory. */
  readonly allocation: Allocation;
  /** Whether its memory is for this buffer alone: no other one may be bound to it. */
  readonly dedicated: boolean;
  readonly #device: Device;
  #open = true;

  /**
   * Creates the buffer and binds memory to it.
   * @throws {RangeError} for a size that is no positive integer
   * @throws {VkError} when the memory does not suffice
   */
  constructor(device: Device, options: BufferOptions) {
    const { size, usage } = options;
    if (!(Number.isSafeInteger(size) && size > 0)) throw new RangeError(`Cannot create a buffer of ${size} bytes`);
    device.assertUsable();
    this.#device = device;
    this.size = size;
    const { vk, handle, arena } = device;
    const mark = arena.mark();
    try {
      const out = arena.alloc(8);
      const info = arena.put(VkBufferCreateInfo, { size: BigInt(size), usage });
      device.check(vk.vkCreateBuffer(handle, info, 0n, arena.address(out)), "vkCreateBuffer");
      this.handle = arena.u64[out >>> 3];
      using cleanup = new DisposableStack();
      cleanup.defer(() => vk.vkDestroyBuffer(handle, this.handle, 0n));
      const dedicatedAt = arena.place(VkMemoryDedicatedRequirements, {});
      const at = arena.place(VkMemoryRequirements2, { pNext: arena.address(dedicatedAt) });
      vk.vkGetBufferMemoryRequirements2(
        handle,
        arena.put(VkBufferMemoryRequirementsInfo2, { buffer: this.handle }),
        arena.address(at),
      );
      const { memoryRequirements } = VkMemoryRequirements2.read(arena, at);
      const dedicated = VkMemoryDedicatedRequirements.read(arena, dedicatedAt);
      this.dedicated = dedicated.prefersDedicatedAllocation || dedicated.requiresDedicatedAllocation;
      this.allocation = device.memory.allocate({
        size: Number(memoryRequirements.size),
        alignment: Number(memoryRequirements.alignment),
        typeBits: memoryRequirements.memoryTypeBits,
        kind: options.memory ?? "device",
        tiled: false,
        dedicated: this.dedicated ? { buffer: this.handle } : undefined,
      });
      cleanup.use(this.allocation);
      device.check(
        vk.vkBindBufferMemory(handle, this.handle, this.allocation.memory, BigInt(this.allocation.offset)),
        "vkBindBufferMemory",
      );
      cleanup.move();
    } finally {
      arena.reset(mark);
    }
    device.own(this);
  }

  /** The first `size` bytes of its memory, where the CPU can reach it (see {@linkcode Allocation.bytes}). */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.allocation.bytes.subarray(0, this.size);
  }

  /** Destroys the buffer and frees its memory. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#device.disown(this);
    this.#device.vk.vkDestroyBuffer(this.#device.handle, this.handle, 0n);
    this.allocation[Symbol.dispose]();
  }
}
