/**
 * `Guest`: what one guest has in the device, and the request that is being executed. A request lies in one scratch buffer, copied
 * once; it is checked there, then used.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import type { GuestMemory } from "../../../core/guest_memory.ts";
import { PIPE_TEXTURE_2D, PIPE_TEXTURE_RECT } from "../../../uapi/pipe_texture.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import { virtioGpuFourcc } from "../../../uapi/virtio_gpu_format.ts";
import type { Batches } from "./batches.ts";
import { ContextTable, type HostContext } from "./context.ts";
import { Refusals } from "./refusals.ts";
import { GuestBacking, type HostLimits, type HostResource, RESOURCE_COST, ResourceTable } from "./resource.ts";
import type { Scanouts } from "./scanout.ts";

/** Bytes of the largest request, what follows it excluded. */
export const REQUEST_BYTES: number = Math.max(...[...gpu.VIRTIO_GPU_COMMANDS.values()].map((c) => c.request.size));

const MEM_ENTRY_BYTES = gpu.virtio_gpu_mem_entry.size;

/** What commands work on. */
export interface GuestOptions {
  /** The renderer. */
  readonly batches: Batches;
  /** The scanouts. */
  readonly scanouts: Scanouts;
  /** What a guest may take. */
  readonly limits: HostLimits;
  /** Alignment of blob sizes, bytes. */
  readonly blobAlignment: number;
}

/** One guest. */
export class Guest {
  /** The request. */
  readonly request: Uint8Array = new Uint8Array(REQUEST_BYTES);
  /** The request as words. */
  readonly words: Uint32Array = new Uint32Array(this.request.buffer);
  /** The response, header included; commands fill what follows the header. */
  readonly response: Uint8Array;
  /** Bytes of the response to the command that is executed, if it succeeds. */
  responseSize = 0;
  /** What it refuses, and why the last command failed. */
  readonly refusals: Refusals = new Refusals();
  /** The renderer. */
  readonly batches: Batches;
  /** The scanouts. */
  readonly scanouts: Scanouts;
  /** What it may take. */
  readonly limits: HostLimits;
  /** What it owns. */
  readonly resources: ResourceTable;
  /** Its contexts. */
  readonly contexts: ContextTable;
  readonly #alignment: number;
  #memory: GuestMemory | undefined;
  #features = 0;
  #entries: Uint8Array = new Uint8Array(0);

  /** @param options renderer, display, limits. */
  constructor(options: GuestOptions) {
    this.batches = options.batches;
    this.scanouts = options.scanouts;
    this.limits = options.limits;
    this.#alignment = options.blobAlignment;
    this.resources = new ResourceTable(options.limits.maxHostMemory);
    this.contexts = new ContextTable(this.resources, options.limits.maxContexts);
    const capsets = options.batches.renderer3d?.capsets ?? [];
    const longest = Math.max(0, ...capsets.map((capset) => capset.maxSize));
    this.response = new Uint8Array(Math.max(gpu.virtio_gpu_resp_edid.size, gpu.virtio_gpu_ctrl_hdr.size + longest));
  }

  /** A guest begins. @param memory what it has. @param features VIRTIO_GPU_F_* that it accepted, a bit each. */
  start(memory: GuestMemory, features: number): void {
    this.#memory = memory;
    this.#features = features;
  }

