/** The guest driver with its host: what a client of /dev/dxg sees. */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { SyncFile } from "udrm/core/sync_file.ts";
import { errno } from "udrm/core/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_EXISTING_SYSMEM } from "udrm/uapi/dxg_driver.ts";
import { DxpWriter } from "udrm/uapi/dxp_encode.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import * as uapi from "udrm/uapi/mod.ts";
import { Rig } from "./rig.ts";

Deno.test("submit_demo: the call order of a real client", async () => {
  using rig = new Rig();
  const task = rig.task;
  const call = (result: number, expected: number): void => assertEquals(result, expected);
  const c = rig.first(); // EnumAdapters2, OpenAdapterFromLuid, CreateDevice, CreateContextVirtual, CreatePagingQueue
  // Memory of the client, page aligned, with commands in it.
  const raw = task.alloc(8 * 4096);
  const start = (raw.address + 4095n) & ~4095n;
  const { allocation } = c.allocate(c.privateData(4 * 4096, { flags: DXG_ALLOCATION_EXISTING_SYSMEM }), {}, {
    sysmem: start,
  });
  const map = k.d3dddi_mapgpuvirtualaddress.of({
    paging_queue: c.paging.paging_queue,
    allocation,
    size_in_pages: 4,
    protection: 1n,
  });
  call(c.dxg.ioctl(k.LX_DXMAPGPUVIRTUALADDRESS, map), 0x103);
  call(
    await c.dxg.wait(
      k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU,
      c.cpuWait(c.paging.sync_object, map.paging_fence_value),
    ),
    0,
  );
  const resident = k.d3dddi_makeresident.of({
    paging_queue: c.paging.paging_queue,
    alloc_count: 1,
    allocation_list: c.handles(allocation),
  });
  call(c.dxg.ioctl(k.LX_DXMAKERESIDENT, resident), 0x103);
  call(
    await c.dxg.wait(
      k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU,
      c.cpuWait(c.paging.sync_object, resident.paging_fence_value),
    ),
    0,
  );
  assertEquals(c.peek(c.paging.fence_cpu_virtual_address), resident.paging_fence_value);
  const fence = c.fence();
  const writer = new DxpWriter().put(isa.DXP_FILL, [Number(map.virtual_address) + 4096, 64, 0x1234]).end();
  task.at(start, 4096).set(new Uint8Array(writer.words.slice().buffer));
  call(c.submit(map.virtual_address, writer.length * 4), 0);
  call(c.signalFromGpu(fence.sync_object, 0x1234n), 0);
  call(await c.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 0x1234n)), 0);
  assertEquals(c.peek(fence.info.monitored_fence.fence_cpu_virtual_address), 0x1234n);
  // The GPU wrote into the client's own memory.
  assertEquals([...task.at(start + 4096n, 8)], [0x34, 0x12, 0, 0, 0x34, 0x12, 0, 0]);
});

Deno.test("a monitored fence: CPU and GPU signals, waits that block, an eventfd", async () => {
  using rig = new Rig();
  const c = rig.first();
  const fence = c.fence(0, 3n);
  const address = fence.info.monitored_fence.fence_cpu_virtual_address;
  assertEquals(c.peek(address), 3n);
  assertEquals(c.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 3n)), 0);
  assertThrows(
    () => c.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 5n)),
    TypeError,
  );
  const event = c.task.eventfd();
  assertEquals(
    c.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 5n, event.fd)),
    0,
  );
  const blocked = c.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 6n));
  assertEquals(event.poll(1), 0);
  assertEquals(c.signalFromCpu(fence.sync_object, 5n), 0);
  assertEquals([event.poll(1), c.peek(address)], [1, 5n]);
  assertEquals(c.signalFromGpu(fence.sync_object, 6n), 0);
  assertEquals(await blocked, 0);
});

Deno.test("an interrupted wait gives -EINTR, and the signal that comes late finds nobody", async () => {
  using rig = new Rig();
  const c = rig.first();
  const fence = c.fence();
  const abort = new AbortController();
  const wait = c.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 1n), {
    signal: abort.signal,
  });
  abort.abort();
  assertEquals(await wait, -4);
  assertEquals(c.signalFromCpu(fence.sync_object, 1n), 0);
});

