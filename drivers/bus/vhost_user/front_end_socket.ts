/**
 * The front end's connection: messages in, answers out. A message is read to its end before anything is done about it; a front
 * end that sends slowly is waited for by nobody.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { ERRNO } from "../../../uapi/errno.ts";
import {
  VHOST_USER_NEED_REPLY_MASK,
  VHOST_USER_REPLY_MASK,
  VHOST_USER_VERSION,
  VHOST_USER_VERSION_MASK,
  vhostUserName,
} from "../../../uapi/vhost_user.ts";
import { close, sendStream, StreamInput } from "../../os/mod.ts";
import { VhostUserProtocolError } from "./error.ts";

const HEADER = 12;
/** No message is longer: configuration space and memory tables are below 300 bytes. */
const PAYLOAD_MAX = 4096;
/** VHOST_MEMORY_BASELINE_NREGIONS: no message has more descriptors. */
const FDS_MAX = 8;
const { EAGAIN, EINTR } = ERRNO;

/** A connection with a front end. */
export class FrontEndSocket implements Disposable {
  /** Its descriptor. */
  readonly fd: number;
  /** What came: header, payload, descriptors. */
  readonly input: StreamInput = new StreamInput(HEADER + PAYLOAD_MAX);
  readonly #out = new Uint8Array(HEADER + PAYLOAD_MAX);
  readonly #outView = new DataView(this.#out.buffer);
  #closed = false;

  /** @param fd a connected stream socket; owned from now on. */
  constructor(fd: number) {
    this.fd = fd;
  }

  /** VHOST_USER_* of the message. */
  get request(): number {
    return this.input.view.getUint32(0, true);
  }
  /** Whether the front end wants to know what became of it. */
  get needReply(): boolean {
    return (this.input.view.getUint32(4, true) & VHOST_USER_NEED_REPLY_MASK) !== 0;
  }
  /** Bytes of payload. */
  get size(): number {
    return this.input.view.getUint32(8, true);
  }
  /** The payload. */
  get payload(): Uint8Array {
    return this.input.bytes.subarray(HEADER, HEADER + this.size);
  }

  /**
   * Reads on.
   *
   * @returns whether a message is there; `next` makes room for another one. "end" when the front end is gone.
   * @throws {VhostUserProtocolError} for a header that is none
   */
  receive(): boolean | "end" {
    const { input } = this;
    if (input.length < HEADER) {
      const result = input.receive(this.fd, HEADER);
      if (result < 0) return this.#failed(result);
      const flags = input.view.getUint32(4, true);
      if ((flags & VHOST_USER_VERSION_MASK) !== VHOST_USER_VERSION) {
        throw new VhostUserProtocolError(`version ${flags & VHOST_USER_VERSION_MASK} of the protocol is unknown`);
      }
      if ((flags & VHOST_USER_REPLY_MASK) !== 0) {
        throw new VhostUserProtocolError(
          `${vhostUserName(this.request)} is marked as an answer, but nothing was asked`,
        );
      }
      if (this.size > PAYLOAD_MAX) {
        throw new VhostUserProtocolError(`${vhostUserName(this.request)} with ${this.size} bytes is too long`);
      }
    }
    const result = input.receive(this.fd, HEADER + this.size);
    if (result < 0) return this.#failed(result);
    if (input.fdCount > FDS_MAX) {
      throw new VhostUserProtocolError(`${vhostUserName(this.request)} came with ${input.fdCount} descriptors`);
    }
    return true;
  }

  /** Forgets the message, and the descriptors of it that nobody took. */
  next(): void {
    this.input.clear();
  }

  /** Answers with a number. @throws {DrmError} EPIPE if the front end does not read. */
  replyU64(value: bigint): void {
    this.#outView.setBigUint64(HEADER, value, true);
    this.#send(8);
  }

  /** Answers with bytes. @param payload at most 4096. @throws {DrmError} EPIPE if the front end does not read. */
  reply(payload: Uint8Array): void {
    this.#out.set(payload, HEADER);
    this.#send(payload.length);
  }

  #send(size: number): void {
    const view = this.#outView;
    view.setUint32(0, this.request, true);
    view.setUint32(4, VHOST_USER_VERSION | VHOST_USER_REPLY_MASK, true);
    view.setUint32(8, size, true);
    const sent = sendStream(this.fd, this.#out.subarray(0, HEADER + size));
    // A front end that asks reads: answers are hundreds of bytes, its buffer has room for thousands of them.
    if (sent !== HEADER + size) throw new DrmError("EPIPE", "Cannot answer the front end: it does not read");
  }

  #failed(result: number): boolean | "end" {
    if (result === -EAGAIN || result === -EINTR) return false;
    if (result === -ERRNO.EBADMSG) throw new VhostUserProtocolError("descriptors were lost on the way");
    return "end";
  }

  /** Ends the connection. Twice does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.input.clear();
    close(this.fd);
  }
}
