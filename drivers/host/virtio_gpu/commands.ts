/**
 * The commands of a virtio-gpu guest: virtio 1.3 sections 5.7.6.8 (2D and blobs) and 5.7.6.10 (cursor). A request lies in one
 * scratch buffer, copied once; it is checked there, then used. Where the specification names no error, QEMU's is given.
 * @module
 */

import type { DeviceChain, DeviceQueue } from "../../../core/bus.ts";
import type { Rect } from "../../../core/display.ts";
import type { GuestMemory } from "../../../core/guest_memory.ts";
import type { View } from "../../../uapi/struct.ts";
import * as gpu from "../../../uapi/virtio_gpu.ts";
import { virtioGpuFourcc } from "../../../uapi/virtio_gpu_format.ts";
import type { Batches } from "./batches.ts";
import { CURSOR_SIZE, cursorOf } from "./cursor.ts";
import { buildEdid } from "./edid.ts";
import { GuestBacking, type HostLimits, HostResource, ResourceTable } from "./resource.ts";
import { Refusals } from "./refusals.ts";
import type { BlobLayout, Scanout, Scanouts } from "./scanout.ts";

/** Bytes of the largest request, what follows it excluded. */
export const REQUEST_BYTES: number = Math.max(...[...gpu.VIRTIO_GPU_COMMANDS.values()].map((c) => c.request.size));
/** Bytes of the largest response. */
export const RESPONSE_BYTES: number = gpu.virtio_gpu_resp_edid.size;

const OK = gpu.VIRTIO_GPU_RESP_OK_NODATA;
const MEM_ENTRY_BYTES = gpu.virtio_gpu_mem_entry.size;
const BLOB_FLAGS = gpu.VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE | gpu.VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE |
  gpu.VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE;

/** What commands work on. */
export interface CommandsOptions {
  /** The renderer. */
  readonly batches: Batches;
  /** The scanouts. */
  readonly scanouts: Scanouts;
  /** What a guest may take. */
  readonly limits: HostLimits;
  /** Alignment of blob sizes, bytes. */
  readonly blobAlignment: number;
}

/** The resources of one guest, and its commands as methods: each returns a VIRTIO_GPU_RESP_*. */
export class Commands {
  /** The request. */
  readonly request: Uint8Array = new Uint8Array(REQUEST_BYTES);
  /** The response, header included; commands fill what follows the header. */
  readonly response: Uint8Array = new Uint8Array(RESPONSE_BYTES);
  /** What it refuses, and why the last command failed. */
  readonly refusals: Refusals = new Refusals();
  /** What the guest owns. */
  readonly resources: ResourceTable;
  readonly #options: CommandsOptions;
  readonly #batches: Batches;
  readonly #scanouts: Scanouts;
  #memory: GuestMemory | undefined;
  #aligned = false;
  #entries: Uint8Array = new Uint8Array(0);

  // One view of each struct, made once: the scratch buffer never moves.
  readonly #rect: View<gpu.virtio_gpu_rect> = gpu.virtio_gpu_rect.at(this.request, gpu.virtio_gpu_ctrl_hdr.size);
  readonly #create2d = gpu.virtio_gpu_resource_create_2d.at(this.request);
  readonly #unref = gpu.virtio_gpu_resource_unref.at(this.request);
  readonly #setScanout = gpu.virtio_gpu_set_scanout.at(this.request);
  readonly #flush = gpu.virtio_gpu_resource_flush.at(this.request);
  readonly #transfer = gpu.virtio_gpu_transfer_to_host_2d.at(this.request);
  readonly #attach = gpu.virtio_gpu_resource_attach_backing.at(this.request);
  readonly #getEdid = gpu.virtio_gpu_cmd_get_edid.at(this.request);
  readonly #blob = gpu.virtio_gpu_resource_create_blob.at(this.request);
  readonly #setBlob = gpu.virtio_gpu_set_scanout_blob.at(this.request);
  readonly #cursorPos = gpu.virtio_gpu_cursor_pos.at(this.request, gpu.virtio_gpu_ctrl_hdr.size);
  readonly #cursor = gpu.virtio_gpu_update_cursor.at(this.request);

