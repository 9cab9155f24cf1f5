/**
 * Ioctls about residency: making resident, evicting, offering, reclaiming, priorities, properties. Mirrors ioctl.c.
 * @module
 */

import type { IoctlEntry } from "../../../core/ioctl.ts";
import * as p from "../../../uapi/d3dkmthk_priority.ts";
import * as r from "../../../uapi/d3dkmthk_residency.ts";
import {
  DXGK_VMBCOMMAND_EVICT,
  DXGK_VMBCOMMAND_GETALLOCATIONPRIORITY,
  DXGK_VMBCOMMAND_MAKERESIDENT,
  DXGK_VMBCOMMAND_OFFERALLOCATIONS,
  DXGK_VMBCOMMAND_QUERYALLOCATIONRESIDENCY,
  DXGK_VMBCOMMAND_RECLAIMALLOCATIONS,
  DXGK_VMBCOMMAND_SETALLOCATIONPRIORITY,
  DXGK_VMBCOMMAND_UPDATEALLOCATIONPROPERTY,
} from "../../../uapi/dxgvmbus_number.ts";
import * as w from "../../../uapi/dxgvmbus_residency.ts";
import { ntstatusToReturn, STATUS_PENDING } from "../../../uapi/ntstatus.ts";
import type { Call } from "./call.ts";
import { check, invalid, line, MAX_COUNT, MAX_RESIDENT, offsetOf, status } from "./handler.ts";
import type { DxgProcess } from "./process.ts";
import type { Steps } from "./steps.ts";

function checkCount(count: number): void {
  if (count > MAX_RESIDENT || count === 0) invalid(`Cannot work on ${count} allocations`);
}

function* makeResident(process: DxgProcess, call: Call<r.d3dddi_makeresident>): Steps {
  const { args } = call;
  const count = args.alloc_count;
  checkCount(count);
  const queue = process.pagingQueue(args.paging_queue);
  const struct = w.dxgkvmb_command_makeresident;
  const { adapter } = queue.device;
  const message = adapter.message(DXGK_VMBCOMMAND_MAKERESIDENT, struct, process, struct.size + (count - 1) * 4);
  call.copyIn(args.allocation_list, message.part(offsetOf(struct, "allocations"), count * 4));
  const body = message.body(struct);
  body.device = queue.device.handle;
  body.paging_queue = args.paging_queue;
  body.flags = args.flags;
  body.alloc_count = count;
  yield message.expects(w.dxgkvmb_command_makeresident_return.size);
  const reply = message.result(w.dxgkvmb_command_makeresident_return);
  const result = check(ntstatusToReturn(reply.status));
  queue.fence.values.promise(reply.paging_fence_value);
  args.paging_fence_value = reply.paging_fence_value;
  args.num_bytes_to_trim = reply.num_bytes_to_trim;
  call.out("paging_fence_value", "num_bytes_to_trim");
  return result;
}

function* evict(process: DxgProcess, call: Call<r.d3dkmt_evict>): Steps {
  const { args } = call;
  const count = args.alloc_count;
  checkCount(count);
  const device = process.device(args.device);
  const struct = w.dxgkvmb_command_evict;
  const size = struct.size + (count - 1) * 4;
  const message = device.adapter.message(DXGK_VMBCOMMAND_EVICT, struct, process, size);
  call.copyIn(args.allocations, message.part(offsetOf(struct, "allocations"), count * 4));
  const body = message.body(struct);
  body.device = args.device;
  body.flags = args.flags;
  body.alloc_count = count;
  yield message.expects(w.dxgkvmb_command_evict_return.size);
  args.num_bytes_to_trim = message.result(w.dxgkvmb_command_evict_return).num_bytes_to_trim;
  call.out("num_bytes_to_trim");
  return 0;
}

