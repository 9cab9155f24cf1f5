/**
 * The dirty log: a bit for each page of guest memory, in memory that the front end shares. It migrates the pages that were
 * written meanwhile once more. VHOST_USER_SET_LOG_BASE and SET_LOG_FD of the vhost-user protocol.
 * @module
 */

import { VHOST_LOG_PAGE } from "../../../uapi/vhost_user.ts";
import { F_SEAL_SHRINK, fstat, getSeals, Mapping, S_IFMT, S_IFREG } from "../../os/mod.ts";
import { VhostUserError } from "./error.ts";

const PAGE = 4096;
/** Bits for 256 TiB. */
const LOG_MAX = 2 ** 33;

/** A log that a front end has shared. */
export class DirtyLog implements Disposable {
  readonly #mapping: Mapping;
  readonly #bytes: Uint8Array;
  #marked = false;

  /**
   * Maps it.
   *
   * @param fd a memfd sealed against shrinking; stays the caller's. @param offset first byte. @param size bytes.
   * @throws {VhostUserError} if the descriptor holds no such log
   */
  constructor(fd: number, offset: number, size: number) {
    if (!(size > 0 && size <= LOG_MAX && offset >= 0 && Number.isSafeInteger(offset + size))) {
      throw new VhostUserError(`a log of ${size} bytes at ${offset} cannot be`);
    }
    const stat = fstat(fd);
    const seals = getSeals(fd);
    if ((stat.mode & S_IFMT) !== S_IFREG || seals < 0 || (seals & F_SEAL_SHRINK) === 0) {
      throw new VhostUserError(
        "the log's descriptor is no memfd with F_SEAL_SHRINK: it could be cut off under the device",
      );
    }
    if (offset + size > stat.size) {
      throw new VhostUserError(`a log of ${size} bytes at ${offset} does not lie in ${stat.size} bytes`);
    }
    const start = Math.floor(offset / PAGE) * PAGE;
    const mapping = Mapping.tryMap(fd, offset - start + size, undefined, undefined, start);
    if (typeof mapping === "number") throw new VhostUserError(`the log cannot be mapped: errno ${-mapping}`);
    this.#mapping = mapping;
    this.#bytes = new Uint8Array(mapping.buffer, offset - start, size);
  }

  /** Whether anything was marked since this was asked last. */
  takeMarked(): boolean {
    const marked = this.#marked;
    this.#marked = false;
    return marked;
  }

  /** Marks the pages of `length` bytes at guest address `gpa`; those beyond the log's end are left out. */
  mark(gpa: number, length: number): void {
    const bytes = this.#bytes;
    const last = Math.floor((gpa + length - 1) / VHOST_LOG_PAGE);
    for (let page = Math.floor(gpa / VHOST_LOG_PAGE); page <= last; page++) {
      const at = Math.floor(page / 8);
      if (at >= bytes.length) return;
      // The front end takes words away while bits are set.
      Atomics.or(bytes, at, 1 << (page & 7));
      this.#marked = true;
    }
  }

  /** Unmaps it. */
  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}
