/**
 * The packets engine of dxg against the same work by bare Vulkan in C (dxg_submit.c), on the same GPU, by turns: from submitting
 * a buffer to its end, submissions a second, a matrix product; and moving bytes to the GPU against memcpy. The same for a client of
 * /dev/dxg (dxg_client.ts), from its ioctl to its fence, without and with a host process of its own.
 * `deno run -A tests/bench/dxg.ts` prints JSON. Needs gcc and libvulkan-dev.
 */
import { fileURLToPath } from "node:url";
import { packets } from "../../drivers/host/render/packets/mod.ts";
import { Bench as Ground, DATA } from "../../drivers/host/render/packets/testing.ts";
import { testShader } from "../../drivers/host/shader/spirv_check/testing.ts";
import { DxpWriter } from "../../uapi/dxp_encode.ts";
import * as isa from "../../uapi/dxp_isa.ts";
import { memoryRates, submitToSignal } from "./dxg_client.ts";
import type { BenchRow } from "./harness.ts";

const passes = 3;
const latencyRounds = 5_000;
const batchRounds = 30_000;
const n = 256;
const group = 8;
const matmulRounds = 5;
const uploadSize = 64 << 20;
const memoryRounds = 20_000;
const shader = fileURLToPath(
  new URL("../../drivers/host/shader/spirv_check/shaders/matmul.comp.1.6.spv", import.meta.url),
);
const environment = { MALLOC_TRIM_THRESHOLD_: "2000000000", MALLOC_TOP_PAD_: "67108864", UDRM_VULKAN_VALIDATION: "0" };

