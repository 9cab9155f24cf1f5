import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { cpuMs } from "udrm/tests/cpu_time.ts";
import { Op } from "./opcodes.ts";
import { checkSpirv, SpirvError, type SpirvLimits, type SpirvProgram } from "./mod.ts";
import {
  hasSpirvVal,
  spirvVal,
  stageOf,
  TEST_LIMITS,
  TEST_SHADERS,
  TEST_VERSIONS,
  type TestShader,
  testShader,
} from "./testing.ts";

const NONE = new Uint32Array(0);
/** More runs look for rarer faults. */
const RUNS = Number(Deno.env.get("UDRM_FUZZ_RUNS") ?? 2000);

function check(name: TestShader, constants: number[] = [], limits: SpirvLimits = TEST_LIMITS): SpirvProgram {
  return checkSpirv(testShader(name), stageOf(name), Uint32Array.from(constants), limits);
}

Deno.test("what glslang makes, old and new, passes; what is written is valid SPIR-V 1.3", () => {
  for (const name of TEST_SHADERS) {
    for (const version of TEST_VERSIONS) {
      const { words } = checkSpirv(testShader(name, version), stageOf(name), NONE, TEST_LIMITS);
      assertEquals([words[0], words[1]], [0x07230203, 0x10300]);
      if (hasSpirvVal) assertEquals(spirvVal(words), "", `${name} ${version}`);
    }
  }
  if (!hasSpirvVal) console.warn("spirv-val is missing (Debian: spirv-tools): what is written is not validated");
});

Deno.test("a checked shader says what it uses", () => {
  const { bindings, localSize } = check("images.comp");
  assertEquals(localSize, [8, 8, 1]);
  assertEquals(bindings, [
    { binding: 0, kind: "sampled-image", writes: false, format: 0, component: "float" },
    { binding: 1, kind: "storage-image", writes: true, format: 4, component: "float" },
    { binding: 2, kind: "storage-image", writes: true, format: 33, component: "uint" },
    { binding: 3, kind: "uniform-buffer", writes: false, format: 0, component: "uint" },
    { binding: 4, kind: "storage-buffer", writes: true, format: 0, component: "uint" },
  ]);
  assertEquals(check("add.comp").bindings.map(({ writes }) => writes), [false, false, true]);
  const vertex = check("triangle.vert"), fragment = check("triangle.frag");
  assertEquals(vertex.outputs, [
    { location: 0, component: "float", count: 3, flat: false },
    { location: 1, component: "int", count: 1, flat: true },
  ]);
  assertEquals([vertex.inputs.length, fragment.inputs.length, fragment.writesDepth], [2, 2, true]);
});

/** Instructions of a module: where, and what. */
function* instructions(words: Uint32Array): Generator<readonly [at: number, op: number]> {
  for (let at = 5; at < words.length; at += words[at] >>> 16) yield [at, words[at] & 0xffff];
}

Deno.test("specialization constants become plain ones, with the values that are given", () => {
  assertEquals(check("add.comp").localSize, [64, 1, 1]);
  assertEquals(check("add.comp", [0, 128]).localSize, [128, 1, 1]);
  const { words } = check("matmul.comp", [1, 4]);
  for (const [at, op] of instructions(words)) {
    assert(op < Op.SpecConstantTrue || op > Op.SpecConstantOp);
    assert(op !== Op.Decorate || words[at + 2] !== 1);
  }
  if (hasSpirvVal) assertEquals(spirvVal(words), "");
  // An id that nothing has is no error; one that stands twice is.
  check("add.comp", [77, 1]);
  assertThrows(() => check("add.comp", [0, 1, 0, 2]), SpirvError, "twice");
});

Deno.test("workgroups and their memory are as large as the device can", () => {
  for (const size of [0, 1025, 0x8000_0000]) assertThrows(() => check("add.comp", [0, size]), SpirvError, "workgroup");
  const small = { ...TEST_LIMITS, invocations: 63 };
  assertThrows(() => check("add.comp", [], small), SpirvError, "workgroup");
  check("add.comp", [0, 63], small);
  assertThrows(() => check("matmul.comp", [], { ...TEST_LIMITS, sharedMemory: 511 }), SpirvError, "workgroup memory");
  check("matmul.comp", [], { ...TEST_LIMITS, sharedMemory: 512 });
  assertThrows(() => check("matmul.comp", [1, 200]), SpirvError, "workgroup memory");
  assertThrows(() => check("matmul.comp", [1, 0]), SpirvError);
});

