/**
 * Types, constants and global variables: each is checked and written anew, specialization constants as plain ones with the
 * values that they get.
 * @module
 */

import type { Module } from "./module.ts";
import { Decoration, Op, Storage } from "./opcodes.ts";
import { SpirvError } from "./program.ts";
import { fold } from "./fold.ts";
import { readType } from "./type_instructions.ts";
import { type Type, typeOf } from "./types.ts";

/** Scalars that a value may have. */
export const MAX_SCALARS = 4096;
/** How deep types may nest. */
const MAX_DEPTH = 16;

/** A constant. */
export interface Constant {
  /** Its type. */
  readonly type: Type;
  /** The low 32 bits of a scalar; 1 or 0 of a bool. */
  readonly value: number;
  /** The high 32 bits. */
  readonly high: number;
  /** Ids of a composite's parts; undefined for scalars and null. */
  readonly parts: readonly number[] | undefined;
  /** Whether it is a scalar. */
  readonly isScalar: boolean;
}

/** A global variable. */
export interface Variable {
  /** Its id. */
  readonly id: number;
  /** Its pointer type. */
  readonly type: Type;
  /** Its storage class. */
  readonly storage: number;
  /** Its initializer, or 0. */
  readonly initializer: number;
  /** Whether the entry point uses it. */
  used: boolean;
  /** Whether it is written. */
  written: boolean;
}

/** Everything before functions. */
export class Globals {
  /** Types by id. */
  readonly types: (Type | undefined)[];
  /** Constants by id. */
  readonly constants: (Constant | undefined)[];
  /** Variables by id. */
  readonly variables: Map<number, Variable> = new Map();
  /** What stands for this section in what is written; variables are not in it. */
  readonly out: number[] = [];
  /** The next free id. */
  bound: number;
  readonly #module: Module;
  readonly #defined: Uint8Array;
  readonly #depths = new Map<Type, number>();
  readonly #keys = new Map<string, Type>();
  readonly #made = new Map<string, number>();
  readonly #pointers = new Map<string, Type>();
  readonly #ids: ReadonlyMap<number, number>;

  /** @param constants ids and values of specialization constants. @throws {SpirvError} */
  constructor(module: Module, constants: Uint32Array) {
    this.#module = module;
    this.bound = module.bound;
    this.types = new Array(module.bound).fill(undefined);
    this.constants = new Array(module.bound).fill(undefined);
    this.#defined = new Uint8Array(module.bound);
    const ids = new Map<number, number>();
    for (let i = 0; i < constants.length; i += 2) {
      if (ids.has(constants[i])) throw new SpirvError(`specialization constant ${constants[i]} stands twice`);
      ids.set(constants[i], constants[i + 1]);
    }
    this.#ids = ids;
    if (module.glsl !== 0) this.define(module.glsl, 0);
    const { words } = module;
    for (let at = 5; at < module.globals; at += words[at] >>> 16) {
      if ((words[at] & 0xffff) === Op.String) this.define(module.id(at + 1), at);
    }
    for (let at = module.globals; at < module.functions; at += words[at] >>> 16) this.#instruction(at);
  }

