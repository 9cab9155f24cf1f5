/** Inputs and outputs with a vertex index: of geometry and tessellation shaders. */
import { BuiltIn, Decoration, FLOAT, INT, Op, Storage } from "../spirv/mod.ts";
import { COMPONENTS, type Context, type VertexRegisters } from "./context.ts";
import { builtin, missing } from "./inputs.ts";
import { File, FILES, Semantic } from "./names.ts";
import { opaque } from "./opaque.ts";
import { RegisterFile } from "./register_file.ts";
import type { Dimension, Register } from "./shader.ts";
import { MAX_LOCATIONS, POSITION_BUILTIN, semanticKey } from "./variant.ts";

/** A register as the shader declares it. */
interface Declared {
  readonly register: number;
  readonly name: number;
  readonly index: number;
  readonly array: number;
}

/** The index of a vertex as a uint, clamped to those that there are. */
function vertexIndex(c: Context, dimension: Dimension, vertices: number): number {
  if (dimension.indirect !== undefined) {
    return RegisterFile.clamp(c.b, c.address(dimension.indirect, dimension.index), vertices);
  }
  if (dimension.index >= vertices) throw c.error(`the vertex ${dimension.index} is above ${vertices - 1}`);
  return c.b.uint(dimension.index);
}

/** The registers that an access may mean, and what chooses among them: a uint that is the register's number, or 0 when it is known. */
function candidates(c: Context, declared: ReadonlyMap<number, Declared>, access: Register): [Declared[], number] {
  const { file, index, indirect } = access;
  if (indirect === undefined) {
    const one = declared.get(index);
    if (one === undefined) throw c.error(`${FILES[file]}[${index}] is not declared`);
    return [[one], 0];
  }
  const all = [...declared.values()].filter(({ array }) => indirect.array === 0 || array === indirect.array);
  if (all.length === 0) throw c.error(`${FILES[file]} has no array ${indirect.array}`);
  return [all, c.address(indirect, index)];
}

/** Per-vertex inputs: an array of vec4 for each location. */
export class VertexArrayInputs implements VertexRegisters {
  readonly #c: Context;
  readonly #vertices: number;
  readonly #declared: Map<number, Declared> = new Map();
  readonly #variables: Map<number, number> = new Map();

  /** All inputs but those that are the same for all vertices. @param vertices vertices of a primitive or patch. */
  constructor(c: Context, vertices: number) {
    this.#c = c;
    this.#vertices = vertices;
    for (const input of c.info.inputs) {
      if (input.name !== Semantic.PATCH && input.name !== Semantic.PRIMID) this.#declared.set(input.register, input);
    }
  }

