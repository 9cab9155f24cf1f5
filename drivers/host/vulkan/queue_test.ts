import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Device } from "./device.ts";
import { VkError } from "./error.ts";
import * as vk from "./generated/mod.ts";
import { Instance } from "./instance.ts";
import { choosePhysicalDevice } from "./physical_device.ts";
import { withDevice } from "./testing.ts";
import { Timeline } from "./timeline.ts";

/** A submission that the GPU begins only when the test signals `gate`. */
function gated(device: Device, gate: Timeline, value: bigint): number {
  const stageMask = vk.VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
  return device.queue.submit(device.queue.begin(), [{ semaphore: gate.handle, value, stageMask }]);
}

function signal(device: Device, gate: Timeline, value: bigint): void {
  device.arena.scope((m) => {
    device.check(
      device.vk.vkSignalSemaphore(device.handle, m.put(vk.VkSemaphoreSignalInfo, { semaphore: gate.handle, value })),
      "signal",
    );
  });
}

Deno.test("submit counts up and completed follows", async () => {
  await withDevice((device) => {
    const { queue } = device;
    assertEquals([queue.lastSubmitted, queue.completed()], [0, 0]);
    assertEquals(queue.waitFor(0), true);
    const values = [1, 2, 3].map(() => queue.submit(queue.begin()));
    assertEquals(values, [1, 2, 3]);
    assertEquals(queue.waitFor(3), true);
    assertEquals(queue.completed(), 3);
    assertThrows(() => queue.waitFor(4), RangeError, "last submission is 3");
    assertThrows(() => queue.waitFor(-1), RangeError, "Cannot wait for value -1");
    assertThrows(() => queue.waitFor(1.5), RangeError, "Cannot wait for value 1.5");
  });
});

Deno.test("waitFor gives false when the time runs out, true once the GPU is done", async () => {
  await withDevice((device) => {
    using gate = new Timeline(device);
    const value = gated(device, gate, 1n);
    assertEquals(device.queue.waitFor(value, 1_000_000n), false);
    assertEquals(device.queue.completed(), 0);
    signal(device, gate, 1n);
    assertEquals(device.queue.waitFor(value, 5_000_000_000n), true);
    assertEquals(device.queue.completed(), value);
  });
});

Deno.test("many waitForAsync share one wait on the pool, and the event loop goes on", async () => {
  await withDevice(
    async (device) => {
      using gate = new Timeline(device);
      const values = [1n, 2n, 3n].map((v) => gated(device, gate, v));
      const order: number[] = [];
      // More waiters than the pool has threads: with a thread each, the last ones would starve and file I/O with them.
      const waits = Array.from({ length: 100 }, (_, i) => values[i % 3]).map((v) =>
        device.queue.waitForAsync(v).then(() => order.push(v))
      );
      await Deno.readTextFile("/proc/self/stat");
      assertEquals(order, []);
      for (const v of [1n, 2n, 3n]) signal(device, gate, v);
      await Promise.all(waits);
      assertEquals(order.length, 100);
      assertEquals(order.indexOf(3) > order.lastIndexOf(1), true);
    },
    {},
    false,
  );
});

Deno.test("waitForAsync refuses a value that was not submitted", async () => {
  await withDevice(async (device) => {
    await assertRejects(() => device.queue.waitForAsync(1), RangeError, "last submission is 0");
  });
});

Deno.test("closing a device while a wait runs on the pool serves the waiter and frees all", async () => {
  await withDevice(
    async (device) => {
      const gate = new Timeline(device);
      const value = gated(device, gate, 1n);
      device.own(gate);
      const done = device.queue.waitForAsync(value);
      await new Promise((resolve) => setTimeout(resolve, 5));
      signal(device, gate, 1n);
      device[Symbol.dispose]();
      await done;
      await device.close();
    },
    {},
    false,
  );
});

Deno.test("command buffers are used again, and begin waits when all are in flight", async () => {
  await withDevice((device) => {
    const { queue } = device;
    for (let i = 0; i < 20; i++) queue.waitFor(queue.submit(queue.begin()));
    assertEquals(queue.commandBufferCount, 1);
    for (let i = 0; i < 600; i++) queue.submit(queue.begin());
    assertEquals(queue.commandBufferCount <= 256, true);
    queue.waitFor(queue.lastSubmitted);
  });
});

Deno.test("a command buffer cannot be submitted twice; a discarded one is free again", async () => {
  await withDevice((device) => {
    const { queue } = device;
    const commands = queue.begin();
    queue.discard(commands);
    assertThrows(() => queue.discard(commands), TypeError, "not being recorded");
    const again = queue.begin();
    assertEquals(again.handle, commands.handle);
    queue.waitFor(queue.submit(again));
  });
});

Deno.test("disposeLater waits for the GPU", async () => {
  await withDevice((device) => {
    using gate = new Timeline(device);
    let disposed = 0;
    const item = { [Symbol.dispose]: () => void disposed++ };
    device.queue.disposeLater(item);
    assertEquals(disposed, 1);
    const value = gated(device, gate, 1n);
    device.queue.disposeLater(item);
    device.queue.completed();
    assertEquals([disposed, device.queue.deletionCount], [1, 1]);
    signal(device, gate, 1n);
    device.queue.waitFor(value);
    assertEquals([disposed, device.queue.deletionCount], [2, 0]);
  });
});

Deno.test("what waits to be disposed of does not pile up behind a caller who only submits", async () => {
  await withDevice((device) => {
    let disposed = 0;
    for (let i = 0; i < 2000; i++) {
      device.queue.submit(device.queue.begin());
      device.queue.disposeLater({ [Symbol.dispose]: () => void disposed++ });
    }
    assertEquals(disposed > 1000, true);
    device.queue.waitFor(device.queue.lastSubmitted);
    assertEquals(disposed, 2000);
  });
});

Deno.test("a lost device stays lost", () => {
  using instance = new Instance({ validation: false });
  const device = new Device(instance, choosePhysicalDevice(instance).device);
  assertEquals(device.check(vk.VK_TIMEOUT, "vkWaitSemaphores"), vk.VK_TIMEOUT);
  assertThrows(
    () => device.check(vk.VK_ERROR_OUT_OF_DEVICE_MEMORY, "vkX"),
    VkError,
    "vkX failed with VK_ERROR_OUT_OF_DEVICE_MEMORY",
  );
  assertEquals(device.lost, undefined);
  assertThrows(() => device.check(vk.VK_ERROR_DEVICE_LOST, "vkQueueSubmit2"), VkError, "VK_ERROR_DEVICE_LOST");
  assertEquals(device.lost?.result, vk.VK_ERROR_DEVICE_LOST);
  assertThrows(() => device.queue.begin(), VkError, "VK_ERROR_DEVICE_LOST");
  assertThrows(() => device.waitIdle(), VkError, "VK_ERROR_DEVICE_LOST");
});
