import { assert, assertEquals, assertThrows } from "@std/assert";
import { DrmError } from "../../../core/error.ts";
import { BudgetAllocator, heapAllocator } from "../../../core/memory.ts";
import { LOOPBACK_FEATURES, type LoopbackDevice, virtioLoopback } from "./loopback.ts";
import { FakeDevice } from "./testing.ts";

const VERSION_1 = 1n << 32n;

function page(device: LoopbackDevice): { gpa: number; bytes: Uint8Array } {
  const pages = heapAllocator().allocate(4096, "test");
  return { gpa: device.memory.add(pages, 0, 4096).gpa, bytes: pages.bytes() };
}

Deno.test("3.1.1 features, queues, DRIVER_OK, a request and its answer", () => {
  const fake = new FakeDevice({
    features: 5n,
    handle: (_queue, request, response) => {
      response.set(request.map((b) => b + 1));
      return request.length;
    },
  });
  const { device } = virtioLoopback(fake);
  assertEquals(device.deviceFeatures, 5n | LOOPBACK_FEATURES);
  assertEquals(device.status, 0);
  device.acceptFeatures(4n | LOOPBACK_FEATURES);
  assertEquals([device.hasFeature(2), device.hasFeature(0), device.hasFeature(32)], [true, false, true]);
  assertEquals(device.status, 1 | 2 | 8);
  const tokens: number[] = [];
  const [queue] = device.setupQueues([() => {
    for (let token = queue.next(); token >= 0; token = queue.next()) tokens.push(token, queue.written);
  }]);
  device.ready();
  assertEquals(device.status, 1 | 2 | 4 | 8);
  assertEquals(fake.transport?.features, 4n | LOOPBACK_FEATURES);
  const { gpa, bytes } = page(device);
  bytes.set([10, 20, 30]);
  assert(queue.add(gpa, 3, gpa + 64, 8, 77));
  queue.kick();
  assertEquals(tokens, [77, 3], "answered before kick returned");
  assertEquals([...bytes.subarray(64, 68)], [11, 21, 31, 0]);
  device.reset();
});

Deno.test("2.2 feature sets that are refused", () => {
  const strange = virtioLoopback(new FakeDevice({ features: 1n })).device;
  assertThrows(() => strange.acceptFeatures(2n | VERSION_1), DrmError, "0x2");
  const legacy = virtioLoopback(new FakeDevice({ features: 1n })).device;
  assertThrows(() => legacy.acceptFeatures(1n), DrmError, "VERSION_1");
  assertEquals(legacy.status & 8, 0);
  const picky = Object.assign(new FakeDevice({ features: 3n }), { acceptsFeatures: (f: bigint) => (f & 3n) !== 1n });
  const { device } = virtioLoopback(picky);
  assertThrows(() => device.acceptFeatures(1n | VERSION_1), DrmError, "refuses");
  device.reset();
  device.acceptFeatures(3n | VERSION_1);
  assertThrows(() => device.acceptFeatures(3n | VERSION_1), TypeError, "settled");
});

Deno.test("3.1.1 steps out of order are programming errors", () => {
  const { device } = virtioLoopback(new FakeDevice());
  assertThrows(() => device.setupQueues([]), TypeError);
  assertThrows(() => device.ready(), TypeError);
  device.acceptFeatures(VERSION_1);
  assertThrows(() => device.ready(), TypeError);
  device.setupQueues([]);
  assertThrows(() => device.setupQueues([]), TypeError);
  device.ready();
  device.reset();
});

Deno.test("2.1.2 a kick before DRIVER_OK waits for it", () => {
  const fake = new FakeDevice({ handle: () => 0 });
  const { device } = virtioLoopback(fake);
  device.acceptFeatures(VERSION_1);
  const [queue] = device.setupQueues([]);
  const { gpa } = page(device);
  queue.add(gpa, 4, 0, 0, 1);
  queue.kick();
  assertEquals(fake.requests.length, 0);
  device.ready();
  assertEquals(fake.requests.length, 1);
  device.reset();
});

Deno.test("kicks from interrupt handlers do not nest, and an endless exchange ends with the call", () => {
  let depth = 0, deepest = 0, handled = 0;
  const fake = new FakeDevice({
    handle: () => {
      deepest = Math.max(deepest, ++depth);
      handled++;
      depth--;
      return 0;
    },
  });
  const { device, poller } = virtioLoopback(fake);
  device.acceptFeatures(LOOPBACK_FEATURES);
  const { gpa } = page(device);
  const [queue] = device.setupQueues([() => {
    depth++;
    deepest = Math.max(deepest, depth);
    while (queue.next() >= 0);
    queue.add(gpa, 4, 0, 0, 0);
    queue.kick();
    depth--;
  }]);
  device.ready();
  queue.add(gpa, 4, 0, 0, 0);
  queue.kick();
  assertEquals(deepest, 1);
  const first = handled;
  assert(first > 1000 && first < 10000, `${first} rounds`);
  assert(poller.busy);
  assert(poller.poll());
  assert(handled > first);
  device.reset();
  assertEquals(poller.busy, false);
  assertEquals(poller.poll(), false);
});

