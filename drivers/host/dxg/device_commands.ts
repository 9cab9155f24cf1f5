/**
 * Messages about devices, contexts, hardware queues, and what they execute.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import * as kmt from "../../../uapi/d3dkmthk_device.ts";
import { d3dddi_createcontextflags, d3dddi_createhwqueueflags } from "../../../uapi/d3dkmthk_context.ts";
import {
  d3dkmt_submitcommand,
  d3dkmt_submitcommandflags,
  d3dkmt_submitcommandtohwqueue,
} from "../../../uapi/d3dkmthk_submit.ts";
import * as uapi from "../../../uapi/dxgvmbus_device.ts";
import type { Struct, View } from "../../../uapi/struct.ts";
import type { Call } from "./call.ts";
import { DxgContext, HwQueue } from "./context.ts";
import { DxgDevice } from "./device.ts";
import { checkBuffer, HostCommand, SubmitCommand } from "./command.ts";
import { type Message, offsetOf, vgpu } from "./message.ts";
import { readU64 } from "./u64.ts";

/** The most private data of a context, a hardware queue or a DMA buffer, bytes. */
const MAX_PRIVATE = 0x20000;
const MAX_BROADCAST = 64;
const MAX_HISTORY = 1024;
const MAX_PRIMARIES = 16;
const CONTEXT_DATA = offsetOf(uapi.dxgkvmb_command_createcontextvirtual as Struct<unknown>, "priv_drv_data");
const QUEUE_DATA = offsetOf(uapi.dxgkvmb_command_createhwqueue as Struct<unknown>, "priv_drv_data");
const NOTHING = new Uint8Array(0);

// Where things stand in the arguments of a submission, from the command header.
const SUBMIT_ARGS = 24;
const SUBMIT_TAIL = SUBMIT_ARGS + d3dkmt_submitcommand.size;
const SUBMIT_CONTEXTS = SUBMIT_ARGS + offsetOf(d3dkmt_submitcommand as Struct<unknown>, "broadcast_context");
const HW_TAIL = SUBMIT_ARGS + d3dkmt_submitcommandtohwqueue.size;
const HW_PROGRESS = SUBMIT_ARGS +
  offsetOf(d3dkmt_submitcommandtohwqueue as Struct<unknown>, "hwqueue_progress_fence_id");

function privateData(call: Call, at: number, size: number): Uint8Array {
  if (size > MAX_PRIVATE) throw new DrmError("EINVAL", `Cannot take ${size} bytes of private data`);
  call.tail(at, size, 1);
  return size === 0 ? NOTHING : call.request.slice(at, at + size);
}

function checkHandles(call: Call, at: number, count: number): number {
  const end = call.tail(at, count, 4);
  const process = call.owner();
  for (let i = 0; i < count; i++) process.allocation(call.u32(at + 4 * i));
  return end;
}

function submit(call: Call, request: View<uapi.dxgkvmb_command_submitcommand>): number {
  const { args } = request;
  const process = call.owner();
  const count = args.broadcast_context_count;
  if (
    count === 0 || count > MAX_BROADCAST || args.num_history_buffers > MAX_HISTORY || args.num_primaries > MAX_PRIMARIES
  ) {
    throw new DrmError("EINVAL", `Cannot submit to ${count} contexts`);
  }
  if ((args.flags & d3dkmt_submitcommandflags.reserved) !== 0) throw new DrmError("EINVAL", "Cannot submit: flags");
  const first = process.context(call.u32(SUBMIT_CONTEXTS));
  call.device = first.device;
  for (let i = 0; i < args.num_primaries; i++) process.allocation(args.written_primaries[i]);
  const at = checkHandles(call, SUBMIT_TAIL, args.num_history_buffers);
  const data = privateData(call, at, args.priv_drv_data_size);
  const isNull = (args.flags & d3dkmt_submitcommandflags.null_rendering) !== 0;
  const address = isNull ? 0 : checkBuffer(args.command_buffer, args.command_length);
  const contexts = [first];
  for (let i = 1; i < count; i++) contexts.push(process.context(call.u32(SUBMIT_CONTEXTS + 4 * i)));
  for (const context of contexts) {
    if (context.isSyncOnly) throw new DrmError("EINVAL", "Cannot submit: the context only orders signals and waits");
    context.queue.checkRoom();
  }
  if (isNull) return 0;
  for (const context of contexts) {
    if ((context.flags & d3dddi_createcontextflags.null_rendering) !== 0) continue;
    context.queue.push(new SubmitCommand(address, args.command_length, data));
  }
  return 0;
}

