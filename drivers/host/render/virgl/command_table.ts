/**
 * Every command that is offered, by VIRGL_CCMD_*, and how long it may be.
 * @module
 */

import { VIRGL_COMMANDS } from "../../../../uapi/virgl_protocol.ts";
import { blitCommands } from "./blit.ts";
import { clearCommands } from "./clear.ts";
import { clearSurfaceCommands } from "./clear_surface.ts";
import { clearTextureCommands } from "./clear_texture.ts";
import { computeCommands } from "./compute.ts";
import { conditionCommands } from "./condition.ts";
import { copyCommands } from "./copy.ts";
import { drawCommands } from "./draw.ts";
import type { CommandHandler, CommandHandlers } from "./handlers.ts";
import { miscCommands } from "./misc_commands.ts";
import { objectCommands } from "./object_commands.ts";
import { queryCommands } from "./query_commands.ts";
import { shaderCommands } from "./shader_commands.ts";
import { stateCommands } from "./state_commands.ts";
import { streamoutCommands } from "./streamout.ts";
import { transferCommands } from "./transfer_commands.ts";

const tables: readonly CommandHandlers[] = [
  objectCommands,
  stateCommands,
  shaderCommands,
  drawCommands,
  computeCommands,
  clearCommands,
  clearSurfaceCommands,
  clearTextureCommands,
  blitCommands,
  copyCommands,
  queryCommands,
  conditionCommands,
  streamoutCommands,
  transferCommands,
  miscCommands,
];

/** Handlers by VIRGL_CCMD_*; undefined for what is not offered. */
export const COMMANDS: readonly (CommandHandler | undefined)[] = Array.from(
  { length: 256 },
  (_, command) => tables.find((table) => table[command] !== undefined)?.[command],
);

/** The least words of each command. */
export const MIN_LENGTHS: Uint32Array = Uint32Array.from({ length: 256 }, (_, i) => VIRGL_COMMANDS[i]?.min ?? 0);
/** The most words of each command. */
export const MAX_LENGTHS: Uint32Array = Uint32Array.from({ length: 256 }, (_, i) => VIRGL_COMMANDS[i]?.max ?? 0);
