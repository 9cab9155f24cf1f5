import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { blendPremultiplied, blendRow } from "udrm/drivers/gpu/vkms/blend.ts";
import { blendWords16, blendWords8, narrow8, narrowWords, widenWords } from "udrm/drivers/gpu/vkms/blend8.ts";
import { SIMD_WIDTH, SimdBlender } from "udrm/drivers/gpu/vkms/blend_simd.ts";
import { noise } from "udrm/drivers/gpu/vkms/testing.ts";
import { PixelRow } from "udrm/drivers/gpu/vkms/pixel_row.ts";
import { DRM_MODE_BLEND_COVERAGE, DRM_MODE_BLEND_PIXEL_NONE, DRM_MODE_BLEND_PREMULTI } from "udrm/uapi/mod.ts";

const MAX = 0xffffn;
const channel = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff));
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 254, 255));

/** The equations of the documentation in whole numbers, rounded once. All 0..0xffff. */
function documented(mode: number, fg: number, fgAlpha: number, bg: number, opacity: number): number {
  const [f, a, b, p] = [fg, fgAlpha, bg, opacity].map(BigInt);
  const square = MAX * MAX;
  const sum = mode === DRM_MODE_BLEND_PIXEL_NONE
    ? (p * f + (MAX - p) * b) * MAX
    : mode === DRM_MODE_BLEND_PREMULTI
    ? p * f * MAX + (square - p * a) * b
    : p * a * f + (square - p * a) * b;
  return Number((sum + square / 2n) / square);
}

function blended(mode: number, fg: number, fgAlpha: number, bg: number, opacity: number): number[] {
  const row = Uint16Array.of(0xffff, bg, bg, bg);
  blendRow(row, 0, Uint16Array.of(fgAlpha, fg, fg, fg), 1, mode, opacity);
  return [...row];
}

for (
  const [name, mode] of [
    ["None", DRM_MODE_BLEND_PIXEL_NONE],
    ["Pre-multiplied", DRM_MODE_BLEND_PREMULTI],
    ["Coverage", DRM_MODE_BLEND_COVERAGE],
  ] as const
) {
  Deno.test(`blendRow: ${name} is the documentation's equation, rounded once to the nearest`, () => {
    fc.assert(
      fc.property(channel, channel, channel, channel, (x, y, bg, opacity) => {
        // Premultiplied colours are at most their alpha.
        const fg = mode === DRM_MODE_BLEND_PREMULTI ? Math.min(x, y) : x;
        const value = documented(mode, fg, y, bg, opacity);
        assertEquals(blended(mode, fg, y, bg, opacity), [0xffff, value, value, value]);
      }),
      { numRuns: 2000 },
    );
  });
}

Deno.test("blendRow: an opaque pixel replaces, a transparent one leaves alone, in every mode that looks at it", () => {
  for (const mode of [DRM_MODE_BLEND_PREMULTI, DRM_MODE_BLEND_COVERAGE]) {
    assertEquals(blended(mode, 0x1234, 0xffff, 0x4321, 0xffff)[1], 0x1234);
    assertEquals(blended(mode, 0, 0, 0x4321, 0xffff)[1], 0x4321);
  }
  assertEquals(blended(DRM_MODE_BLEND_PIXEL_NONE, 0x1234, 0, 0x4321, 0xffff)[1], 0x1234);
  assertEquals(blended(DRM_MODE_BLEND_PIXEL_NONE, 0x1234, 0, 0x4321, 0)[1], 0x4321);
});

Deno.test("blendRow: covers only its place", () => {
  const row = new Uint16Array(16).fill(0x1111);
  blendRow(row, 1, new Uint16Array(8).fill(0xffff), 2, DRM_MODE_BLEND_PREMULTI, 0xffff);
  assertEquals([...row], [
    ...new Array(4).fill(0x1111),
    ...new Array(8).fill(0xffff),
    ...new Array(4).fill(0x1111),
  ]);
});

Deno.test("blendPremultiplied: a colour brighter than its alpha overflows 32 bits as in the kernel", () => {
  const kernel = (source: number, target: number, alpha: number): number => {
    const sum = BigInt.asUintN(32, BigInt(source) * MAX + BigInt(target) * (MAX - BigInt(alpha)));
    return Number(BigInt.asUintN(16, BigInt.asUintN(32, sum + 0x7fffn) / MAX));
  };
  assertEquals(kernel(0xffff, 0xffff, 0), 0xfffd);
  fc.assert(
    fc.property(channel, channel, channel, (s, d, a) => assertEquals(blendPremultiplied(s, d, a), kernel(s, d, a))),
    { numRuns: 5000 },
  );
});

