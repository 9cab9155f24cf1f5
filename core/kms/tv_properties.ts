/**
 * Properties of analog television, of connectors that can be one of several (DVI-I, DisplayPort with an adapter), and margins.
 * A driver attaches those that its hardware has; values are in `ConnectorState.tv`. Mirrors drm_mode_create_tv_properties,
 * drm_mode_create_dvi_i_properties and drm_connector_attach_dp_subconnector_property (drivers/gpu/drm/drm_connector.c).
 * @module
 */

import {
  DRM_MODE_PROP_IMMUTABLE,
  DRM_MODE_SUBCONNECTOR_Automatic,
  DRM_MODE_SUBCONNECTOR_Component,
  DRM_MODE_SUBCONNECTOR_Composite,
  DRM_MODE_SUBCONNECTOR_DisplayPort,
  DRM_MODE_SUBCONNECTOR_DVIA,
  DRM_MODE_SUBCONNECTOR_DVID,
  DRM_MODE_SUBCONNECTOR_HDMIA,
  DRM_MODE_SUBCONNECTOR_Native,
  DRM_MODE_SUBCONNECTOR_SCART,
  DRM_MODE_SUBCONNECTOR_SVIDEO,
  DRM_MODE_SUBCONNECTOR_Unknown,
  DRM_MODE_SUBCONNECTOR_VGA,
  DRM_MODE_SUBCONNECTOR_Wireless,
} from "../../uapi/mod.ts";
import type { Connector } from "./connector.ts";
import type { ConnectorState, TvState } from "./connector_state.ts";
import { namedBits } from "./optional_properties.ts";
import type { Property, PropertyEnum } from "./property.ts";

// DRM_MODE_TV_MODE_*, from 0.
const TV_MODES = ["NTSC", "NTSC-443", "NTSC-J", "PAL", "PAL-M", "PAL-N", "SECAM", "Mono"];
const PERCENT = 100;

const DVI_I: readonly PropertyEnum[] = [
  { value: DRM_MODE_SUBCONNECTOR_DVID, name: "DVI-D" },
  { value: DRM_MODE_SUBCONNECTOR_DVIA, name: "DVI-A" },
];
const TV: readonly PropertyEnum[] = [
  { value: DRM_MODE_SUBCONNECTOR_Composite, name: "Composite" },
  { value: DRM_MODE_SUBCONNECTOR_SVIDEO, name: "SVIDEO" },
  { value: DRM_MODE_SUBCONNECTOR_Component, name: "Component" },
  { value: DRM_MODE_SUBCONNECTOR_SCART, name: "SCART" },
];
const DISPLAY_PORT: readonly PropertyEnum[] = [
  { value: DRM_MODE_SUBCONNECTOR_VGA, name: "VGA" },
  { value: DRM_MODE_SUBCONNECTOR_DVID, name: "DVI-D" },
  { value: DRM_MODE_SUBCONNECTOR_HDMIA, name: "HDMI" },
  { value: DRM_MODE_SUBCONNECTOR_DisplayPort, name: "DP" },
  { value: DRM_MODE_SUBCONNECTOR_Wireless, name: "Wireless" },
  { value: DRM_MODE_SUBCONNECTOR_Native, name: "Native" },
];
const AUTOMATIC: PropertyEnum = { value: DRM_MODE_SUBCONNECTOR_Automatic, name: "Automatic" };
const UNKNOWN: PropertyEnum = { value: DRM_MODE_SUBCONNECTOR_Unknown, name: "Unknown" };

/** Sets "subconnector". @param value DRM_MODE_SUBCONNECTOR_*. @throws {RangeError} for one that the property has not. */
export type SetSubconnector = (value: number) => void;

function attachTv(connector: Connector, property: Property, member: keyof TvState): void {
  connector.properties.attach({
    property,
    get: (s: ConnectorState) => s.tv[member],
    set: (s: ConnectorState, value: number) => void (s.tv[member] = value),
  });
}

function attachSubconnector(connector: Connector, key: string, enums: readonly PropertyEnum[]): SetSubconnector {
  const property = connector.kms.optional.named("subconnector", [UNKNOWN, ...enums], DRM_MODE_PROP_IMMUTABLE, key);
  let current: number = DRM_MODE_SUBCONNECTOR_Unknown;
  connector.properties.attach({ property, get: () => current });
  return (value) => {
    if (!property.enums.some((item) => item.value === value)) {
      throw new RangeError(`Cannot set subconnector of ${connector.name} to ${value}`);
    }
    current = value;
  };
}

