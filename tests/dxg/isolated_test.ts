/** Clients whose hosts are processes: what they do alone, and what they share. */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import { errno } from "udrm/core/testing.ts";
import { assertNoFdLeak } from "udrm/drivers/os/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { DXG_ALLOCATION_EXISTING_SYSMEM } from "udrm/uapi/dxg_driver.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { IsolatedRig, SHARED_FENCE, SHARED_RESOURCE } from "./isolated_rig.ts";

Deno.test("isolated: each client has a process, which executes for it", async () => {
  using rig = new IsolatedRig();
  const a = rig.client(), b = rig.client();
  assertNotEquals(a.hostPid, b.hostPid);
  for (const c of [a, b]) {
    const { allocation } = c.allocate(c.privateData(4096));
    const seen = c.lock(allocation);
    const target = c.map(allocation, 1);
    c.resident(allocation);
    const { address, length } = c.commands((w) => w.put(isa.DXP_FILL, [Number(target), 8, c.hostPid]));
    const fence = c.fence();
    c.submit(address, length);
    c.signalFromGpu(fence.sync_object, 7n);
    assertEquals(await c.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 7n)), 0);
    assertEquals(new Uint32Array(c.task.at(seen, 8).slice().buffer), Uint32Array.of(c.hostPid, c.hostPid));
    assertEquals(c.peek(fence.info.monitored_fence.fence_cpu_virtual_address), 7n);
  }
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("isolated: nothing is left when a client goes, and when all is over", async () => {
  const fds = () => [...Deno.readDirSync("/proc/self/fd")].length;
  {
    using rig = new IsolatedRig();
    const one = rig.client();
    const { pid } = rig.host.processes.find(({ guestPid }) => guestPid === one.task.tgid)!;
    const before = fds();
    for (let i = 0; i < 3; i++) {
      const c = rig.client();
      c.lock(c.allocate(c.privateData(4096)).allocation);
      c.share(c.fence(SHARED_FENCE).sync_object);
      c.share(c.allocate(c.privateData(8192), { flags: SHARED_RESOURCE }).resource);
      c.task[Symbol.dispose]();
    }
    await rig.until(() => rig.host.processes.filter(({ guestPid }) => guestPid === undefined).length === 1);
    // The driver's own process, which held the shared resources, stays: its bell, socket, pidfd and the rest.
    await rig.until(() => fds() <= before + 8);
    assert(rig.host.processes.some((each) => each.pid === pid));
    one.task[Symbol.dispose]();
    await rig.until(() => !rig.host.processes.some((each) => each.pid === pid));
    await rig.until(() => !exists(`/proc/${pid}`)); // nor is it a zombie
  }
  assertNoFdLeak(() => {
    using rig = new IsolatedRig();
    const c = rig.client();
    c.fence();
    c.lock(c.allocate(c.privateData(4096)).allocation);
  });
});

Deno.test("isolated: memory of a client without a descriptor is refused", () => {
  using rig = new IsolatedRig();
  const c = rig.client();
  const raw = c.task.alloc(8 * 4096);
  const sysmem = (raw.address + 4095n) & ~4095n;
  const data = c.privateData(4096, { flags: DXG_ALLOCATION_EXISTING_SYSMEM });
  assertEquals(errno(() => c.allocate(data, {}, { sysmem })), "EOPNOTSUPP");
  c.allocate(c.privateData(4096)); // the process goes on
});

