/**
 * Messages about residency, budgets and priorities.
 * @module
 */

import { DrmError } from "../../../core/error.ts";
import { VramPriority } from "../../../core/vram.ts";
import { d3dddi_segmentpreference, d3dddi_updateallocproperty_property_mask } from "../../../uapi/d3dkmthk_priority.ts";
import * as kmt from "../../../uapi/d3dkmthk_residency.ts";
import * as uapi from "../../../uapi/dxgvmbus_residency.ts";
import { STATUS_PENDING } from "../../../uapi/ntstatus.ts";
import type { Struct, View } from "../../../uapi/struct.ts";
import type { Allocation } from "./allocation.ts";
import { allocationsOf } from "./allocation_commands.ts";
import type { Call } from "./call.ts";
import type { DxgDevice } from "./device.ts";
import { type Message, offsetOf, vgpu, zero } from "./message.ts";

/** Allocations that one message may name. */
const MAX_ALLOCATIONS = 10240;
// Handles and results begin at the structs' last members.
const RESIDENT = offsetOf(uapi.dxgkvmb_command_makeresident as Struct<unknown>, "allocations");
const EVICT = offsetOf(uapi.dxgkvmb_command_evict as Struct<unknown>, "allocations");
const OFFER = offsetOf(uapi.dxgkvmb_command_offerallocations as Struct<unknown>, "allocations");
const RECLAIM = offsetOf(uapi.dxgkvmb_command_reclaimallocations as Struct<unknown>, "allocations");
const RESULTS = offsetOf(uapi.dxgkvmb_command_reclaimallocations_return as Struct<unknown>, "discarded");
const RESIDENCY = uapi.dxgkvmb_command_queryallocationresidency.size;
const PRIORITY = uapi.dxgkvmb_command_setallocationpriority.size;

/** Residency of an allocation (D3DKMT_ALLOCATIONRESIDENCYSTATUS). */
const IN_GPU_MEMORY = 1, IN_SHARED_MEMORY = 2, NOT_RESIDENT = 3;

function checkCount(count: number): void {
  if (count === 0 || count > MAX_ALLOCATIONS) throw new DrmError("EINVAL", `Cannot name ${count} allocations`);
}

/** Bytes that a process is beyond its budget. */
function toTrim(device: DxgDevice): number {
  const { vram } = device.adapter;
  return vram.segments.reduce(
    (sum, _, i) => sum + Math.max(0, device.client.usage[i] - vram.budget(device.client, i)),
    0,
  );
}

function makeResident(
  call: Call,
  request: View<uapi.dxgkvmb_command_makeresident>,
  reply: View<uapi.dxgkvmb_command_makeresident_return>,
): number {
  const queue = call.owner().pagingQueue(request.paging_queue);
  const { device } = queue;
  device.checkActive();
  // dxgkrnl leaves the device at 0.
  if (request.device !== 0 && call.owner().device(request.device) !== device) {
    throw new DrmError("EINVAL", "Cannot make resident: the paging queue is another device's");
  }
  if ((request.flags & kmt.d3dddi_makeresident_flags.reserved) !== 0) throw new DrmError("EINVAL", "Cannot: flags");
  checkCount(request.alloc_count);
  const allocations = allocationsOf(call, device, RESIDENT, request.alloc_count);
  const nodes = allocations.map((allocation) => allocation.backing.node);
  const { vram } = device.adapter;
  const beyond = vram.excess(device.client, nodes);
  const flags = kmt.d3dddi_makeresident_flags;
  if (beyond > 0 && (request.flags & (flags.cant_trim_further | flags.must_succeed)) === 0) {
    reply.num_bytes_to_trim = beyond;
    call.keepReply = true;
    throw new DrmError("ENOMEM", `Cannot make resident: ${beyond} bytes beyond the budget`);
  }
  let pinned = 0;
  try {
    for (const allocation of allocations) {
      if (allocation.backing.node.offered) throw new DrmError("EINVAL", "Cannot make resident: it is offered");
      allocation.pin();
      pinned++;
    }
    const isThere = nodes.every((node) => node.isPlaced);
    const value = queue.bring(nodes);
    reply.paging_fence_value = BigInt(value);
    reply.num_bytes_to_trim = toTrim(device);
    return isThere ? 0 : STATUS_PENDING;
  } catch (error) {
    for (const allocation of allocations.slice(0, pinned)) allocation.unpin();
    reply.num_bytes_to_trim = Math.max(beyond, toTrim(device));
    call.keepReply = true;
    throw error;
  }
}

