/**
 * Kernel mode setting, as drivers see it: objects, their states, drafts of change, and what a commit consists of.
 * @module
 */

export * from "./atomic_commit.ts";
export * from "./atomic_state.ts";
export * from "./atomic_tail.ts";
export * from "./color_properties.ts";
export * from "./connector.ts";
export * from "./connector_force.ts";
export * from "./connector_state.ts";
export * from "./connector_type.ts";
export * from "./content_protection.ts";
export * from "./crc.ts";
export * from "./crtc.ts";
export * from "./crtc_commit.ts";
export * from "./crtc_state.ts";
export * from "./damage.ts";
export * from "./edid.ts";
export * from "./edid_override.ts";
export * from "./encoder.ts";
export * from "./framebuffer.ts";
export * from "./hdmi_properties.ts";
export * from "./hotplug_poll.ts";
export * from "./lease.ts";
export * from "./mode.ts";
export * from "./mode_config.ts";
export * from "./mode_cvt.ts";
export * from "./mode_object.ts";
export * from "./optional_properties.ts";
export * from "./panel_properties.ts";
export * from "./panic.ts";
export * from "./panic_draw.ts";
export * from "./plane.ts";
export * from "./plane_state.ts";
export * from "./property.ts";
export * from "./rect.ts";
export * from "./standard_properties.ts";
export * from "./state_dump.ts";
export * from "./tile_properties.ts";
export * from "./tv_properties.ts";
export * from "./vblank.ts";
export * from "./writeback.ts";
export * from "./writeback_connector.ts";
export * from "./suspend.ts";
