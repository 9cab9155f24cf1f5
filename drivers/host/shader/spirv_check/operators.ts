/**
 * Arithmetic, conversions, comparisons, bits, derivatives, and the functions of GLSL.std.450.
 * @module
 */

import type { Body } from "./body.ts";
import { isGlsl } from "./glsl.ts";
import { Op } from "./opcodes.ts";
import { components, isBool, isFloat, isInt, isLike, scalarOf, type Type } from "./types.ts";

const within = (op: number, first: number, last: number): boolean => op >= first && op <= last;

/** Rules of operators. */
export class OperatorRules {
  readonly #b: Body;

  /** @param body whose. */
  constructor(body: Body) {
    this.#b = body;
  }

  /** Checks and writes the instruction, if it is one of these. */
  check(op: number): boolean {
    const b = this.#b;
    if (op === Op.ExtInst) {
      b.need(6, 9);
      const set = b.words[b.at + 3], { glsl } = b.context.module;
      if (set !== glsl || glsl === 0) throw b.wrong("instructions of another set");
      const type = b.resultType();
      if (!isGlsl(b.words[b.at + 4], type, (i) => b.value(5 + i), b.count - 5)) throw b.wrong("a function of GLSL");
      b.define(type);
      b.copy();
      return true;
    }
    const operands = this.#operands(op);
    if (operands === 0) return false;
    b.need(3 + operands);
    const type = b.resultType(), x = b.value(3);
    const y = operands > 1 ? b.value(4) : x, z = operands > 2 ? b.value(5) : x;
    const w = operands > 3 ? b.value(6) : x;
    if (!this.#fits(op, type, x, y, z, w)) throw b.wrong("operands of other types");
    b.define(type);
    b.copy();
    return true;
  }

  /** How many operands it has; 0: it is none of these. */
  #operands(op: number): number {
    if (
      within(op, Op.ConvertFToU, Op.FConvert) || op === Op.Bitcast || op === Op.SNegate || op === Op.FNegate ||
      within(op, Op.Any, Op.IsInf) || op === Op.LogicalNot || op === Op.Not || op === Op.BitReverse ||
      op === Op.BitCount || within(op, Op.DPdx, Op.Fwidth)
    ) return 1;
    if (
      within(op, Op.IAdd, Op.SMulExtended) || within(op, Op.LogicalEqual, Op.LogicalAnd) ||
      within(op, Op.IEqual, Op.FUnordGreaterThanEqual) || within(op, Op.ShiftRightLogical, Op.BitwiseAnd)
    ) return 2;
    if (op === Op.BitFieldSExtract || op === Op.BitFieldUExtract) return 3;
    return op === Op.BitFieldInsert ? 4 : 0;
  }

