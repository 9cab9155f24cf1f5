/**
 * Gallium's numbers of resources: targets, sampling, mapping, barriers, and the limits of Gallium's arrays. Mirrors Mesa's
 * pipe/p_defines.h and pipe/p_state.h as of 22.3.
 * @module
 */

/** Resource target: bytes. */
export const PIPE_BUFFER = 0;
/** Resource target: lines. */
export const PIPE_TEXTURE_1D = 1;
/** Resource target: an image. */
export const PIPE_TEXTURE_2D = 2;
/** Resource target: a volume. */
export const PIPE_TEXTURE_3D = 3;
/** Resource target: six faces. */
export const PIPE_TEXTURE_CUBE = 4;
/** Resource target: an image with coordinates in pixels. */
export const PIPE_TEXTURE_RECT = 5;
/** Resource target: layers of lines. */
export const PIPE_TEXTURE_1D_ARRAY = 6;
/** Resource target: layers of images. */
export const PIPE_TEXTURE_2D_ARRAY = 7;
/** Resource target: layers of six faces. */
export const PIPE_TEXTURE_CUBE_ARRAY = 8;
/** Resource target: one more than the last. */
export const PIPE_MAX_TEXTURE_TYPES = 9;

/** Cube face: +x. */
export const PIPE_TEX_FACE_POS_X = 0;
/** Cube face: -x. */
export const PIPE_TEX_FACE_NEG_X = 1;
/** Cube face: +y. */
export const PIPE_TEX_FACE_POS_Y = 2;
/** Cube face: -y. */
export const PIPE_TEX_FACE_NEG_Y = 3;
/** Cube face: +z. */
export const PIPE_TEX_FACE_POS_Z = 4;
/** Cube face: -z. */
export const PIPE_TEX_FACE_NEG_Z = 5;

/** Wrapping: repeat. */
export const PIPE_TEX_WRAP_REPEAT = 0;
/** Wrapping: to 0..1: half border at the edge. */
export const PIPE_TEX_WRAP_CLAMP = 1;
/** Wrapping: to the last texel. */
export const PIPE_TEX_WRAP_CLAMP_TO_EDGE = 2;
/** Wrapping: border outside. */
export const PIPE_TEX_WRAP_CLAMP_TO_BORDER = 3;
/** Wrapping: repeat, every second time mirrored. */
export const PIPE_TEX_WRAP_MIRROR_REPEAT = 4;
/** Wrapping: mirrored once, then as TEX_WRAP_CLAMP. */
export const PIPE_TEX_WRAP_MIRROR_CLAMP = 5;
/** Wrapping: mirrored once, then the last texel. */
export const PIPE_TEX_WRAP_MIRROR_CLAMP_TO_EDGE = 6;
/** Wrapping: mirrored once, then the border. */
export const PIPE_TEX_WRAP_MIRROR_CLAMP_TO_BORDER = 7;

/** Mipmap filter: the nearest level. */
export const PIPE_TEX_MIPFILTER_NEAREST = 0;
/** Mipmap filter: between two levels. */
export const PIPE_TEX_MIPFILTER_LINEAR = 1;
/** Mipmap filter: the first level only. */
export const PIPE_TEX_MIPFILTER_NONE = 2;

/** Filter: the nearest texel. */
export const PIPE_TEX_FILTER_NEAREST = 0;
/** Filter: between texels. */
export const PIPE_TEX_FILTER_LINEAR = 1;

/** Shadow comparison: none. */
export const PIPE_TEX_COMPARE_NONE = 0;
/** Shadow comparison: of the coordinate with the texel. */
export const PIPE_TEX_COMPARE_R_TO_TEXTURE = 1;

/** Swizzle: first channel. */
export const PIPE_SWIZZLE_X = 0;
/** Swizzle: second channel. */
export const PIPE_SWIZZLE_Y = 1;
/** Swizzle: third channel. */
export const PIPE_SWIZZLE_Z = 2;
/** Swizzle: fourth channel. */
export const PIPE_SWIZZLE_W = 3;
/** Swizzle: 0. */
export const PIPE_SWIZZLE_0 = 4;
/** Swizzle: 1. */
export const PIPE_SWIZZLE_1 = 5;
/** Swizzle: nothing. */
export const PIPE_SWIZZLE_NONE = 6;
/** Swizzle: one more than the last. */
export const PIPE_SWIZZLE_MAX = 7;

