/**
 * CLEAR_SURFACE: fills a rectangle of a surface, bound or not (pipe_context::clear_render_target and clear_depth_stencil). Drivers
 * of Mesa send it to hosts of feature version 21, others to any. The rectangle is cut to the surface, as a scissor is.
 * @module
 */

import { VIRGL_CCMD_CLEAR_SURFACE } from "../../../../uapi/virgl_protocol.ts";
import {
  VK_ATTACHMENT_LOAD_OP_LOAD,
  VK_ATTACHMENT_STORE_OP_STORE,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_ASPECT_DEPTH_BIT,
  VK_IMAGE_ASPECT_STENCIL_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VkClearAttachment,
  VkClearRect,
  VkRenderingInfo,
} from "../../vulkan/mod.ts";
import type { VirglContext } from "./context.ts";
import type { CommandHandlers } from "./handlers.ts";
import { objectOf } from "./object.ts";
import { Surface } from "./objects/surface.ts";
import { clearDepth } from "./pass.ts";
import { badSurface } from "./refusal.ts";
import { COLOR, DEPTH } from "./usage.ts";

/** PIPE_CLEAR_DEPTH. */
const CLEAR_DEPTH = 1;
/** PIPE_CLEAR_STENCIL. */
const CLEAR_STENCIL = 2;
/** PIPE_CLEAR_COLOR0. */
const CLEAR_COLOR0 = 4;

/** Clears. @param words from `at` on: flags, surface, colour (4 words; or depth, a double, and stencil in the last), x, y, w, h. */
function clearSurface(context: VirglContext, words: Uint32Array, at: number): void {
  const { current: sub, engine } = context, { recorder, vk } = engine;
  const mask = words[at] >>> 1 & 7, surface = objectOf(sub.object(words[at + 1]), Surface, "surface");
  const { format, resource } = surface;
  if (!format.canRender && !format.canDepth) {
    throw badSurface(`Cannot clear a surface of ${format.info.name}: the GPU does not render to it`);
  }
  let aspects = 0;
  if (format.canRender) {
    if ((mask & CLEAR_COLOR0) !== 0) aspects = VK_IMAGE_ASPECT_COLOR_BIT;
  } else {
    if ((mask & CLEAR_DEPTH) !== 0 && format.info.isDepth) aspects |= VK_IMAGE_ASPECT_DEPTH_BIT;
    if ((mask & CLEAR_STENCIL) !== 0 && format.info.isStencil) aspects |= VK_IMAGE_ASPECT_STENCIL_BIT;
  }
  const x = words[at + 6], y = words[at + 7];
  const width = Math.min(words[at + 8], surface.width - x), height = Math.min(words[at + 9], surface.height - y);
  if (aspects === 0 || width <= 0 || height <= 0) return;
  if ((words[at] & 1) !== 0 && sub.condition !== undefined && !sub.condition.passes()) return;
  const { maxFramebufferWidth, maxFramebufferHeight, maxFramebufferLayers } = engine.gpu.limits;
  if (x + width > maxFramebufferWidth || y + height > maxFramebufferHeight || surface.layers > maxFramebufferLayers) {
    throw badSurface(`Cannot clear ${width}x${height} with ${surface.layers} layers: the GPU cannot`);
  }
  recorder.breathe();
  recorder.work++;
  recorder.breathe();
  recorder.work++;
  recorder.useNow(resource, format.canRender ? COLOR : DEPTH);
  const commands = recorder.outside();
  const attachment = {
    imageView: surface.view,
    imageLayout: VK_IMAGE_LAYOUT_GENERAL,
    loadOp: VK_ATTACHMENT_LOAD_OP_LOAD,
    storeOp: VK_ATTACHMENT_STORE_OP_STORE,
  };
  // Alpha alone is held as red.
  const color = [0, 1, 2, 3].map((c) => words[at + 2 + (format.alphaOnly ? 3 : c)]);
  const depthStencil = { depth: clearDepth(words[at + 2], words[at + 3]), stencil: words[at + 5] & 0xff };
  engine.gpu.device.arena.scope((m) => {
    const area = { offset: { x, y }, extent: { width, height } };
    vk.vkCmdBeginRendering(
      commands,
      m.put(VkRenderingInfo, {
        renderArea: area,
        layerCount: surface.layers,
        ...(format.canRender ? { pColorAttachments: [attachment] } : {}),
        ...((aspects & VK_IMAGE_ASPECT_DEPTH_BIT) !== 0 ? { pDepthAttachment: attachment } : {}),
        ...((aspects & VK_IMAGE_ASPECT_STENCIL_BIT) !== 0 ? { pStencilAttachment: attachment } : {}),
      }),
    );
    const clear = m.put(VkClearAttachment, {
      aspectMask: aspects,
      clearValue: format.canRender ? { color: { uint32: color } } : { depthStencil },
    });
    vk.vkCmdClearAttachments(commands, 1, clear, 1, m.put(VkClearRect, { rect: area, layerCount: surface.layers }));
    vk.vkCmdEndRendering(commands);
  });
}

/** CLEAR_SURFACE. */
export const clearSurfaceCommands: CommandHandlers = { [VIRGL_CCMD_CLEAR_SURFACE]: clearSurface };
