/** CLEAR, at the beginning of a render pass and within one. */
import { assertEquals } from "@std/assert";
import { PIPE_TEXTURE_2D_ARRAY } from "../../../../uapi/pipe.ts";
import * as format from "../../../../uapi/virgl_format.ts";
import { VIRGL_CCMD_CLEAR, VIRGL_CCMD_SET_SCISSOR_STATE } from "../../../../uapi/virgl_protocol.ts";
import { floatBits, type TestClient, withClient } from "./copies_testing.ts";

function clear(client: TestClient, mask: number, color: readonly number[], depth = 0, stencil = 0): void {
  const halves = new Uint32Array(Float64Array.of(depth).buffer);
  client.run(VIRGL_CCMD_CLEAR, mask, ...color, ...halves, stencil);
}

const rgba = format.VIRGL_FORMAT_R8G8B8A8_UNORM;
const floats = (...values: number[]) => values.map(floatBits);
const filled = (count: number, ...texel: number[]) =>
  Uint8Array.from({ length: count * texel.length }, (_, i) => texel[i % texel.length]);

Deno.test("CLEAR fills every kind of colour, of all layers, whatever the scissor says", () =>
  withClient((client) => {
    const cases: readonly [number, readonly number[], readonly number[]][] = [
      [rgba, floats(0.2, 0.4, 0.6, 1), [51, 102, 153, 255]],
      [format.VIRGL_FORMAT_B8G8R8A8_UNORM, floats(0.2, 0.4, 0.6, 1), [153, 102, 51, 255]],
      [format.VIRGL_FORMAT_R8G8B8A8_SRGB, floats(0.5, 0, 1, 0.2), [188, 0, 255, 51]],
      [format.VIRGL_FORMAT_R8G8B8A8_UINT, [1, 2, 3, 4], [1, 2, 3, 4]],
      [format.VIRGL_FORMAT_R8G8B8A8_SINT, [1, -2, 3, -4], [1, 254, 3, 252]],
      [format.VIRGL_FORMAT_R16_UNORM, floats(1, 0, 0, 0), [255, 255]],
    ];
    client.run(VIRGL_CCMD_SET_SCISSOR_STATE, 0, 1 | 1 << 16, 2 | 2 << 16);
    for (const [f, color, texel] of cases) {
      const id = client.make({ target: PIPE_TEXTURE_2D_ARRAY, format: f, width: 5, height: 3, arraySize: 2 });
      client.render([[id, f]]);
      clear(client, 4, color);
      assertEquals(client.read(id), filled(30, ...texel), `format ${f}`);
    }
  }));

Deno.test("CLEAR of some of the attachments leaves the others, first and later", () =>
  withClient((client) => {
    const a = client.make({ format: rgba, width: 4, height: 4 }),
      b = client.make({ format: rgba, width: 4, height: 4 });
    const zs = format.VIRGL_FORMAT_Z32_FLOAT_S8X24_UINT, z = client.make({ format: zs, width: 4, height: 4 });
    client.write(b, filled(16, 9, 8, 7, 6));
    client.render([[a, rgba], [b, rgba]], [z, zs]);
    const depths = () => {
      const view = new DataView(client.read(z).buffer);
      return [view.getFloat32(0, true), view.getUint8(4), view.getFloat32(120, true), view.getUint8(124)];
    };
    clear(client, 4 | 1, floats(1, 1, 1, 1), 0.25, 7); // colour 0 and depth: load operations
    assertEquals([client.read(a), client.read(b)], [filled(16, 255, 255, 255, 255), filled(16, 9, 8, 7, 6)]);
    assertEquals(depths(), [0.25, 0, 0.25, 0]);
    clear(client, 4, floats(0, 0, 0, 0));
    clear(client, 8 | 2, floats(0, 1, 0, 0), 1, 0x155); // within the pass: colour 1 and stencil
    clear(client, 1, floats(0, 0, 0, 0), 7);
    assertEquals([client.read(a), client.read(b)], [filled(16, 0, 0, 0, 0), filled(16, 0, 255, 0, 0)]);
    assertEquals(depths(), [1, 0x55, 1, 0x55]);
    clear(client, 0xffff_fffc & ~0xc, floats(1, 1, 1, 1)); // attachments that are not there
    clear(client, 4, floats(NaN, Infinity, -1, 2));
    client.finish();
  }));
