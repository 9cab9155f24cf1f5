/**
 * Commands that make, back, fill and drop resources: virtio 1.3 section 5.7.6.8, without blobs and 3D. Where the specification
 * names no error, QEMU's is given.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import type { View } from "../../../uapi/struct.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import { virtioGpuFourcc } from "../../../uapi/virtio_gpu_format.ts";
import type { Guest } from "./guest.ts";
import { HostResource } from "./resource.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;

/** Commands on resources as methods: each returns a VIRTIO_GPU_RESP_*. */
export class ResourceCommands {
  readonly #guest: Guest;
  // One view of each struct, made once: the scratch buffer never moves.
  readonly #create2d: View<gpu.virtio_gpu_resource_create_2d>;
  readonly #unref: View<gpu.virtio_gpu_resource_unref>;
  readonly #transfer: View<gpu.virtio_gpu_transfer_to_host_2d>;
  readonly #attach: View<gpu.virtio_gpu_resource_attach_backing>;
  readonly #rect: View<gpu.virtio_gpu_rect>;

  /** @param guest whose commands they are. */
  constructor(guest: Guest) {
    this.#guest = guest;
    const { request } = guest;
    this.#create2d = gpu.virtio_gpu_resource_create_2d.at(request);
    this.#unref = gpu.virtio_gpu_resource_unref.at(request);
    this.#transfer = gpu.virtio_gpu_transfer_to_host_2d.at(request);
    this.#attach = gpu.virtio_gpu_resource_attach_backing.at(request);
    this.#rect = gpu.virtio_gpu_rect.at(request, gpu.virtio_gpu_ctrl_hdr.size);
  }

  /** RESOURCE_CREATE_2D. */
  create2d(): number {
    const guest = this.#guest, { refusals, batches } = guest;
    const { resource_id: id, format, width, height } = this.#create2d;
    if (!guest.isFree(id)) return refusals.resource(id);
    if (virtioGpuFourcc(format) === undefined) return refusals.parameter(`format ${format}`);
    const { maxSize } = guest.limits;
    if (width === 0 || height === 0 || width > maxSize || height > maxSize) {
      return refusals.parameter(`${width}x${height}`);
    }
    const { made, cost } = guest.paid(
      width * height * 4,
      () => batches.renderer.createResource(format, width, height),
    );
    batches.record();
    guest.resources.add(new HostResource(id, made, 0, cost));
    return OK;
  }

  /** RESOURCE_UNREF. Scanouts that show it go off. */
  unref(): number {
    const guest = this.#guest;
    const resource = guest.resources.get(this.#unref.resource_id);
    if (resource === undefined) return guest.refusals.resource(this.#unref.resource_id);
    guest.scanouts.forget(resource);
    guest.destroy(resource);
    return OK;
  }

  /** TRANSFER_TO_HOST_2D. A guest blob is its own backing: there is nothing to transfer. */
  transferToHost2d(): number {
    const { resources, refusals, batches } = this.#guest;
    const { resource_id: id, offset } = this.#transfer;
    const resource = resources.get(id);
    if (resource === undefined) return refusals.resource(id);
    const { picture, backing } = resource;
    if (picture === undefined) return OK;
    const unshowable = this.#guest.unshowable(resource);
    if (unshowable !== undefined) return refusals.parameter(unshowable);
    if (backing === undefined) return refusals.unspec(`Cannot transfer to resource ${id}: it has no backing`);
    const { x, y, width, height } = this.#rect;
    if (x + width > resource.width || y + height > resource.height) {
      return refusals.outside(x, y, width, height, resource.width, resource.height);
    }
    if (width === 0 || height === 0) return OK;
    if (offset + ((height - 1) * resource.width + width) * 4 > backing.size) {
      return refusals.parameter(`${width}x${height} pixels at ${offset} of ${backing.size} bytes of backing`);
    }
    batches.record();
    batches.renderer.transferToHost(picture, x, y, width, height, offset, backing);
    return OK;
  }

  /** RESOURCE_ATTACH_BACKING. */
  attachBacking(queue: DeviceQueue, chain: DeviceChain): number {
    const guest = this.#guest;
    const { resource_id: id, nr_entries } = this.#attach;
    const resource = guest.resources.get(id);
    if (resource === undefined) return guest.refusals.resource(id);
    if (resource.backing !== undefined) {
      return guest.refusals.unspec(`Cannot attach backing to resource ${id}: it has some`);
    }
    return guest.back(resource, queue, chain, gpu.virtio_gpu_resource_attach_backing.size, nr_entries);
  }

  /** RESOURCE_DETACH_BACKING. */
  detachBacking(): number {
    const guest = this.#guest;
    const id = this.#unref.resource_id;
    const resource = guest.resources.get(id);
    if (resource === undefined) return guest.refusals.resource(id);
    if (resource.backing === undefined) {
      return guest.refusals.unspec(`Cannot detach backing of resource ${id}: it has none`);
    }
    guest.unback(resource);
    return OK;
  }

  /** RESOURCE_ASSIGN_UUID: random, and the same for as long as the resource lives. */
  assignUuid(): number {
    const guest = this.#guest;
    const resource = guest.resources.get(this.#unref.resource_id);
    if (resource === undefined) return guest.refusals.resource(this.#unref.resource_id);
    if (resource.uuid === undefined) {
      resource.uuid = crypto.getRandomValues(new Uint8Array(16));
      resource.uuid[6] = resource.uuid[6] & 0x0f | 0x40;
      resource.uuid[8] = resource.uuid[8] & 0x3f | 0x80;
    }
    gpu.virtio_gpu_resp_resource_uuid.at(guest.response).uuid = resource.uuid;
    return gpu.VIRTIO_GPU_RESP_OK_RESOURCE_UUID;
  }
}
