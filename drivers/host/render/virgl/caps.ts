/**
 * What clients are told: the capability sets, from what the GPU has and this renderer implements. A client's driver decides by
 * them which OpenGL it offers and which commands it sends, so nothing is said that is not so.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { CapsetInfo } from "../../../../core/host3d.ts";
import { VIRGL_FORMATS, virglFormatIsAmbiguous } from "../../../../uapi/virgl_format.ts";
import { VIRGL_FORMAT_NONE } from "../../../../uapi/virgl_format_number.ts";
import { virtioGpuFourcc } from "../../../../uapi/virtio_gpu_format.ts";
import {
  VIRGL_CAP_CLEAR_TEXTURE,
  VIRGL_CAP_CLIP_HALFZ,
  VIRGL_CAP_COMPUTE_SHADER,
  VIRGL_CAP_COPY_IMAGE,
  VIRGL_CAP_COPY_TRANSFER,
  VIRGL_CAP_FB_NO_ATTACH,
  VIRGL_CAP_FBO_MIXED_COLOR_FORMATS,
  VIRGL_CAP_INDIRECT_PARAMS,
  VIRGL_CAP_MEMORY_BARRIER,
  VIRGL_CAP_MULTI_DRAW_INDIRECT,
  VIRGL_CAP_QBO,
  VIRGL_CAP_ROBUST_BUFFER_ACCESS,
  VIRGL_CAP_SET_MIN_SAMPLES,
  VIRGL_CAP_SRGB_WRITE_CONTROL,
  VIRGL_CAP_TEXTURE_BARRIER,
  VIRGL_CAP_TEXTURE_VIEW,
  VIRGL_CAP_TGSI_INVARIANT,
  VIRGL_CAP_TGSI_PRECISE,
  VIRGL_CAP_TRANSFER,
  VIRGL_CAP_TRANSFORM_FEEDBACK3,
  VIRGL_CAP_TXQS,
  VIRGL_CAP_V2_COPY_TRANSFER_BOTH_DIRECTIONS,
  VIRGL_CAP_V2_MEMINFO,
  VIRGL_CAP_V2_SSO,
  VIRGL_CAP_V2_STRING_MARKER,
  VIRGL_CAP_V2_VIDEO_MEMORY,
  VIRGL_CAPS_BSET as B,
  virgl_caps_v1,
  virgl_caps_v2,
  virglMaskAdd,
} from "../../../../uapi/virgl_hw.ts";
import { VIRGL_SHADER_COMPUTE, VIRGL_SHADER_FRAGMENT } from "../../../../uapi/virgl_protocol.ts";
import { VIRTIO_GPU_CAPSET_VIRGL, VIRTIO_GPU_CAPSET_VIRGL2 } from "../../../../uapi/virtio_gpu.ts";
import type { Formats, GpuFormat } from "./formats.ts";
import type { Gpu } from "./gpu.ts";
import { SAMPLE_PLACES } from "./sample_places.ts";

/** How much is offered: OpenGL 2.1 and ES 2.0, OpenGL 3.3 and ES 3.0, or OpenGL 4.3 and ES 3.1. */
export type CapsLevel = "gl21" | "gl33" | "gl43";

/** The version of the set's contents: what virglrenderer 0.10.4 fills in. */
const FEATURE_CHECK_VERSION = 15;
/** PIPE_PRIM_* that Vulkan draws: clients make triangles and lines of QUADS, QUAD_STRIP, POLYGON and LINE_LOOP. */
const PRIMS = 0x7c7f & ~(1 << 2);
/** Slots of a stage, whatever the GPU has more of. */
const MAX_SAMPLERS = 32, MAX_UNIFORM_BLOCKS = 15;
/** Storage buffers and images of a stage; threads of a block. */
const MAX_STORAGE = 16, MAX_THREADS = 1024;
/** Varyings of a patch, as in OpenGL. */
const MAX_PATCH_VARYINGS = 30;
/** Bytes of the constants of a stage (CONST[]), and of a uniform buffer. */
const MAX_CONSTANT_BYTES = 65536;

