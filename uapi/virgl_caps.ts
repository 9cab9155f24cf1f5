/**
 * What virgl resources are bound as, and the capability bits of virgl: plain numbers. Mirrors those #defines of Mesa's virgl_hw.h; the
 * structs they stand in are virgl_hw.ts.
 * @module
 */

/** Bind flag: a depth or stencil buffer. */
export const VIRGL_BIND_DEPTH_STENCIL = 0x1;
/** Bind flag: a colour buffer. */
export const VIRGL_BIND_RENDER_TARGET = 0x2;
/** Bind flag: a texture. */
export const VIRGL_BIND_SAMPLER_VIEW = 0x8;
/** Bind flag: a vertex buffer. */
export const VIRGL_BIND_VERTEX_BUFFER = 0x10;
/** Bind flag: an index buffer. */
export const VIRGL_BIND_INDEX_BUFFER = 0x20;
/** Bind flag: a uniform buffer. */
export const VIRGL_BIND_CONSTANT_BUFFER = 0x40;
/** Bind flag: shown by a window system. */
export const VIRGL_BIND_DISPLAY_TARGET = 0x80;
/** Bind flag: arguments of indirect draws. */
export const VIRGL_BIND_COMMAND_ARGS = 0x100;
/** Bind flag: a target of transform feedback. */
export const VIRGL_BIND_STREAM_OUTPUT = 0x800;
/** Bind flag: a storage buffer or image. */
export const VIRGL_BIND_SHADER_BUFFER = 0x4000;
/** Bind flag: a buffer for query results. */
export const VIRGL_BIND_QUERY_BUFFER = 0x8000;
/** Bind flag: a cursor's image. */
export const VIRGL_BIND_CURSOR = 0x10000;
/** Bind flag: memory of the guest alone: fences and query states. */
export const VIRGL_BIND_CUSTOM = 0x20000;
/** Bind flag: shown on a screen. */
export const VIRGL_BIND_SCANOUT = 0x40000;
/** Bind flag: backed by guest memory that the host only reads. */
export const VIRGL_BIND_STAGING = 0x80000;
/** Bind flag: shared with other processes. */
export const VIRGL_BIND_SHARED = 0x100000;
/** Bind flag: BGRA is to be emulated. */
export const VIRGL_BIND_PREFER_EMULATED_BGRA = 0x200000;
/** Bind flag: not tiled. */
export const VIRGL_BIND_LINEAR = 0x400000;
/** Bind flag: the bits that minigbm defines. */
export const VIRGL_BIND_SHARED_SUBFLAGS = 0xff000000;
/** Bind flag: minigbm: a camera writes it. */
export const VIRGL_BIND_MINIGBM_CAMERA_WRITE = 0x1000000;
/** Bind flag: minigbm: a camera reads it. */
export const VIRGL_BIND_MINIGBM_CAMERA_READ = 0x2000000;
/** Bind flag: minigbm: for a video decoder. */
export const VIRGL_BIND_MINIGBM_HW_VIDEO_DECODER = 0x4000000;
/** Bind flag: minigbm: for a video encoder. */
export const VIRGL_BIND_MINIGBM_HW_VIDEO_ENCODER = 0x8000000;
/** Bind flag: minigbm: the CPU reads it often. */
export const VIRGL_BIND_MINIGBM_SW_READ_OFTEN = 0x10000000;
/** Bind flag: minigbm: the CPU reads it at times. */
export const VIRGL_BIND_MINIGBM_SW_READ_RARELY = 0x20000000;
/** Bind flag: minigbm: the CPU writes it often. */
export const VIRGL_BIND_MINIGBM_SW_WRITE_OFTEN = 0x40000000;
/** Bind flag: minigbm: the CPU writes it at times. */
export const VIRGL_BIND_MINIGBM_SW_WRITE_RARELY = 0x80000000;
/** Bind flag: minigbm: protected content; instead of the SW flags. */
export const VIRGL_BIND_MINIGBM_PROTECTED = 0xf0000000;
/** Resource flag: line 0 is the top one. */
export const VIRGL_RESOURCE_Y_0_TOP = 0x1;
/** Resource flag: may stay mapped while the GPU uses it. */
export const VIRGL_RESOURCE_FLAG_MAP_PERSISTENT = 0x2;
/** Resource flag: a mapping sees the GPU's writes at once. */
export const VIRGL_RESOURCE_FLAG_MAP_COHERENT = 0x4;
/** No capability. */
export const VIRGL_CAP_NONE = 0;
/** capability_bits: shaders may declare invariant outputs. */
export const VIRGL_CAP_TGSI_INVARIANT = 0x1;
/** capability_bits: sampler views may have a target and a format class of their own. */
export const VIRGL_CAP_TEXTURE_VIEW = 0x2;
/** capability_bits: there is SET_MIN_SAMPLES. */
export const VIRGL_CAP_SET_MIN_SAMPLES = 0x4;
/** capability_bits: RESOURCE_COPY_REGION copies between formats of a size. */
export const VIRGL_CAP_COPY_IMAGE = 0x8;
/** capability_bits: shaders may say _PRECISE. */
export const VIRGL_CAP_TGSI_PRECISE = 0x10;
/** capability_bits: shaders may ask a texture for its samples. */
export const VIRGL_CAP_TXQS = 0x20;
/** capability_bits: there is MEMORY_BARRIER. */
export const VIRGL_CAP_MEMORY_BARRIER = 0x40;
/** capability_bits: there are compute shaders. */
export const VIRGL_CAP_COMPUTE_SHADER = 0x80;
/** capability_bits: there is SET_FRAMEBUFFER_STATE_NO_ATTACH. */
export const VIRGL_CAP_FB_NO_ATTACH = 0x100;
/** capability_bits: accesses outside a buffer are harmless. */
export const VIRGL_CAP_ROBUST_BUFFER_ACCESS = 0x200;
/** capability_bits: fragment shaders may read the framebuffer. */
export const VIRGL_CAP_TGSI_FBFETCH = 0x400;
/** capability_bits: shaders may read a clock. */
export const VIRGL_CAP_SHADER_CLOCK = 0x800;
/** capability_bits: there is TEXTURE_BARRIER. */
export const VIRGL_CAP_TEXTURE_BARRIER = 0x1000;
/** capability_bits: shaders may declare components of inputs and outputs. */
export const VIRGL_CAP_TGSI_COMPONENTS = 0x2000;
/** capability_bits: the guest may set the host's debug flags. */
export const VIRGL_CAP_GUEST_MAY_INIT_LOG = 0x4000;
/** capability_bits: surfaces of sRGB textures may be linear. */
export const VIRGL_CAP_SRGB_WRITE_CONTROL = 0x8000;
/** capability_bits: there is GET_QUERY_RESULT_QBO. */
export const VIRGL_CAP_QBO = 0x10000;
/** capability_bits: there are TRANSFER3D and END_TRANSFERS. */
export const VIRGL_CAP_TRANSFER = 0x20000;
/** capability_bits: colour buffers may differ in format. */
export const VIRGL_CAP_FBO_MIXED_COLOR_FORMATS = 0x40000;
/** capability_bits: the host renders with GL ES. */
export const VIRGL_CAP_HOST_IS_GLES = 0x80000;
/** capability_bits: resources may be VIRGL_BIND_COMMAND_ARGS. */
export const VIRGL_CAP_BIND_COMMAND_ARGS = 0x100000;
/** capability_bits: an indirect draw may be several. */
export const VIRGL_CAP_MULTI_DRAW_INDIRECT = 0x200000;
/** capability_bits: an indirect draw may take its count from a buffer. */
export const VIRGL_CAP_INDIRECT_PARAMS = 0x400000;
/** capability_bits: transform feedback has streams and pauses. */
export const VIRGL_CAP_TRANSFORM_FEEDBACK3 = 0x800000;
/** capability_bits: 3D textures may be ASTC. */
export const VIRGL_CAP_3D_ASTC = 0x1000000;
/** capability_bits: shaders may index their inputs. */
export const VIRGL_CAP_INDIRECT_INPUT_ADDR = 0x2000000;
/** capability_bits: there is COPY_TRANSFER3D to the host. */
export const VIRGL_CAP_COPY_TRANSFER = 0x4000000;
/** capability_bits: depth may clip to 0..1. */
export const VIRGL_CAP_CLIP_HALFZ = 0x8000000;
/** capability_bits: there is SET_TWEAKS. */
export const VIRGL_CAP_APP_TWEAK_SUPPORT = 0x10000000;
/** capability_bits: the host emulates sRGB of BGRA formats. */
export const VIRGL_CAP_BGRA_SRGB_IS_EMULATED = 0x20000000;
/** capability_bits: there is CLEAR_TEXTURE. */
export const VIRGL_CAP_CLEAR_TEXTURE = 0x40000000;
/** capability_bits: buffers may stay mapped. */
export const VIRGL_CAP_ARB_BUFFER_STORAGE = 0x80000000;
/** Older name of VIRGL_CAP_HOST_IS_GLES: 64-bit floats are not what they seem. */
export const VIRGL_CAP_FAKE_FP64 = 0x80000;
/** capability_bits_v2: advanced blend equations. */
export const VIRGL_CAP_V2_BLEND_EQUATION = 0x1;
/** capability_bits_v2: there is PIPE_RESOURCE_SET_TYPE. */
export const VIRGL_CAP_V2_UNTYPED_RESOURCE = 0x2;
/** capability_bits_v2: `max_video_memory` counts. */
export const VIRGL_CAP_V2_VIDEO_MEMORY = 0x4;
/** capability_bits_v2: there is GET_MEMORY_INFO. */
export const VIRGL_CAP_V2_MEMINFO = 0x8;
/** capability_bits_v2: there is EMIT_STRING_MARKER. */
export const VIRGL_CAP_V2_STRING_MARKER = 0x10;
/** capability_bits_v2: the host renders on another GPU than it shows on. */
export const VIRGL_CAP_V2_DIFFERENT_GPU = 0x20;
/** capability_bits_v2: there are VIRGL_OBJECT_MSAA_SURFACE. */
export const VIRGL_CAP_V2_IMPLICIT_MSAA = 0x40;
/** capability_bits_v2: COPY_TRANSFER3D goes from the host, too. */
export const VIRGL_CAP_V2_COPY_TRANSFER_BOTH_DIRECTIONS = 0x80;
/** capability_bits_v2: scanouts come from GBM. */
export const VIRGL_CAP_V2_SCANOUT_USES_GBM = 0x100;
/** capability_bits_v2: stages may be linked separately. */
export const VIRGL_CAP_V2_SSO = 0x200;
/** capability_bits_v2: shadow samplers may take a level of detail. */
export const VIRGL_CAP_V2_TEXTURE_SHADOW_LOD = 0x400;
/** capability_bits_v2: vertex shaders may choose the layer. */
export const VIRGL_CAP_V2_VS_VERTEX_LAYER = 0x800;
/** capability_bits_v2: vertex shaders may choose the viewport. */
export const VIRGL_CAP_V2_VS_VIEWPORT_INDEX = 0x1000;
/** capability_bits_v2: there are queries of pipeline statistics. */
export const VIRGL_CAP_V2_PIPELINE_STATISTICS_QUERY = 0x2000;
/** capability_bits_v2: shaders may read the base vertex, base instance and number of a draw. */
export const VIRGL_CAP_V2_DRAW_PARAMETERS = 0x4000;
/** capability_bits_v2: shaders may vote. */
export const VIRGL_CAP_V2_GROUP_VOTE = 0x8000;
/** capability_bits_v2: samplers may mirror once, to the edge; counts from feature version 20 on. */
export const VIRGL_CAP_V2_MIRROR_CLAMP_TO_EDGE = 0x1_0000;
/** capability_bits_v2: samplers may mirror once, to the border; counts from feature version 22 on. */
export const VIRGL_CAP_V2_MIRROR_CLAMP = 0x2_0000;
