// Datagrams to sockets that are files (unix(7)), each by a socket of its own: what one reader leaves lying counts against
// nobody else.
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_NOSIGNAL = 0x4000;
const PATH_MAX = 107;
const HEADER = 56;
const ADDRESS = 112;

/**
 * Sends one datagram to a socket that is bound to a path. Does not wait.
 *
 * @param path the socket's file; at most 107 bytes
 * @param data the datagram
 * @returns its length, or `-errno`: EAGAIN (its queue is full), ECONNREFUSED (nobody has it open), ENOENT, EMFILE
 * @throws {RangeError} if the path is too long
 */
export function sendDatagram(path: string, data: Uint8Array): number {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > PATH_MAX) throw new RangeError(`Cannot send to ${path}: the path is too long`);
  // struct msghdr, struct sockaddr_un, struct iovec, the datagram.
  const memory = new CMemory(HEADER + ADDRESS + 16 + data.length);
  const { view, address } = memory;
  const at = (offset: number): bigint => address + BigInt(offset);
  view.setBigUint64(0, at(HEADER), true);
  view.setUint32(8, 3 + name.length, true);
  view.setBigUint64(16, at(HEADER + ADDRESS), true);
  view.setBigUint64(24, 1n, true);
  view.setUint16(HEADER, AF_UNIX, true);
  memory.bytes.set(name, HEADER + 2);
  view.setBigUint64(HEADER + ADDRESS, at(HEADER + ADDRESS + 16), true);
  view.setBigUint64(HEADER + ADDRESS + 8, BigInt(data.length), true);
  memory.bytes.set(data, HEADER + ADDRESS + 16);
  const socket = orErrno(libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket < 0) return socket;
  const result = orErrno(Number(libc().sendmsg(socket, memory.pointer, MSG_NOSIGNAL)));
  close(socket);
  return result;
}
