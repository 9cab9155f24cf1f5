/**
 * What a lease shows of a device (K5): look-up of objects by clients, and CRTCs as they count them. Mirrors
 * drm_mode_object_find and the filters of drivers/gpu/drm/drm_lease.c.
 * @module
 */

import { DRM_MODE_OBJECT_CONNECTOR, DRM_MODE_OBJECT_CRTC, DRM_MODE_OBJECT_PLANE } from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Crtc } from "./crtc.ts";
import type { ModeConfig } from "./mode_config.ts";
import type { ModeObject } from "./mode_object.ts";

/** drm_lease_held: whether a file may use a CRTC, connector or plane. Owners, and the core itself (no file), may use all. */
export function leaseHolds(file: DrmFile | undefined, id: number): boolean {
  const master = file?.master;
  return master === undefined || master.lessor === undefined || master.leases.has(id);
}

/** drm_mode_object_lease_required: whether objects of a type can be leased, and are hidden from lessees that have not. */
export function leaseRequired(type: number): boolean {
  return type === DRM_MODE_OBJECT_CRTC || type === DRM_MODE_OBJECT_CONNECTOR || type === DRM_MODE_OBJECT_PLANE;
}

/** The device's KMS. Throws EOPNOTSUPP for a driver without MODESET. */
export function kmsOf(file: DrmFile): ModeConfig {
  const kms = file.device.kms;
  if (kms === undefined || !file.device.has("MODESET")) {
    throw new DrmError("EOPNOTSUPP", `Cannot set modes: ${file.device.driver.spec.name} has no MODESET`);
  }
  return kms;
}

/**
 * drm_mode_object_find.
 *
 * @param type DRM_MODE_OBJECT_*; 0 for any.
 * @returns undefined for an unknown id, one of another type, and a CRTC, connector or plane outside the file's lease.
 */
export function findObject(
  kms: ModeConfig,
  file: DrmFile | undefined,
  id: number,
  type: number,
): ModeObject | undefined {
  const object = kms.objects.get(id);
  if (object === undefined || (type !== 0 && object.type !== type)) return undefined;
  return leaseHolds(file, id) || !leaseRequired(object.type) ? object : undefined;
}

/** A mask of CRTC indices as a file counts them (drm_lease_filter_crtcs). */
export function leaseCrtcMask(kms: ModeConfig, file: DrmFile, mask: number): number {
  if (file.master?.lessor === undefined) return mask >>> 0;
  let out = 0, place = 0;
  for (const crtc of kms.crtcs) {
    if (!leaseHolds(file, crtc.id)) continue;
    if ((mask & (1 << crtc.index)) !== 0) out |= 1 << place;
    place++;
  }
  return out >>> 0;
}

/** The CRTC that a file counts as number `index` (H7). */
export function leaseCrtc(kms: ModeConfig, file: DrmFile, index: number): Crtc | undefined {
  for (const crtc of kms.crtcs) if (leaseHolds(file, crtc.id) && index-- === 0) return crtc;
  return undefined;
}
