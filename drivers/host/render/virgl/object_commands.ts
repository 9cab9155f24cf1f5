/**
 * Commands about objects and sub-contexts: create, bind, destroy.
 * @module
 */

import {
  VIRGL_CCMD_BIND_OBJECT,
  VIRGL_CCMD_CREATE_OBJECT,
  VIRGL_CCMD_CREATE_SUB_CTX,
  VIRGL_CCMD_DESTROY_OBJECT,
  VIRGL_CCMD_DESTROY_SUB_CTX,
  VIRGL_CCMD_SET_SUB_CTX,
  VIRGL_OBJECT_BLEND,
  VIRGL_OBJECT_DSA,
  VIRGL_OBJECT_MSAA_SURFACE,
  VIRGL_OBJECT_RASTERIZER,
  VIRGL_OBJECT_SAMPLER_STATE,
  VIRGL_OBJECT_SAMPLER_VIEW,
  VIRGL_OBJECT_SHADER,
  VIRGL_OBJECT_SURFACE,
  VIRGL_OBJECT_VERTEX_ELEMENTS,
  VIRGL_OBJECTS,
  virglLengthFits,
} from "../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "./context.ts";
import {
  DIRTY_DRIVER_CONSTANTS,
  DIRTY_DSA,
  DIRTY_PIPELINE,
  DIRTY_RASTERIZER,
  DIRTY_SCISSOR,
  DIRTY_VARIANTS,
  DIRTY_VERTEX_BUFFERS,
  DIRTY_VIEWPORT,
} from "./dirty.ts";
import type { CommandHandlers, ObjectMakers } from "./handlers.ts";
import { objectOf, type VirglObject } from "./object.ts";
import { Blend } from "./objects/blend.ts";
import { Dsa } from "./objects/dsa.ts";
import { Rasterizer } from "./objects/rasterizer.ts";
import { SamplerState } from "./objects/sampler_state.ts";
import { SamplerView } from "./objects/sampler_view.ts";
import { makeShader } from "./objects/shader.ts";
import { streamoutMakers } from "./objects/streamout_target.ts";
import { Surface } from "./objects/surface.ts";
import { VertexElements } from "./objects/vertex_elements.ts";
import { queryMakers } from "./objects/query.ts";
import { badCommand } from "./refusal.ts";
import type { SubContext } from "./sub_context.ts";

const makers: ObjectMakers = {
  [VIRGL_OBJECT_BLEND]: ({ engine }, _handle, words, at) => new Blend(engine.gpu, words, at),
  [VIRGL_OBJECT_RASTERIZER]: (_context, _handle, words, at) => new Rasterizer(words, at),
  [VIRGL_OBJECT_DSA]: (_context, _handle, words, at) => new Dsa(words, at),
  [VIRGL_OBJECT_SHADER]: ({ current }, handle, words, at, length) => makeShader(current, handle, words, at, length),
  [VIRGL_OBJECT_VERTEX_ELEMENTS]: ({ engine, current }, _handle, words, at, length) =>
    new VertexElements(engine, current.vertexLayouts, words, at, length),
  [VIRGL_OBJECT_SAMPLER_VIEW]: (context, _handle, words, at) => new SamplerView(context, words, at),
  [VIRGL_OBJECT_SAMPLER_STATE]: ({ engine, current }, _handle, words, at) =>
    new SamplerState(engine, current.budget, words, at),
  [VIRGL_OBJECT_SURFACE]: (context, _handle, words, at, length) => new Surface(context, words, at, length),
  [VIRGL_OBJECT_MSAA_SURFACE]: (context, _handle, words, at, length) => new Surface(context, words, at, length),
  ...queryMakers,
  ...streamoutMakers,
};

