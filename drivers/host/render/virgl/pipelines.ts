/**
 * Graphics pipelines from keys (pipeline_key.ts), and the driver's cache of what it compiled.
 * @module
 */

import {
  chain,
  type Chained,
  VK_COMPARE_OP_ALWAYS,
  VK_DYNAMIC_STATE_BLEND_CONSTANTS,
  VK_DYNAMIC_STATE_CULL_MODE,
  VK_DYNAMIC_STATE_DEPTH_BIAS,
  VK_DYNAMIC_STATE_DEPTH_BIAS_ENABLE,
  VK_DYNAMIC_STATE_DEPTH_COMPARE_OP,
  VK_DYNAMIC_STATE_DEPTH_TEST_ENABLE,
  VK_DYNAMIC_STATE_DEPTH_WRITE_ENABLE,
  VK_DYNAMIC_STATE_FRONT_FACE,
  VK_DYNAMIC_STATE_LINE_WIDTH,
  VK_DYNAMIC_STATE_PRIMITIVE_RESTART_ENABLE,
  VK_DYNAMIC_STATE_PRIMITIVE_TOPOLOGY,
  VK_DYNAMIC_STATE_RASTERIZER_DISCARD_ENABLE,
  VK_DYNAMIC_STATE_SCISSOR_WITH_COUNT,
  VK_DYNAMIC_STATE_STENCIL_COMPARE_MASK,
  VK_DYNAMIC_STATE_STENCIL_OP,
  VK_DYNAMIC_STATE_STENCIL_REFERENCE,
  VK_DYNAMIC_STATE_STENCIL_TEST_ENABLE,
  VK_DYNAMIC_STATE_STENCIL_WRITE_MASK,
  VK_DYNAMIC_STATE_VERTEX_INPUT_BINDING_STRIDE,
  VK_DYNAMIC_STATE_VIEWPORT_WITH_COUNT,
  VK_FORMAT_R32G32B32A32_SFLOAT,
  VK_PROVOKING_VERTEX_MODE_FIRST_VERTEX_EXT,
  VK_PROVOKING_VERTEX_MODE_LAST_VERTEX_EXT,
  VK_TESSELLATION_DOMAIN_ORIGIN_LOWER_LEFT,
  VK_VERTEX_INPUT_RATE_INSTANCE,
  VK_VERTEX_INPUT_RATE_VERTEX,
  VkGraphicsPipelineCreateInfo,
  VkPipelineCacheCreateInfo,
  type VkPipelineColorBlendAttachmentState,
  VkPipelineRasterizationDepthClipStateCreateInfoEXT,
  VkPipelineRasterizationLineStateCreateInfoEXT,
  VkPipelineRasterizationProvokingVertexStateCreateInfoEXT,
  VkPipelineRenderingCreateInfo,
  VkPipelineTessellationDomainOriginStateCreateInfo,
  VkPipelineVertexInputDivisorStateCreateInfoEXT,
  VkPipelineViewportDepthClipControlCreateInfoEXT,
  type VkVertexInputAttributeDescription,
  type VkVertexInputBindingDescription,
  type VkVertexInputBindingDivisorDescriptionEXT,
} from "../../vulkan/mod.ts";
import type { Engine } from "./engine.ts";
import type { Gpu } from "./gpu.ts";
import { STAGE_BITS } from "./layouts.ts";
import { BLEND_FACTORS, colorMask, LOGIC_OPS, RT_ENABLE } from "./objects/blend.ts";
import type { Module } from "./objects/shader.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import {
  KEY_BLEND,
  KEY_COLORS,
  KEY_DEPTH,
  KEY_FORMATS,
  KEY_RASTER,
  KEY_SAMPLE_MASK,
  KEY_SAMPLES,
  KEY_STENCIL,
  KEY_STIPPLE,
  KEY_TOPOLOGY,
  RASTER_CLAMP,
  RASTER_CLIP,
  RASTER_LAST,
  RASTER_LINES,
  RASTER_NEGATIVE,
  RASTER_POLYGON,
  RASTER_STIPPLE,
} from "./pipeline_key.ts";
import type { Program } from "./programs.ts";

