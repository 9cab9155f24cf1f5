// A buffer that stream sockets are read into and written from at any place, one system call a time and without an allocation:
// for servers that look for messages in it themselves. recvmsg(2), sendmsg(2), unix(7).
import { ERRNO } from "../../uapi/errno.ts";
import { CMemory } from "./c_memory.ts";
import { libc, orErrno } from "./libc.ts";

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const { EPIPE } = ERRNO;

// struct msghdr, iovec and cmsghdr of 64-bit Linux, in 32-bit words.
const MSG_IOV = 4;
const MSG_IOVLEN = 6;
const MSG_CONTROL = 8;
const MSG_CONTROLLEN = 10;
const IOVEC = 14;
const IOVEC_LENGTH = 16;
const CMSG = 18;
const CMSG_FD = CMSG + 4;
const CMSG_SPACE = 24;

/** Bytes to and from stream sockets. */
export class StreamBuffer {
  /** The bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same as words, little-endian on every machine there is. */
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #address: number;
  readonly #header: CMemory;
  readonly #controlAddress: number;

  /**
   * Takes the memory; pages of a large one are only used once touched.
   *
   * @param size bytes, rounded up to a multiple of 8
   */
  constructor(size: number) {
    const data = new CMemory(size);
    this.bytes = data.bytes;
    this.words = data.u32;
    this.#address = Number(data.address);
    const header = this.#header = new CMemory(CMSG * 4 + CMSG_SPACE);
    header.view.setBigUint64(MSG_IOV * 4, header.address + BigInt(IOVEC * 4), true);
    header.u32[MSG_IOVLEN] = 1;
    this.#controlAddress = Number(header.address) + CMSG * 4;
    header.u32[CMSG] = 20;
    header.u32[CMSG + 2] = SOL_SOCKET;
    header.u32[CMSG + 3] = SCM_RIGHTS;
  }

  #point(at: number, length: number, control: boolean): void {
    if (!(at >= 0 && length > 0 && at + length <= this.bytes.length)) {
      throw new RangeError(`Cannot move ${length} bytes at ${at}: the buffer has ${this.bytes.length}`);
    }
    const { u32 } = this.#header;
    const address = this.#address + at;
    u32[IOVEC] = address;
    u32[IOVEC + 1] = address / 0x1_0000_0000;
    u32[IOVEC_LENGTH] = length;
    u32[IOVEC_LENGTH + 1] = length / 0x1_0000_0000;
    u32[MSG_CONTROL] = control ? this.#controlAddress : 0;
    u32[MSG_CONTROL + 1] = control ? this.#controlAddress / 0x1_0000_0000 : 0;
    u32[MSG_CONTROLLEN] = control ? CMSG_SPACE : 0;
    u32[MSG_CONTROLLEN + 1] = 0;
  }

  /**
   * Reads once. Descriptors that come along are not taken: the kernel closes them.
   *
   * @param socket a stream socket
   * @param at where the bytes go
   * @param length the most that are read, at least 1
   * @param wait whether to wait for a byte, if the socket is a blocking one
   * @returns how many there were; or `-errno`: EAGAIN, EPIPE at the end of the stream, ECONNRESET, EINTR
   */
  receive(socket: number, at: number, length: number, wait: boolean): number {
    this.#point(at, length, false);
    const count = Number(libc().recvmsg(socket, this.#header.pointer, wait ? 0 : MSG_DONTWAIT));
    return count === 0 ? -EPIPE : orErrno(count);
  }

  /**
   * Writes as far as there is room now.
   *
   * @param socket a stream socket
   * @param at the first byte
   * @param length bytes, at least 1
   * @param fd a descriptor that goes with the first byte, and stays open here; -1: none
   * @returns how many were written; or `-errno`: EAGAIN if there is no room at all, EPIPE, ECONNRESET, EINTR
   */
  send(socket: number, at: number, length: number, fd = -1): number {
    this.#point(at, length, fd >= 0);
    this.#header.i32[CMSG_FD] = fd;
    return orErrno(Number(libc().sendmsg(socket, this.#header.pointer, MSG_DONTWAIT | MSG_NOSIGNAL)));
  }
}
