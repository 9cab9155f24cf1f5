/** Instructions on doubles and 64-bit integers: a number is two components, xy or zw, low word first (tgsi.rst "Double ISA"). */
import { Capability, FLOAT, Glsl, INT, type Kind, Op, UINT } from "../spirv/mod.ts";
import { maskOf } from "./alu.ts";
import type { Context } from "./context.ts";
import type { Instruction, Source } from "./shader.ts";

/** What an operand is: a double, a signed or unsigned 64-bit integer, or 32 bits. */
type Operand = "D" | "L" | "U" | "f" | "i" | "u";

/** A 64-bit instruction. */
interface WideRow {
  readonly sources: readonly Operand[];
  /** "b" is a bool, stored as ~0 or 0 in 32 bits. */
  readonly result: Operand | "b";
  readonly emit: (c: Context, ...args: number[]) => number;
}

const KINDS: Readonly<Record<"f" | "i" | "u", Kind>> = { f: FLOAT, i: INT, u: UINT };

function typeOf({ b }: Context, operand: Operand): number {
  if (operand === "D") {
    b.capability(Capability.Float64);
    return b.double;
  }
  if (operand === "L" || operand === "U") {
    b.capability(Capability.Int64);
    return b.int64(operand === "L");
  }
  return b.type(KINDS[operand]);
}

/** A source. @param at first component of the number. */
function fetch(c: Context, source: Source, operand: Operand, at: number): number {
  const { b } = c;
  if (operand === "f" || operand === "i" || operand === "u") return c.fetch(source, KINDS[operand], [at]);
  const type = typeOf(c, operand);
  const words = c.fetch({ ...source, negate: false, absolute: false }, UINT, [at, at + 1]);
  let value = b.op(Op.Bitcast, type, words);
  if (source.absolute) value = b.glsl(operand === "D" ? Glsl.FAbs : Glsl.SAbs, type, value);
  if (source.negate) value = b.op(operand === "D" ? Op.FNegate : Op.SNegate, type, value);
  return value;
}

/** A row of one core instruction. */
function core(opcode: number, sources: readonly Operand[], result: Operand): WideRow {
  return { sources, result, emit: (c, ...args) => c.b.op(opcode, typeOf(c, result), ...args) };
}

/** A row of one instruction of GLSL.std.450. */
function extended(opcode: number, sources: readonly Operand[], result: Operand): WideRow {
  return { sources, result, emit: (c, ...args) => c.b.glsl(opcode, typeOf(c, result), ...args) };
}

function compare(opcode: number, operand: Operand): WideRow {
  return { sources: [operand, operand], result: "b", emit: (c, x, y) => c.b.op(opcode, c.b.bool(), x, y) };
}

/** GLSL.std.450 has no 64-bit integer minimum that all drivers take: a comparison and a choice. */
function choose(opcode: number, operand: Operand): WideRow {
  return {
    sources: [operand, operand],
    result: operand,
    emit: (c, x, y) => c.b.op(Op.Select, typeOf(c, operand), c.b.op(opcode, c.b.bool(), x, y), x, y),
  };
}

/** A 64-bit shift by the low six bits. */
function shift(opcode: number, operand: Operand): WideRow {
  return {
    sources: [operand, "u"],
    result: operand,
    emit: (c, x, y) => c.b.op(opcode, typeOf(c, operand), x, c.b.op(Op.BitwiseAnd, c.b.type(UINT), y, c.b.uint(63))),
  };
}

/** A division; by zero it gives all ones. */
function divide(opcode: number, operand: Operand): WideRow {
  return {
    sources: [operand, operand],
    result: operand,
    emit: (c, x, y) => {
      const { b } = c;
      const type = typeOf(c, operand);
      const one = b.wide(type, 1, 0), ones = b.wide(type, -1, -1);
      const none = b.op(Op.IEqual, b.bool(), y, b.wide(type, 0, 0));
      let divisor = b.op(Op.Select, type, none, one, y);
      if (operand === "L") {
        const lowest = b.op(Op.IEqual, b.bool(), x, b.wide(type, 0, 0x80000000));
        const overflow = b.op(Op.LogicalAnd, b.bool(), lowest, b.op(Op.IEqual, b.bool(), y, ones));
        divisor = b.op(Op.Select, type, overflow, one, divisor);
      }
      return b.op(Op.Select, type, none, ones, b.op(opcode, type, x, divisor));
    },
  };
}

