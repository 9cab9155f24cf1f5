import "../../../os/testing.ts";
import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { DxpWriter } from "../../../../uapi/dxp_encode.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import { type Bench, COMMANDS, DATA, finish, withPackets } from "./testing.ts";

const ALL = isa.DXP_STAGE_ALL;

/** The bytes that packets work on, in a model: `pages` pages of DATA and as many of device memory, cut up and mixed. */
const PAGES = 8;
const PAGE = 4096;
const MIXED = 0x400_0000;

/** Maps every other page of two memories at MIXED, so that each range of it is cut. */
function mix(bench: Bench): { device: ReturnType<Bench["engine"]["createMemory"]> } {
  const device = bench.engine.createMemory(PAGES * PAGE);
  for (let i = 0; i < PAGES * 2; i++) {
    const memory = i % 2 === 0 ? bench.data.memory : device;
    bench.space.map(MIXED + i * PAGE, memory, (i >> 1) * PAGE, PAGE);
  }
  return { device };
}

function contents(bench: Bench, device: ReturnType<Bench["engine"]["createMemory"]>): Uint8Array {
  const all = new Uint8Array(PAGES * 2 * PAGE), own = new Uint8Array(PAGES * PAGE);
  bench.engine.readMemory(device, 0, own, 10e9);
  for (let i = 0; i < PAGES * 2; i++) {
    const from = i % 2 === 0 ? bench.data.bytes : own;
    all.set(from.subarray((i >> 1) * PAGE, ((i >> 1) + 1) * PAGE), i * PAGE);
  }
  return all;
}

const half = PAGES * PAGE;

type Step =
  | { op: "copy"; dst: number; src: number; size: number }
  | { op: "rect"; dst: number; src: number; pitch: number; row: number; rows: number; slices: number }
  | { op: "fill"; dst: number; size: number; value: number }
  | { op: "write"; dst: number; words: number[] };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      op: fc.constant("copy" as const),
      dst: fc.nat(half - 1),
      src: fc.nat(half - 1),
      size: fc.integer({ min: 1, max: half }),
    }),
    fc.record({
      op: fc.constant("rect" as const),
      dst: fc.nat(half / 2),
      src: fc.nat(half / 2),
      pitch: fc.integer({ min: 40, max: 600 }),
      row: fc.integer({ min: 1, max: 40 }),
      rows: fc.integer({ min: 1, max: 12 }),
      slices: fc.integer({ min: 1, max: 2 }),
    }),
    fc.record({
      op: fc.constant("fill" as const),
      dst: fc.nat(half * 2 / 4 - 1),
      size: fc.integer({ min: 1, max: half / 4 }),
      value: fc.nat(0xffff_ffff),
    }),
    fc.record({
      op: fc.constant("write" as const),
      dst: fc.nat(half * 2 / 4 - 3000),
      words: fc.array(fc.nat(0xffff_ffff), { minLength: 1, maxLength: 3000 }),
    }),
  ),
  { minLength: 1, maxLength: 6 },
);

/** Applies a step to the model and the packets. Sources lie in the lower half, targets in the upper. */
function apply(step: Step, model: Uint8Array, w: DxpWriter): void {
  switch (step.op) {
    case "copy": {
      const size = Math.min(step.size, half - step.src, half - step.dst);
      model.copyWithin(half + step.dst, step.src, step.src + size);
      w.put(isa.DXP_COPY_LINEAR, [MIXED + half + step.dst, MIXED + step.src, size]);
      break;
    }
    case "rect": {
      const { dst, src, pitch, row, rows, slices } = step, slice = pitch * rows;
      for (let z = 0; z < slices; z++) {
        for (let y = 0; y < rows; y++) {
          const from = src + z * slice + y * pitch;
          model.copyWithin(half + dst + z * (slice + 40) + y * (pitch + 3), from, from + row);
        }
      }
      const operands = [pitch + 3, pitch, (pitch + 3) * rows, slice, row, rows, slices];
      operands[2] = slice + 40;
      w.put(isa.DXP_COPY_RECT, [MIXED + half + dst, MIXED + src, ...operands]);
      break;
    }
    case "fill": {
      const dst = step.dst * 4, size = Math.min(step.size * 4, half * 2 - dst);
      new Uint32Array(model.buffer, dst, size / 4).fill(step.value);
      w.put(isa.DXP_FILL, [MIXED + dst, size, step.value]);
      break;
    }
    case "write":
      new Uint32Array(model.buffer).set(step.words, step.dst);
      w.put(isa.DXP_WRITE, [MIXED + step.dst * 4], step.words);
  }
  w.put(isa.DXP_BARRIER, [ALL, ALL]);
}

