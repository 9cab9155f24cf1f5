/**
 * CLEAR: all of the framebuffer's attachments that are named, whole, whatever the masks and the scissor say (pipe_context::clear).
 * The first thing in a render pass, it becomes load operations; else vkCmdClearAttachments.
 * @module
 */

import {
  Arena,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_ASPECT_DEPTH_BIT,
  VK_IMAGE_ASPECT_STENCIL_BIT,
  VkClearAttachment,
  VkClearRect,
} from "../../vulkan/mod.ts";
import { VIRGL_CCMD_CLEAR } from "../../../../uapi/virgl_protocol.ts";
import type { VirglContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { CommandHandlers } from "./handlers.ts";
import { clearDepth } from "./pass.ts";
import { SamplePipelines } from "./sample_pipelines.ts";

/** PIPE_CLEAR_DEPTH. */
const CLEAR_DEPTH = 1;
/** PIPE_CLEAR_STENCIL. */
const CLEAR_STENCIL = 2;
/** PIPE_CLEAR_COLOR0; the others follow. */
const CLEAR_COLOR0 = 4;

const attachment = VkClearAttachment.offsets, rectangle = VkClearRect.offsets;

/** The structs of vkCmdClearAttachments. */
class ClearStructs implements Disposable {
  readonly m = new Arena(1024);
  readonly attachments: number = this.m.alloc(9 * VkClearAttachment.size);
  readonly rect: number = this.m.alloc(VkClearRect.size);
  readonly attachmentsAddress: bigint = this.m.address(this.attachments);
  readonly rectAddress: bigint = this.m.address(this.rect);

  // deno-lint-ignore no-unused-vars -- what Engine.extra calls
  constructor(engine: Engine) {}

  [Symbol.dispose](): void {}
}

/** The attachments of `mask` that there are. */
function present(framebuffer: Framebuffer, mask: number): number {
  const { colors, depth } = framebuffer;
  let there = 0;
  for (let i = 0; i < colors.length; i++) if (colors[i] !== undefined) there |= CLEAR_COLOR0 << i;
  if (depth !== undefined) {
    if (depth.format.info.isDepth) there |= CLEAR_DEPTH;
    if (depth.format.info.isStencil) there |= CLEAR_STENCIL;
  }
  return mask & there;
}

/**
 * Clears attachments of the current framebuffer.
 * @param words what CLEAR brings: the mask at `at`, then the colour (4 words), depth (a double), stencil
 */
function clear(context: VirglContext, words: Uint32Array, at: number): void {
  const { current: sub, engine } = context;
  const framebuffer = sub.framebuffer, mask = present(framebuffer, words[at]);
  if (mask === 0 || framebuffer.width === 0 || framebuffer.height === 0) return;
  if (sub.condition !== undefined && !sub.condition.passes()) return;
  const { pass, recorder } = engine;
  recorder.breathe();
  recorder.work++;
  if (recorder.pass !== pass || pass.framebuffer !== framebuffer) {
    engine.extra(SamplePipelines).announce(framebuffer.samples);
    pass.enterCleared(framebuffer, mask, words, at + 1);
    return;
  }
  const structs = engine.extra(ClearStructs), { u32, f32 } = structs.m;
  let count = 0;
  for (let i = 0; i < framebuffer.colors.length; i++) {
    if ((mask & CLEAR_COLOR0 << i) === 0) continue;
    const w = (structs.attachments + count++ * VkClearAttachment.size) >>> 2;
    u32[w + (attachment.aspectMask >>> 2)] = VK_IMAGE_ASPECT_COLOR_BIT;
    u32[w + (attachment.colorAttachment >>> 2)] = i;
    const alpha = framebuffer.colors[i]?.format.alphaOnly === true;
    for (let c = 0; c < 4; c++) u32[w + (attachment.clearValue >>> 2) + c] = words[at + 1 + (alpha ? 3 : c)];
  }
  if ((mask & (CLEAR_DEPTH | CLEAR_STENCIL)) !== 0) {
    const w = (structs.attachments + count++ * VkClearAttachment.size) >>> 2;
    u32[w + (attachment.aspectMask >>> 2)] = ((mask & CLEAR_DEPTH) !== 0 ? VK_IMAGE_ASPECT_DEPTH_BIT : 0) |
      ((mask & CLEAR_STENCIL) !== 0 ? VK_IMAGE_ASPECT_STENCIL_BIT : 0);
    f32[w + (attachment.clearValue >>> 2)] = clearDepth(words[at + 5], words[at + 6]);
    u32[w + (attachment.clearValue >>> 2) + 1] = words[at + 7] & 0xff;
  }
  const r = structs.rect >>> 2;
  u32[r + 2] = framebuffer.width;
  u32[r + 3] = framebuffer.height;
  u32[r + (rectangle.layerCount >>> 2)] = framebuffer.layers;
  engine.vk.vkCmdClearAttachments(recorder.commands, count, structs.attachmentsAddress, 1, structs.rectAddress);
}

/** CLEAR. */
export const clearCommands: CommandHandlers = { [VIRGL_CCMD_CLEAR]: clear };
