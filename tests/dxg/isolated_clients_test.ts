// Unmodified programs on /dev/dxg whose hosts are processes: tests/clients/dxg_client.c says what is demanded.
import { assertEquals } from "@std/assert";
import { deviceChoice } from "udrm/cli/device_options.ts";
import { drivers } from "udrm/mod.ts";
import { dxgFuzzTable } from "../clients/dxg_fuzz_table.ts";
import { dxgClientOptions } from "../clients/dxg_options.ts";
import { compile, Rig } from "../clients/rig.ts";

const RUNS = ["node", "demo", "lock", "threads", "sysmem", "many", "share"].map((name) => [name, 40] as const);
for (const [name, version] of [...RUNS, ["sysmem", 27], ["many", 27]] as const) {
  Deno.test(`isolated: dxg_client ${name}, version ${version}`, async () => {
    const hostModule = new URL("./isolated_child.ts", import.meta.url);
    await using rig = await Rig.make(
      () => [drivers.dxg({ isolate: "process", synchronous: false, hostModule, version })],
    );
    assertEquals(await rig.run(compile("dxg_client.c", ...dxgClientOptions()), name), { code: 0, out: "", err: "" });
    await rig.serve(() => rig.server.clients + rig.server.files + rig.server.spaces === 0, 5);
    assertEquals(rig.errors, []);
  });
}

Deno.test("isolated: random requests of hostile programs harm nobody else and leave nothing behind", async () => {
  const table = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(table, dxgFuzzTable());
    const hostModule = new URL("./isolated_child.ts", import.meta.url);
    await using rig = await Rig.make(() => [drivers.dxg({ isolate: "process", synchronous: false, hostModule })]);
    const good = rig.start(compile("dxg_client.c", ...dxgClientOptions()), "steady");
    const running = rig.start(compile("dxg_fuzz.c", ...dxgClientOptions()), "20251", "5", table, "3", "300");
    const fuzz = await running.ended(160);
    await good.end();
    const { code, out, err } = await good.ended();
    assertEquals([code, err, Number(out) > 0], [0, "", true]);
    assertEquals([fuzz.code, fuzz.err, JSON.parse(fuzz.out).steps >= 300], [0, "", true]);
    const { server } = rig;
    await rig.serve(() => server.clients + server.files + server.spaces + server.dmaBufs === 0, 10);
    assertEquals(rig.errors, []);
  } finally {
    Deno.removeSync(table);
  }
});

Deno.test("--isolate: for dxg alone, process or none; without it the configuration says nothing", () => {
  const chosen = (isolate?: string, driver = ["dxg"]): unknown => {
    const choice = deviceChoice({ driver, ...(isolate !== undefined && { isolate }) });
    return "error" in choice ? choice.error : choice.devices;
  };
  assertEquals(chosen(), [{ driver: "dxg" }]);
  assertEquals(chosen("none", ["vgem", "dxg"]), [{ driver: "vgem" }, { driver: "dxg", isolate: "none" }]);
  assertEquals(chosen("thread"), '--isolate is one of process, none, not "thread"');
  assertEquals(chosen("none", ["vgem"]), "--isolate is for dxg, and there is none");
  assertEquals(deviceChoice({ config: "a.json", isolate: "none" }), {
    error: "--isolate does not go with --config: say it in a.json",
  });
});
