/** BLIT against plain models of its pixels. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { PIPE_TEXTURE_1D, PIPE_TEXTURE_2D_ARRAY, PIPE_TEXTURE_3D, PIPE_TEXTURE_CUBE } from "../../../../uapi/pipe.ts";
import * as format from "../../../../uapi/virgl_format.ts";
import { VIRGL_CCMD_BLIT, VIRGL_CCMD_CLEAR } from "../../../../uapi/virgl_protocol.ts";
import type { BlitBox, BlitScissor } from "./blit_geometry.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { noise } from "./testing.ts";
import { VirglRefusal } from "./refusal.ts";

interface Request {
  readonly mask?: number;
  readonly linear?: boolean;
  readonly scissor?: BlitScissor;
  readonly alphaBlend?: boolean;
}
type Side = readonly [id: number, level: number, format: number, box: BlitBox];

function box(x: number, y: number, z: number, width: number, height: number, depth: number): BlitBox {
  return { x, y, z, width, height, depth };
}

function blit(client: TestClient, dst: Side, src: Side, request: Request = {}): void {
  const { mask = 15, linear = false, scissor, alphaBlend = false } = request;
  const s0 = mask | (linear ? 1 << 8 : 0) | (scissor === undefined ? 0 : 1 << 10) | (alphaBlend ? 1 << 12 : 0);
  const words = (side: Side) => {
    const { x, y, z, width, height, depth } = side[3];
    return [side[0], side[1], side[2], x, y, z, width, height, depth];
  };
  const low = scissor === undefined ? 0 : scissor.minX | scissor.minY << 16;
  const high = scissor === undefined ? 0 : scissor.maxX | scissor.maxY << 16;
  client.run(VIRGL_CCMD_BLIT, s0, low, high, ...words(dst), ...words(src));
}

/** Where in memory R, G, B, A are; alpha is one where there is none. */
const LAYOUTS: ReadonlyMap<number, readonly number[]> = new Map([
  [format.VIRGL_FORMAT_R8G8B8A8_UNORM, [0, 1, 2, 3]],
  [format.VIRGL_FORMAT_B8G8R8A8_UNORM, [2, 1, 0, 3]],
  [format.VIRGL_FORMAT_B8G8R8X8_UNORM, [2, 1, 0, -1]],
  [format.VIRGL_FORMAT_R8G8B8X8_UNORM, [0, 1, 2, -1]],
]);

/** A 2D blit of 8-bit formats, pixel by pixel. */
function model(
  target: Uint8Array,
  width: number,
  height: number,
  dst: readonly [number, BlitBox],
  source: Uint8Array,
  srcWidth: number,
  srcHeight: number,
  src: readonly [number, BlitBox],
  { mask = 15, linear = false, scissor }: Request,
): Uint8Array {
  const out = target.slice(), to = LAYOUTS.get(dst[0]) ?? [], from = LAYOUTS.get(src[0]) ?? [], d = dst[1], s = src[1];
  const clamp = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);
  const texel = (x: number, y: number, c: number) =>
    from[c] < 0 ? 255 : source[(clamp(y, srcHeight) * srcWidth + clamp(x, srcWidth)) * 4 + from[c]];
  const left = Math.min(d.x, d.x + d.width), top = Math.min(d.y, d.y + d.height);
  for (let y = top; y < top + Math.abs(d.height); y++) {
    for (let x = left; x < left + Math.abs(d.width); x++) {
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      if (scissor !== undefined && (x < scissor.minX || y < scissor.minY || x >= scissor.maxX || y >= scissor.maxY)) {
        continue;
      }
      const u = s.x + (x + 0.5 - d.x) * s.width / d.width, v = s.y + (y + 0.5 - d.y) * s.height / d.height;
      for (let c = 0; c < 4; c++) {
        if (to[c] < 0 || (mask >> c & 1) === 0) continue;
        let value = texel(Math.floor(u), Math.floor(v), c);
        if (linear) {
          const a = u - 0.5, b = v - 0.5, i = Math.floor(a), j = Math.floor(b), fx = a - i, fy = b - j;
          value = (texel(i, j, c) * (1 - fx) + texel(i + 1, j, c) * fx) * (1 - fy) +
            (texel(i, j + 1, c) * (1 - fx) + texel(i + 1, j + 1, c) * fx) * fy;
        }
        out[(y * width + x) * 4 + to[c]] = value;
      }
    }
  }
  return out;
}

