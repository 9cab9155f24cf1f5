/**
 * The texel views of one buffer, made when first asked for; they live as long as it.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { VkBufferViewCreateInfo } from "../../vulkan/mod.ts";
import type { GpuFormat } from "./formats.ts";
import type { Gpu } from "./gpu.ts";

/** So many views of one buffer may exist. */
const MAX_VIEWS = 4096;

/** The views. */
export class BufferViews implements Disposable {
  readonly #gpu: Gpu;
  readonly #buffer: { readonly handle: bigint; readonly size: number };
  readonly #views = new Map<string, bigint>();

  /** None yet. @param buffer whose. */
  constructor(gpu: Gpu, buffer: { readonly handle: bigint; readonly size: number }) {
    this.#gpu = gpu;
    this.#buffer = buffer;
  }

  /** A view: see `VirglResource.bufferView`. */
  of(format: GpuFormat, offset: number, size: number): bigint {
    const { limits, device, vk } = this.#gpu, { handle, size: whole } = this.#buffer;
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

  /** Destroys them; the GPU must be done with them. */
  [Symbol.dispose](): void {
    const { device, vk } = this.#gpu;
    for (const view of this.#views.values()) vk.vkDestroyBufferView(device.handle, view, 0n);
    this.#views.clear();
  }
}
