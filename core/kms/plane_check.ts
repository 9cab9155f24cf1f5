/**
 * The rules for planes in a draft (J8), and the clipping of what they show. Mirrors drm_atomic_plane_check (drm_atomic.c) and
 * drm_atomic_helper_check_plane_state (drm_atomic_helper.c).
 * @module
 */

import {
  DRM_MODE_REFLECT_X,
  DRM_MODE_REFLECT_Y,
  DRM_MODE_ROTATE_0,
  DRM_MODE_ROTATE_180,
  DRM_MODE_ROTATE_270,
  DRM_MODE_ROTATE_90,
  DRM_PLANE_TYPE_PRIMARY,
} from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import type { AtomicState } from "./atomic_state.ts";
import { NO_SCALING, type Plane } from "./plane.ts";
import type { PlaneState } from "./plane_state.ts";
import { clipRects, equalRects, isVisible, type ModeRect, modeRect, setRect } from "./rect.ts";

const INT_MAX = 0x7fff_ffff;
const RECT_SIZE = 16;
const CLIP: ModeRect = modeRect();

/**
 * Checks one plane of a draft.
 *
 * @throws {DrmError} EINVAL, ERANGE (place), ENOSPC (source).
 */
export function checkPlane(plane: Plane, draft: AtomicState): void {
  const state = draft.plane(plane);
  const { crtc, fb } = state;
  if (crtc === undefined && fb === undefined) return;
  if (fb === undefined) draft.refuse(`${plane.name} is on a CRTC without a framebuffer`);
  if (crtc === undefined) draft.refuse(`${plane.name} has a framebuffer without a CRTC`);
  if (!plane.accepts(crtc)) draft.refuse(`${plane.name} cannot be on ${crtc.name}`);
  if (!plane.supports(fb.format, fb.modifier)) {
    draft.refuse(
      `${plane.name} cannot show format 0x${fb.format.toString(16)} with modifier 0x${fb.modifier.toString(16)}`,
    );
  }
  if (
    state.crtcW > INT_MAX || state.crtcX > INT_MAX - state.crtcW || state.crtcH > INT_MAX ||
    state.crtcY > INT_MAX - state.crtcH
  ) {
    throw new DrmError(
      "ERANGE",
      `Cannot show ${plane.name} at ${state.crtcX},${state.crtcY}: its far edge is out of range`,
    );
  }
  const width = fb.width * 65536, height = fb.height * 65536;
  if (
    state.srcW > width || state.srcX > width - state.srcW || state.srcH > height || state.srcY > height - state.srcH
  ) {
    throw new DrmError(
      "ENOSPC",
      `Cannot show ${plane.name}: its source leaves the framebuffer of ${fb.width}x${fb.height}`,
    );
  }
  if (state.damageClips !== undefined) checkDamage(plane, state, draft);
  const old = plane.state;
  if (old.crtc !== undefined && old.crtc !== crtc) {
    draft.refuse(`${plane.name} cannot move from ${old.crtc.name} to ${crtc.name} at once`);
  }
}

function checkDamage(plane: Plane, state: PlaneState, draft: AtomicState): void {
  const data = state.damageClips?.data;
  const fb = state.fb;
  if (data === undefined || fb === undefined) return;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + RECT_SIZE <= data.length; at += RECT_SIZE) {
    const x1 = view.getInt32(at, true), y1 = view.getInt32(at + 4, true);
    const x2 = view.getInt32(at + 8, true), y2 = view.getInt32(at + 12, true);
    if (x1 >= x2 || y1 >= y2 || x1 < 0 || y1 < 0 || x2 > fb.width || y2 > fb.height) {
      draft.refuse(`damage (${x1},${y1})-(${x2},${y2}) of ${plane.name} is empty or outside the framebuffer`);
    }
  }
}

/**
 * Computes `visible`, `src` and `dst`, with the plane's limits of scaling and position.
 *
 * @throws {DrmError} ERANGE for scaling, EINVAL for a plane that has to cover the CRTC and does not.
 */
