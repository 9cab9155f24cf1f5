/**
 * Cursor images: pixels of any VIRTIO_GPU_FORMAT_* as DRM_FORMAT_ARGB8888.
 * @module
 */

import {
  VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM,
  VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM,
  VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM,
  VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
  VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM,
  VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM,
  VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM,
  VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM,
} from "../../../uapi/virtio_gpu.ts";

/**
 * Where in a pixel's bytes blue, green, red and alpha lie. A format without alpha has it in its unused byte all the same: Linux
 * makes cursors of dumb buffers, which are B8G8R8X8 resources with ARGB8888 pixels.
 */
const PLACES: ReadonlyMap<number, readonly [number, number, number, number]> = new Map([
  [VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, [0, 1, 2, 3]],
  [VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, [0, 1, 2, 3]],
  [VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, [3, 2, 1, 0]],
  [VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, [3, 2, 1, 0]],
  [VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, [2, 1, 0, 3]],
  [VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, [1, 2, 3, 0]],
  [VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, [1, 2, 3, 0]],
  [VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, [2, 1, 0, 3]],
]);

/** Copies pixels into DRM_FORMAT_ARGB8888 bytes. */
export function toArgb8888(format: number, pixels: Uint8Array): Uint8Array {
  const places = PLACES.get(format);
  if (places === undefined) throw new TypeError(`Cannot read format ${format}: it is no VIRTIO_GPU_FORMAT_*`);
  const [blue, green, red, alpha] = places;
  const argb = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 4) {
    argb[i] = pixels[i + blue];
    argb[i + 1] = pixels[i + green];
    argb[i + 2] = pixels[i + red];
    argb[i + 3] = pixels[i + alpha];
  }
  return argb;
}