  /** @param options renderer, display, limits. */
  constructor(options: CommandsOptions) {
    this.#options = options;
    this.#batches = options.batches;
    this.#scanouts = options.scanouts;
    this.resources = new ResourceTable(options.limits.maxHostMemory);
  }

  /** A guest begins. @param memory what it has. @param aligned whether blob_alignment was negotiated. */
  start(memory: GuestMemory, aligned: boolean): void {
    this.#memory = memory;
    this.#aligned = aligned;
  }

  /** Forgets everything that the guest made. */
  reset(): void {
    try {
      this.#scanouts.reset();
    } finally {
      // A display that fails must not keep the guest's memory.
      for (const resource of [...this.resources.values()]) this.#destroy(resource);
      this.#memory = undefined;
      this.#entries = new Uint8Array(0);
    }
  }

  /** GET_DISPLAY_INFO: monitors stand side by side. */
  getDisplayInfo(): number {
    const info = gpu.virtio_gpu_resp_display_info.at(this.response);
    this.response.fill(0, gpu.virtio_gpu_ctrl_hdr.size);
    let x = 0;
    for (const { index, mode } of this.#scanouts.all) {
      if (!mode.enabled) continue;
      info.pmodes[index] = gpu.virtio_gpu_display_one.of({
        r: { x, y: 0, width: mode.width, height: mode.height },
        enabled: 1,
      });
      x += mode.width;
    }
    return gpu.VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
  }

