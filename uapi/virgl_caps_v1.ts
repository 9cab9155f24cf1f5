/**
 * The first capability set of virgl: what a host tells its clients of itself. Mirrors struct virgl_caps_v1 of Mesa's virgl_hw.h.
 * @module
 */

import { array, type ArrayView, type Struct, struct, u32, type View } from "./struct.ts";

/** The bits of virgl_caps_v1.bset, `struct virgl_caps_bool_set1`. */
export interface VirglCapsBset {
  /** blending is enabled by colour buffer */
  readonly indep_blend_enable: number;
  /** blend functions differ by colour buffer */
  readonly indep_blend_func: number;
  /** cube map arrays */
  readonly cube_map_array: number;
  /** fragment shaders write the stencil */
  readonly shader_stencil_export: number;
  /** SET_RENDER_CONDITION */
  readonly conditional_render: number;
  /** draws begin at an instance */
  readonly start_instance: number;
  /** an index starts a new primitive */
  readonly primitive_restart: number;
  /** blend functions of alpha are separate */
  readonly blend_eq_sep: number;
  /** shaders know the instance */
  readonly instanceid: number;
  /** vertex elements advance by instance */
  readonly vertex_element_instance_divisor: number;
  /** cube maps filter across edges */
  readonly seamless_cube_map: number;
  /** occlusion queries */
  readonly occlusion_query: number;
  /** time queries */
  readonly timer_query: number;
  /** transform feedback pauses */
  readonly streamout_pause_resume: number;
  /** multisampled textures */
  readonly texture_multisample: number;
  /** origin and pixel centre of fragments may be chosen */
  readonly fragment_coord_conventions: number;
  /** clipping by depth may be off */
  readonly depth_clip_disable: number;
  /** seamless cube maps are chosen by sampler */
  readonly seamless_cube_map_per_texture: number;
  /** uniform buffers */
  readonly ubo: number;
  /** colours may be clamped (not in GL 3.1 core) */
  readonly color_clamping: number;
  /** polygon stipple (not in GL 3.1 core) */
  readonly poly_stipple: number;
  /** PIPE_TEX_WRAP_MIRROR_CLAMP */
  readonly mirror_clamp: number;
  /** shaders ask for the level of detail */
  readonly texture_query_lod: number;
  /** 64-bit floats in shaders */
  readonly has_fp64: number;
  /** tessellation */
  readonly has_tessellation_shaders: number;
  /** indirect draws */
  readonly has_indirect_draw: number;
  /** fragment shaders run by sample */
  readonly has_sample_shading: number;
  /** cull distances */
  readonly has_cull: number;
  /** conditions may be inverted */
  readonly conditional_render_inverted: number;
  /** coarse and fine derivatives */
  readonly derivative_control: number;
  /** polygon offset has a clamp */
  readonly polygon_offset_clamp: number;
  /** queries whether transform feedback overflowed */
  readonly transform_feedback_overflow_query: number;
}
/** The bits of virgl_caps_v1.bset, `struct virgl_caps_bool_set1`, by the header's names. */
export const VIRGL_CAPS_BSET: VirglCapsBset = Object.freeze({
  indep_blend_enable: 0x1,
  indep_blend_func: 0x2,
  cube_map_array: 0x4,
  shader_stencil_export: 0x8,
  conditional_render: 0x10,
  start_instance: 0x20,
  primitive_restart: 0x40,
  blend_eq_sep: 0x80,
  instanceid: 0x100,
  vertex_element_instance_divisor: 0x200,
  seamless_cube_map: 0x400,
  occlusion_query: 0x800,
  timer_query: 0x1000,
  streamout_pause_resume: 0x2000,
  texture_multisample: 0x4000,
  fragment_coord_conventions: 0x8000,
  depth_clip_disable: 0x10000,
  seamless_cube_map_per_texture: 0x20000,
  ubo: 0x40000,
  color_clamping: 0x80000,
  poly_stipple: 0x100000,
  mirror_clamp: 0x200000,
  texture_query_lod: 0x400000,
  has_fp64: 0x800000,
  has_tessellation_shaders: 0x1000000,
  has_indirect_draw: 0x2000000,
  has_sample_shading: 0x4000000,
  has_cull: 0x8000000,
  conditional_render_inverted: 0x10000000,
  derivative_control: 0x20000000,
  polygon_offset_clamp: 0x40000000,
  transform_feedback_overflow_query: 0x80000000,
});

