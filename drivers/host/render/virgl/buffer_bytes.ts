/**
 * The bytes of a buffer as the commands so far leave them, for what the CPU has to do in the middle of a stream of commands.
 * @module
 */

import { VK_BUFFER_USAGE_TRANSFER_DST_BIT, VkBufferCopy } from "../../vulkan/mod.ts";
import type { Engine } from "./engine.ts";
import { badResource } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";
import { COPY_READ } from "./usage.ts";

/**
 * The bytes of a part of a buffer. Submits and waits if the GPU is still to write it, or if the CPU cannot see it.
 * @returns a view, good until the next command; or a copy
 * @throws {VirglRefusal} for what is no buffer, or beyond its end. @throws {VkError}
 */
export function bytesNow(engine: Engine, resource: VirglResource, offset: number, size: number): Uint8Array {
  const { recorder, gpu } = engine, { buffer } = resource;
  if (buffer === undefined || offset + size > buffer.size) {
    throw badResource(`Cannot read ${size} bytes from ${offset} on: the buffer has ${buffer?.size ?? 0}`);
  }
  if (resource.raw) recorder.initialize(resource);
  if (buffer.bytes !== undefined) {
    if (resource.writtenBy > recorder.completed()) recorder.wait(resource.writtenBy);
    buffer.device.allocation.invalidate(offset, size);
    return buffer.bytes.subarray(offset, offset + size);
  }
  using copy = gpu.device.createBuffer({ size, usage: VK_BUFFER_USAGE_TRANSFER_DST_BIT, memory: "readback" });
  const commands = recorder.useNow(resource, COPY_READ);
  recorder.noteHostRead();
  gpu.device.arena.scope((m) => {
    const region = m.put(VkBufferCopy, { srcOffset: BigInt(offset), dstOffset: 0n, size: BigInt(size) });
    gpu.vk.vkCmdCopyBuffer(commands, buffer.handle, copy.handle, 1, region);
  });
  recorder.wait(recorder.submission);
  copy.allocation.invalidate(0, size);
  return copy.bytes.slice();
}