function close(actual: Uint8Array, expected: Uint8Array, tolerance: number, ignored: (i: number) => boolean): string {
  for (let i = 0; i < expected.length; i++) {
    if (!ignored(i) && Math.abs(actual[i] - expected[i]) > tolerance) {
      return `byte ${i} (pixel ${i >> 2}) is ${actual[i]}, not ${expected[i]}`;
    }
  }
  return "";
}

Deno.test("BLIT copies, scales, flips, cuts and converts as the model does", () =>
  withClient((client) => {
    const side = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -10, max: 20 }));
    const size = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: -16, max: 16 }).filter((n) => n !== 0));
    const anyBox = fc.record({ x: side, y: side, width: size, height: size });
    const formats = fc.constantFrom(...LAYOUTS.keys());
    const small = fc.integer({ min: 0, max: 12 });
    const scissor = fc.record({ minX: small, minY: small, maxX: small, maxY: small });
    const powers = fc.constantFrom(-16, -8, -4, -2, -1, 1, 2, 2, 4, 4, 8, 16);
    const exact = fc.record({ x: side, y: side, width: powers, height: powers });
    const property = fc.property(
      formats,
      formats,
      fc.boolean(),
      fc.oneof(
        fc.tuple(exact, exact),
        fc.tuple(anyBox, anyBox).map(([a, b]) => [a, { ...b, width: a.width, height: a.height }]),
      ),
      fc.option(scissor, { nil: undefined }),
      fc.constantFrom(15, 15, 7, 8, 5),
      (dstFormat, srcFormat, linear, [a, b], cut, mask) => {
        const width = 12, height = 9, srcWidth = 10, srcHeight = 11;
        const dst = client.make({ format: dstFormat, width, height });
        const src = client.make({ format: srcFormat, width: srcWidth, height: srcHeight });
        const before = noise(width * height * 4, 1), source = noise(srcWidth * srcHeight * 4, 2);
        client.write(dst, before);
        client.write(src, source);
        const request = { linear, scissor: cut, mask };
        const d = { ...a, z: 0, depth: 1 }, s = { ...b, z: 0, depth: 1 };
        blit(client, [dst, 0, dstFormat, d], [src, 0, srcFormat, s], request);
        const expected = model(
          before,
          width,
          height,
          [dstFormat, d],
          source,
          srcWidth,
          srcHeight,
          [srcFormat, s],
          request,
        );
        const unread = LAYOUTS.get(dstFormat)?.[3] === -1;
        // Filters have 8 bits below the texel at least: 255 / 256 of a step twice.
        const wrong = close(client.read(dst), expected, linear ? 3 : 0, (i) => unread && i % 4 === 3);
        client.destroy(dst);
        client.destroy(src);
        if (wrong !== "") throw new Error(wrong);
      },
    );
    fc.assert(property, { numRuns: 700, seed: 7 });
  }));

Deno.test("BLIT between overlapping boxes of a level reads what was there before", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM, before = noise(16 * 16 * 4, 1);
    for (const [w, h] of [[8, 8], [16, 16], [-8, 8]]) {
      const id = client.make({ format: f, width: 16, height: 16 });
      client.write(id, before);
      const d = box(2, 1, 0, 8, 8, 1), s = box(w < 0 ? 8 : 0, 0, 0, w, h, 1);
      blit(client, [id, 0, f, d], [id, 0, f, s]);
      assertEquals(client.read(id), model(before, 16, 16, [f, d], before, 16, 16, [f, s], {}));
    }
  }));

Deno.test("BLIT makes the levels of a mipmap", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
    const id = client.make({ format: f, width: 16, height: 8, lastLevel: 3 });
    let above = noise(16 * 8 * 4, 1);
    client.write(id, above);
    for (let level = 1; level <= 3; level++) {
      const w = 16 >> level, h = 8 >> level;
      blit(client, [id, level, f, box(0, 0, 0, w, h, 1)], [id, level - 1, f, box(0, 0, 0, w * 2, h * 2, 1)], {
        linear: true,
      });
    }
    for (let level = 1; level <= 3; level++) {
      const w = 16 >> level, h = 8 >> level, d = box(0, 0, 0, w, h, 1), s = box(0, 0, 0, w * 2, h * 2, 1);
      const expected = model(new Uint8Array(w * h * 4), w, h, [f, d], above, w * 2, h * 2, [f, s], { linear: true });
      const actual = client.read(id, level);
      assertEquals(close(actual, expected, 2, () => false), "");
      above = actual;
    }
  }));