function submitToHwQueue(call: Call, request: View<uapi.dxgkvmb_command_submitcommandtohwqueue>): number {
  const { args } = request;
  const hw = call.owner().hwQueue(args.hwqueue);
  call.device = hw.context.device;
  if (args.num_primaries > MAX_PRIMARIES) throw new DrmError("EINVAL", `Cannot write ${args.num_primaries} primaries`);
  const at = checkHandles(call, HW_TAIL, args.num_primaries);
  const data = privateData(call, at, args.priv_drv_data_size);
  const value = readU64(call.view, HW_PROGRESS);
  const progress = hw.progress.object;
  if ((hw.context.flags & d3dddi_createcontextflags.null_rendering) !== 0) {
    hw.queue.push(new HostCommand(() => void progress.signal(value, true)));
    return 0;
  }
  const address = checkBuffer(args.command_buffer, args.command_length);
  hw.queue.push(new SubmitCommand(address, args.command_length, data, progress, value));
  return 0;
}

function getState(
  request: View<kmt.d3dkmt_getdevicestate>,
  device: DxgDevice,
  out: View<kmt.d3dkmt_getdevicestate>,
): number {
  out.device = request.device;
  out.state_type = request.state_type;
  switch (request.state_type) {
    case kmt._D3DKMT_DEVICESTATE_EXECUTION:
      out.execution_state = device.state;
      return 0;
    case kmt._D3DKMT_DEVICESTATE_RESET:
      out.reset_state = 0; // there is no desktop
      return 0;
    case kmt._D3DKMT_DEVICESTATE_PAGE_FAULT: {
      const fault = device.pageFault;
      if (fault === undefined || fault.kind === "lost") return 0;
      const state = out.page_fault_state;
      // The offset of the packet in its DMA buffer.
      state.faulted_primitive_api_sequence_number = BigInt(Math.max(0, fault.offset));
      state.faulted_pipeline_stage = kmt._DXGK_RENDER_PIPELINE_STAGE_UNKNOWN;
      state.faulted_bind_table_entry = 0xffff_ffff;
      state.page_fault_flags = (fault.write ? kmt._DXGK_PAGE_FAULT_WRITE : 0) |
        kmt._DXGK_PAGE_FAULT_HW_CONTEXT_VALID | kmt._DXGK_PAGE_FAULT_PROCESS_HANDLE_VALID;
      const code = fault.kind === "page"
        ? kmt._DXGK_GENERAL_ERROR_PAGE_FAULT
        : kmt._DXGK_GENERAL_ERROR_INVALID_INSTRUCTION;
      state.fault_error_code = code << 1;
      state.faulted_virtual_address = BigInt(fault.address);
      return 0;
    }
    default:
      throw new DrmError("EPERM", `Cannot tell state ${request.state_type}: the adapter presents nothing`);
  }
}

