/**
 * A sub-context: the objects and the bound state of one GL context of the guest. Mirrors virglrenderer's vrend_sub_context.
 * @module
 */

import { U32Map } from "../../../../core/u32_map.ts";
import type { Budget } from "./budget.ts";
import { DIRTY_ALL } from "./dirty.ts";
import type { DrawCondition, DrawHook } from "./draw_hook.ts";
import type { Engine } from "./engine.ts";
import { Framebuffer } from "./framebuffer.ts";
import { Numbering } from "./numbering.ts";
import type { VirglObject } from "./object.ts";
import type { Blend } from "./objects/blend.ts";
import type { Dsa } from "./objects/dsa.ts";
import type { Rasterizer } from "./objects/rasterizer.ts";
import type { SamplerState } from "./objects/sampler_state.ts";
import type { SamplerView } from "./objects/sampler_view.ts";
import type { Module, PendingShader, Shader } from "./objects/shader.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import { type Program, ProgramCache } from "./programs.ts";
import { badHandle } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";

/** Stages of a virgl context: VIRGL_SHADER_*. */
export const STAGES = 6;
/** Units of sampler views and samplers that a shader can name. */
export const UNITS = 32;
/** Constant slots of a stage. */
export const UNIFORM_SLOTS = 32;
/** Storage buffers, and images, of a stage. */
export const STORAGE_SLOTS = 32;

/** A part of a buffer that is bound. */
export class BufferBinding {
  /** The buffer; undefined for nothing. */
  resource: VirglResource | undefined;
  /** First byte. */
  offset = 0;
  /** Bytes. */
  length = 0;

  /** Binds another buffer, or nothing. */
  set(resource: VirglResource | undefined, offset: number, length: number): void {
    resource?.ref();
    this.resource?.unref();
    this.resource = resource;
    this.offset = offset;
    this.length = length;
  }
}

/** CONST[0] of a stage, as SET_CONSTANT_BUFFER brought it. */
export class Constants {
  /** The words; grows, 16384 at most. */
  words: Uint32Array<ArrayBuffer> = new Uint32Array(256);
  /** How many count. */
  count = 0;
}

/** Objects and state. */
export class SubContext implements Disposable {
  /** What it executes with. */
  readonly engine: Engine;
  /** What its context may have. */
  readonly budget: Budget;
  /** DIRTY_* bits. */
  dirty: number = DIRTY_ALL;

  /** Blending; undefined before the first is bound. */
  blend: Blend | undefined;
  /** Depth, stencil and alpha tests. */
  dsa: Dsa | undefined;
  /** Rasterization. */
  rasterizer: Rasterizer | undefined;
  /** Vertex elements. */
  vertexElements: VertexElements | undefined;
  /** Shaders by VIRGL_SHADER_*. */
  readonly shaders: (Shader | undefined)[] = new Array(STAGES).fill(undefined);
  /** Sampler views by stage * UNITS + unit. */
  readonly samplerViews: (SamplerView | undefined)[] = new Array(STAGES * UNITS).fill(undefined);
  /** Samplers by stage * UNITS + unit. */
  readonly samplers: (SamplerState | undefined)[] = new Array(STAGES * UNITS).fill(undefined);
  /** Attachments. Never undefined: one without attachments is a framebuffer, too. */
  framebuffer: Framebuffer;
  /** Scale xyz and translate xyz of 16 viewports. */
  readonly viewports: Float32Array<ArrayBuffer> = new Float32Array(16 * 6);
  /** minx, miny, maxx, maxy of 16 scissors. */
  readonly scissors: Int32Array<ArrayBuffer> = new Int32Array(16 * 4);
  /** Vertex buffers: `length` is the stride. */
  readonly vertexBuffers: BufferBinding[] = Array.from({ length: 32 }, () => new BufferBinding());
  /** The index buffer: `length` is the bytes of an index. */
  readonly indexBuffer: BufferBinding = new BufferBinding();
  /** CONST[0] by VIRGL_SHADER_*. */
  readonly constants: Constants[] = Array.from({ length: STAGES }, () => new Constants());
  /** Stages whose `constants` changed, a mask. */
  dirtyConstants = 0;
  /** Buffers behind constant slots, by stage * UNIFORM_SLOTS + slot; slot 0 is used instead of `constants` if it is bound. */
  readonly uniformBuffers: BufferBinding[] = Array.from(
    { length: STAGES * UNIFORM_SLOTS },
    () => new BufferBinding(),
  );
  /** Storage buffers by stage * STORAGE_SLOTS + slot. */
  readonly storageBuffers: BufferBinding[] = Array.from(
    { length: STAGES * STORAGE_SLOTS },
    () => new BufferBinding(),
  );
  /** RGBA of BLEND_COLOR factors. */
  readonly blendColor: Float32Array<ArrayBuffer> = new Float32Array(4);
  /** Front and back stencil reference. */
  stencilFront = 0;
  /** Back stencil reference. */
  stencilBack = 0;
  /** Samples that may be written. */
  sampleMask = 0xffff_ffff;
  /** The only sample that the draw at hand is to cover, with all moved by its distance from the pixel's middle; -1 for all, as usual. */
  sample = -1;
  /** Least samples to shade. */
  minSamples = 0;
  /** Rows of the polygon stipple. */
  readonly polygonStipple: Uint32Array<ArrayBuffer> = new Uint32Array(32).fill(0xffff_ffff);
  /** 8 user clip planes. */
  readonly clipPlanes: Float32Array<ArrayBuffer> = new Float32Array(32);
  /** Default tessellation levels: 4 outer, 2 inner. */
  readonly tessLevels: Float32Array<ArrayBuffer> = new Float32Array(6).fill(1);
  /** What acts around draws: transform feedback. Seldom any. */
  readonly drawHooks: DrawHook[] = [];
  /** The program of the bound shaders, once DIRTY_PROGRAM was seen to. */
  program: Program | undefined;
  /** Its modules, by VIRGL_SHADER_*, once DIRTY_VARIANTS was seen to. */
  readonly modules: (Module | undefined)[] = new Array(5).fill(undefined);
  /** Programs of its shaders. */
  readonly programs: ProgramCache;
  /** Numbers of what shaders pass on. */
  readonly interfaces: Numbering;
  /** Whether commands are executed: SET_RENDER_CONDITION, if it is to be decided here. */
  condition: DrawCondition | undefined;
  /** Numbers of vertex layouts. */
  readonly vertexLayouts: Numbering;
  /** Shaders whose continuation packets are still to come, by VIRGL_SHADER_*. */
  readonly pendingShaders: (PendingShader | undefined)[] = new Array(STAGES).fill(undefined);
  /** State of what else acts on a sub-context (queries, conditions, targets), by its class; disposed of with it. */
  readonly #extras = new Map<unknown, Disposable>();
  readonly #objects = new U32Map<VirglObject>();

