/**
 * Pairs of a vertex and a fragment shader that fit together, and the pipelines made of them, one for each state.
 * @module
 */

import { shiftOf } from "../../../../uapi/bits.ts";
import { dxp_blend, dxp_depth, dxp_raster } from "../../../../uapi/dxp_object.ts";
import { type SpirvBinding, SpirvError } from "../../shader/spirv_check/mod.ts";
import {
  chain,
  VK_CULL_MODE_BACK_BIT,
  VK_CULL_MODE_FRONT_BIT,
  VK_DYNAMIC_STATE_SCISSOR,
  VK_DYNAMIC_STATE_VERTEX_INPUT_BINDING_STRIDE,
  VK_DYNAMIC_STATE_VIEWPORT,
  VK_FRONT_FACE_CLOCKWISE,
  VK_FRONT_FACE_COUNTER_CLOCKWISE,
  VK_SHADER_STAGE_FRAGMENT_BIT,
  VK_SHADER_STAGE_VERTEX_BIT,
  VK_VERTEX_INPUT_RATE_INSTANCE,
  VK_VERTEX_INPUT_RATE_VERTEX,
  VkGraphicsPipelineCreateInfo,
  VkPipelineRenderingCreateInfo,
} from "../../vulkan/mod.ts";
import { VK_FORMATS } from "./formats.ts";
import type { Gpu } from "./gpu.ts";
import { hashOf, makeModule, type ShaderModule } from "./modules.ts";
import { checkLayout, ProgramLayout } from "./programs.ts";
import type { Recorder } from "./recorder.ts";
import type { RenderState } from "./render_state.ts";

/** Pairs that are kept. */
const MAX_PROGRAMS = 256;
/** Pipelines of one pair. */
const MAX_PIPELINES = 64;
const STAGES = VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT;
const NO_CONSTANTS = new Uint32Array(0);

const field = (word: number, mask: number): number => (word & mask) >>> shiftOf(mask);

/** What both shaders use. @throws {SpirvError} when they do not agree */
function bindingsOf(vertex: ShaderModule, fragment: ShaderModule): SpirvBinding[] {
  const all = new Map<number, SpirvBinding>(vertex.program.bindings.map((b) => [b.binding, b]));
  for (const b of fragment.program.bindings) {
    const a = all.get(b.binding);
    if (a !== undefined && (a.kind !== b.kind || a.format !== b.format || a.component !== b.component)) {
      throw new SpirvError(`both shaders use binding ${b.binding}, as another thing`);
    }
    all.set(b.binding, a === undefined ? b : { ...b, writes: a.writes || b.writes });
  }
  return [...all.values()].sort((a, b) => a.binding - b.binding);
}

/** What goes from one to the other must be the same. @throws {SpirvError} */
function checkVaryings(vertex: ShaderModule, fragment: ShaderModule): void {
  for (const input of fragment.program.inputs) {
    const output = vertex.program.outputs.find(({ location }) => location === input.location);
    if (output === undefined || output.component !== input.component || output.count !== input.count) {
      throw new SpirvError(
        `the fragment shader's input at location ${input.location} is no output of the vertex shader`,
      );
    }
  }
}

/** A pair of shaders. */
export class GraphicsProgram implements Disposable {
  /** The vertex shader. */
  readonly vertex: ShaderModule;
  /** The fragment shader. */
  readonly fragment: ShaderModule;
  /** Their layout. */
  readonly layout: ProgramLayout;
  /** Jobs that have chosen it. */
  holders = 0;
  readonly #recorder: Recorder;
  readonly #pipelines = new Map<string, bigint>();

  /** @throws {SpirvError} @throws {VkError} */
  constructor(recorder: Recorder, gpu: Gpu, vertex: ShaderModule, fragment: ShaderModule) {
    this.#recorder = recorder;
    this.vertex = vertex;
    this.fragment = fragment;
    checkVaryings(vertex, fragment);
    const bindings = bindingsOf(vertex, fragment);
    checkLayout(gpu, bindings);
    this.layout = new ProgramLayout(recorder, bindings, STAGES);
  }

