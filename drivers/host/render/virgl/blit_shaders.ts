/**
 * The shaders of BLIT: a triangle that covers the viewport, and fragment shaders that fetch or sample one texel of the source for
 * each pixel. They are built as SPIR-V here, one for each way to read and to write.
 * @module
 */

import {
  BuiltIn,
  Capability,
  Decoration,
  Dim,
  FLOAT,
  Glsl,
  ImageOperand,
  INT,
  type Kind,
  Mode,
  Model,
  ModuleBuilder,
  Op,
  Storage,
  UINT,
} from "../../shader/spirv/mod.ts";

/** How the source is viewed: 1D array, 2D array, 3D, multisampled 2D array. */
export type BlitSource = "line" | "array" | "volume" | "multisample";

/** What a fragment shader writes: a colour, the depth, or nothing but where a bit of a stencil value is set. */
export type BlitOutput = "color" | "depth" | "stencil";

/** Which fragment shader. */
export interface BlitShader {
  /** How the source is viewed. */
  readonly source: BlitSource;
  /** What its texels are: 0 float, 1 int, 2 uint. Stencil is uint. */
  readonly kind: Kind;
  /** Sample with the linear filter; of float sources with one sample. */
  readonly linear: boolean;
  /** Does in the shader what the linear filter does, for what the GPU cannot filter; slices are not mixed. */
  readonly mixed: boolean;
  /** Samples of a multisampled source to average; 1 takes the first one. */
  readonly average: number;
  /** Takes the sample of a multisampled source that is being written. */
  readonly perSample: boolean;
  /** What is written. */
  readonly output: BlitOutput;
  /** PIPE_SWIZZLE_* of the texel for each component that is written. */
  readonly swizzle: readonly [number, number, number, number];
}

/** A string that is the same for the same shader. */
export function blitShaderKey(shader: BlitShader): string {
  const { source, kind, linear, mixed, average, perSample, output, swizzle } = shader;
  return `${source},${kind},${linear},${mixed},${average},${perSample},${output},${swizzle.join("")}`;
}

/** Bytes of the push constants of the fragment shaders. */
export const BLIT_CONSTANTS_SIZE = 48;

/** Where in the push constants, in words of 4 bytes. */
export const BlitConstants = {
  /** float x 2: columns and rows of the source for a pixel. */
  scale: 0,
  /** float x 2: column and row of the source at pixel (0, 0). */
  offset: 2,
  /** float x 2: last column and row of the level. */
  last: 4,
  /** float: the layer or slice; of linear 3D, with its fraction. */
  layer: 6,
  /** uint: the bit of the stencil. */
  bit: 7,
  /** float x 3: 1 / columns, rows, slices of the level. */
  inverse: 8,
} as const;

/** The vertex shader: vertices 0 to 2 of a triangle over all of the viewport, at depth 0. */
export function blitVertexShader(): Uint32Array {
  const b = new ModuleBuilder();
  const float = b.type(FLOAT), int = b.type(INT), vec4 = b.type(FLOAT, 4);
  const index = b.global(Storage.Input, int);
  b.decorate(index, Decoration.BuiltIn, BuiltIn.VertexIndex);
  const position = b.global(Storage.Output, vec4);
  b.decorate(position, Decoration.BuiltIn, BuiltIn.Position);
  const i = b.load(int, index);
  const place = (bit: number) => {
    const set = b.op(Op.IEqual, b.bool(), i, b.int(bit));
    return b.op(Op.Select, float, set, b.float(3), b.float(-1));
  };
  b.store(position, b.op(Op.CompositeConstruct, vec4, place(1), place(2), b.float(0), b.float(1)));
  b.code.op(Op.Return);
  const main = b.id();
  b.finishFunction(main);
  b.entryPoint(Model.Vertex, main);
  return b.finish();
}

