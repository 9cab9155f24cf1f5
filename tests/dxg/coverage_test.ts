/**
 * The coverage table: every ioctl of /dev/dxg, the open client that uses it, and the effect that this test sees. `UDRM_COVERAGE=1`
 * prints it. An ioctl without a line, or without an effect, fails.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_CPU_VISIBLE } from "udrm/uapi/dxg_driver.ts";
import type { Ioctl } from "udrm/uapi/ioctl.ts";
import type { View } from "udrm/uapi/struct.ts";
import { type Client, Rig } from "./rig.ts";

/** Who uses an ioctl: the D3DKMT thunks, the compute library on them, or a C program that calls it as libdxg does. */
type User = "umd/d3dkmt" | "libdxg's calls";

interface Line {
  readonly user: User;
  readonly effect: string;
}

/** The table while it is made. */
class Table {
  readonly lines: Map<string, Line> = new Map();
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Does an ioctl; its name stands in the table with what `effect` says once `see` has seen it. */
  async do<A>(
    request: Ioctl<A>,
    arg: View<A>,
    effect: string,
    see: (result: number) => void = (result) => assertEquals(result, 0),
  ): Promise<View<A>> {
    const name = k.dxgIoctl(request)?.name;
    assert(name !== undefined);
    see(await this.#client.dxg.wait(request, arg));
    if (!this.lines.has(name)) this.lines.set(name, { user: "umd/d3dkmt", effect });
    return arg;
  }
}

const PENDING = (result: number): void => assert(result === 0 || result === 0x103, String(result));
const SHARED = k.d3dkmt_createallocationflags.create_resource | k.d3dkmt_createallocationflags.create_shared |
  k.d3dkmt_createallocationflags.nt_security_sharing;

async function adapters(t: Table, c: Client): Promise<void> {
  const list = c.buffer(20);
  await t.do(
    k.LX_DXENUMADAPTERS2,
    k.d3dkmt_enumadapters2.of({ num_adapters: 1, adapters: list.address }),
    "the adapter, opened",
  );
  await t.do(
    k.LX_DXENUMADAPTERS3,
    k.d3dkmt_enumadapters3.of({ adapter_count: 1, adapters: list.address }),
    "the adapter, opened",
  );
  const open = await t.do(
    k.LX_DXOPENADAPTERFROMLUID,
    k.d3dkmt_openadapterfromluid.of({ adapter_luid: c.luid }),
    "a handle of its own",
  );
  const data = c.buffer(4);
  await t.do(
    k.LX_DXQUERYADAPTERINFO,
    k.d3dkmt_queryadapterinfo.of({ adapter: c.adapter, type: 57, private_data: data.address, private_data_size: 4 }),
    "paravirtualized is set",
  );
  assertNotEquals(data.bytes[0] & k.d3dkmt_adaptertype.paravirtualized, 0);
  await t.do(
    k.LX_DXCLOSEADAPTER,
    k.d3dkmt_closeadapter.of({ adapter_handle: open.adapter_handle }),
    "the handle is gone",
  );
  await t.do(k.LX_DXFLUSHHEAPTRANSITIONS, k.d3dkmt_flushheaptransitions.of({ adapter: c.adapter }), "accepted");
  const feature = k.d3dkmt_isfeatureenabled.of({ adapter: c.adapter, feature_id: k._DXGK_FEATURE_HWSCH });
  await t.do(k.LX_ISFEATUREENABLED, feature, "known_feature is set");
  const info = await t.do(
    k.LX_DXQUERYVIDEOMEMORYINFO,
    k.d3dkmt_queryvideomemoryinfo.of({ adapter: c.adapter }),
    "a budget",
  );
  assert(info.budget > 0);
  const reservation = k.d3dkmt_changevideomemoryreservation.of({ adapter: c.adapter, reservation: 4096 });
  await t.do(k.LX_DXCHANGEVIDEOMEMORYRESERVATION, reservation, "the reservation is told by the next query");
  c.dxg.ioctl(k.LX_DXQUERYVIDEOMEMORYINFO, info);
  assertEquals(info.current_reservation, 4096);
  const clock = await t.do(
    k.LX_DXQUERYCLOCKCALIBRATION,
    k.d3dkmt_queryclockcalibration.of({ adapter: c.adapter }),
    "the GPU's frequency",
  );
  assert(clock.clock_data.gpu_frequency > 0n);
  await t.do(k.LX_DXQUERYSTATISTICS, k.d3dkmt_querystatistics.of({ adapter_luid: c.luid }), "a block of statistics");
  const pids = c.buffer(16);
  const processes = k.d3dkmt_enumprocesses.of({ adapter_luid: c.luid, buffer: pids.address, buffer_count: 4 });
  await t.do(k.LX_DXENUMPROCESSES, processes, "the caller is listed");
  assertEquals(new DataView(pids.bytes.buffer, pids.bytes.byteOffset).getUint32(0, true), c.task.tgid);
}

async function devices(t: Table, c: Client): Promise<void> {
  const device = await t.do(k.LX_DXCREATEDEVICE, k.d3dkmt_createdevice.of({ adapter: c.adapter }), "a device");
  const mark = k.d3dkmt_markdeviceaserror.of({ device: device.device, reason: k._D3DKMT_DEVICE_ERROR_REASON_GENERIC });
  await t.do(k.LX_DXMARKDEVICEASERROR, mark, "the device is in RESET");
  const state = k.d3dkmt_getdevicestate.of({ device: device.device, state_type: k._D3DKMT_DEVICESTATE_EXECUTION });
  await t.do(k.LX_DXGETDEVICESTATE, state, "RESET is told");
  assertEquals(state.execution_state, k._D3DKMT_DEVICEEXECUTION_RESET);
  await t.do(k.LX_DXDESTROYDEVICE, k.d3dkmt_destroydevice.of({ device: device.device }), "its handle is gone");
  const made = await t.do(
    k.LX_DXCREATECONTEXTVIRTUAL,
    k.d3dkmt_createcontextvirtual.of({
      device: c.device,
      engine_affinity: 1,
      flags: k.d3dddi_createcontextflags.hw_queue_supported,
    }),
    "a context",
  );
  const { context } = made;
  const pairs = [
    [k.LX_DXSETCONTEXTSCHEDULINGPRIORITY, k.LX_DXGETCONTEXTSCHEDULINGPRIORITY],
    [k.LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY, k.LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY],
  ] as const;
  for (const [set, get] of pairs) {
    await t.do(
      set,
      k.d3dkmt_setcontextschedulingpriority.of({ context, priority: 3 }),
      "the priority is told by the next query",
    );
    const arg = k.d3dkmt_getcontextschedulingpriority.of({ context });
    await t.do(get, arg, "the priority that was set");
    assertEquals(arg.priority, 3);
  }
  const queue = await t.do(k.LX_DXCREATEHWQUEUE, k.d3dkmt_createhwqueue.of({ context }), "a queue, its fence mapped");
  assertEquals(c.peek(queue.queue_progress_fence_cpu_va), 0n);
  const code = c.commands((w) => w);
  const submit = k.d3dkmt_submitcommandtohwqueue.of({
    hwqueue: queue.queue,
    hwqueue_progress_fence_id: 1n,
    command_buffer: code.address,
    command_length: code.length,
  });
  await t.do(k.LX_DXSUBMITCOMMANDTOHWQUEUE, submit, "the progress fence has the value");
  assertEquals(c.peek(queue.queue_progress_fence_cpu_va), 1n);
  const fence = c.fence();
  const one = { object_count: 1, objects: c.handles(fence.sync_object), fence_values: c.values(1n) };
  await t.do(
    k.LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE,
    k.d3dkmt_submitwaitforsyncobjectstohwqueue.of({ hwqueue: queue.queue, ...one }),
    "the next signal stays away",
  );
  const signal = k.d3dkmt_submitsignalsyncobjectstohwqueue.of({
    hwqueue_count: 1,
    hwqueues: c.handles(queue.queue),
    ...one,
    fence_values: c.values(2n),
  });
  await t.do(k.LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE, signal, "the fence has the value once the wait is over");
  const address = fence.info.monitored_fence.fence_cpu_virtual_address;
  assertEquals(c.peek(address), 0n);
  c.signalFromCpu(fence.sync_object, 1n);
  assertEquals(c.peek(address), 2n);
  await t.do(k.LX_DXDESTROYHWQUEUE, k.d3dkmt_destroyhwqueue.of({ queue: queue.queue }), "its handle is gone");
  await t.do(k.LX_DXDESTROYCONTEXT, k.d3dkmt_destroycontext.of({ context }), "its handle is gone");
}

async function memory(t: Table, c: Client): Promise<void> {
  const queue = await t.do(
    k.LX_DXCREATEPAGINGQUEUE,
    k.d3dkmt_createpagingqueue.of({ device: c.device }),
    "a queue, its fence mapped",
  );
  const { paging_queue } = queue;
  const data = c.task.heap.from(c.privateData(8192));
  const info = c.buffer(k.d3dddi_allocationinfo2.size);
  const entry = k.d3dddi_allocationinfo2.at(info.bytes);
  entry.priv_drv_data = data.address;
  entry.priv_drv_data_size = data.bytes.length;
  await t.do(
    k.LX_DXCREATEALLOCATION,
    k.d3dkmt_createallocation.of({ device: c.device, alloc_count: 1, allocation_info: info.address }),
    "an allocation",
  );
  const { allocation } = entry;
  const lock = await t.do(k.LX_DXLOCK2, k.d3dkmt_lock2.of({ device: c.device, allocation }), "its bytes in the caller");
  c.task.at(lock.data, 8192).fill(5);
  await t.do(
    k.LX_DXINVALIDATECACHE,
    k.d3dkmt_invalidatecache.of({ device: c.device, allocation, length: 4096 }),
    "accepted",
  );
  const reserve = await t.do(
    k.LX_DXRESERVEGPUVIRTUALADDRESS,
    k.d3dddi_reservegpuvirtualaddress.of({ adapter: c.adapter, size: 0x10000 }),
    "a range of addresses",
  );
  const map = await t.do(
    k.LX_DXMAPGPUVIRTUALADDRESS,
    k.d3dddi_mapgpuvirtualaddress.of({
      paging_queue,
      base_address: reserve.virtual_address,
      allocation,
      size_in_pages: 2,
    }),
    "the allocation at the reserved address",
    PENDING,
  );
  assertEquals(map.virtual_address, reserve.virtual_address);
  const list = { alloc_count: 1, allocation_list: c.handles(allocation) };
  await t.do(
    k.LX_DXMAKERESIDENT,
    k.d3dddi_makeresident.of({ paging_queue, ...list }),
    "told by the residency query",
    PENDING,
  );
  const states = c.buffer(4);
  const residency = k.d3dkmt_queryallocationresidency.of({
    device: c.device,
    allocations: list.allocation_list,
    allocation_count: 1,
    residency_status: states.address,
  });
  await t.do(k.LX_DXQUERYALLOCATIONRESIDENCY, residency, "where it lies");
  assertNotEquals(states.bytes[0], 0);
  const property = k.d3dddi_updateallocproperty.of({ paging_queue, allocation });
  await t.do(k.LX_DXUPDATEALLOCPROPERTY, property, "accepted", PENDING);
  const priorities = c.handles(0x78000000);
  const some = { device: c.device, allocation_list: list.allocation_list, allocation_count: 1 };
  await t.do(
    k.LX_DXSETALLOCATIONPRIORITY,
    k.d3dkmt_setallocationpriority.of({ ...some, priorities }),
    "told by the next query",
  );
  const got = c.buffer(4);
  await t.do(
    k.LX_DXGETALLOCATIONPRIORITY,
    k.d3dkmt_getallocationpriority.of({ ...some, priorities: got.address }),
    "the priority that was set",
  );
  assertEquals([...got.bytes], [0, 0, 0, 0x78]);
  await t.do(k.LX_DXUNLOCK2, k.d3dkmt_unlock2.of({ device: c.device, allocation }), "its bytes are gone");
  const evict = k.d3dkmt_evict.of({ device: c.device, alloc_count: 1, allocations: list.allocation_list });
  await t.do(k.LX_DXEVICT, evict, "told by the residency query");
  const offer = k.d3dkmt_offerallocations.of({
    device: c.device,
    allocations: list.allocation_list,
    allocation_count: 1,
    priority: k._D3DKMT_OFFER_PRIORITY_LOW,
  });
  await t.do(k.LX_DXOFFERALLOCATIONS, offer, "told by the reclaim");
  const results = c.buffer(4);
  const reclaim = k.d3dkmt_reclaimallocations2.of({
    paging_queue,
    allocations: list.allocation_list,
    allocation_count: 1,
    results: results.address,
  });
  await t.do(k.LX_DXRECLAIMALLOCATIONS2, reclaim, "a result", PENDING);
  const fence = c.fence();
  const operation = k.d3dddi_updategpuvirtualaddress_operation.of({
    operation: k._D3DDDI_UPDATEGPUVIRTUALADDRESS_UNMAP,
  });
  operation.unmap.base_address = map.virtual_address;
  operation.unmap.size = 8192;
  const update = k.d3dkmt_updategpuvirtualaddress.of({
    device: c.device,
    context: c.context,
    fence_object: fence.sync_object,
    fence_value: 0n,
    num_operations: 1,
    operations: c.put(operation),
  });
  await t.do(k.LX_DXUPDATEGPUVIRTUALADDRESS, update, "the range is unmapped, in the order of the fence");
  assertEquals(c.peek(fence.info.monitored_fence.fence_cpu_virtual_address), 1n);
  const free = k.d3dkmt_freegpuvirtualaddress.of({
    adapter: c.adapter,
    base_address: map.virtual_address,
    size: 0x10000,
  });
  await t.do(k.LX_DXFREEGPUVIRTUALADDRESS, free, "the range is free");
  const destroy = k.d3dkmt_destroyallocation2.of({
    device: c.device,
    allocations: list.allocation_list,
    alloc_count: 1,
  });
  await t.do(k.LX_DXDESTROYALLOCATION2, destroy, "its handle is gone");
  await t.do(k.LX_DXDESTROYPAGINGQUEUE, k.d3dddi_destroypagingqueue.of({ paging_queue }), "its handle is gone");
}

async function fences(t: Table, c: Client): Promise<void> {
  const arg = k.d3dkmt_createsynchronizationobject2.of({ device: c.device, info: { type: k._D3DDDI_MONITORED_FENCE } });
  await t.do(k.LX_DXCREATESYNCHRONIZATIONOBJECT, arg, "a fence, its value mapped");
  const fence = arg.sync_object, address = arg.info.monitored_fence.fence_cpu_virtual_address;
  const one = (value: bigint): { object_count: number; objects: bigint; fence_values: bigint } => ({
    object_count: 1,
    objects: c.handles(fence),
    fence_values: c.values(value),
  });
  const cpu = k.d3dkmt_signalsynchronizationobjectfromcpu.of({ device: c.device, ...one(1n) });
  await t.do(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, cpu, "the fence has the value");
  assertEquals(c.peek(address), 1n);
  await t.do(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence, 1n), "returns");
  const monitored = { object_count: 1, objects: c.handles(fence) };
  const wait = k.d3dkmt_waitforsynchronizationobjectfromgpu.of({
    context: c.context,
    ...monitored,
    monitored_fence_values: c.values(2n),
  });
  await t.do(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU, wait, "the next signal stays away");
  const gpu = k.d3dkmt_signalsynchronizationobjectfromgpu.of({
    context: c.context,
    ...monitored,
    monitored_fence_values: c.values(3n),
  });
  await t.do(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU, gpu, "the fence has the value once the wait is over");
  assertEquals(c.peek(address), 1n);
  c.signalFromCpu(fence, 2n);
  assertEquals(c.peek(address), 3n);
  const gpu2 = k.d3dkmt_signalsynchronizationobjectfromgpu2.of({
    ...monitored,
    context_count: 1,
    contexts: c.handles(c.context),
    monitored_fence_values: c.values(4n),
  });
  await t.do(k.LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2, gpu2, "the fence has the value");
  assertEquals(c.peek(address), 4n);
  const legacy = k.d3dkmt_createsynchronizationobject2.of({ device: c.device, info: { type: k._D3DDDI_FENCE } });
  c.dxg.ioctl(k.LX_DXCREATESYNCHRONIZATIONOBJECT, legacy);
  const old = { context: c.context, object_count: 1, object_array: [legacy.sync_object], fence: { fence_value: 1n } };
  await t.do(
    k.LX_DXSIGNALSYNCHRONIZATIONOBJECT,
    k.d3dkmt_signalsynchronizationobject2.of(old),
    "a wait for it is over",
  );
  await t.do(
    k.LX_DXWAITFORSYNCHRONIZATIONOBJECT,
    k.d3dkmt_waitforsynchronizationobject2.of(old),
    "a signal behind it comes",
  );
  assertEquals(c.signalFromGpu(fence, 5n), 0);
  assertEquals(c.peek(address), 5n);
  const code = c.commands((w) => w);
  const submit = k.d3dkmt_submitcommand.of({
    command_buffer: code.address,
    command_length: code.length,
    broadcast_context_count: 1,
    broadcast_context: [c.context],
  });
  await t.do(k.LX_DXSUBMITCOMMAND, submit, "runs without a fault");
  await t.do(
    k.LX_DXDESTROYSYNCHRONIZATIONOBJECT,
    k.d3dkmt_destroysynchronizationobject.of({ sync_object: fence }),
    "its handle is gone",
  );
}

