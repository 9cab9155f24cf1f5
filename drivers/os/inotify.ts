// inotify(7), as far as it tells when open files of a memfd are closed.
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;
const IN_CLOSE = 0x18;
const IN_Q_OVERFLOW = 0x4000;
const EVENT = 16;
const BUFFER = 4096;

/** Hears of closed files. */
export class CloseWatch implements Disposable {
  /** Its descriptor: readable when there is something to hear. */
  readonly fd: number;
  readonly #buffer = new CMemory(BUFFER);
  #closed = false;

  /**
   * Watches nothing yet.
   *
   * @throws {OsError} EMFILE (also for more instances than a user may have), ENFILE, ENOSYS
   */
  constructor() {
    this.fd = check(orErrno(libc().inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), "create an inotify instance");
  }

  /**
   * Watches a file.
   *
   * @param fd a descriptor of it
   * @returns its number for `read` and `remove`, the same for the same file; or `-errno`: ENOSPC, ENOMEM
   */
  add(fd: number): number {
    return orErrno(libc().inotify_add_watch(this.fd, CMemory.string(`/proc/self/fd/${fd}`).pointer, IN_CLOSE));
  }

  /** Watches a file no more. @param watch from `add` */
  remove(watch: number): void {
    libc().inotify_rm_watch(this.fd, watch);
  }

  /**
   * Takes what has happened.
   *
   * @param closed called with the number of each file of which an open file description went: each time, or once for several
   * @param overflow called if some were lost
   */
  read(closed: (watch: number) => void, overflow: () => void): void {
    for (;;) {
      const length = Number(libc().read(this.fd, this.#buffer.pointer, BigInt(BUFFER)));
      if (length < EVENT) return;
      const { view } = this.#buffer;
      for (let at = 0; at + EVENT <= length; at += EVENT + view.getUint32(at + 12, true)) {
        const mask = view.getUint32(at + 4, true);
        if ((mask & IN_Q_OVERFLOW) !== 0) overflow();
        else if ((mask & IN_CLOSE) !== 0) closed(view.getInt32(at, true));
      }
      if (length < BUFFER / 2) return;
    }
  }

  /** Closes it. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
  }
}
