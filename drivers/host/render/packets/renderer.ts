/**
 * Rendering in the command buffer: begun late, by the first draw, so that copies of pictures can go before it; interrupted
 * and gone on with where something must happen outside.
 * @module
 */

import { ACCESS_READ, ACCESS_WRITE } from "../../../../core/host_dxg.ts";
import { DXP_CLEAR, DXP_FORMAT_SIZE, DXP_LOAD } from "../../../../uapi/dxp_object.ts";
import {
  Arena,
  VK_ATTACHMENT_LOAD_OP_CLEAR,
  VK_ATTACHMENT_LOAD_OP_DONT_CARE,
  VK_ATTACHMENT_LOAD_OP_LOAD,
  VK_ATTACHMENT_STORE_OP_STORE,
  VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT,
  VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT,
  VK_IMAGE_LAYOUT_GENERAL,
  VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
  VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT,
  VK_IMAGE_VIEW_TYPE_2D_ARRAY,
  VkRenderingAttachmentInfo,
  VkRenderingInfo,
} from "../../vulkan/mod.ts";
import { DONE, type Execution } from "./execution.ts";
import type { PacketMemory } from "./memory.ts";
import { type PictureImage, pictureSize } from "./pictures.ts";
import type { Attachment } from "./render_state.ts";
import type { Services } from "./services.ts";

/** An attachment as a packet has it. */
export type AttachmentRequest = Omit<Attachment, "picture">;

const views = new WeakMap<PictureImage["image"], bigint>();

function viewOf({ image }: PictureImage): bigint {
  if (image.layers === 1) return image.view;
  let view = views.get(image);
  if (view === undefined) {
    view = image.createView({ viewType: VK_IMAGE_VIEW_TYPE_2D_ARRAY });
    views.set(image, view);
  }
  return view;
}

/** Begins and ends rendering. */
export class Renderer {
  readonly #services: Services;
  readonly #m = new Arena(2048);
  readonly #infos: number;
  readonly #rendering: number;

  /** Prepares structs. */
  constructor(services: Services) {
    this.#services = services;
    const m = this.#m;
    this.#infos = m.alloc(9 * VkRenderingAttachmentInfo.size);
    this.#rendering = m.alloc(VkRenderingInfo.size);
  }

  /** RENDER_BEGIN. @throws {VkError} */
  begin(x: Execution, requests: readonly AttachmentRequest[], hasDepth: boolean, layers: number): number {
    const { pictures, gpu: { device: { physical: { limits } } } } = this.#services;
    const { render, from } = x;
    const places: { memory: PacketMemory; offset: number }[] = [];
    for (let i = 0; i < requests.length; i++) {
      const a = requests[i], isDepth = hasDepth && i === requests.length - 1;
      const needed = isDepth ? VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT : VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT;
      if ((pictures.features[a.format] & needed) === 0) {
        return x.refuse(`attachment ${i}: the GPU cannot render into it`);
      }
      if (a.va % DXP_FORMAT_SIZE[a.format] !== 0) return x.refuse(`attachment ${i} is not aligned`);
      const { maxFramebufferWidth, maxFramebufferHeight, maxFramebufferLayers } = limits;
      if (a.width > maxFramebufferWidth || a.height > maxFramebufferHeight || layers > maxFramebufferLayers) {
        return x.refuse(`attachment ${i} is larger than the GPU can`);
      }
      if (!from.whole(x.space, a.va, bytesOf(a, layers), a.store ? ACCESS_WRITE : ACCESS_READ)) {
        return x.refuseRange(from, a.store);
      }
      if (from.offsets[0] % 16 !== a.va % 16) return x.refuse(`attachment ${i} is not aligned`);
      places.push({ memory: from.memories[0], offset: from.offsets[0] });
    }
    if (requests.length - (hasDepth ? 1 : 0) > limits.maxColorAttachments) return x.refuse("too many attachments");
    const attachments: Attachment[] = [];
    for (let i = 0; i < requests.length; i++) {
      const a = requests[i], isDepth = hasDepth && i === requests.length - 1;
      const usage = isDepth ? VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT : VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
      const picture = pictures.acquire(a.format, a.width, a.height, layers, usage);
      if (picture === undefined) {
        for (const { picture } of attachments) pictures.release(picture);
        return x.refuse(`attachment ${i}: there is no memory for an image of it`);
      }
      attachments.push({ ...a, picture });
    }
    // Outside of the area everything stays, so what is stored is loaded, too.
    attachments.forEach((a, i) => {
      const { memory, offset } = places[i];
      if (a.load === DXP_LOAD || a.store) pictures.load(a.picture, memory, offset, a.pitch, a.height * a.pitch);
      else pictures.prepare(a.picture);
    });
    render.attachments = attachments;
    render.hasDepth = hasDepth;
    render.layers = layers;
    render.isActive = true;
    render.wasBegun = render.isRecording = false;
    return DONE;
  }

