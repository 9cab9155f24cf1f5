// SEQPACKET sockets with names: listening on a path, accepting, and names in the abstract namespace (unix(7)).
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { check, OsError } from "./os_error.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const PATH_MAX = 107;

// struct sockaddr_un; an abstract name begins with NUL and has no end but its length.
function address(name: string, abstract: boolean): { memory: CMemory; length: number } {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > PATH_MAX || name.includes("\0")) {
    throw new RangeError(`Cannot name a socket ${JSON.stringify(name)}: 1 to ${PATH_MAX} bytes are allowed`);
  }
  const memory = new CMemory(112);
  memory.view.setUint16(0, AF_UNIX, true);
  memory.bytes.set(bytes, abstract ? 3 : 2);
  return { memory, length: 3 + bytes.length };
}

/**
 * struct sockaddr_un of a socket file. For this folder alone.
 *
 * @internal
 * @param path at most 107 bytes
 * @returns the struct, and how many bytes of it count
 * @throws {RangeError} if the path is too long
 */
export function unixAddress(path: string): { readonly memory: CMemory; readonly length: number } {
  return address(path, false);
}

/**
 * Makes a nonblocking, close-on-exec socket that listens for SEQPACKET connections.
 *
 * @param path where the socket file is made; at most 107 bytes
 * @param backlog connections that may wait for `accept`
 * @returns the descriptor
 * @throws {OsError} EADDRINUSE if the path exists; EACCES, ENOENT, EMFILE
 * @throws {RangeError} if the path is too long
 */
export function listen(path: string, backlog = 128): number {
  const { memory, length } = address(path, false);
  const c = libc();
  const type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const socket = check(orErrno(c.socket(AF_UNIX, type, 0)), "create a socket");
  let result = orErrno(c.bind(socket, memory.pointer, length));
  if (result === 0) result = orErrno(c.listen(socket, backlog));
  if (result === 0) return socket;
  close(socket);
  throw new OsError(`listen on ${path}`, result);
}

/**
 * Takes the next connection: nonblocking, close-on-exec.
 *
 * @param socket from `listen`
 * @returns the connection, or `-errno`: EAGAIN, ECONNABORTED, EMFILE, ENFILE
 */
export function accept(socket: number): number {
  return orErrno(libc().accept4(socket, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

/**
 * Gives a socket a name in the abstract namespace: whoever holds the other end reads it by getpeername(2).
 *
 * @param socket a Unix socket without a name
 * @param name at most 107 bytes
 * @returns 0, or `-errno`: EADDRINUSE, EINVAL if it has a name
 * @throws {RangeError} if the name is too long
 */
export function bindAbstract(socket: number, name: string): number {
  const { memory, length } = address(name, true);
  return orErrno(libc().bind(socket, memory.pointer, length));
}
