/**
 * Blending of a row over an opaque one, by the equations of "pixel blend mode" and "alpha" (drm_blend.c), exactly: one rounding
 * to the nearest, as pre_mul_blend_channel of drivers/gpu/drm/vkms/vkms_composer.c does it.
 * @module
 */

import { DRM_MODE_BLEND_COVERAGE, DRM_MODE_BLEND_PIXEL_NONE } from "../../../uapi/drm_mode_plane.ts";

const MAX = 0xffff;
const MAX2 = MAX * MAX;
const HALF = MAX >> 1;
const HALF2 = Math.floor(MAX2 / 2);

/**
 * The kernel's premultiplied blend of a channel, in its 32 bits: a source brighter than its alpha allows overflows as there.
 * All of 0..0xffff.
 */
export function blendPremultiplied(source: number, target: number, alpha: number): number {
  const sum = (Math.imul(source, MAX) + Math.imul(target, MAX - alpha) + HALF) >>> 0;
  return Math.floor(sum / MAX) & MAX;
}

/**
 * Blends pixels into a row.
 *
 * @param lanes the row below, and the result: alpha, red, green, blue.
 * @param at the first pixel that is covered.
 * @param source the row above, from its first pixel.
 * @param count pixels.
 * @param mode DRM_MODE_BLEND_*.
 * @param opacity the plane's alpha, 0..0xffff.
 */
export function blendRow(
  lanes: Uint16Array,
  at: number,
  source: Uint16Array,
  count: number,
  mode: number,
  opacity: number,
): void {
  if (mode === DRM_MODE_BLEND_PIXEL_NONE) blendConstant(lanes, at, source, count, opacity);
  else if (mode === DRM_MODE_BLEND_COVERAGE) blendCoverage(lanes, at, source, count, opacity);
  else if (opacity === MAX) blendOver(lanes, at, source, count);
  else blendPremultipliedFaded(lanes, at, source, count, opacity);
}

// out = alpha_plane * fg + (1 - alpha_plane) * bg
function blendConstant(lanes: Uint16Array, at: number, source: Uint16Array, count: number, opacity: number): void {
  const rest = MAX - opacity;
  for (let i = 0, to = at * 4; i < count * 4; i += 4, to += 4) {
    lanes[to] = MAX;
    for (let c = 1; c < 4; c++) {
      lanes[to + c] = Math.floor((opacity * source[i + c] + rest * lanes[to + c] + HALF) / MAX);
    }
  }
}

// out = fg + (1 - alpha_fg) * bg
function blendOver(lanes: Uint16Array, at: number, source: Uint16Array, count: number): void {
  for (let i = 0, to = at * 4; i < count * 4; i += 4, to += 4) {
    const alpha = source[i];
    lanes[to] = MAX;
    lanes[to + 1] = blendPremultiplied(source[i + 1], lanes[to + 1], alpha);
    lanes[to + 2] = blendPremultiplied(source[i + 2], lanes[to + 2], alpha);
    lanes[to + 3] = blendPremultiplied(source[i + 3], lanes[to + 3], alpha);
  }
}

// out = alpha_plane * fg + (1 - alpha_plane * alpha_fg) * bg; 48 bits, which a Number holds exactly.
function blendPremultipliedFaded(
  lanes: Uint16Array,
  at: number,
  source: Uint16Array,
  count: number,
  opacity: number,
): void {
  for (let i = 0, to = at * 4; i < count * 4; i += 4, to += 4) {
    const rest = MAX2 - opacity * source[i];
    lanes[to] = MAX;
    for (let c = 1; c < 4; c++) {
      const sum = opacity * source[i + c] * MAX + rest * lanes[to + c] + HALF2;
      lanes[to + c] = Math.min(MAX, Math.floor(sum / MAX2));
    }
  }
}

// out = alpha_plane * alpha_fg * fg + (1 - alpha_plane * alpha_fg) * bg
function blendCoverage(lanes: Uint16Array, at: number, source: Uint16Array, count: number, opacity: number): void {
  for (let i = 0, to = at * 4; i < count * 4; i += 4, to += 4) {
    const weight = opacity * source[i], rest = MAX2 - weight;
    lanes[to] = MAX;
    for (let c = 1; c < 4; c++) {
      lanes[to + c] = Math.floor((weight * source[i + c] + rest * lanes[to + c] + HALF2) / MAX2);
    }
  }
}
