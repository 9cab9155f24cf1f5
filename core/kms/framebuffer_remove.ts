/**
 * What becomes of planes whose framebuffer goes (I9, I10). Mirrors drm_framebuffer_remove and atomic_remove_fb
 * (drivers/gpu/drm/drm_framebuffer.c).
 * @module
 */

import { DrmError } from "../error.ts";
import { commitDraft } from "./atomic_commit.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { ModeConfig } from "./mode_config.ts";

/** Switches off every plane that shows `fb`, and drops the caller's reference. It waits for nothing. */
export function removeFramebuffer(fb: Framebuffer, kms: ModeConfig): void {
  if (kms.suspension !== undefined) return kms.suspension.defer(fb);
  fb.removed = true;
  if (fb.references > 1) hideFramebuffer(fb, kms);
  fb.put();
}

/** Switches off every plane that shows `fb`. */
export function hideFramebuffer(fb: Framebuffer, kms: ModeConfig): void {
  if (!kms.device.unplugged && !disablePlanes(fb, kms, false)) disablePlanes(fb, kms, true);
}

// Whether it worked: a driver may refuse an active CRTC without primary plane (EINVAL), which then has to go off itself.
function disablePlanes(fb: Framebuffer, kms: ModeConfig, withCrtcs: boolean): boolean {
  const draft = kms.draft();
  for (const plane of kms.planes) {
    if (plane.state.fb !== fb) continue;
    const state = draft.plane(plane);
    const crtc = state.crtc;
    if (withCrtcs && crtc !== undefined && crtc.primary === plane) {
      draft.addConnectors(crtc);
      const crtcState = draft.crtc(crtc);
      crtcState.active = false;
      crtcState.setMode(undefined, undefined);
    }
    state.setFramebuffer(undefined);
    draft.setPlaneCrtc(plane, undefined);
  }
  if (withCrtcs) { for (const connector of draft.connectors) draft.setConnectorCrtc(connector, undefined); }
  if (draft.planes.length === 0) {
    draft.discard();
    return true;
  }
  try {
    commitDraft(draft, false);
  } catch (error) {
    if (error instanceof DrmError) return error.code !== "EINVAL";
    throw error;
  }
  return true;
}
