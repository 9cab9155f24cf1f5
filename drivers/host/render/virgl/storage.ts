/**
 * Storage: shader buffers, images and atomic counters that are bound, for graphics and compute.
 * @module
 */

import {
  VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
  VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER,
} from "../../vulkan/mod.ts";
import { DrmError } from "../../../../core/error.ts";
import { PIPE_BUFFER, PIPE_TEXTURE_1D, PIPE_TEXTURE_2D, PIPE_TEXTURE_3D } from "../../../../uapi/pipe.ts";
import type { DescriptorSets } from "./descriptors.ts";
import type { GpuFormat } from "./formats.ts";
import type { Slot } from "./layouts.ts";
import type { VirglResource } from "./resource.ts";
import { BufferBinding, STAGES, STORAGE_SLOTS, type SubContext } from "./sub_context.ts";
import { SHADER_WRITE } from "./usage.ts";
import { viewClass } from "./view_class.ts";

let nextId = 1;

/** An image that is bound. */
export class ImageBinding {
  /** Whose; undefined for nothing. */
  resource: VirglResource | undefined;
  /** Unique for each binding that was made. */
  id = 0;
  #format: GpuFormat | undefined;
  #level = 0;
  #first = 0;
  #last = 0;

  /** Binds nothing. */
  clear(): void {
    this.resource?.unref();
    this.resource = this.#format = undefined;
    this.id = 0;
  }

  /**
   * Binds a level, and layers of it.
   * @param level of a buffer: its bytes. @param first of a buffer: the first byte
   */
  set(resource: VirglResource, format: GpuFormat, level: number, first: number, last: number): void {
    resource.ref();
    this.resource?.unref();
    this.resource = resource;
    this.#format = format;
    this.#level = level;
    this.#first = first;
    this.#last = last;
    this.id = nextId++;
  }

  /**
   * The VkImageView, or VkBufferView, that a shader wants; 0n if what is bound is none such. A shader's 2D image is a layer of an
   * array or a cube, too (glBindImageTexture without layers).
   * @param wanted see view_class.ts
   */
  view(wanted: number): bigint {
    const { resource } = this, format = this.#format;
    if (resource === undefined || format === undefined) return 0n;
    const target = wanted & 15;
    if (resource.buffer !== undefined) {
      return wanted === viewClass(PIPE_BUFFER, 1) ? resource.bufferView(format, this.#first, this.#level) : 0n;
    }
    if (wanted !== viewClass(target, resource.samples)) return 0n;
    const one = target === PIPE_TEXTURE_1D || target === PIPE_TEXTURE_2D;
    const [first, last] = target === PIPE_TEXTURE_3D ? [0, 0] : [this.#first, one ? this.#first : this.#last];
    try {
      return resource.storageView(format, target, this.#level, first, last);
    } catch (error) {
      // Not a texture of that kind: the shader stores nowhere.
      if (error instanceof DrmError && error.code === "EINVAL") return 0n;
      throw error;
    }
  }
}

/** The storage of a sub-context. */
export class StorageBindings implements Disposable {
  /** Images by stage * STORAGE_SLOTS + unit. */
  readonly images: ImageBinding[] = Array.from({ length: STAGES * STORAGE_SLOTS }, () => new ImageBinding());
  /** Atomic counters, for all stages. */
  readonly atomics: BufferBinding[] = Array.from({ length: STORAGE_SLOTS }, () => new BufferBinding());
  readonly #sub: SubContext;

  /** None bound. */
  constructor(sub: SubContext) {
    this.#sub = sub;
  }

  #buffer(slot: Slot): BufferBinding {
    return slot.slot >= 32
      ? this.atomics[slot.slot - 32]
      : this.#sub.storageBuffers[slot.stage * STORAGE_SLOTS + slot.slot];
  }

  #resource(slot: Slot): VirglResource | undefined {
    return slot.type === VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
      ? this.#buffer(slot).resource
      : this.images[slot.stage * STORAGE_SLOTS + slot.slot].resource;
  }

  /** Says what a set would hold. */
  key(slots: readonly Slot[], key: Int32Array): void {
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i], at = i * 3;
      key[at] = key[at + 1] = key[at + 2] = 0;
      if (slot.type === VK_DESCRIPTOR_TYPE_STORAGE_BUFFER) {
        const { resource, offset, length } = this.#buffer(slot);
        if (resource === undefined) continue;
        key[at] = resource.id;
        key[at + 1] = offset;
        key[at + 2] = length;
      } else key[at] = this.images[slot.stage * STORAGE_SLOTS + slot.slot].id;
    }
  }

  /** Writes a set. */
  write(slots: readonly Slot[], set: bigint, descriptors: DescriptorSets): void {
    const { gpu } = this.#sub.engine;
    for (const slot of slots) {
      if (slot.type === VK_DESCRIPTOR_TYPE_STORAGE_BUFFER) {
        const { resource, offset, length } = this.#buffer(slot), buffer = resource?.buffer;
        const range = buffer === undefined
          ? 0
          : Math.min(length, buffer.size - offset, gpu.limits.maxStorageBufferRange);
        if (buffer !== undefined && range > 0) {
          descriptors.buffer(set, slot.binding, slot.type, buffer.handle, offset, range);
        } else descriptors.buffer(set, slot.binding, slot.type, 0n, 0, -1);
        continue;
      }
      const image = this.images[slot.stage * STORAGE_SLOTS + slot.slot];
      const view = image.view(slot.viewClass);
      if (slot.type === VK_DESCRIPTOR_TYPE_STORAGE_IMAGE) descriptors.image(set, slot.binding, slot.type, 0n, view);
      else if (slot.type === VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER) {
        descriptors.texels(set, slot.binding, slot.type, view);
      }
    }
  }

  /** Whether what a program stores to needs a barrier first. */
  needsBarrier(slots: readonly Slot[]): boolean {
    const { recorder } = this.#sub.engine;
    let due = false;
    for (const slot of slots) {
      const resource = this.#resource(slot);
      if (resource !== undefined && recorder.needsBarrier(resource, SHADER_WRITE)) due = true;
    }
    return due;
  }

  /** Notes what a program stores to. */
  note(slots: readonly Slot[]): void {
    const { recorder } = this.#sub.engine;
    for (const slot of slots) {
      const resource = this.#resource(slot);
      if (resource !== undefined) recorder.note(resource, SHADER_WRITE);
    }
  }

  /** Lets go of everything. */
  [Symbol.dispose](): void {
    for (const image of this.images) image.clear();
    for (const buffer of this.atomics) buffer.set(undefined, 0, 0);
  }
}
