/** drivers.dxg: a system with the device in it, as a library's user makes one. */
import { assertEquals } from "@std/assert";
import { createSystem, drivers } from "udrm/mod.ts";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";

Deno.test("drivers.dxg: /dev/dxg lists the adapter, with card and render nodes beside it", () => {
  using engine = new CpuEngine();
  using system = createSystem({ drivers: [drivers.dxg({ engine })] });
  const task = system.process();
  using dxg = task.open("/dev/dxg");
  const list = k.d3dkmt_enumadapters2.of();
  assertEquals(dxg.ioctl(k.LX_DXENUMADAPTERS2, list), 0);
  assertEquals(list.num_adapters, 1);
  using card = task.open("/dev/dri/card0");
  using render = task.open("/dev/dri/renderD128");
  assertEquals([card.fd > 0, render.fd > 0], [true, true]);
});
