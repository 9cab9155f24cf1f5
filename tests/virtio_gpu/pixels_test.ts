import { soft2d } from "udrm/drivers/host/render/soft2d/mod.ts";
import { pixelTests } from "./pixels.ts";

pixelTests("soft2d", async (body) => {
  using renderer = soft2d();
  await body(renderer);
});
