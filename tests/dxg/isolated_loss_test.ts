/** Host processes that die, hang, or say what cannot be: they take one client along, and no other. */

import { assert, assertEquals } from "@std/assert";
import { errno } from "udrm/core/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { type IsolatedClient, IsolatedRig, SHARED_FENCE, SHARED_RESOURCE } from "./isolated_rig.ts";

const MAX = 0xffff_ffff_ffff_ffffn;
const WAIT = k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU;

/** What a client is told that waits for a fence which is there already. */
function refusal(c: IsolatedClient): unknown {
  return errno(() => c.dxg.ioctl(WAIT, c.cpuWait(c.paging.sync_object, 0n)));
}

/** A client that works, and that it still does. */
function worker(rig: IsolatedRig): { readonly client: IsolatedClient; works(): Promise<void> } {
  const client = rig.client();
  const { allocation } = client.allocate(client.privateData(4096));
  const seen = client.lock(allocation), target = client.map(allocation, 1);
  client.resident(allocation);
  const { address, length } = client.commands((w) => w.put(isa.DXP_FILL, [Number(target), 4, 0x1234]));
  const fence = client.fence();
  let value = 0n;
  return {
    client,
    works: async () => {
      client.task.at(seen, 4).fill(0);
      client.submit(address, length);
      client.signalFromGpu(fence.sync_object, ++value);
      assertEquals(await client.dxg.wait(WAIT, client.cpuWait(fence.sync_object, value)), 0);
      assertEquals([...client.task.at(seen, 4)], [0x34, 0x12, 0, 0]);
      assertEquals(client.state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
    },
  };
}

Deno.test("isolated: who loses its host process is told so by everything that it asks", async () => {
  using rig = new IsolatedRig();
  const other = worker(rig), c = rig.client();
  const fence = c.fence(), kept = c.fence(k.d3dddi_synchronizationobject_flags.no_signal_max_value_on_tdr, 3n);
  const made = c.allocate(c.privateData(4096));
  const seen = c.lock(made.allocation);
  c.task.at(seen, 1)[0] = 77;
  const waits = [
    c.dxg.wait(WAIT, c.cpuWait(fence.sync_object, 5n)),
    c.dxg.wait(WAIT, c.cpuWait(kept.sync_object, 5n)),
  ];
  await rig.kill(c);
  assertEquals(await Promise.all(waits), [0, 0]);
  assertEquals(c.peek(fence.info.monitored_fence.fence_cpu_virtual_address), MAX);
  assertEquals(c.peek(kept.info.monitored_fence.fence_cpu_virtual_address), 3n);
  assertEquals(c.peek(c.paging.fence_cpu_virtual_address), MAX);
  assertEquals(c.state(), k._D3DKMT_DEVICEEXECUTION_RESET);
  assertEquals(c.task.at(seen, 1)[0], 77); // what is mapped stays
  // What has a status says so; who would have made something has nothing.
  assertEquals(refusal(c), "ENODEV");
  const makes: readonly (() => unknown)[] = [
    () => c.fence(),
    () => c.makeDevice(),
    () => c.makeContext(),
    () => c.makePagingQueue(),
    () => c.allocate(c.privateData(4096)),
  ];
  for (const make of makes) assert(["ENODEV", "ENOTRECOVERABLE", "EINVAL"].includes(String(errno(make))), `${make}`);
  // Nobody waits for an answer to these.
  c.submit(4096n, 64);
  c.signalFromGpu(fence.sync_object, 1n);
  c.signalFromCpu(fence.sync_object, 1n);
  assertEquals(
    c.dxg.ioctl(
      k.LX_DXDESTROYSYNCHRONIZATIONOBJECT,
      k.d3dkmt_destroysynchronizationobject.of({ sync_object: fence.sync_object }),
    ),
    0,
  );
  assertEquals(c.dxg.ioctl(k.LX_DXDESTROYDEVICE, k.d3dkmt_destroydevice.of({ device: c.device })), 0);
  await other.works();
  // Who opens the node again has a new process.
  c.dxg[Symbol.dispose]();
  const again = rig.client();
  assertEquals(again.state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
  await other.works();
});

/** What a client does step by step; its host process is killed behind each. */
const STEPS: readonly (readonly [string, (c: IsolatedClient, other: IsolatedClient) => unknown])[] = [
  ["opened", () => {}],
  ["a fence", (c) => c.fence()],
  ["an allocation", (c) => c.allocate(c.privateData(65536))],
  ["a lock", (c) => c.lock(c.allocate(c.privateData(65536)).allocation)],
  ["resident", (c) => c.resident(c.allocate(c.privateData(65536)).allocation)],
  ["a job", (c) => {
    const { address, length } = c.commands((w) => w);
    c.submit(address, length);
  }],
  ["a queued wait that never ends", (c) => {
    const fence = c.fence();
    c.waitFromGpu(fence.sync_object, 9n);
    c.signalFromGpu(c.fence().sync_object, 1n);
  }],
  ["a wait of the CPU", (c) => void c.dxg.wait(WAIT, c.cpuWait(c.fence().sync_object, 1n))],
  ["a shared fence", (c) => c.share(c.fence(SHARED_FENCE).sync_object)],
  ["a shared resource", (c) => c.share(c.allocate(c.privateData(4096), { flags: SHARED_RESOURCE }).resource)],
  ["a fence of another", (c, other) => c.openFence(other, other.fence(SHARED_FENCE).sync_object)],
  ["a resource of another", (c, other) => {
    const made = other.allocate(other.privateData(4096), { flags: SHARED_RESOURCE });
    c.openResource(c.task.receive(other.task, other.share(made.resource)), made.data.length);
  }],
  ["a destroyed device", (c) => c.dxg.ioctl(k.LX_DXDESTROYDEVICE, k.d3dkmt_destroydevice.of({ device: c.device }))],
];

Deno.test("isolated: a host process is killed in every state", async (t) => {
  const fds = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = fds();
  {
    using rig = new IsolatedRig();
    const other = worker(rig);
    for (const [name, step] of STEPS) {
      await t.step(name, async () => {
        const c = rig.client();
        step(c, other.client);
        await rig.kill(c);
        assertEquals(refusal(c), name === "a destroyed device" ? "EINVAL" : "ENODEV");
        await other.works();
        c.task[Symbol.dispose]();
        await other.works();
      });
    }
    await t.step("while it is not known yet", async () => {
      const c = rig.client();
      Deno.kill(c.hostPid, "SIGKILL");
      assertEquals(refusal(c), "ENODEV");
      await other.works();
    });
    await t.step("the spare one", async () => {
      await rig.until(() => rig.host.processes.some(({ guestPid }) => guestPid === undefined));
      const spare = rig.host.processes.filter(({ guestPid }) => guestPid === undefined).map(({ pid }) => pid);
      for (const pid of spare) Deno.kill(pid, "SIGKILL");
      await rig.until(() => !rig.host.processes.some(({ pid }) => spare.includes(pid)));
      assertEquals(rig.client().state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
      await other.works();
    });
  }
  assertEquals(fds(), before);
});

Deno.test("isolated: what a process has shared outlives it: memory keeps its bytes, who waits for its fences goes on", async () => {
  using rig = new IsolatedRig();
  const a = rig.client(), b = rig.client();
  const made = a.allocate(a.privateData(4096), { flags: SHARED_RESOURCE });
  a.task.at(a.lock(made.allocation), 4).set([4, 3, 2, 1]);
  const fd = b.task.receive(a.task, a.share(made.resource));
  const fence = a.fence(SHARED_FENCE);
  const opened = b.openFence(a, fence.sync_object);
  const wait = b.dxg.wait(WAIT, b.cpuWait(opened.sync_object, 5n));
  const own = b.fence();
  b.waitFromGpu(opened.sync_object, 6n);
  b.signalFromGpu(own.sync_object, 1n);
  await rig.kill(a);
  assertEquals(await wait, 0);
  assertEquals(b.peek(opened.monitored_fence.fence_value_cpu_va), MAX);
  assertEquals(await b.dxg.wait(WAIT, b.cpuWait(own.sync_object, 1n)), 0);
  assertEquals(b.state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
  const { allocation } = b.openResource(fd, made.data.length);
  assertEquals([...b.task.at(b.lock(allocation), 4)], [4, 3, 2, 1]);
});

const ACTS: readonly (readonly [number, string])[] = [
  [1, "ends"],
  [3, "writes all over its ring"],
  [4, "says what is no JSON"],
  [5, "shows nothing"],
  [6, "shows memory that can shrink"],
  [7, "shows more than there is"],
  [8, "shows what is no memory"],
  [9, "hides what it has not shown"],
  [10, "shares by a handle that is not its own"],
  [11, "shares on an adapter that is not there"],
  [13, "says what nobody understands"],
  [14, "sends 200 descriptors"],
  [15, "is ready twice"],
  [17, "sends what no host sends"],
  [18, "says that its engine hangs"],
  [19, "says too much"],
  [20, "answers what nobody asked"],
  [21, "answers twice"],
  [22, "answers too much"],
  [29, "asks for memory without end"],
  [32, "tells too much of itself"],
  [33, "tells what is no trace"],
  [34, "has dropped less than nothing of its trace"],
];

Deno.test("isolated: a host process that says what cannot be is ended", async (t) => {
  const fds = () => [...Deno.readDirSync("/proc/self/fd")].length;
  using rig = new IsolatedRig();
  const other = worker(rig);
  await rig.until(() => rig.host.processes.some(({ guestPid }) => guestPid === undefined));
  const before = fds();
  for (const [what, name] of ACTS) {
    await t.step(name, async () => {
      const c = rig.client();
      try {
        c.evil(what);
      } catch {
        // It is lost already, or the escape is refused: that there is such a one is beside the point.
      }
      await rig.until(() => !rig.host.processes.some(({ pid }) => pid === c.hostPid));
      assertEquals(refusal(c), "ENODEV");
      const hung = what === 18;
      assertEquals(c.state(), hung ? k._D3DKMT_DEVICEEXECUTION_HUNG : k._D3DKMT_DEVICEEXECUTION_RESET);
      await other.works();
      c.task[Symbol.dispose]();
    });
  }
  await rig.until(() => fds() <= before);
});

Deno.test("isolated: what a host process says that is not about it has no effect", async (t) => {
  using rig = new IsolatedRig();
  const other = worker(rig);
  const fence = other.client.fence();
  const wait = other.client.dxg.wait(WAIT, other.client.cpuWait(fence.sync_object, 1n));
  for (
    const [what, name] of [[12, "gives back what it has not"], [16, "signals others' events"]] as const
  ) {
    await t.step(name, async () => {
      const c = rig.client();
      errno(() => c.evil(what));
      c.fence();
      await other.works();
      const early = await Promise.race([wait, new Promise((done) => setTimeout(() => done("waits"), 20))]);
      assertEquals(early, "waits");
    });
  }
  for (const [what, name] of [[23, "answers nothing"], [24, "answers nonsense"]] as const) {
    await t.step(name, async () => {
      const c = rig.client();
      errno(() => c.evil(what));
      const calls: readonly (() => unknown)[] = [
        () => c.fence(SHARED_FENCE),
        () => c.makePagingQueue(),
        () => c.allocate(c.privateData(4096), { flags: SHARED_RESOURCE }),
      ];
      for (const call of calls) errno(call);
      await other.works();
    });
  }
  other.client.signalFromCpu(fence.sync_object, 1n);
  assertEquals(await wait, 0);
});

Deno.test("isolated: a host process that is stuck is killed", async () => {
  using rig = new IsolatedRig({ stuckNs: 700e6 });
  const other = worker(rig), c = rig.client();
  const fence = c.fence();
  const wait = c.dxg.wait(WAIT, c.cpuWait(fence.sync_object, 1n));
  errno(() => c.evil(2));
  await rig.until(() => !rig.host.processes.some(({ pid }) => pid === c.hostPid));
  assertEquals(await wait, 0);
  assertEquals(c.state(), k._D3DKMT_DEVICEEXECUTION_HUNG);
  assert(rig.refused.some((text) => text.includes("was not done with after 0.7 s")), rig.refused.join());
  await other.works();
});
