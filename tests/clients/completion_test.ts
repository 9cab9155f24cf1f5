import { assert, assertEquals } from "@std/assert";
import { FakeRenderer3d } from "udrm/drivers/host/virtio_gpu/testing.ts";
import { close, eventfd, eventfdWrite } from "udrm/drivers/os/mod.ts";
import { drivers } from "udrm/mod.ts";
import { Rig } from "./rig.ts";

Deno.test("a renderer with an eventfd wakes the server each time it has finished something", async () => {
  const fd = eventfd();
  try {
    const renderer = new FakeRenderer3d();
    renderer.completionFd = fd;
    await using rig = await Rig.make((display) => [drivers.virtioGpu({ display, renderer })]);
    rig.server.turn(0);
    for (let i = 0; i < 3; i++) {
      eventfdWrite(fd);
      const begin = performance.now();
      rig.server.turn(20e9);
      assert(performance.now() - begin < 10_000);
    }
    // Nobody reads it: what it tells is that something has changed.
    const begin = performance.now();
    rig.server.turn(50e6);
    assert(performance.now() - begin > 25);
    rig.system.removeDevice(rig.system.devices[0]);
    assertEquals(rig.errors, []);
  } finally {
    close(fd);
  }
});
