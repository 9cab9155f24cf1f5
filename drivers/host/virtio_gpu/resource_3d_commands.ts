/**
 * Commands that make 3D resources and move what is in them: virtio 1.3 section 5.7.6.8.
 * @module
 */

import type { Renderer3d, Resource3d, Resource3dInfo, Transfer3d } from "../../../core/host3d.ts";
import { PIPE_BUFFER } from "../../../uapi/pipe_texture.ts";
import type { View } from "../../../uapi/struct.ts";
import { virglFormat, virglRowBytes, virglRows } from "../../../uapi/virgl_format.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import type { Guest } from "./guest.ts";
import { HostResource } from "./resource.ts";

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;

type Move = (renderer: Renderer3d, resource: Resource3d, transfer: Transfer3d) => void;
const toHost: Move = (renderer, resource, transfer) => renderer.transferToHost3d(resource, transfer);
const fromHost: Move = (renderer, resource, transfer) => renderer.transferFromHost3d(resource, transfer);

/** Commands on 3D resources as methods: each returns a VIRTIO_GPU_RESP_*. */
export class Resource3dCommands {
  readonly #guest: Guest;
  readonly #create: View<gpu.virtio_gpu_resource_create_3d>;
  readonly #transfer: Transfer3d = {
    level: 0,
    stride: 0,
    layerStride: 0,
    x: 0,
    y: 0,
    z: 0,
    width: 0,
    height: 0,
    depth: 0,
    offset: 0,
  };

  /** @param guest whose commands they are. */
  constructor(guest: Guest) {
    this.#guest = guest;
    this.#create = gpu.virtio_gpu_resource_create_3d.at(guest.request);
  }

  /** RESOURCE_CREATE_3D. */
  create(): number {
    const guest = this.#guest, { refusals, batches } = guest, { renderer3d } = batches;
    const { resource_id: id, target, format, bind, width, height, depth, flags } = this.#create;
    const { array_size: arraySize, last_level: lastLevel, nr_samples: nrSamples } = this.#create;
    if (!guest.isFree(id)) return refusals.resource(id);
    const info = { target, format, bind, width, height, depth, arraySize, lastLevel, nrSamples, flags };
    const bytes = bytesOf(info);
    if (bytes === undefined || renderer3d === undefined) return refusals.parameter(`format ${format}`);
    const { made, cost } = guest.paid(bytes, () => renderer3d.createResource3d(info));
    batches.record();
    guest.resources.add(new HostResource(id, made, 0, cost));
    return OK;
  }

  /** TRANSFER_TO_HOST_3D. */
  transferToHost(): number {
    return this.#move(toHost);
  }

  /** TRANSFER_FROM_HOST_3D. */
  transferFromHost(): number {
    return this.#move(fromHost);
  }

  // By words: a nested view would be an allocation a call. The box begins at word 6.
  #move(move: Move): number {
    const { words, resources, refusals, context, batches } = this.#guest;
    const contextId = words[4], id = words[14];
    if (contextId !== 0 && context === undefined) return refusals.context(contextId);
    const resource = resources.get(id);
    if (resource === undefined) return refusals.resource(id);
    // Whoever asks for a context is one of its clients, and may reach what the context may.
    if (context !== undefined && !context.resources.has(resource)) return refusals.resource(id);
    const { resource3d, backing } = resource;
    if (resource3d === undefined || batches.renderer3d === undefined) {
      return refusals.parameter(`resource ${id}, which is no texture and no buffer`);
    }
    if (backing === undefined) return refusals.parameter(`resource ${id}, which has no backing`);
    const transfer = this.#transfer;
    transfer.x = words[6];
    transfer.y = words[7];
    transfer.z = words[8];
    transfer.width = words[9];
    transfer.height = words[10];
    transfer.depth = words[11];
    transfer.offset = words[13] * 0x1_0000_0000 + words[12];
    transfer.level = words[15];
    transfer.stride = words[16];
    transfer.layerStride = words[17];
    if (transfer.offset > backing.size) {
      return refusals.parameter(`offset ${transfer.offset} of ${backing.size} bytes of backing`);
    }
    setStrides(resource3d.info, transfer);
    batches.record();
    move(batches.renderer3d, resource3d, transfer);
    return OK;
  }
}

/** What a resource takes, bytes; undefined for a format that is none. */
function bytesOf(info: Resource3dInfo): number | undefined {
  if (info.target === PIPE_BUFFER) return info.width; // bytes, whatever the format
  const format = virglFormat(info.format);
  if (format === undefined) return undefined;
  const { width, height, depth, arraySize, nrSamples } = info;
  const level = virglRowBytes(format, width) * virglRows(format, Math.max(1, height)) * Math.max(1, depth);
  // All levels together are less than 2 of the first in one dimension, and 4/3 of it in two.
  return Math.ceil(level * Math.max(1, arraySize) * Math.max(1, nrSamples) * (info.lastLevel > 0 ? 2 : 1));
}

// Strides of 0: rows and layers lie in the backing as in the whole level (virglrenderer does so).
function setStrides(info: Resource3dInfo, transfer: Transfer3d): void {
  const format = virglFormat(info.format);
  if (format === undefined) return;
  // A level that is none is the renderer's to refuse.
  const level = Math.min(transfer.level, 31);
  if (transfer.stride === 0) transfer.stride = virglRowBytes(format, Math.max(1, info.width >>> level));
  if (transfer.layerStride === 0) {
    transfer.layerStride = transfer.stride * virglRows(format, Math.max(1, info.height >>> level));
  }
}