function evict(
  call: Call,
  request: View<uapi.dxgkvmb_command_evict>,
  reply: View<uapi.dxgkvmb_command_evict_return>,
): number {
  const device = call.owner().device(request.device);
  if ((request.flags & kmt.d3dddi_evict_flags.reserved) !== 0) throw new DrmError("EINVAL", "Cannot evict: flags");
  checkCount(request.alloc_count);
  const allocations = allocationsOf(call, device, EVICT, request.alloc_count);
  const isLazy = (request.flags & kmt.d3dddi_evict_flags.evict_only_if_necessary) !== 0;
  const { vram } = device.adapter;
  for (const allocation of allocations) {
    allocation.unpin();
    const { node } = allocation.backing;
    if (!isLazy && !node.isPinned) vram.trim(node);
  }
  device.scheduler.resume();
  reply.num_bytes_to_trim = toTrim(device);
  return 0;
}

/** Allocations, or those of resources, that a message names. */
function named(call: Call, device: DxgDevice, offset: number, count: number, resources: number): Allocation[] {
  checkCount(count);
  if (resources === 0) return allocationsOf(call, device, offset, count);
  call.tail(offset, count, 4);
  const all: Allocation[] = [];
  for (let i = 0; i < count; i++) {
    const resource = call.owner().resource(call.u32(offset + 4 * i));
    if (resource.device !== device) throw new DrmError("EINVAL", "Cannot use the resource: it is another device's");
    all.push(...resource.allocations);
    if (all.length > MAX_ALLOCATIONS) throw new DrmError("EINVAL", "Cannot name so many allocations");
  }
  return all;
}

function offer(call: Call, request: View<uapi.dxgkvmb_command_offerallocations>): number {
  const device = call.owner().device(request.device);
  const { priority } = request;
  if (priority < kmt._D3DKMT_OFFER_PRIORITY_LOW || priority > kmt._D3DKMT_OFFER_PRIORITY_AUTO) {
    throw new DrmError("EINVAL", `Cannot offer with priority ${priority}`);
  }
  if ((request.flags & kmt.d3dkmt_offer_flags.reserved) !== 0) throw new DrmError("EINVAL", "Cannot offer: flags");
  const allocations = named(call, device, OFFER, request.allocation_count, request.resources);
  for (const { backing, resource } of allocations) {
    if (backing.kind === "sysmem") throw new DrmError("EINVAL", "Cannot offer memory that is the process's own");
    if (resource?.isSealed) throw new DrmError("EINVAL", "Cannot offer what others may use");
  }
  for (const { backing } of allocations) device.adapter.vram.offer(backing.node);
  device.scheduler.resume();
  return 0;
}

function reclaim(
  call: Call,
  request: View<uapi.dxgkvmb_command_reclaimallocations>,
  reply: View<uapi.dxgkvmb_command_reclaimallocations_return>,
): number {
  const queue = call.owner().pagingQueue(request.paging_queue);
  const { device } = queue;
  device.checkActive();
  const allocations = named(call, device, RECLAIM, request.allocation_count, request.resources);
  if (request.write_results !== 0) call.grow(Math.max(call.replyLength, RESULTS + 4 * request.allocation_count));
  const { vram } = device.adapter;
  const isKept = new Map<Allocation, boolean>();
  for (const allocation of allocations) {
    const { node } = allocation.backing;
    if (!isKept.has(allocation)) isKept.set(allocation, !node.offered || vram.reclaim(node));
  }
  const result = (list: readonly Allocation[]): number =>
    list.every((a) => isKept.get(a)) ? kmt._D3DDDI_RECLAIM_RESULT_OK : kmt._D3DDDI_RECLAIM_RESULT_DISCARDED;
  for (let i = 0; request.write_results !== 0 && i < request.allocation_count; i++) {
    const list = request.resources === 0
      ? [allocations[i]]
      : call.owner().resource(call.u32(RECLAIM + 4 * i)).allocations;
    call.replyView.setUint32(RESULTS + 4 * i, result(list), true);
  }
  // What was discarded while somebody kept it resident is brought back.
  reply.paging_fence_value = BigInt(queue.bring(allocations.map((a) => a.backing.node)));
  return STATUS_PENDING;
}

