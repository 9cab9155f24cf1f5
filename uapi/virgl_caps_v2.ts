/**
 * The second capability set of virgl. Mirrors struct virgl_caps_v2 of Mesa's virgl_hw.h, as of Mesa 25; virglrenderer 0.10.4 knows the first
 * {@linkcode VIRGL_CAPS_V2_MIN_SIZE} bytes.
 * @module
 */

import { array, type ArrayView, chars, f32, s32, type Struct, struct, u16, u32, u8, type View } from "./struct.ts";
import { virgl_caps_v1, virgl_supported_format_mask } from "./virgl_caps_v1.ts";

/** Bytes that virglrenderer 0.10.4 and Mesa 22.3 know. */
export const VIRGL_CAPS_V2_MIN_SIZE = 1376;

/** What a video codec of the host can do. */
export interface virgl_video_caps {
  /** PIPE_VIDEO_PROFILE_* */
  profile: number;
  /** PIPE_VIDEO_ENTRYPOINT_* */
  entrypoint: number;
  /** greatest level of the profile */
  max_level: number;
  /** frames at once */
  stacked_frames: number;
  /** pixels */
  max_width: number;
  /** lines */
  max_height: number;
  /** VIRGL_FORMAT_* */
  prefered_format: number;
  /** macroblocks */
  max_macroblocks: number;
  /** bit 0: any size; 1: progressive; 2: interlaced; 3: better interlaced; 4 to 11: temporal layers */
  bits: number;
}
/** Layout of `struct virgl_video_caps`: 16 bytes. */
export const virgl_video_caps: Struct<virgl_video_caps> = struct<virgl_video_caps>("virgl_video_caps", {
  profile: u8,
  entrypoint: u8,
  max_level: u8,
  stacked_frames: u8,
  max_width: u16,
  max_height: u16,
  prefered_format: u16,
  max_macroblocks: u16,
  bits: u32,
}, { size: 16 });

