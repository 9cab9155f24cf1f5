import { assert, assertEquals } from "@std/assert";
import type { Device } from "../../vulkan/mod.ts";

import { OPCODES } from "./opcodes.ts";
import { draw, withGpu } from "./testing_draw.ts";

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);
const bits = (value: number): number => (floats[0] = value, words[0]);
const float = (word: number): number => (words[0] = word, floats[0]);
const f = Math.fround;

/** Runs an instruction on vectors of four words. @param inputs for each pixel, its sources. */
function run(device: Device, mnemonic: string, inputs: readonly (readonly (readonly number[])[])[]): number[][] {
  const opcode = OPCODES.get(mnemonic.replace(/_SAT$/, ""));
  assert(opcode !== undefined, mnemonic);
  const n = opcode.sources;
  const constants = Uint32Array.from(inputs.flat(2));
  const sources = Array.from({ length: n }, (_, i) => `, TEMP[${i + 1}]`).join("");
  const fragment = [
    "FRAG",
    "DCL IN[0], POSITION, LINEAR",
    "DCL OUT[0], COLOR",
    `DCL CONST[0..${inputs.length * n - 1}]`,
    "DCL TEMP[0..8]",
    "DCL ADDR[0]",
    `IMM[0] UINT32 {${n}, 0, 0, 0}`,
    "0: F2I TEMP[0].x, IN[0].xxxx",
    "1: UMUL TEMP[0].x, TEMP[0].xxxx, IMM[0].xxxx",
    "2: UARL ADDR[0].x, TEMP[0].xxxx",
    ...Array.from({ length: n }, (_, i) => `3: MOV TEMP[${i + 1}], CONST[ADDR[0].x+${i}]`),
    `4: ${mnemonic} TEMP[7]${sources}`,
    "5: MOV OUT[0], TEMP[7]",
    "6: END\n",
  ].join("\n");
  const pixels = draw(device, { fragment, constants, width: inputs.length });
  return inputs.map((_, i) => [...pixels.subarray(i * 4, i * 4 + 4)]);
}

/** Vectors out of interesting values, each meeting several others. */
function vectors(values: readonly number[], sources: number, pixels = 24): number[][][] {
  return Array.from(
    { length: pixels },
    (_, p) =>
      Array.from(
        { length: sources },
        (_, s) => Array.from({ length: 4 }, (_, c) => values[(p * (2 * s + 1) + c * (s + 1) + s * 3) % values.length]),
      ),
  );
}

const FLOATS = [0, -0, 1, -1, 0.5, -0.5, 2, -2.5, 3.75, 1e-3, 100.25, -77, 1.5, 2.5, -3.5, 1e10, -1e10].map(bits);
const INTS = [0, 1, -1, 2, -7, 31, 32, 33, 255, 0x7fffffff, -0x80000000, 0x12345678, -0x12345678, 1000, 5].map((v) =>
  v >>> 0
);

type Model = (...x: number[]) => number;

async function check(rows: Record<string, Model>, values: readonly number[], tolerance = 0): Promise<void> {
  await withGpu((device) => {
    for (const [mnemonic, model] of Object.entries(rows)) {
      const opcode = OPCODES.get(mnemonic.replace(/_SAT$/, ""));
      assert(opcode !== undefined);
      const inputs = vectors(values, opcode.sources);
      const results = run(device, mnemonic, inputs);
      inputs.forEach((sources, p) => {
        for (let c = 0; c < 4; c++) {
          const at = opcode.replicates ? 0 : c;
          const args = sources.map((source) => source[at]);
          const want = model(...args), got = results[p][c];
          if (want >>> 0 === got) continue;
          const a = float(want >>> 0), b = float(got);
          if (Number.isNaN(a) && Number.isNaN(b)) continue;
          if (a === 0 && b === 0 && values === FLOATS) continue; // the sign of zero is free
          if (tolerance > 0 && Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a))) continue;
          throw new Error(
            `${mnemonic}(${args.map((x) => `${x.toString(16)}=${float(x)}`)}) is ${got.toString(16)}=${b}, not ${
              (want >>> 0).toString(16)
            }=${a}`,
          );
        }
      });
    }
  });
}

