/**
 * `PollPipe`: one direction of a dma-buf's poll, as a client can wait for it. The client has one end of a pipe, which is readable
 * while the buffer is POLLIN, or writable while it is POLLOUT; the server switches it, and hears when the client lets go.
 * @module
 */

import type { DmaBuf } from "../../../core/dma_buf.ts";
import type { PollWaiter } from "../../../core/file.ts";
import { POLLIN } from "../../../uapi/fcntl.ts";
import { close, lightPipe, switchPipe } from "../../os/mod.ts";

/** A pipe that shows a state. */
export class PollPipe implements PollWaiter {
  /** The server's end, which has an event when no client has the other. */
  readonly socket: number;
  /** What the server's epoll calls it; set once it is watched. */
  key = -1;
  /** Whose client it is, a process id. */
  readonly pid: number;
  readonly #buffer: DmaBuf;
  readonly #direction: number;
  readonly #changed: () => void;
  #ready = false;
  #closed = false;

  private constructor(buffer: DmaBuf, direction: number, socket: number, pid: number) {
    this.#buffer = buffer;
    this.#direction = direction;
    this.socket = socket;
    this.pid = pid;
    this.#changed = () => this.wake();
  }

  /**
   * Makes a pipe, which is right from the start.
   *
   * @param buffer of which it takes a reference
   * @param direction POLLIN or POLLOUT
   * @param pid whose client it is
   * @returns the server's half, and the descriptor for the client, which the caller sends and closes
   * @throws {OsError} EMFILE, ENFILE
   */
  static make(buffer: DmaBuf, direction: number, pid: number): { pipe: PollPipe; fd: number } {
    const [read, write] = lightPipe();
    const input = direction === POLLIN;
    const pipe = new PollPipe(buffer.ref(), direction, input ? write : read, pid);
    // A pipe without a byte is writable: it must not seem so before it has been looked at.
    if (!input) switchPipe(read, false, true);
    buffer.resv.watch(pipe.#changed);
    pipe.wake();
    return { pipe, fd: input ? read : write };
  }

  /** The buffer's state may have changed: shows it. */
  wake(): void {
    if (this.#closed) return;
    const ready = (this.#buffer.poll(this.#direction, this) & this.#direction) !== 0;
    if (ready === this.#ready) return;
    const input = this.#direction === POLLIN;
    // A byte in it makes it readable, none makes it writable.
    if (switchPipe(this.socket, input, input === ready) === 0) this.#ready = ready;
  }

  /** No client has it any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#buffer.resv.unwatch(this.#changed);
    this.#buffer.unpoll(this);
    close(this.socket);
    this.#buffer.put();
  }
}