Deno.test("isolated: two processes share a fence: CPU and GPU of each wait for the other's", async () => {
  using rig = new IsolatedRig();
  const a = rig.client(), b = rig.client();
  const made = a.fence(SHARED_FENCE, 1n);
  const open = b.openFence(a, made.sync_object);
  const seenA = made.info.monitored_fence.fence_cpu_virtual_address;
  const seenB = open.monitored_fence.fence_value_cpu_va;
  assertEquals([a.peek(seenA), b.peek(seenB)], [1n, 1n]);
  a.signalFromCpu(made.sync_object, 9n);
  await rig.until(() => b.peek(seenB) === 9n);
  // Who waits in one process is woken by the other one: a CPU, then a queue of a GPU.
  const woken = b.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, b.cpuWait(open.sync_object, 20n));
  const own = b.fence();
  b.waitFromGpu(open.sync_object, 21n);
  b.signalFromGpu(own.sync_object, 1n);
  a.signalFromGpu(made.sync_object, 20n);
  assertEquals(await woken, 0);
  assertEquals(b.peek(own.info.monitored_fence.fence_cpu_virtual_address), 0n);
  a.signalFromGpu(made.sync_object, 21n);
  assertEquals(await b.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, b.cpuWait(own.sync_object, 1n)), 0);
  // And back.
  const back = a.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, a.cpuWait(made.sync_object, 30n));
  b.signalFromGpu(open.sync_object, 30n);
  assertEquals(await back, 0);
  assertEquals(a.peek(seenA), 30n);
  // A fence does not go back, whoever tries.
  b.signalFromCpu(open.sync_object, 4n);
  assertEquals(await a.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, a.cpuWait(made.sync_object, 30n)), 0);
  assertEquals(a.peek(seenA), 30n);
  // What one GPU writes there with a packet wakes the other process.
  const wait = b.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, b.cpuWait(open.sync_object, 77n));
  const va = Number(made.info.monitored_fence.fence_gpu_virtual_address);
  const { address, length } = a.commands((w) => w.put(isa.DXP_FENCE_WRITE, [va, 77n]));
  a.submit(address, length);
  assertEquals(await wait, 0);
});

Deno.test("isolated: two processes share a resource: both GPUs and both CPUs see its bytes", () => {
  using rig = new IsolatedRig();
  const a = rig.client(), b = rig.client();
  const made = a.allocate(a.privateData(8192), { flags: SHARED_RESOURCE });
  a.task.at(a.lock(made.allocation), 4).set([1, 2, 3, 4]);
  const fd = b.task.receive(a.task, a.share(made.resource));
  assertEquals([...b.task.file(fd).mmap(8192).subarray(0, 4)], [1, 2, 3, 4]);
  const opened = b.openResource(fd, made.data.length);
  const seen = b.lock(opened.allocation);
  assertEquals([...b.task.at(seen, 4)], [1, 2, 3, 4]);
  // The GPU of the second process writes, the first reads.
  const target = b.map(opened.allocation, 2);
  b.resident(opened.allocation);
  const { address, length } = b.commands((w) => w.put(isa.DXP_FILL, [Number(target) + 4096, 8, 0x5555_aaaa]));
  const fence = b.fence();
  b.submit(address, length);
  b.signalFromGpu(fence.sync_object, 1n);
  const until = Date.now() + 5000;
  while (b.peek(fence.info.monitored_fence.fence_cpu_virtual_address) === 0n && Date.now() < until);
  assertEquals([...a.task.at(a.lock(made.allocation) + 4096n, 4)], [0xaa, 0xaa, 0x55, 0x55]);
  // Opened once more, by the process that made it and by a third, after the first has let go of it.
  assertEquals([...a.task.at(a.lock(a.openResource(a.task.receive(b.task, fd), made.data.length).allocation), 1)], [1]);
  a.task[Symbol.dispose]();
  const c = rig.client();
  const again = c.openResource(c.task.receive(b.task, fd), made.data.length);
  assertEquals([...c.task.at(c.lock(again.allocation), 4)], [1, 2, 3, 4]);
  // Who has opened it may share it, too.
  b.task.close(fd);
  const d = rig.client();
  const more = d.openResource(d.task.receive(c.task, c.share(again.resource)), made.data.length);
  assertEquals([...d.task.at(d.lock(more.allocation), 4)], [1, 2, 3, 4]);
});

Deno.test("isolated: a fence that changes often, and a broker that does not listen for long", async () => {
  using rig = new IsolatedRig();
  const a = rig.client(), b = rig.client();
  const made = a.fence(SHARED_FENCE), open = b.openFence(a, made.sync_object);
  const wait = b.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, b.cpuWait(open.sync_object, 3000n));
  for (let value = 1n; value <= 3000n; value++) a.signalFromGpu(made.sync_object, value);
  const seen = made.info.monitored_fence.fence_cpu_virtual_address;
  // Nobody pumps: the process must not stand still for that.
  for (const end = Date.now() + 5000; a.peek(seen) < 3000n && Date.now() < end;);
  assertEquals(a.peek(seen), 3000n);
  assertEquals(await wait, 0);
});

