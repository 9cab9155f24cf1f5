/**
 * What CREATE_OBJECT makes: blend, rasterizer, shader, surface... An object lives while its handle names it or something has
 * it bound (Gallium's reference counts); what it holds is freed behind the GPU.
 * @module
 */

import { badHandle } from "./refusal.ts";

/** An object of a sub-context. */
export abstract class VirglObject {
  /** VIRGL_OBJECT_*; a surface with samples of its own is a VIRGL_OBJECT_SURFACE. */
  abstract readonly type: number;
  #references = 1;

  /** Keeps it alive until `drop`. */
  keep(): void {
    this.#references++;
  }

  /** Ends one `keep`, or its handle; with the last one the object lets go of what it holds. */
  drop(): void {
    if (--this.#references === 0) this.release();
  }

  /** Lets go of resources and Vulkan objects; what the GPU may still use has to wait for it. */
  protected abstract release(): void;
}

/**
 * Narrows an object to a class.
 * @param what for people: "surface"
 * @throws {VirglRefusal} if it is of another one
 */
export function objectOf<T extends VirglObject>(
  object: VirglObject | undefined,
  of: abstract new (...args: never[]) => T,
  what: string,
): T {
  if (object instanceof of) return object;
  throw badHandle(`Cannot find a ${what}: the handle names ${object === undefined ? "nothing" : "something else"}`);
}
