/**
 * `VirtioGpuObject`: a buffer object in guest pages with a resource of the host. Mirrors drivers/gpu/drm/virtio/
 * virtgpu_object.c and virtgpu_prime.c.
 * @module
 */

import { OFFSET_SPACE } from "../../../core/address_space.ts";
import type { Device } from "../../../core/device.ts";
import { DmaBuf } from "../../../core/dma_buf.ts";
import type { DrmFile } from "../../../core/drm_file.ts";
import { DrmError } from "../../../core/error.ts";
import type { Fence } from "../../../core/fence.ts";
import { type GemFuncs, GemObject, lookupObject } from "../../../core/gem.ts";
import type { GuestSlot } from "../../../core/guest_memory.ts";
import { pageAlign, type Pages } from "../../../core/memory.ts";
import { ResvUsage } from "../../../core/resv.ts";
import { DRM_RDWR } from "../../../uapi/drm.ts";
import { VIRTGPU_BLOB_FLAG_USE_SHAREABLE } from "../../../uapi/virtgpu_drm.ts";
import {
  VIRTIO_GPU_BLOB_MEM_GUEST,
  VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,
  VIRTIO_GPU_CMD_RESOURCE_UNREF,
  VIRTIO_GPU_RESP_OK_RESOURCE_UUID,
} from "../../../uapi/virtio_gpu.ts";
import { BACKING_MAX } from "./commands.ts";
import type { Texture } from "./commands_3d.ts";
import type { CommandSubject } from "./control_queue.ts";
import type { VirtioGpuFile } from "./file.ts";
import type { VirtioGpu } from "./virtio_gpu.ts";

/** Commands that making an object takes at most: create, attach, assign a UUID, and those of its handle. */
const OBJECT_COMMANDS = 5;
/** Sizes that no file of shmem has (MAX_LFS_FILESIZE): from here on, up to those that become 0. */
const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

/** What an object is to be. */
export interface ObjectParams {
  /** Bytes, rounded up to whole pages. */
  readonly size: number;
  /** A classic resource: VIRTIO_GPU_FORMAT_* and size in pixels. */
  readonly image?: { readonly format: number; readonly width: number; readonly height: number };
  /** A 3D resource. */
  readonly texture?: Texture;
  /** A blob: VIRTGPU_BLOB_FLAG_*. */
  readonly blobFlags?: number;
  /** A blob of the host's memory, alone or with guest memory: whose it is, and its name there. */
  readonly host3d?: { readonly context: number; readonly blobId: bigint };
  /** VIRTGPU_BLOB_MEM_* as RESOURCE_INFO tells it: 0 for all but RESOURCE_CREATE_BLOB's. */
  readonly blobMem?: number;
  /** Made by CREATE_DUMB: the driver transfers what is shown. */
  readonly dumb?: boolean;
  /** Whether the creation's fence is put on the object; a 3D resource's always is. */
  readonly fenced?: boolean;
}

/** Pages that live as long as the object or the host's resource, whichever is longer. */
class SharedPages implements Pages {
  readonly size: number;
  readonly #inner: Pages;
  #holders = 2;

  constructor(inner: Pages) {
    this.#inner = inner;
    this.size = inner.size;
  }
  get fd(): number | undefined {
    return this.#inner.fd;
  }
  get fdOffset(): number | undefined {
    return this.#inner.fdOffset;
  }
  bytes(): Uint8Array {
    return this.#inner.bytes();
  }
  pin(): void {
    this.#inner.pin();
  }
  unpin(): void {
    this.#inner.unpin();
  }
  [Symbol.dispose](): void {
    if (--this.#holders === 0) this.#inner[Symbol.dispose]();
  }
}

/** A buffer object. Every object of a virtio-gpu device is one. */
export class VirtioGpuObject extends GemObject implements CommandSubject {
  /** The host's name for it. */
  readonly resourceId: number;
  /** Whether it is a blob. */
  readonly blob: boolean;
  /** Whether it is a blob that has memory of the host. */
  readonly host3d: boolean;
  /** VIRTGPU_BLOB_MEM_* as RESOURCE_INFO tells it. */
  readonly blobMem: number;
  /** VIRTGPU_BLOB_FLAG_*. */
  readonly blobFlags: number;
  /** Whether CREATE_DUMB made it. */
  readonly dumb: boolean;
  /** Its UUID for other virtio devices, once the host has answered; undefined if it has none. */
  uuid: Uint8Array | undefined = undefined;
  readonly #gpu: VirtioGpu;
  readonly #slot: GuestSlot | undefined;
  // What the host may still read after the object's end.
  readonly #held: Pages | DmaBuf | undefined;
  // A device that does not answer is not asked again and again.
  #uuidAsked = false;