Deno.test("copies, rectangles, fills and writes do what a model does, over ranges cut into pages of two memories", () => {
  withPackets((bench) => {
    const { device } = mix(bench);
    fc.assert(
      fc.property(steps, fc.nat(255), (list, seed) => {
        const model = Uint8Array.from({ length: PAGES * 2 * PAGE }, (_, i) => (i * 7 + (i >> 8) + seed) & 0xff);
        const own = new Uint8Array(PAGES * PAGE);
        for (let i = 0; i < PAGES * 2; i++) {
          const page = model.subarray(i * PAGE, (i + 1) * PAGE);
          (i % 2 === 0 ? bench.data.bytes : own).set(page, (i >> 1) * PAGE);
        }
        bench.engine.writeMemory(device, 0, own, 10e9);
        const w = new DxpWriter();
        // Rows of a rectangle must not overlap in the target: 3 more bytes each make slices overlap for many rows.
        const good = list.filter((s) => s.op !== "rect" || s.slices === 1 || 3 * s.rows <= 40);
        for (const step of good) apply(step, model, w);
        assertEquals(bench.run(w.end()), undefined);
        assertEquals(contents(bench, device), model);
      }),
      { numRuns: 60 },
    );
    device[Symbol.dispose]();
  });
});

Deno.test("new memory is zero, and goes when its work is done", () => {
  withPackets((bench) => {
    const memory = bench.engine.createMemory(65536);
    bench.space.map(0x800_0000, memory);
    bench.data.bytes.fill(1, 0, 65536);
    assertEquals(bench.run(new DxpWriter().put(isa.DXP_COPY_LINEAR, [DATA, 0x800_0000, 65536]).end()), undefined);
    assert(bench.data.bytes.subarray(0, 65536).every((byte) => byte === 0));
    const job = bench.submit(new DxpWriter().put(isa.DXP_FILL, [0x800_0000, 65536, 1]).end());
    memory[Symbol.dispose]();
    finish(bench.queue, job);
    assertEquals(bench.queue.fault, undefined);
    // Its address faults now.
    const fault = bench.run(new DxpWriter().put(isa.DXP_FILL, [0x800_0000, 4, 1]).end());
    assertEquals([fault?.kind, fault?.address, fault?.offset], ["page", 0x800_0000, 12]);
  });
});

/** Faults: a buffer, and what must be said of it. */
const faults: readonly (readonly [string, (w: DxpWriter) => DxpWriter, "page" | "packet", number, number, boolean])[] =
  [
    ["nothing to read", (w) => w.put(isa.DXP_COPY_LINEAR, [DATA, 0x5000, 4]), "page", 12, 0x5000, false],
    ["nothing to write", (w) => w.put(isa.DXP_FILL, [0x6000, 4, 0]), "page", 12, 0x6000, true],
    [
      "a range that reaches out",
      (w) => w.put(isa.DXP_FILL, [DATA + 0xff000, 8192, 0]),
      "page",
      12,
      DATA + 0x100000,
      true,
    ],
    ["a read-only mapping", (w) => w.put(isa.DXP_WRITE, [0x900_0000], [1]), "page", 12, 0x900_0000, true],
    ["the second packet", (w) => w.put(isa.DXP_FILL, [DATA, 4, 0]).put(isa.DXP_WRITE, [0], [1]), "page", 36, 0, true],
    ["an operand", (w) => w.put(isa.DXP_FILL, [2, 4, 0]), "packet", 12, -1, false],
    [
      "an overlap by two addresses",
      (w) => w.put(isa.DXP_COPY_LINEAR, [0x900_0000 - 0x10000, DATA, 64]),
      "packet",
      12,
      -1,
      false,
    ],
    ["a fence across pages", (w) => w.put(isa.DXP_FENCE_WRITE, [0x7000, 1n]), "page", 12, 0x7000, true],
    ["END of rendering", (w) => w.put(isa.DXP_RENDER_END), "packet", 12, -1, false],
    ["a dispatch without a shader", (w) => w.put(isa.DXP_DISPATCH, [1, 1, 1]), "packet", 12, -1, false],
    ["a shader that is none", (w) => w.put(isa.DXP_SET_COMPUTE, [DATA, 64]), "packet", 12, -1, false],
    ["a called buffer without HEADER", (w) => w.put(isa.DXP_CALL, [DATA, 64]), "packet", 12, DATA, false],
    ["nothing to call", (w) => w.put(isa.DXP_CALL, [0x5000, 64]), "page", 12, 0x5000, false],
  ];

