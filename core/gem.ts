/**
 * `GemObject`: a buffer object, counted by its handles, mappings and users. Mirrors drivers/gpu/drm/drm_gem.c and
 * drm_gem_shmem_helper.c.
 * @module
 */

import { MAP_PRIVATE, MAP_TYPE } from "../uapi/fcntl.ts";
import type { Device } from "./device.ts";
import type { DmaBuf } from "./dma_buf.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError } from "./error.ts";
import type { Mapping } from "./file.ts";
import { PagesMapping } from "./mapping.ts";
import { pageAlign, type Pages } from "./memory.ts";
import { Resv } from "./resv.ts";

/** What a driver does when objects of it come, go and are used (struct drm_gem_object_funcs). Absent: nothing more to do. */
export interface GemFuncs {
  /** The last reference is gone; the pages still stand. */
  free?(object: GemObject): void;
  /** A file gets a handle. Throws DrmError to refuse it. */
  open?(object: GemObject, file: DrmFile): void;
  /** A file loses a handle. */
  close?(object: GemObject, file: DrmFile): void;
  /** Maps `length` bytes from `offset`, a checked range; absent: its pages. The mapping holds a reference. Throws DrmError. */
  mmap?(object: GemObject, length: number, offset: number, prot: number, flags: number): Mapping;
  /** Further lines of its description in debugfs, each after `indent` tabulators and with a line feed. */
  printInfo?(object: GemObject, indent: number): string;
  /** Exports the object; absent: as drm_gem_prime_export. Throws DrmError. */
  export?(object: GemObject, flags: number): DmaBuf;
}

const NO_FUNCS: GemFuncs = {};

/** What a {@linkcode GemObject} is made of. */
export interface GemOptions {
  /** Its memory, which the object disposes at its end; undefined: the CPU cannot reach it. */
  readonly pages?: Pages;
  /** The driver's hooks. */
  readonly funcs?: GemFuncs;
  /** The buffer that it was imported from: its pages and fences are shared, and the object takes a reference of it. */
  readonly imported?: DmaBuf;
}

/** A buffer object. Made with one reference, which its maker drops once somebody else (a handle) holds one. */
export class GemObject {
  /** The device. */
  readonly device: Device;
  /** Bytes, whole pages. */
  readonly size: number;
  /** Its memory; undefined where the CPU cannot reach it. */
  readonly pages: Pages | undefined;
  /** The driver's hooks. */
  readonly funcs: GemFuncs;
  /** The buffer that it was imported from (import_attach). */
  readonly imported: DmaBuf | undefined;
  /** The buffer as which it is exported or imported, while handles exist (C2). */
  dmaBuf: DmaBuf | undefined = undefined;
  /** FLINK name; 0 for none (B6). */
  name = 0;
  /** Handles in all files. */
  handleCount = 0;
  #references = 1;
  #resv: Resv | undefined;
  #offset = 0;
  // Most objects have handles in one file alone: that one is kept without a map (drm_vma_node_allow).
  #file: DrmFile | undefined = undefined;
  #fileHandles = 0;
  #others: Map<DrmFile, number> | undefined = undefined;

  /** An object with one reference and no handle. @param device its device. @param size bytes, whole pages. @param options memory and hooks. */
  constructor(device: Device, size: number, options: GemOptions) {
    this.device = device;
    this.size = size;
    this.funcs = options.funcs ?? NO_FUNCS;
    this.imported = options.imported?.ref();
    this.pages = options.pages ?? this.imported?.pages;
    this.#resv = this.imported?.resv;
    this.imported?.attach(device);
  }

  /** References held now; 0 once freed. */
  get references(): number {
    return this.#references;
  }

  /** Its fences; an imported object shares its exporter's. */
  get resv(): Resv {
    return this.#resv ??= new Resv();
  }

  /** Takes a reference. */
  ref(): this {
    this.#references++;
    return this;
  }

