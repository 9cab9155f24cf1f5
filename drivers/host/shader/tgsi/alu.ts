/** Component-wise instructions: the table of what each does to its sources, and how a row is run (tgsi.rst). */
import { FLOAT, INT, type Kind, Op, UINT } from "../spirv/mod.ts";
import { COMPONENTS, type Context } from "./context.ts";
import type { Instruction } from "./shader.ts";

/** Makes the result of an instruction. @param n components. @param args ids of the sources, vectors of n (scalars for 1). */
export type Emit = (c: Context, n: number, ...args: number[]) => number;

/** A component-wise instruction. */
export interface Row {
  /** What the bits of each source are. */
  readonly sources: readonly Kind[];
  /** What the bits of the result are. */
  readonly result: Kind;
  /** Makes the result. */
  readonly emit: Emit;
}

const X = [0];

/** Runs a row of the table. */
export function emitRow(c: Context, instruction: Instruction, row: Row): void {
  const { opcode, destinations, sources } = instruction;
  const { mask } = destinations[0];
  const components = opcode.replicates ? X : COMPONENTS[mask];
  const n = components.length;
  const args = row.sources.map((kind, i) => c.fetch(sources[i], kind, components));
  let value = row.emit(c, n, ...args);
  if (opcode.replicates) {
    const count = COMPONENTS[mask].length;
    value = c.splat(c.b.type(row.result, count), value, count);
  }
  c.store(instruction, value, row.result);
}

/** A row of one core instruction. */
export function core(opcode: number, sources: readonly Kind[], result: Kind): Row {
  return { sources, result, emit: (c, n, ...args) => c.b.op(opcode, c.b.type(result, n), ...args) };
}

/** A row of one instruction of GLSL.std.450. */
export function extended(instruction: number, sources: readonly Kind[], result: Kind): Row {
  return { sources, result, emit: (c, n, ...args) => c.b.glsl(instruction, c.b.type(result, n), ...args) };
}

/** A comparison whose result is 1.0 or 0.0. */
export function compareFloat(opcode: number): Row {
  return {
    sources: [FLOAT, FLOAT],
    result: FLOAT,
    emit: ({ b }, n, x, y) =>
      b.op(
        Op.Select,
        b.type(FLOAT, n),
        b.op(opcode, b.bool(n), x, y),
        b.splat(FLOAT, 0x3f800000, n),
        b.splat(FLOAT, 0, n),
      ),
  };
}

/** ~0 or 0 for a bool. */
export function maskOf({ b }: Context, n: number, condition: number): number {
  return b.op(Op.Select, b.type(UINT, n), condition, b.splat(UINT, 0xffffffff, n), b.splat(UINT, 0, n));
}

/** A comparison whose result is ~0 or 0. */
export function compareMask(opcode: number, kind: Kind): Row {
  return {
    sources: [kind, kind],
    result: UINT,
    emit: (c, n, x, y) => maskOf(c, n, c.b.op(opcode, c.b.bool(n), x, y)),
  };
}

/** A float product; when the shader says so zero times anything is zero. */
export function multiply(c: Context, n: number, x: number, y: number): number {
  const { b } = c;
  const type = b.type(FLOAT, n);
  const product = b.op(Op.FMul, type, x, y);
  if (c.precise) b.decorate(product, 42);
  if (!zeroWins(c)) return product;
  const zero = b.splat(FLOAT, 0, n);
  const bool = b.bool(n);
  const either = b.op(Op.LogicalOr, bool, b.op(Op.FOrdEqual, bool, x, zero), b.op(Op.FOrdEqual, bool, y, zero));
  return b.op(Op.Select, type, either, zero, product);
}

/** A float sum. */
export function add(c: Context, n: number, x: number, y: number): number {
  const sum = c.b.op(Op.FAdd, c.b.type(FLOAT, n), x, y);
  if (c.precise) c.b.decorate(sum, 42);
  return sum;
}

/** Whether the shader wants 0 * inf = 0. */
export function zeroWins({ info: { properties } }: Context): boolean {
  return (properties.get("MUL_ZERO_WINS") ?? properties.get("LEGACY_MATH_RULES") ?? 0) !== 0;
}

/** Sources of two ints. */
export const TWO_INTS: readonly Kind[] = [INT, INT];
/** Sources of two uints. */
export const TWO_UINTS: readonly Kind[] = [UINT, UINT];
