/**
 * The tail of a commit: what the driver is told, in which order. Drivers may use the parts in an order of their own. Mirrors
 * drm_atomic_helper_commit_tail and its parts (drm_atomic_helper.c).
 * @module
 */

import { DRM_MODE_DPMS_OFF, DRM_MODE_DPMS_ON } from "../../uapi/mod.ts";
import type { AtomicState } from "./atomic_state.ts";
import type { CrtcState } from "./crtc_state.ts";
import { commitWritebacks } from "./writeback.ts";

/** Does a swapped draft. It cannot fail. */
export type CommitTail = (draft: AtomicState) => void;

/** Switches off, updates planes, switches on, flushes; the flip completes with the next frame. */
export function defaultCommitTail(draft: AtomicState): void {
  commitDisables(draft);
  commitPlanes(draft);
  commitEnables(draft);
  finishHardware(draft);
}

/** drm_atomic_helper_commit_tail_rpm: as the default one, with planes updated when CRTCs are on. */
export function powerCommitTail(draft: AtomicState): void {
  commitDisables(draft);
  commitEnables(draft);
  commitPlanes(draft);
  finishHardware(draft);
}

function switchesOff(old: CrtcState | undefined, state: CrtcState | undefined): boolean {
  return old !== undefined && state !== undefined && state.needsModeset && old.active;
}

/** drm_atomic_helper_commit_modeset_disables: encoders, then CRTCs, that a mode set touches and that were on. */
export function commitDisables(draft: AtomicState): void {
  for (const connector of draft.connectors) {
    const old = draft.oldConnector(connector);
    const crtc = old?.crtc;
    if (old === undefined || crtc === undefined || !switchesOff(draft.oldCrtc(crtc), draft.newCrtc(crtc))) continue;
    old.encoder?.hooks.atomicDisable?.(old.encoder, draft);
  }
  for (const crtc of draft.crtcs) {
    const old = draft.oldCrtc(crtc);
    if (old === undefined || !switchesOff(old, draft.newCrtc(crtc))) continue;
    crtc.hooks.atomicDisable?.(crtc, draft, old);
    crtc.vblank.off();
  }
  // drm_atomic_helper_update_legacy_modeset_state: DPMS follows what atomic clients do.
  for (const connector of draft.connectors) {
    const crtc = draft.newConnector(connector)?.crtc;
    const state = crtc && draft.newCrtc(crtc);
    if (state === undefined ? draft.oldConnector(connector)?.crtc !== undefined : state.needsModeset) {
      connector.dpms = state?.active ? DRM_MODE_DPMS_ON : DRM_MODE_DPMS_OFF;
    }
  }
}

/** drm_atomic_helper_commit_planes: begin, planes off or updated, flush. */
export function commitPlanes(draft: AtomicState): void {
  const { crtcs, planes } = draft;
  for (let i = 0; i < crtcs.length; i++) crtcs[i].hooks.atomicBegin?.(crtcs[i], draft);
  for (let i = 0; i < planes.length; i++) {
    const plane = planes[i];
    const old = draft.oldPlane(plane);
    const state = draft.newPlane(plane);
    if (old === undefined || state === undefined) continue;
    const disabling = old.crtc !== undefined && state.crtc === undefined;
    if (disabling && plane.hooks.atomicDisable !== undefined) {
      plane.hooks.atomicDisable(plane, old, draft);
    } else if (disabling || state.crtc !== undefined) {
      plane.damage.fill(old, state);
      plane.hooks.atomicUpdate(plane, old, state, plane.damage, draft);
    }
  }
  for (let i = 0; i < crtcs.length; i++) {
    const state = draft.newCrtc(crtcs[i]);
    if (state !== undefined) crtcs[i].hooks.atomicFlush?.(crtcs[i], draft, state);
  }
}

/**
 * drm_atomic_helper_commit_modeset_enables: CRTCs, then encoders, that a mode set touches and that are to be on; then frames
 * that are to be written.
 */
export function commitEnables(draft: AtomicState): void {
  for (const crtc of draft.crtcs) {
    const state = draft.newCrtc(crtc);
    if (state === undefined || !state.needsModeset || !state.active || state.mode === undefined) continue;
    if (crtc.kms.hasVblank && !crtc.kms.device.unplugged) crtc.vblank.on(state.mode, crtc.hooks.framePeriod);
    crtc.hooks.atomicEnable?.(crtc, draft, state);
  }
  for (const connector of draft.connectors) {
    const state = draft.newConnector(connector);
    const crtcState = state?.crtc && draft.newCrtc(state.crtc);
    if (state === undefined || crtcState === undefined || !crtcState.active || !crtcState.needsModeset) continue;
    state.encoder?.hooks.atomicEnable?.(state.encoder, draft);
  }
  commitWritebacks(draft);
}

/** drm_atomic_helper_commit_hw_done, and the flips get their frames. The last part of every tail. */
export function finishHardware(draft: AtomicState): void {
  for (let i = 0; i < draft.crtcs.length; i++) {
    const commit = draft.newCrtc(draft.crtcs[i])?.commit;
    if (commit === undefined) continue;
    commit.finishHardware();
    if (!commit.flipDone) commit.arm();
  }
}
