/**
 * `RemoteFds`: the descriptors of a client in another process. Their numbers belong to its kernel: a request brings numbers that
 * the client library has reserved, and what is installed goes back as a list of which file belongs under which of them.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { FdTable } from "../../../core/fd_table.ts";
import type { File } from "../../../core/file.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import { close, type FileStat, fstat, pidfdGetfd } from "../../os/mod.ts";
import { FDS_MAX } from "./protocol.ts";
import type { Strangers } from "./strangers.ts";

const { EMFILE, ENFILE } = ERRNO;

/** A file on its way to the client. */
export interface Install {
  /** Under which number. */
  readonly fd: number;
  /** Whose reference goes along. */
  readonly file: File;
  /** Whether it closes at exec(2). */
  readonly cloexec: boolean;
}

/** Finds which of our files a descriptor is, if any; the descriptor is a duplicate of the client's, in this process. */
export type Examine = (fd: number) => File | undefined;

/** A client's descriptors, seen by one request at a time. */
export class RemoteFds implements FdTable {
  readonly #pidfd: number;
  readonly #pid: number;
  readonly #examine: Examine;
  readonly #strangers: Strangers;
  // Files of the client's that the request has looked at, until it has been handled.
  readonly #seen: { readonly file: File; readonly stat: FileStat }[] = [];
  #free: number[] = [];
  #reserved = 0;
  /** What is to be put into the client. */
  installs: Install[] = [];
  /** How many numbers the request would have needed, if it had too few; else 0. */
  wanted = 0;

  /**
   * Descriptors of a process.
   *
   * @param pidfd stands for it. @param pid its id. @param examine finds our files. @param strangers keeps the others.
   */
  constructor(pidfd: number, pid: number, examine: Examine, strangers: Strangers) {
    this.#pidfd = pidfd;
    this.#pid = pid;
    this.#examine = examine;
    this.#strangers = strangers;
  }

  /** A request begins. @param numbers reserved fds. */
  begin(numbers: readonly number[]): void {
    if (this.#free.length > 0 || numbers.length > 0) this.#free = [...numbers];
    this.#reserved = 0;
    if (this.installs.length > 0) this.installs = [];
    this.wanted = 0;
  }

  /**
   * Takes a number. If there is none, the request is undone as far as it has come, as for EMFILE, and the client asked again
   * with enough of them.
   */
  reserve(): number {
    const fd = this.#free.shift();
    this.#reserved++;
    if (fd !== undefined) return fd;
    this.wanted = Math.min(this.#reserved, FDS_MAX);
    throw new DrmError("EMFILE", "Cannot open another file: the request came with too few reserved fds");
  }

  /** The request has been handled: what it keeps of the client's files it has references of. */
  end(): void {
    if (this.#seen.length === 0) return;
    for (const { file } of this.#seen.splice(0)) file.put();
  }

  /** Gives a number back. */
  unreserve(fd: number): void {
    this.#free.push(fd);
  }

  /** Puts a file into the client, with the answer. */
  install(fd: number, file: File, cloexec: boolean): void {
    this.installs.push({ fd, file, cloexec });
  }

  /** The request has failed after all: what was installed goes. */
  takeBack(): void {
    const { installs } = this;
    this.installs = [];
    for (const { file } of installs) file.put();
  }

  /**
   * Fetches the client's descriptor and looks at it. The file is borrowed until `end`. Throws ENFILE if this process is out of
   * descriptors, ENOMEM if too many files of the client are kept.
   */
  get(fd: number): File | undefined {
    const copy = fd >= 0 ? pidfdGetfd(this.#pidfd, fd) : -1;
    if (copy === -EMFILE || copy === -ENFILE) {
      throw new DrmError("ENFILE", `Cannot look at fd ${fd}: the server is out of descriptors`);
    }
    if (copy < 0) return undefined;
    try {
      return this.#examine(copy) ?? this.#stranger(copy);
    } finally {
      close(copy);
    }
  }

  // A list may name one memfd a thousand times: it is kept once.
  #stranger(fd: number): File {
    const stat = fstat(fd);
    for (const seen of this.#seen) {
      if (seen.file.kind === "memfd" && seen.stat.ino === stat.ino && seen.stat.dev === stat.dev) return seen.file;
    }
    const file = this.#strangers.examine(fd, this.#pid);
    this.#seen.push({ file, stat });
    return file;
  }

  /** Takes back what this request has installed. Other fds are the client's own to close. Throws EBADF. */
  close(fd: number): void {
    const index = this.installs.findIndex((install) => install.fd === fd);
    if (index < 0) throw new DrmError("EBADF", `Cannot close fd ${fd}: it belongs to the client`);
    const [{ file }] = this.installs.splice(index, 1);
    file.put();
  }
}
