// Programs on /dev/dxg that share with others: dxg_share.c says what is demanded. The engine is the double on the CPU.
import { assertEquals } from "@std/assert";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import { drivers } from "udrm/mod.ts";
import { dxgClientOptions } from "./dxg_options.ts";
import { compile, Rig } from "./rig.ts";

const TESTS: readonly [name: string, what: string][] = [
  ["resource", "a resource goes to another program by its descriptor, and outlives the first"],
  ["dma_buf", "the same descriptor is a dma-buf to a program that knows no dxg, and to vkms"],
  ["fence", "contexts of two programs wait for each other's fences"],
  ["sync_file", "a submitted value becomes a sync_file, goes through a syncobj and another program, and back"],
];

for (const [name, what] of TESTS) {
  Deno.test(`preload: ${what}`, async () => {
    using engine = new CpuEngine();
    await using rig = await Rig.make((display) => [drivers.dxg({ engine }), drivers.vkms({ display })]);
    assertEquals(await rig.run(compile("dxg_share.c", ...dxgClientOptions()), name), { code: 0, out: "", err: "" });
    await rig.serve(() => rig.server.clients + rig.server.files + rig.server.spaces + rig.server.dmaBufs === 0, 5);
    assertEquals(rig.errors, []);
  });
}