/** The sets of one GPU. */
export class VirglCaps {
  /** Which there are. */
  readonly infos: readonly CapsetInfo[] = [
    { id: VIRTIO_GPU_CAPSET_VIRGL, maxVersion: 1, maxSize: virgl_caps_v1.size },
    { id: VIRTIO_GPU_CAPSET_VIRGL2, maxVersion: 2, maxSize: virgl_caps_v2.size },
  ];
  readonly #bytes: Uint8Array;

  /** Describes a GPU. */
  constructor(gpu: Gpu, formats: Formats, level: CapsLevel) {
    this.#bytes = virgl_caps_v2.bytes(describe(gpu, formats, level));
  }

  /** A set's bytes; a copy. @throws {DrmError} EINVAL for a set or version that is none */
  bytes(id: number, version: number): Uint8Array {
    const info = this.infos.find((info) => info.id === id);
    if (info === undefined || !(version >= 0 && version <= info.maxVersion)) {
      throw new DrmError("EINVAL", `Cannot give version ${version} of capability set ${id}: there is none`);
    }
    const copy = this.#bytes.slice(0, info.maxSize);
    // max_version is the first word: each set says its own.
    new DataView(copy.buffer).setUint32(0, info.maxVersion, true);
    return copy;
  }
}

function describe(gpu: Gpu, formats: Formats, level: CapsLevel): ReturnType<typeof virgl_caps_v2.of> {
  const { limits, has, device } = gpu, full = level !== "gl21", more = level === "gl43";
  const most = (limit: number, ours: number) => Math.min(limit, ours);
  const samples = full ? maxSamples(limits) : 1;
  const caps = virgl_caps_v2.of({
    v1: {
      max_version: 2,
      bset: full ? bset(gpu, samples) | (more ? moreBset(gpu) : 0) : B.fragment_coord_conventions,
      glsl_level: more ? glslLevel(gpu) : full ? 330 : 120,
      max_texture_array_layers: full ? limits.maxImageArrayLayers : 0,
      max_streamout_buffers: full && has.transformFeedback ? 4 : 0,
      max_dual_source_render_targets: full && has.dualSrcBlend ? most(limits.maxFragmentDualSrcAttachments, 1) : 0,
      max_render_targets: full ? most(limits.maxColorAttachments, 8) : 1,
      max_samples: samples,
      prim_mask: full && has.geometryShader ? PRIMS : PRIMS & 0x7f,
      max_tbo_size: full ? most(limits.maxTexelBufferElements, 1 << 27) : 0,
      // One of a stage's is the renderer's own.
      max_uniform_blocks: full ? most(limits.maxPerStageDescriptorUniformBuffers - 1, MAX_UNIFORM_BLOCKS) : 1,
      max_viewports: full && has.multiViewport && has.geometryShader ? most(limits.maxViewports, 16) : 1,
      max_texture_gather_components: full && has.shaderImageGatherExtended ? 4 : 0,
    },
    min_aliased_point_size: limits.pointSizeRange[0],
    max_aliased_point_size: has.largePoints ? limits.pointSizeRange[1] : 1,
    min_smooth_point_size: limits.pointSizeRange[0],
    max_smooth_point_size: has.largePoints ? limits.pointSizeRange[1] : 1,
    min_aliased_line_width: limits.lineWidthRange[0],
    max_aliased_line_width: has.wideLines ? limits.lineWidthRange[1] : 1,
    min_smooth_line_width: limits.lineWidthRange[0],
    max_smooth_line_width: has.wideLines ? limits.lineWidthRange[1] : 1,
    max_texture_lod_bias: most(limits.maxSamplerLodBias, 16),
    max_geom_output_vertices: full && has.geometryShader ? limits.maxGeometryOutputVertices : 0,
    max_geom_total_output_components: full && has.geometryShader ? limits.maxGeometryTotalOutputComponents : 0,
    max_vertex_outputs: most(Math.floor(limits.maxVertexOutputComponents / 4), 32),
    max_vertex_attribs: 16,
    max_shader_patch_varyings: more && has.tessellationShader ? MAX_PATCH_VARYINGS : 0,
    min_texel_offset: Math.max(limits.minTexelOffset, -32),
    max_texel_offset: most(limits.maxTexelOffset, 31),
    min_texture_gather_offset: Math.max(limits.minTexelGatherOffset, -32),
    max_texture_gather_offset: most(limits.maxTexelGatherOffset, 31),
    texture_buffer_offset_alignment: Math.max(16, Number(limits.minTexelBufferOffsetAlignment)),
    uniform_buffer_offset_alignment: Math.max(16, Number(limits.minUniformBufferOffsetAlignment)),
    ...(more ? storage(gpu) : {}),
    capability_bits: full
      ? (bits(gpu) | (more ? moreBits(gpu) : 0)) >>> 0
      : VIRGL_CAP_ROBUST_BUFFER_ACCESS | VIRGL_CAP_FBO_MIXED_COLOR_FORMATS,
    sample_locations: sampleLocations(sampleCounts(limits)),
    max_vertex_attrib_stride: most(limits.maxVertexInputBindingStride, 2048),
    max_texture_2d_size: most(limits.maxImageDimension2D, 16384),
    max_texture_3d_size: most(limits.maxImageDimension3D, 2048),
    max_texture_cube_size: most(limits.maxImageDimensionCube, 16384),
    host_feature_check_version: FEATURE_CHECK_VERSION,
    capability_bits_v2: VIRGL_CAP_V2_VIDEO_MEMORY | (full ? BITS_V2 : 0),
    max_video_memory: device.physical.memory.heaps.reduce((sum, { size }) => Math.max(sum, Number(size >> 20n)), 0),
    renderer: rendererName(device.physical.name),
    max_anisotropy: has.samplerAnisotropy ? limits.maxSamplerAnisotropy : 1,
    max_shader_sampler_views: most(
      Math.min(limits.maxPerStageDescriptorSamplers, limits.maxPerStageDescriptorSampledImages),
      full ? MAX_SAMPLERS : 16,
    ),
    // Mesa may put a vector of its own behind all that a program may have.
    max_const_buffer_size: new Array(6).fill(most(limits.maxUniformBufferRange, MAX_CONSTANT_BYTES) - 16),
    max_uniform_block_size: most(limits.maxUniformBufferRange, MAX_CONSTANT_BYTES),
    max_tcs_outputs: most(Math.floor(limits.maxTessellationControlPerVertexOutputComponents / 4), 32),
    max_tes_outputs: most(Math.floor(limits.maxTessellationEvaluationOutputComponents / 4), 32),
  });
  for (const format of formats.all()) {
    const { virgl } = format;
    if (virglFormatIsAmbiguous(virgl)) continue;
    const image = isTexture(format);
    // Views of another's stencil.
    const stencil = more && format.canSample && format.info.isStencil && !format.info.isDepth;
    if (image || stencil || format.canTexelBuffer && full && isWide(format)) virglMaskAdd(caps.v1.sampler, virgl);
    if (format.canRender) virglMaskAdd(caps.v1.render, virgl);
    if (format.canDepth) virglMaskAdd(caps.v1.depthstencil, virgl);
    if (image) virglMaskAdd(caps.supported_readback_formats, virgl);
    if (image && virtioGpuFourcc(virgl) !== undefined) virglMaskAdd(caps.scanout, virgl);
    const several = (format.canRender || format.canDepth) && (format.sampleCounts & samples) !== 0;
    if (several && samples > 1) virglMaskAdd(caps.supported_multisample_formats, virgl);
  }
  // Of framebuffers without attachments.
  if (samples > 1) virglMaskAdd(caps.supported_multisample_formats, VIRGL_FORMAT_NONE);
  for (const { number } of VIRGL_FORMATS) {
    if (formats.vertexFetch(number) !== undefined && !virglFormatIsAmbiguous(number)) {
      virglMaskAdd(caps.v1.vertexbuffer, number);
    }
  }
  return caps;
}

