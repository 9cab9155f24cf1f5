import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { HV_RING_HEADER_SIZE, VM_PKT_DATA_INBAND } from "udrm/uapi/vmbus.ts";
import { RingChannel } from "./channel.ts";
import { channelPair, Kept, type RawRing, ringMemory } from "./testing.ts";

const bytes = (n: number, seed = 1): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 7 + seed) & 0xff);

function opened(ringSize?: number, maxPacket?: number) {
  const pair = channelPair(ringSize, maxPacket);
  const [g, h] = [new Kept(), new Kept()];
  pair.guest.handle(g);
  pair.host.handle(h);
  return { ...pair, g, h };
}

Deno.test("a packet lies in the ring as the kernel lays it: descriptor, data padded to 8, its own place", () => {
  const { guest, toHost, signals } = opened();
  assert(guest.send(bytes(5), 5, 0x1_0000_0002, true));
  const view = new DataView(toHost.bytes.buffer, HV_RING_HEADER_SIZE);
  assertEquals([0, 2, 4, 6].map((o) => view.getUint16(o, true)), [VM_PKT_DATA_INBAND, 2, 3, 1]);
  assertEquals(view.getBigUint64(8, true), 0x1_0000_0002n);
  assertEquals([...toHost.bytes.subarray(HV_RING_HEADER_SIZE + 16, HV_RING_HEADER_SIZE + 24)], [
    ...bytes(5),
    0,
    0,
    0,
  ]);
  assertEquals(view.getBigUint64(24, true), 0n);
  assertEquals([toHost.writeIndex, toHost.readIndex, toHost.featureBits, signals.host], [32, 0, 1, 1]);
  assert(guest.send(bytes(1), 1, 0, false));
  assertEquals(view.getBigUint64(32 + 24, true), 32n << 32n);
  assertEquals(signals.host, 1, "a reader that has something to read needs no signal");
});

Deno.test("a request is answered with its own cookie, all 64 bits", () => {
  const { guest, host, g, h, toHost } = opened();
  toHost.descriptor(0, VM_PKT_DATA_INBAND, 2, 2, 1, 0xffff_8881_2345_6789n);
  toHost.writeIndex = 24;
  assert(host.poll());
  assertEquals(h.packets[0].id, 0xffff_8881_2345_6789n);
  host.complete(0x2345_6789, 0xffff_8881, bytes(4), 4);
  guest.poll();
  assertEquals(g.completions[0].id, 0xffff_8881_2345_6789n);
  assertEquals(guest.broken, undefined);
});

Deno.test("an interrupt mask keeps the signal back", () => {
  const { guest, toHost, signals } = opened();
  toHost.interruptMask = 1;
  assert(guest.send(bytes(8), 8, 0, false));
  assertEquals(signals.host, 0);
});

Deno.test("a full ring refuses, says what it waits for, and calls room once the packet fits", () => {
  const { guest, host, g, h, toHost, signals } = opened();
  let sent = 0;
  while (guest.send(bytes(1000), 1000, sent, false)) sent++;
  assertEquals(sent, 3); // 4 * 1024 would leave no byte free
  assertEquals(toHost.pendingSendSize, 1024);
  assertEquals(guest.poll(), false);
  assertEquals(g.rooms, 0);
  host.poll();
  assertEquals(h.packets.length, 3);
  assert(signals.guest >= 1, "the reader wakes the writer");
  guest.poll();
  assertEquals([g.rooms, toHost.pendingSendSize], [1, 0]);
  assert(guest.send(bytes(1000), 1000, 9, false));
  host.poll();
  assertEquals(h.packets[3].data, bytes(1000));
});

Deno.test("a reader does not wake a writer that waits for more than is free, nor one without the feature", () => {
  const { host, toHost, signals } = opened();
  const write = (size: number) => {
    toHost.descriptor(toHost.readIndex, VM_PKT_DATA_INBAND, 2, 2, 0, 0n);
    toHost.pendingSendSize = size;
    toHost.writeIndex = toHost.readIndex + 24;
    host.poll();
  };
  toHost.featureBits = 1;
  write(4096);
  assertEquals(signals.guest, 0);
  write(4095);
  assertEquals(signals.guest, 1);
  toHost.featureBits = 0;
  write(8);
  assertEquals(signals.guest, 1);
});

