/** The names and numbers of TGSI: register files, semantics, texture targets, properties (p_shader_tokens.h, tgsi_strings.c). */

/** A shader stage. */
export type Stage = "vertex" | "tess_ctrl" | "tess_eval" | "geometry" | "fragment" | "compute";

/** The header words of the stages. */
export const PROCESSORS: Readonly<Record<string, Stage>> = {
  FRAG: "fragment",
  VERT: "vertex",
  GEOM: "geometry",
  TESS_CTRL: "tess_ctrl",
  TESS_EVAL: "tess_eval",
  COMP: "compute",
};

/** Register files, by number. */
export const FILES: readonly string[] = [
  "NULL",
  "CONST",
  "IN",
  "OUT",
  "TEMP",
  "SAMP",
  "ADDR",
  "IMM",
  "SV",
  "IMAGE",
  "SVIEW",
  "BUFFER",
  "MEMORY",
  "CONSTBUF",
  "HWATOMIC",
];

/** Numbers of the register files. */
export const File = {
  NULL: 0,
  CONST: 1,
  IN: 2,
  OUT: 3,
  TEMP: 4,
  SAMP: 5,
  ADDR: 6,
  IMM: 7,
  SV: 8,
  IMAGE: 9,
  SVIEW: 10,
  BUFFER: 11,
  MEMORY: 12,
  CONSTBUF: 13,
  HWATOMIC: 14,
} as const;

/** Semantics, by TGSI_SEMANTIC_* number. */
export const SEMANTICS: readonly string[] = [
  "POSITION",
  "COLOR",
  "BCOLOR",
  "FOG",
  "PSIZE",
  "GENERIC",
  "NORMAL",
  "FACE",
  "EDGEFLAG",
  "PRIM_ID",
  "INSTANCEID",
  "VERTEXID",
  "STENCIL",
  "CLIPDIST",
  "CLIPVERTEX",
  "GRID_SIZE",
  "BLOCK_ID",
  "BLOCK_SIZE",
  "THREAD_ID",
  "TEXCOORD",
  "PCOORD",
  "VIEWPORT_INDEX",
  "LAYER",
  "SAMPLEID",
  "SAMPLEPOS",
  "SAMPLEMASK",
  "INVOCATIONID",
  "VERTEXID_NOBASE",
  "BASEVERTEX",
  "PATCH",
  "TESSCOORD",
  "TESSOUTER",
  "TESSINNER",
  "VERTICESIN",
  "HELPER_INVOCATION",
  "BASEINSTANCE",
  "DRAWID",
  "WORK_DIM",
  "SUBGROUP_SIZE",
  "SUBGROUP_INVOCATION",
  "SUBGROUP_EQ_MASK",
  "SUBGROUP_GE_MASK",
  "SUBGROUP_GT_MASK",
  "SUBGROUP_LE_MASK",
  "SUBGROUP_LT_MASK",
  "CS_USER_DATA_AMD",
  "VIEWPORT_MASK",
];

/** TGSI_SEMANTIC_* numbers that the translator knows by name. */
export const Semantic = {
  POSITION: 0,
  COLOR: 1,
  BCOLOR: 2,
  FOG: 3,
  PSIZE: 4,
  GENERIC: 5,
  NORMAL: 6,
  FACE: 7,
  EDGEFLAG: 8,
  PRIMID: 9,
  INSTANCEID: 10,
  VERTEXID: 11,
  STENCIL: 12,
  CLIPDIST: 13,
  CLIPVERTEX: 14,
  GRID_SIZE: 15,
  BLOCK_ID: 16,
  BLOCK_SIZE: 17,
  THREAD_ID: 18,
  TEXCOORD: 19,
  PCOORD: 20,
  VIEWPORT_INDEX: 21,
  LAYER: 22,
  SAMPLEID: 23,
  SAMPLEPOS: 24,
  SAMPLEMASK: 25,
  INVOCATIONID: 26,
  VERTEXID_NOBASE: 27,
  BASEVERTEX: 28,
  PATCH: 29,
  TESSCOORD: 30,
  TESSOUTER: 31,
  TESSINNER: 32,
  VERTICESIN: 33,
  HELPER_INVOCATION: 34,
  BASEINSTANCE: 35,
  DRAWID: 36,
} as const;

