/**
 * The compute API from end to end: kernels through D3DKMT, the guest driver, VMBus, the host and the packets on Vulkan, with
 * Vulkan's validation on.
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createSystem, drivers, type LocalProcess } from "udrm/mod.ts";
import { Packets } from "udrm/drivers/host/render/packets/mod.ts";
import { CompileError, compileGlsl, compileWgsl } from "udrm/drivers/umd/compute/compile.ts";
import { type ComputeDevice, ComputeError, listAdapters, openCompute } from "udrm/drivers/umd/compute/mod.ts";
import { D3dkmt } from "udrm/drivers/umd/d3dkmt/mod.ts";
import "udrm/drivers/os/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";

const SOURCE = `
  struct P { add: u32, times: u32 }
  var<immediate> p: P;
  @group(0) @binding(0) var<storage, read> a: array<u32>;
  @group(0) @binding(1) var<storage, read_write> b: array<u32>;
  @compute @workgroup_size(64)
  fn copy(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&b)) { b[id.x] = a[id.x]; }
  }
  @compute @workgroup_size(32, 2)
  fn change(@builtin(global_invocation_id) id: vec3u) {
    let i = id.y * 64u + id.x;
    if (i < arrayLength(&b)) { b[i] = b[i] * p.times + p.add; }
  }`;

interface Setup {
  readonly device: ComputeDevice;
  readonly process: LocalProcess;
  readonly engine: Packets;
}

/** Runs with a device on the CPU's Vulkan; nothing may be complained of, and nothing left behind. */
async function withCompute(body: (setup: Setup) => void | Promise<void>, localMemory?: number): Promise<void> {
  const log = Deno.makeTempFileSync();
  try {
    {
      using engine = new Packets({ gpu: "cpu", validation: true, validationLog: log });
      {
        using system = createSystem({ drivers: [drivers.dxg({ engine, localMemory })], pages: "memfd" });
        using process = system.process();
        using device = openCompute(process);
        await body({ device, process, engine });
      }
      assertEquals(engine.counts.queues, 0, "queues left");
    }
    assertEquals(Deno.readTextFileSync(log), "", "the validation layers report");
  } finally {
    Deno.removeSync(log);
  }
}

const count = (n: number): Uint32Array<ArrayBuffer> => Uint32Array.from({ length: n }, (_, i) => i);

Deno.test("ComputeDevice: WGSL with two entry points, push constants, measured", () =>
  withCompute(async ({ device }) => {
    const code = await compileWgsl(SOURCE);
    using copy = device.kernel(code, { entry: "copy" }), change = device.kernel(code, { entry: "change" });
    assertEquals([copy.workgroupSize, change.workgroupSize], [[64, 1, 1], [32, 2, 1]]);
    assertEquals(copy.bindings.map(({ writes }) => writes), [false, true]);
    assertEquals(copy.groups(65), [2, 1, 1]);
    using a = device.buffer(count(128)), b = device.buffer(4 * 128);
    const time = device.queue.measure(() => {
      device.queue.dispatch(copy, copy.groups(128), [a, b]);
      device.queue.dispatch(change, [2, 1], [a, b], Uint32Array.of(7, 3));
    });
    assertEquals(b.read(Uint32Array), count(128).map((i) => 3 * i + 7));
    assert(time.isDone && time.seconds > 0 && time.seconds < 60, `${time.seconds} s`);
    assertThrows(() => device.kernel(code), TypeError, "say which entry point: copy, change");
    assertThrows(() => device.kernel(code, { entry: "main" }), TypeError, "no entry point main");
    assertThrows(() => device.queue.dispatch(copy, 1, [a]), TypeError, "binding 1, a storage-buffer, has no buffer");
    assertThrows(() => device.queue.dispatch(copy, 70000, [a, b]), RangeError);
    assertThrows(() => device.queue.dispatch(copy, 1, [a, b], new Uint8Array(132)), RangeError);
  }));

