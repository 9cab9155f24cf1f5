/**
 * Pointer arrays of ioctl arguments: memory in the client's heap that lives for one call, and text and number arrays in it.
 * @module
 */

import type { UserBuffer } from "../../../core/memory.ts";
import type { LocalProcess } from "../../../core/process.ts";

/** Client memory that is given back when the scope ends: `using scratch = new Scratch(process)`. */
export class Scratch implements Disposable {
  readonly #process: LocalProcess;
  readonly #buffers: UserBuffer[] = [];

  /** Holds no memory yet. @param process whose heap. */
  constructor(process: LocalProcess) {
    this.#process = process;
  }

  /** New zeroed memory of `size` bytes. */
  alloc(size: number): UserBuffer {
    const buffer = this.#process.heap.alloc(size);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** A copy of bytes; address 0 for none. */
  bytes(source: Uint8Array): UserBuffer {
    const buffer = this.alloc(source.length);
    buffer.bytes.set(source);
    return buffer;
  }

  /** A copy of u32 values. */
  u32(values: ArrayLike<number>): UserBuffer {
    return this.bytes(new Uint8Array(Uint32Array.from(values).buffer));
  }

  /** A copy of u64 values. */
  u64(values: readonly bigint[]): UserBuffer {
    return this.bytes(new Uint8Array(BigUint64Array.from(values, (v) => BigInt.asUintN(64, v)).buffer));
  }

  /** Gives all of it back. */
  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) this.#process.heap.free(buffer);
    this.#buffers.length = 0;
  }
}

/** The u32 values that lie in client memory. */
export function readU32(buffer: UserBuffer, count: number): number[] {
  const view = new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset, buffer.bytes.byteLength);
  return Array.from({ length: Math.min(count, buffer.bytes.length >> 2) }, (_, i) => view.getUint32(i * 4, true));
}

/** The u64 values that lie in client memory. */
export function readU64(buffer: UserBuffer, count: number): bigint[] {
  const view = new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset, buffer.bytes.byteLength);
  return Array.from({ length: Math.min(count, buffer.bytes.length >> 3) }, (_, i) => view.getBigUint64(i * 8, true));
}