function createObject(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const type = words[at - 1] >>> 8 & 0xff, maker = makers[type], info = VIRGL_OBJECTS[type];
  if (maker === undefined || info === undefined) {
    throw badCommand(`Cannot make an object of type ${type}: ${info === undefined ? "there is none" : "not offered"}`);
  }
  if (!virglLengthFits(info, length)) throw badCommand(`Cannot make a ${info.name} with ${length} words`);
  const object = maker(context, words[at], words, at + 1, length - 1);
  if (object !== undefined) context.current.addObject(words[at], object);
}

function swap<T extends VirglObject>(next: T | undefined, old: T | undefined): void {
  next?.keep();
  old?.drop();
}

function bindRasterizer(sub: SubContext, next: Rasterizer | undefined): void {
  const old = sub.rasterizer;
  if (next === old) return;
  swap(next, old);
  sub.rasterizer = next;
  let dirty = DIRTY_RASTERIZER | DIRTY_PIPELINE;
  if (next === undefined || old === undefined || next.variant !== old.variant) dirty |= DIRTY_VARIANTS;
  if (next === undefined || old === undefined || next.spriteCoordEnable !== old.spriteCoordEnable) {
    dirty |= DIRTY_VARIANTS;
  }
  if (next?.clipHalfz !== old?.clipHalfz) dirty |= DIRTY_VIEWPORT;
  if (next?.scissor !== old?.scissor) dirty |= DIRTY_SCISSOR;
  sub.dirty |= dirty;
}

function bindDsa(sub: SubContext, next: Dsa | undefined): void {
  const old = sub.dsa;
  if (next === old) return;
  swap(next, old);
  sub.dsa = next;
  sub.dirty |= DIRTY_DSA;
  if (next?.alphaFunc !== old?.alphaFunc) sub.dirty |= DIRTY_VARIANTS;
  if (next?.alphaRef !== old?.alphaRef) sub.dirty |= DIRTY_DRIVER_CONSTANTS;
}

function bindObject({ current }: VirglContext, words: Uint32Array, at: number): void {
  const type = words[at - 1] >>> 8 & 0xff, handle = words[at];
  const object = handle === 0 ? undefined : current.object(handle);
  switch (type) {
    case VIRGL_OBJECT_BLEND: {
      const next = handle === 0 ? undefined : objectOf(object, Blend, "blend state");
      swap(next, current.blend);
      current.blend = next;
      current.dirty |= DIRTY_PIPELINE | DIRTY_VARIANTS;
      break;
    }
    case VIRGL_OBJECT_RASTERIZER:
      bindRasterizer(current, handle === 0 ? undefined : objectOf(object, Rasterizer, "rasterizer state"));
      break;
    case VIRGL_OBJECT_DSA:
      bindDsa(current, handle === 0 ? undefined : objectOf(object, Dsa, "depth, stencil and alpha state"));
      break;
    case VIRGL_OBJECT_VERTEX_ELEMENTS: {
      const next = handle === 0 ? undefined : objectOf(object, VertexElements, "vertex elements"),
        old = current.vertexElements;
      if (next === old) break;
      swap(next, old);
      current.vertexElements = next;
      current.dirty |= DIRTY_VERTEX_BUFFERS;
      if (next?.layout !== old?.layout) current.dirty |= DIRTY_PIPELINE;
      if (next?.typesKey !== old?.typesKey) current.dirty |= DIRTY_VARIANTS;
      break;
    }
    default:
      throw badCommand(`Cannot bind an object of type ${type}`);
  }
}

/** The commands of this file. */
export const objectCommands: CommandHandlers = {
  [VIRGL_CCMD_CREATE_OBJECT]: createObject,
  [VIRGL_CCMD_BIND_OBJECT]: bindObject,
  [VIRGL_CCMD_DESTROY_OBJECT]: ({ current }, words, at) => current.destroyObject(words[at]),
  [VIRGL_CCMD_SET_SUB_CTX]: (context, words, at) => context.useSubContext(words[at]),
  [VIRGL_CCMD_CREATE_SUB_CTX]: (context, words, at) => context.createSubContext(words[at]),
  [VIRGL_CCMD_DESTROY_SUB_CTX]: (context, words, at) => context.destroySubContext(words[at]),
};
