/**
 * The texel views of one buffer, made when first asked for; they live as long as it.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import {
  type DeviceBuffer,
  VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT,
  VkBufferCreateInfo,
  VkBufferViewCreateInfo,
} from "../../vulkan/mod.ts";
import type { GpuFormat } from "./formats.ts";
import type { Gpu } from "./gpu.ts";
import type { ViewPayment } from "./view_payment.ts";

/** So many views of one buffer may exist. */
const MAX_VIEWS = 4096;

/** What is viewed. */
export interface ViewedBuffer {
  /** The VkBuffer. */
  readonly handle: bigint;
  /** Bytes that may be viewed. */
  readonly size: number;
  /** The buffer and its memory. */
  readonly device: DeviceBuffer;
}

/** The views. */
export class BufferViews implements Disposable {
  readonly #gpu: Gpu;
  readonly #buffer: ViewedBuffer;
  readonly #payment: ViewPayment;
  readonly #views = new Map<string, bigint>();
  // The same memory as a buffer that can be read only; 0 until it is needed.
  #readable = 0n;

  /** None yet. @param buffer whose. @param payment for each */
  constructor(gpu: Gpu, buffer: ViewedBuffer, payment: ViewPayment) {
    this.#payment = payment;
    this.#gpu = gpu;
    this.#buffer = buffer;
  }

  /** A view: see `VirglResource.bufferView`. */
  of(format: GpuFormat, offset: number, size: number): bigint {
    const { limits, device, vk } = this.#gpu, { size: whole } = this.#buffer;
    if (!format.canTexelBuffer) throw new DrmError("EINVAL", `Cannot view a buffer as ${format.info.name}`);
    const align = Math.max(Number(limits.minTexelBufferOffsetAlignment), 1);
    const room = Math.min(size, whole - offset);
    const texels = Math.min(Math.floor(room / format.blockBytes), limits.maxTexelBufferElements);
    if (!(Number.isInteger(offset) && offset >= 0 && offset % align === 0 && texels > 0)) {
      throw new DrmError("EINVAL", `Cannot view ${size} bytes at ${offset} of a buffer of ${whole}`);
    }
    const key = `${format.vk} ${offset} ${texels}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    if (this.#views.size >= MAX_VIEWS) throw new DrmError("ENOMEM", `Cannot make a view: the buffer has ${MAX_VIEWS}`);
    this.#payment.pay();
    const handle = format.storesTexels ? this.#buffer.handle : this.#readableHandle();
    const view = device.arena.scope((m) => {
      const out = m.alloc(8);
      const range = BigInt(texels * format.blockBytes);
      const info = m.put(VkBufferViewCreateInfo, { buffer: handle, format: format.vk, offset: BigInt(offset), range });
      device.check(vk.vkCreateBufferView(device.handle, info, 0n, m.address(out)), "vkCreateBufferView");
      return m.u64[out >>> 3];
    });
    this.#views.set(key, view);
    return view;
  }

  // A view can be no more than its buffer may be used for, and a buffer that may be stored to takes no format that cannot be.
  #readableHandle(): bigint {
    if (this.#readable !== 0n) return this.#readable;
    const { device, vk } = this.#gpu, { size, allocation, dedicated } = this.#buffer.device;
    if (dedicated) {
      throw new DrmError("EINVAL", "Cannot view a buffer: its memory is dedicated, and its format for reading alone");
    }
    this.#readable = device.arena.scope((m) => {
      const out = m.alloc(8),
        info = m.put(VkBufferCreateInfo, { size: BigInt(size), usage: VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT });
      device.check(vk.vkCreateBuffer(device.handle, info, 0n, m.address(out)), "vkCreateBuffer");
      return m.u64[out >>> 3];
    });
    const { memory, offset } = allocation;
    device.check(vk.vkBindBufferMemory(device.handle, this.#readable, memory, BigInt(offset)), "vkBindBufferMemory");
    return this.#readable;
  }

  /** Destroys them; the GPU must be done with them. */
  [Symbol.dispose](): void {
    const { device, vk } = this.#gpu;
    for (const view of this.#views.values()) vk.vkDestroyBufferView(device.handle, view, 0n);
    this.#views.clear();
    if (this.#readable !== 0n) vk.vkDestroyBuffer(device.handle, this.#readable, 0n);
    this.#readable = 0n;
  }
}
