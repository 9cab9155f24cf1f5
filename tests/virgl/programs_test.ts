/**
 * Unmodified GL programs through `udrm vtest`, as Mesa's virpipe driver speaks to it, with Vulkan's validation on: what they draw
 * is what llvmpipe draws, no message comes, and memory stays flat. Needs gcc, libegl-dev, libgl-dev, xvfb, mesa-utils, glmark2-x11
 * and glmark2-es2-x11.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { residentBytes } from "udrm/drivers/os/process.ts";
import { compareScenes, type Features, featuresOf, withFeatures } from "./features.ts";
import { glmark2, glxgears, type Program } from "./programs.ts";
import { type Running, startRenderer } from "./renderers.ts";
import { runProgram } from "./run_program.ts";
import { Screen } from "./screen.ts";

/** A server whose validation messages are collected; `messages` are to be none. */
async function withServer(body: (renderer: Running) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-programs-" }), log = `${folder}/validation`;
  Deno.writeTextFileSync(log, "");
  try {
    {
      await using renderer = await startRenderer("udrm", {
        UDRM_VULKAN_VALIDATION: "1",
        UDRM_VULKAN_VALIDATION_LOG: log,
      });
      await body(renderer);
    }
    assertEquals(Deno.readTextFileSync(log), "");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("udrm vtest draws 32 scenes of OpenGL 3.3's features as llvmpipe does: 99.5 % of pixels within 3/255", async () => {
  await withFeatures(async (program) => {
    await using llvmpipe = await startRenderer("llvmpipe");
    const wanted = await featuresOf(program, llvmpipe);
    assertMatch(wanted.renderer, /^llvmpipe/);
    assertEquals(wanted.scenes.size, 32);
    await withServer(async (renderer) => {
      const drawn = await featuresOf(program, renderer);
      assertMatch(drawn.renderer, /^virgl \(udrm/);
      const different = compareScenes(drawn, wanted).filter(({ share }) => share > 0.005);
      assertEquals(different, []);
    });
    // The comparison can fail: another scene's picture is no match.
    const swapped: Features = { ...wanted, scenes: new Map([["fog", wanted.scenes.get("depth") ?? new Uint8Array()]]) };
    assert(compareScenes(swapped, wanted).every(({ share }) => share > 0.1));
  });
});

Deno.test("glxgears' three gears appear on an X screen, and its server's memory stays flat", async () => {
  await using screen = await Screen.start();
  await withServer(async (renderer) => {
    // The process that waits for the first client will be glxgears'; another one starts beside it.
    const [pid] = children(renderer.pid ?? 0);
    const sizes: number[] = [];
    const timer = setInterval(() => sizes.push(residentBytes(pid)), 500);
    const { picture, good } = await runProgram({ ...glxgears, look: 7, seconds: 12 }, renderer, screen);
    clearInterval(timer);
    assert(good);
    assert(picture !== undefined);
    const colours = { red: 0, green: 0, blue: 0, black: 0 };
    for (let y = 0; y < 300; y++) {
      for (let x = 0; x < 300; x++) {
        const at = (y * picture.width + x) * 4, [r, g, b] = picture.data.subarray(at, at + 3);
        if (r > 80 && r > 2 * g && r > 2 * b) colours.red++;
        else if (g > 80 && g > 2 * r && g > 1.5 * b) colours.green++;
        else if (b > 80 && b > 2 * r && b > 1.5 * g) colours.blue++;
        else if (r + g + b === 0) colours.black++;
      }
    }
    assert(colours.red > 2000 && colours.green > 1500 && colours.blue > 1500, JSON.stringify(colours));
    assert(colours.black > 20000, JSON.stringify(colours));
    // What each frame left behind would be hundreds of megabytes in these seconds; V8's heap breathes by tens.
    assert(sizes.length >= 18, `${sizes.length} samples`);
    const early = Math.max(...sizes.slice(9, 12)), late = Math.min(...sizes.slice(-3));
    assert(early > 50 * 2 ** 20, `${early} bytes are too few for a renderer`);
    assert(late < early + 96 * 2 ** 20, `from ${early} to ${late} bytes`);
  });
});

/** glmark2's own check of pixels; some scenes have none. */
function validated(program: "glmark2" | "glmark2-es2", scenes: readonly string[]): Program {
  const { command, ...rest } = glmark2(program, scenes[0], 1);
  const options = scenes.flatMap((scene) => ["-b", scene]);
  return { ...rest, command: [command[0], "--validate", "--off-screen", "-s", "800x600", ...options] };
}

for (const program of ["glmark2", "glmark2-es2"] as const) {
  Deno.test(`${program} finds its pixels right`, async () => {
    const scenes = ["build", "texture", "shading", "bump", "effect2d", "conditionals", "function", "loop"];
    await using screen = await Screen.start();
    await withServer(async (renderer) => {
      const { output, good } = await runProgram(validated(program, scenes), renderer, screen);
      assert(good, output.slice(-2000));
      const verdicts = [...output.matchAll(/Validation: (\w+)/g)].map(([, verdict]) => verdict);
      assertEquals(verdicts.length, scenes.length);
      assertEquals(verdicts.filter((verdict) => verdict === "Failure"), []);
      assert(verdicts.filter((verdict) => verdict === "Success").length >= 3, output.slice(-2000));
    });
  });
}

/** The processes that one has started, the oldest first. */
function children(parent: number): number[] {
  const found: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = Deno.readTextFileSync(`/proc/${name}/status`);
      if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === parent) found.push(Number(name));
    } catch { /* it ended meanwhile */ }
  }
  return found.sort((a, b) => a - b);
}
