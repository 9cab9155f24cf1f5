/**
 * Vectors, matrices, arrays and structs as values.
 * @module
 */

import type { Body } from "./body.ts";
import { isData, MAX_SCALARS } from "./globals.ts";
import { Op } from "./opcodes.ts";
import { components, isBool, type Type } from "./types.ts";

/** Rules of composites. */
export class CompositeRules {
  readonly #b: Body;

  /** @param body whose. */
  constructor(body: Body) {
    this.#b = body;
  }

  /** Checks and writes the instruction, if it is one of these. */
  check(op: number): boolean {
    const b = this.#b;
    switch (op) {
      case Op.VectorExtractDynamic: {
        b.need(5);
        const type = b.resultType(), vector = b.value(3);
        if (vector.kind !== "vector" || vector.element !== type) throw b.wrong("a vector");
        this.#dynamic(4, vector, [b.words[b.at + 3]], type);
        return true;
      }
      case Op.VectorInsertDynamic: {
        b.need(6);
        const type = b.resultType();
        if (type.kind !== "vector" || b.value(3) !== type || b.value(4) !== type.element) throw b.wrong("a vector");
        this.#dynamic(5, type, [b.words[b.at + 3], b.words[b.at + 4]], type);
        return true;
      }
      case Op.VectorShuffle:
        this.#shuffle();
        return true;
      case Op.CompositeConstruct:
        this.#construct();
        return true;
      case Op.CompositeExtract: {
        b.need(5, 20);
        const type = b.resultType();
        if (this.#part(b.value(3), 4) !== type) throw b.wrong("a part of another type");
        b.define(type);
        b.copy();
        return true;
      }
      case Op.CompositeInsert: {
        b.need(6, 20);
        const type = b.resultType();
        if (b.value(4) !== type || this.#part(type, 5) !== b.value(3)) throw b.wrong("a part of another type");
        b.define(type);
        b.copy();
        return true;
      }
      case Op.CopyObject: {
        b.need(4);
        const type = b.resultType();
        if (!isData(type) || b.value(3) !== type) throw b.wrong("a copy of another type");
        b.define(type);
        b.copy();
        return true;
      }
      case Op.Transpose: {
        b.need(4);
        const type = b.resultType(), of = b.value(3);
        const isTransposed = type.kind === "matrix" && of.kind === "matrix" && type.count === of.element?.count &&
          of.count === type.element?.count && type.element.element === of.element.element;
        if (!isTransposed) throw b.wrong("a matrix");
        b.define(type);
        b.copy();
        return true;
      }
      case Op.Select:
        this.#select();
        return true;
    }
    return false;
  }

  #dynamic(i: number, vector: Type, before: readonly number[], result: Type): void {
    const b = this.#b, index = b.value(i), id = b.words[b.at + i];
    if (index.kind !== "int" || index.width !== 32) throw b.wrong("an index");
    const constant = b.globals.constants[id];
    if (constant !== undefined && constant.value >= vector.count) throw b.wrong("an index beyond a vector");
    let safe = id;
    if (constant === undefined) {
      safe = b.globals.make();
      b.emit(Op.ExtInst, index.id, safe, b.glsl, 38, id, b.globals.word(index, vector.count - 1));
    }
    b.define(result);
    b.emit(b.words[b.at] & 0xffff, result.id, b.words[b.at + 2], ...before, safe);
  }

  #shuffle(): void {
    const b = this.#b;
    b.need(7, 9);
    const type = b.resultType(), x = b.value(3), y = b.value(4);
    if (type.kind !== "vector" || x.kind !== "vector" || y.kind !== "vector") throw b.wrong("a shuffle of no vectors");
    if (type.element !== x.element || x.element !== y.element || b.count - 5 !== type.count) {
      throw b.wrong("a shuffle of other vectors");
    }
    for (let i = 5; i < b.count; i++) {
      if (b.words[b.at + i] >= x.count + y.count) throw b.wrong("a component that is not there");
    }
    b.define(type);
    b.copy();
  }

  #construct(): void {
    const b = this.#b, type = b.resultType();
    if (!isData(type) || !(type.scalars <= MAX_SCALARS)) throw b.wrong(`a ${type.kind} of parts`);
    if (type.kind === "vector") {
      let sum = 0;
      for (let i = 3; i < b.count; i++) {
        const part = b.value(i);
        if (part !== type.element && !(part.kind === "vector" && part.element === type.element)) {
          throw b.wrong("a part of another type");
        }
        sum += components(part);
      }
      if (sum !== type.count || b.count < 5) throw b.wrong("a vector of other parts");
    } else {
      const isStruct = type.kind === "struct";
      const count = isStruct ? type.members.length : type.count;
      if (!isStruct && type.element === undefined) throw b.wrong("a scalar of parts");
      if (count === 0 || b.count - 3 !== count) throw b.wrong("other parts");
      for (let i = 0; i < count; i++) {
        if (b.value(3 + i) !== (isStruct ? type.members[i] : type.element)) throw b.wrong("a part of another type");
      }
    }
    b.define(type);
    b.copy();
  }

  #part(type: Type, from: number): Type {
    const b = this.#b;
    let part: Type | undefined = type;
    for (let i = from; i < b.count; i++) {
      const index = b.words[b.at + i];
      if (part?.kind === "struct") part = part.members[index];
      else if (part !== undefined && ["array", "vector", "matrix"].includes(part.kind) && index < part.count) {
        part = part.element;
      } else part = undefined;
    }
    if (part === undefined) throw b.wrong("a part that is not there");
    return part;
  }

  #select(): void {
    const b = this.#b;
    b.need(6);
    const type = b.resultType(), condition = b.value(3), n = components(type);
    if (n === 0 || b.value(4) !== type || b.value(5) !== type || !isBool(condition)) throw b.wrong("a selection");
    let id = b.words[b.at + 3];
    const many = components(condition);
    if (many !== n) { // since SPIR-V 1.4 one bool may choose between vectors
      if (many !== 1) throw b.wrong("a selection");
      const wide = b.globals.vector(condition, n);
      const splat = b.globals.make();
      b.emit(Op.CompositeConstruct, wide.id, splat, ...new Array<number>(n).fill(id));
      id = splat;
    }
    b.define(type);
    b.emit(Op.Select, type.id, b.words[b.at + 2], id, b.words[b.at + 4], b.words[b.at + 5]);
  }
}
