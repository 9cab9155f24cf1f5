/**
 * `CrtcCrc`: the CRCs of a CRTC's frames, for one reader at a time. Mirrors struct drm_crtc_crc and
 * drivers/gpu/drm/drm_debugfs_crc.c (K7).
 * @module
 */

import { ERRNO } from "../../uapi/errno.ts";
import { DrmError } from "../error.ts";
import type { Crtc } from "./crtc.ts";

/** Entries of the ring; one of them stays free (DRM_CRC_ENTRIES_NR). */
export const CRC_ENTRIES = 128;
/** Values that an entry can have (DRM_MAX_CRC_NR). */
export const CRC_VALUES_MAX = 10;
/** Bytes of a source's name, NUL included (a page). */
const SOURCE_MAX = 4096;

/** The CRCs of a frame. */
export interface CrcEntry {
  /** The frame's number, as vblank events have it; undefined if the driver cannot tell. */
  readonly frame: number | undefined;
  /** As many values as the source has. */
  readonly values: readonly number[];
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

/** An entry as a line of `crc/data`, without the NUL that read(2) gives after it. */
export function crcLine(entry: CrcEntry): string {
  const frame = entry.frame === undefined ? "XXXXXXXXXX" : hex(entry.frame);
  return `${[frame, ...entry.values.map(hex)].join(" ")}\n`;
}

/** LINE_LEN: bytes of a line with its NUL. @param values values of an entry. */
export function crcLineLength(values: number): number {
  return 12 + 11 * values;
}

/** The frames' CRCs of one CRTC. */
export class CrtcCrc {
  readonly #crtc: Crtc;
  readonly #waiters = new Set<() => void>();
  #frames = NONE;
  #numbered = NO_BITS;
  #values = NONE;
  #source = "auto";
  #count = 0;
  #head = 0;
  #tail = 0;
  #opened = false;
  #overflow = false;

  /** Nobody reads yet. @param crtc whose frames. */
  constructor(crtc: Crtc) {
    this.#crtc = crtc;
  }

  /** What the CRCs are taken of: "auto" until somebody writes to `control`. */
  get source(): string {
    return this.#source;
  }

  /** Whether somebody reads: frames have to be composed. */
  get enabled(): boolean {
    return this.#opened;
  }

  /** Values of an entry; 0 while nobody reads. */
  get valuesCount(): number {
    return this.#count;
  }

