// SOCK_STREAM Unix sockets whose bytes carry file descriptors (unix(7)): connections with names and pairs, reading as many bytes as
// are wanted and no more (descriptors come with the first byte of what they were sent with), and sending from scattered memory.
import { ERRNO } from "../../uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { close } from "./fd.ts";
import { libc, orErrno } from "./libc.ts";
import { MAX_FDS, MSG_DONTWAIT } from "./message_socket.ts";
import { check, OsError } from "./os_error.ts";
import { unixAddress } from "./listener.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_DOMAIN = 39;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MSG_CTRUNC = 0x8;
const { EBADMSG, EPIPE } = ERRNO;

// struct msghdr, iovec and cmsghdr of 64-bit Linux: sizes and offsets.
const MSGHDR = 56;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_FLAGS = 48;
const IOVEC = 16;
const CMSG_HEADER = 16;
const CONTROL_SPACE = CMSG_HEADER + Math.ceil(MAX_FDS * 4 / 8) * 8;

/**
 * Makes a nonblocking, close-on-exec socket that listens for stream connections; `accept` takes them.
 *
 * @param path where the socket file is made; at most 107 bytes
 * @param backlog connections that may wait
 * @returns the descriptor
 * @throws {OsError} EADDRINUSE if the path exists; EACCES, ENOENT, EMFILE
 * @throws {RangeError} if the path is too long
 */
export function listenStream(path: string, backlog = 16): number {
  const { memory, length } = unixAddress(path);
  const c = libc();
  const socket = check(orErrno(c.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), "create a socket");
  let result = orErrno(c.bind(socket, memory.pointer, length));
  if (result === 0) result = orErrno(c.listen(socket, backlog));
  if (result === 0) return socket;
  close(socket);
  throw new OsError(`listen on ${path}`, result);
}

/**
 * Connects to a listening stream socket; waits only where its backlog is full.
 *
 * @param path the socket file; at most 107 bytes
 * @returns the connection, nonblocking, close-on-exec
 * @throws {OsError} ENOENT, ECONNREFUSED, EACCES, EAGAIN if the backlog is full
 * @throws {RangeError} if the path is too long
 */
export function connectStream(path: string): number {
  const { memory, length } = unixAddress(path);
  const c = libc();
  const socket = check(orErrno(c.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), "create a socket");
  const result = orErrno(c.connect(socket, memory.pointer, length));
  if (result === 0) return socket;
  close(socket);
  throw new OsError(`connect to ${path}`, result);
}

/**
 * Creates two connected stream sockets, nonblocking, close-on-exec.
 *
 * @returns the two descriptors
 * @throws {OsError} EMFILE, ENFILE
 */
export function streamPair(): [number, number] {
  const pair = new CMemory(8);
  const type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  check(orErrno(libc().socketpair(AF_UNIX, type, 0, pair.pointer)), "create a socket pair");
  return [pair.i32[0], pair.i32[1]];
}

/**
 * Whether a descriptor is a Unix stream socket.
 *
 * @param fd any descriptor
 * @returns false for anything else, closed ones included
 */
export function isUnixStream(fd: number): boolean {
  const memory = new CMemory(16);
  const length = Deno.UnsafePointer.offset(memory.pointer, 8);
  const option = (name: number): number => {
    memory.u32[2] = 4;
    return libc().getsockopt(fd, SOL_SOCKET, name, memory.pointer, length) < 0 ? -1 : memory.i32[0];
  };
  return option(SO_DOMAIN) === AF_UNIX && option(SO_TYPE) === SOCK_STREAM;
}

/** What comes out of a stream socket, in the portions that its reader asks for. */
export class StreamInput {
  /** What was read: `length` bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same, for fields of any type. */
  readonly view: DataView<ArrayBuffer>;
  /** Bytes in `bytes`. */
  length = 0;
  /** Descriptors that came along since the last `clear`: the first `fdCount` are open and the reader's to close. */
  readonly fds: Int32Array<ArrayBuffer> = new Int32Array(MAX_FDS);
  /** How many. */
  fdCount = 0;
  readonly #data: CMemory;
  readonly #header: CMemory;

  /**
   * Takes the memory at once.
   *
   * @param size the most bytes of a portion
   */
  constructor(size: number) {
    this.#data = new CMemory(size);
    this.bytes = this.#data.bytes.subarray(0, size);
    this.view = this.#data.view;
    const header = this.#header = new CMemory(MSGHDR + IOVEC + CONTROL_SPACE);
    header.view.setBigUint64(MSG_IOV, header.address + BigInt(MSGHDR), true);
    header.view.setBigUint64(MSG_IOVLEN, 1n, true);
    header.view.setBigUint64(MSG_CONTROL, header.address + BigInt(MSGHDR + IOVEC), true);
  }

