/**
 * Graphics: RENDER_BEGIN, RENDER_END, SET_GRAPHICS and the state of draws, DRAW, DRAW_INDEXED, DRAW_INDIRECT.
 * @module
 */

import { ACCESS_READ } from "../../../../core/host_dxg.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import { dxp_blend, DXP_FORMAT_SIZE } from "../../../../uapi/dxp_object.ts";
import {
  VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BLEND_BIT,
  VK_INDEX_TYPE_UINT16,
  VK_INDEX_TYPE_UINT32,
  VK_PIPELINE_BIND_POINT_GRAPHICS,
} from "../../vulkan/mod.ts";
import { readCode, refuseShader } from "./dispatches.ts";
import { DONE, type Execution, type Handler } from "./execution.ts";
import { isInteger } from "./formats.ts";
import type { GraphicsProgram } from "./graphics_programs.ts";
import type { AttachmentRequest } from "./renderer.ts";

/** Vertices times instances of one draw: a driver's counters hold them. */
const MAX_VERTICES = 2 ** 28;

const begin = isa.DXP_RENDER_BEGIN.slot;

function renderBegin(x: Execution): number {
  const { decoder: d, render } = x;
  if (render.isActive) return x.refuse("rendering is under way");
  const s = d.slots, requests: AttachmentRequest[] = [];
  for (let i = 0; i < d.tailCount; i++) {
    const e = d.element(i);
    requests.push({
      va: e[0],
      format: e[1],
      width: e[2],
      height: e[3],
      pitch: e[4],
      load: e[5],
      store: e[6] === 1,
      clear: [e[7], e[8], e[9], e[10]],
    });
  }
  if ((d.flags & 1) !== 0) {
    const [depth] = new Float32Array(new Uint32Array([requests[requests.length - 1].clear[0]]).buffer);
    if (!(depth >= 0 && depth <= 1)) return x.refuse("a depth that is not from 0 to 1");
  }
  const status = x.services.renderer.begin(x, requests, (d.flags & 1) !== 0, s[begin.layers]);
  if (status !== DONE) return status;
  render.area[0] = s[begin.x];
  render.area[1] = s[begin.y];
  render.area[2] = s[begin.width];
  render.area[3] = s[begin.height];
  return DONE;
}

function renderEnd(x: Execution): number {
  return x.render.isActive ? x.services.renderer.end(x) : x.refuse("there is no rendering");
}

const graphics = isa.DXP_SET_GRAPHICS.slot;

function setGraphics(x: Execution): number {
  const { decoder: d, render, services } = x, s = d.slots;
  const vertex = readCode(x, s[graphics.vertex], s[graphics.vertexSize]);
  if (typeof vertex === "number") return vertex;
  const first = vertex.slice();
  const fragment = readCode(x, s[graphics.fragment], s[graphics.fragmentSize]);
  if (typeof fragment === "number") return fragment;
  const attributes = Array.from({ length: d.tailCount }, (_, i) => {
    const e = d.element(i);
    return { location: e[0], slot: e[1], format: e[2], offset: e[3] };
  });
  try {
    const program = services.graphics.get(first, fragment);
    for (const { location, component, count } of program.vertex.program.inputs) {
      const attribute = attributes.find((a) => a.location === location);
      if (attribute === undefined) {
        return x.refuse(`the vertex shader reads location ${location}, and nothing is there`);
      }
      if (component !== (isInteger(attribute.format) ? "uint" : "float") || count < 1) {
        return x.refuse(`the vertex shader reads location ${location} as another type`);
      }
      if (attribute.offset % 4 !== 0) return x.refuse(`the attribute at location ${location} is not aligned`);
    }
    render.program = program;
  } catch (error) {
    return refuseShader(x, error);
  }
  render.raster = s[graphics.raster];
  render.depth = s[graphics.depth];
  render.blend = s[graphics.blend];
  render.writeMask = s[graphics.writeMask];
  render.attributes = attributes;
  return DONE;
}

function setViewport(x: Execution): number {
  const s = x.decoder.slots;
  const { maxViewportDimensions: most, viewportBoundsRange: range } = x.services.gpu.device.physical.limits;
  const fits = s[2] <= most[0] && Math.abs(s[3]) <= most[1] && s[0] >= range[0] && s[0] + s[2] <= range[1] &&
    Math.min(s[1], s[1] + s[3]) >= range[0] && Math.max(s[1], s[1] + s[3]) <= range[1];
  if (!fits) return x.refuse("a viewport that the GPU cannot have");
  x.render.viewport = [s[0], s[1], s[2], s[3], s[4], s[5]];
  return DONE;
}

function setScissor(x: Execution): number {
  const s = x.decoder.slots;
  x.render.scissor = [s[0], s[1], s[2], s[3]];
  return DONE;
}

