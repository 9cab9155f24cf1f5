/**
 * Every ioctl of /dev/dxg has an open client and an effect that is seen here, and drivers/gpu/dxg/COVERAGE.md says so.
 */

import "udrm/drivers/os/testing.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import { Packets } from "udrm/drivers/host/render/packets/mod.ts";
import { compileWgsl } from "udrm/drivers/umd/compute/compile.ts";
import { openCompute } from "udrm/drivers/umd/compute/mod.ts";
import { createSystem, drivers } from "udrm/mod.ts";
import * as k from "udrm/uapi/d3dkmthk.ts";
import { DRM_FORMAT_XRGB8888 } from "udrm/uapi/drm_fourcc.ts";
import { compile, Rig as ClientRig } from "../clients/rig.ts";
import { dxgClientOptions } from "../clients/dxg_options.ts";
import { Coverage, IOCTLS } from "./coverage.ts";
import { adapters } from "./coverage_adapter.ts";
import { devices } from "./coverage_device.ts";
import { memory } from "./coverage_memory.ts";
import { fences } from "./coverage_sync.ts";
import { Client, Rig } from "./rig.ts";

const FILE = new URL("../../drivers/gpu/dxg/COVERAGE.md", import.meta.url);
const MiB = 2 ** 20;

/** A text without what formatting adds. */
const plain = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(/-{3,}/g, "---");

/** The table, filled by calls on Vulkan. */
async function observed(): Promise<Coverage> {
  using engine = new Packets({ gpu: "cpu" });
  using system = createSystem({
    drivers: [drivers.dxg({ engine, localMemory: 64 * MiB, nonLocalMemory: 64 * MiB })],
    pages: "memfd",
  });
  const client = new Client(system.process()), other = new Client(system.process());
  const table = new Coverage(client);
  await adapters(table, `${engine.info.name} (${engine.info.driverName})`, other);
  await devices(table);
  await memory(table);
  await fences(table, other);
  return table;
}

/** What the compute library uses: kernels, eviction, surfaces, fences. */
async function computes(table: Coverage): Promise<void> {
  using engine = new Packets({ gpu: "cpu" });
  using system = createSystem({ drivers: [drivers.dxg({ engine, localMemory: 8 * MiB })], pages: "memfd" });
  using _ = table.watch(system, "umd/compute");
  using device = openCompute(system);
  using twice = device.kernel(
    await compileWgsl(`
      @group(0) @binding(0) var<storage, read_write> a: array<u32>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        var sum = a[id.x];
        for (var i = 0u; i < 20000u; i++) { sum = sum * 3u + i; }
        a[id.x] = 2u * a[id.x] + select(0u, 1u, sum == 0u);
      }`),
  );
  const list = Array.from({ length: 5 }, () => device.buffer(2 * MiB));
  for (const a of list) device.queue.fill(a, 21).dispatch(twice, 64, [a]);
  await device.queue.done;
  assertEquals(list[0].read(Uint32Array, 0, 1)[0], 42);
  assert(device.evictions > 0, "more memory than there is was used");
  const second = device.createQueue();
  second.wait(device.queue.fill(list[1], 1).flush());
  second.flush();
  using surface = device.surface({ width: 16, height: 16, format: DRM_FORMAT_XRGB8888 });
  surface.share();
  device.queue.flush().syncFile();
  for (const a of list) a[Symbol.dispose]();
  device.queue.finish();
}

/** What the C programs use. */
async function programs(table: Coverage): Promise<void> {
  using engine = new CpuEngine();
  await using rig = await ClientRig.make(() => [drivers.dxg({ engine })]);
  for (
    const [source, ...tests] of [["dxg_client.c", "demo", "lock"], ["dxg_share.c", "resource", "fence", "sync_file"]]
  ) {
    using _ = table.watch(rig.system, source);
    for (const name of tests) {
      assertEquals(await rig.run(compile(source, ...dxgClientOptions()), name), { code: 0, out: "", err: "" });
    }
  }
}

Deno.test("every ioctl of /dev/dxg has an open client and an observed effect, and COVERAGE.md says which", async () => {
  const table = await observed();
  assertEquals(IOCTLS.length, 65);
  assertEquals(table.missing, []);
  await computes(table);
  await programs(table);
  const markdown = table.markdown();
  if (Deno.env.get("UDRM_UPDATE") === "1") {
    Deno.writeTextFileSync(FILE, markdown);
    new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", FILE.pathname] }).outputSync();
  }
  assertEquals(
    plain(Deno.readTextFileSync(FILE)),
    plain(markdown),
    "COVERAGE.md is stale: run this with UDRM_UPDATE=1",
  );
});

Deno.test("the coverage table takes no row of a call that fails, does nothing, or makes another ioctl", async () => {
  using rig = new Rig();
  const c = rig.first(), table = new Coverage(c);
  const close = k.d3dkmt_closeadapter.of({ adapter_handle: 7 });
  await assertRejects(() => table.see("D3DKMTCloseAdapter", close, "nothing", () => {}), Error, "D3DKMTCloseAdapter");
  const device = k.d3dkmt_createdevice.of({ adapter: c.adapter });
  await assertRejects(() => table.see("D3DKMTCreateDevice", device, "is 1", () => assertEquals(device.device, 1)));
  assertEquals(table.missing.length, 65);
  assert(table.markdown().includes("| LX_DXCREATEDEVICE | **none** |"));
  await table.see("D3DKMTCreateDevice", device, "a handle", () => assert(device.device !== 0));
  assertEquals(table.missing.length, 64);
});
