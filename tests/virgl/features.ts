/**
 * gl_features.c: builds it, runs it with a renderer, and compares what two of them drew.
 * @module
 */

import type { Running } from "./renderers.ts";

/** Pixels of a side. */
export const SCENE_SIZE = 128;

/** What a renderer drew. */
export interface Features {
  /** GL_RENDERER. */
  readonly renderer: string;
  /** Pixels by scene: RGBA, the lowest row first. */
  readonly scenes: ReadonlyMap<string, Uint8Array>;
}

/** How two pictures of a scene differ. */
export interface Difference {
  /** The scene. */
  readonly name: string;
  /** Share of pixels that differ by more than 3 of 255, 0 to 1. */
  readonly share: number;
  /** The greatest difference, 0 to 255. */
  readonly most: number;
}

/** Builds the program for `body`. @throws {Error} that says what is missing */
export async function withFeatures(body: (program: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "udrm-features-" }), program = `${folder}/gl_features`;
  try {
    const { success, stderr } = await new Deno.Command("gcc", {
      args: ["-O1", "-o", program, new URL("gl_features.c", import.meta.url).pathname, "-lEGL", "-lOpenGL", "-lm"],
    }).output();
    if (!success) {
      throw new Error(`Cannot build gl_features.c (libegl-dev, libgl-dev?): ${new TextDecoder().decode(stderr)}`);
    }
    await body(program);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Has a renderer draw. @param scenes all, if none are named. @throws {Error} if the program fails */
export async function featuresOf(
  program: string,
  renderer: Running,
  scenes: readonly string[] = [],
): Promise<Features> {
  const file = Deno.makeTempFileSync({ prefix: "udrm-features-" });
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [file, ...scenes],
      env: { ...renderer.env },
    }).output();
    const [name, ...errors] = new TextDecoder().decode(stderr).trim().split("\n");
    if (!success || errors.length > 0) throw new Error(`Cannot draw: ${[name, ...errors].join("; ")}`);
    const names = new TextDecoder().decode(stdout).trim().split("\n"), bytes = Deno.readFileSync(file);
    const size = SCENE_SIZE * SCENE_SIZE * 4;
    return {
      renderer: name,
      scenes: new Map(names.map((name, i) => [name, bytes.subarray(i * size, (i + 1) * size)])),
    };
  } finally {
    Deno.removeSync(file);
  }
}

/** Compares all scenes of `drawn` with those of `wanted`. */
export function compareScenes(drawn: Features, wanted: Features): Difference[] {
  return [...drawn.scenes].map(([name, a]) => {
    const b = wanted.scenes.get(name) ?? new Uint8Array();
    let different = 0, most = 0;
    for (let i = 0; i < a.length; i += 4) {
      let worst = 0;
      for (let c = i; c < i + 4; c++) worst = Math.max(worst, Math.abs(a[c] - (b[c] ?? 999)));
      if (worst > 3) different++;
      most = Math.max(most, worst);
    }
    return { name, share: different * 4 / a.length, most: Math.min(most, 255) };
  });
}
