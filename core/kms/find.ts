/**
 * Objects that property values name, as clients see them. Mirrors the look-ups of drm_atomic_uapi.c.
 * @module
 */

import { DRM_MODE_OBJECT_CRTC, DRM_MODE_OBJECT_FB } from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { Crtc } from "./crtc.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { findObject } from "./lease.ts";
import type { ModeConfig } from "./mode_config.ts";
import { PropertyBlob } from "./property.ts";

/** drm_framebuffer_lookup; undefined for an unknown id. Framebuffers belong to no lease. */
export function findFramebuffer(kms: ModeConfig, _file: DrmFile | undefined, id: number): Framebuffer | undefined {
  const object = kms.objects.get(id);
  return object?.type === DRM_MODE_OBJECT_FB ? object as Framebuffer : undefined;
}

/** The CRTC that a CRTC_ID names; undefined for 0. Throws EACCES for one outside the lease (J4). */
export function findCrtc(kms: ModeConfig, draft: AtomicState, id: number): Crtc | undefined {
  if (id === 0) return undefined;
  const object = findObject(kms, draft.file, id, DRM_MODE_OBJECT_CRTC);
  if (object === undefined) throw new DrmError("EACCES", `Cannot use CRTC ${id}: it is not in the lease`);
  return object as Crtc;
}

/**
 * drm_property_replace_blob_from_id's checks; undefined for id 0.
 *
 * @param size the exact size, bytes, if not 0. @param element what the size is a multiple of, bytes, if not 0.
 * @throws {DrmError} EINVAL for an unknown blob and for a wrong size.
 */
export function findBlob(kms: ModeConfig, id: number, size: number, element: number): PropertyBlob | undefined {
  if (id === 0) return undefined;
  const blob = kms.objects.get(id);
  if (!(blob instanceof PropertyBlob)) throw new DrmError("EINVAL", `Cannot find blob ${id}`);
  if ((size > 0 && blob.length !== size) || (element > 0 && blob.length % element !== 0)) {
    throw new DrmError("EINVAL", `Cannot use blob ${id}: its size is ${blob.length}`);
  }
  return blob;
}