export function clipPlane(plane: Plane, draft: AtomicState, state: PlaneState): void {
  const { crtc, fb, src, dst } = state;
  setRect(src, state.srcX, state.srcY, state.srcX + state.srcW, state.srcY + state.srcH);
  setRect(dst, state.crtcX, state.crtcY, state.crtcX + state.crtcW, state.crtcY + state.crtcH);
  if (fb === undefined || crtc === undefined) {
    state.visible = false;
    return;
  }
  const crtcState = draft.newCrtc(crtc) ?? crtc.state;
  if (crtcState.needsModeset) state.setDamageClips(undefined);
  const mode = crtcState.mode;
  rotate(src, fb.width * 65536, fb.height * 65536, state.rotation);
  const { min, max } = plane.hooks.scaling ?? { min: NO_SCALING, max: NO_SCALING };
  if (!scaleFits(src.x2 - src.x1, state.crtcW, min, max) || !scaleFits(src.y2 - src.y1, state.crtcH, min, max)) {
    throw new DrmError(
      "ERANGE",
      `Cannot show ${plane.name}: it does not scale ${state.srcW / 65536}x${state.srcH / 65536} so`,
    );
  }
  setRect(CLIP, 0, 0, crtcState.enable ? mode?.hdisplay ?? 0 : 0, crtcState.enable ? mode?.lines ?? 0 : 0);
  state.visible = clipRects(src, dst, CLIP);
  unrotate(src, fb.width * 65536, fb.height * 65536, state.rotation);
  if (!state.visible) return;
  const canPosition = plane.hooks.canPosition ?? plane.planeType !== DRM_PLANE_TYPE_PRIMARY;
  if (!canPosition && !equalRects(dst, CLIP)) draft.refuse(`${plane.name} has to cover the whole of ${crtc.name}`);
}

// drm_rect_calc_hscale: rounds up factors above 1, down below.
function scaleFits(src: number, dst: number, min: number, max: number): boolean {
  if (src < 0 || dst < 0) return false;
  if (dst === 0) return true;
  const scale = src > dst * 65536 ? Math.ceil(src / dst) : Math.floor(src / dst);
  return scale >= min && scale <= max;
}

// drm_rect_rotate: from the framebuffer's coordinates to those of the picture shown.
function rotate(rect: ModeRect, width: number, height: number, rotation: number): void {
  if (rotation === DRM_MODE_ROTATE_0) return;
  const { x1, y1, x2, y2 } = reflect(rect, width, height, rotation);
  switch (rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_180 | DRM_MODE_ROTATE_270)) {
    case DRM_MODE_ROTATE_90:
      return setRect(rect, y1, width - x2, y2, width - x1);
    case DRM_MODE_ROTATE_180:
      return setRect(rect, width - x2, height - y2, width - x1, height - y1);
    case DRM_MODE_ROTATE_270:
      return setRect(rect, height - y2, x1, height - y1, x2);
  }
}

// drm_rect_rotate_inv.
function unrotate(rect: ModeRect, width: number, height: number, rotation: number): void {
  if (rotation === DRM_MODE_ROTATE_0) return;
  const { x1, y1, x2, y2 } = rect;
  switch (rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_180 | DRM_MODE_ROTATE_270)) {
    case DRM_MODE_ROTATE_90:
      setRect(rect, width - y2, x1, width - y1, x2);
      break;
    case DRM_MODE_ROTATE_180:
      setRect(rect, width - x2, height - y2, width - x1, height - y1);
      break;
    case DRM_MODE_ROTATE_270:
      setRect(rect, y1, height - x2, y2, height - x1);
      break;
  }
  reflect(rect, width, height, rotation);
}

function reflect(rect: ModeRect, width: number, height: number, rotation: number): ModeRect {
  if ((rotation & DRM_MODE_REFLECT_X) !== 0) setRect(rect, width - rect.x2, rect.y1, width - rect.x1, rect.y2);
  if ((rotation & DRM_MODE_REFLECT_Y) !== 0) setRect(rect, rect.x1, height - rect.y2, rect.x2, height - rect.y1);
  return rect;
}

/** Whether a plane shows anything at all in a state. */
export function shows(state: PlaneState): boolean {
  return state.visible && isVisible(state.dst);
}