/** A fragment shader. Its source is set 0, binding 0 (a combined image sampler); its constants are pushed. */
export function blitFragmentShader(shader: BlitShader): Uint32Array {
  const b = new ModuleBuilder();
  const float = b.type(FLOAT), int = b.type(INT), vec2 = b.type(FLOAT, 2), vec4 = b.type(FLOAT, 4);
  const texel = b.type(shader.kind, 4), one = b.type(shader.kind);

  const coordinate = b.global(Storage.Input, vec4);
  b.decorate(coordinate, Decoration.BuiltIn, BuiltIn.FragCoord);
  const constants = b.global(PUSH_CONSTANT, b.block(vec4, 3, 16));
  const constant = (word: number, type = float): number => {
    const member = b.chain(PUSH_CONSTANT, float, constants, b.int(0), b.int(word >> 2), b.int(word & 3));
    const value = b.load(float, member);
    return type === float ? value : b.op(Op.Bitcast, type, value);
  };
  const pair = (word: number): number => b.op(Op.CompositeConstruct, vec2, constant(word), constant(word + 1));
  const image = imageType(b, shader);
  const sampledType = b.sampledImage(image);
  const source = b.global(Storage.UniformConstant, sampledType);
  b.decorate(source, Decoration.DescriptorSet, 0);
  b.decorate(source, Decoration.Binding, 0);

  // Where in the source: pixel centres are at one half, as FragCoord's are.
  const pixel = b.op(Op.VectorShuffle, vec2, b.load(vec4, coordinate), b.load(vec4, coordinate), 0, 1);
  const scaled = b.op(Op.FMul, vec2, pixel, pair(BlitConstants.scale));
  const place = b.op(Op.FAdd, vec2, scaled, pair(BlitConstants.offset));
  let value: number;
  if (shader.linear) {
    const normal = b.op(Op.FMul, vec2, place, pair(BlitConstants.inverse));
    const x = b.op(Op.CompositeExtract, float, normal, 0), y = b.op(Op.CompositeExtract, float, normal, 1);
    const layer = constant(BlitConstants.layer);
    const z = shader.source === "volume" ? b.op(Op.FMul, float, layer, constant(BlitConstants.inverse + 2)) : layer;
    const at = shader.source === "line"
      ? b.op(Op.CompositeConstruct, vec2, x, z)
      : b.op(Op.CompositeConstruct, b.type(FLOAT, 3), x, y, z);
    const loaded = b.load(sampledType, source);
    value = b.op(Op.ImageSampleExplicitLod, texel, loaded, at, ImageOperand.Lod, b.float(0));
  } else {
    const zero = b.splat(FLOAT, 0, 2), last = pair(BlitConstants.last);
    const z = b.op(Op.ConvertFToS, int, b.glsl(Glsl.Floor, float, constant(BlitConstants.layer)));
    const loaded = b.op(Op.Image, image, b.load(sampledType, source));
    const fetch = (whole: number): number => {
      const inside = b.glsl(Glsl.FClamp, vec2, whole, zero, last);
      const at2 = b.op(Op.ConvertFToS, b.type(INT, 2), inside);
      const x = b.op(Op.CompositeExtract, int, at2, 0), y = b.op(Op.CompositeExtract, int, at2, 1);
      const at = shader.source === "line"
        ? b.op(Op.CompositeConstruct, b.type(INT, 2), x, z)
        : b.op(Op.CompositeConstruct, b.type(INT, 3), x, y, z);
      return shader.source === "multisample"
        ? fetchSamples(b, shader, texel, loaded, at)
        : b.op(Op.ImageFetch, texel, loaded, at, ImageOperand.Lod, b.int(0));
    };
    if (shader.mixed) value = mixTexels(b, place, fetch);
    else value = fetch(b.glsl(Glsl.Floor, vec2, place));
  }

  const main = b.id();
  if (shader.output === "color") {
    const component = (which: number): number => {
      if (which < 4) return b.op(Op.CompositeExtract, one, value, which);
      if (which === 5) return shader.kind === FLOAT ? b.float(1) : b.scalar(shader.kind, 1);
      return b.zero(one);
    };
    const written = b.op(Op.CompositeConstruct, texel, ...shader.swizzle.map(component));
    const color = b.global(Storage.Output, texel);
    b.decorate(color, Decoration.Location, 0);
    b.store(color, written);
  } else if (shader.output === "depth") {
    const depth = b.global(Storage.Output, float);
    b.decorate(depth, Decoration.BuiltIn, BuiltIn.FragDepth);
    b.store(depth, b.op(Op.CompositeExtract, float, value, 0));
    b.executionMode(main, Mode.DepthReplacing);
  } else {
    const uint = b.type(UINT);
    const stencil = b.op(Op.CompositeExtract, uint, value, 0);
    const masked = b.op(Op.BitwiseAnd, uint, stencil, constant(BlitConstants.bit, uint));
    const unset = b.op(Op.IEqual, b.bool(), masked, b.uint(0));
    const kill = b.id(), go = b.id();
    b.code.op(Op.SelectionMerge, go, 0);
    b.code.op(Op.BranchConditional, unset, kill, go);
    b.code.op(Op.Label, kill);
    b.code.op(Op.Kill);
    b.code.op(Op.Label, go);
  }
  b.code.op(Op.Return);
  b.executionMode(main, Mode.OriginUpperLeft);
  b.finishFunction(main);
  b.entryPoint(Model.Fragment, main);
  return b.finish();
}

