/** Host processes on Vulkan, with its validation on: nothing may be complained of. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import "udrm/drivers/os/testing.ts";
import { compileWgsl } from "udrm/drivers/umd/compute/compile.ts";
import { ComputeError, openCompute } from "udrm/drivers/umd/compute/mod.ts";
import { createSystem, drivers, type System } from "udrm/mod.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import * as isa from "udrm/uapi/dxp_isa.ts";
import { IsolatedClient, SHARED_FENCE, SHARED_RESOURCE } from "./isolated_rig.ts";

const WAIT = k.LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU;

/** A system whose host processes, on the CPU's Vulkan, are watched by the validation layers. @param size of each kind of memory. */
async function validated(body: (system: System) => Promise<void>, timeout?: number, size?: number): Promise<void> {
  const log = Deno.makeTempFileSync();
  const names = { UDRM_VULKAN_VALIDATION: "1", UDRM_VULKAN_VALIDATION_LOG: log };
  const before = Object.keys(names).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(names)) Deno.env.set(name, value);
  try {
    const sizes = { localMemory: size, nonLocalMemory: size };
    const source = drivers.dxg({ isolate: "process", gpu: "cpu", timeout, ...sizes });
    using system = createSystem({ pages: "memfd", clock: "monotonic", drivers: [source] });
    await body(system);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    const text = Deno.readTextFileSync(log);
    Deno.removeSync(log);
    assertEquals(text, "", "the validation layers report");
  }
}

const ADD = `
  @group(0) @binding(0) var<storage, read> a: array<u32>;
  @group(0) @binding(1) var<storage, read_write> b: array<u32>;
  @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&b)) { b[id.x] = a[id.x] + b[id.x]; }
  }`;
// With as many groups as there can be it takes longer than anybody waits; lavapipe ends loops after 65,535 rounds.
const ENDLESS = `
  @group(0) @binding(0) var<storage, read_write> a: array<atomic<u32>>;
  @compute @workgroup_size(1) fn main() {
    for (var i = 0u; i < 60000u; i++) { atomicAdd(&a[0], 1u); }
  }`;

Deno.test("isolated on Vulkan: kernels of two clients", () =>
  validated(async (system) => {
    const code = await compileWgsl(ADD);
    for (let i = 0; i < 2; i++) {
      using process = system.process();
      using device = openCompute(process);
      using kernel = device.kernel(code);
      const bytes = Uint32Array.from({ length: 1000 }, (_, n) => n * i);
      using a = device.buffer(bytes), b = device.buffer(bytes);
      for (let round = 0; round < 3; round++) device.queue.dispatch(kernel, kernel.groups(1000), [a, b]);
      assertEquals(b.read(Uint32Array), bytes.map((n) => 4 * n));
    }
  }));

Deno.test("isolated on Vulkan: a resource and a fence of two clients", () =>
  validated(async (system) => {
    const a = new IsolatedClient(system.process()), b = new IsolatedClient(system.process());
    for (const flags of [0, undefined]) {
      const made = a.allocate(a.privateData(8192, flags === undefined ? {} : { flags }), { flags: SHARED_RESOURCE });
      const target = a.map(made.allocation, 2);
      a.resident(made.allocation);
      const fence = a.fence(SHARED_FENCE), ready = b.openFence(a, fence.sync_object);
      const fill = a.commands((w) => w.put(isa.DXP_FILL, [Number(target), 8192, 0xabcd_0123]));
      const opened = b.openResource(b.task.receive(a.task, a.share(made.resource)), made.data.length);
      const plain = b.allocate(b.privateData(8192));
      const from = b.map(opened.allocation, 2), to = b.map(plain.allocation, 2);
      b.resident(opened.allocation, plain.allocation);
      const copy = b.commands((w) => w.put(isa.DXP_COPY_LINEAR, [Number(to), Number(from), 8192]));
      const done = b.fence();
      // The second GPU waits for the first one's fence, which is not even queued yet.
      b.waitFromGpu(ready.sync_object, 1n);
      b.submit(copy.address, copy.length);
      b.signalFromGpu(done.sync_object, 1n);
      a.submit(fill.address, fill.length);
      a.signalFromGpu(fence.sync_object, 1n);
      assertEquals(await b.dxg.wait(WAIT, b.cpuWait(done.sync_object, 1n)), 0);
      const seen = b.task.at(b.lock(plain.allocation), 8192);
      assertEquals(new Uint32Array(seen.slice().buffer).every((word) => word === 0xabcd_0123), true);
    }
  }));

