/**
 * Which module of a shader the bound state wants: state that Gallium keeps outside of shaders and Vulkan inside, as a key of a few
 * words; the variant's description is made only when a key is new.
 * @module
 */

import { PIPE_FUNC_ALWAYS, PIPE_PRIM_POINTS } from "../../../../uapi/pipe.ts";
import {
  VIRGL_SHADER_FRAGMENT,
  VIRGL_SHADER_GEOMETRY,
  VIRGL_SHADER_TESS_CTRL,
  VIRGL_SHADER_TESS_EVAL,
  VIRGL_SHADER_VERTEX,
} from "../../../../uapi/virgl_protocol.ts";
import {
  type ColorOutput,
  DEFAULT_VARIANT,
  type NumericType,
  type SamplerVariant,
  type ShaderVariant,
} from "../../shader/tgsi/mod.ts";
import type { Surface } from "./objects/surface.ts";
import { type Link, type Module, type Shader, VARIANT_WORDS } from "./objects/shader.ts";
import { TOPOLOGY_CLASSES, TOPOLOGY_POINTS, TOPOLOGY_TRIANGLES } from "./pipeline_key.ts";
import type { Program } from "./programs.ts";
import { type SubContext, UNITS } from "./sub_context.ts";

// Words of a key.
const INTERFACE = 0,
  LAST_STAGE = 1,
  ATTRIBUTES = 2,
  FRAGMENT = 3,
  SPRITES = 4,
  OUTPUTS = 5,
  TYPES = 6,
  CLAMPS = 8,
  SWIZZLES = 11;
/** Units whose swizzle is part of the key, two a word: the first of those that compare, and of buffers. */
const MOST_SWIZZLES = (VARIANT_WORDS - SWIZZLES) * 2;
/** A swizzle of buffers that changes nothing. */
const IDENTITY = 0o3210;

// Bits of LAST_STAGE; of other stages, the number of their locations above bit 0, where those are not their own.
const LAST = 1, HALF_Z = 2, WRITE_POINT = 4, FIXED_POINT = 8, CLAMP = 16;
// Bits of FRAGMENT above the alpha function.
const TWO_SIDE = 8,
  FLAT = 16,
  LOWER_LEFT = 32,
  DUAL = 64,
  SAMPLE = 128,
  CLAMP_FRAGMENT = 256,
  ONE = 512,
  NO_MASK = 1024,
  COVERAGE = 2048,
  STIPPLE = 4096,
  SINGLE = 8192;

// In OUTPUTS, behind 2 bits for the type of each attachment: the first of those that hold alpha as red.
const ALPHA_ONLY = 1 << 16;

const NUMERIC: readonly NumericType[] = ["float", "int", "uint"];
const key = new Int32Array(VARIANT_WORDS);

/** The stage whose outputs a stage reads; -1 for none. */
function producerOf(program: Program, stage: number): number {
  const { shaders } = program;
  switch (stage) {
    case VIRGL_SHADER_FRAGMENT:
      if (shaders[VIRGL_SHADER_GEOMETRY] !== undefined) return VIRGL_SHADER_GEOMETRY;
      if (shaders[VIRGL_SHADER_TESS_EVAL] !== undefined) return VIRGL_SHADER_TESS_EVAL;
      return VIRGL_SHADER_VERTEX;
    case VIRGL_SHADER_GEOMETRY:
      return shaders[VIRGL_SHADER_TESS_EVAL] !== undefined ? VIRGL_SHADER_TESS_EVAL : VIRGL_SHADER_VERTEX;
    case VIRGL_SHADER_TESS_EVAL:
      return shaders[VIRGL_SHADER_TESS_CTRL] !== undefined ? VIRGL_SHADER_TESS_CTRL : VIRGL_SHADER_VERTEX;
    case VIRGL_SHADER_TESS_CTRL:
      return VIRGL_SHADER_VERTEX;
    default:
      return -1;
  }
}

/** What a colour attachment's texels are: 0 float, 1 signed, 2 unsigned. */
export function numericOf(surface: Surface): number {
  const { info } = surface.format;
  return !info.isInteger ? 0 : info.type === "sint" ? 1 : 2;
}

function numericIndex(type: NumericType): number {
  return type === "float" ? 0 : type === "int" ? 1 : 2;
}

/** Whether points reach the rasterizer. @param topology TOPOLOGY_* of what is drawn */
function drawsPoints({ shaders }: Program, topology: number): boolean {
  const geometry = shaders[VIRGL_SHADER_GEOMETRY], evaluation = shaders[VIRGL_SHADER_TESS_EVAL];
  if (geometry !== undefined) return geometry.info.properties.get("GS_OUTPUT_PRIMITIVE") === PIPE_PRIM_POINTS;
  if (evaluation !== undefined) return (evaluation.info.properties.get("TES_POINT_MODE") ?? 0) !== 0;
  return topology === TOPOLOGY_POINTS;
}

