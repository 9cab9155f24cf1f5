/**
 * Reads what a virgl format is from its name: `B8G8R8A8_UNORM` has four channels of 8 bits, blue in the lowest bits, of which
 * red is the third. Follows the conventions of Gallium's src/util/format/u_format.csv; names that break them stand in a table.
 * @module
 */

import type { VirglAspect, VirglChannel, VirglChannelType, VirglFormatInfo, VirglLayout } from "./virgl_format.ts";

/** PIPE_SWIZZLE_*, by the letters of Gallium's tables. */
const SWIZZLE = "xyzw01_";

type Swizzle = readonly [number, number, number, number];

function swizzleOf(letters: string): Swizzle {
  const [r, g, b, a] = Array.from(letters, (letter) => SWIZZLE.indexOf(letter));
  return [r, g, b, a];
}

const TYPES: Readonly<Record<string, VirglChannelType>> = {
  UNORM: "unorm",
  SNORM: "snorm",
  SRGB: "unorm",
  UINT: "uint",
  SINT: "sint",
  FLOAT: "float",
  UFLOAT: "float",
  USCALED: "uscaled",
  SSCALED: "sscaled",
  FIXED: "fixed",
};

/** A format that its name does not describe: layout, block width, block bytes, channels as `type:bits`, swizzle. */
type Odd = readonly [layout: VirglLayout, width: number, bytes: number, channels: string, swizzle: string];

const ODD: Readonly<Record<string, Odd>> = {
  R1_UNORM: ["other", 8, 1, "", "x001"],
  R8G8Bx_SNORM: ["other", 1, 2, "snorm:8 snorm:8", "xyz1"],
  R11G11B10_FLOAT: ["other", 1, 4, "float:11 float:11 float:10", "xyz1"],
  R9G9B9E5_FLOAT: ["other", 1, 4, "float:9 float:9 float:9 void:5", "xyz1"],
  R8SG8SB8UX8U_NORM: ["plain", 1, 4, "snorm:8 snorm:8 unorm:8 void:8", "xyz1"],
  R5SG5SB6U_NORM: ["packed", 1, 2, "snorm:5 snorm:5 unorm:6", "xyz1"],
  R10SG10SB10SA2U_NORM: ["packed", 1, 4, "snorm:10 snorm:10 snorm:10 unorm:2", "xyzw"],
  UYVY: ["subsampled", 2, 4, "", "xyz1"],
  YUYV: ["subsampled", 2, 4, "", "xyz1"],
  R8G8_B8G8_UNORM: ["subsampled", 2, 4, "", "xyz1"],
  G8R8_G8B8_UNORM: ["subsampled", 2, 4, "", "xyz1"],
  R8G8_R8B8_UNORM: ["subsampled", 2, 4, "", "yxz1"],
  G8R8_B8R8_UNORM: ["subsampled", 2, 4, "", "yxz1"],
  YV12: ["planar3", 1, 0, "", "xyzw"],
  YV16: ["planar3", 1, 0, "", "xyzw"],
  IYUV: ["planar3", 1, 0, "", "xyzw"],
  NV12: ["planar2", 1, 0, "", "xyzw"],
  NV21: ["planar2", 1, 0, "", "xyzw"],
  P010: ["planar2", 1, 0, "", "xyzw"],
  P012: ["planar2", 1, 0, "", "xyzw"],
  P016: ["planar2", 1, 0, "", "xyzw"],
};

interface Block {
  readonly layout: VirglLayout;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly swizzle: string;
}

/** What the name of a compressed format says of its blocks; undefined for other names. */
function compressed(name: string): Block | undefined {
  const astc = /^ASTC_(\d+)x(\d+)/.exec(name);
  if (astc) return { layout: "astc", width: Number(astc[1]), height: Number(astc[2]), bytes: 16, swizzle: "xyzw" };
  const found = /^(DXT|RGTC|LATC|ETC|BPTC)(\d?)_(.*)$/.exec(name);
  if (!found) return undefined;
  const [, family, digit, rest] = found;
  const at = (layout: VirglLayout, bytes: number, swizzle: string): Block => (
    { layout, width: 4, height: 4, bytes, swizzle }
  );
  switch (family) {
    case "DXT":
      return at("s3tc", digit === "1" ? 8 : 16, rest.endsWith("A") ? "xyzw" : "xyz1");
    case "RGTC":
      return digit === "1" ? at("rgtc", 8, "x001") : at("rgtc", 16, "xy01");
    case "LATC":
      return digit === "1" ? at("rgtc", 8, "xxx1") : at("rgtc", 16, "xxxy");
    case "BPTC":
      return at("bptc", 16, rest.includes("RGBA") ? "xyzw" : "xyz1");
    default:
      if (rest.startsWith("R11")) return at("etc", 8, "x001");
      if (rest.startsWith("RG11")) return at("etc", 16, "xy01");
      if (rest.endsWith("A8")) return at("etc", 16, "xyzw");
      return at("etc", 8, rest.endsWith("A1") ? "xyzw" : "xyz1");
  }
}

