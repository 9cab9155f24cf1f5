/** Float instructions of TGSI (tgsi.rst "Basic ISA" and "Compute ISA"). */
import { FLOAT, Glsl, INT, type Kind, Op, UINT } from "../spirv/mod.ts";
import { add, compareFloat, compareMask, core, type Emit, extended, multiply, type Row } from "./alu.ts";
import { COMPONENTS, type Context } from "./context.ts";
import type { Instruction } from "./shader.ts";

const F1: readonly Kind[] = [FLOAT];
const F2: readonly Kind[] = [FLOAT, FLOAT];
const F3: readonly Kind[] = [FLOAT, FLOAT, FLOAT];
const ONE = 0x3f800000;

function row(sources: readonly Kind[], emit: Emit): Row {
  return { sources, result: FLOAT, emit };
}

const mad = row(F3, (c, n, x, y, z) => add(c, n, multiply(c, n, x, y), z));

const convertToInt: Row = {
  sources: F1,
  result: INT,
  emit: (c, n, x) => {
    const { b } = c;
    // Out of range is undefined in SPIR-V: clamp to what fits; the largest float below 2^31. NaN becomes 0 through NClamp's minimum.
    const low = b.splat(FLOAT, 0xcf000000, n), high = b.splat(FLOAT, 0x4effffff, n);
    const bool = b.bool(n);
    const value = b.op(Op.ConvertFToS, b.type(INT, n), b.glsl(Glsl.NClamp, b.type(FLOAT, n), x, low, high));
    const large = b.op(Op.FOrdGreaterThanEqual, bool, x, b.splat(FLOAT, 0x4f000000, n));
    const clamped = b.op(Op.Select, b.type(INT, n), large, b.splat(INT, 0x7fffffff, n), value);
    return b.op(Op.Select, b.type(INT, n), b.op(Op.IsNan, bool, x), b.splat(INT, 0, n), clamped);
  },
};

const convertToUint: Row = {
  sources: F1,
  result: UINT,
  emit: (c, n, x) => {
    const { b } = c;
    const bool = b.bool(n);
    const clamped = b.glsl(Glsl.NClamp, b.type(FLOAT, n), x, b.splat(FLOAT, 0, n), b.splat(FLOAT, 0x4f7fffff, n));
    const value = b.op(Op.ConvertFToU, b.type(UINT, n), clamped);
    const large = b.op(Op.FOrdGreaterThanEqual, bool, x, b.splat(FLOAT, 0x4f800000, n));
    return b.op(Op.Select, b.type(UINT, n), large, b.splat(UINT, 0xffffffff, n), value);
  },
};

/** Converts after a rounding, for addresses. */
function rounded(rounding: number): Row {
  return {
    ...convertToInt,
    emit: (c, n, x) => convertToInt.emit(c, n, c.b.glsl(rounding, c.b.type(FLOAT, n), x)),
  };
}

/** Derivatives, which are zero outside of fragment shaders. */
function derivative(opcode: number, fine: boolean): Row {
  return row(F1, (c, n, x) => {
    if (c.shader.stage !== "fragment") throw c.error("derivatives are for fragment shaders");
    if (fine) c.b.capability(51);
    return c.b.op(opcode, c.b.type(FLOAT, n), x);
  });
}

