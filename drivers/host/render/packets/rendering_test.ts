import "../../../os/testing.ts";
import { assert, assertEquals } from "@std/assert";
import { DxpWriter } from "../../../../uapi/dxp_encode.ts";
import * as isa from "../../../../uapi/dxp_isa.ts";
import {
  DXP_CLEAR,
  DXP_FORMAT_B8G8R8A8_UNORM,
  DXP_FORMAT_D32_SFLOAT,
  DXP_FORMAT_R32_UINT,
  DXP_FORMAT_R32G32_SFLOAT,
  DXP_FORMAT_R32G32B32_SFLOAT,
  DXP_FORMAT_R8G8B8A8_UNORM,
  DXP_LOAD,
} from "../../../../uapi/dxp_object.ts";
import { testShader } from "../../shader/spirv_check/testing.ts";
import { type Bench, DATA, withPackets } from "./testing.ts";

const N = 32;
const COLOR = DATA + 0x10000, DEPTH = DATA + 0x20000;

const floatWord = (value: number) => new Uint32Array(new Float32Array([value]).buffer)[0];

/** An attachment's words. @param clear four floats */
function attachment(va: number, format: number, load: number, clear: number[], pitch = N * 4, store = 1): number[] {
  return [va, 0, format, N, N, pitch, load, store, ...clear.map(floatWord)];
}

interface Options {
  readonly raster?: number;
  readonly depth?: number;
  readonly blend?: number;
  readonly attributes?: number[];
}

const ATTRIBUTES = [0, 0, DXP_FORMAT_R32G32_SFLOAT, 0, 1, 0, DXP_FORMAT_R32G32B32_SFLOAT, 8];

/** Shaders, state, and constants that leave colours as they are. */
function state(
  bench: Bench,
  w: DxpWriter,
  { raster = 3, depth = 0, blend = 0, attributes = ATTRIBUTES }: Options = {},
): DxpWriter {
  const vertex = testShader("triangle.vert"), fragment = testShader("triangle.frag");
  const operands = [
    bench.put(vertex),
    vertex.byteLength,
    bench.put(fragment),
    fragment.byteLength,
    raster,
    depth,
    blend,
    15,
  ];
  return w.put(isa.DXP_SET_GRAPHICS, operands, attributes).put(isa.DXP_SET_CONSTANTS, [0], [1, 1, 1, 1].map(floatWord));
}

/** x, y, r, g, b of each vertex. */
function vertices(bench: Bench, list: readonly (readonly number[])[]): void {
  list.forEach((vertex, i) => bench.data.floats.set(vertex, i * 5));
}

const HALF = [[-1, -1, 1, 0, 0], [1, -1, 1, 0, 0], [-1, 1, 1, 0, 0]] as const;

function pixel(bench: Bench, x: number, y: number, pitch = N * 4): number[] {
  const at = COLOR - DATA + y * pitch + x * 4;
  return [...bench.data.bytes.subarray(at, at + 4)];
}

Deno.test("a triangle is drawn into a picture in memory: cleared, with its pitch, and nothing beside it", () => {
  withPackets((bench) => {
    const pitch = N * 4 + 64;
    bench.data.bytes.fill(9, 0x10000, 0x10000 + N * pitch);
    vertices(bench, HALF);
    const w = new DxpWriter();
    w.put(
      isa.DXP_RENDER_BEGIN,
      [0, 0, N, N, 1],
      attachment(COLOR, DXP_FORMAT_B8G8R8A8_UNORM, DXP_CLEAR, [0, 0, 1, 1], pitch),
    );
    state(bench, w).put(isa.DXP_SET_VERTEX_BUFFER, [0, 20, DATA, 60]).put(isa.DXP_DRAW, [3, 1, 0, 0]).put(
      isa.DXP_RENDER_END,
    ).end();
    assertEquals(bench.run(w), undefined);
    for (let y = 0; y < N; y++) {
      for (let x = 0; x < N; x++) {
        if (x + y === N - 1) continue; // the edge is the rasterizer's
        assertEquals(pixel(bench, x, y, pitch), x + y < N - 1 ? [0, 0, 255, 255] : [255, 0, 0, 255], `${x} ${y}`);
      }
      if (y < N - 1) assertEquals(pixel(bench, N, y, pitch), [9, 9, 9, 9]);
    }
  });
});

