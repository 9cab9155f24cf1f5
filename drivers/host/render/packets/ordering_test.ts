import "../../../os/testing.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "../../../../core/error.ts";
import { heapAllocator } from "../../../../core/memory.ts";
import { DxpWriter } from "../../../../uapi/dxp_encode.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import { monotonicNs, poll } from "../../../os/mod.ts";
import { testShader } from "../../shader/spirv_check/testing.ts";
import { type Bench, DATA, finish, withPackets } from "./testing.ts";

const ALL = isa.DXP_STAGE_ALL;

Deno.test("FENCE_WRITE comes after all before it; its value has 64 bits", () => {
  withPackets((bench) => {
    const w = new DxpWriter().put(isa.DXP_FILL, [DATA, 65536, 5]);
    w.put(isa.DXP_FENCE_WRITE, [DATA + 0x20000, 0xfedc_ba98_7654_3210n]).end();
    assertEquals(bench.run(w), undefined);
    const { words } = bench.data;
    assertEquals([words[16383], words[0x8000], words[0x8001]], [5, 0x7654_3210, 0xfedc_ba98]);
  });
});

Deno.test("FENCE_WAIT stops a job until the CPU stores the value, unsigned; another queue goes on", () => {
  withPackets((bench) => {
    const { words } = bench.data, { engine } = bench;
    words[1] = 0x7fff_ffff;
    const w = new DxpWriter().put(isa.DXP_FILL, [DATA + 64, 4, 1]).put(isa.DXP_FENCE_WAIT, [
      DATA,
      0x8000_0000_0000_0001n,
    ]);
    const job = bench.submit(w.put(isa.DXP_FILL, [DATA + 68, 4, 2]).end());
    const behind = bench.submit(new DxpWriter().put(isa.DXP_FILL, [DATA + 72, 4, 3]).end());
    for (let i = 0; i < 500 && words[16] === 0; i++) assert(!bench.queue.wait(job, 1e7));
    engine.poll();
    assertEquals([words[16], words[17], words[18]], [1, 0, 0]);
    const other = engine.createQueue(0, 0);
    assertEquals(bench.run(new DxpWriter().put(isa.DXP_FILL, [DATA + 76, 4, 4]).end(), other), undefined);
    assertEquals([words[17], words[19]], [0, 4]);
    words[1] = 0x8000_0000;
    assert(!bench.queue.wait(job, 1e6));
    words[0] = 1;
    finish(bench.queue, behind);
    assertEquals([bench.queue.fault, words[17], words[18]], [undefined, 2, 3]);
  });
});

Deno.test("two queues pass a value to and fro by fences, wait before signal", () => {
  withPackets((bench) => {
    const { engine } = bench, a = engine.createQueue(0, 0), b = engine.createQueue(0, 0);
    const fence = (i: number) => DATA + 4096 + i * 8;
    const first = new DxpWriter(), second = new DxpWriter();
    for (let i = 1; i <= 20; i++) {
      first.put(isa.DXP_FENCE_WAIT, [fence(0), BigInt(i - 1)]).put(isa.DXP_FENCE_WRITE, [fence(1), BigInt(i)]);
      second.put(isa.DXP_FENCE_WAIT, [fence(1), BigInt(i)]).put(isa.DXP_FENCE_WRITE, [fence(0), BigInt(i)]);
    }
    const waiting = bench.submit(second.end(), b), going = bench.submit(first.end(), a);
    finish(a, going);
    finish(b, waiting);
    assertEquals([a.fault, b.fault, bench.data.words[1024], bench.data.words[1026]], [undefined, undefined, 20, 20]);
  });
});

for (const hideMemory of [false, true]) {
  const how = hideMemory ? "by copies" : "in place";
  Deno.test(`a fence in memory of the GPU's own, a buffer, a table and a shader there too, read ${how}`, () => {
    withPackets((bench) => deviceMemory(bench), { hideMemory });
  });
}

function deviceMemory(bench: Bench): void {
  const { engine } = bench, device = engine.createMemory(65536), va = 0x2_0000_0000;
  bench.space.map(va, device);
  // What is called is written by the packets before.
  const called = new DxpWriter().put(isa.DXP_WRITE, [DATA], [42]).end().words.slice();
  const w = new DxpWriter().put(isa.DXP_WRITE, [va + 4096], [...called]).put(isa.DXP_BARRIER, [ALL, ALL]);
  w.put(isa.DXP_FENCE_WRITE, [va, 3n]).put(isa.DXP_FENCE_WAIT, [va, 3n]).put(isa.DXP_CALL, [
    va + 4096,
    called.length * 4,
  ]);
  // So are a shader, its table, and the counts of a dispatch.
  const code = testShader("add.comp"), { floats } = bench.data;
  const table = new Uint32Array(48);
  for (let i = 0; i < 3; i++) table.set([1, i, DATA + 4096 * (i + 1), 0, 4096, 0], i * 16);
  w.put(isa.DXP_WRITE, [va + 8192], [...code]).put(isa.DXP_WRITE, [va + 0x8000], [...table, 16, 1, 1]);
  w.put(isa.DXP_BARRIER, [ALL, ALL]).put(isa.DXP_SET_COMPUTE, [va + 8192, code.byteLength]);
  w.put(isa.DXP_SET_TABLE, [va + 0x8000, 3]).put(isa.DXP_SET_CONSTANTS, [0], [1000]);
  w.put(isa.DXP_DISPATCH_INDIRECT, [va + 0x8000 + 192]);
  floats.fill(3, 1024, 3072);
  assertEquals(bench.run(w.end()), undefined);
  assertEquals([bench.data.words[0], floats[3072], floats[3072 + 999], floats[3072 + 1000]], [42, 6, 6, 0]);
  const sent = Uint8Array.from({ length: 5000 }, (_, i) => i), got = new Uint8Array(5000);
  engine.writeMemory(device, 3, sent, 1e9);
  engine.readMemory(device, 3, got, 1e9);
  assertEquals(got, sent);
  device[Symbol.dispose]();
}