/** Component-wise float instructions. */
export const FLOAT_ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["ADD", row(F2, add)],
  ["MUL", row(F2, multiply)],
  ["MAD", mad],
  ["FMA", {
    ...mad,
    emit: (c, n, x, y, z) => c.b.glsl(Glsl.Fma, c.b.type(FLOAT, n), x, y, z),
  }],
  ["DIV", core(Op.FDiv, F2, FLOAT)],
  ["MIN", extended(Glsl.NMin, F2, FLOAT)],
  ["MAX", extended(Glsl.NMax, F2, FLOAT)],
  ["FLR", extended(Glsl.Floor, F1, FLOAT)],
  ["CEIL", extended(Glsl.Ceil, F1, FLOAT)],
  ["TRUNC", extended(Glsl.Trunc, F1, FLOAT)],
  ["ROUND", extended(Glsl.RoundEven, F1, FLOAT)],
  ["FRC", row(F1, ({ b }, n, x) => b.op(Op.FSub, b.type(FLOAT, n), x, b.glsl(Glsl.Floor, b.type(FLOAT, n), x)))],
  ["SSG", extended(Glsl.FSign, F1, FLOAT)],
  [
    "LRP",
    row(F3, (c, n, x, y, z) => {
      // x * y + (1 - x) * z, as x * (y - z) + z would miss y when x is 1.
      const rest = c.b.op(Op.FSub, c.b.type(FLOAT, n), c.b.splat(FLOAT, ONE, n), x);
      return add(c, n, multiply(c, n, x, y), multiply(c, n, rest, z));
    }),
  ],
  [
    "CMP",
    row(
      F3,
      ({ b }, n, x, y, z) =>
        b.op(Op.Select, b.type(FLOAT, n), b.op(Op.FOrdLessThan, b.bool(n), x, b.splat(FLOAT, 0, n)), y, z),
    ),
  ],
  ["RCP", row(F1, ({ b }, _n, x) => b.op(Op.FDiv, b.type(FLOAT), b.float(1), x))],
  ["RSQ", extended(Glsl.InverseSqrt, F1, FLOAT)],
  ["SQRT", extended(Glsl.Sqrt, F1, FLOAT)],
  ["EX2", extended(Glsl.Exp2, F1, FLOAT)],
  ["LG2", extended(Glsl.Log2, F1, FLOAT)],
  ["POW", extended(Glsl.Pow, F2, FLOAT)],
  ["SIN", extended(Glsl.Sin, F1, FLOAT)],
  ["COS", extended(Glsl.Cos, F1, FLOAT)],
  ["LDEXP", extended(Glsl.Ldexp, [FLOAT, INT], FLOAT)],
  ["SLT", compareFloat(Op.FOrdLessThan)],
  ["SGE", compareFloat(Op.FOrdGreaterThanEqual)],
  ["SGT", compareFloat(Op.FOrdGreaterThan)],
  ["SLE", compareFloat(Op.FOrdLessThanEqual)],
  ["SEQ", compareFloat(Op.FOrdEqual)],
  ["SNE", compareFloat(Op.FUnordNotEqual)],
  ["FSLT", compareMask(Op.FOrdLessThan, FLOAT)],
  ["FSGE", compareMask(Op.FOrdGreaterThanEqual, FLOAT)],
  ["FSEQ", compareMask(Op.FOrdEqual, FLOAT)],
  ["FSNE", compareMask(Op.FUnordNotEqual, FLOAT)],
  ["DDX", derivative(Op.DPdx, false)],
  ["DDY", derivative(Op.DPdy, false)],
  ["DDX_FINE", derivative(Op.DPdxFine, true)],
  ["DDY_FINE", derivative(Op.DPdyFine, true)],
  ["F2I", convertToInt],
  ["F2U", convertToUint],
  ["ARL", rounded(Glsl.Floor)],
  ["ARR", rounded(Glsl.RoundEven)],
]);

/** Instructions whose components differ, or whose sources are not component-wise. */
export const FLOAT_SPECIAL: ReadonlyMap<string, (c: Context, instruction: Instruction) => void> = new Map([
  ["MOV", move],
  ["DP2", (c: Context, i: Instruction) => dot(c, i, 2)],
  ["DP3", (c: Context, i: Instruction) => dot(c, i, 3)],
  ["DP4", (c: Context, i: Instruction) => dot(c, i, 4)],
  ["DST", distance],
  ["LIT", light],
  ["EXP", exponent],
  ["LOG", logarithm],
  ["PK2H", (c: Context, i: Instruction) => pack(c, i, Glsl.PackHalf2x16, 2)],
  ["PK2US", (c: Context, i: Instruction) => pack(c, i, Glsl.PackUnorm2x16, 2)],
  ["PK4B", (c: Context, i: Instruction) => pack(c, i, Glsl.PackSnorm4x8, 4)],
  ["PK4UB", (c: Context, i: Instruction) => pack(c, i, Glsl.PackUnorm4x8, 4)],
  ["UP2H", (c: Context, i: Instruction) => unpack(c, i, Glsl.UnpackHalf2x16, 2)],
  ["UP2US", (c: Context, i: Instruction) => unpack(c, i, Glsl.UnpackUnorm2x16, 2)],
  ["UP4B", (c: Context, i: Instruction) => unpack(c, i, Glsl.UnpackSnorm4x8, 4)],
  ["UP4UB", (c: Context, i: Instruction) => unpack(c, i, Glsl.UnpackUnorm4x8, 4)],
]);

function move(c: Context, instruction: Instruction): void {
  const { destinations, sources } = instruction;
  c.store(instruction, c.fetch(sources[0], FLOAT, COMPONENTS[destinations[0].mask]), FLOAT);
}

