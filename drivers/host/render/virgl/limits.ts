/**
 * What a client may make a renderer hold. Generous for programs (a game has some hundred shaders and some thousand objects),
 * and final for who wants to exhaust the host.
 * @module
 */

/** Limits of one context, with all its sub-contexts, but where another is named. */
export const LIMITS = {
  /** Sub-contexts of a context (a GL context of the guest each). */
  subContexts: 256,
  /** Objects: some hundred bytes to some kilobytes each. */
  objects: 1 << 16,
  /** Views of resources that it was the first to need, as long as the resources live. */
  views: 1 << 18,
  /** Descriptions of vertex layouts and of what stages hand on, as long as their sub-contexts live. */
  descriptions: 1 << 16,
  /** Shaders among them. */
  shaders: 1 << 14,
  /** Characters of one shader's text. */
  shaderBytes: 1 << 20,
  /** Characters of all shaders, with those that are not complete. */
  totalShaderBytes: 32 << 20,
  /** Bytes of all modules that were made of shaders. */
  moduleBytes: 256 << 20,
  /** Modules made from one shader; the next one empties its cache. */
  variants: 256,
  /** Programs (tuples of shaders) of a sub-context that are remembered; the next one empties the cache. */
  programs: 4096,
  /** Pipelines that are remembered; the next one empties the cache of its sub-context. */
  pipelines: 8192,
  /** Vertices of all instances of a draw. */
  vertices: 1 << 28,
  /** Threads of a dispatch. */
  invocations: 2 ** 32,
  /** VkSamplers that a context makes, as if it shared none. */
  contextSamplers: 2048,
  /** VkSamplers of a renderer (maxSamplerAllocationCount may be less). */
  samplers: 1 << 15,
} as const;