/** What draws set by commands. */
const DYNAMIC: readonly number[] = [
  VK_DYNAMIC_STATE_VIEWPORT_WITH_COUNT,
  VK_DYNAMIC_STATE_SCISSOR_WITH_COUNT,
  VK_DYNAMIC_STATE_CULL_MODE,
  VK_DYNAMIC_STATE_FRONT_FACE,
  VK_DYNAMIC_STATE_PRIMITIVE_TOPOLOGY,
  VK_DYNAMIC_STATE_PRIMITIVE_RESTART_ENABLE,
  VK_DYNAMIC_STATE_RASTERIZER_DISCARD_ENABLE,
  VK_DYNAMIC_STATE_DEPTH_TEST_ENABLE,
  VK_DYNAMIC_STATE_DEPTH_WRITE_ENABLE,
  VK_DYNAMIC_STATE_DEPTH_COMPARE_OP,
  VK_DYNAMIC_STATE_STENCIL_TEST_ENABLE,
  VK_DYNAMIC_STATE_STENCIL_OP,
  VK_DYNAMIC_STATE_STENCIL_COMPARE_MASK,
  VK_DYNAMIC_STATE_STENCIL_WRITE_MASK,
  VK_DYNAMIC_STATE_STENCIL_REFERENCE,
  VK_DYNAMIC_STATE_DEPTH_BIAS,
  VK_DYNAMIC_STATE_DEPTH_BIAS_ENABLE,
  VK_DYNAMIC_STATE_LINE_WIDTH,
  VK_DYNAMIC_STATE_BLEND_CONSTANTS,
  VK_DYNAMIC_STATE_VERTEX_INPUT_BINDING_STRIDE,
];

/** A topology of each class, which the dynamic one has to be of, too. */
const CLASS_TOPOLOGY: readonly number[] = [0, 1, 3, 10];

/** A VkPipeline. */
export class Pipeline implements Disposable {
  /** The handle. */
  readonly handle: bigint;
  readonly #gpu: Gpu;

  /** Takes it over. */
  constructor(gpu: Gpu, handle: bigint) {
    this.#gpu = gpu;
    this.handle = handle;
  }

  /** Destroys it. */
  [Symbol.dispose](): void {
    this.#gpu.vk.vkDestroyPipeline(this.#gpu.device.handle, this.handle, 0n);
  }
}

/** A VkPipelineCache. */
export class PipelineCache implements Disposable {
  /** The handle. */
  readonly handle: bigint;
  readonly #gpu: Gpu;

  /** An empty one. @throws {VkError} */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    const { device, vk } = gpu;
    this.handle = device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkPipelineCacheCreateInfo, {});
      device.check(vk.vkCreatePipelineCache(device.handle, info, 0n, m.address(out)), "vkCreatePipelineCache");
      return m.u64[out >>> 3];
    });
  }

  /** Destroys it. */
  [Symbol.dispose](): void {
    this.#gpu.vk.vkDestroyPipelineCache(this.#gpu.device.handle, this.handle, 0n);
  }
}

function blendTarget(word: number): VkPipelineColorBlendAttachmentState {
  return {
    blendEnable: (word & RT_ENABLE) !== 0,
    colorBlendOp: word >>> 1 & 7,
    srcColorBlendFactor: Math.max(0, BLEND_FACTORS[word >>> 4 & 31]),
    dstColorBlendFactor: Math.max(0, BLEND_FACTORS[word >>> 9 & 31]),
    alphaBlendOp: word >>> 14 & 7,
    srcAlphaBlendFactor: Math.max(0, BLEND_FACTORS[word >>> 17 & 31]),
    dstAlphaBlendFactor: Math.max(0, BLEND_FACTORS[word >>> 22 & 31]),
    colorWriteMask: colorMask(word),
  };
}

/**
 * Makes the pipeline of a key. @param modules by VIRGL_SHADER_*, those of the key.
 * @throws {VkError} when the driver refuses
 */
