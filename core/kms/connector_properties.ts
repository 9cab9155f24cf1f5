/**
 * The properties of connectors. Mirrors drm_atomic_connector_set_property and drm_atomic_connector_get_property
 * (drm_atomic_uapi.c), and drm_connector_init.
 * @module
 */

import { DRM_MODE_CONNECTOR_VIRTUAL, DRM_MODE_CONNECTOR_WRITEBACK, DRM_MODE_LINK_STATUS_GOOD } from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import type { Connector } from "./connector.ts";
import type { ConnectorState } from "./connector_state.ts";
import { findCrtc } from "./find.ts";
import type { Property } from "./property.ts";

/** Attaches all properties of a connector. */
export function attachConnectorProperties(connector: Connector): void {
  const { kms, properties, hooks, connectorType } = connector;
  const props = kms.props;
  const physical = connectorType !== DRM_MODE_CONNECTOR_VIRTUAL && connectorType !== DRM_MODE_CONNECTOR_WRITEBACK;
  if (physical && hooks.edid !== false) attachEdid(connector);
  properties.attach({
    property: props.dpms,
    get: () => connector.dpms,
    set: () => {
      throw new DrmError("EINVAL", "Cannot set DPMS atomically: set ACTIVE of the CRTC"); // J14
    },
  });
  properties.attach({
    property: props.linkStatus,
    get: (s) => s.linkStatus,
    set: (s, value) => {
      // A client that restores what it saw earlier must not break a link that works (J14).
      if (s.linkStatus !== DRM_MODE_LINK_STATUS_GOOD) s.linkStatus = value;
    },
  });
  properties.attach({ property: props.nonDesktop, get: () => connector.nonDesktop ? 1 : 0 });
  properties.attach({ property: props.tile, get: () => connector.blobs.tile?.id ?? 0 });
  if (kms.device.has("ATOMIC")) {
    properties.attach({
      property: props.crtcId,
      get: (s) => s.crtc?.id ?? 0,
      set: (s, value, draft) => draft.setConnectorCrtc(s.connector, findCrtc(kms, draft, value)),
    });
  }
  // drm_connector_attach_edid_property, by a driver that has EDIDs where others have none.
  if (!physical && hooks.edid === true) attachEdid(connector);
}

function attachEdid(connector: Connector): void {
  connector.properties.attach({ property: connector.kms.props.edid, get: () => connector.blobs.edid?.id ?? 0 });
}

/** A property of the driver's own on a connector: its value stands in `state.values` at the place that is returned. */
export function addConnectorProperty(connector: Connector, property: Property, initial: number): number {
  const place = connector.state.values.push(initial) - 1;
  connector.properties.attach({
    property,
    get: (s: ConnectorState) => s.values[place],
    set: property.immutable ? undefined : (s: ConnectorState, value: number) => void (s.values[place] = value),
  });
  return place;
}
