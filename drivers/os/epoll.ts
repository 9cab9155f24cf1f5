// epoll(7): what a server's kernel thread blocks in. Each descriptor carries a 32-bit key of the caller's.
import { ERRNO } from "../../uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

/** Data to read. */
export const EPOLLIN = 0x1;
/** Room to write. */
export const EPOLLOUT = 0x4;
/** An error; reported unasked. */
export const EPOLLERR = 0x8;
/** The other end has closed; reported unasked. */
export const EPOLLHUP = 0x10;
/** The other end writes no more. */
export const EPOLLRDHUP = 0x2000;
/** Report once, until modified. */
export const EPOLLONESHOT = 1 << 30;
/** Report changes, not states. */
export const EPOLLET = 1 << 31;

const { ENOSYS } = ERRNO;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
// struct epoll_event is packed on x86-64 alone (sys/epoll.h).
const EVENT_SIZE = Deno.build.arch === "x86_64" ? 12 : 16;
const EVENT_DATA = EVENT_SIZE - 8;

/** An epoll instance. */
export class Epoll implements Disposable {
  /** Its descriptor: readable when any of its own has events. */
  readonly fd: number;
  readonly #capacity: number;
  readonly #events: CMemory;
  readonly #argument = new CMemory(16);
  readonly #timespec = new CMemory(16);
  // Whether the system waits by nanoseconds: glibc 2.35, Linux 5.11.
  #precise = true;
  #closed = false;

  /**
   * Creates one, close-on-exec.
   *
   * @param capacity how many events one `wait` can report; more wait for the next
   * @throws {OsError} EMFILE, ENFILE, ENOMEM
   */
  constructor(capacity = 64) {
    this.#capacity = capacity;
    this.#events = new CMemory(capacity * EVENT_SIZE);
    this.fd = check(orErrno(libc().epoll_create1(EPOLL_CLOEXEC)), "create an epoll instance");
  }

  #control(operation: number, fd: number, events: number, key: number): number {
    this.#argument.view.setInt32(0, events, true);
    this.#argument.view.setUint32(EVENT_DATA, key, true);
    this.#argument.view.setUint32(EVENT_DATA + 4, 0, true);
    return orErrno(libc().epoll_ctl(this.fd, operation, fd, this.#argument.pointer));
  }

  /**
   * Watches a descriptor.
   *
   * @param fd the descriptor
   * @param events `EPOLL*`
   * @param key what `key` reports for it, 0 to 2^32-1
   * @returns 0, or `-errno`: EEXIST, EBADF, EPERM (a file that cannot be polled), ENOSPC, ELOOP
   */
  add(fd: number, events: number, key: number): number {
    return this.#control(EPOLL_CTL_ADD, fd, events, key);
  }

  /**
   * Changes what is watched for.
   *
   * @param fd a watched descriptor
   * @param events `EPOLL*`
   * @param key its key from now on
   * @returns 0, or `-errno`: ENOENT, EBADF
   */
  modify(fd: number, events: number, key: number): number {
    return this.#control(EPOLL_CTL_MOD, fd, events, key);
  }

  /**
   * Watches a descriptor no more. Closing its last duplicate does the same.
   *
   * @param fd a watched descriptor
   * @returns 0, or `-errno`: ENOENT, EBADF
   */
  remove(fd: number): number {
    return this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /**
   * Waits for events. The whole thread waits: give 0 where an event loop runs.
   *
   * @param timeout milliseconds; 0 looks and returns, -1 waits for ever
   * @returns how many events there are to read by `key` and `events`, or `-errno`: EINTR
   */
  wait(timeout: number): number {
    return orErrno(libc().epoll_wait(this.fd, this.#events.pointer, this.#capacity, timeout));
  }

  /**
   * Waits for events, no longer than a span of nanoseconds; of milliseconds, rounded up, where the system has no better.
   *
   * @param ns the longest wait; 0 looks and returns, Infinity waits for ever
   * @returns how many events there are to read by `key` and `events`, or `-errno`: EINTR
   */
  waitNs(ns: number): number {
    if (ns === Infinity) return this.wait(-1);
    if (!(ns > 0)) return this.wait(0);
    const c = libc();
    if (this.#precise && c.epoll_pwait2 !== null) {
      const seconds = Math.floor(ns / 1e9);
      const { u32 } = this.#timespec;
      u32[0] = seconds >>> 0;
      u32[1] = Math.floor(seconds / 0x1_0000_0000);
      u32[2] = Math.ceil(ns - seconds * 1e9);
      if (u32[2] >= 1e9) u32[2] = 999_999_999;
      const result = orErrno(
        c.epoll_pwait2(this.fd, this.#events.pointer, this.#capacity, this.#timespec.pointer, null),
      );
      if (result !== -ENOSYS) return result;
      this.#precise = false;
    }
    return this.wait(Math.min(Math.ceil(ns / 1e6), 0x7fff_ffff));
  }

  /**
   * Whose event it is.
   *
   * @param index below the result of `wait`
   * @returns the key given to `add`
   */
  key(index: number): number {
    return this.#events.view.getUint32(index * EVENT_SIZE + EVENT_DATA, true);
  }

  /**
   * What happened.
   *
   * @param index below the result of `wait`
   * @returns `EPOLL*`
   */
  events(index: number): number {
    return this.#events.view.getInt32(index * EVENT_SIZE, true);
  }

  /** Closes it. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
  }
}
