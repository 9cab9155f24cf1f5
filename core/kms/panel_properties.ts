/**
 * Properties of panels, of how a connector's picture gets onto them, and of where monitors of virtual machines stand. A driver
 * attaches those that its hardware has. Mirrors drm_connector_attach_*_property and drm_connector_set_*_property
 * (drivers/gpu/drm/drm_connector.c).
 * @module
 */

import { DRM_MODE_PROP_IMMUTABLE, DRM_MODE_PROP_RANGE } from "../../uapi/mod.ts";
import type { Connector } from "./connector.ts";
import { enumProperty, namedBits } from "./optional_properties.ts";
import { Property } from "./property.ts";

const SCALING_MODES = ["None", "Full", "Center", "Full aspect"];
const PRIVACY = ["Disabled", "Enabled", "Disabled-locked", "Enabled-locked"];

/**
 * drm_connector_attach_scaling_mode_property: "scaling mode", in `state.scalingMode`.
 *
 * @param supported bits of DRM_MODE_SCALE_*. @throws {RangeError} for less than two of them, and for unknown ones.
 */
export function attachScalingModeProperty(connector: Connector, supported: number): void {
  const enums = namedBits(SCALING_MODES, supported);
  if (enums.length < 2 || (supported & ~15) !== 0) {
    throw new RangeError(`Cannot attach "scaling mode" to ${connector.name}: 0x${supported.toString(16)} is no choice`);
  }
  connector.properties.attach({
    property: connector.kms.optional.own(enumProperty("scaling mode", enums)),
    get: (s) => s.scalingMode,
    set: (s, value) => void (s.scalingMode = value),
  });
}

/** drm_connector_attach_vrr_capable_property: "vrr_capable", false at first. @returns what sets it. */
export function attachVrrCapableProperty(connector: Connector): (capable: boolean) => void {
  let value = 0;
  connector.properties.attach({
    property: connector.kms.optional.own(
      new Property("vrr_capable", DRM_MODE_PROP_RANGE | DRM_MODE_PROP_IMMUTABLE, [0, 1], []),
    ),
    get: () => value,
  });
  return (capable) => void (value = capable ? 1 : 0);
}

/**
 * drm_connector_set_panel_orientation: "panel orientation".
 *
 * @param orientation 0 normal, 1 upside down, 2 left side up, 3 right side up.
 * @throws {TypeError} if it is set already.
 */
export function attachPanelOrientationProperty(connector: Connector, orientation: 0 | 1 | 2 | 3): void {
  connector.properties.attach({ property: connector.kms.optional.panelOrientation, get: () => orientation });
}

/**
 * drm_mode_create_suggested_offset_properties, attached: "suggested X" and "suggested Y", where a monitor of a virtual machine
 * stands on the host's desktop, 0 at first.
 *
 * @returns what sets them, pixels.
 */
export function attachSuggestedOffsetProperties(connector: Connector): (x: number, y: number) => void {
  const { suggestedX, suggestedY } = connector.kms.optional;
  let x = 0, y = 0;
  connector.properties.attach({ property: suggestedX, get: () => x });
  connector.properties.attach({ property: suggestedY, get: () => y });
  return (newX, newY) => {
    x = newX >>> 0;
    y = newY >>> 0;
  };
}

/** What darkens a panel for who looks from the side (drm_privacy_screen). */
export interface PrivacyScreen {
  /** Asked for, 0 or 1, and in force: 0 disabled, 1 enabled, 2 disabled-locked, 3 enabled-locked. */
  getState(): { readonly sw: number; readonly hw: number };
  /** Asks for it. While locked, it is to come into force when unlocked. @param sw 0 or 1. */
  setState(sw: number): void;
}

/** What a driver does with an attached privacy screen. */
export interface PrivacyScreenLink {
  /** drm_connector_update_privacy_screen: in a commit, passes the committed `state.privacyScreen` on. */
  update(): void;
  /** The screen was switched behind the driver's back: states are read anew, user space is told by two uevents. */
  changed(): void;
}

/**
 * drm_connector_attach_privacy_screen_provider: "privacy-screen sw-state" (in `state.privacyScreen`) and "privacy-screen
 * hw-state", with the states that the screen has now.
 */
export function attachPrivacyScreenProperties(connector: Connector, screen: PrivacyScreen): PrivacyScreenLink {
  const { kms, properties } = connector;
  const sw = kms.optional.own(enumProperty("privacy-screen sw-state", namedBits(PRIVACY, 3)));
  const hw = kms.optional.own(
    enumProperty("privacy-screen hw-state", namedBits(PRIVACY, 15), DRM_MODE_PROP_IMMUTABLE),
  );
  let inForce = 0;
  const read = (withAsked: boolean): void => {
    const now = screen.getState();
    inForce = now.hw;
    if (withAsked) connector.state.privacyScreen = now.sw;
  };
  read(true);
  properties.attach({
    property: sw,
    get: (s) => s.privacyScreen,
    set: (s, value) => void (s.privacyScreen = value),
  });
  properties.attach({ property: hw, get: () => inForce });
  return {
    update: () => {
      screen.setState(connector.state.privacyScreen);
      read(false);
    },
    changed: () => {
      read(true);
      kms.propertyEvent(connector, sw);
      kms.propertyEvent(connector, hw);
    },
  };
}
