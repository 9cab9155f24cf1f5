import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { DrmError } from "../../../core/error.ts";
import { GuestMemory } from "../../../core/guest_memory.ts";
import { BudgetAllocator, heapAllocator, type PageAllocator } from "../../../core/memory.ts";
import { SplitDeviceQueue } from "./device_queue.ts";
import { SplitDriverQueue } from "./driver_queue.ts";

interface Pair {
  driver: SplitDriverQueue;
  device: SplitDeviceQueue;
  memory: GuestMemory;
  gpa: number;
  kicks: number;
  interrupts: number;
}

function pair(
  options: { size?: number; indirect?: boolean; eventIdx?: boolean; allocator?: PageAllocator } = {},
): Pair {
  const memory = new GuestMemory();
  const { size = 8, indirect = false, eventIdx = false, allocator = heapAllocator() } = options;
  const p = { memory, kicks: 0, interrupts: 0 } as Pair;
  p.driver = new SplitDriverQueue({ index: 0, size, memory, allocator, indirect, eventIdx, notify: () => p.kicks++ });
  const { address } = p.driver;
  p.device = new SplitDeviceQueue({ index: 0, address, memory, indirect, eventIdx, interrupt: () => p.interrupts++ });
  const pages = heapAllocator().allocate(0x10000, "data");
  p.gpa = memory.add(pages, 0, pages.size).gpa;
  return p;
}

/** The device answers everything that is there. */
function serve(p: Pair, written = 0): number {
  const chain = p.device.chain();
  let count = 0;
  for (; p.device.pop(chain); count++) p.device.push(chain.head, written);
  assertEquals(p.device.broken, undefined);
  p.device.interrupt();
  return count;
}

Deno.test("add and next: tokens come back, descriptors are freed", () => {
  const p = pair();
  assert(p.driver.add(p.gpa, 16, p.gpa + 64, 8, 41));
  assert(p.driver.add(p.gpa, 16, 0, 0, 42));
  assertEquals(p.driver.free, 5);
  p.driver.kick();
  assertEquals([p.kicks, p.driver.next()], [1, -1]);
  serve(p, 5);
  assertEquals([p.driver.next(), p.driver.written], [41, 5]);
  assertEquals([p.driver.next(), p.driver.written], [42, 0], "written is never more than the buffer's writable bytes");
  assertEquals([p.driver.next(), p.driver.free], [-1, 8]);
});

Deno.test("the device sees the pieces as they were added", () => {
  for (const indirect of [false, true]) {
    const p = pair({ indirect });
    assert(p.driver.addPieces([p.gpa, p.gpa + 100, p.gpa + 200, p.gpa + 300], [1, 2, 3, 4], 3, 1, 7));
    assertEquals(p.driver.free, indirect ? 7 : 4);
    const chain = p.device.chain();
    assert(p.device.pop(chain), p.device.broken);
    assertEquals(chain.gpas, [p.gpa, p.gpa + 100, p.gpa + 200, p.gpa + 300]);
    assertEquals([chain.lengths, chain.outCount, chain.inCount], [[1, 2, 3, 4], 3, 1]);
    p.device.push(chain.head, 4);
    assertEquals([p.driver.next(), p.driver.written, p.driver.free], [7, 4, 8]);
  }
});

Deno.test("a full queue takes nothing more until a buffer comes back", () => {
  const p = pair({ size: 4 });
  assert(p.driver.add(p.gpa, 4, p.gpa, 4, 1));
  assert(p.driver.add(p.gpa, 4, p.gpa, 4, 2));
  assertEquals(p.driver.add(p.gpa, 4, 0, 0, 3), false);
  serve(p);
  assertEquals(p.driver.next(), 1);
  assert(p.driver.add(p.gpa, 4, 0, 0, 3));
  assert(p.driver.add(p.gpa, 4, 0, 0, 4));
  assertEquals(p.driver.add(p.gpa, 4, 0, 0, 5), false);
});

Deno.test("indirect tables make room where descriptors end, and are used again", () => {
  const p = pair({ size: 4, indirect: true });
  assert(p.driver.add(p.gpa, 4, p.gpa, 4, 0));
  assert(p.driver.add(p.gpa, 4, 0, 0, 1));
  assert(p.driver.add(p.gpa, 4, p.gpa, 4, 2), "two pieces in the last descriptor");
  assertEquals(p.driver.free, 0);
  serve(p);
  assertEquals([p.driver.next(), p.driver.next(), p.driver.next()], [0, 1, 2]);
  const slots = p.memory.count;
  for (let i = 0; i < 100; i++) {
    assert(p.driver.addPieces([p.gpa, p.gpa, p.gpa], [1, 1, 1], 2, 1, i));
    serve(p);
    assertEquals(p.driver.next(), i);
  }
  assertEquals(p.memory.count, slots);
});

