/**
 * Compute: SET_COMPUTE, SET_TABLE, SET_CONSTANTS, DISPATCH, DISPATCH_INDIRECT.
 * @module
 */

import { ACCESS_EXECUTE, ACCESS_READ } from "../../../../core/host_dxg.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import { SpirvError } from "../../shader/spirv_check/mod.ts";
import { VK_PIPELINE_BIND_POINT_COMPUTE, VK_SHADER_STAGE_COMPUTE_BIT, VkError } from "../../vulkan/mod.ts";
import { DONE, type Execution, type Handler } from "./execution.ts";

/** Bytes of a SPIR-V module. */
export const MAX_CODE = 512 * 1024;

let scratch = new Uint8Array(65536);

/** A private copy of a shader, valid until the next one; a status if it cannot be had. */
export function readCode(x: Execution, address: number, size: number): Uint32Array | number {
  if (size > MAX_CODE) return x.refuse(`a shader has at most ${MAX_CODE} bytes`);
  if (scratch.length < size) scratch = new Uint8Array(MAX_CODE);
  const status = x.read(address, size, ACCESS_EXECUTE, scratch);
  return status === DONE ? new Uint32Array(scratch.buffer, 0, size / 4) : status;
}

function setCompute(x: Execution): number {
  const { slots, tailAt, tailCount, words } = x.decoder;
  const code = readCode(x, slots[0], slots[1]);
  if (typeof code === "number") return code;
  try {
    x.compute.program = x.services.programs.compute(code, words.subarray(tailAt, tailAt + tailCount * 2));
  } catch (error) {
    return refuseShader(x, error);
  }
  return DONE;
}

/** The fault of a shader that the check or the driver refuses. Rethrows everything else. */
export function refuseShader(x: Execution, error: unknown): number {
  if (error instanceof SpirvError) return x.refuse(error.message);
  const { lost } = x.services.gpu.device;
  if (error instanceof VkError && lost === undefined) {
    return x.refuse(`the driver refuses the shader: ${error.message}`);
  }
  throw error;
}

function setTable(x: Execution): number {
  x.compute.table = x.decoder.slots[0];
  x.compute.tableCount = x.decoder.slots[1];
  return DONE;
}

function setConstants(x: Execution): number {
  const { slots, tailAt, tailCount, words } = x.decoder;
  for (let i = 0; i < tailCount; i++) x.compute.constants[slots[0] + i] = words[tailAt + i];
  return DONE;
}

function run(x: Execution, groupsX: number, groupsY: number, groupsZ: number): number {
  const { services, compute: { program, constants } } = x;
  const { descriptors, recorder, data, gpu } = services;
  if (program === undefined) return x.refuse("there is no shader");
  const max = gpu.device.physical.limits.maxComputeWorkGroupCount;
  if (groupsX > max[0] || groupsY > max[1] || groupsZ > max[2]) {
    return x.refuse(`${groupsX} x ${groupsY} x ${groupsZ} workgroups`);
  }
  const { layout } = program;
  const status = descriptors.check(x, layout);
  if (status !== DONE) {
    descriptors.drop(x);
    return status;
  }
  if (groupsX === 0 || groupsY === 0 || groupsZ === 0) {
    descriptors.drop(x);
    return DONE;
  }
  descriptors.before(x, layout);
  const { vk } = recorder, command = recorder.begin();
  if (recorder.isNew(program)) vk.vkCmdBindPipeline(command, VK_PIPELINE_BIND_POINT_COMPUTE, program.pipeline);
  data.u32.set(constants);
  vk.vkCmdPushConstants(command, layout.handle, VK_SHADER_STAGE_COMPUTE_BIT, 0, 128, data.base);
  descriptors.bind(x, layout, VK_PIPELINE_BIND_POINT_COMPUTE);
  vk.vkCmdDispatch(command, groupsX, groupsY, groupsZ);
  descriptors.after(x, layout);
  return DONE;
}

function dispatch(x: Execution): number {
  if (x.render.isActive) return x.refuse("rendering is under way");
  const { slots } = x.decoder;
  return run(x, slots[0], slots[1], slots[2]);
}

const counts = new Uint32Array(3);
const countBytes = new Uint8Array(counts.buffer);

/** The counts are read on the CPU, when the GPU has written them: what a GPU would do with too many is not defined. */
function dispatchIndirect(x: Execution): number {
  if (x.render.isActive) return x.refuse("rendering is under way");
  const status = x.read(x.decoder.slots[0], 12, ACCESS_READ, countBytes);
  return status === DONE ? run(x, counts[0], counts[1], counts[2]) : status;
}

/** The handlers of this file, by opcode. */
export const DISPATCHES: readonly (readonly [opcode: number, handler: Handler])[] = [
  [isa.DXP_SET_COMPUTE.opcode, setCompute],
  [isa.DXP_SET_TABLE.opcode, setTable],
  [isa.DXP_SET_CONSTANTS.opcode, setConstants],
  [isa.DXP_DISPATCH.opcode, dispatch],
  [isa.DXP_DISPATCH_INDIRECT.opcode, dispatchIndirect],
];
