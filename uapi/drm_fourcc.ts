/**
 * Pixel formats and modifiers: all of include/uapi/drm/drm_fourcc.h. What the kernel knows of each format is in format.ts.
 * @module
 */

export * from "./drm_fourcc_code.ts";
export * from "./drm_fourcc_rgb.ts";
export * from "./drm_fourcc_yuv.ts";
export * from "./drm_fourcc_modifier.ts";
export * from "./drm_fourcc_nvidia.ts";
export * from "./drm_fourcc_arm.ts";
export * from "./drm_fourcc_amd.ts";
