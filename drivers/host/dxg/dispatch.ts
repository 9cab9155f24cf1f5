/**
 * From packet to handler to reply: headers of both versions, lengths, the process that a message comes from, and replies of
 * exactly the sizes that dxgkrnl waits for. Mirrors dxgkrnl's dxgvmb_send_sync_msg as its receiver.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { DxgCommand } from "../../../uapi/dxgvmbus_command.ts";
import { dxgElementSize, dxgTailOffset } from "../../../uapi/dxgvmbus_command.ts";
import {
  dxgkExtHeaderSize,
  dxgkvmb_command_vgpu_to_host,
  DXGKVMB_VGPU_TO_HOST,
  DXGKVMB_VM_TO_HOST,
} from "../../../uapi/dxgvmbus_hdr.ts";
import { STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER, STATUS_NOT_IMPLEMENTED } from "../../../uapi/ntstatus.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { Call } from "./call.ts";
import type { HostCore } from "./host_core.ts";
import { type Message, statusOf } from "./message.ts";

const HEADER = dxgkvmb_command_vgpu_to_host.size;
const ASYNC = 0x100;
const STATUS_SIZE = 4;

interface Entry {
  readonly command: DxgCommand;
  readonly run: () => number;
  /** The shortest message, command header included. */
  readonly least: number;
  /** Where the reply's status is; -1 if it has none. */
  readonly statusAt: number;
}

/** The messages of one host. */
export class Dispatcher {
  readonly #call: Call;
  readonly #host: HostCore;
  readonly #vgpu = new Map<number, Entry>();
  readonly #global = new Map<number, Entry>();

  /** @param messages all of both channels. */
  constructor(host: HostCore, call: Call, messages: readonly Message[]) {
    this.#host = host;
    this.#call = call;
    for (const { command, bind } of messages) {
      const table = command.channel === "vgpu" ? this.#vgpu : this.#global;
      if (table.has(command.type)) throw new TypeError(`Cannot handle ${command.name} twice`);
      const { reply } = command;
      const fields = reply.kind === "struct" ? reply.type.fields : reply.kind === "echo" ? command.request.fields : [];
      table.set(command.type, {
        command,
        run: bind(call),
        least: Math.min(command.request.size, dxgTailOffset(command.request, command.tail)),
        statusAt: fields.find((field) => field.name === "status")?.offset ?? -1,
      });
    }
  }

  /** The messages that are handled. */
  get commands(): readonly DxgCommand[] {
    return [...this.#vgpu.values(), ...this.#global.values()].map((entry) => entry.command);
  }

  /**
   * Executes a message. The reply is in the call, valid until the next one.
   *
   * @param data the message. @param length of it, bytes. @param version interface version. @param adapter of the channel;
   * undefined on the global channel
   */
  dispatch(data: Uint8Array, length: number, version: number, adapter: DxgAdapter | undefined): void {
    const entry = this.#parse(data, length, version, adapter);
    if (entry === undefined) return;
    const call = this.#call;
    const process = call.u32(8);
    if (process !== 0) {
      call.process = this.#host.processes.get(process);
      if (call.process === undefined) {
        return this.#fail(STATUS_INVALID_HANDLE, `process 0x${process.toString(16)}`, entry);
      }
    }
    this.#run(entry);
  }

  /** Answers a message with a failure, without executing it. @param status an NTSTATUS; success answers where nothing but a status does. */
  refuse(data: Uint8Array, length: number, version: number, adapter: DxgAdapter | undefined, status: number): void {
    const entry = this.#parse(data, length, version, adapter);
    if (entry !== undefined) this.#fail(status, "refused", entry);
  }

  // Fills the call. Undefined: the message is wrong, and answered.
  #parse(data: Uint8Array, length: number, version: number, adapter: DxgAdapter | undefined): Entry | undefined {
    const call = this.#call;
    call.replyLength = 0;
    call.version = version;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const ext = dxgkExtHeaderSize(version);
    let start = 0;
    if (ext > 0) {
      if (length < ext + HEADER) {
        return this.#wrong(STATUS_INVALID_PARAMETER, "the message is shorter than its headers");
      }
      start = view.getUint32(0, true);
      if (start < ext || start % 8 !== 0 || start + HEADER > length || view.getUint32(4, true) !== 0) {
        return this.#wrong(STATUS_INVALID_PARAMETER, `the command is said to be at ${start}`);
      }
    } else if (length < HEADER) return this.#wrong(STATUS_INVALID_PARAMETER, "the message is shorter than its header");
    if (length - start > call.request.length) return this.#wrong(STATUS_INVALID_PARAMETER, "the message is too long");
    call.start(data, start, length);
    const channel = call.u32(12);
    const kind = channel & 0xff;
    let entry: Entry | undefined;
    if (kind === DXGKVMB_VGPU_TO_HOST) {
      // On the global channel the extended header says for which virtual GPU a message is.
      if (adapter === undefined && ext > 0) adapter = this.#adapter(view.getUint32(8, true), view.getUint32(12, true));
      if (adapter === undefined) return this.#wrong(STATUS_INVALID_PARAMETER, "no such virtual GPU");
      call.isAsync = (channel & ASYNC) !== 0;
      entry = this.#vgpu.get(call.u32(16));
    } else if (kind === DXGKVMB_VM_TO_HOST && adapter === undefined) entry = this.#global.get(call.u32(16));
    else return this.#wrong(STATUS_INVALID_PARAMETER, `channel type ${kind}`);
    if (entry === undefined || entry.command.minVersion > version) {
      return this.#wrong(STATUS_NOT_IMPLEMENTED, `message ${call.u32(16)} on channel type ${kind}`);
    }
    if (call.isAsync && !entry.command.mayBeAsync) {
      return this.#wrong(STATUS_INVALID_PARAMETER, `${entry.command.name} cannot be asynchronous`);
    }
    if (call.length < entry.least) {
      return this.#wrong(STATUS_INVALID_PARAMETER, `${call.length} bytes are too few for ${entry.command.name}`);
    }
    // What the struct has beyond a short message's end is no earlier message's.
    if (call.length < entry.command.request.size) call.request.fill(0, call.length, entry.command.request.size);
    call.adapter = adapter;
    return entry;
  }

