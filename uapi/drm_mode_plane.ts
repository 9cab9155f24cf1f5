/**
 * Planes, cursors and legacy page flips: what a CRTC composes and when it changes. Mirrors the plane part of
 * include/uapi/drm/drm_mode.h; plane types are those of include/drm/drm_plane.h, which user space relies on too.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { s32, type Struct, struct, u16, u32, u64 } from "./struct.ts";

/** type property of a plane: overlay. */
export const DRM_PLANE_TYPE_OVERLAY = 0;
/** type property of a plane: primary, which legacy mode setting uses. */
export const DRM_PLANE_TYPE_PRIMARY = 1;
/** type property of a plane: cursor, which legacy cursor requests use. */
export const DRM_PLANE_TYPE_CURSOR = 2;

/** rotation property: not rotated. */
export const DRM_MODE_ROTATE_0 = 0x1;
/** rotation property: by 90 degrees counter-clockwise. */
export const DRM_MODE_ROTATE_90 = 0x2;
/** rotation property: by 180 degrees. */
export const DRM_MODE_ROTATE_180 = 0x4;
/** rotation property: by 270 degrees counter-clockwise. */
export const DRM_MODE_ROTATE_270 = 0x8;
/** rotation property: the bits of rotation. */
export const DRM_MODE_ROTATE_MASK = 0xf;
/** rotation property: mirrored along X, before rotation. */
export const DRM_MODE_REFLECT_X = 0x10;
/** rotation property: mirrored along Y, before rotation. */
export const DRM_MODE_REFLECT_Y = 0x20;
/** rotation property: the bits of reflection. */
export const DRM_MODE_REFLECT_MASK = 0x30;

/** pixel blend mode property: pixel values are premultiplied by alpha. */
export const DRM_MODE_BLEND_PREMULTI = 0;
/** pixel blend mode property: they are not. */
export const DRM_MODE_BLEND_COVERAGE = 1;
/** pixel blend mode property: alpha of pixels is ignored. */
export const DRM_MODE_BLEND_PIXEL_NONE = 2;

/** drm_mode_set_plane.flags: show at the top field of an interlaced mode. */
export const DRM_MODE_PRESENT_TOP_FIELD = 0x1;
/** drm_mode_set_plane.flags: show at the bottom field. */
export const DRM_MODE_PRESENT_BOTTOM_FIELD = 0x2;

/** Argument of {@linkcode DRM_IOCTL_MODE_SETPLANE}. Note the order of `src_h` and `src_w`. */
export interface drm_mode_set_plane {
  /** in; plane object id */
  plane_id: number;
  /** in; CRTC object id */
  crtc_id: number;
  /** in; framebuffer object id, 0 to disable the plane */
  fb_id: number;
  /** in; DRM_MODE_PRESENT_* */
  flags: number;
  /** in; left edge on the CRTC, pixels, may be negative */
  crtc_x: number;
  /** in; top edge on the CRTC, lines, may be negative */
  crtc_y: number;
  /** in; width on the CRTC, pixels */
  crtc_w: number;
  /** in; height on the CRTC, lines */
  crtc_h: number;
  /** in; left edge in the framebuffer, 16.16 fixed point */
  src_x: number;
  /** in; top edge in the framebuffer, 16.16 fixed point */
  src_y: number;
  /** in; height in the framebuffer, 16.16 fixed point */
  src_h: number;
  /** in; width in the framebuffer, 16.16 fixed point */
  src_w: number;
}
/** Layout of `struct drm_mode_set_plane`: 48 bytes. */
export const drm_mode_set_plane: Struct<drm_mode_set_plane> = struct<drm_mode_set_plane>("drm_mode_set_plane", {
  plane_id: u32,
  crtc_id: u32,
  fb_id: u32,
  flags: u32,
  crtc_x: s32,
  crtc_y: s32,
  crtc_w: u32,
  crtc_h: u32,
  src_x: u32,
  src_y: u32,
  src_h: u32,
  src_w: u32,
}, { size: 48 });

/** Shows a framebuffer on a plane. */
export const DRM_IOCTL_MODE_SETPLANE: Ioctl<drm_mode_set_plane> = IOWR("d", 0xb7, drm_mode_set_plane);