Deno.test("without memory for a table the ring's own descriptors do", () => {
  const budget = new BudgetAllocator(heapAllocator(), 4096);
  const p = pair({ indirect: true, allocator: budget });
  assert(p.driver.addPieces([p.gpa, p.gpa, p.gpa], [1, 1, 1], 3, 0, 9));
  assertEquals(p.driver.free, 5);
  serve(p);
  assertEquals(p.driver.next(), 9);
});

Deno.test("addPieces refuses what no queue could hold", () => {
  const p = pair({ size: 2 });
  assertThrows(() => p.driver.addPieces([1, 2, 3], [1, 1, 1], 2, 1, 0), RangeError);
  assertThrows(() => p.driver.addPieces([], [], 0, 0, 0), RangeError);
  assertThrows(() => p.driver.add(p.gpa, 0, 0, 0, 0), RangeError);
  assertThrows(() => p.driver.add(p.gpa, 2 ** 32, 0, 0, 0), RangeError);
  assertThrows(() => p.driver.add(p.gpa, 1, 0, 0, -1), RangeError);
  assertThrows(() => pair({ size: 3 }), DrmError);
});

Deno.test("kick asks only while the device wants to know", () => {
  const p = pair();
  p.driver.kick();
  assertEquals(p.kicks, 0, "nothing was added");
  p.device.disableKicks();
  assert(p.driver.add(p.gpa, 4, 0, 0, 0));
  p.driver.kick();
  assertEquals(p.kicks, 0);
  assertEquals(p.device.enableKicks(), false);
  serve(p);
  assert(p.driver.add(p.gpa, 4, 0, 0, 1));
  p.driver.kick();
  assertEquals(p.kicks, 1);
});

Deno.test("the event index holds back kicks and interrupts, over several laps of 2^16", () => {
  const p = pair({ eventIdx: true, size: 4 });
  for (let i = 0; i < 0x20010; i++) {
    const asked = i % 3 !== 0;
    if (asked) assertEquals(p.device.enableKicks(), true);
    if (asked) assertEquals(p.driver.enableInterrupts(), true);
    else p.driver.disableInterrupts();
    const { kicks, interrupts } = p;
    p.driver.add(p.gpa, 4, 0, 0, i);
    p.driver.kick();
    const expected = asked || i === 0 ? 1 : 0;
    if (p.kicks - kicks !== expected) throw new Error(`kick at ${i}: ${p.kicks - kicks}`);
    serve(p);
    if (p.interrupts - interrupts !== expected && i > 0) throw new Error(`interrupt at ${i}`);
    if (p.driver.next() !== i) throw new Error(`token at ${i}`);
  }
});

Deno.test("enableInterrupts says when a buffer is there already", () => {
  for (const eventIdx of [false, true]) {
    const p = pair({ eventIdx });
    p.driver.disableInterrupts();
    p.driver.add(p.gpa, 4, 0, 0, 3);
    serve(p);
    assertEquals(p.driver.enableInterrupts(), false);
    assertEquals(p.driver.next(), 3);
    assertEquals(p.driver.enableInterrupts(), true);
    const before = p.interrupts;
    p.driver.add(p.gpa, 4, 0, 0, 4);
    serve(p);
    assertEquals(p.interrupts, before + 1);
  }
});

Deno.test("a device that lies in the used ring breaks the driver's queue, and no more", () => {
  const lie = (change: (p: Pair, used: DataView) => void): string | undefined => {
    const p = pair({ size: 4 });
    p.driver.add(p.gpa, 4, p.gpa, 4, 1);
    const bytes = p.memory.bytes(p.driver.address.used, 64);
    change(p, new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    assertEquals(p.driver.next(), -1);
    assertEquals(p.driver.next(), -1);
    if (p.driver.broken !== undefined) assertEquals(p.driver.add(p.gpa, 4, 0, 0, 2), false);
    return p.driver.broken;
  };
  assertEquals(lie(() => {}), undefined);
  assertMatch(lie((_, used) => used.setUint16(2, 5, true)) ?? "", /ahead/);
  assertMatch(
    lie((_, used) => {
      used.setUint32(4, 4, true);
      used.setUint16(2, 1, true);
    }) ?? "",
    /out of range/,
  );
  assertMatch(
    lie((_, used) => {
      used.setUint32(4, 1, true);
      used.setUint16(2, 1, true);
    }) ?? "",
    /not a head/,
  );
});

Deno.test("disposal gives back ring and tables", () => {
  const budget = new BudgetAllocator(heapAllocator(), 1 << 20);
  const p = pair({ indirect: true, allocator: budget });
  p.driver.addPieces([p.gpa, p.gpa, p.gpa], [1, 1, 1], 3, 0, 0);
  assert(budget.used > 0);
  p.driver[Symbol.dispose]();
  p.driver[Symbol.dispose]();
  assertEquals([budget.used, p.memory.count], [0, 1]);
  assertEquals(p.driver.add(p.gpa, 1, 0, 0, 0), false);
  assertEquals(p.driver.next(), -1);
  p.driver.kick();
  assertEquals(p.kicks, 0);
});
