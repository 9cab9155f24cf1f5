/**
 * The objects of mode setting: modes, CRTCs, encoders, the list of resources. Mirrors include/uapi/drm/drm_mode.h; connectors,
 * planes, framebuffers, properties, colour, atomic commits and leases have files of their own beside it.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { chars, s32, type Struct, struct, u16, u32, u64, type View } from "./struct.ts";

/** Bytes of a mode's name, NUL included. */
export const DRM_DISPLAY_MODE_LEN = 32;
/** obj_type of a CRTC. */
export const DRM_MODE_OBJECT_CRTC = 0xcccccccc;
/** obj_type of a connector. */
export const DRM_MODE_OBJECT_CONNECTOR = 0xc0c0c0c0;
/** obj_type of an encoder. */
export const DRM_MODE_OBJECT_ENCODER = 0xe0e0e0e0;
/** obj_type of a mode. */
export const DRM_MODE_OBJECT_MODE = 0xdededede;
/** obj_type of a property. */
export const DRM_MODE_OBJECT_PROPERTY = 0xb0b0b0b0;
/** obj_type of a framebuffer. */
export const DRM_MODE_OBJECT_FB = 0xfbfbfbfb;
/** obj_type of a blob. */
export const DRM_MODE_OBJECT_BLOB = 0xbbbbbbbb;
/** obj_type of a plane. */
export const DRM_MODE_OBJECT_PLANE = 0xeeeeeeee;
/** obj_type of a step of a colour pipeline. */
export const DRM_MODE_OBJECT_COLOROP = 0xfafafafa;
/** obj_type of an object of any kind. */
export const DRM_MODE_OBJECT_ANY = 0;

/** A display timing. Horizontal and vertical members count pixels and lines from the start of the active area. */
export interface drm_mode_modeinfo {
  /** pixel clock, kHz */
  clock: number;
  /** active width, pixels */
  hdisplay: number;
  /** start of horizontal sync, pixels */
  hsync_start: number;
  /** end of horizontal sync, pixels */
  hsync_end: number;
  /** whole line, pixels */
  htotal: number;
  /** horizontal skew, pixels */
  hskew: number;
  /** active height, lines */
  vdisplay: number;
  /** start of vertical sync, lines */
  vsync_start: number;
  /** end of vertical sync, lines */
  vsync_end: number;
  /** whole frame, lines */
  vtotal: number;
  /** scans a line, 0 and 1 mean one */
  vscan: number;
  /** frames a second, rounded; the kernel computes it from the timing */
  vrefresh: number;
  /** DRM_MODE_FLAG_* */
  flags: number;
  /** DRM_MODE_TYPE_* */
  type: number;
  /** for people, such as `1920x1080` */
  name: string;
}
/** Layout of `struct drm_mode_modeinfo`: 68 bytes. */
export const drm_mode_modeinfo: Struct<drm_mode_modeinfo> = struct<drm_mode_modeinfo>("drm_mode_modeinfo", {
  clock: u32,
  hdisplay: u16,
  hsync_start: u16,
  hsync_end: u16,
  htotal: u16,
  hskew: u16,
  vdisplay: u16,
  vsync_start: u16,
  vsync_end: u16,
  vtotal: u16,
  vscan: u16,
  vrefresh: u32,
  flags: u32,
  type: u32,
  name: chars(32),
}, { size: 68 });

/**
 * Argument of {@linkcode DRM_IOCTL_MODE_GETRESOURCES}. Each count is in: room, and out: how many there are; ids are
 * copied when all fit.
 */
export interface drm_mode_card_res {
  /** in; user address for u32 ids of the caller's framebuffers */
  fb_id_ptr: bigint;
  /** in; user address for u32 CRTC ids */
  crtc_id_ptr: bigint;
  /** in; user address for u32 connector ids */
  connector_id_ptr: bigint;
  /** in; user address for u32 encoder ids */
  encoder_id_ptr: bigint;
  /** in and out; framebuffers */
  count_fbs: number;
  /** in and out; CRTCs */
  count_crtcs: number;
  /** in and out; connectors */
  count_connectors: number;
  /** in and out; encoders */
  count_encoders: number;
  /** out; least framebuffer width, pixels */
  min_width: number;
  /** out; greatest framebuffer width, pixels */
  max_width: number;
  /** out; least framebuffer height, lines */
  min_height: number;
  /** out; greatest framebuffer height, lines */
  max_height: number;
}
/** Layout of `struct drm_mode_card_res`: 64 bytes. */
export const drm_mode_card_res: Struct<drm_mode_card_res> = struct<drm_mode_card_res>("drm_mode_card_res", {
  fb_id_ptr: u64,
  crtc_id_ptr: u64,
  connector_id_ptr: u64,
  encoder_id_ptr: u64,
  count_fbs: u32,
  count_crtcs: u32,
  count_connectors: u32,
  count_encoders: u32,
  min_width: u32,
  max_width: u32,
  min_height: u32,
  max_height: u32,
}, { size: 64 });

/** Lists CRTCs, connectors, encoders and the caller's framebuffers. */
export const DRM_IOCTL_MODE_GETRESOURCES: Ioctl<drm_mode_card_res> = IOWR("d", 0xa0, drm_mode_card_res);

