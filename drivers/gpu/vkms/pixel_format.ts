/**
 * Pixel formats by fourcc code: what reads and what writes each, and the lists that planes offer. Mirrors
 * drivers/gpu/drm/vkms/vkms_formats.c.
 * @module
 */

import * as fourcc from "../../../uapi/drm_fourcc.ts";
import { PACKED_FORMATS, packedReader, packedWriter, type ReadPixels, type WritePixels } from "./packed_format.ts";
import { GREY_FORMATS, greyReader, WIDE_FORMATS, wideReader, wideWriter } from "./wide_format.ts";
import { YUV_FORMATS, yuvReader } from "./yuv_format.ts";

/** The formats of the kernel's vkms, in its order. */
export const KERNEL_FORMATS: readonly number[] = [
  fourcc.DRM_FORMAT_ARGB8888,
  fourcc.DRM_FORMAT_XRGB8888,
  fourcc.DRM_FORMAT_XRGB16161616,
  fourcc.DRM_FORMAT_ARGB16161616,
  fourcc.DRM_FORMAT_RGB565,
];

/** All formats that can be shown, the kernel's first. */
export const ALL_FORMATS: readonly number[] = [
  ...new Set([
    ...KERNEL_FORMATS,
    ...PACKED_FORMATS.keys(),
    ...WIDE_FORMATS.keys(),
    ...GREY_FORMATS.keys(),
    ...YUV_FORMATS.keys(),
  ]),
];

const readers = new Map<number, ReadPixels>();
const writers = new Map<number, WritePixels>();

function makeReader(format: number): ReadPixels | undefined {
  const packed = PACKED_FORMATS.get(format);
  if (packed !== undefined) return packedReader(packed);
  const wide = WIDE_FORMATS.get(format);
  if (wide !== undefined) return wideReader(wide);
  const grey = GREY_FORMATS.get(format);
  if (grey !== undefined) return greyReader(grey);
  const yuv = YUV_FORMATS.get(format);
  return yuv === undefined ? undefined : yuvReader(yuv);
}

/** What reads pixels of a format. @throws {TypeError} for one that cannot be shown. */
export function readerOf(format: number): ReadPixels {
  let reader = readers.get(format);
  if (reader !== undefined) return reader;
  reader = makeReader(format);
  if (reader === undefined) throw new TypeError(`Cannot read pixels of format 0x${format.toString(16)}`);
  readers.set(format, reader);
  return reader;
}

/** Formats that a frame can be written in: RGB, without half floats. */
export const WRITE_FORMATS: readonly number[] = ALL_FORMATS.filter((format) =>
  (PACKED_FORMATS.has(format) && format !== fourcc.DRM_FORMAT_R8) || WIDE_FORMATS.get(format)?.float === false
);

/** What writes pixels of a format. @throws {TypeError} for one that is not in {@linkcode WRITE_FORMATS}. */
export function writerOf(format: number): WritePixels {
  let writer = writers.get(format);
  if (writer !== undefined) return writer;
  const packed = PACKED_FORMATS.get(format), wide = WIDE_FORMATS.get(format);
  if (!WRITE_FORMATS.includes(format)) throw new TypeError(`Cannot write pixels of format 0x${format.toString(16)}`);
  if (packed !== undefined) writer = packedWriter(packed);
  else if (wide !== undefined) writer = wideWriter(wide);
  else throw new TypeError(`Cannot write pixels of format 0x${format.toString(16)}`);
  writers.set(format, writer);
  return writer;
}

/** Bytes a pixel of a format that frames can be written in. */
export function writtenSize(format: number): number {
  return PACKED_FORMATS.get(format)?.size ?? 8;
}

/** Whether pixels of a format have an alpha of their own. */
export function hasAlpha(format: number): boolean {
  return PACKED_FORMATS.get(format)?.alpha !== undefined || WIDE_FORMATS.get(format)?.alpha === true;
}