Deno.test("isolated on Vulkan: two clients by turns use more memory than there is, and each keeps its bytes", () =>
  validated(
    async (system) => {
      const clients = [0, 1].map(() => {
        const c = new IsolatedClient(system.process());
        const { allocation } = c.allocate(c.privateData(10 << 20));
        const seen = c.lock(allocation), va = Number(c.map(allocation, 2560)), fence = c.fence();
        const fill = c.commands((w) => w.put(isa.DXP_FILL, [va + 4, 4, c.task.tgid]));
        return { c, allocation, seen, fence, fill };
      });
      for (let round = 1; round <= 4; round++) {
        for (const { c, allocation, seen, fence, fill } of clients) {
          const arg = k.d3dddi_makeresident.of({
            paging_queue: c.paging.paging_queue,
            alloc_count: 1,
            allocation_list: c.handles(allocation),
          });
          await c.dxg.wait(k.LX_DXMAKERESIDENT, arg);
          await c.dxg.wait(WAIT, c.cpuWait(c.paging.sync_object, arg.paging_fence_value));
          c.task.at(seen, 1)[0] = round;
          c.submit(fill.address, fill.length);
          c.signalFromGpu(fence.sync_object, BigInt(round));
          await c.dxg.wait(WAIT, c.cpuWait(fence.sync_object, BigInt(round)));
          assertEquals(c.state(), k._D3DKMT_DEVICEEXECUTION_ACTIVE);
          const flags = k.d3dddi_evict_flags.evict_only_if_necessary;
          const list = c.handles(allocation);
          c.dxg.ioctl(k.LX_DXEVICT, k.d3dkmt_evict.of({ device: c.device, alloc_count: 1, allocations: list, flags }));
        }
        for (const { c, seen } of clients) {
          const words = new Uint32Array(c.task.at(seen, 8).slice().buffer);
          assertEquals([...words], [round, c.task.tgid]);
        }
      }
    },
    undefined,
    16 << 20,
  ));

Deno.test("isolated on Vulkan: an endless shader costs its client alone, and is gone with it", () =>
  validated(async (system) => {
    using other = system.process();
    using fine = openCompute(other);
    using kernel = fine.kernel(await compileWgsl(ADD));
    const check = (): void => {
      using a = fine.buffer(Uint32Array.of(1, 2)), b = fine.buffer(Uint32Array.of(3, 4));
      fine.queue.dispatch(kernel, 1, [a, b]);
      assertEquals([...b.read(Uint32Array)], [4, 6]);
    };
    check();
    using process = system.process();
    const device = openCompute(process);
    using endless = device.kernel(await compileWgsl(ENDLESS)), a = device.buffer(4);
    const event = device.queue.dispatch(endless, [65535, 65535], [a]).flush();
    check();
    const error = await assertRejects(() => event.done, ComputeError);
    assert(
      ["lost", "hung", "reset"].some((word) => `${error.kind} ${error.message}`.includes(word)),
      `${error.kind}: ${error.message}`,
    );
    check();
    // Nothing runs any more that nobody waits for.
    const busy = () =>
      Deno.readTextFileSync("/proc/self/task/" + Deno.pid + "/children").trim().split(" ").filter(Boolean).map(Number);
    for (const end = Date.now() + 20_000; busy().length > 2 && Date.now() < end;) {
      system.pump();
      await new Promise((done) => setTimeout(done, 50));
    }
    assert(busy().length <= 2, `${busy().length} processes are left: the other client's and the spare one are all`);
  }, 1e9));
