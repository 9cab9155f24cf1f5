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

interface Layout {
  readonly size: number;
  readonly align: number;
}

/** Strides of the matrices of a member. */
interface Matrices {
  readonly stride: number | undefined;
  readonly rowMajor: boolean;
}

const NONE: Matrices = { stride: undefined, rowMajor: false };

/**
 * Checks a block.
 * @returns its bytes without a runtime array at its end. @throws {SpirvError}
 */
export function checkBlock(module: Module, block: Type, uniform: boolean): number {
  return struct(module, block, uniform, 0, true).size;
}

function layoutOf(module: Module, type: Type, uniform: boolean, matrices: Matrices, depth: number): Layout {
  if (depth > MAX_DEPTH) throw new SpirvError("a block is too deep");
  const { element } = type;
  switch (type.kind) {
    case "int":
    case "float":
      return { size: type.width / 8, align: type.width / 8 };
    case "vector": {
      const size = (element?.width ?? 0) / 8;
      return { size: size * type.count, align: size * (type.count === 2 ? 2 : 4) };
    }
    case "matrix": {
      const { stride, rowMajor } = matrices;
      const scalar = (element?.element?.width ?? 0) / 8, rows = element?.count ?? 0;
      const vectors = rowMajor ? rows : type.count, length = rowMajor ? type.count : rows;
      const base = scalar * (length === 2 ? 2 : 4), align = uniform ? Math.max(16, base) : base;
      if (stride === undefined || stride % align !== 0 || stride < scalar * length || stride > 256) {
        throw new SpirvError(`a matrix of stride ${stride}`);
      }
      return { size: stride * vectors, align };
    }
    case "array":
    case "runtime": {
      if (element === undefined) break;
      const stride = module.decoration(type.id, Decoration.ArrayStride);
      const inner = layoutOf(module, element, uniform, matrices, depth + 1);
      const align = uniform ? Math.max(16, inner.align) : inner.align;
      if (stride === undefined || stride === 0 || stride % align !== 0 || stride < inner.size || stride > MAX_SIZE) {
        throw new SpirvError(`an array of stride ${stride}`);
      }
      const size = type.kind === "runtime" ? 0 : stride * type.count;
      if (size > MAX_SIZE) throw new SpirvError("a block is too large");
      return { size, align };
    }
    case "struct":
      return struct(module, type, uniform, depth, false);
  }
  throw new SpirvError(`a ${type.kind} in a block`);
}

function struct(module: Module, type: Type, uniform: boolean, depth: number, isBlock: boolean): Layout {
  let align = uniform ? 16 : 1, end = 0;
  for (let i = 0; i < type.members.length; i++) {
    const member = type.members[i];
    const offset = module.decoration(type.id, Decoration.Offset, i);
    const rowMajor = module.decoration(type.id, Decoration.RowMajor, i) !== undefined;
    const stride = module.decoration(type.id, Decoration.MatrixStride, i);
    if (rowMajor && module.decoration(type.id, Decoration.ColMajor, i) !== undefined) {
      throw new SpirvError("a matrix of two orders");
    }
    const matrices = stride === undefined ? NONE : { stride, rowMajor };
    if (member.kind === "runtime" && !(isBlock && !uniform && i === type.members.length - 1)) {
      throw new SpirvError("a runtime array that is not the last of a storage buffer");
    }
    const own = layoutOf(module, member, uniform, matrices, depth + 1);
    if (offset === undefined || offset % own.align !== 0 || offset < end || offset > MAX_SIZE) {
      throw new SpirvError(`member ${i} of a block is at ${offset}`);
    }
    align = Math.max(align, own.align);
    end = offset + own.size;
    // What follows a struct or array begins behind its padding.
    if (member.kind === "struct" || member.kind === "array") end = Math.ceil(end / own.align) * own.align;
  }
  if (end > MAX_SIZE) throw new SpirvError("a block is too large");
  return { size: Math.ceil(end / align) * align, align };
}