  #adapter(a: number, b: number): DxgAdapter | undefined {
    for (const adapter of this.#host.adapters) if (adapter.luid.a === a && adapter.luid.b === b) return adapter;
    return undefined;
  }

  #run(entry: Entry): void {
    const call = this.#call;
    const { reply } = entry.command;
    if (reply.kind === "struct") call.grow(reply.type.size);
    else if (reply.kind === "status_and_blob" && dxgkExtHeaderSize(call.version) > 0) call.grow(STATUS_SIZE);
    let status: number;
    try {
      status = entry.run();
    } catch (error) {
      status = statusOf(error);
      this.#fail(status, error instanceof DrmError ? error.message : "", entry);
      // Nobody hears of it: the device does.
      if (call.isAsync) call.device?.outOfOrder(error instanceof DrmError ? error.message : "");
      return;
    }
    this.#finish(entry, status);
  }

  #finish(entry: Entry, status: number): void {
    const call = this.#call;
    switch (entry.command.reply.kind) {
      case "ntstatus":
        call.replyLength = STATUS_SIZE;
        call.replyView.setInt32(0, status, true);
        return;
      case "echo":
        // dxgkrnl waits for the whole message again, private data included.
        call.replyLength = call.length;
        call.reply.set(call.request.subarray(0, call.length));
        return;
      case "struct":
        if (entry.statusAt >= 0 && entry.statusAt + STATUS_SIZE <= call.replyLength) {
          call.replyView.setInt32(entry.statusAt, status, true);
        }
        return;
      case "status_and_blob":
        if (dxgkExtHeaderSize(call.version) > 0) call.replyView.setInt32(0, status, true);
        return;
      case "blob":
      case "none":
        return;
    }
  }

  #wrong(status: number, message: string): undefined {
    this.#fail(status, message);
  }

  // A failure: handles are 0, and the reply is as long as the guest waits for, or it would not see the status. What has no
  // status is answered with nothing, which the guest takes as EOVERFLOW.
  #fail(status: number, message: string, entry?: Entry): void {
    const call = this.#call;
    this.#host.trace(entry?.command.name ?? "dxg message", `process ${call.process?.pid ?? 0}`, message);
    const kind = entry?.command.reply.kind ?? "ntstatus";
    if (entry === undefined || kind === "ntstatus") {
      call.replyLength = STATUS_SIZE;
      call.replyView.setInt32(0, status, true);
      return;
    }
    switch (entry.command.reply.kind) {
      case "struct": {
        const { type, tail } = entry.command.reply;
        if (!call.keepReply) call.replyLength = 0;
        const tails = tail.length === 0 ? 0 : call.length + this.#counted(entry.command);
        call.grow(Math.max(call.replyLength, Math.min(call.reply.length, type.size + tails)));
        this.#finish(entry, status);
        return;
      }
      case "echo":
        this.#finish(entry, status);
        call.reply.fill(0, HEADER, Math.min(call.replyLength, HEADER + 8)); // the handle, or status and handle
        if (entry.statusAt >= 0) call.replyView.setInt32(entry.statusAt, status, true);
        return;
      case "status_and_blob": {
        if (dxgkExtHeaderSize(call.version) === 0) {
          call.replyLength = 0;
          return;
        }
        const start = call.length - Math.min(call.length, 32);
        call.replyLength = 0;
        call.grow(STATUS_SIZE + start);
        call.reply.set(call.request.subarray(32, call.length), STATUS_SIZE);
        call.replyView.setInt32(0, status, true);
        return;
      }
      default:
        call.replyLength = 0;
    }
  }

  // Bytes of elements that the reply has besides those that came with the request.
  #counted({ name, tail, reply }: DxgCommand): number {
    const count = (offset: number): number => Math.min(this.#call.u32(offset), 0x8000);
    if (name === "OPENRESOURCE") return 4 * count(36);
    if (name === "DDIGETSTANDARDALLOCATIONDRIVERDATA") return count(28) + count(32);
    if (name !== "CREATEALLOCATION" || reply.kind !== "struct") return 0;
    return Math.min(count(40), 1024) * (72 + dxgElementSize(tail[0]));
  }
}
