/**
 * The door for unmodified programs: round trips of DRM_IOCTL_GET_CAP from C programs through the client library, against a server
 * in C behind the same library (door_server.c), on one core, where nothing counts but what is computed, and on all, where waking
 * another core up counts most; page flips of modetest against the mode's refresh; and how long `udrm run -- true` takes.
 * @module
 */

import { buildShim } from "udrm/drivers/chardev/preload/mod.ts";
import type { BenchRow } from "./harness.ts";

const ROUNDS = 5;
const SECONDS = 1;
const CLIENTS = 8;
const STARTS = 9;
const FLIP_SECONDS = 4;
const root = new URL("../../", import.meta.url).pathname;

/** A server, as its clients see it. */
interface Door extends AsyncDisposable {
  readonly env: Record<string, string>;
}

async function build(name: string, folder: string): Promise<string> {
  const source = new URL(`./${name}.c`, import.meta.url).pathname;
  const args = ["-O2", "-I/usr/include/libdrm", "-o", `${folder}/${name}`, source];
  const { success } = await new Deno.Command("gcc", { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`Cannot measure: gcc does not build ${name}.c`);
  return `${folder}/${name}`;
}

async function line(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text;
}

/** A program and its arguments, kept on the first core that this process may use if `pinned`. */
function command(pinned: boolean, program: string, args: string[], options: Deno.CommandOptions): Deno.ChildProcess {
  const [first, ...rest] = pinned ? ["taskset", "-c", firstCore(), program, ...args] : [program, ...args];
  return new Deno.Command(first, { ...options, args: rest }).spawn();
}

function firstCore(): string {
  return /^Cpus_allowed_list:\s*(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? "0";
}

async function inC(folder: string, pinned: boolean): Promise<Door> {
  const own = Deno.makeTempDirSync({ dir: folder, prefix: "door-" });
  Deno.mkdirSync(`${own}/root/dev/dri`, { recursive: true });
  Deno.writeTextFileSync(`${own}/root/dev/dri/card0`, "");
  const process = command(pinned, await build("door_server", folder), [own], { stdout: "piped" });
  await line(process.stdout);
  return {
    env: { LD_PRELOAD: await buildShim(), UDRM_SOCKET: `${own}/socket` },
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGTERM");
      await process.stdout.cancel();
      await process.status;
    },
  };
}

async function udrm(driver: string, pinned = false): Promise<Door> {
  const args = ["run", "-A", "cli/main.ts", "serve", "--json", "--driver", driver];
  const process = command(pinned, Deno.execPath(), args, { cwd: root, stdout: "piped" });
  return {
    env: JSON.parse(await line(process.stdout)),
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGTERM");
      await process.stdout.cancel();
      await process.status;
    },
  };
}

