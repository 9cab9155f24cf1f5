/**
 * The render pass that is open in the command buffer (dynamic rendering), if one is. It is begun by the first draw or clear of
 * a framebuffer, and ended by whoever needs to be outside (`recorder.outside()`); attachments are loaded and stored unless a
 * clear comes first.
 * @module
 */

import {
  Arena,
  VK_ATTACHMENT_LOAD_OP_CLEAR,
  VK_ATTACHMENT_LOAD_OP_LOAD,
  VK_ATTACHMENT_STORE_OP_STORE,
  VK_IMAGE_LAYOUT_GENERAL,
  VkRenderingAttachmentInfo,
  VkRenderingInfo,
} from "../../vulkan/mod.ts";
import type { PassListener } from "./draw_hook.ts";
import type { Framebuffer } from "./framebuffer.ts";
import type { Recorder } from "./recorder.ts";
import { COLOR, DEPTH } from "./usage.ts";

/** PIPE_CLEAR_DEPTH. */
const CLEAR_DEPTH = 1;
/** PIPE_CLEAR_STENCIL. */
const CLEAR_STENCIL = 2;
const attachment = VkRenderingAttachmentInfo.offsets, rendering = VkRenderingInfo.offsets;

/** The render pass. */
export class Pass {
  /** Told of each begin and end; seldom any. */
  readonly listeners: PassListener[] = [];
  readonly #recorder: Recorder;
  readonly #m = new Arena(2048);
  readonly #colors: number;
  readonly #depth: number;
  readonly #stencil: number;
  readonly #info: number;
  readonly #address: bigint;
  #framebuffer: Framebuffer | undefined;

