/**
 * Kernels: compute shaders in memory of the GPU, and what they want bound.
 * @module
 */

import type { Allocation } from "./allocation.ts";
import type { DeviceMemory } from "./device_memory.ts";
import { type KernelBinding, readModule } from "./spirv.ts";

/** Bindings of a kernel end below. */
export const MAX_BINDINGS = 64;
/** Specialization constants of a kernel. */
const MAX_CONSTANTS = 64;

/** How a kernel is made. */
export interface KernelOptions {
  /** Which compute entry point, if the module has several. */
  readonly entry?: string;
  /** Specialization constants by id: numbers that fit u32, i32, or the bits of a float. */
  readonly constants?: Readonly<Record<number, number>>;
}

/** A kernel. Dispose of it at any time: its memory goes when the work that uses it is done. */
export class ComputeKernel implements Disposable {
  /** Its bindings by number. */
  readonly bindings: readonly KernelBinding[];
  /** Invocations of a workgroup in x, y and z. */
  readonly workgroupSize: readonly [number, number, number];
  /** @internal Its code in memory. */
  readonly code: Allocation;
  /** @internal Bytes of it. */
  readonly codeSize: number;
  /** @internal Ids and values. */
  readonly constants: Uint32Array;
  readonly #memory: DeviceMemory;
  #open = true;

  /** @internal `ComputeDevice.kernel` makes them. */
  constructor(memory: DeviceMemory, words: Uint32Array, options: KernelOptions) {
    const module = readModule(words, options.entry);
    const { bindings } = module;
    if (bindings.some(({ binding }) => binding >= MAX_BINDINGS)) {
      throw new TypeError(`Cannot make a kernel: bindings end at ${MAX_BINDINGS - 1}`);
    }
    const constants = Object.entries(options.constants ?? {});
    if (constants.length > MAX_CONSTANTS) throw new TypeError(`Cannot make a kernel: ${constants.length} constants`);
    this.constants = Uint32Array.from(constants.flatMap(([id, value]) => [Number(id), value]));
    this.bindings = bindings;
    this.workgroupSize = module.workgroupSize;
    this.codeSize = module.words.length * 4;
    this.#memory = memory;
    this.code = memory.allocate(this.codeSize, true);
    this.code.bytes?.set(new Uint8Array(module.words.buffer, module.words.byteOffset, this.codeSize));
  }

  /** Whether it can still be dispatched. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Workgroups that cover so many invocations: what `dispatch` wants. */
  groups(x: number, y = 1, z = 1): [number, number, number] {
    const [sx, sy, sz] = this.workgroupSize;
    return [Math.ceil(x / sx), Math.ceil(y / sy), Math.ceil(z / sz)];
  }

  /** Frees it once it is not used any more. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#memory.retire(this.code);
  }
}
