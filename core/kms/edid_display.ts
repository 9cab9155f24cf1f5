/**
 * What an EDID says of a display besides its modes: the range of its refresh rates and its colour depth. Mirrors
 * get_monitor_range, update_display_info and drm_parse_hdmi_deep_color_info (drivers/gpu/drm/drm_edid.c).
 * @module
 */

const EDID_BLOCK = 128;
const DESCRIPTOR = 18;
const RANGE_DESCRIPTOR = 0xfd;
const RANGE_LIMITS_ONLY = 0x01;
const CONTINUOUS_FREQUENCY = 0x01;
const CTA_TAG = 0x02;
const CTA_VENDOR = 3;
const HDMI_OUI = 0x000c03;

/** Refresh rates of a display, Hz; both 0 where it does not tell. */
export interface MonitorRange {
  /** The least. */
  readonly min: number;
  /** The greatest. */
  readonly max: number;
}

/**
 * drm_get_monitor_range: the rates between which the display takes any. Only EDID 1.4 with continuous frequencies and a
 * descriptor of limits alone counts.
 *
 * @param bytes an EDID whose blocks are whole; undefined: none.
 */
export function monitorRange(bytes: Uint8Array | undefined): MonitorRange {
  let range = { min: 0, max: 0 };
  if (bytes === undefined || bytes[19] < 4 || (bytes[24] & CONTINUOUS_FREQUENCY) === 0) return range;
  for (const at of descriptors(bytes)) {
    const d = bytes.subarray(at, at + DESCRIPTOR);
    if (d[0] !== 0 || d[1] !== 0 || d[2] !== 0 || d[3] !== RANGE_DESCRIPTOR || d[10] !== RANGE_LIMITS_ONLY) continue;
    range = { min: d[5] + ((d[4] & 1) !== 0 ? 255 : 0), max: d[6] + ((d[4] & 2) !== 0 ? 255 : 0) };
  }
  return range;
}

// The base block's descriptors, then those of CTA extensions.
function* descriptors(bytes: Uint8Array): Generator<number> {
  for (let i = 0; i < 4; i++) yield 54 + i * DESCRIPTOR;
  for (let block = EDID_BLOCK; block + EDID_BLOCK <= bytes.length; block += EDID_BLOCK) {
    const first = bytes[block + 2];
    if (bytes[block] !== CTA_TAG || first > 127) continue;
    const count = Math.floor((127 - first) / DESCRIPTOR);
    for (let i = 0; i < count; i++) yield block + first + i * DESCRIPTOR;
  }
}

/** display_info.bpc: bits of a colour that the display shows at most; 0 where it does not tell. */
export function displayBpc(bytes: Uint8Array): number {
  const revision = bytes[19], input = bytes[20];
  if (revision < 3 || (input & 0x80) === 0) return 0;
  if (revision === 3) return hdmiBpc(bytes) || ((input & 1) !== 0 ? 8 : 0);
  const depth = (input >> 4) & 7;
  return depth >= 1 && depth <= 6 ? 4 + 2 * depth : 0;
}

// HDMI displays show 8 bits, and what deep colours their vendor block tells of.
function hdmiBpc(bytes: Uint8Array): number {
  let bpc = 0;
  for (let block = EDID_BLOCK; block + EDID_BLOCK <= bytes.length; block += EDID_BLOCK) {
    if (bytes[block] !== CTA_TAG || bytes[block + 1] < 3) continue;
    const end = block + Math.min(bytes[block + 2], EDID_BLOCK - 1);
    for (let at = block + 4; at < end; at += 1 + (bytes[at] & 0x1f)) {
      const length = bytes[at] & 0x1f;
      if (at + 1 + length > end) break;
      const oui = bytes[at + 1] | bytes[at + 2] << 8 | bytes[at + 3] << 16;
      if (bytes[at] >> 5 !== CTA_VENDOR || length < 5 || oui !== HDMI_OUI) continue;
      const deep = length >= 6 ? bytes[at + 6] : 0;
      bpc = (deep & 0x40) !== 0 ? 16 : (deep & 0x20) !== 0 ? 12 : (deep & 0x10) !== 0 ? 10 : 8;
    }
  }
  return bpc;
}
