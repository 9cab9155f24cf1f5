/**
 * Atomic commits: many properties of many objects, all or none. Mirrors the atomic part of include/uapi/drm/drm_mode.h.
 * @module
 */

import { type Ioctl, IOWR } from "./ioctl.ts";
import { type Struct, struct, u32, u64 } from "./struct.ts";

/** drm_mode_atomic.flags: check it, change nothing. */
export const DRM_MODE_ATOMIC_TEST_ONLY = 0x100;
/** drm_mode_atomic.flags: return before it is shown. */
export const DRM_MODE_ATOMIC_NONBLOCK = 0x200;
/** drm_mode_atomic.flags: it may switch displays off and on. */
export const DRM_MODE_ATOMIC_ALLOW_MODESET = 0x400;
/** drm_mode_atomic.flags: all of them, DRM_MODE_PAGE_FLIP_EVENT and ASYNC included. */
export const DRM_MODE_ATOMIC_FLAGS = 0x703;

/** Argument of {@linkcode DRM_IOCTL_MODE_ATOMIC}. */
export interface drm_mode_atomic {
  /** in; DRM_MODE_ATOMIC_*, DRM_MODE_PAGE_FLIP_EVENT and DRM_MODE_PAGE_FLIP_ASYNC */
  flags: number;
  /** in; objects */
  count_objs: number;
  /** in; user address of u32 object ids */
  objs_ptr: bigint;
  /** in; user address of u32 property counts, one an object */
  count_props_ptr: bigint;
  /** in; user address of u32 property ids, object after object */
  props_ptr: bigint;
  /** in; user address of u64 values, one a property */
  prop_values_ptr: bigint;
  /** must be zero */
  reserved: bigint;
  /** in; cookie that the events return */
  user_data: bigint;
}
/** Layout of `struct drm_mode_atomic`: 56 bytes. */
export const drm_mode_atomic: Struct<drm_mode_atomic> = struct<drm_mode_atomic>("drm_mode_atomic", {
  flags: u32,
  count_objs: u32,
  objs_ptr: u64,
  count_props_ptr: u64,
  props_ptr: u64,
  prop_values_ptr: u64,
  reserved: u64,
  user_data: u64,
}, { size: 56 });

/** Checks or commits a new state. */
export const DRM_IOCTL_MODE_ATOMIC: Ioctl<drm_mode_atomic> = IOWR("d", 0xbc, drm_mode_atomic);
