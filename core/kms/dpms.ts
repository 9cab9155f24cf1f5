/**
 * The legacy DPMS property over ACTIVE. Mirrors drm_atomic_connector_commit_dpms (drm_atomic_uapi.c).
 * @module
 */

import { DRM_MODE_DPMS_OFF, DRM_MODE_DPMS_ON } from "../../uapi/mod.ts";
import type { Wait } from "../wait.ts";
import { commitDraft } from "./atomic_commit.ts";
import type { Connector } from "./connector.ts";

/** A CRTC is active as long as one of its connectors is on. Whatever is not "on" is "off". */
export function commitDpms(connector: Connector, value: number): number | Wait {
  const dpms = value === DRM_MODE_DPMS_ON ? DRM_MODE_DPMS_ON : DRM_MODE_DPMS_OFF;
  const before = connector.dpms;
  if (before === dpms) return 0;
  const attempt = (): number | Wait => {
    const crtc = connector.state.crtc;
    connector.dpms = dpms;
    if (crtc === undefined) return 0;
    const { kms } = connector;
    const draft = kms.draft();
    draft.addConnectors(crtc);
    draft.crtc(crtc).active = kms.connectors.some((other) =>
      other.state.crtc === crtc && other.dpms === DRM_MODE_DPMS_ON
    );
    draft.onDiscarded = () => void (connector.dpms = before);
    return commitDraft(draft, false, attempt, true);
  };
  return attempt();
}
