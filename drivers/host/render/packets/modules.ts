/**
 * Checked shaders, by what their code and constants are. What a client sent is compared word by word with what was checked,
 * and only the checked copy is ever given to the driver.
 * @module
 */

import { checkSpirv, type SpirvLimits, type SpirvProgram, type SpirvStage } from "../../shader/spirv_check/mod.ts";
import { VkShaderModuleCreateInfo } from "../../vulkan/mod.ts";
import type { Recorder } from "./recorder.ts";

/** A checked shader. */
export class ShaderModule implements Disposable {
  /** What it is. */
  readonly program: SpirvProgram;
  /** The VkShaderModule. */
  readonly handle: bigint;
  /** What was sent. */
  readonly words: Uint32Array;
  /** Specialization constants: ids and values. */
  readonly constants: Uint32Array;
  /** Pipelines that are made with it. */
  users = 0;
  readonly #recorder: Recorder;

  /** @throws {VkError} */
  constructor(recorder: Recorder, program: SpirvProgram, words: Uint32Array, constants: Uint32Array) {
    this.#recorder = recorder;
    this.program = program;
    this.words = words;
    this.constants = constants;
    const { device, vk } = recorder;
    const { words: code } = program;
    this.handle = device.arena.scope((m) => {
      const out = m.alloc(8), at = m.allocRaw(code.length * 4);
      m.u32.set(code, at >>> 2);
      const info = m.put(VkShaderModuleCreateInfo, { codeSize: BigInt(code.length * 4), pCode: m.address(at) });
      device.check(vk.vkCreateShaderModule(device.handle, info, 0n, m.address(out)), "vkCreateShaderModule");
      return m.u64[out >>> 3];
    });
  }

  /** Whether it was made of these. */
  is(stage: SpirvStage, words: Uint32Array, constants: Uint32Array): boolean {
    return this.program.stage === stage && isEqual(this.words, words) && isEqual(this.constants, constants);
  }

  [Symbol.dispose](): void {
    const { device, vk } = this.#recorder;
    vk.vkDestroyShaderModule(device.handle, this.handle, 0n);
  }
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A number from words (murmur3's mixing). */
export function hashOf(words: Uint32Array, seed: number): number {
  let h = seed ^ words.length;
  for (let i = 0; i < words.length; i++) {
    const k = Math.imul(words[i], 0xcc9e2d51);
    h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  return h | 0;
}

/** Checks a shader and makes a module of it. @throws {SpirvError} what is wrong. @throws {VkError} */
export function makeModule(
  recorder: Recorder,
  limits: SpirvLimits,
  stage: SpirvStage,
  words: Uint32Array,
  constants: Uint32Array,
): ShaderModule {
  const program = checkSpirv(words, stage, constants, limits);
  return new ShaderModule(recorder, program, words.slice(), constants.slice());
}
