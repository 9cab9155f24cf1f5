/**
 * `deno task fuzz:virgl [--seed N] [--first N] [--count N] [--validation]`: plays changed scripts to a virgl renderer, in processes of
 * their own. Each that goes wrong, crashes or hangs is reported with its number; the rest goes on in another process.
 * The same seed and number give the same script: `--seed S --first N --count 1` plays one again.
 * @module
 */

import { TextLineStream } from "./lines.ts";
import type { FuzzWord } from "./virgl_child.ts";

/** Changed scripts of one process. */
const RUN = 2000;
/** How long one may take, ms. */
const PATIENCE_MS = 60_000;
const CHILD = new URL("./virgl_child.ts", import.meta.url).pathname;

/** What to play. */
export interface Choice {
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  readonly validation: boolean;
}

const HELP = `deno task fuzz:virgl [OPTIONS]: plays changed scripts to a virgl renderer, in processes of their own.

  --seed N       of the changes; random by default, and printed
  --first N      the first script, 0 by default
  --count N      how many, 100000 by default
  --validation   with Vulkan's validation layers
  --help         this

What goes wrong is reported with its seed and number. To play one again: --seed S --first N --count 1`;

const OPTIONS: readonly string[] = ["--seed", "--first", "--count", "--validation"];

function choose(args: readonly string[]): Choice {
  const unknown = args.find((word) => word.startsWith("-") && !OPTIONS.includes(word));
  if (unknown !== undefined) throw new TypeError(`${unknown} is no option; --help tells which there are`);
  const number = (name: string, other: number): number => {
    const at = args.indexOf(name);
    if (at < 0) return other;
    const value = Number(args[at + 1]);
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${name} needs a number`);
    return value;
  };
  return {
    seed: number("--seed", crypto.getRandomValues(new Uint32Array(1))[0]),
    first: number("--first", 0),
    count: number("--count", 100_000),
    validation: args.includes("--validation"),
  };
}

/** What came of a process. */
export interface Run {
  /** The last number that it began with. */
  readonly at: number;
  readonly failures: readonly string[];
  /** What it said at its end; undefined if it did not get there. */
  readonly done: Extract<FuzzWord, { done: true }> | undefined;
}

/**
 * Plays a run of changed scripts in a process.
 * @param child what runs in it. @param patienceMs how long it may take for one
 */
export async function runChild(
  { seed, validation }: Choice,
  first: number,
  count: number,
  child = CHILD,
  patienceMs = PATIENCE_MS,
): Promise<Run> {
  const args = ["run", "-A", child, ...[seed, first, count].map(String), ...validation ? ["validation"] : []];
  const process = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).spawn();
  let at = first, hangs = false, done: Run["done"];
  const failures: string[] = [];
  const kill = () => {
    hangs = true;
    process.kill("SIGKILL");
  };
  let timer = setTimeout(kill, patienceMs);
  const complaints = new Response(process.stderr).text();
  for await (const line of process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    // Drivers may write to stdout, too.
    if (!line.startsWith("{")) continue;
    clearTimeout(timer);
    timer = setTimeout(kill, patienceMs);
    const word = JSON.parse(line) as FuzzWord;
    if ("done" in word) done = word;
    else if ("failure" in word) failures.push(`${word.at}: ${word.failure}`);
    else at = word.at;
  }
  const { code, signal } = await process.status;
  clearTimeout(timer);
  const text = (await complaints).slice(-2000);
  if (hangs) failures.push(`${at}: it does not end within ${patienceMs / 1000} s`);
  else if (signal !== null) failures.push(`${at}: the process died of ${signal}\n${text}`);
  else if (done === undefined && failures.length === 0) failures.push(`${at}: the process ended with ${code}\n${text}`);
  return { at, failures, done };
}

async function main(): Promise<number> {
  if (Deno.args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const choice = choose(Deno.args), { seed, first, count } = choice, end = first + count;
  console.log(`seed ${seed}: ${count} changed scripts from ${first} on`);
  let failed = 0, lost = 0, pictures = 0;
  for (let at = first; at < end;) {
    const run = await runChild(choice, at, Math.min(RUN, end - at));
    failed += run.failures.length;
    for (const failure of run.failures) console.log(`FAILED --seed ${seed} --first ${failure}`);
    at = run.at + 1;
    lost += run.done?.lost ?? 0;
    pictures += run.done?.pictures ?? 0;
    const memory = run.done === undefined ? "" : `, ${run.done.mib} MiB`;
    console.log(
      `${at - first} of ${count}: ${failed} failed, ${lost} contexts lost, ${pictures} right pictures${memory}`,
    );
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
