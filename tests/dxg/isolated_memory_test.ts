/** Host processes have the adapter's memory in common: who asks, who gives way, who is told what there is; and a limit of what else they take. */

import { assert, assertEquals } from "@std/assert";
import { errno } from "udrm/core/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import type { View } from "udrm/uapi/struct.ts";
import { type IsolatedClient, IsolatedRig, type IsolatedRigOptions } from "./isolated_rig.ts";

const MIB = 1 << 20;
const WAIT = k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU;
const NON_LOCAL = k._D3DKMT_MEMORY_SEGMENT_GROUP_NON_LOCAL;

/** 16 MiB that the CPU sees, for all clients together. */
const small = (more: IsolatedRigOptions = {}): IsolatedRig =>
  new IsolatedRig({ localMemory: 16 * MIB, nonLocalMemory: 16 * MIB, ...more });

interface Made {
  readonly allocation: number;
  /** Where the client sees it. */
  readonly seen: bigint;
  /** Where its GPU does. */
  readonly va: bigint;
}

function make(c: IsolatedClient, mib: number): Made {
  const { allocation } = c.allocate(c.privateData(mib * MIB));
  return { allocation, seen: c.lock(allocation), va: c.map(allocation, mib * MIB / 4096) };
}

/** MAKERESIDENT, and that its fence is reached: what the call returned. */
async function resident(c: IsolatedClient, made: Made, flags = 0): Promise<View<k.d3dddi_makeresident>> {
  const arg = k.d3dddi_makeresident.of({
    paging_queue: c.paging.paging_queue,
    alloc_count: 1,
    allocation_list: c.handles(made.allocation),
    flags,
  });
  c.dxg.ioctl(k.LX_DXMAKERESIDENT, arg);
  await c.dxg.wait(WAIT, c.cpuWait(c.paging.sync_object, arg.paging_fence_value));
  return arg;
}

function evict(c: IsolatedClient, made: Made, flags = 0): void {
  c.dxg.ioctl(
    k.LX_DXEVICT,
    k.d3dkmt_evict.of({ device: c.device, alloc_count: 1, allocations: c.handles(made.allocation), flags }),
  );
}

function memory(c: IsolatedClient): View<k.d3dkmt_queryvideomemoryinfo> {
  const arg = k.d3dkmt_queryvideomemoryinfo.of({ adapter: c.adapter, memory_segment_group: NON_LOCAL });
  c.dxg.ioctl(k.LX_DXQUERYVIDEOMEMORYINFO, arg);
  return arg;
}

const budget = (c: IsolatedClient): number => Number(memory(c).budget) / MIB;

