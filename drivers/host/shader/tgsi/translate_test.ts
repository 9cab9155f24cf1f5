import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { cpuMs } from "udrm/tests/cpu_time.ts";
import { outputLocations, parseTgsi, ShaderError, shaderInfo, type ShaderVariant } from "./mod.ts";
import { capturedShaders, compile, hasSpirvVal, spirvVal } from "./testing.ts";
import { STAGES } from "./testing_stages.ts";
import { POSITION_BUILTIN, semanticKey } from "./variant.ts";

const ignore = !hasSpirvVal;
if (ignore) console.warn("spirv-val is missing (Debian: spirv-tools): modules are not validated");

function valid(text: string, variant: Partial<ShaderVariant>): void {
  const { inputs } = shaderInfo(parseTgsi(text));
  const inputLocations = new Map(inputs.map(({ name, index }, i) => [semanticKey(name, index), i]));
  let words: Uint32Array;
  try {
    words = compile(text, { inputLocations, ...variant });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${text}`);
  }
  assertEquals(spirvVal(words), "", text);
}

Deno.test({ name: "every captured shader becomes a valid module", ignore }, () => {
  const shaders = capturedShaders();
  assertEquals(shaders.length, 56);
  for (const text of shaders) valid(text, {});
});

Deno.test({ name: "spirvVal refuses a module that is cut short", ignore }, () => {
  assert(spirvVal(compile(STAGES[0]).slice(0, -4)) !== "");
});

Deno.test({ name: "the stages and instructions that were not captured become valid modules", ignore }, () => {
  for (const text of STAGES) {
    valid(text, {});
    valid(text, { lastVertexStage: false });
  }
});

Deno.test({ name: "every state of a variant makes a valid module", ignore }, () => {
  const shaders = [STAGES[0], STAGES[1], ...capturedShaders().filter((text) => text.length < 1500).slice(0, 6)];
  const variants: Partial<ShaderVariant>[] = [
    { clipHalfz: false, clipPlaneEnable: 0x81, writePointSize: true, clampColor: true },
    { fixedPointSize: true, clipPlaneEnable: 0xff },
    { alphaFunc: 4, twoSide: true, flatshade: true, alphaToOne: true, clampColor: true, earlyDepth: true },
    { alphaFunc: 0 },
    { spriteCoordEnable: 0xff, spriteCoordLowerLeft: true, fragCoordYInvert: true, sampleShading: true },
    { spriteCoordEnable: 0xff, spriteCoordGeneric: true },
    { colorOutputs: [{ type: "float" }, undefined, { type: "uint" }, { type: "int", swizzle: [2, 1, 0, 5] }] },
    { dualSource: true, colorOutputs: [{ type: "float", swizzle: [3, 4, 4, 5] }] },
    { colorOutputs: [], loopLimit: 0 },
    { samplers: new Map([[1, { shadowSwizzle: [0, 0, 0, 5] as const }], [0, { type: "float" as const }]]) },
    { samplers: new Map(Array.from({ length: 10 }, (_, unit) => [unit, { clamp: 7, texelSwizzle: [3, 4, 5, 0] }])) },
    {
      inputLocations: new Map(),
      outputLocations: new Map([[semanticKey(0, 0), POSITION_BUILTIN]]),
      lastVertexStage: false,
    },
    { inputLocations: new Map(), outputLocations: new Map() },
  ];
  for (const text of shaders) for (const variant of variants) valid(text, variant);
});

Deno.test({ name: "transform feedback captures whole and partial outputs", ignore }, () => {
  const streamOutput = {
    strides: [7, 4, 0, 0],
    outputs: [
      { register: 0, startComponent: 0, numComponents: 4, buffer: 0, dstOffset: 0, stream: 0 },
      { register: 2, startComponent: 1, numComponents: 3, buffer: 0, dstOffset: 4, stream: 0 },
      { register: 4, startComponent: 3, numComponents: 1, buffer: 1, dstOffset: 3, stream: 0 },
    ],
  };
  valid(STAGES[0], { streamOutput, clipHalfz: false });
  const wrong = { ...streamOutput, outputs: [{ ...streamOutput.outputs[0], dstOffset: 4 }] };
  assertThrows(() => compile(STAGES[0], { streamOutput: wrong }), ShaderError, "out of range");
});

Deno.test({ name: "where all locations are passed on, whole outputs are captured as they are, once", ignore }, () => {
  const text = "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\nDCL OUT[1..32], GENERIC[0]\n" +
    Array.from({ length: 33 }, (_, i) => `${i}: MOV OUT[${i}], IN[0]\n`).join("") + "33: END\n";
  const output = (register: number, numComponents: number, dstOffset: number) => {
    return { register, startComponent: 0, numComponents, buffer: 0, dstOffset, stream: 0 };
  };
  const all = Array.from({ length: 16 }, (_, i) => output(i + 17, 4, i * 4));
  valid(text, { streamOutput: { strides: [64, 0, 0, 0], outputs: all } });
  for (const outputs of [[output(1, 3, 0)], [output(0, 4, 0)], [output(1, 4, 0), output(1, 4, 4)]]) {
    const streamOutput = { strides: [64, 0, 0, 0], outputs };
    assertThrows(() => compile(text, { streamOutput }), ShaderError, "locations are captured");
  }
});

Deno.test("outputLocations puts what the rasterizer takes last", () => {
  const info = shaderInfo(parseTgsi(STAGES[0]));
  const locations = outputLocations(info);
  assertEquals([3, 4, 5].map((i) => locations.get(semanticKey(5, i))), [0, 1, 2]);
  assertEquals(locations.get(semanticKey(0, 0)), 3);
  assertEquals(locations.size, 9);
});

Deno.test("more locations than devices have are refused, copies for further stages are left out first", () => {
  const text = (count: number): string => `VERT\nDCL OUT[0], POSITION\nDCL OUT[1..${count}], GENERIC[0]\nEND\n`;
  assertEquals(compile(text(32)).length > 0, true);
  assertThrows(() => compile(text(33)), ShaderError, "more than 32 locations");
  assertThrows(() => compile(text(32), { lastVertexStage: false }), ShaderError, "more than 32 locations");
  assertThrows(() => compile("VERT\nDCL IN[0..32]\nEND\n"), ShaderError, "more than 32 attributes");
});

Deno.test("shaderInfo says what a renderer asks", () => {
  const info = shaderInfo(parseTgsi(STAGES[1]));
  assertEquals(info.samplerMask, 0x3ff);
  assertEquals(info.samplers[1], { unit: 1, target: "2D", shadow: true, type: "float" });
  assertEquals(info.samplers[4], { unit: 4, target: "BUFFER", shadow: false, type: "uint" });
  assertEquals([info.writesDepth, info.writesSampleMask, info.usesKill, info.usesSampleShading], [
    true,
    true,
    true,
    true,
  ]);
  assertEquals(info.colorMask, 3);
  const vertex = shaderInfo(parseTgsi(STAGES[0]));
  assertEquals(vertex.constantBuffers, [{ slot: 0, size: 4 }, { slot: 2, size: 8 }]);
  assertEquals([vertex.clipDistances, vertex.writesPointSize, vertex.writesLayer], [8, true, true]);
});

/** A text whose subroutines each call the next one twice: drivers inline, and the last is there 2 ** (count - 1) times. */
function doubling(count: number): string {
  let text = "  0: CAL :2\n  1: END\n";
  for (let i = 0; i < count; i++) {
    const at = 2 + i * 4, body = i < count - 1 ? `CAL :${at + 4}\n` : "NOP\n";
    text += `${at}: BGNSUB\n${body}${body}${at + 3}: ENDSUB\n`;
  }
  return text;
}

Deno.test("subroutines that call others twice are translated as long as few enough instructions come of it", () => {
  assertGreater(compile(`FRAG\n${doubling(12)}`).length, 0);
});

Deno.test("a refusal names the line and what is wrong", () => {
  const cases: [string, string][] = [
    ["FRAG\nMOV TEMP[0], TEMP[1]\nEND\n", "line 2: TEMP[1] is not declared"],
    ["FRAG\nDCL OUT[0], COLOR\n  0: FOO OUT[0]\n", 'line 3: the opcode "FOO" is unknown'],
    ["FRAG\nDCL OUT[0], COLOR\nDCL TEMP[0]\nENDIF\nEND\n", "line 4: ENDIF has no beginning"],
    ["VERT\nKILL\nEND\n", "line 2: KILL is for fragment shaders"],
    ["FRAG\nDCL CONST[0]\nDCL OUT[0], COLOR\nMOV OUT[0], CONST[1]\nEND\n", "line 4: CONST[0][1] is not declared"],
    ["FRAG\nDCL IN[0], COLOR\nDCL IN[0], COLOR\nEND\n", "line 3: IN[0] is declared twice"],
    ["FRAG\nCAL :2\nEND\nBGNSUB\nCAL :2\nENDSUB\n", "calls itself"],
    [`FRAG\n${doubling(16)}`, "its subroutines make more than 65536 instructions"],
    ["FRAG\nMOV CONST[0], IMM[0]\nEND\n", "line 2: IMM[0] is not declared"],
    ["FRAG\n", "there is no END"],
  ];
  for (const [text, want] of cases) {
    const error = assertThrows(() => compile(text), ShaderError, want);
    assertEquals(error.code, "EINVAL");
  }
});

Deno.test("a long shader is translated in milliseconds", () => {
  const text = capturedShaders().reduce((a, b) => a.length > b.length ? a : b);
  for (let i = 0; i < 10; i++) compile(text);
  const times = Array.from({ length: 10 }, () => {
    const begin = cpuMs();
    compile(text);
    return cpuMs() - begin;
  });
  // 3 ms on two cores of 2020.
  assert(Math.min(...times) < 30, `${text.length} characters took ${times}`);
});