/** The value type of a format whose channels the name does not list. */
function blockType(name: string): VirglChannelType {
  return TYPES[name.slice(name.lastIndexOf("_") + 1)] ?? "unorm";
}

function channelsOf(specs: readonly (readonly [VirglChannelType, number])[]): VirglChannel[] {
  let shift = 0;
  return specs.map(([type, bits]) => {
    const channel = Object.freeze({ type, bits, shift });
    shift += bits;
    return channel;
  });
}

/** The lettered channels of a name, and their swizzle. */
function lettered(name: string): { letters: string; channels: VirglChannel[]; swizzle: string } {
  const specs: [VirglChannelType, number][] = [];
  let letters = "";
  const words = name.split("_");
  for (const [i, word] of words.entries()) {
    if (word in TYPES) continue;
    const type = TYPES[words[i + 1]] ?? "void";
    for (const [, letter, bits] of word.matchAll(/([RGBAXLIZS])(\d+)/g)) {
      letters += letter;
      specs.push([letter === "X" ? "void" : type, Number(bits)]);
    }
  }
  if (specs.length === 0) throw new TypeError(`Cannot describe the format ${name}: it names no channels`);
  const at = (letter: string): string => SWIZZLE[letters.indexOf(letter)] ?? "";
  const swizzle = /[ZS]/.test(letters)
    ? `${at("Z") || "_"}${at("S") || "_"}__`
    : ["R", "G", "B"].map((c) => at(c) || at("L") || at("I") || "0").join("") + (at("A") || at("I") || "1");
  return { letters, channels: channelsOf(specs), swizzle };
}

function whole(bits: number): boolean {
  return bits === 8 || bits === 16 || bits === 32 || bits === 64;
}

/** What a format is, from its name without `VIRGL_FORMAT_`. Throws a TypeError for a name that follows no convention. */
export function describeFormat(name: string, number: number): VirglFormatInfo {
  const odd = ODD[name];
  const block = odd ? { layout: odd[0], width: odd[1], height: 1, bytes: odd[2], swizzle: odd[4] } : compressed(name);
  const srgb = /SRGB/.test(name);
  if (block) {
    const channels = channelsOf(
      (odd?.[3] ? odd[3].split(" ") : []).map((spec) => {
        const [type, bits] = spec.split(":");
        return [type as VirglChannelType, Number(bits)];
      }),
    );
    return {
      name,
      number,
      blockWidth: block.width,
      blockHeight: block.height,
      blockBytes: block.bytes,
      layout: block.layout,
      channels: Object.freeze(channels),
      swizzle: Object.freeze(swizzleOf(block.swizzle)),
      type: channels[0]?.type ?? blockType(name),
      srgb,
      isInteger: false,
      isDepth: false,
      isStencil: false,
      aspect: "color",
    };
  }
  const { letters, channels, swizzle } = lettered(name);
  const isDepth = letters.includes("Z");
  const isStencil = letters.includes("S");
  const bits = channels.reduce((sum, channel) => sum + channel.bits, 0);
  const shown = isDepth ? channels[letters.indexOf("Z")] : channels.find((channel) => channel.type !== "void");
  const type = shown?.type ?? "void";
  const aspect: VirglAspect = isDepth ? (isStencil ? "depth_stencil" : "depth") : isStencil ? "stencil" : "color";
  return {
    name,
    number,
    blockWidth: 1,
    blockHeight: 1,
    blockBytes: bits / 8,
    layout: aspect !== "color" ? "depth_stencil" : channels.every((c) => whole(c.bits)) ? "plain" : "packed",
    channels: Object.freeze(channels),
    swizzle: Object.freeze(swizzleOf(swizzle)),
    type,
    srgb,
    isInteger: type === "uint" || type === "sint",
    isDepth,
    isStencil,
    aspect,
  };
}
