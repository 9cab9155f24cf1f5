/**
 * The table of core requests: every DRM number outside the drivers' range.
 * @module
 */

import * as drm from "../uapi/mod.ts";
import { drmIoctls } from "./drm_ioctls.ts";
import type { DrmFile } from "./drm_file.ts";
import { gemIoctls } from "./gem_ioctls.ts";
import { IoctlTable } from "./ioctl.ts";
import { kmsIoctls } from "./kms/ioctls.ts";
import { primeIoctls } from "./prime.ts";
import { syncobjIoctls } from "./syncobj_ioctl.ts";

let table: IoctlTable<DrmFile> | undefined;

/** The table; made on first use, because the modules that fill it import each other. */
export function coreTable(): IoctlTable<DrmFile> {
  return table ??= new IoctlTable<DrmFile>(
    [...drmIoctls(), ...gemIoctls(), ...primeIoctls(), ...kmsIoctls(), ...syncobjIoctls()],
    "nr",
    Object.fromEntries(
      Object.entries(drm).filter(([name]) => name.startsWith("DRM_IOCTL_") && !/_(VGEM|VIRTGPU)_/.test(name)),
    ),
  );
}