/** A bit for each VIRGL_FORMAT_*, 0 to 511. */
export interface virgl_supported_format_mask {
  /** bit `n & 31` of word `n >> 5` is format n */
  bitmask: ArrayView<number>;
}
/** Layout of `struct virgl_supported_format_mask`: 64 bytes. */
export const virgl_supported_format_mask: Struct<virgl_supported_format_mask> = struct<virgl_supported_format_mask>(
  "virgl_supported_format_mask",
  {
    bitmask: array(u32, 16),
  },
  { size: 64 },
);

/** Whether a mask has a format. */
export function virglMaskHas(mask: virgl_supported_format_mask, format: number): boolean {
  return format >= 0 && format < 512 && (mask.bitmask[format >>> 5] >>> (format & 31) & 1) === 1;
}

/** Adds a format to a mask. Throws a RangeError for a number above 511. */
export function virglMaskAdd(mask: virgl_supported_format_mask, format: number): void {
  if (!(format >= 0 && format < 512)) throw new RangeError(`Cannot add format ${format}: a mask has 512`);
  mask.bitmask[format >>> 5] |= 1 << (format & 31);
}

/** Capability set VIRTIO_GPU_CAPSET_VIRGL, and the beginning of the second one. */
export interface virgl_caps_v1 {
  /** greatest capability set */
  max_version: number;
  /** formats that can be textures */
  sampler: View<virgl_supported_format_mask>;
  /** formats that can be colour buffers */
  render: View<virgl_supported_format_mask>;
  /** formats that can be depth or stencil buffers; hosts leave it empty */
  depthstencil: View<virgl_supported_format_mask>;
  /** formats that vertices can have */
  vertexbuffer: View<virgl_supported_format_mask>;
  /** bits of {@linkcode VIRGL_CAPS_BSET} */
  bset: number;
  /** GLSL version, for example 430 */
  glsl_level: number;
  /** layers */
  max_texture_array_layers: number;
  /** targets of transform feedback */
  max_streamout_buffers: number;
  /** colour buffers under dual-source blending */
  max_dual_source_render_targets: number;
  /** colour buffers */
  max_render_targets: number;
  /** samples a pixel */
  max_samples: number;
  /** a bit for each PIPE_PRIM_* that can be drawn */
  prim_mask: number;
  /** texels of a buffer texture */
  max_tbo_size: number;
  /** uniform buffers a stage, the default one counted */
  max_uniform_blocks: number;
  /** viewports */
  max_viewports: number;
  /** channels that a gather may choose from */
  max_texture_gather_components: number;
}
/** Layout of `struct virgl_caps_v1`: 308 bytes. */
export const virgl_caps_v1: Struct<virgl_caps_v1> = struct<virgl_caps_v1>("virgl_caps_v1", {
  max_version: u32,
  sampler: virgl_supported_format_mask.field(),
  render: virgl_supported_format_mask.field(),
  depthstencil: virgl_supported_format_mask.field(),
  vertexbuffer: virgl_supported_format_mask.field(),
  bset: u32,
  glsl_level: u32,
  max_texture_array_layers: u32,
  max_streamout_buffers: u32,
  max_dual_source_render_targets: u32,
  max_render_targets: u32,
  max_samples: u32,
  prim_mask: u32,
  max_tbo_size: u32,
  max_uniform_blocks: u32,
  max_viewports: u32,
  max_texture_gather_components: u32,
}, { size: 308 });
