/**
 * `CrcCapture`: the CRC of each frame of a CRTC, for whoever reads them. Mirrors drivers/gpu/drm/drm_debugfs_crc.c (K7).
 * @module
 */

import { DrmError } from "../../../core/error.ts";

/** Entries of the ring; one of them stays free (DRM_CRC_ENTRIES_NR). */
export const CRC_ENTRIES = 128;

/** The CRC of a frame. */
export interface CrcEntry {
  /** The frame's number, as vblank events have it. */
  readonly frame: number;
  /** crc32_le of the composed frame. */
  readonly crc: number;
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

/** An entry as a line of `crc/data`: 22 characters. */
export function crcLine(entry: CrcEntry): string {
  return `${hex(entry.frame)} ${hex(entry.crc)}\n`;
}

/** What a {@linkcode CrcCapture} asks of its CRTC. */
export interface CrcSource {
  /** Whether the CRTC is on. */
  isActive(): boolean;
  /** CRCs are wanted from now on. */
  start(): void;
}

/** The frames' CRCs of one CRTC. */
export class CrcCapture {
  readonly #source: CrcSource;
  readonly #frames = new Uint32Array(CRC_ENTRIES);
  readonly #crcs = new Uint32Array(CRC_ENTRIES);
  #head = 0;
  #tail = 0;
  #opened = false;
  #overflow = false;

  /** Nobody reads yet. @param source the CRTC. */
  constructor(source: CrcSource) {
    this.#source = source;
  }

  /** Whether somebody reads. */
  get enabled(): boolean {
    return this.#opened;
  }

  /** Entries that can be read now, at most 127. */
  get pending(): number {
    return (this.#head - this.#tail) & (CRC_ENTRIES - 1);
  }

  /** Whether entries were lost because nobody read them. */
  get overflow(): boolean {
    return this.#overflow;
  }

  /** crtc_crc_open: CRCs are computed from the next frame on. @throws {DrmError} EIO while the CRTC is off, EBUSY if opened. */
  open(): void {
    if (!this.#source.isActive()) throw new DrmError("EIO", "Cannot capture CRCs: the CRTC is off");
    if (this.#opened) throw new DrmError("EBUSY", "Cannot capture CRCs: somebody does already");
    this.#opened = true;
    this.#overflow = false;
    this.#head = this.#tail = 0;
    this.#source.start();
  }

  /** crtc_crc_release: CRCs are computed no more; what was not read is lost. */
  close(): void {
    this.#opened = false;
    this.#head = this.#tail = 0;
  }

  /** Takes the oldest entry; undefined if there is none yet. */
  read(): CrcEntry | undefined {
    if (this.#head === this.#tail) return undefined;
    const entry = { frame: this.#frames[this.#tail], crc: this.#crcs[this.#tail] };
    this.#tail = (this.#tail + 1) & (CRC_ENTRIES - 1);
    return entry;
  }

  /** drm_crtc_add_crc_entry: what finds no room is lost. */
  add(frame: number, crc: number): void {
    if (!this.#opened) return;
    const next = (this.#head + 1) & (CRC_ENTRIES - 1);
    if (next === this.#tail) {
      this.#overflow = true;
      return;
    }
    this.#overflow = false;
    this.#frames[this.#head] = frame;
    this.#crcs[this.#head] = crc;
    this.#head = next;
  }
}
