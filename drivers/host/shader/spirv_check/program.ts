/**
 * What goes in and out of the check of a shader: limits of a device, and what a checked shader is.
 * @module
 */

/** A stage. */
export type SpirvStage = "compute" | "vertex" | "fragment";

/** What a device can. */
export interface SpirvLimits {
  /** Bytes of workgroup memory. */
  readonly sharedMemory: number;
  /** Invocations of a workgroup. */
  readonly invocations: number;
  /** Invocations of a workgroup in x, y, z. */
  readonly groupSize: readonly [number, number, number];
  /** 64-bit integers. */
  readonly int64: boolean;
  /** 64-bit floats. */
  readonly float64: boolean;
  /** Reading storage images of format Unknown. */
  readonly readWithoutFormat: boolean;
  /** Writing them. */
  readonly writeWithoutFormat: boolean;
  /** Whether vertex shaders may write storage buffers and images. */
  readonly vertexStores: boolean;
  /** Whether fragment shaders may. */
  readonly fragmentStores: boolean;
}

/** What components a shader sees. */
export type SpirvComponent = "float" | "int" | "uint";

/** A binding of set 0. */
export interface SpirvBinding {
  /** Its number, below 64. */
  readonly binding: number;
  /** What it is. */
  readonly kind: "storage-buffer" | "uniform-buffer" | "sampled-image" | "storage-image";
  /** Whether the shader writes it. */
  readonly writes: boolean;
  /** SPIR-V's Image Format of a storage image; 0 is Unknown. */
  readonly format: number;
  /** Components of an image. */
  readonly component: SpirvComponent;
}

/** An input or output at a location. */
export interface SpirvVarying {
  /** Below 16. */
  readonly location: number;
  /** Components' type. */
  readonly component: SpirvComponent;
  /** How many. */
  readonly count: number;
  /** Whether it is not interpolated. */
  readonly flat: boolean;
}

/** A checked shader. */
export interface SpirvProgram {
  /** Its stage. */
  readonly stage: SpirvStage;
  /** What to give to the driver: SPIR-V 1.3 with constants in place of specialization constants. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** What it uses of set 0, by number. */
  readonly bindings: readonly SpirvBinding[];
  /** Invocations of a workgroup in x, y, z; of compute shaders. */
  readonly localSize: readonly [number, number, number];
  /** What comes from the stage before. */
  readonly inputs: readonly SpirvVarying[];
  /** What goes to the next. */
  readonly outputs: readonly SpirvVarying[];
  /** Whether a fragment shader says its depth. */
  readonly writesDepth: boolean;
}

/** A shader is refused. */
export class SpirvError extends Error {
  /** @param message a sentence's end. @param word of the module, if one is to blame. */
  constructor(message: string, word = -1) {
    super(word < 0 ? `SPIR-V: ${message}` : `SPIR-V, word ${word}: ${message}`);
    this.name = "SpirvError";
  }
}
