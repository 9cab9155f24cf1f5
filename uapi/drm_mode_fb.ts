/**
 * Framebuffers: memory with a size, a format and pitches. Mirrors the framebuffer part of include/uapi/drm/drm_mode.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { array, type ArrayView, type Struct, struct, u32, u53, u64 } from "./struct.ts";

/** drm_mode_fb_cmd2.flags: interlaced. */
export const DRM_MODE_FB_INTERLACED = 0x1;
/** drm_mode_fb_cmd2.flags: `modifier` counts. */
export const DRM_MODE_FB_MODIFIERS = 0x2;

/** Argument of {@linkcode DRM_IOCTL_MODE_ADDFB} and {@linkcode DRM_IOCTL_MODE_GETFB}. */
export interface drm_mode_fb_cmd {
  /** ADDFB: out; GETFB: in; framebuffer object id */
  fb_id: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** bytes a line */
  pitch: number;
  /** bits a pixel */
  bpp: number;
  /** bits of colour and alpha a pixel */
  depth: number;
  /** GEM handle; GETFB gives one only to a master or an administrator */
  handle: number;
}
/** Layout of `struct drm_mode_fb_cmd`: 28 bytes. */
export const drm_mode_fb_cmd: Struct<drm_mode_fb_cmd> = struct<drm_mode_fb_cmd>("drm_mode_fb_cmd", {
  fb_id: u32,
  width: u32,
  height: u32,
  pitch: u32,
  bpp: u32,
  depth: u32,
  handle: u32,
}, { size: 28 });

/** Reads a framebuffer of one plane. */
export const DRM_IOCTL_MODE_GETFB: Ioctl<drm_mode_fb_cmd> = IOWR("d", 0xad, drm_mode_fb_cmd);

/** Makes a framebuffer from a depth and bits a pixel. */
export const DRM_IOCTL_MODE_ADDFB: Ioctl<drm_mode_fb_cmd> = IOWR("d", 0xae, drm_mode_fb_cmd);

/**
 * Argument of {@linkcode DRM_IOCTL_MODE_ADDFB2} and {@linkcode DRM_IOCTL_MODE_GETFB2}. Calls from before `modifier`
 * came are 68 bytes.
 */
export interface drm_mode_fb_cmd2 {
  /** ADDFB2: out; GETFB2: in; framebuffer object id */
  fb_id: number;
  /** pixels */
  width: number;
  /** lines */
  height: number;
  /** fourcc code */
  pixel_format: number;
  /** DRM_MODE_FB_* */
  flags: number;
  /** GEM handle of each plane; GETFB2 gives them only to a master or an administrator */
  handles: ArrayView<number>;
  /** bytes a line of each plane */
  pitches: ArrayView<number>;
  /** of each plane into its object, bytes */
  offsets: ArrayView<number>;
  /** layout of each plane, all equal; 0 for planes not in use */
  modifier: ArrayView<bigint>;
}
/** Layout of `struct drm_mode_fb_cmd2`: 104 bytes. */
export const drm_mode_fb_cmd2: Struct<drm_mode_fb_cmd2> = struct<drm_mode_fb_cmd2>("drm_mode_fb_cmd2", {
  fb_id: u32,
  width: u32,
  height: u32,
  pixel_format: u32,
  flags: u32,
  handles: array(u32, 4),
  pitches: array(u32, 4),
  offsets: array(u32, 4),
  modifier: array(u64, 4),
}, { size: 104 });

/** Makes a framebuffer of up to four planes. */
export const DRM_IOCTL_MODE_ADDFB2: Ioctl<drm_mode_fb_cmd2> = IOWR("d", 0xb8, drm_mode_fb_cmd2);

/** Reads a framebuffer of up to four planes. */
export const DRM_IOCTL_MODE_GETFB2: Ioctl<drm_mode_fb_cmd2> = IOWR("d", 0xce, drm_mode_fb_cmd2);

/** Removes a framebuffer, and switches off what shows it. The argument is its id. */
export const DRM_IOCTL_MODE_RMFB: Ioctl<number> = IOWR<number>("d", 0xaf, 4);

