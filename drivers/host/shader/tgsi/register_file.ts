/** A file of vec4 registers as variables, with the values that are known in the current block, so that they are not loaded again. */
import { FLOAT, Glsl, type ModuleBuilder, Storage, UINT } from "../spirv/mod.ts";

/** Where the translator stands: values are known for as long as `epoch` stays. */
export interface Block {
  /** Number of the current block. */
  epoch: number;
}

/** A run of registers that is addressed indirectly: one variable. */
interface Run {
  readonly first: number;
  readonly length: number;
  variable: number;
}

/** Registers of one file. Variables are made when they are first used. */
export class RegisterFile {
  readonly #b: ModuleBuilder;
  readonly #block: Block;
  readonly #storage: number;
  readonly #initial: number;
  readonly #declared: Uint8Array;
  readonly #runs: (Run | undefined)[];
  readonly #variables: Int32Array;
  readonly #values: Int32Array;
  readonly #epochs: Int32Array;

  /**
   * A file without registers.
   * @param size registers at most
   * @param storage Function or Private
   * @param initial id of the vec4 constant that registers begin with
   */
  constructor(b: ModuleBuilder, block: Block, size: number, storage: number, initial: number) {
    this.#b = b;
    this.#block = block;
    this.#storage = storage;
    this.#initial = initial;
    this.#declared = new Uint8Array(size);
    this.#runs = new Array(size);
    this.#variables = new Int32Array(size);
    this.#values = new Int32Array(size);
    this.#epochs = new Int32Array(size);
  }

  /** Declares registers. @param indirect whether they are addressed indirectly, together. */
  declare(first: number, last: number, indirect: boolean): void {
    this.#declared.fill(1, first, last + 1);
    if (indirect) this.#runs.fill({ first, length: last - first + 1, variable: 0 }, first, last + 1);
  }

  /** Whether a register is declared. */
  has(register: number): boolean {
    return this.#declared[register] === 1;
  }

  /** The registers that are addressed together with this one, or undefined. */
  run(register: number): { readonly first: number; readonly length: number } | undefined {
    return this.#runs[register];
  }

  /** The value of a register. */
  load(register: number): number {
    const { epoch } = this.#block;
    const known = this.#epochs[register];
    if (known === epoch || known === -1) return this.#values[register];
    const value = this.#b.load(this.#b.type(FLOAT, 4), this.#pointer(register));
    if (this.#runs[register] === undefined) this.#know(register, value, epoch);
    return value;
  }

  /** Sets a register. */
  store(register: number, value: number): void {
    this.#b.store(this.#pointer(register), value);
    if (this.#runs[register] === undefined) this.#know(register, value, this.#block.epoch);
  }

  /** Sets a register that nothing else sets: its value is known in every block that follows. */
  pin(register: number, value: number): void {
    if (this.#runs[register] !== undefined || this.#storage === Storage.Private) this.store(register, value);
    else this.#know(register, value, -1);
  }

  /** The value of a register of a run. @param index id of a uint, counted from the run's first. */
  loadAt(register: number, index: number): number {
    return this.#b.load(this.#b.type(FLOAT, 4), this.#element(register, index));
  }

  /** Sets a register of a run. @param index id of a uint, counted from the run's first. */
  storeAt(register: number, index: number, value: number): void {
    this.#b.store(this.#element(register, index), value);
  }

  #know(register: number, value: number, epoch: number): void {
    this.#values[register] = value;
    this.#epochs[register] = epoch;
  }

  #pointer(register: number): number {
    const run = this.#runs[register];
    if (run !== undefined) return this.#element(register, this.#b.uint(register - run.first));
    const variable = this.#variables[register];
    return variable !== 0 ? variable : this.#variables[register] = this.#make(this.#b.type(FLOAT, 4), this.#initial);
  }

  #element(register: number, index: number): number {
    const run = this.#runs[register];
    if (run === undefined) throw new TypeError(`Register ${register} is in no run`);
    const b = this.#b;
    const vec4 = b.type(FLOAT, 4);
    if (run.variable === 0) {
      const type = b.array(vec4, run.length);
      run.variable = this.#make(type, b.zero(type));
    }
    return b.chain(this.#storage, vec4, run.variable, index);
  }

  #make(type: number, initial: number): number {
    return this.#storage === Storage.Private
      ? this.#b.global(this.#storage, type, initial)
      : this.#b.local(type, initial);
  }

  /** A clamped index: min(index, length - 1), taking the index as unsigned. */
  static clamp(b: ModuleBuilder, index: number, length: number): number {
    return b.glsl(Glsl.UMin, b.type(UINT), index, b.uint(length - 1));
  }
}
