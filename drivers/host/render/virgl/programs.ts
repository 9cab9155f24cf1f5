/**
 * Programs: the shaders that are bound together, with the layout of their resources and the pipelines that were made of them.
 * A program goes with the first of its shaders that goes.
 * @module
 */

import { VIRGL_SHADER_GEOMETRY, VIRGL_SHADER_TESS_EVAL, VIRGL_SHADER_VERTEX } from "../../../../uapi/virgl_protocol.ts";
import { geometryLocations, Semantic, semanticKey } from "../../shader/tgsi/mod.ts";
import type { Budget } from "./budget.ts";
import type { Engine } from "./engine.ts";
import { KeyTable } from "./key_table.ts";
import type { ProgramLayout } from "./layouts.ts";
import { LIMITS } from "./limits.ts";
import type { Link, Shader } from "./objects/shader.ts";
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
  readonly #beforeGeometry: Shader | undefined;
  readonly #geometryLink: Link | undefined;

  /** For ProgramCache. */
  constructor(engine: Engine, key: Int32Array, shaders: readonly (Shader | undefined)[]) {
    this.key = key;
    this.shaders = shaders;
    const used = shaders.filter((shader) => shader !== undefined);
    const geometry = shaders[VIRGL_SHADER_GEOMETRY];
    const before = shaders[VIRGL_SHADER_TESS_EVAL] ?? shaders[VIRGL_SHADER_VERTEX];
    if (geometry !== undefined && before !== undefined) {
      this.#beforeGeometry = before;
      this.#geometryLink = geometryLink(before, geometry, engine.gpu.geometryInputs);
    }
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

  /** How one of its shaders hands its outputs on. */
  linkOf(shader: Shader): Link {
    return this.#geometryLink !== undefined && shader === this.#beforeGeometry ? this.#geometryLink : shader.link;
  }
}

/**
 * How outputs reach a geometry shader that would read locations which the GPU has not there: all that it does not read is left out.
 * @returns undefined if they are as elsewhere
 * @throws {VirglRefusal} if it reads more than there can be
 */
function geometryLink(producer: Shader, geometry: Shader, components: number): Link | undefined {
  const { outputs } = producer.link, most = components >>> 2;
  const fits = geometry.info.inputs.every(({ name, index }) => (outputs.get(semanticKey(name, index)) ?? 0) < most);
  if (fits) return undefined;
  const locations = geometryLocations(outputs, geometry.info, most);
  if (locations === undefined) {
    throw badShader(`Cannot link a geometry shader: it reads more than the GPU's ${components} components`);
  }
  return producer.linked(locations);
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
