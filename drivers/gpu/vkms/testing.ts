/**
 * Layers over memory of their own, for tests and benches of whoever composes; and a monitor's EDID.
 * @module
 */

import {
  drm_format_info,
  drm_format_info_min_pitch,
  drm_format_info_plane_height,
  drm_format_info_plane_width,
} from "../../../uapi/format.ts";
import { sealEdidBlock } from "../../../core/kms/edid.ts";
import { Layer, wordsOf } from "./layer.ts";

/** What a layer shows and where; its picture is as large as what is shown, if nothing else is said. */
export interface TestLayer {
  /** DRM_FORMAT_*. */
  readonly format: number;
  /** Left edge on the screen. */
  readonly x?: number;
  /** Top edge on the screen. */
  readonly y?: number;
  /** Columns of the picture. */
  readonly width: number;
  /** Rows of the picture. */
  readonly height: number;
  /** Columns shown, default all (after rotation: of the picture). */
  readonly srcWidth?: number;
  /** Rows shown, default all. */
  readonly srcHeight?: number;
  /** First column shown. */
  readonly srcX?: number;
  /** First row shown. */
  readonly srcY?: number;
  /** Opacity. */
  readonly alpha?: number;
  /** DRM_MODE_BLEND_*. */
  readonly blend?: number;
  /** DRM_MODE_ROTATE_* and DRM_MODE_REFLECT_*. */
  readonly rotation?: number;
  /** Bytes between lines beyond what a line needs. */
  readonly padding?: number;
  /** DRM_COLOR_YCBCR_BT*. */
  readonly encoding?: number;
  /** DRM_COLOR_YCBCR_*_RANGE. */
  readonly range?: number;
  /** Fills the planes. */
  fill?(bytes: Uint8Array, plane: number): void;
}

/** A layer that is not clipped. @throws {TypeError} for a format that is unknown. */
export function testLayer(options: TestLayer): Layer {
  const info = drm_format_info(options.format);
  if (info === undefined) throw new TypeError(`Cannot make a layer of format 0x${options.format.toString(16)}`);
  const { width, height, srcX = 0, srcY = 0 } = options;
  const srcWidth = options.srcWidth ?? width - srcX, srcHeight = options.srcHeight ?? height - srcY;
  const layer = new Layer();
  layer.format = options.format;
  layer.width = width;
  layer.height = height;
  const planes = info.char_per_block.map((_, i) => i);
  layer.pitches = planes.map((i) =>
    drm_format_info_min_pitch(info, i, drm_format_info_plane_width(info, width, i)) + (options.padding ?? 0)
  );
  layer.offsets = planes.map(() => 0);
  layer.bytes = planes.map((i) => {
    const bytes = new Uint8Array(Math.ceil(layer.pitches[i] * drm_format_info_plane_height(info, height, i) / 4) * 4);
    options.fill?.(bytes, i);
    return bytes;
  });
  layer.words = wordsOf(layer.bytes[0], 0, layer.pitches[0]);
  layer.encoding = options.encoding ?? 0;
  layer.range = options.range ?? 0;
  layer.alpha = options.alpha ?? 0xffff;
  layer.blend = options.blend ?? 0;
  layer.rotation = options.rotation ?? 1;
  layer.srcX = srcX;
  layer.srcY = srcY;
  const turned = (layer.rotation & 0b1010) !== 0;
  layer.x1 = options.x ?? 0;
  layer.y1 = options.y ?? 0;
  layer.x2 = layer.x1 + (turned ? srcHeight : srcWidth);
  layer.y2 = layer.y1 + (turned ? srcWidth : srcHeight);
  return layer;
}

/** Bytes that look like noise, the same for the same seed. */
export function noise(bytes: Uint8Array, seed: number): void {
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
}

/** An EDID of one block: 800x600 at 60 Hz, and a name of at most 13 letters. */
export function edidOf(name = "udrm test"): Uint8Array {
  const bytes = new Uint8Array(128);
  bytes.set([0, 255, 255, 255, 255, 255, 255, 0, 0x55, 0x92, 1, 0, 0, 0, 0, 0, 1, 36, 1, 4, 0x80, 52, 32, 120, 2]);
  // VESA DMT 800x600: 40 MHz, 256 columns and 28 lines of blanking, both syncs positive.
  bytes.set([0xa0, 0x0f, 0x20, 0x00, 0x31, 0x58, 0x1c, 0x20, 0x28, 0x80, 0x14, 0, 8, 0x40, 0x21, 0, 0, 0x1e], 54);
  bytes.set([0, 0, 0, 0xfc, 0, ...new TextEncoder().encode(`${name}\n`.padEnd(13))], 72);
  for (const at of [90, 108]) bytes.set([0, 0, 0, 0x10], at);
  sealEdidBlock(bytes, 0);
  return bytes;
}
