/**
 * `Layer`: a picture in memory and its place on the screen: what a plane shows, without KMS. Mirrors struct vkms_frame_info.
 * @module
 */

import { DRM_MODE_BLEND_PREMULTI } from "../../../uapi/drm_mode_plane.ts";
import { DRM_MODE_ROTATE_0 } from "../../../uapi/drm_mode_plane.ts";

/** Pixels in memory. Arrays have an element for each plane of the format. */
export interface PixelSource {
  /** DRM_FORMAT_*. */
  format: number;
  /** Columns of the whole picture. */
  width: number;
  /** Rows of the whole picture. */
  height: number;
  /** Where the planes lie. */
  bytes: readonly Uint8Array[];
  /** Where each plane begins, bytes. */
  offsets: readonly number[];
  /** Bytes a line. */
  pitches: readonly number[];
  /** DRM_COLOR_YCBCR_BT*, for YCbCr formats. */
  encoding: number;
  /** DRM_COLOR_YCBCR_*_RANGE, for YCbCr formats. */
  range: number;
}

const NOTHING = new Uint8Array(0);

/** A picture and its place. Layers are kept and filled in anew for each change, so that none is made for a frame. */
export class Layer implements PixelSource {
  /** DRM_FORMAT_*. */
  format = 0;
  /** Columns of the whole picture. */
  width = 0;
  /** Rows of the whole picture. */
  height = 0;
  /** Where the planes lie. */
  bytes: readonly Uint8Array[] = [];
  /** Plane 0 as words from its first pixel, where it is so aligned; else undefined. */
  words: Int32Array | undefined = undefined;
  /** Where each plane begins, bytes. */
  offsets: readonly number[] = [];
  /** Bytes a line. */
  pitches: readonly number[] = [];
  /** DRM_COLOR_YCBCR_BT*. */
  encoding = 0;
  /** DRM_COLOR_YCBCR_*_RANGE. */
  range = 0;
  /** Left edge of what is shown of the picture, pixels. */
  srcX = 0;
  /** Top edge of what is shown of the picture, pixels. */
  srcY = 0;
  /** Left edge on the screen, 0 or more. */
  x1 = 0;
  /** Top edge on the screen, 0 or more. */
  y1 = 0;
  /** Right edge on the screen, exclusive. */
  x2 = 0;
  /** Bottom edge on the screen, exclusive. */
  y2 = 0;
  /** Opacity, 0..0xffff. */
  alpha = 0xffff;
  /** DRM_MODE_BLEND_*. */
  blend: number = DRM_MODE_BLEND_PREMULTI;
  /** DRM_MODE_ROTATE_* and DRM_MODE_REFLECT_*. */
  rotation: number = DRM_MODE_ROTATE_0;
  /** Place in the stack, 0 for the lowest. */
  zpos = 0;

  /** Lets go of the picture. */
  clear(): void {
    this.bytes = [];
    this.words = undefined;
  }

  /** Plane `index` of the picture; nothing where there is none. */
  plane(index: number): Uint8Array {
    return this.bytes[index] ?? NOTHING;
  }
}

/**
 * Plane 0 of a picture as words: from `offset` on, if that and `pitch` are multiples of four bytes. One view for many frames.
 */
export function wordsOf(bytes: Uint8Array, offset: number, pitch: number): Int32Array | undefined {
  const start = bytes.byteOffset + offset;
  if (start % 4 !== 0 || pitch % 4 !== 0 || offset > bytes.length) return undefined;
  return new Int32Array(bytes.buffer, start, (bytes.length - offset) >>> 2);
}