const vertexSlot = isa.DXP_SET_VERTEX_BUFFER.slot;

function setVertexBuffer(x: Execution): number {
  const s = x.decoder.slots;
  if (s[vertexSlot.stride] % 4 !== 0) return x.refuse("a stride that is no multiple of 4");
  const buffer = x.render.vertexBuffers[s[vertexSlot.slot]];
  buffer.va = s[vertexSlot.va];
  buffer.size = s[vertexSlot.size];
  buffer.stride = s[vertexSlot.stride];
  buffer.perInstance = (x.decoder.flags & 1) !== 0;
  return DONE;
}

function setIndexBuffer(x: Execution): number {
  const { slots, flags } = x.decoder;
  x.render.indices = slots[0];
  x.render.indexSize = slots[1];
  x.render.wideIndices = (flags & 1) !== 0;
  return DONE;
}

/** Everything that draws need is there and fits; vertex buffers are found. */
function check(x: Execution, program: GraphicsProgram): number {
  const { render, services: { pictures }, from } = x;
  const colors = render.attachments.length - (render.hasDepth ? 1 : 0);
  for (const { location, component } of program.fragment.program.outputs) {
    if (location >= colors) continue;
    if (component !== (isInteger(render.attachments[location].format) ? "uint" : "float")) {
      return x.refuse(`attachment ${location} has other components than the fragment shader`);
    }
  }
  if ((render.blend & dxp_blend.enable) !== 0) {
    for (let i = 0; i < colors; i++) {
      if ((pictures.features[render.attachments[i].format] & VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BLEND_BIT) === 0) {
        return x.refuse(`attachment ${i} cannot be blended`);
      }
    }
  }
  for (const { slot, format, offset, location } of render.attributes) {
    if (!program.vertex.program.inputs.some((input) => input.location === location)) continue;
    const buffer = render.vertexBuffers[slot];
    if (buffer.size === 0) return x.refuse(`there is no vertex buffer ${slot}`);
    if (buffer.stride !== 0 && offset + DXP_FORMAT_SIZE[format] > buffer.stride) {
      return x.refuse(`an attribute is longer than the stride of vertex buffer ${slot}`);
    }
    if (!from.whole(x.space, buffer.va, buffer.size, ACCESS_READ)) return x.refuseRange(from, false);
    if (from.offsets[0] % 4 !== 0) return x.refuse(`vertex buffer ${slot} is not aligned`);
  }
  return DONE;
}

