/**
 * Indices that Vulkan cannot draw with: those that restart primitives at another index than the greatest, restarts in lists and
 * indices of a byte where the GPU has neither. They are read by the CPU and written anew as 32-bit ones, into the uniform ring.
 * @module
 */

import { bytesNow } from "./buffer_bytes.ts";
import type { Engine } from "./engine.ts";
import type { Gpu } from "./gpu.ts";
import { TOPOLOGY_CLASSES, TOPOLOGY_LISTS, TOPOLOGY_PATCHES } from "./pipeline_key.ts";
import { badCommand } from "./refusal.ts";
import type { SubContext } from "./sub_context.ts";

/** Primitives are restarted: vkCmdSetPrimitiveRestartEnable. */
export const INDEX_RESTARTS = 1;
/** The indices have to be written anew. */
export const INDEX_REWRITE = 2;
/** With them, primitives of a list that are cut short are left out, and nothing is restarted. */
export const INDEX_LIST = 4;

/** Indices of a draw at most. */
const MOST = 1 << 24;
/** Vertices of a primitive of a list, by PIPE_PRIM_*. */
const LIST_VERTICES = Int8Array.of(1, 2, 0, 0, 3, 0, 0, 0, 0, 0, 4, 0, 6, 0, 0);

/**
 * How indexed draws are drawn: INDEX_* bits.
 * @param restarts whether an index restarts primitives. @param restart which does
 */
export function indexFlags({ has }: Gpu, sub: SubContext, mode: number, restarts: boolean, restart: number): number {
  const size = sub.indexBuffer.length, bits = size * 8, most = bits === 32 ? 0xffff_ffff : (1 << bits) - 1;
  const rewrite = size === 1 && !has.indexUint8 ? INDEX_REWRITE : 0;
  // Indices cannot reach a greater one; Mesa sends all ones of 32 bits for smaller indices, too.
  if (!restarts || (restart > most && restart !== 0xffff_ffff)) return rewrite;
  const able = TOPOLOGY_CLASSES[mode] === TOPOLOGY_PATCHES ? has.patchListRestart : has.listRestart;
  if (TOPOLOGY_LISTS[mode] !== 0 && !able) return INDEX_REWRITE | INDEX_LIST;
  return INDEX_RESTARTS | (restart < most ? INDEX_REWRITE : rewrite);
}

/** Writes indices anew. */
export class IndexRewriter {
  /** The VkBuffer with them, of VK_INDEX_TYPE_UINT32. */
  handle = 0n;
  /** The first of them there. */
  first = 0;
  /** How many there are. */
  count = 0;

  /**
   * Puts indices of the bound index buffer into the uniform ring. May submit, and wait; nothing may be taken from the ring before.
   * @param from byte offset. @param count how many, within the buffer. @param flags INDEX_* bits. @param restart which restarts
   * @throws {VirglRefusal} for too many
   */
  rewrite(
    engine: Engine,
    sub: SubContext,
    from: number,
    count: number,
    flags: number,
    restart: number,
    mode: number,
    patchVertices: number,
  ): void {
    const { resource, length: size } = sub.indexBuffer;
    if (resource === undefined || count > MOST) throw badCommand(`Cannot write ${count} indices anew`);
    const bytes = bytesNow(engine, resource, from, count * size);
    const indices = size === 1
      ? bytes
      : size === 2
      ? new Uint16Array(bytes.buffer, bytes.byteOffset, count)
      : new Uint32Array(bytes.buffer, bytes.byteOffset, count);
    // All ones of 32 bits restart whatever their size is.
    const restarting = restart === 0xffff_ffff && size < 4 ? (1 << size * 8) - 1 : restart;
    const { uniforms } = engine.recorder;
    const at = uniforms.take(Math.max(4, count * 4), 4), target = uniforms.words;
    let to = at >>> 2;
    this.handle = uniforms.handle;
    this.first = to;
    if ((flags & INDEX_LIST) !== 0) {
      const each = LIST_VERTICES[mode] || Math.max(1, patchVertices);
      let begun = to;
      for (let i = 0; i < count; i++) {
        if (indices[i] === restarting) {
          to = begun;
          continue;
        }
        target[to++] = indices[i];
        if (to - begun === each) begun = to;
      }
      to = begun;
    } else if ((flags & INDEX_RESTARTS) !== 0) {
      for (let i = 0; i < count; i++) target[to++] = indices[i] === restarting ? 0xffff_ffff : indices[i];
    } else for (let i = 0; i < count; i++) target[to++] = indices[i];
    this.count = to - this.first;
  }
}
