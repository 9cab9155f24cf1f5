/**
 * The descriptors of a process (files_struct). fd numbers of an in-process client belong to this table; those of a client
 * in another process belong to its kernel, so a remote table implements the same steps over its door.
 * @module
 */

import { DrmError } from "./error.ts";
import type { File } from "./file.ts";
import { IdTable } from "./id_table.ts";

/** Reserve, install, look up: fd numbers are handed out before an operation can fail late, as get_unused_fd_flags does. */
export interface FdTable {
  /** Takes the lowest free fd. Throws EMFILE when none is left. */
  reserve(): number;
  /** Gives back a reserved fd that was not installed. */
  unreserve(fd: number): void;
  /** Makes a reserved fd name `file`, whose reference passes to the table. */
  install(fd: number, file: File, cloexec: boolean): void;
  /** The file of an fd, or undefined. */
  get(fd: number): File | undefined;
  /** Closes an fd. Throws EBADF. */
  close(fd: number): void;
}

/** The table of an in-process client. */
export class LocalFdTable implements FdTable {
  // Ids are fd + 1: IdTable starts at 1, fds at 0.
  readonly #files: IdTable<File>;
  // A Set would slow down when few fds come and go among many that stay: V8 keeps removed keys in the chain of their hash.
  readonly #cloexec: boolean[] = [];

  /** An empty table. @param limit RLIMIT_NOFILE: how many fds may be open at once. */
  constructor(limit: number) {
    this.#files = new IdTable<File>(limit);
  }

  /** Open and reserved fds. */
  get count(): number {
    return this.#files.count;
  }

  /** Takes the lowest free fd. Throws EMFILE. */
  reserve(): number {
    const id = this.#files.reserve();
    if (id === 0) throw new DrmError("EMFILE", "Cannot open another file: the process has reached its limit");
    return id - 1;
  }

  /** Gives back a reserved fd. */
  unreserve(fd: number): void {
    this.#files.remove(fd + 1);
  }

  /** Makes a reserved fd name `file`. */
  install(fd: number, file: File, cloexec: boolean): void {
    this.#files.publish(fd + 1, file);
    while (this.#cloexec.length <= fd) this.#cloexec.push(false);
    this.#cloexec[fd] = cloexec;
  }

  /** The file of an fd, or undefined. */
  get(fd: number): File | undefined {
    return this.#files.get(fd + 1);
  }

  /** Whether FD_CLOEXEC is set. */
  cloexec(fd: number): boolean {
    return this.#files.get(fd + 1) !== undefined && this.#cloexec[fd];
  }

  /** Closes an fd. Throws EBADF. */
  close(fd: number): void {
    const file = this.#files.get(fd + 1);
    if (file === undefined) throw new DrmError("EBADF", `Cannot close fd ${fd}: it is not open`);
    this.#files.remove(fd + 1);
    file.put();
  }

  /** Closes all, in ascending order. */
  closeAll(): void {
    for (const [id] of this.#files) this.close(id - 1);
  }
}
