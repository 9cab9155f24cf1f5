/**
 * VIRGL_OBJECT_SAMPLER_STATE. Mirrors pipe_sampler_state. The VkSampler depends on the view it is used with, too: integer
 * textures have integer border colours, and formats that cannot be filtered are not.
 * @module
 */

import { PIPE_TEX_WRAP_CLAMP } from "../../../../../uapi/pipe.ts";
import { VIRGL_OBJECT_SAMPLER_STATE } from "../../../../../uapi/virgl_protocol.ts";
import type { Budget } from "../budget.ts";
import type { Engine } from "../engine.ts";
import { VirglObject } from "../object.ts";
import { type Sampler, samplerDescription } from "../samplers.ts";

/** The view is of integers. */
export const FOR_INTEGERS = 1;
/** The view cannot be filtered. */
export const FOR_NEAREST = 2;
/** The shader compares. */
export const FOR_COMPARE = 4;
/** From this bit on, 3 bits for each component of the view's format: PIPE_SWIZZLE_*; 0 for one that is as Vulkan's. */
export const FOR_SWIZZLE = 3;

/** A sampler. */
export class SamplerState extends VirglObject {
  readonly type = VIRGL_OBJECT_SAMPLER_STATE;
  readonly #engine: Engine;
  readonly #budget: Budget;
  readonly #words: Uint32Array;
  readonly #samplers: (Sampler | undefined)[] = [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ];

  /** Coordinates that shaders clamp to 0..1: those of GL_CLAMP with linear filters, a mask of S, T and R. */
  readonly clamps: number;

  readonly #others = new Map<number, Sampler>();

  /** Reads it; every word has a meaning. */
  constructor(engine: Engine, budget: Budget, words: Uint32Array, at: number) {
    super();
    this.#engine = engine;
    this.#budget = budget;
    this.#words = words.slice(at, at + 8);
    const s0 = words[at], linear = (s0 >>> 9 & 3) === 1 || (s0 >>> 13 & 3) === 1;
    const clamps = (shift: number) => linear && (s0 >>> shift & 7) === PIPE_TEX_WRAP_CLAMP ? 1 : 0;
    this.clamps = clamps(0) | clamps(3) << 1 | clamps(6) << 2;
  }

  /**
   * The VkSampler for views of a kind.
   * @param kind FOR_* bits. @throws {DrmError} ENOMEM
   */
  sampler(kind: number): Sampler {
    return this.#samplers[kind] ?? this.#make(kind);
  }

  #make(kind: number): Sampler {
    const { samplers, gpu } = this.#engine;
    if (!this.#budget.has("samplers", 1)) this.#budget.take("samplers", 1);
    const sampler = this.#samplers[kind] = samplers.get(samplerDescription(gpu, this.#words, kind));
    this.#budget.take("samplers", 1);
    return sampler;
  }

  // Only border colours differ: without one, it is a sampler as for others.
  #swizzled(kind: number): Sampler {
    let sampler = this.#others.get(kind);
    if (sampler === undefined) {
      sampler = this.#engine.samplers.get(samplerDescription(this.#engine.gpu, this.#words, kind));
      this.#others.set(kind, sampler);
    }
    return sampler;
  }

  protected override release(): void {
    for (const sampler of this.#others.values()) this.#engine.samplers.drop(sampler, this.#engine.recorder);
    this.#others.clear();
    for (let i = 0; i < this.#samplers.length; i++) {
      const sampler = this.#samplers[i];
      if (sampler === undefined) continue;
      this.#engine.samplers.drop(sampler, this.#engine.recorder);
      this.#budget.give("samplers", 1);
      this.#samplers[i] = undefined;
    }
  }
}
