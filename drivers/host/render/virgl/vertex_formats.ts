/**
 * How vertex attributes are fetched: Vulkan has no scaled or normalized components of 32 bits, need not have other scaled ones, and
 * 64-bit floats are for shaders with such. Where it lacks a format, integers of the same bits are fetched, which the shader
 * converts.
 * @module
 */

import type { VirglFormatInfo } from "../../../../uapi/virgl_format.ts";
import type { AttributeType } from "../../shader/tgsi/mod.ts";
import * as vkFormats from "../../vulkan/generated/enums/vk_format.ts";
import { vkVertexFormat } from "./format_names.ts";

/** A vertex attribute as Vulkan fetches it. */
export interface VertexFetch {
  /** VkFormat. */
  readonly vk: number;
  /** VkFormat of what lies 16 bytes further, fetched as another attribute: of 3 or 4 64-bit floats; 0 for nothing. */
  readonly second: number;
  /** What the shader makes of it. */
  readonly type: AttributeType;
  /** Bytes less one that its address is a multiple of. */
  readonly alignment: number;
  /** Where there are three components, but the GPU fetches four only: what the fourth has to be; 0 otherwise. */
  readonly fill: number;
}

/** A fourth component that is 1, of 8 or 16 bits. */
function one(type: string, bits: number): number {
  if (type === "float") return 0x3c00;
  return type === "unorm" ? 2 ** bits - 1 : type === "snorm" ? 2 ** (bits - 1) - 1 : 1;
}

const byName: ReadonlyMap<string, unknown> = new Map(Object.entries(vkFormats));

function array(components: number, bits: number, type: string): number {
  const name = Array.from("RGBA".slice(0, components), (letter) => `${letter}${bits}`).join("");
  const found = byName.get(`VK_FORMAT_${name}_${type}`);
  return typeof found === "number" ? found : 0;
}

/**
 * How a format is fetched; undefined if it is not.
 * @param fetches whether the GPU fetches a VkFormat
 */
export function vertexFetch(info: VirglFormatInfo, fetches: (vk: number) => boolean): VertexFetch | undefined {
  const { channels } = info, whole = info.layout === "plain";
  const vk = vkVertexFormat(info);
  if (vk !== 0 && info.channels[0]?.bits !== 64 && fetches(vk)) {
    const type = !info.isInteger ? "float" : info.type === "sint" ? "int" : "uint";
    return { vk, second: 0, type, alignment: (whole ? channels[0].bits >>> 3 : info.blockBytes) - 1, fill: 0 };
  }
  const components = channels.length, bits = channels[0]?.bits ?? 0;
  if (!whole || info.srgb || info.isDepth || info.isStencil || components === 0) return undefined;
  if (channels.some((channel) => channel.bits !== bits || channel.type !== info.type)) return undefined;
  const ordered = info.swizzle.every((from, i) => from === (i < components ? i : i === 3 ? 5 : 4));
  if (!ordered) return undefined;
  if (info.type === "float" && bits === 64) {
    const first = array(Math.min(components, 2) * 2, 32, "UINT");
    const second = components > 2 ? array((components - 2) * 2, 32, "UINT") : 0;
    return { vk: first, second, type: { from: "double", divisor: 1, components }, alignment: 3, fill: 0 };
  }
  if (components === 3 && bits < 32) {
    // GPUs need not have the formats of three components; those of four they have.
    const wide = array(4, bits, { float: "SFLOAT" }[info.type as string] ?? info.type.toUpperCase());
    const type = !info.isInteger ? "float" : info.type === "sint" ? "int" : "uint";
    const alignment = (bits >>> 3) - 1, fill = one(info.type, bits);
    if (wide !== 0 && fetches(wide)) return { vk: wide, second: 0, type, alignment, fill };
  }
  const signed = info.type === "sscaled" || info.type === "snorm", normalized = info.type.endsWith("norm");
  if (!signed && info.type !== "uscaled" && info.type !== "unorm") return undefined;
  const integers = signed ? "SINT" : "UINT";
  let fetched = array(components, bits, integers), fill = 0;
  if (components === 3 && bits < 32 && !fetches(fetched)) {
    fetched = array(4, bits, integers);
    fill = 1;
  }
  if (fetched === 0 || !fetches(fetched)) return undefined;
  const divisor = normalized ? 2 ** (signed ? bits - 1 : bits) - 1 : 1;
  return {
    vk: fetched,
    second: 0,
    type: { from: signed ? "int" : "uint", divisor, components },
    alignment: (bits >>> 3) - 1,
    fill,
  };
}
