/** Everything that makes another module of the same TGSI: pipeline state that Gallium has outside of the shader and Vulkan inside. */
import type { NumericType, ShaderInfo } from "./info.ts";
import { Semantic } from "./names.ts";

/** One captured piece of an output (pipe_stream_output). */
export interface StreamOutput {
  /** Output register. */
  readonly register: number;
  /** First component, 0 to 3. */
  readonly startComponent: number;
  /** Components, 1 to 4. */
  readonly numComponents: number;
  /** Buffer, 0 to 3. */
  readonly buffer: number;
  /** Where in the vertex, in dwords. */
  readonly dstOffset: number;
  /** Vertex stream, 0 to 3. */
  readonly stream: number;
}

/** Transform feedback of the last vertex stage. */
export interface StreamOutputLayout {
  /** Strides of the buffers, in dwords. */
  readonly strides: readonly number[];
  /** What is captured. */
  readonly outputs: readonly StreamOutput[];
}

/** A colour attachment. */
export interface ColorOutput {
  /** Type of its format. */
  readonly type: NumericType;
  /** For formats that are emulated: PIPE_SWIZZLE_* (0-3 components, 4 zero, 5 one) of the colour for each component that is written. */
  readonly swizzle?: readonly [number, number, number, number];
}

/** A texture unit. */
export interface SamplerVariant {
  /** Type of the bound view's texels, where it is not what the shader declares. */
  readonly type?: NumericType;
  /** For comparisons: PIPE_SWIZZLE_* of the view; X, Y, Z are the result, W is one. By default the result in all four. */
  readonly shadowSwizzle?: readonly [number, number, number, number];
  /** For buffers, whose views have no swizzle: PIPE_SWIZZLE_* of the texel for each component. */
  readonly texelSwizzle?: readonly [number, number, number, number];
  /** Coordinates that are clamped to 0..1 before they are used, a mask (GL_CLAMP with linear filters); not of cubes. */
  readonly clamp?: number;
}

/** An attribute that is fetched as integers and is none. */
export interface AttributeConversion {
  /** What is fetched; of "double", the two words of each 64-bit float, those of z and w 16 locations further. */
  readonly from: "int" | "uint" | "double";
  /** What its integers are divided by: 1 for scaled ones, the greatest for normalized ones. */
  readonly divisor: number;
  /** Components that there are, 1 to 4. */
  readonly components: number;
}

/** What an attribute is. */
export type AttributeType = NumericType | AttributeConversion;

/** The state that a module is made for. All fields are plain data; {@linkcode variantKey} makes a string of them. */
export interface ShaderVariant {
  /** Location of each input by {@linkcode semanticKey}: the producer's `outputLocations`. Not used by vertex shaders: attribute i is location i. */
  readonly inputLocations: ReadonlyMap<number, number>;
  /** Location of each output by semantic key, or POSITION_BUILTIN; outputs that are not in it are not passed on. Not used by fragment shaders. */
  readonly outputLocations: ReadonlyMap<number, number>;
  /** Vertex shaders: types of the attributes by register; float where none is said. */
  readonly attributeTypes: readonly AttributeType[];
  /** Per-patch vertices of the tessellation control shader's input (1 to 32). */
  readonly patchVertices: number;
  /** Budget of loop iterations of an invocation, over all loops; 0 is none. */
  readonly loopLimit: number;
  /** Bytes of shared memory of a compute shader (MEMORY), which TGSI does not say. */
  readonly sharedMemory: number;
  /** Texture units by number. */
  readonly samplers: ReadonlyMap<number, SamplerVariant>;

  /** This is the last stage before the rasterizer (vertex, tessellation evaluation, geometry): it writes the builtins. */
  readonly lastVertexStage: boolean;
  /** rasterizer.clip_halfz: false appends z = (z + w) / 2. */
  readonly clipHalfz: boolean;
  /** rasterizer.clip_plane_enable, 8 bits. */
  readonly clipPlaneEnable: number;
  /** Write gl_PointSize from the driver's constants when the shader does not write PSIZE (points are drawn). */
  readonly writePointSize: boolean;
  /** The shader's PSIZE is ignored in favour of the driver's constant (rasterizer.point_size_per_vertex is 0). */
  readonly fixedPointSize: boolean;
  /** Transform feedback. */
  readonly streamOutput?: StreamOutputLayout;

