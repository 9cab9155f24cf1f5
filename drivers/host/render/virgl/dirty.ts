/**
 * What of a sub-context's state changed since it was last made the GPU's: bits that setters add and the draw path takes away.
 * @module
 */

/** Other shaders are bound. */
export const DIRTY_PROGRAM = 1 << 0;
/** State that modules depend on: rasterizer, alpha test, formats of attachments, attributes or views. */
export const DIRTY_VARIANTS = 1 << 1;
/** State that is compiled into the pipeline. */
export const DIRTY_PIPELINE = 1 << 2;
/** Viewports. */
export const DIRTY_VIEWPORT = 1 << 3;
/** Scissors, or whether they apply, or the framebuffer's size. */
export const DIRTY_SCISSOR = 1 << 4;
/** Culling, depth bias, line width. */
export const DIRTY_RASTERIZER = 1 << 5;
/** Depth and stencil tests. */
export const DIRTY_DSA = 1 << 6;
/** Stencil references. */
export const DIRTY_STENCIL_REF = 1 << 7;
/** The blend colour. */
export const DIRTY_BLEND_COLOR = 1 << 8;
/** Vertex buffers or elements. */
export const DIRTY_VERTEX_BUFFERS = 1 << 9;
/** The index buffer. */
export const DIRTY_INDEX_BUFFER = 1 << 10;
/** CONST[0] of some stage, of data that came with the command. */
export const DIRTY_CONSTANTS = 1 << 11;
/** Buffers behind constant slots. */
export const DIRTY_UNIFORM_BUFFERS = 1 << 12;
/** Sampler views or samplers. */
export const DIRTY_SAMPLERS = 1 << 13;
/** Storage buffers, images, atomics. */
export const DIRTY_STORAGE = 1 << 14;
/** Clip planes, alpha reference, point size: the driver's own constants. */
export const DIRTY_DRIVER_CONSTANTS = 1 << 15;
/** Another framebuffer. */
export const DIRTY_FRAMEBUFFER = 1 << 16;
/** Everything. */
export const DIRTY_ALL = (1 << 17) - 1;

/** What binds a resource that a draw uses: hazards have to be looked at again. */
export const DIRTY_RESOURCES: number = DIRTY_PROGRAM | DIRTY_VERTEX_BUFFERS | DIRTY_INDEX_BUFFER |
  DIRTY_UNIFORM_BUFFERS |
  DIRTY_SAMPLERS | DIRTY_STORAGE | DIRTY_FRAMEBUFFER;
