/**
 * PAGE_FLIP over atomic. Mirrors drm_mode_page_flip_ioctl (drivers/gpu/drm/drm_plane.c) and drm_atomic_helper_page_flip.
 * @module
 */

import {
  type drm_mode_crtc_page_flip,
  DRM_MODE_OBJECT_CRTC,
  DRM_MODE_PAGE_FLIP_ASYNC,
  DRM_MODE_PAGE_FLIP_EVENT,
  DRM_MODE_PAGE_FLIP_FLAGS,
  DRM_MODE_PAGE_FLIP_TARGET,
  DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE,
  DRM_MODE_PAGE_FLIP_TARGET_RELATIVE,
  VIEW,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError, EBUSY } from "../error.ts";
import type { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import { Crtc } from "./crtc.ts";
import { CrtcCommit, VBLANK_EVENT_SIZE } from "./crtc_commit.ts";
import { findFramebuffer } from "./find.ts";
import { findObject, kmsOf, leaseHolds } from "./lease.ts";
import { checkSource } from "./set_crtc.ts";

function refuse(reason: string): never {
  throw new DrmError("EINVAL", `Cannot flip: ${reason}`);
}

/** PAGE_FLIP (J18). */
export function pageFlip(file: DrmFile, arg: View<drm_mode_crtc_page_flip>): number | Wait {
  const kms = kmsOf(file);
  const flags = arg.flags;
  if ((flags & ~DRM_MODE_PAGE_FLIP_FLAGS) !== 0) refuse(`flags 0x${flags.toString(16)}`);
  if (arg.reserved !== 0 && (flags & DRM_MODE_PAGE_FLIP_TARGET) === 0) refuse("a sequence without a target flag");
  if ((flags & DRM_MODE_PAGE_FLIP_TARGET) === DRM_MODE_PAGE_FLIP_TARGET) refuse("an absolute and a relative target");
  const tears = (flags & DRM_MODE_PAGE_FLIP_ASYNC) !== 0;
  if (tears && !kms.asyncPageFlip) refuse("the device does not tear");
  const crtc = findObject(kms, file, arg.crtc_id, DRM_MODE_OBJECT_CRTC);
  if (!(crtc instanceof Crtc)) throw new DrmError("ENOENT", `Cannot find CRTC ${arg.crtc_id}`);
  const plane = crtc.primary;
  if (!leaseHolds(file, plane.id)) throw new DrmError("EACCES", "Cannot flip: the primary plane is not leased");
  const target = targetFrame(crtc, flags, arg.reserved);

  const old = plane.state;
  if (old.fb === undefined) return EBUSY; // the plane was switched off, and user space does not know yet
  const fb = findFramebuffer(kms, file, arg.fb_id);
  if (fb === undefined) throw new DrmError("ENOENT", `Cannot find framebuffer ${arg.fb_id}`);
  checkSource(fb, old.srcX, old.srcY, old.srcW, old.srcH);
  if (fb.format !== old.fb.format) refuse("the format changes");

  const draft = kms.draft();
  draft.file = file;
  try {
    const state = draft.crtc(crtc);
    if ((flags & DRM_MODE_PAGE_FLIP_EVENT) !== 0) {
      const commit = state.commit = new CrtcCommit(crtc);
      commit.slot = file.events.reserve(VBLANK_EVENT_SIZE);
      const view = arg[VIEW];
      commit.cookieLow = view.getUint32(16, true);
      commit.cookieHigh = view.getUint32(20, true);
    }
    state.asyncFlip = tears;
    state.targetVblank = target;
    const planeState = draft.plane(plane);
    draft.setPlaneCrtc(plane, crtc);
    planeState.setFramebuffer(fb);
    draft.allowModeset = false;
    if (!state.active) refuse(`${crtc.name} is off`);
  } catch (error) {
    draft.discard();
    throw error;
  }
  return commitDraft(draft, true);
}

function targetFrame(crtc: Crtc, flags: number, sequence: number): number | undefined {
  if (!crtc.kms.pageFlipTarget) {
    if ((flags & DRM_MODE_PAGE_FLIP_TARGET) !== 0) refuse("the device takes no targets");
    return undefined;
  }
  if (!crtc.vblank.enabled) refuse(`${crtc.name} counts no frames`);
  const count = crtc.vblank.count;
  if ((flags & DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE) !== 0) {
    const ahead = (sequence - count) | 0; // both have 32 bits that wrap
    if (ahead > 1) refuse(`frame ${sequence} is not the next one`);
    return count + ahead;
  }
  if ((flags & DRM_MODE_PAGE_FLIP_TARGET_RELATIVE) !== 0) {
    if (sequence > 1) refuse(`${sequence} frames ahead is not the next one`);
    return count + sequence;
  }
  return undefined;
}
