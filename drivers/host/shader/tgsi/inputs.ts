/** Inputs of vertex and fragment shaders: interface variables, read once into the registers. */
import { BuiltIn, Capability, Decoration, FLOAT, INT, type Kind, Op, Storage, UINT } from "../spirv/mod.ts";
import type { Context } from "./context.ts";
import { ShaderError } from "./error.ts";
import type { ShaderInput } from "./info.ts";
import { DriverConstants } from "./layout.ts";
import { File, Semantic } from "./names.ts";
import { MAX_LOCATIONS, semanticKey } from "./variant.ts";

const KIND: Readonly<Record<string, Kind>> = { float: FLOAT, int: INT, uint: UINT };

/** A built-in variable. */
export function builtin(c: Context, storage: number, type: number, which: number): number {
  const variable = c.b.global(storage, type);
  c.b.decorate(variable, Decoration.BuiltIn, which);
  return variable;
}

/** A built-in input's value. @param flat whether it is an integer of a fragment shader. */
export function loadBuiltin(c: Context, type: number, which: number, flat = false): number {
  const variable = builtin(c, Storage.Input, type, which);
  if (flat) c.b.decorate(variable, Decoration.Flat);
  return c.b.load(type, variable);
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
  const { b } = c;
  for (const { register } of c.info.inputs) {
    if (register >= MAX_LOCATIONS) throw new ShaderError(0, `more than ${MAX_LOCATIONS} attributes`);
    const kind = KIND[c.variant.attributeTypes[register] ?? "float"];
    const type = b.type(kind, 4);
    const variable = b.global(Storage.Input, type);
    b.decorate(variable, Decoration.Location, register);
    c.files[File.IN]?.pin(register, c.cast(b.load(type, variable), kind, FLOAT, 4));
  }
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
        if (place === "CENTROID") b.decorate(variable, Decoration.Centroid);
        if (place === "SAMPLE" || variant.sampleShading) {
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
