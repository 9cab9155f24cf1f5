/**
 * PRIME: GEM handles to dma-bufs and back. Mirrors drivers/gpu/drm/drm_prime.c.
 * @module
 */

import * as drm from "../uapi/drm.ts";
import type { View } from "../uapi/struct.ts";
import type { Device } from "./device.ts";
import { DmaBuf, lookupDmaBuf } from "./dma_buf.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError } from "./error.ts";
import { createHandle, type GemFuncs, GemObject, lookupObject } from "./gem.ts";
import { type IoctlEntry, ioctlMaker, RENDER_ALLOW } from "./ioctl.ts";
import type { Process } from "./process.ts";

/** Which dma-bufs have handles in a file (struct drm_prime_file_private). Each entry holds a reference of its buffer. */
export class PrimeTable {
  // By handle. Maps would slow down when few keys come and go among many that stay; the other way is kept by the buffer.
  readonly #buffers: (DmaBuf | undefined)[] = [];
  #count = 0;

  /** Entries. */
  get count(): number {
    return this.#count;
  }

  /** drm_prime_add_buf_handle: remembers that `handle` stands for `buffer`, of which it takes a reference. */
  add(buffer: DmaBuf, handle: number): void {
    while (this.#buffers.length <= handle) this.#buffers.push(undefined);
    this.#buffers[handle] = buffer.ref();
    buffer.addHandle(this, handle);
    this.#count++;
  }

  /** drm_prime_lookup_buf_handle: the handle of a buffer, or undefined. */
  handle(buffer: DmaBuf): number | undefined {
    return buffer.handleIn(this);
  }

  /** drm_prime_lookup_buf_by_handle: the buffer of a handle, or undefined. */
  buffer(handle: number): DmaBuf | undefined {
    return handle < this.#buffers.length ? this.#buffers[handle] : undefined;
  }

  /** drm_prime_remove_buf_handle: a handle goes. */
  remove(handle: number): void {
    const buffer = this.buffer(handle);
    if (buffer === undefined) return;
    this.#buffers[handle] = undefined;
    this.#count--;
    buffer.removeHandle(this, handle);
    buffer.put();
  }

  /** drm_prime_destroy_file_private: the file goes; by then its handles are gone. */
  close(): void {
    for (let handle = 1; this.#count > 0 && handle < this.#buffers.length; handle++) this.remove(handle);
  }
}

/**
 * drm_gem_prime_export: a new dma-buf of an object, which holds a reference of the object; the caller owns the buffer's.
 *
 * @param flags DRM_RDWR or 0: whether its fd may be mapped for writing.
 */
export function gemDmaBuf(object: GemObject, flags: number): DmaBuf {
  return new DmaBuf({
    exporterName: "drm",
    size: object.size,
    flags: flags & drm.DRM_RDWR,
    pages: object.pages,
    resv: object.resv,
    object,
  });
}

/**
 * drm_gem_prime_handle_to_dmabuf: the dma-buf of a handle; the caller owns a reference. The same object gives the same
 * buffer (C2), an imported one its exporter's (C6).
 *
 * @param flags DRM_RDWR or 0; counts at the first export only.
 * @throws {DrmError} ENOENT; what the driver's `export` throws.
 */
export function exportDmaBuf(file: DrmFile, handle: number, flags: number): DmaBuf {
  const object = lookupObject(file, handle);
  const known = file.prime.buffer(handle);
  if (known !== undefined) return known.ref();
  const faults = file.device.system.faults;
  if (faults.armed) faults.check("prime.export");
  let buffer = object.imported ?? object.dmaBuf;
  if (buffer !== undefined) buffer.ref();
  else {
    buffer = object.funcs.export?.(object, flags) ?? gemDmaBuf(object, flags);
    object.dmaBuf = buffer.ref();
  }
  file.prime.add(buffer, handle);
  return buffer;
}

/**
 * drm_gem_prime_fd_to_handle: a handle for a dma-buf: the one that the file has already (C3), else a new one to the
 * device's own object (C4, C5) or to an import of the driver's making.
 *
 * @throws {DrmError} EINVAL if the driver imports nothing; ENOMEM; what the driver throws.
 */
export function importDmaBuf(file: DrmFile, buffer: DmaBuf): number {
  const known = file.prime.handle(buffer);
  if (known !== undefined) return known;
  const device = file.device;
  const faults = device.system.faults;
  if (faults.armed) faults.check("prime.import");
  let object: GemObject;
  if (buffer.object !== undefined && buffer.object.device === device) object = buffer.object.ref();
  else {
    const spec = device.driver.spec;
    if (spec.importDmaBuf === undefined) {
      throw new DrmError("EINVAL", `Cannot import a buffer of ${buffer.exporterName}: ${spec.name} imports nothing`);
    }
    object = spec.importDmaBuf(device, buffer);
  }
  try {
    // Before the handle: with the last handle goes the object's hold on the buffer.
    const first = object.dmaBuf === undefined;
    if (first) object.dmaBuf = buffer.ref();
    let handle: number;
    try {
      handle = createHandle(file, object);
    } catch (error) {
      if (first && object.dmaBuf === buffer) {
        object.dmaBuf = undefined;
        buffer.put();
      }
      throw error;
    }
    file.prime.add(buffer, handle);
    return handle;
  } finally {
    object.put();
  }
}

/**
 * drm_gem_shmem_prime_import_sg_table, for a driver's `importDmaBuf`: an object over the exporter's own pages and fences.
 * Nothing is copied; the object holds a reference of the buffer.
 *
 * @throws {DrmError} EINVAL if the CPU cannot reach the buffer.
 */
export function importShmem(device: Device, buffer: DmaBuf, funcs?: GemFuncs): GemObject {
  if (buffer.pages === undefined) {
    throw new DrmError("EINVAL", `Cannot import a buffer of ${buffer.exporterName}: it has no CPU memory`);
  }
  return new GemObject(device, buffer.size, { imported: buffer, funcs });
}

/** PRIME_HANDLE_TO_FD: the fd is taken first, so that EMFILE comes before ENOENT (C1). */
function handleToFd(file: DrmFile, arg: View<drm.drm_prime_handle>, task: Process): number {
  const flags = arg.flags;
  if ((flags & ~(drm.DRM_CLOEXEC | drm.DRM_RDWR)) !== 0) {
    throw new DrmError("EINVAL", `Cannot export with flags 0x${flags.toString(16)}`);
  }
  const fd = task.fds.reserve();
  let buffer: DmaBuf;
  try {
    buffer = exportDmaBuf(file, arg.handle, flags);
  } catch (error) {
    task.fds.unreserve(fd);
    throw error;
  }
  task.fds.install(fd, buffer, (flags & drm.DRM_CLOEXEC) !== 0);
  arg.fd = fd;
  return 0;
}

/** PRIME_FD_TO_HANDLE: flags are ignored (C8). */
function fdToHandle(file: DrmFile, arg: View<drm.drm_prime_handle>, task: Process): number {
  arg.handle = importDmaBuf(file, lookupDmaBuf(task, arg.fd));
  return 0;
}

/** The table's lines. */
export function primeIoctls(): IoctlEntry[] {
  const { ioctl } = ioctlMaker<DrmFile>();
  return [
    ioctl(drm.DRM_IOCTL_PRIME_HANDLE_TO_FD, drm.drm_prime_handle, RENDER_ALLOW, handleToFd),
    ioctl(drm.DRM_IOCTL_PRIME_FD_TO_HANDLE, drm.drm_prime_handle, RENDER_ALLOW, fdToHandle),
  ];
}
