/**
 * Messages about paging queues and GPU virtual addresses.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { PAGE_SIZE } from "../../../core/memory.ts";
import * as kmt from "../../../uapi/d3dkmthk_paging.ts";
import * as uapi from "../../../uapi/dxgvmbus_paging.ts";
import { STATUS_PENDING } from "../../../uapi/ntstatus.ts";
import type { Struct, View } from "../../../uapi/struct.ts";
import type { Call } from "./call.ts";
import type { DxgDevice } from "./device.ts";
import { HostCommand, WaitCommand } from "./command.ts";
import type { GpuSpace } from "./gpu_space.ts";
import { type Message, offsetOf, vgpu, zero } from "./message.ts";
import { PagingQueue } from "./paging_queue.ts";
import { nextU64, readU64 } from "./u64.ts";

const PROTECTION = kmt.d3dddigpuva_protection_type;
const OPERATION = kmt.d3dddi_updategpuvirtualaddress_operation;
const OPERATIONS = offsetOf(uapi.dxgkvmb_command_updategpuvirtualaddress as Struct<unknown>, "operations");
const FENCE_VALUE = offsetOf(uapi.dxgkvmb_command_updategpuvirtualaddress as Struct<unknown>, "fence_value");
const MAX_OPERATIONS = 2046; // what a packet holds

/** An address and a size as Numbers. Throws EINVAL unless both are whole pages of the space. */
function rangeOf(space: GpuSpace, base: bigint, size: number): number {
  if (base === 0n) throw new DrmError("EINVAL", "Cannot use GPU address 0");
  return space.choose(base, 0n, 0n, size);
}

function map(
  call: Call,
  request: View<uapi.dxgkvmb_command_mapgpuvirtualaddress>,
  reply: View<uapi.dxgkvmb_command_mapgpuvirtualaddress_return>,
): number {
  const process = call.owner();
  const { args } = request;
  const queue = process.pagingQueue(args.paging_queue);
  const { device } = queue;
  device.checkActive();
  zero("reserved0", args.reserved0);
  zero("reserved1", args.reserved1);
  const { space } = device;
  const size = args.size_in_pages * PAGE_SIZE;
  const { protection } = args;
  if ((protection & PROTECTION.reserved) !== 0n) throw new DrmError("EINVAL", "Cannot map: unknown protection");
  const isEmpty = (protection & (PROTECTION.zero | PROTECTION.no_access)) !== 0n;
  if (!isEmpty && args.allocation === 0) {
    throw new DrmError("EINVAL", "Cannot map: an allocation or a protection without one is needed");
  }
  const named = args.allocation === 0 ? undefined : process.allocation(args.allocation);
  if (named !== undefined && named.device.adapter !== device.adapter) {
    throw new DrmError("EINVAL", "Cannot map: the allocation is another adapter's");
  }
  // Clients that empty a range name what was there (librocdxg).
  const allocation = isEmpty ? undefined : named;
  const whole = size === 0 && allocation !== undefined
    ? allocation.backing.size - args.offset_in_pages * PAGE_SIZE
    : size;
  const addr = space.choose(args.base_address, args.minimum_address, args.maximum_address, whole);
  if (allocation === undefined) space.reserve(addr, whole, (protection & PROTECTION.zero) !== 0n);
  else {
    const write = (protection & PROTECTION.write) !== 0n;
    space.map(addr, whole, allocation.backing, args.offset_in_pages * PAGE_SIZE, write);
  }
  reply.virtual_address = BigInt(addr);
  reply.paging_fence_value = BigInt(queue.mark());
  return STATUS_PENDING;
}

function reserve(
  call: Call,
  request: View<uapi.dxgkvmb_command_reservegpuvirtualaddress>,
  reply: View<uapi.dxgkvmb_command_reservegpuvirtualaddress_return>,
): number {
  const { args } = request;
  const { space } = call.owner().part(call.target());
  const isZero = args.reservation_type === kmt._D3DDDIGPUVA_RESERVE_ZERO;
  if (args.reservation_type > kmt._D3DDDIGPUVA_RESERVE_NO_COMMIT) {
    throw new DrmError("EINVAL", `Cannot reserve: type ${args.reservation_type}`);
  }
  const addr = space.choose(args.base_address, args.minimum_address, args.maximum_address, args.size);
  if (!space.isFree(addr, args.size)) {
    throw new DrmError("EINVAL", `Cannot reserve ${args.size} bytes at 0x${addr.toString(16)}: they are in use`);
  }
  space.reserve(addr, args.size, isZero);
  reply.virtual_address = BigInt(addr);
  return 0;
}

/** One operation of UPDATEGPUVIRTUALADDRESS, checked as far as it can be before its time. */
type Update = (space: GpuSpace) => void;

