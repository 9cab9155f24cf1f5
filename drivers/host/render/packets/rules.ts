/**
 * What the operands of one packet must be to each other: the rules of the dxg packet format that a table of ranges cannot
 * say. Rules that need memory (is there something at this address), or the packets before (a draw needs rendering), are the
 * executor's.
 * @module
 */

import { DXP_VA_LIMIT } from "../../../../uapi/dxp.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import {
  dxp_blend,
  dxp_descriptor,
  DXP_FORMAT_D32_SFLOAT,
  DXP_FORMAT_R32G32B32_SFLOAT,
  DXP_FORMAT_SIZE,
  dxp_raster,
} from "../../../../uapi/dxp_object.ts";
import { shiftOf } from "../../../../uapi/bits.ts";
import type { PacketDecoder } from "./decoder.ts";

const rules: (((d: PacketDecoder) => string | undefined) | undefined)[] = new Array(256).fill(undefined);

/** The rule that a packet breaks, or undefined. Its operands were found to be in their ranges. */
export function broken(d: PacketDecoder): string | undefined {
  return rules[d.op.opcode]?.(d);
}

const reaches = (va: number, size: number): string | undefined =>
  va + size > DXP_VA_LIMIT ? "it reaches beyond the addresses" : undefined;

function copyLinear(dst: number, src: number, size: number): string | undefined {
  if (dst < src + size && src < dst + size) return "source and destination overlap";
  return reaches(dst, size) ?? reaches(src, size);
}

const rect = isa.DXP_COPY_RECT.slot;

function copyRect({ slots: s }: PacketDecoder): string | undefined {
  const rowSize = s[rect.rowSize], rows = s[rect.rows], slices = s[rect.slices];
  const dstPitch = s[rect.dstPitch], srcPitch = s[rect.srcPitch];
  const dstSlice = s[rect.dstSlice], srcSlice = s[rect.srcSlice];
  if (rowSize === 0 || rows === 0 || slices === 0) return "nothing to copy";
  if (rows > 1 && (dstPitch < rowSize || srcPitch < rowSize)) return "rows overlap";
  const dstSpan = (rows - 1) * dstPitch + rowSize;
  const srcSpan = (rows - 1) * srcPitch + rowSize;
  if (slices > 1 && (dstSlice < dstSpan || srcSlice < srcSpan)) return "slices overlap";
  return reaches(s[rect.dst], (slices - 1) * dstSlice + dstSpan) ??
    reaches(s[rect.src], (slices - 1) * srcSlice + srcSpan);
}

const begin = isa.DXP_RENDER_BEGIN.slot;

/** The elements are those of DXP_ATTACHMENT, in its order. */
function render(d: PacketDecoder): string | undefined {
  const { slots: s, tailCount } = d;
  const right = s[begin.x] + s[begin.width], bottom = s[begin.y] + s[begin.height];
  const hasDepth = (d.flags & 1) !== 0;
  if (tailCount - (hasDepth ? 1 : 0) > 8) return "at most 8 attachments have colour";
  for (let i = 0; i < tailCount; i++) {
    const e = d.element(i);
    const format = e[1], w = e[2], h = e[3], pitch = e[4];
    const isDepth = hasDepth && i === tailCount - 1;
    if ((format === DXP_FORMAT_D32_SFLOAT) !== isDepth) return "depth is the last attachment, and has a depth format";
    if (format === DXP_FORMAT_R32G32B32_SFLOAT) return "no picture has three floats";
    if (pitch < w * DXP_FORMAT_SIZE[format] || pitch % DXP_FORMAT_SIZE[format] !== 0) {
      return "the pitch of an attachment";
    }
    if (right > w || bottom > h) return "the area is larger than an attachment";
    const far = reaches(e[0], s[begin.layers] * h * pitch);
    if (far !== undefined) return far;
  }
  return undefined;
}

const TOPOLOGIES = 6;
const BLEND_FACTORS = 15;
const BLEND_OPS = 5;
const FACTORS = [dxp_blend.src_color, dxp_blend.dst_color, dxp_blend.src_alpha, dxp_blend.dst_alpha];
const OPERATIONS = [dxp_blend.color_op, dxp_blend.alpha_op];

function graphics(d: PacketDecoder): string | undefined {
  const slot = isa.DXP_SET_GRAPHICS.slot;
  const s = d.slots;
  if ((s[slot.raster] & dxp_raster.topology) >= TOPOLOGIES) return "no such topology";
  const blend = s[slot.blend];
  for (const mask of FACTORS) if ((blend & mask) >>> shiftOf(mask) >= BLEND_FACTORS) return "no such blend factor";
  for (const mask of OPERATIONS) if ((blend & mask) >>> shiftOf(mask) >= BLEND_OPS) return "no such blend operation";
  let seen = 0;
  for (let i = 0; i < d.tailCount; i++) {
    const e = d.element(i);
    const location = e[0], format = e[2];
    if ((seen & (1 << location)) !== 0) return "a location stands twice";
    seen |= 1 << location;
    if (format === DXP_FORMAT_D32_SFLOAT) return "no attribute has a depth format";
  }
  return reaches(s[slot.vertex], s[slot.vertexSize]) ?? reaches(s[slot.fragment], s[slot.fragmentSize]);
}

rules[isa.DXP_MARKER.opcode] = (d) => d.flags === 3 ? "PUSH and POP at once" : undefined;
rules[isa.DXP_COPY_LINEAR.opcode] = (d) => copyLinear(d.slots[0], d.slots[1], d.slots[2]);
rules[isa.DXP_COPY_RECT.opcode] = copyRect;
rules[isa.DXP_FILL.opcode] = (d) => reaches(d.slots[0], d.slots[1]);
rules[isa.DXP_WRITE.opcode] = (d) => reaches(d.slots[0], d.tailCount * 4);
rules[isa.DXP_SET_COMPUTE.opcode] = (d) => reaches(d.slots[0], d.slots[1]);
rules[isa.DXP_SET_TABLE.opcode] = (d) => reaches(d.slots[0], d.slots[1] * dxp_descriptor.size);
rules[isa.DXP_SET_CONSTANTS.opcode] = (d) => d.slots[0] + d.tailCount > 32 ? "push constants have 32 words" : undefined;
rules[isa.DXP_RENDER_BEGIN.opcode] = render;
rules[isa.DXP_SET_GRAPHICS.opcode] = graphics;
rules[isa.DXP_SET_VIEWPORT.opcode] = ({ slots: s }) =>
  s[2] > 0 && s[4] >= 0 && s[4] <= 1 && s[5] >= 0 && s[5] <= 1 ? undefined : "no viewport";
rules[isa.DXP_SET_VERTEX_BUFFER.opcode] = (d) => reaches(d.slots[2], d.slots[3]);
rules[isa.DXP_SET_INDEX_BUFFER.opcode] = ({ flags, slots: s }) =>
  flags === 1 && s[1] % 4 !== 0 ? "indices are words" : reaches(s[0], s[1]);
rules[isa.DXP_DRAW_INDIRECT.opcode] = ({ flags, slots: s }) => {
  if (s[2] % 4 !== 0) return "the stride is no multiple of 4";
  return s[1] > 1 && s[2] < (flags === 1 ? 20 : 16) ? "the stride is shorter than the arguments" : undefined;
};
rules[isa.DXP_CALL.opcode] = (d) => reaches(d.slots[0], d.slots[1]);
