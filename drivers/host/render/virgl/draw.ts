/**
 * DRAW_VBO: brings what changed of a sub-context's state to the GPU, and records the draw. This is the hot path: nothing here
 * allocates unless something new is bound.
 * @module
 */

import { PIPE_PRIM_MAX } from "../../../../uapi/pipe.ts";
import { VIRGL_CCMD_DRAW_VBO } from "../../../../uapi/virgl_protocol.ts";
import { VK_PIPELINE_BIND_POINT_GRAPHICS, type Vulkan } from "../../vulkan/mod.ts";
import { Bindings, ConstantPlaces } from "./bindings.ts";
import type { VirglContext } from "./context.ts";
import {
  DIRTY_CONSTANTS,
  DIRTY_DRIVER_CONSTANTS,
  DIRTY_DSA,
  DIRTY_FRAMEBUFFER,
  DIRTY_INDEX_BUFFER,
  DIRTY_PIPELINE,
  DIRTY_PROGRAM,
  DIRTY_SAMPLERS,
  DIRTY_SCISSOR,
  DIRTY_STORAGE,
  DIRTY_UNIFORM_BUFFERS,
  DIRTY_VARIANTS,
  DIRTY_VERTEX_BUFFERS,
  DIRTY_VIEWPORT,
} from "./dirty.ts";
import { checkProgram, fillKey } from "./draw_key.ts";
import { readIndirect } from "./draw_indirect.ts";
import { DrawPasses } from "./draw_passes.ts";
import { DrawUses } from "./draw_uses.ts";
import { DynamicState } from "./dynamic_state.ts";
import type { Engine } from "./engine.ts";
import { Framebuffer } from "./framebuffer.ts";
import type { CommandHandlers } from "./handlers.ts";
import { ImpliedControls } from "./implied_control.ts";
import { IndexBinding } from "./index_binding.ts";
import { INDEX_RESTARTS, INDEX_REWRITE, indexFlags, IndexRewriter } from "./index_rewrite.ts";
import { LIMITS } from "./limits.ts";
import type { Blend } from "./objects/blend.ts";
import type { Rasterizer } from "./objects/rasterizer.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import { PIPELINE_WORDS, TOPOLOGIES, TOPOLOGY_CLASSES, TOPOLOGY_PATCHES } from "./pipeline_key.ts";
import { makePipeline, type Pipeline } from "./pipelines.ts";
import type { Program } from "./programs.ts";
import { Queries } from "./queries.ts";
import type { Recorder } from "./recorder.ts";
import { badCommand } from "./refusal.ts";
import { moduleOf } from "./shader_variants.ts";
import { StorageBindings } from "./storage.ts";
import type { SubContext } from "./sub_context.ts";
import { VertexInput } from "./vertex_input.ts";

// Words of DRAW_VBO.
const START = 0, COUNT = 1, MODE = 2, INDEXED = 3, INSTANCES = 4, BIAS = 5, FIRST_INSTANCE = 6, RESTART = 7;
const RESTART_INDEX = 8, MIN_INDEX = 9, MAX_INDEX = 10, COUNT_FROM_SO = 11, PATCH_VERTICES = 12, DRAW_ID = 13;
const INDIRECT = 14;

/** Draws. */
export class DrawPath {
  readonly #engine: Engine;
  readonly #vk: Vulkan;
  readonly #recorder: Recorder;
  readonly #bindings: Bindings;
  readonly #vertices: VertexInput;
  readonly #dynamic: DynamicState;
  readonly #uses: DrawUses;
  readonly #passes: DrawPasses;
  readonly #indexBinding: IndexBinding;
  readonly #places = new ConstantPlaces();
  readonly #key = new Int32Array(PIPELINE_WORDS);
  readonly #pointSizes: readonly [number, number];
  // What the command buffer has, if `engine.owner` is the sub-context that draws.
  #submission = 0;
  #mode = -1;
  #restart = -1;
  #patchVertices = 0;
  #drawId = 0;
  #pointSize = 0;
  #pipeline: Pipeline | undefined;
  #vertexCount = -1;
  #viewports = 0;
  #feedback = false;
  // What a draw says of its indices.
  #least = 0;
  #greatest = 0xffff_ffff;
  readonly #indices = new IndexRewriter();
  #first = 0;
  #count = 0;
  #instances = 0;
  #bias = 0;
  #firstInstance = 0;

