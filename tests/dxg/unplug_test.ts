/**
 * An adapter goes while clients use it: who waits is woken, calls answer ENODEV, and what a client sees stays there until it is
 * gone itself. With its host, without it, and with another adapter that stays.
 */

import "udrm/drivers/os/testing.ts";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import type { Device } from "udrm/core/device.ts";
import { DrmError } from "udrm/core/error.ts";
import { errno } from "udrm/core/testing.ts";
import { Packets } from "udrm/drivers/host/render/packets/mod.ts";
import { ComputeError, openCompute } from "udrm/drivers/umd/compute/mod.ts";
import { createSystem, drivers } from "udrm/mod.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import type { Ioctl } from "udrm/uapi/ioctl.ts";
import { sync_fence_info, sync_file_info, SYNC_IOC_FILE_INFO } from "udrm/uapi/sync_file.ts";
import { Client, Rig } from "./rig.ts";

const SHARED_RESOURCE = k.d3dkmt_createallocationflags.create_resource | k.d3dkmt_createallocationflags.create_shared |
  k.d3dkmt_createallocationflags.nt_security_sharing;
const LAST = 0xffff_ffff_ffff_ffffn;

const codeOf = (call: Promise<number>): Promise<string | number> =>
  call.catch((error: unknown) => error instanceof DrmError ? error.code : Promise.reject(error));

/** What a client has in hand when the adapter goes. */
async function inUse(rig: Rig, c: Client) {
  const fence = c.fence(), { sync_object } = fence, page = fence.info.monitored_fence.fence_cpu_virtual_address;
  const lock = c.lock(c.allocate(c.privateData(8192)).allocation);
  c.task.at(lock, 8192).fill(7);
  const shared = c.allocate(c.privateData(4096), { flags: SHARED_RESOURCE });
  c.task.at(c.lock(shared.allocation), 1)[0] = 8;
  const buffer = c.task.file(c.share(shared.resource));
  const event = c.task.eventfd();
  c.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(sync_object, 9n, event.fd));
  // Work that is under way, and a sync_file of it.
  rig.engine.mode = "step";
  const code = c.commands((w) => w);
  c.submit(code.address, code.length);
  c.signalFromGpu(sync_object, 1n);
  const made = k.d3dkmt_createsyncfile.of({ device: c.device, monitored_fence: sync_object, fence_value: 1n });
  c.dxg.ioctl(k.LX_DXCREATESYNCFILE, made);
  const syncFile = c.task.file(Number(made.sync_file_handle));
  const wait = codeOf(c.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(sync_object, 5n)));
  await Promise.resolve();
  assertEquals([event.poll(1), syncFile.poll(1), c.peek(page)], [0, 0, 0n]);
  return { page, lock, buffer, event, syncFile, wait };
}

/** The error of the one fence of a sync_file, or 1. */
function statusOf(c: Client, file: ReturnType<Client["task"]["file"]>): number {
  const infos = c.buffer(sync_fence_info.size);
  const arg = sync_file_info.of({ num_fences: 1, sync_fence_info: infos.address });
  file.ioctl(SYNC_IOC_FILE_INFO, arg);
  return arg.status;
}

/** What is demanded afterwards of whatever was in use. */
async function checkWoken(c: Client, used: Awaited<ReturnType<typeof inUse>>): Promise<void> {
  const { page, lock, buffer, event, syncFile, wait } = used;
  assertEquals(await wait, "ENODEV");
  assertEquals([event.poll(1), syncFile.poll(1), statusOf(c, syncFile)], [1, 1, -19]);
  assertEquals(c.peek(page), LAST);
  // What it sees is its own until it ends.
  assertEquals([c.task.at(lock, 8192)[8191], buffer.mmap(4096)[0]], [7, 8]);
  c.task.at(lock, 1)[0] = 1;
  for (const [request, arg] of calls(c)) {
    assertEquals(errno(() => c.dxg.ioctl(request, arg)), "ENODEV", k.dxgIoctl(request)?.name);
  }
}

