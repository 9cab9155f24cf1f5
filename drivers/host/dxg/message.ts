/**
 * How a message finds its handler: each handler is declared with the structs of uapi/dxgvmbus.ts, checked against its table.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { DXGK_GLOBAL_COMMANDS } from "../../../uapi/dxgvmbus.ts";
import type { DxgCommand } from "../../../uapi/dxgvmbus_command.ts";
import { DXGK_VGPU_COMMANDS } from "../../../uapi/dxgvmbus_vgpu.ts";
import { returnToNtstatus, STATUS_UNSUCCESSFUL } from "../../../uapi/ntstatus.ts";
import type { Struct, View } from "../../../uapi/struct.ts";
import type { Call } from "./call.ts";

/** A message with its handler. */
export interface Message {
  /** What the table says of it. */
  readonly command: DxgCommand;
  /** Makes the handler for one host: views of request and reply are made once. The handler returns an NTSTATUS. */
  bind(call: Call): () => number;
}

const byName = (list: readonly DxgCommand[], name: string): DxgCommand => {
  const command = list.find((c) => c.name === name);
  if (command === undefined) throw new TypeError(`Cannot handle ${name}: no such message`);
  return command;
};

function declare<Q>(command: DxgCommand, request: Struct<Q>, bind: (call: Call) => () => number): Message {
  if (command.request !== request as Struct<unknown>) {
    throw new TypeError(`Cannot handle ${command.name} as ${request.name}`);
  }
  return { command, bind };
}

/** Makes declarations for one channel. */
function channel(list: readonly DxgCommand[]) {
  return {
    /** A message that is answered with a status, itself, or bytes. @param run executes it; its NTSTATUS. */
    message<Q>(name: string, request: Struct<Q>, run: (call: Call, request: View<Q>) => number): Message {
      return declare(byName(list, name), request, (call) => {
        const view = request.at(call.request);
        return () => run(call, view);
      });
    },
    /** A message that is answered with a struct, zeroed before. @param run executes it; its NTSTATUS. */
    answer<Q, R>(
      name: string,
      request: Struct<Q>,
      reply: Struct<R>,
      run: (call: Call, request: View<Q>, reply: View<R>) => number,
    ): Message {
      const command = byName(list, name);
      if (command.reply.kind !== "struct" || command.reply.type !== reply as Struct<unknown>) {
        throw new TypeError(`Cannot answer ${name} with ${reply.name}`);
      }
      return declare(command, request, (call) => {
        const question = request.at(call.request);
        const answer = reply.at(call.reply);
        return () => run(call, question, answer);
      });
    },
  };
}

/** Declares messages of the global channel. */
export const global: ReturnType<typeof channel> = channel(DXGK_GLOBAL_COMMANDS);
/** Declares messages of a virtual GPU. */
export const vgpu: ReturnType<typeof channel> = channel(DXGK_VGPU_COMMANDS);

/** Where a member is, bytes from the start of its struct. Throws a TypeError if there is none. */
export function offsetOf(type: Struct<unknown>, member: string): number {
  const field = type.fields.find((f) => f.name === member);
  if (field === undefined) throw new TypeError(`Cannot find ${member} in ${type.name}`);
  return field.offset;
}

/** The NTSTATUS of an error. Throws what is no DrmError: it is a programming error. */
export function statusOf(error: unknown): number {
  if (!(error instanceof DrmError)) throw error;
  const status = returnToNtstatus(-error.errno);
  return status < 0 ? status : STATUS_UNSUCCESSFUL;
}

/** Throws EINVAL unless a value is zero: reserved members. */
export function zero(what: string, value: number | bigint): void {
  if (BigInt(value) !== 0n) throw new DrmError("EINVAL", `Cannot execute: ${what} is 0x${value.toString(16)}, not 0`);
}
