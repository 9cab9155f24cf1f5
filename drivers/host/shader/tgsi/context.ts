/** What every part of the translator shares: the module, the shader, the registers, and where it stands. */
import { FLOAT, Glsl, INT, type Kind, ModuleBuilder, Op, Storage, UINT } from "../spirv/mod.ts";
import { Constants } from "./constants.ts";
import { ShaderError } from "./error.ts";
import type { ShaderInfo } from "./info.ts";
import { File, FILES } from "./names.ts";
import { RegisterFile } from "./register_file.ts";
import type { Destination, Indirect, Instruction, Register, Source, TgsiShader } from "./shader.ts";
import type { ShaderVariant } from "./variant.ts";

/** The components of each mask. */
export const COMPONENTS: readonly (readonly number[])[] = Array.from(
  { length: 16 },
  (_, mask) => [0, 1, 2, 3].filter((i) => (mask >> i & 1) !== 0),
);

/** Registers that a file outside of TEMP, CONST, IMM... answers for: per-vertex inputs and outputs. */
export interface VertexRegisters {
  /** The value of register `register` of a vertex. */
  load(register: Register): number;
  /** Sets components of a register. @param values ids of float scalars, one for each component of the mask. */
  store?(register: Register, mask: number, values: readonly number[]): void;
}

/** A translation under way. */
export class Context {
  /** The module. */
  readonly b: ModuleBuilder = new ModuleBuilder();
  /** The shader. */
  readonly shader: TgsiShader;
  /** What is known of it. */
  readonly info: ShaderInfo;
  /** The state it is made for. */
  readonly variant: ShaderVariant;
  /** Whether registers live outside of functions, because there are subroutines or an early return. */
  readonly shared: boolean;
  /** Number of the current block. */
  epoch = 1;
  /** Line of the instruction under translation. */
  line = 0;
  /** Whether results must not be contracted. */
  precise = false;
  /** Temporaries, addresses, inputs, outputs and system values. */
  readonly files: (RegisterFile | undefined)[] = [];
  /** Inputs with a vertex index. */
  vertexInputs: VertexRegisters | undefined;
  /** Outputs of a tessellation control shader. */
  vertexOutputs: VertexRegisters | undefined;
  /** Constant buffers and immediates. */
  readonly constants: Constants = new Constants(this);
  /** Built-in variables by storage class << 16 | BuiltIn: a module has one of each. */
  readonly builtins: Map<number, number> = new Map();
  /** id of the entry point. */
  readonly main: number;
  /** First register of each declared array. */
  readonly #arrays: Map<number, number> = new Map();

  /** Begins a translation. */
  constructor(shader: TgsiShader, info: ShaderInfo, variant: ShaderVariant) {
    this.shader = shader;
    this.info = info;
    this.variant = variant;
    this.main = this.b.id();
    this.shared = needsSharedRegisters(shader);
    const { b } = this;
    const vec4 = b.type(FLOAT, 4);
    const storage = this.shared ? Storage.Private : Storage.Function;
    const zero = b.zero(vec4);
    const one = b.composite(vec4, b.float(0), b.float(0), b.float(0), b.float(1));
    const make = (size: number, initial: number): RegisterFile => new RegisterFile(b, this, size, storage, initial);
    this.files[File.TEMP] = make(4096, zero);
    this.files[File.ADDR] = make(16, zero);
    this.files[File.SV] = make(64, zero);
    this.files[File.IN] = make(128, one);
    this.files[File.OUT] = make(128, one);
    this.#declare();
  }

