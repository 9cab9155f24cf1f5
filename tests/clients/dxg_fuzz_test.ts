// /dev/dxg from outside: a C program that does everything wrong, beside one that does everything right. UDRM_FUZZ_SECONDS and
// UDRM_FUZZ_SEED make it longer or another.
import { assert, assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { CpuEngine } from "udrm/drivers/host/dxg/testing.ts";
import { drivers } from "udrm/mod.ts";
import { ERRNO } from "udrm/uapi/errno.ts";
import { dxgFuzzTable } from "./dxg_fuzz_table.ts";
import { dxgClientOptions } from "./dxg_options.ts";
import { compile, Rig } from "./rig.ts";
import { held } from "./soak_held.ts";

const SECONDS = Number(Deno.env.get("UDRM_FUZZ_SECONDS") ?? 8);
/** Steps at least, however long that takes: each request must be tried. */
const STEPS = SECONDS * 250;
const SEED = Deno.env.get("UDRM_FUZZ_SEED") ?? "1";

interface Report {
  readonly steps: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, readonly [tried: number, succeeded: number]>>;
}

Deno.test("preload: random requests of hostile programs on /dev/dxg harm nobody else and leave nothing behind", async () => {
  using engine = new CpuEngine();
  const table = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(table, dxgFuzzTable());
    await using rig = await Rig.make(() => [drivers.dxg({ engine })]);
    const honest = compile("dxg_client.c", ...dxgClientOptions());
    // Once before, so that what is made on first use is there.
    assertEquals(await rig.run(honest, "demo"), { code: 0, out: "", err: "" });
    const gone = (): boolean => rig.server.clients + rig.server.files + rig.server.spaces + rig.server.dmaBufs === 0;
    await rig.serve(gone, 5);
    const before = held(rig), memory = engine.live;
    const good = rig.start(honest, "steady");
    const running = rig.start(
      compile("dxg_fuzz.c", ...dxgClientOptions()),
      SEED,
      String(SECONDS),
      table,
      "3",
      String(STEPS),
    );
    const fuzz = await running.ended(SECONDS * 20 + 60);
    await good.end();
    const { code, out, err } = await good.ended();
    assertEquals([code, err], [0, ""], out);
    assertGreater(Number(out), SECONDS, "rounds of the honest program");
    assertEquals(rig.errors, []);
    assertEquals([fuzz.code, fuzz.err], [0, ""], fuzz.out);
    await rig.serve(gone, 10);
    const settled = Date.now() + 5000;
    await rig.serve(() => engine.live === memory || Date.now() > settled);
    assertEquals([held(rig), engine.live], [before, memory]);
    // A fuzzer that gets nowhere finds nothing.
    const report: Report = JSON.parse(fuzz.out);
    assertGreaterOrEqual(report.steps, STEPS);
    const reached = Object.entries(report.requests);
    assert(reached.every(([, [tried]]) => tried > 0), fuzz.out);
    const never = reached.filter(([, [, succeeded]]) => succeeded === 0).map(([name]) => name);
    assert(never.length < 25, `never succeeded: ${never.join(" ")}`);
    for (const errno of [ERRNO.EFAULT, ERRNO.EINVAL, ERRNO.ENOTTY, ERRNO.EBADF]) {
      assertGreater(report.errors[errno] ?? 0, 0);
    }
  } finally {
    Deno.removeSync(table);
  }
});
