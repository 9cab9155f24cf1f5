/**
 * Names of connector types. Mirrors drm_connector_enum_list (drivers/gpu/drm/drm_connector.c).
 * @module
 */

// In the order of DRM_MODE_CONNECTOR_*, from Unknown (0) to USB (20).
const NAMES = [
  "Unknown",
  "VGA",
  "DVI-I",
  "DVI-D",
  "DVI-A",
  "Composite",
  "SVIDEO",
  "LVDS",
  "Component",
  "DIN",
  "DP",
  "HDMI-A",
  "HDMI-B",
  "TV",
  "eDP",
  "Virtual",
  "DSI",
  "DPI",
  "Writeback",
  "SPI",
  "USB",
];

/** drm_get_connector_type_name: "HDMI-A" and the like; "Unknown" for types that the kernel does not know. */
export function connectorTypeName(type: number): string {
  return NAMES[type] ?? NAMES[0];
}