const F = (model: Model): Model => (...x) => bits(model(...x.map(float)));
const mask = (condition: boolean): number => condition ? 0xffffffff : 0;
const even = (x: number): number => {
  const low = Math.floor(x), rest = x - low;
  return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
};

Deno.test("float instructions give what tgsi.rst says", async () => {
  await check({
    MOV: (x) => x,
    ADD: F((x, y) => x + y),
    MUL: F((x, y) => x * y),
    MIN: F(Math.min),
    MAX: F(Math.max),
    FLR: F(Math.floor),
    CEIL: F(Math.ceil),
    TRUNC: F(Math.trunc),
    ROUND: F(even),
    FRC: F((x) => f(x - Math.floor(x))),
    SSG: F(Math.sign),
    CMP: F((x, y, z) => x < 0 ? y : z),
    SLT: F((x, y) => x < y ? 1 : 0),
    SGE: F((x, y) => x >= y ? 1 : 0),
    SGT: F((x, y) => x > y ? 1 : 0),
    SLE: F((x, y) => x <= y ? 1 : 0),
    SEQ: F((x, y) => x === y ? 1 : 0),
    SNE: F((x, y) => x !== y ? 1 : 0),
    FSLT: (x, y) => mask(float(x) < float(y)),
    FSGE: (x, y) => mask(float(x) >= float(y)),
    FSEQ: (x, y) => mask(float(x) === float(y)),
    FSNE: (x, y) => mask(float(x) !== float(y)),
    ADD_SAT: F((x, y) => Math.min(1, Math.max(0, f(x + y)))),
    F2I: (x) => Math.max(-0x80000000, Math.min(0x7fffffff, Math.trunc(float(x)))),
    F2U: (x) => Math.max(0, Math.min(0xffffffff, Math.trunc(float(x)))),
    ARL: (x) => Math.max(-0x80000000, Math.min(0x7fffffff, Math.floor(float(x)))),
    ARR: (x) => Math.max(-0x80000000, Math.min(0x7fffffff, even(float(x)))),
  }, FLOATS);
});

Deno.test("float instructions that round more than once stay close", async () => {
  await check(
    {
      MAD: F((x, y, z) => f(x * y) + z),
      LRP: F((x, y, z) => f(x * y) + f(f(1 - x) * z)),
      DIV: F((x, y) => x / y),
      RCP: F((x) => 1 / x),
      RSQ: F((x) => 1 / Math.sqrt(x)),
      SQRT: F(Math.sqrt),
    },
    FLOATS,
    1e-5,
  );
  const small = [0.25, 1, 2, 0.5, 3, 1.75, 4.5, 0.1].map(bits);
  await check(
    {
      EX2: F((x) => 2 ** x),
      LG2: F(Math.log2),
      POW: F((x, y) => x ** y),
      SIN: F(Math.sin),
      COS: F(Math.cos),
    },
    small,
    2e-3,
  );
});

Deno.test("NaN goes through comparisons as tgsi.rst and IEEE say", async () => {
  const values = [NaN, 1, -1, 0].map(bits);
  await check({
    FSNE: (x, y) => mask(float(x) !== float(y)),
    FSEQ: (x, y) => mask(float(x) === float(y)),
    FSLT: (x, y) => mask(float(x) < float(y)),
    MAX: F((x, y) => Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.max(x, y)),
    F2I: (x) => Number.isNaN(float(x)) ? 0 : Math.trunc(float(x)),
    MOV: (x) => x,
  }, values);
});

