import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertNotEquals } from "@std/assert";
import "udrm/drivers/os/testing.ts";
import { virglContexts } from "udrm/drivers/host/render/virgl/contexts.ts";
import { withVirgl } from "udrm/drivers/host/render/virgl/testing.ts";
import { runChild } from "./virgl.ts";
import { featureScript } from "./virgl_feature_script.ts";
import { fuzzScripts, VirglFuzzer } from "./virgl_fuzzer.ts";
import { Mutator } from "./virgl_mutate.ts";
import { ClientMemory, Player } from "./virgl_player.ts";
import { Random } from "./virgl_random.ts";
import { captureScript, type Step } from "./virgl_script.ts";

const MIB = 2 ** 20;
const SEED = Number(Deno.env.get("UDRM_FUZZ_SEED") ?? 1);

Deno.test("the script of features meets no error as it is", () =>
  withVirgl((virgl) => {
    using memory = new ClientMemory();
    const player = new Player(virgl, memory, "features");
    for (const step of featureScript().steps) {
      player.step(step);
      assertEquals([player.errors, player.context.lost], [0, undefined], JSON.stringify(step).slice(0, 200));
    }
    player[Symbol.dispose]();
    assert(virgl.wait(virgl.submit(), 10e9));
    virgl.completed();
  }, { contexts: virglContexts }));

async function fuzz(first: number, count: number, validation: boolean): Promise<void> {
  const scripts = await fuzzScripts(), innocent = await captureScript("gears");
  await withVirgl((virgl) => {
    using fuzzer = new VirglFuzzer(virgl, scripts, innocent);
    fuzzer.check();
    for (let i = first; i < first + count; i++) {
      try {
        fuzzer.run(SEED, i);
        if (i % 50 === 0) fuzzer.check();
      } catch (error) {
        throw new Error(`Mutation ${i} of seed ${SEED}: ${error instanceof Error ? error.stack : error}`);
      }
    }
    const { counts } = fuzzer;
    assertGreater(counts.lost, count / 4);
    assertLess(counts.lost, count * 0.95);
  }, { contexts: virglContexts, maxBytes: 256 * MIB, validation });
}

Deno.test("2000 changed scripts meet DrmErrors alone, and other clients never notice", () => fuzz(0, 1600, false));

Deno.test("changed scripts give the validation layers nothing to complain about", () => fuzz(1600, 200, true));

Deno.test("changed scripts leave nothing: played again and again, they take no more", async () => {
  const scripts = await fuzzScripts(), innocent = await captureScript("gears");
  await withVirgl((virgl) => {
    using fuzzer = new VirglFuzzer(virgl, scripts, innocent);
    const taken: { readonly rss: number; readonly objects: number; readonly bytes: number }[] = [];
    for (let round = 0; round < 4; round++) {
      for (let i = 1800; i < 2000; i++) fuzzer.run(SEED, i);
      const { device } = virgl.gpu;
      taken.push({ rss: Deno.memoryUsage().rss, objects: device.ownedCount, bytes: virgl.holdings.used });
    }
    const [, second, , last] = taken;
    assertEquals([last.objects, last.bytes], [second.objects, second.bytes]);
    // What the driver and the allocator keep for themselves: pages that are kept, compiled code.
    assertLess(last.rss - second.rss, 64 * MIB);
  }, { contexts: virglContexts, maxBytes: 256 * MIB, validation: false });
});

Deno.test("the nightly fuzzer reports a process that dies or hangs, with the number of what it played", async () => {
  const child = new URL("./virgl_broken_child.ts", import.meta.url).pathname;
  const run = (seed: number, patienceMs = 20_000) =>
    runChild({ seed, first: 0, count: 10, validation: false }, 0, 10, child, patienceMs);
  const died = await run(1), hung = await run(2, 3000), ended = await run(3), well = await run(4);
  assertEquals([died.at, hung.at, ended.at, well.at], [3, 3, 3, 9]);
  assertMatch(died.failures.join(), /^3: the process died of SIGKILL/);
  assertMatch(hung.failures.join(), /^3: it does not end within 3 s/);
  assertMatch(ended.failures.join(), /^3: the process ended with 7/);
  assertEquals([well.failures, well.done?.pictures], [[], 2]);
});

Deno.test("the nightly fuzzer plays changed scripts, and a seed gives the same ones again", async () => {
  const run = await runChild({ seed: 5, first: 20, count: 30, validation: false }, 20, 30);
  assertEquals([run.at, run.failures], [49, []]);
  assertGreater(run.done?.lost ?? 0, 0);
  const mutator = new Mutator(await fuzzScripts()), [script] = await fuzzScripts();
  const made = (index: number) => JSON.stringify(mutator.mutate(new Random(5, index), script).steps.map(summary));
  assertEquals(made(1), made(1));
  assertNotEquals(made(1), made(2));
});

function summary(step: Step): unknown {
  return step.kind === "submit" ? [...step.words] : step.kind === "put" ? [step.id, step.bytes.length] : step;
}
