/**
 * Core requests of every DRM node: version, authentication, capabilities, GEM names and PRIME. Mirrors the part of
 * include/uapi/drm/drm.h that is alive today; drm_legacy.ts, drm_vblank.ts, drm_syncobj.ts and drm_event.ts hold the rest.
 * @module
 */

import { IO, type Ioctl, IOR, IOW, IOWR } from "./ioctl.ts";
import { s32, type Struct, struct, u32, u53, u64 } from "./struct.ts";

/** Type byte of every DRM request: `'d'`. */
export const DRM_IOCTL_BASE = 0x64;
/** First request number of a driver's own ioctls. */
export const DRM_COMMAND_BASE = 0x40;
/** One past the last request number of a driver's own ioctls. */
export const DRM_COMMAND_END = 0xa0;
/** drm_prime_handle.flags: set close-on-exec on the new fd (`O_CLOEXEC`). */
export const DRM_CLOEXEC = 0x80000;
/** drm_prime_handle.flags: the new fd may be mapped for writing (`O_RDWR`). */
export const DRM_RDWR = 2;

/**
 * Argument of {@linkcode DRM_IOCTL_VERSION}. Each string is copied without a NUL, at most `*_len` bytes; `*_len`
 * returns the whole length.
 */
export interface drm_version {
  /** out; the driver's major version */
  version_major: number;
  /** out; the driver's minor version */
  version_minor: number;
  /** out; the driver's patch level */
  version_patchlevel: number;
  /** in: room at `name`; out: length of the name; bytes */
  name_len: number;
  /** in; user address of the buffer for the driver's name, or 0 */
  name: bigint;
  /** in: room at `date`; out: length of the date; bytes */
  date_len: number;
  /** in; user address of the buffer for the driver's date, or 0 */
  date: bigint;
  /** in: room at `desc`; out: length of the description; bytes */
  desc_len: number;
  /** in; user address of the buffer for the driver's description, or 0 */
  desc: bigint;
}
/** Layout of `struct drm_version`: 64 bytes. */
export const drm_version: Struct<drm_version> = struct<drm_version>("drm_version", {
  version_major: s32,
  version_minor: s32,
  version_patchlevel: s32,
  name_len: u53,
  name: u64,
  date_len: u53,
  date: u64,
  desc_len: u53,
  desc: u64,
}, { size: 64 });

/** The driver's version, name and description. */
export const DRM_IOCTL_VERSION: Ioctl<drm_version> = IOWR("d", 0x00, drm_version);

/** Argument of {@linkcode DRM_IOCTL_GET_UNIQUE} and {@linkcode DRM_IOCTL_SET_UNIQUE}. */
export interface drm_unique {
  /** in: room at `unique`; out: length of the bus id; bytes */
  unique_len: number;
  /** in; user address of the buffer for the bus id */
  unique: bigint;
}
/** Layout of `struct drm_unique`: 16 bytes. */
export const drm_unique: Struct<drm_unique> = struct<drm_unique>("drm_unique", {
  unique_len: u53,
  unique: u64,
}, { size: 16 });

/** The bus id of the master that the file belongs to, as `SET_VERSION` has set it. */
export const DRM_IOCTL_GET_UNIQUE: Ioctl<drm_unique> = IOWR("d", 0x01, drm_unique);

/** Always refused with EINVAL since Linux 4.0. */
export const DRM_IOCTL_SET_UNIQUE: Ioctl<drm_unique> = IOW("d", 0x10, drm_unique);

/** Argument of {@linkcode DRM_IOCTL_GET_MAGIC} and {@linkcode DRM_IOCTL_AUTH_MAGIC}. */
export interface drm_auth {
  /** GET_MAGIC: out; AUTH_MAGIC: in; a token of this file, valid within its master */
  magic: number;
}
/** Layout of `struct drm_auth`: 4 bytes. */
export const drm_auth: Struct<drm_auth> = struct<drm_auth>("drm_auth", { magic: u32 }, { size: 4 });

/** The file's authentication token. */
export const DRM_IOCTL_GET_MAGIC: Ioctl<drm_auth> = IOR("d", 0x02, drm_auth);

/** The master authenticates the file that holds a token. */
export const DRM_IOCTL_AUTH_MAGIC: Ioctl<drm_auth> = IOW("d", 0x11, drm_auth);

