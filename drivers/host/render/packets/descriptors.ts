/**
 * The table of descriptors that a dispatch or draw uses: read once from memory, checked against what its shaders use, and
 * made a descriptor set. Pictures are copied into images before, and out of them after.
 * @module
 */

import { ACCESS_READ, ACCESS_WRITE } from "../../../../core/host_dxg.ts";
import * as object from "../../../../uapi/dxp_object.ts";
import type { SpirvBinding } from "../../shader/spirv_check/mod.ts";
import {
  Arena,
  VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
  VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
  VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
  VK_ERROR_FRAGMENTED_POOL,
  VK_ERROR_OUT_OF_POOL_MEMORY,
  VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT,
  VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT,
  VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VK_IMAGE_USAGE_SAMPLED_BIT,
  VK_IMAGE_USAGE_STORAGE_BIT,
  VkDescriptorBufferInfo,
  VkDescriptorImageInfo,
  VkDescriptorPoolCreateInfo,
  VkDescriptorSetAllocateInfo,
  VkWriteDescriptorSet,
} from "../../vulkan/mod.ts";
import { DONE, type Execution } from "./execution.ts";
import { isInteger, SPIRV_FORMATS } from "./formats.ts";
import type { Gpu } from "./gpu.ts";
import type { PacketMemory } from "./memory.ts";
import { type PictureImage, pictureSize } from "./pictures.ts";
import { descriptorType, type ProgramLayout } from "./programs.ts";
import type { Recorder } from "./recorder.ts";

/** Alignment of buffers in tables: what every Vulkan device can. */
export const DESCRIPTOR_ALIGN = 256;
/** Entries of a table, and bindings. */
const ENTRIES = 64;
/** Sets of a pool. */
const SETS = 256;
const MAX_IMAGE_SIZE = 16384;
const SAMPLERS = 31;

/** Bytes of an entry; its words are those of dxp_descriptor in order. */
const ENTRY = object.dxp_descriptor.size;
const write = VkWriteDescriptorSet.offsets,
  bufferInfo = VkDescriptorBufferInfo.offsets,
  imageInfo = VkDescriptorImageInfo.offsets;

interface Pool {
  readonly handle: bigint;
  used: number;
}

/** Where a binding's bytes are. */
class Slot {
  memory: PacketMemory | undefined;
  offset = 0;
  size = 0;
  pitch = 0;
  sampler = 0;
  picture: PictureImage | undefined;
}

/** Makes descriptor sets. */
export class Descriptors implements Disposable {
  readonly #recorder: Recorder;
  readonly #maxStorage: number;
  readonly #maxUniform: number;
  readonly #table = new Uint32Array(ENTRIES * ENTRY / 4);
  readonly #tableBytes = new Uint8Array(this.#table.buffer);
  readonly #entryOf = new Int8Array(ENTRIES);
  readonly #slots: Slot[] = Array.from({ length: ENTRIES }, () => new Slot());
  readonly #m = new Arena(1024 + ENTRIES * (VkWriteDescriptorSet.size + 24));
  readonly #writes: number;
  readonly #infos: number;
  readonly #allocateInfo: number;
  readonly #layoutAt: number;
  readonly #set: number;
  readonly #old: Pool[] = [];
  #pool: Pool | undefined;
  #left = 0;

