/**
 * Memory that the CPU sees, for what lies where it cannot: contents of memory on their way in and out, and what a packet must
 * read on the CPU (shaders, tables, fences).
 * @module
 */

import {
  type DeviceBuffer,
  VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
} from "../../vulkan/mod.ts";
import type { Ranges } from "./ranges.ts";
import type { Recorder } from "./recorder.ts";
import type { Regions } from "./regions.ts";
import { PacketMemory } from "./memory.ts";

const USAGE = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;

/** A memory of the engine's own, which the CPU sees. @throws {VkError} */
export function stagingMemory(recorder: Recorder, size: number, kind: "upload" | "readback"): PacketMemory {
  const buffer: DeviceBuffer = recorder.device.createBuffer({ size, usage: USAGE, memory: kind });
  const { allocation } = buffer;
  const view = {
    bytes: buffer.bytes,
    flush: (offset: number, size: number) => allocation.flush(offset, size),
    invalidate: (offset: number, size: number) => allocation.invalidate(offset, size),
  };
  return new PacketMemory(recorder, buffer, size, view, undefined, (memory) => memory.free());
}

/** Copies what jobs must read on the CPU, each job into memory of its own. */
export class Fetcher implements Disposable {
  readonly #recorder: Recorder;
  readonly #regions: Regions;
  readonly #buffers = new Map<object, PacketMemory>();

  /** @param regions scratch. */
  constructor(recorder: Recorder, regions: Regions) {
    this.#recorder = recorder;
    this.#regions = regions;
  }

  /** Records a copy of ranges for a job. False: too much is under way, try again later. @throws {VkError} */
  begin(job: object, from: Ranges, length: number): boolean {
    let buffer = this.#buffers.get(job);
    if (buffer !== undefined && buffer.used > this.#recorder.completed) return false;
    if (buffer === undefined || buffer.size < length) {
      buffer?.[Symbol.dispose]();
      this.#buffers.delete(job);
      buffer = stagingMemory(this.#recorder, Math.max(65536, Math.ceil(length / 4096) * 4096), "readback");
      this.#buffers.set(job, buffer);
    }
    this.#recorder.fullBarrier();
    this.#regions.clear();
    let at = 0;
    for (let i = 0; i < from.count; i++) {
      this.#regions.push(buffer, at, from.memories[i], from.offsets[i], from.lengths[i]);
      at += from.lengths[i];
    }
    this.#regions.record();
    return true;
  }

  /** What was copied for a job, once the GPU is done. */
  take(job: object, length: number): Uint8Array {
    const view = this.#buffers.get(job)?.view;
    if (view === undefined) throw new TypeError("Cannot take what was not fetched");
    view.invalidate?.(0, length);
    return view.bytes.slice(0, length);
  }

  /** A job's queue is gone. */
  forget(job: object): void {
    const buffer = this.#buffers.get(job);
    if (buffer === undefined) return;
    this.#buffers.delete(job);
    this.#recorder.disposeLater(buffer);
  }

  /** Frees everything; the GPU must be idle. */
  [Symbol.dispose](): void {
    for (const buffer of this.#buffers.values()) buffer[Symbol.dispose]();
    this.#buffers.clear();
  }
}
