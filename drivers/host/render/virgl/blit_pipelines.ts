/**
 * The pipelines of BLIT, made when first needed and kept: a blit shader and a target format each. One descriptor (the source), and
 * constants that are pushed. Descriptor sets come from pools that are used again once the GPU is done with their submission.
 * @module
 */

import {
  chain,
  type Device,
  VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA,
  VK_BLEND_FACTOR_SRC_ALPHA,
  VK_COMPARE_OP_ALWAYS,
  VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
  VK_DYNAMIC_STATE_SCISSOR,
  VK_DYNAMIC_STATE_STENCIL_REFERENCE,
  VK_DYNAMIC_STATE_STENCIL_WRITE_MASK,
  VK_DYNAMIC_STATE_VIEWPORT,
  VK_ERROR_OUT_OF_POOL_MEMORY,
  VK_FILTER_LINEAR,
  VK_FILTER_NEAREST,
  VK_IMAGE_LAYOUT_GENERAL,
  VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
  VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
  VK_SHADER_STAGE_FRAGMENT_BIT,
  VK_SHADER_STAGE_VERTEX_BIT,
  VK_STENCIL_OP_REPLACE,
  VkDescriptorPoolCreateInfo,
  VkDescriptorSetAllocateInfo,
  VkDescriptorSetLayoutCreateInfo,
  VkError,
  VkGraphicsPipelineCreateInfo,
  VkPipelineLayoutCreateInfo,
  VkPipelineRenderingCreateInfo,
  VkSamplerCreateInfo,
  VkShaderModuleCreateInfo,
  VkWriteDescriptorSet,
} from "../../vulkan/mod.ts";
import type { Disposer } from "../imports.ts";
import {
  BLIT_CONSTANTS_SIZE,
  blitFragmentShader,
  type BlitShader,
  blitShaderKey,
  blitVertexShader,
} from "./blit_shaders.ts";

/** What a pipeline is made for. */
export interface BlitTarget {
  /** VkFormat of the attachment. */
  readonly format: number;
  /** VkSampleCountFlagBits. */
  readonly samples: number;
  /** VkColorComponentFlags that are written; of colours. */
  readonly writeMask: number;
  /** Blend with the source's alpha. */
  readonly alphaBlend: boolean;
}

/** Sets in a pool of descriptors. */
const setsInPool = 64;
/** Pipelines that are remembered. */
const pipelineLimit = 512;

/** One pool, and the last submission that uses it. */
interface Pool {
  readonly handle: bigint;
  used: number;
  submission: number;
}

/** Pipelines and descriptors of BLIT. */
export class BlitPipelines implements Disposable {
  /** The VkPipelineLayout of all of them. */
  readonly layout: bigint;
  readonly #device: Device;
  readonly #setLayout: bigint;
  readonly #samplers: readonly [bigint, bigint];
  readonly #vertex: bigint;
  readonly #modules: Map<string, bigint> = new Map();
  readonly #pipelines: Map<string, bigint> = new Map();
  readonly #pools: Pool[] = [];
  #open = true;

  readonly #disposer: Disposer;

  /**
   * Makes the layouts and samplers.
   * @param disposer frees what is remembered no more, behind the GPU
   * @throws {VkError} when memory runs out
   */
  constructor(device: Device, disposer: Disposer) {
    this.#device = device;
    this.#disposer = disposer;
    const { vk, handle } = device;
    using cleanup = new DisposableStack();
    const make = (
      create: (device: bigint, info: bigint, allocator: bigint, out: bigint) => number,
      destroy: (device: bigint, object: bigint, allocator: bigint) => void,
      name: string,
      info: () => bigint,
    ): bigint => {
      const object = device.arena.scope((m) => {
        const out = m.alloc(8);
        device.check(create(handle, info(), 0n, m.address(out)), name);
        return m.u64[out >>> 3];
      });
      cleanup.defer(() => destroy(handle, object, 0n));
      return object;
    };
    const m = device.arena;
    this.#setLayout = make(
      (...a) => vk.vkCreateDescriptorSetLayout(...a),
      (...a) => vk.vkDestroyDescriptorSetLayout(...a),
      "vkCreateDescriptorSetLayout",
      () =>
        m.put(VkDescriptorSetLayoutCreateInfo, {
          pBindings: [{
            binding: 0,
            descriptorType: VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
            descriptorCount: 1,
            stageFlags: VK_SHADER_STAGE_FRAGMENT_BIT,
          }],
        }),
    );
    this.layout = make(
      (...a) => vk.vkCreatePipelineLayout(...a),
      (...a) => vk.vkDestroyPipelineLayout(...a),
      "vkCreatePipelineLayout",
      () =>
        m.put(VkPipelineLayoutCreateInfo, {
          pSetLayouts: [this.#setLayout],
          pPushConstantRanges: [{ stageFlags: VK_SHADER_STAGE_FRAGMENT_BIT, offset: 0, size: BLIT_CONSTANTS_SIZE }],
        }),
    );
    const sampler = (filter: number) =>
      make(
        (...a) => vk.vkCreateSampler(...a),
        (...a) => vk.vkDestroySampler(...a),
        "vkCreateSampler",
        () =>
          m.put(VkSamplerCreateInfo, {
            magFilter: filter,
            minFilter: filter,
            addressModeU: VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
            addressModeV: VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
            addressModeW: VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
          }),
      );
    this.#samplers = [sampler(VK_FILTER_NEAREST), sampler(VK_FILTER_LINEAR)];
    this.#vertex = this.#module(blitVertexShader());
    cleanup.move();
    device.own(this);
  }