function updateOf(call: Call, device: DxgDevice, op: View<kmt.d3dddi_updategpuvirtualaddress_operation>): Update {
  const { space } = device;
  const within = (addr: number, size: number): void => {
    if (!device.space.covers(addr, size)) {
      throw new DrmError("EINVAL", `Cannot update ${size} bytes at 0x${addr.toString(16)}: they are not reserved`);
    }
  };
  const mapped = (
    args: View<kmt.d3dddi_updategpuvirtualaddress_operation_map>,
    write: boolean,
  ): Update => {
    const { allocation: handle, allocation_offset: offset, allocation_size: part, size } = args;
    const addr = rangeOf(space, args.base_address, size);
    const { backing, device: owner } = call.owner().allocation(handle);
    if (
      owner.adapter !== device.adapter || part !== 0 && part < size || !(offset + size <= backing.size) ||
      offset % PAGE_SIZE
    ) {
      throw new DrmError("EINVAL", `Cannot map ${size} bytes at ${offset} of an allocation of ${backing.size}`);
    }
    within(addr, size);
    return (space) => space.map(addr, size, backing, offset, write);
  };
  switch (op.operation) {
    case kmt._D3DDDI_UPDATEGPUVIRTUALADDRESS_MAP:
      return mapped(op.map, true);
    case kmt._D3DDDI_UPDATEGPUVIRTUALADDRESS_MAP_PROTECT:
      return mapped(op.map_protect, (op.map_protect.protection & PROTECTION.write) !== 0n);
    case kmt._D3DDDI_UPDATEGPUVIRTUALADDRESS_UNMAP: {
      const { size, protection } = op.unmap;
      const addr = rangeOf(space, op.unmap.base_address, size);
      within(addr, size);
      return (space) => space.reserve(addr, size, (protection & PROTECTION.zero) !== 0n);
    }
    case kmt._D3DDDI_UPDATEGPUVIRTUALADDRESS_COPY: {
      const { size } = op.copy;
      const source = rangeOf(space, op.copy.source_address, size);
      const dest = rangeOf(space, op.copy.dest_address, size);
      within(source, size);
      within(dest, size);
      return (space) => space.copy(source, dest, size);
    }
    default:
      throw new DrmError("EINVAL", `Cannot update: operation ${op.operation}`);
  }
}

function update(call: Call, request: View<uapi.dxgkvmb_command_updategpuvirtualaddress>): number {
  const process = call.owner();
  const { num_operations: count } = request;
  const device = process.device(request.device);
  device.checkActive();
  const context = process.context(request.context);
  if (context.device !== device) throw new DrmError("EINVAL", "Cannot update: the context is another device's");
  if ((request.flags & ~1) !== 0 || count === 0 || count > MAX_OPERATIONS) {
    throw new DrmError("EINVAL", `Cannot do ${count} operations with flags 0x${request.flags.toString(16)}`);
  }
  const fence = process.sync(request.fence_object).object;
  if (!fence.isMonitored) throw new DrmError("EINVAL", "Cannot order by what is no monitored fence");
  call.tail(OPERATIONS, count, OPERATION.size);
  const updates: Update[] = [];
  for (let i = 0; i < count; i++) {
    updates.push(updateOf(call, device, OPERATION.at(call.request, OPERATIONS + i * OPERATION.size)));
  }
  const value = readU64(call.view, FENCE_VALUE);
  context.queue.checkRoom();
  if ((request.flags & 1) === 0) context.queue.push(new WaitCommand([fence], [value]));
  fence.hold();
  // Its fence says with the value behind that it is done.
  context.queue.push(
    new HostCommand(() => {
      try {
        for (const run of updates) run(device.space);
      } catch (error) { // no room for mappings: known only now
        if (!(error instanceof DrmError)) throw error;
        device.outOfMemory(error.message);
      }
      fence.signal(nextU64(value), false);
      fence.drop();
    }, () => fence.drop()),
  );
  return 0;
}

/** The messages. */
export function pagingMessages(): Message[] {
  return [
    vgpu.answer(
      "CREATEPAGINGQUEUE",
      uapi.dxgkvmb_command_createpagingqueue,
      uapi.dxgkvmb_command_createpagingqueue_return,
      (call, { args }, reply) => {
        const device = call.owner().device(args.device);
        zero("physical_adapter_index", args.physical_adapter_index);
        if (args.priority < -1 || args.priority > 1) {
          throw new DrmError("EINVAL", `Cannot give priority ${args.priority}`);
        }
        const queue = new PagingQueue(device);
        const { object } = queue.fence;
        reply.paging_queue = queue.handle;
        reply.sync_object = queue.fence.handle;
        reply.fence_storage_physical_address = BigInt(object.page?.gpa ?? 0);
        reply.fence_storage_offset = object.index * 8;
        return 0;
      },
    ),
    vgpu.message("DESTROYPAGINGQUEUE", uapi.dxgkvmb_command_destroypagingqueue, (call, request) => {
      call.owner().pagingQueue(request.paging_queue).close();
      return 0;
    }),
    vgpu.answer(
      "MAPGPUVIRTUALADDRESS",
      uapi.dxgkvmb_command_mapgpuvirtualaddress,
      uapi.dxgkvmb_command_mapgpuvirtualaddress_return,
      map,
    ),
    vgpu.answer(
      "RESERVEGPUVIRTUALADDRESS",
      uapi.dxgkvmb_command_reservegpuvirtualaddress,
      uapi.dxgkvmb_command_reservegpuvirtualaddress_return,
      reserve,
    ),
    vgpu.message("FREEGPUVIRTUALADDRESS", uapi.dxgkvmb_command_freegpuvirtualaddress, (call, { args }) => {
      zero("reserved", args.reserved);
      const { space } = call.owner().part(call.target());
      space.free(rangeOf(space, args.base_address, args.size), args.size);
      return 0;
    }),
    vgpu.message("UPDATEGPUVIRTUALADDRESS", uapi.dxgkvmb_command_updategpuvirtualaddress, update),
  ];
}
