/**
 * Copies, fills and writes: COPY_LINEAR, COPY_RECT, FILL, WRITE. A range may be cut into pieces of several memories.
 * @module
 */

import * as isa from "../../../../uapi/dxp_isa.ts";
import { DONE, type Execution, type Handler } from "./execution.ts";
import type { Ranges } from "./ranges.ts";

/** Where a position of a range lies; positions only grow. */
class Cursor {
  piece = 0;
  #start = 0;
  #ranges: Ranges;

  constructor(ranges: Ranges) {
    this.#ranges = ranges;
  }

  reset(): void {
    this.piece = 0;
    this.#start = 0;
  }

  /** Bytes of the piece from a position on. */
  seek(position: number): number {
    const { lengths } = this.#ranges;
    while (position >= this.#start + lengths[this.piece]) this.#start += lengths[this.piece++];
    return this.#start + lengths[this.piece] - position;
  }

  /** Where in its memory the position is. */
  offset(position: number): number {
    return this.#ranges.offsets[this.piece] + position - this.#start;
  }
}

const cursors = new WeakMap<Ranges, Cursor>();

function cursorOf(ranges: Ranges): Cursor {
  let cursor = cursors.get(ranges);
  if (cursor === undefined) cursors.set(ranges, cursor = new Cursor(ranges));
  cursor.reset();
  return cursor;
}

/** Copies rows between the ranges `from` and `to`, which begin where the first row does. */
function copyRows(
  x: Execution,
  slices: number,
  rows: number,
  rowSize: number,
  dstSlice: number,
  dstPitch: number,
  srcSlice: number,
  srcPitch: number,
): number {
  const { from, to, services: { regions } } = x;
  regions.clear();
  if (from.count === 1 && to.count === 1 && rows === 1 && slices === 1) {
    if (!x.takeRegions(1)) return x.refuse("too much to copy in one submission");
    regions.push(to.memories[0], to.offsets[0], from.memories[0], from.offsets[0], rowSize);
  } else {
    if (slices * rows > x.regions) return x.refuse("too many rows in one submission");
    const dst = cursorOf(to), src = cursorOf(from);
    for (let z = 0; z < slices; z++) {
      for (let y = 0; y < rows; y++) {
        let d = z * dstSlice + y * dstPitch, s = z * srcSlice + y * srcPitch, left = rowSize;
        while (left > 0) {
          if (!x.takeRegions(1)) return x.refuse("too much to copy in one submission");
          const n = Math.min(dst.seek(d), src.seek(s), left);
          regions.push(to.memories[dst.piece], dst.offset(d), from.memories[src.piece], src.offset(s), n);
          d += n;
          s += n;
          left -= n;
        }
      }
    }
  }
  if (regions.overlap) return x.refuse("source and destination overlap in memory");
  regions.record();
  return DONE;
}

const linear = isa.DXP_COPY_LINEAR.slot;

function copyLinear(x: Execution): number {
  const s = x.decoder.slots, size = s[linear.size];
  if (x.render.isActive) return x.refuse("rendering is under way");
  if (!x.canRead(s[linear.src], size)) return x.refuseRange(x.from, false);
  if (!x.canWrite(s[linear.dst], size)) return x.refuseRange(x.to, true);
  return copyRows(x, 1, 1, size, 0, 0, 0, 0);
}

const rect = isa.DXP_COPY_RECT.slot;

function copyRect(x: Execution): number {
  const s = x.decoder.slots;
  if (x.render.isActive) return x.refuse("rendering is under way");
  let rowSize = s[rect.rowSize], rows = s[rect.rows], slices = s[rect.slices];
  const dstPitch = s[rect.dstPitch], srcPitch = s[rect.srcPitch];
  const dstSlice = s[rect.dstSlice], srcSlice = s[rect.srcSlice];
  if (rows === 1 || (dstPitch === rowSize && srcPitch === rowSize)) { // a slice is one row
    rowSize *= rows;
    rows = 1;
    if (dstSlice === rowSize && srcSlice === rowSize) {
      rowSize *= slices;
      slices = 1;
    }
  }
  const dstSpan = (slices - 1) * dstSlice + (rows - 1) * dstPitch + rowSize;
  const srcSpan = (slices - 1) * srcSlice + (rows - 1) * srcPitch + rowSize;
  if (!x.canRead(s[rect.src], srcSpan)) return x.refuseRange(x.from, false);
  if (!x.canWrite(s[rect.dst], dstSpan)) return x.refuseRange(x.to, true);
  return copyRows(x, slices, rows, rowSize, dstSlice, dstPitch, srcSlice, srcPitch);
}

const fillSlot = isa.DXP_FILL.slot;

function fill(x: Execution): number {
  const s = x.decoder.slots;
  const { to, services: { recorder } } = x;
  if (x.render.isActive) return x.refuse("rendering is under way");
  if (!x.canWrite(s[fillSlot.dst], s[fillSlot.size])) return x.refuseRange(to, true);
  if (!aligned(to)) return x.refuse("a piece of the range is not aligned");
  if (!x.takeRegions(to.count)) return x.refuse("too much to fill in one submission");
  const command = recorder.begin();
  for (let i = 0; i < to.count; i++) {
    const memory = to.memories[i], offset = to.offsets[i], length = to.lengths[i];
    memory.writesTo(offset, length);
    recorder.vk.vkCmdFillBuffer(command, memory.handle, BigInt(offset), BigInt(length), s[fillSlot.value]);
  }
  return DONE;
}

/** Mappings are pages, so this holds; Vulkan wants it checked. */
function aligned(ranges: Ranges): boolean {
  for (let i = 0; i < ranges.count; i++) {
    if (ranges.offsets[i] % 4 !== 0 || ranges.lengths[i] % 4 !== 0) return false;
  }
  return true;
}

/** Records what words of a packet, in order, are stored in the range `to`. */
export function update(x: Execution, words: Uint32Array, at: number): void {
  const { to, services: { recorder, data } } = x;
  const command = recorder.begin();
  for (let i = 0; i < to.count; i++) {
    const memory = to.memories[i], offset = to.offsets[i], count = to.lengths[i] / 4;
    for (let k = 0; k < count; k++) data.u32[k] = words[at + k];
    at += count;
    memory.writesTo(offset, count * 4);
    recorder.vk.vkCmdUpdateBuffer(command, memory.handle, BigInt(offset), BigInt(count * 4), data.base);
  }
}

function write(x: Execution): number {
  const { slots, tailAt, tailCount, words } = x.decoder;
  if (x.render.isActive) return x.refuse("rendering is under way");
  if (!x.canWrite(slots[0], tailCount * 4)) return x.refuseRange(x.to, true);
  if (!aligned(x.to)) return x.refuse("a piece of the range is not aligned");
  if (!x.takeRegions(x.to.count)) return x.refuse("too much to write in one submission");
  update(x, words, tailAt);
  return DONE;
}

/** The handlers of this file, by opcode. */
export const TRANSFERS: readonly (readonly [opcode: number, handler: Handler])[] = [
  [isa.DXP_COPY_LINEAR.opcode, copyLinear],
  [isa.DXP_COPY_RECT.opcode, copyRect],
  [isa.DXP_FILL.opcode, fill],
  [isa.DXP_WRITE.opcode, write],
];
