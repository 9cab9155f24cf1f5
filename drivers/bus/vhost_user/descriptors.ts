/**
 * Descriptors that a front end has sent: eventfds to signal without ever waiting, and what kind each one is.
 * @module
 */

import {
  close,
  EventFdSignal,
  eventfdWrite,
  fdName,
  isUnixStream,
  poll,
  POLLOUT,
  type StreamInput,
} from "../../os/mod.ts";
import { VhostUserError } from "./error.ts";

/** Eventfds of the front end that this side signals; none of them can make it wait. */
export class Doorbells implements Disposable {
  readonly #signal: EventFdSignal = new EventFdSignal();

  /** Adds 1 to an eventfd. Does nothing for -1. */
  ring(fd: number): void {
    if (fd < 0 || this.#signal.signal(fd) === 0) return;
    // Nothing else is left: an interrupt that is lost stops a guest for good. A counter that can wait is not written to.
    if ((poll(fd, POLLOUT) & POLLOUT) !== 0) eventfdWrite(fd);
  }

  /** Ends. */
  [Symbol.dispose](): void {
    this.#signal[Symbol.dispose]();
  }
}

/** Closes a descriptor that may be none. @returns -1 */
export function closed(fd: number): -1 {
  if (fd >= 0) close(fd);
  return -1;
}

/** The eventfd that came with a message. @throws {VhostUserError} if it is another kind of file. */
export function takeEventfd(input: StreamInput): number {
  const name = fdName(input.fds[0]);
  if (name !== "anon_inode:[eventfd]") throw new VhostUserError(`an eventfd is wanted, not ${name || "what came"}`);
  return input.takeFd(0);
}

/** The socket that came with a message. @throws {VhostUserError} if it is another kind of file. */
export function takeSocket(input: StreamInput): number {
  if (!isUnixStream(input.fds[0])) throw new VhostUserError(`a stream socket is wanted, not ${fdName(input.fds[0])}`);
  return input.takeFd(0);
}
