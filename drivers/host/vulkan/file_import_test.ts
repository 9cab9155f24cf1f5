import "../../os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import { close, F_SEAL_GROW, Mapping, memfdCreate } from "../../os/mod.ts";
import { mappingsOf } from "../../os/testing.ts";
import { importFile } from "./file_import.ts";
import {
  VK_BUFFER_USAGE_TRANSFER_DST_BIT as DST,
  VK_BUFFER_USAGE_TRANSFER_SRC_BIT as SRC,
  VkBufferCopy,
} from "./generated/mod.ts";
import { hostImportAlignment } from "./host_memory.ts";
import { withDevice } from "./testing.ts";

Deno.test("importFile reads a memfd whose owner has unmapped and closed it, and unmaps it itself", async () => {
  await withDevice((device) => {
    const fd = memfdCreate("import-test", 65536);
    const owner = Mapping.map(fd, 65536);
    new Uint8Array(owner.buffer).fill(0x5a, 4096);
    const result = importFile(device, fd, 4096, 61440, SRC);
    owner[Symbol.dispose]();
    close(fd);
    if (!result.importable) return assertEquals(hostImportAlignment(device) === 4096, false, result.reason);
    {
      using buffer = result.buffer;
      using back = device.createBuffer({ size: 61440, usage: DST, memory: "readback" });
      const commands = device.queue.begin();
      device.arena.scope((m) => {
        const region = m.put(VkBufferCopy, { srcOffset: 0n, dstOffset: 0n, size: 61440n });
        device.vk.vkCmdCopyBuffer(commands.handle, buffer.handle, back.handle, 1, region);
      });
      device.queue.waitFor(device.queue.submit(commands));
      back.allocation.invalidate();
      assert(back.bytes.every((byte) => byte === 0x5a));
      assertEquals(mappingsOf("memfd:import-test"), 1);
    }
    result.buffer[Symbol.dispose]();
    assertEquals(mappingsOf("memfd:import-test"), 0);
  });
});

Deno.test("importFile refuses what could fault under the GPU: files that may shrink, ranges outside, odd offsets, no file", async () => {
  await withDevice((device) => {
    const sealed = memfdCreate("import-test", 65536), loose = memfdCreate("import-test", 65536, F_SEAL_GROW);
    for (
      const [fd, offset, size] of [
        [loose, 0, 65536],
        [sealed, 4096, 65536],
        [sealed, -4096, 4096],
        [sealed, 0, 0],
        [sealed, 100, 4096],
        [sealed, 0, 100],
        [-1, 0, 4096],
      ]
    ) {
      const result = importFile(device, fd, offset, size, SRC);
      assertEquals(result.importable, false, `${fd === loose ? "loose" : fd} ${offset} ${size}`);
    }
    for (const fd of [sealed, loose]) close(fd);
    assertEquals(mappingsOf("memfd:import-test"), 0);
  });
});
