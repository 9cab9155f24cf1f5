/**
 * What goes to a client: replies, gathered until the client waits for them, pictures, and descriptors, each with a byte of its own.
 * @module
 */

import { ERRNO, errnoName } from "../../../uapi/errno.ts";
import { close, StreamBuffer } from "../../os/mod.ts";
import { VtestGone } from "./error.ts";

const { EAGAIN, EINTR } = ERRNO;
const SIZE = 8192;
/** A message with its replies never needs more, but for those that bring a buffer of their own. */
const ROOM = 64;

/** The way to one client. */
export class Output {
  readonly #socket: number;
  readonly #small = new StreamBuffer(SIZE);
  #from = 0;
  #length = 0;
  // Behind the replies: a large answer, or the byte that a descriptor goes with.
  #large: StreamBuffer | undefined;
  #largeFrom = 0;
  #largeLength = 0;
  #fd = -1;
  #owned = false;

  /** @param socket the connection; its owner closes it. */
  constructor(socket: number) {
    this.#socket = socket;
  }

  /** Whether there is something to be sent. */
  get pending(): boolean {
    return this.#length > this.#from || this.#large !== undefined || this.#fd >= 0;
  }

  /** Whether another message may be answered before something was sent. */
  get full(): boolean {
    return this.#large !== undefined || this.#fd >= 0 || this.#length > SIZE - ROOM;
  }

  /** A reply without payload. */
  header(length: number, id: number): void {
    const { words } = this.#small;
    const at = this.#length >> 2;
    words[at] = length;
    words[at + 1] = id;
    this.#length += 8;
  }
  /** One more word of a reply. */
  word(value: number): void {
    this.#small.words[this.#length >> 2] = value;
    this.#length += 4;
  }
  /** A reply of one word. */
  reply(id: number, value: number): void {
    this.header(1, id);
    this.word(value);
  }

  /** Behind the replies, bytes of a buffer that must not change until it was sent. @param length bytes, may be 0. */
  large(buffer: StreamBuffer, length: number): void {
    if (length === 0) return;
    this.#large = buffer;
    this.#largeFrom = 0;
    this.#largeLength = length;
  }

  /** Behind the replies, a byte with a descriptor. @param owned whether it is closed once it was sent. */
  descriptor(fd: number, owned: boolean): void {
    this.#fd = fd;
    this.#owned = owned;
  }

  /**
   * Sends as far as there is room.
   *
   * @returns whether all was sent
   * @throws {VtestGone} if nobody is there
   */
  flush(): boolean {
    while (this.#from < this.#length) {
      const sent = this.#sent(this.#small.send(this.#socket, this.#from, this.#length - this.#from));
      if (sent === 0) return false;
      this.#from += sent;
    }
    this.#from = this.#length = 0;
    while (this.#large !== undefined) {
      const sent = this.#sent(this.#large.send(this.#socket, this.#largeFrom, this.#largeLength - this.#largeFrom));
      if (sent === 0) return false;
      this.#largeFrom += sent;
      if (this.#largeFrom === this.#largeLength) this.#large = undefined;
    }
    if (this.#fd >= 0) {
      this.#small.bytes[0] = 0;
      if (this.#sent(this.#small.send(this.#socket, 0, 1, this.#fd)) === 0) return false;
      this.#dropFd();
    }
    return true;
  }

  // How many bytes, 0 for none now.
  #sent(result: number): number {
    if (result >= 0) return result;
    if (result === -EAGAIN) return 0;
    if (result === -EINTR) return 0;
    throw new VtestGone(`nothing can be sent: ${errnoName(result)}`);
  }

  #dropFd(): void {
    if (this.#owned) close(this.#fd);
    this.#fd = -1;
    this.#owned = false;
  }

  /** Forgets what was not sent. */
  [Symbol.dispose](): void {
    this.#dropFd();
    this.#large = undefined;
    this.#from = this.#length = 0;
  }
}
