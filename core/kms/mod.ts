/**
 * Kernel mode setting, as drivers see it: objects, their states, drafts of change, and what a commit consists of.
 * @module
 */

export * from "./atomic_commit.ts";
export * from "./atomic_state.ts";
export * from "./atomic_tail.ts";
export * from "./connector.ts";
export * from "./connector_state.ts";
export * from "./connector_type.ts";
export * from "./crtc.ts";
export * from "./crtc_commit.ts";
export * from "./crtc_state.ts";
export * from "./damage.ts";
export * from "./edid.ts";
export * from "./encoder.ts";
export * from "./framebuffer.ts";
export * from "./lease.ts";
export * from "./mode.ts";
export * from "./mode_config.ts";
export * from "./mode_cvt.ts";
export * from "./mode_object.ts";
export * from "./plane.ts";
export * from "./plane_state.ts";
export * from "./property.ts";
export * from "./rect.ts";
export * from "./standard_properties.ts";
export * from "./vblank.ts";
