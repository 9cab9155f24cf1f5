/**
 * Coordinated Video Timings: a timing for any size and rate. Mirrors drm_cvt_mode (drivers/gpu/drm/drm_modes.c), its integer
 * arithmetic included.
 * @module
 */

import {
  DRM_MODE_FLAG_INTERLACE,
  DRM_MODE_FLAG_NHSYNC,
  DRM_MODE_FLAG_NVSYNC,
  DRM_MODE_FLAG_PHSYNC,
  DRM_MODE_FLAG_PVSYNC,
} from "../../uapi/mod.ts";
import { Mode } from "./mode.ts";

const HV = 1000;
const GRANULARITY = 8;
const MIN_V_PORCH = 3;
const MIN_V_BPORCH = 6;
const MIN_VSYNC_BP = 550;
const RB_MIN_VBLANK = 460;
const RB_H_BLANK = 160;
const RB_H_SYNC = 32;
const RB_V_FPORCH = 3;

/** What to make of a size. */
export interface CvtOptions {
  /** Frames a second, default 60. */
  readonly refresh?: number;
  /** Reduced blanking, for displays without a beam. */
  readonly reduced?: boolean;
  /** Two fields a frame. */
  readonly interlaced?: boolean;
  /** DRM_MODE_TYPE_*. */
  readonly type?: number;
}

// Lines of vertical sync tell a display the aspect ratio.
function syncLines(width: number, height: number): number {
  if (height % 3 === 0 && Math.trunc(height * 4 / 3) === width) return 4;
  if (height % 9 === 0 && Math.trunc(height * 16 / 9) === width) return 5;
  if (height % 10 === 0 && Math.trunc(height * 16 / 10) === width) return 6;
  if (height % 4 === 0 && Math.trunc(height * 5 / 4) === width) return 7;
  if (height % 9 === 0 && Math.trunc(height * 15 / 9) === width) return 7;
  return 10;
}

/**
 * drm_cvt_mode.
 *
 * @param width active pixels, rounded down to a multiple of 8. @param height active lines.
 * @throws {RangeError} for a size or rate that is no positive integer.
 */
export function cvtMode(width: number, height: number, options: CvtOptions = {}): Mode {
  const refresh = options.refresh ?? 60;
  for (const value of [width, height, refresh]) {
    if (!Number.isInteger(value) || value <= 0 || value > 0xffff) {
      throw new RangeError(`Cannot make a mode of ${width}x${height}@${refresh}`);
    }
  }
  const interlaced = options.interlaced ?? false;
  const rate = interlaced ? refresh * 2 : refresh;
  const hdisplay = Math.max(GRANULARITY, width - width % GRANULARITY);
  const lines = interlaced ? Math.trunc(height / 2) : height;
  const vsync = syncLines(width, height);
  let period: number; // of a line, ns
  let htotal: number, hsyncStart: number, hsyncEnd: number, vtotal: number;
  if (options.reduced) {
    period = Math.max(1, Math.trunc((HV * 1_000_000 - RB_MIN_VBLANK * HV * rate) / (lines * rate)));
    const blank = Math.max(Math.trunc(RB_MIN_VBLANK * HV / period) + 1, RB_V_FPORCH + vsync + MIN_V_BPORCH);
    vtotal = lines + blank;
    htotal = hdisplay + RB_H_BLANK;
    hsyncEnd = hdisplay + RB_H_BLANK / 2;
    hsyncStart = hsyncEnd - RB_H_SYNC;
  } else {
    const halfLines = (lines + MIN_V_PORCH) * 2 + (interlaced ? 1 : 0);
    period = Math.max(1, Math.trunc((HV * 1_000_000 - MIN_VSYNC_BP * HV * rate) * 2 / (halfLines * rate)));
    vtotal = lines + Math.max(Math.trunc(MIN_VSYNC_BP * HV / period) + 1, vsync + MIN_V_PORCH) + MIN_V_PORCH;
    // 30 % and 300 are C' and M' of the blanking formula.
    const percentage = Math.max(30 * HV - Math.trunc(300 * period / 1000), 20 * HV);
    let blank = Math.trunc(hdisplay * percentage / (100 * HV - percentage));
    blank -= blank % (2 * GRANULARITY);
    htotal = hdisplay + blank;
    hsyncEnd = hdisplay + blank / 2;
    hsyncStart = hsyncEnd - Math.trunc(htotal * 8 / 100);
    // As in the kernel: a whole cell more even where it is a multiple already.
    hsyncStart += GRANULARITY - hsyncStart % GRANULARITY;
  }
  const vsyncStart = height + (options.reduced ? RB_V_FPORCH : MIN_V_PORCH);
  const sync = options.reduced
    ? DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC
    : DRM_MODE_FLAG_NHSYNC | DRM_MODE_FLAG_PVSYNC;
  return new Mode({
    // The specification rounds down to 250 kHz; the kernel means to and does not.
    clock: Math.trunc(htotal * HV * 1000 / period),
    hdisplay,
    hsyncStart,
    hsyncEnd,
    htotal,
    vdisplay: height,
    vsyncStart,
    vsyncEnd: vsyncStart + vsync,
    vtotal: interlaced ? vtotal * 2 : vtotal,
    flags: sync | (interlaced ? DRM_MODE_FLAG_INTERLACE : 0),
    type: options.type,
  });
}
