/**
 * Gallium's numbers that travel in virgl's commands: primitives, tests, blending; those of resources come from
 * pipe_texture.ts. Mirrors Mesa's pipe/p_defines.h as of 22.3. Shader stages and types of queries have other numbers on the wire
 * than in Gallium today: VIRGL_SHADER_* and VIRGL_QUERY_* of virgl_protocol.ts.
 * @module
 */

export * from "./pipe_texture.ts";

/** Primitive: points. */
export const PIPE_PRIM_POINTS = 0;
/** Primitive: lines. */
export const PIPE_PRIM_LINES = 1;
/** Primitive: a closed line. */
export const PIPE_PRIM_LINE_LOOP = 2;
/** Primitive: a line. */
export const PIPE_PRIM_LINE_STRIP = 3;
/** Primitive: triangles. */
export const PIPE_PRIM_TRIANGLES = 4;
/** Primitive: each vertex makes a triangle with the two before. */
export const PIPE_PRIM_TRIANGLE_STRIP = 5;
/** Primitive: each vertex makes a triangle with the first and the one before. */
export const PIPE_PRIM_TRIANGLE_FAN = 6;
/** Primitive: quads. */
export const PIPE_PRIM_QUADS = 7;
/** Primitive: each two vertices make a quad with the two before. */
export const PIPE_PRIM_QUAD_STRIP = 8;
/** Primitive: one polygon. */
export const PIPE_PRIM_POLYGON = 9;
/** Primitive: lines with a neighbour at each end. */
export const PIPE_PRIM_LINES_ADJACENCY = 10;
/** Primitive: a line with a neighbour at each end. */
export const PIPE_PRIM_LINE_STRIP_ADJACENCY = 11;
/** Primitive: triangles with a neighbour at each side. */
export const PIPE_PRIM_TRIANGLES_ADJACENCY = 12;
/** Primitive: a strip with a neighbour at each side. */
export const PIPE_PRIM_TRIANGLE_STRIP_ADJACENCY = 13;
/** Primitive: patches for tessellation. */
export const PIPE_PRIM_PATCHES = 14;
/** Primitive: one more than the last. */
export const PIPE_PRIM_MAX = 15;

/** Comparison: never. */
export const PIPE_FUNC_NEVER = 0;
/** Comparison: less. */
export const PIPE_FUNC_LESS = 1;
/** Comparison: equal. */
export const PIPE_FUNC_EQUAL = 2;
/** Comparison: less or equal. */
export const PIPE_FUNC_LEQUAL = 3;
/** Comparison: greater. */
export const PIPE_FUNC_GREATER = 4;
/** Comparison: not equal. */
export const PIPE_FUNC_NOTEQUAL = 5;
/** Comparison: greater or equal. */
export const PIPE_FUNC_GEQUAL = 6;
/** Comparison: always. */
export const PIPE_FUNC_ALWAYS = 7;

/** Blend factor: 1. */
export const PIPE_BLENDFACTOR_ONE = 1;
/** Blend factor: source colour. */
export const PIPE_BLENDFACTOR_SRC_COLOR = 2;
/** Blend factor: source alpha. */
export const PIPE_BLENDFACTOR_SRC_ALPHA = 3;
/** Blend factor: destination alpha. */
export const PIPE_BLENDFACTOR_DST_ALPHA = 4;
/** Blend factor: destination colour. */
export const PIPE_BLENDFACTOR_DST_COLOR = 5;
/** Blend factor: the lesser of source alpha and 1 - destination alpha. */
export const PIPE_BLENDFACTOR_SRC_ALPHA_SATURATE = 6;
/** Blend factor: blend colour. */
export const PIPE_BLENDFACTOR_CONST_COLOR = 7;
/** Blend factor: alpha of the blend colour. */
export const PIPE_BLENDFACTOR_CONST_ALPHA = 8;
/** Blend factor: second source colour. */
export const PIPE_BLENDFACTOR_SRC1_COLOR = 9;
/** Blend factor: second source alpha. */
export const PIPE_BLENDFACTOR_SRC1_ALPHA = 10;
/** Blend factor: 0. */
export const PIPE_BLENDFACTOR_ZERO = 17;
/** Blend factor: 1 - source colour. */
export const PIPE_BLENDFACTOR_INV_SRC_COLOR = 18;
/** Blend factor: 1 - source alpha. */
export const PIPE_BLENDFACTOR_INV_SRC_ALPHA = 19;
/** Blend factor: 1 - destination alpha. */
export const PIPE_BLENDFACTOR_INV_DST_ALPHA = 20;
/** Blend factor: 1 - destination colour. */
export const PIPE_BLENDFACTOR_INV_DST_COLOR = 21;
/** Blend factor: 1 - blend colour. */
export const PIPE_BLENDFACTOR_INV_CONST_COLOR = 23;
/** Blend factor: 1 - alpha of the blend colour. */
export const PIPE_BLENDFACTOR_INV_CONST_ALPHA = 24;
/** Blend factor: 1 - second source colour. */
export const PIPE_BLENDFACTOR_INV_SRC1_COLOR = 25;
/** Blend factor: 1 - second source alpha. */
export const PIPE_BLENDFACTOR_INV_SRC1_ALPHA = 26;