/** Argument of {@linkcode DRM_IOCTL_MODE_CLOSEFB}. */
export interface drm_mode_closefb {
  /** in; framebuffer object id */
  fb_id: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct drm_mode_closefb`: 8 bytes. */
export const drm_mode_closefb: Struct<drm_mode_closefb> = struct<drm_mode_closefb>("drm_mode_closefb", {
  fb_id: u32,
  pad: u32,
}, { size: 8 });

/** Drops a framebuffer, and leaves what shows it on. */
export const DRM_IOCTL_MODE_CLOSEFB: Ioctl<drm_mode_closefb> = IOWR("d", 0xd0, drm_mode_closefb);

/** drm_mode_fb_dirty_cmd.flags: pairs of clips, source and target of a copy. */
export const DRM_MODE_FB_DIRTY_ANNOTATE_COPY = 0x1;
/** drm_mode_fb_dirty_cmd.flags: clips are filled with `color`. */
export const DRM_MODE_FB_DIRTY_ANNOTATE_FILL = 0x2;
/** drm_mode_fb_dirty_cmd.flags: all of them. */
export const DRM_MODE_FB_DIRTY_FLAGS = 0x3;
/** Most clips of a call. */
export const DRM_MODE_FB_DIRTY_MAX_CLIPS = 256;
/** dirty property: no DIRTYFB needed. */
export const DRM_MODE_DIRTY_OFF = 0;
/** dirty property: the driver needs DIRTYFB. */
export const DRM_MODE_DIRTY_ON = 1;
/** dirty property: it makes use of annotations. */
export const DRM_MODE_DIRTY_ANNOTATE = 2;

/** Argument of {@linkcode DRM_IOCTL_MODE_DIRTYFB}. */
export interface drm_mode_fb_dirty_cmd {
  /** in; framebuffer object id */
  fb_id: number;
  /** in; DRM_MODE_FB_DIRTY_* */
  flags: number;
  /** in; fill colour */
  color: number;
  /** in; clips, 0 for the whole framebuffer */
  num_clips: number;
  /** in; user address of drm_clip_rect */
  clips_ptr: bigint;
}
/** Layout of `struct drm_mode_fb_dirty_cmd`: 24 bytes. */
export const drm_mode_fb_dirty_cmd: Struct<drm_mode_fb_dirty_cmd> = struct<drm_mode_fb_dirty_cmd>(
  "drm_mode_fb_dirty_cmd",
  {
    fb_id: u32,
    flags: u32,
    color: u32,
    num_clips: u32,
    clips_ptr: u64,
  },
  { size: 24 },
);

/** Says what was drawn, for displays that are not scanned out by themselves. */
export const DRM_IOCTL_MODE_DIRTYFB: Ioctl<drm_mode_fb_dirty_cmd> = IOWR("d", 0xb1, drm_mode_fb_dirty_cmd);

/** Argument of {@linkcode DRM_IOCTL_MODE_CREATE_DUMB}. */
export interface drm_mode_create_dumb {
  /** in; lines */
  height: number;
  /** in; pixels */
  width: number;
  /** in; bits a pixel */
  bpp: number;
  /** must be zero */
  flags: number;
  /** out; GEM handle */
  handle: number;
  /** out; bytes a line */
  pitch: number;
  /** out, bytes */
  size: number;
}
/** Layout of `struct drm_mode_create_dumb`: 32 bytes. */
export const drm_mode_create_dumb: Struct<drm_mode_create_dumb> = struct<drm_mode_create_dumb>("drm_mode_create_dumb", {
  height: u32,
  width: u32,
  bpp: u32,
  flags: u32,
  handle: u32,
  pitch: u32,
  size: u53,
}, { size: 32 });

/** Makes a buffer for drawing by the CPU. */
export const DRM_IOCTL_MODE_CREATE_DUMB: Ioctl<drm_mode_create_dumb> = IOWR("d", 0xb2, drm_mode_create_dumb);

/** Argument of {@linkcode DRM_IOCTL_MODE_MAP_DUMB}. */
export interface drm_mode_map_dumb {
  /** in; GEM handle */
  handle: number;
  /** ignored */
  pad: number;
  /** out; offset for mmap of the DRM file, bytes */
  offset: number;
}
/** Layout of `struct drm_mode_map_dumb`: 16 bytes. */
export const drm_mode_map_dumb: Struct<drm_mode_map_dumb> = struct<drm_mode_map_dumb>("drm_mode_map_dumb", {
  handle: u32,
  pad: u32,
  offset: u53,
}, { size: 16 });

/** Asks where to map a dumb buffer. */
export const DRM_IOCTL_MODE_MAP_DUMB: Ioctl<drm_mode_map_dumb> = IOWR("d", 0xb3, drm_mode_map_dumb);

/** Argument of {@linkcode DRM_IOCTL_MODE_DESTROY_DUMB}. */
export interface drm_mode_destroy_dumb {
  /** in; GEM handle */
  handle: number;
}
/** Layout of `struct drm_mode_destroy_dumb`: 4 bytes. */
export const drm_mode_destroy_dumb: Struct<drm_mode_destroy_dumb> = struct<drm_mode_destroy_dumb>(
  "drm_mode_destroy_dumb",
  {
    handle: u32,
  },
  { size: 4 },
);

/** Drops a dumb buffer's handle. */
export const DRM_IOCTL_MODE_DESTROY_DUMB: Ioctl<drm_mode_destroy_dumb> = IOWR("d", 0xb4, drm_mode_destroy_dumb);

/** drm_format_modifier_blob.version. */
export const FORMAT_BLOB_CURRENT = 1;

/** Head of the IN_FORMATS property's blob. */
export interface drm_format_modifier_blob {
  /** FORMAT_BLOB_CURRENT */
  version: number;
  /** zero */
  flags: number;
  /** u32 fourcc codes */
  count_formats: number;
  /** where they begin, from the start of the blob, bytes */
  formats_offset: number;
  /** drm_format_modifier */
  count_modifiers: number;
  /** where they begin, from the start of the blob, bytes */
  modifiers_offset: number;
}
/** Layout of `struct drm_format_modifier_blob`: 24 bytes. */
export const drm_format_modifier_blob: Struct<drm_format_modifier_blob> = struct<drm_format_modifier_blob>(
  "drm_format_modifier_blob",
  {
    version: u32,
    flags: u32,
    count_formats: u32,
    formats_offset: u32,
    count_modifiers: u32,
    modifiers_offset: u32,
  },
  { size: 24 },
);

/** A modifier of an IN_FORMATS blob, and the formats that it goes with. */
export interface drm_format_modifier {
  /** bit i for the format with index `offset` + i */
  formats: bigint;
  /** index of the format that bit 0 stands for */
  offset: number;
  /** zero */
  pad: number;
  /** the modifier */
  modifier: bigint;
}
/** Layout of `struct drm_format_modifier`: 24 bytes. */
export const drm_format_modifier: Struct<drm_format_modifier> = struct<drm_format_modifier>("drm_format_modifier", {
  formats: u64,
  offset: u32,
  pad: u32,
  modifier: u64,
}, { size: 24 });
