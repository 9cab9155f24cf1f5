/**
 * Transfers within a submission: RESOURCE_INLINE_WRITE brings its bytes along, TRANSFER3D moves between a resource and its backing,
 * COPY_TRANSFER3D between a resource and the backing of another (a staging buffer). END_TRANSFERS ends a run of them: what
 * follows in it is filling.
 * @module
 */

import type { Transfer3d } from "../../../../core/host3d.ts";
import {
  VIRGL_CCMD_COPY_TRANSFER3D,
  VIRGL_CCMD_END_TRANSFERS,
  VIRGL_CCMD_RESOURCE_INLINE_WRITE,
  VIRGL_CCMD_TRANSFER3D,
  VIRGL_COPY_TRANSFER3D_FLAGS_READ_FROM_HOST,
  VIRGL_TRANSFER_FROM_HOST,
  VIRGL_TRANSFER_TO_HOST,
} from "../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "./context.ts";
import type { CommandHandlers } from "./handlers.ts";
import { badCommand, badResource } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";

/** Words that all of them have: resource, level, usage, strides, box. */
const COMMON_WORDS = 11;

/** One that is filled again for each command. */
const transfer: Transfer3d = {
  level: 0,
  stride: 0,
  layerStride: 0,
  x: 0,
  y: 0,
  z: 0,
  width: 0,
  height: 0,
  depth: 0,
  offset: 0,
};

/** Fills `transfer` and finds the resource. Sizes and places are checked against it by whoever moves the bytes. */
function read(context: VirglContext, words: Uint32Array, at: number, offset: number): VirglResource {
  context.engine.recorder.breathe();
  const resource = context.resource(words[at]);
  transfer.level = words[at + 1];
  // Strides of 0 are those of the whole level (vrend_renderer_transfer_iov).
  transfer.stride = words[at + 3] || levelStride(resource, words[at + 1]);
  transfer.layerStride = words[at + 4] || transfer.stride * levelRows(resource, words[at + 1]);
  transfer.x = words[at + 5];
  transfer.y = words[at + 6];
  transfer.z = words[at + 7];
  transfer.width = words[at + 8];
  transfer.height = words[at + 9];
  transfer.depth = words[at + 10];
  transfer.offset = offset;
  return resource;
}

/** Bytes of a row of blocks of a level; of a level that is none, whatever. */
function levelStride(resource: VirglResource, level: number): number {
  if (resource.buffer !== undefined) return resource.levelWidth(0);
  const { blockWidth, blockBytes } = resource.gpuFormat;
  return Math.ceil(resource.levelWidth(level) / blockWidth) * blockBytes;
}

function levelRows(resource: VirglResource, level: number): number {
  return Math.ceil(resource.levelHeight(level) / resource.gpuFormat.blockHeight);
}

function inlineWrite(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  if (length <= COMMON_WORDS) throw badCommand("Cannot write into a resource: no data follows");
  const resource = read(context, words, at, 0);
  const start = words.byteOffset + (at + COMMON_WORDS) * 4;
  const bytes = new Uint8Array(words.buffer, start, (length - COMMON_WORDS) * 4);
  context.engine.transfers.write(resource, transfer, bytes);
}

function transfer3d(context: VirglContext, words: Uint32Array, at: number): void {
  const resource = read(context, words, at, words[at + COMMON_WORDS]);
  const { transfers } = context.engine;
  switch (words[at + COMMON_WORDS + 1]) {
    case VIRGL_TRANSFER_TO_HOST:
      return transfers.toHost(resource, transfer);
    case VIRGL_TRANSFER_FROM_HOST:
      return transfers.fromHost(resource, transfer);
    default:
      throw badCommand(`Cannot transfer in direction ${words[at + COMMON_WORDS + 1]}`);
  }
}

function copyTransfer3d(context: VirglContext, words: Uint32Array, at: number): void {
  const resource = read(context, words, at, words[at + COMMON_WORDS + 1]);
  const { backing } = context.resource(words[at + COMMON_WORDS]), { transfers } = context.engine;
  if (backing === undefined) throw badResource("Cannot transfer: the staging resource has no backing");
  if ((words[at + COMMON_WORDS + 2] & VIRGL_COPY_TRANSFER3D_FLAGS_READ_FROM_HOST) !== 0) {
    transfers.fromHostTo(resource, transfer, backing);
  } else transfers.toHostFrom(resource, transfer, backing);
}

function endTransfers(): void {}

/** The commands. */
export const transferCommands: CommandHandlers = {
  [VIRGL_CCMD_RESOURCE_INLINE_WRITE]: inlineWrite,
  [VIRGL_CCMD_TRANSFER3D]: transfer3d,
  [VIRGL_CCMD_COPY_TRANSFER3D]: copyTransfer3d,
  [VIRGL_CCMD_END_TRANSFERS]: endTransfers,
};
