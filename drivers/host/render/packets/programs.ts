/**
 * Compute pipelines, by what their shader is. Old ones go when there are too many.
 * @module
 */

import { type SpirvBinding, SpirvError } from "../../shader/spirv_check/mod.ts";
import {
  VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
  VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
  VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
  VK_SHADER_STAGE_COMPUTE_BIT,
  VkComputePipelineCreateInfo,
  VkDescriptorSetLayoutCreateInfo,
  VkPipelineLayoutCreateInfo,
} from "../../vulkan/mod.ts";
import type { Gpu } from "./gpu.ts";
import { hashOf, makeModule, type ShaderModule } from "./modules.ts";
import type { Recorder } from "./recorder.ts";

/** Programs that are kept. */
const MAX_PROGRAMS = 1024;

/** VkDescriptorType of a binding. */
export function descriptorType(kind: SpirvBinding["kind"]): number {
  switch (kind) {
    case "storage-buffer":
      return VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    case "uniform-buffer":
      return VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER;
    case "sampled-image":
      return VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
    case "storage-image":
      return VK_DESCRIPTOR_TYPE_STORAGE_IMAGE;
  }
}

/** A device has room for so many bindings of each kind in a stage. @throws {SpirvError} */
export function checkLayout(gpu: Gpu, bindings: readonly SpirvBinding[]): void {
  const { limits } = gpu.device.physical;
  const most: Readonly<Record<SpirvBinding["kind"], number>> = {
    "storage-buffer": limits.maxPerStageDescriptorStorageBuffers,
    "uniform-buffer": limits.maxPerStageDescriptorUniformBuffers,
    "sampled-image": Math.min(limits.maxPerStageDescriptorSampledImages, limits.maxPerStageDescriptorSamplers),
    "storage-image": limits.maxPerStageDescriptorStorageImages,
  };
  for (const kind of Object.keys(most) as SpirvBinding["kind"][]) {
    const count = bindings.filter((binding) => binding.kind === kind).length;
    if (count > most[kind]) throw new SpirvError(`${count} bindings are a ${kind}, and the GPU has ${most[kind]}`);
  }
  if (bindings.length > limits.maxPerStageResources) throw new SpirvError(`${bindings.length} bindings`);
}

/** The layout of the set and constants of shaders. */
export class ProgramLayout implements Disposable {
  /** The VkDescriptorSetLayout. */
  readonly set: bigint;
  /** The VkPipelineLayout. */
  readonly handle: bigint;
  /** Stages that get push constants. */
  readonly stages: number;
  /** What the shaders use of set 0. */
  readonly bindings: readonly SpirvBinding[];
  readonly #recorder: Recorder;

  /** @throws {VkError} */
  constructor(recorder: Recorder, bindings: readonly SpirvBinding[], stages: number) {
    this.#recorder = recorder;
    this.bindings = bindings;
    this.stages = stages;
    const { device, vk } = recorder;
    const mark = device.arena.mark();
    try {
      const m = device.arena, out = m.alloc(8);
      const setInfo = m.put(VkDescriptorSetLayoutCreateInfo, {
        pBindings: bindings.map(({ binding, kind }) => ({
          binding,
          descriptorType: descriptorType(kind),
          descriptorCount: 1,
          stageFlags: stages,
        })),
      });
      device.check(
        vk.vkCreateDescriptorSetLayout(device.handle, setInfo, 0n, m.address(out)),
        "vkCreateDescriptorSetLayout",
      );
      this.set = m.u64[out >>> 3];
      const info = m.put(VkPipelineLayoutCreateInfo, {
        pSetLayouts: [this.set],
        pPushConstantRanges: [{ stageFlags: stages, offset: 0, size: 128 }],
      });
      const result = vk.vkCreatePipelineLayout(device.handle, info, 0n, m.address(out));
      if (result < 0) vk.vkDestroyDescriptorSetLayout(device.handle, this.set, 0n);
      device.check(result, "vkCreatePipelineLayout");
      this.handle = m.u64[out >>> 3];
    } finally {
      device.arena.reset(mark);
    }
  }

