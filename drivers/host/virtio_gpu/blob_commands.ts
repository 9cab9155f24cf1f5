/**
 * Commands on blobs: virtio 1.3 section 5.7.6.8. Blobs are guest memory: no renderer exports memory of its own, and there is no
 * host-visible region into which it could be mapped.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import type { View } from "../../../uapi/struct.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import type { Guest } from "./guest.ts";
import { HostResource, RESOURCE_COST } from "./resource.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;
const BLOB_FLAGS = gpu.VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE | gpu.VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE |
  gpu.VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE;

/** Commands on blobs as methods: each returns a VIRTIO_GPU_RESP_*. */
export class BlobCommands {
  readonly #guest: Guest;
  readonly #blob: View<gpu.virtio_gpu_resource_create_blob>;

  /** @param guest whose commands they are. */
  constructor(guest: Guest) {
    this.#guest = guest;
    this.#blob = gpu.virtio_gpu_resource_create_blob.at(guest.request);
  }

  /** RESOURCE_CREATE_BLOB. */
  create(queue: DeviceQueue, chain: DeviceChain): number {
    const guest = this.#guest, { refusals, resources, blobAlignment } = guest;
    const { resource_id: id, blob_mem, blob_flags, nr_entries, size } = this.#blob;
    if (!guest.isFree(id)) return refusals.resource(id);
    const ofHost = blob_mem === gpu.VIRTIO_GPU_BLOB_MEM_HOST3D || blob_mem === gpu.VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST;
    if (blob_mem !== gpu.VIRTIO_GPU_BLOB_MEM_GUEST && !(ofHost && guest.has(gpu.VIRTIO_GPU_F_VIRGL))) {
      return refusals.parameter(`blob_mem ${blob_mem}`);
    }
    if ((blob_flags & ~BLOB_FLAGS) !== 0) return refusals.parameter(`blob_flags ${blob_flags}`);
    if (size === 0 || !Number.isSafeInteger(size)) return refusals.parameter(`a blob of ${size} bytes`);
    if (size % blobAlignment !== 0) {
      return refusals.parameter(`a blob of ${size} bytes: no multiple of ${blobAlignment}`);
    }
    if (ofHost) {
      if (guest.context === undefined) return refusals.context(guest.words[4]);
      return refusals.unspec(`Cannot make blob ${id}: ${guest.batches.renderer.name} exports no memory`);
    }
    const resource = new HostResource(id, undefined, size, resources.charge(RESOURCE_COST));
    let answer = OK;
    try {
      answer = guest.back(resource, queue, chain, gpu.virtio_gpu_resource_create_blob.size, nr_entries);
    } finally {
      if (answer !== OK || resource.backing === undefined && nr_entries > 0) resources.refund(resource.cost);
      else resources.add(resource);
    }
    return answer;
  }

  /** RESOURCE_MAP_BLOB and RESOURCE_UNMAP_BLOB: no resource here is memory of the host. */
  map(): number {
    const { refusals, resources, words } = this.#guest;
    const id = words[6];
    if (resources.get(id) === undefined) return refusals.resource(id);
    return refusals.parameter(`resource ${id}, which is no memory of the host, in the host-visible region`);
  }
}
