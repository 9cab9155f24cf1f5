/**
 * Requests of the virtual GEM driver. Mirrors include/uapi/drm/vgem_drm.h.
 * @module
 */

import { type Ioctl, IOW, IOWR } from "./ioctl.ts";
import { type Struct, struct, u32 } from "./struct.ts";
import { DRM_COMMAND_BASE } from "./drm.ts";

/** Number of DRM_IOCTL_VGEM_FENCE_ATTACH, from DRM_COMMAND_BASE. */
export const DRM_VGEM_FENCE_ATTACH = 0x1;
/** Number of DRM_IOCTL_VGEM_FENCE_SIGNAL. */
export const DRM_VGEM_FENCE_SIGNAL = 0x2;
/** drm_vgem_fence_attach.flags: an exclusive fence, as of a writer. */
export const VGEM_FENCE_WRITE = 0x1;

/** Argument of {@linkcode DRM_IOCTL_VGEM_FENCE_ATTACH}. */
export interface drm_vgem_fence_attach {
  /** in; GEM handle */
  handle: number;
  /** in; VGEM_FENCE_WRITE */
  flags: number;
  /** out; id of the fence */
  out_fence: number;
  /** must be zero */
  pad: number;
}
/** Layout of `struct drm_vgem_fence_attach`: 16 bytes. */
export const drm_vgem_fence_attach: Struct<drm_vgem_fence_attach> = struct<drm_vgem_fence_attach>(
  "drm_vgem_fence_attach",
  {
    handle: u32,
    flags: u32,
    out_fence: u32,
    pad: u32,
  },
  { size: 16 },
);

/** Puts a new fence on an object; it times out after 10 s. */
export const DRM_IOCTL_VGEM_FENCE_ATTACH: Ioctl<drm_vgem_fence_attach> = IOWR(
  "d",
  DRM_COMMAND_BASE + DRM_VGEM_FENCE_ATTACH,
  drm_vgem_fence_attach,
);

/** Argument of {@linkcode DRM_IOCTL_VGEM_FENCE_SIGNAL}. */
export interface drm_vgem_fence_signal {
  /** in; id of the fence */
  fence: number;
  /** must be zero */
  flags: number;
}
/** Layout of `struct drm_vgem_fence_signal`: 8 bytes. */
export const drm_vgem_fence_signal: Struct<drm_vgem_fence_signal> = struct<drm_vgem_fence_signal>(
  "drm_vgem_fence_signal",
  {
    fence: u32,
    flags: u32,
  },
  { size: 8 },
);

/** Signals a fence. */
export const DRM_IOCTL_VGEM_FENCE_SIGNAL: Ioctl<drm_vgem_fence_signal> = IOW(
  "d",
  DRM_COMMAND_BASE + DRM_VGEM_FENCE_SIGNAL,
  drm_vgem_fence_signal,
);
