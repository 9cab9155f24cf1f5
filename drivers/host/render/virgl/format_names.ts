/**
 * Which VkFormat holds a virgl format, and how its components are found there. Most follow from the channels: the same bits in
 * the same order, the components permuted where Vulkan has no such order (L8 is R8 read as RRR1, A8R8G8B8 is R8G8B8A8 read as GBAR).
 * Depth, stencil and compressed formats stand in tables.
 * @module
 */

import type { VirglFormatInfo } from "../../../../uapi/virgl_format.ts";
import * as vkFormats from "../../vulkan/generated/enums/vk_format.ts";

/** Component indices 0 to 3 of R, G, B and A, 4 for zero, 5 for one: PIPE_SWIZZLE_*. */
export type Swizzle = readonly [number, number, number, number];

/** A VkFormat, and which of its components give red, green, blue and alpha. */
export interface VkChoice {
  /** VkFormat. */
  readonly vk: number;
  /** Where R, G, B and A are: PIPE_SWIZZLE_*. */
  readonly swizzle: Swizzle;
}

/** R, G, B, A as they are. */
export const IDENTITY: Swizzle = [0, 1, 2, 3];

const byName = new Map<string, number>();
for (const [name, value] of Object.entries(vkFormats)) {
  if (typeof value === "number" && name.startsWith("VK_FORMAT_")) byName.set(name.slice(10), value);
}

const TYPES: Readonly<Record<string, string>> = {
  unorm: "UNORM",
  snorm: "SNORM",
  uint: "UINT",
  sint: "SINT",
  float: "SFLOAT",
  uscaled: "USCALED",
  sscaled: "SSCALED",
};

/** A Vulkan format of one word: widths from the lowest bits up, and the components there. */
interface PackedFormat {
  readonly vk: number;
  readonly type: string;
  readonly bits: readonly number[];
  readonly components: readonly number[];
}

const packed: PackedFormat[] = [];
for (const [name, vk] of byName) {
  const found = /^((?:[RGBA]\d+)+)_([A-Z]+)_PACK\d+$/.exec(name);
  if (found === null || found[2] === "UFLOAT") continue;
  const parts = [...found[1].matchAll(/([RGBA])(\d+)/g)].reverse();
  packed.push({
    vk,
    type: found[2],
    bits: parts.map(([, , bits]) => Number(bits)),
    components: parts.map(([, letter]) => "RGBA".indexOf(letter)),
  });
}

/** Compressed formats, and those with a rule of their own, by virgl name. */
const NAMED: Readonly<Record<string, readonly [vk: string, swizzle?: Swizzle]>> = {
  R11G11B10_FLOAT: ["B10G11R11_UFLOAT_PACK32"],
  R9G9B9E5_FLOAT: ["E5B9G9R9_UFLOAT_PACK32"],
  DXT1_RGB: ["BC1_RGB_UNORM_BLOCK"],
  DXT1_RGBA: ["BC1_RGBA_UNORM_BLOCK"],
  DXT3_RGBA: ["BC2_UNORM_BLOCK"],
  DXT5_RGBA: ["BC3_UNORM_BLOCK"],
  DXT1_SRGB: ["BC1_RGB_SRGB_BLOCK"],
  DXT1_SRGBA: ["BC1_RGBA_SRGB_BLOCK"],
  DXT3_SRGBA: ["BC2_SRGB_BLOCK"],
  DXT5_SRGBA: ["BC3_SRGB_BLOCK"],
  RGTC1_UNORM: ["BC4_UNORM_BLOCK"],
  RGTC1_SNORM: ["BC4_SNORM_BLOCK"],
  RGTC2_UNORM: ["BC5_UNORM_BLOCK"],
  RGTC2_SNORM: ["BC5_SNORM_BLOCK"],
  LATC1_UNORM: ["BC4_UNORM_BLOCK", [0, 0, 0, 5]],
  LATC1_SNORM: ["BC4_SNORM_BLOCK", [0, 0, 0, 5]],
  LATC2_UNORM: ["BC5_UNORM_BLOCK", [0, 0, 0, 1]],
  LATC2_SNORM: ["BC5_SNORM_BLOCK", [0, 0, 0, 1]],
  BPTC_RGBA_UNORM: ["BC7_UNORM_BLOCK"],
  BPTC_SRGBA: ["BC7_SRGB_BLOCK"],
  BPTC_RGB_FLOAT: ["BC6H_SFLOAT_BLOCK"],
  BPTC_RGB_UFLOAT: ["BC6H_UFLOAT_BLOCK"],
  // ETC2 reads every block of ETC1 as ETC1 does.
  ETC1_RGB8: ["ETC2_R8G8B8_UNORM_BLOCK"],
  ETC2_RGB8: ["ETC2_R8G8B8_UNORM_BLOCK"],
  ETC2_SRGB8: ["ETC2_R8G8B8_SRGB_BLOCK"],
  ETC2_RGB8A1: ["ETC2_R8G8B8A1_UNORM_BLOCK"],
  ETC2_SRGB8A1: ["ETC2_R8G8B8A1_SRGB_BLOCK"],
  ETC2_RGBA8: ["ETC2_R8G8B8A8_UNORM_BLOCK"],
  ETC2_SRGBA8: ["ETC2_R8G8B8A8_SRGB_BLOCK"],
  ETC2_R11_UNORM: ["EAC_R11_UNORM_BLOCK"],
  ETC2_R11_SNORM: ["EAC_R11_SNORM_BLOCK"],
  ETC2_RG11_UNORM: ["EAC_R11G11_UNORM_BLOCK"],
  ETC2_RG11_SNORM: ["EAC_R11G11_SNORM_BLOCK"],
};

