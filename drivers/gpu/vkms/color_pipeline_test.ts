import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ColorPipeline, interpolate } from "udrm/drivers/gpu/vkms/color_pipeline.ts";

/** apply_lut_to_channel_value in the kernel's 64-bit fixed point (include/drm/drm_fixed.h). */
const POINT = 32n, ONE = 1n << POINT;
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
function msbset(a: bigint): bigint {
  const sign = (a >> 63n) & 1n;
  for (let shift = 62n; shift > 0n; shift--) if (((a >> shift) & 1n) !== sign) return shift;
  return 0n;
}
function mul(a: bigint, b: bigint): bigint {
  let shift = msbset(a) + msbset(b);
  if (shift > 61n) {
    shift -= 61n;
    a >>= (shift >> 1n) + (shift & 1n);
    b >>= shift >> 1n;
  } else shift = 0n;
  const result = s64(a * b);
  return shift > POINT ? result << (shift - POINT) : result >> (POINT - shift);
}
function div(a: bigint, b: bigint): bigint {
  const shift = 62n - msbset(a);
  a = s64(a << shift);
  if (shift < POINT) b >>= POINT - shift;
  const result = a / b;
  return shift > POINT ? result >> (shift - POINT) : result;
}
function kernel(entries: readonly number[], value: number): number {
  const last = BigInt(entries.length - 1);
  const index = mul(BigInt(value) * ONE, div(last * ONE, 0xffffn * ONE));
  const floor = index >> POINT, ceil = floor === last ? floor : (index + ONE - 1n) >> POINT;
  const low = BigInt(entries[Number(floor)]) * ONE, high = BigInt(entries[Number(ceil)]) * ONE;
  return Number(BigInt.asUintN(16, (low + mul(high - low, index & (ONE - 1n)) + ONE / 2n) >> POINT));
}

Deno.test("interpolate gives the kernel's values, bit for bit", () => {
  const table = new Uint16Array(65536);
  const lengths = fc.constantFrom(1, 2, 3, 16, 17, 255, 256, 1024);
  const input = lengths.chain((n) =>
    fc.tuple(
      fc.array(fc.nat(0xffff), { minLength: n, maxLength: n, size: "max" }),
      fc.array(fc.nat(0xffff), { minLength: 50, maxLength: 50 }),
    )
  );
  fc.assert(
    fc.property(input, ([entries, values]) => {
      interpolate(entries, table);
      for (const value of [0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, ...values]) {
        assertEquals(table[value], kernel(entries, value), `value ${value} of ${entries.length} entries`);
      }
    }),
    { numRuns: 60 },
  );
});

function lut(entries: readonly (readonly number[])[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(entries.flatMap(([r, g, b]) => [r, g, b, 0])).buffer);
}

function ctm(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(72), view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    const magnitude = BigInt(Math.round(Math.abs(value) * 2 ** 32));
    view.setBigUint64(i * 8, magnitude | (value < 0 ? 1n << 63n : 0n), true);
  });
  return bytes;
}

Deno.test("ColorPipeline: nothing by default", () => {
  const color = new ColorPipeline();
  assertEquals(color.active, false);
  color.load(new Uint8Array(0), undefined, undefined);
  assertEquals(color.active, false);
});

Deno.test("ColorPipeline: channels have tables of their own, alpha none", () => {
  const color = new ColorPipeline();
  color.load(undefined, undefined, lut([[0xffff, 0, 0x1000], [0, 0xffff, 0x3000]]));
  const lanes = Uint16Array.of(7, 0, 0, 0, 8, 0x8000, 0x8000, 0x8000);
  color.apply(lanes);
  const half = [[0xffff, 0], [0, 0xffff], [0x1000, 0x3000]].map((entries) => kernel(entries, 0x8000));
  assertEquals([...lanes], [7, 0xffff, 0, 0x1000, 8, ...half]);
});

Deno.test("ColorPipeline: degamma, then the matrix, then gamma; the matrix clamps", () => {
  const color = new ColorPipeline();
  const falling = [0xffff, 0], inverse = lut(falling.map((value) => [value, value, value]));
  const fall = (value: number): number => kernel(falling, value);
  color.load(inverse, ctm(0, 1, 0, 0.5, 0, 0, 2, 0, -1), undefined);
  const lanes = Uint16Array.of(0xffff, 0xffff - 1000, 0xffff - 2001, 0xffff - 3000);
  const red = fall(lanes[1]);
  color.apply(lanes);
  // Twice red less blue is less than black.
  assertEquals([...lanes], [0xffff, fall(0xffff - 2001), Math.round(red / 2), 0]);
  color.load(undefined, ctm(2, 0, 0, 0, 1, 0, 0, 0, 1), inverse);
  const bright = Uint16Array.of(0xffff, 0x9000, 1, 2);
  color.apply(bright);
  assertEquals([...bright], [0xffff, fall(0xffff), fall(1), fall(2)]);
  color.load(undefined, undefined, undefined);
  assertEquals(color.active, false);
});
