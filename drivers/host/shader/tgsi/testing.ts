/** For tests: captured shaders, spirv-val, and a short way from a text to a module. */
import { DEFAULT_VARIANT, outputLocations, parseTgsi, shaderInfo, type ShaderVariant, translateTgsi } from "./mod.ts";

/** The shaders that real programs sent (tests/data/virgl). */
export function capturedShaders(): string[] {
  const folder = new URL("../../../../tests/data/virgl/", import.meta.url);
  return ["shaders-glmark2.txt", "shaders-fixedfunction.txt"].flatMap((name) =>
    Deno.readTextFileSync(new URL(name, folder)).split(/^### .*$/m).slice(1).map((text) => text.trim() + "\n")
  );
}

/** Whether spirv-val is installed (Debian: spirv-tools). */
export const hasSpirvVal: boolean = (() => {
  try {
    return new Deno.Command("spirv-val", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
})();

/** What spirv-val says against a module; "" when it is valid. @throws {Error} when the tool is missing. */
export function spirvVal(words: Uint32Array): string {
  const file = Deno.makeTempFileSync({ suffix: ".spv" });
  try {
    Deno.writeFileSync(file, new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    const { success, stderr, stdout } = new Deno.Command("spirv-val", { args: ["--target-env", "vulkan1.3", file] })
      .outputSync();
    return success ? "" : new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout) + "?";
  } finally {
    Deno.removeSync(file);
  }
}

/** A module of a text. */
export function compile(text: string, variant: Partial<ShaderVariant> = {}): Uint32Array {
  const shader = parseTgsi(text);
  const info = shaderInfo(shader);
  return translateTgsi(shader, info, { ...DEFAULT_VARIANT, outputLocations: outputLocations(info), ...variant });
}

/** A vertex shader that covers the target with one triangle. */
export const COVER = `VERT
DCL SV[0], VERTEXID
DCL OUT[0], POSITION
DCL ADDR[0]
IMM[0] FLT32 {-1.0, -1.0, 0.5, 1.0}
IMM[1] FLT32 {3.0, -1.0, 0.5, 1.0}
IMM[2] FLT32 {-1.0, 3.0, 0.5, 1.0}
  0: UARL ADDR[0].x, SV[0].xxxx
  1: MOV OUT[0], IMM[ADDR[0].x]
  2: END
`;
