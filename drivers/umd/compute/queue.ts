/**
 * Queues: work for the GPU, in order. What is recorded becomes one DMA buffer until `flush`; the barriers between what depends
 * on each other are found from what kernels read and write. One hardware queue each, whose progress fence counts batches.
 * @module
 */

import type { Allocation, User } from "./allocation.ts";
import { DESCRIPTOR } from "./batch.ts";
import { type BufferRange, bytesIn, type ComputeBuffer } from "./buffer.ts";
import type { Commands } from "./commands.ts";
import type { Connection } from "./connection.ts";
import type { DeviceMemory } from "./device_memory.ts";
import { ComputeEvent } from "./event.ts";
import type { ComputeKernel } from "./kernel.ts";
import { Measurement } from "./measurement.ts";
import { type Epochs, Recording } from "./recording.ts";
import { STAGE_SIZE, Staging } from "./staging.ts";

/** Uploads up to this size travel in the batch. */
const INLINE = 64 * 1024;
/** Bytes of push constants. */
const MAX_PUSH = 128;
/** Workgroups in a direction that every GPU can. */
const MAX_GROUPS = 65535;

/** Workgroups in x, y and z; what is missing is 1. */
export type Groups = number | readonly [x: number, y?: number, z?: number];

/** A queue. */
export class ComputeQueue implements User, Disposable {
  readonly #recording: Recording;
  readonly #commands: Commands;
  readonly #staging: Staging;
  readonly #frequency: number;

  /** @internal `ComputeDevice` makes them. */
  constructor(client: Connection, memory: DeviceMemory, epochs: Epochs) {
    this.#recording = new Recording(client, memory, epochs);
    this.#commands = this.#recording.commands;
    this.#staging = new Staging(memory);
    this.#frequency = client.adapter.timestampFrequency;
  }

  /** Batches submitted so far: the value that its fence reaches when they are done. */
  get submitted(): number {
    return this.#recording.submitted;
  }

  /** Batches done so far. */
  get completed(): number {
    return this.#recording.hardware.completed;
  }

  /** @internal Its progress fence's handle. */
  get fence(): number {
    return this.#recording.hardware.fence;
  }

  /** Whether what was submitted up to a value is done. */
  isDone(value: number): boolean {
    return this.completed >= value;
  }

  /**
   * Runs a kernel.
   *
   * @param kernel which. @param groups workgroups, not invocations: `kernel.groups(n)` counts them.
   * @param bindings what is bound, by number of the binding. @param constants up to 128 bytes of push constants.
   * @throws {TypeError} when a binding is missing. @throws {RangeError} for too many workgroups or constants.
   */
  dispatch(
    kernel: ComputeKernel,
    groups: Groups,
    bindings: readonly (BufferRange | undefined)[],
    constants?: ArrayBufferView,
  ): this {
    const list = typeof groups === "number" ? [groups] : groups;
    const x = list[0], y = list[1] ?? 1, z = list[2] ?? 1;
    if (!isCount(x) || !isCount(y) || !isCount(z)) {
      throw new RangeError(`Cannot dispatch ${x} x ${y} x ${z} workgroups: 0 to ${MAX_GROUPS} each`);
    }
    this.#prepare(kernel, bindings, constants);
    this.#commands.dispatch(x, y, z);
    return this;
  }

  /** Runs a kernel over workgroups whose counts x, y, z are three words in a buffer. @param offset of them, bytes. */
  dispatchIndirect(
    kernel: ComputeKernel,
    counts: ComputeBuffer,
    offset: number,
    bindings: readonly (BufferRange | undefined)[],
    constants?: ArrayBufferView,
  ): this {
    counts.check(offset, 12);
    if (offset % 4 !== 0) throw new RangeError(`Cannot read workgroup counts at ${offset}: a multiple of 4`);
    this.#prepare(kernel, bindings, constants, counts.allocation);
    this.#commands.dispatchIndirect(counts.allocation.address + offset);
    return this;
  }

