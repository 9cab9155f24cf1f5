/**
 * Handles of a process. Adapters have a table whose handles are made here; for all else the host chooses the handle, and the guest
 * assigns it. A handle is found only if all of it fits: index, generation, instance. Mirrors dxgkrnl's hmgr.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { IdTable, type Quota } from "../../../core/id_table.ts";
import { U32Map } from "../../../core/u32_map.ts";

const UNIQUES = 3; // 1 to 3: a handle is never 0
const INSTANCES = 64;
const MAX_INDEX = 1 << 24;

/** Handles that the guest makes: the first is 0x40000000, the next 0x40000040. */
export class LocalHandles<T> {
  readonly #objects: IdTable<T>;
  // How often each index has been used: both `unique` and `instance` tell generations apart.
  readonly #generations: number[] = [];

  /** An empty table. @param limit handles at once. @param quota what it shares with other tables. */
  constructor(limit: number, quota?: Quota) {
    this.#objects = new IdTable<T>(Math.min(limit, MAX_INDEX), quota);
  }

  /** Handles. */
  get count(): number {
    return this.#objects.count;
  }

  /** A handle for an object. Throws ENOMEM when none is left. */
  add(object: T): number {
    const id = this.#objects.add(object);
    if (id === 0) throw new DrmError("ENOMEM", "Cannot make a handle: none is left");
    while (this.#generations.length < id) this.#generations.push(0);
    return this.#handle(id);
  }

  /** The object of a handle, or undefined: for stale ones too. */
  get(handle: number): T | undefined {
    const id = ((handle >>> 6) & (MAX_INDEX - 1)) + 1;
    const object = this.#objects.get(id);
    return object !== undefined && this.#handle(id) === handle ? object : undefined;
  }

  /** Takes a handle out; its object, or undefined. */
  remove(handle: number): T | undefined {
    const object = this.get(handle);
    if (object === undefined) return undefined;
    const index = (handle >>> 6) & (MAX_INDEX - 1);
    this.#generations[index] = (this.#generations[index] + 1) % (UNIQUES * INSTANCES);
    this.#objects.remove(index + 1);
    return object;
  }

  #handle(id: number): number {
    const generation = this.#generations[id - 1];
    const unique = 1 + generation % UNIQUES;
    return ((unique << 30) | ((id - 1) << 6) | Math.floor(generation / UNIQUES)) >>> 0;
  }

  /** Handles with their objects. */
  *[Symbol.iterator](): Generator<[number, T]> {
    for (const [id, object] of this.#objects) yield [this.#handle(id), object];
  }
}

/** Handles that the host chooses. */
export class AssignedHandles<T> {
  readonly #objects = new U32Map<T>();
  readonly #quota: Quota | undefined;

  /** An empty table. @param quota what it shares with other tables. */
  constructor(quota?: Quota) {
    this.#quota = quota;
  }

  /** Handles. */
  get count(): number {
    return this.#objects.size;
  }

  /** Makes an object known by the host's handle. Throws EINVAL for 0 and for one that is taken; ENOMEM beyond the quota. */
  assign(handle: number, object: T): void {
    if (handle === 0 || this.#objects.get(handle) !== undefined) {
      throw new DrmError(
        "EINVAL",
        `Cannot assign handle 0x${handle.toString(16)}: the host has given it twice, or none`,
      );
    }
    if (this.#quota !== undefined && this.#quota.used >= this.#quota.limit) {
      throw new DrmError("ENOMEM", `Cannot assign a handle: ${this.#quota.used} ids are in use`);
    }
    if (this.#quota !== undefined) this.#quota.used++;
    this.#objects.set(handle, object);
  }

  /** The object of a handle, or undefined. */
  get(handle: number): T | undefined {
    return handle === 0 ? undefined : this.#objects.get(handle);
  }

  /** Takes an object out; harmless for one that is not known by that handle. */
  remove(handle: number, object: T): void {
    if (this.get(handle) !== object) return;
    this.#objects.delete(handle);
    if (this.#quota !== undefined) this.#quota.used--;
  }
}
