/**
 * Control flow of a function: it must be structured (SPIR-V 2.11) in a strict reading, where each construct is a tree of
 * blocks that ends at its merge, and a switch's cases do not fall through. From it comes which block dominates which.
 * @module
 */

import type { Block, Func } from "./functions.ts";
import { Op } from "./opcodes.ts";
import { SpirvError } from "./program.ts";

/** How deep constructs may nest. */
const MAX_NESTING = 128;

/** Where one may go from inside a construct. */
interface Exits {
  /** The merge of the innermost selection; 0 if there is none in the loop or switch. */
  readonly selection: number;
  /** The merge of the innermost switch. */
  readonly switches: number;
  /** The merge of the innermost loop. */
  readonly breaks: number;
  /** Its continue target. */
  readonly continues: number;
  /** The header to go back to, in a continue construct. */
  readonly back: number;
}

const NOWHERE: Exits = { selection: 0, switches: 0, breaks: 0, continues: 0, back: 0 };

/** The flow of a function. */
export class Flow {
  /** Blocks that are part of it, by index; others are not looked at, and not written. */
  readonly live: Uint8Array;
  /** Predecessors by index: indices of live blocks. */
  readonly predecessors: number[][];
  readonly #func: Func;
  readonly #words: Uint32Array;
  readonly #dominator: Int32Array;
  readonly #depth: Int32Array;
  readonly #merges: Set<number> = new Set();
  // Merge blocks and continue targets that nothing leads to hang on their header.
  readonly #hung: number[][];

  /** @throws {SpirvError} */
  constructor(words: Uint32Array, func: Func) {
    this.#words = words;
    this.#func = func;
    const { blocks } = func;
    this.live = new Uint8Array(blocks.length);
    this.#hung = blocks.map(() => []);
    this.#walk(blocks[0].label, NOWHERE, 0);
    this.predecessors = blocks.map(() => []);
    for (const block of blocks) {
      if (this.live[block.index] === 0) continue;
      for (const target of block.targets) this.predecessors[this.#block(target).index].push(block.index);
    }
    if (this.predecessors[0].length > 0) throw new SpirvError("a function's first block is gone to", blocks[0].at);
    this.#dominator = new Int32Array(blocks.length).fill(-1);
    this.#depth = new Int32Array(blocks.length);
    this.#dominate();
  }

  #block(label: number): Block {
    const block = this.#func.byLabel.get(label);
    if (block === undefined) throw new SpirvError(`label ${label} is not in its function`);
    return block;
  }