Deno.test("indices, instances, indirect arguments, viewport and scissor", () => {
  withPackets((bench) => {
    vertices(bench, [[9, 9, 0, 1, 0], ...HALF, [1, 1, 0, 1, 0]]);
    bench.data.words.set([(2 << 16) | 1, (2 << 16) | 3, (4 << 16) | 3], 0x1000 / 4); // 1 2 3 2 3 4
    bench.data.words.set([6, 1, 0, 0, 0, 0], 0x2000 / 4);
    const draw = (body: (w: DxpWriter) => void) => {
      const w = new DxpWriter();
      w.put(
        isa.DXP_RENDER_BEGIN,
        [0, 0, N, N, 1],
        attachment(COLOR, DXP_FORMAT_R8G8B8A8_UNORM, DXP_CLEAR, [0, 0, 0, 0]),
      );
      state(bench, w).put(isa.DXP_SET_VERTEX_BUFFER, [0, 20, DATA, 100]).put(isa.DXP_SET_INDEX_BUFFER, [
        DATA + 0x1000,
        12,
      ]);
      body(w);
      assertEquals(bench.run(w.put(isa.DXP_RENDER_END).end()), undefined);
    };
    const covered = () => {
      let n = 0;
      for (let y = 0; y < N; y++) for (let x = 0; x < N; x++) if (pixel(bench, x, y)[3] === 255) n++;
      return n;
    };
    draw((w) => w.put(isa.DXP_DRAW_INDEXED, [6, 1, 0, 0, 0]));
    assertEquals(covered(), N * N);
    draw((w) => w.put(isa.DXP_DRAW_INDIRECT, [DATA + 0x2000, 1, 20], [], 1));
    assertEquals(covered(), N * N);
    draw((w) => w.put(isa.DXP_SET_SCISSOR, [4, 5, 6, 700]).put(isa.DXP_DRAW_INDEXED, [6, 1, 0, 0, 0]));
    assertEquals(covered(), 6 * (N - 5));
    draw((w) => w.put(isa.DXP_SET_VIEWPORT, [8, 8, 4, 4, 0, 1]).put(isa.DXP_DRAW_INDEXED, [6, 1, 0, 0, 0]));
    assertEquals([covered(), pixel(bench, 8, 8)[3], pixel(bench, 12, 8)[3]], [16, 255, 0]);
    draw((w) => w.put(isa.DXP_DRAW, [0, 1, 0, 0]));
    assertEquals(covered(), 0);
  });
});

Deno.test("depth is tested and kept; an area of a loaded picture leaves the rest", () => {
  withPackets((bench) => {
    const write = 1 | 2 | (4 << 2); // test, write, greater
    vertices(bench, [[-1, -1, 0, 1, 0], [3, -1, 0, 1, 0], [-1, 3, 0, 1, 0]]);
    const floats = bench.data.floats.subarray(0x20000 / 4, 0x20000 / 4 + N * N);
    floats.forEach((_, i) => floats[i] = i % 2 === 0 ? 0.75 : 0.25);
    bench.data.words.fill(0xff00_00ff, 0x10000 / 4, 0x10000 / 4 + N * N);
    const w = new DxpWriter();
    const attachments = [
      ...attachment(COLOR, DXP_FORMAT_R8G8B8A8_UNORM, DXP_LOAD, [0, 0, 0, 0]),
      ...attachment(DEPTH, DXP_FORMAT_D32_SFLOAT, DXP_LOAD, [0, 0, 0, 0]),
    ];
    w.put(isa.DXP_RENDER_BEGIN, [0, 0, N, 16, 1], attachments, 1);
    state(bench, w, { depth: write }).put(isa.DXP_SET_VIEWPORT, [0, 0, N, N, 0.5, 1]);
    w.put(isa.DXP_SET_VERTEX_BUFFER, [0, 20, DATA, 60]).put(isa.DXP_DRAW, [3, 1, 0, 0]).put(isa.DXP_RENDER_END).end();
    assertEquals(bench.run(w), undefined);
    for (let i = 0; i < N * N; i++) {
      const drawn = i < N * 16 && i % 2 === 1;
      assertEquals(pixel(bench, i % N, Math.floor(i / N)), drawn ? [0, 255, 0, 255] : [255, 0, 0, 255], `${i}`);
      assertEquals(floats[i], drawn ? 0.5 : i % 2 === 0 ? 0.75 : 0.25);
    }
  });
});

