/**
 * `AtomicRequest`: property assignments by name, committed as one (DRM_IOCTL_MODE_ATOMIC).
 * @module
 */

import type { UserBuffer } from "../../../core/memory.ts";
import { DRM_IOCTL_MODE_ATOMIC, drm_mode_atomic } from "../../../uapi/drm_mode_atomic.ts";
import type { View } from "../../../uapi/struct.ts";
import type { DrmCard } from "./card.ts";
import type { ModeObject } from "./property.ts";

/**
 * Assignments to properties of KMS objects. The last one of a property counts. A request may be committed any number of
 * times, and changed between commits: a loop of page flips only sets FB_ID anew.
 */
export class AtomicRequest implements Disposable {
  readonly #card: DrmCard;
  readonly #objects = new Map<number, Map<number, bigint>>();
  readonly #arg: View<drm_mode_atomic> = drm_mode_atomic.of();
  #memory: UserBuffer | undefined;

  /** An empty request. @param card whose objects it changes. */
  constructor(card: DrmCard) {
    this.#card = card;
  }

  /**
   * Assigns `value` to the property `name` of `object`; ids and numbers as they are, negative numbers as signed ones.
   *
   * @throws {RangeError} if the object has no such property.
   */
  set(object: ModeObject, name: string, value: number | bigint): this {
    return this.setId(object.id, object.property(name).id, value);
  }

  /** Assigns several properties of one object. @throws {RangeError} if it lacks one. */
  setAll(object: ModeObject, values: Readonly<Record<string, number | bigint>>): this {
    for (const name in values) this.set(object, name, values[name]);
    return this;
  }

  /** Assigns by bare ids, right or wrong: the kernel judges them. */
  setId(object: number, property: number, value: number | bigint): this {
    let values = this.#objects.get(object);
    if (values === undefined) this.#objects.set(object, values = new Map());
    values.set(property, BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  /** Forgets all assignments. */
  clear(): this {
    this.#objects.clear();
    return this;
  }

  /**
   * Commits.
   *
   * @param flags DRM_MODE_ATOMIC_*, DRM_MODE_PAGE_FLIP_*. @param userData cookie of the completion event.
   * @returns 0, or -EBUSY when an earlier commit is pending and NONBLOCK is set.
   * @throws {DrmError} as the kernel. @throws {TypeError} if it has to wait: without NONBLOCK use {@linkcode commitWait}.
   */
  commit(flags: number, userData = 0n): number {
    return this.#card.file.ioctl(DRM_IOCTL_MODE_ATOMIC, this.#fill(flags, userData));
  }

  /** Commits and waits for what the kernel waits for. Resolves and rejects as `commit` returns and throws. */
  async commitWait(flags: number, userData = 0n): Promise<number> {
    return await this.#card.file.wait(DRM_IOCTL_MODE_ATOMIC, this.#fill(flags, userData));
  }

  // One piece of client memory holds the four arrays: values first, which are 8 bytes wide.
  #fill(flags: number, userData: bigint): View<drm_mode_atomic> {
    let properties = 0;
    for (const values of this.#objects.values()) properties += values.size;
    const objects = this.#objects.size;
    const size = properties * 12 + objects * 8;
    const heap = this.#card.file.process.heap;
    if (this.#memory === undefined || this.#memory.bytes.length < size) {
      if (this.#memory !== undefined) heap.free(this.#memory);
      this.#memory = heap.alloc(Math.max(256, size * 2));
    }
    const { address, bytes } = this.#memory;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const propsAt = properties * 8, objsAt = propsAt + properties * 4, countsAt = objsAt + objects * 4;
    let property = 0, object = 0;
    for (const [id, values] of this.#objects) {
      view.setUint32(objsAt + object * 4, id, true);
      view.setUint32(countsAt + object * 4, values.size, true);
      object++;
      for (const [key, value] of values) {
        view.setUint32(propsAt + property * 4, key, true);
        view.setBigUint64(property * 8, value, true);
        property++;
      }
    }
    const arg = this.#arg;
    arg.flags = flags;
    arg.count_objs = objects;
    arg.prop_values_ptr = address;
    arg.props_ptr = address + BigInt(propsAt);
    arg.objs_ptr = address + BigInt(objsAt);
    arg.count_props_ptr = address + BigInt(countsAt);
    arg.user_data = userData;
    return arg;
  }

  /** Gives its memory back. */
  [Symbol.dispose](): void {
    if (this.#memory !== undefined) this.#card.file.process.heap.free(this.#memory);
    this.#memory = undefined;
  }
}