  /** The VkPipeline for a state, whose attributes and attachments were checked. @throws {VkError} */
  pipeline(state: RenderState): bigint {
    const { raster, depth, blend, writeMask, attributes, attachments, hasDepth, vertexBuffers } = state;
    let key = `${raster} ${depth} ${blend} ${writeMask} ${hasDepth}`;
    for (const { format } of attachments) key += ` ${format}`;
    for (const { location, slot, format, offset } of attributes) {
      key += ` ${location} ${slot} ${format} ${offset} ${vertexBuffers[slot].perInstance}`;
    }
    const known = this.#pipelines.get(key);
    if (known !== undefined) return known;
    if (this.#pipelines.size >= MAX_PIPELINES) {
      for (const [old, pipeline] of this.#pipelines) {
        this.#pipelines.delete(old);
        this.#recorder.disposeLater({ [Symbol.dispose]: () => this.#destroy(pipeline) });
        break;
      }
    }
    const pipeline = this.#make(state);
    this.#pipelines.set(key, pipeline);
    return pipeline;
  }

  #make(state: RenderState): bigint {
    const { device, vk } = this.#recorder;
    const { raster, depth, blend, writeMask, hasDepth } = state;
    const colors = hasDepth ? state.attachments.slice(0, -1) : state.attachments;
    const used = state.attributes.filter(({ location }) =>
      this.vertex.program.inputs.some((input) => input.location === location)
    );
    const slots = [...new Set(used.map(({ slot }) => slot))];
    const cull = field(raster, dxp_raster.cull);
    return device.arena.scope((m) => {
      const out = m.alloc(8);
      const info = m.put(VkGraphicsPipelineCreateInfo, {
        pNext: [chain(VkPipelineRenderingCreateInfo, {
          viewMask: 0,
          colorAttachmentCount: colors.length,
          pColorAttachmentFormats: colors.map(({ format }) => VK_FORMATS[format]),
          depthAttachmentFormat: hasDepth ? VK_FORMATS[state.attachments[colors.length].format] : 0,
          stencilAttachmentFormat: 0,
        })],
        pStages: [
          { stage: VK_SHADER_STAGE_VERTEX_BIT, module: this.vertex.handle, pName: "main" },
          { stage: VK_SHADER_STAGE_FRAGMENT_BIT, module: this.fragment.handle, pName: "main" },
        ],
        pVertexInputState: {
          pVertexBindingDescriptions: slots.map((binding) => ({
            binding,
            stride: 0,
            inputRate: state.vertexBuffers[binding].perInstance
              ? VK_VERTEX_INPUT_RATE_INSTANCE
              : VK_VERTEX_INPUT_RATE_VERTEX,
          })),
          pVertexAttributeDescriptions: used.map(({ location, slot, format, offset }) => ({
            location,
            binding: slot,
            format: VK_FORMATS[format],
            offset,
          })),
        },
        pInputAssemblyState: { topology: field(raster, dxp_raster.topology) },
        pViewportState: { viewportCount: 1, scissorCount: 1 },
        pRasterizationState: {
          polygonMode: 0,
          cullMode: (cull & 1 ? VK_CULL_MODE_FRONT_BIT : 0) | (cull & 2 ? VK_CULL_MODE_BACK_BIT : 0),
          frontFace: field(raster, dxp_raster.clockwise) ? VK_FRONT_FACE_CLOCKWISE : VK_FRONT_FACE_COUNTER_CLOCKWISE,
          depthBiasConstantFactor: 0,
          depthBiasClamp: 0,
          depthBiasSlopeFactor: 0,
          lineWidth: 1,
        },
        pMultisampleState: { rasterizationSamples: 1, minSampleShading: 0 },
        pDepthStencilState: {
          depthTestEnable: hasDepth && field(depth, dxp_depth.test) === 1,
          depthWriteEnable: hasDepth && field(depth, dxp_depth.write) === 1,
          depthCompareOp: field(depth, dxp_depth.compare),
          front: { failOp: 0, passOp: 0, depthFailOp: 0, compareOp: 0, compareMask: 0, writeMask: 0, reference: 0 },
          back: { failOp: 0, passOp: 0, depthFailOp: 0, compareOp: 0, compareMask: 0, writeMask: 0, reference: 0 },
          minDepthBounds: 0,
          maxDepthBounds: 1,
        },
        pColorBlendState: {
          logicOp: 0,
          attachmentCount: colors.length,
          pAttachments: colors.map((_, i) => ({
            blendEnable: field(blend, dxp_blend.enable) === 1,
            srcColorBlendFactor: field(blend, dxp_blend.src_color),
            dstColorBlendFactor: field(blend, dxp_blend.dst_color),
            colorBlendOp: field(blend, dxp_blend.color_op),
            srcAlphaBlendFactor: field(blend, dxp_blend.src_alpha),
            dstAlphaBlendFactor: field(blend, dxp_blend.dst_alpha),
            alphaBlendOp: field(blend, dxp_blend.alpha_op),
            // What a shader does not write stays.
            colorWriteMask: this.fragment.program.outputs.some(({ location }) => location === i) ? writeMask : 0,
          })),
          blendConstants: [0, 0, 0, 0],
        },
        pDynamicState: {
          pDynamicStates: [
            VK_DYNAMIC_STATE_VIEWPORT,
            VK_DYNAMIC_STATE_SCISSOR,
            ...(slots.length > 0 ? [VK_DYNAMIC_STATE_VERTEX_INPUT_BINDING_STRIDE] : []),
          ],
        },
        layout: this.layout.handle,
        subpass: 0,
        basePipelineIndex: -1,
      });
      const result = vk.vkCreateGraphicsPipelines(device.handle, 0n, 1, info, 0n, m.address(out));
      device.check(result, "vkCreateGraphicsPipelines");
      return m.u64[out >>> 3];
    });
  }

  #destroy(pipeline: bigint): void {
    const { device, vk } = this.#recorder;
    vk.vkDestroyPipeline(device.handle, pipeline, 0n);
  }

  [Symbol.dispose](): void {
    for (const pipeline of this.#pipelines.values()) this.#destroy(pipeline);
    this.#pipelines.clear();
    this.layout[Symbol.dispose]();
    this.vertex[Symbol.dispose]();
    this.fragment[Symbol.dispose]();
  }
}