export function makePipeline(
  engine: Engine,
  program: Program,
  key: Int32Array,
  modules: readonly (Module | undefined)[],
  elements: VertexElements,
): Pipeline {
  const { gpu } = engine, { device, vk, has } = gpu;
  const bindings: VkVertexInputBindingDescription[] = [], attributes: VkVertexInputAttributeDescription[] = [];
  const divisors: VkVertexInputBindingDivisorDescriptionEXT[] = [];
  for (const { register } of program.shaders[0]?.info.inputs ?? []) {
    const there = register < elements.count, divisor = there ? elements.divisors[register] : 0;
    bindings.push({
      binding: register,
      stride: 0,
      inputRate: divisor > 0 ? VK_VERTEX_INPUT_RATE_INSTANCE : VK_VERTEX_INPUT_RATE_VERTEX,
    });
    if (divisor > 1) divisors.push({ binding: register, divisor });
    attributes.push({
      location: register,
      binding: register,
      format: there ? elements.formats[register] : VK_FORMAT_R32G32B32A32_SFLOAT,
      offset: 0,
    });
    const second = there ? elements.seconds[register] : 0;
    if (second !== 0) attributes.push({ location: register + 16, binding: register, format: second, offset: 16 });
  }
  const raster = key[KEY_RASTER], samples = key[KEY_SAMPLES], colors = key[KEY_COLORS] & 0xff;
  const rasterChain: Chained<
    | "VkPipelineRasterizationDepthClipStateCreateInfoEXT"
    | "VkPipelineRasterizationProvokingVertexStateCreateInfoEXT"
    | "VkPipelineRasterizationLineStateCreateInfoEXT"
  >[] = [];
  if (has.depthClipEnable) {
    rasterChain.push(
      chain(VkPipelineRasterizationDepthClipStateCreateInfoEXT, { depthClipEnable: (raster & RASTER_CLIP) !== 0 }),
    );
  }
  if (has.provokingVertex) {
    rasterChain.push(chain(VkPipelineRasterizationProvokingVertexStateCreateInfoEXT, {
      provokingVertexMode: (raster & RASTER_LAST) !== 0
        ? VK_PROVOKING_VERTEX_MODE_LAST_VERTEX_EXT
        : VK_PROVOKING_VERTEX_MODE_FIRST_VERTEX_EXT,
    }));
  }
  const lines = raster >>> RASTER_LINES & 3;
  if (lines !== 0) {
    rasterChain.push(chain(VkPipelineRasterizationLineStateCreateInfoEXT, {
      lineRasterizationMode: lines,
      stippledLineEnable: (raster & RASTER_STIPPLE) !== 0,
      lineStippleFactor: (key[KEY_STIPPLE] >>> 16) + 1,
      lineStipplePattern: key[KEY_STIPPLE] & 0xffff,
    }));
  }
  const count = samples & 0xff;
  const handle = device.arena.scope((m) => {
    const out = m.alloc(8);
    const info = m.put(VkGraphicsPipelineCreateInfo, {
      pNext: [
        chain(VkPipelineRenderingCreateInfo, {
          viewMask: 0,
          pColorAttachmentFormats: key.subarray(KEY_FORMATS, KEY_FORMATS + colors),
          depthAttachmentFormat: key[KEY_DEPTH],
          stencilAttachmentFormat: key[KEY_STENCIL],
        }),
      ],
      pStages: modules.flatMap((module, stage) =>
        module === undefined ? [] : [{ stage: STAGE_BITS[stage], module: module.handle, pName: "main" }]
      ),
      pVertexInputState: {
        pNext: divisors.length > 0
          ? [chain(VkPipelineVertexInputDivisorStateCreateInfoEXT, { pVertexBindingDivisors: divisors })]
          : undefined,
        pVertexBindingDescriptions: bindings,
        pVertexAttributeDescriptions: attributes,
      },
      pInputAssemblyState: { topology: CLASS_TOPOLOGY[key[KEY_TOPOLOGY] & 0xff] },
      pTessellationState: {
        pNext: [
          chain(VkPipelineTessellationDomainOriginStateCreateInfo, {
            domainOrigin: VK_TESSELLATION_DOMAIN_ORIGIN_LOWER_LEFT,
          }),
        ],
        patchControlPoints: Math.max(1, key[KEY_TOPOLOGY] >>> 8),
      },
      pViewportState: {
        pNext: has.depthClipControl
          ? [
            chain(VkPipelineViewportDepthClipControlCreateInfoEXT, {
              negativeOneToOne: (raster & RASTER_NEGATIVE) !== 0,
            }),
          ]
          : undefined,
        viewportCount: 0,
        scissorCount: 0,
      },
      pRasterizationState: {
        pNext: rasterChain.length > 0 ? rasterChain : undefined,
        depthClampEnable: (raster & RASTER_CLAMP) !== 0,
        polygonMode: raster & RASTER_POLYGON,
        lineWidth: 1,
      },
      pMultisampleState: {
        rasterizationSamples: count,
        sampleShadingEnable: (samples & 1 << 10) !== 0,
        minSampleShading: Math.min(1, (samples >>> 16) / count),
        pSampleMask: [key[KEY_SAMPLE_MASK] >>> 0],
        alphaToCoverageEnable: (samples & 1 << 8) !== 0,
        alphaToOneEnable: (samples & 1 << 9) !== 0,
      },
      pDepthStencilState: {
        depthCompareOp: VK_COMPARE_OP_ALWAYS,
        front: { failOp: 0, passOp: 0, depthFailOp: 0, compareOp: 0, compareMask: 0, writeMask: 0, reference: 0 },
        back: { failOp: 0, passOp: 0, depthFailOp: 0, compareOp: 0, compareMask: 0, writeMask: 0, reference: 0 },
        minDepthBounds: 0,
        maxDepthBounds: 1,
      },
      pColorBlendState: {
        logicOpEnable: (key[KEY_COLORS] & 1 << 12) !== 0,
        logicOp: LOGIC_OPS[key[KEY_COLORS] >>> 8 & 15],
        pAttachments: Array.from(key.subarray(KEY_BLEND, KEY_BLEND + colors), blendTarget),
        blendConstants: [0, 0, 0, 0],
      },
      pDynamicState: { pDynamicStates: DYNAMIC },
      layout: program.layout.handle,
      basePipelineIndex: -1,
    });
    device.check(
      vk.vkCreateGraphicsPipelines(device.handle, engine.pipelineCache.handle, 1, info, 0n, m.address(out)),
      "vkCreateGraphicsPipelines",
    );
    return m.u64[out >>> 3];
  });
  return new Pipeline(gpu, handle);
}
