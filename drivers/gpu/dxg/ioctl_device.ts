/**
 * Ioctls about devices, contexts and hardware queues. What the host makes is known to the client only once its handle is copied out;
 * until then it is undone. Mirrors ioctl.c.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as c from "../../../uapi/d3dkmthk_context.ts";
import * as d from "../../../uapi/d3dkmthk_device.ts";
import * as w from "../../../uapi/dxgvmbus_device.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_CREATECONTEXTVIRTUAL,
  DXGK_VMBCOMMAND_CREATEDEVICE,
  DXGK_VMBCOMMAND_CREATEHWQUEUE,
  DXGK_VMBCOMMAND_DESTROYCONTEXT,
  DXGK_VMBCOMMAND_DESTROYDEVICE,
  DXGK_VMBCOMMAND_DESTROYHWQUEUE,
  DXGK_VMBCOMMAND_GETCONTEXTSCHEDULINGPRIORITY,
  DXGK_VMBCOMMAND_GETDEVICESTATE,
  DXGK_VMBCOMMAND_MARKDEVICEASERROR,
  DXGK_VMBCOMMAND_SETCONTEXTSCHEDULINGPRIORITY,
} from "../../../uapi/dxgvmbus_number.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import type { Struct } from "../../../uapi/struct.ts";
import type { DxgAdapter } from "./adapter.ts";
import type { Call } from "./call.ts";
import { DEVICE_STATE_COOKIE } from "./global.ts";
import { check, invalid, line, offsetOf, status } from "./handler.ts";
import { mapFence } from "./io_space.ts";
import { QueueFence } from "./fences.ts";
import { DxgContext, DxgDevice, HwQueue } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";

function* createDevice(process: DxgProcess, call: Call<d.d3dkmt_createdevice>): Steps {
  const { args } = call;
  const adapter = process.adapter(args.adapter);
  const message = adapter.message(DXGK_VMBCOMMAND_CREATEDEVICE, w.dxgkvmb_command_createdevice, process);
  const body = message.body(w.dxgkvmb_command_createdevice);
  body.flags = args.flags;
  body.error_code = DEVICE_STATE_COOKIE;
  yield message.expects(w.dxgkvmb_command_createdevice_return.size);
  const { device: handle } = message.result(w.dxgkvmb_command_createdevice_return);
  if (handle === 0) invalid("Cannot make a device: the host gives no handle");
  try {
    // The adapter may have been closed meanwhile.
    const part = process.parts.get(adapter) ?? invalid("Cannot make a device: the adapter was closed");
    args.device = handle;
    call.out("device");
    const device = new DxgDevice(part);
    try {
      process.handles.assign(handle, device);
      device.handle = handle;
    } catch (error) {
      part.devices.delete(device);
      throw error;
    }
  } catch (error) {
    yield* destroy(process, adapter, DXGK_VMBCOMMAND_DESTROYDEVICE, w.dxgkvmb_command_destroydevice, "device", handle);
    throw error;
  }
  return 0;
}

/** A message that is a handle and nothing else. Failures are of no interest: the thing is gone here. */
function* destroy<T>(
  process: DxgProcess,
  adapter: DxgAdapter,
  type: number,
  struct: Struct<T>,
  member: keyof T & string,
  handle: number,
): Steps<number> {
  const message = adapter.message(type, struct, process);
  message.view.setUint32(message.at + offsetOf(struct, member), handle, true);
  return yield* status(message);
}

function destroyDevice(process: DxgProcess, call: Call<d.d3dkmt_destroydevice>): Steps {
  const device = process.handles.get(call.args.device);
  if (!(device instanceof DxgDevice)) invalid(`Cannot destroy device 0x${call.args.device.toString(16)}`);
  return process.destroyDevice(device);
}

