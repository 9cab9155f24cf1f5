/**
 * The display socket: small messages out, answers in, and pixels as far as there is room. Nothing here waits: what does not fit is
 * kept, one message at most beside a few small ones, and sent when there is room again.
 * @module
 */

import { ERRNO } from "../../../uapi/errno.ts";
import { VHOST_USER_GPU_MSG_FLAG_REPLY } from "../../../uapi/vhost_user_gpu.ts";
import {
  close,
  type Epoll,
  EPOLLIN,
  EPOLLOUT,
  type IoVectors,
  sendStream,
  setSendBuffer,
  StreamInput,
} from "../../os/mod.ts";

const HEADER = 12;
/** The longest answer is an EDID's: 1056 bytes. */
const REPLY_MAX = 2048;
/** Bytes that are asked of the kernel to keep: the more, the fewer times both sides wake for one picture. */
const SEND_BUFFER = 4 << 20;
const SMALL = 4096;
const { EAGAIN, EINTR } = ERRNO;

/** A connection to a front end's screens. */
export class DisplaySocket {
  readonly #epoll: Epoll;
  readonly #key: number;
  readonly #input = new StreamInput(HEADER + REPLY_MAX);
  readonly #header = new DataView(new ArrayBuffer(HEADER));
  #fd = -1;
  // What is left of a message: bytes of #rest from #start on.
  #rest = new Uint8Array(SMALL);
  #start = 0;
  #end = 0;
  #waiting = false;

  /** @param epoll where it is watched. @param key its key there. */
  constructor(epoll: Epoll, key: number) {
    this.#epoll = epoll;
    this.#key = key;
  }

  /** Whether there is a connection. */
  get connected(): boolean {
    return this.#fd >= 0;
  }
  /** Whether pixels can be sent: there is a connection, nothing is left of what was sent before, and there was room at last. */
  get ready(): boolean {
    return this.#fd >= 0 && this.#start === this.#end && !this.#waiting;
  }

  /** Takes a connection; one that was there ends. @param fd a stream socket, owned from now on. */
  open(fd: number): void {
    this.close();
    setSendBuffer(fd, SEND_BUFFER);
    if (this.#epoll.add(fd, EPOLLIN, this.#key) < 0) close(fd);
    else this.#fd = fd;
  }

  /** Ends the connection. */
  close(): void {
    if (this.#fd < 0) return;
    this.#epoll.remove(this.#fd);
    close(this.#fd);
    this.#fd = -1;
    this.#start = this.#end = 0;
    this.#waiting = false;
    this.#input.clear();
  }

  /** Sends a small message, now or when there is room. @returns false if the connection is gone. */
  post(request: number, payload: Uint8Array): boolean {
    if (this.#fd < 0) return false;
    const size = HEADER + payload.length;
    const used = this.#end - this.#start;
    const rest = this.reserve(used + size);
    const { buffer } = this.#header;
    this.#header.setUint32(0, request, true);
    this.#header.setUint32(8, payload.length, true);
    rest.set(new Uint8Array(buffer), this.#end);
    rest.set(payload, this.#end + HEADER);
    this.#end += size;
    return used > 0 || this.flush();
  }

  /**
   * Room for what is left of a message: `keep` is told how much of it counts. What is there stays, at its beginning.
   *
   * @param size bytes in all
   */
  reserve(size: number): Uint8Array {
    const used = this.#end - this.#start;
    if (this.#rest.length < size) {
      const larger = new Uint8Array(Math.max(size, this.#rest.length * 2));
      larger.set(this.#rest.subarray(this.#start, this.#end));
      this.#rest = larger;
    } else if (this.#start > 0) this.#rest.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = used;
    return this.#rest;
  }

  /** Keeps a message that `reserve` gave room for, of which `sent` bytes are sent already, until there is room. */
  keep(size: number, sent: number): void {
    this.#start = sent;
    this.#end = size;
    this.#watch();
  }

  /** Sends as much as there is room for. @returns bytes, 0 if there is no room; -1 if the connection is gone, which ends it */
  send(vectors: IoVectors): number {
    const sent = vectors.send(this.#fd);
    if (sent >= 0) return sent;
    if (sent === -EAGAIN || sent === -EINTR) return 0;
    this.close();
    return -1;
  }

  /** There may be room: sends what is left. @returns false if the connection is gone. */
  flush(): boolean {
    while (this.#start < this.#end) {
      const sent = sendStream(this.#fd, this.#rest.subarray(this.#start, this.#end));
      if (sent === -EAGAIN || sent === -EINTR) break;
      if (sent < 0) {
        this.close();
        return false;
      }
      this.#start += sent;
    }
    if (this.#start === this.#end) this.#start = this.#end = 0;
    this.#watch();
    return true;
  }

  /** Has its owner woken when there is room. */
  wantRoom(): void {
    if (this.#fd < 0 || this.#waiting) return;
    this.#waiting = true;
    this.#epoll.modify(this.#fd, EPOLLIN | EPOLLOUT, this.#key);
  }

  #watch(): void {
    if (this.#start < this.#end) return this.wantRoom();
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#epoll.modify(this.#fd, EPOLLIN, this.#key);
  }

  /**
   * Reads answers.
   *
   * @param take hears of each: what was asked, and the answer; false if it makes no sense
   * @returns why the connection has ended, or undefined
   */
  receive(take: (request: number, payload: Uint8Array) => boolean): string | undefined {
    const input = this.#input;
    while (this.#fd >= 0) {
      let result = input.receive(this.#fd, HEADER);
      if (result >= 0) {
        const request = input.view.getUint32(0, true);
        const size = input.view.getUint32(8, true);
        if ((input.view.getUint32(4, true) & VHOST_USER_GPU_MSG_FLAG_REPLY) === 0 || size > REPLY_MAX) {
          return this.#fail(`message ${request} of ${size} bytes is no answer`);
        }
        result = input.receive(this.#fd, HEADER + size);
        if (result >= 0) {
          const sensible = take(request, input.bytes.subarray(HEADER, HEADER + size));
          input.clear();
          if (!sensible) return this.#fail(`answer ${request} of ${size} bytes was not asked for, or cannot be`);
          continue;
        }
      }
      if (result === -EAGAIN || result === -EINTR) return undefined;
      // A machine that stops closes it with pixels unread, which is a reset to this side.
      const ended = result === -ERRNO.EPIPE || result === -ERRNO.ECONNRESET;
      return this.#fail(ended ? "closed" : `errno ${-result}`);
    }
    return undefined;
  }

  #fail(reason: string): string {
    this.close();
    return reason;
  }
}
