import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { VkError } from "./error.ts";
import * as vk from "./generated/mod.ts";
import { hostImportAlignment, importHostMemory } from "./host_memory.ts";
import { memoryTypeCost } from "./memory.ts";
import { Ranges } from "./ranges.ts";
import { withDevice } from "./testing.ts";

const transfer = vk.VK_BUFFER_USAGE_TRANSFER_SRC_BIT | vk.VK_BUFFER_USAGE_TRANSFER_DST_BIT;

Deno.test("Ranges never overlap, are aligned, and merge back into one", () => {
  const step = fc.record({
    size: fc.integer({ min: 1, max: 300 }),
    align: fc.constantFrom(1, 4, 64),
    drop: fc.nat(20),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const ranges = new Ranges(4096);
    let live: { at: number; size: number }[] = [];
    for (const { size, align, drop } of steps) {
      const at = ranges.alloc(size, align);
      if (at >= 0) {
        if (at % align !== 0 || at + size > 4096) return false;
        if (live.some((r) => at < r.at + r.size && r.at < at + size)) return false;
        live.push({ at, size });
      } else if (ranges.fragments === 1 && ranges.free >= size + align) return false;
      if (drop < live.length) {
        ranges.release(live[drop].at, live[drop].size);
        live = live.filter((_, i) => i !== drop);
      }
      if (ranges.free !== 4096 - live.reduce((sum, r) => sum + r.size, 0)) return false;
    }
    for (const { at, size } of live) ranges.release(at, size);
    return ranges.isEmpty && ranges.fragments === 1;
  }));
});

Deno.test("Ranges refuses to free what is free", () => {
  const ranges = new Ranges(100);
  assertEquals(ranges.alloc(10, 1), 0);
  assertEquals(ranges.alloc(10, 1), 10);
  ranges.release(0, 10);
  assertThrows(() => ranges.release(0, 10), RangeError, "Cannot free");
  assertThrows(() => ranges.release(5, 10), RangeError, "Cannot free");
  assertThrows(() => ranges.release(90, 20), RangeError, "Cannot free");
  assertEquals([ranges.alloc(0, 1), ranges.alloc(200, 1), ranges.alloc(90, 1)], [-1, -1, -1]);
});

Deno.test("memory types: device local for the GPU, coherent for uploads, cached for reading, protected ones never", () => {
  const local = 1, visible = 2, coherent = 4, cached = 8, isProtected = 0x20;
  const best = (flags: number[], kind: "device" | "upload" | "readback") =>
    flags.map((f, i) => ({ i, cost: memoryTypeCost(f, kind) })).filter((c) => c.cost >= 0).sort((a, b) =>
      a.cost - b.cost
    )[0]?.i;
  const discrete = [
    0,
    local,
    visible | coherent,
    visible | coherent | cached,
    local | visible | coherent,
    local | isProtected,
  ];
  assertEquals([best(discrete, "device"), best(discrete, "upload"), best(discrete, "readback")], [1, 2, 3]);
  assertEquals(best([local, isProtected], "upload"), undefined);
  assertEquals(best([visible | cached, visible | coherent], "upload"), 1);
  assertEquals(best([isProtected | local], "device"), undefined);
});

Deno.test("many buffers share a block; the last gives it back", async () => {
  await withDevice((device) => {
    const buffers = Array.from(
      { length: 1000 },
      () => device.createBuffer({ size: 4096, usage: transfer, memory: "upload" }),
    );
    assertEquals(device.memory.blockCount, 1);
    buffers.forEach((b, i) => b.bytes.fill(i));
    assertEquals(buffers.every((b, i) => b.bytes[0] === (i & 255) && b.bytes[4095] === (i & 255)), true);
    for (const buffer of buffers) buffer[Symbol.dispose]();
    assertEquals(device.memory.blockCount, 1); // one empty block is kept
    const large = device.createBuffer({ size: 200 << 20, usage: transfer });
    assertEquals(device.memory.blockCount, 2);
    large[Symbol.dispose]();
    assertEquals(device.memory.blockCount, 1);
  });
});

