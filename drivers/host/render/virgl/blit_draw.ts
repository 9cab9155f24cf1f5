/**
 * Blits that Vulkan has no command for, drawn: each layer of the target is a render pass with a triangle, whose fragment shader
 * looks up the source.
 * @module
 */

import {
  PIPE_MASK_RGBA,
  PIPE_MASK_S,
  PIPE_MASK_Z,
  PIPE_TEXTURE_1D,
  PIPE_TEXTURE_1D_ARRAY,
  PIPE_TEXTURE_2D_ARRAY,
  PIPE_TEXTURE_3D,
} from "../../../../uapi/pipe.ts";
import {
  VK_ATTACHMENT_LOAD_OP_LOAD,
  VK_ATTACHMENT_STORE_OP_STORE,
  VK_IMAGE_ASPECT_STENCIL_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VK_PIPELINE_BIND_POINT_GRAPHICS,
  VK_SHADER_STAGE_FRAGMENT_BIT,
  VK_STENCIL_FACE_FRONT_AND_BACK,
  VkClearAttachment,
  VkClearRect,
  VkRect2D,
  VkRenderingInfo,
  VkViewport,
} from "../../vulkan/mod.ts";
import { FLOAT, INT, type Kind, UINT } from "../../shader/spirv/mod.ts";
import { type BlitPlan, sourceSlice } from "./blit_geometry.ts";
import { BlitPipelines } from "./blit_pipelines.ts";
import {
  BLIT_CONSTANTS_SIZE,
  BlitConstants,
  type BlitOutput,
  type BlitShader,
  type BlitSource,
} from "./blit_shaders.ts";
import type { Engine } from "./engine.ts";
import type { GpuFormat } from "./formats.ts";
import { badFormat } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";
import { COLOR, DEPTH, SHADER_READ } from "./usage.ts";

/** One side of a blit. */
export interface BlitSide {
  /** The image. */
  readonly resource: VirglResource;
  /** Its level. */
  readonly level: number;
  /** How it is seen. */
  readonly format: GpuFormat;
}

/** A blit to draw. Source and target are not the same texels. */
export interface BlitDrawing {
  /** The target. */
  readonly dst: BlitSide;
  /** The source. */
  readonly src: BlitSide;
  /** Where. */
  readonly plan: BlitPlan;
  /** PIPE_MASK_* of what is written; the target's format has it. */
  readonly mask: number;
  /** The linear filter. */
  readonly linear: boolean;
  /** Blend with the source's alpha. */
  readonly alphaBlend: boolean;
}

const IDENTITY = [0, 1, 2, 3] as const, SWIZZLE = 0o3210;

/** What a format's texels are to a shader. */
export function kindOf({ info }: GpuFormat): Kind {
  if (!info.isInteger) return FLOAT;
  return info.type === "sint" ? INT : UINT;
}

function sourceOf({ target, samples }: VirglResource): BlitSource {
  if (target === PIPE_TEXTURE_1D || target === PIPE_TEXTURE_1D_ARRAY) return "line";
  if (target === PIPE_TEXTURE_3D) return "volume";
  return samples > 1 ? "multisample" : "array";
}

/** Draws blits. */
export class BlitDraw implements Disposable {
  readonly #engine: Engine;
  readonly #pipelines: BlitPipelines;

  /** Makes what all of them share. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#pipelines = new BlitPipelines(engine.gpu.device, engine.recorder);
  }

  /**
   * Draws a blit.
   * @throws {VirglRefusal} for formats that the GPU cannot sample or render to. @throws {VkError}
   */
  draw(blit: BlitDrawing): void {
    const { mask } = blit;
    if ((mask & PIPE_MASK_RGBA) !== 0) this.#color(blit);
    if ((mask & PIPE_MASK_Z) !== 0) this.#depth(blit);
    if ((mask & PIPE_MASK_S) !== 0) this.#stencil(blit);
    this.#engine.disown();
  }