  /** Prepares. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#vk = engine.gpu.vk;
    this.#recorder = engine.recorder;
    this.#bindings = new Bindings(engine);
    this.#passes = new DrawPasses(engine);
    this.#indexBinding = new IndexBinding(engine.gpu.vk);
    this.#vertices = new VertexInput(engine);
    this.#dynamic = new DynamicState(engine);
    this.#uses = new DrawUses(engine, this.#vertices, this.#bindings);
    const { limits, has } = engine.gpu;
    this.#pointSizes = has.largePoints ? [limits.pointSizeRange[0], limits.pointSizeRange[1]] : [1, 1];
  }

  /** Executes DRAW_VBO. @throws {VirglRefusal} */
  draw(context: VirglContext, words: Uint32Array, at: number, length: number): void {
    const sub = context.current, mode = words[at + MODE];
    this.#recorder.breathe();
    if (mode >= PIPE_PRIM_MAX || TOPOLOGIES[mode] < 0) {
      throw badCommand(`Cannot draw primitive ${mode}: the capability set does not offer it`);
    }
    if (sub.condition !== undefined && !sub.condition.passes()) return;
    const patchVertices = length > PATCH_VERTICES ? words[at + PATCH_VERTICES] : 0;
    const drawId = length > DRAW_ID ? words[at + DRAW_ID] : 0;
    const indexed = words[at + INDEXED] !== 0, restart = words[at + RESTART_INDEX];
    const flags = indexed ? indexFlags(this.#engine.gpu, sub, mode, words[at + RESTART] !== 0, restart) : 0;
    if (length > INDIRECT && words[at + INDIRECT] !== 0) {
      this.#least = 0;
      this.#greatest = 0xffff_ffff;
      readIndirect(context, words, at, indexed, (count, instances, first, bias, instance, number) => {
        const from = indexed ? first * sub.indexBuffer.length : first, kind = indexed ? flags : -1;
        this.#draw(sub, mode, patchVertices, drawId + number, kind, restart, from, count, instances, bias, instance);
      });
      return;
    }
    let count = words[at + COUNT];
    const instances = words[at + INSTANCES];
    if (words[at + COUNT_FROM_SO] !== 0) count = words[at + COUNT_FROM_SO];
    // The offset of an index buffer has the start in it.
    const first = indexed ? sub.indexBuffer.offset : words[at + START];
    this.#least = words[at + MIN_INDEX];
    this.#greatest = words[at + MAX_INDEX];
    const bias = words[at + BIAS] | 0, instance = words[at + FIRST_INSTANCE], kind = indexed ? flags : -1;
    this.#draw(sub, mode, patchVertices, drawId, kind, restart, first, count, instances, bias, instance);
  }

  /**
   * @param flags INDEX_* bits, -1 for draws without indices. @param first the first vertex, or the first index's byte offset
   */
  #draw(
    sub: SubContext,
    mode: number,
    patchVertices: number,
    drawId: number,
    flags: number,
    restart: number,
    first: number,
    count: number,
    instances: number,
    bias: number,
    firstInstance: number,
  ): void {
    const indexed = flags >= 0;
    if (count === 0 || instances === 0) return;
    if (indexed) {
      const { resource, length: size } = sub.indexBuffer;
      if (resource?.buffer === undefined) throw badCommand("Cannot draw: no index buffer is bound");
      count = Math.min(count, Math.floor((resource.buffer.size - first) / size));
      if (count <= 0) return;
    }
    if (count * instances > LIMITS.vertices) throw badCommand(`Cannot draw ${instances} times ${count} vertices`);
    this.#ready(sub);
    this.own(sub);
    if (indexed) {
      const end = this.#greatest === 0xffff_ffff ? Infinity : this.#greatest + bias + 1;
      this.#vertices.repack(sub, this.#least + bias, end, firstInstance, instances);
    } else this.#vertices.repack(sub, first, first + count, firstInstance, instances);
    const rewritten = indexed && (flags & INDEX_REWRITE) !== 0, indices = this.#indices;
    if (rewritten) {
      indices.rewrite(this.#engine, sub, first, count, flags, restart, mode, patchVertices);
      count = indices.count;
      if (count === 0) return;
    }
    this.#first = !indexed ? first : rewritten ? indices.first : first / sub.indexBuffer.length;
    this.#count = count;
    this.#instances = instances;
    this.#bias = bias;
    this.#firstInstance = firstInstance;
    const passes = this.#passes;
    if (!passes.begin(sub, mode)) return this.#record(sub, mode, patchVertices, drawId, flags, rewritten, false);
    try {
      for (let again = false; passes.next(sub); again = true) {
        this.#record(sub, mode, patchVertices, drawId, flags, rewritten, again);
      }
    } finally {
      passes.end(sub);
    }
  }

  /** @param again whether the same primitives are drawn once more: they are neither captured nor counted */
  #record(
    sub: SubContext,
    mode: number,
    patchVertices: number,
    drawId: number,
    flags: number,
    rewritten: boolean,
    again: boolean,
  ): void {
    const indexed = flags >= 0, count = this.#count, instances = this.#instances;
    const commands = this.#prepare(sub, mode, patchVertices, drawId, flags, indexed && !rewritten);
    if (rewritten) {
      this.#indexBinding.once(this.#indices.handle, commands);
      sub.dirty |= DIRTY_INDEX_BUFFER;
    }
    const hooks = sub.drawHooks, queries = again ? sub.extraIfAny(Queries) : undefined;
    queries?.pause(commands);
    for (let i = 0; i < hooks.length && !again; i++) hooks[i].before(commands, mode);
    if (indexed) {
      this.#vk.vkCmdDrawIndexed(commands, count, instances, this.#first, this.#bias, this.#firstInstance);
    } else this.#vk.vkCmdDraw(commands, count, instances, this.#first, this.#firstInstance);
    for (let i = 0; i < hooks.length && !again; i++) hooks[i].after(commands, mode, count, instances);
    queries?.resume(commands);
    this.#recorder.work++;
  }