/** The sign: -1, 0 or 1. */
function sign(operand: "D" | "L"): WideRow {
  return {
    sources: [operand],
    result: operand,
    emit: (c, x) => {
      const { b } = c;
      const type = typeOf(c, operand);
      const double = operand === "D";
      const zero = b.wide(type, 0, 0);
      const one = double ? b.wide(type, 0, 0x3ff00000) : b.wide(type, 1, 0);
      const minus = double ? b.wide(type, 0, 0xbff00000) : b.wide(type, -1, -1);
      const less = b.op(double ? Op.FOrdLessThan : Op.SLessThan, b.bool(), x, zero);
      const more = b.op(double ? Op.FOrdGreaterThan : Op.SGreaterThan, b.bool(), x, zero);
      return b.op(Op.Select, type, more, one, b.op(Op.Select, type, less, minus, zero));
    },
  };
}

const mad: WideRow = {
  sources: ["D", "D", "D"],
  result: "D",
  emit: (c, x, y, z) => c.b.op(Op.FAdd, c.b.double, c.b.op(Op.FMul, c.b.double, x, y), z),
};

/** 1 as a double. */
function oneDouble({ b }: Context): number {
  return b.wide(b.double, 0, 0x3ff00000);
}

const ROWS: ReadonlyMap<string, WideRow> = new Map<string, WideRow>([
  ["DADD", core(Op.FAdd, ["D", "D"], "D")],
  ["DMUL", core(Op.FMul, ["D", "D"], "D")],
  ["DDIV", core(Op.FDiv, ["D", "D"], "D")],
  ["DMAD", mad],
  ["DFMA", extended(Glsl.Fma, ["D", "D", "D"], "D")],
  ["DABS", extended(Glsl.FAbs, ["D"], "D")],
  ["DNEG", core(Op.FNegate, ["D"], "D")],
  ["DMAX", extended(Glsl.NMax, ["D", "D"], "D")],
  ["DMIN", extended(Glsl.NMin, ["D", "D"], "D")],
  ["DSLT", compare(Op.FOrdLessThan, "D")],
  ["DSGE", compare(Op.FOrdGreaterThanEqual, "D")],
  ["DSEQ", compare(Op.FOrdEqual, "D")],
  ["DSNE", compare(Op.FUnordNotEqual, "D")],
  ["DRCP", { sources: ["D"], result: "D", emit: (c, x) => c.b.op(Op.FDiv, c.b.double, oneDouble(c), x) }],
  ["DSQRT", extended(Glsl.Sqrt, ["D"], "D")],
  ["DRSQ", extended(Glsl.InverseSqrt, ["D"], "D")],
  ["DFRAC", extended(Glsl.Fract, ["D"], "D")],
  ["DTRUNC", extended(Glsl.Trunc, ["D"], "D")],
  ["DCEIL", extended(Glsl.Ceil, ["D"], "D")],
  ["DFLR", extended(Glsl.Floor, ["D"], "D")],
  ["DROUND", extended(Glsl.RoundEven, ["D"], "D")],
  ["DSSG", sign("D")],
  ["DLDEXP", extended(Glsl.Ldexp, ["D", "i"], "D")],
  ["F2D", core(Op.FConvert, ["f"], "D")],
  ["D2F", core(Op.FConvert, ["D"], "f")],
  ["I2D", core(Op.ConvertSToF, ["i"], "D")],
  ["U2D", core(Op.ConvertUToF, ["u"], "D")],
  ["D2I", core(Op.ConvertFToS, ["D"], "i")],
  ["D2U", core(Op.ConvertFToU, ["D"], "u")],
  ["F2I64", core(Op.ConvertFToS, ["f"], "L")],
  ["F2U64", core(Op.ConvertFToU, ["f"], "U")],
  ["D2I64", core(Op.ConvertFToS, ["D"], "L")],
  ["D2U64", core(Op.ConvertFToU, ["D"], "U")],
  ["I642F", core(Op.ConvertSToF, ["L"], "f")],
  ["U642F", core(Op.ConvertUToF, ["U"], "f")],
  ["I642D", core(Op.ConvertSToF, ["L"], "D")],
  ["U642D", core(Op.ConvertUToF, ["U"], "D")],
  ["I2I64", core(Op.SConvert, ["i"], "L")],
  ["U2I64", core(Op.UConvert, ["u"], "U")],
  ["I64ABS", extended(Glsl.SAbs, ["L"], "L")],
  ["I64NEG", core(Op.SNegate, ["L"], "L")],
  ["I64SSG", sign("L")],
  ["I64MIN", choose(Op.SLessThan, "L")],
  ["U64MIN", choose(Op.ULessThan, "U")],
  ["I64MAX", choose(Op.SGreaterThan, "L")],
  ["U64MAX", choose(Op.UGreaterThan, "U")],
  ["U64SEQ", compare(Op.IEqual, "U")],
  ["U64SNE", compare(Op.INotEqual, "U")],
  ["I64SLT", compare(Op.SLessThan, "L")],
  ["U64SLT", compare(Op.ULessThan, "U")],
  ["I64SGE", compare(Op.SGreaterThanEqual, "L")],
  ["U64SGE", compare(Op.UGreaterThanEqual, "U")],
  ["U64ADD", core(Op.IAdd, ["U", "U"], "U")],
  ["U64MUL", core(Op.IMul, ["U", "U"], "U")],
  ["U64SHL", shift(Op.ShiftLeftLogical, "U")],
  ["U64SHR", shift(Op.ShiftRightLogical, "U")],
  ["I64SHR", shift(Op.ShiftRightArithmetic, "L")],
  ["I64DIV", divide(Op.SDiv, "L")],
  ["U64DIV", divide(Op.UDiv, "U")],
  ["I64MOD", divide(Op.SRem, "L")],
  ["U64MOD", divide(Op.UMod, "U")],
]);