/** Whether clients may make textures of a format: it can be sampled, and is no mere view of another's stencil. */
function isTexture(format: GpuFormat): boolean {
  return format.canSample && (format.canDepth || !format.info.isStencil);
}

/** Formats of 96 bits, which clients use for texel buffers only. */
function isWide(format: GpuFormat): boolean {
  return format.blockBytes === 12;
}

/** VkSampleCountFlags that all images have. */
function sampleCounts(limits: Gpu["limits"]): number {
  return limits.framebufferColorSampleCounts & limits.framebufferDepthSampleCounts &
      limits.framebufferStencilSampleCounts & limits.sampledImageColorSampleCounts &
      limits.sampledImageIntegerSampleCounts & limits.sampledImageDepthSampleCounts & 0xf | 1;
}

function maxSamples(limits: Gpu["limits"]): number {
  return 2 ** (31 - Math.clz32(sampleCounts(limits)));
}

/** Bits of commands and shader features that are there on every GPU, and of those that depend on it. */
function bits({ has }: Gpu): number {
  return (VIRGL_CAP_COPY_IMAGE | VIRGL_CAP_ROBUST_BUFFER_ACCESS | VIRGL_CAP_TEXTURE_BARRIER |
    VIRGL_CAP_MEMORY_BARRIER | VIRGL_CAP_SRGB_WRITE_CONTROL | VIRGL_CAP_FBO_MIXED_COLOR_FORMATS |
    VIRGL_CAP_CLIP_HALFZ | VIRGL_CAP_CLEAR_TEXTURE | VIRGL_CAP_TEXTURE_VIEW | VIRGL_CAP_TXQS |
    VIRGL_CAP_TGSI_INVARIANT | VIRGL_CAP_TGSI_PRECISE | VIRGL_CAP_QBO | VIRGL_CAP_FB_NO_ATTACH |
    VIRGL_CAP_TRANSFER | VIRGL_CAP_COPY_TRANSFER |
    (has.sampleRateShading ? VIRGL_CAP_SET_MIN_SAMPLES : 0)) >>> 0;
}

