/**
 * Descriptor set layouts and pipeline layouts: one of each for every set of resources that a program's shaders name (bindings are
 * fixed by drivers/host/shader/tgsi/layout.ts), shared between programs that name the same.
 * @module
 */

import {
  VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
  VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
  VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER,
  VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
  VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC,
  VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
  VK_SHADER_STAGE_ALL_GRAPHICS,
  VK_SHADER_STAGE_COMPUTE_BIT,
  VK_SHADER_STAGE_FRAGMENT_BIT,
  VK_SHADER_STAGE_GEOMETRY_BIT,
  VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT,
  VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT,
  VK_SHADER_STAGE_VERTEX_BIT,
  VkDescriptorSetLayoutCreateInfo,
  VkPipelineLayoutCreateInfo,
} from "../../vulkan/mod.ts";
import {
  atomicBinding,
  bufferBinding,
  DRIVER_CONSTANTS_BINDING,
  imageBinding,
  samplerBinding,
  type ShaderInfo,
  uniformBinding,
} from "../../shader/tgsi/mod.ts";
import { VIRGL_SHADER_FRAGMENT } from "../../../../uapi/virgl_protocol.ts";
import type { Gpu } from "./gpu.ts";
import { KeyTable } from "./key_table.ts";
import { badShader } from "./refusal.ts";
import { shaderClass } from "./view_class.ts";

/** Stage bits by VIRGL_SHADER_*. */
export const STAGE_BITS: readonly number[] = [
  VK_SHADER_STAGE_VERTEX_BIT,
  VK_SHADER_STAGE_FRAGMENT_BIT,
  VK_SHADER_STAGE_GEOMETRY_BIT,
  VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT,
  VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT,
  VK_SHADER_STAGE_COMPUTE_BIT,
];

/** A descriptor of a layout. */
export interface Slot {
  /** Its binding. */
  readonly binding: number;
  /** VkDescriptorType. */
  readonly type: number;
  /** VIRGL_SHADER_* of the stage that names it. */
  readonly stage: number;
  /** Its slot or unit in that stage. */
  readonly slot: number;
  /** Uniform buffers: bytes that the shader names. */
  readonly size: number;
  /** Textures and images: what they have to be (view_class.ts). */
  readonly viewClass: number;
  /** Textures: sampled with a comparison. */
  readonly shadow: boolean;
}

/** The descriptors of a set that is made from what is bound. */
export class SetLayout {
  /** The VkDescriptorSetLayout. */
  readonly handle: bigint;
  /** Its descriptors, by binding. */
  readonly slots: readonly Slot[];
  /** Words of a key that says what is in a set. */
  readonly keyWords: number;
  /** Sets that exist, by that key. Empty if `epoch` is not that of the descriptor pools. */
  readonly sets: KeyTable<bigint>;
  /** Of which pool they are. */
  epoch = 0;

  /** For Layouts. */
  constructor(handle: bigint, slots: readonly Slot[]) {
    this.handle = handle;
    this.slots = slots;
    this.keyWords = Math.max(1, slots.length * 3);
    this.sets = new KeyTable(this.keyWords);
  }
}

/** What programs that name the same resources share. */
export interface ProgramLayout {
  /** What was named. */
  readonly key: string;
  /** The VkPipelineLayout. */
  readonly handle: bigint;
  /** Sets 0 (uniform buffers), 1 (textures), 2 (storage). */
  readonly sets: readonly [SetLayout, SetLayout, SetLayout];
  /** Programs. */
  users: number;
}

/** A shader and its stage, VIRGL_SHADER_*. */
export interface StageInfo {
  readonly stage: number;
  readonly info: ShaderInfo;
}

function describe(stages: readonly StageInfo[]): [Slot[], Slot[], Slot[]] {
  const uniforms: Slot[] = [], textures: Slot[] = [], storage: Slot[] = [];
  const plain = { size: 0, viewClass: 0, shadow: false };
  for (const { stage, info } of stages) {
    for (const { slot, size } of info.constantBuffers) {
      uniforms.push({
        ...plain,
        binding: uniformBinding(info.stage, slot),
        type: slot === 0 ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC : VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
        stage,
        slot,
        size: Math.max(16, size * 16),
      });
    }
    for (const { unit, target, shadow } of info.samplers) {
      textures.push({
        ...plain,
        binding: samplerBinding(info.stage, unit),
        type: target === "BUFFER" ? VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER : VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
        stage,
        slot: unit,
        viewClass: shaderClass(target),
        shadow,
      });
    }
    const buffer = { ...plain, type: VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, stage };
    for (let slot = 0; slot < 32; slot++) {
      if ((info.bufferMask >>> slot & 1) !== 0) {
        storage.push({ ...buffer, binding: bufferBinding(info.stage, slot), slot });
      }
      if ((info.atomicMask >>> slot & 1) !== 0) {
        storage.push({ ...buffer, binding: atomicBinding(info.stage, slot), slot: slot + 32 });
      }
    }
    for (const { unit, target } of info.images) {
      storage.push({
        ...plain,
        binding: imageBinding(info.stage, unit),
        type: target === "BUFFER" ? VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
        stage,
        slot: unit,
        viewClass: shaderClass(target),
      });
    }
  }
  uniforms.push({
    ...plain,
    binding: DRIVER_CONSTANTS_BINDING,
    type: VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC,
    stage: -1,
    slot: 0,
    size: 0,
  });
  // Dynamic offsets are given by binding.
  const byBinding = (a: Slot, b: Slot) => a.binding - b.binding;
  return [uniforms.sort(byBinding), textures.sort(byBinding), storage.sort(byBinding)];
}

