/**
 * Functions of GLSL.std.450 (SPIR-V's extended instructions for GLSL) that a shader may use, and their types.
 * @module
 */

import { components, isFloat, isInt, isLike, scalarOf, type Type } from "./types.ts";

/** Kinds of functions, by number: letters of {@linkcode isGlsl}; operands. */
const FUNCTIONS: Readonly<Record<number, readonly [kind: string, operands: number]>> = {
  1: ["f", 1], // Round
  2: ["f", 1], // RoundEven
  3: ["f", 1], // Trunc
  4: ["f", 1], // FAbs
  5: ["i", 1], // SAbs
  6: ["f", 1], // FSign
  7: ["i", 1], // SSign
  8: ["f", 1], // Floor
  9: ["f", 1], // Ceil
  10: ["f", 1], // Fract
  11: ["s", 1], // Radians
  12: ["s", 1], // Degrees
  13: ["s", 1], // Sin
  14: ["s", 1], // Cos
  15: ["s", 1], // Tan
  16: ["s", 1], // Asin
  17: ["s", 1], // Acos
  18: ["s", 1], // Atan
  19: ["s", 1], // Sinh
  20: ["s", 1], // Cosh
  21: ["s", 1], // Tanh
  22: ["s", 1], // Asinh
  23: ["s", 1], // Acosh
  24: ["s", 1], // Atanh
  25: ["s", 2], // Atan2
  26: ["s", 2], // Pow
  27: ["s", 1], // Exp
  28: ["s", 1], // Log
  29: ["s", 1], // Exp2
  30: ["s", 1], // Log2
  31: ["f", 1], // Sqrt
  32: ["f", 1], // InverseSqrt
  33: ["d", 1], // Determinant
  34: ["m", 1], // MatrixInverse
  37: ["f", 2], // FMin
  38: ["u", 2], // UMin
  39: ["i", 2], // SMin
  40: ["f", 2], // FMax
  41: ["u", 2], // UMax
  42: ["i", 2], // SMax
  43: ["f", 3], // FClamp
  44: ["u", 3], // UClamp
  45: ["i", 3], // SClamp
  46: ["f", 3], // FMix
  48: ["f", 2], // Step
  49: ["f", 3], // SmoothStep
  50: ["f", 3], // Fma
  54: ["p4", 1], // PackSnorm4x8
  55: ["p4", 1], // PackUnorm4x8
  56: ["p2", 1], // PackSnorm2x16
  57: ["p2", 1], // PackUnorm2x16
  58: ["p2", 1], // PackHalf2x16
  60: ["q2", 1], // UnpackSnorm2x16
  61: ["q2", 1], // UnpackUnorm2x16
  62: ["q2", 1], // UnpackHalf2x16
  63: ["q4", 1], // UnpackSnorm4x8
  64: ["q4", 1], // UnpackUnorm4x8
  66: ["l", 1], // Length
  67: ["l", 2], // Distance
  68: ["c", 2], // Cross
  69: ["f", 1], // Normalize
  70: ["f", 3], // FaceForward
  71: ["f", 2], // Reflect
  72: ["r", 3], // Refract
  73: ["b", 1], // FindILsb
  74: ["b", 1], // FindSMsb
  75: ["b", 1], // FindUMsb
  79: ["f", 2], // NMin
  80: ["f", 2], // NMax
  81: ["f", 3], // NClamp
};

/** Whether a function has this result with these operands. @param operand the type of one, the first is 0 */
export function isGlsl(number: number, type: Type, operand: (index: number) => Type, count: number): boolean {
  const known = FUNCTIONS[number];
  if (known === undefined || known[1] !== count) return false;
  const types = Array.from({ length: count }, (_, i) => operand(i));
  const all = types.every((t) => t === type), [x, y, z] = types;
  const is32 = (t: Type) => scalarOf(t).width === 32;
  switch (known[0]) {
    case "f": // floats
      return isFloat(type) && all;
    case "s": // floats of 32 bits
      return isFloat(type) && is32(type) && all;
    case "i": // integers
    case "u":
      return isInt(type) && types.every((t) => isLike(type, t));
    case "b": // integers of 32 bits
      return isInt(type) && is32(type) && isLike(type, x);
    case "l": // vectors to a scalar
      return isFloat(x) && types.every((t) => t === x) && type === scalarOf(x);
    case "c":
      return type.kind === "vector" && type.count === 3 && isFloat(type) && all;
    case "r":
      return isFloat(type) && x === type && y === type && z.kind === "float" && z.width === 32;
    case "d":
      return x.kind === "matrix" && x.count === x.element?.count && type === x.element.element;
    case "m":
      return type.kind === "matrix" && type.count === type.element?.count && all;
  }
  const n = Number(known[0][1]);
  const vector = known[0][0] === "p" ? x : type, word = known[0][0] === "p" ? type : x;
  return word.kind === "int" && word.width === 32 && isFloat(vector) && is32(vector) && components(vector) === n;
}
