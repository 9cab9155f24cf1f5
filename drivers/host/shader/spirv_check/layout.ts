/**
 * Layout of blocks in memory: Offset, ArrayStride and MatrixStride must say where each member lies, in the rules of std140 for
 * uniform blocks and of std430 for others (Vulkan 15.6.4 without relaxations).
 * @module
 */

import type { Module } from "./module.ts";
import { Decoration } from "./opcodes.ts";
import { SpirvError } from "./program.ts";
import type { Type } from "./types.ts";

/** Bytes that a block may have: what an offset of 32 bits can reach. */
const MAX_SIZE = 2 ** 31;
const MAX_DEPTH = 16;
/** Members that are no structs, with those of inner structs: drivers go through all of them. */
const MAX_LEAVES = 4096;

interface Layout {
  readonly size: number;
  readonly align: number;
  readonly leaves: number;
}

/** Strides of the matrices of a member. */
interface Matrices {
  readonly stride: number | undefined;
  /** Undefined if nothing says it. */
  readonly rowMajor: boolean | undefined;
}

const NONE: Matrices = { stride: undefined, rowMajor: undefined };

/**
 * Checks a block.
 * @returns its bytes without a runtime array at its end. @throws {SpirvError}
 */
export function checkBlock(module: Module, block: Type, uniform: boolean): number {
  return new BlockRules(module, uniform).struct(block, 0, true).size;
}

class BlockRules {
  readonly #module: Module;
  readonly #uniform: boolean;
  // Each struct is looked at once, however often it is in others.
  readonly #structs = new Map<Type, Layout>();

  constructor(module: Module, uniform: boolean) {
    this.#module = module;
    this.#uniform = uniform;
  }

  #layoutOf(type: Type, matrices: Matrices, depth: number): Layout {
    if (depth > MAX_DEPTH) throw new SpirvError("a block is too deep");
    const { element } = type, uniform = this.#uniform;
    switch (type.kind) {
      case "int":
      case "float":
        return { size: type.width / 8, align: type.width / 8, leaves: 1 };
      case "vector": {
        const size = (element?.width ?? 0) / 8;
        return { size: size * type.count, align: size * (type.count === 2 ? 2 : 4), leaves: 1 };
      }
      case "matrix": {
        const { stride, rowMajor } = matrices;
        if (rowMajor === undefined) throw new SpirvError("a matrix that is neither RowMajor nor ColMajor");
        const scalar = (element?.element?.width ?? 0) / 8, rows = element?.count ?? 0;
        const vectors = rowMajor ? rows : type.count, length = rowMajor ? type.count : rows;
        const base = scalar * (length === 2 ? 2 : 4), align = uniform ? Math.max(16, base) : base;
        if (stride === undefined || stride % align !== 0 || stride < scalar * length || stride > 256) {
          throw new SpirvError(`a matrix of stride ${stride}`);
        }
        return { size: stride * vectors, align, leaves: 1 };
      }
      case "array":
      case "runtime": {
        if (element === undefined) break;
        const stride = this.#module.decoration(type.id, Decoration.ArrayStride);
        const inner = this.#layoutOf(element, matrices, depth + 1);
        const align = uniform ? Math.max(16, inner.align) : inner.align;
        if (stride === undefined || stride === 0 || stride % align !== 0 || stride < inner.size || stride > MAX_SIZE) {
          throw new SpirvError(`an array of stride ${stride}`);
        }
        const size = type.kind === "runtime" ? 0 : stride * type.count;
        if (size > MAX_SIZE) throw new SpirvError("a block is too large");
        return { size, align, leaves: inner.leaves };
      }
      case "struct":
        return this.struct(type, depth, false);
    }
    throw new SpirvError(`a ${type.kind} in a block`);
  }

  /** A struct's bytes and alignment. @throws {SpirvError} */
  struct(type: Type, depth: number, isBlock: boolean): Layout {
    const known = this.#structs.get(type);
    if (known !== undefined) return known;
    const module = this.#module, uniform = this.#uniform;
    let align = uniform ? 16 : 1, end = 0, leaves = 0;
    for (let i = 0; i < type.members.length; i++) {
      const member = type.members[i];
      const offset = module.decoration(type.id, Decoration.Offset, i);
      const isRow = module.decoration(type.id, Decoration.RowMajor, i) !== undefined;
      const isColumn = module.decoration(type.id, Decoration.ColMajor, i) !== undefined;
      const stride = module.decoration(type.id, Decoration.MatrixStride, i);
      if (isRow && isColumn) throw new SpirvError("a matrix of two orders");
      const matrices = isRow || isColumn ? { stride, rowMajor: isRow } : NONE;
      if (member.kind === "runtime" && !(isBlock && !uniform && i === type.members.length - 1)) {
        throw new SpirvError("a runtime array that is not the last of a storage buffer");
      }
      const own = this.#layoutOf(member, matrices, depth + 1);
      if (offset === undefined || offset % own.align !== 0 || offset < end || offset > MAX_SIZE) {
        throw new SpirvError(`member ${i} of a block is at ${offset}`);
      }
      align = Math.max(align, own.align);
      leaves += own.leaves;
      if (leaves > MAX_LEAVES) throw new SpirvError("a block of too many members");
      end = offset + own.size;
      // What follows a struct or array begins behind its padding.
      if (member.kind === "struct" || member.kind === "array") end = Math.ceil(end / own.align) * own.align;
    }
    if (end > MAX_SIZE) throw new SpirvError("a block is too large");
    const layout = { size: Math.ceil(end / align) * align, align, leaves };
    this.#structs.set(type, layout);
    return layout;
  }
}
