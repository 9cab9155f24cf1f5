/**
 * DRAW_VBO whose counts are in a buffer: glDrawArraysIndirect and its like. The buffer's numbers are the GPU's to read; robust
 * buffer access keeps what they reach inside of buffers.
 * @module
 */

import type { VirglContext } from "./context.ts";
import { badCommand, badResource } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";
import { INDIRECT } from "./usage.ts";

// Words of DRAW_VBO.
const RESOURCE = 14, OFFSET = 15, STRIDE = 16, DRAWS = 17, COUNT_OFFSET = 18, COUNT_RESOURCE = 19;

function bufferOf(context: VirglContext, id: number): VirglResource {
  const resource = context.resource(id);
  if (resource.buffer === undefined) throw badResource(`Cannot draw from resource ${id}: it is no buffer`);
  return resource;
}

/**
 * Draws what a buffer says.
 * @param prepare makes everything ready: asks whether a barrier is due, notes the uses, returns the command buffer
 */
export function drawIndirect(
  context: VirglContext,
  words: Uint32Array,
  at: number,
  prepare: (needsBarrier: () => boolean, note: () => void) => bigint,
  indexed: boolean,
): void {
  const { recorder, vk, gpu } = context.engine, { has, limits } = gpu;
  const source = bufferOf(context, words[at + RESOURCE]), offset = words[at + OFFSET];
  const argument = indexed ? 20 : 16;
  const stride = words[at + STRIDE] === 0 ? argument : words[at + STRIDE];
  const draws = Math.max(1, words[at + DRAWS]);
  const size = source.buffer?.size ?? 0;
  if ((offset & 3) !== 0 || (stride & 3) !== 0 || stride < argument || draws > limits.maxDrawIndirectCount) {
    throw badCommand(`Cannot draw ${draws} times from ${offset} on, ${stride} bytes apart`);
  }
  if (offset + (draws - 1) * stride + argument > size) {
    throw badCommand(`Cannot draw ${draws} times from ${offset} on: the buffer has ${size} bytes`);
  }
  const counter = words[at + COUNT_RESOURCE] === 0 ? undefined : bufferOf(context, words[at + COUNT_RESOURCE]);
  const countOffset = words[at + COUNT_OFFSET];
  if (counter !== undefined) {
    if (!has.drawIndirectCount) throw badCommand("Cannot draw as often as a buffer says: the GPU does not");
    if ((countOffset & 3) !== 0 || countOffset + 4 > (counter.buffer?.size ?? 0)) {
      throw badCommand(`Cannot read the number of draws at ${countOffset}`);
    }
  }
  const sub = context.current;
  if (indexed && (sub.indexBuffer.resource === undefined || sub.indexBuffer.offset !== 0)) {
    throw badCommand("Cannot draw indirectly: indices begin at the start of a buffer");
  }
  const commands = prepare(() => {
    const due = recorder.needsBarrier(source, INDIRECT);
    return (counter !== undefined && recorder.needsBarrier(counter, INDIRECT)) || due;
  }, () => {
    recorder.note(source, INDIRECT);
    if (counter !== undefined) recorder.note(counter, INDIRECT);
  });
  const handle = source.buffer?.handle ?? 0n;
  const hooks = sub.drawHooks, mode = words[at + 2];
  for (const hook of hooks) hook.before(commands, mode);
  if (counter !== undefined) {
    const count = counter.buffer?.handle ?? 0n;
    if (indexed) {
      vk.vkCmdDrawIndexedIndirectCount(commands, handle, BigInt(offset), count, BigInt(countOffset), draws, stride);
    } else vk.vkCmdDrawIndirectCount(commands, handle, BigInt(offset), count, BigInt(countOffset), draws, stride);
  } else {
    const each = has.multiDrawIndirect ? draws : 1;
    for (let i = 0; i < draws; i += each) {
      const from = BigInt(offset + i * stride);
      if (indexed) vk.vkCmdDrawIndexedIndirect(commands, handle, from, each, stride);
      else vk.vkCmdDrawIndirect(commands, handle, from, each, stride);
    }
  }
  for (const hook of hooks) hook.after(commands, mode, 0, 0);
  recorder.work += draws;
}
