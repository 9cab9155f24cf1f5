/**
 * Arrays in a client's memory, read and written element by element as get_user and put_user do, but in larger pieces.
 * @module
 */

import { DrmError } from "../error.ts";
import type { UserMemory } from "../memory.ts";
import type { Process } from "../process.ts";

const CHUNK = 64;

/** Reads an array of u32 or u64. No more than 64 elements are read ahead; one that cannot be reached throws when it is asked for. */
export class UserArray {
  readonly #size: 4 | 8;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #memory: UserMemory | undefined;
  #address = 0n;
  #first = 0;
  #end = 0;

  /** A reader for arrays of one kind. @param size bytes of an element. */
  constructor(size: 4 | 8) {
    this.#size = size;
    this.#bytes = new Uint8Array(CHUNK * size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Starts with another array. */
  begin(memory: UserMemory, address: bigint): void {
    this.#memory = memory;
    this.#address = address;
    this.#first = this.#end = 0;
  }

  /** Low 32 bits of element `index`. @param ahead how many elements will be wanted from here on. Throws EFAULT. */
  low(index: number, ahead: number): number {
    if (index < this.#first || index >= this.#end) this.#load(index, ahead);
    return this.#view.getUint32((index - this.#first) * this.#size, true);
  }

  /** High 32 bits of the element that `low` read last or before, of an array of u64. */
  high(index: number): number {
    return this.#view.getUint32((index - this.#first) * this.#size + 4, true);
  }

  #load(index: number, ahead: number): void {
    const memory = this.#memory;
    if (memory === undefined) throw new TypeError("Cannot read an array that was not begun");
    const address = this.#address + BigInt(index * this.#size);
    let count = Math.max(1, Math.min(ahead, CHUNK));
    this.#first = this.#end = index;
    try {
      memory.copyIn(address, this.#bytes.subarray(0, count * this.#size));
    } catch (error) {
      if (count === 1 || !(error instanceof DrmError)) throw error;
      // What was read ahead may lie outside; what is asked for may not.
      count = 1;
      memory.copyIn(address, this.#bytes.subarray(0, this.#size));
    }
    this.#end = index + count;
  }
}

/** Stores as many of `values` as there is `room` for, as u32. Throws EFAULT. */
export function storeU32s(task: Process, address: bigint, room: number, values: readonly number[]): void {
  const count = Math.min(room, values.length);
  if (count === 0) return;
  task.memory.copyOut(address, new Uint8Array(Uint32Array.from(values.slice(0, count)).buffer));
}

const TWO64 = 2 ** 64;

/** Stores as many of `values` as there is `room` for, as u64: negative ones in two's complement, 2^64 as the greatest. Throws EFAULT. */
export function storeU64s(task: Process, address: bigint, room: number, values: readonly number[]): void {
  const count = Math.min(room, values.length);
  if (count === 0) return;
  const words = new Uint32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const value = values[i];
    words[i * 2] = value >= TWO64 ? 0xffff_ffff : value; // modulo 2^32
    words[i * 2 + 1] = value >= TWO64 ? 0xffff_ffff : Math.floor(value / 0x1_0000_0000);
  }
  task.memory.copyOut(address, new Uint8Array(words.buffer));
}
