/**
 * Connectors: sockets for displays, their types and modes. Mirrors the connector part of include/uapi/drm/drm_mode.h; connection
 * and subpixel values are those of include/drm/drm_connector.h, which user space relies on too.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { type Struct, struct, u32, u64 } from "./struct.ts";

/** Bytes of a connector's name; no struct has it. */
export const DRM_CONNECTOR_NAME_LEN = 32;

/** connector_type: unknown. */
export const DRM_MODE_CONNECTOR_Unknown = 0;
/** connector_type: VGA. */
export const DRM_MODE_CONNECTOR_VGA = 1;
/** connector_type: DVI-I. */
export const DRM_MODE_CONNECTOR_DVII = 2;
/** connector_type: DVI-D. */
export const DRM_MODE_CONNECTOR_DVID = 3;
/** connector_type: DVI-A. */
export const DRM_MODE_CONNECTOR_DVIA = 4;
/** connector_type: composite video. */
export const DRM_MODE_CONNECTOR_Composite = 5;
/** connector_type: S-Video. */
export const DRM_MODE_CONNECTOR_SVIDEO = 6;
/** connector_type: panel over LVDS. */
export const DRM_MODE_CONNECTOR_LVDS = 7;
/** connector_type: component video. */
export const DRM_MODE_CONNECTOR_Component = 8;
/** connector_type: 9-pin DIN. */
export const DRM_MODE_CONNECTOR_9PinDIN = 9;
/** connector_type: DisplayPort. */
export const DRM_MODE_CONNECTOR_DisplayPort = 10;
/** connector_type: HDMI type A. */
export const DRM_MODE_CONNECTOR_HDMIA = 11;
/** connector_type: HDMI type B. */
export const DRM_MODE_CONNECTOR_HDMIB = 12;
/** connector_type: television. */
export const DRM_MODE_CONNECTOR_TV = 13;
/** connector_type: panel over DisplayPort. */
export const DRM_MODE_CONNECTOR_eDP = 14;
/** connector_type: display of a virtual machine. */
export const DRM_MODE_CONNECTOR_VIRTUAL = 15;
/** connector_type: panel over MIPI DSI. */
export const DRM_MODE_CONNECTOR_DSI = 16;
/** connector_type: panel over a parallel bus. */
export const DRM_MODE_CONNECTOR_DPI = 17;
/** connector_type: composition written to memory. */
export const DRM_MODE_CONNECTOR_WRITEBACK = 18;
/** connector_type: panel over SPI. */
export const DRM_MODE_CONNECTOR_SPI = 19;
/** connector_type: display over USB. */
export const DRM_MODE_CONNECTOR_USB = 20;

/** connection: a display is there. */
export const connector_status_connected = 1;
/** connection: no display is there. */
export const connector_status_disconnected = 2;
/** connection: the driver cannot tell. */
export const connector_status_unknown = 3;

/** subpixel: not known. */
export const SubPixelUnknown = 0;
/** subpixel: red, green, blue from the left. */
export const SubPixelHorizontalRGB = 1;
/** subpixel: blue, green, red from the left. */
export const SubPixelHorizontalBGR = 2;
/** subpixel: red, green, blue from the top. */
export const SubPixelVerticalRGB = 3;
/** subpixel: blue, green, red from the top. */
export const SubPixelVerticalBGR = 4;
/** subpixel: no geometry. */
export const SubPixelNone = 5;

/**
 * Argument of {@linkcode DRM_IOCTL_MODE_GETCONNECTOR}. Each count is in: room, and out: how many there are; arrays are
 * copied when all fit. A master that asks with count_modes 0 has the display probed again.
 */
