/**
 * One message of the guest while it is executed: its bytes, copied once; what its header names; the reply that grows.
 * Mirrors the packets of dxgkrnl's dxgvmbus.c as their receiver sees them.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { DxgProcess } from "./process.ts";
import { readU64, type U64 } from "./u64.ts";

/** Room for the longest reply: the private data of a message, and structs around it. */
const REPLY = DXG_MAX_VM_BUS_PACKET_SIZE + 0x4000;

/** The message that is being executed. There is one of these a host, filled anew each time. */
export class Call {
  /** The message from its command header on: request structs view its start. */
  readonly request: Uint8Array<ArrayBuffer> = new Uint8Array(DXG_MAX_VM_BUS_PACKET_SIZE + 16);
  /** The same bytes. */
  readonly view: DataView<ArrayBuffer> = new DataView(this.request.buffer);
  /** Bytes of the message: the sender's, rounded up to 8. */
  length = 0;
  /** The reply: structs view its start. */
  readonly reply: Uint8Array<ArrayBuffer> = new Uint8Array(REPLY);
  /** The same bytes. */
  readonly replyView: DataView<ArrayBuffer> = new DataView(this.reply.buffer);
  /** Bytes of the reply. */
  replyLength = 0;
  /** Whether the reply of a failure says more than its status. */
  keepReply = false;
  /** Whether nobody waits for the reply. */
  isAsync = false;
  /** The interface version that the guest speaks. */
  version = 0;
  /** The adapter that the message is for. */
  adapter: DxgAdapter | undefined;
  /** The process that it comes from; undefined for messages without one. */
  process: DxgProcess | undefined;
  /** The device that it turned out to be about, for errors that no reply tells. */
  device: { outOfOrder(reason: string): void } | undefined;

  /** Fills it with a message. @param from where its command header begins in `data`. */
  start(data: Uint8Array, from: number, length: number): void {
    this.length = length - from;
    // subarray, not set with a loop: messages are short, and the struct views stay where they are.
    this.request.set(data.subarray(from, length));
    this.replyLength = 0;
    this.isAsync = this.keepReply = false;
    this.adapter = this.process = this.device = undefined;
  }

  /** The process. Throws EINVAL for a message that names none. */
  owner(): DxgProcess {
    if (this.process === undefined) throw new DrmError("EINVAL", "Cannot execute: the header names no process");
    return this.process;
  }

  /** The adapter. */
  target(): DxgAdapter {
    if (this.adapter === undefined) throw new DrmError("EINVAL", "Cannot execute: the message names no adapter");
    return this.adapter;
  }

  /** Checks that `count` elements of `size` bytes lie in the message from `offset`; where they end. Throws EINVAL. */
  tail(offset: number, count: number, size: number): number {
    const end = offset + count * size;
    if (!(end <= this.length)) {
      throw new DrmError("EINVAL", `Cannot read ${count} elements at ${offset}: the message has ${this.length} bytes`);
    }
    return end;
  }

  /** A u32 of the message. */
  u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  /** A u64 of the message. */
  u64(offset: number): U64 {
    return readU64(this.view, offset);
  }

  /** Bytes of the message, in place: copy what is to stay. */
  bytes(offset: number, length: number): Uint8Array<ArrayBuffer> {
    this.tail(offset, length, 1);
    return this.request.subarray(offset, offset + length);
  }

  /** Makes the reply `length` bytes long, what is new of it zero. Throws ENOMEM beyond what a packet holds. */
  grow(length: number): void {
    if (length > this.reply.length) throw new DrmError("ENOMEM", `Cannot reply with ${length} bytes`);
    this.reply.fill(0, this.replyLength, length);
    this.replyLength = length;
  }
}