  /**
   * Reads until `length` is `upTo`, or there is no more now. Never reads beyond.
   *
   * @param socket a stream socket
   * @param upTo bytes, at most the size
   * @returns `upTo` once they are there; or `-errno`: EAGAIN if they are not, EPIPE at the end of the stream, ECONNRESET; EBADMSG
   * if descriptors were lost on the way (this process has no room for them) or are more than 253
   */
  receive(socket: number, upTo: number): number {
    if (!(upTo <= this.bytes.length)) throw new RangeError(`Cannot read ${upTo} bytes: there is no room`);
    const header = this.#header;
    const c = libc();
    while (this.length < upTo) {
      header.view.setBigUint64(MSGHDR, this.#data.address + BigInt(this.length), true);
      header.u32[MSGHDR / 4 + 2] = upTo - this.length;
      header.u32[MSGHDR / 4 + 3] = 0;
      header.u32[MSG_CONTROLLEN / 4] = CONTROL_SPACE;
      header.u32[MSG_CONTROLLEN / 4 + 1] = 0;
      header.i32[MSG_FLAGS / 4] = 0;
      const count = Number(c.recvmsg(socket, header.pointer, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
      if (count < 0) return orErrno(-1);
      const lost = !this.#takeFds(Math.min(header.u32[MSG_CONTROLLEN / 4], CONTROL_SPACE));
      if (lost || (header.i32[MSG_FLAGS / 4] & MSG_CTRUNC) !== 0) return -EBADMSG;
      if (count === 0) return -EPIPE;
      this.length += count;
    }
    return upTo;
  }

  #takeFds(controlLength: number): boolean {
    const words = this.#header.i32;
    const start = MSGHDR + IOVEC;
    let room = true;
    for (let at = start; at + CMSG_HEADER <= start + controlLength;) {
      const length = Math.min(this.#header.u32[at / 4], start + controlLength - at);
      if (length < CMSG_HEADER) break;
      if (words[at / 4 + 2] === SOL_SOCKET && words[at / 4 + 3] === SCM_RIGHTS) {
        for (let fd = at + CMSG_HEADER; fd + 4 <= at + length; fd += 4) {
          if (this.fdCount < MAX_FDS) this.fds[this.fdCount++] = words[fd / 4];
          else {
            close(words[fd / 4]);
            room = false;
          }
        }
      }
      at += Math.ceil(length / 8) * 8;
    }
    return room;
  }

  /**
   * Takes a descriptor out: it is the caller's from now on.
   *
   * @param index below `fdCount`
   * @returns the descriptor, -1 if it was taken
   */
  takeFd(index: number): number {
    const fd = this.fds[index];
    this.fds[index] = -1;
    return fd;
  }

  /** Forgets what was read, and closes the descriptors that nobody took. */
  clear(): void {
    this.length = 0;
    for (let i = 0; i < this.fdCount; i++) if (this.fds[i] >= 0) close(this.fds[i]);
    this.fdCount = 0;
  }
}

/** struct iovec, an array of them: bytes that lie anywhere, to be sent as if they lay side by side. */
export class IoVectors {
  /** How many pieces fit: IOV_MAX. */
  readonly capacity: number = 1024;
  /** Pieces. */
  count = 0;
  /** Bytes of all pieces. */
  size = 0;
  readonly #vectors: CMemory = new CMemory(1024 * IOVEC);
  readonly #header: CMemory = new CMemory(MSGHDR + CONTROL_SPACE);
  // What the pieces point into, which must not be collected before it was sent, and where that is.
  readonly #buffers: ArrayBufferLike[] = [];
  readonly #addresses: number[] = [];

  /** Has no pieces any more. */
  clear(): void {
    this.count =
      this.size =
      this.#buffers.length =
      this.#addresses.length =
        0;
  }

  /**
   * Adds a piece.
   *
   * @param bytes where it lies; the memory must not move or change until it is sent
   * @param start its first byte
   * @param length bytes, at least 1
   * @throws {RangeError} if there is no room, or the piece is not inside
   */
  add(bytes: Uint8Array, start = 0, length: number = bytes.length - start): void {
    if (this.count >= this.capacity || !(length > 0 && start >= 0 && start + length <= bytes.length)) {
      throw new RangeError(`Cannot send ${length} bytes at ${start} of ${bytes.length}, piece ${this.count}`);
    }
    let known = this.#buffers.indexOf(bytes.buffer);
    if (known < 0) {
      const pointer = Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>);
      known = this.#buffers.push(bytes.buffer) - 1;
      this.#addresses.push(Number(Deno.UnsafePointer.value(pointer)) - bytes.byteOffset);
    }
    const address = this.#addresses[known] + bytes.byteOffset + start;
    const words = this.#vectors.u32;
    const at = this.count++ * 4;
    words[at] = address;
    words[at + 1] = address / 0x1_0000_0000;
    words[at + 2] = length;
    words[at + 3] = length / 0x1_0000_0000;
    this.size += length;
  }

  /**
   * Sends the pieces as far as there is room now.
   *
   * @param socket a stream socket
   * @param fds descriptors that go with the first byte, at most 253; they stay open here
   * @returns how many bytes were sent, or `-errno`: EAGAIN if there is no room at all, EPIPE, ECONNRESET, EBADF
   */
  send(socket: number, fds?: ArrayLike<number>): number {
    const header = this.#header;
    const { view, u32 } = header;
    view.setBigUint64(MSG_IOV, this.#vectors.address, true);
    u32[MSG_IOVLEN / 4] = this.count;
    u32[MSG_IOVLEN / 4 + 1] = 0;
    const fdCount = fds?.length ?? 0;
    if (fdCount > MAX_FDS) throw new RangeError(`Cannot send ${fdCount} descriptors at once`);
    if (fds === undefined || fdCount === 0) {
      view.setBigUint64(MSG_CONTROL, 0n, true);
      u32[MSG_CONTROLLEN / 4] = 0;
    } else {
      view.setBigUint64(MSG_CONTROL, header.address + BigInt(MSGHDR), true);
      u32[MSG_CONTROLLEN / 4] = CMSG_HEADER + Math.ceil(fdCount / 2) * 8;
      u32[MSGHDR / 4] = CMSG_HEADER + fdCount * 4;
      u32[MSGHDR / 4 + 1] = 0;
      u32[MSGHDR / 4 + 2] = SOL_SOCKET;
      u32[MSGHDR / 4 + 3] = SCM_RIGHTS;
      for (let i = 0; i < fdCount; i++) header.i32[(MSGHDR + CMSG_HEADER) / 4 + i] = fds[i];
    }
    u32[MSG_CONTROLLEN / 4 + 1] = 0;
    return orErrno(Number(libc().sendmsg(socket, header.pointer, MSG_DONTWAIT | MSG_NOSIGNAL)));
  }
}

let one: IoVectors | undefined;

/**
 * Sends bytes as far as there is room now.
 *
 * @param socket a stream socket
 * @param bytes what to send, at least one
 * @param fds descriptors that go with the first byte; they stay open here
 * @returns how many bytes were sent, or `-errno`: EAGAIN, EPIPE, ECONNRESET, EBADF
 */
export function sendStream(socket: number, bytes: Uint8Array, fds?: ArrayLike<number>): number {
  one ??= new IoVectors();
  one.clear();
  one.add(bytes);
  const sent = one.send(socket, fds);
  one.clear();
  return sent;
}

const SO_SNDBUF = 7;
const SO_SNDBUFFORCE = 32;

/**
 * Asks the kernel to keep more of what is sent until the other end reads it; it gives as much as this process may have.
 *
 * @param socket a socket
 * @param size bytes
 */
export function setSendBuffer(socket: number, size: number): void {
  const memory = new CMemory(4);
  memory.u32[0] = size;
  const set = (option: number): number => libc().setsockopt(socket, SOL_SOCKET, option, memory.pointer, 4);
  if (set(SO_SNDBUFFORCE) < 0) set(SO_SNDBUF);
}

const SO_RCVTIMEO = 20;

/**
 * Bounds how long a blocking receive waits: it answers EAGAIN then.
 *
 * @param socket a socket
 * @param ms milliseconds, at least 1
 * @throws {OsError} EBADF, ENOTSOCK
 */
export function setReceiveTimeout(socket: number, ms: number): void {
  // struct timeval
  const memory = new CMemory(16);
  memory.view.setBigInt64(0, BigInt(Math.floor(ms / 1000)), true);
  memory.view.setBigInt64(8, BigInt(ms % 1000 * 1000), true);
  check(
    orErrno(libc().setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, memory.pointer, 16)),
    "bound how long a receive waits",
  );
}
