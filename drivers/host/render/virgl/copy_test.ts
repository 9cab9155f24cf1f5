/** RESOURCE_COPY_REGION and CLEAR_TEXTURE against plain models of bytes. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import {
  PIPE_TEXTURE_1D,
  PIPE_TEXTURE_1D_ARRAY,
  PIPE_TEXTURE_2D,
  PIPE_TEXTURE_2D_ARRAY,
  PIPE_TEXTURE_3D,
  PIPE_TEXTURE_CUBE,
} from "../../../../uapi/pipe.ts";
import * as format from "../../../../uapi/virgl_format.ts";
import { VIRGL_CCMD_CLEAR_TEXTURE, VIRGL_CCMD_RESOURCE_COPY_REGION } from "../../../../uapi/virgl_protocol.ts";
import { type TestClient, withClient } from "./copies_testing.ts";
import { noise } from "./testing.ts";
import { VirglRefusal } from "./refusal.ts";

type Place = readonly [id: number, level: number, x: number, y: number, z: number];

function copy(client: TestClient, dst: Place, src: Place, w: number, h: number, d: number): void {
  client.run(VIRGL_CCMD_RESOURCE_COPY_REGION, ...dst, ...src, w, h, d);
}

/** Copies blocks between packed levels, by way of what was there before. */
function model(
  target: Uint8Array,
  [width, height]: readonly [number, number],
  [x, y, z]: readonly number[],
  source: Uint8Array,
  [srcWidth, srcHeight]: readonly [number, number],
  [sx, sy, sz]: readonly number[],
  [w, h, d]: readonly number[],
  bytes: number,
): Uint8Array {
  const out = target.slice();
  for (let k = 0; k < d; k++) {
    for (let j = 0; j < h; j++) {
      const from = (((sz + k) * srcHeight + sy + j) * srcWidth + sx) * bytes;
      const to = (((z + k) * height + y + j) * width + x) * bytes;
      out.set(source.slice(from, from + w * bytes), to);
    }
  }
  return out;
}

Deno.test("RESOURCE_COPY_REGION copies boxes between textures of all targets", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
    const targets = [
      { target: PIPE_TEXTURE_1D, width: 8, height: 1 },
      { target: PIPE_TEXTURE_1D_ARRAY, width: 8, height: 1, arraySize: 6 },
      { target: PIPE_TEXTURE_2D, width: 8, height: 8 },
      { target: PIPE_TEXTURE_2D_ARRAY, width: 8, height: 8, arraySize: 6 },
      { target: PIPE_TEXTURE_CUBE, width: 8, height: 8, arraySize: 6 },
      { target: PIPE_TEXTURE_3D, width: 8, height: 8, depth: 6 },
    ];
    for (const a of targets) {
      for (const b of targets) {
        const dst = client.make({ format: f, ...a }), src = client.make({ format: f, ...b });
        const layers = (info: { arraySize?: number; depth?: number }) => info.arraySize ?? info.depth ?? 1;
        const before = noise(8 * a.height * layers(a) * 4, 1), source = noise(8 * b.height * layers(b) * 4, 2);
        client.write(dst, before);
        client.write(src, source);
        const h = Math.min(a.height, b.height, 4), d = Math.min(layers(a), layers(b), 3);
        const z = layers(a) > d ? 2 : 0,
          sz = layers(b) > d ? 1 : 0,
          y = a.height > h ? 3 : 0,
          sy = b.height > h ? 2 : 0;
        copy(client, [dst, 0, 1, y, z], [src, 0, 3, sy, sz], 4, h, d);
        const expected = model(before, [8, a.height], [1, y, z], source, [8, b.height], [3, sy, sz], [4, h, d], 4);
        assertEquals(client.read(dst), expected, `target ${b.target} to ${a.target}`);
      }
    }
  }));

Deno.test("RESOURCE_COPY_REGION within one texture reads what was there before", () =>
  withClient((client) => {
    const at = fc.integer({ min: 0, max: 4 }), size = fc.integer({ min: 0, max: 5 });
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
    const property = fc.property(at, at, at, at, at, at, size, size, size, (x, y, z, sx, sy, sz, w, h, d) => {
      const id = client.make({ target: PIPE_TEXTURE_2D_ARRAY, format: f, width: 9, height: 9, arraySize: 9 });
      const before = noise(9 * 9 * 9 * 4, 1);
      client.write(id, before);
      copy(client, [id, 0, x, y, z], [id, 0, sx, sy, sz], w, h, d);
      const expected = model(before, [9, 9], [x, y, z], before, [9, 9], [sx, sy, sz], [w, h, d], 4);
      const actual = client.read(id);
      client.destroy(id);
      assertEquals(actual, expected);
    });
    fc.assert(property, { numRuns: 40, seed: 3 });
  }));

