// pipe2(2), nonblocking, and small: a pipe of one slot as a light that can be switched from afar, readable or writable.
import { ERRNO } from "../../uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { close, fcntl, reopen } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { check, OsError } from "./os_error.ts";

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const { EAGAIN } = ERRNO;
let memory: CMemory | undefined;

/**
 * A pipe with room for one byte as poll(2) sees it: with a byte in it it is readable and not writable, else the other way
 * round. Both ends are nonblocking and close-on-exec.
 *
 * @returns the end to read, and the end to write
 * @throws {OsError} EMFILE, ENFILE, EPERM
 */
export function lightPipe(): [read: number, write: number] {
  memory ??= new CMemory(64);
  check(orErrno(libc().pipe2(memory.pointer, O_NONBLOCK | O_CLOEXEC)), "create a pipe");
  const pair: [number, number] = [memory.i32[0], memory.i32[1]];
  const size = fcntl(pair[1], F_SETPIPE_SZ, 4096);
  if (size >= 0) return pair;
  for (const fd of pair) close(fd);
  throw new OsError("make a pipe small", size);
}

/**
 * Puts a byte into a `lightPipe`, or takes what is in it, whichever of its ends one has.
 *
 * @param fd either end
 * @param writes whether it is the end to write
 * @param on whether a byte is to be in it
 * @returns 0, or `-errno`: EMFILE, ENFILE
 */
export function switchPipe(fd: number, writes: boolean, on: boolean): number {
  memory ??= new CMemory(64);
  // The other direction needs the other end, which opens by the same name.
  const own = writes === on;
  const end = own ? fd : reopen(fd, (on ? O_WRONLY : O_RDONLY) | O_NONBLOCK);
  if (end < 0) return end;
  let result = 0;
  if (on) {
    memory.u32[0] = 1;
    result = orErrno(Number(libc().write(end, memory.pointer, 1n)));
  } else {
    // A stranger at the other end may have put in more: what is there now goes, and no more than a page of it.
    for (let left = 64; left > 0 && result >= 0; left--) {
      result = orErrno(Number(libc().read(end, memory.pointer, 64n)));
      if (result === 0) break;
    }
  }
  if (!own) close(end);
  return result === -EAGAIN || result > 0 ? 0 : result;
}