/** What is wrong, between RENDER_BEGIN and RENDER_END. */
const wrong: readonly (readonly [string, (w: DxpWriter, bench: Bench) => void])[] = [
  ["no shaders", (w) => w.put(isa.DXP_DRAW, [3, 1, 0, 0])],
  ["no vertex buffer", (w, b) => state(b, w).put(isa.DXP_DRAW, [3, 1, 0, 0])],
  ["attributes are missing", (w, b) => state(b, w, { attributes: ATTRIBUTES.slice(0, 4) })],
  [
    "an attribute of another type",
    (w, b) => state(b, w, { attributes: [0, 0, DXP_FORMAT_R32_UINT, 0, ...ATTRIBUTES.slice(4)] }),
  ],
  [
    "a short stride",
    (w, b) => state(b, w).put(isa.DXP_SET_VERTEX_BUFFER, [0, 16, DATA, 60]).put(isa.DXP_DRAW, [3, 1, 0, 0]),
  ],
  [
    "too many vertices",
    (w, b) => state(b, w).put(isa.DXP_SET_VERTEX_BUFFER, [0, 20, DATA, 60]).put(isa.DXP_DRAW, [0xffff_ffff, 2, 0, 0]),
  ],
  [
    "no index buffer",
    (w, b) => state(b, w).put(isa.DXP_SET_VERTEX_BUFFER, [0, 20, DATA, 60]).put(isa.DXP_DRAW_INDEXED, [3, 1, 0, 0, 0]),
  ],
  [
    "too few indices",
    (w, b) =>
      state(b, w).put(isa.DXP_SET_VERTEX_BUFFER, [0, 20, DATA, 60]).put(isa.DXP_SET_INDEX_BUFFER, [DATA, 12])
        .put(isa.DXP_DRAW_INDEXED, [3, 1, 4, 0, 0]),
  ],
  ["a copy", (w) => w.put(isa.DXP_COPY_LINEAR, [DATA, DATA + 64, 64])],
  ["a fill", (w) => w.put(isa.DXP_FILL, [DATA, 64, 0])],
  ["a barrier", (w) => w.put(isa.DXP_BARRIER, [31, 31])],
  ["a fence", (w) => w.put(isa.DXP_FENCE_WRITE, [DATA, 1n])],
  ["a timestamp", (w) => w.put(isa.DXP_TIMESTAMP, [DATA])],
  [
    "rendering twice",
    (w) =>
      w.put(
        isa.DXP_RENDER_BEGIN,
        [0, 0, N, N, 1],
        attachment(COLOR, DXP_FORMAT_R8G8B8A8_UNORM, DXP_CLEAR, [0, 0, 0, 0]),
      ),
  ],
  ["the end of the buffer", (w) => w.end()],
];

Deno.test("what rendering does not allow ends the job; its pictures stay as they were", () => {
  withPackets((bench) => {
    for (const [name, body] of wrong) {
      bench.data.words.fill(7, 0x10000 / 4, 0x10000 / 4 + N * N);
      const queue = bench.engine.createQueue(0, 0), w = new DxpWriter();
      w.put(
        isa.DXP_RENDER_BEGIN,
        [0, 0, N, N, 1],
        attachment(COLOR, DXP_FORMAT_R8G8B8A8_UNORM, DXP_CLEAR, [1, 1, 1, 1]),
      );
      body(w, bench);
      assertEquals(bench.run(w.put(isa.DXP_RENDER_END).end(), queue)?.kind, "packet", name);
      assert(bench.data.words.subarray(0x10000 / 4, 0x10000 / 4 + N * N).every((word) => word === 7), name);
      queue[Symbol.dispose]();
    }
    const queue = bench.engine.createQueue(0, 0), w = new DxpWriter();
    w.put(
      isa.DXP_RENDER_BEGIN,
      [0, 0, N, N, 1],
      attachment(0x5000, DXP_FORMAT_R8G8B8A8_UNORM, DXP_CLEAR, [1, 1, 1, 1]),
    );
    const fault = bench.run(w.put(isa.DXP_RENDER_END).end(), queue);
    assertEquals([fault?.kind, fault?.address, fault?.write, fault?.offset], ["page", 0x5000, true, 12]);
  });
});
