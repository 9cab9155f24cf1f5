import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "udrm/core/error.ts";
import { heapAllocator } from "udrm/core/memory.ts";
import { DXGK_VMBUS_GLOBAL_GUID, DXGK_VMBUS_RING_SIZE } from "udrm/uapi/dxgvmbus.ts";
import { vmbusLoopback } from "./loopback.ts";
import { FakeVmbusHost, Kept } from "./testing.ts";

const offer = { type: DXGK_VMBUS_GLOBAL_GUID, instance: "00000000-0000-0000-0000-000000000001", mmioMegabytes: 64 };
const how = (handlers: Kept) => ({ ringSize: DXGK_VMBUS_RING_SIZE, maxPacket: 0x20000, handlers });
const errno = (name: string, run: () => unknown) => assertEquals(assertThrows(run, DrmError).code, name);

Deno.test("a request is answered before send returns, in one isolate", () => {
  const host = new FakeVmbusHost(offer, (packet) => packet.data.toReversed());
  using bus = vmbusLoopback([host]);
  const kept = new Kept();
  const channel = bus.devices[0].open(how(kept));
  assert(channel.send(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 8, 77, true));
  assertEquals(kept.completions, [{
    id: 77n,
    wantsCompletion: false,
    data: new Uint8Array([8, 7, 6, 5, 4, 3, 2, 1]),
  }]);
  host.channel?.send(new Uint8Array(16), 16, 0, false);
  assertEquals(kept.packets.length, 1);
});

Deno.test("the largest packet of dxgkrnl fits its ring", () => {
  const host = new FakeVmbusHost(offer, (packet) => packet.data);
  using bus = vmbusLoopback([host]);
  const kept = new Kept();
  const channel = bus.devices[0].open(how(kept));
  assertEquals(channel.maxPacket, 0x20000);
  for (let i = 0; i < 5; i++) assert(channel.send(new Uint8Array(0x20000).fill(i + 1), 0x20000, i, true));
  assertEquals(kept.completions.map((c) => [c.data.length, c.data[0x1ffff]]), [1, 2, 3, 4, 5].map((v) => [0x20000, v]));
});

Deno.test("handlers that send from inside do not nest", () => {
  let depth = 0, deepest = 0, count = 0;
  const host = new FakeVmbusHost(offer, () => new Uint8Array(8));
  using bus = vmbusLoopback([host]);
  const channel = bus.devices[0].open({
    ringSize: 4096,
    maxPacket: 64,
    handlers: {
      packet: () => {},
      completion: () => {
        deepest = Math.max(deepest, ++depth);
        if (++count < 1000) channel.send(new Uint8Array(8), 8, count, true);
        depth--;
      },
    },
  });
  channel.send(new Uint8Array(8), 8, 0, true);
  while (bus.poll());
  assertEquals([count, deepest], [1000, 1]);
});

Deno.test("open: EBUSY twice, EINVAL for bad rings, ENODEV after the host is gone; close tells the host", () => {
  const host = new FakeVmbusHost(offer, () => undefined);
  const bus = vmbusLoopback([host]);
  const kept = new Kept();
  for (const ringSize of [0, 4097, 2 ** 30, NaN]) {
    errno("EINVAL", () => bus.devices[0].open({ ringSize, maxPacket: 8, handlers: kept }));
  }
  const channel = bus.devices[0].open(how(kept));
  errno("EBUSY", () => bus.devices[0].open(how(kept)));
  assertEquals(bus.memory.count, 1);
  channel.close();
  assertEquals([host.reason, host.channel, bus.memory.count], ["closed by the guest", undefined, 0]);
  const again = bus.devices[0].open(how(kept));
  bus[Symbol.dispose]();
  assertEquals([kept.reason, again.broken], ["the offer was withdrawn", "the offer was withdrawn"]);
  errno("ENODEV", () => bus.devices[0].open(how(kept)));
});

Deno.test("a guest hears of an index of the host that cannot be", () => {
  const host = new FakeVmbusHost(offer, () => undefined);
  using bus = vmbusLoopback([host]);
  const kept = new Kept();
  const channel = bus.devices[0].open({ ringSize: 4096, maxPacket: 64, handlers: kept });
  const slot = bus.memory.find(0x1_0000_0000);
  assert(slot);
  new DataView(slot.pages.bytes().buffer).setUint32(4, 12, true);
  assertEquals(channel.send(new Uint8Array(8), 8, 0, false), false);
  assert(kept.reason?.includes("read index 12"));
});

Deno.test("GPADLs: handles of ranges that are memory", () => {
  const host = new FakeVmbusHost(offer, () => undefined);
  using bus = vmbusLoopback([host]);
  bus.devices[0].open(how(new Kept()));
  const slot = bus.memory.add(heapAllocator().allocate(8192, "test"), 0, 8192);
  const handle = bus.establishGpadl([{ gpa: slot.gpa, length: 4096 }]);
  assert(handle > 0);
  assertEquals(host.transport?.gpadl(handle), [{ gpa: slot.gpa, length: 4096 }]);
  errno("EFAULT", () => bus.establishGpadl([{ gpa: slot.gpa + 4096, length: 8192 }]));
  errno("EFAULT", () => bus.establishGpadl([{ gpa: slot.gpa, length: 0 }]));
  errno("ENOMEM", () => bus.establishGpadl([]));
  bus.teardownGpadl(handle);
  assertEquals(host.transport?.gpadl(handle), undefined);
  errno("EINVAL", () => bus.teardownGpadl(handle));
});
