/** What a renderer has to know of a shader before it translates it: its inputs, outputs and resources (Mesa: tgsi_scan.h). */
import type { Interpolation, InterpolationPlace, Stage, TextureTarget } from "./names.ts";

/** What the 32 bits of a component are. */
export type NumericType = "float" | "int" | "uint";

/** An input register. */
export interface ShaderInput {
  /** Register number. */
  readonly register: number;
  /** TGSI_SEMANTIC_* number; GENERIC with the register's number for attributes of a vertex shader, which have none. */
  readonly name: number;
  /** Index of the semantic. */
  readonly index: number;
  /** How it is interpolated. */
  readonly interpolation: Interpolation;
  /** Where it is interpolated. */
  readonly place: InterpolationPlace;
  /** Components in use, a mask. */
  readonly usage: number;
  /** ArrayID of its declaration; 0 is none. */
  readonly array: number;
}

/** An output register. */
export interface ShaderOutput {
  /** Register number. */
  readonly register: number;
  /** TGSI_SEMANTIC_* number. */
  readonly name: number;
  /** Index of the semantic. */
  readonly index: number;
  /** Components in use, a mask. */
  readonly usage: number;
  /** ArrayID of its declaration; 0 is none. */
  readonly array: number;
  /** Vertex stream of each component (geometry shaders). */
  readonly streams: readonly [number, number, number, number];
}

/** A texture unit. */
export interface SamplerInfo {
  /** Unit, 0 to 31. */
  readonly unit: number;
  /** Target, without the word SHADOW. */
  readonly target: TextureTarget;
  /** Whether it is sampled with a comparison. */
  readonly shadow: boolean;
  /** Type of the texels. */
  readonly type: NumericType;
}

/** A constant buffer. */
export interface ConstantBufferInfo {
  /** Slot: 0 is CONST[0], set with SET_CONSTANT_BUFFER or slot 0 of SET_UNIFORM_BUFFER. */
  readonly slot: number;
  /** Declared size in vec4. */
  readonly size: number;
}

/** A shader image. */
export interface ImageInfo {
  /** Unit, 0 to 31. */
  readonly unit: number;
  /** Target. */
  readonly target: TextureTarget;
  /** Name of the PIPE_FORMAT_*, without the prefix; "" when none was said. */
  readonly format: string;
  /** Type of the texels. */
  readonly type: NumericType;
  /** Whether it is written. */
  readonly writable: boolean;
}

/** What there is to know of a shader. */
export interface ShaderInfo {
  /** Its stage. */
  readonly stage: Stage;
  /** Inputs by register. */
  readonly inputs: readonly ShaderInput[];
  /** Outputs by register. */
  readonly outputs: readonly ShaderOutput[];
  /** Units in use, a mask. */
  readonly samplerMask: number;
  /** Texture units in use, by unit. */
  readonly samplers: readonly SamplerInfo[];
  /** Constant buffers in use, by slot. */
  readonly constantBuffers: readonly ConstantBufferInfo[];
  /** Storage buffers in use, a mask. */
  readonly bufferMask: number;
  /** Images in use. */
  readonly images: readonly ImageInfo[];
  /** Hardware atomic buffers in use, a mask. */
  readonly atomicMask: number;
  /** TGSI_SEMANTIC_* numbers of the system values in use. */
  readonly systemValues: ReadonlySet<number>;
  /** Properties by name; those with words (GS_INPUT_PRIMITIVE, FS_COORD_ORIGIN...) by the words' numbers. */
  readonly properties: ReadonlyMap<string, number>;
  /** Writes POSITION (vertex stages). */
  readonly writesPosition: boolean;
  /** Writes PSIZE. */
  readonly writesPointSize: boolean;
  /** Writes CLIPDIST: how many distances are declared (a multiple of 4, or NUM_CLIPDIST_ENABLED + NUM_CULLDIST_ENABLED). */
  readonly clipDistances: number;
  /** How many of them are cull distances. */
  readonly cullDistances: number;
  /** Writes CLIPVERTEX. */
  readonly writesClipVertex: boolean;
  /** Writes LAYER. */
  readonly writesLayer: boolean;
  /** Writes VIEWPORT_INDEX. */
  readonly writesViewportIndex: boolean;
  /** Writes EDGEFLAG. */
  readonly writesEdgeFlag: boolean;
  /** A fragment shader writes POSITION.z. */
  readonly writesDepth: boolean;
  /** Writes STENCIL. */
  readonly writesStencil: boolean;
  /** Writes SAMPLEMASK. */
  readonly writesSampleMask: boolean;
  /** Colour outputs written, a mask. */
  readonly colorMask: number;
  /** May discard fragments. */
  readonly usesKill: boolean;
  /** Takes derivatives, directly or by sampling. */
  readonly usesDerivatives: boolean;
  /** Has to run once a sample. */
  readonly usesSampleShading: boolean;
  /** Writes storage buffers, images or atomics. */
  readonly writesMemory: boolean;
  /** Register files that are addressed indirectly, a mask of 1 << file. */
  readonly indirectFiles: number;
  /** Has outputs in a vertex stream above 0. */
  readonly usesStreams: boolean;
  /** Uses doubles: needs shaderFloat64. */
  readonly usesDoubles: boolean;
  /** Uses 64-bit integers: needs shaderInt64. */
  readonly usesInt64: boolean;
  /** How many instructions it has. */
  readonly instructions: number;
}
