/**
 * Control flow of a function: it must be structured (SPIR-V 2.11) in a strict reading, where each construct is a tree of
 * blocks that ends at its merge, a switch's cases do not fall through, and a continue construct is left only by the block
 * that goes back. From it comes which block dominates which.
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
  /** The header to go back to, in a continue construct but not in what nests in it. */
  readonly back: number;
  /** In a continue construct, the merge of its loop: none but the block that goes back may go there. */
  readonly leave: number;
  /** Whether the function may end: not in a continue construct, nor in what nests in it. */
  readonly ends: boolean;
}

const NOWHERE: Exits = { selection: 0, switches: 0, breaks: 0, continues: 0, back: 0, leave: 0, ends: true };

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
  // Some way up the tree of dominators, so that a walk up is of logarithmic length (Myers, skew-binary jumps).
  readonly #jump: Int32Array;
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
    this.#jump = new Int32Array(blocks.length);
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

  // Walks the blocks from a label on until each way leads out by an exit, or ends. True if it goes back to the header.
  #walk(label: number, exits: Exits, depth: number): boolean {
    if (depth > MAX_NESTING) throw new SpirvError("control flow is too deep");
    for (;;) {
      if (this.#isExit(label, exits)) return label === exits.back;
      const block = this.#block(label);
      const wrong = (what: string) => new SpirvError(what, block.terminator);
      if (this.live[block.index] !== 0) throw wrong("a block that is gone to from two constructs");
      this.live[block.index] = 1;
      const { targets } = block;
      if (targets.includes(exits.leave) && !targets.includes(exits.back)) {
        throw wrong("a break in a continue construct");
      }
      if (block.merge !== 0) {
        const { merge } = block;
        if (this.#merges.has(merge) || merge === label || this.#isExit(merge, exits)) {
          throw wrong("a merge block of two");
        }
        this.#merges.add(merge);
        if (block.continues !== 0) this.#loop(block, exits, depth);
        else this.#selection(block, exits, depth);
        this.#hung[block.index].push(merge);
        label = merge;
        continue;
      }
      const op = this.#words[block.terminator] & 0xffff;
      if (op === Op.Switch) throw wrong("a switch without a merge");
      if (targets.length === 0) {
        if (!exits.ends) throw wrong("an end in a continue construct");
        return false;
      }
      if (targets.length === 1) {
        label = targets[0];
        continue;
      }
      const [a, b] = targets;
      if (targets.includes(exits.back)) {
        if ((a === exits.back ? b : a) !== exits.leave) throw wrong("a way back that also leads into the loop");
        return true;
      }
      // One of the two ways breaks or continues.
      if (this.#isExit(a, exits)) label = b;
      else if (this.#isExit(b, exits)) label = a;
      else throw wrong("a branch without a merge");
    }
  }

  #selection(block: Block, exits: Exits, depth: number): void {
    const { merge, targets, terminator } = block;
    const op = this.#words[terminator] & 0xffff;
    const isSwitch = op === Op.Switch;
    if (!isSwitch && op !== Op.BranchConditional) throw new SpirvError("a selection that selects nothing", terminator);
    // The block that goes back post-dominates the continue target, so it is in no selection.
    const outer: Exits = { ...exits, back: 0 };
    const inner: Exits = isSwitch ? { ...outer, selection: 0, switches: merge } : { ...outer, selection: merge };
    for (const target of targets) {
      if (isSwitch && target !== merge && this.#isExit(target, inner)) {
        throw new SpirvError("a switch whose header does not dominate its case", terminator);
      }
      this.#walk(target, inner, depth + 1);
    }
  }

  #loop(block: Block, { ends }: Exits, depth: number): void {
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
    const inner: Exits = { ...NOWHERE, breaks: merge, continues, ends };
    let bodies = 0;
    for (const target of targets) {
      if (this.#isExit(target, inner)) continue;
      if (++bodies > 1) throw wrong("a loop's header goes two ways without a merge");
      this.#walk(target, inner, depth + 1);
    }
    // Neither a break nor an end: the block that goes back structurally post-dominates the continue target (2.11.2).
    if (!this.#walk(continues, { ...NOWHERE, back: label, leave: merge, ends: false }, depth + 1)) {
      throw wrong("a loop that does not go back");
    }
    this.#hung[block.index].push(continues);
  }

  // A block's immediate dominator is the nearest that dominates all blocks before it: one look at each edge in reverse
  // postorder, for all that the ways back could add is what their headers dominate. That they do is checked.
  #dominate(): void {
    const { blocks } = this.#func;
    const successors = blocks.map((b) => this.live[b.index] ? b.targets.map((t) => this.#block(t).index) : []);
    this.#hang(successors);
    const order: number[] = [];
    visit(successors, 0, new Uint8Array(blocks.length), undefined, order);
    order.reverse();
    const number = new Int32Array(blocks.length).fill(-1);
    order.forEach((index, i) => number[index] = i);
    const from: number[][] = blocks.map(() => []), back: (readonly [number, number])[] = [];
    for (const index of order) {
      for (const next of successors[index]) {
        if (number[next] > number[index]) from[next].push(index);
        else back.push([index, next]);
      }
    }
    const dom = this.#dominator, depth = this.#depth, jump = this.#jump;
    dom[0] = 0;
    for (const index of order) {
      if (index === 0) continue;
      const up = dom[index] = from[index].reduce((a, b) => this.#meet(a, b)), far = jump[up];
      depth[index] = depth[up] + 1;
      jump[index] = depth[up] - depth[far] === depth[far] - depth[jump[far]] ? jump[far] : up;
    }
    for (const { index, at } of blocks) {
      if (this.live[index] === 0) continue;
      if (dom[index] < 0) throw new SpirvError("a block that nothing leads to", at);
      if (index !== 0 && dom[index] >= index) throw new SpirvError("a block before the one that dominates it", at);
    }
    for (const [index, header] of back) {
      if (!this.dominates(header, index)) throw new SpirvError("a loop with two entries", blocks[index].terminator);
    }
    this.#headers();
  }

  // What nothing leads to gets an edge from its header, headers first.
  #hang(successors: number[][]): void {
    const state = new Uint8Array(successors.length);
    let fresh: number[] = [];
    visit(successors, 0, state, fresh);
    while (fresh.length > 0) {
      const hung: number[] = [];
      for (const header of fresh) {
        for (const label of this.#hung[header]) {
          const { index } = this.#block(label);
          if (state[index] !== 0) continue;
          successors[header].push(index);
          hung.push(index);
        }
      }
      fresh = [];
      for (const index of hung) if (state[index] === 0) visit(successors, index, state, fresh);
    }
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

  // The deepest block that dominates both.
  #meet(a: number, b: number): number {
    const depth = Math.min(this.#depth[a], this.#depth[b]);
    a = this.#above(a, depth);
    b = this.#above(b, depth);
    const dom = this.#dominator, jump = this.#jump;
    while (a !== b) {
      const ways = jump[a] === jump[b] ? dom : jump;
      a = ways[a];
      b = ways[b];
    }
    return a;
  }

  // The block at a depth that dominates a block which is no less deep.
  #above(index: number, depth: number): number {
    while (this.#depth[index] > depth) {
      const far = this.#jump[index];
      index = this.#depth[far] >= depth ? far : this.#dominator[index];
    }
    return index;
  }

  /** Whether a block dominates another. @param a index. @param b index. */
  dominates(a: number, b: number): boolean {
    return this.#depth[b] >= this.#depth[a] && this.#above(b, this.#depth[a]) === a;
  }
}

/** Depth first from a block on; what is new goes to `fresh`, and to `order` once all behind it is done. */
function visit(
  successors: readonly (readonly number[])[],
  root: number,
  state: Uint8Array,
  fresh?: number[],
  order?: number[],
): void {
  const stack: [index: number, next: number][] = [];
  const enter = (index: number) => {
    state[index] = 1;
    fresh?.push(index);
    stack.push([index, 0]);
  };
  enter(root);
  while (stack.length > 0) {
    const top = stack[stack.length - 1], ways = successors[top[0]];
    if (top[1] === ways.length) {
      order?.push(top[0]);
      stack.pop();
      continue;
    }
    const next = ways[top[1]++];
    if (state[next] === 0) enter(next);
  }
}
