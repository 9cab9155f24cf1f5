/**
 * Everything off, for a device that goes. Mirrors drm_atomic_helper_shutdown (drivers/gpu/drm/drm_atomic_helper.c).
 * @module
 */

import { DrmError } from "../error.ts";
import { commitDraft } from "./atomic_commit.ts";
import type { ModeConfig } from "./mode_config.ts";

/** Switches every CRTC, connector and plane off, so that no state holds a framebuffer any more. It waits for nothing. */
export function shutdown(kms: ModeConfig): void {
  const draft = kms.draft();
  for (const crtc of kms.crtcs) {
    if (!crtc.state.enable && crtc.state.planeMask === 0) continue;
    const state = draft.crtc(crtc);
    state.active = false;
    state.setMode(undefined, undefined);
    draft.addPlanes(crtc);
    draft.addConnectors(crtc);
  }
  for (const connector of draft.connectors) draft.setConnectorCrtc(connector, undefined);
  for (const plane of draft.planes) {
    draft.setPlaneCrtc(plane, undefined);
    draft.plane(plane).setFramebuffer(undefined);
  }
  if (draft.crtcs.length === 0) return draft.discard();
  try {
    commitDraft(draft, false);
  } catch (error) {
    if (!(error instanceof DrmError)) throw error; // a driver that wants its CRTCs on keeps what they show
  }
}
