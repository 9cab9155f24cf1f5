/**
 * Images: plain 2D pictures of one level, sampled, fetched, read and written.
 * @module
 */

import type { Body } from "./body.ts";
import { Capability, Decoration, Op } from "./opcodes.ts";
import { components, isFloat, isInt, type Type } from "./types.ts";

/** Rules of images. */
export class ImageRules {
  readonly #b: Body;

  /** @param body whose. */
  constructor(body: Body) {
    this.#b = body;
  }

  /** Checks and writes the instruction, if it is one of these. */
  check(op: number): boolean {
    switch (op) {
      case Op.ImageSampleImplicitLod:
      case Op.ImageSampleExplicitLod:
        this.#sample(op);
        return true;
      case Op.ImageFetch:
      case Op.ImageRead:
        this.#read(op);
        return true;
      case Op.ImageWrite:
        this.#write();
        return true;
      case Op.Image: {
        const b = this.#b;
        b.need(4);
        const type = b.resultType(), from = b.value(3);
        if (from.kind !== "sampled" || from.element !== type) throw b.wrong("an image");
        b.define(type);
        b.copy();
        return true;
      }
      case Op.ImageQuerySizeLod:
      case Op.ImageQuerySize:
        this.#size(op);
        return true;
    }
    return false;
  }

  #texel(type: Type, image: Type | undefined): void {
    if (type.kind !== "vector" || type.count !== 4 || image === undefined || type.element !== image.element) {
      throw this.#b.wrong("a texel of another type");
    }
  }

  #zero(): number {
    const b = this.#b;
    const int = b.globals.types.find((type) => type?.kind === "int" && type.width === 32);
    if (int === undefined) throw b.wrong("no integers");
    return b.globals.word(int, 0);
  }

  /** Image operands at `i` without SignExtend and ZeroExtend, which say what the types say. */
  #operands(i: number): number {
    const b = this.#b;
    return b.count > i ? b.words[b.at + i] & ~0x3000 : 0;
  }

  #sample(op: number): void {
    const b = this.#b, explicit = op === Op.ImageSampleExplicitLod;
    b.need(explicit ? 7 : 5, 7);
    const operands = this.#operands(5);
    const type = b.resultType(), from = b.value(3), at = b.value(4);
    if (from.kind !== "sampled") throw b.wrong("no sampled image");
    this.#texel(type, from.element);
    if (!isFloat(at) || components(at) < 2) throw b.wrong("a coordinate");
    if (!explicit && b.context.stage !== "fragment") throw b.wrong("an implicit level outside of fragment shaders");
    const given: number[] = [];
    if (operands !== 0) { // Bias (1), Lod (2)
      if (b.count !== 7 || operands !== (explicit ? 2 : 1)) throw b.wrong("image operands");
      const level = b.value(6);
      if (level.kind !== "float" || level.width !== 32) throw b.wrong("a level");
      given.push(operands, b.words[b.at + 6]);
    } else if (explicit || b.count > 6) throw b.wrong("image operands");
    b.define(type);
    b.emit(op, type.id, b.words[b.at + 2], b.words[b.at + 3], b.words[b.at + 4], ...given);
  }

  #coordinate(i: number): void {
    const at = this.#b.value(i);
    if (!isInt(at) || components(at) !== 2 || at.element?.width !== 32) throw this.#b.wrong("a coordinate");
  }

  #read(op: number): void {
    const b = this.#b, { words } = b;
    b.need(5, 7);
    const type = b.resultType(), image = b.value(3);
    if (image.kind !== "image" || image.sampled !== (op === Op.ImageFetch ? 1 : 2)) throw b.wrong("another image");
    this.#texel(type, image);
    this.#coordinate(4);
    const operands = this.#operands(5);
    if (op === Op.ImageRead) {
      if (operands !== 0 || b.count > 6) throw b.wrong("image operands");
      this.#format(image, Capability.StorageImageReadWithoutFormat);
      b.define(type);
      return b.emit(op, type.id, words[b.at + 2], words[b.at + 3], words[b.at + 4]);
    }
    if (operands !== 0) {
      const level = b.count === 7 ? b.value(6) : undefined;
      if (operands !== 2 || level?.kind !== "int" || level.width !== 32) throw b.wrong("image operands");
    } else if (b.count > 6) throw b.wrong("image operands");
    b.define(type); // pictures have one level
    b.emit(op, type.id, words[b.at + 2], words[b.at + 3], words[b.at + 4], 2, this.#zero());
  }

  #format(image: Type, capability: number): void {
    const b = this.#b;
    if (image.storage === 0 && !b.context.module.capabilities.has(capability)) {
      throw b.wrong("an image without a format");
    }
  }

  #write(): void {
    const b = this.#b;
    b.need(4, 5);
    if (this.#operands(4) !== 0) throw b.wrong("image operands");
    const image = b.value(1), texel = b.value(3);
    if (image.kind !== "image" || image.sampled !== 2) throw b.wrong("another image");
    this.#texel(texel, image);
    this.#coordinate(2);
    this.#format(image, Capability.StorageImageWriteWithoutFormat);
    const root = b.imageRoot(1);
    if (root === undefined || b.context.module.decoration(root.id, Decoration.NonWritable) !== undefined) {
      throw b.wrong("a write into what is not writable");
    }
    root.written = true;
    b.emit(Op.ImageWrite, b.words[b.at + 1], b.words[b.at + 2], b.words[b.at + 3]);
  }

  #size(op: number): void {
    const b = this.#b, sampled = op === Op.ImageQuerySizeLod;
    b.need(sampled ? 5 : 4);
    const type = b.resultType(), image = b.value(3);
    if (!b.context.module.capabilities.has(Capability.ImageQuery)) throw b.wrong("capability ImageQuery is missing");
    if (image.kind !== "image" || image.sampled !== (sampled ? 1 : 2)) throw b.wrong("another image");
    if (!isInt(type) || type.kind !== "vector" || type.count !== 2 || type.element?.width !== 32) {
      throw b.wrong("a size");
    }
    if (!sampled) {
      b.define(type);
      return b.copy();
    }
    const level = b.value(4);
    if (level.kind !== "int" || level.width !== 32) throw b.wrong("a level");
    b.define(type);
    b.emit(op, type.id, b.words[b.at + 2], b.words[b.at + 3], this.#zero());
  }
}