Deno.test("indices into arrays of a known size are clamped, where hardware does not watch", () => {
  const clamps = (name: TestShader) => {
    const { words } = check(name);
    return [...instructions(words)].filter(([at, op]) => op === Op.ExtInst && words[at + 4] === 38).length;
  };
  assert(clamps("flow.comp") > 0 && clamps("matmul.comp") > 0 && clamps("images.comp") > 0);
  assertEquals(clamps("add.comp"), 0);
});

/** A module with one word changed. */
function patched(
  name: TestShader,
  where: (words: Uint32Array, at: number, op: number) => boolean,
  change: (words: Uint32Array, at: number) => void,
): Uint32Array {
  const words = testShader(name);
  for (const [at, op] of instructions(words)) {
    if (!where(words, at, op)) continue;
    change(words, at);
    return words;
  }
  throw new Error(`${name} has no such instruction`);
}

const isOp = (wanted: number) => (_: Uint32Array, __: number, op: number) => op === wanted;
const set = (i: number, value: number) => (words: Uint32Array, at: number) => void (words[at + i] = value);

/** The variable of vec3 that triangle.vert reads, what it loads of it, and the variable that it stores that into. */
function copied(words: Uint32Array): readonly [input: number, loaded: number, output: number] {
  const all = [...instructions(words)];
  for (let i = 0; i + 1 < all.length; i++) {
    const [load, op] = all[i], [store, next] = all[i + 1];
    const isCopy = op === Op.Load && next === Op.Store && words[store + 2] === words[load + 2];
    if (isCopy) return [words[load + 3], words[load + 2], words[store + 1]];
  }
  throw new Error("triangle.vert copies nothing");
}
const input = (words: Uint32Array) => copied(words)[0];
const loaded = (words: Uint32Array) => copied(words)[1];
const output = (words: Uint32Array) => copied(words)[2];

/** A storage buffer of structs in each other, each 256 times in the next. */
function nested(levels: number): Uint32Array {
  const marks: number[] = [], types: number[] = [];
  const put = (out: number[], op: number, ...operands: number[]) => {
    out.push(((operands.length + 1) << 16) | op, ...operands);
  };
  put(types, Op.TypeVoid, 1);
  put(types, Op.TypeFunction, 2, 1);
  put(types, Op.TypeInt, 5, 32, 0);
  put(types, Op.Constant, 5, 6, 0);
  let inner = 5;
  for (let level = 0; level < levels; level++) {
    put(types, Op.TypeStruct, 20 + level, ...new Array<number>(256).fill(inner));
    for (let i = 0; i < 256; i++) put(marks, Op.MemberDecorate, 20 + level, i, 35, i * 4 * 256 ** level);
    inner = 20 + level;
  }
  put(marks, Op.Decorate, inner, 2);
  put(marks, Op.Decorate, 9, 33, 0);
  put(marks, Op.Decorate, 9, 34, 0);
  put(types, Op.TypePointer, 7, 12, inner);
  put(types, Op.TypePointer, 8, 12, 5);
  put(types, Op.Variable, 7, 9, 12);
  const out = [0x07230203, 0x10300, 0, 64, 0];
  put(out, Op.Capability, 1);
  put(out, Op.MemoryModel, 0, 1);
  put(out, Op.EntryPoint, 5, 4, 0x6e69616d, 0, 9);
  put(out, Op.ExecutionMode, 4, 17, 1, 1, 1);
  out.push(...marks, ...types);
  put(out, Op.Function, 1, 4, 0, 2);
  put(out, Op.Label, 10);
  put(out, Op.AccessChain, 8, 11, 9, ...new Array<number>(levels).fill(6));
  put(out, Op.Load, 5, 12, 11);
  put(out, Op.Return);
  put(out, Op.FunctionEnd);
  return Uint32Array.from(out);
}