/** Translates a 64-bit instruction. @returns whether it is one. */
export function emitWide(c: Context, instruction: Instruction): boolean {
  const { opcode: { name }, destinations, sources } = instruction;
  if (name === "DFRACEXP") {
    splitDouble(c, instruction);
    return true;
  }
  const row = ROWS.get(name);
  if (row === undefined) return false;
  const [destination] = destinations;
  const { mask } = destination;
  // Where only the second number is written, Mesa's virgl driver brings doubles in x and y, as virglrenderer wants them; others
  // repeat them there.
  const alone = (mask & 3) === 0;
  const compute = (pair: number): number =>
    row.emit(
      c,
      ...row.sources.map((operand, i) => {
        const wide = operand === "D" || operand === "L" || operand === "U";
        // A conversion takes x and y for its two numbers, a second operand x and z.
        return fetch(c, sources[i], operand, wide ? (alone ? 0 : pair * 2) : i > 0 ? pair * 2 : pair);
      }),
    );
  if (row.result === "D" || row.result === "L" || row.result === "U") {
    for (const pair of [0, 1]) {
      const both = 3 << pair * 2;
      if ((mask & both) !== 0) storePair(c, instruction, compute(pair), row.result, mask & both);
    }
    return true;
  }
  if (row.result === "b") {
    for (const pair of [0, 1]) {
      const half = mask & 3 << pair * 2;
      // The first component of the half takes the truth.
      const bit = half & -half;
      if (bit !== 0) c.store(instruction, maskOf(c, 1, compute(pair)), UINT, { ...destination, mask: bit });
    }
    return true;
  }
  // The first two components of the mask take the two numbers.
  const first = mask & -mask, rest = mask & ~first;
  const second = rest & -rest;
  c.store(instruction, compute(0), KINDS[row.result], { ...destination, mask: first });
  if (second !== 0) c.store(instruction, compute(1), KINDS[row.result], { ...destination, mask: second });
  return true;
}

/** Stores a number to its two components. */
function storePair(c: Context, instruction: Instruction, value: number, operand: Operand, mask: number): void {
  const { b } = c;
  if (instruction.saturate && operand === "D") {
    value = b.glsl(Glsl.NClamp, b.double, value, b.wide(b.double, 0, 0), oneDouble(c));
  }
  const words = b.op(Op.Bitcast, b.type(UINT, 2), value);
  const plain = { ...instruction, saturate: false };
  const [destination] = instruction.destinations;
  if ((mask & mask - 1) !== 0) c.store(plain, words, UINT, { ...destination, mask });
  else c.store(plain, c.extract(UINT, words, (mask & 5) !== 0 ? 0 : 1), UINT, { ...destination, mask });
}

/** DFRACEXP: the significand to the first destination, the exponent to the second. */
function splitDouble(c: Context, instruction: Instruction): void {
  const { b } = c;
  const { sources: [source], destinations: [significand, exponent] } = instruction;
  const type = typeOf(c, "D");
  const both = b.glsl(Glsl.FrexpStruct, b.struct(type, b.type(INT)), fetch(c, source, "D", 0));
  const value = b.op(Op.CompositeExtract, type, both, 0);
  for (const pair of [0, 1]) {
    const mask = significand.mask & 3 << pair * 2;
    if (mask !== 0) storePair(c, instruction, value, "D", mask);
  }
  let count = 0;
  for (let i = 0; i < 4; i++) count += exponent.mask >> i & 1;
  const whole = b.op(Op.CompositeExtract, b.type(INT), both, 1);
  if (count > 0) c.store(instruction, c.splat(b.type(INT, count), whole, count), INT, exponent);
}
