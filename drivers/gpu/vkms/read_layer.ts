/**
 * Reads what a layer shows in a line of the screen: turns places on the screen into places in the picture, rotated and
 * reflected. Mirrors vkms_compose_row and what it calls (drivers/gpu/drm/vkms/vkms_formats.c).
 * @module
 */

import {
  DRM_MODE_REFLECT_X,
  DRM_MODE_REFLECT_Y,
  DRM_MODE_ROTATE_180,
  DRM_MODE_ROTATE_270,
  DRM_MODE_ROTATE_90,
  DRM_MODE_ROTATE_MASK,
} from "../../../uapi/drm_mode_plane.ts";
import type { Layer } from "./layer.ts";
import type { ReadPixels } from "./packed_format.ts";

/** Whether lines of the screen are lines of the picture, from left to right. */
export function readsForward(rotation: number): boolean {
  const rotate = rotation & DRM_MODE_ROTATE_MASK;
  const mirrored = (rotation & DRM_MODE_REFLECT_X) !== 0;
  if (rotate === DRM_MODE_ROTATE_90 || rotate === DRM_MODE_ROTATE_270) return false;
  return (rotate === DRM_MODE_ROTATE_180) === mirrored;
}

/** For layers that read forward: the line of the picture that is shown at `y` of the screen. */
export function sourceLine(layer: Layer, y: number): number {
  const rotated = (layer.rotation & DRM_MODE_ROTATE_MASK) === DRM_MODE_ROTATE_180;
  const flipped = (layer.rotation & DRM_MODE_REFLECT_Y) !== 0;
  return layer.srcY + (rotated === flipped ? y - layer.y1 : layer.y2 - 1 - y);
}

/**
 * Reads pixels of a layer. An image is reflected first, then turned counter-clockwise (DRM_MODE_ROTATE_*).
 *
 * @param read what reads the layer's format.
 * @param layer the layer, which covers all that is asked for.
 * @param y line of the screen.
 * @param from first column of the screen.
 * @param count columns.
 * @param lanes a row. @param at first pixel of it to be written.
 */
export function readLayer(
  read: ReadPixels,
  layer: Layer,
  y: number,
  from: number,
  count: number,
  lanes: Uint16Array,
  at: number,
): void {
  const { rotation } = layer;
  const column = from - layer.x1, row = y - layer.y1;
  const shownWidth = layer.x2 - layer.x1, shownHeight = layer.y2 - layer.y1;
  let right = shownWidth - 1, bottom = shownHeight - 1;
  let x = column, dx = 1, sy = row, dy = 0;
  switch (rotation & DRM_MODE_ROTATE_MASK) {
    case DRM_MODE_ROTATE_90:
      right = shownHeight - 1;
      bottom = shownWidth - 1;
      x = right - row;
      dx = 0;
      sy = column;
      dy = 1;
      break;
    case DRM_MODE_ROTATE_180:
      x = right - column;
      dx = -1;
      sy = bottom - row;
      break;
    case DRM_MODE_ROTATE_270:
      right = shownHeight - 1;
      bottom = shownWidth - 1;
      x = row;
      dx = 0;
      sy = bottom - column;
      dy = -1;
      break;
  }
  if ((rotation & DRM_MODE_REFLECT_X) !== 0) {
    x = right - x;
    dx = -dx;
  }
  if ((rotation & DRM_MODE_REFLECT_Y) !== 0) {
    sy = bottom - sy;
    dy = -dy;
  }
  read(layer, layer.srcX + x, layer.srcY + sy, dx, dy, count, lanes, at);
}