  /** GET_EDID. */
  getEdid(): number {
    const scanout = this.#scanouts.all[this.#getEdid.scanout];
    if (scanout === undefined) return this.refusals.scanout(this.#getEdid.scanout, this.#scanouts.all.length);
    const { width, height } = scanout.mode;
    const edid = scanout.mode.edid ?? buildEdid({ width, height, serial: scanout.index + 1 });
    this.response.fill(0, gpu.virtio_gpu_ctrl_hdr.size);
    const answer = gpu.virtio_gpu_resp_edid.at(this.response);
    answer.size = edid.length;
    answer.edid = edid;
    return gpu.VIRTIO_GPU_RESP_OK_EDID;
  }

  /** GET_CAPSET_INFO and GET_CAPSET: num_capsets is 0, so that no index and no id is valid. */
  getCapset(): number {
    return this.refusals.parameter("a capset: this device has none");
  }

  /** RESOURCE_CREATE_2D. */
  createResource2d(): number {
    const { resource_id: id, format, width, height } = this.#create2d;
    if (!this.#isFree(id)) return this.refusals.resource(id);
    if (virtioGpuFourcc(format) === undefined) return this.refusals.parameter(`format ${format}`);
    const { maxSize } = this.#options.limits;
    if (width === 0 || height === 0 || width > maxSize || height > maxSize) {
      return this.refusals.parameter(`${width}x${height}`);
    }
    const cost = this.resources.charge(width * height * 4);
    let picture;
    try {
      picture = this.#batches.renderer.createResource(format, width, height);
    } catch (error) {
      this.resources.refund(cost);
      throw error;
    }
    this.#batches.dirty = true;
    this.resources.add(new HostResource(id, picture, 0, cost));
    return OK;
  }

  /** RESOURCE_UNREF. Scanouts that show it go off. */
  unref(): number {
    const resource = this.resources.get(this.#unref.resource_id);
    if (resource === undefined) return this.refusals.resource(this.#unref.resource_id);
    this.#scanouts.forget(resource);
    this.#destroy(resource);
    return OK;
  }

  /** SET_SCANOUT. */
  setScanout(): number {
    const { scanout_id, resource_id: id } = this.#setScanout;
    const scanout = this.#scanouts.all[scanout_id];
    if (scanout === undefined) return this.refusals.scanout(scanout_id, this.#scanouts.all.length);
    if (id === 0) return this.#off(scanout);
    const resource = this.resources.get(id);
    if (resource === undefined) return this.refusals.resource(id);
    if (resource.picture === undefined) return this.refusals.parameter(`blob ${id} without a layout`);
    const { x, y, width, height } = this.#rect;
    if (width === 0 || height === 0 || x + width > resource.width || y + height > resource.height) {
      return this.refusals.outside(x, y, width, height, resource.width, resource.height);
    }
    this.#scanouts.set(scanout, resource, { x, y, width, height }, undefined);
    return OK;
  }

  /** SET_SCANOUT_BLOB. */
  setScanoutBlob(): number {
    const ss = this.#setBlob;
    const scanout = this.#scanouts.all[ss.scanout_id];
    if (scanout === undefined) return this.refusals.scanout(ss.scanout_id, this.#scanouts.all.length);
    const id = ss.resource_id;
    if (id === 0) return this.#off(scanout);
    const resource = this.resources.get(id);
    if (resource === undefined) return this.refusals.resource(id);
    if (resource.picture !== undefined) return this.refusals.parameter(`resource ${id}, which is no blob`);
    if (resource.backing === undefined) return this.refusals.unspec(`Cannot show blob ${id}: it has no backing`);
    const { width, height, format } = ss;
    const stride = ss.strides[0], offset = ss.offsets[0];
    if (virtioGpuFourcc(format) === undefined) return this.refusals.parameter(`format ${format}`);
    const { maxSize } = this.#options.limits;
    // Displays make copies: a blob whose entries all name the same page must not become gigabytes.
    const tooMany = width * height * 4 > this.#options.limits.maxHostMemory;
    if (width === 0 || height === 0 || width > maxSize || height > maxSize || tooMany) {
      return this.refusals.parameter(`${width}x${height}`);
    }
    if (stride < width * 4) return this.refusals.parameter(`stride ${stride} for ${width} pixels`);
    if (offset + (height - 1) * stride + width * 4 > resource.blobSize) {
      return this.refusals.parameter(`${width}x${height} pixels at ${offset} of a blob of ${resource.blobSize} bytes`);
    }
    const rect: Rect = { x: ss.r.x, y: ss.r.y, width: ss.r.width, height: ss.r.height };
    if (rect.width === 0 || rect.height === 0 || rect.x + rect.width > width || rect.y + rect.height > height) {
      return this.refusals.outside(rect.x, rect.y, rect.width, rect.height, width, height);
    }
    const layout: BlobLayout = { format, stride, offset };
    this.#scanouts.set(scanout, resource, rect, layout);
    return OK;
  }

  /** RESOURCE_FLUSH. A blob has no size in pixels: what lies on no scanout is left out. */
  flush(): number {
    const id = this.#flush.resource_id;
    const resource = this.resources.get(id);
    if (resource === undefined) return this.refusals.resource(id);
    const { x, y, width, height } = this.#rect;
    if (resource.picture === undefined) {
      if (resource.scanouts !== 0 && resource.backing === undefined) {
        return this.refusals.unspec(`Cannot flush blob ${id}: its backing was detached`);
      }
    } else if (x + width > resource.width || y + height > resource.height) {
      return this.refusals.outside(x, y, width, height, resource.width, resource.height);
    }
    this.#scanouts.flush(resource, x, y, width, height);
    return OK;
  }

  /** TRANSFER_TO_HOST_2D. A guest blob is its own backing: there is nothing to transfer. */
  transferToHost2d(): number {
    const { resource_id: id, offset } = this.#transfer;
    const resource = this.resources.get(id);
    if (resource === undefined) return this.refusals.resource(id);
    const { picture, backing } = resource;
    if (picture === undefined) return OK;
    if (backing === undefined) return this.refusals.unspec(`Cannot transfer to resource ${id}: it has no backing`);
    const { x, y, width, height } = this.#rect;
    if (x + width > resource.width || y + height > resource.height) {
      return this.refusals.outside(x, y, width, height, resource.width, resource.height);
    }
    if (width === 0 || height === 0) return OK;
    if (offset + ((height - 1) * resource.width + width) * 4 > backing.size) {
      return this.refusals.parameter(`${width}x${height} pixels at ${offset} of ${backing.size} bytes of backing`);
    }
    this.#batches.dirty = true;
    this.#batches.renderer.transferToHost(picture, x, y, width, height, offset, backing);
    return OK;
  }

  /** RESOURCE_ATTACH_BACKING. */
  attachBacking(queue: DeviceQueue, chain: DeviceChain): number {
    const { resource_id: id, nr_entries } = this.#attach;
    const resource = this.resources.get(id);
    if (resource === undefined) return this.refusals.resource(id);
    if (resource.backing !== undefined) {
      return this.refusals.unspec(`Cannot attach backing to resource ${id}: it has some`);
    }
    return this.#back(resource, queue, chain, gpu.virtio_gpu_resource_attach_backing.size, nr_entries);
  }

  /** RESOURCE_DETACH_BACKING. */
  detachBacking(): number {
    const id = this.#unref.resource_id;
    const resource = this.resources.get(id);
    if (resource === undefined) return this.refusals.resource(id);
    if (resource.backing === undefined) {
      return this.refusals.unspec(`Cannot detach backing of resource ${id}: it has none`);
    }
    this.resources.uncharge(resource);
    resource.backing = undefined;
    return OK;
  }

  /** RESOURCE_CREATE_BLOB. */
  createBlob(queue: DeviceQueue, chain: DeviceChain): number {
    const { resource_id: id, blob_mem, blob_flags, nr_entries, size } = this.#blob;
    if (!this.#isFree(id)) return this.refusals.resource(id);
    // Without VIRTIO_GPU_F_VIRGL, a blob is guest memory.
    if (blob_mem !== gpu.VIRTIO_GPU_BLOB_MEM_GUEST) return this.refusals.parameter(`blob_mem ${blob_mem}`);
    if ((blob_flags & ~BLOB_FLAGS) !== 0) return this.refusals.parameter(`blob_flags ${blob_flags}`);
    if (size === 0 || !Number.isSafeInteger(size)) return this.refusals.parameter(`a blob of ${size} bytes`);
    if (this.#aligned && size % this.#options.blobAlignment !== 0) {
      return this.refusals.parameter(`a blob of ${size} bytes: no multiple of ${this.#options.blobAlignment}`);
    }
    const resource = new HostResource(id, undefined, size, this.resources.charge(0));
    let answer = OK;
    try {
      answer = this.#back(resource, queue, chain, gpu.virtio_gpu_resource_create_blob.size, nr_entries);
    } finally {
      if (answer !== OK || resource.backing === undefined && nr_entries > 0) this.resources.refund(resource.cost);
      else this.resources.add(resource);
    }
    return answer;
  }

  /** RESOURCE_ASSIGN_UUID: random, and the same for as long as the resource lives. */
  assignUuid(): number {
    const resource = this.resources.get(this.#unref.resource_id);
    if (resource === undefined) return this.refusals.resource(this.#unref.resource_id);
    if (resource.uuid === undefined) {
      resource.uuid = crypto.getRandomValues(new Uint8Array(16));
      resource.uuid[6] = resource.uuid[6] & 0x0f | 0x40;
      resource.uuid[8] = resource.uuid[8] & 0x3f | 0x80;
    }
    gpu.virtio_gpu_resp_resource_uuid.at(this.response).uuid = resource.uuid;
    return gpu.VIRTIO_GPU_RESP_OK_RESOURCE_UUID;
  }

  /** UPDATE_CURSOR: image and place. */
  updateCursor(): number {
    const { resource_id: id, hot_x, hot_y } = this.#cursor;
    const scanout = this.#scanouts.all[this.#cursorPos.scanout_id];
    if (scanout === undefined) return this.refusals.scanout(this.#cursorPos.scanout_id, this.#scanouts.all.length);
    if (id === 0) scanout.cursor = undefined;
    else {
      const resource = this.resources.get(id);
      if (resource === undefined) return this.refusals.resource(id);
      const blobTooSmall = resource.picture === undefined && resource.blobSize < CURSOR_SIZE * CURSOR_SIZE * 4;
      if (blobTooSmall || resource.picture && (resource.width !== CURSOR_SIZE || resource.height !== CURSOR_SIZE)) {
        return this.refusals.parameter(`resource ${id} as a cursor: it is not ${CURSOR_SIZE}x${CURSOR_SIZE}`);
      }
      if (resource.picture === undefined && resource.backing === undefined) {
        return this.refusals.unspec(`Cannot use blob ${id} as a cursor: it has no backing`);
      }
      this.#batches.submit();
      scanout.cursor = cursorOf(this.#batches.renderer, resource, hot_x, hot_y);
    }
    return this.moveCursor();
  }

  /** MOVE_CURSOR: the place, which may lie left of or above the scanout. */
  moveCursor(): number {
    const { scanout_id, x, y } = this.#cursorPos;
    const scanout = this.#scanouts.all[scanout_id];
    if (scanout === undefined) return this.refusals.scanout(scanout_id, this.#scanouts.all.length);
    this.#scanouts.cursor(scanout, x | 0, y | 0);
    return OK;
  }

  /** A command that this device or this guest has not. */
  unsupported(name: string): number {
    return this.refusals.unspec(`Cannot execute ${name}: not supported`);
  }

  /** A request that ends before its struct does. */
  truncated(name: string, length: number): number {
    return this.refusals.unspec(`Cannot execute ${name}: ${length} bytes are not enough`);
  }

  /** The response to something thrown below. */
  failed(error: unknown): number {
    return this.refusals.thrown(error);
  }

  /** Reads `count` entries behind the request and makes them a resource's backing. None at all leaves it without. */
  #back(resource: HostResource, queue: DeviceQueue, chain: DeviceChain, offset: number, count: number): number {
    if (count === 0) return OK;
    if (count > this.#options.limits.maxEntries) {
      return this.refusals.unspec(`Cannot attach ${count} entries: too many`);
    }
    const length = count * MEM_ENTRY_BYTES;
    if (offset + length > chain.readable) {
      return this.refusals.unspec(`Cannot read ${count} entries: the request ends before`);
    }
    if (this.#entries.length < length) this.#entries = new Uint8Array(length);
    const entries = this.#entries.subarray(0, length);
    if (queue.read(chain, offset, entries) !== length) {
      return this.refusals.unspec("Cannot read entries: memory is gone");
    }
    const memory = this.#memory;
    if (memory === undefined) return this.refusals.unspec("Cannot attach backing: the device was reset");
    const backing = new GuestBacking(memory, new DataView(entries.buffer, entries.byteOffset, length));
    if (backing.size < resource.blobSize) {
      return this.refusals.parameter(`${backing.size} bytes as backing of a blob of ${resource.blobSize}`);
    }
    this.resources.chargeEntries(resource, backing.gpas.length);
    resource.backing = backing;
    return OK;
  }

  #destroy(resource: HostResource): void {
    // A display that was told that a scanout is off may have reset the device: then it is gone.
    if (!this.resources.remove(resource) || resource.picture === undefined) return;
    this.#batches.renderer.destroyResource(resource.picture);
    this.#batches.dirty = true;
  }

  #isFree(id: number): boolean {
    return id !== 0 && this.resources.get(id) === undefined;
  }

  #off(scanout: Scanout): number {
    this.#scanouts.off(scanout);
    return OK;
  }
}
