/**
 * The formats of a GPU: for each virgl format, which VkFormat holds it, how its components are found there, and what the
 * device can do with it. Asked of the device once, at the start.
 * @module
 */

import { VIRGL_FORMATS, type VirglFormatInfo } from "../../../../uapi/virgl_format.ts";
import {
  VK_COMPONENT_SWIZZLE_IDENTITY,
  VK_COMPONENT_SWIZZLE_ONE,
  VK_COMPONENT_SWIZZLE_R,
  VK_COMPONENT_SWIZZLE_ZERO,
  VK_FORMAT_D24_UNORM_S8_UINT,
  VK_FORMAT_D32_SFLOAT,
  VK_FORMAT_D32_SFLOAT_S8_UINT,
  VK_FORMAT_FEATURE_BLIT_DST_BIT,
  VK_FORMAT_FEATURE_BLIT_SRC_BIT,
  VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT,
  VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BLEND_BIT,
  VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT,
  VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT,
  VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT,
  VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT,
  VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT,
  VK_FORMAT_FEATURE_TRANSFER_DST_BIT,
  VK_FORMAT_FEATURE_TRANSFER_SRC_BIT,
  VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT,
  VK_FORMAT_FEATURE_VERTEX_BUFFER_BIT,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_ASPECT_DEPTH_BIT,
  VK_IMAGE_ASPECT_STENCIL_BIT,
  VK_IMAGE_TILING_OPTIMAL,
  VK_IMAGE_TYPE_2D,
  VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
  VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT,
  VK_IMAGE_USAGE_SAMPLED_BIT,
  VK_IMAGE_USAGE_STORAGE_BIT,
  VK_IMAGE_USAGE_TRANSFER_DST_BIT,
  VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
  VkFormatProperties,
  VkImageFormatProperties,
} from "../../vulkan/mod.ts";
import { colourOrder, IDENTITY, isIdentity, type Swizzle, vkChoices, vkVertexFormat } from "./format_names.ts";
import type { Gpu } from "./gpu.ts";
import { type VertexFetch, vertexFetch } from "./vertex_formats.ts";

/**
 * How bytes of guest memory become texels. `direct`: as they are. The others go through the CPU, texel by texel, between the
 * layout on the wire and those of Vulkan's copies (depth and stencil apart): see depth_texels.ts.
 */
export type CopyKind = "direct" | "depth" | "depth_stencil";

/** A virgl format on this GPU. */
export interface GpuFormat {
  /** VIRGL_FORMAT_*. */
  readonly virgl: number;
  /** What it is. */
  readonly info: VirglFormatInfo;
  /** VkFormat. */
  readonly vk: number;
  /** VkImageAspectFlags of an image. */
  readonly aspect: number;
  /** The VkImageAspectFlagBits that a sampled view reads: depth of depth and stencil, stencil of X24S8 and its like. */
  readonly viewAspect: number;
  /** Which component of the image gives R, G, B and A: PIPE_SWIZZLE_* (0 to 3; 4 zero, 5 one). */
  readonly swizzle: Swizzle;
  /** The same as VkComponentSwizzle. */
  readonly components: readonly [number, number, number, number];
  /**
   * What a fragment shader has to write to R, G, B and A of the attachment: component of its output (0 to 3), 4 where nothing is
   * read. The identity, as far as there are components, for every format that `canRender` but `alphaOnly` ones.
   */
  readonly outputSwizzle: Swizzle;
  /** It has alpha alone, and that in the attachment's red: what is written, cleared and blended there is alpha. */
  readonly alphaOnly: boolean;
  /** Whether it has alpha; what blends with the destination's alpha has to take 1 otherwise. */
  readonly hasAlpha: boolean;
  /** Texels a block. */
  readonly blockWidth: number;
  /** Rows a block. */
  readonly blockHeight: number;
  /** Bytes a block on the wire. */
  readonly blockBytes: number;
  /** How transfers go. */
  readonly copy: CopyKind;
  /** VkFormatFeatureFlags of tiled images. */
  readonly features: number;
  /** Can be sampled. */
  readonly canSample: boolean;
  /** Can be sampled with linear filters. */
  readonly canFilter: boolean;
  /** Can be a colour attachment. */
  readonly canRender: boolean;
  /** Such an attachment can be blended. */
  readonly canBlend: boolean;
  /** Can be a depth or stencil attachment. */
  readonly canDepth: boolean;
  /** Can be a vertex attribute. */
  readonly canVertex: boolean;
  /** Can be a texel buffer's that is read: shaders apply `swizzle`. */
  readonly canTexelBuffer: boolean;
  /** Can be a storage image's. */
  readonly canStorage: boolean;
  /** Can be a storage texel buffer's. */
  readonly canStorageBuffer: boolean;
  /** Vulkan has storage texel buffers of its VkFormat, whatever their components mean. */
  readonly storesTexels: boolean;
  /** Can be the source of vkCmdBlitImage. */
  readonly canBlitFrom: boolean;
  /** Can be the target of vkCmdBlitImage. */
  readonly canBlitTo: boolean;
  /** VkSampleCountFlags of 2D images with the usual usages; 1 at least. */
  readonly sampleCounts: number;
  /** The most samples of those. */
  readonly maxSamples: number;
}