Deno.test("LOCK2 maps the allocation into the caller, counted; the GPU's writes are seen there", () => {
  using rig = new Rig();
  const c = rig.first();
  const { allocation } = c.allocate(c.privateData(8192));
  const address = c.lock(allocation);
  assertEquals(c.lock(allocation), address);
  const va = c.map(allocation, 2);
  c.resident(allocation);
  const code = c.commands((w) => w.put(isa.DXP_FILL, [Number(va), 16, 0x0a0b0c0d]));
  c.submit(code.address, code.length);
  assertEquals([...c.task.at(address, 4)], [0x0d, 0x0c, 0x0b, 0x0a]);
  const unlock = k.d3dkmt_unlock2.of({ device: c.device, allocation });
  assertEquals(c.dxg.ioctl(k.LX_DXUNLOCK2, unlock), 0);
  c.task.at(address, 8192);
  assertEquals(c.dxg.ioctl(k.LX_DXUNLOCK2, unlock), 0);
  assertEquals(errno(() => c.task.at(address, 1)), "EFAULT");
  assertEquals(errno(() => c.dxg.ioctl(k.LX_DXUNLOCK2, unlock)), "EINVAL");
});

Deno.test("a hardware queue: submission with its progress fence", () => {
  using rig = new Rig();
  const c = rig.first();
  const queue = k.d3dkmt_createhwqueue.of({ context: c.context });
  assertEquals(c.dxg.ioctl(k.LX_DXCREATEHWQUEUE, queue), 0);
  const code = c.commands((w) => w);
  const arg = k.d3dkmt_submitcommandtohwqueue.of({
    hwqueue: queue.queue,
    hwqueue_progress_fence_id: 7n,
    command_buffer: code.address,
    command_length: code.length,
  });
  assertEquals(c.dxg.ioctl(k.LX_DXSUBMITCOMMANDTOHWQUEUE, arg), 0);
  assertEquals(c.peek(queue.queue_progress_fence_cpu_va), 7n);
  assertEquals(c.dxg.ioctl(k.LX_DXDESTROYHWQUEUE, k.d3dkmt_destroyhwqueue.of({ queue: queue.queue })), 0);
  assertEquals(errno(() => c.dxg.ioctl(k.LX_DXSUBMITCOMMANDTOHWQUEUE, arg)), "EINVAL");
});

Deno.test("a shared fence is opened by another process, and both see its value", () => {
  using rig = new Rig();
  const a = rig.first(), b = rig.client();
  const { shared, nt_security_sharing } = k.d3dddi_synchronizationobject_flags;
  const fence = a.fence(shared | nt_security_sharing);
  const fd = b.task.receive(a.task, a.share(fence.sync_object));
  assertEquals(b.task.file(fd).file.kind, "dxgsyncobj");
  const open = k.d3dkmt_opensyncobjectfromnthandle2.of({
    device: b.device,
    nt_handle: BigInt(fd),
    flags: shared | nt_security_sharing,
  });
  assertEquals(b.dxg.ioctl(k.LX_DXOPENSYNCOBJECTFROMNTHANDLE2, open), 0);
  a.signalFromCpu(fence.sync_object, 9n);
  assertEquals(b.peek(open.monitored_fence.fence_value_cpu_va), 9n);
  b.signalFromCpu(open.sync_object, 10n);
  assertEquals(a.peek(fence.info.monitored_fence.fence_cpu_virtual_address), 10n);
  assertEquals(errno(() => a.share(a.fence().sync_object)), "EINVAL");
});

const SHARED_RESOURCE = k.d3dkmt_createallocationflags.create_resource | k.d3dkmt_createallocationflags.create_shared |
  k.d3dkmt_createallocationflags.nt_security_sharing;