/**
 * The module of a stage of a program.
 * @param mode PIPE_PRIM_*. @param patchVertices vertices of a patch. @param feedback whether transform feedback
 * is on
 * @throws {VirglRefusal} if the shader cannot be translated
 */
export function moduleOf(
  sub: SubContext,
  program: Program,
  shader: Shader,
  mode: number,
  patchVertices: number,
  feedback: boolean,
): Module {
  const { rasterizer, engine } = sub, { stage, info } = shader, topology = TOPOLOGY_CLASSES[mode];
  const polygons = topology === TOPOLOGY_TRIANGLES;
  const points = drawsPoints(program, topology) || (polygons && rasterizer?.fill === 2);
  key.fill(0);
  const producer = program.shaders[producerOf(program, stage)];
  const from = producer === undefined ? undefined : program.linkOf(producer), to = program.linkOf(shader);
  key[INTERFACE] = from?.number ?? 0;
  if (stage === program.last) {
    // Where the GPU clips at -w (depthClipControl), the shader need not be told.
    key[LAST_STAGE] = LAST | (engine.gpu.has.depthClipControl || rasterizer?.clipHalfz === true ? HALF_Z : 0) |
      (points ? WRITE_POINT : 0) | (points && rasterizer?.pointSizePerVertex !== true ? FIXED_POINT : 0) |
      (((rasterizer?.flags ?? 0) >>> 16 & 1) !== 0 ? CLAMP : 0) | (rasterizer?.clipPlaneEnable ?? 0) << 8 |
      (feedback && shader.streamOutput !== undefined ? 1 << 24 : 0);
  } else if (to !== shader.link) key[LAST_STAGE] = to.number << 1;
  if (stage === VIRGL_SHADER_VERTEX) key[ATTRIBUTES] = sub.vertexElements?.typesKey ?? 0;
  if (stage === VIRGL_SHADER_TESS_CTRL || stage === VIRGL_SHADER_TESS_EVAL) key[ATTRIBUTES] = patchVertices;
  if (stage === VIRGL_SHADER_FRAGMENT) {
    fragmentKey(sub, points);
    if (polygons && rasterizer?.polygonStipple === true) key[FRAGMENT] |= STIPPLE;
  }
  const { samplers } = info;
  if (samplers.length > 0) samplerKey(sub, shader);
  return shader.known(key) ?? shader.make(key, describe(sub, shader, from, to, patchVertices));
}

function fragmentKey(sub: SubContext, points: boolean): void {
  const { rasterizer, dsa, blend, framebuffer } = sub;
  // Where colours are integers there is no alpha test.
  const first = framebuffer.colors[0];
  const tests = dsa !== undefined && (first === undefined || numericOf(first) === 0);
  const several = framebuffer.samples > 1, sampled = several && rasterizer?.multisample === true;
  let word = tests ? dsa.alphaFunc : PIPE_FUNC_ALWAYS;
  if (rasterizer !== undefined) {
    if (rasterizer.lightTwoside) word |= TWO_SIDE;
    if (rasterizer.flatshade) word |= FLAT;
    if (rasterizer.spriteLowerLeft && points) word |= LOWER_LEFT;
    if (rasterizer.clampColor) word |= CLAMP_FRAGMENT;
    if ((sampled && rasterizer.perSample) || sub.sample >= 0) word |= SAMPLE;
    if (points) key[SPRITES] = rasterizer.spriteCoordEnable;
  }
  if (blend?.dualSource === true) word |= DUAL;
  if (!sampled) word |= several ? NO_MASK | SINGLE : NO_MASK;
  // Coverage comes from output 0's alpha, attachment or not.
  if (several && first === undefined && blend?.alphaToCoverage === true) word |= COVERAGE;
  // Vulkan does it itself where it can.
  if (blend?.alphaToOne === true && !sub.engine.gpu.has.alphaToOne && several) word |= ONE;
  key[FRAGMENT] = word;
  let outputs = 0;
  for (let i = 0; i < framebuffer.colors.length; i++) {
    const color = framebuffer.colors[i];
    if (color === undefined) continue;
    outputs |= 1 + numericOf(color) << i * 2;
    if (color.format.alphaOnly) outputs |= ALPHA_ONLY << i;
  }
  key[OUTPUTS] = outputs;
}

/** Whether a unit's swizzle is the shader's to apply. */
function swizzles(shadow: boolean, target: string): boolean {
  return shadow || target === "BUFFER";
}