  /** Whether it accepted a feature. @param number VIRTIO_GPU_F_*. */
  has(number: number): boolean {
    return (this.#features & 1 << number) !== 0;
  }

  /** To what a blob's size has to be a multiple, bytes. */
  get blobAlignment(): number {
    return this.has(gpu.VIRTIO_GPU_F_BLOB_ALIGNMENT) ? this.#alignment : 1;
  }

  /** Forgets everything that it made. */
  reset(): void {
    try {
      this.scanouts.reset();
    } finally {
      // A display that fails must not keep the guest's memory.
      try {
        this.contexts.clear();
      } finally {
        for (const resource of [...this.resources.values()]) this.destroy(resource);
        this.#memory = undefined;
        this.#features = 0;
        this.#entries = new Uint8Array(0);
      }
    }
  }

  /** Whether an id can be given to a new resource. */
  isFree(id: number): boolean {
    return id !== 0 && this.resources.get(id) === undefined;
  }

  /** The context that the header names, or undefined. */
  get context(): HostContext | undefined {
    return this.contexts.get(this.words[4]);
  }

  /** Pays for a resource of `bytes`, and makes it. @returns what it costs. Throws ENOMEM, and what `make` throws. */
  paid<T>(bytes: number, make: () => T): { readonly made: T; readonly cost: number } {
    const cost = this.resources.charge(bytes + RESOURCE_COST);
    try {
      return { made: make(), cost };
    } catch (error) {
      this.resources.refund(cost);
      throw error;
    }
  }

  /** Reads `count` entries that follow `offset` bytes of request and makes them a resource's backing. None at all leaves it without. */
  back(resource: HostResource, queue: DeviceQueue, chain: DeviceChain, offset: number, count: number): number {
    const { refusals } = this;
    if (count === 0) return gpu.VIRTIO_GPU_RESP_OK_NODATA;
    if (count > this.limits.maxEntries) return refusals.unspec(`Cannot attach ${count} entries: too many`);
    const length = count * MEM_ENTRY_BYTES;
    if (offset + length > chain.readable) {
      return refusals.unspec(`Cannot read ${count} entries: the request ends before`);
    }
    if (this.#entries.length < length) this.#entries = new Uint8Array(length);
    const entries = this.#entries.subarray(0, length);
    if (queue.read(chain, offset, entries) !== length) return refusals.unspec("Cannot read entries: memory is gone");
    const memory = this.#memory;
    if (memory === undefined) return refusals.unspec("Cannot attach backing: the device was reset");
    const backing = new GuestBacking(memory, new DataView(entries.buffer, entries.byteOffset, length));
    if (backing.size < resource.blobSize) {
      return refusals.parameter(`${backing.size} bytes as backing of a blob of ${resource.blobSize}`);
    }
    this.resources.chargeEntries(resource, backing.gpas.length);
    resource.backing = backing;
    this.#tellBacking(resource);
    return gpu.VIRTIO_GPU_RESP_OK_NODATA;
  }

  /** Takes a resource's backing away. The renderer may use it until the next batch is complete. */
  unback(resource: HostResource): void {
    this.resources.uncharge(resource);
    resource.backing = undefined;
    this.#tellBacking(resource);
  }

  #tellBacking(resource: HostResource): void {
    const { renderer3d } = this.batches;
    if (renderer3d === undefined || resource.resource3d === undefined) return;
    renderer3d.setBacking(resource.resource3d, resource.backing);
    this.batches.record();
  }

  /** Why a picture cannot be shown, or undefined if it can: scanouts and cursors take rows of known pixels. */
  unshowable({ id, picture, resource3d }: HostResource): string | undefined {
    if (resource3d === undefined || picture === undefined) return undefined;
    const { target, nrSamples } = resource3d.info;
    if (target !== PIPE_TEXTURE_2D && target !== PIPE_TEXTURE_RECT) return `resource ${id}, which is no 2D texture`;
    if (nrSamples > 1) return `resource ${id}, which has ${nrSamples} samples`;
    return virtioGpuFourcc(picture.format) === undefined ? `resource ${id} of format ${picture.format}` : undefined;
  }

  /** The resource goes, from contexts, too. */
  destroy(resource: HostResource): void {
    this.contexts.forget(resource);
    // A display that was told that a scanout is off may have reset the device: then it is gone.
    if (!this.resources.remove(resource) || resource.picture === undefined) return;
    const { renderer, renderer3d } = this.batches;
    if (resource.resource3d !== undefined && resource.backing !== undefined) {
      renderer3d?.setBacking(resource.resource3d, undefined);
    }
    renderer.destroyResource(resource.picture);
    this.batches.record();
  }
}
