/**
 * Requests that read what a device has and does. Mirrors drm_mode_getresources (drm_mode_config.c), drm_mode_getcrtc,
 * drm_mode_getencoder, drm_mode_getplane_res and drm_mode_getplane.
 * @module
 */

import {
  type drm_mode_card_res,
  DRM_MODE_CONNECTOR_WRITEBACK,
  type drm_mode_crtc,
  DRM_MODE_FLAG_PIC_AR_MASK,
  type drm_mode_get_encoder,
  type drm_mode_get_plane,
  type drm_mode_get_plane_res,
  DRM_MODE_OBJECT_CRTC,
  DRM_MODE_OBJECT_ENCODER,
  DRM_MODE_OBJECT_PLANE,
  DRM_PLANE_TYPE_CURSOR,
  DRM_PLANE_TYPE_OVERLAY,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import { Crtc } from "./crtc.ts";
import { Encoder } from "./encoder.ts";
import { findObject, kmsOf, leaseCrtcMask, leaseHolds } from "./lease.ts";
import { Plane } from "./plane.ts";
import { storeU32s } from "./user_array.ts";

/** GETRESOURCES (I1, I3). */
export function getResources(file: DrmFile, arg: View<drm_mode_card_res>, task: Process): number {
  const kms = kmsOf(file);
  const fbs: number[] = [];
  for (const fb of kms.framebuffers(file)) fbs.push(fb.id);
  fbs.reverse(); // the kernel lists the latest first
  storeU32s(task, arg.fb_id_ptr, arg.count_fbs, fbs);
  arg.count_fbs = fbs.length;
  arg.max_height = kms.maxHeight;
  arg.min_height = kms.minHeight;
  arg.max_width = kms.maxWidth;
  arg.min_width = kms.minWidth;
  const held = (list: readonly { readonly id: number }[]): number[] =>
    list.filter(({ id }) => leaseHolds(file, id)).map(({ id }) => id);
  const crtcs = held(kms.crtcs);
  storeU32s(task, arg.crtc_id_ptr, arg.count_crtcs, crtcs);
  arg.count_crtcs = crtcs.length;
  const encoders = kms.encoders.map(({ id }) => id); // leases do not hide encoders
  storeU32s(task, arg.encoder_id_ptr, arg.count_encoders, encoders);
  arg.count_encoders = encoders.length;
  const connectors = held(
    kms.connectors.filter((connector) =>
      connector.connectorType !== DRM_MODE_CONNECTOR_WRITEBACK || file.writebackConnectors
    ),
  );
  storeU32s(task, arg.connector_id_ptr, arg.count_connectors, connectors);
  arg.count_connectors = connectors.length;
  return 0;
}

/** GETCRTC. */
export function getCrtc(file: DrmFile, arg: View<drm_mode_crtc>): number {
  const crtc = findObject(kmsOf(file), file, arg.crtc_id, DRM_MODE_OBJECT_CRTC);
  if (!(crtc instanceof Crtc)) throw new DrmError("ENOENT", `Cannot find CRTC ${arg.crtc_id}`);
  const plane = crtc.primary.state;
  arg.gamma_size = crtc.legacyGammaSize;
  arg.fb_id = plane.fb?.id ?? 0;
  arg.x = plane.srcX >>> 16;
  arg.y = plane.srcY >>> 16;
  const { enable, mode } = crtc.state;
  arg.mode_valid = enable && mode !== undefined ? 1 : 0;
  if (enable && mode !== undefined) {
    const view = arg.mode;
    mode.store(view);
    if (!file.aspectRatioAllowed) view.flags &= ~DRM_MODE_FLAG_PIC_AR_MASK;
  }
  return 0;
}

/** GETENCODER. */
export function getEncoder(file: DrmFile, arg: View<drm_mode_get_encoder>): number {
  const kms = kmsOf(file);
  const encoder = findObject(kms, undefined, arg.encoder_id, DRM_MODE_OBJECT_ENCODER);
  if (!(encoder instanceof Encoder)) throw new DrmError("ENOENT", `Cannot find encoder ${arg.encoder_id}`);
  const crtc = kms.connectors.find((connector) => connector.state.encoder === encoder)?.state.crtc;
  arg.crtc_id = crtc !== undefined && leaseHolds(file, crtc.id) ? crtc.id : 0;
  arg.encoder_type = encoder.encoderType;
  arg.encoder_id = encoder.id;
  arg.possible_crtcs = leaseCrtcMask(kms, file, encoder.possibleCrtcs);
  arg.possible_clones = encoder.possibleClones >>> 0;
  return 0;
}

/** GETPLANERESOURCES (I1, I4). */
export function getPlaneResources(file: DrmFile, arg: View<drm_mode_get_plane_res>, task: Process): number {
  const kms = kmsOf(file);
  const virtualCursors = file.device.has("CURSOR_HOTSPOT");
  const ids: number[] = [];
  for (const plane of kms.planes) {
    if (plane.planeType !== DRM_PLANE_TYPE_OVERLAY && !file.universalPlanes) continue;
    // Atomic clients that know nothing of hot spots would place a virtual machine's cursor wrongly.
    if (plane.planeType === DRM_PLANE_TYPE_CURSOR && file.atomic && virtualCursors && !file.cursorHotspot) continue;
    if (leaseHolds(file, plane.id)) ids.push(plane.id);
  }
  storeU32s(task, arg.plane_id_ptr, arg.count_planes, ids);
  arg.count_planes = ids.length;
  return 0;
}

/** GETPLANE: formats all or none (I1). */
export function getPlane(file: DrmFile, arg: View<drm_mode_get_plane>, task: Process): number {
  const kms = kmsOf(file);
  const plane = findObject(kms, file, arg.plane_id, DRM_MODE_OBJECT_PLANE);
  if (!(plane instanceof Plane)) throw new DrmError("ENOENT", `Cannot find plane ${arg.plane_id}`);
  const { crtc, fb } = plane.state;
  arg.crtc_id = crtc !== undefined && leaseHolds(file, crtc.id) ? crtc.id : 0;
  arg.fb_id = fb?.id ?? 0;
  arg.plane_id = plane.id;
  arg.possible_crtcs = leaseCrtcMask(kms, file, plane.possibleCrtcs);
  arg.gamma_size = 0;
  if (arg.count_format_types >= plane.formats.length) {
    storeU32s(task, arg.format_type_ptr, plane.formats.length, plane.formats);
  }
  arg.count_format_types = plane.formats.length;
  return 0;
}