/** The pairs of an engine. */
export class GraphicsPrograms implements Disposable {
  readonly #recorder: Recorder;
  readonly #gpu: Gpu;
  readonly #programs = new Map<number, GraphicsProgram[]>();
  #count = 0;

  /** Nothing is compiled yet. */
  constructor(recorder: Recorder, gpu: Gpu) {
    this.#recorder = recorder;
    this.#gpu = gpu;
  }

  /** The pair of two shaders. @param vertex a private copy, as `fragment`. @throws {SpirvError} @throws {VkError} */
  get(vertex: Uint32Array, fragment: Uint32Array): GraphicsProgram {
    const hash = hashOf(fragment, hashOf(vertex, 0));
    const list = this.#programs.get(hash) ?? [];
    for (const program of list) {
      const isSame = program.vertex.is("vertex", vertex, NO_CONSTANTS) &&
        program.fragment.is("fragment", fragment, NO_CONSTANTS);
      if (isSame) return program;
    }
    if (this.#count >= MAX_PROGRAMS) this.#evict();
    using cleanup = new DisposableStack();
    const { shaders } = this.#gpu;
    const first = cleanup.use(makeModule(this.#recorder, shaders, "vertex", vertex, NO_CONSTANTS));
    const second = cleanup.use(makeModule(this.#recorder, shaders, "fragment", fragment, NO_CONSTANTS));
    const program = new GraphicsProgram(this.#recorder, this.#gpu, first, second);
    cleanup.move();
    this.#programs.set(hash, [...this.#programs.get(hash) ?? [], program]);
    this.#count++;
    return program;
  }

  #evict(): void {
    for (const [hash, list] of this.#programs) {
      if (this.#count < MAX_PROGRAMS / 2) return;
      const kept = list.filter(({ holders }) => holders > 0);
      for (const program of list) {
        if (program.holders > 0) continue;
        this.#recorder.disposeLater(program);
        this.#count--;
      }
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
