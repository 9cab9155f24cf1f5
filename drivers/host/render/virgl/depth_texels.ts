/**
 * Depth and stencil between the wire, where a texel's are side by side, and Vulkan's copies, which move one of them at a time:
 * depth as words (24 bits, or a float), stencil as bytes.
 * @module
 */

import { VK_FORMAT_D32_SFLOAT, VK_FORMAT_D32_SFLOAT_S8_UINT } from "../../vulkan/mod.ts";
import type { GpuFormat } from "./formats.ts";

const MAX24 = 0xffffff, MAX32 = 0xffffffff;
const scratch = new Float32Array(1), scratchWord = new Uint32Array(scratch.buffer);

/** How a texel lies on the wire. */
export interface DepthLayout {
  /** Words a texel: 1, or 2 for a float and a stencil. */
  readonly words: number;
  /** Lowest bit of the depth; -1: the first word is a float, as it is. */
  readonly depthShift: number;
  /** The greatest depth: 24 or 32 bits. */
  readonly depthMax: number;
  /** Lowest bit of the stencil in the last word; -1: there is none. */
  readonly stencilShift: number;
  /** The GPU holds those bits as a float (which has 24 of 32). */
  readonly float: boolean;
}

/** The layout of a format whose `copy` is "depth" or "depth_stencil". */
export function depthLayout({ info, vk }: GpuFormat): DepthLayout {
  const float = vk === VK_FORMAT_D32_SFLOAT || vk === VK_FORMAT_D32_SFLOAT_S8_UINT;
  switch (info.name) {
    case "Z24_UNORM_S8_UINT":
      return { words: 1, depthShift: 0, depthMax: MAX24, stencilShift: 24, float };
    case "S8_UINT_Z24_UNORM":
      return { words: 1, depthShift: 8, depthMax: MAX24, stencilShift: 0, float };
    case "Z24X8_UNORM":
      return { words: 1, depthShift: 0, depthMax: MAX24, stencilShift: -1, float };
    case "X8Z24_UNORM":
      return { words: 1, depthShift: 8, depthMax: MAX24, stencilShift: -1, float };
    case "Z32_UNORM":
      return { words: 1, depthShift: 0, depthMax: MAX32, stencilShift: -1, float: true };
    default:
      return { words: 2, depthShift: -1, depthMax: MAX24, stencilShift: 0, float: false };
  }
}

/**
 * Takes texels of the wire apart.
 * @param texels `count` of them. @param depth gets a word each. @param stencil gets a byte each, if there is stencil
 */
export function splitDepth(
  layout: DepthLayout,
  texels: Uint32Array,
  count: number,
  depth: Uint32Array,
  stencil: Uint8Array,
): void {
  const { words, depthShift, depthMax, stencilShift, float } = layout;
  for (let i = 0, at = 0; i < count; i++, at += words) {
    const first = texels[at];
    if (depthShift < 0) depth[i] = first;
    else {
      const value = depthMax === MAX24 ? first >>> depthShift & MAX24 : first;
      depth[i] = float ? toFloat(value / depthMax) : value;
    }
    if (stencilShift >= 0) stencil[i] = texels[at + words - 1] >>> stencilShift;
  }
}

/** Puts texels of the wire together: the reverse of `splitDepth`. Bits that mean nothing are 0. */
export function joinDepth(
  layout: DepthLayout,
  depth: Uint32Array,
  stencil: Uint8Array,
  count: number,
  texels: Uint32Array,
): void {
  const { words, depthShift, depthMax, stencilShift, float } = layout;
  for (let i = 0, at = 0; i < count; i++, at += words) {
    let first: number;
    if (depthShift < 0) first = depth[i];
    else first = (float ? Math.round(fromFloat(depth[i]) * depthMax) : depth[i] & MAX24) << depthShift;
    texels[at] = first;
    if (stencilShift < 0) continue;
    if (words === 1) texels[at] = first | stencil[i] << stencilShift;
    else texels[at + 1] = stencil[i];
  }
}

function toFloat(value: number): number {
  scratch[0] = value;
  return scratchWord[0];
}

function fromFloat(word: number): number {
  scratchWord[0] = word;
  return Math.min(1, Math.max(0, scratch[0]));
}
