/**
 * Descriptor sets. A set is written once and never changed; equal contents give the same set (SetLayout.sets). Sets come from a
 * pool; when it is full, everything begins anew with another one (an epoch), and the old pool is reset behind the GPU.
 * @module
 */

import {
  Arena,
  VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
  VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
  VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER,
  VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
  VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC,
  VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
  VK_ERROR_FRAGMENTED_POOL,
  VK_ERROR_OUT_OF_POOL_MEMORY,
  VK_IMAGE_LAYOUT_GENERAL,
  VK_WHOLE_SIZE,
  VkDescriptorBufferInfo,
  VkDescriptorImageInfo,
  VkDescriptorPoolCreateInfo,
  VkDescriptorSetAllocateInfo,
  VkWriteDescriptorSet,
} from "../../vulkan/mod.ts";
import type { Gpu } from "./gpu.ts";
import type { SetLayout } from "./layouts.ts";
import type { Recorder } from "./recorder.ts";

/** Sets of a pool. */
const SETS = 1024;
/** Descriptors of a pool, of each type. */
const COUNTS: readonly (readonly [type: number, count: number])[] = [
  [VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC, SETS * 4],
  [VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, SETS * 2],
  [VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, SETS * 8],
  [VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, SETS],
  [VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, SETS],
  [VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, SETS],
  [VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, SETS / 4],
];
/** Descriptors that are written at once. */
const WRITES = 256;

const write = VkWriteDescriptorSet.offsets,
  bufferInfo = VkDescriptorBufferInfo.offsets,
  imageInfo = VkDescriptorImageInfo.offsets;

interface Pool {
  readonly handle: bigint;
  /** The last submission that may use its sets. */
  usedBy: number;
}

/** The sets of a device. */
export class DescriptorSets implements Disposable {
  /** Grows when sets of before must not be bound any more. */
  epoch = 1;
  readonly #gpu: Gpu;
  readonly #recorder: Recorder;
  readonly #m = new Arena(4096 + WRITES * (VkWriteDescriptorSet.size + VkDescriptorImageInfo.size + 8));
  readonly #writes: number;
  readonly #infos: number;
  readonly #views: number;
  readonly #allocateInfo: number;
  readonly #layoutAt: number;
  readonly #out: number;
  readonly #old: Pool[] = [];
  #pool: Pool;
  #count = 0;

