/**
 * Ioctls about allocations: destroying them, locks, caches. Making them is in create_allocation.ts. Mirrors ioctl.c.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as k from "../../../uapi/d3dkmthk_allocation.ts";
import { dxgkvmb_command_destroyallocation } from "../../../uapi/dxgvmbus_allocation.ts";
import {
  dxgkvmb_command_invalidatecache,
  dxgkvmb_command_lock2,
  dxgkvmb_command_lock2_return,
  dxgkvmb_command_unlock2,
} from "../../../uapi/dxgvmbus_lock.ts";
import {
  DXGK_VMBCOMMAND_DESTROYALLOCATION,
  DXGK_VMBCOMMAND_INVALIDATECACHE,
  DXGK_VMBCOMMAND_LOCK2,
  DXGK_VMBCOMMAND_UNLOCK2,
} from "../../../uapi/dxgvmbus_number.ts";
import { ntstatusToReturn } from "../../../uapi/ntstatus.ts";
import type { Call } from "./call.ts";
import { createAllocation } from "./create_allocation.ts";
import { check, invalid, line, MAX_ALLOCATIONS, offsetOf, status } from "./handler.ts";
import { mapAllocation } from "./io_space.ts";
import type { Allocation, DxgDevice } from "./objects.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";
import type { Sysmem } from "./sysmem.ts";

/** DESTROYALLOCATION of allocations, or of a resource and all that is in it. */
export function* sendDestroyAllocation(
  device: DxgDevice,
  resource: number,
  handles: Uint32Array,
  flags: number,
): Steps<number> {
  const struct = dxgkvmb_command_destroyallocation;
  const { adapter, process } = device;
  const size = struct.size + handles.byteLength;
  const message = adapter.message(DXGK_VMBCOMMAND_DESTROYALLOCATION, struct, process, size);
  const body = message.body(struct);
  body.device = device.handle;
  body.resource = resource;
  body.alloc_count = handles.length;
  body.flags = flags;
  const at = message.at + offsetOf(struct, "allocations");
  handles.forEach((handle, i) => message.view.setUint32(at + i * 4, handle, true));
  return yield* status(message);
}

// Local handles go first: the host may give them out again as soon as it has freed them.
function* destroyAllocation(process: DxgProcess, call: Call<k.d3dkmt_destroyallocation2>): Steps {
  const { args } = call;
  const { alloc_count: count, resource: resourceHandle, flags } = args;
  if (count > MAX_ALLOCATIONS || (count === 0) === (resourceHandle === 0)) {
    invalid(`Cannot destroy ${count} allocations and resource 0x${resourceHandle.toString(16)}`);
  }
  const handles = call.readU32s(args.allocations, count);
  const device = process.device(args.device);
  let held: Sysmem[];
  if (count > 0) held = [...validated(process, device, handles)].flatMap((allocation) => allocation.close());
  else {
    const resource = process.resource(resourceHandle);
    if (resource.device !== device) invalid("Cannot destroy a resource of another device");
    held = resource.close();
  }
  try {
    return yield* sendDestroyAllocation(device, resourceHandle, handles, flags);
  } finally {
    for (const memory of held) memory[Symbol.dispose]();
  }
}

// All of one resource that is not shared, or all of none; each once.
function validated(process: DxgProcess, device: DxgDevice, handles: Uint32Array): Set<Allocation> {
  const out = new Set<Allocation>();
  let first: Allocation | undefined;
  for (const handle of handles) {
    const allocation = process.allocation(handle);
    first ??= allocation;
    const { resource } = allocation;
    if (resource !== first.resource) invalid("Cannot destroy allocations of several resources");
    if (allocation.device !== device) invalid("Cannot destroy allocations of another device");
    if (resource?.shared !== undefined) invalid("Cannot destroy allocations of a shared resource one by one");
    if (out.has(allocation)) invalid(`Cannot destroy allocation 0x${handle.toString(16)} twice`);
    out.add(allocation);
  }
  return out;
}