/** Mixes the four texels around a place as the linear filter does. @param fetch gives the texel at whole coordinates */
function mixTexels(b: ModuleBuilder, place: number, fetch: (whole: number) => number): number {
  const float = b.type(FLOAT), vec2 = b.type(FLOAT, 2), vec4 = b.type(FLOAT, 4);
  const corner = b.op(Op.FSub, vec2, place, b.splat(FLOAT, 0x3f00_0000, 2));
  const first = b.glsl(Glsl.Floor, vec2, corner), part = b.op(Op.FSub, vec2, corner, first);
  const texel = (x: number, y: number) => fetch(b.op(Op.FAdd, vec2, first, b.composite(vec2, b.float(x), b.float(y))));
  const mix = (from: number, to: number, axis: number): number => {
    const weight = b.op(Op.CompositeExtract, float, part, axis);
    const step = b.op(Op.VectorTimesScalar, vec4, b.op(Op.FSub, vec4, to, from), weight);
    return b.op(Op.FAdd, vec4, from, step);
  };
  return mix(mix(texel(0, 0), texel(1, 0), 0), mix(texel(0, 1), texel(1, 1), 0), 1);
}

const PUSH_CONSTANT = 9;

function imageType(b: ModuleBuilder, { source, kind }: BlitShader): number {
  const texel = b.type(kind);
  switch (source) {
    case "line":
      b.capability(Capability.Sampled1D);
      return b.image(texel, Dim.D1, 0, 1, 0, 1);
    case "array":
      return b.image(texel, Dim.D2, 0, 1, 0, 1);
    case "volume":
      return b.image(texel, Dim.D3, 0, 0, 0, 1);
    case "multisample":
      return b.image(texel, Dim.D2, 0, 1, 1, 1);
  }
}

function fetchSamples(b: ModuleBuilder, shader: BlitShader, texel: number, image: number, at: number): number {
  const fetch = (sample: number) => b.op(Op.ImageFetch, texel, image, at, ImageOperand.Sample, sample);
  if (shader.perSample) {
    b.capability(Capability.SampleRateShading);
    const int = b.type(INT);
    const id = b.global(Storage.Input, int);
    b.decorate(id, Decoration.BuiltIn, BuiltIn.SampleId);
    b.decorate(id, Decoration.Flat);
    return fetch(b.load(int, id));
  }
  if (shader.kind !== FLOAT || shader.output !== "color") return fetch(b.int(0)); // what GL calls for: one of them
  let sum = fetch(b.int(0));
  for (let sample = 1; sample < shader.average; sample++) sum = b.op(Op.FAdd, texel, sum, fetch(b.int(sample)));
  return b.op(Op.VectorTimesScalar, texel, sum, b.float(1 / shader.average));
}
