/**
 * Functions as blocks: where each begins and ends, what merges, where it goes.
 * @module
 */

import type { Globals } from "./globals.ts";
import type { Module } from "./module.ts";
import { Op } from "./opcodes.ts";
import { SpirvError } from "./program.ts";
import type { Type } from "./types.ts";

/** Blocks of a function. */
const MAX_BLOCKS = 8192;

/** A block. */
export interface Block {
  /** Its label. */
  readonly label: number;
  /** Its position in the function. */
  readonly index: number;
  /** Its first instruction behind the label, words. */
  readonly at: number;
  /** Its merge instruction, or its terminator. */
  merging: number;
  /** Its terminator. */
  terminator: number;
  /** The label of its merge block, or 0. */
  merge: number;
  /** The label of its continue target, or 0: it is no loop's header. */
  continues: number;
  /** Labels that it goes to, each once. */
  targets: readonly number[];
}

/** A function. */
export interface Func {
  /** Its id. */
  readonly id: number;
  /** Its type. */
  readonly type: Type;
  /** Ids of its parameters. */
  readonly parameters: readonly number[];
  /** Its blocks in the order of the module. */
  readonly blocks: readonly Block[];
  /** Blocks by label. */
  readonly byLabel: ReadonlyMap<number, Block>;
  /** Functions that it calls, as often as it does. */
  readonly calls: readonly number[];
  /** Instructions in it. */
  readonly size: number;
}

const TERMINATORS = new Set<number>([
  Op.Branch,
  Op.BranchConditional,
  Op.Switch,
  Op.Kill,
  Op.TerminateInvocation,
  Op.Return,
  Op.ReturnValue,
  Op.Unreachable,
]);

/** Whether an instruction says nothing. */
export function isSilent(op: number): boolean {
  return op === Op.Nop || op === Op.Line || op === Op.NoLine;
}

/** Splits all functions. @throws {SpirvError} */
export function readFunctions(module: Module, globals: Globals): Map<number, Func> {
  const functions = new Map<number, Func>();
  for (let at = module.functions; at < module.words.length;) {
    if (isSilent(module.words[at] & 0xffff)) {
      at += module.words[at] >>> 16;
      continue;
    }
    const reader = new FunctionReader(module, globals, at);
    functions.set(reader.func.id, reader.func);
    at = reader.end;
  }
  return functions;
}

class FunctionReader {
  readonly func: Func;
  readonly end: number;
  readonly #words: Uint32Array;

  constructor(module: Module, globals: Globals, start: number) {
    const words = this.#words = module.words;
    if (words[start] !== ((5 << 16) | Op.Function)) throw new SpirvError("a function", start);
    const id = module.id(start + 2), type = globals.type(start + 4), result = globals.type(start + 1);
    globals.define(id, start);
    if (type.kind !== "function" || type.element !== result) throw new SpirvError("a function of another type", start);
    const parameters: number[] = [], blocks: Block[] = [], calls: number[] = [];
    const byLabel = new Map<number, Block>();
    let block: Block | undefined, at = start + 5, size = 0;
    for (;; at += words[at] >>> 16) {
      if (at >= words.length) throw new SpirvError("a function without an end", start);
      const op = words[at] & 0xffff, count = words[at] >>> 16;
      if (isSilent(op)) continue;
      size++;
      if (op === Op.FunctionEnd) break;
      if (op === Op.FunctionParameter) {
        const type_ = type.members[parameters.length];
        if (count !== 3 || blocks.length > 0 || globals.type(at + 1) !== type_) throw new SpirvError("a parameter", at);
        parameters.push(module.id(at + 2));
        globals.define(words[at + 2], at);
        continue;
      }
      if (op === Op.Label) {
        if (count !== 2 || block !== undefined || blocks.length === MAX_BLOCKS) throw new SpirvError("a label", at);
        const label = module.id(at + 1);
        globals.define(label, at);
        block = {
          label,
          index: blocks.length,
          at: at + 2,
          merging: 0,
          terminator: 0,
          merge: 0,
          continues: 0,
          targets: [],
        };
        blocks.push(block);
        byLabel.set(label, block);
        continue;
      }
      if (block === undefined) throw new SpirvError("an instruction outside of blocks", at);
      if (block.merging !== 0 && !TERMINATORS.has(op)) throw new SpirvError("a merge that is not before the end", at);
      if (op === Op.SelectionMerge || op === Op.LoopMerge) this.#merge(module, block, op, at, count);
      else if (op === Op.FunctionCall && count >= 4) calls.push(module.id(at + 3));
      else if (TERMINATORS.has(op)) {
        block.terminator = at;
        if (block.merging === 0) block.merging = at;
        block.targets = this.#targets(module, op, at, count);
        block = undefined;
      }
    }
    if (block !== undefined || blocks.length === 0 || parameters.length !== type.members.length) {
      throw new SpirvError("a function without a body, or with one that does not end", start);
    }
    this.end = at + 1;
    this.func = { id, type, parameters, blocks, byLabel, calls, size };
  }

  #merge(module: Module, block: Block, op: number, at: number, count: number): void {
    if (block.merging !== 0) throw new SpirvError("two merges", at);
    block.merging = at;
    block.merge = module.id(at + 1);
    if (op === Op.SelectionMerge) {
      if (count !== 3 || this.#words[at + 2] > 2) throw new SpirvError("a selection", at);
      return;
    }
    // Unroll and DontUnroll are hints; what needs operands is not.
    if (count !== 4 || this.#words[at + 3] > 2) throw new SpirvError("a loop", at);
    block.continues = module.id(at + 2);
  }

  #targets(module: Module, op: number, at: number, count: number): readonly number[] {
    const wrong = () => new SpirvError("the end of a block", at);
    switch (op) {
      case Op.Branch:
        if (count !== 2) throw wrong();
        return [module.id(at + 1)];
      case Op.BranchConditional:
        if (count !== 4 && count !== 6) throw wrong();
        return [...new Set([module.id(at + 2), module.id(at + 3)])];
      case Op.Switch: {
        if (count < 3 || (count - 3) % 2 !== 0) throw wrong();
        const targets = new Set([module.id(at + 2)]), literals = new Set<number>();
        for (let i = 3; i < count; i += 2) {
          if (literals.has(this.#words[at + i])) throw wrong();
          literals.add(this.#words[at + i]);
          targets.add(module.id(at + i + 1));
        }
        return [...targets];
      }
      case Op.ReturnValue:
        if (count !== 2) throw wrong();
        return [];
      default:
        if (count !== 1) throw wrong();
        return [];
    }
  }
}
