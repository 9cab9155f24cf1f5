// poll(2) on a handful of descriptors. For many, or for long waits, see epoll.ts.
import { CMemory } from "./c_memory.ts";
import { libc, orErrno } from "./libc.ts";

/** Data to read, or a connection to accept. */
export const POLLIN = 0x1;
/** Urgent data. */
export const POLLPRI = 0x2;
/** Room to write. */
export const POLLOUT = 0x4;
/** An error; reported unasked. */
export const POLLERR = 0x8;
/** The other end has closed; reported unasked. */
export const POLLHUP = 0x10;
/** Not an open descriptor; reported unasked. */
export const POLLNVAL = 0x20;

/** struct pollfd, an array of them, kept for use again and again. */
export class PollSet {
  readonly #memory: CMemory;
  readonly #capacity: number;
  #count = 0;

  /**
   * Takes the memory at once.
   *
   * @param capacity how many descriptors fit
   */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#memory = new CMemory(capacity * 8);
  }

  /** How many descriptors are in it. */
  get count(): number {
    return this.#count;
  }

  /** Empties the set. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Adds a descriptor.
   *
   * @param fd the descriptor; negative ones are skipped by the kernel
   * @param events `POLL*` to wait for
   * @returns its index
   * @throws {RangeError} if the set is full
   */
  add(fd: number, events: number): number {
    if (this.#count >= this.#capacity) throw new RangeError(`Cannot poll more than ${this.#capacity} descriptors`);
    this.#memory.i32[this.#count * 2] = fd;
    this.#memory.i32[this.#count * 2 + 1] = events & 0xffff;
    return this.#count++;
  }

  /**
   * What happened to a descriptor in the last `poll`.
   *
   * @param index from `add`
   * @returns `POLL*`, 0 if nothing
   */
  revents(index: number): number {
    return index >= 0 && index < this.#count ? this.#memory.u32[index * 2 + 1] >>> 16 : 0;
  }

  /**
   * Waits. The whole thread waits: give 0 where an event loop runs.
   *
   * @param timeout milliseconds; 0 looks and returns, negative waits for ever
   * @returns how many have events, 0 after the time, or `-errno`: EINTR
   */
  poll(timeout: number): number {
    return orErrno(libc().poll(this.#memory.pointer, BigInt(this.#count), timeout));
  }
}

let one: PollSet | undefined;

/**
 * Looks at one descriptor, or waits for it.
 *
 * @param fd the descriptor
 * @param events `POLL*`
 * @param timeout milliseconds; 0 looks and returns
 * @returns `POLL*` that happened, 0 if none, or `-errno`
 */
export function poll(fd: number, events: number, timeout = 0): number {
  one ??= new PollSet(1);
  one.clear();
  one.add(fd, events);
  const result = one.poll(timeout);
  return result <= 0 ? result : one.revents(0);
}
