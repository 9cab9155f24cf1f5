/**
 * Composition of 1920x1080 by vkms against the same in C (vkms_blend.c, built with gcc when it runs): opaque planes against
 * the vectorised loop, planes blended over an opaque one against the scalar loop. Both sides draw every plane: the opaque ones here
 * leave a column free, so that none hides another.
 * @module
 */

import { Composer } from "udrm/drivers/gpu/vkms/composer.ts";
import type { Layer } from "udrm/drivers/gpu/vkms/layer.ts";
import { testLayer } from "udrm/drivers/gpu/vkms/testing.ts";
import { DRM_FORMAT_ARGB8888, DRM_FORMAT_XRGB8888 } from "udrm/uapi/mod.ts";
import { type BenchRow, timeRow } from "./harness.ts";

const WIDTH = 1920, HEIGHT = 1080;
const FRAMES = 15;
const ROUNDS = 5;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

function plane(format: number, seed: number, x = 0): Layer {
  const alpha = format === DRM_FORMAT_ARGB8888;
  return testLayer({
    format,
    x,
    width: WIDTH - x,
    height: HEIGHT,
    fill: (bytes) => {
      const words = new Uint32Array(bytes.buffer);
      let state = seed;
      for (let i = 0; i < words.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const a = alpha ? state >>> 24 : 255;
        const channel = (shift: number): number => Math.floor(((state >>> shift) & 255) * a / 255) << shift;
        words[i] = (a << 24) | channel(16) | channel(8) | channel(0);
      }
    },
  });
}

/** Time of a frame, ns: the median. */
function frameTime(layers: readonly Layer[], target: Uint8Array): number {
  const composer = new Composer();
  composer.resize(WIDTH, HEIGHT);
  composer.setLayers(layers);
  const times: number[] = [];
  for (let frame = -3; frame < FRAMES; frame++) {
    const start = performance.now();
    composer.paint(target, WIDTH * 4);
    if (frame >= 0) times.push((performance.now() - start) * 1e6);
  }
  return median(times);
}

/** The bench: rows for 1, 3 and 8 planes of each kind, and the whole of a usual screen against its 60th of a second. */
export async function bench(): Promise<BenchRow[]> {
  const folder = await Deno.makeTempDir();
  try {
    const source = new URL("./vkms_blend.c", import.meta.url).pathname;
    const build = async (name: string, ...flags: string[]): Promise<void> => {
      const args = ["-O2", ...flags, "-o", `${folder}/${name}`, source];
      const { success } = await new Deno.Command("gcc", { args, stderr: "inherit" }).output();
      if (!success) throw new Error("Cannot measure: gcc does not build vkms_blend.c");
    };
    // -O2 of gcc 12 and later vectorises where it costs nothing; -ftree-vectorize makes it so for all.
    await build("vector", "-ftree-vectorize");
    await build("scalar", "-fno-tree-vectorize");
    const inC = async (name: string, kind: string, planes: number): Promise<number> => {
      const args = [kind, WIDTH, HEIGHT, planes, FRAMES].map(String);
      const { stdout } = await new Deno.Command(`${folder}/${name}`, { args }).output();
      return Number(new TextDecoder().decode(stdout));
    };
    const target = new Uint8Array(WIDTH * HEIGHT * 4);
    const rows: BenchRow[] = [];
    const measure = async (
      kind: "opaque" | "blended",
      reference: "vector" | "scalar",
      planes: number,
      layers: readonly Layer[],
      goal?: string,
    ): Promise<void> => {
      const values: number[] = [], references: number[] = [];
      for (let round = 0; round < ROUNDS; round++) { // by turns, so that a noisy machine hurts both
        values.push(frameTime(layers, target));
        references.push(await inC(reference, kind, planes));
      }
      const measured = { value: median(values), referenceValue: median(references) };
      rows.push(timeRow(`1920x1080, ${planes} ${kind}`, `C -O2, ${reference}`, measured, goal));
    };
    for (const planes of [1, 3, 8]) {
      const opaque = Array.from({ length: planes }, (_, i) => plane(DRM_FORMAT_XRGB8888, i + 1, i === 0 ? 0 : 1));
      await measure("opaque", "vector", planes, opaque, planes === 3 ? "<= 1.5" : undefined);
    }
    for (const planes of [1, 3, 8]) {
      const blended = Array.from({ length: planes }, (_, i) => plane(DRM_FORMAT_ARGB8888, i + 1));
      const layers = [plane(DRM_FORMAT_XRGB8888, 99), ...blended];
      await measure("blended", "vector", planes, layers);
      await measure("blended", "scalar", planes, layers, "<= 1.5");
    }
    const usual = [plane(DRM_FORMAT_XRGB8888, 1), plane(DRM_FORMAT_XRGB8888, 2, 1), plane(DRM_FORMAT_ARGB8888, 3)];
    const times = Array.from({ length: ROUNDS }, () => frameTime(usual, target));
    const measured = { value: median(times), referenceValue: 1e9 / 60 };
    rows.push(timeRow("1920x1080, 2 opaque and 1 blended", "a frame of 60 Hz", measured, "<= 1"));
    return rows;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
