/**
 * Buffers: bytes that kernels read and write.
 * @module
 */

import type { Allocation } from "./allocation.ts";
import type { DeviceMemory } from "./device_memory.ts";
import type { ComputeQueue } from "./queue.ts";

/** Constructors of typed arrays, as {@linkcode ComputeBuffer.read} takes them. */
export interface TypedArrayConstructor<T> {
  /** Bytes of an element. */
  readonly BYTES_PER_ELEMENT: number;
  /** A view of a buffer. */
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): T;
}

/** A part of a buffer that is bound to a kernel. */
export interface BufferRange {
  /** The buffer. */
  readonly buffer: ComputeBuffer;
  /** Where it begins, bytes, a multiple of 256. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** How a buffer is made. */
export interface BufferOptions {
  /** Whether the CPU sees its bytes in place ({@linkcode ComputeBuffer.map}); the GPU may be slower with it. */
  readonly shared?: boolean;
}

/** The bytes of an array or buffer, in place. */
export function bytesIn(data: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** A buffer, zero at first. Dispose of it at any time: its memory goes when the work that uses it is done. */
export class ComputeBuffer implements Disposable, BufferRange {
  /** Bytes. */
  readonly size: number;
  /** Whether the CPU sees its bytes in place. */
  readonly shared: boolean;
  /** It is its own whole range. */
  readonly buffer: ComputeBuffer = this;
  /** It begins at its beginning. */
  readonly offset = 0;
  readonly #memory: DeviceMemory;
  readonly #queue: ComputeQueue;
  readonly #allocation: Allocation;
  #open = true;

  /** @internal `ComputeDevice.buffer` makes them. */
  constructor(memory: DeviceMemory, queue: ComputeQueue, size: number, allocation: Allocation) {
    this.size = size;
    this.shared = allocation.bytes !== undefined;
    this.#memory = memory;
    this.#queue = queue;
    this.#allocation = allocation;
  }

  /** GPU virtual address: what a page fault names. */
  get address(): number {
    return this.#allocation.address;
  }

  /** @internal Its memory. @throws {TypeError} once it is disposed of */
  get allocation(): Allocation {
    if (!this.#open) throw new TypeError("Cannot use the buffer: it was disposed of");
    return this.#allocation;
  }

  /** @internal Throws a RangeError unless a range lies in it. */
  check(offset: number, size: number): void {
    if (!(Number.isSafeInteger(offset) && offset >= 0 && size >= 0 && offset + size <= this.size)) {
      throw new RangeError(`Cannot use ${size} bytes at ${offset} of a buffer of ${this.size}`);
    }
  }

  /** A part of it, for binding. @param offset bytes, a multiple of 256. @param size bytes, to its end by default. */
  range(offset: number, size: number = this.size - offset): BufferRange {
    this.check(offset, size);
    if (offset % 256 !== 0 || size === 0) throw new RangeError(`Cannot bind ${size} bytes at ${offset}: not at 256s`);
    return { buffer: this, offset, size };
  }

  /** Stores bytes, after all that its device's queue was told before. The data is copied at once. @param offset bytes. */
  write(data: ArrayBufferView | ArrayBufferLike, offset = 0): this {
    this.#queue.write(this, data, offset);
    return this;
  }

  /**
   * Reads elements when the work of its device's queue is done: waits for it.
   *
   * @param type `Float32Array` and so on. @param offset bytes. @param length elements, all by default.
   */
  read<T>(type: TypedArrayConstructor<T>, offset = 0, length?: number): T {
    const count = length ?? Math.floor((this.size - offset) / type.BYTES_PER_ELEMENT);
    const out = new ArrayBuffer(Math.max(0, count) * type.BYTES_PER_ELEMENT);
    this.#queue.read(this, new Uint8Array(out), offset);
    return new type(out);
  }

  /** As `read`, without blocking the isolate while the GPU works. */
  async readAsync<T>(type: TypedArrayConstructor<T>, offset = 0, length?: number): Promise<T> {
    await this.#queue.done;
    return this.read(type, offset, length);
  }

  /**
   * Its bytes in place, once nothing on the GPU uses them; see that nothing does while they are written. Valid until it is
   * disposed of.
   *
   * @throws {TypeError} if it is not shared.
   */
  map(): Uint8Array {
    const { bytes } = this.allocation;
    if (bytes === undefined) throw new TypeError("Cannot map the buffer: make it with { shared: true }");
    this.allocation.wait();
    return bytes.subarray(0, this.size);
  }

  /** Copies bytes of another buffer on the GPU. @param size bytes, as many as both have by default. */
  copyFrom(source: ComputeBuffer, size: number = Math.min(this.size, source.size)): this {
    this.#queue.copy(this, source, size);
    return this;
  }

  /** Stores a word, 32 bits, everywhere on the GPU. @param value u32, i32. */
  fill(value: number): this {
    this.#queue.fill(this, value);
    return this;
  }

  /** Frees it once it is not used any more. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#memory.retire(this.#allocation);
  }
}
