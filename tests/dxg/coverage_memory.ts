/** Coverage of the ioctls about memory: allocations, locks, GPU virtual addresses, residency. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { errno } from "udrm/core/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { dxg_driver_allocation } from "udrm/uapi/dxg_driver.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { NT_SUCCESS } from "udrm/uapi/ntstatus.ts";
import type { Coverage } from "./coverage.ts";

const IN_GPU_MEMORY = 1, IN_SHARED_MEMORY = 2, NOT_RESIDENT = 3;

/** QUERYALLOCATIONRESIDENCY of one allocation. */
function residencyOf(t: Coverage, allocation: number): number {
  const { client: c } = t, out = c.buffer(4);
  const arg = k.d3dkmt_queryallocationresidency.of({
    device: c.device,
    allocations: c.handles(allocation),
    allocation_count: 1,
    residency_status: out.address,
  });
  assertEquals(t.kmt.D3DKMTQueryAllocationResidency(arg), 0);
  return out.bytes[0];
}

/** Lets the GPU fill 16 bytes at an address, and waits for that. */
async function fill(t: Coverage, va: bigint, word: number): Promise<void> {
  const { client: c } = t, fence = c.fence();
  const code = c.commands((w) => w.put(isa.DXP_FILL, [Number(va), 16, word]));
  assertEquals(c.submit(code.address, code.length), 0);
  c.signalFromGpu(fence.sync_object, 1n);
  await t.reach(fence.info.monitored_fence.fence_cpu_virtual_address, 1n);
}

/** Calls each of them. */
export async function memory(t: Coverage): Promise<void> {
  await locks(t);
  await addresses(t);
  await residency(t);
  await priorities(t);
}

async function locks(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const data = c.task.heap.from(c.privateData(5000));
  const info = c.buffer(k.d3dddi_allocationinfo2.size);
  const entry = k.d3dddi_allocationinfo2.at(info.bytes);
  entry.priv_drv_data = data.address;
  entry.priv_drv_data_size = data.bytes.length;
  const create = k.d3dkmt_createallocation.of({ device: c.device, alloc_count: 1, allocation_info: info.address });
  await t.see(
    "D3DKMTCreateAllocation2",
    create,
    "a handle, and the size that the host chose in the private data",
    () => {
      assertNotEquals(entry.allocation, 0);
      assertEquals(dxg_driver_allocation.at(data.bytes).size, 8192);
    },
  );
  const { allocation } = entry;
  const lock = k.d3dkmt_lock2.of({ device: c.device, allocation });
  const va = c.map(allocation, 2);
  c.resident(allocation);
  await t.see("D3DKMTLock2", lock, "its bytes in the caller's memory: the GPU's writes are there", async () => {
    const seen = c.task.at(lock.data, 8192);
    assertEquals(seen[0], 0);
    await fill(t, va, 5);
    assertEquals([...seen.subarray(0, 5)], [5, 0, 0, 0, 5]);
  });
  await fill(t, va, 6);
  const invalidate = k.d3dkmt_invalidatecache.of({ device: c.device, allocation, length: 4096 });
  const effect = "what the GPU wrote before is what the CPU reads after; a range beyond the end is refused";
  await t.see("D3DKMTInvalidateCache", invalidate, effect, () => {
    assertEquals(c.task.at(lock.data, 1)[0], 6);
    t.refused(kmt.D3DKMTInvalidateCache(k.d3dkmt_invalidatecache.of({ ...invalidate.toJSON(), offset: 8192 })));
  });
  const unlock = k.d3dkmt_unlock2.of({ device: c.device, allocation });
  await t.see("D3DKMTUnlock2", unlock, "its bytes are gone from the caller's memory", () => {
    assertEquals(errno(() => c.task.at(lock.data, 1)), "EFAULT");
  });
  const destroy = k.d3dkmt_destroyallocation2.of({
    device: c.device,
    allocations: c.handles(allocation),
    alloc_count: 1,
  });
  await t.see("D3DKMTDestroyAllocation2", destroy, "its handle is dead", () => {
    t.refused(kmt.D3DKMTLock2(lock));
  });
}

