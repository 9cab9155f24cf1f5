/** TGSI to SPIR-V: functions, and which part of the translator makes each instruction. */
import { FLOAT, Mode, Model, Op } from "../spirv/mod.ts";
import { emitRow, type Row } from "./alu.ts";
import { FLOAT_ROWS, FLOAT_SPECIAL } from "./alu_float.ts";
import { INTEGER_ROWS } from "./alu_integer.ts";
import { emitWide } from "./alu_wide.ts";
import { COMPONENTS, Context } from "./context.ts";
import { ShaderError } from "./error.ts";
import { Flow } from "./flow.ts";
import { stipplePolygon, writeFragmentOutputs } from "./fragment_outputs.ts";
import type { ShaderInfo } from "./info.ts";
import { FragmentInputs, vertexShaderInputs } from "./inputs.ts";
import type { Stage } from "./names.ts";
import { interpolate } from "./interpolation.ts";
import { Memory } from "./memory.ts";
import type { Instruction, TgsiShader } from "./shader.ts";
import { barrier, controlVertices, emitVertex, geometryVertices, memoryBarrier, stageModes } from "./stages.ts";
import { loadSystemValues } from "./system_values.ts";
import { Textures } from "./texture.ts";
import type { ShaderVariant } from "./variant.ts";
import { ControlOutputs, loadPatchInputs, VertexArrayInputs } from "./vertex_arrays.ts";
import { VertexOutputs } from "./vertex_outputs.ts";

const MODELS: Readonly<Record<Stage, number>> = {
  vertex: Model.Vertex,
  tess_ctrl: Model.TessellationControl,
  tess_eval: Model.TessellationEvaluation,
  geometry: Model.Geometry,
  fragment: Model.Fragment,
  compute: Model.GLCompute,
};

/** The longest function, in words: what few instructions expand to is bounded, too. */
const MAX_WORDS = 1 << 20;
/** Instructions with each subroutine as often as it is called: drivers inline, and calls of calls double each time. */
const MAX_INLINED = 65536;

/** Component-wise instructions. */
const ROWS: ReadonlyMap<string, Row> = new Map([...FLOAT_ROWS, ...INTEGER_ROWS]);

/**
 * Translates a shader.
 * @param shader from {@linkcode parseTgsi}
 * @param info its {@linkcode shaderInfo}
 * @param variant the state to make it for
 * @returns a SPIR-V 1.3 module for Vulkan 1.3 whose entry point is "main"
 * @throws {ShaderError} EINVAL when the shader is wrong, beyond the limits, or uses what is not supported
 */
export function translateTgsi(shader: TgsiShader, info: ShaderInfo, variant: ShaderVariant): Uint32Array {
  return new Translator(new Context(shader, info, variant)).run();
}

class Translator {
  readonly #c: Context;
  readonly #flow: Flow;
  readonly #textures: Textures;
  readonly #memory: Memory;
  #vertexOutputs: VertexOutputs | undefined;
  #fragmentInputs: FragmentInputs | undefined;
  /** Function of each BGNSUB by its instruction number. */
  readonly #subroutines: Map<number, number> = new Map();

  constructor(c: Context) {
    this.#c = c;
    this.#flow = new Flow(c);
    this.#textures = new Textures(c);
    this.#memory = new Memory(c);
  }

  run(): Uint32Array {
    const c = this.#c;
    const { b, shader: { instructions, stage }, main } = c;
    const end = instructions.findIndex(({ opcode }) => opcode.name === "END");
    if (end < 0) throw new ShaderError(0, "there is no END");
    b.entryPoint(MODELS[stage], main);
    this.#modes();
    this.#vertexArrays();
    this.#prologue();
    if (c.shared) {
      // Registers are variables outside of functions: main can be finished before the functions that it calls.
      this.#numberSubroutines(end);
      const body = b.id();
      b.op(Op.FunctionCall, b.void, body);
      c.epoch++;
      this.#epilogue();
      b.finishFunction(main);
      this.#body(0, end, body);
      this.#emitSubroutines(end);
    } else {
      for (let i = 0; i < end; i++) this.#instruction(i);
      this.#close(end);
      this.#epilogue();
      b.finishFunction(main);
    }
    return b.finish();
  }

  #modes(): void {
    const { b, main, shader: { stage }, info, variant } = this.#c;
    stageModes(this.#c);
    if (stage !== "fragment") return;
    b.executionMode(main, Mode.OriginUpperLeft);
    const early = (info.properties.get("FS_EARLY_DEPTH_STENCIL") ?? 0) !== 0;
    const allowed = !info.usesKill && variant.alphaFunc === 7 && !info.writesDepth && !info.writesStencil;
    if (early || (variant.earlyDepth && allowed)) b.executionMode(main, Mode.EarlyFragmentTests);
  }

