import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { Barriers } from "./barriers.ts";
import { BufferImageCopies } from "./copies.ts";
import { VkError } from "./error.ts";
import * as vk from "./generated/mod.ts";
import { Instance } from "./instance.ts";
import { loadVulkan } from "./loader.ts";
import { choosePhysicalDevice, listPhysicalDevices } from "./physical_device.ts";
import { Device } from "./device.ts";
import { fdCount, withDevice } from "./testing.ts";

const transfer = vk.VK_BUFFER_USAGE_TRANSFER_SRC_BIT | vk.VK_BUFFER_USAGE_TRANSFER_DST_BIT;
const copyStage = vk.VK_PIPELINE_STAGE_2_COPY_BIT;
const read = vk.VK_ACCESS_2_TRANSFER_READ_BIT, write = vk.VK_ACCESS_2_TRANSFER_WRITE_BIT;

Deno.test("loadVulkan names the Debian packages when the library is missing", () => {
  const error = assertThrows(() => loadVulkan("libvulkan-missing.so.1"), Error, "Cannot load libvulkan-missing.so.1");
  assertStringIncludes(error.message, "libvulkan1");
  assertStringIncludes(error.message, "mesa-vulkan-drivers");
});

Deno.test("loadVulkan shares one table and unloads it with the last share", () => {
  const first = loadVulkan(), second = loadVulkan();
  assertEquals(first.vk === second.vk, true);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const third = loadVulkan();
  assertEquals(third.vk === second.vk, true);
  second[Symbol.dispose]();
  third[Symbol.dispose]();
});

Deno.test("every core command of the table is exported by the loader", () => {
  using library = loadVulkan();
  for (const name of Object.keys(vk.coreCommands)) {
    assertEquals(typeof library.vk[name as keyof vk.CoreCommands], "function", name);
  }
});

Deno.test("listPhysicalDevices describes at least one device and leaves nothing open", () => {
  const before = fdCount();
  const devices = listPhysicalDevices();
  assertEquals(devices.length > 0, true);
  for (const device of devices) {
    assertEquals(device.uuid.length, 32);
    assertEquals(device.name !== "" && device.driver !== "", true);
  }
  assertEquals(fdCount(), before);
});

Deno.test("an image takes a buffer's bytes and gives them back, silently under synchronization validation", async () => {
  await withDevice((device) => {
    const { queue } = device;
    using upload = device.createBuffer({ size: 64 * 64 * 4, usage: transfer, memory: "upload" });
    using back = device.createBuffer({ size: 64 * 64 * 4, usage: transfer, memory: "readback" });
    using image = device.createImage({
      format: vk.VK_FORMAT_B8G8R8A8_UNORM,
      width: 64,
      height: 64,
      usage: vk.VK_IMAGE_USAGE_TRANSFER_SRC_BIT | vk.VK_IMAGE_USAGE_TRANSFER_DST_BIT,
    });
    for (let i = 0; i < upload.size; i++) upload.bytes[i] = i * 7 + (i >>> 8);
    upload.allocation.flush();
    const barriers = new Barriers(device.vk), copies = new BufferImageCopies(16);
    const commands = queue.begin();
    barriers.image(image, vk.VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 0n, 0n, copyStage, write);
    barriers.record(commands.handle);
    for (let i = 0; i < 16; i++) { // in 16 tiles, from a tightly packed source of 64 texels a row
      const x = (i & 3) * 16, y = (i >> 2) * 16;
      copies.push((y * 64 + x) * 4, 64, 0, vk.VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, x, y, 0, 16, 16, 1);
    }
    assertThrows(() => copies.push(0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1), RangeError, "Cannot add a region");
    device.vk.vkCmdCopyBufferToImage(
      commands.handle,
      upload.handle,
      image.handle,
      image.layout,
      copies.count,
      copies.address,
    );
    copies.clear();
    barriers.image(image, vk.VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, copyStage, write, copyStage, read);
    barriers.record(commands.handle);
    copies.push(0, 0, 0, vk.VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 0, 0, 0, 64, 64, 1);
    device.vk.vkCmdCopyImageToBuffer(
      commands.handle,
      image.handle,
      image.layout,
      back.handle,
      copies.count,
      copies.address,
    );
    barriers.memory(copyStage, write, vk.VK_PIPELINE_STAGE_2_HOST_BIT, vk.VK_ACCESS_2_HOST_READ_BIT);
    barriers.record(commands.handle);
    assertEquals(barriers.isEmpty, true);
    assertEquals(queue.waitFor(queue.submit(commands)), true);
    back.allocation.invalidate();
    assertEquals(back.bytes, upload.bytes);
  });
});

Deno.test("withDevice fails on a call that the validation layers object to", async () => {
  const bad = withDevice((device) => {
    using buffer = device.createBuffer({ size: 256, usage: vk.VK_BUFFER_USAGE_TRANSFER_SRC_BIT }); // not a copy's target
    const commands = device.queue.begin();
    device.arena.scope((m) => {
      const region = m.put(vk.VkBufferCopy, { srcOffset: 0n, dstOffset: 128n, size: 64n });
      device.vk.vkCmdCopyBuffer(commands.handle, buffer.handle, buffer.handle, 1, region);
    });
    device.queue.waitFor(device.queue.submit(commands));
    assertEquals(device.instance.messenger?.counts.error, 1);
  });
  await assertRejects(() => bad, Error, "VUID-vkCmdCopyBuffer-dstBuffer-00120");
});

