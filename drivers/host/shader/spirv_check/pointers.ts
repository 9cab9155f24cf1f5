/**
 * Memory: loads, stores, access chains, atomics, barriers.
 * @module
 */

import type { Body } from "./body.ts";
import { isData, type Variable } from "./globals.ts";
import { Decoration, Op, Storage } from "./opcodes.ts";
import type { Type } from "./types.ts";

/** Scalars that are loaded or stored at once. */
const MAX_MOVED = 512;
/** GLSL.std.450 UMin. */
const UMIN = 38;

const READ_ONLY = new Set<number>([Storage.Input, Storage.Uniform, Storage.UniformConstant, Storage.PushConstant]);
/** Classes where hardware does not watch over indices. */
const CLAMPED = new Set<number>([
  Storage.Function,
  Storage.Private,
  Storage.Workgroup,
  Storage.PushConstant,
  Storage.Input,
  Storage.Output,
]);

/** Rules of memory. */
export class PointerRules {
  readonly #b: Body;

  /** @param body whose. */
  constructor(body: Body) {
    this.#b = body;
  }

  /** Checks and writes the instruction, if it is one of these. */
  check(op: number): boolean {
    switch (op) {
      case Op.Load:
        this.#load();
        return true;
      case Op.Store:
        this.#store();
        return true;
      case Op.AccessChain:
      case Op.InBoundsAccessChain:
        this.#chain();
        return true;
      case Op.ArrayLength:
        this.#length();
        return true;
      case Op.ControlBarrier:
      case Op.MemoryBarrier:
        this.#barrier(op);
        return true;
    }
    if (op < Op.AtomicLoad || op > Op.AtomicXor) return false;
    this.#atomic(op);
    return true;
  }

