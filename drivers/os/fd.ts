// Operations on any file descriptor: close(2), dup by fcntl(2), fstat(2), flags, flock(2), opening anew. Hot ones answer -errno; nothing is retried,
// and close is never repeated after EINTR, because Linux has released the number by then.
import { CMemory } from "./c_memory.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

const F_DUPFD_CLOEXEC = 1030;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** What fstat(2) says of an open file. */
export interface FileStat {
  /** Device that holds the inode. */
  readonly dev: bigint;
  /** Inode number; with `dev` it identifies the file. */
  readonly ino: bigint;
  /** Type and permission bits (`S_IFMT` and the rest). */
  readonly mode: number;
  /** Size in bytes. */
  readonly size: number;
  /** For a character or block device, its number. */
  readonly rdev: bigint;
}

/**
 * Closes a file descriptor.
 *
 * @param fd the descriptor
 * @returns 0, or `-EBADF` and the other errnos of close(2)
 */
export function close(fd: number): number {
  return orErrno(libc().close(fd));
}

/**
 * Duplicates a file descriptor, close-on-exec.
 *
 * @param fd the descriptor
 * @param atLeast the lowest number that the copy may have
 * @returns the new descriptor
 * @throws {OsError} EBADF, EMFILE, or EINVAL if `atLeast` is above the limit
 */
export function dup(fd: number, atLeast = 0): number {
  return check(orErrno(libc().fcntl(fd, F_DUPFD_CLOEXEC, atLeast)), `duplicate fd ${fd}`);
}

/**
 * Calls fcntl(2) with an integer argument.
 *
 * @param fd the descriptor
 * @param command `F_*`
 * @param argument the command's argument
 * @returns the command's result, or `-errno`
 */
export function fcntl(fd: number, command: number, argument = 0): number {
  return orErrno(libc().fcntl(fd, command, argument));
}

/**
 * Sets whether reads and writes return at once (O_NONBLOCK), for every holder of the open file description.
 *
 * @param fd the descriptor
 * @param on whether to set or to clear it
 * @throws {OsError} EBADF
 */
export function setNonblocking(fd: number, on: boolean): void {
  const flags = check(fcntl(fd, F_GETFL), `read the flags of fd ${fd}`);
  check(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), `set the flags of fd ${fd}`);
}

/**
 * Sets whether a descriptor closes at exec(2).
 *
 * @param fd the descriptor
 * @param on whether to set or to clear FD_CLOEXEC
 * @throws {OsError} EBADF
 */
export function setCloexec(fd: number, on: boolean): void {
  const flags = check(fcntl(fd, F_GETFD), `read the flags of fd ${fd}`);
  check(fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC), `set the flags of fd ${fd}`);
}

/** flock: shared with other holders of LOCK_SH. */
export const LOCK_SH = 1;
/** flock: alone. */
export const LOCK_EX = 2;
/** flock: do not wait. */
export const LOCK_NB = 4;
/** flock: no longer. */
export const LOCK_UN = 8;

/**
 * Locks a file, or ends the lock. The lock belongs to the open file description and goes with its last descriptor.
 *
 * @param fd the descriptor
 * @param operation `LOCK_*`
 * @returns 0, or `-errno`: EAGAIN if it is locked, EBADF
 */
export function flock(fd: number, operation: number): number {
  return orErrno(libc().flock(fd, operation));
}

/**
 * Opens the file behind a descriptor anew, close-on-exec: an open file description of its own, with its own position, flags
 * and locks. Sockets cannot be opened.
 *
 * @param fd the descriptor
 * @param flags `O_*`
 * @returns the new descriptor, or `-errno`: ENXIO, EACCES, EMFILE
 */
export function reopen(fd: number, flags: number): number {
  return orErrno(libc().open(CMemory.string(`/proc/self/fd/${fd}`).pointer, flags | O_CLOEXEC, 0));
}

const LINK_MAX = 64;
let linkTarget: CMemory | undefined;

/**
 * What the kernel calls an open file: "anon_inode:[eventfd]", "socket:[71]", or its path; at most the first 64 bytes.
 *
 * @param fd the descriptor
 * @returns the name; empty if it cannot be told
 */
export function fdName(fd: number): string {
  linkTarget ??= new CMemory(LINK_MAX);
  const path = CMemory.string(`/proc/self/fd/${fd}`);
  const length = Number(libc().readlink(path.pointer, linkTarget.pointer, BigInt(LINK_MAX)));
  return length <= 0 ? "" : new TextDecoder().decode(linkTarget.bytes.subarray(0, length));
}

// struct stat differs by architecture in where mode lies; the rest of what is read here is common to 64-bit Linux.
const STAT_SIZE = 144;
const STAT_MODE = Deno.build.arch === "aarch64" ? 16 : 24;
const STAT_RDEV = Deno.build.arch === "aarch64" ? 32 : 40;
let stat: CMemory | undefined;

/**
 * Describes an open file.
 *
 * @param fd the descriptor
 * @returns a copy of what the kernel says
 * @throws {OsError} EBADF
 */
export function fstat(fd: number): FileStat {
  stat ??= new CMemory(STAT_SIZE);
  check(orErrno(libc().fstat(fd, stat.pointer)), `stat fd ${fd}`);
  const { view } = stat;
  return {
    dev: view.getBigUint64(0, true),
    ino: view.getBigUint64(8, true),
    mode: view.getUint32(STAT_MODE, true),
    size: Number(view.getBigInt64(48, true)),
    rdev: view.getBigUint64(STAT_RDEV, true),
  };
}

/** The file-type bits of `FileStat.mode`. */
export const S_IFMT = 0o170000;
/** A socket. */
export const S_IFSOCK = 0o140000;
/** A regular file, memfds included. */
export const S_IFREG = 0o100000;
/** A character device. */
export const S_IFCHR = 0o020000;
/** A pipe. */
export const S_IFIFO = 0o010000;
