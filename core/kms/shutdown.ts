/**
 * Everything off, for a device that goes or sleeps. Mirrors drm_atomic_helper_shutdown (drivers/gpu/drm/drm_atomic_helper.c).
 * @module
 */

import { DrmError } from "../error.ts";
import { commitDraft } from "./atomic_commit.ts";
import type { ModeConfig } from "./mode_config.ts";

/** drm_atomic_helper_disable_all: every CRTC, connector and plane off. It waits for nothing. @throws {DrmError} as the driver. */
export function disableAll(kms: ModeConfig): void {
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
  if (draft.crtcs.length === 0) draft.discard();
  else commitDraft(draft, false);
}

/** Switches everything off, so that no state holds a framebuffer any more. */
export function shutdown(kms: ModeConfig): void {
  try {
    disableAll(kms);
  } catch (error) {
    if (!(error instanceof DrmError)) throw error; // a driver that wants its CRTCs on keeps what they show
  }
}
