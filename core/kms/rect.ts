/**
 * Rectangles by their edges, and their clipping. Mirrors drivers/gpu/drm/drm_rect.c.
 * @module
 */

/** A rectangle; right and bottom edges are exclusive. */
export interface ModeRect {
  /** Left. */
  x1: number;
  /** Top. */
  y1: number;
  /** Right, exclusive. */
  x2: number;
  /** Bottom, exclusive. */
  y2: number;
}

/** An empty rectangle. */
export function modeRect(): ModeRect {
  return { x1: 0, y1: 0, x2: 0, y2: 0 };
}

/** Sets the edges. */
export function setRect(rect: ModeRect, x1: number, y1: number, x2: number, y2: number): void {
  rect.x1 = x1;
  rect.y1 = y1;
  rect.x2 = x2;
  rect.y2 = y2;
}

/** Makes `rect` the same as `source`. */
export function copyRect(rect: ModeRect, source: ModeRect): void {
  rect.x1 = source.x1;
  rect.y1 = source.y1;
  rect.x2 = source.x2;
  rect.y2 = source.y2;
}

/** Whether two are the same. */
export function equalRects(a: ModeRect, b: ModeRect): boolean {
  return a.x1 === b.x1 && a.y1 === b.y1 && a.x2 === b.x2 && a.y2 === b.y2;
}

/** Whether it holds a pixel. */
export function isVisible(rect: ModeRect): boolean {
  return rect.x2 > rect.x1 && rect.y2 > rect.y1;
}

/** drm_rect_intersect: cuts `rect` to `clip`; whether anything is left. */
export function intersect(rect: ModeRect, clip: ModeRect): boolean {
  if (clip.x1 > rect.x1) rect.x1 = clip.x1;
  if (clip.y1 > rect.y1) rect.y1 = clip.y1;
  if (clip.x2 < rect.x2) rect.x2 = clip.x2;
  if (clip.y2 < rect.y2) rect.y2 = clip.y2;
  return isVisible(rect);
}

// clip_scaled: the size of the source that belongs to a target cut by `clip`.
function clipScaled(src: number, dst: number, clip: number): number {
  if (dst === 0) return 0;
  const scaled = (src * (dst - clip)) / dst;
  // Round towards 1.0, so that clipping does not turn magnifying into reducing or the other way.
  return src < dst * 65536 ? Math.ceil(scaled) : Math.floor(scaled);
}

/** drm_rect_clip_scaled: cuts `dst` to `clip` and `src` (16.16) in proportion; whether anything is left. */
export function clipRects(src: ModeRect, dst: ModeRect, clip: ModeRect): boolean {
  let cut = clip.x1 - dst.x1;
  if (cut > 0) {
    cut = Math.min(cut, dst.x2 - dst.x1);
    src.x1 = src.x2 - clipScaled(src.x2 - src.x1, dst.x2 - dst.x1, cut);
    dst.x1 += cut;
  }
  cut = clip.y1 - dst.y1;
  if (cut > 0) {
    cut = Math.min(cut, dst.y2 - dst.y1);
    src.y1 = src.y2 - clipScaled(src.y2 - src.y1, dst.y2 - dst.y1, cut);
    dst.y1 += cut;
  }
  cut = dst.x2 - clip.x2;
  if (cut > 0) {
    cut = Math.min(cut, dst.x2 - dst.x1);
    src.x2 = src.x1 + clipScaled(src.x2 - src.x1, dst.x2 - dst.x1, cut);
    dst.x2 -= cut;
  }
  cut = dst.y2 - clip.y2;
  if (cut > 0) {
    cut = Math.min(cut, dst.y2 - dst.y1);
    src.y2 = src.y1 + clipScaled(src.y2 - src.y1, dst.y2 - dst.y1, cut);
    dst.y2 -= cut;
  }
  return isVisible(dst);
}