Deno.test("a shared resource is a dma-buf: opened by dxg, imported by vgem, and as the adapter's own GEM object", () => {
  using rig = new Rig();
  const a = rig.first(), b = rig.client();
  const made = a.allocate(a.privateData(8192), { flags: SHARED_RESOURCE });
  const address = a.lock(made.allocation);
  a.task.at(address, 4).set([1, 2, 3, 4]);
  const fd = a.share(made.resource);
  const buffer = a.task.file(fd);
  assertEquals([buffer.file.kind, buffer.lseek(0, 2)], ["dma_buf", 8192]);
  assertEquals(a.task.file(a.share(made.resource)).file, buffer.file);
  assertEquals([...buffer.mmap(8192).subarray(0, 4)], [1, 2, 3, 4]);
  // By another process.
  const other = b.task.receive(a.task, fd);
  const info = k.d3dkmt_queryresourceinfofromnthandle.of({ device: b.device, nt_handle: BigInt(other) });
  assertEquals(b.dxg.ioctl(k.LX_DXQUERYRESOURCEINFOFROMNTHANDLE, info), 0);
  assertEquals([info.allocation_count, info.total_priv_drv_data_size], [1, made.data.length]);
  const list = b.buffer(k.d3dddi_openallocationinfo2.size), data = b.buffer(info.total_priv_drv_data_size);
  const open = k.d3dkmt_openresourcefromnthandle.of({
    device: b.device,
    nt_handle: BigInt(other),
    allocation_count: 1,
    open_alloc_info: list.address,
    total_priv_drv_data: data.address,
    total_priv_drv_data_size: data.bytes.length,
  });
  assertEquals(b.dxg.ioctl(k.LX_DXOPENRESOURCEFROMNTHANDLE, open), 0);
  assertEquals([...data.bytes], [...made.data]);
  const opened = k.d3dddi_openallocationinfo2.at(list.bytes).allocation;
  const seen = b.lock(opened);
  assertEquals([...b.task.at(seen, 4)], [1, 2, 3, 4]);
  // By other drivers.
  for (const path of ["/dev/dri/renderD128", "/dev/dri/card1"]) {
    const file = b.task.open(path);
    const prime = uapi.drm_prime_handle.of({ fd: other });
    assertEquals(file.ioctl(uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, prime), 0);
    const back = uapi.drm_prime_handle.of({ handle: prime.handle, flags: uapi.DRM_CLOEXEC });
    file.ioctl(uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD, back);
    assertEquals(b.task.file(back.fd).file, buffer.file);
  }
  // It outlives the process that made it.
  a.task[Symbol.dispose]();
  assertEquals([...b.task.file(other).mmap(4096).subarray(0, 4)], [1, 2, 3, 4]);
});

Deno.test("a sync_file is made of a submitted value alone; its fence ends when the work does", () => {
  using rig = new Rig();
  const c = rig.first();
  const fence = c.fence();
  const make = (value: bigint): number => {
    const arg = k.d3dkmt_createsyncfile.of({
      device: c.device,
      monitored_fence: fence.sync_object,
      fence_value: value,
    });
    c.dxg.ioctl(k.LX_DXCREATESYNCFILE, arg);
    return Number(arg.sync_file_handle);
  };
  assertEquals(errno(() => make(1n)), "EINVAL");
  rig.engine.mode = "step";
  const code = c.commands((w) => w);
  c.submit(code.address, code.length);
  c.signalFromGpu(fence.sync_object, 1n);
  const file = c.task.file(make(1n));
  assert(file.file instanceof SyncFile);
  assertEquals(file.poll(1), 0);
  assertEquals(errno(() => make(2n)), "EINVAL");
  rig.engine.step();
  assertEquals(file.poll(1), 1);
});

Deno.test("a signal behind a wait for an unpromised value is no promise until that value is", () => {
  using rig = new Rig();
  const c = rig.first();
  const first = c.fence(), second = c.fence();
  c.waitFromGpu(first.sync_object, 5n);
  c.signalFromGpu(second.sync_object, 1n);
  const arg = k.d3dkmt_createsyncfile.of({ device: c.device, monitored_fence: second.sync_object, fence_value: 1n });
  assertEquals(errno(() => c.dxg.ioctl(k.LX_DXCREATESYNCFILE, arg)), "EINVAL");
  c.signalFromCpu(first.sync_object, 5n);
  assertEquals(c.dxg.ioctl(k.LX_DXCREATESYNCFILE, arg), 0);
  assertEquals(c.task.file(Number(arg.sync_file_handle)).poll(1), 1);
});

