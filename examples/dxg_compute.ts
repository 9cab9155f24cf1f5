/**
 * Computing on /dev/dxg: adds two vectors, multiplies two matrices of 1024 x 1024, and checks both against the CPU.
 *
 *     deno run -A examples/dxg_compute.ts [--gpu NAME]
 *
 * The kernels are WGSL, compiled by naga to SPIR-V; the work goes through D3DKMT calls, VMBus and the host to Vulkan.
 * @module
 */

import { parseArgs } from "node:util";
import { createSystem, drivers } from "@udrm/udrm";
import { compileWgsl } from "@udrm/udrm/umd/compute/compile";
import { type ComputeDevice, openCompute } from "@udrm/udrm/umd/compute";
import { matmulGroups, matmulSource } from "./matmul.ts";

const LENGTH = 1_000_000;
const SIZE = 1024;
/** Rows that are multiplied at once: a GPU is stopped when a batch takes more than two seconds. */
const BAND = 128;

const ADD = `
  @group(0) @binding(0) var<storage, read> a: array<f32>;
  @group(0) @binding(1) var<storage, read> b: array<f32>;
  @group(0) @binding(2) var<storage, read_write> sum: array<f32>;
  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&sum)) { sum[id.x] = a[id.x] + b[id.x]; }
  }`;

async function addVectors(device: ComputeDevice): Promise<void> {
  const left = Float32Array.from({ length: LENGTH }, (_, i) => i);
  const right = Float32Array.from({ length: LENGTH }, (_, i) => 0.5 * i);
  using add = device.kernel(await compileWgsl(ADD));
  using a = device.buffer(left), b = device.buffer(right), sum = device.buffer(4 * LENGTH);
  device.queue.dispatch(add, add.groups(LENGTH), [a, b, sum]);
  const wrong = sum.read(Float32Array).reduce((n, x, i) => n + Number(x !== Math.fround(left[i] + right[i])), 0);
  console.log(`${LENGTH} sums, ${wrong} wrong`);
  if (wrong > 0) throw new Error("the sums are wrong");
}

async function multiplyMatrices(device: ComputeDevice): Promise<void> {
  const random = () => Float32Array.from({ length: SIZE * SIZE }, () => Math.random() - 0.5);
  const left = random(), right = random();
  using kernel = device.kernel(await compileWgsl(matmulSource({ height: 4 })));
  using a = device.buffer(left), b = device.buffer(right), c = device.buffer(4 * SIZE * SIZE);
  const bytes = BAND * SIZE * 4, size = Uint32Array.of(BAND, SIZE, SIZE);
  const multiply = (band: number) => {
    const from = a.range(band * bytes, bytes), to = c.range(band * bytes, bytes);
    device.queue.dispatch(kernel, matmulGroups(BAND, SIZE, 4), [from, b, to], size).flush();
  };
  multiply(0); // compiles it
  device.queue.finish();
  const time = device.queue.measure(() => {
    for (let band = 0; band < SIZE / BAND; band++) multiply(band);
  });
  const product = c.read(Float32Array);
  let worst = 0;
  for (let sample = 0; sample < 16; sample++) {
    const row = Math.floor(Math.random() * SIZE);
    for (let column = 0; column < SIZE; column++) {
      let sum = 0;
      for (let k = 0; k < SIZE; k++) sum += left[row * SIZE + k] * right[k * SIZE + column];
      worst = Math.max(worst, Math.abs(sum - product[row * SIZE + column]));
    }
  }
  const speed = 2 * SIZE ** 3 / time.seconds / 1e9;
  console.log(
    `${SIZE}x${SIZE} product: ${speed.toFixed(1)} GFLOP/s, off by at most ${worst.toExponential(1)} in 16 rows`,
  );
  if (!(worst < 1e-3)) throw new Error("the product is wrong");
}

const { values: { gpu } } = parseArgs({ options: { gpu: { type: "string" } } });
using system = createSystem({ drivers: [drivers.dxg({ gpu })] });
using device = openCompute(system);
console.log(`${device.name}, ${Math.round(device.limits.memory / 2 ** 20)} MiB`);
await addVectors(device);
await multiplyMatrices(device);
