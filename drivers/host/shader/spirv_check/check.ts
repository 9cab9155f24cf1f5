/**
 * The check of a whole module, and what is given to the driver: only what the entry point reaches, as SPIR-V 1.3.
 * @module
 */

import { Body, type BodyContext } from "./body.ts";
import { Flow } from "./flow.ts";
import { type Func, readFunctions } from "./functions.ts";
import { Globals, MAX_SCALARS } from "./globals.ts";
import { checkInterface } from "./interface.ts";
import { type EntryPoint, Module } from "./module.ts";
import { Capability, Decoration, Op, Storage } from "./opcodes.ts";
import type { Type } from "./types.ts";
import { SpirvError, type SpirvLimits, type SpirvProgram, type SpirvStage } from "./program.ts";

/** Instructions once all calls are expanded, as drivers do. */
const MAX_EXPANDED = 200_000;
const MODELS: Readonly<Record<SpirvStage, number>> = { vertex: 0, fragment: 4, compute: 5 };
const MODE = { EarlyFragmentTests: 9, OriginUpperLeft: 7, DepthReplacing: 12, LocalSize: 17, LocalSizeId: 38 } as const;
/** "main" and the end of the string. */
const MAIN: readonly number[] = [0x6e69616d, 0];
const GLSL: readonly number[] = [..."GLSL.std.450\0\0\0\0"].reduce<number[]>((words, char, i) => {
  words[i >> 2] = ((words[i >> 2] ?? 0) | (char.charCodeAt(0) << ((i & 3) * 8))) >>> 0;
  return words;
}, []);

/**
 * Checks a client's shader: it may use what design asks for, and nothing that a driver could fall over.
 *
 * @param words the module, as the client sent it: a private copy.
 * @param stage what its entry point `main` must be.
 * @param constants ids and values of specialization constants, in turn.
 * @param limits of the device.
 * @returns what it is, and the module that is to be compiled.
 * @throws {SpirvError} what is wrong with it.
 */
export function checkSpirv(
  words: Uint32Array,
  stage: SpirvStage,
  constants: Uint32Array,
  limits: SpirvLimits,
): SpirvProgram {
  const module = new Module(words.slice(), limits);
  const entries = module.entries.filter(({ name, model }) => name === "main" && model === MODELS[stage]);
  if (entries.length !== 1) throw new SpirvError(`${entries.length} entry points main of a ${stage} shader`);
  const [entry] = entries;
  const globals = new Globals(module, constants);
  const functions = readFunctions(module, globals);
  const reached = reach(functions, entry.id);
  const context: BodyContext = { module, globals, functions, stage, out: [], glsl: module.glsl };
  const scalars = new Map<number, number>();
  for (const func of functions.values()) {
    if (!reached.has(func.id)) continue;
    scalars.set(func.id, new Body(context, func, new Flow(module.words, func)).scalars);
  }
  expand(functions, entry.id, scalars);
  const face = checkInterface(module, globals, stage, limits);
  for (const id of face.variables) {
    if (!entry.variables.has(id)) throw new SpirvError(`variable ${id} is not in the entry point's interface`);
  }
  const { localSize, modes } = checkModes(module, globals, entry, stage, limits, face.depth);
  const { bindings, inputs, outputs, variables, depth } = face;
  const out = emit(module, globals, context, entry, variables, modes);
  return { stage, words: out, bindings, localSize, inputs, outputs, writesDepth: depth };
}

/** Functions that are called, directly or not. @throws {SpirvError} for recursion */
function reach(functions: ReadonlyMap<number, Func>, entry: number): Set<number> {
  const done = new Set<number>(), open = new Set<number>();
  const stack: { readonly func: Func; next: number }[] = [];
  const enter = (id: number) => {
    const func = functions.get(id);
    if (func === undefined) throw new SpirvError(`function ${id} is missing`);
    if (open.has(id)) throw new SpirvError(`function ${id} calls itself`);
    if (done.has(id)) return;
    if (stack.length > 64) throw new SpirvError("calls are too deep");
    open.add(id);
    stack.push({ func, next: 0 });
  };
  enter(entry);
  const main = functions.get(entry);
  if (main?.type.element?.kind !== "void" || main.parameters.length > 0) throw new SpirvError("the entry point's type");
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const next = top.func.calls[top.next++];
    if (next !== undefined) enter(next);
    else {
      open.delete(top.func.id);
      done.add(top.func.id);
      stack.pop();
    }
  }
  return done;
}

