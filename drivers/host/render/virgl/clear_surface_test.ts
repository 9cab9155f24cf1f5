/** CLEAR_SURFACE: rectangles of surfaces that need not be bound. */
import { assertEquals, assertThrows } from "@std/assert";
import { PIPE_RENDER_COND_WAIT, PIPE_TEXTURE_2D_ARRAY } from "../../../../uapi/pipe.ts";
import * as format from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_BEGIN_QUERY,
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_CLEAR_SURFACE,
  VIRGL_CCMD_END_QUERY,
  VIRGL_CCMD_SET_RENDER_CONDITION,
  VIRGL_OBJECT_QUERY,
  VIRGL_OBJECT_SURFACE,
  VIRGL_QUERY_OCCLUSION_COUNTER,
} from "../../../../uapi/virgl_protocol.ts";
import { floatBits, type TestClient, withClient } from "./copies_testing.ts";
import { VirglRefusal } from "./refusal.ts";

const DEPTH = 1, STENCIL = 2, COLOR = 4, SURFACE = 77;
const rgba = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
const floats = (...values: number[]) => values.map(floatBits);

/** Clears `rect` (x, y, width, height) of surface 77. */
function clear(
  client: TestClient,
  buffers: number,
  value: readonly number[],
  rect: readonly number[],
  conditional = false,
): void {
  client.run(VIRGL_CCMD_CLEAR_SURFACE, buffers << 1 | Number(conditional), SURFACE, ...value, ...rect);
}

/** The words of a depth and a stencil. */
function depthStencil(depth: number, stencil: number): number[] {
  return [...new Uint32Array(Float64Array.of(depth).buffer), 0, stencil];
}

/** The texels of `width` columns that are not zero, as "x,y". */
function touched(bytes: Uint8Array, width: number, texelBytes: number): string[] {
  const places: string[] = [];
  for (let i = 0; i < bytes.length / texelBytes; i++) {
    const texel = bytes.subarray(i * texelBytes, (i + 1) * texelBytes);
    if (texel.some((byte) => byte !== 0)) places.push(`${i % width},${Math.floor(i / width)}`);
  }
  return places;
}

Deno.test("CLEAR_SURFACE fills its rectangle of every kind of colour, and no more", () =>
  withClient((client) => {
    const cases: readonly [number, readonly number[], readonly number[]][] = [
      [rgba, floats(0.2, 0.4, 0.6, 1), [51, 102, 153, 255]],
      [format.VIRGL_FORMAT_B8G8R8A8_UNORM, floats(0.2, 0.4, 0.6, 1), [153, 102, 51, 255]],
      [format.VIRGL_FORMAT_R8G8B8A8_SRGB, floats(0.5, 0, 1, 0.2), [188, 0, 255, 51]],
      [format.VIRGL_FORMAT_R8G8B8A8_SINT, [1, -2, 3, -4], [1, 254, 3, 252]],
      [format.VIRGL_FORMAT_A8_UNORM, floats(0, 0, 0, 0.4), [102]],
    ];
    for (const [f, color, texel] of cases) {
      const id = client.make({ format: f, width: 6, height: 4 });
      client.write(id, new Uint8Array(24 * texel.length));
      client.create(VIRGL_OBJECT_SURFACE, SURFACE, id, f, 0, 0);
      clear(client, COLOR, color, [1, 2, 3, 1]);
      const bytes = client.read(id);
      assertEquals(touched(bytes, 6, texel.length), ["1,2", "2,2", "3,2"], `format ${f}`);
      assertEquals([...bytes.subarray(13 * texel.length, 14 * texel.length)], [...texel], `format ${f}`);
    }
  }));

