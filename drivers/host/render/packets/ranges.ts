/**
 * Ranges of GPU virtual addresses as pieces of memories: each operand goes through here before any Vulkan call.
 * @module
 */

import type { EngineRange, GpuAddressSpace } from "../../../../core/host_dxg.ts";
import { PacketMemory } from "./memory.ts";
import type { Recorder } from "./recorder.ts";

/** Pieces that one range may have. */
const MAX_PIECES = 1 << 16;

/** Why a range cannot be had. */
export type RangeFault =
  /** it can be had */
  | "none"
  /** an address has nothing behind it, or must not be used so */
  | "page"
  /** it is cut into too many pieces */
  | "pieces";

/** The pieces of one range. */
export class Ranges {
  /** How many. */
  count = 0;
  /** Whose bytes. */
  readonly memories: PacketMemory[] = [];
  /** Where in them. */
  offsets: Float64Array = new Float64Array(16);
  /** Bytes. */
  lengths: Float64Array = new Float64Array(16);
  /** What went wrong. */
  fault: RangeFault = "none";
  /** The address that has nothing behind it. */
  faultAddress = 0;
  readonly #recorder: Recorder;
  readonly #range: EngineRange = { memory: undefined, offset: 0, length: 0 };

  /** @param recorder whose memories are right. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Finds the pieces of a range; neighbours in one memory are one. @param size bytes, above 0 */
  resolve(space: GpuAddressSpace, address: number, size: number, access: number): boolean {
    const range = this.#range, end = address + size;
    let count = 0, at = address;
    this.fault = "none";
    while (at < end) {
      range.memory = undefined;
      if (!space.resolve(at, access, range)) return this.#wrong("page", at);
      const memory: unknown = range.memory;
      const { offset } = range;
      if (!(memory instanceof PacketMemory) || memory.recorder !== this.#recorder || !memory.isOpen) {
        return this.#wrong("page", at);
      }
      const length = Math.min(range.length, end - at);
      if (!(length > 0 && offset >= 0 && offset + length <= memory.size)) return this.#wrong("page", at);
      at += length;
      if (count > 0) {
        const last = count - 1;
        if (this.memories[last] === memory && this.offsets[last] + this.lengths[last] === offset) {
          this.lengths[last] += length;
          continue;
        }
        if (count === MAX_PIECES) return this.#wrong("pieces", at);
        if (count === this.offsets.length) this.#grow();
      }
      this.memories[count] = memory;
      this.offsets[count] = offset;
      this.lengths[count] = length;
      count++;
    }
    this.count = count;
    return true;
  }

  /** As `resolve`, of what must lie in one piece: a binding, an image. The first piece is all of it. */
  whole(space: GpuAddressSpace, address: number, size: number, access: number): boolean {
    if (!this.resolve(space, address, size, access)) return false;
    return this.count === 1 || this.#wrong("page", address + this.lengths[0]);
  }

  #wrong(fault: RangeFault, address: number): false {
    this.count = 0;
    this.fault = fault;
    this.faultAddress = address;
    return false;
  }

  #grow(): void {
    const offsets = new Float64Array(this.offsets.length * 2), lengths = new Float64Array(this.offsets.length * 2);
    offsets.set(this.offsets);
    lengths.set(this.lengths);
    this.offsets = offsets;
    this.lengths = lengths;
  }
}