const COPIES = VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
const STENCIL_VIEWS: ReadonlySet<string> = new Set(["X24S8_UINT", "S8X24_UINT", "X32_S8X24_UINT"]);

/** The formats of one GPU. */
export class Formats {
  readonly #table: (GpuFormat | undefined)[] = [];
  readonly #vertex: (VertexFetch | undefined)[] = [];

  /** Asks the device about every format. @param gpu an open GPU */
  constructor(gpu: Gpu) {
    for (const info of VIRGL_FORMATS) {
      this.#table[info.number] = describe(gpu, info);
      const fetches = (vk: number) => (properties(gpu, vk).bufferFeatures & VK_FORMAT_FEATURE_VERTEX_BUFFER_BIT) !== 0;
      this.#vertex[info.number] = vertexFetch(info, fetches);
    }
  }

  /** A format on this GPU; undefined for one that is none, or that the GPU cannot hold. */
  of(format: number): GpuFormat | undefined {
    return this.#table[format];
  }

  /** How a vertex attribute is fetched; undefined if the GPU fetches none such. */
  vertexFetch(format: number): VertexFetch | undefined {
    return this.#vertex[format];
  }

  /** Every format that the GPU can hold. */
  all(): GpuFormat[] {
    return this.#table.filter((format) => format !== undefined);
  }
}

/**
 * Whether an image of one format may be seen as another: the same VkFormat, or colours of blocks of one size
 * (VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT; compressed ones only as the same code with another transfer function).
 */
export function viewCompatible(image: GpuFormat, view: GpuFormat): boolean {
  if (image.vk === view.vk) return true;
  if (image.aspect !== VK_IMAGE_ASPECT_COLOR_BIT || view.aspect !== VK_IMAGE_ASPECT_COLOR_BIT) return false;
  if (image.blockBytes !== view.blockBytes) return false;
  const compressed = image.blockHeight > 1 || image.blockWidth > 1;
  if (!compressed) return view.blockWidth === 1 && view.blockHeight === 1;
  return compressedClass(image.info.name) === compressedClass(view.info.name);
}

function compressedClass(name: string): string {
  return name.replace(/_(UNORM|SNORM|FLOAT|UFLOAT)$/, "").replace("SRGB", "RGB").replace("LATC", "RGTC");
}

interface Properties {
  readonly optimalTilingFeatures: number;
  readonly bufferFeatures: number;
}

function properties({ device, vk }: Gpu, format: number): Properties {
  return device.arena.scope((m) => {
    const at = m.alloc(VkFormatProperties.size);
    vk.vkGetPhysicalDeviceFormatProperties(device.physical.handle, format, m.address(at));
    return VkFormatProperties.read(m, at);
  });
}

