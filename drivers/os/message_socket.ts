// SOCK_SEQPACKET messages with file descriptors beside them: socketpair(2), sendmsg(2), recvmsg(2), SCM_RIGHTS (unix(7)).
import { ERRNO } from "../../uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { check } from "./os_error.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PASSCRED = 16;
const SO_COOKIE = 57;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const MSG_CTRUNC = 0x8;
const MSG_TRUNC = 0x20;
/** Do not wait. */
export const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

/** The kernel's SCM_MAX_FD. */
export const MAX_FDS = 253;
const { EBADMSG, EINVAL } = ERRNO;

// struct msghdr, iovec and cmsghdr of 64-bit Linux: sizes and offsets.
const IOVEC = 56;
const CONTROL = 72;
const CMSG_HEADER = 16;
const UCRED_SPACE = 16;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_FLAGS = 48;

/**
 * Room for one message and its descriptors, used again and again: one a thread is enough. The message is in `bytes`.
 */
export class MessageBuffer {
  /** The message: fill before `send`, read after `receive`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The message, for fields of any type. */
  readonly view: DataView<ArrayBuffer>;
  /** Descriptors: fill before `send`; after `receive` the first `fdCount` are open and the reader's to close. */
  readonly fds: Int32Array<ArrayBuffer> = new Int32Array(MAX_FDS);
  /** How many descriptors the last `receive` brought. */
  fdCount = 0;
  /** Who sent the last message, by the kernel's word: a process id, or 0 where the socket does not ask (`passCredentials`). */
  pid = 0;
  /** The user, likewise; -1 where the socket does not ask. */
  uid: number = -1;
  /** Whether descriptors of the last message were lost because this process has no room for them. */
  lost = false;
  readonly #data: CMemory;
  readonly #header: CMemory;
  readonly #controlSpace: number;

  /**
   * Takes the memory at once.
   *
   * @param size the longest message, bytes
   */
  constructor(size = 65536) {
    this.#data = new CMemory(size);
    this.bytes = this.#data.bytes.subarray(0, size);
    this.view = this.#data.view;
    this.#controlSpace = CMSG_HEADER + Math.ceil(MAX_FDS * 4 / 8) * 8 + CMSG_HEADER + UCRED_SPACE;
    const header = this.#header = new CMemory(CONTROL + this.#controlSpace);
    header.view.setBigUint64(MSG_IOV, header.address + BigInt(IOVEC), true);
    header.view.setBigUint64(MSG_IOVLEN, 1n, true);
    header.view.setBigUint64(IOVEC, this.#data.address, true);
  }

  #length(offset: number, value: number): void {
    this.#header.u32[offset / 4] = value;
    this.#header.u32[offset / 4 + 1] = 0;
  }

  /**
   * Sends `bytes[0..length)` as one message, with descriptors.
   *
   * @param socket a SEQPACKET socket
   * @param length bytes of the message, at least 1: a message of none is the same as the end
   * @param fdCount how many of `fds` go with it, at most 253; they stay open here
   * @param flags `MSG_DONTWAIT`, or 0 to wait for room
   * @returns `length`, or `-errno`: EAGAIN, EPIPE, ECONNRESET, EMSGSIZE, EBADF (one of the fds), ETOOMANYREFS
   * @throws {RangeError} if a count is out of range
   */
  send(socket: number, length: number, fdCount = 0, flags = 0): number {
    if (!(length >= 1 && length <= this.bytes.length)) throw new RangeError(`Cannot send a message of ${length} bytes`);
    if (!(fdCount >= 0 && fdCount <= MAX_FDS)) throw new RangeError(`Cannot send ${fdCount} descriptors at once`);
    const header = this.#header;
    this.#length(IOVEC + 8, length);
    if (fdCount === 0) {
      header.view.setBigUint64(MSG_CONTROL, 0n, true);
      this.#length(MSG_CONTROLLEN, 0);
    } else {
      header.view.setBigUint64(MSG_CONTROL, header.address + BigInt(CONTROL), true);
      this.#length(MSG_CONTROLLEN, CMSG_HEADER + Math.ceil(fdCount / 2) * 8);
      this.#length(CONTROL, CMSG_HEADER + fdCount * 4);
      header.i32[CONTROL / 4 + 2] = SOL_SOCKET;
      header.i32[CONTROL / 4 + 3] = SCM_RIGHTS;
      for (let i = 0; i < fdCount; i++) header.i32[(CONTROL + CMSG_HEADER) / 4 + i] = this.fds[i];
    }
    return orErrno(Number(libc().sendmsg(socket, header.pointer, flags | MSG_NOSIGNAL)));
  }

