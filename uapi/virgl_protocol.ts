/**
 * The command stream of virgl: headers, command and object numbers. Mirrors Mesa's virgl_protocol.h. The payload of objects is
 * virgl_object.ts, that of commands virgl_command.ts; their lengths are virgl_command_table.ts. Offsets are the header's: in
 * dwords from the command's header, which is dword 0.
 *
 * ```ts
 * import { VIRGL_CCMD_SET_SUB_CTX, VIRGL_CMD0, virglCommandLength } from "udrm/uapi/virgl_protocol.ts";
 * const header = VIRGL_CMD0(VIRGL_CCMD_SET_SUB_CTX, 0, 1);
 * if (virglCommandLength(header) !== 1) throw new Error("one dword follows");
 * ```
 * @module
 */

export * from "./virgl_bits.ts";
export * from "./virgl_command.ts";
export * from "./virgl_command_table.ts";
export * from "./virgl_object.ts";
export * from "./virgl_transfer.ts";

/** A command's header: its number, an object type or 0, the dwords that follow it. */
export function VIRGL_CMD0(command: number, object: number, length: number): number {
  return (command & 0xff | (object & 0xff) << 8 | length << 16) >>> 0;
}
/** The command number of a header, 0 to 255. */
export function virglCommand(header: number): number {
  return header & 0xff;
}
/** The object type of a header, 0 to 255. */
export function virglCommandObject(header: number): number {
  return header >>> 8 & 0xff;
}
/** Dwords after a header, 0 to 65535. */
export function virglCommandLength(header: number): number {
  return header >>> 16;
}
/** The longest payload that a client sends, dwords: a multiple of four. */
export const VIRGL_CMD0_MAX_DWORDS = 65532;

/** Colour buffers of a framebuffer. */
export const VIRGL_MAX_COLOR_BUFS = 8;
/** Planes of SET_CLIP_STATE. */
export const VIRGL_MAX_CLIP_PLANES = 8;

