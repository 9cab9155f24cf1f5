/**
 * The blending of blend8.ts, eight channels at a time: a WebAssembly function of one loop, assembled here (WebAssembly core
 * specification, section 5, with the vector instructions of 5.4.6). It needs no permission. The row lies in the function's
 * memory, where all else works on it too; sources are copied there, a line at a time.
 * @module
 */

/** The longest row, pixels. */
export const SIMD_WIDTH = 16384;

// Two pixels are blended at a time: there is room for one more.
const SOURCE = SIMD_WIDTH * 8 + 16;
const PAGES = Math.ceil((SOURCE + SIMD_WIDTH * 4 + 16) / 65536);

const I32 = 0x7f, V128 = 0x7b;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (; value < -64 || value > 63; value >>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value & 127];
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const name = (text: string): number[] => vector([...text].map((c) => [c.charCodeAt(0)]));

// Instructions, by their names of the specification.
const get = (local: number): number[] => [0x20, ...unsigned(local)];
const set = (local: number): number[] => [0x21, ...unsigned(local)];
const tee = (local: number): number[] => [0x22, ...unsigned(local)];
const i32Const = (value: number): number[] => [0x41, ...signed(value)];
const simd = (opcode: number, ...rest: number[]): number[] => [0xfd, ...unsigned(opcode), ...rest];
const splat16 = (...lanes: number[]): number[] =>
  simd(0x0c, ...Array.from({ length: 8 }, (_, i) => lanes[i % lanes.length]).flatMap((v) => [v & 255, v >>> 8]));
const splat32 = (value: number): number[] => splat16(value, 0);
const shuffle = (...lanes: number[]): number[] => simd(0x0d, ...lanes);
const load = simd(0x00, 4, 0), store = simd(0x0b, 4, 0), loadHalf = simd(0x5d, 3, 0);
const not = simd(0x4d), and = simd(0x4e), or = simd(0x50);
const ne16 = simd(0x2e), ltU16 = simd(0x30), add16 = simd(0x8e);
const shrU32 = simd(0xad), add32 = simd(0xae), mulLow = simd(0xbe), mulHigh = simd(0xbf);

const ROW = 0, END = 1, FROM = 2, PIXELS = 3, REST = 4, BELOW = 5, TERM = 6, QUOTIENT = 7;

// Leaves (x + 32767) / 65535 in the upper halves of 32-bit lanes: with t the sum, that is (t + 1 + (t >> 16)) >> 16.
function divided(multiply: readonly number[]): number[] {
  return [
    ...[...get(BELOW), ...get(REST), ...multiply, ...splat32(32767), ...add32, ...tee(TERM)],
    ...[...get(TERM), ...i32Const(16), ...shrU32, ...add32, ...splat32(1), ...add32],
  ];
}

const UPPER_HALVES = shuffle(2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);

// Two pixels a turn, alpha, red, green, blue of each: source * 257 + (below * (65535 - alpha * 257) + 32767) / 65535.
const LOOP: readonly number[] = [
  ...[...i32Const(SOURCE), ...set(FROM)],
  ...[0x03, 0x40], // loop
  ...[...get(FROM), ...loadHalf, ...tee(PIXELS)],
  ...[...get(PIXELS), ...shuffle(3, 3, 3, 3, 3, 3, 3, 3, 7, 7, 7, 7, 7, 7, 7, 7), ...not, ...set(REST)],
  ...[...get(PIXELS), ...get(PIXELS), ...shuffle(3, 3, 2, 2, 1, 1, 0, 0, 7, 7, 6, 6, 5, 5, 4, 4), ...set(PIXELS)],
  ...[...get(ROW), ...load, ...set(BELOW)],
  ...[...divided(mulLow), ...divided(mulHigh), ...UPPER_HALVES, ...tee(QUOTIENT)],
  ...[...get(PIXELS), ...add16, ...tee(PIXELS)],
  // What overflows is one less, as the kernel's 32 bits have it, but for exactly 65536.
  ...[...get(PIXELS), ...get(QUOTIENT), ...ltU16, ...get(PIXELS), ...splat16(0), ...ne16, ...and, ...add16],
  ...[...splat16(0xffff, 0, 0, 0), ...or, ...set(PIXELS)],
  ...[...get(ROW), ...get(PIXELS), ...store],
  ...[...get(FROM), ...i32Const(8), 0x6a, ...set(FROM)],
  ...[...get(ROW), ...i32Const(16), 0x6a, ...tee(ROW), ...get(END), 0x49, 0x0d, 0], // i32.add, i32.lt_u, br_if
  ...[0x0b, 0x0b],
];

function assemble(): Uint8Array<ArrayBuffer> {
  const body = (locals: readonly (readonly number[])[], code: readonly number[]): number[] => {
    const bytes = [...vector(locals), ...code];
    return [...unsigned(bytes.length), ...bytes];
  };
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, 2, I32, I32, 0]])),
    ...section(3, vector([[0]])),
    ...section(5, vector([[0, PAGES]])),
    ...section(7, vector([[...name("memory"), 2, 0], [...name("blend"), 0, 0]])),
    ...section(10, vector([body([[1, I32], [5, V128]], LOOP)])),
  ]);
}

/** A row of 16-bit channels, and the function that blends into it. */
export class SimdBlender {
  /** The memory of the row: {@linkcode SIMD_WIDTH} pixels from its start. */
  readonly buffer: ArrayBuffer;
  readonly #words: Int32Array;
  readonly #source: Int32Array;
  readonly #blend: (row: number, end: number) => void;

  private constructor(buffer: ArrayBuffer, blend: (row: number, end: number) => void) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, SIMD_WIDTH * 2 + 4);
    this.#source = new Int32Array(buffer, SOURCE, SIMD_WIDTH);
    this.#blend = blend;
  }

  /** One with a memory of its own; undefined where the machine has no vector instructions or no room. */
  static make(): SimdBlender | undefined {
    const bytes = assemble();
    if (!WebAssembly.validate(bytes)) return undefined;
    let instance: WebAssembly.Instance;
    try {
      instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    } catch (error) {
      if (error instanceof RangeError) return undefined; // the address space is full
      throw error;
    }
    const { memory, blend } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory) || typeof blend !== "function") return undefined;
    return new SimdBlender(memory.buffer as ArrayBuffer, blend as (row: number, end: number) => void);
  }

  /** As `blendWords16` of blend8.ts, into the row. `at` and `count` end within {@linkcode SIMD_WIDTH}. */
  blend(at: number, source: Int32Array, from: number, count: number): void {
    if (count === 0) return;
    this.#source.set(source.subarray(from, from + count));
    const words = this.#words, end = (at + count) * 2;
    const low = words[end], high = words[end + 1];
    this.#blend(at * 8, (at + count) * 8);
    if ((count & 1) === 0) return;
    words[end] = low;
    words[end + 1] = high;
  }
}

let shared: SimdBlender | undefined | false = false;

/** The one of this isolate: a memory takes much of the address space, and what is in a row is nobody's from one line to the next. */
export function sharedBlender(): SimdBlender | undefined {
  if (shared === false) shared = SimdBlender.make();
  return shared;
}
