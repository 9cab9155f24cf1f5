/**
 * Vertex and index buffers of draws. Each vertex element has a Vulkan binding of its own, at the element's place in its buffer;
 * elements without buffer read zeros.
 * @module
 */

import { Arena } from "../../vulkan/mod.ts";
import type { Engine } from "./engine.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import { badCommand } from "./refusal.ts";
import type { SubContext } from "./sub_context.ts";
import { VERTEX_INPUT } from "./usage.ts";

const MOST = 32;

/** Binds vertex buffers. */
export class VertexInput {
  readonly #engine: Engine;
  readonly #m = new Arena(4 * MOST * 8);
  readonly #handles: number = this.#m.alloc(MOST * 8);
  readonly #offsets: number = this.#m.alloc(MOST * 8);
  readonly #strides: number = this.#m.alloc(MOST * 8);
  readonly #handlesAddress: bigint = this.#m.address(this.#handles);
  readonly #offsetsAddress: bigint = this.#m.address(this.#offsets);
  readonly #stridesAddress: bigint = this.#m.address(this.#strides);

  /** Prepares the arguments. */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Whether the buffers of some elements need a barrier first. */
  needsBarrier(sub: SubContext, elements: VertexElements): boolean {
    const { recorder } = this.#engine, { buffers, count } = elements;
    let due = false;
    for (let i = 0; i < count; i++) {
      const { resource } = sub.vertexBuffers[buffers[i]];
      if (resource !== undefined && recorder.needsBarrier(resource, VERTEX_INPUT)) due = true;
    }
    return due;
  }

  /** Notes the use of the buffers. */
  note(sub: SubContext, elements: VertexElements): void {
    const { recorder } = this.#engine, { buffers, count } = elements;
    for (let i = 0; i < count; i++) {
      const { resource } = sub.vertexBuffers[buffers[i]];
      if (resource !== undefined) recorder.note(resource, VERTEX_INPUT);
    }
  }

  /** Binds `count` buffers: as many as the shader has inputs. */
  bind(sub: SubContext, elements: VertexElements, count: number, commands: bigint): void {
    if (count === 0) return;
    const { zeros, vk } = this.#engine, m = this.#m, { u64, u32 } = m;
    const handles = this.#handles >>> 3, offsets = this.#offsets >>> 2, strides = this.#strides >>> 2;
    for (let i = 0; i < count; i++) {
      u32[offsets + i * 2 + 1] = 0;
      u32[strides + i * 2 + 1] = 0;
      if (i < elements.count) {
        const binding = sub.vertexBuffers[elements.buffers[i]], buffer = binding.resource?.buffer;
        const offset = binding.offset + elements.offsets[i];
        if (buffer !== undefined && offset < buffer.size) {
          if (((offset | binding.length) & elements.alignments[i]) !== 0) {
            throw badCommand(
              `Cannot fetch element ${i} at ${offset}, ${binding.length} bytes apart: that is not aligned`,
            );
          }
          u64[handles + i] = buffer.handle;
          u32[offsets + i * 2] = offset;
          u32[strides + i * 2] = binding.length;
          continue;
        }
      }
      u64[handles + i] = zeros.handle;
      u32[offsets + i * 2] = 0;
      u32[strides + i * 2] = 0;
    }
    vk.vkCmdBindVertexBuffers2(
      commands,
      0,
      count,
      this.#handlesAddress,
      this.#offsetsAddress,
      0n,
      this.#stridesAddress,
    );
  }
}
