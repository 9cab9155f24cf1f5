/**
 * A process that plays a run of changed scripts: `virgl_child.ts SEED FIRST COUNT [validation]`. It says each number before it begins
 * with it, so that whoever hears nothing more knows which one was the last; and what went wrong, as JSON.
 * @module
 */

import { Formats } from "udrm/drivers/host/render/virgl/formats.ts";
import { VirglCaps } from "udrm/drivers/host/render/virgl/caps.ts";
import { virglContexts } from "udrm/drivers/host/render/virgl/contexts.ts";
import { openGpu } from "udrm/drivers/host/render/virgl/gpu.ts";
import { Virgl } from "udrm/drivers/host/render/virgl/virgl.ts";
import { fuzzScripts, VirglFuzzer } from "./virgl_fuzzer.ts";
import { captureScript } from "./virgl_script.ts";

/** How often the innocent client draws. */
const CHECK_EVERY = 50;
const MAX_BYTES = 256 * 2 ** 20;

/** What a child says of one of its lines. */
export type FuzzWord =
  /** It begins with a number. */
  | { readonly at: number }
  /** That one went wrong. */
  | { readonly at: number; readonly failure: string }
  /** It has done all. */
  | { readonly done: true; readonly lost: number; readonly pictures: number; readonly mib: number };

function say(word: FuzzWord): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(word)}\n`));
}

async function main(): Promise<void> {
  const [seed, first, count] = Deno.args.map(Number), validation = Deno.args[3] === "validation";
  const log = Deno.makeTempFileSync();
  const scripts = await fuzzScripts(), innocent = await captureScript("gears");
  const gpu = openGpu({ validation, validationLog: log });
  const formats = new Formats(gpu);
  const virgl = new Virgl(gpu, formats, new VirglCaps(gpu, formats, "gl33"), virglContexts, { maxBytes: MAX_BYTES });
  const fuzzer = new VirglFuzzer(virgl, scripts, innocent);
  let complaints = 0;
  for (let at = first; at < first + count; at++) {
    say({ at });
    try {
      fuzzer.run(seed, at);
      if ((at - first) % CHECK_EVERY === 0) fuzzer.check();
    } catch (error) {
      say({ at, failure: error instanceof Error ? error.stack ?? error.message : String(error) });
      // What is left of the renderer is not worth to go on with.
      Deno.exit(1);
    }
    if (validation && Deno.statSync(log).size > complaints) {
      const text = Deno.readTextFileSync(log);
      say({ at, failure: `The validation layers report:\n${text.slice(complaints, complaints + 3000)}` });
      complaints = text.length;
    }
  }
  const { lost, pictures } = fuzzer.counts;
  fuzzer[Symbol.dispose]();
  const left = gpu.device.ownedCount;
  virgl[Symbol.dispose]();
  if (virgl.holdings.used !== 0) say({ at: first, failure: `${virgl.holdings.used} bytes, ${left} objects are left` });
  Deno.removeSync(log);
  say({ done: true, lost, pictures, mib: Math.round(Deno.memoryUsage().rss / 2 ** 20) });
}

if (import.meta.main) await main();
