/**
 * How a command reaches its code. A handler gets the context, and its payload in place: `length` dwords from `words[at]` on,
 * as long as command_table.ts allows and inside the submission. It reads `context.current` for the sub-context, records into
 * `context.engine.recorder`, and throws a VirglRefusal for what cannot be.
 * @module
 */

import type { VirglContext } from "./context.ts";
import type { VirglObject } from "./object.ts";

/** Executes one command. @param words the submission. @param at its first payload dword. @param length dwords. */
export type CommandHandler = (context: VirglContext, words: Uint32Array, at: number, length: number) => void;

/** Handlers by VIRGL_CCMD_*. Each file of commands exports one such table; command_table.ts joins them. */
export type CommandHandlers = Readonly<Record<number, CommandHandler>>;

/**
 * Makes an object of CREATE_OBJECT. `words[at]` is what follows the handle; `length` counts from there and is as
 * VIRGL_OBJECTS says less one.
 */
export type ObjectMaker = (
  context: VirglContext,
  handle: number,
  words: Uint32Array,
  at: number,
  length: number,
) => VirglObject | undefined;

/** Makers by VIRGL_OBJECT_*. A maker that returns undefined has put its object into the table itself (or needs more packets). */
export type ObjectMakers = Readonly<Record<number, ObjectMaker>>;