  /** Registers with a vertex index are read where they are, by any function. */
  #vertexArrays(): void {
    const c = this.#c;
    const { stage } = c.shader;
    if (stage === "geometry") c.vertexInputs = new VertexArrayInputs(c, geometryVertices(c));
    else if (stage === "tess_eval") c.vertexInputs = new VertexArrayInputs(c, 32);
    else if (stage === "tess_ctrl") {
      c.vertexInputs = new VertexArrayInputs(c, 32);
      c.vertexOutputs = new ControlOutputs(c, controlVertices(c));
    }
  }

  #prologue(): void {
    const c = this.#c;
    const { stage } = c.shader;
    switch (stage) {
      case "vertex":
        vertexShaderInputs(c);
        this.#vertexOutputs = new VertexOutputs(c);
        break;
      case "fragment":
        this.#fragmentInputs = new FragmentInputs(c);
        this.#fragmentInputs.load();
        stipplePolygon(c, this.#flow);
        break;
      case "geometry":
        loadPatchInputs(c);
        this.#vertexOutputs = new VertexOutputs(c);
        break;
      case "tess_eval":
        loadPatchInputs(c);
        this.#vertexOutputs = new VertexOutputs(c);
        break;
    }
    loadSystemValues(c);
  }

  #epilogue(): void {
    const c = this.#c;
    if (this.#flow.reachable) {
      if (c.shader.stage === "fragment") writeFragmentOutputs(c, this.#flow);
      else if (c.shader.stage !== "geometry") this.#vertexOutputs?.write();
    }
    this.#flow.return();
  }

  /** A function of instructions. */
  #body(from: number, to: number, fn: number): void {
    this.#flow.reset();
    this.#c.epoch++;
    for (let i = from; i < to; i++) this.#instruction(i);
    this.#close(to);
    this.#flow.return();
    this.#c.b.finishFunction(fn);
  }

  #close(at: number): void {
    const c = this.#c;
    c.line = c.shader.instructions[at].line;
    if (!this.#flow.closed) throw c.error("a construct is not closed");
  }

  #numberSubroutines(end: number): void {
    const { b, shader: { instructions } } = this.#c;
    const calls = new Map<number, number[]>(), sizes = new Map<number, number>();
    let current = -1;
    for (let i = end + 1; i < instructions.length; i++) {
      const { opcode: { name }, line } = instructions[i];
      if (name === "BGNSUB") {
        if (current >= 0) throw new ShaderError(line, "BGNSUB in a subroutine");
        current = i;
        this.#subroutines.set(i, b.id());
        calls.set(i, []);
      } else if (name === "ENDSUB") {
        if (current < 0) throw new ShaderError(line, "ENDSUB has no beginning");
        sizes.set(current, i - current);
        current = -1;
      } else if (name === "CAL") calls.get(current)?.push(instructions[i].label);
    }
    if (current >= 0) throw new ShaderError(instructions[current].line, "BGNSUB has no end");
    this.#inline(calls, sizes);
    let whole = end;
    for (let i = 0; i < end; i++) {
      if (instructions[i].opcode.name === "CAL") whole += sizes.get(instructions[i].label) ?? 0;
    }
    if (whole > MAX_INLINED) throw new ShaderError(0, `its subroutines make more than ${MAX_INLINED} instructions`);
  }

  /** Adds to each subroutine's size what it calls. SPIR-V has no recursion: the calls must not form a cycle. */
  #inline(calls: ReadonlyMap<number, readonly number[]>, sizes: Map<number, number>): void {
    // 1: on the way, 2: done. An explicit stack: chains may be long.
    const state = new Map<number, number>();
    for (const root of calls.keys()) {
      const stack = [root];
      while (stack.length > 0) {
        const at = stack[stack.length - 1], called = calls.get(at) ?? [];
        if (state.get(at) === undefined) {
          state.set(at, 1);
          for (const next of new Set(called)) {
            if (state.get(next) === 1) throw new ShaderError(0, "a subroutine calls itself");
            if (state.get(next) === undefined && calls.has(next)) stack.push(next);
          }
          continue;
        }
        stack.pop();
        if (state.get(at) === 2) continue;
        state.set(at, 2);
        sizes.set(at, called.reduce((sum, next) => sum + (sizes.get(next) ?? 0), sizes.get(at) ?? 0));
      }
    }
  }

  #emitSubroutines(end: number): void {
    const { instructions } = this.#c.shader;
    for (let i = end + 1; i < instructions.length; i++) {
      const { opcode: { name }, line } = instructions[i];
      const fn = this.#subroutines.get(i);
      if (fn === undefined) {
        if (name === "NOP" || name === "END") continue;
        throw new ShaderError(line, `${name} after END is in no subroutine`);
      }
      let last = i + 1;
      while (instructions[last].opcode.name !== "ENDSUB") last++;
      this.#body(i + 1, last, fn);
      i = last;
    }
  }

  #instruction(at: number): void {
    const c = this.#c;
    const instruction = c.shader.instructions[at];
    c.line = instruction.line;
    if (c.b.code.length > MAX_WORDS) throw c.error(`the module is longer than ${MAX_WORDS} words`);
    const { name, texture, memory } = instruction.opcode;
    if (this.#control(at, instruction)) return;
    if (!this.#flow.reachable) return;
    for (const { mask } of instruction.destinations) if (mask === 0) throw c.error("the write mask is empty");
    c.precise = instruction.precise;
    const row = ROWS.get(name);
    if (row !== undefined) {
      emitRow(c, instruction, row);
      return;
    }
    const special = FLOAT_SPECIAL.get(name);
    if (special !== undefined) special(c, instruction);
    else if (texture) this.#textures.emit(instruction);
    else if (memory) this.#memory.emit(instruction);
    else if (name.startsWith("INTERP_")) interpolate(c, this.#fragmentInputs, instruction);
    else if (!emitWide(c, instruction)) throw c.error(`${name} is not supported`);
  }

  /** Control flow. @returns whether the instruction was. */
  #control(at: number, instruction: Instruction): boolean {
    const c = this.#c;
    const flow = this.#flow;
    switch (instruction.opcode.name) {
      case "IF":
        flow.begin(() => Flow.condition(c, instruction, true));
        return true;
      case "UIF":
        flow.begin(() => Flow.condition(c, instruction, false));
        return true;
      case "ELSE":
        flow.otherwise();
        return true;
      case "ENDIF":
        flow.end();
        return true;
      case "BGNLOOP":
        flow.loop();
        return true;
      case "ENDLOOP":
        flow.endLoop();
        return true;
      case "BRK":
        flow.break();
        return true;
      case "CONT":
        flow.continue();
        return true;
      case "SWITCH":
        flow.switch(instruction, this.#cases(at));
        return true;
      case "CASE":
      case "DEFAULT":
        flow.case();
        return true;
      case "ENDSWITCH":
        flow.endSwitch();
        return true;
      case "KILL":
        this.#onlyFragment("KILL");
        flow.kill(undefined);
        return true;
      case "KILL_IF":
        this.#onlyFragment("KILL_IF");
        flow.kill(() => this.#negative(instruction));
        return true;
      case "DEMOTE":
        this.#onlyFragment("DEMOTE");
        flow.demote();
        return true;
      case "CAL":
        this.#call(instruction);
        return true;
      case "RET":
        // The last one of a shader without others ends it like END.
        if (c.shared) flow.return();
        return true;
      case "EMIT":
      case "ENDPRIM":
        this.#emit(instruction);
        return true;
      case "BARRIER":
        if (flow.reachable) barrier(c);
        return true;
      case "MEMBAR":
        if (flow.reachable) memoryBarrier(c, instruction);
        return true;
      case "NOP":
        return true;
      case "BGNSUB":
      case "ENDSUB":
      case "END":
        throw c.error(`${instruction.opcode.name} is out of place`);
    }
    return false;
  }

  #emit(instruction: Instruction): void {
    const c = this.#c;
    const { name } = instruction.opcode;
    if (this.#vertexOutputs === undefined || c.shader.stage !== "geometry") {
      throw c.error(`${name} is for geometry shaders`);
    }
    if (!this.#flow.reachable) return;
    if (name === "EMIT") this.#vertexOutputs.write();
    emitVertex(c, instruction, c.info.usesStreams);
  }

  #onlyFragment(name: string): void {
    if (this.#c.shader.stage !== "fragment") throw this.#c.error(`${name} is for fragment shaders`);
  }

  /** Whether any component of a source is below zero. */
  #negative({ sources: [source] }: Instruction): number {
    const c = this.#c;
    const { b } = c;
    const distinct = COMPONENTS[15].filter((i) => source.swizzle.indexOf(source.swizzle[i]) === i);
    const n = distinct.length;
    const below = b.op(Op.FOrdLessThan, b.bool(n), c.fetch(source, FLOAT, distinct), b.splat(FLOAT, 0, n));
    return n === 1 ? below : b.op(Op.Any, b.bool(), below);
  }

  #call({ label }: Instruction): void {
    const c = this.#c;
    const fn = this.#subroutines.get(label);
    if (fn === undefined) throw c.error(`${label} is no subroutine`);
    if (!this.#flow.reachable) return;
    c.b.op(Op.FunctionCall, c.b.void, fn);
    c.epoch++;
  }

  /** The CASE and DEFAULT words of a SWITCH; undefined for DEFAULT. */
  #cases(at: number): (Instruction | undefined)[] {
    const c = this.#c;
    const { instructions } = c.shader;
    const cases: (Instruction | undefined)[] = [];
    let depth = 0;
    for (let i = at + 1; i < instructions.length; i++) {
      const { name } = instructions[i].opcode;
      if (name === "SWITCH") depth++;
      else if (name === "ENDSWITCH" && depth-- === 0) return cases;
      else if (depth === 0 && name === "CASE") cases.push(instructions[i]);
      else if (depth === 0 && name === "DEFAULT") cases.push(undefined);
    }
    throw c.error("SWITCH has no ENDSWITCH");
  }
}
