/**
 * Commands that set state of the fixed functions: viewports, framebuffer, vertex and index buffers, references, colours, masks.
 * @module
 */

import {
  VIRGL_CCMD_SET_BLEND_COLOR,
  VIRGL_CCMD_SET_CLIP_STATE,
  VIRGL_CCMD_SET_FRAMEBUFFER_STATE,
  VIRGL_CCMD_SET_FRAMEBUFFER_STATE_NO_ATTACH,
  VIRGL_CCMD_SET_INDEX_BUFFER,
  VIRGL_CCMD_SET_MIN_SAMPLES,
  VIRGL_CCMD_SET_SAMPLE_MASK,
  VIRGL_CCMD_SET_SCISSOR_STATE,
  VIRGL_CCMD_SET_STENCIL_REF,
  VIRGL_CCMD_SET_TESS_STATE,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
  VIRGL_CCMD_SET_VIEWPORT_STATE,
} from "../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "./context.ts";
import {
  DIRTY_BLEND_COLOR,
  DIRTY_DRIVER_CONSTANTS,
  DIRTY_DSA,
  DIRTY_FRAMEBUFFER,
  DIRTY_INDEX_BUFFER,
  DIRTY_PIPELINE,
  DIRTY_SCISSOR,
  DIRTY_STENCIL_REF,
  DIRTY_VARIANTS,
  DIRTY_VERTEX_BUFFERS,
  DIRTY_VIEWPORT,
} from "./dirty.ts";
import { Framebuffer } from "./framebuffer.ts";
import type { CommandHandlers } from "./handlers.ts";
import { objectOf } from "./object.ts";
import { Surface } from "./objects/surface.ts";
import { badCommand, badResource, badSurface } from "./refusal.ts";
import { PIPE_MAX_VIEWPORTS } from "../../../../uapi/pipe.ts";

const bits = new Uint32Array(1), float = new Float32Array(bits.buffer);

/** The float of a word. */
function floatOf(word: number): number {
  bits[0] = word;
  return float[0];
}

function setViewports({ current }: VirglContext, words: Uint32Array, at: number, length: number): void {
  const start = words[at], count = (length - 1) / 6;
  if (!Number.isInteger(count) || start > PIPE_MAX_VIEWPORTS - count) {
    throw badCommand(`Cannot set viewports from ${start} on with ${length} words`);
  }
  for (let i = 0; i < count * 6; i++) current.viewports[start * 6 + i] = floatOf(words[at + 1 + i]);
  current.dirty |= DIRTY_VIEWPORT;
}

function setScissors({ current }: VirglContext, words: Uint32Array, at: number, length: number): void {
  const start = words[at], count = length - 1 >>> 1;
  if ((length & 1) === 0 || start > PIPE_MAX_VIEWPORTS - count) {
    throw badCommand(`Cannot set scissors from ${start} on with ${length} words`);
  }
  for (let i = 0; i < count * 2; i++) {
    const word = words[at + 1 + i], place = (start * 2 + i) * 2;
    current.scissors[place] = word & 0xffff;
    current.scissors[place + 1] = word >>> 16;
  }
  current.dirty |= DIRTY_SCISSOR;
}

function setFramebuffer(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const { current } = context, count = words[at];
  if (count > 8 || count !== length - 2) throw badCommand(`Cannot set ${count} colour buffers with ${length} words`);
  if (count > context.engine.gpu.limits.maxColorAttachments) throw badCommand(`Cannot set ${count} colour buffers`);
  const surfaceOf = (handle: number): Surface | undefined =>
    handle === 0 ? undefined : objectOf(current.object(handle), Surface, "surface");
  const depth = surfaceOf(words[at + 1]), colors: (Surface | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const color = surfaceOf(words[at + 2 + i]);
    if (color !== undefined && !color.format.canRender) {
      throw badSurface(`Cannot use a surface of ${color.format.info.name} as colour buffer`);
    }
    colors.push(color);
  }
  if (depth !== undefined && !depth.format.canDepth) {
    throw badSurface(`Cannot use a surface of ${depth.format.info.name} as depth buffer`);
  }
  const all = depth === undefined ? colors : [...colors, depth];
  const first = all.find((surface) => surface !== undefined);
  for (const surface of all) {
    if (surface !== undefined && surface.samples !== first?.samples) {
      throw badSurface("Cannot use surfaces together that differ in samples");
    }
  }
  use(context, new Framebuffer(colors, depth, 0, 0, 0, 1));
}

function use({ current, engine }: VirglContext, framebuffer: Framebuffer): void {
  const { limits } = engine.gpu;
  if (
    framebuffer.width > limits.maxFramebufferWidth || framebuffer.height > limits.maxFramebufferHeight ||
    framebuffer.layers > limits.maxFramebufferLayers
  ) {
    const { width, height, layers } = framebuffer;
    framebuffer[Symbol.dispose]();
    throw badSurface(`Cannot render to ${width}x${height} with ${layers} layers: the GPU cannot`);
  }
  const old = current.framebuffer;
  if (same(old, framebuffer)) {
    // Mesa sets the same one again and again; the open pass may go on.
    framebuffer[Symbol.dispose]();
    return;
  }
  current.framebuffer = framebuffer;
  old[Symbol.dispose]();
  current.dirty |= DIRTY_FRAMEBUFFER | DIRTY_PIPELINE | DIRTY_VARIANTS | DIRTY_SCISSOR | DIRTY_DSA;
}

function same(a: Framebuffer, b: Framebuffer): boolean {
  if (a === Framebuffer.none || a.colors.length !== b.colors.length || a.depth !== b.depth) return false;
  if (a.width !== b.width || a.height !== b.height || a.layers !== b.layers || a.samples !== b.samples) return false;
  return a.colors.every((color, i) => color === b.colors[i]);
}

