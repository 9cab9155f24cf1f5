/**
 * `File`, the kernel's struct file: what fds refer to. A kind of file overrides the operations that it has; the others
 * answer as fs/ioctl.c and the VFS do.
 * @module
 */

import {
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  O_ACCMODE,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
  PROT_WRITE,
  SEEK_CUR,
} from "../uapi/fcntl.ts";
import type { StructView } from "../uapi/struct.ts";
import { DrmError } from "./error.ts";
import { PAGE_SIZE, type PageSegment } from "./memory.ts";
import type { Process } from "./process.ts";
import type { Wait } from "./wait.ts";

/** An ioctl's third argument: a struct or bytes of an in-process client, or a pointer (or integer) as user space passes it. */
export type IoctlArgument = StructView | Uint8Array | Uint32Array | Int32Array | bigint | number | undefined;

/** A client's view of an object's memory. */
export interface Mapping extends Disposable {
  /** The bytes, shared with every other mapping of the object. Writes to a read-only mapping are a client's error. */
  readonly bytes: Uint8Array;
  /** The descriptor and offset to map in another process, when the pages have one. */
  readonly fd?: number;
  /** Offset of the mapping in `fd`, bytes. */
  readonly fdOffset?: number;
  /** What it is made of, in order, when that is not one range: `fd` is undefined then. */
  readonly segments?: readonly PageSegment[];
}

/** Somebody who wants to know when a file may have become ready; call `cancel` to stop. */
export interface PollWaiter {
  /** Called when readiness may have changed. */
  wake(): void;
}

/** An open file description, counted by the fds, mappings and objects that hold it. */
export abstract class File {
  /** What it is: "drm", "dma_buf", "sync_file", "syncobj", "sw_sync", "udmabuf", "eventfd", "memfd". */
  abstract readonly kind: string;
  /** Open flags (O_*): access mode and status flags. */
  flags: number;
  #references = 1;

  /** A file with one reference, its maker's. @param flags O_* of the open. */
  constructor(flags = O_RDONLY) {
    this.flags = flags;
  }

  /** References held now; 0 once released. */
  get references(): number {
    return this.#references;
  }

  /** Takes a reference. */
  ref(): this {
    this.#references++;
    return this;
  }

  /** Drops a reference; the last one releases the file. */
  put(): void {
    if (--this.#references === 0) this.release();
  }

  /** The access mode: O_RDONLY, O_WRONLY or O_RDWR. */
  get accessMode(): number {
    return this.flags & O_ACCMODE;
  }

  /** Handles an ioctl of the calling `task`. A negative result is an errno; a Wait completes later. Throws DrmError. */
  ioctl(_task: Process, cmd: number, _arg: IoctlArgument): number | Wait {
    throw new DrmError("ENOTTY", `Cannot do ioctl 0x${cmd.toString(16)}: a ${this.kind} file has none`);
  }

  /** Reads into `target`; the number of bytes, a negative errno, or a Wait for the same. Throws DrmError. */
  read(_task: Process, _target: Uint8Array): number | Wait {
    throw new DrmError("EINVAL", `Cannot read a ${this.kind} file`);
  }

  /** Writes `source`; the number of bytes, or a negative errno. Throws DrmError. */
  write(_task: Process, _source: Uint8Array): number | Wait {
    throw new DrmError("EINVAL", `Cannot write a ${this.kind} file`);
  }

  /**
   * POLL* bits that hold now, of those in `events`. With a waiter, it is woken (perhaps often) once that may have changed:
   * then poll again with the same waiter, or take it back with `unpoll`.
   * A file without a poll of its own is ready for everything (DEFAULT_POLLMASK).
   */
  poll(events: number, _waiter?: PollWaiter): number {
    return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
  }

  /** Forgets a waiter of `poll`. */
  unpoll(_waiter: PollWaiter): void {}

  /**
   * mmap(2) as the VFS checks it, before `mmap` does the rest: this is what a door calls.
   *
   * @param length bytes. @param offset bytes, whole pages. @param prot PROT_*. @param flags MAP_*.
   * @throws {DrmError} EINVAL for an empty or unaligned range or an unknown kind of sharing; EACCES where the open flags
   * forbid it (shared writing needs O_RDWR, everything needs reading); EOVERFLOW; what `mmap` says.
   */
  map(task: Process, length: number, offset: number, prot: number, flags: number): Mapping {
    if (!(length > 0) || !Number.isInteger(length) || !(offset >= 0) || offset % PAGE_SIZE !== 0) {
      throw new DrmError("EINVAL", `Cannot map ${length} bytes at ${offset}: not a range of pages`);
    }
    if (!Number.isSafeInteger(offset + length)) {
      throw new DrmError("EOVERFLOW", `Cannot map ${length} bytes at ${offset}`);
    }
    const type = flags & MAP_TYPE;
    if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) {
      throw new DrmError("EINVAL", `Cannot map with flags 0x${flags.toString(16)}: neither shared nor private`);
    }
    const mode = this.accessMode;
    if (mode === O_WRONLY || (mode !== O_RDWR && type !== MAP_PRIVATE && (prot & PROT_WRITE) !== 0)) {
      throw new DrmError("EACCES", `Cannot map the ${this.kind} file: its open flags forbid it`);
    }
    return this.mmap(task, length, offset, prot, flags);
  }

  /** Maps `length` bytes at `offset`, which `map` has checked. `prot` PROT_*, `flags` MAP_*. Throws DrmError. */
  mmap(_task: Process, _length: number, _offset: number, _prot: number, _flags: number): Mapping {
    throw new DrmError("ENODEV", `Cannot map a ${this.kind} file`);
  }

  /** Moves the file position; the new one, bytes. Throws DrmError. */
  lseek(_offset: number, whence: number = SEEK_CUR): number {
    throw new DrmError("ESPIPE", `Cannot seek (whence ${whence}) in a ${this.kind} file`);
  }

  /** The last reference is gone. */
  protected abstract release(): void;
}