/** Command: nothing. */
export const VIRGL_CCMD_NOP = 0;
/** Command: make an object of the type in the header. */
export const VIRGL_CCMD_CREATE_OBJECT = 1;
/** Command: make an object current. */
export const VIRGL_CCMD_BIND_OBJECT = 2;
/** Command: end an object. */
export const VIRGL_CCMD_DESTROY_OBJECT = 3;
/** Command: viewports. */
export const VIRGL_CCMD_SET_VIEWPORT_STATE = 4;
/** Command: colour, depth and stencil buffers. */
export const VIRGL_CCMD_SET_FRAMEBUFFER_STATE = 5;
/** Command: vertex buffers. */
export const VIRGL_CCMD_SET_VERTEX_BUFFERS = 6;
/** Command: clear buffers of the framebuffer. */
export const VIRGL_CCMD_CLEAR = 7;
/** Command: draw. */
export const VIRGL_CCMD_DRAW_VBO = 8;
/** Command: write into a resource what follows. */
export const VIRGL_CCMD_RESOURCE_INLINE_WRITE = 9;
/** Command: textures of a stage. */
export const VIRGL_CCMD_SET_SAMPLER_VIEWS = 10;
/** Command: the index buffer. */
export const VIRGL_CCMD_SET_INDEX_BUFFER = 11;
/** Command: uniforms, which follow. */
export const VIRGL_CCMD_SET_CONSTANT_BUFFER = 12;
/** Command: stencil references. */
export const VIRGL_CCMD_SET_STENCIL_REF = 13;
/** Command: the blend colour. */
export const VIRGL_CCMD_SET_BLEND_COLOR = 14;
/** Command: scissors. */
export const VIRGL_CCMD_SET_SCISSOR_STATE = 15;
/** Command: copy with scaling and conversion. */
export const VIRGL_CCMD_BLIT = 16;
/** Command: copy bit by bit. */
export const VIRGL_CCMD_RESOURCE_COPY_REGION = 17;
/** Command: samplers of a stage. */
export const VIRGL_CCMD_BIND_SAMPLER_STATES = 18;
/** Command: begin to count. */
export const VIRGL_CCMD_BEGIN_QUERY = 19;
/** Command: end it. */
export const VIRGL_CCMD_END_QUERY = 20;
/** Command: write the result into the query's buffer. */
export const VIRGL_CCMD_GET_QUERY_RESULT = 21;
/** Command: the polygon stipple. */
export const VIRGL_CCMD_SET_POLYGON_STIPPLE = 22;
/** Command: user clip planes. */
export const VIRGL_CCMD_SET_CLIP_STATE = 23;
/** Command: the sample mask. */
export const VIRGL_CCMD_SET_SAMPLE_MASK = 24;
/** Command: targets of transform feedback. */
export const VIRGL_CCMD_SET_STREAMOUT_TARGETS = 25;
/** Command: draw only if a query says so. */
export const VIRGL_CCMD_SET_RENDER_CONDITION = 26;
/** Command: a uniform buffer. */
export const VIRGL_CCMD_SET_UNIFORM_BUFFER = 27;
/** Command: go on in a sub-context. */
export const VIRGL_CCMD_SET_SUB_CTX = 28;
/** Command: make a sub-context. */
export const VIRGL_CCMD_CREATE_SUB_CTX = 29;
/** Command: end a sub-context. */
export const VIRGL_CCMD_DESTROY_SUB_CTX = 30;
/** Command: a stage's shader. */
export const VIRGL_CCMD_BIND_SHADER = 31;
/** Command: default tessellation levels. */
export const VIRGL_CCMD_SET_TESS_STATE = 32;
/** Command: least samples to shade. */
export const VIRGL_CCMD_SET_MIN_SAMPLES = 33;
/** Command: storage buffers of a stage. */
export const VIRGL_CCMD_SET_SHADER_BUFFERS = 34;
/** Command: images of a stage. */
export const VIRGL_CCMD_SET_SHADER_IMAGES = 35;
/** Command: order the accesses of shaders. */
export const VIRGL_CCMD_MEMORY_BARRIER = 36;
/** Command: compute. */
export const VIRGL_CCMD_LAUNCH_GRID = 37;
/** Command: the size of a framebuffer without buffers. */
export const VIRGL_CCMD_SET_FRAMEBUFFER_STATE_NO_ATTACH = 38;
/** Command: make rendered texels visible to textures. */
export const VIRGL_CCMD_TEXTURE_BARRIER = 39;
/** Command: buffers of atomic counters. */
export const VIRGL_CCMD_SET_ATOMIC_BUFFERS = 40;
/** Command: the host's debug flags. */
export const VIRGL_CCMD_SET_DEBUG_FLAGS = 41;
/** Command: write a query's result into a buffer. */
export const VIRGL_CCMD_GET_QUERY_RESULT_QBO = 42;
/** Command: a transfer with the resource's backing. */
export const VIRGL_CCMD_TRANSFER3D = 43;
/** Command: the transfers end here; what follows is to be skipped. */
export const VIRGL_CCMD_END_TRANSFERS = 44;
/** Command: a transfer with another resource's backing. */
export const VIRGL_CCMD_COPY_TRANSFER3D = 45;
/** Command: how to treat an application. */
export const VIRGL_CCMD_SET_TWEAKS = 46;
/** Command: clear a box of a texture. */
export const VIRGL_CCMD_CLEAR_TEXTURE = 47;
/** Command: make a resource for a blob. */
export const VIRGL_CCMD_PIPE_RESOURCE_CREATE = 48;
/** Command: give a blob its type. */
export const VIRGL_CCMD_PIPE_RESOURCE_SET_TYPE = 49;
/** Command: write virgl_memory_info into a resource. */
export const VIRGL_CCMD_GET_MEMORY_INFO = 50;
/** Command: a note for debuggers. */
export const VIRGL_CCMD_EMIT_STRING_MARKER = 51;
/** Command: link these shaders ahead of their use. */
export const VIRGL_CCMD_LINK_SHADER = 52;
/** Command: make a video codec. */
export const VIRGL_CCMD_CREATE_VIDEO_CODEC = 53;
/** Command: end it. */
export const VIRGL_CCMD_DESTROY_VIDEO_CODEC = 54;
/** Command: make a video buffer. */
export const VIRGL_CCMD_CREATE_VIDEO_BUFFER = 55;
/** Command: end it. */
export const VIRGL_CCMD_DESTROY_VIDEO_BUFFER = 56;
/** Command: a video frame begins. */
export const VIRGL_CCMD_BEGIN_FRAME = 57;
/** Command: decode a macroblock. */
export const VIRGL_CCMD_DECODE_MACROBLOCK = 58;
/** Command: decode a bit stream. */
export const VIRGL_CCMD_DECODE_BITSTREAM = 59;
/** Command: encode one. */
export const VIRGL_CCMD_ENCODE_BITSTREAM = 60;
/** Command: the video frame ends. */
export const VIRGL_CCMD_END_FRAME = 61;
/** Command: clear a rectangle of a surface; Mesa 23 and later, to hosts of feature version 21. */
export const VIRGL_CCMD_CLEAR_SURFACE = 62;
/** Commands. */
export const VIRGL_MAX_COMMANDS = 63;

