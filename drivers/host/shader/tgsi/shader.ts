/** A parsed TGSI shader: declarations, immediates and instructions, as tgsi_full_* tokens hold them. */
import type { Opcode } from "./opcodes.ts";
import type { Interpolation, InterpolationPlace, Stage, TextureTarget } from "./names.ts";

/** An address: a component of a register whose integer is added to an index. */
export interface Indirect {
  /** File number: ADDR or TEMP, seldom CONST, IMM, IN, SV. */
  readonly file: number;
  /** Register. */
  readonly index: number;
  /** Component, 0 to 3. */
  readonly component: number;
  /** ArrayID that the access stays in; 0 is unknown. */
  readonly array: number;
}

/** The outer index of a register in a file with two dimensions. */
export interface Dimension {
  /** Number. */
  readonly index: number;
  /** What is added to it. */
  readonly indirect?: Indirect;
}

/** A register that an instruction names. */
export interface Register {
  /** File number. */
  readonly file: number;
  /** Register number. With an indirect it may be negative. */
  readonly index: number;
  /** What is added to the number. */
  readonly indirect?: Indirect;
  /** Outer index. */
  readonly dimension?: Dimension;
}

/** A destination. */
export interface Destination extends Register {
  /** Components that are written, a mask. */
  readonly mask: number;
}

/** A source. */
export interface Source extends Register {
  /** Component that each component reads. */
  readonly swizzle: readonly [number, number, number, number];
  /** Sign is turned (after absolute). */
  readonly negate: boolean;
  /** Sign is dropped. */
  readonly absolute: boolean;
}

/** A declaration of registers. */
export interface Declaration {
  /** Line of the text. */
  readonly line: number;
  /** File number. */
  readonly file: number;
  /** First register. */
  readonly first: number;
  /** Last register. */
  readonly last: number;
  /** Outer index (constant buffers). */
  readonly dimension: number | undefined;
  /** Components in use, a mask. */
  readonly usage: number;
  /** ArrayID; 0 is none. */
  readonly array: number;
  /** TGSI_SEMANTIC_* number; undefined when none is declared. */
  readonly semantic: number | undefined;
  /** Index of the semantic of the first register. */
  readonly semanticIndex: number;
  /** Vertex streams of the components. */
  readonly streams: readonly [number, number, number, number];
  /** Interpolation; undefined when none is declared. */
  readonly interpolation: Interpolation | undefined;
  /** Place of the interpolation. */
  readonly place: InterpolationPlace;
  /** INVARIANT. */
  readonly invariant: boolean;
  /** Target of an image or sampler view. */
  readonly target: TextureTarget;
  /** Return type of a sampler view: UNORM, SNORM, SINT, UINT, FLOAT; "" for others. */
  readonly returnType: string;
  /** Format of an image; "" for none. */
  readonly format: string;
  /** WR of an image. */
  readonly writable: boolean;
  /** ATOMIC of a buffer. */
  readonly atomic: boolean;
  /** Kind of a MEMORY: GLOBAL, SHARED, PRIVATE, INPUT. */
  readonly memory: string;
}

/** A texel offset. */
export interface TexelOffset {
  /** File number. */
  readonly file: number;
  /** Register. */
  readonly index: number;
  /** Components that x, y, z read. */
  readonly swizzle: readonly [number, number, number];
}

/** An instruction. */
export interface Instruction {
  /** Line of the text. */
  readonly line: number;
  /** What it does. */
  readonly opcode: Opcode;
  /** Clamp the result to 0..1. */
  readonly saturate: boolean;
  /** Results must not depend on the optimizer. */
  readonly precise: boolean;
  /** Destinations, as many as the opcode has. */
  readonly destinations: readonly Destination[];
  /** Sources, as many as the opcode has. */
  readonly sources: readonly Source[];
  /** Texture target of a texture or image instruction. */
  readonly target: TextureTarget;
  /** Texel offsets. */
  readonly offsets: readonly TexelOffset[];
  /** Format of an image instruction; "" for none. */
  readonly format: string;
  /** Memory qualifiers: COHERENT 1, RESTRICT 2, VOLATILE 4. */
  readonly qualifier: number;
  /** Instruction number that CAL goes to; -1 for none. */
  readonly label: number;
}

/** A parsed shader. */
export interface TgsiShader {
  /** Its stage. */
  readonly stage: Stage;
  /** Properties by name; words by their numbers. */
  readonly properties: ReadonlyMap<string, number>;
  /** Declarations in order. */
  readonly declarations: readonly Declaration[];
  /** Immediates: four words each. */
  readonly immediates: Uint32Array;
  /** Instructions in order. */
  readonly instructions: readonly Instruction[];
}