Deno.test("withDevice fails on two copies that race, which only synchronization validation sees", async () => {
  const bad = withDevice((device) => {
    using buffer = device.createBuffer({ size: 256, usage: transfer });
    const commands = device.queue.begin();
    device.arena.scope((m) => {
      const region = m.put(vk.VkBufferCopy, { srcOffset: 0n, dstOffset: 128n, size: 64n });
      device.vk.vkCmdCopyBuffer(commands.handle, buffer.handle, buffer.handle, 1, region);
      device.vk.vkCmdCopyBuffer(commands.handle, buffer.handle, buffer.handle, 1, region);
    });
    device.queue.waitFor(device.queue.submit(commands));
  });
  await assertRejects(() => bad, Error, "SYNC-HAZARD-WRITE");
});

Deno.test("UDRM_VULKAN_VALIDATION=1 turns validation on and errors reach UDRM_VULKAN_VALIDATION_LOG", async () => {
  const log = await Deno.makeTempFile();
  const script = `
    import { Device, Instance, choosePhysicalDevice } from ${JSON.stringify(import.meta.resolve("./mod.ts"))};
    using instance = new Instance();
    using device = new Device(instance, choosePhysicalDevice(instance).device);
    const commands = device.queue.begin();
    device.vk.vkCmdSetLineWidth(commands.handle, 2);
    console.log(instance.messenger?.counts.error ?? "off");
    device.queue.discard(commands);`;
  const run = async (env: Record<string, string>): Promise<string> => {
    const args = ["eval", "--no-check", script];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
    const text = new TextDecoder();
    return `${text.decode(stdout).trim()} ${text.decode(stderr).includes("VUID-vkCmdSetLineWidth")}`;
  };
  try {
    const off = { UDRM_VULKAN_VALIDATION: "0", UDRM_VULKAN_VALIDATION_LOG: log };
    assertEquals([await run(off), await Deno.readTextFile(log)], ["off false", ""]);
    assertEquals(await run({ ...off, UDRM_VULKAN_VALIDATION: "1" }), "1 false");
    assertStringIncludes(await Deno.readTextFile(log), "VUID-vkCmdSetLineWidth");
    // With no file to go to, errors must still be seen.
    assertEquals(await run({ UDRM_VULKAN_VALIDATION: "1", UDRM_VULKAN_VALIDATION_LOG: "" }), "1 true");
  } finally {
    await Deno.remove(log);
  }
});

Deno.test("importing the module needs no permission", async () => {
  const args = ["run", "--no-prompt", "--no-check", new URL("./mod.ts", import.meta.url).href];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("closing the device frees what its users forgot", async () => {
  await withDevice((device) => {
    for (let i = 0; i < 10; i++) {
      device.createBuffer({ size: 1000 + i, usage: transfer, memory: i % 2 === 0 ? "upload" : "device" });
      void device.createImage({
        format: vk.VK_FORMAT_R8G8B8A8_UNORM,
        width: 8,
        height: 8,
        usage: vk.VK_IMAGE_USAGE_SAMPLED_BIT,
      }).view;
    }
    const commands = device.queue.begin();
    device.queue.submit(commands);
    device.queue.begin();
    device.queue.disposeLater(device.createBuffer({ size: 4096, usage: transfer }));
    assertEquals(device.ownedCount, 21);
  });
});

Deno.test("Device refuses extensions and features that are not there, and use after disposal", async () => {
  using instance = new Instance({ validation: false });
  const { device: physical } = choosePhysicalDevice(instance);
  assertThrows(() => new Device(instance, physical, { extensions: ["VK_EXT_none"] }), VkError, "lacks VK_EXT_none");
  assertThrows(
    () => new Device(instance, { ...physical, name: "it" }, { features: { sparseResidency16Samples: true } }),
    VkError,
    "it lacks sparseResidency16Samples",
  );
  const device = new Device(instance, physical);
  await device.close();
  assertThrows(() => device.queue.begin(), TypeError, "disposed of");
  assertThrows(() => device.createBuffer({ size: 1, usage: transfer }), TypeError, "disposed of");
});

Deno.test("createBuffer and createImage check sizes before Vulkan sees them", async () => {
  await withDevice((device) => {
    for (const size of [0, -1, 1.5, NaN, 2 ** 60]) {
      assertThrows(() => device.createBuffer({ size, usage: transfer }), RangeError, "Cannot create a buffer");
    }
    const image = { format: vk.VK_FORMAT_R8G8B8A8_UNORM, width: 16, height: 16, usage: vk.VK_IMAGE_USAGE_SAMPLED_BIT };
    device.createImage(image)[Symbol.dispose]();
    for (const wrong of [{ width: 0 }, { height: -1 }, { depth: 1.5 }, { levels: 0 }]) {
      assertThrows(() => device.createImage({ ...image, ...wrong }), RangeError, "Cannot create an image");
    }
    for (const wrong of [{ width: 1 << 20 }, { levels: 6 }, { layers: 1 << 20 }, { samples: 3 << 7 }, { depth: 2 }]) {
      assertThrows(() => device.createImage({ ...image, ...wrong }), VkError, "VK_ERROR_FORMAT_NOT_SUPPORTED");
    }
    assertEquals(device.ownedCount, 0);
  });
});
