/**
 * Messages about allocations and resources: making, destroying, existing memory, standard allocations, locks, caches.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { PAGE_SIZE, type PageSegment } from "../../../core/memory.ts";
import { d3dddicb_destroyallocation2flags, d3dkmt_createallocationflags } from "../../../uapi/d3dkmthk_allocation.ts";
import * as uapi from "../../../uapi/dxgvmbus_allocation.ts";
import * as lock from "../../../uapi/dxgvmbus_lock.ts";
import type { Struct, View } from "../../../uapi/struct.ts";
import { Allocation, makeBacking, parseAllocation, Resource } from "./allocation.ts";
import type { Call } from "./call.ts";
import type { DxgDevice } from "./device.ts";
import type { HostCore } from "./host_core.ts";
import { type Message, offsetOf, vgpu, zero } from "./message.ts";
import { shareResource } from "./share_commands.ts";
import { describeStandard, madeStandard } from "./standard_allocation.ts";

/** Allocations that one message may make or destroy. */
const MAX_ALLOCATIONS = 1024;
const FLAGS = d3dkmt_createallocationflags;
const INFO = uapi.dxgkvmb_command_createallocation_allocinfo.size;
const CREATE = uapi.dxgkvmb_command_createallocation.size;
const RETURN = uapi.dxgkvmb_command_allocinfo_return;
const REPLY_HEAD = uapi.dxgkvmb_command_createallocation_return.size - RETURN.size;
const DESTROY = offsetOf(uapi.dxgkvmb_command_destroyallocation as Struct<unknown>, "allocations");
const PAGES = uapi.dxgkvmb_command_setexistingsysmempages.size;

type Create = View<uapi.dxgkvmb_command_createallocation>;

function checkFlags(request: Create): void {
  const { flags } = request;
  const refused = FLAGS.create_protected | FLAGS.existing_section | FLAGS.reserved | FLAGS.partial_shared_creation |
    FLAGS.open_cross_adapter;
  if ((flags & refused) !== 0) {
    throw new DrmError("EINVAL", `Cannot make allocations with flags 0x${flags.toString(16)}`);
  }
  if ((flags & FLAGS.create_shared) !== 0 && (flags & FLAGS.create_resource) === 0) {
    throw new DrmError("EINVAL", "Cannot share allocations without a resource");
  }
  if ((flags & FLAGS.create_resource) !== 0 && request.resource !== 0) {
    throw new DrmError("EINVAL", "Cannot make a resource and add to one at once");
  }
}

function create(call: Call, request: Create, host: HostCore): number {
  const device = call.owner().device(request.device);
  device.checkActive();
  const { alloc_count: count, flags, private_runtime_data_size: runtimeSize, priv_drv_data_size: resourceSize } =
    request;
  if (count === 0 || count > MAX_ALLOCATIONS) throw new DrmError("EINVAL", `Cannot make ${count} allocations`);
  checkFlags(request);
  let at = call.tail(CREATE, count, INFO);
  at = call.tail(at, runtimeSize, 1);
  const resourceData = call.request.slice(at, call.tail(at, resourceSize, 1));
  at += resourceSize;
  const data: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const size = call.u32(CREATE + i * INFO + 4);
    const end = call.tail(at, size, 1);
    data.push(call.request.slice(at, end));
    at = end;
  }
  // Standard allocations come without private data of their own: what is asked for stands in the resource's.
  const isStandard = (flags & FLAGS.standard_allocation) !== 0;
  const isExisting = (flags & FLAGS.existing_sysmem) !== 0;
  if (isStandard) {
    if (count !== 1 || data[0].length > 0) throw new DrmError("EINVAL", "Cannot make more than a standard allocation");
    data[0] = madeStandard(resourceData, isExisting);
  }
  const isNew = (flags & FLAGS.create_resource) !== 0;
  const resource = isNew
    ? new Resource(device, resourceData)
    : request.resource !== 0
    ? call.owner().resource(request.resource)
    : undefined;
  const made: Allocation[] = [];
  try {
    if (resource?.device !== device && resource !== undefined) {
      throw new DrmError("EINVAL", "Cannot add allocations: the resource is another device's");
    }
    if (resource?.isSealed) throw new DrmError("EINVAL", "Cannot add allocations: the resource is shared");
    // What is added later is as shared as the rest.
    const isShared = (flags & FLAGS.create_shared) !== 0 || resource?.shared !== undefined;
    for (const bytes of data) made.push(one(device, resource, bytes, isExisting, isShared));
    const globalShare = isNew && (flags & FLAGS.create_shared) !== 0 && resource !== undefined
      ? shareResource(host, resource)
      : 0;
    reply(call, flags, resource, globalShare, made, isStandard);
    return 0;
  } catch (error) {
    for (const allocation of made) {
      allocation.close();
      const index = resource?.allocations.indexOf(allocation) ?? -1;
      if (index >= 0) resource?.allocations.splice(index, 1);
    }
    if (isNew) resource?.close();
    throw error;
  }
}

