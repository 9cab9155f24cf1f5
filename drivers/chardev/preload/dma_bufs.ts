/**
 * Dma-bufs in clients: each is its object's sealed memfd, opened anew for each export, with a shared lock on that open file.
 * When nobody holds a lock any more, the last descriptor of the last client is closed: the kernel tells when to look (inotify).
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
  CloseWatch,
  F_SEAL_SEAL,
  flock,
  fstat,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  OsError,
  reopen,
} from "../../os/mod.ts";

const SWEEP_NS = 100e6;
const DOUBTS = 5;

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
  /** Its number at the watch; -1 if it is not watched. */
  readonly watch: number;
}

/** The buffers that clients hold. */
export class DmaBufs {
  readonly #clock: Clock;
  // By inode number.
  readonly #lent = new Map<number, Lent>();
  // Inode numbers by watch.
  readonly #watched = new Map<number, number>();
  #closes: CloseWatch | undefined;
  #timer: Timer | undefined;
  // How often to look again at buffers of which a file was closed while they were still held.
  #doubts = 0;

  /** None yet. @param clock for looking now and then, where the system does not tell of closed files. */
  constructor(clock: Clock) {
    this.#clock = clock;
    try {
      this.#closes = new CloseWatch();
    } catch (error) {
      if (!(error instanceof OsError)) throw error;
    }
  }

  /** Buffers that clients hold, as far as known. */
  get count(): number {
    return this.#lent.size;
  }

  /** A descriptor that is readable when `hear` has something to do; -1 for none. */
  get closesFd(): number {
    return this.#closes?.fd ?? -1;
  }

  /** Whether a buffer can be a memfd in clients: it is a GEM object's own, of one piece. Others, as udmabufs, are sockets. */
  canLend(buffer: DmaBuf): boolean {
    const { pages } = buffer;
    return buffer.object !== undefined && pages?.fd !== undefined && (pages.fdOffset ?? 0) === 0;
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
      const inode = Number(ino);
      if (this.#lent.get(inode)?.buffer !== buffer) {
        this.#forget(inode);
        const watch = this.#closes?.add(memory) ?? -1;
        if (watch >= 0) this.#watched.set(watch, inode);
        this.#lent.set(inode, { buffer: buffer.ref(), pages, dev, watch: Math.max(watch, -1) });
      }
      if (this.#watched.size < this.#lent.size) this.#lookLater();
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

  /** Looks at those of which a file was closed. */
  hear(): void {
    this.#closes?.read((watch) => {
      const inode = this.#watched.get(watch);
      if (inode === undefined || !this.#look(inode)) return;
      // Closing is told of before the lock goes (__fput): this may have been the last one all the same.
      this.#doubts = DOUBTS;
      this.#lookLater();
    }, () => this.sweep());
  }

  /** Looks which buffers nobody holds any more. */
  sweep(): void {
    for (const inode of [...this.#lent.keys()]) this.#look(inode);
  }

  // Whether somebody still holds a buffer; if not, it goes.
  #look(inode: number): boolean {
    const lent = this.#lent.get(inode);
    const memory = lent?.pages.fd;
    if (memory !== undefined) {
      if (flock(memory, LOCK_EX | LOCK_NB) < 0) return true;
      flock(memory, LOCK_UN);
    }
    this.#forget(inode);
    return false;
  }

  #forget(inode: number): void {
    const lent = this.#lent.get(inode);
    if (lent === undefined) return;
    this.#lent.delete(inode);
    if (lent.watch >= 0) {
      this.#watched.delete(lent.watch);
      this.#closes?.remove(lent.watch);
    }
    if (this.#lent.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    lent.buffer.put();
  }

  #lookLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.at(this.#clock.now() + SWEEP_NS, () => {
      this.#timer = undefined;
      this.sweep();
      if (this.#watched.size < this.#lent.size || (this.#lent.size > 0 && --this.#doubts > 0)) this.#lookLater();
    });
  }

  /** Forgets them all. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const inode of [...this.#lent.keys()]) this.#forget(inode);
    this.#closes?.[Symbol.dispose]();
    this.#closes = undefined;
  }
}
