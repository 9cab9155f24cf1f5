/**
 * The first look at a module: its header, the bounds of each instruction, the order of sections (SPIR-V 2.4), what each id is,
 * decorations, and entry points.
 * @module
 */

import { Capability, Op } from "./opcodes.ts";
import { SpirvError, type SpirvLimits } from "./program.ts";

/** Words of a module. */
const MAX_WORDS = 1 << 17;
/** Ids of a module. */
const MAX_IDS = 1 << 16;
const MAGIC = 0x07230203;

/** A decoration of an id or a member. */
export interface Decorated {
  /** DECORATION. */
  readonly decoration: number;
  /** Its one literal, or 0. */
  readonly value: number;
  /** The member, or -1. */
  readonly member: number;
}

/** An entry point. */
export interface EntryPoint {
  /** ExecutionModel. */
  readonly model: number;
  /** Its function. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
  /** Its variables. */
  readonly variables: ReadonlySet<number>;
}

/** An execution mode. */
export interface ExecutionMode {
  /** The entry point. */
  readonly id: number;
  /** ExecutionMode. */
  readonly mode: number;
  /** Its operands. */
  readonly operands: readonly number[];
  /** Whether they are ids. */
  readonly ids: boolean;
}

const sectionOf = new Map<number, number>([
  [Op.Capability, 0],
  [Op.Extension, 1],
  [Op.ExtInstImport, 2],
  [Op.MemoryModel, 3],
  [Op.EntryPoint, 4],
  [Op.ExecutionMode, 5],
  [Op.ExecutionModeId, 5],
  [Op.String, 6],
  [Op.SourceExtension, 6],
  [Op.Source, 6],
  [Op.SourceContinued, 6],
  [Op.Name, 7],
  [Op.MemberName, 7],
  [Op.ModuleProcessed, 8],
  [Op.Decorate, 9],
  [Op.MemberDecorate, 9],
]);
const GLOBALS = 10;
const FUNCTIONS = 11;

const EXTENSIONS = new Set(["SPV_KHR_storage_buffer_storage_class"]);

/** Literals of the decorations that may be: 0 or 1. Others are refused. */
const literals = new Map<number, number>([
  ...[0, 2, 3, 4, 5, 13, 14, 16, 18, 19, 20, 21, 23, 24, 25, 42].map((d) => [d, 0] as const),
  ...[1, 6, 7, 11, 30, 33, 34, 35].map((d) => [d, 1] as const),
]);

/** A module's words and what is known of them. */
export class Module {
  /** A private copy. */
  readonly words: Uint32Array;
  /** Ids are below. */
  readonly bound: number;
  /** Where types, constants and variables begin, words. */
  globals = 0;
  /** Where functions begin. */
  functions = 0;
  /** Declared capabilities. */
  readonly capabilities: Set<number> = new Set();
  /** The id of GLSL.std.450, or 0. */
  glsl = 0;
  /** Entry points. */
  readonly entries: EntryPoint[] = [];
  /** Execution modes. */
  readonly modes: ExecutionMode[] = [];
  /** Decorations by id. */
  readonly decorations: Map<number, Decorated[]> = new Map();
  readonly #values = new Map<number, number>();

  /** Looks at words. @throws {SpirvError} */
  constructor(words: Uint32Array, limits: SpirvLimits) {
    this.words = words;
    if (words.length < 5 || words.length > MAX_WORDS) throw new SpirvError(`a module of ${words.length} words`);
    if (words[0] !== MAGIC) throw new SpirvError("the magic number is another", 0);
    const version = words[1];
    if (version < 0x10000 || version > 0x10600 || (version & 0xff) !== 0) throw new SpirvError("the version", 1);
    this.bound = words[3];
    if (this.bound === 0 || this.bound > MAX_IDS) throw new SpirvError(`${this.bound} ids`, 3);
    if (words[4] !== 0) throw new SpirvError("the schema", 4);
    let section = 0, models = 0;
    for (let at = 5; at < words.length;) {
      const op = words[at] & 0xffff, count = words[at] >>> 16;
      if (count === 0 || at + count > words.length) throw new SpirvError("an instruction of no or too many words", at);
      if (op !== Op.Nop && op !== Op.Line && op !== Op.NoLine) {
        const own = sectionOf.get(op) ?? (op === Op.Function || section === FUNCTIONS ? FUNCTIONS : GLOBALS);
        if (own < section) throw new SpirvError("an instruction in the wrong section", at);
        if (own >= GLOBALS && this.globals === 0) this.globals = at;
        if (own === FUNCTIONS && this.functions === 0) this.functions = at;
        section = own;
        if (op === Op.MemoryModel) models++;
        if (own < GLOBALS) this.#preamble(op, at, count, limits);
      }
      at += count;
    }
    if (this.functions === 0 || models !== 1) throw new SpirvError("a module without functions or memory model");
    if (!this.capabilities.has(Capability.Shader)) throw new SpirvError("capability Shader is missing");
  }

