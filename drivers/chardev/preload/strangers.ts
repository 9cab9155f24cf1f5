/**
 * Files of clients that are none of ours, as far as core has a use for them: eventfds, which are signalled, and memfds, of which
 * udmabufs are made. What a client says they are counts for nothing: the kernel is asked.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { type EventFdContext, EventFdFile } from "../../../core/eventfd.ts";
import { File } from "../../../core/file.ts";
import { MemFdFile } from "../../../core/memfd.ts";
import type { Pages, PageSegment } from "../../../core/memory.ts";
import { O_RDWR } from "../../../uapi/fcntl.ts";
import {
  addSeals,
  close,
  dup,
  EventFdSignal,
  F_SEAL_SEAL,
  fdName,
  fstat,
  getSeals,
  Mapping,
  openMemfd,
  OsError,
} from "../../os/mod.ts";
import { Tally } from "./tally.ts";

/** Descriptors of clients that are kept at once: for one process, and for all. */
const PROCESS_MAX = 4096;
const MAX = 32768;

/** A file that is open in a client and none of ours. */
export class ForeignFile extends File {
  /** Always "foreign". */
  readonly kind = "foreign";
  protected override release(): void {}
}

/** What is kept of clients' files, and how eventfds are signalled. */
export class Strangers {
  readonly #foreign: File = new ForeignFile();
  readonly #kept = new Tally(PROCESS_MAX, MAX);
  #signal: EventFdSignal | undefined;
  // The device number of memfds: those of huge pages, which a fault may not find any of, have another.
  #device: bigint | undefined;

  /** Descriptors that are kept now. */
  get count(): number {
    return this.#kept.total;
  }

  /**
   * What a client's file is.
   *
   * @param fd a duplicate of its descriptor, which stays the caller's
   * @param pid whose it is
   * @returns the file, with a reference for the caller
   * @throws {DrmError} ENOMEM if too many are kept
   */
  examine(fd: number, pid: number): File {
    if (getSeals(fd) >= 0) {
      if (fstat(fd).dev === this.#memfdDevice()) return new RemoteMemFd(this, this.keep(fd, pid), pid);
    } else if (fdName(fd) === "anon_inode:[eventfd]") {
      return new RemoteEventFd(this, this.keep(fd, pid), pid);
    }
    return this.#foreign.ref();
  }

  #memfdDevice(): bigint {
    if (this.#device === undefined) {
      const own = openMemfd("probe", 0);
      this.#device = fstat(own).dev;
      close(own);
    }
    return this.#device;
  }

  /** Keeps a duplicate of a descriptor. @param fd which. @param pid whose. @throws {DrmError} ENOMEM, ENFILE */
  keep(fd: number, pid: number): number {
    if (!this.#kept.take(pid)) {
      throw new DrmError("ENOMEM", `Cannot keep another file of process ${pid}: ${this.#kept.total} are kept in all`);
    }
    try {
      return dup(fd);
    } catch (error) {
      this.#kept.give(pid);
      if (!(error instanceof OsError)) throw error;
      throw new DrmError("ENFILE", "Cannot keep a client's file: the server is out of descriptors");
    }
  }

  /** Lets a descriptor go. @param fd from `keep`. @param pid whose. */
  drop(fd: number, pid: number): void {
    close(fd);
    this.#kept.give(pid);
  }

  /**
   * What signals eventfds.
   *
   * @throws {DrmError} ENOMEM where the system has no asynchronous I/O: by no other way is a stranger's eventfd signalled
   * without ever waiting
   */
  get signal(): EventFdSignal {
    try {
      return this.#signal ??= new EventFdSignal();
    } catch (error) {
      if (!(error instanceof OsError)) throw error;
      throw new DrmError("ENOMEM", `Cannot signal eventfds of clients: ${error.message}`);
    }
  }

  /** Gives back what signalling took. */
  close(): void {
    this.#signal?.[Symbol.dispose]();
    this.#signal = undefined;
  }
}

/** An eventfd of a client. */
class RemoteEventFd extends EventFdFile implements EventFdContext {
  readonly #strangers: Strangers;
  readonly #fd: number;
  readonly #pid: number;

  constructor(strangers: Strangers, fd: number, pid: number) {
    super();
    this.flags = O_RDWR;
    this.#strangers = strangers;
    this.#fd = fd;
    this.#pid = pid;
  }

  override takeContext(): EventFdContext {
    void this.#strangers.signal;
    return this.ref();
  }

  signal(): void {
    this.#strangers.signal.signal(this.#fd);
  }

  protected override release(): void {
    this.#strangers.drop(this.#fd, this.#pid);
  }
}

/** A range of a client's memfd, mapped when the CPU reads it. */
class RemotePages implements Pages {
  readonly fd: number;
  readonly fdOffset: number;
  readonly size: number;
  #mapping: Mapping | undefined;
  #bytes: Uint8Array | undefined;

  constructor(fd: number, offset: number, size: number) {
    this.fd = fd;
    this.fdOffset = offset;
    this.size = size;
  }
  bytes(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    const mapping = Mapping.tryMap(this.fd, this.size, undefined, undefined, this.fdOffset);
    if (typeof mapping === "number") throw new DrmError("ENOMEM", `Cannot map ${this.size} bytes of a client's memfd`);
    this.#mapping = mapping;
    return this.#bytes = new Uint8Array(mapping.buffer);
  }
  pin(): void {}
  unpin(): void {}
  [Symbol.dispose](): void {
    this.#mapping?.[Symbol.dispose]();
    this.#mapping = this.#bytes = undefined;
  }
}

/** A memfd of a client. */
class RemoteMemFd extends MemFdFile {
  readonly #strangers: Strangers;
  readonly #fd: number;
  readonly #pid: number;
  readonly #ranges: RemotePages[] = [];

  constructor(strangers: Strangers, fd: number, pid: number) {
    super();
    this.flags = O_RDWR;
    this.#strangers = strangers;
    this.#fd = fd;
    this.#pid = pid;
  }

  override get seals(): number {
    return Math.max(0, getSeals(this.#fd));
  }

  /** Takes no further seals from here on: memory that is in use cannot be sealed against writing. */
  override pinRange(offset: number, length: number): PageSegment[] {
    const { size } = fstat(this.#fd);
    if (!(length > 0) || !(offset >= 0) || offset + length > size) {
      throw new DrmError("EINVAL", `Cannot pin ${length} bytes at ${offset}: the file has ${size}`);
    }
    addSeals(this.#fd, F_SEAL_SEAL);
    const pages = new RemotePages(this.#fd, offset, length);
    this.#ranges.push(pages);
    this.ref();
    return [{ pages, offset: 0, length }];
  }

  override unpin(): void {
    this.put();
  }

  protected override release(): void {
    for (const range of this.#ranges) range[Symbol.dispose]();
    this.#strangers.drop(this.#fd, this.#pid);
  }
}
