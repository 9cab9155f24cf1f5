/**
 * Resources of a virtio-gpu guest: what an id names, the guest memory behind it, and what all of them may take. Virtio 1.3
 * section 5.7.6.8.
 * @module
 */

import { U32Map } from "../../../core/u32_map.ts";
import { DrmError } from "../../../core/error.ts";
import type { GuestMemory } from "../../../core/guest_memory.ts";
import type { Backing, RenderResource } from "../../../core/host.ts";
import type { Resource3d } from "../../../core/host3d.ts";
import type { HostContext } from "./context.ts";

/** What a guest may take from the host. */
export interface HostLimits {
  /** Bytes of pictures and of bookkeeping, all resources together; default 512 MiB, with 3D 4 GiB. */
  readonly maxHostMemory: number;
  /** Pixels of a side of a resource; default 16384. */
  readonly maxSize: number;
  /** Entries of one ATTACH_BACKING or CREATE_BLOB; default 16384. */
  readonly maxEntries: number;
  /** Contexts at once; default 1024. */
  readonly maxContexts: number;
  /** Bytes of commands of one SUBMIT_3D; default 16 MiB. */
  readonly maxSubmit: number;
}

/** The limits of a host that was told none. */
export const DEFAULT_LIMITS: HostLimits = {
  maxHostMemory: 512 * 2 ** 20,
  maxSize: 16384,
  maxEntries: 16384,
  maxContexts: 1024,
  maxSubmit: 16 * 2 ** 20,
};
/** What textures of a host with 3D may take unless it is told, bytes. */
export const DEFAULT_MEMORY_3D: number = 4 * 2 ** 30;

/** What a resource is charged besides its pixels, bytes: so that many small ones end, too. */
export const RESOURCE_COST = 1024;
/** What an entry of backing is charged, bytes. */
const ENTRY_COST = 32;

/** Guest memory behind a resource. Entries that lie side by side are one piece. */
export class GuestBacking implements Backing {
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Guest-physical address of each piece. */
  readonly gpas: readonly number[];
  /** Bytes of each piece. */
  readonly lengths: readonly number[];
  /** Bytes in all. */
  readonly size: number;

  /**
   * @param memory the guest's memory. @param entries virtio_gpu_mem_entry, as many as there are.
   * @throws {DrmError} EFAULT if an entry is empty or not all of it is memory.
   */
  constructor(memory: GuestMemory, entries: DataView) {
    const gpas: number[] = [], lengths: number[] = [];
    let size = 0, end = -1;
    for (let at = 0; at < entries.byteLength; at += 16) {
      const gpa = entries.getUint32(at + 4, true) * 0x1_0000_0000 + entries.getUint32(at, true);
      const length = entries.getUint32(at + 8, true);
      if (length === 0 || !memory.contains(gpa, length)) {
        throw new DrmError("EFAULT", `Cannot use ${length} bytes at guest address 0x${gpa.toString(16)} as backing`);
      }
      if (gpa === end) lengths[lengths.length - 1] += length;
      else {
        gpas.push(gpa);
        lengths.push(length);
      }
      end = gpa + length;
      size += length;
    }
    this.memory = memory;
    this.gpas = gpas;
    this.lengths = lengths;
    this.size = size;
  }
}

/** A resource. */
export class HostResource {
  /** The id that the guest gave it, not 0. */
  readonly id: number;
  /** The picture of a 2D or 3D resource; undefined for a blob. */
  readonly picture: RenderResource | undefined;
  /** The same for commands of contexts: what a renderer with 3D has made. */
  readonly resource3d: Resource3d | undefined;
  /** Bytes of a blob; 0 for other resources. */
  readonly blobSize: number;
  /** Columns of a picture, bytes of a buffer. */
  readonly width: number;
  /** Rows of a picture. */
  readonly height: number;
  /** Guest memory behind it, if any is attached. */
  backing: GuestBacking | undefined;
  /** Scanouts that show it, a bit each. */
  scanouts = 0;
  /** Contexts that may use it. */
  contexts: Set<HostContext> | undefined = undefined;
  /** The name by which other devices know it, once one was asked for. */
  uuid: Uint8Array | undefined;
  /** What it is charged, bytes. */
  cost: number;

  /** @param id not 0. @param picture or undefined. @param blobSize bytes of a blob. @param cost bytes. */
  constructor(id: number, picture: RenderResource | undefined, blobSize: number, cost: number) {
    this.id = id;
    this.picture = picture;
    this.resource3d = picture !== undefined && is3dResource(picture) ? picture : undefined;
    this.blobSize = blobSize;
    this.width = picture?.width ?? 0;
    this.height = picture?.height ?? 0;
    this.cost = cost;
  }
}

function is3dResource(picture: RenderResource): picture is Resource3d {
  return "info" in picture;
}

/** The resources of one guest, with what they take. */
export class ResourceTable {
  readonly #byId = new U32Map<HostResource>();
  readonly #limit: number;
  #used = 0;

  /** @param limit bytes that all of them may take. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes charged now. */
  get used(): number {
    return this.#used;
  }
  /** Resources. */
  get count(): number {
    return this.#byId.size;
  }

  /** The resource with this id, or undefined. */
  get(id: number): HostResource | undefined {
    return this.#byId.get(id);
  }

  /** All of them. */
  values(): Iterable<HostResource> {
    return this.#byId.values();
  }

  /** Charges `bytes`; how many. Throws ENOMEM if that is too much. */
  charge(bytes: number): number {
    return this.#take(bytes);
  }

  /** Charges `count` entries of backing to a resource. Throws ENOMEM. */
  chargeEntries(resource: HostResource, count: number): void {
    resource.cost += this.#take(count * ENTRY_COST);
  }

  /** Gives back what entries of backing cost. */
  uncharge(resource: HostResource): void {
    const cost = (resource.backing?.gpas.length ?? 0) * ENTRY_COST;
    resource.cost -= cost;
    this.#used -= cost;
  }

  /** Gives back a charge of which nothing became. */
  refund(cost: number): void {
    this.#used -= cost;
  }

  /** Puts in a resource whose cost was charged. */
  add(resource: HostResource): void {
    this.#byId.set(resource.id, resource);
  }

  /** Takes one out, and its charge; false if it is out already. */
  remove(resource: HostResource): boolean {
    if (this.#byId.get(resource.id) !== resource) return false;
    this.#byId.delete(resource.id);
    this.#used -= resource.cost;
    return true;
  }

  #take(bytes: number): number {
    if (this.#used + bytes > this.#limit) {
      throw new DrmError("ENOMEM", `Cannot take ${bytes} bytes: ${this.#used} of ${this.#limit} are in use`);
    }
    this.#used += bytes;
    return bytes;
  }
}
