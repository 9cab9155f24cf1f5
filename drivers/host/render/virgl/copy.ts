/**
 * RESOURCE_COPY_REGION: copies texels or bytes as they are, between formats of the same block size (pipe_context::
 * resource_copy_region). Boxes are in texels of the source; a compressed block counts as one texel of an uncompressed target.
 * @module
 */

import { VIRGL_CCMD_RESOURCE_COPY_REGION } from "../../../../uapi/virgl_protocol.ts";
import { VK_IMAGE_ASPECT_COLOR_BIT, VK_IMAGE_TYPE_1D } from "../../vulkan/mod.ts";
import { blit, fullMask } from "./blit.ts";
import { planBlit } from "./blit_geometry.ts";
import type { VirglContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { GpuFormat } from "./formats.ts";
import type { CommandHandlers } from "./handlers.ts";
import { ImageCopies, type Place } from "./image_copies.ts";
import { badCommand, badFormat, badResource } from "./refusal.ts";
import { scratchBuffer, scratchImage } from "./scratch.ts";

function copyCommand(context: VirglContext, words: Uint32Array, at: number): void {
  const dst = placeOf(context, words, at), src = placeOf(context, words, at + 5);
  const width = words[at + 10] | 0, height = words[at + 11] | 0, depth = words[at + 12] | 0;
  if (width < 0 || height < 0 || depth < 0) throw badCommand(`Cannot copy ${width}x${height}x${depth}`);
  const { engine } = context;
  engine.recorder.breathe();
  const isBuffer = src.resource.buffer !== undefined;
  if (isBuffer !== (dst.resource.buffer !== undefined)) throw badResource("Cannot copy between a buffer and a texture");
  if (width === 0 || height === 0 || depth === 0) return;
  if (isBuffer) copyBytes(engine, dst, src, width);
  else copyTexels(engine, dst, src, width, height, depth);
}

function placeOf(context: VirglContext, words: Uint32Array, at: number): Place {
  const resource = context.resource(words[at]), level = words[at + 1];
  const x = words[at + 2] | 0, y = words[at + 3] | 0, z = words[at + 4] | 0;
  if (level >= resource.levels) throw badResource(`Cannot copy level ${level}: the resource has ${resource.levels}`);
  if (x < 0 || y < 0 || z < 0) throw badCommand(`Cannot copy from or to ${x},${y},${z}`);
  return { resource, level, x, y, z };
}

function copyBytes(engine: Engine, dst: Place, src: Place, size: number): void {
  if (src.x + size > src.resource.width || dst.x + size > dst.resource.width) {
    throw badCommand(`Cannot copy ${size} bytes from ${src.x} to ${dst.x}: the buffers are smaller`);
  }
  const copies = engine.extra(ImageCopies);
  if (dst.resource !== src.resource || Math.abs(dst.x - src.x) >= size) {
    copies.bytes(dst.resource, dst.x, src.resource, src.x, size);
    return;
  }
  const scratch = scratchBuffer(engine, src.resource, size);
  try {
    copies.bytes(scratch, 0, src.resource, src.x, size);
    copies.bytes(dst.resource, dst.x, scratch, 0, size);
  } finally {
    scratch.unref();
  }
}

/** Refuses a box that is not in its level, or that cuts blocks. */
function checkBox({ resource, level, x, y, z }: Place, width: number, height: number, depth: number): void {
  const { blockWidth, blockHeight } = resource.gpuFormat;
  const maxWidth = resource.levelWidth(level), maxHeight = resource.levelHeight(level);
  const fits = x + width <= maxWidth && y + height <= maxHeight && z + depth <= resource.levelDepth(level);
  if (!fits) {
    throw badCommand(
      `Cannot copy ${width}x${height}x${depth} at ${x},${y},${z}: the level is ${maxWidth}x${maxHeight}`,
    );
  }
  const whole = x % blockWidth === 0 && y % blockHeight === 0 &&
    (width % blockWidth === 0 || x + width === maxWidth) && (height % blockHeight === 0 || y + height === maxHeight);
  if (!whole) throw badCommand(`Cannot copy ${width}x${height} at ${x},${y}: it cuts blocks`);
}

/** Texels of a target for so many blocks from a place on: the last block may stick out of the level. */
function texelsOf(blocks: number, blockSize: number, from: number, size: number): number {
  const texels = blocks * blockSize;
  return texels > size - from && texels - (size - from) < blockSize ? size - from : texels;
}

function copyTexels(engine: Engine, dst: Place, src: Place, width: number, height: number, depth: number): void {
  const from = src.resource.gpuFormat, to = dst.resource.gpuFormat;
  checkBox(src, width, height, depth);
  if (src.resource.samples !== dst.resource.samples || !sameTexels(to, from)) {
    convert(engine, dst, src, width, height, depth);
    return;
  }
  const columns = Math.ceil(width / from.blockWidth), rows = Math.ceil(height / from.blockHeight);
  const dstWidth = texelsOf(columns, to.blockWidth, dst.x, dst.resource.levelWidth(dst.level));
  const dstHeight = texelsOf(rows, to.blockHeight, dst.y, dst.resource.levelHeight(dst.level));
  checkBox(dst, dstWidth, dstHeight, depth);
  if (dst.resource === src.resource && dst.level === src.level && meet(dst, src, width, height, depth)) {
    const scratch = scratchImage(engine, src.resource, src.level, src.x, src.y, src.z, width, height, depth);
    try {
      copyTexels(engine, dst, { ...src, resource: scratch, level: 0 }, width, height, depth);
    } finally {
      scratch.unref();
    }
    return;
  }
  const types = src.resource.shape?.type === dst.resource.shape?.type ||
    (src.resource.shape?.type !== VK_IMAGE_TYPE_1D && dst.resource.shape?.type !== VK_IMAGE_TYPE_1D);
  const plain = from.blockWidth === to.blockWidth && from.blockHeight === to.blockHeight && dstWidth === width &&
    dstHeight === height;
  if (plain && types && (from.vk === to.vk || colors(from, to))) {
    engine.extra(ImageCopies).copy(dst, src, width, height, depth, from.aspect);
    return;
  }
  throughBuffer(engine, dst, src, width, height, depth, dstWidth, dstHeight);
}

function colors(a: GpuFormat, b: GpuFormat): boolean {
  return a.aspect === VK_IMAGE_ASPECT_COLOR_BIT && b.aspect === VK_IMAGE_ASPECT_COLOR_BIT;
}

/** Whether the bytes of a block of one mean the same as those of the other. */
function sameTexels(a: GpuFormat, b: GpuFormat): boolean {
  if (a.vk === b.vk) return true;
  if (a.blockBytes !== b.blockBytes) return false;
  return colors(a, b) || (a.copy === "direct" && b.copy === "direct");
}

function meet(dst: Place, src: Place, width: number, height: number, depth: number): boolean {
  return Math.abs(dst.x - src.x) < width && Math.abs(dst.y - src.y) < height && Math.abs(dst.z - src.z) < depth;
}

/** What Vulkan does not copy between images: of other block shapes, 1D and 2D, depth and colour. */
function throughBuffer(
  engine: Engine,
  dst: Place,
  src: Place,
  width: number,
  height: number,
  depth: number,
  dstWidth: number,
  dstHeight: number,
): void {
  const from = src.resource.gpuFormat, to = dst.resource.gpuFormat;
  if (src.resource.samples > 1) throw badFormat(`Cannot copy samples of ${from.info.name} to ${to.info.name}`);
  const columns = Math.ceil(width / from.blockWidth), rows = Math.ceil(height / from.blockHeight);
  const size = columns * rows * depth * from.blockBytes;
  const scratch = scratchBuffer(engine, src.resource, size), copies = engine.extra(ImageCopies);
  try {
    copies.toBuffer(scratch, src, width, height, depth, from.aspect);
    const row = columns * to.blockWidth, image = rows * to.blockHeight;
    copies.fromBuffer(dst, scratch, dstWidth, dstHeight, depth, to.aspect, row, image);
  } finally {
    scratch.unref();
  }
}

/** Copies that are conversions after all (other samples, other depths), as blits one to one. */
function convert(engine: Engine, dst: Place, src: Place, width: number, height: number, depth: number): void {
  const to = dst.resource.gpuFormat, from = src.resource.gpuFormat;
  if (to.info.aspect === "color" ? to.vk !== from.vk : from.info.aspect === "color") {
    throw badFormat(`Cannot copy ${from.info.name} to ${to.info.name}: their texels are different`);
  }
  const size = ({ resource, level }: Place) => ({
    width: resource.levelWidth(level),
    height: resource.levelHeight(level),
    depth: resource.levelDepth(level),
  });
  const box = ({ x, y, z }: Place) => ({ x, y, z, width, height, depth });
  checkBox(dst, width, height, depth);
  const plan = planBlit(box(dst), size(dst), box(src), size(src), undefined);
  if (plan === undefined || typeof plan === "string") return;
  blit(engine, {
    dst: { resource: dst.resource, level: dst.level, format: to },
    src: { resource: src.resource, level: src.level, format: from },
    plan,
    mask: fullMask(to),
    linear: false,
    alphaBlend: false,
  });
}

/** RESOURCE_COPY_REGION. */
export const copyCommands: CommandHandlers = { [VIRGL_CCMD_RESOURCE_COPY_REGION]: copyCommand };
