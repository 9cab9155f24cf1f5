/**
 * `Mode`: a display timing, and its conversions from and to user space. Mirrors drivers/gpu/drm/drm_modes.c.
 * @module
 */

import {
  DRM_MODE_FLAG_3D_FRAME_PACKING,
  DRM_MODE_FLAG_3D_MASK,
  DRM_MODE_FLAG_3D_SIDE_BY_SIDE_HALF,
  DRM_MODE_FLAG_ALL,
  DRM_MODE_FLAG_DBLSCAN,
  DRM_MODE_FLAG_INTERLACE,
  DRM_MODE_FLAG_PIC_AR_MASK,
  type drm_mode_modeinfo,
  DRM_MODE_PICTURE_ASPECT_256_135,
  DRM_MODE_TYPE_ALL,
  type View,
} from "../../uapi/mod.ts";
import { DrmError } from "../error.ts";

const PIC_AR_SHIFT = 19;
const INT_MAX = 0x7fff_ffff;

/** Members of a {@linkcode Mode}. Horizontal ones count pixels, vertical ones lines, from the start of the active area. */
export interface ModeTiming {
  /** Pixel clock, kHz. */
  readonly clock: number;
  /** Active width. */
  readonly hdisplay: number;
  /** Start of horizontal sync. */
  readonly hsyncStart: number;
  /** End of horizontal sync. */
  readonly hsyncEnd: number;
  /** Whole line. */
  readonly htotal: number;
  /** Horizontal skew. */
  readonly hskew?: number;
  /** Active height. */
  readonly vdisplay: number;
  /** Start of vertical sync. */
  readonly vsyncStart: number;
  /** End of vertical sync. */
  readonly vsyncEnd: number;
  /** Whole frame. */
  readonly vtotal: number;
  /** Scans a line; 0 and 1 mean one. */
  readonly vscan?: number;
  /** DRM_MODE_FLAG_*, without aspect ratio. */
  readonly flags?: number;
  /** DRM_MODE_TYPE_*. */
  readonly type?: number;
  /** At most 31 bytes; "WIDTHxHEIGHT" (with "i" if interlaced) by default. */
  readonly name?: string;
  /** DRM_MODE_PICTURE_ASPECT_*. */
  readonly pictureAspect?: number;
  /** Width of the picture, mm; 0 if unknown. */
  readonly widthMm?: number;
  /** Height of the picture, mm; 0 if unknown. */
  readonly heightMm?: number;
}

/** A display timing; it does not change. */
export class Mode implements ModeTiming {
  /** Pixel clock, kHz. */
  readonly clock: number;
  /** Active width, pixels. */
  readonly hdisplay: number;
  /** Start of horizontal sync, pixels. */
  readonly hsyncStart: number;
  /** End of horizontal sync, pixels. */
  readonly hsyncEnd: number;
  /** Whole line, pixels. */
  readonly htotal: number;
  /** Horizontal skew, pixels. */
  readonly hskew: number;
  /** Active height, lines. */
  readonly vdisplay: number;
  /** Start of vertical sync, lines. */
  readonly vsyncStart: number;
  /** End of vertical sync, lines. */
  readonly vsyncEnd: number;
  /** Whole frame, lines. */
  readonly vtotal: number;
  /** Scans a line. */
  readonly vscan: number;
  /** DRM_MODE_FLAG_*, without aspect ratio. */
  readonly flags: number;
  /** DRM_MODE_TYPE_*. */
  readonly type: number;
  /** For people. */
  readonly name: string;
  /** DRM_MODE_PICTURE_ASPECT_*. */
  readonly pictureAspect: number;
  /** Width of the picture, mm; 0 if unknown. */
  readonly widthMm: number;
  /** Height of the picture, mm; 0 if unknown. */
  readonly heightMm: number;

  /** A mode of the given timing. @param timing its members. */
  constructor(timing: ModeTiming) {
    this.clock = timing.clock;
    this.hdisplay = timing.hdisplay;
    this.hsyncStart = timing.hsyncStart;
    this.hsyncEnd = timing.hsyncEnd;
    this.htotal = timing.htotal;
    this.hskew = timing.hskew ?? 0;
    this.vdisplay = timing.vdisplay;
    this.vsyncStart = timing.vsyncStart;
    this.vsyncEnd = timing.vsyncEnd;
    this.vtotal = timing.vtotal;
    this.vscan = timing.vscan ?? 0;
    this.flags = timing.flags ?? 0;
    this.type = timing.type ?? 0;
    this.name = timing.name ?? `${timing.hdisplay}x${timing.vdisplay}${this.interlaced ? "i" : ""}`;
    this.pictureAspect = timing.pictureAspect ?? 0;
    this.widthMm = timing.widthMm ?? 0;
    this.heightMm = timing.heightMm ?? 0;
  }

  /** A copy with other members. */
  with(changes: Partial<ModeTiming>): Mode {
    return new Mode({ ...this, ...changes });
  }

  /** Whether it is interlaced. */
  get interlaced(): boolean {
    return (this.flags & DRM_MODE_FLAG_INTERLACE) !== 0;
  }

