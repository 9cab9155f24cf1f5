/**
 * Ioctls about paging queues and GPU virtual addresses. Mirrors ioctl.c.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as k from "../../../uapi/d3dkmthk_paging.ts";
import { DXG_MAX_VM_BUS_PACKET_SIZE } from "../../../uapi/dxgvmbus_hdr.ts";
import {
  DXGK_VMBCOMMAND_CREATEPAGINGQUEUE,
  DXGK_VMBCOMMAND_DESTROYPAGINGQUEUE,
  DXGK_VMBCOMMAND_FREEGPUVIRTUALADDRESS,
  DXGK_VMBCOMMAND_MAPGPUVIRTUALADDRESS,
  DXGK_VMBCOMMAND_RESERVEGPUVIRTUALADDRESS,
  DXGK_VMBCOMMAND_UPDATEGPUVIRTUALADDRESS,
} from "../../../uapi/dxgvmbus_number.ts";
import * as w from "../../../uapi/dxgvmbus_paging.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import type { Call } from "./call.ts";
import { check, invalid, line, offsetOf, status } from "./handler.ts";
import { mapFence } from "./io_space.ts";
import { QueueFence } from "./fences.ts";
import { DxgContext, type DxgDevice, PagingQueue } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";

function* createPagingQueue(process: DxgProcess, call: Call<k.d3dkmt_createpagingqueue>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const struct = w.dxgkvmb_command_createpagingqueue;
  const message = device.adapter.message(DXGK_VMBCOMMAND_CREATEPAGINGQUEUE, struct, process);
  message.body(struct).args = args;
  yield message.expects(w.dxgkvmb_command_createpagingqueue_return.size);
  const made = message.result(w.dxgkvmb_command_createpagingqueue_return);
  const handle = made.paging_queue;
  let fence: QueueFence | undefined;
  try {
    if (handle === 0) invalid("Cannot make a paging queue: the host gives no handle");
    const view = mapFence(process.global, call, made.fence_storage_physical_address, made.fence_storage_offset);
    fence = new QueueFence(device, made.sync_object, view);
    if (process.handles.get(device.handle) !== device) invalid("Cannot make a paging queue: the device was destroyed");
    args.paging_queue = handle;
    args.sync_object = made.sync_object;
    args.fence_cpu_virtual_address = view.address;
    call.out();
    new PagingQueue(device, handle, fence).publish();
  } catch (error) {
    fence?.unmap();
    if (handle !== 0) yield* destroyMessage(process, device, handle);
    throw error;
  }
  return 0;
}

function* destroyMessage(process: DxgProcess, device: DxgDevice, handle: number): Steps<number> {
  const struct = w.dxgkvmb_command_destroypagingqueue;
  const message = device.adapter.message(DXGK_VMBCOMMAND_DESTROYPAGINGQUEUE, struct, process);
  message.body(struct).paging_queue = handle;
  yield message;
  return 0;
}

// The host's answer is not looked at: dxgkrnl wants none.
function destroyPagingQueue(process: DxgProcess, call: Call<k.d3dddi_destroypagingqueue>): Steps {
  const queue = process.pagingQueue(call.args.paging_queue);
  queue.close();
  return destroyMessage(process, queue.device, queue.handle);
}

function* mapGpuVirtualAddress(process: DxgProcess, call: Call<k.d3dddi_mapgpuvirtualaddress>): Steps {
  const { args } = call;
  const queue = process.pagingQueue(args.paging_queue);
  const struct = w.dxgkvmb_command_mapgpuvirtualaddress;
  const message = queue.device.adapter.message(DXGK_VMBCOMMAND_MAPGPUVIRTUALADDRESS, struct, process);
  message.body(struct).args = args;
  yield message.expects(w.dxgkvmb_command_mapgpuvirtualaddress_return.size);
  const reply = message.result(w.dxgkvmb_command_mapgpuvirtualaddress_return);
  const result = check(ntstatusToReturn(reply.status));
  queue.fence.values.promise(reply.paging_fence_value);
  args.paging_fence_value = reply.paging_fence_value;
  args.virtual_address = reply.virtual_address;
  call.out("paging_fence_value", "virtual_address");
  return result;
}

function* reserveGpuVirtualAddress(process: DxgProcess, call: Call<k.d3dddi_reservegpuvirtualaddress>): Steps {
  const { args } = call;
  // A handle of either kind. An adapter's is of this side and is replaced by the host's.
  const isAdapter = process.adapterHandles.get(args.adapter) !== undefined;
  const adapter = isAdapter ? process.adapter(args.adapter) : process.pagingQueue(args.adapter).device.adapter;
  const struct = w.dxgkvmb_command_reservegpuvirtualaddress;
  const message = adapter.message(DXGK_VMBCOMMAND_RESERVEGPUVIRTUALADDRESS, struct, process);
  const body = message.body(struct);
  body.args = args;
  if (isAdapter) body.args.adapter = adapter.hostHandle;
  yield message.expects(w.dxgkvmb_command_reservegpuvirtualaddress_return.size);
  const reply = message.result(w.dxgkvmb_command_reservegpuvirtualaddress_return);
  // The reply has no status: without an address nothing was reserved.
  if (reply.virtual_address === 0n) invalid(`Cannot reserve ${args.size} bytes of GPU addresses: the host refuses`);
  args.virtual_address = reply.virtual_address;
  call.out("virtual_address");
  return 0;
}

function* freeGpuVirtualAddress(process: DxgProcess, call: Call<k.d3dkmt_freegpuvirtualaddress>): Steps {
  const { args } = call;
  const adapter = process.adapter(args.adapter);
  const struct = w.dxgkvmb_command_freegpuvirtualaddress;
  const message = adapter.message(DXGK_VMBCOMMAND_FREEGPUVIRTUALADDRESS, struct, process);
  const body = message.body(struct);
  body.args = args;
  body.args.adapter = adapter.hostHandle;
  return yield* status(message);
}

function* updateGpuVirtualAddress(process: DxgProcess, call: Call<k.d3dkmt_updategpuvirtualaddress>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const count = args.num_operations;
  const operation = k.d3dddi_updategpuvirtualaddress_operation.size;
  if (count === 0 || Math.floor(DXG_MAX_VM_BUS_PACKET_SIZE / operation) < count) {
    invalid(`Cannot do ${count} operations`);
  }
  const struct = w.dxgkvmb_command_updategpuvirtualaddress;
  const size = struct.size + (count - 1) * operation;
  const message = device.adapter.message(DXGK_VMBCOMMAND_UPDATEGPUVIRTUALADDRESS, struct, process, size);
  const body = message.body(struct);
  body.fence_value = args.fence_value;
  body.device = args.device;
  body.context = args.context;
  body.fence_object = args.fence_object;
  body.num_operations = count;
  body.flags = args.flags;
  call.copyIn(args.operations, message.part(offsetOf(struct, "operations"), count * operation));
  const result = check(yield* status(message));
  // The context waits for the value, changes its address space and signals the next value.
  const context = process.handles.get(args.context);
  const fence = process.fence(args.fence_object);
  if (context instanceof DxgContext && fence !== undefined) {
    if ((args.flags & k.d3dkmt_updategpuvirtualaddress_flags.do_not_wait) === 0) {
      context.order.wait(fence.values, args.fence_value);
    }
    context.order.signal(fence.values, args.fence_value + 1n);
  }
  call.out("fence_value");
  return result;
}

/** Lines of the table. */
export const PAGING_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXCREATEPAGINGQUEUE, k.d3dkmt_createpagingqueue, createPagingQueue),
  line(k.LX_DXDESTROYPAGINGQUEUE, k.d3dddi_destroypagingqueue, destroyPagingQueue),
  line(k.LX_DXMAPGPUVIRTUALADDRESS, k.d3dddi_mapgpuvirtualaddress, mapGpuVirtualAddress),
  line(k.LX_DXRESERVEGPUVIRTUALADDRESS, k.d3dddi_reservegpuvirtualaddress, reserveGpuVirtualAddress),
  line(k.LX_DXFREEGPUVIRTUALADDRESS, k.d3dkmt_freegpuvirtualaddress, freeGpuVirtualAddress),
  line(k.LX_DXUPDATEGPUVIRTUALADDRESS, k.d3dkmt_updategpuvirtualaddress, updateGpuVirtualAddress),
];
