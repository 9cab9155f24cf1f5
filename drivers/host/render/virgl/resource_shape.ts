/**
 * What a resource may be: the checks of a RESOURCE_CREATE, in the order of virglrenderer's check_resource_valid, and the sizes of
 * its levels. Everything here is a client's word.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import type { Resource3dInfo } from "../../../../core/host3d.ts";
import {
  PIPE_BUFFER,
  PIPE_TEXTURE_1D,
  PIPE_TEXTURE_1D_ARRAY,
  PIPE_TEXTURE_2D,
  PIPE_TEXTURE_2D_ARRAY,
  PIPE_TEXTURE_3D,
  PIPE_TEXTURE_CUBE,
  PIPE_TEXTURE_CUBE_ARRAY,
  PIPE_TEXTURE_RECT,
} from "../../../../uapi/pipe.ts";
import {
  VK_IMAGE_CREATE_2D_ARRAY_COMPATIBLE_BIT,
  VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT,
  VK_IMAGE_TYPE_1D,
  VK_IMAGE_TYPE_2D,
  VK_IMAGE_TYPE_3D,
} from "../../vulkan/mod.ts";
import type { GpuFormat } from "./formats.ts";
import type { Gpu } from "./gpu.ts";

/** The shape of an image. */
export interface ImageShape {
  /** VkImageType. */
  readonly type: number;
  /** VkImageCreateFlags that the target needs. */
  readonly flags: number;
  /** Columns of level 0. */
  readonly width: number;
  /** Rows of level 0. */
  readonly height: number;
  /** Slices of level 0; 1 but for 3D. */
  readonly depth: number;
  /** Layers; 6 times as many as cubes. */
  readonly layers: number;
  /** Levels. */
  readonly levels: number;
  /** Samples, a power of two. */
  readonly samples: number;
}

function invalid(why: string): DrmError {
  return new DrmError("EINVAL", `Cannot make a resource: ${why}`);
}

function count(name: string, value: number, most: number): number {
  if (!(Number.isInteger(value) && value >= 1 && value <= most)) {
    throw invalid(`its ${name} is ${value}, which is to be 1 to ${most}`);
  }
  return value;
}

/** Bytes of a buffer resource. @throws {DrmError} EINVAL. */
export function bufferSize(info: Resource3dInfo): number {
  const { width, height, depth, arraySize, lastLevel, nrSamples } = info;
  // Mesa's fences are buffers with an array size of 0.
  if (height !== 1 || depth !== 1 || arraySize > 1 || lastLevel !== 0 || nrSamples > 1) {
    throw invalid("a buffer has a width and nothing else");
  }
  // 2 GiB: offsets of bytes stay exact as 32-bit words, and copies as signed numbers.
  return count("width", width, 0x7fffffff);
}

/** The shape of a texture resource. @throws {DrmError} EINVAL. */
export function imageShape(gpu: Gpu, info: Resource3dInfo, format: GpuFormat): ImageShape {
  const { limits } = gpu;
  const { target } = info;
  let type = VK_IMAGE_TYPE_2D, flags = 0, most = limits.maxImageDimension2D;
  switch (target) {
    case PIPE_TEXTURE_1D:
    case PIPE_TEXTURE_1D_ARRAY:
      type = VK_IMAGE_TYPE_1D;
      most = limits.maxImageDimension1D;
      break;
    case PIPE_TEXTURE_3D:
      type = VK_IMAGE_TYPE_3D;
      flags = VK_IMAGE_CREATE_2D_ARRAY_COMPATIBLE_BIT;
      most = limits.maxImageDimension3D;
      break;
    case PIPE_TEXTURE_CUBE:
    case PIPE_TEXTURE_CUBE_ARRAY:
      flags = VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT;
      most = limits.maxImageDimensionCube;
      break;
    case PIPE_TEXTURE_2D:
    case PIPE_TEXTURE_RECT:
    case PIPE_TEXTURE_2D_ARRAY:
      break;
    default:
      throw invalid(`target ${target} is none`);
  }
  const cube = flags === VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT, flat = type === VK_IMAGE_TYPE_1D;
  const width = count("width", info.width, most);
  const height = count("height", info.height, flat ? 1 : most);
  const depth = count("depth", info.depth, type === VK_IMAGE_TYPE_3D ? most : 1);
  const array = target === PIPE_TEXTURE_1D_ARRAY || target === PIPE_TEXTURE_2D_ARRAY ||
    target === PIPE_TEXTURE_CUBE_ARRAY;
  const layers = count("array size", info.arraySize, array ? limits.maxImageArrayLayers : cube ? 6 : 1);
  if (cube && (layers % 6 !== 0 || width !== height)) throw invalid(`a cube of ${layers} faces of ${width}x${height}`);
  const levels = count(
    "number of levels",
    info.lastLevel + 1,
    1 + Math.floor(Math.log2(Math.max(width, height, depth))),
  );
  if (target === PIPE_TEXTURE_RECT && levels > 1) throw invalid("a rectangle has one level");
  const wanted = Math.max(1, info.nrSamples);
  if (!Number.isInteger(wanted)) throw invalid(`it has ${wanted} samples`);
  if (wanted > 1) {
    if (target !== PIPE_TEXTURE_2D && target !== PIPE_TEXTURE_2D_ARRAY || levels > 1) {
      throw invalid("only 2D textures of one level have several samples");
    }
    if (!(wanted <= format.maxSamples)) throw invalid(`${wanted} samples of ${format.info.name} are too many`);
  }
  // The device's next count: GL promises at least as many samples as asked for.
  let samples = 2 ** Math.ceil(Math.log2(wanted));
  while (samples < format.maxSamples && (format.sampleCounts & samples) === 0) samples *= 2;
  return { type, flags, width, height, depth, layers, levels, samples };
}

/** Whether a target is a buffer's. */
export function isBuffer(target: number): boolean {
  return target === PIPE_BUFFER;
}

/** Bytes that an image takes, about: what limits count. */
export function imageBytes(shape: ImageShape, format: GpuFormat): number {
  const { blockWidth, blockHeight, blockBytes } = format;
  let sum = 0;
  for (let level = 0; level < shape.levels; level++) {
    const width = Math.ceil(Math.max(1, shape.width >>> level) / blockWidth);
    const height = Math.ceil(Math.max(1, shape.height >>> level) / blockHeight);
    sum += width * height * Math.max(1, shape.depth >>> level) * blockBytes;
  }
  return sum * shape.layers * shape.samples;
}
