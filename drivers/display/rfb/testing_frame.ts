/**
 * Frames for tests, as a device would present them.
 * @module
 */

import type { Frame, Rect } from "../../../core/display.ts";
import { DRM_FORMAT_XRGB8888 } from "../../../uapi/drm_fourcc.ts";

/** A frame of words XRGB8888, as a device would present it. */
export function testFrame(words: Uint32Array, width: number, damage: readonly Rect[] = []): Frame {
  const height = words.length / width;
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  return {
    format: DRM_FORMAT_XRGB8888,
    modifier: 0n,
    width,
    height,
    damage,
    read(target, stride, rect = { x: 0, y: 0, width, height }) {
      for (let y = 0; y < rect.height; y++) {
        const from = ((rect.y + y) * width + rect.x) * 4;
        target.set(bytes.subarray(from, from + rect.width * 4), y * stride);
      }
    },
  };
}
