/**
 * What a client may make a renderer hold. Generous for programs (a game has some hundred shaders and some thousand objects),
 * and final for who wants to exhaust the host.
 * @module
 */

/** Limits of one context or sub-context. */
export const LIMITS = {
  /** Sub-contexts of a context (a GL context of the guest each). */
  subContexts: 256,
  /** Objects of a sub-context. */
  objects: 1 << 18,
  /** Shaders among them. */
  shaders: 1 << 14,
  /** Characters of one shader's text. */
  shaderBytes: 1 << 20,
  /** Characters of all shaders of a sub-context. */
  totalShaderBytes: 64 << 20,
  /** Modules made from one shader; the next one empties its cache. */
  variants: 256,
  /** Programs (tuples of shaders) of a sub-context that are remembered; the next one empties the cache. */
  programs: 4096,
  /** Pipelines of a sub-context that are remembered; the next one empties the cache. */
  pipelines: 4096,
  /** Vertices of all instances of a draw. */
  vertices: 1 << 28,
  /** VkSamplers of a renderer (maxSamplerAllocationCount may be less). */
  samplers: 2048,
} as const;