Deno.test("a wrong packet or address ends the job, and is named with offset and address; others go on", () => {
  withPackets((bench) => {
    bench.space.map(0x900_0000, bench.data.memory, 0, 4096, false).map(
      0x900_0000 - 0x10000,
      bench.data.memory,
      0,
      4096,
    );
    for (const [name, build, kind, offset, address, write] of faults) {
      const queue = bench.engine.createQueue(0, 0);
      bench.data.words.fill(0, 0, 64);
      const w = build(new DxpWriter()).put(isa.DXP_FILL, [DATA + 64, 4, 99]).end();
      const fault = bench.run(w, queue);
      assertEquals([fault?.kind, fault?.offset, fault?.write], [kind, offset, write], name);
      if (address >= 0) assertEquals(fault?.address, address, name);
      else assert(fault !== undefined && (fault.address - COMMANDS) % 8 === 4 && fault.address > COMMANDS, name);
      assert((fault?.message.length ?? 0) > 0, name);
      // Nothing behind it has effect, and nothing more is run.
      assertEquals(bench.data.words[16], 0, name);
      finish(queue, bench.submit(new DxpWriter().put(isa.DXP_FILL, [DATA + 64, 4, 99]).end(), queue));
      assertEquals(bench.data.words[16], 0, name);
      queue[Symbol.dispose]();
    }
    assertEquals(bench.run(new DxpWriter().put(isa.DXP_FILL, [DATA + 64, 4, 98]).end()), undefined);
    assertEquals(bench.data.words[16], 98);
  });
});

Deno.test("CALL nests to a depth of 4; buffers that call each other end in a fault", () => {
  withPackets((bench) => {
    const at = (i: number) => DATA + 0x1000 * i;
    const store = (i: number, w: DxpWriter) => bench.data.words.set(w.end().words, 0x400 * i);
    for (let i = 1; i <= 5; i++) {
      const w = new DxpWriter().put(isa.DXP_WRITE, [DATA + 4 * i], [i]);
      if (i < 5) w.put(isa.DXP_CALL, [at(i + 1), 4096]);
      store(i, w);
    }
    const queue = bench.engine.createQueue(0, 0);
    // The job's own buffer, 3, 4, 5: four.
    assertEquals(bench.run(new DxpWriter().put(isa.DXP_CALL, [at(3), 4096]).end(), queue), undefined);
    assertEquals([...bench.data.words.subarray(0, 6)], [0, 0, 0, 3, 4, 5]);
    const fault = bench.run(new DxpWriter().put(isa.DXP_CALL, [at(2), 4096]).end(), queue);
    assertEquals([fault?.kind, fault?.offset], ["packet", 12]);
    assertEquals([...bench.data.words.subarray(0, 6)], [0, 0, 2, 3, 4, 5]);
    // A ring, and a tree that would be endless: 2 ^ 20 packets.
    store(7, new DxpWriter().put(isa.DXP_CALL, [at(7), 4096]));
    assertEquals(
      bench.run(new DxpWriter().put(isa.DXP_CALL, [at(7), 4096]).end(), bench.engine.createQueue(0, 0))?.kind,
      "packet",
    );
    const wide = (to: number) => {
      const w = new DxpWriter();
      for (let i = 0; i < 180; i++) w.put(isa.DXP_CALL, [to, 4096]);
      return w;
    };
    store(8, new DxpWriter().put(isa.DXP_NOP));
    store(9, wide(at(8)));
    store(10, wide(at(9)));
    const slow = bench.run(wide(at(10)).end(), bench.engine.createQueue(0, 0));
    assertEquals([slow?.kind, slow?.message.includes("packets")], ["packet", true]);
  });
});