/** Drivers expand each call: what comes of it must stay small. */
function expand(functions: ReadonlyMap<number, Func>, entry: number, scalars: ReadonlyMap<number, number>): void {
  const known = new Map<number, { readonly size: number; readonly scalars: number }>();
  const of = (id: number): { readonly size: number; readonly scalars: number } => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const func = functions.get(id);
    let size = func?.size ?? 0, words = scalars.get(id) ?? 0;
    for (const call of func?.calls ?? []) {
      const inner = of(call);
      size += inner.size;
      words += inner.scalars;
    }
    const result = { size, scalars: words };
    known.set(id, result);
    return result;
  };
  const all = of(entry);
  if (all.size > MAX_EXPANDED) throw new SpirvError(`${all.size} instructions with all calls expanded`);
  if (all.scalars > MAX_SCALARS) throw new SpirvError("variables of all calls are too large");
}

function checkModes(
  module: Module,
  globals: Globals,
  entry: EntryPoint,
  stage: SpirvStage,
  limits: SpirvLimits,
  depth: boolean,
): { localSize: readonly [number, number, number]; modes: readonly (readonly number[])[] } {
  let size: number[] | undefined, origin = false, replacing = false;
  const modes: (readonly number[])[] = [], seen = new Set<number>();
  for (const { id, mode, operands, ids } of module.modes) {
    if (id !== entry.id) continue;
    const wrong = new SpirvError(`execution mode ${mode}`);
    if (seen.has(mode) || ids !== (mode === MODE.LocalSizeId)) throw wrong;
    seen.add(mode);
    if (mode === MODE.LocalSize && stage === "compute" && operands.length === 3) size = [...operands];
    else if (mode === MODE.LocalSizeId && stage === "compute" && operands.length === 3) {
      size = operands.map((id) => wordOf(globals, id));
    } else if (stage === "fragment" && operands.length === 0) {
      if (mode === MODE.OriginUpperLeft) origin = true;
      else if (mode === MODE.DepthReplacing) replacing = true;
      else if (mode !== MODE.EarlyFragmentTests) throw wrong;
      modes.push([mode]);
    } else throw wrong;
  }
  if (stage === "fragment" && (!origin || replacing !== depth)) throw new SpirvError("execution modes are missing");
  if (stage !== "compute") return { localSize: [1, 1, 1], modes };
  for (const [id, list] of module.decorations) {
    if (
      !list.some(({ decoration, value, member }) => decoration === Decoration.BuiltIn && value === 25 && member < 0)
    ) {
      continue;
    }
    const parts = globals.constants[id]?.parts;
    if (parts?.length !== 3) throw new SpirvError("WorkgroupSize is no constant of three");
    size = parts.map((part) => wordOf(globals, part));
  }
  if (size === undefined) throw new SpirvError("the workgroup has no size");
  const [x, y, z] = size, [maxX, maxY, maxZ] = limits.groupSize;
  const fits = x > 0 && y > 0 && z > 0 && x <= maxX && y <= maxY && z <= maxZ && x * y * z <= limits.invocations;
  if (!fits) throw new SpirvError(`a workgroup of ${x} x ${y} x ${z}`);
  modes.push([MODE.LocalSize, x, y, z]);
  return { localSize: [x, y, z], modes };
}

function wordOf(globals: Globals, id: number): number {
  const constant = globals.constants[id];
  if (constant?.type.kind !== "int" || constant.type.width !== 32 || !constant.isScalar) {
    throw new SpirvError("a workgroup's size is no integer");
  }
  return constant.value;
}

/** Whether a decoration of a variable stays: others of those that were understood mean nothing there. */
function stays(decoration: number, storage: number, stage: SpirvStage): boolean {
  switch (decoration) {
    case Decoration.Binding:
    case Decoration.DescriptorSet:
      return storage === Storage.Uniform || storage === Storage.UniformConstant || storage === Storage.StorageBuffer;
    case Decoration.Coherent:
    case Decoration.Volatile:
    case Decoration.NonWritable:
    case Decoration.NonReadable:
    case Decoration.Restrict:
      return storage === Storage.StorageBuffer;
    case Decoration.BuiltIn:
    case Decoration.Location:
      return storage === Storage.Input || storage === Storage.Output;
    case Decoration.Flat:
    case Decoration.NoPerspective:
    case Decoration.Centroid:
      return storage === (stage === "fragment" ? Storage.Input : Storage.Output);
    case Decoration.Invariant:
      return storage === Storage.Output;
  }
  return false;
}