  /** The value of a vertex's register. */
  load(register: Register): number {
    const c = this.#c;
    const { b } = c;
    const { dimension } = register;
    if (dimension === undefined) throw c.error("expected IN[vertex][register]");
    const vertex = vertexIndex(c, dimension, this.#vertices);
    const [all, chosen] = candidates(c, this.#declared, register);
    let value = missing(c);
    for (const declared of all) {
      const one = this.#read(declared, vertex);
      if (chosen === 0) return one;
      const is = b.op(Op.IEqual, b.bool(), chosen, b.uint(declared.register));
      value = b.op(Op.Select, c.vec4, c.splat(b.bool(4), is, 4), one, value);
    }
    return value;
  }

  #read({ name, index }: Declared, vertex: number): number {
    const c = this.#c;
    const { b } = c;
    const location = c.variant.inputLocations.get(semanticKey(name, index));
    if (location === undefined || location >= MAX_LOCATIONS) return missing(c);
    let variable = this.#variables.get(location);
    if (variable === undefined) {
      const type = b.array(c.vec4, this.#vertices);
      if (location === POSITION_BUILTIN) variable = builtin(c, Storage.Input, type, BuiltIn.Position);
      else {
        variable = b.global(Storage.Input, type);
        b.decorate(variable, Decoration.Location, location);
      }
      this.#variables.set(location, variable);
    }
    return b.load(c.vec4, b.chain(Storage.Input, c.vec4, variable, vertex));
  }
}

/** Inputs that are the same for all vertices: PATCH of an evaluation shader, PRIMID of a geometry shader. */
export function loadPatchInputs(c: Context): void {
  const { b } = c;
  for (const { register, name, index } of c.info.inputs) {
    if (name === Semantic.PRIMID) {
      const id = b.load(b.type(INT), builtin(c, Storage.Input, b.type(INT), BuiltIn.PrimitiveId));
      const value = b.op(Op.CompositeInsert, c.vec4, c.cast(id, INT, FLOAT, 1), missing(c), 0);
      c.files[File.IN]?.pin(register, value);
    } else if (name === Semantic.PATCH) {
      const location = c.variant.inputLocations.get(semanticKey(name, index));
      let value = missing(c);
      if (location !== undefined && location < MAX_LOCATIONS) {
        const variable = b.global(Storage.Input, c.vec4);
        b.decorate(variable, Decoration.Location, location);
        b.decorate(variable, Decoration.Patch);
        value = b.load(c.vec4, variable);
      }
      c.files[File.IN]?.pin(register, value);
    }
  }
}

/** Outputs of a tessellation control shader: read and written where they are, as other invocations see them. */
export class ControlOutputs implements VertexRegisters {
  readonly #c: Context;
  readonly #vertices: number;
  readonly #declared: Map<number, Declared> = new Map();
  readonly #variables: Map<number, number> = new Map();

  /** @param vertices vertices of the patch that is made. */
  constructor(c: Context, vertices: number) {
    this.#c = c;
    this.#vertices = vertices;
    for (const output of c.info.outputs) this.#declared.set(output.register, output);
  }

  /** The value of a register. */
  load(access: Register): number {
    const c = this.#c;
    const { b } = c;
    const [all, chosen] = candidates(c, this.#declared, access);
    let value = b.zero(c.vec4);
    for (const declared of all) {
      const parts = [0, 1, 2, 3].map((i) => {
        const at = this.#component(declared, access, i);
        return at === 0 ? b.float(0) : b.load(b.type(FLOAT), at);
      });
      const one = c.vector(FLOAT, parts);
      if (chosen === 0) return one;
      const is = b.op(Op.IEqual, b.bool(), chosen, b.uint(declared.register));
      value = b.op(Op.Select, c.vec4, c.splat(b.bool(4), is, 4), one, value);
    }
    return value;
  }

  /** Sets components. */
  store(access: Register, mask: number, values: readonly number[]): void {
    const c = this.#c;
    const { b } = c;
    const [all, chosen] = candidates(c, this.#declared, access);
    const write = (declared: Declared): void => {
      COMPONENTS[mask].forEach((component, i) => {
        const at = this.#component(declared, access, component);
        if (at !== 0) b.store(at, values[i]);
      });
    };
    if (chosen === 0) {
      write(all[0]);
      return;
    }
    for (const declared of all) {
      const then = b.id(), merge = b.id();
      const is = opaque(c, b.op(Op.IEqual, b.bool(), chosen, b.uint(declared.register)));
      b.code.op(Op.SelectionMerge, merge, 0);
      b.code.op(Op.BranchConditional, is, then, merge);
      c.label(then);
      write(declared);
      b.code.op(Op.Branch, merge);
      c.label(merge);
    }
  }

  /** Pointer to a component; 0 where there is none (an inner level has two). */
  #component(declared: Declared, { dimension }: Register, component: number): number {
    const c = this.#c;
    const { b } = c;
    const float = b.type(FLOAT);
    const { name } = declared;
    const level = name === Semantic.TESSOUTER || name === Semantic.TESSINNER;
    const variable = this.#variable(declared);
    if (variable === 0 || (name === Semantic.TESSINNER && component > 1)) return 0;
    if (level || name === Semantic.PATCH) return b.chain(Storage.Output, float, variable, b.uint(component));
    if (dimension === undefined) throw c.error("expected OUT[vertex][register]");
    const vertex = vertexIndex(c, dimension, this.#vertices);
    return b.chain(Storage.Output, float, variable, vertex, b.uint(component));
  }

  #variable(declared: Declared): number {
    const c = this.#c;
    const { b } = c;
    const known = this.#variables.get(declared.register);
    if (known !== undefined) return known;
    const { name, index } = declared;
    let variable = 0;
    if (name === Semantic.TESSOUTER || name === Semantic.TESSINNER) {
      const outer = name === Semantic.TESSOUTER;
      const type = b.array(b.type(FLOAT), outer ? 4 : 2);
      variable = builtin(c, Storage.Output, type, outer ? BuiltIn.TessLevelOuter : BuiltIn.TessLevelInner);
      b.decorate(variable, Decoration.Patch);
    } else {
      const patch = name === Semantic.PATCH;
      // An output that is not passed on is still read by other invocations: it gets a location beyond the others.
      const location = c.variant.outputLocations.get(semanticKey(name, index)) ??
        Math.max(-1, ...c.variant.outputLocations.values()) + 1 + this.#variables.size;
      if (location >= MAX_LOCATIONS) throw c.error(`more than ${MAX_LOCATIONS} locations are passed on`);
      variable = b.global(Storage.Output, patch ? c.vec4 : b.array(c.vec4, this.#vertices));
      b.decorate(variable, Decoration.Location, location);
      if (patch) b.decorate(variable, Decoration.Patch);
    }
    this.#variables.set(declared.register, variable);
    return variable;
  }
}
