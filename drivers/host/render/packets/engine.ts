/**
 * The engine: memory, queues and clocks of a GPU that executes packets. See core/host_dxg.ts.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Engine, EngineFault, EngineInfo, EngineMemory, EngineQueue } from "../../../../core/host_dxg.ts";
import { PAGE_SIZE, type PageSegment } from "../../../../core/memory.ts";
import { CompletionEvent, importFile, VkError } from "../../vulkan/mod.ts";
import { drmErrorOf, isShortOfMemory } from "../vk_errno.ts";
import { type Gpu, openGpu, type PacketsOptions } from "./gpu.ts";
import { MEMORY_USAGE, PacketMemory } from "./memory.ts";
import { PacketQueue } from "./queue.ts";
import { Services } from "./services.ts";
import { stagingMemory } from "./staging.ts";

/** Bytes that are moved at once between the CPU and memory that it does not see. */
const CHUNK = 8 << 20;

/** Executes packets on a GPU. */
export class Packets implements Engine {
  readonly info: EngineInfo;
  /** Which GPU was chosen and why, for people. */
  readonly reason: string;
  /** @internal */
  readonly services: Services;
  /** @internal Queues that stand still. */
  readonly stalled: Set<PacketQueue> = new Set();
  /** @internal Never changes: for sleeping. */
  readonly sleeper: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));
  readonly #gpu: Gpu;
  readonly #queues: Set<PacketQueue> = new Set();
  readonly #memories: Set<PacketMemory> = new Set();
  readonly #hide: boolean;
  readonly #event: CompletionEvent | undefined;
  #expected = 0;
  #lost: string | undefined;
  #killed = false;
  #open = true;

  /** Opens a GPU. @throws {DrmError} ENODEV */
  constructor(options: PacketsOptions = {}) {
    using cleanup = new DisposableStack();
    this.#hide = options.hideMemory === true;
    this.#gpu = cleanup.use(openGpu(options));
    this.info = this.#gpu.info;
    this.reason = this.#gpu.reason;
    try {
      this.services = cleanup.use(new Services(this.#gpu));
      const { device } = this.#gpu;
      this.#event = options.completionEvents === true
        ? cleanup.use(new CompletionEvent(device, device.queue))
        : undefined;
    } catch (error) {
      throw drmErrorOf(error, "Cannot open a GPU for packets");
    }
    cleanup.move();
  }

  get completionFd(): number | undefined {
    return this.#event?.fd;
  }

  /** @internal Something was submitted: who sleeps is woken when it is done. */
  expect(): void {
    if (this.#event === undefined) return;
    const { lastSubmitted } = this.services.recorder.queue;
    if (lastSubmitted > this.#expected) this.#event.expect(this.#expected = lastSubmitted);
  }

  get lost(): string | undefined {
    return this.#lost;
  }

  /** Memories and queues that exist, for tests. */
  get counts(): { readonly memories: number; readonly queues: number } {
    return { memories: this.#memories.size, queues: this.#queues.size };
  }

  /** @internal Something of Vulkan failed. Rethrows what is no error of Vulkan. */
  failed(error: unknown): void {
    if (!(error instanceof VkError)) throw error;
    this.#lost ??= error.message;
  }

  /**
   * @internal The fault of a job in which something of Vulkan failed: the GPU is lost, or has no memory for it, or its driver
   * refuses a shader. Rethrows what is no error of Vulkan.
   */
  faultOf(error: unknown): EngineFault {
    if (!(error instanceof VkError)) throw error;
    const { lost } = this.#gpu.device;
    if (lost !== undefined) this.#lost ??= lost.message;
    const kind = this.#lost === undefined ? "packet" : "lost";
    return { kind, offset: -1, address: 0, write: false, message: error.message };
  }

  /**
   * Gives the GPU up, an endless shader and all: the engine is lost, and nothing of it is freed before the process ends, as
   * the GPU may still use it.
   */
  kill(reason: string): void {
    this.#lost ??= reason;
    this.#killed = true;
  }

  #use(what: string): void {
    if (!this.#open) throw new TypeError(`${what}: the engine was disposed of`);
    if (this.#lost !== undefined) throw new DrmError("EIO", `${what}: ${this.#lost}`);
  }

  createMemory(size: number): EngineMemory {
    const what = `Cannot make memory of ${size} bytes`;
    this.#use(what);
    if (!(Number.isSafeInteger(size) && size > 0 && size % PAGE_SIZE === 0)) throw new RangeError(what);
    if (size > this.info.localMemory + this.info.nonLocalMemory) throw new DrmError("ENOMEM", what);
    const { recorder } = this.services;
    try {
      const buffer = recorder.device.createBuffer({ size, usage: MEMORY_USAGE });
      const { allocation } = buffer;
      const view = allocation.hostVisible && !this.#hide
        ? {
          bytes: buffer.bytes,
          flush: (offset: number, length: number) => allocation.flush(offset, length),
          invalidate: (offset: number, length: number) => allocation.invalidate(offset, length),
        }
        : undefined;
      const memory = this.#add(new PacketMemory(recorder, buffer, size, view, undefined, this.#gone));
      recorder.vk.vkCmdFillBuffer(recorder.begin(), buffer.handle, 0n, BigInt(size), 0);
      recorder.fullBarrier();
      memory.writesTo(0, size);
      return memory;
    } catch (error) {
      throw this.#errorOf(error, what);
    }
  }

  importPages(pieces: readonly PageSegment[]): EngineMemory {
    const what = "Cannot share pages with the GPU";
    this.#use(what);
    if (pieces.length !== 1) throw new DrmError("EOPNOTSUPP", `${what}: they are ${pieces.length} pieces`);
    const [{ pages, offset, length }] = pieces;
    if (
      !(offset >= 0 && offset % PAGE_SIZE === 0 && length > 0 && length % PAGE_SIZE === 0 &&
        offset + length <= pages.size)
    ) throw new RangeError(`${what}: ${length} bytes at ${offset} of ${pages.size}`);
    const { fd, fdOffset = 0 } = pages;
    if (fd === undefined) throw new DrmError("EOPNOTSUPP", `${what}: they have no descriptor`);
    const { recorder } = this.services;
    try {
      const imported = importFile(recorder.device, fd, fdOffset + offset, length, MEMORY_USAGE);
      if (!imported.importable) throw new DrmError("EOPNOTSUPP", `${what}: ${imported.reason}`);
      pages.pin();
      const view = { bytes: pages.bytes().subarray(offset, offset + length) };
      return this.#add(new PacketMemory(recorder, imported.buffer, length, view, pages, this.#gone));
    } catch (error) {
      throw this.#errorOf(error, what);
    }
  }

  #errorOf(error: unknown, what: string): unknown {
    if (error instanceof VkError && !isShortOfMemory(error)) this.failed(error);
    return drmErrorOf(error, what);
  }

  #add(memory: PacketMemory): PacketMemory {
    this.#memories.add(memory);
    return memory;
  }

  readonly #gone = (memory: PacketMemory): void => {
    this.#memories.delete(memory);
    if (this.#killed || !this.#open) return;
    if (this.#lost !== undefined) this.#orphans.push(memory);
    else this.services.recorder.disposeLater({ [Symbol.dispose]: () => memory.free() });
  };
  // What was let go of after the GPU was lost.
  readonly #orphans: PacketMemory[] = [];

  #memory(memory: EngineMemory, offset: number, length: number, what: string): PacketMemory {
    this.#use(what);
    if (!(memory instanceof PacketMemory) || memory.recorder !== this.services.recorder || !memory.isOpen) {
      throw new TypeError(`${what}: it is not this engine's`);
    }
    if (!(Number.isSafeInteger(offset) && offset >= 0 && offset + length <= memory.size)) {
      throw new RangeError(`${what}: ${length} bytes at ${offset} of ${memory.size}`);
    }
    return memory;
  }

  /** Waits for a submission. @throws {DrmError} ETIMEDOUT, EIO */
  #wait(value: number, deadline: number, what: string): void {
    const { queue } = this.services.recorder;
    const left = Math.max(0, deadline - performance.now() * 1e6);
    if (!queue.waitFor(value, BigInt(Math.ceil(Math.min(left, 2 ** 62))))) {
      throw new DrmError("ETIMEDOUT", `${what}: the GPU does not answer`);
    }
    this.services.recorder.poll();
  }

  readMemory(memory: EngineMemory, offset: number, target: Uint8Array, timeoutNs: number): void {
    const what = "Cannot read memory";
    const source = this.#memory(memory, offset, target.length, what);
    const deadline = performance.now() * 1e6 + timeoutNs;
    try {
      const { recorder } = this.services;
      recorder.flush();
      if (source.view !== undefined) {
        const last = source.writes.last(offset, offset + target.length);
        if (last > recorder.completed) this.#wait(last, deadline, what);
        source.view.invalidate?.(offset, target.length);
        target.set(source.view.bytes.subarray(offset, offset + target.length));
      } else this.#move(source, offset, target, false, deadline, what);
    } catch (error) {
      throw this.#errorOf(error, what);
    }
  }

  writeMemory(memory: EngineMemory, offset: number, source: Uint8Array, timeoutNs: number): void {
    const what = "Cannot write memory";
    const target = this.#memory(memory, offset, source.length, what);
    const deadline = performance.now() * 1e6 + timeoutNs;
    try {
      const { recorder } = this.services;
      recorder.flush();
      if (target.view !== undefined) {
        if (target.used > recorder.completed) this.#wait(target.used, deadline, what);
        target.view.bytes.set(source, offset);
        target.view.flush?.(offset, source.length);
      } else this.#move(target, offset, source, true, deadline, what);
    } catch (error) {
      throw this.#errorOf(error, what);
    }
  }

  // By staging memory. Offsets and sizes of vkCmdCopyBuffer may be any.
  #move(memory: PacketMemory, offset: number, bytes: Uint8Array, write: boolean, deadline: number, what: string): void {
    if (bytes.length === 0) return;
    const { recorder, regions } = this.services;
    const size = Math.min(CHUNK, Math.ceil(bytes.length / PAGE_SIZE) * PAGE_SIZE);
    const staging = stagingMemory(recorder, size, write ? "upload" : "readback");
    const { view } = staging;
    try {
      if (view === undefined) throw new TypeError("Cannot stage without a view");
      for (let at = 0; at < bytes.length; at += size) {
        const part = bytes.subarray(at, at + size);
        if (write) {
          view.bytes.set(part);
          view.flush?.(0, part.length);
        }
        regions.clear();
        if (write) regions.push(memory, offset + at, staging, 0, part.length);
        else regions.push(staging, 0, memory, offset + at, part.length);
        regions.record();
        this.#wait(recorder.flush(), deadline, what);
        if (write) continue;
        view.invalidate?.(0, part.length);
        part.set(view.bytes.subarray(0, part.length));
      }
    } finally {
      recorder.disposeLater({ [Symbol.dispose]: () => staging.free() });
    }
  }

  createQueue(node: number, _priority: number): EngineQueue {
    this.#use("Cannot make a queue");
    if (node !== 0) throw new RangeError(`Cannot make a queue of node ${node}`);
    const queue = new PacketQueue(this, this.info.render);
    this.#queues.add(queue);
    return queue;
  }

  /** @internal A queue is gone. */
  forget(queue: PacketQueue, job: object): void {
    this.#queues.delete(queue);
    this.stalled.delete(queue);
    if (this.#lost === undefined && this.#open) this.services.fetcher.forget(job);
  }

  poll(): boolean {
    if (this.#lost !== undefined || !this.#open || this.stalled.size === 0) return false;
    let moved = false;
    try {
      this.services.recorder.poll();
    } catch (error) {
      this.failed(error);
      return true;
    }
    for (const queue of this.stalled) if (queue.resume()) moved = true;
    return moved;
  }

  calibrate(): { readonly gpu: number; readonly cpuNs: number } {
    const what = "Cannot read the GPU's clock";
    this.#use(what);
    try {
      return this.services.timestamps.calibrate();
    } catch (error) {
      throw this.#errorOf(error, what);
    }
  }

  /** Waits for the GPU and frees everything; nothing, once it was killed. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    for (const queue of [...this.#queues]) queue[Symbol.dispose]();
    this.#open = false;
    if (this.#killed) return;
    const { device } = this.#gpu;
    if (this.#lost === undefined) device.waitIdle();
    this.#event?.[Symbol.dispose]();
    this.services[Symbol.dispose]();
    for (const memory of [...this.#memories, ...this.#orphans]) memory.free();
    this.#memories.clear();
    this.#gpu[Symbol.dispose]();
  }
}

/**
 * An engine that executes packets on a GPU.
 *
 * @param options which GPU. @throws {DrmError} ENODEV if there is none that can.
 */
export function packets(options: PacketsOptions = {}): Packets {
  return new Packets(options);
}
