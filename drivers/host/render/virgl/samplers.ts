/**
 * VkSamplers by what they are: clients make the same sampler again and again, and devices have only some thousands.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import { PIPE_TEX_WRAP_CLAMP } from "../../../../uapi/pipe.ts";
import {
  chain,
  type Device,
  VK_BORDER_COLOR_FLOAT_CUSTOM_EXT,
  VK_BORDER_COLOR_FLOAT_OPAQUE_BLACK,
  VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE,
  VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK,
  VK_BORDER_COLOR_INT_CUSTOM_EXT,
  VK_BORDER_COLOR_INT_OPAQUE_BLACK,
  VK_BORDER_COLOR_INT_OPAQUE_WHITE,
  VK_BORDER_COLOR_INT_TRANSPARENT_BLACK,
  VK_SAMPLER_CREATE_NON_SEAMLESS_CUBE_MAP_BIT_EXT,
  VkSamplerCreateInfo,
  VkSamplerCustomBorderColorCreateInfoEXT,
} from "../../vulkan/mod.ts";
import type { Gpu } from "./gpu.ts";
import { LIMITS } from "./limits.ts";
import { FOR_COMPARE, FOR_INTEGERS, FOR_NEAREST, FOR_SWIZZLE } from "./objects/sampler_state.ts";
import type { Recorder } from "./recorder.ts";

/** VK_SAMPLER_ADDRESS_MODE_*. */
const REPEAT = 0, MIRROR = 1, EDGE = 2, BORDER = 3, MIRROR_EDGE = 4;

const words = new Uint32Array(4), floats = new Float32Array(words.buffer);

/** A word's float, made a number of a range. */
function clamped(word: number, least: number, most: number): number {
  words[0] = word;
  const value = floats[0];
  return value > least ? Math.min(value, most) : least; // NaN is the least.
}

/**
 * PIPE_TEX_WRAP_* as VkSamplerAddressMode. GL_CLAMP clamps the coordinate, so that linear filters mix the edge with the border half
 * and half: shaders clamp it (SamplerState.clamps).
 */
function wrap(mode: number, linear: boolean, mirrorEdge: boolean): number {
  switch (mode) {
    case 0:
      return REPEAT;
    case PIPE_TEX_WRAP_CLAMP:
      return linear ? BORDER : EDGE;
    case 3:
      return BORDER;
    case 4:
      return MIRROR;
    case 5:
    case 6:
    case 7: // Vulkan mirrors once to the edge only.
      return mirrorEdge ? MIRROR_EDGE : MIRROR;
    default:
      return EDGE;
  }
}

/** What a VkSampler is made from. */
export interface SamplerDescription {
  readonly info: VkSamplerCreateInfo;
  readonly key: string;
}

/**
 * Describes the VkSampler of a sampler state.
 * @param state its 8 words. @param kind FOR_* bits
 */
export function samplerDescription(gpu: Gpu, state: Uint32Array, kind: number): SamplerDescription {
  const { has, limits } = gpu;
  const s0 = state[0];
  const nearest = (kind & FOR_NEAREST) !== 0;
  const minFilter = nearest ? 0 : Math.min(s0 >>> 9 & 3, 1), magFilter = nearest ? 0 : Math.min(s0 >>> 13 & 3, 1);
  const mip = s0 >>> 11 & 3, mipmapped = mip < 2;
  const linear = minFilter === 1 || magFilter === 1;
  const address = (shift: number) => wrap(s0 >>> shift & 7, linear, has.samplerMirrorClampToEdge);
  const addressModeU = address(0), addressModeV = address(3), addressModeW = address(6);
  const anisotropy = s0 >>> 20 & 63;
  const minLod = clamped(state[2], 0, 1000), maxLod = clamped(state[3], 0, 1000);
  const info: VkSamplerCreateInfo = {
    magFilter,
    minFilter,
    mipmapMode: mipmapped && !nearest ? mip : 0,
    addressModeU,
    addressModeV,
    addressModeW,
    mipLodBias: clamped(state[1], -limits.maxSamplerLodBias, limits.maxSamplerLodBias),
    anisotropyEnable: anisotropy > 1 && linear && has.samplerAnisotropy,
    maxAnisotropy: Math.max(1, Math.min(anisotropy, limits.maxSamplerAnisotropy)),
    compareEnable: (kind & FOR_COMPARE) !== 0,
    // A comparing shader with a sampler that does not compare: undefined in GL; passing is what most do.
    compareOp: (s0 >>> 15 & 1) !== 0 ? s0 >>> 16 & 7 : 7,
    // Without mipmaps only the base level is used; 0.25 still tells minification from magnification.
    minLod: mipmapped ? minLod : Math.min(minLod, 0.25),
    maxLod: mipmapped ? Math.max(minLod, maxLod) : minLod > 0 ? 0.25 : Math.min(maxLod, 0.25),
    borderColor: VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK,
    flags: (s0 >>> 19 & 1) === 0 && has.nonSeamlessCubeMap ? VK_SAMPLER_CREATE_NON_SEAMLESS_CUBE_MAP_BIT_EXT : 0,
  };
  if (addressModeU === BORDER || addressModeV === BORDER || addressModeW === BORDER) {
    border(gpu, info, state, kind);
  }
  const { pNext: _, ...plain } = info;
  return { info, key: `${JSON.stringify(plain)} ${info.pNext === undefined ? "" : words.join()}` };
}

