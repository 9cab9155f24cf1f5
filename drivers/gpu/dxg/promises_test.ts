import { assertEquals } from "@std/assert";
import { FenceValues, QueueOrder } from "./promises.ts";

Deno.test("FenceValues: the highest value that was reached or will be signalled; never lower", () => {
  const fence = new FenceValues(2n);
  assertEquals(fence.promised, 2n);
  fence.promise(7n);
  fence.promise(5n);
  assertEquals(fence.promised, 7n);
  let stored = 9n;
  const load = (): bigint => stored;
  fence.attach(load);
  assertEquals(fence.promised, 9n);
  stored = 1n;
  assertEquals(fence.promised, 9n);
  fence.detach(load);
  fence.rewind(3n);
  assertEquals(fence.promised, 3n);
});

Deno.test("QueueOrder: a signal behind nothing, or behind promised waits, is a promise", () => {
  const [a, b] = [new FenceValues(0n), new FenceValues(0n)];
  const queue = new QueueOrder();
  queue.signal(a, 1n);
  queue.wait(a, 1n);
  queue.signal(b, 4n);
  assertEquals([a.promised, b.promised], [1n, 4n]);
});

Deno.test("QueueOrder: promises behind a wait come with the wait's own, along chains of queues", () => {
  const fences = Array.from({ length: 20_000 }, () => new FenceValues(0n));
  // Queue i waits for fence i and signals fence i + 1.
  for (let i = 0; i + 1 < fences.length; i++) {
    const queue = new QueueOrder();
    queue.wait(fences[i], 1n);
    queue.signal(fences[i + 1], 1n);
  }
  assertEquals(fences[1].promised, 0n);
  fences[0].promise(1n);
  assertEquals(fences.every((fence) => fence.promised === 1n), true);
});

Deno.test("QueueOrder: two queues that wait for each other promise nothing; neither does one that waits for a mutex", () => {
  const [a, b] = [new FenceValues(0n), new FenceValues(0n)];
  const [left, right] = [new QueueOrder(), new QueueOrder()];
  left.wait(b, 1n);
  left.signal(a, 1n);
  right.wait(a, 1n);
  right.signal(b, 1n);
  assertEquals([a.promised, b.promised], [0n, 0n]);
  const blocked = new QueueOrder();
  blocked.block();
  blocked.signal(a, 1n);
  assertEquals(a.promised, 0n);
  left.close();
  b.promise(1n);
  assertEquals(a.promised, 0n);
});

Deno.test("QueueOrder: past a wait for a mutex, what was signalled behind it is promised; not behind the next one", () => {
  const [a, b, c] = [new FenceValues(0n), new FenceValues(0n), new FenceValues(0n)];
  const queue = new QueueOrder();
  const first = queue.block();
  queue.signal(a, 1n);
  const second = queue.block();
  queue.signal(a, 2n);
  queue.pass(first);
  assertEquals(a.promised, 0n);
  queue.wait(b, 1n);
  queue.pass(second);
  queue.pass(first); // comes late
  assertEquals(a.promised, 0n);
  b.promise(1n);
  assertEquals(a.promised, 2n);
  queue.signal(c, 3n);
  assertEquals(c.promised, 3n);
  let removed = 0;
  queue.markers.add({ remove: () => void removed++ });
  queue.close();
  assertEquals(removed, 1);
});