/** Argument of {@linkcode DRM_IOCTL_GET_CLIENT}. */
export interface drm_client {
  /** in; index of the client: only 0, the caller itself, exists */
  idx: number;
  /** out; 1 if the caller is authenticated */
  auth: number;
  /** out; 0 since Linux 4.9 */
  pid: number;
  /** out; the overflow uid 65534 */
  uid: number;
  /** out; 0 */
  magic: number;
  /** out; 0 */
  iocs: number;
}
/** Layout of `struct drm_client`: 40 bytes. */
export const drm_client: Struct<drm_client> = struct<drm_client>("drm_client", {
  idx: s32,
  auth: s32,
  pid: u53,
  uid: u53,
  magic: u53,
  iocs: u53,
}, { size: 40 });

/** Whether the caller is authenticated. */
export const DRM_IOCTL_GET_CLIENT: Ioctl<drm_client> = IOWR("d", 0x05, drm_client);

/** Argument of {@linkcode DRM_IOCTL_SET_VERSION}. Every member returns the versions in force, on EINVAL too. */
export interface drm_set_version {
  /** in and out; wanted major version of the core interface, -1 to leave it */
  drm_di_major: number;
  /** in and out; wanted minor version of the core interface; 1 or more sets the bus id */
  drm_di_minor: number;
  /** in and out; wanted major version of the driver, -1 to leave it */
  drm_dd_major: number;
  /** in and out; wanted minor version of the driver */
  drm_dd_minor: number;
}
/** Layout of `struct drm_set_version`: 16 bytes. */
export const drm_set_version: Struct<drm_set_version> = struct<drm_set_version>("drm_set_version", {
  drm_di_major: s32,
  drm_di_minor: s32,
  drm_dd_major: s32,
  drm_dd_minor: s32,
}, { size: 16 });

/** Asks for an interface version. */
export const DRM_IOCTL_SET_VERSION: Ioctl<drm_set_version> = IOWR("d", 0x07, drm_set_version);

/** Makes the caller's file the current master of its device. */
export const DRM_IOCTL_SET_MASTER: Ioctl<void> = IO("d", 0x1e);

/** Gives up being master. */
export const DRM_IOCTL_DROP_MASTER: Ioctl<void> = IO("d", 0x1f);

/** drm_get_cap: 1 if dumb buffers can be created. */
export const DRM_CAP_DUMB_BUFFER = 1;
/** drm_get_cap: 1 if vblank requests take a CRTC index above 1. */
export const DRM_CAP_VBLANK_HIGH_CRTC = 2;
/** drm_get_cap: preferred depth of dumb buffers, bits. */
export const DRM_CAP_DUMB_PREFERRED_DEPTH = 3;
/** drm_get_cap: 1 if reading dumb buffers is slow, so that a shadow copy pays. */
export const DRM_CAP_DUMB_PREFER_SHADOW = 4;
/** drm_get_cap: DRM_PRIME_CAP_* bits; both since Linux 6.6. */
export const DRM_CAP_PRIME = 5;
/** Bit of DRM_CAP_PRIME: PRIME_FD_TO_HANDLE is there. */
export const DRM_PRIME_CAP_IMPORT = 1;
/** Bit of DRM_CAP_PRIME: PRIME_HANDLE_TO_FD is there. */
export const DRM_PRIME_CAP_EXPORT = 2;
/** drm_get_cap: 1 if event times are CLOCK_MONOTONIC. */
export const DRM_CAP_TIMESTAMP_MONOTONIC = 6;
/** drm_get_cap: 1 if PAGE_FLIP takes DRM_MODE_PAGE_FLIP_ASYNC. */
export const DRM_CAP_ASYNC_PAGE_FLIP = 7;
/** drm_get_cap: a cursor width that works, pixels. */
export const DRM_CAP_CURSOR_WIDTH = 8;
/** drm_get_cap: a cursor height that works, pixels. */
export const DRM_CAP_CURSOR_HEIGHT = 9;
/** drm_get_cap: 1 if ADDFB2 takes DRM_MODE_FB_MODIFIERS. */
export const DRM_CAP_ADDFB2_MODIFIERS = 0x10;
/** drm_get_cap: 1 if PAGE_FLIP takes a target sequence. */
export const DRM_CAP_PAGE_FLIP_TARGET = 0x11;
/** drm_get_cap: 1 if drm_event_vblank.crtc_id is filled in. */
export const DRM_CAP_CRTC_IN_VBLANK_EVENT = 0x12;
/** drm_get_cap: 1 if syncobjs are there. */
export const DRM_CAP_SYNCOBJ = 0x13;
/** drm_get_cap: 1 if timeline syncobjs are there. */
export const DRM_CAP_SYNCOBJ_TIMELINE = 0x14;
/** drm_get_cap: 1 if MODE_ATOMIC takes DRM_MODE_PAGE_FLIP_ASYNC. */
export const DRM_CAP_ATOMIC_ASYNC_PAGE_FLIP = 0x15;

