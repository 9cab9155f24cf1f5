/**
 * Vertex and index buffers of draws. Each vertex element has a Vulkan binding of its own, at the element's place in its buffer;
 * elements without buffer read zeros.
 * @module
 */

import { Arena } from "../../vulkan/mod.ts";
import { DIRTY_PROGRAM, DIRTY_VERTEX_BUFFERS } from "./dirty.ts";
import type { Engine } from "./engine.ts";
import type { VertexElements } from "./objects/vertex_elements.ts";
import type { SubContext } from "./sub_context.ts";
import { VERTEX_INPUT } from "./usage.ts";
import { type FetchRange, VertexRepacks } from "./vertex_repack.ts";

const MOST = 32;

/** Binds vertex buffers. */
export class VertexInput {
  readonly #engine: Engine;
  readonly #repacks: VertexRepacks;
  readonly #range: FetchRange = { vertex: 0, vertexEnd: 0, instance: 0, instances: 0 };
  // The elements that are fetched from copies, a mask.
  #repacked = 0;
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
    this.#repacks = engine.extra(VertexRepacks);
  }

  /** Whether the buffers of some elements need a barrier first. */
  needsBarrier(sub: SubContext, elements: VertexElements): boolean {
    const { recorder } = this.#engine, { buffers, count } = elements;
    let due = false;
    for (let i = 0; i < count; i++) {
      // The GPU does not read what is copied: the CPU may write it at once.
      if ((this.#repacked >>> i & 1) !== 0) continue;
      const { resource } = sub.vertexBuffers[buffers[i]];
      if (resource !== undefined && recorder.needsBarrier(resource, VERTEX_INPUT)) due = true;
    }
    return due;
  }

  /** Notes the use of the buffers. */
  note(sub: SubContext, elements: VertexElements): void {
    const { recorder } = this.#engine, { buffers, count } = elements;
    for (let i = 0; i < count; i++) {
      // The GPU does not read what is copied: the CPU may write it at once.
      if ((this.#repacked >>> i & 1) !== 0) continue;
      const { resource } = sub.vertexBuffers[buffers[i]];
      if (resource !== undefined) recorder.note(resource, VERTEX_INPUT);
    }
  }

  /**
   * Before a draw by the owner of the command buffer's state: copies what cannot be fetched where it is. May submit, and wait.
   * @param vertex the first that is fetched. @param vertexEnd behind the last; Infinity if only the GPU knows
   * @param instances how many, from `instance` on; Infinity if only the GPU knows
   * @throws {DrmError} ENOMEM. @throws {VkError}
   */
  repack(sub: SubContext, vertex: number, vertexEnd: number, instance: number, instances: number): void {
    const elements = sub.vertexElements;
    if ((sub.dirty & (DIRTY_VERTEX_BUFFERS | DIRTY_PROGRAM)) !== 0) {
      const inputs = sub.shaders[0]?.inputCount ?? 0;
      this.#repacked = elements === undefined ? 0 : this.#repacks.needed(sub, elements, inputs);
    }
    if (this.#repacked === 0 || elements === undefined) return;
    const range = this.#range;
    range.vertex = vertex;
    range.vertexEnd = vertexEnd;
    range.instance = instance;
    range.instances = instances;
    this.#repacks.repack(sub, elements, this.#repacked, range);
    sub.dirty |= DIRTY_VERTEX_BUFFERS;
  }

  /** Binds `count` buffers: as many as the shader has inputs. */
  bind(sub: SubContext, elements: VertexElements, count: number, commands: bigint): void {
    const { zeros, vk } = this.#engine, m = this.#m, { u64, u32 } = m;
    const handles = this.#handles >>> 3, offsets = this.#offsets >>> 2, strides = this.#strides >>> 2;
    if (count === 0) {
      // Strides are dynamic state, which is to be set even where nothing is fetched (VUID-vkCmdDraw-pStrides-04884).
      u64[handles] = zeros.handle;
      u32[offsets] =
        u32[offsets + 1] =
        u32[strides] =
        u32[strides + 1] =
          0;
      vk.vkCmdBindVertexBuffers2(
        commands,
        0,
        1,
        this.#handlesAddress,
        this.#offsetsAddress,
        0n,
        this.#stridesAddress,
      );
      return;
    }
    for (let i = 0; i < count; i++) {
      u32[offsets + i * 2 + 1] = 0;
      u32[strides + i * 2 + 1] = 0;
      if (i < elements.count) {
        const binding = sub.vertexBuffers[elements.buffers[i]], buffer = binding.resource?.buffer;
        const offset = binding.offset + elements.offsets[i];
        if (buffer !== undefined && offset < buffer.size) {
          if ((this.#repacked >>> i & 1) !== 0) {
            const { handles: copies, strides: apart } = this.#repacks;
            u64[handles + i] = copies[i] === 0n ? zeros.handle : copies[i];
            u32[offsets + i * 2] = 0;
            u32[strides + i * 2] = copies[i] === 0n ? 0 : apart[i];
            continue;
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