  /** Prepares the structs. */
  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    const m = this.#m;
    this.#colors = m.allocRaw(8 * VkRenderingAttachmentInfo.size);
    this.#depth = m.allocRaw(VkRenderingAttachmentInfo.size);
    this.#stencil = m.allocRaw(VkRenderingAttachmentInfo.size);
    for (let i = 0; i < 10; i++) {
      VkRenderingAttachmentInfo.write(m, this.#colors + i * VkRenderingAttachmentInfo.size, {
        imageLayout: VK_IMAGE_LAYOUT_GENERAL,
        loadOp: VK_ATTACHMENT_LOAD_OP_LOAD,
        storeOp: VK_ATTACHMENT_STORE_OP_STORE,
        clearValue: { color: { float32: [0, 0, 0, 0] } },
      });
    }
    this.#info = m.place(VkRenderingInfo, {
      renderArea: { offset: { x: 0, y: 0 }, extent: { width: 1, height: 1 } },
      layerCount: 1,
      viewMask: 0,
      colorAttachmentCount: 0,
      pColorAttachments: m.address(this.#colors),
    });
    this.#address = m.address(this.#info);
  }

  /** What is being rendered to; undefined outside of passes. */
  get framebuffer(): Framebuffer | undefined {
    return this.#framebuffer;
  }

  /** Whether rendering to a framebuffer needs a barrier first. */
  needsBarrier(framebuffer: Framebuffer): boolean {
    const recorder = this.#recorder, { colors, depth } = framebuffer;
    let due = false;
    for (let i = 0; i < colors.length; i++) {
      const color = colors[i];
      if (color !== undefined && recorder.needsBarrier(color.resource, COLOR)) due = true;
    }
    if (depth !== undefined && recorder.needsBarrier(depth.resource, DEPTH)) due = true;
    return due;
  }

  /** Whether a pass of a framebuffer is open. */
  isOpen(framebuffer: Framebuffer): boolean {
    return this.#framebuffer === framebuffer && this.#recorder.pass === this;
  }

  /**
   * Makes sure that a pass of the framebuffer is open, and returns the command buffer. It must have a size.
   */
  enter(framebuffer: Framebuffer): bigint {
    if (this.isOpen(framebuffer)) return this.#recorder.commands;
    if (this.needsBarrier(framebuffer)) this.#recorder.barrier();
    return this.#begin(framebuffer, 0);
  }

  /**
   * Begins a pass whose attachments are cleared. Not to be called while a pass of the same framebuffer is open (there,
   * vkCmdClearAttachments is the way).
   * @param mask PIPE_CLEAR_*: attachments that are not there are skipped. @param words with the colour (4 words), depth (a
   * double's 2 words) and stencil from `at` on, as CLEAR brings them.
   */
  enterCleared(framebuffer: Framebuffer, mask: number, words: Uint32Array, at: number): bigint {
    this.#recorder.outside();
    if (this.needsBarrier(framebuffer)) this.#recorder.barrier();
    const { u32, f32 } = this.#m, clear = attachment.clearValue >>> 2;
    for (let i = 0; i < framebuffer.colors.length; i++) {
      const w = (this.#colors + i * VkRenderingAttachmentInfo.size >>> 2) + clear;
      // Alpha alone is held as red.
      u32[w] = words[framebuffer.colors[i]?.format.alphaOnly === true ? at + 3 : at];
      u32[w + 1] = words[at + 1];
      u32[w + 2] = words[at + 2];
      u32[w + 3] = words[at + 3];
    }
    f32[(this.#depth >>> 2) + clear] = clearDepth(words[at + 4], words[at + 5]);
    u32[(this.#stencil >>> 2) + clear + 1] = words[at + 6] & 0xff;
    return this.#begin(framebuffer, mask);
  }

  #begin(framebuffer: Framebuffer, clear: number): bigint {
    const recorder = this.#recorder, commands = recorder.outside();
    const { u32, u64 } = this.#m, { colors, depth } = framebuffer;
    for (let i = 0; i < colors.length; i++) {
      const color = colors[i];
      if (color !== undefined) recorder.note(color.resource, COLOR);
    }
    if (depth !== undefined) recorder.note(depth.resource, DEPTH);
    for (let i = 0; i < colors.length; i++) {
      const at = this.#colors + i * VkRenderingAttachmentInfo.size;
      u64[at + attachment.imageView >>> 3] = colors[i]?.view ?? 0n;
      u32[at + attachment.loadOp >>> 2] = (clear >>> (2 + i) & 1) !== 0
        ? VK_ATTACHMENT_LOAD_OP_CLEAR
        : VK_ATTACHMENT_LOAD_OP_LOAD;
    }
    const info = this.#info;
    let depthAt = 0n, stencilAt = 0n;
    if (depth !== undefined) {
      if (depth.format.info.isDepth) {
        depthAt = this.#m.address(this.#depth);
        u64[this.#depth + attachment.imageView >>> 3] = depth.view;
        u32[this.#depth + attachment.loadOp >>> 2] = (clear & CLEAR_DEPTH) !== 0
          ? VK_ATTACHMENT_LOAD_OP_CLEAR
          : VK_ATTACHMENT_LOAD_OP_LOAD;
      }
      if (depth.format.info.isStencil) {
        stencilAt = this.#m.address(this.#stencil);
        u64[this.#stencil + attachment.imageView >>> 3] = depth.view;
        u32[this.#stencil + attachment.loadOp >>> 2] = (clear & CLEAR_STENCIL) !== 0
          ? VK_ATTACHMENT_LOAD_OP_CLEAR
          : VK_ATTACHMENT_LOAD_OP_LOAD;
      }
    }
    const area = info + rendering.renderArea >>> 2;
    u32[area + 2] = framebuffer.width;
    u32[area + 3] = framebuffer.height;
    u32[info + rendering.layerCount >>> 2] = framebuffer.layers;
    u32[info + rendering.colorAttachmentCount >>> 2] = colors.length;
    u64[info + rendering.pDepthAttachment >>> 3] = depthAt;
    u64[info + rendering.pStencilAttachment >>> 3] = stencilAt;
    recorder.vk.vkCmdBeginRendering(commands, this.#address);
    this.#framebuffer = framebuffer;
    recorder.pass = this;
    for (let i = 0; i < this.listeners.length; i++) this.listeners[i].passBegun(commands);
    return commands;
  }

  /** Ends the pass; called by the recorder. */
  end(): void {
    const recorder = this.#recorder;
    if (recorder.pass !== this) return;
    for (let i = 0; i < this.listeners.length; i++) this.listeners[i].passEnding(recorder.commands);
    recorder.vk.vkCmdEndRendering(recorder.commands);
    this.#framebuffer = undefined;
    recorder.pass = undefined;
  }
}

const double = new Float64Array(1), halves = new Uint32Array(double.buffer);

/** The depth of a CLEAR: a double as two words, made a number of 0 to 1. */
export function clearDepth(low: number, high: number): number {
  halves[0] = low;
  halves[1] = high;
  const depth = double[0];
  return depth >= 0 ? Math.min(depth, 1) : 0;
}
