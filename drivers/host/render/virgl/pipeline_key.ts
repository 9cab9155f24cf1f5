/**
 * What a pipeline is compiled for, as words: equal words, equal pipeline. All else is dynamic state.
 * @module
 */

/** Module ids of the stages, by VIRGL_SHADER_*: words 0 to 4. */
export const KEY_MODULES = 0;
/** VertexElements.layout. */
export const KEY_VERTEX = 5;
/** Topology class (TOPOLOGY_*) | patch vertices << 8. */
export const KEY_TOPOLOGY = 6;
/** Polygon mode, depth clip, provoking vertex, lines: RASTER_*. */
export const KEY_RASTER = 7;
/** Line stipple: pattern | factor - 1 << 16. */
export const KEY_STIPPLE = 8;
/** Samples | coverage from alpha << 8 | alpha to one << 9 | sample shading << 10 | least samples << 16. */
export const KEY_SAMPLES = 9;
/** Sample mask. */
export const KEY_SAMPLE_MASK = 10;
/** Colour attachments | logic op << 8 | whether it is on << 12. */
export const KEY_COLORS = 11;
/** VkFormat of each colour attachment: words 12 to 19. */
export const KEY_FORMATS = 12;
/** Blend word of each colour attachment: words 20 to 27. */
export const KEY_BLEND = 20;
/** VkFormat of the depth attachment. */
export const KEY_DEPTH = 28;
/** VkFormat of the stencil attachment. */
export const KEY_STENCIL = 29;
/** Words of a key. */
export const PIPELINE_WORDS = 30;

/** VkPolygonMode, 2 bits. */
export const RASTER_POLYGON = 3;
/** Depth is clipped. */
export const RASTER_CLIP = 1 << 2;
/** Depth is clamped. */
export const RASTER_CLAMP = 1 << 3;
/** Depth of clip space is -w to w. */
export const RASTER_NEGATIVE = 1 << 4;
/** The last vertex provokes. */
export const RASTER_LAST = 1 << 5;
/** Lines are stippled. */
export const RASTER_STIPPLE = 1 << 6;
/** Where VkLineRasterizationModeEXT begins, 2 bits. */
export const RASTER_LINES = 8;

/** Primitives of a class may be drawn with the same pipeline (VUID-VkGraphicsPipelineCreateInfo-... dynamic topology). */
export const TOPOLOGY_POINTS = 0;
/** Lines. */
export const TOPOLOGY_LINES = 1;
/** Triangles. */
export const TOPOLOGY_TRIANGLES = 2;
/** Patches. */
export const TOPOLOGY_PATCHES = 3;

/** PIPE_PRIM_* to VkPrimitiveTopology; -1 for what Vulkan has not: LINE_LOOP, QUADS, QUAD_STRIP, POLYGON. */
export const TOPOLOGIES: Int8Array = Int8Array.of(0, 1, -1, 2, 3, 4, 5, -1, -1, -1, 6, 7, 8, 9, 10);
/** PIPE_PRIM_* to TOPOLOGY_*. */
export const TOPOLOGY_CLASSES: Int8Array = Int8Array.of(0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 1, 1, 2, 2, 3);
/** PIPE_PRIM_* that are lists: restart needs an extension. */
export const TOPOLOGY_LISTS: Int8Array = Int8Array.of(1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1);
