/**
 * Standard timings of an EDID: a width, an aspect ratio and a rate, out of which a mode is to be made. Mirrors drm_mode_std
 * and standard_timing_level (drivers/gpu/drm/drm_edid.c).
 * @module
 */

import { DRM_MODE_TYPE_DRIVER } from "../../uapi/mod.ts";
import type { Mode } from "./mode.ts";
import { cvtMode } from "./mode_cvt.ts";
import { type GtfCurve, gtfMode } from "./mode_gtf.ts";
import { findDmt } from "./mode_table.ts";

const DESCRIPTORS = [54, 72, 90, 108];
const RANGE_LIMITS = 0xfd;
const GTF_DEFAULT = 0x00;
const GTF_SECONDARY = 0x02;
const CVT = 0x04;
const CVT_REDUCED_BLANKING = 0x10;
const DIGITAL = 0x80;

// Places of the descriptors that tell the display's limits of frequency, and with them by which formula timings are made.
function ranges(bytes: Uint8Array): number[] {
  return DESCRIPTORS.filter((at) =>
    bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === RANGE_LIMITS
  );
}

// drm_monitor_supports_rb: revision 1.4 says it; of older ones it is guessed.
function reducesBlanking(bytes: Uint8Array): boolean {
  if (bytes[19] < 4) return (bytes[20] & DIGITAL) !== 0;
  return ranges(bytes).some((at) => bytes[at + 10] === CVT && (bytes[at + 15] & CVT_REDUCED_BLANKING) !== 0);
}

// The formula: CVT by default since 1.4, GTF before, none in 1.0 and 1.1.
function formula(bytes: Uint8Array): "cvt" | "gtf" | "gtf2" | undefined {
  const revision = bytes[19];
  if (revision >= 4) {
    let level: "cvt" | "gtf" | "gtf2" = "cvt";
    for (const at of ranges(bytes)) {
      if (bytes[at + 10] === GTF_DEFAULT) level = "gtf";
      else if (bytes[at + 10] === GTF_SECONDARY) level = "gtf2";
      else if (bytes[at + 10] === CVT) level = "cvt";
    }
    return level;
  }
  if (revision >= 3 && secondaryStart(bytes) > 0) return "gtf2";
  return revision >= 2 ? "gtf" : undefined;
}

function secondary(bytes: Uint8Array): number | undefined {
  return ranges(bytes).findLast((at) => bytes[at + 10] === GTF_SECONDARY);
}

// Line rate above which the secondary curve holds, kHz.
function secondaryStart(bytes: Uint8Array): number {
  const at = secondary(bytes);
  return at === undefined ? 0 : bytes[at + 12] * 2;
}

function secondaryCurve(bytes: Uint8Array): GtfCurve {
  const at = secondary(bytes) ?? 0;
  return { c2: bytes[at + 13], m: bytes[at + 14] | bytes[at + 15] << 8, k: bytes[at + 16], j2: bytes[at + 17] };
}

/**
 * The mode of a standard timing: VESA's own for the size and rate, or else one that the display's formula makes.
 *
 * @param bytes the base block. @param at where the timing's two bytes are. @param known modes found so far.
 * @returns undefined for an unused place, for a size and rate that are known already, and where no formula is given.
 */
export function standardMode(bytes: Uint8Array, at: number, known: readonly Mode[]): Mode | undefined {
  const first = bytes[at], second = bytes[at + 1];
  if (first === second && (first === 0x01 || first === 0 || first === 0x20)) return undefined;
  let width = (first + 31) * 8;
  const refresh = (second & 0x3f) + 60;
  let height = [
    bytes[19] < 3 ? width : Math.trunc(width * 10 / 16),
    Math.trunc(width * 3 / 4),
    Math.trunc(width * 4 / 5),
    Math.trunc(width * 9 / 16),
  ][second >> 6];
  // 1366x768 cannot be said in multiples of 8.
  const television = refresh === 60 && ((width === 1360 && height === 765) || (width === 1368 && height === 769));
  if (television) {
    width = 1366;
    height = 768;
  }
  if (known.some((mode) => mode.hdisplay === width && mode.vdisplay === height && mode.refresh === refresh)) {
    return undefined;
  }
  const type = DRM_MODE_TYPE_DRIVER;
  if (television) {
    const mode = cvtMode(width, height, { refresh, type });
    return mode.with({ hdisplay: width, hsyncStart: mode.hsyncStart - 1, hsyncEnd: mode.hsyncEnd - 1 });
  }
  const dmt = (reducesBlanking(bytes) ? findDmt(width, height, refresh, true) : undefined) ??
    findDmt(width, height, refresh, false);
  if (dmt !== undefined) return dmt;
  switch (formula(bytes)) {
    case "cvt":
      return cvtMode(width, height, { refresh, type });
    case "gtf":
      return gtfMode(width, height, { refresh, type });
    case "gtf2": {
      const mode = gtfMode(width, height, { refresh, type });
      if (mode === undefined || Math.round(mode.clock / mode.htotal) <= secondaryStart(bytes)) return mode;
      return gtfMode(width, height, { refresh, type, curve: secondaryCurve(bytes) });
    }
  }
  return undefined;
}
