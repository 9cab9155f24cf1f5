/**
 * Handles that the host chooses, as d3dkmthandle lays them out: instance, index, unique. The counterpart of dxgkrnl's
 * hmgr.c, with generations that count: both `unique` and `instance` change each time an index is used again.
 * @module
 */

import { DrmError } from "../../../core/error.ts";

/** Free indices that wait before the first of them is used again. */
const MIN_FREE = 128;
const UNIQUES = 3; // 1 to 3: a handle is never 0
const INSTANCES = 64;

/** Objects by handle. A stale handle finds nothing for at least 192 * 128 further allocations. */
export class HandleTable<T> {
  readonly #objects: (T | undefined)[] = [];
  readonly #generations: number[] = [];
  // Free indices, the longest free first.
  #free: number[] = [];
  #head = 0;
  #count = 0;
  readonly #limit: number;

  /** An empty table. @param limit objects at once, at most 2^24. */
  constructor(limit: number) {
    this.#limit = Math.min(limit, 1 << 24);
  }

  /** Objects. */
  get count(): number {
    return this.#count;
  }

  /** How many more there may be. */
  get room(): number {
    return this.#limit - this.#count;
  }

  /** A handle for an object. Throws ENOMEM beyond the limit. */
  add(object: T): number {
    if (this.#count >= this.#limit) throw new DrmError("ENOMEM", `Cannot make a handle: ${this.#count} are in use`);
    let index = this.#objects.length;
    if (this.#free.length - this.#head > MIN_FREE || index >= 1 << 24) {
      index = this.#free[this.#head++];
      if (this.#head > 1024 && this.#head * 2 > this.#free.length) {
        this.#free = this.#free.slice(this.#head);
        this.#head = 0;
      }
      this.#generations[index] = (this.#generations[index] + 1) % (UNIQUES * INSTANCES);
      this.#objects[index] = object;
    } else {
      this.#objects.push(object);
      this.#generations.push(0);
    }
    this.#count++;
    return this.#handle(index);
  }

  /** The object of a handle, or undefined: for stale ones too. Any u32 is a legal argument. */
  get(handle: number): T | undefined {
    const index = (handle >>> 6) & 0xff_ffff;
    const object = this.#objects[index];
    return object !== undefined && this.#handle(index) === handle ? object : undefined;
  }

  /** Takes a handle out; whether it was there. */
  remove(handle: number): boolean {
    if (this.get(handle) === undefined) return false;
    const index = (handle >>> 6) & 0xff_ffff;
    this.#objects[index] = undefined;
    this.#free.push(index);
    this.#count--;
    return true;
  }

  /** The objects, in no order. */
  *[Symbol.iterator](): Generator<T> {
    for (const object of this.#objects) if (object !== undefined) yield object;
  }

  /** All handles. */
  handles(): number[] {
    return this.#objects.flatMap((object, index) => object === undefined ? [] : [this.#handle(index)]);
  }

  #handle(index: number): number {
    const generation = this.#generations[index];
    const unique = 1 + generation % UNIQUES;
    return ((unique << 30) | (index << 6) | Math.floor(generation / UNIQUES)) >>> 0;
  }
}