Deno.test("BLIT of integers takes them as they are, with a scissor and flipped", () =>
  withClient((client) => {
    for (
      const f of [format.VIRGL_FORMAT_R32_UINT, format.VIRGL_FORMAT_R8G8B8A8_SINT, format.VIRGL_FORMAT_R8G8B8A8_UINT]
    ) {
      const src = client.make({ format: f, width: 8, height: 8 }),
        dst = client.make({ format: f, width: 8, height: 8 });
      const source = noise(256, f);
      client.write(src, source);
      blit(client, [dst, 0, f, box(0, 0, 0, 8, 8, 1)], [src, 0, f, box(8, 0, 0, -8, 8, 1)], {
        scissor: { minX: 1, minY: 2, maxX: 7, maxY: 6 },
      });
      const expected = new Uint32Array(64), from = new Uint32Array(source.buffer);
      for (let y = 2; y < 6; y++) for (let x = 1; x < 7; x++) expected[y * 8 + x] = from[y * 8 + 7 - x];
      assertEquals(new Uint32Array(client.read(dst).buffer), expected);
    }
  }));

Deno.test("BLIT refuses integers to fractions, and depth to colours", () =>
  withClient((client) => {
    const make = (f: number) => client.make({ format: f, width: 4, height: 4 });
    const uint = format.VIRGL_FORMAT_R32_UINT,
      rgba = format.VIRGL_FORMAT_R8G8B8A8_UNORM,
      z = format.VIRGL_FORMAT_Z32_FLOAT;
    const all = box(0, 0, 0, 4, 4, 1);
    const a = make(uint), b = make(rgba), c = make(z);
    assertThrows(() => blit(client, [b, 0, rgba, all], [a, 0, uint, all], { mask: 7 }), VirglRefusal);
    assertThrows(() => blit(client, [b, 0, rgba, all], [c, 0, z, all]), VirglRefusal);
    blit(client, [b, 0, rgba, all], [b, 0, rgba, all]);
  }));

Deno.test("BLIT resolves samples to their average, inside of a scissor too", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
    const ms = client.make({ format: f, width: 8, height: 8, nrSamples: 4 });
    client.render([[ms, f]]);
    const color = new Float32Array([0.2, 0.4, 0.6, 1]), bits = new Uint32Array(color.buffer);
    client.run(VIRGL_CCMD_CLEAR, 4, ...bits, 0, 0, 0);
    for (const scissor of [undefined, { minX: 2, minY: 3, maxX: 6, maxY: 7 }]) {
      const dst = client.make({ format: f, width: 8, height: 8 });
      const all = box(0, 0, 0, 8, 8, 1);
      blit(client, [dst, 0, f, all], [ms, 0, f, all], { scissor });
      const pixels = client.read(dst);
      for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 8; x++) {
          const inside = scissor === undefined || (x >= 2 && y >= 3 && x < 6 && y < 7);
          assertEquals(
            [...pixels.subarray((y * 8 + x) * 4, (y * 8 + x) * 4 + 4)],
            inside ? [51, 102, 153, 255] : [0, 0, 0, 0],
          );
        }
      }
    }
  }));

Deno.test("BLIT spreads one sample over all, and goes between equal counts", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM, x = format.VIRGL_FORMAT_B8G8R8A8_UNORM, all = box(0, 0, 0, 8, 8, 1);
    const source = noise(256, 1);
    const src = client.make({ format: f, width: 8, height: 8 }), dst = client.make({ format: f, width: 8, height: 8 });
    const ms = client.make({ format: f, width: 8, height: 8, nrSamples: 4 });
    const ms2 = client.make({ format: x, width: 8, height: 8, nrSamples: 4 });
    client.write(src, source);
    blit(client, [ms, 0, f, all], [src, 0, f, all]);
    blit(client, [ms2, 0, x, all], [ms, 0, f, all]);
    blit(client, [dst, 0, f, all], [ms2, 0, x, all]);
    assertEquals(client.read(dst), source);
  }));

