/**
 * The state of a sub-context that is set by commands: viewports, scissors, rasterizer, tests, blend colour. Every number is a
 * client's; Vulkan gets only what it allows.
 * @module
 */

import {
  Arena,
  VK_FRONT_FACE_CLOCKWISE,
  VK_FRONT_FACE_COUNTER_CLOCKWISE,
  VkRect2D,
  VkViewport,
} from "../../vulkan/mod.ts";
import {
  DIRTY_BLEND_COLOR,
  DIRTY_DSA,
  DIRTY_RASTERIZER,
  DIRTY_SCISSOR,
  DIRTY_STENCIL_REF,
  DIRTY_VIEWPORT,
} from "./dirty.ts";
import type { Engine } from "./engine.ts";
import type { Dsa, StencilFace } from "./objects/dsa.ts";
import type { Rasterizer } from "./objects/rasterizer.ts";
import { sampleX, sampleY } from "./sample_places.ts";
import type { SubContext } from "./sub_context.ts";

const FRONT = 1, BACK = 2;
const VIEWPORTS = 16;

/** A number of a range; NaN is its least. */
function clamp(value: number, least: number, most: number): number {
  return value > least ? Math.min(value, most) : least;
}

/** Sets dynamic state. */
export class DynamicState {
  readonly #engine: Engine;
  readonly #m = new Arena(1024);
  readonly #viewports: number = this.#m.alloc(VIEWPORTS * VkViewport.size);
  readonly #viewportsAddress: bigint = this.#m.address(this.#viewports);
  readonly #scissors: number = this.#m.alloc(VIEWPORTS * VkRect2D.size);
  readonly #scissorsAddress: bigint = this.#m.address(this.#scissors);
  readonly #blendColor: number = this.#m.alloc(16);
  readonly #blendColorAddress: bigint = this.#m.address(this.#blendColor);
  readonly #bounds: readonly [number, number];
  readonly #most: readonly [number, number];
  readonly #lineWidths: readonly [number, number];

  /** Prepares the arguments. */
  constructor(engine: Engine) {
    this.#engine = engine;
    const { limits, has } = engine.gpu;
    this.#bounds = [limits.viewportBoundsRange[0], limits.viewportBoundsRange[1]];
    this.#most = [limits.maxViewportDimensions[0], limits.maxViewportDimensions[1]];
    this.#lineWidths = has.wideLines ? [limits.lineWidthRange[0], limits.lineWidthRange[1]] : [1, 1];
  }

  /** Sets what of `dirty` is dynamic state. @param viewports how many count */
  set(sub: SubContext, rasterizer: Rasterizer, dsa: Dsa, dirty: number, viewports: number, commands: bigint): void {
    const { vk } = this.#engine;
    if ((dirty & DIRTY_VIEWPORT) !== 0) this.#setViewports(sub, rasterizer, viewports, commands);
    if ((dirty & DIRTY_SCISSOR) !== 0) this.#setScissors(sub, rasterizer, viewports, commands);
    if ((dirty & DIRTY_RASTERIZER) !== 0) this.#setRasterizer(rasterizer, commands);
    if ((dirty & DIRTY_DSA) !== 0) this.#setDsa(sub, dsa, commands);
    if ((dirty & (DIRTY_STENCIL_REF | DIRTY_DSA)) !== 0) {
      // Faces that share their tests share the reference, too.
      const back = dsa.back === dsa.front ? sub.stencilFront : sub.stencilBack;
      vk.vkCmdSetStencilReference(commands, FRONT, sub.stencilFront);
      vk.vkCmdSetStencilReference(commands, BACK, back);
    }
    if ((dirty & DIRTY_BLEND_COLOR) !== 0) {
      this.#m.f32.set(sub.blendColor, this.#blendColor >>> 2);
      vk.vkCmdSetBlendConstants(commands, this.#blendColorAddress);
    }
  }

  #setViewports(sub: SubContext, rasterizer: Rasterizer, count: number, commands: bigint): void {
    const { f32 } = this.#m, state = sub.viewports, { sample, framebuffer: { samples } } = sub;
    const right = sample < 0 ? 0 : sampleX(samples, sample), down = sample < 0 ? 0 : sampleY(samples, sample);
    const [least, most] = this.#bounds, [maxWidth, maxHeight] = this.#most;
    for (let i = 0; i < count; i++) {
      const s = i * 6, at = this.#viewports + i * VkViewport.size >>> 2;
      const sx = Math.abs(state[s]), sy = state[s + 1], sz = state[s + 2];
      const tx = state[s + 3] + right, ty = state[s + 4] + down, tz = state[s + 5];
      const x = clamp(tx - sx, least, most), y = clamp(ty - sy, least, most);
      f32[at] = x;
      f32[at + 1] = y;
      // The width must be above 0, and the end within bounds; a viewport without area draws nothing visible anyway.
      f32[at + 2] = clamp(2 * sx, 1e-6, Math.max(1e-6, Math.min(maxWidth, most - x)));
      f32[at + 3] = clamp(2 * sy, Math.max(-maxHeight, least - y), Math.min(maxHeight, most - y));
      f32[at + 4] = clamp(rasterizer.clipHalfz ? tz : tz - sz, 0, 1);
      f32[at + 5] = clamp(tz + sz, 0, 1);
    }
    this.#engine.vk.vkCmdSetViewportWithCount(commands, count, this.#viewportsAddress);
  }