Deno.test("a device that answers later interrupts then", () => {
  const fake = new FakeDevice({ handle: () => -1 });
  const { device, poller } = virtioLoopback(fake);
  device.acceptFeatures(LOOPBACK_FEATURES);
  const { gpa, bytes } = page(device);
  const tokens: number[] = [];
  const [queue] = device.setupQueues([() => {
    for (let token = queue.next(); token >= 0; token = queue.next()) tokens.push(token);
  }]);
  device.ready();
  for (const token of [1, 2, 3]) queue.add(gpa, 4, gpa + 64, 4, token);
  queue.kick();
  assertEquals([tokens, fake.held, poller.busy], [[], 3, true]);
  fake.complete(Uint8Array.of(9), 1);
  assertEquals([tokens, bytes[64]], [[2], 9]);
  fake.complete();
  fake.complete();
  assertEquals(tokens, [2, 1, 3]);
  assertEquals(poller.busy, false);
  device.reset();
});

Deno.test("2.5 configuration space, its generation, and its interrupt", () => {
  const fake = new FakeDevice({ config: Uint8Array.of(1, 2, 3, 4) });
  const { device } = virtioLoopback(fake);
  const target = new Uint8Array(4);
  device.readConfig(2, target);
  assertEquals([...target], [3, 4, 0, 0]);
  device.writeConfig(0, Uint8Array.of(7));
  assertEquals(fake.config[0], 7);
  device.acceptFeatures(VERSION_1);
  device.setupQueues([]);
  let changes = 0;
  device.onConfigChange = () => changes++;
  device.ready();
  const before = device.configGeneration;
  fake.transport?.configChanged();
  assertEquals(changes, 1);
  assert(device.configGeneration !== before);
  device.reset();
});

Deno.test("2.1.2 DEVICE_NEEDS_RESET is told as a configuration change; kicks end; a reset heals", () => {
  const fake = new FakeDevice();
  const { device } = virtioLoopback(fake, { name: "virtio7" });
  let changes = 0;
  device.onConfigChange = () => changes++;
  const start = (): ReturnType<LoopbackDevice["setupQueues"]>[number] => {
    device.acceptFeatures(VERSION_1);
    const [queue] = device.setupQueues([]);
    device.ready();
    return queue;
  };
  const first = start();
  const old = fake.transport;
  const { gpa } = page(device);
  old?.needsReset("test");
  old?.needsReset("again");
  assertEquals([device.needsReset, device.resetReason, changes], [true, "test", 1]);
  first.add(gpa, 4, 0, 0, 0);
  first.kick();
  assertEquals(fake.requests.length, 0);
  device.reset();
  assertEquals([device.status, device.needsReset, fake.resets], [0, false, 1]);
  const second = start();
  first.kick();
  old?.needsReset("a ghost");
  assertEquals(device.needsReset, false, "what was before a reset has no voice");
  second.add(gpa, 4, 0, 0, 0);
  second.kick();
  assertEquals(fake.requests.length, 1);
  device[Symbol.dispose]();
});

Deno.test("a driver may reset the device inside an interrupt", () => {
  const fake = new FakeDevice();
  const { device } = virtioLoopback(fake);
  device.acceptFeatures(LOOPBACK_FEATURES);
  const { gpa } = page(device);
  const queues = device.setupQueues([() => device.reset(), () => {}]);
  device.ready();
  queues[1].add(gpa, 4, 0, 0, 0);
  queues[0].add(gpa, 4, 0, 0, 0);
  queues[0].kick();
  assertEquals([device.status, fake.resets], [0, 1]);
  assertEquals(queues[0].next(), -1);
});

Deno.test("a hundred resets leave no memory behind", () => {
  const budget = new BudgetAllocator(heapAllocator(), 1 << 24);
  const fake = new FakeDevice({ queueSizes: [256, 16, 1] });
  const { device } = virtioLoopback(fake, { allocator: budget });
  const { gpa } = page(device);
  for (let i = 0; i < 100; i++) {
    device.acceptFeatures(LOOPBACK_FEATURES);
    const [queue] = device.setupQueues([]);
    device.ready();
    queue.addPieces([gpa, gpa, gpa], [1, 2, 3], 1, 2, 0);
    queue.kick();
    device.reset();
  }
  assertEquals([budget.used, device.memory.count], [0, 1]);
});

Deno.test("ring memory that cannot be had is ENOMEM, and leaves nothing", () => {
  const budget = new BudgetAllocator(heapAllocator(), 8192);
  const { device } = virtioLoopback(new FakeDevice({ queueSizes: [16, 1024] }), { allocator: budget });
  device.acceptFeatures(LOOPBACK_FEATURES);
  assertThrows(() => device.setupQueues([]), DrmError, "Cannot allocate");
  assertEquals([budget.used, device.memory.count], [0, 0]);
});