/** Argument of {@linkcode DRM_IOCTL_MODE_GETPLANE}. */
export interface drm_mode_get_plane {
  /** in; plane object id */
  plane_id: number;
  /** out; CRTC in use, or 0 */
  crtc_id: number;
  /** out; framebuffer in use, or 0 */
  fb_id: number;
  /** out; bit for each CRTC index that it can be on */
  possible_crtcs: number;
  /** out; 0 */
  gamma_size: number;
  /** in: room; out: formats */
  count_format_types: number;
  /** in; user address for u32 fourcc codes */
  format_type_ptr: bigint;
}
/** Layout of `struct drm_mode_get_plane`: 32 bytes. */
export const drm_mode_get_plane: Struct<drm_mode_get_plane> = struct<drm_mode_get_plane>("drm_mode_get_plane", {
  plane_id: u32,
  crtc_id: u32,
  fb_id: u32,
  possible_crtcs: u32,
  gamma_size: u32,
  count_format_types: u32,
  format_type_ptr: u64,
}, { size: 32 });

/** Reads a plane. */
export const DRM_IOCTL_MODE_GETPLANE: Ioctl<drm_mode_get_plane> = IOWR("d", 0xb6, drm_mode_get_plane);

/** Argument of {@linkcode DRM_IOCTL_MODE_GETPLANERESOURCES}. */
export interface drm_mode_get_plane_res {
  /** in; user address for u32 plane ids */
  plane_id_ptr: bigint;
  /** in: room; out: planes */
  count_planes: number;
}
/** Layout of `struct drm_mode_get_plane_res`: 16 bytes. */
export const drm_mode_get_plane_res: Struct<drm_mode_get_plane_res> = struct<drm_mode_get_plane_res>(
  "drm_mode_get_plane_res",
  {
    plane_id_ptr: u64,
    count_planes: u32,
  },
  { size: 16 },
);

/** Lists planes; only overlays without DRM_CLIENT_CAP_UNIVERSAL_PLANES. */
export const DRM_IOCTL_MODE_GETPLANERESOURCES: Ioctl<drm_mode_get_plane_res> = IOWR("d", 0xb5, drm_mode_get_plane_res);

/** drm_mode_cursor.flags: set the image. */
export const DRM_MODE_CURSOR_BO = 0x1;
/** drm_mode_cursor.flags: set the place. */
export const DRM_MODE_CURSOR_MOVE = 0x2;
/** drm_mode_cursor.flags: all of them. */
export const DRM_MODE_CURSOR_FLAGS = 0x3;

/** Argument of {@linkcode DRM_IOCTL_MODE_CURSOR}. */
export interface drm_mode_cursor {
  /** in; DRM_MODE_CURSOR_* */
  flags: number;
  /** in; CRTC object id */
  crtc_id: number;
  /** in; left edge on the CRTC, pixels, may be negative */
  x: number;
  /** in; top edge on the CRTC, lines, may be negative */
  y: number;
  /** in; pixels */
  width: number;
  /** in; lines */
  height: number;
  /** in; GEM handle of ARGB8888 pixels, 0 to hide the cursor */
  handle: number;
}
/** Layout of `struct drm_mode_cursor`: 28 bytes. */
export const drm_mode_cursor: Struct<drm_mode_cursor> = struct<drm_mode_cursor>("drm_mode_cursor", {
  flags: u32,
  crtc_id: u32,
  x: s32,
  y: s32,
  width: u32,
  height: u32,
  handle: u32,
}, { size: 28 });

/** Sets or moves the cursor. */
export const DRM_IOCTL_MODE_CURSOR: Ioctl<drm_mode_cursor> = IOWR("d", 0xa3, drm_mode_cursor);

/** Argument of {@linkcode DRM_IOCTL_MODE_CURSOR2}. */
export interface drm_mode_cursor2 {
  /** in; DRM_MODE_CURSOR_* */
  flags: number;
  /** in; CRTC object id */
  crtc_id: number;
  /** in; left edge on the CRTC, pixels, may be negative */
  x: number;
  /** in; top edge on the CRTC, lines, may be negative */
  y: number;
  /** in; pixels */
  width: number;
  /** in; lines */
  height: number;
  /** in; GEM handle of ARGB8888 pixels, 0 to hide the cursor */
  handle: number;
  /** in; hotspot from the left edge, pixels */
  hot_x: number;
  /** in; hotspot from the top edge, lines */
  hot_y: number;
}
/** Layout of `struct drm_mode_cursor2`: 36 bytes. */
export const drm_mode_cursor2: Struct<drm_mode_cursor2> = struct<drm_mode_cursor2>("drm_mode_cursor2", {
  flags: u32,
  crtc_id: u32,
  x: s32,
  y: s32,
  width: u32,
  height: u32,
  handle: u32,
  hot_x: s32,
  hot_y: s32,
}, { size: 36 });