function setFramebufferSize(context: VirglContext, words: Uint32Array, at: number): void {
  const size = words[at], rest = words[at + 1], { limits } = context.engine.gpu;
  // Vulkan's counts are powers of two: the next that there is, else the most.
  const counts = limits.framebufferNoAttachmentsSampleCounts, wanted = Math.max(1, rest >>> 16 & 0xff);
  let samples = 1;
  for (let most = 1; most <= 64 && samples < wanted; most *= 2) if ((counts & most) !== 0) samples = most;
  const { current } = context, { framebuffer } = current;
  // It says what a framebuffer without attachments is like; the attachments of another stay.
  if (framebuffer.depth !== undefined || framebuffer.colors.some((color) => color !== undefined)) return;
  use(context, new Framebuffer([], undefined, size & 0xffff, size >>> 16, Math.max(1, rest & 0xffff), samples));
}

function setVertexBuffers(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const { current } = context, count = length / 3, { vertexBuffers } = current;
  if (!Number.isInteger(count) || count > vertexBuffers.length) {
    throw badCommand(`Cannot set vertex buffers with ${length} words`);
  }
  for (let i = 0; i < vertexBuffers.length; i++) {
    const binding = vertexBuffers[i];
    if (i >= count) {
      if (binding.resource !== undefined) binding.set(undefined, 0, 0);
      continue;
    }
    const stride = words[at + i * 3], offset = words[at + i * 3 + 1], id = words[at + i * 3 + 2];
    const resource = id === 0 ? undefined : context.resource(id);
    if (resource !== undefined && resource.buffer === undefined) {
      throw badResource(`Cannot fetch vertices from resource ${id}: it is no buffer`);
    }
    binding.set(resource, offset, stride);
  }
  current.dirty |= DIRTY_VERTEX_BUFFERS;
}

function setIndexBuffer(context: VirglContext, words: Uint32Array, at: number, length: number): void {
  const { current } = context, id = words[at], { indexBuffer } = current;
  if (id === 0) {
    indexBuffer.set(undefined, 0, 0);
    return;
  }
  if (length !== 3) throw badCommand("Cannot set an index buffer without its size");
  const resource = context.resource(id), size = words[at + 1], offset = words[at + 2];
  if (resource.buffer === undefined) throw badResource(`Cannot fetch indices from resource ${id}: it is no buffer`);
  if (size !== 1 && size !== 2 && size !== 4) throw badCommand(`Cannot fetch indices of ${size} bytes`);
  if (offset % size !== 0) throw badCommand(`Cannot fetch indices of ${size} bytes from ${offset} on`);
  if (resource !== indexBuffer.resource || size !== indexBuffer.length) {
    indexBuffer.set(resource, offset, size);
    current.dirty |= DIRTY_INDEX_BUFFER;
  } else indexBuffer.offset = offset;
}

function setStencilRef({ current }: VirglContext, words: Uint32Array, at: number): void {
  current.stencilFront = words[at] & 0xff;
  current.stencilBack = words[at] >>> 8 & 0xff;
  current.dirty |= DIRTY_STENCIL_REF;
}

function setBlendColor({ current }: VirglContext, words: Uint32Array, at: number): void {
  for (let i = 0; i < 4; i++) current.blendColor[i] = floatOf(words[at + i]);
  current.dirty |= DIRTY_BLEND_COLOR;
}

function setClipState({ current }: VirglContext, words: Uint32Array, at: number): void {
  for (let i = 0; i < 32; i++) current.clipPlanes[i] = floatOf(words[at + i]);
  current.dirty |= DIRTY_DRIVER_CONSTANTS;
}

function setSampleMask({ current }: VirglContext, words: Uint32Array, at: number): void {
  if (current.sampleMask === words[at]) return;
  current.sampleMask = words[at];
  current.dirty |= DIRTY_PIPELINE;
}

function setMinSamples({ current }: VirglContext, words: Uint32Array, at: number): void {
  current.minSamples = Math.min(words[at], 64);
  current.dirty |= DIRTY_PIPELINE;
}

function setTessState({ current }: VirglContext, words: Uint32Array, at: number): void {
  for (let i = 0; i < 6; i++) current.tessLevels[i] = floatOf(words[at + i]);
  current.dirty |= DIRTY_DRIVER_CONSTANTS;
}

/** The commands of this file. */
export const stateCommands: CommandHandlers = {
  [VIRGL_CCMD_SET_VIEWPORT_STATE]: setViewports,
  [VIRGL_CCMD_SET_SCISSOR_STATE]: setScissors,
  [VIRGL_CCMD_SET_FRAMEBUFFER_STATE]: setFramebuffer,
  [VIRGL_CCMD_SET_FRAMEBUFFER_STATE_NO_ATTACH]: setFramebufferSize,
  [VIRGL_CCMD_SET_VERTEX_BUFFERS]: setVertexBuffers,
  [VIRGL_CCMD_SET_INDEX_BUFFER]: setIndexBuffer,
  [VIRGL_CCMD_SET_STENCIL_REF]: setStencilRef,
  [VIRGL_CCMD_SET_BLEND_COLOR]: setBlendColor,
  [VIRGL_CCMD_SET_CLIP_STATE]: setClipState,
  [VIRGL_CCMD_SET_SAMPLE_MASK]: setSampleMask,
  [VIRGL_CCMD_SET_MIN_SAMPLES]: setMinSamples,
  [VIRGL_CCMD_SET_TESS_STATE]: setTessState,
};