function sampleCounts({ device, vk }: Gpu, format: number, usage: number): number {
  return device.arena.scope((m) => {
    const at = m.alloc(VkImageFormatProperties.size);
    const result = vk.vkGetPhysicalDeviceImageFormatProperties(
      device.physical.handle,
      format,
      VK_IMAGE_TYPE_2D,
      VK_IMAGE_TILING_OPTIMAL,
      usage,
      0,
      m.address(at),
    );
    return result < 0 ? 1 : VkImageFormatProperties.read(m, at).sampleCounts & 0x1f;
  });
}

function aspectOf(info: VirglFormatInfo, vk: number): number {
  if (!info.isDepth && !info.isStencil) return VK_IMAGE_ASPECT_COLOR_BIT;
  const both = VK_IMAGE_ASPECT_DEPTH_BIT | VK_IMAGE_ASPECT_STENCIL_BIT;
  if (vk === VK_FORMAT_D24_UNORM_S8_UINT || vk === VK_FORMAT_D32_SFLOAT_S8_UINT) return both;
  return info.isDepth ? VK_IMAGE_ASPECT_DEPTH_BIT : VK_IMAGE_ASPECT_STENCIL_BIT;
}

function copyOf(info: VirglFormatInfo, vk: number): CopyKind {
  if (!info.isDepth && !info.isStencil) return "direct";
  if (info.isDepth && info.isStencil || STENCIL_VIEWS.has(info.name)) return "depth_stencil";
  if (info.name === "X8Z24_UNORM" || info.name === "Z24X8_UNORM") return "depth";
  return vk === VK_FORMAT_D32_SFLOAT && info.name !== "Z32_FLOAT" ? "depth" : "direct";
}

/** PIPE_SWIZZLE_* as VkComponentSwizzle. */
export function vkComponent(swizzle: number, place: number): number {
  if (swizzle === place) return VK_COMPONENT_SWIZZLE_IDENTITY;
  if (swizzle < 4) return VK_COMPONENT_SWIZZLE_R + swizzle;
  return swizzle === 5 ? VK_COMPONENT_SWIZZLE_ONE : VK_COMPONENT_SWIZZLE_ZERO;
}

/** Whether all there is is alpha, held as red. */
function isAlphaOnly(swizzle: Swizzle): boolean {
  return swizzle[3] === 0 && swizzle[0] === 4 && swizzle[1] === 4 && swizzle[2] === 4;
}

/** Whether red, green and blue are the attachment's red, and alpha is 1: what is written as red comes back. */
function isLuminance(swizzle: Swizzle): boolean {
  return swizzle[0] === 0 && swizzle[1] === 0 && swizzle[2] === 0 && swizzle[3] === 5;
}

function outputOf(swizzle: Swizzle): Swizzle {
  // Blend factors look for the source's alpha in A.
  if (isAlphaOnly(swizzle)) return [3, 4, 4, 3];
  const find = (component: number) => {
    const at = swizzle.indexOf(component);
    return at < 0 ? 4 : at;
  };
  return [find(0), find(1), find(2), find(3)];
}

