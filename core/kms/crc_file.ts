/**
 * `CrcFile`, debugfs's `crtc-N/crc/data`, opened: one line for each read. Mirrors drm_crtc_crc_data_fops
 * (drivers/gpu/drm/drm_debugfs_crc.c, K7).
 * @module
 */

import { O_NONBLOCK, O_RDONLY, O_WRONLY, POLLHUP, POLLIN, POLLRDNORM } from "../../uapi/fcntl.ts";
import { DrmError, EAGAIN } from "../error.ts";
import { File, type PollWaiter } from "../file.ts";
import type { Process } from "../process.ts";
import { Wait } from "../wait.ts";
import { CRC_VALUES_MAX, crcLine, crcLineLength, type CrtcCrc } from "./crc.ts";
import type { Crtc } from "./crtc.ts";

const EIO = -5;
const EINVAL = -22;
const line = new Uint8Array(crcLineLength(CRC_VALUES_MAX));
const encoder = new TextEncoder();

/** The reader of a CRTC's CRCs. While it is open there is no other, and frames are composed for it. */
export class CrcFile extends File {
  /** Always "debugfs". */
  readonly kind = "debugfs";
  readonly #crtc: Crtc;
  readonly #crc: CrtcCrc;
  #pollers: Set<PollWaiter> | undefined;
  readonly #wakePollers = (): void => {
    for (const waiter of [...this.#pollers ?? []]) waiter.wake();
  };

  /** crtc_crc_open. @param crtc whose CRCs. @param flags O_*. @throws {DrmError} EIO, EBUSY, EINVAL: see `CrtcCrc.open`. */
  constructor(crtc: Crtc, flags: number) {
    super(flags);
    this.#crtc = crtc;
    this.#crc = crtc.crc;
    this.#crc.open();
  }

  get #gone(): boolean {
    return this.#crtc.kms.device.unplugged;
  }

  /**
   * crtc_crc_read: the oldest line with a NUL behind it; waits for one.
   *
   * @returns bytes; -EAGAIN with O_NONBLOCK; or a Wait. @throws {DrmError} EINVAL where the line does not fit, EBADF, EIO once
   * the device is gone.
   */
  override read(_task: Process, target: Uint8Array): number | Wait {
    if (this.accessMode === O_WRONLY) throw new DrmError("EBADF", "Cannot read: the file is open for writing");
    if (this.#gone) throw new DrmError("EIO", "Cannot read CRCs: the device is gone");
    const crc = this.#crc;
    if (crc.pending === 0) {
      if ((this.flags & O_NONBLOCK) !== 0) return EAGAIN;
      const attempt = (): void => {
        if (this.#gone) wait.complete(EIO);
        else if (crc.pending > 0) wait.complete(this.#take(target));
      };
      const wait = new Wait({ cleanup: () => crc.unwait(attempt) });
      crc.wait(attempt);
      return wait;
    }
    const result = this.#take(target);
    if (result < 0) throw DrmError.of(result);
    return result;
  }

  #take(target: Uint8Array): number {
    const length = crcLineLength(this.#crc.valuesCount);
    if (target.length < length) return EINVAL;
    const entry = this.#crc.read();
    if (entry === undefined) return EAGAIN;
    line.fill(0);
    encoder.encodeInto(crcLine(entry), line);
    target.set(line.subarray(0, length));
    return length;
  }

  /** Writing is for nobody. */
  override write(_task: Process, _source: Uint8Array): number {
    if (this.accessMode === O_RDONLY) throw new DrmError("EBADF", "Cannot write: the file is open for reading");
    throw new DrmError("EINVAL", "Cannot write CRCs");
  }

  /** crtc_crc_poll: POLLIN and POLLRDNORM while there is a line, POLLHUP once the device is gone. */
  override poll(events: number, waiter?: PollWaiter): number {
    if (waiter !== undefined) {
      this.#pollers ??= new Set();
      this.#pollers.add(waiter);
      this.#crc.wait(this.#wakePollers);
    }
    if (this.#gone) return POLLHUP;
    return this.#crc.pending > 0 ? events & (POLLIN | POLLRDNORM) : 0;
  }

  /** Forgets a waiter of `poll`. */
  override unpoll(waiter: PollWaiter): void {
    this.#pollers?.delete(waiter);
    if (this.#pollers?.size === 0) this.#crc.unwait(this.#wakePollers);
  }

  /** crtc_crc_release. */
  protected override release(): void {
    this.#crc.unwait(this.#wakePollers);
    this.#pollers = undefined;
    this.#crc.close();
  }
}