/** Depth and stencil formats: candidates in order of preference. D24 is optional in Vulkan, and so are its replacements. */
const DEPTH: Readonly<Record<string, readonly string[]>> = {
  Z16_UNORM: ["D16_UNORM"],
  Z32_UNORM: ["D32_SFLOAT"],
  Z32_FLOAT: ["D32_SFLOAT"],
  Z24X8_UNORM: ["X8_D24_UNORM_PACK32", "D24_UNORM_S8_UINT", "D32_SFLOAT"],
  X8Z24_UNORM: ["X8_D24_UNORM_PACK32", "D24_UNORM_S8_UINT", "D32_SFLOAT"],
  Z24_UNORM_S8_UINT: ["D24_UNORM_S8_UINT", "D32_SFLOAT_S8_UINT"],
  S8_UINT_Z24_UNORM: ["D24_UNORM_S8_UINT", "D32_SFLOAT_S8_UINT"],
  X24S8_UINT: ["D24_UNORM_S8_UINT", "D32_SFLOAT_S8_UINT"],
  S8X24_UINT: ["D24_UNORM_S8_UINT", "D32_SFLOAT_S8_UINT"],
  Z32_FLOAT_S8X24_UINT: ["D32_SFLOAT_S8_UINT"],
  X32_S8X24_UINT: ["D32_SFLOAT_S8_UINT"],
  S8_UINT: ["S8_UINT"],
};

/** Through a permutation: `outer` names channels, `places` says which component each channel is. */
function through(outer: Swizzle, places: readonly number[]): Swizzle {
  const at = (i: number) => i < 4 ? places[i] ?? 4 : i;
  return [at(outer[0]), at(outer[1]), at(outer[2]), at(outer[3])];
}

/** Whether a format of so many components is read as Vulkan reads it, without a permutation. */
export function isIdentity(swizzle: Swizzle, channels: number): boolean {
  // Of components that the Vulkan format lacks, Vulkan itself gives 0, 0 and 1.
  return swizzle.every((from, i) => from === i || (i >= channels && from === (i === 3 ? 5 : 4)));
}

/**
 * The formats of Vulkan that can hold a virgl format, best first. None for what Vulkan cannot hold bit for bit.
 * @param info the virgl format
 */
export function vkChoices(info: VirglFormatInfo): VkChoice[] {
  const named = NAMED[info.name];
  if (named !== undefined) {
    const vk = byName.get(named[0]);
    return vk === undefined ? [] : [{ vk, swizzle: named[1] ?? IDENTITY }];
  }
  if (info.layout === "astc") {
    const found = /^ASTC_(\d+x\d+)(_SRGB)?$/.exec(info.name);
    const vk = found === null ? undefined : byName.get(`ASTC_${found[1]}_${found[2] ? "SRGB" : "UNORM"}_BLOCK`);
    return vk === undefined ? [] : [{ vk, swizzle: IDENTITY }];
  }
  if (info.isDepth || info.isStencil) {
    return (DEPTH[info.name] ?? []).map((name) => byName.get(name)).filter((vk) => vk !== undefined)
      .map((vk) => ({ vk, swizzle: IDENTITY }));
  }
  const type = info.srgb ? "SRGB" : TYPES[info.type];
  const { channels } = info;
  if (type === undefined || channels.length === 0) return [];
  if (channels.some((c) => c.type !== "void" && c.type !== info.type)) return [];
  if (info.layout === "packed") {
    return packed.filter((f) =>
      f.type === type && f.bits.length === channels.length && f.bits.every((bits, i) => bits === channels[i].bits)
    ).map(({ vk, components }) => ({ vk, swizzle: through(info.swizzle, components) }))
      .sort((a, b) => badness(a, channels.length) - badness(b, channels.length));
  }
  if (info.layout !== "plain" || channels.some((c) => c.bits !== channels[0].bits)) return [];
  const choices: VkChoice[] = [];
  const letters = ["RGBA", "BGRA"];
  for (const order of letters) {
    const used = order.slice(0, channels.length);
    if (order === "BGRA" && channels.length < 3) continue;
    const vk = byName.get(`${Array.from(used, (l) => `${l}${channels[0].bits}`).join("")}_${type}`);
    if (vk === undefined) continue;
    choices.push({ vk, swizzle: through(info.swizzle, Array.from(used, (l) => "RGBA".indexOf(l))) });
  }
  return choices.sort((a, b) => badness(a, channels.length) - badness(b, channels.length));
}

function badness({ swizzle }: VkChoice, channels: number): number {
  return isIdentity(swizzle, channels) ? 0 : colourOrder(swizzle) ? 1 : 2;
}

/** Whether red, green and blue are where they belong, so that rendering works without a permutation. */
export function colourOrder(swizzle: Swizzle): boolean {
  return swizzle[0] === 0 && (swizzle[1] === 1 || swizzle[1] >= 4) && (swizzle[2] === 2 || swizzle[2] >= 4) &&
    (swizzle[3] === 3 || swizzle[3] >= 4);
}

/** The VkFormat of a vertex attribute, whatever the device supports; 0 for none. */
export function vkVertexFormat(info: VirglFormatInfo): number {
  if (info.srgb || info.isDepth || info.isStencil) return 0;
  const [best] = vkChoices(info);
  // Vertex fetch has no swizzle: the components must be where shaders look.
  if (best === undefined || info.blockWidth !== 1) return 0;
  return isIdentity(best.swizzle, info.channels.length) ? best.vk : 0;
}