Deno.test("10000 jobs leave nothing behind", () => {
  withPackets((bench) => {
    let job = 0;
    const w = new DxpWriter();
    for (let i = 0; i < 10000; i++) {
      w.begin().put(isa.DXP_FILL, [DATA + (i & 1023) * 4, 4, i]).put(isa.DXP_BARRIER, [1, 1]);
      w.put(isa.DXP_FENCE_WRITE, [DATA + 8192, BigInt(i)]).end();
      job = bench.submit(w);
      if (i % 64 === 63) finish(bench.queue, job);
      if (i % 100 === 0) {
        const memory = bench.engine.createMemory(4096);
        bench.space.mappings[2] = { va: 0xa00_0000, length: 4096, memory, offset: 0, write: true };
        bench.submit(new DxpWriter().put(isa.DXP_FILL, [0xa00_0000, 4096, i]).end());
        memory[Symbol.dispose]();
      }
    }
    finish(bench.queue, job);
    assertEquals([bench.queue.fault, bench.data.words[2048]], [undefined, 9999]);
    assertEquals(bench.engine.counts, { memories: 2, queues: 1 });
    const { queue, device } = bench.engine.services.recorder;
    device.waitIdle();
    assert(queue.deletionCount === 0 && queue.commandBufferCount <= 256, `${queue.commandBufferCount} command buffers`);
  }, { validation: false });
});

const noise = fc.array(fc.oneof(fc.nat(0xffff_ffff), fc.nat(0x7ffff)), { maxLength: 60 });

Deno.test("no words crash the engine, or harm another queue", () => {
  withPackets((bench) => {
    const good = new DxpWriter();
    for (let i = 0; i < 4; i++) {
      good.put(isa.DXP_FILL, [DATA + 256 * i, 256, i]).put(isa.DXP_BARRIER, [ALL, ALL])
        .put(isa.DXP_COPY_RECT, [DATA + 8192, DATA, 64, 32, 640, 320, 16, 4, 2]).put(isa.DXP_TIMESTAMP, [DATA + 4096])
        .put(isa.DXP_FENCE_WRITE, [DATA + 4104, 5n]).put(isa.DXP_SET_TABLE, [DATA, 3]).put(isa.DXP_CALL, [DATA, 256]);
    }
    const words = [...good.end().words];
    const edits = fc.array(fc.tuple(fc.nat(words.length - 1), fc.nat(0xffff_ffff), fc.nat(31)), { maxLength: 3 });
    fc.assert(
      fc.property(fc.oneof(noise, edits), fc.boolean(), (list, header) => {
        let sent = header ? words.slice(0, 3) : [];
        if (list.length > 0 && Array.isArray(list[0])) {
          sent = words.slice();
          for (const [at, value, bit] of list as [number, number, number][]) {
            sent[at] = bit & 1 ? value : (sent[at] ^ (1 << bit)) >>> 0;
          }
        } else sent.push(...(list as number[]));
        if (sent.length === 0) return;
        const queue = bench.engine.createQueue(0, 0);
        queue.submit({
          space: bench.space,
          address: bench.put(sent, 8),
          length: sent.length * 4,
          privateData: new Uint8Array(0),
        });
        queue.wait(1, 1e6);
        queue[Symbol.dispose]();
      }),
      { numRuns: 1500 },
    );
    assertEquals(bench.run(new DxpWriter().put(isa.DXP_WRITE, [DATA], [77]).end()), undefined);
    assertEquals(bench.data.words[0], 77);
  });
});