Deno.test("BLIT of depth and stencil: apart, together, scaled and to other formats", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_Z32_FLOAT_S8X24_UINT, all = box(0, 0, 0, 4, 4, 1);
    const source = new Uint8Array(4 * 4 * 8), view = new DataView(source.buffer);
    for (let i = 0; i < 16; i++) {
      view.setFloat32(i * 8, i / 16, true);
      view.setUint32(i * 8 + 4, i * 17, true);
    }
    const read = (id: number, width: number) => {
      const bytes = new DataView(client.read(id).buffer), out: [number, number][] = [];
      for (let i = 0; i < width * width; i++) out.push([bytes.getFloat32(i * 8, true), bytes.getUint8(i * 8 + 4)]);
      return out;
    };
    const src = client.make({ format: f, width: 4, height: 4 });
    client.write(src, source);
    for (
      const [mask, scale, cut] of [[48, 1, 0], [16, 1, 0], [32, 1, 0], [48, 2, 0], [32, 2, 1], [48, 2, 1], [16, 1, 1]]
    ) {
      const width = 4 * scale, dst = client.make({ format: f, width, height: width });
      const scissor = cut === 0 ? undefined : { minX: 0, minY: 0, maxX: width - 1, maxY: width };
      blit(client, [dst, 0, f, box(0, 0, 0, width, width, 1)], [src, 0, f, all], { mask, scissor });
      const pixels = read(dst, width);
      for (let i = 0; i < width * width; i++) {
        const x = i % width, y = Math.floor(i / width), at = Math.floor(y / scale) * 4 + Math.floor(x / scale);
        const inside = cut === 0 || x < width - 1;
        assertEquals(pixels[i], [
          inside && (mask & 16) !== 0 ? at / 16 : 0,
          inside && (mask & 32) !== 0 ? at * 17 : 0,
        ], `mask ${mask}, scale ${scale}, pixel ${x},${y}`);
      }
    }
    const z16 = format.VIRGL_FORMAT_Z16_UNORM, other = client.make({ format: z16, width: 4, height: 4 });
    blit(client, [other, 0, z16, all], [src, 0, f, all], { mask: 48 });
    const depths = new Uint16Array(client.read(other).buffer);
    for (let i = 0; i < 16; i++) assert(Math.abs(depths[i] - i / 16 * 65535) <= 1, `${depths[i]} at ${i}`);
  }));

Deno.test("BLIT of arrays, cubes, 1D and 3D textures takes the layers that it names", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM, x = format.VIRGL_FORMAT_B8G8R8A8_UNORM;
    const swap = (bytes: Uint8Array) => bytes.map((_, i) => bytes[i - i % 4 + [2, 1, 0, 3][i % 4]]);
    for (const scissor of [undefined, { minX: 0, minY: 0, maxX: 4, maxY: 4 }]) {
      for (const target of [PIPE_TEXTURE_2D_ARRAY, PIPE_TEXTURE_CUBE, PIPE_TEXTURE_3D]) {
        const size = target === PIPE_TEXTURE_3D ? { depth: 6 } : { arraySize: 6 };
        const src = client.make({ target, format: f, width: 4, height: 4, ...size });
        const dst = client.make({ target, format: x, width: 4, height: 4, ...size });
        const source = noise(4 * 4 * 4 * 6, target);
        client.write(src, source);
        blit(client, [dst, 0, x, box(0, 0, 1, 4, 4, 3)], [src, 0, f, box(0, 0, 2, 4, 4, 3)], { scissor });
        const expected = new Uint8Array(source.length);
        expected.set(swap(source.subarray(2 * 64, 5 * 64)), 64);
        assertEquals(client.read(dst), expected, `target ${target}`);
      }
      const line = client.make({ target: PIPE_TEXTURE_1D, format: f, width: 8 });
      const other = client.make({ target: PIPE_TEXTURE_1D, format: x, width: 8 });
      const source = noise(32, 1);
      client.write(line, source);
      blit(client, [other, 0, x, box(0, 0, 0, 8, 1, 1)], [line, 0, f, box(0, 0, 0, 8, 1, 1)], {
        scissor: scissor && { ...scissor, maxX: 8 },
      });
      assertEquals(client.read(other), Uint8Array.from(swap(source)));
    }
  }));

