// Programs on /dev/dxg: dxg_client.c says what is demanded. The engine is the double on the CPU.
import { assertEquals } from "@std/assert";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import { drivers } from "udrm/mod.ts";
import { dxgClientOptions } from "./dxg_options.ts";
import { compile, Rig } from "./rig.ts";

const TESTS: readonly [name: string, what: string][] = [
  ["node", "/dev/dxg is a character device that knows ioctls, and no others than its own"],
  ["demo", "submit_demo: the program's memory, a fence page, an eventfd, and a child that has none of it"],
  ["lock", "LOCK2 shows memory where the server says, until the last UNLOCK2"],
  ["threads", "what one thread has mapped another unmaps"],
  ["sysmem", "the program's memory is shared in place, twice and again; what cannot be is ENOMEM"],
  ["many", "900 allocations over the program's memory in one call"],
  ["share", "a fence goes to another program by its descriptor"],
];

for (const [name, what] of TESTS) {
  Deno.test(`preload: ${what}`, async () => {
    using engine = new CpuEngine();
    await using rig = await Rig.make(() => [drivers.dxg({ engine })]);
    assertEquals(await rig.run(compile("dxg_client.c", ...dxgClientOptions()), name), { code: 0, out: "", err: "" });
    await rig.serve(() => rig.server.clients + rig.server.files + rig.server.spaces === 0, 5);
    assertEquals(rig.errors, []);
  });
}

Deno.test("preload: the adapter goes while a program waits: it is woken with ENODEV, and what it sees stays", async () => {
  using engine = new CpuEngine();
  await using rig = await Rig.make(() => [drivers.dxg({ engine })]);
  const running = rig.start(compile("dxg_client.c", ...dxgClientOptions()), "gone");
  await rig.serve(() => running.out === "ready" || running.exited);
  await rig.serve(() => rig.server.clients > 0);
  for (let i = 0; i < 10; i++) await rig.serve(() => true); // it waits by now, or will
  rig.system.removeDevice(rig.system.devices[0]);
  assertEquals(await running.ended(), { code: 0, out: "ready", err: "" });
  await rig.serve(() => rig.server.clients + rig.server.files + rig.server.spaces === 0, 5);
  assertEquals(rig.errors, []);
});