  /** Drops a reference; the last one frees the object. */
  put(): void {
    if (--this.#references === 0) this.#free();
  }

  /** Offset for mmap of the DRM file, bytes: made on first use, stable from then on (B7). Throws ENOSPC when none is left. */
  get mmapOffset(): number {
    if (this.#offset === 0) this.#offset = this.device.offsets.add(this, this.size);
    return this.#offset;
  }

  /** Its offset for mmap if it has one already, bytes; else 0. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether a file has a handle to it and so may map it (drm_vma_node_is_allowed). */
  allows(file: DrmFile): boolean {
    return this.#file === file || this.#others?.has(file) === true;
  }

  /** A file got a handle. */
  allow(file: DrmFile): void {
    if (this.#file === file) this.#fileHandles++;
    else if (this.#file === undefined && !this.#others?.has(file)) {
      this.#file = file;
      this.#fileHandles = 1;
    } else {
      this.#others ??= new Map();
      this.#others.set(file, (this.#others.get(file) ?? 0) + 1);
    }
  }

  /** A file lost a handle. */
  revoke(file: DrmFile): void {
    if (this.#file === file) {
      if (--this.#fileHandles === 0) this.#file = undefined;
      return;
    }
    const left = (this.#others?.get(file) ?? 0) - 1;
    if (left > 0) this.#others?.set(file, left);
    else this.#others?.delete(file);
  }

  #free(): void {
    this.funcs.free?.(this);
    if (this.#offset !== 0) this.device.offsets.remove(this.#offset);
    if (this.imported !== undefined) {
      this.imported.detach(this.device);
      this.imported.put();
    } else this.pages?.[Symbol.dispose]();
  }
}

/** What {@linkcode createShmemObject} may be told. */
export interface ShmemOptions {
  /** A name for debugging; the driver's by default. */
  readonly name?: string;
  /** The driver's hooks. */
  readonly funcs?: GemFuncs;
}

/**
 * drm_gem_shmem_create: an object over new pages.
 *
 * @param size bytes, rounded up to whole pages.
 * @throws {DrmError} EINVAL for a size that is 0 or no size at all; ENOMEM.
 */
export function createShmemObject(device: Device, size: number, options?: ShmemOptions): GemObject {
  const system = device.system;
  if (system.faults.armed) system.faults.check("gem.create");
  if (!(size > 0)) throw new DrmError("EINVAL", `Cannot create an object of ${size} bytes`);
  const aligned = pageAlign(size);
  if (!Number.isSafeInteger(aligned)) throw new DrmError("ENOMEM", `Cannot create an object of ${size} bytes`);
  const pages = system.pages.allocate(aligned, options?.name ?? device.driver.spec.name);
  return new GemObject(device, aligned, { pages, funcs: options?.funcs });
}

/**
 * drm_gem_handle_create: the lowest free handle, which takes a reference of its own. The handle cannot be looked up before
 * the driver's `open` has returned (B2).
 *
 * @throws {DrmError} ENOMEM when no handle is left; what `open` throws.
 */
export function createHandle(file: DrmFile, object: GemObject): number {
  const faults = file.device.system.faults;
  if (faults.armed) faults.check("gem.handle");
  const handle = file.objects.reserve();
  if (handle === 0) throw new DrmError("ENOMEM", "Cannot create a handle: none is left");
  if (object.handleCount++ === 0) object.ref();
  object.allow(file);
  try {
    object.funcs.open?.(object, file);
  } catch (error) {
    object.revoke(file);
    file.objects.remove(handle);
    dropHandle(object);
    throw error;
  }
  file.objects.publish(handle, object);
  return handle;
}

// drm_gem_object_handle_put_unlocked: with the last handle go the name and the object's own hold on its dma-buf.
function dropHandle(object: GemObject): void {
  if (--object.handleCount > 0) return;
  if (object.name !== 0) {
    object.device.names.remove(object.name);
    object.name = 0;
  }
  const dmaBuf = object.dmaBuf;
  object.dmaBuf = undefined;
  dmaBuf?.put();
  object.put();
}

/** The object of a handle. No reference is taken. Throws ENOENT. */
export function lookupObject(file: DrmFile, handle: number): GemObject {
  const object = file.objects.get(handle);
  if (object === undefined) {
    throw new DrmError("ENOENT", `Cannot find GEM handle ${handle}: it is not open in this file`);
  }
  return object;
}

/** drm_gem_handle_delete: closes a handle. Throws EINVAL if it is not open (B3). */
export function closeHandle(file: DrmFile, handle: number): void {
  const object = file.objects.unpublish(handle);
  if (object === undefined) {
    throw new DrmError("EINVAL", `Cannot close GEM handle ${handle}: it is not open in this file`);
  }
  releaseHandle(file, handle, object);
}

function releaseHandle(file: DrmFile, handle: number, object: GemObject): void {
  object.funcs.close?.(object, file);
  file.prime.remove(handle);
  object.revoke(file);
  // The number is free again only now, as the kernel's is.
  file.objects.remove(handle);
  dropHandle(object);
}

/** drm_gem_release: closes every handle of a file. */
export function gemReleaseFile(file: DrmFile): void {
  for (const [handle, object] of file.objects) releaseHandle(file, handle, object);
}

/** The offset at which a DRM file maps an object, bytes. Throws ENOSPC when none is left. */
export function mmapOffset(object: GemObject): number {
  return object.mmapOffset;
}

/**
 * drm_gem_mmap: maps the object whose offset is exactly `offset` (B7).
 *
 * @throws {DrmError} EINVAL for an unknown offset, a length beyond the object, a private mapping (B8) or an object without
 * CPU memory; EACCES if the file has no handle to it.
 */
export function gemMmap(file: DrmFile, length: number, offset: number, prot: number, flags: number): Mapping {
  const object = file.device.offsets.get(offset);
  if (object === undefined || pageAlign(length) > object.size) {
    throw new DrmError("EINVAL", `Cannot map ${length} bytes at 0x${offset.toString(16)}: no object lies there`);
  }
  if (!object.allows(file)) throw new DrmError("EACCES", "Cannot map an object to which the file has no handle");
  const mapping = mapObject(object, length, 0, prot, flags);
  return new DrmMapping(object.device, mapping);
}

/**
 * Maps `length` bytes of an object from `offset`. The mapping holds a reference (B9).
 *
 * @throws {DrmError} EINVAL for a private mapping, or an object without CPU memory.
 */
export function mapObject(object: GemObject, length: number, offset: number, prot: number, flags: number): Mapping {
  if (object.imported !== undefined) return object.imported.mapRange(length, offset, prot, flags);
  if (object.funcs.mmap !== undefined) return object.funcs.mmap(object, length, offset, prot, flags);
  if ((flags & MAP_TYPE) === MAP_PRIVATE) throw new DrmError("EINVAL", "Cannot map an object copy-on-write");
  if (object.pages === undefined) throw new DrmError("EINVAL", "Cannot map the object: it has no CPU memory");
  return new PagesMapping(object.pages, offset, length, object.ref());
}

const GONE = new Uint8Array(0);

/** A mapping made through a DRM file: unplugging the device takes the bytes away (A14), where the kernel sends SIGBUS. */
class DrmMapping implements Mapping {
  readonly #device: Device;
  readonly #inner: Mapping;

  constructor(device: Device, inner: Mapping) {
    this.#device = device;
    this.#inner = inner;
  }
  get bytes(): Uint8Array {
    return this.#device.unplugged ? GONE : this.#inner.bytes;
  }
  get fd(): number | undefined {
    return this.#inner.fd;
  }
  get fdOffset(): number | undefined {
    return this.#inner.fdOffset;
  }
  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}