async function sharing(t: Table, c: Client): Promise<void> {
  const flags = k.d3dddi_synchronizationobject_flags.shared | k.d3dddi_synchronizationobject_flags.nt_security_sharing;
  const fence = c.fence(flags);
  const out = c.buffer(8);
  const share = k.d3dkmt_shareobjects.of({
    object_count: 1,
    objects: c.handles(fence.sync_object),
    shared_handle: out.address,
  });
  await t.do(k.LX_DXSHAREOBJECTS, share, "an fd");
  const open = k.d3dkmt_opensyncobjectfromnthandle2.of({ device: c.device, nt_handle: c.peek(out.address), flags });
  await t.do(k.LX_DXOPENSYNCOBJECTFROMNTHANDLE2, open, "both see a signal");
  c.signalFromCpu(fence.sync_object, 2n);
  assertEquals(c.peek(open.monitored_fence.fence_value_cpu_va), 2n);
  const file = k.d3dkmt_createsyncfile.of({ device: c.device, monitored_fence: fence.sync_object, fence_value: 2n });
  await t.do(k.LX_DXCREATESYNCFILE, file, "a sync_file that has signalled");
  const { sync_file_handle } = file;
  assertEquals(c.task.file(Number(sync_file_handle)).poll(1), 1);
  await t.do(
    k.LX_DXWAITSYNCFILE,
    k.d3dkmt_waitsyncfile.of({ sync_file_handle, context: c.context }),
    "a signal behind it comes",
  );
  const from = k.d3dkmt_opensyncobjectfromsyncfile.of({ sync_file_handle, device: c.device });
  await t.do(k.LX_DXOPENSYNCOBJECTFROMSYNCFILE, from, "the fence and its value");
  assertEquals([from.fence_value, c.peek(from.fence_value_cpu_va)], [2n, 2n]);
  const made = c.allocate(c.privateData(4096, { flags: DXG_ALLOCATION_CPU_VISIBLE }), { flags: SHARED });
  const fd = BigInt(c.share(made.resource));
  const info = k.d3dkmt_queryresourceinfofromnthandle.of({ device: c.device, nt_handle: fd });
  await t.do(k.LX_DXQUERYRESOURCEINFOFROMNTHANDLE, info, "the sizes that it was made with");
  assertEquals(info.total_priv_drv_data_size, made.data.length);
  const opened = c.buffer(k.d3dddi_openallocationinfo2.size), data = c.buffer(made.data.length);
  const resource = k.d3dkmt_openresourcefromnthandle.of({
    device: c.device,
    nt_handle: fd,
    allocation_count: 1,
    open_alloc_info: opened.address,
    total_priv_drv_data: data.address,
    total_priv_drv_data_size: data.bytes.length,
  });
  await t.do(k.LX_DXOPENRESOURCEFROMNTHANDLE, resource, "the same bytes by another handle");
  c.task.at(c.lock(made.allocation), 1)[0] = 9;
  assertEquals(c.task.at(c.lock(k.d3dddi_openallocationinfo2.at(opened.bytes).allocation), 1)[0], 9);
  const host = k.d3dkmt_shareobjectwithhost.of({ device_handle: c.device, object_handle: made.resource });
  await t.do(k.LX_DXSHAREOBJECTWITHHOST, host, "a handle of the host");
  assertNotEquals(host.object_vail_nt_handle, 0n);
  const word = c.handles(k._D3DDDI_DRIVERESCAPETYPE_TRANSLATEALLOCATIONHANDLE, made.allocation);
  const escape = k.d3dkmt_escape.of({
    adapter: c.adapter,
    flags: k.d3dddi_escapeflags.driver_known_escape,
    priv_drv_data: word,
    priv_drv_data_size: 8,
  });
  await t.do(k.LX_DXESCAPE, escape, "handles are the host's own");
}

Deno.test("every ioctl of /dev/dxg has an open user and an observed effect", async () => {
  using rig = new Rig();
  const c = rig.first();
  const table = new Table(c);
  await adapters(table, c);
  await devices(table, c);
  await memory(table, c);
  await fences(table, c);
  await sharing(table, c);
  const names = k.DXG_IOCTLS.filter(({ implemented }) => implemented).map(({ name }) => name);
  assertEquals(names.filter((name) => !table.lines.has(name)), []);
  if (Deno.env.get("UDRM_COVERAGE") !== undefined) {
    for (const name of names) {
      console.log(`| ${name} | ${table.lines.get(name)?.user} | ${table.lines.get(name)?.effect} |`);
    }
  }
});