/** Object: no object. */
export const VIRGL_OBJECT_NULL = 0;
/** Object: blending. */
export const VIRGL_OBJECT_BLEND = 1;
/** Object: rasterization. */
export const VIRGL_OBJECT_RASTERIZER = 2;
/** Object: depth, stencil and alpha tests. */
export const VIRGL_OBJECT_DSA = 3;
/** Object: a shader. */
export const VIRGL_OBJECT_SHADER = 4;
/** Object: vertex elements. */
export const VIRGL_OBJECT_VERTEX_ELEMENTS = 5;
/** Object: a view of a resource for shaders. */
export const VIRGL_OBJECT_SAMPLER_VIEW = 6;
/** Object: a sampler. */
export const VIRGL_OBJECT_SAMPLER_STATE = 7;
/** Object: a view of a resource to render to. */
export const VIRGL_OBJECT_SURFACE = 8;
/** Object: a query. */
export const VIRGL_OBJECT_QUERY = 9;
/** Object: a part of a buffer for transform feedback. */
export const VIRGL_OBJECT_STREAMOUT_TARGET = 10;
/** Object: a surface that is rendered with more samples than it has. */
export const VIRGL_OBJECT_MSAA_SURFACE = 11;
/** Object types. */
export const VIRGL_MAX_OBJECTS = 12;

/** Shader stage: vertex. */
export const VIRGL_SHADER_VERTEX = 0;
/** Shader stage: fragment. */
export const VIRGL_SHADER_FRAGMENT = 1;
/** Shader stage: geometry. */
export const VIRGL_SHADER_GEOMETRY = 2;
/** Shader stage: tessellation control. */
export const VIRGL_SHADER_TESS_CTRL = 3;
/** Shader stage: tessellation evaluation. */
export const VIRGL_SHADER_TESS_EVAL = 4;
/** Shader stage: compute. */
export const VIRGL_SHADER_COMPUTE = 5;

/** Type of a query: samples that passed. */
export const VIRGL_QUERY_OCCLUSION_COUNTER = 0;
/** Type of a query: whether samples passed. */
export const VIRGL_QUERY_OCCLUSION_PREDICATE = 1;
/** Type of a query: the time, ns. */
export const VIRGL_QUERY_TIMESTAMP = 2;
/** Type of a query: whether times compare, and their frequency. */
export const VIRGL_QUERY_TIMESTAMP_DISJOINT = 3;
/** Type of a query: time spent, ns. */
export const VIRGL_QUERY_TIME_ELAPSED = 4;
/** Type of a query: primitives that geometry made. */
export const VIRGL_QUERY_PRIMITIVES_GENERATED = 5;
/** Type of a query: primitives that transform feedback wrote. */
export const VIRGL_QUERY_PRIMITIVES_EMITTED = 6;
/** Type of a query: both of these. */
export const VIRGL_QUERY_SO_STATISTICS = 7;
/** Type of a query: whether a stream of transform feedback overflowed. */
export const VIRGL_QUERY_SO_OVERFLOW_PREDICATE = 8;
/** Type of a query: whether the GPU is done. */
export const VIRGL_QUERY_GPU_FINISHED = 9;
/** Type of a query: a pipeline statistic, by index. */
export const VIRGL_QUERY_PIPELINE_STATISTICS = 10;
/** Type of a query: whether samples may have passed. */
export const VIRGL_QUERY_OCCLUSION_PREDICATE_CONSERVATIVE = 11;
/** Type of a query: whether any stream overflowed. */
export const VIRGL_QUERY_SO_OVERFLOW_ANY_PREDICATE = 12;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: vertices that were fetched. */
export const VIRGL_STAT_QUERY_IA_VERTICES = 0;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: primitives that were put together. */
export const VIRGL_STAT_QUERY_IA_PRIMITIVES = 1;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: runs of the vertex shader. */
export const VIRGL_STAT_QUERY_VS_INVOCATIONS = 2;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: runs of the geometry shader. */
export const VIRGL_STAT_QUERY_GS_INVOCATIONS = 3;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: primitives that it made. */
export const VIRGL_STAT_QUERY_GS_PRIMITIVES = 4;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: primitives that came to clipping. */
export const VIRGL_STAT_QUERY_C_INVOCATIONS = 5;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: primitives that clipping left. */
export const VIRGL_STAT_QUERY_C_PRIMITIVES = 6;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: runs of the fragment shader. */
export const VIRGL_STAT_QUERY_PS_INVOCATIONS = 7;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: patches of the tessellation control shader. */
export const VIRGL_STAT_QUERY_HS_INVOCATIONS = 8;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: runs of the tessellation evaluation shader. */
export const VIRGL_STAT_QUERY_DS_INVOCATIONS = 9;
/** Index of VIRGL_QUERY_PIPELINE_STATISTICS: runs of the compute shader. */
export const VIRGL_STAT_QUERY_CS_INVOCATIONS = 10;