/** The GPU of the client writes a word to the beginning and the end of an allocation. */
async function use(c: IsolatedClient, made: Made, mib: number, word: number): Promise<void> {
  const end = Number(made.va) + mib * MIB - 4;
  const { address, length } = c.commands((w) =>
    w.put(isa.DXP_FILL, [Number(made.va), 4, word]).put(isa.DXP_FILL, [end, 4, word])
  );
  const fence = c.fence();
  c.submit(address, length);
  c.signalFromGpu(fence.sync_object, 1n);
  await c.dxg.wait(WAIT, c.cpuWait(fence.sync_object, 1n));
  assertEquals(c.state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
  const bytes = c.task.at(made.seen, mib * MIB);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assertEquals([view.getUint32(0, true), view.getUint32(mib * MIB - 4, true)], [word, word]);
}

Deno.test("isolated: clients have one memory: budgets say what others leave, and who goes beyond is refused", async () => {
  using rig = small();
  const a = rig.client(), b = rig.client();
  assertEquals([budget(a), budget(b)], [16, 16]);
  const first = make(a, 9), own = make(b, 6), more = make(b, 3);
  await resident(a, first);
  assertEquals([budget(a), budget(b), Number(memory(a).current_usage) / MIB], [16, 8, 9]);
  await resident(b, own);
  await use(a, first, 9, 1);
  assertEquals([budget(a), budget(b)], [10, 8]);
  await use(b, own, 6, 1);
  const arg = k.d3dddi_makeresident.of({
    paging_queue: b.paging.paging_queue,
    alloc_count: 1,
    allocation_list: b.handles(more.allocation),
  });
  assertEquals(errno(() => b.dxg.ioctl(k.LX_DXMAKERESIDENT, arg)), "ENOMEM");
  const { must_succeed } = k.d3dddi_makeresident_flags;
  const forced = await resident(b, more, must_succeed).then(() => "there", (error) => error.code);
  assertEquals(forced, "ENOMEM");
  for (const reason of ["bytes beyond the budget", "what is resident may stay"]) {
    await rig.until(() => rig.refused.some((text) => text.includes(reason)));
  }
  assertEquals([a.state(), b.state()], [k._D3DKMT_DEVICEEXECUTION_ACTIVE, k._D3DKMT_DEVICEEXECUTION_ACTIVE]);
  // What the one gives up is the other's.
  evict(a, first);
  await resident(b, more);
  await use(b, more, 3, 2);
});

Deno.test("isolated: control: one client alone has all of it, and no more", async () => {
  using rig = small();
  const a = rig.client(), all = make(a, 15), more = make(a, 2);
  await resident(a, all);
  await use(a, all, 15, 5);
  assertEquals(await resident(a, more).then(() => "there", (error) => error.code), "ENOMEM");
});

Deno.test("isolated: who has more than a share gives way, and its memory keeps its bytes", async () => {
  using rig = small();
  const a = rig.client(), b = rig.client();
  const many = Array.from({ length: 7 }, () => make(a, 2));
  for (const [i, each] of many.entries()) {
    await resident(a, each);
    await use(a, each, 2, 100 + i);
  }
  const { address, length } = a.commands((w) => w);
  const own = make(b, 6);
  await resident(b, own);
  await use(b, own, 6, 7);
  for (const [i, each] of many.entries()) assertEquals(a.task.at(each.seen, 1)[0], 100 + i);
  // Its next job needs all of it, and there is no room: its device is told so, and no other.
  a.submit(address, length);
  await rig.until(() => a.state() === k._D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY);
  await use(b, own, 6, 8);
});

Deno.test("isolated: what a client does not want resident any more serves others", async () => {
  using rig = small();
  const a = rig.client(), b = rig.client();
  const big = make(a, 12), other = make(b, 13);
  await resident(a, big);
  await use(a, big, 12, 9);
  evict(a, big, k.d3dddi_evict_flags.evict_only_if_necessary);
  assert(budget(b) >= 15);
  await resident(b, other);
  await use(b, other, 13, 10);
  assertEquals(a.task.at(big.seen, 1)[0], 9);
  // And back.
  evict(b, other, k.d3dddi_evict_flags.evict_only_if_necessary);
  await resident(a, big);
  await use(a, big, 12, 16);
});

Deno.test("isolated: what a killed host process had is there at once", async () => {
  using rig = small();
  const a = rig.client(), b = rig.client();
  const all = make(a, 14), other = make(b, 14);
  await resident(a, all);
  const { must_succeed } = k.d3dddi_makeresident_flags;
  assertEquals(await resident(b, other, must_succeed).then(() => "there", (error) => error.code), "ENOMEM");
  await rig.kill(a);
  assertEquals(budget(b), 16);
  await resident(b, other);
  await use(b, other, 14, 11);
});

for (
  const [what, name, reason] of [
    [25, "does not give back", "does not give back memory"],
    [26, "says that it has given back", "does not give back memory"],
  ] as const
) {
  Deno.test(`isolated: a host process that ${name} what is beyond its share is ended, and who waits goes on`, async () => {
    using rig = small({ stuckNs: 700e6 });
    const a = rig.client(), b = rig.client();
    const big = make(a, 14), own = make(b, 7);
    await resident(a, big);
    errno(() => a.evil(what));
    await resident(b, own);
    await use(b, own, 7, 12);
    assertEquals(a.state(), k._D3DKMT_DEVICEEXECUTION_RESET);
    assert(rig.refused.some((text) => text.includes(reason)), rig.refused.join());
    assertEquals(budget(b), 16);
  });
}

Deno.test("isolated: words of a host process that was taken over cost nobody else its share", async (t) => {
  for (const [what, name] of [[27, "wants everything"], [28, "writes random words"]] as const) {
    await t.step(name, async () => {
      using rig = small({ stuckNs: 700e6 });
      const b = rig.client(), a = rig.client();
      const own = make(b, 6);
      for (let i = 0; i < 20; i++) {
        errno(() => a.evil(what));
        errno(() => a.fence());
      }
      await resident(b, own);
      await use(b, own, 6, 13);
      assert(budget(b) >= 6, `${budget(b)}`);
    });
  }
});

Deno.test("isolated: a host process that takes more memory than it may is ended, and no other", async () => {
  using rig = small({ memoryBytes: 700 * MIB });
  const a = rig.client(), b = rig.client();
  const own = make(b, 6);
  await resident(b, own);
  errno(() => a.evil(30));
  await rig.until(() => !rig.host.processes.some(({ pid }) => pid === a.hostPid));
  assertEquals(a.state(), k._D3DKMT_DEVICEEXECUTION_RESET);
  assert(rig.refused.some((text) => text.includes("took more than 700 MiB of memory")), rig.refused.join());
  await use(b, own, 6, 14);
});

Deno.test("isolated: control: memory that a host process was granted is not what it takes besides", async () => {
  using rig = new IsolatedRig({ localMemory: 16 * MIB, nonLocalMemory: 512 * MIB, memoryBytes: 500 * MIB });
  const a = rig.client(), big = make(a, 400);
  await resident(a, big);
  a.task.at(big.seen, 400 * MIB).fill(1);
  const { address, length } = a.commands((w) => w.put(isa.DXP_FILL, [Number(big.va), 400 * MIB, 3]));
  a.submit(address, length);
  for (const end = Date.now() + 1500; Date.now() < end;) {
    rig.system.pump();
    await new Promise((done) => setTimeout(done, 20));
  }
  assertEquals(a.state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
});
