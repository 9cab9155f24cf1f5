/**
 * Look-up of objects by clients, through what a lease shows them (K5), and the lease requests. Mirrors drm_mode_object_find
 * and drivers/gpu/drm/drm_lease.c.
 * @module
 */

import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Crtc } from "./crtc.ts";
import type { ModeConfig } from "./mode_config.ts";
import type { ModeObject } from "./mode_object.ts";

/** drm_lease_held: whether a file sees an object. The core's own requests (no file) see all. */
export function leaseHolds(_file: DrmFile | undefined, _id: number): boolean {
  return true; // masters without lessor see everything; no other kind is ever made, since CREATE_LEASE refuses
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
 * @returns undefined for an unknown id, one of another type, and one outside the file's lease.
 */
export function findObject(
  kms: ModeConfig,
  file: DrmFile | undefined,
  id: number,
  type: number,
): ModeObject | undefined {
  const object = kms.objects.get(id);
  if (object === undefined || (type !== 0 && object.type !== type)) return undefined;
  return leaseHolds(file, id) ? object : undefined;
}

/** A mask of CRTC indices as a file counts them (drm_lease_filter_crtcs). */
export function leaseCrtcMask(kms: ModeConfig, file: DrmFile, mask: number): number {
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
