/**
 * What a shader has to do with the world: bindings of set 0, push constants, built-ins, inputs and outputs. Each variable that
 * it uses must be one of these.
 * @module
 */

import { type Globals, MAX_SCALARS, type Variable } from "./globals.ts";
import { checkBlock } from "./layout.ts";
import type { Module } from "./module.ts";
import { Decoration, Storage } from "./opcodes.ts";
import {
  type SpirvBinding,
  type SpirvComponent,
  SpirvError,
  type SpirvLimits,
  type SpirvStage,
  type SpirvVarying,
} from "./program.ts";
import { components, naturalSize, scalarOf, type Type } from "./types.ts";

/** Bytes of push constants. */
const MAX_CONSTANTS = 128;
/** Bindings, and locations. */
const MAX_BINDINGS = 64;
const MAX_LOCATIONS = 16;

/** What a shader uses. */
export interface Interface {
  /** Bindings by number. */
  readonly bindings: readonly SpirvBinding[];
  /** Inputs by location. */
  readonly inputs: readonly SpirvVarying[];
  /** Outputs by location. */
  readonly outputs: readonly SpirvVarying[];
  /** Ids of the input and output variables that are used. */
  readonly variables: readonly number[];
  /** Whether FragDepth is written. */
  readonly depth: boolean;
}

type Shape = "u1" | "u3" | "i1" | "f1" | "f2" | "f4" | "b1";

/** Built-ins: what a stage gets and gives, by number. */
const BUILT_INS: Readonly<Record<SpirvStage, Readonly<Record<number, readonly [storage: number, shape: Shape]>>>> = {
  compute: {
    24: [Storage.Input, "u3"], // NumWorkgroups
    26: [Storage.Input, "u3"], // WorkgroupId
    27: [Storage.Input, "u3"], // LocalInvocationId
    28: [Storage.Input, "u3"], // GlobalInvocationId
    29: [Storage.Input, "u1"], // LocalInvocationIndex
  },
  vertex: {
    0: [Storage.Output, "f4"], // Position
    1: [Storage.Output, "f1"], // PointSize
    42: [Storage.Input, "i1"], // VertexIndex
    43: [Storage.Input, "i1"], // InstanceIndex
  },
  fragment: {
    15: [Storage.Input, "f4"], // FragCoord
    16: [Storage.Input, "f2"], // PointCoord
    17: [Storage.Input, "b1"], // FrontFacing
    22: [Storage.Output, "f1"], // FragDepth
  },
};

function isShape(type: Type, shape: Shape): boolean {
  const scalar = scalarOf(type);
  const kind = { u: "int", i: "int", f: "float", b: "bool" }[shape[0]];
  if (components(type) !== Number(shape[1]) || scalar.kind !== kind) return false;
  return kind === "bool" || scalar.width === 32;
}

function componentOf(type: Type): SpirvComponent {
  const scalar = scalarOf(type);
  return scalar.kind === "float" ? "float" : scalar.signed ? "int" : "uint";
}

/** Checks the variables that are used. @throws {SpirvError} */
export function checkInterface(module: Module, globals: Globals, stage: SpirvStage, limits: SpirvLimits): Interface {
  const bindings = new Map<number, SpirvBinding>();
  const inputs = new Map<number, SpirvVarying>(), outputs = new Map<number, SpirvVarying>();
  const builtIns = new Set<number>(), variables: number[] = [];
  let shared = 0, scalars = 0, constants = 0, depth = false;
  for (const variable of globals.variables.values()) {
    if (!variable.used) continue;
    const { id, storage, type: { element: type } } = variable;
    if (type === undefined) throw new SpirvError("a variable of nothing");
    switch (storage) {
      case Storage.Workgroup:
        if (stage !== "compute") throw new SpirvError("workgroup memory outside of compute shaders");
        // Each scalar has 4 bytes: what has too many is not gone through.
        if (!(type.scalars * 4 <= limits.sharedMemory)) {
          throw new SpirvError(`${type.scalars} values of workgroup memory`);
        }
        shared += Math.ceil(naturalSize(type) / 16) * 16;
        if (!(shared <= limits.sharedMemory)) throw new SpirvError(`${shared} bytes of workgroup memory`);
        break;
      case Storage.Private:
        scalars += type.scalars;
        if (!(scalars <= MAX_SCALARS)) throw new SpirvError("private variables are too large");
        break;
      case Storage.PushConstant:
        if (++constants > 1 || !isBlock(module, type)) throw new SpirvError("push constants");
        if (checkBlock(module, type, false) > MAX_CONSTANTS || type.members.some((m) => m.kind === "runtime")) {
          throw new SpirvError(`more than ${MAX_CONSTANTS} bytes of push constants`);
        }
        break;
      case Storage.Uniform:
      case Storage.StorageBuffer:
      case Storage.UniformConstant: {
        const binding = bindingOf(module, variable, type);
        if (bindings.has(binding.binding)) throw new SpirvError(`binding ${binding.binding} stands twice`);
        if (
          binding.writes && !(stage === "compute" || (stage === "vertex" ? limits.vertexStores : limits.fragmentStores))
        ) {
          throw new SpirvError(`a ${stage} shader that writes`);
        }
        bindings.set(binding.binding, binding);
        break;
      }
      case Storage.Input:
      case Storage.Output: {
        variables.push(id);
        const builtIn = module.decoration(id, Decoration.BuiltIn);
        if (builtIn !== undefined) {
          checkBuiltIn(stage, storage, builtIn, type);
          if (builtIns.has(builtIn)) throw new SpirvError(`built-in ${builtIn} stands twice`);
          builtIns.add(builtIn);
          depth ||= builtIn === 22;
        } else if (type.kind === "struct") {
          checkPerVertex(module, stage, storage, type);
          if (builtIns.has(0)) throw new SpirvError("built-in 0 stands twice");
          builtIns.add(0).add(1);
        } else varying(module, stage, variable, type, storage === Storage.Input ? inputs : outputs);
      }
    }
  }
  const byNumber = <T>(map: Map<number, T>) => [...map].sort(([a], [b]) => a - b).map(([, item]) => item);
  return { bindings: byNumber(bindings), inputs: byNumber(inputs), outputs: byNumber(outputs), variables, depth };
}