Deno.test("TIMESTAMP grows, and calibrate says what it is on the CPU's clock", () => {
  withPackets((bench) => {
    const before = monotonicNs();
    const w = new DxpWriter();
    for (let i = 0; i < 1500; i++) w.put(isa.DXP_TIMESTAMP, [DATA + (i & 255) * 8]); // more than there are queries
    assertEquals(bench.run(w.end()), undefined);
    const stamps = new BigUint64Array(bench.data.bytes.buffer, bench.data.bytes.byteOffset, 256);
    const at = (i: number) => Number(stamps[i & 255]);
    for (let i = 1244; i < 1499; i++) assert(at(i) <= at(i + 1), `${i}: ${at(i)} ${at(i + 1)}`);
    const { gpu, cpuNs } = bench.engine.calibrate();
    const ns = cpuNs - (gpu - at(1499)) * 1e9 / bench.engine.info.timestampFrequency;
    assert(ns >= before - 1e6 && ns <= monotonicNs() + 1e6, `${ns - before} ns`);
  });
});

Deno.test("a queue that is disposed of while it waits leaves nothing; a wait for it is over", () => {
  withPackets((bench) => {
    const queue = bench.engine.createQueue(0, 0);
    bench.submit(new DxpWriter().put(isa.DXP_FENCE_WAIT, [DATA, 1n]).put(isa.DXP_FILL, [DATA + 8, 4, 1]).end(), queue);
    queue[Symbol.dispose]();
    bench.data.words[0] = 1;
    assert(!bench.engine.poll() && !queue.wait(1, 1e6));
    assertEquals([bench.data.words[2], bench.engine.counts.queues, bench.engine.stalled.size], [0, 1, 0]);
  });
});

Deno.test("importPages refuses pieces and pages that cannot be shared; nothing is kept", () => {
  withPackets((bench) => {
    const pages = heapAllocator().allocate(8192, "x");
    const code = (f: () => unknown) => assertThrows(f, DrmError);
    const piece = { pages, offset: 0, length: 4096 };
    assertEquals(code(() => bench.engine.importPages([piece, piece])).code, "EOPNOTSUPP");
    assertEquals(code(() => bench.engine.importPages([piece])).code, "EOPNOTSUPP");
    assertThrows(() => bench.engine.importPages([{ pages, offset: 1, length: 4096 }]), RangeError);
    assertThrows(() => bench.engine.createMemory(100), RangeError);
    assertEquals(code(() => bench.engine.createMemory(2 ** 50)).code, "ENOMEM");
    assertEquals(bench.engine.counts.memories, 2);
  });
});

Deno.test("a killed engine is lost: jobs end with that, and nothing waits for the GPU", () => {
  withPackets((bench) => {
    const waiting = bench.submit(new DxpWriter().put(isa.DXP_FENCE_WAIT, [DATA, 1n]).end());
    assert(!bench.queue.wait(waiting, 1e5));
    const { device } = bench.engine.services.recorder;
    device.waitIdle();
    bench.engine.kill("it hangs");
    assertEquals(bench.engine.lost, "it hangs");
    const other = bench.engine.createQueue;
    assertThrows(() => other.call(bench.engine, 0, 0), DrmError, "it hangs");
    finish(bench.queue, bench.submit(new DxpWriter().end()));
    assertEquals(bench.queue.fault?.kind, "lost");
    assertThrows(() => bench.engine.readMemory(bench.data.memory, 0, new Uint8Array(4), 1e9), DrmError, "it hangs");
    // The test frees what a process that ends would leave.
    bench.engine.services[Symbol.dispose]();
    device.instance[Symbol.dispose]();
  }, { validation: false });
});

Deno.test("completionFd is readable when a job may be done", async () => {
  withPackets((bench) => {
    const fd = bench.engine.completionFd;
    assert(fd !== undefined);
    const job = bench.submit(new DxpWriter().put(isa.DXP_FILL, [DATA, 4096, 1]).end());
    assert(poll(fd, 1, 30_000) > 0);
    finish(bench.queue, job);
  }, { completionEvents: true, validation: false });
  await new Promise<void>((resolve) => setTimeout(resolve, 300)); // its thread ends
});