  /**
   * Receives one message into `bytes`, and its descriptors, close-on-exec, into `fds`. A message that did not fit, or lost
   * descriptors on the way (this process is out of them), is refused and its descriptors are closed.
   *
   * @param socket a SEQPACKET socket
   * @param flags `MSG_DONTWAIT`, or 0 to wait for a message
   * @returns bytes of the message, 0 when the other end has closed, or `-errno`: EAGAIN, ECONNRESET, EBADF; EBADMSG if refused:
   * with `lost` set, the message itself is in `bytes`
   */
  receive(socket: number, flags = 0): number {
    const header = this.#header;
    this.fdCount = 0;
    this.pid = 0;
    this.uid = -1;
    this.lost = false;
    this.#length(IOVEC + 8, this.bytes.length);
    header.view.setBigUint64(MSG_CONTROL, header.address + BigInt(CONTROL), true);
    this.#length(MSG_CONTROLLEN, this.#controlSpace);
    header.i32[MSG_FLAGS / 4] = 0;
    const length = Number(libc().recvmsg(socket, header.pointer, flags | MSG_CMSG_CLOEXEC));
    if (length < 0) return orErrno(length);
    this.#takeFds(Math.min(header.u32[MSG_CONTROLLEN / 4], this.#controlSpace));
    const answered = header.i32[MSG_FLAGS / 4];
    if ((answered & (MSG_TRUNC | MSG_CTRUNC)) !== 0) {
      this.closeFds();
      this.lost = (answered & MSG_TRUNC) === 0;
      return -EBADMSG;
    }
    // An empty message is the same as the end to the reader, who would not look for what came with it.
    if (length === 0) this.closeFds();
    return length;
  }

  #takeFds(controlLength: number): void {
    const words = this.#header.i32;
    for (let at = CONTROL; at + CMSG_HEADER <= CONTROL + controlLength;) {
      const length = Math.min(this.#header.u32[at / 4], CONTROL + controlLength - at);
      if (length < CMSG_HEADER) return;
      if (words[at / 4 + 2] === SOL_SOCKET && words[at / 4 + 3] === SCM_RIGHTS) {
        const end = at + CMSG_HEADER + Math.floor((length - CMSG_HEADER) / 4) * 4;
        for (let fd = at + CMSG_HEADER; fd < end && this.fdCount < MAX_FDS; fd += 4) {
          this.fds[this.fdCount++] = words[fd / 4];
        }
      }
      if (words[at / 4 + 2] === SOL_SOCKET && words[at / 4 + 3] === SCM_CREDENTIALS && length >= CMSG_HEADER + 12) {
        this.pid = words[(at + CMSG_HEADER) / 4];
        this.uid = this.#header.u32[(at + CMSG_HEADER) / 4 + 1];
      }
      at += Math.ceil(length / 8) * 8;
    }
  }

  /** Closes the descriptors that the last `receive` brought. */
  closeFds(): void {
    for (let i = 0; i < this.fdCount; i++) close(this.fds[i]);
    this.fdCount = 0;
  }
}

/**
 * Creates two connected SEQPACKET sockets, close-on-exec.
 *
 * @param nonblocking whether both are nonblocking
 * @returns the two descriptors
 * @throws {OsError} EMFILE, ENFILE
 */
export function socketpair(nonblocking = false): [number, number] {
  const pair = new CMemory(8);
  const type = SOCK_SEQPACKET | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
  check(orErrno(libc().socketpair(AF_UNIX, type, 0, pair.pointer)), "create a socket pair");
  return [pair.i32[0], pair.i32[1]];
}

/**
 * Has the kernel say with each message who sent it: `MessageBuffer.pid`.
 *
 * @param socket a Unix socket
 * @throws {OsError} ENOTSOCK, EBADF
 */
export function passCredentials(socket: number): void {
  const on = new CMemory(4);
  on.u32[0] = 1;
  check(
    orErrno(libc().setsockopt(socket, SOL_SOCKET, SO_PASSCRED, on.pointer, 4)),
    `ask who sends on socket ${socket}`,
  );
}

let cookieMemory: CMemory | undefined;

/**
 * The number by which the kernel tells sockets apart (SO_COOKIE): no other socket has or will have it.
 *
 * @param fd a descriptor
 * @returns the number, or `-errno`: ENOTSOCK, EBADF
 */
export function socketCookie(fd: number): number {
  const memory = cookieMemory ??= new CMemory(16);
  memory.u32[2] = 8;
  const length = Deno.UnsafePointer.offset(memory.pointer, 8);
  const result = libc().getsockopt(fd, SOL_SOCKET, SO_COOKIE, memory.pointer, length);
  return result < 0 ? orErrno(result) : memory.u32[1] * 0x1_0000_0000 + memory.u32[0];
}

/** Who was at the other end when a socket was connected. */
export interface PeerCredentials {
  /** Process id. */
  readonly pid: number;
  /** User id. */
  readonly uid: number;
  /** Group id. */
  readonly gid: number;
}

/**
 * Who is at the other end of a Unix socket, by the kernel's word (SO_PEERCRED).
 *
 * @param socket a connected Unix socket
 * @returns the ids when it was connected
 * @throws {OsError} ENOTSOCK, EBADF
 */
export function peerCredentials(socket: number): PeerCredentials {
  const memory = new CMemory(16);
  const length = new CMemory(4);
  length.u32[0] = 12;
  const result = libc().getsockopt(socket, SOL_SOCKET, SO_PEERCRED, memory.pointer, length.pointer);
  check(orErrno(result), `read the peer of socket ${socket}`);
  check(length.u32[0] === 12 ? 0 : -EINVAL, `read the peer of socket ${socket}`);
  return { pid: memory.i32[0], uid: memory.u32[1], gid: memory.u32[2] };
}
