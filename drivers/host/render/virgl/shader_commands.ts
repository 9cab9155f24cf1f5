/**
 * Commands that bind what shaders use: the shaders themselves, textures, constants, storage.
 * @module
 */

import {
  VIRGL_CCMD_BIND_SAMPLER_STATES,
  VIRGL_CCMD_BIND_SHADER,
  VIRGL_CCMD_LINK_SHADER,
  VIRGL_CCMD_SET_ATOMIC_BUFFERS,
  VIRGL_CCMD_SET_CONSTANT_BUFFER,
  VIRGL_CCMD_SET_SAMPLER_VIEWS,
  VIRGL_CCMD_SET_SHADER_BUFFERS,
  VIRGL_CCMD_SET_SHADER_IMAGES,
  VIRGL_CCMD_SET_UNIFORM_BUFFER,
} from "../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "./context.ts";
import {
  DIRTY_CONSTANTS,
  DIRTY_PROGRAM,
  DIRTY_SAMPLERS,
  DIRTY_STORAGE,
  DIRTY_UNIFORM_BUFFERS,
  DIRTY_VARIANTS,
} from "./dirty.ts";
import type { CommandHandlers } from "./handlers.ts";
import { objectOf } from "./object.ts";
import { SamplerState } from "./objects/sampler_state.ts";
import { SamplerView } from "./objects/sampler_view.ts";
import { Shader } from "./objects/shader.ts";
import { badCommand, badFormat, badResource } from "./refusal.ts";
import { StorageBindings } from "./storage.ts";
import { type BufferBinding, STAGES, STORAGE_SLOTS, UNIFORM_SLOTS, UNITS } from "./sub_context.ts";

/** The most that CONST[0] may have, words. */
const MOST_CONSTANTS = 16384;
/** Slots of sampler views that a client may name; shaders reach UNITS. */
const VIEW_SLOTS = 128;

function checkStage(stage: number): void {
  if (stage >= STAGES) throw badCommand(`Cannot bind for shader stage ${stage}: it is none`);
}

function bindShader({ current }: VirglContext, words: Uint32Array, at: number): void {
  const handle = words[at], stage = words[at + 1];
  checkStage(stage);
  const shader = handle === 0 ? undefined : objectOf(current.object(handle), Shader, "shader");
  if (shader !== undefined && shader.stage !== stage) {
    throw badCommand(`Cannot bind shader ${handle} for stage ${stage}: it is for ${shader.stage}`);
  }
  const old = current.shaders[stage];
  if (shader === old) return;
  shader?.keep();
  old?.drop();
  current.shaders[stage] = shader;
  current.dirty |= DIRTY_PROGRAM;
}

function setSamplerViews({ current }: VirglContext, words: Uint32Array, at: number, length: number): void {
  const stage = words[at], start = words[at + 1], count = length - 2;
  checkStage(stage);
  if (start > VIEW_SLOTS - count) throw badCommand(`Cannot set ${count} sampler views from ${start} on`);
  const { samplerViews } = current;
  let dirty = 0;
  // Those behind the last are unbound, as in virglrenderer.
  for (let i = start; i < UNITS; i++) {
    const handle = i < start + count ? words[at + 2 + i - start] : 0;
    const view = handle === 0 ? undefined : objectOf(current.object(handle), SamplerView, "sampler view");
    const old = samplerViews[stage * UNITS + i];
    if (view === old) continue;
    view?.keep();
    samplerViews[stage * UNITS + i] = view;
    dirty |= DIRTY_SAMPLERS;
    if (view?.numeric !== old?.numeric || view?.swizzle !== old?.swizzle) dirty |= DIRTY_VARIANTS;
    old?.drop();
  }
  current.dirty |= dirty;
}

function bindSamplers({ current }: VirglContext, words: Uint32Array, at: number, length: number): void {
  const stage = words[at], start = words[at + 1], count = length - 2;
  checkStage(stage);
  if (start > UNITS - count) throw badCommand(`Cannot bind ${count} samplers from ${start} on`);
  const { samplers } = current;
  for (let i = 0; i < count; i++) {
    const handle = words[at + 2 + i], place = stage * UNITS + start + i;
    const sampler = handle === 0 ? undefined : objectOf(current.object(handle), SamplerState, "sampler");
    const old = samplers[place];
    if (sampler === old) continue;
    const clamps = old?.clamps ?? 0;
    sampler?.keep();
    old?.drop();
    samplers[place] = sampler;
    current.dirty |= DIRTY_SAMPLERS;
    if ((sampler?.clamps ?? 0) !== clamps) current.dirty |= DIRTY_VARIANTS;
  }
}

function setConstants({ current }: VirglContext, words: Uint32Array, at: number, length: number): void {
  const stage = words[at], index = words[at + 1], count = length - 2;
  checkStage(stage);
  if (index >= UNIFORM_SLOTS) throw badCommand(`Cannot set constant buffer ${index}`);
  const buffer = current.uniformBuffers[stage * UNIFORM_SLOTS + index];
  if (buffer.resource !== undefined) {
    buffer.set(undefined, 0, 0);
    current.dirty |= DIRTY_UNIFORM_BUFFERS;
  }
  // Data comes for slot 0; without data any slot may be unbound.
  if (index !== 0) {
    if (count > 0) throw badCommand(`Cannot set data of constant buffer ${index}`);
    return;
  }
  if (count > MOST_CONSTANTS) throw badCommand(`Cannot set ${count} words of constants`);
  const constants = current.constants[stage];
  if (count > constants.words.length) {
    constants.words = new Uint32Array(Math.min(MOST_CONSTANTS, Math.max(count, constants.words.length * 2)));
  }
  const target = constants.words;
  for (let i = 0; i < count; i++) target[i] = words[at + 2 + i];
  constants.count = count;
  current.dirty |= DIRTY_CONSTANTS;
  current.dirtyConstants |= 1 << stage;
}

