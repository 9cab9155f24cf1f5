/** Builds a SPIR-V 1.3 module: sections in their order (2.4), types and constants that are made once, one function at a time. */
import { Op, Storage } from "./enums.ts";
import { literal, Words } from "./words.ts";

/** 0 float, 1 int, 2 uint. */
export type Kind = 0 | 1 | 2;
/** 32-bit float. */
export const FLOAT: Kind = 0;
/** 32-bit signed integer. */
export const INT: Kind = 1;
/** 32-bit unsigned integer. */
export const UINT: Kind = 2;

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The 32 bits of a float. */
export function floatBits(value: number): number {
  float[0] = value;
  return bits[0];
}

/** A module in the making. */
export class ModuleBuilder {
  /** The body of the function in the making. */
  readonly code: Words = new Words(4096);
  readonly #variables = new Words(256);
  readonly #functions = new Words(64);
  readonly #globals = new Words(1024);
  readonly #decorations = new Words(256);
  readonly #modes = new Words(32);
  readonly #extensions = new Words(16);
  readonly #capabilities: Set<number> = new Set([1]);
  readonly #extensionNames: Set<string> = new Set();
  readonly #cache: Map<string, number> = new Map();
  readonly #constants: [Map<number, number>, Map<number, number>, Map<number, number>] = [
    new Map(),
    new Map(),
    new Map(),
  ];
  readonly #interface: number[] = [];
  readonly #vectors: number[] = [];
  #next = 1;
  #glsl = 0;
  #entry: number[] = [];

  /** A new id. */
  id(): number {
    return this.#next++;
  }

  /** How many ids there are; the bound of the header. */
  get bound(): number {
    return this.#next;
  }

  /** Declares a capability. */
  capability(capability: number): void {
    this.#capabilities.add(capability);
  }

  /** Declares an extension. */
  extension(name: string): void {
    if (this.#extensionNames.has(name)) return;
    this.#extensionNames.add(name);
    this.#extensions.op(Op.Extension, ...literal(name));
  }

  /** Sets the entry point "main". @param model the execution model. @param fn id of the function. */
  entryPoint(model: number, fn: number): void {
    this.#entry = [model, fn, ...literal("main")];
  }

  /** Declares an execution mode of the entry point. */
  executionMode(fn: number, mode: number, ...operands: number[]): void {
    this.#modes.op(Op.ExecutionMode, fn, mode, ...operands);
  }

  /** Decorates an id. */
  decorate(id: number, decoration: number, ...operands: number[]): void {
    this.#decorations.op(Op.Decorate, id, decoration, ...operands);
  }

  /** Decorates a member of a struct. */
  decorateMember(struct: number, member: number, decoration: number, ...operands: number[]): void {
    this.#decorations.op(Op.MemberDecorate, struct, member, decoration, ...operands);
  }

  /** A type or constant that is the same for the same words. */
  #cached(opcode: number, ...operands: number[]): number {
    const key = `${opcode},${operands.join()}`;
    let id = this.#cache.get(key);
    if (id === undefined) {
      id = this.id();
      this.#cache.set(key, id);
      this.#globals.op(opcode, id, ...operands);
    }
    return id;
  }

  /** A constant that is the same for the same type and words. */
  #cachedConstant(opcode: number, type: number, ...operands: number[]): number {
    const key = `${opcode},${type},${operands.join()}`;
    let id = this.#cache.get(key);
    if (id === undefined) {
      id = this.id();
      this.#cache.set(key, id);
      this.#globals.op(opcode, type, id, ...operands);
    }
    return id;
  }

  /** void. */
  get void(): number {
    return this.#cached(Op.TypeVoid);
  }

  /** bool, or a vector of them. */
  bool(count = 1): number {
    const at = 12 + count;
    return this.#vectors[at] ??= count === 1
      ? this.#cached(Op.TypeBool)
      : this.#cached(Op.TypeVector, this.bool(), count);
  }

  /** A scalar (count 1) or vector type. */
  type(kind: Kind, count = 1): number {
    const at = kind * 4 + count;
    return this.#vectors[at] ??= count > 1
      ? this.#cached(Op.TypeVector, this.type(kind), count)
      : kind === FLOAT
      ? this.#cached(Op.TypeFloat, 32)
      : this.#cached(Op.TypeInt, 32, kind === INT ? 1 : 0);
  }

  /** double; needs the capability Float64. */
  get double(): number {
    return this.#cached(Op.TypeFloat, 64);
  }

  /** A 64-bit integer; needs the capability Int64. */
  int64(signed: boolean): number {
    return this.#cached(Op.TypeInt, 64, signed ? 1 : 0);
  }

  /** An array without layout. */
  array(element: number, length: number): number {
    return this.#cached(Op.TypeArray, element, this.uint(length));
  }

  /** A struct that is made once for the same members; without layout. */
  struct(...members: number[]): number {
    return this.#cached(Op.TypeStruct, ...members);
  }

  /** A pointer type. */
  pointer(storage: number, type: number): number {
    return this.#cached(Op.TypePointer, storage, type);
  }

  /** An image type. */
  image(
    type: number,
    dim: number,
    depth: number,
    arrayed: number,
    multisampled: number,
    sampled: number,
    format = 0,
  ): number {
    return this.#cached(Op.TypeImage, type, dim, depth, arrayed, multisampled, sampled, format);
  }

  /** The type of an image with its sampler. */
  sampledImage(image: number): number {
    return this.#cached(Op.TypeSampledImage, image);
  }

  /** A block with one member: an array of `element`s. @param length elements; 0 for a runtime array. @param stride bytes. */
  block(element: number, length: number, stride: number): number {
    const key = `block,${element},${length},${stride}`;
    let id = this.#cache.get(key);
    if (id !== undefined) return id;
    const array = this.id();
    if (length > 0) {
      const count = this.uint(length);
      this.#globals.op(Op.TypeArray, array, element, count);
    } else this.#globals.op(Op.TypeRuntimeArray, array, element);
    this.decorate(array, 6, stride);
    id = this.id();
    this.#globals.op(Op.TypeStruct, id, array);
    this.decorate(id, 2);
    this.decorateMember(id, 0, 35, 0);
    this.#cache.set(key, id);
    return id;
  }

  /** A 32-bit constant by its bits. */
  scalar(kind: Kind, word: number): number {
    const map = this.#constants[kind];
    word >>>= 0;
    let id = map.get(word);
    if (id === undefined) {
      const type = this.type(kind);
      id = this.id();
      map.set(word, id);
      this.#globals.op(Op.Constant, type, id, word);
    }
    return id;
  }

  /** An unsigned constant. */
  uint(value: number): number {
    return this.scalar(UINT, value);
  }

  /** A signed constant. */
  int(value: number): number {
    return this.scalar(INT, value);
  }

  /** A float constant. */
  float(value: number): number {
    return this.scalar(FLOAT, floatBits(value));
  }

  /** A 64-bit constant of `type`. */
  wide(type: number, low: number, high: number): number {
    return this.#cachedConstant(Op.Constant, type, low >>> 0, high >>> 0);
  }

  /** A constant vector with the same component everywhere; the scalar itself for a count of 1. */
  splat(kind: Kind, word: number, count: number): number {
    const id = this.scalar(kind, word);
    if (count === 1) return id;
    return this.composite(this.type(kind, count), ...new Array<number>(count).fill(id));
  }

  /** A constant of constants. */
  composite(type: number, ...members: number[]): number {
    return this.#cachedConstant(Op.ConstantComposite, type, ...members);
  }

  /** The zero of a type. */
  zero(type: number): number {
    return this.#cachedConstant(Op.ConstantNull, type);
  }

  /** true or false. */
  truth(value: boolean): number {
    return this.#cachedConstant(value ? Op.ConstantTrue : Op.ConstantFalse, this.bool());
  }

  /** A variable outside of functions. @param initializer id of a constant; 0 is none. */
  global(storage: number, type: number, initializer = 0): number {
    const pointer = this.pointer(storage, type);
    const id = this.id();
    if (initializer !== 0) this.#globals.op(Op.Variable, pointer, id, storage, initializer);
    else this.#globals.op(Op.Variable, pointer, id, storage);
    if (storage === Storage.Input || storage === Storage.Output) this.#interface.push(id);
    return id;
  }

  /** A variable of the function in the making. */
  local(type: number, initializer = 0): number {
    const pointer = this.pointer(Storage.Function, type);
    const id = this.id();
    if (initializer !== 0) this.#variables.op(Op.Variable, pointer, id, Storage.Function, initializer);
    else this.#variables.op(Op.Variable, pointer, id, Storage.Function);
    return id;
  }

  /** Appends an instruction with a result to the function in the making. @returns the result's id. */
  op(opcode: number, type: number, ...operands: number[]): number {
    const id = this.#next++;
    const { code } = this;
    const count = operands.length + 3;
    code.reserve(count);
    const { data } = code;
    let at = code.length;
    data[at++] = (count << 16) | opcode;
    data[at++] = type;
    data[at++] = id;
    for (let i = 0; i < operands.length; i++) data[at++] = operands[i];
    code.length = at;
    return id;
  }

  /** Appends an instruction of GLSL.std.450. */
  glsl(instruction: number, type: number, ...operands: number[]): number {
    if (this.#glsl === 0) this.#glsl = this.id();
    return this.op(Op.ExtInst, type, this.#glsl, instruction, ...operands);
  }

  /** Loads through a pointer. */
  load(type: number, pointer: number): number {
    return this.op(Op.Load, type, pointer);
  }

  /** Stores through a pointer. */
  store(pointer: number, value: number): void {
    this.code.op(Op.Store, pointer, value);
  }

  /** A pointer into what a pointer points to. */
  chain(storage: number, type: number, base: number, ...indices: number[]): number {
    return this.op(Op.AccessChain, this.pointer(storage, type), base, ...indices);
  }

  /** Ends the function in the making: void fn(). What was put into `code` since the last one is its body, without the first label. */
  finishFunction(fn: number): void {
    const type = this.#cached(Op.TypeFunction, this.void);
    const out = this.#functions;
    out.op(Op.Function, this.void, fn, 0, type);
    out.op(Op.Label, this.id());
    out.append(this.#variables);
    out.append(this.code);
    out.op(Op.FunctionEnd);
    this.#variables.length = 0;
    this.code.length = 0;
  }

  /** The finished module. */
  finish(): Uint32Array {
    const head = new Words(64);
    for (const word of [0x07230203, 0x00010300, 0, this.#next, 0]) head.push(word);
    for (const capability of this.#capabilities) head.op(Op.Capability, capability);
    head.append(this.#extensions);
    if (this.#glsl !== 0) head.op(Op.ExtInstImport, this.#glsl, ...literal("GLSL.std.450"));
    head.op(Op.MemoryModel, 0, 1);
    head.op(Op.EntryPoint, ...this.#entry, ...this.#interface);
    const sections = [head, this.#modes, this.#decorations, this.#globals, this.#functions];
    const words = new Uint32Array(sections.reduce((sum, section) => sum + section.length, 0));
    let at = 0;
    for (const section of sections) {
      words.set(section.data.subarray(0, section.length), at);
      at += section.length;
    }
    return words;
  }
}
