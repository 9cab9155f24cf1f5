/**
 * `PlaneState`: what a plane shows, and where. Mirrors struct drm_plane_state.
 * @module
 */

import { DRM_MODE_BLEND_PREMULTI, DRM_MODE_ROTATE_0 } from "../../uapi/mod.ts";
import type { Fence } from "../fence.ts";
import type { Crtc } from "./crtc.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { CrtcCommit } from "./crtc_commit.ts";
import type { Plane } from "./plane.ts";
import type { PropertyBlob } from "./property.ts";
import { copyRect, type ModeRect, modeRect } from "./rect.ts";

/**
 * A plane's state. A plane's current one is not written to; a draft has copies. States are reused once replaced: what a
 * driver wants to keep beyond a hook it copies.
 */
export class PlaneState {
  /** Whose state. */
  readonly plane: Plane;
  /** The CRTC; undefined: the plane is off. */
  crtc: Crtc | undefined = undefined;
  /** The framebuffer; undefined: the plane is off. Set by `setFramebuffer`. */
  fb: Framebuffer | undefined = undefined;
  /** Left edge on the CRTC, pixels, signed. */
  crtcX = 0;
  /** Top edge on the CRTC, lines, signed. */
  crtcY = 0;
  /** Width on the CRTC, pixels. */
  crtcW = 0;
  /** Height on the CRTC, lines. */
  crtcH = 0;
  /** Left edge in the framebuffer, 16.16. */
  srcX = 0;
  /** Top edge in the framebuffer, 16.16. */
  srcY = 0;
  /** Width in the framebuffer, 16.16. */
  srcW = 0;
  /** Height in the framebuffer, 16.16. */
  srcH = 0;
  /** What the commit waits for before it shows `fb`: IN_FENCE_FD, or what was found in the objects. */
  fence: Fence | undefined = undefined;
  /** Opacity, 0..0xffff. */
  alpha = 0xffff;
  /** DRM_MODE_BLEND_*. */
  blendMode: number = DRM_MODE_BLEND_PREMULTI;
  /** DRM_MODE_ROTATE_* and DRM_MODE_REFLECT_*. */
  rotation: number = DRM_MODE_ROTATE_0;
  /** Place in the stack as asked for. */
  zpos = 0;
  /** Place in the stack, 0 for the lowest; with `ModeConfigOptions.normalizeZpos` no two planes of a CRTC have the same. */
  normalizedZpos = 0;
  /** DRM_COLOR_YCBCR_BT*. */
  colorEncoding = 0;
  /** DRM_COLOR_YCBCR_*_RANGE. */
  colorRange = 0;
  /** 0 default, 1 nearest neighbour. */
  scalingFilter = 0;
  /** Hot spot of a cursor, pixels from the left. */
  hotspotX = 0;
  /** Hot spot of a cursor, lines from the top. */
  hotspotY = 0;
  /** FB_DAMAGE_CLIPS: drm_mode_rects in pixels of `fb`. Set by `setDamageClips`. */
  damageClips: PropertyBlob | undefined = undefined;
  /** Set by a driver's check: all of the plane is to be updated. */
  ignoreDamageClips = false;
  /** Whether anything of it is on the CRTC; computed by the check. */
  visible = false;
  /** The visible part in the framebuffer, 16.16; computed by the check. */
  readonly src: ModeRect = modeRect();
  /** The visible part on the CRTC, pixels; computed by the check. */
  readonly dst: ModeRect = modeRect();
  /** Values of the driver's own properties, in the order of their adding. */
  readonly values: number[] = [];
  /** The commit that brought it. */
  commit: CrtcCommit | undefined = undefined;

  /** The state of a plane that shows nothing. @param plane whose state. */
  constructor(plane: Plane) {
    this.plane = plane;
  }

  /** Shows another framebuffer (undefined: none). Keeps a reference of it. */
  setFramebuffer(fb: Framebuffer | undefined): void {
    fb?.ref();
    this.fb?.put();
    this.fb = fb;
  }

  /** Sets the damage. Keeps a reference of the blob. */
  setDamageClips(blob: PropertyBlob | undefined): void {
    blob?.ref();
    this.damageClips?.put();
    this.damageClips = blob;
  }

  /** drm_atomic_helper_plane_duplicate_state: becomes a copy of `source`, without its fence and damage. */
  copyFrom(source: PlaneState): void {
    this.crtc = source.crtc;
    this.fb = source.fb?.ref();
    this.crtcX = source.crtcX;
    this.crtcY = source.crtcY;
    this.crtcW = source.crtcW;
    this.crtcH = source.crtcH;
    this.srcX = source.srcX;
    this.srcY = source.srcY;
    this.srcW = source.srcW;
    this.srcH = source.srcH;
    this.fence = undefined;
    this.alpha = source.alpha;
    this.blendMode = source.blendMode;
    this.rotation = source.rotation;
    this.zpos = source.zpos;
    this.normalizedZpos = source.normalizedZpos;
    this.colorEncoding = source.colorEncoding;
    this.colorRange = source.colorRange;
    this.scalingFilter = source.scalingFilter;
    this.hotspotX = source.hotspotX;
    this.hotspotY = source.hotspotY;
    this.damageClips = undefined;
    this.ignoreDamageClips = false;
    this.visible = source.visible;
    copyRect(this.src, source.src);
    copyRect(this.dst, source.dst);
    for (let i = 0; i < source.values.length; i++) this.values[i] = source.values[i];
    this.commit = undefined;
  }

  /** Drops what it holds. */
  release(): void {
    const fb = this.fb;
    this.fb = undefined;
    this.crtc = undefined;
    this.fence = undefined;
    this.commit = undefined;
    this.setDamageClips(undefined);
    fb?.put();
  }
}
