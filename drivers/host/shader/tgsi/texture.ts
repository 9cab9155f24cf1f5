/** Texture instructions of TGSI (tgsi.rst "TEX" and its kin). */
import {
  Capability,
  Decoration,
  Dim,
  FLOAT,
  Glsl,
  ImageOperand,
  INT,
  type Kind,
  Op,
  Storage,
  UINT,
} from "../spirv/mod.ts";
import { COMPONENTS, type Context } from "./context.ts";
import { SAMPLER_SET, samplerBinding } from "./layout.ts";
import { File, isShadow } from "./names.ts";
import { opaque } from "./opaque.ts";
import { plainTarget, samplerOperand } from "./scan.ts";
import type { Instruction, Source } from "./shader.ts";
import { SHAPES, type TargetShape } from "./texture_target.ts";

const KIND: Readonly<Record<string, Kind>> = { float: FLOAT, int: INT, uint: UINT };
const ONE = 0x3f800000;

/** A texture unit in the module. */
interface Unit {
  readonly number: number;
  readonly shape: TargetShape;
  readonly shadow: boolean;
  readonly rect: boolean;
  readonly kind: Kind;
  readonly image: number;
  readonly sampled: number;
  readonly variable: number;
}

/** The texture units of a module, and the instructions that read them. */
export class Textures {
  readonly #c: Context;
  readonly #units: Map<number, Unit> = new Map();

  /** No unit yet. */
  constructor(c: Context) {
    this.#c = c;
  }

  /** Translates a texture instruction. */
  emit(instruction: Instruction): void {
    const c = this.#c;
    const { b } = c;
    const source = instruction.sources[samplerOperand(instruction)];
    if (source.file !== File.SAMP) throw c.error("expected SAMP");
    const [destination] = instruction.destinations;
    const components = COMPONENTS[destination.mask];
    let value: number, kind: Kind;
    if (source.indirect === undefined) [value, kind] = this.#read(instruction, this.#unit(source.index));
    else [value, kind] = this.#readAny(instruction, source);
    if (components.length === 1) value = c.extract(kind, value, components[0]);
    else if (components.length < 4) {
      value = b.op(Op.VectorShuffle, b.type(kind, components.length), value, value, ...components);
    }
    c.store(instruction, value, kind);
  }

