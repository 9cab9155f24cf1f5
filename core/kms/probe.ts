/**
 * Probing a connector: status, then modes, checked and sorted. Mirrors drm_helper_probe_single_connector_modes
 * (drivers/gpu/drm/drm_probe_helper.c).
 * @module
 */

import {
  connector_status_connected,
  connector_status_disconnected,
  DRM_MODE_CONNECTOR_DisplayPort,
  DRM_MODE_FLAG_3D_MASK,
  DRM_MODE_FLAG_DBLSCAN,
  DRM_MODE_TYPE_PREFERRED,
} from "../../uapi/mod.ts";
import type { Connector, ConnectorStatus } from "./connector.ts";
import type { Mode } from "./mode.ts";
import { DMT_MODES } from "./mode_table.ts";

const FAILSAFE_WIDTH = 640;
const FAILSAFE_HEIGHT = 480;

/** drm_add_modes_noedid: standard timings up to a size, at 61 Hz at most. */
export function modesWithoutEdid(maxWidth: number, maxHeight: number): Mode[] {
  return DMT_MODES.filter((mode) =>
    mode.refresh <= 61 &&
    (maxWidth === 0 || maxHeight === 0 || (mode.hdisplay <= maxWidth && mode.vdisplay <= maxHeight))
  );
}

/** drm_set_preferred_mode: marks the modes of a size as preferred. */
export function preferMode(modes: readonly Mode[], width: number, height: number): Mode[] {
  return modes.map((mode) =>
    mode.hdisplay === width && mode.vdisplay === height
      ? mode.with({ type: mode.type | DRM_MODE_TYPE_PREFERRED })
      : mode
  );
}

/** drm_mode_sort: preferred ones first, then by area, rate and clock, greatest first. */
export function sortModes(modes: readonly Mode[]): Mode[] {
  const preferred = (mode: Mode): number => (mode.type & DRM_MODE_TYPE_PREFERRED) !== 0 ? 1 : 0;
  return [...modes].sort((a, b) =>
    preferred(b) - preferred(a) || b.hdisplay * b.vdisplay - a.hdisplay * a.vdisplay || b.refresh - a.refresh ||
    b.clock - a.clock
  );
}

/** drm_helper_probe_detect: asks the driver what is plugged in; a change is counted. */
export function detectConnector(connector: Connector, force: boolean): ConnectorStatus {
  const status = connector.hooks.detect?.(connector, force) ?? connector_status_connected;
  if (status !== connector.status) connector.epoch++;
  return status;
}

/** Fills in status and modes; whether the status changed. */
export function probeConnector(connector: Connector): boolean {
  const { hooks, kms, force } = connector;
  const before = connector.status;
  if (force === "unspecified") connector.status = detectConnector(connector, true);
  else {
    connector.status = force === "off" ? connector_status_disconnected : connector_status_connected;
    hooks.force?.(connector);
  }
  if (connector.status !== before) kms.polling.noticed();
  kms.polling.enable();
  if (connector.status === connector_status_disconnected) {
    connector.setEdid(undefined);
    connector.modes = [];
    return before !== connector.status;
  }
  connector.modes = sortModes(validModes(connector, foundModes(connector)));
  if (connector.modes.length === 0 && connector.connectorType === DRM_MODE_CONNECTOR_DisplayPort) {
    // Every such display can do this one.
    connector.modes = sortModes(validModes(connector, modesWithoutEdid(FAILSAFE_WIDTH, FAILSAFE_HEIGHT)));
  }
  return before !== connector.status;
}

// drm_helper_probe_get_modes: the driver's; with none, those of an EDID that overrides; with none, standard ones.
function foundModes(connector: Connector): readonly Mode[] {
  const { hooks, edidOverride, status } = connector;
  const own = hooks.getModes?.(connector) ?? connector.edidModes();
  if (own.length > 0) return own;
  if (status === connector_status_connected && edidOverride !== undefined) {
    connector.setEdid(edidOverride);
    const modes = connector.edidModes();
    if (modes.length > 0) return modes;
  }
  const standard = modesWithoutEdid(1024, 768);
  return connector.connectorType === DRM_MODE_CONNECTOR_DisplayPort
    ? preferMode(standard, FAILSAFE_WIDTH, FAILSAFE_HEIGHT)
    : standard;
}

function validModes(connector: Connector, modes: readonly Mode[]): readonly Mode[] {
  return modes.filter((mode, i) => usable(connector, mode) && modes.findIndex((m) => m.equals(mode)) === i);
}

function usable(connector: Connector, mode: Mode): boolean {
  const { kms, hooks, encoders } = connector;
  if (!mode.valid || mode.hdisplay > kms.maxWidth || mode.vdisplay > kms.maxHeight) return false;
  if (mode.interlaced && !hooks.interlaceAllowed) return false;
  if ((mode.flags & DRM_MODE_FLAG_DBLSCAN) !== 0 && !hooks.doublescanAllowed) return false;
  if ((mode.flags & DRM_MODE_FLAG_3D_MASK) !== 0 && !hooks.stereoAllowed) return false;
  if (kms.options.modeValid?.(mode) === false || hooks.modeValid?.(connector, mode) === false) return false;
  // One encoder, and one CRTC behind it, that can do the mode are enough.
  return encoders.some((encoder) =>
    encoder.hooks.modeValid?.(encoder, mode) !== false &&
    kms.crtcs.some((crtc) => encoder.accepts(crtc) && crtc.hooks.modeValid?.(crtc, mode) !== false)
  );
}
