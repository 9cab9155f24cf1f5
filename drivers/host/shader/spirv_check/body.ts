/**
 * The bodies of functions: every instruction's operands and result are checked, and it is written anew. Indices into arrays
 * of a known size are clamped to it where no hardware does (workgroup, private and function memory and the like).
 * @module
 */

import { CompositeRules } from "./composites.ts";
import type { Flow } from "./flow.ts";
import { type Block, type Func, isSilent } from "./functions.ts";
import { isData, MAX_SCALARS } from "./globals.ts";
import type { Globals, Variable } from "./globals.ts";
import { ImageRules } from "./images.ts";
import type { Module } from "./module.ts";
import { Op } from "./opcodes.ts";
import { OperatorRules } from "./operators.ts";
import { PointerRules } from "./pointers.ts";
import { SpirvError, type SpirvStage } from "./program.ts";
import { type Type, typeOf } from "./types.ts";

/** What the checks of all functions share. */
export interface BodyContext {
  /** The module. */
  readonly module: Module;
  /** Types, constants, variables. */
  readonly globals: Globals;
  /** All functions. */
  readonly functions: ReadonlyMap<number, Func>;
  /** The stage. */
  readonly stage: SpirvStage;
  /** What is written: functions one after the other. */
  readonly out: number[];
  /** The id of GLSL.std.450 in what is written, once one is needed. */
  glsl: number;
}

/** A value of a function. */
interface Value {
  readonly type: Type;
  /** Index of its block; -1: it is a parameter. */
  readonly block: number;
  /** The variable that a pointer leads into; undefined for a parameter's. */
  readonly root: Variable | undefined;
  /** Whether a pointer is a variable or parameter itself. */
  readonly direct: boolean;
}

/** Checks and writes one function. */
export class Body {
  /** What is shared. */
  readonly context: BodyContext;
  /** The module's words. */
  readonly words: Uint32Array;
  /** Types, constants, variables. */
  readonly globals: Globals;
  /** Scalars in its variables. */
  scalars = 0;
  /** The instruction. */
  at = 0;
  /** Its words. */
  count = 0;
  readonly #func: Func;
  readonly #flow: Flow;
  readonly #values = new Map<number, Value>();
  readonly #phis: { readonly at: number; readonly block: Block }[] = [];
  readonly #rules: readonly { check(op: number): boolean }[];
  #block: Block;
  #isStart = true;

  /** @throws {SpirvError} */
  constructor(context: BodyContext, func: Func, flow: Flow) {
    this.context = context;
    this.words = context.module.words;
    this.globals = context.globals;
    this.#func = func;
    this.#flow = flow;
    this.#block = func.blocks[0];
    this.#rules = [
      new PointerRules(this),
      new OperatorRules(this),
      new CompositeRules(this),
      new ImageRules(this),
    ];
    const { out } = context;
    const { type } = func;
    if (type.element === undefined) throw new SpirvError("a function without a result type");
    out.push((5 << 16) | Op.Function, type.element.id, func.id, 0, type.id);
    func.parameters.forEach((id, i) => {
      const parameter = type.members[i];
      const { kind, storage } = parameter;
      if (
        kind === "pointer" ? ![4, 6, 7].includes(storage) : !isData(parameter) || !(parameter.scalars <= MAX_SCALARS)
      ) {
        throw new SpirvError("a parameter of a type that none can have");
      }
      this.#values.set(id, { type: parameter, block: -1, root: undefined, direct: true });
      out.push((3 << 16) | Op.FunctionParameter, parameter.id, id);
    });
    if (type.element.kind !== "void" && !(isData(type.element) && type.element.scalars <= MAX_SCALARS)) {
      throw new SpirvError("a result of a type that none can have");
    }
    for (const block of func.blocks) if (flow.live[block.index] !== 0) this.#blockOf(block);
    for (const { at, block } of this.#phis) this.#phi(at, block);
    out.push((1 << 16) | Op.FunctionEnd);
  }

