/** Inputs of vertex and fragment shaders: interface variables, read once into the registers. */
import { BuiltIn, Capability, Decoration, FLOAT, Glsl, INT, type Kind, Op, Storage, UINT } from "../spirv/mod.ts";
import type { Context } from "./context.ts";
import { ShaderError } from "./error.ts";
import type { ShaderInput } from "./info.ts";
import { DriverConstants } from "./layout.ts";
import { File, Semantic } from "./names.ts";
import { type AttributeConversion, MAX_LOCATIONS, semanticKey } from "./variant.ts";

const KIND: Readonly<Record<string, Kind>> = { float: FLOAT, int: INT, uint: UINT };

/** A built-in variable, the same each time. @param flat whether it is an integer of a fragment shader. */
export function builtin(c: Context, storage: number, type: number, which: number, flat = false): number {
  const { b, builtins } = c, key = storage << 16 | which;
  const known = builtins.get(key);
  if (known !== undefined) return known;
  const variable = b.global(storage, type);
  b.decorate(variable, Decoration.BuiltIn, which);
  if (flat) b.decorate(variable, Decoration.Flat);
  builtins.set(key, variable);
  return variable;
}

/** A built-in input's value. @param flat whether it is an integer of a fragment shader. */
export function loadBuiltin(c: Context, type: number, which: number, flat = false): number {
  return c.b.load(type, builtin(c, Storage.Input, type, which, flat));
}

/** A vec4 of four floats. */
export function four(c: Context, x: number, y: number, z: number, w: number): number {
  return c.b.op(Op.CompositeConstruct, c.vec4, x, y, z, w);
}

/** The vec4 of a scalar: (x, 0, 0, 1) with x's bits. */
export function scalarRegister(c: Context, value: number, kind: Kind): number {
  const { b } = c;
  return four(c, c.cast(value, kind, FLOAT, 1), b.float(0), b.float(0), b.float(1));
}

/** (0, 0, 0, 1). */
export function missing({ b, vec4 }: Context): number {
  return b.composite(vec4, b.float(0), b.float(0), b.float(0), b.float(1));
}

/** Reads the attributes of a vertex shader into its inputs. */
export function vertexShaderInputs(c: Context): void {
  for (const { register } of c.info.inputs) {
    if (register >= MAX_LOCATIONS) throw new ShaderError(0, `more than ${MAX_LOCATIONS} attributes`);
    const type = c.variant.attributeTypes[register] ?? "float";
    if (typeof type !== "string") {
      c.files[File.IN]?.pin(register, convertAttribute(c, register, type));
      continue;
    }
    const kind = KIND[type];
    c.files[File.IN]?.pin(register, c.cast(attribute(c, register, kind), kind, FLOAT, 4));
  }
}

/** The attribute of a location. */
function attribute({ b }: Context, location: number, kind: Kind): number {
  const type = b.type(kind, 4), variable = b.global(Storage.Input, type);
  b.decorate(variable, Decoration.Location, location);
  return b.load(type, variable);
}

/** An attribute that is fetched as integers; components that it lacks are 0, 0 and 1. */
function convertAttribute(c: Context, register: number, { from, divisor, components }: AttributeConversion): number {
  const { b } = c;
  if (from === "double") {
    const fetched = [attribute(c, register, UINT)];
    if (components > 2) fetched.push(attribute(c, register + 16, UINT));
    const values = [0, 1, 2, 3].map((i) => {
      if (i >= components) return b.float(i === 3 ? 1 : 0);
      const word = (at: number) => c.extract(UINT, fetched[i >> 1], (i & 1) * 2 + at);
      return narrowed(c, word(0), word(1));
    });
    return four(c, values[0], values[1], values[2], values[3]);
  }
  const kind = KIND[from];
  let value = b.op(from === "int" ? Op.ConvertSToF : Op.ConvertUToF, c.vec4, attribute(c, register, kind));
  if (divisor !== 1) {
    value = b.op(Op.FDiv, c.vec4, value, c.splat(c.vec4, b.float(divisor), 4));
    // The least signed number is as -1, too.
    if (from === "int") value = b.glsl(Glsl.FMax, c.vec4, value, c.splat(c.vec4, b.float(-1), 4));
    // Fetches give an integer 1 for the alpha that is not there.
    if (components < 4) value = b.op(Op.CompositeInsert, c.vec4, b.float(1), value, 3);
  }
  return value;
}