  /** Prepares structs. */
  constructor(recorder: Recorder, gpu: Gpu) {
    this.#recorder = recorder;
    const { limits } = gpu.device.physical;
    this.#maxStorage = limits.maxStorageBufferRange;
    this.#maxUniform = limits.maxUniformBufferRange;
    const m = this.#m;
    this.#writes = m.alloc(ENTRIES * VkWriteDescriptorSet.size);
    this.#infos = m.alloc(ENTRIES * 24);
    for (let i = 0; i < ENTRIES; i++) {
      const info = m.base + BigInt(this.#infos + i * 24);
      VkWriteDescriptorSet.write(m, this.#writes + i * VkWriteDescriptorSet.size, {
        dstSet: 0n,
        descriptorCount: 1,
        descriptorType: 0,
        pImageInfo: info,
        pBufferInfo: info,
        pTexelBufferView: 0n,
      });
    }
    this.#layoutAt = m.alloc(8);
    this.#set = m.alloc(8);
    this.#allocateInfo = m.place(VkDescriptorSetAllocateInfo, {
      descriptorPool: 0n,
      descriptorSetCount: 1,
      pSetLayouts: m.address(this.#layoutAt),
    });
  }

  /** Reads and checks what shaders use; nothing is recorded. @throws {VkError} */
  check(x: Execution, layout: ProgramLayout): number {
    const { bindings } = layout;
    if (bindings.length === 0) return DONE;
    const { table, tableCount } = x.compute, words = this.#table;
    if (tableCount === 0) return x.refuse("the shader uses descriptors, and there is no table");
    const status = x.read(table, tableCount * ENTRY, ACCESS_READ, this.#tableBytes);
    if (status !== DONE) return status;
    this.#entryOf.fill(-1);
    for (let i = 0; i < tableCount; i++) {
      const at = i * (ENTRY / 4);
      const kind = words[at];
      if (kind >= object.DXP_DESCRIPTOR_LIMIT) return x.refuse(`entry ${i} of the table is of kind ${kind}`);
      if ((words[at + 11] | words[at + 12] | words[at + 13] | words[at + 14] | words[at + 15]) !== 0) {
        return x.refuse(`entry ${i} of the table has reserved words that are not zero`);
      }
      if (kind === object.DXP_DESCRIPTOR_NONE) continue;
      const binding = words[at + 1];
      if (binding >= ENTRIES) return x.refuse(`entry ${i} of the table is for binding ${binding}`);
      if (this.#entryOf[binding] >= 0) return x.refuse(`binding ${binding} stands twice in the table`);
      this.#entryOf[binding] = i;
    }
    for (let i = 0; i < bindings.length; i++) {
      const status = this.#entry(x, bindings[i], this.#slots[i]);
      if (status !== DONE) return status;
    }
    return DONE;
  }

  #entry(x: Execution, binding: SpirvBinding, slot: Slot): number {
    const number = this.#entryOf[binding.binding];
    if (number < 0) return x.refuse(`the shader uses binding ${binding.binding}, which the table has not`);
    const words = this.#table, at = number * (ENTRY / 4);
    const kind = words[at];
    const va = words[at + 3] * 0x1_0000_0000 + words[at + 2], size = words[at + 5] * 0x1_0000_0000 + words[at + 4];
    if (kind !== KINDS[binding.kind]) return x.refuse(`binding ${binding.binding} is no ${binding.kind} in the table`);
    if (kind === object.DXP_DESCRIPTOR_STORAGE_BUFFER || kind === object.DXP_DESCRIPTOR_UNIFORM_BUFFER) {
      const max = kind === object.DXP_DESCRIPTOR_STORAGE_BUFFER ? this.#maxStorage : this.#maxUniform;
      if ((words[at + 6] | words[at + 7] | words[at + 8] | words[at + 9] | words[at + 10]) !== 0) {
        return x.refuse(`entry ${number} of the table has words that a buffer has not`);
      }
      if (va % DESCRIPTOR_ALIGN !== 0 || !(size > 0 && size <= max) || va + size > 2 ** 48) {
        return x.refuse(`binding ${binding.binding} has ${size} bytes at 0x${va.toString(16)}`);
      }
      return this.#range(x, slot, va, size, binding.writes);
    }
    return this.#picture(x, binding, slot, va, size, at);
  }

  #picture(x: Execution, binding: SpirvBinding, slot: Slot, va: number, size: number, at: number): number {
    const words = this.#table, { pictures } = x.services;
    const format = words[at + 6], width = words[at + 7], height = words[at + 8], pitch = words[at + 9];
    const sampler = words[at + 10];
    const wrong = (what: string) => x.refuse(`binding ${binding.binding}: ${what}`);
    const isStorage = binding.kind === "storage-image";
    if (size !== 0) return wrong("a picture has no size in bytes");
    if (format === 0 || format >= object.DXP_FORMAT_LIMIT) return wrong(`format ${format}`);
    if (format === object.DXP_FORMAT_R32G32B32_SFLOAT || format === object.DXP_FORMAT_D32_SFLOAT) {
      return wrong("no picture of a table has this format");
    }
    if (!(width > 0 && width <= MAX_IMAGE_SIZE && height > 0 && height <= MAX_IMAGE_SIZE)) {
      return wrong(`${width}x${height} pixels`);
    }
    const pixel = object.DXP_FORMAT_SIZE[format];
    if (pitch < width * pixel || pitch % pixel !== 0 || va % Math.max(4, pixel) !== 0) return wrong(`pitch ${pitch}`);
    if (sampler > SAMPLERS || (isStorage && sampler !== 0)) return wrong(`sampler ${sampler}`);
    if ((binding.component === "uint") !== isInteger(format)) return wrong("the shader sees other components");
    const features = pictures.features[format];
    let needed = isStorage ? VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT : VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT;
    if ((sampler & 3) !== 0) needed |= VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT;
    if ((features & needed) !== needed) return wrong("the GPU cannot use this format so");
    if (isStorage && binding.format !== 0 && binding.format !== SPIRV_FORMATS[format]) {
      return wrong("the shader declares another format");
    }
    const bytes = pictureSize(format, width, height, pitch);
    if (va + bytes > 2 ** 48) return wrong("it reaches beyond the addresses");
    const status = this.#range(x, slot, va, bytes, binding.writes);
    if (status !== DONE) return status;
    slot.pitch = pitch;
    slot.sampler = sampler;
    slot.picture = pictures.acquire(
      format,
      width,
      height,
      1,
      isStorage ? VK_IMAGE_USAGE_STORAGE_BIT : VK_IMAGE_USAGE_SAMPLED_BIT,
    );
    return slot.picture === undefined ? wrong("there is no memory for an image of it") : DONE;
  }

  #range(x: Execution, slot: Slot, va: number, size: number, write: boolean): number {
    const { from } = x;
    if (!from.whole(x.space, va, size, write ? ACCESS_WRITE : ACCESS_READ)) return x.refuseRange(from, write);
    const [memory] = from.memories, offset = from.offsets[0];
    if (offset % DESCRIPTOR_ALIGN !== va % DESCRIPTOR_ALIGN) return x.refuse("a piece of the range is not aligned");
    slot.memory = memory;
    slot.offset = offset;
    slot.size = size;
    slot.picture = undefined;
    return DONE;
  }

  /** Whether what was checked has pictures: copies must be recorded around its use, outside of rendering. */
  hasPictures(layout: ProgramLayout): boolean {
    for (let i = 0; i < layout.bindings.length; i++) if (this.#slots[i].picture !== undefined) return true;
    return false;
  }

  /** Records what comes before the use: pictures into images. */
  before(x: Execution, layout: ProgramLayout): void {
    for (let i = 0; i < layout.bindings.length; i++) {
      const { picture, memory, offset, pitch } = this.#slots[i];
      if (picture !== undefined && memory !== undefined) x.services.pictures.load(picture, memory, offset, pitch, 0);
    }
  }

  /** Makes a set of what was checked and binds it. @throws {VkError} */
  bind(x: Execution, layout: ProgramLayout, bindPoint: number): void {
    const { bindings } = layout;
    if (bindings.length === 0) return;
    const { vk, device } = this.#recorder, m = this.#m, { u32, u64 } = m;
    const set = this.#allocate(layout);
    for (let i = 0; i < bindings.length; i++) {
      const { binding, kind, writes } = bindings[i], slot = this.#slots[i];
      const at = this.#writes + i * VkWriteDescriptorSet.size, info = this.#infos + i * 24;
      u64[(at + write.dstSet) >>> 3] = set;
      u32[(at + write.dstBinding) >>> 2] = binding;
      u32[(at + write.descriptorType) >>> 2] = descriptorType(kind);
      if (slot.picture !== undefined) {
        u64[(info + imageInfo.sampler) >>> 3] = kind === "sampled-image"
          ? x.services.pictures.sampler(slot.sampler)
          : 0n;
        u64[(info + imageInfo.imageView) >>> 3] = slot.picture.image.view;
        u32[(info + imageInfo.imageLayout) >>> 2] = VK_IMAGE_LAYOUT_GENERAL;
      } else if (slot.memory !== undefined) {
        u64[(info + bufferInfo.buffer) >>> 3] = slot.memory.handle;
        m.setU53(info + bufferInfo.offset, slot.offset);
        m.setU53(info + bufferInfo.range, slot.size);
        if (writes) slot.memory.writesTo(slot.offset, slot.size);
        else slot.memory.reads();
      }
    }
    vk.vkUpdateDescriptorSets(device.handle, bindings.length, m.address(this.#writes), 0, 0n);
    const command = this.#recorder.begin();
    vk.vkCmdBindDescriptorSets(command, bindPoint, layout.handle, 0, 1, m.address(this.#set), 0, 0n);
  }

  /** Records what comes after the use: images that it wrote into their pictures. */
  after(x: Execution, layout: ProgramLayout): void {
    const { pictures } = x.services;
    for (let i = 0; i < layout.bindings.length; i++) {
      const slot = this.#slots[i], { picture, memory } = slot;
      slot.memory = undefined;
      slot.picture = undefined;
      if (picture === undefined || memory === undefined) continue;
      if (layout.bindings[i].writes) pictures.store(picture, memory, slot.offset, slot.pitch, 0);
      pictures.release(picture);
    }
  }

  /** Lets go of what was checked and is not to be used. */
  drop(x: Execution): void {
    for (const slot of this.#slots) {
      if (slot.picture !== undefined) x.services.pictures.release(slot.picture);
      slot.memory = undefined;
      slot.picture = undefined;
    }
  }

  #allocate(layout: ProgramLayout): bigint {
    const { vk, device } = this.#recorder, m = this.#m;
    m.u64[this.#layoutAt >>> 3] = layout.set;
    for (let attempt = 0;; attempt++) {
      if (this.#pool === undefined || this.#left === 0) this.#next();
      if (this.#pool === undefined) throw new TypeError("Cannot allocate without a pool");
      this.#left--;
      this.#pool.used = this.#recorder.value;
      m.u64[(this.#allocateInfo + VkDescriptorSetAllocateInfo.offsets.descriptorPool) >>> 3] = this.#pool.handle;
      const result = vk.vkAllocateDescriptorSets(device.handle, m.address(this.#allocateInfo), m.address(this.#set));
      if (result >= 0) return m.u64[this.#set >>> 3];
      if (attempt > 0 || (result !== VK_ERROR_OUT_OF_POOL_MEMORY && result !== VK_ERROR_FRAGMENTED_POOL)) {
        device.check(result, "vkAllocateDescriptorSets");
      }
      this.#left = 0;
    }
  }

  #next(): void {
    const { vk, device } = this.#recorder;
    if (this.#pool !== undefined) this.#old.push(this.#pool);
    this.#left = SETS;
    const oldest = this.#old[0];
    if (oldest !== undefined && oldest.used <= this.#recorder.completed) {
      this.#old.shift();
      device.check(vk.vkResetDescriptorPool(device.handle, oldest.handle, 0), "vkResetDescriptorPool");
      this.#pool = oldest;
      return;
    }
    this.#pool = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkDescriptorPoolCreateInfo, {
        maxSets: SETS,
        pPoolSizes: [
          { type: VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, descriptorCount: SETS * 8 },
          { type: VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, descriptorCount: SETS * 2 },
          { type: VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, descriptorCount: SETS * 2 },
          { type: VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, descriptorCount: SETS * 2 },
        ],
      });
      device.check(vk.vkCreateDescriptorPool(device.handle, info, 0n, m.address(out)), "vkCreateDescriptorPool");
      return { handle: m.u64[out >>> 3], used: 0 };
    });
  }

  /** Destroys the pools; the GPU must be idle. */
  [Symbol.dispose](): void {
    const { vk, device } = this.#recorder;
    if (this.#pool !== undefined) this.#old.push(this.#pool);
    this.#pool = undefined;
    for (const { handle } of this.#old.splice(0)) vk.vkDestroyDescriptorPool(device.handle, handle, 0n);
  }
}

const KINDS: Readonly<Record<SpirvBinding["kind"], number>> = {
  "storage-buffer": object.DXP_DESCRIPTOR_STORAGE_BUFFER,
  "uniform-buffer": object.DXP_DESCRIPTOR_UNIFORM_BUFFER,
  "sampled-image": object.DXP_DESCRIPTOR_SAMPLED_IMAGE,
  "storage-image": object.DXP_DESCRIPTOR_STORAGE_IMAGE,
};
