/**
 * CLEAR_TEXTURE: fills a box of a texture with one texel, whose bytes come in the texture's own format (pipe_context::clear_texture).
 * The texel's bytes are copied as they are, so that every format comes out exact; samples of a multisampled image are cleared as
 * integers of the same size.
 * @module
 */

import {
  VIRGL_FORMAT_R16_UINT,
  VIRGL_FORMAT_R32_UINT,
  VIRGL_FORMAT_R32G32_UINT,
  VIRGL_FORMAT_R32G32B32A32_UINT,
  VIRGL_FORMAT_R8_UINT,
} from "../../../../uapi/virgl_format.ts";
import { VIRGL_CCMD_CLEAR_TEXTURE } from "../../../../uapi/virgl_protocol.ts";
import {
  VK_ATTACHMENT_LOAD_OP_LOAD,
  VK_ATTACHMENT_STORE_OP_STORE,
  VK_IMAGE_ASPECT_COLOR_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VkClearAttachment,
  VkClearRect,
  VkRenderingInfo,
} from "../../vulkan/mod.ts";
import type { VirglContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import type { CommandHandlers } from "./handlers.ts";
import { badCommand, badFormat, badResource } from "./refusal.ts";
import type { VirglResource } from "./resource.ts";
import { COLOR } from "./usage.ts";

/** Bytes of a texel: four words. */
const DATA_WORDS = 4;
/** Bytes that are filled at once. */
const PIECE_BYTES = 1 << 20;

/** Formats to clear raw texels as, by their size. */
const RAW: ReadonlyMap<number, number> = new Map([
  [1, VIRGL_FORMAT_R8_UINT],
  [2, VIRGL_FORMAT_R16_UINT],
  [4, VIRGL_FORMAT_R32_UINT],
  [8, VIRGL_FORMAT_R32G32_UINT],
  [16, VIRGL_FORMAT_R32G32B32A32_UINT],
]);

/** A box of a level. */
interface Box {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

function clearTexture(context: VirglContext, words: Uint32Array, at: number): void {
  const resource = context.resource(words[at]), { engine } = context;
  const box: Box = {
    level: words[at + 1],
    x: words[at + 2],
    y: words[at + 3],
    z: words[at + 4],
    width: words[at + 5],
    height: words[at + 6],
    depth: words[at + 7],
  };
  const { level, x, y, z, width, height, depth } = box;
  if (resource.image === undefined) throw badResource("Cannot clear a buffer as a texture");
  if (level >= resource.levels) throw badResource(`Cannot clear level ${level}: there are ${resource.levels}`);
  const fits = x + width <= resource.levelWidth(level) && y + height <= resource.levelHeight(level) &&
    z + depth <= resource.levelDepth(level);
  if (!fits) throw badCommand(`Cannot clear ${width}x${height}x${depth} at ${x},${y},${z}: the level is smaller`);
  if (width === 0 || height === 0 || depth === 0) return;
  const data = words.slice(at + 8, at + 8 + DATA_WORDS);
  if (resource.samples > 1) clearSamples(engine, resource, box, data);
  else fill(engine, resource, box, new Uint8Array(data.buffer));
}

/** Writes rows of the texel, some at a time. */
function fill(engine: Engine, resource: VirglResource, box: Box, texel: Uint8Array): void {
  const { blockWidth, blockHeight, blockBytes } = resource.gpuFormat, { level, x, y, width, height } = box;
  const columns = Math.ceil(width / blockWidth),
    rows = Math.ceil(height / blockHeight),
    rowBytes = columns * blockBytes;
  const most = Math.min(rows, Math.max(1, Math.floor(PIECE_BYTES / rowBytes)));
  const bytes = new Uint8Array(most * rowBytes);
  bytes.set(texel.subarray(0, blockBytes));
  for (let done = blockBytes; done < bytes.length; done *= 2) {
    bytes.copyWithin(done, 0, Math.min(done, bytes.length - done));
  }
  const transfer = { level, stride: 0, layerStride: 0, x, width, depth: 1, offset: 0 };
  for (let slice = 0; slice < box.depth; slice++) {
    for (let row = 0; row < rows; row += most) {
      const top = row * blockHeight, count = Math.min(most * blockHeight, height - top);
      engine.transfers.write(resource, { ...transfer, y: y + top, z: box.z + slice, height: count }, bytes);
    }
    if (engine.recorder.pass === undefined) engine.recorder.breathe();
  }
}

function clearSamples(engine: Engine, resource: VirglResource, box: Box, data: Uint32Array): void {
  const { gpuFormat } = resource, { recorder, vk } = engine;
  const raw = engine.formats.of(RAW.get(gpuFormat.blockBytes) ?? 0);
  if (gpuFormat.aspect !== VK_IMAGE_ASPECT_COLOR_BIT || raw === undefined || !raw.canRender) {
    throw badFormat(`Cannot clear samples of ${gpuFormat.info.name}: the GPU cannot`);
  }
  const view = resource.attachmentView(raw, box.level, box.z, box.depth);
  const mask = gpuFormat.blockBytes < 4 ? (1 << gpuFormat.blockBytes * 8) - 1 : 0xffff_ffff;
  recorder.breathe();
  recorder.work++;
  recorder.useNow(resource, COLOR);
  const commands = recorder.outside();
  engine.gpu.device.arena.scope((m) => {
    const area = { offset: { x: box.x, y: box.y }, extent: { width: box.width, height: box.height } };
    const info = m.put(VkRenderingInfo, {
      renderArea: area,
      layerCount: box.depth,
      pColorAttachments: [{
        imageView: view,
        imageLayout: VK_IMAGE_LAYOUT_GENERAL,
        loadOp: VK_ATTACHMENT_LOAD_OP_LOAD,
        storeOp: VK_ATTACHMENT_STORE_OP_STORE,
      }],
    });
    vk.vkCmdBeginRendering(commands, info);
    const uint32 = [(data[0] & mask) >>> 0, data[1], data[2], data[3]];
    const attachment = m.put(VkClearAttachment, {
      aspectMask: VK_IMAGE_ASPECT_COLOR_BIT,
      clearValue: { color: { uint32 } },
    });
    const rect = m.put(VkClearRect, { rect: area, layerCount: box.depth });
    vk.vkCmdClearAttachments(commands, 1, attachment, 1, rect);
    vk.vkCmdEndRendering(commands);
  });
}

/** CLEAR_TEXTURE. */
export const clearTextureCommands: CommandHandlers = { [VIRGL_CCMD_CLEAR_TEXTURE]: clearTexture };