/** Sets or moves the cursor, with a hotspot. */
export const DRM_IOCTL_MODE_CURSOR2: Ioctl<drm_mode_cursor2> = IOWR("d", 0xbb, drm_mode_cursor2);

/** flags of a flip: send a DRM_EVENT_FLIP_COMPLETE. */
export const DRM_MODE_PAGE_FLIP_EVENT = 0x1;
/** flags of a flip: at once, tearing. */
export const DRM_MODE_PAGE_FLIP_ASYNC = 0x2;
/** flags of a flip: not before frame `sequence`. */
export const DRM_MODE_PAGE_FLIP_TARGET_ABSOLUTE = 0x4;
/** flags of a flip: not before `sequence` more frames. */
export const DRM_MODE_PAGE_FLIP_TARGET_RELATIVE = 0x8;
/** flags of a flip: both TARGET bits; at most one may be set. */
export const DRM_MODE_PAGE_FLIP_TARGET = 0xc;
/** flags of a flip: all of them. */
export const DRM_MODE_PAGE_FLIP_FLAGS = 0xf;

/** Argument of {@linkcode DRM_IOCTL_MODE_PAGE_FLIP}. */
export interface drm_mode_crtc_page_flip {
  /** in; CRTC object id */
  crtc_id: number;
  /** in; framebuffer object id */
  fb_id: number;
  /** in; DRM_MODE_PAGE_FLIP_* */
  flags: number;
  /** must be zero without a TARGET flag */
  reserved: number;
  /** in; cookie that the event returns */
  user_data: bigint;
}
/** Layout of `struct drm_mode_crtc_page_flip`: 24 bytes. */
export const drm_mode_crtc_page_flip: Struct<drm_mode_crtc_page_flip> = struct<drm_mode_crtc_page_flip>(
  "drm_mode_crtc_page_flip",
  {
    crtc_id: u32,
    fb_id: u32,
    flags: u32,
    reserved: u32,
    user_data: u64,
  },
  { size: 24 },
);

/** Argument of {@linkcode DRM_IOCTL_MODE_PAGE_FLIP} with a TARGET flag. */
export interface drm_mode_crtc_page_flip_target {
  /** in; CRTC object id */
  crtc_id: number;
  /** in; framebuffer object id */
  fb_id: number;
  /** in; DRM_MODE_PAGE_FLIP_* */
  flags: number;
  /** in; frame number, or a count of frames */
  sequence: number;
  /** in; cookie that the event returns */
  user_data: bigint;
}
/** Layout of `struct drm_mode_crtc_page_flip_target`: 24 bytes. */
export const drm_mode_crtc_page_flip_target: Struct<drm_mode_crtc_page_flip_target> = struct<
  drm_mode_crtc_page_flip_target
>("drm_mode_crtc_page_flip_target", {
  crtc_id: u32,
  fb_id: u32,
  flags: u32,
  sequence: u32,
  user_data: u64,
}, { size: 24 });

/** Shows another framebuffer from the next vertical blanking on. */
export const DRM_IOCTL_MODE_PAGE_FLIP: Ioctl<drm_mode_crtc_page_flip> = IOWR("d", 0xb0, drm_mode_crtc_page_flip);

/** An element of the SIZE_HINTS property's blob: a size that a cursor plane takes. */
export interface drm_plane_size_hint {
  /** pixels */
  width: number;
  /** lines */
  height: number;
}
/** Layout of `struct drm_plane_size_hint`: 4 bytes. */
export const drm_plane_size_hint: Struct<drm_plane_size_hint> = struct<drm_plane_size_hint>("drm_plane_size_hint", {
  width: u16,
  height: u16,
}, { size: 4 });
