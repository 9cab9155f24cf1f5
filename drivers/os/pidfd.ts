// Processes by descriptor: pidfd_open(2) and pidfd_getfd(2). Numbers of the generic table, which x86-64 shares.
import { libc, orErrno } from "./libc.ts";

const SYS_PIDFD_OPEN = 434n;
const SYS_PIDFD_GETFD = 438n;

/**
 * A descriptor, close-on-exec, that stands for a process and turns readable when it ends.
 *
 * @param pid the process
 * @returns the descriptor, or `-errno`: ESRCH, EMFILE, ENOSYS
 */
export function pidfdOpen(pid: number): number {
  return orErrno(Number(libc().syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n, 0n)));
}

/**
 * A duplicate, close-on-exec, of a descriptor of another process. The same rules as for its memory hold.
 *
 * @param pidfd from `pidfdOpen`
 * @param fd the number there
 * @returns the duplicate, or `-errno`: EBADF, EPERM, ESRCH, EMFILE
 */
export function pidfdGetfd(pidfd: number, fd: number): number {
  return orErrno(Number(libc().syscall(SYS_PIDFD_GETFD, BigInt(pidfd), BigInt(fd), 0n)));
}
