/**
 * All programs that `udrm vtest` is to draw for, with Vulkan's validation on: `deno run -A tests/virgl/programs_report.ts
 * [--renderer NAME] [--only REGEX] [--out FOLDER]` says of each whether it ran, how fast, how many validation messages came, and
 * saves what the screen showed as PNG into out/programs, with the reference's beside it. glmark2's scenes check themselves.
 * @module
 */

import { parseArgs } from "node:util";
import { encode } from "fast-png";
import { compareScenes, featuresOf, withFeatures } from "./features.ts";
import { endless, es2gears, glmark2, GLMARK2_SCENES, glxgears, openarena, type Program } from "./programs.ts";
import { type RendererName, RENDERERS, type Running, startRenderer } from "./renderers.ts";
import { runProgram } from "./run_program.ts";
import { type Picture, Screen } from "./screen.ts";

const HACKS = "/usr/libexec/xscreensaver";
/** Hacks that draw with OpenGL and need no pictures or nets of others. */
const GL_HACKS = [
  ...[
    "antinspect",
    "atunnel",
    "bubble3d",
    "circuit",
    "cubestorm",
    "dymaxionmap",
    "engine",
    "flipflop",
    "gears",
    "glknots",
  ],
  ...["glmatrix", "hypertorus", "jigglypuff", "lavalite", "moebius", "molecule", "morph3d", "pipes", "polyhedra"],
  ...["queens", "sierpinski3d", "superquadrics", "topblock"],
];

const { values } = parseArgs({
  options: {
    renderer: { type: "string", default: "udrm" },
    reference: { type: "string", default: "llvmpipe" },
    only: { type: "string", default: "" },
    out: { type: "string", default: "out/programs" },
  },
});
const known = (name: string): RendererName => {
  if ((RENDERERS as readonly string[]).includes(name)) return name as RendererName;
  throw new Error(`Cannot run with ${name}: it is none of ${RENDERERS.join(", ")}`);
};

/** A scene of glmark2 on the screen, with its own check. */
function scene(program: "glmark2" | "glmark2-es2", name: string): Program {
  const { command, fps, ...rest } = glmark2(program, name, 5);
  return { ...rest, command: command.filter((word) => word !== "--off-screen"), fps, look: 4 };
}

function check(program: "glmark2" | "glmark2-es2"): Program {
  return {
    name: `${program} --validate`,
    command: [program, "--validate", "--off-screen", "-s", "800x600"],
    seconds: 300,
    ends: true,
  };
}

const programs: Program[] = [
  glxgears,
  es2gears,
  ...GLMARK2_SCENES.map((name) => scene("glmark2", name)),
  ...GLMARK2_SCENES.map((name) => scene("glmark2-es2", name)),
  check("glmark2"),
  check("glmark2-es2"),
  ...GL_HACKS.map((name) => endless(`xscreensaver ${name}`, [`${HACKS}/${name}`, "-root"])),
  { ...openarena("opengl1"), seconds: 120 },
  { ...openarena("opengl2"), seconds: 120 },
  endless("neverball", ["/usr/games/neverball"], 20),
];

function save(file: string, { width, height, data }: Picture): void {
  Deno.writeFileSync(file, encode({ width, height, data, channels: 4, depth: 8 }));
}

/** Share of pixels of the two that are black, 0 to 1: a rough sign that nothing was drawn. */
function black({ data }: Picture): number {
  let count = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] === 0) count++;
  return count * 4 / data.length;
}

const only = new RegExp(values.only);
Deno.mkdirSync(values.out, { recursive: true });
const log = Deno.makeTempFileSync({ prefix: "udrm-validation-" });
let bad = 0, read = 0;

/** Runs the programs with one of the two. */
async function runAll(name: RendererName, renderer: Running, mine: boolean): Promise<void> {
  for (const program of programs) {
    if (!only.test(program.name)) continue;
    // A screen for each: what one leaves on it is not the next one's.
    await using screen = await Screen.start();
    const { fps, good, picture, output } = await runProgram(program, renderer, screen);
    const text = Deno.readTextFileSync(log),
      messages = text.slice(read).split("\n").filter((line) => line !== "").length;
    read = text.length;
    const checks = [...output.matchAll(/Validation: (\w+)/g)].map(([, verdict]) => verdict);
    const failed = checks.filter((verdict) => verdict === "Failure").length;
    const verdict = good && messages === 0 && failed === 0 ? "good" : "BAD";
    if (mine && verdict === "BAD") bad++;
    const facts = [
      ...(fps === undefined ? [] : [`${fps} frames/s`]),
      ...(messages === 0 ? [] : [`${messages} validation messages`]),
      ...(checks.length === 0 ? [] : [`${checks.length - failed} of ${checks.length} checks`]),
      ...(picture === undefined ? [] : [`${Math.round(black(picture) * 100)} % black`]),
    ];
    console.log(`${name}: ${verdict} ${program.name}: ${facts.join(", ")}`);
    if (!good) console.log(output.slice(-500));
    const file = `${program.name}-${name}`.replace(/[^a-z0-9-]+/gi, "_");
    if (picture !== undefined) save(`${values.out}/${file}.png`, picture);
  }
}

const name = known(values.renderer), reference = known(values.reference);
{
  await using renderer = await startRenderer(name, {
    UDRM_VULKAN_VALIDATION: "1",
    UDRM_VULKAN_VALIDATION_LOG: log,
  });
  await withFeatures(async (program) => {
    const drawn = await featuresOf(program, renderer);
    await using llvmpipe = await startRenderer("llvmpipe");
    for (const { name: feature, share, most } of compareScenes(drawn, await featuresOf(program, llvmpipe))) {
      const good = share <= 0.005;
      if (!good) bad++;
      console.log(
        `${name}: ${good ? "good" : "BAD"} feature ${feature}: ${(share * 100).toFixed(2)} % differ, by ${most}`,
      );
    }
  });
  await runAll(name, renderer, true);
}
{
  await using renderer = await startRenderer(reference);
  await runAll(reference, renderer, false);
}
Deno.removeSync(log);
console.log(bad === 0 ? "all good" : `${bad} bad`);
Deno.exit(bad === 0 ? 0 : 1);
