/** LOAD, STORE, RESQ and atomics on storage buffers, images, atomic counters and shared memory (tgsi.rst "Resource Access"). */
import { Capability, Decoration, FLOAT, ImageOperand, INT, type Kind, Op, Storage, UINT } from "../spirv/mod.ts";
import { COMPONENTS, type Context } from "./context.ts";
import { imageFormat } from "./image_format.ts";
import { atomicBinding, bufferBinding, imageBinding, STORAGE_SET } from "./layout.ts";
import { File, FILES } from "./names.ts";
import { opaque } from "./opaque.ts";
import { RegisterFile } from "./register_file.ts";
import { plainTarget } from "./scan.ts";
import type { Instruction, Register, Source } from "./shader.ts";
import { SHAPES, type TargetShape } from "./texture_target.ts";

const KIND: Readonly<Record<string, Kind>> = { float: FLOAT, int: INT, uint: UINT };

/** Atomic instructions. */
const ATOMICS: ReadonlyMap<string, number> = new Map([
  ["ATOMUADD", Op.AtomicIAdd],
  ["ATOMXCHG", Op.AtomicExchange],
  ["ATOMAND", Op.AtomicAnd],
  ["ATOMOR", Op.AtomicOr],
  ["ATOMXOR", Op.AtomicXor],
  ["ATOMUMIN", Op.AtomicUMin],
  ["ATOMUMAX", Op.AtomicUMax],
  ["ATOMIMIN", Op.AtomicSMin],
  ["ATOMIMAX", Op.AtomicSMax],
  ["ATOMCAS", Op.AtomicCompareExchange],
]);

interface Image {
  readonly variable: number;
  readonly type: number;
  readonly kind: Kind;
  readonly shape: TargetShape;
}

/** The storage resources of a module. */
export class Memory {
  readonly #c: Context;
  readonly #buffers: Map<number, number> = new Map();
  readonly #images: Map<number, Image> = new Map();
  #shared = 0;

  /** Nothing yet. */
  constructor(c: Context) {
    this.#c = c;
  }

  /** Translates an instruction. */
  emit(instruction: Instruction): void {
    const c = this.#c;
    const { opcode: { name }, destinations: [destination], sources } = instruction;
    const resource: Register = name === "STORE" ? destination : sources[0];
    const units = this.#units(resource);
    const { indirect, index, file } = resource;
    // A counter's register number is its place in the buffer: it is not chosen among units.
    if (indirect === undefined || file === File.HWATOMIC || file === File.MEMORY) {
      this.#on(instruction, resource, file === File.HWATOMIC ? resource.dimension?.index ?? 0 : index);
      return;
    }
    const { b } = c;
    const chosen = c.address(indirect, index);
    for (const unit of units) {
      const then = b.id(), merge = b.id();
      const is = opaque(c, b.op(Op.IEqual, b.bool(), chosen, b.uint(unit)));
      b.code.op(Op.SelectionMerge, merge, 0);
      b.code.op(Op.BranchConditional, is, then, merge);
      c.label(then);
      this.#on(instruction, resource, unit);
      b.code.op(Op.Branch, merge);
      c.label(merge);
    }
  }