function statusOf({ backing }: Allocation): number {
  const { node } = backing;
  if (!node.isPlaced) return NOT_RESIDENT;
  return node.segment === 0 ? IN_GPU_MEMORY : IN_SHARED_MEMORY;
}

function queryResidency(call: Call, request: View<uapi.dxgkvmb_command_queryallocationresidency>): number {
  const { args } = request;
  const device = call.owner().device(args.device);
  if (args.resource !== 0) {
    if (args.allocation_count > 1) throw new DrmError("EINVAL", "Cannot ask for a resource and allocations at once");
    const resource = call.owner().resource(args.resource);
    if (resource.device !== device) throw new DrmError("EINVAL", "Cannot use the resource: it is another device's");
    call.grow(8);
    const worst = resource.allocations.reduce((most, a) => Math.max(most, statusOf(a)), IN_GPU_MEMORY);
    call.replyView.setUint32(4, worst, true);
    return 0;
  }
  checkCount(args.allocation_count);
  const allocations = allocationsOf(call, device, RESIDENCY, args.allocation_count);
  call.grow(4 + 4 * allocations.length);
  allocations.forEach((a, i) => call.replyView.setUint32(4 + 4 * i, statusOf(a), true));
  return 0;
}

/** Allocations whose priorities a message names, and where the handles end. */
function prioritized(
  call: Call,
  request: { readonly device: number; readonly resource: number; readonly allocation_count: number },
): { readonly allocations: readonly Allocation[]; readonly end: number; readonly count: number } {
  const device = call.owner().device(request.device);
  if (request.resource === 0) {
    checkCount(request.allocation_count);
    const allocations = allocationsOf(call, device, PRIORITY, request.allocation_count);
    return { allocations, end: PRIORITY + 4 * allocations.length, count: allocations.length };
  }
  const resource = call.owner().resource(request.resource);
  if (resource.device !== device || request.allocation_count > 1) {
    throw new DrmError("EINVAL", "Cannot use the resource with allocations, or on another device");
  }
  return { allocations: resource.allocations, end: PRIORITY, count: 1 };
}

function setPriority(call: Call, request: View<uapi.dxgkvmb_command_setallocationpriority>): number {
  const { allocations, end, count } = prioritized(call, request);
  call.tail(end, count, 4);
  const priorities = allocations.map((_, i) => call.u32(end + 4 * (count === 1 ? 0 : i)));
  for (const priority of priorities) {
    if (priority < VramPriority.MINIMUM || priority > VramPriority.MAXIMUM) {
      throw new DrmError("EINVAL", `Cannot give priority 0x${priority.toString(16)}`);
    }
  }
  allocations.forEach((allocation, i) => {
    allocation.priority = priorities[i];
    allocation.device.adapter.vram.setPriority(allocation.backing.node, priorities[i]);
  });
  return 0;
}

function getPriority(call: Call, request: View<uapi.dxgkvmb_command_getallocationpriority>): number {
  const { allocations, count } = prioritized(call, request);
  call.grow(4 + 4 * count);
  for (let i = 0; i < count; i++) {
    call.replyView.setUint32(4 + 4 * i, allocations[i]?.priority ?? VramPriority.NORMAL, true);
  }
  return 0;
}

