/**
 * Operations on specialization constants, once their values are known: those on integers of 32 bits and booleans.
 * @module
 */

import type { Constant } from "./globals.ts";
import { Op } from "./opcodes.ts";
import type { Type } from "./types.ts";

/** The 32 bits that an operation gives; undefined if it is none of these, or not of these operands. */
export function fold(op: number, type: Type, operands: readonly Constant[]): number | undefined {
  for (const { type, isScalar } of operands) {
    if (!isScalar || (type.kind !== "bool" && (type.kind !== "int" || type.width !== 32))) return undefined;
  }
  if (type.kind !== "bool" && (type.kind !== "int" || type.width !== 32)) return undefined;
  const [a, b, c] = operands.map(({ value }) => value >>> 0);
  const kinds = operands.map(({ type }) => type.kind);
  const all = (kind: Type["kind"]) => kinds.every((k) => k === kind);
  if (op === Op.Select) {
    if (operands.length !== 3 || kinds[0] !== "bool" || operands[1].type !== type || operands[2].type !== type) {
      return undefined;
    }
    return a !== 0 ? b : c;
  }
  if (all("bool")) {
    if (type.kind !== "bool") return undefined;
    if (op === Op.LogicalNot && operands.length === 1) return a ^ 1;
    if (operands.length !== 2) return undefined;
    if (op === Op.LogicalAnd) return a & b;
    if (op === Op.LogicalOr) return a | b;
    if (op === Op.LogicalEqual) return a === b ? 1 : 0;
    return op === Op.LogicalNotEqual ? a ^ b : undefined;
  }
  if (!all("int")) return undefined;
  if (type.kind === "bool") return operands.length === 2 ? compare(op, a, b) : undefined;
  if (operands.length === 1) {
    if (op === Op.SNegate) return -a >>> 0;
    if (op === Op.Not) return ~a >>> 0;
    return op === Op.UConvert || op === Op.SConvert || op === Op.Bitcast ? a : undefined;
  }
  return operands.length === 2 ? arithmetic(op, a, b) : undefined;
}

function arithmetic(op: number, a: number, b: number): number | undefined {
  switch (op) {
    case Op.IAdd:
      return (a + b) >>> 0;
    case Op.ISub:
      return (a - b) >>> 0;
    case Op.IMul:
      return Math.imul(a, b) >>> 0;
    case Op.UDiv:
      return b === 0 ? undefined : Math.floor(a / b);
    case Op.UMod:
      return b === 0 ? undefined : a % b;
    case Op.SDiv:
      return b === 0 ? undefined : Math.trunc((a | 0) / (b | 0)) >>> 0;
    case Op.SRem:
      return b === 0 ? undefined : ((a | 0) % (b | 0)) >>> 0;
    case Op.ShiftLeftLogical:
      return b > 31 ? undefined : (a << b) >>> 0;
    case Op.ShiftRightLogical:
      return b > 31 ? undefined : a >>> b;
    case Op.ShiftRightArithmetic:
      return b > 31 ? undefined : ((a | 0) >> b) >>> 0;
    case Op.BitwiseOr:
      return (a | b) >>> 0;
    case Op.BitwiseXor:
      return (a ^ b) >>> 0;
    case Op.BitwiseAnd:
      return (a & b) >>> 0;
  }
  return undefined;
}

/** IEqual, INotEqual, then greater, greater or equal, less, less or equal, each unsigned and signed. */
function compare(op: number, a: number, b: number): number | undefined {
  const s = a | 0, t = b | 0;
  const results = [a === b, a !== b, a > b, s > t, a >= b, s >= t, a < b, s < t, a <= b, s <= t];
  const result = results[op - Op.IEqual];
  return result === undefined ? undefined : result ? 1 : 0;
}
