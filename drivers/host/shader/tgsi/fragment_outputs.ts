/** What a fragment shader gives: the alpha test, colours, depth, stencil and sample mask. */
import { BuiltIn, Capability, Decoration, FLOAT, Glsl, INT, type Kind, Mode, Op, Storage, UINT } from "../spirv/mod.ts";
import type { Context } from "./context.ts";
import type { Flow } from "./flow.ts";
import { builtin, loadBuiltin } from "./inputs.ts";
import { DriverConstants } from "./layout.ts";
import { File, Semantic } from "./names.ts";
import type { ColorOutput } from "./variant.ts";

const KIND: Readonly<Record<string, Kind>> = { float: FLOAT, int: INT, uint: UINT };
const ONE = 0x3f800000;

/** Comparisons that pass, by PIPE_FUNC_*; 0 is NEVER and 7 ALWAYS. */
const PASSES: readonly number[] = [
  0,
  Op.FOrdLessThan,
  Op.FOrdEqual,
  Op.FOrdLessThanEqual,
  Op.FOrdGreaterThan,
  Op.FUnordNotEqual,
  Op.FOrdGreaterThanEqual,
  0,
];

/** The polygon stipple: a bit of 32 for each column, a word of 32 for each row, from the framebuffer's first on. */
export function stipplePolygon(c: Context, flow: Flow): void {
  if (!c.variant.polygonStipple) return;
  const { b } = c, uint = b.type(UINT);
  flow.kill(() => {
    const place = b.op(Op.ConvertFToU, b.type(UINT, 4), loadBuiltin(c, c.vec4, BuiltIn.FragCoord));
    const low = (component: number) => b.op(Op.BitwiseAnd, uint, c.extract(UINT, place, component), b.uint(31));
    const row = low(1), column = low(0);
    const first = b.uint(DriverConstants.stipple >> 4);
    const four = c.constants.driverAt(b.op(Op.IAdd, uint, first, b.op(Op.ShiftRightLogical, uint, row, b.uint(2))));
    const word = b.op(
      Op.VectorExtractDynamic,
      b.type(FLOAT),
      four,
      b.op(Op.BitwiseAnd, uint, row, b.uint(3)),
    );
    const bit = b.op(Op.ShiftLeftLogical, uint, c.cast(word, FLOAT, UINT, 1), column);
    return b.op(Op.SGreaterThanEqual, b.bool(), c.cast(bit, UINT, INT, 1), b.int(0));
  });
}

/** Writes all outputs at the end of a fragment shader. */
export function writeFragmentOutputs(c: Context, flow: Flow): void {
  const { info } = c;
  const color = (index: number): number | undefined => {
    const output = info.outputs.find((o) => o.name === Semantic.COLOR && o.index === index);
    return output === undefined ? undefined : c.load({ file: File.OUT, index: output.register });
  };
  alphaTest(c, flow, color(0));
  if (!flow.reachable) return;
  const { colorOutputs, dualSource } = c.variant;
  const all = (info.properties.get("FS_COLOR0_WRITES_ALL_CBUFS") ?? 0) !== 0;
  colorOutputs.slice(0, 8).forEach((output, i) => {
    if (output === undefined || output === null) return;
    const value = all ? color(0) : color(i);
    if (value !== undefined && !(dualSource && i > 0)) writeColor(c, output, i, 0, value);
  });
  const second = color(1);
  const first = colorOutputs[0];
  if (dualSource && second !== undefined && first !== undefined) writeColor(c, first, 0, 1, second);
  writeTests(c);
}

function alphaTest(c: Context, flow: Flow, color: number | undefined): void {
  const { b, variant: { alphaFunc } } = c;
  if (alphaFunc === 7) return;
  if (alphaFunc === 0) {
    flow.kill(undefined);
    return;
  }
  const passes = PASSES[alphaFunc];
  if (color === undefined || passes === undefined) return;
  flow.kill(() => {
    const pass = b.op(passes, b.bool(), c.extract(FLOAT, color, 3), c.driverFloat(DriverConstants.alphaRef));
    return b.op(Op.LogicalNot, b.bool(), pass);
  });
}

function writeColor(c: Context, { type, swizzle }: ColorOutput, location: number, index: number, color: number): void {
  const { b, variant } = c;
  const kind = KIND[type];
  const vector = b.type(kind, 4);
  const variable = b.global(Storage.Output, vector);
  b.decorate(variable, Decoration.Location, location);
  if (variant.dualSource) b.decorate(variable, Decoration.Index, index);
  let value = color;
  if (kind === FLOAT && variant.clampColor) {
    value = b.glsl(Glsl.NClamp, c.vec4, value, b.zero(c.vec4), b.splat(FLOAT, ONE, 4));
  }
  if (kind === FLOAT && variant.alphaToOne && index === 0) {
    value = b.op(Op.CompositeInsert, c.vec4, b.float(1), value, 3);
  }
  if (swizzle !== undefined) {
    const one = b.scalar(FLOAT, kind === FLOAT ? ONE : 1);
    const constants = b.composite(c.vec4, b.float(0), one, b.float(0), one);
    value = b.op(
      Op.VectorShuffle,
      c.vec4,
      value,
      constants,
      ...swizzle.map((from) => from < 4 ? from : from === 4 ? 4 : 5),
    );
  }
  b.store(variable, c.cast(value, FLOAT, kind, 4));
}

function writeTests(c: Context): void {
  const { b, info } = c;
  const float = b.type(FLOAT);
  const component = (semantic: number, i: number): number | undefined => {
    const output = info.outputs.find(({ name }) => name === semantic);
    return output === undefined ? undefined : c.extract(FLOAT, c.load({ file: File.OUT, index: output.register }), i);
  };
  const depth = component(Semantic.POSITION, 2);
  if (depth !== undefined) {
    b.executionMode(c.main, Mode.DepthReplacing);
    const layout =
      [0, 0, Mode.DepthGreater, Mode.DepthLess, Mode.DepthUnchanged][info.properties.get("FS_DEPTH_LAYOUT") ?? 0];
    if (layout !== undefined && layout !== 0) b.executionMode(c.main, layout);
    b.store(builtin(c, Storage.Output, float, BuiltIn.FragDepth), depth);
  }
  const stencil = component(Semantic.STENCIL, 1);
  if (stencil !== undefined) {
    b.extension("SPV_EXT_shader_stencil_export");
    b.capability(Capability.StencilExportEXT);
    b.executionMode(c.main, Mode.StencilRefReplacingEXT);
    b.store(builtin(c, Storage.Output, b.type(INT), BuiltIn.FragStencilRef), c.cast(stencil, FLOAT, INT, 1));
  }
  const mask = component(Semantic.SAMPLEMASK, 0);
  if (mask !== undefined && !c.variant.ignoreSampleMask) {
    const type = b.array(b.type(INT), 1);
    const value = b.op(Op.CompositeConstruct, type, c.cast(mask, FLOAT, INT, 1));
    b.store(builtin(c, Storage.Output, type, BuiltIn.SampleMask), value);
  }
}