function one(
  device: DxgDevice,
  resource: Resource | undefined,
  bytes: Uint8Array,
  existing: boolean,
  shared: boolean,
): Allocation {
  const backing = makeBacking(device, parseAllocation(bytes), existing, shared);
  try {
    return new Allocation(device, resource, backing, bytes);
  } catch (error) {
    backing.drop();
    throw error;
  }
}

function reply(
  call: Call,
  flags: number,
  resource: Resource | undefined,
  globalShare: number,
  made: readonly Allocation[],
  isStandard: boolean,
): void {
  // As much private data as came, filled in.
  const size = isStandard ? 0 : made.reduce((sum, a) => sum + a.privateData.length, 0);
  call.grow(REPLY_HEAD + made.length * RETURN.size + size);
  const head = uapi.dxgkvmb_command_createallocation_return.at(call.reply);
  head.flags = flags;
  head.resource = resource?.handle ?? 0;
  head.global_share = globalShare;
  let at = REPLY_HEAD + made.length * RETURN.size;
  made.forEach((allocation, i) => {
    const info = RETURN.at(call.reply, REPLY_HEAD + i * RETURN.size);
    info.allocation = allocation.handle;
    info.priv_drv_data_size = isStandard ? 0 : allocation.privateData.length;
    info.allocation_flags = (allocation.isCached ? uapi.dxgkvmb_allocflags.cached : 0) |
      (allocation.backing.kind === "sysmem" ? uapi.dxgkvmb_allocflags.existing_sysmem : 0);
    info.allocation_size = allocation.backing.size;
    info.driver_info.width = allocation.info.width;
    info.driver_info.height = allocation.info.height;
    if (isStandard) return;
    call.reply.set(allocation.privateData, at);
    at += allocation.privateData.length;
  });
}

function destroy(call: Call, request: View<uapi.dxgkvmb_command_destroyallocation>): number {
  const process = call.owner();
  const device = process.device(request.device);
  const { alloc_count: count, resource } = request;
  if ((request.flags & d3dddicb_destroyallocation2flags.reserved) !== 0) {
    throw new DrmError("EINVAL", "Cannot destroy allocations: unknown flags");
  }
  if ((resource === 0) === (count === 0) || count > MAX_ALLOCATIONS) {
    throw new DrmError("EINVAL", `Cannot destroy ${count} allocations and resource 0x${resource.toString(16)}`);
  }
  if (resource !== 0) {
    const found = process.resource(resource);
    if (found.device !== device) throw new DrmError("EINVAL", "Cannot destroy: the resource is another device's");
    found.close();
  } else {
    for (const allocation of allocationsOf(call, device, DESTROY, count)) {
      // Those of a resource go with it, and one that stands twice is not there any more.
      if (allocation.resource !== undefined) throw new DrmError("EINVAL", "Cannot destroy a part of a resource");
    }
    for (const allocation of new Set(allocationsOf(call, device, DESTROY, count))) allocation.close();
  }
  process.host.scheduler.resume();
  return 0;
}

/** Allocations of a device that a message names. Throws EINVAL, EBADF. */
export function allocationsOf(call: Call, device: DxgDevice, offset: number, count: number): Allocation[] {
  call.tail(offset, count, 4);
  const process = call.owner();
  const found: Allocation[] = [];
  for (let i = 0; i < count; i++) {
    const allocation = process.allocation(call.u32(offset + 4 * i));
    if (allocation.device !== device) throw new DrmError("EINVAL", "Cannot use the allocation: it is another device's");
    found.push(allocation);
  }
  return found;
}

/** Allocations of a process, by the handle of an allocation and its device. */
function allocationOf(call: Call, device: number, handle: number): Allocation {
  const allocation = call.owner().allocation(handle);
  if (call.owner().device(device) !== allocation.device) {
    throw new DrmError("EINVAL", "Cannot use the allocation: it is another device's");
  }
  return allocation;
}