  #units({ file }: Register): number[] {
    const { info } = this.#c;
    if (file === File.IMAGE) return info.images.map(({ unit }) => unit);
    if (file === File.BUFFER) {
      return Array.from({ length: 24 }, (_, i) => i).filter((i) => (info.bufferMask >>> i & 1) !== 0);
    }
    return [];
  }

  #on(instruction: Instruction, resource: Register, unit: number): void {
    const c = this.#c;
    const { name } = instruction.opcode;
    if (resource.file === File.IMAGE) {
      this.#onImage(instruction, this.#image(unit));
      return;
    }
    if (name === "RESQ") {
      if (resource.file !== File.BUFFER) throw c.error(`RESQ cannot ask ${FILES[resource.file]}`);
      const { b } = c;
      const words = b.op(Op.ArrayLength, b.type(UINT), this.#buffer(bufferBinding(c.shader.stage, unit)), 0);
      this.#storeFour(instruction, c.splat(b.type(UINT, 4), b.op(Op.IMul, b.type(UINT), words, b.uint(4)), 4), UINT);
    } else if (name === "LOAD") this.#load(instruction, resource, unit);
    else if (name === "STORE") this.#store(instruction, resource, unit);
    else {
      const pointer = this.#pointer(resource, unit, instruction.sources[1], 0);
      this.#atomic(instruction, pointer, UINT, instruction.sources.slice(2));
    }
  }

  #storeFour(instruction: Instruction, value: number, kind: Kind): void {
    const c = this.#c;
    const components = COMPONENTS[instruction.destinations[0].mask];
    const n = components.length;
    if (n === 1) value = c.extract(kind, value, components[0]);
    else if (n < 4) value = c.b.op(Op.VectorShuffle, c.b.type(kind, n), value, value, ...components);
    c.store(instruction, value, kind);
  }

  #load(instruction: Instruction, resource: Register, unit: number): void {
    const c = this.#c;
    const { b } = c;
    const [source, address] = instruction.sources;
    const words = COMPONENTS[instruction.destinations[0].mask].map((component) =>
      b.load(b.type(UINT), this.#pointer(resource, unit, address, source.swizzle[component]))
    );
    c.store(instruction, c.vector(UINT, words), UINT);
  }

  #store(
    { destinations: [destination], sources: [address, value] }: Instruction,
    resource: Register,
    unit: number,
  ): void {
    const c = this.#c;
    for (const component of COMPONENTS[destination.mask]) {
      const word = c.fetch(value, UINT, [component]);
      c.b.store(this.#pointer(resource, unit, address, component), word);
    }
  }

  /** Pointer to a word. @param address the source with the byte address. @param word words after it. */
  #pointer(resource: Register, unit: number, address: Source, word: number): number {
    const c = this.#c;
    const { b, shader: { stage } } = c;
    const uint = b.type(UINT);
    const at = (): number => {
      const first = b.op(Op.ShiftRightLogical, uint, c.fetch(address, UINT, [0]), b.uint(2));
      return word === 0 ? first : b.op(Op.IAdd, uint, first, b.uint(word));
    };
    if (resource.file === File.BUFFER) {
      if ((c.info.bufferMask >>> unit & 1) === 0) throw c.error(`BUFFER[${unit}] is not declared`);
      const variable = this.#buffer(bufferBinding(stage, unit));
      return b.chain(Storage.StorageBuffer, uint, variable, b.uint(0), at());
    }
    if (resource.file === File.HWATOMIC) {
      if ((c.info.atomicMask >>> unit & 1) === 0) throw c.error(`HWATOMIC[${unit}] is not declared`);
      const { indirect, index } = resource;
      const counter = indirect === undefined ? b.uint(index) : c.address(indirect, index);
      return b.chain(Storage.StorageBuffer, uint, this.#buffer(atomicBinding(stage, unit)), b.uint(0), counter);
    }
    if (resource.file !== File.MEMORY || stage !== "compute") {
      throw c.error(`${FILES[resource.file]} is no memory here`);
    }
    const words = Math.max(1, c.variant.sharedMemory >> 2);
    if (this.#shared === 0) this.#shared = b.global(Storage.Workgroup, b.array(uint, words));
    return b.chain(Storage.Workgroup, uint, this.#shared, RegisterFile.clamp(b, at(), words));
  }

  #buffer(binding: number): number {
    const { b } = this.#c;
    let variable = this.#buffers.get(binding);
    if (variable === undefined) {
      variable = b.global(Storage.StorageBuffer, b.block(b.type(UINT), 0, 4));
      b.decorate(variable, Decoration.DescriptorSet, STORAGE_SET);
      b.decorate(variable, Decoration.Binding, binding);
      this.#buffers.set(binding, variable);
    }
    return variable;
  }

  #atomic(instruction: Instruction, pointer: number, kind: Kind, values: readonly Source[]): void {
    const c = this.#c;
    const { b } = c;
    const { name } = instruction.opcode;
    const how = ATOMICS.get(name);
    if (how === undefined) throw c.error(`${name} is not supported`);
    const type = b.type(kind);
    const scope = b.uint(1), relaxed = b.uint(0);
    const operands = values.map((value) => c.fetch(value, kind, [0]));
    const old = how === Op.AtomicCompareExchange
      ? b.op(how, type, pointer, scope, relaxed, relaxed, operands[1], operands[0])
      : b.op(how, type, pointer, scope, relaxed, operands[0]);
    const count = COMPONENTS[instruction.destinations[0].mask].length;
    c.store(instruction, c.splat(b.type(kind, count), old, count), kind);
  }

  #image(unit: number): Image {
    const c = this.#c;
    const { b } = c;
    const known = this.#images.get(unit);
    if (known !== undefined) return known;
    const info = c.info.images.find((image) => image.unit === unit);
    if (info === undefined) throw c.error(`IMAGE[${unit}] is not declared`);
    const shape = SHAPES[plainTarget(info.target)];
    if (shape === undefined) throw c.error(`the target ${info.target} cannot be an image`);
    const { format, extended } = imageFormat(info.format);
    if (extended) b.capability(Capability.StorageImageExtendedFormats);
    if (format === 0) {
      b.capability(Capability.StorageImageReadWithoutFormat);
      b.capability(Capability.StorageImageWriteWithoutFormat);
    }
    b.capability(shape.storage);
    if (shape.multisampled) b.capability(Capability.StorageImageMultisample);
    const kind = KIND[info.type];
    const type = b.image(b.type(kind), shape.dim, 0, shape.arrayed ? 1 : 0, shape.multisampled ? 1 : 0, 2, format);
    const variable = b.global(Storage.UniformConstant, type);
    b.decorate(variable, Decoration.DescriptorSet, STORAGE_SET);
    b.decorate(variable, Decoration.Binding, imageBinding(c.shader.stage, unit));
    if (!info.writable) b.decorate(variable, Decoration.NonWritable);
    const image = { variable, type, kind, shape };
    this.#images.set(unit, image);
    return image;
  }

  #onImage(instruction: Instruction, image: Image): void {
    const c = this.#c;
    const { b } = c;
    const { opcode: { name }, sources } = instruction;
    const { shape, kind, type, variable } = image;
    if (name === "RESQ") {
      this.#imageSize(instruction, image);
      return;
    }
    const address = name === "STORE" ? sources[0] : sources[1];
    // Faces count as layers: a cube has three coordinates whether it is an array or not.
    const count = shape.dim === 3 ? 3 : shape.dimensions + (shape.arrayed ? 1 : 0);
    const place = c.fetch(address, INT, COMPONENTS[(1 << count) - 1]);
    const sample = shape.multisampled ? c.fetch(address, INT, [3]) : b.int(0);
    const tail = shape.multisampled ? [ImageOperand.Sample, sample] : [];
    if (name === "LOAD") {
      const value = b.op(Op.ImageRead, b.type(kind, 4), b.load(type, variable), place, ...tail);
      const { swizzle } = sources[0];
      this.#storeFour(instruction, b.op(Op.VectorShuffle, b.type(kind, 4), value, value, ...swizzle), kind);
    } else if (name === "STORE") {
      const value = c.fetch(sources[1], kind, COMPONENTS[15]);
      b.code.op(Op.ImageWrite, b.load(type, variable), place, value, ...tail);
    } else {
      if (kind === FLOAT) throw c.error("atomics need an integer image");
      const pointer = b.op(Op.ImageTexelPointer, b.pointer(Storage.Image, b.type(kind)), variable, place, sample);
      this.#atomic(instruction, pointer, kind, sources.slice(2));
    }
  }

  #imageSize(instruction: Instruction, { shape, type, variable }: Image): void {
    const c = this.#c;
    const { b } = c;
    b.capability(Capability.ImageQuery);
    const count = (shape.dim === 3 ? 2 : shape.dimensions) + (shape.arrayed ? 1 : 0);
    const image = b.load(type, variable);
    const size = b.op(Op.ImageQuerySize, b.type(INT, count), image);
    const values = count === 1 ? [size] : Array.from({ length: count }, (_, i) => c.extract(INT, size, i));
    while (values.length < 3) values.push(b.int(0));
    values.push(shape.multisampled ? b.op(Op.ImageQuerySamples, b.type(INT), image) : b.int(1));
    this.#storeFour(instruction, c.vector(INT, values), INT);
  }
}
