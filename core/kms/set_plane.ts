/**
 * SETPLANE, CURSOR and CURSOR2 over atomic. Mirrors drm_mode_setplane and drm_mode_cursor_universal
 * (drivers/gpu/drm/drm_plane.c).
 * @module
 */

import {
  DRM_FORMAT_ARGB8888,
  type drm_mode_cursor,
  type drm_mode_cursor2,
  DRM_MODE_CURSOR_BO,
  DRM_MODE_CURSOR_FLAGS,
  DRM_MODE_CURSOR_MOVE,
  DRM_MODE_OBJECT_CRTC,
  DRM_MODE_OBJECT_PLANE,
  type drm_mode_set_plane,
  type View,
} from "../../uapi/mod.ts";
import type { DrmFile } from "../drm_file.ts";
import { DrmError } from "../error.ts";
import type { Process } from "../process.ts";
import type { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import { Crtc } from "./crtc.ts";
import { findFramebuffer } from "./find.ts";
import type { Framebuffer } from "./framebuffer.ts";
import { makeFramebuffer } from "./framebuffer_ioctl.ts";
import { findObject, kmsOf, leaseHolds } from "./lease.ts";
import { Plane } from "./plane.ts";
import { checkSource } from "./set_crtc.ts";

const INT_MAX = 0x7fff_ffff;
const NONE = [0n, 0n, 0n, 0n];

interface Placement {
  readonly crtcX: number;
  readonly crtcY: number;
  readonly crtcW: number;
  readonly crtcH: number;
  readonly srcX: number;
  readonly srcY: number;
  readonly srcW: number;
  readonly srcH: number;
  readonly hotX?: number;
  readonly hotY?: number;
}

/** SETPLANE. */
export function setPlane(file: DrmFile, arg: View<drm_mode_set_plane>, task: Process): number | Wait {
  const kms = kmsOf(file);
  const plane = findObject(kms, file, arg.plane_id, DRM_MODE_OBJECT_PLANE);
  if (!(plane instanceof Plane)) throw new DrmError("ENOENT", `Cannot find plane ${arg.plane_id}`);
  let fb: Framebuffer | undefined;
  let crtc: Crtc | undefined;
  if (arg.fb_id !== 0) {
    fb = findFramebuffer(kms, file, arg.fb_id);
    if (fb === undefined) throw new DrmError("ENOENT", `Cannot find framebuffer ${arg.fb_id}`);
    const object = findObject(kms, file, arg.crtc_id, DRM_MODE_OBJECT_CRTC);
    if (!(object instanceof Crtc)) throw new DrmError("ENOENT", `Cannot find CRTC ${arg.crtc_id}`);
    crtc = object;
  }
  return place(file, task, plane, crtc, fb, {
    crtcX: arg.crtc_x,
    crtcY: arg.crtc_y,
    crtcW: arg.crtc_w,
    crtcH: arg.crtc_h,
    srcX: arg.src_x,
    srcY: arg.src_y,
    srcW: arg.src_w,
    srcH: arg.src_h,
  });
}

// __setplane_check and drm_atomic_helper_update_plane; without a framebuffer, drm_atomic_helper_disable_plane.
function place(
  file: DrmFile,
  task: Process,
  plane: Plane,
  crtc: Crtc | undefined,
  fb: Framebuffer | undefined,
  to: Placement,
): number | Wait {
  if (fb !== undefined && crtc !== undefined) check(plane, crtc, fb, to);
  const attempt = (): number | Wait => {
    const draft = plane.kms.draft();
    draft.file = file;
    draft.task = task;
    const state = draft.plane(plane);
    draft.legacyCursor = (crtc ?? state.crtc)?.cursor === plane;
    draft.setPlaneCrtc(plane, fb === undefined ? undefined : crtc);
    state.setFramebuffer(fb);
    state.crtcX = fb ? to.crtcX : 0;
    state.crtcY = fb ? to.crtcY : 0;
    state.crtcW = fb ? to.crtcW : 0;
    state.crtcH = fb ? to.crtcH : 0;
    state.srcX = fb ? to.srcX : 0;
    state.srcY = fb ? to.srcY : 0;
    state.srcW = fb ? to.srcW : 0;
    state.srcH = fb ? to.srcH : 0;
    if (to.hotX !== undefined) state.hotspotX = to.hotX;
    if (to.hotY !== undefined) state.hotspotY = to.hotY;
    return commitDraft(draft, false, attempt, true);
  };
  return attempt();
}

function check(plane: Plane, crtc: Crtc, fb: Framebuffer, to: Placement): void {
  if (!plane.accepts(crtc)) throw new DrmError("EINVAL", `Cannot set ${plane.name}: it cannot be on ${crtc.name}`);
  if (!plane.supports(fb.format, fb.modifier)) {
    throw new DrmError("EINVAL", `Cannot set ${plane.name}: it cannot show format 0x${fb.format.toString(16)}`);
  }
  if (
    to.crtcW > INT_MAX || to.crtcX > INT_MAX - to.crtcW || to.crtcH > INT_MAX || to.crtcY > INT_MAX - to.crtcH
  ) {
    throw new DrmError("ERANGE", `Cannot set ${plane.name}: its far edge is out of range`);
  }
  checkSource(fb, to.srcX, to.srcY, to.srcW, to.srcH);
}

/** CURSOR and CURSOR2 (J20). */
export function setCursor(
  file: DrmFile,
  arg: View<drm_mode_cursor> | View<drm_mode_cursor2>,
  task: Process,
): number | Wait {
  const kms = kmsOf(file);
  const { flags } = arg;
  if (flags === 0 || (flags & ~DRM_MODE_CURSOR_FLAGS) !== 0) {
    throw new DrmError("EINVAL", `Cannot set a cursor: flags 0x${flags.toString(16)}`);
  }
  const crtc = findObject(kms, file, arg.crtc_id, DRM_MODE_OBJECT_CRTC);
  if (!(crtc instanceof Crtc)) throw new DrmError("ENOENT", `Cannot find CRTC ${arg.crtc_id}`);
  const plane = crtc.cursor;
  if (plane === undefined) {
    // "cannot move" is EFAULT in the kernel, oddly.
    throw new DrmError(
      (flags & DRM_MODE_CURSOR_BO) !== 0 ? "ENXIO" : "EFAULT",
      `Cannot set a cursor: ${crtc.name} has none`,
    );
  }
  if (!leaseHolds(file, plane.id)) throw new DrmError("EACCES", "Cannot set a cursor: its plane is not leased");
  let fb = plane.state.fb?.ref();
  let hot: { hotX?: number; hotY?: number } = {};
  if ((flags & DRM_MODE_CURSOR_BO) !== 0) {
    fb?.put();
    fb = arg.handle === 0 ? undefined : makeFramebuffer(kms, file, {
      width: arg.width,
      height: arg.height,
      format: DRM_FORMAT_ARGB8888,
      flags: 0,
      handles: [arg.handle, 0, 0, 0],
      pitches: [(arg.width * 4) >>> 0, 0, 0, 0],
      offsets: [0, 0, 0, 0],
      modifiers: NONE,
    }, true);
    if (fb !== undefined) hot = "hot_x" in arg ? { hotX: arg.hot_x, hotY: arg.hot_y } : { hotX: 0, hotY: 0 };
  }
  const moves = (flags & DRM_MODE_CURSOR_MOVE) !== 0;
  const { x, y } = arg;
  const width = fb?.width ?? 0, height = fb?.height ?? 0;
  let result: number | Wait;
  try {
    result = place(file, task, plane, fb && crtc, fb, {
      crtcX: moves ? x : crtc.cursorX,
      crtcY: moves ? y : crtc.cursorY,
      crtcW: width,
      crtcH: height,
      srcX: 0,
      srcY: 0,
      srcW: width * 65536,
      srcH: height * 65536,
      ...hot,
    });
  } finally {
    fb?.put();
  }
  if (moves) {
    crtc.cursorX = x;
    crtc.cursorY = y;
  }
  return result;
}