Deno.test("dot products, LIT, DST, EXP and LOG have their own components", async () => {
  await withGpu((device) => {
    const value = (x: number[]): number[] => x.map(bits);
    const near = (mnemonic: string, sources: number[][], want: number[]): void => {
      const [got] = run(device, mnemonic, [sources.map(value)]);
      want.forEach((x, i) =>
        assert(Math.abs(float(got[i]) - x) < 1e-3, `${mnemonic}: ${got.map(float)} is not ${want}`)
      );
    };
    const a = [1, 2, 3, 4], b = [5, -6, 7, 0.5];
    near("DP2", [a, b], [-7, -7, -7, -7]);
    near("DP3", [a, b], [14, 14, 14, 14]);
    near("DP4", [a, b], [16, 16, 16, 16]);
    near("DST", [a, b], [1, -12, 3, 0.5]);
    near("LIT", [[0.5, 0.25, 0, 2]], [1, 0.5, 0.0625, 1]);
    near("LIT", [[-0.5, 0.25, 0, 2]], [1, 0, 0, 1]);
    near("LIT", [[0.5, 0, 0, 0]], [1, 0.5, 1, 1]);
    near("EXP", [[2.5, 0, 0, 0]], [4, 0.5, 5.65685, 1]);
    near("LOG", [[-10, 0, 0, 0]], [3, 1.25, 3.32193, 1]);
    const [packed] = run(device, "PK2H", [[value([1, -2, 0, 0])]]);
    assertEquals(packed, new Array(4).fill(0xc0003c00));
    const [unpacked] = run(device, "UP2H", [[[0xc0003c00, 0, 0, 0]]]);
    assertEquals(unpacked.map(float), [1, -2, 1, -2]);
  });
});

Deno.test("integer instructions give what tgsi.rst says", async () => {
  const s = (x: number): number => x | 0;
  const bit = (x: bigint): number => Number(BigInt.asUintN(32, x));
  const field = (offset: number, width: number): [number, number] => {
    const from = offset & 31;
    return [from, Math.min(width, 32 - from)];
  };
  const ones = (width: number): number => width >= 32 ? 0xffffffff : (1 << width) - 1 >>> 0;
  await check({
    I2F: (x) => bits(s(x)),
    U2F: bits,
    NOT: (x) => ~x,
    AND: (x, y) => x & y,
    OR: (x, y) => x | y,
    XOR: (x, y) => x ^ y,
    SHL: (x, y) => x << y,
    USHR: (x, y) => x >>> y,
    ISHR: (x, y) => s(x) >> y,
    UADD: (x, y) => x + y,
    UMUL: (x, y) => Math.imul(x, y),
    UMAD: (x, y, z) => Math.imul(x, y) + z | 0,
    IMUL_HI: (x, y) => bit(BigInt(s(x)) * BigInt(s(y)) >> 32n),
    UMUL_HI: (x, y) => bit(BigInt(x) * BigInt(y) >> 32n),
    IDIV: (x, y) => y === 0 ? -1 : bit(BigInt(s(x)) / BigInt(s(y))),
    UDIV: (x, y) => y === 0 ? -1 : Math.floor(x / y),
    MOD: (x, y) => y === 0 ? -1 : s(x) % s(y),
    UMOD: (x, y) => y === 0 ? -1 : x % y,
    INEG: (x) => -s(x),
    IABS: (x) => Math.abs(s(x)),
    ISSG: (x) => Math.sign(s(x)),
    IMAX: (x, y) => Math.max(s(x), s(y)),
    IMIN: (x, y) => Math.min(s(x), s(y)),
    UMAX: Math.max,
    UMIN: Math.min,
    ISLT: (x, y) => mask(s(x) < s(y)),
    ISGE: (x, y) => mask(s(x) >= s(y)),
    USLT: (x, y) => mask(x < y),
    USGE: (x, y) => mask(x >= y),
    USEQ: (x, y) => mask(x === y),
    USNE: (x, y) => mask(x !== y),
    UCMP: (x, y, z) => x !== 0 ? y : z,
    POPC: (x) => x.toString(2).replaceAll("0", "").length,
    LSB: (x) => x === 0 ? -1 : 31 - Math.clz32(x & -x),
    UMSB: (x) => x === 0 ? -1 : 31 - Math.clz32(x),
    IMSB: (x) => {
      const y = s(x) < 0 ? ~x : x;
      return y === 0 ? -1 : 31 - Math.clz32(y);
    },
    BREV: (x) => Number.parseInt([...x.toString(2).padStart(32, "0")].reverse().join(""), 2),
    UBFE: (x, offset, width) => {
      const [from, count] = field(offset, width);
      return x >>> from & ones(count);
    },
    IBFE: (x, offset, width) => {
      const [from, count] = field(offset, width);
      return count === 0 ? 0 : s(x) << 32 - count - from >> 32 - count;
    },
    BFI: (x, y, offset, width) => {
      const [from, count] = field(offset, width);
      const cover = ones(count) << from;
      return x & ~cover | y << from & cover;
    },
  }, INTS);
});
