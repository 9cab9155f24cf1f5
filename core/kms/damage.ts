/**
 * `Damage`: which parts of a framebuffer a commit changes on a plane. Mirrors drivers/gpu/drm/drm_damage_helper.c.
 * @module
 */

import type { PlaneState } from "./plane_state.ts";
import { copyRect, equalRects, intersect, type ModeRect, modeRect, setRect } from "./rect.ts";

const RECT_SIZE = 16;

/** Damage of one plane, in whole pixels of its framebuffer, clipped to what the plane shows. Filled in anew for each commit. */
export class Damage {
  /** Whether all that is visible is to be updated: there were no clips, or they do not count. */
  full = true;
  /** Smallest rectangle around all clips; empty when nothing changed. */
  readonly merged: ModeRect = modeRect();
  /** Clips in {@linkcode Damage.rects} that count. */
  count = 0;
  readonly #rects: ModeRect[] = [];

  /** Clip `index`, 0 to `count` - 1. */
  rect(index: number): ModeRect {
    return this.#rects[index];
  }

  /** A copy of the clips. */
  get rects(): ModeRect[] {
    return this.#rects.slice(0, this.count).map((rect) => ({ ...rect }));
  }

  /** drm_atomic_helper_damage_iter_init: what changes from `old` to `state`. */
  fill(old: PlaneState, state: PlaneState): void {
    this.full = true;
    this.count = 0;
    setRect(this.merged, 0, 0, 0, 0);
    if (!state.visible || state.fb === undefined) return;
    const src = state.src;
    const x1 = src.x1 >>> 16, y1 = src.y1 >>> 16;
    const x2 = Math.ceil(src.x2 / 65536), y2 = Math.ceil(src.y2 / 65536);
    const blob = state.damageClips;
    if (blob === undefined || state.ignoreDamageClips || !equalRects(src, old.src) || old.fb === undefined) {
      setRect(this.#next(), x1, y1, x2, y2);
      setRect(this.merged, x1, y1, x2, y2);
      return;
    }
    this.full = false;
    const view = new DataView(blob.data.buffer, blob.data.byteOffset, blob.data.byteLength);
    for (let at = 0; at + RECT_SIZE <= blob.length; at += RECT_SIZE) {
      const rect = this.#next();
      setRect(
        rect,
        view.getInt32(at, true),
        view.getInt32(at + 4, true),
        view.getInt32(at + 8, true),
        view.getInt32(at + 12, true),
      );
      const clip = CLIP;
      setRect(clip, x1, y1, x2, y2);
      if (!intersect(rect, clip)) this.count--;
      else this.#merge(rect);
    }
  }

  /** The whole of the framebuffer (DIRTYFB without clips, and planes that were just switched on). */
  fillAll(width: number, height: number): void {
    this.full = true;
    this.count = 0;
    setRect(this.#next(), 0, 0, width, height);
    setRect(this.merged, 0, 0, width, height);
  }

  #merge(rect: ModeRect): void {
    const merged = this.merged;
    if (this.count === 1) copyRect(merged, rect);
    else {
      setRect(
        merged,
        Math.min(merged.x1, rect.x1),
        Math.min(merged.y1, rect.y1),
        Math.max(merged.x2, rect.x2),
        Math.max(merged.y2, rect.y2),
      );
    }
  }

  #next(): ModeRect {
    const index = this.count++;
    return this.#rects[index] ??= modeRect();
  }
}

const CLIP: ModeRect = modeRect();
