/**
 * The requests on GEM handles and dumb buffers. Mirrors drivers/gpu/drm/drm_gem.c and drm_dumb_buffers.c.
 * @module
 */

import * as drm from "../uapi/drm.ts";
import * as mode from "../uapi/drm_mode_fb.ts";
import type { View } from "../uapi/struct.ts";
import type { DrmFile } from "./drm_file.ts";
import { createDumb, destroyDumb, mapDumb } from "./dumb.ts";
import { DrmError } from "./error.ts";
import { closeHandle, createHandle, lookupObject } from "./gem.ts";
import { AUTH, type IoctlEntry, ioctlMaker, RENDER_ALLOW } from "./ioctl.ts";

function needsGem(file: DrmFile): void {
  if (!file.device.has("GEM")) throw new DrmError("EOPNOTSUPP", "Cannot use GEM handles: the driver has no GEM");
}

function gemClose(file: DrmFile, arg: View<drm.drm_gem_close>): number {
  needsGem(file);
  closeHandle(file, arg.handle);
  return 0;
}

/** GEM_FLINK: one name an object, given once (B6). */
function gemFlink(file: DrmFile, arg: View<drm.drm_gem_flink>): number {
  needsGem(file);
  const object = lookupObject(file, arg.handle);
  if (object.name === 0) {
    object.name = file.device.names.add(object);
    if (object.name === 0) throw new DrmError("ENOSPC", "Cannot name the object: no name is left");
  }
  arg.name = object.name;
  return 0;
}

/** GEM_OPEN: always a new handle (B6). */
function gemOpen(file: DrmFile, arg: View<drm.drm_gem_open>): number {
  needsGem(file);
  const object = file.device.names.get(arg.name);
  if (object === undefined) throw new DrmError("ENOENT", `Cannot open GEM name ${arg.name}: no object has it`);
  arg.handle = createHandle(file, object);
  arg.size = object.size;
  return 0;
}

/** The table's lines. */
export function gemIoctls(): IoctlEntry[] {
  const { ioctl } = ioctlMaker<DrmFile>();
  return [
    ioctl(drm.DRM_IOCTL_GEM_CLOSE, drm.drm_gem_close, RENDER_ALLOW, gemClose),
    ioctl(drm.DRM_IOCTL_GEM_FLINK, drm.drm_gem_flink, AUTH, gemFlink),
    ioctl(drm.DRM_IOCTL_GEM_OPEN, drm.drm_gem_open, AUTH, gemOpen),
    ioctl(mode.DRM_IOCTL_MODE_CREATE_DUMB, mode.drm_mode_create_dumb, 0, createDumb),
    ioctl(mode.DRM_IOCTL_MODE_MAP_DUMB, mode.drm_mode_map_dumb, 0, mapDumb),
    ioctl(mode.DRM_IOCTL_MODE_DESTROY_DUMB, mode.drm_mode_destroy_dumb, 0, destroyDumb),
  ];
}
