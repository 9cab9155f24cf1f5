/**
 * Dma-bufs in clients: each is its object's sealed memfd, opened anew for each export, with a shared lock on that open file.
 * When nobody holds a lock any more, the last descriptor of the last client is closed.
 * @module
 */

import type { Clock, Timer } from "../../../core/clock.ts";
import type { DmaBuf } from "../../../core/dma_buf.ts";
import { DrmError } from "../../../core/error.ts";
import type { Pages } from "../../../core/memory.ts";
import { O_ACCMODE, O_RDWR } from "../../../uapi/fcntl.ts";
import {
  addSeals,
  close,
  F_SEAL_SEAL,
  flock,
  fstat,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  reopen,
} from "../../os/mod.ts";

const SWEEP_NS = 100e6;

/**
 * A descriptor of memory for a client: an open file of its own, so that its flags and locks are not the server's, and sealed
 * against further seals, by which a client could take the memory away from others.
 *
 * @param fd a memfd
 * @param flags O_RDWR or O_RDONLY
 * @returns the descriptor
 * @throws {DrmError} ENFILE
 */
export function lend(fd: number, flags: number): number {
  addSeals(fd, F_SEAL_SEAL);
  const copy = reopen(fd, flags);
  if (copy < 0) throw new DrmError("ENFILE", "Cannot give memory to a client: the server is out of descriptors");
  return copy;
}

interface Lent {
  readonly buffer: DmaBuf;
  readonly pages: Pages;
  readonly dev: bigint;
}

/** The buffers that clients hold. */
export class DmaBufs {
  readonly #clock: Clock;
  // By inode number.
  readonly #lent = new Map<number, Lent>();
  #timer: Timer | undefined;

  /** None yet. @param clock for looking now and then. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Buffers that clients hold, as far as known. */
  get count(): number {
    return this.#lent.size;
  }

  /**
   * A descriptor of a buffer for a client.
   *
   * @param buffer whose reference it takes over, also when it throws
   * @returns the descriptor, which the caller sends and closes
   * @throws {DrmError} ENOMEM for a buffer that is not one piece of memory with a descriptor; ENFILE
   */
  lend(buffer: DmaBuf): number {
    try {
      const { pages } = buffer;
      const memory = pages?.fd;
      if (pages === undefined || memory === undefined || (pages.fdOffset ?? 0) !== 0) {
        throw new DrmError("ENOMEM", "Cannot give a buffer to a client: its memory has no descriptor of its own");
      }
      const fd = lend(memory, (buffer.flags & O_ACCMODE) === O_RDWR ? O_RDWR : 0);
      const { ino, dev } = fstat(fd);
      if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
        close(fd);
        throw new DrmError("ENFILE", "Cannot give a buffer to a client: it cannot be locked");
      }
      const known = this.#lent.get(Number(ino));
      if (known?.buffer !== buffer) {
        known?.buffer.put();
        this.#lent.set(Number(ino), { buffer: buffer.ref(), pages, dev });
      }
      this.#watch();
      return fd;
    } finally {
      buffer.put();
    }
  }

  /** The buffer behind a descriptor that came from a client; undefined if it is none. @param fd a descriptor of ours. */
  find(fd: number): DmaBuf | undefined {
    const { ino, dev } = fstat(fd);
    const lent = this.#lent.get(Number(ino));
    return lent?.dev === dev ? lent.buffer : undefined;
  }

  /** Looks which buffers nobody holds any more. */
  sweep(): void {
    for (const [inode, { buffer, pages }] of this.#lent) {
      const memory = pages.fd;
      if (memory !== undefined) {
        if (flock(memory, LOCK_EX | LOCK_NB) < 0) continue;
        flock(memory, LOCK_UN);
      }
      this.#lent.delete(inode);
      buffer.put();
    }
  }

  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.at(this.#clock.now() + SWEEP_NS, () => {
      this.#timer = undefined;
      this.sweep();
      if (this.#lent.size > 0) this.#watch();
    });
  }

  /** Forgets them all. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { buffer } of this.#lent.values()) buffer.put();
    this.#lent.clear();
  }
}