  #isExit(label: number, exits: Exits): boolean {
    return label === exits.selection || label === exits.switches || label === exits.breaks ||
      label === exits.continues || label === exits.back;
  }

  // Walks the blocks from a label on until each way leads out by an exit, or ends. True if a way goes back to the header.
  #walk(label: number, exits: Exits, depth: number): boolean {
    if (depth > MAX_NESTING) throw new SpirvError("control flow is too deep");
    let back = false;
    for (;;) {
      if (this.#isExit(label, exits)) return back || label === exits.back;
      const block = this.#block(label);
      const wrong = (what: string) => new SpirvError(what, block.terminator);
      if (this.live[block.index] !== 0) throw wrong("a block that is gone to from two constructs");
      this.live[block.index] = 1;
      if (block.merge !== 0) {
        const { merge } = block;
        if (this.#merges.has(merge) || merge === label || this.#isExit(merge, exits)) {
          throw wrong("a merge block of two");
        }
        this.#merges.add(merge);
        if (block.continues !== 0) this.#loop(block, depth);
        else if (this.#selection(block, exits, depth)) back = true;
        this.#hung[block.index].push(merge);
        label = merge;
        continue;
      }
      const { targets } = block, op = this.#words[block.terminator] & 0xffff;
      if (op === Op.Switch) throw wrong("a switch without a merge");
      if (targets.length === 0) return back;
      if (targets.length === 1) {
        label = targets[0];
        continue;
      }
      // One of the two ways breaks or continues.
      const [a, b] = targets;
      if (this.#isExit(a, exits)) {
        back ||= a === exits.back;
        label = b;
      } else if (this.#isExit(b, exits)) {
        back ||= b === exits.back;
        label = a;
      } else throw wrong("a branch without a merge");
    }
  }

  #selection(block: Block, exits: Exits, depth: number): boolean {
    const { merge, targets, terminator } = block;
    const op = this.#words[terminator] & 0xffff;
    const isSwitch = op === Op.Switch;
    if (!isSwitch && op !== Op.BranchConditional) throw new SpirvError("a selection that selects nothing", terminator);
    const inner: Exits = isSwitch ? { ...exits, selection: 0, switches: merge } : { ...exits, selection: merge };
    let back = false;
    for (const target of targets) if (this.#walk(target, inner, depth + 1)) back = true;
    return back;
  }

  #loop(block: Block, depth: number): void {
    const { label, merge, continues, targets, terminator } = block;
    const op = this.#words[terminator] & 0xffff;
    const wrong = (what: string) => new SpirvError(what, terminator);
    if (op !== Op.Branch && op !== Op.BranchConditional) {
      throw wrong("a loop's header ends otherwise than with a branch");
    }
    if (continues === merge) throw wrong("a loop that continues at its merge");
    if (continues === label) { // the header is all of the loop
      if (!targets.includes(label) || targets.some((target) => target !== label && target !== merge)) {
        throw wrong("a loop of one block that does not go back");
      }
      return;
    }
    if (targets.includes(label)) throw wrong("a loop's header goes to itself, and not as its continue target");
    const inner: Exits = { ...NOWHERE, breaks: merge, continues };
    let bodies = 0;
    for (const target of targets) {
      if (this.#isExit(target, inner)) continue;
      if (++bodies > 1) throw wrong("a loop's header goes two ways without a merge");
      this.#walk(target, inner, depth + 1);
    }
    if (!this.#walk(continues, { ...NOWHERE, breaks: merge, back: label }, depth + 1)) {
      throw wrong("a loop that does not go back");
    }
    this.#hung[block.index].push(continues);
  }

  // Cooper, Harvey and Kennedy's algorithm over the live blocks.
  #dominate(): void {
    const { blocks } = this.#func, n = blocks.length;
    const successors: number[][] = blocks.map((b) =>
      this.live[b.index] ? b.targets.map((t) => this.#block(t).index) : []
    );
    const order: number[] = [], state = new Uint8Array(n);
    const visit = (root: number) => {
      const stack = [[root, 0]];
      state[root] = 1;
      while (stack.length > 0) {
        const top = stack[stack.length - 1];
        const next = successors[top[0]][top[1]++];
        if (next === undefined) {
          order.push(top[0]);
          stack.pop();
        } else if (state[next] === 0) {
          state[next] = 1;
          stack.push([next, 0]);
        }
      }
    };
    visit(0);
    // What nothing leads to gets an edge from its header, headers first.
    for (let again = true; again;) {
      again = false;
      for (const block of blocks) {
        if (state[block.index] === 0) continue;
        for (const label of this.#hung[block.index]) {
          const index = this.#block(label).index;
          if (state[index] !== 0) continue;
          successors[block.index].push(index);
          again = true;
        }
      }
      if (!again) break;
      order.length = 0;
      state.fill(0);
      visit(0);
    }
    const number = new Int32Array(n).fill(-1);
    order.reverse().forEach((index, i) => number[index] = i);
    const from: number[][] = blocks.map(() => []);
    for (const index of order) for (const next of successors[index]) from[next].push(index);
    const dom = this.#dominator;
    dom[0] = 0;
    const meet = (a: number, b: number) => {
      while (a !== b) {
        while (number[a] > number[b]) a = dom[a];
        while (number[b] > number[a]) b = dom[b];
      }
      return a;
    };
    for (let again = true; again;) {
      again = false;
      for (const index of order) {
        if (index === 0) continue;
        let next = -1;
        for (const p of from[index]) if (dom[p] >= 0) next = next < 0 ? p : meet(p, next);
        if (next >= 0 && dom[index] !== next) {
          dom[index] = next;
          again = true;
        }
      }
    }
    for (const index of order) this.#depth[index] = index === 0 ? 0 : this.#depth[dom[index]] + 1;
    for (const { index, at } of blocks) {
      if (this.live[index] === 0) continue;
      if (dom[index] < 0) throw new SpirvError("a block that nothing leads to", at);
      if (index !== 0 && dom[index] >= index) throw new SpirvError("a block before the one that dominates it", at);
    }
    this.#headers();
  }

  // A header dominates its merge block and continue target, and a continue target the block that goes back.
  #headers(): void {
    for (const block of this.#func.blocks) {
      if (this.live[block.index] === 0 || block.merge === 0) continue;
      const wrong = () => new SpirvError("a header that does not dominate its construct", block.terminator);
      if (!this.dominates(block.index, this.#block(block.merge).index)) throw wrong();
      if (block.continues === 0) continue;
      const target = this.#block(block.continues).index;
      if (!this.dominates(block.index, target)) throw wrong();
      let backs = 0;
      for (const p of this.predecessors[block.index]) {
        if (!this.dominates(block.index, p)) continue;
        backs++;
        if (!this.dominates(target, p)) throw wrong();
      }
      if (backs !== 1) throw wrong();
    }
  }

  /** Whether a block dominates another. @param a index. @param b index. */
  dominates(a: number, b: number): boolean {
    while (this.#depth[b] > this.#depth[a]) b = this.#dominator[b];
    return a === b;
  }
}