  /**
   * Takes over `memory` (or a reference of it) and the id; its commands must be prepared. Use the functions below.
   *
   * @throws {DrmError} ENOSPC for an object without memory, when no mmap offset is left; nothing was sent then.
   */
  constructor(
    gpu: VirtioGpu,
    device: Device,
    id: number,
    slot: GuestSlot | undefined,
    memory: SharedPages | DmaBuf | undefined,
    params: ObjectParams,
  ) {
    const imported = memory instanceof DmaBuf;
    super(
      device,
      memory?.size ?? params.size,
      imported ? { imported: memory, funcs: FUNCS } : { pages: memory, funcs: FUNCS },
    );
    this.#gpu = gpu;
    this.#slot = slot;
    this.#held = memory;
    this.resourceId = id;
    this.blob = params.blobFlags !== undefined;
    this.host3d = params.host3d !== undefined;
    this.blobMem = params.blobMem ?? 0;
    this.blobFlags = params.blobFlags ?? 0;
    this.dumb = params.dumb ?? false;
    // Nothing else bounds those that take no memory of the guest.
    if (memory === undefined) void this.mmapOffset;
    const { commands } = gpu, gpa = slot?.gpa ?? 0;
    if (params.texture !== undefined) {
      this.#fence(gpu.commands3d.resourceCreate3d(id, params.texture));
      commands.resourceAttachBacking(id, gpa, this.size);
    } else if (params.image !== undefined) {
      const { format, width, height } = params.image;
      this.#fence(commands.resourceCreate2d(id, format, width, height, params.fenced ?? false));
      commands.resourceAttachBacking(id, gpa, this.size);
    } else {
      const mem = params.host3d === undefined ? VIRTIO_GPU_BLOB_MEM_GUEST : this.blobMem;
      const owned = slot === undefined ? 0 : this.size;
      commands.resourceCreateBlob(id, mem, this.blobFlags, this.size, gpa, owned, params.host3d);
    }
  }

  #fence(fence: Fence | undefined): void {
    if (fence === undefined) return;
    this.resv.reserve(1);
    this.resv.add(fence, ResvUsage.WRITE);
  }