Deno.test("a block may have structs in structs, which are looked at once each", () => {
  checkSpirv(nested(1), "compute", NONE, TEST_LIMITS);
  const start = cpuMs();
  assertThrows(() => checkSpirv(nested(4), "compute", NONE, TEST_LIMITS), SpirvError, "too many members");
  assert(cpuMs() - start < 3000);
});

/** What is wrong, and what is said. */
const refusals: readonly (readonly [string, () => Uint32Array, string])[] = [
  ["no module", () => new Uint32Array(3), "module"],
  ["another magic number", () => testShader("add.comp").fill(7, 0, 1), "magic"],
  ["another version", () => testShader("add.comp").fill(0x20000, 1, 2), "version"],
  ["too many ids", () => testShader("add.comp").fill(1 << 20, 3, 4), "ids"],
  ["an instruction of no words", () => patched("add.comp", isOp(Op.TypeVoid), set(0, Op.TypeVoid)), "words"],
  [
    "capability PhysicalStorageBufferAddresses",
    () => patched("add.comp", isOp(Op.Capability), set(1, 5347)),
    "capability 5347",
  ],
  ["capability Kernel", () => patched("add.comp", isOp(Op.Capability), set(1, 6)), "capability 6"],
  ["physical addressing", () => patched("add.comp", isOp(Op.MemoryModel), set(1, 2)), "Logical"],
  ["another stage", () => patched("add.comp", isOp(Op.EntryPoint), set(1, 4)), "entry points"],
  ["another name", () => patched("add.comp", isOp(Op.EntryPoint), set(3, 0x6e69616e)), "entry points"],
  ["set 1", () => patched("add.comp", (w, at, op) => op === Op.Decorate && w[at + 2] === 34, set(3, 1)), "set 1"],
  [
    "a binding beyond",
    () => patched("add.comp", (w, at, op) => op === Op.Decorate && w[at + 2] === 33, set(3, 64)),
    "binding",
  ],
  [
    "a member's offset",
    () => patched("add.comp", (w, at, op) => op === Op.MemberDecorate && w[at + 3] === 35, set(4, 2)),
    "at 2",
  ],
  [
    "an array's stride",
    () => patched("add.comp", (w, at, op) => op === Op.Decorate && w[at + 2] === 6, set(3, 2)),
    "stride",
  ],
  [
    "a decoration",
    () => patched("add.comp", (w, at, op) => op === Op.Decorate && w[at + 2] === 2, set(2, 5355)),
    "decoration",
  ],
  ["a storage class", () => patched("add.comp", isOp(Op.TypePointer), set(2, 5349)), "storage class"],
  [
    "a matrix that has no order",
    () =>
      patched("images.comp", (w, at, op) => op === Op.MemberDecorate && w[at + 3] === 5, (words, at) => {
        words.fill((1 << 16) | Op.Nop, at, at + 4);
      }),
    "ColMajor",
  ],
  ["a block that has more members than it has words", () => nested(3), "too many members"],
  [
    "an image format of capability StorageImageExtendedFormats",
    () => patched("images.comp", (w, at, op) => op === Op.TypeImage && w[at + 8] === 4, set(8, 6)),
    "format 6",
  ],
  ["16-bit floats", () => patched("add.comp", isOp(Op.TypeFloat), set(2, 16)), "16 bits"],
  [
    "a recursion",
    () =>
      patched("flow.comp", isOp(Op.FunctionCall), (words, at) => {
        const [entry] = [...instructions(words)].find(([, op]) => op === Op.EntryPoint) ?? [0];
        words[at + 3] = words[entry + 2];
      }),
    "calls itself",
  ],
  ["a branch to nowhere", () => patched("flow.comp", isOp(Op.Branch), set(1, 1)), "not in its function"],
  [
    "a store into an input",
    () =>
      patched("triangle.vert", (words, at, op) => op === Op.Store && words[at + 1] === output(words), (words, at) => {
        words[at + 1] = input(words);
        words[at + 2] = loaded(words);
      }),
    "a store into storage class 1",
  ],
];

Deno.test("what a shader must not have is refused by name", () => {
  for (const [name, make, message] of refusals) {
    const error = assertThrows(
      () => checkSpirv(make(), name === "a store into an input" ? "vertex" : "compute", NONE, TEST_LIMITS),
      SpirvError,
    );
    assert(error.message.includes(message), `${name}: ${error.message}`);
  }
});