  [Symbol.dispose](): void {
    const { device, vk } = this.#recorder;
    vk.vkDestroyPipelineLayout(device.handle, this.handle, 0n);
    vk.vkDestroyDescriptorSetLayout(device.handle, this.set, 0n);
  }
}

/** A compute pipeline. */
export class ComputeProgram implements Disposable {
  /** Its shader. */
  readonly module: ShaderModule;
  /** Its layout. */
  readonly layout: ProgramLayout;
  /** The VkPipeline. */
  readonly pipeline: bigint;
  /** Jobs that have chosen it. */
  holders = 0;
  readonly #recorder: Recorder;

  /** @throws {VkError} */
  constructor(recorder: Recorder, module: ShaderModule) {
    this.#recorder = recorder;
    this.module = module;
    this.layout = new ProgramLayout(recorder, module.program.bindings, VK_SHADER_STAGE_COMPUTE_BIT);
    const { device, vk } = recorder;
    try {
      this.pipeline = device.arena.scope((m) => {
        const out = m.alloc(8);
        const info = m.put(VkComputePipelineCreateInfo, {
          stage: { stage: VK_SHADER_STAGE_COMPUTE_BIT, module: module.handle, pName: "main" },
          layout: this.layout.handle,
          basePipelineIndex: -1,
        });
        const result = vk.vkCreateComputePipelines(device.handle, 0n, 1, info, 0n, m.address(out));
        device.check(result, "vkCreateComputePipelines");
        return m.u64[out >>> 3];
      });
    } catch (error) {
      this.layout[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    const { device, vk } = this.#recorder;
    vk.vkDestroyPipeline(device.handle, this.pipeline, 0n);
    this.layout[Symbol.dispose]();
    this.module[Symbol.dispose]();
  }
}

/** The compute pipelines of an engine. */
export class Programs implements Disposable {
  readonly #recorder: Recorder;
  readonly #gpu: Gpu;
  // In the order in which they were made; of one hash there is rarely more than one.
  readonly #programs = new Map<number, ComputeProgram[]>();
  #count = 0;

  /** Nothing is compiled yet. */
  constructor(recorder: Recorder, gpu: Gpu) {
    this.#recorder = recorder;
    this.#gpu = gpu;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * The pipeline of a shader.
   * @param words a private copy of its code. @param constants ids and values.
   * @throws {SpirvError} what is wrong with it. @throws {VkError}
   */
  compute(words: Uint32Array, constants: Uint32Array): ComputeProgram {
    const hash = hashOf(words, hashOf(constants, 0));
    const list = this.#programs.get(hash);
    if (list !== undefined) {
      for (const program of list) if (program.module.is("compute", words, constants)) return program;
    }
    if (this.#count >= MAX_PROGRAMS) this.#evict();
    const module = makeModule(this.#recorder, this.#gpu.shaders, "compute", words, constants);
    let program: ComputeProgram;
    try {
      checkLayout(this.#gpu, module.program.bindings);
      program = new ComputeProgram(this.#recorder, module);
    } catch (error) {
      module[Symbol.dispose]();
      throw error;
    }
    if (list === undefined) this.#programs.set(hash, [program]);
    else list.push(program);
    this.#count++;
    return program;
  }

  #evict(): void {
    for (const [hash, list] of this.#programs) {
      if (this.#count < MAX_PROGRAMS / 2) return;
      const kept = list.filter((program) => {
        if (program.holders > 0) return true;
        this.#recorder.disposeLater(program);
        this.#count--;
        return false;
      });
      if (kept.length === 0) this.#programs.delete(hash);
      else this.#programs.set(hash, kept);
    }
  }

  /** Destroys them; the GPU must be idle. */
  [Symbol.dispose](): void {
    for (const list of this.#programs.values()) for (const program of list) program[Symbol.dispose]();
    this.#programs.clear();
    this.#count = 0;
  }
}
