/**
 * A client's resources: made of what a message says, with memory that the client shares if it wants some.
 * @module
 */

import { GuestMemory } from "../../../core/guest_memory.ts";
import type { Backing } from "../../../core/host.ts";
import type { RenderContext, Renderer3d, Resource3d, Resource3dInfo, Transfer3d } from "../../../core/host3d.ts";
import { U32Map } from "../../../core/u32_map.ts";
import { virglFormat, virglRowBytes, virglRows } from "../../../uapi/virgl_format.ts";
import { VtestError } from "./error.ts";
import type { VtestLimits } from "./limits.ts";
import { SharedMemories, type SharedMemory } from "./shared_memory.ts";

/** A resource with its memory. */
export interface ClientResource {
  /** What the renderer has. */
  readonly resource: Resource3d;
  /** What the client shares, if it does. */
  readonly memory: SharedMemory | undefined;
  /** Bytes shared. */
  readonly shared: number;
}

/** Takes what the GPU may still use. */
export type Bury = (thing: Disposable) => void;

/** The resources of one client, by id. */
export class Resources implements Disposable {
  readonly #renderer: Renderer3d;
  readonly #limits: VtestLimits;
  readonly #bury: Bury;
  readonly #memory = new GuestMemory();
  readonly #shares = new SharedMemories(this.#memory);
  readonly #live = new U32Map<ClientResource>();
  #shared = 0;
  #sharing = 0;
  #bytes = 0;
  #lastId = 0;

  /** @param bury keeps memory until the GPU is done with it. */
  constructor(renderer: Renderer3d, limits: VtestLimits, bury: Bury) {
    this.#renderer = renderer;
    this.#limits = limits;
    this.#bury = bury;
  }

  /** How many there are. */
  get count(): number {
    return this.#live.size;
  }

  /** The resource of an id. @throws {VtestError} if there is none. */
  get(id: number): ClientResource {
    const found = this.#live.get(id);
    if (found === undefined) throw new VtestError(`there is no resource ${id}`);
    return found;
  }

  /** An id that is not in use. */
  freshId(): number {
    do this.#lastId = this.#lastId >= 0xffff_ffff ? 1 : this.#lastId + 1; while (this.#live.get(this.#lastId));
    return this.#lastId;
  }

  /**
   * One more.
   *
   * @param id a number that the client chose, or `freshId`. @param shared bytes of memory that the client wants of it, may be 0
   * @throws {VtestError} for an id in use or 0, too many resources, too much memory
   * @throws {DrmError} as the renderer and the context
   */
  create(id: number, info: Resource3dInfo, shared: number, context: RenderContext): ClientResource {
    if (id === 0) throw new VtestError("a resource needs an id, not 0");
    if (this.#live.get(id) !== undefined) throw new VtestError(`resource ${id} exists`);
    if (this.#live.size >= this.#limits.resources) {
      throw new VtestError(`there are ${this.#limits.resources} resources already`);
    }
    if (shared > 0 && this.#sharing >= this.#limits.shares) {
      throw new VtestError(`there are ${this.#limits.shares} resources with shared memory already`);
    }
    if (this.#shared + shared > this.#limits.sharedBytes) {
      throw new VtestError(`${shared} bytes more shared memory is too much: ${this.#shared} are in use`);
    }
    const renderer = this.#renderer;
    const resource = renderer.createResource3d(info);
    let memory: SharedMemory | undefined, attached = false;
    try {
      const { footprint = 0 } = resource;
      if (this.#bytes + footprint > this.#limits.deviceBytes) {
        throw new VtestError(`${footprint} bytes more of the device's memory is too much: ${this.#bytes} are in use`);
      }
      context.attach(id, resource);
      attached = true;
      if (shared > 0) {
        memory = this.#shares.take(shared);
        const gpas = [memory.slot.gpa];
        const backing: Backing = { memory: this.#memory, gpas, lengths: [shared], size: shared };
        renderer.setBacking(resource, backing);
      }
    } catch (error) {
      if (attached) context.detach(id);
      renderer.destroyResource(resource);
      memory?.[Symbol.dispose]();
      throw error;
    }
    const made: ClientResource = { resource, memory, shared };
    this.#shared += shared;
    if (memory !== undefined) this.#sharing++;
    this.#bytes += resource.footprint ?? 0;
    this.#live.set(id, made);
    return made;
  }

  /** One less; an id that names nothing is nothing to take away. */
  unref(id: number, context: RenderContext): void {
    const found = this.#live.get(id);
    if (found === undefined) return;
    this.#live.delete(id);
    context.detach(id);
    this.#free(found);
  }

  #free({ resource, memory, shared }: ClientResource): void {
    this.#shared -= shared;
    this.#bytes -= resource.footprint ?? 0;
    if (memory !== undefined) {
      this.#sharing--;
      this.#renderer.setBacking(resource, undefined);
      this.#bury(memory);
    }
    this.#renderer.destroyResource(resource);
  }

  /** Frees all. */
  [Symbol.dispose](): void {
    for (const resource of this.#live.values()) this.#free(resource);
    this.#live.clear();
    this.#shares[Symbol.dispose]();
  }
}

/**
 * Sets the strides of a transfer that names none: rows and layers lie as in the whole level.
 *
 * @param info the resource's. @param transfer `level` is read, strides of 0 are set
 */
export function setStrides(info: Resource3dInfo, transfer: Transfer3d): void {
  const format = virglFormat(info.format);
  if (format === undefined) return;
  // A level that is none is the renderer's to refuse.
  const level = Math.min(transfer.level, 31);
  if (transfer.stride === 0) transfer.stride = virglRowBytes(format, Math.max(1, info.width >>> level));
  if (transfer.layerStride === 0) {
    transfer.layerStride = transfer.stride * virglRows(format, Math.max(1, info.height >>> level));
  }
}
