/**
 * For tests: compiled shaders of `shaders/` (glslangValidator -V --target-env vulkan1.0 and vulkan1.3), limits of a device, and
 * the reference validator.
 * @module
 */

import type { SpirvLimits, SpirvStage } from "./mod.ts";

/** Shaders of `shaders/`. */
export type TestShader = "add.comp" | "matmul.comp" | "flow.comp" | "images.comp" | "triangle.vert" | "triangle.frag";
/** All of them. */
export const TEST_SHADERS: readonly TestShader[] = [
  "add.comp",
  "matmul.comp",
  "flow.comp",
  "images.comp",
  "triangle.vert",
  "triangle.frag",
];
/** Versions of SPIR-V that they are compiled to: with the old storage buffers, and the newest. */
export const TEST_VERSIONS = ["1.0", "1.6"] as const;

/** A compiled shader. */
export function testShader(name: TestShader, version: typeof TEST_VERSIONS[number] = "1.6"): Uint32Array<ArrayBuffer> {
  return new Uint32Array(Deno.readFileSync(new URL(`shaders/${name}.${version}.spv`, import.meta.url)).buffer);
}

/** The stage of a shader. */
export function stageOf(name: TestShader): SpirvStage {
  return name.endsWith(".vert") ? "vertex" : name.endsWith(".frag") ? "fragment" : "compute";
}

/** What every device has, and a little more. */
export const TEST_LIMITS: SpirvLimits = {
  sharedMemory: 32768,
  invocations: 1024,
  groupSize: [1024, 1024, 64],
  int64: true,
  float64: true,
  readWithoutFormat: true,
  writeWithoutFormat: true,
  vertexStores: true,
  fragmentStores: true,
};

/** Whether Debian's spirv-tools are installed. */
export const hasSpirvVal: boolean = (() => {
  try {
    return new Deno.Command("spirv-val", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
})();

/** What spirv-val has to say of a module; empty: it is valid for Vulkan. */
export function spirvVal(words: Uint32Array<ArrayBuffer>): string {
  const path = Deno.makeTempFileSync({ suffix: ".spv" });
  try {
    Deno.writeFileSync(path, new Uint8Array(words.buffer));
    const { success, stderr } = new Deno.Command("spirv-val", { args: ["--target-env", "vulkan1.1", path] })
      .outputSync();
    return success ? "" : new TextDecoder().decode(stderr);
  } finally {
    Deno.removeSync(path);
  }
}
