/**
 * Regions of copies between memories: collected and checked as a whole, then recorded, as many to a command as have the same
 * two memories.
 * @module
 */

import { Arena, VkBufferCopy } from "../../vulkan/mod.ts";
import type { PacketMemory } from "./memory.ts";
import type { Recorder } from "./recorder.ts";

/** Regions of one command. */
const BATCH = 256;

/** Regions in the making. */
export class Regions {
  /** How many. */
  count = 0;
  readonly #recorder: Recorder;
  readonly #m = new Arena(BATCH * VkBufferCopy.size);
  #to: PacketMemory[] = [];
  #from: PacketMemory[] = [];
  #dst = new Float64Array(64);
  #src = new Float64Array(64);
  #size = new Float64Array(64);

  /** @param recorder where they are recorded. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Forgets them. */
  clear(): void {
    this.count = 0;
    if (this.#to.length > BATCH) this.#to = [];
    if (this.#from.length > BATCH) this.#from = [];
  }

  /** Adds one. */
  push(to: PacketMemory, dst: number, from: PacketMemory, src: number, size: number): void {
    const at = this.count++;
    if (at === this.#dst.length) this.#grow();
    this.#to[at] = to;
    this.#from[at] = from;
    this.#dst[at] = dst;
    this.#src[at] = src;
    this.#size[at] = size;
  }

  /** Whether what one reads is what another, or it itself, writes. */
  get overlap(): boolean {
    const { count } = this;
    const to = this.#to, from = this.#from, dst = this.#dst, src = this.#src, size = this.#size;
    if (count === 1) return to[0] === from[0] && dst[0] < src[0] + size[0] && src[0] < dst[0] + size[0];
    const shared = new Set<PacketMemory>(to.slice(0, count));
    for (const memory of new Set(from.slice(0, count))) {
      if (!shared.has(memory)) continue;
      const targets = this.#sorted(to, dst, memory), sources = this.#sorted(from, src, memory);
      let t = 0, s = 0, written = 0, read = 0;
      while (t < targets.length || s < sources.length) {
        if (s === sources.length || (t < targets.length && dst[targets[t]] <= src[sources[s]])) {
          const i = targets[t++];
          if (dst[i] < read) return true;
          written = Math.max(written, dst[i] + size[i]);
        } else {
          const i = sources[s++];
          if (src[i] < written) return true;
          read = Math.max(read, src[i] + size[i]);
        }
      }
    }
    return false;
  }

  #sorted(whose: readonly PacketMemory[], at: Float64Array, memory: PacketMemory): Uint32Array {
    const list: number[] = [];
    for (let i = 0; i < this.count; i++) if (whose[i] === memory) list.push(i);
    return Uint32Array.from(list.sort((a, b) => at[a] - at[b]));
  }

  /** Records them, and notes what they touch. @throws {VkError} */
  record(): void {
    const recorder = this.#recorder, { u32 } = this.#m;
    const to = this.#to, from = this.#from;
    const command = recorder.begin();
    let first = 0;
    while (first < this.count) {
      let n = 0, low = Infinity, high = 0;
      for (
        let i = first;
        i < this.count && n < BATCH && to[i] === to[first] && from[i] === from[first];
        i++, n++
      ) {
        const at = n * (VkBufferCopy.size / 4);
        const src = this.#src[i], dst = this.#dst[i], size = this.#size[i];
        u32[at] = src;
        u32[at + 1] = src / 0x1_0000_0000;
        u32[at + 2] = dst;
        u32[at + 3] = dst / 0x1_0000_0000;
        u32[at + 4] = size;
        u32[at + 5] = size / 0x1_0000_0000;
        if (dst < low) low = dst;
        if (dst + size > high) high = dst + size;
      }
      from[first].reads();
      to[first].writesTo(low, high - low);
      recorder.vk.vkCmdCopyBuffer(command, from[first].handle, to[first].handle, n, this.#m.base);
      first += n;
    }
    this.clear();
  }

  #grow(): void {
    const length = this.#dst.length * 2;
    const grown = (old: Float64Array<ArrayBuffer>) => {
      const next = new Float64Array(length);
      next.set(old);
      return next;
    };
    this.#dst = grown(this.#dst);
    this.#src = grown(this.#src);
    this.#size = grown(this.#size);
  }
}
