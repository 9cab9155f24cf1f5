/**
 * Commands that order, tell or hint: MEMORY_BARRIER, TEXTURE_BARRIER, GET_MEMORY_INFO, and those that a host may leave aside.
 * @module
 */

import { virgl_memory_info } from "../../../../uapi/virgl_error.ts";
import {
  VIRGL_CCMD_EMIT_STRING_MARKER,
  VIRGL_CCMD_GET_MEMORY_INFO,
  VIRGL_CCMD_MEMORY_BARRIER,
  VIRGL_CCMD_NOP,
  VIRGL_CCMD_SET_DEBUG_FLAGS,
  VIRGL_CCMD_SET_POLYGON_STIPPLE,
  VIRGL_CCMD_SET_TWEAKS,
  VIRGL_CCMD_TEXTURE_BARRIER,
} from "../../../../uapi/virgl_protocol.ts";
import { VK_MEMORY_HEAP_DEVICE_LOCAL_BIT } from "../../vulkan/mod.ts";
import type { VirglContext } from "./context.ts";
import { DIRTY_DRIVER_CONSTANTS } from "./dirty.ts";
import type { CommandHandler, CommandHandlers } from "./handlers.ts";
import { badResource } from "./refusal.ts";
import { storeBytes } from "./store_bytes.ts";

/** What a shader wrote before is seen by all that follows; texels rendered before are seen by textures. */
function barrier(context: VirglContext): void {
  context.engine.recorder.barrier();
}

/** struct virgl_memory_info, in KiB, into the resource's guest memory. */
function getMemoryInfo(context: VirglContext, words: Uint32Array, at: number): void {
  const { backing } = context.resource(words[at]), { device } = context.engine.gpu;
  if (backing === undefined || backing.size < virgl_memory_info.size) {
    throw badResource("Cannot tell of memory: the resource has no backing to tell it in");
  }
  const kib = (bytes: number) => Math.min(Math.floor(bytes / 1024), 0xffff_ffff);
  let local = 0, shared = 0;
  for (const { size, flags } of device.physical.memory.heaps) {
    if ((flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) !== 0) local += Number(size);
    else shared += Number(size);
  }
  const used = device.memory.blockBytes;
  const bytes = new Uint8Array(virgl_memory_info.size), view = new DataView(bytes.buffer);
  const fields = [local, Math.max(local - used, 0), shared, shared].map(kib);
  fields.forEach((value, i) => view.setUint32(i * 4, value, true));
  storeBytes(backing, 0, bytes);
}

function setPolygonStipple({ current }: VirglContext, words: Uint32Array, at: number): void {
  const { polygonStipple: rows } = current;
  for (let i = 0; i < rows.length; i++) rows[i] = words[at + i];
  current.dirty |= DIRTY_DRIVER_CONSTANTS;
}

const nothing: CommandHandler = () => {};

/** The commands. */
export const miscCommands: CommandHandlers = {
  [VIRGL_CCMD_NOP]: nothing,
  [VIRGL_CCMD_MEMORY_BARRIER]: barrier,
  [VIRGL_CCMD_TEXTURE_BARRIER]: barrier,
  [VIRGL_CCMD_GET_MEMORY_INFO]: getMemoryInfo,
  [VIRGL_CCMD_SET_POLYGON_STIPPLE]: setPolygonStipple,
  [VIRGL_CCMD_SET_DEBUG_FLAGS]: nothing,
  [VIRGL_CCMD_SET_TWEAKS]: nothing,
  [VIRGL_CCMD_EMIT_STRING_MARKER]: nothing,
};
