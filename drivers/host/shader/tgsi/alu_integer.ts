/** Integer instructions of TGSI (tgsi.rst "Integer ISA", "Bitwise ISA"). */
import { Glsl, INT, type Kind, Op, UINT } from "../spirv/mod.ts";
import { FLOAT } from "../spirv/mod.ts";
import { compareMask, core, type Emit, extended, maskOf, type Row, TWO_INTS, TWO_UINTS } from "./alu.ts";
import type { Context } from "./context.ts";

const I1: readonly Kind[] = [INT];
const U1: readonly Kind[] = [UINT];

function row(result: Kind, sources: readonly Kind[], emit: Emit): Row {
  return { sources, result, emit };
}

/** A shift; only the low five bits of the distance count. */
function shift(opcode: number, kind: Kind): Row {
  return row(
    kind,
    [kind, UINT],
    ({ b }, n, x, y) => b.op(opcode, b.type(kind, n), x, b.op(Op.BitwiseAnd, b.type(UINT, n), y, b.splat(UINT, 31, n))),
  );
}

/** A division that has a result for a zero divisor (all ones, as d3d10 says) and for INT_MIN / -1. */
function division(opcode: number, kind: Kind): Row {
  return row(kind, [kind, kind], (c, n, x, y) => {
    const { b } = c;
    const type = b.type(kind, n), bool = b.bool(n);
    const zero = b.splat(kind, 0, n), one = b.splat(kind, 1, n);
    const none = b.op(Op.IEqual, bool, y, zero);
    let divisor = b.op(Op.Select, type, none, one, y);
    if (kind === INT) {
      const lowest = b.op(Op.IEqual, bool, x, b.splat(INT, 0x80000000, n));
      const minus = b.op(Op.IEqual, bool, y, b.splat(INT, 0xffffffff, n));
      // INT_MIN / 1 is INT_MIN, which is what the wrapped quotient is; INT_MIN % 1 is 0.
      divisor = b.op(Op.Select, type, b.op(Op.LogicalAnd, bool, lowest, minus), one, divisor);
    }
    return b.op(Op.Select, type, none, b.splat(kind, 0xffffffff, n), b.op(opcode, type, x, divisor));
  });
}

/** The high half of a product. */
function high(opcode: number, kind: Kind): Row {
  return row(kind, [kind, kind], ({ b }, n, x, y) => {
    const type = b.type(kind, n);
    return b.op(Op.CompositeExtract, type, b.op(opcode, b.struct(type, type), x, y), 1);
  });
}

/** A bit field: offset and width are scalars in SPIR-V, vectors here. */
function bitField(opcode: number, kind: Kind): Row {
  return row(
    kind,
    [kind, UINT, UINT],
    (c, n, value, offset, width) =>
      perComponent(c, n, kind, [kind, UINT, UINT], [value, offset, width], (value, offset, width) => {
        const [from, count] = fieldRange(c, offset, width);
        return c.b.op(opcode, c.b.type(kind), value, from, count);
      }),
  );
}

/** Offset & 31 and min(width, 32 - offset): beyond is undefined. */
function fieldRange({ b }: Context, offset: number, width: number): [number, number] {
  const uint = b.type(UINT);
  const from = b.op(Op.BitwiseAnd, uint, offset, b.uint(31));
  const rest = b.op(Op.ISub, uint, b.uint(32), from);
  return [from, b.glsl(Glsl.UMin, uint, width, rest)];
}

function perComponent(
  c: Context,
  n: number,
  kind: Kind,
  kinds: readonly Kind[],
  args: readonly number[],
  emit: (...scalars: number[]) => number,
): number {
  if (n === 1) return emit(...args);
  const values = Array.from({ length: n }, (_, i) => emit(...args.map((arg, a) => c.extract(kinds[a], arg, i))));
  return c.vector(kind, values);
}