  #prepare(
    kernel: ComputeKernel,
    bindings: readonly (BufferRange | undefined)[],
    constants: ArrayBufferView | undefined,
    counts?: Allocation,
  ): void {
    const record = this.#recording;
    if (!kernel.isOpen) throw new TypeError("Cannot dispatch: the kernel was disposed of");
    const wanted = kernel.bindings, needs = record.needs;
    needs.length = 0;
    for (let i = 0; i < wanted.length; i++) {
      const { binding, kind } = wanted[i], range = bindings[binding];
      if (range === undefined) throw new TypeError(`Cannot dispatch: binding ${binding}, a ${kind}, has no buffer`);
      needs.push(range.buffer.allocation);
    }
    needs.push(kernel.code);
    if (counts !== undefined) needs.push(counts);
    let push: Uint32Array | undefined;
    if (constants !== undefined && constants.byteLength > 0) {
      if (constants.byteLength > MAX_PUSH || constants.byteLength % 4 !== 0) {
        throw new RangeError(
          `Cannot push ${constants.byteLength} bytes of constants: 4 to ${MAX_PUSH}, a multiple of 4`,
        );
      }
      push = constants.byteOffset % 4 === 0
        ? new Uint32Array(constants.buffer, constants.byteOffset, constants.byteLength / 4)
        : new Uint32Array(bytesIn(constants).slice().buffer);
    }
    const batch = record.room(wanted.length * DESCRIPTOR);
    // All barriers before any use: a kernel may have one buffer twice.
    for (let i = 0; i < wanted.length; i++) {
      if (wanted[i].writes) record.written(needs[i]);
      else record.read(needs[i]);
    }
    if (counts !== undefined) record.read(counts);
    const table = batch.take(wanted.length * DESCRIPTOR);
    for (let i = 0; i < wanted.length; i++) {
      const { binding, kind, writes } = wanted[i], range = bindings[binding];
      if (range === undefined) continue;
      const { allocation } = range.buffer;
      record.use(allocation, writes);
      batch.describe(table + i * DESCRIPTOR, kind, binding, allocation.address + range.offset, range.size);
    }
    record.use(kernel.code, false);
    if (counts !== undefined) record.use(counts, false);
    if (record.kernel !== kernel) {
      this.#commands.kernel(kernel.code.address, kernel.codeSize, kernel.constants);
      record.kernel = kernel;
    }
    this.#commands.table(batch.allocation.address + table, wanted.length);
    if (push !== undefined) this.#commands.constants(push);
  }

  /** Copies bytes from buffer to buffer. @param size bytes; both offsets are bytes. @throws {RangeError} */
  copy(target: ComputeBuffer, source: ComputeBuffer, size: number, targetOffset = 0, sourceOffset = 0): this {
    const record = this.#recording;
    target.check(targetOffset, size);
    source.check(sourceOffset, size);
    if (size === 0) return this;
    const overlaps = target === source && Math.abs(targetOffset - sourceOffset) < size;
    if (overlaps) throw new RangeError("Cannot copy within a buffer: the ranges overlap");
    const to = target.allocation, from = source.allocation;
    record.need(from, to);
    record.room(0);
    record.read(from);
    record.written(to);
    record.use(from, false);
    record.use(to, true);
    this.#commands.copy(to.address + targetOffset, from.address + sourceOffset, size);
    return this;
  }

  /** Stores a word everywhere in a range of whole words. @throws {RangeError} */
  fill(target: ComputeBuffer, value: number, offset = 0, size: number = target.size - offset): this {
    const record = this.#recording;
    target.check(offset, size);
    if (offset % 4 !== 0) throw new RangeError(`Cannot fill at ${offset}: a multiple of 4`);
    // A buffer's memory is whole words, whatever its size.
    const length = offset + size === target.size ? Math.ceil(size / 4) * 4 : size;
    if (length % 4 !== 0) throw new RangeError(`Cannot fill ${size} bytes: a multiple of 4`);
    if (length === 0) return this;
    const { allocation } = target;
    record.need(allocation);
    record.room(0);
    record.written(allocation);
    record.use(allocation, true);
    this.#commands.fill(allocation.address + offset, length, value >>> 0);
    return this;
  }

  /** Stores bytes, after all before. They are copied at once. @param offset bytes. @throws {RangeError} */
  write(target: ComputeBuffer, data: ArrayBufferView | ArrayBufferLike, offset = 0): this {
    const record = this.#recording;
    const source = bytesIn(data), { allocation } = target;
    target.check(offset, source.length);
    if (allocation.bytes !== undefined) {
      allocation.wait();
      allocation.bytes.set(source, offset);
      return this;
    }
    if (source.length === 0) return this;
    if (source.length <= INLINE) {
      record.need(allocation);
      const batch = record.room(source.length);
      record.written(allocation);
      const at = batch.take(source.length);
      batch.bytes.set(source, at);
      record.use(allocation, true);
      this.#commands.copy(allocation.address + offset, batch.allocation.address + at, source.length);
      return this;
    }
    for (let at = 0; at < source.length; at += STAGE_SIZE) {
      const part = source.subarray(at, at + STAGE_SIZE), stage = this.#staging.take();
      stage.bytes?.set(part);
      record.need(allocation, stage);
      record.room(0);
      record.written(allocation);
      record.use(stage, false);
      record.use(allocation, true);
      this.#commands.copy(allocation.address + offset + at, stage.address, part.length);
      this.flush();
    }
    return this;
  }

  /** Reads bytes when all before is done: waits. @throws {RangeError} @throws {ComputeError} */
  read(source: ComputeBuffer, target: Uint8Array, offset = 0): void {
    const record = this.#recording;
    const { allocation } = source;
    source.check(offset, target.length);
    if (allocation.bytes !== undefined) {
      allocation.wait();
      target.set(allocation.bytes.subarray(offset, offset + target.length));
      return;
    }
    if (target.length === 0) return;
    if (target.length <= INLINE) {
      record.need(allocation);
      const batch = record.room(target.length);
      record.read(allocation);
      const at = batch.take(target.length);
      record.use(allocation, false);
      this.#commands.copy(batch.allocation.address + at, allocation.address + offset, target.length);
      this.finish();
      target.set(batch.bytes.subarray(at, at + target.length));
      return;
    }
    for (let at = 0; at < target.length; at += STAGE_SIZE) {
      const part = target.subarray(at, at + STAGE_SIZE), stage = this.#staging.take();
      record.need(allocation, stage);
      record.room(0);
      record.read(allocation);
      record.use(allocation, false);
      record.use(stage, true);
      this.#commands.copy(stage.address, allocation.address + offset + at, part.length);
      this.finish();
      if (stage.bytes !== undefined) part.set(stage.bytes.subarray(0, part.length));
    }
  }

  /** Measures what `work` records, from when all before it is done. */
  measure(work: () => void): Measurement {
    const measurement = new Measurement(this, this.#frequency);
    this.#stamp(measurement, false);
    work();
    measurement.endsWith(this.#stamp(measurement, true));
    return measurement;
  }

  #stamp(measurement: Measurement, isEnd: boolean): number {
    const record = this.#recording;
    record.needs.length = 0;
    const batch = record.room(8);
    this.#commands.timestamp(batch.allocation.address + batch.stamp(measurement, isEnd));
    return batch.value;
  }

  /** What follows waits for an event of another queue of the device. */
  wait(event: ComputeEvent): this {
    const record = this.#recording;
    if (event.queue === this) return this; // in order anyway
    this.flush();
    record.waitOnGpu(event.queue.fence, BigInt(event.value));
    record.barrier();
    return this;
  }

  /** Submits what is recorded, if anything is. The event of its end. @throws {ComputeError} what went wrong on the GPU so far */
  flush(): ComputeEvent {
    return new ComputeEvent(this, this.#recording.flush());
  }

  /** Submits and waits until all is done. @throws {ComputeError} what went wrong on the GPU */
  finish(): void {
    this.waitFor(this.#recording.flush());
  }

  /** Submits; resolves when all is done so far, without blocking the isolate; rejects with a ComputeError. */
  get done(): Promise<void> {
    return this.flush().done;
  }

  /** Waits for a value, and submits first what it needs. @throws {ComputeError} */
  waitFor(value: number): void {
    this.#recording.waitFor(value);
  }

  /** @internal As `waitFor`, of what was submitted, without blocking. */
  whenDone(value: number): Promise<void> {
    return this.#recording.whenDone(value);
  }

  /** @internal A sync_file of a value that was submitted. */
  syncFile(value: number): number {
    return this.#recording.hardware.syncFile(value);
  }

  /** @internal The device ends. */
  [Symbol.dispose](): void {
    this.#recording[Symbol.dispose]();
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_GROUPS;
}