function describe(gpu: Gpu, info: VirglFormatInfo): GpuFormat | undefined {
  if (info.blockBytes === 0) return undefined;
  for (const { vk, swizzle } of vkChoices(info)) {
    const { optimalTilingFeatures: features, bufferFeatures } = properties(gpu, vk);
    const has = (bit: number) => (features & bit) !== 0;
    const sampled = has(VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT),
      depth = has(VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT);
    // Storage has no swizzle. Nor have texel buffers, but shaders that read them swizzle by themselves.
    const plain = isIdentity(swizzle, info.channels.length);
    const texels = (bufferFeatures & VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT) !== 0;
    const storesTexels = (bufferFeatures & VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT) !== 0;
    const vertex = vkVertexFormat(info) === vk && (bufferFeatures & VK_FORMAT_FEATURE_VERTEX_BUFFER_BIT) !== 0;
    const isImage = (features & COPIES) === COPIES && (sampled || depth);
    if (!isImage && !texels && !vertex) continue;
    const zs = info.isDepth || info.isStencil;
    const ordered = colourOrder(swizzle) || isAlphaOnly(swizzle) || isLuminance(swizzle);
    const signed = info.type === "snorm";
    const blends = has(VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BLEND_BIT) || (signed && gpu.blendsSigned);
    // OpenGL need not render to signed fractions, and has no way to say that what is rendered to cannot be blended.
    const renders = isImage && ordered && has(VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT) && (blends || !signed);
    const attachment = zs ? VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT : VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
    const usage = attachment | (sampled ? VK_IMAGE_USAGE_SAMPLED_BIT : 0) | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
      VK_IMAGE_USAGE_TRANSFER_DST_BIT;
    const counts = isImage && (renders || depth) ? sampleCounts(gpu, vk, usage) | 1 : 1;
    const aspect = aspectOf(info, vk);
    const stencilView = STENCIL_VIEWS.has(info.name);
    const component = (i: 0 | 1 | 2 | 3) => vkComponent(swizzle[i], i);
    return {
      virgl: info.number,
      info,
      vk,
      aspect,
      viewAspect: stencilView
        ? VK_IMAGE_ASPECT_STENCIL_BIT
        : (aspect & VK_IMAGE_ASPECT_DEPTH_BIT) !== 0
        ? VK_IMAGE_ASPECT_DEPTH_BIT
        : aspect,
      swizzle,
      components: [component(0), component(1), component(2), component(3)],
      outputSwizzle: zs ? IDENTITY : outputOf(swizzle),
      alphaOnly: isAlphaOnly(swizzle),
      hasAlpha: swizzle[3] < 4,
      blockWidth: info.blockWidth,
      blockHeight: info.blockHeight,
      blockBytes: info.blockBytes,
      copy: copyOf(info, vk),
      features: isImage ? features : 0,
      canSample: isImage && sampled,
      canFilter: isImage &&
        (has(VK_FORMAT_FEATURE_SAMPLED_IMAGE_FILTER_LINEAR_BIT) || (info.isDepth && sampled && gpu.filtersDepth)),
      canRender: renders && !zs,
      canBlend: renders && blends,
      canDepth: isImage && zs && depth && !stencilView,
      canVertex: vertex,
      canTexelBuffer: texels,
      canStorage: isImage && plain && has(VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT),
      canStorageBuffer: plain && storesTexels,
      storesTexels,
      canBlitFrom: isImage && has(VK_FORMAT_FEATURE_BLIT_SRC_BIT),
      canBlitTo: isImage && has(VK_FORMAT_FEATURE_BLIT_DST_BIT),
      sampleCounts: counts,
      maxSamples: counts === 0 ? 1 : 2 ** (31 - Math.clz32(counts)),
    };
  }
  return undefined;
}

/** Usage flags that an image of a format may have on this GPU, beyond copies. @param storage whether images are to be stored to */
export function imageUsage(format: GpuFormat, storage: boolean): number {
  return VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
    (format.canSample ? VK_IMAGE_USAGE_SAMPLED_BIT : 0) |
    ((format.features & VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT) !== 0 ? VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT : 0) |
    ((format.features & VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT) !== 0
      ? VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT
      : 0) |
    (storage && format.canStorage ? VK_IMAGE_USAGE_STORAGE_BIT : 0);
}

/** What a GPU may still do with an image that it cannot make with a usage: first it need not be stored to, then not rendered to. */
export function lesserUsage(usage: number): number {
  if ((usage & VK_IMAGE_USAGE_STORAGE_BIT) !== 0) return usage & ~VK_IMAGE_USAGE_STORAGE_BIT;
  if ((usage & VK_IMAGE_USAGE_SAMPLED_BIT) === 0) return usage;
  return usage & ~(VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT);
}
