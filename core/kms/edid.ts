/**
 * EDID: what a display says of itself. The base block, CTA-861 and DisplayID extensions: detailed, established and standard
 * timings, video formats. Mirrors drivers/gpu/drm/drm_edid.c.
 * @module
 */

import {
  DRM_MODE_FLAG_INTERLACE,
  DRM_MODE_FLAG_NHSYNC,
  DRM_MODE_FLAG_NVSYNC,
  DRM_MODE_FLAG_PHSYNC,
  DRM_MODE_FLAG_PVSYNC,
  DRM_MODE_TYPE_DRIVER,
  DRM_MODE_TYPE_PREFERRED,
} from "../../uapi/mod.ts";
import { displayIdModes } from "./displayid.ts";
import { displayBpc } from "./edid_display.ts";
import { standardMode } from "./edid_standard.ts";
import { Mode } from "./mode.ts";
import { ctaMode, ESTABLISHED_MODES, ESTABLISHED_MODES_3 } from "./mode_table.ts";

/** Bytes of a block. */
export const EDID_BLOCK = 128;
const BLOCK: number = EDID_BLOCK;
const DESCRIPTOR = 18;
const HEADER = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
const CTA_TAG = 0x02;
const CTA_VIDEO = 2;
const CTA_VENDOR = 3;
const CTA_EXTENDED = 7;
const HDMI_BLOCK_COUNT = 0x78;
const MICROSOFT_OUI = 0xca125c;
const FEATURE_PREFERRED = 0x02;

/** A parsed EDID. */
export interface Edid {
  /** The bytes: the base block and the extensions that are valid. */
  readonly bytes: Uint8Array;
  /** Version times 256 plus revision: 0x104 for 1.4. */
  readonly version: number;
  /** Three letters: "RHT" for QEMU's displays. */
  readonly manufacturer: string;
  /** Product code. */
  readonly product: number;
  /** Serial number. */
  readonly serial: number;
  /** The display's name, if it has one. */
  readonly name: string;
  /** Width, mm; 0 if unknown. */
  readonly widthMm: number;
  /** Height, mm; 0 if unknown. */
  readonly heightMm: number;
  /** Bits a colour component; 0 if unknown. */
  readonly bitsPerColor: number;
  /** Whether it is no desktop's display. */
  readonly nonDesktop: boolean;
  /** Modes in the order of the kernel's finding; none twice. The display's native one is marked as preferred. */
  readonly modes: readonly Mode[];
}

function checksum(bytes: Uint8Array, offset: number): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += bytes[offset + i];
  return sum & 0xff;
}

/** Sets the checksum of a block, so that its bytes add up to 0. @param block its number. */
export function sealEdidBlock(bytes: Uint8Array, block: number): void {
  const last = block * BLOCK + BLOCK - 1;
  bytes[last] = 0;
  bytes[last] = (256 - checksum(bytes, block * BLOCK)) & 0xff;
}

/** edid_block_valid: whether a block is right. A CTA extension is used even when its checksum is wrong. @param block its number. */
export function edidBlockValid(bytes: Uint8Array, block: number): boolean {
  const at = block * BLOCK;
  if (block === 0) {
    return HEADER.every((byte, i) => bytes[i] === byte) && checksum(bytes, 0) === 0 && bytes[18] === 1;
  }
  if (checksum(bytes, at) === 0) return true;
  return bytes[at] === CTA_TAG;
}

/** __drm_edid_block_count: blocks that an EDID says it has. HDMI's own count (HF-EEODB) goes before the base block's. */
export function edidBlockCount(bytes: Uint8Array): number {
  const count = bytes[126] + 1;
  if (count === 1 || bytes.length < 2 * BLOCK) return count;
  const cta = bytes.subarray(BLOCK, 2 * BLOCK);
  if (cta[0] !== CTA_TAG || cta[1] < 3) return count;
  const isCount = cta[4] >> 5 === CTA_EXTENDED && (cta[4] & 0x1f) >= 2 && cta[5] === HDMI_BLOCK_COUNT;
  return isCount && cta[6] > 0 ? cta[6] + 1 : count;
}

