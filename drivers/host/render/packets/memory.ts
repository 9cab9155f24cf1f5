/**
 * Memory of the engine: a buffer of the device's own, or one over pages that the CPU shares. It knows what the GPU has yet to
 * write into it.
 * @module
 */

import type { EngineMemory } from "../../../../core/host_dxg.ts";
import type { Pages } from "../../../../core/memory.ts";
import {
  VK_BUFFER_USAGE_INDEX_BUFFER_BIT,
  VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
  VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
  VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT,
  VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
} from "../../vulkan/mod.ts";
import { PendingWrites } from "./pending_writes.ts";
import type { Recorder } from "./recorder.ts";

/** What every memory is used for. */
export const MEMORY_USAGE: number = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
  VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT | VK_BUFFER_USAGE_INDEX_BUFFER_BIT |
  VK_BUFFER_USAGE_VERTEX_BUFFER_BIT;

/** A buffer that something owns. */
export interface OwnedBuffer extends Disposable {
  /** The VkBuffer. */
  readonly handle: bigint;
}

/** What the CPU sees of a memory. */
export interface CpuView {
  /** All bytes. */
  readonly bytes: Uint8Array;
  /** Makes what the CPU wrote visible to the GPU; absent for coherent memory. */
  flush?(offset: number, size: number): void;
  /** Makes what the GPU wrote visible to the CPU; absent for coherent memory. */
  invalidate?(offset: number, size: number): void;
}

/** A memory. */
export class PacketMemory implements EngineMemory {
  readonly size: number;
  readonly pages: Pages | undefined;
  /** The VkBuffer. */
  readonly handle: bigint;
  /** The CPU's view, if it has one. */
  readonly view: CpuView | undefined;
  /** The recorder of the engine that it belongs to. */
  readonly recorder: Recorder;
  /** What the GPU writes. */
  readonly writes: PendingWrites = new PendingWrites();
  /** The last submission that uses it. */
  used = 0;
  readonly #buffer: OwnedBuffer;
  readonly #gone: (memory: PacketMemory) => void;
  #open = true;

  /** @param pages pinned, and unpinned at the end. @param gone is told when it is disposed of. */
  constructor(
    recorder: Recorder,
    buffer: OwnedBuffer,
    size: number,
    view: CpuView | undefined,
    pages: Pages | undefined,
    gone: (memory: PacketMemory) => void,
  ) {
    this.recorder = recorder;
    this.#buffer = buffer;
    this.handle = buffer.handle;
    this.size = size;
    this.view = view;
    this.pages = pages;
    this.#gone = gone;
  }

  /** Whether it was not disposed of. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** What is recorded now reads it. */
  reads(): void {
    this.used = this.recorder.value;
  }

  /** What is recorded now writes a range of it. */
  writesTo(offset: number, length: number): void {
    const { value, completed } = this.recorder;
    this.used = value;
    this.writes.add(offset, offset + length, value, completed);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#gone(this);
  }

  /** @internal Frees it, once the GPU is done. */
  free(): void {
    this.#buffer[Symbol.dispose]();
    this.pages?.unpin();
  }
}