  #fits(op: number, type: Type, x: Type, y: Type, z: Type, w: Type): boolean {
    const b = this.#b, n = components(type);
    const same = n > 0 && components(x) === n;
    switch (op) {
      case Op.ConvertFToU:
        return same && isInt(type) && !scalarOf(type).signed && isFloat(x);
      case Op.ConvertFToS:
        return same && isInt(type) && isFloat(x);
      case Op.ConvertSToF:
      case Op.ConvertUToF:
        return same && isFloat(type) && isInt(x);
      case Op.UConvert:
        return same && isInt(type) && !scalarOf(type).signed && isInt(x) && scalarOf(type).width !== scalarOf(x).width;
      case Op.SConvert:
        return same && isInt(type) && isInt(x) && scalarOf(type).width !== scalarOf(x).width;
      case Op.FConvert:
        return same && isFloat(type) && isFloat(x) && scalarOf(type).width !== scalarOf(x).width;
      case Op.Bitcast:
        return n > 0 && components(x) > 0 && !isBool(type) && !isBool(x) &&
          n * scalarOf(type).width === components(x) * scalarOf(x).width;
      case Op.SNegate:
      case Op.Not:
        return isInt(type) && isLike(type, x);
      case Op.FNegate:
        return isFloat(type) && type === x;
      case Op.Any:
      case Op.All:
        return type.kind === "bool" && x.kind === "vector" && isBool(x);
      case Op.IsNan:
      case Op.IsInf:
        return same && isBool(type) && isFloat(x);
      case Op.LogicalNot:
        return isBool(type) && type === x;
      case Op.BitReverse:
        return isInt(type) && type === x && scalarOf(x).width === 32;
      case Op.BitCount:
        return same && isInt(type) && isInt(x) && scalarOf(x).width === 32 && scalarOf(type).width === 32;
      case Op.DPdx:
      case Op.DPdy:
      case Op.Fwidth:
        return b.context.stage === "fragment" && isFloat(type) && type === x && scalarOf(x).width === 32;
      case Op.VectorTimesScalar:
        return type.kind === "vector" && isFloat(type) && type === x && y === type.element;
      case Op.MatrixTimesScalar:
        return type.kind === "matrix" && type === x && y === type.element?.element;
      case Op.VectorTimesMatrix:
        return y.kind === "matrix" && y.element === x && type.kind === "vector" && type.count === y.count &&
          type.element === x.element;
      case Op.MatrixTimesVector:
        return x.kind === "matrix" && x.element === type && y.kind === "vector" && y.count === x.count &&
          y.element === type.element;
      case Op.MatrixTimesMatrix:
        return x.kind === "matrix" && y.kind === "matrix" && type.kind === "matrix" && type.count === y.count &&
          type.element === x.element && y.element?.count === x.count && y.element.element === x.element?.element;
      case Op.OuterProduct:
        return type.kind === "matrix" && type.element === x && y.kind === "vector" && y.count === type.count &&
          y.element === x.element;
      case Op.Dot:
        return x.kind === "vector" && isFloat(x) && x === y && type === x.element;
      case Op.IAddCarry:
      case Op.ISubBorrow:
        return this.#pair(type, x, y, false);
      case Op.UMulExtended:
        return this.#pair(type, x, y, false);
      case Op.SMulExtended:
        return this.#pair(type, x, y, true);
      case Op.UDiv:
      case Op.UMod:
        return isInt(type) && !scalarOf(type).signed && type === x && type === y;
      case Op.FAdd:
      case Op.FSub:
      case Op.FMul:
      case Op.FDiv:
      case Op.FRem:
      case Op.FMod:
        return isFloat(type) && type === x && type === y;
      case Op.BitFieldInsert:
        return isInt(type) && scalarOf(type).width === 32 && type === x && type === y && this.#count(z) &&
          this.#count(w);
      case Op.BitFieldSExtract:
      case Op.BitFieldUExtract:
        return isInt(type) && scalarOf(type).width === 32 && type === x && this.#count(y) && this.#count(z);
    }
    if (within(op, Op.IAdd, Op.SMod)) return isInt(type) && isLike(type, x) && isLike(type, y);
    if (within(op, Op.LogicalEqual, Op.LogicalAnd)) return isBool(type) && type === x && type === y;
    if (within(op, Op.IEqual, Op.SLessThanEqual)) return same && isBool(type) && isInt(x) && isLike(x, y);
    if (within(op, Op.FOrdEqual, Op.FUnordGreaterThanEqual)) return same && isBool(type) && isFloat(x) && x === y;
    if (within(op, Op.ShiftRightLogical, Op.ShiftLeftLogical)) {
      return isInt(type) && isLike(type, x) && isInt(y) && components(y) === n;
    }
    return isInt(type) && isLike(type, x) && isLike(type, y); // BitwiseOr, Xor, And
  }

  #count(type: Type): boolean {
    return type.kind === "int" && type.width === 32;
  }

  /** Results in a struct of two. */
  #pair(type: Type, x: Type, y: Type, signed: boolean): boolean {
    if (type.kind !== "struct" || type.members.length !== 2 || x !== y) return false;
    const [low, high] = type.members;
    return low === x && high === x && isInt(x) && scalarOf(x).width === 32 && (signed || !scalarOf(x).signed);
  }
}