function border(gpu: Gpu, info: VkSamplerCreateInfo, state: Uint32Array, kind: number): void {
  const swizzle = kind >>> FOR_SWIZZLE, integers = (kind & FOR_INTEGERS) !== 0;
  words.set(state.subarray(4, 8));
  if (swizzle !== 0) {
    // Vulkan's border is the image's, the client's is the format's: each component is found where the format looks for it.
    for (let i = 3; i >= 0; i--) {
      const from = swizzle >>> i * 3 & 7;
      if (from < 4) words[from] = state[4 + i];
    }
  }
  const one = integers ? 1 : 0x3f80_0000;
  const black = words[0] === 0 && words[1] === 0 && words[2] === 0;
  if (black && words[3] === 0) {
    info.borderColor = integers ? VK_BORDER_COLOR_INT_TRANSPARENT_BLACK : VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK;
  } else if (black && words[3] === one) {
    info.borderColor = integers ? VK_BORDER_COLOR_INT_OPAQUE_BLACK : VK_BORDER_COLOR_FLOAT_OPAQUE_BLACK;
  } else if (words.every((word) => word === one)) {
    info.borderColor = integers ? VK_BORDER_COLOR_INT_OPAQUE_WHITE : VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE;
  } else if (gpu.has.customBorderColor && gpu.has.customBorderColorWithoutFormat) {
    info.borderColor = integers ? VK_BORDER_COLOR_INT_CUSTOM_EXT : VK_BORDER_COLOR_FLOAT_CUSTOM_EXT;
    info.pNext = [
      chain(VkSamplerCustomBorderColorCreateInfoEXT, {
        customBorderColor: integers ? { uint32: [...words] } : { float32: [...floats] },
      }),
    ];
  } else {
    // The nearest that there is.
    const bright = integers ? words[0] > 0 : floats[0] + floats[1] + floats[2] > 1.5;
    const opaque = integers ? words[3] > 0 : floats[3] > 0.5;
    info.borderColor = (bright
      ? VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE
      : opaque
      ? VK_BORDER_COLOR_FLOAT_OPAQUE_BLACK
      : VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK) + (integers ? 1 : 0);
  }
}

/** A VkSampler that several may share. */
export class Sampler implements Disposable {
  /** The VkSampler. */
  readonly handle: bigint;
  /** Unique, never used again. */
  readonly id: number;
  /** What it is. */
  readonly key: string;
  /** Who uses it. */
  users = 0;
  readonly #device: Device;

  /** Makes it. @throws {VkError} */
  constructor(device: Device, id: number, { info, key }: SamplerDescription) {
    this.#device = device;
    this.id = id;
    this.key = key;
    this.handle = device.arena.scope((m) => {
      const out = m.alloc(8);
      device.check(
        device.vk.vkCreateSampler(device.handle, m.put(VkSamplerCreateInfo, info), 0n, m.address(out)),
        "vkCreateSampler",
      );
      return m.u64[out >>> 3];
    });
  }

  /** Destroys it. */
  [Symbol.dispose](): void {
    this.#device.vk.vkDestroySampler(this.#device.handle, this.handle, 0n);
  }
}

/** The samplers of a device. */
export class Samplers implements Disposable {
  readonly #gpu: Gpu;
  readonly #samplers = new Map<string, Sampler>();
  readonly #most: number;
  #nextId = 1;
  #default: Sampler | undefined;

  /** None yet. */
  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#most = Math.min(LIMITS.samplers, gpu.limits.maxSamplerAllocationCount - 64);
  }

  /** A sampler for views that the client gave none: nearest, repeating. */
  get default(): Sampler {
    return this.#default ??= this.get(samplerDescription(this.#gpu, new Uint32Array(8), 0));
  }

  /** A sampler; `drop` it. @throws {DrmError} ENOMEM when there are too many. @throws {VkError} */
  get(description: SamplerDescription): Sampler {
    let sampler = this.#samplers.get(description.key);
    if (sampler === undefined) {
      if (this.#samplers.size >= this.#most) {
        throw new DrmError("ENOMEM", `Cannot make a sampler: there are ${this.#most}`);
      }
      sampler = new Sampler(this.#gpu.device, this.#nextId++, description);
      this.#samplers.set(description.key, sampler);
    }
    sampler.users++;
    return sampler;
  }

  /** Ends a `get`; the last user's destroys the sampler behind the GPU. */
  drop(sampler: Sampler, recorder: Recorder): void {
    if (--sampler.users > 0) return;
    this.#samplers.delete(sampler.key);
    recorder.disposeLater(sampler);
  }

  /** Destroys all. */
  [Symbol.dispose](): void {
    for (const sampler of this.#samplers.values()) sampler[Symbol.dispose]();
    this.#samplers.clear();
    this.#default = undefined;
  }
}