/** Argument of {@linkcode DRM_IOCTL_GET_CAP}. */
export interface drm_get_cap {
  /** in; a DRM_CAP_* */
  capability: bigint;
  /** out; its value */
  value: bigint;
}
/** Layout of `struct drm_get_cap`: 16 bytes. */
export const drm_get_cap: Struct<drm_get_cap> = struct<drm_get_cap>("drm_get_cap", {
  capability: u64,
  value: u64,
}, { size: 16 });

/** Asks what the device can do. */
export const DRM_IOCTL_GET_CAP: Ioctl<drm_get_cap> = IOWR("d", 0x0c, drm_get_cap);

/** drm_set_client_cap: the client understands the stereo flags of modes. */
export const DRM_CLIENT_CAP_STEREO_3D = 1;
/** drm_set_client_cap: primary and cursor planes are listed too. */
export const DRM_CLIENT_CAP_UNIVERSAL_PLANES = 2;
/** drm_set_client_cap: the client uses MODE_ATOMIC and sees atomic properties; 1 or 2. */
export const DRM_CLIENT_CAP_ATOMIC = 3;
/** drm_set_client_cap: the client understands the aspect ratio of modes. */
export const DRM_CLIENT_CAP_ASPECT_RATIO = 4;
/** drm_set_client_cap: writeback connectors are listed; after ATOMIC. */
export const DRM_CLIENT_CAP_WRITEBACK_CONNECTORS = 5;
/** drm_set_client_cap: the client sets cursor hotspots, as paravirtual drivers need; after ATOMIC. */
export const DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT = 6;
/** drm_set_client_cap: planes have colour pipelines in place of colour encoding and range; after ATOMIC. */
export const DRM_CLIENT_CAP_PLANE_COLOR_PIPELINE = 7;

/** Argument of {@linkcode DRM_IOCTL_SET_CLIENT_CAP}. */
export interface drm_set_client_cap {
  /** in; a DRM_CLIENT_CAP_* */
  capability: bigint;
  /** in; 1 to set it, 0 to clear it */
  value: bigint;
}
/** Layout of `struct drm_set_client_cap`: 16 bytes. */
export const drm_set_client_cap: Struct<drm_set_client_cap> = struct<drm_set_client_cap>("drm_set_client_cap", {
  capability: u64,
  value: u64,
}, { size: 16 });

/** Says what the client understands. */
export const DRM_IOCTL_SET_CLIENT_CAP: Ioctl<drm_set_client_cap> = IOW("d", 0x0d, drm_set_client_cap);

/** Longest client name, bytes. */
export const DRM_CLIENT_NAME_MAX_LEN = 0x40;

/** Argument of {@linkcode DRM_IOCTL_SET_CLIENT_NAME}. */
export interface drm_set_client_name {
  /** in; length of the name, bytes, at most DRM_CLIENT_NAME_MAX_LEN; 0 clears it */
  name_len: number;
  /** in; user address of the name: printable ASCII without blanks */
  name: bigint;
}
/** Layout of `struct drm_set_client_name`: 16 bytes. */
export const drm_set_client_name: Struct<drm_set_client_name> = struct<drm_set_client_name>("drm_set_client_name", {
  name_len: u53,
  name: u64,
}, { size: 16 });

/** Names the client, for fdinfo and debugging (Linux 6.13). */
export const DRM_IOCTL_SET_CLIENT_NAME: Ioctl<drm_set_client_name> = IOWR("d", 0xd1, drm_set_client_name);