Deno.test("RESOURCE_COPY_REGION copies bytes of buffers, overlapping too", () =>
  withClient((client) => {
    const a = client.makeBuffer(1000), b = client.makeBuffer(1000), bytes = noise(1000, 1);
    for (
      const [dst, x, sx, size] of [[b, 3, 501, 499], [a, 10, 0, 600], [a, 0, 10, 600], [a, 600, 0, 400], [a, 5, 5, 10]]
    ) {
      client.write(a, bytes);
      client.write(b, new Uint8Array(1000));
      copy(client, [dst, 0, x, 0, 0], [a, 0, sx, 0, 0], size, 1, 1);
      const expected = dst === a ? bytes.slice() : new Uint8Array(1000);
      expected.set(bytes.slice(sx, sx + size), x);
      assertEquals(client.read(dst), expected);
    }
    assertThrows(() => copy(client, [b, 0, 501, 0, 0], [a, 0, 0, 0, 0], 500, 1, 1), VirglRefusal);
  }));

Deno.test("RESOURCE_COPY_REGION between compressed and plain texels counts blocks", () =>
  withClient((client) => {
    const bc1 = format.VIRGL_FORMAT_DXT1_RGB, wide = format.VIRGL_FORMAT_R32G32_UINT;
    const a = client.make({ format: bc1, width: 16, height: 16 }),
      b = client.make({ format: wide, width: 4, height: 4 });
    const c = client.make({ format: bc1, width: 16, height: 16 }), blocks = noise(4 * 4 * 8, 1);
    client.write(a, blocks);
    copy(client, [b, 0, 0, 0, 0], [a, 0, 0, 0, 0], 16, 16, 1);
    assertEquals(client.read(b), blocks);
    copy(client, [c, 0, 4, 8, 0], [b, 0, 1, 2, 0], 2, 1, 1);
    const expected = new Uint8Array(128);
    expected.set(blocks.slice((2 * 4 + 1) * 8, (2 * 4 + 3) * 8), (2 * 4 + 1) * 8);
    assertEquals(client.read(c), expected);
    // The last, cut block of an odd level into a whole one.
    const odd = client.make({ format: bc1, width: 6, height: 6 });
    client.write(odd, noise(2 * 2 * 8, 5));
    copy(client, [c, 0, 8, 4, 0], [odd, 0, 4, 4, 0], 2, 2, 1);
    expected.set(noise(2 * 2 * 8, 5).slice(24), (1 * 4 + 2) * 8);
    assertEquals(client.read(c), expected);
    assertThrows(() => copy(client, [c, 0, 2, 0, 0], [a, 0, 0, 0, 0], 4, 4, 1), VirglRefusal);
  }));

Deno.test("RESOURCE_COPY_REGION moves depth and stencil, levels, and a float's bits to depth", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_S8_UINT_Z24_UNORM;
    const a = client.make({ format: f, width: 8, height: 8 }), b = client.make({ format: f, width: 8, height: 8 });
    const source = noise(256, 1);
    client.write(a, source);
    copy(client, [b, 0, 0, 0, 0], [a, 0, 0, 0, 0], 8, 8, 1);
    assertEquals(client.read(b), client.read(a));
    const z = client.make({ format: format.VIRGL_FORMAT_Z32_FLOAT, width: 8, height: 8 });
    const r = client.make({ format: format.VIRGL_FORMAT_R32_FLOAT, width: 8, height: 8 });
    const floats = new Float32Array(64).map((_, i) => i / 64);
    client.write(r, new Uint8Array(floats.buffer));
    copy(client, [z, 0, 0, 0, 0], [r, 0, 0, 0, 0], 8, 8, 1);
    assertEquals(new Float32Array(client.read(z).buffer), floats);
    const m = client.make({ format: format.VIRGL_FORMAT_R32_FLOAT, width: 16, height: 16, lastLevel: 1 });
    copy(client, [m, 1, 0, 0, 0], [r, 0, 0, 0, 0], 8, 8, 1);
    assertEquals(new Float32Array(client.read(m, 1).buffer), floats);
  }));

