/**
 * Cursor images from resources: 64x64 pixels of a picture, or of a guest blob, which is DRM_FORMAT_ARGB8888 by convention (it
 * has no format of its own, and that is the one cursor format of the kernel's driver).
 * @module
 */

import type { CursorImage } from "../../../core/display.ts";
import { DrmError } from "../../../core/error.ts";
import type { Renderer } from "../../../core/host.ts";
import type { GuestBacking, HostResource } from "./resource.ts";

/** Pixels of a side of a cursor (5.7.6.6). */
export const CURSOR_SIZE = 64;

/** The image that a resource holds now. Throws EFAULT if its memory is gone. */
export function cursorOf(renderer: Renderer, resource: HostResource, hotX: number, hotY: number): CursorImage {
  if (resource.picture !== undefined) return renderer.cursor(resource.picture, hotX, hotY);
  if (resource.backing === undefined) {
    throw new DrmError("EFAULT", `Cannot read blob ${resource.id}: it has no backing`);
  }
  const bytes = new Uint8Array(CURSOR_SIZE * CURSOR_SIZE * 4);
  readBacking(resource.backing, bytes);
  return { width: CURSOR_SIZE, height: CURSOR_SIZE, hotX, hotY, bytes };
}

function readBacking(backing: GuestBacking, target: Uint8Array): void {
  let done = 0;
  for (let i = 0; i < backing.gpas.length && done < target.length; i++) {
    const count = Math.min(backing.lengths[i], target.length - done);
    backing.memory.read(backing.gpas[i], target.subarray(done, done + count));
    done += count;
  }
}
