import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { GuestMemory } from "../../../core/guest_memory.ts";
import { heapAllocator } from "../../../core/memory.ts";
import { SplitDeviceQueue } from "./device_queue.ts";
import { SplitDriverQueue } from "./driver_queue.ts";
import { RawRing, writeDescriptor } from "./testing.ts";

Deno.test("property: any ring content gives chains inside memory or a broken queue, and ends", () => {
  const SIZE = 8;
  const length = fc.oneof(fc.nat(64), fc.constantFrom(0, 16, 32, 4096, 0x10000, 0x7fffffff, 0xffffffff));
  const descriptor = fc.record({
    at: fc.nat(24),
    area: fc.constantFrom("data", "table", "edge", "none"),
    offset: fc.nat(512),
    length,
    flags: fc.oneof(fc.nat(7), fc.constantFrom(0xfff8, 0xffff)),
    next: fc.oneof(fc.nat(9), fc.constant(0xffff)),
  });
  const step = fc.record({
    head: fc.oneof(fc.nat(9), fc.constant(0xffff)),
    jump: fc.constantFrom(1, 1, 1, 1, 0, 2, 9, 0xffff),
  });
  fc.assert(
    fc.property(
      fc.array(descriptor, { maxLength: 40, size: "max" }),
      fc.array(step, { maxLength: 20, size: "max" }),
      fc.boolean(),
      (rows, steps, indirect) => {
        const memory = new GuestMemory();
        const ring = new RawRing(memory, SIZE);
        const pages = heapAllocator().allocate(8192, "data");
        const { gpa } = memory.add(pages, 0, 8192);
        const view = new DataView(pages.bytes().buffer);
        const { address } = ring;
        const queue = new SplitDeviceQueue({
          index: 0,
          address,
          memory,
          indirect,
          eventIdx: false,
          interrupt: () => {},
        });
        for (const { at, area, offset, length, flags, next } of rows) {
          const base = area === "data"
            ? gpa
            : area === "table"
            ? gpa + 4096
            : area === "edge"
            ? gpa + 8192 - 16
            : 0x123000;
          const target = area === "table" ? base + (offset & ~15) : base + offset;
          if (at < SIZE) ring.descriptor(at, target, length, flags, next);
          else writeDescriptor(view, 4096 + 16 * (at - SIZE), target, length, flags, next);
        }
        const scratch = new Uint8Array(256);
        for (const { head, jump } of steps) {
          ring.available(ring.availIdx, head);
          ring.availIdx = ring.availIdx + jump;
          for (let chain = queue.chain(), pops = 0; queue.pop(chain); chain = queue.chain()) {
            assert(++pops <= SIZE);
            const pieces = chain.outCount + chain.inCount;
            assert(pieces >= 1 && pieces <= SIZE);
            assertEquals([chain.gpas.length, chain.lengths.length], [pieces, pieces]);
            for (let i = 0; i < pieces; i++) {
              assert(
                memory.contains(chain.gpas[i], chain.lengths[i]) && chain.lengths[i] > 0,
              );
            }
            assertEquals(queue.read(chain, 0, scratch), Math.min(256, chain.readable));
            const written = queue.write(chain, 0, scratch);
            if (queue.broken === undefined) assertEquals(written, Math.min(256, chain.writable));
            if ((head & 1) === 0) queue.push(chain.head, written);
          }
          assert(queue.outstanding <= SIZE);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

Deno.test("property: both halves agree on every buffer, for any order of use, with and without tables and event index", () => {
  const SIZE = 16;
  const op = fc.oneof(
    fc.record({
      kind: fc.constant("add" as const),
      out: fc.nat(4),
      in: fc.nat(3),
      size: fc.integer({ min: 1, max: 40 }),
    }),
    fc.record({ kind: fc.constant("serve" as const), count: fc.nat(6) }),
    fc.record({ kind: fc.constant("push" as const), nth: fc.nat(15) }),
    fc.record({ kind: fc.constant("reap" as const) }),
  );
  fc.assert(
    fc.property(
      fc.array(op, { maxLength: 120, size: "max" }),
      fc.boolean(),
      fc.boolean(),
      (ops, indirect, eventIdx) => {
        const memory = new GuestMemory();
        const pages = heapAllocator().allocate(4096, "data");
        const { gpa } = memory.add(pages, 0, 4096);
        let kicked = false, interrupted = false;
        const common = { index: 0, memory, indirect, eventIdx };
        const driver = new SplitDriverQueue({
          ...common,
          size: SIZE,
          allocator: heapAllocator(),
          notify: () => kicked = true,
        });
        const device = new SplitDeviceQueue({
          ...common,
          address: driver.address,
          interrupt: () => interrupted = true,
        });
        const exposed: { token: number; readable: number; writable: number }[] = [];
        const popped: { head: number; token: number; written: number }[] = [];
        const used: { token: number; written: number }[] = [];
        let token = 0;
        for (const step of ops) {
          if (step.kind === "add") {
            const count = step.out + step.in;
            if (count === 0) continue;
            const { free } = driver;
            const gpas = Array.from({ length: count }, (_, i) => gpa + i * 64);
            const added = driver.addPieces(gpas, gpas.map(() => step.size), step.out, step.in, token);
            assertEquals(added, free >= count || indirect && free > 0);
            if (added) exposed.push({ token: token++, readable: step.out * step.size, writable: step.in * step.size });
            driver.kick();
          } else if (step.kind === "serve") {
            for (let i = 0; i < step.count; i++) {
              const chain = device.chain();
              const expected = exposed.shift();
              assertEquals(device.pop(chain), expected !== undefined, device.broken);
              if (expected === undefined) break;
              assertEquals([chain.readable, chain.writable], [expected.readable, expected.writable]);
              popped.push({ head: chain.head, token: expected.token, written: chain.writable });
            }
            if (exposed.length === 0) assertEquals(device.enableKicks(), true);
          } else if (step.kind === "push") {
            const [done] = popped.splice(step.nth % Math.max(1, popped.length), 1);
            if (done === undefined) continue;
            device.push(done.head, done.written);
            device.interrupt();
            used.push(done);
          } else {
            for (const expected of used.splice(0)) {
              assertEquals([driver.next(), driver.written], [expected.token, expected.written]);
            }
            assertEquals(driver.next(), -1);
            interrupted = false;
          }
          // Whoever has work to find was told of it, unless he was told before and has not looked since.
          if (used.length > 0) assert(interrupted, "an interrupt was lost");
          assertEquals([device.broken, driver.broken], [undefined, undefined]);
        }
        assert(kicked || token === 0);
      },
    ),
    { numRuns: 600 },
  );
});
