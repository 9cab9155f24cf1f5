/**
 * Pipelines that are bound and never drawn with. Mesa's lavapipe (22.3) learns how many samples an attachment has from the first pipeline
 * that a command buffer binds, and begins its render pass anew then: clears that were load operations become a pass over memory of their
 * own, which takes as long as a simple scene. A pipeline bound before the pass begins avoids that.
 * @module
 */

import {
  VK_DYNAMIC_STATE_SCISSOR_WITH_COUNT,
  VK_DYNAMIC_STATE_VIEWPORT_WITH_COUNT,
  VK_PIPELINE_BIND_POINT_GRAPHICS,
  VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
  VK_SHADER_STAGE_VERTEX_BIT,
  VkGraphicsPipelineCreateInfo,
  VkPipelineLayoutCreateInfo,
  VkShaderModuleCreateInfo,
} from "../../vulkan/mod.ts";
import type { Engine } from "./engine.ts";

/** SPIR-V 1.0 of a vertex shader that does nothing. */
// deno-fmt-ignore
const EMPTY = Uint32Array.of(
  0x0723_0203, 0x0001_0000, 0, 5, 0, // magic, version, generator, bound, schema
  2 << 16 | 17, 1, // OpCapability Shader
  3 << 16 | 14, 0, 1, // OpMemoryModel Logical GLSL450
  5 << 16 | 15, 0, 1, 0x6e69_616d, 0, // OpEntryPoint Vertex %1 "main"
  2 << 16 | 19, 2, // %2 = OpTypeVoid
  3 << 16 | 33, 3, 2, // %3 = OpTypeFunction %2
  5 << 16 | 54, 2, 1, 0, 3, // %1 = OpFunction %2 None %3
  2 << 16 | 248, 4, // OpLabel
  1 << 16 | 253, // OpReturn
  1 << 16 | 56, // OpFunctionEnd
);

/** The pipelines, by samples. */
export class SamplePipelines implements Disposable {
  readonly #engine: Engine;
  readonly #wanted: boolean;
  readonly #pipelines: bigint[] = [];
  #layout = 0n;
  // What was bound last, in which submission.
  #samples = 0;
  #submission = 0;

  /** None yet. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#wanted = engine.gpu.device.physical.type === "cpu";
  }

  /** To be called before a render pass begins that clears. @param samples of its attachments. @throws {VkError} */
  announce(samples: number): void {
    const { recorder, vk } = this.#engine;
    if (!this.#wanted || (this.#samples === samples && this.#submission === recorder.submission)) return;
    const pipeline = this.#pipelines[samples] ??= this.#make(samples);
    vk.vkCmdBindPipeline(recorder.outside(), VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
    this.#engine.disown();
    this.#samples = samples;
    this.#submission = recorder.submission;
  }

  #make(samples: number): bigint {
    const { vk, gpu, pipelineCache } = this.#engine, { device } = gpu;
    return device.arena.scope((m) => {
      const out = m.alloc(8);
      if (this.#layout === 0n) {
        const info = m.put(VkPipelineLayoutCreateInfo, {});
        device.check(vk.vkCreatePipelineLayout(device.handle, info, 0n, m.address(out)), "vkCreatePipelineLayout");
        this.#layout = m.u64[out >>> 3];
      }
      const shader = m.put(VkShaderModuleCreateInfo, { codeSize: BigInt(EMPTY.byteLength), pCode: EMPTY });
      device.check(vk.vkCreateShaderModule(device.handle, shader, 0n, m.address(out)), "vkCreateShaderModule");
      const module = m.u64[out >>> 3];
      try {
        const info = m.put(VkGraphicsPipelineCreateInfo, {
          pStages: [{ stage: VK_SHADER_STAGE_VERTEX_BIT, module, pName: "main" }],
          pVertexInputState: {},
          pInputAssemblyState: { topology: VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST },
          pViewportState: { viewportCount: 0, scissorCount: 0 },
          pRasterizationState: { lineWidth: 1 },
          pMultisampleState: { rasterizationSamples: samples },
          pDynamicState: {
            pDynamicStates: [VK_DYNAMIC_STATE_VIEWPORT_WITH_COUNT, VK_DYNAMIC_STATE_SCISSOR_WITH_COUNT],
          },
          layout: this.#layout,
          basePipelineIndex: -1,
        });
        device.check(
          vk.vkCreateGraphicsPipelines(device.handle, pipelineCache.handle, 1, info, 0n, m.address(out)),
          "vkCreateGraphicsPipelines",
        );
      } finally {
        vk.vkDestroyShaderModule(device.handle, module, 0n);
      }
      return m.u64[out >>> 3];
    });
  }

  /** Destroys them; the GPU must be idle. */
  [Symbol.dispose](): void {
    const { vk, gpu } = this.#engine;
    for (const pipeline of this.#pipelines.splice(0)) {
      if (pipeline !== undefined) vk.vkDestroyPipeline(gpu.device.handle, pipeline, 0n);
    }
    if (this.#layout !== 0n) vk.vkDestroyPipelineLayout(gpu.device.handle, this.#layout, 0n);
    this.#layout = 0n;
  }
}