/** The same of the second word. */
const BITS_V2 = VIRGL_CAP_V2_SSO | VIRGL_CAP_V2_STRING_MARKER | VIRGL_CAP_V2_MEMINFO |
  VIRGL_CAP_V2_COPY_TRANSFER_BOTH_DIRECTIONS;

function bset({ has, limits }: Gpu, samples: number): number {
  const bit = (on: boolean, value: number) => on ? value : 0;
  return (B.indep_blend_enable | B.indep_blend_func | B.blend_eq_sep | B.instanceid | B.seamless_cube_map |
    B.occlusion_query | B.fragment_coord_conventions | B.ubo | B.start_instance | B.conditional_render |
    B.primitive_restart | B.texture_query_lod | B.derivative_control |
    bit(has.sampleRateShading, B.has_sample_shading) |
    bit(has.vertexDivisor, B.vertex_element_instance_divisor) |
    bit(has.imageCubeArray, B.cube_map_array) |
    bit(has.shaderStencilExport, B.shader_stencil_export) |
    bit(limits.timestampComputeAndGraphics, B.timer_query) |
    bit(has.transformFeedback, B.streamout_pause_resume) |
    bit(samples > 1, B.texture_multisample) |
    bit(has.depthClamp || has.depthClipEnable, B.depth_clip_disable) |
    bit(has.nonSeamlessCubeMap, B.seamless_cube_map_per_texture) |
    bit(has.depthBiasClamp, B.polygon_offset_clamp) |
    B.conditional_render_inverted) >>> 0;
}

