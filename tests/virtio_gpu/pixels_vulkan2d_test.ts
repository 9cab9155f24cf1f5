import { Vulkan2d } from "udrm/drivers/host/render/vulkan2d/vulkan2d.ts";
import { withDevice } from "udrm/drivers/host/vulkan/testing.ts";
import { pixelTests } from "./pixels.ts";

pixelTests("vulkan2d", async (body) => {
  await withDevice(async (device) => {
    using renderer = new Vulkan2d(device, "the GPU of a test");
    await body(renderer);
  });
});