Deno.test("buffers and tiled images never share a block", async () => {
  await withDevice((device) => {
    using buffer = device.createBuffer({ size: 64, usage: transfer });
    const image = {
      format: vk.VK_FORMAT_R8G8B8A8_UNORM,
      width: 16,
      height: 16,
      usage: vk.VK_IMAGE_USAGE_TRANSFER_DST_BIT,
    };
    using tiled = device.createImage(image);
    using linear = device.createImage({ ...image, tiling: vk.VK_IMAGE_TILING_LINEAR });
    assertEquals(tiled.allocation.memory === buffer.allocation.memory, false);
    assertEquals(linear.allocation.memory === buffer.allocation.memory, true);
    assertEquals(Number(linear.subresourceLayout().rowPitch) >= 64, true);
  });
});

Deno.test("views over device memory are detached when it is freed", async () => {
  await withDevice((device) => {
    const buffer = device.createBuffer({ size: 200 << 20, usage: transfer, memory: "upload" });
    const { bytes } = buffer;
    bytes[5] = 1;
    buffer[Symbol.dispose]();
    assertEquals([bytes.length, bytes[5]], [0, undefined]);
    assertThrows(() => buffer.allocation.bytes, TypeError, "disposed of");
  });
});

Deno.test("flushed ranges are widened to whole atoms", async () => {
  await withDevice((device) => { // the validation layers check the alignment; the memory itself may be coherent
    const buffers = [1, 2, 3].map(() => device.createBuffer({ size: 1024, usage: transfer, memory: "upload" }));
    for (const { allocation } of buffers) {
      for (const [offset, size] of [[0, 1], [3, 100], [1000, 24], [0, 1024], [5, 0]]) {
        device.memory.sync(allocation, true, offset, size);
        device.memory.sync(allocation, false, offset, size);
      }
    }
  });
});

Deno.test("memory that cannot be had is an error, not a crash", async () => {
  await withDevice((device) => {
    assertThrows(
      () => device.memory.allocate({ size: 64, alignment: 1, typeBits: 0, kind: "device", tiled: false }),
      VkError,
      "fit for device",
    );
    const small = device.createBuffer({ size: 64, usage: transfer, memory: "upload" });
    assertThrows(
      () => small.allocation.bytes && device.memory.sync(small.allocation, true, 60, 1 << 20),
      RangeError,
      "Cannot synchronize",
    );
  });
});

Deno.test("importHostMemory shares pages with the process, or says why not", async () => {
  await withDevice((device) => {
    const alignment = hostImportAlignment(device);
    const usage = transfer, memory = new Uint8Array(new ArrayBuffer(4 * 65536));
    const start = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory)));
    if (alignment === 0) {
      const refused = importHostMemory(device, start, 65536, usage);
      assertEquals(refused.importable, false);
      return;
    }
    const skip = Number((BigInt(alignment) - start % BigInt(alignment)) % BigInt(alignment));
    const address = start + BigInt(skip);
    const odd = importHostMemory(device, address + 4n, 65536, usage);
    assertEquals(odd, { importable: false, reason: `address and size must be multiples of ${alignment}` });
    assertEquals(importHostMemory(device, address, 100, usage).importable, false);
    assertThrows(() => importHostMemory(device, 0n, 65536, usage), RangeError, "Cannot import");
    assertThrows(() => importHostMemory(device, address, -65536, usage), RangeError, "Cannot import");
    const result = importHostMemory(device, address, 65536, usage);
    if (!result.importable) throw new Error(result.reason);
    using imported = result.buffer;
    using back = device.createBuffer({ size: 65536, usage, memory: "readback" });
    memory.fill(0x5a, skip, skip + 65536);
    const commands = device.queue.begin();
    device.arena.scope((m) => {
      const region = m.put(vk.VkBufferCopy, { srcOffset: 0n, dstOffset: 0n, size: 65536n });
      device.vk.vkCmdCopyBuffer(commands.handle, imported.handle, back.handle, 1, region);
    });
    device.queue.waitFor(device.queue.submit(commands));
    back.allocation.invalidate();
    assertEquals(back.bytes.every((b) => b === 0x5a), true);
  });
});