Deno.test("BLIT halves the depth of a 3D texture with the linear filter", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
    for (const scissor of [undefined, { minX: 0, minY: 0, maxX: 2, maxY: 2 }]) {
      const src = client.make({ target: PIPE_TEXTURE_3D, format: f, width: 2, height: 2, depth: 4 });
      const dst = client.make({ target: PIPE_TEXTURE_3D, format: f, width: 2, height: 2, depth: 2 });
      const source = noise(2 * 2 * 4 * 4, 1);
      client.write(src, source);
      blit(client, [dst, 0, f, box(0, 0, 0, 2, 2, 2)], [src, 0, f, box(0, 0, 0, 2, 2, 4)], { linear: true, scissor });
      const expected = new Uint8Array(32);
      for (let i = 0; i < 32; i++) {
        const slice = Math.floor(i / 16), at = slice * 32 + i % 16;
        expected[i] = (source[at] + source[at + 16]) / 2;
      }
      assertEquals(close(client.read(dst), expected, 2, () => false), "");
    }
  }));

Deno.test("BLIT blends with the source's alpha", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM, all = box(0, 0, 0, 2, 2, 1);
    const src = client.make({ format: f, width: 2, height: 2 }), dst = client.make({ format: f, width: 2, height: 2 });
    const a = noise(16, 1), b = noise(16, 2);
    client.write(src, a);
    client.write(dst, b);
    blit(client, [dst, 0, f, all], [src, 0, f, all], { alphaBlend: true });
    const expected = b.map((value, i) => {
      const alpha = a[i - i % 4 + 3] / 255;
      return Math.round(a[i] * alpha + value * (1 - alpha));
    });
    assertEquals(close(client.read(dst), expected, 1, () => false), "");
  }));

Deno.test("BLIT decodes and encodes sRGB", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM, s = format.VIRGL_FORMAT_R8G8B8A8_SRGB, all = box(0, 0, 0, 4, 4, 1);
    const src = client.make({ format: s, width: 4, height: 4 }), dst = client.make({ format: f, width: 4, height: 4 });
    const source = noise(64, 1);
    client.write(src, source);
    const linear = (v: number) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const expected = source.map((v, i) => i % 4 === 3 ? v : Math.round(linear(v / 255) * 255));
    for (const scissor of [undefined, { minX: 0, minY: 0, maxX: 4, maxY: 3 }]) {
      blit(client, [dst, 0, f, all], [src, 0, s, all], { scissor });
      assertEquals(close(client.read(dst), expected, 1, () => false), "");
    }
    blit(client, [dst, 0, f, all], [src, 0, f, all]); // seen as what it is not: as it is
    assertEquals(client.read(dst), source);
  }));

Deno.test("BLIT refuses or ignores, but never breaks on, any numbers", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
    const src = client.make({ format: f, width: 8, height: 8, lastLevel: 2 });
    const dst = client.make({ target: PIPE_TEXTURE_2D_ARRAY, format: f, width: 8, height: 8, arraySize: 3 });
    const z = client.make({ format: format.VIRGL_FORMAT_S8_UINT_Z24_UNORM, width: 8, height: 8 });
    const buffer = client.makeBuffer(64);
    const good = (id: number, f: number) => [id, 0, f, 0, 0, 0, 8, 8, 1];
    const sides = [good(src, f), good(dst, f), good(z, format.VIRGL_FORMAT_S8_UINT_Z24_UNORM)];
    const words = fc.tuple(fc.constantFrom(...sides), fc.constantFrom(...sides)).map((
      [a, b],
    ) => [15, 0, 0x80008, ...a, ...b]);
    const odd = fc.oneof(
      fc.constantFrom(-0x80000000, 0x7fffffff, -1, 0x7ffffff0, 1 << 16, 0, buffer, 99, 1 << 10 | 63),
      fc.integer({ min: -9, max: 400 }),
      fc.integer({ min: -4, max: 9 }),
    );
    const changes = fc.array(fc.tuple(fc.nat(20), odd), { minLength: 1, maxLength: 3 });
    let refused = 0, done = 0;
    const property = fc.property(words, changes, (valid, list) => {
      const sent = valid.slice();
      for (const [at, word] of list) sent[at] = word;
      try {
        client.run(VIRGL_CCMD_BLIT, ...sent);
        done++;
      } catch (error) {
        if (!(error instanceof VirglRefusal)) throw error;
        refused++;
      }
    });
    fc.assert(property, { numRuns: 2000, seed: 11 });
    assert(refused > 300 && done > 300, `${refused} refused, ${done} done`);
    client.finish();
  }));