  /** Entries that can be read now, at most 127. */
  get pending(): number {
    return (this.#head - this.#tail) & (CRC_ENTRIES - 1);
  }

  /** Whether entries were lost because nobody read them; a new reader begins without. */
  get overflow(): boolean {
    return this.#overflow;
  }

  /** crc_control_show: the sources, a star behind the current one. */
  show(): string {
    const { hooks } = this.#crtc;
    const sources = hooks.getCrcSources?.(this.#crtc) ?? [];
    if (sources.length === 0) return hooks.getCrcSources === undefined ? "" : `${this.#source}*\n`;
    let text = "";
    for (const source of sources) {
      try {
        this.#verify(source);
      } catch (error) {
        if (error instanceof DrmError) continue;
        throw error;
      }
      text += source === this.#source ? `${source}*\n` : `${source}\n`;
    }
    return text;
  }

  /**
   * crc_control_write: chooses the source of the next reader.
   *
   * @param text its name, a line feed behind it or not; nothing at all is ignored.
   * @throws {DrmError} E2BIG from 4096 bytes on; EINVAL if the driver does not know it; EBUSY while somebody reads.
   */
  store(text: Uint8Array): void {
    if (text.length === 0) return;
    if (text.length > SOURCE_MAX - 1) throw new DrmError("E2BIG", `Cannot use a CRC source of ${text.length} bytes`);
    const line = text[text.length - 1] === LINE_FEED ? text.subarray(0, -1) : text;
    const end = line.indexOf(0);
    const source = String.fromCharCode(...(end < 0 ? line : line.subarray(0, end)));
    this.#verify(source);
    if (this.#opened) throw new DrmError("EBUSY", "Cannot change the CRC source: somebody reads");
    this.#source = source;
  }

  // verify_crc_source, and what crtc_crc_open asks of its answer.
  #verify(source: string): number {
    const count = this.#crtc.hooks.verifyCrcSource?.(this.#crtc, source);
    if (count === undefined) throw new DrmError("EINVAL", "Cannot capture CRCs: the driver has none");
    return count;
  }

  /**
   * crtc_crc_open: CRCs are computed from the next frame on.
   *
   * @throws {DrmError} EIO while the CRTC is off; EINVAL for a source without values; EBUSY if somebody reads; what the
   * driver says.
   */
  open(): void {
    const crtc = this.#crtc;
    if (!crtc.state.active) throw new DrmError("EIO", "Cannot capture CRCs: the CRTC is off");
    const count = this.#verify(this.#source);
    if (!(count > 0 && count <= CRC_VALUES_MAX)) {
      throw new DrmError("EINVAL", `Cannot capture ${count} values a frame`);
    }
    if (this.#opened) throw new DrmError("EBUSY", "Cannot capture CRCs: somebody does already");
    if (this.#frames.length === 0) {
      this.#frames = new Uint32Array(CRC_ENTRIES);
      this.#numbered = new Uint8Array(CRC_ENTRIES);
    }
    if (this.#values.length < CRC_ENTRIES * count) this.#values = new Uint32Array(CRC_ENTRIES * count);
    this.#opened = true;
    this.#count = count;
    try {
      crtc.hooks.setCrcSource?.(crtc, this.#source);
    } catch (error) {
      this.#cleanup();
      throw error;
    }
  }

  /** crtc_crc_release: CRCs are computed no more; what was not read is lost. */
  close(): void {
    if (!this.#opened) return;
    this.#opened = false;
    this.#crtc.hooks.setCrcSource?.(this.#crtc, undefined);
    this.#cleanup();
  }

  #cleanup(): void {
    this.#opened = false;
    this.#overflow = false;
    this.#count = this.#head = this.#tail = 0;
  }

  /** Takes the oldest entry; undefined if there is none yet. */
  read(): CrcEntry | undefined {
    const at = this.#tail;
    if (this.#head === at) return undefined;
    this.#tail = (at + 1) & (CRC_ENTRIES - 1);
    return {
      frame: this.#numbered[at] === 0 ? undefined : this.#frames[at],
      values: [...this.#values.subarray(at * this.#count, (at + 1) * this.#count)],
    };
  }

  /**
   * drm_crtc_add_crc_entry: what finds no room is lost.
   *
   * @param frame the frame's number; undefined if the driver cannot tell. @param values as many as the source has.
   * @returns 0; -EINVAL when nobody reads (any more); -ENOBUFS without room.
   */
  add(frame: number | undefined, values: Uint32Array): number {
    if (!this.#opened) return -ERRNO.EINVAL;
    const head = this.#head, count = this.#count;
    const next = (head + 1) & (CRC_ENTRIES - 1);
    if (next === this.#tail) {
      if (!this.#overflow) this.#tellOverflow();
      this.#overflow = true;
      return -ERRNO.ENOBUFS;
    }
    this.#frames[head] = frame ?? 0;
    this.#numbered[head] = frame === undefined ? 0 : 1;
    for (let i = 0; i < count; i++) this.#values[head * count + i] = values[i];
    this.#head = next;
    if (this.#waiters.size > 0) this.wake();
    return 0;
  }

  // The kernel's DRM_ERROR of the first entry that is lost.
  #tellOverflow(): void {
    const { kms, name } = this.#crtc;
    const { trace } = kms.device.system;
    if (!trace.enabled) return;
    const result = "Overflow of CRC buffer, userspace reads too slow.";
    trace.emit({ time: kms.clock.now(), floor: "core", name: "drm_crtc_add_crc_entry", subject: name, result });
  }

  /** Calls `waiter` whenever an entry came, until `unwait`. */
  wait(waiter: () => void): void {
    this.#waiters.add(waiter);
  }

  /** Forgets a waiter. */
  unwait(waiter: () => void): void {
    this.#waiters.delete(waiter);
  }

  /** Tells whoever waits to look again. */
  wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

const LINE_FEED = 10;
const NONE = new Uint32Array(0);
const NO_BITS = new Uint8Array(0);
