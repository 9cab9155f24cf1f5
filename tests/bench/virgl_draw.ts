/**
 * What a draw of virgl costs the CPU until its commands are recorded, and where that goes: submissions of real programs are executed
 * again and again with lavapipe's commands, with commands that do nothing (what is left is ours and FFI's), and without any (what
 * is left is ours). The GPU gets empty command buffers, so that it does not disturb. `deno run -A tests/bench/virgl_draw.ts --measure KIND FRAME` prints
 * the figure of one, for profilers. Needs gcc and mesa-vulkan-drivers.
 * @module
 */

import { fileURLToPath } from "node:url";
import type { RenderContext } from "../../core/host3d.ts";
import { Graveyard } from "../../drivers/bus/vtest/graveyard.ts";
import { VTEST_LIMITS } from "../../drivers/bus/vtest/limits.ts";
import { loadCapture, replay } from "../../drivers/bus/vtest/replay.ts";
import { Session } from "../../drivers/bus/vtest/session.ts";
import { VtestClient } from "../../drivers/bus/vtest/testing.ts";
import { virgl } from "../../drivers/host/render/virgl/mod.ts";
import { loadVulkan, type Vulkan } from "../../drivers/host/vulkan/loader.ts";
import {
  Arena,
  VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
  VkCommandBufferBeginInfo,
} from "../../drivers/host/vulkan/mod.ts";
import { streamPair } from "../../drivers/os/mod.ts";
import { VIRGL_CCMD_CREATE_OBJECT, VIRGL_CCMD_DRAW_VBO } from "../../uapi/virgl_protocol.ts";
import { VIRGL_CCMD_DESTROY_OBJECT, VIRGL_CCMD_SET_CONSTANT_BUFFER } from "../../uapi/virgl_protocol.ts";
import { VCMD_SUBMIT_CMD } from "../../uapi/vtest.ts";
import type { BenchRow } from "./harness.ts";
import { lavapipe } from "../virgl/renderers.ts";

/** What stands for vkCmd*. */
const KINDS = ["driver", "empty", "none"] as const;
type Kind = typeof KINDS[number];
/** A frame of glxgears; one of glmark2's desktop, which renders to textures; and a constant and a draw, 1000 times. */
const FRAMES = ["gears", "desktop", "small"] as const;
type FrameName = typeof FRAMES[number];

const PASSES = 3, WARM_MS = 1500, MEASURED_MS = 1500, SMALL = 1000;
/** ns a draw, decoded and recorded. */
const TARGET = 2000;

/** A submission that can be executed again. */
interface Frame {
  readonly words: Uint32Array;
  readonly draws: number;
}

function* commandsOf(words: Uint32Array): Generator<{ id: number; at: number; next: number }> {
  for (let at = 0; at < words.length;) {
    const next = at + 1 + (words[at] >>> 16);
    yield { id: words[at] & 0xff, at, next };
    at = next;
  }
}

/** What may be executed again: draws, and no objects that come or go. */
function frameOf(words: Uint32Array): Frame | undefined {
  let draws = 0;
  for (const { id } of commandsOf(words)) {
    if (id === VIRGL_CCMD_CREATE_OBJECT || id === VIRGL_CCMD_DESTROY_OBJECT) return undefined;
    if (id === VIRGL_CCMD_DRAW_VBO) draws++;
  }
  return draws === 0 ? undefined : { words, draws };
}

/** The last constant and the last draw of a frame, many times. */
function small({ words }: Frame): Frame {
  const last = new Map<number, Uint32Array>();
  for (const { id, at, next } of commandsOf(words)) last.set(id, words.subarray(at, next));
  const constant = last.get(VIRGL_CCMD_SET_CONSTANT_BUFFER), draw = last.get(VIRGL_CCMD_DRAW_VBO);
  if (constant === undefined || draw === undefined) throw new Error("Cannot measure: the capture draws nothing");
  const all = new Uint32Array((constant.length + draw.length) * SMALL);
  for (let i = 0, at = 0; i < SMALL; i++) {
    all.set(constant, at);
    all.set(draw, at += constant.length);
    at += draw.length;
  }
  return { words: all, draws: SMALL };
}

/** Takes the Vulkan commands away that record. */
function withoutCommands(vk: Vulkan): void {
  const table = Object.getPrototypeOf(vk);
  for (const name of Object.keys(table)) if (name.startsWith("vkCmd")) table[name] = () => {};
}

/** Has each command buffer emptied when it is complete. */
function withoutExecution(vk: Vulkan): void {
  const table: Vulkan = Object.getPrototypeOf(vk), { vkEndCommandBuffer: end } = vk;
  const info = new Arena(64).put(VkCommandBufferBeginInfo, { flags: VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT });
  table.vkEndCommandBuffer = (commands) => {
    const result = end(commands);
    if (result < 0) return result;
    vk.vkResetCommandBuffer(commands, 0);
    vk.vkBeginCommandBuffer(commands, info);
    return end(commands);
  };
}

