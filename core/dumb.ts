/**
 * Dumb buffers: memory for drawing by the CPU, made without knowing the driver. Mirrors drivers/gpu/drm/drm_dumb_buffers.c
 * and drm_gem_shmem_dumb_create.
 * @module
 */

import type { drm_mode_create_dumb, drm_mode_destroy_dumb, drm_mode_map_dumb } from "../uapi/drm_mode_fb.ts";
import type { View } from "../uapi/struct.ts";
import type { DrmFile } from "./drm_file.ts";
import { DrmError } from "./error.ts";
import { closeHandle, createHandle, createShmemObject, lookupObject, mmapOffset } from "./gem.ts";
import { PAGE_SIZE, pageAlign } from "./memory.ts";

const U32_MAX = 0xffff_ffff;

function needsDumb(file: DrmFile): void {
  if (file.device.driver.spec.dumbCreate === undefined) {
    throw new DrmError("ENOSYS", "Cannot use dumb buffers: the driver has none");
  }
}

/** MODE_CREATE_DUMB: checks what 32 bits must hold, zeroes the results, and asks the driver (I12). */
export function createDumb(file: DrmFile, arg: View<drm_mode_create_dumb>): number {
  needsDumb(file);
  const { width, height, bpp } = arg;
  const bytes = Math.ceil(bpp / 8);
  const size = bytes * width * height; // rounds above 2^53, where it is far too large anyway
  if (
    width === 0 || height === 0 || bpp === 0 || bpp > U32_MAX - 8 || bytes * width > U32_MAX ||
    size > U32_MAX - PAGE_SIZE + 1
  ) {
    throw new DrmError("EINVAL", `Cannot create a dumb buffer of ${width}x${height} with ${bpp} bits a pixel`);
  }
  arg.handle = 0;
  arg.pitch = 0;
  arg.size = 0;
  file.device.driver.spec.dumbCreate?.(file, arg);
  return 0;
}

/**
 * MODE_MAP_DUMB: the offset for mmap; the driver's own hook, else core's, which refuses imported objects (B10).
 *
 * @throws {DrmError} ENOSYS without dumb buffers, ENOENT, EINVAL.
 */
export function mapDumb(file: DrmFile, arg: View<drm_mode_map_dumb>): number {
  needsDumb(file);
  const hook = file.device.driver.spec.dumbMapOffset;
  if (hook !== undefined) {
    arg.offset = hook.call(file.device.driver.spec, file, arg.handle);
    return 0;
  }
  const object = lookupObject(file, arg.handle);
  if (object.imported !== undefined) {
    throw new DrmError("EINVAL", `Cannot map handle ${arg.handle} as a dumb buffer: it was imported`);
  }
  arg.offset = mmapOffset(object);
  return 0;
}

/** MODE_DESTROY_DUMB: GEM_CLOSE under another name (B4). */
export function destroyDumb(file: DrmFile, arg: View<drm_mode_destroy_dumb>): number {
  needsDumb(file);
  closeHandle(file, arg.handle);
  return 0;
}

/**
 * drm_gem_shmem_dumb_create, for a driver's `dumbCreate`: an object over new pages, its handle, pitch and size.
 *
 * @throws {DrmError} ENOMEM.
 */
export function shmemDumbCreate(file: DrmFile, args: View<drm_mode_create_dumb>): void {
  const pitch = Math.ceil(args.width * args.bpp / 8);
  const object = createShmemObject(file.device, pageAlign(pitch * args.height));
  try {
    args.handle = createHandle(file, object);
  } finally {
    object.put();
  }
  args.pitch = pitch;
  args.size = object.size;
}
