/**
 * Commands of a device's wire protocol: a type number with the layouts of its request and its response, spelled once
 * for the decoder, the trace, the fuzzer and the documentation.
 * @module
 */

import type { Struct } from "./struct.ts";

/** A command of a wire protocol. */
export interface Command<Req = unknown, Resp = unknown> {
  /** The protocol's name for it, for example `VIRTIO_GPU_CMD_RESOURCE_CREATE_2D`. */
  readonly name: string;
  /** The number on the wire. */
  readonly type: number;
  /** Layout of the request, header included. */
  readonly request: Struct<Req>;
  /** The response type number of success. */
  readonly responseType: number;
  /** Layout of the successful response, header included. */
  readonly response: Struct<Resp>;
}

/**
 * Declares a command.
 *
 * @param name the protocol's name.
 * @param type the number on the wire, u32.
 * @param request the layout of the request.
 * @param responseType the number of a successful response.
 * @param response the layout of that response.
 */
export function command<Req, Resp>(
  name: string,
  type: number,
  request: Struct<Req>,
  responseType: number,
  response: Struct<Resp>,
): Command<Req, Resp> {
  return { name, type, request, responseType, response };
}

/** The commands of a protocol by their number on the wire. Throws a TypeError if a number stands twice. */
export function commandTable(commands: readonly Command[]): ReadonlyMap<number, Command> {
  const table = new Map<number, Command>();
  for (const c of commands) {
    if (table.has(c.type)) throw new TypeError(`Cannot add ${c.name}: ${table.get(c.type)?.name} has number ${c.type}`);
    table.set(c.type, c);
  }
  return table;
}