/** ns from submitting to the end, the best round. */
function latency(ground: Ground): number {
  const { words } = new DxpWriter().put(isa.DXP_FILL, [DATA, 4, 1]).end(), { queue, space } = ground;
  const job = { space, address: ground.put(words, 8), length: words.length * 4, privateData: new Uint8Array(0) };
  let best = Infinity;
  for (let i = 0; i < latencyRounds; i++) {
    const start = performance.now();
    queue.wait(queue.submit(job), 1e9);
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6;
}

/** Submissions a second, 64 in flight. */
function batch(ground: Ground): number {
  const { words } = new DxpWriter().put(isa.DXP_FILL, [DATA, 4, 1]).end(), { queue, space } = ground;
  const job = { space, address: ground.put(words, 8), length: words.length * 4, privateData: new Uint8Array(0) };
  const start = performance.now();
  let last = 0;
  for (let i = 0; i < batchRounds; i++) {
    last = queue.submit(job);
    if (last > 64 && queue.completed() < last - 63) queue.wait(last - 63, 1e9);
  }
  queue.wait(last, 10e9);
  return batchRounds / ((performance.now() - start) / 1e3);
}

/** ns of a matrix product, the best round. */
function matmul(ground: Ground): number {
  const bytes = n * n * 4, va = 0x1_0000_0000, code = testShader("matmul.comp");
  const memory = ground.engine.createMemory(bytes * 3);
  ground.space.map(va, memory);
  const floats = Float32Array.from({ length: n * n * 3 }, (_, i) => ((i % (n * n)) * 7) % 13);
  ground.engine.writeMemory(memory, 0, new Uint8Array(floats.buffer), 10e9);
  const table = new Uint32Array(48);
  for (let i = 0; i < 3; i++) table.set([1, i, i * bytes, 1, bytes, 0], i * 16);
  const w = new DxpWriter().put(isa.DXP_SET_COMPUTE, [ground.put(code), code.byteLength]);
  w.put(isa.DXP_SET_TABLE, [ground.put(table), 3]).put(isa.DXP_SET_CONSTANTS, [0], [n]);
  w.put(isa.DXP_DISPATCH, [n / group, n / group, 1]).end();
  let best = Infinity;
  for (let i = 0; i < matmulRounds; i++) {
    const start = performance.now();
    const fault = ground.run(w);
    if (fault !== undefined) throw new Error(fault.message);
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6;
}

/** GB/s into memory of the GPU, and by memcpy, by turns. */
function upload(ground: Ground): readonly [upload: number, memcpy: number] {
  const memory = ground.engine.createMemory(uploadSize), source = new Uint8Array(uploadSize).fill(3);
  const target = new Uint8Array(uploadSize);
  let best = Infinity, copy = Infinity;
  for (let i = 0; i < 8; i++) {
    let start = performance.now();
    ground.engine.writeMemory(memory, 0, source, 10e9);
    best = Math.min(best, performance.now() - start);
    start = performance.now();
    target.set(source);
    copy = Math.min(copy, performance.now() - start);
  }
  return [uploadSize / best / 1e6, uploadSize / copy / 1e6];
}

function measure(what: string): readonly number[] {
  if (what === "ioctl") return [submitToSignal("none", latencyRounds)];
  if (what === "isolated") return [submitToSignal("process", latencyRounds)];
  if (what === "memory") {
    const { allocate, map, resident, query } = memoryRates(memoryRounds);
    return [allocate, map, resident, query];
  }
  using keep = new DisposableStack();
  using engine = packets({ validation: false });
  const ground = new Ground(engine, keep);
  switch (what) {
    case "latency":
      return [latency(ground)];
    case "batch":
      return [batch(ground)];
    case "matmul":
      return [matmul(ground)];
    case "upload":
      return upload(ground);
  }
  throw new RangeError(`Cannot measure ${what}`);
}

async function output(command: string, args: readonly string[]): Promise<number[]> {
  const run = await new Deno.Command(command, { args: [...args], env: environment, stderr: "inherit" }).output();
  if (!run.success) throw new Error(`Cannot measure: ${command} ended with ${run.code}`);
  return new TextDecoder().decode(run.stdout).trim().split(" ").map(Number);
}

/** Builds the C side and measures both by turns, each in a process of its own. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await Deno.makeTempDir();
  try {
    const source = fileURLToPath(new URL("./dxg_submit.c", import.meta.url)), program = `${folder}/dxg_submit`;
    const built = await new Deno.Command("gcc", { args: ["-O2", "-o", program, source, "-lvulkan"], stderr: "inherit" })
      .output();
    if (!built.success) throw new Error("Cannot build dxg_submit.c: gcc and libvulkan-dev are needed");
    const self = (what: string) =>
      output(Deno.execPath(), ["run", "-A", "--no-check", import.meta.url, "--measure", what]);
    const kinds = [
      {
        what: "latency",
        program: "latency",
        name: "dxg submit to end",
        unit: "ns",
        better: Math.min,
        target: "<= 2",
        args: [`${latencyRounds}`],
      },
      {
        what: "ioctl",
        program: "latency",
        name: "dxg ioctl to signal",
        unit: "ns",
        better: Math.min,
        target: "<= 2",
        args: [`${latencyRounds}`],
      },
      {
        what: "isolated",
        program: "latency",
        name: "dxg ioctl to signal, isolated",
        unit: "ns",
        better: Math.min,
        target: "<= 4",
        args: [`${latencyRounds}`],
      },
      {
        what: "batch",
        program: "batch",
        name: "dxg submissions",
        unit: "ops/s",
        better: Math.max,
        target: undefined,
        args: [`${batchRounds}`],
      },
      {
        what: "matmul",
        program: "matmul",
        name: `dxg matrix product ${n}^3`,
        unit: "ns",
        better: Math.min,
        target: "<= 1.05",
        args: [`${n}`, `${group}`, shader, `${matmulRounds}`],
      },
    ] as const;
    const rows: BenchRow[] = [];
    for (const { what, program: task, name, unit, better, target, args } of kinds) {
      let value: number | undefined, referenceValue: number | undefined;
      for (let pass = 0; pass < passes; pass++) {
        const [reference] = await output(program, [task, ...args]);
        const [own] = await self(what);
        referenceValue = better(reference, referenceValue ?? reference);
        value = better(own, value ?? own);
      }
      if (value === undefined || referenceValue === undefined) continue;
      rows.push({
        name,
        value,
        unit,
        reference: "C, bare Vulkan",
        referenceValue,
        ratio: value / referenceValue,
        target,
      });
    }
    const [value, referenceValue] = await self("upload");
    const name = "dxg upload";
    rows.push({
      name,
      value,
      unit: "GB/s",
      reference: "memcpy",
      referenceValue,
      ratio: value / referenceValue,
      target: ">= 0.7",
    });
    const [allocate, map, resident, query] = await self("memory");
    const reference = "an ioctl to the host and back (QUERYCLOCKCALIBRATION)";
    for (
      const [name, value] of [
        ["dxg allocation of 64 KiB: create, destroy", allocate],
        ["dxg 64 KiB at a GPU address: map, free", map],
        ["dxg make resident, evict", resident],
      ] as const
    ) rows.push({ name, value, unit: "ns", reference, referenceValue: query, ratio: value / query });
    return rows;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "--measure") console.log(measure(Deno.args[1]).join(" "));
  else console.log(JSON.stringify(await bench(), null, 2));
}
