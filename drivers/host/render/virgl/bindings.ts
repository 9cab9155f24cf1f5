/**
 * What shaders read besides attributes: constants go to the uniform ring, and descriptor sets are found by what is bound. Nothing
 * is allocated when the same things are bound again.
 * @module
 */

import {
  Arena,
  VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
  VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC,
  VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
} from "../../vulkan/mod.ts";
import { DriverConstants } from "../../shader/tgsi/mod.ts";
import type { Engine } from "./engine.ts";
import type { SetLayout } from "./layouts.ts";
import { FOR_COMPARE } from "./objects/sampler_state.ts";
import type { Program } from "./programs.ts";
import type { VirglResource } from "./resource.ts";
import type { StorageBindings } from "./storage.ts";
import { type BufferBinding, type SubContext, UNIFORM_SLOTS, UNITS } from "./sub_context.ts";
import { SHADER_READ } from "./usage.ts";

/** Dynamic offsets of set 0 at most: CONST[0] of each stage, the driver's constants. */
const DYNAMIC = 7;
const DRIVER_WORDS = DriverConstants.size / 4;

/** Where the constants of a sub-context are in the ring, for the submission being recorded. */
export class ConstantPlaces {
  /** Byte offset of CONST[0], by VIRGL_SHADER_*; then of the driver's constants. */
  readonly offsets: Uint32Array = new Uint32Array(DYNAMIC);
  /** The ring's VkBuffer that it is in. */
  readonly buffers: bigint[] = new Array(DYNAMIC).fill(0n);
  /** A number for that. */
  readonly chunks: Int32Array = new Int32Array(DYNAMIC);
  /** Bytes there. */
  readonly sizes: Uint32Array = new Uint32Array(DYNAMIC);
}

/** The driver's constants are behind the stages'. */
const DRIVER = 6;

// Keys of descriptor sets, which several `Bindings` share, name a ring's chunk by these.
const chunkIds = new WeakMap<Uint8Array, number>();
let nextChunk = 1;

/** Finds and makes descriptor sets. */
export class Bindings {
  readonly #engine: Engine;
  readonly #m = new Arena(256);
  readonly #offsets: number;
  readonly #offsetsAddress: bigint;
  readonly #set: number;
  readonly #setAddress: bigint;
  readonly #align: number;
  readonly #driver = new Float32Array(DRIVER_WORDS);
  readonly #driverWords = new Uint32Array(this.#driver.buffer);
  #key = new Int32Array(1024);
  #chunkBytes: Uint8Array | undefined;
  #chunk = 0;