  /** An error at the instruction. */
  wrong(what: string): SpirvError {
    return new SpirvError(`${what} (instruction ${this.words[this.at] & 0xffff})`, this.at);
  }

  /** Refuses unless the instruction has so many words. */
  need(least: number, most: number = least): void {
    if (this.count < least || this.count > most) throw this.wrong(`${this.count} words`);
  }

  /** The result type: operand 1. */
  resultType(): Type {
    return this.globals.type(this.at + 1);
  }

  /** Whatever an operand names must be a value; its type. @param i the operand, 1 the first */
  value(i: number): Type {
    const id = this.context.module.id(this.at + i);
    const constant = this.globals.constants[id];
    if (constant !== undefined) return constant.type;
    return this.#valueOf(id, this.#block).type;
  }

  #valueOf(id: number, block: Block): Value {
    const value = this.#values.get(id);
    if (value === undefined) throw this.wrong(`id ${id} is no value here`);
    if (value.block >= 0 && !this.#flow.dominates(value.block, block.index)) {
      throw this.wrong(`id ${id} has no value on every way here`);
    }
    return value;
  }

  /** A pointer; its type, and the variable that it leads into. */
  pointer(i: number): { readonly type: Type; readonly root: Variable | undefined; readonly direct: boolean } {
    const id = this.context.module.id(this.at + i);
    const variable = this.globals.variables.get(id);
    if (variable !== undefined) {
      variable.used = true;
      return { type: variable.type, root: variable, direct: true };
    }
    const value = this.#valueOf(id, this.#block);
    if (value.type.kind !== "pointer") throw this.wrong(`id ${id} is no pointer`);
    return value;
  }

  /** The variable that an image was loaded from. */
  imageRoot(i: number): Variable | undefined {
    return this.#values.get(this.words[this.at + i])?.root;
  }

  /** The result, operand 2, gets its type. */
  define(type: Type, root?: Variable, direct = false): void {
    const id = this.context.module.id(this.at + 2);
    this.globals.define(id, this.at);
    this.#values.set(id, { type, block: this.#block.index, root, direct });
  }

  /** Writes the instruction as it is. */
  copy(): void {
    const { out } = this.context;
    for (let i = 0; i < this.count; i++) out.push(this.words[this.at + i]);
  }

  /** Writes an instruction. */
  emit(op: number, ...operands: number[]): void {
    this.context.out.push(((operands.length + 1) << 16) | op, ...operands);
  }

  /** The id of GLSL.std.450. */
  get glsl(): number {
    if (this.context.glsl === 0) this.context.glsl = this.globals.make();
    return this.context.glsl;
  }

  #blockOf(block: Block): void {
    const { words } = this, { out } = this.context;
    this.#block = block;
    out.push((2 << 16) | Op.Label, block.label);
    let phis = true;
    for (let at = block.at; at <= block.terminator; at += words[at] >>> 16) {
      const op = words[at] & 0xffff;
      if (isSilent(op)) continue;
      this.at = at;
      this.count = words[at] >>> 16;
      if (op === Op.Phi) {
        if (!phis) throw this.wrong("a phi that is not at the beginning");
      } else phis = false;
      if (op !== Op.Variable) this.#isStart = false;
      this.#instruction(op);
    }
  }

  #instruction(op: number): void {
    switch (op) {
      case Op.Variable:
        return this.#variable();
      case Op.Undef: {
        this.need(3);
        const type = this.resultType();
        if (!isData(type) || !(type.scalars <= MAX_SCALARS)) throw this.wrong("an undefined value");
        this.define(type); // of no invocation before: a zero
        return this.emit(Op.CopyObject, type.id, this.words[this.at + 2], this.globals.null(type));
      }
      case Op.FunctionCall:
        return this.#call();
      case Op.Phi: {
        const type = this.resultType();
        if (!isData(type) || !(type.scalars <= 64) || this.count % 2 === 0) throw this.wrong("a phi");
        this.define(type);
        this.#phis.push({ at: this.at, block: this.#block });
        return this.copy();
      }
      case Op.LoopMerge:
      case Op.SelectionMerge:
      case Op.Branch:
        return this.copy();
      case Op.BranchConditional:
        if (this.value(1).kind !== "bool") throw this.wrong("a condition that is no bool");
        return this.emit(op, ...this.words.subarray(this.at + 1, this.at + 4));
      case Op.Switch: {
        const selector = this.value(1);
        if (selector.kind !== "int" || selector.width !== 32) throw this.wrong("a selector");
        return this.copy();
      }
      case Op.Kill:
      case Op.TerminateInvocation: // since SPIR-V 1.6, the same
        if (this.context.stage !== "fragment") throw this.wrong("a kill outside of fragment shaders");
        return this.emit(Op.Kill);
      case Op.Return:
        if (this.#func.type.element?.kind !== "void") throw this.wrong("no result");
        return this.copy();
      case Op.ReturnValue:
        if (this.value(1) !== this.#func.type.element) throw this.wrong("a result of another type");
        return this.copy();
      case Op.Unreachable:
        return this.copy();
    }
    for (const rules of this.#rules) if (rules.check(op)) return;
    throw this.wrong("an instruction that none may use");
  }

  #variable(): void {
    this.need(4, 5);
    const type = this.resultType(), element = type.element;
    if (type.kind !== "pointer" || type.storage !== 7 || this.words[this.at + 3] !== 7 || element === undefined) {
      throw this.wrong("a variable");
    }
    if (this.#block.index !== 0 || !this.#isStart) throw this.wrong("a variable that is not at the beginning");
    if (!isData(element)) throw this.wrong(`a variable of ${element.kind}`);
    this.scalars += element.scalars;
    if (!(this.scalars <= MAX_SCALARS)) throw this.wrong("variables are too large");
    if (this.count === 5 && this.globals.constant(this.at + 4).type !== element) throw this.wrong("an initializer");
    this.define(type, undefined, true);
    // What no one has written is zero, not what was there before.
    const initializer = this.count === 5 ? this.words[this.at + 4] : this.globals.null(element);
    this.emit(Op.Variable, type.id, this.words[this.at + 2], 7, initializer);
  }

  #call(): void {
    this.need(4, 36);
    const type = this.resultType(), callee = this.context.functions.get(this.words[this.at + 3]);
    if (callee === undefined || callee.type.element !== type) throw this.wrong("a call");
    if (this.count - 4 !== callee.parameters.length) throw this.wrong("a call with other parameters");
    callee.type.members.forEach((parameter, i) => {
      if (parameter.kind !== "pointer") {
        if (this.value(4 + i) !== parameter) throw this.wrong("a call with other parameters");
        return;
      }
      const { type, direct } = this.pointer(4 + i);
      if (type !== parameter || !direct) throw this.wrong("a call with another pointer than a variable");
    });
    this.define(type.kind === "void" ? typeOf(type.id, "void") : type);
    this.copy();
  }

  #phi(at: number, block: Block): void {
    const { words } = this;
    this.at = at;
    this.count = words[at] >>> 16;
    const type = this.resultType();
    const parents = new Set<number>();
    for (let i = 3; i < this.count; i += 2) {
      const parent = this.#func.byLabel.get(words[at + i + 1]);
      if (parent === undefined || parents.has(parent.index)) throw this.wrong("a phi of another block");
      parents.add(parent.index);
      const id = this.context.module.id(at + i);
      const constant = this.globals.constants[id];
      if ((constant ?? this.#valueOf(id, parent)).type !== type) throw this.wrong("a phi of another type");
    }
    const predecessors = this.#flow.predecessors[block.index];
    if (predecessors.length !== parents.size || predecessors.some((p) => !parents.has(p))) {
      throw this.wrong("a phi of other blocks than those before it");
    }
  }
}
