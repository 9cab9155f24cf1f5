/**
 * `Ends`: the files that clients have, and how a descriptor that comes from a client is known again.
 * @module
 */

import { DmaBuf } from "../../../core/dma_buf.ts";
import { DrmFile } from "../../../core/drm_file.ts";
import { DrmError } from "../../../core/error.ts";
import { File } from "../../../core/file.ts";
import { O_CLOEXEC, O_CREAT, O_EXCL, O_NONBLOCK, O_TRUNC } from "../../../uapi/fcntl.ts";
import { close, fstat, MessageBuffer, S_IFMT, S_IFREG, setNonblocking, socketCookie } from "../../os/mod.ts";
import type { DmaBufs } from "./dma_bufs.ts";
import { FileEnd } from "./file_end.ts";
import { POLLED_BUFFER, POLLED_INPUT, POLLED_NEVER } from "./protocol.ts";

const O_NOCTTY = 0o400;
/** What 64-bit programs' opens have in the kernel, and F_GETFL shows. */
const O_LARGEFILE = 0o100000;
const NODE_MAX = 31;

/** How clients poll a file: POLLED_*. */
function polled(file: File): number {
  if (file instanceof DmaBuf) return POLLED_BUFFER;
  return file.poll === File.prototype.poll ? POLLED_NEVER : POLLED_INPUT;
}

/** Files of clients. */
export class Ends {
  readonly #key: string;
  readonly #dmaBufs: DmaBufs;
  readonly #watch: (end: FileEnd) => boolean;
  readonly #byCookie = new Map<number, FileEnd>();
  readonly #token = new MessageBuffer(8);
  #made = 0;

  /** None yet. @param key marks the server's files. @param dmaBufs buffers as memfds. @param watch watches a new end. */
  constructor(key: string, dmaBufs: DmaBufs, watch: (end: FileEnd) => boolean) {
    this.#key = key;
    this.#dmaBufs = dmaBufs;
    this.#watch = watch;
  }

  /** Files that clients hold by sockets. */
  get count(): number {
    return this.#byCookie.size;
  }

  /**
   * The descriptor by which a client gets a file.
   *
   * @param file whose reference it takes over, also when it throws
   * @param node the name by which it was opened, below /dev; "" if by none. A DRM file has a name however it came (leases)
   * @returns the descriptor, which the caller sends and closes
   * @throws {DrmError} ENFILE. @throws {OsError} EMFILE, ENFILE
   */
  wire(file: File, node = ""): number {
    if (file instanceof DmaBuf && this.#dmaBufs.canLend(file)) return this.#dmaBufs.lend(file);
    const name = file instanceof DrmFile ? file.name : node.slice(node.lastIndexOf("/") + 1) || file.kind;
    const opened = node !== "" || file instanceof DrmFile;
    const creation = O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_CLOEXEC | O_NONBLOCK;
    const flags = (file.flags & ~creation | (opened ? O_LARGEFILE : 0)) >>> 0;
    const facts = [polled(file), opened ? 1 : 0, flags, this.#made++].map((value) => value.toString(16)).join(".");
    const { end, fd } = FileEnd.make(file, `${this.#key}/${name.slice(0, NODE_MAX)}/${facts}`, this.#token);
    if ((file.flags & O_NONBLOCK) !== 0) setNonblocking(fd, true);
    if (!this.#watch(end)) {
      close(fd);
      end.close();
      throw new DrmError("ENFILE", "Cannot open another file: the server is out of watches");
    }
    this.#byCookie.set(end.cookie, end);
    return fd;
  }

  /** Which of our files a descriptor of ours (a duplicate of a client's) is. */
  find(fd: number): File | undefined {
    const cookie = socketCookie(fd);
    if (cookie >= 0) return this.#byCookie.get(cookie)?.file;
    return (fstat(fd).mode & S_IFMT) === S_IFREG ? this.#dmaBufs.find(fd) : undefined;
  }

  /** The file whose clients' side has a cookie. */
  byCookie(cookie: number): FileEnd | undefined {
    return this.#byCookie.get(cookie);
  }

  /** A file is no client's any more. */
  remove(end: FileEnd): void {
    this.#byCookie.delete(end.cookie);
  }
}