  #module(words: Uint32Array): bigint {
    const device = this.#device;
    const m = device.arena;
    return m.scope(() => {
      const code = m.allocRaw(words.byteLength);
      m.u32.set(words, code >>> 2);
      const out = m.alloc(8);
      const info = m.put(VkShaderModuleCreateInfo, { codeSize: BigInt(words.byteLength), pCode: m.address(code) });
      device.check(device.vk.vkCreateShaderModule(device.handle, info, 0n, m.address(out)), "vkCreateShaderModule");
      return m.u64[out >>> 3];
    });
  }

  /** The pipeline for a shader and a target. @throws {VkError} when memory runs out */
  pipeline(shader: BlitShader, target: BlitTarget): bigint {
    const shaderKey = blitShaderKey(shader);
    const key = `${shaderKey};${target.format},${target.samples},${target.writeMask},${target.alphaBlend}`;
    const known = this.#pipelines.get(key);
    if (known !== undefined) return known;
    if (this.#pipelines.size >= pipelineLimit) this.#forget();
    let fragment = this.#modules.get(shaderKey);
    if (fragment === undefined) {
      fragment = this.#module(blitFragmentShader(shader));
      this.#modules.set(shaderKey, fragment);
    }
    const pipeline = this.#make(shader, fragment, target);
    this.#pipelines.set(key, pipeline);
    return pipeline;
  }

  /** Begins anew: who blits between all formats there are has to wait for pipelines now and then. */
  #forget(): void {
    const { vk, handle } = this.#device;
    const pipelines = [...this.#pipelines.values()], modules = [...this.#modules.values()];
    this.#pipelines.clear();
    this.#modules.clear();
    this.#disposer.disposeLater({
      [Symbol.dispose]() {
        for (const pipeline of pipelines) vk.vkDestroyPipeline(handle, pipeline, 0n);
        for (const module of modules) vk.vkDestroyShaderModule(handle, module, 0n);
      },
    });
  }

  #make(shader: BlitShader, fragment: bigint, target: BlitTarget): bigint {
    const device = this.#device, { output } = shader;
    const stencil = {
      failOp: VK_STENCIL_OP_REPLACE,
      passOp: VK_STENCIL_OP_REPLACE,
      depthFailOp: VK_STENCIL_OP_REPLACE,
      compareOp: VK_COMPARE_OP_ALWAYS,
      compareMask: 0xff,
    };
    const blend = target.alphaBlend;
    return device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkGraphicsPipelineCreateInfo, {
        pNext: [chain(VkPipelineRenderingCreateInfo, {
          pColorAttachmentFormats: output === "color" ? [target.format] : [],
          depthAttachmentFormat: output === "depth" ? target.format : 0,
          stencilAttachmentFormat: output === "stencil" ? target.format : 0,
        })],
        pStages: [
          { stage: VK_SHADER_STAGE_VERTEX_BIT, module: this.#vertex, pName: "main" },
          { stage: VK_SHADER_STAGE_FRAGMENT_BIT, module: fragment, pName: "main" },
        ],
        pVertexInputState: {},
        pInputAssemblyState: { topology: VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST },
        pViewportState: { viewportCount: 1, scissorCount: 1 },
        pRasterizationState: { lineWidth: 1 },
        pMultisampleState: {
          rasterizationSamples: target.samples,
          sampleShadingEnable: shader.perSample,
          minSampleShading: shader.perSample ? 1 : 0,
        },
        pDepthStencilState: {
          depthTestEnable: output === "depth",
          depthWriteEnable: output === "depth",
          depthCompareOp: VK_COMPARE_OP_ALWAYS,
          stencilTestEnable: output === "stencil",
          front: stencil,
          back: stencil,
        },
        pColorBlendState: {
          pAttachments: output !== "color" ? [] : [{
            blendEnable: blend,
            srcColorBlendFactor: blend ? VK_BLEND_FACTOR_SRC_ALPHA : 0,
            dstColorBlendFactor: blend ? VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA : 0,
            srcAlphaBlendFactor: blend ? VK_BLEND_FACTOR_SRC_ALPHA : 0,
            dstAlphaBlendFactor: blend ? VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA : 0,
            colorWriteMask: target.writeMask,
          }],
        },
        pDynamicState: {
          pDynamicStates: output === "stencil"
            ? [
              VK_DYNAMIC_STATE_VIEWPORT,
              VK_DYNAMIC_STATE_SCISSOR,
              VK_DYNAMIC_STATE_STENCIL_WRITE_MASK,
              VK_DYNAMIC_STATE_STENCIL_REFERENCE,
            ]
            : [VK_DYNAMIC_STATE_VIEWPORT, VK_DYNAMIC_STATE_SCISSOR],
        },
        layout: this.layout,
      });
      device.check(
        device.vk.vkCreateGraphicsPipelines(device.handle, 0n, 1, info, 0n, m.address(out)),
        "vkCreateGraphicsPipelines",
      );
      return m.u64[out >>> 3];
    });
  }

  /**
   * A descriptor set that names a view.
   * @param submission the submission that uses it
   * @param completed the submission that the GPU has done
   * @throws {VkError} when memory runs out
   */
  descriptorSet(view: bigint, linear: boolean, submission: number, completed: number): bigint {
    const device = this.#device, { vk, arena: m } = device;
    const pool = this.#pool(submission, completed);
    const mark = m.mark();
    try {
      const out = m.alloc(8);
      const info = m.put(VkDescriptorSetAllocateInfo, { descriptorPool: pool.handle, pSetLayouts: [this.#setLayout] });
      device.check(vk.vkAllocateDescriptorSets(device.handle, info, m.address(out)), "vkAllocateDescriptorSets");
      pool.used++;
      const set = m.u64[out >>> 3];
      const write = m.put(VkWriteDescriptorSet, {
        dstSet: set,
        descriptorType: VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
        descriptorCount: 1,
        pImageInfo: [{
          sampler: this.#samplers[linear ? 1 : 0],
          imageView: view,
          imageLayout: VK_IMAGE_LAYOUT_GENERAL,
        }],
      });
      vk.vkUpdateDescriptorSets(device.handle, 1, write, 0, 0n);
      return set;
    } finally {
      m.reset(mark);
    }
  }

  /** The pool at the front has room or is done with; else there is a new one. */
  #pool(submission: number, completed: number): Pool {
    const { vk, handle, arena: m } = this.#device;
    const current = this.#pools.at(-1);
    if (current !== undefined && current.used < setsInPool && current.submission === submission) return current;
    const oldest = this.#pools[0];
    if (oldest !== undefined && oldest.submission <= completed) {
      this.#pools.shift();
      this.#device.check(vk.vkResetDescriptorPool(handle, oldest.handle, 0), "vkResetDescriptorPool");
      oldest.used = 0;
      oldest.submission = submission;
      this.#pools.push(oldest);
      return oldest;
    }
    if (this.#pools.length >= poolLimit) {
      throw new VkError(VK_ERROR_OUT_OF_POOL_MEMORY, "vkAllocateDescriptorSets", "too many blits in flight");
    }
    const made = m.scope(() => {
      const out = m.alloc(8);
      const info = m.put(VkDescriptorPoolCreateInfo, {
        maxSets: setsInPool,
        pPoolSizes: [{ type: VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, descriptorCount: setsInPool }],
      });
      this.#device.check(vk.vkCreateDescriptorPool(handle, info, 0n, m.address(out)), "vkCreateDescriptorPool");
      return { handle: m.u64[out >>> 3], used: 0, submission };
    });
    this.#pools.push(made);
    return made;
  }

  /** Whether another blit needs the submissions so far to be done: who blits without end has to wait. */
  isFull(submission: number, completed: number): boolean {
    const current = this.#pools.at(-1);
    if (current === undefined || this.#pools.length < poolLimit) return false;
    if (current.used < setsInPool && current.submission === submission) return false;
    return this.#pools[0].submission > completed;
  }

  /** Destroys everything; the GPU must be done with it. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    const { vk, handle } = this.#device;
    this.#device.disown(this);
    for (const { handle: pool } of this.#pools) vk.vkDestroyDescriptorPool(handle, pool, 0n);
    for (const pipeline of this.#pipelines.values()) vk.vkDestroyPipeline(handle, pipeline, 0n);
    for (const module of this.#modules.values()) vk.vkDestroyShaderModule(handle, module, 0n);
    vk.vkDestroyShaderModule(handle, this.#vertex, 0n);
    for (const sampler of this.#samplers) vk.vkDestroySampler(handle, sampler, 0n);
    vk.vkDestroyPipelineLayout(handle, this.layout, 0n);
    vk.vkDestroyDescriptorSetLayout(handle, this.#setLayout, 0n);
  }
}

/** Pools that may be in flight: 16 Ki blits. */
const poolLimit = 256;