  #unit(number: number): Unit {
    const c = this.#c;
    const { b } = c;
    const known = this.#units.get(number);
    if (known !== undefined) return known;
    const info = c.info.samplers.find(({ unit }) => unit === number);
    if (info === undefined) throw c.error(`SAMP[${number}] has no view`);
    const shape = SHAPES[info.target];
    if (shape === undefined) throw c.error(`the target ${info.target} cannot be sampled`);
    const kind = KIND[c.variant.samplers.get(number)?.type ?? info.type];
    const image = b.image(
      b.type(kind),
      shape.dim,
      info.shadow ? 1 : 0,
      shape.arrayed ? 1 : 0,
      shape.multisampled ? 1 : 0,
      1,
    );
    b.capability(shape.sampled);
    const sampled = info.target === "BUFFER" ? image : b.sampledImage(image);
    const variable = b.global(Storage.UniformConstant, sampled);
    b.decorate(variable, Decoration.DescriptorSet, SAMPLER_SET);
    b.decorate(variable, Decoration.Binding, samplerBinding(c.shader.stage, number));
    const unit = { number, shape, shadow: info.shadow, rect: info.target === "RECT", kind, image, sampled, variable };
    this.#units.set(number, unit);
    return unit;
  }

  /** Reads a unit that is chosen at run time: each that it can be, under a condition. */
  #readAny(instruction: Instruction, source: Source): [number, Kind] {
    const c = this.#c;
    const { b } = c;
    const { indirect, index } = source;
    if (indirect === undefined) throw c.error("expected an indirect sampler");
    const target = plainTarget(instruction.target);
    const units = c.info.samplers.filter((unit) => unit.target === target && unit.unit >= Math.max(index, 0));
    if (units.length === 0) throw c.error(`no sampler is ${target}`);
    const chosen = c.address(indirect, index);
    const result = b.local(c.vec4, b.zero(c.vec4));
    let kind: Kind = FLOAT;
    for (const { unit } of units) {
      const then = b.id(), merge = b.id();
      const is = opaque(c, b.op(Op.IEqual, b.bool(), chosen, b.uint(unit)));
      b.code.op(Op.SelectionMerge, merge, 0);
      b.code.op(Op.BranchConditional, is, then, merge);
      c.label(then);
      const [value, read] = this.#read(instruction, this.#unit(unit));
      kind = read;
      b.store(result, c.cast(value, read, FLOAT, 4));
      b.code.op(Op.Branch, merge);
      c.label(merge);
    }
    return [c.cast(b.load(c.vec4, result), FLOAT, kind, 4), kind];
  }

  #read(instruction: Instruction, unit: Unit): [number, Kind] {
    switch (instruction.opcode.name) {
      case "TXQ":
        return [this.#size(instruction, unit), INT];
      case "TXQS":
        return [this.#samples(unit), INT];
      case "TXF":
      case "TXF_LZ":
        return [this.#fetch(instruction, unit), unit.kind];
      case "LODQ":
        return [this.#queryLod(instruction, unit), FLOAT];
      case "TG4":
        return [this.#gather(instruction, unit), unit.kind];
      case "SAMP2HND":
        throw this.#c.error("bindless textures are not supported");
      default:
        return [this.#sample(instruction, unit), unit.kind];
    }
  }

  #load(unit: Unit): number {
    return this.#c.b.load(unit.sampled, unit.variable);
  }

  #image(unit: Unit): number {
    const loaded = this.#load(unit);
    return unit.sampled === unit.image ? loaded : this.#c.b.op(Op.Image, unit.image, loaded);
  }

  /** 1 / size of a rectangle texture, whose coordinates are texels. */
  #rectangle(unit: Unit, value: number): number {
    const c = this.#c;
    const { b } = c;
    b.capability(Capability.ImageQuery);
    const size = b.op(Op.ImageQuerySizeLod, b.type(INT, 2), this.#image(unit), b.int(0));
    return b.op(Op.FDiv, b.type(FLOAT, 2), value, b.op(Op.ConvertSToF, b.type(FLOAT, 2), size));
  }

  #coordinates(instruction: Instruction, unit: Unit, layer: boolean): number {
    const c = this.#c;
    const { b } = c;
    const { shape } = unit;
    const count = shape.dimensions + (layer && shape.arrayed ? 1 : 0);
    let value = c.fetch(instruction.sources[0], FLOAT, COMPONENTS[(1 << count) - 1]);
    if (instruction.opcode.name === "TXP") {
      const type = b.type(FLOAT, count);
      value = b.op(Op.FDiv, type, value, c.splat(type, c.fetch(instruction.sources[0], FLOAT, [3]), count));
    }
    if (unit.rect) value = this.#rectangle(unit, value);
    return this.#clamped(unit, value, count);
  }

  /** Coordinates with those clamped that the variant says; never a layer. */
  #clamped({ number, shape }: Unit, value: number, count: number): number {
    const c = this.#c;
    const { b } = c;
    const mask = (c.variant.samplers.get(number)?.clamp ?? 0) & ((1 << shape.dimensions) - 1);
    if (mask === 0 || shape.dim === Dim.Cube) return value;
    const float = b.type(FLOAT), zero = b.float(0), one = b.float(1);
    const parts = Array.from({ length: count }, (_, i) => {
      const part = count === 1 ? value : c.extract(FLOAT, value, i);
      return (mask >>> i & 1) !== 0 ? b.glsl(Glsl.NClamp, float, part, zero, one) : part;
    });
    return count === 1 ? parts[0] : c.vector(FLOAT, parts);
  }

  /** The comparison's reference. */
  #reference(instruction: Instruction, { shape }: Unit): number {
    const c = this.#c;
    const { opcode, sources } = instruction;
    const { name } = opcode;
    if (shape.reference === 4) {
      if (name === "TEX2" || name === "TG4") return c.fetch(sources[1], FLOAT, [0]);
      if (name === "TXB2" || name === "TXL2") return c.fetch(sources[1], FLOAT, [1]);
      throw c.error(`${name} cannot compare in a cube array`);
    }
    const value = c.fetch(sources[0], FLOAT, [shape.reference]);
    return name === "TXP" ? c.b.op(Op.FDiv, c.b.type(FLOAT), value, c.fetch(sources[0], FLOAT, [3])) : value;
  }

  /** Image operands for texel offsets. */
  #offsets(instruction: Instruction, { shape }: Unit, operands: number[]): number {
    const c = this.#c;
    const { b } = c;
    const { offsets } = instruction;
    if (offsets.length === 0 || shape.dim === 3) return 0;
    const n = shape.dimensions;
    const gather = instruction.opcode.name === "TG4";
    const values = offsets.map(({ file, index, swizzle }) =>
      c.fetch(
        { file, index, swizzle: [swizzle[0], swizzle[1], swizzle[2], 0], negate: false, absolute: false },
        INT,
        COMPONENTS[(1 << n) - 1],
      )
    );
    const constant = offsets.every(({ file }) => file === File.IMM);
    if (gather && values.length === 4 && constant) {
      b.capability(Capability.ImageGatherExtended);
      operands.push(b.composite(b.array(b.type(INT, 2), 4), ...values));
      return ImageOperand.ConstOffsets;
    }
    if (values.length > 1) throw c.error("only TG4 takes four texel offsets, and they are constants");
    if (!constant) {
      if (!gather) throw c.error("a texel offset that is not constant is for TG4 alone");
      b.capability(Capability.ImageGatherExtended);
    }
    operands.push(values[0]);
    return constant ? ImageOperand.ConstOffset : ImageOperand.Offset;
  }

  #sample(instruction: Instruction, unit: Unit): number {
    const c = this.#c;
    const { b } = c;
    const { opcode, sources, target } = instruction;
    const { name } = opcode;
    const { shape } = unit;
    if (shape.multisampled || shape.dim === 5) throw c.error(`${name} cannot filter ${target}`);
    const shadow = isShadow(target);
    const coordinates = this.#coordinates(instruction, unit, true);
    const fragment = c.shader.stage === "fragment";
    const operands: number[] = [];
    let mask = 0;
    if (name === "TXB" || name === "TXB2") {
      const bias = name === "TXB" ? c.fetch(sources[0], FLOAT, [3]) : c.fetch(sources[1], FLOAT, [0]);
      // There is no implicit level to add to outside of fragment shaders: the bias is the level.
      mask = fragment ? ImageOperand.Bias : ImageOperand.Lod;
      operands.push(bias);
    } else if (name === "TXL" || name === "TXL2") {
      mask = ImageOperand.Lod;
      operands.push(name === "TXL" ? c.fetch(sources[0], FLOAT, [3]) : c.fetch(sources[1], FLOAT, [0]));
    } else if (name === "TXD") {
      mask = ImageOperand.Grad;
      for (const i of [1, 2]) {
        const slope = c.fetch(sources[i], FLOAT, COMPONENTS[(1 << shape.dimensions) - 1]);
        operands.push(unit.rect ? this.#rectangle(unit, slope) : slope);
      }
    } else if (name === "TEX_LZ" || !fragment) {
      mask = ImageOperand.Lod;
      operands.push(b.float(0));
    }
    const explicit = (mask & (ImageOperand.Lod | ImageOperand.Grad)) !== 0;
    mask |= this.#offsets(instruction, unit, operands);
    const tail = mask === 0 ? [] : [mask, ...operands];
    if (!shadow) {
      const how = explicit ? Op.ImageSampleExplicitLod : Op.ImageSampleImplicitLod;
      return b.op(how, b.type(unit.kind, 4), this.#load(unit), coordinates, ...tail);
    }
    if (unit.kind !== FLOAT) throw c.error("a comparison needs a float texture");
    const how = explicit ? Op.ImageSampleDrefExplicitLod : Op.ImageSampleDrefImplicitLod;
    const reference = this.#reference(instruction, unit);
    return this.#spread(unit, b.op(how, b.type(FLOAT), this.#load(unit), coordinates, reference, ...tail));
  }

  /** The vector of a comparison's result. */
  #spread(unit: Unit, value: number): number {
    const c = this.#c;
    const { b } = c;
    const swizzle = c.variant.samplers.get(unit.number)?.shadowSwizzle;
    if (swizzle === undefined) return c.splat(c.vec4, value, 4);
    const values = swizzle.map((from) => from < 3 ? value : b.scalar(FLOAT, from === 4 ? 0 : ONE));
    return c.vector(FLOAT, values);
  }

  #gather(instruction: Instruction, unit: Unit): number {
    const c = this.#c;
    const { b } = c;
    if (unit.shape.dim === 2 || unit.shape.dim === 0 || unit.shape.multisampled || unit.shape.dim === 5) {
      throw c.error(`TG4 cannot read ${instruction.target}`);
    }
    const coordinates = this.#coordinates(instruction, unit, true);
    const operands: number[] = [];
    const mask = this.#offsets(instruction, unit, operands);
    const tail = mask === 0 ? [] : [mask, ...operands];
    const type = b.type(unit.kind, 4);
    if (isShadow(instruction.target)) {
      const reference = this.#reference(instruction, unit);
      return b.op(Op.ImageDrefGather, type, this.#load(unit), coordinates, reference, ...tail);
    }
    const [, from] = instruction.sources;
    if (from.file !== File.IMM) throw c.error("the component of TG4 is not constant");
    const component = c.shader.immediates[from.index * 4 + from.swizzle[0]];
    if (component === undefined || component > 3) throw c.error("the component of TG4 is above 3");
    return b.op(Op.ImageGather, type, this.#load(unit), coordinates, b.uint(component), ...tail);
  }

  #fetch(instruction: Instruction, unit: Unit): number {
    const c = this.#c;
    const { b } = c;
    const { shape } = unit;
    if (shape.dim === 3) throw c.error("TXF cannot read cubes");
    const count = shape.dimensions + (shape.arrayed ? 1 : 0);
    const coordinates = c.fetch(instruction.sources[0], INT, COMPONENTS[(1 << count) - 1]);
    const operands: number[] = [];
    let mask = 0;
    if (shape.multisampled) {
      mask = ImageOperand.Sample;
      operands.push(c.fetch(instruction.sources[0], INT, [3]));
    } else if (shape.dim !== 5) {
      mask = ImageOperand.Lod;
      const zero = instruction.opcode.name === "TXF_LZ" || unit.rect;
      operands.push(zero ? b.int(0) : c.fetch(instruction.sources[0], INT, [3]));
      const offset = this.#offsets(instruction, unit, operands);
      mask |= offset;
    }
    const tail = mask === 0 ? [] : [mask, ...operands];
    if (shape.multisampled && instruction.offsets.length > 0) throw c.error("samples have no texel offset");
    const texel = b.op(Op.ImageFetch, b.type(unit.kind, 4), this.#image(unit), coordinates, ...tail);
    return shape.dim === Dim.Buffer ? this.#swizzled(unit, texel) : texel;
  }

  /** A buffer's texel with the swizzle of its view. */
  #swizzled({ number, kind }: Unit, texel: number): number {
    const c = this.#c;
    const { b } = c;
    const swizzle = c.variant.samplers.get(number)?.texelSwizzle;
    if (swizzle === undefined) return texel;
    const parts = swizzle.map((from) =>
      from < 4 ? c.extract(kind, texel, from) : b.scalar(kind, from === 4 ? 0 : kind === FLOAT ? ONE : 1)
    );
    return c.vector(kind, parts);
  }

  #size(instruction: Instruction, unit: Unit): number {
    const c = this.#c;
    const { b } = c;
    const { shape } = unit;
    b.capability(Capability.ImageQuery);
    const flat = shape.dim === 3 ? 2 : shape.dimensions;
    const count = flat + (shape.arrayed ? 1 : 0);
    const type = b.type(INT, count);
    const image = this.#image(unit);
    const levelled = !shape.multisampled && shape.dim !== 5;
    const level = !levelled ? 0 : unit.rect ? b.int(0) : c.fetch(instruction.sources[0], INT, [0]);
    const size = levelled ? b.op(Op.ImageQuerySizeLod, type, image, level) : b.op(Op.ImageQuerySize, type, image);
    const values = count === 1 ? [size] : Array.from({ length: count }, (_, i) => c.extract(INT, size, i));
    while (values.length < 3) values.push(b.int(0));
    values.push(levelled ? b.op(Op.ImageQueryLevels, b.type(INT), image) : b.int(1));
    return c.vector(INT, values);
  }

  #samples(unit: Unit): number {
    const c = this.#c;
    const { b } = c;
    b.capability(Capability.ImageQuery);
    const count = unit.shape.multisampled ? b.op(Op.ImageQuerySamples, b.type(INT), this.#image(unit)) : b.int(1);
    return c.splat(b.type(INT, 4), count, 4);
  }

  #queryLod(instruction: Instruction, unit: Unit): number {
    const c = this.#c;
    const { b } = c;
    if (c.shader.stage !== "fragment") throw c.error("LODQ is for fragment shaders");
    if (unit.shape.multisampled || unit.shape.dim === 5) throw c.error(`LODQ cannot read ${instruction.target}`);
    b.capability(Capability.ImageQuery);
    const level = b.op(
      Op.ImageQueryLod,
      b.type(FLOAT, 2),
      this.#load(unit),
      this.#coordinates(instruction, unit, false),
    );
    return b.op(Op.VectorShuffle, c.vec4, level, b.zero(b.type(FLOAT, 2)), 0, 1, 2, 3);
  }
}
