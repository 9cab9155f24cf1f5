/**
 * GL programs of Debian through `udrm vtest`, against Debian's virgl_test_server (C, on llvmpipe), with zink on lavapipe and plain
 * llvmpipe beside them: glxgears, each default scene of glmark2-es2 and glmark2 off-screen, and OpenArena's demo in both of its
 * renderers, and many_draws.c. Each program meets the renderers by turns. UDRM_BENCH_PART=gears|draws|es2|gl|openarena chooses; UDRM_BENCH_SECONDS and
 * UDRM_BENCH_ROUNDS say how long and how often.
 * @module
 */

import { glmark2, GLMARK2_SCENES, glxgears, openarena, type Program } from "../virgl/programs.ts";
import { type RendererName, RENDERERS, startRenderer } from "../virgl/renderers.ts";
import { runProgram } from "../virgl/run_program.ts";
import { Screen } from "../virgl/screen.ts";
import type { BenchRow } from "./harness.ts";

const SECONDS = Number(Deno.env.get("UDRM_BENCH_SECONDS") ?? 2);
const ROUNDS = Number(Deno.env.get("UDRM_BENCH_ROUNDS") ?? 3);
const REFERENCE: RendererName = "virgl_test_server";

/** Draws a second of many small ones; its "frames" are draws. */
function manyDraws(): Program {
  const program = `${Deno.makeTempDirSync({ prefix: "udrm-bench-" })}/many_draws`;
  const source = new URL("./many_draws.c", import.meta.url).pathname;
  const { success } = new Deno.Command("gcc", {
    args: ["-O2", "-o", program, source, "-lGL", "-lX11"],
    stderr: "inherit",
  })
    .outputSync();
  if (!success) throw new Error("Cannot measure: gcc does not build many_draws.c; install libgl-dev and libx11-dev");
  return {
    name: "many small draws",
    command: [program, String(SECONDS)],
    seconds: 60,
    ends: true,
    fps: (output) => Number(/draws\/s: (\d+)/.exec(output)?.[1]),
  };
}

const PARTS: Readonly<Record<string, () => Program[]>> = {
  gears: () => [glxgears],
  draws: () => [manyDraws()],
  es2: () => GLMARK2_SCENES.map((scene) => glmark2("glmark2-es2", scene, SECONDS)),
  gl: () => GLMARK2_SCENES.map((scene) => glmark2("glmark2", scene, SECONDS)),
  openarena: () => [openarena("opengl1"), openarena("opengl2")],
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
const geomean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

type Rates = Record<RendererName, number>;

async function measure(program: Program, screen: Screen, rounds: number): Promise<Rates> {
  const seen: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const name of RENDERERS) {
      await using renderer = await startRenderer(name);
      const { fps, good, output } = await runProgram(program, renderer, screen);
      if (!good || fps === undefined) {
        throw new Error(`Cannot measure ${program.name} on ${name}: ${output.slice(-600)}`);
      }
      (seen[name] ??= []).push(fps);
    }
  }
  return Object.fromEntries(RENDERERS.map((name) => [name, median(seen[name])])) as Rates;
}

function target(program: Program, rates: Rates): string {
  if (program.name === "openarena opengl2") return ">= 1";
  if (program.name.startsWith("openarena")) return ">= 0.9";
  return rates.zink / rates[REFERENCE] < 0.7 ? ">= 0.6" : ">= 0.7";
}

/** Rows of frames a second against virgl_test_server, each with what zink and llvmpipe reach, and the geometric mean. */
export async function bench(): Promise<BenchRow[]> {
  const chosen = Deno.env.get("UDRM_BENCH_PART");
  const rows: BenchRow[] = [];
  const means: number[] = [];
  await using screen = await Screen.start();
  for (const part of chosen === undefined ? Object.keys(PARTS) : chosen.split(",")) {
    for (const program of PARTS[part]()) {
      const rates = await measure(program, screen, part === "openarena" ? 1 : ROUNDS);
      const ratio = rates.udrm / rates[REFERENCE];
      const beside = `zink ${(rates.zink / rates[REFERENCE]).toFixed(2)}, llvmpipe ${
        (rates.llvmpipe / rates[REFERENCE]).toFixed(2)
      }`;
      if (part === "gears" || part === "es2") means.push(ratio);
      rows.push({
        name: `${program.name} (${beside})`,
        unit: "fps",
        reference: REFERENCE,
        value: rates.udrm,
        referenceValue: rates[REFERENCE],
        ratio,
        target: target(program, rates),
      });
      console.log(`${program.name}: ${ratio.toFixed(2)} of ${REFERENCE} (${beside})`);
    }
  }
  if (means.length > 0) {
    const ratio = geomean(means);
    rows.push({
      name: "geometric mean of glmark2-es2 and glxgears",
      unit: "ratio",
      reference: REFERENCE,
      value: ratio,
      referenceValue: 1,
      ratio,
      target: ">= 0.9",
    });
  }
  return rows;
}
