/**
 * A DMA buffer under way: commands in its first part, descriptor tables, small uploads and timestamps in its second.
 * @module
 */

import {
  dxp_descriptor,
  DXP_DESCRIPTOR_STORAGE_BUFFER,
  DXP_DESCRIPTOR_UNIFORM_BUFFER,
} from "../../../uapi/dxp_object.ts";
import type { Allocation } from "./allocation.ts";
import type { Measurement } from "./measurement.ts";
import type { KernelBinding } from "./spirv.ts";

/** Bytes of a descriptor. */
export const DESCRIPTOR: number = dxp_descriptor.size;

/** Bytes of commands. */
const COMMANDS = 128 * 1024;
/** Bytes of data. */
const DATA = 384 * 1024;
/** Bytes of a batch. */
export const BATCH_SIZE: number = COMMANDS + DATA;
/** Alignment of tables and data. */
const ALIGN = 8;

/** A batch. */
export class Batch {
  /** Its memory. */
  readonly allocation: Allocation;
  /** Words of commands. */
  readonly commands: Uint32Array;
  /** Words of everything. */
  readonly words: Uint32Array;
  /** Bytes of everything. */
  readonly bytes: Uint8Array;
  /** The value that the queue's fence gets when it is done. */
  value = 0;
  #dataAt = COMMANDS;
  readonly #stamps: { readonly at: number; readonly of: Measurement; readonly isEnd: boolean }[] = [];

  /** @param allocation that the CPU sees. */
  constructor(allocation: Allocation) {
    const { bytes } = allocation;
    if (bytes === undefined) throw new TypeError("Cannot write commands: the CPU does not see the memory");
    this.allocation = allocation;
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, BATCH_SIZE / 4);
    this.commands = this.words.subarray(0, COMMANDS / 4);
  }

  /** Begins anew. */
  begin(value: number): void {
    this.value = value;
    this.#dataAt = COMMANDS;
  }

  /** Whether so many bytes of data fit. */
  fits(size: number): boolean {
    return this.#dataAt + size + ALIGN <= BATCH_SIZE;
  }

  /** Takes bytes of data; where they begin in it. */
  take(size: number): number {
    const at = this.#dataAt;
    this.#dataAt = Math.ceil((at + size) / ALIGN) * ALIGN;
    return at;
  }

  /** Writes the descriptor of a buffer. @param at where in it, bytes. @param address GPU address */
  describe(at: number, kind: KernelBinding["kind"], binding: number, address: number, size: number): void {
    const { words } = this, first = at / 4;
    words.fill(0, first, first + DESCRIPTOR / 4);
    words[first] = kind === "storage-buffer" ? DXP_DESCRIPTOR_STORAGE_BUFFER : DXP_DESCRIPTOR_UNIFORM_BUFFER;
    words[first + 1] = binding;
    words[first + 2] = address % 0x1_0000_0000;
    words[first + 3] = address / 0x1_0000_0000;
    words[first + 4] = size % 0x1_0000_0000;
    words[first + 5] = size / 0x1_0000_0000;
  }

  /** Takes 8 bytes for a timestamp; where. */
  stamp(of: Measurement, isEnd: boolean): number {
    const at = this.take(8);
    this.#stamps.push({ at, of, isEnd });
    return at;
  }

  /** It is done: measurements hear of it. */
  finish(): void {
    for (const { at, of, isEnd } of this.#stamps.splice(0)) {
      of.set(isEnd, this.words[at / 4] + this.words[at / 4 + 1] * 0x1_0000_0000);
    }
  }
}