/** Binds what `check` found. */
function bind(x: Execution, program: GraphicsProgram, pipeline: bigint): void {
  const { render, from, services: { recorder, data } } = x, { vk } = recorder;
  const command = recorder.begin();
  vk.vkCmdBindPipeline(command, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
  const { u32, i32, f32 } = data, u64 = data.u64;
  let bound = 0;
  for (const { slot, location } of render.attributes) {
    if ((bound & (1 << slot)) !== 0) continue;
    if (!program.vertex.program.inputs.some((input) => input.location === location)) continue;
    bound |= 1 << slot;
    const { va, size, stride } = render.vertexBuffers[slot];
    if (!from.whole(x.space, va, size, ACCESS_READ)) throw new TypeError("Cannot bind what was found before");
    from.memories[0].reads();
    u64[0] = from.memories[0].handle;
    u64[1] = BigInt(from.offsets[0]);
    u64[2] = BigInt(size);
    u64[3] = BigInt(stride);
    vk.vkCmdBindVertexBuffers2(
      command,
      slot,
      1,
      data.address(0),
      data.address(8),
      data.address(16),
      data.address(24),
    );
  }
  const [ax, ay, aw, ah] = render.area;
  f32.set(render.viewport ?? [ax, ay, aw, ah, 0, 1]);
  vk.vkCmdSetViewport(command, 0, 1, data.base);
  const [sx, sy, sw, sh] = render.scissor ?? render.area;
  const left = Math.min(Math.max(sx, ax), ax + aw), top = Math.min(Math.max(sy, ay), ay + ah);
  i32[0] = left;
  i32[1] = top;
  u32[2] = Math.max(0, Math.min(sx + sw, ax + aw) - left);
  u32[3] = Math.max(0, Math.min(sy + sh, ay + ah) - top);
  vk.vkCmdSetScissor(command, 0, 1, data.base);
  u32.set(x.compute.constants);
  vk.vkCmdPushConstants(command, program.layout.handle, program.layout.stages, 0, 128, data.base);
}

/** `count` draws with their operands in words: as DRAW has them, or with `indexed` as DRAW_INDEXED. */
function draw(x: Execution, words: Uint32Array, count: number, step: number, indexed: boolean): number {
  const { render, services: { recorder, renderer, descriptors }, to } = x;
  const { program } = render;
  if (!render.isActive) return x.refuse("there is no rendering");
  if (program === undefined) return x.refuse("there are no shaders");
  for (let i = 0; i < count; i++) {
    const vertices = words[i * step], instances = words[i * step + 1];
    if (vertices * instances > MAX_VERTICES) return x.refuse(`${vertices} vertices of ${instances} instances`);
    const first = words[i * step + 2];
    if (!indexed) {
      if (first + vertices > 2 ** 31 || words[i * step + 3] + instances > 2 ** 31) {
        return x.refuse("numbers of vertices");
      }
      continue;
    }
    if (words[i * step + 4] + instances > 2 ** 31) return x.refuse("numbers of instances");
    if (first + vertices > render.indexSize / (render.wideIndices ? 4 : 2)) return x.refuse("too few indices");
  }
  let status = check(x, program);
  if (status !== DONE) return status;
  let pipeline: bigint;
  try {
    pipeline = program.pipeline(render);
  } catch (error) {
    return refuseShader(x, error);
  }
  if (indexed) {
    if (render.indexSize === 0) return x.refuse("there is no index buffer");
    if (!to.whole(x.space, render.indices, render.indexSize, ACCESS_READ)) return x.refuseRange(to, false);
    if (to.offsets[0] % 4 !== 0) return x.refuse("the index buffer is not aligned");
  }
  status = descriptors.check(x, program.layout);
  if (status !== DONE) {
    descriptors.drop(x);
    return status;
  }
  const pictures = descriptors.hasPictures(program.layout);
  if (pictures) {
    renderer.suspend(x);
    descriptors.before(x, program.layout);
  }
  renderer.enter(x);
  bind(x, program, pipeline);
  descriptors.bind(x, program.layout, VK_PIPELINE_BIND_POINT_GRAPHICS);
  const { vk } = recorder, command = recorder.begin();
  if (indexed) {
    const [memory] = to.memories;
    memory.reads();
    const type = render.wideIndices ? VK_INDEX_TYPE_UINT32 : VK_INDEX_TYPE_UINT16;
    vk.vkCmdBindIndexBuffer(command, memory.handle, BigInt(to.offsets[0]), type);
  }
  for (let i = 0; i < count; i++) {
    const at = i * step;
    if (words[at] === 0 || words[at + 1] === 0) continue;
    if (indexed) {
      vk.vkCmdDrawIndexed(command, words[at], words[at + 1], words[at + 2], words[at + 3] | 0, words[at + 4]);
    } else vk.vkCmdDraw(command, words[at], words[at + 1], words[at + 2], words[at + 3]);
  }
  if (pictures) renderer.suspend(x);
  descriptors.after(x, program.layout);
  return DONE;
}

const operands = new Uint32Array(5);

function drawOne(x: Execution): number {
  const { slots, op } = x.decoder, indexed = op === isa.DXP_DRAW_INDEXED;
  for (let i = 0; i < (indexed ? 5 : 4); i++) operands[i] = slots[i] >>> 0;
  return draw(x, operands, 1, 5, indexed);
}

/** The operands are read on the CPU, when the GPU has written them: each draw is checked as one that came as a packet. */
function drawIndirect(x: Execution): number {
  const { slots, flags } = x.decoder, indexed = (flags & 1) !== 0;
  const count = slots[1], stride = slots[2], size = indexed ? 20 : 16;
  if (!x.render.isActive) return x.refuse("there is no rendering");
  if (count === 0) return DONE;
  const length = (count - 1) * stride + size;
  const words = new Uint32Array(length / 4);
  const status = x.read(slots[0], length, ACCESS_READ, new Uint8Array(words.buffer));
  if (status !== DONE) return status;
  if (!x.takeRegions(count)) return x.refuse("too many draws in one submission");
  return draw(x, words, count, stride / 4, indexed);
}

/** The handlers of this file, by opcode. */
export const DRAWS: readonly (readonly [opcode: number, handler: Handler])[] = [
  [isa.DXP_RENDER_BEGIN.opcode, renderBegin],
  [isa.DXP_RENDER_END.opcode, renderEnd],
  [isa.DXP_SET_GRAPHICS.opcode, setGraphics],
  [isa.DXP_SET_VIEWPORT.opcode, setViewport],
  [isa.DXP_SET_SCISSOR.opcode, setScissor],
  [isa.DXP_SET_VERTEX_BUFFER.opcode, setVertexBuffer],
  [isa.DXP_SET_INDEX_BUFFER.opcode, setIndexBuffer],
  [isa.DXP_DRAW.opcode, drawOne],
  [isa.DXP_DRAW_INDEXED.opcode, drawOne],
  [isa.DXP_DRAW_INDIRECT.opcode, drawIndirect],
];