function samplerKey(sub: SubContext, shader: Shader): void {
  let count = 0;
  const { samplers } = shader.info;
  for (let i = 0; i < samplers.length; i++) {
    const { unit, shadow, type, target } = samplers[i], place = shader.stage * UNITS + unit;
    const clamps = sub.samplers[place]?.clamps ?? 0;
    for (let axis = 0; axis < 3; axis++) key[CLAMPS + axis] |= (clamps >>> axis & 1) << unit;
    const slot = swizzles(shadow, target) ? count++ : MOST_SWIZZLES, view = sub.samplerViews[place];
    if (view === undefined) continue;
    if (view.numeric !== type) {
      key[TYPES + (unit >>> 4)] |= 1 + numericIndex(view.numeric) << (unit & 15) * 2;
    }
    if (slot < MOST_SWIZZLES && (shadow || view.swizzle !== IDENTITY)) {
      key[SWIZZLES + (slot >>> 1)] |= (view.swizzle + 1) << (slot & 1) * 16;
    }
  }
}

/** What `samplerKey` put into the key, spelled out. */
function samplerVariants(sub: SubContext, shader: Shader): Map<number, SamplerVariant> {
  const variants = new Map<number, SamplerVariant>();
  let count = 0;
  for (const { unit, shadow, type, target } of shader.info.samplers) {
    let clamp = 0;
    for (let axis = 0; axis < 3; axis++) clamp |= (key[CLAMPS + axis] >>> unit & 1) << axis;
    const slot = swizzles(shadow, target) ? count++ : MOST_SWIZZLES;
    const word = slot < MOST_SWIZZLES ? (key[SWIZZLES + (slot >>> 1)] >>> (slot & 1) * 16 & 0xffff) - 1 : -1;
    const view = sub.samplerViews[shader.stage * UNITS + unit];
    const other = view !== undefined && view.numeric !== type ? view.numeric : undefined;
    if (clamp === 0 && word < 0 && other === undefined) continue;
    const swizzle = word < 0 ? undefined : [word & 7, word >>> 3 & 7, word >>> 6 & 7, word >>> 9 & 7] as const;
    variants.set(unit, {
      type: other,
      clamp,
      shadowSwizzle: shadow ? swizzle : undefined,
      texelSwizzle: shadow ? undefined : swizzle,
    });
  }
  return variants;
}

function describe(
  sub: SubContext,
  shader: Shader,
  from: Link | undefined,
  to: Link,
  patchVertices: number,
): ShaderVariant {
  const word = key[FRAGMENT], last = (key[LAST_STAGE] & LAST) !== 0 ? key[LAST_STAGE] : 0;
  const colorOutputs: (ColorOutput | undefined)[] = [];
  if (shader.stage === VIRGL_SHADER_FRAGMENT) {
    for (const color of sub.framebuffer.colors) {
      if (color === undefined) {
        colorOutputs.push(undefined);
        continue;
      }
      const { alphaOnly, outputSwizzle } = color.format;
      colorOutputs.push({ type: NUMERIC[numericOf(color)], swizzle: alphaOnly ? outputSwizzle : undefined });
    }
    if ((word & COVERAGE) !== 0) colorOutputs[0] = { type: "float" };
  }
  return {
    ...DEFAULT_VARIANT,
    inputLocations: from?.outputs ?? new Map(),
    outputLocations: to.outputs,
    attributeTypes: shader.stage === VIRGL_SHADER_VERTEX ? sub.vertexElements?.types ?? [] : [],
    patchVertices: Math.max(1, patchVertices),
    sharedMemory: shader.sharedMemory,
    samplers: samplerVariants(sub, shader),
    lastVertexStage: (last & LAST) !== 0,
    clipHalfz: (last & HALF_Z) !== 0,
    clipPlaneEnable: last >>> 8 & 0xff,
    writePointSize: (last & WRITE_POINT) !== 0,
    fixedPointSize: (last & FIXED_POINT) !== 0,
    streamOutput: (last & 1 << 24) !== 0 ? shader.streamOutput : undefined,
    alphaFunc: shader.stage === VIRGL_SHADER_FRAGMENT ? word & 7 : PIPE_FUNC_ALWAYS,
    twoSide: (word & TWO_SIDE) !== 0,
    flatshade: (word & FLAT) !== 0,
    spriteCoordEnable: key[SPRITES],
    spriteCoordLowerLeft: (word & LOWER_LEFT) !== 0,
    colorOutputs,
    dualSource: (word & DUAL) !== 0,
    sampleShading: (word & SAMPLE) !== 0,
    clampColor: (word & CLAMP_FRAGMENT) !== 0 || (last & CLAMP) !== 0,
    alphaToOne: (word & ONE) !== 0,
    polygonStipple: (word & STIPPLE) !== 0,
    ignoreSampleMask: (word & NO_MASK) !== 0,
    singleSample: (word & SINGLE) !== 0,
    opaqueBranches: sub.engine.gpu.inlinesConstants,
  };
}
