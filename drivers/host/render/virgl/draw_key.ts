/**
 * Fills a pipeline's key from the bound state, and checks that the bound shaders fit each other and the primitives.
 * @module
 */

import { PIPE_PRIM_PATCHES } from "../../../../uapi/pipe.ts";
import {
  VIRGL_SHADER_FRAGMENT,
  VIRGL_SHADER_GEOMETRY,
  VIRGL_SHADER_TESS_CTRL,
  VIRGL_SHADER_TESS_EVAL,
} from "../../../../uapi/virgl_protocol.ts";
import type { Gpu } from "./gpu.ts";
import { alphaAsRed, type Blend, targetWord } from "./objects/blend.ts";
import type { Rasterizer } from "./objects/rasterizer.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import {
  KEY_BLEND,
  KEY_COLORS,
  KEY_DEPTH,
  KEY_FORMATS,
  KEY_MODULES,
  KEY_RASTER,
  KEY_SAMPLE_MASK,
  KEY_SAMPLES,
  KEY_STENCIL,
  KEY_STIPPLE,
  KEY_TOPOLOGY,
  KEY_VERTEX,
  RASTER_CLAMP,
  RASTER_CLIP,
  RASTER_LAST,
  RASTER_LINES,
  RASTER_NEGATIVE,
  RASTER_STIPPLE,
  TOPOLOGY_CLASSES,
  TOPOLOGY_LINES,
  TOPOLOGY_PATCHES,
} from "./pipeline_key.ts";
import type { Program } from "./programs.ts";
import { badShader } from "./refusal.ts";
import { numericOf } from "./shader_variants.ts";
import type { SubContext } from "./sub_context.ts";

/** PIPE_PRIM_* to the primitive that a geometry shader gets. */
const GS_INPUTS = Int8Array.of(0, 1, 1, 1, 4, 4, 4, 4, 4, 4, 10, 10, 12, 12, -1);

/**
 * Checks that shaders are bound that can draw a primitive.
 * @throws {VirglRefusal} if not: Vulkan would not see to it
 */
export function checkProgram({ shaders }: Program, mode: number, discard: boolean): void {
  if (shaders[0] === undefined) throw badShader("Cannot draw: no vertex shader is bound");
  if (shaders[VIRGL_SHADER_FRAGMENT] === undefined && !discard) {
    throw badShader("Cannot draw: no fragment shader is bound");
  }
  const evaluates = shaders[VIRGL_SHADER_TESS_EVAL] !== undefined;
  if (!evaluates && shaders[VIRGL_SHADER_TESS_CTRL] !== undefined) {
    throw badShader("Cannot draw: a tessellation control shader alone is bound");
  }
  if (evaluates !== (mode === PIPE_PRIM_PATCHES)) {
    throw badShader(`Cannot draw: primitive ${mode} and the tessellation shaders do not fit`);
  }
  const geometry = shaders[VIRGL_SHADER_GEOMETRY];
  if (geometry === undefined || evaluates) return;
  const input = geometry.info.properties.get("GS_INPUT_PRIMITIVE") ?? 4;
  if (GS_INPUTS[mode] !== input) throw badShader(`Cannot draw primitive ${mode}: the geometry shader wants ${input}`);
}

/** Fills the key of the pipeline that the bound state wants. */
export function fillKey(
  key: Int32Array,
  gpu: Gpu,
  sub: SubContext,
  program: Program,
  rasterizer: Rasterizer,
  blend: Blend,
  elements: VertexElements,
  mode: number,
  patchVertices: number,
): void {
  const { has } = gpu, { framebuffer, modules } = sub, { colors, samples, depth } = framebuffer;
  key.fill(0);
  for (let i = 0; i < 5; i++) key[KEY_MODULES + i] = modules[i]?.id ?? 0;
  key[KEY_VERTEX] = program.shaders[0]?.inputCount === 0 ? 0 : elements.layout;
  const topology = TOPOLOGY_CLASSES[mode];
  key[KEY_TOPOLOGY] = topology | (topology === TOPOLOGY_PATCHES ? patchVertices << 8 : 0);
  const fill = has.fillModeNonSolid && rasterizer.fill < 3 ? rasterizer.fill : 0;
  let raster = fill;
  if (rasterizer.depthClip || !has.depthClamp) raster |= RASTER_CLIP;
  else raster |= RASTER_CLAMP;
  if (has.depthClipControl && !rasterizer.clipHalfz) raster |= RASTER_NEGATIVE;
  if (has.provokingVertex && !rasterizer.flatshadeFirst) raster |= RASTER_LAST;
  const sampled = samples > 1;
  const least = sub.sample >= 0 ? samples : rasterizer.multisample ? sub.minSamples : 1;
  const shades = sampled && least > 1 && has.sampleRateShading;
  if (topology === TOPOLOGY_LINES || fill === 1 || program.last !== 0) {
    const plain = !(sampled && (blend.alphaToCoverage || blend.alphaToOne)) && !shades;
    let lines = 0, stipples = false;
    if (rasterizer.lineSmooth && has.smoothLines && plain) {
      lines = 3;
      stipples = has.stippledSmoothLines;
    } else if (sampled && rasterizer.multisample) {
      lines = has.rectangularLines ? 1 : 0;
      stipples = has.stippledRectangularLines;
    } else if (has.bresenhamLines && plain) {
      lines = 2;
      stipples = has.stippledBresenhamLines;
    }
    raster |= lines << RASTER_LINES;
    if (lines !== 0 && stipples && rasterizer.lineStipple) {
      raster |= RASTER_STIPPLE;
      key[KEY_STIPPLE] = rasterizer.stipplePattern | rasterizer.stippleFactor - 1 << 16;
    }
  }
  key[KEY_RASTER] = raster;
  key[KEY_SAMPLES] = samples;
  key[KEY_SAMPLE_MASK] = -1;
  if (sampled) {
    key[KEY_SAMPLES] |= (blend.alphaToCoverage ? 1 << 8 : 0) | (blend.alphaToOne && has.alphaToOne ? 1 << 9 : 0) |
      (shades ? 1 << 10 | Math.min(least, samples) << 16 : 0);
    key[KEY_SAMPLE_MASK] = sub.sample >= 0 ? sub.sampleMask & 1 << sub.sample : sub.sampleMask;
  }
  const logic = blend.logicOpEnable;
  key[KEY_COLORS] = colors.length | (logic ? 1 << 12 | blend.logicOp << 8 : 0);
  for (let i = 0; i < colors.length; i++) {
    const color = colors[i];
    if (color === undefined) continue;
    const { format } = color;
    key[KEY_FORMATS + i] = format.vk;
    const word = targetWord(
      blend.targets[i],
      format.canBlend && !logic && numericOf(color) === 0,
      format.hasAlpha,
    );
    key[KEY_BLEND + i] = format.alphaOnly ? alphaAsRed(word) : word;
  }
  if (depth !== undefined) {
    if (depth.format.info.isDepth) key[KEY_DEPTH] = depth.format.vk;
    if (depth.format.info.isStencil) key[KEY_STENCIL] = depth.format.vk;
  }
}