/** Stores a scalar to all components. */
function storeScalar(c: Context, instruction: Instruction, value: number, kind: Kind): void {
  const count = COMPONENTS[instruction.destinations[0].mask].length;
  c.store(instruction, c.splat(c.b.type(kind, count), value, count), kind);
}

/** Stores the components of the mask out of four scalars. */
function storeFour(c: Context, instruction: Instruction, values: readonly (() => number)[]): void {
  const made = COMPONENTS[instruction.destinations[0].mask].map((i) => values[i]());
  c.store(instruction, c.vector(FLOAT, made), FLOAT);
}

function dot(c: Context, instruction: Instruction, n: number): void {
  const components = COMPONENTS[(1 << n) - 1];
  const x = c.fetch(instruction.sources[0], FLOAT, components);
  const y = c.fetch(instruction.sources[1], FLOAT, components);
  // Summed from x to w: OpDot may be summed in any order, and positions of several passes must be the same.
  const products = multiply(c, n, x, y);
  let sum = c.extract(FLOAT, products, 0);
  for (let i = 1; i < n; i++) sum = add(c, 1, sum, c.extract(FLOAT, products, i));
  storeScalar(c, instruction, sum, FLOAT);
}

function distance(c: Context, instruction: Instruction): void {
  const [first, second] = instruction.sources;
  storeFour(c, instruction, [
    () => c.b.float(1),
    () => multiply(c, 1, c.fetch(first, FLOAT, [1]), c.fetch(second, FLOAT, [1])),
    () => c.fetch(first, FLOAT, [2]),
    () => c.fetch(second, FLOAT, [3]),
  ]);
}

function light(c: Context, instruction: Instruction): void {
  const { b } = c;
  const float = b.type(FLOAT);
  const [source] = instruction.sources;
  const zero = b.float(0), one = b.float(1);
  storeFour(c, instruction, [
    () => one,
    () => b.glsl(Glsl.NMax, float, c.fetch(source, FLOAT, [0]), zero),
    () => {
      const power = b.glsl(Glsl.NClamp, float, c.fetch(source, FLOAT, [3]), b.float(-128), b.float(128));
      const base = b.glsl(Glsl.NMax, float, c.fetch(source, FLOAT, [1]), zero);
      // pow(0, 0) is undefined in SPIR-V and one here.
      const none = b.op(Op.FOrdEqual, b.bool(), power, zero);
      const value = b.op(Op.Select, float, none, one, b.glsl(Glsl.Pow, float, base, power));
      const lit = b.op(Op.FOrdGreaterThan, b.bool(), c.fetch(source, FLOAT, [0]), zero);
      return b.op(Op.Select, float, lit, value, zero);
    },
    () => one,
  ]);
}

function exponent(c: Context, instruction: Instruction): void {
  const { b } = c;
  const float = b.type(FLOAT);
  const x = c.fetch(instruction.sources[0], FLOAT, [0]);
  const floor = b.glsl(Glsl.Floor, float, x);
  storeFour(c, instruction, [
    () => b.glsl(Glsl.Exp2, float, floor),
    () => b.op(Op.FSub, float, x, floor),
    () => b.glsl(Glsl.Exp2, float, x),
    () => b.float(1),
  ]);
}

function logarithm(c: Context, instruction: Instruction): void {
  const { b } = c;
  const float = b.type(FLOAT);
  const x = b.glsl(Glsl.FAbs, float, c.fetch(instruction.sources[0], FLOAT, [0]));
  const log = b.glsl(Glsl.Log2, float, x);
  const floor = b.glsl(Glsl.Floor, float, log);
  storeFour(c, instruction, [
    () => floor,
    () => b.op(Op.FDiv, float, x, b.glsl(Glsl.Exp2, float, floor)),
    () => log,
    () => b.float(1),
  ]);
}

function pack(c: Context, instruction: Instruction, how: number, count: number): void {
  const value = c.b.glsl(how, c.b.type(UINT), c.fetch(instruction.sources[0], FLOAT, COMPONENTS[(1 << count) - 1]));
  storeScalar(c, instruction, value, UINT);
}

function unpack(c: Context, instruction: Instruction, how: number, count: number): void {
  const value = c.b.glsl(how, c.b.type(FLOAT, count), c.fetch(instruction.sources[0], UINT, [0]));
  storeFour(c, instruction, [0, 1, 2, 3].map((i) => () => c.extract(FLOAT, value, i % count)));
}