/** Parses an EDID; undefined if the base block is not valid. Extensions that are not valid count as absent. */
export function parseEdid(source: Uint8Array): Edid | undefined {
  if (source.length < BLOCK || !edidBlockValid(source, 0)) return undefined;
  const count = Math.min(edidBlockCount(source), Math.floor(source.length / BLOCK));
  const extensions: Uint8Array[] = [];
  for (let i = 1; i < count; i++) {
    if (edidBlockValid(source, i)) extensions.push(source.slice(i * BLOCK, (i + 1) * BLOCK));
  }
  const bytes = new Uint8Array(BLOCK * (1 + extensions.length));
  bytes.set(source.subarray(0, BLOCK));
  extensions.forEach((block, i) => bytes.set(block, (i + 1) * BLOCK));
  if (edidBlockCount(bytes) !== extensions.length + 1) {
    bytes[126] = extensions.length;
    sealEdidBlock(bytes, 0);
  }
  const id = bytes[8] << 8 | bytes[9];
  const letter = (shift: number): string => String.fromCharCode(64 + ((id >> shift) & 31));
  return {
    bytes,
    version: bytes[18] << 8 | bytes[19],
    manufacturer: letter(10) + letter(5) + letter(0),
    product: bytes[10] | bytes[11] << 8,
    serial: (bytes[12] | bytes[13] << 8 | bytes[14] << 16 | bytes[15] << 24) >>> 0,
    name: nameOf(bytes),
    widthMm: bytes[21] !== 0 && bytes[22] !== 0 ? bytes[21] * 10 : 0,
    heightMm: bytes[21] !== 0 && bytes[22] !== 0 ? bytes[22] * 10 : 0,
    bitsPerColor: displayBpc(bytes),
    nonDesktop: extensions.some(isHeadset),
    modes: modesOf(bytes, extensions),
  };
}

function nameOf(bytes: Uint8Array): string {
  for (let at = 54; at < 126; at += DESCRIPTOR) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 3] !== 0xfc) continue;
    const text = String.fromCharCode(...bytes.subarray(at + 5, at + DESCRIPTOR));
    return text.split("\n")[0].trimEnd();
  }
  return "";
}

// drm_edid_connector_add_modes: detailed, standard, established, then the extensions' video formats, and DisplayID's timings.
function modesOf(bytes: Uint8Array, extensions: readonly Uint8Array[]): Mode[] {
  const modes: Mode[] = [];
  const revision = bytes[19];
  const add = (mode: Mode | undefined): void => {
    if (mode !== undefined && mode.valid && !modes.some((known) => known.equals(mode))) modes.push(mode);
  };
  let preferred = revision >= 4 || (bytes[24] & FEATURE_PREFERRED) !== 0;
  const addDetailed = (block: Uint8Array, at: number): void => {
    const mode = detailed(block, at);
    if (mode === undefined) return;
    add(preferred ? mode.with({ type: mode.type | DRM_MODE_TYPE_PREFERRED }) : mode);
    preferred = false;
  };
  for (let at = 54; at < 126; at += DESCRIPTOR) if (isTiming(bytes, at)) addDetailed(bytes, at);
  for (const block of extensions) for (const at of timingOffsets(block)) addDetailed(block, at);

  for (let at = 38; at < 54; at += 2) add(standardMode(bytes, at, modes));
  for (let at = 54; at < 126; at += DESCRIPTOR) {
    if (isTiming(bytes, at) || bytes[at + 3] !== 0xfa) continue;
    for (let i = 0; i < 6; i++) add(standardMode(bytes, at + 5 + i * 2, modes));
  }

  const bits = bytes[35] | bytes[36] << 8 | (bytes[37] & 0x80) << 9;
  // The first byte's most significant bit is 720x400@70: the table is in the order of the bits from the least significant.
  ESTABLISHED_MODES.forEach((mode, bit) => (bits & (1 << bit)) !== 0 && add(mode));
  for (let at = 54; at < 126; at += DESCRIPTOR) {
    if (isTiming(bytes, at) || bytes[at + 3] !== 0xf7) continue;
    ESTABLISHED_MODES_3.forEach((mode, i) => (bytes[at + 6 + (i >> 3)] & (0x80 >> (i & 7))) !== 0 && add(mode));
  }
  for (const block of extensions) for (const vic of videoCodes(block)) add(ctaMode(vic));
  for (const block of extensions) for (const mode of displayIdModes(block)) add(mode);
  return modes;
}

function isTiming(block: Uint8Array, at: number): boolean {
  return block[at] !== 0 || block[at + 1] !== 0;
}