/** Map: read. */
export const PIPE_MAP_READ = 1;
/** Map: write. */
export const PIPE_MAP_WRITE = 2;
/** Map: both. */
export const PIPE_MAP_READ_WRITE = 3;
/** Map: the storage itself. */
export const PIPE_MAP_DIRECTLY = 4;
/** Map: what was in the box does not matter. */
export const PIPE_MAP_DISCARD_RANGE = 8;
/** Map: fail rather than wait. */
export const PIPE_MAP_DONTBLOCK = 16;
/** Map: do not wait for the GPU. */
export const PIPE_MAP_UNSYNCHRONIZED = 32;
/** Map: what was written is told later. */
export const PIPE_MAP_FLUSH_EXPLICIT = 64;
/** Map: what was in the resource does not matter. */
export const PIPE_MAP_DISCARD_WHOLE_RESOURCE = 128;
/** Map: while the GPU uses it. */
export const PIPE_MAP_PERSISTENT = 256;
/** Map: the GPU sees writes at once. */
export const PIPE_MAP_COHERENT = 512;
/** Map: from any thread. */
export const PIPE_MAP_THREAD_SAFE = 1024;
/** Map: depth only. */
export const PIPE_MAP_DEPTH_ONLY = 2048;
/** Map: stencil only. */
export const PIPE_MAP_STENCIL_ONLY = 4096;
/** Map: once. */
export const PIPE_MAP_ONCE = 8192;

/** Barrier: mapped buffers. */
export const PIPE_BARRIER_MAPPED_BUFFER = 1;
/** Barrier: storage buffers. */
export const PIPE_BARRIER_SHADER_BUFFER = 2;
/** Barrier: query buffers. */
export const PIPE_BARRIER_QUERY_BUFFER = 4;
/** Barrier: vertex buffers. */
export const PIPE_BARRIER_VERTEX_BUFFER = 8;
/** Barrier: index buffers. */
export const PIPE_BARRIER_INDEX_BUFFER = 16;
/** Barrier: uniform buffers. */
export const PIPE_BARRIER_CONSTANT_BUFFER = 32;
/** Barrier: indirect draws. */
export const PIPE_BARRIER_INDIRECT_BUFFER = 64;
/** Barrier: textures. */
export const PIPE_BARRIER_TEXTURE = 128;
/** Barrier: images. */
export const PIPE_BARRIER_IMAGE = 256;
/** Barrier: the framebuffer. */
export const PIPE_BARRIER_FRAMEBUFFER = 512;
/** Barrier: transform feedback. */
export const PIPE_BARRIER_STREAMOUT_BUFFER = 1024;
/** Barrier: global buffers. */
export const PIPE_BARRIER_GLOBAL_BUFFER = 2048;
/** Barrier: buffers that the CPU updates. */
export const PIPE_BARRIER_UPDATE_BUFFER = 4096;
/** Barrier: textures that the CPU updates. */
export const PIPE_BARRIER_UPDATE_TEXTURE = 8192;
/** Barrier: everything. */
export const PIPE_BARRIER_ALL = 16383;

/** Texture barrier: before textures are read. */
export const PIPE_TEXTURE_BARRIER_SAMPLER = 1;
/** Texture barrier: before the framebuffer is fetched. */
export const PIPE_TEXTURE_BARRIER_FRAMEBUFFER = 2;

/** Image access: read. */
export const PIPE_IMAGE_ACCESS_READ = 1;
/** Image access: write. */
export const PIPE_IMAGE_ACCESS_WRITE = 2;
/** Image access: both. */
export const PIPE_IMAGE_ACCESS_READ_WRITE = 3;

/** Limit: vertex elements and vertex buffers. */
export const PIPE_MAX_ATTRIBS = 32;
/** Limit: user clip planes. */
export const PIPE_MAX_CLIP_PLANES = 8;
/** Limit: colour buffers. */
export const PIPE_MAX_COLOR_BUFS = 8;
/** Limit: uniform buffers a stage. */
export const PIPE_MAX_CONSTANT_BUFFERS = 32;
/** Limit: samplers a stage. */
export const PIPE_MAX_SAMPLERS = 32;
/** Limit: textures a stage. */
export const PIPE_MAX_SHADER_SAMPLER_VIEWS = 128;
/** Limit: storage buffers a stage. */
export const PIPE_MAX_SHADER_BUFFERS = 32;
/** Limit: images a stage. */
export const PIPE_MAX_SHADER_IMAGES = 64;
/** Limit: mipmap levels. */
export const PIPE_MAX_TEXTURE_LEVELS = 16;
/** Limit: targets of transform feedback. */
export const PIPE_MAX_SO_BUFFERS = 4;
/** Limit: outputs of transform feedback. */
export const PIPE_MAX_SO_OUTPUTS = 64;
/** Limit: viewports. */
export const PIPE_MAX_VIEWPORTS = 16;
/** Limit: buffers of atomic counters. */
export const PIPE_MAX_HW_ATOMIC_BUFFERS = 32;
/** Limit: streams of geometry shaders. */
export const PIPE_MAX_VERTEX_STREAMS = 4;