  #declare(): void {
    // Which declared arrays of each file are addressed indirectly; 0 stands for the whole file.
    const arrays = new Map<number, Set<number>>();
    const note = ({ file, indirect }: Register): void => {
      if (indirect === undefined) return;
      const known = arrays.get(file) ?? new Set();
      arrays.set(file, known.add(indirect.array));
    };
    for (const { destinations, sources } of this.shader.instructions) {
      destinations.forEach(note);
      sources.forEach(note);
    }
    const highest = new Map<number, number>();
    for (const { file, first, last, array, line } of this.shader.declarations) {
      const registers = this.files[file];
      if (registers === undefined) continue;
      highest.set(file, Math.max(highest.get(file) ?? 0, last));
      if (array !== 0) this.#arrays.set(file << 16 | array, first);
      const indirect = arrays.get(file);
      const run = indirect !== undefined && !indirect.has(0) && array !== 0 && indirect.has(array);
      for (let i = first; run && i <= last; i++) {
        if (registers.run(i) !== undefined) throw new ShaderError(line, `${FILES[file]}[${i}] is in two arrays`);
      }
      registers.declare(first, last, run);
    }
    for (const [file, indirect] of arrays) {
      const known = new Set(this.shader.declarations.filter((d) => d.file === file).map((d) => d.array));
      const last = highest.get(file);
      if (last !== undefined && [...indirect].some((array) => array === 0 || !known.has(array))) {
        this.files[file]?.declare(0, last, true);
      }
    }
  }

  /** A refusal at the current line. */
  error(sentence: string): ShaderError {
    return new ShaderError(this.line, sentence);
  }

  /** Starts a block. */
  label(id: number): void {
    this.b.code.op(Op.Label, id);
    this.epoch++;
  }

  /** vec4 of floats. */
  get vec4(): number {
    return this.b.type(FLOAT, 4);
  }

  /** A vector or scalar of the same value. */
  splat(type: number, value: number, count: number): number {
    return count === 1 ? value : this.b.op(Op.CompositeConstruct, type, ...new Array<number>(count).fill(value));
  }

  /** A vector of scalars; the scalar itself when there is one. */
  vector(kind: Kind, values: readonly number[]): number {
    return values.length === 1
      ? values[0]
      : this.b.op(Op.CompositeConstruct, this.b.type(kind, values.length), ...values);
  }

  /** Component of a vector. */
  extract(kind: Kind, vector: number, component: number): number {
    return this.b.op(Op.CompositeExtract, this.b.type(kind), vector, component);
  }

  /** The same bits as another kind. */
  cast(value: number, from: Kind, to: Kind, count: number): number {
    return from === to ? value : this.b.op(Op.Bitcast, this.b.type(to, count), value);
  }

  /** The integer of an address, plus a constant, as a uint. */
  address(indirect: Indirect, offset: number): number {
    const { b } = this;
    const register: Register = { file: indirect.file, index: indirect.index };
    const value = this.cast(this.extract(FLOAT, this.load(register), indirect.component), FLOAT, UINT, 1);
    return offset === 0 ? value : b.op(Op.IAdd, b.type(UINT), value, b.uint(offset));
  }

  /** The four floats of a register. */
  load(register: Register): number {
    const { file, index, indirect, dimension } = register;
    const { b } = this;
    if (file === File.CONST) return this.constants.load(register);
    if (file === File.IMM) return this.constants.immediate(register);
    if (file === File.IN && dimension !== undefined && this.vertexInputs !== undefined) {
      return this.vertexInputs.load(register);
    }
    if (file === File.OUT && this.vertexOutputs !== undefined) return this.vertexOutputs.load(register);
    const registers = this.#registers(register);
    if (indirect === undefined) return registers.load(index);
    const [base, run] = this.#run(registers, register, indirect);
    return registers.loadAt(base, RegisterFile.clamp(b, this.address(indirect, index - run.first), run.length));
  }

  #registers(register: Register): RegisterFile {
    const { file, index, indirect, dimension } = register;
    const registers = this.files[file];
    if (registers === undefined) throw this.error(`${FILES[file]} cannot be an operand here`);
    if (dimension !== undefined) throw this.error(`${FILES[file]} has one dimension here`);
    if (indirect === undefined && !registers.has(index)) throw this.error(`${FILES[file]}[${index}] is not declared`);
    return registers;
  }

  /** A register of the run that an indirect access stays in. */
  #run(
    registers: RegisterFile,
    { file, index }: Register,
    indirect: Indirect,
  ): [number, { first: number; length: number }] {
    const base = this.#arrays.get(file << 16 | indirect.array) ?? (registers.run(index) !== undefined ? index : 0);
    const run = registers.run(base) ?? registers.run(0);
    if (run === undefined) throw this.error(`${FILES[file]} is not declared as an array`);
    return [run.first, run];
  }

  /** A vec4 of the driver's constants. @param offset byte offset in the block. */
  driver(offset: number): number {
    return this.constants.driver(offset);
  }

  /** A float of the driver's constants. @param offset byte offset in the block. */
  driverFloat(offset: number): number {
    return this.extract(FLOAT, this.driver(offset), offset >> 2 & 3);
  }

  /** Components of a source, with its modifiers. @param components which of x, y, z, w are wanted, after the swizzle. */
  fetch(source: Source, kind: Kind, components: readonly number[]): number {
    if (source.file === File.IMM && source.indirect === undefined) {
      {
        return this.constants.fetchImmediate(source, kind, components);
      }
    }
    return this.modify(source, this.load(source), kind, components);
  }

  /** Components of a value that stands for a source, with the source's swizzle and modifiers. */
  modify(source: Source, whole: number, kind: Kind, components: readonly number[]): number {
    const { b } = this;
    const count = components.length;
    const { swizzle, absolute, negate } = source;
    let value: number;
    if (count === 1) value = this.extract(FLOAT, whole, swizzle[components[0]]);
    else if (count === 4 && components.every((component, i) => swizzle[component] === i)) value = whole;
    else value = b.op(Op.VectorShuffle, b.type(FLOAT, count), whole, whole, ...components.map((i) => swizzle[i]));
    value = this.cast(value, FLOAT, kind, count);
    const type = b.type(kind, count);
    if (absolute) {
      value = kind === FLOAT ? b.glsl(Glsl.FAbs, type, value) : this.cast(
        b.glsl(Glsl.SAbs, b.type(INT, count), this.cast(value, kind, INT, count)),
        INT,
        kind,
        count,
      );
    }
    if (negate) value = b.op(kind === FLOAT ? Op.FNegate : Op.SNegate, type, value);
    return value;
  }

  /**
   * Writes a result.
   * @param value a vector with one component for each in the destination's mask (a scalar for one)
   */
  store(
    instruction: Instruction,
    value: number,
    kind: Kind,
    destination: Destination = instruction.destinations[0],
  ): void {
    const { b } = this;
    const { mask, index, indirect } = destination;
    const count = COMPONENTS[mask].length;
    if (instruction.saturate && kind === FLOAT) {
      value = b.glsl(
        Glsl.NClamp,
        b.type(FLOAT, count),
        value,
        b.splat(FLOAT, 0, count),
        b.splat(FLOAT, 0x3f800000, count),
      );
    }
    value = this.cast(value, kind, FLOAT, count);
    if (destination.file === File.OUT && this.vertexOutputs?.store !== undefined) {
      const values = count === 1 ? [value] : COMPONENTS[mask].map((_, i) => this.extract(FLOAT, value, i));
      this.vertexOutputs.store(destination, mask, values);
      return;
    }
    if (!WRITABLE.has(destination.file)) throw this.error(`${FILES[destination.file]} cannot be written`);
    const registers = this.#registers(destination);
    if (indirect === undefined) {
      registers.store(index, mask === 15 ? value : this.insert(registers.load(index), value, mask));
      return;
    }
    const [base, run] = this.#run(registers, destination, indirect);
    const at = RegisterFile.clamp(b, this.address(indirect, index - run.first), run.length);
    registers.storeAt(base, at, mask === 15 ? value : this.insert(registers.loadAt(base, at), value, mask));
  }

  /** A vec4 with the components of a mask replaced. */
  insert(old: number, value: number, mask: number): number {
    const { b } = this;
    const components = COMPONENTS[mask];
    if (components.length === 1) return b.op(Op.CompositeInsert, this.vec4, value, old, components[0]);
    let next = 4;
    return b.op(
      Op.VectorShuffle,
      this.vec4,
      old,
      value,
      ...[0, 1, 2, 3].map((i) => (mask >> i & 1) !== 0 ? next++ : i),
    );
  }
}

const WRITABLE: ReadonlySet<number> = new Set([File.TEMP, File.OUT, File.ADDR]);

function needsSharedRegisters({ instructions }: TgsiShader): boolean {
  const end = instructions.findIndex(({ opcode }) => opcode.name === "END");
  return instructions.some(({ opcode }, i) =>
    opcode.name === "CAL" || opcode.name === "BGNSUB" || (opcode.name === "RET" && i !== end - 1)
  );
}