function lock2(process: DxgProcess, call: Call<k.d3dkmt_lock2>): number | Steps {
  const { args } = call;
  const allocation = process.allocation(args.allocation);
  if (allocation.cpuAddress !== 0n) {
    again(call, allocation);
    return 0;
  }
  const device = process.device(args.device);
  return lock(process, call, device, allocation);
}

function again(call: Call<k.d3dkmt_lock2>, allocation: Allocation): void {
  call.args.data = allocation.cpuAddress;
  call.out("data");
  if (allocation.mapping !== undefined) allocation.locks++;
}

function* lock(process: DxgProcess, call: Call<k.d3dkmt_lock2>, device: DxgDevice, allocation: Allocation): Steps {
  const { args } = call;
  const struct = dxgkvmb_command_lock2;
  const message = device.adapter.message(DXGK_VMBCOMMAND_LOCK2, struct, process);
  args.data = 0n;
  message.body(struct).args = args;
  yield message.expects(dxgkvmb_command_lock2_return.size);
  const reply = message.result(dxgkvmb_command_lock2_return);
  const result = check(ntstatusToReturn(reply.status));
  try {
    if (process.handles.get(allocation.handle) !== allocation) invalid("Cannot lock: the allocation was destroyed");
    if (allocation.cpuAddress !== 0n) {
      // Another thread was faster; the host has counted this lock too, and gets it back.
      again(call, allocation);
      yield* unlockMessage(process, device, allocation.handle);
      return result;
    }
    const mapping = mapAllocation(process.global, call, reply.cpu_visible_buffer_offset, allocation.size);
    allocation.mapping = mapping;
    allocation.cpuAddress = mapping.address;
    allocation.locks = 1;
    try {
      args.data = mapping.address;
      call.out("data");
    } catch (error) {
      if (--allocation.locks === 0) allocation.unmap();
      throw error;
    }
  } catch (error) {
    if (allocation.mapping === undefined) yield* unlockMessage(process, device, allocation.handle);
    throw error;
  }
  return result;
}

function* unlockMessage(process: DxgProcess, device: DxgDevice, allocation: number): Steps<number> {
  const struct = dxgkvmb_command_unlock2;
  const message = device.adapter.message(DXGK_VMBCOMMAND_UNLOCK2, struct, process);
  const { args } = message.body(struct);
  args.device = device.handle;
  args.allocation = allocation;
  return yield* status(message);
}

function unlock2(process: DxgProcess, call: Call<k.d3dkmt_unlock2>): number | Steps {
  const { args } = call;
  const allocation = process.allocation(args.allocation);
  if (allocation.cpuAddress === 0n) invalid("Cannot unlock: the allocation is not locked");
  // The client's own memory was never locked on the host.
  if (allocation.mapping === undefined) return 0;
  const device = process.device(args.device);
  if (--allocation.locks > 0) return 0;
  allocation.unmap();
  return unlockMessage(process, device, allocation.handle);
}

function* invalidateCache(process: DxgProcess, call: Call<k.d3dkmt_invalidatecache>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const struct = dxgkvmb_command_invalidatecache;
  const message = device.adapter.message(DXGK_VMBCOMMAND_INVALIDATECACHE, struct, process);
  const body = message.body(struct);
  body.device = args.device;
  body.allocation = args.allocation;
  body.offset = args.offset;
  body.length = args.length;
  return yield* status(message);
}

/** Lines of the table. */
export const ALLOCATION_IOCTLS: readonly IoctlEntry[] = [
  line(k.LX_DXCREATEALLOCATION, k.d3dkmt_createallocation, createAllocation),
  line(k.LX_DXDESTROYALLOCATION2, k.d3dkmt_destroyallocation2, destroyAllocation),
  line(k.LX_DXLOCK2, k.d3dkmt_lock2, lock2),
  line(k.LX_DXUNLOCK2, k.d3dkmt_unlock2, unlock2),
  line(k.LX_DXINVALIDATECACHE, k.d3dkmt_invalidatecache, invalidateCache),
];