  /** Prepares the arguments. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#offsets = this.#m.alloc(DYNAMIC * 4 + 4);
    this.#offsetsAddress = this.#m.address(this.#offsets);
    this.#set = this.#m.alloc(8);
    this.#setAddress = this.#m.address(this.#set);
    this.#align = Math.max(16, Number(engine.gpu.limits.minUniformBufferOffsetAlignment));
    samplePositions(this.#driver);
  }

  #take(bytes: number): number {
    const { uniforms } = this.#engine.recorder;
    const offset = uniforms.take(bytes, this.#align);
    if (uniforms.bytes !== this.#chunkBytes) {
      const { bytes } = uniforms;
      let chunk = chunkIds.get(bytes);
      if (chunk === undefined) chunkIds.set(bytes, chunk = nextChunk++);
      this.#chunkBytes = bytes;
      this.#chunk = chunk;
    }
    return offset;
  }

  /**
   * Puts CONST[0] of the program's stages into the ring where they changed (`sub.dirtyConstants`) or were too short.
   * @returns whether something moved
   */
  constants(sub: SubContext, program: Program, places: ConstantPlaces): boolean {
    const { slots } = program.layout.sets[0], { uniforms } = this.#engine.recorder;
    let moved = false;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i], { stage, size } = slot;
      if (slot.type !== VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC || stage < 0) continue;
      if ((sub.dirtyConstants >>> stage & 1) === 0 && size <= places.sizes[stage]) continue;
      sub.dirtyConstants &= ~(1 << stage);
      if (sub.uniformBuffers[stage * UNIFORM_SLOTS].resource !== undefined) continue;
      const { words, count } = sub.constants[stage], whole = size >>> 2;
      const offset = this.#take(size);
      const target = uniforms.words, at = offset >>> 2, there = Math.min(count, whole);
      for (let w = 0; w < there; w++) target[at + w] = words[w];
      if (there < whole) target.fill(0, at + there, at + whole);
      places.offsets[stage] = offset;
      places.buffers[stage] = uniforms.handle;
      places.chunks[stage] = this.#chunk;
      places.sizes[stage] = size;
      moved = true;
    }
    return moved;
  }

  /** Puts the driver's constants into the ring. @param pointSize within the device's limits. @param drawId of the next draw */
  driverConstants(
    sub: SubContext,
    pointSize: number,
    drawId: number,
    patchVertices: number,
    places: ConstantPlaces,
  ): void {
    const driver = this.#driver, words = this.#driverWords, { framebuffer } = sub;
    driver.set(sub.clipPlanes, DriverConstants.clipPlanes >>> 2);
    driver[DriverConstants.alphaRef >>> 2] = sub.dsa?.alphaRef ?? 0;
    driver[DriverConstants.pointSize >>> 2] = pointSize;
    driver[DriverConstants.width >>> 2] = framebuffer.width;
    driver[DriverConstants.height >>> 2] = framebuffer.height;
    driver.set(sub.tessLevels, DriverConstants.tessOuter >>> 2);
    words[DriverConstants.draw >>> 2] = drawId;
    words[(DriverConstants.draw >>> 2) + 1] = patchVertices;
    words.set(sub.polygonStipple, DriverConstants.stipple >>> 2);
    const offset = this.#take(DriverConstants.size), { uniforms } = this.#engine.recorder;
    uniforms.words.set(words, offset >>> 2);
    places.offsets[DRIVER] = offset;
    places.buffers[DRIVER] = uniforms.handle;
    places.chunks[DRIVER] = this.#chunk;
  }

  /** Binds set 0. @param bindPoint VkPipelineBindPoint */
  bindUniforms(
    sub: SubContext,
    program: Program,
    places: ConstantPlaces,
    commands: bigint,
    bindPoint: number,
  ): void {
    const layout = program.layout.sets[0], { slots } = layout, key = this.#keyOf(layout);
    const { u32 } = this.#m;
    let dynamic = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i], at = i * 3;
      const bound = slot.stage < 0 ? undefined : sub.uniformBuffers[slot.stage * UNIFORM_SLOTS + slot.slot];
      if (slot.type === VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC) {
        const offset = (this.#offsets >>> 2) + dynamic++;
        if (bound?.resource !== undefined) {
          const range = this.#bufferRange(bound);
          key[at] = ~bound.resource.id;
          key[at + 1] = range;
          key[at + 2] = 0;
          u32[offset] = range > 0 ? bound.offset : 0;
        } else {
          const place = slot.stage < 0 ? DRIVER : slot.stage;
          key[at] = places.chunks[place];
          key[at + 1] = slot.size;
          key[at + 2] = 0;
          u32[offset] = places.offsets[place];
        }
      } else if (bound?.resource !== undefined) {
        key[at] = ~bound.resource.id;
        key[at + 1] = this.#bufferRange(bound);
        key[at + 2] = bound.offset;
      } else key[at] = key[at + 1] = key[at + 2] = 0;
    }
    const { descriptors, vk } = this.#engine;
    const set = descriptors.known(layout, key) ?? this.#makeUniforms(sub, layout, places, key);
    this.#m.u64[this.#set >>> 3] = set;
    vk.vkCmdBindDescriptorSets(
      commands,
      bindPoint,
      program.layout.handle,
      0,
      1,
      this.#setAddress,
      dynamic,
      this.#offsetsAddress,
    );
  }

  // Bytes that a descriptor may span: to the end of what is bound, not of the buffer.
  #bufferRange({ resource, offset, length }: BufferBinding): number {
    const room = (resource?.buffer?.size ?? 0) - offset;
    return Math.max(0, Math.min(length, room, this.#engine.gpu.limits.maxUniformBufferRange));
  }

  #makeUniforms(sub: SubContext, layout: SetLayout, places: ConstantPlaces, key: Int32Array): bigint {
    const { descriptors, zeros } = this.#engine;
    const set = descriptors.allocate(layout);
    layout.slots.forEach((slot, i) => {
      const { binding, type, stage } = slot;
      const bound = stage < 0 ? undefined : sub.uniformBuffers[stage * UNIFORM_SLOTS + slot.slot];
      const range = key[i * 3 + 1], dynamic = type === VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC;
      if (bound?.resource?.buffer !== undefined && range > 0) {
        descriptors.buffer(set, binding, type, bound.resource.buffer.handle, dynamic ? 0 : bound.offset, range);
      } else if (dynamic && bound?.resource === undefined) {
        const place = stage < 0 ? DRIVER : stage;
        descriptors.buffer(set, binding, type, places.buffers[place], 0, stage < 0 ? DriverConstants.size : slot.size);
      } else descriptors.buffer(set, binding, type, zeros.handle, 0, zeros.size);
    });
    descriptors.done();
    layout.sets.set(key, set);
    return set;
  }

  /** Binds set 1, if the program has textures. */
  bindTextures(sub: SubContext, program: Program, commands: bigint, bindPoint: number): void {
    const layout = program.layout.sets[1], { slots } = layout;
    if (slots.length === 0) return;
    const key = this.#keyOf(layout), { descriptors, samplers } = this.#engine;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i], at = i * 3, index = slot.stage * UNITS + slot.slot;
      const view = sub.samplerViews[index], fits = view !== undefined && view.viewClass === slot.viewClass;
      key[at] = fits ? view.id : 0;
      key[at + 1] = key[at + 2] = 0;
      if (slot.type !== VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER) continue;
      const state = sub.samplers[index];
      const kind = (fits ? view.samplerKind : 0) | (slot.shadow ? FOR_COMPARE : 0);
      key[at + 1] = (state === undefined ? samplers.default : state.sampler(kind)).id;
    }
    let set = descriptors.known(layout, key);
    if (set === undefined) {
      set = descriptors.allocate(layout);
      for (const { binding, type, stage, slot, shadow, viewClass } of slots) {
        const view = sub.samplerViews[stage * UNITS + slot];
        const fits = view !== undefined && view.viewClass === viewClass;
        if (type === VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER) {
          descriptors.texels(set, binding, type, fits ? view.view : 0n);
          continue;
        }
        const state = sub.samplers[stage * UNITS + slot];
        const sampler = state === undefined
          ? samplers.default
          : state.sampler((fits ? view.samplerKind : 0) | (shadow ? FOR_COMPARE : 0));
        descriptors.image(set, binding, type, sampler.handle, !fits ? 0n : shadow ? view.comparing : view.view);
      }
      descriptors.done();
      layout.sets.set(key, set);
    }
    this.#bind(program, 1, set, commands, bindPoint);
  }

  /** Binds set 2, if the program has storage. */
  bindStorage(storage: StorageBindings, program: Program, commands: bigint, bindPoint: number): void {
    const layout = program.layout.sets[2];
    if (layout.slots.length === 0) return;
    const key = this.#keyOf(layout), { descriptors } = this.#engine;
    storage.key(layout.slots, key);
    let set = descriptors.known(layout, key);
    if (set === undefined) {
      set = descriptors.allocate(layout);
      storage.write(layout.slots, set, descriptors);
      descriptors.done();
      layout.sets.set(key, set);
    }
    this.#bind(program, 2, set, commands, bindPoint);
  }

  #bind(program: Program, index: number, set: bigint, commands: bigint, bindPoint: number): void {
    this.#m.u64[this.#set >>> 3] = set;
    this.#engine.vk.vkCmdBindDescriptorSets(
      commands,
      bindPoint,
      program.layout.handle,
      index,
      1,
      this.#setAddress,
      0,
      0n,
    );
  }

  /** Whether what the program reads needs a barrier first. */
  needsBarrier(sub: SubContext, program: Program): boolean {
    const { recorder } = this.#engine;
    let due = false;
    for (const { stage, slot } of program.layout.sets[0].slots) {
      const resource = stage < 0 ? undefined : sub.uniformBuffers[stage * UNIFORM_SLOTS + slot].resource;
      if (resource !== undefined && recorder.needsBarrier(resource, SHADER_READ)) due = true;
    }
    const { slots } = program.layout.sets[1];
    for (let i = 0; i < slots.length; i++) {
      const view = sub.samplerViews[slots[i].stage * UNITS + slots[i].slot];
      if (view !== undefined && recorder.needsBarrier(view.resource, SHADER_READ)) due = true;
    }
    return due;
  }

  /** Notes what the program reads. */
  note(sub: SubContext, program: Program): void {
    const { recorder } = this.#engine;
    const read = (resource: VirglResource | undefined) => {
      if (resource !== undefined) recorder.note(resource, SHADER_READ);
    };
    for (const { stage, slot } of program.layout.sets[0].slots) {
      if (stage >= 0) read(sub.uniformBuffers[stage * UNIFORM_SLOTS + slot].resource);
    }
    const { slots } = program.layout.sets[1];
    for (let i = 0; i < slots.length; i++) read(sub.samplerViews[slots[i].stage * UNITS + slots[i].slot]?.resource);
  }

  #keyOf(layout: SetLayout): Int32Array {
    if (this.#key.length < layout.keyWords) this.#key = new Int32Array(layout.keyWords);
    return this.#key;
  }
}

/** The standard positions (VkPhysicalDeviceLimits.standardSampleLocations), from the count on: 1, 2, 4, 8. */
function samplePositions(driver: Float32Array): void {
  const at = DriverConstants.samplePositions >>> 2;
  const eight = [9, 5, 7, 11, 13, 9, 5, 3, 3, 13, 1, 7, 11, 15, 15, 1];
  for (let i = 0; i < 8; i++) {
    driver[at + i * 4] = eight[i * 2] / 16;
    driver[at + i * 4 + 1] = eight[i * 2 + 1] / 16;
  }
}