  #color(blit: BlitDrawing): void {
    const { dst, src, plan, mask, linear, alphaBlend } = blit;
    const kind = kindOf(src.format);
    if (kind !== kindOf(dst.format)) {
      throw badFormat(`Cannot blit ${src.format.info.name} to ${dst.format.info.name}: only one has integers`);
    }
    if (!src.format.canSample || !dst.format.canRender || (alphaBlend && !dst.format.canBlend)) {
      throw badFormat(`Cannot blit ${src.format.info.name} to ${dst.format.info.name}: the GPU cannot`);
    }
    const { outputSwizzle } = dst.format;
    let writeMask = 0;
    for (let i = 0; i < 4; i++) {
      if (outputSwizzle[i] < 4 && (mask >>> outputSwizzle[i] & 1) !== 0) writeMask |= 1 << i;
    }
    const multisampled = src.resource.samples > 1;
    const shader: BlitShader = {
      source: sourceOf(src.resource),
      kind,
      linear: linear && kind === FLOAT && !multisampled && src.format.canFilter,
      mixed: linear && kind === FLOAT && !multisampled && !src.format.canFilter,
      average: src.resource.samples,
      perSample: this.#perSample(blit),
      output: "color",
      swizzle: outputSwizzle as BlitShader["swizzle"],
    };
    const pipeline = this.#pipelines.pipeline(shader, {
      format: dst.format.vk,
      samples: dst.resource.samples,
      writeMask,
      alphaBlend,
    });
    this.#layers(blit, shader, src.format, "color", (commands, _layer) => {
      this.#engine.vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
      this.#engine.vk.vkCmdDraw(commands, 3, 1, 0, 0);
    }, plan);
  }

  #perSample({ dst, src }: BlitDrawing): boolean {
    return src.resource.samples > 1 && src.resource.samples === dst.resource.samples &&
      this.#engine.gpu.has.sampleRateShading;
  }

  #depth(blit: BlitDrawing): void {
    const { dst, src, plan, linear } = blit, filtered = linear && src.resource.samples === 1;
    if (!src.format.canSample || !dst.format.canDepth) {
      throw badFormat(`Cannot blit ${src.format.info.name} to ${dst.format.info.name}: the GPU cannot`);
    }
    const shader: BlitShader = {
      source: sourceOf(src.resource),
      kind: FLOAT,
      linear: filtered && src.format.canFilter,
      mixed: filtered && !src.format.canFilter,
      average: 1,
      perSample: this.#perSample(blit),
      output: "depth",
      swizzle: IDENTITY,
    };
    const pipeline = this.#pipelines.pipeline(shader, {
      format: dst.format.vk,
      samples: dst.resource.samples,
      writeMask: 0,
      alphaBlend: false,
    });
    this.#layers(blit, shader, src.format, "depth", (commands) => {
      this.#engine.vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
      this.#engine.vk.vkCmdDraw(commands, 3, 1, 0, 0);
    }, plan);
  }

  /** Without a way for shaders to write a stencil value: zeroed, then drawn bit by bit, discarding where the bit is not set. */
  #stencil(blit: BlitDrawing): void {
    const { dst, src, plan } = blit, engine = this.#engine, { vk } = engine;
    const view = stencilView(engine, src.format);
    if (view === undefined || !dst.format.canDepth) {
      throw badFormat(`Cannot blit the stencil of ${src.format.info.name}: the GPU cannot sample it`);
    }
    const shader: BlitShader = {
      source: sourceOf(src.resource),
      kind: UINT,
      linear: false,
      mixed: false,
      average: 1,
      perSample: this.#perSample(blit),
      output: "stencil",
      swizzle: IDENTITY,
    };
    const pipeline = this.#pipelines.pipeline(shader, {
      format: dst.format.vk,
      samples: dst.resource.samples,
      writeMask: 0,
      alphaBlend: false,
    });
    const { minX: x, minY: y, maxX, maxY } = plan.rect;
    this.#layers(blit, shader, view, "stencil", (commands) => {
      const m = engine.gpu.device.arena, mark = m.mark();
      const attachment = m.put(VkClearAttachment, {
        aspectMask: VK_IMAGE_ASPECT_STENCIL_BIT,
        clearValue: { depthStencil: { depth: 0, stencil: 0 } },
      });
      const area = { offset: { x, y }, extent: { width: maxX - x, height: maxY - y } };
      const rect = m.put(VkClearRect, { rect: area, layerCount: 1 });
      vk.vkCmdClearAttachments(commands, 1, attachment, 1, rect);
      m.reset(mark);
      vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
      vk.vkCmdSetStencilReference(commands, VK_STENCIL_FACE_FRONT_AND_BACK, 0xff);
      for (let bit = 0; bit < 8; bit++) {
        vk.vkCmdSetStencilWriteMask(commands, VK_STENCIL_FACE_FRONT_AND_BACK, 1 << bit);
        const at = m.alloc(8);
        m.u32[at >>> 2] = 1 << bit;
        const place = BlitConstants.bit * 4;
        vk.vkCmdPushConstants(
          commands,
          this.#pipelines.layout,
          VK_SHADER_STAGE_FRAGMENT_BIT,
          place,
          4,
          m.address(at),
        );
        m.reset(mark);
        vk.vkCmdDraw(commands, 3, 1, 0, 0);
      }
    }, plan);
  }

  /** A pass for each layer, with viewport, source and constants set. */
  #layers(
    blit: BlitDrawing,
    shader: BlitShader,
    sampled: GpuFormat,
    output: BlitOutput,
    record: (commands: bigint, layer: number) => void,
    plan: BlitPlan,
  ): void {
    const { dst, src } = blit, engine = this.#engine, { recorder, vk } = engine;
    const usage = output === "color" ? COLOR : DEPTH;
    const { resource, level } = src;
    const target = shader.source === "line"
      ? PIPE_TEXTURE_1D_ARRAY
      : shader.source === "volume"
      ? PIPE_TEXTURE_3D
      : PIPE_TEXTURE_2D_ARRAY;
    const view = resource.sampledView(sampled, target, level, level, 0, resource.layers - 1, SWIZZLE);
    if (this.#pipelines.isFull(recorder.submission, recorder.completed())) recorder.wait(recorder.submission);
    const set = this.#pipelines.descriptorSet(view, shader.linear, recorder.submission, recorder.completed());
    recorder.outside();
    const due = recorder.needsBarrier(src.resource, SHADER_READ);
    if (recorder.needsBarrier(dst.resource, usage) || due) recorder.barrier();
    recorder.note(src.resource, SHADER_READ);
    recorder.note(dst.resource, usage);
    const commands = recorder.commands, m = engine.gpu.device.arena;
    const { minX: x, minY: y, maxX, maxY } = plan.rect, width = maxX - x, height = maxY - y;
    for (let layer = 0; layer < plan.layers; layer++) {
      const attachment = {
        imageView: dst.resource.attachmentView(dst.format, dst.level, plan.firstLayer + layer, 1),
        imageLayout: VK_IMAGE_LAYOUT_GENERAL,
        loadOp: VK_ATTACHMENT_LOAD_OP_LOAD,
        storeOp: VK_ATTACHMENT_STORE_OP_STORE,
      };
      const mark = m.mark();
      try {
        const area = { offset: { x, y }, extent: { width, height } };
        const info = m.put(VkRenderingInfo, {
          renderArea: area,
          layerCount: 1,
          pColorAttachments: output === "color" ? [attachment] : [],
          pDepthAttachment: output === "depth" ? attachment : undefined,
          pStencilAttachment: output === "stencil" ? attachment : undefined,
        });
        vk.vkCmdBeginRendering(commands, info);
        vk.vkCmdSetViewport(commands, 0, 1, m.put(VkViewport, { x, y, width, height, minDepth: 0, maxDepth: 1 }));
        vk.vkCmdSetScissor(commands, 0, 1, m.put(VkRect2D, area));
        vk.vkCmdBindDescriptorSets(
          commands,
          VK_PIPELINE_BIND_POINT_GRAPHICS,
          this.#pipelines.layout,
          0,
          1,
          m.putU64s([set]),
          0,
          0n,
        );
        vk.vkCmdPushConstants(
          commands,
          this.#pipelines.layout,
          VK_SHADER_STAGE_FRAGMENT_BIT,
          0,
          BLIT_CONSTANTS_SIZE,
          m.address(this.#constants(blit, shader, layer)),
        );
        record(commands, layer);
        vk.vkCmdEndRendering(commands);
      } finally {
        m.reset(mark);
      }
      recorder.work++;
    }
  }

  /** Places the constants of a layer. */
  #constants({ src, plan }: BlitDrawing, shader: BlitShader, layer: number): number {
    const m = this.#engine.gpu.device.arena;
    const at = m.alloc(BLIT_CONSTANTS_SIZE), w = at >>> 2, { f32 } = m;
    const width = src.resource.levelWidth(src.level), height = src.resource.levelHeight(src.level);
    const depth = src.resource.levelDepth(src.level);
    const slice = sourceSlice(plan, layer);
    f32[w + BlitConstants.scale] = plan.scaleX;
    f32[w + BlitConstants.scale + 1] = plan.scaleY;
    f32[w + BlitConstants.offset] = plan.offsetX;
    f32[w + BlitConstants.offset + 1] = plan.offsetY;
    f32[w + BlitConstants.last] = width - 1;
    f32[w + BlitConstants.last + 1] = height - 1;
    f32[w + BlitConstants.layer] = shader.linear && shader.source === "volume"
      ? slice
      : Math.min(Math.max(Math.floor(slice), 0), depth - 1);
    f32[w + BlitConstants.inverse] = 1 / width;
    f32[w + BlitConstants.inverse + 1] = 1 / height;
    f32[w + BlitConstants.inverse + 2] = 1 / depth;
    return at;
  }

  /** Frees what all share; the GPU must be idle. */
  [Symbol.dispose](): void {
    this.#pipelines[Symbol.dispose]();
  }
}

/** The format that sees the stencil of another as an integer. */
function stencilView(engine: Engine, format: GpuFormat): GpuFormat | undefined {
  if (format.viewAspect === VK_IMAGE_ASPECT_STENCIL_BIT) return format.canSample ? format : undefined;
  return engine.formats.all().find((view) =>
    view.vk === format.vk && view.viewAspect === VK_IMAGE_ASPECT_STENCIL_BIT && view.canSample
  );
}