/** Capability set VIRTIO_GPU_CAPSET_VIRGL2. It grows at its end: a client takes what it knows, a short one leaves the rest zero. */
export interface virgl_caps_v2 {
  /** the first version */
  v1: View<virgl_caps_v1>;
  /** pixels */
  min_aliased_point_size: number;
  /** pixels */
  max_aliased_point_size: number;
  /** pixels */
  min_smooth_point_size: number;
  /** pixels */
  max_smooth_point_size: number;
  /** pixels */
  min_aliased_line_width: number;
  /** pixels */
  max_aliased_line_width: number;
  /** pixels */
  min_smooth_line_width: number;
  /** pixels */
  max_smooth_line_width: number;
  /** levels */
  max_texture_lod_bias: number;
  /** vertices of a geometry shader */
  max_geom_output_vertices: number;
  /** components of all of them */
  max_geom_total_output_components: number;
  /** vectors */
  max_vertex_outputs: number;
  /** vertex elements */
  max_vertex_attribs: number;
  /** vectors a patch */
  max_shader_patch_varyings: number;
  /** texels */
  min_texel_offset: number;
  /** texels */
  max_texel_offset: number;
  /** texels */
  min_texture_gather_offset: number;
  /** texels */
  max_texture_gather_offset: number;
  /** bytes */
  texture_buffer_offset_alignment: number;
  /** bytes */
  uniform_buffer_offset_alignment: number;
  /** bytes; 0 without storage buffers */
  shader_buffer_offset_alignment: number;
  /** VIRGL_CAP_* */
  capability_bits: number;
  /** see {@linkcode virglSampleLocation} */
  sample_locations: ArrayView<number>;
  /** bytes */
  max_vertex_attrib_stride: number;
  /** storage buffers of a fragment or compute shader */
  max_shader_buffer_frag_compute: number;
  /** storage buffers of other stages */
  max_shader_buffer_other_stages: number;
  /** images of a fragment or compute shader */
  max_shader_image_frag_compute: number;
  /** images of other stages */
  max_shader_image_other_stages: number;
  /** samples of an image */
  max_image_samples: number;
  /** invocations */
  max_compute_work_group_invocations: number;
  /** bytes */
  max_compute_shared_memory_size: number;
  /** groups by axis */
  max_compute_grid_size: ArrayView<number>;
  /** invocations by axis */
  max_compute_block_size: ArrayView<number>;
  /** pixels */
  max_texture_2d_size: number;
  /** pixels */
  max_texture_3d_size: number;
  /** pixels */
  max_texture_cube_size: number;
  /** storage buffers of all stages */
  max_combined_shader_buffers: number;
  /** by stage */
  max_atomic_counters: ArrayView<number>;
  /** by stage */
  max_atomic_counter_buffers: ArrayView<number>;
  /** of all stages */
  max_combined_atomic_counters: number;
  /** of all stages */
  max_combined_atomic_counter_buffers: number;
  /** version of what the host filled in: 15 with virglrenderer 0.10.4 */
  host_feature_check_version: number;
  /** formats that can be read back */
  supported_readback_formats: View<virgl_supported_format_mask>;
  /** formats that a screen can show */
  scanout: View<virgl_supported_format_mask>;
  /** VIRGL_CAP_V2_* */
  capability_bits_v2: number;
  /** MiB */
  max_video_memory: number;
  /** the host's GL_RENDERER */
  renderer: string;
  /** samples */
  max_anisotropy: number;
  /** samplers a stage; max_texture_samplers in later headers */
  max_shader_sampler_views: number;
  /** formats that can have several samples */
  supported_multisample_formats: View<virgl_supported_format_mask>;
  /** bytes by stage */
  max_const_buffer_size: ArrayView<number>;
  /** elements of video_caps */
  num_video_caps: number;
  /** video codecs */
  video_caps: ArrayView<View<virgl_video_caps>>;
  /** bytes */
  max_uniform_block_size: number;
  /** vectors of a tessellation control shader; counts from feature version 19 on */
  max_tcs_outputs: number;
  /** vectors of a tessellation evaluation shader; counts from feature version 19 on */
  max_tes_outputs: number;
  /** by stage */
  max_shader_storage_blocks: ArrayView<number>;
}
/** Layout of `struct virgl_caps_v2`: 1408 bytes. */
export const virgl_caps_v2: Struct<virgl_caps_v2> = struct<virgl_caps_v2>("virgl_caps_v2", {
  v1: virgl_caps_v1.field(),
  min_aliased_point_size: f32,
  max_aliased_point_size: f32,
  min_smooth_point_size: f32,
  max_smooth_point_size: f32,
  min_aliased_line_width: f32,
  max_aliased_line_width: f32,
  min_smooth_line_width: f32,
  max_smooth_line_width: f32,
  max_texture_lod_bias: f32,
  max_geom_output_vertices: u32,
  max_geom_total_output_components: u32,
  max_vertex_outputs: u32,
  max_vertex_attribs: u32,
  max_shader_patch_varyings: u32,
  min_texel_offset: s32,
  max_texel_offset: s32,
  min_texture_gather_offset: s32,
  max_texture_gather_offset: s32,
  texture_buffer_offset_alignment: u32,
  uniform_buffer_offset_alignment: u32,
  shader_buffer_offset_alignment: u32,
  capability_bits: u32,
  sample_locations: array(u32, 8),
  max_vertex_attrib_stride: u32,
  max_shader_buffer_frag_compute: u32,
  max_shader_buffer_other_stages: u32,
  max_shader_image_frag_compute: u32,
  max_shader_image_other_stages: u32,
  max_image_samples: u32,
  max_compute_work_group_invocations: u32,
  max_compute_shared_memory_size: u32,
  max_compute_grid_size: array(u32, 3),
  max_compute_block_size: array(u32, 3),
  max_texture_2d_size: u32,
  max_texture_3d_size: u32,
  max_texture_cube_size: u32,
  max_combined_shader_buffers: u32,
  max_atomic_counters: array(u32, 6),
  max_atomic_counter_buffers: array(u32, 6),
  max_combined_atomic_counters: u32,
  max_combined_atomic_counter_buffers: u32,
  host_feature_check_version: u32,
  supported_readback_formats: virgl_supported_format_mask.field(),
  scanout: virgl_supported_format_mask.field(),
  capability_bits_v2: u32,
  max_video_memory: u32,
  renderer: chars(64),
  max_anisotropy: f32,
  max_shader_sampler_views: u32,
  supported_multisample_formats: virgl_supported_format_mask.field(),
  max_const_buffer_size: array(u32, 6),
  num_video_caps: u32,
  video_caps: array(virgl_video_caps.field(), 32),
  max_uniform_block_size: u32,
  max_tcs_outputs: u32,
  max_tes_outputs: u32,
  max_shader_storage_blocks: array(u32, 6),
}, { size: 1408 });

// Where the positions of 2, 4, 8 and 16 samples begin in sample_locations, words.
const SAMPLE_WORDS: readonly (readonly [samples: number, word: number])[] = [[2, 0], [4, 1], [8, 2], [16, 4]];

/**
 * Where a sample lies in its pixel, in sixteenths: x in the upper four bits of the byte, y in the lower four.
 *
 * @param caps the set.
 * @param samples samples a pixel, 1 to 16; counts between the powers of two have the positions of the next one.
 * @param index the sample.
 * @throws {RangeError} for a sample that the count has not.
 */
export function virglSampleLocation(
  caps: Pick<virgl_caps_v2, "sample_locations">,
  samples: number,
  index: number,
): { x: number; y: number } {
  const found = SAMPLE_WORDS.find(([most]) => samples <= most);
  if (!found || !(index >= 0 && index < samples)) {
    throw new RangeError(`Cannot locate sample ${index} of ${samples}: counts go to 16`);
  }
  if (samples <= 1) return { x: 8, y: 8 };
  const bits = caps.sample_locations[found[1] + (index >> 2)] >>> (8 * (index & 3));
  return { x: bits >>> 4 & 15, y: bits & 15 };
}