/** Argument of {@linkcode DRM_IOCTL_MODE_GETCRTC} and {@linkcode DRM_IOCTL_MODE_SETCRTC}. */
export interface drm_mode_crtc {
  /** SETCRTC: in; user address of u32 connector ids */
  set_connectors_ptr: bigint;
  /** SETCRTC: in; connectors */
  count_connectors: number;
  /** in; CRTC object id */
  crtc_id: number;
  /** framebuffer id; SETCRTC takes 0xffffffff for the present one */
  fb_id: number;
  /** left edge of the view into the framebuffer, pixels */
  x: number;
  /** top edge of the view into the framebuffer, lines */
  y: number;
  /** out; entries of the gamma table */
  gamma_size: number;
  /** 1 if `mode` counts, 0 to switch off */
  mode_valid: number;
  /** the timing */
  mode: View<drm_mode_modeinfo>;
}
/** Layout of `struct drm_mode_crtc`: 104 bytes. */
export const drm_mode_crtc: Struct<drm_mode_crtc> = struct<drm_mode_crtc>("drm_mode_crtc", {
  set_connectors_ptr: u64,
  count_connectors: u32,
  crtc_id: u32,
  fb_id: u32,
  x: u32,
  y: u32,
  gamma_size: u32,
  mode_valid: u32,
  mode: drm_mode_modeinfo.field(),
}, { size: 104 });

/** Reads a CRTC's state. */
export const DRM_IOCTL_MODE_GETCRTC: Ioctl<drm_mode_crtc> = IOWR("d", 0xa1, drm_mode_crtc);

/** Sets a CRTC's mode, framebuffer and connectors. */
export const DRM_IOCTL_MODE_SETCRTC: Ioctl<drm_mode_crtc> = IOWR("d", 0xa2, drm_mode_crtc);

/** encoder_type: none. */
export const DRM_MODE_ENCODER_NONE = 0;
/** encoder_type: analogue, VGA or DVI-A. */
export const DRM_MODE_ENCODER_DAC = 1;
/** encoder_type: DVI, HDMI or DisplayPort. */
export const DRM_MODE_ENCODER_TMDS = 2;
/** encoder_type: panel over LVDS. */
export const DRM_MODE_ENCODER_LVDS = 3;
/** encoder_type: television. */
export const DRM_MODE_ENCODER_TVDAC = 4;
/** encoder_type: display of a virtual machine. */
export const DRM_MODE_ENCODER_VIRTUAL = 5;
/** encoder_type: panel over MIPI DSI. */
export const DRM_MODE_ENCODER_DSI = 6;
/** encoder_type: DisplayPort multi-stream. */
export const DRM_MODE_ENCODER_DPMST = 7;
/** encoder_type: panel over a parallel bus. */
export const DRM_MODE_ENCODER_DPI = 8;

/** Argument of {@linkcode DRM_IOCTL_MODE_GETENCODER}. */
export interface drm_mode_get_encoder {
  /** in; encoder object id */
  encoder_id: number;
  /** out; DRM_MODE_ENCODER_* */
  encoder_type: number;
  /** out; CRTC that feeds it, or 0 */
  crtc_id: number;
  /** out; bit for each CRTC index that can feed it */
  possible_crtcs: number;
  /** out; bit for each encoder index that can show the same */
  possible_clones: number;
}
/** Layout of `struct drm_mode_get_encoder`: 20 bytes. */
export const drm_mode_get_encoder: Struct<drm_mode_get_encoder> = struct<drm_mode_get_encoder>("drm_mode_get_encoder", {
  encoder_id: u32,
  encoder_type: u32,
  crtc_id: u32,
  possible_crtcs: u32,
  possible_clones: u32,
}, { size: 20 });

/** Reads an encoder. */
export const DRM_IOCTL_MODE_GETENCODER: Ioctl<drm_mode_get_encoder> = IOWR("d", 0xa6, drm_mode_get_encoder);

/** Argument of {@linkcode DRM_IOCTL_MODE_ATTACHMODE} and {@linkcode DRM_IOCTL_MODE_DETACHMODE}. */
export interface drm_mode_mode_cmd {
  /** ignored */
  connector_id: number;
  /** ignored */
  mode: View<drm_mode_modeinfo>;
}
/** Layout of `struct drm_mode_mode_cmd`: 72 bytes. */
export const drm_mode_mode_cmd: Struct<drm_mode_mode_cmd> = struct<drm_mode_mode_cmd>("drm_mode_mode_cmd", {
  connector_id: u32,
  mode: drm_mode_modeinfo.field(),
}, { size: 72 });

/** Does nothing. */
export const DRM_IOCTL_MODE_ATTACHMODE: Ioctl<drm_mode_mode_cmd> = IOWR("d", 0xa8, drm_mode_mode_cmd);

/** Does nothing. */
export const DRM_IOCTL_MODE_DETACHMODE: Ioctl<drm_mode_mode_cmd> = IOWR("d", 0xa9, drm_mode_mode_cmd);

/** A rectangle, as the FB_DAMAGE_CLIPS property holds them. */
export interface drm_mode_rect {
  /** left, pixels */
  x1: number;
  /** top, lines */
  y1: number;
  /** right, exclusive, pixels */
  x2: number;
  /** bottom, exclusive, lines */
  y2: number;
}
/** Layout of `struct drm_mode_rect`: 16 bytes. */
export const drm_mode_rect: Struct<drm_mode_rect> = struct<drm_mode_rect>("drm_mode_rect", {
  x1: s32,
  y1: s32,
  x2: s32,
  y2: s32,
}, { size: 16 });
