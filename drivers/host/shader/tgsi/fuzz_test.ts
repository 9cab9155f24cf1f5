import fc from "fast-check";
import { assertEquals } from "@std/assert";
import {
  DEFAULT_VARIANT,
  outputLocations,
  parseTgsi,
  semanticKey,
  ShaderError,
  shaderInfo,
  translateTgsi,
} from "./mod.ts";
import { capturedShaders, hasSpirvVal, spirvVal } from "./testing.ts";
import { STAGES } from "./testing_stages.ts";

const SHADERS = [...capturedShaders().filter((text) => text.length < 6000), ...STAGES];
const WORDS = [...new Set(SHADERS.flatMap((text) => text.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []))];

/** More runs look for rarer faults. */
const RUNS = Number(Deno.env.get("UDRM_FUZZ_RUNS") ?? 1500);

/** Edits of a text: where (0..1), how, and with what. */
const edits = fc.array(
  fc.record({
    at: fc.noBias(fc.integer({ min: 0, max: 99999 })).map((n) => n / 100000),
    how: fc.constantFrom("replace", "delete", "line", "twice", "number", "swap"),
    word: fc.nat(WORDS.length - 1),
    number: fc.constantFrom("0", "1", "2", "3", "7", "31", "32", "4095", "65535", "4294967295", "99999999999"),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(text: string, list: readonly { at: number; how: string; word: number; number: string }[]): string {
  for (const { at, how, word, number } of list) {
    if (how === "line" || how === "twice" || how === "swap") {
      const lines = text.split("\n");
      const i = Math.min(lines.length - 1, Math.floor(at * lines.length));
      if (how === "line") lines.splice(i, 1);
      else if (how === "twice") lines.splice(i, 0, lines[i]);
      else lines.splice((i * 7 + word) % lines.length, 0, ...lines.splice(i, 1));
      text = lines.join("\n");
    } else {
      const parts = text.split(/\b/);
      const i = Math.min(parts.length - 1, Math.floor(at * parts.length));
      if (how === "delete") parts[i] = "";
      else if (/^[0-9]+$/.test(parts[i])) parts[i] = number;
      else if (/^[A-Za-z_]/.test(parts[i])) parts[i] = how === "number" ? parts[i] : WORDS[word];
      text = parts.join("");
    }
  }
  return text;
}

/** The module, or undefined when it was refused. Anything else thrown fails the test. */
function attempt(text: string): Uint32Array | undefined {
  try {
    const shader = parseTgsi(text);
    const info = shaderInfo(shader);
    const inputLocations = new Map(info.inputs.map(({ name, index }, i) => [semanticKey(name, index), i]));
    return translateTgsi(shader, info, {
      ...DEFAULT_VARIANT,
      inputLocations,
      outputLocations: outputLocations(info),
      clipHalfz: false,
      clipPlaneEnable: 0x81,
      writePointSize: true,
      alphaFunc: 4,
      twoSide: true,
      spriteCoordEnable: 2,
    });
  } catch (error) {
    if (error instanceof ShaderError) return undefined;
    throw error;
  }
}

Deno.test("parseTgsi and translateTgsi answer any text with a module or a ShaderError", () => {
  let modules = 0;
  const sample: Uint32Array[] = [];
  fc.assert(
    fc.property(fc.constantFrom(...SHADERS), edits, (text, list) => {
      const words = attempt(mutate(text, list));
      if (words === undefined) return;
      modules++;
      if (modules % 5 === 0) sample.push(words);
    }),
    { numRuns: RUNS },
  );
  // Not all edits are refused, or the property would say little.
  assertEquals(modules > 100, true);
  if (!hasSpirvVal) {
    console.warn("spirv-val is missing (Debian: spirv-tools): the modules of mutated shaders are not validated");
    return;
  }
  for (const words of sample.slice(0, Math.max(100, RUNS / 10))) assertEquals(spirvVal(words), "");
});

Deno.test("parseTgsi refuses what is endless or deep with a ShaderError", () => {
  const head = "FRAG\nDCL OUT[0], COLOR\nDCL TEMP[0]\n";
  for (
    const body of [
      "UIF TEMP[0].xxxx\n".repeat(300),
      "BGNLOOP\n".repeat(300),
      "SWITCH TEMP[0].xxxx\n".repeat(20000),
      "NOP\n".repeat(70000),
      "DCL TEMP[1]\n".repeat(9000),
      "IMM UINT32 {0, 0, 0, 0}\n".repeat(9000),
      " ".repeat(2 << 20),
      "DCL TEMP[0..4294967295]\n",
      "MOV OUT[0], TEMP[4294967296]\n",
    ]
  ) assertEquals(attempt(`${head}${body}END\n`), undefined, body.slice(0, 20));
  assertEquals(attempt(""), undefined);
  assertEquals(attempt("FRAG\n"), undefined);
  assertEquals(attempt("FRAG\nEND\n") === undefined, false);
});
