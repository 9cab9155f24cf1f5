import { assertEquals, assertThrows } from "@std/assert";
import { Arena } from "./arena.ts";
import * as generated from "./generated/mod.ts";
import { chain, countOf, type StructType } from "./struct.ts";

const tables = (Object.values(generated) as unknown[]).filter((v): v is StructType<Record<string, unknown>> =>
  typeof v === "object" && v !== null && "offsets" in v && "write" in v
);

Deno.test("every struct survives read, write, read of random bytes", () => {
  let seed = 12345;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >>> 16;
  for (const type of tables) {
    const m = new Arena(1 << 16);
    const from = m.alloc(type.size, 16), to = m.alloc(type.size, 16);
    // Letters, with a NUL now and then so that every char array ends.
    for (let i = 0; i < type.size; i++) m.u8[from + i] = i % 13 === 12 ? 0 : 0x41 + random() % 26;
    const init = type.read(m, from);
    type.write(m, to, init);
    assertEquals(type.read(m, to), init, type.name);
  }
  assertEquals(tables.length > 300, true);
});

Deno.test("write zeroes absent members and fills in sType and counts", () => {
  const m = new Arena(4096);
  const at = m.allocRaw(generated.VkRenderingInfo.size);
  m.u8.fill(0xee, at, at + generated.VkRenderingInfo.size);
  generated.VkRenderingInfo.write(m, at, {
    layerCount: 1,
    pColorAttachments: [{
      loadOp: generated.VK_ATTACHMENT_LOAD_OP_CLEAR,
      clearValue: { color: { float32: [0, 0.5, 1, 1] } },
    }],
  });
  const seen = generated.VkRenderingInfo.read(m, at);
  assertEquals(m.u32[at >>> 2], generated.VK_STRUCTURE_TYPE_RENDERING_INFO);
  assertEquals(seen.colorAttachmentCount, 1);
  assertEquals(seen.renderArea, { offset: { x: 0, y: 0 }, extent: { width: 0, height: 0 } });
  assertEquals(seen.pDepthAttachment, 0n);
  const attachment = generated.VkRenderingAttachmentInfo.read(m, Number(seen.pColorAttachments - m.base));
  assertEquals(attachment.loadOp, generated.VK_ATTACHMENT_LOAD_OP_CLEAR);
  assertEquals(attachment.clearValue.color.float32, [0, 0.5, 1, 1]);
});

Deno.test("pNext links the structs of a chain in order", () => {
  const m = new Arena(8192);
  const at = m.place(generated.VkPhysicalDeviceFeatures2, {
    pNext: [
      chain(generated.VkPhysicalDeviceVulkan12Features, { timelineSemaphore: true }),
      chain(generated.VkPhysicalDeviceVulkan13Features, { synchronization2: true }),
    ],
  });
  const first = Number(generated.VkPhysicalDeviceFeatures2.read(m, at).pNext - m.base);
  assertEquals(m.u32[first >>> 2], generated.VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
  const middle = generated.VkPhysicalDeviceVulkan12Features.read(m, first);
  assertEquals(middle.timelineSemaphore, true);
  const last = generated.VkPhysicalDeviceVulkan13Features.read(m, Number(middle.pNext - m.base));
  assertEquals([last.synchronization2, last.pNext], [true, 0n]);
});

Deno.test("a chained struct with a pNext of its own cannot be followed by another", () => {
  const m = new Arena(8192);
  const own = chain(generated.VkPhysicalDeviceVulkan12Features, { pNext: 0x1000n });
  const next = chain(generated.VkPhysicalDeviceVulkan13Features, {});
  assertEquals(m.put(generated.VkPhysicalDeviceFeatures2, { pNext: [next, own] }) !== 0n, true);
  assertThrows(() => m.put(generated.VkPhysicalDeviceFeatures2, { pNext: [own, next] }), TypeError, "pNext of its own");
});

Deno.test("countOf takes the stated count, or the one length of the arrays", () => {
  assertEquals(countOf("S.n", undefined, [1, 2], undefined, null), 2);
  assertEquals(countOf("S.n", 1, [1, 2]), 1);
  assertEquals(countOf("S.n", 4, 0x1000n), 4);
  assertEquals(countOf("S.n", undefined), 0);
  assertThrows(() => countOf("S.n", undefined, [1, 2], [1]), RangeError, "S.n");
  assertThrows(() => countOf("S.n", 3, [1, 2]), RangeError, "S.n");
  assertThrows(() => countOf("S.n", undefined, 0x1000n), RangeError, "state the count");
});

Deno.test("Arena allocates aligned zeroed memory, resets to a mark, and refuses to overflow", () => {
  const m = new Arena(256);
  m.u8.fill(0xff);
  assertEquals(m.alloc(3, 1), 0);
  const mark = m.mark();
  const at = m.alloc(16, 16);
  assertEquals([at, m.u8[at], m.u8[at + 15], m.u8[at + 16]], [16, 0, 0, 0xff]);
  assertEquals(m.address(at), m.base + 16n);
  assertEquals(m.address(at), m.address(at));
  m.reset(mark);
  assertEquals(m.scope((a) => a.alloc(100)), 8);
  assertEquals(m.mark(), mark);
  assertThrows(() => m.alloc(1000), RangeError, "Cannot allocate 1000 bytes");
  assertThrows(() => m.reset(200), RangeError, "Cannot reset");
  m.setU53(8, 2 ** 40 + 5);
  assertEquals([m.u53(8), m.u64[1]], [2 ** 40 + 5, 2n ** 40n + 5n]);
});