/** Decorations that stay, of members. */
const OF_MEMBERS = new Set<number>([
  Decoration.BuiltIn,
  Decoration.Coherent,
  Decoration.Volatile,
  Decoration.NonWritable,
  Decoration.NonReadable,
  Decoration.Offset,
]);
/** Those of members that are matrices, or arrays of them. */
const OF_MATRICES = new Set<number>([Decoration.RowMajor, Decoration.ColMajor, Decoration.MatrixStride]);

function hasMatrix(type: Type): boolean {
  if (type.kind === "matrix") return true;
  return (type.kind === "array" || type.kind === "runtime") && type.element !== undefined && hasMatrix(type.element);
}

const WITH_VALUE = new Set<number>([
  Decoration.ArrayStride,
  Decoration.MatrixStride,
  Decoration.BuiltIn,
  Decoration.Location,
  Decoration.Binding,
  Decoration.DescriptorSet,
  Decoration.Offset,
]);

function decorations(module: Module, globals: Globals, stage: SpirvStage): number[] {
  const out: number[] = [];
  const put = (op: number, target: readonly number[], decoration: number, value: number) => {
    const operands = [...target, decoration, ...(WITH_VALUE.has(decoration) ? [value] : [])];
    out.push(((operands.length + 1) << 16) | op, ...operands);
  };
  for (const [id, list] of module.decorations) {
    const variable = globals.variables.get(id), type = globals.types[id];
    for (const { decoration, value, member } of list) {
      if (member >= 0) {
        if (type?.kind !== "struct" || member >= type.members.length) throw new SpirvError("a decoration of no member");
        const isOrder = OF_MATRICES.has(decoration);
        if (isOrder ? hasMatrix(type.members[member]) : OF_MEMBERS.has(decoration)) {
          put(Op.MemberDecorate, [id, member], decoration, value);
        }
      } else if (variable !== undefined) {
        if (variable.used && stays(decoration, variable.storage, stage)) put(Op.Decorate, [id], decoration, value);
      } else if (type?.kind === "struct") {
        if (decoration === Decoration.Block || decoration === Decoration.BufferBlock) {
          put(Op.Decorate, [id], Decoration.Block, 0);
        }
      } else if ((type?.kind === "array" || type?.kind === "runtime") && decoration === Decoration.ArrayStride) {
        put(Op.Decorate, [id], decoration, value);
      }
    }
  }
  return out;
}

function emit(
  module: Module,
  globals: Globals,
  context: BodyContext,
  entry: EntryPoint,
  variables: readonly number[],
  modes: readonly (readonly number[])[],
): Uint32Array<ArrayBuffer> {
  const head: number[] = [0x07230203, 0x10300, 0, 0, 0];
  const put = (op: number, ...operands: number[]) => head.push(((operands.length + 1) << 16) | op, ...operands);
  for (const capability of new Set([Capability.Shader, ...module.capabilities])) put(Op.Capability, capability);
  if (context.glsl !== 0) put(Op.ExtInstImport, context.glsl, ...GLSL);
  put(Op.MemoryModel, 0, 1);
  put(Op.EntryPoint, entry.model, entry.id, ...MAIN, ...variables);
  for (const mode of modes) put(Op.ExecutionMode, entry.id, ...mode);
  const marks = decorations(module, globals, context.stage);
  const tail: number[] = [];
  for (const { id, type, storage, used, initializer } of globals.variables.values()) {
    if (!used || type.element === undefined) continue;
    const isPrivate = storage === Storage.Private;
    const first = isPrivate ? [initializer === 0 ? globals.null(type.element) : initializer] : [];
    tail.push(((4 + first.length) << 16) | Op.Variable, type.id, id, storage, ...first);
  }
  const sections = [head, marks, globals.out, tail, context.out];
  const words = new Uint32Array(sections.reduce((sum, section) => sum + section.length, 0));
  let at = 0;
  for (const section of sections) {
    words.set(section, at);
    at += section.length;
  }
  words[3] = globals.bound;
  return words;
}