Deno.test("CLEAR_SURFACE reaches all layers, of the level; a rectangle is cut to the surface", () =>
  withClient((client) => {
    const info = { target: PIPE_TEXTURE_2D_ARRAY, format: rgba, width: 4, height: 4, arraySize: 3, lastLevel: 1 };
    const id = client.make(info);
    client.write(id, new Uint8Array(192));
    client.write(id, new Uint8Array(48), 1);
    client.create(VIRGL_OBJECT_SURFACE, SURFACE, id, rgba, 1, 1 | 2 << 16);
    clear(client, COLOR, floats(1, 1, 1, 1), [1, 1, 0xffff_ffff, 7]);
    assertEquals(touched(client.read(id), 4, 4), []);
    assertEquals(touched(client.read(id, 1), 2, 4), ["1,3", "1,5"]); // of layers 1 and 2
    clear(client, COLOR, floats(1, 1, 1, 1), [2, 0, 1, 1]);
    clear(client, COLOR, floats(1, 1, 1, 1), [0, 0xffff_ffff, 1, 1]);
    clear(client, COLOR, floats(1, 1, 1, 1), [0, 0, 0, 1]);
    clear(client, DEPTH | STENCIL, floats(1, 1, 1, 1), [0, 0, 1, 1]); // it has neither
    assertEquals(touched(client.read(id, 1), 2, 4), ["1,3", "1,5"]);
  }));

Deno.test("CLEAR_SURFACE clears depth, stencil or both, in the order of other rendering", () =>
  withClient((client) => {
    const zs = format.VIRGL_FORMAT_Z32_FLOAT_S8X24_UINT, id = client.make({ format: zs, width: 2, height: 1 });
    client.create(VIRGL_OBJECT_SURFACE, SURFACE, id, zs, 0, 0);
    client.render([], [id, zs]);
    const values = () => {
      const view = new DataView(client.read(id).buffer);
      return [view.getFloat32(0, true), view.getUint8(4), view.getFloat32(8, true), view.getUint8(12)];
    };
    client.run(VIRGL_CCMD_CLEAR, DEPTH | STENCIL, 0, 0, 0, 0, ...new Uint32Array(Float64Array.of(0.5).buffer), 9);
    clear(client, DEPTH, depthStencil(0.25, 7), [0, 0, 1, 1]);
    assertEquals(values(), [0.25, 9, 0.5, 9]);
    clear(client, STENCIL, depthStencil(1, 0x155), [1, 0, 1, 1]);
    clear(client, COLOR, floats(1, 1, 1, 1), [0, 0, 2, 1]); // it has no colour
    assertEquals(values(), [0.25, 9, 0.5, 0x55]);
    clear(client, DEPTH | STENCIL, depthStencil(7, 1), [0, 0, 2, 1]);
    assertEquals(values(), [1, 1, 1, 1]);
  }));

Deno.test("CLEAR_SURFACE obeys a render condition only if it says so", () =>
  withClient((client) => {
    const id = client.make({ format: rgba, width: 2, height: 1 }), query = client.makeBuffer(16);
    client.write(id, new Uint8Array(8));
    client.create(VIRGL_OBJECT_SURFACE, SURFACE, id, rgba, 0, 0);
    client.create(VIRGL_OBJECT_QUERY, 5, VIRGL_QUERY_OCCLUSION_COUNTER, 0, query);
    client.run(VIRGL_CCMD_BEGIN_QUERY, 5);
    client.run(VIRGL_CCMD_END_QUERY, 5); // nothing was drawn
    client.run(VIRGL_CCMD_SET_RENDER_CONDITION, 5, 0, PIPE_RENDER_COND_WAIT);
    clear(client, COLOR, floats(1, 1, 1, 1), [0, 0, 1, 1], true);
    assertEquals(touched(client.read(id), 2, 4), []);
    clear(client, COLOR, floats(1, 1, 1, 1), [1, 0, 1, 1]);
    assertEquals(touched(client.read(id), 2, 4), ["1,0"]);
    client.run(VIRGL_CCMD_SET_RENDER_CONDITION, 5, 1, PIPE_RENDER_COND_WAIT);
    clear(client, COLOR, floats(1, 1, 1, 1), [0, 0, 1, 1], true);
    assertEquals(touched(client.read(id), 2, 4), ["0,0", "1,0"]);
  }));

Deno.test("CLEAR_SURFACE refuses what is no surface, and other lengths", () =>
  withClient((client) => {
    assertThrows(() => clear(client, COLOR, floats(1, 1, 1, 1), [0, 0, 1, 1]), VirglRefusal);
    assertThrows(() => client.run(VIRGL_CCMD_CLEAR_SURFACE, COLOR << 1, SURFACE, 0, 0, 0, 0, 0, 0, 1), VirglRefusal);
  }));