/** Limits of what one stage names, and of what all name together, by VkDescriptorType. */
const LIMITS_OF: readonly (readonly [types: readonly number[], stage: keyof Limits, all: keyof Limits])[] = [
  [
    [VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC],
    "maxPerStageDescriptorUniformBuffers",
    "maxDescriptorSetUniformBuffers",
  ],
  [
    [VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC],
    "maxPerStageDescriptorUniformBuffers",
    "maxDescriptorSetUniformBuffersDynamic",
  ],
  [[VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER], "maxPerStageDescriptorSamplers", "maxDescriptorSetSamplers"],
  [
    [VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER],
    "maxPerStageDescriptorSampledImages",
    "maxDescriptorSetSampledImages",
  ],
  [[VK_DESCRIPTOR_TYPE_STORAGE_BUFFER], "maxPerStageDescriptorStorageBuffers", "maxDescriptorSetStorageBuffers"],
  [
    [VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER],
    "maxPerStageDescriptorStorageImages",
    "maxDescriptorSetStorageImages",
  ],
];

type Limits = Pick<
  Gpu["limits"],
  | "maxPerStageDescriptorUniformBuffers"
  | "maxPerStageDescriptorSamplers"
  | "maxPerStageDescriptorSampledImages"
  | "maxPerStageDescriptorStorageBuffers"
  | "maxPerStageDescriptorStorageImages"
  | "maxPerStageResources"
  | "maxDescriptorSetUniformBuffers"
  | "maxDescriptorSetUniformBuffersDynamic"
  | "maxDescriptorSetSamplers"
  | "maxDescriptorSetSampledImages"
  | "maxDescriptorSetStorageBuffers"
  | "maxDescriptorSetStorageImages"
>;

/**
 * Checks that a GPU can bind what shaders name together.
 * @throws {VirglRefusal} if it cannot: Vulkan would not see to it
 */
export function checkTotals(limits: Limits, slots: readonly Slot[]): void {
  const count = (of: readonly Slot[], stage: number) =>
    of.filter((slot) => slot.stage === stage || slot.stage < 0).length;
  for (const [types, stageLimit, allLimit] of LIMITS_OF) {
    const those = slots.filter(({ type }) => types.includes(type));
    if (those.length > limits[allLimit]) {
      throw badShader(`Cannot bind ${those.length} descriptors: ${allLimit} is ${limits[allLimit]}`);
    }
    for (let stage = 0; stage < STAGE_BITS.length; stage++) {
      if (count(those, stage) > limits[stageLimit]) {
        throw badShader(`Cannot bind ${count(those, stage)} descriptors: ${stageLimit} is ${limits[stageLimit]}`);
      }
    }
  }
  for (let stage = 0; stage < STAGE_BITS.length; stage++) {
    // Colour attachments count, too.
    const all = count(slots, stage) + (stage === VIRGL_SHADER_FRAGMENT ? 8 : 0);
    if (all > limits.maxPerStageResources) {
      throw badShader(`Cannot bind ${all} resources: maxPerStageResources is ${limits.maxPerStageResources}`);
    }
  }
}

/** The layouts of a device. */
export class Layouts implements Disposable {
  readonly #gpu: Gpu;
  readonly #layouts = new Map<string, ProgramLayout>();

  /** None yet. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** The layout of a program; `drop` it. @throws {VkError} */
  get(stages: readonly StageInfo[]): ProgramLayout {
    const slots = describe(stages), key = JSON.stringify(slots);
    let layout = this.#layouts.get(key);
    if (layout === undefined) this.#layouts.set(key, layout = this.#make(key, slots));
    layout.users++;
    return layout;
  }

  /** Ends a `get`: the last user's destroys the layout. No command buffer that is not done may use it. */
  drop(layout: ProgramLayout): void {
    if (--layout.users > 0) return;
    this.#layouts.delete(layout.key);
    this.#destroy(layout);
  }

  /** Destroys all. */
  [Symbol.dispose](): void {
    for (const layout of this.#layouts.values()) this.#destroy(layout);
    this.#layouts.clear();
  }

  #destroy({ handle, sets }: ProgramLayout): void {
    const { vk, device } = this.#gpu;
    vk.vkDestroyPipelineLayout(device.handle, handle, 0n);
    for (const set of sets) vk.vkDestroyDescriptorSetLayout(device.handle, set.handle, 0n);
  }

  #make(key: string, slots: readonly [Slot[], Slot[], Slot[]]): ProgramLayout {
    const { device, vk, limits } = this.#gpu;
    checkTotals(limits, slots.flat());
    const sets = slots.map((list) => new SetLayout(this.#makeSet(list), list)) as [SetLayout, SetLayout, SetLayout];
    const handle = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkPipelineLayoutCreateInfo, { pSetLayouts: sets.map((set) => set.handle) });
      device.check(vk.vkCreatePipelineLayout(device.handle, info, 0n, m.address(out)), "vkCreatePipelineLayout");
      return m.u64[out >>> 3];
    });
    return { key, handle, sets, users: 0 };
  }

  #makeSet(slots: readonly Slot[]): bigint {
    const { device, vk } = this.#gpu;
    return device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkDescriptorSetLayoutCreateInfo, {
        pBindings: slots.map(({ binding, type, stage }) => ({
          binding,
          descriptorType: type,
          descriptorCount: 1,
          stageFlags: stage < 0 ? VK_SHADER_STAGE_ALL_GRAPHICS | VK_SHADER_STAGE_COMPUTE_BIT : STAGE_BITS[stage],
        })),
      });
      device.check(
        vk.vkCreateDescriptorSetLayout(device.handle, info, 0n, m.address(out)),
        "vkCreateDescriptorSetLayout",
      );
      return m.u64[out >>> 3];
    });
  }
}