  // Of memory operands only Volatile means something to us.
  #volatile(at: number): number[] {
    const b = this.#b, mask = b.count > at ? b.words[b.at + at] : 0;
    const size = mask & 2 ? 1 : 0;
    if ((mask & ~7) !== 0 || b.count !== at + (b.count > at ? 1 + size : 0)) throw b.wrong("memory operands");
    return mask & 1 ? [1] : [];
  }

  #load(): void {
    const b = this.#b;
    b.need(4, 6);
    const type = b.resultType(), pointer = b.pointer(3);
    const { element } = pointer.type;
    if (element !== type) throw b.wrong("a load of another type");
    const isImage = type.kind === "image" || type.kind === "sampled";
    if (!isImage && !(isData(type) && type.scalars <= MAX_MOVED)) throw b.wrong(`a load of ${type.kind}`);
    if (pointer.root !== undefined && !isImage) this.#readable(pointer.root);
    const operands = this.#volatile(4);
    b.define(type, isImage ? pointer.root : undefined);
    b.emit(Op.Load, type.id, b.words[b.at + 2], b.words[b.at + 3], ...operands);
  }

  #readable({ id, storage }: Variable): void {
    const b = this.#b;
    if (storage === Storage.StorageBuffer && b.context.module.decoration(id, Decoration.NonReadable) !== undefined) {
      throw b.wrong("a load from what is not readable");
    }
  }

  #writable(type: Type, root: Variable | undefined): void {
    const b = this.#b;
    if (READ_ONLY.has(type.storage)) throw b.wrong(`a store into storage class ${type.storage}`);
    if (root === undefined) return;
    if (b.context.module.decoration(root.id, Decoration.NonWritable) !== undefined) {
      throw b.wrong("a store into what is not writable");
    }
    root.written = true;
  }

  #store(): void {
    const b = this.#b;
    b.need(3, 5);
    const { type, root } = b.pointer(1), value = b.value(2);
    if (type.element !== value || !(isData(value) && value.scalars <= MAX_MOVED)) {
      throw b.wrong("a store of another type");
    }
    this.#writable(type, root);
    b.emit(Op.Store, b.words[b.at + 1], b.words[b.at + 2], ...this.#volatile(3));
  }

  #chain(): void {
    const b = this.#b, { words, globals } = b;
    b.need(5, 24);
    const declared = b.resultType(), { type: base, root } = b.pointer(3);
    const clamped = CLAMPED.has(base.storage);
    const indices: number[] = [];
    let type = base.element;
    for (let i = 4; i < b.count; i++) {
      const index = b.value(i), id = words[b.at + i], constant = globals.constants[id];
      if (index.kind !== "int" || index.width !== 32 || type === undefined) throw b.wrong("an index");
      if (type.kind === "struct") {
        if (constant === undefined || constant.value >= type.members.length) {
          throw b.wrong("a member that is not there");
        }
        this.#member(base, type, constant.value, root);
        type = type.members[constant.value];
        // A plain constant, whatever it was before.
        indices.push(id);
        continue;
      }
      if (type.kind === "runtime") indices.push(id);
      else if (type.kind === "array" || type.kind === "vector" || type.kind === "matrix") {
        if (constant !== undefined) {
          if (constant.value >= type.count) throw b.wrong("an index beyond an array");
          indices.push(id);
        } else if (!clamped) indices.push(id);
        else {
          const safe = globals.make();
          b.emit(Op.ExtInst, index.id, safe, b.glsl, UMIN, id, globals.word(index, type.count - 1));
          indices.push(safe);
        }
      } else throw b.wrong(`an index into a ${type.kind}`);
      type = type.element;
    }
    if (declared.kind !== "pointer" || declared.element !== type || type === undefined) {
      throw b.wrong("an access chain of another type");
    }
    // Old modules point into storage buffers as into uniform blocks.
    const isOld = declared.storage === Storage.Uniform && base.storage === Storage.StorageBuffer;
    if (declared.storage !== base.storage && !isOld) throw b.wrong("an access chain of another storage class");
    const result = isOld ? b.globals.pointer(base.storage, type) : declared;
    b.define(result, root);
    b.emit(Op.AccessChain, result.id, words[b.at + 2], words[b.at + 3], ...indices);
  }

  // gl_PerVertex has members that need capabilities which no shader here has.
  #member(base: Type, struct: Type, member: number, root: Variable | undefined): void {
    if (base.storage !== Storage.Output || root === undefined) return;
    const builtIn = this.#b.context.module.decoration(struct.id, Decoration.BuiltIn, member);
    if (builtIn !== undefined && builtIn > 1) throw this.#b.wrong(`built-in ${builtIn}`);
  }

  #length(): void {
    const b = this.#b;
    b.need(5);
    const type = b.resultType(), { type: pointer, direct } = b.pointer(3);
    const block = pointer.element, member = b.words[b.at + 4];
    if (type.kind !== "int" || type.signed || type.width !== 32 || !direct) throw b.wrong("an array's length");
    if (block?.kind !== "struct" || block.members[member]?.kind !== "runtime") throw b.wrong("an array's length");
    b.define(type);
    b.copy();
  }

  /** The value of an operand that must be a constant. */
  #constant(i: number): number {
    const b = this.#b, { type, value } = b.globals.constant(b.at + i);
    if (type.kind !== "int" || type.width !== 32) throw b.wrong("a scope or semantics");
    return value;
  }

  // Scope Device (1) or Workgroup (2); or Subgroup (3), Invocation (4) for memory.
  #scope(i: number): void {
    const scope = this.#constant(i);
    if (scope < 1 || scope > 4) throw this.#b.wrong(`scope ${scope}`);
    if (scope === 2 && this.#b.context.stage !== "compute") {
      throw this.#b.wrong("a workgroup outside of compute shaders");
    }
  }

  /** Orders (at most one), and UniformMemory, WorkgroupMemory, ImageMemory. */
  #semantics(i: number): number {
    const semantics = this.#constant(i), order = semantics & 0x1e;
    if ((semantics & ~0x95e) !== 0 || (order & (order - 1)) !== 0) throw this.#b.wrong(`semantics ${semantics}`);
    return semantics;
  }

  #barrier(op: number): void {
    const b = this.#b, control = op === Op.ControlBarrier;
    b.need(control ? 4 : 3);
    if (control && (b.context.stage !== "compute" || this.#constant(1) !== 2)) throw b.wrong("a barrier's scope");
    const i = control ? 2 : 1;
    this.#scope(i);
    const semantics = this.#semantics(i + 1);
    const order = semantics & 0x1e, memory = semantics & 0x940;
    if (control ? (order === 0) !== (memory === 0) : order === 0 || memory === 0) {
      throw b.wrong("a barrier's semantics");
    }
    if (order === 0x10) throw b.wrong("a barrier's semantics"); // sequentially consistent: Vulkan has it not
    b.copy();
  }

  #atomic(op: number): void {
    const b = this.#b, isStore = op === Op.AtomicStore;
    const at = isStore ? 1 : 3;
    const { type: pointer, root } = b.pointer(at), { element } = pointer;
    if (element?.kind !== "int" || element.width !== 32) throw b.wrong("an atomic on another type");
    if (pointer.storage !== Storage.StorageBuffer && pointer.storage !== Storage.Workgroup) {
      throw b.wrong(`an atomic in storage class ${pointer.storage}`);
    }
    if (root !== undefined) this.#readable(root);
    if (op === Op.AtomicLoad) {
      if (root !== undefined && b.context.module.decoration(root.id, Decoration.NonWritable) !== undefined) {
        throw b.wrong("an atomic on what is not writable");
      }
      if (root !== undefined) root.written = true;
    } else this.#writable(pointer, root);
    this.#scope(at + 1);
    const order = this.#semantics(at + 2) & 0x1e;
    if (order === 0x10) throw b.wrong("semantics of an atomic");
    if (op === Op.AtomicLoad && (order & 0xc) !== 0) throw b.wrong("semantics of an atomic load");
    if (isStore && (order & 0xa) !== 0) throw b.wrong("semantics of an atomic store");
    const isPlain = op === Op.AtomicLoad || op === Op.AtomicIIncrement || op === Op.AtomicIDecrement;
    b.need(op === Op.AtomicCompareExchange ? 9 : isStore ? 5 : isPlain ? 6 : 7);
    if (op === 231) throw b.wrong("a weak atomic");
    if (op === Op.AtomicCompareExchange) {
      const unequal = this.#semantics(6) & 0x1e;
      if ((unequal & 0x1c) !== 0 || (unequal !== 0 && order === 0)) throw b.wrong("semantics of an atomic");
      if (b.value(7) !== element || b.value(8) !== element) throw b.wrong("an atomic on another type");
    } else if (!isPlain && b.value(isStore ? 4 : 6) !== element) throw b.wrong("an atomic on another type");
    if (!isStore) {
      if (b.resultType() !== element) throw b.wrong("an atomic of another type");
      b.define(element);
    }
    b.copy();
  }
}
