/**
 * A plane as a configuration has it. Mirrors vkms_plane_init (drivers/gpu/drm/vkms/vkms_plane.c).
 * @module
 */

import type { Crtc } from "../../../core/kms/crtc.ts";
import type { PlaneColorOptions } from "../../../core/kms/color_properties.ts";
import type { ModeConfig } from "../../../core/kms/mode_config.ts";
import { framebufferScanout } from "../../../core/kms/panic.ts";
import type { Plane } from "../../../core/kms/plane.ts";
import {
  DRM_COLOR_YCBCR_BT2020,
  DRM_COLOR_YCBCR_BT601,
  DRM_COLOR_YCBCR_BT709,
  DRM_COLOR_YCBCR_FULL_RANGE,
  DRM_COLOR_YCBCR_LIMITED_RANGE,
} from "../../../uapi/drm_mode_color.ts";
import {
  DRM_MODE_BLEND_COVERAGE,
  DRM_MODE_BLEND_PIXEL_NONE,
  DRM_MODE_BLEND_PREMULTI,
  DRM_MODE_REFLECT_MASK,
  DRM_MODE_REFLECT_X,
  DRM_MODE_REFLECT_Y,
  DRM_MODE_ROTATE_0,
  DRM_MODE_ROTATE_180,
  DRM_MODE_ROTATE_270,
  DRM_MODE_ROTATE_90,
  DRM_MODE_ROTATE_MASK,
} from "../../../uapi/drm_mode_plane.ts";
import { formatsOf, type VkmsConfig, type VkmsPlaneConfig, type VkmsRotation } from "./config.ts";
import { mapFramebuffer, unmapFramebuffer } from "./fb_memory.ts";
import { ALL_FORMATS, KERNEL_FORMATS } from "./pixel_format.ts";
import { YUV_FORMATS } from "./yuv_format.ts";

const YUV: PlaneColorOptions = {
  encodings: (1 << DRM_COLOR_YCBCR_BT601) | (1 << DRM_COLOR_YCBCR_BT709) | (1 << DRM_COLOR_YCBCR_BT2020),
  ranges: (1 << DRM_COLOR_YCBCR_LIMITED_RANGE) | (1 << DRM_COLOR_YCBCR_FULL_RANGE),
  encoding: DRM_COLOR_YCBCR_BT601,
  range: DRM_COLOR_YCBCR_FULL_RANGE,
};
const ROTATIONS: Readonly<Record<VkmsRotation, number>> = {
  "rotate-0": DRM_MODE_ROTATE_0,
  "rotate-90": DRM_MODE_ROTATE_90,
  "rotate-180": DRM_MODE_ROTATE_180,
  "rotate-270": DRM_MODE_ROTATE_270,
  "reflect-x": DRM_MODE_REFLECT_X,
  "reflect-y": DRM_MODE_REFLECT_Y,
};

/** A plane, and who wants to know of a panic on it. */
export interface VkmsPlane {
  /** The plane. */
  readonly plane: Plane;
  /** Called after a panic was drawn on it, with the CRTC that it is on. */
  readonly panicked: ((crtc: Crtc | undefined) => void)[];
}

/**
 * Adds a plane.
 *
 * @param config a checked configuration, `own` its part for this plane.
 * @param possibleCrtcs a bit for each CRTC that it can be on.
 * @param place its place in the stack at first, of `count`.
 */
export function addVkmsPlane(
  kms: ModeConfig,
  config: VkmsConfig,
  own: VkmsPlaneConfig,
  possibleCrtcs: number,
  place: number,
  count: number,
): VkmsPlane {
  const extras = config.extras ?? true;
  const names = own.formats ?? config.formats;
  const formats = names !== undefined ? formatsOf(names) : extras ? ALL_FORMATS : KERNEL_FORMATS;
  const yuv = formats.some((format) => YUV_FORMATS.has(format));
  const { zpos } = own;
  const fixed = typeof zpos === "number" ? { min: zpos, max: zpos, value: zpos } : zpos;
  const panicked: VkmsPlane["panicked"] = [];
  const plane = kms.addPlane({
    type: own.type,
    formats,
    possibleCrtcs,
    canPosition: true,
    rotations: own.rotations?.reduce((mask, name) => mask | ROTATIONS[name], 0) ??
      (DRM_MODE_ROTATE_MASK | DRM_MODE_REFLECT_MASK),
    alpha: extras,
    blendModes: extras ? [DRM_MODE_BLEND_PIXEL_NONE, DRM_MODE_BLEND_PREMULTI, DRM_MODE_BLEND_COVERAGE] : undefined,
    color: extras && yuv ? YUV : undefined,
    zpos: extras ? fixed ?? { min: 0, max: count - 1, value: place } : undefined,
    prepareFb: (_plane, _draft, state) => {
      if (state.fb !== undefined) mapFramebuffer(state.fb);
    },
    cleanupFb: (_plane, state) => {
      if (state.fb !== undefined) unmapFramebuffer(state.fb);
    },
    atomicUpdate: () => {}, // the CRTC's flush takes all planes
    ...own.type === "primary" && {
      getScanoutBuffer: framebufferScanout,
      panicFlush: (plane: Plane): void => panicked.forEach((show) => show(plane.state.crtc)),
    },
  });
  if (yuv) plane.state.colorRange = DRM_COLOR_YCBCR_FULL_RANGE; // also where there is no property for it
  return { plane, panicked };
}