/** drm_mode_create_dvi_i_properties, attached: "select subconnector" and "subconnector", unknown at first. */
export function attachDviIProperties(connector: Connector): SetSubconnector {
  const { optional } = connector.kms;
  attachTv(
    connector,
    optional.named("select subconnector", [AUTOMATIC, ...DVI_I], 0, "DVI-I select"),
    "selectSubconnector",
  );
  return attachSubconnector(connector, "DVI-I subconnector", DVI_I);
}

/** drm_connector_attach_dp_subconnector_property: "subconnector", unknown at first. */
export function attachDpSubconnectorProperty(connector: Connector): SetSubconnector {
  return attachSubconnector(connector, "DP subconnector", DISPLAY_PORT);
}

/** drm_connector_attach_tv_margin_properties: "left margin" and the like, 0 to 100. */
export function attachTvMarginProperties(connector: Connector): void {
  const { optional } = connector.kms;
  for (const side of ["left", "right", "top", "bottom"] as const) {
    attachTv(connector, optional.range(`${side} margin`, PERCENT), side);
  }
}

/** What a television connector has. */
export interface TvOptions {
  /** Bits of DRM_MODE_TV_MODE_*: makes "TV mode", set to the lowest of them. Devices have one such choice for all connectors. */
  readonly modes?: number;
  /** Names of the driver's own, for "mode", the property from before "TV mode". */
  readonly legacyModes?: readonly string[];
}

/**
 * drm_mode_create_tv_properties, and all of them attached: "TV mode" or "mode", "select subconnector", "subconnector", margins,
 * and the controls in percent.
 *
 * @returns what sets "subconnector".
 * @throws {RangeError} for modes that are unknown.
 */
export function attachTvProperties(connector: Connector, options: TvOptions = {}): SetSubconnector {
  const { optional } = connector.kms;
  const { modes, legacyModes } = options;
  if (modes !== undefined) {
    const enums = namedBits(TV_MODES, modes);
    if (enums.length === 0 || (modes & ~0xff) !== 0) {
      throw new RangeError(`Cannot attach "TV mode" to ${connector.name}: 0x${modes.toString(16)} are no modes`);
    }
    const property = optional.named("TV mode", enums);
    attachTv(connector, property, "mode");
    connector.state.tv.mode = property.enums[0].value;
  }
  attachTv(connector, optional.named("select subconnector", [AUTOMATIC, ...TV], 0, "TV select"), "selectSubconnector");
  const setSubconnector = attachSubconnector(connector, "TV subconnector", TV);
  attachTvMarginProperties(connector);
  if (legacyModes !== undefined && legacyModes.length > 0) {
    attachTv(connector, optional.named("mode", legacyModes.map((name, value) => ({ value, name }))), "legacyMode");
  }
  attachTv(connector, optional.range("brightness", PERCENT), "brightness");
  attachTv(connector, optional.range("contrast", PERCENT), "contrast");
  attachTv(connector, optional.range("flicker reduction", PERCENT), "flickerReduction");
  attachTv(connector, optional.range("overscan", PERCENT), "overscan");
  attachTv(connector, optional.range("saturation", PERCENT), "saturation");
  attachTv(connector, optional.range("hue", PERCENT), "hue");
  return setSubconnector;
}

/**
 * drm_atomic_helper_connector_tv_check, for a driver's `atomicCheck`: another television standard is a mode set, other margins
 * and controls are a change of connectors.
 */
export function checkTv(connector: Connector, draft: Parameters<Connector["touch"]>[0], state: ConnectorState): void {
  if (state.crtc === undefined) return;
  const { tv } = connector.state;
  const crtcState = draft.crtc(state.crtc);
  if (state.tv.mode !== tv.mode) crtcState.modeChanged = true;
  for (const member of CHECKED) if (state.tv[member] !== tv[member]) crtcState.connectorsChanged = true;
}

const CHECKED = [
  "left",
  "right",
  "top",
  "bottom",
  "mode",
  "brightness",
  "contrast",
  "flickerReduction",
  "overscan",
  "saturation",
  "hue",
] as const;