  /** drm_mode_vrefresh: frames (fields, if interlaced) a second, rounded; 0 for a mode without totals. */
  get refresh(): number {
    if (this.htotal === 0 || this.vtotal === 0) return 0;
    return Math.round((this.clock * 1e6) / this.#size / 1000);
  }

  /** Time from one vertical blanking to the next, ns; not rounded. */
  get frameTime(): number {
    return (this.#size * 1e6) / this.clock;
  }

  // Pixels from one vertical blanking to the next.
  get #size(): number {
    let size = this.htotal * this.vtotal;
    if (this.interlaced) size /= 2;
    if ((this.flags & DRM_MODE_FLAG_DBLSCAN) !== 0) size *= 2;
    return this.vscan > 1 ? size * this.vscan : size;
  }

  /** drm_mode_get_hv_timing: lines of the picture; with frame packing, those of both eyes and the blanking between. */
  get lines(): number {
    const packed = (this.flags & DRM_MODE_FLAG_3D_MASK) === DRM_MODE_FLAG_3D_FRAME_PACKING;
    return packed ? this.vdisplay + this.vtotal : this.vdisplay;
  }

  /** drm_mode_match with timings and flags (aspect ratio too): whether setting one for the other would change nothing. */
  equals(other: Mode | undefined): boolean {
    return other !== undefined && this.sameTiming(other) && this.flags === other.flags &&
      this.pictureAspect === other.pictureAspect;
  }

  /** Whether clock (to the picosecond of a pixel) and timings are the same, flags apart. */
  sameTiming(other: Mode): boolean {
    return Math.floor(1e9 / this.clock) === Math.floor(1e9 / other.clock) && this.hdisplay === other.hdisplay &&
      this.hsyncStart === other.hsyncStart &&
      this.hsyncEnd === other.hsyncEnd && this.htotal === other.htotal && this.hskew === other.hskew &&
      this.vdisplay === other.vdisplay && this.vsyncStart === other.vsyncStart && this.vsyncEnd === other.vsyncEnd &&
      this.vtotal === other.vtotal && this.vscan === other.vscan;
  }

  /** drm_mode_validate_basic: whether it could be a mode at all. */
  get valid(): boolean {
    if ((this.type & ~DRM_MODE_TYPE_ALL) !== 0 || (this.flags & ~DRM_MODE_FLAG_ALL) !== 0) return false;
    if ((this.flags & DRM_MODE_FLAG_3D_MASK) > DRM_MODE_FLAG_3D_SIDE_BY_SIDE_HALF) return false;
    if (this.clock === 0) return false;
    if (this.hdisplay === 0 || this.hsyncStart < this.hdisplay || this.hsyncEnd < this.hsyncStart) return false;
    if (this.htotal < this.hsyncEnd) return false;
    if (this.vdisplay === 0 || this.vsyncStart < this.vdisplay || this.vsyncEnd < this.vsyncStart) return false;
    return this.vtotal >= this.vsyncEnd;
  }

  /** drm_mode_convert_to_umode. @param aspect whether the flags carry the aspect ratio. */
  store(target: View<drm_mode_modeinfo>, aspect = true): void {
    target.clock = this.clock;
    target.hdisplay = this.hdisplay;
    target.hsync_start = this.hsyncStart;
    target.hsync_end = this.hsyncEnd;
    target.htotal = this.htotal;
    target.hskew = this.hskew;
    target.vdisplay = this.vdisplay;
    target.vsync_start = this.vsyncStart;
    target.vsync_end = this.vsyncEnd;
    target.vtotal = this.vtotal;
    target.vscan = this.vscan;
    target.vrefresh = this.refresh;
    target.flags = aspect ? this.flags | (this.pictureAspect << PIC_AR_SHIFT) : this.flags;
    target.type = this.type;
    target.name = this.name;
  }

  /**
   * drm_mode_convert_umode.
   *
   * @throws {DrmError} ERANGE for a clock or refresh rate beyond 2^31, EINVAL for what cannot be a mode.
   */
  static load(source: View<drm_mode_modeinfo>): Mode {
    if (source.clock > INT_MAX || source.vrefresh > INT_MAX) {
      throw new DrmError("ERANGE", `Cannot use a mode with clock ${source.clock} and refresh rate ${source.vrefresh}`);
    }
    const pictureAspect = (source.flags & DRM_MODE_FLAG_PIC_AR_MASK) >>> PIC_AR_SHIFT;
    const mode = new Mode({
      clock: source.clock,
      hdisplay: source.hdisplay,
      hsyncStart: source.hsync_start,
      hsyncEnd: source.hsync_end,
      htotal: source.htotal,
      hskew: source.hskew,
      vdisplay: source.vdisplay,
      vsyncStart: source.vsync_start,
      vsyncEnd: source.vsync_end,
      vtotal: source.vtotal,
      vscan: source.vscan,
      flags: source.flags & ~DRM_MODE_FLAG_PIC_AR_MASK,
      // The kernel ignores the type bits that only it may set.
      type: source.type & DRM_MODE_TYPE_ALL,
      name: source.name,
      pictureAspect,
    });
    if (pictureAspect > DRM_MODE_PICTURE_ASPECT_256_135) {
      throw new DrmError("EINVAL", "Cannot use a mode: its aspect ratio is unknown");
    }
    if (!mode.valid) throw new DrmError("EINVAL", `Cannot use mode ${mode.name}: its timing is impossible`);
    return mode;
  }
}
