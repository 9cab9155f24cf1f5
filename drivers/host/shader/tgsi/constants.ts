/** What does not change while a shader runs: constant buffers, the driver's constants, immediates. */
import { FLOAT, type Kind, Op, Storage } from "../spirv/mod.ts";
import type { Context } from "./context.ts";
import { DRIVER_CONSTANTS_BINDING, DriverConstants, UNIFORM_SET, uniformBinding } from "./layout.ts";
import { File } from "./names.ts";
import { RegisterFile } from "./register_file.ts";
import type { Indirect, Register, Source } from "./shader.ts";

/** The constants of a module. Buffers become variables when they are first read. */
export class Constants {
  readonly #c: Context;
  readonly #uniforms: Map<number, { variable: number; size: number }> = new Map();
  /** Values that are known in the current block. */
  readonly #constants: Map<number, number> = new Map();
  #constantsEpoch = 0;
  #driver = 0;
  #immediates = 0;

  /** None read yet. */
  constructor(c: Context) {
    this.#c = c;
  }

  /** Variable of a uniform buffer. */
  uniform(slot: number): { variable: number; size: number } {
    const c = this.#c;
    const { b } = c;
    let uniform = this.#uniforms.get(slot);
    if (uniform === undefined) {
      const info = c.info.constantBuffers.find((buffer) => buffer.slot === slot);
      if (info === undefined) throw c.error(`CONST[${slot}][] is not declared`);
      uniform = { variable: 0, size: info.size };
      this.#uniforms.set(slot, uniform);
    }
    if (uniform.variable === 0) {
      uniform.variable = b.global(Storage.Uniform, b.block(c.vec4, uniform.size, 16));
      b.decorate(uniform.variable, 34, UNIFORM_SET);
      b.decorate(uniform.variable, 33, uniformBinding(c.shader.stage, slot));
    }
    return uniform;
  }

  /** The value of CONST[]. */
  load({ index, indirect, dimension }: Register): number {
    const c = this.#c;
    const { b } = c;
    if (dimension?.indirect !== undefined) {
      return this.#constantOfAny(index, indirect, dimension.indirect, dimension.index);
    }
    const slot = dimension?.index ?? 0;
    const { variable, size } = this.uniform(slot);
    if (indirect !== undefined) {
      const at = RegisterFile.clamp(b, c.address(indirect, index), size);
      return b.load(c.vec4, b.chain(Storage.Uniform, c.vec4, variable, b.uint(0), at));
    }
    if (index >= size) throw c.error(`CONST[${slot}][${index}] is not declared`);
    if (this.#constantsEpoch !== c.epoch) {
      this.#constants.clear();
      this.#constantsEpoch = c.epoch;
    }
    const key = slot << 16 | index;
    let value = this.#constants.get(key);
    if (value === undefined) {
      value = b.load(c.vec4, b.chain(Storage.Uniform, c.vec4, variable, b.uint(0), b.uint(index)));
      this.#constants.set(key, value);
    }
    return value;
  }

  /** A constant of a buffer that is chosen at run time: all are read, one is taken. */
  #constantOfAny(index: number, indirect: Indirect | undefined, slot: Indirect, base: number): number {
    const c = this.#c;
    const { b } = c;
    const chosen = c.address(slot, base);
    let value = b.zero(c.vec4);
    for (const { slot: known } of c.info.constantBuffers) {
      const { size } = this.uniform(known);
      if (indirect === undefined && index >= size) continue;
      const candidate = this.load({ file: File.CONST, index, indirect, dimension: { index: known } });
      const is = b.op(Op.IEqual, b.bool(), chosen, b.uint(known));
      value = b.op(Op.Select, c.vec4, c.splat(b.bool(4), is, 4), candidate, value);
    }
    return value;
  }

  /** A vec4 of the driver's constants. @param offset byte offset in the block. */
  driver(offset: number): number {
    return this.driverAt(this.#c.b.uint(offset >> 4));
  }

  /** The same. @param index id of its number in the block, a uint */
  driverAt(index: number): number {
    const c = this.#c;
    const { b } = c;
    if (this.#driver === 0) {
      this.#driver = b.global(Storage.Uniform, b.block(c.vec4, DriverConstants.size / 16, 16));
      b.decorate(this.#driver, 34, UNIFORM_SET);
      b.decorate(this.#driver, 33, DRIVER_CONSTANTS_BINDING);
    }
    return b.load(c.vec4, b.chain(Storage.Uniform, c.vec4, this.#driver, b.uint(0), index));
  }

  /** A vec4 constant of four words. */
  #words(index: number): number {
    const c = this.#c;
    const { b } = c;
    const { immediates } = c.shader;
    const words = [0, 1, 2, 3].map((i) => b.scalar(FLOAT, immediates[index * 4 + i]));
    return b.composite(c.vec4, ...words);
  }

  /** The value of IMM[]. */
  immediate({ index, indirect }: Register): number {
    const c = this.#c;
    const { b } = c;
    const count = c.shader.immediates.length / 4;
    if (indirect === undefined) {
      if (index >= count) throw c.error(`IMM[${index}] is not declared`);
      return this.#words(index);
    }
    if (count === 0) throw c.error("there are no immediates");
    if (this.#immediates === 0) {
      const type = b.array(c.vec4, count);
      const all = b.composite(type, ...Array.from({ length: count }, (_, i) => this.#words(i)));
      this.#immediates = b.global(Storage.Private, type, all);
    }
    const at = RegisterFile.clamp(b, c.address(indirect, index), count);
    return b.load(c.vec4, b.chain(Storage.Private, c.vec4, this.#immediates, at));
  }

  /** Components of an immediate, as constants: swizzle and modifiers are applied here. */
  fetchImmediate(source: Source, kind: Kind, components: readonly number[]): number {
    const c = this.#c;
    const { b } = c;
    const { immediates } = c.shader;
    if (source.index * 4 >= immediates.length) throw c.error(`IMM[${source.index}] is not declared`);
    const ids = components.map((component) => {
      let word = immediates[source.index * 4 + source.swizzle[component]];
      if (kind === FLOAT) {
        if (source.absolute) word &= 0x7fffffff;
        if (source.negate) word ^= 0x80000000;
      } else {
        if (source.absolute && (word | 0) < 0) word = -word;
        if (source.negate) word = -word;
      }
      return b.scalar(kind, word);
    });
    return ids.length === 1 ? ids[0] : b.composite(b.type(kind, ids.length), ...ids);
  }
}