/** Binds a part of a buffer to be read or stored to as a whole block. */
function bindBuffer(
  context: VirglContext,
  binding: BufferBinding,
  offset: number,
  length: number,
  id: number,
  align: bigint,
): void {
  if (id === 0) {
    binding.set(undefined, 0, 0);
    return;
  }
  const resource = context.resource(id);
  if (resource.buffer === undefined) throw badResource(`Cannot bind resource ${id} as a buffer: it is none`);
  if (offset % Number(align) !== 0) {
    throw badCommand(`Cannot bind a buffer from ${offset} on: that is no multiple of ${align}`);
  }
  binding.set(resource, offset, length);
}

function setUniformBuffer(context: VirglContext, words: Uint32Array, at: number): void {
  const { current } = context, stage = words[at], index = words[at + 1];
  checkStage(stage);
  if (index >= UNIFORM_SLOTS) throw badCommand(`Cannot set uniform buffer ${index}`);
  const binding = current.uniformBuffers[stage * UNIFORM_SLOTS + index];
  const align = context.engine.gpu.limits.minUniformBufferOffsetAlignment;
  bindBuffer(context, binding, words[at + 2], words[at + 3], words[at + 4], align);
  current.dirty |= DIRTY_UNIFORM_BUFFERS;
  if (index === 0) {
    current.dirtyConstants |= 1 << stage;
    current.dirty |= DIRTY_CONSTANTS;
  }
}

function setShaderBuffers(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const { current } = context, stage = words[at], start = words[at + 1], count = (length - 2) / 3;
  checkStage(stage);
  if (!Number.isInteger(count) || start > STORAGE_SLOTS - count) {
    throw badCommand(`Cannot set shader buffers from ${start} on with ${length} words`);
  }
  const align = context.engine.gpu.limits.minStorageBufferOffsetAlignment;
  for (let i = 0; i < count; i++) {
    const w = at + 2 + i * 3;
    const binding = current.storageBuffers[stage * STORAGE_SLOTS + start + i];
    bindBuffer(context, binding, words[w], words[w + 1], words[w + 2], align);
  }
  current.dirty |= DIRTY_STORAGE;
}

function setAtomicBuffers(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const { current } = context, start = words[at], count = (length - 1) / 3;
  if (!Number.isInteger(count) || start > STORAGE_SLOTS - count) {
    throw badCommand(`Cannot set atomic buffers from ${start} on with ${length} words`);
  }
  const { atomics } = current.extra(StorageBindings);
  const align = context.engine.gpu.limits.minStorageBufferOffsetAlignment;
  for (let i = 0; i < count; i++) {
    const w = at + 1 + i * 3;
    bindBuffer(context, atomics[start + i], words[w], words[w + 1], words[w + 2], align);
  }
  current.dirty |= DIRTY_STORAGE;
}

function setShaderImages(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const { current, engine } = context, stage = words[at], start = words[at + 1], count = (length - 2) / 5;
  checkStage(stage);
  if (!Number.isInteger(count) || start > STORAGE_SLOTS - count) {
    throw badCommand(`Cannot set shader images from ${start} on with ${length} words`);
  }
  const { images } = current.extra(StorageBindings);
  for (let i = 0; i < count; i++) {
    const w = at + 2 + i * 5, image = images[stage * STORAGE_SLOTS + start + i], id = words[w + 4];
    if (id === 0) {
      image.clear();
      continue;
    }
    const resource = context.resource(id), format = engine.formats.of(words[w]);
    if (format === undefined) throw badFormat(`Cannot bind an image of format ${words[w]}`);
    const layers = words[w + 2], level = words[w + 3];
    if (resource.buffer !== undefined) {
      // Of a buffer: its offset and size.
      if (!format.canStorageBuffer) throw badFormat(`Cannot store to texels of ${format.info.name}`);
      resource.bufferView(format, layers, level);
      image.set(resource, format, level, layers, 0);
    } else {
      // Mesa sends a struct's bytes: above the level's 8 bits is padding.
      image.set(resource, format, level & 0xff, layers & 0xffff, layers >>> 16);
    }
  }
  current.dirty |= DIRTY_STORAGE;
}

/** The commands of this file. */
export const shaderCommands: CommandHandlers = {
  [VIRGL_CCMD_BIND_SHADER]: bindShader,
  [VIRGL_CCMD_LINK_SHADER]: () => {}, // Pipelines are made when they are drawn with.
  [VIRGL_CCMD_SET_SAMPLER_VIEWS]: setSamplerViews,
  [VIRGL_CCMD_BIND_SAMPLER_STATES]: bindSamplers,
  [VIRGL_CCMD_SET_CONSTANT_BUFFER]: setConstants,
  [VIRGL_CCMD_SET_UNIFORM_BUFFER]: setUniformBuffer,
  [VIRGL_CCMD_SET_SHADER_BUFFERS]: setShaderBuffers,
  [VIRGL_CCMD_SET_ATOMIC_BUFFERS]: setAtomicBuffers,
  [VIRGL_CCMD_SET_SHADER_IMAGES]: setShaderImages,
};
