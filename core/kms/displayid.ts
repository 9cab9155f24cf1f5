/**
 * DisplayID sections in extension blocks of an EDID: detailed timings of types I and VII, for modes that EDID's own cannot say.
 * Mirrors drivers/gpu/drm/drm_displayid.c and drm_mode_displayid_detailed (drm_edid.c).
 * @module
 */

import {
  DRM_MODE_FLAG_NHSYNC,
  DRM_MODE_FLAG_NVSYNC,
  DRM_MODE_FLAG_PHSYNC,
  DRM_MODE_FLAG_PVSYNC,
  DRM_MODE_TYPE_DRIVER,
  DRM_MODE_TYPE_PREFERRED,
} from "../../uapi/mod.ts";
import { Mode } from "./mode.ts";

const EXTENSION_TAG = 0x70;
const BLOCK = 128;
const HEADER = 4;
const TYPE_1 = 0x03;
const TYPE_7 = 0x22;
const TIMING = 20;
const PREFERRED = 0x80;
const POSITIVE = 0x8000;

/** The modes of one extension block of 128 bytes; none if it is no DisplayID extension, or its section is not valid. */
export function* displayIdModes(extension: Uint8Array): Generator<Mode> {
  if (extension[0] !== EXTENSION_TAG) return;
  // The last byte is the EDID block's checksum, the one after the section the section's own.
  const end = 1 + HEADER + extension[2];
  if (end + 1 > BLOCK - 1 || extension.subarray(1, end + 1).reduce((sum, byte) => sum + byte, 0) % 256 !== 0) return;
  for (let at = 1 + HEADER; at + 3 <= end;) {
    const tag = extension[at], length = extension[at + 2];
    const data = at + 3;
    at = data + length;
    if (at > end) return;
    if ((tag !== TYPE_1 && tag !== TYPE_7) || length % TIMING !== 0) continue;
    for (let timing = data; timing < at; timing += TIMING) {
      yield detailed(new DataView(extension.buffer, extension.byteOffset + timing, TIMING), tag === TYPE_7);
    }
  }
}

// All numbers are one less than what they mean. Type I counts the clock in 10 kHz, type VII in kHz.
function detailed(view: DataView, inKhz: boolean): Mode {
  const clock = (view.getUint16(0, true) | view.getUint8(2) << 16) + 1;
  const number = (offset: number): number => view.getUint16(offset, true) + 1;
  const offset = (at: number): number => (view.getUint16(at, true) & ~POSITIVE) + 1;
  const positive = (at: number): boolean => (view.getUint16(at, true) & POSITIVE) !== 0;
  const hdisplay = number(4), vdisplay = number(12);
  const hsyncStart = hdisplay + offset(8), vsyncStart = vdisplay + offset(16);
  return new Mode({
    clock: inKhz ? clock : clock * 10,
    hdisplay,
    hsyncStart,
    hsyncEnd: hsyncStart + number(10),
    htotal: hdisplay + number(6),
    vdisplay,
    vsyncStart,
    vsyncEnd: vsyncStart + number(18),
    vtotal: vdisplay + number(14),
    flags: (positive(8) ? DRM_MODE_FLAG_PHSYNC : DRM_MODE_FLAG_NHSYNC) |
      (positive(16) ? DRM_MODE_FLAG_PVSYNC : DRM_MODE_FLAG_NVSYNC),
    type: DRM_MODE_TYPE_DRIVER | ((view.getUint8(3) & PREFERRED) !== 0 ? DRM_MODE_TYPE_PREFERRED : 0),
  });
}