function isBlock(module: Module, type: Type): boolean {
  return type.kind === "struct" && module.decoration(type.id, Decoration.Block) !== undefined;
}

function bindingOf(module: Module, variable: Variable, type: Type): SpirvBinding {
  const { id, storage, written } = variable;
  const set = module.decoration(id, Decoration.DescriptorSet), binding = module.decoration(id, Decoration.Binding);
  if (set !== 0 || binding === undefined || binding >= MAX_BINDINGS) {
    throw new SpirvError(`binding ${binding} of set ${set}`);
  }
  if (storage === Storage.UniformConstant) {
    if (type.kind === "sampled" && type.element?.element !== undefined) {
      return { binding, kind: "sampled-image", writes: false, format: 0, component: componentOf(type.element.element) };
    }
    if (type.kind === "image" && type.sampled === 2 && type.element !== undefined) {
      const component = componentOf(type.element);
      return { binding, kind: "storage-image", writes: written, format: type.storage, component };
    }
    throw new SpirvError(`binding ${binding} is a ${type.kind}`);
  }
  const isOld = module.decoration(type.id, Decoration.BufferBlock) !== undefined;
  if (!(isBlock(module, type) || (isOld && type.kind === "struct"))) {
    throw new SpirvError(`binding ${binding} is no block`);
  }
  const uniform = storage === Storage.Uniform;
  checkBlock(module, type, uniform);
  if (written && type.members.some((_, i) => module.decoration(type.id, Decoration.NonWritable, i) !== undefined)) {
    if (type.members.every((_, i) => module.decoration(type.id, Decoration.NonWritable, i) !== undefined)) {
      throw new SpirvError(`binding ${binding} is written, and not writable`);
    }
  }
  const kind = uniform ? "uniform-buffer" : "storage-buffer";
  return { binding, kind, writes: written, format: 0, component: "uint" };
}

function checkBuiltIn(stage: SpirvStage, storage: number, builtIn: number, type: Type): void {
  const known = BUILT_INS[stage][builtIn];
  if (known === undefined || known[0] !== storage || !isShape(type, known[1])) {
    throw new SpirvError(`built-in ${builtIn} of a ${stage} shader`);
  }
}

/** gl_PerVertex: Position, PointSize, and two that must not be used. */
function checkPerVertex(module: Module, stage: SpirvStage, storage: number, type: Type): void {
  if (stage !== "vertex" || storage !== Storage.Output || !isBlock(module, type)) {
    throw new SpirvError("a struct as input or output");
  }
  const seen = new Set<number>();
  type.members.forEach((member, i) => {
    const builtIn = module.decoration(type.id, Decoration.BuiltIn, i);
    if (builtIn === undefined || seen.has(builtIn)) throw new SpirvError("a member that is no built-in");
    seen.add(builtIn);
    if (builtIn === 3 || builtIn === 4) {
      if (member.kind === "array" && member.count === 1 && member.element?.kind === "float") return;
      throw new SpirvError(`built-in ${builtIn}`);
    }
    checkBuiltIn(stage, storage, builtIn, member);
  });
}

function varying(
  module: Module,
  stage: SpirvStage,
  { id, storage }: Variable,
  type: Type,
  list: Map<number, SpirvVarying>,
): void {
  const location = module.decoration(id, Decoration.Location), isInput = storage === Storage.Input;
  const scalar = scalarOf(type), count = components(type);
  if (stage === "compute" || location === undefined || location >= MAX_LOCATIONS || list.has(location)) {
    throw new SpirvError(`an ${isInput ? "input" : "output"} at location ${location}`);
  }
  if (count === 0 || scalar.kind === "bool" || scalar.width !== 32) {
    throw new SpirvError(`location ${location} is a ${type.kind}`);
  }
  const flat = module.decoration(id, Decoration.Flat) !== undefined;
  if (stage === "fragment" && isInput && scalar.kind === "int" && !flat) {
    throw new SpirvError(`location ${location} is interpolated, and an integer`);
  }
  list.set(location, { location, component: componentOf(type), count, flat });
}