// Whatever goes wrong on the way to the host is EINVAL: dxgkrnl looks at the handle alone.
function* createContextVirtual(process: DxgProcess, call: Call<c.d3dkmt_createcontextvirtual>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const { adapter } = device;
  const struct = w.dxgkvmb_command_createcontextvirtual;
  const size = args.priv_drv_data_size;
  if (size > DXG_MAX_VM_BUS_PACKET_SIZE) invalid(`Cannot make a context with ${size} bytes of private data`);
  const message = adapter.message(DXGK_VMBCOMMAND_CREATECONTEXTVIRTUAL, struct, process, struct.size + size - 1);
  const at = offsetOf(struct, "priv_drv_data");
  const body = message.body(struct);
  body.device = args.device;
  body.node_ordinal = args.node_ordinal;
  body.engine_affinity = args.engine_affinity;
  body.flags = args.flags;
  body.client_hint = args.client_hint;
  body.priv_drv_data_size = size;
  let handle = 0;
  try {
    try {
      call.copyIn(args.priv_drv_data, message.part(at, size));
      yield message.expects(struct.size + size - 1);
      handle = message.result(struct).context;
      call.copyOut(args.priv_drv_data, message.resultBytes(at, size));
    } catch (error) {
      if (!(error instanceof DrmError)) throw error;
      throw new DrmError("EINVAL", error.message);
    }
    if (handle === 0) invalid("Cannot make a context: the host gives no handle");
    if (process.handles.get(device.handle) !== device) invalid("Cannot make a context: the device was destroyed");
    args.context = handle;
    call.out("context");
    new DxgContext(device, handle).publish();
  } catch (error) {
    if (handle !== 0) yield* destroyContextMessage(process, adapter, handle);
    throw error;
  }
  return 0;
}

function destroyContextMessage(process: DxgProcess, adapter: DxgAdapter, handle: number): Steps<number> {
  const struct = w.dxgkvmb_command_destroycontext;
  return destroy(process, adapter, DXGK_VMBCOMMAND_DESTROYCONTEXT, struct, "context", handle);
}

function destroyContext(process: DxgProcess, call: Call<c.d3dkmt_destroycontext>): Steps {
  const context = process.context(call.args.context);
  context.close();
  return destroyContextMessage(process, context.device.adapter, context.handle);
}

function* createHwQueue(process: DxgProcess, call: Call<c.d3dkmt_createhwqueue>): Steps {
  const { args } = call;
  const context = process.context(args.context);
  const { device } = context;
  const { adapter } = device;
  const struct = w.dxgkvmb_command_createhwqueue;
  const size = args.priv_drv_data_size;
  if (size > DXG_MAX_VM_BUS_PACKET_SIZE) invalid(`Cannot make a queue with ${size} bytes of private data`);
  const length = struct.size + (size === 0 ? 0 : size - 1);
  const message = adapter.message(DXGK_VMBCOMMAND_CREATEHWQUEUE, struct, process, length);
  const at = offsetOf(struct, "priv_drv_data");
  const body = message.body(struct);
  body.context = args.context;
  body.flags = args.flags;
  body.priv_drv_data_size = size;
  call.copyIn(args.priv_drv_data, message.part(at, size));
  yield message.expects(length);
  const made = message.result(struct);
  const result = check(ntstatusToReturn(made.status));
  const handle = made.hwqueue;
  let fence: QueueFence | undefined;
  try {
    const view = mapFence(process.global, call, made.hwqueue_progress_fence_cpuva);
    fence = new QueueFence(device, made.hwqueue_progress_fence, view);
    if (process.handles.get(context.handle) !== context) invalid("Cannot make a queue: the context was destroyed");
    args.queue = handle;
    args.queue_progress_fence = made.hwqueue_progress_fence;
    args.queue_progress_fence_cpu_va = view.address;
    args.queue_progress_fence_gpu_va = made.hwqueue_progress_fence_gpuva;
    call.out("queue", "queue_progress_fence", "queue_progress_fence_cpu_va", "queue_progress_fence_gpu_va");
    call.copyOut(args.priv_drv_data, message.resultBytes(at, size));
    new HwQueue(context, handle, fence).publish();
  } catch (error) {
    fence?.unmap();
    if (handle !== 0) yield* destroyHwQueueMessage(process, adapter, handle);
    throw error;
  }
  return result;
}

function destroyHwQueueMessage(process: DxgProcess, adapter: DxgAdapter, handle: number): Steps<number> {
  const struct = w.dxgkvmb_command_destroyhwqueue;
  return destroy(process, adapter, DXGK_VMBCOMMAND_DESTROYHWQUEUE, struct, "hwqueue", handle);
}

function destroyHwQueue(process: DxgProcess, call: Call<c.d3dkmt_destroyhwqueue>): Steps {
  const queue = process.hwQueue(call.args.queue);
  queue.close();
  return destroyHwQueueMessage(process, queue.device.adapter, queue.handle);
}

function* setPriority(process: DxgProcess, handle: number, priority: number, inProcess: number): Steps {
  const { adapter } = process.context(handle).device;
  const struct = w.dxgkvmb_command_setcontextschedulingpriority2;
  const message = adapter.message(DXGK_VMBCOMMAND_SETCONTEXTSCHEDULINGPRIORITY, struct, process);
  const body = message.body(struct);
  body.context = handle;
  body.priority = priority;
  body.in_process = inProcess;
  return yield* status(message);
}