/** The GLSL that all features of the GPU allow. */
function glslLevel({ has }: Gpu): number {
  const four = has.geometryShader && has.tessellationShader && has.shaderFloat64 && has.sampleRateShading &&
    has.imageCubeArray && has.shaderImageGatherExtended && has.transformFeedback && has.geometryStreams;
  if (!four) return 330;
  return has.multiViewport && canStore(has) ? 430 : 400;
}

/** Whether all stages may store. */
function canStore(has: Gpu["has"]): boolean {
  return has.fragmentStoresAndAtomics && has.vertexPipelineStoresAndAtomics && has.shaderStorageImageWriteWithoutFormat;
}

function moreBset({ has }: Gpu): number {
  return ((has.tessellationShader ? B.has_tessellation_shaders : 0) | B.has_indirect_draw |
    (has.shaderFloat64 ? B.has_fp64 : 0) | (has.shaderCullDistance ? B.has_cull : 0)) >>> 0;
}

function moreBits({ has }: Gpu): number {
  return VIRGL_CAP_COMPUTE_SHADER | VIRGL_CAP_MULTI_DRAW_INDIRECT | VIRGL_CAP_INDIRECT_PARAMS |
    (has.transformFeedback && has.geometryStreams ? VIRGL_CAP_TRANSFORM_FEEDBACK3 : 0);
}

/** Storage and compute shaders. Atomic counters are not among them: clients make storage buffers of them. */
function storage({ has, limits }: Gpu) {
  const buffers = Math.min(limits.maxPerStageDescriptorStorageBuffers, MAX_STORAGE);
  const images = Math.min(limits.maxPerStageDescriptorStorageImages, MAX_STORAGE);
  const [stores, others] = [canStore(has), canStore(has) && has.vertexPipelineStoresAndAtomics];
  return {
    shader_buffer_offset_alignment: Math.max(16, Number(limits.minStorageBufferOffsetAlignment)),
    max_shader_buffer_frag_compute: stores ? buffers : 0,
    max_shader_buffer_other_stages: others ? buffers : 0,
    max_shader_storage_blocks: [0, 1, 2, 3, 4, 5].map((stage) =>
      stage === VIRGL_SHADER_FRAGMENT || stage === VIRGL_SHADER_COMPUTE ? (stores ? buffers : 0) : others ? buffers : 0
    ),
    max_combined_shader_buffers: stores ? Math.min(limits.maxDescriptorSetStorageBuffers, 6 * buffers) : 0,
    max_shader_image_frag_compute: stores ? images : 0,
    max_shader_image_other_stages: others ? images : 0,
    max_compute_work_group_invocations: Math.min(limits.maxComputeWorkGroupInvocations, MAX_THREADS),
    max_compute_shared_memory_size: Math.min(limits.maxComputeSharedMemorySize, 65536),
    max_compute_grid_size: [...limits.maxComputeWorkGroupCount].map((count) => Math.min(count, 65535)),
    max_compute_block_size: [...limits.maxComputeWorkGroupSize].map((size) => Math.min(size, MAX_THREADS)),
  };
}

/** "udrm (llvmpipe (LLVM 15.0.6, 256 bits))", cut to 63 characters: clients put "virgl ( )" around it. */
function rendererName(gpu: string): string {
  const ascii = gpu.replace(/[^\x20-\x7e]/g, "?");
  return `udrm (${ascii.slice(0, 50)})`;
}

/**
 * Where samples are, for each count that a client may ask for: of images that get more than that, it sees the first.
 * @param counts VkSampleCountFlags of the GPU. @returns `sample_locations`
 */
export function sampleLocations(counts: number): number[] {
  const words = new Array<number>(8).fill(0);
  for (const [samples, word] of [[2, 0], [4, 1], [8, 2]] as const) {
    let there: number = samples;
    while (there < 8 && (counts & there) === 0) there *= 2;
    SAMPLE_PLACES[there].slice(0, samples).forEach((place, i) => words[word + (i >> 2)] |= place << (8 * (i & 3)));
  }
  return words.map((word) => word >>> 0);
}