/** Times of every call of `count` clients that call at once, ns, ascending; one array a client. */
async function times(door: Door, client: string, count: number, pinned: boolean): Promise<Uint32Array[]> {
  const options = { env: door.env, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const clients = Array.from({ length: count }, () => command(pinned, client, [String(SECONDS)], options));
  for (const process of clients) {
    const text = await line(process.stderr);
    if (text !== "ready\n") throw new Error(`Cannot measure: ${text}`);
  }
  return await Promise.all(clients.map(async (process) => {
    const writer = process.stdin.getWriter();
    await writer.write(new Uint8Array(1));
    await writer.close();
    const bytes = new Uint8Array(await new Response(process.stdout).arrayBuffer());
    await process.stderr.cancel();
    if (!(await process.status).success) throw new Error("Cannot measure: a client has failed");
    return new Uint32Array(bytes.buffer, 0, bytes.length >> 2).sort();
  }));
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
const quantile = (sorted: Uint32Array, q: number): number => sorted[Math.floor(sorted.length * q)];

function together(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}

interface Figures {
  p50: number;
  p99: number;
  /** The smallest client's part of all calls, times the number of clients: 1 is fair. */
  share: number;
}

function figures(parts: readonly Uint32Array[]): Figures {
  const all = together(parts);
  const least = Math.min(...parts.map((part) => part.length));
  return { p50: quantile(all, 0.5), p99: quantile(all, 0.99), share: least * parts.length / all.length };
}

function row(name: string, unit: string, reference: string, value: number, against: number, target?: string): BenchRow {
  return { name, unit, reference, value, referenceValue: against, ratio: value / against, target };
}

async function roundTrips(folder: string, pinned: boolean): Promise<BenchRow[]> {
  const client = await build("door_client", folder);
  await using ours = await udrm("vgem", pinned);
  await using theirs = await inC(folder, pinned);
  const rows: BenchRow[] = [];
  for (const count of [1, CLIENTS]) {
    const value: Figures[] = [], reference: Figures[] = [];
    for (let round = 0; round < ROUNDS; round++) { // by turns, so that a noisy machine hurts both
      value.push(figures(await times(ours, client, count, pinned)));
      reference.push(figures(await times(theirs, client, count, pinned)));
    }
    const of = (list: readonly Figures[], what: keyof Figures): number => median(list.map((one) => one[what]));
    const name = `GET_CAP, ${count} client${count > 1 ? "s" : ""}, ${pinned ? "one core" : "all cores"}`;
    const [p50, p99] = [of(value, "p50"), of(value, "p99")];
    rows.push(row(`${name}, p50`, "ns", "C server", p50, of(reference, "p50"), "<= 1.4"));
    rows.push(row(`${name}, p99`, "ns", "C server", p99, of(reference, "p99")));
    if (count === 1) continue;
    rows.push(row(`${name}, p99`, "ns", "its p50", p99, p50, "<= 10"));
    rows.push(row(`${name}, p99 of the C server`, "ns", "its p50", of(reference, "p99"), of(reference, "p50")));
    rows.push(
      row(`${name}, the slowest's share`, "of all", "an even one", of(value, "share") / count, 1 / count, ">= 0.5"),
    );
  }
  return rows;
}

/** Flips a second that modetest counts, and the refresh of the mode that it sets. */
async function flips(): Promise<{ rate: number; refresh: number }> {
  await using door = await udrm("vkms");
  const modetest = (...args: string[]): Deno.Command =>
    new Deno.Command("modetest", {
      args: ["-M", "vkms", ...args],
      env: door.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
  const text = new TextDecoder();
  const list = text.decode((await modetest("-c").spawn().output()).stdout);
  const connector = /^(\d+)\t\d+\tconnected/m.exec(list)?.[1];
  const refresh = Number(/1024x768 ([\d.]+)/.exec(list)?.[1]);
  const process = modetest("-v", "-s", `${connector}:1024x768`).spawn();
  await new Promise((resolve) => setTimeout(resolve, FLIP_SECONDS * 1000));
  await process.stdin.close(); // as if Enter were pressed
  const { stderr } = await process.output();
  const rates = [...text.decode(stderr).matchAll(/freq: ([\d.]+)Hz/g)].map((match) => Number(match[1]));
  if (rates.length === 0) throw new Error(`Cannot measure: modetest has counted nothing: ${text.decode(stderr)}`);
  return { rate: median(rates), refresh };
}

async function timed(program: string, args: string[]): Promise<number> {
  const start = performance.now();
  const { success } = await new Deno.Command(program, { args, cwd: root, stdin: "null", stdout: "null" }).output();
  if (!success) throw new Error(`Cannot measure: ${program} ${args.join(" ")} fails`);
  return (performance.now() - start) * 1e6;
}

async function starts(): Promise<BenchRow[]> {
  const value: number[] = [], empty: number[] = [];
  const run = ["run", "-A", "cli/main.ts", "run", "--", "true"];
  await timed(Deno.execPath(), run); // builds the client library, and Deno's cache
  for (let round = 0; round < STARTS; round++) {
    value.push(await timed(Deno.execPath(), run));
    empty.push(await timed(Deno.execPath(), ["eval", "0"]));
  }
  const took = median(value);
  return [
    row("udrm run -- true", "ns", "400 ms", took, 400e6, "<= 1"),
    row("udrm run -- true", "ns", "deno eval 0", took, median(empty)),
  ];
}

/** The bench. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await Deno.makeTempDir();
  try {
    const rows = [...await roundTrips(folder, true), ...await roundTrips(folder, false)];
    const { rate, refresh } = await flips();
    rows.push(row("modetest -v, vkms 1024x768", "flips/s", "the mode's refresh", rate, refresh, ">= 0.95"));
    rows.push(...await starts());
    return rows;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