  /** Asks the host for a UUID. Throws ENOMEM. */
  assignUuid(): void {
    if (this.uuid !== undefined || this.#uuidAsked) return;
    this.#gpu.queue.prepare(1);
    this.#uuidAsked = true;
    this.#gpu.commands.resourceAssignUuid(this.resourceId, this.ref());
  }

  /** A command that concerned it is over. */
  commandDone(command: number, type: number, reply: Uint32Array, at: number): void {
    if (command === VIRTIO_GPU_CMD_RESOURCE_UNREF) return this.#forget();
    if (command === VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID) {
      this.#uuidAsked = false;
      if (type === VIRTIO_GPU_RESP_OK_RESOURCE_UUID) this.uuid = new Uint8Array(reply.slice(at + 6, at + 10).buffer);
    }
    // Transfers, flushes and UUIDs hold a reference until the host is done.
    this.put();
  }

  #forget(): void {
    if (this.#slot !== undefined) this.#gpu.device.memory.remove(this.#slot);
    this.#gpu.resources.remove(this.resourceId);
    if (this.#held instanceof DmaBuf) this.#held.put();
    else this.#held?.[Symbol.dispose]();
  }

  /**
   * virtio_gpu_gem_object_open: the file's context may use it; what was sent on the way to a handle reaches the host now.
   *
   * @throws {DrmError} ENODEV, ENOMEM.
   */
  opened(file: VirtioGpuFile): void {
    const gpu = this.#gpu, context = file.priv;
    if (context !== undefined) {
      context.create(file.comm);
      gpu.checkRoom(1);
      gpu.commands3d.contextAttach(context.id, this.resourceId, this.ref());
    }
    gpu.queue.notify();
  }

  /** virtio_gpu_gem_object_close: the file's context may use it no more. */
  closed(file: VirtioGpuFile): void {
    const { queue, commands3d } = this.#gpu, context = file.priv;
    if (context === undefined) return;
    this.ref();
    queue.ensure(1, () => {
      if (!queue.live) return this.put();
      commands3d.contextDetach(context.id, this.resourceId, this);
      queue.notify();
    });
  }

  /** The last reference is gone: the host forgets the resource; memory and id are free once it has. */
  unref(): void {
    const { commands, queue } = this.#gpu;
    if (!queue.live) return this.#forget();
    // Freeing is what clients do when memory is short: where there is none for the command either, a response will bring some.
    if (!queue.tryPrepare(1)) return queue.defer(() => this.unref());
    commands.resourceUnref(this.resourceId, this);
    queue.notify();
  }

  /** virtgpu_gem_prime_export: a dma-buf; classic resources get a UUID on the way. Throws ENOMEM. */
  exportDmaBuf(flags: number): DmaBuf {
    if (!this.blob && this.#gpu.hasResourceUuid) {
      this.assignUuid();
      this.#gpu.queue.notify();
    }
    return new DmaBuf({
      exporterName: "virtio_gpu",
      size: this.size,
      flags: flags & DRM_RDWR,
      pages: this.pages,
      resv: this.resv,
      object: this,
    });
  }
}

const FUNCS: GemFuncs = {
  free: (object) => (object as VirtioGpuObject).unref(),
  open: (object, file) => (object as VirtioGpuObject).opened(file as unknown as VirtioGpuFile),
  close: (object, file) => (object as VirtioGpuObject).closed(file as unknown as VirtioGpuFile),
  export: (object, flags) => (object as VirtioGpuObject).exportDmaBuf(flags),
};

/**
 * Bytes of an object, whole pages. The kernel rounds in 64 bits, so that the greatest sizes become 0, and then looks for a mmap offset,
 * whose ranges are not empty and not longer than all offsets. @throws {DrmError} ENOSPC.
 */
function wholePages(bytes: number): number {
  const size = pageAlign(bytes);
  if (size > 0 && size <= OFFSET_SPACE) return size;
  throw new DrmError("ENOSPC", `Cannot create an object of ${bytes} bytes: there is no mmap offset for it`);
}

/**
 * virtio_gpu_object_create: a new object in guest pages, and its resource.
 *
 * @throws {DrmError} ENODEV once unplugged; EINVAL for a size that no file has; ENOSPC for none, and beyond all mmap offsets; ENOMEM.
 */
export function createObject(gpu: VirtioGpu, device: Device, params: ObjectParams): VirtioGpuObject {
  const { system } = device;
  if (system.faults.armed) system.faults.check("gem.create");
  const rounded = pageAlign(params.size);
  if (rounded >= TWO_63 && rounded < TWO_64) {
    throw new DrmError("EINVAL", `Cannot create an object of ${params.size} bytes: no file is so long`);
  }
  const size = wholePages(params.size);
  if (size > BACKING_MAX) throw new DrmError("ENOMEM", `Cannot create an object of ${params.size} bytes`);
  gpu.checkRoom(OBJECT_COMMANDS);
  const pages = system.pages.allocate(size, "virtio_gpu");
  return build(
    gpu,
    pages,
    (id, slot) => new VirtioGpuObject(gpu, device, id, slot, new SharedPages(pages), params),
    () => pages[Symbol.dispose](),
  );
}

/**
 * virtio_gpu_vram_create: a new object in the host's memory, which the CPU cannot reach.
 *
 * @throws {DrmError} ENODEV once unplugged; ENOSPC for no bytes, or more than there are mmap offsets for; ENOMEM.
 */
export function createHostObject(gpu: VirtioGpu, device: Device, params: ObjectParams): VirtioGpuObject {
  if (device.system.faults.armed) device.system.faults.check("gem.create");
  const size = wholePages(params.size);
  gpu.checkRoom(OBJECT_COMMANDS);
  const id = gpu.resources.reserve();
  if (id === 0) throw new DrmError("ENOMEM", "Cannot create a resource: no id is left");
  try {
    return new VirtioGpuObject(gpu, device, id, undefined, undefined, { ...params, size });
  } catch (error) {
    gpu.resources.remove(id);
    throw error;
  }
}

/** Gives pages an id and a place in guest memory, and makes an object of them; takes all back when that fails. */
function build(
  gpu: VirtioGpu,
  pages: Pages,
  make: (id: number, slot: GuestSlot) => VirtioGpuObject,
  undo: () => void,
): VirtioGpuObject {
  const { memory } = gpu.device;
  let id = 0;
  let slot: GuestSlot | undefined;
  try {
    id = gpu.resources.reserve();
    if (id === 0) throw new DrmError("ENOMEM", "Cannot create a resource: no id is left");
    slot = memory.add(pages, 0, pages.size);
    return make(id, slot);
  } catch (error) {
    if (slot !== undefined) memory.remove(slot);
    gpu.resources.remove(id);
    undo();
    throw error;
  }
}

/**
 * virtgpu_gem_prime_import: an object over another driver's pages, as a blob of guest memory.
 *
 * @throws {DrmError} ENODEV if the device has no blobs, or has 3D; EINVAL if the CPU cannot reach the buffer; ENOMEM.
 */
export function importObject(gpu: VirtioGpu, device: Device, buffer: DmaBuf): VirtioGpuObject {
  if (!gpu.hasResourceBlob || gpu.has3d) {
    throw new DrmError("ENODEV", "Cannot import a buffer: that takes a device with blobs and without 3D");
  }
  const { pages } = buffer;
  if (pages === undefined) throw new DrmError("EINVAL", "Cannot import a buffer without CPU memory");
  if (buffer.size > BACKING_MAX) throw new DrmError("ENOMEM", `Cannot import a buffer of ${buffer.size} bytes`);
  gpu.checkRoom(OBJECT_COMMANDS);
  const params = { size: buffer.size, blobFlags: VIRTGPU_BLOB_FLAG_USE_SHAREABLE };
  // The host's hold on the buffer, beside the object's own.
  buffer.ref();
  return build(
    gpu,
    pages,
    (id, slot) => new VirtioGpuObject(gpu, device, id, slot, buffer, params),
    () => buffer.put(),
  );
}

/** The object of a handle; every object of the device is of this class. Throws ENOENT. */
export function lookup(file: DrmFile, handle: number): VirtioGpuObject {
  return lookupObject(file, handle) as VirtioGpuObject;
}
