/**
 * Host-visible memory that lives as long as a submission: vertex data at hand, constants, staged uploads, readbacks. It is taken
 * from chunks; a chunk is used again once the GPU has passed the last submission that took from it.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Allocation, Device, DeviceBuffer, MemoryKind } from "../../vulkan/mod.ts";

/** Bytes of all chunks of a ring together; who needs more waits for the GPU. */
const MAX_BYTES = 512 * 2 ** 20;
/** How long. */
const PATIENCE_NS = 10_000_000_000n;

class Chunk {
  readonly buffer: DeviceBuffer;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  // Where the next bytes go, what was flushed, and the submission that used it last.
  at = 0;
  flushed = 0;
  value = 0;

  constructor(buffer: DeviceBuffer, size: number) {
    this.buffer = buffer;
    this.size = size;
    this.bytes = buffer.bytes;
    this.words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, buffer.size >>> 2);
    this.floats = new Float32Array(this.bytes.buffer, this.bytes.byteOffset, buffer.size >>> 2);
  }
}

/** What a ring is. */
export interface RingOptions {
  /** VkBufferUsageFlags. */
  readonly usage: number;
  /** Bytes of a chunk, a multiple of 4096. */
  readonly chunkBytes: number;
  /** "upload" by default. */
  readonly memory?: MemoryKind;
  /** Bytes behind a chunk that are never taken, so that a descriptor's fixed range fits from every offset on. */
  readonly slack?: number;
  /** Up to which submission memory may be used again; by default what the GPU has done. */
  readonly completed?: () => number;
}

/** The ring. `handle`, `bytes`, `words` and `floats` are those of the chunk that the last `take` took from. */
export class Ring implements Disposable {
  /** The VkBuffer. */
  handle = 0n;
  /** Its bytes. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same as words. */
  words: Uint32Array = new Uint32Array(0);
  /** The same as floats. */
  floats: Float32Array = new Float32Array(0);
  /** Bytes taken since the last submission. */
  taken = 0;
  readonly #device: Device;
  readonly #options: RingOptions;
  #current: Chunk;
  // Chunks that are full, oldest first; those that the submission being recorded uses have the value Infinity.
  readonly #full: Chunk[] = [];
  #bytes = 0;

  /** @param device where. Throws a VkError if memory does not suffice. */
  constructor(device: Device, options: RingOptions) {
    this.#device = device;
    this.#options = options;
    this.#current = this.#make(options.chunkBytes);
    this.#use(this.#current);
  }

  /** The memory of the chunk that `take` took from last: what the GPU wrote there is invalidated before it is read. */
  get allocation(): Allocation {
    return this.#current.buffer.allocation;
  }

  /** Bytes of all chunks. */
  get size(): number {
    return this.#bytes;
  }

  /**
   * Takes bytes, good until the submission that is being recorded is done.
   *
   * @param size bytes. @param align a power of two.
   * May wait for the GPU, if it lags far behind.
   *
   * @returns where they begin in `bytes`, and in the VkBuffer.
   * @throws {DrmError} ENOMEM if too much is taken at once. @throws {VkError}
   */
  take(size: number, align: number): number {
    const chunk = this.#current;
    const at = chunk.at + align - 1 & -align;
    if (at + size > chunk.size) return this.#takeAnew(size);
    chunk.at = at + size;
    this.taken += size;
    return at;
  }

  /** Makes what was written visible to the GPU. Throws a VkError. */
  flush(): void {
    const chunk = this.#current;
    this.#flush(chunk);
    for (let i = this.#full.length - 1; i >= 0 && this.#full[i].value === Infinity; i--) this.#flush(this.#full[i]);
  }

  /** What was taken since the last call is used by submission `value`; `completed` are done. */
  seal(value: number, completed: number): void {
    const chunk = this.#current;
    if (this.taken > 0) {
      chunk.value = value;
      for (let i = this.#full.length - 1; i >= 0 && this.#full[i].value === Infinity; i--) this.#full[i].value = value;
      this.taken = 0;
    }
    // Beginning anew keeps the memory that is used in the CPU's cache.
    if (chunk.value <= completed) chunk.at = chunk.flushed = 0;
    this.#trim(completed);
  }

  /** Frees the memory; the GPU must be done with it. */
  [Symbol.dispose](): void {
    this.#current.buffer[Symbol.dispose]();
    for (const chunk of this.#full.splice(0)) chunk.buffer[Symbol.dispose]();
  }

  #takeAnew(size: number): number {
    const { chunkBytes } = this.#options;
    this.#current.value = Infinity;
    this.#full.push(this.#current);
    let chunk: Chunk;
    try {
      let index = this.#spare(size);
      if (index < 0) {
        this.#relieve(Math.max(chunkBytes, size));
        index = this.#spare(size);
      }
      chunk = index >= 0 ? this.#full.splice(index, 1)[0] : this.#make(Math.max(chunkBytes, size));
    } catch (error) {
      this.#full.pop();
      throw error;
    }
    this.#current = chunk;
    this.#use(chunk);
    chunk.at = size;
    chunk.flushed = 0;
    this.taken += size;
    return 0;
  }

  #completed(): number {
    return this.#options.completed?.() ?? this.#device.queue.completed();
  }

  // A chunk that can be used again; -1 for none.
  #spare(size: number): number {
    const completed = this.#completed();
    return this.#full.findIndex((chunk) => chunk.value <= completed && chunk.size >= size);
  }

  // Makes room for a chunk within MAX_BYTES: what others have recorded must not be why somebody gets no memory.
  #relieve(size: number): void {
    const full = this.#full;
    while (this.#bytes + size > MAX_BYTES) {
      const oldest = full[0];
      if (oldest === undefined || oldest.value === Infinity) return;
      if (oldest.value > this.#completed()) this.#device.queue.waitFor(oldest.value, PATIENCE_NS);
      if (oldest.value > this.#completed() || oldest.size >= size) return;
      full.shift();
      this.#bytes -= oldest.buffer.size;
      oldest.buffer[Symbol.dispose]();
    }
  }

  #flush(chunk: Chunk): void {
    if (chunk.at <= chunk.flushed) return;
    if (this.#options.memory !== "readback") chunk.buffer.allocation.flush(chunk.flushed, chunk.at - chunk.flushed);
    chunk.flushed = chunk.at;
  }

  // Two spare chunks of the usual size stay.
  #trim(completed: number): void {
    let spare = 0;
    for (let i = this.#full.length - 1; i >= 0; i--) {
      const chunk = this.#full[i];
      if (chunk.value > completed || (chunk.size === this.#options.chunkBytes && spare++ < 2)) continue;
      this.#full.splice(i, 1);
      this.#bytes -= chunk.buffer.size;
      chunk.buffer[Symbol.dispose]();
    }
  }

  #use(chunk: Chunk): void {
    this.handle = chunk.buffer.handle;
    this.bytes = chunk.bytes;
    this.words = chunk.words;
    this.floats = chunk.floats;
  }

  #make(size: number): Chunk {
    const { usage, memory = "upload", slack = 0 } = this.#options;
    const whole = Math.ceil(size / 4096) * 4096;
    if (!(this.#bytes + whole <= MAX_BYTES)) {
      throw new DrmError("ENOMEM", `Cannot stage ${size} bytes more: ${this.#bytes} are in use`);
    }
    const buffer = this.#device.createBuffer({ size: whole + slack, usage, memory });
    this.#bytes += buffer.size;
    return new Chunk(buffer, whole);
  }
}