/** Blend function: source + destination. */
export const PIPE_BLEND_ADD = 0;
/** Blend function: source - destination. */
export const PIPE_BLEND_SUBTRACT = 1;
/** Blend function: destination - source. */
export const PIPE_BLEND_REVERSE_SUBTRACT = 2;
/** Blend function: the lesser, without factors. */
export const PIPE_BLEND_MIN = 3;
/** Blend function: the greater, without factors. */
export const PIPE_BLEND_MAX = 4;

/** Logical operation: 0. */
export const PIPE_LOGICOP_CLEAR = 0;
/** Logical operation: ~(s | d). */
export const PIPE_LOGICOP_NOR = 1;
/** Logical operation: ~s & d. */
export const PIPE_LOGICOP_AND_INVERTED = 2;
/** Logical operation: ~s. */
export const PIPE_LOGICOP_COPY_INVERTED = 3;
/** Logical operation: s & ~d. */
export const PIPE_LOGICOP_AND_REVERSE = 4;
/** Logical operation: ~d. */
export const PIPE_LOGICOP_INVERT = 5;
/** Logical operation: s ^ d. */
export const PIPE_LOGICOP_XOR = 6;
/** Logical operation: ~(s & d). */
export const PIPE_LOGICOP_NAND = 7;
/** Logical operation: s & d. */
export const PIPE_LOGICOP_AND = 8;
/** Logical operation: ~(s ^ d). */
export const PIPE_LOGICOP_EQUIV = 9;
/** Logical operation: d. */
export const PIPE_LOGICOP_NOOP = 10;
/** Logical operation: ~s | d. */
export const PIPE_LOGICOP_OR_INVERTED = 11;
/** Logical operation: s. */
export const PIPE_LOGICOP_COPY = 12;
/** Logical operation: s | ~d. */
export const PIPE_LOGICOP_OR_REVERSE = 13;
/** Logical operation: s | d. */
export const PIPE_LOGICOP_OR = 14;
/** Logical operation: all ones. */
export const PIPE_LOGICOP_SET = 15;

/** Mask: red. */
export const PIPE_MASK_R = 1;
/** Mask: green. */
export const PIPE_MASK_G = 2;
/** Mask: blue. */
export const PIPE_MASK_B = 4;
/** Mask: alpha. */
export const PIPE_MASK_A = 8;
/** Mask: all colours. */
export const PIPE_MASK_RGBA = 15;
/** Mask: depth. */
export const PIPE_MASK_Z = 16;
/** Mask: stencil. */
export const PIPE_MASK_S = 32;
/** Mask: depth and stencil. */
export const PIPE_MASK_ZS = 48;
/** Mask: everything. */
export const PIPE_MASK_RGBAZS = 63;

/** Stencil operation: keep. */
export const PIPE_STENCIL_OP_KEEP = 0;
/** Stencil operation: 0. */
export const PIPE_STENCIL_OP_ZERO = 1;
/** Stencil operation: the reference. */
export const PIPE_STENCIL_OP_REPLACE = 2;
/** Stencil operation: plus 1, at most 255. */
export const PIPE_STENCIL_OP_INCR = 3;
/** Stencil operation: minus 1, at least 0. */
export const PIPE_STENCIL_OP_DECR = 4;
/** Stencil operation: plus 1, around. */
export const PIPE_STENCIL_OP_INCR_WRAP = 5;
/** Stencil operation: minus 1, around. */
export const PIPE_STENCIL_OP_DECR_WRAP = 6;
/** Stencil operation: all bits inverted. */
export const PIPE_STENCIL_OP_INVERT = 7;