Deno.test("RESOURCE_COPY_REGION refuses or ignores, but never breaks on, any numbers", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
    const ids = [
      client.make({ format: f, width: 8, height: 8, lastLevel: 2 }),
      client.make({ target: PIPE_TEXTURE_3D, format: f, width: 8, height: 8, depth: 4 }),
      client.make({ format: f, width: 8, height: 8, nrSamples: 4 }),
      client.make({ format: format.VIRGL_FORMAT_DXT5_RGBA, width: 8, height: 8 }),
      client.make({ format: format.VIRGL_FORMAT_R32G32B32A32_FLOAT, width: 8, height: 8 }),
      client.make({ format: format.VIRGL_FORMAT_S8_UINT_Z24_UNORM, width: 8, height: 8 }),
      client.make({ format: format.VIRGL_FORMAT_Z32_FLOAT, width: 8, height: 8 }),
      client.makeBuffer(64),
      99,
    ];
    const odd = fc.constantFrom(-1, 0x7fffffff, -0x80000000, 0, 2, 4, 9, ...ids);
    const words = fc.tuple(
      fc.constantFrom(...ids),
      fc.constantFrom(...ids),
      fc.constantFrom(0, 4),
      fc.constantFrom(1, 4, 8),
    )
      .map(([a, b, at, size]) => [a, 0, at, at, 0, b, 0, 0, 0, 0, Math.min(size, 8 - at), Math.min(size, 8 - at), 1]);
    const changes = fc.array(fc.tuple(fc.nat(12), odd), { maxLength: 2 });
    let refused = 0, done = 0;
    const property = fc.property(words, changes, (valid, list) => {
      const sent = valid.slice();
      for (const [at, word] of list) sent[at] = word;
      try {
        client.run(VIRGL_CCMD_RESOURCE_COPY_REGION, ...sent);
        done++;
      } catch (error) {
        if (!(error instanceof VirglRefusal)) throw error;
        refused++;
      }
    });
    fc.assert(property, { numRuns: 2500, seed: 5 });
    assert(refused > 100 && done > 100, `${refused} refused, ${done} done`);
    client.finish();
  }));

Deno.test("CLEAR_TEXTURE fills a box with the texel's bytes, in every kind of format", () =>
  withClient((client) => {
    for (
      const f of [
        format.VIRGL_FORMAT_R8_UNORM,
        format.VIRGL_FORMAT_R8G8B8A8_SRGB,
        format.VIRGL_FORMAT_B5G6R5_UNORM,
        format.VIRGL_FORMAT_R32G32B32A32_FLOAT,
        format.VIRGL_FORMAT_Z32_FLOAT,
        format.VIRGL_FORMAT_S8_UINT_Z24_UNORM,
      ]
    ) {
      const id = client.make({ target: PIPE_TEXTURE_2D_ARRAY, format: f, width: 8, height: 8, arraySize: 3 });
      const bytes = client.resource(id).gpuFormat.blockBytes, data = new Uint32Array(4);
      new Float32Array(data.buffer).set([0.5, 0.25, 1, 0.75]);
      if (f === format.VIRGL_FORMAT_S8_UINT_Z24_UNORM) data[0] = 0x12abcdef;
      client.run(VIRGL_CCMD_CLEAR_TEXTURE, id, 0, 2, 1, 1, 5, 6, 2, ...data);
      const texel = new Uint8Array(data.buffer).slice(0, bytes), expected = new Uint8Array(8 * 8 * 3 * bytes);
      for (let z = 1; z < 3; z++) {
        for (let y = 1; y < 7; y++) for (let x = 2; x < 7; x++) expected.set(texel, ((z * 8 + y) * 8 + x) * bytes);
      }
      const actual = client.read(id);
      if (f === format.VIRGL_FORMAT_S8_UINT_Z24_UNORM) { // 24 bits of depth may be a float's here
        for (let i = 0; i < actual.length; i += 4) if (Math.abs(actual[i] - expected[i]) <= 1) actual[i] = expected[i];
      }
      assertEquals(actual, expected, `format ${f}`);
    }
    const ms = client.make({ format: format.VIRGL_FORMAT_R8G8B8A8_UNORM, width: 8, height: 8, nrSamples: 4 });
    client.run(VIRGL_CCMD_CLEAR_TEXTURE, ms, 0, 0, 0, 0, 8, 8, 1, 0x04030201, 0, 0, 0);
    const one = client.make({ format: format.VIRGL_FORMAT_R8G8B8A8_UNORM, width: 8, height: 8 });
    copy(client, [one, 0, 0, 0, 0], [ms, 0, 0, 0, 0], 8, 8, 1);
    assertEquals(client.read(one).slice(0, 8), Uint8Array.of(1, 2, 3, 4, 1, 2, 3, 4));
    assertThrows(() => client.run(VIRGL_CCMD_CLEAR_TEXTURE, one, 0, 4, 0, 0, 5, 1, 1, 0, 0, 0, 0), VirglRefusal);
    assertThrows(
      () => client.run(VIRGL_CCMD_CLEAR_TEXTURE, one, 0, 0, 0, 0, 0xffffffff, 1, 1, 0, 0, 0, 0),
      VirglRefusal,
    );
  }));

Deno.test("overlapping copies without end stay within the memory that there is", () =>
  withClient((client) => {
    const f = format.VIRGL_FORMAT_R8G8B8A8_UNORM, id = client.make({ format: f, width: 256, height: 256 });
    for (let i = 0; i < 200; i++) copy(client, [id, 0, 1, 0, 0], [id, 0, 0, 0, 0], 255, 256, 1);
    client.finish();
    const buffer = client.makeBuffer(1 << 16);
    for (let i = 0; i < 200; i++) copy(client, [buffer, 0, 1, 0, 0], [buffer, 0, 0, 0, 0], 65535, 1, 1);
    client.finish();
  }, { maxBytes: 600_000 }));
