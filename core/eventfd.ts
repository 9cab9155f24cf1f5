/**
 * eventfd: a 64-bit counter as a file. Mirrors fs/eventfd.c. `EventFd` is one of this isolate; a door implements
 * `EventFdFile` over a descriptor of its client's.
 * @module
 */

import { EFD_SEMAPHORE, O_NONBLOCK, O_RDWR, POLLERR, POLLIN, POLLOUT } from "../uapi/fcntl.ts";
import { DrmError, EAGAIN } from "./error.ts";
import { File, type PollWaiter } from "./file.ts";
import type { Process } from "./process.ts";
import { Wait } from "./wait.ts";

/** What signals an eventfd, counted by those who will: it outlives the client's descriptor (eventfd_ctx). */
export interface EventFdContext {
  /** Takes a reference. */
  ref(): this;
  /** Drops a reference; the last one closes what stands behind it. */
  put(): void;
  /** eventfd_signal: adds 1; never blocks, and stays at 2^64 - 1 once there. */
  signal(): void;
}

/** A file that is an eventfd, of this isolate or of a client elsewhere. */
export abstract class EventFdFile extends File {
  /** Always "eventfd". */
  readonly kind = "eventfd";
  /** eventfd_ctx_fileget: its context, with a reference for the caller. */
  abstract takeContext(): EventFdContext;
}

/**
 * eventfd_ctx_fdget.
 *
 * @param task whose fd. @param fd an eventfd. @returns its context, with a reference for the caller.
 * @throws {DrmError} EBADF if the fd is not open, EINVAL if it is no eventfd.
 */
export function eventFdContext(task: Process, fd: number): EventFdContext {
  const file = task.fds.get(fd);
  if (file === undefined) throw new DrmError("EBADF", `Cannot use fd ${fd}: it is not open`);
  if (!(file instanceof EventFdFile)) {
    throw new DrmError("EINVAL", `Cannot use fd ${fd}: a ${file.kind} file is no eventfd`);
  }
  return file.takeContext();
}

const MAX = 0xffff_ffff_ffff_ffffn;

class Counter implements EventFdContext {
  count: bigint;
  readonly readers: Set<() => void> = new Set();
  readonly writers: Set<() => void> = new Set();
  readonly waiters: Set<PollWaiter> = new Set();

  constructor(count: bigint) {
    this.count = count;
  }
  ref(): this {
    return this;
  }
  put(): void {}
  signal(): void {
    if (this.count < MAX) this.count++;
    this.changed();
  }
  // Readers and writers try again in the order in which they came; each may change what the next one finds.
  changed(): void {
    if (this.readers.size > 0) { for (const retry of [...this.readers]) retry(); }
    if (this.writers.size > 0) { for (const retry of [...this.writers]) retry(); }
    if (this.waiters.size > 0) { for (const waiter of [...this.waiters]) waiter.wake(); }
  }
}

/** An eventfd of this isolate. */
export class EventFd extends EventFdFile {
  readonly #counter: Counter;
  readonly #semaphore: boolean;

  /**
   * eventfd2(2).
   *
   * @param initial the counter's first value, u32. @param flags EFD_SEMAPHORE, EFD_NONBLOCK.
   */
  constructor(initial = 0, flags = 0) {
    super(O_RDWR | (flags & O_NONBLOCK));
    this.#counter = new Counter(BigInt(initial >>> 0));
    this.#semaphore = (flags & EFD_SEMAPHORE) !== 0;
  }

  /** The counter. */
  get count(): bigint {
    return this.#counter.count;
  }

  /** Its context; the counter lives as long as anybody holds it. */
  takeContext(): EventFdContext {
    return this.#counter;
  }

  /** Reads 8 bytes: the counter, which becomes 0; with EFD_SEMAPHORE 1, and the counter decreases by 1. Throws EINVAL. */
  override read(_task: Process, target: Uint8Array): number | Wait {
    if (target.length < 8) throw new DrmError("EINVAL", "Cannot read an eventfd: it takes 8 bytes");
    const counter = this.#counter;
    const attempt = (): number | undefined => {
      if (counter.count === 0n) return undefined;
      const value = this.#semaphore ? 1n : counter.count;
      counter.count -= value;
      new DataView(target.buffer, target.byteOffset).setBigUint64(0, value, true);
      counter.changed();
      return 8;
    };
    return this.#try(attempt, counter.readers);
  }

  /** Writes 8 bytes: adds them to the counter; waits where it would reach 2^64 - 1. Throws EINVAL. */
  override write(_task: Process, source: Uint8Array): number | Wait {
    if (source.length !== 8) throw new DrmError("EINVAL", "Cannot write an eventfd: it takes exactly 8 bytes");
    const value = new DataView(source.buffer, source.byteOffset).getBigUint64(0, true);
    if (value === MAX) throw new DrmError("EINVAL", "Cannot add 2^64 - 1 to an eventfd");
    const counter = this.#counter;
    const attempt = (): number | undefined => {
      if (MAX - counter.count <= value) return undefined;
      counter.count += value;
      counter.changed();
      return 8;
    };
    return this.#try(attempt, counter.writers);
  }

  #try(attempt: () => number | undefined, queue: Set<() => void>): number | Wait {
    const result = attempt();
    if (result !== undefined) return result;
    if ((this.flags & O_NONBLOCK) !== 0) return EAGAIN;
    const wait = new Wait({ cleanup: () => queue.delete(retry) });
    const retry = (): void => {
      if (!queue.delete(retry)) return; // answered by a change that it caused itself
      const done = attempt();
      if (done === undefined) queue.add(retry);
      else wait.complete(done);
    };
    queue.add(retry);
    return wait;
  }

  /** POLLIN above 0, POLLOUT where 1 can be added, POLLERR at 2^64 - 1. */
  override poll(events: number, waiter?: PollWaiter): number {
    if (waiter !== undefined) this.#counter.waiters.add(waiter);
    const { count } = this.#counter;
    return (count > 0n ? events & POLLIN : 0) | (count < MAX - 1n ? events & POLLOUT : 0) |
      (count === MAX ? POLLERR : 0);
  }

  /** Forgets a waiter of `poll`. */
  override unpoll(waiter: PollWaiter): void {
    this.#counter.waiters.delete(waiter);
  }

  /** The counter stays for those who have its context. */
  protected override release(): void {
    this.#counter.waiters.clear();
  }
}