// One of each kind: by adapter, device, context, paging queue.
function calls(c: Client): (readonly [Ioctl<never>, never])[] {
  const list = [
    [k.LX_DXCREATEDEVICE, k.d3dkmt_createdevice.of({ adapter: c.adapter })],
    [k.LX_DXCREATECONTEXTVIRTUAL, k.d3dkmt_createcontextvirtual.of({ device: c.device })],
    [
      k.LX_DXSUBMITCOMMAND,
      k.d3dkmt_submitcommand.of({ broadcast_context_count: 1, broadcast_context: [c.context], command_length: 4 }),
    ],
    [
      k.LX_DXMAKERESIDENT,
      k.d3dddi_makeresident.of({
        paging_queue: c.paging.paging_queue,
        alloc_count: 1,
        allocation_list: c.handles(0x40000000),
      }),
    ],
    [k.LX_DXQUERYVIDEOMEMORYINFO, k.d3dkmt_queryvideomemoryinfo.of({ adapter: c.adapter })],
    [k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(0x40000000, 1n)],
    [k.LX_DXGETDEVICESTATE, k.d3dkmt_getdevicestate.of({ device: c.device })],
  ] as const;
  return list as unknown as (readonly [Ioctl<never>, never])[];
}

const adapterOf = (rig: Rig, card: number): Device => {
  const device = rig.system.devices.find((each) => each.card === card);
  assert(device !== undefined);
  return device;
};

Deno.test("the adapter is unplugged: waits end, calls are ENODEV, mappings stay until their client ends", async () => {
  using rig = new Rig();
  const c = rig.first(), other = rig.client();
  const used = await inUse(rig, c);
  const theirs = await inUse(rig, other);
  rig.system.removeDevice(adapterOf(rig, 0));
  await checkWoken(c, used);
  await checkWoken(other, theirs);
  assertEquals(errno(() => c.task.open("/dev/dxg")), "ENOENT");
  const list = k.d3dkmt_enumadapters2.of({ num_adapters: 9 });
  assertEquals([c.dxg.ioctl(k.LX_DXENUMADAPTERS2, list), list.num_adapters], [0, 0]);
  // Its end takes its own away, and nobody else's.
  c.dxg[Symbol.dispose]();
  assertEquals(errno(() => c.task.at(used.lock, 1)), "EFAULT");
  assertEquals(other.task.at(theirs.lock, 8192)[8191], 7);
});

Deno.test("the host hangs up under clients: as when the adapter is unplugged", async () => {
  using rig = new Rig();
  const c = rig.first();
  const used = await inUse(rig, c);
  rig.bus[Symbol.dispose]();
  await checkWoken(c, used);
});

Deno.test("one of two adapters is unplugged: clients of the other go on, in the same process too", async () => {
  using rig = new Rig({ count: 2 });
  const task = rig.system.process();
  const gone = new Client(task, undefined, 0), stays = new Client(task, undefined, 1);
  const used = await inUse(rig, gone);
  const fence = stays.fence(), page = fence.info.monitored_fence.fence_cpu_virtual_address;
  const lock = stays.lock(stays.allocate(stays.privateData(4096)).allocation);
  const event = task.eventfd();
  stays.dxg.ioctl(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, stays.cpuWait(fence.sync_object, 2n, event.fd));
  const wait = stays.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, stays.cpuWait(fence.sync_object, 2n));
  rig.system.removeDevice(adapterOf(rig, 0));
  await checkWoken(gone, used);
  assertEquals([stays.peek(page), event.poll(1)], [0n, 0]);
  assertEquals(stays.signalFromCpu(fence.sync_object, 2n), 0);
  assertEquals([await wait, event.poll(1), stays.peek(page)], [0, 1, 2n]);
  stays.task.at(lock, 1)[0] = 3;
  assertEquals(errno(() => new Client(rig.system.process(), undefined, 1)), "EINVAL"); // the list has one by now
  new Client(rig.system.process());
});

Deno.test("the adapter is unplugged under the compute API: what waits ends with an error that says so", async () => {
  using engine = new Packets({ gpu: "cpu" });
  using system = createSystem({ drivers: [drivers.dxg({ engine })], pages: "memfd" });
  using device = openCompute(system);
  using a = device.buffer(4096, { shared: true });
  device.queue.fill(a, 1).finish();
  const done = device.queue.fill(a, 2).flush().done;
  system.removeDevice(system.devices[0]);
  await done.catch((error) => assertInstanceOf(error, ComputeError)); // it may have been done before
  assertThrows(() => device.queue.fill(a, 3).finish(), ComputeError);
});