/** The messages. */
export function deviceMessages(): Message[] {
  return [
    vgpu.answer(
      "CREATEDEVICE",
      uapi.dxgkvmb_command_createdevice,
      uapi.dxgkvmb_command_createdevice_return,
      (call, q, r) => {
        const adapter = call.target();
        adapter.checkPresent();
        if ((q.flags & kmt.d3dkmt_createdeviceflags.reserved) !== 0) {
          throw new DrmError(
            "EINVAL",
            "Cannot make it: flags",
          );
        }
        r.device = new DxgDevice(call.owner(), adapter, q.error_code).handle;
        return 0;
      },
    ),
    vgpu.message("DESTROYDEVICE", uapi.dxgkvmb_command_destroydevice, (call, request) => {
      call.owner().device(request.device).close();
      return 0;
    }),
    vgpu.message("FLUSHDEVICE", uapi.dxgkvmb_command_flushdevice, (call, request) => {
      const device = call.owner().device(request.device);
      // Before its end nothing that waits needs to run any more; otherwise what can run does, as after every message.
      if (request.reason === uapi.DXGDEVICE_FLUSHSCHEDULER_DEVICE_TERMINATE) {
        for (const queue of device.queues) queue.drop();
      }
      return 0;
    }),
    vgpu.message("MARKDEVICEASERROR", uapi.dxgkvmb_command_markdeviceaserror, (call, { args }) => {
      const device = call.owner().device(args.device);
      const isGeneric = args.reason === kmt._D3DKMT_DEVICE_ERROR_REASON_GENERIC;
      if (!isGeneric && args.reason !== kmt._D3DKMT_DEVICE_ERROR_REASON_DRIVER_ERROR) {
        throw new DrmError("EINVAL", `Cannot mark the device: reason 0x${args.reason.toString(16)}`);
      }
      device.fail(kmt._D3DKMT_DEVICEEXECUTION_RESET, isGeneric ? "marked by its process" : "marked by its driver");
      return 0;
    }),
    vgpu.answer(
      "GETDEVICESTATE",
      uapi.dxgkvmb_command_getdevicestate,
      uapi.dxgkvmb_command_getdevicestate_return,
      (call, { args }, reply) => getState(args, call.owner().device(args.device), reply.args),
    ),
    vgpu.message("CREATECONTEXTVIRTUAL", uapi.dxgkvmb_command_createcontextvirtual, (call, request) => {
      const device = call.owner().device(request.device);
      privateData(call, CONTEXT_DATA, request.priv_drv_data_size);
      // The affinity has a bit for each GPU of a linked set: there is one. 0 is what callers send who do not care.
      if (request.engine_affinity > 1) throw new DrmError("EINVAL", "Cannot make a context on a second GPU");
      request.context = new DxgContext(device, request.node_ordinal, request.flags).handle;
      return 0;
    }),
    vgpu.message("DESTROYCONTEXT", uapi.dxgkvmb_command_destroycontext, (call, request) => {
      call.owner().context(request.context).close();
      return 0;
    }),
    vgpu.message("CREATEHWQUEUE", uapi.dxgkvmb_command_createhwqueue, (call, request) => {
      const context = call.owner().context(request.context);
      privateData(call, QUEUE_DATA, request.priv_drv_data_size);
      if ((request.flags & d3dddi_createhwqueueflags.reserved) !== 0) {
        throw new DrmError("EINVAL", "Cannot make it: flags");
      }
      const hw = new HwQueue(context);
      const { object } = hw.progress;
      request.status = 0;
      request.hwqueue = hw.handle;
      request.hwqueue_progress_fence = hw.progress.handle;
      request.hwqueue_progress_fence_cpuva = BigInt((object.page?.gpa ?? 0) + object.index * 8);
      request.hwqueue_progress_fence_gpuva = BigInt(hw.progress.gpuVa);
      return 0;
    }),
    vgpu.message("DESTROYHWQUEUE", uapi.dxgkvmb_command_destroyhwqueue, (call, request) => {
      call.owner().hwQueue(request.hwqueue).close();
      return 0;
    }),
    vgpu.message("SUBMITCOMMAND", uapi.dxgkvmb_command_submitcommand, submit),
    vgpu.message("SUBMITCOMMANDTOHWQUEUE", uapi.dxgkvmb_command_submitcommandtohwqueue, submitToHwQueue),
    vgpu.message(
      "SETCONTEXTSCHEDULINGPRIORITY",
      uapi.dxgkvmb_command_setcontextschedulingpriority2,
      (call, request) => {
        const context = call.owner().context(request.context);
        const { priority } = request;
        if (priority < -7 || priority > 7) throw new DrmError("EINVAL", `Cannot give priority ${priority}`);
        if (request.in_process !== 0) context.inProcessPriority = priority;
        else {
          context.queue.priority = priority;
          for (const hw of context.hwQueues) hw.queue.priority = priority;
        }
        return 0;
      },
    ),
    vgpu.answer(
      "GETCONTEXTSCHEDULINGPRIORITY",
      uapi.dxgkvmb_command_getcontextschedulingpriority,
      uapi.dxgkvmb_command_getcontextschedulingpriority_return,
      (call, request, reply) => {
        const context = call.owner().context(request.context);
        reply.priority = request.in_process !== 0 ? context.inProcessPriority : context.queue.priority;
        return 0;
      },
    ),
  ];
}
