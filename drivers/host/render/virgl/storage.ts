/**
 * Storage: shader buffers, images and atomic counters that are bound, for graphics and compute.
 * @module
 */

import {
  VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
  VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
  VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER,
} from "../../vulkan/mod.ts";
import type { DescriptorSets } from "./descriptors.ts";
import type { Slot } from "./layouts.ts";
import type { VirglResource } from "./resource.ts";
import { BufferBinding, STAGES, STORAGE_SLOTS, type SubContext } from "./sub_context.ts";
import { SHADER_WRITE } from "./usage.ts";

let nextId = 1;

/** An image that is bound. */
export class ImageBinding {
  /** Whose; undefined for nothing. */
  resource: VirglResource | undefined;
  /** The VkImageView, or VkBufferView. */
  view = 0n;
  /** What it is: see view_class.ts. */
  viewClass = -1;
  /** Unique for each binding that was made. */
  id = 0;

  /** Binds another, or nothing. */
  set(resource: VirglResource | undefined, view: bigint, viewClass: number): void {
    resource?.ref();
    this.resource?.unref();
    this.resource = resource;
    this.view = view;
    this.viewClass = viewClass;
    this.id = resource === undefined ? 0 : nextId++;
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
      const view = image.viewClass === slot.viewClass ? image.view : 0n;
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
    for (const image of this.images) image.set(undefined, 0n, -1);
    for (const buffer of this.atomics) buffer.set(undefined, 0, 0);
  }
}
