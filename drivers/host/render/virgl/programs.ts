/**
 * Programs: the shaders that are bound together, with the layout of their resources and the pipelines that were made of them.
 * A program goes with the first of its shaders that goes.
 * @module
 */

import { VIRGL_SHADER_GEOMETRY, VIRGL_SHADER_TESS_EVAL, VIRGL_SHADER_VERTEX } from "../../../../uapi/virgl_protocol.ts";
import { Semantic, semanticKey } from "../../shader/tgsi/mod.ts";
import type { Budget } from "./budget.ts";
import type { Engine } from "./engine.ts";
import { KeyTable } from "./key_table.ts";
import type { ProgramLayout } from "./layouts.ts";
import { LIMITS } from "./limits.ts";
import type { Shader } from "./objects/shader.ts";
import { PIPELINE_WORDS } from "./pipeline_key.ts";
import type { Pipeline } from "./pipelines.ts";
import { badShader } from "./refusal.ts";

/** Words of a program's key: a shader's id for each graphics stage, or the compute stage's alone. */
const PROGRAM_WORDS = 6;

/** Shaders that are bound together. */
export class Program {
  /** By VIRGL_SHADER_*. */
  readonly shaders: readonly (Shader | undefined)[];
  /** Where their resources are. */
  readonly layout: ProgramLayout;
  /** The last stage before the rasterizer. */
  readonly last: number;
  /** Pipelines, by PIPELINE_WORDS words. */
  readonly pipelines: KeyTable<Pipeline> = new KeyTable(PIPELINE_WORDS);
  /** Whether some stage reads gl_DrawID. */
  readonly usesDrawId: boolean;
  /** Whether several viewports are used. */
  readonly viewports: number;
  readonly key: Int32Array;

  /** For ProgramCache. */
  constructor(engine: Engine, key: Int32Array, shaders: readonly (Shader | undefined)[]) {
    this.key = key;
    this.shaders = shaders;
    const used = shaders.filter((shader) => shader !== undefined);
    checkGeometryInputs(shaders, engine.gpu.limits.maxGeometryInputComponents);
    this.layout = engine.layouts.get(used.map(({ stage, info }) => ({ stage, info })));
    this.last = shaders[VIRGL_SHADER_GEOMETRY] !== undefined
      ? VIRGL_SHADER_GEOMETRY
      : shaders[VIRGL_SHADER_TESS_EVAL] !== undefined
      ? VIRGL_SHADER_TESS_EVAL
      : VIRGL_SHADER_VERTEX;
    this.usesDrawId = used.some(({ info }) => info.systemValues.has(Semantic.DRAWID));
    this.viewports = shaders[this.last]?.info.writesViewportIndex === true && engine.gpu.has.multiViewport
      ? Math.min(16, engine.gpu.limits.maxViewports)
      : 1;
  }
}

/** A geometry shader's inputs have the locations of what was written before it; a GPU may have fewer of them there. */
function checkGeometryInputs(shaders: readonly (Shader | undefined)[], components: number): void {
  const geometry = shaders[VIRGL_SHADER_GEOMETRY];
  const producer = shaders[VIRGL_SHADER_TESS_EVAL] ?? shaders[VIRGL_SHADER_VERTEX];
  if (geometry === undefined || producer === undefined) return;
  for (const { name, index } of geometry.info.inputs) {
    const location = producer.outputs.get(semanticKey(name, index));
    if (location !== undefined && (location + 1) * 4 > components) {
      throw badShader(
        `Cannot link a geometry shader: its input ${location} is beyond the GPU's ${components} components`,
      );
    }
  }
}

/** The programs of a sub-context. */
export class ProgramCache implements Disposable {
  readonly #engine: Engine;
  readonly #programs = new KeyTable<Program>(PROGRAM_WORDS);
  readonly #key = new Int32Array(PROGRAM_WORDS);
  readonly #budget: Budget;

  /** None yet. */
  constructor(engine: Engine, budget: Budget) {
    this.#engine = engine;
    this.#budget = budget;
  }

  /** The program of some shaders. @param shaders by VIRGL_SHADER_*. @param compute whether that stage, or all others, count */
  get(shaders: readonly (Shader | undefined)[], compute: boolean): Program {
    const key = this.#key;
    for (let i = 0; i < 5; i++) key[i] = compute ? 0 : shaders[i]?.id ?? 0;
    key[5] = compute ? shaders[5]?.id ?? 0 : 0;
    return this.#programs.get(key) ?? this.#make(shaders, compute);
  }

  #make(shaders: readonly (Shader | undefined)[], compute: boolean): Program {
    if (this.#programs.size >= LIMITS.programs) this.#forgetAll();
    const key = this.#key.slice();
    const list = shaders.map((shader, stage) => (stage === 5) === compute ? shader : undefined);
    const program = new Program(this.#engine, key, list);
    this.#programs.set(key, program);
    for (const shader of list) shader?.programs.add(program);
    return program;
  }

  /** Adds a pipeline to a program of this cache. @throws {DrmError} ENOMEM if other sub-contexts have all that there may be */
  addPipeline(program: Program, key: Int32Array, pipeline: Pipeline): void {
    if (!this.#budget.has("pipelines", 1)) {
      for (const other of this.#programs.values()) this.#forgetPipelines(other);
    }
    try {
      this.#budget.take("pipelines", 1);
    } catch (error) {
      this.#engine.recorder.disposeLater(pipeline);
      throw error;
    }
    program.pipelines.set(key, pipeline);
  }

  /** Forgets a program; one of its shaders goes. */
  remove(program: Program): void {
    this.#programs.delete(program.key);
    this.#letGo(program);
  }

  #forgetAll(): void {
    for (const program of this.#programs.values()) this.#letGo(program);
    this.#programs.clear();
  }

  #letGo(program: Program): void {
    for (const shader of program.shaders) shader?.programs.delete(program);
    this.#forgetPipelines(program);
    const { layouts, recorder } = this.#engine;
    recorder.disposeLater({ [Symbol.dispose]: () => layouts.drop(program.layout) });
  }

  #forgetPipelines(program: Program): void {
    this.#budget.give("pipelines", program.pipelines.size);
    for (const pipeline of program.pipelines.values()) this.#engine.recorder.disposeLater(pipeline);
    program.pipelines.clear();
  }

  /** Lets go of all. */
  [Symbol.dispose](): void {
    this.#forgetAll();
  }
}