/** Argument of {@linkcode DRM_IOCTL_GEM_CLOSE}. */
export interface drm_gem_close {
  /** in; GEM handle */
  handle: number;
  /** ignored */
  pad: number;
}
/** Layout of `struct drm_gem_close`: 8 bytes. */
export const drm_gem_close: Struct<drm_gem_close> = struct<drm_gem_close>("drm_gem_close", {
  handle: u32,
  pad: u32,
}, { size: 8 });

/** Drops a handle. */
export const DRM_IOCTL_GEM_CLOSE: Ioctl<drm_gem_close> = IOW("d", 0x09, drm_gem_close);

/** Argument of {@linkcode DRM_IOCTL_GEM_FLINK}. */
export interface drm_gem_flink {
  /** in; GEM handle */
  handle: number;
  /** out; global name of the object */
  name: number;
}
/** Layout of `struct drm_gem_flink`: 8 bytes. */
export const drm_gem_flink: Struct<drm_gem_flink> = struct<drm_gem_flink>("drm_gem_flink", {
  handle: u32,
  name: u32,
}, { size: 8 });

/** Gives an object a global name. */
export const DRM_IOCTL_GEM_FLINK: Ioctl<drm_gem_flink> = IOWR("d", 0x0a, drm_gem_flink);

/** Argument of {@linkcode DRM_IOCTL_GEM_OPEN}. */
export interface drm_gem_open {
  /** in; global name of an object */
  name: number;
  /** out; a new GEM handle to it */
  handle: number;
  /** out, bytes */
  size: number;
}
/** Layout of `struct drm_gem_open`: 16 bytes. */
export const drm_gem_open: Struct<drm_gem_open> = struct<drm_gem_open>("drm_gem_open", {
  name: u32,
  handle: u32,
  size: u53,
}, { size: 16 });

/** Opens an object by its global name. */
export const DRM_IOCTL_GEM_OPEN: Ioctl<drm_gem_open> = IOWR("d", 0x0b, drm_gem_open);

/** Argument of {@linkcode DRM_IOCTL_GEM_CHANGE_HANDLE}. */
export interface drm_gem_change_handle {
  /** in; GEM handle */
  handle: number;
  /** in; the number that it shall get */
  new_handle: number;
}
/** Layout of `struct drm_gem_change_handle`: 8 bytes. */
export const drm_gem_change_handle: Struct<drm_gem_change_handle> = struct<drm_gem_change_handle>(
  "drm_gem_change_handle",
  {
    handle: u32,
    new_handle: u32,
  },
  { size: 8 },
);

/** Moves an object to another handle. In the header, yet refused with EINVAL by today's kernels. */
export const DRM_IOCTL_GEM_CHANGE_HANDLE: Ioctl<drm_gem_change_handle> = IOWR("d", 0xd2, drm_gem_change_handle);

/** Argument of {@linkcode DRM_IOCTL_PRIME_HANDLE_TO_FD} and {@linkcode DRM_IOCTL_PRIME_FD_TO_HANDLE}. */
export interface drm_prime_handle {
  /** HANDLE_TO_FD: in; FD_TO_HANDLE: out; GEM handle */
  handle: number;
  /** HANDLE_TO_FD: in; DRM_CLOEXEC and DRM_RDWR */
  flags: number;
  /** HANDLE_TO_FD: out; FD_TO_HANDLE: in; dma-buf fd */
  fd: number;
}
/** Layout of `struct drm_prime_handle`: 12 bytes. */
export const drm_prime_handle: Struct<drm_prime_handle> = struct<drm_prime_handle>("drm_prime_handle", {
  handle: u32,
  flags: u32,
  fd: s32,
}, { size: 12 });

/** Exports an object as a dma-buf. */
export const DRM_IOCTL_PRIME_HANDLE_TO_FD: Ioctl<drm_prime_handle> = IOWR("d", 0x2d, drm_prime_handle);

/** Imports a dma-buf; the same object gives the same handle. */
export const DRM_IOCTL_PRIME_FD_TO_HANDLE: Ioctl<drm_prime_handle> = IOWR("d", 0x2e, drm_prime_handle);
