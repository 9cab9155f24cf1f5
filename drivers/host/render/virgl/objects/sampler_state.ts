/**
 * VIRGL_OBJECT_SAMPLER_STATE. Mirrors pipe_sampler_state. The VkSampler depends on the view it is used with, too: integer
 * textures have integer border colours, and formats that cannot be filtered are not.
 * @module
 */

import { VIRGL_OBJECT_SAMPLER_STATE } from "../../../../../uapi/virgl_protocol.ts";
import type { Engine } from "../engine.ts";
import { VirglObject } from "../object.ts";
import { type Sampler, samplerDescription } from "../samplers.ts";

/** The view is of integers. */
export const FOR_INTEGERS = 1;
/** The view cannot be filtered. */
export const FOR_NEAREST = 2;
/** The shader compares. */
export const FOR_COMPARE = 4;

/** A sampler. */
export class SamplerState extends VirglObject {
  readonly type = VIRGL_OBJECT_SAMPLER_STATE;
  readonly #engine: Engine;
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

  /** Reads it; every word has a meaning. */
  constructor(engine: Engine, words: Uint32Array, at: number) {
    super();
    this.#engine = engine;
    this.#words = words.slice(at, at + 8);
  }

  /**
   * The VkSampler for views of a kind.
   * @param kind FOR_* bits
   */
  sampler(kind: number): Sampler {
    return this.#samplers[kind] ??= this.#engine.samplers.get(
      samplerDescription(this.#engine.gpu, this.#words, kind),
    );
  }

  protected override release(): void {
    for (let i = 0; i < this.#samplers.length; i++) {
      const sampler = this.#samplers[i];
      if (sampler !== undefined) this.#engine.samplers.drop(sampler, this.#engine.recorder);
      this.#samplers[i] = undefined;
    }
  }
}