  /** Begins rendering in the command buffer, unless it is. */
  enter(x: Execution): void {
    const { render } = x;
    if (render.isRecording) return;
    const { recorder } = this.#services, m = this.#m;
    const first = !render.wasBegun;
    if (!first) recorder.fullBarrier();
    const { attachments, hasDepth, area, layers } = render;
    const colors = attachments.length - (hasDepth ? 1 : 0);
    for (let i = 0; i < attachments.length; i++) {
      const { picture, load, clear } = attachments[i];
      const at = this.#infos + i * VkRenderingAttachmentInfo.size;
      VkRenderingAttachmentInfo.write(m, at, {
        imageView: viewOf(picture),
        imageLayout: VK_IMAGE_LAYOUT_GENERAL,
        loadOp: !first || load === DXP_LOAD
          ? VK_ATTACHMENT_LOAD_OP_LOAD
          : load === DXP_CLEAR
          ? VK_ATTACHMENT_LOAD_OP_CLEAR
          : VK_ATTACHMENT_LOAD_OP_DONT_CARE,
        storeOp: VK_ATTACHMENT_STORE_OP_STORE,
        clearValue: { color: { uint32: [...clear] } },
      });
    }
    VkRenderingInfo.write(m, this.#rendering, {
      renderArea: { offset: { x: area[0], y: area[1] }, extent: { width: area[2], height: area[3] } },
      layerCount: layers,
      viewMask: 0,
      colorAttachmentCount: colors,
      pColorAttachments: m.address(this.#infos),
      pDepthAttachment: hasDepth ? m.address(this.#infos + colors * VkRenderingAttachmentInfo.size) : 0n,
    });
    recorder.vk.vkCmdBeginRendering(recorder.begin(), m.address(this.#rendering));
    render.isRecording = render.wasBegun = true;
  }

  /** Ends rendering in the command buffer; the next draw goes on with it. */
  suspend(x: Execution): void {
    if (!x.render.isRecording) return;
    const { recorder } = this.#services;
    recorder.vk.vkCmdEndRendering(recorder.begin());
    x.render.isRecording = false;
  }

  /** RENDER_END: attachments go where they are stored. @throws {VkError} */
  end(x: Execution): number {
    const { pictures } = this.#services, { render, to } = x;
    const places: { memory: PacketMemory; offset: number }[] = [];
    for (const a of render.attachments) {
      if (!a.store) continue;
      if (!to.whole(x.space, a.va, bytesOf(a, render.layers), ACCESS_WRITE)) return x.refuseRange(to, true);
      if (to.offsets[0] % 16 !== a.va % 16) return x.refuse("an attachment is not aligned");
      places.push({ memory: to.memories[0], offset: to.offsets[0] });
    }
    if (!render.wasBegun && render.attachments.some(({ load }) => load === DXP_CLEAR)) this.enter(x);
    this.suspend(x);
    let next = 0;
    for (const a of render.attachments) {
      if (!a.store) continue;
      const { memory, offset } = places[next++];
      pictures.store(a.picture, memory, offset, a.pitch, a.height * a.pitch);
    }
    this.#release(x);
    return DONE;
  }

  /** The job is over, whatever it was at: what is rendered goes nowhere. */
  abandon(x: Execution): void {
    if (!x.render.isActive) return;
    this.suspend(x);
    this.#release(x);
  }

  #release(x: Execution): void {
    const { render } = x;
    for (const { picture } of render.attachments) this.#services.pictures.release(picture);
    render.attachments = [];
    render.isActive = false;
  }
}

function bytesOf(a: AttachmentRequest, layers: number): number {
  return (layers - 1) * a.height * a.pitch + pictureSize(a.format, a.width, a.height, a.pitch);
}
