/**
 * BLIT: copies a box with scaling, flips, conversion of formats, filters, masks, a scissor and resolves. Where a command of Vulkan
 * does exactly that, it is recorded; else the blit is drawn.
 * @module
 */

import {
  VIRGL_CCMD_BLIT,
  VIRGL_CMD_BLIT_S0_ALPHA_BLEND,
  VIRGL_CMD_BLIT_S0_FILTER,
  VIRGL_CMD_BLIT_S0_MASK,
  VIRGL_CMD_BLIT_S0_RENDER_CONDITION_ENABLE,
  VIRGL_CMD_BLIT_S0_SCISSOR_ENABLE,
} from "../../../../uapi/virgl_protocol.ts";
import {
  PIPE_MASK_RGBA,
  PIPE_MASK_S,
  PIPE_MASK_Z,
  PIPE_TEX_FILTER_LINEAR,
  PIPE_TEXTURE_3D,
} from "../../../../uapi/pipe.ts";
import {
  VK_FILTER_LINEAR,
  VK_FILTER_NEAREST,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_ASPECT_DEPTH_BIT,
  VK_IMAGE_ASPECT_STENCIL_BIT,
  VK_IMAGE_TYPE_1D,
} from "../../vulkan/mod.ts";
import { BlitDraw, type BlitDrawing, type BlitSide, kindOf } from "./blit_draw.ts";
import { type BlitBox, type BlitPlan, planBlit } from "./blit_geometry.ts";
import type { VirglContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import { type GpuFormat, viewCompatible } from "./formats.ts";
import type { CommandHandlers } from "./handlers.ts";
import { ImageCopies } from "./image_copies.ts";
import { badCommand, badFormat, badResource } from "./refusal.ts";
import { scratchImage } from "./scratch.ts";
import type { VirglResource } from "./resource.ts";

/** A side as BLIT has it: resource, level, format, box. */
const SIDE_WORDS = 9;

function sideOf(context: VirglContext, words: Uint32Array, at: number): BlitSide {
  const resource = context.resource(words[at]), level = words[at + 1];
  if (resource.image === undefined) throw badResource("Cannot blit a buffer");
  if (level >= resource.levels) {
    throw badResource(`Cannot blit level ${level}: the resource has ${resource.levels}`);
  }
  const format = context.engine.formats.of(words[at + 2]);
  if (format === undefined) throw badFormat(`Cannot blit format ${words[at + 2]}: the GPU has none`);
  if (!viewCompatible(resource.gpuFormat, format)) {
    throw badFormat(`Cannot blit ${resource.gpuFormat.info.name} as ${format.info.name}`);
  }
  return { resource, level, format };
}

function boxOf(words: Uint32Array, at: number): BlitBox {
  return {
    x: words[at] | 0,
    y: words[at + 1] | 0,
    z: words[at + 2] | 0,
    width: words[at + 3] | 0,
    height: words[at + 4] | 0,
    depth: words[at + 5] | 0,
  };
}

/** The level of a side, as boxes count it. */
function sizeOf({ resource, level }: BlitSide): { width: number; height: number; depth: number } {
  return {
    width: resource.levelWidth(level),
    height: resource.levelHeight(level),
    depth: resource.levelDepth(level),
  };
}

function blitCommand(context: VirglContext, words: Uint32Array, at: number): void {
  const s0 = words[at], { current: sub, engine } = context;
  engine.recorder.breathe();
  const dst = sideOf(context, words, at + 3), src = sideOf(context, words, at + 3 + SIDE_WORDS);
  const scissor = VIRGL_CMD_BLIT_S0_SCISSOR_ENABLE.get(s0) === 0 ? undefined : {
    minX: words[at + 1] & 0xffff,
    minY: words[at + 1] >>> 16,
    maxX: words[at + 2] & 0xffff,
    maxY: words[at + 2] >>> 16,
  };
  const plan = planBlit(
    boxOf(words, at + 6),
    sizeOf(dst),
    boxOf(words, at + 6 + SIDE_WORDS),
    sizeOf(src),
    scissor,
  );
  if (typeof plan === "string") throw badCommand(`Cannot blit: there are no such ${plan}`);
  if (plan === undefined) return;
  if (VIRGL_CMD_BLIT_S0_RENDER_CONDITION_ENABLE.get(s0) !== 0 && sub.condition?.passes() === false) return;
  blit(engine, {
    dst,
    src,
    plan,
    mask: VIRGL_CMD_BLIT_S0_MASK.get(s0),
    linear: VIRGL_CMD_BLIT_S0_FILTER.get(s0) === PIPE_TEX_FILTER_LINEAR,
    alphaBlend: VIRGL_CMD_BLIT_S0_ALPHA_BLEND.get(s0) !== 0,
  });
}

/**
 * Executes a blit.
 * @param wanted its mask may name what the formats have not: that is left out
 * @throws {VirglRefusal} for formats that cannot be blit to each other
 */
export function blit(engine: Engine, wanted: BlitDrawing): void {
  const { dst, src, plan } = wanted;
  const mask = commonMask(wanted);
  if (mask === 0) return;
  const overlaps = dst.resource === src.resource && dst.level === src.level && layersMeet(plan, src);
  if (overlaps) {
    const { resource, level } = src, width = resource.levelWidth(level), height = resource.levelHeight(level);
    const depth = resource.levelDepth(level);
    const scratch = scratchImage(engine, resource, level, 0, 0, 0, width, height, depth);
    try {
      blit(engine, { ...wanted, mask, src: { ...src, resource: scratch, level: 0 } });
    } finally {
      scratch.unref();
    }
    return;
  }
  const color = (mask & PIPE_MASK_RGBA) !== 0;
  // Mipmaps of depth are made with the linear filter, which no command of Vulkan has for depth.
  const request = { ...wanted, mask, linear: wanted.linear && (color || !plan.oneToOne) };
  if (color ? colorCommand(engine, request) : depthCommand(engine, request)) return;
  engine.extra(BlitDraw).draw(request);
}

/** What of the mask both formats have. */
function commonMask({ dst, src, mask }: BlitDrawing): number {
  const a = dst.format.info, b = src.format.info;
  if (a.aspect === "color" && b.aspect === "color") return mask & PIPE_MASK_RGBA;
  if (a.aspect === "color" || b.aspect === "color") {
    throw badFormat(`Cannot blit ${b.name} to ${a.name}: only one is a colour`);
  }
  return mask & ((a.isDepth && b.isDepth ? PIPE_MASK_Z : 0) | (a.isStencil && b.isStencil ? PIPE_MASK_S : 0));
}

function layersMeet(plan: BlitPlan, { resource }: BlitSide): boolean {
  // Linear 3D reads its neighbours: the whole range, one wider.
  const a = plan.offsetZ, b = plan.offsetZ + plan.layers * plan.scaleZ;
  const margin = resource.target === PIPE_TEXTURE_3D ? 1 : 0;
  const first = Math.floor(Math.min(a, b)) - margin, end = Math.ceil(Math.max(a, b)) + margin;
  return first < plan.firstLayer + plan.layers && plan.firstLayer < end;
}

/** All components of the target are written, and each is the source's component of the same name and place. */
function sameComponents({ dst, src, mask }: BlitDrawing): boolean {
  const to = dst.format.swizzle, from = src.format.swizzle;
  for (let i = 0; i < 4; i++) {
    if (to[i] < 4 && (from[i] !== to[i] || (mask >>> i & 1) === 0)) return false;
  }
  return true;
}

/** Layers are copied one to one, forwards. */
function layersCopy({ scaleZ, offsetZ }: BlitPlan): boolean {
  return scaleZ === 1 && Number.isInteger(offsetZ);
}

function places({ dst, src, plan }: BlitDrawing) {
  const { minX: x, minY: y } = plan.rect, { firstLayer: z } = plan;
  return {
    to: { resource: dst.resource, level: dst.level, x, y, z },
    from: {
      resource: src.resource,
      level: src.level,
      x: x * plan.scaleX + plan.offsetX,
      y: y * plan.scaleY + plan.offsetY,
      z: plan.offsetZ,
    },
    width: plan.rect.maxX - x,
    height: plan.rect.maxY - y,
  };
}

/** Whether Vulkan may copy between the images: they are of one type, or 2D and 3D. */
function typesCopy(dst: VirglResource, src: VirglResource): boolean {
  const a = dst.shape?.type, b = src.shape?.type;
  return a === b || (a !== VK_IMAGE_TYPE_1D && b !== VK_IMAGE_TYPE_1D);
}

/** Has a colour blit done by a command. @returns false if there is none */
function colorCommand(engine: Engine, request: BlitDrawing): boolean {
  const { dst, src, plan, alphaBlend } = request, copies = engine.extra(ImageCopies);
  if (alphaBlend || !sameComponents(request)) return false;
  const a = dst.format, b = src.format, { to, from, width, height } = places(request);
  const asTheyAre = a.vk === dst.resource.gpuFormat.vk && b.vk === src.resource.gpuFormat.vk;
  const direct = plan.oneToOne && plan.sourceInside && layersCopy(plan);
  if (direct && a.vk === b.vk && a.blockWidth === 1 && a.blockHeight === 1 && typesCopy(dst.resource, src.resource)) {
    if (dst.resource.samples === src.resource.samples) {
      copies.copy(to, from, width, height, plan.layers, VK_IMAGE_ASPECT_COLOR_BIT);
      return true;
    }
    if (dst.resource.samples === 1 && asTheyAre && a.canRender && !a.info.isInteger && !a.info.srgb) {
      copies.resolve(to, from, width, height, plan.layers, VK_IMAGE_ASPECT_COLOR_BIT);
      return true;
    }
  }
  const kinds = kindOf(a) === kindOf(b) && a.canBlitTo && b.canBlitFrom && (!request.linear || b.canFilter);
  return asTheyAre && kinds && blitCommandFits(request) && scaled(copies, request, VK_IMAGE_ASPECT_COLOR_BIT);
}

/** Has a blit of depth and stencil done by a command. @returns false if there is none */
function depthCommand(engine: Engine, request: BlitDrawing): boolean {
  const { dst, src, plan, mask } = request, copies = engine.extra(ImageCopies);
  if (request.linear && (mask & PIPE_MASK_Z) !== 0) return false;
  const a = dst.resource.gpuFormat, b = src.resource.gpuFormat;
  if (a.vk !== b.vk || dst.format.vk !== a.vk || src.format.vk !== b.vk) return false;
  const { to, from, width, height } = places(request);
  const aspect = ((mask & PIPE_MASK_Z) !== 0 ? VK_IMAGE_ASPECT_DEPTH_BIT : 0) |
    ((mask & PIPE_MASK_S) !== 0 ? VK_IMAGE_ASPECT_STENCIL_BIT : 0);
  // Of two aspects drivers are known to copy both whatever is asked for: one is drawn.
  if (aspect !== a.aspect) return false;
  const direct = plan.oneToOne && plan.sourceInside && layersCopy(plan);
  if (direct && dst.resource.samples === src.resource.samples && typesCopy(dst.resource, src.resource)) {
    copies.copy(to, from, width, height, plan.layers, aspect);
    return true;
  }
  return a.canBlitTo && a.canBlitFrom && blitCommandFits(request) &&
    scaled(copies, { ...request, linear: false }, aspect);
}

/** Whether vkCmdBlitImage takes the boxes: whole, inside, with layers one to one but for 3D to 3D. */
function blitCommandFits({ dst, src, plan }: BlitDrawing): boolean {
  if (dst.resource.samples !== 1 || src.resource.samples !== 1 || !plan.whole || !plan.sourceInside) return false;
  const is3d = dst.resource.target === PIPE_TEXTURE_3D;
  if (is3d !== (src.resource.target === PIPE_TEXTURE_3D) || !typesCopy(dst.resource, src.resource)) return false;
  return is3d ? Number.isInteger(plan.offsetZ) : layersCopy(plan);
}

function scaled(copies: ImageCopies, request: BlitDrawing, aspect: number): boolean {
  const { plan, linear } = request, { to, from, width, height } = places(request);
  const behind = {
    x: Math.round(from.x + width * plan.scaleX),
    y: Math.round(from.y + height * plan.scaleY),
    z: Math.round(from.z + plan.layers * plan.scaleZ),
  };
  const first = { ...from, x: Math.round(from.x), y: Math.round(from.y) };
  const end = { x: to.x + width, y: to.y + height, z: to.z + plan.layers };
  copies.blit(to, end, first, behind, aspect, linear ? VK_FILTER_LINEAR : VK_FILTER_NEAREST);
  return true;
}

/** A whole format in a blit: for copies that turn out to be conversions. */
export function fullMask({ info }: GpuFormat): number {
  return info.aspect === "color" ? PIPE_MASK_RGBA : PIPE_MASK_Z | PIPE_MASK_S;
}

/** BLIT. */
export const blitCommands: CommandHandlers = { [VIRGL_CCMD_BLIT]: blitCommand };