export interface drm_mode_get_connector {
  /** in; user address for u32 encoder ids */
  encoders_ptr: bigint;
  /** in; user address for drm_mode_modeinfo */
  modes_ptr: bigint;
  /** in; user address for u32 property ids */
  props_ptr: bigint;
  /** in; user address for u64 property values */
  prop_values_ptr: bigint;
  /** in and out; modes */
  count_modes: number;
  /** in and out; properties */
  count_props: number;
  /** in and out; encoders */
  count_encoders: number;
  /** out; encoder in use, or 0 */
  encoder_id: number;
  /** in; connector object id */
  connector_id: number;
  /** out; DRM_MODE_CONNECTOR_* */
  connector_type: number;
  /** out; which one of its type, from 1 */
  connector_type_id: number;
  /** out; connector_status_* */
  connection: number;
  /** out; width of the display, mm */
  mm_width: number;
  /** out; height of the display, mm */
  mm_height: number;
  /** out; SubPixel* */
  subpixel: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct drm_mode_get_connector`: 80 bytes. */
export const drm_mode_get_connector: Struct<drm_mode_get_connector> = struct<drm_mode_get_connector>(
  "drm_mode_get_connector",
  {
    encoders_ptr: u64,
    modes_ptr: u64,
    props_ptr: u64,
    prop_values_ptr: u64,
    count_modes: u32,
    count_props: u32,
    count_encoders: u32,
    encoder_id: u32,
    connector_id: u32,
    connector_type: u32,
    connector_type_id: u32,
    connection: u32,
    mm_width: u32,
    mm_height: u32,
    subpixel: u32,
    pad: u32,
  },
  { size: 80 },
);

/** Reads a connector, its modes and properties. */
export const DRM_IOCTL_MODE_GETCONNECTOR: Ioctl<drm_mode_get_connector> = IOWR("d", 0xa7, drm_mode_get_connector);

/** subconnector property: chosen by the hardware. */
export const DRM_MODE_SUBCONNECTOR_Automatic = 0;
/** subconnector property: not known. */
export const DRM_MODE_SUBCONNECTOR_Unknown = 0;
/** subconnector property: VGA. */
export const DRM_MODE_SUBCONNECTOR_VGA = 1;
/** subconnector property: DVI-D. */
export const DRM_MODE_SUBCONNECTOR_DVID = 3;
/** subconnector property: DVI-A. */
export const DRM_MODE_SUBCONNECTOR_DVIA = 4;
/** subconnector property: composite video. */
export const DRM_MODE_SUBCONNECTOR_Composite = 5;
/** subconnector property: S-Video. */
export const DRM_MODE_SUBCONNECTOR_SVIDEO = 6;
/** subconnector property: component video. */
export const DRM_MODE_SUBCONNECTOR_Component = 8;
/** subconnector property: SCART. */
export const DRM_MODE_SUBCONNECTOR_SCART = 9;
/** subconnector property: DisplayPort. */
export const DRM_MODE_SUBCONNECTOR_DisplayPort = 10;
/** subconnector property: HDMI. */
export const DRM_MODE_SUBCONNECTOR_HDMIA = 11;
/** subconnector property: the connector's own kind. */
export const DRM_MODE_SUBCONNECTOR_Native = 15;
/** subconnector property: wireless. */
export const DRM_MODE_SUBCONNECTOR_Wireless = 18;

/** DPMS property: on. */
export const DRM_MODE_DPMS_ON = 0;
/** DPMS property: standby. */
export const DRM_MODE_DPMS_STANDBY = 1;
/** DPMS property: suspended. */
export const DRM_MODE_DPMS_SUSPEND = 2;
/** DPMS property: off. */
export const DRM_MODE_DPMS_OFF = 3;

/** scaling mode property: the image as it is. */
export const DRM_MODE_SCALE_NONE = 0;
/** scaling mode property: stretched over the display. */
export const DRM_MODE_SCALE_FULLSCREEN = 1;
/** scaling mode property: centered, not scaled. */
export const DRM_MODE_SCALE_CENTER = 2;
/** scaling mode property: scaled with its aspect ratio. */
export const DRM_MODE_SCALE_ASPECT = 3;

/** dithering property: off. */
export const DRM_MODE_DITHERING_OFF = 0;
/** dithering property: on. */
export const DRM_MODE_DITHERING_ON = 1;
/** dithering property: as the driver thinks best. */
export const DRM_MODE_DITHERING_AUTO = 2;

/** content type property: not said. */
export const DRM_MODE_CONTENT_TYPE_NO_DATA = 0;
/** content type property: graphics. */
export const DRM_MODE_CONTENT_TYPE_GRAPHICS = 1;
/** content type property: photos. */
export const DRM_MODE_CONTENT_TYPE_PHOTO = 2;
/** content type property: cinema. */
export const DRM_MODE_CONTENT_TYPE_CINEMA = 3;
/** content type property: games. */
export const DRM_MODE_CONTENT_TYPE_GAME = 4;

/** link-status property: fine. */
export const DRM_MODE_LINK_STATUS_GOOD = 0;
/** link-status property: training failed; user space sets a mode again. */
export const DRM_MODE_LINK_STATUS_BAD = 1;

/** Content Protection property: not wanted. */
export const DRM_MODE_CONTENT_PROTECTION_UNDESIRED = 0;
/** Content Protection property: asked for. */
export const DRM_MODE_CONTENT_PROTECTION_DESIRED = 1;
/** Content Protection property: in force; set by the kernel only. */
export const DRM_MODE_CONTENT_PROTECTION_ENABLED = 2;