// drm_mode_detailed.
function detailed(block: Uint8Array, at: number): Mode | undefined {
  const b = block.subarray(at, at + DESCRIPTOR);
  const hactive = (b[4] & 0xf0) << 4 | b[2];
  const hblank = (b[4] & 0x0f) << 8 | b[3];
  const vactive = (b[7] & 0xf0) << 4 | b[5];
  const vblank = (b[7] & 0x0f) << 8 | b[6];
  const hoffset = (b[11] & 0xc0) << 2 | b[8];
  const hwidth = (b[11] & 0x30) << 4 | b[9];
  const voffset = (b[11] & 0x0c) << 2 | b[10] >> 4;
  const vwidth = (b[11] & 0x03) << 4 | b[10] & 0x0f;
  const misc = b[17];
  if (hactive < 64 || vactive < 64 || hwidth === 0 || vwidth === 0) return undefined;
  const hsyncStart = hactive + hoffset, hsyncEnd = hsyncStart + hwidth;
  const vsyncStart = vactive + voffset, vsyncEnd = vsyncStart + vwidth;
  // Some EDIDs have totals that end before the sync does.
  const htotal = Math.max(hactive + hblank, hsyncEnd > hactive + hblank ? hsyncEnd + 1 : 0);
  const vtotal = Math.max(vactive + vblank, vsyncEnd > vactive + vblank ? vsyncEnd + 1 : 0);
  const interlaced = (misc & 0x80) !== 0;
  // Interlaced timings count the lines of a field; modes count those of a frame.
  const scale = interlaced ? 2 : 1;
  return new Mode({
    clock: (b[0] | b[1] << 8) * 10,
    hdisplay: hactive,
    hsyncStart,
    hsyncEnd,
    htotal,
    vdisplay: vactive * scale,
    vsyncStart: vsyncStart * scale,
    vsyncEnd: vsyncEnd * scale,
    vtotal: interlaced ? (vtotal * 2) | 1 : vtotal,
    flags: ((misc & 0x02) !== 0 ? DRM_MODE_FLAG_PHSYNC : DRM_MODE_FLAG_NHSYNC) |
      ((misc & 0x04) !== 0 ? DRM_MODE_FLAG_PVSYNC : DRM_MODE_FLAG_NVSYNC) | (interlaced ? DRM_MODE_FLAG_INTERLACE : 0),
    type: DRM_MODE_TYPE_DRIVER,
    widthMm: b[12] | (b[14] & 0xf0) << 4,
    heightMm: b[13] | (b[14] & 0x0f) << 8,
  });
}

function* timingOffsets(block: Uint8Array): Generator<number> {
  if (block[0] !== CTA_TAG || block[2] < 4) return;
  for (let at = block[2]; at + DESCRIPTOR <= BLOCK - 1 && isTiming(block, at); at += DESCRIPTOR) yield at;
}

// Data blocks of a CTA extension of revision 3: their tag and contents.
function* dataBlocks(block: Uint8Array): Generator<{ tag: number; data: Uint8Array }> {
  if (block[0] !== CTA_TAG || block[1] < 3) return;
  const end = block[2] === 0 ? BLOCK - 1 : Math.min(block[2], BLOCK - 1);
  for (let at = 4; at < end;) {
    const length = block[at] & 0x1f;
    if (at + 1 + length > end) return;
    yield { tag: block[at] >> 5, data: block.subarray(at + 1, at + 1 + length) };
    at += 1 + length;
  }
}

function* videoCodes(block: Uint8Array): Generator<number> {
  for (const { tag, data } of dataBlocks(block)) {
    // Bit 7 of codes 1 to 64 says that they are native.
    if (tag === CTA_VIDEO) { for (const code of data) yield code >= 129 && code <= 192 ? code & 0x7f : code; }
  }
}

// Microsoft's vendor block says which displays are headsets.
function isHeadset(block: Uint8Array): boolean {
  for (const { tag, data } of dataBlocks(block)) {
    if (tag !== CTA_VENDOR || data.length < 4 || (data[0] | data[1] << 8 | data[2] << 16) !== MICROSOFT_OUI) continue;
    if (data[3] === 1 || data[3] === 2 || (data[3] === 3 && data.length > 4 && (data[4] & 0x40) !== 0)) return true;
  }
  return false;
}