/** The float nearest to a 64-bit one, of its words; 0 for what is too small, infinity for what is too great. */
function narrowed(c: Context, low: number, high: number): number {
  const { b } = c, uint = b.type(UINT), int = b.type(INT), bool = b.bool();
  const sign = b.op(Op.BitwiseAnd, uint, high, b.uint(0x8000_0000));
  const exponent = b.op(
    Op.ISub,
    int,
    c.cast(
      b.op(Op.ShiftRightLogical, uint, b.op(Op.BitwiseAnd, uint, high, b.uint(0x7ff0_0000)), b.uint(20)),
      UINT,
      INT,
      1,
    ),
    b.int(1023 - 127),
  );
  const upper = b.op(Op.ShiftLeftLogical, uint, b.op(Op.BitwiseAnd, uint, high, b.uint(0xf_ffff)), b.uint(3));
  const mantissa = b.op(Op.BitwiseOr, uint, upper, b.op(Op.ShiftRightLogical, uint, low, b.uint(29)));
  const round = b.op(Op.BitwiseAnd, uint, b.op(Op.ShiftRightLogical, uint, low, b.uint(28)), b.uint(1));
  const shifted = b.op(Op.ShiftLeftLogical, uint, c.cast(exponent, INT, UINT, 1), b.uint(23));
  // A carry of the mantissa belongs into the exponent.
  let bits = b.op(Op.IAdd, uint, b.op(Op.BitwiseOr, uint, shifted, mantissa), round);
  bits = b.op(Op.Select, uint, b.op(Op.SLessThan, bool, exponent, b.int(1)), b.uint(0), bits);
  bits = b.op(Op.Select, uint, b.op(Op.SGreaterThan, bool, exponent, b.int(254)), b.uint(0x7f80_0000), bits);
  return c.cast(b.op(Op.BitwiseOr, uint, bits, sign), UINT, FLOAT, 1);
}

/** The inputs of a fragment shader. */
export class FragmentInputs {
  readonly #c: Context;
  readonly #locations: Map<number, number> = new Map();
  readonly #variables: Map<number, number> = new Map();
  #front = 0;
  #point = 0;

  /** Nothing read yet. */
  constructor(c: Context) {
    this.#c = c;
  }

  /** Variable of an input register, for INTERP_*; undefined for what is not interpolated. */
  variable(register: number): number | undefined {
    return this.#variables.get(register);
  }