  #setScissors(sub: SubContext, rasterizer: Rasterizer, count: number, commands: bigint): void {
    const { u32 } = this.#m, { scissors, framebuffer } = sub, { width, height } = framebuffer;
    for (let i = 0; i < count; i++) {
      const at = this.#scissors + i * VkRect2D.size >>> 2;
      let left = 0, top = 0, right = width, bottom = height;
      if (rasterizer.scissor) {
        left = Math.min(scissors[i * 4], width);
        top = Math.min(scissors[i * 4 + 1], height);
        right = Math.max(left, Math.min(scissors[i * 4 + 2], width));
        bottom = Math.max(top, Math.min(scissors[i * 4 + 3], height));
      }
      u32[at] = left;
      u32[at + 1] = top;
      u32[at + 2] = right - left;
      u32[at + 3] = bottom - top;
    }
    this.#engine.vk.vkCmdSetScissorWithCount(commands, count, this.#scissorsAddress);
  }

  #setRasterizer(rasterizer: Rasterizer, commands: bigint): void {
    const { vk, gpu } = this.#engine;
    vk.vkCmdSetCullMode(commands, rasterizer.cull);
    vk.vkCmdSetFrontFace(
      commands,
      rasterizer.frontCcw ? VK_FRONT_FACE_COUNTER_CLOCKWISE : VK_FRONT_FACE_CLOCKWISE,
    );
    vk.vkCmdSetRasterizerDiscardEnable(commands, rasterizer.discard ? 1 : 0);
    const offset = rasterizer.offset;
    vk.vkCmdSetDepthBiasEnable(commands, offset ? 1 : 0);
    if (offset) {
      const most = gpu.has.depthBiasClamp ? rasterizer.offsetClamp : 0;
      vk.vkCmdSetDepthBias(commands, rasterizer.offsetUnits, most, rasterizer.offsetScale);
    } else vk.vkCmdSetDepthBias(commands, 0, 0, 0);
    vk.vkCmdSetLineWidth(commands, clamp(rasterizer.lineWidth, this.#lineWidths[0], this.#lineWidths[1]));
  }

  #setDsa(sub: SubContext, dsa: Dsa, commands: bigint): void {
    const { vk } = this.#engine, info = sub.framebuffer.depth?.format.info;
    const depth = info !== undefined && info.isDepth && dsa.depthTest;
    const stencil = info !== undefined && info.isStencil && dsa.front.enabled;
    vk.vkCmdSetDepthTestEnable(commands, depth ? 1 : 0);
    vk.vkCmdSetDepthWriteEnable(commands, depth && dsa.depthWrite ? 1 : 0);
    vk.vkCmdSetDepthCompareOp(commands, dsa.depthFunc);
    vk.vkCmdSetStencilTestEnable(commands, stencil ? 1 : 0);
    this.#setStencil(dsa.front, FRONT, commands);
    this.#setStencil(dsa.back, BACK, commands);
  }

  #setStencil(face: StencilFace, mask: number, commands: bigint): void {
    const { vk } = this.#engine;
    vk.vkCmdSetStencilOp(commands, mask, face.fail, face.pass, face.depthFail, face.compare);
    vk.vkCmdSetStencilCompareMask(commands, mask, face.compareMask);
    vk.vkCmdSetStencilWriteMask(commands, mask, face.writeMask);
  }
}