function updateProperty(
  call: Call,
  request: View<uapi.dxgkvmb_command_updateallocationproperty>,
  reply: View<uapi.dxgkvmb_command_updateallocationproperty_return>,
): number {
  const { args } = request;
  const queue = call.owner().pagingQueue(args.paging_queue);
  const { device } = queue;
  device.checkActive();
  const allocation = call.owner().allocation(args.allocation);
  if (allocation.device !== device) throw new DrmError("EINVAL", "Cannot use the allocation: it is another device's");
  const mask = d3dddi_updateallocproperty_property_mask;
  if ((args.property_mask_value & mask.reserved) !== 0) throw new DrmError("EINVAL", "Cannot set unknown properties");
  const { backing } = allocation;
  if ((args.property_mask_value & mask.set_supported_segmentSet) !== 0) {
    const all = backing.adapter.placements(backing.kind);
    const placements = all.filter((segment) => (args.supported_segment_set >>> segment & 1) !== 0);
    if (placements.length === 0) throw new DrmError("EINVAL", "Cannot place the allocation in none of these segments");
    backing.adapter.vram.setPlacements(backing.node, placements);
  }
  if ((args.property_mask_value & mask.set_preferred_segment) !== 0) {
    // Segment ids count from 1; 0 is no preference.
    const first = (args.preferred_segment & d3dddi_segmentpreference.segment_id0) - 1;
    const { placements } = backing.node;
    if (first >= 0 && !placements.includes(first)) throw new DrmError("EINVAL", `Cannot prefer segment ${first + 1}`);
    if (first >= 0) {
      backing.adapter.vram.setPlacements(backing.node, [first, ...placements.filter((segment) => segment !== first)]);
    }
  }
  reply.paging_fence_value = BigInt(queue.mark());
  return STATUS_PENDING;
}

/** The messages. */
export function residencyMessages(): Message[] {
  return [
    vgpu.answer(
      "MAKERESIDENT",
      uapi.dxgkvmb_command_makeresident,
      uapi.dxgkvmb_command_makeresident_return,
      makeResident,
    ),
    vgpu.answer("EVICT", uapi.dxgkvmb_command_evict, uapi.dxgkvmb_command_evict_return, evict),
    vgpu.message("OFFERALLOCATIONS", uapi.dxgkvmb_command_offerallocations, offer),
    vgpu.answer(
      "RECLAIMALLOCATIONS",
      uapi.dxgkvmb_command_reclaimallocations,
      uapi.dxgkvmb_command_reclaimallocations_return,
      reclaim,
    ),
    vgpu.answer(
      "QUERYALLOCATIONRESIDENCY",
      uapi.dxgkvmb_command_queryallocationresidency,
      uapi.dxgkvmb_command_queryallocationresidency_return,
      queryResidency,
    ),
    vgpu.message("SETALLOCATIONPRIORITY", uapi.dxgkvmb_command_setallocationpriority, setPriority),
    vgpu.answer(
      "GETALLOCATIONPRIORITY",
      uapi.dxgkvmb_command_getallocationpriority,
      uapi.dxgkvmb_command_getallocationpriority_return,
      getPriority,
    ),
    vgpu.answer(
      "UPDATEALLOCATIONPROPERTY",
      uapi.dxgkvmb_command_updateallocationproperty,
      uapi.dxgkvmb_command_updateallocationproperty_return,
      updateProperty,
    ),
    vgpu.answer(
      "QUERYVIDEOMEMORYINFO",
      uapi.dxgkvmb_command_queryvideomemoryinfo,
      uapi.dxgkvmb_command_queryvideomemoryinfo_return,
      (call, request, reply) => {
        zero("physical_adapter_index", request.physical_adapter_index);
        const adapter = call.target();
        const segment = adapter.segment(request.memory_segment_group);
        if (segment === undefined) return 0; // no such memory: nothing of it
        const { client } = call.owner().part(adapter);
        reply.budget = adapter.vram.budget(client, segment);
        reply.current_usage = client.usage[segment];
        reply.current_reservation = client.reservation[segment];
        reply.available_for_reservation = adapter.vram.reservable(client, segment);
        return 0;
      },
    ),
    vgpu.message(
      "CHANGEVIDEOMEMORYRESERVATION",
      uapi.dxgkvmb_command_changevideomemoryreservation,
      (call, { args }) => {
        zero("process", args.process);
        zero("physical_adapter_index", args.physical_adapter_index);
        const adapter = call.target();
        const segment = adapter.segment(args.memory_segment_group);
        if (segment === undefined) {
          zero("reservation", args.reservation);
          return 0;
        }
        adapter.vram.reserve(call.owner().part(adapter).client, segment, args.reservation);
        return 0;
      },
    ),
  ];
}
