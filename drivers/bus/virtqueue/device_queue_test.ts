import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { SplitDeviceQueue } from "./device_queue.ts";
import { writeDescriptor } from "./testing.ts";
import { heapAllocator } from "../../../core/memory.ts";

import { type Bench, setup } from "./device_queue_testing.ts";

const NEXT = 1, WRITE = 2, INDIRECT = 4;

/** Pops once and says why that broke the queue. */
function breaks(bench: Bench, clause: RegExp): void {
  const chain = bench.queue.chain();
  assertEquals(bench.queue.pop(chain), false);
  assertMatch(bench.queue.broken ?? "not broken", clause);
  // A broken queue stays so, whatever the driver does next.
  bench.ring.descriptor(0, bench.gpa, 16, 0);
  bench.ring.expose(0);
  assertEquals(bench.queue.pop(chain), false);
  assertEquals(bench.queue.read(chain, 0, new Uint8Array(4)), 0);
  assertEquals(bench.queue.enableKicks(), true, "a broken queue has nothing to look at");
}

Deno.test("2.7.5 a chain of readable and writable descriptors is popped, read, written and pushed", () => {
  const b = setup();
  b.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
  b.ring.descriptor(3, b.gpa, 5, NEXT, 6);
  b.ring.descriptor(6, b.gpa + 5, 3, NEXT, 1);
  b.ring.descriptor(1, b.gpa + 100, 2, NEXT | WRITE, 0);
  b.ring.descriptor(0, b.gpa + 200, 4, WRITE, 77);
  b.ring.expose(3);
  const chain = b.queue.chain();
  assert(b.queue.pop(chain));
  const { head, readable, writable, outCount, inCount } = chain;
  assertEquals({ head, readable, writable, outCount, inCount }, {
    head: 3,
    readable: 8,
    writable: 6,
    outCount: 2,
    inCount: 2,
  });
  const target = new Uint8Array(16);
  assertEquals(b.queue.read(chain, 0, target), 8);
  assertEquals([...target.subarray(0, 8)], [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(b.queue.read(chain, 4, target.subarray(0, 3)), 3);
  assertEquals([...target.subarray(0, 3)], [5, 6, 7]);
  assertEquals(b.queue.read(chain, 8, target), 0);
  assertEquals(b.queue.write(chain, 0, Uint8Array.of(9, 8, 7, 6, 5, 4, 3)), 6, "what does not fit is left out");
  assertEquals([...b.bytes.subarray(100, 103)], [9, 8, 0]);
  assertEquals([...b.bytes.subarray(200, 205)], [7, 6, 5, 4, 0]);
  assertEquals(b.queue.write(chain, 5, Uint8Array.of(1)), 1);
  assertEquals(b.bytes[203], 1);
  b.queue.push(chain.head, 6);
  b.queue.interrupt();
  assertEquals(b.ring.take(), { id: 3, length: 6 });
  assertEquals(b.interrupts, 1);
  assertEquals(b.queue.pop(chain), false);
  assertEquals(b.queue.broken, undefined);
});

Deno.test("2.7.8 buffers are used in any order", () => {
  const b = setup();
  for (let i = 0; i < 3; i++) {
    b.ring.descriptor(i, b.gpa, 8, 0);
    b.ring.expose(i);
  }
  const chain = b.queue.chain();
  for (let i = 0; i < 3; i++) assert(b.queue.pop(chain));
  for (const head of [2, 0, 1]) b.queue.push(head, head);
  assertEquals([b.ring.take()?.id, b.ring.take()?.id, b.ring.take()?.id], [2, 0, 1]);
  assertEquals(b.ring.take(), undefined);
});

Deno.test("push of a head that is not out is a RangeError", () => {
  const b = setup();
  assertThrows(() => b.queue.push(0, 0), RangeError);
  assertThrows(() => b.queue.push(99, 0), RangeError);
});

Deno.test("2.7.6 the index wraps at 2^16", () => {
  const b = setup({ size: 2 });
  const chain = b.queue.chain();
  b.ring.descriptor(0, b.gpa, 8, NEXT, 1);
  b.ring.descriptor(1, b.gpa + 64, 8, WRITE);
  for (let i = 0; i < 0x10005; i++) {
    b.ring.expose(0);
    if (!b.queue.pop(chain)) throw new Error(`at ${i}: ${b.queue.broken}`);
    b.queue.push(0, i & 7);
    const used = b.ring.take();
    if (used?.id !== 0 || used.length !== (i & 7)) throw new Error(`at ${i}`);
  }
  assertEquals([b.ring.availIdx, b.ring.usedIdx], [5, 5]);
});

Deno.test("2.7.6 avail idx more than the queue ahead breaks", () => {
  const control = setup({ size: 4 });
  for (let i = 0; i < 4; i++) control.ring.descriptor(i, control.gpa, 4, 0);
  for (let i = 0; i < 4; i++) control.ring.available(i, i);
  control.ring.availIdx = 4;
  assert(control.queue.pop(control.queue.chain()), "as many as descriptors are fine");
  const b = setup({ size: 4 });
  b.ring.availIdx = 5;
  breaks(b, /2\.7\.6/);
  const back = setup({ size: 4 });
  back.ring.availIdx = 0xffff;
  breaks(back, /2\.7\.6/);
});

Deno.test("2.7.6 a head out of range breaks", () => {
  const b = setup();
  b.ring.expose(8);
  breaks(b, /head 8 .*2\.7\.6/);
});

Deno.test("2.7.13.1 a head that is out already breaks, also by another lap of the ring", () => {
  const b = setup({ size: 4 });
  b.ring.descriptor(0, b.gpa, 4, 0);
  b.ring.expose(0);
  assert(b.queue.pop(b.queue.chain()));
  b.ring.expose(0);
  breaks(b, /twice/);
});

Deno.test("outstanding buffers are at most as many as descriptors", () => {
  const b = setup({ size: 4 });
  const chain = b.queue.chain();
  for (let i = 0; i < 4; i++) {
    b.ring.descriptor(i, b.gpa, 4, 0);
    b.ring.expose(i);
    assert(b.queue.pop(chain));
  }
  assertEquals(b.queue.outstanding, 4);
  b.ring.expose(2);
  breaks(b, /twice/);
  assertEquals(b.queue.outstanding, 4);
});

Deno.test("2.7.5 next out of range breaks", () => {
  const b = setup();
  b.ring.descriptor(0, b.gpa, 4, NEXT, 8);
  b.ring.expose(0);
  breaks(b, /next 8 .*2\.7\.5/);
});

Deno.test("2.7.5.2 loops break", () => {
  const self = setup();
  self.ring.descriptor(0, self.gpa, 4, NEXT, 0);
  self.ring.expose(0);
  breaks(self, /loop/);
  const ring = setup();
  for (let i = 0; i < 8; i++) ring.ring.descriptor(i, ring.gpa, 4, NEXT, (i + 1) % 8);
  ring.ring.expose(5);
  breaks(ring, /loop/);
  const control = setup();
  for (let i = 0; i < 8; i++) control.ring.descriptor(i, control.gpa, 4, i < 7 ? NEXT : 0, i + 1);
  control.ring.expose(0);
  assert(control.queue.pop(control.queue.chain()), "all descriptors in one chain are fine");
});

Deno.test("2.7.4.2 readable after writable breaks", () => {
  const b = setup();
  b.ring.descriptor(0, b.gpa, 4, NEXT | WRITE, 1);
  b.ring.descriptor(1, b.gpa, 4, 0);
  b.ring.expose(0);
  breaks(b, /2\.7\.4\.2/);
});

Deno.test("2.7.13.1 a descriptor of no bytes breaks", () => {
  const b = setup();
  b.ring.descriptor(0, b.gpa, 0, 0);
  b.ring.expose(0);
  breaks(b, /no bytes/);
});

Deno.test("2.7.5 addresses outside memory break", () => {
  for (
    const [gpa, length] of [
      [0n, 4],
      [(1n << 64n) - 4n, 4],
      [(1n << 64n) - 4n, 0xffffffff],
      [1n << 53n, 1],
    ] as const
  ) {
    const b = setup();
    b.ring.descriptor(0, gpa, length, 0);
    b.ring.expose(0);
    breaks(b, /outside memory/);
  }
  const across = setup();
  across.ring.descriptor(0, across.gpa + 0xfff0, 17, 0);
  across.ring.expose(0);
  breaks(across, /outside memory/);
  const control = setup();
  control.ring.descriptor(0, control.gpa + 0xfff0, 16, 0);
  control.ring.expose(0);
  assert(control.queue.pop(control.queue.chain()));
});

Deno.test("2.7.5.2 a chain of more than 2^32 bytes breaks", () => {
  const b = setup({ size: 2 });
  // Two slots over the same pages: memory that large need not exist.
  const pages = heapAllocator().allocate(0x8000_0000, "large");
  const { gpa } = b.memory.add(pages, 0, pages.size);
  b.ring.descriptor(0, gpa, 0x8000_0000, NEXT, 1);
  b.ring.descriptor(1, gpa, 0x8000_0000, 0);
  b.ring.expose(0);
  assert(b.queue.pop(b.queue.chain()), "exactly 2^32 bytes are allowed");
  const over = setup({ size: 4 });
  const slot = over.memory.add(pages, 0, pages.size);
  over.ring.descriptor(0, slot.gpa, 0x8000_0000, NEXT, 1);
  over.ring.descriptor(1, slot.gpa, 0x8000_0000, NEXT, 2);
  over.ring.descriptor(2, slot.gpa, 1, 0);
  over.ring.expose(0);
  breaks(over, /2\^32/);
});

Deno.test("a buffer may cross slots that lie side by side", () => {
  const b = setup();
  const one = heapAllocator().allocate(4096, "one"), two = heapAllocator().allocate(4096, "two");
  b.memory.add(one, 0, 4096, 0x10000);
  b.memory.add(two, 0, 4096, 0x11000);
  one.bytes().fill(1);
  two.bytes().fill(2);
  b.ring.descriptor(0, 0x10f00, 0x200, NEXT, 1);
  b.ring.descriptor(1, 0x10ffe, 4, WRITE);
  b.ring.expose(0);
  const chain = b.queue.chain();
  assert(b.queue.pop(chain));
  const target = new Uint8Array(0x200);
  assertEquals(b.queue.read(chain, 0, target), 0x200);
  assertEquals([target[0xff], target[0x100]], [1, 2]);
  assertEquals(b.queue.write(chain, 0, Uint8Array.of(5, 6, 7, 8)), 4);
  assertEquals([one.bytes()[0xffe], one.bytes()[0xfff], two.bytes()[0], two.bytes()[1]], [5, 6, 7, 8]);
});

/** Puts a table of `[gpa, length, flags, next]` at 0x8000 of the data and exposes it by descriptor 0. */
function indirect(
  b: Bench,
  rows: readonly (readonly [number, number, number, number])[],
  more = 0,
  length?: number,
): void {
  const view = new DataView(b.bytes.buffer, b.bytes.byteOffset);
  rows.forEach(([gpa, size, flags, next], i) => writeDescriptor(view, 0x8000 + 16 * i, gpa, size, flags, next));
  b.ring.descriptor(0, b.gpa + 0x8000, length ?? rows.length * 16, INDIRECT | more, 1);
  b.ring.expose(0);
}

Deno.test("2.7.5.3 an indirect table, alone and behind direct descriptors; its WRITE flag is ignored", () => {
  const b = setup();
  indirect(b, [[b.gpa, 4, NEXT, 2], [0, 0, 0, 0], [b.gpa + 8, 4, WRITE, 0]], WRITE);
  const chain = b.queue.chain();
  assert(b.queue.pop(chain));
  assertEquals([chain.outCount, chain.inCount, chain.readable, chain.writable], [1, 1, 4, 4]);
  b.ring.descriptor(5, b.gpa + 4, 6, NEXT, 6);
  b.ring.descriptor(6, b.gpa + 0x8000, 48, INDIRECT);
  b.ring.expose(5);
  assert(b.queue.pop(chain));
  assertEquals([chain.outCount, chain.inCount, chain.readable], [2, 1, 10]);
  assertEquals(chain.lengths, [6, 4, 4]);
});

Deno.test("2.7.5.3 a table larger than the queue: links may be anywhere in it, and only they are read", () => {
  const b = setup();
  const size = 2 ** 20; // 65536 descriptors, as many as `next` can name
  const pages = heapAllocator().allocate(size, "table");
  const { gpa } = b.memory.add(pages, 0, size);
  const table = new DataView(pages.bytes().buffer);
  writeDescriptor(table, 0, b.gpa, 4, NEXT, 65535);
  writeDescriptor(table, 65535 * 16, b.gpa + 8, 4, NEXT | WRITE, 9);
  writeDescriptor(table, 9 * 16, b.gpa + 16, 4, WRITE, 0);
  b.ring.descriptor(0, gpa, size, INDIRECT);
  let copied = 0;
  const read = b.memory.read.bind(b.memory);
  b.memory.read = (at, target) => {
    copied += target.length;
    read(at, target);
  };
  b.ring.expose(0);
  const chain = b.queue.chain();
  assert(b.queue.pop(chain), b.queue.broken);
  assertEquals([chain.gpas, chain.outCount, chain.inCount], [[b.gpa, b.gpa + 8, b.gpa + 16], 1, 2]);
  assertEquals(copied, 3 * 16);
});

Deno.test("2.7.5.3.1 what an indirect descriptor must not be", () => {
  const rows: readonly (readonly [number, number, number, number])[] = [[0, 0, 0, 0]];
  const refused = setup({ indirect: false });
  indirect(refused, [[refused.gpa, 4, 0, 0]]);
  breaks(refused, /without VIRTIO_F_INDIRECT_DESC/);
  const next = setup();
  indirect(next, [[next.gpa, 4, 0, 0]], NEXT);
  breaks(next, /with NEXT/);
  const nested = setup();
  indirect(nested, [[nested.gpa, 16, INDIRECT, 0]]);
  breaks(nested, /inside an indirect/);
  for (const length of [0, 8, 17, 0xffffffff]) {
    const b = setup();
    indirect(b, rows, 0, length);
    breaks(b, /table of/);
  }
  const outside = setup();
  outside.ring.descriptor(0, 0x1000, 16, INDIRECT);
  outside.ring.expose(0);
  breaks(outside, /table outside memory/);
  const far = setup();
  indirect(far, [[far.gpa, 4, NEXT, 1]]);
  breaks(far, /next 1 is outside its indirect table/);
  const loop = setup();
  indirect(loop, [[loop.gpa, 4, NEXT, 1], [loop.gpa, 4, NEXT, 0]]);
  breaks(loop, /loop/);
});

Deno.test("2.7.5.3.1 a chain longer than the queue breaks, though its table has room", () => {
  const rows = (b: Bench, count: number): (readonly [number, number, number, number])[] =>
    Array.from({ length: count }, (_, i) => [b.gpa, 4, i + 1 < count ? NEXT : 0, i + 1] as const);
  const control = setup();
  indirect(control, rows(control, 8));
  assert(control.queue.pop(control.queue.chain()));
  const b = setup();
  indirect(b, rows(b, 9));
  breaks(b, /longer than 8/);
});

Deno.test("2.7 a ring out of alignment, of a wrong size or outside memory is broken from the start", () => {
  const b = setup();
  const base = b.ring.address;
  for (
    const address of [
      { ...base, desc: base.desc + 8 },
      { ...base, avail: base.avail + 1 },
      { ...base, used: base.used + 2 },
      { ...base, size: 3 },
      { ...base, size: 65536 },
      { ...base, desc: 0x1000 },
      { ...base, used: b.gpa + 0xfff0 },
    ]
  ) {
    const { memory } = b;
    const queue = new SplitDeviceQueue({
      index: 0,
      address,
      memory,
      indirect: true,
      eventIdx: true,
      interrupt: () => {},
    });
    assert(queue.broken !== undefined, JSON.stringify(address));
    assertEquals(queue.pop(queue.chain()), false);
    queue.interrupt();
    queue.disableKicks();
    assertEquals(queue.enableKicks(), true);
  }
});

Deno.test("memory that is removed breaks the queue: the ring's, and a buffer's that is out", () => {
  const b = setup();
  b.ring.descriptor(0, b.gpa, 4, NEXT, 1);
  b.ring.descriptor(1, b.gpa, 4, WRITE);
  b.ring.expose(0);
  const chain = b.queue.chain();
  assert(b.queue.pop(chain));
  b.memory.remove(b.memory.find(b.gpa)!);
  assertEquals(b.queue.read(chain, 0, new Uint8Array(4)), 0);
  assertMatch(b.queue.broken ?? "", /removed/);
  b.queue.push(chain.head, 0);
  assertEquals(b.ring.take(), undefined, "a broken queue uses nothing");
  const c = setup();
  c.memory.remove(c.ring.slot);
  c.ring.descriptor(0, c.gpa, 4, 0);
  c.ring.expose(0);
  breaks(c, /ring's memory/);
});