  /** An id gets its meaning. */
  define(id: number, at: number): void {
    if (this.#defined[id] !== 0) throw new SpirvError(`id ${id} is defined twice`, at);
    this.#defined[id] = 1;
  }

  /** A new id. */
  make(): number {
    return this.bound++;
  }

  /** The type that an id names. */
  type(at: number): Type {
    const type = this.types[this.#module.id(at)];
    if (type === undefined) throw new SpirvError("a type is missing", at);
    return type;
  }

  /** The constant that an id names. */
  constant(at: number): Constant {
    const constant = this.constants[this.#module.id(at)];
    if (constant === undefined) throw new SpirvError("a constant is missing", at);
    return constant;
  }

  /** The id of a constant of 32 bits, made if there is none. @param type an int of 32 bits */
  word(type: Type, value: number): number {
    return this.#madeOf(`c ${type.id} ${value >>> 0}`, (id) => {
      this.out.push((4 << 16) | Op.Constant, type.id, id, value >>> 0);
      this.constants[id] = { type, value: value >>> 0, high: 0, parts: undefined, isScalar: true };
    });
  }

  /** The id of a null constant. */
  null(type: Type): number {
    return this.#madeOf(`n ${type.id}`, (id) => {
      this.out.push((3 << 16) | Op.ConstantNull, type.id, id);
      this.constants[id] = { type, value: 0, high: 0, parts: undefined, isScalar: false };
    });
  }

  /** A vector type of another's component count, made if there is none. */
  vector(element: Type, count: number): Type {
    const known = this.#keys.get(`v ${element.id} ${count}`);
    if (known !== undefined) return known;
    const id = this.make();
    this.out.push((4 << 16) | Op.TypeVector, id, element.id, count);
    const type = typeOf(id, "vector", { element, count, scalars: count });
    this.#keys.set(`v ${element.id} ${count}`, type);
    this.types[id] = type;
    return type;
  }

  /** A pointer type, made if there is none. */
  pointer(storage: number, element: Type): Type {
    let type = this.#pointers.get(`${storage} ${element.id}`);
    if (type === undefined) {
      const id = this.make();
      this.out.push((4 << 16) | Op.TypePointer, id, storage, element.id);
      type = typeOf(id, "pointer", { storage, element });
      this.#pointers.set(`${storage} ${element.id}`, type);
    }
    return type;
  }

  #madeOf(key: string, write: (id: number) => void): number {
    let id = this.#made.get(key);
    if (id === undefined) {
      id = this.make();
      this.#made.set(key, id);
      write(id);
    }
    return id;
  }

  #instruction(at: number): void {
    const { words } = this.#module;
    const op = words[at] & 0xffff, count = words[at] >>> 16;
    if (op === Op.Line || op === Op.NoLine || op === Op.Nop) return;
    if (op >= Op.TypeVoid && op <= Op.TypeFunction) return this.#type(op, at, count);
    if (op === Op.Variable) return this.#variable(at, count);
    if ((op >= Op.ConstantTrue && op <= Op.SpecConstantOp) || op === Op.Undef) return this.#constant(op, at, count);
    throw new SpirvError(`instruction ${op}`, at);
  }

  #type(op: number, at: number, count: number): void {
    const module = this.#module, { words } = module;
    if (count < 2) throw new SpirvError("a type of one word", at);
    this.define(module.id(at + 1), at);
    const { type, key } = readType(this, module, at);
    if (key !== "") {
      if (this.#keys.has(key)) throw new SpirvError("a type that is declared twice", at);
      this.#keys.set(key, type);
    }
    const parts = [...type.members, ...(type.element === undefined ? [] : [type.element])];
    const depth = 1 + parts.reduce((most, part) => Math.max(most, this.#depths.get(part) ?? 0), 0);
    if (depth > MAX_DEPTH) throw new SpirvError("a type is too deep", at);
    this.#depths.set(type, depth);
    this.types[type.id] = type;
    const from = this.out.length;
    for (let i = 0; i < count; i++) this.out.push(words[at + i]);
    if (op === Op.TypePointer) this.out[from + 2] = type.storage;
  }

  #variable(at: number, count: number): void {
    const { words } = this.#module;
    if (count !== 4 && count !== 5) throw new SpirvError("a variable", at);
    const type = this.type(at + 1), id = this.#module.id(at + 2);
    this.define(id, at);
    if (type.kind !== "pointer" || type.storage === Storage.Function) throw new SpirvError("a global variable", at);
    if (
      words[at + 3] !== type.storage && !(words[at + 3] === Storage.Uniform && type.storage === Storage.StorageBuffer)
    ) {
      throw new SpirvError("a variable of another storage class", at);
    }
    let initializer = 0;
    if (count === 5) {
      if (this.constant(at + 4).type !== type.element || type.storage !== Storage.Private) {
        throw new SpirvError("an initializer", at);
      }
      initializer = words[at + 4];
    }
    this.variables.set(id, { id, type, storage: type.storage, initializer, used: false, written: false });
  }

  #constant(op: number, at: number, count: number): void {
    const module = this.#module, { words } = module;
    if (count < 3) throw new SpirvError("a constant", at);
    const type = this.type(at + 1), id = module.id(at + 2);
    this.define(id, at);
    const wrong = () => new SpirvError("a constant", at);
    const spec = module.decoration(id, Decoration.SpecId);
    const given = spec === undefined ? undefined : this.#ids.get(spec);
    const isSpec = op === Op.SpecConstant || op === Op.SpecConstantTrue || op === Op.SpecConstantFalse;
    if (spec !== undefined && !isSpec) throw wrong();
    switch (op) {
      case Op.ConstantTrue:
      case Op.ConstantFalse:
      case Op.SpecConstantTrue:
      case Op.SpecConstantFalse: {
        if (count !== 3 || type.kind !== "bool") throw wrong();
        const own = op === Op.ConstantTrue || op === Op.SpecConstantTrue ? 1 : 0;
        return this.#scalar(id, type, given === undefined ? own : given === 0 ? 0 : 1, 0);
      }
      case Op.Constant:
      case Op.SpecConstant: {
        if (type.kind !== "int" && type.kind !== "float") throw wrong();
        if (count !== 3 + type.width / 32) throw wrong();
        if (given !== undefined && type.width !== 32) {
          throw new SpirvError(`specialization constant ${spec} has ${type.width} bits`, at);
        }
        return this.#scalar(id, type, given ?? words[at + 3], type.width === 64 ? words[at + 4] : 0);
      }
      case Op.ConstantNull:
      case Op.Undef:
        if (count !== 3 || !isData(type) || !(type.scalars <= MAX_SCALARS)) throw wrong();
        // A plain zero where it can be: what indexes a struct may not be null.
        if (type.kind === "int" || type.kind === "float" || type.kind === "bool") return this.#scalar(id, type, 0, 0);
        this.out.push((3 << 16) | Op.ConstantNull, type.id, id);
        this.constants[id] = { type, value: 0, high: 0, parts: undefined, isScalar: false };
        return;
      case Op.ConstantComposite:
      case Op.SpecConstantComposite: {
        const parts = this.#parts(type, at);
        if (parts.length !== count - 3 || !(type.scalars <= MAX_SCALARS)) throw wrong();
        const ids = parts.map((part, i) => {
          if (this.constant(at + 3 + i).type !== part) throw wrong();
          return words[at + 3 + i];
        });
        this.out.push((count << 16) | Op.ConstantComposite, type.id, id, ...ids);
        this.constants[id] = { type, value: 0, high: 0, parts: ids, isScalar: false };
        return;
      }
      case Op.SpecConstantOp: {
        if (count < 5) throw wrong();
        if (words[at + 3] === Op.CompositeExtract) return this.#extract(id, type, at, count);
        const operands = Array.from({ length: count - 4 }, (_, i) => this.constant(at + 4 + i));
        const value = fold(words[at + 3], type, operands);
        if (value === undefined) throw new SpirvError(`a specialization constant of operation ${words[at + 3]}`, at);
        return this.#scalar(id, type, value, 0);
      }
    }
    throw wrong();
  }

  #extract(id: number, type: Type, at: number, count: number): void {
    const { words } = this.#module;
    let constant = this.constant(at + 4);
    for (let i = 5; i < count; i++) {
      const part = constant.parts?.[words[at + i]];
      const next = part === undefined ? undefined : this.constants[part];
      if (next === undefined) throw new SpirvError("a part of a constant", at);
      constant = next;
    }
    if (!constant.isScalar || constant.type !== type) throw new SpirvError("a part of a constant", at);
    this.#scalar(id, type, constant.value, constant.high);
  }

  #parts(type: Type, at: number): readonly Type[] {
    const { kind, element, count } = type;
    if (kind === "struct") return type.members;
    if ((kind === "vector" || kind === "matrix" || kind === "array") && element !== undefined && count <= MAX_SCALARS) {
      return new Array<Type>(count).fill(element);
    }
    throw new SpirvError("a composite constant", at);
  }

  #scalar(id: number, type: Type, value: number, high: number): void {
    if (type.kind === "bool") this.out.push((3 << 16) | (value ? Op.ConstantTrue : Op.ConstantFalse), type.id, id);
    else if (type.width === 64) this.out.push((5 << 16) | Op.Constant, type.id, id, value, high);
    else this.out.push((4 << 16) | Op.Constant, type.id, id, value);
    this.constants[id] = { type, value, high, parts: undefined, isScalar: true };
  }
}

/** Whether a value of it can be in memory and elsewhere. */
export function isData(type: Type): boolean {
  return ["bool", "int", "float", "vector", "matrix", "array", "struct"].includes(type.kind);
}