/** ns a draw, the least disturbed of what was measured. */
async function measure(kind: Kind, name: FrameName, emptyLibrary: string): Promise<number> {
  using library = kind === "empty" ? loadVulkan(emptyLibrary) : loadVulkan();
  if (kind === "none") withoutCommands(library.vk);
  using renderer = virgl();
  using graveyard = new Graveyard(renderer);
  const contexts: RenderContext[] = [];
  const create = renderer.createContext.bind(renderer);
  renderer.createContext = (capset, text) => {
    const context = create(capset, text);
    contexts.push(context);
    return context;
  };
  const [server, client] = streamPair();
  using session = new Session(server, renderer, graveyard, VTEST_LIMITS);
  using from = new VtestClient(client, () => {
    if (session.run() === "batch") renderer.wait(session.last, 1e10);
  });
  const file = new URL(`../data/virgl/captures/${name === "desktop" ? name : "gears"}.vtr.gz`, import.meta.url);
  const messages = await loadCapture(file);
  const end = messages.findLastIndex(({ command, bytes }) =>
    command === VCMD_SUBMIT_CMD && frameOf(new Uint32Array(bytes.slice(8).buffer)) !== undefined
  );
  replay(from, messages.slice(0, end + 1), () => {});
  session.run();
  const found = frameOf(new Uint32Array(messages[end].bytes.slice(8).buffer)), [context] = contexts;
  if (found === undefined || context === undefined) throw new Error(`Cannot measure ${name}: ${session.end}`);
  const { words, draws } = name === "small" ? small(found) : found;
  withoutExecution(library.vk);
  const samples: number[] = [];
  const start = performance.now();
  for (let now = start; now < start + WARM_MS + MEASURED_MS;) {
    const before = performance.now();
    context.submit(words, words.length);
    now = performance.now();
    if (now > start + WARM_MS) samples.push((now - before) * 1e6 / draws);
    renderer.wait(renderer.submit(), 1e10);
  }
  samples.sort((a, b) => a - b);
  return samples[samples.length >> 1];
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const env = { VK_ICD_FILENAMES: lavapipe(), UDRM_VULKAN_VALIDATION: "0" };
  const { success, code, stdout } = await new Deno.Command(command, { args: [...args], env, stderr: "inherit" })
    .output();
  if (!success) throw new Error(`Cannot measure: ${command} ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

/** A library whose vkCmd* do nothing; all else is the loader's, which it needs. @returns its file */
async function emptyLibrary(folder: string): Promise<string> {
  using real = loadVulkan();
  const commands = Object.keys(Object.getPrototypeOf(real.vk)).filter((name) => name.startsWith("vkCmd"));
  const source = `${folder}/empty.c`, library = `${folder}/libempty.so`;
  await Deno.writeTextFile(source, commands.map((name) => `void ${name}(void) {}\n`).join(""));
  await output("gcc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-Wl,--no-as-needed", "-l:libvulkan.so.1"]);
  return library;
}

/** Rows of ns a draw against the target, and of what FFI and the driver add to our own part. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await Deno.makeTempDir({ prefix: "udrm-bench-" });
  try {
    const library = await emptyLibrary(folder);
    const rows: BenchRow[] = [];
    for (const frame of FRAMES) {
      // A process each: call sites that have met two kinds of command are slower for good.
      const best: Record<Kind, number> = { driver: Infinity, empty: Infinity, none: Infinity };
      for (let pass = 0; pass < PASSES; pass++) {
        for (const kind of KINDS) {
          const args = ["run", "-A", "--no-check", fileURLToPath(import.meta.url), "--measure", kind, frame, library];
          best[kind] = Math.min(best[kind], Number(await output(Deno.execPath(), args)));
        }
      }
      const share = (value: number) => `${(100 * value / best.driver).toFixed(0)}%`;
      const parts = `ours ${share(best.none)}, FFI ${share(best.empty - best.none)}, driver ${
        share(best.driver - best.empty)
      }`;
      rows.push({
        name: `a draw of ${frame}, decoded and recorded (${parts})`,
        ...{ unit: "ns", reference: "the target", value: best.driver, referenceValue: TARGET },
        ...{ ratio: best.driver / TARGET, target: "<= 1" },
      });
    }
    return rows;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const [option, kind, frame, library] = Deno.args;
  if (option === "--measure") console.log(await measure(kind as Kind, frame as FrameName, library));
  else console.log(JSON.stringify(await bench(), null, 2));
}
