/**
 * What broker and host process tell each other beside the messages of their guest: JSON with descriptors, on a SEQPACKET socket.
 * @module
 */

import { ERRNO } from "../../../../uapi/errno.ts";
import { close, MAX_FDS, MessageBuffer, MSG_DONTWAIT } from "../../../os/mod.ts";

const SIZE = 65536;
/** Descriptors that one message may carry. */
export const CONTROL_FDS: number = MAX_FDS;

/** A message that was received. What is in it is not believed before it was checked. */
export interface ControlMessage {
  /** What it says. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Its descriptors: the receiver's to close. */
  readonly fds: readonly number[];
}

let shared: MessageBuffer | undefined;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** One end of the socket. */
export class Control implements Disposable {
  /** The socket. */
  readonly fd: number;
  #closed = false;

  /** @param fd a SEQPACKET socket; owned from now on. */
  constructor(fd: number) {
    this.fd = fd;
  }

  /**
   * Says something.
   * @param body of at most 64 KiB as JSON. @param fds stay the caller's. @param wait whether to wait for room.
   * @returns false if there is no room, or nobody listens any more
   */
  send(body: object, fds: readonly number[] = [], wait = false): boolean {
    const buffer = shared ??= new MessageBuffer(SIZE);
    const text = JSON.stringify(body);
    const { read, written } = encoder.encodeInto(text, buffer.bytes);
    if (read !== text.length) throw new RangeError("Cannot say that much at once");
    fds.forEach((fd, i) => buffer.fds[i] = fd);
    return buffer.send(this.fd, written, fds.length, wait ? 0 : MSG_DONTWAIT) > 0;
  }

  /** What the other one has said. @param wait whether to wait for it. @returns undefined: nothing now; "gone": its end is closed, or nothing sensible comes */
  receive(wait = false): ControlMessage | undefined | "gone" {
    const buffer = shared ??= new MessageBuffer(SIZE);
    const length = buffer.receive(this.fd, wait ? 0 : MSG_DONTWAIT);
    if (length === -ERRNO.EAGAIN || length === -ERRNO.EINTR) return undefined;
    if (length <= 0) return "gone";
    const fds = [...buffer.fds.subarray(0, buffer.fdCount)];
    try {
      const body: unknown = JSON.parse(decoder.decode(buffer.bytes.subarray(0, length)));
      if (typeof body === "object" && body !== null) return { body: body as Record<string, unknown>, fds };
    } catch {
      // Not JSON: as if it were gone.
    }
    for (const fd of fds) close(fd);
    return "gone";
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
  }
}

/** A natural number below 2^53 from a message; -1 for anything else. */
export function natural(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : -1;
}

/** A text from a message, at most `most` characters. */
export function textOf(value: unknown, most = 4096): string {
  return typeof value === "string" ? value.slice(0, most) : "";
}
