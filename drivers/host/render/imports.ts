/**
 * Guest memory that the GPU reads and writes in place: one imported buffer a slot, made at its first large copy, given up when the slot
 * dies, when the last picture that used it goes, or when others are wanted more.
 * @module
 */

import type { GuestSlot } from "../../../core/guest_memory.ts";
import { PAGE_SIZE, pageAlign } from "../../../core/memory.ts";
import { type Device, hostImportAlignment, importFile } from "../vulkan/mod.ts";

/** Slots that are remembered at once. */
const MAX_SLOTS = 64;
/** Bytes that are imported at once: a driver pins them. A larger slot is a guest's RAM rather than a buffer. */
const MAX_BYTES = 512 * 2 ** 20;

/** Who frees things once the GPU is done with them. */
export interface Disposer {
  /** Disposes of something once the GPU has done all that is recorded now. */
  disposeLater(item: Disposable): void;
}

/** What is known of a slot. */
export class Import {
  /** The slot. */
  readonly slot: GuestSlot;
  /** Pictures that were copied from or to it. */
  readonly users: Set<object> = new Set();
  /** The VkBuffer; 0n: this slot cannot be imported. */
  handle = 0n;
  /** Where in the slot's pages the buffer begins, bytes. */
  start = 0;
  /** Bytes that are imported. */
  size = 0;
  /** What to dispose of. */
  buffer: Disposable | undefined;
  /** Timeline value of the last copy; whoever records one sets it. */
  used = 0;
  /** The same of the last copy to it. */
  written = 0;

  /** @param slot whose. */
  constructor(slot: GuestSlot) {
    this.slot = slot;
  }
}

/** The imports of a renderer. */
export class Imports {
  /** Copies of so many bytes and more are worth it. */
  readonly minimum: number;
  readonly #device: Device;
  readonly #disposer: Disposer;
  readonly #usage: number;
  // The last used is the last.
  readonly #list: Import[] = [];
  #bytes = 0;

  /** @param minimum bytes; Infinity where the device cannot import. @param usage VkBufferUsageFlags of the buffers. */
  constructor(device: Device, disposer: Disposer, minimum: number, usage: number) {
    this.#device = device;
    this.#disposer = disposer;
    this.#usage = usage;
    this.minimum = hostImportAlignment(device) === 0 ? Infinity : minimum;
  }

  /** Slots that are imported. */
  get count(): number {
    return this.#list.reduce((sum, { buffer }) => sum + (buffer === undefined ? 0 : 1), 0);
  }
  /** Bytes that are imported. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The import of a slot, for a picture.
   *
   * @returns undefined if the slot is to be staged. @throws {VkError} if the device is lost.
   */
  of(slot: GuestSlot, picture: object): Import | undefined {
    const list = this.#list;
    let i = list.length - 1;
    while (i >= 0 && list[i].slot !== slot) i--;
    const found = i >= 0 ? list[i] : this.#make(slot);
    if (found === undefined || found.handle === 0n) return undefined;
    if (i >= 0 && i < list.length - 1) {
      list.splice(i, 1);
      list.push(found);
    }
    found.users.add(picture);
    return found;
  }

  /** Gives up slots that are dead. */
  sweep(): void {
    for (let i = this.#list.length - 1; i >= 0; i--) if (!this.#list[i].slot.live) this.#drop(i);
  }

  /** A picture is gone: what only it used is given up. */
  forget(picture: object): void {
    for (let i = this.#list.length - 1; i >= 0; i--) {
      const { users } = this.#list[i];
      if (users.delete(picture) && users.size === 0) this.#drop(i);
    }
  }

  /** Gives up everything. */
  clear(): void {
    while (this.#list.length > 0) this.#drop(0);
  }

  #make(slot: GuestSlot): Import | undefined {
    const { fd, fdOffset = 0 } = slot.pages;
    const start = Math.floor(slot.offset / PAGE_SIZE) * PAGE_SIZE;
    const size = pageAlign(slot.offset + slot.length) - start;
    if (fd === undefined || size > MAX_BYTES || !this.#makeRoom(size)) return undefined;
    const made = new Import(slot);
    const imported = importFile(this.#device, fd, fdOffset + start, size, this.#usage);
    if (imported.importable) {
      made.buffer = imported.buffer;
      made.handle = imported.buffer.handle;
      made.start = start;
      made.size = size;
      this.#bytes += size;
    }
    this.#list.push(made);
    return made;
  }

  // Only what the GPU is done with makes room: what it still reads would stay pinned, and add up.
  #makeRoom(size: number): boolean {
    while (this.#list.length === MAX_SLOTS || this.#bytes + size > MAX_BYTES) {
      if (this.#list[0].used > this.#device.queue.completed()) return false;
      this.#drop(0);
    }
    return true;
  }

  #drop(index: number): void {
    const [{ buffer, size }] = this.#list.splice(index, 1);
    this.#bytes -= size;
    if (buffer !== undefined) this.#disposer.disposeLater(buffer);
  }
}
