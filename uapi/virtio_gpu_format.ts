/**
 * VIRTIO_GPU_FORMAT_* and DRM_FORMAT_*: the same layouts by two names. Virtio names bytes in memory, DRM names components of a
 * little-endian word from its highest bits. Virtio 1.3 section 5.7.6.8, include/uapi/drm/drm_fourcc.h.
 * @module
 */

import {
  DRM_FORMAT_ABGR8888,
  DRM_FORMAT_ARGB8888,
  DRM_FORMAT_BGRA8888,
  DRM_FORMAT_BGRX8888,
  DRM_FORMAT_RGBA8888,
  DRM_FORMAT_RGBX8888,
  DRM_FORMAT_XBGR8888,
  DRM_FORMAT_XRGB8888,
} from "./drm_fourcc_rgb.ts";
import {
  VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM,
  VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM,
  VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM,
  VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
  VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM,
  VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM,
  VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM,
  VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM,
} from "./virtio_gpu_2d.ts";

/** DRM_FORMAT_* of each VIRTIO_GPU_FORMAT_*; every one has 4 bytes a pixel. */
export const VIRTIO_GPU_FORMATS: ReadonlyMap<number, number> = new Map([
  [VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, DRM_FORMAT_ARGB8888],
  [VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, DRM_FORMAT_XRGB8888],
  [VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, DRM_FORMAT_BGRA8888],
  [VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM, DRM_FORMAT_BGRX8888],
  [VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, DRM_FORMAT_ABGR8888],
  [VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM, DRM_FORMAT_RGBX8888],
  [VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, DRM_FORMAT_RGBA8888],
  [VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM, DRM_FORMAT_XBGR8888],
]);

const back: ReadonlyMap<number, number> = new Map([...VIRTIO_GPU_FORMATS].map(([format, fourcc]) => [fourcc, format]));

/** The DRM_FORMAT_* of a VIRTIO_GPU_FORMAT_*, or undefined. */
export function virtioGpuFourcc(format: number): number | undefined {
  return VIRTIO_GPU_FORMATS.get(format);
}

/** The VIRTIO_GPU_FORMAT_* of a DRM_FORMAT_*, or undefined. */
export function virtioGpuFormat(fourcc: number): number | undefined {
  return back.get(fourcc);
}
