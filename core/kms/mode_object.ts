/**
 * What every KMS object has: an id in the device's one id space (B5), a type, and perhaps properties. Mirrors
 * drivers/gpu/drm/drm_mode_object.c.
 * @module
 */

import type { AtomicState } from "./atomic_state.ts";
import type { Property } from "./property.ts";

/** An object that user space names by its id. */
export abstract class ModeObject {
  /** DRM_MODE_OBJECT_*. */
  abstract readonly type: number;
  /** Its id; 0 once it has none any more. */
  id = 0;
  /** Its properties; undefined for objects that have none. */
  readonly properties?: PropertyList;
}

/**
 * A property of one object: how its value is read from and written to a state. Values are Numbers: unsigned (or signed, for
 * signed ranges) integers, object and blob ids, exact up to 2^53.
 */
export interface PropertyBinding<S = unknown> {
  /** The property. */
  readonly property: Property;
  /** Its value in `state`. */
  get(state: S): number;
  /**
   * Writes a value that passed the property's own validation. Absent for immutable properties.
   *
   * @param value the value. @param draft the draft that `state` belongs to; knows file and task of the caller.
   * @throws {DrmError} EINVAL for values that the object cannot have.
   */
  set?(state: S, value: number, draft: AtomicState): void;
}

/** The properties of one object, in the order of attaching. Look-up by id takes the same time for any number. */
export class PropertyList<S = unknown> {
  readonly #list: PropertyBinding<S>[] = [];
  readonly #byId = new Map<number, PropertyBinding<S>>();

  /** drm_object_attach_property. @throws {TypeError} if it is attached already. */
  attach(binding: PropertyBinding<S>): void {
    if (this.#byId.has(binding.property.id)) {
      throw new TypeError(`Cannot attach property ${binding.property.name}: the object has it`);
    }
    this.#list.push(binding);
    this.#byId.set(binding.property.id, binding);
  }

  /** All of them. */
  get list(): readonly PropertyBinding<S>[] {
    return this.#list;
  }

  /** drm_mode_obj_find_prop_id. */
  get(id: number): PropertyBinding<S> | undefined {
    return this.#byId.get(id);
  }
}

/** Objects that are counted: framebuffers and blobs. The last `put` frees the id. */
export abstract class CountedObject extends ModeObject {
  #references = 1;

  /** References held now. */
  get references(): number {
    return this.#references;
  }

  /** Takes a reference. */
  ref(): this {
    this.#references++;
    return this;
  }

  /** Drops a reference; the last one frees the object. */
  put(): void {
    if (--this.#references === 0) this.free();
  }

  /** The last reference is gone. */
  protected abstract free(): void;
}

/** Objects that atomic commits change: planes, CRTCs, connectors. */
export abstract class StatefulObject<S> extends ModeObject {
  /** Its properties. */
  override readonly properties: PropertyList<S> = new PropertyList<S>();
  /** The current state: the newest that was committed. Not written to but by a commit. */
  abstract readonly state: S;
  /** Its copy of the state in a draft, made on first touch. */
  abstract touch(draft: AtomicState): S;
}
