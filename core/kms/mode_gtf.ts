/**
 * VESA's Generalized Timing Formula, of which displays from before CVT know. Mirrors drm_gtf_mode_complex
 * (drivers/gpu/drm/drm_modes.c), its integer arithmetic included; progressive modes without borders.
 * @module
 */

import {
  DRM_MODE_FLAG_NHSYNC,
  DRM_MODE_FLAG_NVSYNC,
  DRM_MODE_FLAG_PHSYNC,
  DRM_MODE_FLAG_PVSYNC,
} from "../../uapi/mod.ts";
import { Mode } from "./mode.ts";

const CELL = 8;
const MIN_V_PORCH = 1;
const V_SYNC = 3;
const H_SYNC_PERCENT = 8;
const MIN_VSYNC_BP_US = 550;

/** A blanking curve as EDIDs say it: `c2` and `j2` are twice C and J. */
export interface GtfCurve {
  /** M, percent a kHz. */
  readonly m: number;
  /** Twice C, percent. */
  readonly c2: number;
  /** K, 256ths. */
  readonly k: number;
  /** Twice J, percent. */
  readonly j2: number;
}

const DEFAULT_CURVE: GtfCurve = { m: 600, c2: 80, k: 128, j2: 40 };

/** What to make of a size. */
export interface GtfOptions {
  /** Frames a second, default 60. */
  readonly refresh?: number;
  /** The blanking curve; the formula's own by default. */
  readonly curve?: GtfCurve;
  /** DRM_MODE_TYPE_*. */
  readonly type?: number;
}

/**
 * drm_gtf_mode.
 *
 * @param width active pixels, rounded to the nearest multiple of 8. @param height active lines.
 * @returns undefined where the curve leaves no time for the picture.
 * @throws {RangeError} for a size or rate that is no positive integer, or a rate of 1800 and above.
 */
export function gtfMode(width: number, height: number, options: GtfOptions = {}): Mode | undefined {
  const refresh = options.refresh ?? 60;
  for (const value of [width, height, refresh]) {
    if (!Number.isInteger(value) || value <= 0 || value > 0xffff) {
      throw new RangeError(`Cannot make a mode of ${width}x${height}@${refresh}`);
    }
  }
  if (refresh >= 1800) throw new RangeError(`Cannot make a mode of ${width}x${height}@${refresh}: no time is left`);
  const curve = options.curve ?? DEFAULT_CURVE;
  const hdisplay = Math.floor((width + CELL / 2) / CELL) * CELL;
  const fieldTime = Math.floor((1_000_000 - MIN_VSYNC_BP_US * refresh) / 500);
  const lineRate = Math.floor((height + MIN_V_PORCH) * 2 * 1000 * refresh / fieldTime); // Hz
  const syncAndPorch = Math.floor((Math.floor(MIN_VSYNC_BP_US * lineRate / 1000) + 500) / 1000);
  // C' and M' of the ideal duty cycle of blanking, in 1000ths of a percent.
  const c = Math.trunc((Math.trunc((curve.c2 - curve.j2) * curve.k / 256) + curve.j2) / 2);
  const m = Math.trunc(curve.k * curve.m / 256);
  const duty = c * 1000 - Math.trunc(m * 1_000_000 / lineRate);
  if (duty < 0 || duty >= 100_000) return undefined;
  const blank = Math.floor((Math.floor(hdisplay * duty / (100_000 - duty)) + CELL) / (2 * CELL)) * 2 * CELL;
  const htotal = hdisplay + blank;
  const hsync = Math.floor((Math.floor(H_SYNC_PERCENT * htotal / 100) + CELL / 2) / CELL) * CELL;
  const hsyncStart = hdisplay + blank / 2 - hsync;
  const own = curve.m === DEFAULT_CURVE.m && curve.c2 === DEFAULT_CURVE.c2 && curve.k === DEFAULT_CURVE.k &&
    curve.j2 === DEFAULT_CURVE.j2;
  return new Mode({
    clock: Math.floor(htotal * lineRate / 1000),
    hdisplay,
    hsyncStart,
    hsyncEnd: hsyncStart + hsync,
    htotal,
    vdisplay: height,
    vsyncStart: height + MIN_V_PORCH,
    vsyncEnd: height + MIN_V_PORCH + V_SYNC,
    vtotal: height + syncAndPorch + MIN_V_PORCH,
    flags: own ? DRM_MODE_FLAG_NHSYNC | DRM_MODE_FLAG_PVSYNC : DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC,
    type: options.type,
  });
}