const edit = fc.record({
  at: fc.noBias(fc.integer({ min: 0, max: 999_999 })),
  how: fc.constantFrom("near", "copy", "swap", "bit", "small", "opcode"),
  other: fc.noBias(fc.integer({ min: 0, max: 999_999 })),
  value: fc.nat(255),
});

function mutate(
  words: Uint32Array,
  list: readonly { at: number; how: string; other: number; value: number }[],
): Uint32Array {
  // Names, at the beginning, are not looked at.
  const first = Math.floor(words.length * 0.3), room = words.length - first;
  for (const { at, how, other, value } of list) {
    const a = first + Math.floor(at / 1e6 * room), b = first + Math.floor(other / 1e6 * room);
    switch (how) {
      case "near":
        words[a] += value % 7 - 3;
        break;
      case "copy":
        words[a] = words[b];
        break;
      case "swap":
        [words[a], words[b]] = [words[b], words[a]];
        break;
      case "bit":
        words[a] ^= 1 << (value & 31);
        break;
      case "small":
        words[a] = value;
        break;
      case "opcode":
        words[a] = (words[a] & 0xffff_0000) | value;
    }
  }
  return words;
}

Deno.test("a member of a struct may be named by a null constant: a plain zero is written", () => {
  const zeros = (words: Uint32Array) =>
    [...instructions(words)].filter(([at, op]) => op === Op.Constant && words[at] >>> 16 === 4 && words[at + 3] === 0);
  const words = testShader("add.comp"), before = zeros(words).map(([at]) => words[at + 2]);
  for (const [at] of zeros(words)) {
    words[at] = (3 << 16) | Op.ConstantNull;
    words[at + 3] = (1 << 16) | Op.Nop;
  }
  const out = checkSpirv(words, "compute", NONE, TEST_LIMITS).words;
  assert(before.length > 0);
  assertEquals(zeros(out).map(([at]) => out[at + 2]).filter((id) => before.includes(id)), before);
  if (hasSpirvVal) assertEquals(spirvVal(out), "");
});

Deno.test("a loop whose continue target is a block that may break is refused", () => {
  const words = mutate(testShader("matmul.comp", "1.0"), [{ at: 400_663, how: "near", other: 0, value: 200 }]);
  const changed = testShader("matmul.comp", "1.0").findIndex((word, i) => word !== words[i]);
  assertEquals(words[changed - 2], (4 << 16) | Op.LoopMerge); // its continue target is what is changed
  const error = assertThrows(() => checkSpirv(words, "compute", NONE, TEST_LIMITS), SpirvError);
  assert(error.message.includes("a break in a continue construct"), error.message);
});

Deno.test("of mutated shaders, what is not refused is valid", () => {
  let passed = 0;
  const shader = fc.tuple(fc.constantFrom(...TEST_SHADERS), fc.constantFrom(...TEST_VERSIONS));
  fc.assert(
    fc.property(shader, fc.array(edit, { minLength: 1, maxLength: 2 }), ([name, version], list) => {
      const words = mutate(testShader(name, version), list);
      let program: SpirvProgram;
      try {
        program = checkSpirv(words, stageOf(name), NONE, TEST_LIMITS);
      } catch (error) {
        if (error instanceof SpirvError) return;
        throw error;
      }
      passed++;
      if (hasSpirvVal) assertEquals(spirvVal(program.words), "");
    }),
    { numRuns: RUNS },
  );
  // Not all edits are refused, or the property would say little.
  assert(passed > RUNS / 100, `${passed} passed`);
});

Deno.test("any words are answered with a SpirvError", () => {
  const head = testShader("add.comp");
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(0xffff_ffff), fc.nat(0x6_00ff)), { maxLength: 60 }),
      fc.nat(300),
      (noise, keep) => {
        const words = Uint32Array.from([...head.subarray(0, keep), ...noise]);
        assertThrows(() => checkSpirv(words, "compute", NONE, TEST_LIMITS), SpirvError);
      },
    ),
    { numRuns: RUNS },
  );
});
