/**
 * Instructions that declare types: what each may be made of.
 * @module
 */

import { type Globals, isData } from "./globals.ts";
import type { Module } from "./module.ts";
import { Capability, Decoration, Op, Storage } from "./opcodes.ts";
import { SpirvError } from "./program.ts";
import { type Type, typeOf } from "./types.ts";

/** Members of a struct. */
const MAX_MEMBERS = 256;
const STORAGES = new Set<number>(Object.values(Storage));

/** A declared type. */
export interface TypeDeclaration {
  /** The type. */
  readonly type: Type;
  /** What no other type may have; empty where two of the same are two types. */
  readonly key: string;
}

/** Reads the declaration at a word. @throws {SpirvError} */
export function readType(globals: Globals, module: Module, at: number): TypeDeclaration {
  const { words } = module, op = words[at] & 0xffff, count = words[at] >>> 16;
  const id = module.id(at + 1);
  const need = (n: number) => {
    if (count !== n) throw new SpirvError(`a type of ${count} words`, at);
  };
  const wrong = (what: string) => new SpirvError(what, at);
  let type: Type, key = "";
  switch (op) {
    case Op.TypeVoid:
      need(2);
      type = typeOf(id, "void");
      key = "void";
      break;
    case Op.TypeBool:
      need(2);
      type = typeOf(id, "bool", { scalars: 1 });
      key = "bool";
      break;
    case Op.TypeInt: {
      need(4);
      const width = words[at + 2], signed = words[at + 3];
      const has = width === 32 || (width === 64 && module.capabilities.has(Capability.Int64));
      if (!has || signed > 1) throw wrong(`an integer of ${width} bits`);
      type = typeOf(id, "int", { width, signed: signed === 1, scalars: 1 });
      key = `i ${width} ${signed}`;
      break;
    }
    case Op.TypeFloat: {
      need(3);
      const width = words[at + 2];
      if (!(width === 32 || (width === 64 && module.capabilities.has(Capability.Float64)))) {
        throw wrong(`a float of ${width} bits`);
      }
      type = typeOf(id, "float", { width, scalars: 1 });
      key = `f ${width}`;
      break;
    }
    case Op.TypeVector: {
      need(4);
      const element = globals.type(at + 2), n = words[at + 3];
      if (!["bool", "int", "float"].includes(element.kind) || n < 2 || n > 4) throw wrong("a vector");
      type = typeOf(id, "vector", { element, count: n, scalars: n });
      key = `v ${element.id} ${n}`;
      break;
    }
    case Op.TypeMatrix: {
      need(4);
      const element = globals.type(at + 2), n = words[at + 3];
      if (element.kind !== "vector" || element.element?.kind !== "float" || n < 2 || n > 4) throw wrong("a matrix");
      type = typeOf(id, "matrix", { element, count: n, scalars: n * element.count });
      key = `m ${element.id} ${n}`;
      break;
    }
    case Op.TypeImage: {
      need(9);
      const element = globals.type(at + 2);
      const [dim, depth, arrayed, ms, sampled, format] = words.subarray(at + 3, at + 9);
      if ((element.kind !== "float" && element.kind !== "int") || element.width !== 32) {
        throw wrong("an image's components");
      }
      if (dim !== 1 || depth !== 0 || arrayed !== 0 || ms !== 0) throw wrong("an image that is no plain 2D one");
      if (sampled !== 1 && sampled !== 2) throw wrong("an image that is neither sampled nor storage");
      if (sampled === 1 ? format !== 0 : !imageFormat(format, element)) throw wrong(`an image of format ${format}`);
      type = typeOf(id, "image", { element, sampled, storage: format });
      key = `image ${element.id} ${sampled} ${format}`;
      break;
    }
    case Op.TypeSampledImage: {
      need(3);
      const element = globals.type(at + 2);
      if (element.kind !== "image" || element.sampled !== 1) throw wrong("a sampled image");
      type = typeOf(id, "sampled", { element });
      key = `sampled ${element.id}`;
      break;
    }
    case Op.TypeArray: {
      need(4);
      const element = globals.type(at + 2), length = globals.constant(at + 3);
      const n = length.value;
      if (length.type.kind !== "int" || !length.isScalar || length.high !== 0 || n === 0 || n > 2 ** 28) {
        throw wrong(`an array of ${n} elements`);
      }
      if (length.type.signed && n > 0x7fffffff) throw wrong("an array of a negative size");
      if (!isData(element)) throw wrong(`an array of ${element.kind}`);
      type = typeOf(id, "array", { element, count: n, scalars: n * element.scalars });
      break;
    }
    case Op.TypeRuntimeArray: {
      need(3);
      const element = globals.type(at + 2);
      if (!isData(element) || element.scalars === Infinity) throw wrong(`an array of ${element.kind}`);
      type = typeOf(id, "runtime", { element });
      break;
    }
    case Op.TypeStruct: {
      if (count - 2 > MAX_MEMBERS || count === 2) throw wrong(`a struct of ${count - 2} members`);
      const members = Array.from({ length: count - 2 }, (_, i) => globals.type(at + 2 + i));
      members.forEach((member, i) => {
        const last = i === members.length - 1;
        if (!isData(member) && !(last && member.kind === "runtime")) throw wrong(`a struct with a ${member.kind}`);
        if (member.kind === "struct" && isBlock(module, member)) throw wrong("a block in a struct");
      });
      type = typeOf(id, "struct", { members, scalars: members.reduce((sum, m) => sum + m.scalars, 0) });
      break;
    }
    case Op.TypePointer: {
      need(4);
      const storage = words[at + 2], element = globals.type(at + 3);
      if (!STORAGES.has(storage)) throw wrong(`storage class ${storage}`);
      if (["void", "function", "pointer"].includes(element.kind)) throw wrong(`a pointer at a ${element.kind}`);
      type = typeOf(id, "pointer", { storage: storageOf(module, storage, element), element });
      break;
    }
    case Op.TypeFunction: {
      if (count < 3 || count > 3 + 32) throw wrong("a function's type");
      const members = Array.from({ length: count - 3 }, (_, i) => globals.type(at + 3 + i));
      for (const member of members) {
        if (member.kind === "void" || member.kind === "function") throw wrong("a parameter");
      }
      const element = globals.type(at + 2);
      type = typeOf(id, "function", { members, element });
      key = `fn ${[element, ...members].map((t) => t.id).join(" ")}`;
      break;
    }
    default:
      throw wrong(`type ${op}`);
  }
  return { type, key };
}

function isBlock(module: Module, type: Type): boolean {
  return module.decorations.get(type.id)?.some(({ decoration: d, member }) =>
    member < 0 && (d === Decoration.Block || d === Decoration.BufferBlock)
  ) ?? false;
}

// Old modules have storage buffers in class Uniform, decorated BufferBlock.
function storageOf(module: Module, storage: number, element: Type): number {
  if (storage !== Storage.Uniform) return storage;
  return module.decoration(element.id, Decoration.BufferBlock) === undefined ? storage : Storage.StorageBuffer;
}

/** Image Formats of storage images that capability Shader is enough for, with their components. */
function imageFormat(format: number, component: Type): boolean {
  if (format === 0) return true;
  const isFloat = [1, 2, 3, 4].includes(format); // Rgba32f Rgba16f R32f Rgba8
  if (component.kind === "float") return isFloat;
  return component.signed ? false : format === 33; // R32ui
}