  /** Makes the first pool. @throws {VkError} */
  constructor(gpu: Gpu, recorder: Recorder) {
    this.#gpu = gpu;
    this.#recorder = recorder;
    const m = this.#m;
    this.#writes = m.alloc(WRITES * VkWriteDescriptorSet.size);
    this.#infos = m.alloc(WRITES * VkDescriptorImageInfo.size);
    this.#views = m.alloc(WRITES * 8);
    for (let i = 0; i < WRITES; i++) {
      const info = this.#infos + i * VkDescriptorImageInfo.size;
      VkWriteDescriptorSet.write(m, this.#writes + i * VkWriteDescriptorSet.size, {
        dstSet: 0n,
        descriptorCount: 1,
        descriptorType: 0,
        pImageInfo: m.base + BigInt(info),
        pBufferInfo: m.base + BigInt(info),
        pTexelBufferView: m.base + BigInt(this.#views + i * 8),
      });
    }
    this.#layoutAt = m.alloc(8);
    this.#out = m.alloc(8);
    this.#allocateInfo = m.place(VkDescriptorSetAllocateInfo, {
      descriptorPool: 0n,
      descriptorSetCount: 1,
      pSetLayouts: m.address(this.#layoutAt),
    });
    this.#pool = this.#make();
  }

  /** The set that was made for a key, or undefined. */
  known(layout: SetLayout, key: Int32Array): bigint | undefined {
    if (layout.epoch === this.epoch) return layout.sets.get(key);
    layout.sets.clear();
    layout.epoch = this.epoch;
    return undefined;
  }

  /**
   * Allocates a set; its contents come with `buffer`, `image`, `texels`, then `done`.
   * @throws {VkError}
   */
  allocate(layout: SetLayout): bigint {
    const { u64 } = this.#m, { device } = this.#gpu;
    u64[this.#layoutAt >>> 3] = layout.handle;
    let result = this.#allocate();
    if (result === VK_ERROR_OUT_OF_POOL_MEMORY || result === VK_ERROR_FRAGMENTED_POOL) {
      this.#next();
      layout.sets.clear();
      layout.epoch = this.epoch;
      result = this.#allocate();
    }
    device.check(result, "vkAllocateDescriptorSets");
    return u64[this.#out >>> 3];
  }

  #allocate(): number {
    const { u64 } = this.#m, { device, vk } = this.#gpu;
    u64[this.#allocateInfo + VkDescriptorSetAllocateInfo.offsets.descriptorPool >>> 3] = this.#pool.handle;
    return vk.vkAllocateDescriptorSets(device.handle, this.#m.address(this.#allocateInfo), this.#m.address(this.#out));
  }

  /** A part of a buffer. @param range bytes; -1 is the rest (a null buffer must have that) */
  buffer(set: bigint, binding: number, type: number, buffer: bigint, offset: number, range: number): void {
    const info = this.#infos + this.#write(set, binding, type) * VkDescriptorImageInfo.size, m = this.#m;
    m.u64[info + bufferInfo.buffer >>> 3] = buffer;
    m.setU53(info + bufferInfo.offset, offset);
    if (range < 0) m.u64[info + bufferInfo.range >>> 3] = VK_WHOLE_SIZE;
    else m.setU53(info + bufferInfo.range, range);
  }

  /** An image, in layout GENERAL. @param sampler 0n for a storage image. @param view 0n for none */
  image(set: bigint, binding: number, type: number, sampler: bigint, view: bigint): void {
    const info = this.#infos + this.#write(set, binding, type) * VkDescriptorImageInfo.size, m = this.#m;
    m.u64[info + imageInfo.sampler >>> 3] = sampler;
    m.u64[info + imageInfo.imageView >>> 3] = view;
    m.u32[info + imageInfo.imageLayout >>> 2] = VK_IMAGE_LAYOUT_GENERAL;
  }

  /** Texels of a buffer. @param view 0n for none */
  texels(set: bigint, binding: number, type: number, view: bigint): void {
    this.#m.u64[this.#views + this.#write(set, binding, type) * 8 >>> 3] = view;
  }

  #write(set: bigint, binding: number, type: number): number {
    if (this.#count === WRITES) this.done();
    const index = this.#count++, at = this.#writes + index * VkWriteDescriptorSet.size, m = this.#m;
    m.u64[at + write.dstSet >>> 3] = set;
    m.u32[at + write.dstBinding >>> 2] = binding;
    m.u32[at + write.descriptorType >>> 2] = type;
    return index;
  }

  /** Writes what was given. */
  done(): void {
    if (this.#count === 0) return;
    const { vk, device } = this.#gpu;
    vk.vkUpdateDescriptorSets(device.handle, this.#count, this.#m.address(this.#writes), 0, 0n);
    this.#count = 0;
  }

  #next(): void {
    const { device, vk } = this.#gpu, completed = this.#recorder.completed();
    this.#pool.usedBy = this.#recorder.submission;
    this.#old.push(this.#pool);
    this.epoch++;
    const free = this.#old.findIndex((pool) => pool.usedBy <= completed);
    if (free < 0) {
      this.#pool = this.#make();
      return;
    }
    this.#pool = this.#old.splice(free, 1)[0];
    device.check(vk.vkResetDescriptorPool(device.handle, this.#pool.handle, 0), "vkResetDescriptorPool");
  }

  #make(): Pool {
    const { device, vk } = this.#gpu;
    return device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkDescriptorPoolCreateInfo, {
        maxSets: SETS,
        pPoolSizes: COUNTS.map(([type, descriptorCount]) => ({ type, descriptorCount })),
      });
      device.check(vk.vkCreateDescriptorPool(device.handle, info, 0n, m.address(out)), "vkCreateDescriptorPool");
      return { handle: m.u64[out >>> 3], usedBy: 0 };
    });
  }

  /** Destroys the pools; the GPU must be idle. */
  [Symbol.dispose](): void {
    const { device, vk } = this.#gpu;
    for (const { handle } of [this.#pool, ...this.#old]) vk.vkDestroyDescriptorPool(device.handle, handle, 0n);
    this.#old.length = 0;
  }
}
