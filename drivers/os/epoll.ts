// epoll(7): what a server's kernel thread blocks in. Each descriptor carries a 32-bit key of the caller's.
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
