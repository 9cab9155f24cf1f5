/**
 * What every renderer's frames share: the name of their format, and the checks of `read`.
 * @module
 */

import type { Frame, Rect } from "../../../core/display.ts";
import { virtioGpuFourcc } from "../../../uapi/virtio_gpu_format.ts";

/** The DRM_FORMAT_* of a VIRTIO_GPU_FORMAT_*. Throws a TypeError for a number that is none. */
export function frameFormat(format: number): number {
  const found = virtioGpuFourcc(format);
  if (found === undefined) throw new TypeError(`Cannot show format ${format}: it is no VIRTIO_GPU_FORMAT_*`);
  return found;
}

/** Checks the arguments of `Frame.read`. Throws a RangeError if the rectangle or its rows do not fit. */
export function checkRead(frame: Frame, target: Uint8Array, stride: number, rect: Rect): void {
  const inside = rect.x >= 0 && rect.y >= 0 && rect.width >= 0 && rect.height >= 0 &&
    rect.x + rect.width <= frame.width && rect.y + rect.height <= frame.height;
  if (!inside) throw new RangeError(`Cannot read a rectangle outside a frame of ${frame.width}x${frame.height}`);
  if (rect.width === 0 || rect.height === 0) return;
  if (stride < rect.width * 4 || (rect.height - 1) * stride + rect.width * 4 > target.length) {
    throw new RangeError(
      `Cannot read ${rect.width}x${rect.height} pixels into ${target.length} bytes of stride ${stride}`,
    );
  }
}
