import { assert, assertEquals, assertThrows } from "@std/assert";
import { cpuMs } from "udrm/tests/cpu_time.ts";
import { checkSpirv, SpirvError } from "./mod.ts";
import { Op } from "./opcodes.ts";
import { hasSpirvVal, spirvVal, TEST_LIMITS } from "./testing.ts";

const NONE = new Uint32Array(0);
const TRUE = 5, INT = 6, ONE = 7, FIRST = 8;

/** An instruction: its number and operands. */
type Instruction = readonly [op: number, ...operands: number[]];

/** A compute shader with this body: FIRST is the label of its first block; labels are 9 to 99, values from 100 on. */
function shader(body: readonly Instruction[]): Uint32Array<ArrayBuffer> {
  const words = [0x07230203, 0x10300, 0, 1 << 16, 0];
  const all: readonly Instruction[] = [
    [Op.Capability, 1],
    [Op.MemoryModel, 0, 1],
    [Op.EntryPoint, 5, 4, 0x6e69616d, 0],
    [Op.ExecutionMode, 4, 17, 1, 1, 1],
    [Op.TypeVoid, 1],
    [Op.TypeFunction, 2, 1],
    [Op.TypeBool, 3],
    [Op.ConstantTrue, 3, TRUE],
    [Op.TypeInt, INT, 32, 0],
    [Op.Constant, INT, ONE, 1],
    [Op.Function, 1, 4, 0, 2],
    [Op.Label, FIRST],
    ...body,
    [Op.FunctionEnd],
  ];
  for (const instruction of all) words.push((instruction.length << 16) | instruction[0], ...instruction.slice(1));
  return Uint32Array.from(words);
}

const label = (id: number): Instruction => [Op.Label, id];
const go = (to: number): Instruction => [Op.Branch, to];
const either = (a: number, b: number): Instruction => [Op.BranchConditional, TRUE, a, b];
const choose = (others: number, ...cases: readonly number[]): Instruction => [
  Op.Switch,
  ONE,
  others,
  ...cases.flatMap((to, i) => [i, to]),
];
const selection = (merge: number): Instruction => [Op.SelectionMerge, merge, 0];
const loop = (merge: number, continues: number): Instruction => [Op.LoopMerge, merge, continues, 0];
const end: Instruction = [Op.Return];

/** A loop: header 10, body 11 (which continues), continue target 12, merge 13; what its continue construct is. */
function continuing(...construct: readonly Instruction[]): readonly Instruction[] {
  const open = [go(10), label(10), loop(13, 12), go(11), label(11), go(12), label(12)];
  return [...open, ...construct, label(13), end];
}

/** A loop: header 10, body 11 with a switch (merge 20, some case 21), continue target 12, merge 13. */
function switching(others: number, ...cases: readonly number[]): readonly Instruction[] {
  return [
    ...[go(10), label(10), loop(13, 12), go(11), label(11), selection(20), choose(others, ...cases)],
    ...[label(21), go(12), label(20), go(12), label(12), go(10), label(13), end],
  ];
}

const valid: readonly (readonly [string, readonly Instruction[]])[] = [
  ["a way back", continuing(go(10))],
  ["a way back or out", continuing(either(13, 10))],
  ["blocks before the way back", continuing(go(20), label(20), either(10, 13))],
  [
    "a selection before the way back",
    continuing(selection(22), either(20, 21), label(20), go(22), label(21), go(22), label(22), go(10)),
  ],
  [
    "a loop with a break before the way back",
    continuing(
      ...[go(20), label(20), loop(23, 22), either(21, 23), label(21), either(22, 23)],
      ...[label(22), go(20), label(23), either(10, 13)],
    ),
  ],
  ["a switch with cases that continue, in blocks of theirs", switching(20, 21, 20, 21)],
  ["a loop whose header is its continue target", [go(10), label(10), loop(13, 10), either(10, 13), label(13), end]],
  [
    "breaks, continues and ends in a loop's body",
    [
      ...[go(10), label(10), loop(13, 12), either(11, 13), label(11), either(13, 20), label(20), either(12, 21)],
      ...[label(21), selection(23), either(22, 23), label(22), end, label(23), go(12), label(12), go(10)],
      ...[label(13), end],
    ],
  ],
];

