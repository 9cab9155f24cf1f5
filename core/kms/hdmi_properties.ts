/**
 * Properties of connectors that lead to HDMI and DisplayPort monitors: what is told to the monitor of the picture. A driver
 * attaches those that its hardware has; their values are in the `ConnectorState`. Mirrors drm_connector_attach_*_property
 * (drivers/gpu/drm/drm_connector.c).
 * @module
 */

import { DRM_MODE_PROP_RANGE, hdr_output_metadata } from "../../uapi/mod.ts";
import type { Connector } from "./connector.ts";
import { findBlob } from "./find.ts";
import { enumProperty, namedBits } from "./optional_properties.ts";
import { Property } from "./property.ts";

// DRM_MODE_COLORIMETRY_*, from 0.
const COLORSPACES = [
  "Default",
  "SMPTE_170M_YCC",
  "BT709_YCC",
  "XVYCC_601",
  "XVYCC_709",
  "SYCC_601",
  "opYCC_601",
  "opRGB",
  "BT2020_CYCC",
  "BT2020_RGB",
  "BT2020_YCC",
  "DCI-P3_RGB_D65",
  "DCI-P3_RGB_Theater",
  "RGB_WIDE_FIXED",
  "RGB_WIDE_FLOAT",
  "BT601_YCC",
];
const maskOf = (...names: string[]): number => names.reduce((mask, name) => mask | (1 << COLORSPACES.indexOf(name)), 0);
const COMMON = maskOf(
  "BT709_YCC",
  "XVYCC_601",
  "XVYCC_709",
  "SYCC_601",
  "opYCC_601",
  "opRGB",
  "BT2020_CYCC",
  "BT2020_RGB",
  "BT2020_YCC",
  "DCI-P3_RGB_D65",
);
const HDMI = COMMON | maskOf("SMPTE_170M_YCC", "DCI-P3_RGB_Theater");
const DP = COMMON | maskOf("RGB_WIDE_FIXED", "RGB_WIDE_FLOAT", "BT601_YCC");
const BROADCAST_RGB = ["Automatic", "Full", "Limited 16:235"];

/** DRM_MODE_COLORIMETRY_* by the name that "Colorspace" gives it, for masks of what is supported. */
export const COLORIMETRY: ReadonlyMap<string, number> = new Map(COLORSPACES.map((name, value) => [name, value]));

/** drm_connector_attach_content_type_property: "content type", in `state.contentType`. */
export function attachContentTypeProperty(connector: Connector): void {
  connector.properties.attach({
    property: connector.kms.optional.contentType,
    get: (s) => s.contentType,
    set: (s, value) => void (s.contentType = value),
  });
}

/** drm_mode_create_aspect_ratio_property, attached: "aspect ratio", in `state.pictureAspectRatio`. */
export function attachAspectRatioProperty(connector: Connector): void {
  connector.properties.attach({
    property: connector.kms.optional.aspectRatio,
    get: (s) => s.pictureAspectRatio,
    set: (s, value) => void (s.pictureAspectRatio = value),
  });
}

/**
 * drm_connector_attach_max_bpc_property: "max bpc", in `state.maxRequestedBpc`; the check computes `state.maxBpc`, and a change
 * is a mode set.
 *
 * @param min bits a component. @param max bits a component; the value at first.
 */
export function attachMaxBpcProperty(connector: Connector, min: number, max: number): void {
  const { kms, properties, state } = connector;
  properties.attach({
    property: kms.optional.own(new Property("max bpc", DRM_MODE_PROP_RANGE, [min, max], [])),
    get: (s) => s.maxRequestedBpc,
    set: (s, value) => void (s.maxRequestedBpc = value),
  });
  state.maxRequestedBpc = state.maxBpc = max;
}

/** drm_connector_attach_hdr_output_metadata_property: HDR_OUTPUT_METADATA, a struct hdr_output_metadata. */
export function attachHdrOutputMetadataProperty(connector: Connector): void {
  const { kms, properties } = connector;
  properties.attach({
    property: kms.props.hdrOutputMetadata,
    get: (s) => s.hdrOutputMetadata?.id ?? 0,
    set: (s, value) => s.setHdrOutputMetadata(findBlob(kms, value, hdr_output_metadata.size, 0)),
  });
}

function attachColorspace(connector: Connector, mask: number): void {
  if (mask === 0) throw new RangeError(`Cannot attach Colorspace to ${connector.name}: none of it is supported`);
  connector.properties.attach({
    property: connector.kms.optional.own(enumProperty("Colorspace", namedBits(COLORSPACES, mask | 1))),
    get: (s) => s.colorspace,
    set: (s, value) => void (s.colorspace = value),
  });
}

/**
 * drm_mode_create_hdmi_colorspace_property, attached: "Colorspace" with what HDMI has, in `state.colorspace`.
 *
 * @param supported bits of DRM_MODE_COLORIMETRY_*; 0: all that HDMI has. @throws {RangeError} if that leaves none.
 */
export function attachHdmiColorspaceProperty(connector: Connector, supported = 0): void {
  attachColorspace(connector, supported === 0 ? HDMI : supported & HDMI);
}

/** drm_mode_create_dp_colorspace_property, attached: as for HDMI, with what DisplayPort has. @throws {RangeError} */
export function attachDpColorspaceProperty(connector: Connector, supported = 0): void {
  attachColorspace(connector, supported === 0 ? DP : supported & DP);
}

/** drm_connector_attach_broadcast_rgb_property: "Broadcast RGB", in `state.broadcastRgb`. */
export function attachBroadcastRgbProperty(connector: Connector): void {
  connector.properties.attach({
    property: connector.kms.optional.own(enumProperty("Broadcast RGB", namedBits(BROADCAST_RGB, 7))),
    get: (s) => s.broadcastRgb,
    set: (s, value) => void (s.broadcastRgb = value),
  });
}

/** drm_connector_atomic_hdr_metadata_equal: whether two states tell the monitor the same, for a driver's `atomicCheck`. */
export function hdrMetadataEqual(a: Connector["state"], b: Connector["state"]): boolean {
  const one = a.hdrOutputMetadata?.data, other = b.hdrOutputMetadata?.data;
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