Deno.test("completions that do not fit wait in order, and no request is read meanwhile", () => {
  const { guest, host, g, h, toGuest } = opened();
  for (let id = 0; id < 8; id++) assert(guest.send(bytes(8), 8, id, true));
  host.poll();
  for (const { id } of h.packets) host.complete(Number(id), 0, bytes(1000, Number(id)), 1000);
  assert(guest.send(bytes(8), 8, 99, true));
  host.poll();
  assertEquals(h.packets.length, 8, "paused");
  assertEquals(host.send(bytes(8), 8, 0, false), false, "what waits goes first");
  while (g.completions.length < 8) {
    guest.poll();
    host.poll();
  }
  assertEquals(g.completions.map((c) => c.id), [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  assertEquals(g.completions[5].data, bytes(1000, 5));
  assertEquals(h.packets.length, 9);
  assertEquals(h.rooms, 1);
  assertEquals(toGuest.pendingSendSize, 0);
});

Deno.test("at most 256 requests are open; the rest stay in the ring until one is answered", () => {
  const { guest, host, h } = opened(65536);
  for (let id = 0; id < 300; id++) assert(guest.send(bytes(8), 8, id, true));
  host.poll();
  assertEquals(h.packets.length, 256);
  host.complete(0, 0, bytes(0), 0);
  assertEquals(h.packets.length, 257);
});

Deno.test("send refuses what no packet can hold", () => {
  const { guest } = opened();
  assertThrows(() => guest.send(bytes(3000), 3000, 0, false), RangeError, "at most 2048");
  assertThrows(() => guest.send(bytes(8), 9, 0, false), RangeError);
  assertThrows(() => guest.complete(0, 0, bytes(8), -1), RangeError);
});

Deno.test("RingChannel refuses memory that is no ring", () => {
  for (const size of [0, 4095, 4097]) {
    const make = () =>
      new RingChannel({
        outgoing: ringMemory(size),
        incoming: ringMemory(4096),
        maxPacket: 8,
        signal: () => {},
      });
    assertThrows(make, RangeError, "header page");
  }
});

const breaks: [string, (ring: RawRing) => void, string][] = [
  ["write index outside", (r) => r.writeIndex = 4096, "write index 4096"],
  ["write index beyond 2^31", (r) => r.writeIndex = 0xffff_fff8, "write index 4294967288"],
  ["write index not aligned", (r) => r.writeIndex = 4, "write index 4"],
  ["half a descriptor", (r) => r.writeIndex = 16, "a packet of 16 bytes"],
  ["data before the descriptor's end", (r) => {
    r.descriptor(0, VM_PKT_DATA_INBAND, 1, 4, 0, 0n);
    r.writeIndex = 40;
  }, "data at 8"],
  ["data behind the packet's end", (r) => {
    r.descriptor(0, VM_PKT_DATA_INBAND, 5, 4, 0, 0n);
    r.writeIndex = 40;
  }, "data at 40"],
  ["a packet longer than what was written", (r) => {
    r.descriptor(0, VM_PKT_DATA_INBAND, 2, 5, 0, 0n);
    r.writeIndex = 40;
  }, "a packet of 40 bytes"],
  ["a packet longer than the receiver's", (r) => {
    r.descriptor(0, VM_PKT_DATA_INBAND, 2, 300, 0, 0n);
    r.writeIndex = 2408;
  }, "more than 2048"],
];
for (const [name, write, reason] of breaks) {
  Deno.test(`a ring is broken by ${name}`, () => {
    const { host, h, toHost } = opened();
    write(toHost);
    host.poll();
    assert(h.reason?.includes(reason), h.reason);
    assertEquals([host.broken, h.packets.length], [h.reason, 0]);
    assertEquals(host.send(bytes(8), 8, 0, false), false);
    host.complete(0, 0, bytes(8), 8);
    assertEquals([host.poll(), host.busy], [false, false]);
  });
}

Deno.test("a ring is broken by a write index that moves back", () => {
  const { guest, host, h, toHost } = opened();
  guest.send(bytes(8), 8, 0, false);
  host.poll();
  toHost.writeIndex = 8;
  host.poll();
  assertEquals(h.packets.length, 1);
  assert(h.reason !== undefined);
});

Deno.test("a ring is broken by a read index that passes the write index, is outside, or not aligned", () => {
  for (const index of [64, 4096, 12, 0xffff_ffff]) {
    const { guest, g, toHost } = opened();
    guest.send(bytes(8), 8, 0, false);
    toHost.readIndex = index;
    assertEquals(guest.send(bytes(8), 8, 0, false), false);
    assert(g.reason?.includes("read index"), g.reason);
  }
});

Deno.test("packets of unknown kinds are dropped and counted", () => {
  const { host, h, toHost } = opened();
  toHost.descriptor(0, 0x2a, 2, 2, 0, 0n);
  toHost.writeIndex = 24;
  host.poll();
  assertEquals([h.packets.length, host.dropped, host.broken], [0, 1, undefined]);
});

Deno.test("random packets in both directions come through whole and in order", () => {
  const packet = fc.record({ length: fc.integer({ min: 0, max: 2048 }), id: fc.maxSafeNat(), answer: fc.boolean() });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 60 }), fc.array(fc.nat(3), { maxLength: 200 }), (packets, schedule) => {
      const { guest, host, g, h } = opened();
      let next = 0, answered = 0, step = 0;
      while (next < packets.length || answered < h.packets.length || h.packets.length < packets.length) {
        switch (step < schedule.length ? schedule[step] : step % 4) {
          case 0: {
            const p = packets[next];
            if (p && guest.send(bytes(p.length, next), p.length, p.id, p.answer)) next++;
            break;
          }
          case 1:
            host.poll();
            break;
          case 2: {
            const p = h.packets[answered];
            if (!p) break;
            if (p.wantsCompletion) {
              host.complete(Number(p.id & 0xffffffffn), Number(p.id >> 32n), p.data, p.data.length);
            }
            answered++;
            break;
          }
          default:
            guest.poll();
        }
        if (++step > 10_000) throw new Error("no progress");
      }
      for (let i = 0; i < 100; i++) guest.poll() || host.poll();
      assertEquals([guest.broken, host.broken], [undefined, undefined]);
      const expected = packets.map((p, i) => {
        const data = new Uint8Array((p.length + 7) & ~7);
        data.set(bytes(p.length, i));
        return { id: BigInt(p.id), wantsCompletion: p.answer, data };
      });
      assertEquals(h.packets, expected);
      assertEquals(
        g.completions.map((c) => [c.id, c.data]),
        expected.filter((p) => p.wantsCompletion).map((p) => [p.id, p.data]),
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("quiet: a half that looks by itself is not woken, and is again when it stops looking", () => {
  const { guest, host, h, signals } = opened();
  host.poll();
  const before = signals.host;
  host.quiet = true;
  host.poll();
  for (let i = 1; i <= 3; i++) {
    assertEquals(guest.send(bytes(8, i), 8, i, false), true);
    assertEquals(host.poll(), true);
  }
  assertEquals([signals.host - before, h.packets.length], [0, 3]);
  // What came between its last look and its rest is found by the look that asks for signals again.
  guest.send(bytes(8, 4), 8, 4, false);
  host.quiet = false;
  assertEquals([host.poll(), signals.host - before, h.packets.length], [true, 0, 4]);
  guest.send(bytes(8, 5), 8, 5, false);
  assertEquals(signals.host - before, 1);
});

Deno.test("corrupted rings never crash, hang, or deliver more than lies in them", () => {
  const poke = fc.record({
    at: fc.oneof(fc.nat(80), fc.nat(8191)),
    value: fc.oneof(fc.nat(), fc.nat(64), fc.constantFrom(8, 16, 4088, 4096, 0xffffffff)),
    after: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.array(poke, { maxLength: 40 }), (pokes) => {
      const { guest, host, h, toHost } = opened();
      const view = new DataView(toHost.bytes.buffer);
      for (const { at, value, after } of pokes) {
        view.setUint32(Math.min(at, 8188) & ~3, value, true);
        for (let i = 0; i < after; i++) {
          guest.send(bytes(40 * i), 40 * i, i, i % 2 === 0);
          host.poll();
          guest.poll();
        }
      }
      assert(h.packets.every((p) => p.data.length <= 2048));
      for (let i = 0; i < 10; i++) host.poll();
    }),
    { numRuns: 300 },
  );
});