const invalid: readonly (readonly [string, readonly Instruction[], string])[] = [
  ["a break before the way back", continuing(either(20, 13), label(20), go(10)), "a break in"],
  ["a continue construct that only breaks", continuing(go(13)), "a break in"],
  [
    "a break out of a selection in a continue construct",
    continuing(selection(21), either(20, 21), label(20), go(13), label(21), go(10)),
    "a break in",
  ],
  [
    "an end in a continue construct",
    continuing(selection(21), either(20, 21), label(20), end, label(21), go(10)),
    "an end in",
  ],
  [
    "an end in a loop in a continue construct",
    continuing(
      ...[go(20), label(20), loop(24, 23), go(21), label(21), selection(22), either(25, 22), label(25), end],
      ...[label(22), go(23), label(23), either(20, 24), label(24), go(10)],
    ),
    "an end in",
  ],
  [
    "a way back out of a selection",
    continuing(selection(21), either(20, 21), label(20), go(10), label(21), [Op.Unreachable]),
    "",
  ],
  ["two ways back", continuing(selection(21), either(20, 21), label(20), go(10), label(21), go(10)), ""],
  ["a way back that goes on", continuing(either(10, 20), label(20), go(10)), "into the loop"],
  ["a switch that breaks out of a loop", switching(21, 20, 13), "dominate its case"],
  ["a switch that continues", switching(12, 20, 21), "dominate its case"],
  ["a loop that does not go back", continuing([Op.Unreachable]), "an end in"],
];

Deno.test("a continue construct is left where it goes back, and switches dominate their cases (SPIR-V 2.11.2)", () => {
  for (const [name, body] of valid) {
    const words = shader(body);
    if (hasSpirvVal) assertEquals(spirvVal(words), "", name);
    const out = checkSpirv(words, "compute", NONE, TEST_LIMITS).words;
    if (hasSpirvVal) assertEquals(spirvVal(out), "", name);
  }
  for (const [name, body, message] of invalid) {
    const words = shader(body);
    if (hasSpirvVal) assert(spirvVal(words) !== "", `${name} is valid`);
    const error = assertThrows(() => checkSpirv(words, "compute", NONE, TEST_LIMITS), SpirvError, message, name);
    assert(error.message.includes("word"), `${name}: ${error.message}`);
  }
});

Deno.test("a value has one where its block dominates, however far down", () => {
  const add = (id: number, value: number): Instruction => [Op.IAdd, INT, id, value, ONE];
  for (const depth of [1, 2, 3, 7, 8, 100, 1023, 1024]) {
    // Each block of a row adds to what the one before it made, and the last to each of the first.
    const body: Instruction[] = [add(5000, ONE), go(1000)];
    for (let i = 0; i < depth; i++) body.push(label(1000 + i), add(5001 + i, 5000 + i), go(1001 + i));
    body.push(label(1000 + depth));
    for (let i = 0; i <= depth; i++) body.push(add(9000 + i, 5000 + i));
    checkSpirv(shader([...body, end]), "compute", NONE, TEST_LIMITS);
  }
  // What is made on one side of a selection has no value behind it; what its header makes has.
  const fork = (value: number) =>
    [
      ...[
        add(100, ONE),
        selection(22),
        either(20, 21),
        label(20),
        add(101, ONE),
        go(22),
        label(21),
        add(102, ONE),
        go(22),
      ],
      ...[label(22), add(103, value), end],
    ] as const;
  checkSpirv(shader(fork(100)), "compute", NONE, TEST_LIMITS);
  for (const value of [101, 102]) {
    assertThrows(() => checkSpirv(shader(fork(value)), "compute", NONE, TEST_LIMITS), SpirvError, "on every way");
  }
});

Deno.test("flow of thousands of blocks, that all go to one or that nothing leads to, takes no square of time", () => {
  const N = 8000, TIMES = 10;
  const continues: Instruction[] = [go(10), label(10), loop(13, 12), go(1000)];
  for (let i = 0; i < N; i++) continues.push(label(1000 + i), either(1001 + i, 12));
  continues.push(label(1000 + N), go(12), label(12), go(10), label(13), end);
  const unreachable: Instruction[] = [];
  for (let i = 0; i < N / 2; i++) {
    unreachable.push(selection(30_000 + i), either(20_000 + i, 20_000 + i), label(20_000 + i), end, label(30_000 + i));
  }
  for (const body of [continues, [...unreachable, end]]) {
    const words = shader(body), start = cpuMs();
    for (let i = 0; i < TIMES; i++) checkSpirv(words, "compute", NONE, TEST_LIMITS);
    // With the square it is several times that on any machine of today; without, a small part.
    assert(cpuMs() - start < 3000);
  }
});