  // Without attachments and size nothing is seen, but queries count, and shaders store and are captured.
  #ready(sub: SubContext): void {
    const { width, height, layers } = sub.framebuffer;
    if (width > 0 && height > 0 && layers > 0) return;
    sub.framebuffer[Symbol.dispose]();
    sub.framebuffer = new Framebuffer([], undefined, 1, 1, 1, 1);
    sub.dirty |= DIRTY_FRAMEBUFFER | DIRTY_PIPELINE | DIRTY_VARIANTS | DIRTY_SCISSOR | DIRTY_DSA;
  }

  /** Makes a sub-context the owner of the command buffer's state. */
  own(sub: SubContext): void {
    const engine = this.#engine, { submission } = this.#recorder;
    if (engine.owner === sub && this.#submission === submission) return;
    engine.owner = sub;
    this.#submission = submission;
    sub.dirtyAll();
    this.#mode = this.#restart = this.#vertexCount = -1;
    this.#indexBinding.forget();
    this.#pipeline = undefined;
    this.#viewports = 0;
    this.#places.sizes.fill(0);
  }

  #prepare(
    sub: SubContext,
    mode: number,
    patchVertices: number,
    drawId: number,
    flags: number,
    indexed: boolean,
  ): bigint {
    this.own(sub);
    const { rasterizer, dsa, blend, vertexElements: elements } = sub;
    if (rasterizer === undefined || dsa === undefined || blend === undefined || elements === undefined) {
      throw badCommand("Cannot draw: a blend, depth, rasterizer or vertex state is missing");
    }
    if (mode !== this.#mode) this.#primitive(sub, mode);
    if (TOPOLOGY_CLASSES[mode] === TOPOLOGY_PATCHES && patchVertices !== this.#patchVertices) {
      this.#patches(sub, patchVertices);
    }
    if ((sub.dirty & DIRTY_PROGRAM) !== 0) this.#program(sub);
    const program = sub.program as Program;
    if (program.usesDrawId && drawId !== this.#drawId) sub.dirty |= DIRTY_DRIVER_CONSTANTS;
    this.#drawId = drawId;
    if ((sub.dirty & (DIRTY_PROGRAM | DIRTY_VARIANTS)) !== 0) {
      checkProgram(program, mode, rasterizer.discard);
      this.#modules(sub, program, mode);
    }
    const pipeline = (sub.dirty & DIRTY_PIPELINE) !== 0 || this.#pipeline === undefined
      ? this.#findPipeline(sub, program, rasterizer, blend, elements, mode)
      : this.#pipeline;
    const commands = this.#uses.enter(sub, program, elements, indexed);
    if (pipeline !== this.#pipeline) {
      this.#vk.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline.handle);
      this.#pipeline = pipeline;
    }
    if (mode !== this.#mode) {
      this.#vk.vkCmdSetPrimitiveTopology(commands, TOPOLOGIES[mode]);
      this.#mode = mode;
    }
    const restart = (flags & INDEX_RESTARTS) !== 0 && flags > 0 ? 1 : 0;
    if (restart !== this.#restart) {
      this.#vk.vkCmdSetPrimitiveRestartEnable(commands, restart);
      this.#restart = restart;
    }
    const { dirty } = sub;
    if (program.viewports !== this.#viewports) {
      this.#viewports = program.viewports;
      this.#dynamic.set(sub, rasterizer, dsa, dirty | DIRTY_VIEWPORT | DIRTY_SCISSOR, program.viewports, commands);
    } else this.#dynamic.set(sub, rasterizer, dsa, dirty, program.viewports, commands);
    this.#bind(sub, program, rasterizer, elements, commands, indexed);
    return commands;
  }

  // Another primitive: pipelines of another class, modules of another kind when points come or go.
  #primitive(sub: SubContext, mode: number): void {
    const before = this.#mode;
    if (before < 0 || TOPOLOGY_CLASSES[before] !== TOPOLOGY_CLASSES[mode]) sub.dirty |= DIRTY_VARIANTS | DIRTY_PIPELINE;
    else if (sub.program?.shaders[2] !== undefined) sub.dirty |= DIRTY_VARIANTS;
  }

  #patches(sub: SubContext, vertices: number): void {
    if (vertices === 0 || vertices > this.#engine.gpu.limits.maxTessellationPatchSize) {
      throw badCommand(`Cannot draw patches of ${vertices} vertices`);
    }
    this.#patchVertices = vertices;
    sub.dirty |= DIRTY_VARIANTS | DIRTY_PIPELINE | DIRTY_DRIVER_CONSTANTS | DIRTY_PROGRAM;
  }

  #program(sub: SubContext): void {
    // A patch's vertices are part of a control shader that is implied.
    const shaders = ImpliedControls.needed(sub)
      ? sub.extra(ImpliedControls).complete(Math.max(1, this.#patchVertices))
      : sub.shaders;
    const program = sub.programs.get(shaders, false);
    if (program === sub.program && this.#pipeline !== undefined) {
      // The same as before: nothing that depends on it changed.
      sub.dirty &= ~DIRTY_PROGRAM;
      return;
    }
    sub.program = program;
    sub.dirty |= DIRTY_VARIANTS | DIRTY_PIPELINE | DIRTY_CONSTANTS | DIRTY_UNIFORM_BUFFERS | DIRTY_SAMPLERS |
      DIRTY_STORAGE | DIRTY_VERTEX_BUFFERS;
  }

  #modules(sub: SubContext, program: Program, mode: number): void {
    const { shaders } = program, { modules } = sub;
    this.#feedback = sub.drawHooks.length > 0;
    for (let stage = 0; stage < 5; stage++) {
      const shader = shaders[stage];
      const module = shader === undefined
        ? undefined
        : moduleOf(sub, program, shader, mode, this.#patchVertices, this.#feedback);
      if (module === modules[stage]) continue;
      modules[stage] = module;
      sub.dirty |= DIRTY_PIPELINE;
    }
  }

  #findPipeline(
    sub: SubContext,
    program: Program,
    rasterizer: Rasterizer,
    blend: Blend,
    elements: VertexElements,
    mode: number,
  ): Pipeline {
    const key = this.#key;
    fillKey(key, this.#engine.gpu, sub, program, rasterizer, blend, elements, mode, this.#patchVertices);
    let pipeline = program.pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = makePipeline(this.#engine, program, key, sub.modules, elements);
      sub.programs.addPipeline(program, key, pipeline);
    }
    return pipeline;
  }

  #bind(
    sub: SubContext,
    program: Program,
    rasterizer: Rasterizer,
    elements: VertexElements,
    commands: bigint,
    indexed: boolean,
  ): void {
    const { dirty } = sub, bindings = this.#bindings, places = this.#places;
    let left = 0;
    const [least, most] = this.#pointSizes;
    const pointSize = Math.min(Math.max(rasterizer.pointSize, least), most);
    let uniforms = (dirty & DIRTY_UNIFORM_BUFFERS) !== 0;
    if ((dirty & (DIRTY_DRIVER_CONSTANTS | DIRTY_FRAMEBUFFER)) !== 0 || pointSize !== this.#pointSize) {
      this.#pointSize = pointSize;
      bindings.driverConstants(sub, pointSize, this.#drawId, this.#patchVertices, places);
      uniforms = true;
    }
    if ((dirty & DIRTY_CONSTANTS) !== 0 && bindings.constants(sub, program, places)) uniforms = true;
    if (uniforms) bindings.bindUniforms(sub, program, places, commands, VK_PIPELINE_BIND_POINT_GRAPHICS);
    if ((dirty & DIRTY_SAMPLERS) !== 0) {
      bindings.bindTextures(sub, program, commands, VK_PIPELINE_BIND_POINT_GRAPHICS);
    }
    if ((dirty & DIRTY_STORAGE) !== 0 && program.layout.sets[2].slots.length > 0) {
      bindings.bindStorage(sub.extra(StorageBindings), program, commands, VK_PIPELINE_BIND_POINT_GRAPHICS);
    }
    const inputs = program.shaders[0]?.inputCount ?? 0;
    if ((dirty & DIRTY_VERTEX_BUFFERS) !== 0 || inputs !== this.#vertexCount) {
      this.#vertices.bind(sub, elements, inputs, commands);
      this.#vertexCount = inputs;
    }
    if ((dirty & DIRTY_INDEX_BUFFER) !== 0) {
      if (indexed) this.#indexBinding.bind(sub, commands);
      else left |= DIRTY_INDEX_BUFFER;
    }
    sub.dirty = left;
  }
}

/** The commands of this file. */
export const drawCommands: CommandHandlers = {
  [VIRGL_CCMD_DRAW_VBO]: (context, words, at, length) => context.engine.draws.draw(context, words, at, length),
};
