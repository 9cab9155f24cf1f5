/**
 * What HDMI and DisplayPort connectors tell a monitor of the picture: HDR metadata, colorimetry, depth, range, content. A
 * virtual monitor takes all of it; pixels are not changed by it, here or in the frames that a display gets.
 * @module
 */

import type { Connector } from "../../../core/kms/connector.ts";
import {
  attachBroadcastRgbProperty,
  attachContentTypeProperty,
  attachDpColorspaceProperty,
  attachHdmiColorspaceProperty,
  attachHdrOutputMetadataProperty,
  attachMaxBpcProperty,
  hdrMetadataEqual,
} from "../../../core/kms/hdmi_properties.ts";
import { attachVrrCapableProperty } from "../../../core/kms/panel_properties.ts";
import type { AtomicState } from "../../../core/kms/atomic_state.ts";
import type { ConnectorState } from "../../../core/kms/connector_state.ts";
import {
  DRM_MODE_CONNECTOR_DisplayPort,
  DRM_MODE_CONNECTOR_eDP,
  DRM_MODE_CONNECTOR_HDMIA,
  DRM_MODE_CONNECTOR_HDMIB,
} from "../../../uapi/drm_mode_connector.ts";

const MIN_BPC = 8;
const MAX_BPC = 16;

/** Attaches what goes with the connector's type; nothing to those that are neither HDMI nor DisplayPort. */
export function attachMonitorProperties(connector: Connector): void {
  switch (connector.connectorType) {
    case DRM_MODE_CONNECTOR_HDMIA:
    case DRM_MODE_CONNECTOR_HDMIB:
      attachContentTypeProperty(connector);
      attachBroadcastRgbProperty(connector);
      attachHdmiColorspaceProperty(connector);
      break;
    case DRM_MODE_CONNECTOR_DisplayPort:
    case DRM_MODE_CONNECTOR_eDP:
      attachDpColorspaceProperty(connector);
      attachVrrCapableProperty(connector); // and it is not: frames come at the mode's rate
      break;
    default:
      return;
  }
  attachMaxBpcProperty(connector, MIN_BPC, MAX_BPC);
  attachHdrOutputMetadataProperty(connector);
}

/** As intel_digital_connector_atomic_check (i915): what the monitor is told changes by a mode set. */
export function checkMonitorProperties(connector: Connector, draft: AtomicState, state: ConnectorState): void {
  if (state.crtc === undefined) return;
  const old = connector.state;
  if (
    state.colorspace !== old.colorspace || state.contentType !== old.contentType ||
    state.broadcastRgb !== old.broadcastRgb || !hdrMetadataEqual(state, old)
  ) {
    draft.crtc(state.crtc).modeChanged = true;
  }
}
