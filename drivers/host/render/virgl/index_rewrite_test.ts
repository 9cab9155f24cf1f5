import { assertEquals } from "@std/assert";
import { VIRGL_FORMAT_B8G8R8A8_UNORM } from "../../../../uapi/virgl_format.ts";
import {
  VIRGL_CCMD_CLEAR,
  VIRGL_CCMD_DRAW_VBO,
  VIRGL_CCMD_SET_INDEX_BUFFER,
  VIRGL_CCMD_SET_VERTEX_BUFFERS,
} from "../../../../uapi/virgl_protocol.ts";
import { type TestClient, withClient } from "./copies_testing.ts";

const SIZE = 4, BGRA = VIRGL_FORMAT_B8G8R8A8_UNORM;

function red(client: TestClient, picture: number): string[] {
  const bytes = client.read(picture);
  return Array.from(
    { length: SIZE },
    (_, y) => Array.from({ length: SIZE }, (_, x) => bytes[(y * SIZE + x) * 4 + 2] > 127 ? "#" : ".").join(""),
  );
}

interface Rig {
  /** Draws with indices of some bytes, and gives the picture. */
  draw(mode: number, size: number, indices: readonly number[], restart?: number): string[];
  /** The same as indirect draws. */
  indirect(mode: number, size: number, indices: readonly number[], restart: number, draws: number[][]): string[];
}

/** Corners 0 to 3: upper left, upper right, lower left, lower right. */
function rig(client: TestClient): Rig {
  const picture = client.make({ width: SIZE, height: SIZE, format: BGRA });
  client.render([[picture, BGRA]]);
  client.prepareDraws(SIZE, SIZE);
  const indices = client.makeBuffer(64), vertices = client.makeBuffer(64), numbers = client.makeBuffer(256);
  const corners = [[-1, -1], [1, -1], [-1, 1], [1, 1]];
  client.write(vertices, new Uint8Array(Float32Array.from(corners.flatMap(([x, y]) => [x, y, 0, 1])).buffer));
  client.run(VIRGL_CCMD_SET_VERTEX_BUFFERS, 16, 0, vertices);
  const put = (size: number, list: readonly number[]) => {
    const bytes = new Uint8Array(64), view = new DataView(bytes.buffer);
    list.forEach((index, i) => {
      if (size === 1) view.setUint8(i, index);
      else if (size === 2) view.setUint16(i * 2, index, true);
      else view.setUint32(i * 4, index, true);
    });
    client.write(indices, bytes);
    client.run(VIRGL_CCMD_SET_INDEX_BUFFER, indices, size, 0);
    client.run(VIRGL_CCMD_CLEAR, 4, 0, 0, 0, 0, 0, 0, 0);
  };
  return {
    draw(mode, size, list, restart) {
      put(size, list);
      const restarts = restart === undefined ? 0 : 1;
      client.run(VIRGL_CCMD_DRAW_VBO, 0, list.length, mode, 1, 1, 0, 0, restarts, restart ?? 0, 0, 0xffff_ffff, 0);
      return red(client, picture);
    },
    indirect(mode, size, list, restart, draws) {
      put(size, list);
      const words = new Uint32Array(64);
      draws.forEach((draw, i) => words.set(draw, i * 5));
      client.write(numbers, new Uint8Array(words.buffer));
      const head = [0, 0, mode, 1, 1, 0, 0, 1, restart, 0, 0xffff_ffff, 0, 0, 0];
      client.run(VIRGL_CCMD_DRAW_VBO, ...head, numbers, 0, 20, draws.length, 0, 0);
      return red(client, picture);
    },
  };
}

const UPPER = ["###.", "##..", "#...", "...."], LOWER = ["...#", "..##", ".###", "####"];
const ALL = new Array<string>(SIZE).fill("####"), NONE = new Array<string>(SIZE).fill("....");
const TRIANGLES = 4, STRIP = 5;

for (const without of [[], ["indexUint8", "listRestart"]] as const) {
  const how = without.length === 0 ? "with" : "without";
  Deno.test(`indices of a byte, ${how} VK_EXT_index_type_uint8`, async () => {
    await withClient((client) => {
      const { draw } = rig(client);
      assertEquals(draw(TRIANGLES, 1, [0, 1, 2]), UPPER);
      assertEquals(draw(STRIP, 1, [0, 1, 2, 0xff, 3], 0xff), UPPER);
      assertEquals(draw(STRIP, 1, [0, 1, 2, 0xff, 3], 0xffff_ffff), UPPER);
      assertEquals(draw(STRIP, 1, [0, 1, 2, 3], 0xff), ALL);
    }, { without });
  });

  Deno.test(`lists restart and leave out what is cut short, ${how} VK_EXT_primitive_topology_list_restart`, async () => {
    await withClient((client) => {
      const { draw } = rig(client);
      assertEquals(draw(TRIANGLES, 2, [3, 0xffff, 0, 1, 2], 0xffff), UPPER);
      assertEquals(draw(TRIANGLES, 2, [0, 1, 0xffff, 2, 3, 1], 0xffff), LOWER);
      assertEquals(draw(TRIANGLES, 4, [0, 1, 0xffff_ffff, 2], 0xffff_ffff), NONE);
      assertEquals(draw(TRIANGLES, 2, [0, 1, 2, 2, 1, 3], 7), ALL);
      assertEquals(draw(TRIANGLES, 2, [0, 1, 2, 77, 2, 1, 3], 77), ALL);
    }, { without });
  });
}

Deno.test("indirect draws restart at any index", async () => {
  await withClient((client) => {
    const { indirect } = rig(client);
    assertEquals(indirect(STRIP, 2, [9, 0, 1, 2, 77, 3], 77, [[5, 1, 1, 0, 0]]), UPPER);
    assertEquals(indirect(STRIP, 2, [9, 0, 1, 2, 0xffff, 3], 0xffff, [[5, 1, 1, 0, 0]]), UPPER);
    assertEquals(indirect(STRIP, 2, [0, 1, 2, 77, 2, 1, 3], 77, [[3, 1, 0, 0, 0], [3, 1, 4, 0, 0]]), ALL);
    assertEquals(
      indirect(STRIP, 2, [0, 1, 2, 77, 3], 77, [[0xffff_ffff, 1, 0xffff_fff0, 0, 0], [0, 9, 0, 0, 0]]),
      NONE,
    );
  });
});
