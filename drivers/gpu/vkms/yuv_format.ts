/**
 * YCbCr formats, planar and semi-planar: what lies where (drm_fourcc.h), and the conversion to RGB by ITU-R BT.601, BT.709 and
 * BT.2020. Chroma is the nearest sample's, as in the kernel's vkms.
 * @module
 */

import {
  DRM_COLOR_YCBCR_BT2020,
  DRM_COLOR_YCBCR_BT601,
  DRM_COLOR_YCBCR_BT709,
  DRM_COLOR_YCBCR_FULL_RANGE,
  DRM_COLOR_YCBCR_LIMITED_RANGE,
} from "../../../uapi/drm_mode_color.ts";
import * as fourcc from "../../../uapi/drm_fourcc.ts";
import type { PixelSource } from "./layer.ts";
import type { ReadPixels } from "./packed_format.ts";

/** A YCbCr format. */
export interface YuvFormat {
  /** Columns that share a chroma sample. */
  readonly hsub: number;
  /** Rows that share a chroma sample. */
  readonly vsub: number;
  /** Whether Cb and Cr have a plane each; else they take turns in one. */
  readonly planar: boolean;
  /** Whether Cr comes first. */
  readonly swapped: boolean;
  /** Bytes a sample: 1, or 2 with the value in the highest bits. */
  readonly size: number;
}

const yuv = (hsub: number, vsub: number, planar: boolean, swapped = false, size = 1): YuvFormat => ({
  hsub,
  vsub,
  planar,
  swapped,
  size,
});

/** The formats by fourcc code. */
export const YUV_FORMATS: ReadonlyMap<number, YuvFormat> = new Map([
  [fourcc.DRM_FORMAT_NV12, yuv(2, 2, false)],
  [fourcc.DRM_FORMAT_NV21, yuv(2, 2, false, true)],
  [fourcc.DRM_FORMAT_NV16, yuv(2, 1, false)],
  [fourcc.DRM_FORMAT_NV61, yuv(2, 1, false, true)],
  [fourcc.DRM_FORMAT_NV24, yuv(1, 1, false)],
  [fourcc.DRM_FORMAT_NV42, yuv(1, 1, false, true)],
  [fourcc.DRM_FORMAT_P010, yuv(2, 2, false, false, 2)],
  [fourcc.DRM_FORMAT_P012, yuv(2, 2, false, false, 2)],
  [fourcc.DRM_FORMAT_P016, yuv(2, 2, false, false, 2)],
  [fourcc.DRM_FORMAT_YUV420, yuv(2, 2, true)],
  [fourcc.DRM_FORMAT_YVU420, yuv(2, 2, true, true)],
  [fourcc.DRM_FORMAT_YUV422, yuv(2, 1, true)],
  [fourcc.DRM_FORMAT_YVU422, yuv(2, 1, true, true)],
  [fourcc.DRM_FORMAT_YUV444, yuv(1, 1, true)],
  [fourcc.DRM_FORMAT_YVU444, yuv(1, 1, true, true)],
]);

/** What YCbCr is multiplied by, after its offsets are taken away. */
export interface YuvMatrix {
  /** Black level, 0..0xffff. */
  readonly black: number;
  /** Luma to all of red, green, blue. */
  readonly luma: number;
  /** Cr to red. */
  readonly crRed: number;
  /** Cb to green. */
  readonly cbGreen: number;
  /** Cr to green. */
  readonly crGreen: number;
  /** Cb to blue. */
  readonly cbBlue: number;
}

const WEIGHTS = new Map<number, readonly [red: number, blue: number]>([
  [DRM_COLOR_YCBCR_BT601, [0.299, 0.114]],
  [DRM_COLOR_YCBCR_BT709, [0.2126, 0.0722]],
  [DRM_COLOR_YCBCR_BT2020, [0.2627, 0.0593]],
]);

function matrix(encoding: number, range: number): YuvMatrix {
  const [red, blue] = WEIGHTS.get(encoding) ?? [0.299, 0.114];
  const green = 1 - red - blue;
  const limited = range === DRM_COLOR_YCBCR_LIMITED_RANGE;
  const chroma = limited ? 255 / 224 : 1;
  return {
    black: limited ? 16 * 257 : 0,
    luma: limited ? 255 / 219 : 1,
    crRed: 2 * (1 - red) * chroma,
    cbGreen: -2 * blue * (1 - blue) / green * chroma,
    crGreen: -2 * red * (1 - red) / green * chroma,
    cbBlue: 2 * (1 - blue) * chroma,
  };
}

const MATRICES: readonly YuvMatrix[] = [...WEIGHTS.keys()].flatMap((encoding) => [
  matrix(encoding, DRM_COLOR_YCBCR_LIMITED_RANGE),
  matrix(encoding, DRM_COLOR_YCBCR_FULL_RANGE),
]);

/** The matrix of an encoding (DRM_COLOR_YCBCR_BT*) and range (DRM_COLOR_YCBCR_*_RANGE). */
export function yuvMatrix(encoding: number, range: number): YuvMatrix {
  return MATRICES[encoding * 2 + range] ?? MATRICES[0];
}

const NEUTRAL = 128 * 257;

const clamp = (value: number): number => value <= 0 ? 0 : value >= 65535 ? 65535 : (value + 0.5) | 0;

function sample(bytes: Uint8Array, at: number, size: number): number {
  return size === 1 ? bytes[at] * 257 : bytes[at] | (bytes[at + 1] << 8);
}

/** What reads a format. */
export function yuvReader(format: YuvFormat): ReadPixels {
  const { hsub, vsub, planar, swapped, size } = format;
  const cbPlane = planar && swapped ? 2 : 1, crPlane = planar ? 3 - cbPlane : 1;
  // Bytes from one chroma sample of a plane to the next, and where in such a step Cb and Cr lie.
  const chromaStep = planar ? size : 2 * size;
  const cbPlace = !planar && swapped ? size : 0, crPlace = planar ? 0 : size - cbPlace;
  return (source: PixelSource, x, y, dx, dy, count, lanes, at) => {
    const m = yuvMatrix(source.encoding, source.range);
    const { offsets, pitches } = source;
    const luma = source.bytes[0], cbs = source.bytes[cbPlane], crs = source.bytes[crPlane];
    // A framebuffer's size is checked for whole chroma samples only: beyond the buffer's end, memory reads as nothing, which
    // becomes 0.
    for (let i = at * 4, end = i + count * 4; i < end; i += 4, x += dx, y += dy) {
      const column = (hsub === 2 ? x >>> 1 : x) * chromaStep;
      const row = vsub === 2 ? y >>> 1 : y;
      const l = (sample(luma, offsets[0] + y * pitches[0] + x * size, size) - m.black) * m.luma;
      const cb = sample(cbs, offsets[cbPlane] + row * pitches[cbPlane] + column + cbPlace, size) - NEUTRAL;
      const cr = sample(crs, offsets[crPlane] + row * pitches[crPlane] + column + crPlace, size) - NEUTRAL;
      lanes[i] = 0xffff;
      lanes[i + 1] = clamp(l + cr * m.crRed);
      lanes[i + 2] = clamp(l + cb * m.cbGreen + cr * m.crGreen);
      lanes[i + 3] = clamp(l + cb * m.cbBlue);
    }
  };
}