/** Component-wise integer instructions. */
export const INTEGER_ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["I2F", core(Op.ConvertSToF, I1, FLOAT)],
  ["U2F", core(Op.ConvertUToF, U1, FLOAT)],
  ["NOT", core(Op.Not, U1, UINT)],
  ["AND", core(Op.BitwiseAnd, TWO_UINTS, UINT)],
  ["OR", core(Op.BitwiseOr, TWO_UINTS, UINT)],
  ["XOR", core(Op.BitwiseXor, TWO_UINTS, UINT)],
  ["SHL", shift(Op.ShiftLeftLogical, UINT)],
  ["USHR", shift(Op.ShiftRightLogical, UINT)],
  ["ISHR", shift(Op.ShiftRightArithmetic, INT)],
  ["UADD", core(Op.IAdd, TWO_UINTS, UINT)],
  ["UMUL", core(Op.IMul, TWO_UINTS, UINT)],
  [
    "UMAD",
    row(
      UINT,
      [UINT, UINT, UINT],
      ({ b }, n, x, y, z) => b.op(Op.IAdd, b.type(UINT, n), b.op(Op.IMul, b.type(UINT, n), x, y), z),
    ),
  ],
  ["IMUL_HI", high(Op.SMulExtended, INT)],
  ["UMUL_HI", high(Op.UMulExtended, UINT)],
  ["IDIV", division(Op.SDiv, INT)],
  ["UDIV", division(Op.UDiv, UINT)],
  ["MOD", division(Op.SRem, INT)],
  ["UMOD", division(Op.UMod, UINT)],
  ["INEG", core(Op.SNegate, I1, INT)],
  ["IABS", extended(Glsl.SAbs, I1, INT)],
  ["ISSG", extended(Glsl.SSign, I1, INT)],
  ["IMAX", extended(Glsl.SMax, TWO_INTS, INT)],
  ["IMIN", extended(Glsl.SMin, TWO_INTS, INT)],
  ["UMAX", extended(Glsl.UMax, TWO_UINTS, UINT)],
  ["UMIN", extended(Glsl.UMin, TWO_UINTS, UINT)],
  ["ISLT", compareMask(Op.SLessThan, INT)],
  ["ISGE", compareMask(Op.SGreaterThanEqual, INT)],
  ["USLT", compareMask(Op.ULessThan, UINT)],
  ["USGE", compareMask(Op.UGreaterThanEqual, UINT)],
  ["USEQ", compareMask(Op.IEqual, UINT)],
  ["USNE", compareMask(Op.INotEqual, UINT)],
  [
    "UCMP",
    row(
      FLOAT,
      [UINT, FLOAT, FLOAT],
      ({ b }, n, x, y, z) =>
        b.op(Op.Select, b.type(FLOAT, n), b.op(Op.INotEqual, b.bool(n), x, b.splat(UINT, 0, n)), y, z),
    ),
  ],
  ["UARL", row(UINT, U1, (_c, _n, x) => x)],
  ["BREV", core(Op.BitReverse, U1, UINT)],
  ["POPC", core(Op.BitCount, U1, UINT)],
  ["LSB", extended(Glsl.FindILsb, U1, INT)],
  ["IMSB", extended(Glsl.FindSMsb, I1, INT)],
  ["UMSB", extended(Glsl.FindUMsb, U1, INT)],
  ["IBFE", bitField(Op.BitFieldSExtract, INT)],
  ["UBFE", bitField(Op.BitFieldUExtract, UINT)],
  [
    "BFI",
    row(UINT, [UINT, UINT, UINT, UINT], (c, n, base, insert, offset, width) =>
      perComponent(
        c,
        n,
        UINT,
        [UINT, UINT, UINT, UINT],
        [base, insert, offset, width],
        (base, insert, offset, width) => {
          const [from, count] = fieldRange(c, offset, width);
          return c.b.op(Op.BitFieldInsert, c.b.type(UINT), base, insert, from, count);
        },
      )),
  ],
  [
    "READ_HELPER",
    row(UINT, [], (c, n) => {
      const { b } = c;
      if (c.shader.stage !== "fragment") throw c.error("READ_HELPER is for fragment shaders");
      b.extension("SPV_EXT_demote_to_helper_invocation");
      b.capability(5379);
      return maskOf(c, n, c.splat(b.bool(n), b.op(Op.IsHelperInvocation, b.bool()), n));
    }),
  ],
]);