Deno.test("statistics, budgets, clocks, processes, features: answered by the host", () => {
  using rig = new Rig();
  const a = rig.first(), b = rig.client();
  const info = k.d3dkmt_queryvideomemoryinfo.of({ adapter: a.adapter });
  assertEquals(a.dxg.ioctl(k.LX_DXQUERYVIDEOMEMORYINFO, info), 0);
  assertNotEquals(info.budget, 0);
  const clock = k.d3dkmt_queryclockcalibration.of({ adapter: a.adapter });
  assertEquals(a.dxg.ioctl(k.LX_DXQUERYCLOCKCALIBRATION, clock), 0);
  assertEquals(clock.clock_data.gpu_frequency, 1_000_000_000n);
  const pids = a.buffer(64);
  const list = k.d3dkmt_enumprocesses.of({ adapter_luid: a.luid, buffer: pids.address, buffer_count: 16 });
  assertEquals(a.dxg.ioctl(k.LX_DXENUMPROCESSES, list), 0);
  assertEquals(list.buffer_count, 2);
  assertEquals([...new Uint32Array(pids.bytes.slice(0, 8).buffer)].sort(), [a.task.tgid, b.task.tgid]);
  const stats = k.d3dkmt_querystatistics.of({ adapter_luid: a.luid, process: BigInt(b.task.tgid) });
  assertEquals(a.dxg.ioctl(k.LX_DXQUERYSTATISTICS, stats), 0);
  const feature = k.d3dkmt_isfeatureenabled.of({ adapter: 0, feature_id: k._DXGK_FEATURE_HWSCH });
  assertEquals(a.dxg.ioctl(k.LX_ISFEATUREENABLED, feature), 0);
  const type = a.buffer(4);
  const query = k.d3dkmt_queryadapterinfo.of({
    adapter: a.adapter,
    type: k._KMTQAITYPE_ADAPTERTYPE_RENDER,
    private_data: type.address,
    private_data_size: 4,
  });
  assertEquals(a.dxg.ioctl(k.LX_DXQUERYADAPTERINFO, query), 0);
  const bits = new DataView(type.bytes.buffer, type.bytes.byteOffset).getUint32(0, true);
  assertNotEquals(bits & k.d3dkmt_adaptertype.paravirtualized, 0);
});

Deno.test("the state of a device: cached until the host says that it changed", () => {
  using rig = new Rig();
  const c = rig.first();
  const state = (): number => {
    const arg = k.d3dkmt_getdevicestate.of({ device: c.device, state_type: k._D3DKMT_DEVICESTATE_EXECUTION });
    c.dxg.ioctl(k.LX_DXGETDEVICESTATE, arg);
    return arg.execution_state;
  };
  assertEquals(state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
  c.submit(0x10000n, 64); // nothing is mapped there
  assertEquals(state(), k._D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
  const fault = k.d3dkmt_getdevicestate.of({ device: c.device, state_type: k._D3DKMT_DEVICESTATE_PAGE_FAULT });
  assertEquals(c.dxg.ioctl(k.LX_DXGETDEVICESTATE, fault), 0);
  assertEquals(fault.page_fault_state.faulted_virtual_address, 0x10000n);
});

Deno.test("CREATEALLOCATION: as many as their answer fits in a packet of 128 KiB, and EINVAL for more, as dxgkrnl has it", () => {
  using rig = new Rig();
  const c = rig.first();
  const create = (count: number): number => {
    const data = c.privateData(4096), { size } = k.d3dddi_allocationinfo2;
    const infos = c.buffer(count * size), own = c.buffer(count * data.length);
    for (let i = 0; i < count; i++) {
      own.bytes.set(data, i * data.length);
      const info = k.d3dddi_allocationinfo2.at(infos.bytes, i * size);
      info.priv_drv_data = own.address + BigInt(i * data.length);
      info.priv_drv_data_size = data.length;
    }
    return c.dxg.ioctl(
      k.LX_DXCREATEALLOCATION,
      k.d3dkmt_createallocation.of({ device: c.device, alloc_count: count, allocation_info: infos.address }),
    );
  };
  // 16 bytes, and 72 and 56 of private data for each.
  assertEquals(create(1023), 0);
  assertEquals(errno(() => create(1024)), "EINVAL");
  assertEquals(errno(() => create(1025)), "EINVAL");
});