/** Polygon mode: filled. */
export const PIPE_POLYGON_MODE_FILL = 0;
/** Polygon mode: edges. */
export const PIPE_POLYGON_MODE_LINE = 1;
/** Polygon mode: vertices. */
export const PIPE_POLYGON_MODE_POINT = 2;
/** Polygon mode: the rectangle around, filled. */
export const PIPE_POLYGON_MODE_FILL_RECTANGLE = 3;

/** Faces: none. */
export const PIPE_FACE_NONE = 0;
/** Faces: front. */
export const PIPE_FACE_FRONT = 1;
/** Faces: back. */
export const PIPE_FACE_BACK = 2;
/** Faces: both. */
export const PIPE_FACE_FRONT_AND_BACK = 3;

/** Clear: depth. */
export const PIPE_CLEAR_DEPTH = 1;
/** Clear: stencil. */
export const PIPE_CLEAR_STENCIL = 2;
/** Clear: both. */
export const PIPE_CLEAR_DEPTHSTENCIL = 3;
/** Clear: colour buffer 0. */
export const PIPE_CLEAR_COLOR0 = 4;
/** Clear: colour buffer 1. */
export const PIPE_CLEAR_COLOR1 = 8;
/** Clear: colour buffer 2. */
export const PIPE_CLEAR_COLOR2 = 16;
/** Clear: colour buffer 3. */
export const PIPE_CLEAR_COLOR3 = 32;
/** Clear: colour buffer 4. */
export const PIPE_CLEAR_COLOR4 = 64;
/** Clear: colour buffer 5. */
export const PIPE_CLEAR_COLOR5 = 128;
/** Clear: colour buffer 6. */
export const PIPE_CLEAR_COLOR6 = 256;
/** Clear: colour buffer 7. */
export const PIPE_CLEAR_COLOR7 = 512;
/** Clear: all colour buffers. */
export const PIPE_CLEAR_COLOR = 1020;

/** Pipeline statistic: vertices read. */
export const PIPE_STAT_QUERY_IA_VERTICES = 0;
/** Pipeline statistic: primitives read. */
export const PIPE_STAT_QUERY_IA_PRIMITIVES = 1;
/** Pipeline statistic: runs of vertex shaders. */
export const PIPE_STAT_QUERY_VS_INVOCATIONS = 2;
/** Pipeline statistic: runs of geometry shaders. */
export const PIPE_STAT_QUERY_GS_INVOCATIONS = 3;
/** Pipeline statistic: primitives of geometry shaders. */
export const PIPE_STAT_QUERY_GS_PRIMITIVES = 4;
/** Pipeline statistic: primitives clipped. */
export const PIPE_STAT_QUERY_C_INVOCATIONS = 5;
/** Pipeline statistic: primitives after clipping. */
export const PIPE_STAT_QUERY_C_PRIMITIVES = 6;
/** Pipeline statistic: runs of fragment shaders. */
export const PIPE_STAT_QUERY_PS_INVOCATIONS = 7;
/** Pipeline statistic: runs of tessellation control shaders. */
export const PIPE_STAT_QUERY_HS_INVOCATIONS = 8;
/** Pipeline statistic: runs of tessellation evaluation shaders. */
export const PIPE_STAT_QUERY_DS_INVOCATIONS = 9;
/** Pipeline statistic: runs of compute shaders. */
export const PIPE_STAT_QUERY_CS_INVOCATIONS = 10;

/** Render condition: wait for the query. */
export const PIPE_RENDER_COND_WAIT = 0;
/** Render condition: draw if its result is not there yet. */
export const PIPE_RENDER_COND_NO_WAIT = 1;
/** Render condition: wait, by region of the screen. */
export const PIPE_RENDER_COND_BY_REGION_WAIT = 2;
/** Render condition: do not wait, by region. */
export const PIPE_RENDER_COND_BY_REGION_NO_WAIT = 3;

/** Point sprite origin: upper left. */
export const PIPE_SPRITE_COORD_UPPER_LEFT = 0;
/** Point sprite origin: lower left. */
export const PIPE_SPRITE_COORD_LOWER_LEFT = 1;
