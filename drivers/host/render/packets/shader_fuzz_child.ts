/**
 * For shader_fuzz_test.ts: runs mutated shaders in a process of its own, as a driver may fall over them.
 *
 * Arguments: seed, first and end of the numbers to run. Each number makes the same shader every time. Prints a number before
 * it is run, and at the end how many passed the check. Exit code 3: the shader that was printed last does not end.
 * @module
 */

import { DxpWriter } from "../../../../uapi/dxp_encode.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import { checkSpirv, SpirvError } from "../../shader/spirv_check/mod.ts";
import { stageOf, TEST_LIMITS, TEST_SHADERS, TEST_VERSIONS, testShader } from "../../shader/spirv_check/testing.ts";
import { Packets } from "./mod.ts";
import { Bench, DATA } from "./testing.ts";

const [seed, first, end] = Deno.args.map(Number);
let state = 0;

function random(below: number): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return Math.floor(((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000 * below);
}

/** Numbers that things break at. */
const SPECIAL = [0, 1, 2, 31, 32, 63, 64, 255, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function mutate(words: Uint32Array): void {
  const lo = Math.floor(words.length * 0.3), room = words.length - lo;
  for (let edits = 1 + random(2); edits > 0; edits--) {
    const at = lo + random(room);
    switch (random(6)) {
      case 0:
        words[at] = words[lo + random(room)];
        break;
      case 1:
        words[at] = random(words[3]);
        break;
      case 2:
        words[at] += random(9) - 4;
        break;
      case 3:
        words[at] = (words[at] & 0xffff_0000) | random(256);
        break;
      case 4:
        words[at] = SPECIAL[random(SPECIAL.length)];
        break;
      case 5:
        words[at] ^= 1 << random(32);
    }
  }
}

using keep = new DisposableStack();
using engine = new Packets({ validation: false });
const bench = new Bench(engine, keep);
const other = { vertex: testShader("triangle.vert"), fragment: testShader("triangle.frag") };
let passed = 0;

/** A table for all bindings of images.comp; of the others as far as kinds agree. */
function table(name: string): Uint32Array {
  const entries = new Uint32Array(5 * 16);
  if (name !== "images.comp") {
    for (let i = 0; i < 5; i++) entries.set([1, i, DATA + i * 0x1000, 0, 4096, 0], i * 16);
    return entries;
  }
  entries.set([3, 0, DATA, 0, 0, 0, 1, 16, 16, 64], 0);
  entries.set([4, 1, DATA + 0x1000, 0, 0, 0, 1, 16, 16, 64], 16);
  entries.set([4, 2, DATA + 0x2000, 0, 0, 0, 8, 16, 16, 64], 32);
  entries.set([2, 3, DATA + 0x3000, 0, 1024, 0], 48);
  entries.set([1, 4, DATA + 0x4000, 0, 1024, 0], 64);
  return entries;
}

for (let n = first; n < end; n++) {
  state = (seed * 0x9e37_79b1 + n) >>> 0;
  const name = TEST_SHADERS[random(TEST_SHADERS.length)], words = testShader(name, TEST_VERSIONS[random(2)]);
  mutate(words);
  try {
    checkSpirv(words, stageOf(name), new Uint32Array(0), TEST_LIMITS);
  } catch (error) {
    if (error instanceof SpirvError) continue;
    throw error;
  }
  console.log(n);
  passed++;
  for (let i = 0; i < 0x4000; i++) bench.data.words[i] = random(4) === 0 ? SPECIAL[random(SPECIAL.length)] : random(64);
  const w = new DxpWriter().put(isa.DXP_SET_TABLE, [bench.put(table(name)), 5]).put(isa.DXP_SET_CONSTANTS, [0], [64]);
  const stage = stageOf(name);
  if (stage === "compute") {
    w.put(isa.DXP_SET_COMPUTE, [bench.put(words), words.byteLength]).put(isa.DXP_DISPATCH, [2, 2, 1]);
  } else {
    const vertex = stage === "vertex" ? words : other.vertex, fragment = stage === "fragment" ? words : other.fragment;
    const attributes = [0, 0, 5, 0, 1, 0, 6, 8];
    w.put(isa.DXP_RENDER_BEGIN, [0, 0, 16, 16, 1], [DATA + 0x8000, 0, 1, 16, 16, 64, 1, 1, 0, 0, 0, 0]);
    w.put(
      isa.DXP_SET_GRAPHICS,
      [bench.put(vertex), vertex.byteLength, bench.put(fragment), fragment.byteLength, 3, 0, 0, 15],
      attributes,
    ).put(isa.DXP_SET_VERTEX_BUFFER, [0, 20, DATA, 400]).put(isa.DXP_DRAW, [9, 2, 0, 0]).put(isa.DXP_RENDER_END);
  }
  const queue = engine.createQueue(0, 0);
  const job = bench.submit(w.end(), queue);
  if (!queue.wait(job, 2e9)) Deno.exit(3);
  if (queue.fault?.message.includes("driver")) console.error(`${n}: ${queue.fault.message}`);
  queue[Symbol.dispose]();
}
console.log(`passed ${passed}`);
