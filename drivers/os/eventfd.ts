// eventfd(2): a 64-bit counter as a file, the doorbell between threads and processes. Nonblocking here.
import { CMemory } from "./c_memory.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

const EFD_SEMAPHORE = 1;
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
let counter: CMemory | undefined;

/**
 * Creates an eventfd, nonblocking and close-on-exec.
 *
 * @param initial the counter's first value, 0 to 2^32-1
 * @param semaphore whether a read takes 1 and not all
 * @returns the descriptor
 * @throws {OsError} EMFILE, ENFILE, ENOMEM
 */
export function eventfd(initial = 0, semaphore = false): number {
  const flags = EFD_NONBLOCK | EFD_CLOEXEC | (semaphore ? EFD_SEMAPHORE : 0);
  return check(orErrno(libc().eventfd(initial, flags)), "create an eventfd");
}

/**
 * Adds to the counter: readers and pollers wake.
 *
 * @param fd an eventfd
 * @param value what to add, 1 unless told
 * @returns 0, or `-errno`: EAGAIN if the counter would pass 2^64-2, EINVAL for 2^64-1, EBADF
 */
export function eventfdWrite(fd: number, value: bigint = 1n): number {
  return orErrno(libc().eventfd_write(fd, value));
}

/**
 * Takes the counter, which becomes 0 (or, of a semaphore, takes 1).
 *
 * @param fd an eventfd
 * @returns what was taken, rounded to a Number beyond 2^53; or `-EAGAIN` if it is 0, `-EBADF`
 */
export function eventfdRead(fd: number): number {
  counter ??= new CMemory(8);
  const result = libc().eventfd_read(fd, counter.pointer);
  if (result < 0) return orErrno(result);
  return counter.u32[1] * 0x1_0000_0000 + counter.u32[0];
}