function* offerAllocations(process: DxgProcess, call: Call<r.d3dkmt_offerallocations>): Steps {
  const { args } = call;
  const count = args.allocation_count;
  checkCount(count);
  if ((args.resources === 0n) === (args.allocations === 0n)) invalid("Cannot offer both or neither");
  const device = process.device(args.device);
  const struct = w.dxgkvmb_command_offerallocations;
  const size = struct.size + (count - 1) * 4;
  const message = device.adapter.message(DXGK_VMBCOMMAND_OFFERALLOCATIONS, struct, process, size);
  const body = message.body(struct);
  body.device = args.device;
  body.allocation_count = count;
  body.priority = args.priority;
  body.flags = args.flags;
  body.resources = args.resources !== 0n ? 1 : 0;
  const list = args.resources !== 0n ? args.resources : args.allocations;
  call.copyIn(list, message.part(offsetOf(struct, "allocations"), count * 4));
  return yield* status(message);
}

function* reclaimAllocations(process: DxgProcess, call: Call<r.d3dkmt_reclaimallocations2>): Steps {
  const { args } = call;
  const count = args.allocation_count;
  checkCount(count);
  if ((args.resources === 0n) === (args.allocations === 0n)) invalid("Cannot reclaim both or neither");
  const queue = process.pagingQueue(args.paging_queue);
  const struct = w.dxgkvmb_command_reclaimallocations;
  const reply = w.dxgkvmb_command_reclaimallocations_return;
  const { adapter } = queue.device;
  const message = adapter.message(DXGK_VMBCOMMAND_RECLAIMALLOCATIONS, struct, process, struct.size + (count - 1) * 4);
  const body = message.body(struct);
  body.device = queue.device.handle;
  body.paging_queue = args.paging_queue;
  body.allocation_count = count;
  body.write_results = args.results !== 0n ? 1 : 0;
  body.resources = args.resources !== 0n ? 1 : 0;
  const list = args.resources !== 0n ? args.resources : args.allocations;
  call.copyIn(list, message.part(offsetOf(struct, "allocations"), count * 4));
  yield message.expects(reply.size + (args.results !== 0n ? (count - 1) * 4 : 0));
  const answer = message.result(reply);
  args.paging_fence_value = answer.paging_fence_value;
  call.out("paging_fence_value");
  const result = check(ntstatusToReturn(answer.status));
  queue.fence.values.promise(answer.paging_fence_value);
  if (args.results !== 0n) call.copyOut(args.results, message.resultBytes(offsetOf(reply, "discarded"), count * 4));
  return result;
}

function* queryAllocationResidency(process: DxgProcess, call: Call<p.d3dkmt_queryallocationresidency>): Steps {
  const { args } = call;
  const count = args.allocation_count;
  if ((count === 0) === (args.resource === 0)) invalid("Cannot ask for a resource and for allocations, or for nothing");
  const device = process.device(args.device);
  if (count > MAX_COUNT) invalid(`Cannot ask for ${count} allocations`);
  const struct = w.dxgkvmb_command_queryallocationresidency;
  const reply = w.dxgkvmb_command_queryallocationresidency_return;
  const size = struct.size + count * 4;
  const message = device.adapter.message(DXGK_VMBCOMMAND_QUERYALLOCATIONRESIDENCY, struct, process, size);
  const body = message.body(struct);
  body.args = args;
  body.args.allocations = body.args.residency_status = 0n; // addresses stay on this side
  call.copyIn(args.allocations, message.part(struct.size, count * 4));
  const resultSize = (count === 0 ? 1 : count) * 4;
  yield message.expects(reply.size + resultSize);
  const result = check(message.status);
  call.copyOut(args.residency_status, message.resultBytes(reply.size, resultSize));
  return result;
}

/** How many handles and how many priorities an argument stands for. */
function priorityCounts(resource: number, count: number): { readonly handles: number; readonly priorities: number } {
  if (count > MAX_COUNT) invalid(`Cannot work on ${count} allocations`);
  if ((resource !== 0) === (count !== 0)) invalid("Cannot work on a resource and on allocations, or on nothing");
  return resource !== 0 ? { handles: 0, priorities: 1 } : { handles: count, priorities: count };
}