  /** Reads all inputs into their registers. */
  load(): void {
    for (const input of this.#c.info.inputs) this.#c.files[File.IN]?.pin(input.register, this.#value(input));
  }

  #value(input: ShaderInput): number {
    const c = this.#c;
    const { b, variant } = c;
    const { name, index } = input;
    switch (name) {
      case Semantic.POSITION:
        return fragmentPosition(c);
      case Semantic.FACE: {
        const sign = b.op(Op.Select, b.type(FLOAT), this.#frontFacing(), b.float(1), b.float(-1));
        return scalarRegister(c, sign, FLOAT);
      }
      case Semantic.PCOORD:
        return this.#pointCoordinate();
      case Semantic.PRIMID:
        if (!variant.inputLocations.has(semanticKey(name, index))) {
          b.capability(Capability.Geometry);
          return scalarRegister(c, loadBuiltin(c, b.type(INT), BuiltIn.PrimitiveId, true), INT);
        }
        break;
      case Semantic.LAYER:
      case Semantic.VIEWPORT_INDEX:
        if (!variant.inputLocations.has(semanticKey(name, index))) return b.zero(c.vec4);
        break;
      case Semantic.TEXCOORD:
      case Semantic.GENERIC:
        if (
          index < 32 && (variant.spriteCoordEnable >>> index & 1) !== 0 &&
          (name === Semantic.TEXCOORD) !== variant.spriteCoordGeneric
        ) return this.#pointCoordinate();
        break;
      case Semantic.COLOR: {
        const front = this.#varying(input, name);
        const back = semanticKey(Semantic.BCOLOR, index);
        if (!variant.twoSide || !variant.inputLocations.has(back)) return front;
        const facing = c.splat(b.bool(4), this.#frontFacing(), 4);
        return b.op(Op.Select, c.vec4, facing, front, this.#varying(input, Semantic.BCOLOR));
      }
    }
    return this.#varying(input, name);
  }

  #varying(input: ShaderInput, name: number): number {
    const c = this.#c;
    const { b, variant } = c;
    const location = variant.inputLocations.get(semanticKey(name, input.index));
    if (location === undefined || location >= MAX_LOCATIONS) return missing(c);
    let variable = this.#locations.get(location);
    if (variable === undefined) {
      variable = b.global(Storage.Input, c.vec4);
      this.#locations.set(location, variable);
      b.decorate(variable, Decoration.Location, location);
      const { interpolation, place } = input;
      const integer = name === Semantic.PRIMID || name === Semantic.LAYER || name === Semantic.VIEWPORT_INDEX;
      if (interpolation === "CONSTANT" || (interpolation === "COLOR" && variant.flatshade) || integer) {
        b.decorate(variable, Decoration.Flat);
      } else {
        if (interpolation === "LINEAR") b.decorate(variable, Decoration.NoPerspective);
        // The only sample is at the pixel's center.
        if (place === "CENTROID" && !variant.singleSample) b.decorate(variable, Decoration.Centroid);
        if ((place === "SAMPLE" && !variant.singleSample) || variant.sampleShading) {
          b.decorate(variable, Decoration.Sample);
          b.capability(Capability.SampleRateShading);
        }
      }
    }
    if (name === input.name) this.#variables.set(input.register, variable);
    return b.load(c.vec4, variable);
  }

  #frontFacing(): number {
    const { b } = this.#c;
    return this.#front ||= loadBuiltin(this.#c, b.bool(), BuiltIn.FrontFacing);
  }

  #pointCoordinate(): number {
    const c = this.#c;
    const { b } = c;
    if (this.#point !== 0) return this.#point;
    const point = loadBuiltin(c, b.type(FLOAT, 2), BuiltIn.PointCoord);
    let y = c.extract(FLOAT, point, 1);
    if (c.variant.spriteCoordLowerLeft) y = b.op(Op.FSub, b.type(FLOAT), b.float(1), y);
    return this.#point = four(c, c.extract(FLOAT, point, 0), y, b.float(0), b.float(1));
  }
}

/** TGSI's fragment position: Vulkan's, upside down for a lower-left origin, less a half for integer centers. */
export function fragmentPosition(c: Context): number {
  const { b, info } = c;
  const float = b.type(FLOAT);
  let position = loadBuiltin(c, c.vec4, BuiltIn.FragCoord);
  if (c.variant.singleSample && c.variant.sampleShading) {
    const middle = b.op(Op.FAdd, c.vec4, b.glsl(Glsl.Floor, c.vec4, position), c.splat(c.vec4, b.float(0.5), 4));
    position = b.op(Op.VectorShuffle, c.vec4, middle, position, 0, 1, 6, 7);
  }
  const half = (info.properties.get("FS_COORD_PIXEL_CENTER") ?? 0) === 1;
  const lower = (info.properties.get("FS_COORD_ORIGIN") ?? 0) === 1;
  if (lower !== c.variant.fragCoordYInvert) {
    const height = c.driverFloat(DriverConstants.height);
    const y = b.op(Op.FSub, float, height, c.extract(FLOAT, position, 1));
    position = b.op(Op.CompositeInsert, c.vec4, y, position, 1);
  }
  if (half) {
    const shift = b.composite(c.vec4, b.float(0.5), b.float(0.5), b.float(0), b.float(0));
    position = b.op(Op.FSub, c.vec4, position, shift);
  }
  return position;
}
