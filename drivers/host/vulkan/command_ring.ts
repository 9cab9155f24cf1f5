/** Command buffers that are recorded once, submitted once, and used again when the GPU has passed their timeline value. */
import type { Device } from "./device.ts";
import {
  VK_COMMAND_BUFFER_LEVEL_PRIMARY,
  VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
  VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
  VkCommandBufferAllocateInfo,
  VkCommandBufferBeginInfo,
  VkCommandPoolCreateInfo,
} from "./generated/mod.ts";
import { Arena } from "./arena.ts";

/** A command buffer with a pool of its own, so that resetting one is one cheap call. */
export interface CommandBuffer {
  /** The VkCommandBuffer, for vkCmd*. */
  readonly handle: bigint;
  /** The VkCommandPool. */
  readonly pool: bigint;
}

class Slot implements CommandBuffer {
  readonly handle: bigint;
  readonly pool: bigint;
  state: "free" | "recording" | "submitted" = "free";
  value = 0;

  constructor(handle: bigint, pool: bigint) {
    this.handle = handle;
    this.pool = pool;
  }
}

/** The command buffers of a queue. */
export class CommandRing implements Disposable {
  readonly #device: Device;
  readonly #family: number;
  readonly #capacity: number;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  /** Submitted slots in a circle: `#count` of them from `#head` on. */
  readonly #submitted: (Slot | undefined)[];
  readonly #beginInfo: bigint;
  readonly #m = new Arena(64);
  #head = 0;
  #count = 0;

  /**
   * Makes an empty ring; command buffers come as they are needed.
   * @param family the queue family
   * @param capacity how many may be in flight before `begin` waits
   */
  constructor(device: Device, family: number, capacity: number) {
    this.#device = device;
    this.#family = family;
    this.#capacity = capacity;
    this.#submitted = new Array<Slot | undefined>(capacity).fill(undefined);
    this.#beginInfo = this.#m.put(VkCommandBufferBeginInfo, { flags: VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT });
  }

  /** Command buffers that were made. */
  get size(): number {
    return this.#slots.length;
  }

  /** The lowest value that frees one, or 0 when one is free or can be made. */
  get blockedBy(): number {
    if (this.#free.length > 0 || this.#slots.length < this.#capacity) return 0;
    return this.#count > 0 ? this.#submitted[this.#head]?.value ?? 0 : 0;
  }

  /** Takes back what the GPU has done. */
  reclaim(completed: number): void {
    while (this.#count > 0) {
      const slot = this.#submitted[this.#head];
      if (slot === undefined || slot.value > completed) return;
      slot.state = "free";
      this.#free.push(slot);
      this.#head = (this.#head + 1) % this.#capacity;
      this.#count--;
    }
  }

  /**
   * A command buffer in the recording state.
   * @throws {RangeError} when every one is being recorded
   * @throws {VkError} when the device has no memory left
   */
  begin(): CommandBuffer {
    const slot = this.#free.pop() ?? this.#make();
    const { vk, handle } = this.#device;
    const reset = vk.vkResetCommandPool(handle, slot.pool, 0);
    const result = reset < 0 ? reset : vk.vkBeginCommandBuffer(slot.handle, this.#beginInfo);
    if (result < 0) {
      this.#free.push(slot);
      this.#device.check(result, "vkBeginCommandBuffer");
    }
    slot.state = "recording";
    return slot;
  }

  /** Notes that a command buffer was submitted with the timeline value `value`. */
  submitted(buffer: CommandBuffer, value: number): void {
    const slot = this.#recording(buffer);
    slot.state = "submitted";
    slot.value = value;
    this.#submitted[(this.#head + this.#count) % this.#capacity] = slot;
    this.#count++;
  }

  /** Takes back a command buffer that is not to be submitted. */
  discard(buffer: CommandBuffer): void {
    const slot = this.#recording(buffer);
    slot.state = "free";
    this.#free.push(slot);
  }

  #recording(buffer: CommandBuffer): Slot {
    if (!(buffer instanceof Slot) || buffer.state !== "recording") {
      throw new TypeError("Cannot use the command buffer: it is not being recorded");
    }
    return buffer;
  }

  #make(): Slot {
    if (this.#slots.length >= this.#capacity) {
      throw new RangeError(`Cannot begin a command buffer: all ${this.#capacity} are in use`);
    }
    const device = this.#device;
    return device.arena.scope((m) => {
      const out = m.alloc(8), buffer = m.alloc(8);
      const info = m.put(VkCommandPoolCreateInfo, {
        flags: VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        queueFamilyIndex: this.#family,
      });
      device.check(device.vk.vkCreateCommandPool(device.handle, info, 0n, m.address(out)), "vkCreateCommandPool");
      const pool = m.u64[out >>> 3];
      const allocate = m.put(VkCommandBufferAllocateInfo, {
        commandPool: pool,
        level: VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        commandBufferCount: 1,
      });
      const result = device.vk.vkAllocateCommandBuffers(device.handle, allocate, m.address(buffer));
      if (result < 0) device.vk.vkDestroyCommandPool(device.handle, pool, 0n);
      device.check(result, "vkAllocateCommandBuffers");
      const slot = new Slot(m.u64[buffer >>> 3], pool);
      this.#slots.push(slot);
      return slot;
    });
  }

  /** Destroys the pools; the GPU must be idle. */
  [Symbol.dispose](): void {
    for (const slot of this.#slots.splice(0)) this.#device.vk.vkDestroyCommandPool(this.#device.handle, slot.pool, 0n);
    this.#free.length = 0;
    this.#count = 0;
  }
}