function* getPriority(
  process: DxgProcess,
  call: Call<c.d3dkmt_getcontextschedulingpriority>,
  inProcess: number,
): Steps {
  const { args } = call;
  const { adapter } = process.context(args.context).device;
  const struct = w.dxgkvmb_command_getcontextschedulingpriority;
  const message = adapter.message(DXGK_VMBCOMMAND_GETCONTEXTSCHEDULINGPRIORITY, struct, process);
  const body = message.body(struct);
  body.context = args.context;
  body.in_process = inProcess;
  yield message.expects(w.dxgkvmb_command_getcontextschedulingpriority_return.size);
  const reply = message.result(w.dxgkvmb_command_getcontextschedulingpriority_return);
  const result = check(ntstatusToReturn(reply.status));
  args.priority = reply.priority;
  call.out("priority");
  return result;
}

function* markDeviceAsError(process: DxgProcess, call: Call<d.d3dkmt_markdeviceaserror>): Steps {
  const device = process.device(call.args.device);
  device.executionState = d._D3DKMT_DEVICEEXECUTION_RESET;
  const struct = w.dxgkvmb_command_markdeviceaserror;
  const message = device.adapter.message(DXGK_VMBCOMMAND_MARKDEVICEASERROR, struct, process);
  message.body(struct).args = call.args;
  return yield* status(message);
}

// Whether a device still executes is asked often: the host says when that may have changed (SETGUESTDATA).
function getDeviceState(process: DxgProcess, call: Call<d.d3dkmt_getdevicestate>): number | Steps {
  const { args } = call;
  const device = process.device(args.device);
  const counter = process.global.deviceStateCounter;
  if (args.state_type === d._D3DKMT_DEVICESTATE_EXECUTION && device.executionStateCounter === counter) {
    args.execution_state = device.executionState;
    call.out();
    return 0;
  }
  return askDeviceState(process, call, device, counter);
}

function* askDeviceState(
  process: DxgProcess,
  call: Call<d.d3dkmt_getdevicestate>,
  device: DxgDevice,
  counter: number,
): Steps {
  const { args } = call;
  const struct = w.dxgkvmb_command_getdevicestate;
  const message = device.adapter.message(DXGK_VMBCOMMAND_GETDEVICESTATE, struct, process);
  message.body(struct).args = args;
  yield message.expects(w.dxgkvmb_command_getdevicestate_return.size);
  const reply = message.result(w.dxgkvmb_command_getdevicestate_return);
  const result = check(ntstatusToReturn(reply.status));
  const isExecution = args.state_type === d._D3DKMT_DEVICESTATE_EXECUTION;
  call.replace(reply.args);
  call.out();
  if (isExecution) {
    device.executionState = reply.args.execution_state;
    device.executionStateCounter = counter;
  }
  return result;
}

/** Lines of the table. */
export const DEVICE_IOCTLS: readonly IoctlEntry[] = [
  line(d.LX_DXCREATEDEVICE, d.d3dkmt_createdevice, createDevice),
  line(d.LX_DXDESTROYDEVICE, d.d3dkmt_destroydevice, destroyDevice),
  line(c.LX_DXCREATECONTEXTVIRTUAL, c.d3dkmt_createcontextvirtual, createContextVirtual),
  line(c.LX_DXDESTROYCONTEXT, c.d3dkmt_destroycontext, destroyContext),
  line(c.LX_DXCREATEHWQUEUE, c.d3dkmt_createhwqueue, createHwQueue),
  line(c.LX_DXDESTROYHWQUEUE, c.d3dkmt_destroyhwqueue, destroyHwQueue),
  line(
    c.LX_DXSETCONTEXTSCHEDULINGPRIORITY,
    c.d3dkmt_setcontextschedulingpriority,
    (process, { args }) => setPriority(process, args.context, args.priority, 0),
  ),
  line(
    c.LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY,
    c.d3dkmt_setcontextinprocessschedulingpriority,
    (process, { args }) => setPriority(process, args.context, args.priority, 1),
  ),
  line(
    c.LX_DXGETCONTEXTSCHEDULINGPRIORITY,
    c.d3dkmt_getcontextschedulingpriority,
    (process, call) => getPriority(process, call, 0),
  ),
  line(
    c.LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY,
    c.d3dkmt_getcontextinprocessschedulingpriority,
    (process, call) => getPriority(process, call, 1),
  ),
  line(d.LX_DXMARKDEVICEASERROR, d.d3dkmt_markdeviceaserror, markDeviceAsError),
  line(d.LX_DXGETDEVICESTATE, d.d3dkmt_getdevicestate, getDeviceState),
];