function* setAllocationPriority(process: DxgProcess, call: Call<p.d3dkmt_setallocationpriority>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const { handles, priorities } = priorityCounts(args.resource, args.allocation_count);
  const struct = w.dxgkvmb_command_setallocationpriority;
  const size = struct.size + (handles + priorities) * 4;
  const message = device.adapter.message(DXGK_VMBCOMMAND_SETALLOCATIONPRIORITY, struct, process, size);
  const body = message.body(struct);
  body.device = args.device;
  body.resource = args.resource;
  body.allocation_count = args.allocation_count;
  call.copyIn(args.allocation_list, message.part(struct.size, handles * 4));
  call.copyIn(args.priorities, message.part(struct.size + handles * 4, priorities * 4));
  return yield* status(message);
}

function* getAllocationPriority(process: DxgProcess, call: Call<p.d3dkmt_getallocationpriority>): Steps {
  const { args } = call;
  const device = process.device(args.device);
  const { handles, priorities } = priorityCounts(args.resource, args.allocation_count);
  const struct = w.dxgkvmb_command_getallocationpriority;
  const reply = w.dxgkvmb_command_getallocationpriority_return;
  const size = struct.size + handles * 4;
  const message = device.adapter.message(DXGK_VMBCOMMAND_GETALLOCATIONPRIORITY, struct, process, size);
  const body = message.body(struct);
  body.device = args.device;
  body.resource = args.resource;
  body.allocation_count = args.allocation_count;
  call.copyIn(args.allocation_list, message.part(struct.size, handles * 4));
  yield message.expects(reply.size + priorities * 4);
  const result = check(message.status);
  call.copyOut(args.priorities, message.resultBytes(reply.size, priorities * 4));
  return result;
}

function* updateAllocProperty(process: DxgProcess, call: Call<p.d3dddi_updateallocproperty>): Steps {
  const { args } = call;
  const queue = process.pagingQueue(args.paging_queue);
  const struct = w.dxgkvmb_command_updateallocationproperty;
  const message = queue.device.adapter.message(DXGK_VMBCOMMAND_UPDATEALLOCATIONPROPERTY, struct, process);
  message.body(struct).args = args;
  yield message.expects(w.dxgkvmb_command_updateallocationproperty_return.size);
  const reply = message.result(w.dxgkvmb_command_updateallocationproperty_return);
  const result = check(ntstatusToReturn(reply.status));
  if (result === STATUS_PENDING) {
    queue.fence.values.promise(reply.paging_fence_value);
    args.paging_fence_value = reply.paging_fence_value;
    call.out("paging_fence_value");
  }
  return result;
}

/** Lines of the table. */
export const RESIDENCY_IOCTLS: readonly IoctlEntry[] = [
  line(r.LX_DXMAKERESIDENT, r.d3dddi_makeresident, makeResident),
  line(r.LX_DXEVICT, r.d3dkmt_evict, evict),
  line(r.LX_DXOFFERALLOCATIONS, r.d3dkmt_offerallocations, offerAllocations),
  line(r.LX_DXRECLAIMALLOCATIONS2, r.d3dkmt_reclaimallocations2, reclaimAllocations),
  line(p.LX_DXQUERYALLOCATIONRESIDENCY, p.d3dkmt_queryallocationresidency, queryAllocationResidency),
  line(p.LX_DXSETALLOCATIONPRIORITY, p.d3dkmt_setallocationpriority, setAllocationPriority),
  line(p.LX_DXGETALLOCATIONPRIORITY, p.d3dkmt_getallocationpriority, getAllocationPriority),
  line(p.LX_DXUPDATEALLOCPROPERTY, p.d3dddi_updateallocproperty, updateAllocProperty),
];
