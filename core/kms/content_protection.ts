/**
 * "Content Protection" and "HDCP Content Type" of connectors. Mirrors drivers/gpu/drm/display/drm_hdcp_helper.c.
 * @module
 */

import { DRM_MODE_CONTENT_PROTECTION_ENABLED } from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";
import type { Connector } from "./connector.ts";

/**
 * drm_connector_attach_content_protection_property: in `state.contentProtection` and `state.hdcpContentType`. What is desired,
 * the driver sees in a commit; that it is enabled, it tells by {@linkcode updateContentProtection}.
 *
 * @param hdcpContentType whether it has HDCP 2.2's content types.
 */
export function attachContentProtectionProperty(connector: Connector, hdcpContentType: boolean): void {
  const { kms, properties } = connector;
  properties.attach({
    property: kms.optional.contentProtection,
    get: (s) => s.contentProtection,
    set: (s, value) => {
      if (value === DRM_MODE_CONTENT_PROTECTION_ENABLED) {
        throw new DrmError("EINVAL", "Cannot enable content protection: it can only be desired"); // J14
      }
      s.contentProtection = value;
    },
  });
  if (!hdcpContentType) return;
  properties.attach({
    property: kms.optional.hdcpContentType,
    get: (s) => s.hdcpContentType,
    set: (s, value) => void (s.hdcpContentType = value),
  });
}

/**
 * drm_hdcp_update_content_protection: what the driver found: desired became enabled, or the other way round. User space is told
 * by a uevent.
 *
 * @param value DRM_MODE_CONTENT_PROTECTION_*.
 */
export function updateContentProtection(connector: Connector, value: number): void {
  if (connector.state.contentProtection === value) return;
  connector.state.contentProtection = value;
  connector.kms.propertyEvent(connector, connector.kms.optional.contentProtection);
}