async function addresses(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const queue = k.d3dkmt_createpagingqueue.of({ device: c.device });
  await t.see("D3DKMTCreatePagingQueue", queue, "a queue; its fence is in the caller's memory, and 0", () => {
    assertEquals(c.peek(queue.fence_cpu_virtual_address), 0n);
    assertNotEquals(queue.paging_queue, 0);
  });
  const { paging_queue } = queue;
  const reserve = k.d3dddi_reservegpuvirtualaddress.of({ adapter: c.adapter, size: 0x10000 });
  await t.see("D3DKMTReserveGpuVirtualAddress", reserve, "a range that is not given out a second time", () => {
    const again = k.d3dddi_reservegpuvirtualaddress.of({
      adapter: c.adapter,
      size: 0x10000,
      base_address: reserve.virtual_address,
    });
    t.refused(kmt.D3DKMTReserveGpuVirtualAddress(again));
  });
  const base = reserve.virtual_address;
  const first = c.allocate(c.privateData(8192)), second = c.allocate(c.privateData(4096));
  const seen = c.task.at(c.lock(first.allocation), 8192), other = c.task.at(c.lock(second.allocation), 4096);
  c.resident(first.allocation, second.allocation);
  const map = k.d3dddi_mapgpuvirtualaddress.of({
    paging_queue,
    base_address: base,
    allocation: first.allocation,
    size_in_pages: 2,
    protection: k.d3dddigpuva_protection_type.write,
  });
  const effect = "the GPU writes the allocation at the reserved address once the paging fence is there";
  await t.see("D3DKMTMapGpuVirtualAddress", map, effect, async () => {
    assertEquals(map.virtual_address, base);
    await t.reach(queue.fence_cpu_virtual_address, map.paging_fence_value);
    await fill(t, base + 4096n, 0x55);
    assertEquals([seen[0], seen[4096]], [0, 0x55]);
  });
  const fence = c.fence();
  const operation = k.d3dddi_updategpuvirtualaddress_operation.of({ operation: k._D3DDDI_UPDATEGPUVIRTUALADDRESS_MAP });
  Object.assign(operation.map, { base_address: base + 4096n, size: 4096, allocation: second.allocation });
  const update = k.d3dkmt_updategpuvirtualaddress.of({
    device: c.device,
    context: c.context,
    fence_object: fence.sync_object,
    fence_value: 4n,
    num_operations: 1,
    operations: c.put(operation),
  });
  const inOrder = "another allocation at the second page, in the order of its fence";
  await t.see("D3DKMTUpdateGpuVirtualAddress", update, inOrder, async () => {
    const page = fence.info.monitored_fence.fence_cpu_virtual_address;
    await t.stays(page, 0n);
    c.signalFromCpu(fence.sync_object, 4n);
    await t.reach(page, 5n);
    await fill(t, base + 4096n, 0x66);
    assertEquals([seen[4096], other[0]], [0x55, 0x66]);
  });
  const free = k.d3dkmt_freegpuvirtualaddress.of({ adapter: c.adapter, base_address: base, size: 0x10000 });
  await t.see("D3DKMTFreeGpuVirtualAddress", free, "the range can be reserved again", () => {
    const again = k.d3dddi_reservegpuvirtualaddress.of({ adapter: c.adapter, size: 0x10000, base_address: base });
    assertEquals(kmt.D3DKMTReserveGpuVirtualAddress(again), 0);
    assertEquals(again.virtual_address, base);
  });
  await t.see(
    "D3DKMTDestroyPagingQueue",
    k.d3dddi_destroypagingqueue.of({ paging_queue }),
    "its handle is dead",
    () => {
      t.refused(kmt.D3DKMTMapGpuVirtualAddress(map));
    },
  );
}

