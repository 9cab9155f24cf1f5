/**
 * Piglit (Debian's package) through a renderer: `deno run -A tests/virgl/piglit.ts [--renderer NAME] [--reference NAME]
 * [--profile NAMES] [--filter REGEX] [--skip REGEX] [--every N --first I] [--out FILE]`. What fails is run with the reference, too; the report says for
 * each group how many passed, and which tests only the reference passes.
 * @module
 */

import { parseArgs } from "node:util";
import { type RendererName, RENDERERS, type Running, startRenderer } from "./renderers.ts";
import { Screen } from "./screen.ts";

const ROOT = "/usr/lib/x86_64-linux-gnu/piglit";
/** Longest that one test may take, s. */
const SECONDS = 30;

/** A test of a profile. */
interface Test {
  readonly name: string;
  readonly command: readonly string[];
}

/** How it went: what piglit says, or that it did not say. */
type Result = "pass" | "fail" | "skip" | "warn" | "crash" | "timeout";

/** One result, and what the test printed. */
interface Outcome {
  readonly result: Result;
  /** Its parts, where it tells them apart. */
  readonly parts: ReadonlyMap<string, string>;
  readonly output: string;
}

async function profile(name: string): Promise<Test[]> {
  const file = await Deno.open(`${ROOT}/tests/${name}.xml.gz`);
  const xml = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
  const plain = (text: string) =>
    text.replace(/&quot;/g, '"').replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const tests: Test[] = [], programs = new Set([...Deno.readDirSync(`${ROOT}/bin`)].map(({ name }) => name));
  for (const [, test, body] of xml.matchAll(/<Test type="[^"]*" name="([^"]*)">(.*?)<\/Test>/gs)) {
    const list = /name="command" value="(\[.*?\])"/.exec(body)?.[1];
    if (list === undefined) continue;
    const command = [...plain(list).matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, a, b]) => a ?? b);
    // Some are of other systems.
    if (programs.has(command[0])) tests.push({ name: plain(test), command });
  }
  return tests;
}

async function runTest(test: Test, renderer: Running, screen: Screen): Promise<Outcome> {
  const [program, ...args] = test.command;
  const child = new Deno.Command(`${ROOT}/bin/${program}`, {
    args: [...args, "-auto", "-fbo"].filter((arg, i, all) => all.indexOf(arg) === i || !arg.startsWith("-")),
    cwd: ROOT,
    env: {
      ...screen.env,
      ...renderer.env,
      HOME: screen.env.XDG_RUNTIME_DIR,
      PIGLIT_SOURCE_DIR: ROOT,
      PIGLIT_PLATFORM: "mixed_glx_egl",
      PIGLIT_NO_FAST_SKIP: "0",
      MESA_SHADER_CACHE_DISABLE: "true",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, SECONDS * 1000);
  const { stdout, stderr, signal } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  const output = `${decoder.decode(stdout)}\n${decoder.decode(stderr)}`;
  const parts = new Map<string, string>();
  let result: Result = late ? "timeout" : signal !== null ? "crash" : "fail", said = false;
  for (const [, json] of output.matchAll(/^PIGLIT: (\{.*\})\s*$/gm)) {
    const value = JSON.parse(json);
    if (typeof value.result === "string" && !late && signal === null) [result, said] = [value.result, true];
    for (const [part, how] of Object.entries(value.subtest ?? {})) parts.set(part, String(how));
  }
  if (!said && result === "fail") result = "crash";
  return { result, parts, output };
}

const { values } = parseArgs({
  options: {
    renderer: { type: "string", default: "udrm" },
    reference: { type: "string", default: "virgl_test_server" },
    profile: { type: "string", default: "quick_gl" },
    filter: { type: "string", default: "" },
    skip: { type: "string", default: "^$" },
    every: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    out: { type: "string", default: "out/piglit.json" },
  },
});
const known = (name: string): RendererName => {
  if ((RENDERERS as readonly string[]).includes(name)) return name as RendererName;
  throw new Error(`Cannot run with ${name}: it is none of ${RENDERERS.join(", ")}`);
};
const filter = new RegExp(values.filter), skip = new RegExp(values.skip);
const every = Number(values.every), first = Number(values.first);
const all = (await Promise.all(values.profile.split(",").map(profile))).flat();
const tests = all.filter(({ name }) => filter.test(name) && !skip.test(name)).filter((_, i) => i % every === first);

async function runAll(name: RendererName, tests: readonly Test[]): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  await using screen = await Screen.start();
  await using renderer = await startRenderer(name);
  const started = performance.now();
  for (const test of tests) {
    const outcome = await runTest(test, renderer, screen);
    outcomes.set(test.name, outcome);
    const bad = outcome.result !== "pass" && outcome.result !== "skip";
    if (bad) console.log(`${name}: ${outcome.result} ${test.name}: ${test.command.join(" ")}`);
    if (outcomes.size % 100 === 0) {
      console.error(
        `${name}: ${outcomes.size} of ${tests.length}, ${((performance.now() - started) / 1000).toFixed(0)} s`,
      );
    }
  }
  return outcomes;
}

const ours = await runAll(known(values.renderer), tests);
const bad = (outcome: Outcome | undefined) =>
  outcome !== undefined && outcome.result !== "pass" && outcome.result !== "skip";
const doubtful = tests.filter(({ name }) => bad(ours.get(name)));
const theirs = values.reference === "none"
  ? new Map<string, Outcome>()
  : await runAll(known(values.reference), doubtful);

const groups = new Map<string, { pass: number; skip: number; bad: number; worse: string[] }>();
for (const { name } of tests) {
  const group = name.split("@").slice(0, 2).join("@"), outcome = ours.get(name);
  let row = groups.get(group);
  if (row === undefined) groups.set(group, row = { pass: 0, skip: 0, bad: 0, worse: [] });
  if (!bad(outcome)) row[outcome?.result === "skip" ? "skip" : "pass"]++;
  else {
    row.bad++;
    const other = theirs.get(name);
    const parts = [...outcome?.parts ?? []].filter(([part, how]) =>
      how === "fail" && other?.parts.get(part) === "pass"
    );
    if (!bad(other) || parts.length > 0) row.worse.push(name);
  }
}
console.log(
  `\ngroup: passed, skipped, not passed, of those not passed by ${values.renderer} but by ${values.reference}`,
);
for (const [group, { pass, skip, bad, worse }] of groups) {
  console.log(`${group}: ${pass} ${skip} ${bad} ${worse.length}`);
}
const sum = [...groups.values()].reduce((a, b) => [a[0] + b.pass, a[1] + b.skip, a[2] + b.bad, a[3] + b.worse.length], [
  0,
  0,
  0,
  0,
]);
console.log(`all: ${sum.join(" ")}`);
for (const { worse } of groups.values()) for (const name of worse) console.log(`WORSE ${name}`);
const report = tests.map(({ name, command }) => {
  const a = ours.get(name), b = theirs.get(name);
  return {
    ...{ name, command, ours: a?.result, reference: b?.result },
    ...(bad(a)
      ? {
        output: a?.output.slice(-4000),
        parts: [...a?.parts ?? []].filter(([part, how]) => how !== b?.parts.get(part)),
      }
      : {}),
  };
});
Deno.mkdirSync(values.out.replace(/[^/]*$/, "") || ".", { recursive: true });
Deno.writeTextFileSync(values.out, JSON.stringify(report, undefined, 1));