/** A texture target of TGSI. */
export type TextureTarget =
  | "BUFFER"
  | "1D"
  | "2D"
  | "3D"
  | "CUBE"
  | "RECT"
  | "SHADOW1D"
  | "SHADOW2D"
  | "SHADOWRECT"
  | "1D_ARRAY"
  | "2D_ARRAY"
  | "SHADOW1D_ARRAY"
  | "SHADOW2D_ARRAY"
  | "SHADOWCUBE"
  | "2D_MSAA"
  | "2D_ARRAY_MSAA"
  | "CUBEARRAY"
  | "SHADOWCUBEARRAY"
  | "UNKNOWN";

/** All texture targets. */
export const TEXTURE_TARGETS: ReadonlySet<string> = new Set<TextureTarget>([
  "BUFFER",
  "1D",
  "2D",
  "3D",
  "CUBE",
  "RECT",
  "SHADOW1D",
  "SHADOW2D",
  "SHADOWRECT",
  "1D_ARRAY",
  "2D_ARRAY",
  "SHADOW1D_ARRAY",
  "SHADOW2D_ARRAY",
  "SHADOWCUBE",
  "2D_MSAA",
  "2D_ARRAY_MSAA",
  "CUBEARRAY",
  "SHADOWCUBEARRAY",
  "UNKNOWN",
]);

/** Properties, by TGSI_PROPERTY_* number. */
export const PROPERTIES: ReadonlySet<string> = new Set([
  "GS_INPUT_PRIMITIVE",
  "GS_OUTPUT_PRIMITIVE",
  "GS_MAX_OUTPUT_VERTICES",
  "FS_COORD_ORIGIN",
  "FS_COORD_PIXEL_CENTER",
  "FS_COLOR0_WRITES_ALL_CBUFS",
  "FS_DEPTH_LAYOUT",
  "VS_PROHIBIT_UCPS",
  "GS_INVOCATIONS",
  "VS_WINDOW_SPACE_POSITION",
  "TCS_VERTICES_OUT",
  "TES_PRIM_MODE",
  "TES_SPACING",
  "TES_VERTEX_ORDER_CW",
  "TES_POINT_MODE",
  "NUM_CLIPDIST_ENABLED",
  "NUM_CULLDIST_ENABLED",
  "FS_EARLY_DEPTH_STENCIL",
  "FS_POST_DEPTH_COVERAGE",
  "NEXT_SHADER",
  "CS_FIXED_BLOCK_WIDTH",
  "CS_FIXED_BLOCK_HEIGHT",
  "CS_FIXED_BLOCK_DEPTH",
  "LEGACY_MATH_RULES",
  "MUL_ZERO_WINS",
  "VS_BLIT_SGPRS_AMD",
  "CS_USER_DATA_COMPONENTS_AMD",
  "LAYER_VIEWPORT_RELATIVE",
  "FS_BLEND_EQUATION_ADVANCED",
  "SEPARABLE_PROGRAM",
]);

/** Primitives, by PIPE_PRIM_* number. */
export const PRIMITIVES: readonly string[] = [
  "POINTS",
  "LINES",
  "LINE_LOOP",
  "LINE_STRIP",
  "TRIANGLES",
  "TRIANGLE_STRIP",
  "TRIANGLE_FAN",
  "QUADS",
  "QUAD_STRIP",
  "POLYGON",
  "LINES_ADJACENCY",
  "LINE_STRIP_ADJACENCY",
  "TRIANGLES_ADJACENCY",
  "TRIANGLE_STRIP_ADJACENCY",
  "PATCHES",
];

/** Interpolation modes, by TGSI_INTERPOLATE_* number. */
export const INTERPOLATIONS = ["CONSTANT", "LINEAR", "PERSPECTIVE", "COLOR"] as const;
/** An interpolation mode. */
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** Interpolation places, by TGSI_INTERPOLATE_LOC_* number. */
export const INTERPOLATION_PLACES = ["CENTER", "CENTROID", "SAMPLE"] as const;
/** Where an input is interpolated. */
export type InterpolationPlace = (typeof INTERPOLATION_PLACES)[number];

/** Whether a target takes a comparison reference. */
export function isShadow(target: TextureTarget): boolean {
  return target.startsWith("SHADOW");
}
