/**
 * The commands of virgl and the objects of CREATE_OBJECT as a table: names, numbers, and how long a payload may be. Lengths are what
 * Mesa 22.3.6 sends and virglrenderer accepts; limits of counts are Gallium's (p_state.h). For decoders, traces and fuzzers.
 * @module
 */

/** A command, or an object of CREATE_OBJECT. */
export interface VirglCommandInfo {
  /** the header's name, without VIRGL_CCMD_ or VIRGL_OBJECT_ */
  readonly name: string;
  /** the number on the wire */
  readonly number: number;
  /** least payload, dwords */
  readonly min: number;
  /** greatest payload, dwords */
  readonly max: number;
  /** from one valid length to the next, dwords: an element of an array */
  readonly step: number;
  /** the only lengths, where they are not a step apart */
  readonly lengths?: readonly number[];
  /** the payload in words, for people */
  readonly payload: string;
}

/** The longest payload that a header can say. */
const ANY = 65535;

type Row = readonly [
  name: string,
  payload: string,
  min: number,
  max?: number,
  step?: number,
  lengths?: readonly number[],
];

function rows(first: number, list: readonly Row[]): readonly VirglCommandInfo[] {
  return Object.freeze(
    list.map(([name, payload, min, max = min, step = 1, lengths], i) =>
      Object.freeze({ name, number: first + i, min, max, step, payload, ...(lengths && { lengths }) })
    ),
  );
}

/** Every command, at the index that is its number (VIRGL_CCMD_*). */
export const VIRGL_COMMANDS: readonly VirglCommandInfo[] = rows(0, [
  ["NOP", "ignored", 0, ANY],
  ["CREATE_OBJECT", "handle, then by type", 1, ANY],
  ["BIND_OBJECT", "handle", 1],
  ["DESTROY_OBJECT", "handle", 1],
  ["SET_VIEWPORT_STATE", "start_slot, {scale xyz, translate xyz} * n", 1, 1 + 6 * 16, 6],
  ["SET_FRAMEBUFFER_STATE", "nr_cbufs, zsurf, cbuf * n", 2, 2 + 8],
  ["SET_VERTEX_BUFFERS", "{stride, offset, res} * n", 0, 3 * 32, 3],
  ["CLEAR", "buffers, color * 4, depth lo, depth hi, stencil", 8],
  [
    "DRAW_VBO",
    "start, count, mode, indexed, instance_count, index_bias, start_instance, primitive_restart, restart_index, min_index, " +
    "max_index, count_from_so; vertices_per_patch, drawid; indirect: res, offset, stride, draw_count, count_offset, count_res",
    12,
    20,
    1,
    [12, 14, 20],
  ],
  ["RESOURCE_INLINE_WRITE", "res, level, usage, stride, layer_stride, x, y, z, w, h, d, data", 12, ANY],
  ["SET_SAMPLER_VIEWS", "shader_type, start_slot, view * n", 2, 2 + 128],
  ["SET_INDEX_BUFFER", "res; index_size, offset", 1, 3, 2],
  ["SET_CONSTANT_BUFFER", "shader_type, index, data", 2, ANY],
  ["SET_STENCIL_REF", "front | back << 8", 1],
  ["SET_BLEND_COLOR", "r, g, b, a", 4],
  ["SET_SCISSOR_STATE", "start_slot, {minx | miny << 16, maxx | maxy << 16} * n", 1, 1 + 2 * 16, 2],
  ["BLIT", "S0, scissor min, scissor max, dst{res, level, format, x, y, z, w, h, d}, src{the same}", 21],
  ["RESOURCE_COPY_REGION", "dst{res, level, x, y, z}, src{res, level, x, y, z, w, h, d}", 13],
  ["BIND_SAMPLER_STATES", "shader_type, start_slot, sampler * n", 2, 2 + 32],
  ["BEGIN_QUERY", "query", 1],
  ["END_QUERY", "query", 1],
  ["GET_QUERY_RESULT", "query, wait", 2],
  ["SET_POLYGON_STIPPLE", "line * 32", 32],
  ["SET_CLIP_STATE", "plane * 8", 32],
  ["SET_SAMPLE_MASK", "mask", 1],
  ["SET_STREAMOUT_TARGETS", "append_bitmask, target * n", 1, 1 + 4],
  ["SET_RENDER_CONDITION", "query, condition, mode", 3],
  ["SET_UNIFORM_BUFFER", "shader_type, index, offset, length, res", 5],
  ["SET_SUB_CTX", "sub-context", 1],
  ["CREATE_SUB_CTX", "sub-context", 1],
  ["DESTROY_SUB_CTX", "sub-context", 1],
  ["BIND_SHADER", "shader, shader_type", 2],
  ["SET_TESS_STATE", "outer * 4, inner * 2", 6],
  ["SET_MIN_SAMPLES", "min_samples", 1],
  ["SET_SHADER_BUFFERS", "shader_type, start_slot, {offset, length, res} * n", 2, 2 + 3 * 32, 3],
  [
    "SET_SHADER_IMAGES",
    "shader_type, start_slot, {format, access, layer_offset, level_size, res} * n",
    2,
    2 + 5 * 64,
    5,
  ],
  ["MEMORY_BARRIER", "flags", 1],
  ["LAUNCH_GRID", "block xyz, grid xyz, indirect res, indirect offset", 8],
  ["SET_FRAMEBUFFER_STATE_NO_ATTACH", "width | height << 16, layers | samples << 16", 2],
  ["TEXTURE_BARRIER", "flags", 1],
  ["SET_ATOMIC_BUFFERS", "start_slot, {offset, length, res} * n", 1, 1 + 3 * 32, 3],
  ["SET_DEBUG_FLAGS", "text", 1, ANY],
  ["GET_QUERY_RESULT_QBO", "query, buffer, wait, result_type, offset, index", 6],
  ["TRANSFER3D", "res, level, usage, stride, layer_stride, x, y, z, w, h, d, data_offset, direction", 13],
  ["END_TRANSFERS", "ignored", 0, ANY],
  [
    "COPY_TRANSFER3D",
    "res, level, usage, stride, layer_stride, x, y, z, w, h, d, src_res, src_offset, flags",
    14,
  ],
  ["SET_TWEAKS", "id, value", 2],
  ["CLEAR_TEXTURE", "res, level, x, y, z, w, h, d, color * 4", 12],
  [
    "PIPE_RESOURCE_CREATE",
    "target, format, bind, w, h, d, array_size, last_level, nr_samples, flags, blob_id",
    11,
  ],
  [
    "PIPE_RESOURCE_SET_TYPE",
    "res, format, bind, w, h, usage, modifier lo, modifier hi, {stride, offset} * planes",
    8 + 2,
    8 + 2 * 4,
    2,
  ],
  ["GET_MEMORY_INFO", "res", 1],
  ["EMIT_STRING_MARKER", "bytes, text", 2, ANY],
  ["LINK_SHADER", "vertex, fragment, geometry, tess_ctrl, tess_eval, compute", 6],
  ["CREATE_VIDEO_CODEC", "handle, profile, entrypoint, chroma_format, level, width, height, max_references", 7, 8],
  ["DESTROY_VIDEO_CODEC", "handle", 1],
  ["CREATE_VIDEO_BUFFER", "handle, format, width, height, res * planes", 5, ANY],
  ["DESTROY_VIDEO_BUFFER", "handle", 1],
  ["BEGIN_FRAME", "codec, buffer", 2],
  ["DECODE_MACROBLOCK", "nobody sends it", 0, ANY],
  ["DECODE_BITSTREAM", "codec, buffer, description res, data res, bytes", 5],
  ["ENCODE_BITSTREAM", "codec, source, destination res, description res, feedback res", 5],
  ["END_FRAME", "codec, buffer", 2],
  ["CLEAR_SURFACE", "condition | buffers << 1, surface, color * 4 or depth lo, depth hi, 0, stencil, x, y, w, h", 10],
]);

