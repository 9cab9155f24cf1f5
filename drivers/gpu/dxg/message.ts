/**
 * One message to the host, and its answer: bytes of its own, so that nothing that comes late is written where somebody else reads.
 * Mirrors dxgvmbusmsg and dxgvmbuspacket.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import { putDxgHeader } from "../../../uapi/dxgvmbus_message.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import type { Struct, View } from "../../../uapi/struct.ts";
import type { Link } from "./link.ts";

/** What a struct may be longer than what is sent of it, bytes. */
const SPARE = 8;
const NOTHING = new Uint8Array(0);

/** To whom a message goes, and from whom it comes. */
export interface MessageTarget {
  /** The channel. */
  readonly link: Link;
  /** Interface version. */
  readonly version: number;
  /** DXGKVMB_VGPU_TO_HOST or DXGKVMB_VM_TO_HOST. */
  readonly kind: number;
  /** LUID of the virtual GPU on the host; zeros for messages of the whole VM. */
  readonly luid: { readonly a: number; readonly b: number };
}

/** A message. */
export class Message {
  /** The channel. */
  readonly link: Link;
  /** Bytes of it. */
  readonly length: number;
  /** All of it, and a few zeros: a `[1]` member of a struct may have no element. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes. */
  readonly view: DataView<ArrayBuffer>;
  /** Where the command header begins. */
  readonly at: number;
  /** Whether nothing answers it. */
  readonly isAsync: boolean;
  /** Bytes of reply that are needed. */
  expected = 0;
  /** The reply, a private copy. */
  reply: Uint8Array = NOTHING;
  /** Why there is no reply. */
  error: DrmError | undefined;
  /** Called once, when it is done. */
  onDone: (() => void) | undefined;
  #done = false;
  #reply: Uint8Array = NOTHING;

  /**
   * A message of zeros behind its headers.
   *
   * @param type its number. @param size bytes, command header included. @param process the host's handle of the process, or 0.
   */
  constructor(target: MessageTarget, type: number, size: number, process: number, isAsync = false) {
    this.link = target.link;
    this.isAsync = isAsync;
    const head = target.version > 27 ? 16 : 0;
    this.length = head + size;
    this.bytes = new Uint8Array(this.length + SPARE);
    this.view = new DataView(this.bytes.buffer);
    this.at = putDxgHeader(
      this.view,
      target.version,
      target.luid.a,
      target.luid.b,
      target.kind,
      process,
      type,
      isAsync,
    );
  }

  /** The request's struct, in place. */
  body<T>(struct: Struct<T>): View<T> {
    return struct.at(this.bytes, this.at);
  }

  /** Bytes behind the command header's beginning, in place. @param offset from there. */
  part(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(this.at + offset, this.at + offset + length);
  }

  /** Says how many bytes of reply are needed, and gives itself: `yield message.expects(8)`. */
  expects(size: number): this {
    this.expected = size;
    return this;
  }

  /** Whether it is over. */
  get isDone(): boolean {
    return this.#done;
  }

  /** Throws EINVAL if it, or its answer, is longer than a packet may be. */
  checkSize(): void {
    if (this.length > DXG_MAX_VM_BUS_PACKET_SIZE || this.expected > DXG_MAX_VM_BUS_PACKET_SIZE) {
      throw new DrmError("EINVAL", `Cannot send ${this.length} bytes for ${this.expected}: a packet is shorter`);
    }
  }

  /** The host has answered. @param data valid during the call. */
  answer(data: Uint8Array, length: number): void {
    if (length < this.expected) {
      this.fail(new DrmError("EOVERFLOW", `Cannot use the host's ${length} bytes: ${this.expected} are needed`));
      return;
    }
    this.#reply = new Uint8Array(length + SPARE);
    this.#reply.set(data.subarray(0, length));
    this.reply = this.#reply.subarray(0, length);
    this.finish();
  }

  /** There will be no answer. */
  fail(error: DrmError): void {
    this.error = error;
    this.finish();
  }

  /** It is over. */
  finish(): void {
    if (this.#done) return;
    this.#done = true;
    const { onDone } = this;
    this.onDone = undefined;
    onDone?.();
  }

  /** The reply's struct at `offset`, in place. Throws EOVERFLOW where it is too short. */
  result<T>(struct: Struct<T>, offset = 0): View<T> {
    if (this.#reply.length < offset + struct.size) {
      throw new DrmError("EOVERFLOW", `Cannot read ${struct.name}: the reply has ${this.reply.length} bytes`);
    }
    return struct.at(this.#reply, offset);
  }

  /** Bytes of the reply. Throws EOVERFLOW where it is too short. */
  resultBytes(offset: number, length: number): Uint8Array {
    if (!(offset + length <= this.reply.length)) {
      throw new DrmError("EOVERFLOW", `Cannot read ${length} bytes at ${offset} of ${this.reply.length}`);
    }
    return this.reply.subarray(offset, offset + length);
  }

  /** A reply that is an NTSTATUS, as what an ioctl returns. */
  get status(): number {
    const { reply } = this;
    return ntstatusToReturn(new DataView(reply.buffer, reply.byteOffset).getInt32(0, true));
  }
}
