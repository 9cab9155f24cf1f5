// The core's fuzz from outside: C programs that do everything wrong, beside one that does everything right, on every driver.
// UDRM_FUZZ_SECONDS and UDRM_FUZZ_SEED make it longer or another.
import { assert, assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { drivers } from "udrm/mod.ts";
import { ERRNO } from "udrm/uapi/errno.ts";
import { fuzzTable } from "./fuzz_table.ts";
import { compile, Rig } from "./rig.ts";
import { held } from "./soak_held.ts";

const SECONDS = Number(Deno.env.get("UDRM_FUZZ_SECONDS") ?? 10);
/** Steps at least, however long that takes: each request must be tried. */
const STEPS = SECONDS * 400;
const SEED = Deno.env.get("UDRM_FUZZ_SEED") ?? "1";

interface Report {
  readonly steps: number;
  readonly commits: number;
  readonly mapped: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, readonly [tried: number, succeeded: number]>>;
}

/** Until what is held is what was, or has not changed for a while. */
async function settle(rig: Rig, before: Record<string, number>): Promise<void> {
  const end = Date.now() + 10_000;
  const same = (): boolean => JSON.stringify(held(rig)) === JSON.stringify(before);
  await rig.serve(() => same() || Date.now() > end);
  assertEquals(held(rig), before);
}

Deno.test("preload: random requests of hostile programs harm nobody else and leave nothing behind", async () => {
  await using rig = await Rig.make((display) => [
    drivers.virtioGpu({ display, name: "pci:0000:00:1f.7" }),
    drivers.vkms(),
    drivers.vgem(),
  ]);
  const table = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(table, fuzzTable(rig.system));
    const cards = ["/dev/dri/card0", "/dev/dri/card1", "/dev/dri/card2"];
    // Once over everything, so that what is made on first use is there.
    const first = await rig.run(compile("fuzz_check.c"), ...cards);
    assertEquals([first.code, first.err], [0, ""], first.out);
    await rig.serve(() => rig.server.clients + rig.server.files + rig.server.dmaBufs === 0, 5);
    const reset = async (): Promise<void> => {
      assertEquals(await rig.run(compile("fuzz_check.c"), "reset", ...cards), { code: 0, out: "", err: "" });
      await rig.serve(() => rig.server.clients + rig.server.files + rig.server.dmaBufs === 0, 5);
    };
    await reset();
    const before = held(rig);
    const good = rig.start(compile("fuzz_check.c"), ...cards);
    const running = rig.start(compile("fuzz.c"), SEED, String(SECONDS), table, "2", String(STEPS));
    const fuzz = await running.ended(SECONDS * 20 + 60);
    await good.end();
    const { code, out, err } = await good.ended();
    assertEquals([code, err], [0, ""], out);
    assertEquals(rig.errors, []);
    assertEquals([fuzz.code, fuzz.err], [0, ""], fuzz.out);
    const report: Report = JSON.parse(fuzz.out);
    await reset();
    await settle(rig, before);
    // A fuzzer that gets nowhere finds nothing.
    assertGreater(Number(out), SECONDS);
    assertGreaterOrEqual(report.steps, STEPS);
    const reached = Object.values(report.requests);
    assert(reached.every(([tried]) => tried > 0), JSON.stringify(report.requests));
    assertGreater(reached.filter(([, succeeded]) => succeeded > 0).length, reached.length / 2);
    for (const errno of [ERRNO.EFAULT, ERRNO.EINVAL, ERRNO.EBADF, ERRNO.ENOENT]) {
      assertGreater(report.errors[errno] ?? 0, 0);
    }
    assertEquals(report.errors[ERRNO.EIO], undefined);
    assertGreater(report.mapped, 0);
  } finally {
    Deno.removeSync(table);
  }
});
