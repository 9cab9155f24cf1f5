/**
 * What all contexts of a renderer execute with: the GPU, the recorder, and what is shared between contexts.
 * @module
 */

import {
  VkPhysicalDeviceProperties2,
  VkPhysicalDeviceVertexAttributeDivisorPropertiesEXT,
  type Vulkan,
} from "../../vulkan/mod.ts";
import { DescriptorSets } from "./descriptors.ts";
import { DrawPath } from "./draw.ts";
import type { Formats } from "./formats.ts";
import type { Gpu } from "./gpu.ts";
import { Layouts } from "./layouts.ts";
import { Pass } from "./pass.ts";
import { PipelineCache } from "./pipelines.ts";
import type { Recorder } from "./recorder.ts";
import { Samplers } from "./samplers.ts";
import type { SubContext } from "./sub_context.ts";
import type { Transfers } from "./transfer.ts";
import { ZeroBuffer } from "./zero_buffer.ts";

/** What the renderer brings along. */
export interface EngineParts {
  /** The GPU. */
  readonly gpu: Gpu;
  /** What formats are on it. */
  readonly formats: Formats;
  /** The one recorder. */
  readonly recorder: Recorder;
  /** Moves bytes between resources and memory. */
  readonly transfers: Transfers;
}

/** Services. */
export class Engine implements Disposable {
  /** The GPU. */
  readonly gpu: Gpu;
  /** Core commands. */
  readonly vk: Vulkan;
  /** What formats are on it. */
  readonly formats: Formats;
  /** The one recorder. */
  readonly recorder: Recorder;
  /** Moves bytes between resources and memory. */
  readonly transfers: Transfers;
  /** The render pass. */
  readonly pass: Pass;
  /** Descriptor set and pipeline layouts. */
  readonly layouts: Layouts;
  /** Descriptor sets by what is in them. */
  readonly descriptors: DescriptorSets;
  /** VkSamplers by their state. */
  readonly samplers: Samplers;
  /** The driver's cache of compiled pipelines. */
  readonly pipelineCache: PipelineCache;
  /** A buffer of zeros, in place of what is not bound. */
  readonly zeros: ZeroBuffer;
  /** Who set pipeline, dynamic state and descriptors in the command buffer last; undefined for nobody, or someone else. */
  owner: SubContext | undefined;
  /** Most instances that one value of a vertex attribute may serve. */
  readonly maxDivisor: number;
  /** Draws. */
  readonly draws: DrawPath;
  readonly #extras = new Map<unknown, Disposable>();

  /** Makes it. */
  constructor(parts: EngineParts) {
    this.gpu = parts.gpu;
    this.vk = parts.gpu.vk;
    this.formats = parts.formats;
    this.recorder = parts.recorder;
    this.transfers = parts.transfers;
    this.pass = new Pass(this.recorder);
    this.layouts = new Layouts(parts.gpu);
    this.descriptors = new DescriptorSets(parts.gpu, this.recorder);
    this.samplers = new Samplers(parts.gpu);
    this.pipelineCache = new PipelineCache(parts.gpu);
    this.zeros = new ZeroBuffer(parts.gpu);
    this.maxDivisor = maxDivisor(parts.gpu);
    this.draws = new DrawPath(this);
  }

  /**
   * What another file keeps for all contexts (pipelines of blits, say), made when first asked for.
   * @param of its class, whose constructor takes the engine
   */
  extra<T extends Disposable>(of: new (engine: Engine) => T): T {
    let extra = this.#extras.get(of);
    if (extra === undefined) this.#extras.set(of, extra = new of(this));
    return extra as T;
  }

  /**
   * Says that foreign commands (an internal blit, say) set pipeline, dynamic state or descriptors: the next draw of any
   * context sets them anew.
   */
  disown(): void {
    this.owner = undefined;
  }

  /** Destroys what it holds; the GPU must be idle. */
  [Symbol.dispose](): void {
    for (const extra of this.#extras.values()) extra[Symbol.dispose]();
    this.#extras.clear();
    this.descriptors[Symbol.dispose]();
    this.samplers[Symbol.dispose]();
    this.pipelineCache[Symbol.dispose]();
    this.layouts[Symbol.dispose]();
    this.zeros[Symbol.dispose]();
  }
}

function maxDivisor(gpu: Gpu): number {
  if (!gpu.has.vertexDivisor) return 1;
  const { arena, physical } = gpu.device;
  return arena.scope((m) => {
    const divisor = m.place(VkPhysicalDeviceVertexAttributeDivisorPropertiesEXT, {});
    const at = m.place(VkPhysicalDeviceProperties2, { pNext: m.address(divisor) });
    gpu.vk.vkGetPhysicalDeviceProperties2(physical.handle, m.address(at));
    return VkPhysicalDeviceVertexAttributeDivisorPropertiesEXT.read(m, divisor).maxVertexAttribDivisor;
  });
}
