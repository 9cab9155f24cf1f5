/**
 * Runs a GL program on a screen with a renderer, and tells what came of it.
 * @module
 */

import type { Program } from "./programs.ts";
import type { Running } from "./renderers.ts";
import type { Picture, Screen } from "./screen.ts";

/** What came of a run. */
export interface Outcome {
  /** Frames a second, as the program says; undefined if it did not say. */
  readonly fps: number | undefined;
  /** The screen, where the program is one to look at. */
  readonly picture: Picture | undefined;
  /** Everything it printed. */
  readonly output: string;
  /** Whether it ended as it should: by itself with 0, or because it was ended. */
  readonly good: boolean;
}

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Runs a program to its end. Throws an Error if it is not installed. */
export async function runProgram(program: Program, renderer: Running, screen: Screen): Promise<Outcome> {
  const [command, ...args] = program.command;
  const env = { ...screen.env, vblank_mode: "0", HOME: screen.env.XDG_RUNTIME_DIR, ...renderer.env };
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, { args, env, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  } catch (error) {
    throw new Error(`Cannot run ${command}: is it installed?`, { cause: error });
  }
  let running = true;
  const status = child.status.then((value) => {
    running = false;
    return value;
  });
  const text = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  let picture: Picture | undefined;
  const wait = async (seconds: number): Promise<void> => {
    const end = performance.now() + seconds * 1000;
    while (running && performance.now() < end) await sleep(Math.min(0.1, (end - performance.now()) / 1000));
  };
  await wait(program.look ?? program.seconds);
  if (program.look !== undefined && running) {
    picture = screen.shot();
    await wait(program.seconds - program.look);
  }
  const early = !running;
  if (running) child.kill(program.ends ? "SIGKILL" : "SIGTERM");
  const { success } = await status;
  const output = (await text).join("\n");
  return { fps: program.fps?.(output), picture, output, good: program.ends ? early && success : !early };
}
