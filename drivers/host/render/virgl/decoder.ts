/**
 * Walks the dwords of a submission: command after command, each with its length checked against the protocol's table before
 * its handler sees it. Mirrors vrend_decode_ctx_submit_cmd of virglrenderer.
 * @module
 */

import { COMMANDS, MAX_LENGTHS, MIN_LENGTHS } from "./command_table.ts";
import type { VirglContext } from "./context.ts";
import { badCommand } from "./refusal.ts";
import { VIRGL_COMMANDS } from "../../../../uapi/virgl_command_table.ts";

/**
 * Executes `count` words. Handlers find the header, whose object type some need, before their payload.
 * @throws {VirglRefusal} for the first command that is wrong; those before it were executed
 */
export function decode(context: VirglContext, words: Uint32Array, count: number): void {
  let at = 0;
  while (at < count) {
    const header = words[at++], command = header & 0xff, length = header >>> 16;
    if (length > count - at) {
      throw badCommand(`Cannot execute command ${command}: it has ${length} words, and ${count - at} are left`);
    }
    const handler = COMMANDS[command];
    if (handler === undefined) throw unknown(command);
    if (length < MIN_LENGTHS[command] || length > MAX_LENGTHS[command]) throw wrongLength(command, length);
    handler(context, words, at, length);
    at += length;
  }
}

function unknown(command: number): Error {
  const name = VIRGL_COMMANDS[command]?.name;
  return badCommand(
    name === undefined
      ? `Cannot execute command ${command}: virgl has none of that number`
      : `Cannot execute ${name}: this host does not offer it`,
  );
}

function wrongLength(command: number, length: number): Error {
  return badCommand(`Cannot execute ${VIRGL_COMMANDS[command].name}: ${length} words are not its length`);
}