  /** An id that an instruction names. */
  id(at: number): number {
    const id = this.words[at];
    if (id === 0 || id >= this.bound) throw new SpirvError(`id ${id}`, at);
    return id;
  }

  /** A literal string: its text, and where it ends. */
  #string(at: number, end: number): { readonly text: string; readonly next: number } {
    let text = "";
    for (let i = at; i < end; i++) {
      for (let shift = 0; shift < 32; shift += 8) {
        const byte = (this.words[i] >>> shift) & 0xff;
        if (byte === 0) return { text, next: i + 1 };
        text += String.fromCharCode(byte);
      }
    }
    throw new SpirvError("a string without an end", at);
  }

  #preamble(op: number, at: number, count: number, limits: SpirvLimits): void {
    const { words } = this, end = at + count;
    const need = (n: number) => {
      if (count !== n) throw new SpirvError(`an instruction of ${count} words`, at);
    };
    const least = (n: number) => {
      if (count < n) throw new SpirvError(`an instruction of ${count} words`, at);
    };
    switch (op) {
      case Op.Capability:
        need(2);
        if (!allowed(words[at + 1], limits)) throw new SpirvError(`capability ${words[at + 1]}`, at);
        this.capabilities.add(words[at + 1]);
        return;
      case Op.Extension: {
        least(2);
        const { text } = this.#string(at + 1, end);
        if (!EXTENSIONS.has(text)) throw new SpirvError(`extension ${text}`, at);
        return;
      }
      case Op.ExtInstImport: {
        least(3);
        const { text } = this.#string(at + 2, end);
        if (text !== "GLSL.std.450" || this.glsl !== 0) throw new SpirvError(`instructions of ${text}`, at);
        this.glsl = this.id(at + 1);
        return;
      }
      case Op.MemoryModel:
        need(3);
        if (words[at + 1] !== 0 || words[at + 2] !== 1) throw new SpirvError("another model than Logical GLSL450", at);
        return;
      case Op.EntryPoint: {
        least(4);
        const { text, next } = this.#string(at + 3, end);
        const variables = new Set<number>();
        for (let i = next; i < end; i++) variables.add(this.id(i));
        this.entries.push({ model: words[at + 1], id: this.id(at + 2), name: text, variables });
        return;
      }
      case Op.ExecutionMode:
      case Op.ExecutionModeId:
        least(3);
        this.modes.push({
          id: this.id(at + 1),
          mode: words[at + 2],
          operands: [...words.subarray(at + 3, end)],
          ids: op === Op.ExecutionModeId,
        });
        return;
      case Op.Decorate:
        least(3);
        this.#decorate(this.id(at + 1), -1, at, 2, count);
        return;
      case Op.MemberDecorate:
        least(4);
        this.#decorate(this.id(at + 1), words[at + 2], at, 3, count);
        return;
    }
  }

  #decorate(id: number, member: number, at: number, skip: number, count: number): void {
    const decoration = this.words[at + skip], literal = literals.get(decoration);
    if (literal === undefined || count !== skip + 1 + literal) throw new SpirvError(`decoration ${decoration}`, at);
    if (member >= MAX_WORDS) throw new SpirvError("a decoration of no member", at);
    const value = literal === 1 ? this.words[at + skip + 1] : 0, key = keyOf(id, decoration, member);
    if (this.#values.has(key)) throw new SpirvError(`decoration ${decoration} stands twice`, at);
    this.#values.set(key, value);
    const list = this.decorations.get(id);
    if (list === undefined) this.decorations.set(id, [{ decoration, value, member }]);
    else list.push({ decoration, value, member });
  }

  /** A decoration of an id or member; undefined if it has it not. */
  decoration(id: number, decoration: number, member = -1): number | undefined {
    return this.#values.get(keyOf(id, decoration, member));
  }
}

/** Decorations are below 64, members from -1 on below MAX_WORDS. */
function keyOf(id: number, decoration: number, member: number): number {
  return (id * (MAX_WORDS + 1) + member + 1) * 64 + decoration;
}

function allowed(capability: number, limits: SpirvLimits): boolean {
  switch (capability) {
    case Capability.Matrix:
    case Capability.Shader:
    case Capability.ImageQuery:
      return true;
    case Capability.Float64:
      return limits.float64;
    case Capability.Int64:
      return limits.int64;
    case Capability.StorageImageReadWithoutFormat:
      return limits.readWithoutFormat;
    case Capability.StorageImageWriteWithoutFormat:
      return limits.writeWithoutFormat;
    default:
      return false;
  }
}