/** The pages at a guest-physical address. Throws EFAULT where no memory is. */
function pieceAt(host: HostCore, gpa: number, length: number): PageSegment {
  const slot = host.window.memory?.find(gpa);
  if (slot === undefined || gpa + length > slot.gpa + slot.length || (slot.offset + gpa - slot.gpa) % PAGE_SIZE !== 0) {
    throw new DrmError("EINVAL", `Cannot use guest address 0x${gpa.toString(16)}: it is no whole page of memory`);
  }
  return { pages: slot.pages, offset: slot.offset + (gpa - slot.gpa), length };
}

function setPages(call: Call, request: View<uapi.dxgkvmb_command_setexistingsysmempages>, host: HostCore): number {
  const allocation = allocationOf(call, request.device, request.allocation);
  const { num_pages: count } = request;
  call.tail(PAGES, count, 8);
  if (count === 0) throw new DrmError("EINVAL", "Cannot use no pages");
  const pieces: PageSegment[] = [];
  for (let i = 0; i < count; i++) {
    const pfn = call.u64(PAGES + 8 * i);
    if (typeof pfn !== "number" || pfn >= 2 ** 40) throw new DrmError("EINVAL", `Cannot use page ${pfn}`);
    pieces.push(pieceAt(host, pfn * PAGE_SIZE, PAGE_SIZE));
  }
  allocation.backing.addPieces(request.alloc_offset_in_pages * PAGE_SIZE, pieces);
  return 0;
}

function setStore(call: Call, request: View<uapi.dxgkvmb_command_setexistingsysmemstore>, host: HostCore): number {
  const allocation = allocationOf(call, request.device, request.allocation);
  const ranges = host.gpadl(request.gpadl);
  if (ranges === undefined) throw new DrmError("EBADF", `Cannot find pages 0x${request.gpadl.toString(16)}`);
  const pieces: PageSegment[] = [];
  for (const { gpa, length } of ranges) {
    if (gpa % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0) throw new DrmError("EINVAL", "Cannot use parts of pages");
    // A range may cross slots.
    for (let done = 0; done < length; done += PAGE_SIZE) pieces.push(pieceAt(host, gpa + done, PAGE_SIZE));
  }
  allocation.backing.addPieces(0, pieces);
  return 0;
}

/** The messages. */
export function allocationMessages(host: HostCore): Message[] {
  return [
    vgpu.answer(
      "CREATEALLOCATION",
      uapi.dxgkvmb_command_createallocation,
      uapi.dxgkvmb_command_createallocation_return,
      (call, request) => create(call, request, host),
    ),
    vgpu.message("DESTROYALLOCATION", uapi.dxgkvmb_command_destroyallocation, destroy),
    vgpu.answer(
      "DDIGETSTANDARDALLOCATIONDRIVERDATA",
      uapi.dxgkvmb_command_getstandardallocprivdata,
      uapi.dxgkvmb_command_getstandardallocprivdata_return,
      describeStandard,
    ),
    vgpu.message(
      "SETEXISTINGSYSMEMSTORE",
      uapi.dxgkvmb_command_setexistingsysmemstore,
      (call, request) => setStore(call, request, host),
    ),
    vgpu.message(
      "SETEXISTINGSYSMEMPAGES",
      uapi.dxgkvmb_command_setexistingsysmempages,
      (call, request) => setPages(call, request, host),
    ),
    vgpu.answer("LOCK2", lock.dxgkvmb_command_lock2, lock.dxgkvmb_command_lock2_return, (call, { args }, reply) => {
      zero("flags", args.flags);
      reply.cpu_visible_buffer_offset = BigInt(allocationOf(call, args.device, args.allocation).lock());
      return 0;
    }),
    vgpu.message("UNLOCK2", lock.dxgkvmb_command_unlock2, (call, { args }) => {
      allocationOf(call, args.device, args.allocation).unlock();
      return 0;
    }),
    vgpu.message("INVALIDATECACHE", lock.dxgkvmb_command_invalidatecache, (call, request) => {
      const { backing } = allocationOf(call, request.device, request.allocation);
      if (!(request.offset + request.length <= backing.size)) {
        throw new DrmError("EINVAL", `Cannot invalidate ${request.length} bytes at ${request.offset}`);
      }
      return 0; // CPU and engine see the same pages coherently
    }),
  ];
}