  /** PIPE_FUNC_* of the alpha test; 7 (ALWAYS) is none. */
  readonly alphaFunc: number;
  /** rasterizer.light_twoside: COLOR reads BCOLOR on back faces. */
  readonly twoSide: boolean;
  /** rasterizer.flatshade: inputs with interpolation COLOR are flat. */
  readonly flatshade: boolean;
  /** rasterizer.sprite_coord_enable: inputs of these indices read the point coordinate. Zero unless points are drawn. */
  readonly spriteCoordEnable: number;
  /** The indices are GENERIC's: the client was not told of TEXCOORD (host_feature_check_version below 10). Otherwise TEXCOORD's. */
  readonly spriteCoordGeneric: boolean;
  /** rasterizer.sprite_coord_mode is LOWER_LEFT: the point coordinate's y grows upwards. */
  readonly spriteCoordLowerLeft: boolean;
  /** Turn the fragment position upside down once more than the shader's FS_COORD_ORIGIN asks for. See README. */
  readonly fragCoordYInvert: boolean;
  /** Colour attachments by number; undefined where none is bound. */
  readonly colorOutputs: readonly (ColorOutput | undefined)[];
  /** COLOR[1] is the second source of attachment 0. */
  readonly dualSource: boolean;
  /** Run once a sample. */
  readonly sampleShading: boolean;
  /** rasterizer.clamp_fragment_color (and clamp_vertex_color in the last vertex stage): colours are clamped to 0..1. */
  readonly clampColor: boolean;
  /** dsa.alpha_to_one: colour 0's alpha is 1. */
  readonly alphaToOne: boolean;
  /** rasterizer.poly_stipple_enable, while polygons are filled: fragments whose bit is 0 are killed. */
  readonly polygonStipple: boolean;
  /** The shader's sample mask is ignored: there is one sample. */
  readonly ignoreSampleMask: boolean;
  /**
   * A pixel counts as one sample, though the attachments have several (rasterizer.multisample is 0): that is what the shader sees. With
   * `sampleShading` it runs for one of them, which is where the pixel's middle is to be.
   */
  readonly singleSample: boolean;
  /** Hide from the driver which branches depend on constants alone: see `opaque.ts`. */
  readonly opaqueBranches: boolean;
  /** Make depth and stencil tests early even if the shader does not say so. */
  readonly earlyDepth: boolean;
}

/** A variant with nothing special: no fixups, one float colour attachment. */
export const DEFAULT_VARIANT: ShaderVariant = {
  inputLocations: new Map(),
  outputLocations: new Map(),
  attributeTypes: [],
  patchVertices: 3,
  loopLimit: 1 << 24,
  sharedMemory: 32768,
  samplers: new Map(),
  lastVertexStage: true,
  clipHalfz: true,
  clipPlaneEnable: 0,
  writePointSize: false,
  fixedPointSize: false,
  alphaFunc: 7,
  twoSide: false,
  flatshade: false,
  spriteCoordEnable: 0,
  spriteCoordGeneric: false,
  spriteCoordLowerLeft: false,
  fragCoordYInvert: false,
  colorOutputs: [{ type: "float" }],
  dualSource: false,
  sampleShading: false,
  clampColor: false,
  alphaToOne: false,
  polygonStipple: false,
  ignoreSampleMask: false,
  singleSample: false,
  opaqueBranches: false,
  earlyDepth: false,
};

/** The key of a semantic in the location maps. @param name TGSI_SEMANTIC_* number. @param index its index, 0 to 65535. */
export function semanticKey(name: number, index: number): number {
  return (name << 16) | index;
}

/**
 * The locations of a stage's outputs: those that are no builtins in order of registers, then those that the rasterizer takes
 * (POSITION, PSIZE, CLIPVERTEX, CLIPDIST, LAYER, VIEWPORT_INDEX), which only a further stage or a fragment shader reads.
 * Patch outputs of a tessellation control shader share the numbering. Fragment shaders have none.
 */
export function outputLocations(info: ShaderInfo): Map<number, number> {
  const map = new Map<number, number>();
  if (info.stage === "fragment" || info.stage === "compute") return map;
  const add = (builtin: boolean): void => {
    for (const { name, index } of info.outputs) {
      if (name === Semantic.EDGEFLAG || name === Semantic.TESSOUTER || name === Semantic.TESSINNER) continue;
      const key = semanticKey(name, index);
      if (RASTERIZER.has(name) === builtin && !map.has(key)) map.set(key, map.size);
    }
  };
  add(false);
  add(true);
  return map;
}

/** How many locations a stage may pass on: maxVertexOutputComponents is 128 where it is not less (and 32 attributes at most). */
export const MAX_LOCATIONS = 32;

/** In place of a location: the position goes to the next stage as the builtin. */
export const POSITION_BUILTIN = -1;

/**
 * The locations of a producer's outputs for a geometry shader, which may have fewer inputs than other stages pass on: those that it
 * reads alone, with the position last, and as the builtin if there is no room.
 * @param outputs the locations that the producer has otherwise. @param most how many locations a geometry shader may read
 * @returns undefined if it reads more
 */
export function geometryLocations(
  outputs: ReadonlyMap<number, number>,
  geometry: ShaderInfo,
  most: number,
): Map<number, number> | undefined {
  const map = new Map<number, number>(), position = semanticKey(Semantic.POSITION, 0);
  let reads = false;
  for (const { name, index } of geometry.inputs) {
    const key = semanticKey(name, index);
    if (key === position) reads = true;
    else if (outputs.has(key) && !map.has(key)) map.set(key, map.size);
  }
  if (map.size > most) return undefined;
  if (reads && outputs.has(position)) map.set(position, map.size < most ? map.size : POSITION_BUILTIN);
  return map;
}

/** Semantics that the rasterizer takes from the last vertex stage. */
export const RASTERIZER: ReadonlySet<number> = new Set([
  Semantic.POSITION,
  Semantic.PSIZE,
  Semantic.CLIPVERTEX,
  Semantic.CLIPDIST,
  Semantic.LAYER,
  Semantic.VIEWPORT_INDEX,
]);

/** A string that is the same for the same variant, for caches. */
export function variantKey(variant: ShaderVariant): string {
  return JSON.stringify(variant, (_name, value) => value instanceof Map ? [...value] : value);
}