async function residency(t: Coverage): Promise<void> {
  const { client: c, kmt } = t, { paging_queue, fence_cpu_virtual_address: page } = c.paging;
  const { allocation } = c.allocate(c.privateData(1 << 20, { flags: 0 }));
  const list = c.handles(allocation);
  assertEquals(residencyOf(t, allocation), NOT_RESIDENT);
  const resident = k.d3dddi_makeresident.of({ paging_queue, alloc_count: 1, allocation_list: list });
  const effect = "NOT_RESIDENT before, in the GPU's memory once the paging fence is there";
  await t.see("D3DKMTMakeResident", resident, effect, async () => {
    await t.reach(page, resident.paging_fence_value);
    assertEquals(residencyOf(t, allocation), IN_GPU_MEMORY);
  });
  const evict = k.d3dkmt_evict.of({ device: c.device, alloc_count: 1, allocations: list });
  await t.see("D3DKMTEvict", evict, "not resident any more", () => {
    assertEquals(residencyOf(t, allocation), NOT_RESIDENT);
  });
  const property = k.d3dddi_updateallocproperty.of({ paging_queue, allocation, preferred_segment: 2 });
  property.property_mask_value = k.d3dddi_updateallocproperty_property_mask.set_preferred_segment;
  await t.see("D3DKMTUpdateAllocationProperty", property, "made resident next, it lies in system memory", async () => {
    await t.reach(page, property.paging_fence_value);
    kmt.D3DKMTMakeResident(resident);
    await t.reach(page, resident.paging_fence_value);
    assertEquals(residencyOf(t, allocation), IN_SHARED_MEMORY);
  });
  const states = c.buffer(8);
  const cold = c.allocate(c.privateData(4096, { flags: 0 })).allocation;
  const query = k.d3dkmt_queryallocationresidency.of({
    device: c.device,
    allocations: c.handles(allocation, cold),
    allocation_count: 2,
    residency_status: states.address,
  });
  await t.see("D3DKMTQueryAllocationResidency", query, "where each of two allocations lies", () => {
    assertEquals([...new Uint32Array(states.bytes.slice(0, 8).buffer)], [IN_SHARED_MEMORY, NOT_RESIDENT]);
  });
  const flush = k.d3dkmt_flushheaptransitions.of({ adapter: c.adapter });
  const moving = c.allocate(c.privateData(1 << 20, { flags: 0 })).allocation;
  resident.allocation_list = c.handles(moving);
  assert(NT_SUCCESS(kmt.D3DKMTMakeResident(resident)));
  const flushed = "no move is on its way behind it: the paging fence is there without a poll";
  await t.see("D3DKMTFlushHeapTransitions", flush, flushed, () => {
    assertEquals([c.peek(page), residencyOf(t, moving)], [resident.paging_fence_value, IN_GPU_MEMORY]);
    t.refused(kmt.D3DKMTFlushHeapTransitions(k.d3dkmt_flushheaptransitions.of({ adapter: 0x7fffffc0 })));
  });
  const offer = k.d3dkmt_offerallocations.of({
    device: c.device,
    allocations: list,
    allocation_count: 1,
    priority: k._D3DKMT_OFFER_PRIORITY_LOW,
  });
  await t.see("D3DKMTOfferAllocations", offer, "it cannot be made resident until it is reclaimed", () => {
    resident.allocation_list = list;
    t.refused(kmt.D3DKMTMakeResident(resident));
  });
  const results = c.buffer(4);
  results.bytes.fill(0xff);
  const reclaim = k.d3dkmt_reclaimallocations2.of({
    paging_queue,
    allocations: list,
    allocation_count: 1,
    results: results.address,
  });
  await t.see(
    "D3DKMTReclaimAllocations2",
    reclaim,
    "its content was kept, and it can be made resident again",
    async () => {
      assertEquals(results.bytes[0], k._D3DDDI_RECLAIM_RESULT_OK);
      await t.reach(page, reclaim.paging_fence_value);
      assert(NT_SUCCESS(kmt.D3DKMTMakeResident(resident)));
    },
  );
}

async function priorities(t: Coverage): Promise<void> {
  const { client: c, kmt } = t;
  const { allocation } = c.allocate(c.privateData(4096));
  const some = { device: c.device, allocation_list: c.handles(allocation), allocation_count: 1 };
  const out = c.buffer(4);
  const get = k.d3dkmt_getallocationpriority.of({ ...some, priorities: out.address });
  const set = k.d3dkmt_setallocationpriority.of({ ...some, priorities: c.handles(0xa0000000) });
  await t.see("D3DKMTSetAllocationPriority", set, "the priority is told by the next query", () => {
    assertEquals(kmt.D3DKMTGetAllocationPriority(get), 0);
    assertEquals([...out.bytes.subarray(0, 4)], [0, 0, 0, 0xa0]);
  });
  const other = c.allocate(c.privateData(4096)).allocation;
  const both = c.buffer(8);
  const two = k.d3dkmt_getallocationpriority.of({
    device: c.device,
    allocation_list: c.handles(other, allocation),
    allocation_count: 2,
    priorities: both.address,
  });
  await t.see("D3DKMTGetAllocationPriority", two, "NORMAL of a new allocation, and what was set of the other", () => {
    assertEquals([...new Uint32Array(both.bytes.slice(0, 8).buffer)], [0x78000000, 0xa0000000]);
  });
}