  /** An empty one. */
  constructor(engine: Engine, budget: Budget) {
    this.engine = engine;
    this.budget = budget;
    this.framebuffer = Framebuffer.none;
    this.interfaces = new Numbering(budget);
    this.vertexLayouts = new Numbering(budget);
    this.programs = new ProgramCache(engine, budget);
  }

  /** Everything has to be made the GPU's anew. */
  dirtyAll(): void {
    this.dirty = DIRTY_ALL;
    this.dirtyConstants = (1 << STAGES) - 1;
  }

  /**
   * A piece of state that another file keeps for this sub-context, made when first asked for.
   * @param of its class, whose constructor takes the sub-context
   */
  extra<T extends Disposable>(of: new (sub: SubContext) => T): T {
    let extra = this.#extras.get(of);
    if (extra === undefined) this.#extras.set(of, extra = new of(this));
    return extra as T;
  }

  /** As `extra`, but undefined if nobody asked for it yet. */
  extraIfAny<T extends Disposable>(of: new (sub: SubContext) => T): T | undefined {
    return this.#extras.get(of) as T | undefined;
  }

  /** An object by its handle; undefined for 0 and for a handle that names nothing. */
  object(handle: number): VirglObject | undefined {
    return handle === 0 ? undefined : this.#objects.get(handle);
  }

  /** Gives an object its handle. One that the handle named before is dropped. @throws {VirglRefusal} for handle 0, or too many */
  addObject(handle: number, object: VirglObject): void {
    const old = this.object(handle);
    if (handle === 0 || (old === undefined && !this.budget.has("objects", 1))) {
      object.drop();
      throw badHandle(
        handle === 0
          ? "Cannot make an object with handle 0"
          : `Cannot make object ${handle}: there are ${this.budget.used("objects")}`,
      );
    }
    if (old === undefined) this.budget.take("objects", 1);
    this.#objects.set(handle, object);
    old?.drop();
  }

  /** Ends a handle; what is bound stays so. Nothing happens for one that names nothing. */
  destroyObject(handle: number): void {
    const object = this.object(handle);
    if (object === undefined) return;
    this.#objects.delete(handle);
    this.budget.give("objects", 1);
    object.drop();
  }

  /** Lets go of everything. */
  [Symbol.dispose](): void {
    for (const extra of this.#extras.values()) extra[Symbol.dispose]();
    this.#extras.clear();
    if (this.engine.owner === this) this.engine.disown();
    this.framebuffer[Symbol.dispose]();
    this.framebuffer = Framebuffer.none;
    for (const list of [this.vertexBuffers, this.uniformBuffers, this.storageBuffers]) {
      for (const binding of list) binding.set(undefined, 0, 0);
    }
    this.indexBuffer.set(undefined, 0, 0);
    for (const list of [this.shaders, this.samplerViews, this.samplers]) {
      for (let i = 0; i < list.length; i++) {
        list[i]?.drop();
        list[i] = undefined;
      }
    }
    this.blend?.drop();
    this.dsa?.drop();
    this.rasterizer?.drop();
    this.vertexElements?.drop();
    this.blend =
      this.dsa =
      this.rasterizer =
      this.vertexElements =
        undefined;
    for (const object of this.#objects.values()) object.drop();
    this.budget.give("objects", this.#objects.size);
    this.#objects.clear();
    for (const pending of this.pendingShaders) this.budget.give("shaderBytes", pending?.bytes.length ?? 0);
    this.pendingShaders.fill(undefined);
    this.programs[Symbol.dispose]();
    this.interfaces[Symbol.dispose]();
    this.vertexLayouts[Symbol.dispose]();
  }
}
