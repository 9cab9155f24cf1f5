/**
 * `FileEnd`: the server's end of the socket pair whose other end is an open file in clients. That end has an inode of its own,
 * survives dup, fork, exec and SCM_RIGHTS, polls by itself, and hangs up here at its last close.
 * @module
 */

import { DmaBuf } from "../../../core/dma_buf.ts";
import type { File, PollWaiter } from "../../../core/file.ts";
import { POLLERR, POLLHUP, POLLIN } from "../../../uapi/fcntl.ts";
import {
  bindAbstract,
  close,
  type MessageBuffer,
  MSG_DONTWAIT,
  OsError,
  passCredentials,
  socketCookie,
  socketpair,
} from "../../os/mod.ts";

// A reader finds out what has become of the file.
const READABLE = POLLIN | POLLHUP | POLLERR;

/** An open file that clients hold. */
export class FileEnd implements PollWaiter {
  /** The file, of which this end holds a reference. */
  readonly file: File;
  /** The socket on the server's side. */
  readonly socket: number;
  /** The kernel's number of the clients' side. */
  readonly cookie: number;
  /** What the server's epoll calls it; set once it is watched. */
  key = -1;
  readonly #token: MessageBuffer;
  // Messages that mean "readable" are numbered, so that whoever takes one away knows whether it was the right one.
  #number = 0;
  #out = false;
  #closed = false;

  private constructor(file: File, socket: number, cookie: number, token: MessageBuffer) {
    this.file = file;
    this.socket = socket;
    this.cookie = cookie;
    this.#token = token;
  }

  /**
   * Makes the pair.
   *
   * @param file whose reference it takes over, also when it throws
   * @param name what the clients' side is told as its peer's name: shim.h has its form
   * @param token a buffer for one word, shared among all ends
   * @returns the end, and the descriptor for the client, which the caller sends and closes
   * @throws {OsError} EMFILE, ENFILE
   */
  static make(file: File, name: string, token: MessageBuffer): { end: FileEnd; fd: number } {
    let pair: [number, number] | undefined;
    try {
      pair = socketpair();
      const [socket, fd] = pair;
      const result = bindAbstract(socket, name);
      if (result < 0) throw new OsError(`name a socket ${name}`, result);
      passCredentials(socket);
      const cookie = socketCookie(fd);
      if (cookie < 0) throw new OsError("tell a socket from others", cookie);
      const end = new FileEnd(file, socket, cookie, token);
      end.wake();
      return { end, fd };
    } catch (error) {
      if (pair !== undefined) { for (const fd of pair) close(fd); }
      file.put();
      throw error;
    }
  }

  /** The file may have become readable: tells the clients' side, once until it is emptied. */
  wake(): void {
    // A dma-buf is asked about: its socket is to end every wait, so that the client looks closer.
    if (this.#closed || this.#out || !(this.file instanceof DmaBuf || this.#readable)) return;
    this.#out = true;
    this.#number = this.#number + 1 >>> 0 || 1;
    this.#send();
  }

  /** The number of the message that is to be taken away because the file is not readable any more; 0 for none. */
  settle(): number {
    if (!this.#out || this.#readable) return 0;
    this.#out = false;
    return this.#number;
  }

  get #readable(): boolean {
    return (this.file.poll(POLLIN, this) & READABLE) !== 0;
  }

  /** A message was taken away by mistake. @param number its number. */
  resend(number: number): void {
    if (!this.#closed && this.#out && number === this.#number) this.#send();
  }

  // One word on an empty queue always fits; a client that stuffs its own queue is not told.
  #send(): void {
    this.#token.view.setUint32(0, this.#number, true);
    this.#token.send(this.socket, 4, 0, MSG_DONTWAIT);
  }

  /** No client has it any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.file.unpoll(this);
    close(this.socket);
    this.file.put();
  }
}