Deno.test("compileGlsl: a kernel in GLSL; what is wrong is said with its line", () =>
  withCompute(async ({ device }) => {
    using twice = device.kernel(
      await compileGlsl(
        `#version 450
      layout(local_size_x = 8) in;
      layout(set = 0, binding = 0) buffer A { float a[]; };
      void main() { a[gl_GlobalInvocationID.x] *= FACTOR; }`,
        { FACTOR: "2.0" },
      ),
    );
    using a = device.buffer(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    device.queue.dispatch(twice, 1, [a]);
    assertEquals([...a.read(Float32Array, 4, 3)], [4, 6, 8]);
    await assertRejects(() => compileGlsl("#version 450\nvoid main() { x = 1; }"), CompileError, "x");
    await assertRejects(() => compileWgsl("fn ("), CompileError, "wgsl:1");
    assertThrows(() => device.kernel(Uint32Array.of(1, 2, 3, 4, 5)), TypeError, "no SPIR-V");
  }));

Deno.test("ComputeQueue: what depends on each other is ordered, over many batches and between copies, fills and kernels", () =>
  withCompute(async ({ device: { queue }, device }) => {
    const code = await compileWgsl(SOURCE), n = 1000;
    using copy = device.kernel(code, { entry: "copy" }), change = device.kernel(code, { entry: "change" });
    using a = device.buffer(4 * n), b = device.buffer(4 * n), c = device.buffer(4 * n);
    const push = Uint32Array.of(1, 1);
    for (let round = 0; round < 40; round++) {
      queue.dispatch(copy, copy.groups(n), [a, b]); // written before, read, and overwritten behind it
      queue.dispatch(change, [2, 8], [a, b], push);
      if (round % 3 === 0) queue.copy(a, b, 4 * n);
      else queue.dispatch(copy, copy.groups(n), [b, a]);
      if (round % 7 === 0) queue.flush();
    }
    queue.fill(c, 5).copy(c, a, 4, 4, 0);
    assertEquals(new Set(a.read(Uint32Array)), new Set([40]));
    assertEquals([...c.read(Uint32Array, 0, 3)], [5, 40, 5]);
    assertThrows(() => queue.copy(a, a, 8, 0, 4), RangeError, "overlap");
    assertThrows(() => queue.copy(a, b, 4 * n + 1), RangeError);
  }));

Deno.test("ComputeBuffer: large uploads and downloads, parts, ranges, shared memory", () =>
  withCompute(async ({ device }) => {
    const bytes = new Uint8Array(9_000_001).map((_, i) => (i * 7) ^ (i >> 8));
    using a = device.buffer(bytes), b = device.buffer(bytes.length);
    b.copyFrom(a).write(Uint8Array.of(1, 2, 3), 5);
    const read = b.read(Uint8Array);
    bytes.set([1, 2, 3], 5);
    assert(read.every((x, i) => x === bytes[i]));
    assertEquals([...b.read(Uint8Array, 9_000_000)], [bytes[9_000_000]]);
    using copy = device.kernel(await compileWgsl(SOURCE), { entry: "copy" });
    using shared = device.buffer(4096, { shared: true });
    new Uint32Array(shared.map().buffer, shared.map().byteOffset, 4).set([9, 8, 7, 6]);
    device.queue.dispatch(copy, 1, [shared.range(0, 16), shared.range(256, 16)]);
    assertEquals([...shared.read(Uint32Array, 252, 6)], [0, 9, 8, 7, 6, 0]);
    assertThrows(() => a.map(), TypeError, "shared: true");
    assertThrows(() => shared.range(4, 16), RangeError);
    assertThrows(() => a.write(bytes, 1), RangeError);
    assertThrows(() => device.buffer(0), RangeError);
    a[Symbol.dispose]();
    assertThrows(() => a.write(bytes), TypeError, "disposed");
  }));

Deno.test("ComputeQueue: two queues meet by an event; done does not block", () =>
  withCompute(async ({ device, device: { queue } }) => {
    using change = device.kernel(await compileWgsl(SOURCE), { entry: "change" });
    const other = device.createQueue();
    using a = device.buffer(256);
    for (let i = 0; i < 20; i++) {
      other.wait(queue.dispatch(change, [2, 1], [a, a], Uint32Array.of(1, 2)).flush());
      queue.wait(other.dispatch(change, [2, 1], [a, a], Uint32Array.of(0, 1)).flush());
    }
    const event = queue.flush();
    await event.done;
    assertEquals([event.isDone, queue.completed, queue.submitted], [true, event.value, event.value]);
    assertEquals((await a.readAsync(Uint32Array))[63], 2 ** 20 - 1);
  }));

Deno.test("ComputeQueue: finish sleeps until the GPU is done, and looks at it a few times", () =>
  withCompute(async ({ device, engine }) => {
    using kernel = device.kernel(
      await compileWgsl(`
        @group(0) @binding(0) var<storage, read_write> a: array<u32>;
        @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
          var x = id.x + 1u;
          for (var i = 0u; i < 60000u; i++) {
            x ^= x << 13u;
            x ^= x >> 17u;
            x ^= x << 5u;
          }
          a[id.x] = x;
        }`),
    );
    using a = device.buffer(4 * 600);
    device.queue.dispatch(kernel, 600, [a]).finish(); // compiled
    let looks = 0;
    const poll = engine.poll.bind(engine);
    engine.poll = () => {
      looks++;
      return poll();
    };
    const start = performance.now();
    device.queue.dispatch(kernel, 600, [a]).finish();
    const ms = performance.now() - start;
    assert(ms > 20, `the kernel takes only ${ms} ms`);
    // A few dozen times at once, each time with all that there is to look at; then about twice in 5 ms.
    assert(looks < 200 + ms, `${looks} looks in ${ms} ms`);
  }));

Deno.test("DispatchIndirect: the GPU says how many", () =>
  withCompute(async ({ device, device: { queue } }) => {
    const code = await compileWgsl(SOURCE);
    using copy = device.kernel(code, { entry: "copy" }), change = device.kernel(code, { entry: "change" });
    using counts = device.buffer(Uint32Array.of(0, 0, 0, 1)), a = device.buffer(count(128)), b = device.buffer(512);
    queue.dispatch(change, 1, [counts, counts], Uint32Array.of(1, 1));
    queue.dispatchIndirect(copy, counts, 0, [a, b]);
    assertEquals([...b.read(Uint32Array)], [...count(64), ...new Uint32Array(64)]);
  }));

Deno.test("ComputeError: a page fault names the address, and hurts its device alone", () =>
  withCompute(async ({ device, process }) => {
    using copy = device.kernel(await compileWgsl(SOURCE), { entry: "copy" });
    using a = device.buffer(count(64)), b = device.buffer(256), other = openCompute(process);
    device.queue.finish();
    // Behind the API's back, as only a bug could.
    using kmt = new D3dkmt(process.open("/dev/dxg"));
    const list = process.alloc(k.d3dkmt_adapterinfo.size);
    kmt.D3DKMTEnumAdapters2(k.d3dkmt_enumadapters2.of({ num_adapters: 1, adapters: list.address }));
    const adapter = k.d3dkmt_adapterinfo.at(list.bytes).adapter_handle;
    const range = { adapter, base_address: BigInt(b.address), size: 4096 };
    assertEquals(kmt.D3DKMTFreeGpuVirtualAddress(k.d3dkmt_freegpuvirtualaddress.of(range)), 0);
    const event = device.queue.dispatch(copy, 1, [a, b]).flush();
    const error = assertThrows(() => device.queue.finish(), ComputeError);
    assertEquals([error.kind, error.address], ["page-fault", b.address]);
    assert(error.message.includes(`written at GPU address 0x${b.address.toString(16)}`), error.message);
    await assertRejects(() => event.done, ComputeError, "Page fault");
    assertThrows(() => device.queue.dispatch(copy, 1, [a, b]).finish(), ComputeError, "Page fault");
    using c = other.buffer(count(4));
    assertEquals([...c.read(Uint32Array)], [0, 1, 2, 3]);
  }));

Deno.test("ComputeError: a shader that the host refuses is a DMA fault", () =>
  withCompute(async ({ device }) => {
    const code = await compileWgsl(SOURCE);
    code[code.indexOf((2 << 16) | 17) + 1] = 6; // OpCapability Kernel
    using copy = device.kernel(code, { entry: "copy" });
    using a = device.buffer(256);
    device.queue.dispatch(copy, 1, [a, a]);
    const error = assertThrows(() => device.queue.finish(), ComputeError, "refused a command");
    assertEquals(error.kind, "dma-fault");
  }));

Deno.test("DeviceMemory: more buffers than memory: what is not used is evicted, and comes back with its bytes", () =>
  withCompute(async ({ device }) => {
    using resources = new DisposableStack();
    const buffers = Array.from({ length: 12 }, (_, i) => resources.use(device.buffer(1 << 20).fill(i)));
    assert(device.evictions > 0, "nothing was evicted");
    assertEquals(buffers.map((buffer) => buffer.read(Uint32Array, 4096, 1)[0]), [...count(12)]);
    const sums = resources.use(device.buffer(64));
    const code = await compileWgsl(SOURCE);
    using change = device.kernel(code, { entry: "change" });
    for (const buffer of buffers) device.queue.dispatch(change, 1, [buffer, sums], Uint32Array.of(1, 1));
    assertEquals(sums.read(Uint32Array)[0], 12);
    const error = assertThrows(() => device.buffer(64 << 20), ComputeError);
    assertEquals(error.kind, "memory");
  }, 8 << 20));

Deno.test("openCompute: adapters by name and number; none is said with those that are", () =>
  withCompute(({ process }) => {
    const [{ name, compute }] = listAdapters(process);
    assert(compute);
    using byName = openCompute(process, { adapter: name.slice(0, 6) }), byNumber = openCompute(process, { adapter: 0 });
    assertEquals([byName.name, byNumber.name], [name, name]);
    assert(byName.memory.budget > 0 && byName.limits.memory > 0);
    assertThrows(() => openCompute(process, { adapter: "voodoo2" }), ComputeError, `there are 0 ${name}`);
  }));

Deno.test("ComputeDevice: buffers and kernels that are let go of are freed when their work is done", () =>
  withCompute(async ({ device, engine }) => {
    device.buffer(16)[Symbol.dispose]();
    device.queue.finish();
    const before = engine.counts.memories;
    for (let i = 0; i < 50; i++) {
      using copy = device.kernel(await compileWgsl(SOURCE), { entry: "copy" });
      using a = device.buffer(count(64)), b = device.buffer(256);
      device.queue.dispatch(copy, 1, [a, b]);
      if (i % 10 === 0) device.queue.flush();
    }
    device.queue.finish();
    assert(engine.counts.memories <= before + 2, `${engine.counts.memories - before} memories are left`);
  }));