/**
 * What CREATE_OBJECT carries, at the index that is the type of object (VIRGL_OBJECT_*); lengths with the handle. The first,
 * VIRGL_OBJECT_NULL, cannot be made.
 */
export const VIRGL_OBJECTS: readonly VirglCommandInfo[] = rows(0, [
  ["NULL", "cannot be made", ANY + 1],
  ["BLEND", "handle, S0, S1, S2 * 8", 11],
  ["RASTERIZER", "handle, S0, point_size, sprite_coord_enable, S3, line_width, offset units, scale, clamp", 9],
  ["DSA", "handle, S0, S1 front, S2 back, alpha_ref", 5],
  [
    "SHADER",
    "handle, type, offset, num_tokens, so_outputs (compute: shared bytes); with outputs: stride * 4, {output, stream} * n; text",
    5,
    ANY,
  ],
  ["VERTEX_ELEMENTS", "handle, {src_offset, instance_divisor, buffer, format} * n", 1, 1 + 4 * 32, 4],
  ["SAMPLER_VIEW", "handle, res, format, first element or layers, last element or levels, swizzle", 6],
  ["SAMPLER_STATE", "handle, S0, lod_bias, min_lod, max_lod, border * 4", 9],
  ["SURFACE", "handle, res, format, first element or level, last element or layers", 5],
  ["QUERY", "handle, type | index << 16, offset, res", 4],
  ["STREAMOUT_TARGET", "handle, res, offset, size", 4],
  ["MSAA_SURFACE", "handle, res, format, level, layers, samples", 6],
]);

/** Whether a command or an object may have a payload of `length` dwords. */
export function virglLengthFits(info: VirglCommandInfo, length: number): boolean {
  if (length < info.min || length > info.max) return false;
  if (info.lengths) return info.lengths.includes(length);
  return info.step === 1 || (length - info.min) % info.step === 0;
}
