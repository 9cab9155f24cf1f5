/**
 * What orders work: BARRIER, FENCE_WRITE, FENCE_WAIT, TIMESTAMP; and CALL, MARKER, NOP.
 * @module
 */

import { ACCESS_READ, ACCESS_WRITE } from "../../../../core/host_dxg.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import {
  VK_PIPELINE_STAGE_2_ALL_GRAPHICS_BIT,
  VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
  VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
  VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT,
  VK_PIPELINE_STAGE_2_HOST_BIT,
} from "../../vulkan/mod.ts";
import { DONE, type Execution, type Handler } from "./execution.ts";

/** Pictures are copied to and from tiled images around dispatches and draws, so those are transfers too. */
const STAGES: readonly bigint[] = Array.from({ length: isa.DXP_STAGE_ALL + 1 }, (_, mask) => {
  let stages = 0n;
  if (mask & isa.DXP_STAGE_TRANSFER) stages |= VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT;
  if (mask & isa.DXP_STAGE_COMPUTE) {
    stages |= VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT;
  }
  if (mask & isa.DXP_STAGE_GRAPHICS) {
    stages |= VK_PIPELINE_STAGE_2_ALL_GRAPHICS_BIT | VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT;
  }
  if (mask & isa.DXP_STAGE_INDIRECT) stages |= VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT;
  if (mask & isa.DXP_STAGE_HOST) stages |= VK_PIPELINE_STAGE_2_HOST_BIT;
  return stages;
});
/** Without a queue of graphics, its stages do not exist. */
const COMPUTE_ONLY: readonly bigint[] = STAGES.map((stages) => stages & ~VK_PIPELINE_STAGE_2_ALL_GRAPHICS_BIT);

function barrier(x: Execution): number {
  if (x.render.isActive) return x.refuse("rendering is under way");
  const { slots } = x.decoder, { recorder, gpu } = x.services;
  const stages = gpu.graphics ? STAGES : COMPUTE_ONLY;
  const src = stages[slots[0]], dst = stages[slots[1]];
  if (src !== 0n && dst !== 0n) recorder.barrier(src, dst);
  return DONE;
}

function fenceWrite(x: Execution): number {
  if (x.render.isActive) return x.refuse("rendering is under way");
  const { slots } = x.decoder, { recorder, data } = x.services, { to } = x;
  if (!to.whole(x.space, slots[0], 8, ACCESS_WRITE)) return x.refuseRange(to, true);
  const memory = to.memories[0], offset = to.offsets[0];
  recorder.fullBarrier();
  data.u32[0] = slots[1];
  data.u32[1] = slots[2];
  memory.writesTo(offset, 8);
  recorder.vk.vkCmdUpdateBuffer(recorder.begin(), memory.handle, BigInt(offset), 8n, data.base);
  return DONE;
}

const seen = new Uint32Array(2);
const seenBytes = new Uint8Array(seen.buffer);

/** Everything recorded so far is submitted; what follows is recorded when the value is there. */
function fenceWait(x: Execution): number {
  if (x.render.isActive) return x.refuse("rendering is under way");
  const { slots } = x.decoder;
  const status = x.read(slots[0], 8, ACCESS_READ, seenBytes);
  if (status !== DONE) return status;
  const low = slots[1], high = slots[2];
  if (seen[1] > high || (seen[1] === high && seen[0] >= low)) {
    x.services.recorder.fullBarrier();
    return DONE;
  }
  x.forget();
  x.flush();
  return x.stall(0);
}

function timestamp(x: Execution): number {
  if (x.render.isActive) return x.refuse("rendering is under way");
  const { to } = x;
  if (!to.whole(x.space, x.decoder.slots[0], 8, ACCESS_WRITE)) return x.refuseRange(to, true);
  x.services.timestamps.record(to.memories[0], to.offsets[0]);
  return DONE;
}

function call(x: Execution): number {
  const { slots } = x.decoder;
  return x.enter(slots[0], slots[1]);
}

const nothing: Handler = () => DONE;

/** The handlers of this file, by opcode. */
export const ORDERING: readonly (readonly [opcode: number, handler: Handler])[] = [
  [isa.DXP_NOP.opcode, nothing],
  [isa.DXP_HEADER.opcode, nothing],
  [isa.DXP_MARKER.opcode, nothing],
  [isa.DXP_BARRIER.opcode, barrier],
  [isa.DXP_FENCE_WRITE.opcode, fenceWrite],
  [isa.DXP_FENCE_WAIT.opcode, fenceWait],
  [isa.DXP_TIMESTAMP.opcode, timestamp],
  [isa.DXP_CALL.opcode, call],
];