Deno.test("isolated: version 27 of the protocol, whose messages come by the adapter's own channel", async () => {
  using rig = new IsolatedRig({ version: 27 });
  const c = rig.client();
  const { address, length } = c.commands((w) => w);
  const fence = c.fence();
  c.submit(address, length);
  c.signalFromGpu(fence.sync_object, 3n);
  assertEquals(await c.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, c.cpuWait(fence.sync_object, 3n)), 0);
});

Deno.test("isolated: a resource that the CPU cannot lock is shared, too", async () => {
  using rig = new IsolatedRig();
  const a = rig.client(), b = rig.client();
  const made = a.allocate(a.privateData(4096, { flags: 0 }), { flags: SHARED_RESOURCE });
  assertEquals(errno(() => a.lock(made.allocation)), "EINVAL");
  const target = a.map(made.allocation, 1);
  a.resident(made.allocation);
  const fence = a.fence(SHARED_FENCE);
  const fill = a.commands((w) => w.put(isa.DXP_FILL, [Number(target), 4, 0x0102_0304]));
  const fd = b.task.receive(a.task, a.share(made.resource));
  const opened = b.openResource(fd, made.data.length);
  const ready = b.openFence(a, fence.sync_object);
  const plain = b.allocate(b.privateData(4096));
  const from = b.map(opened.allocation, 1), to = b.map(plain.allocation, 1);
  b.resident(opened.allocation, plain.allocation);
  const copy = b.commands((w) => w.put(isa.DXP_COPY_LINEAR, [Number(to), Number(from), 4]));
  const done = b.fence();
  b.waitFromGpu(ready.sync_object, 1n);
  b.submit(copy.address, copy.length);
  b.signalFromGpu(done.sync_object, 1n);
  a.submit(fill.address, fill.length);
  a.signalFromGpu(fence.sync_object, 1n);
  await b.dxg.wait(k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, b.cpuWait(done.sync_object, 1n));
  assertEquals([...b.task.at(b.lock(plain.allocation), 4)], [4, 3, 2, 1]);
  assertEquals(errno(() => b.lock(opened.allocation)), "EINVAL");
});

Deno.test("isolated: a mutex of two processes has one owner", async () => {
  using rig = new IsolatedRig();
  const a = rig.client(), b = rig.client();
  const made = k.d3dkmt_createsynchronizationobject2.of({
    device: a.device,
    info: { type: k._D3DDDI_SYNCHRONIZATION_MUTEX, flags: SHARED_FENCE },
  });
  a.dxg.ioctl(k.LX_DXCREATESYNCHRONIZATIONOBJECT, made);
  const fd = b.task.receive(a.task, a.share(made.sync_object));
  const open = k.d3dkmt_opensyncobjectfromnthandle2.of({
    device: b.device,
    nt_handle: BigInt(fd),
    flags: SHARED_FENCE,
  });
  b.dxg.ioctl(k.LX_DXOPENSYNCOBJECTFROMNTHANDLE2, open);
  const legacy = (c: typeof a, object: number) =>
    c.dxg.ioctl(
      k.LX_DXWAITFORSYNCHRONIZATIONOBJECT,
      k.d3dkmt_waitforsynchronizationobject2.of({ context: c.context, object_count: 1, object_array: [object] }),
    );
  const fenceA = a.fence(), fenceB = b.fence();
  const reached = (c: typeof a, fence: typeof fenceA) =>
    c.peek(fence.info.monitored_fence.fence_cpu_virtual_address) === 1n;
  legacy(a, made.sync_object);
  a.signalFromGpu(fenceA.sync_object, 1n);
  await rig.until(() => reached(a, fenceA));
  legacy(b, open.sync_object);
  b.signalFromGpu(fenceB.sync_object, 1n);
  for (let i = 0; i < 20; i++) rig.system.pump();
  assertEquals(reached(b, fenceB), false);
  a.dxg.ioctl(
    k.LX_DXSIGNALSYNCHRONIZATIONOBJECT,
    k.d3dkmt_signalsynchronizationobject2.of({ context: a.context, object_count: 1, object_array: [made.sync_object] }),
  );
  await rig.until(() => reached(b, fenceB));
});

Deno.test("isolated: without an engine there is no host, and its process says why", () => {
  const error = assertThrows(() => new IsolatedRig({ mode: "none" }), DrmError);
  assertEquals([error.code, error.message], ["ENODEV", "Cannot start the dxg host: there is no GPU"]);
});
