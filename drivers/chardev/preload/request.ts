/**
 * `Request`: one message of a client and the answer to it, in the same memory. Requests are used again; one that waits keeps
 * its memory until it is answered.
 * @module
 */

import { MessageBuffer } from "../../os/mod.ts";
import { Outcome } from "./outcome.ts";
import { HEADER, INLINE_MAX, MESSAGE_MAX, REPLY, REQUEST } from "./protocol.ts";

/** A request under way. */
export class Request {
  /** The message. */
  readonly message: MessageBuffer = new MessageBuffer(MESSAGE_MAX);
  /** Its first words. */
  readonly words: Int32Array<ArrayBuffer> = new Int32Array(
    this.message.view.buffer,
    this.message.view.byteOffset,
    MESSAGE_MAX / 4,
  );
  /** Bytes that came. */
  received = 0;
  /** What it leads to. */
  readonly outcome: Outcome = new Outcome();
  // Views of the argument by size: made once.
  readonly #arguments: (Uint8Array | undefined)[] = [];

  /** A 32-bit field, unsigned. @param field word index, of REQUEST. */
  u32(field: number): number {
    return this.words[field] >>> 0;
  }

  /** A 64-bit field as a number; exact to 2^53. @param field word index, of REQUEST. */
  number(field: number): number {
    return (this.words[field + 1] >>> 0) * 0x1_0000_0000 + (this.words[field] >>> 0);
  }

  /** The 64-bit pointer or integer argument. */
  get pointer(): bigint {
    return this.message.view.getBigUint64(REQUEST.argument * 4, true);
  }

  /** The argument's bytes. @param size bytes, at most 4096. */
  argument(size: number): Uint8Array {
    if (!(size <= INLINE_MAX)) throw new RangeError(`Cannot hold an argument of ${size} bytes`);
    while (this.#arguments.length <= size) this.#arguments.push(undefined);
    return this.#arguments[size] ??= this.message.bytes.subarray(HEADER, HEADER + size);
  }

  /** Begins the answer: everything zero but the number. */
  answer(): void {
    const { words } = this;
    const sequence = words[REQUEST.sequence];
    for (let i = 0; i < HEADER / 4; i++) words[i] = 0;
    words[REPLY.sequence] = sequence;
  }
}