const argb = (a: number, r: number, g: number, b: number): number => (a << 24) | (r << 16) | (g << 8) | b;

Deno.test("blendWords16 gives what blendRow gives, for every pixel, right or wrong", () => {
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), fc.tuple(channel, channel, channel), ([a, r, g, b], below) => {
      const exact = new PixelRow(3), fast = new PixelRow(3);
      for (const row of [exact, fast]) row.fill(0xffff, ...below);
      const source = Uint16Array.of(a * 257, r * 257, g * 257, b * 257);
      blendRow(exact.lanes, 1, source, 1, DRM_MODE_BLEND_PREMULTI, 0xffff);
      blendWords16(fast.words, 1, Int32Array.of(0, argb(a, r, g, b)), 1, 1);
      assertEquals([...fast.lanes], [...exact.lanes]);
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("SimdBlender gives what blendWords16 gives, for every pixel, length and place, and touches nothing else", () => {
  const simd = SimdBlender.make();
  if (simd === undefined) throw new Error("this machine has no vector instructions");
  const words = new Int32Array(simd.buffer, 0, SIMD_WIDTH * 2), source = new Int32Array(SIMD_WIDTH + 8);
  noise(new Uint8Array(source.buffer), 1);
  for (const count of [0, 1, 2, 3, 7, 8, 1920, 4095, SIMD_WIDTH - 3, SIMD_WIDTH - 2]) {
    for (const at of [0, 1, 2]) {
      noise(new Uint8Array(simd.buffer, 0, SIMD_WIDTH * 8), count + at);
      const expected = words.slice();
      blendWords16(expected, at, source, 3, count);
      simd.blend(at, source, 3, count);
      for (let i = 0; i < words.length; i++) if (words[i] !== expected[i]) assertEquals(words[i], expected[i], `${i}`);
    }
  }
});

Deno.test("blendWords8 gives what blending in 16 bits and narrowing gives, for all alphas, sources and targets", () => {
  // Each channel by itself, all of them: a row for each source and alpha, a pixel for each target; red, green, blue differ.
  const target = new Int32Array(256), expected = new Int32Array(256), source = new Int32Array(256);
  const row = new PixelRow(256);
  for (let a = 0; a < 256; a += a % 16 === 15 ? 1 : 3) {
    for (let s = 0; s < 256; s += 5) {
      const p = argb(a, s, (s * 7) & 255, 255 - s);
      for (let d = 0; d < 256; d++) target[d] = expected[d] = argb(255, d, 255 - d, (d * 3) & 255);
      source.fill(p);
      widenWords(row.words, 0, expected, 0, 256);
      blendWords16(row.words, 0, source, 0, 256);
      narrowWords(expected, 0, row.words, 0, 256);
      blendWords8(target, 0, source, 0, 256);
      for (let d = 0; d < 256; d++) {
        if (target[d] !== expected[d]) assertEquals({ a, s, d, word: target[d] }, { a, s, d, word: expected[d] });
      }
    }
  }
});

Deno.test("narrow8 and narrowWords are DIV_ROUND_CLOSEST(value, 257), widenWords their inverse", () => {
  const row = new PixelRow(1), word = new Int32Array(1);
  for (let value = 0; value <= 0xffff; value++) {
    const nearest = Math.floor((value + 128) / 257);
    if (narrow8(value) !== nearest) assertEquals(narrow8(value), nearest);
    row.fill(0xffff, value, 0xffff - value, value);
    narrowWords(word, 0, row.words, 0, 1);
    const other = Math.floor((0xffff - value + 128) / 257);
    if (word[0] !== argb(255, nearest, other, nearest)) assertEquals(word[0], argb(255, nearest, other, nearest));
  }
  for (let value = 0; value < 256; value++) {
    widenWords(row.words, 0, Int32Array.of(argb(0, value, 255 - value, value ^ 0x55)), 0, 1);
    assertEquals([...row.lanes], [0xffff, value * 257, (255 - value) * 257, (value ^ 0x55) * 257]);
  }
});
