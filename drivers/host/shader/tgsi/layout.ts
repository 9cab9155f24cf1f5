/** Where a module finds its resources: descriptor sets and bindings, and the block of the driver's constants. The renderer uses the same rules. */
import type { Stage } from "./names.ts";

/** Number of each stage in the descriptor layout. */
export const STAGE_INDEX: Readonly<Record<Stage, number>> = {
  vertex: 0,
  tess_ctrl: 1,
  tess_eval: 2,
  geometry: 3,
  fragment: 4,
  compute: 5,
};

/** Set of the uniform buffers. */
export const UNIFORM_SET = 0;
/** Set of the combined image samplers and uniform texel buffers. */
export const SAMPLER_SET = 1;
/** Set of the storage buffers, storage images and storage texel buffers. */
export const STORAGE_SET = 2;
/** Binding, in {@linkcode UNIFORM_SET}, of the driver's constants. */
export const DRIVER_CONSTANTS_BINDING = 96;

/** Binding of a uniform buffer in set 0. @param slot 0 to 15; 0 is CONST[0]. */
export function uniformBinding(stage: Stage, slot: number): number {
  return STAGE_INDEX[stage] * 16 + slot;
}

/** Binding of a texture unit in set 1. @param unit 0 to 31. */
export function samplerBinding(stage: Stage, unit: number): number {
  return STAGE_INDEX[stage] * 32 + unit;
}

/** Binding of a storage buffer in set 2. @param index 0 to 23. Hardware atomic buffers are 24 to 31: see {@linkcode atomicBinding}. */
export function bufferBinding(stage: Stage, index: number): number {
  return STAGE_INDEX[stage] * 64 + index;
}

/** Binding of a hardware atomic buffer in set 2 (a storage buffer of dwords). @param index 0 to 7. */
export function atomicBinding(stage: Stage, index: number): number {
  return STAGE_INDEX[stage] * 64 + 24 + index;
}

/** Binding of an image in set 2. @param index 0 to 31. */
export function imageBinding(stage: Stage, index: number): number {
  return STAGE_INDEX[stage] * 64 + 32 + index;
}

/** Byte offsets in the uniform block of the driver's constants (std140). */
export const DriverConstants = {
  /** 8 user clip planes, vec4 each (SET_CLIP_STATE). */
  clipPlanes: 0,
  /** alpha test reference, float. */
  alphaRef: 128,
  /** point size, float, already clamped to the device's limits. */
  pointSize: 132,
  /** framebuffer width, float. */
  width: 136,
  /** framebuffer height, float. */
  height: 140,
  /** default outer tessellation levels, vec4 (SET_TESS_STATE). */
  tessOuter: 144,
  /** default inner tessellation levels, vec4 of which xy count. */
  tessInner: 160,
  /** gl_DrawID of the draw, uint; then the number of patch vertices, uint; two are unused. */
  draw: 176,
  /** sample positions, 16 vec4 of which xy count (0..1 in the pixel). */
  samplePositions: 192,
  /** Rows of the polygon stipple, 32 uints, the leftmost bit highest (SET_POLYGON_STIPPLE). */
  stipple: 448,
  /** Size of the block in bytes. */
  size: 576,
} as const;
